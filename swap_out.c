// SPDX-License-Identifier: GPL-2.0
/*
 * The process scan: a few pages of each process in turn.
 *
 * It is Linux 2.0's swap_out() with Linux 2.4's swap cache. What differs is what
 * concurrency asks for: a page is written while it is still mapped, and only
 * taken away if nobody used it meanwhile. So whoever has it goes on using it, and
 * after a write that failed nothing has to be put back.
 */
#include <linux/kthread.h>
#include <linux/sched.h>

#include "sim.h"

#define NR_TASKS	512	/* of Linux 2.0 */

/* What became of a page, as in Linux 2.0. */
enum outcome {
	NOTHING,
	FREED,		/* or left to a cache alone */
	UNMAPPED,	/* from this process; others have it still */
};

/**
 * struct victim - a page that is being taken from a process
 * @m: machine
 * @mm: process
 * @address: where the process has it
 * @pte: its PTE, old and clean, as it must be still when it is taken
 * @page: page, locked, and pinned once
 * @vm_ops: the area's kind
 * @seg: segment that the page belongs to, with a reference, or NULL
 * @vma: area that is looked at, while it is
 * @keep: leave it in the swap cache
 */
struct victim {
	struct sim_machine *m;
	struct sim_mm *mm;
	u64 address;
	sim_pte_t pte;
	struct sim_page *page;
	const struct sim_vm_operations *vm_ops;
	struct sim_shmid *seg;
	struct sim_vma *vma;
	bool keep;
};

static bool cached(const struct sim_page *page)
{
	return test_bit(SIM_PG_SWAPCACHE, &page->flags);
}

/* The lock of the victim's PTE: nobody knows whether its area is there still. */
static struct mutex *pte_lock(const struct victim *v)
{
	return v->seg ? &v->seg->lock : &v->mm->page_table_lock;
}

/* ---------------------------------------------------------- choosing a page */

static void clean_sharer(struct sim_vma *vma, const struct sim_page *page)
{
	u64 address = vma->vm_start + ((u64)(page->index - vma->vm_pgoff) << PAGE_SHIFT);
	sim_pte_t *ptep, pte;

	if (page->index < vma->vm_pgoff || address >= vma->vm_end)
		return;
	ptep = sim_pte_offset(vma->vm_mm, address);
	do {
		pte = ptep ? sim_ptep_get(ptep) : SIM_PTE_NONE;
		if (!sim_pte_present(pte) || !sim_pte_dirty(pte))
			return;
	} while (!sim_ptep_cmpxchg(ptep, pte, sim_pte_mkclean(pte)));
	sim_event(pte, vma, address, SHMSWAP_PTE_CLEAN, pte, sim_pte_mkclean(pte));
	sim_tlb_drop(vma->vm_mm, address);
}

/*
 * Clean the PTEs of everybody who shares a segment's page, so that stores from
 * here on are noticed.
 */
static void clean_sharers(struct sim_shmid *seg, struct sim_page *page)
{
	struct sim_vma *vma = seg->attaches;

	lockdep_assert_held(&seg->lock);
	do {
		clean_sharer(vma, page);
		cond_resched();
		vma = vma->vm_next_shared;
	} while (vma != seg->attaches);
}

/* Is somebody storing to the page without the TLB knowing? */
static bool pinned(const struct sim_page *page)
{
	return atomic64_read(&page->count) >= SIM_PIN || sim_live_busy(page);
}

/*
 * Make the PTE clean, the page dirty instead; false if it is in use just now. A
 * store that is under way has a pin, see sim_tlb_pin(), and its PTE must stay
 * dirty: whoever writes the page meanwhile may write half of it.
 */
static bool clean_pte(struct victim *v, sim_pte_t *ptep)
{
	sim_pte_t clean = sim_pte_mkclean(v->pte);
	bool dirty = sim_pte_dirty(v->pte);

	if (!sim_ptep_cmpxchg(ptep, v->pte, clean))
		return false;
	sim_event(pte, v->vma, v->address, SHMSWAP_PTE_CLEAN, v->pte, clean);
	v->pte = clean;
	sim_set_page_dirty(v->page);
	sim_tlb_drop(v->mm, v->address);
	if (v->seg) {
		clean_sharers(v->seg, v->page);
		if (test_bit(SIM_PG_LIVE, &v->page->flags))
			sim_live_zap(v->seg, v->page->index);
	}
	/* First the TLB, then the pins. Pairs with the pin in sim_tlb_pin(). */
	smp_mb();
	if (!pinned(v->page))
		return true;
	while (dirty && !sim_ptep_cmpxchg(ptep, v->pte, sim_pte_mkdirty(v->pte)))
		v->pte = sim_ptep_get(ptep);
	if (dirty)
		sim_event(pte, v->vma, v->address, SHMSWAP_PTE_CLEAN, v->pte,
			  sim_pte_mkdirty(v->pte));
	return false;
}

/* Does the page have to be written before it can be taken away? */
static bool must_write(const struct victim *v)
{
	bool dirty = sim_pte_dirty(v->pte) || test_bit(SIM_PG_DIRTY, &v->page->flags);

	if (test_bit(SIM_PG_FILE, &v->page->flags))
		return v->vm_ops->swapout && dirty;
	return !cached(v->page) || dirty;
}

/* Give up the slot of a page that is newer: nobody else can want the old contents. */
static bool drop_stale_slot(struct victim *v)
{
	sim_swp_entry_t entry;

	if (!sim_trylock_page(v->page))
		return false;
	if (cached(v->page)) {
		entry = v->page->entry;
		sim_delete_from_swap_cache(v->m, v->page);
		sim_swap_free(v->m, entry, 1);
	}
	sim_unlock_page(v->page);
	return true;
}

/* Is the page still young, or not old enough? Either way it is older then. */
static bool stays(struct victim *v, sim_pte_t *ptep, bool young)
{
	if (young) {
		while (!sim_ptep_cmpxchg(ptep, v->pte, sim_pte_mkold(v->pte)))
			v->pte = sim_ptep_get(ptep);
		sim_event(pte, v->vma, v->address, SHMSWAP_PTE_AGE, v->pte,
			  sim_pte_mkold(v->pte));
		sim_tlb_drop(v->mm, v->address);
		if (v->mm->real)
			sim_live_zap(v->seg, v->page->index);
		sim_touch_page(v->m, v->page);
		return true;
	}
	sim_age_page(v->m, v->page);
	return v->page->age;
}

/* Make a locked page ready to be taken away: in a cache, and clean if need be. */
static bool prepare(struct victim *v, sim_pte_t *ptep)
{
	if (!must_write(v))
		return true;
	if (!clean_pte(v, ptep))
		return false;
	return cached(v->page) || test_bit(SIM_PG_FILE, &v->page->flags) ||
	       sim_add_to_swap(v->m, v->page);
}

/* Look at a PTE of a page that is not being really mapped just now. */
static u16 consider(struct victim *v, sim_pte_t *ptep)
{
	bool stale = sim_pte_dirty(v->pte) && cached(v->page) && !v->seg;
	bool young = stale || sim_pte_young(v->pte);

	if (stale && !drop_stale_slot(v))
		return SHMSWAP_SCAN_BUSY;
	if (stays(v, ptep, young))
		return young ? SHMSWAP_SCAN_YOUNG : SHMSWAP_SCAN_AGE;
	if (!sim_trylock_page(v->page))
		return SHMSWAP_SCAN_BUSY;
	if (prepare(v, ptep)) {
		sim_pin_page(v->page);
		return SHMSWAP_SCAN_TAKE;
	}
	sim_unlock_page(v->page);
	return SHMSWAP_SCAN_BUSY;
}

/*
 * Look at a PTE. Mirrors try_to_swap_out() of Linux 2.0 up to where it takes the
 * page. True if it is to be taken: it is locked then, pinned, and in a cache.
 */
static bool look_at(struct victim *v, sim_pte_t *ptep)
{
	u16 verdict = SHMSWAP_SCAN_BUSY;

	v->pte = sim_ptep_get(ptep);
	if (!sim_pte_present(v->pte))
		return false;
	sim_count_event(v->m, SIM_PGSCAN);
	v->page = sim_pfn_page(v->m, sim_pte_pfn(v->pte));
	if (v->page->flags & (BIT(SIM_PG_RESERVED) | BIT(SIM_PG_LOCKED))) {
		verdict = SHMSWAP_SCAN_RESERVED;
	} else if (!v->seg) {
		verdict = consider(v, ptep);
	} else if (sim_live_trylock(v->page)) {
		verdict = consider(v, ptep);
		sim_live_unlock(v->page);
	}
	sim_event(scan, v->vma, v->address, verdict, v->page);
	return verdict == SHMSWAP_SCAN_TAKE;
}

/* -------------------------------------------------------- taking it away */

/* Write the page to where it belongs; it is mapped still. */
static int write_page(struct victim *v)
{
	if (!test_bit(SIM_PG_DIRTY, &v->page->flags))
		return 0;
	if (test_bit(SIM_PG_FILE, &v->page->flags))
		return v->vm_ops->swapout ? v->vm_ops->swapout(v->page->mapping, v->page) : 0;
	return sim_swap_cache_writepage(v->m, v->page);
}

/*
 * Replace the PTE, if nobody used it meanwhile, by the slot or, for a page of a
 * file, by none.
 */
static bool unmap(struct victim *v)
{
	sim_pte_t *ptep = sim_pte_offset(v->mm, v->address);
	sim_pte_t new = SIM_PTE_NONE;
	bool swap = cached(v->page);

	if (!ptep)
		return false;
	if (swap) {
		new = sim_swp_entry_to_pte(v->page->entry);
		if (sim_swap_duplicate(v->m, v->page->entry))
			return false;
	}
	if (!sim_ptep_cmpxchg(ptep, v->pte, new)) {
		if (swap)
			sim_swap_free(v->m, v->page->entry, 1);
		return false;
	}
	sim_event(pte, sim_find_vma(v->mm, v->address), v->address, SHMSWAP_PTE_UNMAP, v->pte,
		  new);
	atomic_long_dec(&v->mm->rss);
	sim_flush_tlb_page(v->mm, v->address);
	sim_count_event(v->m, SIM_PGSTEAL);
	sim_put_page(v->m, v->page);
	return true;
}

static bool try_to_unmap(struct victim *v)
{
	bool unmapped;

	/* No table goes, and no other page comes to lie there. */
	down_read(&v->mm->mmap_lock);
	down_read(&v->m->state_lock);
	mutex_lock(pte_lock(v));
	unmapped = unmap(v);
	mutex_unlock(pte_lock(v));
	up_read(&v->m->state_lock);
	up_read(&v->mm->mmap_lock);
	return unmapped;
}

/* The process has it no more; what about others? */
static enum outcome release(struct victim *v)
{
	u64 users = atomic64_read(&v->page->count) - SIM_PIN;

	if (users > 1 + !!v->seg)
		return UNMAPPED;
	if (v->keep && cached(v->page))
		return FREED;
	return sim_release_page(v->m, v->page) ? FREED : UNMAPPED;
}

/*
 * Take a chosen page away. Mirrors the rest of try_to_swap_out(). The page may
 * have lost all its users while it was written.
 */
static enum outcome take(struct victim *v)
{
	enum outcome outcome = NOTHING;

	if (!write_page(v) && try_to_unmap(v))
		outcome = release(v);
	down_read(&v->m->state_lock);
	sim_exclusive_swap_page(v->m, v->page, 0);
	sim_unlock_page(v->page);
	sim_unpin_page(v->m, v->page);
	up_read(&v->m->state_lock);
	if (v->seg)
		sim_shm_put(v->seg);
	return outcome;
}

/* --------------------------------------------------------- whose turn it is */

/* Does the process scan look at this area? */
static bool scanned(const struct sim_machine *m, const struct sim_vma *vma)
{
	if (vma->vm_flags & (SHMSWAP_VM_LOCKED | SHMSWAP_VM_RESERVED))
		return false;
	return !vma->vm_seg || ((m->flags & SHMSWAP_MACHINE_SHM_PROCESS) &&
				!(READ_ONCE(vma->vm_seg->mode) & SIM_SHM_LOCKED));
}

/* Find a page in [*@address, @end) of an area, which the locks are held for. */
static bool scan_ptes(struct victim *v, struct sim_vma *vma, u64 *address, u64 end)
{
	sim_pte_t *ptep;

	while ((ptep = sim_pte_next(v->mm, address, end))) {
		v->address = *address;
		*address += PAGE_SIZE;
		v->mm->swap_address = *address;
		if (look_at(v, ptep))
			return true;
	}
	return false;
}

/* Find a page in an area from @address on. */
static bool scan_area(struct victim *v, struct sim_vma *vma, u64 address)
{
	bool found = false;

	v->vm_ops = vma->vm_ops;
	v->seg = vma->vm_seg;
	v->vma = vma;
	/* Tables stay where they are: so what is empty is passed over at once. */
	while (!found && sim_pte_next(v->mm, &address, vma->vm_end)) {
		/* With faults waiting, a table at a time. */
		u64 end = min(vma->vm_end, sim_pte_table_end(address));

		down_read(&v->m->state_lock);
		sim_lock_ptes(vma);
		found = scan_ptes(v, vma, &address, end);
		sim_unlock_ptes(vma);
		up_read(&v->m->state_lock);
		cond_resched();
	}
	if (found && v->seg)
		refcount_inc(&v->seg->ref);
	return found;
}

/* Find a page, from where the last search of this process ended to its end. */
static bool scan_process(struct victim *v)
{
	struct sim_mm *mm = v->mm;
	u64 address = mm->swap_address;
	struct sim_vma *vma;

	mm->swap_address = 0;
	/* There may be many more areas than pages. */
	while (sim_pte_next(mm, &address, SHMSWAP_TASK_SIZE)) {
		vma = sim_find_vma(mm, address);
		if (vma && scanned(v->m, vma) && scan_area(v, vma, address))
			return true;
		address = vma ? vma->vm_end : address + PAGE_SIZE;
		cond_resched();
	}
	mm->swap_address = 0;
	return false;
}

/* Mirrors swap_out_process(). */
static enum outcome swap_out_process(struct sim_machine *m, struct sim_mm *mm, bool keep)
{
	struct victim v = { .m = m, .mm = mm, .keep = keep };
	bool found;

	down_read(&mm->mmap_lock);
	found = scan_process(&v);
	up_read(&mm->mmap_lock);
	return found ? take(&v) : NOTHING;
}

/* The process whose turn it is; NULL if none has a page. */
static struct sim_mm *next_process(struct sim_machine *m)
{
	bool wrapped = false;
	struct sim_mm *mm;

	for (;;) {
		mm = sim_mm_next_resident(m, &m->swap_task);
		if (!mm) {
			m->swap_task = 1;
			if (wrapped)
				return NULL;
			wrapped = true;
			continue;
		}
		if (READ_ONCE(mm->swappable) && atomic_long_read(&mm->rss))
			return mm;
		sim_mm_put(mm);
		m->swap_task++;
		cond_resched();
	}
}

/* One turn: how much of a process is looked at depends on its size. */
static enum outcome take_turn(struct sim_machine *m, struct sim_mm *mm, bool keep)
{
	const struct sim_swap_control *c = &m->swap_control;
	enum outcome outcome;

	if (!mm->swap_cnt)
		mm->swap_cnt = max_t(u64, (u64)atomic_long_read(&mm->rss) *
				     c->age_cluster_fract / 1024, c->age_cluster_min);
	if (!--mm->swap_cnt)
		m->swap_task++;
	outcome = swap_out_process(m, mm, keep);
	if (outcome == NOTHING && mm->swap_cnt)
		m->swap_task++;
	return outcome;
}

/* How many turns there are, less one; Linux 2.0 had no more than NR_TASKS processes. */
static long nr_turns(const struct sim_machine *m, int level)
{
	u64 weight = (u64)m->swap_control.pageout_weight *
		     min(atomic_read(&m->nr_mms), NR_TASKS);
	int shift = level > 3 ? 10 : level > 0 ? 9 : 8;

	if (m->kswapd.awake)
		shift = 10;
	return weight >> shift >> level;
}

static int swap_out(struct sim_machine *m, int level, bool keep)
{
	long counter = nr_turns(m, level);
	enum outcome outcome;
	struct sim_mm *mm;

	lockdep_assert_held(&m->reclaim_lock);
	for (; counter >= 0 && !kthread_should_stop(); counter--) {
		mm = next_process(m);
		if (!mm)
			return 0;
		outcome = take_turn(m, mm, keep);
		sim_mm_put(mm);
		if (outcome == FREED)
			return 1;
		cond_resched();
	}
	return 0;
}

/**
 * sim_swap_out() - take pages from processes until one is free
 * @m: machine
 * @level: 0 to SHMSWAP_MAX_LEVEL: how many turns the processes get
 *
 * Mirrors Linux 2.0.40 swap_out(). A process gets max(rss * 32 / 1024, 4) turns in
 * a row; a turn ends with the first page that is taken.
 *
 * Context: sleeps; reclaim_lock held.
 * Return: 1 if a page was freed, 0 if not.
 */
int sim_swap_out(struct sim_machine *m, int level)
{
	KUNIT_STATIC_STUB_REDIRECT(sim_swap_out, m, level);
	return swap_out(m, level, false);
}

/**
 * sim_swap_out_keep() - as sim_swap_out(), but leave pages in the swap cache
 * @m: machine
 * @level: as there
 *
 * So that what Linux 2.4 does in two steps can be watched in two steps;
 * sim_shrink_mmap() takes the second.
 *
 * Context: as there.
 * Return: 1 if a page was left to the swap cache alone, or freed; 0 if not.
 */
int sim_swap_out_keep(struct sim_machine *m, int level)
{
	return swap_out(m, level, true);
}
