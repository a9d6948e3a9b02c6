// SPDX-License-Identifier: GPL-2.0
/*
 * Page aging, and the clock over mem_map that discards what is in a cache and
 * mapped by nobody.
 */
#include <linux/sched.h>

#include "sim.h"

#define CACHED		(BIT(SIM_PG_FILE) | BIT(SIM_PG_SWAPCACHE))
#define RESCHED_FRAMES	512

/**
 * sim_touch_page() - a page was used
 * @m: machine
 * @page: page
 *
 * Mirrors touch_page() of Linux 2.0.
 *
 * Context: any.
 */
void sim_touch_page(struct sim_machine *m, struct sim_page *page)
{
	const struct sim_swap_control *c = &m->swap_control;
	u32 age = page->age;

	page->age = min_t(u32, age + c->page_advance, c->max_page_age);
	sim_event(age, m, SHMSWAP_AGE_TOUCH, page, age);
}

/**
 * sim_age_page() - a page was not used
 * @m: machine
 * @page: page
 *
 * Mirrors age_page() of Linux 2.0.
 *
 * Context: any.
 */
void sim_age_page(struct sim_machine *m, struct sim_page *page)
{
	u32 age = page->age;

	page->age = age - min_t(u32, age, m->swap_control.page_decline);
	sim_event(age, m, SHMSWAP_AGE_DECLINE, page, age);
}

/* Save what a locked page has and its slot or file has not; it is pinned. */
static bool clean_page(struct sim_machine *m, struct sim_page *page)
{
	if (!test_bit(SIM_PG_DIRTY, &page->flags))
		return true;
	if (test_bit(SIM_PG_FILE, &page->flags))
		return !sim_filemap_writepage(page->mapping, page);
	return !sim_swap_cache_writepage(m, page);
}

/**
 * sim_release_page() - free a page that nobody but a cache has
 * @m: machine
 * @page: page in a cache, locked, and pinned once by the caller
 *
 * The slot or file must have its contents.
 *
 * Context: may sleep; no lock but the page's held.
 * Return: true if it is free as soon as the caller unpins it.
 */
bool sim_release_page(struct sim_machine *m, struct sim_page *page)
{
	bool released = false;

	down_read(&m->state_lock);
	if (test_bit(SIM_PG_FILE, &page->flags))
		released = sim_filemap_release(page);
	else if (test_bit(SIM_PG_SWAPCACHE, &page->flags))
		released = sim_shm_release_cached(m, page) || sim_release_swap_cache(m, page);
	up_read(&m->state_lock);
	return released;
}

/* Discard a locked page, which is in a cache or comes into one. */
static bool discard_locked(struct sim_machine *m, struct sim_page *page)
{
	bool released;

	down_read(&m->state_lock);
	released = (page->flags & CACHED) || sim_shm_add_to_swap(m, page);
	up_read(&m->state_lock);
	if (!released)
		return false;
	released = clean_page(m, page) && sim_release_page(m, page);
	if (!released) {
		/* Whoever had it may have gone meanwhile, and left that to us. */
		down_read(&m->state_lock);
		sim_exclusive_swap_page(m, page, 0);
		up_read(&m->state_lock);
	}
	return released;
}

/* Is there anything to be discarded here? */
static bool discardable(const struct sim_machine *m, const struct sim_page *page)
{
	return (page->flags & CACHED) ||
	       ((m->flags & SHMSWAP_MACHINE_SHM_PROCESS) && READ_ONCE(page->seg));
}

/*
 * Discard a page that looks as if it could be. It may have become another's by
 * the time it is pinned, and that one may be about to lock it: only what is seen
 * then counts.
 */
static bool discard(struct sim_machine *m, struct sim_page *page)
{
	bool released = false;

	if (!atomic64_add_unless(&page->count, SIM_PIN, 0))
		return false;
	if (discardable(m, page) && sim_trylock_page(page)) {
		released = discard_locked(m, page);
		sim_unlock_page(page);
	}
	sim_unpin_page(m, page);
	return released;
}

/*
 * References beside those of PTEs: the cache's, and that of a page list, whose
 * page goes with the cache's if there is no other.
 */
static u64 unmapped_count(const struct sim_page *page)
{
	return 1 + (test_bit(SIM_PG_SWAPCACHE, &page->flags) && READ_ONCE(page->seg));
}

/* Look at a frame that is not free; SHMSWAP_SCAN_TAKE if it may be discarded. */
static u16 look_at(struct sim_machine *m, struct sim_page *page, unsigned long flags, u64 count,
		   int level)
{
	if (count >= SIM_PIN || (flags & BIT(SIM_PG_LOCKED)))
		return SHMSWAP_SCAN_BUSY;
	if (count > 1 && count > unmapped_count(page)) {
		if (!(flags & BIT(SIM_PG_REFERENCED)))
			set_bit(SIM_PG_REFERENCED, &page->flags);
		return SHMSWAP_SCAN_USED;
	}
	if (flags & BIT(SIM_PG_REFERENCED)) {
		clear_bit(SIM_PG_REFERENCED, &page->flags);
		if (level < 4)
			sim_age_page(m, page);
		return SHMSWAP_SCAN_YOUNG;
	}
	return discardable(m, page) ? SHMSWAP_SCAN_TAKE : SHMSWAP_SCAN_USED;
}

/**
 * struct used - frames in use that the hand passed over in a row
 * @nr: how many
 * @last: the last of them
 */
struct used {
	u32 nr;
	struct sim_page *last;
};

/* Tell of them together: there may be as many as there are frames. */
static void pass_used(struct sim_machine *m, struct used *used)
{
	if (used->nr)
		sim_event(mmap, m, SHMSWAP_SCAN_USED, used->last, used->nr);
	used->nr = 0;
}

/* Discard what is in a frame, if there is anything that may be. */
static bool examine(struct sim_machine *m, struct sim_page *page, unsigned long flags, int level,
		    struct used *used)
{
	u64 count = atomic64_read(&page->count);
	u16 verdict;

	if (!count)
		return false;
	verdict = look_at(m, page, flags, count, level);
	if (verdict == SHMSWAP_SCAN_USED) {
		used->nr++;
		used->last = page;
		return false;
	}
	pass_used(m, used);
	sim_event(mmap, m, verdict, page, 1);
	return verdict == SHMSWAP_SCAN_TAKE && discard(m, page);
}

/**
 * sim_shrink_mmap() - discard one page that only a cache has
 * @m: machine
 * @level: 0 to SHMSWAP_MAX_LEVEL: how far the hand may go
 *
 * Mirrors Linux 2.0.40 shrink_mmap(), for pages of files and, as later kernels
 * did, of the swap cache. The hand stays at the page that was freed. On a machine
 * with SHMSWAP_MACHINE_SHM_PROCESS it also swaps the pages of segments that no
 * process has mapped, which the process scan cannot find.
 *
 * Context: sleeps; reclaim_lock held.
 * Return: 1 if a page was freed, 0 if not.
 */
int sim_shrink_mmap(struct sim_machine *m, int level)
{
	long count_max = (2L * m->nr_frames) >> (level / 2);
	long count_min = (2L * m->nr_frames) >> level;
	struct used used = { 0 };

	KUNIT_STATIC_STUB_REDIRECT(sim_shrink_mmap, m, level);
	lockdep_assert_held(&m->reclaim_lock);
	do {
		struct sim_page *page = sim_pfn_page(m, m->mmap_hand);
		unsigned long flags = READ_ONCE(page->flags);

		count_max--;
		if (flags & CACHED)
			count_min--;
		if (examine(m, page, flags, level, &used))
			return 1;
		if (++m->mmap_hand == m->nr_frames)
			m->mmap_hand = 0;
		if (m->mmap_hand % RESCHED_FRAMES == 0)
			cond_resched();
	} while (count_max > 0 && count_min > 0);
	pass_used(m, &used);
	return 0;
}
