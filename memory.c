// SPDX-License-Identifier: GPL-2.0
/*
 * Accesses: what a load or a store does, and the fault that it may cause.
 */
#include <linux/uio.h>

#include "sim.h"

/* Failed reclaims in a row that a fault stands before it gives up. */
#define MAX_RECLAIM_RETRIES	16

/*
 * Get a frame, with kswapd's help if need be. As long as there are slots, that
 * kswapd freed nothing only means that the pages were just used: by now it has
 * made them old.
 */
static struct sim_page *get_frame(struct sim_machine *m)
{
	struct sim_reclaim_result result;
	struct sim_page *page;
	int failures = 0;
	int err;

	for (;;) {
		page = sim_get_free_page(m);
		if (page)
			return page;
		sim_count_event(m, SIM_RECLAIM_STALL);
		err = sim_reclaim(m, SHMSWAP_RECLAIM_TRY, 0, 1, &result);
		if (err)
			return ERR_PTR(err);
		if (result.freed)
			failures = 0;
		else if (++failures == MAX_RECLAIM_RETRIES || !READ_ONCE(m->nr_swap_pages))
			return ERR_PTR(-ENOMEM);
	}
}

/**
 * sim_fault_prepare() - get what a fault handler needs
 * @f: fault
 * @need: enum sim_fault_need, not SIM_FAULT_DONE
 *
 * Context: sleeps; no lock held.
 * Return: 0, and the handler can be called again; -ENOMEM no frame can be
 * freed; -EIO the page cannot be read; -EINTR a fatal signal.
 */
int sim_fault_prepare(struct sim_fault *f, int need)
{
	struct sim_page *page;

	switch (need) {
	case SIM_FAULT_FRAME:
		page = get_frame(f->m);
		if (IS_ERR(page))
			return PTR_ERR(page);
		f->frame = page;
		return 0;
	case SIM_FAULT_WAIT:
		return sim_wait_on_page_locked(f->page);
	default:
		f->major = true;
		return sim_shm_swapin(f);
	}
}

/**
 * sim_fault_finish() - let go of what a fault still holds
 * @f: fault
 *
 * Context: any.
 */
void sim_fault_finish(struct sim_fault *f)
{
	if (f->page)
		sim_unpin_page(f->m, f->page);
	if (f->frame)
		sim_unpin_page(f->m, f->frame);
	if (f->seg)
		sim_shm_put(f->seg);
	f->page = NULL;
	f->frame = NULL;
	f->seg = NULL;
}

static int fault_once(struct sim_fault *f)
{
	struct sim_vma *vma;
	int ret;

	if (down_read_killable(&f->mm->mmap_lock))
		return -EINTR;
	vma = sim_find_vma(f->mm, f->address);
	if (!vma || !(vma->vm_flags & (f->write ? SHMSWAP_VM_WRITE : SHMSWAP_VM_READ)))
		ret = -EFAULT;
	else
		ret = vma->vm_ops->nopage(vma, f);
	up_read(&f->mm->mmap_lock);
	return ret;
}

/**
 * sim_handle_mm_fault() - make a page present and young
 * @f: fault, with @f->m, @f->mm, @f->address and @f->write filled in
 *
 * Mirrors handle_mm_fault() of Linux 2.0. The page may be gone again by the
 * time of the return, but for the pin in @f->page that sim_fault_finish() drops;
 * the caller calls that in any case.
 *
 * Context: sleeps; no lock held.
 * Return: 0; -EFAULT no area, or its protection forbids the access; or as
 * sim_fault_prepare().
 */
int sim_handle_mm_fault(struct sim_fault *f)
{
	int ret;

	do {
		ret = fault_once(f);
		if (ret > 0)
			ret = sim_fault_prepare(f, ret);
		else if (ret == SIM_FAULT_DONE)
			break;
	} while (!ret);
	if (ret || (f->hit && !f->major))
		return ret;
	sim_count_event(f->m, SIM_PGFAULT);
	if (f->major)
		sim_count_event(f->m, SIM_PGMAJFAULT);
	atomic64_inc(f->major ? &f->mm->maj_flt : &f->mm->min_flt);
	return 0;
}

/**
 * sim_access_pte() - what the MMU does on an access
 * @ptep: entry
 * @write: the access is a store
 *
 * Lock-free, so it competes with the clock by compare-and-exchange.
 *
 * Context: any; something keeps the table in place.
 * Return: true if the entry allows the access, which leaves it young.
 */
bool sim_access_pte(sim_pte_t *ptep, bool write)
{
	u64 mask = SHMSWAP_PTE_VALID | SHMSWAP_PTE_ACCESSED | (write ? SHMSWAP_PTE_FOW : 0);

	for (;;) {
		sim_pte_t pte = sim_ptep_get(ptep);

		if (likely((pte.pte & mask) == (SHMSWAP_PTE_VALID | SHMSWAP_PTE_ACCESSED)))
			return true;
		if (!sim_pte_present(pte) || (write && !sim_pte_write(pte)))
			return false;
		if (sim_ptep_cmpxchg(ptep, pte, sim_pte_mkyoung(pte)))
			return true;
	}
}

/*
 * Do accesses until one faults or is malformed; returns how many were done.
 * A leaf table that covers the next address too is not looked up again.
 */
static u32 touch_present(struct sim_mm *mm, const u64 *accesses, u32 nr)
{
	const u64 leaf_mask = ~((u64)SIM_PTRS_PER_TABLE * PAGE_SIZE - 1);
	sim_pte_t *leaf = NULL;
	u64 covered = ~0ULL;
	u32 i;

	for (i = 0; i < nr; i++) {
		u64 address = accesses[i] & PAGE_MASK;

		if (unlikely(accesses[i] & ~PAGE_MASK & ~SHMSWAP_TOUCH_WRITE))
			break;
		if ((address & leaf_mask) != covered) {
			if (address >= SHMSWAP_TASK_SIZE)
				break;
			covered = address & leaf_mask;
			leaf = sim_pte_offset(mm, covered);
		}
		if (!leaf || !sim_access_pte(&leaf[(address & ~leaf_mask) >> PAGE_SHIFT],
					     accesses[i] & SHMSWAP_TOUCH_WRITE))
			break;
	}
	return i;
}

static int touch_fault(struct sim_mm *mm, u64 access, struct shmswap_touch *t)
{
	struct sim_fault f = {
		.m = mm->m,
		.mm = mm,
		.address = access & PAGE_MASK,
		.write = access & SHMSWAP_TOUCH_WRITE,
	};
	int err;

	if (access & ~PAGE_MASK & ~SHMSWAP_TOUCH_WRITE)
		return -EINVAL;
	err = sim_handle_mm_fault(&f);
	sim_fault_finish(&f);
	if (err)
		return err;
	if (f.major)
		t->out_maj_flt++;
	else if (!f.hit)
		t->out_min_flt++;
	return 0;
}

/**
 * sim_touch() - a series of accesses without data
 * @mm: process
 * @accesses: addresses and SHMSWAP_TOUCH_WRITE, as in struct shmswap_touch
 * @nr: how many
 * @t: its out fields are advanced
 *
 * Context: sleeps; no lock held.
 * Return: 0 or the error of the access that failed, see struct shmswap_touch.
 */
int sim_touch(struct sim_mm *mm, const u64 *accesses, u32 nr, struct shmswap_touch *t)
{
	u32 i = 0;
	int err;

	for (;;) {
		u32 done;

		if (down_read_killable(&mm->mmap_lock))
			return -EINTR;
		done = touch_present(mm, accesses + i, nr - i);
		up_read(&mm->mmap_lock);
		t->out_done += done;
		i += done;
		if (i == nr)
			return 0;
		err = touch_fault(mm, accesses[i], t);
		if (err)
			return err;
		t->out_done++;
		if (++i == nr)
			return 0;
	}
}

static ssize_t access_page(struct sim_mm *mm, u64 address, size_t len, struct iov_iter *iter,
			   bool write)
{
	struct sim_fault f = {
		.m = mm->m,
		.mm = mm,
		.address = address & PAGE_MASK,
		.write = write,
	};
	ssize_t ret = sim_handle_mm_fault(&f);

	/* The pin keeps the page where it is while no lock is held. */
	if (!ret && write)
		ret = copy_page_from_iter(f.page->page, offset_in_page(address), len, iter);
	else if (!ret)
		ret = copy_page_to_iter(f.page->page, offset_in_page(address), len, iter);
	sim_fault_finish(&f);
	return ret;
}

/**
 * sim_access() - loads or stores with data
 * @mm: process
 * @address: virtual address
 * @iter: where the data goes or comes from
 * @write: stores
 *
 * Context: sleeps; no lock held.
 * Return: bytes moved; if none were, -EFAULT because of the address or of
 * @iter, or as sim_handle_mm_fault().
 */
ssize_t sim_access(struct sim_mm *mm, u64 address, struct iov_iter *iter, bool write)
{
	ssize_t done = 0;

	while (iov_iter_count(iter)) {
		size_t len = min(iov_iter_count(iter), PAGE_SIZE - offset_in_page(address));
		ssize_t ret = access_page(mm, address, len, iter, write);

		if (ret > 0) {
			done += ret;
			address += ret;
		}
		if (ret < (ssize_t)len) {
			if (!done)
				return ret < 0 ? ret : -EFAULT;
			break;
		}
		cond_resched();
	}
	return done;
}
