// SPDX-License-Identifier: GPL-2.0
/*
 * The clock that swaps shared pages out: two hands, one over the segments, one
 * over the pages of a segment, that stay where they are between two runs.
 *
 * It is Linux 2.0's shm_swap(). What differs is what concurrency asks for: the
 * page sits locked in the swap cache while it is written, and if a fault came
 * to want it meanwhile, or the write failed, it stays in memory.
 */
#include <linux/sched.h>

#include "sim.h"

/**
 * struct scan - one call of sim_shm_swap()
 * @m: machine
 * @budget: pages that may still be examined
 * @entry: slot that was reserved for the victim
 * @wrapped: the hand went round the segments
 * @attempts: pages that were examined, or would have been
 * @victim: page that is to be written when the locks are dropped, if any
 * @freed: a page was swapped out, or will be
 */
struct scan {
	struct sim_machine *m;
	long budget;
	sim_swp_entry_t entry;
	bool wrapped;
	u32 attempts;
	struct sim_victim victim;
	bool freed;
};

enum verdict {
	NEXT_SEGMENT,
	OUT_OF_BUDGET,
	SWAPPED,	/* or tried to */
};

/**
 * struct tally - what became of the PTEs of a page
 * @unmapped: taken away
 * @aged: made old
 * @live: at least one of these is in a real process
 */
struct tally {
	u32 unmapped;
	u32 aged;
	bool live;
};

/* Tell of a step of the hand: why it went on, and at a page what was there. */
static void step(const struct scan *scan, const struct sim_shmid *seg, u16 why, u64 from,
		 const struct sim_page *page, const struct tally *tally)
{
	sim_event(clock_step, scan->m, why, from, seg, page, tally ? tally->aged : 0,
		  tally ? tally->unmapped : 0);
}

/* Move the first hand to a segment; NULL if it went round for a second time. */
static struct sim_shmid *next_segment(struct scan *scan)
{
	struct sim_clock *clock = &scan->m->clock;
	u64 hand = sim_clock_hand(scan->m);
	u16 why = SHMSWAP_STEP_UNUSED;
	struct sim_shmid *seg;
	unsigned long id = clock->swap_id;

	seg = sim_shm_next(scan->m, &id);
	if (!seg && !scan->wrapped) {
		scan->wrapped = true;
		why = SHMSWAP_STEP_WRAP;
		id = 0;
		seg = sim_shm_next(scan->m, &id);
	}
	if (!seg)
		id = (READ_ONCE(scan->m->shm_max_id) + 1) % SHMSWAP_MAX_SEGMENTS;
	if (id != clock->swap_id || !seg) {
		clock->swap_id = id;
		clock->swap_idx = 0;
	}
	if (why == SHMSWAP_STEP_WRAP || hand != sim_clock_hand(scan->m))
		step(scan, seg, why, hand, NULL, NULL);
	return seg;
}

/*
 * Take the page away from one process if it is old there, else make it old.
 * An attach that a partial unmap has left without the page is passed over.
 */
static void unmap_one(struct sim_vma *vma, u32 id, pgoff_t index, struct tally *tally)
{
	u64 address = vma->vm_start + ((u64)(index - vma->vm_pgoff) << PAGE_SHIFT);
	const sim_pte_t signature = sim_shm_signature(id, index);
	sim_pte_t *ptep, pte;

	if (index < vma->vm_pgoff || address >= vma->vm_end)
		return;
	ptep = sim_pte_offset(vma->vm_mm, address);
	if (!ptep)
		return;
	for (;;) {
		pte = sim_ptep_get(ptep);
		if (!sim_pte_present(pte))
			return;
		if (!sim_pte_young(pte)) {
			if (sim_ptep_cmpxchg(ptep, pte, signature))
				break;
		} else if (sim_ptep_cmpxchg(ptep, pte, sim_pte_mkold(pte))) {
			sim_event(pte, vma, address, SHMSWAP_PTE_AGE, pte, sim_pte_mkold(pte));
			sim_tlb_drop(vma->vm_mm, address);
			tally->aged++;
			tally->live |= !!vma->vm_mm->real;
			return;
		}
	}
	sim_event(pte, vma, address, SHMSWAP_PTE_UNMAP, pte, signature);
	atomic_long_dec(&vma->vm_mm->rss);
	sim_flush_tlb_page(vma->vm_mm, address);
	tally->unmapped++;
}

static void unmap_sharers(struct sim_shmid *seg, pgoff_t index, struct sim_page *page,
			  struct tally *tally)
{
	u32 id = sim_shm_index(seg->id);
	struct sim_vma *vma = seg->attaches;

	if (!vma)
		return;
	do {
		unmap_one(vma, id, index, tally);
		vma = vma->vm_next_shared;
		cond_resched();
	} while (vma != seg->attaches);
	/* Those that were old had no real PTE: one flush is enough for all. */
	if (tally->live)
		sim_live_zap(seg, index);
	/* The page list still has its reference, so that was not the last. */
	atomic64_sub(tally->unmapped, &page->count);
	sim_count_events(seg->m, SIM_PGUNMAP, tally->unmapped);
	sim_count_events(seg->m, SIM_PGAGED, tally->aged);
}

/* Write the page here and now, to an area that only copies memory. */
static void swap_out_now(struct scan *scan, struct sim_shmid *seg, sim_pte_t *word,
			 struct sim_page *page)
{
	int err = sim_swap_writepages(scan->m, scan->entry, &page, 1);

	sim_unlock_page(page);
	if (err) {
		sim_swap_reject(scan->m, scan->entry, err);
		return;
	}
	sim_shm_set_swapped(seg, word, scan->entry);
	sim_swap_settle(scan->m, scan->entry);
	page->seg = NULL;
	sim_put_page(scan->m, page);
	sim_count_event(scan->m, SIM_SWAP_SUCCESSES);
	scan->freed = true;
}

/* The page's word becomes the slot; the page goes into the swap cache. */
static void begin_swap_out(struct scan *scan, struct sim_shmid *seg, sim_pte_t *word,
			   struct sim_page *page)
{
	struct sim_machine *m = scan->m;

	sim_swap_duplicate(m, scan->entry);
	WARN_ON_ONCE(!sim_add_to_swap_cache(m, page, scan->entry));
	sim_shm_set_swapped(seg, word, scan->entry);
	sim_put_page(m, page);
	scan->victim = (struct sim_victim){ .entry = scan->entry, .page = page, .seg = seg };
}

/* An attempt at a page that is locked; SWAPPED if it can be swapped out now. */
static u16 attempt(struct scan *scan, struct sim_shmid *seg, pgoff_t index,
		   struct sim_page *page, struct tally *tally)
{
	scan->attempts++;
	sim_count_event(scan->m, SIM_SWAP_ATTEMPTS);
	if (--scan->budget < 0)
		return SHMSWAP_STEP_BUDGET;
	unmap_sharers(seg, index, page, tally);
	/* An access that the TLB translated has a pin; see sim_tlb_pin(). */
	smp_mb();
	if (atomic64_read(&page->count) == 1 && !sim_live_busy(page))
		return SHMSWAP_STEP_VICTIM;
	return tally->aged ? SHMSWAP_STEP_YOUNG : SHMSWAP_STEP_PINNED;
}

/* Look at a page, as the kernel lets us just now; the hand is behind it already. */
static u16 look_at(struct scan *scan, struct sim_shmid *seg, pgoff_t index, u64 hand,
		   struct sim_page *page)
{
	struct tally tally = { 0 };
	u16 why = SHMSWAP_STEP_BUSY;

	if (sim_live_trylock(page)) {
		why = attempt(scan, seg, index, page, &tally);
		sim_live_unlock(page);
	}
	step(scan, seg, why, hand, page, &tally);
	return why;
}

static enum verdict examine(struct scan *scan, struct sim_shmid *seg, sim_pte_t *word,
			    pgoff_t index, u64 hand)
{
	struct sim_page *page = sim_pfn_page(scan->m, sim_pte_pfn(*word));
	enum verdict verdict = NEXT_SEGMENT;
	u16 why;

	if (!sim_trylock_page(page)) {
		step(scan, seg, SHMSWAP_STEP_BUSY, hand, page, NULL);
		return NEXT_SEGMENT;
	}
	why = look_at(scan, seg, index, hand, page);
	if (why == SHMSWAP_STEP_VICTIM)
		verdict = SWAPPED;
	else if (why == SHMSWAP_STEP_BUDGET)
		verdict = OUT_OF_BUDGET;
	if (verdict != SWAPPED)
		sim_unlock_page(page);
	else if (sim_swap_synchronous(scan->m, scan->entry))
		swap_out_now(scan, seg, word, page);
	else
		begin_swap_out(scan, seg, word, page);
	return verdict;
}

static void let_others_in(struct scan *scan, struct sim_shmid *seg)
{
	if (!need_resched())
		return;
	mutex_unlock(&seg->lock);
	up_read(&scan->m->state_lock);
	cond_resched();
	down_read(&scan->m->state_lock);
	mutex_lock(&seg->lock);
}

/* Tell of the absent pages since @from together; returns where the hand is. */
static u64 pass_absent(const struct scan *scan, const struct sim_shmid *seg, u64 from)
{
	u64 hand = sim_clock_hand(scan->m);

	if (from != hand)
		step(scan, seg, SHMSWAP_STEP_ABSENT, from, NULL, NULL);
	return hand;
}

/* Move the second hand until a page is found, or the pages or budget end. */
static enum verdict scan_segment(struct scan *scan, struct sim_shmid *seg)
{
	struct sim_clock *clock = &scan->m->clock;
	u64 hand = sim_clock_hand(scan->m);
	u16 why = SHMSWAP_STEP_LOCKED;
	sim_pte_t *word;

	while (!seg->removed && !(seg->mode & SIM_SHM_LOCKED)) {
		enum verdict verdict = NEXT_SEGMENT;
		pgoff_t index = clock->swap_idx;

		word = sim_shm_next_word(seg, &index);
		if (!word) {
			why = SHMSWAP_STEP_END;
			break;
		}
		if (sim_pte_present(*word)) {
			hand = pass_absent(scan, seg, hand);
			clock->swap_idx = index + 1;
			verdict = examine(scan, seg, word, index, hand);
			hand = sim_clock_hand(scan->m);
		} else {
			clock->swap_idx = index + 1;
		}
		if (verdict != NEXT_SEGMENT)
			return verdict;
		let_others_in(scan, seg);
	}
	hand = pass_absent(scan, seg, hand);
	clock->swap_idx = 0;
	clock->swap_id++;
	step(scan, seg, why, hand, NULL, NULL);
	return NEXT_SEGMENT;
}

static enum verdict visit_segment(struct scan *scan, struct sim_shmid *seg)
{
	enum verdict verdict;

	down_read(&scan->m->state_lock);
	mutex_lock(&seg->lock);
	verdict = scan_segment(scan, seg);
	mutex_unlock(&seg->lock);
	up_read(&scan->m->state_lock);
	if (scan->victim.page)
		scan->freed = sim_write_out(scan->m, &scan->victim);
	return verdict;
}

/* Turn the clock until a page is found; returns how it ended, SHMSWAP_CLOCK_*. */
static u16 scan_segments(struct scan *scan)
{
	enum verdict verdict = NEXT_SEGMENT;
	struct sim_shmid *seg;

	while (verdict == NEXT_SEGMENT && (seg = next_segment(scan))) {
		verdict = visit_segment(scan, seg);
		sim_shm_put(seg);
	}
	if (verdict == SWAPPED)
		return scan->freed ? SHMSWAP_CLOCK_FREED : SHMSWAP_CLOCK_FAILED;
	sim_swap_free(scan->m, scan->entry, 1);
	return verdict == OUT_OF_BUDGET ? SHMSWAP_CLOCK_BUDGET : SHMSWAP_CLOCK_WRAPPED;
}

/**
 * sim_shm_swap() - swap one shared page out
 * @m: machine
 * @prio: 0 to SHMSWAP_MAX_LEVEL; at most shm_rss >> @prio pages are examined
 *
 * Mirrors Linux 2.0 shm_swap(), step by step: the slot is reserved first;
 * segments that are locked and pages that are not resident or busy cost
 * nothing; every other page is an attempt, is taken from those sharers where it
 * is old and made old in those where it is young, and is the victim if nobody
 * has it mapped then. The page on which the budget ends is passed over.
 *
 * With SHMSWAP_MACHINE_SHM_PROCESS there is nothing to do: the process scan does it.
 *
 * Context: sleeps; reclaim_lock held.
 * Return: 1 if a page was freed, or waits to be written and will be then; 0 if not.
 */
int sim_shm_swap(struct sim_machine *m, int prio)
{
	struct scan scan = {
		.m = m,
		.budget = atomic_long_read(&m->shm_rss) >> prio,
		.entry = SIM_SWP_NONE,
	};
	u64 hand;
	u16 why;

	KUNIT_STATIC_STUB_REDIRECT(sim_shm_swap, m, prio);
	lockdep_assert_held(&m->reclaim_lock);
	if (m->flags & SHMSWAP_MACHINE_SHM_PROCESS)
		return 0;
	if (scan.budget)
		scan.entry = sim_get_swap_page(m);
	sim_event(clock_begin, m, prio, scan.budget, scan.entry);
	hand = sim_clock_hand(m);
	if (!scan.budget)
		why = SHMSWAP_CLOCK_IDLE;
	else if (!scan.entry.val)
		why = SHMSWAP_CLOCK_NO_SLOT;
	else
		why = scan_segments(&scan);
	sim_event(clock_end, m, why, hand, scan.attempts);
	return scan.freed;
}
