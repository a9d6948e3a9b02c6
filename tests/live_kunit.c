// SPDX-License-Identifier: GPL-2.0
/*
 * Attaches that are really mapped: the twin that each real vma has, and the
 * processes that they make of real ones.
 */
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/mman.h>
#include <linux/sched/mm.h>
#include <linux/syscalls.h>

#include "kunit_live.h"
#include "kunit_users.h"

#define BASE		SIM_TEST_LIVE_BASE
#define PAGES(n)	((u64)(n) << PAGE_SHIFT)
#define ELSEWHERE	(BASE + PAGES(1000))

static u32 flags_at(struct sim_test_live *r, u64 address)
{
	return sim_test_area(r->mm, address).vm_flags;
}

/* The process on the machine has these areas, and so has the real one. */
static void expect_area(struct kunit *test, struct sim_test_live *r, u64 start, u64 npages,
			pgoff_t pgoff)
{
	sim_test_expect_area(test, r->mm, start, npages, pgoff);
	sim_test_expect_twins(test, r->m, r->real);
}

/* ----------------------------------------------------- what an attach makes */

static void attach_makes_a_twin_and_a_process(struct kunit *test)
{
	struct sim_test_live *r = sim_test_live(test, 4, 0);
	struct vm_area_struct *vma = sim_test_real_vma(r->real, BASE);

	expect_area(test, r, BASE, 4, 0);
	KUNIT_EXPECT_EQ(test, 1, r->mm->map_count);
	KUNIT_EXPECT_EQ(test, 1, r->seg->nattch);
	KUNIT_EXPECT_EQ(test, 0, r->seg->attaching);
	KUNIT_EXPECT_EQ(test, 1, atomic_read(&r->m->nr_mms));
	KUNIT_EXPECT_EQ(test, r->mm->pid, SIM_TEST_IN(r->real, sim_live_pid(r->m)));
	KUNIT_EXPECT_EQ(test, 0, sim_live_pid(r->m));
	KUNIT_EXPECT_TRUE(test, vma->vm_flags & VM_DONTEXPAND);
	KUNIT_EXPECT_EQ(test, PAGES(4), i_size_read(file_inode(vma->vm_file)));
	SIM_EXPECT_PTE(test, r->mm, BASE, "none");
	KUNIT_EXPECT_EQ(test, SIM_TEST_FRAMES, r->m->nr_free_pages);
}

#define READABLE	(SHMSWAP_VM_READ | SHMSWAP_VM_SHARED)
#define WRITABLE	(READABLE | SHMSWAP_VM_WRITE | SHMSWAP_VM_MAYWRITE)

static const struct flags_row {
	const char *name;
	u32 shmflg;
	u32 vm_flags;
	int may_write;
} flags_rows[] = {
	{ "reading and writing", 0, WRITABLE, 0 },
	{ "reading", SHM_RDONLY, READABLE, -EACCES },
	{ "executing", SHM_EXEC, WRITABLE | SHMSWAP_VM_EXEC, 0 },
	{ "reading and executing", SHM_EXEC | SHM_RDONLY, READABLE | SHMSWAP_VM_EXEC, -EACCES },
};

static void shmat_flags_become_protection(struct kunit *test)
{
	const struct flags_row *row = test->param_value;
	struct sim_test_live *r = sim_test_live(test, 2, 0);

	r->seg->mode = 0700;
	sim_test_real_attach_at(test, r->real, r->m, r->id, ELSEWHERE, row->shmflg);
	KUNIT_EXPECT_EQ(test, row->vm_flags, flags_at(r, ELSEWHERE));
	KUNIT_EXPECT_EQ(test, row->may_write,
			sim_test_real_mprotect(r->real, ELSEWHERE, 2, PROT_READ | PROT_WRITE));
	KUNIT_EXPECT_EQ(test, row->may_write ? -EFAULT : 0,
			sim_test_real_store(r->real, ELSEWHERE, 1));
}

KUNIT_ARRAY_PARAM_DESC(flags, flags_rows, name);

static const struct address_row {
	const char *name;
	u64 addr;
	u32 shmflg;
	u64 out;	/* 0: -EINVAL */
} address_rows[] = {
	{ "here", ELSEWHERE, 0, ELSEWHERE },
	{ "not at a page", ELSEWHERE + 1, 0, 0 },
	{ "rounded down", ELSEWHERE + PAGE_SIZE - 1, SHM_RND, ELSEWHERE },
	{ "rounded down to 0", 1, SHM_RND, 0 },
	{ "right before another", BASE - PAGES(4), 0, BASE - PAGES(4) },
	{ "over the first page of another", BASE - PAGES(3), 0, 0 },
	{ "over the last page of another", BASE + PAGES(3), 0, 0 },
	{ "right behind another", BASE + PAGES(4), 0, BASE + PAGES(4) },
	{ "in place of another", BASE, SHM_REMAP, BASE },
	{ "in place of half of another", BASE + PAGES(2), SHM_REMAP, BASE + PAGES(2) },
	{ "anywhere, replacing", 0, SHM_REMAP, 0 },
	{ "rounded down to 0, replacing", 1, SHM_RND | SHM_REMAP, 0 },
	{ "around the end", -PAGE_SIZE, 0, 0 },
	{ "unknown flag", ELSEWHERE, 1, 0 },
};

static void shmat_goes(struct kunit *test)
{
	const struct address_row *row = test->param_value;
	struct sim_test_live *r = sim_test_live(test, 4, 0);
	u64 address = row->addr;

	KUNIT_EXPECT_EQ(test, row->out ? 0 : -EINVAL,
			sim_test_real_shmat(r->real, r->m, r->id, &address, row->shmflg));
	/* One that replaces the only one makes another process. */
	r->mm = sim_test_real_mm(test, r->m, r->real);
	expect_area(test, r, row->out ?: BASE, 4, 0);
	KUNIT_EXPECT_EQ(test, r->mm->map_count, r->seg->nattch);
	KUNIT_EXPECT_EQ(test, 0, r->seg->attaching);
}

KUNIT_ARRAY_PARAM_DESC(address, address_rows, name);

static void shmat_anywhere_finds_room(struct kunit *test)
{
	struct sim_test_live *r = sim_test_live(test, 4, 0);
	u64 address = sim_test_real_attach(test, r->real, r->m, r->id);

	KUNIT_EXPECT_TRUE(test, PAGE_ALIGNED(address));
	expect_area(test, r, address, 4, 0);
	KUNIT_EXPECT_EQ(test, 2, r->seg->nattch);
}

/* Two attaches of a segment that lie side by side, and what was one before, stay apart. */
static void attaches_never_merge(struct kunit *test)
{
	struct sim_test_live *r = sim_test_live(test, 4, 0);

	sim_test_real_attach_at(test, r->real, r->m, r->id, BASE + PAGES(4), 0);
	KUNIT_EXPECT_EQ(test, 0, sim_test_real_mprotect(r->real, BASE + PAGES(1), 1, PROT_READ));
	KUNIT_EXPECT_EQ(test, 0, sim_test_real_mprotect(r->real, BASE + PAGES(1), 1,
							PROT_READ | PROT_WRITE));
	KUNIT_EXPECT_EQ(test, 4, r->mm->map_count);
	expect_area(test, r, BASE, 1, 0);
	expect_area(test, r, BASE + PAGES(1), 1, 1);
	expect_area(test, r, BASE + PAGES(2), 2, 2);
	expect_area(test, r, BASE + PAGES(4), 4, 0);
}

/* The memory of a page that is resident, or NULL. */
static struct page *memory_of(struct sim_test_live *r, pgoff_t index)
{
	struct sim_page *page = sim_test_frame(r->seg, index);

	return page ? page->page : NULL;
}

/* It keeps the module: so it is there only as long as something is really mapped. */
static void inode_goes_with_the_last_attach(struct kunit *test)
{
	struct sim_test_live *r = sim_test_live_filled(test, 4, 0);
	struct mm_struct *child = sim_test_real_fork(test, r->real);
	struct address_space *mapping = r->seg->inode->i_mapping;

	KUNIT_EXPECT_EQ(test, 1, r->seg->nr_files);
	KUNIT_EXPECT_EQ(test, 4, r->seg->nr_shown);
	sim_test_real_attach_at(test, r->real, r->m, r->id, ELSEWHERE, 0);
	KUNIT_EXPECT_EQ(test, 2, r->seg->nr_files);
	KUNIT_EXPECT_PTR_EQ(test, mapping, r->seg->inode->i_mapping);
	sim_test_real_exit(test, r->real);
	KUNIT_EXPECT_EQ(test, 1, r->seg->nr_files);
	KUNIT_EXPECT_PTR_EQ(test, mapping, memory_of(r, 0)->mapping);

	sim_test_real_exit(test, child);
	KUNIT_EXPECT_EQ(test, 0, r->seg->nr_files);
	KUNIT_EXPECT_NULL(test, r->seg->inode);
	KUNIT_EXPECT_EQ(test, 0, r->seg->nr_shown);
	KUNIT_EXPECT_NULL(test, memory_of(r, 0)->mapping);
	KUNIT_EXPECT_NULL(test, memory_of(r, 3)->mapping);
	SIM_EXPECT_SHM(test, r->m, 4, 4, 0);
}

static void later_attach_makes_another_inode(struct kunit *test)
{
	struct sim_test_live *r = sim_test_live_filled(test, 4, 0);

	KUNIT_EXPECT_EQ(test, 0, sim_test_real_munmap(r->real, BASE, 4));
	KUNIT_EXPECT_NULL(test, r->seg->inode);
	sim_test_real_attach_at(test, r->real, r->m, r->id, BASE, 0);
	KUNIT_EXPECT_EQ(test, 0, r->seg->nr_shown);
	sim_test_real_verify(test, r->real, BASE, 2, 1);
	KUNIT_EXPECT_EQ(test, 2, r->seg->nr_shown);
	KUNIT_EXPECT_PTR_EQ(test, r->seg->inode->i_mapping, memory_of(r, 1)->mapping);
	KUNIT_EXPECT_NULL(test, memory_of(r, 2)->mapping);
	KUNIT_EXPECT_EQ(test, 1, r->seg->nr_files);
}

/* Who knows the file may try to map it otherwise. */
static void private_mapping_is_refused(struct kunit *test)
{
	struct sim_test_live *r = sim_test_live(test, 4, 0);
	struct file *file = get_file(sim_test_real_vma(r->real, BASE)->vm_file);

	KUNIT_EXPECT_EQ(test, -EINVAL,
			(long)SIM_TEST_IN(r->real, vm_mmap(file, 0, PAGES(4), PROT_READ,
							   MAP_PRIVATE, 0)));
	KUNIT_EXPECT_EQ(test, 1, r->seg->nattch);
	KUNIT_EXPECT_EQ(test, 1, r->mm->map_count);
	fput(file);
}

static void mapping_of_a_destroyed_segment_is_refused(struct kunit *test)
{
	struct sim_test_live *r = sim_test_live(test, 4, 0);
	struct file *file = get_file(sim_test_real_vma(r->real, BASE)->vm_file);

	KUNIT_EXPECT_EQ(test, 0, sim_test_shmctl(r->m, r->id, IPC_RMID));
	KUNIT_EXPECT_EQ(test, 0, sim_test_real_munmap(r->real, BASE, 4));
	SIM_EXPECT_SHM(test, r->m, 0, 0, 0);
	KUNIT_EXPECT_EQ(test, -EIDRM,
			(long)SIM_TEST_IN(r->real, vm_mmap(file, 0, PAGES(4), PROT_READ,
							   MAP_SHARED, 0)));
	KUNIT_EXPECT_EQ(test, 0, atomic_read(&r->m->nr_mms));
	fput(file);
}

/* ------------------------------------------------------------- what is split */

/**
 * struct unmap_row - a part of an attach of eight pages that goes
 * @name: which part
 * @page: first page that goes
 * @npages: how many go
 * @head: pages that are left before it
 * @tail: pages that are left behind it
 */
static const struct unmap_row {
	const char *name;
	int page;
	u32 npages;
	u32 head;
	u32 tail;
} unmap_rows[] = {
	{ "a hole", 3, 2, 3, 3 },
	{ "the first pages", 0, 2, 0, 6 },
	{ "the last pages", 5, 3, 5, 0 },
	{ "the first page and one before", -1, 2, 0, 7 },
	{ "the last page and one behind", 7, 2, 7, 0 },
	{ "all but the first page", 1, 7, 1, 0 },
	{ "all but the last page", 0, 7, 0, 1 },
};

/* A page that is left is mapped as it was, without another fault. */
static void expect_page(struct kunit *test, struct sim_test_live *r, u32 page, bool left)
{
	u64 address = BASE + PAGES(page);

	if (left)
		SIM_EXPECT_PTE(test, r->mm, address, "present young");
	else
		SIM_EXPECT_PTE(test, r->mm, address, "none");
	KUNIT_EXPECT_EQ(test, left, sim_test_really_mapped(r->real, address));
}

static void munmap_of_a_part(struct kunit *test)
{
	const struct unmap_row *row = test->param_value;
	struct sim_test_live *r = sim_test_live_filled(test, 8, 0);
	u32 i;

	KUNIT_EXPECT_EQ(test, 0, sim_test_real_munmap(r->real, BASE + row->page * (s64)PAGE_SIZE,
						      row->npages));
	if (row->head)
		expect_area(test, r, BASE, row->head, 0);
	if (row->tail)
		expect_area(test, r, BASE + PAGES(8 - row->tail), row->tail, 8 - row->tail);
	KUNIT_EXPECT_EQ(test, !!row->head + !!row->tail, r->mm->map_count);
	KUNIT_EXPECT_EQ(test, !!row->head + !!row->tail, r->seg->nattch);
	KUNIT_EXPECT_EQ(test, row->head + row->tail, atomic_long_read(&r->mm->rss));
	for (i = 0; i < 8; i++)
		expect_page(test, r, i, i < row->head || i >= 8 - row->tail);
	SIM_EXPECT_SHM(test, r->m, 8, 8, 0);
	sim_test_check(test, r->m);
	sim_test_real_attach_at(test, r->real, r->m, r->id, ELSEWHERE, 0);
	sim_test_real_verify(test, r->real, ELSEWHERE, 8, 1);
}

KUNIT_ARRAY_PARAM_DESC(unmap, unmap_rows, name);

static void mprotect_of_a_part(struct kunit *test)
{
	struct sim_test_live *r = sim_test_live_filled(test, 8, 0);

	KUNIT_EXPECT_EQ(test, 0, sim_test_real_mprotect(r->real, BASE + PAGES(3), 2, PROT_READ));
	expect_area(test, r, BASE, 3, 0);
	expect_area(test, r, BASE + PAGES(3), 2, 3);
	expect_area(test, r, BASE + PAGES(5), 3, 5);
	KUNIT_EXPECT_EQ(test, 3, r->seg->nattch);
	KUNIT_EXPECT_EQ(test, 8, atomic_long_read(&r->mm->rss));
	sim_live_update(r->mm);
	KUNIT_EXPECT_EQ(test, WRITABLE, flags_at(r, BASE));
	KUNIT_EXPECT_EQ(test, WRITABLE & ~SHMSWAP_VM_WRITE, flags_at(r, BASE + PAGES(3)));
	KUNIT_EXPECT_EQ(test, WRITABLE, flags_at(r, BASE + PAGES(5)));
	sim_test_real_verify(test, r->real, BASE, 8, 1);
}

/* Of what the kernel keeps from us a fault learns. */
static void fault_learns_of_mprotect(struct kunit *test)
{
	struct sim_test_live *r = sim_test_live(test, 4, 0);

	KUNIT_EXPECT_EQ(test, 0, sim_test_real_mprotect(r->real, BASE, 4, PROT_READ));
	KUNIT_EXPECT_EQ(test, WRITABLE, flags_at(r, BASE));
	sim_test_real_touch(test, r->real, BASE, 1);
	KUNIT_EXPECT_EQ(test, WRITABLE & ~SHMSWAP_VM_WRITE, flags_at(r, BASE));
	SIM_EXPECT_BITS(test, r->mm, BASE, "young dirty read-only");
	KUNIT_EXPECT_EQ(test, -EFAULT, sim_test_real_store(r->real, BASE, 1));

	KUNIT_EXPECT_EQ(test, 0, sim_test_real_mprotect(r->real, BASE, 4,
							PROT_READ | PROT_WRITE));
	KUNIT_EXPECT_EQ(test, 0, sim_test_real_store(r->real, BASE + PAGES(1), 1));
	KUNIT_EXPECT_EQ(test, WRITABLE, flags_at(r, BASE));
	SIM_EXPECT_BITS(test, r->mm, BASE + PAGES(1), "young dirty writable");
	/* The next fault there tells it of a page that is mapped, too. */
	SIM_EXPECT_BITS(test, r->mm, BASE, "young dirty read-only");
	sim_test_live_zap(test, r, 0);
	KUNIT_EXPECT_EQ(test, 0, sim_test_real_store(r->real, BASE, 1));
	SIM_EXPECT_BITS(test, r->mm, BASE, "young dirty writable");
}

/* Nothing to learn, and nothing to touch: a scripted one, and one that is gone. */
static void update_of_no_real_process(struct kunit *test)
{
	struct sim_test_live *r = sim_test_live(test, 4, 0);
	struct sim_mm *mm = sim_test_process(test, r->m);
	u64 base = sim_test_attach_at(test, mm, r->id, 0, SHM_RDONLY);

	sim_live_update(mm);
	KUNIT_EXPECT_EQ(test, READABLE, sim_test_area(mm, base).vm_flags);
	sim_test_real_exit(test, r->real);
	sim_live_update(r->mm);
	KUNIT_EXPECT_EQ(test, 0, r->mm->map_count);
}

/* ------------------------------------------------- a split that the kernel undoes */

/**
 * struct split_row - an attach of eight pages that Linux 6.1 fails to split
 * @name: which part is the new vma
 * @start: its first page
 * @end: its last page, and one
 */
static const struct split_row {
	const char *name;
	u32 start;
	u32 end;
} split_rows[] = {
	{ "from below", 0, 3 },
	{ "from above", 3, 8 },
};

/* As __split_vma() there: the new vma is opened before all else, which then fails. */
static void open_part(struct vm_area_struct *new, const struct vm_area_struct *vma,
		      const struct split_row *row)
{
	memcpy(new, vma, sizeof(*new));
	new->vm_start = vma->vm_start + PAGES(row->start);
	new->vm_end = vma->vm_start + PAGES(row->end);
	new->vm_pgoff = vma->vm_pgoff + row->start;
	mmap_write_lock(vma->vm_mm);
	new->vm_ops->open(new);
	mmap_write_unlock(vma->vm_mm);
}

static void close_part(struct vm_area_struct *new)
{
	new->vm_start = new->vm_end;
	new->vm_pgoff = 0;
	mmap_write_lock(new->vm_mm);
	new->vm_ops->close(new);
	mmap_write_unlock(new->vm_mm);
}

static void failed_split_is_undone(struct kunit *test)
{
	const struct split_row *row = test->param_value;
	struct sim_test_live *r = sim_test_live_filled(test, 8, 0);
	u32 middle = row->start ?: row->end;
	struct vm_area_struct new;
	u32 i;

	open_part(&new, sim_test_real_vma(r->real, BASE), row);
	sim_test_expect_area(test, r->mm, BASE, middle, 0);
	sim_test_expect_area(test, r->mm, BASE + PAGES(middle), 8 - middle, middle);
	KUNIT_EXPECT_EQ(test, 2, r->seg->nattch);
	KUNIT_EXPECT_EQ(test, 2, r->mm->map_count);
	sim_test_check(test, r->m);

	close_part(&new);
	expect_area(test, r, BASE, 8, 0);
	KUNIT_EXPECT_EQ(test, 1, r->seg->nattch);
	KUNIT_EXPECT_EQ(test, 1, r->mm->map_count);
	KUNIT_EXPECT_EQ(test, 8, atomic_long_read(&r->mm->rss));
	for (i = 0; i < 8; i++)
		expect_page(test, r, i, true);
	sim_test_check(test, r->m);
	KUNIT_EXPECT_EQ(test, 0, sim_test_real_munmap(r->real, BASE, 8));
	KUNIT_EXPECT_EQ(test, 0, r->seg->nattch);
}

/* The same with an attach that does not begin with the segment's first page. */
static void failed_split_of_a_fragment_is_undone(struct kunit *test)
{
	const struct split_row *row = test->param_value;
	struct sim_test_live *r = sim_test_live_filled(test, 10, 0);
	struct vm_area_struct new;

	KUNIT_ASSERT_EQ(test, 0, sim_test_real_munmap(r->real, BASE, 2));
	open_part(&new, sim_test_real_vma(r->real, BASE + PAGES(2)), row);
	close_part(&new);
	expect_area(test, r, BASE + PAGES(2), 8, 2);
	sim_test_check(test, r->m);
	KUNIT_EXPECT_EQ(test, 1, r->seg->nattch);
}

KUNIT_ARRAY_PARAM_DESC(split, split_rows, name);

/* ------------------------------------------------------------- what is moved */

static long move(struct sim_test_live *r, u64 from, u64 old, u64 new, u64 to)
{
	unsigned long flags = MREMAP_MAYMOVE | (to ? MREMAP_FIXED : 0);

	return SIM_TEST_IN(r->real, sys_mremap(from, PAGES(old), PAGES(new), flags, to));
}

static void mremap_moves_the_twin(struct kunit *test)
{
	struct sim_test_live *r = sim_test_live_filled(test, 4, 0);
	u64 faults = atomic64_read(&r->mm->min_flt);

	KUNIT_EXPECT_EQ(test, (long)ELSEWHERE, move(r, BASE, 4, 4, ELSEWHERE));
	expect_area(test, r, ELSEWHERE, 4, 0);
	sim_test_expect_no_area(test, r->mm, BASE);
	KUNIT_EXPECT_EQ(test, 1, r->seg->nattch);
	KUNIT_EXPECT_EQ(test, 1, r->mm->map_count);
	KUNIT_EXPECT_EQ(test, 0, atomic_long_read(&r->mm->rss));
	KUNIT_EXPECT_FALSE(test, sim_test_really_mapped(r->real, ELSEWHERE));
	sim_test_check(test, r->m);
	sim_test_real_verify(test, r->real, ELSEWHERE, 4, 1);
	KUNIT_EXPECT_EQ(test, faults + 4, atomic64_read(&r->mm->min_flt));
	KUNIT_EXPECT_EQ(test, -EFAULT, sim_test_real_store(r->real, BASE, 1));
}

static void mremap_moves_a_part(struct kunit *test)
{
	struct sim_test_live *r = sim_test_live_filled(test, 8, 0);

	KUNIT_EXPECT_EQ(test, (long)ELSEWHERE, move(r, BASE + PAGES(3), 2, 2, ELSEWHERE));
	expect_area(test, r, BASE, 3, 0);
	expect_area(test, r, ELSEWHERE, 2, 3);
	expect_area(test, r, BASE + PAGES(5), 3, 5);
	KUNIT_EXPECT_EQ(test, 3, r->seg->nattch);
	sim_test_real_verify(test, r->real, BASE, 3, 1);
	sim_test_check(test, r->m);
}

/* Others that have the page lose it really, and nothing more: one refill each. */
static void sharers_of_what_moved_refill(struct kunit *test)
{
	struct sim_test_live *r = sim_test_live_filled(test, 2, 0);
	struct mm_struct *child = sim_test_real_fork(test, r->real);
	struct sim_mm *mm = sim_test_real_mm(test, r->m, child);

	sim_test_real_touch(test, child, BASE, 2);
	KUNIT_EXPECT_EQ(test, (long)ELSEWHERE, move(r, BASE, 2, 2, ELSEWHERE));
	KUNIT_EXPECT_FALSE(test, sim_test_really_mapped(child, BASE));
	SIM_EXPECT_PTE(test, mm, BASE, "present young");
	sim_test_real_touch(test, child, BASE, 2);
	KUNIT_EXPECT_EQ(test, 2, atomic64_read(&mm->min_flt));
}

static void mremap_shrinks_and_never_grows(struct kunit *test)
{
	struct sim_test_live *r = sim_test_live_filled(test, 8, 0);

	KUNIT_EXPECT_EQ(test, -EFAULT, move(r, BASE, 8, 9, 0));
	KUNIT_EXPECT_EQ(test, -EFAULT, move(r, BASE, 0, 8, 0));
	expect_area(test, r, BASE, 8, 0);
	KUNIT_EXPECT_EQ(test, (long)BASE, move(r, BASE, 8, 5, 0));
	expect_area(test, r, BASE, 5, 0);
	KUNIT_EXPECT_EQ(test, 1, r->seg->nattch);
	sim_test_real_verify(test, r->real, BASE, 5, 1);
}

/* remap_file_pages(2), which the kernel does by mapping the file anew. */
static void remapped_pages_have_another_index(struct kunit *test)
{
	struct sim_test_live *r = sim_test_live_filled(test, 4, 0);
	u64 word;

	KUNIT_EXPECT_EQ(test, 0, SIM_TEST_IN(r->real, sys_remap_file_pages(BASE, PAGES(1), 0, 2,
									   0)));
	expect_area(test, r, BASE, 1, 2);
	expect_area(test, r, BASE + PAGES(1), 3, 1);
	KUNIT_EXPECT_EQ(test, 2, r->seg->nattch);
	KUNIT_EXPECT_EQ(test, 0, sim_test_real_load(r->real, BASE, &word));
	KUNIT_EXPECT_EQ(test, sim_test_pattern_word(test, 1, 2), word);
}

/* ----------------------------------------------------------------- processes */

static void child_inherits(struct kunit *test)
{
	struct sim_test_live *r = sim_test_live_filled(test, 4, 0);
	struct mm_struct *child = sim_test_real_fork(test, r->real);
	struct sim_mm *mm = sim_test_real_mm(test, r->m, child);

	KUNIT_ASSERT_NOT_NULL(test, mm);
	KUNIT_EXPECT_NE(test, r->mm->pid, mm->pid);
	KUNIT_EXPECT_EQ(test, 2, atomic_read(&r->m->nr_mms));
	KUNIT_EXPECT_EQ(test, 2, r->seg->nattch);
	sim_test_expect_area(test, mm, BASE, 4, 0);
	sim_test_expect_twins(test, r->m, child);
	sim_test_expect_twins(test, r->m, r->real);
	KUNIT_EXPECT_EQ(test, 0, atomic_long_read(&mm->rss));
	SIM_EXPECT_PTE(test, mm, BASE, "none");
	sim_test_real_verify(test, child, BASE, 4, 1);
	KUNIT_EXPECT_EQ(test, 4, atomic64_read(&mm->min_flt));
	sim_test_real_fill(test, child, BASE, 4, 2);
	sim_test_real_exit(test, child);
	KUNIT_EXPECT_EQ(test, 1, r->seg->nattch);
	sim_test_real_verify(test, r->real, BASE, 4, 2);
}

static void child_inherits_fragments(struct kunit *test)
{
	struct sim_test_live *r = sim_test_live_filled(test, 8, 0);
	struct mm_struct *child;

	KUNIT_ASSERT_EQ(test, 0, sim_test_real_munmap(r->real, BASE + PAGES(3), 2));
	child = sim_test_real_fork(test, r->real);
	sim_test_expect_twins(test, r->m, child);
	KUNIT_EXPECT_EQ(test, 4, r->seg->nattch);
	sim_test_real_verify(test, child, BASE, 3, 1);
	KUNIT_EXPECT_EQ(test, -EFAULT, sim_test_real_store(child, BASE + PAGES(3), 1));
	sim_test_real_exit(test, r->real);
	KUNIT_EXPECT_EQ(test, 2, r->seg->nattch);
	sim_test_real_verify(test, child, BASE, 3, 1);
}

static int load_word(void *data)
{
	u64 word;

	return sim_test_real_load(data, BASE, &word);
}

/* fork(2) tells us of a child that has no number yet; its first fault does. */
static void child_is_known_by_its_first_fault(struct kunit *test)
{
	struct sim_test_live *r = sim_test_live_filled(test, 4, 0);
	struct mm_struct *child = sim_test_real_fork(test, r->real);
	struct sim_mm *mm = sim_test_real_mm(test, r->m, child);
	struct sim_test_thread *thread;

	KUNIT_EXPECT_EQ(test, task_tgid_vnr(current), sim_mm_creator(r->mm));
	KUNIT_EXPECT_EQ(test, task_tgid_vnr(current), sim_mm_creator(mm));
	KUNIT_EXPECT_NULL(test, mm->self);
	/* One that somebody else causes tells us nothing. */
	sim_test_real_unpin(test, sim_test_real_pin(test, child, BASE + PAGES(1)));
	KUNIT_EXPECT_NULL(test, mm->self);
	thread = sim_test_thread_run(test, load_word, child);
	KUNIT_EXPECT_EQ(test, 0, sim_test_thread_join(test, thread));
	KUNIT_EXPECT_EQ(test, task_tgid_vnr(thread->task), sim_mm_creator(mm));
	sim_test_real_touch(test, child, BASE + PAGES(2), 1);
	KUNIT_EXPECT_EQ(test, task_tgid_vnr(thread->task), sim_mm_creator(mm));
}

/* fork(2) cannot be refused; shmat(2) can. */
static void only_fork_exceeds_the_number_of_processes(struct kunit *test)
{
	struct sim_test_live *r = sim_test_live(test, 4, 0);
	struct mm_struct *other = sim_test_real(test);
	struct mm_struct *child;
	u64 address = BASE;
	unsigned long pid;

	for (pid = 1; pid <= SHMSWAP_MAX_PROCESSES; pid++)
		KUNIT_ASSERT_EQ(test, 0, xa_reserve(&r->m->mms, pid, GFP_KERNEL));
	KUNIT_EXPECT_EQ(test, -EAGAIN, sim_test_real_shmat(other, r->m, r->id, &address, 0));
	KUNIT_EXPECT_EQ(test, 1, r->seg->nattch);
	KUNIT_EXPECT_NULL(test, sim_test_real_vma(other, BASE));
	child = sim_test_real_fork(test, r->real);
	KUNIT_EXPECT_EQ(test, SHMSWAP_MAX_PROCESSES + 1,
			sim_test_real_mm(test, r->m, child)->pid);
	for (pid = 1; pid <= SHMSWAP_MAX_PROCESSES; pid++)
		xa_release(&r->m->mms, pid);
}

/* There are none but those that have something really mapped. */
static void last_detach_ends_the_process(struct kunit *test)
{
	struct sim_test_live *r = sim_test_live_filled(test, 4, 0);
	u32 pid = r->mm->pid;

	sim_test_real_attach_at(test, r->real, r->m, r->id, ELSEWHERE, 0);
	/* That of the case, that of the process, and those of two files. */
	KUNIT_EXPECT_EQ(test, 4, kref_read(&r->m->ref));
	KUNIT_EXPECT_EQ(test, 0, sim_test_real_munmap(r->real, BASE, 4));
	KUNIT_EXPECT_EQ(test, 1, atomic_read(&r->m->nr_mms));
	KUNIT_EXPECT_EQ(test, 0, sim_test_real_munmap(r->real, ELSEWHERE, 4));
	KUNIT_EXPECT_EQ(test, 0, atomic_read(&r->m->nr_mms));
	KUNIT_EXPECT_TRUE(test, RB_EMPTY_ROOT(&r->m->live));
	KUNIT_EXPECT_NULL(test, xa_load(&r->m->mms, pid));
	KUNIT_EXPECT_EQ(test, 1, kref_read(&r->m->ref));
	KUNIT_EXPECT_EQ(test, 0, SIM_TEST_IN(r->real, sim_live_pid(r->m)));
	/* What is attached later makes another one. */
	sim_test_real_attach_at(test, r->real, r->m, r->id, BASE, 0);
	KUNIT_EXPECT_EQ(test, pid, SIM_TEST_IN(r->real, sim_live_pid(r->m)));
	KUNIT_EXPECT_PTR_NE(test, r->mm, sim_test_real_mm(test, r->m, r->real));
	sim_test_real_verify(test, r->real, BASE, 4, 1);
}

static void exit_detaches(struct kunit *test)
{
	struct sim_test_live *r = sim_test_live_filled(test, 4, 0);

	sim_test_real_attach_at(test, r->real, r->m, r->id, ELSEWHERE, SHM_RDONLY);
	sim_test_real_touch(test, r->real, ELSEWHERE, 4);
	sim_test_real_exit(test, r->real);
	KUNIT_EXPECT_EQ(test, 0, r->seg->nattch);
	KUNIT_EXPECT_EQ(test, 0, atomic_read(&r->m->nr_mms));
	KUNIT_EXPECT_EQ(test, 0, atomic_long_read(&r->mm->rss));
	SIM_EXPECT_SHM(test, r->m, 4, 4, 0);
	KUNIT_EXPECT_EQ(test, 1, sim_page_count(sim_test_frame(r->seg, 0)));
}

static void last_exit_destroys_a_doomed_segment(struct kunit *test)
{
	struct sim_test_live *r = sim_test_live_filled(test, 4, 0);
	struct mm_struct *child = sim_test_real_fork(test, r->real);

	KUNIT_EXPECT_EQ(test, 0, sim_test_shmctl(r->m, r->id, IPC_RMID));
	sim_test_real_exit(test, r->real);
	SIM_EXPECT_SHM(test, r->m, 4, 4, 0);
	sim_test_real_verify(test, child, BASE, 4, 1);
	sim_test_real_exit(test, child);
	SIM_EXPECT_SHM(test, r->m, 0, 0, 0);
	KUNIT_EXPECT_EQ(test, SIM_TEST_FRAMES, r->m->nr_free_pages);
}

/* A process is one of each machine that it has something of. */
static void process_of_two_machines(struct kunit *test)
{
	struct sim_test_live *r = sim_test_live_filled(test, 2, 0);
	struct sim_machine *m = sim_test_machine(test);
	s32 id = sim_test_segment(test, m, 2);

	sim_test_process(test, m);
	sim_test_real_attach_at(test, r->real, m, id, ELSEWHERE, 0);
	KUNIT_EXPECT_EQ(test, 1, SIM_TEST_IN(r->real, sim_live_pid(r->m)));
	KUNIT_EXPECT_EQ(test, 2, SIM_TEST_IN(r->real, sim_live_pid(m)));
	sim_test_real_fill(test, r->real, ELSEWHERE, 2, 2);
	KUNIT_EXPECT_EQ(test, 0, sim_test_real_munmap(r->real, BASE, 2));
	KUNIT_EXPECT_EQ(test, 0, atomic_read(&r->m->nr_mms));
	sim_test_real_verify(test, r->real, ELSEWHERE, 2, 2);
	sim_test_check(test, m);
	sim_test_real_exit(test, r->real);
}

/* Nobody else needs to keep the machine: neither when it is used nor when it goes. */
static void machine_lives_as_long_as_an_attach(struct kunit *test)
{
	struct sim_config config = { .nr_frames = SIM_TEST_FRAMES };
	struct sim_machine *m = sim_machine_create(&config);
	struct mm_struct *real = sim_test_real(test);
	u64 word = 0;

	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, m);
	sim_test_real_attach_at(test, real, m, sim_test_segment(test, m, 2), BASE, 0);
	/* Only to look at it when it is dead. */
	refcount_inc(&m->memory);
	sim_machine_put(m);
	KUNIT_EXPECT_EQ(test, 0, sim_test_real_store(real, BASE, 7));
	KUNIT_EXPECT_EQ(test, 0, sim_test_real_load(real, BASE, &word));
	KUNIT_EXPECT_EQ(test, 7, word);
	KUNIT_EXPECT_FALSE(test, completion_done(&m->destroyed));
	sim_test_real_exit(test, real);
	KUNIT_EXPECT_GT(test, wait_for_completion_timeout(&m->destroyed, SIM_TEST_WAIT), 0UL);
	KUNIT_EXPECT_TRUE(test, sim_test_wait_for(refcount_read(&m->memory) == 1));
	kfree(m);
}

/* ------------------------------------------------------------------- shmdt */

static int shmdt(struct sim_test_live *r, u64 address)
{
	return SIM_TEST_IN(r->real, sim_live_shmdt(r->m, address));
}

static void shmdt_of_no_attach(struct kunit *test)
{
	struct sim_test_live *r = sim_test_live(test, 4, 0);
	struct mm_struct *other = sim_test_real(test);
	struct sim_mm *mm = sim_test_process(test, r->m);

	sim_test_attach_at(test, mm, r->id, ELSEWHERE, 0);
	sim_test_real_attach_at(test, other, r->m, r->id, ELSEWHERE + PAGES(10), 0);
	KUNIT_EXPECT_EQ(test, -EINVAL, shmdt(r, BASE + 1));
	KUNIT_EXPECT_EQ(test, -EINVAL, shmdt(r, BASE + PAGES(1)));
	KUNIT_EXPECT_EQ(test, -EINVAL, shmdt(r, BASE - PAGES(1)));
	KUNIT_EXPECT_EQ(test, -EINVAL, shmdt(r, ELSEWHERE));
	KUNIT_EXPECT_EQ(test, -EINVAL, shmdt(r, ELSEWHERE + PAGES(10)));
	KUNIT_EXPECT_EQ(test, 3, r->seg->nattch);
	KUNIT_EXPECT_EQ(test, 0, shmdt(r, BASE));
	KUNIT_EXPECT_EQ(test, -EINVAL, shmdt(r, BASE));
	KUNIT_EXPECT_EQ(test, 2, r->seg->nattch);
}

/* What lies between, and what only lies where a fragment could, stays. */
static void shmdt_detaches_all_fragments(struct kunit *test)
{
	struct sim_test_live *r = sim_test_live_filled(test, 8, 0);
	s32 hole = sim_test_segment(test, r->m, 1);

	sim_test_real_attach_at(test, r->real, r->m, r->id, BASE + PAGES(8), 0);
	sim_test_real_attach_at(test, r->real, r->m, hole, BASE + PAGES(2), SHM_REMAP);
	sim_test_real_attach_at(test, r->real, r->m, hole, BASE + PAGES(5), SHM_REMAP);
	KUNIT_EXPECT_EQ(test, 4, r->seg->nattch);
	KUNIT_EXPECT_EQ(test, 0, shmdt(r, BASE));
	KUNIT_EXPECT_EQ(test, 1, r->seg->nattch);
	KUNIT_EXPECT_EQ(test, 2, sim_test_seg(test, r->m, hole)->nattch);
	sim_test_expect_no_area(test, r->mm, BASE);
	expect_area(test, r, BASE + PAGES(2), 1, 0);
	expect_area(test, r, BASE + PAGES(5), 1, 0);
	expect_area(test, r, BASE + PAGES(8), 8, 0);
	KUNIT_EXPECT_EQ(test, -EFAULT, sim_test_real_store(r->real, BASE + PAGES(7), 1));
	sim_test_real_verify(test, r->real, BASE + PAGES(8), 8, 1);
}

static void shmdt_of_attach_without_its_first_pages(struct kunit *test)
{
	struct sim_test_live *r = sim_test_live(test, 8, 0);

	KUNIT_ASSERT_EQ(test, 0, sim_test_real_munmap(r->real, BASE, 2));
	KUNIT_EXPECT_EQ(test, -EINVAL, shmdt(r, BASE + PAGES(2)));
	KUNIT_EXPECT_EQ(test, 0, shmdt(r, BASE));
	KUNIT_EXPECT_EQ(test, 0, r->seg->nattch);
	KUNIT_EXPECT_EQ(test, 0, atomic_read(&r->m->nr_mms));
}

/* --------------------------------------------- what there is no memory for */

static void shmat_without_memory_leaves_nothing_behind(struct kunit *test)
{
	struct sim_test_live *r = sim_test_live(test, 4, 0);
	unsigned int refs = kref_read(&r->m->ref);
	unsigned int n, failures = 0;
	bool fired = true;
	u64 address;
	int err;

	sim_test_fault_injection(test);
	for (n = 1; fired; n++) {
		struct mm_struct *real = sim_test_real(test);
		s32 id = sim_test_segment(test, r->m, 4);
		struct sim_shmid *seg = sim_test_seg(test, r->m, id);

		address = BASE;
		sim_test_fail_nth(n);
		err = sim_test_real_shmat(real, r->m, id, &address, 0);
		fired = sim_test_fail_fired();
		KUNIT_EXPECT_EQ(test, 0, seg->attaching);
		KUNIT_EXPECT_EQ(test, !err, seg->nattch);
		KUNIT_EXPECT_EQ(test, 1 + !err, atomic_read(&r->m->nr_mms));
		KUNIT_EXPECT_EQ(test, !err, seg->nr_files);
		/* A process and its file keep it. */
		KUNIT_EXPECT_EQ(test, refs + 2 * !err, kref_read(&r->m->ref));
		sim_test_expect_twins(test, r->m, real);
		if (err) {
			failures++;
			KUNIT_EXPECT_EQ(test, -ENOMEM, err);
			KUNIT_EXPECT_NULL(test, sim_test_real_vma(real, BASE));
		}
		sim_test_real_exit(test, real);
		KUNIT_EXPECT_EQ(test, 0, sim_test_shmctl(r->m, id, IPC_RMID));
		sim_test_check(test, r->m);
	}
	KUNIT_EXPECT_GT(test, failures, 0);
}

/* What the kernel could not do, the twins have not seen. */
static void munmap_without_memory_changes_nothing(struct kunit *test)
{
	struct sim_test_live *r = sim_test_live_filled(test, 8, 0);
	unsigned int n, failures = 0;
	bool fired = true;
	int err;

	sim_test_fault_injection(test);
	for (n = 1; fired; n++) {
		sim_test_real_attach_at(test, r->real, r->m, r->id, ELSEWHERE, 0);
		sim_test_real_touch(test, r->real, ELSEWHERE, 8);
		sim_test_fail_nth(n);
		err = sim_test_real_munmap(r->real, ELSEWHERE + PAGES(3), 2);
		fired = sim_test_fail_fired();
		sim_test_expect_twins(test, r->m, r->real);
		sim_test_check(test, r->m);
		if (err) {
			failures++;
			KUNIT_EXPECT_EQ(test, -ENOMEM, err);
		} else {
			KUNIT_EXPECT_EQ(test, 3, r->seg->nattch);
			KUNIT_EXPECT_EQ(test, 14, atomic_long_read(&r->mm->rss));
		}
		KUNIT_EXPECT_EQ(test, 0, sim_test_real_munmap(r->real, ELSEWHERE, 8));
		KUNIT_EXPECT_EQ(test, 1, r->seg->nattch);
	}
	KUNIT_EXPECT_GT(test, failures, 0);
	sim_test_real_verify(test, r->real, BASE, 8, 1);
}

/* The kernel makes the child's vmas one by one, and undoes what it made. */
static void fork_without_memory_leaves_nothing_behind(struct kunit *test)
{
	struct sim_test_live *r = sim_test_live_filled(test, 8, 0);
	unsigned int n, failures = 0;
	struct mm_struct *child;
	bool fired = true;

	KUNIT_ASSERT_EQ(test, 0, sim_test_real_munmap(r->real, BASE + PAGES(3), 2));
	sim_test_fault_injection(test);
	for (n = 1; fired; n++) {
		fired = sim_test_real_fail_fork(test, r->real, n, &child);
		KUNIT_EXPECT_EQ(test, child ? 4 : 2, r->seg->nattch);
		KUNIT_EXPECT_EQ(test, child ? 2 : 1, atomic_read(&r->m->nr_mms));
		sim_test_expect_twins(test, r->m, r->real);
		sim_test_check(test, r->m);
		if (child)
			sim_test_real_exit(test, child);
		else
			failures++;
	}
	KUNIT_EXPECT_GT(test, failures, 0);
	sim_test_real_verify(test, r->real, BASE, 3, 1);
}

static struct kunit_case cases[] = {
	KUNIT_CASE(attach_makes_a_twin_and_a_process),
	KUNIT_CASE_PARAM(shmat_flags_become_protection, flags_gen_params),
	KUNIT_CASE_PARAM(shmat_goes, address_gen_params),
	KUNIT_CASE(shmat_anywhere_finds_room),
	KUNIT_CASE(attaches_never_merge),
	KUNIT_CASE(inode_goes_with_the_last_attach),
	KUNIT_CASE(later_attach_makes_another_inode),
	KUNIT_CASE(private_mapping_is_refused),
	KUNIT_CASE(mapping_of_a_destroyed_segment_is_refused),
	KUNIT_CASE_PARAM(munmap_of_a_part, unmap_gen_params),
	KUNIT_CASE(mprotect_of_a_part),
	KUNIT_CASE(fault_learns_of_mprotect),
	KUNIT_CASE(update_of_no_real_process),
	KUNIT_CASE_PARAM(failed_split_is_undone, split_gen_params),
	KUNIT_CASE_PARAM(failed_split_of_a_fragment_is_undone, split_gen_params),
	KUNIT_CASE(mremap_moves_the_twin),
	KUNIT_CASE(mremap_moves_a_part),
	KUNIT_CASE(sharers_of_what_moved_refill),
	KUNIT_CASE(mremap_shrinks_and_never_grows),
	KUNIT_CASE(remapped_pages_have_another_index),
	KUNIT_CASE(child_inherits),
	KUNIT_CASE(child_inherits_fragments),
	KUNIT_CASE(child_is_known_by_its_first_fault),
	KUNIT_CASE(only_fork_exceeds_the_number_of_processes),
	KUNIT_CASE(last_detach_ends_the_process),
	KUNIT_CASE(exit_detaches),
	KUNIT_CASE(last_exit_destroys_a_doomed_segment),
	KUNIT_CASE(process_of_two_machines),
	KUNIT_CASE(machine_lives_as_long_as_an_attach),
	KUNIT_CASE(shmdt_of_no_attach),
	KUNIT_CASE(shmdt_detaches_all_fragments),
	KUNIT_CASE(shmdt_of_attach_without_its_first_pages),
	KUNIT_CASE(shmat_without_memory_leaves_nothing_behind),
	KUNIT_CASE(munmap_without_memory_changes_nothing),
	KUNIT_CASE(fork_without_memory_leaves_nothing_behind),
	{}
};

static struct kunit_suite suite = {
	.name = "shmswap_live",
	.init = sim_test_init,
	.exit = sim_test_exit,
	.test_cases = cases,
};

kunit_test_suite(suite);
