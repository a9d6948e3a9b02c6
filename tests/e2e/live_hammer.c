// SPDX-License-Identifier: GPL-2.0
/* e2e: timeout=300 */
/*
 * Few pages that the threads of several real processes and a scripted one use all
 * the time, while they are swapped out all the time.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <pthread.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "ktap.h"
#include "libblk.h"
#include "libcase.h"
#include "liblive.h"

#define FRAMES	64
#define PAGES	32
#define GOAL		2000		/* pages that come back, if time allows */
#define ENOUGH		50
#define HAMMERS		5		/* two processes of two threads, one scripted */
#define ALL		HAMMERS		/* index of the word that all add to */
#define SECTOR		512		/* of every page, for each disk hammer */
#define SECTORS		256		/* of the disk: each has other bytes */

struct anvil {
	int fd;
	int id;
	char disk[32];
	uint64_t strokes[HAMMERS];
	bool stop;
};

struct hammer {
	struct anvil *anvil;
	int number;
	uint64_t *words;		/* where it has the pages */
	pthread_t thread;
};

static bool goes_on(const struct anvil *a)
{
	return !__atomic_load_n(&a->stop, __ATOMIC_RELAXED);
}

static uint64_t *words_of(const struct hammer *h, uint32_t page)
{
	return h->words + page * SM_PAGE / sizeof(*h->words);
}

/* Each store is found by the next load, whatever became of the page meanwhile. */
static void *hammer(void *arg)
{
	struct hammer *h = arg;
	uint64_t stored[PAGES] = { 0 }, rnd = h->number;

	for (; goes_on(h->anvil); h->anvil->strokes[h->number]++) {
		uint32_t page = sm_random(&rnd, PAGES);
		uint64_t *words = words_of(h, page);

		ASSERT_EQ(__atomic_load_n(&words[h->number], __ATOMIC_RELAXED), stored[page]);
		__atomic_store_n(&words[h->number], ++stored[page], __ATOMIC_RELAXED);
		__atomic_add_fetch(&words[ALL], 1, __ATOMIC_RELAXED);
		/* Pages that are never left alone never go. */
		usleep(sm_random(&rnd, 200));
	}
	return NULL;
}

static void hammer_in_threads(void *arg)
{
	struct hammer *h = arg;
	int i;

	h[1] = h[0];
	h[1].number++;
	for (i = 0; i < 2; i++) {
		/* At two addresses. */
		h[i].words = (uint64_t *)live_attach(h->anvil->fd, h->anvil->id, 0);
		ASSERT_EQ(pthread_create(&h[i].thread, NULL, hammer, &h[i]), 0);
	}
	for (i = 0; i < 2; i++)
		ASSERT_EQ(pthread_join(h[i].thread, NULL), 0);
}

static void hammer_by_script(void *arg)
{
	struct hammer *h = arg;
	uint64_t stored[PAGES] = { 0 }, rnd = h->number, found;
	int fd = sm_fork(h->anvil->fd);
	int64_t at = sm_shmat(fd, h->anvil->id, 0, 0);

	ASSERT_GT(at, 0);
	for (; goes_on(h->anvil); h->anvil->strokes[h->number]++) {
		uint32_t page = sm_random(&rnd, PAGES);
		uint64_t word = at + page * SM_PAGE + h->number * sizeof(found);

		ASSERT_EQ(sm_load(fd, word, &found, sizeof(found)), sizeof(found));
		ASSERT_EQ(found, stored[page]);
		found = ++stored[page];
		ASSERT_EQ(sm_store(fd, word, &found, sizeof(found)), sizeof(found));
	}
}

/* A disk stores into the page, which nobody may take from it meanwhile. */
static void hammer_by_disk(void *arg)
{
	struct hammer *h = arg;
	char *at = live_attach(h->anvil->fd, h->anvil->id, 0);
	int disk = open(h->anvil->disk, O_RDONLY | O_DIRECT | O_CLOEXEC);
	uint32_t stored[PAGES] = { 0 };
	uint64_t rnd = h->number;

	ASSERT_GE(disk, 0);
	while (goes_on(h->anvil)) {
		uint32_t page = sm_random(&rnd, PAGES), old = stored[page];
		char *sector = at + page * SM_PAGE + (1 + h->number) * SECTOR;

		ktap_context("page %u, sector %u of the disk", page, old);
		if (old)
			ASSERT(sm_filled(sector, SECTOR, old));
		stored[page] = 1 + sm_random(&rnd, SECTORS - 1);
		ASSERT_EQ(pread(disk, sector, SECTOR, stored[page] * SECTOR), SECTOR);
		usleep(sm_random(&rnd, 200));
	}
}

static void make_disk(struct anvil *a)
{
	int file = sm_file(0), i;
	char sector[SECTOR];

	for (i = 0; i < SECTORS; i++) {
		sm_fill(sector, SECTOR, i);
		ASSERT_EQ(write(file, sector, SECTOR), SECTOR);
	}
	blk_loop(file, a->disk);
}

/* Until enough came back. */
static void take_pages(void *arg)
{
	struct anvil *a = arg;
	long long end = ktap_now() + 6000 * ktap_slow();
	uint64_t rnd = 1;

	while (stat_of(a->fd).pswpin < GOAL && ktap_now() < end)
		ASSERT_GE(sm_reclaim(a->fd, sm_random(&rnd, 4), 0, sm_random(&rnd, 100)), 0);
	__atomic_store_n(&a->stop, true, __ATOMIC_RELAXED);
}

static void expect_swapping(int fd)
{
	struct shmswap_stat stat = stat_of(fd);

	ktap_diag("%llu faults, %llu made old, %llu to swap, %llu from it", stat.pgfault,
		  stat.pgaged, stat.pswpout, stat.pswpin);
	EXPECT_GE(stat.pswpin, ENOUGH);
	EXPECT_EQ(stat.swap_read_errors + stat.swap_write_errors, 0);
}

static void expect_all_strokes(const struct anvil *a)
{
	struct hammer h = { .words = (uint64_t *)live_attach(a->fd, a->id, 0) };
	uint64_t sums[HAMMERS + 1] = { 0 }, all = 0;
	int page, i;

	for (page = 0; page < PAGES; page++)
		for (i = 0; i <= HAMMERS; i++)
			sums[i] += words_of(&h, page)[i];
	for (i = 0; i < HAMMERS; i++) {
		ktap_context("hammer %d", i);
		EXPECT_EQ(sums[i], a->strokes[i]);
		all += i < HAMMERS - 1 ? a->strokes[i] : 0;
	}
	EXPECT_EQ(sums[ALL], all);
	EXPECT_EQ(munmap(h.words, PAGES * SM_PAGE), 0);
}

static void expect_all_back(int fd, int id, const struct sm_resources *before)
{
	EXPECT_EQ(live_stat(fd, id).nattch, 0);
	EXPECT_EQ(sm_shm_remove(fd, id), 0);
	EXPECT_SOON(sm_same_resources(fd, before));
	EXPECT_EQ(sm_check(fd), 0);
}

static void (*const lives[])(void *arg) = {
	hammer_in_threads, hammer_in_threads, hammer_by_script, hammer_by_disk, hammer_by_disk,
};

/* Those that a disk stores for are counted anew. */
static const int numbers[] = { 0, 2, 4, 0, 1 };

static void use_the_same_pages(int fd)
{
	struct anvil *a = ktap_shared(sizeof(*a));
	pid_t pids[ARRAY_SIZE(lives) + 1];
	struct sm_resources before;
	size_t i;

	ASSERT_EQ(sm_resources(fd, &before), 0);
	a->fd = fd;
	a->id = live_segment(fd, PAGES);
	make_disk(a);
	for (i = 0; i < ARRAY_SIZE(lives); i++) {
		struct hammer h[2] = { { .anvil = a, .number = numbers[i] } };

		pids[i] = ktap_fork(lives[i], h);
	}
	pids[i] = ktap_fork(take_pages, a);
	check_until_done(fd, pids, ARRAY_SIZE(pids));
	expect_swapping(fd);
	expect_all_strokes(a);
	expect_all_back(fd, a->id, &before);
}

static int machine_on_a_file(uint32_t flags)
{
	int fd = sm_machine(FRAMES, 0, flags);

	ASSERT_GE(sm_swapon(fd, sm_swapfile(FRAMES)), 0);
	return fd;
}

static void same_pages(void)
{
	use_the_same_pages(sm_machine(FRAMES, FRAMES, 0));
}

static void same_pages_on_a_file(void)
{
	use_the_same_pages(machine_on_a_file(0));
}

static void same_pages_by_the_process_scan(void)
{
	use_the_same_pages(sm_machine(FRAMES, FRAMES, SHMSWAP_MACHINE_SHM_PROCESS));
}

static void same_pages_by_the_process_scan_on_a_file(void)
{
	use_the_same_pages(machine_on_a_file(SHMSWAP_MACHINE_SHM_PROCESS));
}

/*
 * Many short lives
 */

#define STORM_PAGES	(2 * FRAMES)
#define MOTHERS		4
#define CHILDREN	40		/* of each */
#define BROOD		4		/* alive at a time */

struct storm {
	int fd;
	int id;
	char *at;		/* page 0 has a count, the others stay as they are */
};

static void live_shortly(void *arg)
{
	const struct storm *s = arg;
	uint64_t rnd = getpid();
	int i;

	for (i = 0; i < 8; i++) {
		uint32_t page = 1 + sm_random(&rnd, STORM_PAGES - 1);

		ktap_context("page %u", page);
		EXPECT(live_filled(s->at + page * SM_PAGE, 1, page));
	}
	__atomic_add_fetch((uint64_t *)s->at, 1, __ATOMIC_RELAXED);
	if (!sm_random(&rnd, 4))
		execl("/bin/true", "true", NULL);
}

static void have_children(void *arg)
{
	int children = CHILDREN / ktap_slow() + BROOD, i;
	pid_t pids[BROOD];

	for (i = 0; i < children + BROOD; i++) {
		if (i >= BROOD)
			ktap_join(pids[i % BROOD]);
		if (i < children)
			pids[i % BROOD] = ktap_fork(live_shortly, arg);
	}
}

static void fork_storm(uint32_t flags)
{
	struct storm s = { .fd = sm_machine(FRAMES, 2 * STORM_PAGES, flags) };
	struct sm_resources before;
	pid_t mothers[MOTHERS];
	int i;

	ASSERT_EQ(sm_resources(s.fd, &before), 0);
	s.id = live_segment(s.fd, STORM_PAGES);
	s.at = live_attach(s.fd, s.id, 0);
	for (i = 1; i < STORM_PAGES; i++)
		live_fill(s.at + i * SM_PAGE, 1, i);
	for (i = 0; i < MOTHERS; i++)
		mothers[i] = ktap_fork(have_children, &s);
	check_until_done(s.fd, mothers, MOTHERS);
	EXPECT_EQ(*(uint64_t *)s.at, MOTHERS * (CHILDREN / ktap_slow() + BROOD));
	EXPECT_EQ(live_stat(s.fd, s.id).nattch, 1);
	EXPECT_GT(stat_of(s.fd).pswpin, STORM_PAGES);
	EXPECT_EQ(live_shmdt(s.fd, (uintptr_t)s.at), 0);
	expect_all_back(s.fd, s.id, &before);
}

static void fork_storm_under_the_clock(void)
{
	fork_storm(SHMSWAP_MACHINE_KSWAPD);
}

static void fork_storm_under_the_process_scan(void)
{
	fork_storm(SHMSWAP_MACHINE_KSWAPD | SHMSWAP_MACHINE_SHM_PROCESS);
}

int main(int argc, char **argv)
{
	static const struct ktap_case cases[] = {
		KTAP_CASE(same_pages),
		KTAP_CASE(same_pages_on_a_file),
		KTAP_CASE(same_pages_by_the_process_scan),
		KTAP_CASE(same_pages_by_the_process_scan_on_a_file),
		KTAP_CASE(fork_storm_under_the_clock),
		KTAP_CASE(fork_storm_under_the_process_scan),
	};

	return ktap_run(argc, argv, cases, ARRAY_SIZE(cases));
}
