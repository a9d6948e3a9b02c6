// SPDX-License-Identifier: GPL-2.0
/*
 * The one table of the events: their names, the words for what happened, and the fields
 * of their lines. The tracepoints print the same words.
 */
#include <stddef.h>

#include "event_log.h"

static const char *const fault_words[EVENT_MAX_WORDS] = {
	[SHMSWAP_FAULT_MINOR] = "minor",
	[SHMSWAP_FAULT_ZERO] = "zero",
	[SHMSWAP_FAULT_SWAP] = "swap",
	[SHMSWAP_FAULT_FILE] = "file",
	[SHMSWAP_FAULT_COW] = "cow",
	[SHMSWAP_FAULT_ERROR] = "error",
};

static const char *const step_words[EVENT_MAX_WORDS] = {
	[SHMSWAP_STEP_UNUSED] = "unused",
	[SHMSWAP_STEP_WRAP] = "wrap",
	[SHMSWAP_STEP_LOCKED] = "locked",
	[SHMSWAP_STEP_END] = "end",
	[SHMSWAP_STEP_ABSENT] = "absent",
	[SHMSWAP_STEP_BUSY] = "busy",
	[SHMSWAP_STEP_BUDGET] = "budget",
	[SHMSWAP_STEP_YOUNG] = "young",
	[SHMSWAP_STEP_PINNED] = "pinned",
	[SHMSWAP_STEP_VICTIM] = "victim",
};

static const char *const clock_end_words[EVENT_MAX_WORDS] = {
	[SHMSWAP_CLOCK_FREED] = "freed",
	[SHMSWAP_CLOCK_FAILED] = "failed",
	[SHMSWAP_CLOCK_BUDGET] = "budget",
	[SHMSWAP_CLOCK_WRAPPED] = "wrapped",
	[SHMSWAP_CLOCK_IDLE] = "idle",
	[SHMSWAP_CLOCK_NO_SLOT] = "no_slot",
};

static const char *const pte_words[EVENT_MAX_WORDS] = {
	[SHMSWAP_PTE_MAP] = "map",
	[SHMSWAP_PTE_ACCESS] = "access",
	[SHMSWAP_PTE_AGE] = "age",
	[SHMSWAP_PTE_UNMAP] = "unmap",
	[SHMSWAP_PTE_ZAP] = "zap",
	[SHMSWAP_PTE_CLEAN] = "clean",
	[SHMSWAP_PTE_PROTECT] = "protect",
	[SHMSWAP_PTE_FORK] = "fork",
};

static const char *const flush_words[EVENT_MAX_WORDS] = {
	[SHMSWAP_FLUSH_PAGE] = "page",
	[SHMSWAP_FLUSH_RANGE] = "range",
	[SHMSWAP_FLUSH_MM] = "mm",
};

static const char *const slot_words[EVENT_MAX_WORDS] = {
	[SHMSWAP_SLOT_GET] = "get",
	[SHMSWAP_SLOT_DUPLICATE] = "duplicate",
	[SHMSWAP_SLOT_FREE] = "free",
	[SHMSWAP_SLOT_REJECT] = "reject",
};

static const char *const frame_words[EVENT_MAX_WORDS] = {
	[SHMSWAP_FRAME_ALLOC] = "alloc",
	[SHMSWAP_FRAME_FREE] = "free",
};

static const char *const cache_words[EVENT_MAX_WORDS] = {
	[SHMSWAP_CACHE_ADD] = "add",
	[SHMSWAP_CACHE_DELETE] = "delete",
};

static const char *const age_words[EVENT_MAX_WORDS] = {
	[SHMSWAP_AGE_INITIAL] = "initial",
	[SHMSWAP_AGE_TOUCH] = "touch",
	[SHMSWAP_AGE_DECLINE] = "decline",
};

static const char *const scan_words[EVENT_MAX_WORDS] = {
	[SHMSWAP_SCAN_RESERVED] = "reserved",
	[SHMSWAP_SCAN_YOUNG] = "young",
	[SHMSWAP_SCAN_AGE] = "age",
	[SHMSWAP_SCAN_BUSY] = "busy",
	[SHMSWAP_SCAN_TAKE] = "take",
	[SHMSWAP_SCAN_USED] = "used",
};

static const char *const reclaim_words[EVENT_MAX_WORDS] = {
	[SHMSWAP_RECLAIM_TRY] = "try",
	[SHMSWAP_RECLAIM_SHM] = "shm",
	[SHMSWAP_RECLAIM_MMAP] = "mmap",
	[SHMSWAP_RECLAIM_SWAP_OUT] = "swap_out",
	[SHMSWAP_RECLAIM_FAULT] = "fault",
};

static const char *const kswapd_words[EVENT_MAX_WORDS] = {
	[SHMSWAP_KSWAPD_WAKE] = "wake",
	[SHMSWAP_KSWAPD_BALANCE] = "balance",
	[SHMSWAP_KSWAPD_SLEEP] = "sleep",
};

static const char *const segment_words[EVENT_MAX_WORDS] = {
	[SHMSWAP_SEGMENT_CREATE] = "create",
	[SHMSWAP_SEGMENT_ATTACH] = "attach",
	[SHMSWAP_SEGMENT_DETACH] = "detach",
	[SHMSWAP_SEGMENT_LOCK] = "lock",
	[SHMSWAP_SEGMENT_UNLOCK] = "unlock",
	[SHMSWAP_SEGMENT_REMOVE] = "remove",
	[SHMSWAP_SEGMENT_DESTROY] = "destroy",
};

#define AT(key, kind, member)	{ key, kind, offsetof(struct shmswap_event, member) }
#define WHY(key)		{ key, EVENT_WHY, 0 }
#define PID			AT("pid", EVENT_U32, pid)
#define ADDRESS			AT("addr", EVENT_HEX, address)
#define SHMID			AT("shmid", EVENT_S32, shmid)
#define INDEX			AT("index", EVENT_U32, index)
#define FRAME			AT("pfn", EVENT_U32, pfn)
#define COUNT			AT("count", EVENT_U32, count)
#define SLOT			{ "slot", EVENT_SLOT, 0 }
#define HANDS			{ "hand", EVENT_HANDS, 0 }
#define ERROR			AT("error", EVENT_ERROR, from)

const struct event_type event_types[SHMSWAP_NR_EVENT_TYPES] = {
	[SHMSWAP_EVENT_LOST] = { "lost", NULL, { AT("events", EVENT_U64, from) } },
	[SHMSWAP_EVENT_FAULT] = { "fault", fault_words, {
		PID, ADDRESS, AT("write", EVENT_U32, value), WHY("how"), SHMID, INDEX, FRAME,
		COUNT, ERROR,
	} },
	[SHMSWAP_EVENT_SWAP_OUT] = { "swap_out", NULL, { SHMID, INDEX, FRAME, SLOT, ERROR } },
	[SHMSWAP_EVENT_SWAP_IN] = { "swap_in", NULL, { SHMID, INDEX, FRAME, SLOT, ERROR } },
	[SHMSWAP_EVENT_CLOCK_BEGIN] = { "clock_begin", NULL, {
		AT("level", EVENT_U32, value), AT("budget", EVENT_U64, to),
		AT("hand", EVENT_HAND, from), SLOT,
	} },
	[SHMSWAP_EVENT_CLOCK_STEP] = { "clock_step", step_words, {
		HANDS, WHY("why"), SHMID, INDEX, FRAME, COUNT,
		AT("aged", EVENT_U32, value), AT("unmapped", EVENT_U32, value2),
	} },
	[SHMSWAP_EVENT_CLOCK_END] = { "clock_end", clock_end_words, {
		HANDS, WHY("why"), AT("attempts", EVENT_U32, value),
	} },
	[SHMSWAP_EVENT_PTE] = { "pte", pte_words, {
		PID, ADDRESS, SHMID, INDEX, WHY("why"), { "pte", EVENT_PTES, 0 },
	} },
	[SHMSWAP_EVENT_TLB_FLUSH] = { "tlb_flush", flush_words, {
		WHY("what"), PID, AT("start", EVENT_HEX, from), AT("end", EVENT_HEX, to),
	} },
	[SHMSWAP_EVENT_SLOT] = { "slot", slot_words, { WHY("why"), SLOT, COUNT } },
	[SHMSWAP_EVENT_FRAME] = { "frame", frame_words, {
		WHY("why"), FRAME, AT("order", EVENT_U32, value), AT("free", EVENT_U64, to),
	} },
	[SHMSWAP_EVENT_AGE] = { "age", age_words, {
		WHY("why"), FRAME, { "age", EVENT_AGES, 0 },
	} },
	[SHMSWAP_EVENT_CACHE] = { "cache", cache_words, { WHY("why"), FRAME, COUNT, SLOT } },
	[SHMSWAP_EVENT_SCAN] = { "scan", scan_words, {
		WHY("why"), PID, ADDRESS, SHMID, INDEX, FRAME, COUNT,
	} },
	[SHMSWAP_EVENT_MMAP] = { "mmap", scan_words, { WHY("why"), FRAME, COUNT } },
	[SHMSWAP_EVENT_RECLAIM_BEGIN] = { "reclaim_begin", reclaim_words, {
		WHY("method"), AT("level", EVENT_U32, value),
	} },
	[SHMSWAP_EVENT_RECLAIM_END] = { "reclaim_end", reclaim_words, {
		WHY("method"), AT("freed", EVENT_U32, value),
	} },
	[SHMSWAP_EVENT_KSWAPD] = { "kswapd", kswapd_words, {
		WHY("why"), AT("free", EVENT_U32, value), AT("freed", EVENT_U64, to),
	} },
	[SHMSWAP_EVENT_SEGMENT] = { "segment", segment_words, {
		WHY("why"), PID, ADDRESS, SHMID,
		AT("nattch", EVENT_U32, value), AT("pages", EVENT_U64, to),
	} },
};
