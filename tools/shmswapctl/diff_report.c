// SPDX-License-Identifier: GPL-2.0
/*
 * Where two logs part, as text and as JSON.
 */
#include <json-c/json.h>
#include <stdlib.h>
#include <string.h>

#include "ctl.h"
#include "diff_report.h"
#include "output.h"

static const char *event_text(const struct shmswap_event *e, unsigned int flags)
{
	static char line[EVENT_LINE_MAX];

	event_format(e, flags, line, sizeof(line));
	return line;
}

static bool same_page(const struct shmswap_event *a, const struct shmswap_event *b)
{
	return diff_has_page(a) && diff_has_page(b) && a->shmid == b->shmid &&
	       a->index == b->index;
}

/* What both did, or what both came to. */
static void print_deeds(const struct diff *d, const char *first)
{
	const struct diff_log *a = &d->log[0], *b = &d->log[1];
	bool it = !a->end && !b->end && same_page(&a->event, &b->event);

	printf("%s %c ", first, a->letter);
	if (a->end)
		fputs("ended", stdout);
	else
		diff_describe(stdout, &a->event, &a->history, false);
	printf("; %c ", b->letter);
	if (b->end)
		fputs("ended", stdout);
	else
		diff_describe(stdout, &b->event, &b->history, it);
	puts(".");
}

/* ------------------------------------------------------------------- text */

static void print_context(const struct diff *d)
{
	unsigned long nr = d->nr_equal < d->nr_context ? d->nr_equal : d->nr_context;
	unsigned long i;

	for (i = d->nr_equal - nr; i < d->nr_equal; i++)
		printf("    %s\n", d->context[i % d->nr_context]);
}

static void print_line(const struct diff_log *log)
{
	if (log->end)
		printf("%c %s ends after line %lu\n", log->letter, log->path, log->nr);
	else
		printf("%c %s:%lu: %s\n", log->letter, log->path, log->nr, log->line);
}

static void print_fields(const struct diff *d)
{
	unsigned int i;

	if (!d->nr_fields)
		return;
	fputs("What differs:", stdout);
	for (i = 0; i < d->nr_fields; i++)
		printf("%s %s", i ? "," : "", d->fields[i]);
	puts(".");
}

static void print_hand(const struct diff_log *log)
{
	const struct diff_history *h = &log->history;

	if (h->has_hand)
		printf(" %u:%u in %c", SHMSWAP_HAND_ID(h->hand), SHMSWAP_HAND_IDX(h->hand),
		       log->letter);
	else
		printf(" an unknown place in %c", log->letter);
}

static void print_hands(const struct diff *d)
{
	if (!d->log[0].history.has_hand && !d->log[1].history.has_hand)
		return;
	fputs("The hand was at", stdout);
	print_hand(&d->log[0]);
	fputs(",", stdout);
	print_hand(&d->log[1]);
	puts(".");
}

static void print_deed(const struct diff_page *const page[2], __u32 pid, enum diff_deed deed)
{
	static const char *const words[DIFF_NR_DEEDS] = {
		[DIFF_TOUCHED] = "touched", [DIFF_AGED] = "made old", [DIFF_TAKEN] = "taken away",
	};
	unsigned long a = diff_page_line(page[0], pid, deed);
	unsigned long b = diff_page_line(page[1], pid, deed);

	if (!a && !b)
		printf(" never %s", words[deed]);
	else if (!a || !b)
		printf(" last %s at line %lu of %c", words[deed], a ? a : b, a ? 'A' : 'B');
	else
		printf(" last %s at line %lu of A, %lu of B", words[deed], a, b);
}

/* What both logs say of a page; up to here they say the same, but perhaps in other lines. */
static void print_page(const struct diff *d, const struct shmswap_event *e)
{
	const struct diff_page *const page[2] = {
		diff_history_page(&d->log[0].history, e->shmid, e->index),
		diff_history_page(&d->log[1].history, e->shmid, e->index),
	};
	unsigned int i;

	printf("Page %u of segment %d", e->index, e->shmid);
	if (!page[0]) {
		puts(" does not occur before.");
		return;
	}
	for (i = 0; i < page[0]->nr; i++) {
		__u32 pid = page[0]->process[i].pid;
		int deed;

		if (pid)
			printf("%s\n  in process %u:", i ? ";" : "", pid);
		else
			printf("%s\n  in some process:", i ? ";" : "");
		for (deed = 0; deed < DIFF_NR_DEEDS; deed++) {
			fputs(deed ? ";" : "", stdout);
			print_deed(page, pid, deed);
		}
	}
	puts(".");
}

static void print_pages(const struct diff *d)
{
	const struct diff_log *a = &d->log[0], *b = &d->log[1];

	if (!a->end && diff_has_page(&a->event))
		print_page(d, &a->event);
	if (!b->end && diff_has_page(&b->event) &&
	    (a->end || !same_page(&a->event, &b->event)))
		print_page(d, &b->event);
}

/* Without a word of them one might think that they were compared. */
static void print_passed_over(const struct diff *d)
{
	unsigned long a = d->log[0].passed_over, b = d->log[1].passed_over;

	if (a || b)
		printf("Lines that are no events were passed over: %lu in A, %lu in B.\n", a, b);
}

/* An entry that one log changed from another state than the other did. */
static void print_entries(const struct diff *d)
{
	const struct shmswap_event *a = &d->log[0].event, *b = &d->log[1].event;
	int i;

	if (d->log[0].end || d->log[1].end || a->type != SHMSWAP_EVENT_PTE ||
	    b->type != SHMSWAP_EVENT_PTE || a->pid != b->pid || a->address != b->address)
		return;
	printf("The entry in process %u was", a->pid);
	for (i = 0; i < 2; i++) {
		__u64 pte = d->log[i].event.from;

		if (pte & SHMSWAP_PTE_VALID)
			printf(" %s and %s", pte & SHMSWAP_PTE_ACCESSED ? "young" : "old",
			       pte & SHMSWAP_PTE_DIRTY ? "dirty" : "clean");
		else
			fputs(" not valid", stdout);
		printf(" in %c%s", d->log[i].letter, i ? ".\n" : ",");
	}
}

static void print_begin(const struct diff *d)
{
	char first[64];

	print_context(d);
	print_line(&d->log[0]);
	print_line(&d->log[1]);
	snprintf(first, sizeof(first), "After %lu equal event%s", d->nr_equal,
		 d->nr_equal == 1 ? "" : "s");
	print_deeds(d, first);
	print_fields(d);
	print_hands(d);
	print_entries(d);
	print_pages(d);
	print_passed_over(d);
}

/* ------------------------------------------------------------------- JSON */

static struct json_object *deed(const struct diff_log *log)
{
	struct json_object *text;
	char *words = NULL;
	size_t size;
	FILE *out;

	if (log->end)
		return json_text("ended");
	out = open_memstream(&words, &size);
	if (!out)
		return NULL;
	diff_describe(out, &log->event, &log->history, false);
	text = fclose(out) ? NULL : json_text(words);
	free(words);
	return text;
}

static struct json_object *event(const struct diff_log *log)
{
	return log->end ? NULL : json_tokener_parse(event_text(&log->event, EVENT_JSON));
}

static struct json_object *hand(const struct diff_history *h)
{
	struct json_object *array;

	if (!h->has_hand)
		return NULL;
	array = json_new_array();
	json_append(array, json_object_new_int64(SHMSWAP_HAND_ID(h->hand)));
	json_append(array, json_object_new_int64(SHMSWAP_HAND_IDX(h->hand)));
	return array;
}

static struct json_object *of_both(unsigned long a, unsigned long b)
{
	struct json_object *object = json_new_object();

	json_add_number(object, "a", a);
	json_add_number(object, "b", b);
	return object;
}

static struct json_object *lines(const struct diff_page *const page[2], __u32 pid,
				 enum diff_deed deed)
{
	unsigned long a = diff_page_line(page[0], pid, deed);
	unsigned long b = diff_page_line(page[1], pid, deed);

	return a || b ? of_both(a, b) : NULL;
}

static struct json_object *processes(const struct diff_page *const page[2])
{
	struct json_object *array = json_new_array();
	unsigned int i;

	for (i = 0; page[0] && i < page[0]->nr; i++) {
		struct json_object *object = json_new_object();
		__u32 pid = page[0]->process[i].pid;

		json_add(object, "pid", pid ? json_object_new_int64(pid) : NULL);
		json_add(object, "touched", lines(page, pid, DIFF_TOUCHED));
		json_add(object, "aged", lines(page, pid, DIFF_AGED));
		json_add(object, "taken", lines(page, pid, DIFF_TAKEN));
		json_append(array, object);
	}
	return array;
}

static struct json_object *page(const struct diff *d, const struct shmswap_event *e)
{
	const struct diff_page *const page[2] = {
		diff_history_page(&d->log[0].history, e->shmid, e->index),
		diff_history_page(&d->log[1].history, e->shmid, e->index),
	};
	struct json_object *object = json_new_object();

	json_add_number(object, "shmid", e->shmid);
	json_add_number(object, "index", e->index);
	json_add(object, "processes", processes(page));
	return object;
}

static struct json_object *pages(const struct diff *d)
{
	struct json_object *array = json_new_array();
	const struct diff_log *a = &d->log[0], *b = &d->log[1];

	if (!a->end && diff_has_page(&a->event))
		json_append(array, page(d, &a->event));
	if (!b->end && diff_has_page(&b->event) &&
	    (a->end || !same_page(&a->event, &b->event)))
		json_append(array, page(d, &b->event));
	return array;
}

static struct json_object *side(const struct diff_log *log)
{
	struct json_object *object = json_new_object();

	json_add(object, "file", json_text(log->path));
	json_add_number(object, "line", log->nr);
	json_add(object, "event", event(log));
	json_add(object, "did", deed(log));
	json_add(object, "hand", hand(&log->history));
	return object;
}

static struct json_object *strings(const char *const *text, unsigned long from, unsigned long to,
				   unsigned long size)
{
	struct json_object *array = json_new_array();

	for (; from < to; from++)
		json_append(array, json_text(text[from % size]));
	return array;
}

static struct json_object *verdict(const struct diff *d, bool equal)
{
	struct json_object *object = json_new_object();

	json_add(object, "equal", json_object_new_boolean(equal));
	json_add_number(object, "events", d->nr_equal);
	if (d->log[0].passed_over || d->log[1].passed_over)
		json_add(object, "passed_over",
			 of_both(d->log[0].passed_over, d->log[1].passed_over));
	return object;
}

static void make_json(struct diff *d)
{
	unsigned long nr = d->nr_equal < d->nr_context ? d->nr_equal : d->nr_context;

	d->json = verdict(d, false);
	json_add(d->json, "fields", strings(d->fields, 0, d->nr_fields, EVENT_MAX_FIELDS));
	json_add(d->json, "context",
		 strings((const char *const *)d->context, d->nr_equal - nr, d->nr_equal,
			 d->nr_context));
	json_add(d->json, "a", side(&d->log[0]));
	json_add(d->json, "b", side(&d->log[1]));
	json_add(d->json, "pages", pages(d));
}

static void add_outcome(struct diff *d, const char *key, const struct diff_log *log)
{
	struct json_object *object;

	if (json_object_object_get_ex(d->json, key, &object))
		json_add(object, "outcome", log->outcome ? deed(log) : NULL);
}

/* ------------------------------------------------------------------- both */

int diff_report_equal(struct diff *d)
{
	if (ctl_json) {
		output_json(verdict(d, true));
		return CTL_OK;
	}
	printf("The logs are equal: %lu event%s.\n", d->nr_equal, d->nr_equal == 1 ? "" : "s");
	print_passed_over(d);
	return CTL_OK;
}

void diff_report_begin(struct diff *d)
{
	if (ctl_json)
		make_json(d);
	else
		print_begin(d);
}

int diff_report_end(struct diff *d)
{
	bool outcome = d->log[0].outcome && d->log[1].outcome;

	if (ctl_json) {
		add_outcome(d, "a", &d->log[0]);
		add_outcome(d, "b", &d->log[1]);
		output_json(d->json);
	} else if (outcome) {
		print_deeds(d, "So");
	}
	return CTL_FAILED;
}
