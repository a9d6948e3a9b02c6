// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "ctl.h"
#include "device.h"
#include "machines.h"
#include "script.h"
#include "words.h"

static struct machine default_machine = { .name = (char[]){ DEFAULT_MACHINE } };

struct machine *machines = &default_machine;
struct machine *machine = &default_machine;

static void *new_object(size_t size, const char *name, char **copy)
{
	void *object = calloc(1, size);

	*copy = strdup(name);
	if (object && *copy)
		return object;
	ctl_failed(ENOMEM, "%s", name);
	free(object);
	free(*copy);
	return NULL;
}

struct machine *machine_find(const char *name)
{
	struct machine *m;

	for (m = machines; m; m = m->next) {
		if (!strcmp(m->name, name))
			return m;
	}
	return NULL;
}

static bool is_name(const char *command, const char *name)
{
	if (word_is_name(name))
		return true;
	ctl_error("%s: '%s' is not a name: letters, digits and _, no digit first", command, name);
	return false;
}

bool machine_name_is_free(const char *command, const char *name)
{
	if (!is_name(command, name))
		return false;
	if (!machine_find(name))
		return true;
	ctl_error("%s: there is a machine %s already", command, name);
	return false;
}

struct machine *machine_add(const char *name, int fd)
{
	struct machine *before = machine, *m;
	char *copy;

	m = new_object(sizeof(*m), name, &copy);
	if (!m)
		return NULL;
	m->name = copy;
	m->next = machines;
	machine = m;
	if (!process_add(FIRST_PROCESS, fd, 0)) {
		machine = before;
		free(m->name);
		free(m);
		return NULL;
	}
	machines = m;
	return m;
}

/* Any of that name, the most recent one first. */
static struct process *process_lookup(const char *name)
{
	struct process *p;

	for (p = machine->processes; p; p = p->next) {
		if (!strcmp(p->name, name))
			return p;
	}
	return NULL;
}

/* A process of the default machine is there as soon as somebody wants it. */
static struct process *default_init(void)
{
	int fd = device_open();
	struct process *p;

	if (fd < 0)
		return NULL;
	p = process_add(FIRST_PROCESS, fd, 0);
	if (!p)
		close(fd);
	return p;
}

int ctl_fd(void)
{
	struct process *p, *first = NULL;

	for (p = machine->processes; p; p = p->next) {
		if (p->fd >= 0)
			first = p;	/* the list is in reverse */
	}
	if (first)
		return first->fd;
	if (machine == &default_machine) {
		first = default_init();
		return first ? first->fd : -1;
	}
	ctl_error("machine %s is gone: all its processes have exited", machine->name);
	return -1;
}

static bool is_mapped(const struct memory *memory)
{
	const struct mapping *mapping;
	const struct process *p;

	for (p = machine->processes; p; p = p->next) {
		for (mapping = p->mappings; mapping; mapping = mapping->next) {
			if (mapping->memory == memory)
				return true;
		}
	}
	return false;
}

/* The name of a segment that is removed and nowhere attached is free again. */
static void forget_removed(const char *name)
{
	struct memory **link, *memory;

	for (link = &machine->memories; (memory = *link); link = &memory->next) {
		if (!strcmp(memory->name, name))
			break;
	}
	if (!memory || !memory->removed || is_mapped(memory))
		return;
	*link = memory->next;
	free(memory->name);
	free(memory);
}

bool name_is_free(const char *command, const char *name)
{
	struct process *p;

	if (!is_name(command, name))
		return false;
	forget_removed(name);
	p = process_lookup(name);
	if ((p && !p->exited) ||
	    (machine == &default_machine && !strcmp(name, FIRST_PROCESS))) {
		ctl_error("%s: there is a process %s already", command, name);
		return false;
	}
	if (memory_lookup(name)) {
		ctl_error("%s: there is a segment or region %s already", command, name);
		return false;
	}
	return true;
}

struct process *process_add(const char *name, int fd, __u32 pid)
{
	struct process *p;
	char *copy;

	p = new_object(sizeof(*p), name, &copy);
	if (!p)
		return NULL;
	p->name = copy;
	p->fd = fd;
	p->pid = pid;
	p->next = machine->processes;
	machine->processes = p;
	return p;
}

struct process *process_find(const char *command, const char *word)
{
	struct process *p = process_lookup(word);
	__u64 pid;

	if (p && !p->exited)
		return p;
	if (p) {
		ctl_error("%s: process %s has exited", command, word);
		return NULL;
	}
	if (word_is_number(word, &pid) && pid && pid <= INT_MAX)
		return process_add(word, -1, pid);
	if (machine == &default_machine && !strcmp(word, FIRST_PROCESS))
		return default_init();
	ctl_error("%s: there is no process %s", command, word);
	return NULL;
}

struct process *process_own(const char *command, const char *word)
{
	struct process *p = process_find(command, word);

	if (!p || p->fd >= 0)
		return p;
	ctl_error("%s: process %s is not of this script", command, word);
	return NULL;
}

__u32 process_pid(struct process *process)
{
	struct shmswap_info info = { .size = sizeof(info) };
	int err;

	if (process->pid)
		return process->pid;
	err = ctl_call(process->fd, SHMSWAP_IOC_INFO, &info);
	if (err)
		ctl_failed(err, "process %s", process->name);
	else
		process->pid = info.out_pid;
	return process->pid;
}

static void free_mappings(struct process *process)
{
	struct mapping *mapping;

	while ((mapping = process->mappings)) {
		process->mappings = mapping->next;
		free(mapping);
	}
}

void process_exit(struct process *process)
{
	if (process->fd >= 0)
		close(process->fd);
	process->fd = -1;
	process->exited = true;
	free_mappings(process);
}

struct memory *memory_lookup(const char *name)
{
	struct memory *memory;

	for (memory = machine->memories; memory; memory = memory->next) {
		if (!strcmp(memory->name, name))
			return memory;
	}
	return NULL;
}

struct memory *memory_add(const char *name, int shmid, __u64 pages)
{
	struct memory *memory;
	char *copy;

	memory = new_object(sizeof(*memory), name, &copy);
	if (!memory)
		return NULL;
	memory->name = copy;
	memory->shmid = shmid;
	memory->pages = pages;
	memory->next = machine->memories;
	machine->memories = memory;
	return memory;
}

struct memory *memory_find(const char *command, const char *word)
{
	struct memory *memory = memory_lookup(word);
	__u64 shmid;

	if (memory)
		return memory;
	if (word_is_number(word, &shmid) && shmid <= INT_MAX)
		return memory_add(word, shmid, 0);
	ctl_error("%s: there is no segment or region %s", command, word);
	return NULL;
}

struct memory *segment_find(const char *command, const char *word)
{
	struct memory *memory = memory_find(command, word);

	if (!memory || memory->shmid >= 0)
		return memory;
	ctl_error("%s: %s is not a segment", command, word);
	return NULL;
}

/* What was at the address is there no more: SHM_REMAP replaced it. */
static void forget_mapping_at(struct process *process, __u64 addr)
{
	struct mapping **link, *mapping;

	for (link = &process->mappings; (mapping = *link); link = &mapping->next) {
		if (mapping->addr == addr) {
			*link = mapping->next;
			free(mapping);
			return;
		}
	}
}

int mapping_add(struct process *process, struct memory *memory, __u64 addr)
{
	struct mapping *mapping = malloc(sizeof(*mapping));

	if (!mapping)
		return ctl_failed(ENOMEM, "%s", process->name);
	forget_mapping_at(process, addr);
	*mapping = (struct mapping){ process->mappings, memory, addr };
	process->mappings = mapping;
	return CTL_OK;
}

void mapping_remove(struct process *process, const struct memory *memory)
{
	struct mapping **link, *mapping;

	for (link = &process->mappings; (mapping = *link); link = &mapping->next) {
		if (mapping->memory == memory) {
			*link = mapping->next;
			free(mapping);
			return;
		}
	}
}

int mappings_copy(struct process *to, const struct process *from)
{
	struct mapping **link = &to->mappings;
	const struct mapping *mapping;

	for (mapping = from->mappings; mapping; mapping = mapping->next) {
		*link = malloc(sizeof(**link));
		if (!*link)
			return ctl_failed(ENOMEM, "%s", to->name);
		**link = (struct mapping){ NULL, mapping->memory, mapping->addr };
		link = &(*link)->next;
	}
	return CTL_OK;
}

/* The first attach of a segment in a process that is not ours. */
static bool foreign_address(struct process *process, int shmid, __u64 page, __u64 *addr)
{
	struct shmswap_vma *vmas;
	bool found = false;
	int fd = ctl_fd();
	long nr, i;

	nr = fd < 0 ? -EBADF : ctl_query(fd, SHMSWAP_QUERY_VMAS, process->pid, 0, (void **)&vmas,
					 sizeof(*vmas));
	for (i = 0; i < nr && !found; i++) {
		found = shmid >= 0 && vmas[i].shmid == shmid && page >= vmas[i].pgoff &&
			page - vmas[i].pgoff < (vmas[i].end - vmas[i].start) / DEVICE_PAGE;
		if (found)
			*addr = vmas[i].start + (page - vmas[i].pgoff) * DEVICE_PAGE;
	}
	if (nr >= 0)
		free(vmas);
	return found;
}

bool mapping_address(const char *command, struct process *process,
		     const struct memory *memory, __u64 page, __u64 *addr)
{
	const struct mapping *mapping;

	for (mapping = process->mappings; mapping; mapping = mapping->next) {
		if (mapping->memory == memory) {
			*addr = mapping->addr + page * DEVICE_PAGE;
			return true;
		}
	}
	if (process->fd < 0 && foreign_address(process, memory->shmid, page, addr))
		return true;
	ctl_error("%s: process %s has not mapped %s", command, process->name, memory->name);
	return false;
}

static void free_machine(struct machine *m)
{
	struct process *process;
	struct memory *memory;

	while ((process = m->processes)) {
		m->processes = process->next;
		process_exit(process);
		free(process->name);
		free(process);
	}
	while ((memory = m->memories)) {
		m->memories = memory->next;
		free(memory->name);
		free(memory);
	}
	if (m == &default_machine)
		return;
	free(m->name);
	free(m);
}

void machines_end(void)
{
	struct machine *m;

	while ((m = machines)) {
		machines = m->next;
		free_machine(m);
	}
	machines = &default_machine;
	machine = &default_machine;
}
