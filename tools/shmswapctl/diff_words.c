// SPDX-License-Identifier: GPL-2.0
/*
 * Events in words: what a machine did, as the end of a sentence that begins with its name.
 */
#include <string.h>

#include "diff.h"
#include "event_log.h"

/**
 * struct phrase - where the words go, and what they are about
 * @out: there
 * @e: event
 * @h: what its log said before
 * @it: its page was just named
 */
struct phrase {
	FILE *out;
	const struct shmswap_event *e;
	const struct diff_history *h;
	bool it;
};

/* The word for a value of @why, from @nr of them. */
static const char *pick(const char *const *words, unsigned int nr, unsigned int why)
{
	return why < nr ? words[why] : "did what has no name here to";
}

#define PICK(words, why)	pick(words, sizeof(words) / sizeof((words)[0]), why)

/**
 * diff_has_page() - is it about a page of a segment?
 * @e: event
 *
 * Return: true if @e->shmid and @e->index are one.
 */
bool diff_has_page(const struct shmswap_event *e)
{
	switch (e->type) {
	case SHMSWAP_EVENT_FAULT:
	case SHMSWAP_EVENT_SWAP_OUT:
	case SHMSWAP_EVENT_SWAP_IN:
	case SHMSWAP_EVENT_PTE:
	case SHMSWAP_EVENT_SCAN:
		return e->shmid >= 0;
	case SHMSWAP_EVENT_CLOCK_STEP:
		return e->why >= SHMSWAP_STEP_ABSENT;
	}
	return false;
}

static void say_page(const struct phrase *p)
{
	if (p->it)
		fputs("it", p->out);
	else if (diff_has_page(p->e))
		fprintf(p->out, "page %u of segment %d", p->e->index, p->e->shmid);
	else if (p->e->address)
		fprintf(p->out, "the page at 0x%llx", p->e->address);
	else
		fprintf(p->out, "frame %u", p->e->pfn);
}

static void say_error(const struct phrase *p)
{
	if (p->e->from)
		fprintf(p->out, ", in vain: %s", strerror(p->e->from));
}

static void say_fault(const struct phrase *p)
{
	static const struct {
		const char *before, *after;
	} words[] = {
		[SHMSWAP_FAULT_MINOR] = { "found", " in memory" },
		[SHMSWAP_FAULT_ZERO] = { "cleared a frame for", "" },
		[SHMSWAP_FAULT_SWAP] = { "read", " from swap" },
		[SHMSWAP_FAULT_FILE] = { "read", " from its file" },
		[SHMSWAP_FAULT_COW] = { "copied", "" },
		[SHMSWAP_FAULT_ERROR] = { "could not get", "" },
	};
	bool known = p->e->why <= SHMSWAP_FAULT_ERROR;

	fprintf(p->out, "%s ", known ? words[p->e->why].before : "got");
	say_page(p);
	fprintf(p->out, "%s for a %s of process %u", known ? words[p->e->why].after : "",
		p->e->value ? "store" : "load", p->e->pid);
	if (p->e->why == SHMSWAP_FAULT_ERROR)
		fprintf(p->out, ": %s", strerror(p->e->from));
}

static void say_swap(const struct phrase *p)
{
	bool out = p->e->type == SHMSWAP_EVENT_SWAP_OUT;

	fputs(out ? "wrote " : "read ", p->out);
	say_page(p);
	fprintf(p->out, " %s slot %u:%u", out ? "to" : "from", p->e->area, p->e->slot);
	say_error(p);
}

static void say_hand(const struct phrase *p, __u64 hand)
{
	fprintf(p->out, "%u:%u", SHMSWAP_HAND_ID(hand), SHMSWAP_HAND_IDX(hand));
}

static void say_clock_begin(const struct phrase *p)
{
	fprintf(p->out, "began a run of the clock at level %u with a budget of %llu and slot %u:%u",
		p->e->value, p->e->to, p->e->area, p->e->slot);
}

/* The processes in which the page was just made old, if the log says it. */
static void say_sharers(const struct phrase *p)
{
	unsigned int i, nr = p->h->nr_aged;

	if (!nr || nr != p->e->value) {
		fprintf(p->out, "%u process%s", p->e->value, p->e->value == 1 ? "" : "es");
		return;
	}
	fprintf(p->out, "process%s", nr == 1 ? "" : "es");
	for (i = 0; i < nr; i++)
		fprintf(p->out, "%s %u", !i ? "" : i + 1 < nr ? "," : " and", p->h->aged[i]);
}

static void say_passed_over(const struct phrase *p)
{
	static const char *const because[] = {
		[SHMSWAP_STEP_ABSENT] = "it was not present",
		[SHMSWAP_STEP_BUSY] = "it was busy",
		[SHMSWAP_STEP_BUDGET] = "the budget was spent",
		[SHMSWAP_STEP_YOUNG] = "it was young in ",
		[SHMSWAP_STEP_PINNED] = "somebody else held it",
	};

	fputs("passed over ", p->out);
	say_page(p);
	fprintf(p->out, " because %s", because[p->e->why]);
	if (p->e->why == SHMSWAP_STEP_YOUNG)
		say_sharers(p);
}

static void say_clock_step(const struct phrase *p)
{
	switch (p->e->why) {
	case SHMSWAP_STEP_VICTIM:
		fputs(p->it ? "swapped " : "swapped out ", p->out);
		say_page(p);
		fputs(p->it ? " out" : "", p->out);
		break;
	case SHMSWAP_STEP_ABSENT:
	case SHMSWAP_STEP_BUSY:
	case SHMSWAP_STEP_BUDGET:
	case SHMSWAP_STEP_YOUNG:
	case SHMSWAP_STEP_PINNED:
		say_passed_over(p);
		break;
	case SHMSWAP_STEP_WRAP:
		fputs("went on with the first segment after the last", p->out);
		break;
	case SHMSWAP_STEP_END:
		fprintf(p->out, "came to the end of segment %d", p->e->shmid);
		break;
	case SHMSWAP_STEP_LOCKED:
		fprintf(p->out, "passed over segment %d because it was locked", p->e->shmid);
		break;
	default:
		fputs("moved the hand to ", p->out);
		say_hand(p, p->e->to);
	}
}

static void say_clock_end(const struct phrase *p)
{
	static const char *const how[] = {
		[SHMSWAP_CLOCK_FREED] = "a page was swapped out",
		[SHMSWAP_CLOCK_FAILED] = "the page could not be swapped out",
		[SHMSWAP_CLOCK_BUDGET] = "the budget was spent",
		[SHMSWAP_CLOCK_WRAPPED] = "the hand had gone round",
		[SHMSWAP_CLOCK_IDLE] = "there was no budget",
		[SHMSWAP_CLOCK_NO_SLOT] = "there was no slot",
	};

	fprintf(p->out, "ended a run of the clock after %u attempts at ", p->e->value);
	say_hand(p, p->e->to);
	fprintf(p->out, ": %s", PICK(how, p->e->why));
}

static void say_pte(const struct phrase *p)
{
	static const struct {
		const char *before, *after;
	} words[] = {
		[SHMSWAP_PTE_MAP] = { "mapped", "into" },
		[SHMSWAP_PTE_ACCESS] = { "accessed", "in" },
		[SHMSWAP_PTE_AGE] = { "made", "old in" },
		[SHMSWAP_PTE_UNMAP] = { "took", "away from" },
		[SHMSWAP_PTE_ZAP] = { "unmapped", "from" },
		[SHMSWAP_PTE_CLEAN] = { "made", "clean in" },
		[SHMSWAP_PTE_PROTECT] = { "protected", "anew in" },
		[SHMSWAP_PTE_FORK] = { "shared", "by a fork with" },
	};
	bool known = p->e->why <= SHMSWAP_PTE_FORK;

	fprintf(p->out, "%s ", known ? words[p->e->why].before : "changed");
	say_page(p);
	fprintf(p->out, " %s process %u", known ? words[p->e->why].after : "in", p->e->pid);
}

static void say_tlb_flush(const struct phrase *p)
{
	static const char *const what[] = {
		[SHMSWAP_FLUSH_PAGE] = "a page",
		[SHMSWAP_FLUSH_RANGE] = "a range",
		[SHMSWAP_FLUSH_MM] = "all",
	};

	fprintf(p->out, "flushed %s of process %u from its TLB", PICK(what, p->e->why), p->e->pid);
	if (p->e->why != SHMSWAP_FLUSH_MM)
		fprintf(p->out, ", 0x%llx to 0x%llx", p->e->from, p->e->to);
}

static void say_slot(const struct phrase *p)
{
	static const char *const words[] = {
		[SHMSWAP_SLOT_GET] = "took",
		[SHMSWAP_SLOT_DUPLICATE] = "duplicated",
		[SHMSWAP_SLOT_FREE] = "gave back",
		[SHMSWAP_SLOT_REJECT] = "rejected",
	};

	fprintf(p->out, "%s slot %u:%u, which has %u users then", PICK(words, p->e->why),
		p->e->area, p->e->slot, p->e->count);
}

static void say_frame(const struct phrase *p)
{
	fprintf(p->out, "%s frame %u, with %llu free then",
		p->e->why == SHMSWAP_FRAME_ALLOC ? "took" : "gave back", p->e->pfn, p->e->to);
}

static void say_age(const struct phrase *p)
{
	fprintf(p->out, "changed the age of frame %u from %llu to %llu", p->e->pfn, p->e->from,
		p->e->to);
}

static void say_cache(const struct phrase *p)
{
	fprintf(p->out, "%s frame %u %s the swap cache with slot %u:%u",
		p->e->why == SHMSWAP_CACHE_ADD ? "put" : "took", p->e->pfn,
		p->e->why == SHMSWAP_CACHE_ADD ? "into" : "from", p->e->area, p->e->slot);
}

static void say_looked_at(const struct phrase *p)
{
	static const char *const found[] = {
		[SHMSWAP_SCAN_RESERVED] = "left it, reserved or locked",
		[SHMSWAP_SCAN_YOUNG] = "left it because it was young",
		[SHMSWAP_SCAN_AGE] = "left it because of its age",
		[SHMSWAP_SCAN_BUSY] = "left it because it was held",
		[SHMSWAP_SCAN_TAKE] = "took it away",
		[SHMSWAP_SCAN_USED] = "left it because others had it",
	};

	fprintf(p->out, "looked at ");
	say_page(p);
	if (p->e->pid)
		fprintf(p->out, " in process %u", p->e->pid);
	if (p->e->type == SHMSWAP_EVENT_MMAP && p->e->value > 1)
		fprintf(p->out, ", the last of %u in a row,", p->e->value);
	fprintf(p->out, " and %s", PICK(found, p->e->why));
}

static void say_reclaim(const struct phrase *p)
{
	const char *why = event_why(p->e);

	if (p->e->type == SHMSWAP_EVENT_RECLAIM_BEGIN)
		fprintf(p->out, "began to reclaim at level %u", p->e->value);
	else
		fprintf(p->out, "ended to reclaim with %u pages freed", p->e->value);
	fprintf(p->out, " (%s)", why ? why : "unknown");
}

static void say_kswapd(const struct phrase *p)
{
	static const char *const words[] = {
		[SHMSWAP_KSWAPD_WAKE] = "woke kswapd",
		[SHMSWAP_KSWAPD_BALANCE] = "ended a run of kswapd",
		[SHMSWAP_KSWAPD_SLEEP] = "let kswapd sleep",
	};

	fprintf(p->out, "%s, with %u frames free", PICK(words, p->e->why), p->e->value);
}

static void say_segment(const struct phrase *p)
{
	static const char *const words[] = {
		[SHMSWAP_SEGMENT_CREATE] = "created",
		[SHMSWAP_SEGMENT_ATTACH] = "attached",
		[SHMSWAP_SEGMENT_DETACH] = "detached",
		[SHMSWAP_SEGMENT_LOCK] = "locked",
		[SHMSWAP_SEGMENT_UNLOCK] = "unlocked",
		[SHMSWAP_SEGMENT_REMOVE] = "removed",
		[SHMSWAP_SEGMENT_DESTROY] = "destroyed",
	};

	fprintf(p->out, "%s segment %d of %llu pages", PICK(words, p->e->why), p->e->shmid,
		p->e->to);
	if (p->e->pid)
		fprintf(p->out, " in process %u at 0x%llx", p->e->pid, p->e->address);
}

static void say_lost(const struct phrase *p)
{
	fprintf(p->out, "lost %llu events", p->e->from);
}

void diff_describe(FILE *out, const struct shmswap_event *e, const struct diff_history *h, bool it)
{
	static void (*const describe[])(const struct phrase *p) = {
		[SHMSWAP_EVENT_LOST] = say_lost,
		[SHMSWAP_EVENT_FAULT] = say_fault,
		[SHMSWAP_EVENT_SWAP_OUT] = say_swap,
		[SHMSWAP_EVENT_SWAP_IN] = say_swap,
		[SHMSWAP_EVENT_CLOCK_BEGIN] = say_clock_begin,
		[SHMSWAP_EVENT_CLOCK_STEP] = say_clock_step,
		[SHMSWAP_EVENT_CLOCK_END] = say_clock_end,
		[SHMSWAP_EVENT_PTE] = say_pte,
		[SHMSWAP_EVENT_TLB_FLUSH] = say_tlb_flush,
		[SHMSWAP_EVENT_SLOT] = say_slot,
		[SHMSWAP_EVENT_FRAME] = say_frame,
		[SHMSWAP_EVENT_AGE] = say_age,
		[SHMSWAP_EVENT_CACHE] = say_cache,
		[SHMSWAP_EVENT_SCAN] = say_looked_at,
		[SHMSWAP_EVENT_MMAP] = say_looked_at,
		[SHMSWAP_EVENT_RECLAIM_BEGIN] = say_reclaim,
		[SHMSWAP_EVENT_RECLAIM_END] = say_reclaim,
		[SHMSWAP_EVENT_KSWAPD] = say_kswapd,
		[SHMSWAP_EVENT_SEGMENT] = say_segment,
	};
	const struct phrase phrase = { .out = out, .e = e, .h = h, .it = it };

	describe[e->type](&phrase);
}
