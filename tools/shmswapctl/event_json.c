// SPDX-License-Identifier: GPL-2.0
/*
 * Events as JSON: an object with the keys of the text, numbers as numbers, addresses and page
 * table entries as text, since not every reader has 64 bits.
 */
#include <errno.h>
#include <json-c/json.h>
#include <limits.h>
#include <string.h>

#include "event_log.h"

static struct json_object *hex(__u64 number)
{
	char text[20];

	snprintf(text, sizeof(text), "0x%llx", number);
	return json_object_new_string(text);
}

static struct json_object *pair(__u32 first, __u32 second)
{
	struct json_object *array = json_object_new_array_ext(2);

	json_object_array_add(array, json_object_new_int64(first));
	json_object_array_add(array, json_object_new_int64(second));
	return array;
}

static struct json_object *hand(__u64 hand)
{
	return pair(SHMSWAP_HAND_ID(hand), SHMSWAP_HAND_IDX(hand));
}

static struct json_object *change(struct json_object *from, struct json_object *to)
{
	struct json_object *object = json_object_new_object();

	json_object_object_add(object, "from", from);
	json_object_object_add(object, "to", to);
	return object;
}

static struct json_object *why(const struct shmswap_event *e)
{
	const char *word = event_why(e);

	return word ? json_object_new_string(word) : json_object_new_int(e->why);
}

static struct json_object *error(__u64 error)
{
	const char *name = error <= INT_MAX ? strerrorname_np(error) : NULL;

	return name ? json_object_new_string(name) : json_object_new_uint64(error);
}

static struct json_object *value(const struct event_field *field, const struct shmswap_event *e)
{
	const void *value = (const char *)e + field->offset;

	switch (field->kind) {
	case EVENT_WHY:
		return why(e);
	case EVENT_U32:
		return json_object_new_int64(*(const __u32 *)value);
	case EVENT_S32:
		return json_object_new_int64(*(const __s32 *)value);
	case EVENT_U64:
		return json_object_new_uint64(*(const __u64 *)value);
	case EVENT_HEX:
		return hex(*(const __u64 *)value);
	case EVENT_SLOT:
		return pair(e->area, e->slot);
	case EVENT_HAND:
		return hand(*(const __u64 *)value);
	case EVENT_HANDS:
		return change(hand(e->from), hand(e->to));
	case EVENT_AGES:
		return change(json_object_new_uint64(e->from), json_object_new_uint64(e->to));
	case EVENT_PTES:
		return change(hex(e->from), hex(e->to));
	case EVENT_ERROR:
		return *(const __u64 *)value ? error(*(const __u64 *)value) : NULL;
	case EVENT_END:
		break;
	}
	return NULL;
}

static struct json_object *to_json(const struct shmswap_event *e, unsigned int flags)
{
	const struct event_type *type = &event_types[e->type];
	struct json_object *object = json_object_new_object();
	const struct event_field *field;

	json_object_object_add(object, "type", json_object_new_string(type->name.text));
	for (field = type->fields; field->kind != EVENT_END; field++)
		json_object_object_add(object, field->key.text, value(field, e));
	if (flags & EVENT_SEQ)
		json_object_object_add(object, "seq", json_object_new_uint64(e->seq));
	if (flags & EVENT_TIME)
		json_object_object_add(object, "time", json_object_new_uint64(e->time));
	return object;
}

/**
 * event_format_json() - an event as a JSON object on one line
 * @e: event of a known type
 * @flags: EVENT_SEQ, EVENT_TIME: in nanoseconds
 * @line: where to
 * @size: room there
 *
 * Return: length; -EINVAL too little room.
 */
int event_format_json(const struct shmswap_event *e, unsigned int flags, char *line, size_t size)
{
	struct json_object *object = to_json(e, flags);
	const char *text = json_object_to_json_string_ext(object, JSON_C_TO_STRING_PLAIN);
	size_t len = strlen(text);

	if (len < size)
		memcpy(line, text, len + 1);
	json_object_put(object);
	return len < size ? (int)len : -EINVAL;
}
