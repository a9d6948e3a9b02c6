// SPDX-License-Identifier: GPL-2.0
/*
 * Processes and their areas: creation, fork, exit, mapping and unmapping.
 */
#include <linux/pid.h>
#include <linux/sched.h>
#include <linux/sched/mm.h>
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
 * Context: may sleep.
 */
void sim_vma_free(struct sim_vma *vma)
{
	if (vma->vm_seg)
		sim_shm_put(vma->vm_seg);
	if (vma->vm_mapping)
		sim_mapping_put(vma->vm_mapping);
	kfree(vma);
}

/* May stores to the area be bound for its file? */
static bool writes_back(const struct sim_vma *vma)
{
	return vma->vm_ops->swapout && (vma->vm_flags & SHMSWAP_VM_MAYWRITE);
}

/**
 * sim_free_vmas() - free areas that were removed
 * @removed: list of them
 *
 * What was changed in shared regions of files is written now.
 *
 * Context: sleeps; no lock held.
 */
void sim_free_vmas(struct list_head *removed)
{
	struct sim_vma *vma, *next;

	list_for_each_entry_safe(vma, next, removed, removed) {
		bool last = list_is_last(&vma->removed, removed);

		/* Once for neighbours of one file. */
		if (writes_back(vma) && (last || !writes_back(next) ||
					 next->vm_mapping != vma->vm_mapping))
			sim_mapping_sync(vma->vm_mapping);
		sim_vma_free(vma);
	}
}

/**
 * sim_vma_dup() - copy an area
 * @vma: area
 * @mm: process that is to have the copy
 * @gfp: how to allocate it
 *
 * Context: may sleep.
 * Return: the copy, in no list yet, or NULL.
 */
struct sim_vma *sim_vma_dup(struct sim_vma *vma, struct sim_mm *mm, gfp_t gfp)
{
	struct sim_vma *new = kzalloc(sizeof(*new), gfp);

	if (!new)
		return NULL;
	new->vm_mm = mm;
	new->vm_start = vma->vm_start;
	new->vm_end = vma->vm_end;
	new->vm_flags = vma->vm_flags;
	new->vm_pgoff = vma->vm_pgoff;
	new->vm_ops = vma->vm_ops;
	new->vm_seg = vma->vm_seg;
	if (new->vm_seg)
		refcount_inc(&new->vm_seg->ref);
	new->vm_mapping = vma->vm_mapping;
	if (new->vm_mapping)
		refcount_inc(&new->vm_mapping->ref);
	return new;
}

static u64 nr_pages(u64 start, u64 end)
{
	return (end - start) >> PAGE_SHIFT;
}

/* Where the page at @address is in the segment or file; 0 for private memory. */
static pgoff_t pgoff_at(const struct sim_vma *vma, u64 address)
{
	if (!vma->vm_seg && !vma->vm_mapping)
		return 0;
	return vma->vm_pgoff + nr_pages(vma->vm_start, address);
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
	r->tail = sim_vma_dup(r->before, r->mm, GFP_KERNEL_ACCOUNT);
	if (!r->tail)
		return -ENOMEM;
	r->tail->vm_pgoff = pgoff_at(r->before, r->end);
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

/* What @vma has in the range is not locked into memory any more. */
static void uncount_locked(struct replacement *r, const struct sim_vma *vma)
{
	unsigned long pages;

	if (!vma || !(vma->vm_flags & SHMSWAP_VM_LOCKED))
		return;
	pages = nr_pages(max(vma->vm_start, r->start), min(vma->vm_end, r->end));
	r->mm->locked_vm -= pages;
	sim_mm_uncharge_locked(r->mm, pages);
}

/* Let those who had to make room know; the others go to @removed. */
static void finish_replacement(struct replacement *r, struct list_head *removed)
{
	struct sim_vma *vma;

	uncount_locked(r, r->before);
	if (r->behind != r->before)
		uncount_locked(r, r->behind);
	if (r->before)
		r->before->vm_ops->shrink(r->before, r->before->vm_start, r->start, r->tail);
	if (r->behind && r->behind != r->before)
		r->behind->vm_ops->shrink(r->behind, r->end, r->behind->vm_end, NULL);
	if (r->tail)
		r->mm->map_count++;
	list_for_each_entry(vma, &r->removed, removed) {
		uncount_locked(r, vma);
		vma->vm_ops->close(vma);
		r->mm->map_count--;
	}
	if (r->before || r->behind || !list_empty(&r->removed))
		sim_flush_tlb_range(r->mm, r->start, r->end);
	list_splice_tail(&r->removed, removed);
}

/**
 * sim_insert_vma() - add an area to its process, in place of what is there
 * @vma: area, complete
 * @removed: list to add to what it replaces, for sim_free_vmas()
 *
 * Context: may sleep; mmap_lock held for writing.
 * Return: 0 or -ENOMEM; then nothing was replaced and the caller keeps @vma.
 */
int sim_insert_vma(struct sim_vma *vma, struct list_head *removed)
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
	finish_replacement(&r, removed);
	mm->map_count++;
	if (vma->vm_ops->open)
		vma->vm_ops->open(vma);
	return 0;
}

/**
 * sim_split_vma() - make two areas of one
 * @vma: area, keeps what is below @address
 * @address: page-aligned, within the area
 *
 * Context: may sleep; mmap_lock held for writing.
 * Return: 0 or -ENOMEM; then nothing was changed.
 */
int sim_split_vma(struct sim_vma *vma, u64 address)
{
	struct sim_mm *mm = vma->vm_mm;
	struct sim_vma *tail;
	int err;

	lockdep_assert_held_write(&mm->mmap_lock);
	if (mm->map_count >= SIM_MAX_MAP_COUNT)
		return -ENOMEM;
	tail = sim_vma_dup(vma, mm, GFP_KERNEL_ACCOUNT);
	if (!tail)
		return -ENOMEM;
	tail->vm_pgoff = pgoff_at(vma, address);
	tail->vm_start = address;
	err = store_range(mm, address, tail->vm_end, tail);
	if (err) {
		sim_vma_free(tail);
		return err;
	}
	mm->map_count++;
	vma->vm_ops->shrink(vma, vma->vm_start, address, tail);
	return 0;
}

static bool can_merge(const struct sim_vma *vma, const struct sim_vma *next)
{
	return vma->vm_end == next->vm_start && vma->vm_ops == next->vm_ops &&
	       vma->vm_flags == next->vm_flags && vma->vm_seg == next->vm_seg &&
	       vma->vm_mapping == next->vm_mapping &&
	       pgoff_at(vma, vma->vm_end) == next->vm_pgoff;
}

/**
 * sim_merge_vmas() - join areas that need not be two
 * @mm: process
 * @start: first address where something changed
 * @end: first address behind it
 *
 * Mirrors merge_segments() of Linux 2.0.
 *
 * Context: may sleep; mmap_lock held for writing.
 */
void sim_merge_vmas(struct sim_mm *mm, u64 start, u64 end)
{
	struct sim_vma *vma, *next;

	lockdep_assert_held_write(&mm->mmap_lock);
	vma = sim_find_vma_intersection(mm, start ? start - 1 : 0, SHMSWAP_TASK_SIZE);
	while (vma && vma->vm_start < end) {
		next = sim_find_vma_intersection(mm, vma->vm_end, SHMSWAP_TASK_SIZE);
		/* Without memory for the tree they stay two. */
		if (!next || !can_merge(vma, next) ||
		    store_range(mm, vma->vm_start, next->vm_end, vma)) {
			vma = next;
			continue;
		}
		vma->vm_ops->extend(vma, next);
		mm->map_count--;
		sim_vma_free(next);
	}
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
 * @removed: list to add them to, for sim_free_vmas()
 *
 * Context: may sleep; mmap_lock held for writing.
 * Return: 0 or -ENOMEM; then nothing was removed.
 */
int sim_munmap(struct sim_mm *mm, u64 start, u64 end, struct list_head *removed)
{
	struct replacement r = { .mm = mm, .start = start, .end = end };
	int err;

	lockdep_assert_held_write(&mm->mmap_lock);
	err = prepare_replacement(&r) ?: store_replacement(&r, NULL);
	if (err)
		return err;
	finish_replacement(&r, removed);
	free_pgtables(mm, start, end);
	return 0;
}

/* What a real process does to its mappings has happened already when we hear of it. */
static void store_area(struct sim_mm *mm, u64 start, u64 end, struct sim_vma *vma)
{
	MA_STATE(mas, &mm->mt, start, end - 1);

	mas_store_gfp(&mas, vma, GFP_KERNEL_ACCOUNT | __GFP_NOFAIL);
}

/**
 * sim_link_vma() - enter an area of a real process
 * @vma: attach, complete; where it is there is at most the area it was split from
 *
 * Context: may sleep; mmap_lock held for writing.
 */
void sim_link_vma(struct sim_vma *vma)
{
	lockdep_assert_held_write(&vma->vm_mm->mmap_lock);
	store_area(vma->vm_mm, vma->vm_start, vma->vm_end, vma);
	vma->vm_mm->map_count++;
}

/**
 * sim_rejoin_vma() - undo the split of an area of a real process
 * @vma: area that gets back what @split_off has
 * @split_off: the other one; is freed
 *
 * Context: may sleep; mmap_lock held for writing.
 */
void sim_rejoin_vma(struct sim_vma *vma, struct sim_vma *split_off)
{
	lockdep_assert_held_write(&vma->vm_mm->mmap_lock);
	store_area(vma->vm_mm, split_off->vm_start, split_off->vm_end, vma);
	vma->vm_mm->map_count--;
	sim_shm_rejoin(vma, split_off);
	sim_vma_free(split_off);
}

/**
 * sim_unlink_vma() - remove and free an area of a real process
 * @vma: attach
 *
 * Context: may sleep; mmap_lock held for writing.
 */
void sim_unlink_vma(struct sim_vma *vma)
{
	struct sim_mm *mm = vma->vm_mm;

	lockdep_assert_held_write(&mm->mmap_lock);
	store_area(mm, vma->vm_start, vma->vm_end, NULL);
	vma->vm_ops->close(vma);
	mm->map_count--;
	/* The kernel did it. */
	sim_count_event(mm->m, SIM_TLB_FLUSH_RANGE);
	free_pgtables(mm, vma->vm_start, vma->vm_end);
	sim_vma_free(vma);
}

static void init_areas(struct sim_mm *mm)
{
	mt_init_flags(&mm->mt, MT_FLAGS_ALLOC_RANGE | MT_FLAGS_LOCK_EXTERN);
	mt_set_external_lock(&mm->mt, &mm->mmap_lock);
}

static struct sim_mm *mm_alloc_pid(struct sim_machine *m, gfp_t gfp, u32 max)
{
	struct sim_mm *mm = kzalloc(sizeof(*mm), gfp);
	int err;

	if (!mm)
		return ERR_PTR(-ENOMEM);
	/* Only the number, until the process is complete. */
	err = xa_alloc(&m->mms, &mm->pid, NULL, XA_LIMIT(1, max), gfp);
	if (err) {
		kfree(mm);
		return ERR_PTR(err == -EBUSY ? -EAGAIN : err);
	}
	sim_machine_get(m);
	atomic_inc(&m->nr_mms);
	mm->m = m;
	refcount_set(&mm->ref, 1);
	mm->creator = get_pid(task_tgid(current));
	mm->uid = current_uid();
	init_rwsem(&mm->mmap_lock);
	mutex_init(&mm->page_table_lock);
	mutex_init(&mm->shmdt_lock);
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
	struct sim_mm *mm = mm_alloc_pid(m, GFP_KERNEL_ACCOUNT, SHMSWAP_MAX_PROCESSES);

	if (!IS_ERR(mm)) {
		mm->swappable = true;
		mm_publish(mm);
	}
	return mm;
}

/**
 * sim_mm_create_live() - a new process that is a real one
 * @m: machine
 * @real: its address space
 * @forked: fork(2) made it, which we cannot let fail: nor does SHMSWAP_MAX_PROCESSES
 *	count then
 *
 * Context: may sleep.
 * Return: as sim_mm_create().
 */
struct sim_mm *sim_mm_create_live(struct sim_machine *m, struct mm_struct *real, bool forked)
{
	struct sim_mm *mm;

	if (forked)
		mm = mm_alloc_pid(m, GFP_KERNEL_ACCOUNT | __GFP_NOFAIL, S32_MAX);
	else
		mm = mm_alloc_pid(m, GFP_KERNEL_ACCOUNT, SHMSWAP_MAX_PROCESSES);
	if (IS_ERR(mm))
		return mm;
	mmgrab(real);
	mm->real = real;
	if (!forked)
		sim_mm_name(mm);
	/* It has nothing but attaches. */
	mm->swappable = m->flags & SHMSWAP_MACHINE_SHM_PROCESS;
	mm_publish(mm);
	return mm;
}

static int dup_vma(struct sim_mm *mm, struct sim_vma *vma)
{
	struct sim_vma *new = sim_vma_dup(vma, mm, GFP_KERNEL_ACCOUNT);
	LIST_HEAD(removed);
	int err;

	if (!new)
		return -ENOMEM;
	new->vm_flags &= ~SHMSWAP_VM_LOCKED;
	err = sim_insert_vma(new, &removed);
	if (err) {
		sim_vma_free(new);
		return err;
	}
	return new->vm_seg ? 0 : sim_copy_ptes(new, vma);
}

static int dup_mmap(struct sim_mm *mm, struct sim_mm *parent)
{
	MA_STATE(mas, &parent->mt, 0, 0);
	struct sim_vma *vma;
	int err = 0;

	mas_for_each(&mas, vma, SHMSWAP_TASK_SIZE - 1) {
		err = fatal_signal_pending(current) ? -EINTR : dup_vma(mm, vma);
		if (err)
			break;
		cond_resched();
	}
	/* Its private memory is read-only now. */
	sim_flush_tlb_mm(parent);
	return err;
}

/**
 * sim_mm_fork() - a child process
 * @parent: process that forks
 *
 * The child inherits every region. No page of a segment is mapped in it: such a
 * page is found by its segment, so the first access costs a minor fault. Private
 * pages are shared until one of the two stores to them.
 *
 * Context: may sleep.
 * Return: the child; errors as sim_mm_create(), and ERR_PTR(-EINTR).
 */
struct sim_mm *sim_mm_fork(struct sim_mm *parent)
{
	struct sim_mm *mm = mm_alloc_pid(parent->m, GFP_KERNEL_ACCOUNT,
					 SHMSWAP_MAX_PROCESSES);
	int err;

	if (IS_ERR(mm))
		return mm;
	/* The self-check has to see what it has already. */
	mm_publish(mm);
	/* For writing: no store is under way when pages become read-only. */
	err = down_write_killable(&parent->mmap_lock);
	if (!err) {
		down_write_nested(&mm->mmap_lock, SINGLE_DEPTH_NESTING);
		err = dup_mmap(mm, parent);
		up_write(&mm->mmap_lock);
		up_write(&parent->mmap_lock);
	}
	if (err) {
		sim_mm_exit(mm);
		return ERR_PTR(err);
	}
	WRITE_ONCE(mm->swappable, true);
	return mm;
}

static void exit_areas(struct sim_mm *mm)
{
	struct replacement r = { .mm = mm, .start = 0, .end = SHMSWAP_TASK_SIZE };
	LIST_HEAD(removed);

	down_write(&mm->mmap_lock);
	WARN_ON(prepare_replacement(&r));
	__mt_destroy(&mm->mt);
	/* An open table may still look for areas. */
	init_areas(mm);
	finish_replacement(&r, &removed);
	down_read(&mm->m->state_lock);
	sim_free_pgtables(mm, 0, SHMSWAP_TASK_SIZE, 0, SHMSWAP_TASK_SIZE);
	up_read(&mm->m->state_lock);
	up_write(&mm->mmap_lock);
	sim_free_vmas(&removed);
}

/* The end of a process; its reference to the machine is left. */
static void mm_end(struct sim_mm *mm)
{
	struct sim_machine *m = mm->m;

	WRITE_ONCE(mm->swappable, false);
	exit_areas(mm);
	down_read(&m->state_lock);
	xa_erase(&m->mms, mm->pid);
	up_read(&m->state_lock);
	atomic_dec(&m->nr_mms);
	sim_mm_put(mm);
}

/**
 * sim_mm_exit() - the end of a process
 * @mm: process, used by nobody else but who found it through sim_mm_next()
 *
 * Unmaps everything, mirrors exit_mmap() of Linux 2.0.
 *
 * Context: sleeps.
 */
void sim_mm_exit(struct sim_mm *mm)
{
	struct sim_machine *m = mm->m;

	mm_end(mm);
	/* Whoever still looks at the process has the machine from elsewhere. */
	sim_machine_put(m);
}

/**
 * sim_mm_exit_live() - a real process has nothing really mapped any more
 * @mm: process, as sim_mm_exit()
 *
 * Context: sleeps; mmap_lock of the real process may be held, so nothing is
 * waited for that may take long.
 */
void sim_mm_exit_live(struct sim_mm *mm)
{
	struct sim_machine *m = mm->m;

	mm_end(mm);
	sim_machine_put_later(m);
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

/* In m->mms: processes that may have pages in memory. */
#define RESIDENT	XA_MARK_1

/**
 * sim_mm_mark_resident() - a process has got its first page
 * @mm: process
 *
 * Context: any; the process exists.
 */
void sim_mm_mark_resident(struct sim_mm *mm)
{
	xa_set_mark(&mm->m->mms, mm->pid, RESIDENT);
}

/*
 * Forget those whose last page is gone; the lock orders it against the first. The
 * number may be another process's by now.
 */
static void unmark(struct sim_mm *mm)
{
	xa_lock(&mm->m->mms);
	if (xa_load(&mm->m->mms, mm->pid) == mm && !atomic_long_read(&mm->rss))
		__xa_clear_mark(&mm->m->mms, mm->pid, RESIDENT);
	xa_unlock(&mm->m->mms);
}

/**
 * sim_mm_next_resident() - walk the processes that have pages in memory
 * @m: machine
 * @pid: where to start; set to the number of the process that was found
 *
 * Context: any.
 * Return: as sim_mm_next(); perhaps its last page is gone already.
 */
struct sim_mm *sim_mm_next_resident(struct sim_machine *m, unsigned long *pid)
{
	struct sim_mm *mm;

	rcu_read_lock();
	do {
		mm = xa_find(&m->mms, pid, ULONG_MAX, RESIDENT);
	} while (mm && !refcount_inc_not_zero(&mm->ref) && ++*pid);
	rcu_read_unlock();
	if (mm && !atomic_long_read(&mm->rss))
		unmark(mm);
	return mm;
}

/**
 * sim_mm_put() - drop a reference to a process
 * @mm: process
 *
 * Context: any.
 */
void sim_mm_put(struct sim_mm *mm)
{
	if (!refcount_dec_and_test(&mm->ref))
		return;
	put_pid(mm->creator);
	put_pid(mm->self);
	if (mm->real)
		mmdrop(mm->real);
	kfree_rcu(mm, rcu);
}

/**
 * sim_mm_name() - remember that the caller is a real process
 * @mm: process
 *
 * Context: any; the caller is one of its threads.
 */
void sim_mm_name(struct sim_mm *mm)
{
	struct pid *pid = get_pid(task_tgid(current));

	if (cmpxchg(&mm->self, NULL, pid))
		put_pid(pid);
}

/**
 * sim_mm_creator() - who made a process, or who it really is
 * @mm: process
 *
 * Context: any.
 * Return: process id as the caller sees it, or 0.
 */
pid_t sim_mm_creator(struct sim_mm *mm)
{
	return pid_vnr(READ_ONCE(mm->self) ?: mm->creator);
}
