// SPDX-License-Identifier: GPL-2.0
/*
 * Fork, exit, and the end of a segment in whatever order its users go.
 */
#include "kunit_helpers.h"

#define BASE		0x100000000ULL
#define PAGES(n)	((u64)(n) << PAGE_SHIFT)

/* ------------------------------------------------------------------- fork */

static void fork_inherits_attaches(struct kunit *test)
{
	struct sim_machine *m = sim_test_machine(test);
	struct sim_mm *mm = sim_test_process(test, m);
	s32 id = sim_test_segment(test, m, 4);
	struct sim_mm *child;

	sim_test_attach_at(test, mm, id, BASE, 0);
	sim_test_attach_at(test, mm, id, BASE + PAGES(4), SHM_RDONLY);
	sim_test_fill(test, mm, BASE, 4, 1);
	child = sim_test_fork(test, mm);
	KUNIT_EXPECT_NE(test, mm->pid, child->pid);
	KUNIT_EXPECT_EQ(test, 2, child->map_count);
	KUNIT_EXPECT_EQ(test, 4, sim_test_seg(test, m, id)->nattch);
	KUNIT_EXPECT_EQ(test, 2, atomic_read(&m->nr_mms));
	sim_test_verify(test, child, BASE, 4, 1);
	sim_test_verify(test, child, BASE + PAGES(4), 4, 1);
	KUNIT_EXPECT_EQ(test, 0, sim_test_touch(child, BASE, true));
	KUNIT_EXPECT_EQ(test, -EFAULT, sim_test_touch(child, BASE + PAGES(4), true));
}

/* What the parent has mapped costs the child a minor fault, and no frame. */
static void fork_maps_nothing(struct kunit *test)
{
	struct sim_machine *m = sim_test_machine(test);
	struct sim_mm *mm = sim_test_process(test, m);
	s32 id = sim_test_segment(test, m, 4);
	struct sim_mm *child;
	u32 free;

	sim_test_attach_at(test, mm, id, BASE, 0);
	sim_test_touch_pages(test, mm, BASE, 4);
	free = m->nr_free_pages;
	child = sim_test_fork(test, mm);
	KUNIT_EXPECT_EQ(test, 0, atomic_long_read(&child->rss));
	KUNIT_EXPECT_NULL(test, child->pgd);
	SIM_EXPECT_PTE(test, child, BASE, "none");
	sim_test_touch_pages(test, child, BASE, 4);
	KUNIT_EXPECT_EQ(test, sim_test_pte(mm, BASE).pte, sim_test_pte(child, BASE).pte);
	KUNIT_EXPECT_EQ(test, 3, sim_page_count(sim_test_frame(sim_test_seg(test, m, id), 0)));
	KUNIT_EXPECT_EQ(test, 4, atomic64_read(&child->min_flt));
	KUNIT_EXPECT_EQ(test, 0, atomic64_read(&child->maj_flt));
	KUNIT_EXPECT_EQ(test, free, m->nr_free_pages);
}

static void fork_inherits_fragments(struct kunit *test)
{
	struct sim_machine *m = sim_test_machine(test);
	struct sim_mm *mm = sim_test_process(test, m);
	s32 id = sim_test_segment(test, m, 8);
	s32 hole = sim_test_segment(test, m, 2);
	struct sim_mm *child;

	sim_test_attach_at(test, mm, id, BASE, 0);
	sim_test_fill(test, mm, BASE, 8, 1);
	sim_test_attach_at(test, mm, hole, BASE + PAGES(3), SHM_REMAP);
	child = sim_test_fork(test, mm);
	KUNIT_EXPECT_EQ(test, 4, sim_test_seg(test, m, id)->nattch);
	sim_test_verify(test, child, BASE, 3, 1);
	KUNIT_EXPECT_EQ(test, 0, sim_shmdt(child, BASE));
	KUNIT_EXPECT_EQ(test, 1, child->map_count);
	KUNIT_EXPECT_EQ(test, 2, sim_test_seg(test, m, id)->nattch);
	KUNIT_EXPECT_EQ(test, 2, sim_test_seg(test, m, hole)->nattch);
	sim_test_verify(test, mm, BASE, 3, 1);
}

/* A child's stores are seen by its parent, and its detaching is not. */
static void fork_shares_pages_and_nothing_else(struct kunit *test)
{
	struct sim_machine *m = sim_test_machine(test);
	struct sim_mm *mm = sim_test_process(test, m);
	s32 id = sim_test_segment(test, m, 4);
	struct sim_mm *child;

	sim_test_attach_at(test, mm, id, BASE, 0);
	child = sim_test_fork(test, mm);
	sim_test_fill(test, child, BASE, 4, 7);
	KUNIT_EXPECT_EQ(test, 0, sim_shmdt(child, BASE));
	KUNIT_EXPECT_EQ(test, -EFAULT, sim_test_touch(child, BASE, false));
	sim_test_verify(test, mm, BASE, 4, 7);
	sim_test_attach_at(test, child, sim_test_segment(test, m, 1), BASE, 0);
	KUNIT_EXPECT_EQ(test, 0, sim_test_touch(child, BASE, false));
	sim_test_verify(test, mm, BASE, 4, 7);
}

static void numbers_are_not_reused_while_in_use(struct kunit *test)
{
	struct sim_machine *m = sim_test_machine(test);
	struct sim_mm *first = sim_test_process(test, m);
	struct sim_mm *second = sim_test_fork(test, first);
	unsigned long pid = 0;
	struct sim_mm *mm;

	KUNIT_EXPECT_EQ(test, 1, first->pid);
	KUNIT_EXPECT_EQ(test, 2, second->pid);
	sim_test_process_exit(test, first);
	mm = sim_mm_next(m, &pid);
	KUNIT_ASSERT_PTR_EQ(test, second, mm);
	KUNIT_EXPECT_EQ(test, 2, pid);
	sim_mm_put(mm);
	KUNIT_EXPECT_EQ(test, 1, sim_test_process(test, m)->pid);
	pid = 3;
	KUNIT_EXPECT_NULL(test, sim_mm_next(m, &pid));
}

/* A process that somebody looks at outlives its exit, empty. */
static void exit_of_process_that_is_looked_at(struct kunit *test)
{
	struct sim_machine *m = sim_test_machine(test);
	struct sim_mm *mm = sim_test_process(test, m);
	unsigned long pid = 0;
	struct sim_mm *seen;

	sim_test_attach_at(test, mm, sim_test_segment(test, m, 1), BASE, 0);
	sim_test_touch_pages(test, mm, BASE, 1);
	seen = sim_mm_next(m, &pid);
	KUNIT_ASSERT_PTR_EQ(test, mm, seen);
	sim_test_process_exit(test, mm);
	KUNIT_EXPECT_EQ(test, 0, atomic_read(&m->nr_mms));
	KUNIT_EXPECT_EQ(test, 0, atomic_long_read(&seen->rss));
	KUNIT_EXPECT_EQ(test, -EFAULT, sim_test_touch(seen, BASE, false));
	sim_mm_put(seen);
}

/* ------------------------------------------------------------------- exit */

static void nothing(struct kunit *test, struct sim_mm *mm, s32 id)
{
}

static void attached(struct kunit *test, struct sim_mm *mm, s32 id)
{
	sim_test_attach_at(test, mm, id, BASE, 0);
}

static void touched(struct kunit *test, struct sim_mm *mm, s32 id)
{
	attached(test, mm, id);
	sim_test_touch_pages(test, mm, BASE, 8);
}

static void swapped(struct kunit *test, struct sim_mm *mm, s32 id)
{
	touched(test, mm, id);
	sim_test_swap_out_all(test, mm->m);
	KUNIT_EXPECT_EQ(test, 0, atomic_long_read(&mm->rss));
	sim_test_touch_pages(test, mm, BASE, 3);
}

static void fragmented(struct kunit *test, struct sim_mm *mm, s32 id)
{
	swapped(test, mm, id);
	sim_test_attach_at(test, mm, id, BASE + PAGES(2), SHM_REMAP);
	sim_test_touch_pages(test, mm, BASE + PAGES(1), 4);
}

static void everywhere(struct kunit *test, struct sim_mm *mm, s32 id)
{
	u64 address;

	for (address = PAGE_SIZE; address < SHMSWAP_TASK_SIZE / 2; address *= 16) {
		sim_test_attach_at(test, mm, id, address, 0);
		sim_test_touch_pages(test, mm, address, 8);
	}
	sim_test_attach_at(test, mm, id, SHMSWAP_TASK_SIZE - PAGES(8), 0);
	sim_test_touch_pages(test, mm, SHMSWAP_TASK_SIZE - PAGES(8), 8);
}

static const struct exit_row {
	const char *name;
	void (*prepare)(struct kunit *test, struct sim_mm *mm, s32 id);
} exit_rows[] = {
	{ "with nothing", nothing },
	{ "with an attach", attached },
	{ "with pages mapped", touched },
	{ "with pages swapped out", swapped },
	{ "with fragments", fragmented },
	{ "with attaches everywhere", everywhere },
};

/* Another process has touched all pages before, so only its own things go. */
static void exit_detaches(struct kunit *test)
{
	const struct exit_row *row = test->param_value;
	struct sim_machine *m = sim_test_machine(test);
	struct sim_mm *keeper = sim_test_process(test, m);
	s32 id = sim_test_segment(test, m, 8);
	u64 base = sim_test_attach(test, keeper, id);
	struct sim_mm *mm;
	long table_bytes;

	sim_test_fill(test, keeper, base, 8, 1);
	table_bytes = atomic_long_read(&m->table_bytes);
	mm = sim_test_process(test, m);
	row->prepare(test, mm, id);
	sim_test_check(test, m);
	sim_test_process_exit(test, mm);
	KUNIT_EXPECT_EQ(test, 1, sim_test_seg(test, m, id)->nattch);
	KUNIT_EXPECT_EQ(test, 1, atomic_read(&m->nr_mms));
	KUNIT_EXPECT_EQ(test, table_bytes, atomic_long_read(&m->table_bytes));
	sim_test_check(test, m);
	sim_test_verify(test, keeper, base, 8, 1);
}

KUNIT_ARRAY_PARAM_DESC(exit, exit_rows, name);

/* ---------------------------------------------------- the end of a segment */

/**
 * struct users - what holds a segment
 * @m: machine
 * @id: segment
 * @mm: a process that is attached, also in fragments
 * @child: another
 */
struct users {
	struct sim_machine *m;
	s32 id;
	struct sim_mm *mm;
	struct sim_mm *child;
};

static void detach_all(struct kunit *test, struct users *u)
{
	KUNIT_EXPECT_EQ(test, 0, sim_shmdt(u->mm, BASE));
}

static void exit_mm(struct kunit *test, struct users *u)
{
	sim_test_process_exit(test, u->mm);
}

static void exit_child(struct kunit *test, struct users *u)
{
	sim_test_process_exit(test, u->child);
}

static void rmid(struct kunit *test, struct users *u)
{
	KUNIT_EXPECT_EQ(test, 0, sim_test_shmctl(u->m, u->id, IPC_RMID));
}

static const struct step {
	char name;
	void (*fn)(struct kunit *test, struct users *u);
} steps[] = {
	{ 'd', detach_all },
	{ 'e', exit_mm },
	{ 'c', exit_child },
	{ 'r', rmid },
};

/* All orders of the steps; a process that has exited cannot detach. */
static const char *const orders[] = {
	"decr", "derc", "dcer", "dcre", "drec", "drce",
	"cder", "cdre", "crde", "rdec", "rdce", "rcde",
	"ecr", "erc", "cer", "cre", "rec", "rce",
};

static bool in_use(const char *done)
{
	return !strchr(done, 'r') || !strchr(done, 'c') || !strpbrk(done, "de");
}

static void describe_order(const char *const *order, char *desc)
{
	snprintf(desc, KUNIT_PARAM_DESC_SIZE, "order %s", *order);
}

KUNIT_ARRAY_PARAM(order, orders, describe_order);

static struct users make_users(struct kunit *test)
{
	struct users u = { .m = sim_test_machine(test) };

	u.mm = sim_test_process(test, u.m);
	u.id = sim_test_segment(test, u.m, 8);
	sim_test_attach_at(test, u.mm, u.id, BASE, 0);
	sim_test_fill(test, u.mm, BASE, 6, 1);
	sim_test_swap_out_all(test, u.m);
	sim_test_attach_at(test, u.mm, sim_test_segment(test, u.m, 1), BASE + PAGES(4),
			   SHM_REMAP);
	u.child = sim_test_fork(test, u.mm);
	sim_test_touch_pages(test, u.child, BASE, 3);
	sim_test_touch_pages(test, u.mm, BASE, 2);
	return u;
}

/*
 * Oracle: whatever the order of detach, exit and IPC_RMID, all frames and slots
 * come back, and the segment's pages are subtracted exactly once.
 */
static void segment_ends_with_its_last_user(struct kunit *test)
{
	const char *order = *(const char *const *)test->param_value;
	struct users u = make_users(test);
	struct sim_machine *m = u.m;
	char done[8] = "";
	u32 i, step;

	for (i = 0; order[i]; i++) {
		for (step = 0; steps[step].name != order[i]; step++)
			;
		steps[step].fn(test, &u);
		done[i] = order[i];
		KUNIT_EXPECT_EQ_MSG(test, in_use(done) ? 9 : 1, m->shm_tot, "after %s", done);
		sim_test_check(test, m);
	}
	SIM_EXPECT_SHM(test, m, 1, 0, 0);
	KUNIT_EXPECT_EQ(test, 1, m->shm_used);
	KUNIT_EXPECT_EQ(test, SIM_TEST_FRAMES, m->nr_free_pages);
	KUNIT_EXPECT_EQ(test, SIM_TEST_SLOTS, m->nr_swap_pages);
	KUNIT_EXPECT_EQ(test, 0, atomic_long_read(&m->table_bytes));
}

/* The machine's end is the end of segments that nobody removed. */
static void segments_end_with_their_machine(struct kunit *test)
{
	struct users u = make_users(test);

	KUNIT_EXPECT_EQ(test, 0, sim_test_shmctl(u.m, u.id, SHM_LOCK));
	sim_test_process_exit(test, u.mm);
	sim_test_process_exit(test, u.child);
	SIM_EXPECT_SHM(test, u.m, 9, 3, 3);
}

/* --------------------------------------------------- while it is attached */

/**
 * struct attacher - a process that is about to attach
 * @mm: process
 * @arg: what it calls shmat() with
 */
struct attacher {
	struct sim_mm *mm;
	struct shmswap_shmat arg;
};

static struct attacher *make_attacher(struct kunit *test, struct sim_machine *m, s32 id)
{
	struct attacher *a = kunit_kzalloc(test, sizeof(*a), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, a);
	a->mm = sim_test_process(test, m);
	a->arg.shmid = id;
	return a;
}

static int shmat_thread(void *data)
{
	struct attacher *a = data;

	return sim_shmat(a->mm, &a->arg);
}

static int shmdt_thread(void *data)
{
	struct attacher *a = data;

	return sim_shmdt(a->mm, a->arg.out_addr);
}

static unsigned long attaching(struct sim_shmid *seg)
{
	unsigned long nr;

	mutex_lock(&seg->lock);
	nr = seg->attaching;
	mutex_unlock(&seg->lock);
	return nr;
}

/* Let a thread get as far as it can while its process's areas are locked. */
static struct sim_test_thread *begin_shmat(struct kunit *test, struct attacher *a,
					   struct sim_shmid *seg)
{
	struct sim_test_thread *thread;

	down_write(&a->mm->mmap_lock);
	thread = sim_test_thread_run(test, shmat_thread, a);
	KUNIT_EXPECT_TRUE(test, sim_test_wait_for(attaching(seg) == 1));
	return thread;
}

static void rmid_while_attaching(struct kunit *test)
{
	struct sim_machine *m = sim_test_machine(test);
	s32 id = sim_test_segment(test, m, 4);
	struct attacher *a = make_attacher(test, m, id);
	struct sim_shmid *seg = sim_test_seg(test, m, id);
	struct sim_test_thread *thread;

	thread = begin_shmat(test, a, seg);
	KUNIT_EXPECT_EQ(test, 0, sim_test_shmctl(m, id, IPC_RMID));
	KUNIT_EXPECT_EQ(test, 1, m->shm_used);
	up_write(&a->mm->mmap_lock);
	KUNIT_EXPECT_EQ(test, 0, sim_test_thread_join(test, thread));
	KUNIT_EXPECT_EQ(test, 0, attaching(seg));
	sim_test_fill(test, a->mm, a->arg.out_addr, 4, 1);
	KUNIT_EXPECT_EQ(test, 0, sim_shmdt(a->mm, a->arg.out_addr));
	SIM_EXPECT_SHM(test, m, 0, 0, 0);
}

/* The one that was about to attach is killed, so it is the last user. */
static void killed_while_attaching(struct kunit *test)
{
	struct sim_machine *m = sim_test_machine(test);
	s32 id = sim_test_segment(test, m, 4);
	struct attacher *a = make_attacher(test, m, id);
	struct sim_shmid *seg = sim_test_seg(test, m, id);
	struct sim_test_thread *thread;

	thread = begin_shmat(test, a, seg);
	KUNIT_EXPECT_EQ(test, 0, sim_test_shmctl(m, id, IPC_RMID));
	sim_test_thread_kill(thread);
	KUNIT_EXPECT_EQ(test, -EINTR, sim_test_thread_join(test, thread));
	SIM_EXPECT_SHM(test, m, 0, 0, 0);
	KUNIT_EXPECT_EQ(test, 0, a->mm->map_count);
	up_write(&a->mm->mmap_lock);
}

static struct sim_machine *forced_machine(struct kunit *test)
{
	return sim_test_machine_config(test, &(const struct sim_config) {
		.flags = SHMSWAP_MACHINE_RMID_FORCED,
		.nr_frames = SIM_TEST_FRAMES,
	});
}

/* The last attach goes meanwhile, and none comes in its place. */
static void orphaned_while_attaching(struct kunit *test)
{
	struct sim_machine *m = forced_machine(test);
	s32 id = sim_test_segment(test, m, 4);
	struct attacher *a = make_attacher(test, m, id);
	struct attacher *last = make_attacher(test, m, id);
	struct sim_test_thread *thread, *detacher;

	KUNIT_ASSERT_EQ(test, 0, sim_shmat(last->mm, &last->arg));
	thread = begin_shmat(test, a, sim_test_seg(test, m, id));
	/* Not here, where the lock of another process is held. */
	detacher = sim_test_thread_run(test, shmdt_thread, last);
	KUNIT_EXPECT_EQ(test, 0, sim_test_thread_join(test, detacher));
	KUNIT_EXPECT_EQ(test, 1, m->shm_used);
	sim_test_thread_kill(thread);
	KUNIT_EXPECT_EQ(test, -EINTR, sim_test_thread_join(test, thread));
	KUNIT_EXPECT_EQ(test, 0, m->shm_used);
	up_write(&a->mm->mmap_lock);
}

/* One that was never attached is no orphan. */
static void failed_attach_under_forced_destruction(struct kunit *test)
{
	struct sim_machine *m = forced_machine(test);
	struct sim_mm *mm = sim_test_process(test, m);
	struct shmswap_shmat at = {
		.shmid = sim_test_segment(test, m, 4),
		.addr = SHMSWAP_TASK_SIZE,
	};

	KUNIT_EXPECT_EQ(test, -EINVAL, sim_shmat(mm, &at));
	KUNIT_EXPECT_EQ(test, 1, m->shm_used);
}

/* It was found, but is being destroyed: all that is still possible is to fail. */
static void use_of_segment_that_goes(struct kunit *test)
{
	struct sim_machine *m = sim_test_machine(test);
	struct sim_mm *mm = sim_test_process(test, m);
	struct shmswap_shmget get = { .key = 99, .segsz = 1, .shmflg = IPC_CREAT | 0600 };
	struct sim_shmid *seg;
	struct shmswap_shmat at = {};

	KUNIT_ASSERT_EQ(test, 0, sim_shmget(m, &get));
	at.shmid = get.out_shmid;
	seg = sim_test_seg(test, m, at.shmid);
	seg->removed = true;
	KUNIT_EXPECT_EQ(test, -EIDRM, sim_shmat(mm, &at));
	KUNIT_EXPECT_EQ(test, -EIDRM, sim_test_shmctl(m, at.shmid, IPC_RMID));
	KUNIT_EXPECT_EQ(test, -EIDRM, sim_test_shmctl(m, at.shmid, SHM_LOCK));
	get.shmflg = 0600;
	KUNIT_EXPECT_EQ(test, -ENOENT, sim_shmget(m, &get));
	get.shmflg |= IPC_CREAT | IPC_EXCL;
	KUNIT_EXPECT_EQ(test, 0, sim_shmget(m, &get));
	KUNIT_EXPECT_NE(test, at.shmid, get.out_shmid);
	seg->removed = false;
}

static struct kunit_case cases[] = {
	KUNIT_CASE(fork_inherits_attaches),
	KUNIT_CASE(fork_maps_nothing),
	KUNIT_CASE(fork_inherits_fragments),
	KUNIT_CASE(fork_shares_pages_and_nothing_else),
	KUNIT_CASE(numbers_are_not_reused_while_in_use),
	KUNIT_CASE(exit_of_process_that_is_looked_at),
	KUNIT_CASE_PARAM(exit_detaches, exit_gen_params),
	KUNIT_CASE_PARAM(segment_ends_with_its_last_user, order_gen_params),
	KUNIT_CASE(segments_end_with_their_machine),
	KUNIT_CASE(rmid_while_attaching),
	KUNIT_CASE(killed_while_attaching),
	KUNIT_CASE(orphaned_while_attaching),
	KUNIT_CASE(failed_attach_under_forced_destruction),
	KUNIT_CASE(use_of_segment_that_goes),
	{}
};

static struct kunit_suite suite = {
	.name = "shmswap_exit",
	.init = sim_test_init,
	.exit = sim_test_exit,
	.test_cases = cases,
};

kunit_test_suite(suite);
