// SPDX-License-Identifier: GPL-2.0
/*
 * Reclaim of pages that are really mapped: what ages and unmaps them really, what
 * the kernel's own use of a page keeps in place, and what becomes of its memory.
 */
#include <linux/mman.h>
#include <linux/pagemap.h>

#include "kunit_live.h"

#define BASE		SIM_TEST_LIVE_BASE
#define PAGES(n)	((u64)(n) << PAGE_SHIFT)

#define BY_PROCESS	SHMSWAP_MACHINE_SHM_PROCESS

static struct sim_page *frame(struct sim_test_live *r)
{
	return sim_test_frame(r->seg, 0);
}

/* ------------------------------------------------------------------ the clock */

static void first_turn_makes_old_and_unmaps_really(struct kunit *test)
{
	struct sim_test_live *r = sim_test_live_filled(test, 2, 0);

	KUNIT_EXPECT_EQ(test, 0, sim_test_shm_swap(r->m, 0));
	SIM_EXPECT_PTE(test, r->mm, BASE, "present old");
	SIM_EXPECT_PTE(test, r->mm, BASE + PAGES(1), "present old");
	KUNIT_EXPECT_FALSE(test, sim_test_really_mapped(r->real, BASE));
	KUNIT_EXPECT_FALSE(test, sim_test_really_mapped(r->real, BASE + PAGES(1)));
	SIM_EXPECT_EVENT(test, r->m, PGAGED, 2);
	SIM_EXPECT_EVENT(test, r->m, PGUNMAP, 0);
	SIM_EXPECT_SHM(test, r->m, 2, 2, 0);
	/* Two were looked at; the third had no budget left. */
	SIM_EXPECT_CLOCK(test, r->m, 0, 1, 3, 0);
	sim_test_check(test, r->m);
}

static void second_turn_swaps_out(struct kunit *test)
{
	struct sim_test_live *r = sim_test_live_filled(test, 1, 0);
	struct page *memory = frame(r)->page;

	KUNIT_EXPECT_EQ(test, 0, sim_test_shm_swap(r->m, 0));
	KUNIT_EXPECT_EQ(test, 1, sim_test_shm_swap(r->m, 0));
	SIM_EXPECT_PTE_SIGNATURE(test, r->mm, BASE, 0, 0);
	SIM_EXPECT_WORD(test, r->seg, 0, "swap");
	SIM_EXPECT_EVENT(test, r->m, PGUNMAP, 1);
	KUNIT_EXPECT_EQ(test, SIM_TEST_FRAMES, r->m->nr_free_pages);
	KUNIT_EXPECT_EQ(test, 0, atomic_long_read(&r->mm->rss));
	KUNIT_EXPECT_NULL(test, memory->mapping);
	KUNIT_EXPECT_EQ(test, 1, page_ref_count(memory));
	sim_test_check(test, r->m);
	sim_test_real_verify(test, r->real, BASE, 1, 1);
}

static void access_between_two_turns_keeps_the_page(struct kunit *test)
{
	struct sim_test_live *r = sim_test_live_filled(test, 1, 0);
	int i;

	for (i = 0; i < 3; i++) {
		KUNIT_EXPECT_EQ(test, 0, sim_test_shm_swap(r->m, 0));
		SIM_EXPECT_PTE(test, r->mm, BASE, "present old");
		sim_test_real_touch(test, r->real, BASE, 1);
		SIM_EXPECT_PTE(test, r->mm, BASE, "present young");
	}
	SIM_EXPECT_EVENT(test, r->m, PGAGED, 3);
	SIM_EXPECT_EVENT(test, r->m, PGUNMAP, 0);
	KUNIT_EXPECT_EQ(test, 1, sim_page_count(frame(r)) - 1);
}

/* Who has used it since keeps it; the others lose it. */
static void sharers_are_taken_one_by_one(struct kunit *test)
{
	struct sim_test_live *r = sim_test_live_filled(test, 1, 0);
	struct mm_struct *child = sim_test_real_fork(test, r->real);
	struct sim_mm *mm = sim_test_real_mm(test, r->m, child);
	struct sim_mm *scripted = sim_test_process(test, r->m);
	u64 base = sim_test_attach(test, scripted, r->id);

	sim_test_real_touch(test, child, BASE, 1);
	sim_test_touch_pages(test, scripted, base, 1);
	KUNIT_EXPECT_EQ(test, 0, sim_test_shm_swap(r->m, 0));
	SIM_EXPECT_EVENT(test, r->m, PGAGED, 3);
	sim_test_real_touch(test, child, BASE, 1);
	KUNIT_EXPECT_EQ(test, 0, sim_test_shm_swap(r->m, 0));
	SIM_EXPECT_PTE(test, r->mm, BASE, "signature");
	SIM_EXPECT_PTE(test, scripted, base, "signature");
	SIM_EXPECT_PTE(test, mm, BASE, "present old");
	KUNIT_EXPECT_FALSE(test, sim_test_really_mapped(child, BASE));
	KUNIT_EXPECT_EQ(test, 2, sim_page_count(frame(r)));
	KUNIT_EXPECT_EQ(test, 1, sim_test_shm_swap(r->m, 0));
	SIM_EXPECT_PTE(test, mm, BASE, "signature");
	sim_test_real_verify(test, child, BASE, 1, 1);
	sim_test_verify(test, scripted, base, 1, 1);
}

/* Where an attach was cut, what lies there is somebody else's. */
static void attach_without_the_page_is_passed_over(struct kunit *test)
{
	struct sim_test_live *r = sim_test_live_filled(test, 10, 0);
	struct sim_mm *mm = sim_test_process(test, r->m);
	s32 other = sim_test_segment(test, r->m, 2);

	sim_test_touch_pages(test, mm, sim_test_attach(test, mm, r->id), 10);
	sim_test_real_attach_at(test, r->real, r->m, other, BASE + PAGES(1), SHM_REMAP);
	sim_test_real_touch(test, r->real, BASE + PAGES(1), 2);
	/* Twelve pages are resident: half of them are looked at. */
	KUNIT_EXPECT_EQ(test, 0, sim_test_shm_swap(r->m, 1));
	SIM_EXPECT_PTE(test, r->mm, BASE, "present old");
	SIM_EXPECT_PTE(test, r->mm, BASE + PAGES(1), "present young");
	SIM_EXPECT_PTE(test, r->mm, BASE + PAGES(2), "present young");
	SIM_EXPECT_PTE(test, r->mm, BASE + PAGES(3), "present old");
	SIM_EXPECT_PTE(test, r->mm, BASE + PAGES(6), "present young");
	KUNIT_EXPECT_TRUE(test, sim_test_really_mapped(r->real, BASE + PAGES(2)));
	SIM_EXPECT_EVENT(test, r->m, PGAGED, 4 + 6);
}

/* It is an attempt, as one at a page whose count is not 1 was in Linux 2.0. */
static void pinned_page_is_attempted_and_stays(struct kunit *test)
{
	struct sim_test_live *r = sim_test_live_filled(test, 1, 0);
	struct page *memory = sim_test_real_pin(test, r->real, BASE);

	KUNIT_EXPECT_EQ(test, 0, sim_test_shm_swap(r->m, 0));
	SIM_EXPECT_CLOCK(test, r->m, 0, 1, 2, 0);
	KUNIT_EXPECT_EQ(test, 0, sim_test_shm_swap(r->m, 0));
	SIM_EXPECT_CLOCK(test, r->m, 1, 0, 3, 0);
	SIM_EXPECT_PTE(test, r->mm, BASE, "signature");
	SIM_EXPECT_SHM(test, r->m, 1, 1, 0);
	KUNIT_EXPECT_EQ(test, SIM_TEST_SLOTS, r->m->nr_swap_pages);
	sim_test_check(test, r->m);

	sim_test_real_unpin(test, memory);
	KUNIT_EXPECT_EQ(test, 1, sim_test_shm_swap(r->m, 0));
	SIM_EXPECT_CLOCK(test, r->m, 0, 1, 4, 1);
	sim_test_real_verify(test, r->real, BASE, 1, 1);
}

/* What is written while a page is pinned must be in the page that comes back. */
static void store_of_the_kernel_is_not_lost(struct kunit *test)
{
	struct sim_test_live *r = sim_test_live_filled(test, 1, 0);
	struct page *memory = sim_test_real_pin(test, r->real, BASE);
	u64 word;
	int i;

	for (i = 0; i < 4; i++)
		KUNIT_EXPECT_EQ(test, 0, sim_test_shm_swap(r->m, 0));
	*(u64 *)page_address(memory) = 7;
	sim_test_real_unpin(test, memory);
	sim_test_swap_out_all(test, r->m);
	KUNIT_EXPECT_EQ(test, 0, sim_test_real_load(r->real, BASE, &word));
	KUNIT_EXPECT_EQ(test, 7, word);
}

/* As one that is under I/O. */
static void page_that_is_being_mapped_costs_nothing(struct kunit *test)
{
	struct sim_test_live *r = sim_test_live_filled(test, 1, 0);
	struct page *memory = frame(r)->page;

	lock_page(memory);
	KUNIT_EXPECT_EQ(test, 0, sim_test_shm_swap(r->m, 0));
	SIM_EXPECT_CLOCK(test, r->m, 1, 0, 0, 0);
	SIM_EXPECT_PTE(test, r->mm, BASE, "present young");
	KUNIT_EXPECT_TRUE(test, sim_test_really_mapped(r->real, BASE));
	unlock_page(memory);
	KUNIT_EXPECT_EQ(test, 0, sim_test_shm_swap(r->m, 0));
	SIM_EXPECT_PTE(test, r->mm, BASE, "present old");
}

/* Memory that was never really mapped may be locked by whoever likes. */
static void memory_of_scripted_processes_has_no_lock(struct kunit *test)
{
	struct sim_test_live *r = sim_test_live(test, 1, 0);
	struct sim_mm *mm = sim_test_process(test, r->m);
	struct page *memory;

	sim_test_touch_pages(test, mm, sim_test_attach(test, mm, r->id), 1);
	memory = frame(r)->page;
	lock_page(memory);
	sim_test_swap_out_all(test, r->m);
	unlock_page(memory);
	KUNIT_EXPECT_NULL(test, memory->mapping);
}

static void locked_segment_is_left_alone(struct kunit *test)
{
	struct sim_test_live *r = sim_test_live_filled(test, 1, 0);

	KUNIT_EXPECT_EQ(test, 0, sim_test_shmctl(r->m, r->id, SHM_LOCK));
	KUNIT_EXPECT_EQ(test, 0, sim_test_shm_swap(r->m, 0));
	SIM_EXPECT_PTE(test, r->mm, BASE, "present young");
	KUNIT_EXPECT_TRUE(test, sim_test_really_mapped(r->real, BASE));
}

/* A real process has nothing that the process scan takes on such a machine. */
static void scan_has_no_turn_for_a_real_process(struct kunit *test)
{
	struct sim_test_live *r = sim_test_live_filled(test, 4, 0);

	sim_test_aim(test, r->mm, BASE);
	sim_test_live_zap(test, r, 0);
	KUNIT_EXPECT_EQ(test, 0, sim_test_swap_out(r->m, SHMSWAP_MAX_LEVEL));
	KUNIT_EXPECT_EQ(test, 0, r->mm->swap_cnt);
	KUNIT_EXPECT_EQ(test, 0, sim_test_swap_out(r->m, 0));
	SIM_EXPECT_EVENT(test, r->m, PGSCAN, 0);
	SIM_EXPECT_PTE(test, r->mm, BASE, "present old");
}

static void swapoff_brings_pages_back(struct kunit *test)
{
	struct sim_test_live *r = sim_test_live_filled(test, 4, 0);

	sim_test_swap_out_all(test, r->m);
	KUNIT_EXPECT_EQ(test, 0, sim_swapoff(r->m, r->swap->type));
	SIM_EXPECT_SHM(test, r->m, 4, 4, 0);
	SIM_EXPECT_PTE(test, r->mm, BASE, "signature");
	sim_test_real_verify(test, r->real, BASE, 4, 1);
	KUNIT_EXPECT_EQ(test, 4, atomic64_read(&r->mm->min_flt));
}

/* ------------------------------------------------------------ the process scan */

/* Let the scan look at an old page that nobody has really mapped. */
static int scan_old(struct kunit *test, struct sim_test_live *r)
{
	sim_test_aim(test, r->mm, BASE);
	sim_test_live_zap(test, r, 0);
	return sim_test_swap_out_keep(r->m, SHMSWAP_MAX_LEVEL);
}

static void scan_makes_old_and_unmaps_really(struct kunit *test)
{
	struct sim_test_live *r = sim_test_live_filled(test, 1, BY_PROCESS);

	KUNIT_EXPECT_EQ(test, 0, sim_test_swap_out_keep(r->m, SHMSWAP_MAX_LEVEL));
	SIM_EXPECT_BITS(test, r->mm, BASE, "old dirty writable");
	KUNIT_EXPECT_FALSE(test, sim_test_really_mapped(r->real, BASE));
	SIM_EXPECT_EVENT(test, r->m, PGSCAN, 1);
	sim_test_check(test, r->m);
	sim_test_real_touch(test, r->real, BASE, 1);
	SIM_EXPECT_BITS(test, r->mm, BASE, "young dirty writable");
	KUNIT_EXPECT_EQ(test, 0, atomic64_read(&r->mm->min_flt));
}

static void scan_writes_and_takes(struct kunit *test)
{
	struct sim_test_live *r = sim_test_live_filled(test, 1, BY_PROCESS);

	KUNIT_EXPECT_EQ(test, 1, scan_old(test, r));
	SIM_EXPECT_PTE(test, r->mm, BASE, "swap");
	SIM_EXPECT_COUNTS(test, r->mm, BASE, 2, 2);
	KUNIT_EXPECT_EQ(test, 1, r->swap->nr_writes);
	sim_test_check(test, r->m);
	/* It is in the swap cache still: a minor fault. */
	sim_test_real_verify(test, r->real, BASE, 1, 1);
	KUNIT_EXPECT_EQ(test, 1, atomic64_read(&r->mm->min_flt));
	SIM_EXPECT_EVENT(test, r->m, SWAP_CACHE_HIT, 1);
	SIM_EXPECT_COUNTS(test, r->mm, BASE, 3, 1);

	KUNIT_EXPECT_EQ(test, 1, scan_old(test, r));
	sim_test_discard_all(r->m);
	SIM_EXPECT_SHM(test, r->m, 1, 0, 1);
	SIM_EXPECT_COUNTS(test, r->mm, BASE, 0, 2);
	sim_test_real_verify(test, r->real, BASE, 1, 1);
	KUNIT_EXPECT_EQ(test, 2, atomic64_read(&r->mm->maj_flt));
}

/* Nobody stored to it, yet nobody could have told. */
static void page_that_came_back_is_written_again(struct kunit *test)
{
	struct sim_test_live *r = sim_test_live_filled(test, 1, BY_PROCESS);

	KUNIT_EXPECT_EQ(test, 1, scan_old(test, r));
	sim_test_real_touch(test, r->real, BASE, 1);
	KUNIT_EXPECT_EQ(test, 1, scan_old(test, r));
	KUNIT_EXPECT_EQ(test, 2, r->swap->nr_writes);
}

static void store_in_hook(struct sim_test_swap *swap, u32 slot)
{
	struct sim_test_live *r = swap->data;

	sim_test_real_store(r->real, BASE, 7);
}

/* The page is mapped while it is written: it is used, so it stays, and is dirty. */
static void expect_store_not_lost(struct kunit *test, struct sim_test_live *r)
{
	u64 word = 0;

	r->swap->data = r;
	KUNIT_EXPECT_EQ(test, 0, scan_old(test, r));
	r->swap->on_write = NULL;
	r->swap->on_written = NULL;
	KUNIT_EXPECT_EQ(test, 1, r->swap->nr_writes);
	SIM_EXPECT_BITS(test, r->mm, BASE, "young dirty writable");
	KUNIT_EXPECT_TRUE(test, sim_test_really_mapped(r->real, BASE));
	sim_test_check(test, r->m);
	KUNIT_EXPECT_EQ(test, 1, scan_old(test, r));
	KUNIT_EXPECT_EQ(test, 2, r->swap->nr_writes);
	sim_test_discard_all(r->m);
	SIM_EXPECT_SHM(test, r->m, 1, 0, 1);
	KUNIT_EXPECT_EQ(test, 0, sim_test_real_load(r->real, BASE, &word));
	KUNIT_EXPECT_EQ(test, 7, word);
}

static void store_before_the_write_is_not_lost(struct kunit *test)
{
	struct sim_test_live *r = sim_test_live_filled(test, 1, BY_PROCESS);

	r->swap->on_write = store_in_hook;
	expect_store_not_lost(test, r);
}

static void store_after_the_write_is_not_lost(struct kunit *test)
{
	struct sim_test_live *r = sim_test_live_filled(test, 1, BY_PROCESS);

	r->swap->on_written = store_in_hook;
	expect_store_not_lost(test, r);
}

/* Another has it really mapped, and writable: it must fault, too, before it stores. */
static void scan_cleans_all_sharers(struct kunit *test)
{
	struct sim_test_live *r = sim_test_live_filled(test, 1, BY_PROCESS);
	struct mm_struct *child = sim_test_real_fork(test, r->real);
	struct sim_mm *mm = sim_test_real_mm(test, r->m, child);

	sim_test_real_touch(test, child, BASE, 1);
	sim_test_aim(test, r->mm, BASE);
	KUNIT_EXPECT_TRUE(test, sim_test_really_writable(child, BASE));
	KUNIT_EXPECT_EQ(test, 0, sim_test_swap_out_keep(r->m, SHMSWAP_MAX_LEVEL));
	SIM_EXPECT_PTE(test, r->mm, BASE, "swap");
	SIM_EXPECT_BITS(test, mm, BASE, "young clean writable");
	KUNIT_EXPECT_FALSE(test, sim_test_really_mapped(child, BASE));
	KUNIT_EXPECT_EQ(test, 0, sim_test_real_store(child, BASE, 7));
	SIM_EXPECT_BITS(test, mm, BASE, "young dirty writable");
}

static void scan_leaves_a_pinned_page(struct kunit *test)
{
	struct sim_test_live *r = sim_test_live_filled(test, 1, BY_PROCESS);
	struct page *memory = sim_test_real_pin(test, r->real, BASE);

	KUNIT_EXPECT_EQ(test, 0, scan_old(test, r));
	SIM_EXPECT_BITS(test, r->mm, BASE, "old dirty writable");
	KUNIT_EXPECT_EQ(test, 0, r->swap->nr_writes);
	KUNIT_EXPECT_EQ(test, 0, r->swap->si->inuse_pages);
	sim_test_real_unpin(test, memory);
	KUNIT_EXPECT_EQ(test, 1, scan_old(test, r));
}

static void scan_passes_over_a_page_that_is_being_mapped(struct kunit *test)
{
	struct sim_test_live *r = sim_test_live_filled(test, 1, BY_PROCESS);
	struct page *memory = frame(r)->page;

	sim_test_aim(test, r->mm, BASE);
	sim_test_live_zap(test, r, 0);
	lock_page(memory);
	KUNIT_EXPECT_EQ(test, 0, sim_test_swap_out_keep(r->m, SHMSWAP_MAX_LEVEL));
	SIM_EXPECT_BITS(test, r->mm, BASE, "old dirty writable");
	KUNIT_EXPECT_EQ(test, 0, r->swap->nr_writes);
	unlock_page(memory);
	KUNIT_EXPECT_EQ(test, 1, scan_old(test, r));
}

/* Taken from all who had it, and then pinned: it stays with its segment. */
static void pinned_page_is_not_discarded(struct kunit *test)
{
	struct sim_test_live *r = sim_test_live_filled(test, 1, BY_PROCESS);
	struct page *memory;

	KUNIT_EXPECT_EQ(test, 1, scan_old(test, r));
	memory = sim_test_frame(r->seg, 0)->page;
	get_page(memory);
	sim_test_discard_all(r->m);
	SIM_EXPECT_SHM(test, r->m, 1, 1, 0);
	put_page(memory);
	sim_test_discard_all(r->m);
	SIM_EXPECT_SHM(test, r->m, 1, 0, 1);
	sim_test_real_verify(test, r->real, BASE, 1, 1);
}

/* The same if nobody is left who had it, and it has no slot yet. */
static void pinned_page_that_nobody_maps_gets_no_slot(struct kunit *test)
{
	struct sim_test_live *r = sim_test_live_filled(test, 1, BY_PROCESS);
	struct page *memory = sim_test_real_pin(test, r->real, BASE);

	KUNIT_EXPECT_EQ(test, 0, sim_test_real_munmap(r->real, BASE, 1));
	sim_test_discard_all(r->m);
	SIM_EXPECT_SHM(test, r->m, 1, 1, 0);
	KUNIT_EXPECT_EQ(test, 0, r->swap->nr_writes);
	KUNIT_EXPECT_EQ(test, 0, r->swap->si->inuse_pages);
	sim_test_real_unpin(test, memory);
	sim_test_discard_all(r->m);
	SIM_EXPECT_SHM(test, r->m, 1, 0, 1);
}

/* What the kernel stores to it after that would be in no slot. */
static void pinned_page_is_not_written_from_the_swap_cache(struct kunit *test)
{
	struct sim_test_live *r = sim_test_live_filled(test, 1, BY_PROCESS);
	struct page *memory;
	u64 word = 0;

	KUNIT_EXPECT_EQ(test, 1, scan_old(test, r));
	memory = sim_test_real_pin(test, r->real, BASE);
	KUNIT_EXPECT_EQ(test, 0, sim_test_real_munmap(r->real, BASE, 1));
	KUNIT_EXPECT_TRUE(test, test_bit(SIM_PG_DIRTY, &frame(r)->flags));
	sim_test_discard_all(r->m);
	KUNIT_EXPECT_EQ(test, 1, r->swap->nr_writes);
	KUNIT_EXPECT_TRUE(test, test_bit(SIM_PG_DIRTY, &frame(r)->flags));
	*(u64 *)page_address(memory) = 7;
	sim_test_real_unpin(test, memory);
	sim_test_discard_all(r->m);
	KUNIT_EXPECT_EQ(test, 2, r->swap->nr_writes);
	SIM_EXPECT_SHM(test, r->m, 1, 0, 1);
	sim_test_real_attach_at(test, r->real, r->m, r->id, BASE, 0);
	KUNIT_EXPECT_EQ(test, 0, sim_test_real_load(r->real, BASE, &word));
	KUNIT_EXPECT_EQ(test, 7, word);
}

/* -------------------------------------------------------- a frame that is free */

/* Destroy the segment; its first page's frame was @page. */
static void destroy(struct kunit *test, struct sim_test_live *r)
{
	KUNIT_EXPECT_EQ(test, 0, sim_test_shmctl(r->m, r->id, IPC_RMID));
	KUNIT_EXPECT_EQ(test, 0, sim_test_real_munmap(r->real, BASE, r->npages));
	KUNIT_EXPECT_EQ(test, SIM_TEST_FRAMES, r->m->nr_free_pages);
}

static void free_frame_keeps_its_memory(struct kunit *test)
{
	struct sim_test_live *r = sim_test_live_filled(test, 1, 0);
	struct sim_page *page = frame(r);
	struct page *memory = page->page;

	KUNIT_EXPECT_TRUE(test, test_bit(SIM_PG_LIVE, &page->flags));
	destroy(test, r);
	KUNIT_EXPECT_PTR_EQ(test, memory, page->page);
	KUNIT_EXPECT_EQ(test, 1, page_ref_count(memory));
	KUNIT_EXPECT_NULL(test, memory->mapping);
	KUNIT_EXPECT_FALSE(test, test_bit(SIM_PG_LIVE, &page->flags));
}

/* Direct I/O that is still under way must not write to somebody else's page. */
static void free_frame_leaves_pinned_memory_to_who_has_it(struct kunit *test)
{
	struct sim_test_live *r = sim_test_live_filled(test, 1, 0);
	struct page *memory = sim_test_real_pin(test, r->real, BASE);
	struct sim_mm *mm = sim_test_process(test, r->m);
	struct sim_page *page = frame(r);
	u64 base;

	destroy(test, r);
	KUNIT_EXPECT_NULL(test, page->page);
	KUNIT_EXPECT_NULL(test, memory->mapping);
	KUNIT_EXPECT_EQ(test, 1, page_ref_count(memory));
	KUNIT_EXPECT_EQ(test, sim_test_pattern_word(test, 1, 0), *(u64 *)page_address(memory));

	base = sim_test_attach(test, mm, sim_test_segment(test, r->m, SIM_TEST_FRAMES / 2));
	sim_test_fill(test, mm, base, SIM_TEST_FRAMES / 2, 2);
	KUNIT_EXPECT_NOT_NULL(test, page->page);
	*(u64 *)page_address(memory) = 7;
	sim_test_verify(test, mm, base, SIM_TEST_FRAMES / 2, 2);
}

static void swapped_page_forgets_its_memory(struct kunit *test)
{
	struct sim_test_live *r = sim_test_live_filled(test, 1, 0);
	struct sim_page *page = frame(r);

	sim_test_swap_out_all(test, r->m);
	KUNIT_EXPECT_NULL(test, page->page->mapping);
	KUNIT_EXPECT_FALSE(test, test_bit(SIM_PG_LIVE, &page->flags));
}

/* -------------------------------------------------------------- the self-check */

static void expect_check(struct kunit *test, struct sim_test_live *r, u32 expected, u32 found)
{
	struct shmswap_check check = {};

	KUNIT_EXPECT_EQ(test, -EUCLEAN, sim_check(r->m, &check));
	KUNIT_EXPECT_EQ(test, SHMSWAP_CHECK_LIVE, check.out_what);
	KUNIT_EXPECT_EQ(test, sim_page_pfn(r->m, frame(r)), check.out_where);
	KUNIT_EXPECT_EQ(test, expected, check.out_expected);
	KUNIT_EXPECT_EQ(test, found, check.out_found);
}

static void check_finds_a_real_pte_of_an_old_page(struct kunit *test)
{
	struct sim_test_live *r = sim_test_live_filled(test, 1, 0);
	struct mm_struct *child = sim_test_real_fork(test, r->real);
	struct sim_mm *mm = sim_test_real_mm(test, r->m, child);

	sim_test_real_touch(test, child, BASE, 1);
	sim_test_check(test, r->m);
	sim_test_make_old(test, mm, BASE);
	expect_check(test, r, 1, 2);
	sim_test_make_old(test, r->mm, BASE);
	expect_check(test, r, 0, 2);
	sim_test_live_zap(test, r, 0);
	sim_test_check(test, r->m);
}

/* A scripted process has no real PTEs, whatever its own say. */
static void check_does_not_count_scripted_processes(struct kunit *test)
{
	struct sim_test_live *r = sim_test_live_filled(test, 1, 0);
	struct sim_mm *mm = sim_test_process(test, r->m);

	sim_test_touch_pages(test, mm, sim_test_attach(test, mm, r->id), 1);
	sim_test_check(test, r->m);
	sim_test_make_old(test, r->mm, BASE);
	expect_check(test, r, 0, 1);
	sim_test_live_zap(test, r, 0);
}

static struct kunit_case cases[] = {
	KUNIT_CASE(first_turn_makes_old_and_unmaps_really),
	KUNIT_CASE(second_turn_swaps_out),
	KUNIT_CASE(access_between_two_turns_keeps_the_page),
	KUNIT_CASE(sharers_are_taken_one_by_one),
	KUNIT_CASE(attach_without_the_page_is_passed_over),
	KUNIT_CASE(pinned_page_is_attempted_and_stays),
	KUNIT_CASE(store_of_the_kernel_is_not_lost),
	KUNIT_CASE(page_that_is_being_mapped_costs_nothing),
	KUNIT_CASE(memory_of_scripted_processes_has_no_lock),
	KUNIT_CASE(locked_segment_is_left_alone),
	KUNIT_CASE(scan_has_no_turn_for_a_real_process),
	KUNIT_CASE(swapoff_brings_pages_back),
	KUNIT_CASE(scan_makes_old_and_unmaps_really),
	KUNIT_CASE(scan_writes_and_takes),
	KUNIT_CASE(page_that_came_back_is_written_again),
	KUNIT_CASE(store_before_the_write_is_not_lost),
	KUNIT_CASE(store_after_the_write_is_not_lost),
	KUNIT_CASE(scan_cleans_all_sharers),
	KUNIT_CASE(scan_leaves_a_pinned_page),
	KUNIT_CASE(scan_passes_over_a_page_that_is_being_mapped),
	KUNIT_CASE(pinned_page_is_not_discarded),
	KUNIT_CASE(pinned_page_that_nobody_maps_gets_no_slot),
	KUNIT_CASE(pinned_page_is_not_written_from_the_swap_cache),
	KUNIT_CASE(free_frame_keeps_its_memory),
	KUNIT_CASE(free_frame_leaves_pinned_memory_to_who_has_it),
	KUNIT_CASE(swapped_page_forgets_its_memory),
	KUNIT_CASE(check_finds_a_real_pte_of_an_old_page),
	KUNIT_CASE(check_does_not_count_scripted_processes),
	{}
};

static struct kunit_suite suite = {
	.name = "shmswap_live_reclaim",
	.init = sim_test_init,
	.exit = sim_test_exit,
	.test_cases = cases,
};

kunit_test_suite(suite);
