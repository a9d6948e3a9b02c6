/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Real processes for the suites: address spaces that segments are really mapped
 * into. They have no user space, but vmas, page tables, and faults.
 *
 *	static void store_is_seen_by_the_child(struct kunit *test)
 *	{
 *		struct sim_test_live *r = sim_test_live(test, 4, 0);
 *		struct mm_struct *child = sim_test_real_fork(test, r->real);
 *		u64 word;
 *
 *		KUNIT_EXPECT_EQ(test, 0, sim_test_real_store(r->real, r->base, 1));
 *		KUNIT_EXPECT_EQ(test, 0, sim_test_real_load(child, r->base, &word));
 *		KUNIT_EXPECT_EQ(test, 1, word);
 *	}
 */
#ifndef _SIM_KUNIT_LIVE_H
#define _SIM_KUNIT_LIVE_H

#include <linux/file.h>
#include <linux/kthread.h>
#include <linux/mm.h>

#include "kunit_regions.h"

#define SIM_TEST_LIVE_BASE	0x100000000ULL

/**
 * struct sim_test_live - a segment that is really mapped
 * @m: machine of SIM_TEST_FRAMES frames that reclaims only when told to
 * @swap: its only area, of SIM_TEST_SLOTS slots that are all free
 * @id: segment
 * @seg: the same
 * @npages: its size
 * @real: address space
 * @mm: the process that this is on the machine
 * @base: the attach
 */
struct sim_test_live {
	struct sim_machine *m;
	struct sim_test_swap *swap;
	s32 id;
	struct sim_shmid *seg;
	u32 npages;
	struct mm_struct *real;
	struct sim_mm *mm;
	u64 base;
};

struct sim_test_live *sim_test_live(struct kunit *test, u32 npages, u32 flags);
struct sim_test_live *sim_test_live_filled(struct kunit *test, u32 npages, u32 flags);

/* The @index-th page of the attach. */
static inline u64 sim_test_live_page(const struct sim_test_live *r, u32 index)
{
	return sim_test_page(r->base, index);
}

/* --------------------------------------------------------- address spaces */

struct mm_struct *sim_test_real(struct kunit *test);
struct mm_struct *sim_test_real_fork(struct kunit *test, struct mm_struct *parent);
bool sim_test_real_fail_fork(struct kunit *test, struct mm_struct *parent, unsigned int nth,
			     struct mm_struct **child);
void sim_test_real_exit(struct kunit *test, struct mm_struct *real);
struct sim_mm *sim_test_real_mm(struct kunit *test, struct sim_machine *m,
				struct mm_struct *real);

/*
 * What @call returns if @real calls it; @call must not end the case. What it closed
 * is closed then, as if it had returned to user space.
 */
#define SIM_TEST_IN(real, call) ({						\
	struct mm_struct *real_ = (real);					\
	typeof(call) ret_;							\
										\
	kthread_use_mm(real_);							\
	ret_ = (call);								\
	kthread_unuse_mm(real_);						\
	flush_delayed_fput();							\
	ret_;									\
})

int sim_test_real_shmat(struct mm_struct *real, struct sim_machine *m, s32 id, u64 *address,
			u32 shmflg);
u64 sim_test_real_attach(struct kunit *test, struct mm_struct *real, struct sim_machine *m,
			 s32 id);
u64 sim_test_real_attach_at(struct kunit *test, struct mm_struct *real, struct sim_machine *m,
			    s32 id, u64 address, u32 shmflg);
int sim_test_real_munmap(struct mm_struct *real, u64 address, u64 npages);
int sim_test_real_mprotect(struct mm_struct *real, u64 address, u64 npages,
			   unsigned long prot);
struct vm_area_struct *sim_test_real_vma(struct mm_struct *real, u64 address);
void sim_test_expect_twins(struct kunit *test, struct sim_machine *m, struct mm_struct *real);

/* --------------------------------------------------------------- accesses */

vm_fault_t sim_test_real_fault(struct mm_struct *real, u64 address, unsigned int flags);
int sim_test_real_copy(struct mm_struct *real, u64 address, void *to, size_t len);
int sim_test_real_store(struct mm_struct *real, u64 address, u64 word);
int sim_test_real_load(struct mm_struct *real, u64 address, u64 *word);
void sim_test_real_touch(struct kunit *test, struct mm_struct *real, u64 address, u64 npages);
void sim_test_real_fill(struct kunit *test, struct mm_struct *real, u64 address, u64 npages,
			u64 seed);
void sim_test_real_verify(struct kunit *test, struct mm_struct *real, u64 address, u64 npages,
			  u64 seed);
struct page *sim_test_real_pin(struct kunit *test, struct mm_struct *real, u64 address);
void sim_test_real_unpin(struct kunit *test, struct page *memory);
bool sim_test_really_mapped(struct mm_struct *real, u64 address);
bool sim_test_really_writable(struct mm_struct *real, u64 address);
void sim_test_live_zap(struct kunit *test, struct sim_test_live *r, pgoff_t index);

#endif /* _SIM_KUNIT_LIVE_H */
