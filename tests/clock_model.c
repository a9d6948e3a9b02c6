// SPDX-License-Identifier: GPL-2.0
/*
 * The naive model; see clock_model.h.
 */
#include <linux/errno.h>
#include <linux/minmax.h>
#include <linux/string.h>

#include "clock_model.h"

/* How often a fault asks for reclaim in vain before it gives up. */
#define MAX_FAILURES	16

#define CLUSTER		32

/* ---------------------------------------------------------------- counting */

/**
 * clock_model_words() - count a segment's pages of a kind
 * @m: model
 * @seg: index of the segment
 * @kind: which
 *
 * Return: how many.
 */
u32 clock_model_words(const struct clock_model *m, int seg, enum clock_model_word_kind kind)
{
	u32 i, nr = 0;

	for (i = 0; m->seg[seg].used && i < m->seg[seg].npages; i++)
		nr += m->seg[seg].word[i].kind == kind;
	return nr;
}

static u32 all_words(const struct clock_model *m, enum clock_model_word_kind kind)
{
	u32 nr = 0;
	int seg;

	for (seg = 0; seg < MODEL_SEGS; seg++)
		nr += clock_model_words(m, seg, kind);
	return nr;
}

/**
 * clock_model_tot() - pages of all segments
 * @m: model
 *
 * Return: how many.
 */
u32 clock_model_tot(const struct clock_model *m)
{
	return all_words(m, MODEL_UNTOUCHED) + clock_model_rss(m) + clock_model_swp(m);
}

/**
 * clock_model_rss() - resident pages
 * @m: model
 *
 * Return: how many.
 */
u32 clock_model_rss(const struct clock_model *m)
{
	return all_words(m, MODEL_RESIDENT);
}

/**
 * clock_model_swp() - swapped pages
 * @m: model
 *
 * Return: how many.
 */
u32 clock_model_swp(const struct clock_model *m)
{
	return all_words(m, MODEL_SWAPPED);
}

/**
 * clock_model_nattch() - attaches of a segment
 * @m: model
 * @seg: its index
 *
 * Return: how many.
 */
u32 clock_model_nattch(const struct clock_model *m, int seg)
{
	u32 nr = 0;
	int i;

	for (i = 0; i < MODEL_ATTACHES; i++)
		nr += m->attach[i].used && m->attach[i].seg == seg;
	return nr;
}

/* The PTE of a page in an attach, or NULL if the attach does not have the page. */
static const enum clock_model_pte *pte_in(const struct clock_model_attach *a, int seg, u32 index)
{
	if (!a->used || a->seg != seg || index < a->pgoff || index >= a->pgoff + a->len)
		return NULL;
	return &a->pte[index - a->pgoff];
}

/**
 * clock_model_mappings() - present PTEs of a page
 * @m: model
 * @seg: index of its segment
 * @index: page
 *
 * Return: how many.
 */
u32 clock_model_mappings(const struct clock_model *m, int seg, u32 index)
{
	u32 nr = 0;
	int i;

	for (i = 0; i < MODEL_ATTACHES; i++) {
		const enum clock_model_pte *pte = pte_in(&m->attach[i], seg, index);

		nr += pte && *pte >= MODEL_OLD;
	}
	return nr;
}

/**
 * clock_model_proc_rss() - present PTEs of a process
 * @m: model
 * @proc: process
 *
 * Return: how many.
 */
u32 clock_model_proc_rss(const struct clock_model *m, int proc)
{
	u32 i, j, nr = 0;

	for (i = 0; i < MODEL_ATTACHES; i++) {
		if (!m->attach[i].used || m->attach[i].proc != proc)
			continue;
		for (j = 0; j < m->attach[i].len; j++)
			nr += m->attach[i].pte[j] >= MODEL_OLD;
	}
	return nr;
}

/**
 * clock_model_free_slots() - free slots of all areas
 * @m: model
 *
 * Return: how many.
 */
u32 clock_model_free_slots(const struct clock_model *m)
{
	u32 slot, nr = 0;
	int i;

	for (i = 0; i < m->nr_areas; i++) {
		for (slot = 1; slot <= m->area[i].nr_slots; slot++)
			nr += m->area[i].slot[slot] == MODEL_FREE;
	}
	return nr;
}

/**
 * clock_model_has_room() - is the model large enough for another operation?
 * @m: model
 *
 * A fork doubles the attaches at most, an attach splits one in three.
 *
 * Return: false if one of these could be too much.
 */
bool clock_model_has_room(const struct clock_model *m)
{
	u32 nr = 0;
	int i;

	for (i = 0; i < MODEL_ATTACHES; i++)
		nr += m->attach[i].used;
	return 2 * nr + 2 <= MODEL_ATTACHES;
}

/**
 * clock_model_at() - what a process has at an address
 * @m: model
 * @proc: process
 * @page: address
 *
 * Return: the attach, or NULL.
 */
const struct clock_model_attach *clock_model_at(const struct clock_model *m, int proc, u32 page)
{
	int i;

	for (i = 0; i < MODEL_ATTACHES; i++) {
		const struct clock_model_attach *a = &m->attach[i];

		if (a->used && a->proc == proc && page >= a->start && page < a->start + a->len)
			return a;
	}
	return NULL;
}

/* ------------------------------------------------------------------- slots */

/**
 * clock_model_init_area() - an area of free slots
 * @area: area
 * @nr_slots: usable slots
 * @prio: priority
 */
void clock_model_init_area(struct clock_model_area *area, u32 nr_slots, int prio)
{
	*area = (struct clock_model_area) {
		.used = true,
		.prio = prio,
		.nr_slots = nr_slots,
		.lowest = 1,
		.highest = nr_slots,
	};
}

/**
 * clock_model_init() - an empty machine
 * @m: model
 * @nr_frames: frames
 * @freepages_min: a fault may take one while more than these are free
 */
void clock_model_init(struct clock_model *m, u32 nr_frames, u32 freepages_min)
{
	memset(m, 0, sizeof(*m));
	m->nr_frames = nr_frames;
	m->freepages_min = freepages_min;
}

/**
 * clock_model_swapon() - add an area
 * @m: model, still without segments
 * @nr_slots: usable slots
 * @prio: priority
 */
void clock_model_swapon(struct clock_model *m, u32 nr_slots, int prio)
{
	int pos = 0;
	int i;

	clock_model_init_area(&m->area[m->nr_areas], nr_slots, prio);
	/* By descending priority, before its equals. */
	while (pos < m->nr_areas && m->area[m->order[pos]].prio > prio)
		pos++;
	for (i = m->nr_areas; i > pos; i--)
		m->order[i] = m->order[i - 1];
	m->order[pos] = m->nr_areas++;
	m->next = 0;
}

static u32 first_free(const struct clock_model_area *area, u32 from)
{
	for (; from <= area->highest; from++) {
		if (area->slot[from] == MODEL_FREE && from)
			return from;
	}
	return 0;
}

/**
 * clock_model_take_slot() - scan_swap_map() of Linux 2.0
 * @area: area
 *
 * Return: a slot, which has one user then; 0: none is free.
 */
u32 clock_model_take_slot(struct clock_model_area *area)
{
	u32 slot = 0;

	if (area->cluster_nr) {
		slot = first_free(area, area->cluster_next);
		if (slot)
			area->cluster_nr--;
	}
	if (!slot) {
		area->cluster_nr = CLUSTER;
		slot = first_free(area, area->lowest);
		if (!slot)
			return 0;
		area->lowest = slot;
	}
	area->slot[slot] = MODEL_USED;
	if (slot == area->highest)
		area->highest--;
	area->cluster_next = slot;
	return slot;
}

/**
 * clock_model_put_slot() - swap_free() of Linux 2.0, but for what other areas mind
 * @area: area
 * @slot: slot that loses a user
 */
void clock_model_put_slot(struct clock_model_area *area, u32 slot)
{
	area->slot[slot]--;
	area->lowest = min(area->lowest, slot);
	area->highest = max(area->highest, slot);
}

static int prio_at(const struct clock_model *m, int pos)
{
	return m->area[m->order[pos]].prio;
}

static bool group_ends_behind(const struct clock_model *m, int pos)
{
	return pos + 1 == m->nr_areas || prio_at(m, pos + 1) != prio_at(m, pos);
}

/* Returns the area, or -1 if there is no slot. */
static int get_swap_page(struct clock_model *m, u32 *slot)
{
	bool wrapped = false;
	int pos = m->next;

	if (!clock_model_free_slots(m))
		return -1;
	while (pos < m->nr_areas) {
		*slot = clock_model_take_slot(&m->area[m->order[pos]]);
		if (*slot) {
			m->next = group_ends_behind(m, pos) ? 0 : pos + 1;
			return m->order[pos];
		}
		if (!wrapped && group_ends_behind(m, pos)) {
			wrapped = true;
			pos = 0;
		} else {
			pos++;
		}
	}
	return -1;
}

static void swap_free(struct clock_model *m, u32 nr, u32 slot)
{
	clock_model_put_slot(&m->area[nr], slot);
	if (m->area[nr].prio > prio_at(m, m->next))
		m->next = 0;
}

/* ---------------------------------------------------------------- segments */

/* The index of a segment, or -EINVAL. */
static int find_seg(const struct clock_model *m, int id)
{
	int seg = id % MODEL_IDS;

	if (id < 0 || seg >= MODEL_SEGS || !m->seg[seg].used || m->seg[seg].id != id)
		return -EINVAL;
	return seg;
}

/**
 * clock_model_shmget() - a new private segment
 * @m: model
 * @npages: size
 *
 * Return: its identifier, -ENOSPC.
 */
int clock_model_shmget(struct clock_model *m, u32 npages)
{
	int seg;

	for (seg = 0; seg < MODEL_SEGS; seg++) {
		if (m->seg[seg].used)
			continue;
		memset(&m->seg[seg], 0, sizeof(m->seg[seg]));
		m->seg[seg].used = true;
		m->seg[seg].npages = npages;
		m->seg[seg].id = m->seq * MODEL_IDS + seg;
		m->max_shmid = max(m->max_shmid, seg);
		return m->seg[seg].id;
	}
	return -ENOSPC;
}

/* Destroy a segment if it is time to. */
static void maybe_destroy(struct clock_model *m, int seg)
{
	u32 i;

	if (!m->seg[seg].used || !m->seg[seg].doomed || clock_model_nattch(m, seg))
		return;
	for (i = 0; i < m->seg[seg].npages; i++) {
		if (m->seg[seg].word[i].kind == MODEL_SWAPPED)
			swap_free(m, m->seg[seg].word[i].area, m->seg[seg].word[i].slot);
	}
	m->seg[seg].used = false;
	m->seq++;
	while (m->max_shmid && !m->seg[m->max_shmid].used)
		m->max_shmid--;
}

/**
 * clock_model_rmid() - remove a segment
 * @m: model
 * @id: identifier
 *
 * Return: 0, -EINVAL.
 */
int clock_model_rmid(struct clock_model *m, int id)
{
	int seg = find_seg(m, id);

	if (seg < 0)
		return seg;
	m->seg[seg].doomed = true;
	maybe_destroy(m, seg);
	return 0;
}

/**
 * clock_model_lock() - lock a segment into memory, or unlock it
 * @m: model
 * @id: identifier
 * @locked: which
 *
 * Return: 0, -EINVAL.
 */
int clock_model_lock(struct clock_model *m, int id, bool locked)
{
	int seg = find_seg(m, id);

	if (seg < 0)
		return seg;
	m->seg[seg].locked = locked;
	return 0;
}

/* ---------------------------------------------------------------- attaches */

static struct clock_model_attach *new_attach(struct clock_model *m)
{
	int i;

	for (i = 0; i < MODEL_ATTACHES; i++) {
		if (!m->attach[i].used) {
			memset(&m->attach[i], 0, sizeof(m->attach[i]));
			m->attach[i].used = true;
			return &m->attach[i];
		}
	}
	return NULL;
}

/* What is left of @a from page @from on becomes an attach of its own. */
static void keep_tail(struct clock_model *m, const struct clock_model_attach *a, u32 from)
{
	struct clock_model_attach *tail = new_attach(m);
	u32 cut = from - a->start;
	u32 i;

	tail->readonly = a->readonly;
	tail->proc = a->proc;
	tail->seg = a->seg;
	tail->start = from;
	tail->len = a->len - cut;
	tail->pgoff = a->pgoff + cut;
	for (i = 0; i < tail->len; i++)
		tail->pte[i] = a->pte[cut + i];
}

/* Remove [start, end) from a process, except from attach @but. */
static void cut_out(struct clock_model *m, int proc, u32 start, u32 end,
		    const struct clock_model_attach *but)
{
	int i;

	for (i = 0; i < MODEL_ATTACHES; i++) {
		struct clock_model_attach *a = &m->attach[i];

		if (!a->used || a->proc != proc || a == but ||
		    a->start >= end || a->start + a->len <= start)
			continue;
		if (a->start + a->len > end)
			keep_tail(m, a, end);
		if (a->start < start)
			a->len = start - a->start;
		else
			a->used = false;
		maybe_destroy(m, a->seg);
	}
}

/**
 * clock_model_shmat() - attach a segment
 * @m: model
 * @proc: process
 * @id: identifier
 * @page: address
 * @readonly: SHM_RDONLY
 * @remap: SHM_REMAP
 *
 * Return: 0, -EINVAL.
 */
int clock_model_shmat(struct clock_model *m, int proc, int id, u32 page, bool readonly,
		      bool remap)
{
	int seg = find_seg(m, id);
	struct clock_model_attach *a;
	u32 i;

	if (seg < 0)
		return seg;
	for (i = 0; !remap && i < m->seg[seg].npages; i++) {
		if (clock_model_at(m, proc, page + i))
			return -EINVAL;
	}
	a = new_attach(m);
	a->readonly = readonly;
	a->proc = proc;
	a->seg = seg;
	a->start = page;
	a->len = m->seg[seg].npages;
	cut_out(m, proc, page, page + a->len, a);
	return 0;
}

/**
 * clock_model_shmdt() - detach all that is left of an attach
 * @m: model
 * @proc: process
 * @page: where it began
 *
 * Return: 0, -EINVAL.
 */
int clock_model_shmdt(struct clock_model *m, int proc, u32 page)
{
	int seg = -1;
	u32 at;

	/* The lowest piece says of which segment. */
	for (at = page; at < MODEL_TASK; at++) {
		const struct clock_model_attach *a = clock_model_at(m, proc, at);

		if (!a || a->start - a->pgoff != page || (seg >= 0 && a->seg != seg))
			continue;
		seg = a->seg;
		cut_out(m, proc, at, at + 1, NULL);
	}
	return seg < 0 ? -EINVAL : 0;
}

/**
 * clock_model_process() - a new process
 * @m: model
 * @proc: its number
 */
void clock_model_process(struct clock_model *m, int proc)
{
	m->proc[proc] = (struct clock_model_proc) { .used = true };
}

/**
 * clock_model_fork() - a child has its parent's attaches, with nothing mapped
 * @m: model
 * @parent: process
 * @child: number of the new one
 */
void clock_model_fork(struct clock_model *m, int parent, int child)
{
	int i;

	clock_model_process(m, child);
	for (i = 0; i < MODEL_ATTACHES; i++) {
		struct clock_model_attach *a;

		if (!m->attach[i].used || m->attach[i].proc != parent)
			continue;
		a = new_attach(m);
		*a = m->attach[i];
		a->proc = child;
		memset(a->pte, 0, sizeof(a->pte));
	}
}

/**
 * clock_model_exit() - a process exits
 * @m: model
 * @proc: process
 */
void clock_model_exit(struct clock_model *m, int proc)
{
	cut_out(m, proc, 0, MODEL_TASK, NULL);
	m->proc[proc].used = false;
}

/* ------------------------------------------------------------------ faults */

static bool get_frame(struct clock_model *m)
{
	int failures = 0;

	while (m->nr_frames - clock_model_rss(m) <= m->freepages_min) {
		m->stalls++;
		if (clock_model_try_to_free_page(m, 0))
			failures = 0;
		else if (++failures == MAX_FAILURES || !clock_model_free_slots(m))
			return false;
	}
	return true;
}

/* Make a page resident. */
static int swap_in(struct clock_model *m, struct clock_model_word *word)
{
	if (!get_frame(m))
		return -ENOMEM;
	if (word->kind == MODEL_SWAPPED) {
		if (m->fail_read) {
			m->fail_read = false;
			return -EIO;
		}
		m->reads++;
		swap_free(m, word->area, word->slot);
	} else {
		m->zeroed++;
	}
	word->kind = MODEL_RESIDENT;
	return 0;
}

/**
 * clock_model_access() - a load or a store
 * @m: model
 * @proc: process
 * @page: address
 * @write: it is a store
 * @wordp: the page, which is resident and mapped then
 *
 * Return: 0, -EFAULT, -ENOMEM, -EIO.
 */
int clock_model_access(struct clock_model *m, int proc, u32 page, bool write,
		       struct clock_model_word **wordp)
{
	struct clock_model_attach *a = (struct clock_model_attach *)clock_model_at(m, proc, page);
	struct clock_model_word *word;
	u32 i;
	int err;

	if (!a || (write && a->readonly))
		return -EFAULT;
	i = page - a->start;
	word = &m->seg[a->seg].word[a->pgoff + i];
	*wordp = word;
	if (a->pte[i] < MODEL_OLD && word->kind == MODEL_RESIDENT) {
		m->proc[proc].min_flt++;
	} else if (a->pte[i] < MODEL_OLD) {
		err = swap_in(m, word);
		if (err)
			return err;
		m->proc[proc].maj_flt++;
	}
	a->pte[i] = MODEL_YOUNG;
	return 0;
}

/* ------------------------------------------------------------------- clock */

/* Young becomes old, old becomes the signature. */
static void visit_sharers(struct clock_model *m, int seg, u32 index)
{
	int i;

	for (i = 0; i < MODEL_ATTACHES; i++) {
		enum clock_model_pte *pte =
			(enum clock_model_pte *)pte_in(&m->attach[i], seg, index);

		if (!pte)
			continue;
		if (*pte == MODEL_YOUNG) {
			*pte = MODEL_OLD;
			m->aged++;
		} else if (*pte == MODEL_OLD) {
			*pte = MODEL_SIGNATURE;
			m->unmapped++;
		}
	}
}

/* Write a page that nobody has mapped; if that fails the slot is never used again. */
static int write_page(struct clock_model *m, struct clock_model_word *word, int area, u32 slot)
{
	if (m->fail_write) {
		m->fail_write = false;
		m->area[area].slot[slot] = MODEL_BAD;
		return 0;
	}
	word->kind = MODEL_SWAPPED;
	word->area = area;
	word->slot = slot;
	m->writes++;
	m->successes++;
	return 1;
}

/* On to the next segment; false if the table was left for the second time. */
static bool advance(struct clock_model *m, bool *wrapped)
{
	m->swap_idx = 0;
	m->swap_id++;
	if ((int)m->swap_id <= m->max_shmid)
		return true;
	if (*wrapped)
		return false;
	*wrapped = true;
	m->swap_id = 0;
	return true;
}

/**
 * clock_model_shm_swap() - swap one page out
 * @m: model
 * @prio: level
 *
 * Return: 1 or 0.
 */
int clock_model_shm_swap(struct clock_model *m, int prio)
{
	int budget = clock_model_rss(m) >> prio;
	bool wrapped = false;
	u32 slot;
	int area;

	if (!budget)
		return 0;
	area = get_swap_page(m, &slot);
	if (area < 0)
		return 0;
	for (;;) {
		struct clock_model_seg *seg = m->swap_id < MODEL_SEGS ? &m->seg[m->swap_id] : NULL;
		u32 idx;

		if (!seg || !seg->used || seg->locked || m->swap_idx++ >= seg->npages) {
			if (!advance(m, &wrapped))
				break;
			continue;
		}
		idx = m->swap_idx - 1;
		if (seg->word[idx].kind != MODEL_RESIDENT)
			continue;
		m->attempts++;
		if (--budget < 0)
			break;
		visit_sharers(m, m->swap_id, idx);
		if (!clock_model_mappings(m, m->swap_id, idx))
			return write_page(m, &seg->word[idx], area, slot);
	}
	swap_free(m, area, slot);
	return 0;
}

/**
 * clock_model_try_to_free_page() - swap one page out, ever harder
 * @m: model
 * @stop: last level
 *
 * Return: 1 or 0.
 */
int clock_model_try_to_free_page(struct clock_model *m, int stop)
{
	int level;

	for (level = 6; level >= stop; level--) {
		if (clock_model_shm_swap(m, level))
			return 1;
	}
	return 0;
}
