/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The records of shmswap.h as lists of fields, so that one piece of code prints them all,
 * and finds a field by its name.
 */
#ifndef _RECORDS_H
#define _RECORDS_H

#include <stdbool.h>
#include <stddef.h>

#include <shmswap.h>

#include "names.h"

enum field_form {
	FIELD_DECIMAL,	/* a value that has one of @names is written as that */
	FIELD_SIGNED,
	FIELD_HEX,
	FIELD_OCTAL,
	FIELD_ENUM,	/* one of @names */
	FIELD_BITS,	/* some of @names */
};

/**
 * struct field - a field of a record
 * @name: as in shmswap.h
 * @form: how it is written
 * @offset: where it is
 * @size: its bytes
 * @rare: it is left out of tables, not of JSON
 * @names: see @form, or NULL
 */
struct field {
	const char *name;
	enum field_form form;
	unsigned short offset;
	unsigned short size;
	bool rare;
	const struct name *names;
};

/* @lvalue is the member of a struct at address 0. */
#define FIELD_OF(lvalue, field_name, field_form, ...) {				\
	.name = field_name,							\
	.form = field_form,							\
	.offset = (size_t)&(lvalue),						\
	.size = sizeof(lvalue),							\
	##__VA_ARGS__								\
}

/* Lists that end with a NULL. */
extern const struct field seg_record[], vma_record[], pte_record[], page_record[],
	free_record[], area_record[], slot_record[], clock_record[], proc_record[],
	stat_record[], info_record[], control_record[], reclaim_record[], check_record[];

#define FIELD_TEXT_MAX	128

const struct field *field_find(const struct field *record, const char *name);
/* Sign-extended if it is FIELD_SIGNED. */
__u64 field_get(const struct field *field, const void *data);
void field_set(const struct field *field, void *data, __u64 value);
void field_format(const struct field *field, __u64 value, char buf[FIELD_TEXT_MAX]);
/* Says what is wrong with @word, and returns CTL_USAGE. */
int field_parse(const char *what, const struct field *field, const char *word, __u64 *value);

#endif /* _RECORDS_H */
