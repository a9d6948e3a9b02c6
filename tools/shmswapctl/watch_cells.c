// SPDX-License-Identifier: GPL-2.0
/*
 * What each page on the screen is: from the page lists, and from mem_map.
 *
 * Between the two the machine may have moved on. A frame whose record names
 * another page is not taken for this one's; then the page's age is not known.
 *
 * A page that the clock is writing counts as swapped: its page list has the slot.
 */
#include <errno.h>
#include <stdlib.h>

#include "ctl.h"
#include "watch.h"

/* Records of frames that are one snapshot. */
#define FRAMES_AT_ONCE	(4096 / sizeof(struct shmswap_page))

/**
 * struct want - a cell that waits for the record of a frame
 * @pfn: number of the frame
 * @shmid: segment that it has to belong to
 * @index: page index in it
 * @cell: the cell
 */
struct want {
	__u32 pfn;
	__s32 shmid;
	__u32 index;
	struct watch_cell *cell;
};

/**
 * struct wants - such cells, ordered by their frames
 * @want: the cells
 * @nr: how many
 */
struct wants {
	struct want *want;
	size_t nr;
};

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
	__u32 first = ((const struct want *)a)->pfn, second = ((const struct want *)b)->pfn;

	return first < second ? -1 : first > second;
}

static void collect_row(const struct watch_segment *seg, const struct watch_row *row,
			struct wants *wants)
{
	struct watch_cell *cell;
	unsigned int i;

	for (i = 0; i < row->nr; i++) {
		cell = &row->cells[i];
		if (cell->state != WATCH_RESIDENT)
			continue;
		wants->want[wants->nr++] = (struct want){
			.pfn = cell->pfn,
			.shmid = seg->seg.shmid,
			.index = row->first + i,
			.cell = cell,
		};
	}
}

static void collect(const struct watch_map *map, struct wants *wants)
{
	const struct watch_segment *seg;
	unsigned int i, row;

	for (i = 0; i < map->nr_segs; i++) {
		seg = &map->segs[i];
		for (row = 0; row < seg->nr_rows; row++)
			collect_row(seg, &seg->rows[row], wants);
	}
	qsort(wants->want, wants->nr, sizeof(*wants->want), compare_wants);
}

static void take_frame(const struct shmswap_page *frame, const struct want *want)
{
	struct watch_cell *cell = want->cell;

	if (frame->pfn != want->pfn || frame->shmid != want->shmid || frame->index != want->index)
		return;
	cell->age_known = true;
	cell->age = frame->age;
	if (frame->flags & SHMSWAP_PG_SWAPCACHE) {
		cell->state = WATCH_CACHED;
		cell->area = frame->area;
		cell->slot = frame->slot;
	}
}

/* From one wanted frame to the next, with what lies between if it is not far. */
static int read_frames(int fd, const struct wants *wants)
{
	struct shmswap_page frames[FRAMES_AT_ONCE];
	size_t next = 0;
	long got, i;

	while (next < wants->nr) {
		got = watch_query(fd, SHMSWAP_QUERY_MEM_MAP, 0, wants->want[next].pfn, frames,
				  FRAMES_AT_ONCE);
		if (got <= 0)
			return got;
		for (i = 0; i < got && next < wants->nr; i++) {
			for (; next < wants->nr && wants->want[next].pfn == frames[i].pfn; next++)
				take_frame(&frames[i], &wants->want[next]);
		}
	}
	return 0;
}

int watch_read_cells(int fd, struct watch_map *map)
{
	struct wants wants = { 0 };
	int err = read_page_lists(fd, map);

	if (err || !map->nr_cells)
		return err;
	wants.want = calloc(map->nr_cells, sizeof(*wants.want));
	if (!wants.want)
		return -ENOMEM;
	collect(map, &wants);
	err = read_frames(fd, &wants);
	free(wants.want);
	map->frames_hidden = err == -EPERM;
	return map->frames_hidden ? 0 : err;
}
