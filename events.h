/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What happens, told to whoever listens: the tracepoints, and the rings of events.c.
 * If nobody does, an event costs a load and a test. The fields that a kind of event
 * has are in shmswap.h.
 */
#ifndef _SIM_EVENTS_H
#define _SIM_EVENTS_H

#include "trace.h"

/* Does anybody listen to a kind of event, NAME in shmswap.h and name in trace.h? */
#define sim_event_wanted(m, NAME, name)					\
	(trace_shmswap_##name##_enabled() ||				\
	 unlikely(READ_ONCE((m)->event_mask) & BIT_ULL(SHMSWAP_EVENT_##NAME)))

/* Tell of an event of the process @mm, or of none, with these fields. */
#define sim_emit(m, mm, NAME, name, ...)				\
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

/* events.c */
void sim_record(struct sim_machine *m, const struct sim_mm *mm, const struct shmswap_event *event);
void sim_events_init(struct sim_machine *m);
void sim_events_exit(struct sim_machine *m);
struct file *sim_events_file(struct sim_machine *m, const struct shmswap_events *arg);
void sim_page_owner(const struct sim_page *page, s32 *shmid, u32 *index);

static inline u64 sim_clock_hand(const struct sim_machine *m)
{
	return (u64)m->clock.swap_id << 32 | m->clock.swap_idx;
}

static inline void sim_event_fault(struct sim_fault *f, u16 how, int err)
{
	if (sim_event_wanted(f->m, FAULT, fault))
		sim_emit(f->m, f->mm, FAULT, fault, .why = how, .pid = f->mm->pid,
			 .address = f->address, .shmid = f->mapped.shmid,
			 .index = f->mapped.index, .pfn = f->mapped.pfn,
			 .count = f->mapped.count, .value = f->write, .from = -err);
}

static inline void sim_event_swap_out(struct sim_machine *m, const struct sim_page *page,
				      sim_swp_entry_t entry, int err)
{
	s32 shmid;
	u32 index;

	if (!sim_event_wanted(m, SWAP_OUT, swap_out))
		return;
	sim_page_owner(page, &shmid, &index);
	sim_emit(m, NULL, SWAP_OUT, swap_out, .shmid = shmid, .index = index,
		 .pfn = sim_page_pfn(m, page), .area = sim_swp_type(entry),
		 .slot = sim_swp_offset(entry), .from = -err);
}

static inline void sim_event_swap_in(struct sim_machine *m, const struct sim_page *page,
				     sim_swp_entry_t entry, int err)
{
	s32 shmid;
	u32 index;

	if (!sim_event_wanted(m, SWAP_IN, swap_in))
		return;
	sim_page_owner(page, &shmid, &index);
	sim_emit(m, NULL, SWAP_IN, swap_in, .shmid = shmid, .index = index,
		 .pfn = sim_page_pfn(m, page), .area = sim_swp_type(entry),
		 .slot = sim_swp_offset(entry), .from = -err);
}

static inline void sim_event_clock_begin(struct sim_machine *m, int prio, long budget,
					 sim_swp_entry_t entry)
{
	if (sim_event_wanted(m, CLOCK_BEGIN, clock_begin))
		sim_emit(m, NULL, CLOCK_BEGIN, clock_begin, .value = prio, .to = budget,
			 .from = sim_clock_hand(m), .area = sim_swp_type(entry),
			 .slot = sim_swp_offset(entry));
}

static inline void sim_event_clock_end(struct sim_machine *m, u16 why, u64 from, u32 attempts)
{
	if (sim_event_wanted(m, CLOCK_END, clock_end))
		sim_emit(m, NULL, CLOCK_END, clock_end, .why = why, .from = from,
			 .to = sim_clock_hand(m), .value = attempts);
}

static inline void sim_event_pte(struct sim_vma *vma, u64 address, u16 why, sim_pte_t from,
				 sim_pte_t to)
{
	struct sim_mm *mm = vma->vm_mm;

	if (sim_event_wanted(mm->m, PTE, pte))
		sim_emit(mm->m, mm, PTE, pte, .why = why, .pid = mm->pid, .address = address,
			 .shmid = vma->vm_seg ? vma->vm_seg->id : -1,
			 .index = sim_linear_page_index(vma, address),
			 .from = from.pte, .to = to.pte);
}

static inline void sim_event_tlb_flush(struct sim_mm *mm, u16 why, u64 start, u64 end)
{
	if (sim_event_wanted(mm->m, TLB_FLUSH, tlb_flush))
		sim_emit(mm->m, mm, TLB_FLUSH, tlb_flush, .why = why, .pid = mm->pid,
			 .from = start, .to = end);
}

static inline void sim_event_slot(struct sim_machine *m, u16 why, sim_swp_entry_t entry,
				  u32 count)
{
	if (sim_event_wanted(m, SLOT, slot))
		sim_emit(m, NULL, SLOT, slot, .why = why, .area = sim_swp_type(entry),
			 .slot = sim_swp_offset(entry), .count = count);
}

static inline void sim_event_frame(struct sim_machine *m, u16 why, const struct sim_page *page,
				   u32 order)
{
	if (sim_event_wanted(m, FRAME, frame))
		sim_emit(m, NULL, FRAME, frame, .why = why, .pfn = sim_page_pfn(m, page),
			 .value = order, .to = m->nr_free_pages);
}

static inline void sim_event_age(struct sim_machine *m, u16 why, const struct sim_page *page,
				 u32 from)
{
	if (page->age != from && sim_event_wanted(m, AGE, age))
		sim_emit(m, NULL, AGE, age, .why = why, .pfn = sim_page_pfn(m, page),
			 .from = from, .to = page->age);
}

static inline void sim_event_cache(struct sim_machine *m, u16 why, const struct sim_page *page,
				   sim_swp_entry_t entry)
{
	if (sim_event_wanted(m, CACHE, cache))
		sim_emit(m, NULL, CACHE, cache, .why = why, .pfn = sim_page_pfn(m, page),
			 .count = sim_page_count(page), .area = sim_swp_type(entry),
			 .slot = sim_swp_offset(entry));
}

static inline void sim_event_scan(struct sim_vma *vma, u64 address, u16 why,
				  const struct sim_page *page)
{
	struct sim_mm *mm = vma->vm_mm;

	if (sim_event_wanted(mm->m, SCAN, scan))
		sim_emit(mm->m, mm, SCAN, scan, .why = why, .pid = mm->pid, .address = address,
			 .shmid = vma->vm_seg ? vma->vm_seg->id : -1,
			 .index = sim_linear_page_index(vma, address),
			 .pfn = sim_page_pfn(mm->m, page), .count = sim_page_count(page));
}

static inline void sim_event_mmap(struct sim_machine *m, u16 why, const struct sim_page *page)
{
	if (sim_event_wanted(m, MMAP, mmap))
		sim_emit(m, NULL, MMAP, mmap, .why = why, .pfn = sim_page_pfn(m, page),
			 .count = sim_page_count(page));
}

static inline void sim_event_reclaim_begin(struct sim_machine *m, u16 method, u32 level)
{
	if (sim_event_wanted(m, RECLAIM_BEGIN, reclaim_begin))
		sim_emit(m, NULL, RECLAIM_BEGIN, reclaim_begin, .why = method, .value = level);
}

static inline void sim_event_reclaim_end(struct sim_machine *m, u16 method, u32 freed)
{
	if (sim_event_wanted(m, RECLAIM_END, reclaim_end))
		sim_emit(m, NULL, RECLAIM_END, reclaim_end, .why = method, .value = freed);
}

static inline void sim_event_kswapd(struct sim_machine *m, u16 why, u64 freed)
{
	if (sim_event_wanted(m, KSWAPD, kswapd))
		sim_emit(m, NULL, KSWAPD, kswapd, .why = why,
			 .value = READ_ONCE(m->nr_free_pages), .to = freed);
}

/* @mm and @address, if an attach came or went. */
static inline void sim_event_segment(const struct sim_shmid *seg, u16 why,
				     const struct sim_mm *mm, u64 address)
{
	if (sim_event_wanted(seg->m, SEGMENT, segment))
		sim_emit(seg->m, mm, SEGMENT, segment, .why = why, .pid = mm ? mm->pid : 0,
			 .address = address, .shmid = seg->id, .value = seg->nattch,
			 .to = seg->npages);
}

#endif /* _SIM_EVENTS_H */
