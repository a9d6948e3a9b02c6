// SPDX-License-Identifier: GPL-2.0
/*
 * Accesses: what a load or a store does, and the fault that it may cause.
 */
#include <linux/highmem.h>
#include <linux/log2.h>
#include <linux/sched/signal.h>
#include <linux/uaccess.h>
#include <linux/uio.h>

#include "sim.h"

/* Failed reclaims in a row that a fault stands before it gives up. */
#define MAX_RECLAIM_RETRIES	16

/* Can there be a page that need not stay in memory? kswapd may have the last slot in hand. */
static bool reclaimable(struct sim_machine *m)
{
	return READ_ONCE(m->nr_swap_pages) || READ_ONCE(m->swap_reserved.val) ||
	       atomic_read(&m->nr_swapcache) || atomic_read(&m->nr_file_pages);
}

/*
 * Take a frame, with kswapd's help if need be. As long as pages can go somewhere,
 * that kswapd freed nothing only means that they were just used: by now it has
 * made them older.
 */
static struct sim_page *take_frame(struct sim_machine *m)
{
	struct sim_page *page;
	bool hopeless = false;
	int failures = 0;
	bool freed;
	int err;

	for (;;) {
		/* Once more even then: perhaps others freed one meanwhile. */
		page = sim_get_free_page(m);
		if (page)
			return page;
		if (hopeless)
			return ERR_PTR(-ENOMEM);
		sim_count_event(m, SIM_RECLAIM_STALL);
		err = sim_reclaim_frame(m, &freed);
		if (err)
			return ERR_PTR(err);
		failures = freed ? 0 : failures + 1;
		hopeless = !freed && (failures == MAX_RECLAIM_RETRIES || !reclaimable(m));
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
 * sim_fault_have_frame() - take a frame if there is one to be had at once
 * @f: fault
 *
 * Context: any; what the handler holds.
 * Return: true if @f->frame is a frame with its memory; else the handler returns
 * SIM_FAULT_FRAME.
 */
bool sim_fault_have_frame(struct sim_fault *f)
{
	if (!f->frame)
		f->frame = sim_get_free_page(f->m);
	return f->frame && f->frame->page;
}

/**
 * sim_fault_hold() - remember a page that I/O is under way on
 * @f: fault
 * @page: page, pinned by the caller; @f takes that over
 *
 * Context: any.
 */
void sim_fault_hold(struct sim_fault *f, struct sim_page *page)
{
	if (f->page)
		sim_unpin_page(f->m, f->page);
	f->page = page;
}

static void put_owner(struct sim_fault *f)
{
	if (f->seg)
		sim_shm_put(f->seg);
	if (f->mapping)
		sim_mapping_put(f->mapping);
	f->seg = NULL;
	f->mapping = NULL;
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
	int err;

	switch (need) {
	case SIM_FAULT_FRAME:
		return get_frame(f);
	case SIM_FAULT_WAIT:
		return sim_wait_on_page_locked(f->page);
	default:
		f->major = true;
		f->swapped_in = true;
		f->how = f->mapping ? SHMSWAP_FAULT_FILE : SHMSWAP_FAULT_SWAP;
		err = f->read(f);
		put_owner(f);
		return err;
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
	if (f->locked)
		up_read(&f->mm->mmap_lock);
	if (f->page)
		sim_unpin_page(f->m, f->page);
	if (f->frame)
		sim_unpin_page(f->m, f->frame);
	f->locked = false;
	f->page = NULL;
	f->frame = NULL;
}

/**
 * sim_fault_map_frame() - let a PTE refer to the frame of a fault
 * @vma: private area
 * @f: fault; its frame is filled
 * @ptep: the PTE, which has no page or a page less
 *
 * Context: state_lock held for reading, page_table_lock held.
 */
void sim_fault_map_frame(struct sim_vma *vma, struct sim_fault *f, sim_pte_t *ptep)
{
	struct sim_page *page = f->frame;
	sim_pte_t pte = sim_pte_mkdirty(sim_mk_pte(sim_page_pfn(f->m, page), vma->vm_flags));

	lockdep_assert_held(&vma->vm_mm->page_table_lock);
	if (vma->vm_flags & SHMSWAP_VM_RESERVED)
		set_bit(SIM_PG_RESERVED, &page->flags);
	sim_get_page(page);
	sim_ptep_replace(vma, f->address, ptep, pte, SHMSWAP_PTE_MAP);
	sim_unpin_page(f->m, page);
	f->frame = NULL;
}

static int anon_nopage(struct sim_vma *vma, struct sim_fault *f, sim_pte_t *ptep)
{
	if (!sim_fault_have_frame(f))
		return SIM_FAULT_FRAME;
	clear_highpage(f->frame->page);
	sim_fault_map_frame(vma, f, ptep);
	sim_inc_rss(f->mm);
	f->major = true;
	f->how = SHMSWAP_FAULT_ZERO;
	sim_count_event(f->m, SIM_PGZERO);
	return SIM_FAULT_DONE;
}

const struct sim_vm_operations sim_anon_vm_ops = {
	.shrink = sim_private_shrink,
	.extend = sim_private_extend,
	.close = sim_private_close,
	.nopage = anon_nopage,
};

/*
 * True if nobody else has @page, which a private PTE maps: no process, no slot,
 * no access under way. It is locked, so it does not leave or enter a cache.
 */
static bool exclusive(struct sim_fault *f, struct sim_page *page)
{
	u64 users = atomic64_read(&page->count) - (f->page == page ? SIM_PIN : 0);

	if (test_bit(SIM_PG_FILE, &page->flags))
		return false;
	if (!test_bit(SIM_PG_SWAPCACHE, &page->flags))
		return users == 1;
	return users == 2 && sim_swap_users(f->m, page->entry) == 1;
}

/* Replace a page that others have too by a copy. */
static int copy_on_write(struct sim_vma *vma, struct sim_fault *f, sim_pte_t *ptep,
			 struct sim_page *old)
{
	if (!sim_fault_have_frame(f))
		return SIM_FAULT_FRAME;
	copy_highpage(f->frame->page, old->page);
	sim_fault_map_frame(vma, f, ptep);
	sim_flush_tlb_page(f->mm, f->address);
	sim_free_page_and_swap_cache(f->m, old);
	/* Where it had to be brought from is more than that. */
	if (f->how == SHMSWAP_FAULT_MINOR)
		f->how = SHMSWAP_FAULT_COW;
	sim_count_event(f->m, SIM_PGCOW);
	return SIM_FAULT_DONE;
}

/*
 * A store to a page that is mapped read-only in a private area that is not.
 * Mirrors do_wp_page(): a page in the swap cache that becomes newer than its
 * slot stays there until the process scan sees it.
 */
static int do_wp_page(struct sim_vma *vma, struct sim_fault *f, sim_pte_t *ptep)
{
	sim_pte_t pte = sim_ptep_get(ptep);
	struct sim_page *page = sim_pfn_page(f->m, sim_pte_pfn(pte));
	bool reuse;

	if (!sim_trylock_page(page)) {
		sim_pin_page(page);
		sim_fault_hold(f, page);
		return SIM_FAULT_WAIT;
	}
	reuse = exclusive(f, page);
	if (reuse) {
		pte = sim_pte_mkdirty(sim_pte_mkyoung(sim_pte_mkwrite(pte)));
		sim_ptep_replace(vma, f->address, ptep, pte, SHMSWAP_PTE_PROTECT);
		sim_flush_tlb_page(f->mm, f->address);
	}
	sim_unlock_page(page);
	return reuse ? SIM_FAULT_DONE : copy_on_write(vma, f, ptep, page);
}

/* As sim_access_pte(), and tell if that changed the PTE. */
static noinline bool access_and_tell(struct sim_mm *mm, u64 address, sim_pte_t *ptep, bool write,
				     sim_pte_t *pte)
{
	sim_pte_t old, new;

	do {
		old = sim_ptep_get(ptep);
		new = old;
		if (!sim_access_pte(&new, write, pte))
			return false;
		if (sim_pte_same(old, new))
			return true;
	} while (!sim_ptep_cmpxchg(ptep, old, new));
	sim_event(pte, sim_find_vma(mm, address), address, SHMSWAP_PTE_ACCESS, old, new);
	return true;
}

static __always_inline bool access_pte(struct sim_mm *mm, u64 address, sim_pte_t *ptep,
				       bool write, sim_pte_t *pte)
{
	if (sim_events_on())
		return access_and_tell(mm, address, ptep, write, pte);
	return sim_access_pte(ptep, write, pte);
}

/* Bring the PTE into a state that allows the access, or say what that needs. */
static int handle_pte_fault(struct sim_vma *vma, struct sim_fault *f, sim_pte_t *ptep)
{
	sim_pte_t pte;
	int need;

	f->hit = access_pte(f->mm, f->address, ptep, f->write, &pte);
	if (f->hit) {
		sim_tlb_fill(f->mm, f->address, ptep, pte);
		return SIM_FAULT_DONE;
	}
	if (!sim_pte_present(pte)) {
		if (sim_pte_is_swap(pte) && !vma->vm_seg)
			need = sim_do_swap_page(vma, f, ptep);
		else
			need = vma->vm_ops->nopage(vma, f, ptep);
		if (need)
			return need;
	}
	if (f->write && !sim_pte_write(sim_ptep_get(ptep)))
		return do_wp_page(vma, f, ptep);
	return SIM_FAULT_DONE;
}

/* Was it a fault? Not if the page was there, nor if nobody accessed it. */
static bool is_fault(const struct sim_fault *f)
{
	return (!f->hit || f->major) && !f->force;
}

static int fault_in_area(struct sim_vma *vma, struct sim_fault *f)
{
	struct sim_page *page;
	sim_pte_t *ptep;
	int need = -ENOMEM;

	down_read(&f->m->state_lock);
	ptep = sim_pte_alloc(f->mm, f->address);
	if (ptep) {
		sim_lock_ptes(vma);
		need = handle_pte_fault(vma, f, ptep);
		if (need == SIM_FAULT_DONE) {
			page = sim_pfn_page(f->m, sim_pte_pfn(sim_ptep_get(ptep)));
			sim_pin_page(page);
			sim_fault_hold(f, page);
			if (is_fault(f))
				sim_event(fault, f, vma->vm_seg,
					  sim_linear_page_index(vma, f->address), page, 0);
		}
		sim_unlock_ptes(vma);
	}
	up_read(&f->m->state_lock);
	return need;
}

static int fault_once(struct sim_fault *f)
{
	struct sim_vma *vma;

	lockdep_assert_held(&f->mm->mmap_lock);
	vma = sim_find_vma(f->mm, f->address);
	if (!vma)
		return -EFAULT;
	if (!f->force && !(vma->vm_flags & (f->write ? SHMSWAP_VM_WRITE : SHMSWAP_VM_READ)))
		return -EFAULT;
	return fault_in_area(vma, f);
}

/**
 * sim_fault_in() - make a page present and young
 * @f: fault, with @f->m, @f->mm, @f->address and @f->write filled in, and @f->locked
 *	if mmap_lock is held for reading
 *
 * As long as mmap_lock is held thereafter, only reclaim can take the page away,
 * and not while it is pinned.
 *
 * Context: sleeps; no lock held but perhaps mmap_lock.
 * Return: 0: @f->page is the page, and sim_fault_finish() drops the lock and the
 * pin. -EFAULT no area, or its protection forbids the access; or as
 * sim_fault_prepare(); then too sim_fault_finish() is to be called.
 */
int sim_fault_in(struct sim_fault *f)
{
	int ret;

	f->major = false;
	f->how = SHMSWAP_FAULT_MINOR;
	for (;;) {
		if (fatal_signal_pending(current))
			return -EINTR;
		if (!f->locked && down_read_killable(&f->mm->mmap_lock))
			return -EINTR;
		f->locked = true;
		ret = fault_once(f);
		if (ret == SIM_FAULT_DONE)
			return 0;
		up_read(&f->mm->mmap_lock);
		f->locked = false;
		if (ret > 0)
			ret = sim_fault_prepare(f, ret);
		if (ret)
			return ret;
	}
}

/**
 * sim_count_fault() - count a fault that was resolved
 * @f: fault
 *
 * Context: any.
 */
void sim_count_fault(struct sim_fault *f)
{
	sim_count_event(f->m, SIM_PGFAULT);
	if (f->major)
		sim_count_event(f->m, SIM_PGMAJFAULT);
	atomic64_inc(f->major ? &f->mm->maj_flt : &f->mm->min_flt);
}

/**
 * sim_handle_mm_fault() - a load or store that the TLB did not translate
 * @f: as sim_fault_in()
 *
 * Mirrors handle_mm_fault() of Linux 2.0; counts the fault, if it is one.
 *
 * Context: as sim_fault_in().
 * Return: as sim_fault_in().
 */
int sim_handle_mm_fault(struct sim_fault *f)
{
	int err = sim_fault_in(f);

	if (err)
		sim_event(fault, f, NULL, 0, NULL, err);
	else if (is_fault(f))
		sim_count_fault(f);
	return err;
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
	sim_pte_t pte;
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
		if (!access_pte(mm, access & PAGE_MASK,
				&walk->leaf[(access >> PAGE_SHIFT) % SIM_PTRS_PER_TABLE],
				access & SHMSWAP_TOUCH_WRITE, &pte))
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

/* Find the page in the TLB, or through the page tables and perhaps a fault. */
static int translate(struct sim_fault *f)
{
	if (f->address >= SHMSWAP_TASK_SIZE)
		return -EFAULT;
	if (down_read_killable(&f->mm->mmap_lock))
		return -EINTR;
	f->locked = true;
	f->page = sim_tlb_pin(f->mm, f->address, f->write);
	if (f->page) {
		sim_count_event(f->m, SIM_TLB_HIT);
		return 0;
	}
	sim_count_event(f->m, SIM_TLB_MISS);
	return sim_handle_mm_fault(f);
}

/*
 * The copy is made with mmap_lock held, so that nothing is unmapped nor shared
 * copy-on-write in the middle of a store.
 */
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
		ret = translate(&f);
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

		/* Less than all of it is no end: the caller's buffer may have been paged out. */
		if (ret < 0)
			return done ? done : ret;
		done += ret;
		address += ret;
		cond_resched();
	}
	return done;
}
