// SPDX-License-Identifier: GPL-2.0
/*
 * What is told of each kind of event. Each function here is called through
 * sim_event(), where the thing happens, with whatever locks are held there; none may
 * sleep. They only take event_lock, the innermost of all.
 */
#include "sim.h"

#define CREATE_TRACE_POINTS
#include "trace.h"

/* Does anybody listen to this kind of event, of this machine? */
#define wanted(m, NAME, name)						\
	(trace_shmswap_##name##_enabled() ||				\
	 (READ_ONCE((m)->event_mask) & BIT_ULL(SHMSWAP_EVENT_##NAME)))

/* Tell of it, with these fields. It is about the process @mm, or about none. */
#define emit(m, mm, NAME, name, ...)					\
	do {								\
		struct sim_machine *m_ = m;				\
		const struct shmswap_event event_ = {			\
			.type = SHMSWAP_EVENT_##NAME,			\
			__VA_ARGS__					\
		};							\
									\
		trace_shmswap_##name(m_->number, &event_);		\
		sim_record(m_, mm, &event_);				\
	} while (0)

/* ------------------------------------------------------------- listening */

DEFINE_STATIC_KEY_DEFERRED_FALSE(sim_listening, HZ);

/**
 * sim_listen() - somebody listens from here on
 *
 * Called for each tracepoint that is enabled, and for each ring.
 *
 * Context: may sleep.
 * Return: 0.
 */
int sim_listen(void)
{
	static_branch_inc(&sim_listening.key);
	return 0;
}

/**
 * sim_unlisten() - a tracepoint is disabled
 *
 * Nothing is left to be done later: it may be that the module goes right now.
 *
 * Context: may sleep.
 */
void sim_unlisten(void)
{
	static_branch_dec(&sim_listening.key);
}

/**
 * sim_unlisten_later() - a ring is gone
 *
 * Anybody may open and close rings, and to change the kernel's text is dear.
 *
 * Context: may sleep.
 */
void sim_unlisten_later(void)
{
	static_branch_slow_dec_deferred(&sim_listening);
}

/**
 * sim_events_flush() - do what sim_unlisten_later() left to be done
 *
 * Context: sleeps; there are no rings any more.
 */
void sim_events_flush(void)
{
	static_key_deferred_flush(&sim_listening);
}

/* --------------------------------------------------------------- telling */

/*
 * Which page of which segment is in a frame? The page is locked, or its segment is.
 */
static void find_owner(const struct sim_page *page, s32 *shmid, u32 *index)
{
	const struct sim_shmid *seg;

	rcu_read_lock();
	seg = test_bit(SIM_PG_FILE, &page->flags) ? NULL : READ_ONCE(page->seg);
	*shmid = seg ? seg->id : -1;
	*index = seg ? page->index : 0;
	rcu_read_unlock();
}

/**
 * sim_tell_fault() - SHMSWAP_EVENT_FAULT
 * @f: fault
 * @seg: segment of the page, or NULL
 * @index: its page index in the segment or file
 * @page: its frame, NULL if there is none
 * @err: 0 or -errno
 */
void sim_tell_fault(const struct sim_fault *f, const struct sim_shmid *seg, pgoff_t index,
		    const struct sim_page *page, int err)
{
	if (wanted(f->m, FAULT, fault))
		emit(f->m, f->mm, FAULT, fault, .why = err ? SHMSWAP_FAULT_ERROR : f->how,
		     .pid = f->mm->pid, .address = f->address, .shmid = seg ? seg->id : -1,
		     .index = index, .pfn = page ? sim_page_pfn(f->m, page) : 0,
		     .count = page ? sim_page_count(page) : 0, .value = f->write,
		     .from = -err);
}

/**
 * sim_tell_swap_out() - SHMSWAP_EVENT_SWAP_OUT
 * @m: machine
 * @page: frame
 * @entry: slot
 * @err: 0 or -errno
 */
void sim_tell_swap_out(struct sim_machine *m, const struct sim_page *page, sim_swp_entry_t entry,
		       int err)
{
	s32 shmid;
	u32 index;

	if (!wanted(m, SWAP_OUT, swap_out))
		return;
	find_owner(page, &shmid, &index);
	emit(m, NULL, SWAP_OUT, swap_out, .shmid = shmid, .index = index,
	     .pfn = sim_page_pfn(m, page), .area = sim_swp_type(entry),
	     .slot = sim_swp_offset(entry), .from = -err);
}

/**
 * sim_tell_swap_in() - SHMSWAP_EVENT_SWAP_IN
 * @m: machine
 * @page: frame
 * @entry: slot
 * @err: 0 or -errno
 */
void sim_tell_swap_in(struct sim_machine *m, const struct sim_page *page, sim_swp_entry_t entry,
		      int err)
{
	s32 shmid;
	u32 index;

	if (!wanted(m, SWAP_IN, swap_in))
		return;
	find_owner(page, &shmid, &index);
	emit(m, NULL, SWAP_IN, swap_in, .shmid = shmid, .index = index,
	     .pfn = sim_page_pfn(m, page), .area = sim_swp_type(entry),
	     .slot = sim_swp_offset(entry), .from = -err);
}

/**
 * sim_tell_clock_begin() - SHMSWAP_EVENT_CLOCK_BEGIN
 * @m: machine
 * @prio: level
 * @budget: pages that may be examined
 * @entry: slot that was reserved, or SIM_SWP_NONE
 */
void sim_tell_clock_begin(struct sim_machine *m, int prio, long budget, sim_swp_entry_t entry)
{
	if (wanted(m, CLOCK_BEGIN, clock_begin))
		emit(m, NULL, CLOCK_BEGIN, clock_begin, .value = prio, .to = budget,
		     .from = sim_clock_hand(m), .area = sim_swp_type(entry),
		     .slot = sim_swp_offset(entry));
}

/**
 * sim_tell_clock_step() - SHMSWAP_EVENT_CLOCK_STEP
 * @m: machine, whose hand is where the step ended
 * @why: SHMSWAP_STEP_*
 * @from: where the hand was
 * @seg: segment that it came to, or was in, or NULL
 * @page: page that it looked at, or NULL
 * @aged: sharers that were young
 * @unmapped: sharers that lost the page
 */
void sim_tell_clock_step(struct sim_machine *m, u16 why, u64 from, const struct sim_shmid *seg,
			 const struct sim_page *page, u32 aged, u32 unmapped)
{
	bool at_page = page || why == SHMSWAP_STEP_ABSENT;

	if (wanted(m, CLOCK_STEP, clock_step))
		emit(m, NULL, CLOCK_STEP, clock_step, .why = why, .from = from,
		     .to = sim_clock_hand(m), .shmid = seg ? seg->id : -1,
		     .index = at_page ? m->clock.swap_idx - 1 : 0,
		     .pfn = page ? sim_page_pfn(m, page) : 0,
		     .count = page ? sim_page_count(page) : 0,
		     .value = aged, .value2 = unmapped);
}

/**
 * sim_tell_clock_end() - SHMSWAP_EVENT_CLOCK_END
 * @m: machine
 * @why: SHMSWAP_CLOCK_*
 * @from: where the hand was when the run began
 * @attempts: pages examined
 */
void sim_tell_clock_end(struct sim_machine *m, u16 why, u64 from, u32 attempts)
{
	if (wanted(m, CLOCK_END, clock_end))
		emit(m, NULL, CLOCK_END, clock_end, .why = why, .from = from,
		     .to = sim_clock_hand(m), .value = attempts);
}

/**
 * sim_tell_pte() - SHMSWAP_EVENT_PTE
 * @vma: area that it is in
 * @address: its page
 * @why: SHMSWAP_PTE_*
 * @from: what it was
 * @to: what it is; nothing is told if that is the same
 */
void sim_tell_pte(struct sim_vma *vma, u64 address, u16 why, sim_pte_t from, sim_pte_t to)
{
	struct sim_mm *mm = vma->vm_mm;

	if (!sim_pte_same(from, to) && wanted(mm->m, PTE, pte))
		emit(mm->m, mm, PTE, pte, .why = why, .pid = mm->pid, .address = address,
		     .shmid = vma->vm_seg ? vma->vm_seg->id : -1,
		     .index = sim_linear_page_index(vma, address),
		     .from = from.pte, .to = to.pte);
}

/**
 * sim_tell_tlb_flush() - SHMSWAP_EVENT_TLB_FLUSH
 * @mm: process
 * @what: SHMSWAP_FLUSH_*
 * @start: first address
 * @end: first address behind it
 */
void sim_tell_tlb_flush(struct sim_mm *mm, u16 what, u64 start, u64 end)
{
	if (wanted(mm->m, TLB_FLUSH, tlb_flush))
		emit(mm->m, mm, TLB_FLUSH, tlb_flush, .why = what, .pid = mm->pid,
		     .from = start, .to = end);
}

/**
 * sim_tell_slot() - SHMSWAP_EVENT_SLOT
 * @m: machine
 * @why: SHMSWAP_SLOT_*
 * @entry: slot
 * @count: its users now
 */
void sim_tell_slot(struct sim_machine *m, u16 why, sim_swp_entry_t entry, u32 count)
{
	if (wanted(m, SLOT, slot))
		emit(m, NULL, SLOT, slot, .why = why, .area = sim_swp_type(entry),
		     .slot = sim_swp_offset(entry), .count = count);
}

/**
 * sim_tell_frame() - SHMSWAP_EVENT_FRAME
 * @m: machine, with free_lock held
 * @why: SHMSWAP_FRAME_*
 * @page: first frame of the block
 * @order: its size, as a power of two
 */
void sim_tell_frame(struct sim_machine *m, u16 why, const struct sim_page *page, u32 order)
{
	if (wanted(m, FRAME, frame))
		emit(m, NULL, FRAME, frame, .why = why, .pfn = sim_page_pfn(m, page),
		     .value = order, .to = m->nr_free_pages);
}

/**
 * sim_tell_age() - SHMSWAP_EVENT_AGE
 * @m: machine
 * @why: SHMSWAP_AGE_*
 * @page: frame
 * @from: the age that it had; nothing is told if that is the same
 */
void sim_tell_age(struct sim_machine *m, u16 why, const struct sim_page *page, u32 from)
{
	if (page->age != from && wanted(m, AGE, age))
		emit(m, NULL, AGE, age, .why = why, .pfn = sim_page_pfn(m, page),
		     .from = from, .to = page->age);
}

/**
 * sim_tell_cache() - SHMSWAP_EVENT_CACHE
 * @m: machine
 * @why: SHMSWAP_CACHE_*
 * @page: frame
 * @entry: slot
 */
void sim_tell_cache(struct sim_machine *m, u16 why, const struct sim_page *page,
		    sim_swp_entry_t entry)
{
	if (wanted(m, CACHE, cache))
		emit(m, NULL, CACHE, cache, .why = why, .pfn = sim_page_pfn(m, page),
		     .count = sim_page_count(page), .area = sim_swp_type(entry),
		     .slot = sim_swp_offset(entry));
}

/**
 * sim_tell_scan() - SHMSWAP_EVENT_SCAN
 * @vma: area that is scanned
 * @address: page
 * @why: SHMSWAP_SCAN_*
 * @page: its frame
 */
void sim_tell_scan(struct sim_vma *vma, u64 address, u16 why, const struct sim_page *page)
{
	struct sim_mm *mm = vma->vm_mm;

	if (wanted(mm->m, SCAN, scan))
		emit(mm->m, mm, SCAN, scan, .why = why, .pid = mm->pid, .address = address,
		     .shmid = vma->vm_seg ? vma->vm_seg->id : -1,
		     .index = sim_linear_page_index(vma, address),
		     .pfn = sim_page_pfn(mm->m, page), .count = sim_page_count(page));
}

/**
 * sim_tell_mmap() - SHMSWAP_EVENT_MMAP
 * @m: machine
 * @why: SHMSWAP_SCAN_*
 * @page: frame that shrink_mmap() looks at
 * @nr: frames in a row; @page is the last
 */
void sim_tell_mmap(struct sim_machine *m, u16 why, const struct sim_page *page, u32 nr)
{
	if (wanted(m, MMAP, mmap))
		emit(m, NULL, MMAP, mmap, .why = why, .pfn = sim_page_pfn(m, page),
		     .count = sim_page_count(page), .value = nr);
}

/**
 * sim_tell_reclaim_begin() - SHMSWAP_EVENT_RECLAIM_BEGIN
 * @m: machine
 * @method: SHMSWAP_RECLAIM_*
 * @level: see struct shmswap_reclaim
 */
void sim_tell_reclaim_begin(struct sim_machine *m, u16 method, u32 level)
{
	if (wanted(m, RECLAIM_BEGIN, reclaim_begin))
		emit(m, NULL, RECLAIM_BEGIN, reclaim_begin, .why = method, .value = level);
}

/**
 * sim_tell_reclaim_end() - SHMSWAP_EVENT_RECLAIM_END
 * @m: machine
 * @method: SHMSWAP_RECLAIM_*
 * @freed: pages
 */
void sim_tell_reclaim_end(struct sim_machine *m, u16 method, u32 freed)
{
	if (wanted(m, RECLAIM_END, reclaim_end))
		emit(m, NULL, RECLAIM_END, reclaim_end, .why = method, .value = freed);
}

/**
 * sim_tell_kswapd() - SHMSWAP_EVENT_KSWAPD
 * @m: machine
 * @why: SHMSWAP_KSWAPD_*
 * @freed: pages that the run freed
 */
void sim_tell_kswapd(struct sim_machine *m, u16 why, u32 freed)
{
	if (wanted(m, KSWAPD, kswapd))
		emit(m, NULL, KSWAPD, kswapd, .why = why,
		     .value = READ_ONCE(m->nr_free_pages), .to = freed);
}

/**
 * sim_tell_segment() - SHMSWAP_EVENT_SEGMENT
 * @seg: segment
 * @why: SHMSWAP_SEGMENT_*
 * @mm: process whose attach came or went, or NULL
 * @address: where that begins
 */
void sim_tell_segment(const struct sim_shmid *seg, u16 why, const struct sim_mm *mm, u64 address)
{
	if (wanted(seg->m, SEGMENT, segment))
		emit(seg->m, mm, SEGMENT, segment, .why = why, .pid = mm ? mm->pid : 0,
		     .address = address, .shmid = seg->id, .value = seg->nattch,
		     .to = seg->npages);
}
