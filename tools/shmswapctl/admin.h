/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _ADMIN_H
#define _ADMIN_H

#include <shmswap.h>

/* Adds a swap area for @command, and prints its number. */
int admin_swapon(const char *command, struct shmswap_swapon *on);

#endif /* _ADMIN_H */
