// SPDX-License-Identifier: GPL-2.0
/*
 * The clock over mem_map: how far its hand goes, whom it spares, and what it
 * discards. History's section 3.4, for pages of files and of the swap cache.
 */
#include <linux/highmem.h>
#include <linux/minmax.h>

#include "kunit_rig.h"

#define MANY_SLOTS	256

static u32 pfn_of(const struct sim_test_rig *r, u32 index)
{
	return sim_page_pfn(r->m, sim_test_mapped(r->a, sim_test_rig_page(r, index)));
}

/* The frames of some pages that the swap cache alone has; the hand is at the first. */
static struct sim_test_rig *cached(struct kunit *test, u32 npages, u32 *pfn)
{
	struct sim_test_rig *r = sim_test_rig(test, npages);
	u32 i;

	for (i = 0; i < npages; i++)
		pfn[i] = pfn_of(r, i);
	sim_test_scan_out(test, r->a, r->base, npages);
	r->m->mmap_hand = pfn[0];
	return r;
}

static bool referenced(const struct sim_test_rig *r, u32 pfn)
{
	return test_bit(SIM_PG_REFERENCED, &r->m->mem_map[pfn].flags);
}

static void set_referenced(struct sim_test_rig *r, u32 pfn)
{
	set_bit(SIM_PG_REFERENCED, &r->m->mem_map[pfn].flags);
}

/* --------------------------------------------------- how far the hand goes */

/**
 * struct reach_row - frames that the hand passes if none can be freed; of 64
 * @level: level
 * @any: if none of them is in a cache
 * @cached: if all are
 */
static const struct reach_row {
	int level;
	u32 any;
	u32 cached;
} reach_rows[] = {
	{ 6, 16, 2 },
	{ 5, 32, 4 },
	{ 4, 32, 8 },
	{ 3, 64, 16 },
	{ 2, 64, 32 },
	{ 1, 128, 64 },
	{ 0, 128, 128 },
};

static void describe_reach(const struct reach_row *row, char *desc)
{
	snprintf(desc, KUNIT_PARAM_DESC_SIZE, "level %d", row->level);
}

KUNIT_ARRAY_PARAM(reach, reach_rows, describe_reach);

/*
 * One page can be freed, but is referenced: the hand must come by twice. It
 * comes by for the first time after a whole lap.
 */
static void count_max(struct kunit *test)
{
	const struct reach_row *row = test->param_value;
	u32 pfn;
	struct sim_test_rig *r = cached(test, 1, &pfn);
	bool freed = row->any == 2 * SIM_TEST_FRAMES;

	set_referenced(r, pfn);
	r->m->mmap_hand = (pfn + 1) % SIM_TEST_FRAMES;
	KUNIT_EXPECT_EQ(test, freed, sim_test_shrink_mmap(r->m, row->level));
	KUNIT_EXPECT_EQ(test, row->any < SIM_TEST_FRAMES, referenced(r, pfn));
	KUNIT_EXPECT_EQ(test, (freed ? pfn : pfn + 1 + row->any) % SIM_TEST_FRAMES,
			r->m->mmap_hand);
}

/* All frames have a page that is mapped and in the swap cache. */
static struct sim_test_rig *all_cached(struct kunit *test)
{
	struct sim_test_rig *r = sim_test_rig_slots(test, 1, MANY_SLOTS);
	u64 rest = sim_test_map(test, r->a, SIM_TEST_FRAMES - 1);
	u32 pfn;

	r->m->freepages.min = 0;
	sim_test_fill(test, r->a, rest, SIM_TEST_FRAMES - 1, 2);
	sim_test_scan_out(test, r->a, r->base, 1);
	sim_test_touch_pages(test, r->a, r->base, 1);
	sim_test_scan_out(test, r->a, rest, SIM_TEST_FRAMES - 1);
	sim_test_touch_pages(test, r->a, rest, SIM_TEST_FRAMES - 1);
	for (pfn = 0; pfn < SIM_TEST_FRAMES; pfn++) {
		KUNIT_ASSERT_EQ(test, 2, sim_page_count(sim_pfn_page(r->m, pfn)));
		clear_bit(SIM_PG_REFERENCED, &r->m->mem_map[pfn].flags);
	}
	return r;
}

/* Whom the hand passes can be seen: they are marked as referenced. */
static void count_min(struct kunit *test)
{
	const struct reach_row *row = test->param_value;
	struct sim_test_rig *r = all_cached(test);
	u32 first = SIM_TEST_FRAMES - 1;
	u32 i;

	r->m->mmap_hand = first;
	KUNIT_EXPECT_EQ(test, 0, sim_test_shrink_mmap(r->m, row->level));
	KUNIT_EXPECT_EQ(test, (first + row->cached) % SIM_TEST_FRAMES, r->m->mmap_hand);
	for (i = 0; i < SIM_TEST_FRAMES; i++)
		KUNIT_EXPECT_EQ_MSG(test, i < row->cached,
				    referenced(r, (first + i) % SIM_TEST_FRAMES), "frame %u", i);
}

static void nothing_to_discard(struct kunit *test)
{
	struct sim_test_rig *r = sim_test_rig(test, 8);
	s32 id = sim_test_segment(test, r->m, 8);
	u64 there = sim_test_attach(test, r->a, id);

	sim_test_fill(test, r->a, there, 8, 2);
	/* A segment's page has one user then, but is in no cache. */
	KUNIT_ASSERT_EQ(test, 0, sim_shmdt(r->a, there));
	KUNIT_EXPECT_EQ(test, 0, sim_test_shrink_mmap(r->m, 0));
	KUNIT_EXPECT_EQ(test, 0, sim_test_shrink_mmap(r->m, 0));
	SIM_EXPECT_SHM(test, r->m, 8, 8, 0);
	KUNIT_EXPECT_EQ(test, SIM_TEST_FRAMES - 16, r->m->nr_free_pages);
}

static void hand_stays_at_the_freed_frame(struct kunit *test)
{
	u32 pfn[3];
	struct sim_test_rig *r = cached(test, 3, pfn);
	u32 i;

	r->m->mmap_hand = 0;
	for (i = 0; i < 3; i++) {
		KUNIT_EXPECT_EQ(test, 1, sim_test_shrink_mmap(r->m, 0));
		KUNIT_EXPECT_EQ(test, 0, atomic64_read(&r->m->mem_map[r->m->mmap_hand].count));
		KUNIT_EXPECT_TRUE(test, r->m->mmap_hand == pfn[0] || r->m->mmap_hand == pfn[1] ||
				  r->m->mmap_hand == pfn[2]);
	}
	KUNIT_EXPECT_EQ(test, max3(pfn[0], pfn[1], pfn[2]), r->m->mmap_hand);
	KUNIT_EXPECT_EQ(test, 0, sim_test_shrink_mmap(r->m, 0));
	sim_test_verify(test, r->a, r->base, 3, 1);
}

/* ----------------------------------------------------------- who is spared */

/* It is made older at the levels that look hard, as in Linux 2.0.40. */
static void referenced_page_has_a_second_chance(struct kunit *test)
{
	const struct reach_row *row = test->param_value;
	bool twice = row->any == 2 * SIM_TEST_FRAMES;
	u32 pfn;
	struct sim_test_rig *r = cached(test, 1, &pfn);

	set_referenced(r, pfn);
	r->m->mem_map[pfn].age = 10;
	KUNIT_EXPECT_EQ(test, twice, sim_test_shrink_mmap(r->m, row->level));
	KUNIT_EXPECT_FALSE(test, referenced(r, pfn));
	KUNIT_EXPECT_EQ(test, row->level < 4 ? 9 : 10, r->m->mem_map[pfn].age);
	if (!twice) {
		r->m->mmap_hand = pfn;
		KUNIT_EXPECT_EQ(test, 1, sim_test_shrink_mmap(r->m, row->level));
	}
	KUNIT_EXPECT_EQ(test, pfn, r->m->mmap_hand);
}

static void locked_page_is_skipped(struct kunit *test)
{
	u32 pfn;
	struct sim_test_rig *r = cached(test, 1, &pfn);
	struct sim_page *page = sim_pfn_page(r->m, pfn);

	set_referenced(r, pfn);
	page->age = 10;
	KUNIT_ASSERT_TRUE(test, sim_trylock_page(page));
	KUNIT_EXPECT_EQ(test, 0, sim_test_shrink_mmap(r->m, 0));
	KUNIT_EXPECT_TRUE(test, referenced(r, pfn));
	KUNIT_EXPECT_EQ(test, 10, page->age);
	SIM_EXPECT_COUNTS(test, r->a, r->base, 1, 2);
	sim_unlock_page(page);
	KUNIT_EXPECT_EQ(test, 1, sim_test_shrink_mmap(r->m, 0));
}

/* An access is under way: that is not the same as that it is mapped. */
static void pinned_page_is_skipped(struct kunit *test)
{
	u32 pfn;
	struct sim_test_rig *r = cached(test, 1, &pfn);
	struct sim_page *page = sim_pfn_page(r->m, pfn);

	sim_pin_page(page);
	KUNIT_EXPECT_EQ(test, 0, sim_test_shrink_mmap(r->m, 0));
	KUNIT_EXPECT_FALSE(test, referenced(r, pfn));
	set_referenced(r, pfn);
	KUNIT_EXPECT_EQ(test, 0, sim_test_shrink_mmap(r->m, 0));
	KUNIT_EXPECT_TRUE(test, referenced(r, pfn));
	SIM_EXPECT_COUNTS(test, r->a, r->base, 1, 2);
	sim_unpin_page(r->m, page);
	KUNIT_EXPECT_EQ(test, 1, sim_test_shrink_mmap(r->m, 0));
}

/* It is marked instead, so that it is spared once after it was unmapped. */
static void mapped_page_is_referenced(struct kunit *test)
{
	struct sim_test_rig *r = sim_test_rig_forked(test, 1);
	u32 pfn = pfn_of(r, 0);

	sim_test_reach(test, r, SIM_TEST_STAGE_B);
	KUNIT_EXPECT_FALSE(test, referenced(r, pfn));
	r->m->mmap_hand = pfn;
	KUNIT_EXPECT_EQ(test, 0, sim_test_shrink_mmap(r->m, 6));
	KUNIT_EXPECT_TRUE(test, referenced(r, pfn));
	sim_test_scan_out(test, r->b, r->base, 1);
	r->m->mmap_hand = pfn;
	KUNIT_EXPECT_EQ(test, 0, sim_test_shrink_mmap(r->m, 6));
	KUNIT_EXPECT_FALSE(test, referenced(r, pfn));
	r->m->mmap_hand = pfn;
	KUNIT_EXPECT_EQ(test, 1, sim_test_shrink_mmap(r->m, 6));
}

/* ------------------------------------------------- pages of the swap cache */

static void swap_cache_page_leaves_its_slot(struct kunit *test)
{
	u32 pfn;
	struct sim_test_rig *r = cached(test, 1, &pfn);

	KUNIT_EXPECT_EQ(test, 1, sim_test_shrink_mmap(r->m, 6));
	SIM_EXPECT_COUNTS(test, r->a, r->base, 0, 1);
	KUNIT_EXPECT_EQ(test, SIM_TEST_FRAMES, r->m->nr_free_pages);
	KUNIT_EXPECT_EQ(test, 0, atomic_read(&r->m->nr_swapcache));
	SIM_EXPECT_EVENT(test, r->m, SWAP_CACHE_DEL, 1);
	/* A slot is no file. */
	SIM_EXPECT_EVENT(test, r->m, PGDISCARD, 0);
	KUNIT_EXPECT_EQ(test, 1, r->swap->nr_writes);
	sim_test_verify(test, r->a, r->base, 1, 1);
}

/* Make a page in the cache newer than its slot. */
static void make_newer(struct kunit *test, struct sim_test_rig *r, u32 pfn, u64 seed)
{
	struct sim_page *page = sim_pfn_page(r->m, pfn);
	u64 *words = kunit_kmalloc(test, PAGE_SIZE, GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, words);
	sim_test_pattern(words, seed, 0);
	memcpy_to_page(page->page, 0, (const char *)words, PAGE_SIZE);
	set_bit(SIM_PG_DIRTY, &page->flags);
}

static void dirty_page_is_written_first(struct kunit *test)
{
	u32 pfn;
	struct sim_test_rig *r = cached(test, 1, &pfn);

	make_newer(test, r, pfn, 5);
	KUNIT_EXPECT_EQ(test, 1, sim_test_shrink_mmap(r->m, 6));
	KUNIT_EXPECT_EQ(test, 2, r->swap->nr_writes);
	KUNIT_EXPECT_EQ(test, r->swap->io[0].slot, r->swap->io[1].slot);
	sim_test_verify(test, r->a, r->base, 1, 5);
}

static void failed_write_keeps_the_page(struct kunit *test)
{
	u32 pfn;
	struct sim_test_rig *r = cached(test, 1, &pfn);

	make_newer(test, r, pfn, 5);
	r->swap->fail_write.count = 2;
	KUNIT_EXPECT_EQ(test, 0, sim_test_shrink_mmap(r->m, 6));
	SIM_EXPECT_EVENT(test, r->m, SWAP_WRITE_ERRORS, 1);
	/* Its process has the slot, and finds the page only there. */
	SIM_EXPECT_COUNTS(test, r->a, r->base, 1, 2);
	KUNIT_EXPECT_TRUE(test, test_bit(SIM_PG_DIRTY, &r->m->mem_map[pfn].flags));
	r->m->mmap_hand = pfn;
	KUNIT_EXPECT_EQ(test, 0, sim_test_shrink_mmap(r->m, 6));
	sim_test_verify(test, r->a, r->base, 1, 5);
	KUNIT_EXPECT_EQ(test, 0, r->swap->nr_reads);
}

/* Somebody comes to want the page while it is written: it is not discarded. */
static void touch_while_written(struct sim_test_swap *swap, u32 slot)
{
	struct sim_test_rig *r = swap->data;

	sim_pin_page(r->data);
}

static void page_wanted_during_its_write_stays(struct kunit *test)
{
	u32 pfn;
	struct sim_test_rig *r = cached(test, 1, &pfn);

	make_newer(test, r, pfn, 5);
	r->data = sim_pfn_page(r->m, pfn);
	r->swap->on_write = touch_while_written;
	KUNIT_EXPECT_EQ(test, 0, sim_test_shrink_mmap(r->m, 6));
	SIM_EXPECT_COUNTS(test, r->a, r->base, 1, 2);
	sim_unpin_page(r->m, r->data);
	sim_test_verify(test, r->a, r->base, 1, 5);
}

/* -------------------------------------------------------- pages of files */

/**
 * struct mapped_file - a file with one page in the page cache
 * @r: rig
 * @f: file
 * @keep: region that keeps the cache from going
 * @pfn: the page's frame, where the hand is
 */
struct mapped_file {
	struct sim_test_rig *r;
	struct sim_test_file *f;
	u64 keep;
	u32 pfn;
};

/* Store a word to the page through a shared region that goes then, if @word is not 0. */
static struct mapped_file file_page(struct kunit *test, u64 word, u32 failures)
{
	struct mapped_file mf = {
		.r = sim_test_rig(test, 1),
		.f = sim_test_file(test, 1, 3),
	};
	struct sim_mm *mm = mf.r->a;
	u64 base = sim_test_map_file(test, mm, mf.f, 1, MAP_SHARED);

	mf.keep = sim_test_map_file(test, mm, mf.f, 1, MAP_PRIVATE);
	sim_test_verify(test, mm, base, 1, 3);
	if (word)
		KUNIT_ASSERT_EQ(test, 0, sim_test_set_word(mm, base, word));
	mf.pfn = sim_page_pfn(mf.r->m, sim_test_mapped(mm, base));
	mf.f->fail_write.count = failures;
	KUNIT_ASSERT_EQ(test, 0, sim_test_munmap(mm, base, 1));
	KUNIT_ASSERT_EQ(test, 1, atomic_read(&mf.r->m->nr_file_pages));
	mf.r->m->mmap_hand = mf.pfn;
	return mf;
}

static void clean_file_page_is_discarded(struct kunit *test)
{
	struct mapped_file mf = file_page(test, 0, 0);
	struct sim_machine *m = mf.r->m;

	KUNIT_EXPECT_EQ(test, 1, sim_test_shrink_mmap(m, 6));
	KUNIT_EXPECT_EQ(test, mf.pfn, m->mmap_hand);
	KUNIT_EXPECT_EQ(test, 0, atomic_read(&m->nr_file_pages));
	SIM_EXPECT_EVENT(test, m, PGDISCARD, 1);
	SIM_EXPECT_EVENT(test, m, PGPGOUT, 0);
	KUNIT_EXPECT_EQ(test, 0, mf.r->swap->nr_writes);
	/* And read from the file when it is wanted. */
	sim_test_verify(test, mf.r->a, mf.keep, 1, 3);
	KUNIT_EXPECT_EQ(test, 2, mf.f->nr_reads);
}

static void mapped_file_page_is_referenced(struct kunit *test)
{
	struct mapped_file mf = file_page(test, 0, 0);
	struct sim_machine *m = mf.r->m;

	sim_test_touch_pages(test, mf.r->a, mf.keep, 1);
	KUNIT_EXPECT_EQ(test, 0, sim_test_shrink_mmap(m, 6));
	KUNIT_EXPECT_TRUE(test, referenced(mf.r, mf.pfn));
	KUNIT_EXPECT_EQ(test, 0, sim_test_shrink_mmap(m, 0));
	SIM_EXPECT_EVENT(test, m, PGDISCARD, 0);
}

/* The write when the region went failed, so the page is newer than the file. */
static void dirty_file_page_is_written_first(struct kunit *test)
{
	struct mapped_file mf = file_page(test, 7, 1);

	SIM_EXPECT_EVENT(test, mf.r->m, FILE_WRITE_ERRORS, 1);
	KUNIT_EXPECT_NE(test, 7, sim_test_file_load(test, mf.f, 0));
	KUNIT_EXPECT_EQ(test, 1, sim_test_shrink_mmap(mf.r->m, 6));
	KUNIT_EXPECT_EQ(test, 7, sim_test_file_load(test, mf.f, 0));
	SIM_EXPECT_EVENT(test, mf.r->m, PGPGOUT, 1);
	SIM_EXPECT_EVENT(test, mf.r->m, PGDISCARD, 1);
	KUNIT_EXPECT_EQ(test, 0, mf.r->swap->nr_writes);
	KUNIT_EXPECT_EQ(test, 7, sim_test_word_at(mf.r->a, mf.keep));
}

static void failed_write_keeps_the_file_page(struct kunit *test)
{
	struct mapped_file mf = file_page(test, 7, 2);

	KUNIT_EXPECT_EQ(test, 0, sim_test_shrink_mmap(mf.r->m, 6));
	SIM_EXPECT_EVENT(test, mf.r->m, FILE_WRITE_ERRORS, 2);
	KUNIT_EXPECT_EQ(test, 1, atomic_read(&mf.r->m->nr_file_pages));
	KUNIT_EXPECT_EQ(test, 7, sim_test_word_at(mf.r->a, mf.keep));
	KUNIT_EXPECT_EQ(test, 1, mf.f->nr_reads);
	KUNIT_ASSERT_EQ(test, 0, sim_test_munmap(mf.r->a, mf.keep, 1));
}

static struct kunit_case cases[] = {
	KUNIT_CASE_PARAM(count_max, reach_gen_params),
	KUNIT_CASE_PARAM(count_min, reach_gen_params),
	KUNIT_CASE(nothing_to_discard),
	KUNIT_CASE(hand_stays_at_the_freed_frame),
	KUNIT_CASE_PARAM(referenced_page_has_a_second_chance, reach_gen_params),
	KUNIT_CASE(locked_page_is_skipped),
	KUNIT_CASE(pinned_page_is_skipped),
	KUNIT_CASE(mapped_page_is_referenced),
	KUNIT_CASE(swap_cache_page_leaves_its_slot),
	KUNIT_CASE(dirty_page_is_written_first),
	KUNIT_CASE(failed_write_keeps_the_page),
	KUNIT_CASE(page_wanted_during_its_write_stays),
	KUNIT_CASE(clean_file_page_is_discarded),
	KUNIT_CASE(mapped_file_page_is_referenced),
	KUNIT_CASE(dirty_file_page_is_written_first),
	KUNIT_CASE(failed_write_keeps_the_file_page),
	{}
};

static struct kunit_suite suite = {
	.name = "shmswap_shrink_mmap",
	.init = sim_test_init,
	.exit = sim_test_exit,
	.test_cases = cases,
};

kunit_test_suite(suite);
