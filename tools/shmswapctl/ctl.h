/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the parts of shmswapctl have in common: commands, the device, messages.
 */
#ifndef _CTL_H
#define _CTL_H

#include <stdbool.h>
#include <stddef.h>

#include <shmswap.h>

/* Exit status. */
enum {
	CTL_OK,
	CTL_FAILED,	/* an expectation failed, or logs differ */
	CTL_USAGE,
	CTL_ERROR,	/* of the device, of a file, no memory */
};

/**
 * struct ctl_command - a command, of the command line and of the shell
 * @name: name
 * @usage: its arguments, as in the man page
 * @help: what it does, in a line
 * @run: does it; @argv[0] is the name. Returns an exit status
 */
struct ctl_command {
	const char *name;
	const char *usage;
	const char *help;
	int (*run)(int argc, char **argv);
};

extern bool ctl_json;	/* print JSON */

extern const struct ctl_command ctl_segs, ctl_maps, ctl_ptes, ctl_frames, ctl_swaps, ctl_clock,
	ctl_stat, ctl_procs, ctl_info, ctl_swapon, ctl_swapoff, ctl_reclaim, ctl_control,
	ctl_check, ctl_watch, ctl_events, ctl_diff, ctl_replay;

int ctl_fd(void);
int ctl_call(int fd, unsigned int cmd, void *arg);
long ctl_query(int fd, __u32 what, __s32 id, __u64 start, void **records, size_t size);
void ctl_error(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* Says that something failed with the error -@err, and why. Returns CTL_ERROR. */
int ctl_failed(int err, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* Says that a command is not used in this way. Returns CTL_USAGE. */
int ctl_misused(const char *name);

#endif /* _CTL_H */
