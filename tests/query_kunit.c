// SPDX-License-Identifier: GPL-2.0
/*
 * Queries: which process one is about, and who may ask.
 */
#include <linux/capability.h>
#include <linux/mman.h>
#include <linux/sched/coredump.h>

#include "kunit_live.h"
#include "kunit_users.h"

#define BASE		SIM_TEST_LIVE_BASE
#define PAGES(n)	((u64)(n) << PAGE_SHIFT)
#define RECORDS		8

static const struct needs_row {
	const char *name;
	u32 what;
	s32 id;
	bool needs;
} needs_rows[] = {
	{ "own areas", SHMSWAP_QUERY_VMAS, 0, true },
	{ "own PTEs", SHMSWAP_QUERY_PTES, 0, true },
	{ "areas of a process", SHMSWAP_QUERY_VMAS, 1, false },
	{ "PTEs of a process", SHMSWAP_QUERY_PTES, 1, false },
	{ "PTEs of no process", SHMSWAP_QUERY_PTES, -1, false },
	{ "segments", SHMSWAP_QUERY_SEGS, 0, false },
	{ "pages of a segment", SHMSWAP_QUERY_PAGES, 0, false },
	{ "sharers of a segment", SHMSWAP_QUERY_SHARERS, 0, false },
	{ "frames", SHMSWAP_QUERY_MEM_MAP, 0, false },
	{ "processes", SHMSWAP_QUERY_PROCS, 0, false },
	{ "unknown", 1000, 0, false },
};

static void query_needs_process(struct kunit *test)
{
	const struct needs_row *row = test->param_value;
	const struct shmswap_query q = { .what = row->what, .id = row->id };

	KUNIT_EXPECT_EQ(test, row->needs, sim_query_needs_process(&q));
}

KUNIT_ARRAY_PARAM_DESC(needs, needs_rows, name);

/**
 * struct rig - two real processes and a scripted one, of one machine
 * @live: the first, whose attach has two pages
 * @other: the second
 * @mm: the scripted one
 * @buf: memory of the first, for records
 * @count: how many records there are
 * @vmas: the records, if they are areas
 * @ptes: the same, if they are PTEs
 * @procs: the same, if they are processes
 */
struct rig {
	struct sim_test_live *live;
	struct mm_struct *other;
	struct sim_mm *mm;
	u64 buf;
	u32 count;
	union {
		struct shmswap_vma vmas[RECORDS];
		struct shmswap_pte ptes[RECORDS];
		struct shmswap_proc procs[RECORDS];
	};
};

static struct rig *make_rig(struct kunit *test)
{
	struct rig *r = kunit_kzalloc(test, sizeof(*r), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, r);
	r->live = sim_test_live_filled(test, 2, 0);
	r->other = sim_test_real(test);
	sim_test_real_attach(test, r->other, r->live->m, r->live->id);
	r->mm = sim_test_process(test, r->live->m);
	sim_test_attach_at(test, r->mm, r->live->id, BASE + PAGES(10), 0);
	r->buf = SIM_TEST_IN(r->live->real, vm_mmap(NULL, 0, PAGE_SIZE, PROT_READ | PROT_WRITE,
						    MAP_PRIVATE | MAP_ANONYMOUS, 0));
	KUNIT_ASSERT_TRUE(test, PAGE_ALIGNED(r->buf));
	return r;
}

/* The first process asks. */
static int query(struct rig *r, struct sim_mm *own, u32 what, s32 id)
{
	struct shmswap_query q = {
		.what = what,
		.id = id,
		.buf = r->buf,
		.count = RECORDS,
	};
	int err = SIM_TEST_IN(r->live->real, sim_query(r->live->m, own, &q));

	r->count = q.out_count;
	return err ?: sim_test_real_copy(r->live->real, r->buf, r->vmas, sizeof(r->vmas));
}

static void query_of_the_own_process(struct kunit *test)
{
	struct rig *r = make_rig(test);

	KUNIT_EXPECT_EQ(test, 0, query(r, r->mm, SHMSWAP_QUERY_VMAS, 0));
	KUNIT_EXPECT_EQ(test, 1, r->count);
	KUNIT_EXPECT_EQ(test, BASE + PAGES(10), r->vmas[0].start);
	KUNIT_EXPECT_EQ(test, 0, query(r, r->mm, SHMSWAP_QUERY_PTES, 0));
	KUNIT_EXPECT_EQ(test, 0, r->count);
}

static void query_by_number(struct kunit *test)
{
	struct rig *r = make_rig(test);

	KUNIT_EXPECT_EQ(test, 0, query(r, NULL, SHMSWAP_QUERY_VMAS, r->live->mm->pid));
	KUNIT_EXPECT_EQ(test, 1, r->count);
	KUNIT_EXPECT_EQ(test, BASE, r->vmas[0].start);
	KUNIT_EXPECT_EQ(test, BASE + PAGES(2), r->vmas[0].end);
	KUNIT_EXPECT_EQ(test, r->live->mm->pid, r->vmas[0].pid);
	KUNIT_EXPECT_EQ(test, 0, query(r, NULL, SHMSWAP_QUERY_PTES, r->live->mm->pid));
	KUNIT_EXPECT_EQ(test, 2, r->count);
	KUNIT_EXPECT_EQ(test, BASE + PAGES(1), r->ptes[1].where);
	/* One that is scripted is no different. */
	KUNIT_EXPECT_EQ(test, 0, query(r, NULL, SHMSWAP_QUERY_VMAS, r->mm->pid));
	KUNIT_EXPECT_EQ(test, 1, r->count);
	KUNIT_EXPECT_EQ(test, BASE + PAGES(10), r->vmas[0].start);
}

/**
 * struct number_row - a process number, given by a user or by who may do anything
 * @name: whose
 * @pid: number; the processes of a rig are 1, 2 and 3
 * @user: what becomes of the user's query
 * @root: and of the other's
 */
static const struct number_row {
	const char *name;
	s32 pid;
	int user;
	int root;
} number_rows[] = {
	{ "the own", 1, 0, 0 },
	{ "of another real one", 2, -EPERM, 0 },
	{ "of a scripted one", 3, -EPERM, 0 },
	{ "of none", 4, -EPERM, -ESRCH },
	{ "the highest", S32_MAX, -EPERM, -ESRCH },
	{ "negative", -1, -EINVAL, -EINVAL },
	{ "the lowest", S32_MIN, -EINVAL, -EINVAL },
};

static void who_may_ask_by_number(struct kunit *test)
{
	static const u32 whats[] = { SHMSWAP_QUERY_VMAS, SHMSWAP_QUERY_PTES };
	const struct number_row *row = test->param_value;
	struct cred *user = sim_test_user(test, 1000, 1000);
	struct rig *r = make_rig(test);
	u32 i;

	for (i = 0; i < ARRAY_SIZE(whats); i++) {
		KUNIT_EXPECT_EQ(test, row->root, query(r, NULL, whats[i], row->pid));
		KUNIT_EXPECT_EQ(test, row->user,
				SIM_TEST_AS(user, query(r, NULL, whats[i], row->pid)));
	}
}

KUNIT_ARRAY_PARAM_DESC(number, number_rows, name);

/**
 * struct trace_row - a user who controls the machine asks
 * @name: about which process
 * @pid: its number
 * @uid: whose it is
 * @dumpable: it has no secrets from its user
 * @trace: the user may trace whomever he likes
 * @err: what becomes of the query
 */
static const struct trace_row {
	const char *name;
	s32 pid;
	u32 uid;
	bool dumpable;
	bool trace;
	int err;
} trace_rows[] = {
	{ "the own", 1, 1001, false, false, 0 },
	{ "another one of the user's", 2, 1000, true, false, 0 },
	{ "one with secrets", 2, 1000, false, false, -EPERM },
	{ "another user's", 2, 1001, true, false, -EPERM },
	{ "another user's, by who may trace it", 2, 1001, false, true, 0 },
	{ "scripted one", 3, 1001, false, false, 0 },
	{ "none", 4, 1000, true, false, -ESRCH },
};

/* As ptrace(2) would have it, more or less. */
static void who_may_ask_for_addresses(struct kunit *test)
{
	const struct trace_row *row = test->param_value;
	struct cred *user = sim_test_user(test, 1000, 1000);
	struct rig *r = make_rig(test);
	unsigned long pid;
	struct sim_mm *mm;

	r->live->m->owner = KUIDT_INIT(1000);
	if (row->trace)
		sim_test_user_allow(user, CAP_SYS_PTRACE);
	for (pid = 1; (mm = sim_mm_next(r->live->m, &pid)); pid++) {
		mm->uid = KUIDT_INIT(row->uid);
		if (mm->real)
			set_dumpable(mm->real, row->dumpable ? SUID_DUMP_USER :
							       SUID_DUMP_DISABLE);
		sim_mm_put(mm);
	}
	KUNIT_EXPECT_EQ(test, row->err,
			SIM_TEST_AS(user, query(r, NULL, SHMSWAP_QUERY_VMAS, row->pid)));
	KUNIT_EXPECT_EQ(test, row->err,
			SIM_TEST_AS(user, query(r, NULL, SHMSWAP_QUERY_PTES, row->pid)));
}

KUNIT_ARRAY_PARAM_DESC(trace, trace_rows, name);

/* That there are sharers, and how large their parts are, may be known. */
static void addresses_of_sharers_are_hidden(struct kunit *test)
{
	struct cred *user = sim_test_user(test, 1000, 1000);
	struct rig *r = make_rig(test);

	r->live->seg->mode |= 0444;
	KUNIT_EXPECT_EQ(test, 0, SIM_TEST_AS(user, query(r, NULL, SHMSWAP_QUERY_SHARERS,
							 r->live->id)));
	KUNIT_EXPECT_EQ(test, 3, r->count);
	KUNIT_EXPECT_EQ(test, BASE, r->vmas[0].start);
	KUNIT_EXPECT_EQ(test, 0, r->vmas[1].start);
	KUNIT_EXPECT_EQ(test, PAGES(2), r->vmas[1].end);
	KUNIT_EXPECT_EQ(test, BASE + PAGES(10), r->vmas[2].start);
	KUNIT_EXPECT_EQ(test, 0, query(r, NULL, SHMSWAP_QUERY_SHARERS, r->live->id));
	KUNIT_EXPECT_NE(test, 0, r->vmas[1].start);
}

static void number_of_a_process_that_ended(struct kunit *test)
{
	struct rig *r = make_rig(test);
	s32 pid = sim_test_real_mm(test, r->live->m, r->other)->pid;

	KUNIT_EXPECT_EQ(test, 0, query(r, NULL, SHMSWAP_QUERY_VMAS, pid));
	sim_test_real_exit(test, r->other);
	KUNIT_EXPECT_EQ(test, -ESRCH, query(r, NULL, SHMSWAP_QUERY_VMAS, pid));
}

static void areas_are_as_mprotect_left_them(struct kunit *test)
{
	struct rig *r = make_rig(test);
	u32 pid = r->live->mm->pid;

	KUNIT_EXPECT_EQ(test, 0, query(r, NULL, SHMSWAP_QUERY_VMAS, pid));
	KUNIT_EXPECT_TRUE(test, r->vmas[0].flags & SHMSWAP_VM_WRITE);
	KUNIT_EXPECT_EQ(test, 0, sim_test_real_mprotect(r->live->real, BASE, 2, PROT_READ));
	KUNIT_EXPECT_EQ(test, 0, query(r, NULL, SHMSWAP_QUERY_VMAS, pid));
	KUNIT_EXPECT_FALSE(test, r->vmas[0].flags & SHMSWAP_VM_WRITE);
}

static void processes_say_whether_they_are_real(struct kunit *test)
{
	struct rig *r = make_rig(test);

	KUNIT_EXPECT_EQ(test, 0, query(r, NULL, SHMSWAP_QUERY_PROCS, 0));
	KUNIT_EXPECT_EQ(test, 3, r->count);
	KUNIT_EXPECT_EQ(test, SHMSWAP_PROC_LIVE, r->procs[0].flags);
	KUNIT_EXPECT_EQ(test, SHMSWAP_PROC_LIVE, r->procs[1].flags);
	KUNIT_EXPECT_EQ(test, 0, r->procs[2].flags);
}

static struct kunit_case cases[] = {
	KUNIT_CASE_PARAM(query_needs_process, needs_gen_params),
	KUNIT_CASE(query_of_the_own_process),
	KUNIT_CASE(query_by_number),
	KUNIT_CASE_PARAM(who_may_ask_by_number, number_gen_params),
	KUNIT_CASE_PARAM(who_may_ask_for_addresses, trace_gen_params),
	KUNIT_CASE(addresses_of_sharers_are_hidden),
	KUNIT_CASE(number_of_a_process_that_ended),
	KUNIT_CASE(areas_are_as_mprotect_left_them),
	KUNIT_CASE(processes_say_whether_they_are_real),
	{}
};

static struct kunit_suite suite = {
	.name = "shmswap_query",
	.init = sim_test_init,
	.exit = sim_test_exit,
	.test_cases = cases,
};

kunit_test_suite(suite);
