// SPDX-License-Identifier: GPL-2.0
/*
 * Regions: mmap(2), munmap(2), mprotect(2), msync(2), mlock(2) and munlock(2).
 */
#include <linux/capability.h>
#include <linux/err.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/mman.h>
#include <linux/sched/signal.h>

#include "sim.h"

#define MMAP_FLAGS	(MAP_TYPE | MAP_ANONYMOUS | MAP_FIXED | MAP_FIXED_NOREPLACE | \
			 MAP_NORESERVE | SHMSWAP_MAP_RESERVED)
#define PROT_FLAGS	(PROT_READ | PROT_WRITE | PROT_EXEC)

/**
 * struct span - addresses that a call is about
 * @mm: process
 * @start: first address
 * @end: first address behind it
 */
struct span {
	struct sim_mm *mm;
	u64 start;
	u64 end;
};

/* Check what the caller wants; the length is rounded up to pages. */
static int make_span(struct span *r, struct sim_mm *mm, u64 addr, u64 len)
{
	if (!PAGE_ALIGNED(addr) || addr > SHMSWAP_TASK_SIZE || len > SHMSWAP_TASK_SIZE - addr)
		return -EINVAL;
	r->mm = mm;
	r->start = addr;
	r->end = addr + PAGE_ALIGN(len);
	return 0;
}

/* As make_span(), for calls that take any address. */
static int make_page_span(struct span *r, struct sim_mm *mm, u64 addr, u64 len)
{
	if (len > SHMSWAP_TASK_SIZE)
		return -EINVAL;
	return make_span(r, mm, addr & PAGE_MASK, len + offset_in_page(addr));
}

static u32 prot_to_vm_flags(u32 prot)
{
	return (prot & PROT_READ ? SHMSWAP_VM_READ : 0) |
	       (prot & PROT_WRITE ? SHMSWAP_VM_WRITE : 0) |
	       (prot & PROT_EXEC ? SHMSWAP_VM_EXEC : 0);
}

/* -------------------------------------------------------------------- mmap */

static int check_mmap(const struct shmswap_mmap *arg)
{
	u32 type = arg->flags & MAP_TYPE;

	if ((arg->prot & ~PROT_FLAGS) || (arg->flags & ~MMAP_FLAGS))
		return -EINVAL;
	if (type != MAP_SHARED && type != MAP_PRIVATE)
		return -EINVAL;
	if (!arg->len || arg->len > SHMSWAP_TASK_SIZE || !PAGE_ALIGNED(arg->offset))
		return -EINVAL;
	if ((arg->flags & (MAP_FIXED | MAP_FIXED_NOREPLACE)) &&
	    (!PAGE_ALIGNED(arg->addr) ||
	     arg->addr > SHMSWAP_TASK_SIZE - PAGE_ALIGN(arg->len)))
		return -EINVAL;
	if (arg->flags & MAP_ANONYMOUS) {
		if (arg->fd != -1 || arg->offset)
			return -EINVAL;
	} else if (arg->offset + arg->len < arg->len ||
		   (arg->offset + arg->len - 1) >> PAGE_SHIFT > U32_MAX) {
		return -EOVERFLOW;
	}
	if ((arg->flags & SHMSWAP_MAP_RESERVED) &&
	    (!(arg->flags & MAP_ANONYMOUS) || type != MAP_PRIVATE))
		return -EINVAL;
	return 0;
}

/* Find room for a region; without MAP_FIXED the address is only a hint. */
static int find_room(struct sim_mm *mm, const struct shmswap_mmap *arg, u64 *address)
{
	u64 len = PAGE_ALIGN(arg->len);
	u64 hint = arg->addr & PAGE_MASK;

	if (arg->flags & (MAP_FIXED | MAP_FIXED_NOREPLACE)) {
		*address = arg->addr;
		if ((arg->flags & MAP_FIXED_NOREPLACE) &&
		    sim_find_vma_intersection(mm, arg->addr, arg->addr + len))
			return -EEXIST;
		return 0;
	}
	if (hint && hint <= SHMSWAP_TASK_SIZE - len &&
	    !sim_find_vma_intersection(mm, hint, hint + len)) {
		*address = hint;
		return 0;
	}
	*address = sim_get_unmapped_area(mm, len);
	return *address ? 0 : -ENOMEM;
}

/**
 * struct backing - what a region is of
 * @vm_flags: flags of the region
 * @seg: segment, kept from being destroyed, with a reference; or NULL
 * @mapping: file, with a reference; or NULL
 */
struct backing {
	u32 vm_flags;
	struct sim_shmid *seg;
	struct sim_mapping *mapping;
};

static int get_file_backing(struct sim_machine *m, const struct shmswap_mmap *arg,
			    struct backing *b)
{
	bool shared = b->vm_flags & SHMSWAP_VM_SHARED;
	struct sim_mapping *mapping;
	struct file *file;
	bool write;

	file = fget(arg->fd);
	if (!file)
		return -EBADF;
	write = shared && (file->f_mode & FMODE_WRITE);
	if (!shared || write)
		b->vm_flags |= SHMSWAP_VM_MAYWRITE;
	if (shared && !write && (arg->prot & PROT_WRITE))
		mapping = ERR_PTR(-EACCES);
	else
		mapping = sim_mapping_get(m, file, write);
	fput(file);
	if (IS_ERR(mapping))
		return PTR_ERR(mapping);
	b->mapping = mapping;
	return 0;
}

static int get_backing(struct sim_machine *m, const struct shmswap_mmap *arg, struct backing *b)
{
	*b = (struct backing) { .vm_flags = prot_to_vm_flags(arg->prot) };
	if ((arg->flags & MAP_TYPE) == MAP_SHARED)
		b->vm_flags |= SHMSWAP_VM_SHARED;
	if (!(arg->flags & MAP_ANONYMOUS))
		return get_file_backing(m, arg, b);
	b->vm_flags |= SHMSWAP_VM_MAYWRITE;
	if (arg->flags & SHMSWAP_MAP_RESERVED) {
		if (!sim_machine_privileged(m))
			return -EPERM;
		b->vm_flags |= SHMSWAP_VM_RESERVED;
	}
	if (b->vm_flags & SHMSWAP_VM_SHARED) {
		struct sim_shmid *seg = sim_shm_create_anonymous(m, PAGE_ALIGN(arg->len));

		if (IS_ERR(seg))
			return PTR_ERR(seg);
		b->seg = seg;
	}
	return 0;
}

static void put_backing(struct backing *b)
{
	if (b->seg) {
		sim_shm_end_attach(b->seg);
		sim_shm_put(b->seg);
	}
	if (b->mapping)
		sim_mapping_put(b->mapping);
}

static int map_region(struct sim_mm *mm, const struct shmswap_mmap *arg, const struct backing *b,
		      u64 *address, struct list_head *removed)
{
	struct sim_vma *vma;
	int err;

	err = find_room(mm, arg, address);
	if (err)
		return err;
	vma = sim_vma_alloc(mm, *address, PAGE_ALIGN(arg->len));
	if (!vma)
		return -ENOMEM;
	vma->vm_flags = b->vm_flags;
	vma->vm_pgoff = arg->offset >> PAGE_SHIFT;
	if (b->seg)
		sim_vma_set_segment(vma, b->seg);
	else if (b->mapping)
		sim_vma_set_mapping(vma, b->mapping);
	else
		vma->vm_ops = &sim_anon_vm_ops;
	err = sim_insert_vma(vma, removed);
	if (err)
		sim_vma_free(vma);
	else
		sim_merge_vmas(mm, vma->vm_start, vma->vm_end);
	return err;
}

/**
 * sim_mmap() - mmap(2)
 * @mm: process
 * @arg: see there
 *
 * Nothing is mapped until it is accessed.
 *
 * Context: sleeps; no lock held.
 * Return: 0 or as struct shmswap_mmap says; -EINTR.
 */
int sim_mmap(struct sim_mm *mm, struct shmswap_mmap *arg)
{
	LIST_HEAD(removed);
	struct backing b;
	u64 address;
	int err;

	err = check_mmap(arg);
	if (err)
		return err;
	err = get_backing(mm->m, arg, &b);
	if (err)
		return err;
	err = down_write_killable(&mm->mmap_lock);
	if (!err) {
		err = map_region(mm, arg, &b, &address, &removed);
		up_write(&mm->mmap_lock);
	}
	sim_free_vmas(&removed);
	put_backing(&b);
	if (!err)
		arg->out_addr = address;
	return err;
}

/**
 * sim_do_munmap() - munmap(2)
 * @mm: process
 * @arg: see there
 *
 * Context: sleeps; no lock held.
 * Return: 0 or as struct shmswap_munmap says; -EINTR.
 */
int sim_do_munmap(struct sim_mm *mm, const struct shmswap_munmap *arg)
{
	LIST_HEAD(removed);
	struct span r;
	int err;

	if (arg->flags || !arg->len)
		return -EINVAL;
	err = make_span(&r, mm, arg->addr, arg->len);
	if (err)
		return err;
	if (down_write_killable(&mm->mmap_lock))
		return -EINTR;
	err = sim_munmap(mm, r.start, r.end, &removed);
	up_write(&mm->mmap_lock);
	sim_free_vmas(&removed);
	return err;
}

/* ------------------------------------------------------- changes of regions */

/* Do regions cover all of the range, and may each get these flags? */
static int check_range(const struct span *r, u32 set)
{
	u64 address = r->start;
	struct sim_vma *vma;

	while (address < r->end) {
		vma = sim_find_vma(r->mm, address);
		if (!vma)
			return -ENOMEM;
		if ((set & SHMSWAP_VM_WRITE) && !(vma->vm_flags & SHMSWAP_VM_MAYWRITE))
			return -EACCES;
		address = vma->vm_end;
	}
	return 0;
}

/* Let regions begin at both ends of the range. */
static int split_at_ends(const struct span *r)
{
	u64 ends[] = { r->start, r->end };
	struct sim_vma *vma;
	int i, err = 0;

	for (i = 0; i < 2 && !err; i++) {
		vma = sim_find_vma(r->mm, ends[i]);
		if (vma && vma->vm_start < ends[i])
			err = sim_split_vma(vma, ends[i]);
	}
	return err;
}

static void change_region(struct sim_vma *vma, u32 clear, u32 set)
{
	u32 old = vma->vm_flags;
	u64 pages = (vma->vm_end - vma->vm_start) >> PAGE_SHIFT;

	vma->vm_flags = (old & ~clear) | set;
	if ((old ^ vma->vm_flags) & SHMSWAP_VM_LOCKED)
		vma->vm_mm->locked_vm += old & SHMSWAP_VM_LOCKED ? -pages : pages;
	if ((old ^ vma->vm_flags) & (SHMSWAP_VM_READ | SHMSWAP_VM_WRITE | SHMSWAP_VM_EXEC))
		sim_change_protection(vma);
}

/* Change the flags of all regions in the range, or of none. */
static int change_range(const struct span *r, u32 clear, u32 set)
{
	struct sim_vma *vma;
	u64 address;
	int err;

	lockdep_assert_held_write(&r->mm->mmap_lock);
	err = check_range(r, set);
	if (err)
		return err;
	err = split_at_ends(r);
	for (address = r->start; !err && address < r->end; address = vma->vm_end) {
		vma = sim_find_vma(r->mm, address);
		change_region(vma, clear, set);
	}
	sim_merge_vmas(r->mm, r->start, r->end);
	return err;
}

/**
 * sim_mprotect() - mprotect(2)
 * @mm: process
 * @arg: see there
 *
 * Context: may sleep; no lock held.
 * Return: 0 or as struct shmswap_mprotect says; -EINTR.
 */
int sim_mprotect(struct sim_mm *mm, const struct shmswap_mprotect *arg)
{
	struct span r;
	int err;

	if (arg->prot & ~PROT_FLAGS)
		return -EINVAL;
	err = make_span(&r, mm, arg->addr, arg->len);
	if (err || r.start == r.end)
		return err;
	if (down_write_killable(&mm->mmap_lock))
		return -EINTR;
	err = change_range(&r, SHMSWAP_VM_READ | SHMSWAP_VM_WRITE | SHMSWAP_VM_EXEC,
			   prot_to_vm_flags(arg->prot));
	up_write(&mm->mmap_lock);
	return err;
}

/* How many more pages would be locked. */
static unsigned long not_yet_locked(const struct span *r)
{
	unsigned long pages = 0;
	u64 address = r->start;
	struct sim_vma *vma;

	while ((vma = sim_find_vma_intersection(r->mm, address, r->end))) {
		if (!(vma->vm_flags & SHMSWAP_VM_LOCKED))
			pages += (min(vma->vm_end, r->end) - max(vma->vm_start, r->start)) >>
				 PAGE_SHIFT;
		address = vma->vm_end;
	}
	return pages;
}

static int lock_range(const struct span *r)
{
	unsigned long pages = not_yet_locked(r);
	int err;

	err = sim_mm_charge_locked(r->mm, pages);
	if (err)
		return err;
	err = change_range(r, 0, SHMSWAP_VM_LOCKED);
	if (err)
		sim_mm_uncharge_locked(r->mm, pages);
	return err;
}

static int unlock_range(const struct span *r)
{
	unsigned long pages = r->mm->locked_vm;
	int err = change_range(r, SHMSWAP_VM_LOCKED, 0);

	if (!err)
		sim_mm_uncharge_locked(r->mm, pages - r->mm->locked_vm);
	return err;
}

static int set_locked(const struct span *r, bool lock)
{
	int err;

	if (down_write_killable(&r->mm->mmap_lock))
		return -EINTR;
	err = lock ? lock_range(r) : unlock_range(r);
	up_write(&r->mm->mmap_lock);
	return err;
}

/* With a store where one would copy the page, so that it need not be done later. */
static bool populate_writes(const struct sim_vma *vma)
{
	if (!(vma->vm_flags & SHMSWAP_VM_WRITE))
		return false;
	return !(vma->vm_flags & SHMSWAP_VM_SHARED) || !(vma->vm_flags & SHMSWAP_VM_READ);
}

/* Bring the pages in. */
static int populate(const struct span *r)
{
	struct sim_vma *vma;
	u64 address;
	int err = 0;

	for (address = r->start; address < r->end && !err; address += PAGE_SIZE) {
		struct sim_fault f = { .m = r->mm->m, .mm = r->mm, .address = address };

		if (down_read_killable(&r->mm->mmap_lock))
			return -EINTR;
		f.locked = true;
		vma = sim_find_vma(r->mm, address);
		f.write = vma && populate_writes(vma);
		err = sim_handle_mm_fault(&f);
		sim_fault_finish(&f);
		cond_resched();
	}
	return err;
}

/**
 * sim_mlock() - mlock(2)
 * @mm: process
 * @arg: see there
 *
 * Context: sleeps; no lock held.
 * Return: 0 or as struct shmswap_mlock says; -EINTR.
 */
int sim_mlock(struct sim_mm *mm, const struct shmswap_mlock *arg)
{
	struct span r;
	int err = arg->flags ? -EINVAL : make_page_span(&r, mm, arg->addr, arg->len);

	if (!err && !rlimit(RLIMIT_MEMLOCK) && !capable(CAP_IPC_LOCK))
		err = -EPERM;
	if (!err)
		err = set_locked(&r, true);
	return err ?: populate(&r);
}

/**
 * sim_munlock() - munlock(2)
 * @mm: process
 * @arg: see there
 *
 * Context: may sleep; no lock held.
 * Return: 0 or as struct shmswap_munlock says; -EINTR.
 */
int sim_munlock(struct sim_mm *mm, const struct shmswap_munlock *arg)
{
	struct span r;
	int err = arg->flags ? -EINVAL : make_page_span(&r, mm, arg->addr, arg->len);

	return err ?: set_locked(&r, false);
}

/* ------------------------------------------------------------------- msync */

/* Pass what is dirty in a region on to its file, which is returned. */
static struct sim_mapping *clean_region(struct sim_vma *vma, const struct span *r)
{
	if (!vma->vm_ops->swapout || !(vma->vm_flags & SHMSWAP_VM_MAYWRITE))
		return NULL;
	sim_clean_ptes(vma, max(vma->vm_start, r->start), min(vma->vm_end, r->end));
	refcount_inc(&vma->vm_mapping->ref);
	return vma->vm_mapping;
}

/* Write what the first region in the range changed; the range shrinks by it. */
static int sync_region(struct span *r)
{
	struct sim_mapping *mapping = NULL;
	struct sim_vma *vma;
	int err = 0;

	if (down_write_killable(&r->mm->mmap_lock))
		return -EINTR;
	vma = sim_find_vma(r->mm, r->start);
	if (vma) {
		mapping = clean_region(vma, r);
		r->start = vma->vm_end;
	}
	up_write(&r->mm->mmap_lock);
	if (mapping) {
		err = sim_mapping_sync(mapping);
		sim_mapping_put(mapping);
	}
	return vma ? err : -ENOMEM;
}

/**
 * sim_msync() - msync(2) with MS_SYNC
 * @mm: process
 * @arg: see there
 *
 * Context: sleeps; no lock held.
 * Return: 0 or as struct shmswap_msync says; -EINTR.
 */
int sim_msync(struct sim_mm *mm, const struct shmswap_msync *arg)
{
	struct span r;
	int err;

	if (arg->flags)
		return -EINVAL;
	err = make_span(&r, mm, arg->addr, arg->len);
	while (!err && r.start < r.end)
		err = fatal_signal_pending(current) ? -EINTR : sync_region(&r);
	return err;
}
