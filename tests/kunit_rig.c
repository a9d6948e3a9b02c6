// SPDX-License-Identifier: GPL-2.0
/*
 * What the suites about the swap cache begin with; see kunit_rig.h.
 */
#include <kunit/resource.h>
#include <linux/math64.h>

#include "kunit_rig.h"

/* The table of history's section 5.2. */
static const struct sim_test_stage_row stages[] = {
	{ "(a) both map it", SIM_TEST_STAGE_A, 2, 0 },
	{ "(b) out of one", SIM_TEST_STAGE_B, 2, 2 },
	{ "(c) out of both", SIM_TEST_STAGE_C, 1, 3 },
	{ "(d) out of memory", SIM_TEST_STAGE_D, 0, 2 },
	{ "back in one", SIM_TEST_ONE_BACK, 2, 2 },
	{ "back in both", SIM_TEST_BOTH_BACK, 3, 1 },
};

/**
 * sim_test_stage_gen_params() - every stage, for KUNIT_CASE_PARAM()
 * @prev: stage before
 * @desc: set to its name
 *
 * Return: the stage.
 */
const void *sim_test_stage_gen_params(const void *prev, char *desc)
{
	const struct sim_test_stage_row *row = prev ? prev + sizeof(*row) : stages;

	if (row == stages + ARRAY_SIZE(stages))
		return NULL;
	strscpy(desc, row->name, KUNIT_PARAM_DESC_SIZE);
	return row;
}

static void go_on(void *data)
{
	struct sim_test_rig *r = data;

	complete_all(&r->go);
}

/* A machine with its area; what holds I/O goes on when the case ends. */
static struct sim_test_rig *make_rig(struct kunit *test, u32 npages, u32 slots, u32 flags)
{
	struct sim_test_rig *r = kunit_kzalloc(test, sizeof(*r), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, r);
	r->m = sim_test_machine_config(test, &(const struct sim_config) {
		.flags = flags,
		.nr_frames = SIM_TEST_FRAMES,
	});
	init_completion(&r->go);
	KUNIT_ASSERT_EQ(test, 0, kunit_add_action_or_reset(test, go_on, r));
	r->swap = sim_test_swap_area(test, r->m, slots, -1);
	r->swap->data = r;
	r->npages = npages;
	r->id = -1;
	r->a = sim_test_process(test, r->m);
	return r;
}

/**
 * sim_test_rig_slots() - a process with private pages and an area for them
 * @test: case
 * @npages: pages
 * @slots: slots
 *
 * Return: the rig.
 */
struct sim_test_rig *sim_test_rig_slots(struct kunit *test, u32 npages, u32 slots)
{
	struct sim_test_rig *r = make_rig(test, npages, slots, 0);

	r->base = sim_test_map(test, r->a, npages);
	sim_test_fill(test, r->a, r->base, npages, 1);
	return r;
}

/**
 * sim_test_rig() - the same, with slots in plenty
 * @test: case
 * @npages: pages
 *
 * Return: the rig.
 */
struct sim_test_rig *sim_test_rig(struct kunit *test, u32 npages)
{
	return sim_test_rig_slots(test, npages, SIM_TEST_SLOTS);
}

/**
 * sim_test_rig_forked() - two processes that share pages copy-on-write
 * @test: case
 * @npages: pages
 *
 * Return: the rig.
 */
struct sim_test_rig *sim_test_rig_forked(struct kunit *test, u32 npages)
{
	struct sim_test_rig *r = sim_test_rig(test, npages);

	r->b = sim_test_fork(test, r->a);
	return r;
}

/**
 * sim_test_rig_shm() - two processes that share a segment which the process scan swaps
 * @test: case
 * @npages: pages
 *
 * Return: the rig.
 */
struct sim_test_rig *sim_test_rig_shm(struct kunit *test, u32 npages)
{
	struct sim_test_rig *r = make_rig(test, npages, SIM_TEST_SLOTS,
					  SHMSWAP_MACHINE_SHM_PROCESS);

	r->id = sim_test_segment(test, r->m, npages);
	r->base = sim_test_attach(test, r->a, r->id);
	sim_test_fill(test, r->a, r->base, npages, 1);
	r->b = sim_test_fork(test, r->a);
	sim_test_touch_pages(test, r->b, r->base, npages);
	return r;
}

/**
 * sim_test_reach() - let the first page go through the stages up to one
 * @test: case
 * @r: rig with two processes that have it
 * @stage: where to stop
 */
void sim_test_reach(struct kunit *test, struct sim_test_rig *r, enum sim_test_stage stage)
{
	if (stage >= SIM_TEST_STAGE_B)
		sim_test_scan_out(test, r->a, r->base, 1);
	if (stage >= SIM_TEST_STAGE_C)
		sim_test_scan_out(test, r->b, r->base, 1);
	if (stage >= SIM_TEST_STAGE_D)
		sim_test_discard_all(r->m);
	if (stage >= SIM_TEST_ONE_BACK)
		sim_test_touch_pages(test, r->a, r->base, 1);
	if (stage >= SIM_TEST_BOTH_BACK)
		sim_test_touch_pages(test, r->b, r->base, 1);
}

/**
 * sim_test_rig_swap_out() - let all pages be in the area alone
 * @test: case
 * @r: rig; if the area is as it was in the beginning, page i goes to slot i + 1
 */
void sim_test_rig_swap_out(struct kunit *test, struct sim_test_rig *r)
{
	sim_test_scan_out(test, r->a, r->base, r->npages);
	if (r->b)
		sim_test_scan_out(test, r->b, r->base, r->npages);
	sim_test_discard_all(r->m);
	KUNIT_ASSERT_EQ(test, 0, atomic_read(&r->m->nr_swapcache));
}

/**
 * sim_test_expect_idle() - expect every frame and slot to be free again
 * @test: case
 * @r: rig
 */
void sim_test_expect_idle(struct kunit *test, struct sim_test_rig *r)
{
	KUNIT_EXPECT_EQ(test, r->m->nr_frames, r->m->nr_free_pages);
	KUNIT_EXPECT_EQ(test, 0, atomic_read(&r->m->nr_swapcache));
	KUNIT_EXPECT_EQ(test, 0, r->swap->si->inuse_pages);
	sim_test_check(test, r->m);
}

/**
 * sim_test_hold_io() - hook of an area: wait until the rig says go
 * @swap: area of a rig
 * @slot: slot
 */
void sim_test_hold_io(struct sim_test_swap *swap, u32 slot)
{
	struct sim_test_rig *r = swap->data;

	/* Should the case fail meanwhile, its threads are killed. */
	wait_for_completion_state(&r->go, TASK_KILLABLE);
}

/**
 * sim_test_pins() - how often the page of a slot is pinned
 * @m: machine
 * @entry: slot
 *
 * Return: the number, -1 if it is not in the swap cache.
 */
s64 sim_test_pins(struct sim_machine *m, sim_swp_entry_t entry)
{
	struct sim_page *page = sim_lookup_swap_cache(m, entry);
	s64 nr;

	if (!page)
		return -1;
	nr = div64_s64(atomic64_read(&page->count), SIM_PIN) - 1;
	sim_unpin_page(m, page);
	return nr;
}

struct touch {
	struct sim_mm *mm;
	u64 access;
};

static int touch_thread(void *data)
{
	struct touch *t = data;
	struct shmswap_touch out = {};

	return sim_touch(t->mm, &t->access, 1, &out);
}

/**
 * sim_test_run_touch() - let a thread access a page
 * @test: case
 * @mm: process
 * @address: page
 * @write: it is a store
 *
 * Return: the thread, which returns as sim_touch().
 */
struct sim_test_thread *sim_test_run_touch(struct kunit *test, struct sim_mm *mm, u64 address,
					   bool write)
{
	struct touch *t = kunit_kzalloc(test, sizeof(*t), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, t);
	t->mm = mm;
	t->access = address | (write ? SHMSWAP_TOUCH_WRITE : 0);
	return sim_test_thread_run(test, touch_thread, t);
}

struct reclaim {
	struct sim_machine *m;
	int (*method)(struct sim_machine *m, int level);
};

static int reclaim_thread(void *data)
{
	struct reclaim *r = data;

	return r->method(r->m, SHMSWAP_MAX_LEVEL);
}

/**
 * sim_test_run_reclaim() - let a thread reclaim at the gentlest level
 * @test: case
 * @m: machine
 * @method: sim_test_swap_out_keep() or one like it
 *
 * Return: the thread, which returns as @method.
 */
struct sim_test_thread *sim_test_run_reclaim(struct kunit *test, struct sim_machine *m,
					     int (*method)(struct sim_machine *m, int level))
{
	struct reclaim *r = kunit_kzalloc(test, sizeof(*r), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, r);
	r->m = m;
	r->method = method;
	return sim_test_thread_run(test, reclaim_thread, r);
}

static int swapoff_thread(void *data)
{
	struct sim_test_rig *r = data;

	return sim_swapoff(r->m, r->swap->type);
}

/**
 * sim_test_run_swapoff() - let a thread remove the area
 * @test: case
 * @r: rig
 *
 * Return: the thread, which returns as sim_swapoff().
 */
struct sim_test_thread *sim_test_run_swapoff(struct kunit *test, struct sim_test_rig *r)
{
	return sim_test_thread_run(test, swapoff_thread, r);
}

/**
 * sim_test_done() - is a thread through?
 * @thread: thread
 *
 * Return: true if it is.
 */
bool sim_test_done(struct sim_test_thread *thread)
{
	return completion_done(&thread->done);
}
