// SPDX-License-Identifier: GPL-2.0
/*
 * The TLB: when it translates an access, what each kind of flush drops and how
 * it is counted, and that without its flushes a process would see what is not
 * its own, or lose what it stored.
 */
#include <kunit/static_stub.h>

#include "kunit_regions.h"

#define PAGES	4

/* ----------------------------------------------------- hits and misses */

/* Would a load, or a store, find the page in the TLB? */
static bool in_tlb(struct sim_mm *mm, u64 address, bool write)
{
	struct sim_page *page;

	down_read(&mm->mmap_lock);
	page = sim_tlb_pin(mm, address, write);
	up_read(&mm->mmap_lock);
	if (page)
		sim_unpin_page(mm->m, page);
	return page;
}

/* The first access faults, the second walks the page tables, the third hits. */
static void load_twice(struct kunit *test, struct sim_mm *mm, u64 address)
{
	sim_test_word_at(mm, address);
	sim_test_word_at(mm, address);
	KUNIT_ASSERT_TRUE(test, in_tlb(mm, address, false));
}

static void store_twice(struct kunit *test, struct sim_mm *mm, u64 address, u64 word)
{
	KUNIT_ASSERT_EQ(test, 0, sim_test_set_word(mm, address, word));
	KUNIT_ASSERT_EQ(test, 0, sim_test_set_word(mm, address, word));
	KUNIT_ASSERT_TRUE(test, in_tlb(mm, address, true));
}

static void expect_counted(struct kunit *test, struct sim_machine *m, u64 hits, u64 misses)
{
	SIM_EXPECT_EVENT(test, m, TLB_HIT, hits);
	SIM_EXPECT_EVENT(test, m, TLB_MISS, misses);
}

static void access_that_walks_fills_the_tlb(struct kunit *test)
{
	struct sim_machine *m = sim_test_machine(test);
	struct sim_mm *mm = sim_test_process(test, m);
	u64 base = sim_test_map(test, mm, 2);

	sim_test_word_at(mm, base);
	expect_counted(test, m, 0, 1);
	sim_test_word_at(mm, base);
	expect_counted(test, m, 0, 2);
	sim_test_word_at(mm, base);
	sim_test_word_at(mm, base + 8);
	expect_counted(test, m, 2, 2);
	sim_test_word_at(mm, base + PAGE_SIZE);
	expect_counted(test, m, 2, 3);
	KUNIT_EXPECT_EQ(test, 2, atomic64_read(&mm->maj_flt));
}

/* It moves no data, and its cost is its walk. */
static void touch_passes_the_tlb_by(struct kunit *test)
{
	struct sim_machine *m = sim_test_machine(test);
	struct sim_mm *mm = sim_test_process(test, m);
	u64 base = sim_test_map(test, mm, 1);

	sim_test_touch_pages(test, mm, base, 1);
	sim_test_touch_pages(test, mm, base, 1);
	expect_counted(test, m, 0, 0);
}

/* The page is clean, and must not become dirty behind its PTE's back. */
static void entry_of_clean_page_is_for_loads(struct kunit *test)
{
	struct sim_machine *m = sim_test_machine(test);
	struct sim_mm *mm = sim_test_process(test, m);
	u64 base = sim_test_map_file(test, mm, sim_test_file(test, 1, 1), 1, MAP_SHARED);

	load_twice(test, mm, base);
	KUNIT_EXPECT_FALSE(test, in_tlb(mm, base, true));
	KUNIT_EXPECT_EQ(test, 0, sim_test_set_word(mm, base, 1));
	SIM_EXPECT_BITS(test, mm, base, "young dirty writable");
	KUNIT_EXPECT_TRUE(test, in_tlb(mm, base, true));
	KUNIT_EXPECT_TRUE(test, in_tlb(mm, base, false));
}

static void entry_of_read_only_page_is_for_loads(struct kunit *test)
{
	struct sim_machine *m = sim_test_machine(test);
	struct sim_mm *mm = sim_test_process(test, m);
	u64 base = sim_test_map(test, mm, 1);

	sim_test_fill(test, mm, base, 1, 1);
	KUNIT_ASSERT_EQ(test, 0, sim_test_mprotect(mm, base, 1, PROT_READ));
	load_twice(test, mm, base);
	KUNIT_EXPECT_FALSE(test, in_tlb(mm, base, true));
	KUNIT_EXPECT_EQ(test, -EFAULT, sim_test_set_word(mm, base, 1));
}

static void entry_of_write_only_page_is_for_stores(struct kunit *test)
{
	struct sim_machine *m = sim_test_machine(test);
	struct sim_mm *mm = sim_test_process(test, m);
	u64 base = sim_test_map(test, mm, 1);

	KUNIT_ASSERT_EQ(test, 0, sim_test_mprotect(mm, base, 1, PROT_WRITE));
	store_twice(test, mm, base, 5);
	KUNIT_EXPECT_FALSE(test, in_tlb(mm, base, false));
}

/* An entry is where the low bits of its page number say. */
static void pages_far_apart_take_each_others_entry(struct kunit *test)
{
	struct sim_machine *m = sim_test_machine_config(test, &(const struct sim_config) {
		.nr_frames = 256,
	});
	struct sim_mm *mm = sim_test_process(test, m);
	u64 base = sim_test_map(test, mm, SIM_TLB_ENTRIES + 1);
	u32 i;

	for (i = 0; i < SIM_TLB_ENTRIES; i++)
		load_twice(test, mm, sim_test_page(base, i));
	for (i = 0; i < SIM_TLB_ENTRIES; i++)
		KUNIT_EXPECT_TRUE(test, in_tlb(mm, sim_test_page(base, i), false));
	load_twice(test, mm, sim_test_page(base, SIM_TLB_ENTRIES));
	KUNIT_EXPECT_FALSE(test, in_tlb(mm, base, false));
	KUNIT_EXPECT_TRUE(test, in_tlb(mm, sim_test_page(base, 1), false));
}

static void each_process_has_its_own_tlb(struct kunit *test)
{
	struct sim_machine *m = sim_test_machine(test);
	struct sim_mm *mm = sim_test_process(test, m);
	struct sim_mm *other = sim_test_process(test, m);
	u64 base = sim_test_map(test, mm, 1);

	sim_test_map_at(test, other, base, 1);
	store_twice(test, mm, base, 1);
	KUNIT_EXPECT_FALSE(test, in_tlb(other, base, false));
	store_twice(test, other, base, 2);
	KUNIT_EXPECT_EQ(test, 1, sim_test_word_at(mm, base));
	KUNIT_EXPECT_EQ(test, 2, sim_test_word_at(other, base));
}

static void child_begins_with_an_empty_tlb(struct kunit *test)
{
	struct sim_machine *m = sim_test_machine(test);
	struct sim_mm *mm = sim_test_process(test, m);
	u64 base = sim_test_map(test, mm, 1);

	store_twice(test, mm, base, 1);
	KUNIT_EXPECT_FALSE(test, in_tlb(sim_test_fork(test, mm), base, false));
}

/* The filler looks again: what it saw may have changed before the entry was there. */
static void entry_for_a_pte_that_changed_is_taken_back(struct kunit *test)
{
	struct sim_machine *m = sim_test_machine(test);
	struct sim_mm *mm = sim_test_process(test, m);
	u64 base = sim_test_map(test, mm, 1);
	sim_pte_t before;

	sim_test_touch_pages(test, mm, base, 1);
	before = sim_test_pte(mm, base);
	sim_test_make_old(test, mm, base);
	down_read(&mm->mmap_lock);
	sim_tlb_fill(mm, base, sim_pte_offset(mm, base), before);
	up_read(&mm->mmap_lock);
	KUNIT_EXPECT_FALSE(test, in_tlb(mm, base, false));
}

/* --------------------------------------------------- what a flush drops */

static struct sim_mm *large_process(struct kunit *test, u64 npages, u64 *base)
{
	struct sim_machine *m = sim_test_machine_config(test, &(const struct sim_config) {
		.nr_frames = 256,
	});
	struct sim_mm *mm = sim_test_process(test, m);

	*base = sim_test_map_at(test, mm, 1ULL << 30, npages);
	return mm;
}

static void flush_of_a_range_spares_the_rest(struct kunit *test)
{
	struct sim_mm *mm;
	u64 base, i;

	mm = large_process(test, 128, &base);
	for (i = 0; i < 8; i++)
		load_twice(test, mm, sim_test_page(base, i));
	load_twice(test, mm, sim_test_page(base, SIM_TLB_ENTRIES + 8));
	sim_flush_tlb_range(mm, sim_test_page(base, 2), sim_test_page(base, 5));
	for (i = 0; i < 8; i++)
		KUNIT_EXPECT_EQ(test, i < 2 || i >= 5, in_tlb(mm, sim_test_page(base, i), false));
	/* It lies where the entry of page 8 would. */
	sim_flush_tlb_page(mm, sim_test_page(base, 8));
	KUNIT_EXPECT_TRUE(test, in_tlb(mm, sim_test_page(base, SIM_TLB_ENTRIES + 8), false));
	sim_flush_tlb_page(mm, sim_test_page(base, SIM_TLB_ENTRIES + 8));
	KUNIT_EXPECT_FALSE(test, in_tlb(mm, sim_test_page(base, SIM_TLB_ENTRIES + 8), false));
}

/* As many pages as entries, and one more: then all of it is dropped. */
static void flush_of_a_long_range_drops_all_of_it(struct kunit *test)
{
	struct sim_mm *mm;
	u64 base, i;

	mm = large_process(test, 2 * SIM_TLB_ENTRIES, &base);
	for (i = 0; i <= 1; i++) {
		load_twice(test, mm, base);
		load_twice(test, mm, sim_test_page(base, SIM_TLB_ENTRIES - 1));
		sim_flush_tlb_range(mm, base, sim_test_page(base, SIM_TLB_ENTRIES + i));
		KUNIT_EXPECT_FALSE(test, in_tlb(mm, base, false));
		KUNIT_EXPECT_FALSE(test, in_tlb(mm, sim_test_page(base, SIM_TLB_ENTRIES - 1),
						false));
	}
}

static void flush_of_a_process_spares_others(struct kunit *test)
{
	struct sim_machine *m = sim_test_machine(test);
	struct sim_mm *mm = sim_test_process(test, m);
	struct sim_mm *other = sim_test_process(test, m);
	u64 base = sim_test_map(test, mm, 1);

	sim_test_map_at(test, other, base, 1);
	load_twice(test, mm, base);
	load_twice(test, other, base);
	sim_flush_tlb_mm(mm);
	KUNIT_EXPECT_FALSE(test, in_tlb(mm, base, false));
	KUNIT_EXPECT_TRUE(test, in_tlb(other, base, false));
}

/* ------------------------------------------------ who flushes, and how */

/**
 * struct rig - a process with something of everything in its TLB
 * @m: machine
 * @mm: process
 * @other: process with the same file and segment mapped
 * @f: file
 * @anon: private memory, its first page stored to
 * @file: the file, shared, its first page stored to
 * @shm: an attach, its first page stored to
 * @child: child, if there is one
 */
struct rig {
	struct sim_machine *m;
	struct sim_mm *mm;
	struct sim_mm *other;
	struct sim_test_file *f;
	u64 anon;
	u64 file;
	u64 shm;
	struct sim_mm *child;
};

#define ANON_WORD	1
#define FILE_WORD	2
#define SHM_WORD	3

static struct rig *make_rig(struct kunit *test)
{
	struct rig *r = kunit_kzalloc(test, sizeof(*r), GFP_KERNEL);
	s32 id;

	KUNIT_ASSERT_NOT_NULL(test, r);
	r->m = sim_test_machine(test);
	r->f = sim_test_file(test, PAGES, 1);
	r->f->data = r;
	r->mm = sim_test_process(test, r->m);
	r->other = sim_test_process(test, r->m);
	id = sim_test_segment(test, r->m, PAGES);
	r->anon = sim_test_map(test, r->mm, PAGES);
	r->file = sim_test_map_file(test, r->mm, r->f, PAGES, MAP_SHARED);
	r->shm = sim_test_attach(test, r->mm, id);
	sim_test_touch_pages(test, r->other,
			     sim_test_map_file(test, r->other, r->f, PAGES, MAP_SHARED), 1);
	sim_test_touch_pages(test, r->other, sim_test_attach(test, r->other, id), 1);
	store_twice(test, r->mm, r->anon, ANON_WORD);
	store_twice(test, r->mm, r->file, FILE_WORD);
	store_twice(test, r->mm, r->shm, SHM_WORD);
	atomic64_set(&r->m->events[SIM_TLB_FLUSH_PAGE], 0);
	return r;
}

static void unmap_anon(struct kunit *test, struct rig *r)
{
	KUNIT_EXPECT_EQ(test, 0, sim_test_munmap(r->mm, r->anon, 1));
}

static void unmap_file(struct kunit *test, struct rig *r)
{
	KUNIT_EXPECT_EQ(test, 0, sim_test_munmap(r->mm, r->file, PAGES));
}

static void unmap_nothing(struct kunit *test, struct rig *r)
{
	KUNIT_EXPECT_EQ(test, 0, sim_test_munmap(r->mm, PAGE_SIZE, 1));
}

static void detach(struct kunit *test, struct rig *r)
{
	KUNIT_EXPECT_EQ(test, 0, sim_shmdt(r->mm, r->shm));
}

static void map_over_anon(struct kunit *test, struct rig *r)
{
	sim_test_map_at(test, r->mm, r->anon, 1);
}

static void map_more(struct kunit *test, struct rig *r)
{
	sim_test_map(test, r->mm, 1);
}

static void protect_anon(struct kunit *test, struct rig *r)
{
	KUNIT_EXPECT_EQ(test, 0, sim_test_mprotect(r->mm, r->anon, PAGES, PROT_READ));
}

static void protect_shm(struct kunit *test, struct rig *r)
{
	KUNIT_EXPECT_EQ(test, 0, sim_test_mprotect(r->mm, r->shm, 1, PROT_READ));
}

static void protect_as_it_was(struct kunit *test, struct rig *r)
{
	KUNIT_EXPECT_EQ(test, 0, sim_test_mprotect(r->mm, r->anon, PAGES, PROT_READ | PROT_WRITE));
}

static void lock_anon(struct kunit *test, struct rig *r)
{
	KUNIT_EXPECT_EQ(test, 0, sim_test_mlock(r->mm, r->anon, 1));
}

static void do_fork(struct kunit *test, struct rig *r)
{
	r->child = sim_test_fork(test, r->mm);
}

static void fork_and_copy(struct kunit *test, struct rig *r)
{
	do_fork(test, r);
	KUNIT_EXPECT_EQ(test, 0, sim_test_touch(r->mm, r->anon, true));
}

static void fork_copy_and_reuse(struct kunit *test, struct rig *r)
{
	fork_and_copy(test, r);
	KUNIT_EXPECT_EQ(test, 0, sim_test_touch(r->child, r->anon, true));
}

static void sync_file(struct kunit *test, struct rig *r)
{
	KUNIT_EXPECT_EQ(test, 0, sim_test_msync(r->mm, r->file, 1));
}

/* The clock makes both attaches old. */
static void age_by_clock(struct kunit *test, struct rig *r)
{
	KUNIT_EXPECT_EQ(test, 0, sim_test_shm_swap(r->m, 6));
	sim_test_shm_swap(r->m, 0);
}

static void swap_out_by_clock(struct kunit *test, struct rig *r)
{
	sim_test_swap_out_all(test, r->m);
}

/* What is young is made old, in one turn all there is but attaches. */
static void age_by_scan(struct kunit *test, struct rig *r)
{
	r->m->swap_task = r->mm->pid;
	sim_test_swap_out_keep(r->m, SHMSWAP_MAX_LEVEL);
}

static void swap_out_by_scan(struct kunit *test, struct rig *r)
{
	sim_test_scan_out(test, r->mm, r->anon, 1);
}

static void write_by_scan(struct kunit *test, struct rig *r)
{
	sim_test_scan_out(test, r->mm, r->file, 1);
}

/**
 * struct flush_row - an operation and the flushes that it is
 * @fn: operation
 * @name: its name
 * @page: flushes of a page
 * @range: of a range
 * @mm: of a process
 * @anon: the private page's entry for stores is left
 * @file: the file's page's
 * @shm: the segment's page's
 */
static const struct flush_row {
	void (*fn)(struct kunit *test, struct rig *r);
	const char *name;
	u32 page;
	u32 range;
	u32 mm;
	bool anon;
	bool file;
	bool shm;
} flush_rows[] = {
#define ROW(fn, ...)	{ fn, #fn, __VA_ARGS__ }
	ROW(unmap_anon, 0, 1, 0, false, true, true),
	ROW(unmap_file, 0, 1, 0, true, false, true),
	ROW(unmap_nothing, 0, 0, 0, true, true, true),
	ROW(detach, 0, 1, 0, true, true, false),
	ROW(map_over_anon, 0, 1, 0, false, true, true),
	ROW(map_more, 0, 0, 0, true, true, true),
	ROW(protect_anon, 0, 1, 0, false, true, true),
	ROW(protect_shm, 0, 1, 0, true, true, false),
	ROW(protect_as_it_was, 0, 0, 0, true, true, true),
	ROW(lock_anon, 0, 0, 0, true, true, true),
	ROW(do_fork, 0, 0, 1, false, false, false),
	ROW(fork_and_copy, 1, 0, 1, false, false, false),
	ROW(fork_copy_and_reuse, 2, 0, 1, false, false, false),
	ROW(sync_file, 0, 1, 0, true, false, true),
	ROW(age_by_clock, 0, 0, 0, true, true, false),
	ROW(swap_out_by_clock, 2, 0, 0, true, true, false),
	ROW(age_by_scan, 0, 0, 0, false, false, true),
	ROW(swap_out_by_scan, 1, 0, 0, false, true, true),
	ROW(write_by_scan, 1, 0, 0, true, false, true),
#undef ROW
};

static void flushes_of(struct kunit *test)
{
	const struct flush_row *row = test->param_value;
	struct rig *r = make_rig(test);

	row->fn(test, r);
	SIM_EXPECT_EVENT(test, r->m, TLB_FLUSH_PAGE, row->page);
	SIM_EXPECT_EVENT(test, r->m, TLB_FLUSH_RANGE, row->range);
	SIM_EXPECT_EVENT(test, r->m, TLB_FLUSH_MM, row->mm);
	KUNIT_EXPECT_EQ(test, row->anon, in_tlb(r->mm, r->anon, true));
	KUNIT_EXPECT_EQ(test, row->file, in_tlb(r->mm, r->file, true));
	KUNIT_EXPECT_EQ(test, row->shm, in_tlb(r->mm, r->shm, true));
}

KUNIT_ARRAY_PARAM_DESC(flush, flush_rows, name);

/* ----------------------------------------------- what a missing flush does */

/* What is seen, and what is right. */
struct seen {
	u64 right;
	u64 word;
};

/* Another process has the frame, so it does not become free. */
static struct seen load_of_what_was_mapped_over(struct kunit *test, struct rig *r)
{
	sim_test_map_at(test, r->mm, r->file, 1);
	return (struct seen) { 0, sim_test_word_at(r->mm, r->file) };
}

static struct seen load_behind_a_detach(struct kunit *test, struct rig *r)
{
	detach(test, r);
	return (struct seen) { 0, sim_test_word_at(r->mm, r->shm) };
}

/* A load that fails leaves the word 0. */
static struct seen load_of_what_is_protected(struct kunit *test, struct rig *r)
{
	KUNIT_EXPECT_EQ(test, 0, sim_test_mprotect(r->mm, r->anon, PAGES, PROT_NONE));
	return (struct seen) { 0, sim_test_word_at(r->mm, r->anon) };
}

static struct seen store_to_what_is_protected(struct kunit *test, struct rig *r)
{
	protect_anon(test, r);
	sim_test_set_word(r->mm, r->anon, 99);
	return (struct seen) { ANON_WORD, sim_test_word_at(r->mm, r->anon) };
}

/* What the parent stores would be the child's. */
static struct seen store_of_parent_after_fork(struct kunit *test, struct rig *r)
{
	do_fork(test, r);
	KUNIT_EXPECT_EQ(test, 0, sim_test_set_word(r->mm, r->anon, 99));
	return (struct seen) { ANON_WORD, sim_test_word_at(r->child, r->anon) };
}

/* A process would not see its own store. */
static struct seen load_after_copy_on_write(struct kunit *test, struct rig *r)
{
	do_fork(test, r);
	load_twice(test, r->child, r->anon);
	KUNIT_EXPECT_EQ(test, 0, sim_test_touch(r->mm, r->anon, false));
	KUNIT_EXPECT_EQ(test, 0, sim_test_set_word(r->child, r->anon, 99));
	return (struct seen) { 99, sim_test_word_at(r->child, r->anon) };
}

/* Let others use a frame that became free. */
static void reuse_frame(struct kunit *test, struct rig *r, struct sim_page *page)
{
	u64 base = sim_test_map(test, r->other, SIM_TEST_FRAMES);
	u64 i;

	for (i = 0; i < SIM_TEST_FRAMES && !sim_page_count(page); i++)
		KUNIT_ASSERT_EQ(test, 0, sim_test_set_word(r->other, sim_test_page(base, i), 99));
	KUNIT_ASSERT_NE(test, 0, sim_page_count(page));
}

static struct seen load_after_swap_out_by_clock(struct kunit *test, struct rig *r)
{
	struct sim_page *page = sim_test_mapped(r->mm, r->shm);

	swap_out_by_clock(test, r);
	reuse_frame(test, r, page);
	return (struct seen) { SHM_WORD, sim_test_word_at(r->mm, r->shm) };
}

static struct seen load_after_swap_out_by_scan(struct kunit *test, struct rig *r)
{
	struct sim_page *page = sim_test_mapped(r->mm, r->anon);

	swap_out_by_scan(test, r);
	sim_test_discard_all(r->m);
	reuse_frame(test, r, page);
	return (struct seen) { ANON_WORD, sim_test_word_at(r->mm, r->anon) };
}

/* The page would look as if nobody used it. */
static struct seen young_bit_after_aging_by_clock(struct kunit *test, struct rig *r)
{
	age_by_clock(test, r);
	sim_test_word_at(r->mm, r->shm);
	return (struct seen) { true, sim_pte_young(sim_test_pte(r->mm, r->shm)) };
}

static struct seen young_bit_after_aging_by_scan(struct kunit *test, struct rig *r)
{
	age_by_scan(test, r);
	sim_test_word_at(r->mm, r->anon);
	return (struct seen) { true, sim_pte_young(sim_test_pte(r->mm, r->anon)) };
}

/* The file would not get the second store. */
static struct seen file_after_store_between_msyncs(struct kunit *test, struct rig *r)
{
	sync_file(test, r);
	KUNIT_EXPECT_EQ(test, 0, sim_test_set_word(r->mm, r->file, 99));
	sync_file(test, r);
	return (struct seen) { 99, sim_test_file_load(test, r->f, 0) };
}

static void store_meanwhile(struct sim_test_file *f, pgoff_t index)
{
	struct rig *r = f->data;

	f->on_write = NULL;
	/* The other process would find out; this one has the old entry. */
	sim_test_set_word(r->mm, r->file + 8, 99);
}

/* The scan would not notice that somebody stored to the page that it wrote. */
static struct seen pte_after_store_while_the_scan_writes(struct kunit *test, struct rig *r)
{
	r->f->on_write = store_meanwhile;
	sim_test_scan_one(test, r->mm, r->file);
	return (struct seen) { true, sim_pte_dirty(sim_test_pte(r->mm, r->file)) };
}

static const struct scenario {
	struct seen (*fn)(struct kunit *test, struct rig *r);
	const char *name;
} scenarios[] = {
#define ROW(fn)	{ fn, #fn }
	ROW(load_of_what_was_mapped_over),
	ROW(load_behind_a_detach),
	ROW(load_of_what_is_protected),
	ROW(store_to_what_is_protected),
	ROW(store_of_parent_after_fork),
	ROW(load_after_copy_on_write),
	ROW(load_after_swap_out_by_clock),
	ROW(load_after_swap_out_by_scan),
	ROW(young_bit_after_aging_by_clock),
	ROW(young_bit_after_aging_by_scan),
	ROW(file_after_store_between_msyncs),
	ROW(pte_after_store_while_the_scan_writes),
#undef ROW
};

KUNIT_ARRAY_PARAM_DESC(scenario, scenarios, name);

static void with_flushes_is_right(struct kunit *test)
{
	const struct scenario *scenario = test->param_value;
	struct seen seen = scenario->fn(test, make_rig(test));

	KUNIT_EXPECT_EQ(test, seen.right, seen.word);
}

static void invalidate_nothing(struct sim_mm *mm, u64 start, u64 end)
{
}

/* What no longer is true is forgotten after all, or the case would end badly. */
static void mend(struct rig *r)
{
	sim_flush_tlb_mm(r->mm);
	sim_flush_tlb_mm(r->other);
	if (r->child)
		sim_flush_tlb_mm(r->child);
}

/* The same, with a TLB that keeps everything: and the self-check finds out. */
static void without_flushes_is_stale(struct kunit *test)
{
	const struct scenario *scenario = test->param_value;
	struct rig *r = make_rig(test);
	struct shmswap_check check;
	struct seen seen;

	kunit_activate_static_stub(test, sim_tlb_invalidate, invalidate_nothing);
	seen = scenario->fn(test, r);
	KUNIT_EXPECT_NE(test, seen.right, seen.word);
	KUNIT_EXPECT_EQ(test, -EUCLEAN, sim_check(r->m, &check));
	KUNIT_EXPECT_EQ(test, SHMSWAP_CHECK_TLB, check.out_what);
	kunit_deactivate_static_stub(test, sim_tlb_invalidate);
	mend(r);
}

static struct kunit_case cases[] = {
	KUNIT_CASE(access_that_walks_fills_the_tlb),
	KUNIT_CASE(touch_passes_the_tlb_by),
	KUNIT_CASE(entry_of_clean_page_is_for_loads),
	KUNIT_CASE(entry_of_read_only_page_is_for_loads),
	KUNIT_CASE(entry_of_write_only_page_is_for_stores),
	KUNIT_CASE(pages_far_apart_take_each_others_entry),
	KUNIT_CASE(each_process_has_its_own_tlb),
	KUNIT_CASE(child_begins_with_an_empty_tlb),
	KUNIT_CASE(entry_for_a_pte_that_changed_is_taken_back),
	KUNIT_CASE(flush_of_a_range_spares_the_rest),
	KUNIT_CASE(flush_of_a_long_range_drops_all_of_it),
	KUNIT_CASE(flush_of_a_process_spares_others),
	KUNIT_CASE_PARAM(flushes_of, flush_gen_params),
	KUNIT_CASE_PARAM(with_flushes_is_right, scenario_gen_params),
	KUNIT_CASE_PARAM(without_flushes_is_stale, scenario_gen_params),
	{}
};

static struct kunit_suite suite = {
	.name = "shmswap_tlb",
	.init = sim_test_init,
	.exit = sim_test_exit,
	.test_cases = cases,
};

kunit_test_suite(suite);
