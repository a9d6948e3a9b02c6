// SPDX-License-Identifier: GPL-2.0
/*
 * Machines whose process scan takes the pages of segments, through the swap cache.
 * The counts at each stage are those of private pages and one more: the segment's
 * page list has the frame as long as there is one, then the slot.
 */
#include <linux/ipc.h>

#include "kunit_rig.h"

static struct sim_test_rig *rig_at_stage(struct kunit *test)
{
	struct sim_test_rig *r = sim_test_rig_shm(test, 1);

	sim_test_reach(test, r, sim_test_stage_of(test)->stage);
	return r;
}

/* ------------------------------------------------------ the table of stages */

static void counts_at_stage(struct kunit *test)
{
	const struct sim_test_stage_row *row = sim_test_stage_of(test);
	struct sim_test_rig *r = rig_at_stage(test);
	bool resident = row->stage != SIM_TEST_STAGE_D;
	u32 frame = row->frame + resident;
	u32 slot = row->slot + !resident;

	SIM_EXPECT_COUNTS(test, r->a, r->base, frame, slot);
	if (row->stage != SIM_TEST_ONE_BACK)
		SIM_EXPECT_COUNTS(test, r->b, r->base, frame, slot);
	SIM_EXPECT_SHM(test, r->m, 1, resident, !resident);
	KUNIT_EXPECT_EQ(test, row->stage != SIM_TEST_STAGE_A, r->swap->nr_writes);
	KUNIT_EXPECT_EQ(test, row->stage >= SIM_TEST_ONE_BACK, r->swap->nr_reads);
	sim_test_check(test, r->m);
	sim_test_verify(test, r->a, r->base, 1, 1);
	sim_test_verify(test, r->b, r->base, 1, 1);
}

/* PTEs have the slot, as private ones do, and not the signature of the clock. */
static void entries_at_stages(struct kunit *test)
{
	struct sim_test_rig *r = sim_test_rig_shm(test, 1);
	struct sim_shmid *seg = sim_test_seg(test, r->m, r->id);

	KUNIT_EXPECT_EQ(test, 0, sim_test_scan_one(test, r->a, r->base));
	SIM_EXPECT_PTE(test, r->a, r->base, "swap");
	SIM_EXPECT_PTE(test, r->b, r->base, "present young");
	SIM_EXPECT_WORD(test, seg, 0, "present young");
	KUNIT_EXPECT_EQ(test, 1, sim_test_scan_one(test, r->b, r->base));
	SIM_EXPECT_WORD(test, seg, 0, "present young");
	KUNIT_EXPECT_EQ(test, 1, sim_test_shrink_mmap(r->m, 0));
	SIM_EXPECT_WORD(test, seg, 0, "swap");
	KUNIT_EXPECT_TRUE(test, sim_pte_same(sim_test_word(seg, 0),
					     sim_test_pte(r->a, r->base)));
	SIM_EXPECT_EVENT(test, r->m, PGSTEAL, 2);
	SIM_EXPECT_EVENT(test, r->m, TLB_FLUSH_PAGE, 2);
}

static void faults_of_the_way_back(struct kunit *test)
{
	struct sim_test_rig *r = sim_test_rig_shm(test, 1);

	sim_test_reach(test, r, SIM_TEST_BOTH_BACK);
	/* One zeroed the page. */
	KUNIT_EXPECT_EQ(test, 1 + 1, atomic64_read(&r->a->maj_flt));
	KUNIT_EXPECT_EQ(test, 0, atomic64_read(&r->b->maj_flt));
	KUNIT_EXPECT_EQ(test, 1 + 1, atomic64_read(&r->b->min_flt));
	SIM_EXPECT_EVENT(test, r->m, SWAP_CACHE_FIND, 2);
	SIM_EXPECT_EVENT(test, r->m, SWAP_CACHE_HIT, 1);
}

static void sole_user(struct kunit *test)
{
	struct sim_test_rig *r = sim_test_rig_shm(test, 1);

	sim_test_process_exit(test, r->b);
	SIM_EXPECT_COUNTS(test, r->a, r->base, 2, 0);
	sim_test_scan_out(test, r->a, r->base, 1);
	SIM_EXPECT_COUNTS(test, r->a, r->base, 2, 2);
	sim_test_discard_all(r->m);
	SIM_EXPECT_COUNTS(test, r->a, r->base, 0, 2);
	sim_test_touch_pages(test, r->a, r->base, 1);
	SIM_EXPECT_COUNTS(test, r->a, r->base, 3, 1);
}

static void expect_no_io(struct kunit *test, enum sim_test_stage stage)
{
	struct sim_test_rig *r = sim_test_rig_shm(test, 1);

	sim_test_reach(test, r, stage);
	sim_test_verify(test, r->a, r->base, 1, 1);
	sim_test_verify(test, r->b, r->base, 1, 1);
	KUNIT_EXPECT_EQ(test, 0, r->swap->nr_reads);
	SIM_EXPECT_COUNTS(test, r->a, r->base, 4, 1);
	KUNIT_EXPECT_PTR_EQ(test, sim_test_mapped(r->a, r->base), sim_test_mapped(r->b, r->base));
}

static void fault_at_stage_b_needs_no_io(struct kunit *test)
{
	expect_no_io(test, SIM_TEST_STAGE_B);
}

static void fault_at_stage_c_needs_no_io(struct kunit *test)
{
	expect_no_io(test, SIM_TEST_STAGE_C);
}

static void cached_page_is_never_written_twice(struct kunit *test)
{
	struct sim_test_rig *r = sim_test_rig_shm(test, 1);
	int i;

	for (i = 0; i < 3; i++) {
		sim_test_reach(test, r, SIM_TEST_BOTH_BACK);
		KUNIT_EXPECT_EQ(test, 1, r->swap->nr_writes);
		KUNIT_EXPECT_EQ(test, 1, r->swap->si->inuse_pages);
	}
	sim_test_verify(test, r->b, r->base, 1, 1);
}

/* Stores of both came before the write: it has them, so there is no second. */
static void page_dirty_in_both_is_written_once(struct kunit *test)
{
	struct sim_test_rig *r = sim_test_rig_shm(test, 1);

	KUNIT_ASSERT_EQ(test, 0, sim_test_set_word(r->b, r->base, 7));
	sim_test_reach(test, r, SIM_TEST_STAGE_D);
	KUNIT_EXPECT_EQ(test, 1, r->swap->nr_writes);
	KUNIT_EXPECT_EQ(test, 7, sim_test_word_at(r->a, r->base));
}

/* In the rotation both steps are one. */
static void scan_of_the_rotation_frees_at_once(struct kunit *test)
{
	struct sim_test_rig *r = sim_test_rig_shm(test, 1);

	sim_test_aim(test, r->a, r->base);
	KUNIT_EXPECT_EQ(test, 0, sim_test_swap_out(r->m, SHMSWAP_MAX_LEVEL));
	sim_test_aim(test, r->b, r->base);
	KUNIT_EXPECT_EQ(test, 1, sim_test_swap_out(r->m, SHMSWAP_MAX_LEVEL));
	SIM_EXPECT_COUNTS(test, r->a, r->base, 0, 3);
	KUNIT_EXPECT_EQ(test, SIM_TEST_FRAMES, r->m->nr_free_pages);
	sim_test_verify(test, r->b, r->base, 1, 1);
}

/* ------------------------------------------------- what is left alone */

static void clock_does_nothing(struct kunit *test)
{
	struct sim_test_rig *r = sim_test_rig_shm(test, 8);

	KUNIT_ASSERT_EQ(test, 0, sim_shmdt(r->a, r->base));
	KUNIT_ASSERT_EQ(test, 0, sim_shmdt(r->b, r->base));
	KUNIT_EXPECT_EQ(test, 0, sim_test_shm_swap(r->m, 0));
	SIM_EXPECT_CLOCK(test, r->m, 0, 0, 0, 0);
	SIM_EXPECT_SHM(test, r->m, 8, 8, 0);
	KUNIT_EXPECT_EQ(test, SIM_TEST_SLOTS, r->m->nr_swap_pages);
}

static void locked_segment_is_passed_over(struct kunit *test)
{
	struct sim_test_rig *r = sim_test_rig_shm(test, 2);

	KUNIT_ASSERT_EQ(test, 0, sim_test_shmctl(r->m, r->id, SHM_LOCK));
	sim_test_make_old(test, r->a, r->base);
	KUNIT_EXPECT_EQ(test, 0, sim_test_swap_out(r->m, 0));
	SIM_EXPECT_EVENT(test, r->m, PGSCAN, 0);
	SIM_EXPECT_PTE(test, r->a, r->base, "present old");
	KUNIT_ASSERT_EQ(test, 0, sim_test_shmctl(r->m, r->id, SHM_UNLOCK));
	sim_test_scan_out(test, r->a, r->base, 1);
}

/* Locked between the two steps: it stays in memory, as it should. */
static void segment_locked_with_page_in_the_cache(struct kunit *test)
{
	struct sim_test_rig *r = sim_test_rig_shm(test, 1);

	sim_test_reach(test, r, SIM_TEST_STAGE_C);
	KUNIT_ASSERT_EQ(test, 0, sim_test_shmctl(r->m, r->id, SHM_LOCK));
	sim_test_discard_all(r->m);
	SIM_EXPECT_COUNTS(test, r->a, r->base, 2, 3);
	sim_test_verify(test, r->a, r->base, 1, 1);
	KUNIT_EXPECT_EQ(test, 0, r->swap->nr_reads);
	KUNIT_ASSERT_EQ(test, 0, sim_test_shmctl(r->m, r->id, SHM_UNLOCK));
}

/* mlock() keeps the scan off the process's attach, not off another's. */
static void locked_attach_is_passed_over(struct kunit *test)
{
	struct sim_test_rig *r = sim_test_rig_shm(test, 1);

	KUNIT_ASSERT_EQ(test, 0, sim_test_mlock(r->a, r->base, 1));
	sim_test_aim(test, r->a, r->base);
	sim_test_swap_out_keep(r->m, SHMSWAP_MAX_LEVEL);
	SIM_EXPECT_PTE(test, r->a, r->base, "present old");
	sim_test_scan_out(test, r->b, r->base, 1);
	sim_test_discard_all(r->m);
	SIM_EXPECT_COUNTS(test, r->a, r->base, 3, 2);
}

/* ------------------------------------------- pages that nobody has mapped */

/* No process leads the scan to them: the clock over mem_map gives them a slot. */
static struct sim_test_rig *unmapped(struct kunit *test, u32 npages)
{
	struct sim_test_rig *r = sim_test_rig_shm(test, npages);

	KUNIT_ASSERT_EQ(test, 0, sim_shmdt(r->a, r->base));
	KUNIT_ASSERT_EQ(test, 0, sim_shmdt(r->b, r->base));
	return r;
}

static void attach_and_verify(struct kunit *test, struct sim_test_rig *r)
{
	sim_test_verify(test, r->a, sim_test_attach(test, r->a, r->id), r->npages, 1);
}

static void unmapped_page_goes_to_swap(struct kunit *test)
{
	struct sim_test_rig *r = unmapped(test, 4);
	struct sim_shmid *seg = sim_test_seg(test, r->m, r->id);

	KUNIT_EXPECT_EQ(test, 1, sim_test_shrink_mmap(r->m, 0));
	SIM_EXPECT_SHM(test, r->m, 4, 3, 1);
	sim_test_discard_all(r->m);
	SIM_EXPECT_SHM(test, r->m, 4, 0, 4);
	SIM_EXPECT_WORD(test, seg, 0, "swap");
	KUNIT_EXPECT_EQ(test, 4, r->swap->nr_writes);
	KUNIT_EXPECT_EQ(test, SIM_TEST_FRAMES, r->m->nr_free_pages);
	KUNIT_EXPECT_EQ(test, 4, r->swap->si->inuse_pages);
	attach_and_verify(test, r);
}

static void unmapped_page_of_locked_segment_stays(struct kunit *test)
{
	struct sim_test_rig *r = unmapped(test, 4);

	KUNIT_ASSERT_EQ(test, 0, sim_test_shmctl(r->m, r->id, SHM_LOCK));
	sim_test_discard_all(r->m);
	SIM_EXPECT_SHM(test, r->m, 4, 4, 0);
	KUNIT_EXPECT_EQ(test, SIM_TEST_SLOTS, r->m->nr_swap_pages);
	KUNIT_ASSERT_EQ(test, 0, sim_test_shmctl(r->m, r->id, SHM_UNLOCK));
}

static void unmapped_page_stays_after_failed_write(struct kunit *test)
{
	struct sim_test_rig *r = unmapped(test, 1);

	r->swap->fail_write.count = 1;
	KUNIT_EXPECT_EQ(test, 0, sim_test_shrink_mmap(r->m, 4));
	SIM_EXPECT_SHM(test, r->m, 1, 1, 0);
	KUNIT_EXPECT_EQ(test, 0, atomic_read(&r->m->nr_swapcache));
	KUNIT_EXPECT_EQ(test, SIM_TEST_SLOTS - 1, r->m->nr_swap_pages);
	sim_test_check(test, r->m);
	sim_test_discard_all(r->m);
	SIM_EXPECT_SHM(test, r->m, 1, 0, 1);
	attach_and_verify(test, r);
}

static void unmapped_pages_stay_without_slots(struct kunit *test)
{
	struct sim_test_rig *r = unmapped(test, 2);

	KUNIT_ASSERT_EQ(test, 0, sim_swapoff(r->m, r->swap->type));
	KUNIT_EXPECT_EQ(test, 0, sim_test_shrink_mmap(r->m, 0));
	sim_test_swap_area(test, r->m, 1, -1);
	sim_test_discard_all(r->m);
	SIM_EXPECT_SHM(test, r->m, 2, 1, 1);
	attach_and_verify(test, r);
}

/* Somebody attaches the segment, and stores to the page that is on its way out. */
static void attach_and_store(struct sim_test_swap *swap, u32 slot)
{
	struct sim_test_rig *r = swap->data;

	swap->on_written = NULL;
	r->base = sim_test_attach(r->data, r->a, r->id);
	sim_test_set_word(r->a, r->base, 7);
}

static void unmapped_page_stored_to_during_its_write(struct kunit *test)
{
	struct sim_test_rig *r = unmapped(test, 1);

	r->data = test;
	r->swap->on_written = attach_and_store;
	KUNIT_EXPECT_EQ(test, 0, sim_test_shrink_mmap(r->m, 4));
	SIM_EXPECT_SHM(test, r->m, 1, 1, 0);
	sim_test_check(test, r->m);
	KUNIT_EXPECT_EQ(test, 7, sim_test_word_at(r->a, r->base));
	sim_test_scan_out(test, r->a, r->base, 1);
	sim_test_discard_all(r->m);
	SIM_EXPECT_SHM(test, r->m, 1, 0, 1);
	KUNIT_EXPECT_EQ(test, 7, sim_test_word_at(r->a, r->base));
}

static void remove_while_written(struct sim_test_swap *swap, u32 slot)
{
	struct sim_test_rig *r = swap->data;

	sim_test_shmctl(r->m, r->id, IPC_RMID);
}

static void unmapped_page_removed_during_its_write(struct kunit *test)
{
	struct sim_test_rig *r = unmapped(test, 1);

	r->swap->on_write = remove_while_written;
	sim_test_shrink_mmap(r->m, 4);
	SIM_EXPECT_SHM(test, r->m, 0, 0, 0);
	sim_test_expect_idle(test, r);
}

/* --------------------------------------------------- stores are not lost */

/* The one who still maps it stores to it after it was written. */
static void store_after_write_out_is_written_again(struct kunit *test)
{
	struct sim_test_rig *r = sim_test_rig_shm(test, 1);

	sim_test_reach(test, r, SIM_TEST_STAGE_B);
	KUNIT_EXPECT_EQ(test, 0, sim_test_set_word(r->b, r->base, 7));
	SIM_EXPECT_COUNTS(test, r->b, r->base, 3, 2);
	sim_test_scan_out(test, r->b, r->base, 1);
	KUNIT_EXPECT_EQ(test, 2, r->swap->nr_writes);
	KUNIT_EXPECT_EQ(test, r->swap->io[0].slot, r->swap->io[1].slot);
	sim_test_discard_all(r->m);
	KUNIT_EXPECT_EQ(test, 7, sim_test_word_at(r->a, r->base));
	KUNIT_EXPECT_EQ(test, 7, sim_test_word_at(r->b, r->base));
}

/* The store is the last that its process does. */
static void store_and_exit_after_write_out(struct kunit *test)
{
	struct sim_test_rig *r = sim_test_rig_shm(test, 1);

	sim_test_reach(test, r, SIM_TEST_STAGE_B);
	KUNIT_EXPECT_EQ(test, 0, sim_test_set_word(r->b, r->base, 7));
	sim_test_process_exit(test, r->b);
	sim_test_discard_all(r->m);
	KUNIT_EXPECT_EQ(test, 2, r->swap->nr_writes);
	SIM_EXPECT_COUNTS(test, r->a, r->base, 0, 2);
	KUNIT_EXPECT_EQ(test, 7, sim_test_word_at(r->a, r->base));
}

/* At whichever stage: there is one page, and all see it. */
static void store_at_stage(struct kunit *test)
{
	struct sim_test_rig *r = rig_at_stage(test);

	KUNIT_EXPECT_EQ(test, 0, sim_test_set_word(r->b, r->base, 7));
	SIM_EXPECT_EVENT(test, r->m, PGCOW, 0);
	sim_test_check(test, r->m);
	KUNIT_EXPECT_EQ(test, 7, sim_test_word_at(r->a, r->base));
	sim_test_rig_swap_out(test, r);
	KUNIT_EXPECT_EQ(test, 7, sim_test_word_at(r->a, r->base));
	KUNIT_EXPECT_EQ(test, 7, sim_test_word_at(r->b, r->base));
}

static void store_of_sharer(struct sim_test_swap *swap, u32 slot)
{
	struct sim_test_rig *r = swap->data;

	swap->on_written = NULL;
	sim_test_set_word(r->b, r->base, 7);
}

/* The scanned process loses the page; the other's store makes it dirty again. */
static void store_of_sharer_during_write(struct kunit *test)
{
	struct sim_test_rig *r = sim_test_rig_shm(test, 1);

	r->swap->on_written = store_of_sharer;
	sim_test_scan_one(test, r->a, r->base);
	sim_test_check(test, r->m);
	KUNIT_EXPECT_EQ(test, 7, sim_test_word_at(r->b, r->base));
	sim_test_scan_out(test, r->b, r->base, 1);
	if (sim_test_mapped(r->a, r->base))
		sim_test_scan_out(test, r->a, r->base, 1);
	sim_test_discard_all(r->m);
	KUNIT_EXPECT_EQ(test, 7, sim_test_word_at(r->a, r->base));
}

static void store_and_exit_of_sharer(struct sim_test_swap *swap, u32 slot)
{
	struct sim_test_rig *r = swap->data;

	store_of_sharer(swap, slot);
	sim_test_process_exit(r->data, r->b);
}

/* That it is newer is known to the page alone then, in the middle of its write. */
static void store_and_exit_of_sharer_during_write(struct kunit *test)
{
	struct sim_test_rig *r = sim_test_rig_shm(test, 1);

	r->data = test;
	r->swap->on_written = store_and_exit_of_sharer;
	sim_test_scan_one(test, r->a, r->base);
	sim_test_check(test, r->m);
	sim_test_discard_all(r->m);
	KUNIT_EXPECT_EQ(test, 7, sim_test_word_at(r->a, r->base));
	sim_test_scan_out(test, r->a, r->base, 1);
	sim_test_discard_all(r->m);
	SIM_EXPECT_SHM(test, r->m, 1, 0, 1);
	KUNIT_EXPECT_EQ(test, 7, sim_test_word_at(r->a, r->base));
}

static void store_of_victim(struct sim_test_swap *swap, u32 slot)
{
	struct sim_test_rig *r = swap->data;

	swap->on_written = NULL;
	sim_test_set_word(r->a, r->base, 7);
}

static void store_and_detach_of_victim(struct sim_test_swap *swap, u32 slot)
{
	struct sim_test_rig *r = swap->data;

	store_of_victim(swap, slot);
	sim_shmdt(r->a, r->base);
}

/* The same at the last stage: the page must not be let go of. */
static void store_and_detach_while_discarded(struct kunit *test)
{
	struct sim_test_rig *r = sim_test_rig_shm(test, 1);
	struct sim_page *page = sim_test_mapped(r->a, r->base);

	sim_test_reach(test, r, SIM_TEST_STAGE_C);
	set_bit(SIM_PG_DIRTY, &page->flags);
	r->m->mmap_hand = sim_page_pfn(r->m, page);
	r->swap->on_written = store_and_detach_of_victim;
	KUNIT_EXPECT_EQ(test, 0, sim_test_shrink_mmap(r->m, SHMSWAP_MAX_LEVEL));
	SIM_EXPECT_COUNTS(test, r->b, r->base, 2, 2);
	sim_test_discard_all(r->m);
	SIM_EXPECT_SHM(test, r->m, 1, 0, 1);
	KUNIT_EXPECT_EQ(test, 7, sim_test_word_at(r->b, r->base));
}

static void store_of_victim_during_write(struct kunit *test)
{
	struct sim_test_rig *r = sim_test_rig_shm(test, 1);

	r->swap->on_written = store_of_victim;
	KUNIT_EXPECT_EQ(test, 0, sim_test_scan_one(test, r->a, r->base));
	SIM_EXPECT_BITS(test, r->a, r->base, "young dirty writable");
	KUNIT_EXPECT_EQ(test, 7, sim_test_word_at(r->b, r->base));
	sim_test_rig_swap_out(test, r);
	KUNIT_EXPECT_EQ(test, 7, sim_test_word_at(r->a, r->base));
}

/* Whoever has it pinned, perhaps in the middle of a store. */
static void busy_page_stays(struct kunit *test)
{
	struct sim_test_rig *r = sim_test_rig_shm(test, 1);
	struct sim_page *page = sim_test_mapped(r->a, r->base);

	sim_pin_page(page);
	KUNIT_EXPECT_EQ(test, 0, sim_test_scan_one(test, r->a, r->base));
	SIM_EXPECT_COUNTS(test, r->a, r->base, 3, 0);
	KUNIT_EXPECT_EQ(test, 0, r->swap->nr_writes);
	sim_unpin_page(r->m, page);
	sim_test_reach(test, r, SIM_TEST_STAGE_D);
	KUNIT_EXPECT_EQ(test, 1, r->swap->nr_writes);
	sim_test_verify(test, r->b, r->base, 1, 1);
}

static void failed_write_keeps_the_page(struct kunit *test)
{
	struct sim_test_rig *r = sim_test_rig_shm(test, 1);

	r->swap->fail_write.count = 1;
	KUNIT_EXPECT_EQ(test, 0, sim_test_scan_one(test, r->a, r->base));
	SIM_EXPECT_COUNTS(test, r->a, r->base, 3, 0);
	KUNIT_EXPECT_EQ(test, SIM_TEST_SLOTS - 1, r->m->nr_swap_pages);
	sim_test_check(test, r->m);
	sim_test_rig_swap_out(test, r);
	sim_test_verify(test, r->b, r->base, 1, 1);
}

/* The slot that @a has is the page's, however often it cannot be written again. */
static void failed_second_write_keeps_the_page(struct kunit *test)
{
	struct sim_test_rig *r = sim_test_rig_shm(test, 1);

	sim_test_reach(test, r, SIM_TEST_STAGE_B);
	KUNIT_EXPECT_EQ(test, 0, sim_test_set_word(r->b, r->base, 7));
	r->swap->fail_write.count = 2;
	KUNIT_EXPECT_EQ(test, 0, sim_test_scan_one(test, r->b, r->base));
	KUNIT_EXPECT_EQ(test, 0, sim_test_scan_one(test, r->b, r->base));
	SIM_EXPECT_COUNTS(test, r->b, r->base, 3, 2);
	sim_test_check(test, r->m);
	KUNIT_EXPECT_EQ(test, 7, sim_test_word_at(r->a, r->base));
	sim_test_rig_swap_out(test, r);
	KUNIT_EXPECT_EQ(test, 7, sim_test_word_at(r->a, r->base));
}

static void failed_read_keeps_the_slot(struct kunit *test)
{
	struct sim_test_rig *r = sim_test_rig_shm(test, 1);

	sim_test_reach(test, r, SIM_TEST_STAGE_D);
	r->swap->fail_read.count = 1;
	KUNIT_EXPECT_EQ(test, -EIO, sim_test_touch(r->a, r->base, false));
	SIM_EXPECT_COUNTS(test, r->a, r->base, 0, 3);
	SIM_EXPECT_SHM(test, r->m, 1, 0, 1);
	sim_test_verify(test, r->a, r->base, 1, 1);
}

/* ------------------------------------------ the end of it, at each stage */

static void remove_segment(struct kunit *test, struct sim_test_rig *r)
{
	KUNIT_EXPECT_EQ(test, 0, sim_test_shmctl(r->m, r->id, IPC_RMID));
	SIM_EXPECT_SHM(test, r->m, 0, 0, 0);
	sim_test_expect_idle(test, r);
}

static void detach_at_stage(struct kunit *test)
{
	struct sim_test_rig *r = rig_at_stage(test);

	KUNIT_EXPECT_EQ(test, 0, sim_shmdt(r->a, r->base));
	sim_test_check(test, r->m);
	sim_test_verify(test, r->b, r->base, 1, 1);
	KUNIT_EXPECT_EQ(test, 0, sim_shmdt(r->b, r->base));
	sim_test_check(test, r->m);
	remove_segment(test, r);
}

/* Contents outlive the attaches. */
static void attach_again_at_stage(struct kunit *test)
{
	struct sim_test_rig *r = rig_at_stage(test);

	KUNIT_EXPECT_EQ(test, 0, sim_shmdt(r->b, r->base));
	KUNIT_EXPECT_EQ(test, 0, sim_shmdt(r->a, r->base));
	sim_test_discard_all(r->m);
	sim_test_check(test, r->m);
	sim_test_verify(test, r->a, sim_test_attach(test, r->a, r->id), 1, 1);
}

static void removal_at_stage(struct kunit *test)
{
	struct sim_test_rig *r = rig_at_stage(test);

	KUNIT_EXPECT_EQ(test, 0, sim_test_shmctl(r->m, r->id, IPC_RMID));
	sim_test_check(test, r->m);
	sim_test_verify(test, r->a, r->base, 1, 1);
	KUNIT_EXPECT_EQ(test, 0, sim_shmdt(r->a, r->base));
	KUNIT_EXPECT_EQ(test, 0, sim_shmdt(r->b, r->base));
	SIM_EXPECT_SHM(test, r->m, 0, 0, 0);
	sim_test_expect_idle(test, r);
}

static void exit_at_stage(struct kunit *test)
{
	struct sim_test_rig *r = rig_at_stage(test);

	sim_test_process_exit(test, r->a);
	sim_test_check(test, r->m);
	sim_test_process_exit(test, r->b);
	sim_test_check(test, r->m);
	remove_segment(test, r);
}

/* The child has neither the page nor the slot, but finds it by its segment. */
static void fork_at_stage(struct kunit *test)
{
	struct sim_test_text before, after;
	struct sim_test_rig *r = rig_at_stage(test);
	struct sim_mm *c;

	before = sim_test_counts(r->a, r->base);
	c = sim_test_fork(test, r->a);
	after = sim_test_counts(r->a, r->base);
	KUNIT_EXPECT_STREQ(test, before.s, after.s);
	SIM_EXPECT_PTE(test, c, r->base, "none");
	sim_test_verify(test, c, r->base, 1, 1);
	sim_test_check(test, r->m);
	KUNIT_EXPECT_EQ(test, 0, sim_test_set_word(c, r->base, 7));
	KUNIT_EXPECT_EQ(test, 7, sim_test_word_at(r->b, r->base));
}

static void swapoff_at_stage(struct kunit *test)
{
	struct sim_test_rig *r = rig_at_stage(test);

	KUNIT_EXPECT_EQ(test, 0, sim_swapoff(r->m, r->swap->type));
	KUNIT_EXPECT_EQ(test, 0, atomic_read(&r->m->nr_swapcache));
	SIM_EXPECT_SHM(test, r->m, 1, 1, 0);
	sim_test_check(test, r->m);
	sim_test_verify(test, r->a, r->base, 1, 1);
	sim_test_verify(test, r->b, r->base, 1, 1);
	SIM_EXPECT_COUNTS(test, r->a, r->base, 3, 0);
}

/* What lost its slot is written again if it goes out again. */
static void swapoff_and_out_again_at_stage(struct kunit *test)
{
	struct sim_test_rig *r = rig_at_stage(test);
	struct sim_test_swap *other;

	KUNIT_EXPECT_EQ(test, 0, sim_swapoff(r->m, r->swap->type));
	other = sim_test_swap_area(test, r->m, 8, -1);
	sim_test_touch_pages(test, r->a, r->base, 1);
	sim_test_touch_pages(test, r->b, r->base, 1);
	sim_test_rig_swap_out(test, r);
	KUNIT_EXPECT_EQ(test, 1, other->nr_writes);
	sim_test_verify(test, r->a, r->base, 1, 1);
	sim_test_verify(test, r->b, r->base, 1, 1);
}

static void swapoff_with_page_that_cannot_be_read(struct kunit *test)
{
	struct sim_test_rig *r = sim_test_rig_shm(test, 1);

	sim_test_reach(test, r, SIM_TEST_STAGE_D);
	r->swap->fail_read.count = 1;
	KUNIT_EXPECT_EQ(test, -EIO, sim_swapoff(r->m, r->swap->type));
	SIM_EXPECT_COUNTS(test, r->a, r->base, 0, 3);
	KUNIT_EXPECT_EQ(test, SIM_SWP_WRITEOK, r->swap->si->flags);
	sim_test_verify(test, r->a, r->base, 1, 1);
}

/* ------------------------------------------------ while a page is written */

static void detach_during_write(struct sim_test_swap *swap, u32 slot)
{
	struct sim_test_rig *r = swap->data;

	sim_shmdt(r->a, r->base);
}

static void detached_during_write(struct kunit *test)
{
	struct sim_test_rig *r = sim_test_rig_shm(test, 1);

	r->swap->on_write = detach_during_write;
	KUNIT_EXPECT_EQ(test, 0, sim_test_scan_one(test, r->a, r->base));
	sim_test_check(test, r->m);
	sim_test_verify(test, r->b, r->base, 1, 1);
	KUNIT_EXPECT_EQ(test, 0, sim_shmdt(r->b, r->base));
	remove_segment(test, r);
}

static void destroy_during_write(struct sim_test_swap *swap, u32 slot)
{
	struct sim_test_rig *r = swap->data;

	sim_test_shmctl(r->m, r->id, IPC_RMID);
	sim_shmdt(r->a, r->base);
	sim_shmdt(r->b, r->base);
}

static void destroyed_during_write(struct kunit *test)
{
	struct sim_test_rig *r = sim_test_rig_shm(test, 1);

	r->swap->on_write = destroy_during_write;
	KUNIT_EXPECT_EQ(test, 0, sim_test_scan_one(test, r->a, r->base));
	SIM_EXPECT_SHM(test, r->m, 0, 0, 0);
	sim_test_expect_idle(test, r);
}

static void destroyed_during_failing_write(struct kunit *test)
{
	struct sim_test_rig *r = sim_test_rig_shm(test, 1);

	r->swap->on_write = destroy_during_write;
	r->swap->fail_write.count = 1;
	KUNIT_EXPECT_EQ(test, 0, sim_test_scan_one(test, r->a, r->base));
	SIM_EXPECT_SHM(test, r->m, 0, 0, 0);
	sim_test_expect_idle(test, r);
}

static void destroyed_during_read(struct kunit *test)
{
	struct sim_test_rig *r = sim_test_rig_shm(test, 1);

	sim_test_reach(test, r, SIM_TEST_STAGE_D);
	r->swap->on_read = destroy_during_write;
	KUNIT_EXPECT_EQ(test, -EFAULT, sim_test_touch(r->a, r->base, false));
	SIM_EXPECT_SHM(test, r->m, 0, 0, 0);
	sim_test_expect_idle(test, r);
}

/* Two faults on one slot are one read here too. */
static void two_faults_on_one_entry(struct kunit *test)
{
	struct sim_test_rig *r = sim_test_rig_shm(test, 1);
	struct sim_test_thread *first, *second;
	sim_swp_entry_t entry;

	sim_test_reach(test, r, SIM_TEST_STAGE_D);
	entry = sim_test_entry(r->a, r->base);
	r->swap->on_read = sim_test_hold_io;
	first = sim_test_run_touch(test, r->a, r->base, false);
	KUNIT_ASSERT_TRUE(test, sim_test_wait_for(READ_ONCE(r->swap->nr_reads) == 1));
	second = sim_test_run_touch(test, r->b, r->base, true);
	KUNIT_EXPECT_TRUE(test, sim_test_wait_for(sim_test_pins(r->m, entry) == 2));
	sim_test_check(test, r->m);
	complete_all(&r->go);
	KUNIT_EXPECT_EQ(test, 0, sim_test_thread_join(test, first));
	KUNIT_EXPECT_EQ(test, 0, sim_test_thread_join(test, second));
	KUNIT_EXPECT_EQ(test, 1, r->swap->nr_reads);
	SIM_EXPECT_COUNTS(test, r->a, r->base, 4, 1);
	sim_test_verify(test, r->b, r->base, 1, 1);
}

static struct kunit_case cases[] = {
	KUNIT_CASE_PARAM(counts_at_stage, sim_test_stage_gen_params),
	KUNIT_CASE(entries_at_stages),
	KUNIT_CASE(faults_of_the_way_back),
	KUNIT_CASE(sole_user),
	KUNIT_CASE(fault_at_stage_b_needs_no_io),
	KUNIT_CASE(fault_at_stage_c_needs_no_io),
	KUNIT_CASE(cached_page_is_never_written_twice),
	KUNIT_CASE(page_dirty_in_both_is_written_once),
	KUNIT_CASE(scan_of_the_rotation_frees_at_once),
	KUNIT_CASE(clock_does_nothing),
	KUNIT_CASE(locked_segment_is_passed_over),
	KUNIT_CASE(segment_locked_with_page_in_the_cache),
	KUNIT_CASE(locked_attach_is_passed_over),
	KUNIT_CASE(unmapped_page_goes_to_swap),
	KUNIT_CASE(unmapped_page_of_locked_segment_stays),
	KUNIT_CASE(unmapped_page_stays_after_failed_write),
	KUNIT_CASE(unmapped_pages_stay_without_slots),
	KUNIT_CASE(unmapped_page_stored_to_during_its_write),
	KUNIT_CASE(unmapped_page_removed_during_its_write),
	KUNIT_CASE(store_after_write_out_is_written_again),
	KUNIT_CASE(store_and_exit_after_write_out),
	KUNIT_CASE_PARAM(store_at_stage, sim_test_stage_gen_params),
	KUNIT_CASE(store_of_sharer_during_write),
	KUNIT_CASE(store_and_exit_of_sharer_during_write),
	KUNIT_CASE(store_and_detach_while_discarded),
	KUNIT_CASE(store_of_victim_during_write),
	KUNIT_CASE(busy_page_stays),
	KUNIT_CASE(failed_write_keeps_the_page),
	KUNIT_CASE(failed_second_write_keeps_the_page),
	KUNIT_CASE(failed_read_keeps_the_slot),
	KUNIT_CASE_PARAM(detach_at_stage, sim_test_stage_gen_params),
	KUNIT_CASE_PARAM(attach_again_at_stage, sim_test_stage_gen_params),
	KUNIT_CASE_PARAM(removal_at_stage, sim_test_stage_gen_params),
	KUNIT_CASE_PARAM(exit_at_stage, sim_test_stage_gen_params),
	KUNIT_CASE_PARAM(fork_at_stage, sim_test_stage_gen_params),
	KUNIT_CASE_PARAM(swapoff_at_stage, sim_test_stage_gen_params),
	KUNIT_CASE_PARAM(swapoff_and_out_again_at_stage, sim_test_stage_gen_params),
	KUNIT_CASE(swapoff_with_page_that_cannot_be_read),
	KUNIT_CASE(detached_during_write),
	KUNIT_CASE(destroyed_during_write),
	KUNIT_CASE(destroyed_during_failing_write),
	KUNIT_CASE(destroyed_during_read),
	KUNIT_CASE(two_faults_on_one_entry),
	{}
};

static struct kunit_suite suite = {
	.name = "shmswap_shm_process",
	.init = sim_test_init,
	.exit = sim_test_exit,
	.test_cases = cases,
};

kunit_test_suite(suite);
