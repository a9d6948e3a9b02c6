// SPDX-License-Identifier: GPL-2.0
/*
 * Accesses and the faults that they cause, and several of them at once.
 */
#include <linux/align.h>
#include <linux/uio.h>

#include "kunit_helpers.h"

#define BASE		0x100000000ULL
#define PAGES(n)	((u64)(n) << PAGE_SHIFT)

static void add_ram(struct kunit *test, struct sim_machine *m)
{
	struct shmswap_swapon arg = {
		.flags = SHMSWAP_SWAPON_RAM,
		.fd = -1,
		.slots = SIM_TEST_SLOTS,
	};

	KUNIT_ASSERT_EQ(test, 0, sim_swapon(m, &arg));
}

static void add_area(struct kunit *test, struct sim_machine *m)
{
	sim_test_swap_area(test, m, SIM_TEST_SLOTS, -1);
}

/**
 * struct backing_row - what pages are swapped to
 * @name: its name
 * @add: adds it to a machine without swap
 *
 * RAM is copied from and to with the segment locked, all else is waited for.
 */
static const struct backing_row {
	const char *name;
	void (*add)(struct kunit *test, struct sim_machine *m);
} backing_rows[] = {
	{ "RAM", add_ram },
	{ "a device", add_area },
};

KUNIT_ARRAY_PARAM_DESC(backing, backing_rows, name);

static struct sim_machine *no_swap_machine(struct kunit *test, u32 frames)
{
	return sim_test_machine_config(test, &(const struct sim_config) {
		.nr_frames = frames,
	});
}

/* A machine that swaps to what the case's parameter says. */
static struct sim_machine *backed_machine(struct kunit *test)
{
	const struct backing_row *row = test->param_value;
	struct sim_machine *m = no_swap_machine(test, SIM_TEST_FRAMES);

	m->page_cluster = 0;
	row->add(test, m);
	return m;
}

static void expect_faults(struct kunit *test, struct sim_mm *mm, u64 min_flt, u64 maj_flt)
{
	KUNIT_EXPECT_EQ(test, min_flt, atomic64_read(&mm->min_flt));
	KUNIT_EXPECT_EQ(test, maj_flt, atomic64_read(&mm->maj_flt));
}

/* ----------------------------------------------------------------- faults */

static void first_access_is_zero_filled(struct kunit *test)
{
	struct sim_machine *m = sim_test_machine(test);
	struct sim_mm *mm = sim_test_process(test, m);
	s32 id = sim_test_segment(test, m, 4);
	u64 base = sim_test_attach(test, mm, id);
	u8 *buf = kunit_kmalloc(test, PAGE_SIZE, GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, buf);
	memset(buf, 0xaa, PAGE_SIZE);
	KUNIT_EXPECT_EQ(test, PAGE_SIZE, sim_test_load(mm, base + PAGES(2), buf, PAGE_SIZE));
	KUNIT_EXPECT_NULL(test, memchr_inv(buf, 0, PAGE_SIZE));
	expect_faults(test, mm, 0, 1);
	SIM_EXPECT_EVENT(test, m, PGFAULT, 1);
	SIM_EXPECT_EVENT(test, m, PGMAJFAULT, 1);
	SIM_EXPECT_EVENT(test, m, PGZERO, 1);
	SIM_EXPECT_EVENT(test, m, PGALLOC, 1);
	SIM_EXPECT_SHM(test, m, 4, 1, 0);
	KUNIT_EXPECT_EQ(test, 1, atomic_long_read(&mm->rss));
	SIM_EXPECT_WORD(test, sim_test_seg(test, m, id), 2, "present young");
	SIM_EXPECT_WORD(test, sim_test_seg(test, m, id), 1, "none");
	SIM_EXPECT_PTE(test, mm, base + PAGES(2), "present young");
}

/* A frame that another page had before is cleared. */
static void reused_frame_is_zero_filled(struct kunit *test)
{
	struct sim_machine *m = sim_test_machine(test);
	struct sim_mm *mm = sim_test_process(test, m);
	s32 id = sim_test_segment(test, m, 1);
	u8 *buf = kunit_kmalloc(test, PAGE_SIZE, GFP_KERNEL);
	u32 pfn;

	KUNIT_ASSERT_NOT_NULL(test, buf);
	sim_test_attach_at(test, mm, id, BASE, 0);
	sim_test_fill(test, mm, BASE, 1, 1);
	pfn = sim_pte_pfn(sim_test_pte(mm, BASE));
	KUNIT_ASSERT_EQ(test, 0, sim_shmdt(mm, BASE));
	KUNIT_ASSERT_EQ(test, 0, sim_test_shmctl(m, id, IPC_RMID));
	sim_test_attach_at(test, mm, sim_test_segment(test, m, 1), BASE, 0);
	KUNIT_EXPECT_EQ(test, PAGE_SIZE, sim_test_load(mm, BASE, buf, PAGE_SIZE));
	KUNIT_EXPECT_EQ(test, pfn, sim_pte_pfn(sim_test_pte(mm, BASE)));
	KUNIT_EXPECT_NULL(test, memchr_inv(buf, 0, PAGE_SIZE));
}

static void second_process_gets_same_frame(struct kunit *test)
{
	struct sim_machine *m = sim_test_machine(test);
	struct sim_mm *mm = sim_test_process(test, m);
	struct sim_mm *other = sim_test_process(test, m);
	s32 id = sim_test_segment(test, m, 4);
	u64 there = sim_test_attach_at(test, other, id, BASE, SHM_RDONLY);
	u64 base = sim_test_attach(test, mm, id);

	sim_test_fill(test, mm, base, 4, 1);
	sim_test_verify(test, other, there, 4, 1);
	KUNIT_EXPECT_EQ(test, sim_pte_pfn(sim_test_pte(mm, base)),
			sim_pte_pfn(sim_test_pte(other, there)));
	KUNIT_EXPECT_TRUE(test, sim_pte_write(sim_test_pte(mm, base)));
	KUNIT_EXPECT_FALSE(test, sim_pte_write(sim_test_pte(other, there)));
	KUNIT_EXPECT_EQ(test, 3, sim_page_count(sim_test_frame(sim_test_seg(test, m, id), 0)));
	expect_faults(test, mm, 0, 4);
	expect_faults(test, other, 4, 0);
	SIM_EXPECT_SHM(test, m, 4, 4, 0);
}

/* A process that has the page swapped out from under it. */
static void swapped_page_comes_back(struct kunit *test)
{
	struct sim_machine *m = backed_machine(test);
	struct sim_mm *mm = sim_test_process(test, m);
	struct sim_mm *other = sim_test_process(test, m);
	s32 id = sim_test_segment(test, m, 4);
	u64 base = sim_test_attach(test, mm, id);
	u64 there = sim_test_attach_at(test, other, id, BASE, 0);

	sim_test_fill(test, mm, base, 4, 1);
	sim_test_verify(test, other, there, 4, 1);
	sim_test_swap_out_all(test, m);
	SIM_EXPECT_SHM(test, m, 4, 0, 4);
	KUNIT_EXPECT_EQ(test, SIM_TEST_SLOTS - 4, m->nr_swap_pages);
	KUNIT_EXPECT_EQ(test, SIM_TEST_FRAMES, m->nr_free_pages);
	SIM_EXPECT_PTE_SIGNATURE(test, mm, base, 0, 0);
	SIM_EXPECT_PTE_SIGNATURE(test, other, there + PAGES(3), 0, 3);
	SIM_EXPECT_EVENT(test, m, PSWPOUT, 4);

	sim_test_verify(test, other, there, 4, 1);
	SIM_EXPECT_SHM(test, m, 4, 4, 0);
	KUNIT_EXPECT_EQ(test, SIM_TEST_SLOTS, m->nr_swap_pages);
	SIM_EXPECT_EVENT(test, m, PSWPIN, 4);
	expect_faults(test, other, 4, 4);
	sim_test_verify(test, mm, base, 4, 1);
	expect_faults(test, mm, 4, 4);
	SIM_EXPECT_EVENT(test, m, PSWPIN, 4);
	KUNIT_EXPECT_EQ(test, 0, atomic_read(&m->nr_swapcache));
}

/* As those of private memory do: page i is in slot i, but page 0 in the last. */
static void pages_around_come_along(struct kunit *test)
{
	struct sim_machine *m = no_swap_machine(test, SIM_TEST_FRAMES);
	struct sim_test_swap *swap = sim_test_swap_area(test, m, SIM_TEST_SLOTS, -1);
	struct sim_mm *mm = sim_test_process(test, m);
	u64 base = sim_test_attach(test, mm, sim_test_segment(test, m, 10));

	m->page_cluster = 2;
	sim_test_fill(test, mm, base, 10, 1);
	sim_test_swap_out_all(test, m);
	KUNIT_EXPECT_EQ(test, 0, sim_test_touch(mm, base + PAGES(4), false));
	KUNIT_EXPECT_EQ(test, 4, swap->nr_reads);
	SIM_EXPECT_EVENT(test, m, PSWPIN, 4);
	SIM_EXPECT_EVENT(test, m, SWAP_RA, 3);
	SIM_EXPECT_SHM(test, m, 10, 1, 9);
	KUNIT_EXPECT_EQ(test, 3, atomic_read(&m->nr_swapcache));
	sim_test_check(test, m);
	expect_faults(test, mm, 0, 11);

	sim_test_touch_pages(test, mm, base + PAGES(4), 4);
	expect_faults(test, mm, 3, 11);
	KUNIT_EXPECT_EQ(test, 4, swap->nr_reads);
	SIM_EXPECT_SHM(test, m, 10, 4, 6);
	KUNIT_EXPECT_EQ(test, 0, atomic_read(&m->nr_swapcache));
	KUNIT_EXPECT_EQ(test, SIM_TEST_SLOTS - 6, m->nr_swap_pages);
	sim_test_verify(test, mm, base, 10, 1);
}

/* Out and in again, many times, with other bytes each time. */
static void pages_go_round_and_round(struct kunit *test)
{
	struct sim_machine *m = backed_machine(test);
	struct sim_mm *mm = sim_test_process(test, m);
	u64 base = sim_test_attach(test, mm, sim_test_segment(test, m, 8));
	u64 seed;

	for (seed = 0; seed < 20; seed++) {
		sim_test_fill(test, mm, base, 8, seed);
		sim_test_swap_out_all(test, m);
		sim_test_verify(test, mm, base, 8, seed);
		KUNIT_EXPECT_EQ(test, SIM_TEST_SLOTS, m->nr_swap_pages);
	}
}

static void hit_is_no_fault(struct kunit *test)
{
	struct sim_machine *m = sim_test_machine(test);
	struct sim_mm *mm = sim_test_process(test, m);
	u64 base = sim_test_attach(test, mm, sim_test_segment(test, m, 1));

	sim_test_touch_pages(test, mm, base, 1);
	sim_test_fill(test, mm, base, 1, 1);
	sim_test_verify(test, mm, base, 1, 1);
	KUNIT_EXPECT_EQ(test, 0, sim_test_touch(mm, base, true));
	expect_faults(test, mm, 0, 1);
	SIM_EXPECT_EVENT(test, m, PGFAULT, 1);
}

/* The clock made it old: the next access makes it young again, without a fault. */
static void access_makes_old_page_young(struct kunit *test)
{
	struct sim_machine *m = sim_test_machine(test);
	struct sim_mm *mm = sim_test_process(test, m);
	u64 base = sim_test_attach(test, mm, sim_test_segment(test, m, 2));

	sim_test_touch_pages(test, mm, base, 2);
	KUNIT_EXPECT_EQ(test, 0, sim_test_shm_swap(m, 1));
	SIM_EXPECT_PTE(test, mm, base, "present old");
	KUNIT_EXPECT_EQ(test, 0, sim_test_touch(mm, base, true));
	SIM_EXPECT_PTE(test, mm, base, "present young");
	expect_faults(test, mm, 0, 2);
}

static void access_without_permission(struct kunit *test)
{
	struct sim_machine *m = sim_test_machine(test);
	struct sim_mm *mm = sim_test_process(test, m);
	s32 id = sim_test_segment(test, m, 2);
	u8 byte = 0;

	sim_test_attach_at(test, mm, id, BASE, SHM_RDONLY);
	KUNIT_EXPECT_EQ(test, -EFAULT, sim_test_touch(mm, BASE, true));
	KUNIT_EXPECT_EQ(test, -EFAULT, sim_test_store(mm, BASE, &byte, 1));
	SIM_EXPECT_SHM(test, m, 2, 0, 0);
	KUNIT_EXPECT_EQ(test, 0, sim_test_touch(mm, BASE, false));
	KUNIT_EXPECT_EQ(test, -EFAULT, sim_test_touch(mm, BASE, true));
	KUNIT_EXPECT_EQ(test, -EFAULT, sim_test_store(mm, BASE, &byte, 1));
	expect_faults(test, mm, 0, 1);
}

static void access_to_no_area(struct kunit *test)
{
	static const u64 addresses[] = {
		0, BASE - PAGES(1), BASE + PAGES(4), SHMSWAP_TASK_SIZE - PAGES(1),
		SHMSWAP_TASK_SIZE, SHMSWAP_TASK_SIZE + BASE, 1ULL << 48, (1ULL << 48) + BASE,
		1ULL << 63, -PAGE_SIZE,
	};
	struct sim_machine *m = sim_test_machine(test);
	struct sim_mm *mm = sim_test_process(test, m);
	u32 i;
	u8 byte;

	sim_test_attach_at(test, mm, sim_test_segment(test, m, 4), BASE, 0);
	sim_test_touch_pages(test, mm, BASE, 4);
	for (i = 0; i < ARRAY_SIZE(addresses); i++) {
		KUNIT_EXPECT_EQ(test, -EFAULT, sim_test_touch(mm, addresses[i], false));
		KUNIT_EXPECT_EQ(test, -EFAULT, sim_test_touch(mm, addresses[i], true));
		KUNIT_EXPECT_EQ(test, -EFAULT, sim_test_load(mm, addresses[i], &byte, 1));
		KUNIT_EXPECT_EQ(test, -EFAULT, sim_test_store(mm, addresses[i], &byte, 1));
	}
	expect_faults(test, mm, 0, 4);
}

/* -------------------------------------------------------- batches of them */

/**
 * struct touch_row - a batch
 * @name: what is special about it
 * @accesses: addresses relative to BASE, of an attach of four pages whose
 *	fourth page is in a read-only one
 * @nr: how many
 * @done: of which are done
 * @err: what comes of the next
 */
static const struct touch_row {
	const char *name;
	u64 accesses[6];
	u32 nr;
	u32 done;
	int err;
} touch_rows[] = {
	{ "none", {}, 0, 0, 0 },
	{ "all", { 0, PAGES(1) | SHMSWAP_TOUCH_WRITE, PAGES(3), 0 }, 4, 4, 0 },
	{ "not at a page, first", { 2, 0 }, 2, 0, -EINVAL },
	{ "not at a page, later", { 0, PAGES(1), PAGES(2) | 8 }, 3, 2, -EINVAL },
	{ "not at a page, of a mapped one", { 0, 0x800 }, 2, 1, -EINVAL },
	{ "not at a page and beyond", { 0, PAGES(9) | 2 }, 2, 1, -EINVAL },
	{ "no area", { 0, PAGES(1), PAGES(4), PAGES(2) }, 4, 2, -EFAULT },
	{ "read-only", { PAGES(3), PAGES(3) | SHMSWAP_TOUCH_WRITE }, 2, 1, -EFAULT },
	{ "read-only, not mapped", { 0, PAGES(3) | SHMSWAP_TOUCH_WRITE, 0 }, 3, 1, -EFAULT },
};

static void touch_of(struct kunit *test)
{
	const struct touch_row *row = test->param_value;
	struct sim_machine *m = sim_test_machine(test);
	struct sim_mm *mm = sim_test_process(test, m);
	struct shmswap_touch t = {};
	u64 accesses[6];
	u32 i, distinct = 0;

	sim_test_attach_at(test, mm, sim_test_segment(test, m, 3), BASE, 0);
	sim_test_attach_at(test, mm, sim_test_segment(test, m, 1), BASE + PAGES(3), SHM_RDONLY);
	for (i = 0; i < row->nr; i++)
		accesses[i] = BASE + row->accesses[i];
	KUNIT_EXPECT_EQ(test, row->err, sim_touch(mm, accesses, row->nr, &t));
	KUNIT_EXPECT_EQ(test, row->done, t.out_done);
	for (i = 0; i < 4; i++)
		distinct += sim_pte_present(sim_test_pte(mm, BASE + PAGES(i)));
	KUNIT_EXPECT_EQ(test, distinct, t.out_maj_flt);
	KUNIT_EXPECT_EQ(test, 0, t.out_min_flt);
	expect_faults(test, mm, 0, distinct);
}

KUNIT_ARRAY_PARAM_DESC(touch, touch_rows, name);

/* In the order of the array, whatever tables the pages are in. */
static void touch_goes_in_order(struct kunit *test)
{
	const u64 far = 0x400000000000;
	struct sim_machine *m = sim_test_machine(test);
	struct sim_mm *mm = sim_test_process(test, m);
	s32 id = sim_test_segment(test, m, 4);
	struct sim_shmid *seg = sim_test_seg(test, m, id);
	const u64 accesses[] = {
		far + PAGES(3), BASE + PAGES(2) + SHMSWAP_TOUCH_WRITE, BASE + PAGES(3),
		far + PAGES(1), far, BASE + PAGES(1),
	};
	struct shmswap_touch t = { .out_done = 10, .out_min_flt = 20, .out_maj_flt = 30 };
	struct sim_page *top;

	sim_test_attach_at(test, mm, id, BASE, 0);
	sim_test_attach_at(test, mm, id, far, 0);
	KUNIT_EXPECT_EQ(test, 0, sim_touch(mm, accesses, ARRAY_SIZE(accesses), &t));
	KUNIT_EXPECT_EQ(test, 10 + 6, t.out_done);
	KUNIT_EXPECT_EQ(test, 20 + 2, t.out_min_flt);
	KUNIT_EXPECT_EQ(test, 30 + 4, t.out_maj_flt);
	/* Frames are handed out downwards from the top of a block. */
	top = sim_test_frame(seg, 3);
	KUNIT_EXPECT_PTR_EQ(test, top - 1, sim_test_frame(seg, 2));
	KUNIT_EXPECT_PTR_EQ(test, top - 2, sim_test_frame(seg, 1));
	KUNIT_EXPECT_PTR_EQ(test, top - 3, sim_test_frame(seg, 0));
}

/* Back and forth between more tables than are remembered on the way. */
static void touch_of_many_tables(struct kunit *test)
{
	const u64 table = (u64)SIM_PTRS_PER_TABLE * PAGE_SIZE;
	struct sim_machine *m = sim_test_machine(test);
	struct sim_mm *mm = sim_test_process(test, m);
	s32 id = sim_test_segment(test, m, 1);
	struct shmswap_touch t = {};
	u64 accesses[64];
	u32 i;

	for (i = 0; i < ARRAY_SIZE(accesses); i++) {
		accesses[i] = BASE + i * table;
		sim_test_attach_at(test, mm, id, accesses[i], i == 63 ? SHM_RDONLY : 0);
	}
	KUNIT_EXPECT_EQ(test, 0, sim_touch(mm, accesses, ARRAY_SIZE(accesses), &t));
	KUNIT_EXPECT_EQ(test, 1, t.out_maj_flt);
	KUNIT_EXPECT_EQ(test, ARRAY_SIZE(accesses) - 1, t.out_min_flt);
	KUNIT_EXPECT_EQ(test, ARRAY_SIZE(accesses), atomic_long_read(&mm->rss));
	/* Of the last alone, which is read-only. */
	accesses[63] |= SHMSWAP_TOUCH_WRITE;
	t.out_done = 0;
	KUNIT_EXPECT_EQ(test, -EFAULT, sim_touch(mm, accesses, ARRAY_SIZE(accesses), &t));
	KUNIT_EXPECT_EQ(test, 63, t.out_done);
}

/* --------------------------------------------------------- with their data */

/**
 * struct access_row - a transfer to and from two attaches of two pages each
 * @name: where
 * @start: relative to BASE
 * @len: bytes
 * @ret: bytes that are moved, or -errno
 *
 * The attaches are at pages 0 and 3: page 2 is a hole, as is page 5.
 */
static const struct access_row {
	const char *name;
	s64 start;
	size_t len;
	ssize_t ret;
} access_rows[] = {
	{ "nothing", 0, 0, 0 },
	{ "nothing, nowhere", -4096, 0, 0 },
	{ "within a page", 100, 200, 200 },
	{ "a page", PAGE_SIZE, PAGE_SIZE, PAGE_SIZE },
	{ "the end of a page", PAGE_SIZE - 1, 1, 1 },
	{ "over a boundary", PAGE_SIZE - 1, 2, 2 },
	{ "two pages, unaligned", 1, 2 * PAGE_SIZE - 1, 2 * PAGE_SIZE - 1 },
	{ "into a hole", PAGE_SIZE + 5, 2 * PAGE_SIZE, PAGE_SIZE - 5 },
	{ "over a hole", 0, 5 * PAGE_SIZE, 2 * PAGE_SIZE },
	{ "from a hole", 2 * PAGE_SIZE, PAGE_SIZE, -EFAULT },
	{ "from a hole to a page", 3 * PAGE_SIZE - 1, 2, -EFAULT },
	{ "off the last page", 5 * PAGE_SIZE - 3, 10, 3 },
	{ "below the first page", -1, 10, -EFAULT },
};

static void access_to(struct kunit *test)
{
	const struct access_row *row = test->param_value;
	struct sim_machine *m = sim_test_machine(test);
	struct sim_mm *mm = sim_test_process(test, m);
	size_t moved = row->ret < 0 ? 0 : row->ret;
	u8 *out = kunit_kmalloc(test, 5 * PAGE_SIZE, GFP_KERNEL);
	u8 *in = kunit_kzalloc(test, 5 * PAGE_SIZE, GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, out);
	KUNIT_ASSERT_NOT_NULL(test, in);
	get_random_bytes(out, 5 * PAGE_SIZE);
	sim_test_attach_at(test, mm, sim_test_segment(test, m, 2), BASE, 0);
	sim_test_attach_at(test, mm, sim_test_segment(test, m, 2), BASE + PAGES(3), 0);
	KUNIT_EXPECT_EQ(test, row->ret, sim_test_store(mm, BASE + row->start, out, row->len));
	KUNIT_EXPECT_EQ(test, row->ret, sim_test_load(mm, BASE + row->start, in, row->len));
	KUNIT_EXPECT_MEMEQ(test, in, out, moved);
	KUNIT_EXPECT_NULL(test, memchr_inv(in + moved, 0, 5 * PAGE_SIZE - moved));
}

KUNIT_ARRAY_PARAM_DESC(access, access_rows, name);

static void store_changes_nothing_around_it(struct kunit *test)
{
	struct sim_machine *m = sim_test_machine(test);
	struct sim_mm *mm = sim_test_process(test, m);
	u8 *buf = kunit_kzalloc(test, 2 * PAGE_SIZE, GFP_KERNEL);
	u8 bytes[4] = { 1, 2, 3, 4 };

	KUNIT_ASSERT_NOT_NULL(test, buf);
	sim_test_attach_at(test, mm, sim_test_segment(test, m, 2), BASE, 0);
	KUNIT_EXPECT_EQ(test, 4, sim_test_store(mm, BASE + PAGE_SIZE - 2, bytes, 4));
	KUNIT_EXPECT_EQ(test, 2 * PAGE_SIZE, sim_test_load(mm, BASE, buf, 2 * PAGE_SIZE));
	KUNIT_EXPECT_MEMEQ(test, buf + PAGE_SIZE - 2, bytes, 4);
	KUNIT_EXPECT_NULL(test, memchr_inv(buf, 0, PAGE_SIZE - 2));
	KUNIT_EXPECT_NULL(test, memchr_inv(buf + PAGE_SIZE + 2, 0, PAGE_SIZE - 2));
}

/* ------------------------------------------------------------ full machines */

/* Sixteen frames, of which a fault may take all but one. */
static struct sim_mm *small_process(struct kunit *test, u32 slots, u64 *base)
{
	struct sim_machine *m = no_swap_machine(test, SHMSWAP_MIN_FRAMES);
	struct sim_mm *mm = sim_test_process(test, m);

	if (slots)
		sim_test_swap_area(test, m, slots, -1);
	*base = sim_test_attach(test, mm, sim_test_segment(test, m, 64));
	return mm;
}

static void fault_without_frame_or_swap(struct kunit *test)
{
	u64 base;
	struct sim_mm *mm = small_process(test, 0, &base);

	sim_test_fill(test, mm, base, 15, 1);
	KUNIT_EXPECT_EQ(test, -ENOMEM, sim_test_touch(mm, base + PAGES(15), true));
	KUNIT_EXPECT_EQ(test, 1, mm->m->nr_free_pages);
	SIM_EXPECT_SHM(test, mm->m, 64, 15, 0);
	expect_faults(test, mm, 0, 15);
	/* Nothing else is disturbed. */
	sim_test_verify(test, mm, base, 15, 1);
	expect_faults(test, mm, 0, 15);
	SIM_EXPECT_EVENT(test, mm->m, RECLAIM_STALL, 1);
}

static void fault_without_frame_reclaims(struct kunit *test)
{
	u64 base;
	struct sim_mm *mm = small_process(test, 64, &base);

	sim_test_fill(test, mm, base, 64, 1);
	KUNIT_EXPECT_GE(test, atomic_long_read(&mm->m->shm_swp), 49);
	sim_test_verify(test, mm, base, 64, 1);
	KUNIT_EXPECT_GE(test, mm->m->nr_free_pages, 1);
}

/* All slots and frames are used; what is there stays usable, and room helps. */
static void fault_with_swap_full(struct kunit *test)
{
	u64 base, seen;
	struct sim_mm *mm = small_process(test, 10, &base);

	for (seen = 0; !sim_test_touch(mm, base + PAGES(seen), true); seen++)
		;
	KUNIT_EXPECT_EQ(test, 25, seen);
	KUNIT_EXPECT_EQ(test, -ENOMEM, sim_test_touch(mm, base + PAGES(seen), true));
	SIM_EXPECT_SHM(test, mm->m, 64, 15, 10);
	KUNIT_EXPECT_EQ(test, 0, mm->m->nr_swap_pages);
	sim_test_swap_area(test, mm->m, 64, -1);
	KUNIT_EXPECT_EQ(test, 0, sim_test_touch(mm, base + PAGES(seen), true));
}

/* Every page is locked into memory: reclaim is tried, but not for ever. */
static void fault_with_all_pages_locked(struct kunit *test)
{
	u64 base;
	struct sim_mm *mm = small_process(test, 64, &base);

	sim_test_fill(test, mm, base, 15, 1);
	KUNIT_ASSERT_EQ(test, 0, sim_test_shmctl(mm->m, 0, SHM_LOCK));
	KUNIT_EXPECT_EQ(test, -ENOMEM, sim_test_touch(mm, base + PAGES(15), true));
	SIM_EXPECT_EVENT(test, mm->m, RECLAIM_STALL, 16);
	KUNIT_EXPECT_EQ(test, 64, mm->m->nr_swap_pages);
	KUNIT_ASSERT_EQ(test, 0, sim_test_shmctl(mm->m, 0, SHM_UNLOCK));
	KUNIT_EXPECT_EQ(test, 0, sim_test_touch(mm, base + PAGES(15), true));
}

static void access_with_machine_full_is_partial(struct kunit *test)
{
	u64 base;
	struct sim_mm *mm = small_process(test, 0, &base);
	u8 *buf = kunit_kzalloc(test, 3 * PAGE_SIZE, GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, buf);
	sim_test_touch_pages(test, mm, base, 13);
	KUNIT_EXPECT_EQ(test, 2 * PAGE_SIZE,
			sim_test_store(mm, base + PAGES(13), buf, 3 * PAGE_SIZE));
	KUNIT_EXPECT_EQ(test, -ENOMEM, sim_test_store(mm, base + PAGES(15), buf, PAGE_SIZE));
}

/* There is room for the page list, and for the tables of one attach. */
static void fault_at_limit_of_tables(struct kunit *test)
{
	struct sim_machine *m = sim_test_machine_config(test, &(const struct sim_config) {
		.nr_frames = SIM_TEST_FRAMES,
		.max_tables = 6,
	});
	struct sim_mm *mm = sim_test_process(test, m);
	s32 id = sim_test_segment(test, m, 600);

	sim_test_attach_at(test, mm, id, 1ULL << 40, 0);
	sim_test_attach_at(test, mm, id, 2ULL << 40, 0);
	KUNIT_EXPECT_EQ(test, 0, sim_test_touch(mm, 2ULL << 40, false));
	KUNIT_EXPECT_EQ(test, -ENOMEM, sim_test_touch(mm, 1ULL << 40, false));
	SIM_EXPECT_EVENT(test, m, RECLAIM_STALL, 0);
	KUNIT_EXPECT_EQ(test, 1, atomic_long_read(&mm->rss));
	sim_test_check(test, m);
	KUNIT_EXPECT_EQ(test, 0, sim_shmdt(mm, 2ULL << 40));
	KUNIT_EXPECT_EQ(test, 0, sim_test_touch(mm, 1ULL << 40, false));
}

static struct kunit_case cases[] = {
	KUNIT_CASE(first_access_is_zero_filled),
	KUNIT_CASE(reused_frame_is_zero_filled),
	KUNIT_CASE(second_process_gets_same_frame),
	KUNIT_CASE_PARAM(swapped_page_comes_back, backing_gen_params),
	KUNIT_CASE(pages_around_come_along),
	KUNIT_CASE_PARAM(pages_go_round_and_round, backing_gen_params),
	KUNIT_CASE(hit_is_no_fault),
	KUNIT_CASE(access_makes_old_page_young),
	KUNIT_CASE(access_without_permission),
	KUNIT_CASE(access_to_no_area),
	KUNIT_CASE_PARAM(touch_of, touch_gen_params),
	KUNIT_CASE(touch_goes_in_order),
	KUNIT_CASE(touch_of_many_tables),
	KUNIT_CASE_PARAM(access_to, access_gen_params),
	KUNIT_CASE(store_changes_nothing_around_it),
	KUNIT_CASE(fault_without_frame_or_swap),
	KUNIT_CASE(fault_without_frame_reclaims),
	KUNIT_CASE(fault_with_swap_full),
	KUNIT_CASE(fault_with_all_pages_locked),
	KUNIT_CASE(access_with_machine_full_is_partial),
	KUNIT_CASE(fault_at_limit_of_tables),
	{}
};

static struct kunit_suite suite = {
	.name = "shmswap_memory",
	.init = sim_test_init,
	.exit = sim_test_exit,
	.test_cases = cases,
};

kunit_test_suite(suite);
