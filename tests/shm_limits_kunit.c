// SPDX-License-Identifier: GPL-2.0
/*
 * The default machine is limited by kernel.shmmax and the like, too: by those of
 * the caller's ipc namespace.
 */
#include <kunit/resource.h>
#include <linux/ipc.h>
#include <linux/ipc_namespace.h>
#include <linux/nsproxy.h>

#include "kunit_helpers.h"

#define PAGES(n)	((u64)(n) << PAGE_SHIFT)

/**
 * struct saved - what a case changes
 * @m: machine that plays the default machine
 * @shmmax: limit of the namespace
 * @shmall: the same
 * @shmmni: the same
 */
struct saved {
	struct sim_machine *m;
	size_t shmmax;
	size_t shmall;
	int shmmni;
};

static struct ipc_namespace *ns(void)
{
	return current->nsproxy->ipc_ns;
}

static void restore(void *data)
{
	struct saved *saved = data;

	ns()->shm_ctlmax = saved->shmmax;
	ns()->shm_ctlall = saved->shmall;
	ns()->shm_ctlmni = saved->shmmni;
	saved->m->is_default = false;
}

/* A machine that is limited to segments of four pages, eight pages, and three segments. */
static struct sim_machine *limited_machine(struct kunit *test)
{
	struct saved *saved = kunit_kzalloc(test, sizeof(*saved), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, saved);
	saved->m = sim_test_machine_config(test, &(const struct sim_config) {
		.nr_frames = SIM_TEST_FRAMES,
		.shmmax = PAGES(4),
		.shmall = 8,
		.shmmni = 3,
	});
	saved->shmmax = ns()->shm_ctlmax;
	saved->shmall = ns()->shm_ctlall;
	saved->shmmni = ns()->shm_ctlmni;
	KUNIT_ASSERT_EQ(test, 0, kunit_add_action_or_reset(test, restore, saved));
	return saved->m;
}

static int get(struct sim_machine *m, u64 bytes)
{
	struct shmswap_shmget arg = { .key = IPC_PRIVATE, .segsz = bytes, .shmflg = 0600 };

	return sim_shmget(m, &arg);
}

/**
 * struct limit_row - limits of the namespace, and the smaller ones
 * @name: which are smaller
 * @is_default: the machine is the default machine
 * @ns_max: shmmax of the namespace, pages
 * @ns_all: shmall
 * @ns_mni: shmmni
 * @max: shmmax that counts, pages
 * @all: shmall
 * @mni: shmmni
 */
static const struct limit_row {
	const char *name;
	bool is_default;
	u32 ns_max;
	u32 ns_all;
	u32 ns_mni;
	u32 max;
	u32 all;
	u32 mni;
} limit_rows[] = {
	{ "the machine's", true, 100, 100, 100, 4, 8, 3 },
	{ "shmmax of the namespace", true, 2, 100, 100, 2, 8, 3 },
	{ "shmall of the namespace", true, 100, 5, 100, 4, 5, 3 },
	{ "shmmni of the namespace", true, 100, 100, 1, 4, 8, 1 },
	{ "all of the namespace", true, 2, 3, 2, 2, 3, 2 },
	{ "nothing at all", true, 100, 0, 100, 4, 0, 3 },
	{ "another machine's", false, 2, 3, 1, 4, 8, 3 },
};

/* How many segments of so many pages there can be. */
static u32 room_for(struct kunit *test, struct sim_machine *m, u32 npages)
{
	u32 nr = 0;
	s32 id;
	int err;

	while (!(err = get(m, PAGES(npages))) && nr < 10)
		nr++;
	KUNIT_EXPECT_EQ(test, -ENOSPC, err);
	for (id = 0; m->shm_used; id++)
		sim_test_shmctl(m, id, IPC_RMID);
	return nr;
}

static void smaller_limit_counts(struct kunit *test)
{
	const struct limit_row *row = test->param_value;
	struct sim_machine *m = limited_machine(test);
	struct shmswap_shmctl arg = { .cmd = IPC_INFO };

	m->is_default = row->is_default;
	ns()->shm_ctlmax = PAGES(row->ns_max);
	ns()->shm_ctlall = row->ns_all;
	ns()->shm_ctlmni = row->ns_mni;
	KUNIT_EXPECT_EQ(test, 0, sim_shmctl(m, &arg));
	KUNIT_EXPECT_EQ(test, PAGES(row->max), arg.info.shmmax);
	KUNIT_EXPECT_EQ(test, row->all, arg.info.shmall);
	KUNIT_EXPECT_EQ(test, row->mni, arg.info.shmmni);
	KUNIT_EXPECT_EQ(test, row->mni, arg.info.shmseg);
	KUNIT_EXPECT_EQ(test, -EINVAL, get(m, PAGES(row->max) + 1));
	KUNIT_EXPECT_EQ(test, min(row->mni, row->all), room_for(test, m, 1));
}

KUNIT_ARRAY_PARAM_DESC(limit, limit_rows, name);

/* What is there already stays, and counts. */
static void limit_that_was_lowered(struct kunit *test)
{
	struct sim_machine *m = limited_machine(test);

	m->is_default = true;
	KUNIT_EXPECT_EQ(test, 0, get(m, PAGES(4)));
	ns()->shm_ctlmax = PAGES(1);
	ns()->shm_ctlall = 2;
	SIM_EXPECT_SHM(test, m, 4, 0, 0);
	KUNIT_EXPECT_EQ(test, -ENOSPC, get(m, PAGES(1)));
	KUNIT_EXPECT_EQ(test, -EINVAL, get(m, PAGES(2)));
}

static struct kunit_case cases[] = {
	KUNIT_CASE_PARAM(smaller_limit_counts, limit_gen_params),
	KUNIT_CASE(limit_that_was_lowered),
	{}
};

static struct kunit_suite suite = {
	.name = "shmswap_shm_limits",
	.init = sim_test_init,
	.exit = sim_test_exit,
	.test_cases = cases,
};

kunit_test_suite(suite);
