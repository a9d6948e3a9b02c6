// SPDX-License-Identifier: GPL-2.0
/*
 * Attaches: where they go, what they replace, the segment's circular list of
 * them, and what detaching leaves.
 */
#include <linux/align.h>

#include "kunit_regions.h"
#include "kunit_users.h"

#define BASE		0x100000000ULL
#define UNMAPPED_BASE	PAGE_ALIGN(SHMSWAP_TASK_SIZE / 3)
#define PAGES(n)	((u64)(n) << PAGE_SHIFT)

static int attach(struct sim_mm *mm, s32 id, u64 address, u32 shmflg, u64 *out)
{
	struct shmswap_shmat arg = { .shmid = id, .addr = address, .shmflg = shmflg };
	int err = sim_shmat(mm, &arg);

	if (!err && out)
		*out = arg.out_addr;
	return err;
}

/* -------------------------------------------------------- where it goes */

static const struct address_row {
	const char *name;
	u64 addr;
	u32 shmflg;
	u64 out;	/* 0: -EINVAL */
} address_rows[] = {
	{ "anywhere", 0, 0, UNMAPPED_BASE },
	{ "anywhere, rounded", 0, SHM_RND, UNMAPPED_BASE },
	{ "anywhere, replacing", 0, SHM_REMAP, 0 },
	{ "here", BASE, 0, BASE },
	{ "here, replacing nothing", BASE, SHM_REMAP, BASE },
	{ "not at a page", BASE + 1, 0, 0 },
	{ "not at a page, replacing", BASE + PAGE_SIZE / 2, SHM_REMAP, 0 },
	{ "rounded down", BASE + 1, SHM_RND, BASE },
	{ "rounded down from the last byte", BASE + PAGE_SIZE - 1, SHM_RND, BASE },
	{ "rounded down, replacing", BASE + 1, SHM_RND | SHM_REMAP, BASE },
	{ "rounded down to 0", 1, SHM_RND, 0 },
	{ "rounded down to 0, replacing", PAGE_SIZE - 1, SHM_RND | SHM_REMAP, 0 },
	{ "second page", PAGE_SIZE, 0, PAGE_SIZE },
	{ "last pages", SHMSWAP_TASK_SIZE - 4 * PAGE_SIZE, 0, SHMSWAP_TASK_SIZE - 4 * PAGE_SIZE },
	{ "beyond the last page", SHMSWAP_TASK_SIZE - 3 * PAGE_SIZE, 0, 0 },
	{ "beyond the last page, replacing", SHMSWAP_TASK_SIZE - 3 * PAGE_SIZE, SHM_REMAP, 0 },
	{ "at the end", SHMSWAP_TASK_SIZE, 0, 0 },
	{ "far beyond the end", 1ULL << 63, 0, 0 },
	{ "around the end", -PAGE_SIZE, 0, 0 },
	{ "around the end, replacing", -4 * PAGE_SIZE, SHM_REMAP, 0 },
	{ "unknown flag", BASE, 1, 0 },
	{ "all flags there are", BASE, SHM_RDONLY | SHM_RND | SHM_REMAP | SHM_EXEC, BASE },
};

static void shmat_goes(struct kunit *test)
{
	const struct address_row *row = test->param_value;
	struct sim_machine *m = sim_test_machine(test);
	struct sim_mm *mm = sim_test_process(test, m);
	s32 id = sim_test_segment(test, m, 4);
	u64 out = 0;

	KUNIT_EXPECT_EQ(test, row->out ? 0 : -EINVAL, attach(mm, id, row->addr, row->shmflg, &out));
	KUNIT_EXPECT_EQ(test, row->out, out);
	KUNIT_EXPECT_EQ(test, row->out ? 1 : 0, mm->map_count);
	if (row->out)
		sim_test_expect_area(test, mm, row->out, 4, 0);
}

KUNIT_ARRAY_PARAM_DESC(address, address_rows, name);

static void shmat_with_unknown_flag(struct kunit *test)
{
	struct sim_machine *m = sim_test_machine(test);
	struct sim_mm *mm = sim_test_process(test, m);
	struct shmswap_shmat arg = { .shmid = sim_test_segment(test, m, 1), .flags = 1U << 31 };

	KUNIT_EXPECT_EQ(test, -EINVAL, sim_shmat(mm, &arg));
}

static const struct overlap_row {
	const char *name;
	int page;
	int err;
} overlap_rows[] = {
	{ "right before", -4, 0 },
	{ "over the first page", -3, -EINVAL },
	{ "at the same place", 0, -EINVAL },
	{ "over the last page", 3, -EINVAL },
	{ "right behind", 4, 0 },
};

/* Its last page counts in full, though the segment ends in the middle of it. */
static void shmat_next_to_attach(struct kunit *test)
{
	const struct overlap_row *row = test->param_value;
	struct shmswap_shmget get = { .segsz = 3 * PAGE_SIZE + 1, .shmflg = 0600 };
	struct sim_machine *m = sim_test_machine(test);
	struct sim_mm *mm = sim_test_process(test, m);
	u64 address = BASE + row->page * (s64)PAGE_SIZE;

	KUNIT_ASSERT_EQ(test, 0, sim_shmget(m, &get));
	sim_test_attach_at(test, mm, get.out_shmid, BASE, 0);
	KUNIT_EXPECT_EQ(test, row->err, attach(mm, get.out_shmid, address, 0, NULL));
	sim_test_expect_area(test, mm, BASE, 4, 0);
}

KUNIT_ARRAY_PARAM_DESC(overlap, overlap_rows, name);

static void shmat_anywhere_is_first_fit(struct kunit *test)
{
	struct sim_machine *m = sim_test_machine(test);
	struct sim_mm *mm = sim_test_process(test, m);
	s32 two = sim_test_segment(test, m, 2);
	s32 four = sim_test_segment(test, m, 4);

	/* What lies below is not looked at. */
	sim_test_attach_at(test, mm, four, UNMAPPED_BASE - PAGES(4), 0);
	KUNIT_EXPECT_EQ(test, UNMAPPED_BASE, sim_test_attach(test, mm, four));
	KUNIT_EXPECT_EQ(test, UNMAPPED_BASE + PAGES(4), sim_test_attach(test, mm, four));
	KUNIT_EXPECT_EQ(test, UNMAPPED_BASE + PAGES(8), sim_test_attach(test, mm, four));
	KUNIT_EXPECT_EQ(test, 0, sim_shmdt(mm, UNMAPPED_BASE + PAGES(4)));
	KUNIT_EXPECT_EQ(test, UNMAPPED_BASE + PAGES(4), sim_test_attach(test, mm, two));
	KUNIT_EXPECT_EQ(test, UNMAPPED_BASE + PAGES(12), sim_test_attach(test, mm, four));
	KUNIT_EXPECT_EQ(test, UNMAPPED_BASE + PAGES(6), sim_test_attach(test, mm, two));
}

static void shmat_without_room(struct kunit *test)
{
	struct sim_machine *m = sim_test_machine(test);
	struct sim_mm *mm = sim_test_process(test, m);
	s32 id = sim_test_segment(test, m, SHMSWAP_MAX_SEGSZ >> PAGE_SHIFT);
	u32 nr = 0;
	int err;

	while (!(err = attach(mm, id, 0, 0, NULL)))
		nr++;
	KUNIT_EXPECT_EQ(test, -ENOMEM, err);
	KUNIT_EXPECT_EQ(test, (SHMSWAP_TASK_SIZE - UNMAPPED_BASE) / SHMSWAP_MAX_SEGSZ, nr);
	KUNIT_EXPECT_EQ(test, nr, sim_test_seg(test, m, id)->nattch);
	/* Below there is room, for who asks for it. */
	KUNIT_EXPECT_EQ(test, 0, attach(mm, id, PAGE_SIZE, 0, NULL));
}

static void shmat_checks_address_then_id_then_permission(struct kunit *test)
{
	struct cred *user = sim_test_user(test, 1000, 1000);
	struct sim_machine *m = sim_test_machine(test);
	struct sim_mm *mm = sim_test_process(test, m);
	s32 id = sim_test_segment(test, m, 1);

	sim_test_attach_at(test, mm, id, BASE, 0);
	KUNIT_EXPECT_EQ(test, -EINVAL, SIM_TEST_AS(user, attach(mm, id, BASE + 1, 0, NULL)));
	KUNIT_EXPECT_EQ(test, -EINVAL, SIM_TEST_AS(user, attach(mm, id + 1, BASE, 0, NULL)));
	KUNIT_EXPECT_EQ(test, -EINVAL, SIM_TEST_AS(user, attach(mm, -1, BASE, 0, NULL)));
	KUNIT_EXPECT_EQ(test, -EACCES, SIM_TEST_AS(user, attach(mm, id, BASE, 0, NULL)));
	KUNIT_EXPECT_EQ(test, -EINVAL, attach(mm, id, BASE, 0, NULL));
}

static void shmat_flags_become_protection(struct kunit *test)
{
	const u32 both = SHMSWAP_VM_READ | SHMSWAP_VM_SHARED;
	const u32 write = both | SHMSWAP_VM_WRITE | SHMSWAP_VM_MAYWRITE;
	struct sim_machine *m = sim_test_machine(test);
	struct sim_mm *mm = sim_test_process(test, m);
	s32 id = sim_test_segment(test, m, 1);
	u64 address;

	sim_test_seg(test, m, id)->mode = 0700;
	address = sim_test_attach(test, mm, id);
	KUNIT_EXPECT_EQ(test, write, sim_test_area(mm, address).vm_flags);
	address = sim_test_attach_at(test, mm, id, 0, SHM_RDONLY);
	KUNIT_EXPECT_EQ(test, both, sim_test_area(mm, address).vm_flags);
	address = sim_test_attach_at(test, mm, id, 0, SHM_EXEC);
	KUNIT_EXPECT_EQ(test, write | SHMSWAP_VM_EXEC, sim_test_area(mm, address).vm_flags);
	address = sim_test_attach_at(test, mm, id, 0, SHM_EXEC | SHM_RDONLY);
	KUNIT_EXPECT_EQ(test, both | SHMSWAP_VM_EXEC, sim_test_area(mm, address).vm_flags);
}

static void shmat_maps_nothing(struct kunit *test)
{
	struct sim_machine *m = sim_test_machine(test);
	struct sim_mm *mm = sim_test_process(test, m);
	u64 base = sim_test_attach(test, mm, sim_test_segment(test, m, 8));
	struct shmswap_stat st;

	sim_machine_stat(m, &st);
	KUNIT_EXPECT_EQ(test, SIM_TEST_FRAMES, st.nr_free_pages);
	KUNIT_EXPECT_EQ(test, 0, st.nr_table_bytes);
	KUNIT_EXPECT_EQ(test, 0, st.pgfault);
	KUNIT_EXPECT_EQ(test, 0, atomic_long_read(&mm->rss));
	SIM_EXPECT_PTE(test, mm, base, "none");
}

static void shmat_at_map_count_limit(struct kunit *test)
{
	struct sim_machine *m = sim_test_machine(test);
	struct sim_mm *mm = sim_test_process(test, m);
	s32 id = sim_test_segment(test, m, 8);
	s32 hole = sim_test_segment(test, m, 1);

	sim_test_attach_at(test, mm, id, BASE, 0);
	mm->map_count += SIM_MAX_MAP_COUNT - 1;
	KUNIT_EXPECT_EQ(test, -ENOMEM, attach(mm, hole, 0, 0, NULL));
	KUNIT_EXPECT_EQ(test, -ENOMEM, attach(mm, hole, BASE, SHM_REMAP, NULL));
	mm->map_count--;
	/* A hole needs two areas more. */
	KUNIT_EXPECT_EQ(test, -ENOMEM, attach(mm, hole, BASE + PAGES(3), SHM_REMAP, NULL));
	KUNIT_EXPECT_EQ(test, SIM_MAX_MAP_COUNT - 1, mm->map_count);
	KUNIT_EXPECT_EQ(test, 1, sim_test_seg(test, m, id)->nattch);
	sim_test_expect_area(test, mm, BASE, 8, 0);
	KUNIT_EXPECT_EQ(test, 0, attach(mm, hole, 0, 0, NULL));
	KUNIT_EXPECT_EQ(test, SIM_MAX_MAP_COUNT, mm->map_count);
	mm->map_count -= SIM_MAX_MAP_COUNT - 2;
}

/* --------------------------------------------------------- what it replaces */

/**
 * struct remap_row - an attach of eight pages of which a part is replaced
 * @name: which part
 * @page: where the new attach begins
 * @npages: its size
 * @head: pages that are left before it
 * @tail: pages that are left behind it
 */
static const struct remap_row {
	const char *name;
	int page;
	u32 npages;
	u32 head;
	u32 tail;
} remap_rows[] = {
	{ "a hole", 3, 2, 3, 3 },
	{ "the first pages", 0, 2, 0, 6 },
	{ "the last pages", 5, 3, 5, 0 },
	{ "all of it", 0, 8, 0, 0 },
	{ "all of it and more", -1, 10, 0, 0 },
	{ "the first page and one before", -1, 2, 0, 7 },
	{ "the last page and one behind", 7, 2, 7, 0 },
	{ "all but the first page", 1, 7, 1, 0 },
	{ "all but the last page", 0, 7, 0, 1 },
};

/* A process has the pages that are left, with the same bytes as another. */
static void expect_left(struct kunit *test, struct sim_mm *mm, struct sim_mm *other, u64 there,
			u32 from, u32 nr)
{
	u32 i;

	if (nr)
		sim_test_expect_area(test, mm, BASE + PAGES(from), nr, from);
	for (i = from; i < from + nr; i++)
		KUNIT_EXPECT_EQ(test, sim_test_word_at(other, there + PAGES(i)),
				sim_test_word_at(mm, BASE + PAGES(i)));
}

static void remap_replaces(struct kunit *test)
{
	const struct remap_row *row = test->param_value;
	struct sim_machine *m = sim_test_machine(test);
	struct sim_mm *mm = sim_test_process(test, m);
	struct sim_mm *other = sim_test_process(test, m);
	s32 id = sim_test_segment(test, m, 8);
	s32 new = sim_test_segment(test, m, row->npages);
	u64 start = BASE + row->page * (s64)PAGE_SIZE;
	u32 left = row->head + row->tail;
	u64 there = sim_test_attach(test, other, id);

	sim_test_attach_at(test, mm, id, BASE, 0);
	sim_test_fill(test, mm, BASE, 8, 1);
	sim_test_attach_at(test, mm, new, start, SHM_REMAP);
	sim_test_expect_area(test, mm, start, row->npages, 0);
	KUNIT_EXPECT_EQ(test, 1 + !!row->head + !!row->tail,
			sim_test_seg(test, m, id)->nattch);
	KUNIT_EXPECT_EQ(test, 1, sim_test_seg(test, m, new)->nattch);
	KUNIT_EXPECT_EQ(test, 1 + !!row->head + !!row->tail, mm->map_count);
	KUNIT_EXPECT_EQ(test, left, atomic_long_read(&mm->rss));
	sim_test_check(test, m);
	expect_left(test, mm, other, there, 0, row->head);
	expect_left(test, mm, other, there, 8 - row->tail, row->tail);
	KUNIT_EXPECT_EQ(test, 0, sim_test_word_at(mm, start));
	sim_test_verify(test, other, there, 8, 1);
}

KUNIT_ARRAY_PARAM_DESC(remap, remap_rows, name);

static void remap_over_several_attaches(struct kunit *test)
{
	struct sim_machine *m = sim_test_machine(test);
	struct sim_mm *mm = sim_test_process(test, m);
	s32 id = sim_test_segment(test, m, 4);
	s32 new = sim_test_segment(test, m, 8);

	sim_test_attach_at(test, mm, id, BASE, 0);
	sim_test_attach_at(test, mm, id, BASE + PAGES(4), 0);
	sim_test_attach_at(test, mm, id, BASE + PAGES(9), 0);
	sim_test_touch_pages(test, mm, BASE, 8);
	sim_test_attach_at(test, mm, new, BASE + PAGES(2), SHM_REMAP);
	sim_test_expect_area(test, mm, BASE, 2, 0);
	sim_test_expect_area(test, mm, BASE + PAGES(2), 8, 0);
	sim_test_expect_area(test, mm, BASE + PAGES(10), 3, 1);
	KUNIT_EXPECT_EQ(test, 3, mm->map_count);
	KUNIT_EXPECT_EQ(test, 2, sim_test_seg(test, m, id)->nattch);
	KUNIT_EXPECT_EQ(test, 2, atomic_long_read(&mm->rss));
}

/* Replacing a segment's last attach by another of the same one keeps it. */
static void remap_over_itself_keeps_doomed_segment(struct kunit *test)
{
	struct sim_machine *m = sim_test_machine(test);
	struct sim_mm *mm = sim_test_process(test, m);
	s32 id = sim_test_segment(test, m, 4);

	sim_test_attach_at(test, mm, id, BASE, 0);
	sim_test_fill(test, mm, BASE, 4, 1);
	KUNIT_ASSERT_EQ(test, 0, sim_test_shmctl(m, id, IPC_RMID));
	sim_test_attach_at(test, mm, id, BASE, SHM_REMAP | SHM_RDONLY);
	KUNIT_EXPECT_EQ(test, 1, sim_test_seg(test, m, id)->nattch);
	KUNIT_EXPECT_EQ(test, 0, atomic_long_read(&mm->rss));
	sim_test_verify(test, mm, BASE, 4, 1);
	KUNIT_EXPECT_EQ(test, 0, sim_shmdt(mm, BASE));
	SIM_EXPECT_SHM(test, m, 0, 0, 0);
}

static void shmdt_detaches_all_fragments(struct kunit *test)
{
	struct sim_machine *m = sim_test_machine(test);
	struct sim_mm *mm = sim_test_process(test, m);
	s32 id = sim_test_segment(test, m, 8);
	s32 hole = sim_test_segment(test, m, 1);

	sim_test_attach_at(test, mm, id, BASE, 0);
	/* Not a fragment: it only lies where one could. */
	sim_test_attach_at(test, mm, id, BASE + PAGES(8), 0);
	sim_test_attach_at(test, mm, hole, BASE + PAGES(2), SHM_REMAP);
	sim_test_attach_at(test, mm, hole, BASE + PAGES(5), SHM_REMAP);
	KUNIT_EXPECT_EQ(test, 4, sim_test_seg(test, m, id)->nattch);
	sim_test_touch_pages(test, mm, BASE, 16);
	KUNIT_EXPECT_EQ(test, 0, sim_shmdt(mm, BASE));
	KUNIT_EXPECT_EQ(test, 1, sim_test_seg(test, m, id)->nattch);
	KUNIT_EXPECT_EQ(test, 2, sim_test_seg(test, m, hole)->nattch);
	KUNIT_EXPECT_EQ(test, 10, atomic_long_read(&mm->rss));
	sim_test_expect_no_area(test, mm, BASE);
	sim_test_expect_no_area(test, mm, BASE + PAGES(3));
	sim_test_expect_no_area(test, mm, BASE + PAGES(7));
	sim_test_expect_area(test, mm, BASE + PAGES(2), 1, 0);
	sim_test_expect_area(test, mm, BASE + PAGES(8), 8, 0);
}

/* What is left of an attach is known by where it began. */
static void shmdt_of_attach_without_its_first_pages(struct kunit *test)
{
	struct sim_machine *m = sim_test_machine(test);
	struct sim_mm *mm = sim_test_process(test, m);
	s32 id = sim_test_segment(test, m, 8);
	s32 new = sim_test_segment(test, m, 2);

	sim_test_attach_at(test, mm, id, BASE, 0);
	sim_test_attach_at(test, mm, new, BASE, SHM_REMAP);
	KUNIT_EXPECT_EQ(test, -EINVAL, sim_shmdt(mm, BASE + PAGES(2)));
	KUNIT_EXPECT_EQ(test, 0, sim_shmdt(mm, BASE));
	KUNIT_EXPECT_EQ(test, 0, sim_test_seg(test, m, new)->nattch);
	sim_test_expect_area(test, mm, BASE + PAGES(2), 6, 2);
	KUNIT_EXPECT_EQ(test, 0, sim_shmdt(mm, BASE));
	KUNIT_EXPECT_EQ(test, 0, mm->map_count);
	KUNIT_EXPECT_EQ(test, -EINVAL, sim_shmdt(mm, BASE));
}

/* --------------------------------------------------------------- detaching */

static void shmdt_of_no_attach(struct kunit *test)
{
	struct sim_machine *m = sim_test_machine(test);
	struct sim_mm *mm = sim_test_process(test, m);
	struct sim_mm *other = sim_test_process(test, m);
	s32 id = sim_test_segment(test, m, 4);

	sim_test_attach_at(test, mm, id, BASE, 0);
	sim_test_attach_at(test, other, id, BASE + PAGES(8), 0);
	KUNIT_EXPECT_EQ(test, -EINVAL, sim_shmdt(mm, BASE + 1));
	KUNIT_EXPECT_EQ(test, -EINVAL, sim_shmdt(mm, BASE + PAGES(1)));
	KUNIT_EXPECT_EQ(test, -EINVAL, sim_shmdt(mm, BASE - PAGES(1)));
	KUNIT_EXPECT_EQ(test, -EINVAL, sim_shmdt(mm, BASE + PAGES(4)));
	KUNIT_EXPECT_EQ(test, -EINVAL, sim_shmdt(mm, BASE + PAGES(8)));
	KUNIT_EXPECT_EQ(test, -EINVAL, sim_shmdt(mm, 0));
	KUNIT_EXPECT_EQ(test, -EINVAL, sim_shmdt(mm, SHMSWAP_TASK_SIZE));
	KUNIT_EXPECT_EQ(test, -EINVAL, sim_shmdt(mm, -PAGE_SIZE));
	KUNIT_EXPECT_EQ(test, 2, sim_test_seg(test, m, id)->nattch);
	KUNIT_EXPECT_EQ(test, 0, sim_shmdt(mm, BASE));
	KUNIT_EXPECT_EQ(test, -EINVAL, sim_shmdt(mm, BASE));
}

static void shmdt_unmaps(struct kunit *test)
{
	struct sim_machine *m = sim_test_machine(test);
	struct sim_mm *mm = sim_test_process(test, m);
	s32 id = sim_test_segment(test, m, 4);
	struct sim_shmid *seg = sim_test_seg(test, m, id);

	sim_test_attach_at(test, mm, id, BASE, 0);
	sim_test_fill(test, mm, BASE, 3, 1);
	KUNIT_EXPECT_EQ(test, 2, sim_page_count(sim_test_frame(seg, 0)));
	KUNIT_EXPECT_EQ(test, 0, sim_shmdt(mm, BASE));
	KUNIT_EXPECT_EQ(test, 0, atomic_long_read(&mm->rss));
	KUNIT_EXPECT_EQ(test, 1, sim_page_count(sim_test_frame(seg, 0)));
	KUNIT_EXPECT_NULL(test, mm->pgd);
	SIM_EXPECT_SHM(test, m, 4, 3, 0);
	SIM_EXPECT_EVENT(test, m, TLB_FLUSH_RANGE, 1);
	KUNIT_EXPECT_EQ(test, -EFAULT, sim_test_touch(mm, BASE, false));
	sim_test_verify(test, mm, sim_test_attach(test, mm, id), 3, 1);
}

/* Signatures of pages that were swapped out go too. */
static void shmdt_of_swapped_pages(struct kunit *test)
{
	struct sim_machine *m = sim_test_machine(test);
	struct sim_mm *mm = sim_test_process(test, m);
	s32 id = sim_test_segment(test, m, 4);

	sim_test_attach_at(test, mm, id, BASE, 0);
	sim_test_fill(test, mm, BASE, 4, 1);
	sim_test_swap_out_all(test, m);
	SIM_EXPECT_PTE(test, mm, BASE, "signature");
	KUNIT_EXPECT_EQ(test, 0, sim_shmdt(mm, BASE));
	KUNIT_EXPECT_NULL(test, mm->pgd);
	SIM_EXPECT_SHM(test, m, 4, 0, 4);
	sim_test_attach_at(test, mm, id, BASE, 0);
	SIM_EXPECT_PTE(test, mm, BASE, "none");
	sim_test_verify(test, mm, BASE, 4, 1);
}

static void shmdt_leaves_neighbours_mapped(struct kunit *test)
{
	struct sim_machine *m = sim_test_machine(test);
	struct sim_mm *mm = sim_test_process(test, m);
	s32 id = sim_test_segment(test, m, 4);
	int i;

	for (i = 0; i < 3; i++) {
		sim_test_attach_at(test, mm, id, BASE + PAGES(4 * i), 0);
		sim_test_touch_pages(test, mm, BASE + PAGES(4 * i), 4);
	}
	KUNIT_EXPECT_EQ(test, 0, sim_shmdt(mm, BASE + PAGES(4)));
	KUNIT_EXPECT_EQ(test, 8, atomic_long_read(&mm->rss));
	SIM_EXPECT_PTE(test, mm, BASE + PAGES(3), "present young");
	SIM_EXPECT_PTE(test, mm, BASE + PAGES(4), "none");
	SIM_EXPECT_PTE(test, mm, BASE + PAGES(7), "none");
	SIM_EXPECT_PTE(test, mm, BASE + PAGES(8), "present young");
}

/* --------------------------------------------------------- the circular list */

/* The segment's attaches begin at these pages above BASE, in this order. */
static void expect_list(struct kunit *test, struct sim_shmid *seg, const u32 *pages, u32 nr)
{
	struct sim_vma *vma;
	u32 i = 0;

	mutex_lock(&seg->lock);
	vma = seg->attaches;
	KUNIT_EXPECT_EQ(test, nr, seg->nattch);
	KUNIT_EXPECT_EQ(test, !nr, !vma);
	while (vma && i < nr) {
		KUNIT_EXPECT_EQ_MSG(test, BASE + PAGES(pages[i]), vma->vm_start, "attach %u", i);
		KUNIT_EXPECT_PTR_EQ(test, vma, vma->vm_next_shared->vm_prev_shared);
		KUNIT_EXPECT_PTR_EQ(test, vma, vma->vm_prev_shared->vm_next_shared);
		vma = vma->vm_next_shared;
		i++;
	}
	KUNIT_EXPECT_PTR_EQ(test, seg->attaches, vma);
	mutex_unlock(&seg->lock);
}

#define EXPECT_LIST(test, seg, ...) do {					\
	const u32 pages_[] = { __VA_ARGS__ };					\
										\
	expect_list(test, seg, pages_, ARRAY_SIZE(pages_));			\
} while (0)

static void new_attach_is_last_on_list(struct kunit *test)
{
	static const u32 pages[] = { 30, 10, 20 };
	struct sim_machine *m = sim_test_machine(test);
	struct sim_mm *mm = sim_test_process(test, m);
	s32 id = sim_test_segment(test, m, 2);
	struct sim_shmid *seg = sim_test_seg(test, m, id);
	u32 i;

	for (i = 0; i < ARRAY_SIZE(pages); i++) {
		expect_list(test, seg, pages, i);
		sim_test_attach_at(test, mm, id, BASE + PAGES(pages[i]), 0);
	}
	expect_list(test, seg, pages, ARRAY_SIZE(pages));
}

static void list_closes_where_attach_went(struct kunit *test)
{
	struct sim_machine *m = sim_test_machine(test);
	struct sim_mm *mm = sim_test_process(test, m);
	s32 id = sim_test_segment(test, m, 2);
	struct sim_shmid *seg = sim_test_seg(test, m, id);
	u32 i;

	for (i = 0; i < 50; i += 10)
		sim_test_attach_at(test, mm, id, BASE + PAGES(i), 0);
	KUNIT_EXPECT_EQ(test, 0, sim_shmdt(mm, BASE + PAGES(20)));
	EXPECT_LIST(test, seg, 0, 10, 30, 40);
	KUNIT_EXPECT_EQ(test, 0, sim_shmdt(mm, BASE));
	EXPECT_LIST(test, seg, 10, 30, 40);
	KUNIT_EXPECT_EQ(test, 0, sim_shmdt(mm, BASE + PAGES(40)));
	EXPECT_LIST(test, seg, 10, 30);
	sim_test_attach_at(test, mm, id, BASE, 0);
	EXPECT_LIST(test, seg, 10, 30, 0);
	KUNIT_EXPECT_EQ(test, 0, sim_shmdt(mm, BASE + PAGES(10)));
	KUNIT_EXPECT_EQ(test, 0, sim_shmdt(mm, BASE));
	EXPECT_LIST(test, seg, 30);
	KUNIT_EXPECT_EQ(test, 0, sim_shmdt(mm, BASE + PAGES(30)));
	expect_list(test, seg, NULL, 0);
}

/* A part that is cut off is new; what only got smaller keeps its place. */
static void fragment_is_last_on_list(struct kunit *test)
{
	struct sim_machine *m = sim_test_machine(test);
	struct sim_mm *mm = sim_test_process(test, m);
	s32 id = sim_test_segment(test, m, 8);
	struct sim_shmid *seg = sim_test_seg(test, m, id);

	sim_test_attach_at(test, mm, id, BASE, 0);
	sim_test_attach_at(test, mm, id, BASE + PAGES(20), 0);
	sim_test_attach_at(test, mm, sim_test_segment(test, m, 2), BASE + PAGES(3), SHM_REMAP);
	EXPECT_LIST(test, seg, 0, 20, 5);
	sim_test_attach_at(test, mm, sim_test_segment(test, m, 1), BASE + PAGES(20), SHM_REMAP);
	EXPECT_LIST(test, seg, 0, 21, 5);
}

static void partial_replacement_is_attach_and_detach(struct kunit *test)
{
	struct sim_machine *m = sim_test_machine(test);
	struct sim_mm *mm = sim_test_process(test, m);
	s32 id = sim_test_segment(test, m, 8);
	struct sim_shmid *seg = sim_test_seg(test, m, id);

	sim_test_attach_at(test, mm, id, BASE, 0);
	seg->atime = 0;
	sim_test_attach_at(test, mm, sim_test_segment(test, m, 2), BASE, SHM_REMAP);
	KUNIT_EXPECT_NE(test, 0, seg->atime);
	KUNIT_EXPECT_NE(test, 0, seg->dtime);
	KUNIT_EXPECT_EQ(test, 1, seg->nattch);
}

static struct kunit_case cases[] = {
	KUNIT_CASE_PARAM(shmat_goes, address_gen_params),
	KUNIT_CASE(shmat_with_unknown_flag),
	KUNIT_CASE_PARAM(shmat_next_to_attach, overlap_gen_params),
	KUNIT_CASE(shmat_anywhere_is_first_fit),
	KUNIT_CASE(shmat_without_room),
	KUNIT_CASE(shmat_checks_address_then_id_then_permission),
	KUNIT_CASE(shmat_flags_become_protection),
	KUNIT_CASE(shmat_maps_nothing),
	KUNIT_CASE(shmat_at_map_count_limit),
	KUNIT_CASE_PARAM(remap_replaces, remap_gen_params),
	KUNIT_CASE(remap_over_several_attaches),
	KUNIT_CASE(remap_over_itself_keeps_doomed_segment),
	KUNIT_CASE(shmdt_detaches_all_fragments),
	KUNIT_CASE(shmdt_of_attach_without_its_first_pages),
	KUNIT_CASE(shmdt_of_no_attach),
	KUNIT_CASE(shmdt_unmaps),
	KUNIT_CASE(shmdt_of_swapped_pages),
	KUNIT_CASE(shmdt_leaves_neighbours_mapped),
	KUNIT_CASE(new_attach_is_last_on_list),
	KUNIT_CASE(list_closes_where_attach_went),
	KUNIT_CASE(fragment_is_last_on_list),
	KUNIT_CASE(partial_replacement_is_attach_and_detach),
	{}
};

static struct kunit_suite suite = {
	.name = "shmswap_mmap",
	.init = sim_test_init,
	.exit = sim_test_exit,
	.test_cases = cases,
};

kunit_test_suite(suite);
