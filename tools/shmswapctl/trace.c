// SPDX-License-Identifier: GPL-2.0
/*
 * Files of reference strings: a text, comma-separated values, and what valgrind's tool lackey
 * prints with --trace-mem=yes. A file is read as a whole, or refused with the place of what is
 * wrong.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "ctl.h"
#include "trace.h"

#define BLANKS		" \t\r\n"
#define MAX_COLUMNS	64

#define DIGITS(number)	#number
#define TEXT_OF(number)	DIGITS(number)

/* What a line was, if not a reference. */
enum {
	LINE_OK = 0,
	LINE_NO_MEMORY,
	LINE_ODD,
};

/* A column of a CSV file. */
enum column {
	COLUMN_OTHER,
	COLUMN_PROCESS,
	COLUMN_OP,
	COLUMN_PAGE,
	COLUMN_ADDRESS,
	NR_COLUMNS,
};

/**
 * struct reader - a file that is being read
 * @t: trace that it becomes
 * @why: what is wrong with the line
 * @column: of a CSV file, once its header was read
 * @nr_columns: how many
 */
struct reader {
	struct trace *t;
	const char *why;
	enum column column[MAX_COLUMNS];
	int nr_columns;
};

/**
 * trace_add() - add a reference
 * @t: trace
 * @process: process, or 0
 * @write: it is a store
 * @page: page, as in the file
 *
 * Return: 0, -ENOMEM.
 */
int trace_add(struct trace *t, __u32 process, bool write, __u64 page)
{
	if (t->nr == t->room) {
		size_t room = t->room ? 2 * t->room : 4096;
		struct trace_ref *refs = reallocarray(t->refs, room, sizeof(*refs));

		if (!refs)
			return -ENOMEM;
		t->refs = refs;
		t->room = room;
	}
	t->refs[t->nr++] = (struct trace_ref) {
		.page = page, .write = write, .process = process,
	};
	if (process > t->nr_processes)
		t->nr_processes = process;
	return 0;
}

static int odd(struct reader *r, const char *why)
{
	r->why = why;
	return LINE_ODD;
}

static int add(struct reader *r, __u64 process, bool write, __u64 page)
{
	if (page >> TRACE_PAGE_BITS)
		return odd(r, "a page's number is too large");
	return trace_add(r->t, process, write, page) ? LINE_NO_MEMORY : LINE_OK;
}

/* A number that is all of @word: digits and nothing else. */
static bool number_of(const char *word, int base, __u64 *number)
{
	const char *digits = base == 16 ? "0123456789abcdefABCDEF" : "0123456789";

	if (!*word || word[strspn(word, digits)])
		return false;
	errno = 0;
	*number = strtoull(word, NULL, base);
	return !errno;
}

/* Decimal, or hexadecimal with 0x: a zero in front means nothing. */
static bool plain_number(const char *word, __u64 *number)
{
	return strncasecmp(word, "0x", 2) ? number_of(word, 10, number) :
					    number_of(word + 2, 16, number);
}

static int get_process(struct reader *r, const char *word, __u64 *process)
{
	if (!plain_number(word, process) || !*process || *process > TRACE_MAX_PROCESSES)
		return odd(r, "a process is a number from 1 to " TEXT_OF(TRACE_MAX_PROCESSES));
	return LINE_OK;
}

static int get_op(struct reader *r, const char *word, bool *write)
{
	if (strcasecmp(word, "r") && strcasecmp(word, "w"))
		return odd(r, "an access is r or w");
	*write = !strcasecmp(word, "w");
	return LINE_OK;
}

static int get_page(struct reader *r, const char *word, __u64 *page)
{
	return plain_number(word, page) ? LINE_OK : odd(r, "a page is a number");
}

/* -------------------------------------------------------------------- text */

/* [PROCESS] r|w PAGE */
static int text_line(struct reader *r, char *line)
{
	char *save, *word[4];
	__u64 process = 0, page;
	bool write;
	int nr = 0, ret;

	for (word[0] = strtok_r(line, BLANKS, &save); word[nr] && nr < 3;)
		word[++nr] = strtok_r(NULL, BLANKS, &save);
	if (nr < 2 || word[nr])
		return odd(r, "a reference is [PROCESS] r|w PAGE");
	ret = nr == 3 ? get_process(r, word[0], &process) : LINE_OK;
	if (!ret)
		ret = get_op(r, word[nr - 2], &write);
	if (!ret)
		ret = get_page(r, word[nr - 1], &page);
	return ret ? ret : add(r, process, write, page);
}

/* --------------------------------------------------------------------- CSV */

static char *trim(char *word)
{
	size_t len;

	word += strspn(word, BLANKS);
	for (len = strlen(word); len && strchr(BLANKS, word[len - 1]); len--)
		;
	word[len] = 0;
	return word;
}

static enum column kind_named(const char *name)
{
	static const char *const names[NR_COLUMNS] = {
		[COLUMN_PROCESS] = "process",
		[COLUMN_OP] = "op",
		[COLUMN_PAGE] = "page",
		[COLUMN_ADDRESS] = "address",
	};
	enum column kind;

	for (kind = COLUMN_PROCESS; kind < NR_COLUMNS; kind++) {
		if (!strcasecmp(name, names[kind]))
			return kind;
	}
	return COLUMN_OTHER;
}

static int csv_header(struct reader *r, char *line)
{
	bool has[NR_COLUMNS] = { false };
	char *name;

	while ((name = strsep(&line, ","))) {
		enum column kind = kind_named(trim(name));

		if (r->nr_columns == MAX_COLUMNS)
			return odd(r, "there are more than " TEXT_OF(MAX_COLUMNS) " columns");
		if (kind && has[kind])
			return odd(r, "a column occurs twice");
		has[kind] = true;
		r->column[r->nr_columns++] = kind;
	}
	if (has[COLUMN_PAGE] == has[COLUMN_ADDRESS])
		return odd(r, "the header needs one of the columns page and address");
	return LINE_OK;
}

static int csv_field(struct reader *r, enum column kind, const char *word, __u64 *process,
		     bool *write, __u64 *page)
{
	int ret;

	switch (kind) {
	case COLUMN_PROCESS:
		return get_process(r, word, process);
	case COLUMN_OP:
		return get_op(r, word, write);
	case COLUMN_PAGE:
		return get_page(r, word, page);
	case COLUMN_ADDRESS:
		ret = plain_number(word, page) ? LINE_OK : odd(r, "an address is a number");
		*page >>= TRACE_PAGE_SHIFT;
		return ret;
	default:
		return LINE_OK;
	}
}

static int csv_line(struct reader *r, char *line)
{
	__u64 process = 0, page = 0;
	bool write = false;
	char *word;
	int nr = 0;

	if (!r->nr_columns)
		return csv_header(r, line);
	while ((word = strsep(&line, ","))) {
		int ret;

		if (nr == r->nr_columns)
			return odd(r, "there are more fields than in the header");
		ret = csv_field(r, r->column[nr++], trim(word), &process, &write, &page);
		if (ret)
			return ret;
	}
	if (nr < r->nr_columns)
		return odd(r, "there are fewer fields than in the header");
	return add(r, process, write, page);
}

/* ------------------------------------------------------------------ lackey */

/* A reference for each page that the access touches. */
static int add_range(struct reader *r, bool write, __u64 address, __u64 size)
{
	__u64 page = address >> TRACE_PAGE_SHIFT;
	int ret;

	if (!size || size > 1U << TRACE_PAGE_SHIFT || address + size < address)
		return odd(r, "an access is 1 to 4096 bytes long");
	do
		ret = add(r, 0, write, page);
	while (!ret && page++ < (address + size - 1) >> TRACE_PAGE_SHIFT);
	return ret;
}

/* I, L, S or M, and ADDRESS,SIZE */
static int lackey_line(struct reader *r, char *line)
{
	char *save;
	char *kind = strtok_r(line, BLANKS, &save);
	char *where = strtok_r(NULL, BLANKS, &save);
	char *comma = where ? strchr(where, ',') : NULL;
	__u64 address, size;

	/* What valgrind says itself. */
	if (!strncmp(kind, "==", 2) || !strncmp(kind, "--", 2))
		return LINE_OK;
	if (strlen(kind) != 1 || !strchr("ILSM", *kind) || !comma || strtok_r(NULL, BLANKS, &save))
		return odd(r, "an access is I, L, S or M, and ADDRESS,SIZE");
	*comma = 0;
	if (!number_of(where, 16, &address) || !number_of(comma + 1, 10, &size))
		return odd(r, "an access has a hexadecimal address and a size");
	return add_range(r, *kind == 'S' || *kind == 'M', address, size);
}

/* ------------------------------------------------------------------- files */

static bool says_nothing(const char *line, enum trace_format format)
{
	line += strspn(line, BLANKS);
	return !*line || (*line == '#' && format != TRACE_LACKEY);
}

/* Complains with the place, and returns a negative error, if a line is not as it should be. */
static int read_lines(struct reader *r, FILE *file, const char *path, enum trace_format format)
{
	static int (*const parse[])(struct reader *r, char *line) = {
		[TRACE_TEXT] = text_line,
		[TRACE_CSV] = csv_line,
		[TRACE_LACKEY] = lackey_line,
	};
	unsigned long nr = 0;
	char *line = NULL;
	size_t room = 0;
	int ret = LINE_OK;
	ssize_t len;

	while (!ret && (len = getline(&line, &room, file)) >= 0) {
		nr++;
		if (strlen(line) != (size_t)len)
			ret = odd(r, "the line has a zero byte");
		else if (!says_nothing(line, format))
			ret = parse[format](r, line);
	}
	free(line);
	if (ret == LINE_ODD)
		ctl_error("%s:%lu: %s", path, nr, r->why);
	else if (ret || ferror(file))
		ctl_failed(ret ? ENOMEM : errno, "%s", path);
	return ret || ferror(file) ? -EINVAL : 0;
}

static int read_file(struct trace *t, const char *path, enum trace_format format)
{
	FILE *file = strcmp(path, "-") ? fopen(path, "re") : stdin;
	struct reader r = { .t = t };
	int err;

	if (!file) {
		ctl_failed(errno, "%s", path);
		return -EINVAL;
	}
	err = read_lines(&r, file, path, format);
	if (file != stdin)
		fclose(file);
	if (!err && !t->nr) {
		ctl_error("%s: there is no reference in it", path);
		err = -EINVAL;
	}
	return err;
}

/**
 * trace_read() - read a file
 * @t: set to what is in it, to be freed by trace_free()
 * @path: file; - is standard input
 * @format: form of the file
 *
 * Return: 0; negative: a message said what is wrong, and @t is empty.
 */
int trace_read(struct trace *t, const char *path, enum trace_format format)
{
	int err;

	*t = (struct trace) { 0 };
	err = read_file(t, path, format);
	if (!err) {
		err = trace_number_pages(t);
		if (err == -E2BIG)
			ctl_error("%s: it has more than %u different pages", path, TRACE_MAX_PAGES);
		else if (err)
			ctl_failed(err, "%s", path);
	}
	if (err)
		trace_free(t);
	return err;
}

/**
 * trace_free() - free what trace_read() read
 * @t: trace, which is empty then
 */
void trace_free(struct trace *t)
{
	free(t->refs);
	*t = (struct trace) { 0 };
}
