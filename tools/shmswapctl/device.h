/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _DEVICE_H
#define _DEVICE_H

#include <linux/types.h>

#define DEVICE_PAGE	4096ULL

extern const char *device_path;

/* A new file of the device: -1 after a message. */
int device_open(void);

/*
 * The record about @start: 1, or 0 if there is none, in which case @record may have been
 * written; or -errno. The first field of a record is what @start counts.
 */
int device_query_one(int fd, __u32 what, __s32 id, __u64 start, void *record, size_t size);

#endif /* _DEVICE_H */
