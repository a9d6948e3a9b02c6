// SPDX-License-Identifier: GPL-2.0
/* e2e: timeout=180 */
/*
 * Many processes and threads write and verify segments several times larger
 * than the machine's memory. Each owns a stripe of every page, so that a page
 * always belongs to all of them; after each round everybody reads what a
 * neighbour wrote.
 */
#define _GNU_SOURCE
#include <pthread.h>
#include <unistd.h>

#include "ktap.h"
#include "libcase.h"
#include "libshm.h"

#define SEGS		3
#define PROCESSES	3
#define THREADS		2	/* of each process */
#define WORKERS		(PROCESSES * THREADS)
#define STRIPE		(SM_PAGE / WORKERS / 8 * 8)

struct load {
	int fd;			/* the first process */
	int ids[SEGS];
	uint64_t addr[SEGS];
	uint32_t pages;		/* of all segments together */
	int rounds;
	pthread_barrier_t *barrier;
};

struct worker {
	const struct load *load;
	int fd;
	int number;
};

/*
 * The machine
 */

/* Of memory; the overcommit, not the size, is what matters. */
static uint32_t frames(void)
{
	return ktap_slow() > 1 ? 24 : 64;
}

static void make_segments(struct load *l)
{
	int i;

	for (i = 0; i < SEGS; i++) {
		int64_t addr;

		l->ids[i] = sm_shmget(l->fd, i + 1, l->pages / SEGS * SM_PAGE,
				      IPC_CREAT | 0600);
		ASSERT_GE(l->ids[i], 0);
		addr = sm_shmat(l->fd, l->ids[i], 0, 0);
		ASSERT_GT(addr, 0);
		l->addr[i] = addr;
	}
}

static void remove_segments(struct load *l)
{
	int i;

	for (i = 0; i < SEGS; i++) {
		EXPECT_EQ(sm_shmdt(l->fd, l->addr[i]), 0);
		EXPECT_EQ(sm_shm_remove(l->fd, l->ids[i]), 0);
	}
}

static pthread_barrier_t *make_barrier(void)
{
	pthread_barrier_t *barrier = ktap_shared(sizeof(*barrier));
	pthread_barrierattr_t attr;

	pthread_barrierattr_init(&attr);
	pthread_barrierattr_setpshared(&attr, PTHREAD_PROCESS_SHARED);
	ASSERT_EQ(pthread_barrier_init(barrier, &attr, WORKERS), 0);
	return barrier;
}

/*
 * The workers
 */

static uint64_t page_address(const struct load *l, uint32_t page)
{
	return l->addr[page % SEGS] + page / SEGS * SM_PAGE;
}

static uint64_t stripe_seed(int round, int number, uint32_t page)
{
	return ((uint64_t)round * WORKERS + number) << 32 | page;
}

/* The i-th page in the order of a worker: up or down, from a place of its own. */
static uint32_t nth_page(const struct worker *w, uint32_t i)
{
	uint32_t pages = w->load->pages;
	uint32_t page = (i + w->number * (pages / WORKERS)) % pages;

	return w->number % 2 ? pages - 1 - page : page;
}

static void write_stripes(const struct worker *w, int round)
{
	const struct load *l = w->load;
	char stripe[STRIPE];
	uint32_t i;

	for (i = 0; i < l->pages; i++) {
		uint32_t page = nth_page(w, i);

		sm_fill(stripe, STRIPE, stripe_seed(round, w->number, page));
		ASSERT_EQ(sm_store(w->fd, page_address(l, page) + w->number * STRIPE,
				   stripe, STRIPE), STRIPE);
	}
}

static void expect_stripe(const char *stripe, int round, int number, uint32_t page)
{
	ktap_context("worker %d, round %d, page %u", number, round, page);
	ASSERT(sm_filled(stripe, STRIPE, stripe_seed(round, number, page)));
}

static void verify_stripes(const struct worker *w, int number, int round)
{
	const struct load *l = w->load;
	char stripe[STRIPE];
	uint32_t page;

	for (page = 0; page < l->pages; page++) {
		ASSERT_EQ(sm_load(w->fd, page_address(l, page) + number * STRIPE,
				  stripe, STRIPE), STRIPE);
		expect_stripe(stripe, round, number, page);
	}
}

/* All that was written last, by a process that did not take part. */
static void verify_everything(const struct load *l)
{
	char bytes[SM_PAGE];
	uint32_t page;
	int i;

	for (page = 0; page < l->pages; page++) {
		ASSERT_EQ(sm_load(l->fd, page_address(l, page), bytes, SM_PAGE), SM_PAGE);
		for (i = 0; i < WORKERS; i++)
			expect_stripe(bytes + i * STRIPE, l->rounds - 1, i, page);
	}
}

static void *work(void *arg)
{
	const struct worker *w = arg;
	const struct load *l = w->load;
	int round;

	for (round = 0; round < l->rounds; round++) {
		write_stripes(w, round);
		pthread_barrier_wait(l->barrier);
		verify_stripes(w, (w->number + 1) % WORKERS, round);
		pthread_barrier_wait(l->barrier);
	}
	return NULL;
}

static void work_in_threads(void *arg)
{
	const struct worker *first = arg;
	struct worker workers[THREADS];
	pthread_t threads[THREADS];
	int i;

	for (i = 0; i < THREADS; i++) {
		workers[i] = *first;
		workers[i].number += i;
		ASSERT_EQ(pthread_create(&threads[i], NULL, work, &workers[i]), 0);
	}
	for (i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
}

/* Children of the first process, each in a process of its own. */
static void start_workers(struct load *l, pid_t *pids)
{
	struct worker w = { .load = l };
	int i;

	for (i = 0; i < PROCESSES; i++) {
		w.fd = sm_fork(l->fd);
		ASSERT_GE(w.fd, 0);
		w.number = i * THREADS;
		pids[i] = ktap_fork(work_in_threads, &w);
		close(w.fd);
	}
}

/*
 * The cases
 */

static void run(int fd, int factor, int rounds)
{
	struct load l = {
		.fd = fd,
		.pages = factor * frames() / SEGS * SEGS,
		.rounds = rounds,
	};
	struct sm_resources before;
	struct shmswap_stat stat;
	pid_t pids[PROCESSES];

	ASSERT_GE(fd, 0);
	ASSERT_EQ(sm_resources(fd, &before), 0);
	l.barrier = make_barrier();
	make_segments(&l);
	start_workers(&l, pids);
	check_until_done(fd, pids, PROCESSES);

	verify_everything(&l);
	ASSERT_EQ(sm_stat(fd, &stat), 0);
	EXPECT_EQ(stat.shm_rss + stat.shm_swp, l.pages);
	EXPECT_GT(stat.swap_successes, l.pages - frames());
	EXPECT_GE(stat.pswpout, stat.swap_successes);
	EXPECT_GT(stat.pswpin, 0);
	EXPECT_EQ(stat.swap_read_errors + stat.swap_write_errors, 0);
	remove_segments(&l);
	EXPECT_SOON(sm_same_resources(fd, &before));
	EXPECT_EQ(sm_check(fd), 0);
}

static int machine_with_file(int factor)
{
	int fd = sm_machine(frames(), 0, SHMSWAP_MACHINE_KSWAPD);
	int file = sm_swapfile(factor * frames());

	ASSERT_GE(fd, 0);
	ASSERT_GE(file, 0);
	ASSERT_GE(sm_swapon(fd, file), 0);
	close(file);
	return fd;
}

static void four_times_on_ram(void)
{
	run(sm_machine(frames(), 4 * frames(), SHMSWAP_MACHINE_KSWAPD), 4, 2);
}

static void four_times_on_a_file(void)
{
	run(machine_with_file(4), 4, 2);
}

static void sixteen_times_on_ram(void)
{
	run(sm_machine(frames(), 16 * frames(), SHMSWAP_MACHINE_KSWAPD), 16, 1);
}

static void sixteen_times_on_a_file(void)
{
	run(machine_with_file(16), 16, 1);
}

/* Two files and memory, used in turns and one after the other. */
static void four_times_on_three_areas(void)
{
	int fd = sm_machine(frames(), 0, SHMSWAP_MACHINE_KSWAPD);
	int one = sm_swapfile(frames()), two = sm_swapfile(frames());

	ASSERT_GE(sm_swapon_prio(fd, one, 9), 0);
	ASSERT_GE(sm_swapon_prio(fd, two, 9), 0);
	ASSERT_GE(sm_swapon_ram(fd, 3 * frames(), 3), 0);
	run(fd, 4, 2);
}

/* Every page that goes out, a fault asked for. */
static void four_times_without_kswapd(void)
{
	run(sm_machine(frames(), 4 * frames(), 0), 4, 1);
}

int main(int argc, char **argv)
{
	static const struct ktap_case cases[] = {
		KTAP_CASE(four_times_on_ram),
		KTAP_CASE(four_times_on_a_file),
		KTAP_CASE(sixteen_times_on_ram),
		KTAP_CASE(sixteen_times_on_a_file),
		KTAP_CASE(four_times_on_three_areas),
		KTAP_CASE(four_times_without_kswapd),
	};

	return ktap_run(argc, argv, cases, ARRAY_SIZE(cases));
}
