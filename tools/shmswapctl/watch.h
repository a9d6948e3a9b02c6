/* SPDX-License-Identifier: GPL-2.0 */
/*
 * shmswapctl watch: what a sample of the machine consists of, and who makes it.
 *
 * watch_sample.c, watch_segs.c, watch_cells.c and watch_page.c read it, each with
 * an effort that the size of the screen limits and not that of the machine.
 * watch_draw.c and watch_map.c put it on a canvas, watch_term.c shows that,
 * watch_json.c prints it, watch_keys.c changes what is to be seen.
 */
#ifndef _WATCH_H
#define _WATCH_H

#include <stdbool.h>
#include <stddef.h>

#include <shmswap.h>

/* Pages in a row at most. */
#define WATCH_MAX_CELLS		256

/* Attaches of the selected page that are looked at. */
#define WATCH_MAX_SHARERS	512

/* Columns for one of them. */
#define WATCH_SHARER_COLUMNS	40

/* The smallest screen. */
#define WATCH_MIN_LINES		18
#define WATCH_MIN_COLUMNS	60

#define WATCH_MIN_INTERVAL	0.1
#define WATCH_MAX_INTERVAL	3600.0

/**
 * struct watch_layout - how much room there is for what
 * @lines: lines of the screen
 * @columns: columns of the screen
 * @cells: pages in a row
 * @area_lines: lines for the swap areas
 * @map_lines: lines for the segments
 * @page_lines: lines for the selected page
 */
struct watch_layout {
	unsigned int lines;
	unsigned int columns;
	unsigned int cells;
	unsigned int area_lines;
	unsigned int map_lines;
	unsigned int page_lines;
};

/**
 * struct watch_view - what is to be seen
 * @interval: seconds between two samples
 * @paused: samples are taken by hand
 * @help: the page about the keys is shown
 * @seg: selected segment, index into shm_segs
 * @page: selected page in it
 * @top: first segment on the screen, index into shm_segs
 * @first_row: first row of the selected segment on the screen
 * @message: what the last key did
 */
struct watch_view {
	double interval;
	bool paused;
	bool help;
	__u32 seg;
	__u64 page;
	__u32 top;
	__u64 first_row;
	char message[160];
};

/**
 * struct watch_machine - the machine as a whole
 * @time: seconds of CLOCK_MONOTONIC
 * @info: see there
 * @control: see there
 * @stat: see there
 * @areas: the swap areas
 * @nr_areas: how many
 * @clock: the hands, unless they are hidden
 * @hands_hidden: the caller may not see the hands
 * @nr_segments: segments in all
 */
struct watch_machine {
	double time;
	struct shmswap_info info;
	struct shmswap_control control;
	struct shmswap_stat stat;
	struct shmswap_area areas[SHMSWAP_MAX_SWAPFILES];
	unsigned int nr_areas;
	struct shmswap_clock clock;
	bool hands_hidden;
	__u64 nr_segments;
};

enum watch_state {
	WATCH_UNTOUCHED,
	WATCH_RESIDENT,
	WATCH_SWAPPED,
	WATCH_CACHED,	/* in a frame of the swap cache, and so in a slot too */
};

/**
 * struct watch_cell - a page
 * @state: where it is
 * @age_known: @age is valid
 * @age: age
 * @pfn: frame, if it is in one
 * @area: area of its slot, if it has one
 * @slot: that slot; 0: none
 */
struct watch_cell {
	enum watch_state state;
	bool age_known;
	__u32 age;
	__u32 pfn;
	__u32 area;
	__u32 slot;
};

/**
 * struct watch_row - neighbouring pages of a segment
 * @first: page index of the first one
 * @nr: how many
 * @cells: the pages
 */
struct watch_row {
	__u64 first;
	unsigned int nr;
	struct watch_cell *cells;
};

/**
 * struct watch_segment - a segment on the screen
 * @seg: see there
 * @npages: pages in it
 * @err: why its pages cannot be seen: -EACCES, or -EINVAL if it is gone; else 0
 * @rows: what is shown of it
 * @nr_rows: how many
 */
struct watch_segment {
	struct shmswap_seg seg;
	__u64 npages;
	int err;
	struct watch_row *rows;
	unsigned int nr_rows;
};

/**
 * struct watch_map - the segments on the screen
 * @segs: the segments
 * @nr_segs: how many
 * @selected: the selected one; NULL: there is no segment
 * @frames_hidden: the caller may not see mem_map
 * @rows: memory of all rows
 * @cells: memory of all cells
 * @nr_cells: cells that are in use
 */
struct watch_map {
	struct watch_segment *segs;
	unsigned int nr_segs;
	struct watch_segment *selected;
	bool frames_hidden;
	struct watch_row *rows;
	struct watch_cell *cells;
	size_t nr_cells;
};

/**
 * struct watch_sharer - an attach that the selected page lies in
 * @pid: process
 * @address: address of the page there; 0: hidden
 * @err: why its entry cannot be seen: -EPERM, or -ESRCH if the process is gone; else 0
 * @pte: its entry; @pte.kind is 0 if there is none
 */
struct watch_sharer {
	__u32 pid;
	__u64 address;
	int err;
	struct shmswap_pte pte;
};

/**
 * struct watch_page - the selected page
 * @err: why its segment's pages cannot be seen, as in struct watch_segment
 * @cell: where it is
 * @frame_known: @frame is valid
 * @frame: the frame that it is in
 * @users: users of its slot, 0: not known
 * @sharers: attaches that it lies in, as many as there is room for
 * @nr_sharers: how many
 * @all_sharers: how many there are
 * @more_sharers: and there may be more
 */
struct watch_page {
	int err;
	struct watch_cell cell;
	bool frame_known;
	struct shmswap_page frame;
	__u32 users;
	struct watch_sharer sharers[WATCH_MAX_SHARERS];
	unsigned int nr_sharers;
	unsigned int all_sharers;
	bool more_sharers;
};

/**
 * struct watch_sample - all that is shown
 * @now: the machine
 * @last: counters one sample earlier; @last.time is 0 if there was none
 * @base: counters that the totals start from; @base.time is 0 for the machine's birth
 * @map: the segments
 * @page: the selected page
 */
struct watch_sample {
	struct watch_machine now;
	struct watch_counters {
		double time;
		struct shmswap_stat stat;
	} last, base;
	struct watch_map map;
	struct watch_page page;
};

struct canvas;

/* Records of a kind from @start on: how many, up to @count, or -errno. */
long watch_query(int fd, __u32 what, __s32 id, __u64 start, void *records, __u32 count);
double watch_time(void);

/* What reads the machine returns 0 or -errno. */
int watch_read_machine(int fd, struct watch_machine *machine);
int watch_read_map(int fd, struct watch_view *view, const struct watch_layout *layout,
		   const struct watch_machine *machine, struct watch_map *map);
int watch_read_cells(int fd, struct watch_map *map);
int watch_read_page(int fd, const struct watch_view *view, const struct watch_layout *layout,
		    const struct watch_machine *machine, const struct watch_map *map,
		    struct watch_page *page);
void watch_free_map(struct watch_map *map);

/* Segments by their index into shm_segs; 1 if there is one, 0 or -errno. */
int watch_segment_after(int fd, __u32 index, struct shmswap_seg *seg);
int watch_segment_before(int fd, __u32 index, struct shmswap_seg *seg);
__u64 watch_npages(const struct watch_machine *machine, const struct shmswap_seg *seg);

void watch_set_layout(struct watch_layout *layout, unsigned int lines, unsigned int columns,
		      unsigned int nr_areas);
/* Sharers of a page that the screen has room for. */
unsigned int watch_sharer_room(const struct watch_layout *layout);

void watch_draw(struct canvas *canvas, const struct watch_layout *layout,
		const struct watch_view *view, const struct watch_sample *sample);
void watch_draw_map(struct canvas *canvas, unsigned int line, const struct watch_view *view,
		    const struct watch_sample *sample);
void watch_draw_page(struct canvas *canvas, unsigned int line, const struct watch_layout *layout,
		     const struct watch_view *view, const struct watch_sample *sample);
void watch_draw_help(struct canvas *canvas);

const char *watch_state_name(enum watch_state state);
/* What a process has of the page, in words; @text may be used for that. */
#define WATCH_ENTRY_MAX		32
const char *watch_entry_name(const struct watch_sharer *sharer, char *text, size_t size);
/* Returns an exit status. */
int watch_print_json(const struct watch_view *view, const struct watch_sample *sample);

/* What a key asks for. */
enum watch_action {
	WATCH_NOTHING,	/* show again what is there */
	WATCH_LOOK,	/* read the segments and the page anew */
	WATCH_SAMPLE,	/* read everything anew */
	WATCH_QUIT,
};

enum watch_action watch_key(int fd, int key, struct watch_view *view,
			    const struct watch_layout *layout, struct watch_sample *sample);

#endif /* _WATCH_H */
