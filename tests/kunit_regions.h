/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Regions for the suites: private memory, files that fail on demand, and what
 * the process scan does with their pages.
 *
 *	static void page_comes_back(struct kunit *test)
 *	{
 *		struct sim_machine *m = sim_test_machine(test);
 *		struct sim_mm *mm = sim_test_process(test, m);
 *		u64 base = sim_test_map(test, mm, 8);
 *
 *		sim_test_fill(test, mm, base, 8, 1);
 *		sim_test_scan_out(test, mm, base, 8);
 *		SIM_EXPECT_COUNTS(test, mm, base, 1, 2);
 *		sim_test_discard_all(m);
 *		SIM_EXPECT_COUNTS(test, mm, base, 0, 1);
 *		sim_test_verify(test, mm, base, 8, 1);
 *	}
 */
#ifndef _SIM_KUNIT_REGIONS_H
#define _SIM_KUNIT_REGIONS_H

#include <linux/fs.h>
#include <linux/mman.h>

#include "kunit_helpers.h"

/* ----------------------------------------------------------------- files */

/**
 * struct sim_test_file - a file whose reads and writes fail on demand
 * @list: of all of them
 * @file: open for reading and writing; what is done through it does not fail
 * @fd: its number, for struct shmswap_mmap
 * @lock: protects the faults and the counters
 * @fail_read: reads by machines that fail; its slot is the page index
 * @fail_write: writes by machines that fail
 * @on_read: called before a machine reads a page; or NULL
 * @on_write: the same for a write
 * @data: for these
 * @nr_reads: reads by machines so far
 * @nr_writes: writes by machines so far
 */
struct sim_test_file {
	struct list_head list;
	struct file *file;
	int fd;
	struct mutex lock;	/* faults and counters */
	struct sim_test_fault fail_read;
	struct sim_test_fault fail_write;
	void (*on_read)(struct sim_test_file *f, pgoff_t index);
	void (*on_write)(struct sim_test_file *f, pgoff_t index);
	void *data;
	u32 nr_reads;
	u32 nr_writes;
};

struct sim_test_file *sim_test_file(struct kunit *test, u64 npages, u64 seed);
int sim_test_fd(struct kunit *test, struct file *file);
int sim_test_file_open(struct kunit *test, struct sim_test_file *f, int flags);
void sim_test_file_resize(struct kunit *test, struct sim_test_file *f, u64 bytes);
void sim_test_file_store(struct kunit *test, struct sim_test_file *f, u64 pos, u64 word);
u64 sim_test_file_load(struct kunit *test, struct sim_test_file *f, u64 pos);
void sim_test_file_verify(struct kunit *test, struct sim_test_file *f, u64 npages, u64 seed);

/* --------------------------------------------------------------- regions */

u64 sim_test_mmap(struct kunit *test, struct sim_mm *mm, struct shmswap_mmap arg);
u64 sim_test_map(struct kunit *test, struct sim_mm *mm, u64 npages);
u64 sim_test_map_at(struct kunit *test, struct sim_mm *mm, u64 address, u64 npages);
u64 sim_test_map_file(struct kunit *test, struct sim_mm *mm, const struct sim_test_file *f,
		      u64 npages, u32 type);
int sim_test_munmap(struct sim_mm *mm, u64 address, u64 npages);
int sim_test_mprotect(struct sim_mm *mm, u64 address, u64 npages, u32 prot);
int sim_test_mlock(struct sim_mm *mm, u64 address, u64 npages);
int sim_test_munlock(struct sim_mm *mm, u64 address, u64 npages);
int sim_test_msync(struct sim_mm *mm, u64 address, u64 npages);

struct sim_vma sim_test_area(struct sim_mm *mm, u64 address);
void sim_test_expect_area(struct kunit *test, struct sim_mm *mm, u64 start, u64 npages,
			  pgoff_t pgoff);
void sim_test_expect_no_area(struct kunit *test, struct sim_mm *mm, u64 address);

u64 sim_test_pattern_word(struct kunit *test, u64 seed, u64 page);
u64 sim_test_word_at(struct sim_mm *mm, u64 address);
int sim_test_set_word(struct sim_mm *mm, u64 address, u64 word);

/* --------------------------------------------------------------- reclaim */

int sim_test_swap_out(struct sim_machine *m, int level);
int sim_test_swap_out_keep(struct sim_machine *m, int level);
int sim_test_shrink_mmap(struct sim_machine *m, int level);
void sim_test_make_old(struct kunit *test, struct sim_mm *mm, u64 address);
void sim_test_aim(struct kunit *test, struct sim_mm *mm, u64 address);
int sim_test_scan_one(struct kunit *test, struct sim_mm *mm, u64 address);
void sim_test_scan_out(struct kunit *test, struct sim_mm *mm, u64 address, u64 npages);
void sim_test_discard_all(struct sim_machine *m);

/* -------------------------------------------------------- what to expect */

struct sim_page *sim_test_mapped(struct sim_mm *mm, u64 address);
sim_swp_entry_t sim_test_entry(struct sim_mm *mm, u64 address);
struct sim_test_text sim_test_bits_text(sim_pte_t pte);
struct sim_test_text sim_test_counts_text(u32 frame, u32 slot);
struct sim_test_text sim_test_counts(struct sim_mm *mm, u64 address);

/* "young" or "old", "dirty" or "clean", "writable" or "read-only"; "absent" */
#define SIM_EXPECT_BITS(test, mm, address, bits)				\
	SIM_EXPECT_TEXT(test, ((struct sim_test_text) { bits }),		\
			sim_test_bits_text(sim_test_pte(mm, address)))

/*
 * The counts of a page's frame, 0 if it has none, and of its slot, whichever of
 * the PTE and the swap cache knows it.
 */
#define SIM_EXPECT_COUNTS(test, mm, address, frame, slot)			\
	SIM_EXPECT_TEXT(test, sim_test_counts_text(frame, slot),		\
			sim_test_counts(mm, address))

#endif /* _SIM_KUNIT_REGIONS_H */
