/* SPDX-License-Identifier: GPL-2.0 */
/* The kernel's names of types, for the model, which is compiled for the kernel elsewhere. */
#ifndef _MODEL_LINUX_TYPES_H
#define _MODEL_LINUX_TYPES_H

#include_next <linux/types.h>

#include <stdbool.h>

typedef __u16 u16;
typedef __u32 u32;
typedef __u64 u64;

#endif /* _MODEL_LINUX_TYPES_H */
