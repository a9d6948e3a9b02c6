// SPDX-License-Identifier: GPL-2.0
#define _GNU_SOURCE
#include <fcntl.h>
#include <linux/loop.h>
#include <sched.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <unistd.h>

#include "ktap.h"
#include "libblk.h"
#include "libshm.h"

#define SECTOR		512

void blk_need_module(const char *module, const char *file)
{
	char command[80];

	sprintf(command, "PATH=$PATH:/sbin:/usr/sbin modprobe %s >/dev/null 2>&1", module);
	if (access(file, F_OK) && system(command))
		ktap_skip("no module %s", module);
}

int blk_loop(int file, char path[32])
{
	struct loop_config config = {
		.fd = file,
		.info.lo_flags = LO_FLAGS_AUTOCLEAR,
	};
	int control, nr, loop;

	blk_need_module("loop", "/dev/loop-control");
	control = open("/dev/loop-control", O_RDWR | O_CLOEXEC);
	if (control < 0)
		ktap_skip("no loop devices");
	nr = ioctl(control, LOOP_CTL_GET_FREE);
	ASSERT_GE(nr, 0);
	sprintf(path, "/dev/loop%d", nr);
	ASSERT_SOON(!access(path, F_OK));
	loop = open(path, O_RDWR | O_CLOEXEC);
	ASSERT_GE(loop, 0);
	ASSERT_EQ(ioctl(loop, LOOP_CONFIGURE, &config), 0);
	close(control);
	return loop;
}

/*
 * File systems
 */

void blk_private_mounts(void)
{
	ASSERT_EQ(unshare(CLONE_NEWNS), 0);
	ASSERT_EQ(mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL), 0);
}

static bool mount_new(const char *path, const char *kind)
{
	char command[160];

	sprintf(command, "PATH=$PATH:/sbin:/usr/sbin mkfs.%s %s >/dev/null 2>&1", kind, path);
	return !system(command) && !mount(path, "/mnt", kind, 0, NULL);
}

void blk_mount_new(const char *path)
{
	if (!mount_new(path, "minix") && !mount_new(path, "ext4"))
		ktap_skip("no file system to mount");
}

void blk_mount_tmpfs(uint32_t pages)
{
	char options[32];

	sprintf(options, "size=%lu", pages * SM_PAGE);
	ASSERT_EQ(mount("tmpfs", "/mnt", "tmpfs", 0, options), 0);
}

/*
 * The device mapper
 */

static int mapper(const char *fmt, ...)
{
	char command[400] = "PATH=$PATH:/sbin:/usr/sbin dmsetup --noudevsync ";
	size_t len = strlen(command);
	va_list args;

	va_start(args, fmt);
	vsnprintf(command + len, sizeof(command) - len, fmt, args);
	va_end(args);
	strcat(command, " >/dev/null 2>&1");
	return system(command);
}

void blk_dm_create(struct blk_dm *dm, const char *loop, uint64_t bytes)
{
	sprintf(dm->name, "shmswap-%d", getpid());
	sprintf(dm->path, "/dev/mapper/%s", dm->name);
	snprintf(dm->linear, sizeof(dm->linear), "linear %s 0", loop);
	dm->sectors = bytes / SECTOR;
	blk_need_module("dm-mod", "/dev/mapper/control");
	if (mapper("create %s --table '0 %lu %s'", dm->name, dm->sectors, dm->linear))
		ktap_skip("no device mapper");
	if (access(dm->path, F_OK))
		mapper("mknodes");
}

int blk_dm_open(const struct blk_dm *dm)
{
	return open(dm->path, O_RDWR | O_CLOEXEC);
}

static void set_table(const struct blk_dm *dm, const char *target)
{
	ASSERT_EQ(mapper("suspend --noflush %s", dm->name), 0);
	ASSERT_EQ(mapper("load %s --table '0 %lu %s'", dm->name, dm->sectors, target), 0);
	ASSERT_EQ(mapper("resume %s", dm->name), 0);
}

void blk_dm_break(const struct blk_dm *dm)
{
	set_table(dm, "error");
}

void blk_dm_repair(const struct blk_dm *dm)
{
	set_table(dm, dm->linear);
}

void blk_dm_remove(const struct blk_dm *dm)
{
	EXPECT_SOON(mapper("remove %s", dm->name) == 0);
}
