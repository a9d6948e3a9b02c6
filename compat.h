/* SPDX-License-Identifier: GPL-2.0 */
/* Where kernels differ; the only file that asks for a version. */
#ifndef _SIM_COMPAT_H
#define _SIM_COMPAT_H

#include <linux/blkdev.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/mm.h>
#include <linux/sched.h>
#include <linux/sched/mm.h>
#include <linux/version.h>

/**
 * sim_bdev_claim() - make a block device exclusively ours
 * @dev: device number
 * @holder: who we are
 *
 * Return: proof for sim_bdev_release(), or ERR_PTR(-EBUSY) if it is mounted or
 * otherwise claimed, or another error.
 */
static inline void *sim_bdev_claim(dev_t dev, void *holder)
{
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 9, 0)
	return bdev_file_open_by_dev(dev, BLK_OPEN_READ | BLK_OPEN_WRITE, holder, NULL);
#elif LINUX_VERSION_CODE >= KERNEL_VERSION(6, 5, 0)
	return blkdev_get_by_dev(dev, BLK_OPEN_READ | BLK_OPEN_WRITE, holder, NULL);
#else
	return blkdev_get_by_dev(dev, FMODE_READ | FMODE_WRITE | FMODE_EXCL, holder);
#endif
}

/**
 * sim_fput() - close a file, in a kernel thread too at once
 * @file: file
 *
 * What a thread closes with fput() is closed some time later, and a file system
 * that was to be unmounted is busy until then.
 */
static inline void sim_fput(struct file *file)
{
	if (current->flags & PF_KTHREAD)
		__fput_sync(file);
	else
		fput(file);
}

static inline void sim_bdev_release(void *claim, void *holder)
{
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 9, 0)
	sim_fput(claim);
#elif LINUX_VERSION_CODE >= KERNEL_VERSION(6, 5, 0)
	blkdev_put(claim, holder);
#else
	blkdev_put(claim, FMODE_READ | FMODE_WRITE | FMODE_EXCL);
#endif
}

static inline struct block_device *sim_claimed_bdev(void *claim)
{
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 9, 0)
	return file_bdev(claim);
#else
	return claim;
#endif
}

/**
 * sim_iter_write() - vfs_iter_write() of a file system that may be frozen
 * @file: file
 * @iter: data
 * @pos: where; advanced
 * @flags: RWF_*
 *
 * Return: bytes written or -errno.
 */
static inline ssize_t sim_iter_write(struct file *file, struct iov_iter *iter, loff_t *pos,
				     rwf_t flags)
{
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 8, 0)
	return vfs_iter_write(file, iter, pos, flags);
#else
	ssize_t ret;

	file_start_write(file);
	ret = vfs_iter_write(file, iter, pos, flags);
	file_end_write(file);
	return ret;
#endif
}

/* Where the process would map a file that has no wishes of its own. */
static inline unsigned long sim_get_mm_unmapped_area(struct file *file, unsigned long addr,
						     unsigned long len, unsigned long pgoff,
						     unsigned long flags)
{
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 10, 0)
	return mm_get_unmapped_area(current->mm, file, addr, len, pgoff, flags);
#else
	return current->mm->get_unmapped_area(file, addr, len, pgoff, flags);
#endif
}

static inline void sim_vm_flags_set(struct vm_area_struct *vma, unsigned long flags)
{
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 3, 0)
	vm_flags_set(vma, flags);
#else
	vma->vm_flags |= flags;
#endif
}

#endif /* _SIM_COMPAT_H */
