// SPDX-License-Identifier: GPL-2.0
/*
 * The command diff: two event logs, and where they part.
 */
#include <errno.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>

#include "ctl.h"
#include "diff.h"
#include "diff_report.h"
#include "event_log.h"
#include "words.h"

#define LOOK_AHEAD	1000	/* events, to see what a change of an entry led to */

/**
 * struct options - what the command line says
 * @context: equal lines to show before the difference
 * @ignored: keys of fields that do not count, separated by commas, or NULL
 */
struct options {
	__u64 context;
	const char *ignored;
};

/* ---------------------------------------------------------------- reading */

static int open_log(struct diff_log *log, const char *path)
{
	log->path = path;
	log->file = strcmp(path, "-") ? fopen(path, "re") : stdin;
	return log->file ? CTL_OK : ctl_failed(errno, "%s", path);
}

static void close_log(struct diff_log *log)
{
	if (log->file && log->file != stdin)
		fclose(log->file);
	free(log->line);
	diff_history_free(&log->history);
}

static bool is_comment(const char *line)
{
	line += strspn(line, " \t");
	return !*line || *line == '#';
}

/* The next line that is not a comment; false at the end, or if it cannot be read. */
static bool next_line(struct diff_log *log)
{
	ssize_t len;

	do {
		len = getline(&log->line, &log->room, log->file);
		if (len < 0)
			return false;
		log->nr++;
		if (len && log->line[len - 1] == '\n')
			log->line[--len] = 0;
		log->text = strlen(log->line) == (size_t)len;
	} while (log->text && is_comment(log->line));
	return true;
}

/* The next line of an event. In the log of a script there is also what its commands printed. */
static bool next_event_line(struct diff_log *log)
{
	while (next_line(log)) {
		if (event_begins(log->line))
			return true;
		log->passed_over++;
	}
	return false;
}

static int complain(const struct diff_log *log, const char *why)
{
	ctl_error("%s:%lu: %s", log->path, log->nr, why);
	return CTL_ERROR;
}

/* What is not empty and has no event is no log, but has been mistaken for one. */
static int check_end(const struct diff_log *log)
{
	if (ferror(log->file))
		return ctl_failed(errno, "%s", log->path);
	if (log->has_events || !log->nr)
		return CTL_OK;
	ctl_error("%s: there is no event in it", log->path);
	return CTL_ERROR;
}

/* The next event; without one @log->end is set. */
static int next_event(struct diff_log *log)
{
	if (!next_event_line(log)) {
		log->end = true;
		return check_end(log);
	}
	if (!log->text || event_parse(log->line, &log->event))
		return complain(log, "this is not an event");
	log->has_events = true;
	return CTL_OK;
}

/* -------------------------------------------------------------- comparing */

static bool is_listed(const char *list, const char *key)
{
	size_t len = strlen(key);

	for (; list; list = strchr(list, ',')) {
		list += *list == ',';
		if (!strncmp(list, key, len) && (!list[len] || list[len] == ','))
			return true;
	}
	return false;
}

static bool same_field(const struct event_field *field, const struct shmswap_event *a,
		       const struct shmswap_event *b)
{
	const char *left = (const char *)a + field->offset;
	const char *right = (const char *)b + field->offset;

	switch (field->kind) {
	case EVENT_WHY:
		return a->why == b->why;
	case EVENT_U32:
	case EVENT_S32:
		return !memcmp(left, right, sizeof(__u32));
	case EVENT_SLOT:
		return a->area == b->area && a->slot == b->slot;
	case EVENT_HANDS:
	case EVENT_AGES:
	case EVENT_PTES:
		return a->from == b->from && a->to == b->to;
	default:
		return !memcmp(left, right, sizeof(__u64));
	}
}

/* Number and time of an event do not count. Notes in @d which fields differ. */
static bool same_event(struct diff *d, const char *ignored)
{
	const struct shmswap_event *a = &d->log[0].event, *b = &d->log[1].event;
	const struct event_field *field;

	d->nr_fields = 0;
	if (d->log[0].end || d->log[1].end)
		return false;
	if (a->type != b->type)
		return false;
	for (field = event_types[a->type].fields; field->kind != EVENT_END; field++) {
		if (!is_listed(ignored, field->key.text) && !same_field(field, a, b))
			d->fields[d->nr_fields++] = field->key.text;
	}
	return !d->nr_fields;
}

static int remember(struct diff_log *log)
{
	if (diff_history_add(&log->history, &log->event, log->nr))
		return CTL_OK;
	return complain(log, strerror(ENOMEM));
}

/* Of the lines of the first log that were equal the last few are kept. */
static int keep_context(struct diff *d)
{
	char **kept;

	if (!d->nr_context)
		return CTL_OK;
	kept = &d->context[d->nr_equal % d->nr_context];
	free(*kept);
	if (asprintf(kept, "%lu: %s", d->log[0].nr, d->log[0].line) >= 0)
		return CTL_OK;
	*kept = NULL;
	return complain(&d->log[0], strerror(ENOMEM));
}

static int both(struct diff *d, int (*what)(struct diff_log *log))
{
	int status = what(&d->log[0]);

	return status ? status : what(&d->log[1]);
}

/* To the first difference, or both ends. */
static int compare(struct diff *d, const char *ignored)
{
	for (;;) {
		int status = both(d, next_event);

		if (status || !same_event(d, ignored))
			return status;
		status = both(d, remember);
		if (!status)
			status = keep_context(d);
		if (status)
			return status;
		d->nr_equal++;
	}
}

/* ---------------------------------------------------------- what it led to */

static bool of_a_step(const struct diff_log *log)
{
	const struct shmswap_event *e = &log->event;

	return !log->end && ((e->type == SHMSWAP_EVENT_PTE &&
			      (e->why == SHMSWAP_PTE_AGE || e->why == SHMSWAP_PTE_UNMAP)) ||
			     (e->type == SHMSWAP_EVENT_TLB_FLUSH &&
			      e->why == SHMSWAP_FLUSH_PAGE));
}

/*
 * When entries are changed, the step of the clock that they belong to is still to come: go on to
 * it, past nothing but other changes. What is wrong with the log from here on is not what was
 * asked.
 */
static void look_ahead(struct diff_log *log)
{
	int i;

	for (i = 0; i < LOOK_AHEAD && !log->end; i++) {
		if (log->event.type == SHMSWAP_EVENT_CLOCK_STEP ||
		    log->event.type == SHMSWAP_EVENT_CLOCK_END) {
			log->outcome = true;
			return;
		}
		if (!of_a_step(log) || !diff_history_add(&log->history, &log->event, log->nr) ||
		    !next_event_line(log) || event_parse(log->line, &log->event))
			return;
	}
}

/* ------------------------------------------------------------ the command */

static int report(struct diff *d)
{
	bool step = of_a_step(&d->log[0]) || of_a_step(&d->log[1]);

	if (d->log[0].end && d->log[1].end)
		return diff_report_equal(d);
	diff_report_begin(d);
	if (step && !d->log[0].end && !d->log[1].end) {
		look_ahead(&d->log[0]);
		look_ahead(&d->log[1]);
	}
	return diff_report_end(d);
}

static int diff_logs(struct diff *d, const char *a, const char *b, const struct options *o)
{
	int status = open_log(&d->log[0], a);

	if (!status)
		status = open_log(&d->log[1], b);
	d->nr_context = o->context;
	d->context = calloc(o->context + 1, sizeof(*d->context));
	if (!status && !d->context)
		status = ctl_failed(ENOMEM, "diff");
	if (!status)
		status = compare(d, o->ignored);
	return status ? status : report(d);
}

static void clean_up(struct diff *d)
{
	__u64 i;

	close_log(&d->log[0]);
	close_log(&d->log[1]);
	for (i = 0; d->context && i < d->nr_context; i++)
		free(d->context[i]);
	free(d->context);
}

static bool is_key(const char *word, size_t len)
{
	const struct event_field *field;
	int type;

	for (type = 0; type < SHMSWAP_NR_EVENT_TYPES; type++) {
		for (field = event_types[type].fields; field->kind != EVENT_END; field++) {
			if (field->key.length == len && !strncmp(field->key.text, word, len))
				return true;
		}
	}
	return false;
}

static int get_ignored(const char **ignored)
{
	const char *word = optarg;

	for (;; word++) {
		size_t len = strcspn(word, ",");

		if (!is_key(word, len)) {
			ctl_error("diff: '%s' is not a list of fields", optarg);
			return CTL_USAGE;
		}
		word += len;
		if (!*word)
			break;
	}
	*ignored = optarg;
	return CTL_OK;
}

static int parse(int argc, char **argv, struct options *o)
{
	static const struct option options[] = {
		{ "context", required_argument, NULL, 'C' },
		{ "ignore", required_argument, NULL, 'i' },
		{ NULL, 0, NULL, 0 }
	};
	int option, status = CTL_OK;

	optind = 0;	/* the shell has commands before us */
	opterr = 0;
	while (!status && (option = getopt_long(argc, argv, "C:i:", options, NULL)) >= 0) {
		if (option == 'C')
			status = word_number("context", optarg, 0, 1000000, &o->context);
		else if (option == 'i')
			status = get_ignored(&o->ignored);
		else
			return ctl_misused("diff");
	}
	if (status)
		return status;
	if (optind + 2 != argc)
		return ctl_misused("diff");
	if (strcmp(argv[optind], "-") || strcmp(argv[optind + 1], "-"))
		return CTL_OK;
	ctl_error("diff: only one of the logs can be standard input");
	return CTL_USAGE;
}

static int run(int argc, char **argv)
{
	struct options o = { 0 };
	struct diff d = { .log = { { .letter = 'A' }, { .letter = 'B' } } };
	int status = parse(argc, argv, &o);

	if (status)
		return status;
	status = diff_logs(&d, argv[optind], argv[optind + 1], &o);
	clean_up(&d);
	return status;
}

const struct ctl_command ctl_diff = {
	.name = "diff",
	.usage = "[-C LINES] [-i FIELD,...] A B",
	.help = "say where two event logs part, and why",
	.run = run,
};
