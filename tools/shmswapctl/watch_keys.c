// SPDX-License-Identifier: GPL-2.0
/*
 * The keys.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <curses.h>

#include "ctl.h"
#include "watch.h"

/* PgUp and PgDn go through a segment in so many steps. */
#define LEAPS	16

static void select_segment(struct watch_view *view, const struct shmswap_seg *seg, __u64 page)
{
	view->seg = seg->index;
	view->page = page;
	view->first_row = 0;
}

/* From the last segment on to the first, and back. */
static void step_segment(int fd, struct watch_view *view, bool forward)
{
	struct shmswap_seg seg;
	int found;

	if (forward) {
		found = watch_segment_after(fd, view->seg + 1, &seg);
		if (!found)
			found = watch_segment_after(fd, 0, &seg);
	} else {
		found = watch_segment_before(fd, view->seg, &seg);
		if (!found)
			found = watch_segment_before(fd, SHMSWAP_MAX_SEGMENTS, &seg);
	}
	if (found > 0)
		select_segment(view, &seg, 0);
}

static void go_up(int fd, struct watch_view *view, unsigned int cells,
		  const struct watch_machine *machine)
{
	struct shmswap_seg seg;
	__u64 last, page;

	if (view->page >= cells) {
		view->page -= cells;
	} else if (watch_segment_before(fd, view->seg, &seg) > 0) {
		last = watch_npages(machine, &seg) - 1;
		page = last / cells * cells + view->page;
		select_segment(view, &seg, page < last ? page : last);
	}
}

static void go_down(int fd, struct watch_view *view, unsigned int cells, __u64 npages)
{
	struct shmswap_seg seg;

	/* watch_read_map() minds the ends of segments. */
	if (view->page / cells < (npages - 1) / cells)
		view->page += cells;
	else if (watch_segment_after(fd, view->seg + 1, &seg) > 0)
		select_segment(view, &seg, view->page % cells);
}

/* So far within the segment. */
static void go(struct watch_view *view, __u64 npages, bool forward, __u64 distance)
{
	__u64 room = forward ? npages - 1 - view->page : view->page;

	if (distance > room)
		distance = room;
	view->page += forward ? distance : -distance;
}

/* Was it one of these keys? */
static bool navigate(int fd, int key, struct watch_view *view, const struct watch_layout *layout,
		     const struct watch_sample *sample)
{
	__u64 npages = sample->map.selected ? sample->map.selected->npages : 1;

	switch (key) {
	case KEY_LEFT:
	case 'h':
		go(view, npages, false, 1);
		return true;
	case KEY_RIGHT:
	case 'l':
		go(view, npages, true, 1);
		return true;
	case KEY_PPAGE:
	case KEY_NPAGE:
		go(view, npages, key == KEY_NPAGE, npages / LEAPS + 1);
		return true;
	case KEY_HOME:
	case KEY_FIND:
		go(view, npages, false, npages);
		return true;
	case KEY_END:
	case KEY_SELECT:
		go(view, npages, true, npages);
		return true;
	case KEY_UP:
	case 'k':
		go_up(fd, view, layout->cells, &sample->now);
		return true;
	case KEY_DOWN:
	case 'j':
		go_down(fd, view, layout->cells, npages);
		return true;
	case '\t':
	case KEY_BTAB:
		step_segment(fd, view, key == '\t');
		return true;
	default:
		return false;
	}
}

static enum watch_action reclaim(int fd, struct watch_view *view,
				 const struct watch_machine *machine)
{
	struct shmswap_reclaim reclaim = {
		.size = sizeof(reclaim),
		.method = SHMSWAP_RECLAIM_SHM,
		.count = 1,
	};
	int err = ctl_call(fd, SHMSWAP_IOC_RECLAIM, &reclaim);

	if (err == -EPERM)
		snprintf(view->message, sizeof(view->message),
			 "step: you do not control this machine");
	else if (err)
		snprintf(view->message, sizeof(view->message), "step: %s", strerror(-err));
	else
		snprintf(view->message, sizeof(view->message), "step: %s, %llu attempt%s%s",
			 reclaim.out_freed ? "a page was swapped out" : "nothing was swapped out",
			 reclaim.out_attempts, reclaim.out_attempts == 1 ? "" : "s",
			 machine->info.out_flags & SHMSWAP_MACHINE_SHM_PROCESS ?
			 "; the process scan takes the pages of segments here" : "");
	return WATCH_SAMPLE;
}

static enum watch_action set_interval(struct watch_view *view, double interval)
{
	if (interval < WATCH_MIN_INTERVAL)
		interval = WATCH_MIN_INTERVAL;
	if (interval > WATCH_MAX_INTERVAL)
		interval = WATCH_MAX_INTERVAL;
	view->interval = interval;
	snprintf(view->message, sizeof(view->message), "every %g s", interval);
	return WATCH_NOTHING;
}

static enum watch_action set_paused(struct watch_view *view, bool paused)
{
	view->paused = paused;
	return paused ? WATCH_NOTHING : WATCH_SAMPLE;
}

static enum watch_action count_anew(struct watch_view *view, struct watch_sample *sample)
{
	sample->base = (struct watch_counters){ sample->now.time, sample->now.stat };
	snprintf(view->message, sizeof(view->message), "counting from here on");
	return WATCH_NOTHING;
}

enum watch_action watch_key(int fd, int key, struct watch_view *view,
			    const struct watch_layout *layout, struct watch_sample *sample)
{
	view->message[0] = '\0';
	if (key == KEY_RESIZE)
		return WATCH_LOOK;
	if (view->help) {
		view->help = false;
		return WATCH_NOTHING;
	}
	if (navigate(fd, key, view, layout, sample))
		return WATCH_LOOK;
	switch (key) {
	case ' ':
		return set_paused(view, !view->paused);
	case 'n':
		return view->paused ? WATCH_SAMPLE : WATCH_NOTHING;
	case 's':
		return reclaim(fd, view, &sample->now);
	case '+':
		return set_interval(view, view->interval * 2);
	case '-':
		return set_interval(view, view->interval / 2);
	case 'r':
		return count_anew(view, sample);
	case '?':
		view->help = true;
		return WATCH_NOTHING;
	case 'q':
		return WATCH_QUIT;
	default:
		snprintf(view->message, sizeof(view->message), "no such key: ? shows them");
		return WATCH_NOTHING;
	}
}
