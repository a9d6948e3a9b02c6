/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Processes that have one segment mapped.
 */
#ifndef _LIBSHARERS_H
#define _LIBSHARERS_H

#include "libmem.h"

#define SHARED_PAGES	256

/* How many sharers are measured, rising. */
#define NR_SHARERS	5
#define MAX_SHARERS	256
extern const int sharers_counts[NR_SHARERS];
/* What each further one takes, of costs for each of these numbers. */
double sharers_slope(const double *costs);

struct sharers {
	struct memory memory;
	int nr;
	pid_t pids[MAX_SHARERS];
	int orders[MAX_SHARERS];	/* a pipe to each */
	int done[2];			/* a pipe from all */
};

/* A segment that nobody has mapped. */
void sharers_new(struct sharers *s, int machine, uint32_t pages);
void sharers_grow(struct sharers *s, int nr);
void sharers_free(struct sharers *s);

/*
 * What it takes to swap out a page that all have mapped, and have just used; if
 * @old, not since the first turn over all pages, or since their accessed bits were
 * cleared.
 */
double sharers_swap_out(struct sharers *s, bool old);

#endif /* _LIBSHARERS_H */
