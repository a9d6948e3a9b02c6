// SPDX-License-Identifier: GPL-2.0
/*
 * The swap cache: pages by the slot that they are read from or written to.
 *
 * It holds a reference to the frame and one to the slot. A page is locked while
 * I/O on it lasts, so neither is reused before the I/O is over, whatever becomes
 * of the page meanwhile. The pages of segments that the clock swaps leave it
 * then; those that the process scan swaps stay, as in Linux 2.4, for a process
 * may still have the page when another has only the slot.
 */
#include <linux/hash.h>
#include <linux/log2.h>
#include <linux/mm.h>

#include "sim.h"

static struct hlist_head *bucket(struct sim_machine *m, sim_swp_entry_t entry)
{
	return &m->swap_cache[hash_64(entry.val, m->cache_bits)];
}

static struct sim_page *find(struct sim_machine *m, sim_swp_entry_t entry)
{
	struct sim_page *page;

	lockdep_assert_held(&m->cache_lock);
	hlist_for_each_entry(page, bucket(m, entry), hash) {
		if (page->entry.val == entry.val)
			return page;
	}
	return NULL;
}

/**
 * sim_add_to_swap_cache() - enter a page
 * @m: machine
 * @page: locked frame; the cache takes a reference
 * @entry: slot; the cache takes over a count from the caller
 *
 * Context: any; state_lock held for reading.
 * Return: false, and nothing was done, if the slot has a page there already.
 */
bool sim_add_to_swap_cache(struct sim_machine *m, struct sim_page *page, sim_swp_entry_t entry)
{
	WARN_ON_ONCE(!test_bit(SIM_PG_LOCKED, &page->flags));
	spin_lock(&m->cache_lock);
	if (find(m, entry)) {
		spin_unlock(&m->cache_lock);
		return false;
	}
	sim_get_page(page);
	page->entry = entry;
	set_bit(SIM_PG_SWAPCACHE, &page->flags);
	hlist_add_head(&page->hash, bucket(m, entry));
	sim_event(cache, m, SHMSWAP_CACHE_ADD, page, entry);
	spin_unlock(&m->cache_lock);
	atomic_inc(&m->nr_swapcache);
	sim_count_event(m, SIM_SWAP_CACHE_ADD);
	sim_swap_settle(m, entry);
	return true;
}

static void unhash(struct sim_machine *m, struct sim_page *page)
{
	lockdep_assert_held(&m->cache_lock);
	hlist_del(&page->hash);
	sim_event(cache, m, SHMSWAP_CACHE_DELETE, page, page->entry);
	clear_bit(SIM_PG_SWAPCACHE, &page->flags);
	page->entry = SIM_SWP_NONE;
	atomic_dec(&m->nr_swapcache);
	sim_count_event(m, SIM_SWAP_CACHE_DEL);
}

/**
 * sim_delete_from_swap_cache() - remove a page
 * @m: machine
 * @page: locked frame in the cache; its reference is dropped
 *
 * The caller gets back the count of the slot.
 *
 * Context: any; state_lock held for reading.
 */
void sim_delete_from_swap_cache(struct sim_machine *m, struct sim_page *page)
{
	spin_lock(&m->cache_lock);
	unhash(m, page);
	spin_unlock(&m->cache_lock);
	sim_put_page(m, page);
}

/**
 * sim_add_to_swap() - give a page a slot, and enter it
 * @m: machine
 * @page: locked frame that is in no cache
 *
 * Context: may sleep; state_lock held for reading, reclaim_lock held.
 * Return: false if there is no slot.
 */
bool sim_add_to_swap(struct sim_machine *m, struct sim_page *page)
{
	sim_swp_entry_t entry = sim_get_swap_page(m);

	if (!entry.val)
		return false;
	if (!WARN_ON_ONCE(!sim_add_to_swap_cache(m, page, entry)))
		return true;
	sim_swap_free(m, entry, 1);
	return false;
}

/**
 * sim_swap_cache_writepage() - write a page that is newer than its slot
 * @m: machine
 * @page: locked frame in the cache, not to be freed meanwhile
 *
 * If that fails the page is dirty still, and unless somebody else has the slot
 * already it leaves the cache, and the slot is not used again. A page whose memory
 * the kernel is using stays as it is.
 *
 * Context: sleeps; reclaim_lock held, and no other but the page's.
 * Return: 0 or -errno; -EBUSY if it was not tried.
 */
int sim_swap_cache_writepage(struct sim_machine *m, struct sim_page *page)
{
	sim_swp_entry_t entry = page->entry;
	int err;

	/* What is stored from here on makes it dirty again... */
	clear_bit(SIM_PG_DIRTY, &page->flags);
	/* ... but not what is stored by who has had the memory pinned before. */
	smp_mb__after_atomic();
	if (sim_live_busy(page)) {
		set_bit(SIM_PG_DIRTY, &page->flags);
		return -EBUSY;
	}
	err = sim_swap_writepages(m, entry, &page, 1);
	if (!err)
		return 0;
	set_bit(SIM_PG_DIRTY, &page->flags);
	down_read(&m->state_lock);
	if (sim_swap_users(m, entry) == 1) {
		sim_delete_from_swap_cache(m, page);
		sim_swap_reject(m, entry, err);
	}
	up_read(&m->state_lock);
	return err;
}

/**
 * sim_lookup_swap_cache() - find the page of a slot
 * @m: machine
 * @entry: slot
 *
 * Context: any; something keeps the slot from being freed.
 * Return: the frame, pinned, or NULL.
 */
struct sim_page *sim_lookup_swap_cache(struct sim_machine *m, sim_swp_entry_t entry)
{
	struct sim_page *page;

	if (!atomic_read(&m->nr_swapcache))
		return NULL;
	spin_lock(&m->cache_lock);
	page = find(m, entry);
	if (page)
		sim_pin_page(page);
	spin_unlock(&m->cache_lock);
	return page;
}

/**
 * sim_release_swap_cache() - remove a page that nobody but the cache has
 * @m: machine
 * @page: locked frame in the cache, pinned once by the caller
 *
 * Whoever has the slot finds the contents there, so the page must not be newer.
 *
 * Context: may sleep; state_lock held for reading.
 * Return: true if it is free as soon as the caller unpins it.
 */
bool sim_release_swap_cache(struct sim_machine *m, struct sim_page *page)
{
	sim_swp_entry_t entry = page->entry;
	bool unused;

	spin_lock(&m->cache_lock);
	unused = atomic64_read(&page->count) == SIM_PIN + 1 &&
		 !test_bit(SIM_PG_DIRTY, &page->flags);
	if (unused)
		unhash(m, page);
	spin_unlock(&m->cache_lock);
	if (!unused)
		return false;
	sim_put_page(m, page);
	sim_swap_free(m, entry, 1);
	return true;
}

/**
 * sim_exclusive_swap_page() - remove a page whose slot is of use to nobody else
 * @m: machine
 * @page: locked frame, not to be freed meanwhile
 * @users: references that may remain
 *
 * Context: may sleep; state_lock held for reading.
 * Return: true if it was in the cache, and is not any more.
 */
bool sim_exclusive_swap_page(struct sim_machine *m, struct sim_page *page, u32 users)
{
	sim_swp_entry_t entry = page->entry;

	if (!test_bit(SIM_PG_SWAPCACHE, &page->flags) || sim_page_count(page) > users + 1 ||
	    sim_swap_users(m, entry) != 1)
		return false;
	sim_delete_from_swap_cache(m, page);
	sim_swap_free(m, entry, 1);
	return true;
}

/**
 * sim_free_page_and_swap_cache() - drop the reference that a PTE had
 * @m: machine
 * @page: frame
 *
 * Does not leave a page in the swap cache that nobody will look for there.
 *
 * Context: may sleep; state_lock held for reading.
 */
void sim_free_page_and_swap_cache(struct sim_machine *m, struct sim_page *page)
{
	if (test_bit(SIM_PG_SWAPCACHE, &page->flags) && sim_trylock_page(page)) {
		sim_exclusive_swap_page(m, page, 1);
		sim_unlock_page(page);
	}
	sim_put_page(m, page);
}

/**
 * sim_free_swap_and_cache() - drop the count of a slot that a PTE had
 * @m: machine
 * @entry: slot
 *
 * Context: may sleep; state_lock held for reading.
 */
void sim_free_swap_and_cache(struct sim_machine *m, sim_swp_entry_t entry)
{
	struct sim_page *page;

	if (sim_swap_free(m, entry, 1) != 1)
		return;
	/* Perhaps only the cache is left. */
	page = sim_lookup_swap_cache(m, entry);
	if (!page)
		return;
	if (sim_trylock_page(page)) {
		sim_exclusive_swap_page(m, page, 0);
		sim_unlock_page(page);
	}
	sim_unpin_page(m, page);
}

/* The next page of area @type in the cache from bucket *@i on, pinned. */
static struct sim_page *next_of_area(struct sim_machine *m, u32 type, u32 *i)
{
	struct sim_page *page;

	spin_lock(&m->cache_lock);
	for (; *i < 1U << m->cache_bits; (*i)++) {
		hlist_for_each_entry(page, &m->swap_cache[*i], hash) {
			if (sim_swp_type(page->entry) == type) {
				sim_pin_page(page);
				spin_unlock(&m->cache_lock);
				return page;
			}
		}
	}
	spin_unlock(&m->cache_lock);
	return NULL;
}

/**
 * sim_swap_cache_unuse() - remove the pages of a swap area
 * @m: machine
 * @type: the area, whose slots have no other users any more
 *
 * A page that is under I/O, or whose slot is used again, ends it early.
 *
 * Context: sleeps; no lock held.
 */
void sim_swap_cache_unuse(struct sim_machine *m, u32 type)
{
	struct sim_page *page;
	bool removed = true;
	u32 i = 0;

	while (removed && (page = next_of_area(m, type, &i))) {
		down_read(&m->state_lock);
		removed = sim_trylock_page(page);
		if (removed) {
			if (test_bit(SIM_PG_SWAPCACHE, &page->flags))
				removed = sim_exclusive_swap_page(m, page, U32_MAX - 1);
			sim_unlock_page(page);
		}
		sim_unpin_page(m, page);
		up_read(&m->state_lock);
		cond_resched();
	}
}

/**
 * sim_swap_cache_init() - make an empty cache
 * @m: machine with its frames
 *
 * Context: may sleep.
 * Return: 0 or -ENOMEM.
 */
int sim_swap_cache_init(struct sim_machine *m)
{
	spin_lock_init(&m->cache_lock);
	m->cache_bits = ilog2(m->nr_frames) - 2;
	m->swap_cache = kvcalloc(1UL << m->cache_bits, sizeof(*m->swap_cache),
				 GFP_KERNEL_ACCOUNT);
	return m->swap_cache ? 0 : -ENOMEM;
}

/**
 * sim_swap_cache_exit() - free the cache
 * @m: machine without processes, segments and swap areas
 *
 * Context: may sleep.
 */
void sim_swap_cache_exit(struct sim_machine *m)
{
	WARN_ON(atomic_read(&m->nr_swapcache));
	kvfree(m->swap_cache);
}
