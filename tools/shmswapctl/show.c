// SPDX-License-Identifier: GPL-2.0
/*
 * The commands that show the machine as tables of records.
 */
#include <errno.h>
#include <json.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "ctl.h"
#include "device.h"
#include "machines.h"
#include "output.h"
#include "records.h"
#include "show.h"
#include "words.h"

bool show_options(int argc, char **argv, const char *letters, bool *flags)
{
	int option;

	opterr = 0;
	while ((option = getopt(argc, argv, letters)) >= 0) {
		if (option == '?') {
			ctl_misused(argv[0]);
			return false;
		}
		flags[strchr(letters, option) - letters] = true;
	}
	return true;
}

long show_query(__u32 what, __s32 id, __u64 start, void **records, size_t size, const char *name)
{
	int fd = ctl_fd();
	long nr;

	if (fd < 0)
		return -1;
	nr = ctl_query(fd, what, id, start, records, size);
	if (nr >= 0)
		return nr;
	ctl_failed(nr, "%s", name);
	return -1;
}

/* The -f of frames: the free blocks. */
static int show_free_area(const char *name)
{
	struct shmswap_free *blocks;
	long nr;

	nr = show_query(SHMSWAP_QUERY_FREE_AREA, 0, 0, (void **)&blocks, sizeof(*blocks), name);
	if (nr < 0)
		return CTL_ERROR;
	output_records(free_record, blocks, nr, sizeof(*blocks));
	free(blocks);
	return CTL_OK;
}

/* Drops those that nobody has; returns how many are left. */
static long frames_in_use(struct shmswap_page *pages, long nr)
{
	long i, left = 0;

	for (i = 0; i < nr; i++) {
		if (pages[i].count || pages[i].pins)
			pages[left++] = pages[i];
	}
	return left;
}

static int run_frames(int argc, char **argv)
{
	bool flags[2] = { };
	struct shmswap_page *pages;
	__u64 first = 0, count = UINT_MAX;
	int status;
	long nr;

	if (!show_options(argc, argv, "af", flags))
		return CTL_USAGE;
	argc -= optind;
	argv += optind;
	if (argc > 2 || (flags[1] && (argc || flags[0])))
		return ctl_misused("frames");
	if (flags[1])
		return show_free_area("frames");
	status = argc > 0 ? word_number("frames", argv[0], 0, UINT_MAX, &first) : CTL_OK;
	if (!status && argc > 0)
		count = 1;
	if (!status && argc > 1)
		status = word_number("frames", argv[1], 1, UINT_MAX, &count);
	if (status)
		return status;
	nr = show_query(SHMSWAP_QUERY_MEM_MAP, 0, first, (void **)&pages, sizeof(*pages),
			"frames");
	if (nr < 0)
		return CTL_ERROR;
	if (argc && !nr)
		status = ctl_failed(EINVAL, "frames %s", argv[0]);
	nr = (__u64)nr > count ? (long)count : nr;
	if (!flags[0] && !argc)
		nr = frames_in_use(pages, nr);
	if (!status)
		output_records(page_record, pages, nr, sizeof(*pages));
	free(pages);
	return status;
}

const struct ctl_command ctl_frames = {
	.name = "frames",
	.usage = "[-a | -f | FIRST [NR]]",
	.help = "the frames that are in use; -a: all of them, -f: the free blocks",
	.run = run_frames,
};

/* The -m of swaps. */
static int show_swap_maps(const struct shmswap_area *areas, long nr)
{
	struct json_object *array = ctl_json ? json_new_array() : NULL;
	struct shmswap_slot *slots;
	long i, nr_slots;

	for (i = 0; i < nr; i++) {
		nr_slots = show_query(SHMSWAP_QUERY_SWAP_MAP, areas[i].type, 0, (void **)&slots,
				      sizeof(*slots), "swaps");
		if (nr_slots < 0) {
			json_object_put(array);
			return CTL_ERROR;
		}
		if (array) {
			struct json_object *area = json_record(area_record, &areas[i]);

			json_add(area, "slots",
				 json_records(slot_record, slots, nr_slots, sizeof(*slots)));
			json_append(array, area);
		} else {
			printf("area %u\n", areas[i].type);
			output_table(slot_record, slots, nr_slots, sizeof(*slots));
		}
		free(slots);
	}
	return array ? output_json(array) : CTL_OK;
}

static int run_swaps(int argc, char **argv)
{
	bool flags[1] = { };
	struct shmswap_area *areas;
	int status = CTL_OK;
	long nr;

	if (!show_options(argc, argv, "m", flags))
		return CTL_USAGE;
	if (optind != argc)
		return ctl_misused(argv[0]);
	nr = show_query(SHMSWAP_QUERY_SWAPS, 0, 0, (void **)&areas, sizeof(*areas), argv[0]);
	if (nr < 0)
		return CTL_ERROR;
	if (flags[0])
		status = show_swap_maps(areas, nr);
	else
		output_records(area_record, areas, nr, sizeof(*areas));
	free(areas);
	return status;
}

const struct ctl_command ctl_swaps = {
	.name = "swaps",
	.usage = "[-m]",
	.help = "the swap areas; -m: their slots that are in use",
	.run = run_swaps,
};

static int run_clock(int argc, char **argv)
{
	struct shmswap_clock *clock;
	long nr;

	if (argc != 1)
		return ctl_misused(argv[0]);
	nr = show_query(SHMSWAP_QUERY_CLOCK, 0, 0, (void **)&clock, sizeof(*clock), argv[0]);
	if (nr < 0)
		return CTL_ERROR;
	if (nr)
		output_record(clock_record, clock);
	free(clock);
	return CTL_OK;
}

const struct ctl_command ctl_clock = {
	.name = "clock",
	.usage = "",
	.help = "the clock's two hands, and where the other methods go on",
	.run = run_clock,
};

static int run_procs(int argc, char **argv)
{
	struct shmswap_proc *procs;
	long nr;

	if (argc != 1)
		return ctl_misused(argv[0]);
	nr = show_query(SHMSWAP_QUERY_PROCS, 0, 0, (void **)&procs, sizeof(*procs), argv[0]);
	if (nr < 0)
		return CTL_ERROR;
	output_records(proc_record, procs, nr, sizeof(*procs));
	free(procs);
	return CTL_OK;
}

const struct ctl_command ctl_procs = {
	.name = "procs",
	.usage = "",
	.help = "the processes, and how far the scan is in each",
	.run = run_procs,
};

static int run_info(int argc, char **argv)
{
	struct shmswap_info info = { .size = sizeof(info) };
	int err, fd;

	if (argc != 1)
		return ctl_misused(argv[0]);
	fd = ctl_fd();
	if (fd < 0)
		return CTL_ERROR;
	err = ctl_call(fd, SHMSWAP_IOC_INFO, &info);
	if (err)
		return ctl_failed(err, "%s", argv[0]);
	return output_record(info_record, &info);
}

const struct ctl_command ctl_info = {
	.name = "info",
	.usage = "",
	.help = "the machine, and the process that asks",
	.run = run_info,
};

/* The fields that were named, in the order of the record. */
static int choose_fields(int argc, char **argv, const struct field *record,
			 struct field *chosen)
{
	int i;

	for (i = 1; i < argc; i++) {
		if (!field_find(record, argv[i])) {
			ctl_error("%s: '%s' is not one of its counters", argv[0], argv[i]);
			return CTL_USAGE;
		}
	}
	for (; record->name; record++) {
		bool named = argc == 1;

		for (i = 1; i < argc; i++)
			named |= !strcmp(argv[i], record->name);
		if (named)
			*chosen++ = *record;
	}
	*chosen = (struct field){ };
	return CTL_OK;
}

static int run_stat(int argc, char **argv)
{
	struct shmswap_stat stat = { .size = sizeof(stat) };
	struct field chosen[64];
	int err, fd, status;

	status = choose_fields(argc, argv, stat_record, chosen);
	if (status)
		return status;
	fd = ctl_fd();
	if (fd < 0)
		return CTL_ERROR;
	err = ctl_call(fd, SHMSWAP_IOC_STAT, &stat);
	if (err)
		return ctl_failed(err, "%s", argv[0]);
	return output_record(chosen, &stat);
}

const struct ctl_command ctl_stat = {
	.name = "stat",
	.usage = "[FIELD...]",
	.help = "the machine's counters",
	.run = run_stat,
};
