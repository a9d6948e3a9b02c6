/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What `expect' can ask.
 */
#ifndef _QUERIES_H
#define _QUERIES_H

#include <stdbool.h>
#include <stddef.h>

#include "records.h"

/**
 * struct answer - what was found
 * @field: what it is, and how it is written; NULL: @data
 * @value: it
 * @none: there is no such thing
 * @data: bytes that were loaded, malloc'ed
 * @len: their number
 */
struct answer {
	const struct field *field;
	__u64 value;
	bool none;
	char *data;
	size_t len;
};

/**
 * struct query - a kind of question
 * @name: its first word
 * @nr_args: words behind that
 * @ask: finds the answer to them. Returns a status, after a message if it is not CTL_OK.
 *	@answer->len is the number of bytes to load
 */
struct query {
	const char *name;
	int nr_args;
	int (*ask)(char **args, struct answer *answer);
};

/* They end with a NULL. */
extern const struct query queries[];

#endif /* _QUERIES_H */
