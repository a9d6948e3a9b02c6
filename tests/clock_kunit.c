// SPDX-License-Identifier: GPL-2.0
/*
 * The clock, clause by clause: what Linux 2.0's shm_swap() did in which order,
 * what follows from it, and what may happen while a page is written.
 *
 * Each case has one segment, index 0, attached by one process, and adds to it
 * what it needs. A page that was just touched is young: a visit makes it old,
 * the next one takes it away.
 */
#include <linux/ipc.h>
#include <linux/pagemap.h>

#include "kunit_helpers.h"

/**
 * struct scene - what most cases begin with
 * @test: case
 * @m: machine
 * @mm: process
 * @id: segment's identifier
 * @seg: segment
 * @base: where the process has it attached
 */
struct scene {
	struct kunit *test;
	struct sim_machine *m;
	struct sim_mm *mm;
	s32 id;
	struct sim_shmid *seg;
	u64 base;
};

/* A segment of @npages, attached, nothing touched. */
static struct scene scene_on(struct kunit *test, struct sim_machine *m, u64 npages)
{
	struct scene s = { .test = test, .m = m };

	s.mm = sim_test_process(test, m);
	s.id = sim_test_segment(test, m, npages);
	s.seg = sim_test_seg(test, m, s.id);
	s.base = sim_test_attach(test, s.mm, s.id);
	return s;
}

/* The same with all pages touched. */
static struct scene young_scene_on(struct kunit *test, struct sim_machine *m, u64 npages)
{
	struct scene s = scene_on(test, m, npages);

	sim_test_touch_pages(test, s.mm, s.base, npages);
	return s;
}

static struct scene young_scene(struct kunit *test, u64 npages)
{
	return young_scene_on(test, sim_test_machine(test), npages);
}

/* The same with nobody attached any more: the pages go at their first visit. */
static struct scene unmapped_scene_on(struct kunit *test, struct sim_machine *m, u64 npages)
{
	struct scene s = young_scene_on(test, m, npages);

	KUNIT_ASSERT_EQ(test, 0, sim_shmdt(s.mm, s.base));
	return s;
}

static struct scene unmapped_scene(struct kunit *test, u64 npages)
{
	return unmapped_scene_on(test, sim_test_machine(test), npages);
}

/* A machine that swaps to an area which the case controls. */
static struct sim_test_swap *controlled_swap(struct kunit *test, u32 slots)
{
	struct sim_machine *m = sim_test_machine_config(test, &(const struct sim_config) {
		.nr_frames = SIM_TEST_FRAMES,
	});

	return sim_test_swap_area(test, m, slots, -1);
}

static const bool kinds[] = { false, true };

static void kind_desc(const bool *synchronous, char *desc)
{
	strscpy(desc, *synchronous ? "like RAM" : "like a file", KUNIT_PARAM_DESC_SIZE);
}

KUNIT_ARRAY_PARAM(kind, kinds, kind_desc);

/* A machine that swaps to an area of the kind that the parameter says. */
static struct sim_test_swap *swap_of_kind(struct kunit *test, u32 slots)
{
	struct sim_machine *m = sim_test_machine_config(test, &(const struct sim_config) {
		.nr_frames = SIM_TEST_FRAMES,
	});

	if (*(const bool *)test->param_value)
		return sim_test_synchronous_area(test, m, slots, -1);
	return sim_test_swap_area(test, m, slots, -1);
}

static u64 page_at(const struct scene *s, pgoff_t index)
{
	return sim_test_page(s->base, index);
}

static s64 count_of(const struct scene *s, pgoff_t index)
{
	struct sim_page *page = sim_test_frame(s->seg, index);

	return page ? atomic64_read(&page->count) : 0;
}

static u32 slot_of(const struct scene *s, pgoff_t index)
{
	sim_pte_t word = sim_test_word(s->seg, index);

	return sim_pte_is_swap(word) ? sim_swp_offset(sim_pte_to_swp_entry(word)) : 0;
}

/* Pin the first @nr pages, which are resident. */
static void pin_pages(const struct scene *s, struct sim_page **pinned, u32 nr)
{
	u32 i;

	for (i = 0; i < nr; i++) {
		pinned[i] = sim_test_frame(s->seg, i);
		sim_pin_page(pinned[i]);
	}
}

static void unpin_pages(const struct scene *s, struct sim_page **pinned, u32 nr)
{
	while (nr--)
		sim_unpin_page(s->m, pinned[nr]);
}

/* ------------------------------------------------------- 1: the budget */

/* 63 >> 6 is 0: not even a slot is taken, no counter moves. */
static void shm_swap_with_budget_zero_does_nothing(struct kunit *test)
{
	struct sim_machine *m = sim_test_machine_config(test, &(const struct sim_config) {
		.nr_frames = 128,
		.ram_swap = 64,
	});
	struct scene s = unmapped_scene_on(test, m, 63);

	KUNIT_EXPECT_EQ(test, 0, sim_test_shm_swap(m, 6));
	SIM_EXPECT_CLOCK(test, m, 0, 0, 0, 0);
	/* Where the next slot is looked for would tell that one was taken. */
	KUNIT_EXPECT_EQ(test, 0, m->swap_info[0]->cluster_nr);
	KUNIT_EXPECT_EQ(test, 0, m->swap_info[0]->cluster_next);
	SIM_EXPECT_SHM(test, m, 63, 63, 0);
	SIM_EXPECT_WORD(test, s.seg, 0, "present young");
}

static void shm_swap_with_64_pages_works_at_prio_6(struct kunit *test)
{
	struct sim_machine *m = sim_test_machine_config(test, &(const struct sim_config) {
		.nr_frames = 128,
		.ram_swap = 64,
	});

	unmapped_scene_on(test, m, 64);
	KUNIT_EXPECT_EQ(test, 1, sim_test_shm_swap(m, 6));
	SIM_EXPECT_CLOCK(test, m, 0, 1, 1, 1);
}

static void shm_swap_of_empty_machine_does_nothing(struct kunit *test)
{
	struct sim_machine *m = sim_test_machine(test);

	KUNIT_EXPECT_EQ(test, 0, sim_test_shm_swap(m, 0));
	SIM_EXPECT_CLOCK(test, m, 0, 0, 0, 0);
}

static const int prios[] = { 0, 1, 2, 3, 4, 5, 6 };

static void prio_desc(const int *prio, char *desc)
{
	snprintf(desc, KUNIT_PARAM_DESC_SIZE, "prio %d", *prio);
}

KUNIT_ARRAY_PARAM(prio, prios, prio_desc);

/* 64 young pages: as many are examined as the budget says, one more is counted. */
static void budget_is_rss_shifted_by_prio(struct kunit *test)
{
	const int prio = *(const int *)test->param_value;
	struct sim_machine *m = sim_test_machine_config(test, &(const struct sim_config) {
		.nr_frames = 128,
		.ram_swap = 64,
	});
	u32 budget = 64 >> prio;

	young_scene_on(test, m, 64);
	KUNIT_EXPECT_EQ(test, 0, sim_test_shm_swap(m, prio));
	SIM_EXPECT_CLOCK(test, m, 0, prio ? budget + 1 : 1, budget + 1, 0);
	SIM_EXPECT_EVENT(test, m, PGAGED, budget);
}

/* ------------------------------------------------------- 2: the slot */

/* The slot comes first: without one no page is looked at, none made old. */
static void shm_swap_without_free_slot_looks_at_nothing(struct kunit *test)
{
	struct sim_machine *m = sim_test_machine_config(test, &(const struct sim_config) {
		.nr_frames = SIM_TEST_FRAMES,
	});
	struct scene s = young_scene_on(test, m, 4);

	KUNIT_EXPECT_EQ(test, 0, sim_test_shm_swap(m, 0));
	SIM_EXPECT_CLOCK(test, m, 0, 0, 0, 0);
	SIM_EXPECT_PTE(test, s.mm, s.base, "present young");
}

static void shm_swap_with_swap_full_looks_at_nothing(struct kunit *test)
{
	struct sim_test_swap *swap = controlled_swap(test, 2);
	struct scene s = unmapped_scene_on(test, swap->si->m, 4);

	KUNIT_EXPECT_EQ(test, 1, sim_test_shm_swap(s.m, 0));
	KUNIT_EXPECT_EQ(test, 1, sim_test_shm_swap(s.m, 0));
	KUNIT_EXPECT_EQ(test, 0, sim_test_shm_swap(s.m, 0));
	SIM_EXPECT_CLOCK(test, s.m, 0, 2, 2, 2);
	SIM_EXPECT_SHM(test, s.m, 4, 2, 2);
}

/* Whichever page it is in the end, it gets the slot that was reserved first. */
static void reserved_slot_is_kept_for_the_next_candidate(struct kunit *test)
{
	struct sim_test_swap *swap = controlled_swap(test, 8);
	struct scene s = young_scene_on(test, swap->si->m, 4);
	struct scene other = unmapped_scene_on(test, s.m, 1);

	KUNIT_EXPECT_EQ(test, 1, sim_test_shm_swap(s.m, 0));
	SIM_EXPECT_CLOCK(test, s.m, 1, 1, 5, 1);
	KUNIT_EXPECT_EQ(test, 1, slot_of(&other, 0));
	KUNIT_EXPECT_EQ(test, 1, swap->nr_io);
	KUNIT_EXPECT_EQ(test, 7ULL, s.m->nr_swap_pages);
}

static void reserved_slot_is_given_back_on_failure(struct kunit *test)
{
	struct sim_test_swap *swap = controlled_swap(test, 8);
	struct scene s = young_scene_on(test, swap->si->m, 4);

	KUNIT_EXPECT_EQ(test, 0, sim_test_shm_swap(s.m, 0));
	KUNIT_EXPECT_EQ(test, 8ULL, s.m->nr_swap_pages);
	KUNIT_EXPECT_EQ(test, 0, swap->si->inuse_pages);
	KUNIT_EXPECT_EQ(test, 0, swap->nr_io);
	KUNIT_EXPECT_EQ(test, 0, sim_swap_count(s.m, sim_swp_entry(swap->type, 1)));
	/* It had been slot 1, and it is again. */
	KUNIT_EXPECT_EQ(test, 1, sim_test_shm_swap(s.m, 0));
	KUNIT_EXPECT_EQ(test, 1, swap->io[0].slot);
}

/* A failed call changes no word, no slot: only young bits, hands and attempts. */
static void failed_shm_swap_changes_no_word(struct kunit *test)
{
	struct scene s = young_scene(test, 6);
	sim_pte_t word[6];
	int i;

	for (i = 0; i < 6; i++)
		word[i] = sim_test_word(s.seg, i);
	KUNIT_EXPECT_EQ(test, 0, sim_test_shm_swap(s.m, 1));
	for (i = 0; i < 6; i++)
		SIM_EXPECT_TEXT(test, sim_test_pte_text(word[i]),
				sim_test_pte_text(sim_test_word(s.seg, i)));
	SIM_EXPECT_SHM(test, s.m, 6, 6, 0);
	KUNIT_EXPECT_EQ(test, (u64)SIM_TEST_SLOTS, s.m->nr_swap_pages);
	SIM_EXPECT_EVENT(test, s.m, TLB_FLUSH_PAGE, 0);
}

/* ---------------------------------------- 3: segments that are passed over */

static void unused_segment_is_free_of_charge(struct kunit *test)
{
	struct scene s = scene_on(test, sim_test_machine(test), 1);
	s32 hole = sim_test_segment(test, s.m, 1);

	unmapped_scene_on(test, s.m, 1);
	KUNIT_ASSERT_EQ(test, 0, sim_test_shmctl(s.m, hole, IPC_RMID));
	KUNIT_EXPECT_EQ(test, 1, sim_test_shm_swap(s.m, 0));
	SIM_EXPECT_CLOCK(test, s.m, 2, 1, 1, 1);
}

/* Pages of a locked segment cost nothing, so the budget is left for others. */
static void locked_segment_is_free_of_charge(struct kunit *test)
{
	struct scene s = young_scene(test, 8);
	struct scene other = unmapped_scene_on(test, s.m, 1);

	KUNIT_ASSERT_EQ(test, 0, sim_test_shmctl(s.m, s.id, SHM_LOCK));
	KUNIT_EXPECT_EQ(test, 1, sim_test_shm_swap(s.m, 3));
	SIM_EXPECT_CLOCK(test, s.m, 1, 1, 1, 1);
	SIM_EXPECT_WORD(test, other.seg, 0, "swap");
}

static void locked_segment_is_untouched(struct kunit *test)
{
	struct scene s = young_scene(test, 4);
	sim_pte_t word = sim_test_word(s.seg, 3);
	int i;

	sim_test_shmctl(s.m, s.id, SHM_LOCK);
	for (i = 0; i < 10; i++)
		KUNIT_EXPECT_EQ(test, 0, sim_test_shm_swap(s.m, 0));
	for (i = 0; i < 4; i++)
		SIM_EXPECT_PTE(test, s.mm, page_at(&s, i), "present young");
	KUNIT_EXPECT_TRUE(test, sim_pte_same(word, sim_test_word(s.seg, 3)));
	SIM_EXPECT_CLOCK(test, s.m, 1, 0, 0, 0);
}

static void unlocked_segment_is_swapped_again(struct kunit *test)
{
	struct scene s = unmapped_scene(test, 1);

	sim_test_shmctl(s.m, s.id, SHM_LOCK);
	KUNIT_EXPECT_EQ(test, 0, sim_test_shm_swap(s.m, 0));
	sim_test_shmctl(s.m, s.id, SHM_UNLOCK);
	KUNIT_EXPECT_EQ(test, 1, sim_test_shm_swap(s.m, 0));
}

/* shm_rss has locked pages too: 36 >> 3 is 4, though 4 >> 3 would be 0. */
static void locked_segment_inflates_the_budget(struct kunit *test)
{
	struct scene locked = young_scene(test, 32);
	struct scene s = young_scene_on(test, locked.m, 4);

	sim_test_shmctl(s.m, locked.id, SHM_LOCK);
	KUNIT_EXPECT_EQ(test, 0, sim_test_shm_swap(s.m, 3));
	SIM_EXPECT_CLOCK(test, s.m, 1, 1, 5, 0);
}

/* -------------------------------------------- 4, 5: pages that cost nothing */

static void untouched_pages_are_free_of_charge(struct kunit *test)
{
	struct scene s = scene_on(test, sim_test_machine(test), 1100);

	sim_test_touch(s.mm, page_at(&s, 3), false);
	sim_test_touch(s.mm, page_at(&s, 1030), false);
	sim_shmdt(s.mm, s.base);
	KUNIT_EXPECT_EQ(test, 1, sim_test_shm_swap(s.m, 0));
	SIM_EXPECT_CLOCK(test, s.m, 0, 4, 1, 1);
	KUNIT_EXPECT_EQ(test, 1, sim_test_shm_swap(s.m, 0));
	SIM_EXPECT_CLOCK(test, s.m, 0, 1031, 2, 2);
}

static void swapped_pages_are_free_of_charge(struct kunit *test)
{
	struct scene s = unmapped_scene(test, 4);
	int i;

	for (i = 0; i < 3; i++)
		sim_test_shm_swap(s.m, 0);
	s.m->clock.swap_idx = 0;
	KUNIT_EXPECT_EQ(test, 1, sim_test_shm_swap(s.m, 0));
	SIM_EXPECT_CLOCK(test, s.m, 0, 4, 4, 4);
}

/* A page under I/O is passed over, and not made old. */
static void busy_page_is_free_of_charge(struct kunit *test)
{
	struct scene s = young_scene(test, 2);
	struct sim_page *page = sim_test_frame(s.seg, 0);

	KUNIT_ASSERT_TRUE(test, sim_trylock_page(page));
	/* Page 1 is made old, and on the second lap swapped out. */
	KUNIT_EXPECT_EQ(test, 1, sim_test_shm_swap(s.m, 0));
	sim_unlock_page(page);
	SIM_EXPECT_CLOCK(test, s.m, 0, 2, 2, 1);
	SIM_EXPECT_PTE(test, s.mm, page_at(&s, 0), "present young");
	SIM_EXPECT_WORD(test, s.seg, 1, "swap");
}

/* Nor does it use up the last of the budget. */
static void busy_page_does_not_end_the_budget(struct kunit *test)
{
	struct scene s = young_scene(test, 4);
	struct sim_page *page = sim_test_frame(s.seg, 2);

	KUNIT_ASSERT_TRUE(test, sim_trylock_page(page));
	KUNIT_EXPECT_EQ(test, 0, sim_test_shm_swap(s.m, 1));
	sim_unlock_page(page);
	/* 0 and 1 were examined, 2 was busy, 3 was the one too many. */
	SIM_EXPECT_CLOCK(test, s.m, 0, 4, 3, 0);
}

/* ------------------------------------------------- 6: attempts and budget */

/* The page on which the budget ends is counted, not examined, and passed over. */
static void failing_page_is_skipped_until_the_next_lap(struct kunit *test)
{
	struct scene s = young_scene(test, 4);

	KUNIT_EXPECT_EQ(test, 0, sim_test_shm_swap(s.m, 1));
	SIM_EXPECT_CLOCK(test, s.m, 0, 3, 3, 0);
	SIM_EXPECT_PTE(test, s.mm, page_at(&s, 1), "present old");
	SIM_EXPECT_PTE(test, s.mm, page_at(&s, 2), "present young");
	/* On with page 3, and round to page 0, which is old. */
	KUNIT_EXPECT_EQ(test, 1, sim_test_shm_swap(s.m, 1));
	SIM_EXPECT_CLOCK(test, s.m, 0, 1, 5, 1);
	SIM_EXPECT_PTE(test, s.mm, page_at(&s, 2), "present young");
	SIM_EXPECT_PTE(test, s.mm, page_at(&s, 3), "present old");
}

static const u32 ordinals[] = { 1, 2, 3, 7, 8 };

static void ordinal_desc(const u32 *k, char *desc)
{
	snprintf(desc, KUNIT_PARAM_DESC_SIZE, "page %u", *k);
}

KUNIT_ARRAY_PARAM(ordinal, ordinals, ordinal_desc);

/* Success on the k-th page examined is k attempts, all of the budget included. */
static void success_on_kth_page_is_k_attempts(struct kunit *test)
{
	const u32 k = *(const u32 *)test->param_value;
	struct scene s = unmapped_scene(test, 8);
	struct sim_page *pinned[8];

	pin_pages(&s, pinned, k - 1);
	KUNIT_EXPECT_EQ(test, 1, sim_test_shm_swap(s.m, 0));
	SIM_EXPECT_CLOCK(test, s.m, 0, k, k, 1);
	unpin_pages(&s, pinned, k - 1);
}

/* ------------------------------------------------- 7: examining a page */

static void young_page_is_made_old_and_kept(struct kunit *test)
{
	struct scene s = young_scene(test, 1);

	KUNIT_EXPECT_EQ(test, 0, sim_test_shm_swap(s.m, 0));
	SIM_EXPECT_PTE(test, s.mm, s.base, "present old");
	KUNIT_EXPECT_EQ(test, 2LL, count_of(&s, 0));
	KUNIT_EXPECT_EQ(test, 1L, atomic_long_read(&s.mm->rss));
	SIM_EXPECT_EVENT(test, s.m, PGAGED, 1);
	/* A mere change of the accessed bit is not flushed. */
	SIM_EXPECT_EVENT(test, s.m, TLB_FLUSH_PAGE, 0);
}

/* An access between two visits saves the page. */
static void page_touched_again_gets_a_second_chance(struct kunit *test)
{
	struct scene s = young_scene(test, 1);
	int i;

	for (i = 0; i < 5; i++) {
		KUNIT_EXPECT_EQ(test, 0, sim_test_shm_swap(s.m, 0));
		SIM_EXPECT_PTE(test, s.mm, s.base, "present old");
		KUNIT_EXPECT_EQ(test, 0, sim_test_touch(s.mm, s.base, false));
		SIM_EXPECT_PTE(test, s.mm, s.base, "present young");
		/* The hand passed over the page when the budget ended. */
		s.m->clock = (struct sim_clock) {};
	}
	SIM_EXPECT_SHM(test, s.m, 1, 1, 0);
}

static void old_page_becomes_the_signature(struct kunit *test)
{
	struct scene first = scene_on(test, sim_test_machine(test), 1);
	struct scene s = young_scene_on(test, first.m, 3);
	int i;

	/* At prio 0 a call makes all old and then evicts: six calls at most. */
	for (i = 0; i < 6; i++)
		sim_test_shm_swap(s.m, 0);
	for (i = 0; i < 3; i++)
		SIM_EXPECT_PTE_SIGNATURE(test, s.mm, page_at(&s, i), 1, i);
	KUNIT_EXPECT_EQ(test, 0L, atomic_long_read(&s.mm->rss));
	SIM_EXPECT_EVENT(test, s.m, PGUNMAP, 3);
	SIM_EXPECT_EVENT(test, s.m, TLB_FLUSH_PAGE, 3);
}

/* The index of the segment is in the signature, not its identifier. */
static void signature_of_reused_index_has_no_sequence(struct kunit *test)
{
	struct sim_machine *m = sim_test_machine(test);
	struct scene s;

	sim_test_shmctl(m, sim_test_segment(test, m, 1), IPC_RMID);
	s = young_scene_on(test, m, 1);
	KUNIT_ASSERT_EQ(test, SHMSWAP_MAX_SEGMENTS, s.id);
	sim_test_swap_out_all(test, m);
	SIM_EXPECT_PTE_SIGNATURE(test, s.mm, s.base, 0, 0);
}

/* Old in one process, young in the other: taken from the one, kept in the other. */
static void partial_unmapping_stays(struct kunit *test)
{
	struct scene s = young_scene(test, 1);
	struct sim_mm *other = sim_test_process(test, s.m);
	u64 base = sim_test_attach(test, other, s.id);

	sim_test_shm_swap(s.m, 0);
	s.m->clock = (struct sim_clock) {};
	KUNIT_ASSERT_EQ(test, 0, sim_test_touch(other, base, false));
	KUNIT_EXPECT_EQ(test, 3LL, count_of(&s, 0));

	KUNIT_EXPECT_EQ(test, 0, sim_test_shm_swap(s.m, 0));
	SIM_EXPECT_PTE_SIGNATURE(test, s.mm, s.base, 0, 0);
	SIM_EXPECT_PTE(test, other, base, "present old");
	KUNIT_EXPECT_EQ(test, 2LL, count_of(&s, 0));
	KUNIT_EXPECT_EQ(test, 0L, atomic_long_read(&s.mm->rss));
	KUNIT_EXPECT_EQ(test, 1L, atomic_long_read(&other->rss));
	SIM_EXPECT_SHM(test, s.m, 1, 1, 0);
	KUNIT_EXPECT_EQ(test, (u64)SIM_TEST_SLOTS, s.m->nr_swap_pages);

	sim_test_swap_out_all(test, s.m);
	SIM_EXPECT_PTE_SIGNATURE(test, other, base, 0, 0);
}

/* Every sharer is visited, once, wherever in the list it is. */
static void every_sharer_is_visited(struct kunit *test)
{
	struct scene s = young_scene(test, 1);
	struct sim_mm *mm[5] = { s.mm };
	u64 base[5] = { s.base };
	int i;

	for (i = 1; i < 5; i++) {
		mm[i] = sim_test_process(test, s.m);
		base[i] = sim_test_attach(test, mm[i], s.id);
		sim_test_touch(mm[i], base[i], i & 1);
	}
	KUNIT_EXPECT_EQ(test, 0, sim_test_shm_swap(s.m, 0));
	SIM_EXPECT_EVENT(test, s.m, PGAGED, 5);
	for (i = 0; i < 5; i++)
		SIM_EXPECT_PTE(test, mm[i], base[i], "present old");
	s.m->clock = (struct sim_clock) {};
	KUNIT_EXPECT_EQ(test, 1, sim_test_shm_swap(s.m, 0));
	SIM_EXPECT_EVENT(test, s.m, PGUNMAP, 5);
	for (i = 0; i < 5; i++)
		SIM_EXPECT_PTE_SIGNATURE(test, mm[i], base[i], 0, 0);
}

/* A process that has the segment attached twice is two sharers. */
static void two_attaches_of_one_process_are_two_sharers(struct kunit *test)
{
	struct scene s = young_scene(test, 1);
	u64 base = sim_test_attach(test, s.mm, s.id);

	sim_test_touch(s.mm, base, true);
	KUNIT_EXPECT_EQ(test, 3LL, count_of(&s, 0));
	KUNIT_EXPECT_EQ(test, 2L, atomic_long_read(&s.mm->rss));
	sim_test_swap_out_all(test, s.m);
	SIM_EXPECT_PTE_SIGNATURE(test, s.mm, s.base, 0, 0);
	SIM_EXPECT_PTE_SIGNATURE(test, s.mm, base, 0, 0);
	KUNIT_EXPECT_EQ(test, 0L, atomic_long_read(&s.mm->rss));
}

/* The list is circular, and a new attach goes to its tail. */
static void sharers_are_in_attach_order(struct kunit *test)
{
	struct scene s = scene_on(test, sim_test_machine(test), 1);
	struct sim_mm *mm[4] = { s.mm };
	struct sim_vma *vma;
	int i;

	for (i = 1; i < 4; i++) {
		mm[i] = sim_test_process(test, s.m);
		sim_test_attach(test, mm[i], s.id);
	}
	mutex_lock(&s.seg->lock);
	vma = s.seg->attaches;
	for (i = 0; i < 4; i++, vma = vma->vm_next_shared) {
		KUNIT_EXPECT_PTR_EQ(test, mm[i], vma->vm_mm);
		KUNIT_EXPECT_PTR_EQ(test, vma, vma->vm_next_shared->vm_prev_shared);
	}
	KUNIT_EXPECT_PTR_EQ(test, s.seg->attaches, vma);
	mutex_unlock(&s.seg->lock);
}

/* A process without a page table there, and one with an empty entry. */
static void sharer_that_never_mapped_the_page_is_skipped(struct kunit *test)
{
	struct scene s = young_scene(test, 2);
	struct sim_mm *without = sim_test_process(test, s.m);
	struct sim_mm *with = sim_test_process(test, s.m);
	u64 base = sim_test_attach(test, with, s.id);

	sim_test_attach(test, without, s.id);
	sim_test_touch(with, sim_test_page(base, 1), false);
	s.m->clock.swap_idx = 0;
	sim_test_swap_out_all(test, s.m);
	SIM_EXPECT_PTE(test, with, base, "none");
	SIM_EXPECT_PTE_SIGNATURE(test, with, sim_test_page(base, 1), 0, 1);
	KUNIT_EXPECT_NULL(test, without->pgd);
}

/*
 * SHM_REMAP punches a hole of one page into an attach of eight. What lies in
 * the hole belongs to another segment, which must not notice.
 */
static void hole_in_an_attach_is_skipped(struct kunit *test)
{
	struct scene s = young_scene(test, 8);
	s32 patch = sim_test_segment(test, s.m, 1);
	u64 hole = page_at(&s, 3);
	int i;

	sim_test_attach_at(test, s.mm, patch, hole, SHM_REMAP);
	KUNIT_ASSERT_EQ(test, 0, sim_test_touch(s.mm, hole, true));
	sim_test_shmctl(s.m, patch, SHM_LOCK);
	/* Eight pages in two visits each, and what ends their budgets. */
	for (i = 0; i < 30; i++)
		sim_test_shm_swap(s.m, 0);
	SIM_EXPECT_SHM(test, s.m, 9, 1, 8);
	SIM_EXPECT_PTE(test, s.mm, hole, "present young");
	SIM_EXPECT_PTE_SIGNATURE(test, s.mm, page_at(&s, 2), 0, 2);
	SIM_EXPECT_PTE_SIGNATURE(test, s.mm, page_at(&s, 4), 0, 4);
	SIM_EXPECT_PTE_SIGNATURE(test, s.mm, page_at(&s, 7), 0, 7);
}

/* Both pieces that a hole leaves are sharers: their pages need two visits. */
static void pieces_of_a_split_attach_are_sharers(struct kunit *test)
{
	struct scene s = young_scene(test, 8);
	s32 patch = sim_test_segment(test, s.m, 1);

	sim_test_attach_at(test, s.mm, patch, page_at(&s, 3), SHM_REMAP);
	/* Page 3 is nobody's now: the hand gets to it first. */
	KUNIT_EXPECT_EQ(test, 1, sim_test_shm_swap(s.m, 0));
	SIM_EXPECT_CLOCK(test, s.m, 0, 4, 4, 1);
	KUNIT_EXPECT_EQ(test, 1, sim_test_shm_swap(s.m, 0));
	SIM_EXPECT_CLOCK(test, s.m, 0, 1, 9, 2);
	SIM_EXPECT_EVENT(test, s.m, PGAGED, 7);
	SIM_EXPECT_PTE(test, s.mm, page_at(&s, 7), "present old");
}

/* That a page is dirty, or read-only in a process, makes no difference. */
static void read_only_attach_is_treated_alike(struct kunit *test)
{
	struct scene s = young_scene(test, 1);
	struct sim_mm *reader = sim_test_process(test, s.m);
	u64 base = sim_test_attach_at(test, reader, s.id, 0, SHM_RDONLY);

	sim_test_touch(reader, base, false);
	sim_test_swap_out_all(test, s.m);
	SIM_EXPECT_CLOCK(test, s.m, 0, 1, 3, 1);
	SIM_EXPECT_PTE_SIGNATURE(test, reader, base, 0, 0);
	SIM_EXPECT_EVENT(test, s.m, PSWPOUT, 1);
}

/* Somebody holds the page beyond the page tables: it stays, the hand goes on. */
static void pinned_page_is_kept(struct kunit *test)
{
	struct scene s = unmapped_scene(test, 2);
	struct sim_page *page = sim_test_frame(s.seg, 0);

	sim_pin_page(page);
	KUNIT_EXPECT_EQ(test, 1, sim_test_shm_swap(s.m, 0));
	SIM_EXPECT_CLOCK(test, s.m, 0, 2, 2, 1);
	SIM_EXPECT_WORD(test, s.seg, 0, "present young");
	SIM_EXPECT_WORD(test, s.seg, 1, "swap");
	KUNIT_EXPECT_FALSE(test, test_bit(SIM_PG_LOCKED, &page->flags));
	sim_unpin_page(s.m, page);
	sim_test_swap_out_all(test, s.m);
}

/* Its mappings go nevertheless, as in partial unmapping. */
static void pinned_page_is_unmapped(struct kunit *test)
{
	struct scene s = young_scene(test, 1);
	struct sim_page *page = sim_test_frame(s.seg, 0);
	int i;

	sim_pin_page(page);
	for (i = 0; i < 3; i++)
		KUNIT_EXPECT_EQ(test, 0, sim_test_shm_swap(s.m, 0));
	SIM_EXPECT_PTE_SIGNATURE(test, s.mm, s.base, 0, 0);
	KUNIT_EXPECT_EQ(test, SIM_PIN + 1, count_of(&s, 0));
	sim_unpin_page(s.m, page);
	/* And a fault finds it where it is. */
	KUNIT_EXPECT_EQ(test, 0, sim_test_touch(s.mm, s.base, false));
	KUNIT_EXPECT_PTR_EQ(test, page, sim_test_frame(s.seg, 0));
	SIM_EXPECT_EVENT(test, s.m, PSWPOUT, 0);
}

static void success_updates_every_account(struct kunit *test)
{
	struct sim_test_swap *swap = swap_of_kind(test, 8);
	struct scene s = unmapped_scene_on(test, swap->si->m, 3);
	struct sim_page *page = sim_test_frame(s.seg, 0);
	u32 free = s.m->nr_free_pages;

	KUNIT_EXPECT_EQ(test, 1, sim_test_shm_swap(s.m, 0));
	SIM_EXPECT_TEXT(test, sim_test_pte_text(sim_swp_entry_to_pte(sim_swp_entry(0, 1))),
			sim_test_pte_text(sim_test_word(s.seg, 0)));
	SIM_EXPECT_SHM(test, s.m, 3, 2, 1);
	KUNIT_EXPECT_EQ(test, 2UL, s.seg->rss);
	KUNIT_EXPECT_EQ(test, 1UL, s.seg->swp);
	KUNIT_EXPECT_EQ(test, free + 1, s.m->nr_free_pages);
	KUNIT_EXPECT_EQ(test, 0LL, atomic64_read(&page->count));
	KUNIT_EXPECT_NULL(test, page->seg);
	KUNIT_EXPECT_EQ(test, 1, sim_swap_count(s.m, sim_swp_entry(0, 1)));
	KUNIT_EXPECT_EQ(test, 7ULL, s.m->nr_swap_pages);
	KUNIT_EXPECT_EQ(test, 0, atomic_read(&s.m->nr_swapcache));
	SIM_EXPECT_EVENT(test, s.m, PSWPOUT, 1);
	SIM_EXPECT_EVENT(test, s.m, PGFREE, 1);
}

/* ------------------------------------------- 8, 9: on to the next segment */

static void next_segment_starts_at_its_first_page(struct kunit *test)
{
	struct scene s = unmapped_scene(test, 4);
	struct scene other = unmapped_scene_on(test, s.m, 4);
	int i;

	for (i = 0; i < 4; i++)
		sim_test_shm_swap(s.m, 0);
	SIM_EXPECT_CLOCK(test, s.m, 0, 4, 4, 4);
	KUNIT_EXPECT_EQ(test, 1, sim_test_shm_swap(s.m, 0));
	SIM_EXPECT_CLOCK(test, s.m, 1, 1, 5, 5);
	SIM_EXPECT_WORD(test, other.seg, 0, "swap");
	SIM_EXPECT_WORD(test, other.seg, 1, "present young");
}

/* One wrap is allowed: what lies before the hand is found. */
static void first_wrap_goes_on_at_segment_zero(struct kunit *test)
{
	struct scene s = unmapped_scene(test, 2);

	s.m->clock = (struct sim_clock) { .swap_id = 0, .swap_idx = 1 };
	KUNIT_EXPECT_EQ(test, 1, sim_test_shm_swap(s.m, 0));
	SIM_EXPECT_CLOCK(test, s.m, 0, 2, 1, 1);
	KUNIT_EXPECT_EQ(test, 1, sim_test_shm_swap(s.m, 0));
	SIM_EXPECT_CLOCK(test, s.m, 0, 1, 2, 2);
}

/*
 * Two pages that cannot go, and budget for more: both laps examine them, then
 * the hand stays behind the last segment. The next call begins with the wrap,
 * which is its only one: one lap.
 */
static void second_wrap_fails(struct kunit *test)
{
	struct scene locked = young_scene(test, 8);
	struct scene s = unmapped_scene_on(test, locked.m, 2);
	struct sim_page *pinned[2];

	sim_test_shmctl(s.m, locked.id, SHM_LOCK);
	pin_pages(&s, pinned, 2);
	KUNIT_EXPECT_EQ(test, 0, sim_test_shm_swap(s.m, 0));
	SIM_EXPECT_CLOCK(test, s.m, 2, 0, 4, 0);
	KUNIT_EXPECT_EQ(test, 0, sim_test_shm_swap(s.m, 0));
	SIM_EXPECT_CLOCK(test, s.m, 2, 0, 6, 0);
	KUNIT_EXPECT_EQ(test, (u64)SIM_TEST_SLOTS, s.m->nr_swap_pages);
	unpin_pages(&s, pinned, 2);
}

/* A new segment behind the last is where the hand already is. */
static void hand_behind_the_last_segment_finds_a_new_one(struct kunit *test)
{
	struct scene s = young_scene(test, 1);
	struct scene other;

	sim_test_shmctl(s.m, s.id, SHM_LOCK);
	KUNIT_EXPECT_EQ(test, 0, sim_test_shm_swap(s.m, 0));
	SIM_EXPECT_CLOCK(test, s.m, 1, 0, 0, 0);
	other = unmapped_scene_on(test, s.m, 1);
	KUNIT_EXPECT_EQ(test, 1, sim_test_shm_swap(s.m, 0));
	SIM_EXPECT_CLOCK(test, s.m, 1, 1, 1, 1);
	SIM_EXPECT_WORD(test, other.seg, 0, "swap");
}

/* The segment under the hand is destroyed, and the last ones too. */
static void hand_beyond_the_last_segment_wraps(struct kunit *test)
{
	struct scene s = unmapped_scene(test, 2);
	s32 ids[4];
	int i;

	for (i = 0; i < 4; i++)
		ids[i] = sim_test_segment(test, s.m, 1);
	s.m->clock = (struct sim_clock) { .swap_id = 4, .swap_idx = 1 };
	for (i = 0; i < 4; i++)
		sim_test_shmctl(s.m, ids[i], IPC_RMID);
	KUNIT_EXPECT_EQ(test, 0, s.m->shm_max_id);
	KUNIT_EXPECT_EQ(test, 1, sim_test_shm_swap(s.m, 0));
	SIM_EXPECT_CLOCK(test, s.m, 0, 1, 1, 1);
}

/* With the table full to the last entry there is nothing behind it: 0 again. */
static void hand_behind_the_last_entry_is_clamped(struct kunit *test)
{
	struct sim_machine *m = sim_test_machine_config(test, &(const struct sim_config) {
		.nr_frames = SIM_TEST_FRAMES,
		.ram_swap = SIM_TEST_SLOTS,
		.shmmni = SHMSWAP_MAX_SEGMENTS,
	});
	struct scene s = young_scene_on(test, m, 1);
	s32 id = 0;

	while (m->shm_used < SHMSWAP_MAX_SEGMENTS)
		id = sim_test_segment(test, m, 1);
	KUNIT_EXPECT_EQ(test, SHMSWAP_MAX_SEGMENTS - 1, id);
	sim_test_shmctl(m, s.id, SHM_LOCK);
	KUNIT_EXPECT_EQ(test, 0, sim_test_shm_swap(m, 0));
	SIM_EXPECT_CLOCK(test, m, 0, 0, 0, 0);
	sim_test_shmctl(m, s.id, SHM_UNLOCK);
	KUNIT_EXPECT_EQ(test, 0, sim_test_shm_swap(m, 0));
	SIM_EXPECT_CLOCK(test, m, 0, 1, 2, 0);
}

/* --------------------------------------------------------- what follows */

static void unattached_segment_goes_at_the_first_visit(struct kunit *test)
{
	struct scene s = unmapped_scene(test, 3);
	int i;

	for (i = 1; i <= 3; i++) {
		KUNIT_EXPECT_EQ(test, 1, sim_test_shm_swap(s.m, 0));
		SIM_EXPECT_CLOCK(test, s.m, 0, i, i, i);
	}
	KUNIT_EXPECT_EQ(test, 0, sim_test_shm_swap(s.m, 0));
	SIM_EXPECT_CLOCK(test, s.m, 0, 3, 3, 3);
}

/**
 * struct example_step - a call in the worked example
 * @ret: what it returns
 * @idx: the second hand then
 * @attempts: then
 * @successes: then
 */
struct example_step {
	int ret;
	u32 idx;
	u32 attempts;
	u32 successes;
};

/*
 * One segment of eight resident pages, one attach, all young, prio 0. The first
 * call makes all old and ends its budget on page 0, which the hand passes over.
 */
static void worked_example_of_eight_pages(struct kunit *test)
{
	static const struct example_step steps[] = {
		{ 0, 1, 9, 0 }, { 1, 2, 10, 1 }, { 1, 3, 11, 2 }, { 1, 4, 12, 3 },
		{ 1, 5, 13, 4 }, { 1, 6, 14, 5 }, { 1, 7, 15, 6 }, { 1, 8, 16, 7 },
		{ 1, 1, 17, 8 }, { 0, 1, 17, 8 },
	};
	struct scene s = young_scene(test, 8);
	size_t i;

	for (i = 0; i < ARRAY_SIZE(steps); i++) {
		KUNIT_EXPECT_EQ(test, steps[i].ret, sim_test_shm_swap(s.m, 0));
		SIM_EXPECT_CLOCK(test, s.m, 0, steps[i].idx, steps[i].attempts,
				 steps[i].successes);
	}
	SIM_EXPECT_SHM(test, s.m, 8, 0, 8);
}

/* Out and in again: every attach sees the same bytes, the slots are free again. */
static void swapped_pages_come_back_as_they_were(struct kunit *test)
{
	struct scene s = scene_on(test, sim_test_machine(test), 8);
	struct sim_mm *other = sim_test_process(test, s.m);
	u64 base = sim_test_attach(test, other, s.id);
	int round;

	for (round = 0; round < 3; round++) {
		sim_test_fill(test, s.mm, s.base, 8, round);
		sim_test_swap_out_all(test, s.m);
		sim_test_verify(test, other, base, 8, round);
		sim_test_verify(test, s.mm, s.base, 8, round);
		KUNIT_EXPECT_EQ(test, (u64)SIM_TEST_SLOTS, s.m->nr_swap_pages);
	}
	SIM_EXPECT_EVENT(test, s.m, PSWPOUT, 24);
	SIM_EXPECT_EVENT(test, s.m, PSWPIN, 24);
}

/* The slot is released by swap-in, so an unchanged page is written again. */
static void unchanged_page_is_written_again(struct kunit *test)
{
	struct sim_test_swap *swap = controlled_swap(test, 8);
	struct scene s = young_scene_on(test, swap->si->m, 1);
	int i;

	for (i = 1; i <= 3; i++) {
		sim_test_swap_out_all(test, s.m);
		KUNIT_EXPECT_EQ(test, i, swap->nr_writes);
		sim_test_touch(s.mm, s.base, false);
		KUNIT_EXPECT_EQ(test, i, swap->nr_reads);
		KUNIT_EXPECT_EQ(test, 0, swap->si->inuse_pages);
	}
}

/* ------------------------------------------------ while a page is written */

/* What a callback sees in the middle of a write. */
struct snapshot {
	struct scene *s;
	struct sim_test_text word;
	struct sim_test_text shm;
	u32 slot_count;
	u32 nr_free_pages;
	u64 successes;
	int nr_swapcache;
	bool locks_held;
};

static void take_snapshot(struct sim_test_swap *swap, u32 slot)
{
	struct snapshot *snap = swap->data;
	struct scene *s = snap->s;

	snap->locks_held = mutex_is_locked(&s->seg->lock) || rwsem_is_locked(&s->m->state_lock) ||
			   mutex_is_locked(&s->m->swap_lock) || mutex_is_locked(&s->m->shm_lock);
	snap->word = sim_test_pte_text(sim_test_word(s->seg, 0));
	snap->shm = sim_test_shm_text(s->m->shm_tot, atomic_long_read(&s->m->shm_rss),
				      atomic_long_read(&s->m->shm_swp));
	mutex_lock(&s->m->swap_lock);
	snap->slot_count = sim_swap_count(s->m, sim_swp_entry(swap->type, slot));
	mutex_unlock(&s->m->swap_lock);
	snap->nr_free_pages = s->m->nr_free_pages;
	snap->nr_swapcache = atomic_read(&s->m->nr_swapcache);
	snap->successes = sim_test_event(s->m, SIM_SWAP_SUCCESSES);
}

/* The slot is in the word, with the counters, before the write; the frame goes after. */
static void slot_is_published_before_the_write(struct kunit *test)
{
	struct sim_test_swap *swap = controlled_swap(test, 8);
	struct scene s = unmapped_scene_on(test, swap->si->m, 1);
	struct snapshot snap = { .s = &s };

	swap->on_write = take_snapshot;
	swap->data = &snap;
	KUNIT_EXPECT_EQ(test, 1, sim_test_shm_swap(s.m, 0));
	SIM_EXPECT_TEXT(test, sim_test_pte_text(sim_swp_entry_to_pte(sim_swp_entry(0, 1))),
			snap.word);
	SIM_EXPECT_TEXT(test, sim_test_shm_text(1, 0, 1), snap.shm);
	/* The word's count and the swap cache's. */
	KUNIT_EXPECT_EQ(test, 2, snap.slot_count);
	KUNIT_EXPECT_EQ(test, 1, snap.nr_swapcache);
	KUNIT_EXPECT_EQ(test, SIM_TEST_FRAMES - 1, snap.nr_free_pages);
	KUNIT_EXPECT_EQ(test, 0ULL, snap.successes);
	KUNIT_EXPECT_FALSE(test, snap.locks_held);
	KUNIT_EXPECT_EQ(test, SIM_TEST_FRAMES, s.m->nr_free_pages);
}

static void remove_segment(struct sim_test_swap *swap, u32 slot)
{
	struct scene *s = swap->data;

	sim_test_shmctl(s->m, s->id, IPC_RMID);
}

/* All accounts converge; the page is gone, and that is a success. */
static void segment_removed_during_write(struct kunit *test)
{
	struct sim_test_swap *swap = controlled_swap(test, 8);
	struct scene s = unmapped_scene_on(test, swap->si->m, 3);

	swap->on_write = remove_segment;
	swap->data = &s;
	KUNIT_EXPECT_EQ(test, 1, sim_test_shm_swap(s.m, 0));
	SIM_EXPECT_SHM(test, s.m, 0, 0, 0);
	SIM_EXPECT_CLOCK(test, s.m, 0, 1, 1, 1);
	KUNIT_EXPECT_EQ(test, SIM_TEST_FRAMES, s.m->nr_free_pages);
	KUNIT_EXPECT_EQ(test, 8ULL, s.m->nr_swap_pages);
	KUNIT_EXPECT_EQ(test, 0L, atomic_long_read(&s.m->table_bytes));
}

/* If the write fails too, the slot is retired and nothing else remains. */
static void segment_removed_during_failing_write(struct kunit *test)
{
	struct sim_test_swap *swap = controlled_swap(test, 8);
	struct scene s = unmapped_scene_on(test, swap->si->m, 3);

	swap->on_write = remove_segment;
	swap->data = &s;
	swap->fail_write.count = 1;
	KUNIT_EXPECT_EQ(test, 0, sim_test_shm_swap(s.m, 0));
	SIM_EXPECT_SHM(test, s.m, 0, 0, 0);
	KUNIT_EXPECT_EQ(test, SIM_TEST_FRAMES, s.m->nr_free_pages);
	KUNIT_EXPECT_EQ(test, 7ULL, s.m->nr_swap_pages);
	KUNIT_EXPECT_EQ(test, (u32)SIM_SWAP_MAP_BAD,
			sim_swap_count(s.m, sim_swp_entry(swap->type, 1)));
}

/* A new segment takes the place of the one that is being written. */
static void replace_segment(struct sim_test_swap *swap, u32 slot)
{
	struct scene *s = swap->data;
	u64 base;
	s32 id;

	sim_test_shmctl(s->m, s->id, IPC_RMID);
	id = sim_test_segment(s->test, s->m, 1);
	base = sim_test_attach(s->test, s->mm, id);
	sim_test_fill(s->test, s->mm, base, 1, 7);
	s->id = id;
	s->base = base;
}

static void segment_replaced_during_write(struct kunit *test)
{
	struct sim_test_swap *swap = controlled_swap(test, 8);
	struct scene s = unmapped_scene_on(test, swap->si->m, 1);

	swap->on_write = replace_segment;
	swap->data = &s;
	KUNIT_EXPECT_EQ(test, 1, sim_test_shm_swap(s.m, 0));
	swap->on_write = NULL;
	KUNIT_EXPECT_EQ(test, 0, sim_shm_index(s.id));
	SIM_EXPECT_SHM(test, s.m, 1, 1, 0);
	sim_test_verify(test, s.mm, s.base, 1, 7);
	KUNIT_EXPECT_EQ(test, 8ULL, s.m->nr_swap_pages);
}

static void exit_process(struct sim_test_swap *swap, u32 slot)
{
	struct scene *s = swap->data;

	sim_test_shmctl(s->m, s->id, IPC_RMID);
	sim_test_process_exit(s->test, s->mm);
}

/* The last detach destroys a doomed segment, in the middle of a write too. */
static void last_process_exits_during_write(struct kunit *test)
{
	struct sim_test_swap *swap = controlled_swap(test, 8);
	struct scene s = young_scene_on(test, swap->si->m, 2);

	swap->on_write = exit_process;
	swap->data = &s;
	sim_test_shm_swap(s.m, 0);
	KUNIT_EXPECT_EQ(test, 1, sim_test_shm_swap(s.m, 0));
	SIM_EXPECT_SHM(test, s.m, 0, 0, 0);
	KUNIT_EXPECT_EQ(test, SIM_TEST_FRAMES, s.m->nr_free_pages);
	KUNIT_EXPECT_EQ(test, 8ULL, s.m->nr_swap_pages);
}

/* Others go on meanwhile: a fault, a new segment, an attach and a fork. */
static void do_everything(struct sim_test_swap *swap, u32 slot)
{
	struct scene *s = swap->data;
	struct kunit *test = s->test;
	struct scene other;

	KUNIT_EXPECT_EQ(test, 0, sim_test_touch(s->mm, page_at(s, 1), true));
	KUNIT_EXPECT_EQ(test, 0, sim_test_touch(s->mm, page_at(s, 3), true));
	other = young_scene_on(test, s->m, 1);
	sim_test_fork(test, s->mm);
	KUNIT_EXPECT_EQ(test, 0, sim_shmdt(other.mm, other.base));
	KUNIT_EXPECT_EQ(test, 0, sim_test_shmctl(s->m, other.id, IPC_RMID));
}

static void nothing_else_waits_during_write(struct kunit *test)
{
	struct sim_test_swap *swap = controlled_swap(test, 8);
	struct scene s = scene_on(test, swap->si->m, 4);

	sim_test_fill(test, s.mm, s.base, 1, 3);
	swap->on_write = do_everything;
	swap->data = &s;
	sim_test_shm_swap(s.m, 0);
	s.m->clock = (struct sim_clock) {};
	KUNIT_EXPECT_EQ(test, 1, sim_test_shm_swap(s.m, 0));
	swap->on_write = NULL;
	SIM_EXPECT_SHM(test, s.m, 4, 2, 1);
	sim_test_verify(test, s.mm, s.base, 1, 3);
}

/**
 * struct race - a fault on the very page that is being written
 * @s: scene
 * @page: the page
 * @thread: who faults
 * @waited: it waited for the write, with the page pinned
 * @kill: it is killed meanwhile
 */
struct race {
	struct scene *s;
	struct sim_page *page;
	struct sim_test_thread *thread;
	bool waited;
	bool kill;
};

static int touch_page_0(void *data)
{
	struct race *race = data;

	return sim_test_touch(race->s->mm, race->s->base, true);
}

static void fault_on_it(struct sim_test_swap *swap, u32 slot)
{
	struct race *race = swap->data;

	race->thread = sim_test_thread_run(race->s->test, touch_page_0, race);
	race->waited = sim_test_wait_for(atomic64_read(&race->page->count) >= SIM_PIN);
	if (!race->kill)
		return;
	sim_test_thread_kill(race->thread);
	sim_test_wait_for(completion_done(&race->thread->done));
}

/* Make page 0 old, then let somebody fault on it while it is written. */
static int swap_out_with_fault(struct scene *s, struct sim_test_swap *swap, struct race *race)
{
	int ret;

	race->s = s;
	sim_test_fill(s->test, s->mm, s->base, 1, 5);
	race->page = sim_test_frame(s->seg, 0);
	swap->data = race;
	swap->on_write = fault_on_it;
	sim_test_shm_swap(s->m, 0);
	s->m->clock = (struct sim_clock) {};
	ret = sim_test_shm_swap(s->m, 0);
	swap->on_write = NULL;
	KUNIT_EXPECT_TRUE(s->test, race->waited);
	return ret;
}

/* The fault waits for the write, then has the page without reading it back. */
static void fault_during_write_keeps_the_page(struct kunit *test)
{
	struct sim_test_swap *swap = controlled_swap(test, 8);
	struct scene s = scene_on(test, swap->si->m, 1);
	struct race race = {};

	KUNIT_EXPECT_EQ(test, 0, swap_out_with_fault(&s, swap, &race));
	KUNIT_EXPECT_EQ(test, 0, sim_test_thread_join(test, race.thread));
	KUNIT_EXPECT_PTR_EQ(test, race.page, sim_test_frame(s.seg, 0));
	SIM_EXPECT_PTE(test, s.mm, s.base, "present young");
	SIM_EXPECT_SHM(test, s.m, 1, 1, 0);
	SIM_EXPECT_CLOCK(test, s.m, 0, 1, 3, 0);
	KUNIT_EXPECT_EQ(test, 8ULL, s.m->nr_swap_pages);
	KUNIT_EXPECT_EQ(test, 0, swap->nr_reads);
	KUNIT_EXPECT_EQ(test, 1, swap->nr_writes);
	KUNIT_EXPECT_EQ(test, 2LL, count_of(&s, 0));
	sim_test_verify(test, s.mm, s.base, 1, 5);
}

static void fault_during_failing_write_keeps_the_page(struct kunit *test)
{
	struct sim_test_swap *swap = controlled_swap(test, 8);
	struct scene s = scene_on(test, swap->si->m, 1);
	struct race race = {};

	swap->fail_write.count = 1;
	KUNIT_EXPECT_EQ(test, 0, swap_out_with_fault(&s, swap, &race));
	KUNIT_EXPECT_EQ(test, 0, sim_test_thread_join(test, race.thread));
	SIM_EXPECT_PTE(test, s.mm, s.base, "present young");
	SIM_EXPECT_SHM(test, s.m, 1, 1, 0);
	KUNIT_EXPECT_EQ(test, 7ULL, s.m->nr_swap_pages);
	sim_test_verify(test, s.mm, s.base, 1, 5);
}

/* Nobody wants the page any more when the write ends: it goes. */
static void fault_killed_during_write(struct kunit *test)
{
	struct sim_test_swap *swap = controlled_swap(test, 8);
	struct scene s = scene_on(test, swap->si->m, 1);
	struct race race = { .kill = true };

	KUNIT_EXPECT_EQ(test, 1, swap_out_with_fault(&s, swap, &race));
	KUNIT_EXPECT_EQ(test, -EINTR, sim_test_thread_join(test, race.thread));
	SIM_EXPECT_WORD(test, s.seg, 0, "swap");
	SIM_EXPECT_PTE_SIGNATURE(test, s.mm, s.base, 0, 0);
	sim_test_verify(test, s.mm, s.base, 1, 5);
}

static void fault_then_remove(struct sim_test_swap *swap, u32 slot)
{
	struct race *race = swap->data;

	fault_on_it(swap, slot);
	sim_test_shmctl(race->s->m, race->s->id, IPC_RMID);
}

/* The faulting process's attach keeps a doomed segment, and so the page. */
static void fault_and_removal_during_write(struct kunit *test)
{
	struct sim_test_swap *swap = controlled_swap(test, 8);
	struct scene s = scene_on(test, swap->si->m, 1);
	struct race race = { .s = &s };

	sim_test_fill(test, s.mm, s.base, 1, 5);
	race.page = sim_test_frame(s.seg, 0);
	swap->data = &race;
	swap->on_write = fault_then_remove;
	sim_test_shm_swap(s.m, 0);
	s.m->clock = (struct sim_clock) {};
	KUNIT_EXPECT_EQ(test, 0, sim_test_shm_swap(s.m, 0));
	KUNIT_EXPECT_EQ(test, 0, sim_test_thread_join(test, race.thread));
	sim_test_verify(test, s.mm, s.base, 1, 5);
	sim_test_process_exit(test, s.mm);
	SIM_EXPECT_SHM(test, s.m, 0, 0, 0);
	KUNIT_EXPECT_EQ(test, SIM_TEST_FRAMES, s.m->nr_free_pages);
}

/* ------------------------------------------------------ writes that fail */

static void failed_write_keeps_the_page_and_retires_the_slot(struct kunit *test)
{
	struct sim_test_swap *swap = swap_of_kind(test, 8);
	struct scene s = scene_on(test, swap->si->m, 1);

	sim_test_fill(test, s.mm, s.base, 1, 9);
	sim_shmdt(s.mm, s.base);
	swap->fail_write.count = 1;
	KUNIT_EXPECT_EQ(test, 0, sim_test_shm_swap(s.m, 0));
	SIM_EXPECT_CLOCK(test, s.m, 0, 1, 1, 0);
	SIM_EXPECT_SHM(test, s.m, 1, 1, 0);
	SIM_EXPECT_WORD(test, s.seg, 0, "present young");
	KUNIT_EXPECT_EQ(test, 1LL, count_of(&s, 0));
	KUNIT_EXPECT_EQ(test, 7ULL, s.m->nr_swap_pages);
	KUNIT_EXPECT_EQ(test, 7, swap->si->pages);
	KUNIT_EXPECT_EQ(test, 0, swap->si->inuse_pages);
	SIM_EXPECT_EVENT(test, s.m, SWAP_WRITE_ERRORS, 1);
	SIM_EXPECT_EVENT(test, s.m, PSWPOUT, 0);
	/* The next try takes another slot, and nothing was lost. */
	s.m->clock = (struct sim_clock) {};
	KUNIT_EXPECT_EQ(test, 1, sim_test_shm_swap(s.m, 0));
	KUNIT_EXPECT_EQ(test, 2, slot_of(&s, 0));
	sim_test_verify(test, s.mm, sim_test_attach(test, s.mm, s.id), 1, 9);
}

/* That the kernel had no memory says nothing about the slot. */
static void write_without_memory_keeps_the_slot(struct kunit *test)
{
	struct sim_test_swap *swap = swap_of_kind(test, 8);
	struct scene s = unmapped_scene_on(test, swap->si->m, 1);

	swap->fail_write = (struct sim_test_fault) { .count = 1, .err = -ENOMEM };
	KUNIT_EXPECT_EQ(test, 0, sim_test_shm_swap(s.m, 0));
	KUNIT_EXPECT_EQ(test, 8ULL, s.m->nr_swap_pages);
	SIM_EXPECT_SHM(test, s.m, 1, 1, 0);
	s.m->clock = (struct sim_clock) {};
	KUNIT_EXPECT_EQ(test, 1, sim_test_shm_swap(s.m, 0));
	KUNIT_EXPECT_EQ(test, 1, slot_of(&s, 0));
}

/* Every write fails: each costs a slot, then there are none; nothing is lost. */
static void all_writes_fail_until_no_slot_is_left(struct kunit *test)
{
	struct sim_test_swap *swap = swap_of_kind(test, 4);
	struct scene s = scene_on(test, swap->si->m, 6);
	int i;

	sim_test_fill(test, s.mm, s.base, 6, 2);
	sim_shmdt(s.mm, s.base);
	swap->fail_write.count = U32_MAX;
	for (i = 0; i < 6; i++)
		KUNIT_EXPECT_EQ(test, 0, sim_test_shm_swap(s.m, 0));
	KUNIT_EXPECT_EQ(test, 4, swap->nr_writes);
	KUNIT_EXPECT_EQ(test, 0ULL, s.m->nr_swap_pages);
	KUNIT_EXPECT_EQ(test, 0, swap->si->pages);
	SIM_EXPECT_SHM(test, s.m, 6, 6, 0);
	sim_test_verify(test, s.mm, sim_test_attach(test, s.mm, s.id), 6, 2);
}

static struct kunit_case clock_cases[] = {
	KUNIT_CASE(shm_swap_with_budget_zero_does_nothing),
	KUNIT_CASE(shm_swap_with_64_pages_works_at_prio_6),
	KUNIT_CASE(shm_swap_of_empty_machine_does_nothing),
	KUNIT_CASE_PARAM(budget_is_rss_shifted_by_prio, prio_gen_params),
	KUNIT_CASE(shm_swap_without_free_slot_looks_at_nothing),
	KUNIT_CASE(shm_swap_with_swap_full_looks_at_nothing),
	KUNIT_CASE(reserved_slot_is_kept_for_the_next_candidate),
	KUNIT_CASE(reserved_slot_is_given_back_on_failure),
	KUNIT_CASE(failed_shm_swap_changes_no_word),
	KUNIT_CASE(unused_segment_is_free_of_charge),
	KUNIT_CASE(locked_segment_is_free_of_charge),
	KUNIT_CASE(locked_segment_is_untouched),
	KUNIT_CASE(unlocked_segment_is_swapped_again),
	KUNIT_CASE(locked_segment_inflates_the_budget),
	KUNIT_CASE(untouched_pages_are_free_of_charge),
	KUNIT_CASE(swapped_pages_are_free_of_charge),
	KUNIT_CASE(busy_page_is_free_of_charge),
	KUNIT_CASE(busy_page_does_not_end_the_budget),
	KUNIT_CASE(failing_page_is_skipped_until_the_next_lap),
	KUNIT_CASE_PARAM(success_on_kth_page_is_k_attempts, ordinal_gen_params),
	KUNIT_CASE(young_page_is_made_old_and_kept),
	KUNIT_CASE(page_touched_again_gets_a_second_chance),
	KUNIT_CASE(old_page_becomes_the_signature),
	KUNIT_CASE(signature_of_reused_index_has_no_sequence),
	KUNIT_CASE(partial_unmapping_stays),
	KUNIT_CASE(every_sharer_is_visited),
	KUNIT_CASE(two_attaches_of_one_process_are_two_sharers),
	KUNIT_CASE(sharers_are_in_attach_order),
	KUNIT_CASE(sharer_that_never_mapped_the_page_is_skipped),
	KUNIT_CASE(hole_in_an_attach_is_skipped),
	KUNIT_CASE(pieces_of_a_split_attach_are_sharers),
	KUNIT_CASE(read_only_attach_is_treated_alike),
	KUNIT_CASE(pinned_page_is_kept),
	KUNIT_CASE(pinned_page_is_unmapped),
	KUNIT_CASE_PARAM(success_updates_every_account, kind_gen_params),
	KUNIT_CASE(next_segment_starts_at_its_first_page),
	KUNIT_CASE(first_wrap_goes_on_at_segment_zero),
	KUNIT_CASE(second_wrap_fails),
	KUNIT_CASE(hand_behind_the_last_segment_finds_a_new_one),
	KUNIT_CASE(hand_beyond_the_last_segment_wraps),
	KUNIT_CASE_SLOW(hand_behind_the_last_entry_is_clamped),
	KUNIT_CASE(unattached_segment_goes_at_the_first_visit),
	KUNIT_CASE(worked_example_of_eight_pages),
	KUNIT_CASE(swapped_pages_come_back_as_they_were),
	KUNIT_CASE(unchanged_page_is_written_again),
	KUNIT_CASE(slot_is_published_before_the_write),
	KUNIT_CASE(segment_removed_during_write),
	KUNIT_CASE(segment_removed_during_failing_write),
	KUNIT_CASE(segment_replaced_during_write),
	KUNIT_CASE(last_process_exits_during_write),
	KUNIT_CASE(nothing_else_waits_during_write),
	KUNIT_CASE(fault_during_write_keeps_the_page),
	KUNIT_CASE(fault_during_failing_write_keeps_the_page),
	KUNIT_CASE(fault_killed_during_write),
	KUNIT_CASE(fault_and_removal_during_write),
	KUNIT_CASE_PARAM(failed_write_keeps_the_page_and_retires_the_slot, kind_gen_params),
	KUNIT_CASE_PARAM(write_without_memory_keeps_the_slot, kind_gen_params),
	KUNIT_CASE_PARAM(all_writes_fail_until_no_slot_is_left, kind_gen_params),
	{}
};

static struct kunit_suite clock_suite = {
	.name = "shmswap_clock",
	.init = sim_test_init,
	.exit = sim_test_exit,
	.test_cases = clock_cases,
};

kunit_test_suite(clock_suite);
