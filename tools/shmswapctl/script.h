/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The shell: where its lines come from, and the commands that it has beside the
 * others.
 */
#ifndef _SCRIPT_H
#define _SCRIPT_H

#include <stdbool.h>

#include "ctl.h"

extern const struct ctl_command script_machine, script_use, script_process, script_fork,
	script_exit, script_segment, script_attach, script_detach, script_unmap, script_mmap,
	script_munmap, script_lock, script_unlock, script_remove, script_read, script_write,
	script_touch, script_swapfile, script_log, script_expect, script_fails, script_echo,
	script_sleep, script_help, script_quit;

/* All commands, and NULL. */
extern const struct ctl_command * const commands[];

const struct ctl_command *command_find(const char *name);

/* Runs a command, and writes out what it printed and what was logged. */
int shell_execute(int argc, char **argv);
/* Like it, without the writing: for commands that run another one. */
int shell_command(int argc, char **argv);

/*
 * Where lines come from: an argument of -c, a file ("-": standard input), a terminal. They
 * return an exit status: not CTL_OK if the rest is not to be run either.
 */
int shell_run_text(const char *text, unsigned int nr);
int shell_run_file(const char *path);
int shell_run_terminal(void);

/* Lets go of everything; @status, or that of expectations that failed. */
int shell_end(int status);

extern bool shell_stop_at_expectation;	/* -e */
extern bool shell_done;			/* quit */

/* The next line of a terminal, which the caller frees; NULL at the end. */
char *terminal_line(void);
void terminal_begin(void);

/*
 * The current machine's log, if there is one. What is long is done in steps of as much as
 * script_step() says, so that no event is lost before script_drain() reads it.
 */
int script_drain(void);
unsigned int script_step(unsigned int all);
/* Ends all logs. */
int script_end_logs(void);

#endif /* _SCRIPT_H */
