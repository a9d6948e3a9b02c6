/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Events as text: one line for each, which is read back exactly. And the ring that they
 * are read from.
 */
#ifndef _EVENT_LOG_H
#define _EVENT_LOG_H

#include <stdbool.h>
#include <stdio.h>

#include <shmswap.h>

/* What a line has beside the fields of its type. */
#define EVENT_SEQ	(1U << 0)
#define EVENT_TIME	(1U << 1)
#define EVENT_JSON	(1U << 2)	/* it is a JSON object */

#define EVENT_LINE_MAX	1024		/* no line is as long */

/* How a field is stored and written. */
enum event_kind {
	EVENT_END,	/* no more fields */
	EVENT_WHY,	/* a word for @why */
	EVENT_U32,
	EVENT_S32,
	EVENT_U64,
	EVENT_HEX,	/* an address */
	EVENT_SLOT,	/* AREA:SLOT */
	EVENT_HAND,	/* of the clock, ID:IDX */
	EVENT_HANDS,	/* FROM->TO */
	EVENT_AGES,
	EVENT_PTES,
	EVENT_ERROR,	/* an errno; not written if it is 0 */
};

/**
 * struct event_word - a short text, of a size that is copied at once
 * @text: text; empty: there is none
 * @length: of it
 */
struct event_word {
	char text[15];
	unsigned char length;
};

#define EVENT_WORD(text)	{ text, sizeof(text) - 1 }

/**
 * struct event_field - a field of a line
 * @key: its name there
 * @kind: EVENT_*
 * @offset: where struct shmswap_event has it, if the kind does not say that
 */
struct event_field {
	struct event_word key;
	enum event_kind kind;
	size_t offset;
};

#define EVENT_MAX_FIELDS	10
#define EVENT_MAX_WORDS		17

/**
 * struct event_type - what there is to know about a type of events
 * @name: first word of its lines, as of its tracepoint
 * @words: names of the values of @why
 * @fields: in the order of the line, up to EVENT_END
 */
struct event_type {
	struct event_word name;
	const struct event_word *words;
	struct event_field fields[EVENT_MAX_FIELDS];
};

extern const struct event_type event_types[SHMSWAP_NR_EVENT_TYPES];

const char *event_why(const struct shmswap_event *e);
int event_mask_parse(const char *word, __u64 *mask);
int event_format(const struct shmswap_event *e, unsigned int flags, char *line, size_t size);
bool event_begins(const char *line);
int event_parse(const char *line, struct shmswap_event *e);
int event_format_json(const struct shmswap_event *e, unsigned int flags, char *line, size_t size);

struct event_ring;

struct event_ring *event_ring_open(int fd, __u64 mask, __u32 capacity);
int event_ring_fd(const struct event_ring *r);
int event_ring_watermark(struct event_ring *r, __u32 nr);
int event_ring_read(struct event_ring *r, unsigned int max, const struct shmswap_event **events);
int event_ring_copy(struct event_ring *r, unsigned int max, FILE *out, unsigned int format_flags);
long long event_ring_lost(struct event_ring *r);
int event_ring_drain(struct event_ring *r, FILE *out, unsigned int format_flags);
int event_ring_spool(struct event_ring *r, FILE *spool);
int event_spool_copy(FILE *spool, FILE *out, unsigned int format_flags);
void event_ring_close(struct event_ring *r);

#endif /* _EVENT_LOG_H */
