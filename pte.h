/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The shadow page table entry. Only this file and pte.c know where its bits
 * are.
 *
 * A present entry is the Alpha AXP's. An entry with V = 0 is either none (0),
 * a swap entry or the signature of a shared page. Both put the fields of
 * Linux 2.0 on the Alpha where it had them, in the high half, and what its
 * fields were too narrow for into the low half, which it left zero: every word
 * that Linux 2.0 could have written has the same value here.
 *
 *	       63          47 46    40 39    32 31          24 23      13 12    0
 *	swap   | offset 23..0        | type   | 0 | offset 30..24 | 0            |
 *	shm    |0| idx 14..0 | id 6..0| 0x40   | id 14..7     | idx 25..15 |   0  |
 */
#ifndef _SIM_PTE_H
#define _SIM_PTE_H

#include <linux/atomic.h>
#include <linux/bitfield.h>
#include <linux/types.h>

#include "shmswap.h"

typedef struct { u64 pte; } sim_pte_t;

/* A slot of a swap area; 0 is none, for slot 0 is an area's header. */
typedef struct { u64 val; } sim_swp_entry_t;

#define SIM_PTE_NONE		((sim_pte_t) { 0 })
#define SIM_SWP_NONE		((sim_swp_entry_t) { 0 })

/* The Alpha keeps accessed and dirty in software, by withholding enables. */
#define SIM_ACCESS_BITS	(SHMSWAP_PTE_ACCESSED | SHMSWAP_PTE_KRE | SHMSWAP_PTE_URE)
#define SIM_DIRTY_BITS	(SHMSWAP_PTE_DIRTY | SHMSWAP_PTE_KWE | SHMSWAP_PTE_UWE)

#define SIM_PTE_TYPE		GENMASK_ULL(39, 32)
#define SIM_SHM_SWP_TYPE	0x40

#define SIM_SWP_OFFSET_LO	GENMASK_ULL(63, 40)
#define SIM_SWP_OFFSET_HI	GENMASK_ULL(30, 24)
#define SIM_SWP_OFFSET_LO_BITS	24

#define SIM_SHM_ID_LO		GENMASK_ULL(46, 40)
#define SIM_SHM_ID_HI		GENMASK_ULL(31, 24)
#define SIM_SHM_ID_LO_BITS	7
#define SIM_SHM_IDX_LO		GENMASK_ULL(61, 47)
#define SIM_SHM_IDX_HI		GENMASK_ULL(23, 13)
#define SIM_SHM_IDX_LO_BITS	15

static inline bool sim_pte_none(sim_pte_t pte)
{
	return !pte.pte;
}

static inline bool sim_pte_present(sim_pte_t pte)
{
	return pte.pte & SHMSWAP_PTE_VALID;
}

static inline bool sim_pte_same(sim_pte_t a, sim_pte_t b)
{
	return a.pte == b.pte;
}

static inline bool sim_pte_young(sim_pte_t pte)
{
	return pte.pte & SHMSWAP_PTE_ACCESSED;
}

static inline bool sim_pte_dirty(sim_pte_t pte)
{
	return pte.pte & SHMSWAP_PTE_DIRTY;
}

static inline bool sim_pte_write(sim_pte_t pte)
{
	return !(pte.pte & SHMSWAP_PTE_FOW);
}

static inline u32 sim_pte_pfn(sim_pte_t pte)
{
	return pte.pte >> SHMSWAP_PTE_PFN_SHIFT;
}

static inline sim_pte_t sim_pte_mkyoung(sim_pte_t pte)
{
	return (sim_pte_t) { pte.pte | SIM_ACCESS_BITS };
}

static inline sim_pte_t sim_pte_mkold(sim_pte_t pte)
{
	return (sim_pte_t) { pte.pte & ~SIM_ACCESS_BITS };
}

static inline sim_pte_t sim_pte_mkdirty(sim_pte_t pte)
{
	return (sim_pte_t) { pte.pte | SIM_DIRTY_BITS };
}

static inline sim_pte_t sim_pte_mkclean(sim_pte_t pte)
{
	return (sim_pte_t) { pte.pte & ~SIM_DIRTY_BITS };
}

static inline sim_pte_t sim_pte_mkwrite(sim_pte_t pte)
{
	return (sim_pte_t) { pte.pte & ~SHMSWAP_PTE_FOW };
}

static inline sim_pte_t sim_pte_wrprotect(sim_pte_t pte)
{
	return (sim_pte_t) { pte.pte | SHMSWAP_PTE_FOW };
}

/* What an area's protection forbids faults. */
static inline u64 sim_protection_bits(u32 vm_flags)
{
	return (vm_flags & SHMSWAP_VM_READ ? 0 : SHMSWAP_PTE_FOR) |
	       (vm_flags & SHMSWAP_VM_WRITE ? 0 : SHMSWAP_PTE_FOW) |
	       (vm_flags & SHMSWAP_VM_EXEC ? 0 : SHMSWAP_PTE_FOE);
}

/**
 * sim_mk_pte() - a present entry
 * @pfn: frame number
 * @vm_flags: SHMSWAP_VM_READ, _WRITE, _EXEC of the area
 *
 * The protection is that of Linux 2.0's Alpha table for shared areas: what is
 * not allowed faults. As there, a fresh entry is young and clean.
 *
 * Return: the entry.
 */
static inline sim_pte_t sim_mk_pte(u32 pfn, u32 vm_flags)
{
	return (sim_pte_t) {
		SHMSWAP_PTE_VALID | SIM_ACCESS_BITS | sim_protection_bits(vm_flags) |
		(u64)pfn << SHMSWAP_PTE_PFN_SHIFT
	};
}

/**
 * sim_pte_modify() - a present entry with another protection
 * @pte: entry
 * @vm_flags: flags of its area
 *
 * A page of a private area that is not writable stays so: perhaps others have
 * it too.
 *
 * Return: the entry.
 */
static inline sim_pte_t sim_pte_modify(sim_pte_t pte, u32 vm_flags)
{
	u64 bits = sim_protection_bits(vm_flags);

	if (!(vm_flags & SHMSWAP_VM_SHARED))
		bits |= pte.pte & SHMSWAP_PTE_FOW;
	return (sim_pte_t) {
		(pte.pte & ~(SHMSWAP_PTE_FOR | SHMSWAP_PTE_FOW | SHMSWAP_PTE_FOE)) | bits
	};
}

static inline sim_swp_entry_t sim_swp_entry(u32 type, u32 offset)
{
	return (sim_swp_entry_t) { (u64)type << 32 | offset };
}

/* The slot that is @nr slots behind @entry. */
static inline sim_swp_entry_t sim_swp_next(sim_swp_entry_t entry, u32 nr)
{
	return (sim_swp_entry_t) { entry.val + nr };
}

static inline u32 sim_swp_type(sim_swp_entry_t entry)
{
	return entry.val >> 32;
}

static inline u32 sim_swp_offset(sim_swp_entry_t entry)
{
	return entry.val;
}

static inline sim_pte_t sim_swp_entry_to_pte(sim_swp_entry_t entry)
{
	u32 offset = sim_swp_offset(entry);

	return (sim_pte_t) {
		FIELD_PREP(SIM_PTE_TYPE, sim_swp_type(entry)) |
		FIELD_PREP(SIM_SWP_OFFSET_LO, offset & GENMASK(SIM_SWP_OFFSET_LO_BITS - 1, 0)) |
		FIELD_PREP(SIM_SWP_OFFSET_HI, offset >> SIM_SWP_OFFSET_LO_BITS)
	};
}

/* True for a swap entry, false for none, a present entry or a signature. */
static inline bool sim_pte_is_swap(sim_pte_t pte)
{
	return !sim_pte_none(pte) && !sim_pte_present(pte) &&
	       !(FIELD_GET(SIM_PTE_TYPE, pte.pte) & SIM_SHM_SWP_TYPE);
}

static inline sim_swp_entry_t sim_pte_to_swp_entry(sim_pte_t pte)
{
	return sim_swp_entry(FIELD_GET(SIM_PTE_TYPE, pte.pte),
			     FIELD_GET(SIM_SWP_OFFSET_LO, pte.pte) |
			     FIELD_GET(SIM_SWP_OFFSET_HI, pte.pte) << SIM_SWP_OFFSET_LO_BITS);
}

/**
 * sim_shm_signature() - what stands in a process for a page that is not mapped
 * @id: index into shm_segs
 * @idx: page index in the segment
 *
 * Mirrors SWP_ENTRY(SHM_SWP_TYPE, id | idx << SHM_IDX_SHIFT) of Linux 2.0.
 *
 * Return: the entry.
 */
static inline sim_pte_t sim_shm_signature(u32 id, u32 idx)
{
	return (sim_pte_t) {
		FIELD_PREP(SIM_PTE_TYPE, SIM_SHM_SWP_TYPE) |
		FIELD_PREP(SIM_SHM_ID_LO, id & GENMASK(SIM_SHM_ID_LO_BITS - 1, 0)) |
		FIELD_PREP(SIM_SHM_ID_HI, id >> SIM_SHM_ID_LO_BITS) |
		FIELD_PREP(SIM_SHM_IDX_LO, idx & GENMASK(SIM_SHM_IDX_LO_BITS - 1, 0)) |
		FIELD_PREP(SIM_SHM_IDX_HI, idx >> SIM_SHM_IDX_LO_BITS)
	};
}

static inline bool sim_pte_is_shm(sim_pte_t pte)
{
	return !sim_pte_present(pte) &&
	       FIELD_GET(SIM_PTE_TYPE, pte.pte) == SIM_SHM_SWP_TYPE;
}

static inline u32 sim_pte_shm_id(sim_pte_t pte)
{
	return FIELD_GET(SIM_SHM_ID_LO, pte.pte) |
	       FIELD_GET(SIM_SHM_ID_HI, pte.pte) << SIM_SHM_ID_LO_BITS;
}

static inline u32 sim_pte_shm_idx(sim_pte_t pte)
{
	return FIELD_GET(SIM_SHM_IDX_LO, pte.pte) |
	       FIELD_GET(SIM_SHM_IDX_HI, pte.pte) << SIM_SHM_IDX_LO_BITS;
}

static inline sim_pte_t sim_ptep_get(const sim_pte_t *ptep)
{
	return (sim_pte_t) { READ_ONCE(ptep->pte) };
}

static inline void sim_set_pte(sim_pte_t *ptep, sim_pte_t pte)
{
	WRITE_ONCE(ptep->pte, pte.pte);
}

/*
 * An access makes a present entry young without any lock, as a real MMU does,
 * so whoever changes a process's present entry exchanges it.
 */
static inline sim_pte_t sim_ptep_xchg(sim_pte_t *ptep, sim_pte_t pte)
{
	return (sim_pte_t) { xchg(&ptep->pte, pte.pte) };
}

static inline bool sim_ptep_cmpxchg(sim_pte_t *ptep, sim_pte_t old, sim_pte_t new)
{
	return cmpxchg(&ptep->pte, old.pte, new.pte) == old.pte;
}

/**
 * sim_access_pte() - what the MMU does on an access
 * @ptep: entry
 * @write: the access is a store
 * @pte: set to the entry as it is then
 *
 * Lock-free, so it competes with reclaim by compare-and-exchange.
 *
 * Context: any; something keeps the table in place.
 * Return: true if the entry allows the access, which leaves it young, and dirty
 * after a store.
 */
static inline bool sim_access_pte(sim_pte_t *ptep, bool write, sim_pte_t *pte)
{
	u64 good = SHMSWAP_PTE_VALID | SHMSWAP_PTE_ACCESSED | (write ? SHMSWAP_PTE_DIRTY : 0);
	u64 mask = good | (write ? SHMSWAP_PTE_FOW : SHMSWAP_PTE_FOR);

	for (;;) {
		sim_pte_t new;

		*pte = sim_ptep_get(ptep);
		if (likely((pte->pte & mask) == good))
			return true;
		if (!sim_pte_present(*pte) || (pte->pte & mask & ~good))
			return false;
		new = sim_pte_mkyoung(*pte);
		if (write)
			new = sim_pte_mkdirty(new);
		if (sim_ptep_cmpxchg(ptep, *pte, new)) {
			*pte = new;
			return true;
		}
	}
}

#endif /* _SIM_PTE_H */
