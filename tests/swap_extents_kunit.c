// SPDX-License-Identifier: GPL-2.0
/*
 * Swap areas whose place on a block device is known: what goes where, and which
 * files stay what they are. The device is one of the case's own, and so is the file
 * system, which says of its only file whatever the case wants.
 */
#include <kunit/resource.h>
#include <linux/bio.h>
#include <linux/blkdev.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/mount.h>
#include <linux/pseudo_fs.h>
#include <linux/swap.h>
#include <linux/vmalloc.h>

#include "compat.h"
#include "kunit_regions.h"
#include "kunit_users.h"

#define DISK_PAGES	256
#define AREA_PAGES	16
#define MAX_BIOS	32

/* ------------------------------------------------------------- a block device */

/**
 * struct transfer - what one bio asked for
 * @page: where, in pages
 * @nr: how many
 * @op: REQ_OP_READ or REQ_OP_WRITE
 */
struct transfer {
	u32 page;
	u32 nr;
	enum req_op op;
};

/**
 * struct disk - a block device in memory
 * @gendisk: it
 * @data: contents
 * @bad_page: cannot be read or written; 0: all can
 * @nr: transfers so far
 * @transfers: the first of them
 */
struct disk {
	struct gendisk *gendisk;
	void *data;
	u32 bad_page;
	u32 nr;
	struct transfer transfers[MAX_BIOS];
};

static void *disk_page(struct disk *disk, u32 page)
{
	return disk->data + page * PAGE_SIZE;
}

static void transfer(struct disk *disk, struct bio_vec *bv, sector_t sector, bool write)
{
	void *there = disk->data + (sector << SECTOR_SHIFT);
	void *here = bvec_kmap_local(bv);

	if (write)
		memcpy(there, here, bv->bv_len);
	else
		memcpy(here, there, bv->bv_len);
	kunmap_local(here);
}

static void disk_submit_bio(struct bio *bio)
{
	struct disk *disk = bio->bi_bdev->bd_disk->private_data;
	const struct transfer t = {
		.page = bio->bi_iter.bi_sector >> PAGE_SECTORS_SHIFT,
		.nr = bio->bi_iter.bi_size >> PAGE_SHIFT,
		.op = bio_op(bio),
	};
	struct bvec_iter iter;
	struct bio_vec bv;

	if (disk->nr < MAX_BIOS)
		disk->transfers[disk->nr] = t;
	disk->nr++;
	if (disk->bad_page >= t.page && disk->bad_page < t.page + t.nr) {
		bio_io_error(bio);
		return;
	}
	bio_for_each_segment(bv, bio, iter)
		transfer(disk, &bv, iter.bi_sector, t.op == REQ_OP_WRITE);
	bio_endio(bio);
}

static const struct block_device_operations disk_fops = {
	.owner = THIS_MODULE,
	.submit_bio = disk_submit_bio,
};

static void remove_disk(void *data)
{
	struct disk *disk = data;

	del_gendisk(disk->gendisk);
	put_disk(disk->gendisk);
	vfree(disk->data);
}

/* Page n is full of bytes n. */
static struct disk *make_disk(struct kunit *test)
{
	struct disk *disk = kunit_kzalloc(test, sizeof(*disk), GFP_KERNEL);
	u32 i;

	KUNIT_ASSERT_NOT_NULL(test, disk);
	disk->gendisk = blk_alloc_disk(NULL, NUMA_NO_NODE);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, disk->gendisk);
	disk->data = vmalloc(DISK_PAGES * PAGE_SIZE);
	KUNIT_ASSERT_NOT_NULL(test, disk->data);
	for (i = 0; i < DISK_PAGES; i++)
		memset(disk_page(disk, i), i, PAGE_SIZE);
	disk->gendisk->fops = &disk_fops;
	disk->gendisk->flags |= GENHD_FL_NO_PART;
	disk->gendisk->private_data = disk;
	strscpy(disk->gendisk->disk_name, "shmswap-kunit", DISK_NAME_LEN);
	set_capacity(disk->gendisk, DISK_PAGES * PAGE_SECTORS);
	KUNIT_ASSERT_EQ(test, 0, add_disk(disk->gendisk));
	KUNIT_ASSERT_EQ(test, 0, kunit_add_action_or_reset(test, remove_disk, disk));
	disk->nr = 0;
	return disk;
}

static void expect_transfers(struct kunit *test, const struct disk *disk,
			     const struct transfer *expected, u32 nr)
{
	u32 i;

	KUNIT_ASSERT_EQ(test, nr, disk->nr);
	for (i = 0; i < nr; i++) {
		KUNIT_EXPECT_EQ_MSG(test, expected[i].page, disk->transfers[i].page,
				    "transfer %u", i);
		KUNIT_EXPECT_EQ_MSG(test, expected[i].nr, disk->transfers[i].nr,
				    "transfer %u", i);
		KUNIT_EXPECT_EQ_MSG(test, expected[i].op, disk->transfers[i].op,
				    "transfer %u", i);
	}
}

/* ----------------------------------------- a file system that can be swapped to */

#define MAX_EXTENTS	4

/**
 * struct fake_file - the file, and what its file system says of it
 * @mnt: where the file system is mounted
 * @file: the file
 * @extents: where it lies, in pages, one behind the other; ends with one of no pages
 * @err: what swap_activate() returns instead
 * @flags: SWP_* that it sets
 * @nr_activated: calls of swap_activate()
 * @nr_deactivated: calls of swap_deactivate()
 */
struct fake_file {
	struct vfsmount *mnt;
	struct file *file;
	struct {
		u32 page;
		u32 nr;
	} extents[MAX_EXTENTS + 1];
	int err;
	unsigned long flags;
	u32 nr_activated;
	u32 nr_deactivated;
};

static int fake_activate(struct swap_info_struct *sis, struct file *file, sector_t *span)
{
	struct fake_file *f = file_inode(file)->i_private;
	u32 start = 0;
	u32 i;
	int ret = 0;

	f->nr_activated++;
	for (i = 0; ret >= 0 && f->extents[i].nr; i++) {
		ret = add_swap_extent(sis, start, f->extents[i].nr, f->extents[i].page);
		start += f->extents[i].nr;
	}
	sis->flags |= f->flags;
	/* As all of them do: it may be less than what the header says. */
	sis->max = min(sis->max, start);
	return f->err ?: ret;
}

static void fake_deactivate(struct file *file)
{
	struct fake_file *f = file_inode(file)->i_private;

	f->nr_deactivated++;
}

static const struct address_space_operations fake_aops = {
	.swap_activate = fake_activate,
	.swap_deactivate = fake_deactivate,
};

static const struct address_space_operations no_aops;

static const struct file_operations fake_fops;

static int fake_init_fs_context(struct fs_context *fc)
{
	return init_pseudo(fc, 0x6b756e69) ? 0 : -ENOMEM;
}

static struct file_system_type fake_fs = {
	.owner = THIS_MODULE,
	.name = "shmswap-kunit",
	.init_fs_context = fake_init_fs_context,
	.kill_sb = kill_anon_super,
};

KUNIT_DEFINE_ACTION_WRAPPER(unmount, kern_unmount, struct vfsmount *);
KUNIT_DEFINE_ACTION_WRAPPER(close_file, __fput_sync, struct file *);

/* A file on @disk, whose file system knows it to lie in three pieces. */
static struct fake_file *make_file(struct kunit *test, struct disk *disk)
{
	struct fake_file *f = kunit_kzalloc(test, sizeof(*f), GFP_KERNEL);
	struct inode *inode;

	KUNIT_ASSERT_NOT_NULL(test, f);
	f->extents[0].page = 100;
	f->extents[0].nr = 4;
	f->extents[1].page = 50;
	f->extents[1].nr = 3;
	f->extents[2].page = 200;
	f->extents[2].nr = AREA_PAGES - 7;
	f->mnt = kern_mount(&fake_fs);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, f->mnt);
	KUNIT_ASSERT_EQ(test, 0, kunit_add_action_or_reset(test, unmount, f->mnt));
	f->mnt->mnt_sb->s_bdev = disk->gendisk->part0;
	inode = alloc_anon_inode(f->mnt->mnt_sb);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, inode);
	inode->i_mode |= S_IFREG;
	inode->i_private = f;
	inode->i_mapping->a_ops = &fake_aops;
	f->file = alloc_file_pseudo(inode, f->mnt, "swap", O_RDWR, &fake_fops);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, f->file);
	KUNIT_ASSERT_EQ(test, 0, kunit_add_action_or_reset(test, close_file, f->file));
	return f;
}

static bool is_swapfile(const struct fake_file *f)
{
	return IS_SWAPFILE(file_inode(f->file));
}

/* ------------------------------------------------------------------- the area */

/**
 * struct rig - an area on a block device
 * @m: machine
 * @disk: the device
 * @f: the file, if it is one
 * @si: the area, until it is in use
 */
struct rig {
	struct sim_machine *m;
	struct disk *disk;
	struct fake_file *f;
	struct sim_swap_info *si;
};

KUNIT_DEFINE_ACTION_WRAPPER(free_area, sim_swap_area_free, struct sim_swap_info *);

static struct rig *make_rig(struct kunit *test, u32 kind)
{
	struct rig *r = kunit_kzalloc(test, sizeof(*r), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, r);
	r->disk = make_disk(test);
	if (kind == SHMSWAP_AREA_FILE)
		r->f = make_file(test, r->disk);
	r->m = sim_test_machine_config(test, &(const struct sim_config) {
		.nr_frames = SIM_TEST_FRAMES,
	});
	r->si = sim_swap_area_alloc(r->m);
	KUNIT_ASSERT_NOT_NULL(test, r->si);
	KUNIT_ASSERT_EQ(test, 0, kunit_add_action_or_reset(test, free_area, r->si));
	r->si->kind = kind;
	r->si->ops = &sim_swap_file_ops;
	return r;
}

static struct rig *rig_with_file(struct kunit *test)
{
	struct rig *r = make_rig(test, SHMSWAP_AREA_FILE);

	r->si->file = get_file(r->f->file);
	return r;
}

static struct rig *rig_with_partition(struct kunit *test)
{
	struct rig *r = make_rig(test, SHMSWAP_AREA_PARTITION);
	void *claim = sim_bdev_claim(disk_devt(r->disk->gendisk), r->si);

	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, claim);
	r->si->claim = claim;
	return r;
}

static void open_area(struct rig *r)
{
	sim_swap_extents_open(r->si, AREA_PAGES);
	r->disk->nr = 0;
}

static void close_area(struct kunit *test, struct rig *r)
{
	kunit_release_action(test, free_area, r->si);
}

/* Let the machine use it. */
static u32 use_area(struct kunit *test, struct rig *r)
{
	const struct sim_swap_geometry geometry = { .max = AREA_PAGES };

	KUNIT_ASSERT_EQ(test, 0, sim_swap_area_add(r->si, &geometry, -1));
	/* From now on it is the machine's. */
	kunit_remove_action(test, free_area, r->si);
	return r->si->type;
}

static struct page **make_pages(struct kunit *test, u32 nr)
{
	struct page **pages = kunit_kcalloc(test, nr, sizeof(*pages), GFP_KERNEL);
	u32 i;

	KUNIT_ASSERT_NOT_NULL(test, pages);
	for (i = 0; i < nr; i++) {
		void *memory = kunit_kzalloc(test, PAGE_SIZE, GFP_KERNEL);

		KUNIT_ASSERT_NOT_NULL(test, memory);
		KUNIT_ASSERT_TRUE(test, PAGE_ALIGNED(memory));
		pages[i] = virt_to_page(memory);
	}
	return pages;
}

/* Every byte of @memory is @byte. */
static bool full_of(const void *memory, u8 byte)
{
	return !memchr_inv(memory, byte, PAGE_SIZE);
}

/* ------------------------------------------------------- what is read and written */

/**
 * struct run_row - neighbouring slots, and where they lie
 * @name: which
 * @slot: first slot
 * @nr: how many
 * @parts: where, in pages, one behind the other
 */
static const struct run_row {
	const char *name;
	u32 slot;
	u32 nr;
	struct {
		u32 page;
		u32 nr;
	} parts[4];
} run_rows[] = {
	{ "one of the first extent", 1, 1, { { 101, 1 } } },
	{ "the first extent", 0, 4, { { 100, 4 } } },
	{ "first of the second", 4, 1, { { 50, 1 } } },
	{ "last of the second", 6, 1, { { 52, 1 } } },
	{ "the last of all", 15, 1, { { 208, 1 } } },
	{ "across a border", 3, 2, { { 103, 1 }, { 50, 1 } } },
	{ "up to a border", 5, 2, { { 51, 2 } } },
	{ "across two borders", 2, 8, { { 102, 2 }, { 50, 3 }, { 200, 3 } } },
	{ "all of it", 0, 16, { { 100, 4 }, { 50, 3 }, { 200, 9 } } },
};

static void expect_parts(struct kunit *test, struct rig *r, const struct run_row *row,
			 enum req_op op)
{
	struct transfer expected[ARRAY_SIZE(row->parts)];
	u32 i;

	for (i = 0; i < ARRAY_SIZE(expected) && row->parts[i].nr; i++)
		expected[i] = (struct transfer) { row->parts[i].page, row->parts[i].nr, op };
	expect_transfers(test, r->disk, expected, i);
}

static void read_of_file(struct kunit *test)
{
	const struct run_row *row = test->param_value;
	struct page **pages = make_pages(test, row->nr);
	struct rig *r = rig_with_file(test);
	u32 i, part = 0, done = 0;

	open_area(r);
	KUNIT_EXPECT_EQ(test, 0, r->si->ops->read(r->si, row->slot, pages, row->nr));
	expect_parts(test, r, row, REQ_OP_READ);
	for (i = 0; i < row->nr; i++, done++) {
		if (done == row->parts[part].nr) {
			part++;
			done = 0;
		}
		KUNIT_EXPECT_TRUE(test, full_of(page_address(pages[i]),
						row->parts[part].page + done));
	}
}

static void write_of_file(struct kunit *test)
{
	const struct run_row *row = test->param_value;
	struct page **pages = make_pages(test, row->nr);
	struct rig *r = rig_with_file(test);
	u32 i, part = 0, done = 0;

	open_area(r);
	for (i = 0; i < row->nr; i++)
		memset(page_address(pages[i]), 0x80 + i, PAGE_SIZE);
	KUNIT_EXPECT_EQ(test, 0, r->si->ops->write(r->si, row->slot, pages, row->nr));
	expect_parts(test, r, row, REQ_OP_WRITE);
	for (i = 0; i < row->nr; i++, done++) {
		if (done == row->parts[part].nr) {
			part++;
			done = 0;
		}
		KUNIT_EXPECT_TRUE(test, full_of(disk_page(r->disk, row->parts[part].page + done),
						0x80 + i));
	}
}

KUNIT_ARRAY_PARAM_DESC(run, run_rows, name);

/* What lies side by side on the device, too, is one extent. */
static void partition_lies_in_one_piece(struct kunit *test)
{
	static const struct transfer expected[] = {
		{ 3, 10, REQ_OP_READ },
		{ 15, 1, REQ_OP_WRITE },
	};
	struct rig *r = rig_with_partition(test);
	struct page **pages = make_pages(test, 10);

	open_area(r);
	KUNIT_EXPECT_EQ(test, 0, r->si->ops->read(r->si, 3, pages, 10));
	KUNIT_EXPECT_TRUE(test, full_of(page_address(pages[9]), 12));
	KUNIT_EXPECT_EQ(test, 0, r->si->ops->write(r->si, 15, pages, 1));
	KUNIT_EXPECT_TRUE(test, full_of(disk_page(r->disk, 15), 3));
	expect_transfers(test, r->disk, expected, ARRAY_SIZE(expected));
}

static void pages_go_out_and_come_back(struct kunit *test)
{
	struct rig *r = rig_with_file(test);
	struct sim_mm *mm = sim_test_process(test, r->m);
	u64 base = sim_test_attach(test, mm, sim_test_segment(test, r->m, 8));
	u64 *words = kunit_kmalloc(test, PAGE_SIZE, GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, words);
	open_area(r);
	use_area(test, r);
	sim_test_fill(test, mm, base, 8, 1);
	sim_test_swap_out_all(test, r->m);
	/* Page 0 went last, to slot 8: the clock had passed it. */
	sim_test_pattern(words, 1, 0);
	KUNIT_EXPECT_EQ(test, 0, memcmp(words, disk_page(r->disk, 201), PAGE_SIZE));
	sim_test_pattern(words, 1, 1);
	KUNIT_EXPECT_EQ(test, 0, memcmp(words, disk_page(r->disk, 101), PAGE_SIZE));
	sim_test_pattern(words, 1, 4);
	KUNIT_EXPECT_EQ(test, 0, memcmp(words, disk_page(r->disk, 50), PAGE_SIZE));
	sim_test_verify(test, mm, base, 8, 1);
}

/* The parts before it were transferred, those behind were not. */
static void transfer_that_fails(struct kunit *test)
{
	struct page **pages = make_pages(test, AREA_PAGES);
	struct rig *r = rig_with_file(test);

	open_area(r);
	r->disk->bad_page = 51;
	KUNIT_EXPECT_EQ(test, -EIO, r->si->ops->read(r->si, 0, pages, AREA_PAGES));
	KUNIT_EXPECT_EQ(test, 2, r->disk->nr);
	KUNIT_EXPECT_TRUE(test, full_of(page_address(pages[3]), 103));
	KUNIT_EXPECT_EQ(test, -EIO, r->si->ops->write(r->si, 4, pages, 2));
	KUNIT_EXPECT_EQ(test, 0, r->si->ops->write(r->si, 6, pages, 2));
}

/* No slot is given out that has no place, but should one be, nothing is overwritten. */
static void slot_without_a_place(struct kunit *test)
{
	struct page **pages = make_pages(test, 2);
	struct rig *r = rig_with_partition(test);

	open_area(r);
	KUNIT_EXPECT_EQ(test, -EIO, r->si->ops->read(r->si, AREA_PAGES, pages, 1));
	KUNIT_EXPECT_EQ(test, -EIO, r->si->ops->write(r->si, AREA_PAGES, pages, 1));
	KUNIT_EXPECT_EQ(test, 0, r->disk->nr);
	KUNIT_EXPECT_EQ(test, -EIO, r->si->ops->write(r->si, AREA_PAGES - 1, pages, 2));
	KUNIT_EXPECT_TRUE(test, full_of(disk_page(r->disk, AREA_PAGES), AREA_PAGES));
}

/* ------------------------------------------------------- what becomes of the file */

static void file_is_a_swap_file_meanwhile(struct kunit *test)
{
	struct rig *r = rig_with_file(test);

	open_area(r);
	KUNIT_EXPECT_TRUE(test, is_swapfile(r->f));
	KUNIT_EXPECT_FALSE(test, sim_swap_locks_inode(r->m, sim_swp_entry(use_area(test, r), 1)));
	KUNIT_EXPECT_EQ(test, 0, sim_swapoff(r->m, 0));
	KUNIT_EXPECT_FALSE(test, is_swapfile(r->f));
	KUNIT_EXPECT_EQ(test, 1, r->f->nr_activated);
	KUNIT_EXPECT_EQ(test, 1, r->f->nr_deactivated);
}

/* It can be one again. */
static void file_is_used_twice(struct kunit *test)
{
	struct rig *r = rig_with_file(test);
	int i;

	for (i = 1; i <= 2; i++) {
		open_area(r);
		KUNIT_EXPECT_NOT_NULL(test, r->si->extents);
		sim_swap_extents_close(r->si);
		KUNIT_EXPECT_NULL(test, r->si->extents);
		KUNIT_EXPECT_FALSE(test, is_swapfile(r->f));
		KUNIT_EXPECT_EQ(test, i, r->f->nr_deactivated);
	}
}

static void no_activate(struct rig *r)
{
	file_inode(r->f->file)->i_mapping->a_ops = &no_aops;
}

static void no_device(struct rig *r)
{
	r->f->mnt->mnt_sb->s_bdev = NULL;
}

static void own_operations(struct rig *r)
{
	r->f->flags = SWP_FS_OPS;
}

static void refused(struct rig *r)
{
	r->f->err = -EINVAL;
}

static void too_short(struct rig *r)
{
	r->f->extents[2].nr--;
}

/**
 * struct stays_row - a file that stays what it is
 * @name: why
 * @prepare: make it so
 * @activated: its file system was asked
 * @deactivated: and was told that nothing comes of it
 */
static const struct stays_row {
	const char *name;
	void (*prepare)(struct rig *r);
	bool activated;
	bool deactivated;
} stays_rows[] = {
	{ "file system knows nothing of swap", no_activate, false, false },
	{ "file system does not want to", refused, true, false },
	{ "file system wants to do it itself", own_operations, true, true },
	{ "file system without a device", no_device, true, true },
	{ "not all of it has its place", too_short, true, true },
};

/* It is read and written as a file then. */
static void expect_stays(struct kunit *test, struct rig *r, bool activated, bool deactivated)
{
	KUNIT_EXPECT_NULL(test, r->si->extents);
	KUNIT_EXPECT_PTR_EQ(test, &sim_swap_file_ops, r->si->ops);
	KUNIT_EXPECT_EQ(test, activated, r->f->nr_activated);
	KUNIT_EXPECT_EQ(test, deactivated, r->f->nr_deactivated);
	close_area(test, r);
	KUNIT_EXPECT_EQ(test, deactivated, r->f->nr_deactivated);
}

static void file_stays_what_it_is(struct kunit *test)
{
	const struct stays_row *row = test->param_value;
	struct rig *r = rig_with_file(test);

	row->prepare(r);
	open_area(r);
	KUNIT_EXPECT_FALSE(test, is_swapfile(r->f));
	expect_stays(test, r, row->activated, row->deactivated);
}

KUNIT_ARRAY_PARAM_DESC(stays, stays_rows, name);

/* Somebody else's, who will say when it is none any more. */
static void file_is_a_swap_file_already(struct kunit *test)
{
	struct rig *r = rig_with_file(test);
	struct inode *inode = file_inode(r->f->file);

	inode->i_flags |= S_SWAPFILE;
	open_area(r);
	expect_stays(test, r, false, false);
	KUNIT_EXPECT_TRUE(test, is_swapfile(r->f));
	inode->i_flags &= ~S_SWAPFILE;
}

/* As swapon(2) is. */
static void only_who_may_call_swapon_is_heard(struct kunit *test)
{
	struct cred *user = sim_test_user(test, 1000, 1000);
	struct rig *r = rig_with_file(test);

	SIM_TEST_AS(user, (open_area(r), 0));
	KUNIT_EXPECT_FALSE(test, is_swapfile(r->f));
	expect_stays(test, r, false, false);
}

/* A device needs nobody's leave but its owner's, who has given it. */
static void user_may_have_a_partition(struct kunit *test)
{
	struct cred *user = sim_test_user(test, 1000, 1000);
	struct rig *r = rig_with_partition(test);

	SIM_TEST_AS(user, (open_area(r), 0));
	KUNIT_EXPECT_NOT_NULL(test, r->si->extents);
}

static void file_stays_what_it_is_without_memory(struct kunit *test)
{
	struct rig *r = rig_with_file(test);
	unsigned int n, failures = 0;
	bool fired = true;

	sim_test_fault_injection(test);
	for (n = 1; fired; n++) {
		sim_test_fail_nth(n);
		sim_swap_extents_open(r->si, AREA_PAGES);
		fired = sim_test_fail_fired();
		KUNIT_EXPECT_EQ(test, !!r->si->extents, is_swapfile(r->f));
		failures += !r->si->extents;
		sim_swap_extents_close(r->si);
		KUNIT_EXPECT_FALSE(test, is_swapfile(r->f));
		r->si->ops = &sim_swap_file_ops;
	}
	KUNIT_EXPECT_GT(test, failures, 0);
}

static struct kunit_case cases[] = {
	KUNIT_CASE_PARAM(read_of_file, run_gen_params),
	KUNIT_CASE_PARAM(write_of_file, run_gen_params),
	KUNIT_CASE(partition_lies_in_one_piece),
	KUNIT_CASE(pages_go_out_and_come_back),
	KUNIT_CASE(transfer_that_fails),
	KUNIT_CASE(slot_without_a_place),
	KUNIT_CASE(file_is_a_swap_file_meanwhile),
	KUNIT_CASE(file_is_used_twice),
	KUNIT_CASE_PARAM(file_stays_what_it_is, stays_gen_params),
	KUNIT_CASE(file_is_a_swap_file_already),
	KUNIT_CASE(only_who_may_call_swapon_is_heard),
	KUNIT_CASE(user_may_have_a_partition),
	KUNIT_CASE(file_stays_what_it_is_without_memory),
	{}
};

static struct kunit_suite suite = {
	.name = "shmswap_swap_extents",
	.init = sim_test_init,
	.exit = sim_test_exit,
	.test_cases = cases,
};

kunit_test_suite(suite);
