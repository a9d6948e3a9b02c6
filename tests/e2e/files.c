// SPDX-License-Identifier: GPL-2.0
/* e2e: timeout=120 */
/*
 * Regions of files: what is discarded and read again, what is written back and
 * when, who shares a page, and that nothing is lost or invented when the file
 * is short, sparse, sealed, truncated, or cannot be read or written.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "ktap.h"
#include "libblk.h"
#include "libcase.h"
#include "libshm.h"

#ifndef F_SEAL_FUTURE_WRITE
#define F_SEAL_FUTURE_WRITE	0x0010
#endif

#define FRAMES		128
#define SLOTS		128
#define PAGES		8
#define SIZE		(PAGES * SM_PAGE)

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

static uint64_t size_of(int file)
{
	struct stat st;

	ASSERT_EQ(fstat(file, &st), 0);
	return st.st_size;
}

static void expect_file(int file, uint32_t first, uint32_t pages, uint64_t seed)
{
	uint32_t i;

	for (i = 0; i < pages; i++)
		EXPECT(file_has(file, first + i, seed + i));
}

/*
 * What is discarded
 */

/* It needs no swap at all: the machine has none. */
static void text_is_discarded_and_read_again(void)
{
	int fd = sm_machine(FRAMES, 0, 0), file = patterned_file(PAGES, 1);
	uint64_t addr = map_file(fd, file, PAGES, PROT_READ | PROT_EXEC, MAP_PRIVATE);
	struct shmswap_page frame;
	struct shmswap_stat stat;
	struct stat st;
	int round, i;

	ASSERT_EQ(fstat(file, &st), 0);
	for (round = 1; round <= 3; round++) {
		ktap_context("round %d", round);
		EXPECT_EQ(sm_verify_pages(fd, addr, PAGES, 1), 0);
		stat = stat_of(fd);
		EXPECT_EQ(stat.pgpgin, round * PAGES);
		EXPECT_EQ(stat.nr_file_pages, PAGES);
		EXPECT_EQ(info_of(fd).out_maj_flt, round * PAGES);
		frame = frame_of(fd, addr);
		EXPECT_EQ(frame.count, 2);
		EXPECT_EQ(frame.flags & SHMSWAP_PG_FILE, SHMSWAP_PG_FILE);
		EXPECT_EQ(frame.ino, st.st_ino);
		EXPECT_EQ(sm_check(fd), 0);

		EXPECT_EQ(sm_reclaim_everything(fd), PAGES);
		stat = stat_of(fd);
		EXPECT_EQ(stat.pgdiscard, round * PAGES);
		EXPECT_EQ(stat.nr_file_pages, 0);
		EXPECT_EQ(stat.nr_free_pages, FRAMES);
		EXPECT_EQ(stat.pgpgout + stat.pswpout, 0);
		for (i = 0; i < PAGES; i++)
			EXPECT_EQ(pte_of(fd, page(addr, i)).kind, 0);
		EXPECT_EQ(info_of(fd).out_rss, 0);
		EXPECT_EQ(sm_check(fd), 0);
	}
}

static void locked_text_stays(void)
{
	int fd = machine(), file = patterned_file(PAGES, 1);
	uint64_t addr = map_file(fd, file, PAGES, PROT_READ, MAP_PRIVATE);

	EXPECT_EQ(sm_mlock(fd, addr, 2 * SM_PAGE), 0);
	EXPECT_EQ(sm_verify_pages(fd, addr, PAGES, 1), 0);
	EXPECT_EQ(sm_reclaim_everything(fd), PAGES - 2);
	EXPECT_EQ(info_of(fd).out_rss, 2);
	EXPECT_EQ(sm_verify_pages(fd, addr, 2, 1), 0);
	EXPECT_EQ(stat_of(fd).pgpgin, PAGES);
}

/* Pages outlive their regions as long as another region of the file exists. */
static void pages_are_kept_for_other_regions(void)
{
	int fd = machine(), file = patterned_file(PAGES, 1);
	uint64_t first = map_file(fd, file, PAGES, PROT_READ, MAP_PRIVATE);
	uint64_t second = map_file(fd, file, PAGES, PROT_READ, MAP_SHARED);

	EXPECT_EQ(sm_verify_pages(fd, first, PAGES, 1), 0);
	EXPECT_EQ(sm_munmap(fd, first, SIZE), 0);
	EXPECT_EQ(stat_of(fd).nr_file_pages, PAGES);
	EXPECT_EQ(sm_verify_pages(fd, second, PAGES, 1), 0);
	EXPECT_EQ(stat_of(fd).pgpgin, PAGES);
	EXPECT_EQ(info_of(fd).out_min_flt, PAGES);
	EXPECT_EQ(sm_munmap(fd, second, SIZE), 0);
	EXPECT_EQ(stat_of(fd).nr_file_pages, 0);
	EXPECT_EQ(stat_of(fd).nr_free_pages, FRAMES);
	EXPECT_EQ(sm_check(fd), 0);
}

/* The file itself, too: nothing else holds it, and nothing longer than that. */
static void regions_keep_their_file(void)
{
	int fd = machine(), file;
	uint64_t addr;

	blk_private_mounts();
	blk_mount_tmpfs(32);
	file = open("/mnt/file", O_RDWR | O_CREAT, 0600);
	ASSERT_EQ(ftruncate(file, SIZE), 0);
	addr = map_file(fd, file, PAGES, PROT_RW, MAP_SHARED);
	close(file);
	ASSERT_EQ(sm_fill_pages(fd, addr, PAGES, 1), 0);
	EXPECT_EQ(umount("/mnt"), -1);
	EXPECT_EQ(sm_munmap(fd, addr, SIZE), 0);
	file = open("/mnt/file", O_RDONLY);
	expect_file(file, 0, PAGES, 1);
	close(file);
	EXPECT_EQ(umount("/mnt"), 0);
}

static void offsets_choose_pages(void)
{
	int fd = machine(), file = patterned_file(PAGES, 1);
	uint64_t whole = map_file(fd, file, PAGES, PROT_RW, MAP_SHARED);
	int64_t part = sm_mmap(fd, 0, 3 * SM_PAGE, PROT_RW, MAP_SHARED, file, 4 * SM_PAGE);

	ASSERT_GT(part, 0);
	EXPECT_EQ(sm_verify_pages(fd, part, 3, 5), 0);
	EXPECT_EQ(sm_fill_pages(fd, part, 3, 100), 0);
	EXPECT_EQ(sm_verify_pages(fd, page(whole, 4), 3, 100), 0);
	EXPECT_EQ(pte_of(fd, part).a, pte_of(fd, page(whole, 4)).a);
	EXPECT_EQ(frame_of(fd, part).count, 3);
	EXPECT_EQ(frame_of(fd, part).index, 4);
	EXPECT_EQ(sm_munmap(fd, whole, SIZE), 0);
	EXPECT_EQ(sm_munmap(fd, part, 3 * SM_PAGE), 0);
	expect_file(file, 0, 4, 1);
	expect_file(file, 4, 3, 100);
	expect_file(file, 7, 1, 8);
}

/*
 * What is written back, and when
 */

static void by_msync(int *fd, uint64_t addr)
{
	EXPECT_EQ(sm_msync(*fd, addr, SIZE), 0);
}

static void by_munmap(int *fd, uint64_t addr)
{
	EXPECT_EQ(sm_munmap(*fd, addr, SIZE), 0);
}

static void by_pieces(int *fd, uint64_t addr)
{
	EXPECT_EQ(sm_munmap(*fd, page(addr, 2), 3 * SM_PAGE), 0);
	EXPECT_EQ(sm_munmap(*fd, addr, 2 * SM_PAGE), 0);
	EXPECT_EQ(sm_munmap(*fd, page(addr, 5), 3 * SM_PAGE), 0);
}

static void by_mmap(int *fd, uint64_t addr)
{
	EXPECT_EQ(sm_mmap(*fd, addr, SIZE, PROT_RW, PRIVATE_ANON | MAP_FIXED, -1, 0), addr);
}

static void by_exit(int *fd, uint64_t addr)
{
	int other = sm_spawn(*fd);

	(void)addr;
	close(*fd);
	*fd = other;
	EXPECT_SOON(info_of(other).out_nr_processes == 1);
}

static void wait_for_death(void *arg)
{
	(void)arg;
	pause();
}

static void by_kill(int *fd, uint64_t addr)
{
	int other = sm_spawn(*fd);
	pid_t pid = ktap_fork(wait_for_death, NULL);

	(void)addr;
	close(*fd);
	*fd = other;
	kill(pid, SIGKILL);
	ktap_join_killed(pid, SIGKILL);
	EXPECT_SOON(info_of(other).out_nr_processes == 1);
}

static void by_reclaim(int *fd, uint64_t addr)
{
	EXPECT_EQ(sm_reclaim_everything(*fd), PAGES);
	EXPECT_EQ(stat_of(*fd).pswpout, 0);
	EXPECT_EQ(pte_of(*fd, addr).kind, 0);
}

static void stores_reach_the_file(void)
{
	static const struct {
		const char *name;
		void (*way)(int *fd, uint64_t addr);
	} ways[] = {
		{ "msync", by_msync }, { "munmap", by_munmap }, { "munmap in pieces", by_pieces },
		{ "mmap", by_mmap }, { "exit", by_exit }, { "kill", by_kill },
		{ "reclaim", by_reclaim },
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(ways); i++) {
		int fd = machine(), file = patterned_file(PAGES, 1);
		uint64_t addr = map_file(fd, file, PAGES, PROT_RW, MAP_SHARED);

		ktap_context("%s", ways[i].name);
		/* Not the last page. */
		ASSERT_EQ(sm_fill_pages(fd, addr, PAGES - 1, 100), 0);
		ASSERT_EQ(sm_verify_pages(fd, page(addr, PAGES - 1), 1, PAGES), 0);
		ways[i].way(&fd, addr);
		expect_file(file, 0, PAGES - 1, 100);
		expect_file(file, PAGES - 1, 1, PAGES);
		EXPECT_EQ(size_of(file), SIZE);
		EXPECT_EQ(stat_of(fd).pgpgout, PAGES - 1);
		EXPECT_EQ(sm_check(fd), 0);
		close(file);
		close(fd);
	}
}

/* The machine goes with its last process, but not before the file has all. */
static void the_end_of_a_machine(void)
{
	int fd = machine(), file = patterned_file(PAGES, 1);
	uint64_t addr = map_file(fd, file, PAGES, PROT_RW, MAP_SHARED);

	ASSERT_EQ(sm_fill_pages(fd, addr, PAGES, 100), 0);
	close(fd);
	EXPECT_SOON(file_has(file, PAGES - 1, 100 + PAGES - 1));
	expect_file(file, 0, PAGES, 100);
}

/* It is about write(2): memory that goes back to where it came from is not counted. */
static void the_limit_of_file_sizes(void)
{
	struct rlimit none = { 0, RLIM_INFINITY };
	int fd = machine(), file = patterned_file(PAGES, 1);
	uint64_t addr = map_file(fd, file, PAGES, PROT_RW, MAP_SHARED);

	ASSERT_EQ(setrlimit(RLIMIT_FSIZE, &none), 0);
	ASSERT_EQ(sm_fill_pages(fd, addr, PAGES, 100), 0);
	EXPECT_EQ(sm_msync(fd, addr, SIZE / 2), 0);
	expect_file(file, 0, PAGES / 2, 100);
	EXPECT_EQ(sm_munmap(fd, addr, SIZE), 0);
	expect_file(file, 0, PAGES, 100);
}

/* What is clean is not written; what is written again after that, is. */
static void msync_writes_what_is_dirty(void)
{
	int fd = machine(), file = patterned_file(PAGES, 1), child;
	uint64_t addr = map_file(fd, file, PAGES, PROT_RW, MAP_SHARED);

	ASSERT_EQ(sm_fill_pages(fd, addr, PAGES, 100), 0);
	EXPECT_EQ(sm_msync(fd, page(addr, 2), 2 * SM_PAGE), 0);
	EXPECT_EQ(stat_of(fd).pgpgout, 2);
	expect_file(file, 2, 2, 102);
	EXPECT_EQ(sm_msync(fd, page(addr, 2), 2 * SM_PAGE), 0);
	EXPECT_EQ(stat_of(fd).pgpgout, 2);
	ASSERT_EQ(sm_fill_pages(fd, page(addr, 3), 1, 200), 0);
	EXPECT_EQ(sm_msync(fd, addr, SIZE), 0);
	EXPECT_EQ(stat_of(fd).pgpgout, 2 + PAGES - 2 + 1);
	expect_file(file, 3, 1, 200);

	/* A child's pages are as clean as its parent's, and as writable. */
	child = sm_fork(fd);
	EXPECT_EQ(sm_msync(child, addr, SIZE), 0);
	EXPECT_EQ(stat_of(fd).pgpgout, PAGES + 1);
	ASSERT_EQ(sm_fill_pages(child, addr, 1, 300), 0);
	EXPECT_EQ(sm_msync(child, addr, SIZE), 0);
	expect_file(file, 0, 1, 300);
	EXPECT_EQ(sm_verify_pages(fd, addr, 1, 300), 0);
	EXPECT_EQ(stat_of(fd).pgpgout, PAGES + 2);
	EXPECT_EQ(stat_of(fd).pgcow, 0);
	EXPECT_EQ(sm_check(fd), 0);
}

/* Dirty for two processes: it is enough that one of them goes, or that both do. */
static void dirty_in_two_processes(void)
{
	int fd = machine(), file = patterned_file(PAGES, 1);
	uint64_t addr = map_file(fd, file, PAGES, PROT_RW, MAP_SHARED);
	int child = sm_fork(fd);

	ASSERT_EQ(sm_fill_pages(fd, addr, PAGES / 2, 100), 0);
	ASSERT_EQ(sm_fill_pages(child, page(addr, 2), PAGES / 2, 200), 0);
	EXPECT_EQ(sm_munmap(child, addr, SIZE), 0);
	EXPECT_EQ(sm_verify_pages(fd, page(addr, 2), PAGES / 2, 200), 0);
	EXPECT_GT(sm_reclaim_everything(fd), 0);
	expect_file(file, 0, 2, 100);
	expect_file(file, 2, PAGES / 2, 200);
	expect_file(file, 6, 2, 7);
	EXPECT_EQ(sm_verify_pages(fd, page(addr, 2), PAGES / 2, 200), 0);
	EXPECT_EQ(sm_check(fd), 0);
}

/*
 * Who shares a page
 */

struct neighbour {
	int fd;
	uint64_t addr;
};

static void answer(void *arg)
{
	const struct neighbour *n = arg;

	EXPECT_EQ(sm_verify_pages(n->fd, n->addr, PAGES, 100), 0);
	EXPECT_EQ(sm_fill_pages(n->fd, n->addr, PAGES, 200), 0);
}

/* Each opened the file for itself, and has it elsewhere. */
static void two_processes_on_one_file(void)
{
	int fd = machine(), file = patterned_file(PAGES, 1), again;
	uint64_t addr = map_file(fd, file, PAGES, PROT_RW, MAP_SHARED);
	struct neighbour n = { .fd = sm_spawn(fd) };
	char path[40];

	sprintf(path, "/proc/self/fd/%d", file);
	again = open(path, O_RDWR | O_CLOEXEC);
	map_anon(n.fd, 3, PRIVATE_ANON);
	n.addr = map_file(n.fd, again, PAGES, PROT_RW, MAP_SHARED);
	ASSERT_EQ(sm_fill_pages(fd, addr, PAGES, 100), 0);
	ktap_join(ktap_fork(answer, &n));
	EXPECT_EQ(sm_verify_pages(fd, addr, PAGES, 200), 0);
	EXPECT_EQ(pte_of(n.fd, n.addr).a, pte_of(fd, addr).a);
	EXPECT_EQ(frame_of(fd, addr).count, 3);
	EXPECT_EQ(stat_of(fd).nr_file_pages, PAGES);
	EXPECT_EQ(stat_of(fd).pgpgin, PAGES);
	EXPECT_EQ(sm_check(fd), 0);
	close(n.fd);
	EXPECT_SOON(frame_of(fd, addr).count == 2);
	EXPECT_EQ(sm_check(fd), 0);
}

/* Machines know nothing of each other: what one wrote, the other reads in the file. */
static void two_machines_on_one_file(void)
{
	int one = machine(), two = machine(), file = patterned_file(PAGES, 1);
	uint64_t here = map_file(one, file, PAGES, PROT_RW, MAP_SHARED);
	uint64_t there = map_file(two, file, PAGES, PROT_RW, MAP_SHARED);

	ASSERT_EQ(sm_fill_pages(one, here, PAGES, 100), 0);
	EXPECT_EQ(sm_msync(one, here, SIZE), 0);
	EXPECT_EQ(sm_verify_pages(two, there, PAGES, 100), 0);
	EXPECT_EQ(sm_check(one), 0);
	EXPECT_EQ(sm_check(two), 0);
}

/* Until it is written, a private page is the file's. */
static void private_stores_stay_private(void)
{
	int fd = machine(), file = patterned_file(PAGES, 1), child;
	uint64_t shared = map_file(fd, file, PAGES, PROT_RW, MAP_SHARED);
	uint64_t private = map_file(fd, file, PAGES, PROT_RW, MAP_PRIVATE);

	EXPECT_EQ(sm_verify_pages(fd, private, PAGES, 1), 0);
	ASSERT_EQ(sm_fill_pages(fd, private, 2, 100), 0);
	EXPECT_EQ(stat_of(fd).pgcow, 2);
	ASSERT_EQ(sm_fill_pages(fd, shared, 4, 200), 0);
	EXPECT_EQ(sm_verify_pages(fd, private, 2, 100), 0);
	EXPECT_EQ(sm_verify_pages(fd, page(private, 2), 2, 202), 0);
	EXPECT_EQ(frame_of(fd, private).flags & SHMSWAP_PG_FILE, 0);
	EXPECT_EQ(frame_of(fd, page(private, 2)).count, 3);

	/* To swap they go, not to the file. */
	child = sm_fork(fd);
	EXPECT_EQ(sm_msync(fd, private, SIZE), 0);
	EXPECT_GT(sm_reclaim_everything(fd), PAGES);
	EXPECT_EQ(stat_of(fd).pswpout, 2);
	EXPECT_EQ(slot_users(fd, private), 2);
	expect_file(file, 0, 4, 200);
	expect_file(file, 4, 4, 5);
	EXPECT_EQ(sm_verify_pages(child, private, 2, 100), 0);
	EXPECT_EQ(sm_verify_pages(fd, private, 2, 100), 0);
	EXPECT_EQ(sm_verify_pages(fd, page(private, 4), 4, 5), 0);
	EXPECT_EQ(sm_check(fd), 0);
	EXPECT_EQ(sm_munmap(fd, private, SIZE), 0);
	expect_file(file, 0, 4, 200);
}

/* A store that comes first reads the page and copies it at once. */
static void a_private_store_to_an_untouched_page(void)
{
	int fd = machine(), file = patterned_file(PAGES, 1);
	uint64_t addr = map_file(fd, file, PAGES, PROT_RW, MAP_PRIVATE);
	char found[SM_PAGE], want[SM_PAGE];

	sm_fill(want, SM_PAGE, 3);
	want[100] = 'x';
	EXPECT_EQ(sm_store(fd, page(addr, 2) + 100, "x", 1), 1);
	EXPECT_EQ(sm_load(fd, page(addr, 2), found, SM_PAGE), SM_PAGE);
	EXPECT(!memcmp(found, want, SM_PAGE));
	EXPECT_EQ(stat_of(fd).pgcow, 1);
	expect_file(file, 2, 1, 3);
	EXPECT_EQ(sm_reclaim_everything(fd), 2);
	EXPECT_EQ(sm_load(fd, page(addr, 2), found, SM_PAGE), SM_PAGE);
	EXPECT(!memcmp(found, want, SM_PAGE));
}

/*
 * Where the file ends
 */

#define HALF	(SM_PAGE / 2)

/* Two pages and a half. */
static int short_file(void)
{
	int file = patterned_file(3, 1);

	ASSERT_EQ(ftruncate(file, 2 * SM_PAGE + HALF), 0);
	return file;
}

static void expect_zeros(const char *bytes, size_t len)
{
	size_t i;

	for (i = 0; i < len && !bytes[i]; i++)
		;
	EXPECT_EQ(i, len);
}

/* The rest of the last page reads as zeros and is not written. */
static void the_last_page(void)
{
	int fd = machine(), file = short_file();
	uint64_t addr = map_file(fd, file, 3, PROT_RW, MAP_SHARED);
	char bytes[SM_PAGE];

	ASSERT_EQ(sm_load(fd, page(addr, 2), bytes, SM_PAGE), SM_PAGE);
	EXPECT(sm_filled(bytes, HALF, 3));
	expect_zeros(bytes + HALF, HALF);
	ASSERT_EQ(sm_fill_pages(fd, addr, 3, 100), 0);
	EXPECT_EQ(sm_msync(fd, addr, 3 * SM_PAGE), 0);
	EXPECT_EQ(size_of(file), 2 * SM_PAGE + HALF);
	EXPECT_EQ(sm_munmap(fd, addr, 3 * SM_PAGE), 0);
	EXPECT_EQ(size_of(file), 2 * SM_PAGE + HALF);
	ASSERT_EQ(ftruncate(file, 3 * SM_PAGE), 0);
	ASSERT_EQ(pread(file, bytes, SM_PAGE, 2 * SM_PAGE), SM_PAGE);
	EXPECT(sm_filled(bytes, HALF, 102));
	expect_zeros(bytes + HALF, HALF);
	EXPECT_EQ(sm_check(fd), 0);
}

static void behind_the_end(void)
{
	int fd = machine(), file = short_file();
	uint64_t addr = map_file(fd, file, PAGES, PROT_RW, MAP_SHARED);
	char bytes[4 * SM_PAGE];

	EXPECT_EQ(sm_touch(fd, page(addr, 3), 1, 0), -EIO);
	EXPECT_EQ(sm_touch(fd, page(addr, 3), 1, SHMSWAP_TOUCH_WRITE), -EIO);
	EXPECT_EQ(sm_load(fd, page(addr, 7), bytes, 1), -EIO);
	EXPECT_EQ(sm_store(fd, page(addr, 7), bytes, 1), -EIO);
	EXPECT_EQ(sm_load(fd, page(addr, 1), bytes, 4 * SM_PAGE), 2 * SM_PAGE);
	EXPECT_EQ(stat_of(fd).nr_file_pages, 2);
	EXPECT_EQ(size_of(file), 2 * SM_PAGE + HALF);
	EXPECT_EQ(sm_check(fd), 0);
	/* The file grows, and so does what can be reached. */
	ASSERT_EQ(ftruncate(file, SIZE), 0);
	EXPECT_EQ(sm_fill_pages(fd, page(addr, 3), 5, 100), 0);
	EXPECT_EQ(sm_msync(fd, addr, SIZE), 0);
	expect_file(file, 3, 5, 100);
}

/* What was stored to pages that are gone is gone, and the file stays short. */
static void truncated_while_mapped(void)
{
	int fd = machine(), file = patterned_file(PAGES, 1), ret;
	uint64_t addr = map_file(fd, file, PAGES, PROT_RW, MAP_SHARED);

	ASSERT_EQ(sm_fill_pages(fd, addr, PAGES, 100), 0);
	ASSERT_EQ(ftruncate(file, 2 * SM_PAGE + HALF), 0);
	ret = sm_msync(fd, addr, SIZE);
	if (ret != -EIO)
		EXPECT_EQ(ret, 0);
	EXPECT_EQ(size_of(file), 2 * SM_PAGE + HALF);
	expect_file(file, 0, 2, 100);
	ASSERT_EQ(sm_fill_pages(fd, addr, 2, 200), 0);
	EXPECT_GE(sm_reclaim_everything(fd), 2);
	EXPECT_EQ(sm_check(fd), 0);
	EXPECT_EQ(sm_munmap(fd, addr, SIZE), 0);
	EXPECT_EQ(size_of(file), 2 * SM_PAGE + HALF);
	expect_file(file, 0, 2, 200);
	EXPECT_EQ(stat_of(fd).nr_free_pages, FRAMES);
	EXPECT_EQ(sm_check(fd), 0);
}

static void emptied_while_mapped(void)
{
	int fd = machine(), file = patterned_file(PAGES, 1);
	uint64_t addr = map_file(fd, file, PAGES, PROT_RW, MAP_SHARED);

	ASSERT_EQ(sm_fill_pages(fd, addr, PAGES / 2, 100), 0);
	ASSERT_EQ(ftruncate(file, 0), 0);
	EXPECT_EQ(sm_touch(fd, page(addr, PAGES - 1), 1, 0), -EIO);
	EXPECT_EQ(sm_munmap(fd, addr, SIZE), 0);
	EXPECT_EQ(size_of(file), 0);
	EXPECT_EQ(stat_of(fd).nr_free_pages, FRAMES);
	EXPECT_EQ(sm_check(fd), 0);
}

/* A hole reads as zeros and stays one, but for what is written. */
static void holes(void)
{
	int fd = machine(), file = sm_file(0);
	uint64_t addr, blocks;
	char bytes[SM_PAGE];
	struct stat st;
	int i;

	ASSERT_EQ(ftruncate(file, 64 * SM_PAGE), 0);
	addr = map_file(fd, file, 64, PROT_RW, MAP_SHARED);
	for (i = 0; i < 64; i++) {
		ASSERT_EQ(sm_load(fd, page(addr, i), bytes, SM_PAGE), SM_PAGE);
		expect_zeros(bytes, SM_PAGE);
	}
	ASSERT_EQ(fstat(file, &st), 0);
	blocks = st.st_blocks;
	ASSERT_EQ(sm_fill_pages(fd, page(addr, 5), 1, 100), 0);
	EXPECT_EQ(sm_msync(fd, addr, 64 * SM_PAGE), 0);
	expect_file(file, 5, 1, 100);
	ASSERT_EQ(fstat(file, &st), 0);
	EXPECT_EQ(st.st_size, 64 * SM_PAGE);
	EXPECT_LT(st.st_blocks, blocks + 64 * SM_PAGE / 512);
}

/*
 * Files that are written in another way than usual
 */

/* A page has its place, however the file was opened. */
static void opened_to_append(void)
{
	int fd = machine(), file = patterned_file(PAGES, 1), append;
	char path[40];
	int64_t addr;

	sprintf(path, "/proc/self/fd/%d", file);
	append = open(path, O_RDWR | O_APPEND | O_CLOEXEC);
	addr = sm_mmap(fd, 0, SIZE, PROT_RW, MAP_SHARED, append, 0);
	if (addr < 0) {
		EXPECT_EQ(addr, -EACCES);
		return;
	}
	ASSERT_EQ(sm_fill_pages(fd, addr, PAGES, 100), 0);
	EXPECT_EQ(sm_msync(fd, addr, SIZE), 0);
	EXPECT_EQ(size_of(file), SIZE);
	expect_file(file, 0, PAGES, 100);
}

static void switched_to_append(void)
{
	int fd = machine(), file = patterned_file(PAGES, 1);
	uint64_t addr = map_file(fd, file, PAGES, PROT_RW, MAP_SHARED);

	ASSERT_EQ(fcntl(file, F_SETFL, O_APPEND), 0);
	ASSERT_EQ(sm_fill_pages(fd, addr, PAGES, 100), 0);
	EXPECT_EQ(sm_munmap(fd, addr, SIZE), 0);
	EXPECT_EQ(size_of(file), SIZE);
	expect_file(file, 0, PAGES, 100);
}

/* As with mmap(2): a sealed file is not written, and one that may be is not sealed. */
static void sealed_files(void)
{
	int fd = machine(), file = sm_memfile(SIZE);
	uint64_t addr = map_file(fd, file, PAGES, PROT_RW, MAP_SHARED);

	ASSERT_EQ(fcntl(file, F_ADD_SEALS, F_SEAL_WRITE), -1);
	EXPECT_EQ(errno, EBUSY);
	ASSERT_EQ(sm_fill_pages(fd, addr, PAGES, 100), 0);
	EXPECT_EQ(sm_munmap(fd, addr, SIZE), 0);
	expect_file(file, 0, PAGES, 100);
	ASSERT_EQ(fcntl(file, F_ADD_SEALS, F_SEAL_WRITE), 0);
	EXPECT_EQ(sm_mmap(fd, 0, SIZE, PROT_RW, MAP_SHARED, file, 0), -EPERM);
	addr = map_file(fd, file, PAGES, PROT_RW, MAP_PRIVATE);
	ASSERT_EQ(sm_fill_pages(fd, addr, PAGES, 200), 0);
	expect_file(file, 0, PAGES, 100);
}

/* This seal may come late: then the stores stay in memory, and are lost with it. */
static void files_that_refuse_to_be_written(void)
{
	int fd = machine(), file = sm_memfile(SIZE);
	uint64_t addr = map_file(fd, file, PAGES, PROT_RW, MAP_SHARED);
	char bytes[SM_PAGE];

	ASSERT_EQ(fcntl(file, F_ADD_SEALS, F_SEAL_FUTURE_WRITE), 0);
	ASSERT_EQ(sm_fill_pages(fd, addr, PAGES, 100), 0);
	EXPECT_EQ(sm_msync(fd, addr, SIZE), -EIO);
	EXPECT_EQ(stat_of(fd).file_write_errors, PAGES);
	EXPECT_EQ(sm_verify_pages(fd, addr, PAGES, 100), 0);
	EXPECT_EQ(sm_reclaim_everything(fd), 0);
	EXPECT_EQ(sm_verify_pages(fd, addr, PAGES, 100), 0);
	EXPECT_EQ(sm_check(fd), 0);
	EXPECT_EQ(sm_munmap(fd, addr, SIZE), 0);
	EXPECT_EQ(stat_of(fd).nr_free_pages, FRAMES);
	EXPECT_EQ(sm_check(fd), 0);
	ASSERT_EQ(pread(file, bytes, SM_PAGE, 0), SM_PAGE);
	expect_zeros(bytes, SM_PAGE);
}

/*
 * Errors
 */

/* A tmpfs of 32 pages that has 4 left; the file has 8 that are holes. */
static int file_on_a_full_disk(int *filler)
{
	int file;

	blk_private_mounts();
	blk_mount_tmpfs(32);
	*filler = open("/mnt/filler", O_RDWR | O_CREAT, 0600);
	file = open("/mnt/file", O_RDWR | O_CREAT, 0600);
	ASSERT_EQ(ftruncate(file, SIZE), 0);
	ASSERT_EQ(posix_fallocate(*filler, 0, 28 * SM_PAGE), 0);
	return file;
}

/* What the file has no room for stays in memory, until there is room. */
static void msync_without_room(void)
{
	int fd = machine(), filler, file = file_on_a_full_disk(&filler);
	uint64_t addr = map_file(fd, file, PAGES, PROT_RW, MAP_SHARED);
	uint64_t anon = map_anon(fd, PAGES, PRIVATE_ANON);

	ASSERT_EQ(sm_fill_pages(fd, addr, PAGES, 100), 0);
	EXPECT_EQ(sm_msync(fd, addr, SIZE), -EIO);
	EXPECT_GT(stat_of(fd).file_write_errors, 0);
	EXPECT_EQ(sm_verify_pages(fd, addr, PAGES, 100), 0);
	EXPECT_EQ(sm_msync(fd, addr, SIZE), -EIO);

	/* Nor can reclaim get rid of it; of others' pages it can. */
	ASSERT_EQ(sm_fill_pages(fd, anon, PAGES, 50), 0);
	EXPECT_GE(sm_reclaim_everything(fd), PAGES);
	EXPECT_EQ(sm_check(fd), 0);
	EXPECT_EQ(sm_verify_pages(fd, anon, PAGES, 50), 0);
	EXPECT_EQ(sm_verify_pages(fd, addr, PAGES, 100), 0);

	ASSERT_EQ(ftruncate(filler, 0), 0);
	EXPECT_EQ(sm_msync(fd, addr, SIZE), 0);
	expect_file(file, 0, PAGES, 100);
	EXPECT_EQ(sm_verify_pages(fd, addr, PAGES, 100), 0);
	EXPECT_EQ(sm_check(fd), 0);
}

/* With the last region nobody is left who could be told: but nothing is kept either. */
static void exit_without_room(void)
{
	int fd = machine(), filler, file = file_on_a_full_disk(&filler), child = sm_spawn(fd);
	uint64_t addr = map_file(child, file, PAGES, PROT_RW, MAP_SHARED);

	ASSERT_EQ(sm_fill_pages(child, addr, PAGES, 100), 0);
	close(child);
	EXPECT_SOON(info_of(fd).out_nr_processes == 1);
	EXPECT_EQ(stat_of(fd).nr_free_pages, FRAMES);
	EXPECT_EQ(stat_of(fd).nr_file_pages, 0);
	EXPECT_GT(stat_of(fd).file_write_errors, 0);
	EXPECT_EQ(sm_check(fd), 0);
	close(file);
	close(filler);
	EXPECT_EQ(umount("/mnt"), 0);
}

/* Faults that need a frame are not lost in a memory of pages that cannot go. */
static void memory_full_of_what_cannot_be_written(void)
{
	int fd = sm_machine(16, 0, 0), filler, file = file_on_a_full_disk(&filler);
	uint64_t addr = map_file(fd, file, PAGES, PROT_RW, MAP_SHARED);
	uint64_t anon = map_anon(fd, 32, PRIVATE_ANON);

	ASSERT_EQ(sm_fill_pages(fd, addr, PAGES, 100), 0);
	EXPECT_EQ(sm_touch(fd, anon, 32, SHMSWAP_TOUCH_WRITE), -ENOMEM);
	EXPECT_GT(stat_of(fd).nr_file_pages, 0);
	EXPECT_EQ(sm_check(fd), 0);
	EXPECT_EQ(sm_munmap(fd, anon, 32 * SM_PAGE), 0);
	EXPECT_EQ(sm_verify_pages(fd, addr, PAGES, 100), 0);
	ASSERT_EQ(ftruncate(filler, 0), 0);
	EXPECT_EQ(sm_munmap(fd, addr, SIZE), 0);
	expect_file(file, 0, PAGES, 100);
	EXPECT_EQ(sm_check(fd), 0);
}

#define DISK	(1UL << 20)	/* bytes */

/* On a device that can fail; the loop device below it has to stay until the end. */
static int file_on_a_device(struct blk_dm *dm)
{
	static char bytes[SIZE];
	char path[32];
	int file, i;

	for (i = 0; i < PAGES; i++)
		sm_fill(bytes + i * SM_PAGE, SM_PAGE, 1 + i);
	blk_loop(sm_file(DISK), path);
	blk_dm_create(dm, path, DISK);
	blk_private_mounts();
	blk_mount_new(dm->path);
	file = open("/mnt/file", O_RDWR | O_CREAT, 0600);
	ASSERT_EQ(write(file, bytes, SIZE), SIZE);
	ASSERT_EQ(fsync(file), 0);
	close(file);
	/* Read-only, so that nothing of it is to be written when the device fails. */
	ASSERT_EQ(mount(NULL, "/mnt", NULL, MS_REMOUNT | MS_RDONLY, NULL), 0);
	file = open("/mnt/file", O_RDONLY | O_CLOEXEC);
	ASSERT_GE(file, 0);
	return file;
}

/* The access fails; the next one may not. */
static void failed_reads(void)
{
	int fd = machine();
	struct sm_resources before;
	struct shmswap_stat stat;
	struct blk_dm dm;
	int file = file_on_a_device(&dm);
	uint64_t addr = map_file(fd, file, PAGES, PROT_RW, MAP_PRIVATE);

	ASSERT_EQ(sm_verify_pages(fd, addr, 1, 1), 0);
	ASSERT_EQ(sm_resources(fd, &before), 0);
	ASSERT_EQ(posix_fadvise(file, 0, 0, POSIX_FADV_DONTNEED), 0);
	blk_dm_break(&dm);
	EXPECT_EQ(sm_touch(fd, page(addr, 1), 1, 0), -EIO);
	EXPECT_EQ(sm_touch(fd, page(addr, 1), 1, SHMSWAP_TOUCH_WRITE), -EIO);
	stat = stat_of(fd);
	EXPECT_EQ(stat.file_read_errors, 2);
	EXPECT_EQ(stat.pgpgin, 1);
	/* What is in memory is not read again. */
	EXPECT_EQ(sm_verify_pages(fd, addr, 1, 1), 0);
	EXPECT(sm_same_resources(fd, &before));
	EXPECT_EQ(sm_check(fd), 0);

	blk_dm_repair(&dm);
	EXPECT_EQ(sm_verify_pages(fd, addr, PAGES, 1), 0);
	EXPECT_EQ(sm_munmap(fd, addr, SIZE), 0);
	close(file);
	EXPECT_EQ(umount("/mnt"), 0);
	blk_dm_remove(&dm);
}

/*
 * More file than memory
 */

#define SMALL		32	/* frames */
#define LARGE		(4 * SMALL)
#define STEPS		2000

/* Random pages, written and verified, in a machine without swap. */
static void more_file_than_memory(void)
{
	int fd = sm_machine(SMALL, 0, SHMSWAP_MACHINE_KSWAPD), file = patterned_file(LARGE, 0);
	uint64_t addr = map_file(fd, file, LARGE, PROT_RW, MAP_SHARED);
	uint64_t text = map_file(fd, patterned_file(LARGE, 7), LARGE, PROT_READ, MAP_PRIVATE);
	uint64_t version[LARGE], rnd = 1, i;

	for (i = 0; i < LARGE; i++)
		version[i] = i;
	for (i = 0; i < STEPS / ktap_slow(); i++) {
		uint32_t nr = sm_random(&rnd, LARGE);

		ASSERT_EQ(sm_verify_pages(fd, page(addr, nr), 1, version[nr]), 0);
		if (sm_random(&rnd, 2)) {
			version[nr] = rnd;
			ASSERT_EQ(sm_fill_pages(fd, page(addr, nr), 1, rnd), 0);
		}
		nr = sm_random(&rnd, LARGE);
		ASSERT_EQ(sm_verify_pages(fd, page(text, nr), 1, 7 + nr), 0);
	}
	EXPECT_EQ(sm_check(fd), 0);
	EXPECT_GT(stat_of(fd).pgdiscard, 0);
	EXPECT_GT(stat_of(fd).pgpgout, 0);
	EXPECT_EQ(sm_munmap(fd, addr, LARGE * SM_PAGE), 0);
	for (i = 0; i < LARGE; i++)
		EXPECT(file_has(file, i, version[i]));
	EXPECT_EQ(sm_munmap(fd, text, LARGE * SM_PAGE), 0);
	EXPECT_EQ(stat_of(fd).nr_free_pages, SMALL);
	EXPECT_EQ(sm_check(fd), 0);
}

int main(int argc, char **argv)
{
	static const struct ktap_case cases[] = {
		KTAP_CASE(text_is_discarded_and_read_again),
		KTAP_CASE(locked_text_stays),
		KTAP_CASE(pages_are_kept_for_other_regions),
		KTAP_CASE(regions_keep_their_file),
		KTAP_CASE(offsets_choose_pages),
		KTAP_CASE(stores_reach_the_file),
		KTAP_CASE(the_end_of_a_machine),
		KTAP_CASE(the_limit_of_file_sizes),
		KTAP_CASE(msync_writes_what_is_dirty),
		KTAP_CASE(dirty_in_two_processes),
		KTAP_CASE(two_processes_on_one_file),
		KTAP_CASE(two_machines_on_one_file),
		KTAP_CASE(private_stores_stay_private),
		KTAP_CASE(a_private_store_to_an_untouched_page),
		KTAP_CASE(the_last_page),
		KTAP_CASE(behind_the_end),
		KTAP_CASE(truncated_while_mapped),
		KTAP_CASE(emptied_while_mapped),
		KTAP_CASE(holes),
		KTAP_CASE(opened_to_append),
		KTAP_CASE(switched_to_append),
		KTAP_CASE(sealed_files),
		KTAP_CASE(files_that_refuse_to_be_written),
		KTAP_CASE(msync_without_room),
		KTAP_CASE(exit_without_room),
		KTAP_CASE(memory_full_of_what_cannot_be_written),
		KTAP_CASE(failed_reads),
		KTAP_CASE(more_file_than_memory),
	};

	return ktap_run(argc, argv, cases, ARRAY_SIZE(cases));
}
