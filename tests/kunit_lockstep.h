/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Runs of the module and of a model of it in lock-step: the same random
 * operations on both, with the same result and the same state after each.
 */
#ifndef _SIM_KUNIT_LOCKSTEP_H
#define _SIM_KUNIT_LOCKSTEP_H

#include <linux/prandom.h>

#include "kunit_helpers.h"

/**
 * struct sim_lockstep - a run
 * @test: case
 * @m: machine
 * @seed: of the random numbers
 * @rnd: random numbers
 * @step: number of the operation
 * @what: its description
 * @ret: what it returned
 * @expected: what the model's returned
 */
struct sim_lockstep {
	struct kunit *test;
	struct sim_machine *m;
	u32 seed;
	struct rnd_state rnd;
	u32 step;
	char what[80];
	s64 ret;
	s64 expected;
};

/* A random number below @limit. */
static inline u32 sim_lockstep_below(struct sim_lockstep *l, u32 limit)
{
	return prandom_u32_state(&l->rnd) % limit;
}

/* False, and said so, if the module's number is not the model's. */
static inline bool sim_lockstep_same(struct sim_lockstep *l, u64 model, u64 module,
				     const char *what, u64 a, u64 b)
{
	if (model == module)
		return true;
	KUNIT_FAIL(l->test, "seed %u step %u, %s: %s (%llu, %llu) is %llu, in the model %llu",
		   l->seed, l->step, l->what, what, a, b, module, model);
	return false;
}

/*
 * One of @nr operations, the more often the greater its weight; @weight is the
 * first one's, the others follow at a distance of @stride bytes.
 */
static inline u32 sim_lockstep_pick(struct sim_lockstep *l, const u32 *weight, size_t stride,
				    u32 nr)
{
	u32 total = 0;
	u32 i, random;

	for (i = 0; i < nr; i++)
		total += *(const u32 *)((const char *)weight + i * stride);
	random = sim_lockstep_below(l, total);
	for (i = 0; random >= *(const u32 *)((const char *)weight + i * stride); i++)
		random -= *(const u32 *)((const char *)weight + i * stride);
	return i;
}

#endif /* _SIM_KUNIT_LOCKSTEP_H */
