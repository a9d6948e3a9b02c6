// SPDX-License-Identifier: GPL-2.0
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ctl.h"
#include "message.h"

#define LONGEST	800	/* a message quotes what it is about, and that may be of any length */

struct place message_place;

static bool expecting;
static int expected;

/* Prints what is not from us: it must not command the terminal. */
static void print_clean(FILE *out, const char *text)
{
	size_t i;

	for (i = 0; text[i] && i < LONGEST; i++) {
		unsigned char c = text[i];

		if (c < 0x20 || c == 0x7f)
			fprintf(out, "\\x%02x", c);
		else
			putc(c, out);
	}
	fputs(text[i] ? "...\n" : "\n", out);
}

static void print_place(FILE *out)
{
	if (message_place.file)
		fprintf(out, "%s:%u: ", message_place.file, message_place.line);
}

static void print_message(bool named, const char *format, va_list args)
{
	char *text;

	if (vasprintf(&text, format, args) < 0)
		text = NULL;
	fflush(stdout);
	if (named)
		fputs("shmswapctl: ", stderr);
	print_place(stderr);
	print_clean(stderr, text ? text : "no memory for a message");
	free(text);
}

void ctl_error(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	print_message(true, format, args);
	va_end(args);
}

void message_verdict(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	print_message(!message_place.file, format, args);
	va_end(args);
}

int ctl_failed(int err, const char *format, ...)
{
	char *text;
	va_list args;

	if (expecting) {
		if (!expected)
			expected = err < 0 ? -err : err;
		return CTL_ERROR;
	}
	va_start(args, format);
	if (vasprintf(&text, format, args) < 0)
		text = NULL;
	va_end(args);
	ctl_error("%s: %s", text ? text : "?", strerror(err < 0 ? -err : err));
	free(text);
	return CTL_ERROR;
}

void message_expect(void)
{
	expecting = true;
	expected = 0;
}

int message_expected(void)
{
	expecting = false;
	return expected;
}

char *message_escape(const char *data, size_t len)
{
	char *text = malloc(len * 4 + 1), *p = text;
	size_t i;

	for (i = 0; text && i < len; i++) {
		unsigned char c = data[i];

		if (c == '"' || c == '\\')
			p += sprintf(p, "\\%c", c);
		else if (c == '\n')
			p += sprintf(p, "\\n");
		else if (c == '\t')
			p += sprintf(p, "\\t");
		else if (c < 0x20 || c >= 0x7f)
			p += sprintf(p, "\\x%02x", c);
		else
			*p++ = c;
	}
	if (text)
		*p = '\0';
	return text;
}
