// SPDX-License-Identifier: GPL-2.0
/* e2e: timeout=120 */
/*
 * Processes that are killed in the middle of whatever they do leave nothing
 * behind, and the module stays while anything of it is open.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "ktap.h"
#include "libshm.h"

#define FRAMES		128
#define PAGES		(4 * FRAMES)
#define VICTIMS		4

struct victim {
	int fd;
	int id;
	uint64_t addr;
	uint64_t seed;
	uint64_t *progress;	/* steps of all victims */
};

static int machine(uint32_t flags)
{
	int fd = sm_machine(FRAMES, 2 * PAGES, flags);

	ASSERT_GE(fd, 0);
	return fd;
}

static void segment(int fd, struct victim *v)
{
	int64_t addr;

	v->id = sm_shmget(fd, IPC_PRIVATE, PAGES * SM_PAGE, 0600);
	ASSERT_GE(v->id, 0);
	addr = sm_shmat(fd, v->id, 0, 0);
	ASSERT_GT(addr, 0);
	v->addr = addr;
}

static void step(const struct victim *v)
{
	__atomic_add_fetch(v->progress, 1, __ATOMIC_RELAXED);
}

/*
 * What the victims do until they are killed
 */

static void fault_forever(void *arg)
{
	const struct victim *v = arg;
	uint64_t rnd = v->seed;

	for (;;) {
		uint64_t addr = v->addr + sm_random(&rnd, PAGES) * SM_PAGE;

		ASSERT_EQ(sm_touch(v->fd, addr, 1, 0), 0);
		step(v);
	}
}

static void touch_all_forever(void *arg)
{
	const struct victim *v = arg;

	for (;;) {
		ASSERT_EQ(sm_touch(v->fd, v->addr, PAGES, SHMSWAP_TOUCH_WRITE), 0);
		step(v);
	}
}

static void reclaim_forever(void *arg)
{
	const struct victim *v = arg;

	for (;;) {
		ASSERT_GE(sm_reclaim_shm(v->fd, 1000), 0);
		step(v);
	}
}

/* Writes back what it read: the bytes never change. */
static void copy_forever(void *arg)
{
	const struct victim *v = arg;
	char page[SM_PAGE];
	uint64_t rnd = v->seed;

	for (;;) {
		uint64_t addr = v->addr + sm_random(&rnd, PAGES - 1) * SM_PAGE + 100;

		ASSERT_EQ(sm_load(v->fd, addr, page, SM_PAGE), SM_PAGE);
		ASSERT_EQ(sm_store(v->fd, addr, page, SM_PAGE), SM_PAGE);
		step(v);
	}
}

static void attach_forever(void *arg)
{
	const struct victim *v = arg;

	for (;;) {
		int child = sm_fork(v->fd);
		int64_t addr = sm_shmat(v->fd, v->id, 0, 0);
		int id = sm_shmget(v->fd, IPC_PRIVATE, SM_PAGE, 0600);

		ASSERT_GE(child, 0);
		ASSERT_GT(addr, 0);
		ASSERT_EQ(sm_touch(v->fd, addr, 8, 0), 0);
		ASSERT_EQ(sm_touch(child, v->addr, 8, 0), 0);
		ASSERT_EQ(sm_shm_remove(v->fd, id), 0);
		ASSERT_EQ(sm_shmdt(v->fd, addr), 0);
		close(child);
		step(v);
	}
}

/*
 * The killing
 */

static void sleep_us(long us)
{
	nanosleep(&(struct timespec){ .tv_nsec = us * 1000 }, NULL);
}

static uint64_t progress_of(const struct victim *v)
{
	return __atomic_load_n(v->progress, __ATOMIC_RELAXED);
}

static void kill_one_round(int fd, struct victim *v, void (*life)(void *arg))
{
	uint64_t start = progress_of(v);
	pid_t pids[VICTIMS];
	int i;

	for (i = 0; i < VICTIMS; i++) {
		v->fd = sm_fork(fd);
		ASSERT_GE(v->fd, 0);
		v->seed++;
		pids[i] = ktap_fork(life, v);
		close(v->fd);
	}
	ASSERT_SOON(progress_of(v) > start + 2 * VICTIMS);
	for (i = 0; i < VICTIMS; i++) {
		/* Not for order, but to hit a different moment each time. */
		sleep_us(sm_random(&v->seed, 3000));
		kill(pids[i], SIGKILL);
		ktap_join_killed(pids[i], SIGKILL);
	}
}

static void remove_all_segments(int fd)
{
	struct shmswap_seg segs[32];
	int nr = sm_query(fd, SHMSWAP_QUERY_SEGS, 0, segs, 32);

	ASSERT_GE(nr, 0);
	while (--nr >= 0)
		EXPECT_EQ(sm_shm_remove(fd, segs[nr].shmid), 0);
}

static uint64_t nattch_of(int fd, int id)
{
	struct shmswap_shmid_ds ds;

	ASSERT_EQ(sm_shm_stat(fd, id, &ds), 0);
	return ds.nattch;
}

static uint64_t processes_of(int fd)
{
	struct shmswap_info info;

	ASSERT_EQ(sm_info(fd, &info), 0);
	return info.out_nr_processes;
}

static void kill_in_the_middle(int fd, void (*life)(void *arg))
{
	struct victim v = { .seed = 1, .progress = ktap_shared(SM_PAGE) };
	int rounds = 6 / ktap_slow() + 2, i;
	struct sm_resources before;

	ASSERT_EQ(sm_resources(fd, &before), 0);
	segment(fd, &v);
	ASSERT_EQ(sm_fill_pages(fd, v.addr, PAGES, 1), 0);
	for (i = 0; i < rounds; i++) {
		ktap_context("round %d", i);
		kill_one_round(fd, &v, life);
		ASSERT_SOON(processes_of(fd) == 1);
		EXPECT_EQ(nattch_of(fd, v.id), 1);
		ASSERT_EQ(sm_check(fd), 0);
	}
	EXPECT_EQ(sm_verify_pages(fd, v.addr, PAGES, 1), 0);
	EXPECT_EQ(sm_shmdt(fd, v.addr), 0);
	/* The victims left segments of their own behind, as processes may. */
	remove_all_segments(fd);
	EXPECT_SOON(sm_same_resources(fd, &before));
	EXPECT_EQ(sm_check(fd), 0);
}

static void killed_while_faulting(void)
{
	kill_in_the_middle(machine(SHMSWAP_MACHINE_KSWAPD), fault_forever);
}

static void killed_while_faulting_without_kswapd(void)
{
	kill_in_the_middle(machine(0), fault_forever);
}

static void killed_while_faulting_on_a_file(void)
{
	int fd = sm_machine(FRAMES, 0, SHMSWAP_MACHINE_KSWAPD);

	ASSERT_GE(sm_swapon(fd, sm_swapfile(2 * PAGES)), 0);
	kill_in_the_middle(fd, fault_forever);
}

static void killed_in_a_batch(void)
{
	kill_in_the_middle(machine(SHMSWAP_MACHINE_KSWAPD), touch_all_forever);
}

static void killed_while_reclaiming(void)
{
	kill_in_the_middle(machine(0), reclaim_forever);
}

static void killed_while_copying(void)
{
	kill_in_the_middle(machine(SHMSWAP_MACHINE_KSWAPD), copy_forever);
}

static void killed_while_attaching(void)
{
	kill_in_the_middle(machine(SHMSWAP_MACHINE_KSWAPD), attach_forever);
}

/* The only process of a machine: the machine goes with it. */
static void own_machine_forever(void *arg)
{
	struct victim v = *(struct victim *)arg;

	v.fd = machine(SHMSWAP_MACHINE_KSWAPD);
	segment(v.fd, &v);
	fault_forever(&v);
}

static void killed_with_its_machine(void)
{
	struct victim v = { .progress = ktap_shared(SM_PAGE) };
	int i;

	for (i = 0; i < 10; i++) {
		uint64_t start = progress_of(&v);
		pid_t pid = ktap_fork(own_machine_forever, &v);

		ASSERT_SOON(progress_of(&v) > start + 20);
		kill(pid, SIGKILL);
		ktap_join_killed(pid, SIGKILL);
	}
}

static uint64_t attempts_of(int fd)
{
	struct shmswap_clock clock;

	ASSERT_EQ(sm_clock(fd, &clock), 0);
	return clock.swap_attempts;
}

static void reclaim_four_billion_times(void *arg)
{
	sm_reclaim_shm(((struct victim *)arg)->fd, UINT32_MAX);
}

/* A long request ends soon when its caller is killed. */
static void long_requests_are_killable(void)
{
	struct victim v = { .fd = machine(0) };
	long long start;
	pid_t pid;

	segment(v.fd, &v);
	ASSERT_EQ(sm_touch(v.fd, v.addr, PAGES, SHMSWAP_TOUCH_WRITE), 0);
	start = attempts_of(v.fd);
	pid = ktap_fork(reclaim_four_billion_times, &v);
	ASSERT_SOON(attempts_of(v.fd) > (uint64_t)start + 2);
	start = ktap_now();
	kill(pid, SIGKILL);
	ktap_join_killed(pid, SIGKILL);
	EXPECT_LT(ktap_now() - start, 5000 * ktap_slow());
	EXPECT_EQ(sm_check(v.fd), 0);
}

/*
 * rmmod
 */

static int rmmod(void)
{
	return syscall(SYS_delete_module, "shmswap", O_NONBLOCK) ? -errno : 0;
}

static bool is_a_module(void)
{
	return !access("/sys/module/shmswap/refcnt", F_OK);
}

static void expect_in_use(void)
{
	int ret = rmmod();

	if (ret != -EBUSY)
		EXPECT_EQ(ret, -EWOULDBLOCK);
}

static void module_stays_while_open(void)
{
	int fd, child, table;

	if (!is_a_module())
		ktap_skip("shmswap is not a loadable module here");
	ktap_context("a file that did nothing yet");
	fd = sm_open();
	ASSERT_GE(fd, 0);
	expect_in_use();
	close(fd);

	ktap_context("a private machine");
	fd = machine(SHMSWAP_MACHINE_KSWAPD);
	expect_in_use();

	ktap_context("a child alone");
	child = sm_fork(fd);
	ASSERT_GE(child, 0);
	close(fd);
	expect_in_use();

	ktap_context("a table alone");
	table = sm_table(child, SHMSWAP_TABLE_VMSTAT);
	ASSERT_GE(table, 0);
	close(child);
	expect_in_use();
	close(table);

	ktap_context("a child of the default machine alone");
	fd = sm_open();
	child = sm_spawn(fd);
	ASSERT_GE(child, 0);
	close(fd);
	expect_in_use();
}

int main(int argc, char **argv)
{
	static const struct ktap_case cases[] = {
		KTAP_CASE(killed_while_faulting),
		KTAP_CASE(killed_while_faulting_without_kswapd),
		KTAP_CASE(killed_while_faulting_on_a_file),
		KTAP_CASE(killed_in_a_batch),
		KTAP_CASE(killed_while_reclaiming),
		KTAP_CASE(killed_while_copying),
		KTAP_CASE(killed_while_attaching),
		KTAP_CASE(killed_with_its_machine),
		KTAP_CASE(long_requests_are_killable),
		KTAP_CASE(module_stays_while_open),
	};

	return ktap_run(argc, argv, cases, ARRAY_SIZE(cases));
}
