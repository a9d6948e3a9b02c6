/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Really mapped segments, the kernel's own and those of a machine, and what can
 * be done to both: so both do the same work. What fails ends the program.
 */
#ifndef _LIBMEM_H
#define _LIBMEM_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/* In place of a machine. */
#define KERNEL		(-1)

struct memory {
	int machine;
	int id;			/* of the segment; -1: private memory */
	uint32_t pages;
	char *mem;
};

/* A new segment, attached. */
void memory_new(struct memory *m, int machine, uint32_t pages);
/* Private memory of the kernel, in small pages. */
void memory_private(struct memory *m, uint32_t pages);
void memory_free(struct memory *m);
/* Another attach of the segment. */
char *memory_attach(const struct memory *m);
void memory_detach(const struct memory *m, char *mem);

/* Loads from or stores to a byte of each of @pages pages, one after the other. */
void touch(char *mem, uint32_t pages, bool write);

/* For measure(): what is done to each page of a struct memory. */
double memory_load_cost(void *arg);
double memory_store_cost(void *arg);
double memory_out_cost(void *arg);
double memory_in_cost(void *arg);
/* An attach and its detach. */
double memory_attach_cost(void *arg);
/* The first stores to a new segment; @arg is a pointer to a machine. */
double memory_fill_cost(void *arg);

#define RAM_DISK	"/dev/ram0"
#define RAM_DISK_SLOTS	4095

/* A swap area of @pages slots at @path: a new file, or a device. */
void swap_new(const char *path, uint32_t pages);
void swap_on(int machine, const char *path);
void kernel_swap_off(const char *path);
/* The kernel reads 1 << @order pages at a time. */
void kernel_page_cluster(int order);

/* Segments' pages that are in swap. */
uint32_t swapped(int machine);
/* Swaps out all pages, however young they are. Nobody else has them mapped. */
void memory_swap_out(const struct memory *m);

#define GROUP		"/sys/fs/cgroup/bench/"

/*
 * A memory cgroup. What its processes touch first counts for it; @pages is its
 * limit, 0: none.
 */
void group_new(uint32_t pages);
void group_enter(void);
/* Has the kernel take up to @pages pages from it. */
void group_reclaim(uint32_t pages);
void group_remove(void);

#endif /* _LIBMEM_H */
