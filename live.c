// SPDX-License-Identifier: GPL-2.0
/*
 * Attaches that are really mapped, into real processes: the processor's own MMU
 * is the machine's TLB there.
 *
 * The real vma is the attach. It is a mapping of its segment's file, and it has a
 * twin, a struct sim_vma that is made, split and removed along with it by what
 * the kernel tells us of it. So fork, exit, partial unmapping and all else that a
 * program can do come out as with the kernel's own shared memory.
 *
 * The invariant that the rest of the machine relies on: a real PTE exists only
 * while the shadow PTE is present and young, and, if it allows stores, dirty. So
 * to make a PTE old or clean is also to zap the real one, and whoever uses the page
 * again faults. A fault returns with the lock of the struct page held, which the
 * kernel drops when the real PTE is in; who zaps takes that lock first.
 *
 * A fault can happen under mmap_lock and any other lock of the kernel, so what serves
 * it takes no lock of a file system, and can be killed: see page_in_unlocked() and
 * read_remotely().
 */
#include <linux/cacheflush.h>
#include <linux/capability.h>
#include <linux/cred.h>
#include <linux/err.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/mm.h>
#include <linux/mman.h>
#include <linux/module.h>
#include <linux/mount.h>
#include <linux/pagemap.h>
#include <linux/pseudo_fs.h>
#include <linux/rbtree.h>
#include <linux/sched.h>
#include <linux/sched/coredump.h>
#include <linux/sched/mm.h>
#include <linux/slab.h>
#include <linux/user_namespace.h>
#include <uapi/linux/shm.h>

#include "compat.h"
#include "sim.h"

#define LIVE_FS_MAGIC	0x53484d53	/* "SHMS" */

/* ------------------------------------------------- processes by address space */

/* The process that @real is on a machine, with a reference, or NULL. */
static struct sim_mm *find_live(struct sim_machine *m, const struct mm_struct *real)
{
	struct sim_mm *found = NULL;
	struct rb_node *node;

	spin_lock(&m->live_lock);
	node = m->live.rb_node;
	while (node && !found) {
		struct sim_mm *mm = rb_entry(node, struct sim_mm, live);

		if (mm->real == real)
			found = mm;
		node = real < mm->real ? node->rb_left : node->rb_right;
	}
	if (found)
		refcount_inc(&found->ref);
	spin_unlock(&m->live_lock);
	return found;
}

static bool live_less(struct rb_node *a, const struct rb_node *b)
{
	return rb_entry(a, struct sim_mm, live)->real < rb_entry(b, struct sim_mm, live)->real;
}

/*
 * As find_live(), but make it one if it is none: real processes become processes
 * of the machine with their first attach, by shmat(2) or by fork(2). mmap_lock of
 * @real, held for writing, keeps it from becoming one twice.
 */
static struct sim_mm *get_live(struct sim_machine *m, struct mm_struct *real, bool forked)
{
	struct sim_mm *mm = find_live(m, real);

	mmap_assert_write_locked(real);
	if (mm)
		return mm;
	mm = sim_mm_create_live(m, real, forked);
	if (IS_ERR(mm))
		return mm;
	refcount_inc(&mm->ref);
	spin_lock(&m->live_lock);
	rb_add(&mm->live, &m->live, live_less);
	spin_unlock(&m->live_lock);
	return mm;
}

/* Drop a reference; without an attach it is no process of the machine any more. */
static void put_live(struct sim_mm *mm)
{
	struct sim_machine *m = mm->m;

	if (!READ_ONCE(mm->map_count)) {
		spin_lock(&m->live_lock);
		rb_erase(&mm->live, &m->live);
		spin_unlock(&m->live_lock);
		sim_mm_exit_live(mm);
	}
	sim_mm_put(mm);
}

/**
 * sim_live_visible_to() - may a user know where a process has what?
 * @mm: process
 * @uid: user without capabilities
 *
 * Context: any.
 * Return: as sim_live_visible().
 */
bool sim_live_visible_to(const struct sim_mm *mm, kuid_t uid)
{
	return !mm->real || (uid_eq(mm->uid, uid) &&
			     __get_dumpable(mm->real->flags) == SUID_DUMP_USER);
}

/**
 * sim_live_visible() - may the caller know where a process has what?
 * @mm: process
 *
 * The addresses of a real process are for itself and for who could trace it.
 *
 * Context: any.
 * Return: true if so, and always for scripted processes.
 */
bool sim_live_visible(const struct sim_mm *mm)
{
	return (mm->real && mm->real == current->mm) ||
	       ns_capable_noaudit(&init_user_ns, CAP_SYS_PTRACE) ||
	       sim_live_visible_to(mm, current_euid());
}

/**
 * sim_live_pid() - which process of a machine the caller itself is
 * @m: machine
 *
 * Context: any.
 * Return: its number; 0 if it has nothing really mapped.
 */
u32 sim_live_pid(struct sim_machine *m)
{
	struct sim_mm *mm = current->mm ? find_live(m, current->mm) : NULL;
	u32 pid = mm ? mm->pid : 0;

	if (mm)
		sim_mm_put(mm);
	return pid;
}

/* ------------------------------------------------------------------- the twins */

/* What the real area allows. */
static u32 twin_flags(const struct vm_area_struct *vma)
{
	return (vma->vm_flags & VM_READ ? SHMSWAP_VM_READ : 0) |
	       (vma->vm_flags & VM_WRITE ? SHMSWAP_VM_WRITE : 0) |
	       (vma->vm_flags & VM_EXEC ? SHMSWAP_VM_EXEC : 0) |
	       (vma->vm_flags & VM_MAYWRITE ? SHMSWAP_VM_MAYWRITE : 0) | SHMSWAP_VM_SHARED;
}

/* mprotect(2) may change it, and tells us nothing. */
static void update_flags(struct sim_vma *twin, const struct vm_area_struct *vma)
{
	u32 flags = twin_flags(vma);

	if (twin->vm_flags != flags)
		WRITE_ONCE(twin->vm_flags, flags);
}

/**
 * sim_live_update() - learn what mprotect(2) did to a process
 * @mm: process; nothing is done unless it is a real one
 *
 * Context: sleeps; no lock held.
 */
void sim_live_update(struct sim_mm *mm)
{
	struct mm_struct *real = mm->real;
	struct vm_area_struct *vma;
	struct sim_vma *twin;
	u64 next = 0;

	if (!real || !mmget_not_zero(real))
		return;
	if (!mmap_read_lock_killable(real)) {
		down_read(&mm->mmap_lock);
		while ((twin = sim_find_vma_intersection(mm, next, SHMSWAP_TASK_SIZE))) {
			vma = find_vma(real, twin->vm_start);
			if (vma && vma->vm_private_data == twin)
				update_flags(twin, vma);
			next = twin->vm_end;
		}
		up_read(&mm->mmap_lock);
		mmap_read_unlock(real);
	}
	mmput(real);
}

/* --------------------------------------------------------------------- faults */

/* Futexes find each other by these, whatever addresses they are used at. */
static void set_mapping(struct sim_shmid *seg, struct sim_page *page)
{
	if (page->page->mapping)
		return;
	page->page->index = page->index;
	WRITE_ONCE(page->page->mapping, seg->inode->i_mapping);
	set_bit(SIM_PG_LIVE, &page->flags);
	seg->nr_shown++;
}

/*
 * Make the page present and young in the shadow tables, and lock its memory. What
 * the area allows was checked by the kernel. The memory is returned in @pagep, with
 * a reference, and also if its lock is to be waited for.
 */
static int make_present(struct sim_vma *vma, struct sim_fault *f, sim_pte_t *ptep,
			struct page **pagep)
{
	sim_pte_t pte = sim_ptep_get(ptep);
	struct sim_page *page;

	lockdep_assert_held(&vma->vm_seg->lock);
	if (!sim_pte_present(pte)) {
		int need = vma->vm_ops->nopage(vma, f, ptep);

		if (need)
			return need;
		f->hit = false;
		pte = sim_ptep_get(ptep);
	}
	page = sim_pfn_page(f->m, sim_pte_pfn(pte));
	/* The kernel's own answer is for pages of its own. */
	if (PageHWPoison(page->page))
		return -EHWPOISON;
	*pagep = page->page;
	get_page(page->page);
	if (!trylock_page(page->page))
		return SIM_FAULT_MEMORY;
	set_mapping(vma->vm_seg, page);
	/* The kernel may have filled it. */
	if (!f->hit)
		flush_dcache_page(page->page);
	/* A store needs no other fault, so any page that is really mapped may be dirty. */
	pte = sim_pte_modify(sim_pte_mkdirty(sim_pte_mkyoung(pte)), vma->vm_flags);
	sim_ptep_replace(vma, f->address, ptep, pte, SHMSWAP_PTE_ACCESS);
	f->pfn = sim_page_pfn(f->m, page);
	return SIM_FAULT_DONE;
}

static int fault_once(struct sim_vma *vma, struct sim_fault *f, struct page **pagep)
{
	int need = -ENOMEM;
	sim_pte_t *ptep;

	down_read(&f->m->state_lock);
	ptep = sim_pte_alloc(f->mm, f->address);
	if (ptep) {
		mutex_lock(&vma->vm_seg->lock);
		need = make_present(vma, f, ptep, pagep);
		mutex_unlock(&vma->vm_seg->lock);
	}
	up_read(&f->m->state_lock);
	return need;
}

/**
 * struct remote_read - a read that somebody else does
 * @work: the work
 * @ref: the worker and the one that waits hold one each
 * @done: it is over
 * @f: the fault that needs it; its owner is whoever drops @ref last
 * @err: what came of it
 */
struct remote_read {
	struct work_struct work;
	refcount_t ref;
	struct completion done;
	struct sim_fault f;
	int err;
};

static void put_read(struct remote_read *read)
{
	struct sim_machine *m = read->f.m;

	if (!refcount_dec_and_test(&read->ref))
		return;
	sim_fault_finish(&read->f);
	kfree(read);
	sim_machine_put_later(m);
}

static void remote_read(struct work_struct *work)
{
	struct remote_read *read = container_of(work, struct remote_read, work);

	read->err = sim_fault_prepare(&read->f, SIM_FAULT_READ);
	complete(&read->done);
	put_read(read);
}

/* Hand what a fault holds over from @from to @to. */
static void move_fault(struct sim_fault *to, struct sim_fault *from)
{
	*to = *from;
	from->page = NULL;
	from->frame = NULL;
	from->seg = NULL;
	from->mapping = NULL;
}

/*
 * Let a worker read, and wait. Who is killed meanwhile gives the locks back that the
 * worker may be waiting for.
 */
static int read_remotely(struct sim_fault *f)
{
	struct remote_read *read = kzalloc(sizeof(*read), GFP_KERNEL_ACCOUNT | __GFP_NOFAIL);
	int err = -EINTR;

	INIT_WORK(&read->work, remote_read);
	refcount_set(&read->ref, 2);
	init_completion(&read->done);
	move_fault(&read->f, f);
	sim_machine_get(f->m);
	queue_work(sim_read_workqueue, &read->work);
	if (!wait_for_completion_killable(&read->done)) {
		err = read->err;
		move_fault(f, &read->f);
	}
	put_read(read);
	return err;
}

/*
 * Get what the handler needs. A fault can happen under any lock, also under that
 * of an inode, so if reading takes such locks somebody else reads.
 */
static int prepare(struct sim_fault *f, int need)
{
	if (need == SIM_FAULT_READ && sim_swap_locks_inode(f->m, f->entry))
		return read_remotely(f);
	return sim_fault_prepare(f, need);
}

/* Nobody's attach keeps the segment: it may be gone. */
static int make_resident(struct sim_shmid *seg, struct sim_fault *f, pgoff_t index)
{
	struct sim_page *page;
	int need = -EIDRM;

	down_read(&seg->m->state_lock);
	mutex_lock(&seg->lock);
	if (!seg->removed)
		need = sim_shm_getpage(seg, index, f, &page);
	if (!need) {
		sim_count_fault(f);
		sim_event(fault, f, seg, index, page, 0);
	}
	mutex_unlock(&seg->lock);
	up_read(&seg->m->state_lock);
	return need;
}

/*
 * Bring the page in without mmap_lock, which the process's other threads may want
 * meanwhile, and let the fault be done again. The file keeps the segment, the machine
 * and this module until we have returned.
 */
static vm_fault_t page_in_unlocked(struct vm_fault *vmf, struct sim_fault *f, int need)
{
	struct file *file = get_file(vmf->vma->vm_file);
	struct sim_mm *mm = f->mm;
	pgoff_t index = vmf->pgoff;

	refcount_inc(&mm->ref);
	mmap_read_unlock(mm->real);
	/* From user mode, so without any other lock of the kernel. */
	while (need > 0)
		need = sim_fault_prepare(f, need) ?: make_resident(file->private_data, f, index);
	/* What failed fails again, and is reported, with the lock held. */
	sim_fault_finish(f);
	sim_mm_put(mm);
	fput(file);
	return VM_FAULT_RETRY | (f->swapped_in ? VM_FAULT_MAJOR : 0);
}

/* Wait for the memory's lock: somebody is just mapping it, too. */
static int wait_for_memory(struct page *page)
{
	int err = folio_wait_locked_killable(page_folio(page));

	put_page(page);
	return err;
}

/*
 * True if a fault had better be served without mmap_lock, and may be. Not if the
 * kernel itself wants the page: it may forget that it asked before, and if the page
 * cannot be read would never hear of that.
 */
static bool may_unlock(const struct vm_fault *vmf, int need)
{
	return (need == SIM_FAULT_READ || need == SIM_FAULT_WAIT) &&
	       (vmf->flags & FAULT_FLAG_USER) && fault_flag_allow_retry_first(vmf->flags);
}

/* Serve a fault; the memory is in vmf->page then, locked. */
static vm_fault_t serve(struct vm_fault *vmf, struct sim_vma *vma, struct sim_fault *f)
{
	struct page *page;
	int need;

	while ((need = fault_once(vma, f, &page)) > 0) {
		if (may_unlock(vmf, need))
			return page_in_unlocked(vmf, f, need);
		need = need == SIM_FAULT_MEMORY ? wait_for_memory(page) : prepare(f, need);
		if (need)
			break;
	}
	sim_fault_finish(f);
	if (need) {
		sim_event(fault, f, vma->vm_seg, vmf->pgoff, NULL, need);
		return need == -EHWPOISON ? VM_FAULT_HWPOISON : VM_FAULT_SIGBUS;
	}
	/* The first attempt at a fault, without the lock, counted it. */
	if (f->major || !(f->hit || (vmf->flags & FAULT_FLAG_TRIED))) {
		sim_count_fault(f);
		sim_event(fault, f, vma->vm_seg, vmf->pgoff, sim_pfn_page(f->m, f->pfn), 0);
	}
	vmf->page = page;
	return VM_FAULT_LOCKED | (f->swapped_in ? VM_FAULT_MAJOR : 0);
}

static vm_fault_t live_fault(struct vm_fault *vmf)
{
	struct sim_vma *vma = vmf->vma->vm_private_data;
	struct sim_fault f = {
		.m = vma->vm_mm->m,
		.mm = vma->vm_mm,
		.address = vmf->address & PAGE_MASK,
		.write = vmf->flags & FAULT_FLAG_WRITE,
		.hit = true,
	};

	if (vmf->pgoff >= vma->vm_seg->npages)
		return VM_FAULT_SIGBUS;
	update_flags(vma, vmf->vma);
	/* fork(2) told us of the process before it had a number. */
	if (unlikely(!vma->vm_mm->self) && current->mm == vma->vm_mm->real)
		sim_mm_name(vma->vm_mm);
	return serve(vmf, vma, &f);
}

/* ---------------------------------------------- what becomes of the real vmas */

/* A real vma was split, or moved (its old self will be closed), or inherited. */
static void live_open(struct vm_area_struct *vma)
{
	struct sim_vma *origin = vma->vm_private_data;
	struct sim_mm *mm = get_live(origin->vm_mm->m, vma->vm_mm, true);
	struct sim_vma *twin = sim_vma_dup(origin, mm, GFP_KERNEL_ACCOUNT | __GFP_NOFAIL);
	bool split = mm == origin->vm_mm && vma->vm_start >= origin->vm_start &&
		     vma->vm_end <= origin->vm_end;

	twin->vm_start = vma->vm_start;
	twin->vm_end = vma->vm_end;
	twin->vm_pgoff = vma->vm_pgoff;
	twin->vm_flags = twin_flags(vma);
	twin->origin = origin;
	vma->vm_private_data = twin;
	down_write(&mm->mmap_lock);
	sim_link_vma(twin);
	sim_shm_attach(twin, split ? origin : NULL);
	up_write(&mm->mmap_lock);
	put_live(mm);
}

/* A real vma is gone, and so are its PTEs; one that is empty was never there. */
static void live_close(struct vm_area_struct *vma)
{
	struct sim_vma *twin = vma->vm_private_data;
	struct sim_mm *mm = twin->vm_mm;

	refcount_inc(&mm->ref);
	down_write(&mm->mmap_lock);
	if (vma->vm_start == vma->vm_end)
		sim_rejoin_vma(twin->origin, twin);
	else
		sim_unlink_vma(twin);
	up_write(&mm->mmap_lock);
	put_live(mm);
}

/*
 * The kernel moved the real PTEs. The shadow ones are not moved along: they go with
 * the old area. So the real ones go, too, and each page is faulted in once more.
 */
static int live_mremap(struct vm_area_struct *vma)
{
	unmap_mapping_pages(vma->vm_file->f_mapping, vma->vm_pgoff, vma_pages(vma), false);
	return 0;
}

static const struct vm_operations_struct live_vm_ops = {
	.open = live_open,
	.close = live_close,
	.mremap = live_mremap,
	.fault = live_fault,
};

/* Add the first twin of a real vma. */
static int add_twin(struct sim_mm *mm, struct sim_shmid *seg, struct vm_area_struct *vma)
{
	struct sim_vma *twin = sim_vma_alloc(mm, vma->vm_start, vma->vm_end - vma->vm_start);

	if (!twin)
		return -ENOMEM;
	twin->vm_pgoff = vma->vm_pgoff;
	twin->vm_flags = twin_flags(vma);
	sim_vma_set_segment(twin, seg);
	vma->vm_private_data = twin;
	vma->vm_ops = &live_vm_ops;
	/* Two twins never become one, nor does one grow, without our hearing of it. */
	sim_vm_flags_set(vma, VM_DONTEXPAND);
	down_write(&mm->mmap_lock);
	sim_link_vma(twin);
	sim_shm_attach(twin, NULL);
	up_write(&mm->mmap_lock);
	return 0;
}

/* shmat(2), or remap_file_pages(2), which may have closed the last attach just now. */
static int live_mmap(struct file *file, struct vm_area_struct *vma)
{
	struct sim_shmid *seg = file->private_data;
	struct sim_mm *mm;
	int err;

	if (!(vma->vm_flags & VM_MAYSHARE))
		return -EINVAL;
	if (vma->vm_end > SHMSWAP_TASK_SIZE)
		return -ENOMEM;
	err = sim_shm_begin_attach(seg, 0);
	if (err)
		return err;
	mm = get_live(seg->m, vma->vm_mm, false);
	err = PTR_ERR_OR_ZERO(mm);
	if (!err) {
		err = add_twin(mm, seg, vma);
		put_live(mm);
	}
	sim_shm_end_attach(seg);
	return err;
}

/* ------------------------------------------------------- the file of a segment */

/* In /proc/PID/maps, as for the kernel's own. */
static char *live_dname(struct dentry *dentry, char *buffer, int buflen)
{
	int len = dentry->d_name.len + sizeof("/ (deleted)");

	if (len > buflen)
		return ERR_PTR(-ENAMETOOLONG);
	buffer += buflen - len;
	snprintf(buffer, len, "/%s (deleted)", dentry->d_name.name);
	return buffer;
}

static const struct dentry_operations live_dentry_ops = {
	.d_dname = live_dname,
};

static int live_init_fs_context(struct fs_context *fc)
{
	struct pseudo_fs_context *ctx = init_pseudo(fc, LIVE_FS_MAGIC);

	if (!ctx)
		return -ENOMEM;
	ctx->dops = &live_dentry_ops;
	return 0;
}

/* Mounted while there are such files, so that the module can be removed. */
static struct file_system_type live_fs = {
	.owner = THIS_MODULE,
	.name = "shmswap",
	.init_fs_context = live_init_fs_context,
	.kill_sb = kill_anon_super,
};

static struct vfsmount *live_mount;
static int live_mount_users;
static DEFINE_MUTEX(files_lock);	/* nr_files and inode of all segments */

/* The shadow PTE knows already: every page that is really mapped may be dirty. */
static bool live_dirty_folio(struct address_space *mapping, struct folio *folio)
{
	return false;
}

static const struct address_space_operations live_aops = {
	.dirty_folio = live_dirty_folio,
};

static struct inode *make_inode(const struct sim_shmid *seg)
{
	struct inode *inode;
	int err;

	err = simple_pin_fs(&live_fs, &live_mount, &live_mount_users);
	if (err)
		return ERR_PTR(err);
	inode = alloc_anon_inode(live_mount->mnt_sb);
	if (IS_ERR(inode)) {
		simple_release_fs(&live_mount, &live_mount_users);
		return inode;
	}
	inode->i_ino = seg->id;
	inode->i_mode |= S_IFREG;
	inode->i_flags |= S_NOATIME | S_NOCMTIME;
	inode->i_mapping->a_ops = &live_aops;
	i_size_write(inode, (loff_t)seg->npages << PAGE_SHIFT);
	/* Without a name, as a core dump's filter tells it. */
	clear_nlink(inode);
	return inode;
}

/* One more file of a segment; the first one makes the inode. */
static int get_inode(struct sim_shmid *seg)
{
	struct inode *inode = NULL;

	lockdep_assert_held(&files_lock);
	if (!seg->nr_files)
		inode = make_inode(seg);
	if (IS_ERR(inode))
		return PTR_ERR(inode);
	seg->nr_files++;
	if (inode) {
		mutex_lock(&seg->lock);
		seg->inode = inode;
		mutex_unlock(&seg->lock);
	}
	return 0;
}

/* No page of a segment is really mapped: forget the inode. */
static void hide_pages(struct sim_shmid *seg)
{
	pgoff_t index;
	sim_pte_t *word;

	for (index = 0; seg->nr_shown && (word = sim_shm_next_word(seg, &index)); index++) {
		if (sim_pte_present(*word))
			sim_live_hide(seg, sim_pfn_page(seg->m, sim_pte_pfn(*word)));
		cond_resched();
	}
}

static void put_inode(struct sim_shmid *seg)
{
	struct inode *inode = seg->inode;

	lockdep_assert_held(&files_lock);
	if (--seg->nr_files)
		return;
	mutex_lock(&seg->lock);
	hide_pages(seg);
	seg->inode = NULL;
	mutex_unlock(&seg->lock);
	iput(inode);
	simple_release_fs(&live_mount, &live_mount_users);
}

static int live_release(struct inode *inode, struct file *file)
{
	struct sim_shmid *seg = file->private_data;
	struct sim_machine *m = seg->m;

	mutex_lock(&files_lock);
	put_inode(seg);
	mutex_unlock(&files_lock);
	sim_shm_put(seg);
	sim_machine_put_later(m);
	return 0;
}

/* Shadow page tables end there, and mremap(2) asks nobody else. */
static unsigned long live_get_unmapped_area(struct file *file, unsigned long addr,
					    unsigned long len, unsigned long pgoff,
					    unsigned long flags)
{
	addr = sim_get_mm_unmapped_area(file, addr, len, pgoff, flags);
	if (!IS_ERR_VALUE(addr) && addr > SHMSWAP_TASK_SIZE - len)
		return -ENOMEM;
	return addr;
}

static const struct file_operations live_fops = {
	.owner = THIS_MODULE,
	.mmap = live_mmap,
	.get_unmapped_area = live_get_unmapped_area,
	.release = live_release,
	.fsync = noop_fsync,
};

/* A file that may be mapped only as the attach asks for. */
static struct file *new_file(struct sim_shmid *seg, u32 shmflg)
{
	struct file *file;
	char name[16];

	snprintf(name, sizeof(name), "SYSV%08x", READ_ONCE(seg->key));
	ihold(seg->inode);
	/* Closing the file drops one. */
	__module_get(THIS_MODULE);
	file = alloc_file_pseudo(seg->inode, live_mount, name,
				 shmflg & SHM_RDONLY ? O_RDONLY : O_RDWR, &live_fops);
	if (IS_ERR(file)) {
		iput(seg->inode);
		module_put(THIS_MODULE);
		return file;
	}
	refcount_inc(&seg->ref);
	/* remap_file_pages(2) closes the last attach before it makes a new one. */
	sim_machine_get(seg->m);
	file->private_data = seg;
	return file;
}

static struct file *open_segment(struct sim_shmid *seg, u32 shmflg)
{
	struct file *file;
	int err;

	mutex_lock(&files_lock);
	err = get_inode(seg);
	if (err) {
		mutex_unlock(&files_lock);
		return ERR_PTR(err);
	}
	file = new_file(seg, shmflg);
	if (IS_ERR(file))
		put_inode(seg);
	mutex_unlock(&files_lock);
	return file;
}

/* ------------------------------------------------------------ shmat and shmdt */

/**
 * sim_live_map() - attach a segment to the calling process, really
 * @seg: segment, kept from being destroyed by the caller
 * @address: wanted address, page-aligned, or 0; set to that of the attach
 * @shmflg: of shmat(2)
 *
 * Context: sleeps; no lock held.
 * Return: 0; -EINVAL, -ENOMEM, -ENFILE, -EPERM, -EINTR as shmat(2).
 */
int sim_live_map(struct sim_shmid *seg, u64 *address, u32 shmflg)
{
	unsigned long prot = PROT_READ;
	unsigned long len = (unsigned long)seg->npages << PAGE_SHIFT;
	unsigned long flags = MAP_SHARED;
	unsigned long ret;
	struct file *file;

	if (!(shmflg & SHM_RDONLY))
		prot |= PROT_WRITE;
	if (shmflg & SHM_EXEC)
		prot |= PROT_EXEC;
	if (!(shmflg & SHM_REMAP) && *address + len < *address)
		return -EINVAL;
	if (*address)
		flags |= shmflg & SHM_REMAP ? MAP_FIXED : MAP_FIXED_NOREPLACE;
	file = open_segment(seg, shmflg);
	if (IS_ERR(file))
		return PTR_ERR(file);
	ret = vm_mmap(file, *address, len, prot, flags, 0);
	fput(file);
	if (IS_ERR_VALUE(ret))
		return (long)ret == -EEXIST ? -EINVAL : (long)ret;
	*address = ret;
	return 0;
}

/* Find the next piece of an attach; @seg gets a reference with the first. */
static bool next_piece(struct sim_mm *mm, u64 address, const struct sim_shmid **seg, u64 *next,
		       u64 *start)
{
	bool first = !*seg;
	struct sim_vma *vma;

	down_read(&mm->mmap_lock);
	vma = sim_shmdt_next(mm, address, seg, next);
	if (vma) {
		*start = vma->vm_start;
		if (first)
			refcount_inc(&vma->vm_seg->ref);
	}
	up_read(&mm->mmap_lock);
	return vma;
}

static int detach(struct sim_mm *mm, u64 address)
{
	const struct sim_shmid *seg = NULL;
	u64 next = address;
	u64 start;
	int err = 0;

	while (!err && next_piece(mm, address, &seg, &next, &start))
		err = vm_munmap(start, next - start);
	if (!seg)
		return -EINVAL;
	sim_shm_put((struct sim_shmid *)seg);
	return err;
}

/**
 * sim_live_shmdt() - shmdt(2) of an attach that is really mapped
 * @m: machine
 * @address: what sim_live_shmat() returned
 *
 * Context: sleeps; no lock held.
 * Return: 0; -EINVAL no attach there; -ENOMEM, -EINTR.
 */
int sim_live_shmdt(struct sim_machine *m, u64 address)
{
	struct sim_mm *mm = PAGE_ALIGNED(address) ? find_live(m, current->mm) : NULL;
	int err = -EINTR;

	if (!mm)
		return -EINVAL;
	/* Of two threads that detach the same attach one has to find nothing. */
	if (!mutex_lock_killable(&mm->shmdt_lock)) {
		err = detach(mm, address);
		mutex_unlock(&mm->shmdt_lock);
	}
	sim_mm_put(mm);
	return err;
}

/* ----------------------------------------------- for who takes pages away */

/**
 * sim_live_trylock() - keep a page from being really mapped
 * @page: page of a segment
 *
 * Context: any; the segment's lock held until sim_live_unlock().
 * Return: false if it is just being mapped.
 */
bool sim_live_trylock(struct sim_page *page)
{
	return !test_bit(SIM_PG_LIVE, &page->flags) || trylock_page(page->page);
}

/**
 * sim_live_unlock() - undo sim_live_trylock()
 * @page: page
 *
 * Context: as there.
 */
void sim_live_unlock(struct sim_page *page)
{
	if (test_bit(SIM_PG_LIVE, &page->flags))
		unlock_page(page->page);
}

/**
 * sim_live_zap() - remove all real PTEs of a page
 * @seg: segment
 * @index: page index
 *
 * Context: sleeps; sim_live_trylock() was successful.
 */
void sim_live_zap(struct sim_shmid *seg, pgoff_t index)
{
	lockdep_assert_held(&seg->lock);
	if (seg->inode)
		unmap_mapping_pages(seg->inode->i_mapping, index, 1, false);
}

/**
 * sim_live_hide() - a page leaves its segment, or the segment its inode
 * @seg: segment
 * @page: page that has no real PTE
 *
 * Who still uses the memory may look at the inode with the memory locked.
 *
 * Context: sleeps; seg->lock held.
 */
void sim_live_hide(struct sim_shmid *seg, struct sim_page *page)
{
	struct page *memory = page->page;

	lockdep_assert_held(&seg->lock);
	if (!test_bit(SIM_PG_LIVE, &page->flags) || !memory->mapping)
		return;
	lock_page(memory);
	WRITE_ONCE(memory->mapping, NULL);
	unlock_page(memory);
	seg->nr_shown--;
}

/**
 * sim_live_busy() - is the memory of a page in use by somebody in the kernel?
 * @page: page without real PTEs
 *
 * Direct I/O and the like find the memory through a real PTE, and have a reference
 * as long as they use it. Broken memory must not be touched either.
 *
 * Context: any.
 * Return: true if it must stay as it is.
 */
bool sim_live_busy(const struct sim_page *page)
{
	return test_bit(SIM_PG_LIVE, &page->flags) &&
	       (page_ref_count(page->page) != 1 || PageHWPoison(page->page));
}

/**
 * sim_live_forget() - a frame is free
 * @page: frame that was really mapped
 *
 * Who still uses its memory keeps it, and the frame will get other memory.
 *
 * Context: any; nobody has a reference to the frame.
 */
void sim_live_forget(struct sim_page *page)
{
	struct page *memory = page->page;

	WARN_ON_ONCE(page_mapped(memory) || memory->mapping);
	if (!sim_live_busy(page))
		return;
	page->page = NULL;
	put_page(memory);
}
