/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A model of the machine that is as simple as can be: arrays, loops over all of
 * them, and nothing that the module has. It was written from the description of
 * Linux 2.0's shared memory, not from the module.
 *
 * Addresses are page numbers. An operation returns what the module's should.
 */
#ifndef _CLOCK_MODEL_H
#define _CLOCK_MODEL_H

#include <linux/types.h>

/* Who compiles this for other ends, as tools/shmswapctl does, may have set other sizes. */
#ifndef MODEL_SEGS
#define MODEL_SEGS	10	/* table of segments */
#define MODEL_PAGES	24	/* in the largest segment */
#define MODEL_PROCS	6
#define MODEL_ATTACHES	96	/* of all processes together */
#define MODEL_AREAS	3
#define MODEL_SLOTS	160	/* in the largest area */
#define MODEL_TASK	96	/* pages in an address space */
#endif
#define MODEL_IDS	32768	/* an identifier is sequence * this + index */

enum clock_model_word_kind { MODEL_UNTOUCHED, MODEL_RESIDENT, MODEL_SWAPPED };
enum clock_model_pte { MODEL_NONE, MODEL_SIGNATURE, MODEL_OLD, MODEL_YOUNG };

struct clock_model_word {
	enum clock_model_word_kind kind;
	u32 area;
	u32 slot;
	u64 value;	/* what was stored in the page last */
};

struct clock_model_seg {
	bool used;
	bool doomed;
	bool locked;
	int id;
	u32 npages;
	struct clock_model_word word[MODEL_PAGES];
};

/* Pages [start, start + len) of a process are pages [pgoff, ...) of a segment. */
struct clock_model_attach {
	bool used;
	bool readonly;
	int proc;
	int seg;
	u32 start;
	u32 len;
	u32 pgoff;
	enum clock_model_pte pte[MODEL_PAGES];
};

struct clock_model_proc {
	bool used;
	u64 min_flt;
	u64 maj_flt;
};

/* Counts of a slot; no other is possible for shared pages. */
#define MODEL_FREE	0
#define MODEL_USED	1
#define MODEL_BAD	0xffff	/* never used again */

struct clock_model_area {
	bool used;
	int prio;
	u32 nr_slots;	/* without the header */
	u32 lowest;
	u32 highest;
	u32 cluster_next;
	u32 cluster_nr;
	u16 slot[MODEL_SLOTS + 1];
};

struct clock_model {
	u32 nr_frames;
	u32 freepages_min;
	struct clock_model_seg seg[MODEL_SEGS];
	struct clock_model_attach attach[MODEL_ATTACHES];
	struct clock_model_proc proc[MODEL_PROCS];
	struct clock_model_area area[MODEL_AREAS];
	int order[MODEL_AREAS];	/* areas by priority */
	int nr_areas;
	int next;		/* position in order that the next slot comes from */
	u16 seq;
	int max_shmid;
	u32 swap_id;
	u32 swap_idx;
	bool fail_write;	/* the next write fails */
	bool fail_read;		/* the next read fails */
	u64 attempts;
	u64 successes;
	u64 aged;
	u64 unmapped;
	u64 zeroed;
	u64 reads;
	u64 writes;
	u64 stalls;
};

/* One area; for other models too. */
void clock_model_init_area(struct clock_model_area *area, u32 nr_slots, int prio);
u32 clock_model_take_slot(struct clock_model_area *area);
void clock_model_put_slot(struct clock_model_area *area, u32 slot);

void clock_model_init(struct clock_model *m, u32 nr_frames, u32 freepages_min);
void clock_model_swapon(struct clock_model *m, u32 nr_slots, int prio);

int clock_model_shmget(struct clock_model *m, u32 npages);
int clock_model_rmid(struct clock_model *m, int id);
int clock_model_lock(struct clock_model *m, int id, bool locked);
int clock_model_shmat(struct clock_model *m, int proc, int id, u32 page, bool readonly,
		      bool remap);
int clock_model_shmdt(struct clock_model *m, int proc, u32 page);
void clock_model_process(struct clock_model *m, int proc);
void clock_model_fork(struct clock_model *m, int parent, int child);
void clock_model_exit(struct clock_model *m, int proc);
int clock_model_access(struct clock_model *m, int proc, u32 page, bool write,
		       struct clock_model_word **wordp);
int clock_model_shm_swap(struct clock_model *m, int prio);
int clock_model_try_to_free_page(struct clock_model *m, int stop);

/* For comparing; each counts anew. */
u32 clock_model_words(const struct clock_model *m, int seg, enum clock_model_word_kind kind);
u32 clock_model_tot(const struct clock_model *m);
u32 clock_model_rss(const struct clock_model *m);
u32 clock_model_swp(const struct clock_model *m);
u32 clock_model_nattch(const struct clock_model *m, int seg);
u32 clock_model_mappings(const struct clock_model *m, int seg, u32 index);
u32 clock_model_proc_rss(const struct clock_model *m, int proc);
u32 clock_model_free_slots(const struct clock_model *m);
bool clock_model_has_room(const struct clock_model *m);
const struct clock_model_attach *clock_model_at(const struct clock_model *m, int proc, u32 page);

#endif /* _CLOCK_MODEL_H */
