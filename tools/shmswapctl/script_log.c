// SPDX-License-Identifier: GPL-2.0
/*
 * Script command log: what happens on a machine, as text.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "event_log.h"
#include "machines.h"
#include "script.h"

/* What one step of a command may cause, and much more. */
#define CAPACITY	65536

/* A machine's log. */
struct script_log {
	struct event_ring *ring;
	FILE *file;
	char *path;
};

static int log_failed(const struct script_log *log)
{
	return ctl_failed(errno, "log %s", log->path);
}

/* Writes the events that wait. */
static int drain(struct script_log *log)
{
	int lost;

	errno = 0;
	lost = event_ring_drain(log->ring, log->file, 0);
	if (lost < 0)
		return ctl_failed(lost, "log %s", log->path);
	if (fflush(log->file))
		return log_failed(log);
	if (lost) {
		ctl_error("log %s: %d events were lost", log->path, lost);
		return CTL_ERROR;
	}
	return CTL_OK;
}

static void free_log(struct script_log *log)
{
	if (log->ring)
		event_ring_close(log->ring);
	if (log->file && log->file != stdout)
		fclose(log->file);
	free(log->path);
	free(log);
}

/* Ends the log of @m, if it has one. */
static int end_log(struct machine *m)
{
	struct script_log *log = m->log;
	int status;

	if (!log)
		return CTL_OK;
	m->log = NULL;
	status = drain(log);
	if (log->file != stdout && fclose(log->file) && !status)
		status = log_failed(log);
	log->file = NULL;
	free_log(log);
	return status;
}

int script_end_logs(void)
{
	struct machine *m;
	int status = CTL_OK;

	for (m = machines; m; m = m->next) {
		if (end_log(m))
			status = CTL_ERROR;
	}
	return status;
}

/* A log that cannot be written ends here, so that this is said once. */
int script_drain(void)
{
	struct machine *m;
	int status = CTL_OK;

	for (m = machines; m; m = m->next) {
		if (!m->log || !drain(m->log))
			continue;
		status = CTL_ERROR;
		free_log(m->log);
		m->log = NULL;
	}
	return status;
}

unsigned int script_step(unsigned int all)
{
	return machine->log && all > 1 ? 1 : all;
}

static int begin_log(const char *path, __u64 mask)
{
	struct script_log *log = calloc(1, sizeof(*log));
	int fd = ctl_fd();

	if (log)
		log->path = strdup(path);
	if (!log || !log->path) {
		free(log);
		return ctl_failed(ENOMEM, "log");
	}
	/* Only when there are events to write is an old file emptied. */
	log->ring = fd < 0 ? NULL : event_ring_open(fd, mask, CAPACITY);
	if (log->ring)
		log->file = strcmp(path, "-") ? fopen(path, "we") : stdout;
	if (!log->file) {
		if (log->ring)
			log_failed(log);
		free_log(log);
		return CTL_ERROR;
	}
	machine->log = log;
	return CTL_OK;
}

static int run_log(int argc, char **argv)
{
	__u64 mask = 0;
	int i, status;

	if (argc < 2)
		return ctl_misused(argv[0]);
	if (!strcmp(argv[1], "off"))
		return argc == 2 ? end_log(machine) : ctl_misused(argv[0]);
	if (!strcmp(argv[1], "-") && ctl_json) {
		ctl_error("log -: events are text, and standard output is JSON");
		return CTL_USAGE;
	}
	for (i = 2; i < argc; i++) {
		if (event_mask_parse(argv[i], &mask)) {
			ctl_error("log: there is no event '%s'", argv[i]);
			return CTL_USAGE;
		}
	}
	status = end_log(machine);
	return status ? status : begin_log(argv[1], mask);
}

const struct ctl_command script_log = {
	.name = "log",
	.usage = "FILE|- [TYPE...] | off",
	.help = "write the machine's events to a file, from here on",
	.run = run_log,
};
