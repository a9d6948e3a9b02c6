// SPDX-License-Identifier: GPL-2.0
/*
 * Each swap read and each swap write fails in turn: no byte is lost, and only
 * the access that needed the page notices.
 */
#include "kunit_helpers.h"

#define PAGES	8

/**
 * struct rig - a segment full of a pattern
 * @m: machine
 * @mm: process
 * @base: the attach
 * @swap: the machine's only area
 */
struct rig {
	struct sim_machine *m;
	struct sim_mm *mm;
	u64 base;
	struct sim_test_swap *swap;
};

static struct rig make_rig(struct kunit *test, u32 slots)
{
	struct rig r = {
		.m = sim_test_machine_config(test, &(const struct sim_config) {
			.nr_frames = SIM_TEST_FRAMES,
		}),
	};

	/* Each read is to be that of a certain access. */
	r.m->page_cluster = 0;
	r.swap = sim_test_swap_area(test, r.m, slots, -1);
	r.mm = sim_test_process(test, r.m);
	r.base = sim_test_attach(test, r.mm, sim_test_segment(test, r.m, PAGES));
	sim_test_fill(test, r.mm, r.base, PAGES, 1);
	return r;
}

static const u32 which[] = { 0, 1, 2, 3, 4, 5, 6, 7 };

static void describe_which(const u32 *nr, char *desc)
{
	snprintf(desc, KUNIT_PARAM_DESC_SIZE, "number %u", *nr);
}

KUNIT_ARRAY_PARAM(which, which, describe_which);

/* ----------------------------------------------------------------- writes */

/* The page stays, its slot is retired, and the next attempt takes another. */
static void write_fails(struct kunit *test)
{
	u32 nr = *(const u32 *)test->param_value;
	struct rig r = make_rig(test, SIM_TEST_SLOTS);
	u32 slot;

	r.swap->fail_write = (struct sim_test_fault) { .skip = nr, .count = 1 };
	sim_test_swap_out_all(test, r.m);
	KUNIT_EXPECT_EQ(test, PAGES + 1, r.swap->nr_writes);
	SIM_EXPECT_EVENT(test, r.m, SWAP_WRITE_ERRORS, 1);
	SIM_EXPECT_EVENT(test, r.m, SWAP_SUCCESSES, PAGES);
	SIM_EXPECT_EVENT(test, r.m, PSWPOUT, PAGES);
	slot = r.swap->io[nr].slot;
	KUNIT_EXPECT_EQ(test, SIM_SWAP_MAP_BAD, sim_swap_count(r.m, sim_swp_entry(0, slot)));
	KUNIT_EXPECT_EQ(test, SIM_TEST_SLOTS - 1, r.swap->si->pages);
	sim_test_verify(test, r.mm, r.base, PAGES, 1);
	KUNIT_EXPECT_EQ(test, SIM_TEST_SLOTS - 1, r.m->nr_swap_pages);
	SIM_EXPECT_EVENT(test, r.m, SWAP_READ_ERRORS, 0);
}

/* What the clock says, and what becomes of the page, when a write fails. */
static void failed_write_frees_nothing(struct kunit *test)
{
	struct rig r = make_rig(test, SIM_TEST_SLOTS);

	KUNIT_ASSERT_EQ(test, 0, sim_test_shm_swap(r.m, 0));
	r.swap->fail_write.count = 1;
	KUNIT_EXPECT_EQ(test, 0, sim_test_shm_swap(r.m, 0));
	SIM_EXPECT_SHM(test, r.m, PAGES, PAGES, 0);
	SIM_EXPECT_EVENT(test, r.m, SWAP_SUCCESSES, 0);
	KUNIT_EXPECT_EQ(test, 0, atomic_read(&r.m->nr_swapcache));
	/* It was page 1, which is mapped nowhere now. */
	SIM_EXPECT_PTE(test, r.mm, sim_test_page(r.base, 1), "signature");
	sim_test_verify(test, r.mm, r.base, PAGES, 1);
	KUNIT_EXPECT_EQ(test, 0, r.swap->nr_reads);
}

/* That the kernel had no memory is not the slot's fault. */
static void write_without_memory_retires_nothing(struct kunit *test)
{
	struct rig r = make_rig(test, SIM_TEST_SLOTS);

	r.swap->fail_write = (struct sim_test_fault) { .count = 3, .err = -ENOMEM };
	sim_test_swap_out_all(test, r.m);
	SIM_EXPECT_EVENT(test, r.m, SWAP_WRITE_ERRORS, 3);
	KUNIT_EXPECT_EQ(test, SIM_TEST_SLOTS, r.swap->si->pages);
	sim_test_verify(test, r.mm, r.base, PAGES, 1);
	KUNIT_EXPECT_EQ(test, SIM_TEST_SLOTS, r.m->nr_swap_pages);
}

static void all_writes_fail(struct kunit *test)
{
	struct rig r = make_rig(test, 4);
	int i;

	r.swap->fail_write.count = U32_MAX;
	for (i = 0; i < 4 * PAGES; i++)
		KUNIT_EXPECT_EQ(test, 0, sim_test_shm_swap(r.m, 0));
	KUNIT_EXPECT_EQ(test, 4, r.swap->nr_writes);
	KUNIT_EXPECT_EQ(test, 0, r.swap->si->pages);
	KUNIT_EXPECT_EQ(test, 0, r.swap->si->inuse_pages);
	KUNIT_EXPECT_EQ(test, 0, r.m->nr_swap_pages);
	SIM_EXPECT_SHM(test, r.m, PAGES, PAGES, 0);
	sim_test_verify(test, r.mm, r.base, PAGES, 1);
	KUNIT_EXPECT_EQ(test, 0, sim_swapoff(r.m, r.swap->type));
}

/* A slot that fails is passed over for good, among others that are used. */
static void one_slot_always_fails(struct kunit *test)
{
	struct rig r = make_rig(test, SIM_TEST_SLOTS);
	u64 seed;

	r.swap->fail_write = (struct sim_test_fault) { .slot = 3, .count = U32_MAX };
	for (seed = 1; seed <= 5; seed++) {
		sim_test_fill(test, r.mm, r.base, PAGES, seed);
		sim_test_swap_out_all(test, r.m);
		sim_test_verify(test, r.mm, r.base, PAGES, seed);
	}
	SIM_EXPECT_EVENT(test, r.m, SWAP_WRITE_ERRORS, 1);
}

/* ------------------------------------------------------------------ reads */

static void read_fails(struct kunit *test)
{
	u32 nr = *(const u32 *)test->param_value;
	struct rig r = make_rig(test, SIM_TEST_SLOTS);
	u32 i;

	sim_test_swap_out_all(test, r.m);
	r.swap->fail_read = (struct sim_test_fault) { .skip = nr, .count = 1 };
	for (i = 0; i < PAGES; i++)
		KUNIT_EXPECT_EQ_MSG(test, i == nr ? -EIO : 0,
				    sim_test_touch(r.mm, sim_test_page(r.base, i), false),
				    "page %u", i);
	SIM_EXPECT_SHM(test, r.m, PAGES, PAGES - 1, 1);
	SIM_EXPECT_EVENT(test, r.m, SWAP_READ_ERRORS, 1);
	SIM_EXPECT_EVENT(test, r.m, PSWPIN, PAGES - 1);
	KUNIT_EXPECT_EQ(test, SIM_TEST_SLOTS - 1, r.m->nr_swap_pages);
	KUNIT_EXPECT_EQ(test, SIM_TEST_FRAMES - PAGES + 1, r.m->nr_free_pages);
	KUNIT_EXPECT_EQ(test, 2 * PAGES - 1, atomic64_read(&r.mm->maj_flt));
	sim_test_check(test, r.m);
	sim_test_verify(test, r.mm, r.base, PAGES, 1);
	KUNIT_EXPECT_EQ(test, SIM_TEST_SLOTS, r.m->nr_swap_pages);
}

/* A transfer says how far it got; the next one says why. */
static void transfer_over_page_that_cannot_be_read(struct kunit *test)
{
	struct rig r = make_rig(test, SIM_TEST_SLOTS);
	u8 *buf = kunit_kmalloc(test, PAGES * PAGE_SIZE, GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, buf);
	sim_test_swap_out_all(test, r.m);
	r.swap->fail_read = (struct sim_test_fault) { .skip = 3, .count = 2 };
	KUNIT_EXPECT_EQ(test, 3 * PAGE_SIZE,
			sim_test_load(r.mm, r.base, buf, PAGES * PAGE_SIZE));
	KUNIT_EXPECT_EQ(test, -EIO,
			sim_test_load(r.mm, sim_test_page(r.base, 3), buf, PAGE_SIZE));
	sim_test_verify(test, r.mm, r.base, PAGES, 1);
}

/* Nor does it matter to a segment's end that its pages cannot be read. */
static void destruction_with_all_reads_failing(struct kunit *test)
{
	struct rig r = make_rig(test, SIM_TEST_SLOTS);

	sim_test_swap_out_all(test, r.m);
	r.swap->fail_read.count = U32_MAX;
	KUNIT_EXPECT_EQ(test, -EIO, sim_test_touch(r.mm, r.base, true));
	KUNIT_EXPECT_EQ(test, -EIO, sim_test_touch(r.mm, r.base, true));
	KUNIT_EXPECT_EQ(test, 0, sim_shmdt(r.mm, r.base));
	KUNIT_EXPECT_EQ(test, 0, sim_test_shmctl(r.m, 0, IPC_RMID));
	SIM_EXPECT_SHM(test, r.m, 0, 0, 0);
	KUNIT_EXPECT_EQ(test, SIM_TEST_SLOTS, r.m->nr_swap_pages);
	KUNIT_EXPECT_EQ(test, SIM_TEST_FRAMES, r.m->nr_free_pages);
}

static struct kunit_case cases[] = {
	KUNIT_CASE_PARAM(write_fails, which_gen_params),
	KUNIT_CASE(failed_write_frees_nothing),
	KUNIT_CASE(write_without_memory_retires_nothing),
	KUNIT_CASE(all_writes_fail),
	KUNIT_CASE(one_slot_always_fails),
	KUNIT_CASE_PARAM(read_fails, which_gen_params),
	KUNIT_CASE(transfer_over_page_that_cannot_be_read),
	KUNIT_CASE(destruction_with_all_reads_failing),
	{}
};

static struct kunit_suite suite = {
	.name = "shmswap_failure_io",
	.init = sim_test_init,
	.exit = sim_test_exit,
	.test_cases = cases,
};

kunit_test_suite(suite);
