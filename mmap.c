// SPDX-License-Identifier: GPL-2.0
/*
 * Processes and their areas: creation, fork, exit, mapping and unmapping.
 */
#include <linux/pid.h>
#include <linux/sched.h>
#include <linux/slab.h>

#include "sim.h"

/* Where a search for a free area starts: TASK_SIZE / 3, as in Linux 2.0. */
#define UNMAPPED_BASE	PAGE_ALIGN(SHMSWAP_TASK_SIZE / 3)

/**
 * sim_find_vma() - the area that covers an address
 * @mm: process
 * @address: virtual address
 *
 * Context: mmap_lock held.
 * Return: the area or NULL.
 */
struct sim_vma *sim_find_vma(struct sim_mm *mm, u64 address)
{
	MA_STATE(mas, &mm->mt, address, address);

	lockdep_assert_held(&mm->mmap_lock);
	return address < SHMSWAP_TASK_SIZE ? mas_walk(&mas) : NULL;
}

/**
 * sim_find_vma_intersection() - the first area with an address in a range
 * @mm: process
 * @start: first address
 * @end: first address behind it
 *
 * Context: mmap_lock held.
 * Return: the area or NULL.
 */
struct sim_vma *sim_find_vma_intersection(struct sim_mm *mm, u64 start, u64 end)
{
	MA_STATE(mas, &mm->mt, start, start);

	lockdep_assert_held(&mm->mmap_lock);
	return start < end ? mas_find(&mas, end - 1) : NULL;
}

/**
 * sim_get_unmapped_area() - find room for an area
 * @mm: process
 * @len: bytes, page-aligned, not 0
 *
 * First fit from TASK_SIZE / 3 upwards.
 *
 * Context: mmap_lock held for writing.
 * Return: its address, 0 if there is none.
 */
u64 sim_get_unmapped_area(struct sim_mm *mm, u64 len)
{
	MA_STATE(mas, &mm->mt, 0, 0);

	lockdep_assert_held_write(&mm->mmap_lock);
	if (mas_empty_area(&mas, UNMAPPED_BASE, SHMSWAP_TASK_SIZE - 1, len))
		return 0;
	return mas.index;
}

/**
 * sim_vma_alloc() - a new area, not yet inserted
 * @mm: process
 * @start: first address
 * @len: bytes
 *
 * Context: may sleep.
 * Return: the area, its kind still to be filled in, or NULL.
 */
struct sim_vma *sim_vma_alloc(struct sim_mm *mm, u64 start, u64 len)
{
	struct sim_vma *vma = kzalloc(sizeof(*vma), GFP_KERNEL_ACCOUNT);

	if (vma) {
		vma->vm_mm = mm;
		vma->vm_start = start;
		vma->vm_end = start + len;
	}
	return vma;
}

/**
 * sim_vma_free() - free an area that is in no process
 * @vma: area
 *
 * Context: any.
 */
void sim_vma_free(struct sim_vma *vma)
{
	if (vma->vm_seg)
		sim_shm_put(vma->vm_seg);
	kfree(vma);
}

/* A copy of @vma for @mm, in no list yet. */
static struct sim_vma *vma_dup(struct sim_vma *vma, struct sim_mm *mm)
{
	struct sim_vma *new = sim_vma_alloc(mm, vma->vm_start, vma->vm_end - vma->vm_start);

	if (!new)
		return NULL;
	new->vm_flags = vma->vm_flags;
	new->vm_pgoff = vma->vm_pgoff;
	new->vm_ops = vma->vm_ops;
	new->vm_seg = vma->vm_seg;
	refcount_inc(&new->vm_seg->ref);
	return new;
}

static int store_range(struct sim_mm *mm, u64 start, u64 end, struct sim_vma *vma)
{
	MA_STATE(mas, &mm->mt, start, end - 1);

	return mas_store_gfp(&mas, vma, GFP_KERNEL_ACCOUNT);
}

/* Make an area boundary at @address if it lies within an area. */
static int split_at(struct sim_mm *mm, u64 address)
{
	struct sim_vma *vma = sim_find_vma(mm, address);
	struct sim_vma *new;
	int err;

	if (!vma || vma->vm_start == address)
		return 0;
	if (mm->map_count >= SIM_MAX_MAP_COUNT)
		return -ENOMEM;
	new = vma_dup(vma, mm);
	if (!new)
		return -ENOMEM;
	new->vm_start = address;
	new->vm_pgoff += (address - vma->vm_start) >> PAGE_SHIFT;
	err = store_range(mm, address, vma->vm_end, new);
	if (err) {
		sim_vma_free(new);
		return err;
	}
	vma->vm_ops->split(vma, new);
	mm->map_count++;
	return 0;
}

/*
 * Put @vma, or nothing, where there may be areas in [@start, @end), and these
 * onto @removed. On failure nothing is removed.
 */
static int replace_range(struct sim_mm *mm, u64 start, u64 end, struct sim_vma *vma,
			 struct list_head *removed)
{
	MA_STATE(mas, &mm->mt, start, start);
	struct sim_vma *old;
	int err;

	err = split_at(mm, start);
	if (!err)
		err = split_at(mm, end);
	if (err)
		return err;
	mas_for_each(&mas, old, end - 1)
		list_add_tail(&old->removed, removed);
	err = store_range(mm, start, end, vma);
	if (err)
		INIT_LIST_HEAD(removed);
	return err;
}

static void close_vmas(struct sim_mm *mm, struct list_head *removed)
{
	struct sim_vma *vma, *next;

	list_for_each_entry_safe(vma, next, removed, removed) {
		vma->vm_ops->close(vma);
		sim_flush_tlb_range(mm, vma->vm_start, vma->vm_end);
		mm->map_count--;
		sim_vma_free(vma);
	}
}

/**
 * sim_insert_vma() - add an area to its process, in place of what is there
 * @vma: area, complete
 *
 * Context: may sleep; mmap_lock held for writing.
 * Return: 0 or -ENOMEM; then nothing was replaced and the caller keeps @vma.
 */
int sim_insert_vma(struct sim_vma *vma)
{
	struct sim_mm *mm = vma->vm_mm;
	LIST_HEAD(removed);
	int err;

	lockdep_assert_held_write(&mm->mmap_lock);
	if (mm->map_count >= SIM_MAX_MAP_COUNT)
		return -ENOMEM;
	err = replace_range(mm, vma->vm_start, vma->vm_end, vma, &removed);
	if (err)
		return err;
	/* The clock must not find the old PTEs through the new attach. */
	close_vmas(mm, &removed);
	mm->map_count++;
	vma->vm_ops->open(vma);
	return 0;
}

/* Free the page tables that only [@start, @end) needed; it is empty now. */
static void free_pgtables(struct sim_mm *mm, u64 start, u64 end)
{
	MA_STATE(mas, &mm->mt, start, start);
	struct sim_vma *prev = mas_prev(&mas, 0);
	struct sim_vma *next = sim_find_vma_intersection(mm, end, SHMSWAP_TASK_SIZE);

	down_read(&mm->m->state_lock);
	sim_free_pgtables(mm, start, end, prev ? prev->vm_end : 0,
			  next ? next->vm_start : SHMSWAP_TASK_SIZE);
	up_read(&mm->m->state_lock);
}

/**
 * sim_munmap() - remove what areas there are in a range
 * @mm: process
 * @start: first address, page-aligned
 * @end: first address behind it, page-aligned
 *
 * Context: may sleep; mmap_lock held for writing.
 * Return: 0 or -ENOMEM; then nothing was removed.
 */
int sim_munmap(struct sim_mm *mm, u64 start, u64 end)
{
	LIST_HEAD(removed);
	int err;

	lockdep_assert_held_write(&mm->mmap_lock);
	err = replace_range(mm, start, end, NULL, &removed);
	if (err)
		return err;
	close_vmas(mm, &removed);
	free_pgtables(mm, start, end);
	return 0;
}

static struct sim_mm *mm_alloc_pid(struct sim_machine *m)
{
	struct sim_mm *mm = kzalloc(sizeof(*mm), GFP_KERNEL_ACCOUNT);
	int err;

	if (!mm)
		return ERR_PTR(-ENOMEM);
	/* Only the number, until the process is complete. */
	err = xa_alloc(&m->mms, &mm->pid, NULL, XA_LIMIT(1, SHMSWAP_MAX_PROCESSES),
		       GFP_KERNEL_ACCOUNT);
	if (err) {
		kfree(mm);
		return ERR_PTR(err == -EBUSY ? -EAGAIN : err);
	}
	sim_machine_get(m);
	atomic_inc(&m->nr_mms);
	mm->m = m;
	refcount_set(&mm->ref, 1);
	mm->creator = get_pid(task_tgid(current));
	init_rwsem(&mm->mmap_lock);
	mt_init_flags(&mm->mt, MT_FLAGS_ALLOC_RANGE | MT_FLAGS_LOCK_EXTERN);
	mt_set_external_lock(&mm->mt, &mm->mmap_lock);
	return mm;
}

/* Let the self-check and the tables see @mm. */
static void mm_publish(struct sim_mm *mm)
{
	down_read(&mm->m->state_lock);
	xa_store(&mm->m->mms, mm->pid, mm, 0);
	up_read(&mm->m->state_lock);
}

/**
 * sim_mm_create() - a new process with an empty address space
 * @m: machine
 *
 * Context: may sleep.
 * Return: the process; ERR_PTR(-EAGAIN) if there are SHMSWAP_MAX_PROCESSES,
 * ERR_PTR(-ENOMEM).
 */
struct sim_mm *sim_mm_create(struct sim_machine *m)
{
	struct sim_mm *mm = mm_alloc_pid(m);

	if (!IS_ERR(mm))
		mm_publish(mm);
	return mm;
}

static int dup_mmap(struct sim_mm *mm, struct sim_mm *parent)
{
	MA_STATE(mas, &parent->mt, 0, 0);
	struct sim_vma *vma, *new;
	int err;

	mas_for_each(&mas, vma, SHMSWAP_TASK_SIZE - 1) {
		if (fatal_signal_pending(current))
			return -EINTR;
		new = vma_dup(vma, mm);
		if (!new)
			return -ENOMEM;
		err = sim_insert_vma(new);
		if (err) {
			sim_vma_free(new);
			return err;
		}
		cond_resched();
	}
	return 0;
}

/**
 * sim_mm_fork() - a child process
 * @parent: process that forks
 *
 * The child inherits every attach. Nothing is mapped in it: a shared page is
 * found by its segment, so the first access costs a minor fault.
 *
 * Context: may sleep.
 * Return: the child; errors as sim_mm_create(), and ERR_PTR(-EINTR).
 */
struct sim_mm *sim_mm_fork(struct sim_mm *parent)
{
	struct sim_mm *mm = mm_alloc_pid(parent->m);
	int err;

	if (IS_ERR(mm))
		return mm;
	err = down_read_killable(&parent->mmap_lock);
	if (!err) {
		down_write_nested(&mm->mmap_lock, SINGLE_DEPTH_NESTING);
		err = dup_mmap(mm, parent);
		up_write(&mm->mmap_lock);
		up_read(&parent->mmap_lock);
	}
	if (err) {
		sim_mm_exit(mm);
		return ERR_PTR(err);
	}
	mm_publish(mm);
	return mm;
}

static void exit_areas(struct sim_mm *mm)
{
	MA_STATE(mas, &mm->mt, 0, 0);
	struct sim_vma *vma;
	LIST_HEAD(removed);

	down_write(&mm->mmap_lock);
	mas_for_each(&mas, vma, SHMSWAP_TASK_SIZE - 1)
		list_add_tail(&vma->removed, &removed);
	__mt_destroy(&mm->mt);
	close_vmas(mm, &removed);
	down_read(&mm->m->state_lock);
	sim_free_pgtables(mm, 0, SHMSWAP_TASK_SIZE, 0, SHMSWAP_TASK_SIZE);
	up_read(&mm->m->state_lock);
	up_write(&mm->mmap_lock);
}

/**
 * sim_mm_exit() - the end of a process
 * @mm: process, used by nobody else but who found it through sim_mm_next()
 *
 * Detaches everything, mirrors exit_mmap() of Linux 2.0.
 *
 * Context: may sleep.
 */
void sim_mm_exit(struct sim_mm *mm)
{
	struct sim_machine *m = mm->m;

	exit_areas(mm);
	down_read(&m->state_lock);
	xa_erase(&m->mms, mm->pid);
	up_read(&m->state_lock);
	atomic_dec(&m->nr_mms);
	sim_mm_put(mm);
}

/**
 * sim_mm_next() - walk the processes
 * @m: machine
 * @pid: where to start; set to the number of the process that was found
 *
 * Context: any.
 * Return: the process with the lowest number from @pid on, to be given back
 * with sim_mm_put(); NULL if there is none.
 */
struct sim_mm *sim_mm_next(struct sim_machine *m, unsigned long *pid)
{
	struct sim_mm *mm;

	rcu_read_lock();
	xa_for_each_start(&m->mms, *pid, mm, *pid)
		if (refcount_inc_not_zero(&mm->ref))
			break;
	rcu_read_unlock();
	return mm;
}

/**
 * sim_mm_put() - drop a reference to a process
 * @mm: process
 *
 * Context: may sleep.
 */
void sim_mm_put(struct sim_mm *mm)
{
	struct sim_machine *m = mm->m;

	if (!refcount_dec_and_test(&mm->ref))
		return;
	put_pid(mm->creator);
	kfree_rcu(mm, rcu);
	sim_machine_put(m);
}
