/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _MODEL_LINUX_MINMAX_H
#define _MODEL_LINUX_MINMAX_H

#define min(x, y) ({		\
	__typeof__(x) x_ = (x);	\
	__typeof__(y) y_ = (y);	\
	x_ < y_ ? x_ : y_;	\
})

#define max(x, y) ({		\
	__typeof__(x) x_ = (x);	\
	__typeof__(y) y_ = (y);	\
	x_ > y_ ? x_ : y_;	\
})

#endif /* _MODEL_LINUX_MINMAX_H */
