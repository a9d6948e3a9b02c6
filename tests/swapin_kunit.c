// SPDX-License-Identifier: GPL-2.0
/*
 * How private pages come back: what a fault on a slot reads, what it leaves in the
 * swap cache, what becomes of the slot, and swapoff.
 */
#include "kunit_rig.h"

#define MANY_SLOTS	256	/* so many that swap is never half full */
#define ROW_SLOTS	8

/* -------------------------------------------------------------- fixture */

static const struct sim_swap_ops *area_ops;
static u32 nr_vectors;

static int count_vectors(struct sim_swap_info *si, u32 slot, struct page **pages, u32 nr)
{
	nr_vectors++;
	return area_ops->read(si, slot, pages, nr);
}

static int just_write(struct sim_swap_info *si, u32 slot, struct page **pages, u32 nr)
{
	return area_ops->write(si, slot, pages, nr);
}

/* As the area's own, but they count the calls, each of which reads several pages. */
static const struct sim_swap_ops counting_ops = {
	.read = count_vectors,
	.write = just_write,
};

static void set_page_cluster(struct kunit *test, struct sim_machine *m, u32 page_cluster)
{
	struct shmswap_control c = {
		.set = SHMSWAP_CONTROL_PAGE_CLUSTER,
		.page_cluster = page_cluster,
	};

	KUNIT_ASSERT_EQ(test, 0, sim_machine_control(m, &c));
}

/* From now on only what is read is of interest. */
static void watch_reads(struct sim_test_rig *r)
{
	area_ops = r->swap->si->ops;
	r->swap->si->ops = &counting_ops;
	nr_vectors = 0;
	r->swap->nr_io = 0;
}

/* A rig whose page i is in slot i + 1, and nowhere else. */
static struct sim_test_rig *swapped(struct kunit *test, u32 npages, u32 slots, u32 page_cluster)
{
	struct sim_test_rig *r = sim_test_rig_slots(test, npages, slots);

	set_page_cluster(test, r->m, page_cluster);
	sim_test_rig_swap_out(test, r);
	watch_reads(r);
	return r;
}

static int touch_slot(struct sim_test_rig *r, u32 slot)
{
	return sim_test_touch(r->a, sim_test_rig_page(r, slot - 1), false);
}

/* Expect what was read, in this order; a slot 0 ends the list. */
static void expect_reads(struct kunit *test, const struct sim_test_rig *r, const u8 *slots)
{
	u32 i;

	for (i = 0; i < ROW_SLOTS && slots[i]; i++)
		KUNIT_EXPECT_EQ(test, slots[i], r->swap->io[i].slot);
	KUNIT_EXPECT_EQ(test, i, r->swap->nr_io);
}

/* ------------------------------------------- read-ahead: what is read */

/**
 * struct group_row - the aligned group of a slot; slots 1 to 40 are in use
 * @page_cluster: log2 of its size
 * @wanted: slot
 * @first: first slot that is read
 * @nr: how many are
 */
static const struct group_row {
	u32 page_cluster;
	u32 wanted;
	u32 first;
	u32 nr;
} group_rows[] = {
	{ 0, 10, 10, 1 },
	{ 1, 10, 10, 2 },
	{ 1, 11, 10, 2 },
	/* Slot 0 is the header. */
	{ 1, 1, 1, 1 },
	{ 2, 3, 1, 3 },
	{ 2, 10, 8, 4 },
	{ 3, 5, 1, 7 },
	{ 3, 8, 8, 8 },
	{ 3, 15, 8, 8 },
	{ 4, 20, 16, 16 },
	{ 5, 10, 1, 31 },
	/* Behind the last slot in use there is nothing to read. */
	{ 5, 33, 32, 9 },
};

static void describe_group(const struct group_row *row, char *desc)
{
	snprintf(desc, KUNIT_PARAM_DESC_SIZE, "page_cluster %u, slot %u", row->page_cluster,
		 row->wanted);
}

KUNIT_ARRAY_PARAM(group, group_rows, describe_group);

static void reads_the_aligned_group_at_once(struct kunit *test)
{
	const struct group_row *row = test->param_value;
	struct sim_test_rig *r = swapped(test, 40, MANY_SLOTS, row->page_cluster);
	u32 slot;

	KUNIT_EXPECT_EQ(test, 0, touch_slot(r, row->wanted));
	KUNIT_EXPECT_EQ(test, row->nr, r->swap->nr_reads);
	KUNIT_EXPECT_EQ(test, row->first, r->swap->io[0].slot);
	KUNIT_EXPECT_EQ(test, 1, nr_vectors);
	SIM_EXPECT_EVENT(test, r->m, PSWPIN, row->nr);
	SIM_EXPECT_EVENT(test, r->m, SWAP_RA, row->nr - 1);
	KUNIT_EXPECT_EQ(test, row->nr, atomic_read(&r->m->nr_swapcache));
	for (slot = row->first; slot < row->first + row->nr; slot++) {
		if (slot == row->wanted)
			SIM_EXPECT_COUNTS(test, r->a, sim_test_rig_page(r, slot - 1), 2, 1);
		else
			SIM_EXPECT_COUNTS(test, r->a, sim_test_rig_page(r, slot - 1), 1, 2);
	}
	sim_test_verify(test, r->a, r->base, 40, 1);
}

/* One of slots 1 to 10 is not in use: what does a fault on another read? */
static const struct hole_row {
	const char *name;
	u32 hole;
	u32 wanted;
	u8 reads[ROW_SLOTS];
	u32 vectors;
} hole_rows[] = {
	{ "behind the wanted one", 4, 2, { 1, 2, 3 }, 1 },
	{ "just behind", 3, 2, { 1, 2 }, 1 },
	{ "before the wanted one", 4, 6, { 1, 2, 3, 6 }, 2 },
	{ "just before", 5, 6, { 1, 2, 3, 4, 6 }, 2 },
	{ "first of the group", 1, 3, { 3 }, 1 },
	{ "in another group", 9, 3, { 1, 2, 3, 4, 5, 6, 7 }, 1 },
};

KUNIT_ARRAY_PARAM_DESC(hole, hole_rows, name);

static void ends_at_free_slot(struct kunit *test)
{
	const struct hole_row *row = test->param_value;
	struct sim_test_rig *r = swapped(test, 10, MANY_SLOTS, 3);

	KUNIT_ASSERT_EQ(test, 0, sim_test_munmap(r->a, sim_test_rig_page(r, row->hole - 1), 1));
	KUNIT_EXPECT_EQ(test, 0, touch_slot(r, row->wanted));
	expect_reads(test, r, row->reads);
	KUNIT_EXPECT_EQ(test, row->vectors, nr_vectors);
}

/* A slot that could not be written to is passed over: its page is in the next. */
static void ends_at_bad_slot(struct kunit *test)
{
	const struct hole_row *row = test->param_value;
	struct sim_test_rig *r = sim_test_rig_slots(test, 10, MANY_SLOTS);
	u32 bad = row->hole - 1;

	set_page_cluster(test, r->m, 3);
	sim_test_scan_out(test, r->a, r->base, bad);
	r->swap->fail_write.count = 1;
	sim_test_scan_one(test, r->a, sim_test_rig_page(r, bad));
	sim_test_scan_out(test, r->a, sim_test_rig_page(r, bad), 10 - bad);
	sim_test_discard_all(r->m);
	watch_reads(r);
	KUNIT_EXPECT_EQ(test, 0, touch_slot(r, row->wanted - (row->wanted > row->hole)));
	expect_reads(test, r, row->reads);
	KUNIT_EXPECT_EQ(test, row->vectors, nr_vectors);
	SIM_EXPECT_EVENT(test, r->m, SWAP_READ_ERRORS, 0);
	sim_test_verify(test, r->a, r->base, 10, 1);
}

static void ends_with_the_area(struct kunit *test)
{
	struct sim_test_rig *r = swapped(test, 10, 10, 3);

	KUNIT_EXPECT_EQ(test, 0, touch_slot(r, 9));
	expect_reads(test, r, (const u8[ROW_SLOTS]) { 8, 9, 10 });
}

/* One read for what lies before a page that is there, one for what lies behind. */
static void skips_pages_in_the_cache(struct kunit *test)
{
	struct sim_test_rig *r = swapped(test, 10, MANY_SLOTS, 0);

	KUNIT_ASSERT_EQ(test, 0, touch_slot(r, 3));
	set_page_cluster(test, r->m, 3);
	r->swap->nr_io = 0;
	nr_vectors = 0;
	KUNIT_EXPECT_EQ(test, 0, touch_slot(r, 5));
	expect_reads(test, r, (const u8[ROW_SLOTS]) { 1, 2, 4, 5, 6, 7 });
	KUNIT_EXPECT_EQ(test, 2, nr_vectors);
	sim_test_verify(test, r->a, r->base, 10, 1);
}

/**
 * struct frames_row - frames that a fault may take
 * @name: for the report
 * @frames: how many
 * @wanted: slot
 * @reads: what is read
 */
static const struct frames_row {
	const char *name;
	u32 frames;
	u32 wanted;
	u8 reads[ROW_SLOTS];
} frames_rows[] = {
	{ "only the fault's", 1, 1, { 1 } },
	{ "only the fault's, in the middle", 1, 4, { 4 } },
	{ "three", 3, 1, { 1, 2, 3 } },
	{ "too few to get to the wanted one", 3, 4, { 1, 2, 4 } },
	{ "enough", 7, 4, { 1, 2, 3, 4, 5, 6, 7 } },
};

KUNIT_ARRAY_PARAM_DESC(frames, frames_rows, name);

/* Read-ahead takes frames that are free, and never asks for reclaim. */
static void ends_without_frames(struct kunit *test)
{
	const struct frames_row *row = test->param_value;
	struct sim_test_rig *r = swapped(test, 10, MANY_SLOTS, 3);

	r->m->freepages.min = r->m->nr_free_pages - row->frames;
	KUNIT_EXPECT_EQ(test, 0, touch_slot(r, row->wanted));
	expect_reads(test, r, row->reads);
	SIM_EXPECT_EVENT(test, r->m, RECLAIM_STALL, 0);
	r->m->freepages.min = 4;
	sim_test_verify(test, r->a, r->base, 10, 1);
}

static void page_cluster_by_size_of_memory(struct kunit *test)
{
	static const struct sim_config large = { .nr_frames = 4096 };
	static const struct sim_config small = { .nr_frames = 4095 };

	KUNIT_EXPECT_EQ(test, 3, sim_test_machine_config(test, &large)->page_cluster);
	KUNIT_EXPECT_EQ(test, 2, sim_test_machine_config(test, &small)->page_cluster);
}

/* ------------------------------------- read-ahead: what becomes of it */

static void page_read_ahead_needs_no_io(struct kunit *test)
{
	struct sim_test_rig *r = swapped(test, 7, MANY_SLOTS, 3);
	u32 slot;

	KUNIT_ASSERT_EQ(test, 0, touch_slot(r, 1));
	for (slot = 2; slot <= 7; slot++) {
		SIM_EXPECT_PTE(test, r->a, sim_test_rig_page(r, slot - 1), "swap");
		KUNIT_EXPECT_EQ(test, 0, touch_slot(r, slot));
	}
	KUNIT_EXPECT_EQ(test, 7, r->swap->nr_reads);
	KUNIT_EXPECT_EQ(test, 6, atomic64_read(&r->a->min_flt));
	SIM_EXPECT_EVENT(test, r->m, SWAP_CACHE_HIT, 6);
	SIM_EXPECT_EVENT(test, r->m, SWAP_CACHE_FIND, 7);
}

static void page_read_ahead_goes_with_its_process(struct kunit *test)
{
	struct sim_test_rig *r = swapped(test, 7, MANY_SLOTS, 3);

	KUNIT_ASSERT_EQ(test, 0, touch_slot(r, 1));
	sim_test_process_exit(test, r->a);
	sim_test_expect_idle(test, r);
}

static void page_read_ahead_can_be_discarded(struct kunit *test)
{
	struct sim_test_rig *r = swapped(test, 7, MANY_SLOTS, 3);

	KUNIT_ASSERT_EQ(test, 0, touch_slot(r, 1));
	sim_test_discard_all(r->m);
	KUNIT_EXPECT_EQ(test, 1, atomic_read(&r->m->nr_swapcache));
	SIM_EXPECT_COUNTS(test, r->a, sim_test_rig_page(r, 1), 0, 1);
	sim_test_verify(test, r->a, r->base, 7, 1);
}

/* A neighbour goes while it is read ahead for nobody: its slot is not lost. */
static void unmap_neighbours(struct sim_test_swap *swap, u32 slot)
{
	struct sim_test_rig *r = swap->data;

	swap->on_read = NULL;
	sim_test_munmap(r->a, sim_test_rig_page(r, 1), 6);
}

static void neighbours_unmapped_while_read(struct kunit *test)
{
	struct sim_test_rig *r = swapped(test, 7, MANY_SLOTS, 3);

	r->swap->on_read = unmap_neighbours;
	KUNIT_EXPECT_EQ(test, 0, touch_slot(r, 1));
	KUNIT_EXPECT_EQ(test, 1, r->swap->si->inuse_pages);
	KUNIT_EXPECT_EQ(test, 1, atomic_read(&r->m->nr_swapcache));
	KUNIT_EXPECT_EQ(test, SIM_TEST_FRAMES - 1, r->m->nr_free_pages);
	sim_test_verify(test, r->a, r->base, 1, 1);
}

/* The neighbour is a segment's that the clock swapped: the segment finds it. */
static void segments_page_is_read_ahead(struct kunit *test)
{
	struct sim_test_rig *r = sim_test_rig(test, 1);
	s32 id = sim_test_segment(test, r->m, 1);
	u64 there = sim_test_attach(test, r->a, id);

	sim_test_fill(test, r->a, there, 1, 2);
	sim_test_rig_swap_out(test, r);
	sim_test_swap_out_all(test, r->m);
	sim_test_touch_pages(test, r->a, r->base, 1);
	KUNIT_EXPECT_EQ(test, 2, r->swap->nr_reads);
	SIM_EXPECT_SHM(test, r->m, 1, 0, 1);
	sim_test_check(test, r->m);
	sim_test_verify(test, r->a, there, 1, 2);
	KUNIT_EXPECT_EQ(test, 2, r->swap->nr_reads);
	SIM_EXPECT_SHM(test, r->m, 1, 1, 0);
	/* As always with the clock, its slot is free then. */
	KUNIT_EXPECT_EQ(test, 1, r->swap->si->inuse_pages);
}

static void segment_removed_with_page_read_ahead(struct kunit *test)
{
	struct sim_test_rig *r = sim_test_rig(test, 1);
	s32 id = sim_test_segment(test, r->m, 1);

	sim_test_fill(test, r->a, sim_test_attach(test, r->a, id), 1, 2);
	sim_test_rig_swap_out(test, r);
	sim_test_swap_out_all(test, r->m);
	sim_test_touch_pages(test, r->a, r->base, 1);
	KUNIT_EXPECT_EQ(test, 0, sim_test_shmctl(r->m, id, IPC_RMID));
	sim_test_process_exit(test, r->a);
	sim_test_expect_idle(test, r);
}

/* -------------------------------------------------- reads that fail */

/* All are read again one by one, and only the bad one is not there. */
static void failing_neighbour_is_no_harm(struct kunit *test)
{
	struct sim_test_rig *r = swapped(test, 7, MANY_SLOTS, 3);

	r->swap->fail_read = (struct sim_test_fault) { .slot = 3, .count = 2 };
	KUNIT_EXPECT_EQ(test, 0, touch_slot(r, 2));
	KUNIT_EXPECT_EQ(test, 1 + 7, nr_vectors);
	SIM_EXPECT_EVENT(test, r->m, SWAP_READ_ERRORS, 2);
	SIM_EXPECT_EVENT(test, r->m, PSWPIN, 6);
	KUNIT_EXPECT_EQ(test, 6, atomic_read(&r->m->nr_swapcache));
	SIM_EXPECT_COUNTS(test, r->a, sim_test_rig_page(r, 2), 0, 1);
	sim_test_verify(test, r->a, r->base, 7, 1);
}

static void failing_page_is_the_wanted_one(struct kunit *test)
{
	struct sim_test_rig *r = swapped(test, 7, MANY_SLOTS, 3);

	r->swap->fail_read = (struct sim_test_fault) { .slot = 3, .count = 2 };
	KUNIT_EXPECT_EQ(test, -EIO, touch_slot(r, 3));
	SIM_EXPECT_COUNTS(test, r->a, sim_test_rig_page(r, 2), 0, 1);
	SIM_EXPECT_COUNTS(test, r->a, sim_test_rig_page(r, 3), 1, 2);
	KUNIT_EXPECT_EQ(test, SIM_TEST_FRAMES - 6, r->m->nr_free_pages);
	sim_test_verify(test, r->a, r->base, 7, 1);
}

/* It is read on its own, behind a free slot. */
static void failing_page_is_read_alone(struct kunit *test)
{
	struct sim_test_rig *r = swapped(test, 7, MANY_SLOTS, 3);

	KUNIT_ASSERT_EQ(test, 0, sim_test_munmap(r->a, sim_test_rig_page(r, 3), 1));
	r->swap->fail_read = (struct sim_test_fault) { .slot = 6, .count = 1 };
	KUNIT_EXPECT_EQ(test, -EIO, touch_slot(r, 6));
	expect_reads(test, r, (const u8[ROW_SLOTS]) { 1, 2, 3, 6 });
	KUNIT_EXPECT_EQ(test, 0, touch_slot(r, 6));
	sim_test_check(test, r->m);
}

static void failed_read_keeps_the_slot(struct kunit *test)
{
	struct sim_test_rig *r = swapped(test, 1, MANY_SLOTS, 0);

	r->swap->fail_read.count = 1;
	KUNIT_EXPECT_EQ(test, -EIO, touch_slot(r, 1));
	SIM_EXPECT_COUNTS(test, r->a, r->base, 0, 1);
	SIM_EXPECT_EVENT(test, r->m, SWAP_READ_ERRORS, 1);
	KUNIT_EXPECT_EQ(test, SIM_TEST_FRAMES, r->m->nr_free_pages);
	KUNIT_EXPECT_EQ(test, 0, atomic_long_read(&r->a->rss));
	sim_test_verify(test, r->a, r->base, 1, 1);
}

/* That the reader was killed says nothing about the area. */
static void interrupted_read_is_no_error(struct kunit *test)
{
	struct sim_test_rig *r = swapped(test, 1, MANY_SLOTS, 0);

	r->swap->fail_read = (struct sim_test_fault) { .count = 1, .err = -EINTR };
	KUNIT_EXPECT_EQ(test, -EINTR, touch_slot(r, 1));
	SIM_EXPECT_EVENT(test, r->m, SWAP_READ_ERRORS, 0);
	sim_test_verify(test, r->a, r->base, 1, 1);
}

/* --------------------------------------------- how the page is mapped */

static void store_to_exclusive_page(struct kunit *test)
{
	struct sim_test_rig *r = swapped(test, 1, MANY_SLOTS, 0);

	KUNIT_EXPECT_EQ(test, 0, sim_test_touch(r->a, r->base, true));
	SIM_EXPECT_BITS(test, r->a, r->base, "young dirty writable");
	/* The process scan will find that the slot is older. */
	SIM_EXPECT_COUNTS(test, r->a, r->base, 2, 1);
	SIM_EXPECT_EVENT(test, r->m, PGCOW, 0);
	SIM_EXPECT_EVENT(test, r->m, PGMAJFAULT, 2);
	KUNIT_EXPECT_EQ(test, 1, atomic_long_read(&r->a->rss));
}

static void store_to_shared_page(struct kunit *test)
{
	struct sim_test_rig *r = sim_test_rig_forked(test, 1);

	sim_test_rig_swap_out(test, r);
	KUNIT_EXPECT_EQ(test, 0, sim_test_set_word(r->b, r->base, 7));
	SIM_EXPECT_BITS(test, r->b, r->base, "young dirty writable");
	SIM_EXPECT_COUNTS(test, r->b, r->base, 1, 0);
	SIM_EXPECT_COUNTS(test, r->a, r->base, 1, 2);
	SIM_EXPECT_EVENT(test, r->m, PGCOW, 1);
	KUNIT_EXPECT_EQ(test, 1, r->swap->nr_reads);
	sim_test_verify(test, r->a, r->base, 1, 1);
}

/* The other has gone before the store: it is no copy any more. */
static void store_to_page_that_was_shared(struct kunit *test)
{
	struct sim_test_rig *r = sim_test_rig_forked(test, 1);

	sim_test_reach(test, r, SIM_TEST_BOTH_BACK);
	sim_test_process_exit(test, r->b);
	SIM_EXPECT_COUNTS(test, r->a, r->base, 2, 1);
	KUNIT_EXPECT_EQ(test, 0, sim_test_touch(r->a, r->base, true));
	SIM_EXPECT_EVENT(test, r->m, PGCOW, 0);
	SIM_EXPECT_BITS(test, r->a, r->base, "young dirty writable");
}

/**
 * struct age_row - how old is a page that comes in?
 * @name: for the report
 * @rss: pages that its process has otherwise; the machine has 64 frames
 * @age: age
 */
static const struct age_row {
	const char *name;
	u32 rss;
	u32 age;
} age_rows[] = {
	{ "small process", 1, 6 },
	{ "just below a quarter of the frames", 15, 6 },
	{ "a quarter of the frames", 16, 3 },
	{ "large process", 40, 3 },
};

KUNIT_ARRAY_PARAM_DESC(age, age_rows, name);

static void age_of_page_that_comes_in(struct kunit *test)
{
	const struct age_row *row = test->param_value;
	struct sim_test_rig *r = sim_test_rig_slots(test, row->rss + 1, MANY_SLOTS);

	sim_test_scan_out(test, r->a, r->base, 1);
	sim_test_discard_all(r->m);
	sim_test_touch_pages(test, r->a, r->base, 1);
	KUNIT_EXPECT_EQ(test, row->age, sim_test_mapped(r->a, r->base)->age);
}

static void age_of_page_read_ahead(struct kunit *test)
{
	struct sim_test_rig *r = swapped(test, 2, MANY_SLOTS, 3);

	sim_test_touch_pages(test, r->a, r->base, 2);
	KUNIT_EXPECT_EQ(test, 6, sim_test_mapped(r->a, r->base)->age);
	KUNIT_EXPECT_EQ(test, 3, sim_test_mapped(r->a, sim_test_rig_page(r, 1))->age);
}

/* -------------------------------------------- when slots are scarce */

/**
 * struct full_row - is swap more than half full?
 * @name: for the report
 * @slots: of the area
 * @used: of these
 * @full: it is
 */
static const struct full_row {
	const char *name;
	u32 slots;
	u32 used;
	bool full;
} full_rows[] = {
	{ "half of an even number", 8, 4, false },
	{ "more", 8, 5, true },
	{ "less than half of an odd number", 9, 4, false },
	{ "more than half of an odd number", 9, 5, true },
	{ "all", 4, 4, true },
};

KUNIT_ARRAY_PARAM_DESC(full, full_rows, name);

/* Then a page that only one process has gives its slot back. */
static void exclusive_page_leaves_full_swap(struct kunit *test)
{
	const struct full_row *row = test->param_value;
	struct sim_test_rig *r = swapped(test, row->used, row->slots, 0);

	KUNIT_EXPECT_EQ(test, row->full, sim_swap_full(r->m));
	KUNIT_EXPECT_EQ(test, 0, touch_slot(r, 1));
	if (row->full) {
		SIM_EXPECT_COUNTS(test, r->a, r->base, 1, 0);
		SIM_EXPECT_BITS(test, r->a, r->base, "young dirty writable");
	} else {
		SIM_EXPECT_COUNTS(test, r->a, r->base, 2, 1);
		SIM_EXPECT_BITS(test, r->a, r->base, "young clean read-only");
	}
	KUNIT_EXPECT_EQ(test, row->used - row->full, r->swap->si->inuse_pages);
	sim_test_verify(test, r->a, r->base, row->used, 1);
}

static void full_counts_all_areas(struct kunit *test)
{
	struct sim_test_rig *r = swapped(test, 4, 4, 0);

	KUNIT_EXPECT_TRUE(test, sim_swap_full(r->m));
	sim_test_swap_area(test, r->m, 3, -1);
	KUNIT_EXPECT_TRUE(test, sim_swap_full(r->m));
	sim_test_swap_area(test, r->m, 1, -1);
	KUNIT_EXPECT_FALSE(test, sim_swap_full(r->m));
}

static void shared_page_keeps_its_slot_in_full_swap(struct kunit *test)
{
	struct sim_test_rig *r = sim_test_rig_slots(test, 1, 1);

	r->b = sim_test_fork(test, r->a);
	sim_test_reach(test, r, SIM_TEST_ONE_BACK);
	SIM_EXPECT_COUNTS(test, r->a, r->base, 2, 2);
	SIM_EXPECT_BITS(test, r->a, r->base, "young clean read-only");
	/* The second is the last that wants the slot, but not the only user. */
	sim_test_touch_pages(test, r->b, r->base, 1);
	SIM_EXPECT_COUNTS(test, r->b, r->base, 3, 1);
}

/* It has no slot any more: it is dirty, though nobody may store to it. */
static void page_without_slot_is_written_again(struct kunit *test)
{
	struct sim_test_rig *r = swapped(test, 4, 4, 0);

	KUNIT_ASSERT_EQ(test, 0, sim_test_mprotect(r->a, r->base, 4, PROT_READ));
	KUNIT_EXPECT_EQ(test, 0, touch_slot(r, 1));
	SIM_EXPECT_BITS(test, r->a, r->base, "young dirty read-only");
	sim_test_scan_out(test, r->a, r->base, 1);
	sim_test_discard_all(r->m);
	KUNIT_EXPECT_EQ(test, 5, r->swap->nr_writes);
	sim_test_verify(test, r->a, r->base, 4, 1);
}

/* ------------------------------------------------------------- swapoff */

static void expect_in_memory(struct kunit *test, const struct sim_test_rig *r)
{
	u32 i;

	for (i = 0; i < r->npages; i++)
		SIM_EXPECT_COUNTS(test, r->a, sim_test_rig_page(r, i), 1, 0);
	KUNIT_EXPECT_EQ(test, r->npages, atomic_long_read(&r->a->rss));
	KUNIT_EXPECT_EQ(test, 0, atomic_read(&r->m->nr_swapcache));
	KUNIT_EXPECT_EQ(test, 0, r->m->nr_swap_pages);
}

static void swapoff_brings_private_memory_back(struct kunit *test)
{
	struct sim_test_rig *r = swapped(test, 20, MANY_SLOTS, 3);

	KUNIT_EXPECT_EQ(test, 0, sim_swapoff(r->m, r->swap->type));
	expect_in_memory(test, r);
	KUNIT_EXPECT_EQ(test, 20, r->swap->nr_reads);
	sim_test_verify(test, r->a, r->base, 20, 1);
}

/* A page that lost its slot must be written if it goes out again. */
static void swapoff_leaves_pages_dirty(struct kunit *test)
{
	struct sim_test_rig *r = swapped(test, 4, MANY_SLOTS, 0);
	struct sim_test_swap *other;

	KUNIT_EXPECT_EQ(test, 0, sim_swapoff(r->m, r->swap->type));
	other = sim_test_swap_area(test, r->m, 8, -1);
	sim_test_rig_swap_out(test, r);
	KUNIT_EXPECT_EQ(test, 4, other->nr_writes);
	sim_test_verify(test, r->a, r->base, 4, 1);
}

static const struct prot_row {
	const char *name;
	u32 prot;
	int load;
	int store;
} prot_rows[] = {
	{ "PROT_NONE", PROT_NONE, -EFAULT, -EFAULT },
	{ "PROT_READ", PROT_READ, 0, -EFAULT },
	{ "PROT_WRITE", PROT_WRITE, -EFAULT, 0 },
};

KUNIT_ARRAY_PARAM_DESC(prot, prot_rows, name);

static void swapoff_minds_no_protection(struct kunit *test)
{
	const struct prot_row *row = test->param_value;
	struct sim_test_rig *r = swapped(test, 4, MANY_SLOTS, 0);

	KUNIT_ASSERT_EQ(test, 0, sim_test_mprotect(r->a, r->base, 4, row->prot));
	KUNIT_EXPECT_EQ(test, 0, sim_swapoff(r->m, r->swap->type));
	expect_in_memory(test, r);
	KUNIT_EXPECT_EQ(test, row->load, sim_test_touch(r->a, r->base, false));
	KUNIT_EXPECT_EQ(test, row->store, sim_test_touch(r->a, r->base, true));
	KUNIT_ASSERT_EQ(test, 0, sim_test_mprotect(r->a, r->base, 4, PROT_READ | PROT_WRITE));
	sim_test_verify(test, r->a, r->base, 4, 1);
}

/* Both processes get the one page, and a store of either is still a copy. */
static void swapoff_of_shared_slots(struct kunit *test)
{
	struct sim_test_rig *r = sim_test_rig_forked(test, 4);

	sim_test_rig_swap_out(test, r);
	KUNIT_EXPECT_EQ(test, 0, sim_swapoff(r->m, r->swap->type));
	KUNIT_EXPECT_EQ(test, 4, r->swap->nr_reads);
	KUNIT_EXPECT_EQ(test, SIM_TEST_FRAMES - 4, r->m->nr_free_pages);
	SIM_EXPECT_COUNTS(test, r->a, r->base, 2, 0);
	KUNIT_EXPECT_EQ(test, 0, sim_test_set_word(r->b, r->base, 7));
	SIM_EXPECT_EVENT(test, r->m, PGCOW, 1);
	sim_test_verify(test, r->a, r->base, 4, 1);
}

static void swapoff_leaves_other_area_alone(struct kunit *test)
{
	struct sim_test_rig *r = swapped(test, 4, MANY_SLOTS, 0);
	struct sim_test_swap *other = sim_test_swap_area(test, r->m, 8, 5);
	u64 there = sim_test_map(test, r->a, 4);

	sim_test_fill(test, r->a, there, 4, 2);
	sim_test_scan_out(test, r->a, there, 4);
	sim_test_discard_all(r->m);
	KUNIT_EXPECT_EQ(test, 0, sim_swapoff(r->m, r->swap->type));
	KUNIT_EXPECT_EQ(test, 4, other->si->inuse_pages);
	KUNIT_EXPECT_EQ(test, 0, other->nr_reads);
	sim_test_verify(test, r->a, r->base, 4, 1);
	sim_test_verify(test, r->a, there, 4, 2);
}

/* The area is in use as before, and nothing is lost. */
static void expect_in_use(struct kunit *test, struct sim_test_rig *r)
{
	KUNIT_EXPECT_EQ(test, SIM_SWP_WRITEOK, r->swap->si->flags);
	KUNIT_EXPECT_EQ(test, r->swap->si->pages - r->swap->si->inuse_pages, r->m->nr_swap_pages);
	sim_test_check(test, r->m);
	sim_test_verify(test, r->a, r->base, r->npages, 1);
}

static void swapoff_with_page_that_cannot_be_read(struct kunit *test)
{
	struct sim_test_rig *r = swapped(test, 8, MANY_SLOTS, 0);

	r->swap->fail_read = (struct sim_test_fault) { .slot = 5, .count = 1 };
	KUNIT_EXPECT_EQ(test, -EIO, sim_swapoff(r->m, r->swap->type));
	KUNIT_EXPECT_EQ(test, 4, atomic_long_read(&r->a->rss));
	SIM_EXPECT_COUNTS(test, r->a, sim_test_rig_page(r, 4), 0, 1);
	expect_in_use(test, r);
	KUNIT_EXPECT_EQ(test, 0, sim_swapoff(r->m, r->swap->type));
	expect_in_memory(test, r);
}

static void swapoff_without_memory(struct kunit *test)
{
	struct sim_test_rig *r = sim_test_rig_slots(test, 100, MANY_SLOTS);

	KUNIT_EXPECT_EQ(test, -ENOMEM, sim_swapoff(r->m, r->swap->type));
	expect_in_use(test, r);
}

static void swapoff_moves_to_another_area(struct kunit *test)
{
	struct sim_test_rig *r = sim_test_rig_slots(test, 100, MANY_SLOTS);
	struct sim_test_swap *other = sim_test_swap_area(test, r->m, MANY_SLOTS, -1);

	KUNIT_EXPECT_EQ(test, 0, sim_swapoff(r->m, r->swap->type));
	KUNIT_EXPECT_GE(test, other->si->inuse_pages, 40);
	sim_test_verify(test, r->a, r->base, 100, 1);
}

static void unmap_all(struct sim_test_swap *swap, u32 slot)
{
	struct sim_test_rig *r = swap->data;

	swap->on_read = NULL;
	sim_test_munmap(r->a, r->base, r->npages);
}

static void swapoff_of_memory_that_is_unmapped_meanwhile(struct kunit *test)
{
	struct sim_test_rig *r = swapped(test, 8, MANY_SLOTS, 3);

	r->swap->on_read = unmap_all;
	KUNIT_EXPECT_EQ(test, 0, sim_swapoff(r->m, r->swap->type));
	KUNIT_EXPECT_EQ(test, SIM_TEST_FRAMES, r->m->nr_free_pages);
	KUNIT_EXPECT_EQ(test, 0, atomic_read(&r->m->nr_swapcache));
}

static void fork_once(struct sim_test_swap *swap, u32 slot)
{
	struct sim_test_rig *r = swap->data;

	swap->on_read = NULL;
	r->b = sim_test_fork(r->data, r->a);
}

/* The child, which swapoff has not seen yet, has the slots too. */
static void swapoff_of_memory_that_is_forked_meanwhile(struct kunit *test)
{
	struct sim_test_rig *r = swapped(test, 8, MANY_SLOTS, 0);

	r->data = test;
	r->swap->on_read = fork_once;
	KUNIT_EXPECT_EQ(test, 0, sim_swapoff(r->m, r->swap->type));
	KUNIT_EXPECT_EQ(test, SIM_TEST_FRAMES - 8, r->m->nr_free_pages);
	sim_test_verify(test, r->a, r->base, 8, 1);
	sim_test_verify(test, r->b, r->base, 8, 1);
}

static struct kunit_case cases[] = {
	KUNIT_CASE_PARAM(reads_the_aligned_group_at_once, group_gen_params),
	KUNIT_CASE_PARAM(ends_at_free_slot, hole_gen_params),
	KUNIT_CASE_PARAM(ends_at_bad_slot, hole_gen_params),
	KUNIT_CASE(ends_with_the_area),
	KUNIT_CASE(skips_pages_in_the_cache),
	KUNIT_CASE_PARAM(ends_without_frames, frames_gen_params),
	KUNIT_CASE(page_cluster_by_size_of_memory),
	KUNIT_CASE(page_read_ahead_needs_no_io),
	KUNIT_CASE(page_read_ahead_goes_with_its_process),
	KUNIT_CASE(page_read_ahead_can_be_discarded),
	KUNIT_CASE(neighbours_unmapped_while_read),
	KUNIT_CASE(segments_page_is_read_ahead),
	KUNIT_CASE(segment_removed_with_page_read_ahead),
	KUNIT_CASE(failing_neighbour_is_no_harm),
	KUNIT_CASE(failing_page_is_the_wanted_one),
	KUNIT_CASE(failing_page_is_read_alone),
	KUNIT_CASE(failed_read_keeps_the_slot),
	KUNIT_CASE(interrupted_read_is_no_error),
	KUNIT_CASE(store_to_exclusive_page),
	KUNIT_CASE(store_to_shared_page),
	KUNIT_CASE(store_to_page_that_was_shared),
	KUNIT_CASE_PARAM(age_of_page_that_comes_in, age_gen_params),
	KUNIT_CASE(age_of_page_read_ahead),
	KUNIT_CASE_PARAM(exclusive_page_leaves_full_swap, full_gen_params),
	KUNIT_CASE(full_counts_all_areas),
	KUNIT_CASE(shared_page_keeps_its_slot_in_full_swap),
	KUNIT_CASE(page_without_slot_is_written_again),
	KUNIT_CASE(swapoff_brings_private_memory_back),
	KUNIT_CASE(swapoff_leaves_pages_dirty),
	KUNIT_CASE_PARAM(swapoff_minds_no_protection, prot_gen_params),
	KUNIT_CASE(swapoff_of_shared_slots),
	KUNIT_CASE(swapoff_leaves_other_area_alone),
	KUNIT_CASE(swapoff_with_page_that_cannot_be_read),
	KUNIT_CASE(swapoff_without_memory),
	KUNIT_CASE(swapoff_moves_to_another_area),
	KUNIT_CASE(swapoff_of_memory_that_is_unmapped_meanwhile),
	KUNIT_CASE(swapoff_of_memory_that_is_forked_meanwhile),
	{}
};

static struct kunit_suite suite = {
	.name = "shmswap_swapin",
	.init = sim_test_init,
	.exit = sim_test_exit,
	.test_cases = cases,
};

kunit_test_suite(suite);
