/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _DIFF_REPORT_H
#define _DIFF_REPORT_H

#include "diff.h"
#include "event_log.h"

/**
 * struct diff_log - a log that is being read
 * @letter: what it is called in words
 * @path: file
 * @file: the same, open
 * @line: line that was read last
 * @room: of @line
 * @nr: its number
 * @passed_over: lines up to @line that are neither events nor comments
 * @text: it has no zero bytes
 * @event: what it says
 * @has_events: there was one
 * @end: there is no more
 * @outcome: @event is the step of the clock that the difference led to
 * @history: of the events before @event
 */
struct diff_log {
	char letter;
	const char *path;
	FILE *file;
	char *line;
	size_t room;
	unsigned long nr;
	unsigned long passed_over;
	bool text;
	struct shmswap_event event;
	bool has_events;
	bool end;
	bool outcome;
	struct diff_history history;
};

/**
 * struct diff - two logs
 * @log: they
 * @nr_equal: events that are equal
 * @fields: keys of fields that differ, if the events are of one type
 * @nr_fields: how many
 * @context: the last equal lines, at their number modulo @nr_context
 * @nr_context: how many are kept
 * @json: report
 */
struct diff {
	struct diff_log log[2];
	unsigned long nr_equal;
	const char *fields[EVENT_MAX_FIELDS];
	unsigned int nr_fields;
	char **context;
	unsigned long nr_context;
	struct json_object *json;
};

/* These return an exit status. Between begin and end the logs may go on to what it led to. */
int diff_report_equal(struct diff *d);
void diff_report_begin(struct diff *d);
int diff_report_end(struct diff *d);

#endif /* _DIFF_REPORT_H */
