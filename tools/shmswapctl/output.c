// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <json.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ctl.h"
#include "message.h"
#include "output.h"
#include "records.h"

#define MOST_COLUMNS	32

bool ctl_json;

static struct json_object *made(struct json_object *object)
{
	if (object)
		return object;
	ctl_error("no memory for JSON");
	exit(CTL_ERROR);
}

struct json_object *json_new_object(void)
{
	return made(json_object_new_object());
}

struct json_object *json_new_array(void)
{
	return made(json_object_new_array());
}

void json_add(struct json_object *object, const char *name, struct json_object *value)
{
	if (json_object_object_add(object, name, value))
		made(NULL);
}

void json_append(struct json_object *array, struct json_object *value)
{
	if (json_object_array_add(array, value))
		made(NULL);
}

void json_add_number(struct json_object *object, const char *name, __u64 value)
{
	json_add(object, name, made(json_object_new_uint64(value)));
}

/* The length of the UTF-8 sequence at @p, 0 if there is none. */
static unsigned int utf8_length(const unsigned char *p)
{
	unsigned int len = *p < 0x80 ? 1 : *p < 0xc2 ? 0 : *p < 0xe0 ? 2 : *p < 0xf0 ? 3 :
			   *p < 0xf5 ? 4 : 0;
	unsigned int i;

	for (i = 1; i < len; i++) {
		if ((p[i] & 0xc0) != 0x80)
			return 0;
	}
	/* What is too long, a surrogate, or too large. */
	if ((*p == 0xe0 && p[1] < 0xa0) || (*p == 0xed && p[1] >= 0xa0) ||
	    (*p == 0xf0 && p[1] < 0x90) || (*p == 0xf4 && p[1] >= 0x90))
		return 0;
	return len;
}

static bool is_utf8(const char *text)
{
	const unsigned char *p = (const unsigned char *)text;

	while (*p) {
		unsigned int len = utf8_length(p);

		if (!len)
			return false;
		p += len;
	}
	return true;
}

/* A JSON text is UTF-8; bytes that are not are escaped as they are in text. */
struct json_object *json_text(const char *text)
{
	struct json_object *object;
	char *escaped;

	if (is_utf8(text))
		return made(json_object_new_string(text));
	escaped = message_escape(text, strlen(text));
	object = made(escaped ? json_object_new_string(escaped) : NULL);
	free(escaped);
	return object;
}

void json_add_text(struct json_object *object, const char *name, const char *text)
{
	json_add(object, name, json_text(text));
}

static void add_names_of_bits(struct json_object *object, const char *name,
			      const struct name *names, __u64 bits)
{
	struct json_object *array = json_new_array();

	for (; names->name; names++) {
		if (bits & names->value)
			json_append(array, json_text(names->name));
	}
	json_add(object, name, array);
}

void json_add_field(struct json_object *object, const struct field *field, const void *data)
{
	__u64 value = field_get(field, data);
	char name[64];

	if (field->form == FIELD_SIGNED)
		json_add(object, field->name, made(json_object_new_int64(value)));
	else
		json_add_number(object, field->name, value);
	if (field->form == FIELD_ENUM && name_of(field->names, value)) {
		snprintf(name, sizeof(name), "%s_name", field->name);
		json_add_text(object, name, name_of(field->names, value));
	}
	if (field->form == FIELD_BITS) {
		snprintf(name, sizeof(name), "%s_names", field->name);
		add_names_of_bits(object, name, field->names, value);
	}
}

struct json_object *json_record(const struct field *record, const void *data)
{
	struct json_object *object = json_new_object();

	for (; record->name; record++)
		json_add_field(object, record, data);
	return object;
}

struct json_object *json_records(const struct field *record, const void *records, long nr,
				 size_t size)
{
	struct json_object *array = json_new_array();
	long i;

	for (i = 0; i < nr; i++)
		json_append(array, json_record(record, (const char *)records + i * size));
	return array;
}

int output_json(struct json_object *object)
{
	puts(json_object_to_json_string_ext(object, JSON_C_TO_STRING_SPACED |
						    JSON_C_TO_STRING_NOSLASHESCAPE));
	json_object_put(object);
	return CTL_OK;
}

static int column_width(const struct field *field, const void *records, long nr, size_t size)
{
	int width = strlen(field->name);
	char buf[FIELD_TEXT_MAX];
	long i;

	for (i = 0; i < nr; i++) {
		field_format(field, field_get(field, (const char *)records + i * size), buf);
		if ((int)strlen(buf) > width)
			width = strlen(buf);
	}
	return width;
}

/* Words stand to the left, numbers to the right; nothing behind the last. */
static void print_cell(const struct field *field, const char *text, int width, bool last)
{
	bool word = field->form == FIELD_ENUM || field->form == FIELD_BITS;

	if (word && last)
		width = 0;
	printf("%*s%s", word ? -width : width, text, last ? "\n" : "  ");
}

/* What a table shows of the record, and how wide the columns are. */
struct columns {
	const struct field *fields[MOST_COLUMNS];
	int widths[MOST_COLUMNS];
	int nr;
};

static void choose_columns(struct columns *columns, const struct field *record,
			   const void *records, long nr, size_t size)
{
	columns->nr = 0;
	for (; record->name && columns->nr < MOST_COLUMNS; record++) {
		if (record->rare)
			continue;
		columns->widths[columns->nr] = column_width(record, records, nr, size);
		columns->fields[columns->nr++] = record;
	}
}

void output_table(const struct field *record, const void *records, long nr, size_t size)
{
	char buf[FIELD_TEXT_MAX];
	struct columns columns;
	long i;
	int c;

	choose_columns(&columns, record, records, nr, size);
	for (c = 0; c < columns.nr; c++)
		print_cell(columns.fields[c], columns.fields[c]->name, columns.widths[c],
			   c + 1 == columns.nr);
	for (i = 0; i < nr; i++) {
		for (c = 0; c < columns.nr; c++) {
			const struct field *field = columns.fields[c];

			field_format(field, field_get(field, (const char *)records + i * size),
				     buf);
			print_cell(field, buf, columns.widths[c], c + 1 == columns.nr);
		}
	}
}

int output_records(const struct field *record, const void *records, long nr, size_t size)
{
	if (ctl_json)
		return output_json(json_records(record, records, nr, size));
	output_table(record, records, nr, size);
	return CTL_OK;
}

int output_record(const struct field *record, const void *data)
{
	char buf[FIELD_TEXT_MAX];

	if (ctl_json)
		return output_json(json_record(record, data));
	for (; record->name; record++) {
		field_format(record, field_get(record, data), buf);
		printf("%s %s\n", record->name, buf);
	}
	return CTL_OK;
}

int output_flush(void)
{
	int err;

	errno = 0;
	if (!fflush(stdout) && !ferror(stdout))
		return CTL_OK;
	err = errno ? errno : EIO;
	clearerr(stdout);
	return ctl_failed(err, "standard output");
}
