// SPDX-License-Identifier: GPL-2.0
/*
 * Page tables: four levels of 512 entries (pgd, pud, pmd, pte), 48 bits.
 *
 * The upper levels hold pointers to the next, the last one holds sim_pte_t.
 * Tables appear with mmap_lock held for reading, by compare-and-exchange, and
 * go with mmap_lock held for writing. The clock walks them with nothing but
 * the lock of a segment that has an attach there: no table goes while an area
 * that it covers is on its segment's list.
 */
#include <linux/mm.h>

#include "sim.h"

#define TABLE_SHIFT	9
#define PTE_LEVEL	0
#define PGD_LEVEL	3

struct table {
	void *entry[SIM_PTRS_PER_TABLE];
};

/* log2 of the bytes that one entry of a table of this level covers */
static unsigned int level_shift(int level)
{
	return PAGE_SHIFT + TABLE_SHIFT * level;
}

static unsigned int level_index(u64 address, int level)
{
	return (address >> level_shift(level)) & (SIM_PTRS_PER_TABLE - 1);
}

/**
 * sim_table_alloc() - memory for a page table or a piece of a page list
 * @m: machine, whose limit counts it
 * @bytes: size
 *
 * Context: may sleep; state_lock held for reading, for the self-check compares
 * the sum.
 * Return: zeroed memory, NULL if the limit is reached or there is none.
 */
void *sim_table_alloc(struct sim_machine *m, size_t bytes)
{
	void *table = NULL;

	lockdep_assert_held_read(&m->state_lock);
	if (atomic_long_add_return(bytes, &m->table_bytes) <= m->max_table_bytes)
		table = kvzalloc(bytes, GFP_KERNEL_ACCOUNT | __GFP_NOWARN);
	if (!table)
		atomic_long_sub(bytes, &m->table_bytes);
	return table;
}

/**
 * sim_table_free() - free what sim_table_alloc() returned
 * @m: machine
 * @table: memory, or NULL
 * @bytes: size
 *
 * Context: any; state_lock held for reading.
 */
void sim_table_free(struct sim_machine *m, void *table, size_t bytes)
{
	lockdep_assert_held_read(&m->state_lock);
	if (!table)
		return;
	kvfree(table);
	atomic_long_sub(bytes, &m->table_bytes);
}

/* The table that hangs in *slot, made if there is none. */
static void *table_get(struct sim_mm *mm, void **slot)
{
	void *table = READ_ONCE(*slot);
	void *other;

	if (table)
		return table;
	table = sim_table_alloc(mm->m, PAGE_SIZE);
	if (!table)
		return NULL;
	other = cmpxchg(slot, NULL, table);
	if (!other)
		return table;
	sim_table_free(mm->m, table, PAGE_SIZE);
	return other;
}

/**
 * sim_pte_offset() - find a page table entry
 * @mm: process
 * @address: virtual address below SHMSWAP_TASK_SIZE
 *
 * Context: any; the caller holds mmap_lock, or the lock of a segment that is
 * attached there.
 * Return: the entry, NULL if there is no table for it.
 */
sim_pte_t *sim_pte_offset(struct sim_mm *mm, u64 address)
{
	struct table *table = READ_ONCE(mm->pgd);
	int level;

	for (level = PGD_LEVEL; table && level > PTE_LEVEL; level--)
		table = READ_ONCE(table->entry[level_index(address, level)]);
	return table ? (sim_pte_t *)table + level_index(address, PTE_LEVEL) : NULL;
}

/**
 * sim_pte_alloc() - find a page table entry, make its tables if need be
 * @mm: process
 * @address: virtual address below SHMSWAP_TASK_SIZE, in an area
 *
 * Context: may sleep; state_lock held for reading, and mmap_lock, or that of the
 * real process: the area stays, and so do tables that it needs.
 * Return: the entry, NULL if there is no memory.
 */
sim_pte_t *sim_pte_alloc(struct sim_mm *mm, u64 address)
{
	struct table *table;
	int level;

	if (!mm->real)
		lockdep_assert_held(&mm->mmap_lock);
	table = table_get(mm, &mm->pgd);
	for (level = PGD_LEVEL; table && level > PTE_LEVEL; level--)
		table = table_get(mm, &table->entry[level_index(address, level)]);
	return table ? (sim_pte_t *)table + level_index(address, PTE_LEVEL) : NULL;
}

/**
 * sim_pte_next() - the next entry that is not none
 * @mm: process
 * @address: where to start, page-aligned; set to the entry's address
 * @end: where to stop
 *
 * Steps over what a missing table would cover at once.
 *
 * Context: any; locks as for sim_pte_offset().
 * Return: the entry, NULL if there is none in [@address, @end).
 */
sim_pte_t *sim_pte_next(struct sim_mm *mm, u64 *address, u64 end)
{
	while (*address < end) {
		struct table *table = READ_ONCE(mm->pgd);
		int level = PGD_LEVEL;
		sim_pte_t *pte;

		for (; table && level > PTE_LEVEL; level--)
			table = READ_ONCE(table->entry[level_index(*address, level)]);
		if (!table) {
			/* The missing table hung in an entry of level + 1. */
			*address = round_down(*address, 1ULL << level_shift(level + 1)) +
				   (1ULL << level_shift(level + 1));
			continue;
		}
		pte = (sim_pte_t *)table + level_index(*address, PTE_LEVEL);
		do {
			if (!sim_pte_none(sim_ptep_get(pte)))
				return pte;
			*address += PAGE_SIZE;
			pte++;
		} while (level_index(*address, PTE_LEVEL) && *address < end);
	}
	return NULL;
}

/*
 * Free the tables below @table that lie within [@floor, @ceiling), as far as
 * they cover [@start, @end). @base is what @table starts at.
 */
static void free_tables(struct sim_mm *mm, struct table *table, int level, u64 base,
			u64 start, u64 end, u64 floor, u64 ceiling)
{
	u64 size = 1ULL << level_shift(level);
	u64 low = max(start, base);
	u64 high = min(end, base + (size << TABLE_SHIFT));
	unsigned int i;

	for (i = level_index(low, level); i <= level_index(high - 1, level); i++) {
		u64 from = base + i * size;
		struct table *child = table->entry[i];

		if (!child)
			continue;
		if (level - 1 > PTE_LEVEL)
			free_tables(mm, child, level - 1, from, start, end, floor, ceiling);
		if (from >= floor && from + size <= ceiling) {
			WRITE_ONCE(table->entry[i], NULL);
			sim_table_free(mm->m, child, PAGE_SIZE);
		}
	}
}

/**
 * sim_free_pgtables() - free the tables that only a removed area needed
 * @mm: process
 * @start: first address of the area
 * @end: first address behind it
 * @floor: end of the area before it, or 0
 * @ceiling: start of the area behind it, or SHMSWAP_TASK_SIZE
 *
 * With [@floor, @ceiling) everything, the top goes too.
 *
 * Context: mmap_lock held for writing, state_lock for reading. No entry in the
 * area is present.
 */
void sim_free_pgtables(struct sim_mm *mm, u64 start, u64 end, u64 floor, u64 ceiling)
{
	lockdep_assert_held_write(&mm->mmap_lock);
	if (!mm->pgd)
		return;
	free_tables(mm, mm->pgd, PGD_LEVEL, 0, start, end, floor, ceiling);
	if (floor == 0 && ceiling == SHMSWAP_TASK_SIZE) {
		sim_table_free(mm->m, mm->pgd, PAGE_SIZE);
		WRITE_ONCE(mm->pgd, NULL);
	}
}

static size_t table_bytes(const struct table *table, int level)
{
	size_t bytes = PAGE_SIZE;
	unsigned int i;

	for (i = 0; level > PTE_LEVEL && i < SIM_PTRS_PER_TABLE; i++) {
		if (table->entry[i])
			bytes += table_bytes(table->entry[i], level - 1);
	}
	return bytes;
}

/**
 * sim_mm_table_bytes() - memory of a process's page tables
 * @mm: process
 *
 * Context: state_lock held for writing.
 * Return: bytes.
 */
size_t sim_mm_table_bytes(struct sim_mm *mm)
{
	lockdep_assert_held_write(&mm->m->state_lock);
	return mm->pgd ? table_bytes(mm->pgd, PGD_LEVEL) : 0;
}
