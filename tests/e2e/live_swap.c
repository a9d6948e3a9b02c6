// SPDX-License-Identifier: GPL-2.0
/* e2e: timeout=240 */
/*
 * The pages of really mapped attaches leave and come back, by the clock and by the
 * process scan, from each kind of swap area, under threads; and who notices when
 * one cannot come back.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "ktap.h"
#include "libblk.h"
#include "libcase.h"
#include "liblive.h"

#define FRAMES	64
#define SLOTS	256
#define PAGES	8
#define SIZE	(PAGES * SM_PAGE)
#define SEED	1

static int machine_of(uint32_t flags)
{
	int fd = sm_machine(FRAMES, SLOTS, flags);

	ASSERT_GE(fd, 0);
	return fd;
}

static int machine(void)
{
	return machine_of(0);
}

/* The two ways in which pages of segments are taken. */
static const uint32_t scans[] = { 0, SHMSWAP_MACHINE_SHM_PROCESS };

static void pages_leave_and_come_back(void)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(scans); i++) {
		int fd = machine_of(scans[i]), id = live_segment(fd, PAGES), round;
		char *at = live_attach(fd, id, 0);

		for (round = 0; round < 5; round++) {
			ktap_context("scan %zu, round %d", i, round);
			live_fill(at, PAGES, round);
			EXPECT_EQ(live_present(at, PAGES), PAGES);
			live_check(fd);
			EXPECT_EQ(live_swap_out(fd), PAGES);
			EXPECT_EQ(live_present(at, PAGES), 0);
			EXPECT_EQ(live_stat(fd, id).swp, PAGES);
			live_check(fd);
			EXPECT(live_filled(at, PAGES, round));
			EXPECT_EQ(live_stat(fd, id).rss, PAGES);
			live_check(fd);
		}
		close(fd);
		munmap(at, SIZE);
	}
}

/* A page that went out and is stored to again must not come back as it was then. */
static void what_is_stored_again_is_kept(void)
{
	size_t i;
	int round;

	for (i = 0; i < ARRAY_SIZE(scans); i++) {
		int fd = machine_of(scans[i]), id = live_segment(fd, PAGES);
		char *at = live_attach(fd, id, 0);

		live_fill(at, PAGES, SEED);
		for (round = 0; round < 8; round++) {
			ktap_context("scan %zu, round %d", i, round);
			EXPECT_EQ(live_swap_out(fd), PAGES);
			/* Loaded first, so that the page is mapped clean, if it ever is. */
			EXPECT(live_filled(at, PAGES, SEED + round));
			live_fill(at, PAGES, SEED + round + 1);
			EXPECT(live_filled(at, PAGES, SEED + round + 1));
		}
		live_check(fd);
		close(fd);
		munmap(at, SIZE);
	}
}

/* One word of each page in each round, with whatever reclaim does between two stores. */
static void stores_between_the_stages_of_reclaim(void)
{
	static const uint32_t methods[] = { SHMSWAP_RECLAIM_SHM, SHMSWAP_RECLAIM_SWAP_OUT,
					    SHMSWAP_RECLAIM_MMAP, SHMSWAP_RECLAIM_TRY };
	static uint64_t wanted[PAGES];
	uint64_t rnd = 1;
	size_t i;
	int round;

	for (i = 0; i < ARRAY_SIZE(scans); i++) {
		int fd = machine_of(scans[i]), id = live_segment(fd, PAGES);
		char *at = live_attach(fd, id, 0);

		memset(wanted, 0, sizeof(wanted));
		for (round = 0; round < 400; round++) {
			int page = sm_random(&rnd, PAGES);
			uint64_t *word = (uint64_t *)(at + page * SM_PAGE);

			ktap_context("scan %zu, round %d, page %d", i, round, page);
			ASSERT_EQ(LIVE_READ(word), wanted[page]);
			if (sm_random(&rnd, 2))
				LIVE_WRITE(word, wanted[page] = round);
			ASSERT_GE(sm_reclaim(fd, methods[sm_random(&rnd, 4)], 0,
					     1 + sm_random(&rnd, 8)), 0);
		}
		live_check(fd);
		close(fd);
		munmap(at, SIZE);
	}
}

/*
 * The clock
 */

/* To be made old is to lose the real PTE; the next access is a true one. */
static void old_pages_are_not_real(void)
{
	int fd = machine(), id = live_segment(fd, PAGES);
	char *at = live_attach(fd, id, 0);
	struct shmswap_stat before;

	live_fill(at, PAGES, SEED);
	before = stat_of(fd);
	EXPECT_EQ(sm_reclaim_shm(fd, 1), 0);
	EXPECT_EQ(stat_of(fd).pgaged - before.pgaged, PAGES);
	EXPECT_EQ(live_present(at, PAGES), 0);
	EXPECT_EQ(live_stat(fd, id).rss, PAGES);
	EXPECT(live_pte(fd, at).pte & SHMSWAP_PTE_VALID);
	EXPECT(!(live_pte(fd, at).pte & SHMSWAP_PTE_ACCESSED));

	/* The machine's own tables had it: that was no fault of the machine. */
	EXPECT(live_filled(at, 1, SEED));
	EXPECT(live_pte(fd, at).pte & SHMSWAP_PTE_ACCESSED);
	EXPECT_EQ(live_present(at, PAGES), 1);
	EXPECT_EQ(stat_of(fd).pgfault, before.pgfault);
	live_check(fd);
}

static void pages_in_use_stay(void)
{
	int fd = machine(), id = live_segment(fd, PAGES), i;
	char *at = live_attach(fd, id, 0);

	live_fill(at, PAGES, SEED);
	for (i = 0; i < 4 * PAGES; i++) {
		EXPECT(live_filled(at + 3 * SM_PAGE, 1, SEED + 3));
		ASSERT_GE(sm_reclaim_shm(fd, 1), 0);
	}
	EXPECT_EQ(live_stat(fd, id).swp, PAGES - 1);
	EXPECT_EQ(live_pte(fd, at + 3 * SM_PAGE).kind, SHMSWAP_PTE_PRESENT);
	EXPECT(live_filled(at, PAGES, SEED));
	live_check(fd);
}

static void faults_are_counted(void)
{
	int fd = machine(), id = live_segment(fd, PAGES);
	char *at = live_attach(fd, id, 0), *again = live_attach(fd, id, 0);
	struct shmswap_stat before = stat_of(fd), after;
	struct shmswap_proc proc;

	live_fill(at, PAGES, SEED);
	after = stat_of(fd);
	EXPECT_EQ(after.pgfault - before.pgfault, PAGES);
	EXPECT_EQ(after.pgmajfault - before.pgmajfault, PAGES);
	EXPECT_EQ(after.pgzero - before.pgzero, PAGES);

	before = after;
	EXPECT(live_filled(again, PAGES, SEED));
	after = stat_of(fd);
	EXPECT_EQ(after.pgfault - before.pgfault, PAGES);
	EXPECT_EQ(after.pgmajfault, before.pgmajfault);

	EXPECT_EQ(live_swap_out(fd), PAGES);
	before = stat_of(fd);
	EXPECT(live_filled(again, PAGES, SEED));
	after = stat_of(fd);
	EXPECT_EQ(after.pgfault - before.pgfault, PAGES);
	EXPECT_EQ(after.pgmajfault - before.pgmajfault, PAGES);
	EXPECT_EQ(after.pswpin - before.pswpin, PAGES);

	ASSERT_EQ(sm_query_proc(fd, live_pid(fd), &proc), 0);
	EXPECT_EQ(proc.flags, SHMSWAP_PROC_LIVE);
	EXPECT_EQ(proc.creator, getpid());
	EXPECT_EQ(proc.maj_flt, 2 * PAGES);
	EXPECT_EQ(proc.min_flt, PAGES);
	EXPECT_EQ(proc.rss, PAGES);
	EXPECT_EQ(proc.nr_vmas, 2);
}

/*
 * Locked segments and swap areas
 */

static void locked_segments_stay(void)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(scans); i++) {
		int fd = machine_of(scans[i]), id = live_segment(fd, PAGES);
		char *at = live_attach(fd, id, 0);

		ktap_context("scan %zu", i);
		live_fill(at, PAGES, SEED);
		ASSERT_EQ(sm_shm_lock(fd, id), 0);
		EXPECT_EQ(live_swap_out(fd), 0);
		EXPECT_EQ(live_present(at, PAGES), PAGES);
		ASSERT_EQ(sm_shm_unlock(fd, id), 0);
		EXPECT_EQ(live_swap_out(fd), PAGES);
		EXPECT(live_filled(at, PAGES, SEED));
		live_check(fd);
		close(fd);
		munmap(at, SIZE);
	}
}

static void swapoff_brings_pages_back(void)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(scans); i++) {
		int fd = machine_of(scans[i]), id = live_segment(fd, PAGES);
		char *at = live_attach(fd, id, 0);

		ktap_context("scan %zu", i);
		live_fill(at, PAGES, SEED);
		EXPECT_EQ(live_swap_out(fd), PAGES);
		EXPECT_EQ(sm_swapoff(fd, 0), 0);
		EXPECT_EQ(live_stat(fd, id).rss, PAGES);
		live_check(fd);
		EXPECT(live_filled(at, PAGES, SEED));
		live_fill(at, PAGES, SEED + 1);
		ASSERT_EQ(sm_swapon_ram(fd, SLOTS, 0), 0);
		EXPECT_EQ(live_swap_out(fd), PAGES);
		EXPECT(live_filled(at, PAGES, SEED + 1));
		live_check(fd);
		close(fd);
		munmap(at, SIZE);
	}
}

/* More than fits into memory, again and again, from whatever it is swapped to. */
static void use_more_than_memory(int fd)
{
	int id = live_segment(fd, 3 * FRAMES), round, i;
	char *at = live_attach(fd, id, 0);
	uint64_t rnd = 1;

	live_fill(at, 3 * FRAMES, SEED);
	for (round = 0; round < 3; round++) {
		EXPECT(live_filled(at, 3 * FRAMES, SEED + round));
		live_fill(at, 3 * FRAMES, SEED + round + 1);
	}
	for (i = 0; i < 500; i++) {
		uint32_t page = sm_random(&rnd, 3 * FRAMES);

		EXPECT(live_filled(at + page * SM_PAGE, 1, SEED + round + page));
	}
	EXPECT_GT(stat_of(fd).swap_successes + stat_of(fd).pgsteal, 3 * FRAMES);
	live_check(fd);
}

static void more_than_memory_on_ram(void)
{
	use_more_than_memory(machine());
}

static void more_than_memory_under_the_process_scan(void)
{
	use_more_than_memory(machine_of(SHMSWAP_MACHINE_SHM_PROCESS));
}

static void more_than_memory_with_kswapd(void)
{
	use_more_than_memory(machine_of(SHMSWAP_MACHINE_KSWAPD));
}

static void more_than_memory_on_a_file(void)
{
	int fd = sm_machine(FRAMES, 0, SHMSWAP_MACHINE_KSWAPD);

	ASSERT_EQ(sm_swapon(fd, sm_swapfile(SLOTS)), 0);
	use_more_than_memory(fd);
}

static void more_than_memory_on_a_file_under_the_process_scan(void)
{
	int fd = sm_machine(FRAMES, 0, SHMSWAP_MACHINE_SHM_PROCESS);

	ASSERT_EQ(sm_swapon(fd, sm_swapfile(SLOTS)), 0);
	use_more_than_memory(fd);
}

static void more_than_memory_on_a_block_device(void)
{
	int fd = sm_machine(FRAMES, 0, SHMSWAP_MACHINE_KSWAPD), loop;
	char path[32];

	loop = blk_loop(sm_swapfile(SLOTS), path);
	ASSERT_EQ(sm_swapon(fd, loop), 0);
	close(loop);
	use_more_than_memory(fd);
}

/* What was read ahead is there, and the access that needs it is a minor fault. */
static void neighbours_are_read_ahead(void)
{
	int fd = sm_machine(FRAMES, 0, 0), id;
	struct shmswap_stat before, after;
	char *at;

	ASSERT_EQ(sm_swapon(fd, sm_swapfile(SLOTS)), 0);
	id = live_segment(fd, PAGES);
	at = live_attach(fd, id, 0);
	live_fill(at, PAGES, SEED);
	EXPECT_EQ(live_swap_out(fd), PAGES);
	before = stat_of(fd);
	EXPECT(live_filled(at, 1, SEED));
	after = stat_of(fd);
	EXPECT_GE(after.pswpin - before.pswpin, 2);
	EXPECT_EQ(after.pgmajfault - before.pgmajfault, 1);
	EXPECT_EQ(live_present(at, PAGES), 1);
	live_check(fd);
	EXPECT(live_filled(at, PAGES, SEED));
	EXPECT_LE(stat_of(fd).pgmajfault - before.pgmajfault, PAGES / 2);
	live_fill(at, PAGES, SEED + 1);
	EXPECT_EQ(live_swap_out(fd), PAGES);
	EXPECT(live_filled(at, PAGES, SEED + 1));
	live_check(fd);
}

/* Threads of one process, each with pages of its own, and one that all store to. */
#define THREADS		4
#define THREAD_PAGES	FRAMES
#define THREAD_ROUNDS	1000

struct worker {
	char *at;
	int number;
	uint64_t *sum;
	pthread_t thread;
};

/* Each verifies what it stored last in a page, and stores something else. */
static void *work(void *arg)
{
	struct worker *w = arg;
	char *own = w->at + (1 + w->number * THREAD_PAGES) * SM_PAGE;
	uint64_t version[THREAD_PAGES] = { 0 };
	uint64_t rnd = w->number + 1;
	int i;

	for (i = 0; i < THREAD_ROUNDS; i++) {
		uint32_t page = sm_random(&rnd, THREAD_PAGES);

		if (version[page])
			EXPECT(live_filled(own + page * SM_PAGE, 1, version[page]));
		version[page] = rnd;
		live_fill(own + page * SM_PAGE, 1, rnd);
		__atomic_add_fetch((uint64_t *)w->at, 1, __ATOMIC_RELAXED);
	}
	return NULL;
}

static void start_threads(struct worker *workers, char *at)
{
	int i;

	for (i = 0; i < THREADS; i++) {
		workers[i] = (struct worker){ .at = at, .number = i };
		ASSERT_EQ(pthread_create(&workers[i].thread, NULL, work, &workers[i]), 0);
	}
}

static void join_threads(const struct worker *workers, const char *at)
{
	int i;

	for (i = 0; i < THREADS; i++)
		ASSERT_EQ(pthread_join(workers[i].thread, NULL), 0);
	EXPECT_EQ(*(const uint64_t *)at, THREADS * THREAD_ROUNDS);
}

static void run_threads(uint32_t flags)
{
	int fd = sm_machine(FRAMES, 2 * THREADS * THREAD_PAGES, flags);
	int id = live_segment(fd, 1 + THREADS * THREAD_PAGES);
	char *at = live_attach(fd, id, 0);
	struct worker workers[THREADS];

	start_threads(workers, at);
	join_threads(workers, at);
	EXPECT_GT(live_stat(fd, id).swp, THREAD_PAGES);
	live_check(fd);
}

static void threads(void)
{
	run_threads(SHMSWAP_MACHINE_KSWAPD);
}

static void threads_without_kswapd(void)
{
	run_threads(0);
}

static void threads_under_the_process_scan(void)
{
	run_threads(SHMSWAP_MACHINE_KSWAPD | SHMSWAP_MACHINE_SHM_PROCESS);
}

/* Swap areas come and go, and another segment is locked and unlocked. */
static void settings_change_under_threads(void)
{
	int fd = sm_machine(FRAMES, 2 * THREADS * THREAD_PAGES, SHMSWAP_MACHINE_KSWAPD), i;
	char *at = live_attach(fd, live_segment(fd, 1 + THREADS * THREAD_PAGES), 0);
	int id = live_segment(fd, PAGES);
	char *other = live_attach(fd, id, 0);
	struct worker workers[THREADS];

	start_threads(workers, at);
	for (i = 0; i < 6; i++) {
		int file = sm_swapfile(2 * THREADS * THREAD_PAGES), type;

		ktap_context("round %d", i);
		type = sm_swapon_prio(fd, file, 100);
		ASSERT_GE(type, 0);
		close(file);
		EXPECT_GE(sm_reclaim(fd, SHMSWAP_RECLAIM_TRY, 0, 40), 0);
		EXPECT_EQ(sm_swapoff(fd, type), 0);
		live_fill(other, PAGES, i);
		EXPECT_EQ(sm_shm_lock(fd, id), 0);
		EXPECT_EQ(sm_check(fd), 0);
		EXPECT(live_filled(other, PAGES, i));
		EXPECT_EQ(sm_shm_unlock(fd, id), 0);
	}
	join_threads(workers, at);
	live_check(fd);
}

/*
 * What cannot be had
 */

struct failing {
	int fd;
	int id;
	int file;		/* the swap area */
	char saved[33 * SM_PAGE];
	char *at;
	unsigned int *stage;
};

/* A machine that reads what it is asked for. */
static int machine_without_read_ahead(uint32_t flags)
{
	struct shmswap_control control = SM_ARG(control);
	int fd = sm_machine(FRAMES, 0, flags);

	ASSERT_EQ(sm_control(fd, &control), 0);
	control.set = SHMSWAP_CONTROL_PAGE_CLUSTER;
	control.page_cluster = 0;
	ASSERT_EQ(sm_control(fd, &control), 0);
	return fd;
}

/* Everything is on swap, except for the first page. */
static void swap_to_memfile(struct failing *f, uint32_t flags)
{
	f->fd = machine_without_read_ahead(flags);
	f->file = sm_memfile(33 * SM_PAGE);
	ASSERT_EQ(sm_mkswap(f->file), 0);
	ASSERT_EQ(sm_swapon(f->fd, f->file), 0);
	f->id = live_segment(f->fd, PAGES);
	f->at = live_attach(f->fd, f->id, 0);
	live_fill(f->at, PAGES, SEED);
	ASSERT_EQ(live_swap_out(f->fd), PAGES);
	f->stage = ktap_shared(sizeof(*f->stage));
	EXPECT(live_filled(f->at, 1, SEED));
}

static void lose_swap(struct failing *f)
{
	ASSERT_EQ(pread(f->file, f->saved, sizeof(f->saved), 0), sizeof(f->saved));
	ASSERT_EQ(ftruncate(f->file, SM_PAGE), 0);
}

static void repair_swap(struct failing *f)
{
	ASSERT_EQ(pwrite(f->file, f->saved, sizeof(f->saved), 0), sizeof(f->saved));
}

/* Its own signal is nobody else's: the others use what is there. */
static void use_what_is_there(void *arg)
{
	struct failing *f = arg;

	live_await(f->stage, 1);
	EXPECT(live_filled(f->at, 1, SEED));
	live_fill(f->at, 1, SEED);
	live_reach(f->stage, 2);
	live_await(f->stage, 3);
	EXPECT(live_filled(f->at, PAGES, SEED));
}

static void unreadable_pages(uint32_t flags)
{
	static struct failing f;
	struct shmswap_stat before;
	char byte;
	pid_t pid;

	swap_to_memfile(&f, flags);
	pid = ktap_fork(use_what_is_there, &f);
	lose_swap(&f);
	before = stat_of(f.fd);
	EXPECT_EQ(live_load(f.at + 3 * SM_PAGE, &byte), SIGBUS);
	EXPECT_EQ(live_store(f.at + 3 * SM_PAGE, 'x'), SIGBUS);
	EXPECT_EQ(live_store(f.at + 4 * SM_PAGE, 'x'), SIGBUS);
	EXPECT_GE(stat_of(f.fd).swap_read_errors, before.swap_read_errors + 3);
	EXPECT_EQ(live_present(f.at, PAGES), 1);
	live_check(f.fd);
	live_reach(f.stage, 1);
	live_await(f.stage, 2);

	repair_swap(&f);
	EXPECT(live_filled(f.at, PAGES, SEED));
	live_reach(f.stage, 3);
	ktap_join(pid);
	EXPECT_EQ(sm_swapoff(f.fd, 0), 0);
	live_check(f.fd);
}

static void pages_that_cannot_be_read(void)
{
	unreadable_pages(0);
}

static void pages_that_cannot_be_read_under_the_process_scan(void)
{
	unreadable_pages(SHMSWAP_MACHINE_SHM_PROCESS);
}

/* The system calls that use such a page fail, or do a part. */
static void system_calls_on_unreadable_pages(void)
{
	static struct failing f;
	char buf[2 * SM_PAGE];
	int pipes[2];

	swap_to_memfile(&f, 0);
	lose_swap(&f);
	ASSERT_EQ(pipe(pipes), 0);
	EXPECT_EQ(write(pipes[1], f.at + 3 * SM_PAGE, 100), -1);
	EXPECT_EQ(errno, EFAULT);
	EXPECT_EQ(write(pipes[1], f.at, 2 * SM_PAGE), SM_PAGE);
	EXPECT_EQ(read(pipes[0], buf, sizeof(buf)), SM_PAGE);
	EXPECT(sm_filled(buf, SM_PAGE, SEED));
	ASSERT_EQ(write(pipes[1], buf, 100), 100);
	EXPECT_EQ(read(pipes[0], f.at + 3 * SM_PAGE, 100), -1);
	EXPECT_EQ(errno, EFAULT);
	EXPECT_EQ(madvise(f.at, SIZE, MADV_POPULATE_READ), -1);
	EXPECT_EQ(errno, EFAULT);
	live_check(f.fd);
	repair_swap(&f);
	EXPECT(live_filled(f.at, PAGES, SEED));
}

static void a_device_that_fails(void)
{
	char path[32], byte;
	int fd = machine_without_read_ahead(0), loop = blk_loop(sm_swapfile(32), path), device;
	struct blk_dm dm;
	char *at;

	blk_dm_create(&dm, path, 33 * SM_PAGE);
	device = blk_dm_open(&dm);
	ASSERT_EQ(sm_swapon(fd, device), 0);
	at = live_attach(fd, live_segment(fd, PAGES), 0);
	live_fill(at, PAGES, SEED);
	EXPECT_EQ(live_swap_out(fd), PAGES);
	EXPECT(live_filled(at, 1, SEED));
	ASSERT_EQ(ioctl(device, BLKFLSBUF), 0);
	close(device);

	blk_dm_break(&dm);
	EXPECT_EQ(live_load(at + 2 * SM_PAGE, &byte), SIGBUS);
	EXPECT(live_filled(at, 1, SEED));
	/* Nor can anything be written: it stays. */
	EXPECT_EQ(live_swap_out(fd), 0);
	EXPECT(live_filled(at, 1, SEED));
	live_check(fd);
	blk_dm_repair(&dm);
	EXPECT(live_filled(at, PAGES, SEED));
	EXPECT_EQ(sm_swapoff(fd, 0), 0);
	live_check(fd);
	blk_dm_remove(&dm);
	close(loop);
}

static void use_it(void *arg)
{
	struct failing *f = arg;

	EXPECT(live_filled(f->at, 8, SEED));
	live_fill(f->at, 8, SEED);
	live_check(f->fd);
}

/* Whoever needs a frame that cannot be had gets the signal; everything else goes on. */
static void no_memory_left(uint32_t flags)
{
	static struct failing f;
	int filled = 0;

	f.fd = sm_machine(FRAMES, 16, flags);
	f.id = live_segment(f.fd, 4 * FRAMES);
	f.at = live_attach(f.fd, f.id, 0);
	while (filled < 4 * FRAMES && !live_store(f.at + filled * SM_PAGE, 0))
		filled++;
	EXPECT_GE(filled, FRAMES / 2);
	EXPECT_LE(filled, FRAMES + 16);
	EXPECT_EQ(live_store(f.at + filled * SM_PAGE, 0), SIGBUS);
	EXPECT_EQ(stat_of(f.fd).shm_swp, 16);
	live_check(f.fd);
	/* What came last is in memory. */
	f.at += (filled - 8) * SM_PAGE;
	live_fill(f.at, 8, SEED);
	ktap_join(ktap_fork(use_it, &f));
	f.at -= (filled - 8) * SM_PAGE;

	ASSERT_EQ(sm_swapon_ram(f.fd, 4 * FRAMES, 0), 1);
	live_fill(f.at, 4 * FRAMES, SEED);
	EXPECT(live_filled(f.at, 4 * FRAMES, SEED));
	live_check(f.fd);
}

static void swap_full(void)
{
	no_memory_left(0);
}

static void swap_full_with_kswapd(void)
{
	no_memory_left(SHMSWAP_MACHINE_KSWAPD);
}

static void swap_full_under_the_process_scan(void)
{
	no_memory_left(SHMSWAP_MACHINE_SHM_PROCESS);
}

/* Pages far apart: each wants tables of its own, until there are no more. */
static void page_tables_run_out(void)
{
	struct shmswap_create create = { .nr_frames = 256, .max_tables = 32 };
	int fd = sm_create(&create), id = live_segment(fd, 1ULL << 18), filled = 0;
	struct sm_resources before;
	char *at;

	ASSERT_EQ(sm_resources(fd, &before), 0);
	at = live_attach(fd, id, 0);
	while (filled < 100 && !live_store(at + ((uint64_t)filled << 21), 1))
		filled++;
	EXPECT_GE(filled, 4);
	EXPECT_LE(filled, 32);
	EXPECT_EQ(live_store(at + ((uint64_t)filled << 21), 1), SIGBUS);
	live_check(fd);
	/* What is there can be used, also by a page more in the same table. */
	EXPECT_EQ(at[0], 1);
	live_fill(at + SM_PAGE, 1, SEED);
	EXPECT(live_filled(at + SM_PAGE, 1, SEED));
	EXPECT_EQ(live_shmdt(fd, (uintptr_t)at), 0);
	EXPECT_EQ(sm_shm_remove(fd, id), 0);
	EXPECT_EQ(stat_of(fd).nr_table_bytes, before.table_bytes);
	EXPECT_EQ(stat_of(fd).nr_free_pages, before.free_pages);
	EXPECT_EQ(sm_check(fd), 0);
}

int main(int argc, char **argv)
{
	static const struct ktap_case cases[] = {
		KTAP_CASE(pages_leave_and_come_back),
		KTAP_CASE(what_is_stored_again_is_kept),
		KTAP_CASE(stores_between_the_stages_of_reclaim),
		KTAP_CASE(old_pages_are_not_real),
		KTAP_CASE(pages_in_use_stay),
		KTAP_CASE(faults_are_counted),
		KTAP_CASE(locked_segments_stay),
		KTAP_CASE(swapoff_brings_pages_back),
		KTAP_CASE(more_than_memory_on_ram),
		KTAP_CASE(more_than_memory_under_the_process_scan),
		KTAP_CASE(more_than_memory_with_kswapd),
		KTAP_CASE(more_than_memory_on_a_file),
		KTAP_CASE(more_than_memory_on_a_file_under_the_process_scan),
		KTAP_CASE(more_than_memory_on_a_block_device),
		KTAP_CASE(neighbours_are_read_ahead),
		KTAP_CASE(threads),
		KTAP_CASE(threads_without_kswapd),
		KTAP_CASE(threads_under_the_process_scan),
		KTAP_CASE(settings_change_under_threads),
		KTAP_CASE(pages_that_cannot_be_read),
		KTAP_CASE(pages_that_cannot_be_read_under_the_process_scan),
		KTAP_CASE(system_calls_on_unreadable_pages),
		KTAP_CASE(a_device_that_fails),
		KTAP_CASE(swap_full),
		KTAP_CASE(swap_full_with_kswapd),
		KTAP_CASE(swap_full_under_the_process_scan),
		KTAP_CASE(page_tables_run_out),
	};

	return ktap_run(argc, argv, cases, ARRAY_SIZE(cases));
}
