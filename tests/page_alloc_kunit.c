// SPDX-License-Identifier: GPL-2.0
/*
 * Frames: the buddy allocator, watermarks, references and pins, the page lock.
 */
#include <linux/bitmap.h>
#include <linux/delay.h>
#include <linux/ipc.h>
#include <linux/prandom.h>

#include "kunit_helpers.h"

/* --------------------------------------------------------------- free_area */

static struct sim_machine *machine_of(struct kunit *test, u32 nr_frames)
{
	return sim_test_machine_config(test, &(const struct sim_config) {
		.nr_frames = nr_frames,
	});
}

static u32 pfn_of(struct sim_machine *m, struct sim_page *page)
{
	return page ? sim_page_pfn(m, page) : U32_MAX;
}

/* The first frame of the block at position @nr of a free list. */
static u32 free_block_at(struct sim_machine *m, u32 order, u32 nr)
{
	struct sim_page *page;

	list_for_each_entry(page, &m->free_area[order].list, list) {
		if (!nr--)
			return sim_page_pfn(m, page);
	}
	return U32_MAX;
}

/* As many blocks of each order as the bits of @nr_frames say, the largest first. */
static void expect_unbroken(struct kunit *test, struct sim_machine *m)
{
	u32 nr = m->nr_frames;
	u32 order;

	KUNIT_EXPECT_EQ(test, nr, m->nr_free_pages);
	KUNIT_EXPECT_EQ(test, nr / 32, m->free_area[5].nr_blocks);
	for (order = 0; order < SIM_NR_ORDERS - 1; order++)
		KUNIT_EXPECT_EQ_MSG(test, nr >> order & 1, m->free_area[order].nr_blocks,
				    "order %u of %u frames", order, nr);
}

/* Is the block of @order at @pfn in its free list? By looking, not by the flags. */
static bool is_free(struct sim_machine *m, u32 order, u32 pfn)
{
	struct sim_page *page;

	list_for_each_entry(page, &m->free_area[order].list, list) {
		if (sim_page_pfn(m, page) == pfn)
			return true;
	}
	return false;
}

/* Below the highest order the bit of a pair says that exactly one of it is free. */
static void expect_pair_bits(struct kunit *test, struct sim_machine *m)
{
	u32 order, pfn;

	for (order = 0; order < SIM_NR_ORDERS - 1; order++) {
		for (pfn = 0; pfn < m->nr_frames; pfn += 2U << order)
			KUNIT_EXPECT_EQ_MSG(test, is_free(m, order, pfn) !=
					    is_free(m, order, pfn + (1U << order)),
					    test_bit(pfn >> (1 + order), m->free_area[order].map),
					    "order %u frame %u", order, pfn);
	}
}

static const u32 sizes[] = { 16, 17, 31, 32, 33, 63, 64, 65, 100, 127, 1000 };

static void size_desc(const u32 *size, char *desc)
{
	snprintf(desc, KUNIT_PARAM_DESC_SIZE, "%u frames", *size);
}

KUNIT_ARRAY_PARAM(size, sizes, size_desc);

static void mem_init_makes_the_largest_blocks(struct kunit *test)
{
	struct sim_machine *m = machine_of(test, *(const u32 *)test->param_value);

	expect_unbroken(test, m);
	expect_pair_bits(test, m);
}

/* The lower halves go to the smaller lists, the caller gets the upper end. */
static void rmqueue_splits_from_the_top(struct kunit *test)
{
	struct sim_machine *m = machine_of(test, 32);
	struct sim_page *page = sim_rmqueue(m, 0, 0);

	KUNIT_EXPECT_EQ(test, 31, pfn_of(m, page));
	KUNIT_EXPECT_EQ(test, 31, m->nr_free_pages);
	/* Free now: 0-15, 16-23, 24-27, 28-29, 30. */
	KUNIT_EXPECT_EQ(test, U32_MAX, free_block_at(m, 5, 0));
	KUNIT_EXPECT_EQ(test, 0, free_block_at(m, 4, 0));
	KUNIT_EXPECT_EQ(test, 16, free_block_at(m, 3, 0));
	KUNIT_EXPECT_EQ(test, 24, free_block_at(m, 2, 0));
	KUNIT_EXPECT_EQ(test, 28, free_block_at(m, 1, 0));
	KUNIT_EXPECT_EQ(test, 30, free_block_at(m, 0, 0));
	expect_pair_bits(test, m);
	sim_unpin_page(m, page);
	expect_unbroken(test, m);
}

static void rmqueue_of_each_order_takes_the_upper_end(struct kunit *test)
{
	struct sim_machine *m = machine_of(test, 32);
	u32 order;

	for (order = 0; order < SIM_NR_ORDERS; order++) {
		struct sim_page *page = sim_rmqueue(m, order, 0);

		KUNIT_EXPECT_EQ(test, 32 - (1U << order), pfn_of(m, page));
		KUNIT_EXPECT_EQ(test, 32 - (1U << order), m->nr_free_pages);
		expect_pair_bits(test, m);
		sim_free_pages(m, page, order);
		expect_unbroken(test, m);
	}
}

/* A block of the wanted size is taken before a larger one is split. */
static void rmqueue_prefers_the_smallest_block(struct kunit *test)
{
	struct sim_machine *m = machine_of(test, 33);
	struct sim_page *page = sim_rmqueue(m, 0, 0);

	KUNIT_EXPECT_EQ(test, 32, pfn_of(m, page));
	KUNIT_EXPECT_EQ(test, 1, m->free_area[5].nr_blocks);
	sim_unpin_page(m, page);
}

static void rmqueue_of_too_high_order_is_null(struct kunit *test)
{
	struct sim_machine *m = machine_of(test, 64);

	KUNIT_EXPECT_NULL(test, sim_rmqueue(m, SIM_NR_ORDERS, 0));
	KUNIT_EXPECT_EQ(test, 64, m->nr_free_pages);
}

/* Sixteen free frames, but no two of them are buddies. */
static void rmqueue_of_fragmented_memory_is_null(struct kunit *test)
{
	struct sim_machine *m = machine_of(test, 32);
	struct sim_page *page;
	u32 pfn;

	while (sim_rmqueue(m, 0, 0))
		;
	KUNIT_EXPECT_EQ(test, 0, m->nr_free_pages);
	for (pfn = 0; pfn < 32; pfn += 2)
		sim_free_pages(m, sim_pfn_page(m, pfn), 0);
	KUNIT_EXPECT_EQ(test, 16, m->nr_free_pages);
	KUNIT_EXPECT_NULL(test, sim_rmqueue(m, 1, 0));
	page = sim_rmqueue(m, 0, 0);
	KUNIT_EXPECT_NOT_NULL(test, page);
	sim_free_pages(m, page, 0);
	for (pfn = 1; pfn < 32; pfn += 2)
		sim_free_pages(m, sim_pfn_page(m, pfn), 0);
	expect_unbroken(test, m);
}

/* Inserted at the head: what was freed last is handed out first. */
static void free_pages_goes_to_the_head(struct kunit *test)
{
	struct sim_machine *m = machine_of(test, 32);
	struct sim_page *page[4];
	int i;

	for (i = 0; i < 4; i++)
		page[i] = sim_rmqueue(m, 1, 0);
	/* Neither pair of buddies is complete. */
	sim_free_pages(m, page[0], 1);
	sim_free_pages(m, page[2], 1);
	KUNIT_EXPECT_EQ(test, pfn_of(m, page[2]), free_block_at(m, 1, 0));
	KUNIT_EXPECT_EQ(test, pfn_of(m, page[0]), free_block_at(m, 1, 1));
	KUNIT_EXPECT_PTR_EQ(test, page[2], sim_rmqueue(m, 1, 0));
	sim_free_pages(m, page[1], 1);
	sim_free_pages(m, page[2], 1);
	sim_free_pages(m, page[3], 1);
	expect_unbroken(test, m);
}

/* The two largest blocks are not joined: there is no larger order. */
static void free_pages_stops_at_the_highest_order(struct kunit *test)
{
	struct sim_machine *m = machine_of(test, 64);
	struct sim_page *a = sim_rmqueue(m, 5, 0);
	struct sim_page *b = sim_rmqueue(m, 5, 0);

	KUNIT_EXPECT_EQ(test, 0, m->nr_free_pages);
	KUNIT_EXPECT_NULL(test, sim_rmqueue(m, 0, 0));
	sim_free_pages(m, a, 5);
	sim_free_pages(m, b, 5);
	expect_unbroken(test, m);
}

/* At the end of odd memory there is no buddy to be joined with. */
static void free_pages_without_buddy_stays_alone(struct kunit *test)
{
	struct sim_machine *m = machine_of(test, 17);
	struct sim_page *page = sim_rmqueue(m, 0, 0);

	KUNIT_EXPECT_EQ(test, 16, pfn_of(m, page));
	sim_free_pages(m, page, 0);
	expect_unbroken(test, m);
	expect_pair_bits(test, m);
}

#define NR_BLOCKS	64

/**
 * struct random_run - blocks that a random run holds
 * @m: machine
 * @rnd: random numbers
 * @busy: frames of these blocks
 * @pfn: first frames; the first @nr are in use
 * @order: sizes
 * @nr: number of blocks
 * @nr_busy: frames of these blocks
 */
struct random_run {
	struct sim_machine *m;
	struct rnd_state rnd;
	DECLARE_BITMAP(busy, 1024);
	u32 pfn[NR_BLOCKS];
	u32 order[NR_BLOCKS];
	u32 nr;
	u32 nr_busy;
};

/* What Linux 2.0 would hand out, U32_MAX if nothing. */
static u32 predict(struct sim_machine *m, u32 order)
{
	u32 high;

	for (high = order; high < SIM_NR_ORDERS; high++) {
		u32 pfn = free_block_at(m, high, 0);

		if (pfn != U32_MAX)
			return pfn + (1U << high) - (1U << order);
	}
	return U32_MAX;
}

static void random_alloc(struct kunit *test, struct random_run *r, u32 order)
{
	u32 expected = predict(r->m, order);
	u32 pfn = pfn_of(r->m, sim_rmqueue(r->m, order, 0));
	u32 i;

	KUNIT_EXPECT_EQ_MSG(test, expected, pfn, "order %u", order);
	if (pfn == U32_MAX)
		return;
	KUNIT_EXPECT_EQ(test, 0, pfn % (1U << order));
	for (i = 0; i < 1U << order; i++)
		KUNIT_EXPECT_FALSE_MSG(test, __test_and_set_bit(pfn + i, r->busy),
				       "frame %u was handed out twice", pfn + i);
	r->pfn[r->nr] = pfn;
	r->order[r->nr++] = order;
	r->nr_busy += 1U << order;
}

static void random_free(struct random_run *r, u32 i)
{
	sim_free_pages(r->m, sim_pfn_page(r->m, r->pfn[i]), r->order[i]);
	bitmap_clear(r->busy, r->pfn[i], 1U << r->order[i]);
	r->nr_busy -= 1U << r->order[i];
	r->nr--;
	r->pfn[i] = r->pfn[r->nr];
	r->order[i] = r->order[r->nr];
}

/* Random sizes come and go: nothing is lost, split and joined as it should be. */
static void buddy_over_random_orders(struct kunit *test)
{
	struct random_run *r = kunit_kzalloc(test, sizeof(*r), GFP_KERNEL);
	u32 step;

	KUNIT_ASSERT_NOT_NULL(test, r);
	r->m = machine_of(test, *(const u32 *)test->param_value);
	prandom_seed_state(&r->rnd, r->m->nr_frames);
	for (step = 0; step < 1000; step++) {
		u32 random = prandom_u32_state(&r->rnd);

		if (r->nr == NR_BLOCKS || (r->nr && random % 8 < 3))
			random_free(r, random / 8 % r->nr);
		else
			random_alloc(test, r, random / 8 % SIM_NR_ORDERS);
		KUNIT_EXPECT_EQ(test, r->m->nr_frames, r->nr_busy + r->m->nr_free_pages);
		if (step % 50 == 0)
			expect_pair_bits(test, r->m);
	}
	while (r->nr)
		random_free(r, prandom_u32_state(&r->rnd) % r->nr);
	expect_unbroken(test, r->m);
	expect_pair_bits(test, r->m);
}

/* -------------------------------------------------------------- watermarks */

static void rmqueue_keeps_the_reserve(struct kunit *test)
{
	struct sim_machine *m = machine_of(test, 32);
	struct sim_page *page;

	KUNIT_EXPECT_NULL(test, sim_rmqueue(m, 0, 32));
	page = sim_rmqueue(m, 0, 31);
	KUNIT_EXPECT_NOT_NULL(test, page);
	KUNIT_EXPECT_NULL(test, sim_rmqueue(m, 0, 31));
	KUNIT_EXPECT_EQ(test, 31, m->nr_free_pages);
	sim_unpin_page(m, page);
}

/* More than freepages.min must be free before a frame is taken. */
static void get_free_page_stops_at_min(struct kunit *test)
{
	struct sim_machine *m = machine_of(test, 64);
	struct sim_page *page[65];
	u32 i, nr = 0;

	KUNIT_ASSERT_EQ(test, 4, m->freepages.min);
	while (nr < 64 && (page[nr] = sim_get_free_page(m)))
		nr++;
	KUNIT_EXPECT_EQ(test, 60, nr);
	KUNIT_EXPECT_EQ(test, 4, m->nr_free_pages);
	SIM_EXPECT_EVENT(test, m, PGALLOC, 60);
	/* The reserve is there for those who ask for it. */
	page[nr] = sim_rmqueue(m, 0, 0);
	KUNIT_EXPECT_NOT_NULL(test, page[nr]);
	nr += !!page[nr];
	for (i = 0; i < nr; i++)
		sim_unpin_page(m, page[i]);
	expect_unbroken(test, m);
	SIM_EXPECT_EVENT(test, m, PGFREE, 61);
}

static void get_free_page_has_the_initial_age(struct kunit *test)
{
	struct sim_machine *m = machine_of(test, 16);
	struct sim_page *page = sim_get_free_page(m);

	KUNIT_ASSERT_NOT_NULL(test, page);
	KUNIT_EXPECT_EQ(test, 3, page->age);
	KUNIT_EXPECT_EQ(test, SIM_PIN, atomic64_read(&page->count));
	sim_unpin_page(m, page);
	m->swap_control.page_initial_age = 7;
	page = sim_get_free_page(m);
	KUNIT_EXPECT_EQ(test, 7, page->age);
	sim_unpin_page(m, page);
}

struct freepages_case {
	const char *name;
	u32 nr_frames;
	u32 min;
	u32 low;
	u32 high;
};

/* Linux 2.0.40 where a sixteenth of the memory is more than it wanted. */
static const struct freepages_case freepages_cases[] = {
	{ "smallest", 16, 1, 1, 2 },
	{ "a sixteenth", 64, 4, 6, 8 },
	{ "just below", 767, 47, 70, 94 },
	{ "default machine", 1024, 48, 72, 96 },
	{ "3072 frames", 3072, 48, 72, 96 },
	{ "8192 frames", 8192, 88, 132, 176 },
	{ "largest", SHMSWAP_MAX_FRAMES, 8216, 12324, 16432 },
};

KUNIT_ARRAY_PARAM_DESC(freepages, freepages_cases, name);

static void default_freepages_with_size(struct kunit *test)
{
	const struct freepages_case *c = test->param_value;
	struct sim_freepages f;

	sim_default_freepages(c->nr_frames, &f);
	KUNIT_EXPECT_EQ(test, c->min, f.min);
	KUNIT_EXPECT_EQ(test, c->low, f.low);
	KUNIT_EXPECT_EQ(test, c->high, f.high);
}

/* ------------------------------------------------------ references and pins */

static void put_page_of_last_reference_frees(struct kunit *test)
{
	struct sim_machine *m = machine_of(test, 32);
	struct sim_page *page = sim_get_free_page(m);

	sim_get_page(page);
	sim_get_page(page);
	sim_unpin_page(m, page);
	KUNIT_EXPECT_EQ(test, 2, sim_page_count(page));
	sim_put_page(m, page);
	KUNIT_EXPECT_EQ(test, 1, sim_page_count(page));
	KUNIT_EXPECT_EQ(test, 31, m->nr_free_pages);
	sim_put_page(m, page);
	KUNIT_EXPECT_EQ(test, 32, m->nr_free_pages);
	KUNIT_EXPECT_EQ(test, 0LL, atomic64_read(&page->count));
	SIM_EXPECT_EVENT(test, m, PGFREE, 1);
}

/* A pin keeps a frame as a reference does, but does not count as one. */
static void unpin_page_of_last_pin_frees(struct kunit *test)
{
	struct sim_machine *m = machine_of(test, 32);
	struct sim_page *page = sim_get_free_page(m);

	sim_pin_page(page);
	sim_get_page(page);
	KUNIT_EXPECT_EQ(test, 1, sim_page_count(page));
	KUNIT_EXPECT_EQ(test, 2 * SIM_PIN + 1, atomic64_read(&page->count));
	sim_put_page(m, page);
	KUNIT_EXPECT_EQ(test, 0, sim_page_count(page));
	sim_unpin_page(m, page);
	KUNIT_EXPECT_EQ(test, 31, m->nr_free_pages);
	sim_unpin_page(m, page);
	KUNIT_EXPECT_EQ(test, 32, m->nr_free_pages);
}

static void freed_frame_belongs_to_nobody(struct kunit *test)
{
	struct sim_machine *m = sim_test_machine(test);
	struct sim_mm *mm = sim_test_process(test, m);
	s32 id = sim_test_segment(test, m, 1);
	struct sim_page *page;

	sim_test_touch_pages(test, mm, sim_test_attach(test, mm, id), 1);
	page = sim_test_frame(sim_test_seg(test, m, id), 0);
	KUNIT_ASSERT_NOT_NULL(test, page);
	sim_test_process_exit(test, mm);
	KUNIT_EXPECT_NOT_NULL(test, page->seg);
	sim_test_shmctl(m, id, IPC_RMID);
	KUNIT_EXPECT_NULL(test, page->seg);
	expect_unbroken(test, m);
}

/* What a frame held before must not be seen in another segment. */
static void reused_frame_is_zeroed(struct kunit *test)
{
	struct sim_machine *m = machine_of(test, 16);
	struct sim_mm *mm = sim_test_process(test, m);
	u64 base, words[2] = {};
	s32 id;
	int i;

	for (i = 0; i < 3; i++) {
		id = sim_test_segment(test, m, 8);
		base = sim_test_attach(test, mm, id);
		KUNIT_EXPECT_EQ(test, (ssize_t)sizeof(words),
				sim_test_load(mm, sim_test_page(base, 7) + 1000, words,
					      sizeof(words)));
		KUNIT_EXPECT_EQ(test, 0ULL, words[0] | words[1]);
		sim_test_fill(test, mm, base, 8, i);
		KUNIT_EXPECT_EQ(test, 0, sim_shmdt(mm, base));
		sim_test_shmctl(m, id, IPC_RMID);
	}
	expect_unbroken(test, m);
}

/* ----------------------------------------------------------- the page lock */

static void trylock_page_that_is_locked_fails(struct kunit *test)
{
	struct sim_page page = {};

	KUNIT_EXPECT_TRUE(test, sim_trylock_page(&page));
	KUNIT_EXPECT_FALSE(test, sim_trylock_page(&page));
	sim_unlock_page(&page);
	KUNIT_EXPECT_TRUE(test, sim_trylock_page(&page));
	sim_unlock_page(&page);
	KUNIT_EXPECT_EQ(test, 0UL, page.flags);
	KUNIT_EXPECT_EQ(test, 0, sim_wait_on_page_locked(&page));
}

static int wait_on_page(void *data)
{
	return sim_wait_on_page_locked(data);
}

static void wait_on_page_locked_ends_with_unlock(struct kunit *test)
{
	struct sim_page *page = kunit_kzalloc(test, sizeof(*page), GFP_KERNEL);
	struct sim_test_thread *thread;

	KUNIT_ASSERT_NOT_NULL(test, page);
	sim_trylock_page(page);
	thread = sim_test_thread_run(test, wait_on_page, page);
	msleep(50);
	KUNIT_EXPECT_FALSE(test, completion_done(&thread->done));
	sim_unlock_page(page);
	KUNIT_EXPECT_EQ(test, 0, sim_test_thread_join(test, thread));
}

static void wait_on_page_locked_ends_with_fatal_signal(struct kunit *test)
{
	struct sim_page *page = kunit_kzalloc(test, sizeof(*page), GFP_KERNEL);
	struct sim_test_thread *thread;

	KUNIT_ASSERT_NOT_NULL(test, page);
	sim_trylock_page(page);
	thread = sim_test_thread_run(test, wait_on_page, page);
	msleep(50);
	sim_test_thread_kill(thread);
	KUNIT_EXPECT_TRUE(test, sim_test_wait_for(completion_done(&thread->done)));
	sim_unlock_page(page);
	KUNIT_EXPECT_EQ(test, -EINTR, sim_test_thread_join(test, thread));
}

static struct kunit_case page_alloc_cases[] = {
	KUNIT_CASE_PARAM(mem_init_makes_the_largest_blocks, size_gen_params),
	KUNIT_CASE(rmqueue_splits_from_the_top),
	KUNIT_CASE(rmqueue_of_each_order_takes_the_upper_end),
	KUNIT_CASE(rmqueue_prefers_the_smallest_block),
	KUNIT_CASE(rmqueue_of_too_high_order_is_null),
	KUNIT_CASE(rmqueue_of_fragmented_memory_is_null),
	KUNIT_CASE(free_pages_goes_to_the_head),
	KUNIT_CASE(free_pages_stops_at_the_highest_order),
	KUNIT_CASE(free_pages_without_buddy_stays_alone),
	KUNIT_CASE_PARAM(buddy_over_random_orders, size_gen_params),
	KUNIT_CASE(rmqueue_keeps_the_reserve),
	KUNIT_CASE(get_free_page_stops_at_min),
	KUNIT_CASE(get_free_page_has_the_initial_age),
	KUNIT_CASE_PARAM(default_freepages_with_size, freepages_gen_params),
	KUNIT_CASE(put_page_of_last_reference_frees),
	KUNIT_CASE(unpin_page_of_last_pin_frees),
	KUNIT_CASE(freed_frame_belongs_to_nobody),
	KUNIT_CASE(reused_frame_is_zeroed),
	KUNIT_CASE(trylock_page_that_is_locked_fails),
	KUNIT_CASE(wait_on_page_locked_ends_with_unlock),
	KUNIT_CASE(wait_on_page_locked_ends_with_fatal_signal),
	{}
};

static struct kunit_suite page_alloc_suite = {
	.name = "shmswap_page_alloc",
	.init = sim_test_init,
	.exit = sim_test_exit,
	.test_cases = page_alloc_cases,
};

kunit_test_suite(page_alloc_suite);
