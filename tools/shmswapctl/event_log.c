// SPDX-License-Identifier: GPL-2.0
/*
 * Events as lines of text, there and back. Both ways follow the table of event_types.c;
 * numbers are written by hand, for a log of a run is mostly that.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "event_log.h"

#define NSEC_PER_SEC	1000000000ULL
#define MAX_ERRNO	4095

static const struct event_word *word_of(const struct shmswap_event *e)
{
	const struct event_word *word;

	if (e->why >= EVENT_MAX_WORDS || !event_types[e->type].words)
		return NULL;
	word = &event_types[e->type].words[e->why];
	return word->length ? word : NULL;
}

/**
 * event_why() - the word for what happened
 * @e: event of a known type
 *
 * Return: the word; NULL if there is none: a newer module has more.
 */
const char *event_why(const struct shmswap_event *e)
{
	const struct event_word *word = word_of(e);

	return word ? word->text : NULL;
}

/* Does @word name the type, or what is before a _ in its name? */
static bool names_type(const char *word, size_t len, const char *name)
{
	return !strncmp(name, word, len) && (!name[len] || name[len] == '_');
}

static int add_types(const char *word, size_t len, __u64 *mask)
{
	unsigned int type;
	__u64 found = 0;

	for (type = SHMSWAP_EVENT_LOST + 1; len && type < SHMSWAP_NR_EVENT_TYPES; type++) {
		if (names_type(word, len, event_types[type].name.text))
			found |= 1ULL << type;
	}
	*mask |= found;
	return found ? 0 : -EINVAL;
}

/**
 * event_mask_parse() - types of events by their names
 * @word: names, separated by commas. The part of a name before a _ stands for all types
 *	that begin with it: clock for clock_begin, clock_step and clock_end
 * @mask: their bits are added, if all are known
 *
 * Return: 0; -EINVAL an unknown name.
 */
int event_mask_parse(const char *word, __u64 *mask)
{
	__u64 found = 0;
	size_t len;
	int err;

	for (;; word += len + 1) {
		len = strcspn(word, ",");
		err = add_types(word, len, &found);
		if (err)
			return err;
		if (!word[len])
			break;
	}
	*mask |= found;
	return 0;
}

/* ----------------------------------------------------------------- writing */

static char *put_text(char *at, const char *text)
{
	while (*text)
		*at++ = *text++;
	return at;
}

static inline char *put_word(char *at, const struct event_word *word)
{
	memcpy(at, word->text, sizeof(word->text));
	return at + word->length;
}

/* Most numbers have one or two digits. */
static inline char *put_decimal(char *at, __u64 number)
{
	char digits[20];
	int nr = 0;

	while (number >= 10) {
		digits[nr++] = '0' + number % 10;
		number /= 10;
	}
	*at++ = '0' + number;
	while (nr)
		*at++ = digits[--nr];
	return at;
}

static inline char *put_hex(char *at, __u64 number)
{
	int shift = (63 - __builtin_clzll(number | 1)) & ~3;

	*at++ = '0';
	*at++ = 'x';
	for (; shift >= 0; shift -= 4)
		*at++ = "0123456789abcdef"[number >> shift & 15];
	return at;
}

static char *put_signed(char *at, __s32 number)
{
	if (number < 0)
		*at++ = '-';
	return put_decimal(at, number < 0 ? -(__s64)number : number);
}

/* Two numbers with a colon: an area and a slot, the two hands of the clock. */
static char *put_pair(char *at, __u32 first, __u32 second)
{
	at = put_decimal(at, first);
	*at++ = ':';
	return put_decimal(at, second);
}

static char *put_hand(char *at, __u64 hand)
{
	return put_pair(at, SHMSWAP_HAND_ID(hand), SHMSWAP_HAND_IDX(hand));
}

static char *put_why(char *at, const struct shmswap_event *e)
{
	const struct event_word *word = word_of(e);

	return word ? put_word(at, word) : put_decimal(at, e->why);
}

static char *put_error(char *at, __u64 error)
{
	const char *name = error <= MAX_ERRNO ? strerrorname_np(error) : NULL;

	return name ? put_text(at, name) : put_decimal(at, error);
}

static char *put_value(char *at, const struct event_field *field, const struct shmswap_event *e)
{
	const void *value = (const char *)e + field->offset;

	switch (field->kind) {
	case EVENT_WHY:
		return put_why(at, e);
	case EVENT_U32:
		return put_decimal(at, *(const __u32 *)value);
	case EVENT_S32:
		return put_signed(at, *(const __s32 *)value);
	case EVENT_U64:
		return put_decimal(at, *(const __u64 *)value);
	case EVENT_HEX:
		return put_hex(at, *(const __u64 *)value);
	case EVENT_SLOT:
		return put_pair(at, e->area, e->slot);
	case EVENT_HAND:
		return put_hand(at, *(const __u64 *)value);
	case EVENT_HANDS:
		return put_hand(put_text(put_hand(at, e->from), "->"), e->to);
	case EVENT_AGES:
		return put_decimal(put_text(put_decimal(at, e->from), "->"), e->to);
	case EVENT_PTES:
		return put_hex(put_text(put_hex(at, e->from), "->"), e->to);
	case EVENT_ERROR:
		return put_error(at, *(const __u64 *)value);
	case EVENT_END:
		break;
	}
	return at;
}

static bool left_out(const struct event_field *field, const struct shmswap_event *e)
{
	return field->kind == EVENT_ERROR && !*(const __u64 *)((const char *)e + field->offset);
}

static inline char *put_key(char *at, const struct event_word *key)
{
	*at++ = ' ';
	at = put_word(at, key);
	*at++ = '=';
	return at;
}

/* Seconds with all nine digits behind the point. */
static char *put_time(char *at, __u64 time)
{
	at = put_decimal(at, time / NSEC_PER_SEC);
	/* A digit more, which becomes the point, keeps the zeros. */
	put_decimal(at, NSEC_PER_SEC + time % NSEC_PER_SEC);
	*at = '.';
	return at + 10;
}

/**
 * event_format() - an event as a line
 * @e: event
 * @flags: EVENT_SEQ, EVENT_TIME, EVENT_JSON
 * @line: where to, without a newline
 * @size: room there, EVENT_LINE_MAX at least
 *
 * Return: length; -EINVAL an unknown type, or too little room.
 */
int event_format(const struct shmswap_event *e, unsigned int flags, char *line, size_t size)
{
	const struct event_field *field;
	char *at = line;

	if (e->type >= SHMSWAP_NR_EVENT_TYPES || size < EVENT_LINE_MAX)
		return -EINVAL;
	if (flags & EVENT_JSON)
		return event_format_json(e, flags, line, size);
	at = put_word(at, &event_types[e->type].name);
	for (field = event_types[e->type].fields; field->kind != EVENT_END; field++) {
		if (!left_out(field, e))
			at = put_value(put_key(at, &field->key), field, e);
	}
	if (flags & EVENT_SEQ)
		at = put_decimal(put_text(at, " seq="), e->seq);
	if (flags & EVENT_TIME)
		at = put_time(put_text(at, " time="), e->time);
	*at = 0;
	return at - line;
}

/* ----------------------------------------------------------------- reading */

/* Each get_*() moves *@at behind what it read, and returns whether it was there. */
static bool get_text(const char **at, const char *text)
{
	size_t len = strlen(text);

	if (strncmp(*at, text, len))
		return false;
	*at += len;
	return true;
}

static bool get_number(const char **at, __u64 max, int base, __u64 *number)
{
	char *end;

	errno = 0;
	*number = strtoull(*at, &end, base);
	if (end == *at || errno || *number > max)
		return false;
	*at = end;
	return true;
}

static bool get_u32(const char **at, __u32 *number)
{
	__u64 value;

	if (!get_number(at, UINT32_MAX, 10, &value))
		return false;
	*number = value;
	return true;
}

static bool get_signed(const char **at, __s32 *number)
{
	bool negative = get_text(at, "-");
	__u64 value;

	if (!get_number(at, INT32_MAX + (__u64)negative, 10, &value))
		return false;
	*number = negative ? -(__s64)value : (__s64)value;
	return true;
}

static bool get_u64(const char **at, int base, __u64 *number)
{
	return get_number(at, UINT64_MAX, base, number);
}

static bool get_pair(const char **at, __u32 *first, __u32 *second)
{
	return get_u32(at, first) && get_text(at, ":") && get_u32(at, second);
}

static bool get_hand(const char **at, __u64 *hand)
{
	__u32 id, idx;

	if (!get_pair(at, &id, &idx))
		return false;
	*hand = (__u64)id << 32 | idx;
	return true;
}

/* The value that is a word, of up to @nr; a number if it is none of these. */
static bool get_word(const char **at, const char *(*name)(int value, const void *arg),
		     const void *arg, int nr, __u64 *value)
{
	size_t len = strcspn(*at, " ");
	int i;

	for (i = 0; i < nr; i++) {
		const char *word = name(i, arg);

		if (!word || strlen(word) != len || strncmp(*at, word, len))
			continue;
		*value = i;
		*at += len;
		return true;
	}
	return get_u64(at, 10, value);
}

static const char *name_of_why(int value, const void *words)
{
	const struct event_word *word = words;

	return word && word[value].length ? word[value].text : NULL;
}

static const char *name_of_error(int value, const void *unused)
{
	(void)unused;
	return strerrorname_np(value);
}

static bool get_why(const char **at, struct shmswap_event *e)
{
	__u64 value;

	if (!get_word(at, name_of_why, event_types[e->type].words, EVENT_MAX_WORDS, &value) ||
	    value > UINT16_MAX)
		return false;
	e->why = value;
	return true;
}

static bool get_value(const char **at, const struct event_field *field, struct shmswap_event *e)
{
	void *value = (char *)e + field->offset;

	switch (field->kind) {
	case EVENT_WHY:
		return get_why(at, e);
	case EVENT_U32:
		return get_u32(at, value);
	case EVENT_S32:
		return get_signed(at, value);
	case EVENT_U64:
		return get_u64(at, 10, value);
	case EVENT_HEX:
		return get_u64(at, 16, value);
	case EVENT_SLOT:
		return get_pair(at, &e->area, &e->slot);
	case EVENT_HAND:
		return get_hand(at, value);
	case EVENT_HANDS:
		return get_hand(at, &e->from) && get_text(at, "->") && get_hand(at, &e->to);
	case EVENT_AGES:
		return get_u64(at, 10, &e->from) && get_text(at, "->") && get_u64(at, 10, &e->to);
	case EVENT_PTES:
		return get_u64(at, 16, &e->from) && get_text(at, "->") && get_u64(at, 16, &e->to);
	case EVENT_ERROR:
		return get_word(at, name_of_error, NULL, MAX_ERRNO + 1, value);
	case EVENT_END:
		break;
	}
	return false;
}

static bool get_key(const char **at, const char *key)
{
	const char *from = *at;

	if (get_text(at, " ") && get_text(at, key) && get_text(at, "="))
		return true;
	*at = from;
	return false;
}

static bool get_type(const char **at, struct shmswap_event *e)
{
	size_t len = strcspn(*at, " \t");

	for (e->type = 0; e->type < SHMSWAP_NR_EVENT_TYPES; e->type++) {
		const char *name = event_types[e->type].name.text;

		if (strlen(name) == len && get_text(at, name))
			return true;
	}
	return false;
}

static bool get_fields(const char **at, struct shmswap_event *e)
{
	const struct event_field *field;

	for (field = event_types[e->type].fields; field->kind != EVENT_END; field++) {
		if (get_key(at, field->key.text)) {
			if (!get_value(at, field, e))
				return false;
		} else if (field->kind != EVENT_ERROR) {
			return false;
		}
	}
	return true;
}

static bool get_time(const char **at, __u64 *time)
{
	__u64 seconds, nanoseconds;

	if (!get_number(at, UINT64_MAX / NSEC_PER_SEC, 10, &seconds) || !get_text(at, ".") ||
	    !get_number(at, NSEC_PER_SEC - 1, 10, &nanoseconds))
		return false;
	*time = seconds * NSEC_PER_SEC + nanoseconds;
	return true;
}

static bool get_extras(const char **at, struct shmswap_event *e, unsigned int *flags)
{
	*flags = 0;
	if (get_key(at, "seq")) {
		*flags |= EVENT_SEQ;
		if (!get_u64(at, 10, &e->seq))
			return false;
	}
	if (get_key(at, "time")) {
		*flags |= EVENT_TIME;
		if (!get_time(at, &e->time))
			return false;
	}
	return true;
}

/**
 * event_begins() - is a line meant to be an event?
 * @line: line, without a newline
 *
 * Return: true if its first word is the name of a type.
 */
bool event_begins(const char *line)
{
	struct shmswap_event e;

	return get_type(&line, &e);
}

/**
 * event_parse() - the event of a line
 * @line: line, without a newline
 * @e: set to the event; @seq and @time are 0 where the line does not have them
 *
 * Only what event_format() writes is accepted, to the letter.
 *
 * Return: 0; -EINVAL it is none.
 */
int event_parse(const char *line, struct shmswap_event *e)
{
	char again[EVENT_LINE_MAX];
	const char *at = line;
	unsigned int flags;

	*e = (struct shmswap_event) { 0 };
	if (!get_type(&at, e) || !get_fields(&at, e) || !get_extras(&at, e, &flags) || *at)
		return -EINVAL;
	event_format(e, flags, again, sizeof(again));
	return strcmp(line, again) ? -EINVAL : 0;
}
