// SPDX-License-Identifier: GPL-2.0
/*
 * Swap areas: what mkswap(8) wrote, what stores the pages, swapon and swapoff.
 */
#include <linux/capability.h>
#include <linux/cred.h>
#include <linux/falloc.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/overflow.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>
#include <linux/swab.h>
#include <linux/swap.h>

#include "compat.h"
#include "sim.h"

#define SWAP_MAGIC	"SWAPSPACE2"

/* Inodes that are in use as swap, by whatever machine. */
static LIST_HEAD(busy_inodes);
static DEFINE_MUTEX(busy_lock);

/* ----------------------------------------------------------------- header */

/* The bad pages' numbers: many more than the one that badpages[] declares. */
static u32 *bad_pages(union swap_header *h)
{
	return (void *)h + offsetof(union swap_header, info.badpages);
}

static void swab_header(union swap_header *h)
{
	u32 i;

	swab32s(&h->info.version);
	swab32s(&h->info.last_page);
	swab32s(&h->info.nr_badpages);
	for (i = 0; i < min_t(u32, h->info.nr_badpages, MAX_SWAP_BADPAGES); i++)
		swab32s(&bad_pages(h)[i]);
}

/* Copy the list of bad pages; each must lie behind the header. */
static int copy_bad_pages(struct sim_swap_geometry *g, union swap_header *h)
{
	const u32 *bad = bad_pages(h);
	u32 i;

	for (i = 0; i < h->info.nr_badpages; i++) {
		if (!bad[i] || bad[i] >= g->max)
			return -EINVAL;
		g->bad[i] = bad[i];
	}
	g->nr_bad = h->info.nr_badpages;
	return 0;
}

/**
 * sim_swap_header_check() - understand what mkswap(8) wrote
 * @header: first page of the area; of the other byte order: it is converted
 * @bytes: size of the area
 * @geometry: result, for the caller to kfree()
 *
 * The version 1 header of Linux 2.2 and later, whose last_page is the number of
 * the last page, as mkswap(8) and the kernel take it today.
 *
 * Context: may sleep.
 * Return: 0; -EINVAL no signature, another version, a size that is 0 or larger
 * than @bytes, too many bad pages, or one outside the area; -ENOMEM.
 */
int sim_swap_header_check(void *header, u64 bytes, struct sim_swap_geometry **geometry)
{
	union swap_header *h = header;
	struct sim_swap_geometry *g;
	int err;

	if (memcmp(SWAP_MAGIC, h->magic.magic, strlen(SWAP_MAGIC)))
		return -EINVAL;
	if (swab32(h->info.version) == 1)
		swab_header(h);
	if (h->info.version != 1 || h->info.nr_badpages > MAX_SWAP_BADPAGES)
		return -EINVAL;
	if (!h->info.last_page || h->info.last_page >= SHMSWAP_MAX_SLOTS ||
	    ((u64)h->info.last_page + 1) << PAGE_SHIFT > bytes)
		return -EINVAL;
	g = kzalloc(struct_size(g, bad, h->info.nr_badpages), GFP_KERNEL);
	if (!g)
		return -ENOMEM;
	g->max = h->info.last_page + 1;
	err = copy_bad_pages(g, h);
	if (err) {
		kfree(g);
		return err;
	}
	*geometry = g;
	return 0;
}

/* ---------------------------------------------------------------- backing */

static bool inode_busy(const struct inode *inode)
{
	struct sim_swap_info *si;

	lockdep_assert_held(&busy_lock);
	list_for_each_entry(si, &busy_inodes, busy) {
		if (file_inode(si->file) == inode)
			return true;
	}
	return IS_SWAPFILE(inode);
}

/**
 * sim_inode_is_swap() - is a file in use as swap, by whatever machine?
 * @inode: file
 *
 * Context: may sleep.
 * Return: true if so.
 */
bool sim_inode_is_swap(const struct inode *inode)
{
	bool busy;

	mutex_lock(&busy_lock);
	busy = inode_busy(inode);
	mutex_unlock(&busy_lock);
	return busy;
}

static int claim_inode(struct sim_swap_info *si)
{
	int err = -EBUSY;

	mutex_lock(&busy_lock);
	if (!inode_busy(file_inode(si->file))) {
		list_add(&si->busy, &busy_inodes);
		err = 0;
	}
	mutex_unlock(&busy_lock);
	return err;
}

static void close_backing(struct sim_swap_info *si)
{
	sim_swap_extents_close(si);
	mutex_lock(&busy_lock);
	list_del_init(&si->busy);
	mutex_unlock(&busy_lock);
	if (si->claim)
		sim_bdev_release(si->claim, si);
	if (si->file)
		sim_fput(si->file);
	sim_user_pages_uncharge(si->charged);
}

/*
 * Open the file anew, with the rights that its opener had: the caller's file
 * description may be switched to O_APPEND behind our back, and ours is for
 * direct I/O where the file system has it: what is in the page cache is not on
 * the disk, and takes up the memory that swapping is to free.
 */
static struct file *reopen(struct file *file)
{
	struct file *own;

	own = dentry_open(&file->f_path, O_RDWR | O_LARGEFILE | O_DIRECT, file->f_cred);
	if (own == ERR_PTR(-EINVAL))
		own = dentry_open(&file->f_path, O_RDWR | O_LARGEFILE, file->f_cred);
	return own;
}

static int open_backing(struct sim_swap_info *si, struct file *file)
{
	struct inode *inode = file_inode(file);
	struct file *own;
	void *claim;

	if (!(file->f_mode & FMODE_READ) || !(file->f_mode & FMODE_WRITE))
		return -EBADF;
	if (!S_ISREG(inode->i_mode) && !S_ISBLK(inode->i_mode))
		return -EINVAL;
	/* The caller's descriptor is bound to that; a new one would not be. */
	if (IS_APPEND(inode) || IS_IMMUTABLE(inode))
		return -EPERM;
	own = reopen(file);
	if (IS_ERR(own))
		return PTR_ERR(own);
	si->file = own;
	if (sim_file_may_hang(own) && !capable(CAP_SYS_ADMIN))
		return -EPERM;
	if (!(own->f_mode & FMODE_CAN_READ) || !(own->f_mode & FMODE_CAN_WRITE))
		return -EINVAL;
	si->kind = S_ISBLK(inode->i_mode) ? SHMSWAP_AREA_PARTITION : SHMSWAP_AREA_FILE;
	si->ops = &sim_swap_file_ops;
	if (si->kind == SHMSWAP_AREA_FILE)
		return claim_inode(si);
	claim = sim_bdev_claim(inode->i_rdev, si);
	if (IS_ERR(claim))
		return PTR_ERR(claim);
	si->claim = claim;
	return 0;
}

/* Writes to a file that is there in full cannot run out of space later. */
static int preallocate(struct sim_swap_info *si, u32 max)
{
	int err;

	if (si->kind != SHMSWAP_AREA_FILE)
		return 0;
	err = vfs_fallocate(si->file, 0, 0, (loff_t)max << PAGE_SHIFT);
	return err == -EOPNOTSUPP ? 0 : err;
}

/* Some file systems open a file for direct I/O and then have none. */
static bool without_direct_io(struct file *file)
{
	if (!(file->f_flags & O_DIRECT))
		return false;
	spin_lock(&file->f_lock);
	file->f_flags &= ~O_DIRECT;
	file->f_iocb_flags = iocb_flags(file);
	spin_unlock(&file->f_lock);
	return true;
}

static int read_header(struct sim_swap_info *si, struct sim_swap_geometry **geometry)
{
	u64 bytes = i_size_read(si->file->f_mapping->host);
	struct page *page = alloc_page(GFP_KERNEL);
	int err;

	if (!page)
		return -ENOMEM;
	/* A file without even a header is too short to be read, not broken. */
	err = bytes < PAGE_SIZE ? -EINVAL : si->ops->read(si, 0, &page, 1);
	if (err == -EINVAL && bytes >= PAGE_SIZE && without_direct_io(si->file))
		err = si->ops->read(si, 0, &page, 1);
	if (!err)
		err = sim_swap_header_check(page_address(page), bytes, geometry);
	__free_page(page);
	return err;
}

static int open_file_area(struct sim_swap_info *si, int fd, struct sim_swap_geometry **geometry)
{
	struct file *file = fget(fd);
	int err;

	if (!file)
		return -EBADF;
	err = open_backing(si, file);
	fput(file);
	if (!err)
		err = read_header(si, geometry);
	if (err)
		return err;
	err = preallocate(si, (*geometry)->max);
	if (err)
		kfree(*geometry);
	else
		sim_swap_extents_open(si, (*geometry)->max);
	return err;
}

static int open_ram_area(struct sim_swap_info *si, u32 slots, struct sim_swap_geometry **geometry)
{
	struct sim_swap_geometry *g = kzalloc(struct_size(g, bad, 0), GFP_KERNEL);

	if (!g)
		return -ENOMEM;
	g->max = slots + 1;
	si->kind = SHMSWAP_AREA_RAM;
	si->ops = &sim_swap_ram_ops;
	*geometry = g;
	return 0;
}

/* ----------------------------------------------------- swapon and swapoff */

/**
 * sim_swap_area_alloc() - a new area, without backing
 * @m: machine
 *
 * Context: may sleep.
 * Return: the area or NULL.
 */
struct sim_swap_info *sim_swap_area_alloc(struct sim_machine *m)
{
	struct sim_swap_info *si = kzalloc(sizeof(*si), GFP_KERNEL_ACCOUNT);

	if (!si)
		return NULL;
	si->m = m;
	INIT_LIST_HEAD(&si->busy);
	return si;
}

/**
 * sim_swap_area_free() - free an area that is not, or no longer, in a machine
 * @si: area
 *
 * Context: may sleep.
 */
void sim_swap_area_free(struct sim_swap_info *si)
{
	close_backing(si);
	sim_swap_map_free(si);
	kfree(si);
}

static int find_type(struct sim_machine *m)
{
	int type;

	for (type = 0; type < SHMSWAP_MAX_SWAPFILES; type++) {
		if (!m->swap_info[type])
			return type;
	}
	return -EPERM;
}

/**
 * sim_swap_area_add() - let its machine use an area
 * @si: area with its backing; its map is made here
 * @geometry: size and bad slots
 * @prio: priority, or -1: one below all that were given so before
 *
 * Context: may sleep; no lock held.
 * Return: 0; -EINVAL no usable slot; -EPERM SHMSWAP_MAX_SWAPFILES are active;
 * -ENOMEM. Then the caller keeps @si.
 */
int sim_swap_area_add(struct sim_swap_info *si, const struct sim_swap_geometry *geometry,
		      s32 prio)
{
	struct sim_machine *m = si->m;
	int type, err;

	err = sim_swap_map_init(si, geometry);
	if (err)
		return err;
	down_read(&m->state_lock);
	mutex_lock(&m->swap_lock);
	type = find_type(m);
	if (type >= 0) {
		si->type = type;
		si->prio = prio < 0 ? --m->least_priority : prio;
		m->swap_info[type] = si;
		sim_swap_enable(si);
	}
	mutex_unlock(&m->swap_lock);
	up_read(&m->state_lock);
	return type < 0 ? type : 0;
}

/* What an area costs in memory when it is full: counts, and if in RAM pages. */
static unsigned long area_pages(const struct sim_swap_info *si, const struct sim_swap_geometry *g)
{
	unsigned long counts = DIV_ROUND_UP((u64)g->max * sizeof(u16), PAGE_SIZE);

	return counts + (si->kind == SHMSWAP_AREA_RAM ? g->max - 1 : 0);
}

static int check_swapon(const struct shmswap_swapon *arg)
{
	if (arg->flags & ~(SHMSWAP_SWAPON_PREFER | SHMSWAP_SWAPON_RAM))
		return -EINVAL;
	if (arg->prio < 0 || arg->prio > S16_MAX)
		return -EINVAL;
	if (!(arg->flags & SHMSWAP_SWAPON_PREFER) && arg->prio)
		return -EINVAL;
	if (!(arg->flags & SHMSWAP_SWAPON_RAM))
		return arg->slots ? -EINVAL : 0;
	return arg->fd == -1 && arg->slots && arg->slots < SHMSWAP_MAX_SLOTS ? 0 : -EINVAL;
}

/**
 * sim_swapon() - swapon(2)
 * @m: machine
 * @arg: see there
 *
 * The caller checks sim_machine_privileged().
 *
 * Context: may sleep; no lock held.
 * Return: 0 or as struct shmswap_swapon says.
 */
int sim_swapon(struct sim_machine *m, struct shmswap_swapon *arg)
{
	s32 prio = arg->flags & SHMSWAP_SWAPON_PREFER ? arg->prio : -1;
	struct sim_swap_geometry *geometry;
	struct sim_swap_info *si;
	int err;

	err = check_swapon(arg);
	if (err)
		return err;
	si = sim_swap_area_alloc(m);
	if (!si)
		return -ENOMEM;
	if (arg->flags & SHMSWAP_SWAPON_RAM)
		err = open_ram_area(si, arg->slots, &geometry);
	else
		err = open_file_area(si, arg->fd, &geometry);
	if (!err) {
		err = sim_user_pages_charge(area_pages(si, geometry), &si->charged);
		if (!err)
			err = sim_swap_area_add(si, geometry, prio);
		kfree(geometry);
	}
	if (err) {
		sim_swap_area_free(si);
		return err;
	}
	arg->out_type = si->type;
	return 0;
}

/*
 * Bring everything back. No slot is given out any more, but a reclaim that is
 * under way may have one, and reads and writes that are under way keep theirs
 * for a moment.
 */
static int try_to_unuse(struct sim_machine *m, struct sim_swap_info *si)
{
	int err;

	if (mutex_lock_killable(&m->reclaim_lock))
		return -EINTR;
	mutex_unlock(&m->reclaim_lock);
	while (READ_ONCE(si->inuse_pages)) {
		err = sim_unuse_processes(m, si->type) ?: sim_shm_unuse(m, si->type);
		if (err)
			return err;
		sim_swap_cache_unuse(m, si->type);
		if (READ_ONCE(si->inuse_pages))
			schedule_timeout_killable(1);
		if (fatal_signal_pending(current))
			return -EINTR;
	}
	return 0;
}

/**
 * sim_swapoff() - swapoff(2)
 * @m: machine
 * @type: number of the area
 *
 * The caller checks sim_machine_privileged().
 *
 * Context: sleeps; no lock held.
 * Return: 0 or as struct shmswap_swapoff says; then the area stays in use.
 */
int sim_swapoff(struct sim_machine *m, u32 type)
{
	struct sim_swap_info *si;
	int err = 0;

	down_read(&m->state_lock);
	mutex_lock(&m->swap_lock);
	si = type < SHMSWAP_MAX_SWAPFILES ? m->swap_info[type] : NULL;
	if (!si)
		err = -EINVAL;
	else if (si->flags != SIM_SWP_WRITEOK)
		err = -EBUSY;
	else
		sim_swap_disable(si);
	mutex_unlock(&m->swap_lock);
	up_read(&m->state_lock);
	if (err)
		return err;

	err = try_to_unuse(m, si);
	down_read(&m->state_lock);
	mutex_lock(&m->swap_lock);
	if (err)
		sim_swap_enable(si);
	else
		m->swap_info[type] = NULL;
	mutex_unlock(&m->swap_lock);
	up_read(&m->state_lock);
	if (!err)
		sim_swap_area_free(si);
	return err;
}

/**
 * sim_swap_exit() - free all areas
 * @m: machine without segments and processes
 *
 * Context: may sleep.
 */
void sim_swap_exit(struct sim_machine *m)
{
	int type;

	for (type = 0; type < SHMSWAP_MAX_SWAPFILES; type++) {
		if (m->swap_info[type])
			sim_swap_area_free(m->swap_info[type]);
	}
}
