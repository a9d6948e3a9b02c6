// SPDX-License-Identifier: GPL-2.0
/*
 * segs: the segments, their page lists and their attaches.
 */
#include <errno.h>
#include <json.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "ctl.h"
#include "machines.h"
#include "output.h"
#include "records.h"
#include "show.h"

/* What to show of each segment. */
struct choice {
	bool pages;
	bool attaches;
};

static void print_page(const struct shmswap_pte *page)
{
	if (page->kind == SHMSWAP_PTE_PRESENT)
		printf("  page %llu: frame %u\n", page->where, page->a);
	else
		printf("  page %llu: swap area %u, slot %llu\n", page->where, page->a, page->b);
}

static int show_pages(const struct shmswap_seg *seg, struct json_object *object)
{
	struct shmswap_pte *pages;
	long nr, i;

	nr = show_query(SHMSWAP_QUERY_PAGES, seg->shmid, 0, (void **)&pages, sizeof(*pages),
			"segs");
	if (nr < 0)
		return CTL_ERROR;
	if (object)
		json_add(object, "pages", json_records(pte_record, pages, nr, sizeof(*pages)));
	for (i = 0; !object && i < nr; i++)
		print_page(&pages[i]);
	free(pages);
	return CTL_OK;
}

static int show_attaches(const struct shmswap_seg *seg, struct json_object *object)
{
	struct shmswap_vma *vmas;
	long nr, i;

	nr = show_query(SHMSWAP_QUERY_SHARERS, seg->shmid, 0, (void **)&vmas, sizeof(*vmas),
			"segs");
	if (nr < 0)
		return CTL_ERROR;
	if (object)
		json_add(object, "attaches", json_records(vma_record, vmas, nr, sizeof(*vmas)));
	for (i = 0; !object && i < nr; i++)
		printf("  attach: process %u, %#llx-%#llx, from page %llu\n", vmas[i].pid,
		       vmas[i].start, vmas[i].end, vmas[i].pgoff);
	free(vmas);
	return CTL_OK;
}

static int show_seg(const struct shmswap_seg *seg, struct choice choice,
		    struct json_object *array)
{
	struct json_object *object = array ? json_record(seg_record, seg) : NULL;
	int status = CTL_OK;

	if (!object)
		output_table(seg_record, seg, 1, sizeof(*seg));
	if (choice.attaches)
		status = show_attaches(seg, object);
	if (!status && choice.pages)
		status = show_pages(seg, object);
	if (object)
		json_append(array, object);
	return status;
}

/* One segment after the other, with all that belongs to it. */
static int show_segs(const struct shmswap_seg *segs, long nr, struct choice choice)
{
	struct json_object *array = ctl_json ? json_new_array() : NULL;
	int status = CTL_OK;
	long i;

	for (i = 0; i < nr && !status; i++)
		status = show_seg(&segs[i], choice, array);
	if (!status && array)
		return output_json(array);
	json_object_put(array);
	return status;
}

/* A number may be that of no segment; the first such one, or NULL. */
static const struct memory *not_there(const struct shmswap_seg *segs, long nr,
				      struct memory * const *wanted, int nr_wanted)
{
	int i;
	long j;

	for (i = 0; i < nr_wanted; i++) {
		for (j = 0; j < nr && segs[j].shmid != wanted[i]->shmid; j++)
			;
		if (j == nr)
			return wanted[i];
	}
	return NULL;
}

static bool is_wanted(int shmid, struct memory * const *wanted, int nr)
{
	int i;

	for (i = 0; i < nr; i++) {
		if (wanted[i]->shmid == shmid)
			return true;
	}
	return !nr;
}

/* Drops what is not wanted; returns how many are left. */
static long choose_segs(struct shmswap_seg *segs, long nr, struct memory * const *wanted,
			int nr_wanted)
{
	long i, left = 0;

	for (i = 0; i < nr; i++) {
		if (is_wanted(segs[i].shmid, wanted, nr_wanted))
			segs[left++] = segs[i];
	}
	return left;
}

static int run_wanted(struct memory * const *wanted, int nr_wanted, struct choice choice)
{
	const struct memory *missing;
	struct shmswap_seg *segs;
	int status = CTL_OK;
	long nr;

	nr = show_query(SHMSWAP_QUERY_SEGS, 0, 0, (void **)&segs, sizeof(*segs), "segs");
	if (nr < 0)
		return CTL_ERROR;
	missing = not_there(segs, nr, wanted, nr_wanted);
	nr = choose_segs(segs, nr, wanted, nr_wanted);
	if (missing)
		status = ctl_failed(EINVAL, "segs %s", missing->name);
	else if (choice.pages || choice.attaches)
		status = show_segs(segs, nr, choice);
	else
		output_records(seg_record, segs, nr, sizeof(*segs));
	free(segs);
	return status;
}

static int run_segs(int argc, char **argv)
{
	bool flags[2] = { };
	struct memory **wanted;
	int i, status = CTL_OK;

	if (!show_options(argc, argv, "ap", flags))
		return CTL_USAGE;
	wanted = calloc(argc, sizeof(*wanted));
	if (!wanted)
		return ctl_failed(ENOMEM, "segs");
	for (i = optind; i < argc && !status; i++) {
		wanted[i - optind] = segment_find("segs", argv[i]);
		if (!wanted[i - optind])
			status = CTL_USAGE;
	}
	if (!status)
		status = run_wanted(wanted, argc - optind,
				    (struct choice){ .attaches = flags[0], .pages = flags[1] });
	free(wanted);
	return status;
}

const struct ctl_command ctl_segs = {
	.name = "segs",
	.usage = "[-a] [-p] [SEGMENT...]",
	.help = "the segments; -a: their attaches, -p: their page lists",
	.run = run_segs,
};
