// SPDX-License-Identifier: GPL-2.0
/*
 * The naive model of reclaim; see scan_model.h.
 */
#include <linux/errno.h>
#include <linux/minmax.h>
#include <linux/string.h>

#include "scan_model.h"

/* How often a fault asks for reclaim in vain before it gives up. */
#define MAX_FAILURES	16

/* swap_control of Linux 2.0. */
#define INITIAL_AGE	3
#define ADVANCE		3
#define MAX_AGE		20
#define CLUSTER_FRACT	32
#define CLUSTER_MIN	4
#define PAGEOUT_WEIGHT	8192

/* Methods of try_to_free_page. */
enum { SHRINK_MMAP, SHM_SWAP, SWAP_OUT, NR_METHODS };

/* What becomes of a page of the swap cache that no process maps any more. */
enum leave { LEAVE_CACHED, LEAVE_FREE };

/* What the process scan did with a page, and what it does next. */
enum scan_result {
	SCAN_FAILED = -1,	/* it cannot be written: this process's turn is over */
	SCAN_NOTHING,		/* on to its next page */
	SCAN_DONE,		/* at the most a cache has it: the scan is over */
	SCAN_BUSY,		/* taken away, but still in use: another turn */
};

/* ---------------------------------------------------------------- counting */

static bool maps(const struct scan_model_page *p, int frame)
{
	return p->kind == SCAN_PRESENT && p->frame == frame;
}

static bool cached(const struct scan_model_frame *f)
{
	return f->slot || f->file != SCAN_NONE;
}

/**
 * scan_model_count() - count of a frame
 * @m: model
 * @frame: frame
 *
 * Return: PTEs that map it, and one if it is in a cache.
 */
u32 scan_model_count(const struct scan_model *m, int frame)
{
	u32 nr = m->frame[frame].used && cached(&m->frame[frame]);
	int proc, page;

	for (proc = 0; proc < SCAN_PROCS; proc++) {
		for (page = 0; page < SCAN_PAGES; page++)
			nr += maps(&m->proc[proc].page[page], frame);
	}
	return nr;
}

/* The frame that is in the swap cache under @slot, or SCAN_NONE. */
static int find_slot(const struct scan_model *m, u32 slot)
{
	u32 i;

	for (i = 0; i < m->nr_frames; i++) {
		if (m->frame[i].used && m->frame[i].slot == slot)
			return i;
	}
	return SCAN_NONE;
}

/**
 * scan_model_users() - count of a slot, if it is good
 * @m: model
 * @slot: slot
 *
 * Return: PTEs that name it, and one if it is in the swap cache.
 */
u32 scan_model_users(const struct scan_model *m, u32 slot)
{
	u32 nr = find_slot(m, slot) != SCAN_NONE;
	int proc, page;

	for (proc = 0; proc < SCAN_PROCS; proc++) {
		for (page = 0; page < SCAN_PAGES; page++) {
			const struct scan_model_page *p = &m->proc[proc].page[page];

			nr += p->kind == SCAN_SWAPPED && p->slot == slot;
		}
	}
	return nr;
}

/**
 * scan_model_rss() - present PTEs of a process
 * @m: model
 * @proc: process
 *
 * Return: how many.
 */
u32 scan_model_rss(const struct scan_model *m, int proc)
{
	u32 page, nr = 0;

	for (page = 0; page < SCAN_PAGES; page++)
		nr += m->proc[proc].page[page].kind == SCAN_PRESENT;
	return nr;
}

/**
 * scan_model_free_frames() - free frames
 * @m: model
 *
 * Return: how many.
 */
u32 scan_model_free_frames(const struct scan_model *m)
{
	u32 i, nr = 0;

	for (i = 0; i < m->nr_frames; i++)
		nr += !m->frame[i].used;
	return nr;
}

/**
 * scan_model_free_slots() - free slots
 * @m: model
 *
 * Return: how many.
 */
u32 scan_model_free_slots(const struct scan_model *m)
{
	u32 slot, nr = 0;

	for (slot = 1; slot <= m->area.nr_slots; slot++)
		nr += m->area.slot[slot] == MODEL_FREE;
	return nr;
}

/* Fewer than half of the good slots are free. */
static bool swap_is_short(const struct scan_model *m)
{
	u32 slot, good = 0;

	for (slot = 1; slot <= m->area.nr_slots; slot++)
		good += m->area.slot[slot] != MODEL_BAD;
	return 2 * scan_model_free_slots(m) < good;
}

/* ------------------------------------------------------------------ frames */

static void push_block(struct scan_model_blocks *free, int first)
{
	memmove(&free->first[1], &free->first[0], free->nr * sizeof(free->first[0]));
	free->first[0] = first;
	free->nr++;
}

/* False if the block is not free. */
static bool remove_block(struct scan_model_blocks *free, int first)
{
	u32 i;

	for (i = 0; i < free->nr; i++) {
		if (free->first[i] != first)
			continue;
		free->nr--;
		memmove(&free->first[i], &free->first[i + 1],
			(free->nr - i) * sizeof(free->first[0]));
		return true;
	}
	return false;
}

/* A free block joins its buddy as long as that is free as a whole. */
static void free_block(struct scan_model *m, int first)
{
	u32 order;

	for (order = 0; order < SCAN_ORDERS - 1; order++) {
		if (!remove_block(&m->free[order], first ^ 1 << order))
			break;
		first &= ~(1 << order);
	}
	push_block(&m->free[order], first);
}

/* A block is cut in halves; the lower ones stay free. */
static int take_block(struct scan_model *m)
{
	u32 order = 0;
	int first;

	while (!m->free[order].nr)
		order++;
	first = m->free[order].first[0];
	remove_block(&m->free[order], first);
	while (order) {
		order--;
		push_block(&m->free[order], first);
		first += 1 << order;
	}
	return first;
}

/* A free frame, pinned until it has a user; SCAN_NONE if few are left. */
static int get_free_page(struct scan_model *m)
{
	int frame;

	if (scan_model_free_frames(m) <= m->freepages_min)
		return SCAN_NONE;
	frame = take_block(m);
	m->frame[frame] = (struct scan_model_frame) {
		.used = true,
		.pinned = true,
		.age = INITIAL_AGE,
		.file = SCAN_NONE,
	};
	m->events.pgalloc++;
	return frame;
}

/* Free a frame if nothing needs it any more. */
static void maybe_free(struct scan_model *m, int frame)
{
	if (m->frame[frame].pinned || scan_model_count(m, frame))
		return;
	m->frame[frame].used = false;
	free_block(m, frame);
	m->events.pgfree++;
}

static void unpin(struct scan_model *m, int frame)
{
	if (frame == SCAN_NONE)
		return;
	m->frame[frame].pinned = false;
	maybe_free(m, frame);
}

static void touch_page(struct scan_model_frame *f)
{
	f->age = min(f->age + ADVANCE, MAX_AGE);
}

static void age_page(struct scan_model_frame *f)
{
	f->age -= min(f->age, 1);
}

/* -------------------------------------------------------------- swap cache */

static void add_to_swap_cache(struct scan_model *m, int frame, u32 slot)
{
	m->frame[frame].slot = slot;
	m->events.cache_add++;
}

/* The slot loses a user, unless it is one that is never used again. */
static void delete_from_swap_cache(struct scan_model *m, int frame)
{
	u32 slot = m->frame[frame].slot;

	m->frame[frame].slot = 0;
	m->events.cache_del++;
	if (m->area.slot[slot] != MODEL_BAD)
		clock_model_put_slot(&m->area, slot);
}

static bool write_slot(struct scan_model *m, struct scan_model_frame *f)
{
	if (m->fail_write) {
		m->fail_write = false;
		m->events.write_errors++;
		return false;
	}
	m->slot_value[f->slot] = f->value;
	f->dirty = false;
	m->events.pswpout++;
	return true;
}

static bool read_slot(struct scan_model *m, int frame, u32 slot)
{
	if (m->fail_read == slot) {
		m->events.cache_add++;
		m->events.cache_del++;
		m->events.read_errors++;
		return false;
	}
	m->frame[frame].value = m->slot_value[slot];
	add_to_swap_cache(m, frame, slot);
	m->area.slot[slot]++;
	m->events.pswpin++;
	return true;
}

/* One PTE maps the frame, and at the most the swap cache has it beside that. */
static bool exclusive(const struct scan_model *m, int frame)
{
	const struct scan_model_frame *f = &m->frame[frame];
	u32 count = scan_model_count(m, frame);

	return count == 1 || (count == 2 && f->slot && m->area.slot[f->slot] == 1);
}

/* ------------------------------------------------------------------- files */

static bool in_file(const struct scan_model *m, int file, u32 index)
{
	return !m->file[file].half || index + 1 < m->file[file].npages;
}

static int find_file_page(const struct scan_model *m, int file, u32 index)
{
	u32 i;

	for (i = 0; i < m->nr_frames; i++) {
		const struct scan_model_frame *f = &m->frame[i];

		if (f->used && f->file == file && f->index == index)
			return i;
	}
	return SCAN_NONE;
}

static void read_file_page(struct scan_model *m, int frame, int file, u32 index)
{
	struct scan_model_frame *f = &m->frame[frame];

	f->file = file;
	f->index = index;
	f->value = in_file(m, file, index) ? m->file[file].value[index] : 0;
	m->events.pgpgin++;
}

static void write_file_page(struct scan_model *m, struct scan_model_frame *f)
{
	if (in_file(m, f->file, f->index))
		m->file[f->file].value[f->index] = f->value;
	f->dirty = false;
	m->events.pgpgout++;
}

static void sync_file(struct scan_model *m, int file)
{
	u32 i;

	for (i = 0; i < m->nr_frames; i++) {
		struct scan_model_frame *f = &m->frame[i];

		if (f->used && f->file == file && f->dirty)
			write_file_page(m, f);
	}
}

/* A file's page cache goes with the last region of the file. */
static void maybe_drop_file(struct scan_model *m, int file)
{
	u32 proc, page;
	int frame;

	for (proc = 0; proc < SCAN_PROCS; proc++) {
		for (page = 0; page < SCAN_PAGES; page++) {
			const struct scan_model_page *p = &m->proc[proc].page[page];

			if (p->region != SCAN_HOLE && p->file == file)
				return;
		}
	}
	for (page = 0; page < m->file[file].npages; page++) {
		frame = find_file_page(m, file, page);
		if (frame == SCAN_NONE)
			continue;
		m->frame[frame].file = SCAN_NONE;
		maybe_free(m, frame);
	}
}

/* --------------------------------------------------------------- processes */

/**
 * scan_model_init() - an empty machine
 * @m: model
 * @nr_frames: frames
 * @freepages_min: a fault may take one while more than these are free
 * @nr_slots: usable slots of the swap area
 * @page_cluster: log2 of the slots that are read together
 */
void scan_model_init(struct scan_model *m, u32 nr_frames, u32 freepages_min, u32 nr_slots,
		     u32 page_cluster)
{
	int frame;

	memset(m, 0, sizeof(*m));
	m->nr_frames = nr_frames;
	m->freepages_min = freepages_min;
	m->page_cluster = page_cluster;
	m->swap_task = 1;
	for (frame = nr_frames; frame--; )
		free_block(m, frame);
	clock_model_init_area(&m->area, nr_slots, 0);
}

/**
 * scan_model_process() - a new process
 * @m: model
 * @proc: where it is in the model
 * @pid: its number
 */
void scan_model_process(struct scan_model *m, int proc, u32 pid)
{
	m->proc[proc] = (struct scan_model_proc) { .used = true, .pid = pid };
}

/* What parent and child have of a page after fork. */
static void fork_page(struct scan_model *m, struct scan_model_page *p, struct scan_model_page *c)
{
	if (p->region != SCAN_SHARED && p->kind == SCAN_PRESENT) {
		m->frame[p->frame].dirty |= p->dirty;
		p->dirty = false;
		p->write = false;
	}
	*c = *p;
	c->locked = false;
	c->young = false;
	c->dirty = false;
	if (c->kind == SCAN_SWAPPED)
		m->area.slot[c->slot]++;
}

/**
 * scan_model_fork() - a child has what its parent has, copied on write
 * @m: model
 * @parent: process
 * @child: where the new one is in the model
 * @pid: its number
 */
void scan_model_fork(struct scan_model *m, int parent, int child, u32 pid)
{
	u32 page;

	scan_model_process(m, child, pid);
	for (page = 0; page < SCAN_PAGES; page++)
		fork_page(m, &m->proc[parent].page[page], &m->proc[child].page[page]);
	m->events.flush_mm++;
}

/* The swap cache lets go of a page that has no other user, nor has its slot. */
static void maybe_uncache(struct scan_model *m, int frame)
{
	u32 slot = m->frame[frame].slot;

	if (slot && m->area.slot[slot] == 1 && scan_model_count(m, frame) == 1)
		delete_from_swap_cache(m, frame);
	maybe_free(m, frame);
}

static void zap_page(struct scan_model *m, struct scan_model_page *p)
{
	struct scan_model_page old = *p;
	int frame;

	p->kind = SCAN_EMPTY;
	if (old.kind == SCAN_PRESENT) {
		if (old.region == SCAN_SHARED)
			m->frame[old.frame].dirty |= old.dirty;
		maybe_uncache(m, old.frame);
	} else if (old.kind == SCAN_SWAPPED) {
		clock_model_put_slot(&m->area, old.slot);
		frame = find_slot(m, old.slot);
		if (frame != SCAN_NONE)
			maybe_uncache(m, frame);
	}
}

static bool is_hole(const struct scan_model_proc *p, u32 page)
{
	return page >= SCAN_PAGES || p->page[page].region == SCAN_HOLE;
}

/* Where the region ends that has page @page; behind the page if none has. */
static u32 region_end(const struct scan_model_proc *p, u32 page)
{
	bool hole = is_hole(p, page);

	do {
		page++;
	} while (!hole && !is_hole(p, page) && !p->page[page].first);
	return page;
}

/* A region that has pages on both sides is two from now on. */
static void split(struct scan_model_proc *p, u32 page)
{
	if (!is_hole(p, page))
		p->page[page].first = true;
}

/* Are two pages in a row of one kind, so that they can be in one region? */
static bool alike(const struct scan_model_page *a, const struct scan_model_page *b)
{
	return a->region == b->region && a->readonly == b->readonly && a->locked == b->locked &&
	       a->reserved == b->reserved && a->file == b->file &&
	       (a->file == SCAN_NONE || a->index + 1 == b->index);
}

/*
 * Regions that begin from @start to @end join the one before if they can, and if the
 * last does, those behind it get their chance too.
 */
static void merge(struct scan_model_proc *p, u32 start, u32 end)
{
	for (start = max(start, 1); start <= end && start < SCAN_PAGES; start++) {
		if (is_hole(p, start) || !alike(&p->page[start - 1], &p->page[start]))
			continue;
		p->page[start].first = false;
		if (start == end)
			end = region_end(p, start);
	}
}

static void make_hole(struct scan_model *m, struct scan_model_proc *p, u32 start, u32 end)
{
	for (; start < end; start++) {
		zap_page(m, &p->page[start]);
		p->page[start].region = SCAN_HOLE;
	}
}

/* Cut off what two regions have in the range and the others have all of. */
static bool trim(struct scan_model *m, struct scan_model_proc *p, u32 start, u32 end)
{
	bool any = false;
	u32 next;

	if (start < end && !is_hole(p, start) && !p->page[start].first) {
		next = min(region_end(p, start), end);
		split(p, next);
		make_hole(m, p, start, next);
		any = true;
	}
	if (!is_hole(p, end) && !p->page[end].first) {
		for (start = end - 1; !p->page[start].first; start--)
			;
		split(p, end);
		make_hole(m, p, start, end);
		any = true;
	}
	return any;
}

/*
 * Regions that reach out of the range come first, then the others, and after all
 * what these leave behind; but file @keep is about to be mapped again.
 */
static void unmap_range(struct scan_model *m, struct scan_model_proc *p, u32 start, u32 end,
			int keep)
{
	struct scan_model_page closed[SCAN_PAGES];
	bool any = trim(m, p, start, end);
	u32 nr_closed = 0;
	u32 i, j;

	for (i = start; i < end; i++) {
		if (!is_hole(p, i) && p->page[i].first)
			closed[nr_closed++] = p->page[i];
	}
	make_hole(m, p, start, end);
	m->events.flush_range += any || nr_closed;
	for (i = 0; i < nr_closed; i++) {
		if (closed[i].region == SCAN_SHARED)
			sync_file(m, closed[i].file);
		for (j = i + 1; j < nr_closed && closed[j].file != closed[i].file; j++)
			;
		if (j == nr_closed && closed[i].file != SCAN_NONE && closed[i].file != keep)
			maybe_drop_file(m, closed[i].file);
	}
}

/**
 * scan_model_munmap() - make a hole
 * @m: model
 * @proc: process
 * @start: its first page
 * @len: pages
 */
void scan_model_munmap(struct scan_model *m, int proc, u32 start, u32 len)
{
	unmap_range(m, &m->proc[proc], start, start + len, SCAN_NONE);
}

/**
 * scan_model_exit() - a process exits
 * @m: model
 * @proc: process
 */
void scan_model_exit(struct scan_model *m, int proc)
{
	scan_model_munmap(m, proc, 0, SCAN_PAGES);
	m->proc[proc].used = false;
}

/**
 * scan_model_mmap() - make a region, in place of what is there
 * @m: model
 * @proc: process
 * @start: first page
 * @len: pages
 * @page: what the first one is; file and index if it is of a file
 */
void scan_model_mmap(struct scan_model *m, int proc, u32 start, u32 len,
		     const struct scan_model_page *page)
{
	u32 i;

	unmap_range(m, &m->proc[proc], start, start + len, page->file);
	for (i = 0; i < len; i++) {
		m->proc[proc].page[start + i] = *page;
		m->proc[proc].page[start + i].index = page->index + i;
		m->proc[proc].page[start + i].first = !i;
	}
	merge(&m->proc[proc], start, start + len);
}

static int set_locked(struct scan_model *m, int proc, u32 start, u32 len, bool locked)
{
	struct scan_model_proc *p = &m->proc[proc];
	u32 page;

	for (page = start; page < start + len; page++) {
		if (is_hole(p, page))
			return -ENOMEM;
	}
	split(p, start);
	split(p, start + len);
	for (page = start; page < start + len; page++)
		p->page[page].locked = locked;
	merge(p, start, start + len);
	return 0;
}

/**
 * scan_model_mlock() - keep the process scan off some pages, and bring them in
 * @m: model
 * @proc: process
 * @start: first page
 * @len: pages
 *
 * Return: 0, -ENOMEM, -EIO.
 */
int scan_model_mlock(struct scan_model *m, int proc, u32 start, u32 len)
{
	int err = set_locked(m, proc, start, len, true);
	u32 page;

	for (page = start; !err && page < start + len; page++) {
		const struct scan_model_page *p = &m->proc[proc].page[page];

		err = scan_model_touch(m, proc, page, p->region != SCAN_SHARED && !p->readonly);
	}
	return err;
}

/**
 * scan_model_munlock() - undo scan_model_mlock()
 * @m: model
 * @proc: process
 * @start: first page
 * @len: pages
 *
 * Return: 0, -ENOMEM.
 */
int scan_model_munlock(struct scan_model *m, int proc, u32 start, u32 len)
{
	return set_locked(m, proc, start, len, false);
}

/* Write what was changed through these pages, and what else is dirty of the file. */
static void sync_region(struct scan_model *m, struct scan_model_proc *p, u32 start, u32 end)
{
	int file = p->page[start].file;

	for (; start < end; start++) {
		struct scan_model_page *page = &p->page[start];

		if (page->kind != SCAN_PRESENT)
			continue;
		m->frame[page->frame].dirty |= page->dirty;
		page->dirty = false;
	}
	m->events.flush_range++;
	sync_file(m, file);
}

/**
 * scan_model_msync() - write what a process changed in shared regions
 * @m: model
 * @proc: process
 * @start: first page
 * @len: pages
 *
 * Return: 0, -ENOMEM.
 */
int scan_model_msync(struct scan_model *m, int proc, u32 start, u32 len)
{
	struct scan_model_proc *p = &m->proc[proc];
	u32 next, end = start + len;

	for (; start < end; start = next) {
		next = min(region_end(p, start), end);
		if (is_hole(p, start))
			return -ENOMEM;
		if (p->page[start].region == SCAN_SHARED)
			sync_region(m, p, start, next);
	}
	return 0;
}

/* ------------------------------------------------------------------ faults */

/* What a fault handler says beside an error. */
enum fault { FAULT_DONE, FAULT_FRAME };

/**
 * struct fault_state - a fault under way
 * @frame: free frame that it was given, or SCAN_NONE
 * @page: frame that it has filled, pinned, or SCAN_NONE
 * @write: it is a store
 * @hit: the PTE allowed the access
 * @major: a frame was filled
 */
struct fault_state {
	int frame;
	int page;
	bool write;
	bool hit;
	bool major;
};

static bool any_cached(const struct scan_model *m)
{
	u32 i;

	for (i = 0; i < m->nr_frames; i++) {
		if (m->frame[i].used && cached(&m->frame[i]))
			return true;
	}
	return false;
}

/* Without a slot or a page in a cache there is nothing to try again for. */
static int take_frame(struct scan_model *m)
{
	int failures = 0;
	int frame;

	for (;;) {
		frame = get_free_page(m);
		if (frame != SCAN_NONE)
			return frame;
		m->events.stalls++;
		if (scan_model_try_to_free_page(m, 0))
			failures = 0;
		else if (++failures == MAX_FAILURES ||
			 (!scan_model_free_slots(m) && !any_cached(m)))
			return SCAN_NONE;
	}
}

/* The frame that the fault was given gets contents; it stays pinned. */
static int use_frame(struct fault_state *f)
{
	int frame = f->frame;

	f->frame = SCAN_NONE;
	return frame;
}

/* The fault goes on with this page, so nothing happens to it meanwhile. */
static void hold(struct scan_model *m, struct fault_state *f, int frame)
{
	if (f->page != SCAN_NONE && f->page != frame)
		unpin(m, f->page);
	m->frame[frame].pinned = true;
	f->page = frame;
}

static void map_page(struct scan_model_page *p, int frame, bool write, bool dirty)
{
	p->kind = SCAN_PRESENT;
	p->frame = frame;
	p->write = write;
	p->dirty = dirty;
	p->young = true;
}

/* A copy of @from for one process. */
static void copy_page(struct scan_model *m, struct scan_model_page *p, struct fault_state *f,
		      int from)
{
	int frame = use_frame(f);

	m->frame[frame].value = m->frame[from].value;
	map_page(p, frame, true, true);
	unpin(m, frame);
	m->events.pgcow++;
}

/* A store to a page that is mapped read-only in a writable region. */
static int write_protected(struct scan_model *m, struct scan_model_page *p,
			   struct fault_state *f)
{
	int old = p->frame;

	if (exclusive(m, old)) {
		map_page(p, old, true, true);
	} else {
		if (f->frame == SCAN_NONE)
			return FAULT_FRAME;
		copy_page(m, p, f, old);
		maybe_free(m, old);
	}
	m->events.flush_page++;
	return FAULT_DONE;
}

static int anonymous(struct scan_model *m, struct scan_model_page *p, struct fault_state *f)
{
	int frame;

	if (f->frame == SCAN_NONE)
		return FAULT_FRAME;
	frame = use_frame(f);
	map_page(p, frame, !p->readonly, true);
	unpin(m, frame);
	f->major = true;
	m->events.pgzero++;
	return FAULT_DONE;
}

static int file_page(struct scan_model *m, struct scan_model_page *p, struct fault_state *f)
{
	int frame = find_file_page(m, p->file, p->index);

	if (frame == SCAN_NONE) {
		if (f->frame == SCAN_NONE)
			return FAULT_FRAME;
		if (p->index >= m->file[p->file].npages)
			return -EIO;
		frame = use_frame(f);
		read_file_page(m, frame, p->file, p->index);
		f->major = true;
	}
	hold(m, f, frame);
	if (p->region == SCAN_SHARED)
		map_page(p, frame, !p->readonly, f->write);
	else
		map_page(p, frame, false, false);
	return FAULT_DONE;
}

/* The slots around @slot, up to the first that is free or bad. */
static void read_ahead(struct scan_model *m, u32 slot)
{
	u32 nr = 1 << m->page_cluster;
	u32 s = slot / nr * nr;
	u32 end = s + nr;
	int frame;

	for (s = max(s, 1); nr > 1 && s < end && s <= m->area.nr_slots; s++) {
		if (m->area.slot[s] == MODEL_FREE || m->area.slot[s] == MODEL_BAD)
			return;
		if (s == slot || find_slot(m, s) != SCAN_NONE)
			continue;
		frame = get_free_page(m);
		if (frame == SCAN_NONE)
			return;
		if (read_slot(m, frame, s))
			m->events.readahead++;
		unpin(m, frame);
	}
}

static int read_swapped(struct scan_model *m, int proc, u32 slot, struct fault_state *f)
{
	int frame = use_frame(f);

	if (!read_slot(m, frame, slot)) {
		unpin(m, frame);
		return -EIO;
	}
	if (scan_model_rss(m, proc) < m->nr_frames / 4)
		m->frame[frame].age = INITIAL_AGE + ADVANCE;
	hold(m, f, frame);
	f->major = true;
	read_ahead(m, slot);
	return 0;
}

static int swapped(struct scan_model *m, int proc, struct scan_model_page *p,
		   struct fault_state *f)
{
	int frame = find_slot(m, p->slot);
	u32 slot = p->slot;
	int err;

	if (frame == SCAN_NONE) {
		if (f->frame == SCAN_NONE)
			return FAULT_FRAME;
		err = read_swapped(m, proc, slot, f);
		if (err)
			return err;
		frame = f->page;
	}
	hold(m, f, frame);
	map_page(p, frame, false, false);
	clock_model_put_slot(&m->area, slot);
	if (exclusive(m, frame)) {
		if (f->write)
			map_page(p, frame, true, true);
		if (swap_is_short(m)) {
			map_page(p, frame, !p->readonly, true);
			delete_from_swap_cache(m, frame);
		}
	}
	return FAULT_DONE;
}

/* One try; a store may need a second after the page was brought in. */
static int fault_once(struct scan_model *m, int proc, struct scan_model_page *p,
		      struct fault_state *f)
{
	int ret = FAULT_DONE;

	f->hit = p->kind == SCAN_PRESENT && (!f->write || p->write);
	if (f->hit) {
		p->young = true;
		p->dirty |= f->write;
		return FAULT_DONE;
	}
	if (p->kind == SCAN_SWAPPED)
		ret = swapped(m, proc, p, f);
	else if (p->kind == SCAN_EMPTY && p->file == SCAN_NONE)
		ret = anonymous(m, p, f);
	else if (p->kind == SCAN_EMPTY)
		ret = file_page(m, p, f);
	if (ret == FAULT_DONE && f->write && !p->write)
		ret = write_protected(m, p, f);
	return ret;
}

static void count_fault(struct scan_model *m, int proc, const struct fault_state *f)
{
	if (f->hit && !f->major)
		return;
	m->events.pgfault++;
	m->events.pgmajfault += f->major;
	if (f->major)
		m->proc[proc].maj_flt++;
	else
		m->proc[proc].min_flt++;
}

/**
 * scan_model_touch() - an access
 * @m: model
 * @proc: process
 * @page: address
 * @write: it is a store
 *
 * Return: 0, -EFAULT, -ENOMEM, -EIO.
 */
int scan_model_touch(struct scan_model *m, int proc, u32 page, bool write)
{
	struct fault_state f = { .frame = SCAN_NONE, .page = SCAN_NONE, .write = write };
	struct scan_model_page *p = &m->proc[proc].page[page];
	int ret;

	if (p->region == SCAN_HOLE || (write && p->readonly))
		return -EFAULT;
	for (;;) {
		ret = fault_once(m, proc, p, &f);
		if (ret != FAULT_FRAME)
			break;
		f.frame = take_frame(m);
		if (f.frame == SCAN_NONE) {
			ret = -ENOMEM;
			break;
		}
	}
	unpin(m, f.page);
	unpin(m, f.frame);
	if (!ret)
		count_fault(m, proc, &f);
	return ret;
}

/**
 * scan_model_load() - a load
 * @m: model
 * @proc: process
 * @page: address
 * @value: set to what is there
 *
 * Return: as scan_model_touch().
 */
int scan_model_load(struct scan_model *m, int proc, u32 page, u64 *value)
{
	int err = scan_model_touch(m, proc, page, false);

	if (!err)
		*value = m->frame[m->proc[proc].page[page].frame].value;
	return err;
}

/**
 * scan_model_store() - a store
 * @m: model
 * @proc: process
 * @page: address
 * @value: what to store
 *
 * Return: as scan_model_touch().
 */
int scan_model_store(struct scan_model *m, int proc, u32 page, u64 value)
{
	int err = scan_model_touch(m, proc, page, true);

	if (!err)
		m->frame[m->proc[proc].page[page].frame].value = value;
	return err;
}

/* ------------------------------------------------------------- shrink_mmap */

/* Take a frame out of the cache that alone has it; false if it must stay. */
static bool discard(struct scan_model *m, int frame)
{
	struct scan_model_frame *f = &m->frame[frame];

	if (f->slot) {
		if (f->dirty && !write_slot(m, f))
			return false;
		delete_from_swap_cache(m, frame);
	} else {
		if (f->dirty)
			write_file_page(m, f);
		f->file = SCAN_NONE;
		m->events.pgdiscard++;
	}
	maybe_free(m, frame);
	return true;
}

/* Returns true if the frame was freed. */
static bool shrink_frame(struct scan_model *m, int frame, u32 level)
{
	struct scan_model_frame *f = &m->frame[frame];
	u32 count = f->used && !f->pinned ? scan_model_count(m, frame) : 0;

	if (count > 1)
		f->referenced = true;
	if (count != 1)
		return false;
	if (f->referenced) {
		f->referenced = false;
		if (level < 4)
			age_page(f);
		return false;
	}
	return cached(f) && discard(m, frame);
}

/**
 * scan_model_shrink_mmap() - free one page that only a cache has
 * @m: model
 * @level: 6 to 0
 *
 * Return: 1 or 0.
 */
int scan_model_shrink_mmap(struct scan_model *m, u32 level)
{
	int count_max = 2 * m->nr_frames >> (level / 2);
	int count_min = 2 * m->nr_frames >> level;

	do {
		const struct scan_model_frame *f = &m->frame[m->hand];

		count_max--;
		if (f->used && cached(f))
			count_min--;
		if (shrink_frame(m, m->hand, level))
			return 1;
		m->hand = (m->hand + 1) % m->nr_frames;
	} while (count_max > 0 && count_min > 0);
	return 0;
}

/* ---------------------------------------------------------------- swap_out */

/*
 * Give a page that is still mapped a slot that has its contents. Its dirtiness is the
 * frame's from now on: a page that cannot be written stays dirty that way.
 */
static enum scan_result write_to_swap(struct scan_model *m, struct scan_model_page *p)
{
	struct scan_model_frame *f = &m->frame[p->frame];
	u32 slot = f->slot;

	f->dirty |= p->dirty;
	p->dirty = false;
	if (slot && !f->dirty)
		return SCAN_DONE;
	if (!slot) {
		slot = clock_model_take_slot(&m->area);
		if (!slot)
			return SCAN_NOTHING;
		add_to_swap_cache(m, p->frame, slot);
	}
	if (write_slot(m, f))
		return SCAN_DONE;
	if (m->area.slot[slot] == 1) {
		m->area.slot[slot] = MODEL_BAD;
		delete_from_swap_cache(m, p->frame);
	}
	return SCAN_FAILED;
}

/* To be written first; what others changed in a file is no matter of a private region. */
static bool is_dirty(const struct scan_model *m, const struct scan_model_page *p)
{
	const struct scan_model_frame *f = &m->frame[p->frame];

	return p->dirty || (f->dirty && (f->file == SCAN_NONE || p->region == SCAN_SHARED));
}

/* The PTE no longer maps its frame. */
static enum scan_result take_away(struct scan_model *m, struct scan_model_page *p,
				  enum leave leave)
{
	struct scan_model_frame *f = &m->frame[p->frame];

	p->kind = f->slot ? SCAN_SWAPPED : SCAN_EMPTY;
	p->slot = f->slot;
	if (f->slot)
		m->area.slot[f->slot]++;
	m->events.flush_page++;
	m->events.pgsteal++;
	if (scan_model_count(m, p->frame) > 1)
		return SCAN_BUSY;
	if (f->slot && leave == LEAVE_CACHED)
		return SCAN_DONE;
	if (f->pinned || f->dirty)
		return SCAN_BUSY;
	discard(m, p->frame);
	return SCAN_DONE;
}

static enum scan_result try_to_swap_out(struct scan_model *m, struct scan_model_page *p,
					enum leave leave)
{
	struct scan_model_frame *f = &m->frame[p->frame];
	enum scan_result ret;
	bool stale;

	if (p->kind != SCAN_PRESENT)
		return SCAN_NOTHING;
	m->events.pgscan++;
	stale = p->dirty && f->slot;
	if (stale)
		delete_from_swap_cache(m, p->frame);
	if (stale || p->young) {
		p->young = false;
		touch_page(f);
		return SCAN_NOTHING;
	}
	age_page(f);
	if (f->age)
		return SCAN_NOTHING;
	/* A page that a fault is busy with is not written. */
	if (f->pinned && is_dirty(m, p)) {
		f->dirty = true;
		return SCAN_NOTHING;
	}
	if (f->file == SCAN_NONE) {
		ret = write_to_swap(m, p);
		if (ret != SCAN_DONE)
			return ret;
	} else if (is_dirty(m, p)) {
		write_file_page(m, f);
	}
	return take_away(m, p, leave);
}

/* From where the scan of this process stopped to its end; no further. */
static enum scan_result swap_out_process(struct scan_model *m, struct scan_model_proc *proc,
					 enum leave leave)
{
	enum scan_result ret;
	u32 page;

	for (page = proc->swap_address; page < SCAN_PAGES; page++) {
		struct scan_model_page *p = &proc->page[page];

		if (p->region == SCAN_HOLE || p->locked || p->reserved)
			continue;
		proc->swap_address = page + 1;
		ret = try_to_swap_out(m, p, leave);
		if (ret != SCAN_NOTHING)
			return ret;
	}
	proc->swap_address = 0;
	return SCAN_NOTHING;
}

/* The process with the lowest number from @pid on. */
static int process_from(const struct scan_model *m, u32 pid)
{
	int proc, found = SCAN_NONE;

	for (proc = 0; proc < SCAN_PROCS; proc++) {
		const struct scan_model_proc *p = &m->proc[proc];

		if (p->used && p->pid >= pid && scan_model_rss(m, proc) &&
		    (found == SCAN_NONE || p->pid < m->proc[found].pid))
			found = proc;
	}
	return found;
}

/* Whose turn it is, or SCAN_NONE. */
static int next_process(struct scan_model *m)
{
	int proc = process_from(m, m->swap_task);

	if (proc == SCAN_NONE) {
		m->swap_task = 1;
		proc = process_from(m, 1);
	}
	if (proc != SCAN_NONE)
		m->swap_task = m->proc[proc].pid;
	return proc;
}

static enum scan_result swap_out_turn(struct scan_model *m, int proc, enum leave leave)
{
	struct scan_model_proc *p = &m->proc[proc];
	enum scan_result ret;

	if (!p->swap_cnt)
		p->swap_cnt = max(scan_model_rss(m, proc) * CLUSTER_FRACT / 1024, CLUSTER_MIN);
	if (!--p->swap_cnt)
		m->swap_task++;
	ret = swap_out_process(m, p, leave);
	if (p->swap_cnt && (ret == SCAN_NOTHING || ret == SCAN_FAILED))
		m->swap_task++;
	return ret;
}

static u32 nr_processes(const struct scan_model *m)
{
	u32 nr = 0;
	int proc;

	for (proc = 0; proc < SCAN_PROCS; proc++)
		nr += m->proc[proc].used;
	return nr;
}

static int swap_out(struct scan_model *m, u32 level, enum leave leave)
{
	u32 shift = level > 3 ? 10 : level ? 9 : 8;
	int counter = PAGEOUT_WEIGHT * nr_processes(m) >> shift >> level;

	for (; counter >= 0; counter--) {
		int proc = next_process(m);

		if (proc == SCAN_NONE)
			return 0;
		if (swap_out_turn(m, proc, leave) == SCAN_DONE)
			return 1;
	}
	return 0;
}

/**
 * scan_model_swap_out() - take pages from processes until a cache alone has one
 * @m: model
 * @level: 6 to 0
 *
 * Return: 1 or 0.
 */
int scan_model_swap_out(struct scan_model *m, u32 level)
{
	return swap_out(m, level, LEAVE_CACHED);
}

/**
 * scan_model_try_to_free_page() - free one page, ever harder
 * @m: model
 * @stop: last level
 *
 * There are no segments, so the clock never frees anything.
 *
 * Return: 1 or 0.
 */
int scan_model_try_to_free_page(struct scan_model *m, u32 stop)
{
	int level;

	for (level = SCAN_LEVEL; level >= (int)stop; level--) {
		for (; m->method < NR_METHODS; m->method++) {
			if (m->method == SHRINK_MMAP && scan_model_shrink_mmap(m, level))
				return 1;
			if (m->method == SWAP_OUT && swap_out(m, level, LEAVE_FREE))
				return 1;
		}
		m->method = SHRINK_MMAP;
	}
	return 0;
}
