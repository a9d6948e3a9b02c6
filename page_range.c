// SPDX-License-Identifier: GPL-2.0
/*
 * What is done to all PTEs of a range: removed, inherited, protected, cleaned.
 */
#include <linux/sched/signal.h>

#include "sim.h"

/**
 * sim_lock_ptes() - lock the PTEs of an area
 * @vma: area
 *
 * Context: may sleep; state_lock held for reading.
 */
void sim_lock_ptes(struct sim_vma *vma)
{
	mutex_lock(vma->vm_seg ? &vma->vm_seg->lock : &vma->vm_mm->page_table_lock);
}

/**
 * sim_unlock_ptes() - unlock the PTEs of an area
 * @vma: area
 *
 * Context: any.
 */
void sim_unlock_ptes(struct sim_vma *vma)
{
	mutex_unlock(vma->vm_seg ? &vma->vm_seg->lock : &vma->vm_mm->page_table_lock);
}

/* Drop what a PTE, which is gone now, referred to. */
static void free_pte(struct sim_mm *mm, sim_pte_t pte)
{
	struct sim_page *page;

	if (sim_pte_present(pte)) {
		page = sim_pfn_page(mm->m, sim_pte_pfn(pte));
		/* Its other users would not know. Without a cache, it is dirty anyway. */
		if (sim_pte_dirty(pte) &&
		    page->flags & (BIT(SIM_PG_FILE) | BIT(SIM_PG_SWAPCACHE)))
			sim_set_page_dirty(page);
		atomic_long_dec(&mm->rss);
		sim_free_page_and_swap_cache(mm->m, page);
	} else if (sim_pte_is_swap(pte)) {
		sim_free_swap_and_cache(mm->m, sim_pte_to_swp_entry(pte));
	}
}

/**
 * sim_zap_ptes() - remove the PTEs of a range
 * @vma: area that it is a part of
 * @start: first address
 * @end: first address behind it
 *
 * The caller flushes the TLB; nobody accesses the range until then.
 *
 * Context: may sleep; mmap_lock held for writing, state_lock for reading, the
 * PTEs' lock held.
 */
void sim_zap_ptes(struct sim_vma *vma, u64 start, u64 end)
{
	struct sim_mm *mm = vma->vm_mm;
	u64 address = start;
	sim_pte_t *ptep, pte;

	while ((ptep = sim_pte_next(mm, &address, end))) {
		pte = sim_ptep_replace(vma, address, ptep, SIM_PTE_NONE, SHMSWAP_PTE_ZAP);
		free_pte(mm, pte);
		address += PAGE_SIZE;
		cond_resched();
	}
}

/* As sim_zap_ptes(), for private memory and files. */
static void zap_private(struct sim_vma *vma, u64 start, u64 end)
{
	struct sim_mm *mm = vma->vm_mm;

	down_read(&mm->m->state_lock);
	mutex_lock(&mm->page_table_lock);
	sim_zap_ptes(vma, start, end);
	mutex_unlock(&mm->page_table_lock);
	up_read(&mm->m->state_lock);
}

/**
 * sim_private_shrink() - &sim_vm_operations.shrink of private memory and files
 * @vma: area
 * @start: what it keeps
 * @end: what it keeps
 * @tail: area behind it, or NULL
 *
 * Context: may sleep; mmap_lock held for writing.
 */
void sim_private_shrink(struct sim_vma *vma, u64 start, u64 end, struct sim_vma *tail)
{
	zap_private(vma, vma->vm_start, start);
	zap_private(vma, end, tail ? tail->vm_start : vma->vm_end);
	if (vma->vm_mapping)
		vma->vm_pgoff += (start - vma->vm_start) >> PAGE_SHIFT;
	vma->vm_start = start;
	vma->vm_end = end;
}

/**
 * sim_private_extend() - &sim_vm_operations.extend of private memory and files
 * @vma: area
 * @next: area behind it
 *
 * Context: any; mmap_lock held for writing.
 */
void sim_private_extend(struct sim_vma *vma, struct sim_vma *next)
{
	vma->vm_end = next->vm_end;
}

/**
 * sim_private_close() - &sim_vm_operations.close of private memory and files
 * @vma: area
 *
 * Context: may sleep; mmap_lock held for writing.
 */
void sim_private_close(struct sim_vma *vma)
{
	zap_private(vma, vma->vm_start, vma->vm_end);
}

/*
 * Let a child share a page. A private one is copied by whoever stores to it
 * first; whether it is newer than its slot is known to the page alone from now
 * on, lest the second of them swap it out again.
 */
static sim_pte_t share_page(struct sim_vma *vma, u64 address, sim_pte_t *ptep)
{
	struct sim_mm *mm = vma->vm_mm;
	sim_pte_t pte = sim_ptep_get(ptep);
	sim_pte_t shared = sim_pte_wrprotect(sim_pte_mkclean(pte));
	struct sim_page *page = sim_pfn_page(mm->m, sim_pte_pfn(pte));

	sim_get_page(page);
	if (!(vma->vm_flags & SHMSWAP_VM_SHARED)) {
		pte = sim_ptep_replace(vma, address, ptep, shared, SHMSWAP_PTE_FORK);
		if (sim_pte_dirty(pte))
			sim_set_page_dirty(page);
		pte = sim_pte_wrprotect(pte);
	}
	return sim_pte_mkold(sim_pte_mkclean(pte));
}

/* Make the child's PTE @to like the parent's, which is not none. */
static int copy_pte(struct sim_vma *new, struct sim_vma *vma, u64 address, sim_pte_t *to,
		    sim_pte_t *ptep)
{
	sim_pte_t pte = sim_ptep_get(ptep);

	if (sim_pte_present(pte)) {
		pte = share_page(vma, address, ptep);
		sim_inc_rss(new->vm_mm);
	} else if (sim_swap_duplicate(vma->vm_mm->m, sim_pte_to_swp_entry(pte))) {
		return -ENOMEM;
	}
	sim_set_pte(to, pte);
	sim_event(pte, new, address, SHMSWAP_PTE_FORK, SIM_PTE_NONE, pte);
	return 0;
}

/* Copy the PTEs from @address on that are in the same table, and before @end. */
static int copy_table(struct sim_vma *new, struct sim_vma *vma, u64 *address, u64 end)
{
	struct sim_mm *mm = vma->vm_mm;
	u64 first = *address;
	sim_pte_t *ptep, *to;
	int err = -ENOMEM;

	down_read(&mm->m->state_lock);
	mutex_lock(&mm->page_table_lock);
	to = sim_pte_alloc(new->vm_mm, first);
	if (to) {
		err = 0;
		while (!err && (ptep = sim_pte_next(mm, address, end))) {
			err = copy_pte(new, vma, *address, to + ((*address - first) >> PAGE_SHIFT),
				       ptep);
			*address += PAGE_SIZE;
		}
	}
	mutex_unlock(&mm->page_table_lock);
	up_read(&mm->m->state_lock);
	return err;
}

/**
 * sim_copy_ptes() - let a child inherit private memory or a file's pages
 * @new: area of the child, empty, with all that is @vma's
 * @vma: area of the parent
 *
 * Mirrors copy_page_range(). The caller flushes the parent's TLB.
 *
 * Context: may sleep; both mmap_lock held for writing.
 * Return: 0; -ENOMEM the page tables' limit, or a slot has too many users; -EINTR:
 * then a part was copied.
 */
int sim_copy_ptes(struct sim_vma *new, struct sim_vma *vma)
{
	u64 address = vma->vm_start;
	int err = 0;

	while (!err && sim_pte_next(vma->vm_mm, &address, vma->vm_end)) {
		err = copy_table(new, vma, &address,
				 min(vma->vm_end, sim_pte_table_end(address)));
		if (!err && fatal_signal_pending(current))
			err = -EINTR;
		cond_resched();
	}
	return err;
}

static void protect_pte(struct sim_vma *vma, u64 address, sim_pte_t *ptep)
{
	sim_pte_t old, new;

	/* Only reclaim can come between, to make it old. */
	do {
		old = sim_ptep_get(ptep);
		if (!sim_pte_present(old))
			return;
		new = sim_pte_modify(old, vma->vm_flags);
	} while (!sim_ptep_cmpxchg(ptep, old, new));
	sim_event(pte, vma, address, SHMSWAP_PTE_PROTECT, old, new);
}

/**
 * sim_change_protection() - give the PTEs of an area its new protection
 * @vma: area with its new flags
 *
 * Context: may sleep; mmap_lock held for writing.
 */
void sim_change_protection(struct sim_vma *vma)
{
	struct sim_mm *mm = vma->vm_mm;
	u64 address = vma->vm_start;
	sim_pte_t *ptep;

	down_read(&mm->m->state_lock);
	sim_lock_ptes(vma);
	while ((ptep = sim_pte_next(mm, &address, vma->vm_end))) {
		protect_pte(vma, address, ptep);
		address += PAGE_SIZE;
		cond_resched();
	}
	sim_unlock_ptes(vma);
	up_read(&mm->m->state_lock);
	sim_flush_tlb_range(mm, vma->vm_start, vma->vm_end);
}

/**
 * sim_clean_ptes() - let the pages of a shared file know that they are dirty
 * @vma: shared area of a file
 * @start: first address
 * @end: first address behind it
 *
 * Context: may sleep; mmap_lock held for writing, so no store is under way.
 */
void sim_clean_ptes(struct sim_vma *vma, u64 start, u64 end)
{
	struct sim_mm *mm = vma->vm_mm;
	u64 address = start;
	sim_pte_t *ptep, pte;

	down_read(&mm->m->state_lock);
	mutex_lock(&mm->page_table_lock);
	while ((ptep = sim_pte_next(mm, &address, end))) {
		pte = sim_ptep_get(ptep);
		if (sim_pte_present(pte) && sim_pte_dirty(pte)) {
			sim_ptep_replace(vma, address, ptep, sim_pte_mkclean(pte),
					 SHMSWAP_PTE_CLEAN);
			sim_set_page_dirty(sim_pfn_page(mm->m, sim_pte_pfn(pte)));
		}
		address += PAGE_SIZE;
		cond_resched();
	}
	mutex_unlock(&mm->page_table_lock);
	up_read(&mm->m->state_lock);
	sim_flush_tlb_range(mm, start, end);
}
