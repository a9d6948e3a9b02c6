// SPDX-License-Identifier: GPL-2.0
/*
 * Real processes for the suites; see kunit_live.h.
 */
#include <kunit/resource.h>
#include <linux/fs.h>
#include <linux/sched/mm.h>
#include <linux/sched/task.h>
#include <linux/syscalls.h>
#include <linux/uaccess.h>

#include "kunit_live.h"

/* --------------------------------------------------------- address spaces */

static void exit_real(void *real)
{
	mmput(real);
	flush_delayed_fput();
}

KUNIT_DEFINE_ACTION_WRAPPER(put_mm, sim_mm_put, struct sim_mm *);

static struct mm_struct *register_real(struct kunit *test, struct mm_struct *real)
{
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, real);
	KUNIT_ASSERT_EQ(test, 0, kunit_add_action_or_reset(test, exit_real, real));
	return real;
}

/**
 * sim_test_real() - an address space, as a program's after execve(2)
 * @test: case
 *
 * Return: the address space.
 */
struct mm_struct *sim_test_real(struct kunit *test)
{
	struct mm_struct *real = register_real(test, mm_alloc());

	real->task_size = TASK_SIZE;
	arch_pick_mmap_layout(real, &current->signal->rlim[RLIMIT_STACK]);
	return real;
}

/**
 * struct child - a process that fork(2) made
 * @real: its address space, with a reference
 * @done: that is known
 */
struct child {
	struct mm_struct *real;
	struct completion done;
};

static int child_main(void *data)
{
	struct child *child = data;

	child->real = current->mm;
	mmget(child->real);
	complete(&child->done);
	do_exit(0);
}

/**
 * sim_test_real_fail_fork() - fork(2), an allocation of which fails
 * @test: case
 * @parent: address space
 * @nth: which, as sim_test_fail_nth()
 * @child: set to the child's, or NULL; the child itself has exited already
 *
 * Return: as sim_test_fail_fired().
 */
bool sim_test_real_fail_fork(struct kunit *test, struct mm_struct *parent, unsigned int nth,
			     struct mm_struct **child)
{
	struct child c;
	struct kernel_clone_args args = {
		.exit_signal = SIGCHLD,
		.fn = child_main,
		.fn_arg = &c,
	};
	bool fired;
	pid_t pid;

	init_completion(&c.done);
	sim_test_fail_nth(nth);
	pid = SIM_TEST_IN(parent, kernel_clone(&args));
	fired = sim_test_fail_fired();
	*child = NULL;
	if (pid < 0)
		return fired;
	wait_for_completion(&c.done);
	*child = register_real(test, c.real);
	KUNIT_ASSERT_TRUE(test, sim_test_wait_for(atomic_read(&c.real->mm_users) == 1));
	return fired;
}

/**
 * sim_test_real_fork() - fork(2)
 * @test: case
 * @parent: address space
 *
 * Return: the child's; the child itself has exited already.
 */
struct mm_struct *sim_test_real_fork(struct kunit *test, struct mm_struct *parent)
{
	struct mm_struct *child;

	sim_test_real_fail_fork(test, parent, 0, &child);
	KUNIT_ASSERT_NOT_NULL(test, child);
	return child;
}

/**
 * sim_test_real_exit() - let an address space end before the case does
 * @test: case
 * @real: address space that a helper made
 */
void sim_test_real_exit(struct kunit *test, struct mm_struct *real)
{
	kunit_release_action(test, exit_real, real);
}

/**
 * sim_test_real_mm() - the process that an address space is on a machine
 * @test: case
 * @m: machine
 * @real: address space
 *
 * Return: the process, which can be looked at even after its end; NULL if it is none.
 */
struct sim_mm *sim_test_real_mm(struct kunit *test, struct sim_machine *m,
				struct mm_struct *real)
{
	unsigned long pid = 1;
	struct sim_mm *mm;

	while ((mm = sim_mm_next(m, &pid)) && mm->real != real) {
		sim_mm_put(mm);
		pid++;
	}
	if (mm)
		KUNIT_ASSERT_EQ(test, 0, kunit_add_action_or_reset(test, put_mm, mm));
	return mm;
}

/**
 * sim_test_real_shmat() - shmat(2)
 * @real: who calls it
 * @m: machine
 * @id: segment
 * @address: where, 0: anywhere; set to the address
 * @shmflg: SHM_*
 *
 * Return: as sim_live_shmat().
 */
int sim_test_real_shmat(struct mm_struct *real, struct sim_machine *m, s32 id, u64 *address,
			u32 shmflg)
{
	struct shmswap_shmat arg = {
		.shmid = id,
		.addr = *address,
		.shmflg = shmflg,
		.flags = SHMSWAP_SHMAT_MAP,
	};
	int err = SIM_TEST_IN(real, sim_live_shmat(m, &arg));

	if (!err)
		*address = arg.out_addr;
	return err;
}

/**
 * sim_test_real_attach_at() - attach a segment
 * @test: case
 * @real: address space
 * @m: machine
 * @id: segment
 * @address: where; 0: anywhere
 * @shmflg: SHM_*
 *
 * Return: the address.
 */
u64 sim_test_real_attach_at(struct kunit *test, struct mm_struct *real, struct sim_machine *m,
			    s32 id, u64 address, u32 shmflg)
{
	KUNIT_ASSERT_EQ(test, 0, sim_test_real_shmat(real, m, id, &address, shmflg));
	return address;
}

/**
 * sim_test_real_attach() - attach a segment anywhere, for reading and writing
 * @test: case
 * @real: address space
 * @m: machine
 * @id: segment
 *
 * Return: the address.
 */
u64 sim_test_real_attach(struct kunit *test, struct mm_struct *real, struct sim_machine *m,
			 s32 id)
{
	return sim_test_real_attach_at(test, real, m, id, 0, 0);
}

/**
 * sim_test_real_munmap() - munmap(2) of some pages
 * @real: address space
 * @address: first page
 * @npages: how many
 *
 * Return: 0 or -errno.
 */
int sim_test_real_munmap(struct mm_struct *real, u64 address, u64 npages)
{
	return SIM_TEST_IN(real, vm_munmap(address, npages << PAGE_SHIFT));
}

/**
 * sim_test_real_mprotect() - mprotect(2) of some pages
 * @real: address space
 * @address: first page
 * @npages: how many
 * @prot: PROT_*
 *
 * Return: 0 or -errno.
 */
int sim_test_real_mprotect(struct mm_struct *real, u64 address, u64 npages,
			   unsigned long prot)
{
	return SIM_TEST_IN(real, sys_mprotect(address, npages << PAGE_SHIFT, prot));
}

/**
 * sim_test_real_vma() - a real vma
 * @real: address space
 * @address: address in it
 *
 * Return: the vma, valid as long as nobody changes it; NULL if there is none.
 */
struct vm_area_struct *sim_test_real_vma(struct mm_struct *real, u64 address)
{
	struct vm_area_struct *vma;

	mmap_read_lock(real);
	vma = vma_lookup(real, address);
	mmap_read_unlock(real);
	return vma;
}

static bool is_attach(const struct vm_area_struct *vma)
{
	return vma->vm_file && !strcmp(file_inode(vma->vm_file)->i_sb->s_type->name, "shmswap");
}

static void expect_twin(struct kunit *test, struct sim_mm *mm, const struct vm_area_struct *vma)
{
	const struct sim_vma *twin = vma->vm_private_data;

	KUNIT_EXPECT_PTR_EQ(test, twin, sim_find_vma(mm, vma->vm_start));
	KUNIT_EXPECT_PTR_EQ(test, twin, sim_find_vma(mm, vma->vm_end - 1));
	KUNIT_EXPECT_PTR_EQ(test, mm, twin->vm_mm);
	KUNIT_EXPECT_EQ(test, vma->vm_start, twin->vm_start);
	KUNIT_EXPECT_EQ(test, vma->vm_end, twin->vm_end);
	KUNIT_EXPECT_EQ(test, vma->vm_pgoff, twin->vm_pgoff);
	KUNIT_EXPECT_EQ(test, file_inode(vma->vm_file)->i_ino, twin->vm_seg->id);
}

/**
 * sim_test_expect_twins() - expect each attach to have its twin, and no other to exist
 * @test: case
 * @m: machine, the only one that @real has attaches of
 * @real: address space
 */
void sim_test_expect_twins(struct kunit *test, struct sim_machine *m, struct mm_struct *real)
{
	VMA_ITERATOR(vmi, real, 0);
	struct sim_mm *mm = sim_test_real_mm(test, m, real);
	struct vm_area_struct *vma;
	u32 nr = 0;

	mmap_read_lock(real);
	if (mm)
		down_read(&mm->mmap_lock);
	for_each_vma(vmi, vma) {
		if (!is_attach(vma))
			continue;
		nr++;
		KUNIT_EXPECT_NOT_NULL(test, mm);
		if (mm)
			expect_twin(test, mm, vma);
	}
	KUNIT_EXPECT_EQ(test, nr, mm ? mm->map_count : 0);
	if (mm)
		up_read(&mm->mmap_lock);
	mmap_read_unlock(real);
}

/* --------------------------------------------------------------- accesses */

/**
 * sim_test_real_fault() - a page fault, tried once
 * @real: address space
 * @address: where
 * @flags: FAULT_FLAG_*
 *
 * Return: what came of it, as architectures see it.
 */
vm_fault_t sim_test_real_fault(struct mm_struct *real, u64 address, unsigned int flags)
{
	vm_fault_t ret = VM_FAULT_SIGSEGV;
	struct vm_area_struct *vma;

	mmap_read_lock(real);
	vma = vma_lookup(real, address);
	if (vma)
		ret = handle_mm_fault(vma, address, flags, NULL);
	if (!(ret & (VM_FAULT_RETRY | VM_FAULT_COMPLETED)))
		mmap_read_unlock(real);
	return ret & ~VM_FAULT_LOCKED;
}

static int copy_to(struct mm_struct *real, u64 address, const void *from, size_t len)
{
	return SIM_TEST_IN(real, copy_to_user(u64_to_user_ptr(address), from, len)) ? -EFAULT : 0;
}

/**
 * sim_test_real_copy() - the program loads
 * @real: address space
 * @address: where
 * @to: where to
 * @len: bytes
 *
 * Return: 0; -EFAULT it got a signal.
 */
int sim_test_real_copy(struct mm_struct *real, u64 address, void *to, size_t len)
{
	return SIM_TEST_IN(real, copy_from_user(to, u64_to_user_ptr(address), len)) ? -EFAULT : 0;
}

/**
 * sim_test_real_store() - the program stores a word
 * @real: address space
 * @address: where
 * @word: word
 *
 * Return: 0; -EFAULT it got a signal.
 */
int sim_test_real_store(struct mm_struct *real, u64 address, u64 word)
{
	return copy_to(real, address, &word, sizeof(word));
}

/**
 * sim_test_real_load() - the program loads a word
 * @real: address space
 * @address: where
 * @word: set to the word
 *
 * Return: 0; -EFAULT it got a signal.
 */
int sim_test_real_load(struct mm_struct *real, u64 address, u64 *word)
{
	return sim_test_real_copy(real, address, word, sizeof(*word));
}

/**
 * sim_test_real_touch() - one load from each of some pages, in order
 * @test: case
 * @real: address space
 * @address: first page
 * @npages: how many
 */
void sim_test_real_touch(struct kunit *test, struct mm_struct *real, u64 address, u64 npages)
{
	u64 i, word;

	for (i = 0; i < npages; i++)
		KUNIT_ASSERT_EQ(test, 0, sim_test_real_load(real, sim_test_page(address, i),
							    &word));
}

/**
 * sim_test_real_fill() - write a pattern to some pages
 * @test: case
 * @real: address space
 * @address: first page
 * @npages: how many
 * @seed: the pattern is that of sim_test_fill()
 */
void sim_test_real_fill(struct kunit *test, struct mm_struct *real, u64 address, u64 npages,
			u64 seed)
{
	u64 *words = kunit_kmalloc(test, PAGE_SIZE, GFP_KERNEL);
	u64 i;

	KUNIT_ASSERT_NOT_NULL(test, words);
	for (i = 0; i < npages; i++) {
		sim_test_pattern(words, seed, i);
		KUNIT_ASSERT_EQ(test, 0, copy_to(real, sim_test_page(address, i), words,
						 PAGE_SIZE));
	}
	kunit_kfree(test, words);
}

/**
 * sim_test_real_verify() - expect a pattern in some pages
 * @test: case
 * @real: address space
 * @address: first page
 * @npages: how many
 * @seed: which pattern
 */
void sim_test_real_verify(struct kunit *test, struct mm_struct *real, u64 address, u64 npages,
			  u64 seed)
{
	u64 *words = kunit_kmalloc(test, 2 * PAGE_SIZE, GFP_KERNEL);
	u64 *found = words + PAGE_SIZE / sizeof(*words);
	u64 i;

	KUNIT_ASSERT_NOT_NULL(test, words);
	for (i = 0; i < npages; i++) {
		sim_test_pattern(words, seed, i);
		KUNIT_ASSERT_EQ(test, 0, sim_test_real_copy(real, sim_test_page(address, i),
							    found, PAGE_SIZE));
		KUNIT_EXPECT_EQ_MSG(test, 0, memcmp(words, found, PAGE_SIZE),
				    "page %llu differs", i);
	}
	kunit_kfree(test, words);
}

static long get_page_at(struct mm_struct *real, u64 address, unsigned int flags,
			struct page **memory)
{
	long nr;

	mmap_read_lock(real);
	nr = get_user_pages_remote(real, address, 1, flags, memory, NULL);
	mmap_read_unlock(real);
	return nr;
}

KUNIT_DEFINE_ACTION_WRAPPER(put_memory, put_page, struct page *);

/**
 * sim_test_real_pin() - the kernel gets a page, as for direct I/O
 * @test: case
 * @real: address space
 * @address: page
 *
 * Return: the page.
 */
struct page *sim_test_real_pin(struct kunit *test, struct mm_struct *real, u64 address)
{
	struct page *memory;

	KUNIT_ASSERT_EQ(test, 1L, get_page_at(real, address, FOLL_WRITE, &memory));
	KUNIT_ASSERT_EQ(test, 0, kunit_add_action_or_reset(test, put_memory, memory));
	return memory;
}

/**
 * sim_test_real_unpin() - the kernel is through with a page
 * @test: case
 * @memory: page of sim_test_real_pin()
 */
void sim_test_real_unpin(struct kunit *test, struct page *memory)
{
	kunit_release_action(test, put_memory, memory);
}

static bool get_mapped(struct mm_struct *real, u64 address, unsigned int flags)
{
	struct page *memory;
	bool mapped = get_page_at(real, address, flags | FOLL_NOFAULT, &memory) == 1;

	if (mapped)
		put_page(memory);
	return mapped;
}

/**
 * sim_test_really_mapped() - is there a real PTE?
 * @real: address space
 * @address: page
 *
 * Return: true if an access needs no fault.
 */
bool sim_test_really_mapped(struct mm_struct *real, u64 address)
{
	return get_mapped(real, address, 0);
}

/**
 * sim_test_really_writable() - is there a real PTE that allows stores?
 * @real: address space
 * @address: page
 *
 * Return: true if a store needs no fault.
 */
bool sim_test_really_writable(struct mm_struct *real, u64 address)
{
	return get_mapped(real, address, FOLL_WRITE);
}

/**
 * sim_test_live_zap() - remove all real PTEs of a page
 * @test: case
 * @r: segment that is really mapped
 * @index: page, resident
 */
void sim_test_live_zap(struct kunit *test, struct sim_test_live *r, pgoff_t index)
{
	struct sim_page *page = sim_test_frame(r->seg, index);

	KUNIT_ASSERT_NOT_NULL(test, page);
	mutex_lock(&r->seg->lock);
	if (sim_live_trylock(page)) {
		sim_live_zap(r->seg, index);
		sim_live_unlock(page);
	}
	mutex_unlock(&r->seg->lock);
	KUNIT_ASSERT_FALSE(test, page_mapped(page->page));
}

/* ---------------------------------------------------- a segment, attached */

/**
 * sim_test_live() - a segment that is really mapped, and no page of it touched
 * @test: case
 * @npages: its size
 * @flags: SHMSWAP_MACHINE_*
 *
 * Return: all that belongs to it.
 */
struct sim_test_live *sim_test_live(struct kunit *test, u32 npages, u32 flags)
{
	struct sim_test_live *r = kunit_kzalloc(test, sizeof(*r), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, r);
	r->m = sim_test_machine_config(test, &(const struct sim_config) {
		.flags = flags,
		.nr_frames = SIM_TEST_FRAMES,
	});
	/* Each read is to be that of a certain access. */
	r->m->page_cluster = 0;
	r->swap = sim_test_swap_area(test, r->m, SIM_TEST_SLOTS, -1);
	r->npages = npages;
	r->id = sim_test_segment(test, r->m, npages);
	r->seg = sim_test_seg(test, r->m, r->id);
	r->real = sim_test_real(test);
	r->base = sim_test_real_attach_at(test, r->real, r->m, r->id, SIM_TEST_LIVE_BASE, 0);
	r->mm = sim_test_real_mm(test, r->m, r->real);
	KUNIT_ASSERT_NOT_NULL(test, r->mm);
	return r;
}

/**
 * sim_test_live_filled() - the same, with pattern 1 in all pages, resident and young
 * @test: case
 * @npages: its size
 * @flags: SHMSWAP_MACHINE_*
 *
 * Return: all that belongs to it.
 */
struct sim_test_live *sim_test_live_filled(struct kunit *test, u32 npages, u32 flags)
{
	struct sim_test_live *r = sim_test_live(test, npages, flags);

	sim_test_real_fill(test, r->real, r->base, npages, 1);
	return r;
}
