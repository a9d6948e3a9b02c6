/* SPDX-License-Identifier: GPL-2.0 */
/* What the commands that show something have in common. */
#ifndef _SHOW_H
#define _SHOW_H

#include <stdbool.h>
#include <stddef.h>

#include <linux/types.h>

/* Sets the flags of those of @letters that are given; false after a message. */
bool show_options(int argc, char **argv, const char *letters, bool *flags);

/* ctl_query() of the current machine, for command @name; -1 after a message. */
long show_query(__u32 what, __s32 id, __u64 start, void **records, size_t size, const char *name);

#endif /* _SHOW_H */
