// SPDX-License-Identifier: GPL-2.0
/*
 * What the suites have in common; see kunit_helpers.h.
 */
#include <kunit/resource.h>
#include <linux/debugfs.h>
#include <linux/highmem.h>
#include <linux/ipc.h>
#include <linux/kthread.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>
#include <linux/uio.h>

#include "kunit_helpers.h"

/* -------------------------------------------------------------- fixture */

/**
 * struct sim_test_machine - a machine of a case
 * @test: case
 * @list: in struct sim_test
 * @m: machine
 * @swaps: its areas of struct sim_test_swap, which it may use until its end
 */
struct sim_test_machine {
	struct kunit *test;
	struct list_head list;
	struct sim_machine *m;
	struct list_head swaps;
};

/**
 * sim_test_check() - the self-check, as an expectation
 * @test: case
 * @m: machine at rest
 */
void sim_test_check(struct kunit *test, struct sim_machine *m)
{
	struct shmswap_check check = {};
	int err = sim_check(m, &check);

	KUNIT_EXPECT_EQ_MSG(test, 0, err,
			    "self-check: what %u where %#llx expected %llu found %llu",
			    check.out_what, check.out_where, check.out_expected,
			    check.out_found);
}

/**
 * sim_test_init() - .init of every suite
 * @test: case
 *
 * Return: 0.
 */
int sim_test_init(struct kunit *test)
{
	struct sim_test *t = kunit_kzalloc(test, sizeof(*t), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, t);
	INIT_LIST_HEAD(&t->machines);
	test->priv = t;
	return 0;
}

/**
 * sim_test_exit() - .exit of every suite: check each machine as the case left it
 * @test: case
 */
void sim_test_exit(struct kunit *test)
{
	struct sim_test *t = test->priv;
	struct sim_test_machine *tm;

	if (!t)
		return;
	list_for_each_entry(tm, &t->machines, list)
		sim_test_check(test, tm->m);
}

static void free_swap(struct sim_test_swap *swap)
{
	struct page *stored;
	unsigned long slot;

	xa_for_each(&swap->pages, slot, stored)
		__free_page(stored);
	xa_destroy(&swap->pages);
	list_del(&swap->list);
	kfree(swap);
}

/* By now its processes have exited; the accounts must still be right. */
static void put_machine(void *data)
{
	struct sim_test_machine *tm = data;
	struct sim_test_swap *swap, *next;

	sim_test_check(tm->test, tm->m);
	KUNIT_EXPECT_EQ(tm->test, 0, atomic_read(&tm->m->nr_mms));
	list_del(&tm->list);
	sim_machine_put(tm->m);
	list_for_each_entry_safe(swap, next, &tm->swaps, list)
		free_swap(swap);
}

/**
 * sim_test_machine_config() - a machine
 * @test: case
 * @config: what it is made of
 *
 * Return: the machine.
 */
struct sim_machine *sim_test_machine_config(struct kunit *test, const struct sim_config *config)
{
	struct sim_test_machine *tm = kunit_kzalloc(test, sizeof(*tm), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, tm);
	tm->test = test;
	INIT_LIST_HEAD(&tm->swaps);
	tm->m = sim_machine_create(config);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, tm->m);
	list_add_tail(&tm->list, &sim_test_of(test)->machines);
	KUNIT_ASSERT_EQ(test, 0, kunit_add_action_or_reset(test, put_machine, tm));
	return tm->m;
}

/**
 * sim_test_machine() - a small machine with swap in RAM that never reclaims by itself
 * @test: case
 *
 * Return: the machine.
 */
struct sim_machine *sim_test_machine(struct kunit *test)
{
	return sim_test_machine_config(test, &(const struct sim_config) {
		.nr_frames = SIM_TEST_FRAMES,
		.ram_swap = SIM_TEST_SLOTS,
	});
}

/* ------------------------------------------------- processes and segments */

KUNIT_DEFINE_ACTION_WRAPPER(exit_process, sim_mm_exit, struct sim_mm *);
KUNIT_DEFINE_ACTION_WRAPPER(put_seg, sim_shm_put, struct sim_shmid *);

static struct sim_mm *register_process(struct kunit *test, struct sim_mm *mm)
{
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, mm);
	KUNIT_ASSERT_EQ(test, 0, kunit_add_action_or_reset(test, exit_process, mm));
	return mm;
}

/**
 * sim_test_process() - a process with an empty address space
 * @test: case
 * @m: machine
 *
 * Return: the process.
 */
struct sim_mm *sim_test_process(struct kunit *test, struct sim_machine *m)
{
	return register_process(test, sim_mm_create(m));
}

/**
 * sim_test_fork() - a child
 * @test: case
 * @parent: process
 *
 * Return: the child.
 */
struct sim_mm *sim_test_fork(struct kunit *test, struct sim_mm *parent)
{
	return register_process(test, sim_mm_fork(parent));
}

/**
 * sim_test_process_exit() - let a process exit before the case ends
 * @test: case
 * @mm: process that a helper made
 */
void sim_test_process_exit(struct kunit *test, struct sim_mm *mm)
{
	kunit_release_action(test, exit_process, mm);
}

/**
 * sim_test_segment() - a private segment
 * @test: case
 * @m: machine
 * @npages: size in pages
 *
 * Return: its identifier.
 */
s32 sim_test_segment(struct kunit *test, struct sim_machine *m, u64 npages)
{
	struct shmswap_shmget arg = {
		.key = IPC_PRIVATE,
		.segsz = npages << PAGE_SHIFT,
		.shmflg = IPC_CREAT | 0600,
	};

	KUNIT_ASSERT_EQ(test, 0, sim_shmget(m, &arg));
	return arg.out_shmid;
}

/**
 * sim_test_seg() - look at a segment
 * @test: case
 * @m: machine
 * @id: identifier
 *
 * Return: the segment; it can be looked at even after it was destroyed.
 */
struct sim_shmid *sim_test_seg(struct kunit *test, struct sim_machine *m, s32 id)
{
	struct sim_shmid *seg = sim_shm_find(m, id);

	KUNIT_ASSERT_NOT_NULL(test, seg);
	KUNIT_ASSERT_EQ(test, 0, kunit_add_action_or_reset(test, put_seg, seg));
	return seg;
}

/**
 * sim_test_shmctl() - shmctl() without an argument
 * @m: machine
 * @id: identifier
 * @cmd: IPC_RMID, SHM_LOCK, SHM_UNLOCK
 *
 * Return: as sim_shmctl().
 */
int sim_test_shmctl(struct sim_machine *m, s32 id, u32 cmd)
{
	struct shmswap_shmctl arg = { .shmid = id, .cmd = cmd };

	return sim_shmctl(m, &arg);
}

/**
 * sim_test_attach_at() - attach a segment
 * @test: case
 * @mm: process
 * @id: segment
 * @address: where; 0: anywhere
 * @shmflg: SHM_*
 *
 * Return: the address.
 */
u64 sim_test_attach_at(struct kunit *test, struct sim_mm *mm, s32 id, u64 address, u32 shmflg)
{
	struct shmswap_shmat arg = { .shmid = id, .addr = address, .shmflg = shmflg };

	KUNIT_ASSERT_EQ(test, 0, sim_shmat(mm, &arg));
	return arg.out_addr;
}

/**
 * sim_test_attach() - attach a segment anywhere, for reading and writing
 * @test: case
 * @mm: process
 * @id: segment
 *
 * Return: the address.
 */
u64 sim_test_attach(struct kunit *test, struct sim_mm *mm, s32 id)
{
	return sim_test_attach_at(test, mm, id, 0, 0);
}

/**
 * sim_test_touch() - one access without data
 * @mm: process
 * @address: page
 * @write: it is a store
 *
 * Return: as sim_touch().
 */
int sim_test_touch(struct sim_mm *mm, u64 address, bool write)
{
	struct shmswap_touch t = {};
	u64 access = address | (write ? SHMSWAP_TOUCH_WRITE : 0);

	return sim_touch(mm, &access, 1, &t);
}

/**
 * sim_test_touch_pages() - one load from each of some pages, in order
 * @test: case
 * @mm: process
 * @address: first page
 * @npages: how many
 */
void sim_test_touch_pages(struct kunit *test, struct sim_mm *mm, u64 address, u64 npages)
{
	u64 i;

	for (i = 0; i < npages; i++)
		KUNIT_ASSERT_EQ(test, 0, sim_test_touch(mm, sim_test_page(address, i), false));
}

static ssize_t access(struct sim_mm *mm, u64 address, void *buf, size_t len, bool write)
{
	struct kvec kvec = { .iov_base = buf, .iov_len = len };
	struct iov_iter iter;

	iov_iter_kvec(&iter, write ? ITER_SOURCE : ITER_DEST, &kvec, 1, len);
	return sim_access(mm, address, &iter, write);
}

/**
 * sim_test_store() - stores with data
 * @mm: process
 * @address: where
 * @buf: data
 * @len: bytes
 *
 * Return: as sim_access().
 */
ssize_t sim_test_store(struct sim_mm *mm, u64 address, void *buf, size_t len)
{
	return access(mm, address, buf, len, true);
}

/**
 * sim_test_load() - loads with data
 * @mm: process
 * @address: where
 * @buf: where to
 * @len: bytes
 *
 * Return: as sim_access().
 */
ssize_t sim_test_load(struct sim_mm *mm, u64 address, void *buf, size_t len)
{
	return access(mm, address, buf, len, false);
}

/**
 * sim_test_pattern() - what sim_test_fill() puts into a page
 * @words: where to
 * @seed: which pattern
 * @page: which page of it; no two pages or words are alike
 */
void sim_test_pattern(u64 *words, u64 seed, u64 page)
{
	size_t i;

	for (i = 0; i < PAGE_SIZE / sizeof(*words); i++)
		words[i] = (seed << 48 ^ page << 16 ^ i) * 0x9e3779b97f4a7c15ULL;
}

/**
 * sim_test_fill() - write a pattern to some pages
 * @test: case
 * @mm: process
 * @address: first page
 * @npages: how many
 * @seed: which pattern
 */
void sim_test_fill(struct kunit *test, struct sim_mm *mm, u64 address, u64 npages, u64 seed)
{
	u64 *words = kunit_kmalloc(test, PAGE_SIZE, GFP_KERNEL);
	u64 i;

	KUNIT_ASSERT_NOT_NULL(test, words);
	for (i = 0; i < npages; i++) {
		sim_test_pattern(words, seed, i);
		KUNIT_ASSERT_EQ(test, (ssize_t)PAGE_SIZE,
				sim_test_store(mm, sim_test_page(address, i), words, PAGE_SIZE));
	}
	kunit_kfree(test, words);
}

/**
 * sim_test_verify() - expect what sim_test_fill() wrote
 * @test: case
 * @mm: process
 * @address: first page
 * @npages: how many
 * @seed: which pattern
 */
void sim_test_verify(struct kunit *test, struct sim_mm *mm, u64 address, u64 npages, u64 seed)
{
	u64 *words = kunit_kmalloc(test, 2 * PAGE_SIZE, GFP_KERNEL);
	u64 *found;
	u64 i;

	KUNIT_ASSERT_NOT_NULL(test, words);
	found = words + PAGE_SIZE / sizeof(*words);
	for (i = 0; i < npages; i++) {
		sim_test_pattern(words, seed, i);
		KUNIT_ASSERT_EQ(test, (ssize_t)PAGE_SIZE,
				sim_test_load(mm, sim_test_page(address, i), found, PAGE_SIZE));
		KUNIT_EXPECT_EQ_MSG(test, 0, memcmp(words, found, PAGE_SIZE),
				    "page %llu differs", i);
	}
	kunit_kfree(test, words);
}

/* --------------------------------------------------------------- reclaim */

/**
 * sim_test_shm_swap() - run the clock once
 * @m: machine
 * @prio: level
 *
 * Return: as sim_shm_swap().
 */
int sim_test_shm_swap(struct sim_machine *m, int prio)
{
	int ret;

	mutex_lock(&m->reclaim_lock);
	ret = sim_shm_swap(m, prio);
	mutex_unlock(&m->reclaim_lock);
	return ret;
}

/**
 * sim_test_try_to_free_page() - free one page
 * @m: machine
 * @stop: level to go down to
 *
 * Return: as sim_try_to_free_page().
 */
int sim_test_try_to_free_page(struct sim_machine *m, int stop)
{
	int ret;

	mutex_lock(&m->reclaim_lock);
	ret = sim_try_to_free_page(m, stop);
	mutex_unlock(&m->reclaim_lock);
	return ret;
}

/**
 * sim_test_swap_out_all() - run the clock until nothing is resident
 * @test: case
 * @m: machine with enough slots and no locked segment
 */
void sim_test_swap_out_all(struct kunit *test, struct sim_machine *m)
{
	long tries = 3 * atomic_long_read(&m->shm_rss) + 3;

	while (atomic_long_read(&m->shm_rss) && tries--)
		sim_test_shm_swap(m, 0);
	KUNIT_ASSERT_EQ(test, 0L, atomic_long_read(&m->shm_rss));
}

/* ----------------------------------------------- a swap area that can fail */

/**
 * sim_test_fault_due() - does this I/O fail?
 * @fault: which do
 * @slot: slot, or page of a file
 *
 * Return: 0 or -errno.
 */
int sim_test_fault_due(struct sim_test_fault *fault, u32 slot)
{
	if (!fault->count || (fault->slot && fault->slot != slot))
		return 0;
	if (fault->skip) {
		fault->skip--;
		return 0;
	}
	fault->count--;
	return fault->err ?: -EIO;
}

/* Decide what becomes of an I/O, and remember it. */
static int log_io(struct sim_test_swap *swap, u32 slot, bool write)
{
	int err;

	mutex_lock(&swap->lock);
	err = sim_test_fault_due(write ? &swap->fail_write : &swap->fail_read, slot);
	if (write)
		swap->nr_writes++;
	else
		swap->nr_reads++;
	if (swap->nr_io < SIM_TEST_IO_LOG)
		swap->io[swap->nr_io] = (struct sim_test_io) { slot, write, err };
	swap->nr_io++;
	mutex_unlock(&swap->lock);
	return err;
}

static int read_one(struct sim_test_swap *swap, u32 slot, struct page *page)
{
	struct page *stored = xa_load(&swap->pages, slot);
	int err = log_io(swap, slot, false);

	if (swap->on_read)
		swap->on_read(swap, slot);
	if (err)
		return err;
	if (!stored)
		return -ENODATA;
	copy_highpage(page, stored);
	return 0;
}

/* One failure fails all, as it does when a disk reads them together. */
static int fake_read(struct sim_swap_info *si, u32 slot, struct page **pages, u32 nr)
{
	int err = 0;
	u32 i;

	for (i = 0; i < nr; i++)
		err = read_one(si->private, slot + i, pages[i]) ?: err;
	return err;
}

static int store_page(struct sim_test_swap *swap, u32 slot, struct page *page)
{
	struct page *stored = xa_load(&swap->pages, slot);

	if (!stored) {
		stored = alloc_page(GFP_KERNEL);
		if (!stored)
			return -ENOMEM;
		xa_store(&swap->pages, slot, stored, GFP_KERNEL);
	}
	copy_highpage(stored, page);
	return 0;
}

static int fake_write_page(struct sim_test_swap *swap, u32 slot, struct page *page)
{
	int err = log_io(swap, slot, true);

	if (swap->on_write)
		swap->on_write(swap, slot);
	if (!err)
		err = store_page(swap, slot, page);
	if (swap->on_written)
		swap->on_written(swap, slot);
	return err;
}

static int fake_write(struct sim_swap_info *si, u32 slot, struct page **pages, u32 nr)
{
	int err = 0;
	u32 i;

	for (i = 0; !err && i < nr; i++)
		err = fake_write_page(si->private, slot + i, pages[i]);
	return err;
}

static const struct sim_swap_ops fake_ops = {
	.read = fake_read,
	.write = fake_write,
};

static const struct sim_swap_ops fake_synchronous_ops = {
	.read = fake_read,
	.write = fake_write,
	.synchronous = true,
};

static struct sim_test_swap *alloc_swap(struct kunit *test, struct sim_machine *m)
{
	struct sim_test_swap *swap;
	struct sim_test_machine *tm;

	list_for_each_entry(tm, &sim_test_of(test)->machines, list) {
		if (tm->m != m)
			continue;
		swap = kzalloc(sizeof(*swap), GFP_KERNEL);
		KUNIT_ASSERT_NOT_NULL(test, swap);
		mutex_init(&swap->lock);
		xa_init(&swap->pages);
		list_add_tail(&swap->list, &tm->swaps);
		return swap;
	}
	KUNIT_FAIL_AND_ABORT(test, "no helper made this machine");
	return NULL;
}

static struct sim_test_swap *add_area(struct kunit *test, struct sim_machine *m, u32 slots,
				      s32 prio, const struct sim_swap_ops *ops)
{
	const struct sim_swap_geometry geometry = { .max = slots + 1 };
	struct sim_test_swap *swap = alloc_swap(test, m);
	struct sim_swap_info *si;
	int err;

	si = sim_swap_area_alloc(m);
	KUNIT_ASSERT_NOT_NULL(test, si);
	swap->si = si;
	si->ops = ops;
	si->private = swap;
	err = sim_swap_area_add(si, &geometry, prio);
	if (err)
		sim_swap_area_free(si);
	KUNIT_ASSERT_EQ(test, 0, err);
	swap->type = si->type;
	return swap;
}

/**
 * sim_test_swap_area() - add a swap area that fails on demand
 * @test: case
 * @m: machine that a helper made
 * @slots: usable slots
 * @prio: priority, -1 for the default
 *
 * Return: the area.
 */
struct sim_test_swap *sim_test_swap_area(struct kunit *test, struct sim_machine *m, u32 slots,
					 s32 prio)
{
	return add_area(test, m, slots, prio, &fake_ops);
}

/**
 * sim_test_synchronous_area() - the same, but synchronous as RAM is
 * @test: case
 * @m: machine that a helper made
 * @slots: usable slots
 * @prio: priority, -1 for the default
 *
 * What @on_read and @on_write do must then not need the segment's lock.
 *
 * Return: the area.
 */
struct sim_test_swap *sim_test_synchronous_area(struct kunit *test, struct sim_machine *m,
						u32 slots, s32 prio)
{
	return add_area(test, m, slots, prio, &fake_synchronous_ops);
}

/* -------------------------------------------------------------- threads */

static int thread_main(void *data)
{
	struct sim_test_thread *thread = data;

	allow_signal(SIGKILL);
	thread->ret = thread->fn(thread->data);
	complete(&thread->done);
	while (!kthread_should_stop()) {
		flush_signals(current);
		schedule_timeout_interruptible(1);
	}
	return 0;
}

static void stop_thread(void *data)
{
	struct sim_test_thread *thread = data;

	if (!completion_done(&thread->done))
		sim_test_thread_kill(thread);
	kthread_stop(thread->task);
	put_task_struct(thread->task);
}

/**
 * sim_test_thread_run() - do something meanwhile
 * @test: case
 * @fn: what
 * @data: for @fn
 *
 * If the case ends first the thread is killed.
 *
 * Return: the thread.
 */
struct sim_test_thread *sim_test_thread_run(struct kunit *test, int (*fn)(void *data),
					    void *data)
{
	struct sim_test_thread *thread = kunit_kzalloc(test, sizeof(*thread), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, thread);
	thread->fn = fn;
	thread->data = data;
	init_completion(&thread->done);
	thread->task = kthread_create(thread_main, thread, "shmswap-kunit");
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, thread->task);
	get_task_struct(thread->task);
	wake_up_process(thread->task);
	KUNIT_ASSERT_EQ(test, 0, kunit_add_action_or_reset(test, stop_thread, thread));
	return thread;
}

/**
 * sim_test_thread_kill() - a fatal signal for a thread
 * @thread: thread
 */
void sim_test_thread_kill(struct sim_test_thread *thread)
{
	send_sig(SIGKILL, thread->task, 1);
}

/**
 * sim_test_thread_join() - wait until a thread is through
 * @test: case
 * @thread: thread
 *
 * Return: what it returned.
 */
int sim_test_thread_join(struct kunit *test, struct sim_test_thread *thread)
{
	KUNIT_ASSERT_GT(test, wait_for_completion_timeout(&thread->done, SIM_TEST_WAIT), 0UL);
	return thread->ret;
}

/* --------------------------------------------- allocations that fail */

#ifdef CONFIG_FAULT_INJECTION_DEBUG_FS

enum knob_kind { KNOB_BOOL, KNOB_U32, KNOB_ULONG };

/**
 * struct knob - a setting of the kernel's fault injection
 * @dir: directory in debugfs
 * @name: file
 * @kind: what is behind it
 * @wanted: what a case needs
 */
struct knob {
	const char *dir;
	const char *name;
	enum knob_kind kind;
	unsigned long wanted;
};

/* By default an allocation that may sleep never fails. */
static const struct knob knobs[] = {
	{ "failslab", "ignore-gfp-wait", KNOB_BOOL, false },
	{ "failslab", "verbose", KNOB_ULONG, 0 },
	{ "fail_page_alloc", "ignore-gfp-wait", KNOB_BOOL, false },
	{ "fail_page_alloc", "ignore-gfp-highmem", KNOB_BOOL, false },
	{ "fail_page_alloc", "min-order", KNOB_U32, 0 },
	{ "fail_page_alloc", "verbose", KNOB_ULONG, 0 },
};

struct saved_knobs {
	unsigned long value[ARRAY_SIZE(knobs)];
};

/*
 * The variable behind a file of debugfs: these files have no write_iter, so
 * kernel_write() refuses them.
 */
static void *find_knob(const struct knob *knob)
{
	struct dentry *dir = debugfs_lookup(knob->dir, NULL);
	struct dentry *file = dir ? debugfs_lookup(knob->name, dir) : NULL;
	void *variable = file ? d_inode(file)->i_private : NULL;

	dput(file);
	dput(dir);
	return variable;
}

static unsigned long exchange_knob(const struct knob *knob, unsigned long value)
{
	void *variable = find_knob(knob);

	switch (knob->kind) {
	case KNOB_BOOL:
		return xchg((bool *)variable, value);
	case KNOB_U32:
		return xchg((u32 *)variable, value);
	default:
		return xchg((unsigned long *)variable, value);
	}
}

static void restore_knobs(void *data)
{
	struct saved_knobs *saved = data;
	size_t i;

	current->fail_nth = 0;
	for (i = 0; i < ARRAY_SIZE(knobs); i++)
		exchange_knob(&knobs[i], saved->value[i]);
}

/**
 * sim_test_fault_injection() - let allocations fail until the case ends
 * @test: case; it is skipped if the kernel cannot do that
 */
void sim_test_fault_injection(struct kunit *test)
{
	struct saved_knobs *saved = kunit_kzalloc(test, sizeof(*saved), GFP_KERNEL);
	size_t i;

	KUNIT_ASSERT_NOT_NULL(test, saved);
	for (i = 0; i < ARRAY_SIZE(knobs); i++) {
		if (!find_knob(&knobs[i]))
			kunit_skip(test, "no %s/%s", knobs[i].dir, knobs[i].name);
	}
	for (i = 0; i < ARRAY_SIZE(knobs); i++)
		saved->value[i] = exchange_knob(&knobs[i], knobs[i].wanted);
	KUNIT_ASSERT_EQ(test, 0, kunit_add_action_or_reset(test, restore_knobs, saved));
}

/**
 * sim_test_fail_nth() - let this thread's @n-th allocation from now on fail
 * @n: 1: the next; 0: none
 */
void sim_test_fail_nth(unsigned int n)
{
	current->fail_nth = n;
}

/**
 * sim_test_fail_fired() - did it fail?
 *
 * No further one will.
 *
 * Return: false if there were fewer allocations.
 */
bool sim_test_fail_fired(void)
{
	bool fired = !current->fail_nth;

	current->fail_nth = 0;
	return fired;
}

#else

void sim_test_fault_injection(struct kunit *test)
{
	kunit_skip(test, "this kernel has no CONFIG_FAULT_INJECTION_DEBUG_FS");
}

void sim_test_fail_nth(unsigned int n)
{
}

bool sim_test_fail_fired(void)
{
	return false;
}

#endif

/* -------------------------------------------------------- what to expect */

/**
 * sim_test_pte() - an entry of a process's page table
 * @mm: process
 * @address: page
 *
 * Return: the entry; none if there is no table.
 */
sim_pte_t sim_test_pte(struct sim_mm *mm, u64 address)
{
	sim_pte_t pte = SIM_PTE_NONE;
	sim_pte_t *ptep;

	down_read(&mm->mmap_lock);
	ptep = sim_pte_offset(mm, address);
	if (ptep)
		pte = sim_ptep_get(ptep);
	up_read(&mm->mmap_lock);
	return pte;
}

/**
 * sim_test_word() - a page's word in its segment's page list
 * @seg: segment
 * @index: page index
 *
 * Return: the word; none if there is none.
 */
sim_pte_t sim_test_word(struct sim_shmid *seg, pgoff_t index)
{
	sim_pte_t pte = SIM_PTE_NONE;
	sim_pte_t *word;

	mutex_lock(&seg->lock);
	word = sim_shm_word(seg, index);
	if (word)
		pte = *word;
	mutex_unlock(&seg->lock);
	return pte;
}

/**
 * sim_test_frame() - a page's frame
 * @seg: segment
 * @index: page index
 *
 * Return: the frame, NULL if the page is not resident.
 */
struct sim_page *sim_test_frame(struct sim_shmid *seg, pgoff_t index)
{
	sim_pte_t pte = sim_test_word(seg, index);

	return sim_pte_present(pte) ? sim_pfn_page(seg->m, sim_pte_pfn(pte)) : NULL;
}

/**
 * sim_test_event() - read a counter
 * @m: machine
 * @event: which
 *
 * Return: its value.
 */
u64 sim_test_event(struct sim_machine *m, enum sim_event event)
{
	return atomic64_read(&m->events[event]);
}

static struct sim_test_text __printf(1, 2) text(const char *format, ...)
{
	struct sim_test_text t;
	va_list args;

	va_start(args, format);
	vscnprintf(t.s, sizeof(t.s), format, args);
	va_end(args);
	return t;
}

/**
 * sim_test_pte_text() - an entry in words
 * @pte: entry
 *
 * Return: the words.
 */
struct sim_test_text sim_test_pte_text(sim_pte_t pte)
{
	struct sim_test_text kind = sim_test_kind_text(pte);
	sim_swp_entry_t entry = sim_pte_to_swp_entry(pte);

	if (sim_pte_present(pte))
		return text("%s pfn %u%s (%#llx)", kind.s, sim_pte_pfn(pte),
			    sim_pte_write(pte) ? " writable" : "", pte.pte);
	if (sim_pte_is_shm(pte))
		return text("%s id %u idx %u (%#llx)", kind.s, sim_pte_shm_id(pte),
			    sim_pte_shm_idx(pte), pte.pte);
	if (sim_pte_is_swap(pte))
		return text("%s type %u slot %u (%#llx)", kind.s, sim_swp_type(entry),
			    sim_swp_offset(entry), pte.pte);
	return text("%s (%#llx)", kind.s, pte.pte);
}

/**
 * sim_test_kind_text() - the kind of an entry in words
 * @pte: entry
 *
 * Return: the words.
 */
struct sim_test_text sim_test_kind_text(sim_pte_t pte)
{
	if (sim_pte_present(pte))
		return text("present %s", sim_pte_young(pte) ? "young" : "old");
	if (sim_pte_is_shm(pte))
		return text("signature");
	if (sim_pte_is_swap(pte))
		return text("swap");
	return text(sim_pte_none(pte) ? "none" : "unknown");
}

/**
 * sim_test_clock_text() - the state of the clock in words
 * @id: first hand
 * @idx: second hand
 * @attempts: counter
 * @successes: counter
 *
 * Return: the words.
 */
struct sim_test_text sim_test_clock_text(u32 id, u64 idx, u64 attempts, u64 successes)
{
	return text("hands at %u:%llu, %llu attempts, %llu successes", id, idx, attempts,
		    successes);
}

/**
 * sim_test_shm_text() - the machine's pages in words
 * @tot: of all segments
 * @rss: resident
 * @swp: swapped
 *
 * Return: the words.
 */
struct sim_test_text sim_test_shm_text(u64 tot, u64 rss, u64 swp)
{
	return text("tot %llu, rss %llu, swp %llu", tot, rss, swp);
}

/**
 * sim_test_clock() - where a machine's clock is, in words
 * @m: machine
 *
 * Return: the words.
 */
struct sim_test_text sim_test_clock(struct sim_machine *m)
{
	return sim_test_clock_text(m->clock.swap_id, m->clock.swap_idx,
				   sim_test_event(m, SIM_SWAP_ATTEMPTS),
				   sim_test_event(m, SIM_SWAP_SUCCESSES));
}

/**
 * sim_test_shm() - a machine's pages in words
 * @m: machine
 *
 * Return: the words.
 */
struct sim_test_text sim_test_shm(struct sim_machine *m)
{
	return sim_test_shm_text(m->shm_tot, atomic_long_read(&m->shm_rss),
				 atomic_long_read(&m->shm_swp));
}
