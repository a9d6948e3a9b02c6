// SPDX-License-Identifier: GPL-2.0
/*
 * Each allocation of each operation fails in turn: the operation copes, or
 * fails with -ENOMEM and has changed nothing.
 */
#include <linux/capability.h>
#include <linux/err.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/mman.h>

#include "kunit_helpers.h"
#include "kunit_users.h"

#define BASE		0x100000000ULL
#define FAR		0x500000000000ULL
#define FAR_TOO		0x300000000000ULL
#define PAGES		8
#define FRAMES		256

/**
 * struct rig - a machine for an operation to fail on
 * @m: machine
 * @mm: process
 * @seg: segment of @PAGES pages with a pattern
 * @swap: area that is used if there is no better one
 * @id: segment that the operation makes or uses
 * @child: process that it makes or uses
 * @made: machine that it makes
 * @type: area that it makes or uses
 * @buf: memory that user space can write to
 * @user: somebody else than root
 * @held: frames that are taken, because they have memory already
 * @nr_held: how many
 */
struct rig {
	struct sim_machine *m;
	struct sim_mm *mm;
	struct sim_shmid *seg;
	struct sim_test_swap *swap;
	s32 id;
	struct sim_mm *child;
	struct sim_machine *made;
	u32 type;
	u64 buf;
	struct cred *user;
	struct sim_page *held[FRAMES];
	u32 nr_held;
};

/**
 * struct state - what a failed operation leaves as it was
 *
 * Tables that a fault made stay, as in the kernel; the self-check counts them.
 */
struct state {
	u64 nr_free_pages;
	u64 nr_swap_pages;
	u64 nr_swapcache;
	u64 shm_tot;
	u64 shm_rss;
	u64 shm_swp;
	u64 shm_used;
	u64 nr_mms;
	u64 map_count;
	u64 rss;
	u64 nattch;
};

static struct state state_of(struct rig *r)
{
	return (struct state) {
		.nr_free_pages = r->m->nr_free_pages,
		.nr_swap_pages = r->m->nr_swap_pages,
		.nr_swapcache = atomic_read(&r->m->nr_swapcache),
		.shm_tot = r->m->shm_tot,
		.shm_rss = atomic_long_read(&r->m->shm_rss),
		.shm_swp = atomic_long_read(&r->m->shm_swp),
		.shm_used = r->m->shm_used,
		.nr_mms = atomic_read(&r->m->nr_mms),
		.map_count = r->mm->map_count,
		.rss = atomic_long_read(&r->mm->rss),
		.nattch = r->seg->nattch,
	};
}

/* The same with all pages that are in memory in swap. */
static struct state swapped_out(struct state s)
{
	s.nr_free_pages += s.shm_rss;
	s.nr_swap_pages -= s.shm_rss;
	s.shm_swp += s.shm_rss;
	s.shm_rss = 0;
	return s;
}

static int shmat(struct sim_mm *mm, s32 id, u64 address, u32 shmflg)
{
	struct shmswap_shmat arg = { .shmid = id, .addr = address, .shmflg = shmflg };

	return sim_shmat(mm, &arg);
}

static int swapon_ram(struct rig *r, u32 slots, s32 prio)
{
	struct shmswap_swapon arg = {
		.flags = SHMSWAP_SWAPON_RAM | SHMSWAP_SWAPON_PREFER,
		.fd = -1,
		.prio = prio,
		.slots = slots,
	};
	int err = sim_swapon(r->m, &arg);

	r->type = arg.out_type;
	return err;
}

/* ------------------------------------------------- machines and processes */

static int machine_create(struct rig *r)
{
	r->made = sim_machine_create(&(const struct sim_config) {
		.nr_frames = SIM_TEST_FRAMES,
		.ram_swap = SIM_TEST_SLOTS,
	});
	return PTR_ERR_OR_ZERO(r->made);
}

static void put_made(struct kunit *test, struct rig *r)
{
	sim_machine_put(r->made);
}

static int mm_create(struct rig *r)
{
	r->child = sim_mm_create(r->m);
	return PTR_ERR_OR_ZERO(r->child);
}

static int mm_fork(struct rig *r)
{
	r->child = sim_mm_fork(r->mm);
	return PTR_ERR_OR_ZERO(r->child);
}

static void exit_child(struct kunit *test, struct rig *r)
{
	sim_mm_exit(r->child);
}

static void attach_more(struct kunit *test, struct rig *r)
{
	KUNIT_ASSERT_EQ(test, 0, shmat(r->mm, r->seg->id, FAR, 0));
	KUNIT_ASSERT_EQ(test, 0, shmat(r->mm, r->seg->id, FAR_TOO, SHM_RDONLY));
}

static void detach_more(struct kunit *test, struct rig *r)
{
	KUNIT_EXPECT_EQ(test, 0, sim_shmdt(r->mm, FAR));
	KUNIT_EXPECT_EQ(test, 0, sim_shmdt(r->mm, FAR_TOO));
}

static void exit_child_and_detach(struct kunit *test, struct rig *r)
{
	exit_child(test, r);
	detach_more(test, r);
}

static void make_child(struct kunit *test, struct rig *r)
{
	r->child = sim_mm_fork(r->mm);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, r->child);
	sim_test_touch_pages(test, r->child, BASE, 3);
}

static int mm_exit(struct rig *r)
{
	sim_mm_exit(r->child);
	return 0;
}

/* --------------------------------------------------- segments and attaches */

static int shmget(struct rig *r)
{
	struct shmswap_shmget arg = { .key = 7, .segsz = 1, .shmflg = IPC_CREAT | 0600 };
	int err = sim_shmget(r->m, &arg);

	r->id = arg.out_shmid;
	return err;
}

static void remove_seg(struct kunit *test, struct rig *r)
{
	KUNIT_EXPECT_EQ(test, 0, sim_test_shmctl(r->m, r->id, IPC_RMID));
}

static void make_seg(struct kunit *test, struct rig *r)
{
	r->id = sim_test_segment(test, r->m, 4);
}

static void make_full_seg(struct kunit *test, struct rig *r)
{
	make_seg(test, r);
	KUNIT_ASSERT_EQ(test, 0, shmat(r->mm, r->id, FAR, 0));
	sim_test_touch_pages(test, r->mm, FAR, 4);
	KUNIT_ASSERT_EQ(test, 0, sim_shmdt(r->mm, FAR));
}

static int shm_rmid(struct rig *r)
{
	return sim_test_shmctl(r->m, r->id, IPC_RMID);
}

static int shm_lock(struct rig *r)
{
	return SIM_TEST_AS(r->user, sim_test_shmctl(r->m, r->id, SHM_LOCK));
}

static int shm_attach(struct rig *r)
{
	return shmat(r->mm, r->seg->id, FAR, 0);
}

static void detach(struct kunit *test, struct rig *r)
{
	KUNIT_EXPECT_EQ(test, 0, sim_shmdt(r->mm, FAR));
}

/* In the middle of the attach, over its head, over its tail, over all. */
static int remap_hole(struct rig *r)
{
	return shmat(r->mm, r->id, BASE + 2 * PAGE_SIZE, SHM_REMAP);
}

static int remap_head(struct rig *r)
{
	return shmat(r->mm, r->id, BASE - 2 * PAGE_SIZE, SHM_REMAP);
}

static int remap_tail(struct rig *r)
{
	return shmat(r->mm, r->id, BASE + 6 * PAGE_SIZE, SHM_REMAP);
}

static int remap_all(struct rig *r)
{
	return shmat(r->mm, r->seg->id, BASE, SHM_REMAP);
}

/* As the rig was: one attach of all pages, of which all are mapped. */
static void attach_anew(struct kunit *test, struct rig *r)
{
	KUNIT_ASSERT_EQ(test, 0, shmat(r->mm, r->seg->id, BASE, SHM_REMAP));
	sim_test_touch_pages(test, r->mm, BASE, PAGES);
}

static void undo_remap(struct kunit *test, struct rig *r)
{
	sim_shmdt(r->mm, BASE - 2 * PAGE_SIZE);
	sim_shmdt(r->mm, BASE + 6 * PAGE_SIZE);
	attach_anew(test, r);
	remove_seg(test, r);
}

static int shm_detach(struct rig *r)
{
	return sim_shmdt(r->mm, BASE);
}

static void make_fragments(struct kunit *test, struct rig *r)
{
	make_seg(test, r);
	KUNIT_ASSERT_EQ(test, 0, shmat(r->mm, r->id, BASE + 2 * PAGE_SIZE, SHM_REMAP));
}

static void undo_fragments(struct kunit *test, struct rig *r)
{
	KUNIT_EXPECT_EQ(test, 0, sim_shmdt(r->mm, BASE + 2 * PAGE_SIZE));
	attach_anew(test, r);
	remove_seg(test, r);
}

/* ------------------------------------------------------------------ faults */

static void attach_seg(struct kunit *test, struct rig *r)
{
	make_seg(test, r);
	KUNIT_ASSERT_EQ(test, 0, shmat(r->mm, r->id, FAR, 0));
}

static void remove_attached_seg(struct kunit *test, struct rig *r)
{
	detach(test, r);
	remove_seg(test, r);
}

static int zero_fill(struct rig *r)
{
	return sim_test_touch(r->mm, FAR, true);
}

/* The next frame will be one that was never used. */
static void hold_frames(struct rig *r)
{
	struct sim_page *page = sim_get_free_page(r->m);

	while (page && page->page) {
		r->held[r->nr_held++] = page;
		page = sim_get_free_page(r->m);
	}
	if (page)
		sim_unpin_page(r->m, page);
}

static void release_frames(struct rig *r)
{
	while (r->nr_held)
		sim_unpin_page(r->m, r->held[--r->nr_held]);
}

static void swap_out(struct kunit *test, struct rig *r)
{
	sim_test_swap_out_all(test, r->m);
	hold_frames(r);
}

static void swap_out_to_ram(struct kunit *test, struct rig *r)
{
	KUNIT_ASSERT_EQ(test, 0, swapon_ram(r, 2 * PAGES, 9));
	swap_out(test, r);
}

static int swap_in(struct rig *r)
{
	return sim_test_touch(r->mm, BASE, false);
}

static void swap_in_all(struct kunit *test, struct rig *r)
{
	release_frames(r);
	sim_test_touch_pages(test, r->mm, BASE, PAGES);
}

static void swap_off(struct kunit *test, struct rig *r)
{
	release_frames(r);
	KUNIT_EXPECT_EQ(test, 0, sim_swapoff(r->m, r->type));
	swap_in_all(test, r);
}

/* -------------------------------------------------------------- reclaiming */

/* All pages are old; the area that they go to has never been used. */
static void make_old(struct kunit *test, struct rig *r)
{
	KUNIT_ASSERT_EQ(test, 0, swapon_ram(r, 2 * PAGES, 9));
	sim_test_touch_pages(test, r->mm, BASE, PAGES);
	KUNIT_ASSERT_EQ(test, 0, sim_test_shm_swap(r->m, 0));
	KUNIT_ASSERT_EQ(test, 0, sim_shmdt(r->mm, BASE));
	KUNIT_ASSERT_EQ(test, 0, shmat(r->mm, r->seg->id, BASE, 0));
}

static int shm_swap(struct rig *r)
{
	return sim_test_shm_swap(r->m, 0) ? 0 : -ENOMEM;
}

static int reclaim(struct rig *r)
{
	struct sim_reclaim_result result;

	return sim_reclaim(r->m, SHMSWAP_RECLAIM_TRY, 0, 1, &result);
}

static int swapon(struct rig *r)
{
	return swapon_ram(r, SIM_TEST_SLOTS, 1);
}

static void swapoff_made(struct kunit *test, struct rig *r)
{
	KUNIT_EXPECT_EQ(test, 0, sim_swapoff(r->m, r->type));
}

static int swapoff(struct rig *r)
{
	return sim_swapoff(r->m, r->type);
}

/* --------------------------------------------------------------- reporting */

static int check(struct rig *r)
{
	struct shmswap_check check;

	return sim_check(r->m, &check);
}

static int table(struct rig *r)
{
	struct file *file = sim_table_file(r->mm->m, r->mm, SHMSWAP_TABLE_MAPS);
	char buf[64];
	loff_t pos = 0;
	ssize_t ret;

	if (IS_ERR(file))
		return PTR_ERR(file);
	ret = kernel_read(file, buf, sizeof(buf), &pos);
	__fput_sync(file);
	return ret < 0 ? ret : 0;
}

static void map_buf(struct kunit *test, struct rig *r)
{
	if (!r->buf)
		r->buf = kunit_vm_mmap(test, NULL, 0, PAGE_SIZE, PROT_READ | PROT_WRITE,
				       MAP_ANONYMOUS | MAP_PRIVATE, 0);
	KUNIT_ASSERT_NE(test, 0, r->buf);
	KUNIT_ASSERT_EQ(test, 0, clear_user(u64_to_user_ptr(r->buf), PAGE_SIZE));
}

static int query(struct rig *r)
{
	struct shmswap_query q = {
		.what = SHMSWAP_QUERY_PTES,
		.count = PAGES,
		.buf = r->buf,
	};

	return sim_query(r->mm->m, r->mm, &q);
}

/**
 * struct op - an operation
 * @fn: it
 * @name: its name
 * @before: what it needs, or NULL
 * @after: undoes it and @before after it was successful, or NULL
 * @failed: the same after it failed, or NULL
 * @never: it never fails
 * @partial: pages that it has brought back into memory stay there
 */
static const struct op {
	int (*fn)(struct rig *r);
	const char *name;
	void (*before)(struct kunit *test, struct rig *r);
	void (*after)(struct kunit *test, struct rig *r);
	void (*failed)(struct kunit *test, struct rig *r);
	bool never;
	bool partial;
} ops[] = {
#define ROW(fn, ...)	{ fn, #fn, __VA_ARGS__ }
	ROW(machine_create, NULL, put_made),
	ROW(mm_create, NULL, exit_child),
	ROW(mm_fork, attach_more, exit_child_and_detach, detach_more),
	ROW(mm_exit, make_child, .never = true),
	ROW(shmget, NULL, remove_seg),
	ROW(shm_rmid, make_full_seg, .never = true),
	ROW(shm_lock, make_seg, remove_seg, remove_seg),
	ROW(shm_attach, NULL, detach),
	ROW(remap_hole, make_seg, undo_remap, remove_seg),
	ROW(remap_head, make_seg, undo_remap, remove_seg),
	ROW(remap_tail, make_seg, undo_remap, remove_seg),
	ROW(remap_all, NULL, attach_anew),
	ROW(shm_detach, NULL, attach_anew),
	{ shm_detach, "shm_detach of fragments", make_fragments, undo_fragments, .never = true },
	ROW(zero_fill, attach_seg, remove_attached_seg, remove_attached_seg),
	ROW(swap_in, swap_out, swap_in_all, swap_in_all),
	{ swap_in, "swap_in from RAM", swap_out_to_ram, swap_off, swap_off },
	ROW(shm_swap, make_old, swap_off, swap_off),
	ROW(reclaim, make_old, swap_off, swap_off),
	ROW(swapon, NULL, swapoff_made),
	ROW(swapoff, swap_out_to_ram, swap_in_all, swap_off, .partial = true),
	ROW(check),
	ROW(table),
	ROW(query, map_buf),
#undef ROW
};

KUNIT_ARRAY_PARAM_DESC(op, ops, name);

static struct rig *make_rig(struct kunit *test)
{
	struct rig *r = kunit_kzalloc(test, sizeof(*r), GFP_KERNEL);
	s32 id;

	KUNIT_ASSERT_NOT_NULL(test, r);
	r->m = sim_test_machine_config(test, &(const struct sim_config) { .nr_frames = FRAMES });
	r->swap = sim_test_swap_area(test, r->m, SIM_TEST_SLOTS, 0);
	r->mm = sim_test_process(test, r->m);
	id = sim_test_segment(test, r->m, PAGES);
	r->seg = sim_test_seg(test, r->m, id);
	sim_test_attach_at(test, r->mm, id, BASE, 0);
	sim_test_fill(test, r->mm, BASE, PAGES, 1);
	r->user = sim_test_user(test, 1000, 1000);
	sim_test_user_allow(r->user, CAP_IPC_LOCK);
	return r;
}

static void expect_unchanged(struct kunit *test, const struct op *op, struct state before,
			     struct state after)
{
	if (op->partial) {
		before = swapped_out(before);
		after = swapped_out(after);
	}
	KUNIT_EXPECT_MEMEQ(test, &before, &after, sizeof(before));
}

/* Let its @n-th allocation fail; false if it has fewer. */
static bool fail_nth(struct kunit *test, const struct op *op, struct rig *r, unsigned int n)
{
	struct state before;
	bool fired;
	int err;

	if (op->before)
		op->before(test, r);
	before = state_of(r);
	sim_test_fail_nth(n);
	err = op->fn(r);
	fired = sim_test_fail_fired();
	sim_test_check(test, r->m);
	if (err) {
		KUNIT_EXPECT_EQ_MSG(test, -ENOMEM, err, "allocation %u", n);
		KUNIT_EXPECT_TRUE_MSG(test, fired, "allocation %u", n);
		KUNIT_EXPECT_FALSE_MSG(test, op->never, "allocation %u", n);
		expect_unchanged(test, op, before, state_of(r));
		if (op->failed)
			op->failed(test, r);
	} else if (op->after) {
		op->after(test, r);
	}
	sim_test_verify(test, r->mm, BASE, PAGES, 1);
	return fired;
}

static void allocation_fails_in(struct kunit *test)
{
	const struct op *op = test->param_value;
	struct rig *r = make_rig(test);
	unsigned int n = 1;

	sim_test_fault_injection(test);
	while (fail_nth(test, op, r, n) && n < 500)
		n++;
	KUNIT_EXPECT_LT(test, n, 500);
	/* Were there any at all? */
	if (!op->never)
		KUNIT_EXPECT_GT(test, n, 1);
	kunit_info(test, "%s: %u allocations", op->name, n - 1);
}

static struct kunit_case cases[] = {
	KUNIT_CASE_PARAM(allocation_fails_in, op_gen_params),
	{}
};

static struct kunit_suite suite = {
	.name = "shmswap_failure",
	.init = sim_test_init,
	.exit = sim_test_exit,
	.test_cases = cases,
};

kunit_test_suite(suite);
