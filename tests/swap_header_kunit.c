// SPDX-License-Identifier: GPL-2.0
/*
 * What mkswap(8) wrote, or somebody who means harm.
 */
#include <linux/mm.h>
#include <linux/slab.h>
#include <linux/swab.h>
#include <linux/swap.h>

#include "kunit_helpers.h"

/* The size of the area that the headers are on, in pages. */
#define PAGES	1000

/**
 * struct header_row - a header
 * @name: what is special about it
 * @magic: signature
 * @newer: version, less the right one
 * @last_page: number of the last page
 * @nr_bad: number of bad pages
 * @bad: these; if there are more, all are page 1
 * @other_order: all numbers are of the other byte order
 * @bytes: size of the area, 0: @PAGES
 * @err: what comes of it
 * @nr_pages: usable slots, if it is good and not too large to try
 */
static const struct header_row {
	const char *name;
	const char *magic;
	int newer;
	u32 last_page;
	u32 nr_bad;
	u32 bad[3];
	bool other_order;
	u64 bytes;
	int err;
	u32 nr_pages;
} header_rows[] = {
	{ .name = "good", .last_page = PAGES - 1, .nr_pages = PAGES - 1 },
	{ .name = "smaller than the file", .last_page = 10, .nr_pages = 10 },
	{ .name = "one slot", .last_page = 1, .nr_pages = 1 },
	{ .name = "no signature", .magic = "XXXXXXXXXX", .last_page = 10, .err = -EINVAL },
	{ .name = "old signature", .magic = "SWAP-SPACE", .last_page = 10, .err = -EINVAL },
	{ .name = "last byte of the signature", .magic = "SWAPSPACE3", .last_page = 10,
	  .err = -EINVAL },
	{ .name = "suspended", .magic = "S1SUSPEND\0", .last_page = 10, .err = -EINVAL },
	{ .name = "version 0", .newer = -1, .last_page = 10, .err = -EINVAL },
	{ .name = "version 2", .newer = 1, .last_page = 10, .err = -EINVAL },
	{ .name = "version 2 of the other byte order", .newer = 1, .last_page = 10,
	  .other_order = true, .err = -EINVAL },
	{ .name = "no pages", .last_page = 0, .err = -EINVAL },
	{ .name = "one page more than the file", .last_page = PAGES, .err = -EINVAL },
	{ .name = "one byte less in the file", .last_page = PAGES - 1,
	  .bytes = PAGES * PAGE_SIZE - 1, .err = -EINVAL },
	{ .name = "as many slots as there can be", .last_page = SHMSWAP_MAX_SLOTS - 1,
	  .bytes = U64_MAX },
	{ .name = "one slot more than there can be", .last_page = SHMSWAP_MAX_SLOTS,
	  .bytes = U64_MAX, .err = -EINVAL },
	{ .name = "size that wraps", .last_page = U32_MAX, .bytes = U64_MAX, .err = -EINVAL },
	{ .name = "size that wraps in a file of nothing", .last_page = U32_MAX, .bytes = 1,
	  .err = -EINVAL },
	{ .name = "bad pages", .last_page = PAGES - 1, .nr_bad = 3, .bad = { 7, 1, PAGES - 1 },
	  .nr_pages = PAGES - 4 },
	{ .name = "as many bad pages as there can be", .last_page = PAGES - 1,
	  .nr_bad = MAX_SWAP_BADPAGES, .nr_pages = PAGES - 2 },
	{ .name = "one bad page more than there can be", .last_page = PAGES - 1,
	  .nr_bad = MAX_SWAP_BADPAGES + 1, .err = -EINVAL },
	{ .name = "one bad page too many, which the signature is", .nr_bad = MAX_SWAP_BADPAGES + 1,
	  .last_page = SHMSWAP_MAX_SLOTS - 1, .bytes = U64_MAX, .err = -EINVAL },
	{ .name = "endless bad pages", .last_page = PAGES - 1, .nr_bad = U32_MAX,
	  .err = -EINVAL },
	{ .name = "the header is bad", .last_page = 10, .nr_bad = 1, .bad = { 0 },
	  .err = -EINVAL },
	{ .name = "the header is bad too", .last_page = 10, .nr_bad = 2, .bad = { 1, 0 },
	  .err = -EINVAL },
	{ .name = "bad page behind the end", .last_page = 10, .nr_bad = 1, .bad = { 11 },
	  .err = -EINVAL },
	{ .name = "bad page far behind the end", .last_page = 10, .nr_bad = 1,
	  .bad = { U32_MAX }, .err = -EINVAL },
	{ .name = "last page is bad", .last_page = 10, .nr_bad = 1, .bad = { 10 },
	  .nr_pages = 9 },
	{ .name = "same page bad twice", .last_page = 10, .nr_bad = 3, .bad = { 5, 5, 5 },
	  .nr_pages = 9 },
	{ .name = "every page is bad", .last_page = 3, .nr_bad = 3, .bad = { 1, 2, 3 },
	  .nr_pages = 0 },
	{ .name = "other byte order", .other_order = true, .last_page = PAGES - 1, .nr_bad = 2,
	  .bad = { 3, 4 }, .nr_pages = PAGES - 3 },
	{ .name = "other byte order, one page too many", .other_order = true,
	  .last_page = PAGES, .err = -EINVAL },
	{ .name = "other byte order, too many bad pages", .other_order = true,
	  .last_page = PAGES - 1, .nr_bad = MAX_SWAP_BADPAGES + 1, .err = -EINVAL },
	{ .name = "other byte order, endless bad pages", .other_order = true,
	  .last_page = PAGES - 1, .nr_bad = U32_MAX, .err = -EINVAL },
	{ .name = "other byte order, bad page behind the end", .other_order = true,
	  .last_page = 10, .nr_bad = 1, .bad = { 11 }, .err = -EINVAL },
};

KUNIT_ARRAY_PARAM_DESC(header, header_rows, name);

static u32 order(const struct header_row *row, u32 number)
{
	return row->other_order ? swab32(number) : number;
}

/* The page that a row describes; unused space is hostile. */
static void *make_header(struct kunit *test, const struct header_row *row)
{
	union swap_header *h = kunit_kmalloc(test, PAGE_SIZE, GFP_KERNEL);
	u32 *bad;
	u32 i;

	KUNIT_ASSERT_NOT_NULL(test, h);
	memset(h, 0xff, PAGE_SIZE);
	memcpy(h->magic.magic, row->magic ?: "SWAPSPACE2", sizeof(h->magic.magic));
	h->info.version = order(row, 1 + row->newer);
	h->info.last_page = order(row, row->last_page);
	h->info.nr_badpages = order(row, row->nr_bad);
	/* By the kernel's header, an array of one. */
	bad = h->info.badpages;
	for (i = 0; i < min_t(u32, row->nr_bad, MAX_SWAP_BADPAGES); i++)
		bad[i] = order(row, row->nr_bad <= ARRAY_SIZE(row->bad) ? row->bad[i] : 1);
	return h;
}

/* Take every slot, and give it back. */
static void expect_slots(struct kunit *test, struct sim_swap_info *si, u32 nr_pages)
{
	struct sim_machine *m = si->m;
	sim_swp_entry_t entry;
	u32 slot, nr = 0;

	KUNIT_EXPECT_EQ(test, nr_pages, si->pages);
	KUNIT_EXPECT_EQ(test, nr_pages, m->nr_swap_pages);
	while (sim_get_swap_page(m).val)
		nr++;
	KUNIT_EXPECT_EQ(test, nr_pages, nr);
	for (slot = 0; slot < si->max; slot++) {
		entry = sim_swp_entry(si->type, slot);
		if (sim_swap_count(m, entry) != SIM_SWAP_MAP_BAD)
			sim_swap_free(m, entry, 1);
	}
	KUNIT_EXPECT_EQ(test, nr_pages, m->nr_swap_pages);
}

/* An area of such a geometry never hands out a bad slot. */
static void expect_area(struct kunit *test, const struct sim_swap_geometry *g, u32 nr_pages)
{
	struct sim_machine *m = sim_test_machine_config(test, &(const struct sim_config) {
		.nr_frames = SIM_TEST_FRAMES,
	});
	struct sim_swap_info *si = sim_swap_area_alloc(m);
	u32 i;
	int err;

	KUNIT_ASSERT_NOT_NULL(test, si);
	err = sim_swap_area_add(si, g, 0);
	KUNIT_EXPECT_EQ(test, nr_pages ? 0 : -EINVAL, err);
	if (err) {
		sim_swap_area_free(si);
		return;
	}
	for (i = 0; i < g->nr_bad; i++)
		KUNIT_EXPECT_EQ(test, SIM_SWAP_MAP_BAD,
				sim_swap_count(m, sim_swp_entry(si->type, g->bad[i])));
	expect_slots(test, si, nr_pages);
}

KUNIT_DEFINE_ACTION_WRAPPER(free_geometry, kfree, struct sim_swap_geometry *);

static void header_check_with(struct kunit *test)
{
	const struct header_row *row = test->param_value;
	u64 bytes = row->bytes ?: PAGES * PAGE_SIZE;
	struct sim_swap_geometry *g = NULL;
	u32 i;

	KUNIT_EXPECT_EQ(test, row->err,
			sim_swap_header_check(make_header(test, row), bytes, &g));
	KUNIT_ASSERT_EQ(test, !row->err, !!g);
	if (!g)
		return;
	KUNIT_ASSERT_EQ(test, 0, kunit_add_action_or_reset(test, free_geometry, g));
	KUNIT_EXPECT_EQ(test, row->last_page + 1, g->max);
	KUNIT_EXPECT_EQ(test, row->nr_bad, g->nr_bad);
	for (i = 0; row->nr_bad <= ARRAY_SIZE(row->bad) && i < row->nr_bad; i++)
		KUNIT_EXPECT_EQ(test, row->bad[i], g->bad[i]);
	if (g->max <= PAGES)
		expect_area(test, g, row->nr_pages);
}

static struct kunit_case cases[] = {
	KUNIT_CASE_PARAM(header_check_with, header_gen_params),
	{}
};

static struct kunit_suite suite = {
	.name = "shmswap_swap_header",
	.init = sim_test_init,
	.exit = sim_test_exit,
	.test_cases = cases,
};

kunit_test_suite(suite);
