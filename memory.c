// SPDX-License-Identifier: GPL-2.0
/*
 * Accesses: what a load or a store does, and the fault that it may cause.
 */
#include <linux/log2.h>
#include <linux/sched/signal.h>
#include <linux/uaccess.h>
#include <linux/uio.h>

#include "sim.h"

/* Failed reclaims in a row that a fault stands before it gives up. */
#define MAX_RECLAIM_RETRIES	16

/*
 * Take a frame, with kswapd's help if need be. As long as there are slots, that
 * kswapd freed nothing only means that the pages were just used: by now it has
 * made them old.
 */
static struct sim_page *take_frame(struct sim_machine *m)
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

static int get_frame(struct sim_fault *f)
{
	if (!f->frame) {
		struct sim_page *page = take_frame(f->m);

		if (IS_ERR(page))
			return PTR_ERR(page);
		f->frame = page;
	}
	return sim_back_page(f->frame);
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
	switch (need) {
	case SIM_FAULT_FRAME:
		return get_frame(f);
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

	f->major = false;
	do {
		if (fatal_signal_pending(current))
			return -EINTR;
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

/*
 * Where the leaf tables of the addresses that were accessed last are, as the
 * page walk caches of a real MMU know it.
 */
#define WALK_CACHE	16
#define LEAF_SHIFT	(PAGE_SHIFT + ilog2(SIM_PTRS_PER_TABLE))

struct walk_cache {
	u64 tag;	/* address >> LEAF_SHIFT */
	sim_pte_t *leaf;
};

/*
 * Do accesses until one faults or is malformed; returns how many were done.
 * With mmap_lock held no table goes, and so none in the cache.
 */
static u32 touch_present(struct sim_mm *mm, const u64 *accesses, u32 nr)
{
	struct walk_cache cache[WALK_CACHE];
	u32 i;

	memset(cache, 0xff, sizeof(cache));
	for (i = 0; i < nr; i++) {
		u64 access = accesses[i];
		u64 tag = access >> LEAF_SHIFT;
		struct walk_cache *walk = &cache[tag % WALK_CACHE];

		if (unlikely(access & ~PAGE_MASK & ~SHMSWAP_TOUCH_WRITE))
			break;
		if (unlikely(walk->tag != tag)) {
			sim_pte_t *leaf = access < SHMSWAP_TASK_SIZE ?
					  sim_pte_offset(mm, tag << LEAF_SHIFT) : NULL;

			if (!leaf)
				break;
			walk->tag = tag;
			walk->leaf = leaf;
		}
		if (!sim_access_pte(&walk->leaf[(access >> PAGE_SHIFT) % SIM_PTRS_PER_TABLE],
				    access & SHMSWAP_TOUCH_WRITE))
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

/* Make the caller's buffer present; returns how many bytes of it cannot be. */
static size_t fault_in(struct iov_iter *iter, size_t len, bool write)
{
	return write ? fault_in_iov_iter_readable(iter, len) :
		       fault_in_iov_iter_writeable(iter, len);
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
	ssize_t ret;

	do {
		/* Only then is the page pinned, lest a user make that last. */
		if (fault_in(iter, len, write) == len)
			return -EFAULT;
		ret = sim_handle_mm_fault(&f);
		if (ret)
			break;
		pagefault_disable();
		if (write)
			ret = copy_page_from_iter(f.page->page, offset_in_page(address), len, iter);
		else
			ret = copy_page_to_iter(f.page->page, offset_in_page(address), len, iter);
		pagefault_enable();
		sim_fault_finish(&f);
	} while (!ret);
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
