// SPDX-License-Identifier: GPL-2.0
/*
 * The file that a machine's events are read from.
 */
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "ctl.h"
#include "event_log.h"

#define BATCH	512		/* events in a read */

/* A newer module may have others. */
#define KNOWN_EVENTS	((1ULL << SHMSWAP_NR_EVENT_TYPES) - 1 - (1ULL << SHMSWAP_EVENT_LOST))
#define TEXT	65536		/* characters in a write */

/**
 * struct event_ring - events of a machine that are read
 * @fd: file of SHMSWAP_IOC_EVENTS
 * @lost: events that were dropped, as far as that was reported
 * @batch: those that were read last
 * @text: lines on their way to a file
 */
struct event_ring {
	int fd;
	__u64 lost;
	struct shmswap_event batch[BATCH];
	char text[TEXT];
};

/**
 * event_ring_open() - record a machine's events from here on
 * @fd: process of the machine
 * @mask: 1ULL << SHMSWAP_EVENT_* of those to record; 0: all
 * @capacity: events that may wait; 0: as many as the module finds good
 *
 * Return: ring, which does not block; NULL: a message said why not.
 */
struct event_ring *event_ring_open(int fd, __u64 mask, __u32 capacity)
{
	struct shmswap_events events = {
		.size = sizeof(events),
		.flags = SHMSWAP_EVENTS_CLOEXEC | SHMSWAP_EVENTS_NONBLOCK,
		.mask = mask ? mask : KNOWN_EVENTS,
		.count = capacity,
	};
	struct event_ring *r = malloc(sizeof(*r));
	int err = r ? ctl_call(fd, SHMSWAP_IOC_EVENTS, &events) : -ENOMEM;

	if (err) {
		ctl_failed(err, "cannot record events");
		free(r);
		return NULL;
	}
	r->fd = events.out_fd;
	r->lost = 0;
	return r;
}

/**
 * event_ring_fd() - the file to poll
 * @r: ring
 *
 * Return: its descriptor.
 */
int event_ring_fd(const struct event_ring *r)
{
	return r->fd;
}

/**
 * event_ring_watermark() - be woken when so many events wait
 * @r: ring
 * @nr: events, up to its capacity
 *
 * Return: 0, -errno.
 */
int event_ring_watermark(struct event_ring *r, __u32 nr)
{
	struct shmswap_ring ring = { .size = sizeof(ring), .watermark = nr };

	return ctl_call(r->fd, SHMSWAP_IOC_RING, &ring);
}

/**
 * event_ring_read() - take events that wait
 * @r: ring
 * @max: at most so many
 * @events: set to them; they are there until the next call
 *
 * Return: how many; 0: the machine is gone, and so there will be no more; -EAGAIN: none
 * waits now; -errno.
 */
int event_ring_read(struct event_ring *r, unsigned int max, const struct shmswap_event **events)
{
	size_t nr = max < BATCH ? max : BATCH;
	ssize_t got;

	do
		got = read(r->fd, r->batch, nr * sizeof(r->batch[0]));
	while (got < 0 && errno == EINTR);
	*events = r->batch;
	return got < 0 ? -errno : (int)(got / sizeof(r->batch[0]));
}

/**
 * event_ring_lost() - events that found the ring full
 * @r: ring
 *
 * Return: how many since the last call; -errno.
 */
long long event_ring_lost(struct event_ring *r)
{
	struct shmswap_ring ring = { .size = sizeof(ring) };
	int err = ctl_call(r->fd, SHMSWAP_IOC_RING, &ring);
	__u64 before = r->lost;

	if (err)
		return err;
	r->lost = ring.out_dropped;
	return ring.out_dropped - before;
}

static int flush(const char *text, size_t len, FILE *out)
{
	return !len || fwrite(text, len, 1, out) == 1 ? 0 : -errno;
}

/* @text has room for TEXT characters. */
static int write_lines(const struct shmswap_event *events, int nr, FILE *out, unsigned int flags,
		       char *text)
{
	size_t used = 0;
	int i, err, len;

	for (i = 0; i < nr; i++) {
		len = event_format(&events[i], flags, text + used, EVENT_LINE_MAX);
		if (len < 0)
			return -EPROTO;
		used += len;
		text[used++] = '\n';
		if (used <= TEXT - EVENT_LINE_MAX - 1)
			continue;
		err = flush(text, used, out);
		if (err)
			return err;
		used = 0;
	}
	return flush(text, used, out);
}

/**
 * event_ring_copy() - write some events that wait, a line for each
 * @r: ring
 * @max: at most so many; LOST is one too
 * @out: where to
 * @format_flags: EVENT_SEQ, EVENT_TIME, EVENT_JSON
 *
 * Return: how many; 0: the machine is gone, and so there will be no more; -EAGAIN: none waits;
 * -EPROTO an event of an unknown type; -errno of reading or writing.
 */
int event_ring_copy(struct event_ring *r, unsigned int max, FILE *out, unsigned int format_flags)
{
	const struct shmswap_event *events;
	int nr = event_ring_read(r, max, &events);
	int err = nr > 0 ? write_lines(events, nr, out, format_flags, r->text) : 0;

	return err ? err : nr;
}

/* All that waited was taken, until @err: how many were lost meanwhile. */
static int drained(struct event_ring *r, int err)
{
	long long lost;

	if (err && err != -EAGAIN)
		return err;
	lost = event_ring_lost(r);
	return lost < INT_MAX ? lost : INT_MAX;
}

/**
 * event_ring_drain() - write all events that wait, a line for each
 * @r: ring
 * @out: where to
 * @format_flags: EVENT_SEQ, EVENT_TIME, EVENT_JSON
 *
 * Return: how many events were lost since the last call; -EPROTO an event of an unknown
 * type; -errno of reading or writing.
 */
int event_ring_drain(struct event_ring *r, FILE *out, unsigned int format_flags)
{
	int nr;

	do
		nr = event_ring_copy(r, BATCH, out, format_flags);
	while (nr > 0);
	return drained(r, nr);
}

/**
 * event_ring_spool() - put all events that wait into a file, as they are
 * @r: ring
 * @spool: file for event_spool_copy()
 *
 * To make lines of them takes longer than to record them.
 *
 * Return: how many events were lost since the last call; -errno of reading or writing.
 */
int event_ring_spool(struct event_ring *r, FILE *spool)
{
	const struct shmswap_event *events;
	int nr;

	while ((nr = event_ring_read(r, BATCH, &events)) > 0) {
		if (fwrite(events, sizeof(*events), nr, spool) != (size_t)nr)
			return -errno;
	}
	return drained(r, nr);
}

/**
 * event_spool_copy() - write the events of a file, a line for each
 * @spool: file, from its beginning
 * @out: where to
 * @format_flags: EVENT_SEQ, EVENT_TIME, EVENT_JSON
 *
 * Return: 0; -EPROTO an event of an unknown type; -ENOMEM; -errno of reading or writing.
 */
int event_spool_copy(FILE *spool, FILE *out, unsigned int format_flags)
{
	struct shmswap_event events[BATCH];
	char *text = malloc(TEXT);
	int err = text ? 0 : -ENOMEM;
	size_t nr;

	/* This writes what was put there last; rewind() would not say that it cannot. */
	if (!err && fseek(spool, 0, SEEK_SET))
		err = -errno;
	while (!err && (nr = fread(events, sizeof(events[0]), BATCH, spool)))
		err = write_lines(events, nr, out, format_flags, text);
	free(text);
	return err ? err : ferror(spool) ? -EIO : 0;
}

/**
 * event_ring_close() - record no more
 * @r: ring; NULL is allowed
 */
void event_ring_close(struct event_ring *r)
{
	if (!r)
		return;
	close(r->fd);
	free(r);
}
