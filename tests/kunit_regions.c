// SPDX-License-Identifier: GPL-2.0
/*
 * Regions for the suites; see kunit_regions.h.
 */
#include <kunit/resource.h>
#include <linux/fdtable.h>
#include <linux/file.h>
#include <linux/shmem_fs.h>
#include <linux/slab.h>

#include "kunit_regions.h"

/* ----------------------------------------------------------------- files */

static LIST_HEAD(files);
static DEFINE_MUTEX(files_lock);
static const struct file_operations *tmpfs_fops;

/* The file that a machine does I/O on; NULL: its case is over. */
static struct sim_test_file *find_file(const struct file *file)
{
	struct sim_test_file *f, *found = NULL;

	mutex_lock(&files_lock);
	list_for_each_entry(f, &files, list) {
		if (file_inode(f->file) == file_inode(file))
			found = f;
	}
	mutex_unlock(&files_lock);
	return found;
}

/* Decide what becomes of an I/O, and count it. */
static int start_io(struct kiocb *iocb, bool write)
{
	struct sim_test_file *f = find_file(iocb->ki_filp);
	pgoff_t index = iocb->ki_pos >> PAGE_SHIFT;
	int err;

	if (!f)
		return 0;
	mutex_lock(&f->lock);
	err = sim_test_fault_due(write ? &f->fail_write : &f->fail_read, index);
	if (write)
		f->nr_writes++;
	else
		f->nr_reads++;
	mutex_unlock(&f->lock);
	if (write && f->on_write)
		f->on_write(f, index);
	if (!write && f->on_read)
		f->on_read(f, index);
	return err;
}

static ssize_t fake_read_iter(struct kiocb *iocb, struct iov_iter *iter)
{
	return start_io(iocb, false) ?: tmpfs_fops->read_iter(iocb, iter);
}

static ssize_t fake_write_iter(struct kiocb *iocb, struct iov_iter *iter)
{
	return start_io(iocb, true) ?: tmpfs_fops->write_iter(iocb, iter);
}

/*
 * What a machine opens for itself has these; what the case opened has tmpfs's.
 * Nobody maps it, but a file that cannot be mapped is refused.
 */
static const struct file_operations fops = {
	.mmap = generic_file_mmap,
	.read_iter = fake_read_iter,
	.write_iter = fake_write_iter,
};

static void close_file(void *data)
{
	struct sim_test_file *f = data;

	mutex_lock(&files_lock);
	list_del(&f->list);
	mutex_unlock(&files_lock);
	close_fd(f->fd);
}

static void open_file(struct kunit *test, struct sim_test_file *f, u64 npages)
{
	mutex_init(&f->lock);
	f->fd = get_unused_fd_flags(0);
	KUNIT_ASSERT_GE(test, f->fd, 0);
	f->file = shmem_file_setup("shmswap-kunit", npages << PAGE_SHIFT, 0);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, f->file);
	fd_install(f->fd, f->file);
	mutex_lock(&files_lock);
	list_add(&f->list, &files);
	mutex_unlock(&files_lock);
	KUNIT_ASSERT_EQ(test, 0, kunit_add_action_or_reset(test, close_file, f));
	tmpfs_fops = f->file->f_op;
	file_inode(f->file)->i_fop = &fops;
}

/**
 * sim_test_file() - a file with a pattern
 * @test: case
 * @npages: size in pages
 * @seed: the pattern is that of sim_test_fill()
 *
 * Return: the file.
 */
struct sim_test_file *sim_test_file(struct kunit *test, u64 npages, u64 seed)
{
	struct sim_test_file *f = kunit_kzalloc(test, sizeof(*f), GFP_KERNEL);
	u64 *words = kunit_kmalloc(test, PAGE_SIZE, GFP_KERNEL);
	loff_t pos = 0;
	u64 i;

	KUNIT_ASSERT_NOT_NULL(test, f);
	KUNIT_ASSERT_NOT_NULL(test, words);
	open_file(test, f, npages);
	for (i = 0; i < npages; i++) {
		sim_test_pattern(words, seed, i);
		KUNIT_ASSERT_EQ(test, (ssize_t)PAGE_SIZE,
				kernel_write(f->file, words, PAGE_SIZE, &pos));
	}
	kunit_kfree(test, words);
	return f;
}

static void close_number(void *data)
{
	close_fd((long)data);
}

/**
 * sim_test_fd() - give a file a number
 * @test: case
 * @file: file, or what came of opening it; the number takes over the reference
 *
 * Return: the number, for struct shmswap_mmap.
 */
int sim_test_fd(struct kunit *test, struct file *file)
{
	int fd = get_unused_fd_flags(0);

	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, file);
	KUNIT_ASSERT_GE(test, fd, 0);
	fd_install(fd, file);
	KUNIT_ASSERT_EQ(test, 0, kunit_add_action_or_reset(test, close_number, (void *)(long)fd));
	return fd;
}

/**
 * sim_test_file_open() - open a file once more
 * @test: case
 * @f: file
 * @flags: O_RDONLY, O_WRONLY, O_RDWR
 *
 * Return: its number.
 */
int sim_test_file_open(struct kunit *test, struct sim_test_file *f, int flags)
{
	return sim_test_fd(test, dentry_open(&f->file->f_path, flags, current_cred()));
}

/**
 * sim_test_file_resize() - truncate(2)
 * @test: case
 * @f: file
 * @bytes: its new size
 */
void sim_test_file_resize(struct kunit *test, struct sim_test_file *f, u64 bytes)
{
	KUNIT_ASSERT_EQ(test, 0, vfs_truncate(&f->file->f_path, bytes));
}

/**
 * sim_test_file_store() - pwrite(2) of a word
 * @test: case
 * @f: file
 * @pos: where
 * @word: word
 */
void sim_test_file_store(struct kunit *test, struct sim_test_file *f, u64 pos, u64 word)
{
	loff_t at = pos;

	KUNIT_ASSERT_EQ(test, (ssize_t)sizeof(word),
			kernel_write(f->file, &word, sizeof(word), &at));
}

/**
 * sim_test_file_load() - pread(2) of a word
 * @test: case
 * @f: file
 * @pos: where
 *
 * Return: the word.
 */
u64 sim_test_file_load(struct kunit *test, struct sim_test_file *f, u64 pos)
{
	loff_t at = pos;
	u64 word = 0;

	KUNIT_ASSERT_EQ(test, (ssize_t)sizeof(word),
			kernel_read(f->file, &word, sizeof(word), &at));
	return word;
}

/**
 * sim_test_file_verify() - expect a pattern in a file
 * @test: case
 * @f: file
 * @npages: how many pages
 * @seed: which pattern
 */
void sim_test_file_verify(struct kunit *test, struct sim_test_file *f, u64 npages, u64 seed)
{
	u64 *words = kunit_kmalloc(test, 2 * PAGE_SIZE, GFP_KERNEL);
	u64 *found = words + PAGE_SIZE / sizeof(*words);
	loff_t pos = 0;
	u64 i;

	KUNIT_ASSERT_NOT_NULL(test, words);
	for (i = 0; i < npages; i++) {
		sim_test_pattern(words, seed, i);
		KUNIT_ASSERT_EQ(test, (ssize_t)PAGE_SIZE,
				kernel_read(f->file, found, PAGE_SIZE, &pos));
		KUNIT_EXPECT_EQ_MSG(test, 0, memcmp(words, found, PAGE_SIZE),
				    "page %llu of the file differs", i);
	}
	kunit_kfree(test, words);
}

/* --------------------------------------------------------------- regions */

/**
 * sim_test_mmap() - map something
 * @test: case
 * @mm: process
 * @arg: what
 *
 * Return: its address.
 */
u64 sim_test_mmap(struct kunit *test, struct sim_mm *mm, struct shmswap_mmap arg)
{
	KUNIT_ASSERT_EQ(test, 0, sim_mmap(mm, &arg));
	return arg.out_addr;
}

/**
 * sim_test_map_at() - map private memory
 * @test: case
 * @mm: process
 * @address: where; 0: anywhere
 * @npages: size in pages
 *
 * Return: its address.
 */
u64 sim_test_map_at(struct kunit *test, struct sim_mm *mm, u64 address, u64 npages)
{
	return sim_test_mmap(test, mm, (struct shmswap_mmap) {
		.addr = address,
		.len = npages << PAGE_SHIFT,
		.prot = PROT_READ | PROT_WRITE,
		.flags = MAP_PRIVATE | MAP_ANONYMOUS | (address ? MAP_FIXED : 0),
		.fd = -1,
	});
}

/**
 * sim_test_map() - map private memory anywhere
 * @test: case
 * @mm: process
 * @npages: size in pages
 *
 * Return: its address.
 */
u64 sim_test_map(struct kunit *test, struct sim_mm *mm, u64 npages)
{
	return sim_test_map_at(test, mm, 0, npages);
}

/**
 * sim_test_map_file() - map the beginning of a file, for reading and writing
 * @test: case
 * @mm: process
 * @f: file
 * @npages: pages of it
 * @type: MAP_SHARED or MAP_PRIVATE
 *
 * Return: its address.
 */
u64 sim_test_map_file(struct kunit *test, struct sim_mm *mm, const struct sim_test_file *f,
		      u64 npages, u32 type)
{
	return sim_test_mmap(test, mm, (struct shmswap_mmap) {
		.len = npages << PAGE_SHIFT,
		.prot = PROT_READ | PROT_WRITE,
		.flags = type,
		.fd = f->fd,
	});
}

/**
 * sim_test_munmap() - munmap() of some pages
 * @mm: process
 * @address: first page
 * @npages: how many
 *
 * Return: as sim_do_munmap().
 */
int sim_test_munmap(struct sim_mm *mm, u64 address, u64 npages)
{
	return sim_do_munmap(mm, &(const struct shmswap_munmap) {
		.addr = address,
		.len = npages << PAGE_SHIFT,
	});
}

/**
 * sim_test_mprotect() - mprotect() of some pages
 * @mm: process
 * @address: first page
 * @npages: how many
 * @prot: PROT_*
 *
 * Return: as sim_mprotect().
 */
int sim_test_mprotect(struct sim_mm *mm, u64 address, u64 npages, u32 prot)
{
	return sim_mprotect(mm, &(const struct shmswap_mprotect) {
		.prot = prot,
		.addr = address,
		.len = npages << PAGE_SHIFT,
	});
}

/**
 * sim_test_mlock() - mlock() of some pages
 * @mm: process
 * @address: first page
 * @npages: how many
 *
 * Return: as sim_mlock().
 */
int sim_test_mlock(struct sim_mm *mm, u64 address, u64 npages)
{
	return sim_mlock(mm, &(const struct shmswap_mlock) {
		.addr = address,
		.len = npages << PAGE_SHIFT,
	});
}

/**
 * sim_test_munlock() - munlock() of some pages
 * @mm: process
 * @address: first page
 * @npages: how many
 *
 * Return: as sim_munlock().
 */
int sim_test_munlock(struct sim_mm *mm, u64 address, u64 npages)
{
	return sim_munlock(mm, &(const struct shmswap_munlock) {
		.addr = address,
		.len = npages << PAGE_SHIFT,
	});
}

/**
 * sim_test_msync() - msync() of some pages
 * @mm: process
 * @address: first page
 * @npages: how many
 *
 * Return: as sim_msync().
 */
int sim_test_msync(struct sim_mm *mm, u64 address, u64 npages)
{
	return sim_msync(mm, &(const struct shmswap_msync) {
		.addr = address,
		.len = npages << PAGE_SHIFT,
	});
}

/**
 * sim_test_area() - look at an area
 * @mm: process
 * @address: address in it
 *
 * Return: a copy; all zero if there is none.
 */
struct sim_vma sim_test_area(struct sim_mm *mm, u64 address)
{
	struct sim_vma copy = {};
	struct sim_vma *vma;

	down_read(&mm->mmap_lock);
	vma = sim_find_vma(mm, address);
	if (vma)
		copy = *vma;
	up_read(&mm->mmap_lock);
	return copy;
}

/**
 * sim_test_expect_area() - expect an area with these ends
 * @test: case
 * @mm: process
 * @start: first address
 * @npages: size in pages
 * @pgoff: its first page in the segment or file
 */
void sim_test_expect_area(struct kunit *test, struct sim_mm *mm, u64 start, u64 npages,
			  pgoff_t pgoff)
{
	struct sim_vma vma = sim_test_area(mm, start);

	KUNIT_EXPECT_EQ(test, start, vma.vm_start);
	KUNIT_EXPECT_EQ(test, sim_test_page(start, npages), vma.vm_end);
	KUNIT_EXPECT_EQ(test, pgoff, vma.vm_pgoff);
}

/**
 * sim_test_expect_no_area() - expect nothing there
 * @test: case
 * @mm: process
 * @address: where
 */
void sim_test_expect_no_area(struct kunit *test, struct sim_mm *mm, u64 address)
{
	KUNIT_EXPECT_NULL(test, sim_test_area(mm, address).vm_mm);
}

/**
 * sim_test_pattern_word() - the first word of a page of a pattern
 * @test: case
 * @seed: which pattern
 * @page: which page of it
 *
 * Return: the word.
 */
u64 sim_test_pattern_word(struct kunit *test, u64 seed, u64 page)
{
	u64 *words = kunit_kmalloc(test, PAGE_SIZE, GFP_KERNEL);
	u64 word;

	KUNIT_ASSERT_NOT_NULL(test, words);
	sim_test_pattern(words, seed, page);
	word = words[0];
	kunit_kfree(test, words);
	return word;
}

/**
 * sim_test_word_at() - load a word
 * @mm: process
 * @address: where
 *
 * Return: the word; 0 if the load fails.
 */
u64 sim_test_word_at(struct sim_mm *mm, u64 address)
{
	u64 word = 0;

	sim_test_load(mm, address, &word, sizeof(word));
	return word;
}

/**
 * sim_test_set_word() - store a word
 * @mm: process
 * @address: where
 * @word: word
 *
 * Return: 0, or as sim_access().
 */
int sim_test_set_word(struct sim_mm *mm, u64 address, u64 word)
{
	ssize_t ret = sim_test_store(mm, address, &word, sizeof(word));

	return ret < 0 ? ret : 0;
}

/* --------------------------------------------------------------- reclaim */

static int reclaim(struct sim_machine *m, int (*method)(struct sim_machine *m, int level),
		   int level)
{
	int ret;

	mutex_lock(&m->reclaim_lock);
	ret = method(m, level);
	mutex_unlock(&m->reclaim_lock);
	return ret;
}

/**
 * sim_test_swap_out() - run the process scan once
 * @m: machine
 * @level: level
 *
 * Return: as sim_swap_out().
 */
int sim_test_swap_out(struct sim_machine *m, int level)
{
	return reclaim(m, sim_swap_out, level);
}

/**
 * sim_test_swap_out_keep() - the same, but pages stay in the swap cache
 * @m: machine
 * @level: level
 *
 * Return: as sim_swap_out_keep().
 */
int sim_test_swap_out_keep(struct sim_machine *m, int level)
{
	return reclaim(m, sim_swap_out_keep, level);
}

/**
 * sim_test_shrink_mmap() - run the clock over mem_map once
 * @m: machine
 * @level: level
 *
 * Return: as sim_shrink_mmap().
 */
int sim_test_shrink_mmap(struct sim_machine *m, int level)
{
	return reclaim(m, sim_shrink_mmap, level);
}

/**
 * sim_test_make_old() - let a page look as if it had not been used for long
 * @test: case
 * @mm: process
 * @address: page, present
 */
void sim_test_make_old(struct kunit *test, struct sim_mm *mm, u64 address)
{
	sim_pte_t *ptep;

	KUNIT_ASSERT_NOT_NULL(test, sim_test_mapped(mm, address));
	down_read(&mm->mmap_lock);
	ptep = sim_pte_offset(mm, address);
	sim_ptep_xchg(ptep, sim_pte_mkold(sim_ptep_get(ptep)));
	sim_tlb_invalidate(mm, address, address + PAGE_SIZE);
	sim_pfn_page(mm->m, sim_pte_pfn(*ptep))->age = 0;
	up_read(&mm->mmap_lock);
}

/**
 * sim_test_aim() - let a page be the next that the process scan takes
 * @test: case
 * @mm: process
 * @address: page, present; it looks old
 */
void sim_test_aim(struct kunit *test, struct sim_mm *mm, u64 address)
{
	sim_test_make_old(test, mm, address);
	mm->m->swap_task = mm->pid;
	mm->swap_address = address;
}

/**
 * sim_test_scan_one() - let the process scan look at one page first
 * @test: case
 * @mm: process
 * @address: page, present; it looks old
 *
 * There are fewer than eight processes, so a scan at level 6 is one turn.
 *
 * Return: as sim_swap_out_keep().
 */
int sim_test_scan_one(struct kunit *test, struct sim_mm *mm, u64 address)
{
	sim_test_aim(test, mm, address);
	return sim_test_swap_out_keep(mm->m, SHMSWAP_MAX_LEVEL);
}

/**
 * sim_test_scan_out() - let the process scan take some pages from a process
 * @test: case
 * @mm: process
 * @address: first page; all are present
 * @npages: how many
 *
 * They stay in their cache.
 */
void sim_test_scan_out(struct kunit *test, struct sim_mm *mm, u64 address, u64 npages)
{
	u64 i;

	for (i = 0; i < npages; i++) {
		sim_test_scan_one(test, mm, sim_test_page(address, i));
		KUNIT_ASSERT_NULL(test, sim_test_mapped(mm, sim_test_page(address, i)));
	}
}

/**
 * sim_test_discard_all() - discard what only a cache has
 * @m: machine
 */
void sim_test_discard_all(struct sim_machine *m)
{
	int failures = 0;

	/* What was referenced is spared once. */
	while (failures < 2)
		failures = sim_test_shrink_mmap(m, 0) ? 0 : failures + 1;
}

/* -------------------------------------------------------- what to expect */

/**
 * sim_test_mapped() - the frame of a page
 * @mm: process
 * @address: page
 *
 * Return: the frame, NULL if the PTE is not present.
 */
struct sim_page *sim_test_mapped(struct sim_mm *mm, u64 address)
{
	sim_pte_t pte = sim_test_pte(mm, address);

	return sim_pte_present(pte) ? sim_pfn_page(mm->m, sim_pte_pfn(pte)) : NULL;
}

/**
 * sim_test_entry() - the slot of a page
 * @mm: process
 * @address: page
 *
 * Return: that of the PTE, or of its frame in the swap cache, or none.
 */
sim_swp_entry_t sim_test_entry(struct sim_mm *mm, u64 address)
{
	struct sim_page *page = sim_test_mapped(mm, address);
	sim_pte_t pte = sim_test_pte(mm, address);

	if (page && test_bit(SIM_PG_SWAPCACHE, &page->flags))
		return page->entry;
	return sim_pte_is_swap(pte) ? sim_pte_to_swp_entry(pte) : SIM_SWP_NONE;
}

/**
 * sim_test_bits_text() - what a present entry allows and remembers, in words
 * @pte: entry
 *
 * Return: the words.
 */
struct sim_test_text sim_test_bits_text(sim_pte_t pte)
{
	struct sim_test_text t = { "absent" };

	if (sim_pte_present(pte))
		scnprintf(t.s, sizeof(t.s), "%s %s %s", sim_pte_young(pte) ? "young" : "old",
			  sim_pte_dirty(pte) ? "dirty" : "clean",
			  sim_pte_write(pte) ? "writable" : "read-only");
	return t;
}

/**
 * sim_test_counts_text() - the counts of a page in words
 * @frame: of its frame
 * @slot: of its slot
 *
 * Return: the words.
 */
struct sim_test_text sim_test_counts_text(u32 frame, u32 slot)
{
	struct sim_test_text t;

	scnprintf(t.s, sizeof(t.s), "frame %u, slot %u", frame, slot);
	return t;
}

/**
 * sim_test_counts() - the counts of a page as they are, in words
 * @mm: process
 * @address: page
 *
 * Return: the words.
 */
struct sim_test_text sim_test_counts(struct sim_mm *mm, u64 address)
{
	struct sim_page *page = sim_test_mapped(mm, address);
	sim_swp_entry_t entry = sim_test_entry(mm, address);
	struct sim_page *cached = NULL;
	u32 frame;

	if (!page && entry.val)
		cached = sim_lookup_swap_cache(mm->m, entry);
	frame = page ? sim_page_count(page) : cached ? sim_page_count(cached) : 0;
	if (cached)
		sim_unpin_page(mm->m, cached);
	return sim_test_counts_text(frame, entry.val ? sim_swap_count(mm->m, entry) : 0);
}
