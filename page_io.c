// SPDX-License-Identifier: GPL-2.0
/*
 * Slot I/O: where the bytes of a page go and come from.
 */
#include <linux/fs.h>
#include <linux/highmem.h>

#include "sim.h"

/* ------------------------------------------------------------------- RAM */

static int ram_read(struct sim_swap_info *si, u32 slot, struct page *page)
{
	struct page *backing = xa_load(&si->ram, slot);

	if (!backing)
		return -EIO;
	copy_highpage(page, backing);
	return 0;
}

/* A slot's memory is kept when the slot is freed: it will be used again. */
static int ram_write(struct sim_swap_info *si, u32 slot, struct page *page)
{
	struct page *backing = xa_load(&si->ram, slot);
	int err;

	if (!backing) {
		backing = alloc_page(GFP_HIGHUSER | __GFP_ACCOUNT | __GFP_NOWARN);
		if (!backing)
			return -ENOMEM;
		err = xa_err(xa_store(&si->ram, slot, backing, GFP_KERNEL));
		if (err) {
			__free_page(backing);
			return err;
		}
	}
	copy_highpage(backing, page);
	return 0;
}

static void ram_release(struct sim_swap_info *si)
{
	struct page *backing;
	unsigned long slot;

	xa_for_each(&si->ram, slot, backing) {
		__free_page(backing);
		cond_resched();
	}
	xa_destroy(&si->ram);
}

const struct sim_swap_ops sim_swap_ram_ops = {
	.read = ram_read,
	.write = ram_write,
	.release = ram_release,
};

/* -------------------------------------------------- file or block device */

/*
 * A short transfer is continued; one that gets nowhere, as behind the end of a
 * file that somebody truncated, is an error.
 */
static int file_rw(struct file *file, u32 slot, struct page *page, bool write)
{
	loff_t pos = (loff_t)slot << PAGE_SHIFT;
	void *buf = kmap_local_page(page);
	size_t done = 0;
	ssize_t ret = 0;

	while (done < PAGE_SIZE) {
		if (write)
			ret = kernel_write(file, buf + done, PAGE_SIZE - done, &pos);
		else
			ret = kernel_read(file, buf + done, PAGE_SIZE - done, &pos);
		if (ret <= 0)
			break;
		done += ret;
	}
	kunmap_local(buf);
	if (done == PAGE_SIZE)
		return 0;
	return ret < 0 ? ret : -EIO;
}

static int file_read(struct sim_swap_info *si, u32 slot, struct page *page)
{
	return file_rw(si->file, slot, page, false);
}

static int file_write(struct sim_swap_info *si, u32 slot, struct page *page)
{
	return file_rw(si->file, slot, page, true);
}

const struct sim_swap_ops sim_swap_file_ops = {
	.read = file_read,
	.write = file_write,
};

/* ------------------------------------------------------------ both of them */

static struct sim_swap_info *page_area(struct sim_machine *m, const struct sim_page *page)
{
	WARN_ON_ONCE(!test_bit(SIM_PG_LOCKED, &page->flags));
	WARN_ON_ONCE(!test_bit(SIM_PG_SWAPCACHE, &page->flags));
	return m->swap_info[sim_swp_type(page->entry)];
}

/**
 * sim_swap_readpage() - fill a page from its slot
 * @m: machine
 * @page: locked frame in the swap cache
 *
 * Context: sleeps; no lock but the page's held.
 * Return: 0 or -EIO; then the contents are undefined.
 */
int sim_swap_readpage(struct sim_machine *m, struct sim_page *page)
{
	struct sim_swap_info *si = page_area(m, page);

	if (si->ops->read(si, sim_swp_offset(page->entry), page->page)) {
		sim_count_event(m, SIM_SWAP_READ_ERRORS);
		return -EIO;
	}
	sim_count_event(m, SIM_PSWPIN);
	return 0;
}

/**
 * sim_swap_writepage() - store a page in its slot
 * @m: machine
 * @page: locked frame in the swap cache
 *
 * Context: sleeps; no lock but the page's held.
 * Return: 0 or -errno; -ENOMEM if only memory was lacking.
 */
int sim_swap_writepage(struct sim_machine *m, struct sim_page *page)
{
	struct sim_swap_info *si = page_area(m, page);
	int err = si->ops->write(si, sim_swp_offset(page->entry), page->page);

	sim_count_event(m, err ? SIM_SWAP_WRITE_ERRORS : SIM_PSWPOUT);
	return err;
}
