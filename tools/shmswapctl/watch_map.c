// SPDX-License-Identifier: GPL-2.0
/*
 * The segments and their pages, the selected page, the page about the keys.
 */
#include <errno.h>
#include <stdio.h>
#include <sys/shm.h>

#include "ctl.h"
#include "watch.h"
#include "watch_canvas.h"

/* Where the first cell of a row is. */
#define CELL_COLUMN	11

/* A bar of what of a segment is in memory and in swap. */
#define SEG_BAR		16

static bool hand_in(const struct watch_machine *machine, const struct watch_segment *seg)
{
	return !machine->hands_hidden && machine->clock.swap_id == seg->seg.index;
}

static void draw_segment(struct canvas *canvas, unsigned int line,
			 const struct watch_segment *seg, bool hand, bool selected)
{
	const struct shmswap_shmid_ds *ds = &seg->seg.ds;
	struct canvas_parts parts = { ds->rss, ds->swp, seg->npages };
	unsigned int column, style = ds->mode & SHM_LOCKED ? CANVAS_ALARM : CANVAS_TITLE;

	canvas_text(canvas, line, 0, CANVAS_TITLE | (hand ? CANVAS_HAND : 0), hand ? "H" : " ");
	column = canvas_text(canvas, line, 1, style,
			     "%c%u: shmid %d key %#x%s%s %llu pages %llu res %llu swp %llu att",
			     selected ? '>' : ' ', seg->seg.index, seg->seg.shmid,
			     (unsigned int)ds->key, ds->mode & SHM_LOCKED ? " locked" : "",
			     ds->mode & SHM_DEST ? " dest" : "", seg->npages, ds->rss, ds->swp,
			     ds->nattch);
	if (column + SEG_BAR + 3 <= canvas->columns)
		canvas_bar(canvas, line, canvas->columns - SEG_BAR - 2, SEG_BAR, &parts);
}

/* Ages are digits, then letters; in the swap cache capital letters only. */
static wchar_t age_char(const struct watch_cell *cell)
{
	__u32 age = cell->age;

	if (cell->state == WATCH_CACHED)
		return age < 26 ? 'A' + age : 'Z';
	if (age < 10)
		return '0' + age;
	return age < 36 ? 'a' + age - 10 : 'z';
}

static void draw_cell(struct canvas *canvas, unsigned int line, unsigned int column,
		      const struct watch_cell *cell, unsigned int marks)
{
	wchar_t ch;
	unsigned int style;

	switch (cell->state) {
	case WATCH_UNTOUCHED:
		ch = canvas_glyph(canvas, CANVAS_DOT);
		style = CANVAS_UNTOUCHED;
		break;
	case WATCH_SWAPPED:
		ch = canvas_glyph(canvas, CANVAS_RING);
		style = CANVAS_SWAPPED;
		break;
	case WATCH_CACHED:
		ch = age_char(cell);
		style = CANVAS_CACHED;
		break;
	default:
		ch = cell->age_known ? age_char(cell) : '#';
		style = cell->age_known && !cell->age ? CANVAS_OLD : CANVAS_RESIDENT;
		break;
	}
	canvas_put(canvas, line, column, ch, style | marks);
}

static bool in_row(const struct watch_row *row, bool here, __u64 page)
{
	return here && page >= row->first && page < row->first + row->nr;
}

/* A row, and below it, if one of the two is in it, what points to them. Returns the lines. */
static unsigned int draw_row(struct canvas *canvas, unsigned int line, const struct watch_row *row,
			     bool has_hand, __u64 hand, bool has_page, __u64 page)
{
	bool hand_here = in_row(row, has_hand, hand), page_here = in_row(row, has_page, page);
	unsigned int i;

	canvas_text(canvas, line, 0, CANVAS_PLAIN, "%10llu", row->first);
	for (i = 0; i < row->nr; i++)
		draw_cell(canvas, line, CELL_COLUMN + i, &row->cells[i],
			  (hand_here && hand == row->first + i ? CANVAS_HAND : 0) |
			  (page_here && page == row->first + i ? CANVAS_SELECTED : 0));
	if (page_here)
		canvas_put(canvas, line + 1, CELL_COLUMN + page - row->first, '^', CANVAS_TITLE);
	if (hand_here)
		canvas_put(canvas, line + 1, CELL_COLUMN + hand - row->first,
			   page_here && page == hand ? '*' : 'H', CANVAS_TITLE);
	return 1 + (hand_here || page_here);
}

static bool is_untouched(const struct watch_row *row)
{
	unsigned int i;

	for (i = 0; i < row->nr; i++) {
		if (row->cells[i].state != WATCH_UNTOUCHED)
			return false;
	}
	return true;
}

/* On paper one row of several that nobody has touched is enough. */
static bool is_boring(const struct watch_segment *seg, unsigned int nr,
		      const struct watch_view *view)
{
	const struct watch_row *row = &seg->rows[nr];

	return !view->interval && nr && is_untouched(row) && is_untouched(row - 1);
}

static unsigned int draw_rows(struct canvas *canvas, unsigned int line,
			      const struct watch_view *view, const struct watch_sample *sample,
			      const struct watch_segment *seg)
{
	bool hand = hand_in(&sample->now, seg), selected = seg == sample->map.selected;
	__u64 swap_idx = sample->now.clock.swap_idx;
	unsigned int i, begin = line;

	if (seg->err) {
		canvas_text(canvas, line, CELL_COLUMN, CANVAS_ALARM, "%s",
			    seg->err == -EACCES ? "hidden: you may not read this segment" :
						  "it has been removed");
		return 1;
	}
	for (i = 0; i < seg->nr_rows; i++) {
		if (!is_boring(seg, i, view) || in_row(&seg->rows[i], hand, swap_idx) ||
		    in_row(&seg->rows[i], selected, view->page))
			line += draw_row(canvas, line, &seg->rows[i], hand, swap_idx, selected,
					 view->page);
	}
	return line - begin;
}

void watch_draw_map(struct canvas *canvas, unsigned int line, const struct watch_view *view,
		    const struct watch_sample *sample)
{
	const struct watch_map *map = &sample->map;
	unsigned int i;

	if (!map->nr_segs)
		canvas_text(canvas, line, 0, CANVAS_PLAIN, "  no segments");
	for (i = 0; i < map->nr_segs; i++) {
		draw_segment(canvas, line, &map->segs[i], hand_in(&sample->now, &map->segs[i]),
			     &map->segs[i] == map->selected);
		line += 1 + draw_rows(canvas, line + 1, view, sample, &map->segs[i]);
	}
}

static unsigned int draw_frame(struct canvas *canvas, unsigned int line, unsigned int column,
			       const struct watch_page *page)
{
	const struct shmswap_page *frame = &page->frame;

	if (page->cell.state != WATCH_RESIDENT && page->cell.state != WATCH_CACHED)
		return column;
	column = canvas_text(canvas, line, column, CANVAS_PLAIN, "  frame %u", page->cell.pfn);
	if (!page->frame_known)
		return column;
	return canvas_text(canvas, line, column, CANVAS_PLAIN, " count %u age %u%s%s%s%s",
			   frame->count, frame->age, frame->pins ? " pinned" : "",
			   frame->flags & SHMSWAP_PG_LOCKED ? " locked" : "",
			   frame->flags & SHMSWAP_PG_DIRTY ? " dirty" : "",
			   frame->flags & SHMSWAP_PG_LIVE ? " live" : "");
}

static void draw_where(struct canvas *canvas, unsigned int line, const struct watch_view *view,
		       const struct watch_page *page)
{
	unsigned int column;

	column = canvas_text(canvas, line, 0, CANVAS_TITLE, "page %u:%llu  %s", view->seg,
			     view->page, page->err ? "hidden" : watch_state_name(page->cell.state));
	if (page->err)
		return;
	column = draw_frame(canvas, line, column, page);
	if (page->cell.slot)
		column = canvas_text(canvas, line, column, CANVAS_PLAIN, "  slot %u:%u",
				     page->cell.area, page->cell.slot);
	if (page->users)
		canvas_text(canvas, line, column, CANVAS_PLAIN, " users %u", page->users);
}

static void draw_sharers(struct canvas *canvas, unsigned int line, unsigned int lines,
			 const struct watch_page *page)
{
	unsigned int i, columns = canvas->columns / WATCH_SHARER_COLUMNS;
	const struct watch_sharer *sharer;
	char entry[WATCH_ENTRY_MAX], address[24];

	canvas_text(canvas, line, 0, CANVAS_TITLE, "%u%s sharer%s%s", page->all_sharers,
		    page->more_sharers ? " or more" : "", page->all_sharers == 1 ? "" : "s",
		    page->all_sharers > page->nr_sharers ? ", the first are" : "");
	for (i = 0; i < page->nr_sharers && i / columns + 1 < lines; i++) {
		sharer = &page->sharers[i];
		snprintf(address, sizeof(address), "%012llx", sharer->address);
		canvas_text(canvas, line + 1 + i / columns,
			    i % columns * WATCH_SHARER_COLUMNS, CANVAS_PLAIN, "%5u %s %s",
			    sharer->pid, sharer->address ? address : "            ",
			    watch_entry_name(sharer, entry, sizeof(entry)));
	}
}

void watch_draw_page(struct canvas *canvas, unsigned int line, const struct watch_layout *layout,
		     const struct watch_view *view, const struct watch_sample *sample)
{
	if (!sample->map.selected)
		return;
	draw_where(canvas, line, view, &sample->page);
	if (!sample->page.err)
		draw_sharers(canvas, line + 1, layout->page_lines - 1, &sample->page);
}

void watch_draw_help(struct canvas *canvas)
{
	static const char * const text[] = {
		"left right h l   the page before, the page behind",
		"up down k j      the row above, the row below",
		"PgUp PgDn        a sixteenth of the segment",
		"Home End         its first page, its last page",
		"Tab, Shift-Tab   the next segment, the one before",
		"space            stop sampling, go on",
		"n                the next sample, while it is stopped",
		"s                one step of the clock (level 0): until a page is swapped out",
		"+ -              sample half as often, twice as often",
		"r                count from here on",
		"?                this page; any key leaves it",
		"q                quit",
		"",
		"A row is some pages of a segment, the number is the first one's. Below it",
		"H points to the page that the clock looks at next, ^ to the selected one, *",
		"to both. Ages are 0-9 and a (10) to z (35 and more); of pages in the swap",
		"cache A (0) to Z (25 and more). A # is a resident page of an unknown age.",
		NULL
	};
	unsigned int i;

	for (i = 0; text[i]; i++)
		canvas_text(canvas, i, 0, CANVAS_PLAIN, "%s", text[i]);
}
