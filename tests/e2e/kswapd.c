// SPDX-License-Identifier: GPL-2.0
/* e2e: timeout=60 */
/*
 * The watermarks: what a fault may take, when kswapd starts and when it has
 * done enough.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <stdio.h>
#include <unistd.h>

#include "ktap.h"
#include "libcase.h"
#include "libshm.h"

#define FRAMES	128
#define MIN	8
#define LOW	16
#define HIGH	32

static int machine(uint32_t ram_swap, uint32_t flags)
{
	struct shmswap_control control = SM_ARG(control,
		.set = SHMSWAP_CONTROL_FREEPAGES | SHMSWAP_CONTROL_KSWAPD,
		.freepages_min = MIN, .freepages_low = LOW, .freepages_high = HIGH,
		.kswapd_interval = 10, .kswapd_maxpages = 4);
	int fd = sm_machine(FRAMES, ram_swap, flags);

	ASSERT_GE(fd, 0);
	ASSERT_EQ(sm_control(fd, &control), 0);
	return fd;
}

static uint64_t attach_new(int fd, uint32_t pages)
{
	int64_t addr = sm_shmat(fd, sm_shmget(fd, IPC_PRIVATE, pages * SM_PAGE, 0600), 0, 0);

	ASSERT_GT(addr, 0);
	return addr;
}

static uint64_t private_memory(int fd, uint32_t pages)
{
	return map_anon(fd, pages, PRIVATE_ANON);
}

static uint64_t shared_file(int fd, uint32_t pages)
{
	return map_file(fd, sm_file(pages * SM_PAGE), pages, PROT_RW, MAP_SHARED);
}

/* All that it has to balance. */
static const struct {
	const char *name;
	uint64_t (*map)(int fd, uint32_t pages);
} kinds[] = {
	{ "segment", attach_new },
	{ "private memory", private_memory },
	{ "file", shared_file },
};

static void set_kswapd(int fd, bool on)
{
	struct shmswap_control control = SM_ARG(control, .set = SHMSWAP_CONTROL_FLAGS,
						.flags = on ? SHMSWAP_MACHINE_KSWAPD : 0);

	ASSERT_EQ(sm_control(fd, &control), 0);
}

/* Faults leave freepages_min frames alone, to the frame. */
static void faults_leave_the_minimum(void)
{
	int fd = machine(0, 0);
	uint64_t addr = attach_new(fd, FRAMES);
	struct shmswap_control control = SM_ARG(control,
		.set = SHMSWAP_CONTROL_FREEPAGES,
		.freepages_min = 0, .freepages_low = 0, .freepages_high = 0);

	EXPECT_EQ(sm_touch(fd, addr, FRAMES, SHMSWAP_TOUCH_WRITE), -ENOMEM);
	EXPECT_EQ(stat_of(fd).nr_free_pages, MIN);
	EXPECT_EQ(stat_of(fd).shm_rss, FRAMES - MIN);
	ASSERT_EQ(sm_control(fd, &control), 0);
	EXPECT_EQ(sm_touch(fd, addr, FRAMES, SHMSWAP_TOUCH_WRITE), 0);
	EXPECT_EQ(stat_of(fd).nr_free_pages, 0);
	EXPECT_EQ(sm_check(fd), 0);
}

/* Switched off, it frees what faults ask for and no page more. */
static void stay_at_the_minimum(int fd, uint64_t addr)
{
	ASSERT_EQ(sm_fill_pages(fd, addr, 2 * FRAMES, 1), 0);
	EXPECT_LT(stat_of(fd).nr_free_pages, LOW);
	EXPECT_EQ(stat_of(fd).kswapd_wake, 0);
	EXPECT_EQ(stat_of(fd).kswapd_freed, 0);

	/* Switched on, it makes up for that, up to freepages_high. */
	set_kswapd(fd, true);
	EXPECT_SOON(stat_of(fd).nr_free_pages >= HIGH);
	EXPECT_GT(stat_of(fd).kswapd_wake, 0);
	EXPECT_GE(stat_of(fd).kswapd_freed, HIGH - LOW);
	EXPECT_EQ(sm_verify_pages(fd, addr, 2 * FRAMES, 1), 0);
	EXPECT_EQ(sm_check(fd), 0);
}

static void switched_off_it_stays_at_the_minimum(void)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(kinds); i++) {
		int fd = machine(4 * FRAMES, 0);

		ktap_context("%s", kinds[i].name);
		stay_at_the_minimum(fd, kinds[i].map(fd, 2 * FRAMES));
		close(fd);
	}
}

static void rest_when_enough_is_free(int fd, uint64_t addr)
{
	struct shmswap_stat before, after;

	EXPECT_EQ(stat_of(fd).kswapd_wake, 0);
	ASSERT_EQ(sm_fill_pages(fd, addr, 2 * FRAMES, 1), 0);
	ASSERT_SOON(stat_of(fd).nr_free_pages >= HIGH);
	/* Nothing to wait for: it must not come, in many of its intervals. */
	usleep(50000);
	before = stat_of(fd);
	usleep(200000);
	after = stat_of(fd);
	EXPECT_EQ(after.kswapd_wake, before.kswapd_wake);
	EXPECT_EQ(after.swap_attempts, before.swap_attempts);
	EXPECT_EQ(after.pgscan, before.pgscan);
	EXPECT_LT(after.nr_free_pages, HIGH + 8);
}

static void it_rests_when_enough_is_free(void)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(kinds); i++) {
		int fd = machine(4 * FRAMES, SHMSWAP_MACHINE_KSWAPD);

		ktap_context("%s", kinds[i].name);
		rest_when_enough_is_free(fd, kinds[i].map(fd, 2 * FRAMES));
		close(fd);
	}
}

/* Under pressure it works ahead: most faults find a frame. */
static void it_works_ahead_of_faults(void)
{
	int fd = machine(4 * FRAMES, SHMSWAP_MACHINE_KSWAPD), i;
	uint64_t addr = attach_new(fd, 3 * FRAMES);
	struct shmswap_stat stat;

	for (i = 0; i < 3 * FRAMES; i++) {
		ASSERT_EQ(sm_fill_pages(fd, addr + i * SM_PAGE, 1, i), 0);
		ASSERT_SOON(stat_of(fd).nr_free_pages > LOW);
	}
	stat = stat_of(fd);
	EXPECT_EQ(stat.reclaim_stall, 0);
	EXPECT_GT(stat.kswapd_wake, 0);
	EXPECT_EQ(stat.kswapd_freed, stat.swap_successes);
	EXPECT_EQ(sm_verify_pages(fd, addr, 3 * FRAMES, 0), 0);
}

/* Processor time that was not idle, of the whole guest. */
static double busy_seconds(void)
{
	FILE *file = fopen("/proc/uptime", "r");
	double up, idle;

	ASSERT(file);
	ASSERT_EQ(fscanf(file, "%lf %lf", &up, &idle), 2);
	fclose(file);
	return up * sysconf(_SC_NPROCESSORS_ONLN) - idle;
}

/* Swap full, memory full: nothing can be done, and nothing is done all day. */
static void it_does_not_spin_when_nothing_helps(void)
{
	int fd = machine(16, SHMSWAP_MACHINE_KSWAPD);
	uint64_t addr = attach_new(fd, 2 * FRAMES);
	double before, used;

	ASSERT_EQ(sm_touch(fd, addr, 2 * FRAMES, SHMSWAP_TOUCH_WRITE), -ENOMEM);
	before = busy_seconds();
	usleep(1000000);
	used = busy_seconds() - before;
	EXPECT_LT(used * 1000, 800);
	EXPECT_EQ(sm_check(fd), 0);
}

/* The machine's end does not wait for kswapd's interval. */
static void it_ends_with_its_machine(void)
{
	struct shmswap_control control = SM_ARG(control, .set = SHMSWAP_CONTROL_KSWAPD,
						.kswapd_interval = 60000,
						.kswapd_maxpages = 1);
	int i;

	for (i = 0; i < 5; i++) {
		int fd = sm_machine(FRAMES, FRAMES, SHMSWAP_MACHINE_KSWAPD);
		long long start = ktap_now();

		ASSERT_EQ(sm_control(fd, &control), 0);
		close(fd);
		EXPECT_LT(ktap_now() - start, 5000);
	}
}

int main(int argc, char **argv)
{
	static const struct ktap_case cases[] = {
		KTAP_CASE(faults_leave_the_minimum),
		KTAP_CASE(switched_off_it_stays_at_the_minimum),
		KTAP_CASE(it_rests_when_enough_is_free),
		KTAP_CASE(it_works_ahead_of_faults),
		KTAP_CASE(it_does_not_spin_when_nothing_helps),
		KTAP_CASE(it_ends_with_its_machine),
	};

	return ktap_run(argc, argv, cases, ARRAY_SIZE(cases));
}
