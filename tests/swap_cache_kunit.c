// SPDX-License-Identifier: GPL-2.0
/*
 * The swap cache: the counts of a page at each stage of its way out and back, and
 * the races that the cache is there to win. The numbers in the names of sections
 * are those of history's chapter on Linux 2.4.
 */
#include <linux/prandom.h>
#include <linux/sched/signal.h>

#include "kunit_rig.h"

static s64 min_flt(struct sim_mm *mm)
{
	return atomic64_read(&mm->min_flt);
}

static s64 maj_flt(struct sim_mm *mm)
{
	return atomic64_read(&mm->maj_flt);
}

static u32 nr_cached(const struct sim_test_rig *r)
{
	return atomic_read(&r->m->nr_swapcache);
}

/* ---------------------------------------------- 5.2: the table of stages */

static void counts_at_stage(struct kunit *test)
{
	const struct sim_test_stage_row *row = sim_test_stage_of(test);
	struct sim_test_rig *r = sim_test_rig_forked(test, 1);
	u32 page = sim_page_pfn(r->m, sim_test_mapped(r->a, r->base));

	sim_test_reach(test, r, row->stage);
	SIM_EXPECT_COUNTS(test, r->a, r->base, row->frame, row->slot);
	if (row->stage != SIM_TEST_ONE_BACK)
		SIM_EXPECT_COUNTS(test, r->b, r->base, row->frame, row->slot);
	if (row->stage == SIM_TEST_STAGE_D)
		KUNIT_EXPECT_EQ(test, 0, atomic64_read(&r->m->mem_map[page].count));
	KUNIT_EXPECT_EQ(test, row->stage != SIM_TEST_STAGE_A, r->swap->nr_writes);
	KUNIT_EXPECT_EQ(test, row->stage >= SIM_TEST_ONE_BACK, r->swap->nr_reads);
	sim_test_check(test, r->m);
}

/* Result 1 says that nobody but the cache has it, which is so at (c) alone. */
static void scan_result_at_stages(struct kunit *test)
{
	struct sim_test_rig *r = sim_test_rig_forked(test, 1);

	KUNIT_EXPECT_EQ(test, 0, sim_test_scan_one(test, r->a, r->base));
	SIM_EXPECT_PTE(test, r->a, r->base, "swap");
	SIM_EXPECT_PTE(test, r->b, r->base, "present old");
	KUNIT_EXPECT_EQ(test, 1, sim_test_scan_one(test, r->b, r->base));
	KUNIT_EXPECT_EQ(test, 1, sim_test_shrink_mmap(r->m, 0));
	SIM_EXPECT_EVENT(test, r->m, PGSTEAL, 2);
}

/* The way back: one major fault, one minor, one read. */
static void faults_of_the_way_back(struct kunit *test)
{
	struct sim_test_rig *r = sim_test_rig_forked(test, 1);
	s64 major = maj_flt(r->a);

	sim_test_reach(test, r, SIM_TEST_BOTH_BACK);
	KUNIT_EXPECT_EQ(test, major + 1, maj_flt(r->a));
	KUNIT_EXPECT_EQ(test, 0, maj_flt(r->b));
	KUNIT_EXPECT_EQ(test, 1, min_flt(r->b));
	KUNIT_EXPECT_PTR_EQ(test, sim_test_mapped(r->a, r->base), sim_test_mapped(r->b, r->base));
	sim_test_verify(test, r->a, r->base, 1, 1);
	sim_test_verify(test, r->b, r->base, 1, 1);
}

static void three_sharers(struct kunit *test)
{
	struct sim_test_rig *r = sim_test_rig_forked(test, 1);
	struct sim_mm *c = sim_test_fork(test, r->b);

	SIM_EXPECT_COUNTS(test, c, r->base, 3, 0);
	sim_test_scan_out(test, r->b, r->base, 1);
	SIM_EXPECT_COUNTS(test, c, r->base, 3, 2);
	sim_test_scan_out(test, c, r->base, 1);
	SIM_EXPECT_COUNTS(test, c, r->base, 2, 3);
	sim_test_scan_out(test, r->a, r->base, 1);
	SIM_EXPECT_COUNTS(test, c, r->base, 1, 4);
	sim_test_discard_all(r->m);
	SIM_EXPECT_COUNTS(test, c, r->base, 0, 3);
	KUNIT_EXPECT_EQ(test, 1, r->swap->nr_writes);
	sim_test_verify(test, c, r->base, 1, 1);
	SIM_EXPECT_COUNTS(test, c, r->base, 2, 3);
}

static void sole_owner(struct kunit *test)
{
	struct sim_test_rig *r = sim_test_rig(test, 1);

	SIM_EXPECT_COUNTS(test, r->a, r->base, 1, 0);
	sim_test_scan_out(test, r->a, r->base, 1);
	SIM_EXPECT_COUNTS(test, r->a, r->base, 1, 2);
	sim_test_discard_all(r->m);
	SIM_EXPECT_COUNTS(test, r->a, r->base, 0, 1);
	sim_test_verify(test, r->a, r->base, 1, 1);
	SIM_EXPECT_COUNTS(test, r->a, r->base, 2, 1);
	/* Kept as a clean copy. */
	SIM_EXPECT_BITS(test, r->a, r->base, "young clean read-only");
}

/* Between (b) or (c) and (d) the page is found without I/O, whoever looks. */
static void expect_no_io(struct kunit *test, enum sim_test_stage stage)
{
	struct sim_test_rig *r = sim_test_rig_forked(test, 1);
	struct sim_page *page = sim_test_mapped(r->a, r->base);
	s64 major = maj_flt(r->a);

	sim_test_reach(test, r, stage);
	sim_test_verify(test, r->b, r->base, 1, 1);
	sim_test_verify(test, r->a, r->base, 1, 1);
	KUNIT_EXPECT_PTR_EQ(test, page, sim_test_mapped(r->a, r->base));
	KUNIT_EXPECT_EQ(test, 0, r->swap->nr_reads);
	KUNIT_EXPECT_EQ(test, major, maj_flt(r->a));
	KUNIT_EXPECT_EQ(test, 1, min_flt(r->a));
	KUNIT_EXPECT_EQ(test, stage == SIM_TEST_STAGE_C, min_flt(r->b));
	SIM_EXPECT_COUNTS(test, r->a, r->base, 3, 1);
}

static void fault_at_stage_b_needs_no_io(struct kunit *test)
{
	expect_no_io(test, SIM_TEST_STAGE_B);
}

static void fault_at_stage_c_needs_no_io(struct kunit *test)
{
	expect_no_io(test, SIM_TEST_STAGE_C);
}

/* However often it goes out, the slot has its contents already. */
static void cached_page_is_never_written_twice(struct kunit *test)
{
	struct sim_test_rig *r = sim_test_rig_forked(test, 1);
	int i;

	for (i = 0; i < 3; i++) {
		sim_test_reach(test, r, SIM_TEST_STAGE_C);
		sim_test_verify(test, r->a, r->base, 1, 1);
		sim_test_verify(test, r->b, r->base, 1, 1);
		sim_test_reach(test, r, SIM_TEST_BOTH_BACK);
		KUNIT_EXPECT_EQ(test, 1, r->swap->nr_writes);
		KUNIT_EXPECT_EQ(test, 1, r->swap->si->inuse_pages);
	}
	SIM_EXPECT_EVENT(test, r->m, PSWPOUT, 1);
	sim_test_verify(test, r->b, r->base, 1, 1);
}

static void counters_of_the_cache(struct kunit *test)
{
	struct sim_test_rig *r = sim_test_rig_forked(test, 1);

	sim_test_reach(test, r, SIM_TEST_STAGE_C);
	SIM_EXPECT_EVENT(test, r->m, SWAP_CACHE_ADD, 1);
	SIM_EXPECT_EVENT(test, r->m, SWAP_CACHE_DEL, 0);
	KUNIT_EXPECT_EQ(test, 1, nr_cached(r));
	sim_test_discard_all(r->m);
	SIM_EXPECT_EVENT(test, r->m, SWAP_CACHE_DEL, 1);
	KUNIT_EXPECT_EQ(test, 0, nr_cached(r));
	SIM_EXPECT_EVENT(test, r->m, SWAP_CACHE_FIND, 0);
	sim_test_touch_pages(test, r->a, r->base, 1);
	SIM_EXPECT_EVENT(test, r->m, SWAP_CACHE_FIND, 1);
	SIM_EXPECT_EVENT(test, r->m, SWAP_CACHE_HIT, 0);
	SIM_EXPECT_EVENT(test, r->m, SWAP_CACHE_ADD, 2);
	sim_test_touch_pages(test, r->b, r->base, 1);
	SIM_EXPECT_EVENT(test, r->m, SWAP_CACHE_FIND, 2);
	SIM_EXPECT_EVENT(test, r->m, SWAP_CACHE_HIT, 1);
	SIM_EXPECT_EVENT(test, r->m, SWAP_RA, 0);
}

/* ------------------------------------- what else may happen at each stage */

static void exit_at_stage(struct kunit *test)
{
	struct sim_test_rig *r = sim_test_rig_forked(test, 1);

	sim_test_reach(test, r, sim_test_stage_of(test)->stage);
	sim_test_process_exit(test, r->a);
	sim_test_check(test, r->m);
	sim_test_verify(test, r->b, r->base, 1, 1);
	sim_test_process_exit(test, r->b);
	sim_test_expect_idle(test, r);
}

static void exit_of_child_at_stage(struct kunit *test)
{
	struct sim_test_rig *r = sim_test_rig_forked(test, 1);

	sim_test_reach(test, r, sim_test_stage_of(test)->stage);
	sim_test_process_exit(test, r->b);
	sim_test_check(test, r->m);
	sim_test_process_exit(test, r->a);
	sim_test_expect_idle(test, r);
}

static void munmap_at_stage(struct kunit *test)
{
	struct sim_test_rig *r = sim_test_rig_forked(test, 1);

	sim_test_reach(test, r, sim_test_stage_of(test)->stage);
	KUNIT_EXPECT_EQ(test, 0, sim_test_munmap(r->b, r->base, 1));
	sim_test_check(test, r->m);
	sim_test_verify(test, r->a, r->base, 1, 1);
	KUNIT_EXPECT_EQ(test, 0, sim_test_munmap(r->a, r->base, 1));
	sim_test_expect_idle(test, r);
}

/* The child has what its parent has: a frame or a slot more is counted. */
static void fork_at_stage(struct kunit *test)
{
	const struct sim_test_stage_row *row = sim_test_stage_of(test);
	struct sim_test_rig *r = sim_test_rig_forked(test, 1);
	struct sim_mm *c;

	sim_test_reach(test, r, row->stage);
	c = sim_test_fork(test, r->a);
	if (sim_test_mapped(r->a, r->base))
		SIM_EXPECT_COUNTS(test, c, r->base, row->frame + 1, row->slot);
	else
		SIM_EXPECT_COUNTS(test, c, r->base, row->frame, row->slot + 1);
	sim_test_check(test, r->m);
	KUNIT_EXPECT_EQ(test, 0, sim_test_set_word(c, r->base, 7));
	sim_test_verify(test, r->a, r->base, 1, 1);
	sim_test_verify(test, r->b, r->base, 1, 1);
	KUNIT_EXPECT_EQ(test, 7, sim_test_word_at(c, r->base));
}

/* A store is the storer's alone, at every stage. */
static void store_at_stage(struct kunit *test)
{
	const struct sim_test_stage_row *row = sim_test_stage_of(test);
	struct sim_test_rig *r = sim_test_rig_forked(test, 1);

	sim_test_reach(test, r, row->stage);
	KUNIT_EXPECT_EQ(test, 0, sim_test_set_word(r->b, r->base, 7));
	SIM_EXPECT_EVENT(test, r->m, PGCOW, 1);
	SIM_EXPECT_COUNTS(test, r->b, r->base, 1, 0);
	sim_test_check(test, r->m);
	sim_test_verify(test, r->a, r->base, 1, 1);
	KUNIT_EXPECT_EQ(test, 7, sim_test_word_at(r->b, r->base));
	sim_test_rig_swap_out(test, r);
	sim_test_verify(test, r->a, r->base, 1, 1);
	KUNIT_EXPECT_EQ(test, 7, sim_test_word_at(r->b, r->base));
}

/* The page's last user may store to it where it is, though the cache has it. */
static void store_of_sole_owner_copies_nothing(struct kunit *test)
{
	struct sim_test_rig *r = sim_test_rig(test, 1);

	sim_test_rig_swap_out(test, r);
	sim_test_touch_pages(test, r->a, r->base, 1);
	KUNIT_EXPECT_EQ(test, 0, sim_test_set_word(r->a, r->base, 7));
	SIM_EXPECT_EVENT(test, r->m, PGCOW, 0);
	SIM_EXPECT_BITS(test, r->a, r->base, "young dirty writable");
	/* It is newer than its slot, which it keeps until the process scan comes. */
	SIM_EXPECT_COUNTS(test, r->a, r->base, 2, 1);
}

/* Its slot is wanted by another process: the page that is stored to is a copy. */
static void store_copies_while_the_slot_is_wanted(struct kunit *test)
{
	struct sim_test_rig *r = sim_test_rig_forked(test, 1);

	sim_test_reach(test, r, SIM_TEST_STAGE_B);
	KUNIT_EXPECT_EQ(test, 0, sim_test_set_word(r->b, r->base, 7));
	SIM_EXPECT_EVENT(test, r->m, PGCOW, 1);
	/* The cache alone has the old one, for the other. */
	SIM_EXPECT_COUNTS(test, r->a, r->base, 1, 2);
	sim_test_verify(test, r->a, r->base, 1, 1);
	KUNIT_EXPECT_EQ(test, 0, r->swap->nr_reads);
}

static void swapoff_at_stage(struct kunit *test)
{
	struct sim_test_rig *r = sim_test_rig_forked(test, 1);

	sim_test_reach(test, r, sim_test_stage_of(test)->stage);
	KUNIT_EXPECT_EQ(test, 0, sim_swapoff(r->m, r->swap->type));
	SIM_EXPECT_COUNTS(test, r->a, r->base, 2, 0);
	KUNIT_EXPECT_PTR_EQ(test, sim_test_mapped(r->a, r->base), sim_test_mapped(r->b, r->base));
	KUNIT_EXPECT_EQ(test, 0, nr_cached(r));
	sim_test_verify(test, r->a, r->base, 1, 1);
	sim_test_verify(test, r->b, r->base, 1, 1);
}

/* ------------------------------------------------------- 5.4: primitives */

/* A locked frame that belongs to nobody. */
static struct sim_page *spare_frame(struct kunit *test, struct sim_machine *m)
{
	struct sim_page *page = sim_get_free_page(m);

	KUNIT_ASSERT_NOT_NULL(test, page);
	KUNIT_ASSERT_EQ(test, 0, sim_back_page(page));
	KUNIT_ASSERT_TRUE(test, sim_trylock_page(page));
	return page;
}

static void insertion_is_unique(struct kunit *test)
{
	struct sim_test_rig *r = sim_test_rig_forked(test, 1);
	struct sim_page *page = sim_test_mapped(r->a, r->base);
	struct sim_page *other, *found;
	sim_swp_entry_t entry;
	bool added;

	sim_test_reach(test, r, SIM_TEST_STAGE_C);
	entry = sim_test_entry(r->a, r->base);
	other = spare_frame(test, r->m);
	down_read(&r->m->state_lock);
	added = sim_add_to_swap_cache(r->m, other, entry);
	up_read(&r->m->state_lock);
	KUNIT_EXPECT_FALSE(test, added);
	KUNIT_EXPECT_FALSE(test, test_bit(SIM_PG_SWAPCACHE, &other->flags));
	KUNIT_EXPECT_EQ(test, 0, sim_page_count(other));
	KUNIT_EXPECT_EQ(test, 1, nr_cached(r));
	SIM_EXPECT_EVENT(test, r->m, SWAP_CACHE_ADD, 1);
	found = sim_lookup_swap_cache(r->m, entry);
	KUNIT_EXPECT_PTR_EQ(test, page, found);
	sim_unpin_page(r->m, found);
	sim_unlock_page(other);
	sim_unpin_page(r->m, other);
}

static void lookup_finds_by_slot(struct kunit *test)
{
	struct sim_test_rig *r = sim_test_rig(test, 2);
	struct sim_page *page[] = {
		sim_test_mapped(r->a, r->base),
		sim_test_mapped(r->a, sim_test_rig_page(r, 1)),
	};
	struct sim_page *found;
	u32 i;

	KUNIT_EXPECT_NULL(test, sim_lookup_swap_cache(r->m, sim_swp_entry(r->swap->type, 1)));
	sim_test_scan_out(test, r->a, r->base, 2);
	for (i = 0; i < 2; i++) {
		found = sim_lookup_swap_cache(r->m, sim_swp_entry(r->swap->type, i + 1));
		KUNIT_ASSERT_PTR_EQ(test, page[i], found);
		KUNIT_EXPECT_EQ(test, SIM_PIN + 1, atomic64_read(&found->count));
		sim_unpin_page(r->m, found);
	}
	KUNIT_EXPECT_NULL(test, sim_lookup_swap_cache(r->m, sim_swp_entry(r->swap->type, 3)));
	KUNIT_EXPECT_NULL(test, sim_lookup_swap_cache(r->m, sim_swp_entry(r->swap->type + 1, 1)));
}

/**
 * struct release_row - may a page be let go of?
 * @name: situation
 * @dirty: it is newer than its slot
 * @mapped: a process maps it
 * @pinned: somebody else has it pinned
 * @released: it leaves the cache
 */
static const struct release_row {
	const char *name;
	bool dirty;
	bool mapped;
	bool pinned;
	bool released;
} release_rows[] = {
	{ "unused", false, false, false, true },
	{ "dirty", true, false, false, false },
	{ "mapped", false, true, false, false },
	{ "pinned", false, false, true, false },
};

static void release_only_when_unused(struct kunit *test)
{
	const struct release_row *row = test->param_value;
	struct sim_test_rig *r = sim_test_rig_forked(test, 1);
	struct sim_page *page = sim_test_mapped(r->a, r->base);
	bool released;

	sim_test_reach(test, r, row->mapped ? SIM_TEST_STAGE_B : SIM_TEST_STAGE_C);
	if (row->dirty)
		set_bit(SIM_PG_DIRTY, &page->flags);
	if (row->pinned)
		sim_pin_page(page);
	KUNIT_ASSERT_TRUE(test, sim_trylock_page(page));
	sim_pin_page(page);
	down_read(&r->m->state_lock);
	released = sim_release_swap_cache(r->m, page);
	up_read(&r->m->state_lock);
	KUNIT_EXPECT_EQ(test, row->released, released);
	KUNIT_EXPECT_EQ(test, !row->released, nr_cached(r));
	sim_unlock_page(page);
	sim_unpin_page(r->m, page);
	KUNIT_EXPECT_EQ(test, row->released, !atomic64_read(&page->count));
	if (row->pinned)
		sim_unpin_page(r->m, page);
	clear_bit(SIM_PG_DIRTY, &page->flags);
	sim_test_verify(test, r->a, r->base, 1, 1);
	KUNIT_EXPECT_EQ(test, row->released, r->swap->nr_reads);
}

KUNIT_ARRAY_PARAM_DESC(release, release_rows, name);

/* Try it with 0, 1 and 2 references that may remain; returns which of them sufficed. */
static u32 exclusive_removal(struct kunit *test, struct sim_test_rig *r)
{
	struct sim_page *page = sim_test_mapped(r->b, r->base);
	u32 users, removed = 0;

	KUNIT_ASSERT_TRUE(test, sim_trylock_page(page));
	down_read(&r->m->state_lock);
	for (users = 0; users < 3; users++)
		removed |= sim_exclusive_swap_page(r->m, page, users) << users;
	up_read(&r->m->state_lock);
	sim_unlock_page(page);
	/* Without a slot it must be written again. */
	if (removed)
		set_bit(SIM_PG_DIRTY, &page->flags);
	return removed;
}

static void no_exclusive_removal_of_page_in_no_cache(struct kunit *test)
{
	struct sim_test_rig *r = sim_test_rig_forked(test, 1);

	KUNIT_EXPECT_EQ(test, 0, exclusive_removal(test, r));
	SIM_EXPECT_COUNTS(test, r->b, r->base, 2, 0);
}

static void no_exclusive_removal_while_the_slot_is_wanted(struct kunit *test)
{
	struct sim_test_rig *r = sim_test_rig_forked(test, 1);

	sim_test_reach(test, r, SIM_TEST_STAGE_B);
	KUNIT_EXPECT_EQ(test, 0, exclusive_removal(test, r));
	SIM_EXPECT_COUNTS(test, r->b, r->base, 2, 2);
}

static void exclusive_removal_leaves_as_many_users_as_said(struct kunit *test)
{
	struct sim_test_rig *r = sim_test_rig_forked(test, 1);

	sim_test_reach(test, r, SIM_TEST_BOTH_BACK);
	KUNIT_EXPECT_EQ(test, BIT(2), exclusive_removal(test, r));
	SIM_EXPECT_COUNTS(test, r->b, r->base, 2, 0);
	KUNIT_EXPECT_EQ(test, 0, r->swap->si->inuse_pages);
}

/* ------------------------------------------------------------ 5.5: races */

/* The process scan has begun to write the page, which @a is to lose. */
static struct sim_test_thread *begin_write(struct kunit *test, struct sim_test_rig *r)
{
	struct sim_test_thread *thread;

	sim_test_aim(test, r->a, r->base);
	r->swap->on_write = sim_test_hold_io;
	thread = sim_test_run_reclaim(test, r->m, sim_test_swap_out_keep);
	KUNIT_ASSERT_TRUE(test, sim_test_wait_for(READ_ONCE(r->swap->nr_writes) == 1));
	return thread;
}

/* All pages are in the area; a fault of @a has begun to read the first. */
static struct sim_test_thread *begin_read(struct kunit *test, struct sim_test_rig *r)
{
	struct sim_test_thread *thread;

	sim_test_rig_swap_out(test, r);
	r->swap->on_read = sim_test_hold_io;
	thread = sim_test_run_touch(test, r->a, r->base, false);
	KUNIT_ASSERT_TRUE(test, sim_test_wait_for(READ_ONCE(r->swap->nr_reads) == 1));
	return thread;
}

/* @thread comes to want the page of the first slot, pins it as the second, and waits. */
static void expect_waiting(struct kunit *test, struct sim_test_rig *r,
			   struct sim_test_thread *thread)
{
	sim_swp_entry_t entry = sim_swp_entry(r->swap->type, 1);

	KUNIT_EXPECT_TRUE(test, sim_test_wait_for(sim_test_pins(r->m, entry) == 2));
	KUNIT_EXPECT_FALSE(test, sim_test_done(thread));
}

/* A store to a shared page that is being written waits, and then copies it. */
static void store_of_sharer_during_write_out(struct kunit *test)
{
	struct sim_test_rig *r = sim_test_rig_forked(test, 1);
	struct sim_test_thread *writer = begin_write(test, r);
	struct sim_test_thread *faulter = sim_test_run_touch(test, r->b, r->base, true);

	expect_waiting(test, r, faulter);
	complete_all(&r->go);
	KUNIT_EXPECT_EQ(test, 0, sim_test_thread_join(test, writer));
	KUNIT_EXPECT_EQ(test, 0, sim_test_thread_join(test, faulter));
	SIM_EXPECT_EVENT(test, r->m, PGCOW, 1);
	SIM_EXPECT_COUNTS(test, r->a, r->base, 1, 2);
	SIM_EXPECT_COUNTS(test, r->b, r->base, 1, 0);
	sim_test_verify(test, r->a, r->base, 1, 1);
	sim_test_verify(test, r->b, r->base, 1, 1);
}

/* A page that is written is still mapped: who only reads it waits for nothing. */
static void load_of_sharer_during_write_out(struct kunit *test)
{
	struct sim_test_rig *r = sim_test_rig_forked(test, 1);
	struct sim_test_thread *writer = begin_write(test, r);

	sim_test_verify(test, r->b, r->base, 1, 1);
	KUNIT_EXPECT_FALSE(test, sim_test_done(writer));
	complete_all(&r->go);
	KUNIT_EXPECT_EQ(test, 0, sim_test_thread_join(test, writer));
	SIM_EXPECT_COUNTS(test, r->b, r->base, 2, 2);
	SIM_EXPECT_PTE(test, r->b, r->base, "present young");
}

/* A fault on the slot of a page that is being written finds it, and waits. */
static void fault_during_write_out(struct kunit *test)
{
	struct sim_test_rig *r = sim_test_rig_forked(test, 1);
	struct sim_page *page = sim_test_mapped(r->a, r->base);
	struct sim_test_thread *writer, *faulter;

	sim_test_reach(test, r, SIM_TEST_STAGE_C);
	set_bit(SIM_PG_DIRTY, &page->flags);
	r->m->mmap_hand = sim_page_pfn(r->m, page);
	r->swap->on_write = sim_test_hold_io;
	writer = sim_test_run_reclaim(test, r->m, sim_test_shrink_mmap);
	KUNIT_ASSERT_TRUE(test, sim_test_wait_for(READ_ONCE(r->swap->nr_writes) == 2));
	faulter = sim_test_run_touch(test, r->a, r->base, false);
	expect_waiting(test, r, faulter);
	complete_all(&r->go);
	KUNIT_EXPECT_EQ(test, 0, sim_test_thread_join(test, writer));
	KUNIT_EXPECT_EQ(test, 0, sim_test_thread_join(test, faulter));
	KUNIT_EXPECT_PTR_EQ(test, page, sim_test_mapped(r->a, r->base));
	KUNIT_EXPECT_EQ(test, 0, r->swap->nr_reads);
	KUNIT_EXPECT_EQ(test, 1, min_flt(r->a));
	sim_test_verify(test, r->a, r->base, 1, 1);
}

static void two_faults_on_one_entry(struct kunit *test)
{
	struct sim_test_rig *r = sim_test_rig_forked(test, 1);
	s64 major = maj_flt(r->a);
	struct sim_test_thread *first = begin_read(test, r);
	struct sim_test_thread *second = sim_test_run_touch(test, r->b, r->base, false);

	expect_waiting(test, r, second);
	KUNIT_EXPECT_EQ(test, 1, nr_cached(r));
	sim_test_check(test, r->m);
	complete_all(&r->go);
	KUNIT_EXPECT_EQ(test, 0, sim_test_thread_join(test, first));
	KUNIT_EXPECT_EQ(test, 0, sim_test_thread_join(test, second));
	KUNIT_EXPECT_EQ(test, 1, r->swap->nr_reads);
	KUNIT_EXPECT_EQ(test, major + 1, maj_flt(r->a));
	KUNIT_EXPECT_EQ(test, 0, maj_flt(r->b));
	KUNIT_EXPECT_EQ(test, 1, min_flt(r->b));
	SIM_EXPECT_COUNTS(test, r->b, r->base, 3, 1);
	SIM_EXPECT_EVENT(test, r->m, SWAP_CACHE_HIT, 1);
	sim_test_verify(test, r->b, r->base, 1, 1);
}

static void second_fault_reads_again_after_error(struct kunit *test)
{
	struct sim_test_rig *r = sim_test_rig_forked(test, 1);
	struct sim_test_thread *first, *second;

	r->swap->fail_read.count = 1;
	first = begin_read(test, r);
	second = sim_test_run_touch(test, r->b, r->base, false);
	expect_waiting(test, r, second);
	complete_all(&r->go);
	KUNIT_EXPECT_EQ(test, -EIO, sim_test_thread_join(test, first));
	KUNIT_EXPECT_EQ(test, 0, sim_test_thread_join(test, second));
	KUNIT_EXPECT_EQ(test, 2, r->swap->nr_reads);
	KUNIT_EXPECT_EQ(test, 1, maj_flt(r->b));
	sim_test_verify(test, r->a, r->base, 1, 1);
}

static void second_fault_is_killed(struct kunit *test)
{
	struct sim_test_rig *r = sim_test_rig_forked(test, 1);
	struct sim_test_thread *first = begin_read(test, r);
	struct sim_test_thread *second = sim_test_run_touch(test, r->b, r->base, false);

	expect_waiting(test, r, second);
	sim_test_thread_kill(second);
	KUNIT_EXPECT_EQ(test, -EINTR, sim_test_thread_join(test, second));
	KUNIT_EXPECT_EQ(test, 1, sim_test_pins(r->m, sim_swp_entry(r->swap->type, 1)));
	complete_all(&r->go);
	KUNIT_EXPECT_EQ(test, 0, sim_test_thread_join(test, first));
	sim_test_verify(test, r->b, r->base, 1, 1);
}

static void unmap_while_reading(struct sim_test_swap *swap, u32 slot)
{
	struct sim_test_rig *r = swap->data;

	sim_test_munmap(r->a, r->base, 1);
}

static void entry_freed_while_sleeping(struct kunit *test)
{
	struct sim_test_rig *r = sim_test_rig(test, 1);

	sim_test_rig_swap_out(test, r);
	r->swap->on_read = unmap_while_reading;
	KUNIT_EXPECT_EQ(test, -EFAULT, sim_test_touch(r->a, r->base, false));
	KUNIT_EXPECT_EQ(test, 1, r->swap->nr_reads);
	sim_test_expect_idle(test, r);
}

static void entry_freed_by_one_of_two_while_sleeping(struct kunit *test)
{
	struct sim_test_rig *r = sim_test_rig_forked(test, 1);

	sim_test_rig_swap_out(test, r);
	r->swap->on_read = unmap_while_reading;
	KUNIT_EXPECT_EQ(test, -EFAULT, sim_test_touch(r->a, r->base, false));
	sim_test_verify(test, r->b, r->base, 1, 1);
	SIM_EXPECT_COUNTS(test, r->b, r->base, 2, 1);
	KUNIT_EXPECT_EQ(test, 1, r->swap->nr_reads);
}

/* Another page goes to where the one that is being read was, and out itself. */
static void replace_while_reading(struct sim_test_swap *swap, u32 slot)
{
	struct sim_test_rig *r = swap->data;
	struct kunit *test = r->data;

	swap->on_read = NULL;
	sim_test_map_at(test, r->a, r->base, 1);
	KUNIT_EXPECT_EQ(test, 0, sim_test_set_word(r->a, r->base, 9));
	sim_test_scan_out(test, r->a, r->base, 1);
	/* The cache keeps the slot from being used again under the read. */
	KUNIT_EXPECT_NE(test, slot, sim_swp_offset(sim_test_entry(r->a, r->base)));
}

static void entry_reused_while_sleeping(struct kunit *test)
{
	struct sim_test_rig *r = sim_test_rig(test, 1);

	r->data = test;
	sim_test_rig_swap_out(test, r);
	r->swap->on_read = replace_while_reading;
	KUNIT_EXPECT_EQ(test, 0, sim_test_touch(r->a, r->base, false));
	KUNIT_EXPECT_EQ(test, 9, sim_test_word_at(r->a, r->base));
	KUNIT_EXPECT_EQ(test, 1, r->swap->nr_reads);
	KUNIT_EXPECT_EQ(test, 1, r->swap->si->inuse_pages);
}

/* Nothing was ever written to the slot that is reserved: to read it would fail. */
static void read_ahead_of_slot_just_allocated(struct kunit *test)
{
	struct sim_test_rig *r = sim_test_rig(test, 2);
	sim_swp_entry_t entry;

	sim_test_rig_swap_out(test, r);
	mutex_lock(&r->m->reclaim_lock);
	entry = sim_get_swap_page(r->m);
	mutex_unlock(&r->m->reclaim_lock);
	KUNIT_EXPECT_EQ(test, 3, sim_swp_offset(entry));
	KUNIT_EXPECT_FALSE(test, sim_swap_read_ahead(r->m, entry, false));
	sim_test_touch_pages(test, r->a, r->base, 1);
	KUNIT_EXPECT_EQ(test, 2, r->swap->nr_reads);
	SIM_EXPECT_EVENT(test, r->m, SWAP_READ_ERRORS, 0);
	sim_swap_settle(r->m, entry);
	KUNIT_EXPECT_TRUE(test, sim_swap_read_ahead(r->m, entry, false));
	sim_swap_free(r->m, entry, 1);
	KUNIT_EXPECT_FALSE(test, sim_swap_read_ahead(r->m, entry, false));
}

/* Swapoff comes to a page that a fault reads, and waits for it. */
static void swapoff_during_fault(struct kunit *test)
{
	struct sim_test_rig *r = sim_test_rig_forked(test, 1);
	struct sim_test_thread *faulter = begin_read(test, r);
	struct sim_test_thread *off = sim_test_run_swapoff(test, r);

	expect_waiting(test, r, off);
	complete_all(&r->go);
	KUNIT_EXPECT_EQ(test, 0, sim_test_thread_join(test, faulter));
	KUNIT_EXPECT_EQ(test, 0, sim_test_thread_join(test, off));
	KUNIT_EXPECT_EQ(test, 1, r->swap->nr_reads);
	SIM_EXPECT_COUNTS(test, r->a, r->base, 2, 0);
	sim_test_verify(test, r->a, r->base, 1, 1);
	sim_test_verify(test, r->b, r->base, 1, 1);
}

/* And a fault waits for what swapoff reads. */
static void fault_during_swapoff(struct kunit *test)
{
	struct sim_test_rig *r = sim_test_rig_forked(test, 1);
	struct sim_test_thread *off, *faulter;

	sim_test_rig_swap_out(test, r);
	r->swap->on_read = sim_test_hold_io;
	off = sim_test_run_swapoff(test, r);
	KUNIT_ASSERT_TRUE(test, sim_test_wait_for(READ_ONCE(r->swap->nr_reads) == 1));
	faulter = sim_test_run_touch(test, r->b, r->base, true);
	expect_waiting(test, r, faulter);
	complete_all(&r->go);
	KUNIT_EXPECT_EQ(test, 0, sim_test_thread_join(test, faulter));
	KUNIT_EXPECT_EQ(test, 0, sim_test_thread_join(test, off));
	KUNIT_EXPECT_EQ(test, 1, r->swap->nr_reads);
	KUNIT_EXPECT_EQ(test, 0, maj_flt(r->b));
	sim_test_verify(test, r->a, r->base, 1, 1);
	sim_test_verify(test, r->b, r->base, 1, 1);
}

/* A page goes out to another area while swapoff brings this area's back. */
static void swapoff_during_write_out(struct kunit *test)
{
	struct sim_test_rig *r = sim_test_rig_forked(test, 1);
	struct sim_test_thread *writer = begin_write(test, r);
	struct sim_test_thread *off = sim_test_run_swapoff(test, r);

	KUNIT_EXPECT_TRUE(test, sim_test_wait_for(!READ_ONCE(r->m->nr_swap_pages)));
	KUNIT_EXPECT_FALSE(test, sim_test_done(off));
	complete_all(&r->go);
	sim_test_thread_join(test, writer);
	KUNIT_EXPECT_EQ(test, 0, sim_test_thread_join(test, off));
	SIM_EXPECT_COUNTS(test, r->a, r->base, 2, 0);
	sim_test_verify(test, r->a, r->base, 1, 1);
	sim_test_verify(test, r->b, r->base, 1, 1);
}

/* ------------------------------------------------------ all of it at once */

#define CHURN_PAGES	48
#define CHURN_STEPS	400

/**
 * struct churn - a process that stores and loads, with too few frames for all
 * @mm: process
 * @base: its pages
 * @seed: for the random numbers
 * @words: what it stored last, by page
 */
struct churn {
	struct sim_mm *mm;
	u64 base;
	u32 seed;
	u64 words[CHURN_PAGES];
};

static int churn_thread(void *data)
{
	struct churn *c = data;
	struct rnd_state rnd;
	u32 i;

	prandom_seed_state(&rnd, c->seed);
	for (i = 0; i < CHURN_STEPS && !fatal_signal_pending(current); i++) {
		u32 page = prandom_u32_state(&rnd) % CHURN_PAGES;
		u64 address = sim_test_page(c->base, page);
		u64 word = (u64)c->seed << 32 | i;

		if (sim_test_word_at(c->mm, address) != c->words[page])
			return -EUCLEAN;
		if (prandom_u32_state(&rnd) % 4)
			continue;
		if (sim_test_set_word(c->mm, address, word))
			return -EIO;
		c->words[page] = word;
	}
	return 0;
}

/* Whoever is ready comes next while I/O lasts. */
static void let_others_run(struct sim_test_swap *swap, u32 slot)
{
	schedule();
}

static struct sim_test_thread *begin_churn(struct kunit *test, const struct sim_test_rig *r,
					   struct sim_mm *mm, u32 seed)
{
	struct churn *c = kunit_kzalloc(test, sizeof(*c), GFP_KERNEL);
	u32 i;

	KUNIT_ASSERT_NOT_NULL(test, c);
	c->mm = mm;
	c->base = r->base;
	c->seed = seed;
	for (i = 0; i < CHURN_PAGES; i++)
		c->words[i] = i;
	return sim_test_thread_run(test, churn_thread, c);
}

/* Each process finds what it stored itself, and before that what its parent had. */
static void nothing_is_lost_under_pressure(struct kunit *test)
{
	struct sim_test_rig *r = sim_test_rig_slots(test, CHURN_PAGES, 256);
	struct sim_test_thread *thread[3];
	u32 i;

	for (i = 0; i < CHURN_PAGES; i++)
		KUNIT_ASSERT_EQ(test, 0, sim_test_set_word(r->a, sim_test_rig_page(r, i), i));
	r->swap->on_read = let_others_run;
	r->swap->on_write = let_others_run;
	thread[0] = begin_churn(test, r, sim_test_fork(test, r->a), 1);
	thread[1] = begin_churn(test, r, sim_test_fork(test, r->a), 2);
	thread[2] = begin_churn(test, r, r->a, 3);
	for (i = 0; i < ARRAY_SIZE(thread); i++)
		KUNIT_EXPECT_EQ(test, 0, sim_test_thread_join(test, thread[i]));
	KUNIT_EXPECT_GT(test, r->swap->nr_reads, CHURN_PAGES);
	KUNIT_EXPECT_GT(test, sim_test_event(r->m, SIM_SWAP_CACHE_HIT), 0);
}

static struct kunit_case cases[] = {
	KUNIT_CASE_PARAM(counts_at_stage, sim_test_stage_gen_params),
	KUNIT_CASE(scan_result_at_stages),
	KUNIT_CASE(faults_of_the_way_back),
	KUNIT_CASE(three_sharers),
	KUNIT_CASE(sole_owner),
	KUNIT_CASE(fault_at_stage_b_needs_no_io),
	KUNIT_CASE(fault_at_stage_c_needs_no_io),
	KUNIT_CASE(cached_page_is_never_written_twice),
	KUNIT_CASE(counters_of_the_cache),
	KUNIT_CASE_PARAM(exit_at_stage, sim_test_stage_gen_params),
	KUNIT_CASE_PARAM(exit_of_child_at_stage, sim_test_stage_gen_params),
	KUNIT_CASE_PARAM(munmap_at_stage, sim_test_stage_gen_params),
	KUNIT_CASE_PARAM(fork_at_stage, sim_test_stage_gen_params),
	KUNIT_CASE_PARAM(store_at_stage, sim_test_stage_gen_params),
	KUNIT_CASE(store_of_sole_owner_copies_nothing),
	KUNIT_CASE(store_copies_while_the_slot_is_wanted),
	KUNIT_CASE_PARAM(swapoff_at_stage, sim_test_stage_gen_params),
	KUNIT_CASE(insertion_is_unique),
	KUNIT_CASE(lookup_finds_by_slot),
	KUNIT_CASE_PARAM(release_only_when_unused, release_gen_params),
	KUNIT_CASE(no_exclusive_removal_of_page_in_no_cache),
	KUNIT_CASE(no_exclusive_removal_while_the_slot_is_wanted),
	KUNIT_CASE(exclusive_removal_leaves_as_many_users_as_said),
	KUNIT_CASE(store_of_sharer_during_write_out),
	KUNIT_CASE(load_of_sharer_during_write_out),
	KUNIT_CASE(fault_during_write_out),
	KUNIT_CASE(two_faults_on_one_entry),
	KUNIT_CASE(second_fault_reads_again_after_error),
	KUNIT_CASE(second_fault_is_killed),
	KUNIT_CASE(entry_freed_while_sleeping),
	KUNIT_CASE(entry_freed_by_one_of_two_while_sleeping),
	KUNIT_CASE(entry_reused_while_sleeping),
	KUNIT_CASE(read_ahead_of_slot_just_allocated),
	KUNIT_CASE(swapoff_during_fault),
	KUNIT_CASE(fault_during_swapoff),
	KUNIT_CASE(swapoff_during_write_out),
	KUNIT_CASE_SLOW(nothing_is_lost_under_pressure),
	{}
};

static struct kunit_suite suite = {
	.name = "shmswap_swap_cache",
	.init = sim_test_init,
	.exit = sim_test_exit,
	.test_cases = cases,
};

kunit_test_suite(suite);
