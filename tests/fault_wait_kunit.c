// SPDX-License-Identifier: GPL-2.0
/*
 * What happens to a page while it is read or written: who comes to want it
 * waits, holding nothing, and whatever becomes of its segment is no harm.
 */
#include "kunit_helpers.h"

/**
 * struct rig - a segment whose swap area holds its I/O until told to go on
 * @m: machine
 * @mm: process
 * @other: another
 * @id: segment
 * @base: its attach in @mm
 * @there: its attach in @other
 * @swap: area
 * @go: lets I/O go on
 */
struct rig {
	struct sim_machine *m;
	struct sim_mm *mm;
	struct sim_mm *other;
	s32 id;
	u64 base;
	u64 there;
	struct sim_test_swap *swap;
	struct completion go;
};

#define RIG_PAGES	4

static void hold_io(struct sim_test_swap *swap, u32 slot)
{
	struct rig *r = swap->data;

	/* Should the case fail meanwhile, its threads are killed. */
	wait_for_completion_state(&r->go, TASK_KILLABLE);
}

static void go_on(void *data)
{
	struct rig *r = data;

	complete_all(&r->go);
}

static struct rig *make_rig(struct kunit *test)
{
	struct rig *r = kunit_kzalloc(test, sizeof(*r), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, r);
	r->m = sim_test_machine_config(test, &(const struct sim_config) {
		.nr_frames = SIM_TEST_FRAMES,
	});
	init_completion(&r->go);
	KUNIT_ASSERT_EQ(test, 0, kunit_add_action_or_reset(test, go_on, r));
	r->swap = sim_test_swap_area(test, r->m, SIM_TEST_SLOTS, -1);
	r->swap->data = r;
	r->mm = sim_test_process(test, r->m);
	r->other = sim_test_process(test, r->m);
	r->id = sim_test_segment(test, r->m, RIG_PAGES);
	r->base = sim_test_attach(test, r->mm, r->id);
	r->there = sim_test_attach(test, r->other, r->id);
	sim_test_fill(test, r->mm, r->base, RIG_PAGES, 1);
	return r;
}

static int touch_thread(void *data)
{
	struct rig *r = data;

	return sim_test_touch(r->mm, r->base, true);
}

static int touch_other_thread(void *data)
{
	struct rig *r = data;

	return sim_test_touch(r->other, r->there, false);
}

static int swap_out_thread(void *data)
{
	struct rig *r = data;

	return sim_test_shm_swap(r->m, 0);
}

/* Pins of the one page in the swap cache; -1 if none is there. */
static s64 pins(struct rig *r)
{
	sim_swp_entry_t entry = sim_swp_entry(r->swap->type, r->swap->io[r->swap->nr_io - 1].slot);
	struct sim_page *page = sim_lookup_swap_cache(r->m, entry);
	s64 nr;

	if (!page)
		return -1;
	nr = div64_s64(atomic64_read(&page->count), SIM_PIN) - 1;
	sim_unpin_page(r->m, page);
	return nr;
}

/* Everything is swapped out; a fault of @mm has begun to read the first page. */
static struct sim_test_thread *begin_read(struct kunit *test, struct rig *r)
{
	struct sim_test_thread *thread;

	sim_test_swap_out_all(test, r->m);
	r->swap->on_read = hold_io;
	thread = sim_test_thread_run(test, touch_thread, r);
	KUNIT_ASSERT_TRUE(test, sim_test_wait_for(READ_ONCE(r->swap->nr_reads) == 1));
	return thread;
}

/* Nobody uses the pages; the clock has begun to write the first. */
static struct sim_test_thread *begin_write(struct kunit *test, struct rig *r)
{
	struct sim_test_thread *thread;

	sim_test_swap_out_all(test, r->m);
	sim_test_touch_pages(test, r->mm, r->base, RIG_PAGES);
	/* The first lap makes them old, and its budget ends at page 0. */
	KUNIT_ASSERT_EQ(test, 0, sim_test_shm_swap(r->m, 0));
	r->m->clock.swap_idx = 0;
	r->swap->on_write = hold_io;
	r->swap->nr_writes = 0;
	thread = sim_test_thread_run(test, swap_out_thread, r);
	KUNIT_ASSERT_TRUE(test, sim_test_wait_for(READ_ONCE(r->swap->nr_writes) == 1));
	return thread;
}

static bool done(struct sim_test_thread *thread)
{
	return completion_done(&thread->done);
}

/* The second faulter, as far as it gets: it has the page pinned, and waits. */
static struct sim_test_thread *begin_wait(struct kunit *test, struct rig *r, s64 expected_pins)
{
	struct sim_test_thread *thread = sim_test_thread_run(test, touch_other_thread, r);

	KUNIT_EXPECT_TRUE(test, sim_test_wait_for(pins(r) == expected_pins));
	KUNIT_EXPECT_FALSE(test, done(thread));
	return thread;
}

/* ------------------------------------------------------ while it is read */

static void second_faulter_waits_for_read(struct kunit *test)
{
	struct rig *r = make_rig(test);
	struct sim_test_thread *first = begin_read(test, r);
	struct sim_test_thread *second = begin_wait(test, r, 2);
	struct sim_shmid *seg = sim_test_seg(test, r->m, r->id);

	KUNIT_EXPECT_EQ(test, 1, atomic_read(&r->m->nr_swapcache));
	sim_test_check(test, r->m);
	complete_all(&r->go);
	KUNIT_EXPECT_EQ(test, 0, sim_test_thread_join(test, first));
	KUNIT_EXPECT_EQ(test, 0, sim_test_thread_join(test, second));
	KUNIT_EXPECT_EQ(test, 1, r->swap->nr_reads);
	KUNIT_EXPECT_EQ(test, RIG_PAGES + 1, atomic64_read(&r->mm->maj_flt));
	KUNIT_EXPECT_EQ(test, 0, atomic64_read(&r->other->maj_flt));
	KUNIT_EXPECT_EQ(test, 1, atomic64_read(&r->other->min_flt));
	/* The table's, two attaches' and ours. */
	KUNIT_EXPECT_EQ(test, 1 + 2 + 1, refcount_read(&seg->ref));
	sim_test_verify(test, r->other, r->there, RIG_PAGES, 1);
}

static void second_faulter_reads_again_after_error(struct kunit *test)
{
	struct rig *r = make_rig(test);
	struct sim_test_thread *first, *second;

	r->swap->fail_read.count = 1;
	first = begin_read(test, r);
	second = begin_wait(test, r, 2);
	complete_all(&r->go);
	KUNIT_EXPECT_EQ(test, -EIO, sim_test_thread_join(test, first));
	KUNIT_EXPECT_EQ(test, 0, sim_test_thread_join(test, second));
	KUNIT_EXPECT_EQ(test, 2, r->swap->nr_reads);
	KUNIT_EXPECT_EQ(test, 1, atomic64_read(&r->other->maj_flt));
	KUNIT_EXPECT_EQ(test, RIG_PAGES, atomic64_read(&r->mm->maj_flt));
	sim_test_verify(test, r->mm, r->base, RIG_PAGES, 1);
}

static void second_faulter_is_killed(struct kunit *test)
{
	struct rig *r = make_rig(test);
	struct sim_test_thread *first = begin_read(test, r);
	struct sim_test_thread *second = begin_wait(test, r, 2);

	sim_test_thread_kill(second);
	KUNIT_EXPECT_EQ(test, -EINTR, sim_test_thread_join(test, second));
	KUNIT_EXPECT_EQ(test, 1, pins(r));
	KUNIT_EXPECT_FALSE(test, done(first));
	complete_all(&r->go);
	KUNIT_EXPECT_EQ(test, 0, sim_test_thread_join(test, first));
	KUNIT_EXPECT_EQ(test, 0, atomic64_read(&r->other->min_flt));
	sim_test_verify(test, r->other, r->there, RIG_PAGES, 1);
}

/* The process's areas are not locked meanwhile: it can even lose the attach. */
static void detached_while_page_is_read(struct kunit *test)
{
	struct rig *r = make_rig(test);
	struct sim_test_thread *first = begin_read(test, r);

	KUNIT_EXPECT_EQ(test, 0, sim_shmdt(r->mm, r->base));
	complete_all(&r->go);
	KUNIT_EXPECT_EQ(test, -EFAULT, sim_test_thread_join(test, first));
	/* It is resident all the same. */
	SIM_EXPECT_SHM(test, r->m, RIG_PAGES, 1, RIG_PAGES - 1);
	sim_test_verify(test, r->other, r->there, RIG_PAGES, 1);
}

static void segment_destroyed_while_page_is_read(struct kunit *test)
{
	struct rig *r = make_rig(test);
	struct sim_test_thread *first = begin_read(test, r);

	KUNIT_EXPECT_EQ(test, 0, sim_shmdt(r->mm, r->base));
	KUNIT_EXPECT_EQ(test, 0, sim_shmdt(r->other, r->there));
	KUNIT_EXPECT_EQ(test, 0, sim_test_shmctl(r->m, r->id, IPC_RMID));
	SIM_EXPECT_SHM(test, r->m, 0, 0, 0);
	/* The swap cache still has the slot that is read from. */
	KUNIT_EXPECT_EQ(test, SIM_TEST_SLOTS - 1, r->m->nr_swap_pages);
	sim_test_check(test, r->m);
	complete_all(&r->go);
	KUNIT_EXPECT_EQ(test, -EFAULT, sim_test_thread_join(test, first));
	KUNIT_EXPECT_EQ(test, SIM_TEST_SLOTS, r->m->nr_swap_pages);
	KUNIT_EXPECT_EQ(test, SIM_TEST_FRAMES, r->m->nr_free_pages);
}

/* The clock passes over it, free of charge: its word is a swap entry. */
static void clock_passes_over_page_that_is_read(struct kunit *test)
{
	struct rig *r = make_rig(test);
	struct sim_test_thread *first = begin_read(test, r);
	u64 attempts = sim_test_event(r->m, SIM_SWAP_ATTEMPTS);

	KUNIT_EXPECT_EQ(test, 0, sim_test_shm_swap(r->m, 0));
	SIM_EXPECT_EVENT(test, r->m, SWAP_ATTEMPTS, attempts);
	complete_all(&r->go);
	KUNIT_EXPECT_EQ(test, 0, sim_test_thread_join(test, first));
}

/* --------------------------------------------------- while it is written */

static void page_wanted_while_written_stays(struct kunit *test)
{
	struct rig *r = make_rig(test);
	struct sim_test_thread *writer = begin_write(test, r);
	u64 reads = r->swap->nr_reads;
	struct sim_test_thread *faulter = begin_wait(test, r, 1);

	SIM_EXPECT_SHM(test, r->m, RIG_PAGES, RIG_PAGES - 1, 1);
	complete_all(&r->go);
	KUNIT_EXPECT_EQ(test, 0, sim_test_thread_join(test, writer));
	KUNIT_EXPECT_EQ(test, 0, sim_test_thread_join(test, faulter));
	SIM_EXPECT_SHM(test, r->m, RIG_PAGES, RIG_PAGES, 0);
	KUNIT_EXPECT_EQ(test, SIM_TEST_SLOTS, r->m->nr_swap_pages);
	KUNIT_EXPECT_EQ(test, reads, r->swap->nr_reads);
	KUNIT_EXPECT_EQ(test, 0, atomic64_read(&r->other->maj_flt));
	SIM_EXPECT_EVENT(test, r->m, SWAP_SUCCESSES, RIG_PAGES);
	sim_test_verify(test, r->other, r->there, RIG_PAGES, 1);
}

static void page_wanted_while_write_fails_stays(struct kunit *test)
{
	struct rig *r = make_rig(test);
	struct sim_test_thread *writer, *faulter;

	r->swap->fail_write = (struct sim_test_fault) { .skip = RIG_PAGES, .count = 1 };
	writer = begin_write(test, r);
	faulter = begin_wait(test, r, 1);
	complete_all(&r->go);
	KUNIT_EXPECT_EQ(test, 0, sim_test_thread_join(test, writer));
	KUNIT_EXPECT_EQ(test, 0, sim_test_thread_join(test, faulter));
	SIM_EXPECT_EVENT(test, r->m, SWAP_WRITE_ERRORS, 1);
	SIM_EXPECT_SHM(test, r->m, RIG_PAGES, RIG_PAGES, 0);
	KUNIT_EXPECT_EQ(test, SIM_TEST_SLOTS - 1, r->m->nr_swap_pages);
	sim_test_verify(test, r->other, r->there, RIG_PAGES, 1);
}

static void segment_destroyed_while_page_is_written(struct kunit *test)
{
	struct rig *r = make_rig(test);
	struct sim_test_thread *writer = begin_write(test, r);

	KUNIT_EXPECT_EQ(test, 0, sim_shmdt(r->mm, r->base));
	KUNIT_EXPECT_EQ(test, 0, sim_shmdt(r->other, r->there));
	KUNIT_EXPECT_EQ(test, 0, sim_test_shmctl(r->m, r->id, IPC_RMID));
	SIM_EXPECT_SHM(test, r->m, 0, 0, 0);
	KUNIT_EXPECT_EQ(test, SIM_TEST_FRAMES - 1, r->m->nr_free_pages);
	complete_all(&r->go);
	KUNIT_EXPECT_EQ(test, 1, sim_test_thread_join(test, writer));
	KUNIT_EXPECT_EQ(test, SIM_TEST_FRAMES, r->m->nr_free_pages);
	KUNIT_EXPECT_EQ(test, SIM_TEST_SLOTS, r->m->nr_swap_pages);
}

/* Another segment takes its index meanwhile: it is not mistaken for the old. */
static void segment_replaced_while_page_is_written(struct kunit *test)
{
	struct rig *r = make_rig(test);
	struct sim_test_thread *writer = begin_write(test, r);
	s32 id;

	KUNIT_EXPECT_EQ(test, 0, sim_shmdt(r->mm, r->base));
	KUNIT_EXPECT_EQ(test, 0, sim_shmdt(r->other, r->there));
	KUNIT_EXPECT_EQ(test, 0, sim_test_shmctl(r->m, r->id, IPC_RMID));
	id = sim_test_segment(test, r->m, RIG_PAGES);
	KUNIT_EXPECT_EQ(test, 0, sim_shm_index(id));
	sim_test_attach_at(test, r->mm, id, r->base, 0);
	sim_test_fill(test, r->mm, r->base, RIG_PAGES, 2);
	complete_all(&r->go);
	KUNIT_EXPECT_EQ(test, 1, sim_test_thread_join(test, writer));
	SIM_EXPECT_SHM(test, r->m, RIG_PAGES, RIG_PAGES, 0);
	sim_test_verify(test, r->mm, r->base, RIG_PAGES, 2);
}

/* ---------------------------------------------- while a frame is waited for */

static int need_frame_thread(void *data)
{
	struct rig *r = data;

	return sim_test_touch(r->mm, r->base + RIG_PAGES * PAGE_SIZE, true);
}

/* There is no frame, and kswapd is stuck in a write: a fatal signal still helps. */
static void faulter_without_frame_is_killed(struct kunit *test)
{
	struct shmswap_control c = { .set = SHMSWAP_CONTROL_FREEPAGES };
	struct rig *r = make_rig(test);
	struct sim_test_thread *thread;
	s32 id = sim_test_segment(test, r->m, 1);

	sim_test_attach_at(test, r->mm, id, r->base + RIG_PAGES * PAGE_SIZE, 0);
	/* No frame may be taken any more. */
	c.freepages_min = SIM_TEST_FRAMES - RIG_PAGES;
	c.freepages_low = c.freepages_min;
	c.freepages_high = c.freepages_min;
	KUNIT_ASSERT_EQ(test, 0, sim_machine_control(r->m, &c));
	r->swap->on_write = hold_io;
	thread = sim_test_thread_run(test, need_frame_thread, r);
	KUNIT_EXPECT_TRUE(test, sim_test_wait_for(READ_ONCE(r->swap->nr_writes) == 1));
	KUNIT_EXPECT_FALSE(test, done(thread));
	sim_test_thread_kill(thread);
	KUNIT_EXPECT_EQ(test, -EINTR, sim_test_thread_join(test, thread));
	complete_all(&r->go);
	sim_test_verify(test, r->other, r->there, RIG_PAGES, 1);
}

static struct kunit_case cases[] = {
	KUNIT_CASE(second_faulter_waits_for_read),
	KUNIT_CASE(second_faulter_reads_again_after_error),
	KUNIT_CASE(second_faulter_is_killed),
	KUNIT_CASE(detached_while_page_is_read),
	KUNIT_CASE(segment_destroyed_while_page_is_read),
	KUNIT_CASE(clock_passes_over_page_that_is_read),
	KUNIT_CASE(page_wanted_while_written_stays),
	KUNIT_CASE(page_wanted_while_write_fails_stays),
	KUNIT_CASE(segment_destroyed_while_page_is_written),
	KUNIT_CASE(segment_replaced_while_page_is_written),
	KUNIT_CASE(faulter_without_frame_is_killed),
	{}
};

static struct kunit_suite suite = {
	.name = "shmswap_fault_wait",
	.init = sim_test_init,
	.exit = sim_test_exit,
	.test_cases = cases,
};

kunit_test_suite(suite);
