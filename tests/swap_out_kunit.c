// SPDX-License-Identifier: GPL-2.0
/*
 * The process scan: whose turn it is and for how long, how pages age, which of them
 * stay, where the others go, and what may happen to a page while it is written.
 * The numbers in the names of sections are those of history's chapter on
 * Linux 2.0.40.
 */
#include <kunit/test-bug.h>
#include <linux/minmax.h>

#include "kunit_rig.h"

#define LEVEL	SHMSWAP_MAX_LEVEL	/* one turn, with fewer than eight processes */

static u64 scanned(const struct sim_test_rig *r)
{
	return sim_test_event(r->m, SIM_PGSCAN);
}

static u32 age_of(const struct sim_test_rig *r, u32 index)
{
	return sim_test_mapped(r->a, sim_test_rig_page(r, index))->age;
}

static void control(struct kunit *test, struct sim_machine *m, struct shmswap_control c)
{
	KUNIT_ASSERT_EQ(test, 0, sim_machine_control(m, &c));
}

/* The process scan passes over no area of this page, but never takes it. */
static void reserve(struct sim_mm *mm, u64 address)
{
	set_bit(SIM_PG_RESERVED, &sim_test_mapped(mm, address)->flags);
}

static void make_all_old(struct kunit *test, struct sim_mm *mm, u64 base, u32 npages)
{
	u32 i;

	for (i = 0; i < npages; i++)
		sim_test_make_old(test, mm, sim_test_page(base, i));
}

/* ----------------------------------------- 3.6: how many turns there are */

/**
 * struct turns_row - turns of a scan that finds nothing
 * @name: for the report
 * @level: level
 * @processes: their number
 * @weight: pageout_weight
 * @awake: kswapd balances
 * @turns: turns
 */
static const struct turns_row {
	const char *name;
	int level;
	u32 processes;
	u32 weight;
	bool awake;
	u32 turns;
} turns_rows[] = {
	{ "level 6", 6, 1, 8192, false, 1 },
	{ "level 4", 4, 1, 8192, false, 1 },
	{ "level 4, four processes", 4, 4, 8192, false, 3 },
	{ "level 3", 3, 1, 8192, false, 3 },
	{ "level 3, four processes", 3, 4, 8192, false, 9 },
	{ "level 2", 2, 1, 8192, false, 5 },
	{ "level 1", 1, 1, 8192, false, 9 },
	{ "level 0", 0, 1, 8192, false, 33 },
	{ "level 0, two processes", 0, 2, 8192, false, 65 },
	{ "level 4, kswapd", 4, 4, 8192, true, 3 },
	{ "level 3, kswapd", 3, 1, 8192, true, 2 },
	{ "level 1, kswapd", 1, 1, 8192, true, 5 },
	{ "level 0, kswapd", 0, 1, 8192, true, 9 },
	{ "less weight", 3, 1, 4096, false, 2 },
	{ "hardly any weight", 0, 1, 1, false, 1 },
	{ "much weight", 6, 1, 65536, false, 2 },
};

KUNIT_ARRAY_PARAM_DESC(turns, turns_rows, name);

/* Each process has a page that cannot be taken, so each turn looks at one. */
static void turns(struct kunit *test)
{
	const struct turns_row *row = test->param_value;
	struct sim_test_rig *r = sim_test_rig(test, 1);
	u32 i;

	control(test, r->m, (struct shmswap_control) {
		.set = SHMSWAP_CONTROL_SCAN,
		.age_cluster_fract = 32,
		.age_cluster_min = 4,
		.pageout_weight = row->weight,
	});
	reserve(r->a, r->base);
	for (i = 1; i < row->processes; i++) {
		struct sim_mm *mm = sim_test_process(test, r->m);
		u64 base = sim_test_map(test, mm, 1);

		sim_test_fill(test, mm, base, 1, 1);
		reserve(mm, base);
	}
	r->m->kswapd.awake = row->awake;
	KUNIT_EXPECT_EQ(test, 0, sim_test_swap_out(r->m, row->level));
	r->m->kswapd.awake = false;
	KUNIT_EXPECT_EQ(test, row->turns, scanned(r));
}

/* -------------------------------------------------- 3.6: whose turn it is */

/* Pages of two processes that look as if nobody had used them for long. */
static struct sim_test_rig *two_processes(struct kunit *test, u32 npages)
{
	struct sim_test_rig *r = sim_test_rig(test, npages);

	r->b = sim_test_process(test, r->m);
	KUNIT_ASSERT_EQ(test, r->base, sim_test_map(test, r->b, npages));
	sim_test_fill(test, r->b, r->base, npages, 2);
	make_all_old(test, r->a, r->base, npages);
	make_all_old(test, r->b, r->base, npages);
	return r;
}

static void expect_rss(struct kunit *test, const struct sim_test_rig *r, long a, long b)
{
	KUNIT_EXPECT_EQ(test, a, atomic_long_read(&r->a->rss));
	KUNIT_EXPECT_EQ(test, b, atomic_long_read(&r->b->rss));
}

/* Four pages of one, then four of the other, each from where the last turn ended. */
static void processes_take_turns(struct kunit *test)
{
	struct sim_test_rig *r = two_processes(test, 8);
	u32 i;

	for (i = 1; i <= 4; i++) {
		KUNIT_EXPECT_EQ(test, 1, sim_test_swap_out(r->m, LEVEL));
		expect_rss(test, r, 8 - i, 8);
		KUNIT_EXPECT_EQ(test, sim_test_rig_page(r, i), r->a->swap_address);
	}
	for (i = 1; i <= 4; i++) {
		KUNIT_EXPECT_EQ(test, 1, sim_test_swap_out(r->m, LEVEL));
		expect_rss(test, r, 4, 8 - i);
	}
	KUNIT_EXPECT_EQ(test, 1, sim_test_swap_out(r->m, LEVEL));
	expect_rss(test, r, 3, 4);
	SIM_EXPECT_PTE(test, r->a, sim_test_rig_page(r, 4), "swap");
	SIM_EXPECT_PTE(test, r->a, sim_test_rig_page(r, 5), "present old");
	sim_test_verify(test, r->a, r->base, 8, 1);
	sim_test_verify(test, r->b, r->base, 8, 2);
}

/**
 * struct quota_row - turns in a row of a process
 * @name: for the report
 * @rss: its pages
 * @fract: age_cluster_fract
 * @min: age_cluster_min
 * @quota: turns
 */
static const struct quota_row {
	const char *name;
	u32 rss;
	u32 fract;
	u32 min;
	u32 quota;
} quota_rows[] = {
	{ "small process", 8, 32, 4, 4 },
	{ "four by either rule", 128, 32, 4, 4 },
	{ "rounded down", 159, 32, 4, 4 },
	{ "a page for every 32", 160, 32, 4, 5 },
	{ "large process", 200, 32, 4, 6 },
	{ "half of them", 100, 512, 4, 50 },
	{ "nearly all of them", 200, 1023, 1, 199 },
	{ "all of them", 100, 1024, 1, 100 },
	{ "at least ten", 100, 32, 10, 10 },
};

KUNIT_ARRAY_PARAM_DESC(quota, quota_rows, name);

static void quota_by_rss(struct kunit *test)
{
	const struct quota_row *row = test->param_value;
	struct sim_machine *m = sim_test_machine_config(test, &(const struct sim_config) {
		.nr_frames = 256,
		.ram_swap = 256,
	});
	struct sim_mm *mm = sim_test_process(test, m);
	u64 base = sim_test_map(test, mm, row->rss);
	u32 i;

	control(test, m, (struct shmswap_control) {
		.set = SHMSWAP_CONTROL_SCAN,
		.age_cluster_fract = row->fract,
		.age_cluster_min = row->min,
		.pageout_weight = 8192,
	});
	sim_test_fill(test, mm, base, row->rss, 1);
	make_all_old(test, mm, base, row->rss);
	for (i = 1; i <= row->quota; i++) {
		KUNIT_EXPECT_EQ(test, mm->pid, max(m->swap_task, 1UL));
		KUNIT_EXPECT_EQ(test, 1, sim_test_swap_out(m, LEVEL));
		KUNIT_EXPECT_EQ(test, row->quota - i, mm->swap_cnt);
	}
	KUNIT_EXPECT_EQ(test, mm->pid + 1, m->swap_task);
}

/* A process without a page to give loses its turn, and keeps what it has left. */
static void nothing_found_ends_the_turn(struct kunit *test)
{
	struct sim_test_rig *r = two_processes(test, 2);

	reserve(r->a, r->base);
	reserve(r->a, sim_test_rig_page(r, 1));
	KUNIT_EXPECT_EQ(test, 0, sim_test_swap_out(r->m, LEVEL));
	KUNIT_EXPECT_EQ(test, 3, r->a->swap_cnt);
	KUNIT_EXPECT_EQ(test, r->b->pid, r->m->swap_task);
	KUNIT_EXPECT_EQ(test, 1, sim_test_swap_out(r->m, LEVEL));
	expect_rss(test, r, 2, 1);
}

/* Its last turn ends like any other: the next process comes, none is left out. */
static void nothing_found_in_the_last_turn(struct kunit *test)
{
	struct sim_test_rig *r = two_processes(test, 1);

	control(test, r->m, (struct shmswap_control) {
		.set = SHMSWAP_CONTROL_SCAN,
		.age_cluster_fract = 1,
		.age_cluster_min = 1,
		.pageout_weight = 8192,
	});
	reserve(r->a, r->base);
	KUNIT_EXPECT_EQ(test, 0, sim_test_swap_out(r->m, LEVEL));
	KUNIT_EXPECT_EQ(test, 0, r->a->swap_cnt);
	KUNIT_EXPECT_EQ(test, r->b->pid, r->m->swap_task);
}

/* A page that another process has still is not freed: the scan goes on. */
static void page_of_others_is_not_the_end(struct kunit *test)
{
	struct sim_test_rig *r = sim_test_rig_forked(test, 4);

	make_all_old(test, r->a, r->base, 4);
	/* Five turns of two processes: four of the first, and the other frees a page. */
	KUNIT_EXPECT_EQ(test, 1, sim_test_swap_out(r->m, 3));
	expect_rss(test, r, 0, 3);
	SIM_EXPECT_EVENT(test, r->m, PGSTEAL, 5);
	SIM_EXPECT_COUNTS(test, r->a, r->base, 0, 2);
	KUNIT_EXPECT_EQ(test, 4, r->swap->nr_writes);
}

/* At the end of the address space the scan does not begin anew. */
static void end_of_the_address_space(struct kunit *test)
{
	struct sim_test_rig *r = sim_test_rig(test, 2);

	make_all_old(test, r->a, r->base, 2);
	r->a->swap_address = sim_test_rig_page(r, 1);
	reserve(r->a, sim_test_rig_page(r, 1));
	KUNIT_EXPECT_EQ(test, 0, sim_test_swap_out(r->m, LEVEL));
	KUNIT_EXPECT_EQ(test, 0, r->a->swap_address);
	KUNIT_EXPECT_EQ(test, 1, scanned(r));
	SIM_EXPECT_PTE(test, r->a, r->base, "present old");
	KUNIT_EXPECT_EQ(test, 1, sim_test_swap_out(r->m, LEVEL));
	SIM_EXPECT_PTE(test, r->a, r->base, "swap");
	KUNIT_EXPECT_EQ(test, sim_test_rig_page(r, 1), r->a->swap_address);
}

/* The next page is looked at in another area, if there the first ends. */
static void goes_on_in_the_next_area(struct kunit *test)
{
	struct sim_test_rig *r = sim_test_rig(test, 1);
	u64 next = sim_test_map_at(test, r->a, sim_test_rig_page(r, 100), 1);

	sim_test_fill(test, r->a, next, 1, 2);
	make_all_old(test, r->a, r->base, 1);
	make_all_old(test, r->a, next, 1);
	KUNIT_EXPECT_EQ(test, 1, sim_test_swap_out(r->m, LEVEL));
	SIM_EXPECT_PTE(test, r->a, r->base, "swap");
	KUNIT_EXPECT_EQ(test, 1, sim_test_swap_out(r->m, LEVEL));
	SIM_EXPECT_PTE(test, r->a, next, "swap");
}

static void second_wrap_fails(struct kunit *test)
{
	struct sim_machine *m = sim_test_machine(test);
	struct sim_mm *mm = sim_test_process(test, m);

	m->swap_task = 100;
	KUNIT_EXPECT_EQ(test, 0, sim_test_swap_out(m, 0));
	KUNIT_EXPECT_EQ(test, 1, m->swap_task);
	/* With one wrap it finds a process with a lower number. */
	sim_test_fill(test, mm, sim_test_map(test, mm, 1), 1, 1);
	m->swap_task = 100;
	KUNIT_EXPECT_EQ(test, 0, sim_test_swap_out(m, LEVEL));
	SIM_EXPECT_EVENT(test, m, PGSCAN, 1);
	KUNIT_EXPECT_EQ(test, mm->pid + 1, m->swap_task);
}

static void process_without_pages_is_passed_over(struct kunit *test)
{
	struct sim_test_rig *r = two_processes(test, 1);

	KUNIT_ASSERT_EQ(test, 0, sim_test_munmap(r->a, r->base, 1));
	r->m->swap_task = r->a->pid;
	KUNIT_EXPECT_EQ(test, 1, sim_test_swap_out(r->m, LEVEL));
	KUNIT_EXPECT_EQ(test, 0, r->a->swap_cnt);
	expect_rss(test, r, 0, 0);
}

/* As one that is only being made or is about to end. */
static void process_not_swappable_is_passed_over(struct kunit *test)
{
	struct sim_test_rig *r = two_processes(test, 1);

	r->a->swappable = false;
	r->m->swap_task = r->a->pid;
	KUNIT_EXPECT_EQ(test, 1, sim_test_swap_out(r->m, LEVEL));
	expect_rss(test, r, 1, 0);
}

/* -------------------------------------------------------------- 3.5: aging */

/* Young once, then six visits down from 6: at 0 the page goes. */
static void page_ages_until_it_goes(struct kunit *test)
{
	struct sim_test_rig *r = sim_test_rig(test, 1);
	u32 age;

	KUNIT_EXPECT_EQ(test, 3, age_of(r, 0));
	KUNIT_EXPECT_EQ(test, 0, sim_test_swap_out(r->m, LEVEL));
	KUNIT_EXPECT_EQ(test, 6, age_of(r, 0));
	SIM_EXPECT_PTE(test, r->a, r->base, "present old");
	for (age = 5; age; age--) {
		KUNIT_EXPECT_EQ(test, 0, sim_test_swap_out(r->m, LEVEL));
		KUNIT_EXPECT_EQ(test, age, age_of(r, 0));
	}
	KUNIT_EXPECT_EQ(test, 1, sim_test_swap_out(r->m, LEVEL));
	SIM_EXPECT_PTE(test, r->a, r->base, "swap");
	KUNIT_EXPECT_EQ(test, 8 - 1, scanned(r));
}

static void touched_page_gets_no_older_than_the_maximum(struct kunit *test)
{
	static const u8 ages[] = { 6, 9, 12, 15, 18, 20, 20 };
	struct sim_test_rig *r = sim_test_rig(test, 1);
	u32 i;

	for (i = 0; i < ARRAY_SIZE(ages); i++) {
		KUNIT_ASSERT_EQ(test, 0, sim_test_touch(r->a, r->base, false));
		KUNIT_EXPECT_EQ(test, 0, sim_test_swap_out(r->m, LEVEL));
		KUNIT_EXPECT_EQ(test, ages[i], age_of(r, 0));
	}
}

static void page_just_below_the_maximum(struct kunit *test)
{
	struct sim_test_rig *r = sim_test_rig(test, 1);

	sim_test_mapped(r->a, r->base)->age = 17;
	KUNIT_EXPECT_EQ(test, 0, sim_test_swap_out(r->m, LEVEL));
	KUNIT_EXPECT_EQ(test, 20, age_of(r, 0));
}

/* What is set while the scan is under way counts from its next page on. */
static void swap_control_changes_at_once(struct kunit *test)
{
	struct sim_test_rig *r = sim_test_rig(test, 1);
	u64 next = sim_test_map_at(test, r->a, sim_test_rig_page(r, 100), 1);

	KUNIT_ASSERT_EQ(test, 0, sim_test_swap_out(r->m, LEVEL));
	KUNIT_EXPECT_EQ(test, 6, age_of(r, 0));
	control(test, r->m, (struct shmswap_control) {
		.set = SHMSWAP_CONTROL_SWAPCTL,
		.max_page_age = 9,
		.page_advance = 7,
		.page_decline = 4,
		.page_initial_age = 8,
	});
	KUNIT_ASSERT_EQ(test, 0, sim_test_swap_out(r->m, LEVEL));
	KUNIT_EXPECT_EQ(test, 2, age_of(r, 0));
	KUNIT_ASSERT_EQ(test, 0, sim_test_touch(r->a, r->base, false));
	KUNIT_ASSERT_EQ(test, 0, sim_test_swap_out(r->m, LEVEL));
	KUNIT_EXPECT_EQ(test, 9, age_of(r, 0));
	sim_test_fill(test, r->a, next, 1, 2);
	KUNIT_EXPECT_EQ(test, 8, sim_test_mapped(r->a, next)->age);
	/* 9, 5, 1, and then it is old: not below 0. */
	KUNIT_ASSERT_EQ(test, 0, sim_test_munmap(r->a, next, 1));
	KUNIT_EXPECT_EQ(test, 0, sim_test_swap_out(r->m, LEVEL));
	KUNIT_EXPECT_EQ(test, 0, sim_test_swap_out(r->m, LEVEL));
	KUNIT_EXPECT_EQ(test, 1, age_of(r, 0));
	KUNIT_EXPECT_EQ(test, 1, sim_test_swap_out(r->m, LEVEL));
}

/* ------------------------------------------------------ 3.7: which pages stay */

/* It is old in one process; in the other it is young, so it stays there. */
static void young_page_stays(struct kunit *test)
{
	struct sim_test_rig *r = sim_test_rig(test, 1);
	u64 miss, word;

	sim_test_mapped(r->a, r->base)->age = 0;
	word = sim_test_word_at(r->a, r->base);
	miss = sim_test_event(r->m, SIM_TLB_MISS);
	KUNIT_EXPECT_EQ(test, 0, sim_test_swap_out(r->m, LEVEL));
	SIM_EXPECT_BITS(test, r->a, r->base, "old dirty writable");
	KUNIT_EXPECT_EQ(test, 3, age_of(r, 0));
	SIM_EXPECT_EVENT(test, r->m, TLB_FLUSH_PAGE, 0);
	/* The TLB forgot the page, so that this access is seen. */
	KUNIT_EXPECT_EQ(test, word, sim_test_word_at(r->a, r->base));
	SIM_EXPECT_EVENT(test, r->m, TLB_MISS, miss + 1);
	SIM_EXPECT_BITS(test, r->a, r->base, "young dirty writable");
}

/* Its slot has older contents: that is given back, and the page was just used. */
static void stale_page_leaves_the_cache(struct kunit *test)
{
	struct sim_test_rig *r = sim_test_rig(test, 1);

	sim_test_rig_swap_out(test, r);
	KUNIT_ASSERT_EQ(test, 0, sim_test_set_word(r->a, r->base, 7));
	SIM_EXPECT_COUNTS(test, r->a, r->base, 2, 1);
	KUNIT_EXPECT_EQ(test, 0, sim_test_scan_one(test, r->a, r->base));
	SIM_EXPECT_COUNTS(test, r->a, r->base, 1, 0);
	SIM_EXPECT_BITS(test, r->a, r->base, "old dirty writable");
	KUNIT_EXPECT_EQ(test, 3, age_of(r, 0));
	KUNIT_EXPECT_EQ(test, 0, r->swap->si->inuse_pages);
	KUNIT_EXPECT_EQ(test, 1, r->swap->nr_writes);
	KUNIT_EXPECT_EQ(test, 1, sim_test_scan_one(test, r->a, r->base));
	KUNIT_EXPECT_EQ(test, 2, r->swap->nr_writes);
	sim_test_discard_all(r->m);
	KUNIT_EXPECT_EQ(test, 7, sim_test_word_at(r->a, r->base));
}

static void locked_page_stays(struct kunit *test)
{
	struct sim_test_rig *r = sim_test_rig(test, 1);
	struct sim_page *page = sim_test_mapped(r->a, r->base);

	KUNIT_ASSERT_TRUE(test, sim_trylock_page(page));
	KUNIT_EXPECT_EQ(test, 0, sim_test_swap_out(r->m, LEVEL));
	SIM_EXPECT_PTE(test, r->a, r->base, "present young");
	KUNIT_EXPECT_EQ(test, 3, page->age);
	sim_unlock_page(page);
	KUNIT_EXPECT_EQ(test, 1, scanned(r));
}

static void reserved_page_stays(struct kunit *test)
{
	struct sim_test_rig *r = sim_test_rig(test, 1);

	reserve(r->a, r->base);
	KUNIT_EXPECT_EQ(test, 0, sim_test_swap_out(r->m, LEVEL));
	SIM_EXPECT_PTE(test, r->a, r->base, "present young");
	KUNIT_EXPECT_EQ(test, 3, age_of(r, 0));
}

/* Somebody is in the middle of a store to it. */
static void busy_page_stays(struct kunit *test)
{
	struct sim_test_rig *r = sim_test_rig(test, 1);
	struct sim_page *page = sim_test_mapped(r->a, r->base);

	sim_pin_page(page);
	KUNIT_EXPECT_EQ(test, 0, sim_test_scan_one(test, r->a, r->base));
	SIM_EXPECT_COUNTS(test, r->a, r->base, 1, 0);
	SIM_EXPECT_BITS(test, r->a, r->base, "old dirty writable");
	KUNIT_EXPECT_EQ(test, 0, r->swap->nr_writes);
	sim_unpin_page(r->m, page);
	KUNIT_EXPECT_EQ(test, 1, sim_test_scan_one(test, r->a, r->base));
	KUNIT_EXPECT_EQ(test, 1, r->swap->nr_writes);
	sim_test_verify(test, r->a, r->base, 1, 1);
}

/* A load is no store: what was clean before is not dirty after. */
static void clean_page_that_is_being_read_stays_clean(struct kunit *test)
{
	struct sim_test_rig *r = sim_test_rig(test, 1);
	struct sim_page *page = sim_test_mapped(r->a, r->base);

	/* A page that is shared knows by itself that it must be written. */
	sim_test_fork(test, r->a);
	sim_pin_page(page);
	KUNIT_EXPECT_EQ(test, 0, sim_test_scan_one(test, r->a, r->base));
	SIM_EXPECT_BITS(test, r->a, r->base, "old clean read-only");
	KUNIT_EXPECT_TRUE(test, test_bit(SIM_PG_DIRTY, &page->flags));
	KUNIT_EXPECT_EQ(test, 0, r->swap->nr_writes);
	sim_unpin_page(r->m, page);
}

/* Who is in the middle of a load keeps it from being free, at the least. */
static void page_that_is_being_read_is_not_freed(struct kunit *test)
{
	struct sim_test_rig *r = sim_test_rig(test, 1);
	struct sim_page *page;

	sim_test_rig_swap_out(test, r);
	sim_test_touch_pages(test, r->a, r->base, 1);
	page = sim_test_mapped(r->a, r->base);
	sim_pin_page(page);
	sim_test_aim(test, r->a, r->base);
	KUNIT_EXPECT_EQ(test, 0, sim_test_swap_out(r->m, LEVEL));
	KUNIT_EXPECT_GE(test, atomic64_read(&page->count), SIM_PIN);
	KUNIT_EXPECT_TRUE(test, test_bit(SIM_PG_SWAPCACHE, &page->flags));
	sim_unpin_page(r->m, page);
	sim_test_verify(test, r->a, r->base, 1, 1);
	KUNIT_EXPECT_EQ(test, 1, r->swap->nr_reads);
}

/* One page after another: what stays does not keep the next from going. */
static void page_behind_those_that_stay_goes(struct kunit *test)
{
	struct sim_test_rig *r = sim_test_rig(test, 4);
	struct sim_page *locked = sim_test_mapped(r->a, r->base);
	struct sim_page *busy = sim_test_mapped(r->a, sim_test_rig_page(r, 2));

	make_all_old(test, r->a, r->base, 4);
	KUNIT_ASSERT_TRUE(test, sim_trylock_page(locked));
	reserve(r->a, sim_test_rig_page(r, 1));
	sim_pin_page(busy);
	KUNIT_EXPECT_EQ(test, 1, sim_test_swap_out(r->m, LEVEL));
	KUNIT_EXPECT_EQ(test, 4, scanned(r));
	SIM_EXPECT_PTE(test, r->a, sim_test_rig_page(r, 3), "swap");
	sim_unlock_page(locked);
	sim_unpin_page(r->m, busy);
}

/* ------------------------------------------- 004: which areas are looked at */

static u64 map_locked(struct kunit *test, struct sim_mm *mm)
{
	u64 base = sim_test_map(test, mm, 2);

	KUNIT_ASSERT_EQ(test, 0, sim_test_mlock(mm, base, 2));
	return base;
}

static u64 map_reserved(struct kunit *test, struct sim_mm *mm)
{
	return sim_test_mmap(test, mm, (struct shmswap_mmap) {
		.len = 2 << PAGE_SHIFT,
		.prot = PROT_READ | PROT_WRITE,
		.flags = MAP_PRIVATE | MAP_ANONYMOUS | SHMSWAP_MAP_RESERVED,
		.fd = -1,
	});
}

static u64 map_segment(struct kunit *test, struct sim_mm *mm)
{
	return sim_test_attach(test, mm, sim_test_segment(test, mm->m, 2));
}

static u64 map_shared(struct kunit *test, struct sim_mm *mm)
{
	return sim_test_mmap(test, mm, (struct shmswap_mmap) {
		.len = 2 << PAGE_SHIFT,
		.prot = PROT_READ | PROT_WRITE,
		.flags = MAP_SHARED | MAP_ANONYMOUS,
		.fd = -1,
	});
}

static u64 map_private(struct kunit *test, struct sim_mm *mm)
{
	return sim_test_map(test, mm, 2);
}

/**
 * struct area_row - is an area looked at?
 * @name: its kind
 * @map: how to make it
 * @scanned: it is
 */
static const struct area_row {
	const char *name;
	u64 (*map)(struct kunit *test, struct sim_mm *mm);
	bool scanned;
} area_rows[] = {
	{ "private", map_private, true },
	{ "locked", map_locked, false },
	{ "reserved", map_reserved, false },
	{ "segment", map_segment, false },
	{ "shared anonymous", map_shared, false },
};

KUNIT_ARRAY_PARAM_DESC(area, area_rows, name);

static void areas_passed_over(struct kunit *test)
{
	const struct area_row *row = test->param_value;
	struct sim_test_rig *r = sim_test_rig(test, 1);
	u64 base = row->map(test, r->a);

	sim_test_fill(test, r->a, base, 2, 1);
	make_all_old(test, r->a, base, 2);
	/* The rig's own page is young, and looked at in any case. */
	KUNIT_EXPECT_EQ(test, row->scanned, sim_test_swap_out(r->m, LEVEL));
	KUNIT_EXPECT_EQ(test, 1 + row->scanned, scanned(r));
	KUNIT_EXPECT_EQ(test, 6, age_of(r, 0));
	if (!row->scanned)
		SIM_EXPECT_PTE(test, r->a, base, "present old");
}

static void unlocked_area_is_looked_at_again(struct kunit *test)
{
	struct sim_test_rig *r = sim_test_rig(test, 2);

	KUNIT_ASSERT_EQ(test, 0, sim_test_mlock(r->a, r->base, 2));
	KUNIT_EXPECT_EQ(test, 0, sim_test_swap_out(r->m, LEVEL));
	KUNIT_EXPECT_EQ(test, 0, scanned(r));
	KUNIT_ASSERT_EQ(test, 0, sim_test_munlock(r->a, r->base, 2));
	make_all_old(test, r->a, r->base, 2);
	KUNIT_EXPECT_EQ(test, 1, sim_test_swap_out(r->m, LEVEL));
}

/* That nobody may access it makes no difference. */
static void protected_memory_is_swapped(struct kunit *test)
{
	struct sim_test_rig *r = sim_test_rig(test, 2);

	KUNIT_ASSERT_EQ(test, 0, sim_test_mprotect(r->a, r->base, 2, PROT_NONE));
	sim_test_rig_swap_out(test, r);
	KUNIT_ASSERT_EQ(test, 0, sim_test_mprotect(r->a, r->base, 2, PROT_READ | PROT_WRITE));
	sim_test_verify(test, r->a, r->base, 2, 1);
}

/* ----------------------------------------------------- 3.7: where pages go */

/* At once, while a request for this method alone leaves it in the cache. */
static void page_goes_to_swap(struct kunit *test)
{
	struct sim_test_rig *r = sim_test_rig(test, 1);

	sim_test_aim(test, r->a, r->base);
	KUNIT_EXPECT_EQ(test, 1, sim_test_swap_out(r->m, LEVEL));
	SIM_EXPECT_COUNTS(test, r->a, r->base, 0, 1);
	KUNIT_EXPECT_EQ(test, SIM_TEST_FRAMES, r->m->nr_free_pages);
	KUNIT_EXPECT_EQ(test, 0, atomic_long_read(&r->a->rss));
	SIM_EXPECT_EVENT(test, r->m, PGSTEAL, 1);
	SIM_EXPECT_EVENT(test, r->m, PSWPOUT, 1);
	SIM_EXPECT_EVENT(test, r->m, TLB_FLUSH_PAGE, 1);
	sim_test_verify(test, r->a, r->base, 1, 1);
}

/* It is as it was in its slot. */
static void clean_page_is_not_written(struct kunit *test)
{
	struct sim_test_rig *r = sim_test_rig(test, 1);

	sim_test_rig_swap_out(test, r);
	sim_test_touch_pages(test, r->a, r->base, 1);
	sim_test_aim(test, r->a, r->base);
	KUNIT_EXPECT_EQ(test, 1, sim_test_swap_out(r->m, LEVEL));
	KUNIT_EXPECT_EQ(test, 1, r->swap->nr_writes);
	SIM_EXPECT_COUNTS(test, r->a, r->base, 0, 1);
	sim_test_verify(test, r->a, r->base, 1, 1);
}

/* Its contents are in the file: the PTE is none, and no slot is taken. */
static void clean_file_page_is_discarded(struct kunit *test)
{
	struct sim_test_rig *r = sim_test_rig(test, 1);
	struct sim_test_file *f = sim_test_file(test, 1, 3);
	u64 text = sim_test_map_file(test, r->a, f, 1, MAP_PRIVATE);

	sim_test_verify(test, r->a, text, 1, 3);
	sim_test_aim(test, r->a, text);
	KUNIT_EXPECT_EQ(test, 1, sim_test_swap_out(r->m, LEVEL));
	SIM_EXPECT_PTE(test, r->a, text, "none");
	KUNIT_EXPECT_EQ(test, 0, atomic_read(&r->m->nr_file_pages));
	SIM_EXPECT_EVENT(test, r->m, PGDISCARD, 1);
	KUNIT_EXPECT_EQ(test, 0, r->swap->nr_writes);
	KUNIT_EXPECT_EQ(test, 0, f->nr_writes);
	sim_test_verify(test, r->a, text, 1, 3);
	KUNIT_EXPECT_EQ(test, 2, f->nr_reads);
}

static void file_page_of_two_processes(struct kunit *test)
{
	struct sim_test_rig *r = sim_test_rig(test, 1);
	struct sim_test_file *f = sim_test_file(test, 1, 3);
	u64 text = sim_test_map_file(test, r->a, f, 1, MAP_PRIVATE);

	sim_test_touch_pages(test, r->a, text, 1);
	r->b = sim_test_fork(test, r->a);
	sim_test_aim(test, r->a, text);
	KUNIT_EXPECT_EQ(test, 0, sim_test_swap_out(r->m, LEVEL));
	SIM_EXPECT_PTE(test, r->a, text, "none");
	KUNIT_EXPECT_EQ(test, 1, atomic_read(&r->m->nr_file_pages));
	sim_test_aim(test, r->b, text);
	KUNIT_EXPECT_EQ(test, 1, sim_test_swap_out(r->m, LEVEL));
	KUNIT_EXPECT_EQ(test, 0, atomic_read(&r->m->nr_file_pages));
	sim_test_verify(test, r->b, text, 1, 3);
}

/* A page that a private region stored to is the process's own, and goes to swap. */
static void copy_of_file_page_goes_to_swap(struct kunit *test)
{
	struct sim_test_rig *r = sim_test_rig(test, 1);
	struct sim_test_file *f = sim_test_file(test, 1, 3);
	u64 data = sim_test_map_file(test, r->a, f, 1, MAP_PRIVATE);

	KUNIT_ASSERT_EQ(test, 0, sim_test_set_word(r->a, data, 7));
	sim_test_scan_out(test, r->a, data, 1);
	SIM_EXPECT_PTE(test, r->a, data, "swap");
	KUNIT_EXPECT_EQ(test, 1, r->swap->nr_writes);
	KUNIT_EXPECT_EQ(test, 0, f->nr_writes);
	sim_test_discard_all(r->m);
	KUNIT_EXPECT_EQ(test, 7, sim_test_word_at(r->a, data));
}

static void dirty_shared_file_page_goes_to_its_file(struct kunit *test)
{
	struct sim_test_rig *r = sim_test_rig(test, 1);
	struct sim_test_file *f = sim_test_file(test, 1, 3);
	u64 data = sim_test_map_file(test, r->a, f, 1, MAP_SHARED);

	KUNIT_ASSERT_EQ(test, 0, sim_test_set_word(r->a, data, 7));
	sim_test_aim(test, r->a, data);
	KUNIT_EXPECT_EQ(test, 1, sim_test_swap_out(r->m, LEVEL));
	SIM_EXPECT_PTE(test, r->a, data, "none");
	KUNIT_EXPECT_EQ(test, 7, sim_test_file_load(test, f, 0));
	KUNIT_EXPECT_EQ(test, 1, f->nr_writes);
	KUNIT_EXPECT_EQ(test, 0, r->swap->nr_writes);
	SIM_EXPECT_EVENT(test, r->m, PGPGOUT, 1);
	KUNIT_EXPECT_EQ(test, 7, sim_test_word_at(r->a, data));
}

static struct sim_page *swapped_out;
static int swapout_ret;

static int own_swapout(struct sim_mapping *mapping, struct sim_page *page)
{
	KUNIT_EXPECT_TRUE(kunit_get_current_test(), test_bit(SIM_PG_LOCKED, &page->flags));
	swapped_out = page;
	if (!swapout_ret)
		clear_bit(SIM_PG_DIRTY, &page->flags);
	return swapout_ret;
}

static void set_vm_ops(struct sim_mm *mm, u64 address, const struct sim_vm_operations *vm_ops)
{
	down_write(&mm->mmap_lock);
	sim_find_vma(mm, address)->vm_ops = vm_ops;
	up_write(&mm->mmap_lock);
}

/* Whatever kind of area has a swap method, it is that which saves its pages. */
static void areas_own_swap_method_is_used(struct kunit *test)
{
	struct sim_test_rig *r = sim_test_rig(test, 1);
	struct sim_test_file *f = sim_test_file(test, 1, 3);
	u64 data = sim_test_map_file(test, r->a, f, 1, MAP_SHARED);
	struct sim_vm_operations vm_ops = *sim_test_area(r->a, data).vm_ops;
	const struct sim_vm_operations *old = sim_test_area(r->a, data).vm_ops;
	struct sim_page *page;

	KUNIT_ASSERT_EQ(test, 0, sim_test_set_word(r->a, data, 7));
	page = sim_test_mapped(r->a, data);
	vm_ops.swapout = own_swapout;
	set_vm_ops(r->a, data, &vm_ops);
	swapped_out = NULL;
	swapout_ret = -EIO;
	KUNIT_EXPECT_EQ(test, 0, sim_test_scan_one(test, r->a, data));
	KUNIT_EXPECT_PTR_EQ(test, page, swapped_out);
	KUNIT_EXPECT_PTR_EQ(test, page, sim_test_mapped(r->a, data));
	swapped_out = NULL;
	swapout_ret = 0;
	KUNIT_EXPECT_EQ(test, 1, sim_test_scan_one(test, r->a, data));
	KUNIT_EXPECT_PTR_EQ(test, page, swapped_out);
	SIM_EXPECT_PTE(test, r->a, data, "none");
	KUNIT_EXPECT_EQ(test, 0, f->nr_writes);
	set_vm_ops(r->a, data, old);
}

static void failed_write_to_file_keeps_the_page(struct kunit *test)
{
	struct sim_test_rig *r = sim_test_rig(test, 1);
	struct sim_test_file *f = sim_test_file(test, 1, 3);
	u64 data = sim_test_map_file(test, r->a, f, 1, MAP_SHARED);

	KUNIT_ASSERT_EQ(test, 0, sim_test_set_word(r->a, data, 7));
	f->fail_write.count = 1;
	KUNIT_EXPECT_EQ(test, 0, sim_test_scan_one(test, r->a, data));
	SIM_EXPECT_EVENT(test, r->m, FILE_WRITE_ERRORS, 1);
	SIM_EXPECT_PTE(test, r->a, data, "present old");
	KUNIT_EXPECT_EQ(test, 7, sim_test_word_at(r->a, data));
	KUNIT_EXPECT_EQ(test, 0, sim_test_msync(r->a, data, 1));
	KUNIT_EXPECT_EQ(test, 7, sim_test_file_load(test, f, 0));
}

/* ------------------------------------------------------ no slot, no luck */

static void page_stays_without_slot(struct kunit *test)
{
	struct sim_test_rig *r = sim_test_rig_slots(test, 2, 1);

	sim_test_scan_out(test, r->a, r->base, 1);
	KUNIT_EXPECT_EQ(test, 0, sim_test_scan_one(test, r->a, sim_test_rig_page(r, 1)));
	SIM_EXPECT_COUNTS(test, r->a, sim_test_rig_page(r, 1), 1, 0);
	KUNIT_EXPECT_EQ(test, 1, r->swap->nr_writes);
	sim_test_check(test, r->m);
	/* It was made clean for nothing, and is not taken for clean. */
	sim_test_swap_area(test, r->m, 1, -1);
	sim_test_scan_out(test, r->a, sim_test_rig_page(r, 1), 1);
	sim_test_discard_all(r->m);
	sim_test_verify(test, r->a, r->base, 2, 1);
}

static void failed_write_retires_the_slot(struct kunit *test)
{
	struct sim_test_rig *r = sim_test_rig(test, 1);

	r->swap->fail_write.count = 1;
	KUNIT_EXPECT_EQ(test, 0, sim_test_scan_one(test, r->a, r->base));
	SIM_EXPECT_EVENT(test, r->m, SWAP_WRITE_ERRORS, 1);
	SIM_EXPECT_COUNTS(test, r->a, r->base, 1, 0);
	KUNIT_EXPECT_EQ(test, 0, atomic_read(&r->m->nr_swapcache));
	KUNIT_EXPECT_EQ(test, SIM_TEST_SLOTS - 1, r->swap->si->pages);
	KUNIT_EXPECT_EQ(test, SIM_TEST_SLOTS - 1, r->m->nr_swap_pages);
	sim_test_check(test, r->m);
	sim_test_rig_swap_out(test, r);
	KUNIT_EXPECT_EQ(test, 2, sim_swp_offset(sim_test_entry(r->a, r->base)));
	sim_test_verify(test, r->a, r->base, 1, 1);
}

/* The other process still maps it when its slot turns out to be bad. */
static void failed_write_of_shared_page(struct kunit *test)
{
	struct sim_test_rig *r = sim_test_rig_forked(test, 1);

	r->swap->fail_write.count = 1;
	KUNIT_EXPECT_EQ(test, 0, sim_test_scan_one(test, r->a, r->base));
	SIM_EXPECT_COUNTS(test, r->a, r->base, 2, 0);
	sim_test_rig_swap_out(test, r);
	sim_test_verify(test, r->a, r->base, 1, 1);
	sim_test_verify(test, r->b, r->base, 1, 1);
}

static void write_without_memory_keeps_the_slot(struct kunit *test)
{
	struct sim_test_rig *r = sim_test_rig(test, 1);

	r->swap->fail_write = (struct sim_test_fault) { .count = 1, .err = -ENOMEM };
	KUNIT_EXPECT_EQ(test, 0, sim_test_scan_one(test, r->a, r->base));
	KUNIT_EXPECT_EQ(test, SIM_TEST_SLOTS, r->m->nr_swap_pages);
	sim_test_rig_swap_out(test, r);
	sim_test_verify(test, r->a, r->base, 1, 1);
}

static void all_writes_fail_until_no_slot_is_left(struct kunit *test)
{
	struct sim_test_rig *r = sim_test_rig_slots(test, 2, 3);
	u32 i;

	r->swap->fail_write.count = U32_MAX;
	for (i = 0; i < 5; i++)
		KUNIT_EXPECT_EQ(test, 0, sim_test_scan_one(test, r->a, r->base));
	SIM_EXPECT_EVENT(test, r->m, SWAP_WRITE_ERRORS, 3);
	KUNIT_EXPECT_EQ(test, 0, r->m->nr_swap_pages);
	sim_test_verify(test, r->a, r->base, 2, 1);
}

/* ------------------------------------------------ while a page is written */

/**
 * struct meanwhile - what happens to a page of private memory while it is written
 * @name: for the report
 * @act: does it
 * @taken: the page is taken from the process all the same
 * @word: what is in its first word then; 0: pattern 1
 */
struct meanwhile {
	const char *name;
	void (*act)(struct kunit *test, struct sim_test_rig *r);
	bool taken;
	u64 word;
};

static void nothing(struct kunit *test, struct sim_test_rig *r)
{
}

static void load(struct kunit *test, struct sim_test_rig *r)
{
	sim_test_verify(test, r->a, r->base, 1, 1);
}

static void touch(struct kunit *test, struct sim_test_rig *r)
{
	KUNIT_EXPECT_EQ(test, 0, sim_test_touch(r->a, r->base, false));
}

static void store(struct kunit *test, struct sim_test_rig *r)
{
	KUNIT_EXPECT_EQ(test, 0, sim_test_set_word(r->a, r->base, 7));
}

static void load_and_store(struct kunit *test, struct sim_test_rig *r)
{
	load(test, r);
	store(test, r);
}

static void protect(struct kunit *test, struct sim_test_rig *r)
{
	KUNIT_EXPECT_EQ(test, 0, sim_test_mprotect(r->a, r->base, 1, PROT_READ));
}

static void fork_child(struct kunit *test, struct sim_test_rig *r)
{
	r->b = sim_test_fork(test, r->a);
}

/* The child's store is a copy, of the page that is being written. */
static void store_and_fork(struct kunit *test, struct sim_test_rig *r)
{
	store(test, r);
	fork_child(test, r);
}

static void replace(struct kunit *test, struct sim_test_rig *r)
{
	sim_test_map_at(test, r->a, r->base, 1);
	store(test, r);
}

static const struct meanwhile meanwhile_rows[] = {
	{ "nothing", nothing, true },
	{ "load", load },
	{ "touch", touch },
	{ "store", store, false, 7 },
	{ "load and store", load_and_store, false, 7 },
	{ "mprotect", protect },
	{ "fork", fork_child },
	{ "store and fork", store_and_fork, false, 7 },
	{ "another page comes there", replace, false, 7 },
};

KUNIT_ARRAY_PARAM_DESC(meanwhile, meanwhile_rows, name);

/* For the hook of an area: who is to do what. */
struct plan {
	struct kunit *test;
	const struct meanwhile *row;
};

static void do_meanwhile(struct sim_test_swap *swap, u32 slot)
{
	struct sim_test_rig *r = swap->data;
	const struct plan *plan = r->data;

	swap->on_write = NULL;
	swap->on_written = NULL;
	plan->row->act(plan->test, r);
}

/* While the first page is written this happens, before or behind what is written. */
static void plan_meanwhile(struct kunit *test, struct sim_test_rig *r,
			   const struct meanwhile *row, bool late)
{
	struct plan *plan = kunit_kzalloc(test, sizeof(*plan), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, plan);
	plan->test = test;
	plan->row = row;
	r->data = plan;
	if (late)
		r->swap->on_written = do_meanwhile;
	else
		r->swap->on_write = do_meanwhile;
}

static void expect_contents(struct kunit *test, struct sim_mm *mm, u64 address, u64 word)
{
	if (word)
		KUNIT_EXPECT_EQ(test, word, sim_test_word_at(mm, address));
	else
		sim_test_verify(test, mm, address, 1, 1);
}

/* It must stay if it was used, and no store may be lost, now or later. */
static void use_during_write(struct kunit *test, const struct meanwhile *row, bool late)
{
	struct sim_test_rig *r = sim_test_rig(test, 1);
	int i;

	plan_meanwhile(test, r, row, late);
	sim_test_aim(test, r->a, r->base);
	KUNIT_EXPECT_EQ(test, row->taken, sim_test_swap_out(r->m, LEVEL));
	KUNIT_EXPECT_EQ(test, row->taken, !sim_test_mapped(r->a, r->base));
	SIM_EXPECT_EVENT(test, r->m, PGSTEAL, row->taken);
	sim_test_check(test, r->m);
	expect_contents(test, r->a, r->base, row->word);
	/* Twice, for a page newer than its slot is made older first. */
	for (i = 0; i < 2 && sim_test_mapped(r->a, r->base); i++)
		sim_test_scan_one(test, r->a, r->base);
	SIM_EXPECT_PTE(test, r->a, r->base, "swap");
	if (r->b)
		sim_test_scan_out(test, r->b, r->base, 1);
	sim_test_discard_all(r->m);
	expect_contents(test, r->a, r->base, row->word);
	if (r->b)
		expect_contents(test, r->b, r->base, row->word);
}

static void page_used_before_it_is_written(struct kunit *test)
{
	use_during_write(test, test->param_value, false);
}

/* What is in the slot then is what was in the page before. */
static void page_used_before_its_write_ends(struct kunit *test)
{
	use_during_write(test, test->param_value, true);
}

static void exit_process(struct kunit *test, struct sim_test_rig *r)
{
	sim_test_process_exit(test, r->a);
}

static void unmap(struct kunit *test, struct sim_test_rig *r)
{
	KUNIT_EXPECT_EQ(test, 0, sim_test_munmap(r->a, r->base, 1));
}

/* To where nothing is: the page's tables go as well. */
static void unmap_and_map(struct kunit *test, struct sim_test_rig *r)
{
	unmap(test, r);
	sim_test_map_at(test, r->a, r->base, 1);
}

static const struct meanwhile gone_rows[] = {
	{ "exit", exit_process },
	{ "munmap", unmap },
	{ "munmap and mmap", unmap_and_map },
};

KUNIT_ARRAY_PARAM_DESC(gone, gone_rows, name);

static void page_lost_during_its_write(struct kunit *test)
{
	struct sim_test_rig *r = sim_test_rig(test, 1);

	plan_meanwhile(test, r, test->param_value, false);
	sim_test_aim(test, r->a, r->base);
	KUNIT_EXPECT_EQ(test, 0, sim_test_swap_out(r->m, LEVEL));
	SIM_EXPECT_EVENT(test, r->m, PGSTEAL, 0);
	sim_test_expect_idle(test, r);
}

/* And the write fails on top of it. */
static void page_lost_during_its_failing_write(struct kunit *test)
{
	struct sim_test_rig *r = sim_test_rig(test, 1);

	plan_meanwhile(test, r, test->param_value, false);
	r->swap->fail_write.count = 1;
	sim_test_aim(test, r->a, r->base);
	KUNIT_EXPECT_EQ(test, 0, sim_test_swap_out(r->m, LEVEL));
	sim_test_expect_idle(test, r);
	KUNIT_EXPECT_EQ(test, SIM_TEST_SLOTS - 1, r->swap->si->pages);
}

static void page_used_during_its_failing_write(struct kunit *test)
{
	const struct meanwhile *row = test->param_value;
	struct sim_test_rig *r = sim_test_rig(test, 1);

	plan_meanwhile(test, r, test->param_value, false);
	r->swap->fail_write.count = 1;
	KUNIT_EXPECT_EQ(test, 0, sim_test_scan_one(test, r->a, r->base));
	sim_test_check(test, r->m);
	expect_contents(test, r->a, r->base, row->word);
	sim_test_scan_out(test, r->a, r->base, 1);
	if (r->b)
		sim_test_scan_out(test, r->b, r->base, 1);
	sim_test_discard_all(r->m);
	expect_contents(test, r->a, r->base, row->word);
	if (r->b)
		expect_contents(test, r->b, r->base, row->word);
}

/* The child's exit leaves the page to its parent, which must not lose it. */
static void exit_of_sharer_during_write(struct kunit *test)
{
	struct sim_test_rig *r = sim_test_rig_forked(test, 1);
	struct sim_mm *parent = r->a;

	swap(r->a, r->b);
	plan_meanwhile(test, r, &gone_rows[0], false);
	sim_test_aim(test, parent, r->base);
	KUNIT_EXPECT_EQ(test, 1, sim_test_swap_out(r->m, LEVEL));
	SIM_EXPECT_COUNTS(test, parent, r->base, 0, 1);
	sim_test_verify(test, parent, r->base, 1, 1);
}

static struct kunit_case cases[] = {
	KUNIT_CASE_PARAM(turns, turns_gen_params),
	KUNIT_CASE(processes_take_turns),
	KUNIT_CASE_PARAM(quota_by_rss, quota_gen_params),
	KUNIT_CASE(nothing_found_ends_the_turn),
	KUNIT_CASE(nothing_found_in_the_last_turn),
	KUNIT_CASE(page_of_others_is_not_the_end),
	KUNIT_CASE(end_of_the_address_space),
	KUNIT_CASE(goes_on_in_the_next_area),
	KUNIT_CASE(second_wrap_fails),
	KUNIT_CASE(process_without_pages_is_passed_over),
	KUNIT_CASE(process_not_swappable_is_passed_over),
	KUNIT_CASE(page_ages_until_it_goes),
	KUNIT_CASE(touched_page_gets_no_older_than_the_maximum),
	KUNIT_CASE(page_just_below_the_maximum),
	KUNIT_CASE(swap_control_changes_at_once),
	KUNIT_CASE(young_page_stays),
	KUNIT_CASE(stale_page_leaves_the_cache),
	KUNIT_CASE(locked_page_stays),
	KUNIT_CASE(reserved_page_stays),
	KUNIT_CASE(busy_page_stays),
	KUNIT_CASE(clean_page_that_is_being_read_stays_clean),
	KUNIT_CASE(page_that_is_being_read_is_not_freed),
	KUNIT_CASE(page_behind_those_that_stay_goes),
	KUNIT_CASE_PARAM(areas_passed_over, area_gen_params),
	KUNIT_CASE(unlocked_area_is_looked_at_again),
	KUNIT_CASE(protected_memory_is_swapped),
	KUNIT_CASE(page_goes_to_swap),
	KUNIT_CASE(clean_page_is_not_written),
	KUNIT_CASE(clean_file_page_is_discarded),
	KUNIT_CASE(file_page_of_two_processes),
	KUNIT_CASE(copy_of_file_page_goes_to_swap),
	KUNIT_CASE(dirty_shared_file_page_goes_to_its_file),
	KUNIT_CASE(areas_own_swap_method_is_used),
	KUNIT_CASE(failed_write_to_file_keeps_the_page),
	KUNIT_CASE(page_stays_without_slot),
	KUNIT_CASE(failed_write_retires_the_slot),
	KUNIT_CASE(failed_write_of_shared_page),
	KUNIT_CASE(write_without_memory_keeps_the_slot),
	KUNIT_CASE(all_writes_fail_until_no_slot_is_left),
	KUNIT_CASE_PARAM(page_used_before_it_is_written, meanwhile_gen_params),
	KUNIT_CASE_PARAM(page_used_before_its_write_ends, meanwhile_gen_params),
	KUNIT_CASE_PARAM(page_used_during_its_failing_write, meanwhile_gen_params),
	KUNIT_CASE_PARAM(page_lost_during_its_write, gone_gen_params),
	KUNIT_CASE_PARAM(page_lost_during_its_failing_write, gone_gen_params),
	KUNIT_CASE(exit_of_sharer_during_write),
	{}
};

static struct kunit_suite suite = {
	.name = "shmswap_swap_out",
	.init = sim_test_init,
	.exit = sim_test_exit,
	.test_cases = cases,
};

kunit_test_suite(suite);
