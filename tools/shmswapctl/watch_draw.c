// SPDX-License-Identifier: GPL-2.0
/*
 * The screen: where everything is, the lines about the machine, the legend.
 */
#include <stdio.h>
#include <string.h>

#include "ctl.h"
#include "names.h"
#include "watch.h"
#include "watch_canvas.h"

/* The title, the frames, three of figures, the hands; the legend, and messages. */
#define HEAD_LINES	6
#define FOOT_LINES	2

/* Where bars begin. */
#define BAR_COLUMN	8

/* The first column of the figures, and the number of the others. */
#define FIGURE_LABEL	8
#define NR_FIGURES	7
#define FIGURE_COLUMNS	10

void watch_set_layout(struct watch_layout *layout, unsigned int lines, unsigned int columns,
		      unsigned int nr_areas)
{
	unsigned int cells = (columns - 12) / 16 * 16;

	layout->lines = lines;
	layout->columns = columns;
	layout->cells = cells < WATCH_MAX_CELLS ? cells : WATCH_MAX_CELLS;
	layout->area_lines = nr_areas ? nr_areas : 1;
	if (layout->area_lines > lines / 12)
		layout->area_lines = lines / 12;
	layout->page_lines = lines < 24 ? 4 : 5 + (lines - 24) / 6;
	if (layout->page_lines > 20)
		layout->page_lines = 20;
	layout->map_lines = lines - HEAD_LINES - layout->area_lines - layout->page_lines -
			    FOOT_LINES;
}

unsigned int watch_sharer_room(const struct watch_layout *layout)
{
	return (layout->page_lines - 2) * (layout->columns / WATCH_SHARER_COLUMNS);
}

static void draw_title(struct canvas *canvas, const struct watch_view *view,
		       const struct watch_machine *machine)
{
	const struct shmswap_info *info = &machine->info;
	char pace[32];

	canvas_text(canvas, 0, 0, CANVAS_TITLE, "shmswap machine %u%s, %u process%s, %s%s",
		    info->out_machine, info->out_flags & SHMSWAP_INFO_DEFAULT ? " (default)" : "",
		    info->out_nr_processes, info->out_nr_processes == 1 ? "" : "es",
		    info->out_flags & SHMSWAP_MACHINE_KSWAPD ? "kswapd" : "no kswapd",
		    info->out_flags & SHMSWAP_MACHINE_SHM_PROCESS ? ", shm_reclaim=process" : "");
	if (view->paused)
		strcpy(pace, " PAUSED");
	else if (view->interval)
		snprintf(pace, sizeof(pace), " every %g s", view->interval);
	else
		return;
	canvas_text(canvas, 0, canvas->columns - strlen(pace),
		    view->paused ? CANVAS_ALARM : CANVAS_PLAIN, "%s", pace);
}

static unsigned int bar_width(const struct canvas *canvas)
{
	return canvas->columns < 80 ? 10 : 20;
}

static void draw_frames(struct canvas *canvas, const struct watch_machine *machine)
{
	const struct shmswap_stat *stat = &machine->stat;
	__u64 frames = machine->info.out_nr_frames, free = stat->nr_free_pages;
	struct canvas_parts parts = { free < frames ? frames - free : 0, 0, frames };
	unsigned int column;

	canvas_text(canvas, 1, 0, CANVAS_TITLE, "frames");
	column = canvas_bar(canvas, 1, BAR_COLUMN, bar_width(canvas), &parts);
	canvas_text(canvas, 1, column, free <= machine->control.freepages_min ? CANVAS_ALARM :
									      CANVAS_PLAIN,
		    " %llu/%llu free  min %u low %u high %u  cache %llu  file %llu",
		    free, frames, machine->control.freepages_min, machine->control.freepages_low,
		    machine->control.freepages_high, stat->nr_swapcache, stat->nr_file_pages);
}

static void draw_area(struct canvas *canvas, unsigned int line, const struct shmswap_area *area)
{
	const char *kind = name_of(area_kinds, area->kind);
	struct canvas_parts parts = { area->inuse, 0, area->pages };
	unsigned int column;

	canvas_text(canvas, line, 0, CANVAS_TITLE, "swap %u", area->type);
	column = canvas_bar(canvas, line, BAR_COLUMN, bar_width(canvas), &parts);
	canvas_text(canvas, line, column, CANVAS_PLAIN, " %u/%u used  %s  prio %d",
		    area->inuse, area->pages, kind ? kind : "?", area->prio);
}

/* The areas that have no line of their own are summed up in the last one. */
static void draw_areas(struct canvas *canvas, unsigned int line, unsigned int lines,
		       const struct watch_machine *machine)
{
	unsigned int i, alone = machine->nr_areas <= lines ? machine->nr_areas : lines - 1;
	struct canvas_parts rest = { 0 };
	unsigned int column;

	for (i = 0; i < alone; i++)
		draw_area(canvas, line + i, &machine->areas[i]);
	for (; i < machine->nr_areas; i++) {
		rest.first += machine->areas[i].inuse;
		rest.whole += machine->areas[i].pages;
	}
	if (!machine->nr_areas)
		canvas_text(canvas, line, 0, CANVAS_TITLE, "swap    none");
	if (alone == machine->nr_areas)
		return;
	canvas_text(canvas, line + alone, 0, CANVAS_TITLE, "swap");
	column = canvas_bar(canvas, line + alone, BAR_COLUMN, bar_width(canvas), &rest);
	canvas_text(canvas, line + alone, column, CANVAS_PLAIN, " %llu/%llu used  %u %sareas",
		    rest.first, rest.whole, machine->nr_areas - alone, alone ? "more " : "");
}

/* The counters are not one snapshot: there may be more major faults than faults. */
static void get_figures(const struct shmswap_stat *stat, __u64 *figures)
{
	figures[0] = stat->pgfault > stat->pgmajfault ? stat->pgfault - stat->pgmajfault : 0;
	figures[1] = stat->pgmajfault;
	figures[2] = stat->pswpin;
	figures[3] = stat->pswpout;
	figures[4] = stat->swap_attempts;
	figures[5] = stat->swap_successes;
	figures[6] = stat->kswapd_wake;
}

/* At most six characters. */
static void format_figure(char *text, size_t size, double figure)
{
	static const char units[] = " kMGTP";
	const char *unit = units;

	while (figure >= 99999.5 && unit[1]) {
		figure /= 1000;
		unit++;
	}
	snprintf(text, size, "%.0f%c", figure, *unit);
	if (unit == units)
		text[strlen(text) - 1] = '\0';
}

static unsigned int figure_width(const struct canvas *canvas)
{
	unsigned int width = (canvas->columns - FIGURE_LABEL) / NR_FIGURES;

	return width < FIGURE_COLUMNS ? width : FIGURE_COLUMNS;
}

/* What was counted since then, divided by @seconds. */
static void draw_figures(struct canvas *canvas, unsigned int line, const char *label,
			 const struct shmswap_stat *now, const struct shmswap_stat *then,
			 double seconds)
{
	unsigned int i, width = figure_width(canvas);
	__u64 new[NR_FIGURES], old[NR_FIGURES];
	char text[32];

	get_figures(now, new);
	get_figures(then, old);
	canvas_text(canvas, line, 0, CANVAS_PLAIN, "%s", label);
	for (i = 0; i < NR_FIGURES; i++) {
		strcpy(text, "-");
		if (seconds > 0)
			format_figure(text, sizeof(text),
				      new[i] > old[i] ? (new[i] - old[i]) / seconds : 0);
		canvas_text(canvas, line, FIGURE_LABEL + i * width, CANVAS_PLAIN, "%*s",
			    (int)width, text);
	}
}

static void draw_rates(struct canvas *canvas, unsigned int line, const struct watch_sample *sample)
{
	static const char * const names[][NR_FIGURES] = {
		{ "minor", "major", "swapin", "swpout", "tried", "taken", "kswapd" },
		{ "minor flt", "major flt", "swap in", "swap out", "attempts", "successes",
		  "kswapd" },
	};
	unsigned int i, width = figure_width(canvas);
	double total = sample->base.time ? sample->now.time - sample->base.time : 0;
	char label[32] = "in all";

	for (i = 0; i < NR_FIGURES; i++)
		canvas_text(canvas, line, FIGURE_LABEL + i * width, CANVAS_TITLE, "%*s",
			    (int)width, names[width == FIGURE_COLUMNS][i]);
	draw_figures(canvas, line + 1, "per s", &sample->now.stat, &sample->last.stat,
		     sample->last.time ? sample->now.time - sample->last.time : 0);
	if (sample->base.time)
		snprintf(label, sizeof(label), "%.0f s", total);
	draw_figures(canvas, line + 2, label, &sample->now.stat, &sample->base.stat, 1);
}

static void draw_hands(struct canvas *canvas, unsigned int line,
		       const struct watch_machine *machine)
{
	const struct shmswap_clock *clock = &machine->clock;
	const char *method = name_of(reclaim_methods, clock->method);

	canvas_text(canvas, line, 0, CANVAS_TITLE, "hands");
	if (machine->hands_hidden) {
		canvas_text(canvas, line, BAR_COLUMN, CANVAS_ALARM,
			    "hidden, as are ages, frames, slots' users: you do not control it");
		return;
	}
	canvas_text(canvas, line, BAR_COLUMN, CANVAS_PLAIN,
		    "clock %llu:%llu  shrink_mmap frame %u  scan process %u  next %s",
		    clock->swap_id, clock->swap_idx, clock->mmap_hand, clock->swap_task,
		    method ? method : "?");
}

static void draw_foot(struct canvas *canvas, unsigned int line, const struct watch_view *view,
		      const struct watch_map *map)
{
	static const char keys[] =
		"q quit  ? help  arrows Tab select  space pause  n next  s step  + - interval";

	canvas_put(canvas, line, 0, canvas_glyph(canvas, CANVAS_DOT), CANVAS_UNTOUCHED);
	canvas_text(canvas, line, 1, CANVAS_PLAIN, " untouched");
	canvas_put(canvas, line, 13, canvas_glyph(canvas, CANVAS_RING), CANVAS_SWAPPED);
	canvas_text(canvas, line, 14, CANVAS_PLAIN, " swapped");
	canvas_text(canvas, line, 24, CANVAS_RESIDENT, map->frames_hidden ? "#" : "0-z");
	canvas_text(canvas, line, 27, CANVAS_PLAIN, " resident%s",
		    map->frames_hidden ? "" : ", by age");
	canvas_text(canvas, line, 46, CANVAS_CACHED, "A-Z");
	canvas_text(canvas, line, 49, CANVAS_PLAIN, " in swap cache  H hand  ^ you");
	if (view->interval)
		canvas_text(canvas, line + 1, 0, CANVAS_PLAIN, "%s",
			    view->message[0] ? view->message : keys);
}

void watch_draw(struct canvas *canvas, const struct watch_layout *layout,
		const struct watch_view *view, const struct watch_sample *sample)
{
	unsigned int line = 2;

	canvas_clear(canvas);
	if (view->help) {
		watch_draw_help(canvas);
		return;
	}
	draw_title(canvas, view, &sample->now);
	draw_frames(canvas, &sample->now);
	draw_areas(canvas, line, layout->area_lines, &sample->now);
	line += layout->area_lines;
	draw_rates(canvas, line, sample);
	draw_hands(canvas, line + 3, &sample->now);
	line += 4;
	watch_draw_map(canvas, line, view, sample);
	line += layout->map_lines;
	watch_draw_page(canvas, line, layout, view, sample);
	draw_foot(canvas, line + layout->page_lines, view, &sample->map);
}
