// SPDX-License-Identifier: GPL-2.0
/*
 * Attaches: shmat(2), shmdt(2), and what happens to an attach as an area of a
 * process. Each is on its segment's circular list.
 */
#include <linux/err.h>
#include <linux/pid.h>
#include <linux/sched.h>
#include <linux/timekeeping.h>
#include <uapi/linux/shm.h>

#include "sim.h"

#define SHMAT_FLAGS	(SHM_RDONLY | SHM_RND | SHM_REMAP | SHM_EXEC)

static void set_lpid(struct sim_shmid *seg)
{
	put_pid(seg->lprid);
	seg->lprid = get_pid(task_tgid(current));
}

/* Insert at the tail of the circular list. */
static void link_attach(struct sim_shmid *seg, struct sim_vma *vma)
{
	struct sim_vma *head = seg->attaches;

	lockdep_assert_held(&seg->lock);
	if (head) {
		vma->vm_next_shared = head;
		vma->vm_prev_shared = head->vm_prev_shared;
		head->vm_prev_shared->vm_next_shared = vma;
		head->vm_prev_shared = vma;
	} else {
		vma->vm_next_shared = vma;
		vma->vm_prev_shared = vma;
		seg->attaches = vma;
	}
	seg->nattch++;
	seg->orphaned = false;
	seg->atime = ktime_get_real_seconds();
	set_lpid(seg);
	sim_event(segment, seg, SHMSWAP_SEGMENT_ATTACH, vma->vm_mm, vma->vm_start);
}

static void unlink_attach(struct sim_shmid *seg, struct sim_vma *vma)
{
	lockdep_assert_held(&seg->lock);
	vma->vm_next_shared->vm_prev_shared = vma->vm_prev_shared;
	vma->vm_prev_shared->vm_next_shared = vma->vm_next_shared;
	if (seg->attaches == vma)
		seg->attaches = vma->vm_next_shared == vma ? NULL : vma->vm_next_shared;
	seg->nattch--;
	seg->orphaned = !seg->nattch &&
			(READ_ONCE(seg->m->flags) & SHMSWAP_MACHINE_RMID_FORCED);
	seg->dtime = ktime_get_real_seconds();
	set_lpid(seg);
	sim_event(segment, seg, SHMSWAP_SEGMENT_DETACH, vma->vm_mm, vma->vm_start);
}

/**
 * sim_shm_attach() - an attach was made, in one way or another
 * @vma: attach, not on its segment's list yet
 * @split_from: attach that it was a part of, at the one end or the other, or NULL
 *
 * Mirrors shm_open() of Linux 2.0.
 *
 * Context: may sleep; mmap_lock held for writing.
 */
void sim_shm_attach(struct sim_vma *vma, struct sim_vma *split_from)
{
	struct sim_shmid *seg = vma->vm_seg;

	down_read(&seg->m->state_lock);
	mutex_lock(&seg->lock);
	if (split_from && split_from->vm_start == vma->vm_start) {
		split_from->vm_pgoff += (vma->vm_end - vma->vm_start) >> PAGE_SHIFT;
		split_from->vm_start = vma->vm_end;
	} else if (split_from) {
		split_from->vm_end = vma->vm_start;
	}
	link_attach(seg, vma);
	mutex_unlock(&seg->lock);
	up_read(&seg->m->state_lock);
}

static void shm_open(struct sim_vma *vma)
{
	sim_shm_attach(vma, NULL);
}

/*
 * In Linux 2.0 what is left of an attach that loses pages was a new one, and the
 * old one was closed: hence the times. One that is only split is not closed.
 */
static void shm_shrink(struct sim_vma *vma, u64 start, u64 end, struct sim_vma *tail)
{
	struct sim_shmid *seg = vma->vm_seg;
	u64 behind = tail ? tail->vm_start : vma->vm_end;
	bool cut = start > vma->vm_start || end < behind;

	down_read(&seg->m->state_lock);
	mutex_lock(&seg->lock);
	sim_zap_ptes(vma, vma->vm_start, start);
	sim_zap_ptes(vma, end, behind);
	vma->vm_pgoff += (start - vma->vm_start) >> PAGE_SHIFT;
	vma->vm_start = start;
	vma->vm_end = end;
	if (tail)
		link_attach(seg, tail);
	seg->atime = ktime_get_real_seconds();
	if (cut)
		seg->dtime = seg->atime;
	set_lpid(seg);
	mutex_unlock(&seg->lock);
	up_read(&seg->m->state_lock);
}

/**
 * sim_shm_rejoin() - an attach gets back what was split off
 * @vma: attach
 * @split_off: neighbour, which goes without its PTEs
 *
 * Mirrors merge_segments() of Linux 2.0, which closed one of the two.
 *
 * Context: may sleep; mmap_lock held for writing.
 */
void sim_shm_rejoin(struct sim_vma *vma, struct sim_vma *split_off)
{
	struct sim_shmid *seg = vma->vm_seg;

	down_read(&seg->m->state_lock);
	mutex_lock(&seg->lock);
	if (split_off->vm_end == vma->vm_start) {
		vma->vm_start = split_off->vm_start;
		vma->vm_pgoff = split_off->vm_pgoff;
	} else {
		vma->vm_end = split_off->vm_end;
	}
	unlink_attach(seg, split_off);
	mutex_unlock(&seg->lock);
	up_read(&seg->m->state_lock);
}

/* Mirrors shm_close() of Linux 2.0, and the zapping that preceded it. */
static void shm_close(struct sim_vma *vma)
{
	struct sim_shmid *seg = vma->vm_seg;
	bool last;

	down_read(&seg->m->state_lock);
	mutex_lock(&seg->lock);
	sim_zap_ptes(vma, vma->vm_start, vma->vm_end);
	unlink_attach(seg, vma);
	last = sim_shm_begin_destroy(seg);
	mutex_unlock(&seg->lock);
	up_read(&seg->m->state_lock);
	if (last)
		sim_shm_destroy(seg);
}

/* Mirrors shm_swap_in(); the PTE is none, a signature, or a slot. */
static int shm_nopage(struct sim_vma *vma, struct sim_fault *f, sim_pte_t *ptep)
{
	pgoff_t index = sim_linear_page_index(vma, f->address);
	bool slot = sim_pte_is_swap(sim_ptep_get(ptep));
	struct sim_machine *m = f->m;
	struct sim_page *page;
	sim_pte_t old, pte;
	int need;

	need = sim_shm_getpage(vma->vm_seg, index, f, &page);
	if (slot)
		sim_count_lookup(f, need == SIM_FAULT_DONE || need == SIM_FAULT_WAIT);
	if (need)
		return need;
	pte = sim_mk_pte(sim_page_pfn(m, page), vma->vm_flags);
	/* The clock takes every page for dirty, the process scan looks. */
	if (f->write || !(m->flags & SHMSWAP_MACHINE_SHM_PROCESS))
		pte = sim_pte_mkdirty(pte);
	sim_get_page(page);
	sim_inc_rss(f->mm);
	old = sim_ptep_replace(vma, f->address, ptep, pte, SHMSWAP_PTE_MAP);
	if (unlikely(slot))
		sim_swap_free(m, sim_pte_to_swp_entry(old), 1);
	return SIM_FAULT_DONE;
}

static const struct sim_vm_operations shm_vm_ops = {
	.open = shm_open,
	.shrink = shm_shrink,
	.extend = sim_shm_rejoin,
	.close = shm_close,
	.nopage = shm_nopage,
};

static int check_address(u64 *address, u32 shmflg)
{
	if (*address && (shmflg & SHM_RND))
		*address &= PAGE_MASK;
	else if (!*address)
		return shmflg & SHM_REMAP ? -EINVAL : 0;
	return *address && PAGE_ALIGNED(*address) ? 0 : -EINVAL;
}

/* The permissions that an attach needs. */
static u32 attach_mode(u32 shmflg)
{
	u32 need = 0444;

	if (!(shmflg & SHM_RDONLY))
		need |= 0222;
	if (shmflg & SHM_EXEC)
		need |= 0111;
	return need;
}

/**
 * sim_shm_begin_attach() - keep a segment from being destroyed
 * @seg: segment
 * @need: permissions that the caller must have, as sim_shm_permitted(), or 0
 *
 * Context: may sleep; no lock held but mmap_lock.
 * Return: 0, and sim_shm_end_attach() is to be called; -EIDRM it is being
 * destroyed; -EACCES.
 */
int sim_shm_begin_attach(struct sim_shmid *seg, u32 need)
{
	int err = 0;

	mutex_lock(&seg->lock);
	if (seg->removed)
		err = -EIDRM;
	else if (need && !sim_shm_permitted(seg, need))
		err = -EACCES;
	else
		seg->attaching++;
	mutex_unlock(&seg->lock);
	return err;
}

/**
 * sim_shm_end_attach() - an attach was made, or was not
 * @seg: segment that was kept for it
 *
 * Context: may sleep; no lock held.
 */
void sim_shm_end_attach(struct sim_shmid *seg)
{
	bool last;

	mutex_lock(&seg->lock);
	seg->attaching--;
	last = sim_shm_begin_destroy(seg);
	mutex_unlock(&seg->lock);
	if (last)
		sim_shm_destroy(seg);
}

static int find_room(struct sim_mm *mm, u64 *address, u64 len, u32 shmflg)
{
	if (!*address) {
		*address = sim_get_unmapped_area(mm, len);
		return *address ? 0 : -ENOMEM;
	}
	if (*address > SHMSWAP_TASK_SIZE - len)
		return -EINVAL;
	if (!(shmflg & SHM_REMAP) && sim_find_vma_intersection(mm, *address, *address + len))
		return -EINVAL;
	return 0;
}

/**
 * sim_vma_set_segment() - let a new area be an attach
 * @vma: area with its range and flags
 * @seg: segment, kept from being destroyed by the caller
 *
 * Context: any.
 */
void sim_vma_set_segment(struct sim_vma *vma, struct sim_shmid *seg)
{
	refcount_inc(&seg->ref);
	vma->vm_seg = seg;
	vma->vm_ops = &shm_vm_ops;
}

static int attach(struct sim_mm *mm, struct sim_shmid *seg, u64 *address, u32 shmflg,
		  struct list_head *removed)
{
	u64 len = (u64)seg->npages << PAGE_SHIFT;
	struct sim_vma *vma;
	int err;

	lockdep_assert_held_write(&mm->mmap_lock);
	err = find_room(mm, address, len, shmflg);
	if (err)
		return err;
	vma = sim_vma_alloc(mm, *address, len);
	if (!vma)
		return -ENOMEM;
	vma->vm_flags = SHMSWAP_VM_READ | SHMSWAP_VM_SHARED;
	if (!(shmflg & SHM_RDONLY))
		vma->vm_flags |= SHMSWAP_VM_WRITE | SHMSWAP_VM_MAYWRITE;
	if (shmflg & SHM_EXEC)
		vma->vm_flags |= SHMSWAP_VM_EXEC;
	sim_vma_set_segment(vma, seg);
	err = sim_insert_vma(vma, removed);
	if (err)
		sim_vma_free(vma);
	return err;
}

/* Attach to a scripted process. */
static int attach_scripted(struct sim_mm *mm, struct sim_shmid *seg, u64 *address, u32 shmflg)
{
	LIST_HEAD(removed);
	int err;

	if (down_write_killable(&mm->mmap_lock))
		return -EINTR;
	err = attach(mm, seg, address, shmflg, &removed);
	up_write(&mm->mmap_lock);
	sim_free_vmas(&removed);
	return err;
}

/* Attach to @mm, or if that is NULL to the real process that calls. */
static int shmat(struct sim_machine *m, struct sim_mm *mm, struct shmswap_shmat *arg)
{
	u64 address = arg->addr;
	struct sim_shmid *seg;
	int err;

	if ((arg->shmflg & ~SHMAT_FLAGS) || (arg->flags & ~SHMSWAP_SHMAT_MAP))
		return -EINVAL;
	err = check_address(&address, arg->shmflg);
	if (err)
		return err;
	seg = sim_shm_find(m, arg->shmid);
	if (!seg)
		return -EINVAL;
	err = sim_shm_begin_attach(seg, attach_mode(arg->shmflg));
	if (err)
		goto put_seg;
	if (mm)
		err = attach_scripted(mm, seg, &address, arg->shmflg);
	else
		err = sim_live_map(seg, &address, arg->shmflg);
	sim_shm_end_attach(seg);
	if (!err)
		arg->out_addr = address;
put_seg:
	sim_shm_put(seg);
	return err;
}

/**
 * sim_shmat() - shmat(2)
 * @mm: process
 * @arg: see there
 *
 * Constant effort: nothing is mapped until it is accessed.
 *
 * Context: may sleep; no lock held.
 * Return: 0 or the errno of shmat(2), -EINVAL for an unknown flag.
 */
int sim_shmat(struct sim_mm *mm, struct shmswap_shmat *arg)
{
	return shmat(mm->m, mm, arg);
}

/**
 * sim_live_shmat() - shmat(2) of the calling process itself
 * @m: machine
 * @arg: see there
 *
 * Context: may sleep; no lock held.
 * Return: as sim_shmat(), and what struct shmswap_shmat says.
 */
int sim_live_shmat(struct sim_machine *m, struct shmswap_shmat *arg)
{
	return shmat(m, NULL, arg);
}

/* True if @vma is (what is left of) an attach that began at @address. */
static bool attached_at(const struct sim_vma *vma, u64 address)
{
	return vma->vm_start - address == (u64)vma->vm_pgoff << PAGE_SHIFT;
}

/**
 * sim_shmdt_next() - find what is left of an attach, piece by piece
 * @mm: process
 * @address: what shmat() returned
 * @seg: segment that it is an attach of; NULL before the first piece
 * @next: where to look; advanced
 *
 * Context: mmap_lock held.
 * Return: the next piece, or NULL.
 */
struct sim_vma *sim_shmdt_next(struct sim_mm *mm, u64 address, const struct sim_shmid **seg,
			       u64 *next)
{
	struct sim_vma *vma;

	for (;;) {
		u64 end = *seg ? address + ((u64)(*seg)->npages << PAGE_SHIFT) : SHMSWAP_TASK_SIZE;

		vma = sim_find_vma_intersection(mm, *next, end);
		if (!vma)
			return NULL;
		*next = vma->vm_end;
		if (!vma->vm_seg || !attached_at(vma, address) || (*seg && vma->vm_seg != *seg))
			continue;
		*seg = vma->vm_seg;
		return vma;
	}
}

/**
 * sim_shmdt() - shmdt(2)
 * @mm: process
 * @address: what shmat() returned
 *
 * Removes all that is left of the attach.
 *
 * Context: may sleep; no lock held.
 * Return: 0; -EINVAL no attach there; -ENOMEM, -EINTR.
 */
int sim_shmdt(struct sim_mm *mm, u64 address)
{
	const struct sim_shmid *seg = NULL;
	u64 next = address;
	struct sim_vma *vma;
	LIST_HEAD(removed);
	int err = 0;

	if (!PAGE_ALIGNED(address))
		return -EINVAL;
	if (down_write_killable(&mm->mmap_lock))
		return -EINTR;
	while (!err && (vma = sim_shmdt_next(mm, address, &seg, &next)))
		err = sim_munmap(mm, vma->vm_start, vma->vm_end, &removed);
	up_write(&mm->mmap_lock);
	sim_free_vmas(&removed);
	return seg ? err : -EINVAL;
}
