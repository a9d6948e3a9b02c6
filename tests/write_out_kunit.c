// SPDX-License-Identifier: GPL-2.0
/*
 * Pages that the clock took away and that are written together: which go in one
 * write, and what becomes of those that cannot be written, or are wanted meanwhile.
 */
#include <linux/ipc.h>

#include "kunit_regions.h"

#define PAGES(n)	((u64)(n) << PAGE_SHIFT)
#define MAX_WRITES	32
#define NEVER		60000	/* an interval that no case lives to see the end of */

/**
 * struct rig - a segment whose pages nobody has mapped, and an area that counts
 * @m: machine
 * @swap: the area
 * @id: segment
 * @seg: the same
 * @ops: what the area does
 * @counting: what it does now
 * @nr: writes so far, of any number of pages
 * @slot: first slot of the first of them
 * @len: pages of the first of them
 * @toucher: a process that has the segment attached, or NULL
 * @base: there
 * @thread: its thread, which waits for page @wanted
 * @wanted: page
 * @test: case
 */
struct rig {
	struct sim_machine *m;
	struct sim_test_swap *swap;
	s32 id;
	struct sim_shmid *seg;
	const struct sim_swap_ops *ops;
	struct sim_swap_ops counting;
	u32 nr;
	u32 slot[MAX_WRITES];
	u32 len[MAX_WRITES];
	struct sim_mm *toucher;
	u64 base;
	struct sim_test_thread *thread;
	u32 wanted;
	struct kunit *test;
};

static int count_write(struct sim_swap_info *si, u32 slot, struct page **pages, u32 nr)
{
	struct sim_test_swap *swap = si->private;
	struct rig *r = swap->data;

	if (r->nr < MAX_WRITES) {
		r->slot[r->nr] = slot;
		r->len[r->nr] = nr;
	}
	r->nr++;
	return r->ops->write(si, slot, pages, nr);
}

static struct sim_test_swap *counting_area(struct kunit *test, struct rig *r, u32 slots)
{
	struct sim_test_swap *swap = sim_test_swap_area(test, r->m, slots, 5);

	r->ops = swap->si->ops;
	r->counting = *r->ops;
	r->counting.write = count_write;
	swap->si->ops = &r->counting;
	swap->data = r;
	return swap;
}

/* With @npages pages of pattern 1. */
static struct rig *make_rig(struct kunit *test, u32 npages, u32 slots)
{
	struct rig *r = kunit_kzalloc(test, sizeof(*r), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, r);
	r->test = test;
	r->m = sim_test_machine_config(test, &(const struct sim_config) {
		.nr_frames = SIM_TEST_FRAMES,
	});
	r->m->page_cluster = 0;
	r->swap = counting_area(test, r, slots);
	r->id = sim_test_segment(test, r->m, npages);
	r->seg = sim_test_seg(test, r->m, r->id);
	r->toucher = sim_test_process(test, r->m);
	r->base = sim_test_attach(test, r->toucher, r->id);
	sim_test_fill(test, r->toucher, r->base, npages, 1);
	KUNIT_ASSERT_EQ(test, 0, sim_shmdt(r->toucher, r->base));
	return r;
}

/* Let the clock take @nr pages, and only then write them; how many are not freed. */
static u32 take_together(struct kunit *test, struct rig *r, u32 nr)
{
	u32 kept;

	mutex_lock(&r->m->reclaim_lock);
	r->m->write_out.together = true;
	while (nr--)
		KUNIT_EXPECT_EQ(test, 1, sim_shm_swap(r->m, 0));
	r->m->write_out.together = false;
	kept = sim_write_out_all(r->m);
	mutex_unlock(&r->m->reclaim_lock);
	return kept;
}

static void expect_write(struct kunit *test, struct rig *r, u32 i, u32 slot, u32 len)
{
	KUNIT_EXPECT_EQ(test, slot, r->slot[i]);
	KUNIT_EXPECT_EQ(test, len, r->len[i]);
}

static void expect_pages(struct kunit *test, struct rig *r, u32 npages)
{
	u64 base = sim_test_attach(test, r->toucher, r->id);

	sim_test_verify(test, r->toucher, base, npages, 1);
}

/* ------------------------------------------------------------ what goes together */

static void neighbours_are_written_together(struct kunit *test)
{
	struct rig *r = make_rig(test, 8, SIM_TEST_SLOTS);

	KUNIT_EXPECT_EQ(test, 0, take_together(test, r, 8));
	KUNIT_EXPECT_EQ(test, 1, r->nr);
	expect_write(test, r, 0, 1, 8);
	SIM_EXPECT_EVENT(test, r->m, PSWPOUT, 8);
	SIM_EXPECT_EVENT(test, r->m, SWAP_SUCCESSES, 8);
	SIM_EXPECT_SHM(test, r->m, 8, 0, 8);
	KUNIT_EXPECT_EQ(test, SIM_TEST_FRAMES, r->m->nr_free_pages);
	KUNIT_EXPECT_EQ(test, 0, atomic_read(&r->m->nr_swapcache));
	expect_pages(test, r, 8);
}

static void pages_are_written_one_by_one_otherwise(struct kunit *test)
{
	struct rig *r = make_rig(test, 4, SIM_TEST_SLOTS);
	u32 i;

	for (i = 0; i < 4; i++)
		KUNIT_EXPECT_EQ(test, 1, sim_test_shm_swap(r->m, 0));
	KUNIT_EXPECT_EQ(test, 4, r->nr);
	expect_write(test, r, 3, 4, 1);
}

static void no_more_than_an_io_has_room_for(struct kunit *test)
{
	struct rig *r = make_rig(test, SIM_MAX_IO + 5, SIM_TEST_SLOTS);

	KUNIT_EXPECT_EQ(test, 0, take_together(test, r, SIM_MAX_IO + 5));
	KUNIT_EXPECT_EQ(test, 2, r->nr);
	expect_write(test, r, 0, 1, SIM_MAX_IO);
	expect_write(test, r, 1, 1 + SIM_MAX_IO, 5);
	expect_pages(test, r, SIM_MAX_IO + 5);
}

/* They come from two areas in turn, and are sorted. */
static void areas_are_written_apart(struct kunit *test)
{
	struct rig *r = make_rig(test, 8, SIM_TEST_SLOTS);

	counting_area(test, r, SIM_TEST_SLOTS);
	KUNIT_EXPECT_EQ(test, 0, take_together(test, r, 8));
	KUNIT_EXPECT_EQ(test, 2, r->nr);
	expect_write(test, r, 0, 1, 4);
	expect_write(test, r, 1, 1, 4);
	expect_pages(test, r, 8);
}

/* Slots 2 and 4 are in use. */
static void slots_apart_are_written_apart(struct kunit *test)
{
	struct rig *r = make_rig(test, 8, 10);
	struct sim_mm *mm = sim_test_process(test, r->m);
	u64 base = sim_test_map(test, mm, 4);

	sim_test_fill(test, mm, base, 4, 2);
	sim_test_scan_out(test, mm, base, 4);
	sim_test_discard_all(r->m);
	KUNIT_EXPECT_EQ(test, 0, sim_test_munmap(mm, base, 1));
	KUNIT_EXPECT_EQ(test, 0, sim_test_munmap(mm, base + PAGES(2), 1));
	r->nr = 0;
	KUNIT_EXPECT_EQ(test, 0, take_together(test, r, 8));
	KUNIT_EXPECT_EQ(test, 3, r->nr);
	expect_write(test, r, 0, 1, 1);
	expect_write(test, r, 1, 3, 1);
	expect_write(test, r, 2, 5, 6);
	expect_pages(test, r, 8);
}

/* -------------------------------------------------------------- what goes wrong */

/* Each is tried for itself; the slot that is broken is never used again. */
static void page_that_cannot_be_written_stays(struct kunit *test)
{
	struct rig *r = make_rig(test, 8, SIM_TEST_SLOTS);

	r->swap->fail_write = (struct sim_test_fault) { .slot = 3, .count = 2 };
	KUNIT_EXPECT_EQ(test, 1, take_together(test, r, 8));
	KUNIT_EXPECT_EQ(test, 1 + 8, r->nr);
	expect_write(test, r, 0, 1, 8);
	expect_write(test, r, 8, 8, 1);
	SIM_EXPECT_EVENT(test, r->m, SWAP_WRITE_ERRORS, 1);
	SIM_EXPECT_EVENT(test, r->m, PSWPOUT, 7);
	SIM_EXPECT_EVENT(test, r->m, SWAP_SUCCESSES, 7);
	SIM_EXPECT_SHM(test, r->m, 8, 1, 7);
	SIM_EXPECT_WORD(test, r->seg, 2, "present young");
	KUNIT_EXPECT_EQ(test, SIM_TEST_SLOTS - 1, r->swap->si->pages);
	sim_test_check(test, r->m);
	expect_pages(test, r, 8);
}

static void write_that_fails_only_together(struct kunit *test)
{
	struct rig *r = make_rig(test, 8, SIM_TEST_SLOTS);

	r->swap->fail_write = (struct sim_test_fault) { .slot = 3, .count = 1 };
	KUNIT_EXPECT_EQ(test, 0, take_together(test, r, 8));
	SIM_EXPECT_EVENT(test, r->m, SWAP_WRITE_ERRORS, 0);
	SIM_EXPECT_SHM(test, r->m, 8, 0, 8);
	expect_pages(test, r, 8);
}

/* The next time none is missing. */
static void pages_kept_are_counted_once(struct kunit *test)
{
	struct rig *r = make_rig(test, 8, SIM_TEST_SLOTS);

	r->swap->fail_write = (struct sim_test_fault) { .count = 5 };
	KUNIT_EXPECT_EQ(test, 4, take_together(test, r, 4));
	KUNIT_EXPECT_EQ(test, 0, take_together(test, r, 4));
	expect_pages(test, r, 8);
}

/**
 * struct fault_row - a fault that finds no frame, and an area that fails
 * @name: situation
 * @flags: of the machine
 * @count: writes that fail
 * @freed: a frame is freed nevertheless
 */
static const struct fault_row {
	const char *name;
	u32 flags;
	u32 count;
	bool freed;
} fault_rows[] = {
	{ "one by one, all fail", 0, U32_MAX, false },
	{ "one by one, the first fails", 0, 1, true },
	{ "together, all fail", SHMSWAP_MACHINE_KSWAPD, U32_MAX, false },
	{ "together, some fail", SHMSWAP_MACHINE_KSWAPD, 3, true },
};

/* A fault finds no frame on a machine whose kswapd has run just now. */
static bool free_for_fault(struct kunit *test, struct rig *r, u32 flags)
{
	struct shmswap_control c = {
		.set = SHMSWAP_CONTROL_FLAGS | SHMSWAP_CONTROL_FREEPAGES |
		       SHMSWAP_CONTROL_KSWAPD,
		.flags = flags,
		.freepages_min = 4,
		.freepages_low = 20,
		.freepages_high = 20,
		.kswapd_interval = NEVER,
		.kswapd_maxpages = 1,
	};
	bool freed;

	r->m->kswapd.low = true;
	r->m->kswapd.last = jiffies;
	KUNIT_ASSERT_EQ(test, 0, sim_machine_control(r->m, &c));
	KUNIT_EXPECT_EQ(test, 0, sim_reclaim_frame(r->m, &freed));
	return freed;
}

static void fault_hears_what_was_freed(struct kunit *test)
{
	const struct fault_row *row = test->param_value;
	struct rig *r = make_rig(test, 50, SIM_TEST_SLOTS);

	r->swap->fail_write.count = row->count;
	KUNIT_EXPECT_EQ(test, row->freed, free_for_fault(test, r, row->flags));
	KUNIT_EXPECT_EQ(test, row->freed, r->m->nr_free_pages > SIM_TEST_FRAMES - 50);
	r->swap->fail_write.count = 0;
	expect_pages(test, r, 50);
}

KUNIT_ARRAY_PARAM_DESC(fault, fault_rows, name);

/* As many as are missing up to freepages.low; without kswapd one is enough. */
static void fault_lets_pages_be_written_together(struct kunit *test)
{
	struct rig *r = make_rig(test, 50, SIM_TEST_SLOTS);

	KUNIT_EXPECT_TRUE(test, free_for_fault(test, r, 0));
	KUNIT_EXPECT_EQ(test, 1, r->nr);
	expect_write(test, r, 0, 1, 1);
	KUNIT_EXPECT_TRUE(test, free_for_fault(test, r, SHMSWAP_MACHINE_KSWAPD));
	KUNIT_EXPECT_EQ(test, 2, r->nr);
	expect_write(test, r, 1, 2, 5);
	KUNIT_EXPECT_EQ(test, 20, r->m->nr_free_pages);
	expect_pages(test, r, 50);
}

/* ------------------------------------------------------------ what goes on meanwhile */

static int touch_wanted(void *data)
{
	struct rig *r = data;

	return sim_test_touch(r->toucher, r->base + PAGES(r->wanted), false);
}

/* With the first page that is written: a thread wants another one, and waits. */
static void want_page(struct sim_test_swap *swap, u32 slot)
{
	struct rig *r = swap->data;
	sim_swp_entry_t entry = sim_pte_to_swp_entry(sim_test_word(r->seg, r->wanted));
	struct sim_page *page;

	if (r->thread)
		return;
	page = sim_lookup_swap_cache(r->m, entry);
	KUNIT_ASSERT_NOT_NULL(r->test, page);
	r->thread = sim_test_thread_run(r->test, touch_wanted, r);
	/* That of the cache, our pin, and that of the fault. */
	KUNIT_EXPECT_TRUE(r->test, sim_test_wait_for(atomic64_read(&page->count) ==
						     1 + 2 * SIM_PIN));
	sim_unpin_page(r->m, page);
}

static void page_that_is_wanted_stays(struct kunit *test)
{
	struct rig *r = make_rig(test, 8, SIM_TEST_SLOTS);

	r->base = sim_test_attach(test, r->toucher, r->id);
	r->wanted = 5;
	r->swap->on_write = want_page;
	KUNIT_EXPECT_EQ(test, 1, take_together(test, r, 8));
	r->swap->on_write = NULL;
	KUNIT_EXPECT_EQ(test, 0, sim_test_thread_join(test, r->thread));
	SIM_EXPECT_SHM(test, r->m, 8, 1, 7);
	SIM_EXPECT_WORD(test, r->seg, 5, "present young");
	SIM_EXPECT_EVENT(test, r->m, SWAP_SUCCESSES, 7);
	KUNIT_EXPECT_EQ(test, 7, r->swap->si->inuse_pages);
	KUNIT_EXPECT_EQ(test, 0, r->swap->nr_reads);
	sim_test_verify(test, r->toucher, r->base, 8, 1);
}

static void destroy(struct sim_test_swap *swap, u32 slot)
{
	struct rig *r = swap->data;

	sim_test_shmctl(r->m, r->id, IPC_RMID);
}

/* Those that wait go with it when they are written. */
static void segment_may_go_while_its_pages_are_written(struct kunit *test)
{
	struct rig *r = make_rig(test, 8, SIM_TEST_SLOTS);

	r->swap->on_write = destroy;
	KUNIT_EXPECT_EQ(test, 0, take_together(test, r, 8));
	SIM_EXPECT_SHM(test, r->m, 0, 0, 0);
	KUNIT_EXPECT_EQ(test, SIM_TEST_FRAMES, r->m->nr_free_pages);
	KUNIT_EXPECT_EQ(test, 0, r->swap->si->inuse_pages);
	KUNIT_EXPECT_EQ(test, 0, atomic_read(&r->m->nr_swapcache));
}

static struct kunit_case cases[] = {
	KUNIT_CASE(neighbours_are_written_together),
	KUNIT_CASE(pages_are_written_one_by_one_otherwise),
	KUNIT_CASE(no_more_than_an_io_has_room_for),
	KUNIT_CASE(areas_are_written_apart),
	KUNIT_CASE(slots_apart_are_written_apart),
	KUNIT_CASE(page_that_cannot_be_written_stays),
	KUNIT_CASE(write_that_fails_only_together),
	KUNIT_CASE(pages_kept_are_counted_once),
	KUNIT_CASE_PARAM(fault_hears_what_was_freed, fault_gen_params),
	KUNIT_CASE(fault_lets_pages_be_written_together),
	KUNIT_CASE(page_that_is_wanted_stays),
	KUNIT_CASE(segment_may_go_while_its_pages_are_written),
	{}
};

static struct kunit_suite suite = {
	.name = "shmswap_write_out",
	.init = sim_test_init,
	.exit = sim_test_exit,
	.test_cases = cases,
};

kunit_test_suite(suite);
