// SPDX-License-Identifier: GPL-2.0
/*
 * Private pages come back: faults on swap entries, with read-ahead, and swapoff.
 *
 * It is Linux 2.4's do_swap_page(): a page that was read stays in the swap cache
 * and keeps its slot, so that it need not be written again, and so that whoever
 * else has the slot finds it there.
 */
#include <linux/mm.h>
#include <linux/sched/signal.h>

#include "sim.h"

/**
 * struct block - neighbouring slots that are read together
 * @m: machine
 * @first: the first of them
 * @nr: how many
 * @pages: pages to be read, locked and in the swap cache, each pinned once; NULL:
 *	the slot is in the cache already
 */
struct block {
	struct sim_machine *m;
	sim_swp_entry_t first;
	u32 nr;
	struct sim_page *pages[SIM_MAX_IO];
};

static sim_swp_entry_t block_entry(const struct block *b, u32 i)
{
	return sim_swp_next(b->first, i);
}

/* Add a page to read ahead to the block; false if it ends here. */
static bool read_ahead(struct block *b)
{
	sim_swp_entry_t entry = block_entry(b, b->nr);
	struct sim_page *page = sim_lookup_swap_cache(b->m, entry);
	bool backed, used, added = false;

	if (page) {
		sim_unpin_page(b->m, page);
		b->pages[b->nr++] = NULL;
		return true;
	}
	page = sim_swap_read_ahead(b->m, entry, false) ? sim_get_free_page(b->m) : NULL;
	if (!page)
		return false;
	backed = !sim_back_page(page);
	WARN_ON_ONCE(!sim_trylock_page(page));
	down_read(&b->m->state_lock);
	used = backed && sim_swap_read_ahead(b->m, entry, true);
	if (used) {
		added = sim_add_to_swap_cache(b->m, page, entry);
		if (!added)
			sim_swap_free(b->m, entry, 1);
	}
	up_read(&b->m->state_lock);
	if (added) {
		sim_count_event(b->m, SIM_SWAP_RA);
	} else {
		sim_unlock_page(page);
		sim_unpin_page(b->m, page);
	}
	if (used)
		b->pages[b->nr++] = added ? page : NULL;
	return used;
}

/*
 * Put together what is to be read beside @page, or beside what was read before: the
 * aligned group of slots that @entry is in, up to the first that is free or bad, as
 * far as frames are free. If that is before @page's own, it is read alone.
 */
static void make_block(struct block *b, sim_swp_entry_t entry, struct sim_page *page)
{
	u32 size = 1U << READ_ONCE(b->m->page_cluster);
	u32 wanted = sim_swp_offset(entry);
	u32 first = round_down(wanted, size);
	u32 end = first + size;

	first = max(first, 1U);
	b->first = sim_swp_entry(sim_swp_type(entry), first);
	while (first + b->nr < end) {
		if (first + b->nr == wanted)
			b->pages[b->nr++] = page;
		else if (!read_ahead(b))
			break;
	}
}

/* The I/O on a page is over. */
static void end_read(struct sim_machine *m, struct sim_page *page, int err)
{
	sim_swp_entry_t entry = page->entry;

	down_read(&m->state_lock);
	if (err) {
		sim_delete_from_swap_cache(m, page);
		sim_swap_free(m, entry, 1);
	} else {
		/* Whoever had the slot may be gone. */
		sim_exclusive_swap_page(m, page, 0);
	}
	sim_unlock_page(page);
	up_read(&m->state_lock);
}

/* Read pages of neighbouring slots; returns what became of @wanted, if among them. */
static int read_run(struct block *b, u32 i, u32 nr, const struct sim_page *wanted)
{
	int err = sim_swap_readpages(b->m, block_entry(b, i), &b->pages[i], nr);
	int ret = 0;
	u32 end = i + nr;

	for (; i < end; i++) {
		struct sim_page *page = b->pages[i];
		/* A bad one among them must not keep the others from being read. */
		int one = err && nr > 1 ? sim_swap_readpages(b->m, page->entry, &page, 1) : err;

		end_read(b->m, page, one);
		if (page == wanted)
			ret = one;
		else
			sim_unpin_page(b->m, page);
	}
	return ret;
}

static int read_block(struct block *b, const struct sim_page *wanted)
{
	int err = 0;
	u32 i, nr;

	for (i = 0; i < b->nr; i += max(nr, 1U)) {
		for (nr = 0; i + nr < b->nr && b->pages[i + nr]; nr++)
			;
		if (nr)
			err = read_run(b, i, nr, wanted) ?: err;
	}
	return err;
}

/**
 * sim_swap_read_around() - read what lies around a slot ahead
 * @m: machine
 * @entry: slot that was read just now
 *
 * Mirrors swapin_readahead() of Linux 2.4.
 *
 * Context: sleeps; no lock held.
 */
void sim_swap_read_around(struct sim_machine *m, sim_swp_entry_t entry)
{
	struct block b = { .m = m };

	make_block(&b, entry, NULL);
	read_block(&b, NULL);
}

/* Read the page of a fault, and what lies around it. */
static int swapin(struct sim_fault *f)
{
	struct block b = { .m = f->m };
	struct block alone = {
		.m = f->m,
		.first = f->entry,
		.nr = 1,
		.pages = { f->page },
	};
	u32 index = sim_swp_offset(f->entry);
	int err;

	make_block(&b, f->entry, f->page);
	err = read_block(&b, f->page);
	if (index < sim_swp_offset(b.first) + b.nr)
		return err;
	return read_block(&alone, f->page);
}

/* Let f->frame go into the swap cache, locked, to be read from @entry. */
static int start_swapin(struct sim_fault *f, sim_swp_entry_t entry)
{
	struct sim_page *page = f->frame;

	if (sim_swap_duplicate(f->m, entry))
		return -ENOMEM;
	WARN_ON_ONCE(!sim_trylock_page(page));
	if (!sim_add_to_swap_cache(f->m, page, entry)) {
		/* Somebody else came first: look again. */
		sim_unlock_page(page);
		sim_swap_free(f->m, entry, 1);
		return SIM_FAULT_FRAME;
	}
	if (atomic_long_read(&f->mm->rss) < f->m->nr_frames / 4)
		sim_touch_page(f->m, page);
	f->frame = NULL;
	sim_fault_hold(f, page);
	f->entry = entry;
	f->read = swapin;
	return SIM_FAULT_READ;
}

/* Map a locked page that is in the swap cache; it is the fault's. */
static void map_cached(struct sim_vma *vma, struct sim_fault *f, sim_pte_t *ptep,
		       struct sim_page *page)
{
	sim_pte_t pte = sim_mk_pte(sim_page_pfn(f->m, page), vma->vm_flags);
	bool newer = test_bit(SIM_PG_DIRTY, &page->flags);
	bool mine;

	sim_swap_free(f->m, page->entry, 1);
	sim_get_page(page);
	sim_inc_rss(f->mm);
	mine = sim_page_count(page) == 2 && sim_swap_users(f->m, page->entry) == 1;
	if (mine && sim_swap_full(f->m) && sim_exclusive_swap_page(f->m, page, 1))
		newer = true;
	if (!mine || !(f->write || newer))
		pte = sim_pte_wrprotect(pte);
	else
		pte = sim_pte_mkdirty(pte);
	sim_ptep_replace(vma, f->address, ptep, pte, SHMSWAP_PTE_MAP);
}

/**
 * sim_count_lookup() - count that a fault looked for a page in the swap cache
 * @f: fault
 * @hit: it found it
 *
 * Once, however often it has to look.
 *
 * Context: any.
 */
void sim_count_lookup(struct sim_fault *f, bool hit)
{
	if (f->looked)
		return;
	f->looked = true;
	sim_count_event(f->m, SIM_SWAP_CACHE_FIND);
	if (hit)
		sim_count_event(f->m, SIM_SWAP_CACHE_HIT);
}

/**
 * sim_do_swap_page() - a fault on a swap entry
 * @vma: private area
 * @f: fault
 * @ptep: its PTE, a swap entry
 *
 * Mirrors do_swap_page() of Linux 2.4.
 *
 * Context: may sleep; state_lock held for reading, page_table_lock held.
 * Return: SIM_FAULT_DONE; what is needed before it can be tried again; -ENOMEM.
 */
int sim_do_swap_page(struct sim_vma *vma, struct sim_fault *f, sim_pte_t *ptep)
{
	sim_swp_entry_t entry = sim_pte_to_swp_entry(sim_ptep_get(ptep));
	struct sim_page *page = sim_lookup_swap_cache(f->m, entry);
	bool cached;

	lockdep_assert_held(&vma->vm_mm->page_table_lock);
	sim_count_lookup(f, page);
	if (!page)
		return sim_fault_have_frame(f) ? start_swapin(f, entry) : SIM_FAULT_FRAME;
	sim_fault_hold(f, page);
	if (!sim_trylock_page(page))
		return SIM_FAULT_WAIT;
	cached = sim_page_caches(page, entry);
	if (cached)
		map_cached(vma, f, ptep, page);
	sim_unlock_page(page);
	return cached ? SIM_FAULT_DONE : SIM_FAULT_WAIT;
}

/* Bring back one page of @mm that is in area @type; -ENOENT if there is none. */
static int unuse_next(struct sim_mm *mm, u32 type, u64 *address)
{
	struct sim_fault f = { .m = mm->m, .mm = mm, .force = true };
	sim_pte_t *ptep;
	int err = -ENOENT;

	if (down_read_killable(&mm->mmap_lock))
		return -EINTR;
	while ((ptep = sim_pte_next(mm, address, SHMSWAP_TASK_SIZE))) {
		sim_pte_t pte = sim_ptep_get(ptep);

		if (sim_pte_is_swap(pte) && sim_swp_type(sim_pte_to_swp_entry(pte)) == type)
			break;
		*address += PAGE_SIZE;
		cond_resched();
	}
	if (!ptep) {
		up_read(&mm->mmap_lock);
		return err;
	}
	f.locked = true;
	f.address = *address;
	err = sim_fault_in(&f);
	sim_fault_finish(&f);
	/* Unmapped meanwhile: so much the better. */
	return err == -EFAULT ? 0 : err;
}

/**
 * sim_unuse_processes() - bring back every page of processes that is in an area
 * @m: machine
 * @type: the area, which gives out no slots any more
 *
 * Context: sleeps; no lock held.
 * Return: 0 or as sim_fault_prepare().
 */
int sim_unuse_processes(struct sim_machine *m, u32 type)
{
	struct sim_mm *mm;
	unsigned long pid;
	int err = 0;

	for (pid = 1; !err && (mm = sim_mm_next(m, &pid)); pid++) {
		u64 address = 0;

		while (!err)
			err = unuse_next(mm, type, &address);
		sim_mm_put(mm);
		err = err == -ENOENT ? 0 : err;
	}
	return err;
}
