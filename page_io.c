// SPDX-License-Identifier: GPL-2.0
/*
 * Slot I/O: where the bytes of a page go and come from.
 */
#include <linux/bvec.h>
#include <linux/cred.h>
#include <linux/highmem.h>
#include <linux/slab.h>
#include <linux/uio.h>

#include "compat.h"
#include "sim.h"

/* ------------------------------------------------------------------- RAM */

static int ram_read(struct sim_swap_info *si, u32 slot, struct page **pages, u32 nr)
{
	u32 i;

	for (i = 0; i < nr; i++, slot++) {
		struct sim_swap_chunk *chunk = sim_swap_chunk(si, slot);
		struct page *backing = chunk->ram ? chunk->ram[slot % SIM_SLOTS_PER_CHUNK] : NULL;

		if (!backing)
			return -EIO;
		copy_highpage(pages[i], backing);
	}
	return 0;
}

/* The memory of a slot; it is kept when the slot is freed, to be used again. */
static struct page *ram_page(struct sim_swap_chunk *chunk, u32 slot)
{
	struct page **backing;

	if (!chunk->ram)
		chunk->ram = kvcalloc(SIM_SLOTS_PER_CHUNK, sizeof(*chunk->ram),
				      GFP_KERNEL_ACCOUNT);
	if (!chunk->ram)
		return NULL;
	backing = &chunk->ram[slot % SIM_SLOTS_PER_CHUNK];
	if (!*backing)
		*backing = alloc_page(GFP_HIGHUSER | __GFP_ACCOUNT | __GFP_NOWARN);
	return *backing;
}

/* Only reclaim writes, and one at a time, so nothing protects chunk->ram. */
static int ram_write(struct sim_swap_info *si, u32 slot, struct page **pages, u32 nr)
{
	u32 i;

	for (i = 0; i < nr; i++, slot++) {
		struct page *backing = ram_page(sim_swap_chunk(si, slot), slot);

		if (!backing)
			return -ENOMEM;
		copy_highpage(backing, pages[i]);
	}
	return 0;
}

const struct sim_swap_ops sim_swap_ram_ops = {
	.read = ram_read,
	.write = ram_write,
	.synchronous = true,
};

/* -------------------------------------------------- file or block device */

/**
 * sim_file_rw() - read or write neighbouring pages of a file
 * @file: file
 * @pos: where
 * @pages: the pages, at most SIM_MAX_IO
 * @len: bytes, more than those of all pages but the last
 * @write: write
 * @flags: RWF_* of a write
 *
 * A short transfer is continued; one that gets nowhere, as behind the end of a
 * file that somebody truncated, is an error. It is done with the rights of who
 * opened the file, for kswapd's would pass every quota.
 *
 * Context: sleeps; no lock but the pages' held.
 * Return: 0 or -errno.
 */
int sim_file_rw(struct file *file, loff_t pos, struct page **pages, size_t len, bool write,
		rwf_t flags)
{
	const struct cred *cred = override_creds(file->f_cred);
	struct bio_vec bv[SIM_MAX_IO];
	u32 i, nr = DIV_ROUND_UP(len, PAGE_SIZE);
	struct iov_iter iter;
	ssize_t ret;

	for (i = 0; i < nr; i++) {
		bv[i].bv_page = pages[i];
		bv[i].bv_offset = 0;
		bv[i].bv_len = min(len - i * PAGE_SIZE, PAGE_SIZE);
	}
	iov_iter_bvec(&iter, write ? WRITE : READ, bv, nr, len);
	do {
		if (write)
			ret = sim_iter_write(file, &iter, &pos, flags);
		else
			ret = vfs_iter_read(file, &iter, &pos, 0);
	} while (ret > 0 && iov_iter_count(&iter));
	revert_creds(cred);
	if (ret > 0)
		return 0;
	return ret < 0 ? ret : -EIO;
}

static int file_read(struct sim_swap_info *si, u32 slot, struct page **pages, u32 nr)
{
	return sim_file_rw(si->file, (loff_t)slot << PAGE_SHIFT, pages, nr * PAGE_SIZE, false, 0);
}

/*
 * The file is open for direct I/O if it can be. If not, its writes are made
 * synchronous: that one failed must be known before the frame is given away.
 */
static int file_write(struct sim_swap_info *si, u32 slot, struct page **pages, u32 nr)
{
	rwf_t flags = si->file->f_flags & O_DIRECT ? 0 : RWF_DSYNC;

	return sim_file_rw(si->file, (loff_t)slot << PAGE_SHIFT, pages, nr * PAGE_SIZE, true,
			   flags);
}

const struct sim_swap_ops sim_swap_file_ops = {
	.read = file_read,
	.write = file_write,
};

/* ------------------------------------------------------------ both of them */

static struct sim_swap_info *area_of(struct sim_machine *m, sim_swp_entry_t entry)
{
	return m->swap_info[sim_swp_type(entry)];
}

/**
 * sim_swap_synchronous() - is a slot's area synchronous?
 * @m: machine
 * @entry: slot in use
 *
 * Context: any.
 * Return: see struct sim_swap_ops.
 */
bool sim_swap_synchronous(struct sim_machine *m, sim_swp_entry_t entry)
{
	return area_of(m, entry)->ops->synchronous;
}

/**
 * sim_swap_locks_inode() - does reading a slot take the lock of an inode?
 * @m: machine
 * @entry: slot in use
 *
 * Direct I/O does, on most file systems.
 *
 * Context: any.
 * Return: true if it may.
 */
bool sim_swap_locks_inode(struct sim_machine *m, sim_swp_entry_t entry)
{
	const struct sim_swap_info *si = area_of(m, entry);

	return si->ops == &sim_swap_file_ops && (si->file->f_flags & O_DIRECT);
}

/**
 * sim_swap_readpages() - fill pages from neighbouring slots
 * @m: machine
 * @entry: first slot; all are in use
 * @pages: frames, locked and in the swap cache unless the area is synchronous
 * @nr: how many, at most SIM_MAX_IO
 *
 * Context: sleeps; no lock but the pages' held unless the area is synchronous.
 * Return: 0; -EIO; -EINTR a fatal signal: then the contents are undefined.
 */
int sim_swap_readpages(struct sim_machine *m, sim_swp_entry_t entry, struct sim_page **pages,
		       u32 nr)
{
	struct sim_swap_info *si = area_of(m, entry);
	struct page *memory[SIM_MAX_IO];
	int err;
	u32 i;

	for (i = 0; i < nr; i++)
		memory[i] = pages[i]->page;
	err = si->ops->read(si, sim_swp_offset(entry), memory, nr);
	if (!err)
		sim_count_events(m, SIM_PSWPIN, nr);
	for (i = 0; i < nr && (!err || nr == 1); i++)
		sim_event(swap_in, m, pages[i], sim_swp_next(entry, i), err);
	/* That the caller was killed is no fault of the area. */
	if (!err || err == -EINTR)
		return err;
	sim_count_event(m, SIM_SWAP_READ_ERRORS);
	return -EIO;
}

/**
 * sim_swap_writepages() - store pages in neighbouring slots
 * @m: machine
 * @entry: first slot; all are in use
 * @pages: frames; locked and in the swap cache unless the area is synchronous
 * @nr: how many, at most SIM_MAX_IO
 *
 * That several together cannot be written is not counted: which of them it is has
 * to be tried.
 *
 * Context: as sim_swap_readpages(); reclaim_lock held.
 * Return: 0 or -errno; -ENOMEM if only memory was lacking.
 */
int sim_swap_writepages(struct sim_machine *m, sim_swp_entry_t entry, struct sim_page **pages,
			u32 nr)
{
	struct sim_swap_info *si = area_of(m, entry);
	struct page *memory[SIM_MAX_IO];
	int err;
	u32 i;

	lockdep_assert_held(&m->reclaim_lock);
	for (i = 0; i < nr; i++)
		memory[i] = pages[i]->page;
	err = si->ops->write(si, sim_swp_offset(entry), memory, nr);
	if (!err)
		sim_count_events(m, SIM_PSWPOUT, nr);
	else if (nr == 1)
		sim_count_event(m, SIM_SWAP_WRITE_ERRORS);
	for (i = 0; i < nr && (!err || nr == 1); i++)
		sim_event(swap_out, m, pages[i], sim_swp_next(entry, i), err);
	return err;
}
