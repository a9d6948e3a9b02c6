// SPDX-License-Identifier: GPL-2.0
/*
 * Slots: which one is handed out next, in an area and among areas, how their
 * users are counted, and the swap cache.
 */
#include <linux/slab.h>

#include "kunit_helpers.h"

#define CLUSTER	32	/* SWAP_CLUSTER_MAX of Linux 2.0 */

static struct sim_machine *machine(struct kunit *test)
{
	return sim_test_machine_config(test, &(const struct sim_config) {
		.nr_frames = SIM_TEST_FRAMES,
	});
}

/* A machine without swap, and an area of @slots slots. */
static struct sim_swap_info *area(struct kunit *test, u32 slots)
{
	return sim_test_swap_area(test, machine(test), slots, -1)->si;
}

/* Take a slot and say which; 0 if there is none. */
static u32 take(struct sim_machine *m)
{
	return sim_swp_offset(sim_get_swap_page(m));
}

static void take_many(struct kunit *test, struct sim_machine *m, u32 nr)
{
	while (nr--)
		KUNIT_ASSERT_NE(test, 0, take(m));
}

static void give(struct sim_swap_info *si, u32 slot)
{
	sim_swap_free(si->m, sim_swp_entry(si->type, slot), 1);
}

/* The case is over: as if nothing had been taken. */
static void give_all(struct sim_machine *m)
{
	u32 type;

	for (type = 0; type < SHMSWAP_MAX_SWAPFILES; type++) {
		struct sim_swap_info *si = m->swap_info[type];
		u64 slot = 0;
		u32 count;

		while (si) {
			mutex_lock(&m->swap_lock);
			count = sim_swap_next_used(si, &slot);
			mutex_unlock(&m->swap_lock);
			if (!count)
				break;
			if (count != SIM_SWAP_MAP_BAD)
				sim_swap_free(m, sim_swp_entry(type, slot), count);
			slot++;
		}
	}
}

#define EXPECT_TAKEN(test, m, slot)	KUNIT_EXPECT_EQ(test, (u32)(slot), take(m))

#define EXPECT_FREE(test, m, n)							\
	KUNIT_EXPECT_EQ(test, (u64)(n), (m)->nr_swap_pages)

/* ------------------------------------------------------ within one area */

static void slots_are_taken_in_order(struct kunit *test)
{
	struct sim_swap_info *si = area(test, 100);
	u32 slot;

	for (slot = 1; slot <= 100; slot++) {
		EXPECT_TAKEN(test, si->m, slot);
		EXPECT_FREE(test, si->m, 100 - slot);
		KUNIT_EXPECT_EQ(test, slot, si->inuse_pages);
	}
	EXPECT_TAKEN(test, si->m, 0);
	give_all(si->m);
	EXPECT_FREE(test, si->m, 100);
	KUNIT_EXPECT_EQ(test, 0, si->inuse_pages);
}

/* cluster_next is the slot itself, not the one behind it. */
static void slot_freed_at_once_is_taken_again(struct kunit *test)
{
	struct sim_swap_info *si = area(test, 100);

	take_many(test, si->m, 5);
	give(si, 5);
	EXPECT_TAKEN(test, si->m, 5);
	EXPECT_TAKEN(test, si->m, 6);
	give_all(si->m);
}

/* Slots before the cluster are left alone until it is used up. */
static void cluster_goes_on_before_lower_slots(struct kunit *test)
{
	struct sim_swap_info *si = area(test, 100);
	u32 slot;

	take_many(test, si->m, 10);
	give(si, 2);
	give(si, 4);
	/* The first slot of all opened the cluster, nine followed. */
	for (slot = 11; slot <= CLUSTER + 1; slot++)
		EXPECT_TAKEN(test, si->m, slot);
	EXPECT_TAKEN(test, si->m, 2);
	EXPECT_TAKEN(test, si->m, 4);
	EXPECT_TAKEN(test, si->m, CLUSTER + 2);
	give_all(si->m);
}

static void cluster_ends_at_highest_slot(struct kunit *test)
{
	struct sim_swap_info *si = area(test, 10);

	take_many(test, si->m, 10);
	give(si, 3);
	give(si, 7);
	give(si, 10);
	/* The cluster is at 10. */
	EXPECT_TAKEN(test, si->m, 10);
	/* Now from the lowest free one, with a new cluster. */
	EXPECT_TAKEN(test, si->m, 3);
	EXPECT_TAKEN(test, si->m, 7);
	EXPECT_TAKEN(test, si->m, 0);
	give_all(si->m);
}

static void new_cluster_starts_at_lowest_free_slot(struct kunit *test)
{
	struct sim_swap_info *si = area(test, 200);
	u32 i;

	take_many(test, si->m, 150);
	give(si, 20);
	give(si, 21);
	si->cluster_nr = 0;
	EXPECT_TAKEN(test, si->m, 20);
	KUNIT_EXPECT_EQ(test, 20, si->lowest_bit);
	KUNIT_EXPECT_EQ(test, 20, si->cluster_next);
	KUNIT_EXPECT_EQ(test, CLUSTER, si->cluster_nr);
	EXPECT_TAKEN(test, si->m, 21);
	for (i = 151; i < 151 + CLUSTER - 1; i++)
		EXPECT_TAKEN(test, si->m, i);
	KUNIT_EXPECT_EQ(test, 0, si->cluster_nr);
	give_all(si->m);
}

static void bounds_follow_what_is_free(struct kunit *test)
{
	struct sim_swap_info *si = area(test, 50);

	KUNIT_EXPECT_EQ(test, 1, si->lowest_bit);
	KUNIT_EXPECT_EQ(test, 50, si->highest_bit);
	take_many(test, si->m, 49);
	KUNIT_EXPECT_EQ(test, 50, si->highest_bit);
	take_many(test, si->m, 1);
	KUNIT_EXPECT_EQ(test, 49, si->highest_bit);
	EXPECT_TAKEN(test, si->m, 0);
	KUNIT_EXPECT_GT(test, si->lowest_bit, 1);
	give(si, 50);
	KUNIT_EXPECT_EQ(test, 50, si->highest_bit);
	give(si, 1);
	KUNIT_EXPECT_EQ(test, 1, si->lowest_bit);
	KUNIT_EXPECT_EQ(test, 50, si->highest_bit);
	give_all(si->m);
}

static void area_of_one_slot(struct kunit *test)
{
	struct sim_swap_info *si = area(test, 1);

	EXPECT_TAKEN(test, si->m, 1);
	EXPECT_TAKEN(test, si->m, 0);
	give(si, 1);
	EXPECT_TAKEN(test, si->m, 1);
	give(si, 1);
	EXPECT_FREE(test, si->m, 1);
}

static const u32 chunk_sizes[] = {
	SIM_SLOTS_PER_CHUNK - 2, SIM_SLOTS_PER_CHUNK - 1, SIM_SLOTS_PER_CHUNK,
	2 * SIM_SLOTS_PER_CHUNK - 1, 2 * SIM_SLOTS_PER_CHUNK,
};

static void describe_size(const u32 *slots, char *desc)
{
	snprintf(desc, KUNIT_PARAM_DESC_SIZE, "%u slots", *slots);
}

KUNIT_ARRAY_PARAM(chunk_size, chunk_sizes, describe_size);

/* Every slot once, and the last of each chunk again, out of order. */
static void slots_across_chunks(struct kunit *test)
{
	u32 slots = *(const u32 *)test->param_value;
	struct sim_swap_info *si = area(test, slots);
	u32 slot;

	for (slot = 1; slot <= slots; slot++)
		KUNIT_ASSERT_EQ(test, slot, take(si->m));
	EXPECT_TAKEN(test, si->m, 0);
	give(si, slots);
	give(si, 1);
	give(si, SIM_SLOTS_PER_CHUNK - 3);
	si->cluster_nr = 0;
	EXPECT_TAKEN(test, si->m, 1);
	EXPECT_TAKEN(test, si->m, SIM_SLOTS_PER_CHUNK - 3);
	EXPECT_TAKEN(test, si->m, slots);
	EXPECT_TAKEN(test, si->m, 0);
	give_all(si->m);
	EXPECT_FREE(test, si->m, slots);
}

static u32 nr_chunks(struct sim_swap_info *si, u32 slots)
{
	u32 slot, nr = 0;

	for (slot = 0; slot < slots; slot += SIM_SLOTS_PER_CHUNK)
		nr += !!sim_swap_chunk(si, slot);
	return nr;
}

/* Its counts take memory only where slots are, or were, in use. */
static void largest_area_grows_with_use(struct kunit *test)
{
	struct sim_swap_info *si = area(test, SHMSWAP_MAX_SLOTS - 1);
	struct sim_machine *m = si->m;

	EXPECT_FREE(test, m, SHMSWAP_MAX_SLOTS - 1);
	KUNIT_EXPECT_EQ(test, 1, nr_chunks(si, 100 * SIM_SLOTS_PER_CHUNK));
	take_many(test, m, 2 * SIM_SLOTS_PER_CHUNK);
	KUNIT_EXPECT_EQ(test, 3, nr_chunks(si, 100 * SIM_SLOTS_PER_CHUNK));
	give_all(m);
	EXPECT_FREE(test, m, SHMSWAP_MAX_SLOTS - 1);
}

static void largest_area_has_its_last_slot(struct kunit *test)
{
	struct sim_swap_info *si = area(test, SHMSWAP_MAX_SLOTS - 1);

	si->cluster_next = SHMSWAP_MAX_SLOTS - 2;
	si->cluster_nr = 2;
	EXPECT_TAKEN(test, si->m, SHMSWAP_MAX_SLOTS - 2);
	EXPECT_TAKEN(test, si->m, SHMSWAP_MAX_SLOTS - 1);
	KUNIT_EXPECT_EQ(test, SHMSWAP_MAX_SLOTS - 2, si->highest_bit);
	EXPECT_TAKEN(test, si->m, 1);
	give_all(si->m);
}

/* ------------------------------------------------------------------ users */

static void slot_is_free_after_its_last_user(struct kunit *test)
{
	struct sim_swap_info *si = area(test, 4);
	sim_swp_entry_t entry = sim_get_swap_page(si->m);

	KUNIT_EXPECT_EQ(test, 1, sim_swap_count(si->m, entry));
	KUNIT_EXPECT_EQ(test, 0, sim_swap_duplicate(si->m, entry));
	KUNIT_EXPECT_EQ(test, 0, sim_swap_duplicate(si->m, entry));
	KUNIT_EXPECT_EQ(test, 3, sim_swap_count(si->m, entry));
	sim_swap_free(si->m, entry, 1);
	sim_swap_free(si->m, entry, 1);
	KUNIT_EXPECT_EQ(test, 1, sim_swap_count(si->m, entry));
	EXPECT_FREE(test, si->m, 3);
	sim_swap_free(si->m, entry, 1);
	KUNIT_EXPECT_EQ(test, 0, sim_swap_count(si->m, entry));
	EXPECT_FREE(test, si->m, 4);
}

static void slot_of_several_users_is_freed_by_all(struct kunit *test)
{
	struct sim_swap_info *si = area(test, 4);
	sim_swp_entry_t entry = sim_get_swap_page(si->m);

	KUNIT_EXPECT_EQ(test, 0, sim_swap_duplicate(si->m, entry));
	KUNIT_EXPECT_EQ(test, 0, sim_swap_duplicate(si->m, entry));
	sim_swap_free(si->m, entry, 2);
	KUNIT_EXPECT_EQ(test, 1, sim_swap_count(si->m, entry));
	KUNIT_EXPECT_EQ(test, 0, sim_swap_duplicate(si->m, entry));
	sim_swap_free(si->m, entry, 2);
	KUNIT_EXPECT_EQ(test, 0, sim_swap_count(si->m, entry));
	KUNIT_EXPECT_EQ(test, 0, si->inuse_pages);
}

static void duplicate_with_most_users(struct kunit *test)
{
	struct sim_swap_info *si = area(test, 4);
	sim_swp_entry_t entry = sim_get_swap_page(si->m);
	u32 i;

	for (i = 1; i < SIM_SWAP_MAP_MAX; i++)
		KUNIT_ASSERT_EQ(test, 0, sim_swap_duplicate(si->m, entry));
	KUNIT_EXPECT_EQ(test, -EOVERFLOW, sim_swap_duplicate(si->m, entry));
	KUNIT_EXPECT_EQ(test, SIM_SWAP_MAP_MAX, sim_swap_count(si->m, entry));
	sim_swap_free(si->m, entry, SIM_SWAP_MAP_MAX);
	KUNIT_EXPECT_EQ(test, 0, sim_swap_count(si->m, entry));
}

static void retired_slot_is_never_used_again(struct kunit *test)
{
	struct sim_swap_info *si = area(test, 4);
	u32 i;

	take_many(test, si->m, 4);
	sim_swap_reject(si->m, sim_swp_entry(si->type, 2), -EIO);
	KUNIT_EXPECT_EQ(test, SIM_SWAP_MAP_BAD,
			sim_swap_count(si->m, sim_swp_entry(si->type, 2)));
	KUNIT_EXPECT_EQ(test, 3, si->pages);
	KUNIT_EXPECT_EQ(test, 3, si->inuse_pages);
	EXPECT_FREE(test, si->m, 0);
	give_all(si->m);
	EXPECT_FREE(test, si->m, 3);
	for (i = 0; i < 3; i++)
		KUNIT_EXPECT_NE(test, 2, take(si->m));
	EXPECT_TAKEN(test, si->m, 0);
	give_all(si->m);
}

static void next_used_walks_used_and_bad_slots(struct kunit *test)
{
	struct sim_swap_info *si = area(test, 2 * SIM_SLOTS_PER_CHUNK);
	const u32 last = SIM_SLOTS_PER_CHUNK;
	u64 slot = 0;

	take_many(test, si->m, last);
	give(si, 1);
	give(si, last - 1);
	mutex_lock(&si->m->swap_lock);
	KUNIT_EXPECT_EQ(test, SIM_SWAP_MAP_BAD, sim_swap_next_used(si, &slot));
	KUNIT_EXPECT_EQ(test, 0, slot++);
	KUNIT_EXPECT_EQ(test, 1, sim_swap_next_used(si, &slot));
	KUNIT_EXPECT_EQ(test, 2, slot);
	slot = last - 1;
	KUNIT_EXPECT_EQ(test, 1, sim_swap_next_used(si, &slot));
	KUNIT_EXPECT_EQ(test, last, slot++);
	KUNIT_EXPECT_EQ(test, 0, sim_swap_next_used(si, &slot));
	slot = U64_MAX;
	KUNIT_EXPECT_EQ(test, 0, sim_swap_next_used(si, &slot));
	mutex_unlock(&si->m->swap_lock);
	give_all(si->m);
}

/* ------------------------------------------------------------ among areas */

static struct sim_swap_info *add(struct kunit *test, struct sim_machine *m, u32 slots, s32 prio)
{
	return sim_test_swap_area(test, m, slots, prio)->si;
}

/* The areas that the next slots come from, as digits. */
static void expect_turns(struct kunit *test, struct sim_machine *m, const char *expected)
{
	size_t nr = strlen(expected);
	char *found = kunit_kzalloc(test, nr + 1, GFP_KERNEL);
	size_t i;

	KUNIT_ASSERT_NOT_NULL(test, found);
	for (i = 0; i < nr; i++) {
		sim_swp_entry_t entry = sim_get_swap_page(m);

		found[i] = entry.val ? '0' + sim_swp_type(entry) : '-';
	}
	KUNIT_EXPECT_STREQ(test, expected, found);
}

static void higher_priority_comes_first(struct kunit *test)
{
	struct sim_machine *m = machine(test);

	add(test, m, 2, 5);
	add(test, m, 2, 7);
	add(test, m, 2, 6);
	expect_turns(test, m, "112200-");
	give_all(m);
}

static void equals_take_turns(struct kunit *test)
{
	struct sim_machine *m = machine(test);

	add(test, m, 3, 5);
	add(test, m, 3, 5);
	add(test, m, 3, 5);
	/* A new one is entered before its equals. */
	expect_turns(test, m, "210210210-");
	give_all(m);
}

static void equals_of_different_size_take_turns(struct kunit *test)
{
	struct sim_machine *m = machine(test);

	add(test, m, 4, 5);
	add(test, m, 1, 5);
	add(test, m, 2, 5);
	add(test, m, 2, 1);
	expect_turns(test, m, "210200033-");
	give_all(m);
}

/* The last of them is full: round to the first, not on to the worse ones. */
static void equals_come_before_worse_areas(struct kunit *test)
{
	struct sim_machine *m = machine(test);

	add(test, m, 1, 5);
	add(test, m, 2, 5);
	add(test, m, 4, 5);
	add(test, m, 2, 1);
	expect_turns(test, m, "210212233-");
	give_all(m);
}

static void default_priorities_descend(struct kunit *test)
{
	struct sim_machine *m = machine(test);
	struct sim_swap_info *first = add(test, m, 1, -1);
	struct sim_swap_info *second = add(test, m, 1, -1);
	struct sim_swap_info *zero = add(test, m, 1, 0);

	KUNIT_EXPECT_EQ(test, -1, first->prio);
	KUNIT_EXPECT_EQ(test, -2, second->prio);
	KUNIT_EXPECT_EQ(test, 0, zero->prio);
	expect_turns(test, m, "201-");
	give_all(m);
}

static void slot_freed_in_better_area_is_next(struct kunit *test)
{
	struct sim_machine *m = machine(test);
	struct sim_swap_info *better = add(test, m, 1, 5);

	add(test, m, 4, 1);
	add(test, m, 4, 1);
	expect_turns(test, m, "02");
	/* It would be the other's turn. */
	give(better, 1);
	expect_turns(test, m, "02");
	give_all(m);
}

static void slot_freed_in_worse_area_is_not_next(struct kunit *test)
{
	struct sim_machine *m = machine(test);
	struct sim_swap_info *worse;

	add(test, m, 2, 5);
	worse = add(test, m, 2, 1);
	sim_swap_duplicate(m, sim_swp_entry(0, take(m)));
	KUNIT_ASSERT_EQ(test, 2, take(m));
	KUNIT_ASSERT_EQ(test, 1, take(m));
	sim_swap_free(m, sim_swp_entry(0, 1), 2);
	give(worse, 1);
	expect_turns(test, m, "011-");
	give_all(m);
}

static void equals_wrap_past_full_area(struct kunit *test)
{
	struct sim_machine *m = machine(test);
	struct sim_swap_info *si;

	add(test, m, 2, 5);
	si = add(test, m, 2, 5);
	expect_turns(test, m, "1010-");
	give(si, 1);
	expect_turns(test, m, "1-");
	give_all(m);
}

static void better_area_added_comes_first(struct kunit *test)
{
	struct sim_machine *m = machine(test);

	add(test, m, 4, 1);
	expect_turns(test, m, "0");
	add(test, m, 1, 2);
	expect_turns(test, m, "10");
	add(test, m, 1, 0);
	expect_turns(test, m, "002-");
	give_all(m);
}

static void area_added_to_full_machine_is_used(struct kunit *test)
{
	struct sim_machine *m = machine(test);

	expect_turns(test, m, "-");
	add(test, m, 1, 5);
	expect_turns(test, m, "0-");
	add(test, m, 1, 1);
	expect_turns(test, m, "1-");
	give_all(m);
}

static void no_more_areas_than_there_can_be(struct kunit *test)
{
	struct sim_machine *m = machine(test);
	struct shmswap_swapon ram = { .flags = SHMSWAP_SWAPON_RAM, .fd = -1, .slots = 1 };
	u32 i;

	for (i = 0; i < SHMSWAP_MAX_SWAPFILES; i++) {
		KUNIT_ASSERT_EQ(test, 0, sim_swapon(m, &ram));
		KUNIT_EXPECT_EQ(test, i, ram.out_type);
	}
	KUNIT_EXPECT_EQ(test, -EPERM, sim_swapon(m, &ram));
	EXPECT_FREE(test, m, SHMSWAP_MAX_SWAPFILES);
	KUNIT_EXPECT_EQ(test, 0, sim_swapoff(m, 7));
	KUNIT_EXPECT_EQ(test, 0, sim_swapon(m, &ram));
	KUNIT_EXPECT_EQ(test, 7, ram.out_type);
}

/* ------------------------------------------------------------- swap cache */

static struct sim_page *cached_page(struct kunit *test, struct sim_machine *m,
				    sim_swp_entry_t entry)
{
	struct sim_page *page = sim_get_free_page(m);

	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, page);
	KUNIT_ASSERT_TRUE(test, sim_trylock_page(page));
	sim_add_to_swap_cache(m, page, entry);
	return page;
}

static void uncache(struct sim_machine *m, struct sim_page *page)
{
	sim_delete_from_swap_cache(m, page);
	sim_unlock_page(page);
	sim_unpin_page(m, page);
}

static void cached_page_is_found_by_its_slot(struct kunit *test)
{
	struct sim_swap_info *si = area(test, 8);
	sim_swp_entry_t entry = sim_get_swap_page(si->m);
	struct sim_machine *m = si->m;
	struct sim_page *page = cached_page(test, m, entry);

	KUNIT_EXPECT_EQ(test, 1, atomic_read(&m->nr_swapcache));
	KUNIT_EXPECT_EQ(test, 1, sim_page_count(page));
	KUNIT_EXPECT_PTR_EQ(test, page, sim_lookup_swap_cache(m, entry));
	/* The lookup pinned it. */
	KUNIT_EXPECT_EQ(test, 2 * SIM_PIN + 1, atomic64_read(&page->count));
	sim_unpin_page(m, page);
	KUNIT_EXPECT_NULL(test, sim_lookup_swap_cache(m, sim_swp_entry(si->type, 2)));
	KUNIT_EXPECT_NULL(test, sim_lookup_swap_cache(m, sim_swp_entry(si->type + 1, 1)));
	sim_test_check(test, m);
	uncache(m, page);
	KUNIT_EXPECT_NULL(test, sim_lookup_swap_cache(m, entry));
	KUNIT_EXPECT_EQ(test, 0, atomic_read(&m->nr_swapcache));
	give_all(m);
}

/* More pages than buckets: some share one. */
static void cached_pages_do_not_hide_each_other(struct kunit *test)
{
	struct sim_swap_info *si = area(test, 40);
	struct sim_machine *m = si->m;
	struct sim_page *page[40];
	sim_swp_entry_t entry[40];
	u32 i;

	for (i = 0; i < ARRAY_SIZE(page); i++) {
		entry[i] = sim_get_swap_page(m);
		page[i] = cached_page(test, m, entry[i]);
	}
	KUNIT_EXPECT_EQ(test, 40, atomic_read(&m->nr_swapcache));
	for (i = 0; i < ARRAY_SIZE(page); i += 2)
		uncache(m, page[i]);
	for (i = 0; i < ARRAY_SIZE(page); i++) {
		KUNIT_EXPECT_PTR_EQ(test, i % 2 ? page[i] : NULL,
				    sim_lookup_swap_cache(m, entry[i]));
		if (i % 2) {
			sim_unpin_page(m, page[i]);
			uncache(m, page[i]);
		}
	}
	give_all(m);
}

static struct kunit_case cases[] = {
	KUNIT_CASE(slots_are_taken_in_order),
	KUNIT_CASE(slot_freed_at_once_is_taken_again),
	KUNIT_CASE(cluster_goes_on_before_lower_slots),
	KUNIT_CASE(cluster_ends_at_highest_slot),
	KUNIT_CASE(new_cluster_starts_at_lowest_free_slot),
	KUNIT_CASE(bounds_follow_what_is_free),
	KUNIT_CASE(area_of_one_slot),
	KUNIT_CASE_PARAM(slots_across_chunks, chunk_size_gen_params),
	KUNIT_CASE(largest_area_grows_with_use),
	KUNIT_CASE(largest_area_has_its_last_slot),
	KUNIT_CASE(slot_is_free_after_its_last_user),
	KUNIT_CASE(slot_of_several_users_is_freed_by_all),
	KUNIT_CASE(duplicate_with_most_users),
	KUNIT_CASE(retired_slot_is_never_used_again),
	KUNIT_CASE(next_used_walks_used_and_bad_slots),
	KUNIT_CASE(higher_priority_comes_first),
	KUNIT_CASE(equals_take_turns),
	KUNIT_CASE(equals_of_different_size_take_turns),
	KUNIT_CASE(equals_come_before_worse_areas),
	KUNIT_CASE(default_priorities_descend),
	KUNIT_CASE(slot_freed_in_better_area_is_next),
	KUNIT_CASE(slot_freed_in_worse_area_is_not_next),
	KUNIT_CASE(equals_wrap_past_full_area),
	KUNIT_CASE(better_area_added_comes_first),
	KUNIT_CASE(area_added_to_full_machine_is_used),
	KUNIT_CASE(no_more_areas_than_there_can_be),
	KUNIT_CASE(cached_page_is_found_by_its_slot),
	KUNIT_CASE(cached_pages_do_not_hide_each_other),
	{}
};

static struct kunit_suite suite = {
	.name = "shmswap_swap_map",
	.init = sim_test_init,
	.exit = sim_test_exit,
	.test_cases = cases,
};

kunit_test_suite(suite);
