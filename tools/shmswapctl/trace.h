/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Reference strings: which process loads from or stores to which page, one after the other.
 */
#ifndef _TRACE_H
#define _TRACE_H

#include <stdbool.h>
#include <stdio.h>

#include <linux/types.h>

#define TRACE_MAX_PROCESSES	64
#define TRACE_MAX_PAGES		(1U << 20)	/* different ones */
#define TRACE_PAGE_SHIFT	12
#define TRACE_PAGE_BITS		47	/* of a page's number in the file */

/* Forms of a file; shmswapctl(1) describes them. */
enum trace_format {
	TRACE_TEXT,
	TRACE_CSV,
	TRACE_LACKEY,
};

/**
 * struct trace_ref - a reference
 * @page: page; by trace_read() 0 to @nr_pages - 1
 * @write: it is a store
 * @process: 1 to TRACE_MAX_PROCESSES; 0: the file does not say
 */
struct trace_ref {
	__u64 page : TRACE_PAGE_BITS;
	__u64 write : 1;
	__u64 process : 16;
};

/**
 * struct trace - a reference string
 * @refs: references
 * @nr: how many
 * @room: how many @refs has room for
 * @nr_pages: different pages; they are numbered without gaps, in the order of the numbers
 *	that they have in the file
 * @nr_processes: the highest process; 0: none is named
 */
struct trace {
	struct trace_ref *refs;
	size_t nr;
	size_t room;
	__u32 nr_pages;
	__u32 nr_processes;
};

int trace_read(struct trace *t, const char *path, enum trace_format format);
void trace_free(struct trace *t);

/* Between the parts of this. */
int trace_add(struct trace *t, __u32 process, bool write, __u64 page);
int trace_number_pages(struct trace *t);

#endif /* _TRACE_H */
