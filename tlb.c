// SPDX-License-Identifier: GPL-2.0
/*
 * The translation lookaside buffer of each process: what its loads and stores
 * look at first.
 *
 * An entry is one word, read and replaced without a lock. The invariant that the
 * rest of the machine relies on: an entry exists only while its PTE is present
 * and young, one for stores only while it is dirty and writable as well. So
 * whoever makes a PTE old, clean or read-only drops the entry, and an access
 * that the TLB translates leaves the PTE as a walk would have left it. On a
 * machine of Linux 2.0's day it was the switch to kswapd's address space that
 * emptied the TLB when pages were made old.
 *
 * Who fills and who drops order their two steps against each other: the filler
 * stores the entry, then looks at the PTE again; the other changes the PTE, then
 * looks at the entry. One of them sees what the other did.
 */
#include "sim.h"

#define TLB_VPN		GENMASK_ULL(63, SIM_TLB_VPN_SHIFT)
#define TLB_PFN		GENMASK_ULL(SIM_TLB_VPN_SHIFT - 1, 9)
#define TLB_READ	BIT_ULL(0)
#define TLB_WRITE	BIT_ULL(1)

static u64 vpn_of(u64 address)
{
	return FIELD_PREP(TLB_VPN, address >> PAGE_SHIFT);
}

/* The entry for a PTE that allowed an access just now. */
static u64 make_entry(u64 address, sim_pte_t pte)
{
	u64 entry = vpn_of(address) | FIELD_PREP(TLB_PFN, sim_pte_pfn(pte));

	if (!(pte.pte & SHMSWAP_PTE_FOR))
		entry |= TLB_READ;
	if (sim_pte_write(pte) && sim_pte_dirty(pte))
		entry |= TLB_WRITE;
	return entry;
}

/**
 * sim_tlb_fill() - remember a translation
 * @mm: process
 * @address: page
 * @ptep: its PTE
 * @pte: what sim_access_pte() said about it
 *
 * Context: any; mmap_lock held.
 */
void sim_tlb_fill(struct sim_mm *mm, u64 address, const sim_pte_t *ptep, sim_pte_t pte)
{
	u64 entry = make_entry(address, pte);
	u64 *tlb = sim_tlb_slot(mm, address);

	WRITE_ONCE(*tlb, entry);
	/* Pairs with the one in sim_tlb_invalidate(). */
	smp_mb();
	if (!sim_pte_same(sim_ptep_get(ptep), pte))
		cmpxchg(tlb, entry, 0);
}

/**
 * sim_tlb_pin() - translate an access
 * @mm: process
 * @address: page, below SHMSWAP_TASK_SIZE
 * @write: the access is a store
 *
 * Context: any; mmap_lock held.
 * Return: the page, pinned; NULL if the page tables have to be walked.
 */
struct sim_page *sim_tlb_pin(struct sim_mm *mm, u64 address, bool write)
{
	u64 want = vpn_of(address) | (write ? TLB_WRITE : TLB_READ);
	u64 *tlb = sim_tlb_slot(mm, address);
	u64 entry = READ_ONCE(*tlb);
	struct sim_page *page;

	if ((entry & (TLB_VPN | (want & (TLB_READ | TLB_WRITE)))) != want)
		return NULL;
	page = sim_pfn_page(mm->m, FIELD_GET(TLB_PFN, entry));
	/* Reclaim drops the entry, then looks for pins: so look once more. */
	if (!atomic64_add_unless(&page->count, SIM_PIN, 0))
		return NULL;
	if (READ_ONCE(*tlb) == entry)
		return page;
	sim_unpin_page(mm->m, page);
	return NULL;
}

/**
 * sim_tlb_invalidate() - forget translations
 * @mm: process
 * @start: first address
 * @end: first address behind it
 *
 * Context: any; after an atomic change of the PTEs.
 */
void sim_tlb_invalidate(struct sim_mm *mm, u64 start, u64 end)
{
	u64 pages = (end - start) >> PAGE_SHIFT;
	u64 i;

	KUNIT_STATIC_STUB_REDIRECT(sim_tlb_invalidate, mm, start, end);
	/* Pairs with the one in sim_tlb_fill(). */
	smp_mb__after_atomic();
	for (i = 0; i < min_t(u64, pages, SIM_TLB_ENTRIES); i++) {
		u64 *tlb = sim_tlb_slot(mm, start + (i << PAGE_SHIFT));

		if (pages > SIM_TLB_ENTRIES ||
		    (READ_ONCE(*tlb) & TLB_VPN) == vpn_of(start + (i << PAGE_SHIFT)))
			WRITE_ONCE(*tlb, 0);
	}
}

/**
 * sim_flush_tlb_range() - the entries of an area changed
 * @mm: process
 * @start: first address
 * @end: first address behind it
 *
 * Mirrors flush_tlb_range().
 *
 * Context: as sim_tlb_invalidate().
 */
void sim_flush_tlb_range(struct sim_mm *mm, u64 start, u64 end)
{
	sim_count_event(mm->m, SIM_TLB_FLUSH_RANGE);
	sim_event(tlb_flush, mm, SHMSWAP_FLUSH_RANGE, start, end);
	sim_tlb_invalidate(mm, start, end);
}

/**
 * sim_flush_tlb_mm() - all entries changed
 * @mm: process
 *
 * Mirrors flush_tlb_mm().
 *
 * Context: as sim_tlb_invalidate().
 */
void sim_flush_tlb_mm(struct sim_mm *mm)
{
	sim_count_event(mm->m, SIM_TLB_FLUSH_MM);
	sim_event(tlb_flush, mm, SHMSWAP_FLUSH_MM, 0, SHMSWAP_TASK_SIZE);
	sim_tlb_invalidate(mm, 0, SHMSWAP_TASK_SIZE);
}

static bool entry_right(struct sim_mm *mm, u64 entry)
{
	u64 address = FIELD_GET(TLB_VPN, entry) << PAGE_SHIFT;
	sim_pte_t *ptep = sim_pte_offset(mm, address);
	sim_pte_t pte = ptep ? sim_ptep_get(ptep) : SIM_PTE_NONE;

	return sim_pte_present(pte) && sim_pte_young(pte) &&
	       !(entry & ~make_entry(address, pte) & (TLB_READ | TLB_WRITE)) &&
	       FIELD_GET(TLB_PFN, entry) == sim_pte_pfn(pte);
}

/**
 * sim_tlb_check() - look for entries that should have been dropped
 * @mm: process
 * @address: set to the page of the first one
 *
 * Context: mmap_lock held for writing, so nobody fills it; state_lock held for
 * writing.
 * Return: true if there is none.
 */
bool sim_tlb_check(struct sim_mm *mm, u64 *address)
{
	int i;

	lockdep_assert_held_write(&mm->mmap_lock);
	for (i = 0; i < SIM_TLB_ENTRIES; i++) {
		u64 entry = READ_ONCE(mm->tlb[i]);

		*address = FIELD_GET(TLB_VPN, entry) << PAGE_SHIFT;
		if (entry && !entry_right(mm, entry))
			return false;
	}
	return true;
}
