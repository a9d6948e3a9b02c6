/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What a script has made and given names to: machines, their processes, and memory that
 * these have mapped. A number stands for a process or segment that somebody else made.
 */
#ifndef _MACHINES_H
#define _MACHINES_H

#include <stdbool.h>

#include <linux/types.h>

/* A segment, or what mmap made. */
struct memory {
	struct memory *next;
	char *name;
	int shmid;	/* -1: it is not a segment */
	__u64 pages;
	bool removed;
};

/* Where a process has it; the most recent one comes first. */
struct mapping {
	struct mapping *next;
	struct memory *memory;
	__u64 addr;
};

struct process {
	struct process *next;
	char *name;
	int fd;		/* -1: it is somebody else's, or has exited */
	__u32 pid;	/* 0: it has not been asked for */
	bool exited;
	struct mapping *mappings;
};

struct script_log;

struct machine {
	struct machine *next;
	char *name;
	struct process *processes;
	struct memory *memories;
	struct script_log *log;
};

/* The default machine is the last of the list. */
extern struct machine *machines;
extern struct machine *machine;		/* the current one */

#define DEFAULT_MACHINE	"default"
#define FIRST_PROCESS	"init"

/*
 * All that follows is about the current machine. Where it returns NULL or -1 it has printed
 * why. What is added is named by a copy of @name.
 */
struct machine *machine_find(const char *name);
bool machine_name_is_free(const char *command, const char *name);
struct machine *machine_add(const char *name, int fd);

/* Nothing else of the machine has the name, and it is one. */
bool name_is_free(const char *command, const char *name);

struct process *process_add(const char *name, int fd, __u32 pid);
/* One that has not exited, or any by its number. */
struct process *process_find(const char *command, const char *word);
/* One that this script can let do something. */
struct process *process_own(const char *command, const char *word);
/* 0 after a message. */
__u32 process_pid(struct process *process);
void process_exit(struct process *process);

struct memory *memory_add(const char *name, int shmid, __u64 pages);
struct memory *memory_find(const char *command, const char *word);
/* One that is a segment. */
struct memory *segment_find(const char *command, const char *word);
/* No message if there is none of that name. */
struct memory *memory_lookup(const char *name);

int mapping_add(struct process *process, struct memory *memory, __u64 addr);
/* Drops the most recent one. */
void mapping_remove(struct process *process, const struct memory *memory);
/* A child has what its parent has. */
int mappings_copy(struct process *to, const struct process *from);
/* Where @process has page @page of @memory; false after a message. */
bool mapping_address(const char *command, struct process *process,
		     const struct memory *memory, __u64 page, __u64 *addr);

/* Lets go of everything. */
void machines_end(void);

#endif /* _MACHINES_H */
