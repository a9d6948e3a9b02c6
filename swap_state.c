// SPDX-License-Identifier: GPL-2.0
/*
 * The swap cache: pages by the slot that they are read from or written to.
 *
 * A page is in it, locked, for as long as the I/O lasts. It holds a reference
 * to the frame and one to the slot, so neither is reused before the I/O is
 * over, whatever becomes of the page meanwhile.
 */
#include <linux/hash.h>
#include <linux/log2.h>
#include <linux/mm.h>

#include "sim.h"

static struct hlist_head *bucket(struct sim_machine *m, sim_swp_entry_t entry)
{
	return &m->swap_cache[hash_64(entry.val, m->cache_bits)];
}

/**
 * sim_add_to_swap_cache() - enter a page
 * @m: machine
 * @page: locked frame; the cache takes a reference
 * @entry: slot, not in the cache; the cache takes over a count from the caller
 *
 * Context: any; the lock of the page's segment held.
 */
void sim_add_to_swap_cache(struct sim_machine *m, struct sim_page *page, sim_swp_entry_t entry)
{
	WARN_ON_ONCE(!test_bit(SIM_PG_LOCKED, &page->flags));
	sim_get_page(page);
	page->entry = entry;
	set_bit(SIM_PG_SWAPCACHE, &page->flags);
	spin_lock(&m->cache_lock);
	hlist_add_head(&page->hash, bucket(m, entry));
	spin_unlock(&m->cache_lock);
	atomic_inc(&m->nr_swapcache);
}

/**
 * sim_delete_from_swap_cache() - remove a page
 * @m: machine
 * @page: locked frame; its reference is dropped
 *
 * The caller gets back the count of the slot.
 *
 * Context: any; the lock of the page's segment held.
 */
void sim_delete_from_swap_cache(struct sim_machine *m, struct sim_page *page)
{
	spin_lock(&m->cache_lock);
	hlist_del(&page->hash);
	spin_unlock(&m->cache_lock);
	clear_bit(SIM_PG_SWAPCACHE, &page->flags);
	page->entry = SIM_SWP_NONE;
	atomic_dec(&m->nr_swapcache);
	sim_put_page(m, page);
}

/**
 * sim_lookup_swap_cache() - find the page of a slot
 * @m: machine
 * @entry: slot
 *
 * Context: any; the lock of the segment that has the slot held.
 * Return: the frame, pinned, or NULL.
 */
struct sim_page *sim_lookup_swap_cache(struct sim_machine *m, sim_swp_entry_t entry)
{
	struct sim_page *page;

	spin_lock(&m->cache_lock);
	hlist_for_each_entry(page, bucket(m, entry), hash) {
		if (page->entry.val == entry.val) {
			sim_pin_page(page);
			break;
		}
	}
	spin_unlock(&m->cache_lock);
	return page;
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
	m->cache_bits = ilog2(m->nr_frames) / 2 + 1;
	m->swap_cache = kvcalloc(1UL << m->cache_bits, sizeof(*m->swap_cache),
				 GFP_KERNEL_ACCOUNT);
	return m->swap_cache ? 0 : -ENOMEM;
}

/**
 * sim_swap_cache_exit() - free the cache
 * @m: machine without pages under I/O
 *
 * Context: may sleep.
 */
void sim_swap_cache_exit(struct sim_machine *m)
{
	WARN_ON(atomic_read(&m->nr_swapcache));
	kvfree(m->swap_cache);
}
