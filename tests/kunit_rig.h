/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the suites about the swap cache begin with: two processes that share pages,
 * a swap area whose I/O can be held, and the stages that a page goes through on
 * its way out and back.
 *
 *	static void second_stage_of_page(struct kunit *test)
 *	{
 *		struct sim_test_rig *r = sim_test_rig_forked(test, 1);
 *
 *		sim_test_reach(test, r, SIM_TEST_STAGE_B);
 *		SIM_EXPECT_COUNTS(test, r->a, r->base, 2, 2);
 *	}
 */
#ifndef _SIM_KUNIT_RIG_H
#define _SIM_KUNIT_RIG_H

#include "kunit_regions.h"

/**
 * struct sim_test_rig - pages of a process, and where they go
 * @m: machine of SIM_TEST_FRAMES frames that reclaims only when told to
 * @swap: its only area, of SIM_TEST_SLOTS slots that are all free
 * @a: process
 * @b: its child, or NULL
 * @base: the pages, filled with pattern 1, at the same address in both
 * @npages: how many
 * @id: segment that they belong to; -1 if they are private
 * @go: lets I/O go on that sim_test_hold_io() holds
 * @data: for the hooks of a case
 */
struct sim_test_rig {
	struct sim_machine *m;
	struct sim_test_swap *swap;
	struct sim_mm *a;
	struct sim_mm *b;
	u64 base;
	u32 npages;
	s32 id;
	struct completion go;
	void *data;
};

/* The stages of the table in Understanding the Linux Kernel, and the way back. */
enum sim_test_stage {
	SIM_TEST_STAGE_A,	/* both map the first page */
	SIM_TEST_STAGE_B,	/* @a has the slot */
	SIM_TEST_STAGE_C,	/* both have the slot */
	SIM_TEST_STAGE_D,	/* it is in the area alone */
	SIM_TEST_ONE_BACK,	/* @a maps it again */
	SIM_TEST_BOTH_BACK,	/* both do */
};

/**
 * struct sim_test_stage_row - a stage, as a parameter
 * @name: for the report
 * @stage: stage
 * @frame: count of a private page's frame then
 * @slot: count of its slot then
 */
struct sim_test_stage_row {
	const char *name;
	enum sim_test_stage stage;
	u32 frame;
	u32 slot;
};

const void *sim_test_stage_gen_params(const void *prev, char *desc);

static inline const struct sim_test_stage_row *sim_test_stage_of(struct kunit *test)
{
	return test->param_value;
}

struct sim_test_rig *sim_test_rig_slots(struct kunit *test, u32 npages, u32 slots);
struct sim_test_rig *sim_test_rig(struct kunit *test, u32 npages);
struct sim_test_rig *sim_test_rig_forked(struct kunit *test, u32 npages);
struct sim_test_rig *sim_test_rig_shm(struct kunit *test, u32 npages);
void sim_test_reach(struct kunit *test, struct sim_test_rig *r, enum sim_test_stage stage);
void sim_test_rig_swap_out(struct kunit *test, struct sim_test_rig *r);
void sim_test_expect_idle(struct kunit *test, struct sim_test_rig *r);

void sim_test_hold_io(struct sim_test_swap *swap, u32 slot);
s64 sim_test_pins(struct sim_machine *m, sim_swp_entry_t entry);
struct sim_test_thread *sim_test_run_touch(struct kunit *test, struct sim_mm *mm, u64 address,
					   bool write);
struct sim_test_thread *sim_test_run_reclaim(struct kunit *test, struct sim_machine *m,
					     int (*method)(struct sim_machine *m, int level));
struct sim_test_thread *sim_test_run_swapoff(struct kunit *test, struct sim_test_rig *r);
bool sim_test_done(struct sim_test_thread *thread);

/* The @index-th page of the rig in the processes. */
static inline u64 sim_test_rig_page(const struct sim_test_rig *r, u32 index)
{
	return sim_test_page(r->base, index);
}

#endif /* _SIM_KUNIT_RIG_H */
