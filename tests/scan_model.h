/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A model of private and file memory, and of what reclaims it, that is as simple
 * as can be: arrays, and loops over all of them. It was written from the
 * description of Linux 2.0's reclaim and 2.4's swap cache, not from the module.
 *
 * A process is an array of pages, each of which knows what region it lies in.
 * Addresses are page numbers. A page's contents are one number. An operation
 * returns what the module's should.
 */
#ifndef _SCAN_MODEL_H
#define _SCAN_MODEL_H

#include <linux/types.h>

#include "clock_model.h"

#define SCAN_PROCS	6
#define SCAN_PAGES	40	/* in an address space */
#define SCAN_FRAMES	96
#define SCAN_FILES	3
#define SCAN_FILE_PAGES	12
#define SCAN_ORDERS	6	/* of free blocks */
#define SCAN_NONE	(-1)	/* no frame, no file */
#define SCAN_LEVEL	6	/* where reclaim starts */

enum scan_model_region { SCAN_HOLE, SCAN_ANON, SCAN_PRIVATE, SCAN_SHARED };
enum scan_model_kind { SCAN_EMPTY, SCAN_PRESENT, SCAN_SWAPPED };

/**
 * struct scan_model_page - a page of a process, and its PTE
 * @region: what it lies in
 * @first: a region begins here
 * @readonly: the region is
 * @locked: by mlock
 * @reserved: the region is
 * @file: of which file, or SCAN_NONE
 * @index: page in the file
 * @kind: of PTE
 * @frame: if present
 * @slot: if swapped
 * @young: if present
 * @dirty: if present
 * @write: a store does not fault, if present
 */
struct scan_model_page {
	enum scan_model_region region;
	bool first;
	bool readonly;
	bool locked;
	bool reserved;
	int file;
	u32 index;
	enum scan_model_kind kind;
	int frame;
	u32 slot;
	bool young;
	bool dirty;
	bool write;
};

struct scan_model_proc {
	bool used;
	u32 pid;
	u32 swap_address;
	u32 swap_cnt;
	u64 min_flt;
	u64 maj_flt;
	struct scan_model_page page[SCAN_PAGES];
};

/**
 * struct scan_model_frame - a frame
 * @used: it is not free
 * @pinned: the fault under way needs it
 * @referenced: spared once by shrink_mmap
 * @dirty: newer than its slot or file
 * @age: age
 * @slot: in the swap cache under this slot; 0: it is not
 * @file: in the page cache of this file, or SCAN_NONE
 * @index: page in the file
 * @value: contents
 */
struct scan_model_frame {
	bool used;
	bool pinned;
	bool referenced;
	bool dirty;
	u32 age;
	u32 slot;
	int file;
	u32 index;
	u64 value;
};

/* The free blocks of an order by first frame, in the order of the list. */
struct scan_model_blocks {
	u32 nr;
	int first[SCAN_FRAMES];
};

/**
 * struct scan_model_file - a file
 * @npages: size, rounded up
 * @half: it ends before where the last page's value is
 * @value: contents by page
 */
struct scan_model_file {
	u32 npages;
	bool half;
	u64 value[SCAN_FILE_PAGES];
};

/* What is counted, as in struct shmswap_stat. */
struct scan_model_events {
	u64 pgalloc;
	u64 pgfree;
	u64 pgfault;
	u64 pgmajfault;
	u64 pgzero;
	u64 pswpin;
	u64 pswpout;
	u64 write_errors;
	u64 read_errors;
	u64 flush_page;
	u64 flush_range;
	u64 flush_mm;
	u64 stalls;
	u64 pgcow;
	u64 pgscan;
	u64 pgsteal;
	u64 pgdiscard;
	u64 pgpgin;
	u64 pgpgout;
	u64 cache_add;
	u64 cache_del;
	u64 readahead;
};

struct scan_model {
	u32 nr_frames;
	u32 freepages_min;
	u32 page_cluster;
	struct scan_model_proc proc[SCAN_PROCS];
	struct scan_model_frame frame[SCAN_FRAMES];
	struct scan_model_blocks free[SCAN_ORDERS];
	struct scan_model_file file[SCAN_FILES];
	struct clock_model_area area;
	u64 slot_value[MODEL_SLOTS + 1];
	u32 method;		/* where try_to_free_page goes on */
	u32 hand;		/* of shrink_mmap */
	u32 swap_task;		/* process whose turn it is */
	bool fail_write;	/* the next write to swap fails */
	u32 fail_read;		/* every read of this slot fails; 0: none does */
	struct scan_model_events events;
};

void scan_model_init(struct scan_model *m, u32 nr_frames, u32 freepages_min, u32 nr_slots,
		     u32 page_cluster);
void scan_model_process(struct scan_model *m, int proc, u32 pid);
void scan_model_fork(struct scan_model *m, int parent, int child, u32 pid);
void scan_model_exit(struct scan_model *m, int proc);

void scan_model_mmap(struct scan_model *m, int proc, u32 start, u32 len,
		     const struct scan_model_page *page);
void scan_model_munmap(struct scan_model *m, int proc, u32 start, u32 len);
int scan_model_mlock(struct scan_model *m, int proc, u32 start, u32 len);
int scan_model_munlock(struct scan_model *m, int proc, u32 start, u32 len);
int scan_model_msync(struct scan_model *m, int proc, u32 start, u32 len);
int scan_model_load(struct scan_model *m, int proc, u32 page, u64 *value);
int scan_model_store(struct scan_model *m, int proc, u32 page, u64 value);
int scan_model_touch(struct scan_model *m, int proc, u32 page, bool write);

int scan_model_shrink_mmap(struct scan_model *m, u32 level);
int scan_model_swap_out(struct scan_model *m, u32 level);
int scan_model_try_to_free_page(struct scan_model *m, u32 stop);

/* For comparing; each counts anew. */
u32 scan_model_count(const struct scan_model *m, int frame);
u32 scan_model_users(const struct scan_model *m, u32 slot);
u32 scan_model_rss(const struct scan_model *m, int proc);
u32 scan_model_free_frames(const struct scan_model *m);
u32 scan_model_free_slots(const struct scan_model *m);

#endif /* _SCAN_MODEL_H */
