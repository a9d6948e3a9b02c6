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

/**
 * struct replacement - areas that make room
 * @mm: process
 * @start: first address of the room
 * @end: first address behind it
 * @adding: areas that are to be put there
 * @before: area that keeps what it has before @start, or NULL
 * @behind: area that keeps what it has behind @end, or NULL
 * @tail: if both are the same, the new area that gets what is behind; or NULL
 * @removed: areas that go altogether
 */
struct replacement {
	struct sim_mm *mm;
	u64 start;
	u64 end;
	u32 adding;
	struct sim_vma *before;
	struct sim_vma *behind;
	struct sim_vma *tail;
	struct list_head removed;
};

/* Find out who has to make room; nothing is changed yet. */
static int prepare_replacement(struct replacement *r)
{
	MA_STATE(mas, &r->mm->mt, r->start, r->start);
	struct sim_vma *vma;
	bool cut;

	INIT_LIST_HEAD(&r->removed);
	mas_for_each(&mas, vma, r->end - 1) {
		if (vma->vm_start < r->start)
			r->before = vma;
		if (vma->vm_end > r->end)
			r->behind = vma;
		if (vma != r->before && vma != r->behind)
			list_add_tail(&vma->removed, &r->removed);
	}
	cut = r->before && r->before == r->behind;
	if (r->mm->map_count + r->adding + cut > SIM_MAX_MAP_COUNT)
		return -ENOMEM;
	if (!cut)
		return 0;
	r->tail = vma_dup(r->before, r->mm);
	if (!r->tail)
		return -ENOMEM;
	r->tail->vm_pgoff += (r->end - r->tail->vm_start) >> PAGE_SHIFT;
	r->tail->vm_start = r->end;
	return 0;
}

/* Put @vma, or nothing, where room is to be made. All or nothing. */
static int store_replacement(struct replacement *r, struct sim_vma *vma)
{
	int err = store_range(r->mm, r->start, r->end, vma);

	if (err) {
		if (r->tail)
			sim_vma_free(r->tail);
		return err;
	}
	/* The old area already ends there: what fits exactly cannot fail. */
	if (r->tail)
		WARN_ON(store_range(r->mm, r->end, r->tail->vm_end, r->tail));
	return 0;
}

/* Let those who had to make room know. */
static void finish_replacement(struct replacement *r)
{
	struct sim_vma *vma, *next;

	if (r->before)
		r->before->vm_ops->shrink(r->before, r->before->vm_start, r->start, r->tail);
	if (r->behind && r->behind != r->before)
		r->behind->vm_ops->shrink(r->behind, r->end, r->behind->vm_end, NULL);
	if (r->tail)
		r->mm->map_count++;
	list_for_each_entry_safe(vma, next, &r->removed, removed) {
		vma->vm_ops->close(vma);
		r->mm->map_count--;
		sim_vma_free(vma);
	}
	if (r->before || r->behind || !list_empty(&r->removed))
		sim_flush_tlb_range(r->mm, r->start, r->end);
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
	struct replacement r = {
		.mm = mm,
		.start = vma->vm_start,
		.end = vma->vm_end,
		.adding = 1,
	};
	int err;

	lockdep_assert_held_write(&mm->mmap_lock);
	err = prepare_replacement(&r) ?: store_replacement(&r, vma);
	if (err)
		return err;
	/* The clock must not find the old PTEs through the new attach. */
	finish_replacement(&r);
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
	struct replacement r = { .mm = mm, .start = start, .end = end };
	int err;

	lockdep_assert_held_write(&mm->mmap_lock);
	err = prepare_replacement(&r) ?: store_replacement(&r, NULL);
	if (err)
		return err;
	finish_replacement(&r);
	free_pgtables(mm, start, end);
	return 0;
}

static void init_areas(struct sim_mm *mm)
{
	mt_init_flags(&mm->mt, MT_FLAGS_ALLOC_RANGE | MT_FLAGS_LOCK_EXTERN);
	mt_set_external_lock(&mm->mt, &mm->mmap_lock);
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
	init_areas(mm);
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
	struct replacement r = { .mm = mm, .start = 0, .end = SHMSWAP_TASK_SIZE };

	down_write(&mm->mmap_lock);
	WARN_ON(prepare_replacement(&r));
	__mt_destroy(&mm->mt);
	/* An open table may still look for areas. */
	init_areas(mm);
	finish_replacement(&r);
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
