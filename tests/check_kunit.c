// SPDX-License-Identifier: GPL-2.0
/*
 * The self-check can fail: each count and each entry that it looks at is made
 * wrong by hand, and it must say which, what it should be and what it is.
 */
#include "kunit_regions.h"

#define FRAMES_USED	7
#define SLOTS_USED	4

/**
 * struct rig - a machine in which there is something of everything
 * @m: machine
 * @mm: process, with pages 0 to 3 mapped and the signatures of 4 and 5
 * @other: process, with pages 0 and 1 mapped and the signatures of 2 to 5
 * @third: process, with private memory and a file
 * @seg: their segment: pages 0 to 3 resident, 4 and 5 swapped, 6 and 7 untouched
 * @base: its attach in @mm
 * @anon: private memory: page 0 mapped and in the TLB, 1 swapped, 2 mapped and in
 *	the swap cache, 3 untouched
 * @text: a file's page, mapped
 * @si: area that 4 and 5 are in
 * @slot: slot of page 4
 * @page: a frame that a corruption needs again to undo itself
 * @saved: what it has to put back
 * @where: what the check is to say
 * @expected: the same
 * @found: the same
 */
struct rig {
	struct sim_machine *m;
	struct sim_mm *mm;
	struct sim_mm *other;
	struct sim_mm *third;
	struct sim_shmid *seg;
	u64 base;
	u64 anon;
	u64 text;
	struct sim_swap_info *si;
	u32 slot;
	struct sim_page *page;
	u64 saved;
	u64 where;
	u64 expected;
	u64 found;
};

static void make_third(struct kunit *test, struct rig *r)
{
	r->third = sim_test_process(test, r->m);
	r->anon = sim_test_map(test, r->third, 4);
	r->text = sim_test_map_file(test, r->third, sim_test_file(test, 1, 1), 1, MAP_PRIVATE);
	sim_test_touch_pages(test, r->third, r->anon, 3);
	sim_test_scan_out(test, r->third, sim_test_page(r->anon, 1), 2);
	sim_test_discard_all(r->m);
	sim_test_touch_pages(test, r->third, sim_test_page(r->anon, 2), 1);
	sim_test_touch_pages(test, r->third, r->text, 1);
	/* The second access finds it in the page table, and the third in the TLB. */
	sim_test_word_at(r->third, r->anon);
	KUNIT_ASSERT_NE(test, 0, r->third->tlb[(r->anon >> PAGE_SHIFT) % SIM_TLB_ENTRIES]);
}

static void make_rig(struct kunit *test, struct rig *r)
{
	u64 there;
	s32 id;

	r->m = sim_test_machine(test);
	r->m->page_cluster = 0;
	r->mm = sim_test_process(test, r->m);
	r->other = sim_test_process(test, r->m);
	id = sim_test_segment(test, r->m, 8);
	r->seg = sim_test_seg(test, r->m, id);
	r->base = sim_test_attach(test, r->mm, id);
	there = sim_test_attach(test, r->other, id);
	sim_test_touch_pages(test, r->mm, r->base, 6);
	sim_test_touch_pages(test, r->other, there, 6);
	sim_test_swap_out_all(test, r->m);
	sim_test_touch_pages(test, r->mm, r->base, 4);
	sim_test_touch_pages(test, r->other, there, 2);
	r->si = r->m->swap_info[0];
	r->slot = sim_swp_offset(sim_pte_to_swp_entry(sim_test_word(r->seg, 4)));
	make_third(test, r);
	sim_test_check(test, r->m);
}

static void expect(struct rig *r, u64 where, u64 expected, u64 found)
{
	r->where = where;
	r->expected = expected;
	r->found = found;
}

static sim_pte_t *word(struct rig *r, pgoff_t index)
{
	sim_pte_t *word;

	mutex_lock(&r->seg->lock);
	word = sim_shm_word(r->seg, index);
	mutex_unlock(&r->seg->lock);
	return word;
}

static sim_pte_t *pte_at(struct sim_mm *mm, u64 address)
{
	sim_pte_t *ptep;

	down_read(&mm->mmap_lock);
	ptep = sim_pte_offset(mm, address);
	up_read(&mm->mmap_lock);
	return ptep;
}

/* A PTE of the attach in @r->mm. */
static sim_pte_t *pte(struct rig *r, pgoff_t index)
{
	return pte_at(r->mm, sim_test_page(r->base, index));
}

/* One of the private memory. */
static sim_pte_t *anon_pte(struct rig *r, pgoff_t index)
{
	return pte_at(r->third, sim_test_page(r->anon, index));
}

static struct sim_page *anon_page(struct rig *r, pgoff_t index)
{
	return sim_test_mapped(r->third, sim_test_page(r->anon, index));
}

static struct sim_page *text_page(struct rig *r)
{
	return sim_test_mapped(r->third, r->text);
}

/* Put @pte there, or, to undo that, what was there. */
static void put_pte(struct rig *r, sim_pte_t *ptep, sim_pte_t pte, int by)
{
	if (by > 0) {
		r->saved = ptep->pte;
		*ptep = pte;
	} else {
		ptep->pte = r->saved;
	}
}

static u16 *slot_count(struct rig *r, u32 slot)
{
	return &sim_swap_chunk(r->si, slot)->count[slot % SIM_SLOTS_PER_CHUNK];
}

static u64 slot_where(struct rig *r, u32 slot)
{
	return (u64)r->si->type << 32 | slot;
}

/*
 * The corruptions. Each adds @by, 1 or -1, to something, or puts something in
 * place and takes it away.
 */

static void count_too_high(struct rig *r, int by)
{
	struct sim_page *page = sim_test_frame(r->seg, 0);

	atomic64_add(by, &page->count);
	expect(r, sim_page_pfn(r->m, page), 3, 4);
}

static void count_too_low(struct rig *r, int by)
{
	struct sim_page *page = sim_test_frame(r->seg, 3);

	atomic64_sub(by, &page->count);
	expect(r, sim_page_pfn(r->m, page), 2, 1);
}

static void count_of_free_frame(struct rig *r, int by)
{
	struct sim_page *page;
	u32 order = 0;

	while (list_empty(&r->m->free_area[order].list))
		order++;
	page = list_first_entry(&r->m->free_area[order].list, struct sim_page, list);
	atomic64_add(by, &page->count);
	expect(r, sim_page_pfn(r->m, page), 0, 1);
}

/* Take a frame out of free_area again. */
static void take_back(struct rig *r, struct sim_page *page)
{
	struct sim_page *others[SIM_TEST_FRAMES];
	struct sim_page *taken;
	u32 nr = 0;

	while ((taken = sim_rmqueue(r->m, 0, 0)) && taken != page)
		others[nr++] = taken;
	while (nr)
		sim_free_pages(r->m, others[--nr], 0);
}

static void used_frame_is_free(struct rig *r, int by)
{
	struct sim_page *page = sim_test_frame(r->seg, 0);

	if (by > 0) {
		r->saved = atomic64_read(&page->count);
		sim_free_pages(r->m, page, 0);
	} else {
		take_back(r, page);
	}
	atomic64_set(&page->count, r->saved);
	expect(r, sim_page_pfn(r->m, page), 0, 3);
}

/* In no list, and nobody has it. */
static void frame_is_lost(struct rig *r, int by)
{
	if (by > 0) {
		r->page = sim_rmqueue(r->m, 0, 0);
		atomic64_set(&r->page->count, 0);
		expect(r, sim_page_pfn(r->m, r->page), 1, 0);
	} else {
		sim_free_pages(r->m, r->page, 0);
	}
}

static void frame_of_another_page(struct rig *r, int by)
{
	sim_pte_t pte = *word(r, 2);

	*word(r, 2) = *word(r, 3);
	*word(r, 3) = pte;
	expect(r, sim_pte_pfn(*word(r, 2)), 2, 3);
}

static void frame_of_no_segment(struct rig *r, int by)
{
	struct sim_page *page = sim_test_frame(r->seg, 2);

	page->seg = by > 0 ? NULL : r->seg;
	expect(r, sim_page_pfn(r->m, page), 0, 1);
}

static void number_of_free_frames(struct rig *r, int by)
{
	r->m->nr_free_pages += by;
	expect(r, 0, SIM_TEST_FRAMES - FRAMES_USED, SIM_TEST_FRAMES - FRAMES_USED + 1);
}

static void pair_bit(struct rig *r, int by)
{
	bool one = test_bit(3, r->m->free_area[1].map);

	__change_bit(3, r->m->free_area[1].map);
	expect(r, 1ULL << 32 | 3 * 4, one, !one);
}

static void number_of_blocks(struct rig *r, int by)
{
	struct sim_free_area *area = &r->m->free_area[5];

	area->nr_blocks += by;
	expect(r, 5ULL << 32, area->nr_blocks - 1, area->nr_blocks);
}

static void slot_count_too_high(struct rig *r, int by)
{
	*slot_count(r, r->slot) += by;
	expect(r, slot_where(r, r->slot), 1, 2);
}

static void slot_that_is_used_is_free(struct rig *r, int by)
{
	*slot_count(r, r->slot) -= by;
	expect(r, slot_where(r, r->slot), 1, 0);
}

static void slot_that_is_used_is_bad(struct rig *r, int by)
{
	*slot_count(r, r->slot) = by > 0 ? SIM_SWAP_MAP_BAD : 1;
	expect(r, slot_where(r, r->slot), 1, SIM_SWAP_MAP_BAD);
}

static void slot_that_nobody_uses_is_not_free(struct rig *r, int by)
{
	*slot_count(r, SIM_TEST_SLOTS) += by;
	expect(r, slot_where(r, SIM_TEST_SLOTS), 0, 1);
}

static void slot_of_no_area(struct rig *r, int by)
{
	put_pte(r, word(r, 6), sim_swp_entry_to_pte(sim_swp_entry(7, 1)), by);
	r->seg->swp += by;
	atomic_long_add(by, &r->m->shm_swp);
	expect(r, ~0ULL, 1, 0);
}

/* In the swap cache without a count of its own. */
static void slot_of_cached_page(struct rig *r, int by)
{
	if (by > 0) {
		r->page = sim_get_free_page(r->m);
		sim_trylock_page(r->page);
		sim_add_to_swap_cache(r->m, r->page, sim_swp_entry(r->si->type, r->slot));
	} else {
		sim_delete_from_swap_cache(r->m, r->page);
		sim_unlock_page(r->page);
		sim_unpin_page(r->m, r->page);
	}
	expect(r, slot_where(r, r->slot), 2, 1);
}

static void free_slots_of_chunk(struct rig *r, int by)
{
	struct sim_swap_chunk *chunk = sim_swap_chunk(r->si, 0);

	chunk->nr_free += by;
	expect(r, r->si->type, SIM_TEST_SLOTS - SLOTS_USED, SIM_TEST_SLOTS - SLOTS_USED + 1);
}

static void used_slots_of_area(struct rig *r, int by)
{
	r->si->inuse_pages += by;
	expect(r, r->si->type, SLOTS_USED, SLOTS_USED + 1);
}

static void free_slots_of_all(struct rig *r, int by)
{
	r->m->nr_swap_pages += by;
	expect(r, ~0ULL, SIM_TEST_SLOTS - SLOTS_USED, SIM_TEST_SLOTS - SLOTS_USED + 1);
}

static void shm_tot(struct rig *r, int by)
{
	r->m->shm_tot += by;
	expect(r, 0, 8, 9);
}

static void rss_of_segment(struct rig *r, int by)
{
	r->seg->rss += by;
	expect(r, r->seg->id, 4, 5);
}

static void rss_of_all(struct rig *r, int by)
{
	atomic_long_add(by, &r->m->shm_rss);
	expect(r, ~0ULL, 4, 5);
}

static void swp_of_segment(struct rig *r, int by)
{
	r->seg->swp += by;
	expect(r, r->seg->id, 2, 3);
}

static void swp_of_all(struct rig *r, int by)
{
	atomic_long_add(by, &r->m->shm_swp);
	expect(r, ~0ULL, 2, 3);
}

static void nattch(struct rig *r, int by)
{
	r->seg->nattch += by;
	expect(r, r->seg->id, 2, 3);
}

static void signature_of_another_page(struct rig *r, int by)
{
	put_pte(r, pte(r, 4), sim_shm_signature(0, 5), by);
	expect(r, sim_test_page(r->base, 4), word(r, 4)->pte, sim_shm_signature(0, 5).pte);
}

static void signature_of_another_segment(struct rig *r, int by)
{
	put_pte(r, pte(r, 5), sim_shm_signature(1, 5), by);
	expect(r, sim_test_page(r->base, 5), word(r, 5)->pte, sim_shm_signature(1, 5).pte);
}

static void pte_of_another_frame(struct rig *r, int by)
{
	sim_pte_t wrong = *pte(r, 1);

	put_pte(r, pte(r, 0), wrong, by);
	expect(r, r->base, word(r, 0)->pte, wrong.pte);
}

static void pte_of_page_that_is_swapped(struct rig *r, int by)
{
	sim_pte_t wrong = *pte(r, 0);

	put_pte(r, pte(r, 4), wrong, by);
	expect(r, sim_test_page(r->base, 4), word(r, 4)->pte, wrong.pte);
}

static void word_is_signature(struct rig *r, int by)
{
	put_pte(r, word(r, 7), sim_shm_signature(0, 7), by);
	expect(r, 7, 0, sim_shm_signature(0, 7).pte);
}

static void word_beyond_memory(struct rig *r, int by)
{
	put_pte(r, word(r, 6), sim_mk_pte(SIM_TEST_FRAMES, 0), by);
	expect(r, 6, 0, sim_mk_pte(SIM_TEST_FRAMES, 0).pte);
}

static void rss_of_process(struct rig *r, int by)
{
	atomic_long_add(by, &r->mm->rss);
	expect(r, r->mm->pid, 4, 5);
}

static void pte_without_rss(struct rig *r, int by)
{
	put_pte(r, pte(r, 8), *pte(r, 0), by);
	expect(r, r->mm->pid, 5, 4);
}

/* All its counts are right, but nothing is mapped there. */
static void pte_in_no_area(struct rig *r, int by)
{
	put_pte(r, pte(r, 8), *pte(r, 0), by);
	atomic_long_add(by, &r->mm->rss);
	expect(r, sim_test_page(r->base, 8), 0, 1);
}

static void signature_in_no_area(struct rig *r, int by)
{
	put_pte(r, pte(r, 8), sim_shm_signature(0, 0), by);
	expect(r, sim_test_page(r->base, 8), 0, 1);
}

/* The area is private, the PTE a segment's. */
static void attach_that_its_segment_does_not_know(struct rig *r, int by)
{
	struct sim_vma *vma;

	down_read(&r->third->mmap_lock);
	vma = sim_find_vma(r->third, r->anon);
	up_read(&r->third->mmap_lock);
	vma->vm_seg = by > 0 ? r->seg : NULL;
	expect(r, r->third->pid, 0, 3);
}

static void count_of_private_frame(struct rig *r, int by)
{
	struct sim_page *page = anon_page(r, 0);

	atomic64_add(by, &page->count);
	expect(r, sim_page_pfn(r->m, page), 1, 2);
}

static void private_frame_mapped_once_more(struct rig *r, int by)
{
	put_pte(r, anon_pte(r, 3), *anon_pte(r, 0), by);
	atomic_long_add(by, &r->third->rss);
	expect(r, sim_pte_pfn(*anon_pte(r, 0)), 2, 1);
}

static void private_pte_beyond_memory(struct rig *r, int by)
{
	put_pte(r, anon_pte(r, 3), sim_mk_pte(SIM_TEST_FRAMES, 0), by);
	expect(r, sim_test_page(r->anon, 3), 0, sim_mk_pte(SIM_TEST_FRAMES, 0).pte);
}

static void rss_of_private_memory(struct rig *r, int by)
{
	atomic_long_sub(by, &r->third->rss);
	expect(r, r->third->pid, 3, 2);
}

static void swap_entry_without_a_count(struct rig *r, int by)
{
	put_pte(r, anon_pte(r, 3), *anon_pte(r, 1), by);
	expect(r, slot_where(r, sim_swp_offset(sim_pte_to_swp_entry(*anon_pte(r, 1)))), 2, 1);
}

static void count_of_cached_frame(struct rig *r, int by)
{
	struct sim_page *page = anon_page(r, 2);

	atomic64_add(by, &page->count);
	expect(r, sim_page_pfn(r->m, page), 2, 3);
}

static void slot_that_only_the_cache_has(struct rig *r, int by)
{
	u32 slot = sim_swp_offset(anon_page(r, 2)->entry);

	*slot_count(r, slot) += by;
	expect(r, slot_where(r, slot), 1, 2);
}

static void cached_page_without_its_flag(struct rig *r, int by)
{
	struct sim_page *page = anon_page(r, 2);

	change_bit(SIM_PG_SWAPCACHE, &page->flags);
	expect(r, sim_page_pfn(r->m, page), 1, 0);
}

static void number_of_cached_pages(struct rig *r, int by)
{
	atomic_add(by, &r->m->nr_swapcache);
	expect(r, ~0ULL, 1, 2);
}

static void file_page_without_its_flag(struct rig *r, int by)
{
	change_bit(SIM_PG_FILE, &text_page(r)->flags);
	expect(r, sim_page_pfn(r->m, text_page(r)), 1, 0);
}

static void file_page_of_another_index(struct rig *r, int by)
{
	text_page(r)->index += by;
	expect(r, sim_page_pfn(r->m, text_page(r)), 1, 0);
}

static void file_page_of_another_file(struct rig *r, int by)
{
	struct sim_page *page = text_page(r);

	if (by > 0)
		r->saved = (unsigned long)page->mapping;
	page->mapping = by > 0 ? NULL : (struct sim_mapping *)(unsigned long)r->saved;
	expect(r, sim_page_pfn(r->m, page), 1, 0);
}

static void count_of_file_frame(struct rig *r, int by)
{
	atomic64_sub(by, &text_page(r)->count);
	expect(r, sim_page_pfn(r->m, text_page(r)), 2, 1);
}

static void number_of_file_pages(struct rig *r, int by)
{
	atomic_add(by, &r->m->nr_file_pages);
	expect(r, ~0ULL, 1, 2);
}

static void tlb_entry_of_old_pte(struct rig *r, int by)
{
	put_pte(r, anon_pte(r, 0), sim_pte_mkold(*anon_pte(r, 0)), by);
	expect(r, r->anon, 0, 1);
}

/* It was filled when a store could have used it. */
static void tlb_entry_of_clean_pte(struct rig *r, int by)
{
	put_pte(r, anon_pte(r, 0), sim_pte_mkclean(*anon_pte(r, 0)), by);
	expect(r, r->anon, 0, 1);
}

static void tlb_entry_of_read_only_pte(struct rig *r, int by)
{
	put_pte(r, anon_pte(r, 0), sim_pte_wrprotect(*anon_pte(r, 0)), by);
	expect(r, r->anon, 0, 1);
}

/* Nothing else is wrong: the two frames are mapped once each. */
static void tlb_entry_of_another_frame(struct rig *r, int by)
{
	sim_pte_t pte = *anon_pte(r, 0);

	*anon_pte(r, 0) = sim_pte_mkdirty(sim_mk_pte(sim_pte_pfn(*anon_pte(r, 2)),
						     SHMSWAP_VM_READ | SHMSWAP_VM_WRITE));
	*anon_pte(r, 2) = pte;
	expect(r, r->anon, 0, 1);
}

static void tlb_entry_of_page_without_table(struct rig *r, int by)
{
	u64 far = 1ULL << 40;

	r->third->tlb[1] = by > 0 ? r->third->tlb[(r->anon >> PAGE_SHIFT) % SIM_TLB_ENTRIES] +
				    (far - r->anon) / PAGE_SIZE * BIT_ULL(29) : 0;
	expect(r, far, 0, 1);
}

static void table_bytes(struct rig *r, int by)
{
	atomic_long_add(by, &r->m->table_bytes);
	expect(r, 0, atomic_long_read(&r->m->table_bytes) - 1,
	       atomic_long_read(&r->m->table_bytes));
}

static const struct corruption {
	void (*fn)(struct rig *r, int by);
	const char *name;
	u32 what;
} corruptions[] = {
#define ROW(fn, what)	{ fn, #fn, SHMSWAP_CHECK_##what }
	ROW(count_too_high, FRAME_COUNT),
	ROW(count_too_low, FRAME_COUNT),
	ROW(count_of_free_frame, FRAME_COUNT),
	ROW(used_frame_is_free, FRAME_COUNT),
	ROW(frame_is_lost, FRAME_COUNT),
	ROW(frame_of_another_page, FRAME_TWICE),
	ROW(frame_of_no_segment, FRAME_TWICE),
	ROW(number_of_free_frames, FREE_PAGES),
	ROW(pair_bit, FREE_AREA),
	ROW(number_of_blocks, FREE_AREA),
	ROW(slot_count_too_high, SLOT_COUNT),
	ROW(slot_that_is_used_is_free, SLOT_COUNT),
	ROW(slot_that_is_used_is_bad, SLOT_COUNT),
	ROW(slot_that_nobody_uses_is_not_free, SLOT_COUNT),
	ROW(slot_of_no_area, SLOT_COUNT),
	ROW(slot_of_cached_page, SLOT_COUNT),
	ROW(free_slots_of_chunk, SWAP_PAGES),
	ROW(used_slots_of_area, SWAP_PAGES),
	ROW(free_slots_of_all, SWAP_PAGES),
	ROW(shm_tot, SHM_TOT),
	ROW(rss_of_segment, SHM_RSS),
	ROW(rss_of_all, SHM_RSS),
	ROW(swp_of_segment, SHM_SWP),
	ROW(swp_of_all, SHM_SWP),
	ROW(nattch, NATTCH),
	ROW(signature_of_another_page, PTE),
	ROW(signature_of_another_segment, PTE),
	ROW(pte_of_another_frame, PTE),
	ROW(pte_of_page_that_is_swapped, PTE),
	ROW(word_is_signature, PTE),
	ROW(word_beyond_memory, PTE),
	ROW(rss_of_process, RSS),
	ROW(pte_without_rss, RSS),
	ROW(pte_in_no_area, PTE),
	ROW(signature_in_no_area, PTE),
	ROW(attach_that_its_segment_does_not_know, RSS),
	ROW(count_of_private_frame, FRAME_COUNT),
	ROW(private_frame_mapped_once_more, FRAME_COUNT),
	ROW(private_pte_beyond_memory, PTE),
	ROW(rss_of_private_memory, RSS),
	ROW(swap_entry_without_a_count, SLOT_COUNT),
	ROW(count_of_cached_frame, FRAME_COUNT),
	ROW(slot_that_only_the_cache_has, SLOT_COUNT),
	ROW(cached_page_without_its_flag, CACHE),
	ROW(number_of_cached_pages, CACHE),
	ROW(file_page_without_its_flag, CACHE),
	ROW(file_page_of_another_index, CACHE),
	ROW(file_page_of_another_file, CACHE),
	ROW(count_of_file_frame, FRAME_COUNT),
	ROW(number_of_file_pages, CACHE),
	ROW(tlb_entry_of_old_pte, TLB),
	ROW(tlb_entry_of_clean_pte, TLB),
	ROW(tlb_entry_of_read_only_pte, TLB),
	ROW(tlb_entry_of_another_frame, TLB),
	ROW(tlb_entry_of_page_without_table, TLB),
	ROW(table_bytes, TABLES),
#undef ROW
};

KUNIT_ARRAY_PARAM_DESC(corruption, corruptions, name);

static void check_finds(struct kunit *test)
{
	const struct corruption *c = test->param_value;
	struct shmswap_check check = {};
	struct rig r = {};
	int err;

	make_rig(test, &r);
	c->fn(&r, 1);
	err = sim_check(r.m, &check);
	KUNIT_EXPECT_EQ(test, -EUCLEAN, err);
	KUNIT_EXPECT_EQ(test, c->what, check.out_what);
	KUNIT_EXPECT_EQ(test, r.where, check.out_where);
	KUNIT_EXPECT_EQ(test, r.expected, check.out_expected);
	KUNIT_EXPECT_EQ(test, r.found, check.out_found);
	c->fn(&r, -1);
	sim_test_check(test, r.m);
}

static void check_of_machine_in_order(struct kunit *test)
{
	struct shmswap_check check = { .out_what = 1, .out_where = 2, .out_expected = 3,
				       .out_found = 4 };
	struct rig r = {};

	make_rig(test, &r);
	KUNIT_EXPECT_EQ(test, 0, sim_check(r.m, &check));
	KUNIT_EXPECT_EQ(test, SHMSWAP_CHECK_OK, check.out_what);
	KUNIT_EXPECT_EQ(test, 0, check.out_where);
	KUNIT_EXPECT_EQ(test, 0, check.out_expected);
	KUNIT_EXPECT_EQ(test, 0, check.out_found);
}

/* Frames that somebody has pinned, and slots that somebody reserved, are no harm. */
static void check_with_frame_pinned(struct kunit *test)
{
	struct sim_page *page;
	struct rig r = {};

	make_rig(test, &r);
	page = sim_get_free_page(r.m);
	KUNIT_ASSERT_NOT_NULL(test, page);
	sim_test_check(test, r.m);
	sim_pin_page(sim_test_frame(r.seg, 0));
	sim_test_check(test, r.m);
	sim_unpin_page(r.m, sim_test_frame(r.seg, 0));
	sim_unpin_page(r.m, page);
}

static int check_thread(void *data)
{
	struct shmswap_check check;

	return sim_check(data, &check);
}

static void check_is_killed_while_it_waits(struct kunit *test)
{
	struct sim_machine *m = sim_test_machine(test);
	struct sim_test_thread *thread;

	down_read(&m->state_lock);
	thread = sim_test_thread_run(test, check_thread, m);
	KUNIT_EXPECT_TRUE(test, sim_test_wait_for(mutex_is_locked(&m->reclaim_lock)));
	schedule_timeout_uninterruptible(2);
	sim_test_thread_kill(thread);
	KUNIT_EXPECT_EQ(test, -EINTR, sim_test_thread_join(test, thread));
	up_read(&m->state_lock);
}

static struct kunit_case cases[] = {
	KUNIT_CASE_PARAM(check_finds, corruption_gen_params),
	KUNIT_CASE(check_of_machine_in_order),
	KUNIT_CASE(check_with_frame_pinned),
	KUNIT_CASE(check_is_killed_while_it_waits),
	{}
};

static struct kunit_suite suite = {
	.name = "shmswap_check",
	.init = sim_test_init,
	.exit = sim_test_exit,
	.test_cases = cases,
};

kunit_test_suite(suite);
