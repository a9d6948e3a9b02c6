// SPDX-License-Identifier: GPL-2.0
/*
 * Reclaim requests, try_to_free_page(), and when kswapd works by itself, for
 * how long, and how hard.
 */
#include <kunit/resource.h>
#include <kunit/static_stub.h>
#include <kunit/test-bug.h>
#include <linux/jiffies.h>

#include "kunit_regions.h"

#define NEVER	60000	/* an interval that no case lives to see the end of */

static struct sim_machine *machine(struct kunit *test, u32 frames)
{
	return sim_test_machine_config(test, &(const struct sim_config) {
		.nr_frames = frames,
		.ram_swap = 512,
	});
}

/* A segment of which @npages are resident and nobody has them mapped. */
static s32 unmapped(struct kunit *test, struct sim_machine *m, u32 npages)
{
	struct sim_mm *mm = sim_test_process(test, m);
	s32 id = sim_test_segment(test, m, npages);

	sim_test_touch_pages(test, mm, sim_test_attach(test, mm, id), npages);
	sim_test_process_exit(test, mm);
	return id;
}

/* The same, in a process that has just used them. */
static struct sim_mm *mapped(struct kunit *test, struct sim_machine *m, u32 npages)
{
	struct sim_mm *mm = sim_test_process(test, m);

	sim_test_touch_pages(test, mm, sim_test_attach(test, mm, sim_test_segment(test, m, npages)),
			     npages);
	return mm;
}

static u64 wakes(struct sim_machine *m)
{
	return sim_test_event(m, SIM_KSWAPD_WAKE);
}

/* Let kswapd work by itself from now on. */
static void enable(struct kunit *test, struct sim_machine *m, u32 min, u32 low, u32 high,
		   u32 interval, u32 maxpages)
{
	struct shmswap_control c = {
		.set = SHMSWAP_CONTROL_FLAGS | SHMSWAP_CONTROL_FREEPAGES | SHMSWAP_CONTROL_KSWAPD,
		.flags = SHMSWAP_MACHINE_KSWAPD,
		.freepages_min = min,
		.freepages_low = low,
		.freepages_high = high,
		.kswapd_interval = interval,
		.kswapd_maxpages = maxpages,
	};

	KUNIT_ASSERT_EQ(test, 0, sim_machine_control(m, &c));
}

/* kswapd has seen what there is to see, and sleeps. */
static void settle(struct sim_machine *m)
{
	struct sim_reclaim_result result;

	/* It serves a request before it looks at anything else, and then looks. */
	sim_reclaim(m, SHMSWAP_RECLAIM_SHM, 6, 0, &result);
	sim_test_wait_for(!READ_ONCE(m->kswapd.kicked));
	schedule_timeout_uninterruptible(3);
}

/* -------------------------------------------------------------- requests */

static void reclaim_counts(struct kunit *test)
{
	struct sim_machine *m = machine(test, SIM_TEST_FRAMES);
	struct sim_reclaim_result result = {};

	mapped(test, m, 8);
	/* The example of Linux 2.0's clock: aged, then one by one. */
	KUNIT_EXPECT_EQ(test, 0, sim_reclaim(m, SHMSWAP_RECLAIM_SHM, 0, 10, &result));
	KUNIT_EXPECT_EQ(test, 10, result.calls);
	KUNIT_EXPECT_EQ(test, 8, result.freed);
	KUNIT_EXPECT_EQ(test, 17, result.attempts);
	SIM_EXPECT_SHM(test, m, 8, 0, 8);
}

static void reclaim_of_no_calls(struct kunit *test)
{
	struct sim_machine *m = machine(test, SIM_TEST_FRAMES);
	struct sim_reclaim_result result = { 1, 2, 3 };

	unmapped(test, m, 8);
	KUNIT_EXPECT_EQ(test, 0, sim_reclaim(m, SHMSWAP_RECLAIM_SHM, 0, 0, &result));
	KUNIT_EXPECT_EQ(test, 0, result.calls);
	KUNIT_EXPECT_EQ(test, 0, result.freed);
	KUNIT_EXPECT_EQ(test, 0, result.attempts);
	SIM_EXPECT_SHM(test, m, 8, 8, 0);
}

static void reclaim_at_level(struct kunit *test)
{
	struct sim_machine *m = machine(test, SIM_TEST_FRAMES);
	struct sim_reclaim_result result;

	unmapped(test, m, 8);
	KUNIT_EXPECT_EQ(test, 0, sim_reclaim(m, SHMSWAP_RECLAIM_SHM, 4, 1, &result));
	KUNIT_EXPECT_EQ(test, 0, result.freed);
	KUNIT_EXPECT_EQ(test, 0, sim_reclaim(m, SHMSWAP_RECLAIM_SHM, 3, 1, &result));
	KUNIT_EXPECT_EQ(test, 1, result.freed);
	KUNIT_EXPECT_EQ(test, 0, sim_reclaim(m, SHMSWAP_RECLAIM_TRY, 3, 1, &result));
	KUNIT_EXPECT_EQ(test, 0, result.freed);
	KUNIT_EXPECT_EQ(test, 0, sim_reclaim(m, SHMSWAP_RECLAIM_TRY, 2, 1, &result));
	KUNIT_EXPECT_EQ(test, 1, result.freed);
}

static const struct level_row {
	int stop;
	int ret;
	u64 attempts;
} level_rows[] = {
	{ 6, 0, 0 },
	{ 4, 0, 0 },
	/* Budget 1: one is aged, one passed over. */
	{ 3, 0, 2 },
	{ 2, 0, 2 + 3 },
	/* Three more, and round to the first, which is old. */
	{ 1, 1, 2 + 3 + 4 },
	{ 0, 1, 2 + 3 + 4 },
};

static void describe_level(const struct level_row *row, char *desc)
{
	snprintf(desc, KUNIT_PARAM_DESC_SIZE, "down to %d", row->stop);
}

KUNIT_ARRAY_PARAM(level, level_rows, describe_level);

/* Eight pages, just used: the levels have budgets of 0, 0, 0, 1, 2, 4, 8. */
static void try_to_free_page_goes_down(struct kunit *test)
{
	const struct level_row *row = test->param_value;
	struct sim_machine *m = machine(test, SIM_TEST_FRAMES);

	mapped(test, m, 8);
	KUNIT_EXPECT_EQ(test, row->ret, sim_test_try_to_free_page(m, row->stop));
	SIM_EXPECT_EVENT(test, m, SWAP_ATTEMPTS, row->attempts);
	/* If it was successful, it stays at the clock. */
	KUNIT_EXPECT_EQ(test, row->ret, m->reclaim_method);
}

/* The first level goes on with the method after those that failed last. */
static void try_to_free_page_resumes_rotation(struct kunit *test)
{
	struct sim_machine *m = machine(test, SIM_TEST_FRAMES);

	unmapped(test, m, 32);
	m->reclaim_method = 1;
	KUNIT_EXPECT_EQ(test, 0, sim_test_try_to_free_page(m, 6));
	KUNIT_EXPECT_EQ(test, 0, m->reclaim_method);
	m->reclaim_method = 1;
	KUNIT_EXPECT_EQ(test, 1, sim_test_try_to_free_page(m, 5));
}

/**
 * struct request - a thread that asks for a page
 * @m: machine
 * @count: calls
 * @result: what it got
 */
struct request {
	struct sim_machine *m;
	u32 count;
	struct sim_reclaim_result result;
};

static int request_thread(void *data)
{
	struct request *r = data;

	return sim_reclaim(r->m, SHMSWAP_RECLAIM_SHM, 0, r->count, &r->result);
}

static struct sim_test_thread *begin_request(struct kunit *test, struct request *r,
					     struct sim_machine *m, u32 count)
{
	r->m = m;
	r->count = count;
	return sim_test_thread_run(test, request_thread, r);
}

static u32 nr_requests(struct sim_machine *m)
{
	u32 nr;

	spin_lock(&m->kswapd.lock);
	nr = list_count_nodes(&m->kswapd.requests);
	spin_unlock(&m->kswapd.lock);
	return nr;
}

static void hold_write(struct sim_test_swap *swap, u32 slot)
{
	wait_for_completion(swap->data);
}

/* What holds kswapd must go on before the machine is torn down, come what may. */
static void go_on(void *data)
{
	complete_all(data);
}

/* There are two pages for three requests. */
static void requests_are_served_in_order(struct kunit *test)
{
	struct sim_machine *m = sim_test_machine_config(test, &(const struct sim_config) {
		.nr_frames = SIM_TEST_FRAMES,
	});
	struct completion *go = kunit_kzalloc(test, sizeof(*go), GFP_KERNEL);
	struct request *r = kunit_kcalloc(test, 3, sizeof(*r), GFP_KERNEL);
	struct sim_test_swap *swap = sim_test_swap_area(test, m, 8, -1);
	struct sim_test_thread *thread[3];
	int i;

	KUNIT_ASSERT_NOT_NULL(test, go);
	KUNIT_ASSERT_NOT_NULL(test, r);
	init_completion(go);
	KUNIT_ASSERT_EQ(test, 0, kunit_add_action_or_reset(test, go_on, go));
	unmapped(test, m, 2);
	swap->data = go;
	swap->on_write = hold_write;
	thread[0] = begin_request(test, &r[0], m, 1);
	KUNIT_EXPECT_TRUE(test, sim_test_wait_for(READ_ONCE(swap->nr_writes) == 1));
	for (i = 1; i < 3; i++) {
		thread[i] = begin_request(test, &r[i], m, 1);
		KUNIT_EXPECT_TRUE(test, sim_test_wait_for(nr_requests(m) == i));
	}
	complete_all(go);
	for (i = 0; i < 3; i++) {
		KUNIT_EXPECT_EQ(test, 0, sim_test_thread_join(test, thread[i]));
		KUNIT_EXPECT_EQ(test, i < 2, r[i].result.freed);
	}
}

/* It is abandoned, else kswapd would be at it for days. */
static void killed_request_is_abandoned(struct kunit *test)
{
	struct sim_machine *m = machine(test, SIM_TEST_FRAMES);
	struct request *r = kunit_kzalloc(test, sizeof(*r), GFP_KERNEL);
	struct sim_reclaim_result result;
	struct sim_test_thread *thread;

	KUNIT_ASSERT_NOT_NULL(test, r);
	unmapped(test, m, 2);
	thread = begin_request(test, r, m, U32_MAX);
	KUNIT_EXPECT_TRUE(test, sim_test_wait_for(!atomic_long_read(&m->shm_rss)));
	sim_test_thread_kill(thread);
	KUNIT_EXPECT_EQ(test, -EINTR, sim_test_thread_join(test, thread));
	KUNIT_EXPECT_EQ(test, 0, sim_reclaim(m, SHMSWAP_RECLAIM_SHM, 0, 1, &result));
	KUNIT_EXPECT_EQ(test, 1, result.calls);
}

/* --------------------------------------------------- 3.3: the rotation */

/**
 * struct rotation - calls of the three methods, in the place of which it is
 * @succeed: number of the call that frees a page, from 1 on; 0: none does
 * @nr: calls so far
 * @calls: "METHOD/LEVEL " of each; the methods are m, s and o
 * @lowest: lowest level
 * @awake: calls while kswapd balanced
 */
struct rotation {
	u32 succeed;
	u32 nr;
	char calls[160];
	int lowest;
	u32 awake;
};

static int log_call(struct sim_machine *m, char method, int level)
{
	struct rotation *r = sim_test_of(kunit_get_current_test())->priv;
	size_t len = strlen(r->calls);

	scnprintf(r->calls + len, sizeof(r->calls) - len, "%c%d ", method, level);
	r->lowest = min(r->lowest, level);
	r->awake += m->kswapd.awake;
	return ++r->nr == r->succeed;
}

static int log_shrink_mmap(struct sim_machine *m, int level)
{
	return log_call(m, 'm', level);
}

static int log_shm_swap(struct sim_machine *m, int level)
{
	return log_call(m, 's', level);
}

static int log_swap_out(struct sim_machine *m, int level)
{
	return log_call(m, 'o', level);
}

/* From now on the methods do nothing but log that they were called. */
static struct rotation *log_rotation(struct kunit *test)
{
	struct rotation *r = kunit_kzalloc(test, sizeof(*r), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, r);
	r->lowest = SHMSWAP_MAX_LEVEL;
	sim_test_of(test)->priv = r;
	kunit_activate_static_stub(test, sim_shrink_mmap, log_shrink_mmap);
	kunit_activate_static_stub(test, sim_shm_swap, log_shm_swap);
	kunit_activate_static_stub(test, sim_swap_out, log_swap_out);
	return r;
}

/* What is called if nothing can be freed. */
#define DOWN_TO_3	"m6 s6 o6 m5 s5 o5 m4 s4 o4 m3 s3 o3 "
#define DOWN_TO_2	DOWN_TO_3 "m2 s2 o2 "
#define DOWN_TO_0	DOWN_TO_2 "m1 s1 o1 m0 s0 o0 "

/**
 * struct rotation_row - one call of try_to_free_page()
 * @name: for the report
 * @state: method that was successful last
 * @stop: level to go down to
 * @succeed: number of the call that frees a page; 0: none does
 * @calls: what is called
 * @after: state then
 */
static const struct rotation_row {
	const char *name;
	u32 state;
	int stop;
	u32 succeed;
	const char *calls;
	u32 after;
} rotation_rows[] = {
	{ "all fail, wait", 0, 0, 0, DOWN_TO_0, 0 },
	{ "all fail, no wait", 0, 3, 0, DOWN_TO_3, 0 },
	{ "all fail, from the second", 1, 3, 0, "s6 o6 m5 s5 o5 m4 s4 o4 m3 s3 o3 ", 0 },
	{ "all fail, from the third", 2, 3, 0, "o6 m5 s5 o5 m4 s4 o4 m3 s3 o3 ", 0 },
	{ "first at once", 0, 0, 1, "m6 ", 0 },
	{ "second at once", 1, 0, 1, "s6 ", 1 },
	{ "third at once", 2, 0, 1, "o6 ", 2 },
	{ "second after the first", 0, 0, 2, "m6 s6 ", 1 },
	{ "third after both", 0, 0, 3, "m6 s6 o6 ", 2 },
	{ "first of the next level", 0, 0, 4, "m6 s6 o6 m5 ", 0 },
	{ "first of the next level, from the third", 2, 0, 2, "o6 m5 ", 0 },
	{ "second of the next level, from the second", 1, 0, 4, "s6 o6 m5 s5 ", 1 },
	{ "third of the last level, no wait", 0, 3, 12, DOWN_TO_3, 2 },
	{ "third of the last level, wait", 0, 0, 21, DOWN_TO_0, 2 },
};

KUNIT_ARRAY_PARAM_DESC(rotation, rotation_rows, name);

static void methods_in_rotation(struct kunit *test)
{
	const struct rotation_row *row = test->param_value;
	struct sim_machine *m = machine(test, SIM_TEST_FRAMES);
	struct rotation *r = log_rotation(test);

	r->succeed = row->succeed;
	m->reclaim_method = row->state;
	KUNIT_EXPECT_EQ(test, !!row->succeed, sim_test_try_to_free_page(m, row->stop));
	KUNIT_EXPECT_STREQ(test, row->calls, r->calls);
	KUNIT_EXPECT_EQ(test, row->after, m->reclaim_method);
}

/* What was successful is asked first the next time. */
static void rotation_goes_on_with_the_successful_method(struct kunit *test)
{
	struct sim_machine *m = machine(test, SIM_TEST_FRAMES);
	struct rotation *r = log_rotation(test);

	r->succeed = 2;
	KUNIT_EXPECT_EQ(test, 1, sim_test_try_to_free_page(m, 3));
	r->succeed = 3;
	KUNIT_EXPECT_EQ(test, 1, sim_test_try_to_free_page(m, 3));
	r->succeed = 6;
	KUNIT_EXPECT_EQ(test, 1, sim_test_try_to_free_page(m, 3));
	r->succeed = 7;
	KUNIT_EXPECT_EQ(test, 1, sim_test_try_to_free_page(m, 3));
	KUNIT_EXPECT_STREQ(test, "m6 s6 s6 s6 o6 m5 m6 ", r->calls);
}

/* kswapd sees the stubs as if it were the case's own thread. */
static void leave_kswapd(void *data)
{
	struct sim_machine *m = data;

	m->kswapd.task->kunit_test = NULL;
}

static void enter_kswapd(struct kunit *test, struct sim_machine *m)
{
	m->kswapd.task->kunit_test = test;
	KUNIT_ASSERT_EQ(test, 0, kunit_add_action_or_reset(test, leave_kswapd, m));
}

/**
 * struct effort_row - how hard kswapd tries
 * @name: situation
 * @frames: of the machine
 * @min: freepages.min
 * @free: free frames
 * @tries: pages that it tries to free, all in vain
 * @lowest: level that it goes down to
 */
static const struct effort_row {
	const char *name;
	u32 frames;
	u32 min;
	u32 free;
	u32 tries;
	int lowest;
} effort_rows[] = {
	{ "above min", 64, 10, 11, 3, 3 },
	{ "at min", 64, 10, 10, 3 + 1, 0 },
	{ "below min", 64, 10, 8, 3 + 3, 0 },
	{ "large machine, at min", 256, 64, 64, 3, 0 },
	{ "large machine, at its reserve", 256, 64, 44, 3 + 1, 0 },
};

KUNIT_ARRAY_PARAM_DESC(effort, effort_rows, name);

/* 3.2: the levels of each try, and that the methods know who calls them. */
static void kswapd_tries_harder_when_low(struct kunit *test)
{
	const struct effort_row *row = test->param_value;
	struct sim_machine *m = machine(test, row->frames);
	u32 calls = 3 * (SHMSWAP_MAX_LEVEL + 1 - row->lowest) * row->tries;
	struct rotation *r;

	unmapped(test, m, row->frames - row->free);
	r = log_rotation(test);
	enter_kswapd(test, m);
	enable(test, m, row->min, max(row->min, row->free + 1), row->frames - 1, NEVER, 3);
	KUNIT_EXPECT_TRUE(test, sim_test_wait_for(wakes(m) == 1));
	settle(m);
	KUNIT_EXPECT_EQ(test, row->lowest, r->lowest);
	KUNIT_EXPECT_EQ(test, calls, r->nr);
	KUNIT_EXPECT_EQ(test, calls, r->awake);
	SIM_EXPECT_EVENT(test, m, KSWAPD_FREED, 0);
}

/* A request is no balancing, so the process scan takes its full number of turns. */
static void methods_know_a_request(struct kunit *test)
{
	struct sim_machine *m = machine(test, SIM_TEST_FRAMES);
	struct rotation *r = log_rotation(test);
	struct sim_reclaim_result result = {};

	enter_kswapd(test, m);
	r->succeed = 4;
	KUNIT_EXPECT_EQ(test, 0, sim_reclaim(m, SHMSWAP_RECLAIM_TRY, 0, 2, &result));
	KUNIT_EXPECT_EQ(test, 1, result.freed);
	KUNIT_EXPECT_EQ(test, 4 + 21, r->nr);
	KUNIT_EXPECT_EQ(test, 0, r->awake);
}

/**
 * struct method_row - what a request for one method calls
 * @name: for the report
 * @method: SHMSWAP_RECLAIM_*
 * @calls: what is called
 */
static const struct method_row {
	const char *name;
	u32 method;
	const char *calls;
} method_rows[] = {
	{ "shrink_mmap", SHMSWAP_RECLAIM_MMAP, "m2 m2 " },
	{ "shm_swap", SHMSWAP_RECLAIM_SHM, "s2 s2 " },
	{ "try_to_free_page", SHMSWAP_RECLAIM_TRY, DOWN_TO_2 DOWN_TO_2 },
};

KUNIT_ARRAY_PARAM_DESC(method, method_rows, name);

static void request_for_a_method(struct kunit *test)
{
	const struct method_row *row = test->param_value;
	struct sim_machine *m = machine(test, SIM_TEST_FRAMES);
	struct rotation *r = log_rotation(test);
	struct sim_reclaim_result result;

	enter_kswapd(test, m);
	KUNIT_EXPECT_EQ(test, 0, sim_reclaim(m, row->method, 2, 2, &result));
	KUNIT_EXPECT_STREQ(test, row->calls, r->calls);
}

/* A request for the process scan alone leaves the second step to another. */
static void request_for_the_process_scan(struct kunit *test)
{
	struct sim_machine *m = machine(test, SIM_TEST_FRAMES);
	struct sim_mm *mm = sim_test_process(test, m);
	u64 base = sim_test_map(test, mm, 1);
	struct sim_reclaim_result result = {};

	sim_test_fill(test, mm, base, 1, 1);
	sim_test_aim(test, mm, base);
	KUNIT_EXPECT_EQ(test, 0, sim_reclaim(m, SHMSWAP_RECLAIM_SWAP_OUT, 6, 1, &result));
	KUNIT_EXPECT_EQ(test, 1, result.freed);
	SIM_EXPECT_COUNTS(test, mm, base, 1, 2);
	KUNIT_EXPECT_EQ(test, 0, sim_reclaim(m, SHMSWAP_RECLAIM_MMAP, 0, 1, &result));
	KUNIT_EXPECT_EQ(test, 1, result.freed);
	SIM_EXPECT_COUNTS(test, mm, base, 0, 1);
	KUNIT_EXPECT_EQ(test, 0, result.attempts);
}

/* With all kinds of memory: a cache's page first, a segment's, then a process's. */
static void rotation_takes_from_all_kinds_of_memory(struct kunit *test)
{
	struct sim_machine *m = machine(test, SIM_TEST_FRAMES);
	struct sim_mm *mm = sim_test_process(test, m);
	struct sim_test_file *f = sim_test_file(test, 2, 3);
	u64 text = sim_test_map_file(test, mm, f, 2, MAP_PRIVATE);
	u64 base = sim_test_map(test, mm, 2);

	sim_test_touch_pages(test, mm, text, 2);
	sim_test_fill(test, mm, base, 2, 1);
	unmapped(test, m, 32);
	sim_test_scan_out(test, mm, base, 1);
	KUNIT_EXPECT_EQ(test, 1, sim_test_try_to_free_page(m, 0));
	KUNIT_EXPECT_EQ(test, 0, m->reclaim_method);
	KUNIT_EXPECT_EQ(test, 0, atomic_read(&m->nr_swapcache));
	KUNIT_EXPECT_EQ(test, 1, sim_test_try_to_free_page(m, 0));
	KUNIT_EXPECT_EQ(test, 1, m->reclaim_method);
	SIM_EXPECT_SHM(test, m, 32, 31, 1);
	sim_test_make_old(test, mm, sim_test_page(base, 1));
	KUNIT_EXPECT_EQ(test, 1, sim_test_try_to_free_page(m, 0));
	KUNIT_EXPECT_EQ(test, 2, m->reclaim_method);
	KUNIT_EXPECT_EQ(test, 2, atomic_long_read(&mm->rss));
	while (sim_test_try_to_free_page(m, 0))
		;
	KUNIT_EXPECT_EQ(test, SIM_TEST_FRAMES, m->nr_free_pages);
	sim_test_verify(test, mm, base, 2, 1);
	sim_test_verify(test, mm, text, 2, 3);
}

/* ------------------------------------------------------ kswapd by itself */

static void kswapd_frees_up_to_high(struct kunit *test)
{
	struct sim_machine *m = machine(test, SIM_TEST_FRAMES);
	struct sim_mm *mm;
	u64 before;

	enable(test, m, 4, 10, 20, 1, 4);
	mm = sim_test_process(test, m);
	sim_test_touch_pages(test, mm, sim_test_attach(test, mm, sim_test_segment(test, m, 200)),
			     200);
	KUNIT_EXPECT_TRUE(test, sim_test_wait_for(READ_ONCE(m->nr_free_pages) >= 20));
	KUNIT_EXPECT_GT(test, sim_test_event(m, SIM_KSWAPD_FREED), 0);
	settle(m);
	/* It may have been at it when that became true, but then it is content. */
	KUNIT_EXPECT_LE(test, m->nr_free_pages, 20 + 4);
	before = wakes(m);
	schedule_timeout_uninterruptible(HZ / 5);
	KUNIT_EXPECT_EQ(test, before, wakes(m));
}

static void kswapd_without_flag_never_wakes(struct kunit *test)
{
	struct sim_machine *m = machine(test, SIM_TEST_FRAMES);

	unmapped(test, m, 60);
	sim_wakeup_kswapd(m);
	settle(m);
	schedule_timeout_uninterruptible(HZ / 20);
	KUNIT_EXPECT_EQ(test, 0, wakes(m));
	SIM_EXPECT_SHM(test, m, 60, 60, 0);
}

static void kswapd_wakes_when_it_may(struct kunit *test)
{
	struct shmswap_control c = { .set = SHMSWAP_CONTROL_FLAGS };
	struct sim_machine *m = machine(test, SIM_TEST_FRAMES);
	u64 before;

	unmapped(test, m, 60);
	enable(test, m, 4, 6, 8, 1, 4);
	KUNIT_EXPECT_TRUE(test, sim_test_wait_for(READ_ONCE(m->nr_free_pages) >= 8));
	KUNIT_ASSERT_EQ(test, 0, sim_machine_control(m, &c));
	settle(m);
	before = wakes(m);
	unmapped(test, m, 4);
	settle(m);
	KUNIT_EXPECT_EQ(test, before, wakes(m));
}

/* The frame that makes them fewer than low wakes it, not one earlier. */
static void kswapd_wakes_below_low(struct kunit *test)
{
	struct sim_machine *m = machine(test, SIM_TEST_FRAMES);
	struct sim_mm *mm = sim_test_process(test, m);
	u64 base = sim_test_attach(test, mm, sim_test_segment(test, m, 64));

	sim_test_touch_pages(test, mm, base, 40);
	enable(test, m, 4, 22, 24, NEVER, 1);
	m->kswapd.last = jiffies;
	settle(m);
	KUNIT_EXPECT_EQ(test, 0, wakes(m));
	sim_test_touch_pages(test, mm, base, 42);
	settle(m);
	KUNIT_EXPECT_EQ(test, 0, wakes(m));
	sim_test_touch_pages(test, mm, base, 43);
	KUNIT_EXPECT_TRUE(test, sim_test_wait_for(wakes(m) == 1));
}

/**
 * struct due_row - is it time?
 * @name: situation
 * @free: free frames; low is 20, high is 30
 * @elapsed: since the last run, in quarters of the interval
 * @due: it runs
 */
static const struct due_row {
	const char *name;
	u32 free;
	u32 elapsed;
	bool due;
} due_rows[] = {
	{ "content at high", 30, 40, false },
	{ "below high, too early", 29, 3, false },
	{ "below high, after the interval", 29, 5, true },
	{ "at low, too early", 20, 3, false },
	{ "still below low, too early", 19, 1, false },
	{ "still below low, after half the interval", 19, 3, true },
};

static void kswapd_is_due(struct kunit *test)
{
	const struct due_row *row = test->param_value;
	struct sim_machine *m = machine(test, SIM_TEST_FRAMES);
	s32 id = unmapped(test, m, SIM_TEST_FRAMES - row->free);

	/* So that it can run and nothing changes. */
	KUNIT_ASSERT_EQ(test, 0, sim_test_shmctl(m, id, SHM_LOCK));
	m->kswapd.low = row->free < 20;
	m->kswapd.last = jiffies - msecs_to_jiffies(NEVER / 4 * row->elapsed);
	enable(test, m, 4, 20, 30, NEVER, 1);
	settle(m);
	KUNIT_EXPECT_EQ(test, row->due, wakes(m));
	sim_wakeup_kswapd(m);
	settle(m);
	KUNIT_EXPECT_EQ(test, row->due, wakes(m));
}

KUNIT_ARRAY_PARAM_DESC(due, due_rows, name);

/* Nothing can be freed, and it may try as often as it likes: still it sleeps. */
static void kswapd_never_spins(struct kunit *test)
{
	struct sim_machine *m = machine(test, SIM_TEST_FRAMES);
	unsigned long start = jiffies;
	u64 elapsed;

	KUNIT_ASSERT_EQ(test, 0, sim_test_shmctl(m, unmapped(test, m, 50), SHM_LOCK));
	enable(test, m, 4, 20, 30, 1, 1);
	schedule_timeout_uninterruptible(HZ / 10);
	elapsed = jiffies - start;
	KUNIT_EXPECT_GE(test, wakes(m), 2);
	KUNIT_EXPECT_LE(test, wakes(m), elapsed + 2);
}

/**
 * struct run_row - one run
 * @name: situation
 * @frames: of the machine
 * @min: freepages.min
 * @free: free frames
 * @maxpages: pages that a run tries to free
 * @freed: pages that it does free
 */
static const struct run_row {
	const char *name;
	u32 frames;
	u32 min;
	u32 free;
	u32 maxpages;
	u32 freed;
} run_rows[] = {
	{ "above min", 64, 10, 15, 3, 3 },
	{ "one above min", 64, 10, 11, 3, 3 },
	{ "at min, the reserve of a small machine", 64, 10, 10, 3, 3 + 1 },
	{ "below min", 64, 10, 7, 3, 3 + 4 },
	{ "large machine, at min", 256, 64, 64, 3, 3 },
	{ "large machine, above its reserve", 256, 64, 45, 3, 3 },
	{ "large machine, at its reserve", 256, 64, 44, 3, 3 + 1 },
	{ "large machine, below its reserve", 256, 64, 30, 3, 3 + 15 },
	{ "largest small reserve", 256, 47, 47, 1, 1 + 1 },
	{ "smallest large reserve", 256, 48, 31, 1, 1 },
	{ "smallest large reserve, at it", 256, 48, 30, 1, 1 + 1 },
	/* Level 3 has no budget for five pages; below min it goes down to 0. */
	{ "few pages, above min", 64, 58, 59, 3, 0 },
	{ "few pages, at min", 64, 59, 59, 3, 3 },
};

static void kswapd_run_frees(struct kunit *test)
{
	const struct run_row *row = test->param_value;
	struct sim_machine *m = machine(test, row->frames);
	u32 rss = row->frames - row->free;

	unmapped(test, m, rss);
	enable(test, m, row->min, max(row->min, row->free + 1), row->frames - 1, NEVER,
	       row->maxpages);
	KUNIT_EXPECT_TRUE(test, sim_test_wait_for(wakes(m) == 1));
	settle(m);
	SIM_EXPECT_EVENT(test, m, KSWAPD_WAKE, 1);
	SIM_EXPECT_EVENT(test, m, KSWAPD_FREED, row->freed);
	SIM_EXPECT_SHM(test, m, rss, rss - row->freed, row->freed);
}

KUNIT_ARRAY_PARAM_DESC(run, run_rows, name);

static void kswapd_obeys_new_interval(struct kunit *test)
{
	struct sim_machine *m = machine(test, SIM_TEST_FRAMES);

	KUNIT_ASSERT_EQ(test, 0, sim_test_shmctl(m, unmapped(test, m, 50), SHM_LOCK));
	enable(test, m, 4, 6, 30, NEVER, 1);
	settle(m);
	KUNIT_EXPECT_EQ(test, 0, wakes(m));
	enable(test, m, 4, 6, 30, 1, 1);
	KUNIT_EXPECT_TRUE(test, sim_test_wait_for(wakes(m) >= 3));
}

/* A request that it serves is not a run of its own. */
static void request_is_no_run(struct kunit *test)
{
	struct sim_machine *m = machine(test, SIM_TEST_FRAMES);
	struct sim_reclaim_result result;

	unmapped(test, m, 20);
	KUNIT_EXPECT_EQ(test, 0, sim_reclaim(m, SHMSWAP_RECLAIM_TRY, 0, 5, &result));
	KUNIT_EXPECT_EQ(test, 5, result.freed);
	SIM_EXPECT_EVENT(test, m, KSWAPD_WAKE, 0);
	SIM_EXPECT_EVENT(test, m, KSWAPD_FREED, 0);
}

/**
 * struct ahead_row - a fault that finds no frame
 * @name: situation
 * @min: freepages.min
 * @low: freepages.low of a kswapd that works by itself; 0: it does not
 * @plain: it is an ordinary request instead
 * @free: free frames
 * @locked: frames that cannot be freed
 * @freed: frames that are freed
 */
static const struct ahead_row {
	const char *name;
	u32 min;
	u32 low;
	bool plain;
	u32 free;
	u32 locked;
	u32 freed;
} ahead_rows[] = {
	{ "kswapd works by itself", 4, 20, false, 8, 0, 12 },
	{ "it does not", 4, 0, false, 8, 0, 1 },
	{ "one is missing", 4, 20, false, 19, 0, 1 },
	{ "none is missing any more", 4, 20, false, 20, 0, 0 },
	{ "none is missing, but none may be had", 20, 20, false, 20, 0, 1 },
	{ "many are missing", 4, 60, false, 8, 0, SIM_MAX_IO },
	{ "few can be freed", 4, 20, false, 8, 53, 3 },
	{ "ordinary request", 4, 20, true, 8, 0, 1 },
};

/* Let kswapd work by itself, and have nothing to do for a while. */
static void enable_idle(struct kunit *test, struct sim_machine *m, u32 min, u32 low)
{
	m->kswapd.low = true;
	m->kswapd.last = jiffies;
	enable(test, m, min, low, low, NEVER, 1);
	settle(m);
}

/* Others will want frames, too: together they cost less. */
static void frames_are_freed_ahead(struct kunit *test)
{
	const struct ahead_row *row = test->param_value;
	struct sim_machine *m = machine(test, SIM_TEST_FRAMES);
	struct sim_reclaim_result result = {};
	bool freed = false;

	if (row->locked)
		KUNIT_ASSERT_EQ(test, 0, sim_test_shmctl(m, unmapped(test, m, row->locked),
							 SHM_LOCK));
	unmapped(test, m, SIM_TEST_FRAMES - row->free - row->locked);
	if (row->low)
		enable_idle(test, m, row->min, row->low);
	if (row->plain)
		KUNIT_EXPECT_EQ(test, 0, sim_reclaim(m, SHMSWAP_RECLAIM_TRY, 0, 1, &result));
	else
		KUNIT_EXPECT_EQ(test, 0, sim_reclaim_frame(m, &freed));
	KUNIT_EXPECT_TRUE(test, freed || result.freed == 1);
	KUNIT_EXPECT_EQ(test, row->free + row->freed, m->nr_free_pages);
	/* It is no run of kswapd's own. */
	SIM_EXPECT_EVENT(test, m, KSWAPD_WAKE, 0);
	SIM_EXPECT_EVENT(test, m, KSWAPD_FREED, 0);
}

KUNIT_ARRAY_PARAM_DESC(ahead, ahead_rows, name);

static void no_frame_for_a_fault(struct kunit *test)
{
	struct sim_machine *m = machine(test, SIM_TEST_FRAMES);
	bool freed = true;

	KUNIT_ASSERT_EQ(test, 0, sim_test_shmctl(m, unmapped(test, m, 50), SHM_LOCK));
	enable_idle(test, m, 4, 20);
	KUNIT_EXPECT_EQ(test, 0, sim_reclaim_frame(m, &freed));
	KUNIT_EXPECT_FALSE(test, freed);
	KUNIT_EXPECT_EQ(test, SIM_TEST_FRAMES - 50, m->nr_free_pages);
}

static struct kunit_case cases[] = {
	KUNIT_CASE(reclaim_counts),
	KUNIT_CASE(reclaim_of_no_calls),
	KUNIT_CASE(reclaim_at_level),
	KUNIT_CASE_PARAM(try_to_free_page_goes_down, level_gen_params),
	KUNIT_CASE(try_to_free_page_resumes_rotation),
	KUNIT_CASE(requests_are_served_in_order),
	KUNIT_CASE(killed_request_is_abandoned),
	KUNIT_CASE_PARAM(methods_in_rotation, rotation_gen_params),
	KUNIT_CASE(rotation_goes_on_with_the_successful_method),
	KUNIT_CASE_PARAM(kswapd_tries_harder_when_low, effort_gen_params),
	KUNIT_CASE(methods_know_a_request),
	KUNIT_CASE_PARAM(request_for_a_method, method_gen_params),
	KUNIT_CASE(request_for_the_process_scan),
	KUNIT_CASE(rotation_takes_from_all_kinds_of_memory),
	KUNIT_CASE(kswapd_frees_up_to_high),
	KUNIT_CASE(kswapd_without_flag_never_wakes),
	KUNIT_CASE(kswapd_wakes_when_it_may),
	KUNIT_CASE(kswapd_wakes_below_low),
	KUNIT_CASE_PARAM(kswapd_is_due, due_gen_params),
	KUNIT_CASE(kswapd_never_spins),
	KUNIT_CASE_PARAM(kswapd_run_frees, run_gen_params),
	KUNIT_CASE(kswapd_obeys_new_interval),
	KUNIT_CASE(request_is_no_run),
	KUNIT_CASE_PARAM(frames_are_freed_ahead, ahead_gen_params),
	KUNIT_CASE(no_frame_for_a_fault),
	{}
};

static struct kunit_suite suite = {
	.name = "shmswap_vmscan",
	.init = sim_test_init,
	.exit = sim_test_exit,
	.test_cases = cases,
};

kunit_test_suite(suite);
