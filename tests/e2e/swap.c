// SPDX-License-Identifier: GPL-2.0
/* e2e: timeout=150 */
/*
 * Swap areas: what can be one, in which order they are used, and that no page
 * is lost whatever becomes of them.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/fs.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "ktap.h"
#include "libblk.h"
#include "libcase.h"
#include "libshm.h"

#ifndef F_SEAL_FUTURE_WRITE
#define F_SEAL_FUTURE_WRITE	0x0010
#endif

#define FRAMES	128

static int machine(void)
{
	int fd = sm_machine(FRAMES, 0, 0);

	ASSERT_GE(fd, 0);
	return fd;
}

static uint64_t attach_new(int fd, int pages)
{
	int id = sm_shmget(fd, IPC_PRIVATE, pages * SM_PAGE, 0600);
	int64_t addr;

	ASSERT_GE(id, 0);
	addr = sm_shmat(fd, id, 0, 0);
	ASSERT_GT(addr, 0);
	return addr;
}

static struct shmswap_area area_of(int fd, uint32_t type)
{
	struct shmswap_area areas[SHMSWAP_MAX_SWAPFILES];
	int nr = sm_query(fd, SHMSWAP_QUERY_SWAPS, 0, areas, ARRAY_SIZE(areas)), i;

	for (i = 0; i < nr; i++)
		if (areas[i].type == type)
			return areas[i];
	ktap_fail(__FILE__, __LINE__, "there is no area %u", type);
	ktap_abort();
}

static int swapfile(uint32_t pages)
{
	int file = sm_swapfile(pages);

	ASSERT_GE(file, 0);
	return file;
}

/*
 * Kinds of areas
 */

static void swap_out_and_in(int fd)
{
	uint64_t addr = attach_new(fd, 16);

	ASSERT_EQ(sm_fill_pages(fd, addr, 16, 1), 0);
	EXPECT_EQ(sm_reclaim_all(fd), 16);
	EXPECT_EQ(stat_of(fd).shm_swp, 16);
	EXPECT_EQ(sm_verify_pages(fd, addr, 16, 1), 0);
	EXPECT_EQ(sm_check(fd), 0);
}

static void swap_on_ram(void)
{
	int fd = machine();
	struct shmswap_area area;

	ASSERT_EQ(sm_swapon_ram(fd, 50, 3), 0);
	area = area_of(fd, 0);
	EXPECT_EQ(area.kind, SHMSWAP_AREA_RAM);
	EXPECT_EQ(area.prio, 3);
	EXPECT_EQ(area.max, 51);
	EXPECT_EQ(area.pages, 50);
	EXPECT_EQ(area.inuse, 0);
	EXPECT_EQ(area.ino, 0);
	EXPECT_EQ(stat_of(fd).nr_swap_pages, 50);
	swap_out_and_in(fd);
}

static void swap_on_a_file(void)
{
	int fd = machine(), file = swapfile(50);
	struct shmswap_area area;
	struct stat st;

	ASSERT_EQ(sm_swapon(fd, file), 0);
	ASSERT_EQ(fstat(file, &st), 0);
	close(file);
	area = area_of(fd, 0);
	EXPECT_EQ(area.kind, SHMSWAP_AREA_FILE);
	EXPECT_EQ(area.max, 51);
	EXPECT_EQ(area.pages, 50);
	EXPECT_EQ(area.ino, st.st_ino);
	swap_out_and_in(fd);
}

/* The bytes are really there. */
static void pages_go_to_the_file(void)
{
	int fd = machine(), file = swapfile(50);
	uint64_t addr = attach_new(fd, 4);
	struct shmswap_pte word;
	struct shmswap_vma vma;
	char page[SM_PAGE];
	int i;

	ASSERT_EQ(sm_swapon(fd, file), 0);
	ASSERT_EQ(sm_fill_pages(fd, addr, 4, 1), 0);
	ASSERT_EQ(sm_reclaim_all(fd), 4);
	ASSERT_EQ(sm_query(fd, SHMSWAP_QUERY_VMAS, 0, &vma, 1), 1);
	for (i = 0; i < 4; i++) {
		ASSERT_EQ(sm_query_page(fd, vma.shmid, i, &word), 0);
		ASSERT_EQ(word.kind, SHMSWAP_PTE_SWAP);
		ASSERT_EQ(pread(file, page, SM_PAGE, word.b * SM_PAGE), SM_PAGE);
		EXPECT(sm_filled(page, SM_PAGE, 1 + i));
	}
}

static void swap_on_a_block_device(void)
{
	char path[32];
	int fd = machine(), loop = blk_loop(swapfile(50), path);
	struct shmswap_area area;
	struct stat st;

	ASSERT_EQ(fstat(loop, &st), 0);
	ASSERT_EQ(sm_swapon(fd, loop), 0);
	close(loop);
	area = area_of(fd, 0);
	EXPECT_EQ(area.kind, SHMSWAP_AREA_PARTITION);
	EXPECT_EQ(area.pages, 50);
	EXPECT_EQ(major(st.st_rdev), 7);
	swap_out_and_in(fd);
	EXPECT_EQ(sm_swapoff(fd, 0), 0);
}

/* A file that appends must not move the slots: refused, or as any other. */
static void opened_to_append(void)
{
	int fd = machine(), file = swapfile(50), ret;
	char path[40];

	sprintf(path, "/proc/self/fd/%d", file);
	ret = sm_swapon(fd, open(path, O_RDWR | O_APPEND | O_CLOEXEC));
	if (ret < 0) {
		EXPECT_EQ(ret, -EINVAL);
		return;
	}
	swap_out_and_in(fd);
	EXPECT_EQ(lseek(file, 0, SEEK_END), 51 * SM_PAGE);
}

static void switched_to_append(void)
{
	int fd = machine(), file = swapfile(50);

	ASSERT_EQ(sm_swapon(fd, file), 0);
	ASSERT_EQ(fcntl(file, F_SETFL, O_APPEND), 0);
	swap_out_and_in(fd);
	EXPECT_EQ(lseek(file, 0, SEEK_END), 51 * SM_PAGE);
}

/*
 * Which area a slot comes from
 */

static void higher_priority_first(void)
{
	int fd = machine();
	uint64_t addr = attach_new(fd, 32);

	ASSERT_EQ(sm_swapon_ram(fd, 8, 1), 0);
	ASSERT_EQ(sm_swapon_ram(fd, 8, 9), 1);
	ASSERT_EQ(sm_swapon_ram(fd, 8, 5), 2);
	ASSERT_EQ(sm_fill_pages(fd, addr, 32, 1), 0);
	EXPECT_EQ(sm_reclaim_shm(fd, 1), 0);
	EXPECT_EQ(sm_reclaim_shm(fd, 5), 5);
	EXPECT_EQ(area_of(fd, 1).inuse, 5);
	EXPECT_EQ(sm_reclaim_shm(fd, 8), 8);
	EXPECT_EQ(area_of(fd, 1).inuse, 8);
	EXPECT_EQ(area_of(fd, 2).inuse, 5);
	EXPECT_EQ(area_of(fd, 0).inuse, 0);
	EXPECT_EQ(sm_reclaim_shm(fd, 10), 10);
	EXPECT_EQ(area_of(fd, 0).inuse, 7);
	EXPECT_EQ(sm_verify_pages(fd, addr, 32, 1), 0);

	/* A better area that comes late is used from then on. */
	ASSERT_EQ(sm_swapon_ram(fd, 8, 100), 3);
	EXPECT_GT(sm_reclaim_shm(fd, 6), 0);
	EXPECT_GT(area_of(fd, 3).inuse, 0);
	EXPECT_EQ(area_of(fd, 1).inuse, 0);
}

static void equals_take_turns(void)
{
	int fd = machine(), i;
	uint64_t addr = attach_new(fd, 32);

	ASSERT_EQ(sm_swapon_ram(fd, 20, 5), 0);
	ASSERT_EQ(sm_swapon_ram(fd, 20, 5), 1);
	ASSERT_EQ(sm_swapon_ram(fd, 20, 5), 2);
	ASSERT_EQ(sm_swapon_ram(fd, 20, 4), 3);
	ASSERT_EQ(sm_fill_pages(fd, addr, 32, 1), 0);
	EXPECT_EQ(sm_reclaim_all(fd), 32);
	for (i = 0; i < 3; i++) {
		EXPECT_GE(area_of(fd, i).inuse, 10);
		EXPECT_LE(area_of(fd, i).inuse, 11);
	}
	EXPECT_EQ(area_of(fd, 3).inuse, 0);
	EXPECT_EQ(sm_verify_pages(fd, addr, 32, 1), 0);
}

static void without_priority_below_all(void)
{
	int fd = machine();
	struct shmswap_swapon arg = SM_ARG(swapon, .flags = SHMSWAP_SWAPON_RAM,
					   .fd = -1, .slots = 8);

	ASSERT_EQ(sm_swapon_ram(fd, 8, 0), 0);
	ASSERT_EQ(sm_call(fd, SHMSWAP_IOC_SWAPON, &arg), 0);
	EXPECT_EQ(arg.out_type, 1);
	ASSERT_EQ(sm_call(fd, SHMSWAP_IOC_SWAPON, &arg), 0);
	EXPECT_LT(area_of(fd, 1).prio, 0);
	EXPECT_LT(area_of(fd, 2).prio, area_of(fd, 1).prio);
}

static void priorities_have_a_range(void)
{
	int fd = machine();

	EXPECT_EQ(sm_swapon_ram(fd, 8, 32768), -EINVAL);
	EXPECT_EQ(sm_swapon_ram(fd, 8, -1), -EINVAL);
	EXPECT_EQ(sm_swapon_ram(fd, 8, INT_MAX), -EINVAL);
	EXPECT_EQ(sm_swapon_ram(fd, 8, 32767), 0);
	EXPECT_EQ(sm_swapon_ram(fd, 8, 0), 1);
}

static void areas_have_a_limit(void)
{
	int fd = machine(), i;

	for (i = 0; i < SHMSWAP_MAX_SWAPFILES; i++)
		ASSERT_EQ(sm_swapon_ram(fd, 4, i), i);
	EXPECT_EQ(sm_swapon_ram(fd, 4, 0), -EPERM);
	EXPECT_EQ(sm_swapoff(fd, 7), 0);
	EXPECT_EQ(sm_swapon_ram(fd, 4, 0), 7);
	EXPECT_EQ(stat_of(fd).nr_swap_pages, 4 * SHMSWAP_MAX_SWAPFILES);
}

/*
 * Headers
 */

static int try_header(int fd, const struct sm_swap_header *header, uint64_t bytes)
{
	int file = sm_file_with_header(header, bytes);
	int type;

	ASSERT_GE(file, 0);
	type = sm_swapon(fd, file);
	close(file);
	return type;
}

static void bad_slots_are_never_used(void)
{
	struct sm_swap_header header = sm_swap_header(49);
	uint64_t addr;
	int fd = machine(), i;
	struct shmswap_slot slot;

	header.nr_badpages = 5;
	memcpy(header.badpages, (uint32_t[]){ 1, 7, 8, 33, 49 }, 5 * sizeof(uint32_t));
	ASSERT_EQ(try_header(fd, &header, 50 * SM_PAGE), 0);
	EXPECT_EQ(area_of(fd, 0).max, 50);
	EXPECT_EQ(area_of(fd, 0).pages, 44);
	EXPECT_EQ(stat_of(fd).nr_swap_pages, 44);
	addr = attach_new(fd, 64);
	ASSERT_EQ(sm_fill_pages(fd, addr, 64, 1), 0);
	EXPECT_EQ(sm_reclaim_all(fd), 44);
	EXPECT_EQ(area_of(fd, 0).inuse, 44);
	for (i = 1; i < 50; i++) {
		bool bad = i == 1 || i == 7 || i == 8 || i == 33 || i == 49;

		ktap_context("slot %d", i);
		ASSERT_EQ(sm_query_slot(fd, 0, i, &slot), 0);
		EXPECT_EQ(slot.count, bad ? SHMSWAP_SLOT_BAD : 1);
	}
	EXPECT_EQ(sm_verify_pages(fd, addr, 44, 1), 0);
	EXPECT_EQ(sm_check(fd), 0);
}

struct header_case {
	const char *name;
	size_t offset;
	uint32_t value;
	int pages;		/* in the file */
	int result;
};

#define HEADER(name_, field, value_, pages_, result_)			\
	{ name_, offsetof(struct sm_swap_header, field), value_, pages_, result_ }

static const struct header_case header_cases[] = {
	HEADER("a good one", version, 1, 50, 0),
	HEADER("a file that is longer", version, 1, 60, 0),
	HEADER("version 0", version, 0, 50, -EINVAL),
	HEADER("version 2", version, 2, 50, -EINVAL),
	HEADER("the other byte order", version, 0x01000000, 50, -EINVAL),
	HEADER("no slot", last_page, 0, 50, -EINVAL),
	HEADER("one slot", last_page, 1, 50, 0),
	HEADER("one page too long", last_page, 50, 50, -EINVAL),
	HEADER("far too long", last_page, 1U << 30, 50, -EINVAL),
	HEADER("beyond all slots", last_page, UINT_MAX, 50, -EINVAL),
	HEADER("just beyond all slots", last_page, SHMSWAP_MAX_SLOTS, 50, -EINVAL),
	HEADER("a file cut short", version, 1, 49, -EINVAL),
	HEADER("a header alone", version, 1, 1, -EINVAL),
	HEADER("slot 0 is bad", nr_badpages, 1, 50, -EINVAL),
	HEADER("too many bad slots", nr_badpages, SM_MAX_BADPAGES + 1, 50, -EINVAL),
	HEADER("all bad slots", nr_badpages, SM_MAX_BADPAGES, 50, -EINVAL),
	HEADER("endless bad slots", nr_badpages, UINT_MAX, 50, -EINVAL),
	HEADER("an old signature", magic[6], 'C' | 'E' << 8 | 0x20 << 16 | 0x20 << 24,
	       50, -EINVAL),
	HEADER("no signature", magic[0], 0, 50, -EINVAL),
	HEADER("a suspended system", magic[0], 'S' | '1' << 8 | 'S' << 16 | 'U' << 24,
	       50, -EINVAL),
};

static void hostile_headers(void)
{
	int fd = machine();
	struct sm_resources before;
	size_t i;

	ASSERT_EQ(sm_resources(fd, &before), 0);
	for (i = 0; i < ARRAY_SIZE(header_cases); i++) {
		const struct header_case *c = &header_cases[i];
		struct sm_swap_header header = sm_swap_header(49);
		int type;

		ktap_context("%s", c->name);
		memcpy((char *)&header + c->offset, &c->value, sizeof(c->value));
		type = try_header(fd, &header, c->pages * SM_PAGE);
		EXPECT_EQ(type, c->result);
		if (type >= 0)
			EXPECT_EQ(sm_swapoff(fd, type), 0);
		EXPECT(sm_same_resources(fd, &before));
	}
}

static void hostile_bad_slots(void)
{
	int fd = machine(), i;
	struct sm_swap_header header = sm_swap_header(49);

	header.nr_badpages = 1;
	header.badpages[0] = 50;
	EXPECT_EQ(try_header(fd, &header, 50 * SM_PAGE), -EINVAL);
	header.badpages[0] = UINT_MAX;
	EXPECT_EQ(try_header(fd, &header, 50 * SM_PAGE), -EINVAL);

	/* All of them bad: nothing to swap to. */
	header.nr_badpages = 49;
	for (i = 0; i < 49; i++)
		header.badpages[i] = i + 1;
	EXPECT_EQ(try_header(fd, &header, 50 * SM_PAGE), -EINVAL);

	/* The same one twice is refused or counted once. */
	header.nr_badpages = 2;
	header.badpages[0] = 9;
	header.badpages[1] = 9;
	i = try_header(fd, &header, 50 * SM_PAGE);
	if (i != -EINVAL) {
		EXPECT_EQ(i, 0);
		EXPECT_EQ(area_of(fd, 0).pages, 48);
	}
	EXPECT_EQ(sm_check(fd), 0);
}

static void short_files(void)
{
	static const int sizes[] = { 0, 1, 4086, 4095, 4096 };
	struct sm_swap_header header = sm_swap_header(49);
	int fd = machine();
	size_t i;

	for (i = 0; i < ARRAY_SIZE(sizes); i++) {
		ktap_context("%d bytes", sizes[i]);
		EXPECT_EQ(try_header(fd, &header, sizes[i]), -EINVAL);
	}
}

/*
 * What is not a swap file
 */

static void files_that_are_none(void)
{
	int fd = machine(), pair[2], pipes[2], file = swapfile(16);
	char path[40];

	ASSERT_EQ(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
	ASSERT_EQ(pipe(pipes), 0);
	sprintf(path, "/proc/self/fd/%d", file);
	EXPECT_EQ(sm_swapon(fd, 999), -EBADF);
	EXPECT_EQ(sm_swapon(fd, -1), -EBADF);
	EXPECT_EQ(sm_swapon(fd, open(path, O_RDONLY)), -EBADF);
	EXPECT_EQ(sm_swapon(fd, open(path, O_WRONLY)), -EBADF);
	EXPECT_EQ(sm_swapon(fd, open(path, O_PATH)), -EBADF);
	EXPECT_EQ(sm_swapon(fd, pipes[0]), -EBADF);
	EXPECT_EQ(sm_swapon(fd, open("/tmp", O_RDONLY | O_DIRECTORY)), -EBADF);
	EXPECT_EQ(sm_swapon(fd, pair[0]), -EINVAL);
	EXPECT_EQ(sm_swapon(fd, eventfd(0, 0)), -EINVAL);
	EXPECT_EQ(sm_swapon(fd, open("/dev/null", O_RDWR)), -EINVAL);
	EXPECT_EQ(sm_swapon(fd, open("/dev/zero", O_RDWR)), -EINVAL);
	EXPECT_EQ(sm_swapon(fd, open("/dev/ptmx", O_RDWR | O_NOCTTY)), -EINVAL);
	EXPECT_EQ(sm_swapon(fd, open("/proc/self/mem", O_RDWR)), -EINVAL);
	EXPECT_EQ(sm_swapon(fd, sm_open()), -EINVAL);
	EXPECT_EQ(sm_swapon(fd, fd), -EINVAL);
	EXPECT_EQ(sm_swapon(fd, file), 0);
}

/* The owner of such a file could not write to it either. */
static void protected_files(void)
{
	static const int flags[] = { FS_IMMUTABLE_FL, FS_APPEND_FL };
	int fd = machine(), file = sm_memfile(17 * SM_PAGE), none = 0;
	size_t i;

	ASSERT_EQ(sm_mkswap(file), 0);
	for (i = 0; i < ARRAY_SIZE(flags); i++) {
		ktap_context("flag %#x", flags[i]);
		if (ioctl(file, FS_IOC_SETFLAGS, &flags[i]))
			ktap_skip("tmpfs has no such flags");
		EXPECT_EQ(sm_swapon(fd, file), -EPERM);
	}
	ASSERT_EQ(ioctl(file, FS_IOC_SETFLAGS, &none), 0);
	EXPECT_EQ(sm_swapon(fd, file), 0);
}

static void slots_are_for_ram_alone(void)
{
	int fd = machine(), file = swapfile(16);
	struct shmswap_swapon arg = SM_ARG(swapon, .fd = file, .slots = 8);

	EXPECT_EQ(sm_call(fd, SHMSWAP_IOC_SWAPON, &arg), -EINVAL);
	arg.slots = 0;
	arg.prio = 3;
	EXPECT_EQ(sm_call(fd, SHMSWAP_IOC_SWAPON, &arg), -EINVAL);
	arg.prio = 0;
	EXPECT_EQ(sm_call(fd, SHMSWAP_IOC_SWAPON, &arg), 0);
}

static void a_file_is_one_area(void)
{
	int fd = machine(), other = machine(), file = swapfile(16), again;
	char path[40];

	sprintf(path, "/proc/self/fd/%d", file);
	again = open(path, O_RDWR);
	ASSERT_EQ(sm_swapon(fd, file), 0);
	EXPECT_EQ(sm_swapon(fd, file), -EBUSY);
	EXPECT_EQ(sm_swapon(fd, again), -EBUSY);
	EXPECT_EQ(sm_swapon(other, again), -EBUSY);
	EXPECT_EQ(sm_swapoff(fd, 0), 0);
	EXPECT_EQ(sm_swapon(other, again), 0);
	EXPECT_EQ(sm_swapon(fd, file), -EBUSY);
	close(other);
	EXPECT_SOON(sm_swapon(fd, file) == 0);
}

static void a_device_in_use_is_busy(void)
{
	char path[32];
	int fd = machine(), other = machine();
	int loop = blk_loop(swapfile(50), path);
	int holder = open(path, O_RDWR | O_EXCL | O_CLOEXEC);

	ASSERT_GE(holder, 0);
	EXPECT_EQ(sm_swapon(fd, loop), -EBUSY);
	close(holder);
	EXPECT_EQ(sm_swapon(fd, loop), 0);
	EXPECT_EQ(sm_swapon(fd, loop), -EBUSY);
	EXPECT_EQ(sm_swapon(other, loop), -EBUSY);
	EXPECT_EQ(open(path, O_RDWR | O_EXCL | O_CLOEXEC), -1);
	EXPECT_EQ(sm_swapoff(fd, 0), 0);
	EXPECT_EQ(sm_swapon(other, loop), 0);
}

static void a_mounted_device_is_busy(void)
{
	struct sm_swap_header header = sm_swap_header(49);
	int fd = machine(), loop;
	char path[32];

	blk_private_mounts();
	loop = blk_loop(sm_file(1 << 20), path);
	blk_mount_new(path);
	/* All that is wrong with it is that it is mounted. */
	ASSERT_EQ(pwrite(loop, &header, SM_PAGE, 0), SM_PAGE);
	EXPECT_EQ(sm_swapon(fd, loop), -EBUSY);
	ASSERT_EQ(umount2("/mnt", MNT_DETACH), 0);
	EXPECT_SOON(sm_swapon(fd, loop) == 0);
}

/*
 * swapoff
 */

static void swapoff_brings_everything_back(void)
{
	int fd = machine(), file = swapfile(50);
	uint64_t addr = attach_new(fd, 32);

	ASSERT_EQ(sm_swapon(fd, file), 0);
	ASSERT_EQ(sm_fill_pages(fd, addr, 32, 1), 0);
	ASSERT_EQ(sm_reclaim_all(fd), 32);
	EXPECT_EQ(sm_swapoff(fd, 0), 0);
	EXPECT_EQ(stat_of(fd).shm_swp, 0);
	EXPECT_EQ(stat_of(fd).shm_rss, 32);
	EXPECT_EQ(stat_of(fd).nr_swap_pages, 0);
	EXPECT_EQ(stat_of(fd).nr_swapcache, 0);
	EXPECT_EQ(sm_swapoff(fd, 0), -EINVAL);
	/* What happens to the file now is of no concern. */
	ASSERT_EQ(ftruncate(file, 0), 0);
	EXPECT_EQ(sm_verify_pages(fd, addr, 32, 1), 0);
	EXPECT_EQ(sm_check(fd), 0);
}

static void swapoff_moves_to_other_areas(void)
{
	int fd = machine();
	uint64_t addr = attach_new(fd, 2 * FRAMES);
	int64_t swapped;

	ASSERT_EQ(sm_swapon_ram(fd, 2 * FRAMES, 9), 0);
	ASSERT_EQ(sm_fill_pages(fd, addr, 2 * FRAMES, 1), 0);
	ASSERT_EQ(sm_swapon_ram(fd, 2 * FRAMES, 1), 1);
	swapped = area_of(fd, 0).inuse;
	EXPECT_GT(swapped, FRAMES);
	EXPECT_EQ(sm_swapoff(fd, 0), 0);
	EXPECT_GT(area_of(fd, 1).inuse, 0);
	EXPECT_EQ(sm_verify_pages(fd, addr, 2 * FRAMES, 1), 0);
	EXPECT_EQ(sm_check(fd), 0);
}

static void swapoff_without_room_changes_nothing(void)
{
	int fd = machine();
	uint64_t addr = attach_new(fd, 2 * FRAMES);
	struct shmswap_area before;
	uint64_t free_slots;

	ASSERT_EQ(sm_swapon_ram(fd, 2 * FRAMES, 9), 0);
	ASSERT_EQ(sm_fill_pages(fd, addr, 2 * FRAMES, 1), 0);
	before = area_of(fd, 0);
	free_slots = stat_of(fd).nr_swap_pages;
	EXPECT_EQ(sm_swapoff(fd, 0), -ENOMEM);
	EXPECT_EQ(area_of(fd, 0).prio, before.prio);
	EXPECT_EQ(area_of(fd, 0).pages, before.pages);
	EXPECT_GE(stat_of(fd).nr_swap_pages, free_slots);
	EXPECT_EQ(sm_check(fd), 0);
	EXPECT_EQ(sm_verify_pages(fd, addr, 2 * FRAMES, 1), 0);
	EXPECT_EQ(sm_fill_pages(fd, addr, 2 * FRAMES, 7), 0);
	EXPECT_EQ(sm_verify_pages(fd, addr, 2 * FRAMES, 7), 0);

	/* With room it goes. */
	ASSERT_EQ(sm_swapon_ram(fd, 2 * FRAMES, 1), 1);
	EXPECT_EQ(sm_swapoff(fd, 0), 0);
	EXPECT_EQ(sm_verify_pages(fd, addr, 2 * FRAMES, 7), 0);
}

#define LOADERS		3
#define LOAD_PAGES	128

struct load {
	int fd;
	uint64_t addr;
	int number;
	uint64_t *rounds;	/* of all loaders */
	bool *stop;
};

/* Reads what it wrote last and writes something new, page by page. */
static void write_and_verify(void *arg)
{
	struct load *l = arg;
	uint64_t rnd = l->number + 1, version[LOAD_PAGES] = { 0 };

	while (!__atomic_load_n(l->stop, __ATOMIC_RELAXED)) {
		uint32_t i = sm_random(&rnd, LOAD_PAGES);
		uint64_t addr = l->addr + (l->number * LOAD_PAGES + i) * SM_PAGE;

		if (version[i])
			ASSERT_EQ(sm_verify_pages(l->fd, addr, 1, version[i]), 0);
		version[i] = rnd;
		ASSERT_EQ(sm_fill_pages(l->fd, addr, 1, rnd), 0);
		__atomic_add_fetch(l->rounds, 1, __ATOMIC_RELAXED);
	}
}

static void swap_areas_come_and_go(int fd, int rounds)
{
	int i;

	for (i = 0; i < rounds; i++) {
		int file = swapfile(LOADERS * LOAD_PAGES), type;

		ktap_context("round %d", i);
		type = sm_swapon_prio(fd, file, 100);
		ASSERT_GE(type, 0);
		close(file);
		ASSERT_SOON(area_of(fd, type).inuse > 20);
		ASSERT_EQ(sm_swapoff(fd, type), 0);
		ASSERT_EQ(sm_check(fd), 0);
	}
}

static void swapoff_under_load(void)
{
	int fd = sm_machine(FRAMES, LOADERS * LOAD_PAGES, SHMSWAP_MACHINE_KSWAPD), i;
	struct load l = {
		.addr = attach_new(fd, LOADERS * LOAD_PAGES),
		.rounds = ktap_shared(sizeof(uint64_t)),
		.stop = ktap_shared(sizeof(bool)),
	};
	pid_t pids[LOADERS];

	for (i = 0; i < LOADERS; i++) {
		l.fd = sm_fork(fd);
		ASSERT_GE(l.fd, 0);
		l.number = i;
		pids[i] = ktap_fork(write_and_verify, &l);
		close(l.fd);
	}
	ASSERT_SOON(__atomic_load_n(l.rounds, __ATOMIC_RELAXED) > LOADERS * LOAD_PAGES);
	swap_areas_come_and_go(fd, 6);
	__atomic_store_n(l.stop, true, __ATOMIC_RELAXED);
	for (i = 0; i < LOADERS; i++)
		ktap_join(pids[i]);
	EXPECT_EQ(sm_check(fd), 0);
}

/*
 * No room
 */

/* The access that needs a frame fails; everything else goes on. */
static void swap_full(void)
{
	int fd = machine(), other, i, resident = 0;
	uint64_t addr = attach_new(fd, 2 * FRAMES);
	struct shmswap_touch done;
	struct shmswap_pte words[2 * FRAMES];
	struct shmswap_vma vma;
	uint64_t list[2 * FRAMES];

	ASSERT_EQ(sm_swapon_ram(fd, 16, 0), 0);
	for (i = 0; i < 2 * FRAMES; i++)
		list[i] = (addr + i * SM_PAGE) | SHMSWAP_TOUCH_WRITE;
	EXPECT_EQ(sm_touch_list(fd, list, 2 * FRAMES, &done), -ENOMEM);
	EXPECT_EQ(done.out_maj_flt, done.out_done);
	EXPECT_EQ(stat_of(fd).shm_swp, 16);
	EXPECT_EQ(stat_of(fd).shm_rss, done.out_done - 16);
	EXPECT_EQ(sm_touch(fd, addr + done.out_done * SM_PAGE, 1, 0), -ENOMEM);
	EXPECT_EQ(sm_check(fd), 0);

	ASSERT_EQ(sm_query(fd, SHMSWAP_QUERY_VMAS, 0, &vma, 1), 1);
	ASSERT_EQ(sm_query(fd, SHMSWAP_QUERY_PAGES, vma.shmid, words, 2 * FRAMES),
		  done.out_done);
	for (i = 0; i < (int)done.out_done; i++)
		if (words[i].kind == SHMSWAP_PTE_PRESENT)
			list[resident++] = addr + words[i].where * SM_PAGE;
	EXPECT_EQ(sm_touch_list(fd, list, resident, &done), 0);
	EXPECT_EQ(done.out_maj_flt, 0);

	/* Other processes come, attach, and use what is there. */
	other = sm_fork(fd);
	EXPECT_EQ(sm_touch_list(other, list, resident, &done), 0);
	EXPECT_EQ(done.out_min_flt, resident);
	ASSERT_EQ(sm_swapon_ram(fd, 2 * FRAMES, 0), 1);
	EXPECT_EQ(sm_touch(fd, addr, 2 * FRAMES, 0), 0);
	EXPECT_EQ(sm_check(fd), 0);
}

static void no_swap_at_all(void)
{
	int fd = machine();
	uint64_t addr = attach_new(fd, 2 * FRAMES);
	struct shmswap_vma vma;
	uint64_t filled;

	EXPECT_EQ(sm_fill_pages(fd, addr, 2 * FRAMES, 1), -ENOMEM);
	filled = stat_of(fd).shm_rss;
	EXPECT_GT(filled, FRAMES / 4);
	EXPECT_EQ(sm_reclaim_shm(fd, 100), 0);
	EXPECT_EQ(sm_reclaim(fd, SHMSWAP_RECLAIM_TRY, 0, 100), 0);
	EXPECT_EQ(sm_verify_pages(fd, addr, filled, 1), 0);
	ASSERT_EQ(sm_query(fd, SHMSWAP_QUERY_VMAS, 0, &vma, 1), 1);
	EXPECT_EQ(sm_shm_remove(fd, vma.shmid), 0);
	EXPECT_EQ(sm_shmdt(fd, addr), 0);
	EXPECT_EQ(sm_fill_pages(fd, attach_new(fd, filled), filled, 1), 0);
}

/*
 * I/O errors
 */

static int shmid_at(int fd)
{
	struct shmswap_vma vma;

	ASSERT_EQ(sm_query(fd, SHMSWAP_QUERY_VMAS, 0, &vma, 1), 1);
	return vma.shmid;
}

static int swapped_to_memfile(int fd, uint64_t *addr)
{
	int file = sm_memfile(33 * SM_PAGE);

	ASSERT_GE(file, 0);
	ASSERT_EQ(sm_mkswap(file), 0);
	ASSERT_EQ(sm_swapon(fd, file), 0);
	*addr = attach_new(fd, 8);
	ASSERT_EQ(sm_fill_pages(fd, *addr, 8, 1), 0);
	ASSERT_EQ(sm_reclaim_all(fd), 8);
	return file;
}

/* A page that cannot be read fails its access, and stays where it is. */
static void failed_reads(void)
{
	static char saved[33 * SM_PAGE];
	int fd = machine(), id;
	uint64_t addr;
	int file = swapped_to_memfile(fd, &addr);
	struct shmswap_pte before, after;
	char byte;

	id = shmid_at(fd);
	ASSERT_EQ(pread(file, saved, sizeof(saved), 0), sizeof(saved));
	ASSERT_EQ(ftruncate(file, SM_PAGE), 0);
	ASSERT_EQ(sm_query_page(fd, id, 3, &before), 0);
	EXPECT_EQ(sm_load(fd, addr + 3 * SM_PAGE, &byte, 1), -EIO);
	EXPECT_EQ(sm_store(fd, addr + 3 * SM_PAGE, &byte, 1), -EIO);
	EXPECT_EQ(sm_touch(fd, addr + 3 * SM_PAGE, 1, 0), -EIO);
	EXPECT_EQ(sm_swapoff(fd, 0), -EIO);
	EXPECT_GE(stat_of(fd).swap_read_errors, 3);
	EXPECT_EQ(stat_of(fd).shm_swp, 8);
	ASSERT_EQ(sm_query_page(fd, id, 3, &after), 0);
	EXPECT(!memcmp(&before, &after, sizeof(before)));
	EXPECT_EQ(sm_check(fd), 0);

	ASSERT_EQ(pwrite(file, saved, sizeof(saved), 0), sizeof(saved));
	EXPECT_EQ(sm_verify_pages(fd, addr, 8, 1), 0);
	EXPECT_EQ(sm_swapoff(fd, 0), 0);
	EXPECT_EQ(sm_check(fd), 0);
}

/* A transfer returns what it had moved before the page that failed. */
static void failed_reads_in_a_transfer(void)
{
	int fd = machine();
	uint64_t addr;
	int file = swapped_to_memfile(fd, &addr);
	char buf[4 * SM_PAGE];

	/* Nothing else is read ahead. */
	ASSERT_EQ(sm_control(fd, &SM_ARG(control, .set = SHMSWAP_CONTROL_PAGE_CLUSTER)), 0);
	ASSERT_EQ(sm_touch(fd, addr, 2, 0), 0);
	ASSERT_EQ(ftruncate(file, SM_PAGE), 0);
	EXPECT_EQ(sm_load(fd, addr + 10, buf, sizeof(buf)), 2 * SM_PAGE - 10);
	EXPECT_EQ(sm_check(fd), 0);
}

/* A page that cannot be written stays in memory; its slot is given up. */
static void failed_writes(void)
{
	int fd = machine();
	uint64_t addr;
	int file = swapped_to_memfile(fd, &addr);
	struct shmswap_stat before, after;
	uint64_t errors;

	ASSERT_EQ(sm_verify_pages(fd, addr, 8, 1), 0);
	ASSERT_EQ(fcntl(file, F_ADD_SEALS, F_SEAL_FUTURE_WRITE), 0);
	before = stat_of(fd);
	EXPECT_EQ(sm_reclaim_shm(fd, 6), 0);
	after = stat_of(fd);
	errors = after.swap_write_errors - before.swap_write_errors;
	EXPECT_GE(errors, 4);
	EXPECT_EQ(after.nr_swap_pages, before.nr_swap_pages - errors);
	EXPECT_EQ(after.swap_successes, before.swap_successes);
	EXPECT_EQ(after.shm_rss, 8);
	EXPECT_EQ(after.shm_swp, 0);
	EXPECT_EQ(sm_check(fd), 0);
	EXPECT_EQ(sm_verify_pages(fd, addr, 8, 1), 0);

	/* The next area takes over. */
	ASSERT_EQ(sm_swapon_ram(fd, 32, 1), 1);
	EXPECT_EQ(sm_reclaim_all(fd), 8);
	EXPECT_EQ(area_of(fd, 1).inuse, 8);
	EXPECT_EQ(sm_verify_pages(fd, addr, 8, 1), 0);
	EXPECT_EQ(sm_swapoff(fd, 0), 0);
	EXPECT_EQ(sm_check(fd), 0);
}

/* Everything fails at once, while many need frames. */
static void failed_writes_under_pressure(void)
{
	int fd = machine(), file = sm_memfile((4 * FRAMES + 1) * SM_PAGE);
	uint64_t addr = attach_new(fd, 2 * FRAMES);
	int64_t filled;

	ASSERT_EQ(sm_mkswap(file), 0);
	ASSERT_EQ(sm_swapon(fd, file), 0);
	ASSERT_EQ(sm_fill_pages(fd, addr, FRAMES, 1), 0);
	ASSERT_EQ(fcntl(file, F_ADD_SEALS, F_SEAL_FUTURE_WRITE), 0);
	EXPECT_EQ(sm_touch(fd, addr + FRAMES * SM_PAGE, FRAMES, 1), -ENOMEM);
	filled = stat_of(fd).shm_rss + stat_of(fd).shm_swp;
	EXPECT_GE(filled, FRAMES);
	EXPECT_EQ(sm_check(fd), 0);
	ASSERT_EQ(sm_swapon_ram(fd, 4 * FRAMES, 0), 1);
	EXPECT_EQ(sm_verify_pages(fd, addr, FRAMES, 1), 0);
	EXPECT_EQ(sm_check(fd), 0);
}

static void device_that_fails(void)
{
	char path[32];
	int fd = machine(), loop = blk_loop(swapfile(32), path), device;
	struct shmswap_stat stat;
	struct blk_dm dm;
	uint64_t addr;

	blk_dm_create(&dm, path, 33 * SM_PAGE);
	device = blk_dm_open(&dm);
	ASSERT_EQ(sm_swapon(fd, device), 0);
	addr = attach_new(fd, 8);
	ASSERT_EQ(sm_fill_pages(fd, addr, 8, 1), 0);
	EXPECT_EQ(sm_reclaim_shm(fd, 5), 4);

	/* Nothing of what went out must be left in a cache. */
	ASSERT_EQ(ioctl(device, BLKFLSBUF), 0);
	close(device);
	blk_dm_break(&dm);
	EXPECT_EQ(sm_touch(fd, addr + 2 * SM_PAGE, 1, 0), -EIO);
	EXPECT_EQ(sm_reclaim_shm(fd, 2), 0);
	stat = stat_of(fd);
	EXPECT_GT(stat.swap_read_errors, 0);
	EXPECT_GT(stat.swap_write_errors, 0);
	EXPECT_EQ(stat.shm_swp, 4);
	EXPECT_EQ(sm_swapoff(fd, 0), -EIO);

	blk_dm_repair(&dm);
	EXPECT_EQ(sm_verify_pages(fd, addr, 8, 1), 0);
	EXPECT_EQ(sm_swapoff(fd, 0), 0);
	EXPECT_EQ(sm_check(fd), 0);
	blk_dm_remove(&dm);
	/* The loop device had to outlive all of its tables. */
	close(loop);
}

int main(int argc, char **argv)
{
	static const struct ktap_case cases[] = {
		KTAP_CASE(swap_on_ram),
		KTAP_CASE(swap_on_a_file),
		KTAP_CASE(pages_go_to_the_file),
		KTAP_CASE(swap_on_a_block_device),
		KTAP_CASE(opened_to_append),
		KTAP_CASE(switched_to_append),
		KTAP_CASE(higher_priority_first),
		KTAP_CASE(equals_take_turns),
		KTAP_CASE(without_priority_below_all),
		KTAP_CASE(priorities_have_a_range),
		KTAP_CASE(areas_have_a_limit),
		KTAP_CASE(bad_slots_are_never_used),
		KTAP_CASE(hostile_headers),
		KTAP_CASE(hostile_bad_slots),
		KTAP_CASE(short_files),
		KTAP_CASE(files_that_are_none),
		KTAP_CASE(protected_files),
		KTAP_CASE(slots_are_for_ram_alone),
		KTAP_CASE(a_file_is_one_area),
		KTAP_CASE(a_device_in_use_is_busy),
		KTAP_CASE(a_mounted_device_is_busy),
		KTAP_CASE(swapoff_brings_everything_back),
		KTAP_CASE(swapoff_moves_to_other_areas),
		KTAP_CASE(swapoff_without_room_changes_nothing),
		KTAP_CASE(swapoff_under_load),
		KTAP_CASE(swap_full),
		KTAP_CASE(no_swap_at_all),
		KTAP_CASE(failed_reads),
		KTAP_CASE(failed_reads_in_a_transfer),
		KTAP_CASE(failed_writes),
		KTAP_CASE(failed_writes_under_pressure),
		KTAP_CASE(device_that_fails),
	};

	return ktap_run(argc, argv, cases, ARRAY_SIZE(cases));
}
