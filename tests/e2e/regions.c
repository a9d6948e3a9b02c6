// SPDX-License-Identifier: GPL-2.0
/* e2e: timeout=90 */
/*
 * The calls that make an address space: where regions go, what cannot be one,
 * how they split and merge, what protection and locks mean, and what a child
 * inherits. A call that fails must leave all of it as it was.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "ktap.h"
#include "libcase.h"
#include "libshm.h"

#define FRAMES		128
#define SLOTS		128
#define PAGES		8
#define SIZE		(PAGES * SM_PAGE)
#define BASE		0x100000000000ULL
#define ALICE		1000
#define BOB		1001

#define RW_FLAGS	(SHMSWAP_VM_READ | SHMSWAP_VM_WRITE | SHMSWAP_VM_MAYWRITE)

static int machine(void)
{
	int fd = sm_machine(FRAMES, SLOTS, 0);

	ASSERT_GE(fd, 0);
	return fd;
}

static uint64_t page(uint64_t addr, uint64_t index)
{
	return addr + index * SM_PAGE;
}

static void map_fixed(int fd, uint64_t addr, uint64_t pages)
{
	ASSERT_EQ(sm_mmap(fd, addr, pages * SM_PAGE, PROT_RW, PRIVATE_ANON | MAP_FIXED, -1, 0),
		  addr);
}

/* All that a call must leave alone when it fails. */
struct space {
	struct sm_resources resources;
	struct shmswap_vma vmas[32];
};

static struct space space_of(int fd)
{
	struct space space;

	memset(&space, 0, sizeof(space));
	ASSERT_EQ(sm_resources(fd, &space.resources), 0);
	ASSERT_GE(sm_query(fd, SHMSWAP_QUERY_VMAS, 0, space.vmas, ARRAY_SIZE(space.vmas)), 0);
	return space;
}

static void expect_same_space(int fd, const struct space *then)
{
	struct space now = space_of(fd);

	EXPECT(!memcmp(&now, then, sizeof(now)));
	EXPECT_EQ(sm_check(fd), 0);
}

static void expect_vma(int fd, uint64_t start, uint64_t pages, uint32_t flags)
{
	struct shmswap_vma vma;

	ASSERT_EQ(sm_query_vma(fd, start, &vma), 0);
	EXPECT_EQ(vma.start, start);
	EXPECT_EQ(vma.end, page(start, pages));
	EXPECT_EQ(vma.flags, flags);
	EXPECT_EQ(vma.pid, info_of(fd).out_pid);
}

/*
 * Where they go
 */

struct place {
	const char *name;
	uint64_t addr;
	uint32_t flags;
	int64_t result;		/* address or -errno; 0: anywhere */
};

/* Each row on a process that has 8 pages at BASE. */
static const struct place places[] = {
	{ "anywhere", 0, 0, 0 },
	{ "a free hint", BASE + SIZE, 0, BASE + SIZE },
	{ "a hint just below", BASE - SIZE, 0, BASE - SIZE },
	{ "a hint that is taken", BASE, 0, 0 },
	{ "a hint that overlaps the end", BASE + SIZE - SM_PAGE, 0, 0 },
	{ "a hint that overlaps the start", BASE - SM_PAGE, 0, 0 },
	{ "an unaligned hint", BASE + SIZE + 1, 0, BASE + SIZE },
	{ "a hint beyond the task", SHMSWAP_TASK_SIZE, 0, 0 },
	{ "a hint that wraps around", -SM_PAGE, 0, 0 },
	{ "fixed, free", BASE + SIZE, MAP_FIXED, BASE + SIZE },
	{ "fixed, the same place", BASE, MAP_FIXED, BASE },
	{ "fixed, over the end", BASE + SIZE - SM_PAGE, MAP_FIXED, BASE + SIZE - SM_PAGE },
	{ "fixed, over the start", BASE - SM_PAGE, MAP_FIXED, BASE - SM_PAGE },
	{ "fixed, unaligned", BASE + 1, MAP_FIXED, -EINVAL },
	{ "fixed, the last address", SHMSWAP_TASK_SIZE - SIZE, MAP_FIXED,
	  SHMSWAP_TASK_SIZE - SIZE },
	{ "fixed, a page too far", SHMSWAP_TASK_SIZE - SIZE + SM_PAGE, MAP_FIXED, -EINVAL },
	{ "fixed, beyond the task", SHMSWAP_TASK_SIZE, MAP_FIXED, -EINVAL },
	{ "fixed, far beyond", 1ULL << 63, MAP_FIXED, -EINVAL },
	{ "fixed, wrapping around", -SIZE, MAP_FIXED, -EINVAL },
	{ "fixed, wrapping in the middle", -SM_PAGE, MAP_FIXED, -EINVAL },
	{ "no replacing, free", BASE + SIZE, MAP_FIXED_NOREPLACE, BASE + SIZE },
	{ "no replacing, the same place", BASE, MAP_FIXED_NOREPLACE, -EEXIST },
	{ "no replacing, over the end", BASE + SIZE - SM_PAGE, MAP_FIXED_NOREPLACE, -EEXIST },
	{ "no replacing, over the start", BASE - SM_PAGE, MAP_FIXED_NOREPLACE, -EEXIST },
	{ "no replacing, unaligned", BASE + SIZE + 1, MAP_FIXED_NOREPLACE, -EINVAL },
	{ "no replacing, too far", SHMSWAP_TASK_SIZE, MAP_FIXED_NOREPLACE, -EINVAL },
};

static void try_place(const struct place *place)
{
	int fd = machine();
	struct space before;
	int64_t addr;

	ktap_context("%s", place->name);
	map_fixed(fd, BASE, PAGES);
	ASSERT_EQ(sm_fill_pages(fd, BASE, PAGES, 1), 0);
	before = space_of(fd);
	addr = sm_mmap(fd, place->addr, SIZE, PROT_RW, PRIVATE_ANON | place->flags, -1, 0);
	if (place->result)
		EXPECT_EQ(addr, place->result);
	if (addr < 0) {
		expect_same_space(fd, &before);
	} else {
		EXPECT_EQ(addr % SM_PAGE, 0);
		EXPECT_LE(addr + SIZE, SHMSWAP_TASK_SIZE);
		EXPECT_EQ(sm_fill_pages(fd, addr, PAGES, 100), 0);
		EXPECT_EQ(sm_verify_pages(fd, addr, PAGES, 100), 0);
	}
	if (!(place->flags & MAP_FIXED))
		EXPECT_EQ(sm_verify_pages(fd, BASE, PAGES, 1), 0);
	EXPECT_EQ(sm_check(fd), 0);
	close(fd);
}

static void chosen_addresses(void)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(places); i++)
		try_place(&places[i]);
}

/* Of the same size, so that no two can ever be one. */
static void found_addresses_are_free(void)
{
	int fd = machine(), i, j;
	static uint64_t at[100];

	for (i = 0; i < 100; i++) {
		at[i] = map_anon(fd, i % 3 + 1, i % 2 ? SHARED_ANON : PRIVATE_ANON);
		for (j = 0; j < i; j++)
			EXPECT(page(at[i], i % 3 + 1) <= at[j] ||
			       page(at[j], j % 3 + 1) <= at[i]);
	}
	EXPECT_EQ(sm_check(fd), 0);
}

/* Nothing that is as large as the address space fits beside something else. */
static void huge_regions(void)
{
	uint64_t huge = SHMSWAP_TASK_SIZE / 2;
	int fd = machine();
	struct sm_resources before;
	uint64_t addr;
	int64_t ret;

	ASSERT_EQ(sm_resources(fd, &before), 0);
	addr = map_anon(fd, huge / SM_PAGE, PRIVATE_ANON | MAP_NORESERVE);
	EXPECT_EQ(sm_fill_pages(fd, addr, 2, 1), 0);
	EXPECT_EQ(sm_fill_pages(fd, addr + huge - 2 * SM_PAGE, 2, 3), 0);
	EXPECT_EQ(sm_reclaim_everything(fd), 4);
	EXPECT_EQ(sm_verify_pages(fd, addr + huge - 2 * SM_PAGE, 2, 3), 0);
	EXPECT_EQ(sm_mmap(fd, 0, huge, PROT_RW, PRIVATE_ANON, -1, 0), -ENOMEM);
	ret = sm_mmap(fd, 0, 2 * SHMSWAP_TASK_SIZE, PROT_RW, PRIVATE_ANON, -1, 0);
	if (ret != -EINVAL)
		EXPECT_EQ(ret, -ENOMEM);
	EXPECT_EQ(sm_munmap(fd, addr, huge), 0);
	EXPECT(sm_same_resources(fd, &before));
	EXPECT_EQ(sm_check(fd), 0);
}

/*
 * Arguments that are wrong
 */

#define NO_FILE		(-1)
#define SOME_FILE	(-2)	/* one that can be mapped */

/* In each row one thing is wrong. */
struct bad_mmap {
	const char *name;
	uint64_t addr, len, offset;
	uint32_t prot, flags;
	int fd;
	int error;
};

static const struct bad_mmap bad_mmaps[] = {
	{ "no length", 0, 0, 0, PROT_RW, PRIVATE_ANON, NO_FILE, -EINVAL },
	{ "a length that wraps when rounded up", 0, ~0ULL, 0,
	  PROT_RW, PRIVATE_ANON, NO_FILE, -EINVAL },
	{ "a fixed length that wraps", BASE, -SM_PAGE, 0,
	  PROT_RW, PRIVATE_ANON | MAP_FIXED, NO_FILE, -EINVAL },
	{ "a fixed length beyond the task", BASE, SHMSWAP_TASK_SIZE, 0,
	  PROT_RW, PRIVATE_ANON | MAP_FIXED, NO_FILE, -EINVAL },
	{ "neither shared nor private", 0, SIZE, 0, PROT_RW, MAP_ANONYMOUS, NO_FILE, -EINVAL },
	{ "shared and private", 0, SIZE, 0, PROT_RW, PRIVATE_ANON | MAP_SHARED, NO_FILE, -EINVAL },
	{ "MAP_GROWSDOWN", 0, SIZE, 0, PROT_RW, PRIVATE_ANON | MAP_GROWSDOWN, NO_FILE, -EINVAL },
	{ "MAP_LOCKED", 0, SIZE, 0, PROT_RW, PRIVATE_ANON | MAP_LOCKED, NO_FILE, -EINVAL },
	{ "MAP_POPULATE", 0, SIZE, 0, PROT_RW, PRIVATE_ANON | MAP_POPULATE, NO_FILE, -EINVAL },
	{ "MAP_HUGETLB", 0, SIZE, 0, PROT_RW, PRIVATE_ANON | MAP_HUGETLB, NO_FILE, -EINVAL },
	{ "unknown protection", 0, SIZE, 0, 8, PRIVATE_ANON, NO_FILE, -EINVAL },
	{ "PROT_GROWSUP", 0, SIZE, 0, PROT_RW | PROT_GROWSUP, PRIVATE_ANON, NO_FILE, -EINVAL },
	{ "an offset without a file", 0, SIZE, SM_PAGE, PROT_RW, PRIVATE_ANON, NO_FILE, -EINVAL },
	{ "reserved and shared", 0, SIZE, 0,
	  PROT_RW, SHARED_ANON | SHMSWAP_MAP_RESERVED, NO_FILE, -EINVAL },
	{ "a file that is not wanted", 0, SIZE, 0, PROT_RW, PRIVATE_ANON, SOME_FILE, -EINVAL },
	{ "reserved file", 0, SIZE, 0,
	  PROT_RW, MAP_PRIVATE | SHMSWAP_MAP_RESERVED, SOME_FILE, -EINVAL },
	{ "an unaligned offset", 0, SIZE, 1, PROT_RW, MAP_PRIVATE, SOME_FILE, -EINVAL },
	{ "an offset of half a page", 0, SIZE, SM_PAGE / 2,
	  PROT_RW, MAP_PRIVATE, SOME_FILE, -EINVAL },
	{ "an offset too far", 0, SIZE, SM_PAGE << 32,
	  PROT_RW, MAP_PRIVATE, SOME_FILE, -EOVERFLOW },
	{ "an end too far", 0, SIZE, (SM_PAGE << 32) - SIZE + SM_PAGE,
	  PROT_RW, MAP_PRIVATE, SOME_FILE, -EOVERFLOW },
	{ "a negative offset", 0, SIZE, 1ULL << 63, PROT_RW, MAP_PRIVATE, SOME_FILE, -EOVERFLOW },
	{ "an offset that wraps", 0, SIZE, -SM_PAGE, PROT_RW, MAP_PRIVATE, SOME_FILE, -EOVERFLOW },
	{ "no file", 0, SIZE, 0, PROT_RW, MAP_PRIVATE, NO_FILE, -EBADF },
	{ "a file that is not open", 0, SIZE, 0, PROT_RW, MAP_PRIVATE, 999, -EBADF },
	{ "a file far out", 0, SIZE, 0, PROT_RW, MAP_PRIVATE, INT32_MAX, -EBADF },
	{ "a negative file", 0, SIZE, 0, PROT_RW, MAP_PRIVATE, INT32_MIN, -EBADF },
};

static void bad_arguments_of_mmap(void)
{
	int fd = machine(), file = patterned_file(PAGES, 1);
	struct space before = space_of(fd);
	size_t i;

	for (i = 0; i < ARRAY_SIZE(bad_mmaps); i++) {
		const struct bad_mmap *bad = &bad_mmaps[i];

		ktap_context("%s", bad->name);
		EXPECT_EQ(sm_mmap(fd, bad->addr, bad->len, bad->prot, bad->flags,
				  bad->fd == SOME_FILE ? file : bad->fd, bad->offset),
			  bad->error);
		expect_same_space(fd, &before);
	}
	/* The last offset that there is: behind the file's end. */
	EXPECT_EQ(sm_mmap(fd, BASE, SIZE, PROT_RW, MAP_PRIVATE | MAP_FIXED, file,
			  (SM_PAGE << 32) - SIZE), BASE);
	EXPECT_EQ(sm_touch(fd, page(BASE, PAGES - 1), 1, 0), -EIO);
	EXPECT_EQ(sm_check(fd), 0);
}

/* What takes a range of the address space. */
static const struct range_call {
	const char *name;
	unsigned int cmd;
	bool aligns;		/* rounds the address down */
} range_calls[] = {
	{ "munmap", SHMSWAP_IOC_MUNMAP, false },
	{ "mprotect", SHMSWAP_IOC_MPROTECT, false },
	{ "msync", SHMSWAP_IOC_MSYNC, false },
	{ "mlock", SHMSWAP_IOC_MLOCK, true },
	{ "munlock", SHMSWAP_IOC_MUNLOCK, true },
};

/* All five have the same fields at the same places; 0 is PROT_NONE, or no flag. */
static int call_range(int fd, const struct range_call *call, uint64_t addr, uint64_t len)
{
	return sm_call(fd, call->cmd, &SM_ARG(munmap, .addr = addr, .len = len));
}

struct bad_range {
	const char *name;
	uint64_t addr, len;
	bool if_aligned;	/* what is wrong is the alignment */
};

static const struct bad_range bad_ranges[] = {
	{ "unaligned", BASE + 1, SM_PAGE, true },
	{ "unaligned by half", BASE + SM_PAGE / 2, SM_PAGE, true },
	{ "beyond the task", SHMSWAP_TASK_SIZE, SM_PAGE, false },
	{ "up to beyond the task", SHMSWAP_TASK_SIZE - SM_PAGE, 2 * SM_PAGE, false },
	{ "far beyond", 1ULL << 63, SM_PAGE, false },
	{ "the last page of all", -SM_PAGE, SM_PAGE, false },
	{ "wrapping around", -SM_PAGE, 2 * SM_PAGE, false },
	{ "too long", BASE, SHMSWAP_TASK_SIZE, false },
	{ "far too long", BASE, 1ULL << 63, false },
	{ "wrapping in length", BASE, -BASE, false },
	{ "wrapping around to the start", BASE, -BASE + 2 * SM_PAGE, false },
	{ "wrapping when rounded up", BASE, ~0ULL, false },
	{ "as long as possible", 0, -SM_PAGE, false },
};

static void bad_ranges_of_all_calls(void)
{
	int fd = machine();
	struct space before;
	size_t i, j;

	map_fixed(fd, BASE, PAGES);
	ASSERT_EQ(sm_fill_pages(fd, BASE, PAGES, 1), 0);
	before = space_of(fd);
	for (i = 0; i < ARRAY_SIZE(range_calls); i++)
		for (j = 0; j < ARRAY_SIZE(bad_ranges); j++) {
			const struct bad_range *bad = &bad_ranges[j];

			if (bad->if_aligned && range_calls[i].aligns)
				continue;
			ktap_context("%s, %s", range_calls[i].name, bad->name);
			EXPECT_EQ(call_range(fd, &range_calls[i], bad->addr, bad->len), -EINVAL);
			expect_same_space(fd, &before);
		}
	ktap_context("%s", "afterwards");
	EXPECT_EQ(sm_verify_pages(fd, BASE, PAGES, 1), 0);
}

/* All but munmap(2) want regions all along, and do nothing if there is a gap. */
static void ranges_with_gaps(void)
{
	static const struct {
		const char *name;
		uint64_t start, pages;
	} gaps[] = {
		{ "nothing at all", 100, 1 },
		{ "a gap in front", -1ULL, 3 },
		{ "a gap behind", 2, 3 },
		{ "a gap in the middle", 1, 7 },
		{ "a gap everywhere", -1ULL, 10 },
	};
	int fd = machine();
	struct space before;
	size_t i, j;

	map_fixed(fd, BASE, 4);
	map_fixed(fd, page(BASE, 5), 3);
	before = space_of(fd);
	for (i = 1; i < ARRAY_SIZE(range_calls); i++)
		for (j = 0; j < ARRAY_SIZE(gaps); j++) {
			ktap_context("%s, %s", range_calls[i].name, gaps[j].name);
			EXPECT_EQ(call_range(fd, &range_calls[i], page(BASE, gaps[j].start),
					     gaps[j].pages * SM_PAGE), -ENOMEM);
			expect_same_space(fd, &before);
		}
	ktap_context("%s", "munmap");
	EXPECT_EQ(sm_munmap(fd, page(BASE, 100), SM_PAGE), 0);
	EXPECT_EQ(sm_munmap(fd, page(BASE, -1), 10 * SM_PAGE), 0);
	EXPECT_EQ(regions_of(fd), 0);
}

/* A length of 0 is an error for munmap(2), as in Linux, and nothing for the others. */
static void ranges_without_length(void)
{
	int fd = machine();
	struct space before;
	size_t i;

	map_fixed(fd, BASE, PAGES);
	before = space_of(fd);
	for (i = 0; i < ARRAY_SIZE(range_calls); i++) {
		ktap_context("%s", range_calls[i].name);
		EXPECT_EQ(call_range(fd, &range_calls[i], BASE, 0), i ? 0 : -EINVAL);
		expect_same_space(fd, &before);
	}
}

/*
 * Files that cannot be mapped
 */

static int reopen(int file, int flags)
{
	char path[40];
	int fd;

	sprintf(path, "/proc/self/fd/%d", file);
	fd = open(path, flags | O_CLOEXEC);
	ASSERT_GE(fd, 0);
	return fd;
}

static int64_t try_file(int fd, int file, uint32_t prot, uint32_t flags)
{
	return sm_mmap(fd, 0, SIZE, prot, flags, file, 0);
}

static void modes_of_files(void)
{
	int fd = machine(), file = patterned_file(PAGES, 1);
	int ro = reopen(file, O_RDONLY), wo = reopen(file, O_WRONLY), path = reopen(file, O_PATH);
	struct space before = space_of(fd);

	EXPECT_EQ(try_file(fd, wo, PROT_READ, MAP_PRIVATE), -EACCES);
	EXPECT_EQ(try_file(fd, wo, PROT_WRITE, MAP_SHARED), -EACCES);
	EXPECT_EQ(try_file(fd, wo, PROT_NONE, MAP_SHARED), -EACCES);
	EXPECT_EQ(try_file(fd, ro, PROT_RW, MAP_SHARED), -EACCES);
	EXPECT_EQ(try_file(fd, ro, PROT_WRITE, MAP_SHARED), -EACCES);
	EXPECT_EQ(try_file(fd, path, PROT_READ, MAP_PRIVATE), -EBADF);
	expect_same_space(fd, &before);
	EXPECT_GT(try_file(fd, ro, PROT_READ, MAP_SHARED), 0);
	EXPECT_GT(try_file(fd, ro, PROT_RW | PROT_EXEC, MAP_PRIVATE), 0);
	EXPECT_GT(try_file(fd, file, PROT_RW, MAP_SHARED), 0);
}

static void files_that_are_none(void)
{
	int fd = machine(), other = machine(), pair[2], pipes[2];
	struct space before = space_of(fd);

	ASSERT_EQ(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
	ASSERT_EQ(pipe(pipes), 0);
	EXPECT_EQ(try_file(fd, pipes[0], PROT_READ, MAP_PRIVATE), -ENODEV);
	EXPECT_EQ(try_file(fd, pair[0], PROT_RW, MAP_SHARED), -ENODEV);
	EXPECT_EQ(try_file(fd, eventfd(0, 0), PROT_RW, MAP_SHARED), -ENODEV);
	EXPECT_EQ(try_file(fd, open("/tmp", O_RDONLY | O_DIRECTORY), PROT_READ, MAP_PRIVATE),
		  -ENODEV);
	EXPECT_EQ(try_file(fd, open("/dev/null", O_RDWR), PROT_RW, MAP_SHARED), -ENODEV);
	EXPECT_EQ(try_file(fd, open("/dev/zero", O_RDWR), PROT_RW, MAP_PRIVATE), -ENODEV);
	EXPECT_EQ(try_file(fd, open("/dev/ptmx", O_RDWR | O_NOCTTY), PROT_RW, MAP_SHARED),
		  -ENODEV);
	EXPECT_EQ(try_file(fd, other, PROT_RW, MAP_SHARED), -ENODEV);
	EXPECT_EQ(try_file(fd, fd, PROT_RW, MAP_SHARED), -ENODEV);
	expect_same_space(fd, &before);
}

/* Regular by name, but not to be read like that: refused, or an error for each access. */
static void files_of_proc(void)
{
	int fd = machine();
	int64_t addr = try_file(fd, open("/proc/self/mem", O_RDWR), PROT_RW, MAP_SHARED);
	int ret;

	if (addr > 0) {
		ret = sm_touch(fd, addr, 1, SHMSWAP_TOUCH_WRITE);
		EXPECT_EQ(ret, -EIO);
		EXPECT_EQ(sm_munmap(fd, addr, SIZE), 0);
	} else if (addr != -ENODEV) {
		EXPECT_EQ(addr, -EINVAL);
	}
	EXPECT_EQ(sm_check(fd), 0);
}

static void swap_files_are_busy(void)
{
	int fd = machine(), other = machine(), file = sm_swapfile(32), type;

	type = sm_swapon(fd, file);
	ASSERT_GE(type, 0);
	EXPECT_EQ(try_file(fd, file, PROT_READ, MAP_PRIVATE), -ETXTBSY);
	EXPECT_EQ(try_file(fd, file, PROT_RW, MAP_SHARED), -ETXTBSY);
	EXPECT_EQ(try_file(other, file, PROT_READ, MAP_SHARED), -ETXTBSY);
	ASSERT_EQ(sm_swapoff(fd, type), 0);
	EXPECT_GT(try_file(fd, file, PROT_RW, MAP_SHARED), 0);
}

static void append_only_files(void)
{
	static const int append = FS_APPEND_FL, none;
	int fd = machine(), file = sm_memfile(SIZE);

	if (ioctl(file, FS_IOC_SETFLAGS, &append))
		ktap_skip("tmpfs has no such flags");
	EXPECT_EQ(try_file(fd, file, PROT_RW, MAP_SHARED), -EACCES);
	EXPECT_GT(try_file(fd, file, PROT_RW, MAP_PRIVATE), 0);
	ASSERT_EQ(ioctl(file, FS_IOC_SETFLAGS, &none), 0);
	EXPECT_GT(try_file(fd, file, PROT_RW, MAP_SHARED), 0);
}

/*
 * Splitting and merging
 */

static void holes_and_trimming(void)
{
	int fd = machine();

	map_fixed(fd, BASE, PAGES);
	ASSERT_EQ(sm_fill_pages(fd, BASE, PAGES, 1), 0);
	EXPECT_EQ(sm_munmap(fd, page(BASE, 3), 2 * SM_PAGE), 0);
	EXPECT_EQ(regions_of(fd), 2);
	expect_vma(fd, BASE, 3, RW_FLAGS);
	expect_vma(fd, page(BASE, 5), 3, RW_FLAGS);
	EXPECT_EQ(sm_touch(fd, page(BASE, 3), 1, 0), -EFAULT);
	EXPECT_EQ(sm_touch(fd, page(BASE, 4), 1, 0), -EFAULT);
	EXPECT_EQ(info_of(fd).out_rss, 6);

	/* Lengths are rounded up. */
	EXPECT_EQ(sm_munmap(fd, BASE, 1), 0);
	expect_vma(fd, page(BASE, 1), 2, RW_FLAGS);
	EXPECT_EQ(sm_munmap(fd, page(BASE, 7), SM_PAGE), 0);
	expect_vma(fd, page(BASE, 5), 2, RW_FLAGS);
	EXPECT_EQ(sm_verify_pages(fd, page(BASE, 1), 2, 2), 0);
	EXPECT_EQ(sm_verify_pages(fd, page(BASE, 5), 2, 6), 0);
	EXPECT_EQ(stat_of(fd).nr_free_pages, FRAMES - 4);

	/* Those that are in swap, too. */
	EXPECT_EQ(sm_reclaim_everything(fd), 4);
	EXPECT_EQ(sm_munmap(fd, page(BASE, 2), 4 * SM_PAGE), 0);
	EXPECT_EQ(stat_of(fd).nr_swap_pages, SLOTS - 2);
	EXPECT_EQ(sm_verify_pages(fd, page(BASE, 1), 1, 2), 0);
	EXPECT_EQ(sm_verify_pages(fd, page(BASE, 6), 1, 7), 0);
	EXPECT_EQ(sm_check(fd), 0);
}

/* A transfer stops where the region does. */
static void transfers_stop_at_the_end(void)
{
	int fd = machine();
	char buf[4 * SM_PAGE];

	map_fixed(fd, BASE, 2);
	memset(buf, 1, sizeof(buf));
	EXPECT_EQ(sm_store(fd, BASE + 100, buf, sizeof(buf)), 2 * SM_PAGE - 100);
	EXPECT_EQ(sm_load(fd, BASE + 10, buf, sizeof(buf)), 2 * SM_PAGE - 10);
	EXPECT_EQ(sm_load(fd, BASE - 1, buf, 2), -EFAULT);
}

static void neighbours_merge(void)
{
	int fd = machine();

	map_fixed(fd, BASE, 2);
	map_fixed(fd, page(BASE, 4), 2);
	EXPECT_EQ(regions_of(fd), 2);
	map_fixed(fd, page(BASE, 2), 2);
	EXPECT_EQ(regions_of(fd), 1);
	expect_vma(fd, BASE, 6, RW_FLAGS);
	ASSERT_EQ(sm_fill_pages(fd, BASE, 6, 1), 0);

	EXPECT_EQ(sm_mprotect(fd, page(BASE, 2), SM_PAGE, PROT_READ), 0);
	EXPECT_EQ(regions_of(fd), 3);
	EXPECT_EQ(sm_mprotect(fd, page(BASE, 2), SM_PAGE, PROT_RW), 0);
	EXPECT_EQ(regions_of(fd), 1);
	EXPECT_EQ(sm_mlock(fd, page(BASE, 4), 2 * SM_PAGE), 0);
	EXPECT_EQ(regions_of(fd), 2);
	expect_vma(fd, page(BASE, 4), 2, RW_FLAGS | SHMSWAP_VM_LOCKED);
	EXPECT_EQ(sm_mlock(fd, page(BASE, 3), SM_PAGE), 0);
	expect_vma(fd, page(BASE, 3), 3, RW_FLAGS | SHMSWAP_VM_LOCKED);
	EXPECT_EQ(sm_munlock(fd, page(BASE, 3), 3 * SM_PAGE), 0);
	EXPECT_EQ(regions_of(fd), 1);
	EXPECT_EQ(sm_verify_pages(fd, BASE, 6, 1), 0);
	EXPECT_EQ(sm_check(fd), 0);
}

static void strangers_do_not_merge(void)
{
	int fd = machine(), file = patterned_file(PAGES, 1), other = patterned_file(PAGES, 50);
	uint32_t fixed = MAP_PRIVATE | MAP_FIXED;
	int i;

	for (i = 0; i < 2; i++) {
		uint32_t share = i ? MAP_SHARED | MAP_FIXED : fixed;

		ktap_context("%s", i ? "shared" : "private");
		/* Contiguous in the file, not contiguous, another file, no file. */
		sm_mmap(fd, BASE, 2 * SM_PAGE, PROT_READ, share, file, 0);
		sm_mmap(fd, page(BASE, 2), 2 * SM_PAGE, PROT_READ, share, file, 2 * SM_PAGE);
		EXPECT_EQ(regions_of(fd), 1);
		sm_mmap(fd, page(BASE, 4), SM_PAGE, PROT_READ, share, file, 5 * SM_PAGE);
		EXPECT_EQ(regions_of(fd), 2);
		sm_mmap(fd, page(BASE, 5), SM_PAGE, PROT_READ, share, other, 6 * SM_PAGE);
		EXPECT_EQ(regions_of(fd), 3);
		sm_mmap(fd, page(BASE, 6), SM_PAGE, PROT_READ, fixed | MAP_ANONYMOUS, -1, 0);
		EXPECT_EQ(regions_of(fd), 4);
		sm_mmap(fd, page(BASE, 7), SM_PAGE, PROT_READ, MAP_SHARED | MAP_FIXED |
			MAP_ANONYMOUS, -1, 0);
		EXPECT_EQ(regions_of(fd), 5);
		EXPECT_EQ(sm_verify_pages(fd, BASE, 4, 1), 0);
		EXPECT_EQ(sm_verify_pages(fd, page(BASE, 4), 1, 6), 0);
		EXPECT_EQ(sm_verify_pages(fd, page(BASE, 5), 1, 56), 0);
		EXPECT_EQ(sm_check(fd), 0);
		EXPECT_EQ(sm_munmap(fd, BASE, SIZE), 0);
		EXPECT_EQ(regions_of(fd), 0);
	}
	EXPECT_EQ(stat_of(fd).nr_file_pages, 0);
	EXPECT_EQ(stat_of(fd).nr_free_pages, FRAMES);
}

/* A thousand regions, made by protecting every other page; then all go at once. */
static void many_regions(void)
{
	int fd = machine(), i;
	struct sm_resources before;
	struct shmswap_proc proc;

	ASSERT_EQ(sm_resources(fd, &before), 0);
	map_fixed(fd, BASE, 1000);
	for (i = 0; i < 1000; i += 2)
		ASSERT_EQ(sm_mprotect(fd, page(BASE, i), SM_PAGE, PROT_READ), 0);
	ASSERT_EQ(sm_query_proc(fd, info_of(fd).out_pid, &proc), 0);
	EXPECT_EQ(proc.nr_vmas, 1000);
	EXPECT_EQ(sm_mprotect(fd, BASE, 1000 * SM_PAGE, PROT_RW), 0);
	EXPECT_EQ(regions_of(fd), 1);
	EXPECT_EQ(sm_munmap(fd, BASE, 1000 * SM_PAGE), 0);
	EXPECT(sm_same_resources(fd, &before));
}

/*
 * Attaches
 */

static int segment(int fd)
{
	int id = sm_shmget(fd, IPC_PRIVATE, SIZE, 0600);

	ASSERT_GE(id, 0);
	ASSERT_EQ(sm_shmat(fd, id, BASE, 0), BASE);
	return id;
}

static struct shmswap_shmid_ds ds_of(int fd, int id)
{
	struct shmswap_shmid_ds ds = { 0 };

	ASSERT_EQ(sm_shm_stat(fd, id, &ds), 0);
	return ds;
}

/* So that a time of now differs from those before. */
static void next_second(void)
{
	usleep(1100000);
}

static void pieces_of_attaches_count(void)
{
	int fd = machine(), id = segment(fd);
	struct shmswap_shmid_ds was = ds_of(fd, id), is;

	ASSERT_EQ(sm_fill_pages(fd, BASE, PAGES, 1), 0);
	EXPECT_EQ(was.dtime, 0);
	next_second();
	/* Two more pieces: two are opened. */
	EXPECT_EQ(sm_mprotect(fd, page(BASE, 3), 2 * SM_PAGE, PROT_READ), 0);
	is = ds_of(fd, id);
	EXPECT_EQ(is.nattch, 3);
	EXPECT_GT(is.atime, was.atime);
	EXPECT_EQ(is.dtime, 0);
	next_second();
	/* Two fewer: two are closed. */
	was = is;
	EXPECT_EQ(sm_mprotect(fd, page(BASE, 3), 2 * SM_PAGE, PROT_RW), 0);
	is = ds_of(fd, id);
	EXPECT_EQ(is.nattch, 1);
	EXPECT_EQ(is.atime, was.atime);
	EXPECT_GT(is.dtime, was.atime);
	EXPECT_EQ(regions_of(fd), 1);

	/* As with a lock, and a hole. */
	EXPECT_EQ(sm_mlock(fd, page(BASE, 1), SM_PAGE), 0);
	EXPECT_EQ(ds_of(fd, id).nattch, 3);
	EXPECT_EQ(sm_munlock(fd, BASE, SIZE), 0);
	EXPECT_EQ(ds_of(fd, id).nattch, 1);
	EXPECT_EQ(sm_munmap(fd, page(BASE, 3), 2 * SM_PAGE), 0);
	EXPECT_EQ(ds_of(fd, id).nattch, 2);
	EXPECT_EQ(sm_verify_pages(fd, BASE, 3, 1), 0);
	EXPECT_EQ(sm_verify_pages(fd, page(BASE, 5), 3, 6), 0);
	EXPECT_EQ(sm_check(fd), 0);
}

/* To cut off an end is to open what stays and to close what was. */
static void trimming_an_attach(void)
{
	int fd = machine(), id = segment(fd);
	struct shmswap_shmid_ds was = ds_of(fd, id), is;

	next_second();
	EXPECT_EQ(sm_munmap(fd, page(BASE, 6), 2 * SM_PAGE), 0);
	is = ds_of(fd, id);
	EXPECT_EQ(is.nattch, 1);
	EXPECT_GT(is.atime, was.atime);
	EXPECT_GT(is.dtime, was.atime);
	EXPECT_EQ(is.lpid, getpid());
	EXPECT_EQ(sm_munmap(fd, BASE, SM_PAGE), 0);
	EXPECT_EQ(ds_of(fd, id).nattch, 1);
	expect_vma(fd, page(BASE, 1), 5, RW_FLAGS | SHMSWAP_VM_SHARED);
	/* A page that nobody maps any more is still the segment's. */
	EXPECT_EQ(sm_shmat(fd, id, page(BASE, 100), 0), page(BASE, 100));
	EXPECT_EQ(sm_fill_pages(fd, page(BASE, 100), PAGES, 1), 0);
	EXPECT_EQ(sm_verify_pages(fd, page(BASE, 1), 5, 2), 0);
	EXPECT_EQ(sm_check(fd), 0);
}

/* The segment goes with its last piece. */
static void doomed_segments_wait_for_all_pieces(void)
{
	int fd = machine(), id;
	struct sm_resources before;
	struct shmswap_shmid_ds ds;
	int child;

	ASSERT_EQ(sm_resources(fd, &before), 0);
	id = segment(fd);
	ASSERT_EQ(sm_fill_pages(fd, BASE, PAGES, 1), 0);
	EXPECT_EQ(sm_shm_remove(fd, id), 0);
	EXPECT_EQ(sm_munmap(fd, page(BASE, 2), SM_PAGE), 0);
	child = sm_fork(fd);
	EXPECT_EQ(ds_of(fd, id).nattch, 4);
	EXPECT_EQ(sm_munmap(fd, BASE, 2 * SM_PAGE), 0);
	EXPECT_EQ(sm_munmap(fd, page(BASE, 3), 5 * SM_PAGE), 0);
	EXPECT_EQ(ds_of(fd, id).nattch, 2);
	EXPECT_EQ(sm_verify_pages(child, BASE, 2, 1), 0);
	EXPECT_EQ(sm_munmap(child, BASE, 3 * SM_PAGE), 0);
	EXPECT_EQ(ds_of(fd, id).nattch, 1);
	EXPECT_EQ(sm_munmap(child, BASE, SIZE), 0);
	EXPECT_LT(sm_shm_stat(fd, id, &ds), 0);
	close(child);
	EXPECT_SOON(sm_same_resources(fd, &before));
	EXPECT_EQ(sm_check(fd), 0);
}

static void read_only_attaches_stay_so(void)
{
	int fd = machine(), id = segment(fd);
	int64_t ro = sm_shmat(fd, id, 0, SHM_RDONLY);
	struct space before;

	EXPECT_EQ(sm_touch(fd, ro, PAGES, 0), 0);
	before = space_of(fd);
	EXPECT_EQ(sm_mprotect(fd, ro, SM_PAGE, PROT_RW), -EACCES);
	EXPECT_EQ(sm_mprotect(fd, ro, SM_PAGE, PROT_WRITE), -EACCES);
	expect_same_space(fd, &before);
	EXPECT_EQ(sm_touch(fd, ro, 1, SHMSWAP_TOUCH_WRITE), -EFAULT);
	EXPECT_EQ(sm_mprotect(fd, ro, SM_PAGE, PROT_NONE), 0);
	EXPECT_EQ(sm_touch(fd, ro, 1, 0), -EFAULT);
	EXPECT_EQ(sm_mprotect(fd, ro, SM_PAGE, PROT_READ), 0);
	EXPECT_EQ(sm_touch(fd, ro, PAGES, 0), 0);
	EXPECT_EQ(sm_check(fd), 0);
}

/* All of the range is looked at before any of it is changed. */
static void mprotect_does_all_or_nothing(void)
{
	int fd = machine(), id = segment(fd);
	struct space before;

	map_fixed(fd, page(BASE, -2), 2);
	ASSERT_EQ(sm_mprotect(fd, page(BASE, -2), SIZE, PROT_READ), 0);
	EXPECT_EQ(sm_shmat(fd, id, page(BASE, PAGES), SHM_RDONLY), page(BASE, PAGES));
	before = space_of(fd);
	EXPECT_EQ(sm_mprotect(fd, page(BASE, -1), SIZE + 2 * SM_PAGE, PROT_RW), -EACCES);
	expect_same_space(fd, &before);
	EXPECT_EQ(sm_mprotect(fd, page(BASE, -1), SIZE + SM_PAGE, PROT_RW), 0);
	EXPECT_EQ(sm_check(fd), 0);
}

/*
 * Protection
 */

struct protection {
	uint32_t prot;
	int load, store;
};

static const struct protection protections[] = {
	{ PROT_NONE, -EFAULT, -EFAULT },
	{ PROT_READ, 0, -EFAULT },
	{ PROT_READ | PROT_EXEC, 0, -EFAULT },
	{ PROT_READ | PROT_WRITE, 0, 0 },
	{ PROT_READ | PROT_WRITE | PROT_EXEC, 0, 0 },
};

static void expect_protection(int fd, uint64_t addr, const struct protection *p)
{
	EXPECT_EQ(sm_touch(fd, addr, 1, 0), p->load);
	EXPECT_EQ(sm_touch(fd, addr, 1, SHMSWAP_TOUCH_WRITE), p->store);
	EXPECT_EQ(sm_check(fd), 0);
}

/* As it was mapped, and as it becomes: for pages that are nowhere, here, and in swap. */
static void protection_is_enforced(void)
{
	int fd = machine();
	size_t i, j;

	for (i = 0; i < ARRAY_SIZE(protections); i++) {
		ktap_context("mapped with %u", protections[i].prot);
		ASSERT_EQ(sm_mmap(fd, BASE, SM_PAGE, protections[i].prot,
				  PRIVATE_ANON | MAP_FIXED, -1, 0), BASE);
		expect_protection(fd, BASE, &protections[i]);
	}
	for (i = 0; i < ARRAY_SIZE(protections); i++)
		for (j = 0; j < ARRAY_SIZE(protections); j++) {
			ktap_context("from %u to %u", protections[i].prot, protections[j].prot);
			map_fixed(fd, BASE, 3);
			ASSERT_EQ(sm_fill_pages(fd, page(BASE, 1), 1, 2), 0);
			EXPECT_EQ(sm_reclaim_everything(fd), 1);
			ASSERT_EQ(sm_fill_pages(fd, page(BASE, 2), 1, 3), 0);
			ASSERT_EQ(sm_mprotect(fd, BASE, 3 * SM_PAGE, protections[i].prot), 0);
			ASSERT_EQ(sm_mprotect(fd, BASE, 3 * SM_PAGE, protections[j].prot), 0);
			expect_protection(fd, BASE, &protections[j]);
			expect_protection(fd, page(BASE, 1), &protections[j]);
			expect_protection(fd, page(BASE, 2), &protections[j]);
			ASSERT_EQ(sm_mprotect(fd, BASE, 3 * SM_PAGE, PROT_READ), 0);
			EXPECT_EQ(sm_verify_pages(fd, page(BASE, 1), 2, 2), 0);
		}
}

static void unknown_protection(void)
{
	int fd = machine(), bit;
	struct space before;

	map_fixed(fd, BASE, PAGES);
	before = space_of(fd);
	for (bit = 3; bit < 32; bit++)
		EXPECT_EQ(sm_mprotect(fd, BASE, SM_PAGE, PROT_READ | 1U << bit), -EINVAL);
	expect_same_space(fd, &before);
}

/* Who takes writing away and gives it back must not write to another's page. */
static void protection_does_not_undo_copy_on_write(void)
{
	int fd = machine(), child;

	map_fixed(fd, BASE, PAGES);
	ASSERT_EQ(sm_fill_pages(fd, BASE, PAGES, 1), 0);
	child = sm_fork(fd);
	ASSERT_EQ(sm_mprotect(fd, BASE, SIZE, PROT_READ), 0);
	ASSERT_EQ(sm_mprotect(fd, BASE, SIZE, PROT_RW), 0);
	ASSERT_EQ(sm_mprotect(child, BASE, SIZE, PROT_NONE), 0);
	ASSERT_EQ(sm_mprotect(child, BASE, SIZE, PROT_RW), 0);
	ASSERT_EQ(sm_fill_pages(fd, BASE, PAGES / 2, 100), 0);
	ASSERT_EQ(sm_fill_pages(child, page(BASE, PAGES / 2), PAGES / 2, 200), 0);
	EXPECT_EQ(stat_of(fd).pgcow, PAGES);
	EXPECT_EQ(sm_verify_pages(child, BASE, PAGES / 2, 1), 0);
	EXPECT_EQ(sm_verify_pages(fd, page(BASE, PAGES / 2), PAGES / 2, 1 + PAGES / 2), 0);
	EXPECT_EQ(sm_check(fd), 0);
}

static void read_only_files_stay_so(void)
{
	int fd = machine(), file = patterned_file(PAGES, 1);
	int ro = reopen(file, O_RDONLY);
	uint64_t shared = map_file(fd, ro, PAGES, PROT_READ, MAP_SHARED);
	uint64_t private = map_file(fd, ro, PAGES, PROT_READ, MAP_PRIVATE);

	EXPECT_EQ(sm_mprotect(fd, shared, SIZE, PROT_RW), -EACCES);
	EXPECT_EQ(sm_touch(fd, shared, 1, SHMSWAP_TOUCH_WRITE), -EFAULT);
	EXPECT_EQ(sm_mprotect(fd, private, SIZE, PROT_RW), 0);
	EXPECT_EQ(sm_fill_pages(fd, private, PAGES, 9), 0);
	EXPECT_EQ(sm_verify_pages(fd, shared, PAGES, 1), 0);
	EXPECT_EQ(sm_check(fd), 0);
}

/*
 * fork(2), exec(2), exit(2)
 */

/* Zero-filled pages, even if the frames were somebody's before. */
static void new_memory_is_zero(void)
{
	static const char zeros[SM_PAGE];
	int fd = machine(), round, i;
	char found[SM_PAGE];

	for (round = 0; round < 3; round++) {
		map_fixed(fd, BASE, FRAMES / 2);
		for (i = 0; i < FRAMES / 2; i++) {
			ASSERT_EQ(sm_load(fd, page(BASE, i), found, SM_PAGE), SM_PAGE);
			ASSERT(!memcmp(found, zeros, SM_PAGE));
		}
		ASSERT_EQ(sm_fill_pages(fd, BASE, FRAMES / 2, 7), 0);
		if (round)
			ASSERT_EQ(sm_munmap(fd, BASE, FRAMES / 2 * SM_PAGE), 0);
	}
}

static void expect_shared_copy_on_write(int parent, int child, uint64_t addr)
{
	struct shmswap_pte theirs = pte_of(parent, addr), ours = pte_of(child, addr);
	uint64_t both = theirs.pte & ours.pte, either = theirs.pte | ours.pte;

	EXPECT_EQ(theirs.a, ours.a);
	EXPECT_EQ(both & SHMSWAP_PTE_FOW, SHMSWAP_PTE_FOW);
	EXPECT_EQ(either & SHMSWAP_PTE_DIRTY, 0);
	EXPECT_EQ(ours.pte & SHMSWAP_PTE_ACCESSED, 0);
	EXPECT_EQ(frame_of(parent, addr).count, 2);
	EXPECT_EQ(frame_of(parent, addr).flags & SHMSWAP_PG_DIRTY, SHMSWAP_PG_DIRTY);
}

static void fork_copies_nothing(void)
{
	int fd = machine(), child, i;
	struct shmswap_stat before, after;

	map_fixed(fd, BASE, PAGES);
	ASSERT_EQ(sm_fill_pages(fd, BASE, PAGES, 1), 0);
	before = stat_of(fd);
	child = sm_fork(fd);
	ASSERT_GE(child, 0);
	after = stat_of(fd);
	EXPECT_EQ(after.nr_free_pages, before.nr_free_pages);
	EXPECT_EQ(after.pgcow, 0);
	EXPECT_EQ(after.tlb_flush_mm, before.tlb_flush_mm + 1);
	EXPECT_EQ(info_of(child).out_rss, PAGES);
	EXPECT_EQ(info_of(child).out_maj_flt + info_of(child).out_min_flt, 0);
	for (i = 0; i < PAGES; i++)
		expect_shared_copy_on_write(fd, child, page(BASE, i));
	EXPECT_EQ(sm_verify_pages(child, BASE, PAGES, 1), 0);
	EXPECT_EQ(sm_verify_pages(fd, BASE, PAGES, 1), 0);
	EXPECT_EQ(info_of(child).out_maj_flt, 0);
	EXPECT_EQ(stat_of(fd).pgcow, 0);
	EXPECT_EQ(sm_check(fd), 0);
	close(child);
	ASSERT_SOON(info_of(fd).out_nr_processes == 1);
	EXPECT_EQ(frame_of(fd, BASE).count, 1);
	EXPECT_EQ(sm_check(fd), 0);
}

/* The first store copies, the second one, of who is alone then, does not. */
static void stores_copy_once(void)
{
	int fd = machine(), child, i;
	struct shmswap_info before;

	map_fixed(fd, BASE, PAGES);
	ASSERT_EQ(sm_fill_pages(fd, BASE, PAGES, 1), 0);
	child = sm_fork(fd);
	before = info_of(child);
	for (i = 0; i < PAGES; i++) {
		int first = i % 2 ? fd : child, second = i % 2 ? child : fd;
		struct shmswap_pte kept = pte_of(second, page(BASE, i));

		ktap_context("page %d", i);
		ASSERT_EQ(sm_fill_pages(first, page(BASE, i), 1, 100), 0);
		EXPECT_EQ(stat_of(fd).pgcow, i + 1);
		EXPECT_NE(pte_of(first, page(BASE, i)).a, kept.a);
		EXPECT_EQ(pte_of(second, page(BASE, i)).a, kept.a);
		EXPECT_EQ(frame_of(first, page(BASE, i)).count, 1);
		EXPECT_EQ(frame_of(second, page(BASE, i)).count, 1);
		ASSERT_EQ(sm_verify_pages(second, page(BASE, i), 1, 1 + i), 0);
		ASSERT_EQ(sm_fill_pages(second, page(BASE, i), 1, 200), 0);
		EXPECT_EQ(stat_of(fd).pgcow, i + 1);
		EXPECT_EQ(pte_of(second, page(BASE, i)).a, kept.a);
		ASSERT_EQ(sm_verify_pages(first, page(BASE, i), 1, 100), 0);
		EXPECT_EQ(sm_check(fd), 0);
	}
	/* A copy is a minor fault: nothing was read. */
	EXPECT_EQ(info_of(child).out_maj_flt, before.out_maj_flt);
	EXPECT_GE(info_of(child).out_min_flt, before.out_min_flt + PAGES / 2);
	EXPECT_EQ(stat_of(fd).nr_free_pages, FRAMES - 2 * PAGES);
}

static void fork_shares_slots(void)
{
	int fd = machine(), child, i;

	map_fixed(fd, BASE, PAGES);
	ASSERT_EQ(sm_fill_pages(fd, BASE, PAGES, 1), 0);
	EXPECT_EQ(sm_reclaim_everything(fd), PAGES);
	for (i = 0; i < PAGES; i++)
		EXPECT_EQ(slot_users(fd, page(BASE, i)), 1);
	child = sm_fork(fd);
	for (i = 0; i < PAGES; i++)
		EXPECT_EQ(slot_users(child, page(BASE, i)), 2);
	EXPECT_EQ(stat_of(fd).nr_swap_pages, SLOTS - PAGES);
	EXPECT_EQ(sm_check(fd), 0);
	ASSERT_EQ(sm_fill_pages(child, BASE, PAGES / 2, 100), 0);
	EXPECT_EQ(sm_verify_pages(fd, BASE, PAGES, 1), 0);
	EXPECT_EQ(sm_verify_pages(child, BASE, PAGES / 2, 100), 0);
	EXPECT_EQ(sm_verify_pages(child, page(BASE, PAGES / 2), PAGES / 2, 1 + PAGES / 2), 0);
	EXPECT_EQ(sm_check(fd), 0);
	close(fd);
	ASSERT_SOON(info_of(child).out_nr_processes == 1);
	EXPECT_EQ(sm_munmap(child, BASE, SIZE), 0);
	EXPECT_EQ(stat_of(child).nr_swap_pages, SLOTS);
	EXPECT_EQ(stat_of(child).nr_free_pages, FRAMES);
	EXPECT_EQ(sm_check(child), 0);
}

#define GENERATIONS	6

/* Each writes a page of its own and knows all its ancestors' pages as they were. */
static void generations(void)
{
	int fds[GENERATIONS], i, j;

	fds[0] = machine();
	map_fixed(fds[0], BASE, GENERATIONS);
	for (i = 0; i < GENERATIONS; i++) {
		if (i)
			fds[i] = sm_fork(fds[i - 1]);
		ASSERT_EQ(sm_fill_pages(fds[i], page(BASE, i), 1, i + 1), 0);
		if (i % 2)
			ASSERT_GE(sm_reclaim_everything(fds[0]), 1);
	}
	for (i = 0; i < GENERATIONS; i++)
		for (j = 0; j < GENERATIONS; j++)
			EXPECT_EQ(sm_verify_pages(fds[i], page(BASE, j), 1, j + 1),
				  j <= i ? 0 : -EILSEQ);
	EXPECT_EQ(sm_check(fds[0]), 0);
	/* In the order in which they came: nobody needs an ancestor. */
	for (i = 0; i < GENERATIONS - 1; i++) {
		close(fds[i]);
		EXPECT_EQ(sm_verify_pages(fds[GENERATIONS - 1], BASE, GENERATIONS, 1), 0);
		EXPECT_EQ(sm_check(fds[GENERATIONS - 1]), 0);
	}
}

static void children_inherit_regions(void)
{
	int fd = machine(), file = patterned_file(PAGES, 1), child, i, nr;
	struct shmswap_vma theirs[8], ours[8];

	map_fixed(fd, BASE, PAGES);
	map_anon(fd, PAGES, SHARED_ANON);
	map_file(fd, file, PAGES, PROT_RW, MAP_SHARED);
	map_file(fd, file, PAGES, PROT_READ, MAP_PRIVATE);
	ASSERT_GT(sm_shmat(fd, sm_shmget(fd, 1, SIZE, IPC_CREAT | 0600), 0, SHM_RDONLY), 0);
	ASSERT_EQ(sm_mlock(fd, BASE, SIZE), 0);
	child = sm_fork(fd);
	nr = sm_query(fd, SHMSWAP_QUERY_VMAS, 0, theirs, 8);
	ASSERT_EQ(nr, 5);
	ASSERT_EQ(sm_query(child, SHMSWAP_QUERY_VMAS, 0, ours, 8), nr);
	for (i = 0; i < nr; i++) {
		EXPECT_EQ(ours[i].pid, info_of(child).out_pid);
		ours[i].pid = theirs[i].pid;
		theirs[i].flags &= ~SHMSWAP_VM_LOCKED;
		EXPECT(!memcmp(&ours[i], &theirs[i], sizeof(ours[i])));
	}
	EXPECT_EQ(sm_check(fd), 0);
}

static void exec_leaves_nothing(void)
{
	int fd = machine(), child;

	map_fixed(fd, BASE, PAGES);
	map_anon(fd, PAGES, SHARED_ANON);
	ASSERT_EQ(sm_fill_pages(fd, BASE, PAGES, 1), 0);
	child = sm_spawn(fd);
	ASSERT_GE(child, 0);
	EXPECT_EQ(regions_of(child), 0);
	EXPECT_EQ(info_of(child).out_rss, 0);
	EXPECT_EQ(frame_of(fd, BASE).count, 1);
	EXPECT_EQ(sm_touch(child, BASE, 1, 0), -EFAULT);
}

static void exit_gives_all_back(void)
{
	int fd = machine(), child = sm_spawn(fd), file = patterned_file(PAGES, 1), id;
	struct sm_resources before;
	uint64_t addr;

	close(child);
	ASSERT_SOON(info_of(fd).out_nr_processes == 1);
	ASSERT_EQ(sm_resources(fd, &before), 0);
	child = sm_spawn(fd);
	map_fixed(child, page(BASE, 100), PAGES);
	ASSERT_EQ(sm_fill_pages(child, page(BASE, 100), PAGES, 1), 0);
	id = segment(child);
	EXPECT_EQ(sm_shm_remove(child, id), 0);
	ASSERT_EQ(sm_fill_pages(child, BASE, PAGES, 1), 0);
	addr = map_anon(child, PAGES, SHARED_ANON);
	ASSERT_EQ(sm_fill_pages(child, addr, PAGES, 1), 0);
	EXPECT_GT(sm_reclaim_everything(fd), 2 * PAGES);
	addr = map_file(child, file, PAGES, PROT_RW, MAP_SHARED);
	ASSERT_EQ(sm_fill_pages(child, addr, PAGES / 2, 70), 0);
	ASSERT_EQ(sm_verify_pages(child, page(BASE, 100), PAGES / 2, 1), 0);
	ASSERT_EQ(sm_mlock(child, page(BASE, 100), SIZE), 0);
	close(child);
	EXPECT_SOON(sm_same_resources(fd, &before));
	EXPECT_EQ(sm_check(fd), 0);
}

/*
 * Shared anonymous memory
 */

struct writer {
	int fd;
	uint64_t addr;
};

static void rewrite_as_a_child(void *arg)
{
	const struct writer *w = arg;

	EXPECT_EQ(sm_verify_pages(w->fd, w->addr, PAGES, 1), 0);
	EXPECT_EQ(sm_fill_pages(w->fd, w->addr, PAGES, 100), 0);
}

static void shared_memory_is_shared_with_children(void)
{
	int fd = machine();
	struct writer w = { .addr = map_anon(fd, PAGES, SHARED_ANON) };
	struct shmswap_seg seg;
	struct sm_resources before;
	pid_t pid;

	ASSERT_EQ(sm_query(fd, SHMSWAP_QUERY_SEGS, 0, &seg, 1), 1);
	EXPECT_EQ(seg.ds.key, IPC_PRIVATE);
	EXPECT_EQ(seg.ds.mode, SHM_DEST);
	EXPECT_EQ(seg.ds.segsz, SIZE);
	EXPECT_EQ(seg.ds.nattch, 1);
	ASSERT_EQ(sm_fill_pages(fd, w.addr, PAGES, 1), 0);
	ASSERT_EQ(sm_resources(fd, &before), 0);
	w.fd = sm_fork(fd);
	ASSERT_EQ(sm_query(fd, SHMSWAP_QUERY_SEGS, 0, &seg, 1), 1);
	EXPECT_EQ(seg.ds.nattch, 2);
	pid = ktap_fork(rewrite_as_a_child, &w);
	close(w.fd);
	ktap_join(pid);
	EXPECT_EQ(sm_verify_pages(fd, w.addr, PAGES, 100), 0);
	EXPECT_EQ(stat_of(fd).pgcow, 0);
	EXPECT_SOON(sm_same_resources(fd, &before));
	/* The clock takes it, as any segment. */
	EXPECT_EQ(sm_reclaim_all(fd), PAGES);
	EXPECT_EQ(sm_verify_pages(fd, w.addr, PAGES, 100), 0);
	EXPECT_EQ(sm_check(fd), 0);
}

static void shared_memory_goes_with_its_last_region(void)
{
	int fd = machine(), child;
	struct sm_resources before;
	struct shmswap_vma vma;
	uint64_t addr;

	ASSERT_EQ(sm_resources(fd, &before), 0);
	addr = map_anon(fd, PAGES, SHARED_ANON);
	ASSERT_EQ(sm_query_vma(fd, addr, &vma), 0);
	EXPECT_EQ(vma.kind, SHMSWAP_VMA_SHM);
	EXPECT_EQ(vma.flags, RW_FLAGS | SHMSWAP_VM_SHARED);
	ASSERT_EQ(sm_fill_pages(fd, addr, PAGES, 1), 0);
	EXPECT_EQ(sm_munmap(fd, page(addr, 2), SM_PAGE), 0);
	child = sm_fork(fd);
	EXPECT_EQ(sm_munmap(fd, addr, SIZE), 0);
	EXPECT_EQ(stat_of(fd).shm_tot, PAGES);
	EXPECT_EQ(sm_verify_pages(child, page(addr, 3), PAGES - 3, 4), 0);
	EXPECT_EQ(sm_munmap(child, page(addr, 3), SIZE), 0);
	EXPECT_EQ(sm_verify_pages(child, addr, 2, 1), 0);
	close(child);
	EXPECT_SOON(sm_same_resources(fd, &before));
	EXPECT_EQ(sm_check(fd), 0);
}

/* Not even by who made it, and knows its identifier. */
static void shared_memory_cannot_be_attached(void)
{
	int fd = machine();
	struct shmswap_seg seg;

	ASSERT_EQ(sm_act_as(ALICE, ALICE), 0);
	map_anon(fd, PAGES, SHARED_ANON);
	ASSERT_EQ(sm_query(fd, SHMSWAP_QUERY_SEGS, 0, &seg, 1), 1);
	EXPECT_EQ(seg.ds.uid, ALICE);
	EXPECT_EQ(sm_shmat(fd, seg.shmid, 0, 0), -EACCES);
	EXPECT_EQ(sm_shmat(fd, seg.shmid, 0, SHM_RDONLY), -EACCES);
}

static void shared_memory_has_the_limits_of_segments(void)
{
	int fd = sm_create(&SM_ARG(create, .nr_frames = FRAMES, .shmall = 20, .shmmni = 2,
				   .shmmax = 16 * SM_PAGE));
	struct space before;

	ASSERT_GE(fd, 0);
	before = space_of(fd);
	EXPECT_EQ(sm_mmap(fd, 0, 16 * SM_PAGE + 1, PROT_RW, SHARED_ANON, -1, 0), -ENOMEM);
	EXPECT_EQ(sm_mmap(fd, 0, SHMSWAP_MAX_SEGSZ + 1, PROT_RW, SHARED_ANON, -1, 0), -ENOMEM);
	expect_same_space(fd, &before);
	map_anon(fd, 16, SHARED_ANON);
	before = space_of(fd);
	EXPECT_EQ(sm_mmap(fd, 0, 5 * SM_PAGE, PROT_RW, SHARED_ANON, -1, 0), -ENOMEM);
	expect_same_space(fd, &before);
	map_anon(fd, 4, SHARED_ANON);
	before = space_of(fd);
	EXPECT_EQ(sm_mmap(fd, 0, SM_PAGE, PROT_RW, SHARED_ANON, -1, 0), -ENOMEM);
	expect_same_space(fd, &before);
	/* Private memory has no part in them. */
	map_anon(fd, 100, PRIVATE_ANON);
	EXPECT_EQ(sm_check(fd), 0);
}

/*
 * Locks
 */

static void limit_locks(uint64_t pages)
{
	struct rlimit limit = { pages * SM_PAGE, RLIM_INFINITY };

	ASSERT_EQ(sm_act_as(0, 0), 0);
	ASSERT_EQ(setrlimit(RLIMIT_MEMLOCK, &limit), 0);
	ASSERT_EQ(sm_act_as(ALICE, ALICE), 0);
}

static void locks_have_a_limit(void)
{
	struct space before;
	int fd, child;

	limit_locks(0);
	fd = machine();
	map_fixed(fd, BASE, PAGES);
	before = space_of(fd);
	EXPECT_EQ(sm_mlock(fd, BASE, SM_PAGE), -EPERM);
	limit_locks(4);
	EXPECT_EQ(sm_mlock(fd, BASE, 5 * SM_PAGE), -ENOMEM);
	expect_same_space(fd, &before);
	EXPECT_EQ(sm_mlock(fd, BASE, 4 * SM_PAGE), 0);
	EXPECT_EQ(sm_mlock(fd, page(BASE, 4), SM_PAGE), -ENOMEM);
	/* What is locked already does not count twice. */
	EXPECT_EQ(sm_mlock(fd, BASE, 4 * SM_PAGE), 0);
	EXPECT_EQ(sm_mlock(fd, page(BASE, 1), 2 * SM_PAGE), 0);
	EXPECT_EQ(sm_munlock(fd, page(BASE, 1), SM_PAGE), 0);
	EXPECT_EQ(sm_mlock(fd, page(BASE, 7), SM_PAGE), 0);
	EXPECT_EQ(sm_mlock(fd, page(BASE, 1), SM_PAGE), -ENOMEM);
	/* What is unmapped is not locked any more. */
	EXPECT_EQ(sm_munmap(fd, BASE, SM_PAGE), 0);
	EXPECT_EQ(sm_mlock(fd, page(BASE, 1), SM_PAGE), 0);
	/* What a child has never was, but all of a user's processes count. */
	child = sm_fork(fd);
	EXPECT_EQ(sm_mlock(child, page(BASE, 1), SM_PAGE), -ENOMEM);
	EXPECT_EQ(sm_munlock(fd, page(BASE, 1), 3 * SM_PAGE), 0);
	EXPECT_EQ(sm_mlock(child, page(BASE, 1), 3 * SM_PAGE), 0);
	EXPECT_EQ(sm_mlock(child, page(BASE, 5), SM_PAGE), -ENOMEM);
	/* Some take no account of it. */
	ASSERT_EQ(sm_act_as(0, 0), 0);
	EXPECT_EQ(sm_mlock(fd, page(BASE, 1), 7 * SM_PAGE), 0);
	EXPECT_EQ(sm_check(fd), 0);
}

static void locks_are_rounded(void)
{
	int fd = machine();

	map_fixed(fd, BASE, PAGES);
	EXPECT_EQ(sm_mlock(fd, page(BASE, 3) - 1, 2), 0);
	expect_vma(fd, page(BASE, 2), 2, RW_FLAGS | SHMSWAP_VM_LOCKED);
	EXPECT_EQ(info_of(fd).out_rss, 2);
	EXPECT_EQ(sm_munlock(fd, page(BASE, 2) + 5, 1), 0);
	expect_vma(fd, page(BASE, 3), 1, RW_FLAGS | SHMSWAP_VM_LOCKED);
}

/* They are brought into memory, and stay. */
static void locked_pages_stay(void)
{
	int fd = machine(), i;

	map_fixed(fd, BASE, PAGES);
	ASSERT_EQ(sm_fill_pages(fd, BASE, PAGES, 1), 0);
	EXPECT_EQ(sm_reclaim_everything(fd), PAGES);
	EXPECT_EQ(sm_mlock(fd, page(BASE, 2), 3 * SM_PAGE), 0);
	for (i = 2; i < 5; i++)
		EXPECT_EQ(pte_of(fd, page(BASE, i)).kind, SHMSWAP_PTE_PRESENT);
	EXPECT_EQ(sm_verify_pages(fd, BASE, PAGES, 1), 0);
	EXPECT_EQ(sm_reclaim_everything(fd), PAGES - 3);
	for (i = 0; i < PAGES; i++)
		EXPECT_EQ(pte_of(fd, page(BASE, i)).kind,
			  i >= 2 && i < 5 ? SHMSWAP_PTE_PRESENT : SHMSWAP_PTE_SWAP);
	EXPECT_EQ(sm_munlock(fd, page(BASE, 2), 3 * SM_PAGE), 0);
	EXPECT_EQ(sm_reclaim_everything(fd), 3);
	EXPECT_EQ(sm_verify_pages(fd, BASE, PAGES, 1), 0);
	EXPECT_EQ(sm_check(fd), 0);
}

/* The clock minds SHM_LOCK alone. */
static void locked_attaches_are_the_clocks(void)
{
	int fd = machine(), id = segment(fd);

	EXPECT_EQ(sm_mlock(fd, BASE, SIZE), 0);
	EXPECT_EQ(ds_of(fd, id).rss, PAGES);
	EXPECT_EQ(sm_reclaim_all(fd), PAGES);
	ASSERT_EQ(sm_shm_lock(fd, id), 0);
	ASSERT_EQ(sm_touch(fd, BASE, PAGES, 0), 0);
	EXPECT_EQ(sm_reclaim_all(fd), 0);
}

/* The lock is there, even if a page cannot come. */
static void locks_of_what_cannot_come(void)
{
	int fd = sm_machine(FRAMES, 0, 0), file = patterned_file(2, 1);
	uint64_t addr = map_anon(fd, 2, PRIVATE_ANON);
	uint64_t large = map_anon(fd, 2 * FRAMES, PRIVATE_ANON);
	uint64_t behind = map_file(fd, file, 4, PROT_READ, MAP_PRIVATE);

	ASSERT_EQ(sm_mprotect(fd, addr, 2 * SM_PAGE, PROT_NONE), 0);
	EXPECT_EQ(sm_mlock(fd, addr, 2 * SM_PAGE), -EFAULT);
	expect_vma(fd, addr, 2, SHMSWAP_VM_MAYWRITE | SHMSWAP_VM_LOCKED);
	EXPECT_EQ(sm_mlock(fd, behind, 4 * SM_PAGE), -EIO);
	expect_vma(fd, behind, 4, SHMSWAP_VM_READ | SHMSWAP_VM_MAYWRITE | SHMSWAP_VM_LOCKED);
	EXPECT_EQ(sm_mlock(fd, large, 2 * FRAMES * SM_PAGE), -ENOMEM);
	expect_vma(fd, large, 2 * FRAMES, RW_FLAGS | SHMSWAP_VM_LOCKED);
	EXPECT_EQ(sm_check(fd), 0);
	EXPECT_EQ(sm_munmap(fd, large, 2 * FRAMES * SM_PAGE), 0);
	EXPECT_EQ(sm_fill_pages(fd, map_anon(fd, PAGES, PRIVATE_ANON), PAGES, 1), 0);
}

/*
 * Reserved memory
 */

static void reserved_memory_stays(void)
{
	int fd = machine(), child;
	uint64_t addr = map_anon(fd, PAGES, PRIVATE_ANON | SHMSWAP_MAP_RESERVED);
	uint64_t other = map_anon(fd, PAGES, PRIVATE_ANON);
	struct shmswap_vma vma;

	ASSERT_EQ(sm_fill_pages(fd, addr, PAGES, 1), 0);
	ASSERT_EQ(sm_fill_pages(fd, other, PAGES, 50), 0);
	ASSERT_EQ(sm_query_vma(fd, addr, &vma), 0);
	EXPECT_EQ(vma.flags, RW_FLAGS | SHMSWAP_VM_RESERVED);
	EXPECT_EQ(sm_reclaim_everything(fd), PAGES);
	EXPECT_EQ(info_of(fd).out_rss, PAGES);
	child = sm_fork(fd);
	ASSERT_EQ(sm_fill_pages(child, addr, PAGES / 2, 100), 0);
	EXPECT_GE(sm_reclaim_everything(fd), 0);
	EXPECT_EQ(sm_verify_pages(fd, addr, PAGES, 1), 0);
	EXPECT_EQ(sm_verify_pages(child, addr, PAGES / 2, 100), 0);
	EXPECT_EQ(sm_check(fd), 0);
	close(child);
	EXPECT_EQ(sm_munmap(fd, addr, SIZE), 0);
	EXPECT_EQ(sm_munmap(fd, other, SIZE), 0);
	EXPECT_SOON(stat_of(fd).nr_free_pages == FRAMES);
}

static void reserved_memory_is_for_the_owner(void)
{
	int fd = machine(), own;
	struct space before;

	ASSERT_EQ(sm_act_as(ALICE, ALICE), 0);
	own = machine();
	EXPECT_GT(sm_mmap(own, 0, SIZE, PROT_RW, PRIVATE_ANON | SHMSWAP_MAP_RESERVED, -1, 0), 0);
	before = space_of(own);
	EXPECT_EQ(sm_mmap(fd, 0, SIZE, PROT_RW, PRIVATE_ANON | SHMSWAP_MAP_RESERVED, -1, 0),
		  -EPERM);
	ASSERT_EQ(sm_act_as(BOB, BOB), 0);
	EXPECT_EQ(sm_mmap(own, 0, SIZE, PROT_RW, PRIVATE_ANON | SHMSWAP_MAP_RESERVED, -1, 0),
		  -EPERM);
	ASSERT_EQ(sm_act_as(ALICE, ALICE), 0);
	expect_same_space(own, &before);
}

int main(int argc, char **argv)
{
	static const struct ktap_case cases[] = {
		KTAP_CASE(chosen_addresses),
		KTAP_CASE(found_addresses_are_free),
		KTAP_CASE(huge_regions),
		KTAP_CASE(bad_arguments_of_mmap),
		KTAP_CASE(bad_ranges_of_all_calls),
		KTAP_CASE(ranges_with_gaps),
		KTAP_CASE(ranges_without_length),
		KTAP_CASE(modes_of_files),
		KTAP_CASE(files_that_are_none),
		KTAP_CASE(files_of_proc),
		KTAP_CASE(swap_files_are_busy),
		KTAP_CASE(append_only_files),
		KTAP_CASE(holes_and_trimming),
		KTAP_CASE(transfers_stop_at_the_end),
		KTAP_CASE(neighbours_merge),
		KTAP_CASE(strangers_do_not_merge),
		KTAP_CASE(many_regions),
		KTAP_CASE(pieces_of_attaches_count),
		KTAP_CASE(trimming_an_attach),
		KTAP_CASE(doomed_segments_wait_for_all_pieces),
		KTAP_CASE(read_only_attaches_stay_so),
		KTAP_CASE(mprotect_does_all_or_nothing),
		KTAP_CASE(protection_is_enforced),
		KTAP_CASE(unknown_protection),
		KTAP_CASE(protection_does_not_undo_copy_on_write),
		KTAP_CASE(read_only_files_stay_so),
		KTAP_CASE(new_memory_is_zero),
		KTAP_CASE(fork_copies_nothing),
		KTAP_CASE(stores_copy_once),
		KTAP_CASE(fork_shares_slots),
		KTAP_CASE(generations),
		KTAP_CASE(children_inherit_regions),
		KTAP_CASE(exec_leaves_nothing),
		KTAP_CASE(exit_gives_all_back),
		KTAP_CASE(shared_memory_is_shared_with_children),
		KTAP_CASE(shared_memory_goes_with_its_last_region),
		KTAP_CASE(shared_memory_cannot_be_attached),
		KTAP_CASE(shared_memory_has_the_limits_of_segments),
		KTAP_CASE(locks_have_a_limit),
		KTAP_CASE(locks_are_rounded),
		KTAP_CASE(locked_pages_stay),
		KTAP_CASE(locked_attaches_are_the_clocks),
		KTAP_CASE(locks_of_what_cannot_come),
		KTAP_CASE(reserved_memory_stays),
		KTAP_CASE(reserved_memory_is_for_the_owner),
	};

	return ktap_run(argc, argv, cases, ARRAY_SIZE(cases));
}
