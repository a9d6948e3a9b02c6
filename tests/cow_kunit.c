// SPDX-License-Identifier: GPL-2.0
/*
 * Private memory after fork: who shares what, who is copied for whom and when,
 * and that every frame and slot is counted.
 */
#include <linux/err.h>

#include "kunit_regions.h"

#define PAGES	4

/**
 * struct rig - a process that has forked
 * @m: machine
 * @mm: parent, with PAGES pages of private memory that hold pattern 1
 * @base: the first of them
 * @swap: area
 * @child: child, if there is one yet
 */
struct rig {
	struct sim_machine *m;
	struct sim_mm *mm;
	u64 base;
	struct sim_test_swap *swap;
	struct sim_mm *child;
};

static void make_parent(struct kunit *test, struct rig *r)
{
	r->m = sim_test_machine_config(test, &(const struct sim_config) {
		.nr_frames = SIM_TEST_FRAMES,
	});
	r->swap = sim_test_swap_area(test, r->m, SIM_TEST_SLOTS, -1);
	r->mm = sim_test_process(test, r->m);
	r->base = sim_test_map(test, r->mm, PAGES);
	sim_test_fill(test, r->mm, r->base, PAGES, 1);
}

static void make_family(struct kunit *test, struct rig *r)
{
	make_parent(test, r);
	r->child = sim_test_fork(test, r->mm);
}

/* The pages go to swap, and from there to the parent only for loads: clean. */
static void make_clean(struct kunit *test, struct rig *r)
{
	sim_test_scan_out(test, r->mm, r->base, PAGES);
	sim_test_touch_pages(test, r->mm, r->base, PAGES);
}

static bool dirty_frame(struct sim_mm *mm, u64 address)
{
	return test_bit(SIM_PG_DIRTY, &sim_test_mapped(mm, address)->flags);
}

/* ------------------------------------------------------------------- fork */

static void fork_shares_frames_and_counts_them(struct kunit *test)
{
	struct rig r;
	u32 free, i;

	make_parent(test, &r);
	free = r.m->nr_free_pages;
	r.child = sim_test_fork(test, r.mm);
	KUNIT_EXPECT_EQ(test, free, r.m->nr_free_pages);
	KUNIT_EXPECT_EQ(test, PAGES, atomic_long_read(&r.child->rss));
	KUNIT_EXPECT_EQ(test, PAGES, atomic_long_read(&r.mm->rss));
	for (i = 0; i < PAGES; i++) {
		KUNIT_EXPECT_PTR_EQ(test, sim_test_mapped(r.mm, sim_test_page(r.base, i)),
				    sim_test_mapped(r.child, sim_test_page(r.base, i)));
		SIM_EXPECT_COUNTS(test, r.mm, sim_test_page(r.base, i), 2, 0);
	}
	sim_test_verify(test, r.child, r.base, PAGES, 1);
	sim_test_verify(test, r.mm, r.base, PAGES, 1);
	SIM_EXPECT_EVENT(test, r.m, PGCOW, 0);
}

static void fork_write_protects_both_and_leaves_child_old(struct kunit *test)
{
	struct rig r;

	make_parent(test, &r);
	SIM_EXPECT_BITS(test, r.mm, r.base, "young dirty writable");
	r.child = sim_test_fork(test, r.mm);
	SIM_EXPECT_BITS(test, r.mm, r.base, "young clean read-only");
	SIM_EXPECT_BITS(test, r.child, r.base, "old clean read-only");
}

static void fork_moves_dirtiness_to_the_frame(struct kunit *test)
{
	struct rig r;

	make_parent(test, &r);
	KUNIT_EXPECT_FALSE(test, dirty_frame(r.mm, r.base));
	r.child = sim_test_fork(test, r.mm);
	KUNIT_EXPECT_TRUE(test, dirty_frame(r.mm, r.base));
}

/* It equals its slot, and nothing that fork does changes that. */
static void fork_leaves_clean_page_clean(struct kunit *test)
{
	struct rig r;

	make_parent(test, &r);
	make_clean(test, &r);
	SIM_EXPECT_BITS(test, r.mm, r.base, "young clean read-only");
	SIM_EXPECT_COUNTS(test, r.mm, r.base, 2, 1);
	r.child = sim_test_fork(test, r.mm);
	KUNIT_EXPECT_FALSE(test, dirty_frame(r.mm, r.base));
	SIM_EXPECT_COUNTS(test, r.mm, r.base, 3, 1);
}

static void fork_leaves_parents_shared_file_page_as_it_is(struct kunit *test)
{
	struct sim_machine *m = sim_test_machine(test);
	struct sim_mm *mm = sim_test_process(test, m);
	u64 base = sim_test_map_file(test, mm, sim_test_file(test, 1, 1), 1, MAP_SHARED);
	struct sim_mm *child;

	KUNIT_ASSERT_EQ(test, 0, sim_test_touch(mm, base, true));
	child = sim_test_fork(test, mm);
	SIM_EXPECT_BITS(test, mm, base, "young dirty writable");
	SIM_EXPECT_BITS(test, child, base, "old clean writable");
	/* One more is the page cache's. */
	KUNIT_EXPECT_EQ(test, 3, sim_page_count(sim_test_mapped(mm, base)));
	KUNIT_EXPECT_EQ(test, 0, sim_test_set_word(child, base, 5));
	KUNIT_EXPECT_EQ(test, 5, sim_test_word_at(mm, base));
	SIM_EXPECT_EVENT(test, m, PGCOW, 0);
}

static void fork_maps_nothing_of_a_segment(struct kunit *test)
{
	struct sim_machine *m = sim_test_machine(test);
	struct sim_mm *mm = sim_test_process(test, m);
	u64 base = sim_test_attach(test, mm, sim_test_segment(test, m, 2));
	struct sim_mm *child;

	sim_test_touch_pages(test, mm, base, 2);
	child = sim_test_fork(test, mm);
	SIM_EXPECT_PTE(test, child, base, "none");
	KUNIT_EXPECT_EQ(test, 0, atomic_long_read(&child->rss));
	KUNIT_EXPECT_EQ(test, 0, sim_test_touch(child, base, true));
	KUNIT_EXPECT_EQ(test, 1, atomic64_read(&child->min_flt));
	SIM_EXPECT_EVENT(test, m, PGCOW, 0);
}

static void fork_of_fork_counts_three(struct kunit *test)
{
	struct sim_mm *grandchild;
	struct rig r;

	make_family(test, &r);
	grandchild = sim_test_fork(test, r.child);
	SIM_EXPECT_COUNTS(test, r.mm, r.base, 3, 0);
	sim_test_process_exit(test, r.child);
	SIM_EXPECT_COUNTS(test, r.mm, r.base, 2, 0);
	sim_test_verify(test, grandchild, r.base, PAGES, 1);
}

static void fork_of_untouched_memory_copies_nothing(struct kunit *test)
{
	struct sim_machine *m = sim_test_machine(test);
	struct sim_mm *mm = sim_test_process(test, m);
	u64 base = sim_test_map(test, mm, PAGES);
	struct sim_mm *child = sim_test_fork(test, mm);

	KUNIT_EXPECT_NULL(test, child->pgd);
	KUNIT_EXPECT_EQ(test, 0, sim_test_set_word(child, base, 7));
	KUNIT_EXPECT_EQ(test, 0, sim_test_word_at(mm, base));
}

static void fork_does_not_inherit_locks(struct kunit *test)
{
	struct rig r;

	make_parent(test, &r);
	KUNIT_ASSERT_EQ(test, 0, sim_test_mlock(r.mm, r.base, PAGES));
	r.child = sim_test_fork(test, r.mm);
	KUNIT_EXPECT_EQ(test, PAGES, r.mm->locked_vm);
	KUNIT_EXPECT_EQ(test, 0, r.child->locked_vm);
	KUNIT_EXPECT_FALSE(test, sim_test_area(r.child, r.base).vm_flags & SHMSWAP_VM_LOCKED);
	KUNIT_EXPECT_TRUE(test, sim_test_area(r.mm, r.base).vm_flags & SHMSWAP_VM_LOCKED);
}

/* ---------------------------------------------------------- copy or reuse */

static void load_after_fork_is_no_fault(struct kunit *test)
{
	struct rig r;

	make_family(test, &r);
	KUNIT_EXPECT_EQ(test, 0, sim_test_touch(r.child, r.base, false));
	KUNIT_EXPECT_EQ(test, 0, atomic64_read(&r.child->min_flt));
	KUNIT_EXPECT_EQ(test, 0, atomic64_read(&r.child->maj_flt));
	SIM_EXPECT_BITS(test, r.child, r.base, "young clean read-only");
	SIM_EXPECT_COUNTS(test, r.mm, r.base, 2, 0);
}

/* A minor fault; the other keeps the frame, the contents and its protection. */
static void store_after_fork_copies(struct kunit *test)
{
	struct sim_page *shared;
	struct rig r;

	make_family(test, &r);
	shared = sim_test_mapped(r.mm, r.base);
	sim_test_fill(test, r.child, r.base, 1, 2);
	KUNIT_EXPECT_PTR_NE(test, shared, sim_test_mapped(r.child, r.base));
	KUNIT_EXPECT_PTR_EQ(test, shared, sim_test_mapped(r.mm, r.base));
	SIM_EXPECT_COUNTS(test, r.child, r.base, 1, 0);
	SIM_EXPECT_COUNTS(test, r.mm, r.base, 1, 0);
	SIM_EXPECT_BITS(test, r.child, r.base, "young dirty writable");
	SIM_EXPECT_BITS(test, r.mm, r.base, "young clean read-only");
	KUNIT_EXPECT_EQ(test, 1, atomic64_read(&r.child->min_flt));
	KUNIT_EXPECT_EQ(test, 0, atomic64_read(&r.child->maj_flt));
	KUNIT_EXPECT_EQ(test, PAGES, atomic_long_read(&r.child->rss));
	SIM_EXPECT_EVENT(test, r.m, PGCOW, 1);
	sim_test_verify(test, r.child, r.base, 1, 2);
	sim_test_verify(test, r.mm, r.base, PAGES, 1);
}

/* A part of a page is stored to: the rest is the old page's. */
static void copy_has_what_was_not_stored_to(struct kunit *test)
{
	struct rig r;
	u64 before;

	make_family(test, &r);
	before = sim_test_word_at(r.mm, r.base + 8);
	KUNIT_EXPECT_EQ(test, 0, sim_test_set_word(r.child, r.base, 9));
	KUNIT_EXPECT_EQ(test, 9, sim_test_word_at(r.child, r.base));
	KUNIT_EXPECT_EQ(test, before, sim_test_word_at(r.child, r.base + 8));
	sim_test_verify(test, r.mm, r.base, PAGES, 1);
}

static void store_of_the_last_sharer_reuses(struct kunit *test)
{
	struct sim_page *shared;
	u64 min_flt;
	struct rig r;

	make_family(test, &r);
	shared = sim_test_mapped(r.mm, r.base);
	KUNIT_ASSERT_EQ(test, 0, sim_test_touch(r.child, r.base, true));
	min_flt = atomic64_read(&r.mm->min_flt);
	KUNIT_EXPECT_EQ(test, 0, sim_test_touch(r.mm, r.base, true));
	KUNIT_EXPECT_PTR_EQ(test, shared, sim_test_mapped(r.mm, r.base));
	SIM_EXPECT_BITS(test, r.mm, r.base, "young dirty writable");
	KUNIT_EXPECT_EQ(test, min_flt + 1, atomic64_read(&r.mm->min_flt));
	SIM_EXPECT_EVENT(test, r.m, PGCOW, 1);
}

static void store_after_childs_exit_reuses(struct kunit *test)
{
	struct sim_page *shared;
	struct rig r;

	make_family(test, &r);
	shared = sim_test_mapped(r.mm, r.base);
	sim_test_process_exit(test, r.child);
	KUNIT_EXPECT_EQ(test, 0, sim_test_touch(r.mm, r.base, true));
	KUNIT_EXPECT_PTR_EQ(test, shared, sim_test_mapped(r.mm, r.base));
	SIM_EXPECT_EVENT(test, r.m, PGCOW, 0);
}

static void all_but_the_last_of_three_copy(struct kunit *test)
{
	struct sim_mm *second;
	struct rig r;

	make_family(test, &r);
	second = sim_test_fork(test, r.mm);
	KUNIT_EXPECT_EQ(test, 0, sim_test_set_word(r.mm, r.base, 1));
	SIM_EXPECT_EVENT(test, r.m, PGCOW, 1);
	SIM_EXPECT_COUNTS(test, second, r.base, 2, 0);
	KUNIT_EXPECT_EQ(test, 0, sim_test_set_word(r.child, r.base, 2));
	SIM_EXPECT_EVENT(test, r.m, PGCOW, 2);
	KUNIT_EXPECT_EQ(test, 0, sim_test_set_word(second, r.base, 3));
	SIM_EXPECT_EVENT(test, r.m, PGCOW, 2);
	KUNIT_EXPECT_EQ(test, 1, sim_test_word_at(r.mm, r.base));
	KUNIT_EXPECT_EQ(test, 2, sim_test_word_at(r.child, r.base));
	KUNIT_EXPECT_EQ(test, 3, sim_test_word_at(second, r.base));
}

/* Who else looks at the page wants what is there now. */
static void pinned_page_is_not_exclusive(struct kunit *test)
{
	struct sim_page *page;
	struct rig r;

	make_family(test, &r);
	sim_test_process_exit(test, r.child);
	page = sim_test_mapped(r.mm, r.base);
	sim_pin_page(page);
	KUNIT_EXPECT_EQ(test, 0, sim_test_touch(r.mm, r.base, true));
	KUNIT_EXPECT_PTR_NE(test, page, sim_test_mapped(r.mm, r.base));
	SIM_EXPECT_EVENT(test, r.m, PGCOW, 1);
	sim_unpin_page(r.m, page);
}

static int store_thread(void *data)
{
	struct rig *r = data;

	return sim_test_touch(r->mm, r->base, true);
}

/* It waits with a pin of its own, which does not make it somebody else. */
static void fault_that_waited_for_the_page_still_reuses_it(struct kunit *test)
{
	struct sim_test_thread *thread;
	struct sim_page *page;
	struct rig r;

	make_family(test, &r);
	sim_test_process_exit(test, r.child);
	page = sim_test_mapped(r.mm, r.base);
	KUNIT_ASSERT_TRUE(test, sim_trylock_page(page));
	thread = sim_test_thread_run(test, store_thread, &r);
	KUNIT_EXPECT_TRUE(test, sim_test_wait_for(atomic64_read(&page->count) >= SIM_PIN));
	sim_unlock_page(page);
	KUNIT_EXPECT_EQ(test, 0, sim_test_thread_join(test, thread));
	KUNIT_EXPECT_PTR_EQ(test, page, sim_test_mapped(r.mm, r.base));
	SIM_EXPECT_EVENT(test, r.m, PGCOW, 0);
}

/* Its protection says that it may be stored to, the page table that it is shared. */
static void mprotect_does_not_end_sharing(struct kunit *test)
{
	struct rig r;

	make_family(test, &r);
	KUNIT_EXPECT_EQ(test, 0, sim_test_mprotect(r.mm, r.base, PAGES, PROT_READ));
	KUNIT_EXPECT_EQ(test, 0, sim_test_mprotect(r.mm, r.base, PAGES, PROT_READ | PROT_WRITE));
	sim_test_fill(test, r.mm, r.base, PAGES, 2);
	sim_test_verify(test, r.child, r.base, PAGES, 1);
	SIM_EXPECT_EVENT(test, r.m, PGCOW, PAGES);
}

/* Frames that are wanted for something else: no copy, and nothing has changed. */
static void store_without_a_frame_changes_nothing(struct kunit *test)
{
	struct sim_page *taken[SIM_TEST_FRAMES];
	struct rig r;
	u32 nr = 0;

	make_family(test, &r);
	KUNIT_ASSERT_EQ(test, 0, sim_swapoff(r.m, r.swap->type));
	while ((taken[nr] = sim_get_free_page(r.m)))
		nr++;
	KUNIT_EXPECT_EQ(test, -ENOMEM, sim_test_touch(r.child, r.base, true));
	SIM_EXPECT_COUNTS(test, r.mm, r.base, 2, 0);
	SIM_EXPECT_BITS(test, r.child, r.base, "old clean read-only");
	SIM_EXPECT_EVENT(test, r.m, PGCOW, 0);
	while (nr)
		sim_unpin_page(r.m, taken[--nr]);
}

/* -------------------------------------------------------- the swap cache */

/* Nobody has the slot but the cache, so nobody but the process has the page. */
static void cached_page_of_one_is_reused_and_stays_cached(struct kunit *test)
{
	struct sim_page *page;
	struct rig r;

	make_parent(test, &r);
	make_clean(test, &r);
	page = sim_test_mapped(r.mm, r.base);
	KUNIT_EXPECT_EQ(test, 0, sim_test_touch(r.mm, r.base, true));
	KUNIT_EXPECT_PTR_EQ(test, page, sim_test_mapped(r.mm, r.base));
	SIM_EXPECT_BITS(test, r.mm, r.base, "young dirty writable");
	SIM_EXPECT_COUNTS(test, r.mm, r.base, 2, 1);
	SIM_EXPECT_EVENT(test, r.m, PGCOW, 0);
}

/* The other process will look for it there. */
static void cached_page_whose_slot_another_has_is_copied(struct kunit *test)
{
	struct rig r;

	make_family(test, &r);
	sim_test_scan_out(test, r.child, r.base, PAGES);
	SIM_EXPECT_COUNTS(test, r.mm, r.base, 2, 2);
	sim_test_fill(test, r.mm, r.base, PAGES, 2);
	SIM_EXPECT_EVENT(test, r.m, PGCOW, PAGES);
	SIM_EXPECT_COUNTS(test, r.mm, r.base, 1, 0);
	SIM_EXPECT_COUNTS(test, r.child, r.base, 1, 2);
	sim_test_verify(test, r.child, r.base, PAGES, 1);
	sim_test_verify(test, r.mm, r.base, PAGES, 2);
	KUNIT_EXPECT_EQ(test, 0, r.swap->nr_reads);
}

static void cached_page_of_two_is_copied(struct kunit *test)
{
	struct rig r;

	make_parent(test, &r);
	make_clean(test, &r);
	r.child = sim_test_fork(test, r.mm);
	SIM_EXPECT_COUNTS(test, r.mm, r.base, 3, 1);
	sim_test_fill(test, r.child, r.base, 1, 2);
	SIM_EXPECT_COUNTS(test, r.mm, r.base, 2, 1);
	SIM_EXPECT_COUNTS(test, r.child, r.base, 1, 0);
	sim_test_verify(test, r.mm, r.base, PAGES, 1);
	SIM_EXPECT_EVENT(test, r.m, PGCOW, 1);
}

/* ------------------------------------------------------ pages in swap */

static void fork_counts_slots(struct kunit *test)
{
	struct rig r;

	make_parent(test, &r);
	sim_test_scan_out(test, r.mm, r.base, PAGES);
	sim_test_discard_all(r.m);
	SIM_EXPECT_COUNTS(test, r.mm, r.base, 0, 1);
	r.child = sim_test_fork(test, r.mm);
	SIM_EXPECT_PTE(test, r.child, r.base, "swap");
	SIM_EXPECT_COUNTS(test, r.mm, r.base, 0, 2);
	KUNIT_EXPECT_EQ(test, 0, atomic_long_read(&r.child->rss));
	sim_test_process_exit(test, r.child);
	SIM_EXPECT_COUNTS(test, r.mm, r.base, 0, 1);
}

/* One reads it, the other finds it; it is one frame again. */
static void slot_of_two_is_read_once(struct kunit *test)
{
	struct rig r;

	make_parent(test, &r);
	sim_test_scan_out(test, r.mm, r.base, PAGES);
	sim_test_discard_all(r.m);
	r.child = sim_test_fork(test, r.mm);
	sim_test_verify(test, r.child, r.base, PAGES, 1);
	KUNIT_EXPECT_EQ(test, PAGES, r.swap->nr_reads);
	sim_test_verify(test, r.mm, r.base, PAGES, 1);
	KUNIT_EXPECT_EQ(test, PAGES, r.swap->nr_reads);
	SIM_EXPECT_COUNTS(test, r.mm, r.base, 3, 1);
	KUNIT_EXPECT_PTR_EQ(test, sim_test_mapped(r.mm, r.base),
			    sim_test_mapped(r.child, r.base));
	sim_test_fill(test, r.child, r.base, 1, 2);
	sim_test_verify(test, r.mm, r.base, PAGES, 1);
}

/* It has read the page for itself, yet must leave it to the other as it is. */
static void store_to_page_that_another_has_in_swap_copies(struct kunit *test)
{
	struct rig r;

	make_parent(test, &r);
	sim_test_scan_out(test, r.mm, r.base, PAGES);
	sim_test_discard_all(r.m);
	r.child = sim_test_fork(test, r.mm);
	sim_test_fill(test, r.child, r.base, PAGES, 2);
	SIM_EXPECT_EVENT(test, r.m, PGCOW, PAGES);
	SIM_EXPECT_COUNTS(test, r.child, r.base, 1, 0);
	SIM_EXPECT_COUNTS(test, r.mm, r.base, 1, 2);
	sim_test_discard_all(r.m);
	sim_test_verify(test, r.mm, r.base, PAGES, 1);
	sim_test_verify(test, r.child, r.base, PAGES, 2);
}

static void stages_of_the_swap_cache_have_the_counts_of_the_table(struct kunit *test)
{
	struct rig r;

	make_family(test, &r);
	SIM_EXPECT_COUNTS(test, r.mm, r.base, 2, 0);
	sim_test_scan_out(test, r.mm, r.base, 1);
	SIM_EXPECT_COUNTS(test, r.mm, r.base, 2, 2);
	sim_test_scan_out(test, r.child, r.base, 1);
	SIM_EXPECT_COUNTS(test, r.mm, r.base, 1, 3);
	KUNIT_EXPECT_EQ(test, 1, r.swap->nr_writes);
	sim_test_discard_all(r.m);
	SIM_EXPECT_COUNTS(test, r.mm, r.base, 0, 2);
	KUNIT_EXPECT_EQ(test, 0, sim_test_touch(r.mm, r.base, false));
	SIM_EXPECT_COUNTS(test, r.mm, r.base, 2, 2);
	KUNIT_EXPECT_EQ(test, 0, sim_test_touch(r.child, r.base, false));
	SIM_EXPECT_COUNTS(test, r.mm, r.base, 3, 1);
	KUNIT_EXPECT_EQ(test, 1, r.swap->nr_reads);
}

/* ------------------------------------------------------------ reserved */

static void reserved_region_gives_reserved_frames(struct kunit *test)
{
	struct sim_machine *m = sim_test_machine(test);
	struct sim_mm *mm = sim_test_process(test, m);
	u64 base = sim_test_mmap(test, mm, (struct shmswap_mmap) {
		.len = PAGE_SIZE,
		.prot = PROT_READ | PROT_WRITE,
		.flags = MAP_PRIVATE | MAP_ANONYMOUS | SHMSWAP_MAP_RESERVED,
		.fd = -1,
	});
	struct sim_page *page, *copy;
	struct sim_mm *child;

	KUNIT_ASSERT_EQ(test, 0, sim_test_touch(mm, base, true));
	page = sim_test_mapped(mm, base);
	KUNIT_EXPECT_TRUE(test, test_bit(SIM_PG_RESERVED, &page->flags));
	child = sim_test_fork(test, mm);
	KUNIT_EXPECT_TRUE(test, sim_test_area(child, base).vm_flags & SHMSWAP_VM_RESERVED);
	KUNIT_ASSERT_EQ(test, 0, sim_test_touch(child, base, true));
	copy = sim_test_mapped(child, base);
	KUNIT_EXPECT_PTR_NE(test, page, copy);
	KUNIT_EXPECT_TRUE(test, test_bit(SIM_PG_RESERVED, &copy->flags));
	KUNIT_EXPECT_EQ(test, 0, sim_test_munmap(mm, base, 1));
	KUNIT_EXPECT_EQ(test, 0, sim_page_count(page));
	KUNIT_EXPECT_FALSE(test, test_bit(SIM_PG_RESERVED, &page->flags));
}

/* -------------------------------------------------------- fork that fails */

/**
 * struct counts - what a fork that failed leaves as it was
 */
struct counts {
	u64 free;
	u64 swap;
	u64 tables;
	u64 processes;
	u64 rss;
	u64 count;
	u64 slot;
};

/* The first page is mapped, the second one in swap. */
static struct counts counts_of(struct rig *r)
{
	return (struct counts) {
		.free = r->m->nr_free_pages,
		.swap = r->m->nr_swap_pages,
		.tables = atomic_long_read(&r->m->table_bytes),
		.processes = atomic_read(&r->m->nr_mms),
		.rss = atomic_long_read(&r->mm->rss),
		.count = sim_page_count(sim_test_mapped(r->mm, r->base)),
		.slot = sim_swap_count(r->m, sim_test_entry(r->mm, sim_test_page(r->base, 1))),
	};
}

/* A second region is far away, so that it needs tables of its own. */
static void make_wide_parent(struct kunit *test, struct rig *r)
{
	make_parent(test, r);
	sim_test_scan_out(test, r->mm, sim_test_page(r->base, 1), 1);
	sim_test_map_at(test, r->mm, 1ULL << 40, 1);
	sim_test_fill(test, r->mm, 1ULL << 40, 1, 3);
}

static void expect_failed_fork(struct kunit *test, struct rig *r, int err)
{
	struct counts before = counts_of(r), after;

	KUNIT_EXPECT_PTR_EQ(test, (struct sim_mm *)ERR_PTR(err), sim_mm_fork(r->mm));
	after = counts_of(r);
	KUNIT_EXPECT_MEMEQ(test, &before, &after, sizeof(before));
}

/* What is read-only now is found to be nobody else's. */
static void expect_unharmed(struct kunit *test, struct rig *r)
{
	u64 cow = sim_test_event(r->m, SIM_PGCOW);

	sim_test_verify(test, r->mm, 1ULL << 40, 1, 3);
	sim_test_verify(test, r->mm, r->base, PAGES, 1);
	sim_test_fill(test, r->mm, r->base, PAGES, 2);
	SIM_EXPECT_EVENT(test, r->m, PGCOW, cow);
}

/* The child gets tables for the lower region and none for the other. */
static void fork_beyond_table_limit_gives_all_back(struct kunit *test)
{
	struct rig r;

	make_wide_parent(test, &r);
	r.m->max_table_bytes = atomic_long_read(&r.m->table_bytes) + 5 * PAGE_SIZE;
	expect_failed_fork(test, &r, -ENOMEM);
	expect_unharmed(test, &r);
}

static void fork_of_slot_with_too_many_users_gives_all_back(struct kunit *test)
{
	sim_swp_entry_t entry;
	struct rig r;
	u16 *count;

	make_wide_parent(test, &r);
	entry = sim_test_entry(r.mm, sim_test_page(r.base, 1));
	count = &sim_swap_chunk(r.swap->si, sim_swp_offset(entry))->count[sim_swp_offset(entry)];
	*count += SIM_SWAP_MAP_MAX - 2;
	KUNIT_EXPECT_EQ(test, -EOVERFLOW, sim_swap_duplicate(r.m, entry));
	expect_failed_fork(test, &r, -ENOMEM);
	*count -= SIM_SWAP_MAP_MAX - 2;
	expect_unharmed(test, &r);
}

static int fork_thread(void *data)
{
	struct rig *r = data;

	return PTR_ERR_OR_ZERO(sim_mm_fork(r->mm));
}

static void killed_fork_gives_all_back(struct kunit *test)
{
	struct sim_test_thread *thread;
	struct counts before, after;
	struct rig r;

	make_wide_parent(test, &r);
	before = counts_of(&r);
	down_read(&r.mm->mmap_lock);
	thread = sim_test_thread_run(test, fork_thread, &r);
	KUNIT_EXPECT_TRUE(test, sim_test_wait_for(atomic_read(&r.m->nr_mms) == 2));
	sim_test_thread_kill(thread);
	KUNIT_EXPECT_EQ(test, -EINTR, sim_test_thread_join(test, thread));
	up_read(&r.mm->mmap_lock);
	after = counts_of(&r);
	KUNIT_EXPECT_MEMEQ(test, &before, &after, sizeof(before));
	expect_unharmed(test, &r);
}

/* Whichever of its allocations it is. */
static void fork_without_memory_gives_all_back(struct kunit *test)
{
	struct counts before, after;
	unsigned int n, failures = 0;
	struct sim_mm *child;
	bool fired = true;
	struct rig r;

	make_wide_parent(test, &r);
	sim_test_fault_injection(test);
	before = counts_of(&r);
	for (n = 1; fired; n++) {
		sim_test_fail_nth(n);
		child = sim_mm_fork(r.mm);
		fired = sim_test_fail_fired();
		if (!IS_ERR(child))
			sim_mm_exit(child);
		else
			KUNIT_EXPECT_EQ(test, -ENOMEM, PTR_ERR(child));
		failures += IS_ERR(child);
		after = counts_of(&r);
		KUNIT_EXPECT_MEMEQ(test, &before, &after, sizeof(before));
	}
	KUNIT_EXPECT_GT(test, failures, 4);
	expect_unharmed(test, &r);
}

static struct kunit_case cases[] = {
	KUNIT_CASE(fork_shares_frames_and_counts_them),
	KUNIT_CASE(fork_write_protects_both_and_leaves_child_old),
	KUNIT_CASE(fork_moves_dirtiness_to_the_frame),
	KUNIT_CASE(fork_leaves_clean_page_clean),
	KUNIT_CASE(fork_leaves_parents_shared_file_page_as_it_is),
	KUNIT_CASE(fork_maps_nothing_of_a_segment),
	KUNIT_CASE(fork_of_fork_counts_three),
	KUNIT_CASE(fork_of_untouched_memory_copies_nothing),
	KUNIT_CASE(fork_does_not_inherit_locks),
	KUNIT_CASE(load_after_fork_is_no_fault),
	KUNIT_CASE(store_after_fork_copies),
	KUNIT_CASE(copy_has_what_was_not_stored_to),
	KUNIT_CASE(store_of_the_last_sharer_reuses),
	KUNIT_CASE(store_after_childs_exit_reuses),
	KUNIT_CASE(all_but_the_last_of_three_copy),
	KUNIT_CASE(pinned_page_is_not_exclusive),
	KUNIT_CASE(fault_that_waited_for_the_page_still_reuses_it),
	KUNIT_CASE(mprotect_does_not_end_sharing),
	KUNIT_CASE(store_without_a_frame_changes_nothing),
	KUNIT_CASE(cached_page_of_one_is_reused_and_stays_cached),
	KUNIT_CASE(cached_page_whose_slot_another_has_is_copied),
	KUNIT_CASE(cached_page_of_two_is_copied),
	KUNIT_CASE(fork_counts_slots),
	KUNIT_CASE(slot_of_two_is_read_once),
	KUNIT_CASE(store_to_page_that_another_has_in_swap_copies),
	KUNIT_CASE(stages_of_the_swap_cache_have_the_counts_of_the_table),
	KUNIT_CASE(reserved_region_gives_reserved_frames),
	KUNIT_CASE(fork_beyond_table_limit_gives_all_back),
	KUNIT_CASE(fork_of_slot_with_too_many_users_gives_all_back),
	KUNIT_CASE(killed_fork_gives_all_back),
	KUNIT_CASE(fork_without_memory_gives_all_back),
	{}
};

static struct kunit_suite suite = {
	.name = "shmswap_cow",
	.init = sim_test_init,
	.exit = sim_test_exit,
	.test_cases = cases,
};

kunit_test_suite(suite);
