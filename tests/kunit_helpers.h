/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Building blocks for the suites: a machine in one line, what its processes do,
 * a swap area that fails on demand, and the self-check after every case.
 *
 *	static void swap_out_keeps_bytes(struct kunit *test)
 *	{
 *		struct sim_machine *m = sim_test_machine(test);
 *		struct sim_mm *mm = sim_test_process(test, m);
 *		u64 base = sim_test_attach(test, mm, sim_test_segment(test, m, 8));
 *
 *		sim_test_fill(test, mm, base, 8, 1);
 *		sim_test_swap_out_all(test, m);
 *		sim_test_verify(test, mm, base, 8, 1);
 *	}
 *
 *	static struct kunit_suite suite = {
 *		.name = "shmswap_example",
 *		.init = sim_test_init,
 *		.exit = sim_test_exit,
 *		...
 *
 * Whatever a helper made is undone when the case ends, last first. Helpers that
 * take a struct kunit end the case if they cannot do what they are for.
 */
#ifndef _SIM_KUNIT_HELPERS_H
#define _SIM_KUNIT_HELPERS_H

#include <kunit/test.h>
#include <linux/jiffies.h>
#include <linux/sched.h>
#include <uapi/linux/shm.h>

#include "sim.h"

#define SIM_TEST_FRAMES	64	/* freepages.min is 4 then */
#define SIM_TEST_SLOTS	64
#define SIM_TEST_WAIT	(30 * HZ)

/* -------------------------------------------------------------- fixture */

/**
 * struct sim_test - what the helpers know about the case, in test->priv
 * @machines: struct sim_test_machine of each, for the self-check
 * @priv: for the suite
 */
struct sim_test {
	struct list_head machines;
	void *priv;
};

static inline struct sim_test *sim_test_of(struct kunit *test)
{
	return test->priv;
}

int sim_test_init(struct kunit *test);
void sim_test_exit(struct kunit *test);
void sim_test_check(struct kunit *test, struct sim_machine *m);

struct sim_machine *sim_test_machine(struct kunit *test);
struct sim_machine *sim_test_machine_config(struct kunit *test, const struct sim_config *config);

/* ------------------------------------------------- processes and segments */

struct sim_mm *sim_test_process(struct kunit *test, struct sim_machine *m);
struct sim_mm *sim_test_fork(struct kunit *test, struct sim_mm *parent);
void sim_test_process_exit(struct kunit *test, struct sim_mm *mm);

s32 sim_test_segment(struct kunit *test, struct sim_machine *m, u64 npages);
struct sim_shmid *sim_test_seg(struct kunit *test, struct sim_machine *m, s32 id);
int sim_test_shmctl(struct sim_machine *m, s32 id, u32 cmd);
u64 sim_test_attach(struct kunit *test, struct sim_mm *mm, s32 id);
u64 sim_test_attach_at(struct kunit *test, struct sim_mm *mm, s32 id, u64 address, u32 shmflg);

/* The page at @index of an attach at @base. */
static inline u64 sim_test_page(u64 base, pgoff_t index)
{
	return base + ((u64)index << PAGE_SHIFT);
}

int sim_test_touch(struct sim_mm *mm, u64 address, bool write);
void sim_test_touch_pages(struct kunit *test, struct sim_mm *mm, u64 address, u64 npages);
ssize_t sim_test_store(struct sim_mm *mm, u64 address, void *buf, size_t len);
ssize_t sim_test_load(struct sim_mm *mm, u64 address, void *buf, size_t len);
void sim_test_pattern(u64 *words, u64 seed, u64 page);
void sim_test_fill(struct kunit *test, struct sim_mm *mm, u64 address, u64 npages, u64 seed);
void sim_test_verify(struct kunit *test, struct sim_mm *mm, u64 address, u64 npages, u64 seed);

/* --------------------------------------------------------------- reclaim */

int sim_test_shm_swap(struct sim_machine *m, int prio);
int sim_test_try_to_free_page(struct sim_machine *m, int stop);
void sim_test_swap_out_all(struct kunit *test, struct sim_machine *m);

/* ----------------------------------------------- a swap area that can fail */

#define SIM_TEST_IO_LOG	256

/**
 * struct sim_test_fault - which I/O fails
 * @slot: only that of this slot; 0: of any
 * @skip: so many of them succeed first
 * @count: so many fail then
 * @err: with this; 0: -EIO
 */
struct sim_test_fault {
	u32 slot;
	u32 skip;
	u32 count;
	int err;
};

int sim_test_fault_due(struct sim_test_fault *fault, u32 slot);

/**
 * struct sim_test_io - an I/O that was asked for
 * @slot: slot
 * @write: it was a write
 * @err: what became of it
 */
struct sim_test_io {
	u32 slot;
	bool write;
	int err;
};

/**
 * struct sim_test_swap - a swap area
 * @list: in the machine's list
 * @si: area, valid as long as it is swapped on
 * @type: its number
 * @lock: protects the faults and the log
 * @pages: contents by slot
 * @fail_read: reads that fail
 * @fail_write: writes that fail
 * @on_read: called before a read is done, with no lock but the page's unless the
 *	area is synchronous; or NULL
 * @on_write: the same for a write: what races with it goes here
 * @on_written: called when a write is done, but not yet known to be
 * @data: for these
 * @nr_reads: reads so far
 * @nr_writes: writes so far
 * @nr_io: both
 * @io: the first of them, oldest first
 */
struct sim_test_swap {
	struct list_head list;
	struct sim_swap_info *si;
	u32 type;
	struct mutex lock;	/* faults and log */
	struct xarray pages;
	struct sim_test_fault fail_read;
	struct sim_test_fault fail_write;
	void (*on_read)(struct sim_test_swap *swap, u32 slot);
	void (*on_write)(struct sim_test_swap *swap, u32 slot);
	void (*on_written)(struct sim_test_swap *swap, u32 slot);
	void *data;
	u32 nr_reads;
	u32 nr_writes;
	u32 nr_io;
	struct sim_test_io io[SIM_TEST_IO_LOG];
};

struct sim_test_swap *sim_test_swap_area(struct kunit *test, struct sim_machine *m, u32 slots,
					 s32 prio);
struct sim_test_swap *sim_test_synchronous_area(struct kunit *test, struct sim_machine *m,
						u32 slots, s32 prio);

/* -------------------------------------------------------------- threads */

/**
 * struct sim_test_thread - something that happens meanwhile
 * @task: it
 * @fn: what it does; its return value is kept
 * @data: for @fn
 * @ret: what @fn returned
 * @done: @fn returned
 */
struct sim_test_thread {
	struct task_struct *task;
	int (*fn)(void *data);
	void *data;
	int ret;
	struct completion done;
};

struct sim_test_thread *sim_test_thread_run(struct kunit *test, int (*fn)(void *data),
					    void *data);
void sim_test_thread_kill(struct sim_test_thread *thread);
int sim_test_thread_join(struct kunit *test, struct sim_test_thread *thread);

/* Wait until @cond is true, but not forever; false if it never was. */
#define sim_test_wait_for(cond) ({						\
	unsigned long end_ = jiffies + SIM_TEST_WAIT;				\
	bool met_;								\
										\
	for (;;) {								\
		met_ = (cond);							\
		if (met_ || time_after_eq(jiffies, end_))			\
			break;							\
		schedule_timeout_uninterruptible(1);				\
	}									\
	met_;									\
})

/* --------------------------------------------- allocations that fail */

/*
 * To let every allocation of an operation fail in turn:
 *
 *	sim_test_fault_injection(test);
 *	for (n = 1;; n++) {
 *		sim_test_fail_nth(n);
 *		err = operation();
 *		if (!sim_test_fail_fired())
 *			break;
 *		KUNIT_EXPECT_TRUE(test, err == 0 || err == -ENOMEM);
 *	}
 *
 * Only what the calling thread allocates fails. Ask sim_test_fail_fired() before
 * anything else is done. An operation may well succeed although an allocation
 * failed: kvmalloc() and the like have a second way.
 */
void sim_test_fault_injection(struct kunit *test);
void sim_test_fail_nth(unsigned int n);
bool sim_test_fail_fired(void);

/* -------------------------------------------------------- what to expect */

struct sim_test_text {
	char s[96];
};

sim_pte_t sim_test_pte(struct sim_mm *mm, u64 address);
sim_pte_t sim_test_word(struct sim_shmid *seg, pgoff_t index);
struct sim_page *sim_test_frame(struct sim_shmid *seg, pgoff_t index);
u64 sim_test_event(struct sim_machine *m, enum sim_event event);
struct sim_test_text sim_test_pte_text(sim_pte_t pte);
struct sim_test_text sim_test_kind_text(sim_pte_t pte);
struct sim_test_text sim_test_clock_text(u32 id, u64 idx, u64 attempts, u64 successes);
struct sim_test_text sim_test_shm_text(u64 tot, u64 rss, u64 swp);
struct sim_test_text sim_test_clock(struct sim_machine *m);
struct sim_test_text sim_test_shm(struct sim_machine *m);

/* Both texts are shown when they differ. */
#define SIM_EXPECT_TEXT(test, expected, found) do {				\
	struct sim_test_text expected_ = (expected);				\
	struct sim_test_text found_ = (found);					\
										\
	KUNIT_EXPECT_STREQ(test, expected_.s, found_.s);			\
} while (0)

/* A process's entry is the signature of page @idx of the segment with index @id. */
#define SIM_EXPECT_PTE_SIGNATURE(test, mm, address, id, idx)			\
	SIM_EXPECT_TEXT(test, sim_test_pte_text(sim_shm_signature(id, idx)),	\
			sim_test_pte_text(sim_test_pte(mm, address)))

/* "none", "present young", "present old", "swap", "signature" */
#define SIM_EXPECT_PTE(test, mm, address, kind)					\
	SIM_EXPECT_TEXT(test, ((struct sim_test_text) { kind }),		\
			sim_test_kind_text(sim_test_pte(mm, address)))

/* The same for a segment's word: "none", "present young", "swap" */
#define SIM_EXPECT_WORD(test, seg, index, kind)					\
	SIM_EXPECT_TEXT(test, ((struct sim_test_text) { kind }),		\
			sim_test_kind_text(sim_test_word(seg, index)))

/* Where the clock's hands are, and what it has counted. */
#define SIM_EXPECT_CLOCK(test, m, id, idx, attempts, successes)			\
	SIM_EXPECT_TEXT(test, sim_test_clock_text(id, idx, attempts, successes), \
			sim_test_clock(m))

/* The machine's pages: of all segments, resident, swapped. */
#define SIM_EXPECT_SHM(test, m, tot, rss, swp)					\
	SIM_EXPECT_TEXT(test, sim_test_shm_text(tot, rss, swp),			\
			sim_test_shm(m))

#define SIM_EXPECT_EVENT(test, m, event, n)					\
	KUNIT_EXPECT_EQ(test, (u64)(n), sim_test_event(m, SIM_##event))

#endif /* _SIM_KUNIT_HELPERS_H */
