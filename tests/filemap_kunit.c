// SPDX-License-Identifier: GPL-2.0
/*
 * Regions of files: one page cache for all who map a file, what is read and
 * written back and when, and what comes of files that are short, fail or shrink.
 */
#include "kunit_regions.h"

#define PAGES	4

/**
 * struct rig - a process that has mapped a file
 * @m: machine
 * @mm: process
 * @f: file of PAGES pages with pattern 1
 * @base: where it is
 * @go: lets I/O that hold_io() holds go on
 */
struct rig {
	struct sim_machine *m;
	struct sim_mm *mm;
	struct sim_test_file *f;
	u64 base;
	struct completion go;
};

static void go_on(void *data)
{
	struct rig *r = data;

	complete_all(&r->go);
}

static struct rig *make_rig(struct kunit *test, u32 type)
{
	struct rig *r = kunit_kzalloc(test, sizeof(*r), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, r);
	init_completion(&r->go);
	r->m = sim_test_machine(test);
	r->f = sim_test_file(test, PAGES, 1);
	r->f->data = r;
	r->mm = sim_test_process(test, r->m);
	r->base = sim_test_map_file(test, r->mm, r->f, PAGES, type);
	/* Should the case fail, its threads go on before they are stopped. */
	KUNIT_ASSERT_EQ(test, 0, kunit_add_action_or_reset(test, go_on, r));
	return r;
}

static u64 page_of(const struct rig *r, u64 index)
{
	return sim_test_page(r->base, index);
}

/* Another process with the same pages. */
static struct sim_mm *make_other(struct kunit *test, struct rig *r, u32 type, u64 *base)
{
	struct sim_mm *other = sim_test_process(test, r->m);

	*base = sim_test_map_file(test, other, r->f, PAGES, type);
	return other;
}

/* ---------------------------------------------------------- the page cache */

static void page_is_read_when_it_is_touched_and_once(struct kunit *test)
{
	struct rig *r = make_rig(test, MAP_PRIVATE);

	KUNIT_EXPECT_EQ(test, 0, r->f->nr_reads);
	KUNIT_EXPECT_EQ(test, 0, sim_test_touch(r->mm, page_of(r, 1), false));
	KUNIT_EXPECT_EQ(test, 1, r->f->nr_reads);
	KUNIT_EXPECT_EQ(test, 1, atomic_read(&r->m->nr_file_pages));
	KUNIT_EXPECT_EQ(test, 1, atomic64_read(&r->mm->maj_flt));
	sim_test_verify(test, r->mm, r->base, PAGES, 1);
	sim_test_verify(test, r->mm, r->base, PAGES, 1);
	KUNIT_EXPECT_EQ(test, PAGES, r->f->nr_reads);
	SIM_EXPECT_EVENT(test, r->m, PGPGIN, PAGES);
	KUNIT_EXPECT_EQ(test, PAGES, atomic64_read(&r->mm->maj_flt));
	KUNIT_EXPECT_EQ(test, 0, atomic64_read(&r->mm->min_flt));
}

static void second_process_finds_the_page(struct kunit *test)
{
	struct rig *r = make_rig(test, MAP_PRIVATE);
	struct sim_mm *other;
	u64 there;

	sim_test_touch_pages(test, r->mm, r->base, PAGES);
	KUNIT_EXPECT_EQ(test, 2, sim_page_count(sim_test_mapped(r->mm, r->base)));
	other = make_other(test, r, MAP_SHARED, &there);
	sim_test_verify(test, other, there, PAGES, 1);
	KUNIT_EXPECT_EQ(test, PAGES, r->f->nr_reads);
	KUNIT_EXPECT_EQ(test, PAGES, atomic64_read(&other->min_flt));
	KUNIT_EXPECT_EQ(test, 0, atomic64_read(&other->maj_flt));
	KUNIT_EXPECT_PTR_EQ(test, sim_test_mapped(r->mm, r->base), sim_test_mapped(other, there));
	KUNIT_EXPECT_EQ(test, 3, sim_page_count(sim_test_mapped(r->mm, r->base)));
	KUNIT_EXPECT_EQ(test, PAGES, atomic_read(&r->m->nr_file_pages));
}

/* It is the file that counts, not who opened it and how often. */
static void file_opened_twice_has_one_page_cache(struct kunit *test)
{
	struct rig *r = make_rig(test, MAP_PRIVATE);
	u64 again = sim_test_mmap(test, r->mm, (struct shmswap_mmap) {
		.prot = PROT_READ,
		.len = PAGE_SIZE,
		.offset = PAGE_SIZE,
		.flags = MAP_SHARED,
		.fd = sim_test_file_open(test, r->f, O_RDONLY),
	});

	KUNIT_EXPECT_EQ(test, 0, sim_test_touch(r->mm, page_of(r, 1), false));
	KUNIT_EXPECT_EQ(test, 0, sim_test_touch(r->mm, again, false));
	KUNIT_EXPECT_PTR_EQ(test, sim_test_mapped(r->mm, page_of(r, 1)),
			    sim_test_mapped(r->mm, again));
	KUNIT_EXPECT_EQ(test, 1, r->f->nr_reads);
}

static void machines_do_not_share_page_caches(struct kunit *test)
{
	struct rig *r = make_rig(test, MAP_PRIVATE);
	struct sim_mm *mm = sim_test_process(test, sim_test_machine(test));
	u64 base = sim_test_map_file(test, mm, r->f, PAGES, MAP_PRIVATE);

	KUNIT_EXPECT_EQ(test, 0, sim_test_touch(r->mm, r->base, false));
	KUNIT_EXPECT_EQ(test, 0, sim_test_touch(mm, base, false));
	KUNIT_EXPECT_EQ(test, 2, r->f->nr_reads);
}

static void page_cache_lives_as_long_as_a_region(struct kunit *test)
{
	struct rig *r = make_rig(test, MAP_PRIVATE);
	struct sim_mm *other;
	u64 there;

	other = make_other(test, r, MAP_PRIVATE, &there);
	sim_test_touch_pages(test, r->mm, r->base, PAGES);
	KUNIT_EXPECT_EQ(test, 0, sim_test_munmap(r->mm, r->base, PAGES));
	KUNIT_EXPECT_EQ(test, PAGES, atomic_read(&r->m->nr_file_pages));
	sim_test_verify(test, other, there, PAGES, 1);
	KUNIT_EXPECT_EQ(test, PAGES, r->f->nr_reads);
	sim_test_process_exit(test, other);
	KUNIT_EXPECT_EQ(test, 0, atomic_read(&r->m->nr_file_pages));
	KUNIT_EXPECT_EQ(test, SIM_TEST_FRAMES, r->m->nr_free_pages);
	KUNIT_EXPECT_TRUE(test, hash_empty(r->m->mappings));
}

static void page_cache_is_not_kept_by_a_closed_file(struct kunit *test)
{
	struct rig *r = make_rig(test, MAP_PRIVATE);

	sim_test_touch_pages(test, r->mm, r->base, 1);
	KUNIT_EXPECT_EQ(test, 0, sim_test_munmap(r->mm, r->base, PAGES));
	sim_test_file_store(test, r->f, 0, 77);
	r->base = sim_test_map_file(test, r->mm, r->f, PAGES, MAP_PRIVATE);
	KUNIT_EXPECT_EQ(test, 77, sim_test_word_at(r->mm, r->base));
}

static void region_begins_at_its_offset(struct kunit *test)
{
	struct rig *r = make_rig(test, MAP_PRIVATE);
	u64 base = sim_test_mmap(test, r->mm, (struct shmswap_mmap) {
		.prot = PROT_READ,
		.len = PAGE_SIZE,
		.offset = 3 * PAGE_SIZE,
		.flags = MAP_PRIVATE,
		.fd = r->f->fd,
	});

	KUNIT_EXPECT_EQ(test, sim_test_pattern_word(test, 1, 3), sim_test_word_at(r->mm, base));
}

/* ---------------------------------------------------------- its last page */

static void page_behind_the_end_cannot_be_read(struct kunit *test)
{
	struct rig *r = make_rig(test, MAP_SHARED);
	u32 free = r->m->nr_free_pages;

	sim_test_file_resize(test, r->f, 2 * PAGE_SIZE);
	KUNIT_EXPECT_EQ(test, -EIO, sim_test_touch(r->mm, page_of(r, 2), false));
	KUNIT_EXPECT_EQ(test, -EIO, sim_test_touch(r->mm, page_of(r, 3), true));
	KUNIT_EXPECT_EQ(test, 0, r->f->nr_reads);
	KUNIT_EXPECT_EQ(test, 0, atomic_read(&r->m->nr_file_pages));
	KUNIT_EXPECT_EQ(test, free, r->m->nr_free_pages);
	KUNIT_EXPECT_EQ(test, 0, sim_test_touch(r->mm, page_of(r, 1), true));
	/* A file that grows has them. */
	sim_test_file_resize(test, r->f, 3 * PAGE_SIZE);
	KUNIT_EXPECT_EQ(test, 0, sim_test_touch(r->mm, page_of(r, 2), false));
}

/* Whatever the frame had before. */
static void rest_of_the_last_page_reads_as_zeros(struct kunit *test)
{
	struct rig *r = make_rig(test, MAP_SHARED);
	u64 dirt = sim_test_map(test, r->mm, 40);

	sim_test_fill(test, r->mm, dirt, 40, 9);
	KUNIT_ASSERT_EQ(test, 0, sim_test_munmap(r->mm, dirt, 40));
	sim_test_file_resize(test, r->f, PAGE_SIZE + 8);
	KUNIT_EXPECT_EQ(test, sim_test_pattern_word(test, 1, 1),
			sim_test_word_at(r->mm, page_of(r, 1)));
	KUNIT_EXPECT_EQ(test, 0, sim_test_word_at(r->mm, page_of(r, 1) + 8));
	KUNIT_EXPECT_EQ(test, 0, sim_test_word_at(r->mm, page_of(r, 2) - 8));
}

static void rest_of_the_last_page_is_not_written(struct kunit *test)
{
	struct rig *r = make_rig(test, MAP_SHARED);

	sim_test_file_resize(test, r->f, PAGE_SIZE + 8);
	KUNIT_EXPECT_EQ(test, 0, sim_test_set_word(r->mm, page_of(r, 1), 5));
	KUNIT_EXPECT_EQ(test, 0, sim_test_set_word(r->mm, page_of(r, 1) + 8, 6));
	KUNIT_EXPECT_EQ(test, 0, sim_test_msync(r->mm, r->base, PAGES));
	KUNIT_EXPECT_EQ(test, PAGE_SIZE + 8, i_size_read(file_inode(r->f->file)));
	sim_test_file_resize(test, r->f, 2 * PAGE_SIZE);
	KUNIT_EXPECT_EQ(test, 5, sim_test_file_load(test, r->f, PAGE_SIZE));
	KUNIT_EXPECT_EQ(test, 0, sim_test_file_load(test, r->f, PAGE_SIZE + 8));
}

/* What others put there since the page was read is not ours to overwrite. */
static void what_the_file_grew_by_is_not_written(struct kunit *test)
{
	struct rig *r = make_rig(test, MAP_SHARED);

	sim_test_file_resize(test, r->f, PAGE_SIZE + 8);
	KUNIT_EXPECT_EQ(test, 0, sim_test_set_word(r->mm, page_of(r, 1), 5));
	sim_test_file_store(test, r->f, PAGE_SIZE + 16, 7);
	KUNIT_EXPECT_EQ(test, 0, sim_test_msync(r->mm, r->base, PAGES));
	KUNIT_EXPECT_EQ(test, 5, sim_test_file_load(test, r->f, PAGE_SIZE));
	KUNIT_EXPECT_EQ(test, 7, sim_test_file_load(test, r->f, PAGE_SIZE + 16));
}

static void hole_reads_as_zeros(struct kunit *test)
{
	struct rig *r = make_rig(test, MAP_SHARED);

	sim_test_file_resize(test, r->f, 0);
	sim_test_file_resize(test, r->f, PAGES * PAGE_SIZE);
	KUNIT_EXPECT_EQ(test, 0, sim_test_touch(r->mm, page_of(r, 1), false));
	KUNIT_EXPECT_EQ(test, 0, sim_test_word_at(r->mm, page_of(r, 1)));
	KUNIT_EXPECT_EQ(test, 0, sim_test_set_word(r->mm, page_of(r, 1), 3));
	KUNIT_EXPECT_EQ(test, 0, sim_test_msync(r->mm, r->base, PAGES));
	KUNIT_EXPECT_EQ(test, 3, sim_test_file_load(test, r->f, PAGE_SIZE));
}

/* --------------------------------------------------------- shared stores */

static void shared_store_is_seen_at_once_by_who_shares(struct kunit *test)
{
	struct rig *r = make_rig(test, MAP_SHARED);
	struct sim_mm *other, *reader;
	u64 there, here;

	other = make_other(test, r, MAP_SHARED, &there);
	reader = make_other(test, r, MAP_PRIVATE, &here);
	sim_test_touch_pages(test, reader, here, 1);
	KUNIT_EXPECT_EQ(test, 0, sim_test_set_word(r->mm, r->base, 5));
	KUNIT_EXPECT_EQ(test, 5, sim_test_word_at(other, there));
	KUNIT_EXPECT_EQ(test, 0, sim_test_set_word(other, there, 6));
	KUNIT_EXPECT_EQ(test, 6, sim_test_word_at(r->mm, r->base));
	/* It has not stored anything, so it has no page of its own. */
	KUNIT_EXPECT_EQ(test, 6, sim_test_word_at(reader, here));
	SIM_EXPECT_EVENT(test, r->m, PGCOW, 0);
	KUNIT_EXPECT_EQ(test, 0, r->f->nr_writes);
}

static void load_of_a_shared_page_leaves_it_clean(struct kunit *test)
{
	struct rig *r = make_rig(test, MAP_SHARED);

	sim_test_touch_pages(test, r->mm, r->base, PAGES);
	SIM_EXPECT_BITS(test, r->mm, r->base, "young clean writable");
	KUNIT_EXPECT_EQ(test, 0, sim_test_msync(r->mm, r->base, PAGES));
	KUNIT_EXPECT_EQ(test, 0, r->f->nr_writes);
}

static void msync_writes_what_is_dirty_and_once(struct kunit *test)
{
	struct rig *r = make_rig(test, MAP_SHARED);

	sim_test_touch_pages(test, r->mm, r->base, PAGES);
	KUNIT_EXPECT_EQ(test, 0, sim_test_set_word(r->mm, page_of(r, 2), 5));
	KUNIT_EXPECT_EQ(test, sim_test_pattern_word(test, 1, 2),
			sim_test_file_load(test, r->f, 2 * PAGE_SIZE));
	KUNIT_EXPECT_EQ(test, 0, sim_test_msync(r->mm, r->base, PAGES));
	KUNIT_EXPECT_EQ(test, 5, sim_test_file_load(test, r->f, 2 * PAGE_SIZE));
	KUNIT_EXPECT_EQ(test, 1, r->f->nr_writes);
	SIM_EXPECT_EVENT(test, r->m, PGPGOUT, 1);
	SIM_EXPECT_BITS(test, r->mm, page_of(r, 2), "young clean writable");
	KUNIT_EXPECT_EQ(test, 0, sim_test_msync(r->mm, r->base, PAGES));
	KUNIT_EXPECT_EQ(test, 1, r->f->nr_writes);
	KUNIT_EXPECT_EQ(test, 0, sim_test_set_word(r->mm, page_of(r, 2), 6));
	KUNIT_EXPECT_EQ(test, 0, sim_test_msync(r->mm, r->base, PAGES));
	KUNIT_EXPECT_EQ(test, 6, sim_test_file_load(test, r->f, 2 * PAGE_SIZE));
}

/* What others changed is theirs to write, but for pages that it changed too. */
static void msync_looks_at_its_own_process_and_range(struct kunit *test)
{
	struct rig *r = make_rig(test, MAP_SHARED);
	struct sim_mm *other;
	u64 there;

	other = make_other(test, r, MAP_SHARED, &there);
	KUNIT_EXPECT_EQ(test, 0, sim_test_set_word(other, there, 5));
	KUNIT_EXPECT_EQ(test, 0, sim_test_set_word(r->mm, page_of(r, 3), 6));
	KUNIT_EXPECT_EQ(test, 0, sim_test_msync(r->mm, r->base, 3));
	KUNIT_EXPECT_EQ(test, 0, r->f->nr_writes);
	KUNIT_EXPECT_EQ(test, 0, sim_test_msync(r->mm, page_of(r, 3), 1));
	KUNIT_EXPECT_EQ(test, 1, r->f->nr_writes);
	KUNIT_EXPECT_EQ(test, 6, sim_test_file_load(test, r->f, 3 * PAGE_SIZE));
	KUNIT_EXPECT_EQ(test, 0, sim_test_msync(other, there, PAGES));
	KUNIT_EXPECT_EQ(test, 5, sim_test_file_load(test, r->f, 0));
}

/* What lies before a hole is written all the same. */
static void msync_writes_up_to_a_hole(struct kunit *test)
{
	struct rig *r = make_rig(test, MAP_SHARED);

	KUNIT_EXPECT_EQ(test, 0, sim_test_set_word(r->mm, r->base, 5));
	KUNIT_EXPECT_EQ(test, 0, sim_test_munmap(r->mm, page_of(r, 1), 1));
	KUNIT_EXPECT_EQ(test, -ENOMEM, sim_test_msync(r->mm, r->base, PAGES));
	KUNIT_EXPECT_EQ(test, 5, sim_test_file_load(test, r->f, 0));
}

static void munmap_writes_what_is_dirty(struct kunit *test)
{
	struct rig *r = make_rig(test, MAP_SHARED);
	struct sim_mm *other;
	u64 there;

	other = make_other(test, r, MAP_SHARED, &there);
	sim_test_touch_pages(test, other, there, PAGES);
	KUNIT_EXPECT_EQ(test, 0, sim_test_set_word(r->mm, page_of(r, 1), 5));
	KUNIT_EXPECT_EQ(test, 0, sim_test_munmap(r->mm, r->base, PAGES));
	KUNIT_EXPECT_EQ(test, 5, sim_test_file_load(test, r->f, PAGE_SIZE));
	KUNIT_EXPECT_EQ(test, 1, r->f->nr_writes);
	KUNIT_EXPECT_EQ(test, 5, sim_test_word_at(other, sim_test_page(there, 1)));
}

static void exit_writes_what_is_dirty(struct kunit *test)
{
	struct rig *r = make_rig(test, MAP_SHARED);

	sim_test_fill(test, r->mm, r->base, PAGES, 2);
	sim_test_process_exit(test, r->mm);
	sim_test_file_verify(test, r->f, PAGES, 2);
}

static void region_that_is_mapped_over_is_written(struct kunit *test)
{
	struct rig *r = make_rig(test, MAP_SHARED);

	sim_test_fill(test, r->mm, r->base, PAGES, 2);
	sim_test_map_at(test, r->mm, r->base, PAGES);
	sim_test_file_verify(test, r->f, PAGES, 2);
}

/* It was made for somebody who cannot write: who comes later can. */
static void later_region_may_be_writable(struct kunit *test)
{
	struct rig *r = make_rig(test, MAP_PRIVATE);
	u64 shared;

	sim_test_touch_pages(test, r->mm, r->base, PAGES);
	shared = sim_test_map_file(test, r->mm, r->f, PAGES, MAP_SHARED);
	sim_test_fill(test, r->mm, shared, PAGES, 2);
	sim_test_verify(test, r->mm, r->base, PAGES, 2);
	KUNIT_EXPECT_EQ(test, 0, sim_test_msync(r->mm, shared, PAGES));
	sim_test_file_verify(test, r->f, PAGES, 2);
}

/* -------------------------------------------------------- private stores */

static void private_store_copies_and_is_never_written(struct kunit *test)
{
	struct rig *r = make_rig(test, MAP_PRIVATE);
	struct sim_mm *other;
	u64 there;

	other = make_other(test, r, MAP_SHARED, &there);
	sim_test_touch_pages(test, r->mm, r->base, PAGES);
	SIM_EXPECT_BITS(test, r->mm, r->base, "young clean read-only");
	sim_test_fill(test, r->mm, r->base, PAGES, 2);
	SIM_EXPECT_EVENT(test, r->m, PGCOW, PAGES);
	SIM_EXPECT_BITS(test, r->mm, r->base, "young dirty writable");
	KUNIT_EXPECT_EQ(test, 1, sim_page_count(sim_test_mapped(r->mm, r->base)));
	KUNIT_EXPECT_EQ(test, PAGES, atomic_read(&r->m->nr_file_pages));
	sim_test_verify(test, other, there, PAGES, 1);
	KUNIT_EXPECT_EQ(test, 0, sim_test_msync(r->mm, r->base, PAGES));
	sim_test_process_exit(test, r->mm);
	sim_test_file_verify(test, r->f, PAGES, 1);
	KUNIT_EXPECT_EQ(test, 0, r->f->nr_writes);
}

/* Even if nobody else has it: it is the file's. */
static void first_private_store_reads_and_copies(struct kunit *test)
{
	struct rig *r = make_rig(test, MAP_PRIVATE);

	KUNIT_EXPECT_EQ(test, 0, sim_test_set_word(r->mm, r->base + 8, 5));
	KUNIT_EXPECT_EQ(test, sim_test_pattern_word(test, 1, 0), sim_test_word_at(r->mm, r->base));
	SIM_EXPECT_EVENT(test, r->m, PGCOW, 1);
	KUNIT_EXPECT_EQ(test, 1, r->f->nr_reads);
	KUNIT_EXPECT_EQ(test, 1, atomic64_read(&r->mm->maj_flt));
	KUNIT_EXPECT_EQ(test, 1, atomic_long_read(&r->mm->rss));
	KUNIT_EXPECT_EQ(test, 1, atomic_read(&r->m->nr_file_pages));
}

/* The copy is private memory: to swap it goes, and not to the file. */
static void private_copy_goes_to_swap(struct kunit *test)
{
	struct rig *r = make_rig(test, MAP_PRIVATE);

	sim_test_fill(test, r->mm, r->base, PAGES, 2);
	sim_test_scan_out(test, r->mm, r->base, PAGES);
	SIM_EXPECT_PTE(test, r->mm, r->base, "swap");
	sim_test_discard_all(r->m);
	sim_test_verify(test, r->mm, r->base, PAGES, 2);
	sim_test_file_verify(test, r->f, PAGES, 1);
}

/* --------------------------------------------------------------- reclaim */

static void clean_page_is_discarded_without_io(struct kunit *test)
{
	struct rig *r = make_rig(test, MAP_PRIVATE);

	sim_test_touch_pages(test, r->mm, r->base, PAGES);
	sim_test_scan_out(test, r->mm, r->base, PAGES);
	SIM_EXPECT_PTE(test, r->mm, r->base, "none");
	KUNIT_EXPECT_EQ(test, 0, atomic_read(&r->m->nr_file_pages));
	KUNIT_EXPECT_EQ(test, SIM_TEST_FRAMES, r->m->nr_free_pages);
	KUNIT_EXPECT_EQ(test, SIM_TEST_SLOTS, r->m->nr_swap_pages);
	SIM_EXPECT_EVENT(test, r->m, PGDISCARD, PAGES);
	SIM_EXPECT_EVENT(test, r->m, PSWPOUT, 0);
	KUNIT_EXPECT_EQ(test, 0, r->f->nr_writes);
	sim_test_verify(test, r->mm, r->base, PAGES, 1);
	KUNIT_EXPECT_EQ(test, 2 * PAGES, r->f->nr_reads);
}

static void page_that_another_maps_is_not_discarded(struct kunit *test)
{
	struct rig *r = make_rig(test, MAP_PRIVATE);
	struct sim_mm *other;
	u64 there;

	other = make_other(test, r, MAP_PRIVATE, &there);
	sim_test_touch_pages(test, r->mm, r->base, 1);
	sim_test_touch_pages(test, other, there, 1);
	sim_test_scan_out(test, r->mm, r->base, 1);
	sim_test_discard_all(r->m);
	KUNIT_EXPECT_EQ(test, 2, sim_page_count(sim_test_mapped(other, there)));
	KUNIT_EXPECT_EQ(test, 0, sim_test_touch(r->mm, r->base, false));
	KUNIT_EXPECT_EQ(test, 1, r->f->nr_reads);
}

/* By the region's own swap method: to its file, and to no slot. */
static void dirty_shared_page_is_written_to_its_file_by_the_scan(struct kunit *test)
{
	struct rig *r = make_rig(test, MAP_SHARED);

	sim_test_fill(test, r->mm, r->base, PAGES, 2);
	sim_test_scan_out(test, r->mm, r->base, PAGES);
	sim_test_file_verify(test, r->f, PAGES, 2);
	KUNIT_EXPECT_EQ(test, PAGES, r->f->nr_writes);
	SIM_EXPECT_PTE(test, r->mm, r->base, "none");
	SIM_EXPECT_EVENT(test, r->m, PSWPOUT, 0);
	KUNIT_EXPECT_EQ(test, 0, atomic_read(&r->m->nr_file_pages));
	sim_test_verify(test, r->mm, r->base, PAGES, 2);
	/* Read again, it is clean. */
	KUNIT_EXPECT_EQ(test, 0, sim_test_msync(r->mm, r->base, PAGES));
	KUNIT_EXPECT_EQ(test, PAGES, r->f->nr_writes);
}

/* One of the two stored to it, and the other is looked at. */
static void page_that_another_made_dirty_is_not_lost(struct kunit *test)
{
	struct rig *r = make_rig(test, MAP_SHARED);
	struct sim_mm *other;
	u64 there;

	other = make_other(test, r, MAP_SHARED, &there);
	sim_test_fill(test, other, there, 1, 2);
	sim_test_touch_pages(test, r->mm, r->base, 1);
	sim_test_scan_out(test, r->mm, r->base, 1);
	sim_test_scan_out(test, other, there, 1);
	sim_test_discard_all(r->m);
	sim_test_verify(test, r->mm, r->base, 1, 2);
	sim_test_file_verify(test, r->f, 1, 2);
}

static void file_larger_than_memory_goes_through(struct kunit *test)
{
	struct rig *r = make_rig(test, MAP_PRIVATE);
	struct sim_test_file *large = sim_test_file(test, 2 * SIM_TEST_FRAMES, 7);
	u64 base = sim_test_map_file(test, r->mm, large, 2 * SIM_TEST_FRAMES, MAP_SHARED);

	sim_test_verify(test, r->mm, base, 2 * SIM_TEST_FRAMES, 7);
	sim_test_fill(test, r->mm, base, 2 * SIM_TEST_FRAMES, 8);
	sim_test_verify(test, r->mm, base, 2 * SIM_TEST_FRAMES, 8);
	SIM_EXPECT_EVENT(test, r->m, PSWPOUT, 0);
	sim_test_process_exit(test, r->mm);
	sim_test_file_verify(test, large, 2 * SIM_TEST_FRAMES, 8);
}

/* ------------------------------------------------- reads and writes that fail */

static void failed_read_leaves_nothing_behind(struct kunit *test)
{
	struct rig *r = make_rig(test, MAP_PRIVATE);

	r->f->fail_read = (struct sim_test_fault) { .slot = 1, .count = 1, .err = -ENXIO };
	KUNIT_EXPECT_EQ(test, 0, sim_test_touch(r->mm, r->base, false));
	KUNIT_EXPECT_EQ(test, -EIO, sim_test_touch(r->mm, page_of(r, 1), false));
	SIM_EXPECT_EVENT(test, r->m, FILE_READ_ERRORS, 1);
	SIM_EXPECT_EVENT(test, r->m, PGPGIN, 1);
	SIM_EXPECT_PTE(test, r->mm, page_of(r, 1), "none");
	KUNIT_EXPECT_EQ(test, 1, atomic_read(&r->m->nr_file_pages));
	KUNIT_EXPECT_EQ(test, SIM_TEST_FRAMES - 1, r->m->nr_free_pages);
	sim_test_verify(test, r->mm, r->base, PAGES, 1);
}

/*
 * Whatever it is that there is no memory for: at most the file's page is mapped, if
 * there was none for its copy, and then not for stores.
 */
static void fault_without_memory_leaves_nothing_behind(struct kunit *test)
{
	unsigned int n, failures = 0;
	bool mapped, fired = true;
	int err;

	sim_test_fault_injection(test);
	for (n = 1; fired; n++) {
		/* None of its frames has memory yet. */
		struct rig *r = make_rig(test, MAP_PRIVATE);
		u64 address = page_of(r, 1);

		sim_test_fail_nth(n);
		err = sim_test_touch(r->mm, address, true);
		fired = sim_test_fail_fired();
		sim_test_check(test, r->m);
		if (err) {
			failures++;
			KUNIT_EXPECT_EQ(test, -ENOMEM, err);
			mapped = sim_test_mapped(r->mm, address);
			if (mapped)
				SIM_EXPECT_BITS(test, r->mm, address, "young clean read-only");
			KUNIT_EXPECT_EQ(test, mapped, atomic_long_read(&r->mm->rss));
		}
		sim_test_verify(test, r->mm, r->base, PAGES, 1);
	}
	KUNIT_EXPECT_GT(test, failures, 0);
}

/* The others are written, and it is written when that works again. */
static void failed_write_of_msync_keeps_the_page_dirty(struct kunit *test)
{
	struct rig *r = make_rig(test, MAP_SHARED);

	sim_test_fill(test, r->mm, r->base, PAGES, 2);
	r->f->fail_write = (struct sim_test_fault) { .slot = 1, .count = 1, .err = -ENOSPC };
	KUNIT_EXPECT_EQ(test, -EIO, sim_test_msync(r->mm, r->base, PAGES));
	SIM_EXPECT_EVENT(test, r->m, FILE_WRITE_ERRORS, 1);
	SIM_EXPECT_EVENT(test, r->m, PGPGOUT, PAGES - 1);
	KUNIT_EXPECT_EQ(test, sim_test_pattern_word(test, 1, 1),
			sim_test_file_load(test, r->f, PAGE_SIZE));
	sim_test_verify(test, r->mm, r->base, PAGES, 2);
	KUNIT_EXPECT_EQ(test, 0, sim_test_msync(r->mm, r->base, PAGES));
	KUNIT_EXPECT_EQ(test, PAGES + 1, r->f->nr_writes);
	sim_test_file_verify(test, r->f, PAGES, 2);
}

static void failed_write_of_reclaim_keeps_the_page(struct kunit *test)
{
	struct rig *r = make_rig(test, MAP_SHARED);

	sim_test_fill(test, r->mm, r->base, PAGES, 2);
	r->f->fail_write = (struct sim_test_fault) { .count = 1 };
	KUNIT_EXPECT_EQ(test, 0, sim_test_scan_one(test, r->mm, r->base));
	KUNIT_EXPECT_NOT_NULL(test, sim_test_mapped(r->mm, r->base));
	SIM_EXPECT_EVENT(test, r->m, FILE_WRITE_ERRORS, 1);
	SIM_EXPECT_EVENT(test, r->m, SWAP_WRITE_ERRORS, 0);
	KUNIT_EXPECT_EQ(test, SIM_TEST_SLOTS, r->m->nr_swap_pages);
	sim_test_verify(test, r->mm, r->base, PAGES, 2);
	sim_test_scan_out(test, r->mm, r->base, 1);
	sim_test_verify(test, r->mm, r->base, PAGES, 2);
	sim_test_process_exit(test, r->mm);
	sim_test_file_verify(test, r->f, PAGES, 2);
}

/* Nobody maps it any more, but the cache has it as long as it has not been written. */
static void failed_write_of_munmap_is_made_up_for(struct kunit *test)
{
	struct rig *r = make_rig(test, MAP_SHARED);
	struct sim_mm *other;
	u64 there;

	other = make_other(test, r, MAP_SHARED, &there);
	sim_test_fill(test, r->mm, r->base, 1, 2);
	/* By munmap, and in the two rounds of the hand. */
	r->f->fail_write = (struct sim_test_fault) { .count = 3 };
	KUNIT_EXPECT_EQ(test, 0, sim_test_munmap(r->mm, r->base, PAGES));
	KUNIT_EXPECT_EQ(test, 1, r->f->nr_writes);
	KUNIT_EXPECT_EQ(test, 0, sim_test_shrink_mmap(r->m, 0));
	KUNIT_EXPECT_EQ(test, 3, r->f->nr_writes);
	KUNIT_EXPECT_EQ(test, 1, atomic_read(&r->m->nr_file_pages));
	sim_test_discard_all(r->m);
	KUNIT_EXPECT_EQ(test, 4, r->f->nr_writes);
	KUNIT_EXPECT_EQ(test, 0, atomic_read(&r->m->nr_file_pages));
	sim_test_verify(test, other, there, 1, 2);
	sim_test_file_verify(test, r->f, 1, 2);
}

/* ------------------------------------------------------------- truncation */

static void truncated_page_stays_with_who_has_it(struct kunit *test)
{
	struct rig *r = make_rig(test, MAP_SHARED);

	sim_test_fill(test, r->mm, r->base, PAGES, 2);
	sim_test_file_resize(test, r->f, PAGE_SIZE);
	sim_test_verify(test, r->mm, r->base, PAGES, 2);
}

/* The file is not extended, and that is no error. */
static void what_lies_behind_the_end_by_now_is_not_written(struct kunit *test)
{
	struct rig *r = make_rig(test, MAP_SHARED);

	sim_test_fill(test, r->mm, r->base, PAGES, 2);
	sim_test_file_resize(test, r->f, PAGE_SIZE);
	KUNIT_EXPECT_EQ(test, 0, sim_test_msync(r->mm, r->base, PAGES));
	KUNIT_EXPECT_EQ(test, 1, r->f->nr_writes);
	KUNIT_EXPECT_EQ(test, PAGE_SIZE, i_size_read(file_inode(r->f->file)));
	SIM_EXPECT_EVENT(test, r->m, FILE_WRITE_ERRORS, 0);
	sim_test_file_verify(test, r->f, 1, 2);
}

static void truncated_page_that_was_discarded_is_gone(struct kunit *test)
{
	struct rig *r = make_rig(test, MAP_SHARED);

	sim_test_fill(test, r->mm, r->base, PAGES, 2);
	sim_test_file_resize(test, r->f, PAGE_SIZE);
	sim_test_scan_out(test, r->mm, page_of(r, 1), 1);
	KUNIT_EXPECT_EQ(test, -EIO, sim_test_touch(r->mm, page_of(r, 1), false));
	KUNIT_EXPECT_EQ(test, 0, sim_test_touch(r->mm, page_of(r, 2), false));
}

/* ------------------------------------------------------- pages under I/O */

static void hold_io(struct sim_test_file *f, pgoff_t index)
{
	struct rig *r = f->data;

	wait_for_completion_state(&r->go, TASK_KILLABLE);
}

static int touch_thread(void *data)
{
	struct rig *r = data;

	return sim_test_touch(r->mm, r->base, false);
}

/* A touch that is being read, and one that waits for it. */
static void start_two(struct kunit *test, struct rig *r, struct sim_test_thread *thread[2])
{
	r->f->on_read = hold_io;
	thread[0] = sim_test_thread_run(test, touch_thread, r);
	KUNIT_ASSERT_TRUE(test, sim_test_wait_for(r->f->nr_reads == 1));
	thread[1] = sim_test_thread_run(test, touch_thread, r);
	schedule_timeout_uninterruptible(2);
}

static void who_wants_a_page_that_is_being_read_waits(struct kunit *test)
{
	struct rig *r = make_rig(test, MAP_PRIVATE);
	struct sim_test_thread *thread[2];

	start_two(test, r, thread);
	KUNIT_EXPECT_FALSE(test, completion_done(&thread[1]->done));
	/* It holds nothing meanwhile. */
	sim_test_check(test, r->m);
	KUNIT_EXPECT_EQ(test, 0, sim_test_munmap(r->mm, page_of(r, 3), 1));
	complete_all(&r->go);
	KUNIT_EXPECT_EQ(test, 0, sim_test_thread_join(test, thread[0]));
	KUNIT_EXPECT_EQ(test, 0, sim_test_thread_join(test, thread[1]));
	KUNIT_EXPECT_EQ(test, 1, r->f->nr_reads);
	sim_test_verify(test, r->mm, r->base, 1, 1);
}

/* Its own attempt is its own. */
static void who_waited_for_a_read_that_failed_reads_itself(struct kunit *test)
{
	struct rig *r = make_rig(test, MAP_PRIVATE);
	struct sim_test_thread *thread[2];

	r->f->fail_read = (struct sim_test_fault) { .count = 1 };
	start_two(test, r, thread);
	complete_all(&r->go);
	KUNIT_EXPECT_EQ(test, -EIO, sim_test_thread_join(test, thread[0]));
	KUNIT_EXPECT_EQ(test, 0, sim_test_thread_join(test, thread[1]));
	KUNIT_EXPECT_EQ(test, 2, r->f->nr_reads);
}

static void who_waits_for_a_read_can_be_killed(struct kunit *test)
{
	struct rig *r = make_rig(test, MAP_PRIVATE);
	struct sim_test_thread *thread[2];

	start_two(test, r, thread);
	sim_test_thread_kill(thread[1]);
	KUNIT_EXPECT_EQ(test, -EINTR, sim_test_thread_join(test, thread[1]));
	complete_all(&r->go);
	KUNIT_EXPECT_EQ(test, 0, sim_test_thread_join(test, thread[0]));
}

static int unmap_thread(void *data)
{
	struct rig *r = data;

	return sim_test_munmap(r->mm, r->base, PAGES);
}

/* The reader keeps the page cache until it has let go of the page. */
static void region_may_go_while_its_page_is_read(struct kunit *test)
{
	struct rig *r = make_rig(test, MAP_PRIVATE);
	struct sim_test_thread *reader, *unmapper;

	r->f->on_read = hold_io;
	reader = sim_test_thread_run(test, touch_thread, r);
	KUNIT_ASSERT_TRUE(test, sim_test_wait_for(r->f->nr_reads == 1));
	unmapper = sim_test_thread_run(test, unmap_thread, r);
	KUNIT_EXPECT_TRUE(test, sim_test_wait_for(!READ_ONCE(r->mm->map_count)));
	complete_all(&r->go);
	KUNIT_EXPECT_EQ(test, -EFAULT, sim_test_thread_join(test, reader));
	KUNIT_EXPECT_EQ(test, 0, sim_test_thread_join(test, unmapper));
	KUNIT_EXPECT_EQ(test, 0, atomic_read(&r->m->nr_file_pages));
	KUNIT_EXPECT_TRUE(test, hash_empty(r->m->mappings));
}

static void store_while_written(struct sim_test_file *f, pgoff_t index)
{
	struct rig *r = f->data;

	f->on_write = NULL;
	sim_test_set_word(r->mm, page_of(r, index), 6);
}

/* What is stored while a page is written is written with it or the next time. */
static void store_during_write_is_not_lost(struct kunit *test)
{
	struct rig *r = make_rig(test, MAP_SHARED);

	KUNIT_EXPECT_EQ(test, 0, sim_test_set_word(r->mm, r->base, 5));
	r->f->on_write = store_while_written;
	KUNIT_EXPECT_EQ(test, 0, sim_test_msync(r->mm, r->base, PAGES));
	SIM_EXPECT_BITS(test, r->mm, r->base, "young dirty writable");
	KUNIT_EXPECT_EQ(test, 0, sim_test_msync(r->mm, r->base, PAGES));
	KUNIT_EXPECT_EQ(test, 2, r->f->nr_writes);
	KUNIT_EXPECT_EQ(test, 6, sim_test_file_load(test, r->f, 0));
}

/* The scan writes a page while it is mapped, and takes only what nobody used since. */
static void page_stored_to_while_the_scan_writes_it_stays(struct kunit *test)
{
	struct rig *r = make_rig(test, MAP_SHARED);

	KUNIT_EXPECT_EQ(test, 0, sim_test_set_word(r->mm, r->base, 5));
	r->f->on_write = store_while_written;
	KUNIT_EXPECT_EQ(test, 0, sim_test_scan_one(test, r->mm, r->base));
	SIM_EXPECT_BITS(test, r->mm, r->base, "young dirty writable");
	KUNIT_EXPECT_EQ(test, 6, sim_test_word_at(r->mm, r->base));
	KUNIT_EXPECT_EQ(test, 0, sim_test_msync(r->mm, r->base, PAGES));
	KUNIT_EXPECT_EQ(test, 6, sim_test_file_load(test, r->f, 0));
}

static struct kunit_case cases[] = {
	KUNIT_CASE(page_is_read_when_it_is_touched_and_once),
	KUNIT_CASE(second_process_finds_the_page),
	KUNIT_CASE(file_opened_twice_has_one_page_cache),
	KUNIT_CASE(machines_do_not_share_page_caches),
	KUNIT_CASE(page_cache_lives_as_long_as_a_region),
	KUNIT_CASE(page_cache_is_not_kept_by_a_closed_file),
	KUNIT_CASE(region_begins_at_its_offset),
	KUNIT_CASE(page_behind_the_end_cannot_be_read),
	KUNIT_CASE(rest_of_the_last_page_reads_as_zeros),
	KUNIT_CASE(rest_of_the_last_page_is_not_written),
	KUNIT_CASE(what_the_file_grew_by_is_not_written),
	KUNIT_CASE(hole_reads_as_zeros),
	KUNIT_CASE(shared_store_is_seen_at_once_by_who_shares),
	KUNIT_CASE(load_of_a_shared_page_leaves_it_clean),
	KUNIT_CASE(msync_writes_what_is_dirty_and_once),
	KUNIT_CASE(msync_looks_at_its_own_process_and_range),
	KUNIT_CASE(msync_writes_up_to_a_hole),
	KUNIT_CASE(munmap_writes_what_is_dirty),
	KUNIT_CASE(exit_writes_what_is_dirty),
	KUNIT_CASE(region_that_is_mapped_over_is_written),
	KUNIT_CASE(later_region_may_be_writable),
	KUNIT_CASE(private_store_copies_and_is_never_written),
	KUNIT_CASE(first_private_store_reads_and_copies),
	KUNIT_CASE(private_copy_goes_to_swap),
	KUNIT_CASE(clean_page_is_discarded_without_io),
	KUNIT_CASE(page_that_another_maps_is_not_discarded),
	KUNIT_CASE(dirty_shared_page_is_written_to_its_file_by_the_scan),
	KUNIT_CASE(page_that_another_made_dirty_is_not_lost),
	KUNIT_CASE(file_larger_than_memory_goes_through),
	KUNIT_CASE(failed_read_leaves_nothing_behind),
	KUNIT_CASE(fault_without_memory_leaves_nothing_behind),
	KUNIT_CASE(failed_write_of_msync_keeps_the_page_dirty),
	KUNIT_CASE(failed_write_of_reclaim_keeps_the_page),
	KUNIT_CASE(failed_write_of_munmap_is_made_up_for),
	KUNIT_CASE(truncated_page_stays_with_who_has_it),
	KUNIT_CASE(what_lies_behind_the_end_by_now_is_not_written),
	KUNIT_CASE(truncated_page_that_was_discarded_is_gone),
	KUNIT_CASE(who_wants_a_page_that_is_being_read_waits),
	KUNIT_CASE(who_waited_for_a_read_that_failed_reads_itself),
	KUNIT_CASE(who_waits_for_a_read_can_be_killed),
	KUNIT_CASE(region_may_go_while_its_page_is_read),
	KUNIT_CASE(store_during_write_is_not_lost),
	KUNIT_CASE(page_stored_to_while_the_scan_writes_it_stays),
	{}
};

static struct kunit_suite suite = {
	.name = "shmswap_filemap",
	.init = sim_test_init,
	.exit = sim_test_exit,
	.test_cases = cases,
};

kunit_test_suite(suite);
