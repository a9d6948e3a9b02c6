// SPDX-License-Identifier: GPL-2.0
/*
 * The pages of a trace are numbered anew, without gaps, so that a segment of just so many has
 * them all.
 */
#include <errno.h>
#include <stdlib.h>

#include "trace.h"

#define FREE	(~0ULL)

/**
 * struct table - hash table of pages
 * @page: pages by their place, FREE where there is none
 * @number: their new numbers
 * @size: places, a power of two
 * @nr: pages
 */
struct table {
	__u64 *page;
	__u32 *number;
	__u32 size;
	__u32 nr;
};

static int make_table(struct table *table, __u32 size)
{
	__u32 i;

	*table = (struct table) {
		.page = malloc(size * sizeof(*table->page)),
		.number = malloc(size * sizeof(*table->number)),
		.size = size,
	};
	for (i = 0; table->page && i < size; i++)
		table->page[i] = FREE;
	return table->page && table->number ? 0 : -ENOMEM;
}

static void free_table(struct table *table)
{
	free(table->page);
	free(table->number);
}

/* The place of a page, or where it is to be put. */
static __u32 place_of(const struct table *table, __u64 page)
{
	__u64 hash = page * 0x9e3779b97f4a7c15ULL;	/* 2^64 by the golden ratio */
	__u32 place = (hash >> 32) & (table->size - 1);

	while (table->page[place] != FREE && table->page[place] != page)
		place = (place + 1) & (table->size - 1);
	return place;
}

static int by_number(const void *a, const void *b)
{
	__u64 left = *(const __u64 *)a, right = *(const __u64 *)b;

	return (left > right) - (left < right);
}

static int collect(struct table *table, const struct trace *t)
{
	size_t i;

	for (i = 0; i < t->nr; i++) {
		__u32 place = place_of(table, t->refs[i].page);

		if (table->page[place] != FREE)
			continue;
		if (table->nr == TRACE_MAX_PAGES)
			return -E2BIG;
		table->page[place] = t->refs[i].page;
		table->nr++;
	}
	return 0;
}

/* Give each page of the table its place among them all as its number. */
static int number(struct table *table)
{
	__u64 *sorted = malloc((table->nr + 1) * sizeof(*sorted));
	__u32 i, nr = 0;

	if (!sorted)
		return -ENOMEM;
	for (i = 0; i < table->size; i++) {
		if (table->page[i] != FREE)
			sorted[nr++] = table->page[i];
	}
	qsort(sorted, nr, sizeof(*sorted), by_number);
	for (i = 0; i < nr; i++)
		table->number[place_of(table, sorted[i])] = i;
	free(sorted);
	return 0;
}

/**
 * trace_number_pages() - number the pages without gaps, and count them
 * @t: trace, with the numbers of the file
 *
 * Return: 0; -ENOMEM; -E2BIG there are more than TRACE_MAX_PAGES.
 */
int trace_number_pages(struct trace *t)
{
	struct table table;
	size_t i;
	int err;

	err = make_table(&table, 2 * TRACE_MAX_PAGES);
	if (!err)
		err = collect(&table, t);
	if (!err)
		err = number(&table);
	for (i = 0; !err && i < t->nr; i++)
		t->refs[i].page = table.number[place_of(&table, t->refs[i].page)];
	t->nr_pages = table.nr;
	free_table(&table);
	return err;
}
