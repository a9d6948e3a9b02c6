/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Where messages come from, and what became of them. ctl.h has the functions that
 * print them.
 */
#ifndef _MESSAGE_H
#define _MESSAGE_H

#include <stdarg.h>
#include <stddef.h>

/* The line that is being run; @file is NULL for the command line itself. */
struct place {
	const char *file;
	unsigned int line;
};

extern struct place message_place;

/* Like ctl_error(), but without the program's name in front of FILE:LINE. */
void message_verdict(const char *format, ...) __attribute__((format(printf, 1, 2)));

/*
 * From message_expect() to message_expected() what ctl_failed() is told is kept and not
 * printed; the latter returns the error, or 0.
 */
void message_expect(void);
int message_expected(void);

/* Bytes as they can be shown on a terminal and written between quotation marks. */
char *message_escape(const char *data, size_t len);

#endif /* _MESSAGE_H */
