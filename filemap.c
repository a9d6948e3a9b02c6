// SPDX-License-Identifier: GPL-2.0
/*
 * Files: the page cache that their regions share, and how its pages are read,
 * mapped and written back.
 *
 * A file has a page cache as long as a region of it exists. What is in there is
 * discarded when frames are wanted and read again when it is touched. Private
 * regions only read it: a store copies the page. Stores to shared regions make
 * PTEs dirty; that is passed on to the page when the PTE goes or is cleaned, and
 * the page is written to the file before it is discarded.
 */
#include <linux/capability.h>
#include <linux/cred.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/highmem.h>
#include <linux/magic.h>
#include <linux/memcontrol.h>
#include <linux/sched/mm.h>
#include <linux/slab.h>
#include <linux/workqueue.h>

#include "compat.h"
#include "sim.h"

/* ---------------------------------------------------------------- mappings */

/* The page cache of a file, with a reference; one that is going is not found. */
static struct sim_mapping *find_mapping(struct sim_machine *m, const struct inode *inode)
{
	struct sim_mapping *mapping;

	lockdep_assert_held(&m->mapping_lock);
	hash_for_each_possible(m->mappings, mapping, node, (unsigned long)inode) {
		if (mapping->inode == inode && refcount_inc_not_zero(&mapping->ref))
			return mapping;
	}
	return NULL;
}

/* A file of our own: the caller's descriptor may get O_APPEND or O_DIRECT later. */
static struct file *reopen(struct file *file, int flags)
{
	return dentry_open(&file->f_path, flags | O_LARGEFILE, file->f_cred);
}

/*
 * A writable file counts as one that is really mapped: it may not be sealed
 * against that, nor be sealed later.
 */
static struct file *reopen_writable(struct file *file)
{
	struct file *own = reopen(file, O_RDWR);
	int err;

	if (IS_ERR(own))
		return own;
	err = sim_file_may_hang(own) && !capable(CAP_SYS_ADMIN) ? -EPERM :
	      mapping_map_writable(own->f_mapping);
	if (!err)
		return own;
	sim_fput(own);
	return ERR_PTR(err);
}

static void close_files(struct sim_mapping *mapping)
{
	if (!IS_ERR_OR_NULL(mapping->wfile)) {
		mapping_unmap_writable(mapping->wfile->f_mapping);
		sim_fput(mapping->wfile);
	}
	if (!IS_ERR(mapping->file))
		sim_fput(mapping->file);
}

/* An empty page cache, in no table yet. Opening the file may take its time. */
static struct sim_mapping *new_mapping(struct sim_machine *m, struct file *file, bool write)
{
	struct sim_mapping *mapping = kzalloc(sizeof(*mapping), GFP_KERNEL_ACCOUNT);
	struct file *wfile, *own;

	if (!mapping)
		return ERR_PTR(-ENOMEM);
	mapping->m = m;
	refcount_set(&mapping->ref, 1);
	mapping->inode = file_inode(file);
	xa_init_flags(&mapping->pages, XA_FLAGS_ACCOUNT);
	mutex_init(&mapping->sync_lock);
	own = reopen(file, O_RDONLY);
	wfile = write && !IS_ERR(own) ? reopen_writable(file) : NULL;
	mapping->file = own;
	mapping->wfile = wfile;
	if (!IS_ERR(own) && !IS_ERR(wfile))
		return mapping;
	close_files(mapping);
	kfree(mapping);
	return IS_ERR(own) ? ERR_CAST(own) : ERR_CAST(wfile);
}

/* May regions of this file exist, and shared ones be written? */
static int check_file(struct file *file, bool write)
{
	struct inode *inode = file_inode(file);

	if (!(file->f_mode & FMODE_READ))
		return -EACCES;
	if (!S_ISREG(inode->i_mode) || !file->f_op->mmap || !(file->f_mode & FMODE_CAN_READ))
		return -ENODEV;
	if (sim_inode_is_swap(inode))
		return -ETXTBSY;
	if (write && (IS_APPEND(inode) || !(file->f_mode & FMODE_CAN_WRITE)))
		return -EACCES;
	return 0;
}

/**
 * sim_mapping_get() - the page cache of a file
 * @m: machine
 * @file: file
 * @write: it is for a shared region that may be written
 *
 * Context: may sleep; takes mapping_lock.
 * Return: the cache, with a reference; ERR_PTR(-ENOMEM), ERR_PTR(-EINTR), of an
 * errno of struct shmswap_mmap, or of one of the file's own open().
 */
struct sim_mapping *sim_mapping_get(struct sim_machine *m, struct file *file, bool write)
{
	struct sim_mapping *mapping, *new;
	int err = check_file(file, write);

	if (err)
		return ERR_PTR(err);
	new = new_mapping(m, file, write);
	if (IS_ERR(new))
		return new;
	err = mutex_lock_killable(&m->mapping_lock);
	mapping = err ? ERR_PTR(err) : find_mapping(m, new->inode);
	if (!mapping) {
		hash_add(m->mappings, &new->node, (unsigned long)new->inode);
		mapping = new;
	} else if (!err && write && !mapping->wfile) {
		swap(mapping->wfile, new->wfile);
	}
	if (!err)
		mutex_unlock(&m->mapping_lock);
	if (mapping != new) {
		close_files(new);
		kfree(new);
	}
	return mapping;
}

/*
 * A page has left the cache of its file, which had a reference to it. With the
 * last one the file may be gone, too.
 */
static void detach(struct sim_machine *m, struct sim_page *page)
{
	page->mapping = NULL;
	clear_bit(SIM_PG_FILE, &page->flags);
	clear_bit(SIM_PG_DIRTY, &page->flags);
	atomic_dec(&m->nr_file_pages);
	sim_put_page(m, page);
}

static void remove_page(struct sim_page *page)
{
	struct sim_machine *m = page->mapping->m;

	xa_erase(&page->mapping->pages, page->index);
	detach(m, page);
}

/*
 * The next page from *@index on, pinned; with @dirty only those that are dirty or
 * being written, which may fail.
 */
static struct sim_page *next_page(struct sim_mapping *mapping, unsigned long *index, bool dirty)
{
	struct sim_page *page;

	xa_lock(&mapping->pages);
	page = xa_find(&mapping->pages, index, ULONG_MAX, XA_PRESENT);
	while (page && dirty && !(page->flags & (BIT(SIM_PG_DIRTY) | BIT(SIM_PG_LOCKED))))
		page = xa_find_after(&mapping->pages, index, ULONG_MAX, XA_PRESENT);
	if (page)
		sim_pin_page(page);
	xa_unlock(&mapping->pages);
	return page;
}

/* Nobody maps the file any more: forget its pages. */
static void truncate(struct sim_mapping *mapping)
{
	struct sim_machine *m = mapping->m;
	struct sim_page *page;
	unsigned long index;

	for (index = 0; (page = next_page(mapping, &index, false)); index++) {
		/* Reclaim may be looking at it. */
		sim_lock_page(page);
		down_read(&m->state_lock);
		if (test_bit(SIM_PG_FILE, &page->flags))
			remove_page(page);
		sim_unlock_page(page);
		sim_unpin_page(m, page);
		up_read(&m->state_lock);
		cond_resched();
	}
	xa_destroy(&mapping->pages);
}

/**
 * sim_mapping_put() - drop a reference to the page cache of a file
 * @mapping: cache; without a reference it is freed with all its pages
 *
 * Context: may sleep; takes mapping_lock.
 */
void sim_mapping_put(struct sim_mapping *mapping)
{
	if (!refcount_dec_and_test(&mapping->ref))
		return;
	/* The self-check counts its pages as long as there are any. */
	truncate(mapping);
	mutex_lock(&mapping->m->mapping_lock);
	hash_del(&mapping->node);
	mutex_unlock(&mapping->m->mapping_lock);
	close_files(mapping);
	kfree(mapping);
}

/* --------------------------------------------------------------------- I/O */

/**
 * sim_file_may_hang() - may I/O on a file last as long as some user likes?
 * @file: file, open for writing
 *
 * If kswapd waits for a server of FUSE, everybody on the machine does, and its
 * teardown. An overlay may well have FUSE below it.
 *
 * Context: any.
 * Return: true if so.
 */
bool sim_file_may_hang(struct file *file)
{
	return d_real_inode(file->f_path.dentry)->i_sb->s_magic == FUSE_SUPER_MAGIC;
}

/* How many bytes of a page lie before the end of the file. */
static size_t bytes_in_file(const struct sim_mapping *mapping, pgoff_t index)
{
	loff_t pos = (loff_t)index << PAGE_SHIFT;
	loff_t size = i_size_read(mapping->inode);

	return size > pos ? min_t(loff_t, size - pos, PAGE_SIZE) : 0;
}

/* Read the page of a fault, which is locked and in the cache. */
static int read_page(struct sim_fault *f)
{
	struct sim_mapping *mapping = f->mapping;
	struct sim_page *page = f->page;
	size_t len = bytes_in_file(mapping, page->index);
	int err = -EIO;

	if (len < PAGE_SIZE)
		clear_highpage(page->page);
	static_assert(PAGE_SIZE <= U16_MAX);
	page->bytes = len;
	if (len)
		err = sim_file_rw(mapping->file, (loff_t)page->index << PAGE_SHIFT, &page->page,
				  len, false, 0);
	/* That the caller was killed is no fault of the file. */
	if (err != -EINTR)
		sim_count_event(f->m, err ? SIM_FILE_READ_ERRORS : SIM_PGPGIN);
	down_read(&f->m->state_lock);
	if (err)
		remove_page(page);
	sim_unlock_page(page);
	up_read(&f->m->state_lock);
	return err && err != -EINTR ? -EIO : err;
}

/**
 * sim_filemap_writepage() - write a page to its file
 * @mapping: file that has been shared writably
 * @page: dirty page of it, locked
 *
 * What lies behind the end of the file is not written, be it the end when the
 * page was read or now. After a failure the page is dirty still.
 *
 * Context: sleeps; no lock but the page's held.
 * Return: 0 or -EIO.
 */
int sim_filemap_writepage(struct sim_mapping *mapping, struct sim_page *page)
{
	size_t len = min_t(size_t, page->bytes, bytes_in_file(mapping, page->index));
	int err = 0;

	/* What is stored from here on makes it dirty again. */
	clear_bit(SIM_PG_DIRTY, &page->flags);
	if (len)
		err = sim_file_rw(mapping->wfile, (loff_t)page->index << PAGE_SHIFT, &page->page,
				  len, true, 0);
	if (err)
		sim_set_page_dirty(page);
	sim_count_event(mapping->m, err ? SIM_FILE_WRITE_ERRORS : SIM_PGPGOUT);
	return err ? -EIO : 0;
}

/**
 * sim_set_page_dirty() - a page is newer than its slot or file
 * @page: page in a cache, or on its way into one
 *
 * Context: any; the page is mapped or locked.
 */
void sim_set_page_dirty(struct sim_page *page)
{
	set_bit(SIM_PG_DIRTY, &page->flags);
	/* Pairs with the one in write_dirty_pages(). */
	smp_mb__after_atomic();
	if (test_bit(SIM_PG_FILE, &page->flags))
		WRITE_ONCE(page->mapping->dirty, true);
}

/**
 * struct sync - pages being written
 * @work: does it
 * @mapping: file
 * @err: what became of it
 */
struct sync {
	struct work_struct work;
	struct sim_mapping *mapping;
	int err;
};

static int write_dirty_pages(struct sim_mapping *mapping)
{
	struct sim_page *page;
	unsigned long index;
	int err = 0;

	mutex_lock(&mapping->sync_lock);
	WRITE_ONCE(mapping->dirty, false);
	/* First the file, then its pages; who makes one dirty, the other way round. */
	smp_mb();
	for (index = 0; (page = next_page(mapping, &index, true)); index++) {
		sim_lock_page(page);
		if (test_bit(SIM_PG_DIRTY, &page->flags) && test_bit(SIM_PG_FILE, &page->flags))
			err = sim_filemap_writepage(mapping, page) ?: err;
		sim_unlock_page(page);
		sim_unpin_page(mapping->m, page);
		cond_resched();
	}
	mutex_unlock(&mapping->sync_lock);
	return err;
}

static void sync_work(struct work_struct *work)
{
	struct sync *sync = container_of(work, struct sync, work);
	struct mem_cgroup *memcg = set_active_memcg(sync->mapping->m->memcg);

	sync->err = write_dirty_pages(sync->mapping);
	set_active_memcg(memcg);
}

/* Neither dirty nor being written by somebody, who may fail and make it dirty again. */
static bool is_clean(struct sim_mapping *mapping)
{
	if (READ_ONCE(mapping->dirty) || mutex_is_locked(&mapping->sync_lock))
		return false;
	smp_rmb();	/* after the unlock that was seen, what it left */
	return !READ_ONCE(mapping->dirty);
}

/**
 * sim_mapping_sync() - write all dirty pages of a file
 * @mapping: file
 *
 * A file system does not write for who was killed, so a worker does it.
 *
 * Context: sleeps; no lock held.
 * Return: 0; -EIO if one could not be written, the others were.
 */
int sim_mapping_sync(struct sim_mapping *mapping)
{
	struct sync sync = { .mapping = mapping };

	if (is_clean(mapping))
		return 0;
	INIT_WORK_ONSTACK(&sync.work, sync_work);
	queue_work(sim_workqueue, &sync.work);
	flush_work(&sync.work);
	destroy_work_on_stack(&sync.work);
	return sync.err;
}

/* ------------------------------------------------------------------ faults */

static struct sim_page *find_get_page(struct sim_mapping *mapping, pgoff_t index)
{
	struct sim_page *page;

	xa_lock(&mapping->pages);
	page = xa_load(&mapping->pages, index);
	if (page)
		sim_pin_page(page);
	xa_unlock(&mapping->pages);
	return page;
}

/* Let f->frame go into the page cache, locked, to be read. */
static int start_read(struct sim_fault *f, struct sim_mapping *mapping, pgoff_t index)
{
	struct sim_page *page = f->frame;
	int err;

	WARN_ON_ONCE(!sim_trylock_page(page));
	page->mapping = mapping;
	page->index = index;
	set_bit(SIM_PG_FILE, &page->flags);
	sim_get_page(page);
	atomic_inc(&f->m->nr_file_pages);
	err = xa_insert(&mapping->pages, index, page, GFP_KERNEL_ACCOUNT);
	if (err) {
		detach(f->m, page);
		sim_unlock_page(page);
		/* Somebody else came first: look again. */
		return err == -EBUSY ? SIM_FAULT_FRAME : err;
	}
	f->frame = NULL;
	sim_fault_hold(f, page);
	refcount_inc(&mapping->ref);
	f->mapping = mapping;
	f->read = read_page;
	return SIM_FAULT_READ;
}

static void map_file_page(struct sim_vma *vma, struct sim_fault *f, sim_pte_t *ptep,
			  struct sim_page *page)
{
	sim_pte_t pte = sim_mk_pte(sim_page_pfn(f->m, page), vma->vm_flags);

	if (!(vma->vm_flags & SHMSWAP_VM_SHARED))
		pte = sim_pte_wrprotect(pte);
	else if (f->write)
		pte = sim_pte_mkdirty(pte);
	sim_get_page(page);
	sim_inc_rss(f->mm);
	sim_ptep_replace(vma, f->address, ptep, pte, SHMSWAP_PTE_MAP);
}

/* Mirrors filemap_nopage(); a store to a private region copies the page later. */
static int filemap_nopage(struct sim_vma *vma, struct sim_fault *f, sim_pte_t *ptep)
{
	struct sim_mapping *mapping = vma->vm_mapping;
	pgoff_t index = sim_linear_page_index(vma, f->address);
	struct sim_page *page = find_get_page(mapping, index);
	bool present;

	lockdep_assert_held(&f->mm->page_table_lock);
	if (!page)
		return sim_fault_have_frame(f) ? start_read(f, mapping, index) : SIM_FAULT_FRAME;
	sim_fault_hold(f, page);
	if (!sim_trylock_page(page))
		return SIM_FAULT_WAIT;
	/* One whose read failed has left the cache, with somebody else's bytes in it. */
	present = test_bit(SIM_PG_FILE, &page->flags);
	if (present)
		map_file_page(vma, f, ptep, page);
	sim_unlock_page(page);
	return present ? SIM_FAULT_DONE : SIM_FAULT_WAIT;
}

static const struct sim_vm_operations private_vm_ops = {
	.shrink = sim_private_shrink,
	.extend = sim_private_extend,
	.close = sim_private_close,
	.nopage = filemap_nopage,
};

static const struct sim_vm_operations shared_vm_ops = {
	.shrink = sim_private_shrink,
	.extend = sim_private_extend,
	.close = sim_private_close,
	.nopage = filemap_nopage,
	.swapout = sim_filemap_writepage,
};

/**
 * sim_vma_set_mapping() - let a new area be of a file
 * @vma: area with its range and flags
 * @mapping: file
 *
 * Context: any; the caller has a reference to @mapping.
 */
void sim_vma_set_mapping(struct sim_vma *vma, struct sim_mapping *mapping)
{
	refcount_inc(&mapping->ref);
	vma->vm_mapping = mapping;
	vma->vm_ops = vma->vm_flags & SHMSWAP_VM_SHARED ? &shared_vm_ops : &private_vm_ops;
}

/* ----------------------------------------------------------------- reclaim */

/**
 * sim_filemap_release() - discard a page that nobody but its file's cache has
 * @page: locked page of a file, pinned once by the caller
 *
 * Context: any; state_lock held for reading.
 * Return: true if it is free as soon as the caller unpins it.
 */
bool sim_filemap_release(struct sim_page *page)
{
	struct sim_mapping *mapping = page->mapping;
	struct sim_machine *m = mapping->m;
	bool unused;

	xa_lock(&mapping->pages);
	unused = atomic64_read(&page->count) == SIM_PIN + 1 &&
		 !test_bit(SIM_PG_DIRTY, &page->flags);
	if (unused)
		__xa_erase(&mapping->pages, page->index);
	xa_unlock(&mapping->pages);
	if (!unused)
		return false;
	detach(m, page);
	sim_count_event(m, SIM_PGDISCARD);
	return true;
}
