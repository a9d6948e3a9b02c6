// SPDX-License-Identifier: GPL-2.0
/*
 * Faults of real processes: what they map, what they count, what they wait for,
 * and what becomes of one that fails.
 */
#include <linux/file.h>
#include <linux/mman.h>
#include <linux/pagemap.h>
#include <linux/sched/mm.h>

#include "kunit_live.h"

#define BASE		SIM_TEST_LIVE_BASE
#define PAGES(n)	((u64)(n) << PAGE_SHIFT)

/* What a program's access is to the kernel, at first and when it tries again. */
#define PROGRAM		(FAULT_FLAG_DEFAULT | FAULT_FLAG_USER)
#define PROGRAM_AGAIN	(PROGRAM | FAULT_FLAG_TRIED)
/* And what one is that the kernel itself makes, as for direct I/O. */
#define KERNEL		FAULT_FLAG_DEFAULT

static struct sim_page *frame(struct sim_test_live *r)
{
	return sim_test_frame(r->seg, 0);
}

/* --------------------------------------------------------- what is mapped */

static void fault_maps(struct kunit *test)
{
	struct sim_test_live *r = sim_test_live(test, 4, 0);
	struct page *memory;

	KUNIT_EXPECT_EQ(test, 0, sim_test_real_store(r->real, BASE + PAGES(2), 7));
	KUNIT_EXPECT_TRUE(test, sim_test_really_writable(r->real, BASE + PAGES(2)));
	KUNIT_EXPECT_FALSE(test, sim_test_really_mapped(r->real, BASE));
	SIM_EXPECT_BITS(test, r->mm, BASE + PAGES(2), "young dirty writable");
	SIM_EXPECT_PTE(test, r->mm, BASE, "none");
	SIM_EXPECT_SHM(test, r->m, 4, 1, 0);
	KUNIT_EXPECT_EQ(test, 1, atomic_long_read(&r->mm->rss));
	KUNIT_EXPECT_EQ(test, SIM_TEST_FRAMES - 1, r->m->nr_free_pages);

	/* Futexes are found by these. */
	memory = sim_test_frame(r->seg, 2)->page;
	KUNIT_EXPECT_PTR_EQ(test, r->seg->inode->i_mapping, memory->mapping);
	KUNIT_EXPECT_EQ(test, 2, memory->index);
	KUNIT_EXPECT_EQ(test, 2, page_ref_count(memory));
}

/* A store to it will not be noticed, so it counts as stored to. */
static void page_that_is_only_loaded_from_may_be_dirty(struct kunit *test)
{
	struct sim_test_live *r = sim_test_live(test, 1, SHMSWAP_MACHINE_SHM_PROCESS);

	sim_test_real_touch(test, r->real, BASE, 1);
	KUNIT_EXPECT_TRUE(test, sim_test_really_writable(r->real, BASE));
	SIM_EXPECT_BITS(test, r->mm, BASE, "young dirty writable");
}

static void read_only_attach_is_mapped_read_only(struct kunit *test)
{
	struct sim_test_live *r = sim_test_live(test, 1, 0);
	u64 base = sim_test_real_attach_at(test, r->real, r->m, r->id, 0, SHM_RDONLY);

	sim_test_real_touch(test, r->real, base, 1);
	SIM_EXPECT_BITS(test, r->mm, base, "young dirty read-only");
	KUNIT_EXPECT_TRUE(test, sim_test_really_mapped(r->real, base));
	KUNIT_EXPECT_FALSE(test, sim_test_really_writable(r->real, base));
	KUNIT_EXPECT_EQ(test, -EFAULT, sim_test_real_store(r->real, base, 1));
}

static void real_and_scripted_processes_share(struct kunit *test)
{
	struct sim_test_live *r = sim_test_live(test, 2, 0);
	struct mm_struct *child = sim_test_real_fork(test, r->real);
	struct sim_mm *mm = sim_test_process(test, r->m);
	u64 base = sim_test_attach(test, mm, r->id);
	u64 word;

	KUNIT_EXPECT_EQ(test, 0, sim_test_set_word(mm, base, 1));
	KUNIT_EXPECT_EQ(test, 0, sim_test_real_load(r->real, BASE, &word));
	KUNIT_EXPECT_EQ(test, 1, word);
	KUNIT_EXPECT_EQ(test, 0, sim_test_real_store(child, BASE, 2));
	KUNIT_EXPECT_EQ(test, 2, sim_test_word_at(mm, base));
	KUNIT_EXPECT_EQ(test, 0, sim_test_real_load(r->real, BASE, &word));
	KUNIT_EXPECT_EQ(test, 2, word);
	KUNIT_EXPECT_EQ(test, 4, sim_page_count(frame(r)));
	SIM_EXPECT_SHM(test, r->m, 2, 1, 0);
}

/* --------------------------------------------------------- what is counted */

/* The other's access comes first. */
static void other_has_it(struct kunit *test, struct sim_test_live *r)
{
	struct sim_mm *mm = sim_test_process(test, r->m);

	sim_test_touch_pages(test, mm, sim_test_attach(test, mm, r->id), 1);
}

static void only_in_swap(struct kunit *test, struct sim_test_live *r)
{
	sim_test_real_touch(test, r->real, BASE, 1);
	sim_test_swap_out_all(test, r->m);
}

static void only_in_fast_swap(struct kunit *test, struct sim_test_live *r)
{
	sim_test_synchronous_area(test, r->m, SIM_TEST_SLOTS, 10);
	only_in_swap(test, r);
}

static void made_old(struct kunit *test, struct sim_test_live *r)
{
	sim_test_real_touch(test, r->real, BASE, 1);
	KUNIT_ASSERT_EQ(test, 0, sim_test_shm_swap(r->m, 0));
	SIM_EXPECT_PTE(test, r->mm, BASE, "present old");
}

static void really_unmapped(struct kunit *test, struct sim_test_live *r)
{
	sim_test_real_touch(test, r->real, BASE, 1);
	sim_test_live_zap(test, r, 0);
	SIM_EXPECT_PTE(test, r->mm, BASE, "present young");
}

/* The clock took it from us, but not from another. */
static void taken_by_the_clock(struct kunit *test, struct sim_test_live *r)
{
	struct sim_mm *mm = sim_test_process(test, r->m);
	u64 base = sim_test_attach(test, mm, r->id);

	made_old(test, r);
	sim_test_touch_pages(test, mm, base, 1);
	KUNIT_ASSERT_EQ(test, 0, sim_test_shm_swap(r->m, 0));
	SIM_EXPECT_PTE(test, r->mm, BASE, "signature");
	KUNIT_ASSERT_NOT_NULL(test, frame(r));
}

/**
 * struct count_row - a fault, and what it counts as
 * @name: the page
 * @setup: make it so
 * @min: minor faults
 * @maj: major faults
 * @zero: pages that were zeroed
 * @in: pages that were read
 */
static const struct count_row {
	const char *name;
	void (*setup)(struct kunit *test, struct sim_test_live *r);
	u32 min;
	u32 maj;
	u32 zero;
	u32 in;
} count_rows[] = {
	{ "never touched", NULL, 0, 1, 1, 0 },
	{ "that another has", other_has_it, 1, 0, 0, 0 },
	{ "only in swap", only_in_swap, 0, 1, 0, 1 },
	{ "only in fast swap", only_in_fast_swap, 0, 1, 0, 1 },
	{ "made old", made_old, 0, 0, 0, 0 },
	{ "really unmapped", really_unmapped, 0, 0, 0, 0 },
	{ "taken by the clock", taken_by_the_clock, 1, 0, 0, 0 },
};

static struct count_row counts(struct sim_test_live *r)
{
	return (struct count_row) {
		.min = atomic64_read(&r->mm->min_flt),
		.maj = atomic64_read(&r->mm->maj_flt),
		.zero = sim_test_event(r->m, SIM_PGZERO),
		.in = sim_test_event(r->m, SIM_PSWPIN),
	};
}

/* Let @access happen to the page of the case's row, and look at what was counted. */
static void expect_counts(struct kunit *test,
			  void (*access)(struct kunit *test, struct sim_test_live *r))
{
	const struct count_row *row = test->param_value;
	struct sim_test_live *r = sim_test_live(test, 1, 0);
	struct count_row before;
	u64 faults, majors;

	if (row->setup)
		row->setup(test, r);
	before = counts(r);
	faults = sim_test_event(r->m, SIM_PGFAULT);
	majors = sim_test_event(r->m, SIM_PGMAJFAULT);
	access(test, r);
	KUNIT_EXPECT_EQ(test, before.min + row->min, counts(r).min);
	KUNIT_EXPECT_EQ(test, before.maj + row->maj, counts(r).maj);
	KUNIT_EXPECT_EQ(test, before.zero + row->zero, counts(r).zero);
	KUNIT_EXPECT_EQ(test, before.in + row->in, counts(r).in);
	SIM_EXPECT_EVENT(test, r->m, PGFAULT, faults + row->min + row->maj);
	SIM_EXPECT_EVENT(test, r->m, PGMAJFAULT, majors + row->maj);
	SIM_EXPECT_BITS(test, r->mm, BASE, "young dirty writable");
	KUNIT_EXPECT_TRUE(test, sim_test_really_writable(r->real, BASE));
}

static void program_stores(struct kunit *test, struct sim_test_live *r)
{
	KUNIT_EXPECT_EQ(test, 0, sim_test_real_store(r->real, BASE, 1));
}

static void program_loads(struct kunit *test, struct sim_test_live *r)
{
	sim_test_real_touch(test, r->real, BASE, 1);
}

static void kernel_gets_page(struct kunit *test, struct sim_test_live *r)
{
	sim_test_real_unpin(test, sim_test_real_pin(test, r->real, BASE));
}

static void store_counts(struct kunit *test)
{
	expect_counts(test, program_stores);
}

static void load_counts(struct kunit *test)
{
	expect_counts(test, program_loads);
}

static void access_of_the_kernel_counts(struct kunit *test)
{
	expect_counts(test, kernel_gets_page);
}

KUNIT_ARRAY_PARAM_DESC(count, count_rows, name);

/* --------------------------------------------- what happens to mmap_lock meanwhile */

/* The kernel hears that the fault is to be tried again, and that it was a major one. */
static void program_waits_without_the_lock(struct kunit *test)
{
	struct sim_test_live *r = sim_test_live_filled(test, 1, 0);
	u64 majors = atomic64_read(&r->mm->maj_flt);

	sim_test_swap_out_all(test, r->m);
	KUNIT_EXPECT_EQ(test, VM_FAULT_RETRY | VM_FAULT_MAJOR,
			sim_test_real_fault(r->real, BASE, PROGRAM));
	KUNIT_EXPECT_NOT_NULL(test, frame(r));
	SIM_EXPECT_PTE(test, r->mm, BASE, "signature");
	KUNIT_EXPECT_EQ(test, majors + 1, atomic64_read(&r->mm->maj_flt));
	KUNIT_EXPECT_EQ(test, 0, sim_test_real_fault(r->real, BASE, PROGRAM_AGAIN));
	KUNIT_EXPECT_TRUE(test, sim_test_really_mapped(r->real, BASE));
	KUNIT_EXPECT_EQ(test, majors + 1, atomic64_read(&r->mm->maj_flt));
	KUNIT_EXPECT_EQ(test, 0, atomic64_read(&r->mm->min_flt));
}

static void kernel_waits_with_the_lock(struct kunit *test)
{
	struct sim_test_live *r = sim_test_live_filled(test, 1, 0);

	sim_test_swap_out_all(test, r->m);
	KUNIT_EXPECT_EQ(test, VM_FAULT_MAJOR, sim_test_real_fault(r->real, BASE, KERNEL));
	KUNIT_EXPECT_TRUE(test, sim_test_really_mapped(r->real, BASE));
}

/* To let go of the lock for that would cost more than it takes. */
static void fast_swap_needs_no_wait(struct kunit *test)
{
	struct sim_test_live *r = sim_test_live(test, 1, 0);

	only_in_fast_swap(test, r);
	KUNIT_EXPECT_EQ(test, VM_FAULT_MAJOR, sim_test_real_fault(r->real, BASE, PROGRAM));
	KUNIT_EXPECT_TRUE(test, sim_test_really_mapped(r->real, BASE));
}

static void zeroed_page_is_no_major_fault_to_the_kernel(struct kunit *test)
{
	struct sim_test_live *r = sim_test_live(test, 1, 0);

	KUNIT_EXPECT_EQ(test, 0, sim_test_real_fault(r->real, BASE, PROGRAM));
	KUNIT_EXPECT_EQ(test, 1, atomic64_read(&r->mm->maj_flt));
}

/**
 * struct lock_row - an access to a swapped page
 * @name: whose
 * @access: it
 * @free: others can take mmap_lock while the page is read
 */
static const struct lock_row {
	const char *name;
	void (*access)(struct kunit *test, struct sim_test_live *r);
	bool free;
} lock_rows[] = {
	{ "program", program_stores, true },
	{ "kernel", kernel_gets_page, false },
};

struct lock_seen {
	struct mm_struct *real;
	bool free;
};

static void look_at_lock(struct sim_test_swap *swap, u32 slot)
{
	struct lock_seen *seen = swap->data;

	seen->free = !rwsem_is_locked(&seen->real->mmap_lock);
}

static void lock_during_read(struct kunit *test)
{
	const struct lock_row *row = test->param_value;
	struct sim_test_live *r = sim_test_live_filled(test, 1, 0);
	struct lock_seen seen = { .real = r->real, .free = !row->free };

	sim_test_swap_out_all(test, r->m);
	r->swap->data = &seen;
	r->swap->on_read = look_at_lock;
	row->access(test, r);
	r->swap->on_read = NULL;
	KUNIT_EXPECT_EQ(test, 1, r->swap->nr_reads);
	KUNIT_EXPECT_EQ(test, row->free, seen.free);
}

KUNIT_ARRAY_PARAM_DESC(lock, lock_rows, name);

/* ------------------------------------------------------- what goes on meanwhile */

/**
 * struct access - an access by a thread of a real process
 * @real: process
 * @address: where
 */
struct access {
	struct mm_struct *real;
	u64 address;
};

static int load_word(void *data)
{
	struct access *a = data;
	u64 word;

	return sim_test_real_load(a->real, a->address, &word);
}

static struct sim_test_thread *run_load(struct kunit *test, struct sim_test_live *r)
{
	struct access *a = kunit_kzalloc(test, sizeof(*a), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, a);
	a->real = r->real;
	a->address = BASE;
	return sim_test_thread_run(test, load_word, a);
}

/* Until end_read(), or the case fails and its threads are killed. */
static void hold_read(struct sim_test_swap *swap, u32 slot)
{
	wait_for_completion_state(swap->data, TASK_KILLABLE);
}

static void end_read(struct sim_test_live *r)
{
	complete_all(r->swap->data);
}

/* A thread of the process waits for a read that goes on until end_read(). */
static struct sim_test_thread *start_read(struct kunit *test, struct sim_test_live *r)
{
	struct completion *go = kunit_kzalloc(test, sizeof(*go), GFP_KERNEL);
	struct sim_test_thread *thread;

	KUNIT_ASSERT_NOT_NULL(test, go);
	init_completion(go);
	sim_test_swap_out_all(test, r->m);
	r->swap->data = go;
	r->swap->on_read = hold_read;
	thread = run_load(test, r);
	KUNIT_ASSERT_TRUE(test, sim_test_wait_for(r->swap->nr_reads == 1));
	return thread;
}

static void second_thread_waits_for_the_read(struct kunit *test)
{
	struct sim_test_live *r = sim_test_live_filled(test, 1, 0);
	struct sim_test_thread *first = start_read(test, r);
	struct sim_test_thread *second = run_load(test, r);

	schedule_timeout_uninterruptible(3);
	KUNIT_EXPECT_FALSE(test, completion_done(&second->done));
	end_read(r);
	KUNIT_EXPECT_EQ(test, 0, sim_test_thread_join(test, first));
	KUNIT_EXPECT_EQ(test, 0, sim_test_thread_join(test, second));
	KUNIT_EXPECT_EQ(test, 1, r->swap->nr_reads);
	/* One zeroed the page, one read it; who only waited did neither. */
	KUNIT_EXPECT_EQ(test, 2, atomic64_read(&r->mm->maj_flt));
	KUNIT_EXPECT_EQ(test, 1, atomic64_read(&r->mm->min_flt));
	sim_test_real_verify(test, r->real, BASE, 1, 1);
}

static void attach_may_go_while_its_page_is_read(struct kunit *test)
{
	struct sim_test_live *r = sim_test_live_filled(test, 1, 0);
	struct sim_test_thread *thread = start_read(test, r);

	KUNIT_EXPECT_EQ(test, 0, sim_test_real_munmap(r->real, BASE, 1));
	KUNIT_EXPECT_EQ(test, 0, atomic_read(&r->m->nr_mms));
	KUNIT_EXPECT_EQ(test, 0, r->seg->nattch);
	end_read(r);
	KUNIT_EXPECT_EQ(test, -EFAULT, sim_test_thread_join(test, thread));
	SIM_EXPECT_SHM(test, r->m, 1, 1, 0);
}

static void segment_may_go_while_its_page_is_read(struct kunit *test)
{
	struct sim_test_live *r = sim_test_live_filled(test, 1, 0);
	struct sim_test_thread *thread = start_read(test, r);

	KUNIT_EXPECT_EQ(test, 0, sim_test_shmctl(r->m, r->id, IPC_RMID));
	KUNIT_EXPECT_EQ(test, 0, sim_test_real_munmap(r->real, BASE, 1));
	SIM_EXPECT_SHM(test, r->m, 0, 0, 0);
	end_read(r);
	KUNIT_EXPECT_EQ(test, -EFAULT, sim_test_thread_join(test, thread));
	SIM_EXPECT_SHM(test, r->m, 0, 0, 0);
	KUNIT_EXPECT_EQ(test, SIM_TEST_FRAMES, r->m->nr_free_pages);
	KUNIT_EXPECT_EQ(test, 0, r->swap->si->inuse_pages);
}

/* Somebody is just mapping the page, or taking it away. */
static struct sim_test_thread *wait_for_memory(struct kunit *test, struct sim_test_live *r,
					       struct page *memory)
{
	struct sim_test_thread *thread;

	sim_test_live_zap(test, r, 0);
	lock_page(memory);
	thread = run_load(test, r);
	schedule_timeout_uninterruptible(3);
	KUNIT_EXPECT_FALSE(test, completion_done(&thread->done));
	return thread;
}

static void fault_waits_for_the_memory(struct kunit *test)
{
	struct sim_test_live *r = sim_test_live_filled(test, 1, 0);
	struct page *memory = frame(r)->page;
	struct sim_test_thread *thread = wait_for_memory(test, r, memory);

	unlock_page(memory);
	KUNIT_EXPECT_EQ(test, 0, sim_test_thread_join(test, thread));
	KUNIT_EXPECT_EQ(test, 2, page_ref_count(memory));
	KUNIT_EXPECT_TRUE(test, sim_test_really_mapped(r->real, BASE));
	KUNIT_EXPECT_EQ(test, 1, atomic64_read(&r->mm->maj_flt));
	KUNIT_EXPECT_EQ(test, 0, atomic64_read(&r->mm->min_flt));
}

static void who_waits_for_the_memory_can_be_killed(struct kunit *test)
{
	struct sim_test_live *r = sim_test_live_filled(test, 1, 0);
	struct page *memory = frame(r)->page;
	struct sim_test_thread *thread = wait_for_memory(test, r, memory);

	sim_test_thread_kill(thread);
	KUNIT_EXPECT_EQ(test, -EFAULT, sim_test_thread_join(test, thread));
	unlock_page(memory);
	KUNIT_EXPECT_EQ(test, 1, page_ref_count(memory));
	sim_test_real_verify(test, r->real, BASE, 1, 1);
}

/* A file that is read under its inode's lock, which who faults may hold. */
static struct sim_test_file *file_area(struct kunit *test, struct sim_test_live *r)
{
	struct sim_test_file *f = sim_test_file(test, 16, 1);
	static const char magic[] = "SWAPSPACE2";
	struct shmswap_swapon arg = {
		.flags = SHMSWAP_SWAPON_PREFER,
		.fd = f->fd,
		.prio = 10,
	};
	u32 info[] = { 1, 15, 0 };
	loff_t pos = 1024;

	KUNIT_ASSERT_EQ(test, sizeof(info), kernel_write(f->file, info, sizeof(info), &pos));
	pos = PAGE_SIZE - 10;
	KUNIT_ASSERT_EQ(test, 10, kernel_write(f->file, magic, 10, &pos));
	KUNIT_ASSERT_EQ(test, 0, sim_swapon(r->m, &arg));
	r->m->swap_info[arg.out_type]->file->f_flags |= O_DIRECT;
	return f;
}

static void note_reader(struct sim_test_file *f, pgoff_t index)
{
	*(struct task_struct **)f->data = current;
}

/* A program faults with no lock held, so it can read itself. */
static void who_reads_under_the_lock_of_an_inode(struct kunit *test)
{
	const struct lock_row *row = test->param_value;
	struct sim_test_live *r = sim_test_live_filled(test, 1, 0);
	struct sim_test_file *f = file_area(test, r);
	struct task_struct *reader = NULL;

	sim_test_swap_out_all(test, r->m);
	f->data = &reader;
	f->on_read = note_reader;
	row->access(test, r);
	f->on_read = NULL;
	KUNIT_EXPECT_EQ(test, row->free, reader == current);
	sim_test_real_exit(test, r->real);
	KUNIT_EXPECT_EQ(test, 0, sim_test_shmctl(r->m, r->id, IPC_RMID));
}

static void hold_reader(struct sim_test_file *f, pgoff_t index)
{
	struct completion *stages = f->data;

	complete(&stages[0]);
	wait_for_completion_timeout(&stages[1], SIM_TEST_WAIT);
}

static int kernel_faults(void *data)
{
	struct access *a = data;

	return sim_test_real_fault(a->real, a->address, KERNEL);
}

/* It may hold what the reader waits for. The reader goes on, and cleans up. */
static void who_waits_for_somebody_else_can_be_killed(struct kunit *test)
{
	struct sim_test_live *r = sim_test_live_filled(test, 1, 0);
	struct completion *stages = kunit_kcalloc(test, 2, sizeof(*stages), GFP_KERNEL);
	struct sim_test_file *f = file_area(test, r);
	struct access a = { .real = r->real, .address = BASE };
	struct sim_test_thread *thread;

	KUNIT_ASSERT_NOT_NULL(test, stages);
	init_completion(&stages[0]);
	init_completion(&stages[1]);
	sim_test_swap_out_all(test, r->m);
	f->data = stages;
	f->on_read = hold_reader;
	thread = sim_test_thread_run(test, kernel_faults, &a);
	wait_for_completion(&stages[0]);
	sim_test_thread_kill(thread);
	KUNIT_EXPECT_EQ(test, (int)VM_FAULT_SIGBUS, sim_test_thread_join(test, thread));
	KUNIT_EXPECT_FALSE(test, rwsem_is_locked(&r->real->mmap_lock));
	f->on_read = NULL;
	complete(&stages[1]);
	KUNIT_EXPECT_TRUE(test, sim_test_wait_for(atomic_long_read(&r->m->shm_rss) == 1));
	KUNIT_EXPECT_TRUE(test, sim_test_wait_for(sim_page_count(frame(r)) == 1 &&
						  kref_read(&r->m->ref) == 3));
	sim_test_real_verify(test, r->real, BASE, 1, 1);
}

/* --------------------------------------------------------------- what fails */

/* Tried a second time, with the lock held, so that somebody hears of it. */
static void page_that_cannot_be_read_is_a_bus_error(struct kunit *test)
{
	struct sim_test_live *r = sim_test_live_filled(test, 1, 0);
	u64 majors = atomic64_read(&r->mm->maj_flt);

	sim_test_swap_out_all(test, r->m);
	r->swap->fail_read = (struct sim_test_fault) { .count = 2 };
	KUNIT_EXPECT_EQ(test, VM_FAULT_RETRY, sim_test_real_fault(r->real, BASE, PROGRAM) &
					      ~VM_FAULT_MAJOR);
	KUNIT_EXPECT_EQ(test, VM_FAULT_SIGBUS, sim_test_real_fault(r->real, BASE, PROGRAM_AGAIN));
	SIM_EXPECT_EVENT(test, r->m, SWAP_READ_ERRORS, 2);
	KUNIT_EXPECT_EQ(test, majors, atomic64_read(&r->mm->maj_flt));
	SIM_EXPECT_SHM(test, r->m, 1, 0, 1);
	SIM_EXPECT_PTE(test, r->mm, BASE, "signature");
	sim_test_check(test, r->m);
	sim_test_real_verify(test, r->real, BASE, 1, 1);
}

static void kernel_hears_at_once_that_a_page_cannot_be_read(struct kunit *test)
{
	struct sim_test_live *r = sim_test_live_filled(test, 1, 0);

	sim_test_swap_out_all(test, r->m);
	r->swap->fail_read = (struct sim_test_fault) { .count = 1 };
	KUNIT_EXPECT_EQ(test, VM_FAULT_SIGBUS, sim_test_real_fault(r->real, BASE, KERNEL));
	SIM_EXPECT_EVENT(test, r->m, SWAP_READ_ERRORS, 1);
	SIM_EXPECT_SHM(test, r->m, 1, 0, 1);
	sim_test_real_verify(test, r->real, BASE, 1, 1);
}

/* The second attempt at what failed may be more lucky. */
static void read_that_fails_once_is_no_error(struct kunit *test)
{
	struct sim_test_live *r = sim_test_live_filled(test, 1, 0);

	sim_test_swap_out_all(test, r->m);
	r->swap->fail_read = (struct sim_test_fault) { .count = 1 };
	sim_test_real_verify(test, r->real, BASE, 1, 1);
	KUNIT_EXPECT_EQ(test, 2, r->swap->nr_reads);
}

static void no_frame_is_a_bus_error(struct kunit *test)
{
	struct sim_machine *m = sim_test_machine_config(test, &(const struct sim_config) {
		.nr_frames = SIM_TEST_FRAMES,
	});
	s32 id = sim_test_segment(test, m, SIM_TEST_FRAMES);
	s32 other = sim_test_segment(test, m, 1);
	u32 usable = SIM_TEST_FRAMES - m->freepages.min;
	struct mm_struct *real = sim_test_real(test);
	struct sim_mm *mm;

	sim_test_real_attach_at(test, real, m, other, BASE - PAGES(1), 0);
	sim_test_real_attach_at(test, real, m, id, BASE, 0);
	mm = sim_test_real_mm(test, m, real);
	sim_test_real_touch(test, real, BASE - PAGES(1), 1);
	sim_test_real_touch(test, real, BASE, usable - 1);
	KUNIT_EXPECT_EQ(test, VM_FAULT_SIGBUS,
			sim_test_real_fault(real, BASE + PAGES(usable - 1), PROGRAM));
	SIM_EXPECT_EVENT(test, m, PGFAULT, usable);
	SIM_EXPECT_EVENT(test, m, RECLAIM_STALL, 1);
	SIM_EXPECT_PTE(test, mm, BASE + PAGES(usable - 1), "none");
	KUNIT_EXPECT_EQ(test, m->freepages.min, m->nr_free_pages);
	sim_test_check(test, m);
	/* A frame that becomes free will do. */
	KUNIT_EXPECT_EQ(test, 0, sim_test_shmctl(m, other, IPC_RMID));
	KUNIT_EXPECT_EQ(test, 0, sim_test_real_munmap(real, BASE - PAGES(1), 1));
	KUNIT_EXPECT_EQ(test, 0, sim_test_real_store(real, BASE + PAGES(usable - 1), 1));
}

/* Who knows the file can map more of it than there is. */
static void page_behind_the_end_is_a_bus_error(struct kunit *test)
{
	struct sim_test_live *r = sim_test_live_filled(test, 4, 0);
	struct file *file = get_file(sim_test_real_vma(r->real, BASE)->vm_file);
	u64 base = SIM_TEST_IN(r->real, vm_mmap(file, 0, PAGES(6), PROT_READ, MAP_SHARED, 0));

	fput(file);
	KUNIT_ASSERT_TRUE(test, PAGE_ALIGNED(base));
	sim_test_real_verify(test, r->real, base, 4, 1);
	KUNIT_EXPECT_EQ(test, VM_FAULT_SIGBUS,
			sim_test_real_fault(r->real, base + PAGES(4), PROGRAM));
	KUNIT_EXPECT_EQ(test, VM_FAULT_SIGBUS,
			sim_test_real_fault(r->real, base + PAGES(5), KERNEL));
	SIM_EXPECT_PTE(test, r->mm, base + PAGES(4), "none");
	SIM_EXPECT_SHM(test, r->m, 4, 4, 0);
	SIM_EXPECT_EVENT(test, r->m, PGFAULT, 8);
}

static void fault_without_memory_leaves_nothing_behind(struct kunit *test)
{
	struct sim_test_live *r = sim_test_live(test, 4, 0);
	unsigned int n, failures = 0;
	bool fired = true;
	vm_fault_t ret;

	sim_test_fault_injection(test);
	for (n = 1; fired; n++) {
		struct mm_struct *real = sim_test_real(test);
		s32 id = sim_test_segment(test, r->m, 4);
		struct sim_mm *mm;

		sim_test_real_attach_at(test, real, r->m, id, BASE, 0);
		mm = sim_test_real_mm(test, r->m, real);
		sim_test_fail_nth(n);
		ret = sim_test_real_fault(real, BASE, PROGRAM);
		fired = sim_test_fail_fired();
		KUNIT_EXPECT_EQ(test, !ret, sim_test_really_mapped(real, BASE));
		KUNIT_EXPECT_TRUE(test, !ret || ret == VM_FAULT_SIGBUS || ret == VM_FAULT_OOM);
		failures += ret == VM_FAULT_SIGBUS;
		sim_test_check(test, r->m);
		KUNIT_EXPECT_EQ(test, 0, sim_test_real_store(real, BASE, 1));
		KUNIT_EXPECT_EQ(test, 1, atomic_long_read(&mm->rss));
		sim_test_real_exit(test, real);
		KUNIT_EXPECT_EQ(test, 0, sim_test_shmctl(r->m, id, IPC_RMID));
	}
	KUNIT_EXPECT_GT(test, failures, 0);
	KUNIT_EXPECT_EQ(test, SIM_TEST_FRAMES, r->m->nr_free_pages);
}

static struct kunit_case cases[] = {
	KUNIT_CASE(fault_maps),
	KUNIT_CASE(page_that_is_only_loaded_from_may_be_dirty),
	KUNIT_CASE(read_only_attach_is_mapped_read_only),
	KUNIT_CASE(real_and_scripted_processes_share),
	KUNIT_CASE_PARAM(store_counts, count_gen_params),
	KUNIT_CASE_PARAM(load_counts, count_gen_params),
	KUNIT_CASE_PARAM(access_of_the_kernel_counts, count_gen_params),
	KUNIT_CASE(program_waits_without_the_lock),
	KUNIT_CASE(kernel_waits_with_the_lock),
	KUNIT_CASE(fast_swap_needs_no_wait),
	KUNIT_CASE(zeroed_page_is_no_major_fault_to_the_kernel),
	KUNIT_CASE_PARAM(lock_during_read, lock_gen_params),
	KUNIT_CASE(second_thread_waits_for_the_read),
	KUNIT_CASE(attach_may_go_while_its_page_is_read),
	KUNIT_CASE(segment_may_go_while_its_page_is_read),
	KUNIT_CASE(fault_waits_for_the_memory),
	KUNIT_CASE(who_waits_for_the_memory_can_be_killed),
	KUNIT_CASE_PARAM(who_reads_under_the_lock_of_an_inode, lock_gen_params),
	KUNIT_CASE(who_waits_for_somebody_else_can_be_killed),
	KUNIT_CASE(page_that_cannot_be_read_is_a_bus_error),
	KUNIT_CASE(kernel_hears_at_once_that_a_page_cannot_be_read),
	KUNIT_CASE(read_that_fails_once_is_no_error),
	KUNIT_CASE(no_frame_is_a_bus_error),
	KUNIT_CASE(page_behind_the_end_is_a_bus_error),
	KUNIT_CASE(fault_without_memory_leaves_nothing_behind),
	{}
};

static struct kunit_suite suite = {
	.name = "shmswap_live_fault",
	.init = sim_test_init,
	.exit = sim_test_exit,
	.test_cases = cases,
};

kunit_test_suite(suite);
