// SPDX-License-Identifier: GPL-2.0
/*
 * Swap areas whose place on a block device is known: pages go there directly, as
 * the kernel's own swapping does it.
 *
 * For a file it is its file system that says where it lies, and that it will not
 * move: by the operation that swapon(2) calls, which is why this is for who may
 * call that. All other files are read and written as files, see page_io.c.
 */
#include <linux/bio.h>
#include <linux/blkdev.h>
#include <linux/capability.h>
#include <linux/fs.h>
#include <linux/rbtree.h>
#include <linux/slab.h>
#include <linux/swap.h>

#include "compat.h"
#include "sim.h"

/* The extent that a slot lies in; every slot of the area lies in one. */
static struct swap_extent *find_extent(const struct swap_info_struct *sis, u32 slot)
{
	struct rb_node *node = sis->swap_extent_root.rb_node;

	while (node) {
		struct swap_extent *extent = rb_entry(node, struct swap_extent, rb_node);

		if (slot < extent->start_page)
			node = node->rb_left;
		else if (slot >= extent->start_page + extent->nr_pages)
			node = node->rb_right;
		else
			return extent;
	}
	return NULL;
}

/* Read or write pages that lie side by side. */
static int submit(struct block_device *bdev, sector_t sector, struct page **pages, u32 nr,
		  blk_opf_t op)
{
	struct bio_vec bv[SIM_MAX_IO];
	struct bio bio;
	u32 i;
	int err;

	bio_init(&bio, bdev, bv, nr, op);
	bio.bi_iter.bi_sector = sector;
	for (i = 0; i < nr; i++)
		__bio_add_page(&bio, pages[i], PAGE_SIZE, 0);
	err = submit_bio_wait(&bio);
	bio_uninit(&bio);
	return err;
}

static int extents_rw(struct sim_swap_info *si, u32 slot, struct page **pages, u32 nr,
		      blk_opf_t op)
{
	const struct swap_info_struct *sis = si->extents;
	int err = 0;

	while (nr && !err) {
		struct swap_extent *extent = find_extent(sis, slot);
		u32 run, skip;

		if (!extent)
			return -EIO;
		skip = slot - extent->start_page;
		run = min_t(u64, nr, extent->nr_pages - skip);
		err = submit(sis->bdev, (extent->start_block + skip) << (PAGE_SHIFT - SECTOR_SHIFT),
			     pages, run, op);
		slot += run;
		pages += run;
		nr -= run;
	}
	return err;
}

static int extents_read(struct sim_swap_info *si, u32 slot, struct page **pages, u32 nr)
{
	return extents_rw(si, slot, pages, nr, REQ_OP_READ);
}

static int extents_write(struct sim_swap_info *si, u32 slot, struct page **pages, u32 nr)
{
	return extents_rw(si, slot, pages, nr, REQ_OP_WRITE | REQ_SYNC);
}

static const struct sim_swap_ops extents_ops = {
	.read = extents_read,
	.write = extents_write,
};

static int map_device(struct sim_swap_info *si, struct swap_info_struct *sis)
{
	sis->bdev = sim_claimed_bdev(si->claim);
	return add_swap_extent(sis, 0, sis->max, 0);
}

static void deactivate(struct file *file)
{
	if (file->f_mapping->a_ops->swap_deactivate)
		file->f_mapping->a_ops->swap_deactivate(file);
}

/* Mirrors what swapon(2) does with a file: from then on nobody writes to it or moves it. */
static int map_file(struct sim_swap_info *si, struct swap_info_struct *sis)
{
	const struct address_space_operations *a_ops = si->file->f_mapping->a_ops;
	struct inode *inode = si->file->f_mapping->host;
	u32 max = sis->max;
	sector_t span;
	int err = -EBUSY;

	if (!a_ops->swap_activate || !capable(CAP_SYS_ADMIN))
		return -EOPNOTSUPP;
	sis->bdev = inode->i_sb->s_bdev;
	inode_lock(inode);
	if (!IS_SWAPFILE(inode))
		err = a_ops->swap_activate(sis, si->file, &span);
	/* It may want to be called itself, or have no place for all slots. */
	if (err >= 0 && (!sis->bdev || (sis->flags & SWP_FS_OPS) || sis->max < max)) {
		deactivate(si->file);
		err = -EOPNOTSUPP;
	}
	if (err >= 0)
		inode->i_flags |= S_SWAPFILE;
	inode_unlock(inode);
	return err;
}

static void free_extents(struct swap_info_struct *sis)
{
	struct swap_extent *extent, *next;

	rbtree_postorder_for_each_entry_safe(extent, next, &sis->swap_extent_root, rb_node)
		kfree(extent);
	kfree(sis);
}

/**
 * sim_swap_extents_open() - find out where an area lies
 * @si: area with its file or device
 * @max: its size in slots, all of which have their place
 *
 * If that cannot be known the area stays as it is.
 *
 * Context: may sleep; no lock held.
 */
void sim_swap_extents_open(struct sim_swap_info *si, u32 max)
{
	struct swap_info_struct *sis = kzalloc(sizeof(*sis), GFP_KERNEL_ACCOUNT);
	int err;

	if (!sis)
		return;
	sis->max = max;
	sis->swap_extent_root = RB_ROOT;
	if (si->kind == SHMSWAP_AREA_PARTITION)
		err = map_device(si, sis);
	else
		err = map_file(si, sis);
	if (err < 0) {
		free_extents(sis);
		return;
	}
	si->extents = sis;
	si->ops = &extents_ops;
}

/**
 * sim_swap_extents_close() - forget where an area lies
 * @si: area that is not used any more
 *
 * Context: may sleep; no lock held.
 */
void sim_swap_extents_close(struct sim_swap_info *si)
{
	struct inode *inode;

	if (!si->extents)
		return;
	if (si->kind == SHMSWAP_AREA_FILE) {
		inode = si->file->f_mapping->host;
		inode_lock(inode);
		deactivate(si->file);
		inode->i_flags &= ~S_SWAPFILE;
		inode_unlock(inode);
	}
	free_extents(si->extents);
	si->extents = NULL;
}
