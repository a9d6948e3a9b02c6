// SPDX-License-Identifier: GPL-2.0
/*
 * Slots and their use counts.
 *
 * They are found as Linux 2.0's scan_swap_map() found them, in clusters and
 * from the lowest free one, but a chunk without a free slot is passed over at
 * once. Areas are chosen as by its get_swap_page(), by priority and in turn
 * among equals.
 */
#include <linux/mm.h>
#include <linux/slab.h>

#include "sim.h"

#define SWAP_CLUSTER	32	/* SWAP_CLUSTER_MAX of Linux 2.0 */

static u32 nr_chunks(const struct sim_swap_info *si)
{
	return DIV_ROUND_UP(si->max, SIM_SLOTS_PER_CHUNK);
}

static struct sim_swap_chunk *make_chunk(struct sim_swap_info *si, u32 slot)
{
	struct sim_swap_chunk *chunk = sim_swap_chunk(si, slot);

	if (chunk)
		return chunk;
	chunk = kzalloc(sizeof(*chunk), GFP_KERNEL_ACCOUNT | __GFP_NOWARN);
	if (!chunk)
		return NULL;
	chunk->nr_free = min_t(u32, SIM_SLOTS_PER_CHUNK,
			       si->max - rounddown(slot, SIM_SLOTS_PER_CHUNK));
	/* A RAM area's chunks are also looked up without swap_lock. */
	smp_store_release(&si->map[slot / SIM_SLOTS_PER_CHUNK], chunk);
	return chunk;
}

/* Give a free slot a count; false if there is no memory to remember it. */
static bool take_slot(struct sim_swap_info *si, u32 slot, u16 count)
{
	struct sim_swap_chunk *chunk = make_chunk(si, slot);

	if (!chunk)
		return false;
	chunk->count[slot % SIM_SLOTS_PER_CHUNK] = count;
	chunk->nr_free--;
	return true;
}

/* The first free slot in [@slot, @last], 0 if there is none. */
static u32 next_free_slot(struct sim_swap_info *si, u32 slot, u32 last)
{
	while (slot <= last) {
		u32 end = rounddown(slot, SIM_SLOTS_PER_CHUNK) + SIM_SLOTS_PER_CHUNK;
		struct sim_swap_chunk *chunk = sim_swap_chunk(si, slot);

		if (!chunk)
			return slot;
		if (!chunk->nr_free)
			slot = end;
		for (; slot < end && slot <= last; slot++) {
			if (!chunk->count[slot % SIM_SLOTS_PER_CHUNK])
				return slot;
		}
	}
	return 0;
}

/* Mirrors scan_swap_map() of Linux 2.0; 0 if the area is full. */
static u32 scan_swap_map(struct sim_swap_info *si)
{
	u32 slot = 0;

	if (si->cluster_nr) {
		slot = next_free_slot(si, si->cluster_next, si->highest_bit);
		if (slot)
			si->cluster_nr--;
	}
	if (!slot) {
		si->cluster_nr = SWAP_CLUSTER;
		slot = next_free_slot(si, si->lowest_bit, si->highest_bit);
		if (slot)
			si->lowest_bit = slot;
	}
	if (!slot || !take_slot(si, slot, 1))
		return 0;
	if (slot == si->highest_bit)
		si->highest_bit--;
	si->cluster_next = slot;
	si->inuse_pages++;
	return slot;
}

static struct sim_swap_info *first_area(struct sim_machine *m)
{
	return list_first_entry_or_null(&m->swap_list, struct sim_swap_info, list);
}

/* The area behind @si, or NULL. */
static struct sim_swap_info *area_after(struct sim_machine *m, struct sim_swap_info *si)
{
	return list_is_last(&si->list, &m->swap_list) ? NULL : list_next_entry(si, list);
}

/* As area_after(), but NULL if its priority is another. */
static struct sim_swap_info *equal_after(struct sim_machine *m, struct sim_swap_info *si)
{
	struct sim_swap_info *next = area_after(m, si);

	return next && next->prio == si->prio ? next : NULL;
}

/**
 * sim_get_swap_page() - take a free slot
 * @m: machine
 *
 * Mirrors get_swap_page() of Linux 2.0. Until sim_swap_settle() nobody reads
 * the slot ahead.
 *
 * Context: may sleep; takes swap_lock; reclaim_lock held, so there is only one.
 * Return: the slot, with count 1, or SIM_SWP_NONE.
 */
sim_swp_entry_t sim_get_swap_page(struct sim_machine *m)
{
	sim_swp_entry_t entry = SIM_SWP_NONE;
	struct sim_swap_info *si, *next;
	bool wrapped = false;
	u32 slot;

	mutex_lock(&m->swap_lock);
	si = m->nr_swap_pages ? m->swap_next : NULL;
	while (si) {
		slot = scan_swap_map(si);
		if (slot) {
			entry = sim_swp_entry(si->type, slot);
			WRITE_ONCE(m->swap_reserved, entry);
			m->nr_swap_pages--;
			sim_event(slot, m, SHMSWAP_SLOT_GET, entry, 1);
			m->swap_next = equal_after(m, si) ?: first_area(m);
			break;
		}
		next = wrapped ? area_after(m, si) : equal_after(m, si);
		if (!next && !wrapped) {
			wrapped = true;
			next = first_area(m);
		}
		si = next;
	}
	mutex_unlock(&m->swap_lock);
	return entry;
}

/**
 * sim_swap_settle() - a slot that was taken is in the swap cache, or written
 * @m: machine
 * @entry: slot
 *
 * Context: any.
 */
void sim_swap_settle(struct sim_machine *m, sim_swp_entry_t entry)
{
	if (READ_ONCE(m->swap_reserved.val) == entry.val)
		WRITE_ONCE(m->swap_reserved, SIM_SWP_NONE);
}

/* The use count of a slot that has one. */
static u16 *slot_count(struct sim_machine *m, sim_swp_entry_t entry)
{
	struct sim_swap_info *si = m->swap_info[sim_swp_type(entry)];
	u32 slot = sim_swp_offset(entry);
	struct sim_swap_chunk *chunk;

	lockdep_assert_held(&m->swap_lock);
	chunk = si ? sim_swap_chunk(si, slot) : NULL;
	if (WARN_ON_ONCE(!chunk || !chunk->count[slot % SIM_SLOTS_PER_CHUNK] ||
			 chunk->count[slot % SIM_SLOTS_PER_CHUNK] == SIM_SWAP_MAP_BAD))
		return NULL;
	return &chunk->count[slot % SIM_SLOTS_PER_CHUNK];
}

/**
 * sim_swap_duplicate() - one more user of a slot
 * @m: machine
 * @entry: slot in use
 *
 * Context: may sleep; takes swap_lock.
 * Return: 0; -EOVERFLOW if it has SIM_SWAP_MAP_MAX users already.
 */
int sim_swap_duplicate(struct sim_machine *m, sim_swp_entry_t entry)
{
	int err = -EOVERFLOW;
	u16 *count;

	mutex_lock(&m->swap_lock);
	count = slot_count(m, entry);
	if (count && *count < SIM_SWAP_MAP_MAX) {
		(*count)++;
		sim_event(slot, m, SHMSWAP_SLOT_DUPLICATE, entry, *count);
		err = 0;
	}
	mutex_unlock(&m->swap_lock);
	return err;
}

/**
 * sim_swap_read_ahead() - may a slot be read that nobody asked for?
 * @m: machine
 * @entry: slot; of an area that exists, or did a moment ago
 * @take: if so, become one more user of it
 *
 * Context: may sleep; takes swap_lock.
 * Return: false if it is gone, free, bad, behind the end or not yet settled.
 */
bool sim_swap_read_ahead(struct sim_machine *m, sim_swp_entry_t entry, bool take)
{
	u32 slot = sim_swp_offset(entry);
	struct sim_swap_chunk *chunk;
	struct sim_swap_info *si;
	bool used = false;
	u16 *count;

	mutex_lock(&m->swap_lock);
	si = m->swap_info[sim_swp_type(entry)];
	chunk = si && slot < si->max ? sim_swap_chunk(si, slot) : NULL;
	if (chunk && m->swap_reserved.val != entry.val) {
		count = &chunk->count[slot % SIM_SLOTS_PER_CHUNK];
		used = *count && *count < SIM_SWAP_MAP_MAX;
		if (used && take) {
			(*count)++;
			sim_event(slot, m, SHMSWAP_SLOT_DUPLICATE, entry, *count);
		}
	}
	mutex_unlock(&m->swap_lock);
	return used;
}

/**
 * sim_swap_users() - how many users a slot has
 * @m: machine
 * @entry: slot in use
 *
 * Context: may sleep; takes swap_lock.
 * Return: the count.
 */
u32 sim_swap_users(struct sim_machine *m, sim_swp_entry_t entry)
{
	u16 *count;
	u32 users;

	mutex_lock(&m->swap_lock);
	count = slot_count(m, entry);
	users = count ? *count : 0;
	mutex_unlock(&m->swap_lock);
	return users;
}

/**
 * sim_swap_full() - are slots too dear to keep clean pages?
 * @m: machine
 *
 * Mirrors vm_swap_full() of Linux 2.4.
 *
 * Context: may sleep; takes swap_lock.
 * Return: true if fewer than half are free.
 */
bool sim_swap_full(struct sim_machine *m)
{
	struct sim_swap_info *si;
	u64 total = 0;
	bool full;

	mutex_lock(&m->swap_lock);
	list_for_each_entry(si, &m->swap_list, list)
		total += si->pages;
	full = m->nr_swap_pages * 2 < total;
	mutex_unlock(&m->swap_lock);
	return full;
}

/* A slot lost its last user. */
static void free_slot(struct sim_swap_info *si, u32 slot)
{
	struct sim_machine *m = si->m;

	sim_swap_chunk(si, slot)->nr_free++;
	WRITE_ONCE(si->inuse_pages, si->inuse_pages - 1);
	si->lowest_bit = min(si->lowest_bit, slot);
	si->highest_bit = max(si->highest_bit, slot);
	if (si->flags != SIM_SWP_WRITEOK)
		return;
	m->nr_swap_pages++;
	if (!m->swap_next || si->prio > m->swap_next->prio)
		m->swap_next = first_area(m);
}

/**
 * sim_swap_free() - users of a slot less
 * @m: machine
 * @entry: slot in use
 * @nr: how many
 *
 * Mirrors swap_free() of Linux 2.0.
 *
 * Context: may sleep; takes swap_lock.
 * Return: the users that are left.
 */
u32 sim_swap_free(struct sim_machine *m, sim_swp_entry_t entry, u32 nr)
{
	u32 users = 0;
	u16 *count;

	mutex_lock(&m->swap_lock);
	count = slot_count(m, entry);
	if (count && !WARN_ON_ONCE(*count < nr)) {
		*count -= nr;
		users = *count;
		sim_event(slot, m, SHMSWAP_SLOT_FREE, entry, users);
		if (!users)
			free_slot(m->swap_info[sim_swp_type(entry)], sim_swp_offset(entry));
	}
	mutex_unlock(&m->swap_lock);
	return users;
}

/**
 * sim_swap_reject() - give back a slot that could not be written to
 * @m: machine
 * @entry: slot of the caller
 * @err: why
 *
 * It is never used again, unless it was only the kernel that had no memory, or
 * somebody is just reading it ahead.
 *
 * Context: may sleep; takes swap_lock.
 */
void sim_swap_reject(struct sim_machine *m, sim_swp_entry_t entry, int err)
{
	struct sim_swap_info *si;
	u16 *count;

	if (err == -ENOMEM) {
		sim_swap_free(m, entry, 1);
		return;
	}
	mutex_lock(&m->swap_lock);
	count = slot_count(m, entry);
	if (count && *count > 1) {
		(*count)--;
		sim_event(slot, m, SHMSWAP_SLOT_FREE, entry, *count);
	} else if (count) {
		si = m->swap_info[sim_swp_type(entry)];
		*count = SIM_SWAP_MAP_BAD;
		sim_event(slot, m, SHMSWAP_SLOT_REJECT, entry, *count);
		WRITE_ONCE(si->inuse_pages, si->inuse_pages - 1);
		si->pages--;
	}
	mutex_unlock(&m->swap_lock);
}

/**
 * sim_swap_next_used() - the next slot that is in use or bad
 * @si: area
 * @slot: where to start; set to the slot
 *
 * Context: swap_lock held.
 * Return: its count, 0 if there is none from @slot on.
 */
u32 sim_swap_next_used(struct sim_swap_info *si, u64 *slot)
{
	lockdep_assert_held(&si->m->swap_lock);
	while (*slot < si->max) {
		struct sim_swap_chunk *chunk = sim_swap_chunk(si, *slot);
		u64 end = rounddown(*slot, SIM_SLOTS_PER_CHUNK) + SIM_SLOTS_PER_CHUNK;

		for (; chunk && *slot < end && *slot < si->max; (*slot)++) {
			if (chunk->count[*slot % SIM_SLOTS_PER_CHUNK])
				return chunk->count[*slot % SIM_SLOTS_PER_CHUNK];
		}
		*slot = end;
	}
	return 0;
}

/**
 * sim_swap_count() - how many users a slot has
 * @m: machine
 * @entry: slot of an area that exists
 *
 * Context: swap_lock held, or nobody can change it.
 * Return: the count, SIM_SWAP_MAP_BAD for a bad slot.
 */
u32 sim_swap_count(struct sim_machine *m, sim_swp_entry_t entry)
{
	struct sim_swap_chunk *chunk = sim_swap_chunk(m->swap_info[sim_swp_type(entry)],
						  sim_swp_offset(entry));

	return chunk ? chunk->count[sim_swp_offset(entry) % SIM_SLOTS_PER_CHUNK] : 0;
}

/**
 * sim_swap_map_init() - mark the slots that are never used
 * @si: area, not yet in use
 * @g: its size and bad slots
 *
 * Context: may sleep.
 * Return: 0; -EINVAL no slot is left; -ENOMEM.
 */
int sim_swap_map_init(struct sim_swap_info *si, const struct sim_swap_geometry *g)
{
	u32 i;

	si->max = g->max;
	si->pages = g->max - 1;
	si->map = kvcalloc(nr_chunks(si), sizeof(*si->map), GFP_KERNEL_ACCOUNT);
	if (!si->map)
		return -ENOMEM;
	if (!take_slot(si, 0, SIM_SWAP_MAP_BAD))
		return -ENOMEM;
	for (i = 0; i < g->nr_bad; i++) {
		struct sim_swap_chunk *chunk = sim_swap_chunk(si, g->bad[i]);

		if (chunk && chunk->count[g->bad[i] % SIM_SLOTS_PER_CHUNK])
			continue;
		if (!take_slot(si, g->bad[i], SIM_SWAP_MAP_BAD))
			return -ENOMEM;
		si->pages--;
	}
	si->lowest_bit = 1;
	si->highest_bit = g->max - 1;
	return si->pages ? 0 : -EINVAL;
}

/**
 * sim_swap_map_free() - free the use counts, and the memory of a RAM area
 * @si: area that is not in use
 *
 * Context: may sleep.
 */
void sim_swap_map_free(struct sim_swap_info *si)
{
	u32 nr, i;

	for (nr = 0; si->map && nr < nr_chunks(si); nr++) {
		struct sim_swap_chunk *chunk = si->map[nr];

		if (!chunk)
			continue;
		for (i = 0; chunk->ram && i < SIM_SLOTS_PER_CHUNK; i++) {
			if (chunk->ram[i])
				__free_page(chunk->ram[i]);
		}
		kvfree(chunk->ram);
		kfree(chunk);
		cond_resched();
	}
	kvfree(si->map);
}

/**
 * sim_swap_enable() - let slots be taken from an area
 * @si: area
 *
 * Inserts it by priority, before equals, as Linux 2.0 did.
 *
 * Context: swap_lock held.
 */
void sim_swap_enable(struct sim_swap_info *si)
{
	struct sim_machine *m = si->m;
	struct sim_swap_info *pos;

	lockdep_assert_held(&m->swap_lock);
	list_for_each_entry(pos, &m->swap_list, list) {
		if (si->prio >= pos->prio)
			break;
	}
	list_add_tail(&si->list, &pos->list);
	si->flags = SIM_SWP_WRITEOK;
	m->nr_swap_pages += si->pages - si->inuse_pages;
	if (first_area(m) == si || !m->swap_next)
		m->swap_next = first_area(m);
}

/**
 * sim_swap_disable() - let no more slots be taken from an area
 * @si: area
 *
 * Context: swap_lock held.
 */
void sim_swap_disable(struct sim_swap_info *si)
{
	struct sim_machine *m = si->m;

	lockdep_assert_held(&m->swap_lock);
	list_del(&si->list);
	si->flags = SIM_SWP_USED;
	m->nr_swap_pages -= si->pages - si->inuse_pages;
	if (m->swap_next == si)
		m->swap_next = first_area(m);
}
