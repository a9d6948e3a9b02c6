// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/shm.h>
#include <unistd.h>

#include "device.h"
#include "machines.h"
#include "queries.h"
#include "script.h"
#include "words.h"

#define ME	"expect"
#define MOST_PAGES	(SHMSWAP_TASK_SIZE / DEVICE_PAGE)

static int find_field(const struct field *record, const char *name, struct answer *answer)
{
	answer->field = field_find(record, name);
	if (answer->field)
		return CTL_OK;
	ctl_error("expect: there is no field '%s'", name);
	return CTL_USAGE;
}

/* A field of the struct that an ioctl of the machine returns. */
static int ask_call(unsigned int cmd, void *arg, const char *what, const struct field *record,
		    const char *name, struct answer *answer)
{
	int err, fd, status = find_field(record, name, answer);

	if (status)
		return status;
	fd = ctl_fd();
	if (fd < 0)
		return CTL_ERROR;
	err = ctl_call(fd, cmd, arg);
	if (err)
		return ctl_failed(err, "expect %s", what);
	answer->value = field_get(answer->field, arg);
	return CTL_OK;
}

static int ask_stat(char **args, struct answer *answer)
{
	struct shmswap_stat stat = { .size = sizeof(stat) };

	return ask_call(SHMSWAP_IOC_STAT, &stat, "stat", stat_record, args[0], answer);
}

static int ask_machine(char **args, struct answer *answer)
{
	struct shmswap_info info = { .size = sizeof(info) };
	char name[64];

	snprintf(name, sizeof(name), "out_%s", args[0]);
	return ask_call(SHMSWAP_IOC_INFO, &info, "machine", info_record,
			field_find(info_record, name) ? name : args[0], answer);
}

static int ask_control(char **args, struct answer *answer)
{
	struct shmswap_control control = { .size = sizeof(control) };

	return ask_call(SHMSWAP_IOC_CONTROL, &control, "control", control_record, args[0],
			answer);
}

static int ask_clock(char **args, struct answer *answer)
{
	int fd, status = find_field(clock_record, args[0], answer);
	struct shmswap_clock *clock;
	long nr;

	if (status)
		return status;
	fd = ctl_fd();
	if (fd < 0)
		return CTL_ERROR;
	nr = ctl_query(fd, SHMSWAP_QUERY_CLOCK, 0, 0, (void **)&clock, sizeof(*clock));
	if (nr < 0)
		return ctl_failed(nr, "expect clock");
	answer->none = !nr;
	answer->value = nr ? field_get(answer->field, clock) : 0;
	free(clock);
	return CTL_OK;
}

/* A field of the record about @start, if there is one. */
static int ask_record(__u32 what, __s32 id, __u64 start, void *data, size_t size,
		      const struct field *record, const char *name, struct answer *answer)
{
	int fd, ret, status = find_field(record, name, answer);

	if (status)
		return status;
	fd = ctl_fd();
	if (fd < 0)
		return CTL_ERROR;
	ret = device_query_one(fd, what, id, start, data, size);
	if (ret < 0)
		return ctl_failed(ret, "expect %s", name);
	answer->none = !ret;
	answer->value = ret ? field_get(answer->field, data) : 0;
	return CTL_OK;
}

static int ask_process(char **args, struct answer *answer)
{
	struct process *process = process_find(ME, args[0]);
	struct shmswap_proc proc;
	__u32 pid;

	if (!process)
		return CTL_USAGE;
	pid = process_pid(process);
	if (!pid)
		return CTL_ERROR;
	return ask_record(SHMSWAP_QUERY_PROCS, 0, pid, &proc, sizeof(proc), proc_record,
			  args[1], answer);
}

static int ask_frame(char **args, struct answer *answer)
{
	struct shmswap_page page;
	__u64 pfn;

	if (word_number("PFN", args[0], 0, UINT_MAX, &pfn))
		return CTL_USAGE;
	return ask_record(SHMSWAP_QUERY_MEM_MAP, 0, pfn, &page, sizeof(page), page_record,
			  args[1], answer);
}

static int ask_area(char **args, struct answer *answer)
{
	struct shmswap_area area;
	__u64 type;

	if (word_number("AREA", args[0], 0, UINT_MAX, &type))
		return CTL_USAGE;
	return ask_record(SHMSWAP_QUERY_SWAPS, 0, type, &area, sizeof(area), area_record,
			  args[1], answer);
}

/* A slot without a record is one that nobody uses. */
static int ask_slot(char **args, struct answer *answer)
{
	struct shmswap_slot record;
	__u64 area, slot;
	int status;

	if (word_number("AREA", args[0], 0, INT_MAX, &area) ||
	    word_number("SLOT", args[1], 0, UINT_MAX, &slot))
		return CTL_USAGE;
	status = ask_record(SHMSWAP_QUERY_SWAP_MAP, area, slot, &record, sizeof(record),
			    slot_record, args[2], answer);
	answer->none = false;
	return status;
}

/* What is not a field of struct shmswap_shmid_ds, but can be told from it. */
static bool segment_extra(const char *name, const struct shmswap_shmid_ds *ds,
			  struct answer *answer)
{
	static const struct field pages = { .name = "pages", .size = 8 };
	static const struct field mode = {
		.name = "mode", .size = 4, .form = FIELD_ENUM, .names = yes_no,
	};
	__u64 bit;

	if (!strcmp(name, pages.name)) {
		answer->field = &pages;
		answer->value = ds->segsz / DEVICE_PAGE + !!(ds->segsz % DEVICE_PAGE);
		return true;
	}
	if (!name_value(segment_modes, name, &bit))
		return false;
	answer->field = &mode;
	answer->value = !!(ds->mode & bit);
	return true;
}

static int ask_segment(char **args, struct answer *answer)
{
	struct memory *segment = segment_find(ME, args[0]);
	struct shmswap_shmctl ctl = { .size = sizeof(ctl), .cmd = SHM_STAT_ANY };
	struct shmswap_seg seg = { };
	int err, fd, status;

	if (!segment)
		return CTL_USAGE;
	fd = ctl_fd();
	if (fd < 0)
		return CTL_ERROR;
	ctl.shmid = segment->shmid % SHMSWAP_MAX_SEGMENTS;
	err = ctl_call(fd, SHMSWAP_IOC_SHMCTL, &ctl);
	if (err && err != -EINVAL && err != -EIDRM)
		return ctl_failed(err, "expect segment %s", args[0]);
	answer->none = err || ctl.out_ret != segment->shmid;
	seg.shmid = segment->shmid;
	seg.index = ctl.shmid;
	seg.ds = ctl.ds;
	if (segment_extra(args[1], &seg.ds, answer))
		return CTL_OK;
	status = find_field(seg_record, args[1], answer);
	if (!status)
		answer->value = field_get(answer->field, &seg);
	return status;
}

/* What an entry, of a process or of a page list, has; its frame's and slot's numbers. */
struct entry {
	__u32 state;
	__u32 pfn;
	__u32 area;
	__u32 young;
	__u32 dirty;
	__u32 write;
	__u64 slot;
	__u64 pte;
};

#define ENTRY(member, form, ...) \
	FIELD_OF((*(struct entry *)0).member, #member, form, ##__VA_ARGS__)

static const struct field pte_fields_record[] = {
	ENTRY(state, FIELD_ENUM, .names = pte_kinds),
	ENTRY(young, FIELD_ENUM, .names = yes_no),
	ENTRY(dirty, FIELD_ENUM, .names = yes_no),
	ENTRY(write, FIELD_ENUM, .names = yes_no),
	ENTRY(pfn, FIELD_DECIMAL),
	ENTRY(area, FIELD_DECIMAL),
	ENTRY(slot, FIELD_DECIMAL),
	ENTRY(pte, FIELD_HEX),
	{ }
};

static const struct field page_fields_record[] = {
	ENTRY(state, FIELD_ENUM, .names = page_states),
	ENTRY(pfn, FIELD_DECIMAL),
	ENTRY(area, FIELD_DECIMAL),
	ENTRY(slot, FIELD_DECIMAL),
	{ }
};

static struct entry entry_of(const struct shmswap_pte *pte)
{
	bool present = pte->kind == SHMSWAP_PTE_PRESENT, swap = pte->kind == SHMSWAP_PTE_SWAP;

	return (struct entry){
		.state = pte->kind,
		.pte = pte->pte,
		.pfn = present ? pte->a : 0,
		.young = !!(pte->pte & SHMSWAP_PTE_ACCESSED),
		.dirty = !!(pte->pte & SHMSWAP_PTE_DIRTY),
		.write = !(pte->pte & SHMSWAP_PTE_FOW),
		.area = swap ? pte->a : 0,
		.slot = swap ? pte->b : 0,
	};
}

/* Whether an entry of this kind has the field. */
static bool entry_has(const struct field *field, __u32 kind)
{
	if (!strcmp(field->name, "state") || !strcmp(field->name, "pte"))
		return true;
	if (!strcmp(field->name, "area") || !strcmp(field->name, "slot"))
		return kind == SHMSWAP_PTE_SWAP;
	return kind == SHMSWAP_PTE_PRESENT;
}

static int answer_entry(const struct field *record, const char *name, int found,
			struct shmswap_pte *pte, struct answer *answer)
{
	struct entry entry;
	int status = find_field(record, name, answer);

	if (status)
		return status;
	if (found < 0)
		return ctl_failed(found, "expect %s", name);
	if (!found)
		*pte = (struct shmswap_pte){ };
	entry = entry_of(pte);
	answer->none = !entry_has(answer->field, pte->kind);
	answer->value = field_get(answer->field, &entry);
	return CTL_OK;
}

static int ask_pte(char **args, struct answer *answer)
{
	struct process *process = process_find(ME, args[0]);
	struct memory *memory = process ? memory_find(ME, args[1]) : NULL;
	struct shmswap_pte pte;
	__u64 addr, page;
	int fd, found;
	__u32 pid;

	if (!memory || word_number("INDEX", args[2], 0, MOST_PAGES, &page) ||
	    !mapping_address(ME, process, memory, page, &addr))
		return CTL_USAGE;
	pid = process_pid(process);
	fd = ctl_fd();
	if (!pid || fd < 0)
		return CTL_ERROR;
	found = device_query_one(fd, SHMSWAP_QUERY_PTES, pid, addr, &pte, sizeof(pte));
	return answer_entry(pte_fields_record, args[3], found, &pte, answer);
}

/* The rest of what there is to say of a page is the frame's: its count, its age, ... */
static int ask_page(char **args, struct answer *answer)
{
	struct memory *segment = segment_find(ME, args[0]);
	struct shmswap_page page;
	struct shmswap_pte pte;
	__u64 index;
	int fd, found;

	if (!segment || word_number("INDEX", args[1], 0, MOST_PAGES, &index))
		return CTL_USAGE;
	fd = ctl_fd();
	if (fd < 0)
		return CTL_ERROR;
	found = device_query_one(fd, SHMSWAP_QUERY_PAGES, segment->shmid, index, &pte,
				 sizeof(pte));
	if (found < 0)
		return ctl_failed(found, "expect page %s", args[0]);
	if (field_find(page_fields_record, args[2]))
		return answer_entry(page_fields_record, args[2], found, &pte, answer);
	if (found && pte.kind == SHMSWAP_PTE_PRESENT)
		return ask_record(SHMSWAP_QUERY_MEM_MAP, 0, pte.a, &page, sizeof(page),
				  page_record, args[2], answer);
	answer->none = true;
	return find_field(page_record, args[2], answer);
}

static int ask_data(char **args, struct answer *answer)
{
	struct process *process = process_own(ME, args[0]);
	struct memory *memory = process ? memory_find(ME, args[1]) : NULL;
	__u64 addr, page;
	ssize_t done;

	if (!memory || word_number("PAGE", args[2], 0, MOST_PAGES, &page) ||
	    !mapping_address(ME, process, memory, page, &addr))
		return CTL_USAGE;
	answer->data = malloc(answer->len + 1);
	if (!answer->data)
		return ctl_failed(ENOMEM, "expect data");
	done = pread(process->fd, answer->data, answer->len, addr);
	if (done < 0)
		return ctl_failed(errno, "expect data %s", args[0]);
	answer->len = done;
	return CTL_OK;
}

const struct query queries[] = {
	{ "stat", 1, ask_stat },
	{ "clock", 1, ask_clock },
	{ "machine", 1, ask_machine },
	{ "control", 1, ask_control },
	{ "segment", 2, ask_segment },
	{ "process", 2, ask_process },
	{ "page", 3, ask_page },
	{ "pte", 4, ask_pte },
	{ "frame", 2, ask_frame },
	{ "slot", 3, ask_slot },
	{ "area", 2, ask_area },
	{ "data", 3, ask_data },
	{ }
};
