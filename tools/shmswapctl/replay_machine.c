// SPDX-License-Identifier: GPL-2.0
/*
 * A reference string on a private machine.
 */
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ipc.h>
#include <unistd.h>

#include "ctl.h"
#include "device.h"
#include "event_log.h"
#include "replay.h"

#define BATCH		1024		/* accesses in a call */
#define LOG_EVENTS	(1U << 17)	/* that may wait for us, at least */

/**
 * struct run - a machine with its processes
 * @what: what is to be done
 * @fd: processes
 * @base: address of the segment in each of them
 * @nr: how many
 * @ring: events, or NULL
 * @batch: accesses to make before the log is written, at most BATCH
 * @undrained: accesses since the log was written
 * @accesses: those of a call
 */
struct run {
	const struct replay *what;
	int fd[TRACE_MAX_PROCESSES];
	__u64 base[TRACE_MAX_PROCESSES];
	__u32 nr;
	struct event_ring *ring;
	__u32 batch;
	__u32 undrained;
	__u64 accesses[BATCH];
};

static int call(int fd, unsigned int cmd, void *arg, const char *name)
{
	int err = ctl_call(fd, cmd, arg);

	return err ? ctl_failed(err, "%s", name) : CTL_OK;
}

/* Page tables for all processes, and the segment's page list: none is to be the limit. */
static __u32 table_pages(const struct replay *what)
{
	__u32 each = what->trace.nr_pages / 512 + 8;

	return (what->nr_processes + 1) * each;
}

static int make_machine(struct run *run)
{
	const struct replay *what = run->what;
	struct shmswap_create create = {
		.size = sizeof(create),
		.flags = what->kswapd ? SHMSWAP_MACHINE_KSWAPD : 0,
		.nr_frames = what->nr_frames,
		.ram_swap = what->nr_slots,
		.max_tables = table_pages(what),
	};

	run->fd[0] = device_open();
	if (run->fd[0] < 0)
		return CTL_ERROR;
	run->nr = 1;
	return call(run->fd[0], SHMSWAP_IOC_CREATE, &create, "a private machine");
}

/* As Linux 2.0, which read nothing ahead; and faults may take all frames but some. */
static int set_up_machine(struct run *run)
{
	struct shmswap_control control = { .size = sizeof(control) };
	int status = call(run->fd[0], SHMSWAP_IOC_CONTROL, &control, "the machine's settings");

	if (status)
		return status;
	control.set = SHMSWAP_CONTROL_PAGE_CLUSTER;
	control.page_cluster = 0;
	if (!run->what->kswapd) {
		control.set |= SHMSWAP_CONTROL_FREEPAGES;
		control.freepages_min = run->what->free_frames;
		control.freepages_low = run->what->free_frames;
		control.freepages_high = run->what->free_frames;
	}
	return call(run->fd[0], SHMSWAP_IOC_CONTROL, &control, "the machine's settings");
}

static int make_processes(struct run *run)
{
	while (run->nr < run->what->nr_processes) {
		struct shmswap_fork child = {
			.size = sizeof(child),
			.flags = SHMSWAP_FORK_EXEC | SHMSWAP_FORK_CLOEXEC,
		};
		int status = call(run->fd[0], SHMSWAP_IOC_FORK, &child, "a process");

		if (status)
			return status;
		run->fd[run->nr++] = child.out_fd;
	}
	return CTL_OK;
}

static int attach_segment(struct run *run)
{
	struct shmswap_shmget get = {
		.size = sizeof(get),
		.key = IPC_PRIVATE,
		.segsz = run->what->trace.nr_pages * DEVICE_PAGE,
		.shmflg = IPC_CREAT | 0600,
	};
	int status = call(run->fd[0], SHMSWAP_IOC_SHMGET, &get, "the segment");
	__u32 i;

	for (i = 0; !status && i < run->nr; i++) {
		struct shmswap_shmat at = { .size = sizeof(at), .shmid = get.out_shmid };

		status = call(run->fd[i], SHMSWAP_IOC_SHMAT, &at, "an attach");
		run->base[i] = at.out_addr;
	}
	return status;
}

/* Events that the run causes at most, whatever it does next, and those of an access. */
static __u64 events_at_once(const struct replay *what)
{
	/* Reclaim makes every page old in every process, and then takes it away. */
	return 4ULL * what->nr_frames * what->nr_processes;
}

static __u64 events_each(const struct replay *what)
{
	/* The hand goes round all pages twice. And the page will be made old, and taken away. */
	return 2ULL * what->trace.nr_pages + 64;
}

static __u32 log_capacity(const struct replay *what)
{
	__u64 nr = LOG_EVENTS + events_at_once(what);

	if (what->log_events)
		return what->log_events;
	return nr < SHMSWAP_MAX_EVENTS ? nr : SHMSWAP_MAX_EVENTS;
}

/* Accesses after which the log is to be written, so that their events find room. */
static __u32 logged_batch(const struct replay *what)
{
	__u64 room = log_capacity(what), taken = events_at_once(what);
	__u64 batch = taken < room ? (room - taken) / events_each(what) : 0;

	return batch < 1 ? 1 : batch > BATCH ? BATCH : batch;
}

static int open_log(struct run *run)
{
	const struct replay *what = run->what;

	run->batch = BATCH;
	if (!what->spool)
		return CTL_OK;
	run->batch = logged_batch(what);
	run->ring = event_ring_open(run->fd[0], what->log_mask, log_capacity(what));
	return run->ring ? CTL_OK : CTL_ERROR;
}

static int drain_log(struct run *run)
{
	int lost;

	run->undrained = 0;
	if (!run->ring)
		return CTL_OK;
	lost = event_ring_spool(run->ring, run->what->spool);
	if (lost < 0)
		return ctl_failed(lost, "the event log");
	if (lost)
		ctl_error("the event log has lost %d events", lost);
	return lost ? CTL_ERROR : CTL_OK;
}

static int set_up(struct run *run)
{
	int status = make_machine(run);

	if (!status)
		status = open_log(run);
	if (!status)
		status = set_up_machine(run);
	if (!status)
		status = make_processes(run);
	if (!status)
		status = attach_segment(run);
	return status ? status : drain_log(run);
}

/* Accesses from @at on that the same process makes, as many as fit into a call. */
static __u32 gather(struct run *run, size_t at)
{
	const struct trace *t = &run->what->trace;
	const struct trace_ref *first = &t->refs[at], *ref = first;
	__u64 base = run->base[first->process - 1];
	__u32 max = run->batch - run->undrained;

	if (max > t->nr - at)
		max = t->nr - at;
	for (; ref < first + max && ref->process == first->process; ref++)
		run->accesses[ref - first] = (base + ref->page * DEVICE_PAGE) |
					     (ref->write ? SHMSWAP_TOUCH_WRITE : 0);
	return ref - first;
}

static int touch(struct run *run, size_t *at, struct replay_result *result)
{
	struct shmswap_touch touch = {
		.size = sizeof(touch),
		.accesses = (uintptr_t)run->accesses,
		.count = gather(run, *at),
	};
	int process = run->what->trace.refs[*at].process - 1;
	int err = ctl_call(run->fd[process], SHMSWAP_IOC_TOUCH, &touch);

	result->min_flt += touch.out_min_flt;
	result->maj_flt += touch.out_maj_flt;
	*at += touch.out_done;
	if (run->ring)
		run->undrained += touch.out_done;
	return err ? replay_failed(run->what, *at, err) : CTL_OK;
}

static int make_accesses(struct run *run, struct replay_result *result)
{
	int status = CTL_OK;
	size_t at = 0;

	while (!status && at < run->what->trace.nr) {
		if (run->undrained == run->batch)
			status = drain_log(run);
		if (!status)
			status = touch(run, &at, result);
	}
	/* What led to a failure is of interest too. */
	return drain_log(run) ? CTL_ERROR : status;
}

static int get_counters(struct run *run, struct replay_result *result)
{
	struct shmswap_stat stat = { .size = sizeof(stat) };
	int status = call(run->fd[0], SHMSWAP_IOC_STAT, &stat, "the counters");

	result->zeroed = stat.pgzero;
	result->reads = stat.pswpin;
	result->writes = stat.pswpout;
	result->attempts = stat.swap_attempts;
	result->successes = stat.swap_successes;
	result->aged = stat.pgaged;
	result->unmapped = stat.pgunmap;
	result->stalls = stat.reclaim_stall;
	result->rss = stat.shm_rss;
	result->swp = stat.shm_swp;
	return status;
}

static void tear_down(struct run *run)
{
	event_ring_close(run->ring);
	while (run->nr)
		close(run->fd[--run->nr]);
	free(run);
}

/**
 * replay_on_machine() - make the references on a machine of their own
 * @what: what is to be done
 * @result: set to what came of it
 *
 * Return: exit status; a message said why if it is not CTL_OK.
 */
int replay_on_machine(const struct replay *what, struct replay_result *result)
{
	struct run *run = calloc(1, sizeof(*run));
	int status;

	if (!run)
		return ctl_failed(ENOMEM, "%s", what->name);
	run->what = what;
	*result = (struct replay_result) { 0 };
	status = set_up(run);
	if (!status)
		status = make_accesses(run, result);
	if (!status)
		status = get_counters(run, result);
	tear_down(run);
	return status;
}
