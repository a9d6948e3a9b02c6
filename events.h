/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What happens, told to whoever listens: the tracepoints of trace.h, and the rings of
 * events.c. Which fields a kind of event has is said in shmswap.h.
 */
#ifndef _SIM_EVENTS_H
#define _SIM_EVENTS_H

#include <linux/jump_label_ratelimit.h>

#include "pte.h"

struct file;
struct shmswap_event;
struct shmswap_events;
struct sim_fault;
struct sim_machine;
struct sim_mm;
struct sim_page;
struct sim_shmid;
struct sim_vma;

/* Somebody listens to some machine. */
extern struct static_key_false_deferred sim_listening;

#define sim_events_on()	static_branch_unlikely(&sim_listening.key)

/*
 * Tell of an event: sim_tell_KIND() with these arguments. As long as nobody listens
 * they are not even computed, and all of it is one instruction that does nothing.
 */
#define sim_event(kind, ...)						\
	do {								\
		if (sim_events_on())					\
			sim_tell_##kind(__VA_ARGS__);			\
	} while (0)

/* ring.c */
void sim_record(struct sim_machine *m, const struct sim_mm *mm, const struct shmswap_event *event);
void sim_events_init(struct sim_machine *m);
void sim_events_exit(struct sim_machine *m);
struct file *sim_events_file(struct sim_machine *m, const struct shmswap_events *arg);

/* events.c; sim_listen() and sim_unlisten() are in trace.h, which needs them */
void sim_unlisten_later(void);
void sim_events_flush(void);

void sim_tell_fault(const struct sim_fault *f, const struct sim_shmid *seg, pgoff_t index,
		    const struct sim_page *page, int err);
void sim_tell_swap_out(struct sim_machine *m, const struct sim_page *page,
		       sim_swp_entry_t entry, int err);
void sim_tell_swap_in(struct sim_machine *m, const struct sim_page *page,
		      sim_swp_entry_t entry, int err);
void sim_tell_clock_begin(struct sim_machine *m, int prio, long budget,
			  sim_swp_entry_t entry);
void sim_tell_clock_step(struct sim_machine *m, u16 why, u64 from,
			 const struct sim_shmid *seg, const struct sim_page *page,
			 u32 aged, u32 unmapped);
void sim_tell_clock_end(struct sim_machine *m, u16 why, u64 from, u32 attempts);
void sim_tell_pte(struct sim_vma *vma, u64 address, u16 why, sim_pte_t from, sim_pte_t to);
void sim_tell_tlb_flush(struct sim_mm *mm, u16 what, u64 start, u64 end);
void sim_tell_slot(struct sim_machine *m, u16 why, sim_swp_entry_t entry, u32 count);
void sim_tell_frame(struct sim_machine *m, u16 why, const struct sim_page *page, u32 order);
void sim_tell_age(struct sim_machine *m, u16 why, const struct sim_page *page, u32 from);
void sim_tell_cache(struct sim_machine *m, u16 why, const struct sim_page *page,
		    sim_swp_entry_t entry);
void sim_tell_scan(struct sim_vma *vma, u64 address, u16 why, const struct sim_page *page);
void sim_tell_mmap(struct sim_machine *m, u16 why, const struct sim_page *page, u32 nr);
void sim_tell_reclaim_begin(struct sim_machine *m, u16 method, u32 level);
void sim_tell_reclaim_end(struct sim_machine *m, u16 method, u32 freed);
void sim_tell_kswapd(struct sim_machine *m, u16 why, u32 freed);
void sim_tell_segment(const struct sim_shmid *seg, u16 why, const struct sim_mm *mm,
		      u64 address);

/* Replace an entry, and tell; @why is SHMSWAP_PTE_*. Returns what it was. */
static inline sim_pte_t sim_ptep_replace(struct sim_vma *vma, u64 address, sim_pte_t *ptep,
					 sim_pte_t pte, u16 why)
{
	sim_pte_t old = sim_ptep_xchg(ptep, pte);

	sim_event(pte, vma, address, why, old, pte);
	return old;
}

#endif /* _SIM_EVENTS_H */
