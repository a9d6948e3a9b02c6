// SPDX-License-Identifier: GPL-2.0
/*
 * The command events: what happens on a machine, as it happens.
 */
#include <errno.h>
#include <getopt.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "ctl.h"
#include "event_log.h"
#include "words.h"

#define CAPACITY	(1U << 16)	/* events that may wait for us, unless asked for */
#define WATERMARK	256		/* when to wake us at once, */
#define PERIOD		100		/* and how many milliseconds later if there are fewer */

/**
 * struct options - what the command line says
 * @mask: 1ULL << SHMSWAP_EVENT_*; 0: all
 * @flags: EVENT_SEQ, EVENT_TIME
 * @capacity: of the ring
 * @count: events after which to stop; 0: none
 * @path: file to write to, or NULL
 */
struct options {
	__u64 mask;
	unsigned int flags;
	__u64 capacity;
	__u64 count;
	const char *path;
};

/**
 * struct stream - events on their way
 * @o: what was asked for
 * @ring: where they come from
 * @out: where they go
 * @signals: becomes readable when it is time to stop
 * @nr: those that were written
 */
struct stream {
	const struct options *o;
	struct event_ring *ring;
	FILE *out;
	int signals;
	__u64 nr;
};

static const struct option long_options[] = {
	{ "types", required_argument, NULL, 't' },
	{ "count", required_argument, NULL, 'n' },
	{ "output", required_argument, NULL, 'o' },
	{ "ring", required_argument, NULL, 'r' },
	{ "time", no_argument, NULL, 'T' },
	{ "seq", no_argument, NULL, 'S' },
	{ NULL, 0, NULL, 0 }
};

static int get_option(int option, struct options *o)
{
	switch (option) {
	case 't':
		if (!event_mask_parse(optarg, &o->mask))
			return CTL_OK;
		ctl_error("events: '%s' is not a list of types of events", optarg);
		return CTL_USAGE;
	case 'n':
		return word_number("count", optarg, 1, ~0ULL, &o->count);
	case 'o':
		o->path = optarg;
		return CTL_OK;
	case 'r':
		return word_number("ring", optarg, 1, SHMSWAP_MAX_EVENTS, &o->capacity);
	case 'T':
		o->flags |= EVENT_TIME;
		return CTL_OK;
	case 'S':
		o->flags |= EVENT_SEQ;
		return CTL_OK;
	default:
		return ctl_misused("events");
	}
}

static int parse(int argc, char **argv, struct options *o)
{
	int option, status;

	optind = 0;	/* the shell has commands before us */
	opterr = 0;
	while ((option = getopt_long(argc, argv, "t:n:o:r:", long_options, NULL)) >= 0) {
		status = get_option(option, o);
		if (status)
			return status;
	}
	if (optind != argc)
		return ctl_misused("events");
	if (ctl_json)
		o->flags |= EVENT_JSON;
	return CTL_OK;
}

/* Until there is something to read; 1 if it is time to stop, 0, -errno. */
static int wait_for_events(struct stream *s)
{
	struct pollfd fds[] = {
		{ .fd = s->signals, .events = POLLIN },
		{ .fd = event_ring_fd(s->ring), .events = POLLIN },
	};

	if (poll(fds, 2, PERIOD) < 0 && errno != EINTR)
		return -errno;
	return !!fds[0].revents;
}

/*
 * Writes what waits, but not what comes meanwhile without end: there may be more than we can write,
 * and a signal is to be noticed. 1 if there is to be no more, 0, -errno.
 */
static int copy_events(struct stream *s)
{
	/* The capacity is rounded up, to less than twice as many. */
	__u64 enough = s->nr + 2 * s->o->capacity;

	while (s->nr < enough) {
		__u64 left = s->o->count - s->nr;
		int nr = event_ring_copy(s->ring, s->o->count && left < INT_MAX ? left : INT_MAX,
					 s->out, s->o->flags);

		if (nr == -EAGAIN)
			break;
		if (nr <= 0)
			return nr ? nr : 1;
		s->nr += nr;
		if (s->nr == s->o->count)
			return 1;
	}
	return fflush(s->out) ? -errno : 0;
}

static int copy_until_stopped(struct stream *s)
{
	int stop = 0, ret;

	/* Once more after a signal: what came before it is to be seen. */
	do {
		ret = copy_events(s);
		if (ret || stop)
			break;
		stop = wait_for_events(s);
	} while (stop >= 0);
	if (stop < 0 || ret < 0)
		return ctl_failed(stop < 0 ? stop : ret, "events");
	return CTL_OK;
}

/* What was lost is not in the output only. */
static int report(struct stream *s)
{
	long long lost = event_ring_lost(s->ring);

	if (lost < 0)
		return ctl_failed(lost, "events");
	fprintf(stderr, "%llu events, %lld lost\n", s->nr, lost);
	return lost ? CTL_FAILED : CTL_OK;
}

static int close_output(struct stream *s)
{
	int failed = s->out == stdout ? fflush(s->out) : fclose(s->out);

	return failed ? ctl_failed(errno, "%s", s->o->path ? s->o->path : "standard output") :
			CTL_OK;
}

static int record(struct stream *s)
{
	int fd = ctl_fd();
	int status, closed;

	if (fd < 0)
		return CTL_ERROR;
	s->ring = event_ring_open(fd, s->o->mask, s->o->capacity);
	if (!s->ring)
		return CTL_ERROR;
	/* A small ring is best read whenever there is anything. */
	event_ring_watermark(s->ring, WATERMARK < s->o->capacity ? WATERMARK : 1);
	s->out = s->o->path ? fopen(s->o->path, "we") : stdout;
	if (!s->out) {
		event_ring_close(s->ring);
		return ctl_failed(errno, "%s", s->o->path);
	}
	status = copy_until_stopped(s);
	closed = close_output(s);
	if (!status && !closed)
		status = report(s);
	event_ring_close(s->ring);
	return status ? status : closed;
}

static int run(int argc, char **argv)
{
	struct options o = { .capacity = CAPACITY };
	struct stream s = { .o = &o };
	sigset_t stop, before;
	int status = parse(argc, argv, &o);

	if (status)
		return status;
	sigemptyset(&stop);
	sigaddset(&stop, SIGINT);
	sigaddset(&stop, SIGTERM);
	sigprocmask(SIG_BLOCK, &stop, &before);
	s.signals = signalfd(-1, &stop, SFD_CLOEXEC | SFD_NONBLOCK);
	status = s.signals < 0 ? ctl_failed(errno, "signalfd") : record(&s);
	if (s.signals >= 0) {
		struct signalfd_siginfo info;

		/* The signal was for us, and is not to end the shell. */
		while (read(s.signals, &info, sizeof(info)) > 0)
			;
		close(s.signals);
	}
	sigprocmask(SIG_SETMASK, &before, NULL);
	return status;
}

const struct ctl_command ctl_events = {
	.name = "events",
	.usage = "[-t TYPE,...] [-n COUNT] [-o FILE] [-r CAPACITY] [--time] [--seq]",
	.help = "print what happens on the machine, until it is interrupted",
	.run = run,
};
