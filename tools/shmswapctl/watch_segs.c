// SPDX-License-Identifier: GPL-2.0
/*
 * Which segments are on the screen, and which rows of their pages.
 *
 * There may be thousands of segments, and 2^26 pages in one of them. What is
 * read is only what is shown, and what has to be passed on the way there.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "ctl.h"
#include "watch.h"

/* Indexes that a step backwards looks at. */
#define STEP	256

/* Lines of a segment at least: what it is, and a row. */
#define MIN_SEG_LINES	3

#define NO_ROW	(~0ULL)

/* Lines below rows, that point to the hand and to the selected page. */
#define MARKER_LINES	2

__u64 watch_npages(const struct watch_machine *machine, const struct shmswap_seg *seg)
{
	__u32 page_size = machine->info.out_page_size;

	return (seg->ds.segsz + page_size - 1) / page_size;
}

int watch_segment_after(int fd, __u32 index, struct shmswap_seg *seg)
{
	return watch_query(fd, SHMSWAP_QUERY_SEGS, 0, index, seg, 1);
}

/* The last @count segments below @index, in order: how many, or -errno. */
static long segments_before(int fd, __u32 index, struct shmswap_seg *segs, unsigned int count)
{
	struct shmswap_seg step[STEP];
	unsigned int nr = 0;
	__u32 from;
	long got;

	for (; nr < count && index; index = from) {
		from = index > STEP ? index - STEP : 0;
		got = watch_query(fd, SHMSWAP_QUERY_SEGS, 0, from, step, index - from);
		if (got < 0)
			return got;
		while (got && step[got - 1].index >= index)
			got--;
		while (got && nr < count)
			segs[count - ++nr] = step[--got];
	}
	memmove(segs, segs + count - nr, nr * sizeof(*segs));
	return nr;
}

int watch_segment_before(int fd, __u32 index, struct shmswap_seg *seg)
{
	return segments_before(fd, index, seg, 1);
}

/* The selected segment may have gone: then it is the next one, or the last one. */
static int find_selected(int fd, struct watch_view *view, const struct watch_machine *machine,
			 struct shmswap_seg *seg)
{
	int found = watch_segment_after(fd, view->seg, seg);

	if (!found)
		found = watch_segment_before(fd, view->seg, seg);
	if (found < 0)
		return found;
	if (!found || view->seg != seg->index) {
		view->seg = found ? seg->index : 0;
		view->page = 0;
		view->first_row = 0;
	}
	if (!found)
		return 0;
	if (view->page >= watch_npages(machine, seg))
		view->page = watch_npages(machine, seg) - 1;
	return 1;
}

/* Up to @count segments among which the selected one is: how many, or -errno. */
static long choose_segments(int fd, struct watch_view *view, __u32 selected,
			    struct shmswap_seg *segs, unsigned int count)
{
	long got;

	if (view->top > selected)
		view->top = selected;
	got = watch_query(fd, SHMSWAP_QUERY_SEGS, 0, view->top, segs, count);
	if (got > 0 && segs[got - 1].index < selected)
		got = segments_before(fd, selected + 1, segs, count);
	else if (got > 0 && got < count && view->top)
		got = segments_before(fd, segs[got - 1].index + 1, segs, count);
	if (got > 0)
		view->top = segs[0].index;
	return got;
}

/* Share @rows rows out: one for each, then one by one, the selected one's first. */
static void share_rows(struct watch_map *map, unsigned int cells, unsigned int rows)
{
	unsigned int i, turn, first = map->selected ? map->selected - map->segs : 0;
	struct watch_segment *seg;
	bool given = true;

	while (rows && given) {
		given = false;
		for (turn = 0; turn < map->nr_segs && rows; turn++) {
			i = (first + turn) % map->nr_segs;
			seg = &map->segs[i];
			if ((__u64)seg->nr_rows * cells >= seg->npages)
				continue;
			seg->nr_rows++;
			rows--;
			given = true;
		}
	}
}

static void set_row(struct watch_map *map, struct watch_segment *seg, unsigned int nr,
		    __u64 first, unsigned int cells)
{
	struct watch_row *row = &seg->rows[nr];

	row->first = first;
	row->nr = seg->npages - first < cells ? seg->npages - first : cells;
	row->cells = map->cells + map->nr_cells;
	map->nr_cells += row->nr;
}

/* The first of @nr rows, so that row @focus is among them; @first if possible. */
static __u64 scroll(__u64 first, __u64 focus, __u64 nr, __u64 total)
{
	if (first > focus)
		first = focus;
	if (first + nr <= focus)
		first = focus - nr + 1;
	return first + nr > total ? total - nr : first;
}

/* The row of the page at the hand, if the hand is in this segment. */
static __u64 hand_row(const struct watch_segment *seg, const struct shmswap_clock *clock,
		      unsigned int cells)
{
	if (!clock || clock->swap_id != seg->seg.index || clock->swap_idx >= seg->npages)
		return NO_ROW;
	return clock->swap_idx / cells;
}

/* Row @i of @nr that begin with @first, but for @hand, which lies outside. */
static __u64 row_at(__u64 first, __u64 hand, unsigned int nr, unsigned int i)
{
	if (hand == NO_ROW)
		return first + i;
	if (hand < first)
		return i ? first + i - 1 : hand;
	return i == nr - 1 ? hand : first + i;
}

/*
 * A segment that is larger than its rows is scrolled: the selected one to the
 * selected page, and the page at the hand has a row of its own there; the others
 * to the page at the hand.
 */
static void choose_rows(struct watch_map *map, struct watch_segment *seg,
			struct watch_view *view, const struct shmswap_clock *clock,
			unsigned int cells)
{
	__u64 total = (seg->npages + cells - 1) / cells, focus = view->page / cells;
	__u64 first, hand = hand_row(seg, clock, cells);
	unsigned int i, nr = seg->nr_rows;

	if (seg == map->selected) {
		first = scroll(view->first_row, focus, nr, total);
		if (nr == 1 || (hand >= first && hand < first + nr))
			hand = NO_ROW;
		if (hand != NO_ROW)
			first = scroll(first, focus, nr - 1, total);
		view->first_row = first;
	} else {
		focus = hand == NO_ROW ? 0 : hand;
		first = scroll(focus ? focus - 1 : 0, focus, nr, total);
		hand = NO_ROW;
	}
	for (i = 0; i < nr; i++)
		set_row(map, seg, i, row_at(first, hand, nr, i) * cells, cells);
}

static int lay_out_rows(struct watch_view *view, const struct watch_layout *layout,
			const struct shmswap_clock *clock, struct watch_map *map)
{
	unsigned int rows = layout->map_lines - map->nr_segs - MARKER_LINES, i;
	struct watch_row *row;

	map->rows = calloc(rows, sizeof(*map->rows));
	map->cells = calloc((size_t)rows * layout->cells, sizeof(*map->cells));
	if (!map->rows || !map->cells)
		return -ENOMEM;
	share_rows(map, layout->cells, rows);
	row = map->rows;
	for (i = 0; i < map->nr_segs; i++) {
		map->segs[i].rows = row;
		row += map->segs[i].nr_rows;
		choose_rows(map, &map->segs[i], view, clock, layout->cells);
	}
	return 0;
}

static int set_segments(struct watch_map *map, const struct watch_machine *machine,
			const struct shmswap_seg *segs, unsigned int nr, __u32 selected)
{
	unsigned int i;

	map->segs = calloc(nr, sizeof(*map->segs));
	if (!map->segs)
		return -ENOMEM;
	map->nr_segs = nr;
	for (i = 0; i < nr; i++) {
		map->segs[i].seg = segs[i];
		map->segs[i].npages = watch_npages(machine, &segs[i]);
		if (segs[i].index == selected)
			map->selected = &map->segs[i];
	}
	return 0;
}

int watch_read_map(int fd, struct watch_view *view, const struct watch_layout *layout,
		   const struct watch_machine *machine, struct watch_map *map)
{
	unsigned int count = layout->map_lines / MIN_SEG_LINES;
	struct shmswap_seg selected, *segs;
	long got;

	watch_free_map(map);
	got = find_selected(fd, view, machine, &selected);
	if (got <= 0)
		return got;
	segs = calloc(count, sizeof(*segs));
	if (!segs)
		return -ENOMEM;
	got = choose_segments(fd, view, selected.index, segs, count);
	if (got > 0)
		got = set_segments(map, machine, segs, got, selected.index);
	free(segs);
	if (!got && map->nr_segs)
		got = lay_out_rows(view, layout, machine->hands_hidden ? NULL : &machine->clock,
				   map);
	return got ? got : watch_read_cells(fd, map);
}

void watch_free_map(struct watch_map *map)
{
	free(map->segs);
	free(map->rows);
	free(map->cells);
	*map = (struct watch_map){ 0 };
}
