// SPDX-License-Identifier: GPL-2.0
/*
 * The one table of the events: their names, the words for what happened, and the fields
 * of their lines. The tracepoints print the same words.
 */
#include <stddef.h>

#include "event_log.h"

static const struct event_word fault_words[EVENT_MAX_WORDS] = {
	[SHMSWAP_FAULT_MINOR] = EVENT_WORD("minor"),
	[SHMSWAP_FAULT_ZERO] = EVENT_WORD("zero"),
	[SHMSWAP_FAULT_SWAP] = EVENT_WORD("swap"),
	[SHMSWAP_FAULT_FILE] = EVENT_WORD("file"),
	[SHMSWAP_FAULT_COW] = EVENT_WORD("cow"),
	[SHMSWAP_FAULT_ERROR] = EVENT_WORD("error"),
};

static const struct event_word step_words[EVENT_MAX_WORDS] = {
	[SHMSWAP_STEP_UNUSED] = EVENT_WORD("unused"),
	[SHMSWAP_STEP_WRAP] = EVENT_WORD("wrap"),
	[SHMSWAP_STEP_LOCKED] = EVENT_WORD("locked"),
	[SHMSWAP_STEP_END] = EVENT_WORD("end"),
	[SHMSWAP_STEP_ABSENT] = EVENT_WORD("absent"),
	[SHMSWAP_STEP_BUSY] = EVENT_WORD("busy"),
	[SHMSWAP_STEP_BUDGET] = EVENT_WORD("budget"),
	[SHMSWAP_STEP_YOUNG] = EVENT_WORD("young"),
	[SHMSWAP_STEP_PINNED] = EVENT_WORD("pinned"),
	[SHMSWAP_STEP_VICTIM] = EVENT_WORD("victim"),
};

static const struct event_word clock_end_words[EVENT_MAX_WORDS] = {
	[SHMSWAP_CLOCK_FREED] = EVENT_WORD("freed"),
	[SHMSWAP_CLOCK_FAILED] = EVENT_WORD("failed"),
	[SHMSWAP_CLOCK_BUDGET] = EVENT_WORD("budget"),
	[SHMSWAP_CLOCK_WRAPPED] = EVENT_WORD("wrapped"),
	[SHMSWAP_CLOCK_IDLE] = EVENT_WORD("idle"),
	[SHMSWAP_CLOCK_NO_SLOT] = EVENT_WORD("no_slot"),
};

static const struct event_word pte_words[EVENT_MAX_WORDS] = {
	[SHMSWAP_PTE_MAP] = EVENT_WORD("map"),
	[SHMSWAP_PTE_ACCESS] = EVENT_WORD("access"),
	[SHMSWAP_PTE_AGE] = EVENT_WORD("age"),
	[SHMSWAP_PTE_UNMAP] = EVENT_WORD("unmap"),
	[SHMSWAP_PTE_ZAP] = EVENT_WORD("zap"),
	[SHMSWAP_PTE_CLEAN] = EVENT_WORD("clean"),
	[SHMSWAP_PTE_PROTECT] = EVENT_WORD("protect"),
	[SHMSWAP_PTE_FORK] = EVENT_WORD("fork"),
};

static const struct event_word flush_words[EVENT_MAX_WORDS] = {
	[SHMSWAP_FLUSH_PAGE] = EVENT_WORD("page"),
	[SHMSWAP_FLUSH_RANGE] = EVENT_WORD("range"),
	[SHMSWAP_FLUSH_MM] = EVENT_WORD("mm"),
};

static const struct event_word slot_words[EVENT_MAX_WORDS] = {
	[SHMSWAP_SLOT_GET] = EVENT_WORD("get"),
	[SHMSWAP_SLOT_DUPLICATE] = EVENT_WORD("duplicate"),
	[SHMSWAP_SLOT_FREE] = EVENT_WORD("free"),
	[SHMSWAP_SLOT_REJECT] = EVENT_WORD("reject"),
};

static const struct event_word frame_words[EVENT_MAX_WORDS] = {
	[SHMSWAP_FRAME_ALLOC] = EVENT_WORD("alloc"),
	[SHMSWAP_FRAME_FREE] = EVENT_WORD("free"),
};

static const struct event_word cache_words[EVENT_MAX_WORDS] = {
	[SHMSWAP_CACHE_ADD] = EVENT_WORD("add"),
	[SHMSWAP_CACHE_DELETE] = EVENT_WORD("delete"),
};

static const struct event_word age_words[EVENT_MAX_WORDS] = {
	[SHMSWAP_AGE_INITIAL] = EVENT_WORD("initial"),
	[SHMSWAP_AGE_TOUCH] = EVENT_WORD("touch"),
	[SHMSWAP_AGE_DECLINE] = EVENT_WORD("decline"),
};

static const struct event_word scan_words[EVENT_MAX_WORDS] = {
	[SHMSWAP_SCAN_RESERVED] = EVENT_WORD("reserved"),
	[SHMSWAP_SCAN_YOUNG] = EVENT_WORD("young"),
	[SHMSWAP_SCAN_AGE] = EVENT_WORD("age"),
	[SHMSWAP_SCAN_BUSY] = EVENT_WORD("busy"),
	[SHMSWAP_SCAN_TAKE] = EVENT_WORD("take"),
	[SHMSWAP_SCAN_USED] = EVENT_WORD("used"),
};

static const struct event_word reclaim_words[EVENT_MAX_WORDS] = {
	[SHMSWAP_RECLAIM_TRY] = EVENT_WORD("try"),
	[SHMSWAP_RECLAIM_SHM] = EVENT_WORD("clock"),
	[SHMSWAP_RECLAIM_MMAP] = EVENT_WORD("mmap"),
	[SHMSWAP_RECLAIM_SWAP_OUT] = EVENT_WORD("scan"),
	[SHMSWAP_RECLAIM_FAULT] = EVENT_WORD("fault"),
};

static const struct event_word kswapd_words[EVENT_MAX_WORDS] = {
	[SHMSWAP_KSWAPD_WAKE] = EVENT_WORD("wake"),
	[SHMSWAP_KSWAPD_BALANCE] = EVENT_WORD("balance"),
	[SHMSWAP_KSWAPD_SLEEP] = EVENT_WORD("sleep"),
};

static const struct event_word segment_words[EVENT_MAX_WORDS] = {
	[SHMSWAP_SEGMENT_CREATE] = EVENT_WORD("create"),
	[SHMSWAP_SEGMENT_ATTACH] = EVENT_WORD("attach"),
	[SHMSWAP_SEGMENT_DETACH] = EVENT_WORD("detach"),
	[SHMSWAP_SEGMENT_LOCK] = EVENT_WORD("lock"),
	[SHMSWAP_SEGMENT_UNLOCK] = EVENT_WORD("unlock"),
	[SHMSWAP_SEGMENT_REMOVE] = EVENT_WORD("remove"),
	[SHMSWAP_SEGMENT_DESTROY] = EVENT_WORD("destroy"),
};

#define FIELD(key, kind, offset)	{ EVENT_WORD(key), kind, offset }
#define AT(key, kind, member)	FIELD(key, kind, offsetof(struct shmswap_event, member))
#define WHY(key)		FIELD(key, EVENT_WHY, 0)
#define PID			AT("pid", EVENT_U32, pid)
#define ADDRESS			AT("addr", EVENT_HEX, address)
#define SHMID			AT("shmid", EVENT_S32, shmid)
#define INDEX			AT("index", EVENT_U32, index)
#define FRAME			AT("pfn", EVENT_U32, pfn)
#define COUNT			AT("count", EVENT_U32, count)
#define SLOT			FIELD("slot", EVENT_SLOT, 0)
#define HANDS			FIELD("hand", EVENT_HANDS, 0)
#define ERROR			AT("error", EVENT_ERROR, from)

const struct event_type event_types[SHMSWAP_NR_EVENT_TYPES] = {
	[SHMSWAP_EVENT_LOST] = { EVENT_WORD("lost"), NULL, { AT("events", EVENT_U64, from) } },
	[SHMSWAP_EVENT_FAULT] = { EVENT_WORD("fault"), fault_words, {
		PID, ADDRESS, AT("write", EVENT_U32, value), WHY("how"), SHMID, INDEX, FRAME,
		COUNT, ERROR,
	} },
	[SHMSWAP_EVENT_SWAP_OUT] = { EVENT_WORD("swap_out"), NULL, {
		SHMID, INDEX, FRAME, SLOT, ERROR,
	} },
	[SHMSWAP_EVENT_SWAP_IN] = { EVENT_WORD("swap_in"), NULL, {
		SHMID, INDEX, FRAME, SLOT, ERROR,
	} },
	[SHMSWAP_EVENT_CLOCK_BEGIN] = { EVENT_WORD("clock_begin"), NULL, {
		AT("level", EVENT_U32, value), AT("budget", EVENT_U64, to),
		AT("hand", EVENT_HAND, from), SLOT,
	} },
	[SHMSWAP_EVENT_CLOCK_STEP] = { EVENT_WORD("clock_step"), step_words, {
		HANDS, WHY("why"), SHMID, INDEX, FRAME, COUNT,
		AT("aged", EVENT_U32, value), AT("unmapped", EVENT_U32, value2),
	} },
	[SHMSWAP_EVENT_CLOCK_END] = { EVENT_WORD("clock_end"), clock_end_words, {
		HANDS, WHY("why"), AT("attempts", EVENT_U32, value),
	} },
	[SHMSWAP_EVENT_PTE] = { EVENT_WORD("pte"), pte_words, {
		PID, ADDRESS, SHMID, INDEX, WHY("why"), FIELD("pte", EVENT_PTES, 0),
	} },
	[SHMSWAP_EVENT_TLB_FLUSH] = { EVENT_WORD("tlb_flush"), flush_words, {
		WHY("what"), PID, AT("start", EVENT_HEX, from), AT("end", EVENT_HEX, to),
	} },
	[SHMSWAP_EVENT_SLOT] = { EVENT_WORD("slot"), slot_words, { WHY("why"), SLOT, COUNT } },
	[SHMSWAP_EVENT_FRAME] = { EVENT_WORD("frame"), frame_words, {
		WHY("why"), FRAME, AT("order", EVENT_U32, value), AT("free", EVENT_U64, to),
	} },
	[SHMSWAP_EVENT_AGE] = { EVENT_WORD("age"), age_words, {
		WHY("why"), FRAME, FIELD("age", EVENT_AGES, 0),
	} },
	[SHMSWAP_EVENT_CACHE] = { EVENT_WORD("cache"), cache_words, {
		WHY("why"), FRAME, COUNT, SLOT,
	} },
	[SHMSWAP_EVENT_SCAN] = { EVENT_WORD("scan"), scan_words, {
		WHY("why"), PID, ADDRESS, SHMID, INDEX, FRAME, COUNT,
	} },
	[SHMSWAP_EVENT_MMAP] = { EVENT_WORD("mmap"), scan_words, {
		WHY("why"), FRAME, COUNT, AT("frames", EVENT_U32, value),
	} },
	[SHMSWAP_EVENT_RECLAIM_BEGIN] = { EVENT_WORD("reclaim_begin"), reclaim_words, {
		WHY("method"), AT("level", EVENT_U32, value),
	} },
	[SHMSWAP_EVENT_RECLAIM_END] = { EVENT_WORD("reclaim_end"), reclaim_words, {
		WHY("method"), AT("freed", EVENT_U32, value),
	} },
	[SHMSWAP_EVENT_KSWAPD] = { EVENT_WORD("kswapd"), kswapd_words, {
		WHY("why"), AT("free", EVENT_U32, value), AT("freed", EVENT_U64, to),
	} },
	[SHMSWAP_EVENT_SEGMENT] = { EVENT_WORD("segment"), segment_words, {
		WHY("why"), PID, ADDRESS, SHMID,
		AT("nattch", EVENT_U32, value), AT("pages", EVENT_U64, to),
	} },
};
