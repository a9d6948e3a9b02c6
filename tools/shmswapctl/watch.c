// SPDX-License-Identifier: GPL-2.0
/*
 * shmswapctl watch: a live view of a machine.
 */
#include <errno.h>
#include <getopt.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ctl.h"
#include "machines.h"
#include "watch.h"
#include "watch_canvas.h"
#include "watch_term.h"
#include "words.h"

/* What --once prints at most; empty lines are left out. */
#define ONCE_LINES	400
#define ONCE_COLUMNS	80

/**
 * struct watch - a view that is under way
 * @fd: process of the machine
 * @once: print one sample
 * @ascii: use nothing beyond ASCII
 * @mono: use no colours
 * @too_small: the terminal is
 * @sampled: when the last sample was complete
 * @view: what is to be seen
 * @layout: where it is
 * @sample: what is seen
 * @canvas: what it looks like
 */
struct watch {
	int fd;
	bool once;
	bool ascii;
	bool mono;
	bool too_small;
	double sampled;
	struct watch_view view;
	struct watch_layout layout;
	struct watch_sample sample;
	struct canvas canvas;
};

/* The segments and the page, for a screen of this size. */
static int look(struct watch *watch, unsigned int lines, unsigned int columns)
{
	struct watch_sample *sample = &watch->sample;
	int err;

	if (!canvas_resize(&watch->canvas, lines, columns))
		return -ENOMEM;
	watch->too_small = lines < WATCH_MIN_LINES || columns < WATCH_MIN_COLUMNS;
	/* The keys go by the layout, even if there is no room for it. */
	watch_set_layout(&watch->layout, lines < WATCH_MIN_LINES ? WATCH_MIN_LINES : lines,
			 columns < WATCH_MIN_COLUMNS ? WATCH_MIN_COLUMNS : columns,
			 sample->now.nr_areas);
	if (watch->too_small)
		return 0;
	err = watch_read_map(watch->fd, &watch->view, &watch->layout, &sample->now, &sample->map);
	if (!err)
		err = watch_read_page(watch->fd, &watch->view, &watch->layout, &sample->now,
				      &sample->map, &sample->page);
	return err;
}

/* Everything. */
static int sample_all(struct watch *watch, unsigned int lines, unsigned int columns)
{
	struct watch_sample *sample = &watch->sample;
	struct watch_counters last = { sample->now.time, sample->now.stat };
	int err = watch_read_machine(watch->fd, &sample->now);

	if (err)
		return err;
	sample->last = last;
	if (!watch->once && !sample->base.time)
		sample->base = (struct watch_counters){ sample->now.time, sample->now.stat };
	err = look(watch, lines, columns);
	watch->sampled = watch_time();
	return err;
}

static void show(struct watch *watch)
{
	if (watch->too_small) {
		canvas_clear(&watch->canvas);
		canvas_text(&watch->canvas, 0, 0, CANVAS_ALARM, "too small: %ux%u, not %ux%u",
			    watch->canvas.columns, watch->canvas.lines, WATCH_MIN_COLUMNS,
			    WATCH_MIN_LINES);
	} else {
		watch_draw(&watch->canvas, &watch->layout, &watch->view, &watch->sample);
	}
	term_show(&watch->canvas);
}

/* Until the next sample is due; forever while it is paused. */
static double patience(const struct watch *watch)
{
	double left = watch->sampled + watch->view.interval - watch_time();

	if (watch->view.paused)
		return -1;
	return left > 0 ? left : 0;
}

static int act(struct watch *watch, enum watch_action action)
{
	unsigned int lines, columns;

	term_size(&lines, &columns);
	if (action == WATCH_SAMPLE)
		return sample_all(watch, lines, columns);
	if (action == WATCH_LOOK)
		return look(watch, lines, columns);
	return 0;
}

static int view_loop(struct watch *watch)
{
	enum watch_action action = WATCH_SAMPLE;
	int err, key;

	for (;;) {
		err = act(watch, action);
		if (err)
			return err;
		show(watch);
		key = term_wait(patience(watch));
		if (key == TERM_ENDED)
			return 0;
		action = WATCH_SAMPLE;
		if (key != TERM_TIMEOUT)
			action = watch_key(watch->fd, key, &watch->view, &watch->layout,
					   &watch->sample);
		else if (patience(watch))
			action = WATCH_NOTHING;
		if (action == WATCH_QUIT)
			return 0;
	}
}

static int run_live(struct watch *watch)
{
	int err;

	if (!term_open(watch->mono))
		return CTL_ERROR;
	watch->canvas.ascii = watch->ascii || !term_is_unicode();
	err = view_loop(watch);
	term_close();
	return err ? ctl_failed(err, "watch") : CTL_OK;
}

static int run_once(struct watch *watch)
{
	int err;

	watch->canvas.ascii = true;
	watch->view.interval = 0;
	err = sample_all(watch, ONCE_LINES, ONCE_COLUMNS);
	if (err)
		return ctl_failed(err, "watch");
	if (ctl_json)
		return watch_print_json(&watch->view, &watch->sample);
	watch_draw(&watch->canvas, &watch->layout, &watch->view, &watch->sample);
	canvas_write(&watch->canvas, stdout);
	return CTL_OK;
}

static bool parse_interval(const char *text, double *interval)
{
	char *end;

	errno = 0;
	*interval = strtod(text, &end);
	if (end != text && !*end && *interval >= WATCH_MIN_INTERVAL &&
	    *interval <= WATCH_MAX_INTERVAL)
		return true;
	ctl_error("watch: '%s' is not a number of seconds from %g to %g", text,
		  WATCH_MIN_INTERVAL, WATCH_MAX_INTERVAL);
	return false;
}

/* SEGMENT or SEGMENT:PAGE. */
static int parse_segment(const char *text, int *shmid, __u64 *page)
{
	const char *colon = strchr(text, ':');
	char *name = strndup(text, strcspn(text, ":"));
	struct memory *segment;

	if (!name)
		return ctl_failed(ENOMEM, "watch");
	segment = segment_find("watch", name);
	free(name);
	if (!segment)
		return CTL_USAGE;
	*shmid = segment->shmid;
	return colon ? word_number("watch: page", colon + 1, 0, UINT32_MAX, page) : CTL_OK;
}

/* What -s names has to be there at least to begin with. */
static int select_first(struct watch *watch, const char *text)
{
	struct watch_machine *machine = &watch->sample.now;
	struct shmswap_seg seg;
	int status, found, shmid = -1;
	__u64 npages;

	status = parse_segment(text, &shmid, &watch->view.page);
	if (status)
		return status;
	watch->view.seg = shmid % SHMSWAP_MAX_SEGMENTS;
	found = watch_read_machine(watch->fd, machine);
	if (!found)
		found = watch_segment_after(watch->fd, watch->view.seg, &seg);
	if (found < 0)
		return ctl_failed(found, "watch");
	if (!found || seg.shmid != shmid) {
		ctl_error("watch: there is no segment %s", text);
		return CTL_ERROR;
	}
	npages = watch_npages(machine, &seg);
	if (watch->view.page >= npages) {
		ctl_error("watch: page %llu: the segment has %llu", watch->view.page, npages);
		return CTL_ERROR;
	}
	machine->time = 0;	/* this was no sample */
	return CTL_OK;
}

static int parse_options(int argc, char **argv, struct watch *watch, const char **segment)
{
	static const struct option options[] = {
		{ "once", no_argument, NULL, 'o' },
		{ "ascii", no_argument, NULL, 'a' },
		{ "mono", no_argument, NULL, 'm' },
		{ 0 }
	};
	int c;

	optind = 0;	/* anew: the shell has many command lines */
	opterr = 0;
	while ((c = getopt_long(argc, argv, "d:s:", options, NULL)) != -1) {
		switch (c) {
		case 'd':
			if (!parse_interval(optarg, &watch->view.interval))
				return CTL_USAGE;
			break;
		case 's':
			*segment = optarg;
			break;
		case 'o':
			watch->once = true;
			break;
		case 'a':
			watch->ascii = true;
			break;
		case 'm':
			watch->mono = true;
			break;
		default:
			return ctl_misused("watch");
		}
	}
	if (optind < argc)
		return ctl_misused("watch");
	if (ctl_json && !watch->once) {
		ctl_error("watch: --json needs --once");
		return CTL_USAGE;
	}
	return CTL_OK;
}

static int run(int argc, char **argv)
{
	struct watch *watch = calloc(1, sizeof(*watch));
	const char *segment = NULL;
	int status;

	if (!watch)
		return ctl_failed(ENOMEM, "watch");
	watch->view.interval = 1;
	status = parse_options(argc, argv, watch, &segment);
	if (!status) {
		watch->fd = ctl_fd();
		if (watch->fd < 0)
			status = CTL_ERROR;
	}
	if (!status && segment)
		status = select_first(watch, segment);
	if (!status)
		status = watch->once ? run_once(watch) : run_live(watch);
	watch_free_map(&watch->sample.map);
	canvas_free(&watch->canvas);
	free(watch);
	return status;
}

const struct ctl_command ctl_watch = {
	.name = "watch",
	.usage = "[-d SECONDS] [-s SEGMENT[:PAGE]] [--once] [--ascii] [--mono]",
	.help = "the segments' pages, their ages and both hands, moving; --once: as text",
	.run = run,
};
