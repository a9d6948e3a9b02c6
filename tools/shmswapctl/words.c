// SPDX-License-Identifier: GPL-2.0
#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "ctl.h"
#include "words.h"

static int hex_byte(const char *digits)
{
	char text[3] = { digits[0], digits[0] ? digits[1] : 0 };

	if (!isxdigit((unsigned char)text[0]) || !isxdigit((unsigned char)text[1]))
		return 0;
	return strtol(text, NULL, 16);
}

/* Reads what follows a backslash at *@from; 0 if that is nothing. */
static int escaped(const char **from)
{
	const char *p = (*from)++;
	int c;

	switch (*p) {
	case '"':
	case '\\':
		return *p;
	case 'n':
		return '\n';
	case 't':
		return '\t';
	case 'x':
		c = hex_byte(p + 1);
		*from += c ? 2 : 0;
		return c;
	default:
		return 0;
	}
}

/* Copies what is within quotation marks, without them; false after a message. */
static bool copy_quoted(const char **from, char **to, const char *line)
{
	const char *begin = (*from)++;

	while (**from != '"') {
		int c = *(*from)++;

		if (c == '\\') {
			c = escaped(from);
			if (!c) {
				ctl_error("column %td: behind a backslash is none of %s",
					  *from - line, "\", \\, n, t, xHH (not x00)");
				return false;
			}
		} else if (!c) {
			ctl_error("column %td: the quotation mark is not closed",
				  begin - line + 1);
			return false;
		}
		*(*to)++ = c;
	}
	++*from;
	return true;
}

static bool is_blank(char c)
{
	return c && strchr(" \t\r\n", c);
}

/* A word becomes shorter, if anything, so it is written over itself. */
static bool copy_word(const char **from, char **to, const char *line)
{
	while (**from && !is_blank(**from)) {
		if (**from != '"')
			*(*to)++ = *(*from)++;
		else if (!copy_quoted(from, to, line))
			return false;
	}
	return true;
}

int words_split(char *line, char ***words)
{
	char **list = malloc((strlen(line) / 2 + 2) * sizeof(*list));
	const char *from = line;
	char *to = line;
	int nr = 0;

	if (!list) {
		ctl_error("no memory for a line");
		return -1;
	}
	for (;;) {
		bool more;

		while (is_blank(*from))
			from++;
		if (!*from || *from == '#')
			break;
		list[nr++] = to;
		if (!copy_word(&from, &to, line)) {
			free(list);
			return -1;
		}
		more = *from;
		from += more;
		*to++ = '\0';
		if (!more)
			break;
	}
	list[nr] = NULL;
	*words = list;
	return nr;
}

bool word_is_name(const char *word)
{
	const char *p;

	for (p = word; *p; p++) {
		unsigned char c = *p;

		if (c >= 0x80 || !(isalpha(c) || c == '_' || (p > word && isdigit(c))))
			return false;
	}
	return p > word;
}

bool word_is_number(const char *word, __u64 *value)
{
	char *end;

	if (!isdigit((unsigned char)*word))
		return false;
	errno = 0;
	*value = strtoull(word, &end, 0);
	return !*end && !errno;
}

int word_number(const char *what, const char *word, __u64 min, __u64 max, __u64 *value)
{
	__u64 number;

	if (word_is_number(word, &number) && number >= min && number <= max) {
		*value = number;
		return CTL_OK;
	}
	ctl_error("%s: '%s' is not a number from %llu to %llu", what, word, min, max);
	return CTL_USAGE;
}

static struct option_word *find_option(struct option_word *options, const char *word)
{
	size_t len = strcspn(word, "=");

	for (; options->name; options++) {
		if (strlen(options->name) == len && !strncmp(options->name, word, len))
			return options;
	}
	return NULL;
}

static int take_option(const char *command, const char *word, struct option_word *option)
{
	const char *value = strchr(word, '=');

	if (option->given) {
		ctl_error("%s: '%s' is given twice", command, option->name);
		return CTL_USAGE;
	}
	option->given = true;
	if (option->kind == OPTION_FLAG ? !!value : !value) {
		ctl_error("%s: '%s' %s a value", command, option->name,
			  value ? "does not take" : "needs");
		return CTL_USAGE;
	}
	switch (option->kind) {
	case OPTION_FLAG:
		*(bool *)option->value = true;
		return CTL_OK;
	case OPTION_TEXT:
		*(const char **)option->value = value + 1;
		return CTL_OK;
	default:
		return word_number(option->name, value + 1, option->min, option->max,
				   option->value);
	}
}

int words_options(const char *command, int argc, char **argv, struct option_word *options)
{
	int i, status;

	for (i = 0; i < argc; i++) {
		struct option_word *option = find_option(options, argv[i]);

		if (!option) {
			ctl_error("%s: '%s' is not known here", command, argv[i]);
			return CTL_USAGE;
		}
		status = take_option(command, argv[i], option);
		if (status)
			return status;
	}
	return CTL_OK;
}
