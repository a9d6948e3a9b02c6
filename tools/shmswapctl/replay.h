/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Reference strings on a machine, or on the independent model of one.
 */
#ifndef _REPLAY_H
#define _REPLAY_H

#include <stdbool.h>
#include <stdio.h>

#include "trace.h"

/**
 * struct replay - what is to be done
 * @trace: references, by @nr_processes processes; each names its process
 * @name: what the trace is called in messages
 * @nr_processes: processes, all of which have attached the one segment
 * @nr_frames: physical memory
 * @free_frames: those that faults leave free
 * @nr_slots: of the swap area; 0: there is none
 * @kswapd: the machine reclaims by itself too
 * @spool: where events are put as they are, or NULL
 * @log_mask: 1ULL << SHMSWAP_EVENT_* of those; 0: all
 * @log_events: that may wait to be taken; 0: as many as it takes
 */
struct replay {
	struct trace trace;
	const char *name;
	__u32 nr_processes;
	__u32 nr_frames;
	__u32 free_frames;
	__u32 nr_slots;
	bool kswapd;
	FILE *spool;
	__u64 log_mask;
	__u32 log_events;
};

/**
 * struct replay_result - what came of it
 * @min_flt: faults that found the page in memory
 * @maj_flt: faults that zero-filled a frame or read one
 * @zeroed: frames zero-filled
 * @reads: pages read from swap
 * @writes: pages written to swap
 * @attempts: pages that the clock looked at
 * @successes: pages that it swapped out
 * @aged: page table entries that it made old
 * @unmapped: those that it took away
 * @stalls: faults that waited for a frame
 * @rss: pages resident at the end
 * @swp: pages in swap at the end
 */
struct replay_result {
	__u64 min_flt;
	__u64 maj_flt;
	__u64 zeroed;
	__u64 reads;
	__u64 writes;
	__u64 attempts;
	__u64 successes;
	__u64 aged;
	__u64 unmapped;
	__u64 stalls;
	__u64 rss;
	__u64 swp;
};

/* Both return an exit status, after a message if it is not CTL_OK. */
int replay_on_machine(const struct replay *what, struct replay_result *result);
int replay_on_model(const struct replay *what, struct replay_result *result);

/* The access that failed with -@err, for both. Returns CTL_ERROR. */
int replay_failed(const struct replay *what, size_t at, int err);

#endif /* _REPLAY_H */
