/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Block devices and file systems for a case. What this guest cannot do skips
 * the case, what goes wrong ends it.
 */
#ifndef _LIBBLK_H
#define _LIBBLK_H

#include <stdbool.h>
#include <stdint.h>

/* Loads a module unless the file that it makes is there. */
void blk_need_module(const char *module, const char *file);

/* A loop device that vanishes with the last user of it; @path gets its name. */
int blk_loop(int file, char path[32]);

/* Makes a file system of one of two kinds that the guest may have, and mounts it on /mnt. */
void blk_mount_new(const char *path);
/* Mounts a tmpfs of @pages pages on /mnt. */
void blk_mount_tmpfs(uint32_t pages);
/* A mount namespace of our own, for the two above. */
void blk_private_mounts(void);

/* A device that can be told to fail. */
struct blk_dm {
	char name[32];
	char path[64];
	char linear[48];	/* how it works */
	uint64_t sectors;
};

/* One that is the loop device @loop of @bytes. */
void blk_dm_create(struct blk_dm *dm, const char *loop, uint64_t bytes);
int blk_dm_open(const struct blk_dm *dm);
void blk_dm_break(const struct blk_dm *dm);
void blk_dm_repair(const struct blk_dm *dm);
void blk_dm_remove(const struct blk_dm *dm);

#endif /* _LIBBLK_H */
