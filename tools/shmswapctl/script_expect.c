// SPDX-License-Identifier: GPL-2.0
/*
 * Script commands: what a script expects.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "message.h"
#include "queries.h"
#include "script.h"
#include "words.h"

enum operator {
	EQUAL,
	NOT_EQUAL,
	LESS,
	LESS_OR_EQUAL,
	GREATER,
	GREATER_OR_EQUAL,
	NR_OPERATORS,
};

static const char * const operators[] = { "=", "!=", "<", "<=", ">", ">=" };

/**
 * struct expectation - an `expect' command
 * @not: it must not hold
 * @query: kind of question
 * @args: its words
 * @op: relation to @value
 * @value: last word
 */
struct expectation {
	bool not;
	const struct query *query;
	char **args;
	enum operator op;
	char *value;
};

/* NOT and the question, as it was put. */
static void question(const struct expectation *e, char *buf, size_t size)
{
	size_t len = snprintf(buf, size, "expect %s%s", e->not ? "not " : "", e->query->name);
	int i;

	for (i = 0; i < e->query->nr_args && len < size; i++)
		len += snprintf(buf + len, size - len, " %s", e->args[i]);
}

/* Says what was found, and returns CTL_FAILED, if it does not hold. */
static int judge(const struct expectation *e, bool holds, const char *found)
{
	char text[256];

	if (holds != e->not)
		return CTL_OK;
	question(e, text, sizeof(text));
	message_verdict("%s: it is %s, %s %s%s%s", text, found,
			e->not ? "and must not be" : "not",
			e->op == EQUAL ? "" : operators[e->op], e->op == EQUAL ? "" : " ",
			e->value);
	return CTL_FAILED;
}

static bool holds(enum operator op, int order)
{
	switch (op) {
	case EQUAL:
		return !order;
	case NOT_EQUAL:
		return order;
	case LESS:
		return order < 0;
	case LESS_OR_EQUAL:
		return order <= 0;
	case GREATER:
		return order > 0;
	default:
		return order >= 0;
	}
}

/* The word for what is not there, unless that is the name of a value. */
static bool is_none(const struct field *field, const char *word)
{
	__u64 value;

	return !strcmp(word, "none") &&
	       !(field->names && name_value(field->names, word, &value));
}

static int order_of(const struct field *field, __u64 a, __u64 b)
{
	if (field->form == FIELD_SIGNED)
		return ((__s64)a > (__s64)b) - ((__s64)a < (__s64)b);
	return (a > b) - (a < b);
}

static int judge_value(const struct expectation *e, const struct answer *answer)
{
	bool want_none = is_none(answer->field, e->value), true_now;
	char found[FIELD_TEXT_MAX] = "none";
	__u64 want = 0;

	if (!want_none && field_parse("VALUE", answer->field, e->value, &want))
		return CTL_USAGE;
	if (!answer->none)
		field_format(answer->field, answer->value, found);
	/* What is not there is neither less nor greater. */
	if (!answer->none && !want_none)
		true_now = holds(e->op, order_of(answer->field, answer->value, want));
	else if (answer->none == want_none)
		true_now = e->op == EQUAL;
	else
		true_now = e->op == NOT_EQUAL;
	return judge(e, true_now, found);
}

static int judge_data(const struct expectation *e, const struct answer *answer)
{
	bool same = answer->len == strlen(e->value) &&
		    !memcmp(answer->data, e->value, answer->len);
	char *found, *value, *quoted;
	struct expectation shown = *e;
	int status;

	if (e->op != EQUAL && e->op != NOT_EQUAL) {
		ctl_error("expect data: '%s' is not = or !=", operators[e->op]);
		return CTL_USAGE;
	}
	found = message_escape(answer->data, answer->len);
	value = message_escape(e->value, strlen(e->value));
	if (!found || !value || asprintf(&quoted, "\"%s\"", found) < 0)
		quoted = NULL;
	free(found);
	if (!quoted || asprintf(&shown.value, "\"%s\"", value) < 0) {
		free(value);
		free(quoted);
		return ctl_failed(ENOMEM, "expect data");
	}
	status = judge(&shown, same == (e->op == EQUAL), quoted);
	free(shown.value);
	free(quoted);
	free(value);
	return status;
}

static int judge_answer(const struct expectation *e)
{
	struct answer answer = { .len = strlen(e->value) };
	int status = e->query->ask(e->args, &answer);

	if (!status)
		status = answer.field ? judge_value(e, &answer) : judge_data(e, &answer);
	free(answer.data);
	return status;
}

static const struct query *find_query(const char *name)
{
	const struct query *query;

	for (query = queries; query->name; query++) {
		if (!strcmp(query->name, name))
			return query;
	}
	return NULL;
}

static int parse_operator(const char *word, enum operator *op)
{
	for (*op = EQUAL; *op < NR_OPERATORS; ++*op) {
		if (!strcmp(operators[*op], word))
			return CTL_OK;
	}
	ctl_error("expect: '%s' is not =, !=, <, <=, > or >=", word);
	return CTL_USAGE;
}

static int run_expect(int argc, char **argv)
{
	struct expectation e = { .op = EQUAL };
	int i = 1, status = CTL_OK;

	if (i < argc && !strcmp(argv[i], "not")) {
		e.not = true;
		i++;
	}
	if (i == argc)
		return ctl_misused(argv[0]);
	e.query = find_query(argv[i]);
	if (!e.query) {
		ctl_error("expect: '%s' cannot be asked", argv[i]);
		return CTL_USAGE;
	}
	e.args = argv + i + 1;
	i += 1 + e.query->nr_args;
	if (argc - i < 1 || argc - i > 2) {
		ctl_error("expect %s: there must be %d words, perhaps an operator, and a value",
			  e.query->name, e.query->nr_args);
		return CTL_USAGE;
	}
	e.value = argv[argc - 1];
	if (argc - i == 2)
		status = parse_operator(argv[i], &e.op);
	return status ? status : judge_answer(&e);
}

const struct ctl_command script_expect = {
	.name = "expect",
	.usage = "[not] QUERY [=|!=|<|<=|>|>=] VALUE",
	.help = "compare what is with what should be",
	.run = run_expect,
};

static int find_errno(const char *name)
{
	int err;

	for (err = 1; err < 4096; err++) {
		const char *known = strerrorname_np(err);

		if (known && !strcmp(known, name))
			return err;
	}
	return 0;
}

static const char *errno_name(int err)
{
	const char *name = strerrorname_np(err);

	return name ? name : "an unknown error";
}

static int judge_failure(char **argv, int wanted, int status, int err)
{
	if (status == CTL_USAGE)
		return CTL_USAGE;
	if (err == wanted)
		return CTL_OK;
	if (err)
		message_verdict("fails %s %s: it failed with %s (%s), not %s", argv[1], argv[2],
				errno_name(err), strerror(err), argv[1]);
	else if (status == CTL_OK)
		message_verdict("fails %s %s: it succeeded", argv[1], argv[2]);
	return err || status == CTL_OK ? CTL_FAILED : status;
}

static int run_fails(int argc, char **argv)
{
	int err, status, wanted;

	if (argc < 3)
		return ctl_misused(argv[0]);
	wanted = find_errno(argv[1]);
	if (!wanted) {
		ctl_error("fails: '%s' is not the name of an error, like EINVAL", argv[1]);
		return CTL_USAGE;
	}
	if (!strcmp(argv[2], "fails")) {
		ctl_error("fails: it cannot be about itself");
		return CTL_USAGE;
	}
	message_expect();
	status = shell_command(argc - 2, argv + 2);
	err = message_expected();
	return judge_failure(argv, wanted, status, err);
}

const struct ctl_command script_fails = {
	.name = "fails",
	.usage = "ERRNO COMMAND [ARGUMENT...]",
	.help = "run a command that must fail with that error",
	.run = run_fails,
};
