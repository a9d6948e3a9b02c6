// SPDX-License-Identifier: GPL-2.0
/*
 * The self-check: every count of every frame, slot, segment and process,
 * computed anew from the page lists, the page tables and the caches, while the
 * machine stands still.
 */
#include <linux/slab.h>
#include <linux/vmalloc.h>

#include "sim.h"

/* In struct census.frames: the frame is part of a free block. */
#define FREE_FRAME	U32_MAX

/**
 * struct census - the counts as they should be
 * @m: machine
 * @result: what disagreed first
 * @frames: references by frame
 * @live: real PTEs that a frame may have
 * @slots: u16 counts by SIM_SLOTS_PER_CHUNK slots, see slot_key()
 * @attached: PTEs in attaches, by process number
 * @table_bytes: memory of the tables
 * @tot: pages of all segments
 * @rss: resident pages
 * @swp: swapped pages
 */
struct census {
	struct sim_machine *m;
	struct shmswap_check *result;
	u32 *frames;
	u32 *live;
	struct xarray slots;
	struct xarray attached;
	u64 table_bytes;
	u64 tot;
	u64 rss;
	u64 swp;
};

static int report(struct census *c, u32 what, u64 where, u64 expected, u64 found)
{
	c->result->out_what = what;
	c->result->out_where = where;
	c->result->out_expected = expected;
	c->result->out_found = found;
	return -EUCLEAN;
}

static int compare(struct census *c, u32 what, u64 where, u64 expected, u64 found)
{
	return expected == found ? 0 : report(c, what, where, expected, found);
}

/* ---------------------------------------------------------------- counting */

static unsigned long slot_key(sim_swp_entry_t entry)
{
	return (unsigned long)sim_swp_type(entry) << 32 |
	       sim_swp_offset(entry) / SIM_SLOTS_PER_CHUNK;
}

static int count_slot(struct census *c, sim_swp_entry_t entry)
{
	u16 *counts = xa_load(&c->slots, slot_key(entry));

	if (!counts) {
		counts = kcalloc(SIM_SLOTS_PER_CHUNK, sizeof(*counts), GFP_KERNEL);
		if (!counts)
			return -ENOMEM;
		if (xa_err(xa_store(&c->slots, slot_key(entry), counts, GFP_KERNEL))) {
			kfree(counts);
			return -ENOMEM;
		}
	}
	counts[sim_swp_offset(entry) % SIM_SLOTS_PER_CHUNK]++;
	return 0;
}

static int count_word(struct census *c, struct sim_shmid *seg, pgoff_t index, sim_pte_t word,
		      u64 *rss, u64 *swp)
{
	struct sim_page *page;
	u32 pfn;

	if (sim_pte_is_swap(word)) {
		(*swp)++;
		return count_slot(c, sim_pte_to_swp_entry(word));
	}
	pfn = sim_pte_pfn(word);
	if (!sim_pte_present(word) || pfn >= c->m->nr_frames)
		return compare(c, SHMSWAP_CHECK_PTE, index, 0, word.pte);
	page = sim_pfn_page(c->m, pfn);
	if (c->frames[pfn] || page->seg != seg || page->index != index)
		return compare(c, SHMSWAP_CHECK_FRAME_TWICE, pfn, index, page->index) ?:
		       compare(c, SHMSWAP_CHECK_FRAME_TWICE, pfn, 0, 1);
	c->frames[pfn]++;
	(*rss)++;
	return 0;
}

static int count_words(struct census *c, struct sim_shmid *seg)
{
	u64 rss = 0, swp = 0;
	pgoff_t index;
	sim_pte_t *word;
	int err = 0;

	for (index = 0; !err && (word = sim_shm_next_word(seg, &index)); index++) {
		err = count_word(c, seg, index, *word, &rss, &swp);
		cond_resched();
	}
	c->table_bytes += sim_shm_list_bytes(seg);
	c->tot += seg->npages;
	c->rss += rss;
	c->swp += swp;
	if (!err)
		err = compare(c, SHMSWAP_CHECK_SHM_RSS, seg->id, rss, seg->rss);
	if (!err)
		err = compare(c, SHMSWAP_CHECK_SHM_SWP, seg->id, swp, seg->swp);
	return err;
}

static int count_one(struct census *c, unsigned long pid)
{
	u64 nr = xa_to_value(xa_load(&c->attached, pid) ?: xa_mk_value(0));

	return xa_err(xa_store(&c->attached, pid, xa_mk_value(nr + 1), GFP_KERNEL));
}

/* May a PTE of an attach that is not present be like that? */
static bool absent_right(struct sim_shmid *seg, pgoff_t index, sim_pte_t *word, sim_pte_t pte)
{
	sim_swp_entry_t entry;

	if (!sim_pte_is_swap(pte))
		return sim_pte_same(pte, sim_shm_signature(sim_shm_index(seg->id), index));
	/* Taken by the process scan: the page has the slot, in the cache or there. */
	if (!word || !sim_pte_present(*word))
		return word && sim_pte_same(*word, pte);
	entry = sim_pfn_page(seg->m, sim_pte_pfn(*word))->entry;
	return sim_pte_same(pte, sim_swp_entry_to_pte(entry));
}

/* A PTE of an attach refers to its page. */
static int count_pte(struct census *c, struct sim_vma *vma, u64 address, sim_pte_t pte)
{
	struct sim_shmid *seg = vma->vm_seg;
	pgoff_t index = sim_linear_page_index(vma, address);
	sim_pte_t *word = sim_shm_word(seg, index);
	bool right;

	if (sim_pte_present(pte))
		right = word && sim_pte_present(*word) &&
			sim_pte_pfn(*word) == sim_pte_pfn(pte);
	else
		right = absent_right(seg, index, word, pte);
	if (!right)
		return report(c, SHMSWAP_CHECK_PTE, address, word ? word->pte : 0, pte.pte);
	/* What a live process may have really mapped. */
	if (vma->vm_mm->real && sim_pte_present(pte) && sim_pte_young(pte))
		c->live[sim_pte_pfn(pte)]++;
	return count_one(c, vma->vm_mm->pid);
}

static int count_attach(struct census *c, struct sim_vma *vma)
{
	u64 address = vma->vm_start;
	sim_pte_t *ptep;
	int err = 0;

	while (!err && (ptep = sim_pte_next(vma->vm_mm, &address, vma->vm_end))) {
		err = count_pte(c, vma, address, sim_ptep_get(ptep));
		address += PAGE_SIZE;
		cond_resched();
	}
	return err;
}

static int count_attaches(struct census *c, struct sim_shmid *seg)
{
	struct sim_vma *vma = seg->attaches;
	u64 nattch = 0;
	int err = 0;

	while (vma && !err) {
		nattch++;
		err = count_attach(c, vma);
		vma = vma->vm_next_shared == seg->attaches ? NULL : vma->vm_next_shared;
	}
	return err ?: compare(c, SHMSWAP_CHECK_NATTCH, seg->id, nattch, seg->nattch);
}

static int count_segments(struct census *c)
{
	struct sim_shmid *seg;
	unsigned long index;
	int err = 0;

	xa_for_each(&c->m->shm_segs, index, seg) {
		mutex_lock(&seg->lock);
		err = count_words(c, seg);
		if (!err)
			err = count_attaches(c, seg);
		mutex_unlock(&seg->lock);
		if (err)
			return err;
		cond_resched();
	}
	return 0;
}

static int count_swap_cache(struct census *c)
{
	struct sim_page *page;
	u64 nr = 0;
	u32 i;
	int err;

	for (i = 0; i < 1U << c->m->cache_bits; i++) {
		hlist_for_each_entry(page, &c->m->swap_cache[i], hash) {
			c->frames[sim_page_pfn(c->m, page)]++;
			nr++;
			err = compare(c, SHMSWAP_CHECK_CACHE, sim_page_pfn(c->m, page), 1,
				      test_bit(SIM_PG_SWAPCACHE, &page->flags)) ?:
			      count_slot(c, page->entry);
			if (err)
				return err;
		}
	}
	return compare(c, SHMSWAP_CHECK_CACHE, ~0ULL, nr, atomic_read(&c->m->nr_swapcache));
}

static int count_file_pages(struct census *c)
{
	struct sim_mapping *mapping;
	struct sim_page *page;
	unsigned long index;
	u64 nr = 0;
	int bucket;

	lockdep_assert_held(&c->m->mapping_lock);
	hash_for_each(c->m->mappings, bucket, mapping, node) {
		xa_for_each(&mapping->pages, index, page) {
			if (!test_bit(SIM_PG_FILE, &page->flags) || page->mapping != mapping ||
			    page->index != index)
				return report(c, SHMSWAP_CHECK_CACHE,
					      sim_page_pfn(c->m, page), 1, 0);
			c->frames[sim_page_pfn(c->m, page)]++;
			nr++;
		}
		cond_resched();
	}
	return compare(c, SHMSWAP_CHECK_CACHE, ~0ULL, nr, atomic_read(&c->m->nr_file_pages));
}

/* What a process's PTE refers to; those of attaches were compared already. */
static int count_private(struct census *c, u64 address, sim_pte_t pte, u64 *rss)
{
	if (sim_pte_present(pte)) {
		if (sim_pte_pfn(pte) >= c->m->nr_frames)
			return compare(c, SHMSWAP_CHECK_PTE, address, 0, pte.pte);
		c->frames[sim_pte_pfn(pte)]++;
		(*rss)++;
	} else if (sim_pte_is_swap(pte)) {
		return count_slot(c, sim_pte_to_swp_entry(pte));
	}
	return 0;
}

static int count_process(struct census *c, struct sim_mm *mm)
{
	u64 address = 0;
	sim_pte_t *ptep;
	u64 rss = 0;
	int err = 0;

	while (!err && (ptep = sim_pte_next(mm, &address, SHMSWAP_TASK_SIZE))) {
		err = count_private(c, address, sim_ptep_get(ptep), &rss);
		address += PAGE_SIZE;
		cond_resched();
	}
	c->table_bytes += sim_mm_table_bytes(mm);
	return err ?: compare(c, SHMSWAP_CHECK_RSS, mm->pid, rss, atomic_long_read(&mm->rss));
}

/* --------------------------------------------------------------- comparing */

static int check_shm(struct census *c)
{
	struct sim_machine *m = c->m;

	return compare(c, SHMSWAP_CHECK_SHM_TOT, 0, c->tot, m->shm_tot) ?:
	       compare(c, SHMSWAP_CHECK_SHM_RSS, ~0ULL, c->rss, atomic_long_read(&m->shm_rss)) ?:
	       compare(c, SHMSWAP_CHECK_SHM_SWP, ~0ULL, c->swp, atomic_long_read(&m->shm_swp));
}

/* Every PTE is in an area, and those in attaches are those that segments know. */
static int check_areas_of(struct census *c, struct sim_mm *mm)
{
	void *attached = xa_load(&c->attached, mm->pid);
	struct sim_vma *vma;
	u64 address = 0;
	u64 found = 0;

	while (sim_pte_next(mm, &address, SHMSWAP_TASK_SIZE)) {
		vma = sim_find_vma(mm, address);
		if (!vma)
			return report(c, SHMSWAP_CHECK_PTE, address, 0, 1);
		found += !!vma->vm_seg;
		address += PAGE_SIZE;
		cond_resched();
	}
	if (!sim_tlb_check(mm, &address))
		return report(c, SHMSWAP_CHECK_TLB, address, 0, 1);
	return compare(c, SHMSWAP_CHECK_RSS, mm->pid, attached ? xa_to_value(attached) : 0, found);
}

static int check_process(struct census *c, struct sim_mm *mm)
{
	int err = count_process(c, mm);

	/* A process that is just mapping or accessing something waits for us. */
	if (err || !down_write_trylock(&mm->mmap_lock))
		return err;
	err = check_areas_of(c, mm);
	up_write(&mm->mmap_lock);
	return err;
}

static int check_processes(struct census *c)
{
	struct sim_mm *mm;
	unsigned long pid;
	int err;

	xa_for_each(&c->m->mms, pid, mm) {
		err = check_process(c, mm);
		if (err)
			return err;
		cond_resched();
	}
	return compare(c, SHMSWAP_CHECK_TABLES, 0, c->table_bytes,
		       atomic_long_read(&c->m->table_bytes));
}

static int mark_free(struct census *c, u32 order)
{
	struct sim_page *page;
	u64 nr = 0;
	u32 i;

	list_for_each_entry(page, &c->m->free_area[order].list, list) {
		u32 pfn = sim_page_pfn(c->m, page);

		for (i = 0; i < 1U << order; i++) {
			u64 count = atomic64_read(&page[i].count);

			if (c->frames[pfn + i] || count)
				return compare(c, SHMSWAP_CHECK_FRAME_COUNT, pfn + i, 0,
					       count ?: c->frames[pfn + i]);
			c->frames[pfn + i] = FREE_FRAME;
		}
		nr++;
	}
	return compare(c, SHMSWAP_CHECK_FREE_AREA, (u64)order << 32, nr,
		       c->m->free_area[order].nr_blocks);
}

static bool free_at(const struct sim_machine *m, u32 pfn, u32 order)
{
	const struct sim_page *page = sim_pfn_page(m, pfn);

	return pfn < m->nr_frames && test_bit(SIM_PG_BUDDY, &page->flags) &&
	       page->order == order;
}

/* The bit of a pair says that exactly one of the buddies is free. */
static int check_pairs(struct census *c, u32 order)
{
	u32 pfn;

	for (pfn = 0; pfn < c->m->nr_frames; pfn += 2U << order) {
		bool one = free_at(c->m, pfn, order) != free_at(c->m, pfn + (1U << order), order);
		int err = compare(c, SHMSWAP_CHECK_FREE_AREA, (u64)order << 32 | pfn, one,
				  test_bit(pfn >> (1 + order), c->m->free_area[order].map));

		if (err)
			return err;
	}
	return 0;
}

/* A real PTE exists only while the PTE is present and young. */
static int check_live(struct census *c, u32 pfn)
{
	const struct sim_page *page = sim_pfn_page(c->m, pfn);
	u32 mapped;

	if (!test_bit(SIM_PG_LIVE, &page->flags))
		return 0;
	mapped = atomic_read(&page->page->_mapcount) + 1;
	return mapped <= c->live[pfn] ? 0 :
	       report(c, SHMSWAP_CHECK_LIVE, pfn, c->live[pfn], mapped);
}

static int check_frames(struct census *c)
{
	u64 nr_free = 0;
	u32 order, pfn;
	int err = 0;

	for (order = 0; !err && order < SIM_NR_ORDERS; order++)
		err = mark_free(c, order);
	/* Linux 2.0 keeps no bit for the largest blocks: they have no buddy. */
	for (order = 0; !err && order < SIM_NR_ORDERS - 1; order++)
		err = check_pairs(c, order);
	for (pfn = 0; !err && pfn < c->m->nr_frames; pfn++) {
		const struct sim_page *page = sim_pfn_page(c->m, pfn);

		if (c->frames[pfn] == FREE_FRAME)
			nr_free++;
		else if (!atomic64_read(&page->count))
			err = compare(c, SHMSWAP_CHECK_FRAME_COUNT, pfn, 1, 0);
		else
			err = compare(c, SHMSWAP_CHECK_FRAME_COUNT, pfn, c->frames[pfn],
				      sim_page_count(page)) ?: check_live(c, pfn);
	}
	return err ?: compare(c, SHMSWAP_CHECK_FREE_PAGES, 0, nr_free, c->m->nr_free_pages);
}

static int check_chunk(struct census *c, const struct sim_swap_info *si, unsigned long nr,
		       const struct sim_swap_chunk *chunk, u64 *used)
{
	u16 *counts = xa_load(&c->slots, (unsigned long)si->type << 32 | nr);
	u32 base = nr * SIM_SLOTS_PER_CHUNK;
	u32 i, nr_free = 0;
	int err = 0;

	for (i = 0; !err && i < SIM_SLOTS_PER_CHUNK && base + i < si->max; i++) {
		nr_free += !chunk->count[i];
		if (chunk->count[i] == SIM_SWAP_MAP_BAD && !(counts && counts[i]))
			continue;
		*used += !!chunk->count[i];
		err = compare(c, SHMSWAP_CHECK_SLOT_COUNT, (u64)si->type << 32 | (base + i),
			      counts ? counts[i] : 0, chunk->count[i]);
	}
	/* What is checked off here is not looked for in a missing chunk. */
	kfree(xa_erase(&c->slots, (unsigned long)si->type << 32 | nr));
	return err ?: compare(c, SHMSWAP_CHECK_SWAP_PAGES, si->type, nr_free, chunk->nr_free);
}

static int check_areas(struct census *c)
{
	struct sim_machine *m = c->m;
	u64 nr_swap_pages = 0;
	unsigned long nr;
	int type, err;

	for (type = 0; type < SHMSWAP_MAX_SWAPFILES; type++) {
		struct sim_swap_info *si = m->swap_info[type];
		u64 used = 0;

		if (!si)
			continue;
		for (nr = 0; nr <= (si->max - 1) / SIM_SLOTS_PER_CHUNK; nr++) {
			err = si->map[nr] ? check_chunk(c, si, nr, si->map[nr], &used) : 0;
			if (err)
				return err;
		}
		err = compare(c, SHMSWAP_CHECK_SWAP_PAGES, type, used, si->inuse_pages);
		if (err)
			return err;
		if (si->flags == SIM_SWP_WRITEOK)
			nr_swap_pages += si->pages - used;
	}
	/* Slots of an area that is not there, or of a chunk that it has not. */
	if (xa_find(&c->slots, &(unsigned long){ 0 }, ULONG_MAX, XA_PRESENT))
		return compare(c, SHMSWAP_CHECK_SLOT_COUNT, ~0ULL, 1, 0);
	return compare(c, SHMSWAP_CHECK_SWAP_PAGES, ~0ULL, nr_swap_pages, m->nr_swap_pages);
}

static int check_all(struct census *c)
{
	struct sim_machine *m = c->m;
	int err;

	err = count_segments(c) ?: count_swap_cache(c) ?: count_file_pages(c) ?: check_shm(c) ?:
	      check_processes(c);
	if (err)
		return err;
	mutex_lock(&m->swap_lock);
	err = check_areas(c);
	mutex_unlock(&m->swap_lock);
	if (err)
		return err;
	/* Faults take and return frames without state_lock. */
	spin_lock(&m->free_lock);
	err = check_frames(c);
	spin_unlock(&m->free_lock);
	return err;
}

static void free_census(struct census *c)
{
	unsigned long key;
	u16 *counts;

	xa_for_each(&c->slots, key, counts)
		kfree(counts);
	xa_destroy(&c->slots);
	xa_destroy(&c->attached);
	vfree(c->live);
	vfree(c->frames);
}

/* Let the machine stand still. */
static int lock_machine(struct sim_machine *m)
{
	int err;

	err = mutex_lock_killable(&m->reclaim_lock);
	if (err)
		return err;
	err = mutex_lock_killable(&m->mapping_lock);
	if (err)
		goto unlock_reclaim;
	err = down_write_killable(&m->state_lock);
	if (!err)
		return 0;
	mutex_unlock(&m->mapping_lock);
unlock_reclaim:
	mutex_unlock(&m->reclaim_lock);
	return err;
}

/**
 * sim_check() - the self-check
 * @m: machine
 * @check: what disagreed first, if anything
 *
 * Context: sleeps; no lock held. Reclaim, faults, attaches and all else that
 * changes a count wait meanwhile; I/O that is under way goes on.
 * Return: 0; -EUCLEAN if something disagrees; -ENOMEM, -EINTR.
 */
int sim_check(struct sim_machine *m, struct shmswap_check *check)
{
	struct census c = { .m = m, .result = check };
	int err;

	check->out_what = SHMSWAP_CHECK_OK;
	check->out_where = 0;
	check->out_expected = 0;
	check->out_found = 0;
	xa_init(&c.slots);
	xa_init(&c.attached);
	c.frames = vzalloc(array_size(m->nr_frames, sizeof(*c.frames)));
	c.live = vzalloc(array_size(m->nr_frames, sizeof(*c.live)));
	err = c.frames && c.live ? lock_machine(m) : -ENOMEM;
	if (!err) {
		err = check_all(&c);
		up_write(&m->state_lock);
		mutex_unlock(&m->mapping_lock);
		mutex_unlock(&m->reclaim_lock);
	}
	free_census(&c);
	return err;
}
