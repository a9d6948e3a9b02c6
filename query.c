// SPDX-License-Identifier: GPL-2.0
/*
 * Bulk queries: the machine's tables as arrays of records.
 *
 * A producer fills a page with records under the locks it needs; the page is
 * copied to the caller with none held, and so on from where it stopped.
 */
#include <linux/cred.h>
#include <linux/fs.h>
#include <linux/nospec.h>
#include <linux/pid.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>
#include <linux/uaccess.h>

#include "sim.h"

/**
 * struct query - a query under way
 * @m: machine
 * @mm: process that it is about, with a reference, or NULL
 * @id: segment identifier, area or process number
 * @seg: segment @id, or NULL
 * @next: where to go on
 * @room: records that still fit
 * @nr: records so far
 * @records: the page
 */
struct query {
	struct sim_machine *m;
	struct sim_mm *mm;
	s32 id;
	struct sim_shmid *seg;
	u64 next;
	u32 room;
	u32 nr;
	void *records;
};

/**
 * struct query_op - a kind of query
 * @fill: add records from @next on, until there is no room or no more. Advances
 *	@next, sets it to SHMSWAP_QUERY_END at the end. Returns 0 or -errno
 * @record: size of a record
 * @of_seg: it is about the segment @id, which the caller must be able to read
 * @of_area: it is about the area @id
 * @of_mm: it is about the process @id, or the caller's
 * @privileged: it is for who controls the machine
 */
struct query_op {
	int (*fill)(struct query *q);
	u32 record;
	bool of_seg;
	bool of_area;
	bool of_mm;
	bool privileged;
};

static bool full(const struct query *q)
{
	return q->nr == q->room;
}

static void fill_pte(struct query *q, u64 where, sim_pte_t pte)
{
	struct shmswap_pte *r = (struct shmswap_pte *)q->records + q->nr++;

	*r = (struct shmswap_pte) { .where = where, .pte = pte.pte };
	if (sim_pte_present(pte)) {
		r->kind = SHMSWAP_PTE_PRESENT;
		r->a = sim_pte_pfn(pte);
	} else if (sim_pte_is_shm(pte)) {
		r->kind = SHMSWAP_PTE_SHM;
		r->a = sim_pte_shm_id(pte);
		r->b = sim_pte_shm_idx(pte);
	} else {
		r->kind = SHMSWAP_PTE_SWAP;
		r->a = sim_swp_type(sim_pte_to_swp_entry(pte));
		r->b = sim_swp_offset(sim_pte_to_swp_entry(pte));
	}
}

static void fill_vma(struct query *q, const struct sim_vma *vma)
{
	struct shmswap_vma *r = (struct shmswap_vma *)q->records + q->nr++;

	*r = (struct shmswap_vma) {
		.start = vma->vm_start,
		.end = vma->vm_end,
		.pgoff = vma->vm_pgoff,
		.flags = vma->vm_flags,
		.shmid = -1,
		.pid = vma->vm_mm->pid,
		.kind = SHMSWAP_VMA_ANON,
	};
	if (vma->vm_seg) {
		r->kind = SHMSWAP_VMA_SHM;
		r->shmid = vma->vm_seg->id;
	} else if (vma->vm_mapping) {
		r->kind = SHMSWAP_VMA_FILE;
		r->ino = vma->vm_mapping->inode->i_ino;
		r->dev = huge_encode_dev(vma->vm_mapping->inode->i_sb->s_dev);
	}
}

/* An attach of anybody's: where it is may be nobody else's business. */
static void fill_sharer(struct query *q, const struct sim_vma *vma)
{
	struct shmswap_vma *r = (struct shmswap_vma *)q->records + q->nr;

	fill_vma(q, vma);
	if (!sim_live_visible(vma->vm_mm)) {
		r->end -= r->start;
		r->start = 0;
	}
}

static void fill_seg(struct query *q, struct sim_shmid *seg, unsigned long index)
{
	struct shmswap_seg *r = (struct shmswap_seg *)q->records + q->nr++;

	*r = (struct shmswap_seg) { .shmid = seg->id, .index = index };
	mutex_lock(&seg->lock);
	sim_shm_fill_ds(seg, &r->ds);
	mutex_unlock(&seg->lock);
}

static int fill_segs(struct query *q)
{
	struct sim_shmid *seg;
	unsigned long index;

	for (index = q->next; !full(q); index++) {
		seg = index < SHMSWAP_MAX_SEGMENTS ? sim_shm_next(q->m, &index) : NULL;
		if (!seg) {
			q->next = SHMSWAP_QUERY_END;
			return 0;
		}
		fill_seg(q, seg, index);
		sim_shm_put(seg);
	}
	q->next = index;
	return 0;
}

static int fill_pages(struct query *q)
{
	pgoff_t index = q->next;
	sim_pte_t *word;

	mutex_lock(&q->seg->lock);
	while (!full(q) && q->next != SHMSWAP_QUERY_END) {
		word = index < q->seg->npages ? sim_shm_next_word(q->seg, &index) : NULL;
		if (word)
			fill_pte(q, index++, *word);
		q->next = word ? index : SHMSWAP_QUERY_END;
	}
	mutex_unlock(&q->seg->lock);
	return 0;
}

static int fill_sharers(struct query *q)
{
	struct sim_vma *vma;
	u64 i;

	mutex_lock(&q->seg->lock);
	vma = q->next < q->seg->nattch ? q->seg->attaches : NULL;
	for (i = 0; vma && i < q->next; i++) {
		vma = vma->vm_next_shared;
		cond_resched();
	}
	for (; vma && !full(q); i++) {
		fill_sharer(q, vma);
		vma = vma->vm_next_shared == q->seg->attaches ? NULL : vma->vm_next_shared;
	}
	q->next = vma ? i : SHMSWAP_QUERY_END;
	mutex_unlock(&q->seg->lock);
	return 0;
}

static int fill_vmas(struct query *q)
{
	struct sim_vma *vma;

	sim_live_update(q->mm);
	if (down_read_killable(&q->mm->mmap_lock))
		return -EINTR;
	while (!full(q) && q->next != SHMSWAP_QUERY_END) {
		vma = sim_find_vma_intersection(q->mm, q->next, SHMSWAP_TASK_SIZE);
		if (vma)
			fill_vma(q, vma);
		q->next = vma ? vma->vm_end : SHMSWAP_QUERY_END;
	}
	up_read(&q->mm->mmap_lock);
	return 0;
}

static int fill_ptes(struct query *q)
{
	u64 address = PAGE_ALIGN(min(q->next, SHMSWAP_TASK_SIZE));
	sim_pte_t *ptep;

	if (down_read_killable(&q->mm->mmap_lock))
		return -EINTR;
	while (!full(q) && q->next != SHMSWAP_QUERY_END) {
		ptep = sim_pte_next(q->mm, &address, SHMSWAP_TASK_SIZE);
		if (ptep) {
			fill_pte(q, address, sim_ptep_get(ptep));
			address += PAGE_SIZE;
		}
		q->next = ptep ? address : SHMSWAP_QUERY_END;
	}
	up_read(&q->mm->mmap_lock);
	return 0;
}

static void fill_page(struct query *q, u32 pfn)
{
	struct shmswap_page *r = (struct shmswap_page *)q->records + q->nr++;
	const struct sim_page *page = sim_pfn_page(q->m, pfn);
	s64 count = atomic64_read(&page->count);

	*r = (struct shmswap_page) {
		.pfn = pfn,
		.count = count,
		.pins = count / SIM_PIN,
		.flags = page->flags,
		.age = page->age,
		.order = test_bit(SIM_PG_BUDDY, &page->flags) ? page->order : 0,
		.shmid = -1,
	};
	if (test_bit(SIM_PG_FILE, &page->flags))
		r->ino = page->mapping->inode->i_ino;
	else if (page->seg)
		r->shmid = page->seg->id;
	if (page->seg)
		r->index = page->index;
	if (test_bit(SIM_PG_SWAPCACHE, &page->flags)) {
		r->area = sim_swp_type(page->entry);
		r->slot = sim_swp_offset(page->entry);
	}
}

static int fill_mem_map(struct query *q)
{
	if (down_write_killable(&q->m->state_lock))
		return -EINTR;
	while (q->next < q->m->nr_frames && !full(q))
		fill_page(q, q->next++);
	if (q->next >= q->m->nr_frames)
		q->next = SHMSWAP_QUERY_END;
	up_write(&q->m->state_lock);
	return 0;
}

static int fill_free_area(struct query *q)
{
	struct shmswap_free *r = q->records;

	spin_lock(&q->m->free_lock);
	for (; q->next < SIM_NR_ORDERS && !full(q); q->next++) {
		r[q->nr++] = (struct shmswap_free) {
			.order = q->next,
			.nr_blocks = q->m->free_area[q->next].nr_blocks,
		};
	}
	spin_unlock(&q->m->free_lock);
	if (q->next >= SIM_NR_ORDERS)
		q->next = SHMSWAP_QUERY_END;
	return 0;
}

static void fill_area(struct query *q, const struct sim_swap_info *si)
{
	struct shmswap_area *r = (struct shmswap_area *)q->records + q->nr++;
	const struct inode *inode = si->file ? file_inode(si->file) : NULL;

	*r = (struct shmswap_area) {
		.type = si->type,
		.kind = si->kind,
		.prio = si->prio,
		.max = si->max,
		.pages = si->pages,
		.inuse = si->inuse_pages,
	};
	if (inode) {
		r->ino = inode->i_ino;
		r->dev = huge_encode_dev(S_ISBLK(inode->i_mode) ? inode->i_rdev :
					 inode->i_sb->s_dev);
	}
}

static int fill_swaps(struct query *q)
{
	mutex_lock(&q->m->swap_lock);
	for (; q->next < SHMSWAP_MAX_SWAPFILES && !full(q); q->next++) {
		if (q->m->swap_info[q->next])
			fill_area(q, q->m->swap_info[q->next]);
	}
	mutex_unlock(&q->m->swap_lock);
	if (q->next >= SHMSWAP_MAX_SWAPFILES)
		q->next = SHMSWAP_QUERY_END;
	return 0;
}

static int fill_swap_map(struct query *q)
{
	struct shmswap_slot *r = q->records;
	struct sim_swap_info *si;
	int err = 0;

	if (down_write_killable(&q->m->state_lock))
		return -EINTR;
	mutex_lock(&q->m->swap_lock);
	si = q->m->swap_info[q->id];
	if (!si)
		err = -EINVAL;
	while (!err && !full(q) && q->next != SHMSWAP_QUERY_END) {
		u32 count = sim_swap_next_used(si, &q->next);

		if (count)
			r[q->nr++] = (struct shmswap_slot) { .slot = q->next++, .count = count };
		else
			q->next = SHMSWAP_QUERY_END;
	}
	mutex_unlock(&q->m->swap_lock);
	up_write(&q->m->state_lock);
	return err;
}

static int fill_clock(struct query *q)
{
	static const u8 rotation[] = {
		SHMSWAP_RECLAIM_MMAP, SHMSWAP_RECLAIM_SHM, SHMSWAP_RECLAIM_SWAP_OUT
	};
	struct sim_machine *m = q->m;
	struct shmswap_clock *r = q->records;

	if (q->next) {
		q->next = SHMSWAP_QUERY_END;
		return 0;
	}
	if (mutex_lock_killable(&m->reclaim_lock))
		return -EINTR;
	r[q->nr++] = (struct shmswap_clock) {
		.swap_id = m->clock.swap_id,
		.swap_idx = m->clock.swap_idx,
		.swap_attempts = atomic64_read(&m->events[SIM_SWAP_ATTEMPTS]),
		.swap_successes = atomic64_read(&m->events[SIM_SWAP_SUCCESSES]),
		.mmap_hand = m->mmap_hand,
		.swap_task = m->swap_task,
		.method = rotation[m->reclaim_method],
	};
	mutex_unlock(&m->reclaim_lock);
	q->next = SHMSWAP_QUERY_END;
	return 0;
}

static void fill_proc(struct query *q, struct sim_mm *mm)
{
	struct shmswap_proc *r = (struct shmswap_proc *)q->records + q->nr++;

	*r = (struct shmswap_proc) {
		.pid = mm->pid,
		.creator = sim_mm_creator(mm),
		.rss = atomic_long_read(&mm->rss),
		.min_flt = atomic64_read(&mm->min_flt),
		.maj_flt = atomic64_read(&mm->maj_flt),
		.swap_address = sim_live_visible(mm) ? mm->swap_address : 0,
		.swap_cnt = mm->swap_cnt,
		.nr_vmas = READ_ONCE(mm->map_count),
		.flags = mm->real ? SHMSWAP_PROC_LIVE : 0,
	};
}

static int fill_procs(struct query *q)
{
	unsigned long pid = min_t(u64, q->next, U32_MAX);
	struct sim_mm *mm;

	if (mutex_lock_killable(&q->m->reclaim_lock))
		return -EINTR;
	while (!full(q) && q->next != SHMSWAP_QUERY_END) {
		mm = sim_mm_next(q->m, &pid);
		if (mm) {
			fill_proc(q, mm);
			pid++;
			sim_mm_put(mm);
		}
		q->next = mm ? pid : SHMSWAP_QUERY_END;
	}
	mutex_unlock(&q->m->reclaim_lock);
	return 0;
}

static const struct query_op ops[] = {
	[SHMSWAP_QUERY_SEGS] = { fill_segs, sizeof(struct shmswap_seg) },
	[SHMSWAP_QUERY_PAGES] = { fill_pages, sizeof(struct shmswap_pte), .of_seg = true },
	[SHMSWAP_QUERY_SHARERS] = { fill_sharers, sizeof(struct shmswap_vma), .of_seg = true },
	[SHMSWAP_QUERY_VMAS] = { fill_vmas, sizeof(struct shmswap_vma), .of_mm = true },
	[SHMSWAP_QUERY_PTES] = { fill_ptes, sizeof(struct shmswap_pte), .of_mm = true },
	[SHMSWAP_QUERY_MEM_MAP] = { fill_mem_map, sizeof(struct shmswap_page),
				    .privileged = true },
	[SHMSWAP_QUERY_FREE_AREA] = { fill_free_area, sizeof(struct shmswap_free) },
	[SHMSWAP_QUERY_SWAPS] = { fill_swaps, sizeof(struct shmswap_area) },
	[SHMSWAP_QUERY_SWAP_MAP] = { fill_swap_map, sizeof(struct shmswap_slot),
				     .of_area = true, .privileged = true },
	[SHMSWAP_QUERY_CLOCK] = { fill_clock, sizeof(struct shmswap_clock),
				  .privileged = true },
	[SHMSWAP_QUERY_PROCS] = { fill_procs, sizeof(struct shmswap_proc), .privileged = true },
};

/* Find the process; others' are for who controls the machine. */
static int prepare_mm(struct query *q, struct sim_mm *own)
{
	unsigned long pid = q->id;

	if (!q->id) {
		q->mm = own;
		refcount_inc(&own->ref);
		return 0;
	}
	if (q->id < 0)
		return -EINVAL;
	q->mm = sim_mm_next(q->m, &pid);
	if (q->mm && q->mm->pid == q->id && current->mm && q->mm->real == current->mm)
		return 0;
	if (!sim_machine_privileged(q->m))
		return -EPERM;
	if (!q->mm || q->mm->pid != q->id)
		return -ESRCH;
	return sim_live_visible(q->mm) ? 0 : -EPERM;
}

/* Find the segment, check the permissions. */
static int prepare_seg(struct query *q)
{
	bool readable;

	q->seg = sim_shm_find(q->m, q->id);
	if (!q->seg)
		return -EINVAL;
	mutex_lock(&q->seg->lock);
	readable = sim_shm_readable(q->seg);
	mutex_unlock(&q->seg->lock);
	return readable ? 0 : -EACCES;
}

static int prepare(struct query *q, const struct query_op *op, struct sim_mm *own)
{
	if (op->privileged && !sim_machine_privileged(q->m))
		return -EPERM;
	if (op->of_mm)
		return prepare_mm(q, own);
	if (op->of_seg)
		return prepare_seg(q);
	if (op->of_area)
		return q->id >= 0 && q->id < SHMSWAP_MAX_SWAPFILES ? 0 : -EINVAL;
	return q->id ? -EINVAL : 0;
}

static int run(struct query *q, const struct query_op *op, struct shmswap_query *arg)
{
	void __user *buf = u64_to_user_ptr(arg->buf);
	u32 done = 0;
	int err = 0;

	while (!err && done < arg->count && q->next != SHMSWAP_QUERY_END) {
		q->nr = 0;
		q->room = min_t(u32, arg->count - done, PAGE_SIZE / op->record);
		err = fatal_signal_pending(current) ? -EINTR : op->fill(q);
		if (!err && copy_to_user(buf + (size_t)done * op->record, q->records,
					 q->nr * op->record))
			err = -EFAULT;
		done += q->nr;
		cond_resched();
	}
	arg->out_count = done;
	arg->out_next = q->next;
	return err;
}

/**
 * sim_query_needs_process() - is a query about the caller's own process?
 * @arg: query
 *
 * Context: any.
 * Return: true if sim_query() wants it.
 */
bool sim_query_needs_process(const struct shmswap_query *arg)
{
	return !arg->id && arg->what < ARRAY_SIZE(ops) &&
	       ops[array_index_nospec(arg->what, ARRAY_SIZE(ops))].of_mm;
}

/**
 * sim_query() - read records
 * @m: machine
 * @mm: process that asks; NULL will do unless sim_query_needs_process()
 * @arg: see there
 *
 * Context: sleeps; no lock held.
 * Return: 0 or as struct shmswap_query says.
 */
int sim_query(struct sim_machine *m, struct sim_mm *mm, struct shmswap_query *arg)
{
	struct query q = {
		.m = m,
		.id = arg->id,
		.next = arg->start,
	};
	const struct query_op *op;
	int err;

	if (arg->what >= ARRAY_SIZE(ops) || arg->reserved)
		return -EINVAL;
	op = &ops[array_index_nospec(arg->what, ARRAY_SIZE(ops))];
	err = prepare(&q, op, mm);
	if (!err) {
		q.records = kmalloc(PAGE_SIZE, GFP_KERNEL);
		err = q.records ? run(&q, op, arg) : -ENOMEM;
		kfree(q.records);
	}
	if (q.seg)
		sim_shm_put(q.seg);
	if (q.mm)
		sim_mm_put(q.mm);
	return err;
}
