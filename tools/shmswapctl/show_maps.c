// SPDX-License-Identifier: GPL-2.0
/*
 * maps and ptes: the regions and the page table entries of processes.
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
#include "words.h"

/* A part of a process's address space. */
struct range {
	__u32 pid;
	__u64 start;
	__u64 end;
};

#define WHOLE	SHMSWAP_TASK_SIZE

struct ranges {
	struct range *list;
	long nr;
};

static bool add_range(struct ranges *ranges, struct range range)
{
	struct range *list = realloc(ranges->list, (ranges->nr + 1) * sizeof(*list));

	if (!list) {
		ctl_failed(ENOMEM, "process %u", range.pid);
		return false;
	}
	ranges->list = list;
	list[ranges->nr++] = range;
	return true;
}

/* All processes, whole. */
static bool add_all(const char *name, struct ranges *ranges)
{
	struct shmswap_proc *procs;
	bool good = true;
	long nr, i;

	nr = show_query(SHMSWAP_QUERY_PROCS, 0, 0, (void **)&procs, sizeof(*procs), name);
	if (nr < 0)
		return false;
	for (i = 0; i < nr && good; i++)
		good = add_range(ranges, (struct range){ procs[i].pid, 0, WHOLE });
	free(procs);
	return good;
}

/* The attaches of a segment. */
static bool add_sharers(const char *name, int shmid, struct ranges *ranges)
{
	struct shmswap_vma *vmas;
	bool good = true;
	long nr, i;

	nr = show_query(SHMSWAP_QUERY_SHARERS, shmid, 0, (void **)&vmas, sizeof(*vmas), name);
	if (nr < 0)
		return false;
	for (i = 0; i < nr && good; i++)
		good = add_range(ranges, (struct range){
			vmas[i].pid, vmas[i].start, vmas[i].end
		});
	free(vmas);
	return good;
}

static int add_segment(const char *name, const char *word, struct ranges *ranges)
{
	struct memory *memory = segment_find(name, word);

	if (!memory)
		return CTL_USAGE;
	return add_sharers(name, memory->shmid, ranges) ? CTL_OK : CTL_ERROR;
}

static int add_process(const char *name, const char *word, struct ranges *ranges)
{
	struct process *process = process_find(name, word);
	__u32 pid;

	if (!process)
		return CTL_USAGE;
	pid = process_pid(process);
	return pid && add_range(ranges, (struct range){ pid, 0, WHOLE }) ? CTL_OK : CTL_ERROR;
}

/* All that the words name, or all processes. */
static int find_ranges(int argc, char **argv, const char *name, bool segments,
		       struct ranges *ranges)
{
	int i, status = CTL_OK;

	if (!argc)
		return add_all(name, ranges) ? CTL_OK : CTL_ERROR;
	for (i = 0; i < argc && !status; i++) {
		struct memory *memory = memory_lookup(argv[i]);

		if (segments || (memory && word_is_name(argv[i])))
			status = add_segment(name, argv[i], ranges);
		else
			status = add_process(name, argv[i], ranges);
	}
	return status;
}

static int print_vmas(const struct ranges *ranges)
{
	struct shmswap_vma *all = NULL, *larger, *vmas;
	long i, nr = 0, more = 0;

	for (i = 0; i < ranges->nr; i++) {
		more = show_query(SHMSWAP_QUERY_VMAS, ranges->list[i].pid, 0, (void **)&vmas,
				  sizeof(*vmas), "maps");
		larger = more < 0 ? NULL : realloc(all, (nr + more + 1) * sizeof(*all));
		if (!larger)
			break;
		all = larger;
		memcpy(all + nr, vmas, more * sizeof(*vmas));
		nr += more;
		free(vmas);
	}
	if (i == ranges->nr)
		output_records(vma_record, all, nr, sizeof(*all));
	free(all);
	return i == ranges->nr ? CTL_OK : CTL_ERROR;
}

static int run_maps(int argc, char **argv)
{
	struct ranges ranges = { };
	int i, status = CTL_OK;

	if (argc == 1 && !add_all("maps", &ranges))
		status = CTL_ERROR;
	for (i = 1; i < argc && !status; i++)
		status = add_process("maps", argv[i], &ranges);
	if (!status)
		status = print_vmas(&ranges);
	free(ranges.list);
	return status;
}

const struct ctl_command ctl_maps = {
	.name = "maps",
	.usage = "[PROCESS...]",
	.help = "the regions of processes, or of all processes",
	.run = run_maps,
};

static void print_pte(__u32 pid, const struct shmswap_pte *pte, bool decode)
{
	struct pte_field fields[PTE_MAX_FIELDS];
	unsigned int nr, i;

	printf("%5u  %#014llx  %016llx  ", pid, pte->where, pte->pte);
	if (pte->kind == SHMSWAP_PTE_PRESENT)
		printf("frame %u, %s, %s%s\n", pte->a,
		       pte->pte & SHMSWAP_PTE_ACCESSED ? "young" : "old",
		       pte->pte & SHMSWAP_PTE_DIRTY ? "dirty" : "clean",
		       pte->pte & SHMSWAP_PTE_FOW ? ", read-only" : "");
	else if (pte->kind == SHMSWAP_PTE_SWAP)
		printf("swap area %u, slot %llu\n", pte->a, pte->b);
	else
		printf("segment at index %u, page %llu\n", pte->a, pte->b);
	nr = decode ? pte_fields(pte->pte, fields) : 0;
	for (i = 0; i < nr; i++)
		printf("%s%s=%llu%s", i ? " " : "       ", fields[i].name, fields[i].value,
		       i + 1 < nr ? "" : "\n");
}

static void append_pte(__u32 pid, const struct shmswap_pte *pte, struct json_object *array,
		       bool decode)
{
	struct json_object *object = json_new_object(), *bits;
	struct pte_field fields[PTE_MAX_FIELDS];
	const struct field *field;
	unsigned int nr, i;

	json_add_number(object, "pid", pid);
	for (field = pte_record; field->name; field++)
		json_add_field(object, field, pte);
	if (decode) {
		bits = json_new_object();
		nr = pte_fields(pte->pte, fields);
		for (i = 0; i < nr; i++)
			json_add_number(bits, fields[i].name, fields[i].value);
		json_add(object, "fields", bits);
	}
	json_append(array, object);
}

static int show_range(const struct range *range, struct json_object *array, bool decode)
{
	struct shmswap_pte *ptes;
	long nr, i;

	nr = show_query(SHMSWAP_QUERY_PTES, range->pid, range->start, (void **)&ptes,
			sizeof(*ptes), "ptes");
	if (nr < 0)
		return CTL_ERROR;
	for (i = 0; i < nr && ptes[i].where < range->end; i++) {
		if (array)
			append_pte(range->pid, &ptes[i], array, decode);
		else
			print_pte(range->pid, &ptes[i], decode);
	}
	free(ptes);
	return CTL_OK;
}

static int show_ptes(const struct ranges *ranges, bool decode)
{
	struct json_object *array = ctl_json ? json_new_array() : NULL;
	int status = CTL_OK;
	long i;

	if (!array)
		printf("%5s  %-14s  %-16s  what\n", "pid", "address", "entry");
	for (i = 0; i < ranges->nr && !status; i++)
		status = show_range(&ranges->list[i], array, decode);
	if (!status && array)
		return output_json(array);
	json_object_put(array);
	return status;
}

static int run_ptes(int argc, char **argv)
{
	struct ranges ranges = { };
	bool flags[2] = { };
	int status;

	if (!show_options(argc, argv, "sv", flags))
		return CTL_USAGE;
	status = find_ranges(argc - optind, argv + optind, "ptes", flags[0], &ranges);
	if (!status)
		status = show_ptes(&ranges, flags[1]);
	free(ranges.list);
	return status;
}

const struct ctl_command ctl_ptes = {
	.name = "ptes",
	.usage = "[-v] [PROCESS|SEGMENT...] | [-v] -s SEGMENT...",
	.help = "page table entries of processes or attaches; -v: bit by bit",
	.run = run_ptes,
};
