// SPDX-License-Identifier: GPL-2.0
/*
 * What each page on the screen is: from the page lists, and from mem_map.
 *
 * Between the two the machine may have moved on. A frame whose record names
 * another page is not taken for this one's; then the page's age is not known.
 */
#include <errno.h>
#include <stdlib.h>

#include "ctl.h"
#include "watch.h"

/* Records of frames that are one snapshot. */
#define FRAMES_AT_ONCE	(4096 / sizeof(struct shmswap_page))

/**
 * struct want - a cell that waits for the record of a frame
 * @key: number of the frame, or area << 32 | slot
 * @shmid: segment that it has to belong to
 * @index: page index in it
 * @cell: the cell
 */
struct want {
	__u64 key;
	__s32 shmid;
	__u32 index;
	struct watch_cell *cell;
};

/**
 * struct wants - such cells, ordered by their keys
 * @want: the cells
 * @nr: how many
 */
struct wants {
	struct want *want;
	size_t nr;
};

static __u64 slot_key(__u32 area, __u32 slot)
{
	return (__u64)area << 32 | slot;
}

static void set_cell(struct watch_cell *cell, const struct shmswap_pte *pte)
{
	if (pte->kind == SHMSWAP_PTE_PRESENT) {
		cell->state = WATCH_RESIDENT;
		cell->pfn = pte->a;
	} else {
		cell->state = WATCH_SWAPPED;
		cell->area = pte->a;
		cell->slot = pte->b;
	}
}

static int read_row(int fd, __s32 shmid, struct watch_row *row)
{
	struct shmswap_pte ptes[WATCH_MAX_CELLS];
	long got, i;

	got = watch_query(fd, SHMSWAP_QUERY_PAGES, shmid, row->first, ptes, row->nr);
	for (i = 0; i < got && ptes[i].where < row->first + row->nr; i++)
		set_cell(&row->cells[ptes[i].where - row->first], &ptes[i]);
	return got < 0 ? got : 0;
}

/* A segment that may not be read, or that has gone, is no failure. */
static int read_page_lists(int fd, struct watch_map *map)
{
	struct watch_segment *seg;
	unsigned int i, row;

	for (i = 0; i < map->nr_segs; i++) {
		seg = &map->segs[i];
		for (row = 0; row < seg->nr_rows && !seg->err; row++)
			seg->err = read_row(fd, seg->seg.shmid, &seg->rows[row]);
		if (seg->err && seg->err != -EACCES && seg->err != -EINVAL)
			return seg->err;
	}
	return 0;
}

static int compare_wants(const void *a, const void *b)
{
	__u64 first = ((const struct want *)a)->key, second = ((const struct want *)b)->key;

	return first < second ? -1 : first > second;
}

static void add_want(struct wants *wants, __u64 key, const struct watch_segment *seg,
		     __u64 index, struct watch_cell *cell)
{
	wants->want[wants->nr++] = (struct want){
		.key = key,
		.shmid = seg->seg.shmid,
		.index = index,
		.cell = cell,
	};
}

static void collect_row(const struct watch_segment *seg, const struct watch_row *row,
			struct wants *pfns, struct wants *slots)
{
	struct watch_cell *cell;
	unsigned int i;

	for (i = 0; i < row->nr; i++) {
		cell = &row->cells[i];
		if (cell->state == WATCH_RESIDENT)
			add_want(pfns, cell->pfn, seg, row->first + i, cell);
		else if (cell->state == WATCH_SWAPPED && slots)
			add_want(slots, slot_key(cell->area, cell->slot), seg, row->first + i,
				 cell);
	}
}

static void collect(const struct watch_map *map, struct wants *pfns, struct wants *slots)
{
	const struct watch_segment *seg;
	unsigned int i, row;

	for (i = 0; i < map->nr_segs; i++) {
		seg = &map->segs[i];
		for (row = 0; row < seg->nr_rows; row++)
			collect_row(seg, &seg->rows[row], pfns, slots);
	}
	qsort(pfns->want, pfns->nr, sizeof(*pfns->want), compare_wants);
	if (slots)
		qsort(slots->want, slots->nr, sizeof(*slots->want), compare_wants);
}

static struct want *find(const struct wants *wants, __u64 key)
{
	struct want want = { .key = key };

	return wants->nr ? bsearch(&want, wants->want, wants->nr, sizeof(want), compare_wants) :
			   NULL;
}

static void take_frame(const struct shmswap_page *frame, const struct wants *pfns,
		       const struct wants *slots)
{
	bool cached = frame->flags & SHMSWAP_PG_SWAPCACHE;
	struct want *want = find(pfns, frame->pfn);

	if (want && (frame->shmid != want->shmid || frame->index != want->index))
		want = NULL;
	if (!want && cached && slots)
		want = find(slots, slot_key(frame->area, frame->slot));
	if (!want)
		return;
	want->cell->age_known = true;
	want->cell->age = frame->age;
	if (!cached)
		return;
	want->cell->state = WATCH_CACHED;
	want->cell->pfn = frame->pfn;
	want->cell->area = frame->area;
	want->cell->slot = frame->slot;
}

/*
 * From one wanted frame to the next; to find slots in the swap cache, through all
 * frames.
 */
static int read_frames(int fd, __u32 nr_frames, const struct wants *pfns,
		       const struct wants *slots)
{
	struct shmswap_page frames[FRAMES_AT_ONCE];
	size_t next = 0;
	__u64 pfn = 0;
	long got, i;

	while (pfn < nr_frames) {
		while (next < pfns->nr && pfns->want[next].key < pfn)
			next++;
		if (!slots || !slots->nr) {
			if (next == pfns->nr)
				break;
			pfn = pfns->want[next].key;
		}
		got = watch_query(fd, SHMSWAP_QUERY_MEM_MAP, 0, pfn, frames, FRAMES_AT_ONCE);
		if (got <= 0)
			return got;
		for (i = 0; i < got; i++)
			take_frame(&frames[i], pfns, slots);
		pfn = frames[got - 1].pfn + 1;
	}
	return 0;
}

int watch_read_cells(int fd, const struct watch_machine *machine, struct watch_map *map)
{
	bool search = machine->stat.nr_swapcache && machine->info.out_nr_frames <= WATCH_MAX_FRAMES;
	struct wants pfns = { 0 }, slots = { 0 };
	int err = read_page_lists(fd, map);

	if (err || !map->nr_cells)
		return err;
	pfns.want = calloc(map->nr_cells, sizeof(*pfns.want));
	slots.want = calloc(map->nr_cells, sizeof(*slots.want));
	if (pfns.want && slots.want) {
		collect(map, &pfns, search ? &slots : NULL);
		err = read_frames(fd, machine->info.out_nr_frames, &pfns, search ? &slots : NULL);
	} else {
		err = -ENOMEM;
	}
	free(pfns.want);
	free(slots.want);
	map->frames_hidden = err == -EPERM;
	return map->frames_hidden ? 0 : err;
}
