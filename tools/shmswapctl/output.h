/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What commands print: records as text, or as JSON, one document for each command.
 */
#ifndef _OUTPUT_H
#define _OUTPUT_H

#include <stddef.h>

#include <linux/types.h>

struct field;
struct json_object;

/* Either a table or an array of objects; either lines of NAME VALUE or an object. */
int output_records(const struct field *record, const void *records, long nr, size_t size);
int output_record(const struct field *record, const void *data);

/* Text alone: a table. */
void output_table(const struct field *record, const void *records, long nr, size_t size);

/*
 * JSON alone. No memory ends the program. A name that is an enumeration or flags
 * has a sibling with the words for them: NAME_name, NAME_names.
 */
struct json_object *json_new_object(void);
struct json_object *json_new_array(void);
struct json_object *json_record(const struct field *record, const void *data);
struct json_object *json_records(const struct field *record, const void *records, long nr,
				 size_t size);
void json_add_field(struct json_object *object, const struct field *field, const void *data);
void json_add_number(struct json_object *object, const char *name, __u64 value);
void json_add_text(struct json_object *object, const char *name, const char *text);
void json_add(struct json_object *object, const char *name, struct json_object *value);
void json_append(struct json_object *array, struct json_object *value);
struct json_object *json_text(const char *text);
/* Prints it on a line of its own and lets go of it. Returns CTL_OK. */
int output_json(struct json_object *object);

/* Writes out what was printed; says why it cannot. */
int output_flush(void);

#endif /* _OUTPUT_H */
