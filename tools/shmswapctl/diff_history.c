// SPDX-License-Identifier: GPL-2.0
/*
 * What a log has said: where the clock's hand is, and who touched and who aged a page last.
 */
#include <search.h>
#include <stdlib.h>

#include "diff.h"

static int by_place(const void *a, const void *b)
{
	const struct diff_page *left = a, *right = b;

	if (left->shmid != right->shmid)
		return left->shmid < right->shmid ? -1 : 1;
	return (left->index > right->index) - (left->index < right->index);
}

static struct diff_page *get_page(struct diff_history *h, const struct shmswap_event *e)
{
	struct diff_page *page = calloc(1, sizeof(*page));
	struct diff_page **found;

	if (!page)
		return NULL;
	page->shmid = e->shmid;
	page->index = e->index;
	found = tsearch(page, &h->pages, by_place);
	if (!found || *found != page)
		free(page);
	return found ? *found : NULL;
}

static struct diff_process *find_process(const struct diff_page *page, __u32 pid)
{
	unsigned int i;

	for (i = 0; i < page->nr; i++) {
		if (page->process[i].pid == pid)
			return &page->process[i];
	}
	return NULL;
}

static struct diff_process *get_process(struct diff_page *page, __u32 pid)
{
	struct diff_process *process = find_process(page, pid);

	if (process)
		return process;
	process = reallocarray(page->process, page->nr + 1, sizeof(*process));
	if (!process)
		return NULL;
	page->process = process;
	process += page->nr++;
	*process = (struct diff_process) { .pid = pid };
	return process;
}

static bool mark(struct diff_history *h, const struct shmswap_event *e, unsigned long line,
		 enum diff_deed deed)
{
	struct diff_page *page = get_page(h, e);
	struct diff_process *process = page ? get_process(page, e->pid) : NULL;

	if (process)
		process->line[deed] = line;
	return process;
}

static bool mark_pte(struct diff_history *h, const struct shmswap_event *e, unsigned long line)
{
	switch (e->why) {
	case SHMSWAP_PTE_MAP:
	case SHMSWAP_PTE_ACCESS:
		return mark(h, e, line, DIFF_TOUCHED);
	case SHMSWAP_PTE_AGE:
		if (h->nr_aged < DIFF_MAX_AGED)
			h->aged[h->nr_aged++] = e->pid;
		return mark(h, e, line, DIFF_AGED);
	case SHMSWAP_PTE_UNMAP:
	case SHMSWAP_PTE_ZAP:
		return mark(h, e, line, DIFF_TAKEN);
	}
	return true;
}

/* Has a page table entry of the page changed so since the last step? */
static bool told(const struct diff_page *page, unsigned long since, enum diff_deed deed)
{
	unsigned int i;

	for (i = 0; i < page->nr; i++) {
		if (page->process[i].pid && page->process[i].line[deed] > since)
			return true;
	}
	return false;
}

/* A log without page table entries says at least this much of them. */
static bool mark_step(struct diff_history *h, const struct shmswap_event *e, unsigned long line)
{
	struct diff_page *page;
	bool ok = true;

	if (e->value || e->value2) {
		page = get_page(h, e);
		ok = page;
		if (ok && e->value && !told(page, h->step, DIFF_AGED))
			ok = mark(h, e, line, DIFF_AGED);
		if (ok && e->value2 && !told(page, h->step, DIFF_TAKEN))
			ok = mark(h, e, line, DIFF_TAKEN);
	}
	return ok;
}

static void move_hand(struct diff_history *h, __u64 hand, unsigned long line)
{
	h->has_hand = true;
	h->hand = hand;
	h->step = line;
	h->nr_aged = 0;
}

/**
 * diff_history_add() - go on by an event
 * @h: history
 * @e: event
 * @line: its line
 *
 * Return: false if there is no memory.
 */
bool diff_history_add(struct diff_history *h, const struct shmswap_event *e, unsigned long line)
{
	bool ok = true;

	switch (e->type) {
	case SHMSWAP_EVENT_PTE:
		return e->shmid < 0 || mark_pte(h, e, line);
	case SHMSWAP_EVENT_FAULT:
		return e->shmid < 0 || e->why == SHMSWAP_FAULT_ERROR ||
		       mark(h, e, line, DIFF_TOUCHED);
	case SHMSWAP_EVENT_CLOCK_BEGIN:
		move_hand(h, e->from, line);
		break;
	case SHMSWAP_EVENT_CLOCK_STEP:
		ok = mark_step(h, e, line);
		move_hand(h, e->to, line);
		break;
	case SHMSWAP_EVENT_CLOCK_END:
		move_hand(h, e->to, line);
		break;
	}
	return ok;
}

/**
 * diff_history_page() - what became of a page
 * @h: history
 * @shmid: segment
 * @index: page
 *
 * Return: what is known of it, or NULL.
 */
const struct diff_page *diff_history_page(const struct diff_history *h, __s32 shmid, __u32 index)
{
	const struct diff_page key = { .shmid = shmid, .index = index };
	struct diff_page *const *found = tfind(&key, &h->pages, by_place);

	return found ? *found : NULL;
}

/**
 * diff_page_line() - where a log says something of a page for the last time
 * @page: page, or NULL
 * @pid: process
 * @deed: what
 *
 * Return: line; 0: nowhere.
 */
unsigned long diff_page_line(const struct diff_page *page, __u32 pid, enum diff_deed deed)
{
	const struct diff_process *process = page ? find_process(page, pid) : NULL;

	return process ? process->line[deed] : 0;
}

static void free_page(void *node)
{
	struct diff_page *page = node;

	free(page->process);
	free(page);
}

/**
 * diff_history_free() - free what was remembered
 * @h: history
 */
void diff_history_free(struct diff_history *h)
{
	tdestroy(h->pages, free_page);
	h->pages = NULL;
}
