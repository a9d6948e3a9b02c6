// SPDX-License-Identifier: GPL-2.0
/*
 * The command replay: a reference string from a file, and what it costs.
 */
#include <errno.h>
#include <getopt.h>
#include <json-c/json.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "ctl.h"
#include "event_log.h"
#include "output.h"
#include "replay.h"
#include "words.h"

#define DEFAULT_FRAMES	64
#define DEFAULT_QUANTUM	100
#define AS_MANY_AS_PAGES	(~0U)

/**
 * struct options - what the command line says
 * @what: what is to be done
 * @format: of the trace
 * @quantum: references that a process makes in a row, if the trace does not say which do
 * @log: path of the log, or NULL
 * @model: on the model
 * @times: say how long it took
 */
struct options {
	struct replay what;
	enum trace_format format;
	__u32 quantum;
	const char *log;
	bool model;
	bool times;
};

/**
 * struct times - how long it took, in seconds
 * @reading: the trace
 * @running: it
 * @writing: the log
 */
struct times {
	double reading;
	double running;
	double writing;
};

/* ---------------------------------------------------------------- options */

enum {
	OPTION_FORMAT = 256,	/* no letter */
	OPTION_FREE,
	OPTION_QUANTUM,
	OPTION_KSWAPD,
	OPTION_LOG,
	OPTION_RING,
	OPTION_MODEL,
	OPTION_TIMES,
};

static const struct option long_options[] = {
	{ "format", required_argument, NULL, OPTION_FORMAT },
	{ "processes", required_argument, NULL, 'p' },
	{ "frames", required_argument, NULL, 'n' },
	{ "swap", required_argument, NULL, 's' },
	{ "types", required_argument, NULL, 't' },
	{ "free", required_argument, NULL, OPTION_FREE },
	{ "quantum", required_argument, NULL, OPTION_QUANTUM },
	{ "kswapd", no_argument, NULL, OPTION_KSWAPD },
	{ "log", required_argument, NULL, OPTION_LOG },
	{ "ring", required_argument, NULL, OPTION_RING },
	{ "model", no_argument, NULL, OPTION_MODEL },
	{ "times", no_argument, NULL, OPTION_TIMES },
	{ NULL, 0, NULL, 0 }
};

static int get_number(const char *what, __u64 min, __u64 max, __u32 *number)
{
	__u64 value;
	int status = word_number(what, optarg, min, max, &value);

	if (!status)
		*number = value;
	return status;
}

static int get_format(enum trace_format *format)
{
	static const char *const names[] = {
		[TRACE_TEXT] = "text", [TRACE_CSV] = "csv", [TRACE_LACKEY] = "lackey", NULL
	};
	int i;

	for (i = 0; names[i]; i++) {
		if (!strcmp(optarg, names[i])) {
			*format = i;
			return CTL_OK;
		}
	}
	ctl_error("replay: '%s' is not a format: text, csv or lackey", optarg);
	return CTL_USAGE;
}

static int get_types(__u64 *mask)
{
	if (!event_mask_parse(optarg, mask))
		return CTL_OK;
	ctl_error("replay: '%s' is not a list of types of events", optarg);
	return CTL_USAGE;
}

static int get_option(int option, struct options *o)
{
	struct replay *what = &o->what;

	switch (option) {
	case 'p':
		return get_number("processes", 1, TRACE_MAX_PROCESSES, &what->nr_processes);
	case 'n':
		return get_number("frames", SHMSWAP_MIN_FRAMES, SHMSWAP_MAX_FRAMES,
				  &what->nr_frames);
	case 's':
		return get_number("swap", 0, SHMSWAP_MAX_SLOTS - 1, &what->nr_slots);
	case 't':
		return get_types(&what->log_mask);
	case OPTION_FREE:
		return get_number("free", 0, SHMSWAP_MAX_FRAMES - 1, &what->free_frames);
	case OPTION_QUANTUM:
		return get_number("quantum", 1, UINT32_MAX, &o->quantum);
	case OPTION_FORMAT:
		return get_format(&o->format);
	case OPTION_KSWAPD:
		what->kswapd = true;
		return CTL_OK;
	case OPTION_LOG:
		o->log = optarg;
		return CTL_OK;
	case OPTION_RING:
		return get_number("ring", 1, SHMSWAP_MAX_EVENTS, &what->log_events);
	case OPTION_MODEL:
		o->model = true;
		return CTL_OK;
	case OPTION_TIMES:
		o->times = true;
		return CTL_OK;
	default:
		return ctl_misused("replay");
	}
}

/* Options that do not go together. */
static int check_options(const struct options *o)
{
	const char *why = NULL;

	if (o->what.free_frames >= o->what.nr_frames)
		why = "some frames must not be kept free";
	else if (o->what.kswapd && o->what.free_frames)
		why = "--free is for machines without kswapd";
	else if (o->model && o->what.kswapd)
		why = "the model has no kswapd";
	else if (o->model && o->log)
		why = "the model records no events";
	else if (ctl_json && o->log && !strcmp(o->log, "-"))
		why = "events are text, and standard output is JSON";
	else if ((o->what.log_mask || o->what.log_events) && !o->log)
		why = "-t and --ring are for --log";
	else
		return CTL_OK;
	ctl_error("replay: %s", why);
	return CTL_USAGE;
}

static int parse(int argc, char **argv, struct options *o)
{
	int option, status;

	optind = 0;	/* the shell has commands before us */
	opterr = 0;
	while ((option = getopt_long(argc, argv, "p:n:s:t:", long_options, NULL)) >= 0) {
		status = get_option(option, o);
		if (status)
			return status;
	}
	if (optind + 1 != argc)
		return ctl_misused("replay");
	o->what.name = argv[optind];
	return check_options(o);
}

/* -------------------------------------------------------------- the trace */

/* Where the trace does not say which process it is, they take turns. */
static void share_out(struct trace *t, __u32 nr_processes, __u32 quantum)
{
	__u64 turn = 0;
	size_t i;

	for (i = 0; i < t->nr; i++) {
		if (!t->refs[i].process)
			t->refs[i].process = 1 + turn++ / quantum % nr_processes;
	}
}

static int prepare(struct options *o)
{
	struct replay *what = &o->what;
	struct trace *t = &what->trace;

	if (trace_read(t, what->name, o->format))
		return CTL_ERROR;
	if (!what->nr_processes)
		what->nr_processes = t->nr_processes ? t->nr_processes : 1;
	if (t->nr_processes > what->nr_processes) {
		ctl_error("%s: process %u has references, but there are to be %u", what->name,
			  t->nr_processes, what->nr_processes);
		return CTL_ERROR;
	}
	share_out(t, what->nr_processes, o->quantum);
	if (what->nr_slots == AS_MANY_AS_PAGES)
		what->nr_slots = t->nr_pages;
	return CTL_OK;
}

/**
 * replay_failed() - say which access failed
 * @what: what was being done
 * @at: reference
 * @err: negative error
 *
 * Return: CTL_ERROR.
 */
int replay_failed(const struct replay *what, size_t at, int err)
{
	const struct trace_ref *ref = &what->trace.refs[at];

	return ctl_failed(err, "%s: reference %zu, process %u %s page %u", what->name, at + 1,
			  (__u32)ref->process, ref->write ? "stores to" : "loads from",
			  (__u32)ref->page);
}

/* ---------------------------------------------------------------- results */

static __u64 count_stores(const struct trace *t)
{
	__u64 nr = 0;
	size_t i;

	for (i = 0; i < t->nr; i++)
		nr += t->refs[i].write;
	return nr;
}

/**
 * struct line - a number of the result
 * @name: name, also in JSON
 * @value: number
 * @digits: behind the point; negative: there is no such number
 */
struct line {
	const char *name;
	double value;
	int digits;
};

#define MAX_LINES	32

static int make_lines(const struct options *o, const struct replay_result *r,
		      const struct times *times, struct line *line)
{
	const struct trace *t = &o->what.trace;
	__u64 faults = r->min_flt + r->maj_flt;
	int nr = 0;

#define LINE(name, value)	(line[nr++] = (struct line) { name, value, 0 })
	LINE("references", t->nr);
	LINE("stores", count_stores(t));
	LINE("processes", o->what.nr_processes);
	LINE("pages", t->nr_pages);
	LINE("frames", o->what.nr_frames);
	LINE("slots", o->what.nr_slots);
	LINE("faults", faults);
	LINE("minor_faults", r->min_flt);
	LINE("major_faults", r->maj_flt);
	LINE("zero_filled", r->zeroed);
	LINE("swap_reads", r->reads);
	LINE("swap_writes", r->writes);
	LINE("stalls", r->stalls);
	LINE("clock_attempts", r->attempts);
	LINE("clock_successes", r->successes);
	LINE("ptes_aged", r->aged);
	LINE("ptes_unmapped", r->unmapped);
	LINE("resident", r->rss);
	LINE("swapped", r->swp);
#undef LINE
	line[nr++] = (struct line) {
		"scanned_per_freed", r->successes ? (double)r->attempts / r->successes : 0,
		r->successes ? 3 : -1,
	};
	line[nr++] = (struct line) { "hit_ratio", 1 - (double)faults / t->nr, 6 };
	if (o->times) {
		line[nr++] = (struct line) { "seconds_reading", times->reading, 6 };
		line[nr++] = (struct line) { "seconds_running", times->running, 6 };
		line[nr++] = (struct line) { "seconds_writing", times->writing, 6 };
		line[nr++] = (struct line) { "references_per_second", t->nr / times->running, 0 };
	}
	return nr;
}

static void format_value(const struct line *line, const char *none, char text[64])
{
	if (line->digits < 0)
		strcpy(text, none);
	else
		snprintf(text, 64, "%.*f", line->digits, line->value);
}

static void print_json(const struct line *line, int nr)
{
	struct json_object *object = json_new_object();
	char text[64];
	int i;

	for (i = 0; i < nr; i++) {
		format_value(&line[i], "null", text);
		json_add(object, line[i].name, json_tokener_parse(text));
	}
	output_json(object);
}

static void print_text(const struct line *line, int nr)
{
	char text[64];
	int i;

	for (i = 0; i < nr; i++) {
		format_value(&line[i], "-", text);
		printf("%-22s%12s\n", line[i].name, text);
	}
}

static void print_result(const struct options *o, const struct replay_result *r,
			 const struct times *times)
{
	struct line line[MAX_LINES];
	int nr = make_lines(o, r, times, line);

	if (ctl_json)
		print_json(line, nr);
	else
		print_text(line, nr);
}

/* ------------------------------------------------------------ the command */

static double now(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec + now.tv_nsec / 1000000000.0;
}

/* Also if no event comes: what cannot be written had better be known now. */
static int open_log(const struct options *o, FILE **log)
{
	*log = NULL;
	if (!o->log)
		return CTL_OK;
	*log = strcmp(o->log, "-") ? fopen(o->log, "we") : stdout;
	return *log ? CTL_OK : ctl_failed(errno, "%s", o->log);
}

static int write_log(const struct options *o, FILE *log)
{
	int err = event_spool_copy(o->what.spool, log, 0);

	if (log != stdout && fclose(log) && !err)
		err = -errno;
	return err ? ctl_failed(err, "%s", o->log) : CTL_OK;
}

static int make_references(struct options *o, struct replay_result *result)
{
	return o->model ? replay_on_model(&o->what, result) :
			  replay_on_machine(&o->what, result);
}

/* What led to a failure is of interest too, so the log is written in any case. */
static int make_and_log(struct options *o, FILE *log, struct replay_result *result,
			struct times *times)
{
	double start = now();
	int status;

	o->what.spool = log ? tmpfile() : NULL;
	if (log && !o->what.spool) {
		status = ctl_failed(errno, "a temporary file for the log");
		if (log != stdout)
			fclose(log);
		return status;
	}
	status = make_references(o, result);
	times->running = now() - start;
	if (log) {
		if (write_log(o, log))
			status = CTL_ERROR;
		fclose(o->what.spool);
	}
	times->writing = now() - start - times->running;
	return status;
}

static int run(int argc, char **argv)
{
	struct options o = {
		.what = { .nr_frames = DEFAULT_FRAMES, .nr_slots = AS_MANY_AS_PAGES },
		.quantum = DEFAULT_QUANTUM,
	};
	struct replay_result result;
	struct times times = { 0 };
	int status = parse(argc, argv, &o);
	double start = now();
	FILE *log;

	if (status)
		return status;
	status = prepare(&o);
	times.reading = now() - start;
	if (!status)
		status = open_log(&o, &log);
	if (!status)
		status = make_and_log(&o, log, &result, &times);
	if (!status)
		print_result(&o, &result, &times);
	trace_free(&o.what.trace);
	return status;
}

const struct ctl_command ctl_replay = {
	.name = "replay",
	.usage = "[-p N] [-n FRAMES] [-s SLOTS] [--format=FORMAT] [--model] [OPTION...] TRACE",
	.help = "make the references of a trace on a machine of their own, or on the model",
	.run = run,
};
