// SPDX-License-Identifier: GPL-2.0
/*
 * The format of page table entries, and the walks over page tables.
 */
#include <linux/prandom.h>
#include <linux/sort.h>

#include "kunit_helpers.h"

/* ---------------------------------------------------------------- format */

/* The bits of the Alpha AXP's entry, as numbers, and Linux's two above them. */
static void pte_bits_are_those_of_the_alpha(struct kunit *test)
{
	KUNIT_EXPECT_EQ(test, 0x1ULL, SHMSWAP_PTE_VALID);
	KUNIT_EXPECT_EQ(test, 0x2ULL, SHMSWAP_PTE_FOR);
	KUNIT_EXPECT_EQ(test, 0x4ULL, SHMSWAP_PTE_FOW);
	KUNIT_EXPECT_EQ(test, 0x8ULL, SHMSWAP_PTE_FOE);
	KUNIT_EXPECT_EQ(test, 0x10ULL, SHMSWAP_PTE_ASM);
	KUNIT_EXPECT_EQ(test, 0x60ULL, SHMSWAP_PTE_GH);
	KUNIT_EXPECT_EQ(test, 0x100ULL, SHMSWAP_PTE_KRE);
	KUNIT_EXPECT_EQ(test, 0x200ULL, SHMSWAP_PTE_URE);
	KUNIT_EXPECT_EQ(test, 0x1000ULL, SHMSWAP_PTE_KWE);
	KUNIT_EXPECT_EQ(test, 0x2000ULL, SHMSWAP_PTE_UWE);
	KUNIT_EXPECT_EQ(test, 0x20000ULL, SHMSWAP_PTE_DIRTY);
	KUNIT_EXPECT_EQ(test, 0x40000ULL, SHMSWAP_PTE_ACCESSED);
	KUNIT_EXPECT_EQ(test, 32, SHMSWAP_PTE_PFN_SHIFT);
}

struct protection_case {
	const char *name;
	u32 vm_flags;
	u64 pte;
};

/* A fresh entry of frame 5: young, clean, and what is not allowed faults. */
static const struct protection_case protection_cases[] = {
	{ "none", 0, 0x000000050004030fULL },
	{ "read", SHMSWAP_VM_READ, 0x000000050004030dULL },
	{ "read and write", SHMSWAP_VM_READ | SHMSWAP_VM_WRITE, 0x0000000500040309ULL },
	{ "read and execute", SHMSWAP_VM_READ | SHMSWAP_VM_EXEC, 0x0000000500040305ULL },
	{ "everything", SHMSWAP_VM_READ | SHMSWAP_VM_WRITE | SHMSWAP_VM_EXEC,
	  0x0000000500040301ULL },
	{ "shared does not matter", SHMSWAP_VM_READ | SHMSWAP_VM_SHARED,
	  0x000000050004030dULL },
};

KUNIT_ARRAY_PARAM_DESC(protection, protection_cases, name);

static void mk_pte_with_protection(struct kunit *test)
{
	const struct protection_case *p = test->param_value;
	sim_pte_t pte = sim_mk_pte(5, p->vm_flags);

	KUNIT_EXPECT_EQ(test, p->pte, pte.pte);
	KUNIT_EXPECT_EQ(test, 5, sim_pte_pfn(pte));
	KUNIT_EXPECT_EQ(test, !!(p->vm_flags & SHMSWAP_VM_WRITE), sim_pte_write(pte));
	KUNIT_EXPECT_TRUE(test, sim_pte_young(pte));
	KUNIT_EXPECT_FALSE(test, sim_pte_dirty(pte));
}

/* Accessed and dirty are kept by withholding the enables: each is three bits. */
static void mkold_clears_the_access_trio(struct kunit *test)
{
	sim_pte_t pte = { ~0ULL };

	pte = sim_pte_mkold(pte);
	KUNIT_EXPECT_EQ(test, ~0x40300ULL, pte.pte);
	KUNIT_EXPECT_FALSE(test, sim_pte_young(pte));
	KUNIT_EXPECT_TRUE(test, sim_pte_dirty(pte));
}

static void mkyoung_sets_the_access_trio(struct kunit *test)
{
	sim_pte_t pte = sim_pte_mkyoung((sim_pte_t) { SHMSWAP_PTE_VALID });

	KUNIT_EXPECT_EQ(test, 0x40301ULL, pte.pte);
	KUNIT_EXPECT_TRUE(test, sim_pte_young(pte));
}

static void mkdirty_sets_the_dirty_trio(struct kunit *test)
{
	sim_pte_t pte = sim_pte_mkdirty((sim_pte_t) { SHMSWAP_PTE_VALID });

	KUNIT_EXPECT_EQ(test, 0x23001ULL, pte.pte);
	KUNIT_EXPECT_TRUE(test, sim_pte_dirty(pte));
}

static void mkclean_clears_the_dirty_trio(struct kunit *test)
{
	sim_pte_t pte = sim_pte_mkclean((sim_pte_t) { ~0ULL });

	KUNIT_EXPECT_EQ(test, ~0x23000ULL, pte.pte);
	KUNIT_EXPECT_TRUE(test, sim_pte_young(pte));
}

/* Whether a store is allowed is FOW alone, whatever the enables say. */
static void pte_write_is_not_changed_by_aging(struct kunit *test)
{
	sim_pte_t rw = sim_mk_pte(1, SHMSWAP_VM_READ | SHMSWAP_VM_WRITE);
	sim_pte_t ro = sim_mk_pte(1, SHMSWAP_VM_READ);

	KUNIT_EXPECT_TRUE(test, sim_pte_write(sim_pte_mkold(sim_pte_mkclean(rw))));
	KUNIT_EXPECT_FALSE(test, sim_pte_write(sim_pte_mkyoung(sim_pte_mkdirty(ro))));
}

static void mk_pte_holds_every_frame_number(struct kunit *test)
{
	u32 pfn;

	for (pfn = 1; pfn < SHMSWAP_MAX_FRAMES; pfn <<= 1)
		KUNIT_EXPECT_EQ(test, pfn, sim_pte_pfn(sim_pte_mkdirty(sim_mk_pte(pfn, 0))));
	KUNIT_EXPECT_EQ(test, U32_MAX, sim_pte_pfn(sim_mk_pte(U32_MAX, SHMSWAP_VM_READ)));
	KUNIT_EXPECT_TRUE(test, sim_pte_present(sim_mk_pte(0, 0)));
}

struct field_case {
	const char *name;
	u32 a;
	u32 b;
	u64 pte;
};

/* @a: area, @b: slot. The first were computed by hand from Linux 2.0 on the Alpha. */
static const struct field_case swap_cases[] = {
	{ "type 0 slot 1", 0, 1, 0x0000010000000000ULL },
	{ "type 2 slot 5", 2, 5, 0x0000050200000000ULL },
	{ "largest slot of Linux 2.0", 0, 0xffffff, 0xffffff0000000000ULL },
	{ "slot with bit 24", 0, 1 << 24, 0x0000000001000000ULL },
	{ "slot with bit 30", 0, 1 << 30, 0x0000000040000000ULL },
	{ "largest type and slot", 31, SHMSWAP_MAX_SLOTS - 1, 0xffffff1f7f000000ULL },
};

KUNIT_ARRAY_PARAM_DESC(swap, swap_cases, name);

static void swp_entry_to_pte_with_vector(struct kunit *test)
{
	const struct field_case *c = test->param_value;
	sim_pte_t pte = sim_swp_entry_to_pte(sim_swp_entry(c->a, c->b));

	KUNIT_EXPECT_EQ(test, c->pte, pte.pte);
	KUNIT_EXPECT_EQ(test, c->a, sim_swp_type(sim_pte_to_swp_entry(pte)));
	KUNIT_EXPECT_EQ(test, c->b, sim_swp_offset(sim_pte_to_swp_entry(pte)));
}

/* @a: index of the segment, @b: page index. */
static const struct field_case signature_cases[] = {
	{ "id 0 idx 0", 0, 0, 0x0000004000000000ULL },
	{ "id 3 idx 4", 3, 4, 0x0002034000000000ULL },
	{ "largest of Linux 2.0", 0x7f, 0x7fff, 0x3fffff4000000000ULL },
	{ "id with bit 7", 1 << 7, 0, 0x0000004001000000ULL },
	{ "id with bit 14", 1 << 14, 0, 0x0000004080000000ULL },
	{ "idx with bit 15", 0, 1 << 15, 0x0000004000002000ULL },
	{ "idx with bit 25", 0, 1 << 25, 0x0000004000800000ULL },
	{ "largest", SHMSWAP_MAX_SEGMENTS - 1, (SHMSWAP_MAX_SEGSZ >> 12) - 1,
	  0x3fffff40ffffe000ULL },
};

KUNIT_ARRAY_PARAM_DESC(signature, signature_cases, name);

static void shm_signature_with_vector(struct kunit *test)
{
	const struct field_case *c = test->param_value;
	sim_pte_t pte = sim_shm_signature(c->a, c->b);

	KUNIT_EXPECT_EQ(test, c->pte, pte.pte);
	KUNIT_EXPECT_EQ(test, c->a, sim_pte_shm_id(pte));
	KUNIT_EXPECT_EQ(test, c->b, sim_pte_shm_idx(pte));
}

/* Exactly one of: none, present, swap entry, signature. */
static bool is_only(sim_pte_t pte, bool none, bool present, bool swap, bool shm)
{
	return sim_pte_none(pte) == none && sim_pte_present(pte) == present &&
	       sim_pte_is_swap(pte) == swap && sim_pte_is_shm(pte) == shm;
}

static bool swap_entry_survives(u32 type, u32 slot)
{
	sim_pte_t pte = sim_swp_entry_to_pte(sim_swp_entry(type, slot));
	sim_swp_entry_t entry = sim_pte_to_swp_entry(pte);

	return is_only(pte, false, false, true, false) &&
	       sim_swp_type(entry) == type && sim_swp_offset(entry) == slot;
}

static void swp_entry_round_trip_over_all_areas(struct kunit *test)
{
	u32 type, bit;

	for (type = 0; type < SHMSWAP_MAX_SWAPFILES; type++) {
		for (bit = 0; bit < 31; bit++) {
			KUNIT_EXPECT_TRUE_MSG(test, swap_entry_survives(type, 1U << bit),
					      "type %u bit %u", type, bit);
			KUNIT_EXPECT_TRUE_MSG(test, swap_entry_survives(type, (2U << bit) - 1),
					      "type %u bits to %u", type, bit);
		}
	}
}

static bool signature_survives(u32 id, u32 idx)
{
	sim_pte_t pte = sim_shm_signature(id, idx);

	return is_only(pte, false, false, false, true) &&
	       sim_pte_shm_id(pte) == id && sim_pte_shm_idx(pte) == idx;
}

static void shm_signature_round_trip_over_all_segments(struct kunit *test)
{
	const u32 last = (SHMSWAP_MAX_SEGSZ >> 12) - 1;
	u32 id, bad = 0;

	for (id = 0; id < SHMSWAP_MAX_SEGMENTS; id++)
		bad += !signature_survives(id, 0) + !signature_survives(id, id * 2039 & last) +
		       !signature_survives(id, last);
	KUNIT_EXPECT_EQ(test, 0, bad);
}

static void shm_signature_round_trip_over_all_pages(struct kunit *test)
{
	const u32 end = SHMSWAP_MAX_SEGSZ >> 12;
	u32 idx, bad = 0;

	for (idx = 1; idx < end; idx <<= 1)
		bad += !signature_survives(0, idx) + !signature_survives(1234, idx - 1) +
		       !signature_survives(SHMSWAP_MAX_SEGMENTS - 1, end - idx);
	for (idx = 0; idx < end; idx += 4093)
		bad += !signature_survives(idx % SHMSWAP_MAX_SEGMENTS, idx);
	KUNIT_EXPECT_EQ(test, 0, bad);
}

/* A present entry is never taken for another kind, whatever frame and flags. */
static void present_pte_is_nothing_else(struct kunit *test)
{
	u32 pfn;

	/* 0x40 in the PFN is where a signature has its type. */
	for (pfn = 0; pfn < 0x200; pfn++) {
		sim_pte_t pte = sim_mk_pte(pfn, SHMSWAP_VM_READ);

		KUNIT_EXPECT_TRUE(test, is_only(pte, false, true, false, false));
		pte = sim_pte_mkold(sim_pte_mkdirty(pte));
		KUNIT_EXPECT_TRUE(test, is_only(pte, false, true, false, false));
	}
}

static void none_pte_is_nothing_else(struct kunit *test)
{
	KUNIT_EXPECT_TRUE(test, is_only(SIM_PTE_NONE, true, false, false, false));
	/* Slot 0 is a header, so that no entry means none. */
	KUNIT_EXPECT_TRUE(test, sim_pte_none(sim_swp_entry_to_pte(SIM_SWP_NONE)));
}

static void ptep_cmpxchg_of_changed_entry_fails(struct kunit *test)
{
	sim_pte_t old = sim_mk_pte(7, SHMSWAP_VM_READ);
	sim_pte_t entry = sim_pte_mkold(old);

	KUNIT_EXPECT_FALSE(test, sim_ptep_cmpxchg(&entry, old, sim_shm_signature(1, 2)));
	KUNIT_EXPECT_TRUE(test, sim_pte_same(entry, sim_pte_mkold(old)));
	KUNIT_EXPECT_TRUE(test, sim_ptep_cmpxchg(&entry, sim_pte_mkold(old), old));
	KUNIT_EXPECT_TRUE(test, sim_pte_same(sim_ptep_xchg(&entry, SIM_PTE_NONE), old));
	KUNIT_EXPECT_TRUE(test, sim_pte_none(sim_ptep_get(&entry)));
}

/* ----------------------------------------------------------------- walks */

/* What one entry of a table covers, by level. */
#define PTE_SIZE	((u64)PAGE_SIZE)
#define PMD_SIZE_	(PTE_SIZE * SIM_PTRS_PER_TABLE)
#define PUD_SIZE_	(PMD_SIZE_ * SIM_PTRS_PER_TABLE)
#define PGD_SIZE_	(PUD_SIZE_ * SIM_PTRS_PER_TABLE)
#define LAST_PAGE	(SHMSWAP_TASK_SIZE - PAGE_SIZE)

/* A process whose entries pte_exit() will clear: no attach explains them. */
static struct sim_mm *process_on(struct kunit *test, struct sim_machine *m)
{
	struct sim_mm *mm = sim_test_process(test, m);

	sim_test_of(test)->priv = mm;
	return mm;
}

static void lock_tables(struct sim_mm *mm)
{
	down_write(&mm->mmap_lock);
	down_read(&mm->m->state_lock);
}

static void unlock_tables(struct sim_mm *mm)
{
	up_read(&mm->m->state_lock);
	up_write(&mm->mmap_lock);
}

/* Make the entry at @address something; NULL if it cannot be. */
static sim_pte_t *set_entry(struct sim_mm *mm, u64 address)
{
	sim_pte_t *ptep;

	lock_tables(mm);
	ptep = sim_pte_alloc(mm, address);
	if (ptep)
		sim_set_pte(ptep, sim_shm_signature(1, address >> PAGE_SHIFT & 0xffff));
	unlock_tables(mm);
	return ptep;
}

static sim_pte_t *find_entry(struct sim_mm *mm, u64 address)
{
	sim_pte_t *ptep;

	lock_tables(mm);
	ptep = sim_pte_offset(mm, address);
	unlock_tables(mm);
	return ptep;
}

/* The address of the next entry, @end if there is none. */
static u64 next_entry(struct sim_mm *mm, u64 address, u64 end)
{
	sim_pte_t *ptep;

	lock_tables(mm);
	ptep = sim_pte_next(mm, &address, end);
	if (ptep && ptep != sim_pte_offset(mm, address))
		address = ~0ULL;
	unlock_tables(mm);
	return ptep ? address : end;
}

static void free_entries(struct sim_mm *mm, u64 start, u64 end, u64 floor, u64 ceiling)
{
	lock_tables(mm);
	sim_free_pgtables(mm, start, end, floor, ceiling);
	unlock_tables(mm);
}

/* The process's tables; ~0 if the machine's account of them is another. */
static unsigned long nr_tables(struct sim_mm *mm)
{
	size_t bytes;

	down_write(&mm->m->state_lock);
	bytes = sim_mm_table_bytes(mm);
	up_write(&mm->m->state_lock);
	if (bytes != atomic_long_read(&mm->m->table_bytes) || bytes % PAGE_SIZE)
		return ~0UL;
	return bytes / PAGE_SIZE;
}

static void pte_offset_without_table_is_null(struct kunit *test)
{
	struct sim_mm *mm = process_on(test, sim_test_machine(test));

	KUNIT_EXPECT_NULL(test, find_entry(mm, 0));
	KUNIT_EXPECT_NULL(test, find_entry(mm, LAST_PAGE));
	KUNIT_EXPECT_EQ(test, SHMSWAP_TASK_SIZE, next_entry(mm, 0, SHMSWAP_TASK_SIZE));
	KUNIT_EXPECT_EQ(test, 0UL, nr_tables(mm));
}

static void pte_offset_finds_what_pte_alloc_made(struct kunit *test)
{
	struct sim_mm *mm = process_on(test, sim_test_machine(test));
	sim_pte_t *ptep = set_entry(mm, PUD_SIZE_);

	KUNIT_ASSERT_NOT_NULL(test, ptep);
	KUNIT_EXPECT_PTR_EQ(test, ptep, find_entry(mm, PUD_SIZE_));
	KUNIT_EXPECT_PTR_EQ(test, ptep, find_entry(mm, PUD_SIZE_ + PAGE_SIZE - 1));
	KUNIT_EXPECT_PTR_EQ(test, ptep, set_entry(mm, PUD_SIZE_));
	/* A neighbour is in the same table, and none. */
	KUNIT_EXPECT_PTR_EQ(test, ptep + 1, find_entry(mm, PUD_SIZE_ + PAGE_SIZE));
	KUNIT_EXPECT_TRUE(test, sim_pte_none(ptep[1]));
	KUNIT_EXPECT_NULL(test, find_entry(mm, PUD_SIZE_ - PAGE_SIZE));
}

/**
 * struct pair_case - two areas of one page
 * @name: how far apart
 * @first: one
 * @second: the other
 * @nr_tables: tables for both
 */
struct pair_case {
	const char *name;
	u64 first;
	u64 second;
	unsigned long nr_tables;
};

static const struct pair_case pair_cases[] = {
	{ "neighbours", PGD_SIZE_, PGD_SIZE_ + PTE_SIZE, 4 },
	{ "both ends of a leaf", PGD_SIZE_, PGD_SIZE_ + PMD_SIZE_ - PTE_SIZE, 4 },
	{ "across leaves", PGD_SIZE_ + PMD_SIZE_ - PTE_SIZE, PGD_SIZE_ + PMD_SIZE_, 5 },
	{ "both ends of a pmd", PGD_SIZE_, PGD_SIZE_ + PUD_SIZE_ - PTE_SIZE, 5 },
	{ "across pmds", PGD_SIZE_ + PUD_SIZE_ - PTE_SIZE, PGD_SIZE_ + PUD_SIZE_, 6 },
	{ "both ends of a pud", PGD_SIZE_, 2 * PGD_SIZE_ - PTE_SIZE, 6 },
	{ "across puds", PGD_SIZE_ - PTE_SIZE, PGD_SIZE_, 7 },
	{ "both ends of everything", 0, LAST_PAGE, 7 },
};

KUNIT_ARRAY_PARAM_DESC(pair, pair_cases, name);

static void pte_alloc_shares_upper_tables(struct kunit *test)
{
	const struct pair_case *p = test->param_value;
	struct sim_mm *mm = process_on(test, sim_test_machine(test));

	KUNIT_ASSERT_NOT_NULL(test, set_entry(mm, p->first));
	KUNIT_EXPECT_EQ(test, 4UL, nr_tables(mm));
	KUNIT_ASSERT_NOT_NULL(test, set_entry(mm, p->second));
	KUNIT_EXPECT_EQ(test, p->nr_tables, nr_tables(mm));
}

/* What the other area needs stays, all else goes, on whichever side it lies. */
static void free_pgtables_keeps_what_a_neighbour_needs(struct kunit *test)
{
	const struct pair_case *p = test->param_value;
	struct sim_mm *mm = process_on(test, sim_test_machine(test));
	sim_pte_t *ptep;

	set_entry(mm, p->first);
	ptep = set_entry(mm, p->second);
	free_entries(mm, p->first, p->first + PAGE_SIZE, 0, p->second);
	KUNIT_EXPECT_EQ(test, 4UL, nr_tables(mm));
	KUNIT_EXPECT_PTR_EQ(test, ptep, find_entry(mm, p->second));

	ptep = set_entry(mm, p->first);
	KUNIT_EXPECT_EQ(test, p->nr_tables, nr_tables(mm));
	free_entries(mm, p->second, p->second + PAGE_SIZE, p->first + PAGE_SIZE,
		     SHMSWAP_TASK_SIZE);
	KUNIT_EXPECT_EQ(test, 4UL, nr_tables(mm));
	KUNIT_EXPECT_PTR_EQ(test, ptep, find_entry(mm, p->first));

	free_entries(mm, p->first, p->first + PAGE_SIZE, 0, SHMSWAP_TASK_SIZE);
	KUNIT_EXPECT_EQ(test, 0UL, nr_tables(mm));
}

static void free_pgtables_between_two_neighbours(struct kunit *test)
{
	struct sim_mm *mm = process_on(test, sim_test_machine(test));
	u64 start = PUD_SIZE_ - PMD_SIZE_;
	u64 end = PUD_SIZE_ + 2 * PMD_SIZE_;
	u64 address;

	/* One page before, one behind, each sharing a leaf with the area. */
	for (address = start; address <= end; address += PMD_SIZE_ / 2)
		KUNIT_ASSERT_NOT_NULL(test, set_entry(mm, address));
	KUNIT_EXPECT_EQ(test, 4 + 4UL, nr_tables(mm));
	free_entries(mm, start + PAGE_SIZE, end, start + PAGE_SIZE, end);
	/* The leaf at start and the one at end; pgd, pud and both pmds. */
	KUNIT_EXPECT_EQ(test, 6UL, nr_tables(mm));
	KUNIT_EXPECT_NOT_NULL(test, find_entry(mm, start));
	KUNIT_EXPECT_NULL(test, find_entry(mm, start + PMD_SIZE_));
	KUNIT_EXPECT_NULL(test, find_entry(mm, end - PAGE_SIZE));
	KUNIT_EXPECT_NOT_NULL(test, find_entry(mm, end));
}

static void free_pgtables_of_empty_process(struct kunit *test)
{
	struct sim_mm *mm = process_on(test, sim_test_machine(test));

	free_entries(mm, 0, SHMSWAP_TASK_SIZE, 0, SHMSWAP_TASK_SIZE);
	KUNIT_EXPECT_EQ(test, 0UL, nr_tables(mm));
}

/* An area without entries, in the middle of nowhere, must not take others' tables. */
static void free_pgtables_of_untouched_area(struct kunit *test)
{
	struct sim_mm *mm = process_on(test, sim_test_machine(test));

	set_entry(mm, PGD_SIZE_);
	free_entries(mm, 2 * PGD_SIZE_, 3 * PGD_SIZE_, PGD_SIZE_ + PAGE_SIZE, SHMSWAP_TASK_SIZE);
	KUNIT_EXPECT_EQ(test, 4UL, nr_tables(mm));
	KUNIT_EXPECT_NOT_NULL(test, find_entry(mm, PGD_SIZE_));
}

static const u64 boundary_addresses[] = {
	0, PTE_SIZE, PMD_SIZE_ - PTE_SIZE, PMD_SIZE_, PUD_SIZE_ - PTE_SIZE, PUD_SIZE_,
	PGD_SIZE_ - PTE_SIZE, PGD_SIZE_, 5 * PGD_SIZE_ + 3 * PUD_SIZE_ + 2 * PMD_SIZE_,
	LAST_PAGE - PGD_SIZE_, LAST_PAGE,
};

static void pte_next_stops_at_every_entry(struct kunit *test)
{
	struct sim_mm *mm = process_on(test, sim_test_machine(test));
	u64 address = 0;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(boundary_addresses); i++)
		KUNIT_ASSERT_NOT_NULL(test, set_entry(mm, boundary_addresses[i]));
	for (i = 0; i < ARRAY_SIZE(boundary_addresses); i++) {
		address = next_entry(mm, address, SHMSWAP_TASK_SIZE);
		KUNIT_EXPECT_EQ(test, boundary_addresses[i], address);
		address += PAGE_SIZE;
	}
	KUNIT_EXPECT_EQ(test, SHMSWAP_TASK_SIZE, next_entry(mm, address, SHMSWAP_TASK_SIZE));
}

/* The end is exclusive, wherever it lies. */
static void pte_next_stops_before_the_end(struct kunit *test)
{
	struct sim_mm *mm = process_on(test, sim_test_machine(test));
	size_t i;

	for (i = 0; i < ARRAY_SIZE(boundary_addresses); i++) {
		u64 address = boundary_addresses[i];
		u64 end = address + PAGE_SIZE;

		set_entry(mm, address);
		KUNIT_EXPECT_EQ(test, address, next_entry(mm, address, end));
		KUNIT_EXPECT_EQ(test, address, next_entry(mm, address, address));
	}
	KUNIT_EXPECT_EQ(test, 3 * PMD_SIZE_, next_entry(mm, PMD_SIZE_ + PTE_SIZE, 3 * PMD_SIZE_));
	/* In the middle of a table, with an entry behind it. */
	set_entry(mm, 5 * PTE_SIZE);
	KUNIT_EXPECT_EQ(test, 3 * PTE_SIZE, next_entry(mm, 2 * PTE_SIZE, 3 * PTE_SIZE));
}

static int compare_u64(const void *a, const void *b)
{
	return *(const u64 *)a < *(const u64 *)b ? -1 : *(const u64 *)a > *(const u64 *)b;
}

static void pte_next_over_random_entries(struct kunit *test)
{
	const size_t nr = 200;
	struct sim_mm *mm = process_on(test, sim_test_machine(test));
	u64 *addresses = kunit_kcalloc(test, nr, sizeof(u64), GFP_KERNEL);
	struct rnd_state rnd;
	u64 address = 0;
	size_t i;

	KUNIT_ASSERT_NOT_NULL(test, addresses);
	prandom_seed_state(&rnd, 42);
	for (i = 0; i < nr; i++) {
		/* Near one another at different scales. */
		u32 bits = PAGE_SHIFT + prandom_u32_state(&rnd) % (47 - PAGE_SHIFT) + 1;

		addresses[i] = ((u64)prandom_u32_state(&rnd) << 32 | prandom_u32_state(&rnd)) &
			       GENMASK_ULL(bits - 1, PAGE_SHIFT);
		KUNIT_ASSERT_NOT_NULL(test, set_entry(mm, addresses[i]));
	}
	sort(addresses, nr, sizeof(u64), compare_u64, NULL);
	for (i = 0; i < nr; i++) {
		if (i && addresses[i] == addresses[i - 1])
			continue;
		address = next_entry(mm, address, SHMSWAP_TASK_SIZE);
		KUNIT_ASSERT_EQ(test, addresses[i], address);
		address += PAGE_SIZE;
	}
	KUNIT_EXPECT_EQ(test, SHMSWAP_TASK_SIZE, next_entry(mm, address, SHMSWAP_TASK_SIZE));
	free_entries(mm, 0, SHMSWAP_TASK_SIZE, 0, SHMSWAP_TASK_SIZE);
	KUNIT_EXPECT_EQ(test, 0UL, nr_tables(mm));
}

static struct sim_mm *process_with_tables(struct kunit *test, u32 max_tables)
{
	const struct sim_config config = {
		.nr_frames = SIM_TEST_FRAMES,
		.max_tables = max_tables,
	};

	return process_on(test, sim_test_machine_config(test, &config));
}

static void pte_alloc_at_the_limit_is_null(struct kunit *test)
{
	struct sim_mm *mm = process_with_tables(test, 5);

	KUNIT_EXPECT_NOT_NULL(test, set_entry(mm, 0));
	KUNIT_EXPECT_NOT_NULL(test, set_entry(mm, PMD_SIZE_));
	KUNIT_EXPECT_NULL(test, set_entry(mm, 2 * PMD_SIZE_));
	KUNIT_EXPECT_EQ(test, 5UL, nr_tables(mm));
	/* What needs no new table goes on. */
	KUNIT_EXPECT_NOT_NULL(test, set_entry(mm, PMD_SIZE_ + PTE_SIZE));
	/* And room that was given back can be used. */
	free_entries(mm, 0, PAGE_SIZE, 0, PMD_SIZE_);
	KUNIT_EXPECT_NOT_NULL(test, set_entry(mm, 2 * PMD_SIZE_));
	KUNIT_EXPECT_EQ(test, 5UL, nr_tables(mm));
}

/* The upper tables that were made before the limit was met are accounted for. */
static void pte_alloc_that_fails_half_way_loses_nothing(struct kunit *test)
{
	struct sim_mm *mm = process_with_tables(test, 3);

	KUNIT_EXPECT_NULL(test, set_entry(mm, PGD_SIZE_));
	KUNIT_EXPECT_EQ(test, 3UL, nr_tables(mm));
	KUNIT_EXPECT_NULL(test, find_entry(mm, PGD_SIZE_));
	KUNIT_EXPECT_EQ(test, SHMSWAP_TASK_SIZE, next_entry(mm, 0, SHMSWAP_TASK_SIZE));
	free_entries(mm, 0, SHMSWAP_TASK_SIZE, 0, SHMSWAP_TASK_SIZE);
	KUNIT_EXPECT_EQ(test, 0UL, nr_tables(mm));
}

/* An odd size counts as what it is, up to the last byte of the limit. */
static void table_alloc_counts_bytes(struct kunit *test)
{
	struct sim_mm *mm = process_with_tables(test, 1);
	struct sim_machine *m = mm->m;
	void *most, *last, *none;

	down_read(&m->state_lock);
	most = sim_table_alloc(m, PAGE_SIZE - 8);
	last = sim_table_alloc(m, 8);
	none = sim_table_alloc(m, 8);
	KUNIT_EXPECT_EQ(test, (long)PAGE_SIZE, atomic_long_read(&m->table_bytes));
	sim_table_free(m, last, 8);
	sim_table_free(m, most, PAGE_SIZE - 8);
	sim_table_free(m, NULL, 8);
	up_read(&m->state_lock);
	KUNIT_EXPECT_NOT_NULL(test, most);
	KUNIT_EXPECT_NOT_NULL(test, last);
	KUNIT_EXPECT_NULL(test, none);
	KUNIT_EXPECT_EQ(test, 0L, atomic_long_read(&m->table_bytes));
}

static void pte_exit(struct kunit *test)
{
	struct sim_mm *mm = test->priv ? sim_test_of(test)->priv : NULL;
	u64 address = 0;
	sim_pte_t *ptep;

	if (mm) {
		lock_tables(mm);
		while ((ptep = sim_pte_next(mm, &address, SHMSWAP_TASK_SIZE)))
			sim_set_pte(ptep, SIM_PTE_NONE);
		unlock_tables(mm);
	}
	sim_test_exit(test);
}

static struct kunit_case pte_cases[] = {
	KUNIT_CASE(pte_bits_are_those_of_the_alpha),
	KUNIT_CASE_PARAM(mk_pte_with_protection, protection_gen_params),
	KUNIT_CASE(mkold_clears_the_access_trio),
	KUNIT_CASE(mkyoung_sets_the_access_trio),
	KUNIT_CASE(mkdirty_sets_the_dirty_trio),
	KUNIT_CASE(mkclean_clears_the_dirty_trio),
	KUNIT_CASE(pte_write_is_not_changed_by_aging),
	KUNIT_CASE(mk_pte_holds_every_frame_number),
	KUNIT_CASE_PARAM(swp_entry_to_pte_with_vector, swap_gen_params),
	KUNIT_CASE_PARAM(shm_signature_with_vector, signature_gen_params),
	KUNIT_CASE(swp_entry_round_trip_over_all_areas),
	KUNIT_CASE(shm_signature_round_trip_over_all_segments),
	KUNIT_CASE(shm_signature_round_trip_over_all_pages),
	KUNIT_CASE(present_pte_is_nothing_else),
	KUNIT_CASE(none_pte_is_nothing_else),
	KUNIT_CASE(ptep_cmpxchg_of_changed_entry_fails),
	KUNIT_CASE(pte_offset_without_table_is_null),
	KUNIT_CASE(pte_offset_finds_what_pte_alloc_made),
	KUNIT_CASE_PARAM(pte_alloc_shares_upper_tables, pair_gen_params),
	KUNIT_CASE_PARAM(free_pgtables_keeps_what_a_neighbour_needs, pair_gen_params),
	KUNIT_CASE(free_pgtables_between_two_neighbours),
	KUNIT_CASE(free_pgtables_of_empty_process),
	KUNIT_CASE(free_pgtables_of_untouched_area),
	KUNIT_CASE(pte_next_stops_at_every_entry),
	KUNIT_CASE(pte_next_stops_before_the_end),
	KUNIT_CASE(pte_next_over_random_entries),
	KUNIT_CASE(pte_alloc_at_the_limit_is_null),
	KUNIT_CASE(pte_alloc_that_fails_half_way_loses_nothing),
	KUNIT_CASE(table_alloc_counts_bytes),
	{}
};

static struct kunit_suite pte_suite = {
	.name = "shmswap_pte",
	.init = sim_test_init,
	.exit = pte_exit,
	.test_cases = pte_cases,
};

kunit_test_suite(pte_suite);
