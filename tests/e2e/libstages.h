/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A page that two processes share, step by step through the swap cache: for
 * the test and for the demonstration of it. What returns an int returns -errno
 * if something failed.
 */
#ifndef _LIBSTAGES_H
#define _LIBSTAGES_H

#include "libshm.h"

#define STAGES_FRAMES	32
#define STAGES_SLOTS	64

struct shared_page {
	int a, b;		/* two processes of a machine */
	uint64_t addr;		/* of the page, in both */
};

struct page_state {
	struct shmswap_pte a, b;	/* of kind 0: nothing */
	struct shmswap_page frame;	/* of count 0: it is in none */
	struct shmswap_slot slot;	/* of count 0: it has none */
};

/* A machine of STAGES_FRAMES; @flags are SHMSWAP_MACHINE_*. */
int stages_machine(uint32_t flags);

/* Stage (a), after fork(2) with the page copied on write, or with a segment of it. */
int stages_share_private(struct shared_page *p, int fd);
int stages_share_segment(struct shared_page *p, int fd);

/* Lets the process scan take the page from @victim, while @other goes on using it if it has it. */
int stages_swap_out(const struct shared_page *p, int victim, int other);
/* Lets shrink_mmap() free the frame. */
int stages_free_frame(const struct shared_page *p);

int stages_look(const struct shared_page *p, struct page_state *state);

#endif /* _LIBSTAGES_H */
