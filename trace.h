/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The tracepoints: the events of shmswap.h, with the names that their fields have
 * for each kind, and in the words that shmswapctl prints. A machine is told from
 * another by its number (@machine, see struct shmswap_info).
 */
#undef TRACE_SYSTEM
#define TRACE_SYSTEM shmswap

#if !defined(_SIM_TRACE_H) || defined(TRACE_HEADER_MULTI_READ)
#define _SIM_TRACE_H

#include <linux/tracepoint.h>

#include "shmswap.h"

int sim_listen(void);
void sim_unlisten(void);

#define show_fault(how)							\
	__print_symbolic(how,						\
		{ SHMSWAP_FAULT_MINOR,		"minor" },		\
		{ SHMSWAP_FAULT_ZERO,		"zero" },		\
		{ SHMSWAP_FAULT_SWAP,		"swap" },		\
		{ SHMSWAP_FAULT_FILE,		"file" },		\
		{ SHMSWAP_FAULT_COW,		"cow" },		\
		{ SHMSWAP_FAULT_ERROR,		"error" })

#define show_step(why)							\
	__print_symbolic(why,						\
		{ SHMSWAP_STEP_UNUSED,		"unused" },		\
		{ SHMSWAP_STEP_WRAP,		"wrap" },		\
		{ SHMSWAP_STEP_LOCKED,		"locked" },		\
		{ SHMSWAP_STEP_END,		"end" },		\
		{ SHMSWAP_STEP_ABSENT,		"absent" },		\
		{ SHMSWAP_STEP_BUSY,		"busy" },		\
		{ SHMSWAP_STEP_BUDGET,		"budget" },		\
		{ SHMSWAP_STEP_YOUNG,		"young" },		\
		{ SHMSWAP_STEP_PINNED,		"pinned" },		\
		{ SHMSWAP_STEP_VICTIM,		"victim" })

#define show_clock_end(why)						\
	__print_symbolic(why,						\
		{ SHMSWAP_CLOCK_FREED,		"freed" },		\
		{ SHMSWAP_CLOCK_FAILED,		"failed" },		\
		{ SHMSWAP_CLOCK_BUDGET,		"budget" },		\
		{ SHMSWAP_CLOCK_WRAPPED,	"wrapped" },		\
		{ SHMSWAP_CLOCK_IDLE,		"idle" },		\
		{ SHMSWAP_CLOCK_NO_SLOT,	"no_slot" })

#define show_pte(why)							\
	__print_symbolic(why,						\
		{ SHMSWAP_PTE_MAP,		"map" },		\
		{ SHMSWAP_PTE_ACCESS,		"access" },		\
		{ SHMSWAP_PTE_AGE,		"age" },		\
		{ SHMSWAP_PTE_UNMAP,		"unmap" },		\
		{ SHMSWAP_PTE_ZAP,		"zap" },		\
		{ SHMSWAP_PTE_CLEAN,		"clean" },		\
		{ SHMSWAP_PTE_PROTECT,		"protect" },		\
		{ SHMSWAP_PTE_FORK,		"fork" })

#define show_flush(why)							\
	__print_symbolic(why,						\
		{ SHMSWAP_FLUSH_PAGE,		"page" },		\
		{ SHMSWAP_FLUSH_RANGE,		"range" },		\
		{ SHMSWAP_FLUSH_MM,		"mm" })

#define show_slot(why)							\
	__print_symbolic(why,						\
		{ SHMSWAP_SLOT_GET,		"get" },		\
		{ SHMSWAP_SLOT_DUPLICATE,	"duplicate" },		\
		{ SHMSWAP_SLOT_FREE,		"free" },		\
		{ SHMSWAP_SLOT_REJECT,		"reject" })

#define show_frame(why)							\
	__print_symbolic(why,						\
		{ SHMSWAP_FRAME_ALLOC,		"alloc" },		\
		{ SHMSWAP_FRAME_FREE,		"free" })

#define show_cache(why)							\
	__print_symbolic(why,						\
		{ SHMSWAP_CACHE_ADD,		"add" },		\
		{ SHMSWAP_CACHE_DELETE,		"delete" })

#define show_age(why)							\
	__print_symbolic(why,						\
		{ SHMSWAP_AGE_INITIAL,		"initial" },		\
		{ SHMSWAP_AGE_TOUCH,		"touch" },		\
		{ SHMSWAP_AGE_DECLINE,		"decline" })

#define show_scan(why)							\
	__print_symbolic(why,						\
		{ SHMSWAP_SCAN_RESERVED,	"reserved" },		\
		{ SHMSWAP_SCAN_YOUNG,		"young" },		\
		{ SHMSWAP_SCAN_AGE,		"age" },		\
		{ SHMSWAP_SCAN_BUSY,		"busy" },		\
		{ SHMSWAP_SCAN_TAKE,		"take" },		\
		{ SHMSWAP_SCAN_USED,		"used" })

#define show_reclaim(why)						\
	__print_symbolic(why,						\
		{ SHMSWAP_RECLAIM_TRY,		"try" },		\
		{ SHMSWAP_RECLAIM_SHM,		"clock" },		\
		{ SHMSWAP_RECLAIM_MMAP,		"mmap" },		\
		{ SHMSWAP_RECLAIM_SWAP_OUT,	"scan" },		\
		{ SHMSWAP_RECLAIM_FAULT,	"fault" })

#define show_kswapd(why)						\
	__print_symbolic(why,						\
		{ SHMSWAP_KSWAPD_WAKE,		"wake" },		\
		{ SHMSWAP_KSWAPD_BALANCE,	"balance" },		\
		{ SHMSWAP_KSWAPD_SLEEP,		"sleep" })

#define show_segment(why)						\
	__print_symbolic(why,						\
		{ SHMSWAP_SEGMENT_CREATE,	"create" },		\
		{ SHMSWAP_SEGMENT_ATTACH,	"attach" },		\
		{ SHMSWAP_SEGMENT_DETACH,	"detach" },		\
		{ SHMSWAP_SEGMENT_LOCK,		"lock" },		\
		{ SHMSWAP_SEGMENT_UNLOCK,	"unlock" },		\
		{ SHMSWAP_SEGMENT_REMOVE,	"remove" },		\
		{ SHMSWAP_SEGMENT_DESTROY,	"destroy" })

TRACE_EVENT_FN(shmswap_fault,
	TP_PROTO(u32 machine, const struct shmswap_event *e),
	TP_ARGS(machine, e),

	TP_STRUCT__entry(
		__field(u32, machine)
		__field(u32, pid)
		__field(u64, address)
		__field(u32, write)
		__field(u16, how)
		__field(s32, shmid)
		__field(u32, index)
		__field(u32, pfn)
		__field(u32, count)
		__field(u32, error)
	),

	TP_fast_assign(
		__entry->machine = machine;
		__entry->pid = e->pid;
		__entry->address = e->address;
		__entry->write = e->value;
		__entry->how = e->why;
		__entry->shmid = e->shmid;
		__entry->index = e->index;
		__entry->pfn = e->pfn;
		__entry->count = e->count;
		__entry->error = e->from;
	),

	TP_printk("machine=%u pid=%u addr=0x%llx write=%u how=%s shmid=%d index=%u pfn=%u "
		  "count=%u error=%u",
		  __entry->machine, __entry->pid, __entry->address, __entry->write,
		  show_fault(__entry->how), __entry->shmid, __entry->index, __entry->pfn,
		  __entry->count, __entry->error),

	sim_listen, sim_unlisten
);

DECLARE_EVENT_CLASS(shmswap_io,
	TP_PROTO(u32 machine, const struct shmswap_event *e),
	TP_ARGS(machine, e),

	TP_STRUCT__entry(
		__field(u32, machine)
		__field(s32, shmid)
		__field(u32, index)
		__field(u32, pfn)
		__field(u32, area)
		__field(u32, slot)
		__field(u32, error)
	),

	TP_fast_assign(
		__entry->machine = machine;
		__entry->shmid = e->shmid;
		__entry->index = e->index;
		__entry->pfn = e->pfn;
		__entry->area = e->area;
		__entry->slot = e->slot;
		__entry->error = e->from;
	),

	TP_printk("machine=%u shmid=%d index=%u pfn=%u slot=%u:%u error=%u",
		  __entry->machine, __entry->shmid, __entry->index, __entry->pfn, __entry->area,
		  __entry->slot, __entry->error)
);

DEFINE_EVENT_FN(shmswap_io, shmswap_swap_out,
	TP_PROTO(u32 machine, const struct shmswap_event *e),
	TP_ARGS(machine, e),

	sim_listen, sim_unlisten
);

DEFINE_EVENT_FN(shmswap_io, shmswap_swap_in,
	TP_PROTO(u32 machine, const struct shmswap_event *e),
	TP_ARGS(machine, e),

	sim_listen, sim_unlisten
);

TRACE_EVENT_FN(shmswap_clock_begin,
	TP_PROTO(u32 machine, const struct shmswap_event *e),
	TP_ARGS(machine, e),

	TP_STRUCT__entry(
		__field(u32, machine)
		__field(u32, level)
		__field(u64, budget)
		__field(u32, hand_id)
		__field(u32, hand_idx)
		__field(u32, area)
		__field(u32, slot)
	),

	TP_fast_assign(
		__entry->machine = machine;
		__entry->level = e->value;
		__entry->budget = e->to;
		__entry->hand_id = SHMSWAP_HAND_ID(e->from);
		__entry->hand_idx = SHMSWAP_HAND_IDX(e->from);
		__entry->area = e->area;
		__entry->slot = e->slot;
	),

	TP_printk("machine=%u level=%u budget=%llu hand=%u:%u slot=%u:%u",
		  __entry->machine, __entry->level, __entry->budget, __entry->hand_id,
		  __entry->hand_idx, __entry->area, __entry->slot),

	sim_listen, sim_unlisten
);

TRACE_EVENT_FN(shmswap_clock_step,
	TP_PROTO(u32 machine, const struct shmswap_event *e),
	TP_ARGS(machine, e),

	TP_STRUCT__entry(
		__field(u32, machine)
		__field(u32, from_id)
		__field(u32, from_idx)
		__field(u32, to_id)
		__field(u32, to_idx)
		__field(u16, why)
		__field(s32, shmid)
		__field(u32, index)
		__field(u32, pfn)
		__field(u32, count)
		__field(u32, aged)
		__field(u32, unmapped)
	),

	TP_fast_assign(
		__entry->machine = machine;
		__entry->from_id = SHMSWAP_HAND_ID(e->from);
		__entry->from_idx = SHMSWAP_HAND_IDX(e->from);
		__entry->to_id = SHMSWAP_HAND_ID(e->to);
		__entry->to_idx = SHMSWAP_HAND_IDX(e->to);
		__entry->why = e->why;
		__entry->shmid = e->shmid;
		__entry->index = e->index;
		__entry->pfn = e->pfn;
		__entry->count = e->count;
		__entry->aged = e->value;
		__entry->unmapped = e->value2;
	),

	TP_printk("machine=%u hand=%u:%u->%u:%u why=%s shmid=%d index=%u pfn=%u count=%u "
		  "aged=%u unmapped=%u",
		  __entry->machine, __entry->from_id, __entry->from_idx, __entry->to_id,
		  __entry->to_idx, show_step(__entry->why), __entry->shmid, __entry->index,
		  __entry->pfn, __entry->count, __entry->aged, __entry->unmapped),

	sim_listen, sim_unlisten
);

TRACE_EVENT_FN(shmswap_clock_end,
	TP_PROTO(u32 machine, const struct shmswap_event *e),
	TP_ARGS(machine, e),

	TP_STRUCT__entry(
		__field(u32, machine)
		__field(u32, from_id)
		__field(u32, from_idx)
		__field(u32, to_id)
		__field(u32, to_idx)
		__field(u16, why)
		__field(u32, attempts)
	),

	TP_fast_assign(
		__entry->machine = machine;
		__entry->from_id = SHMSWAP_HAND_ID(e->from);
		__entry->from_idx = SHMSWAP_HAND_IDX(e->from);
		__entry->to_id = SHMSWAP_HAND_ID(e->to);
		__entry->to_idx = SHMSWAP_HAND_IDX(e->to);
		__entry->why = e->why;
		__entry->attempts = e->value;
	),

	TP_printk("machine=%u hand=%u:%u->%u:%u why=%s attempts=%u",
		  __entry->machine, __entry->from_id, __entry->from_idx, __entry->to_id,
		  __entry->to_idx, show_clock_end(__entry->why), __entry->attempts),

	sim_listen, sim_unlisten
);

TRACE_EVENT_FN(shmswap_pte,
	TP_PROTO(u32 machine, const struct shmswap_event *e),
	TP_ARGS(machine, e),

	TP_STRUCT__entry(
		__field(u32, machine)
		__field(u32, pid)
		__field(u64, address)
		__field(s32, shmid)
		__field(u32, index)
		__field(u16, why)
		__field(u64, from)
		__field(u64, to)
	),

	TP_fast_assign(
		__entry->machine = machine;
		__entry->pid = e->pid;
		__entry->address = e->address;
		__entry->shmid = e->shmid;
		__entry->index = e->index;
		__entry->why = e->why;
		__entry->from = e->from;
		__entry->to = e->to;
	),

	TP_printk("machine=%u pid=%u addr=0x%llx shmid=%d index=%u why=%s pte=0x%llx->0x%llx",
		  __entry->machine, __entry->pid, __entry->address, __entry->shmid,
		  __entry->index, show_pte(__entry->why), __entry->from, __entry->to),

	sim_listen, sim_unlisten
);

TRACE_EVENT_FN(shmswap_tlb_flush,
	TP_PROTO(u32 machine, const struct shmswap_event *e),
	TP_ARGS(machine, e),

	TP_STRUCT__entry(
		__field(u32, machine)
		__field(u16, what)
		__field(u32, pid)
		__field(u64, start)
		__field(u64, end)
	),

	TP_fast_assign(
		__entry->machine = machine;
		__entry->what = e->why;
		__entry->pid = e->pid;
		__entry->start = e->from;
		__entry->end = e->to;
	),

	TP_printk("machine=%u what=%s pid=%u start=0x%llx end=0x%llx",
		  __entry->machine, show_flush(__entry->what), __entry->pid, __entry->start,
		  __entry->end),

	sim_listen, sim_unlisten
);

TRACE_EVENT_FN(shmswap_slot,
	TP_PROTO(u32 machine, const struct shmswap_event *e),
	TP_ARGS(machine, e),

	TP_STRUCT__entry(
		__field(u32, machine)
		__field(u16, why)
		__field(u32, area)
		__field(u32, slot)
		__field(u32, count)
	),

	TP_fast_assign(
		__entry->machine = machine;
		__entry->why = e->why;
		__entry->area = e->area;
		__entry->slot = e->slot;
		__entry->count = e->count;
	),

	TP_printk("machine=%u why=%s slot=%u:%u count=%u",
		  __entry->machine, show_slot(__entry->why), __entry->area, __entry->slot,
		  __entry->count),

	sim_listen, sim_unlisten
);

TRACE_EVENT_FN(shmswap_frame,
	TP_PROTO(u32 machine, const struct shmswap_event *e),
	TP_ARGS(machine, e),

	TP_STRUCT__entry(
		__field(u32, machine)
		__field(u16, why)
		__field(u32, pfn)
		__field(u32, order)
		__field(u64, free)
	),

	TP_fast_assign(
		__entry->machine = machine;
		__entry->why = e->why;
		__entry->pfn = e->pfn;
		__entry->order = e->value;
		__entry->free = e->to;
	),

	TP_printk("machine=%u why=%s pfn=%u order=%u free=%llu",
		  __entry->machine, show_frame(__entry->why), __entry->pfn, __entry->order,
		  __entry->free),

	sim_listen, sim_unlisten
);

TRACE_EVENT_FN(shmswap_age,
	TP_PROTO(u32 machine, const struct shmswap_event *e),
	TP_ARGS(machine, e),

	TP_STRUCT__entry(
		__field(u32, machine)
		__field(u16, why)
		__field(u32, pfn)
		__field(u64, from)
		__field(u64, to)
	),

	TP_fast_assign(
		__entry->machine = machine;
		__entry->why = e->why;
		__entry->pfn = e->pfn;
		__entry->from = e->from;
		__entry->to = e->to;
	),

	TP_printk("machine=%u why=%s pfn=%u age=%llu->%llu",
		  __entry->machine, show_age(__entry->why), __entry->pfn, __entry->from,
		  __entry->to),

	sim_listen, sim_unlisten
);

TRACE_EVENT_FN(shmswap_cache,
	TP_PROTO(u32 machine, const struct shmswap_event *e),
	TP_ARGS(machine, e),

	TP_STRUCT__entry(
		__field(u32, machine)
		__field(u16, why)
		__field(u32, pfn)
		__field(u32, count)
		__field(u32, area)
		__field(u32, slot)
	),

	TP_fast_assign(
		__entry->machine = machine;
		__entry->why = e->why;
		__entry->pfn = e->pfn;
		__entry->count = e->count;
		__entry->area = e->area;
		__entry->slot = e->slot;
	),

	TP_printk("machine=%u why=%s pfn=%u count=%u slot=%u:%u",
		  __entry->machine, show_cache(__entry->why), __entry->pfn, __entry->count,
		  __entry->area, __entry->slot),

	sim_listen, sim_unlisten
);

TRACE_EVENT_FN(shmswap_scan,
	TP_PROTO(u32 machine, const struct shmswap_event *e),
	TP_ARGS(machine, e),

	TP_STRUCT__entry(
		__field(u32, machine)
		__field(u16, why)
		__field(u32, pid)
		__field(u64, address)
		__field(s32, shmid)
		__field(u32, index)
		__field(u32, pfn)
		__field(u32, count)
	),

	TP_fast_assign(
		__entry->machine = machine;
		__entry->why = e->why;
		__entry->pid = e->pid;
		__entry->address = e->address;
		__entry->shmid = e->shmid;
		__entry->index = e->index;
		__entry->pfn = e->pfn;
		__entry->count = e->count;
	),

	TP_printk("machine=%u why=%s pid=%u addr=0x%llx shmid=%d index=%u pfn=%u count=%u",
		  __entry->machine, show_scan(__entry->why), __entry->pid, __entry->address,
		  __entry->shmid, __entry->index, __entry->pfn, __entry->count),

	sim_listen, sim_unlisten
);

TRACE_EVENT_FN(shmswap_mmap,
	TP_PROTO(u32 machine, const struct shmswap_event *e),
	TP_ARGS(machine, e),

	TP_STRUCT__entry(
		__field(u32, machine)
		__field(u16, why)
		__field(u32, pfn)
		__field(u32, count)
		__field(u32, frames)
	),

	TP_fast_assign(
		__entry->machine = machine;
		__entry->why = e->why;
		__entry->pfn = e->pfn;
		__entry->count = e->count;
		__entry->frames = e->value;
	),

	TP_printk("machine=%u why=%s pfn=%u count=%u frames=%u",
		  __entry->machine, show_scan(__entry->why), __entry->pfn, __entry->count,
		  __entry->frames),

	sim_listen, sim_unlisten
);

TRACE_EVENT_FN(shmswap_reclaim_begin,
	TP_PROTO(u32 machine, const struct shmswap_event *e),
	TP_ARGS(machine, e),

	TP_STRUCT__entry(
		__field(u32, machine)
		__field(u16, method)
		__field(u32, level)
	),

	TP_fast_assign(
		__entry->machine = machine;
		__entry->method = e->why;
		__entry->level = e->value;
	),

	TP_printk("machine=%u method=%s level=%u",
		  __entry->machine, show_reclaim(__entry->method), __entry->level),

	sim_listen, sim_unlisten
);

TRACE_EVENT_FN(shmswap_reclaim_end,
	TP_PROTO(u32 machine, const struct shmswap_event *e),
	TP_ARGS(machine, e),

	TP_STRUCT__entry(
		__field(u32, machine)
		__field(u16, method)
		__field(u32, freed)
	),

	TP_fast_assign(
		__entry->machine = machine;
		__entry->method = e->why;
		__entry->freed = e->value;
	),

	TP_printk("machine=%u method=%s freed=%u",
		  __entry->machine, show_reclaim(__entry->method), __entry->freed),

	sim_listen, sim_unlisten
);

TRACE_EVENT_FN(shmswap_kswapd,
	TP_PROTO(u32 machine, const struct shmswap_event *e),
	TP_ARGS(machine, e),

	TP_STRUCT__entry(
		__field(u32, machine)
		__field(u16, why)
		__field(u32, free)
		__field(u64, freed)
	),

	TP_fast_assign(
		__entry->machine = machine;
		__entry->why = e->why;
		__entry->free = e->value;
		__entry->freed = e->to;
	),

	TP_printk("machine=%u why=%s free=%u freed=%llu",
		  __entry->machine, show_kswapd(__entry->why), __entry->free, __entry->freed),

	sim_listen, sim_unlisten
);

TRACE_EVENT_FN(shmswap_segment,
	TP_PROTO(u32 machine, const struct shmswap_event *e),
	TP_ARGS(machine, e),

	TP_STRUCT__entry(
		__field(u32, machine)
		__field(u16, why)
		__field(u32, pid)
		__field(u64, address)
		__field(s32, shmid)
		__field(u32, nattch)
		__field(u64, pages)
	),

	TP_fast_assign(
		__entry->machine = machine;
		__entry->why = e->why;
		__entry->pid = e->pid;
		__entry->address = e->address;
		__entry->shmid = e->shmid;
		__entry->nattch = e->value;
		__entry->pages = e->to;
	),

	TP_printk("machine=%u why=%s pid=%u addr=0x%llx shmid=%d nattch=%u pages=%llu",
		  __entry->machine, show_segment(__entry->why), __entry->pid, __entry->address,
		  __entry->shmid, __entry->nattch, __entry->pages),

	sim_listen, sim_unlisten
);

#endif /* _SIM_TRACE_H */

/* This part must be outside protection. */
#undef TRACE_INCLUDE_PATH
#define TRACE_INCLUDE_PATH .
#undef TRACE_INCLUDE_FILE
#define TRACE_INCLUDE_FILE trace
#include <trace/define_trace.h>
