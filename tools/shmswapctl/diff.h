/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Two event logs side by side: what led to an event, and the words for it.
 */
#ifndef _DIFF_H
#define _DIFF_H

#include <stdbool.h>
#include <stdio.h>

#include <shmswap.h>

/* What can happen to a page in a process. */
enum diff_deed {
	DIFF_TOUCHED,	/* loaded from, or stored to */
	DIFF_AGED,	/* made old */
	DIFF_TAKEN,	/* taken away */
	DIFF_NR_DEEDS,
};

/**
 * struct diff_process - what became of a page in a process
 * @pid: process; 0: the log does not say which
 * @line: where the log says it for the last time, by enum diff_deed; 0: nowhere
 */
struct diff_process {
	__u32 pid;
	unsigned long line[DIFF_NR_DEEDS];
};

/**
 * struct diff_page - what became of a page of a segment
 * @shmid: segment
 * @index: page
 * @process: in the processes that touched it, or lost it
 * @nr: how many
 */
struct diff_page {
	__s32 shmid;
	__u32 index;
	struct diff_process *process;
	unsigned int nr;
};

#define DIFF_MAX_AGED	64

/**
 * struct diff_history - what a log said up to a line
 * @has_hand: it said where the clock is
 * @hand: there
 * @step: line of the last step of the clock, or of the begin of its run
 * @aged: processes in which reclaim made a page old since
 * @nr_aged: how many
 * @pages: tree of struct diff_page
 */
struct diff_history {
	bool has_hand;
	__u64 hand;
	unsigned long step;
	__u32 aged[DIFF_MAX_AGED];
	unsigned int nr_aged;
	void *pages;
};

/* diff_history.c */
bool diff_history_add(struct diff_history *h, const struct shmswap_event *e, unsigned long line);
const struct diff_page *diff_history_page(const struct diff_history *h, __s32 shmid, __u32 index);
unsigned long diff_page_line(const struct diff_page *page, __u32 pid, enum diff_deed deed);
void diff_history_free(struct diff_history *h);

/* diff_words.c */
bool diff_has_page(const struct shmswap_event *e);
/* What the one did whose log it is, as the end of a sentence; @it: the page was just named. */
void diff_describe(FILE *out, const struct shmswap_event *e, const struct diff_history *h, bool it);

#endif /* _DIFF_H */
