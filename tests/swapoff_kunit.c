// SPDX-License-Identifier: GPL-2.0
/*
 * Swapon's arguments, and swapoff: everything comes back or nothing changes.
 */
#include <linux/err.h>
#include <linux/mm.h>

#include "kunit_helpers.h"

#define PAGES(n)	((u64)(n) << PAGE_SHIFT)

static struct sim_machine *machine(struct kunit *test, u32 frames)
{
	return sim_test_machine_config(test, &(const struct sim_config) { .nr_frames = frames });
}

/**
 * struct swapped - a process whose pages are swapped out
 * @m: machine
 * @mm: process
 * @base: its attach
 * @npages: its size; all pages are in @swap
 * @swap: the only area
 */
struct swapped {
	struct sim_machine *m;
	struct sim_mm *mm;
	u64 base;
	u32 npages;
	struct sim_test_swap *swap;
};

static struct swapped swap_out(struct kunit *test, u32 frames, u32 npages)
{
	struct swapped s = { .m = machine(test, frames), .npages = npages };
	s32 id = sim_test_segment(test, s.m, npages);

	s.mm = sim_test_process(test, s.m);
	s.swap = sim_test_swap_area(test, s.m, 64, 5);
	s.base = sim_test_attach(test, s.mm, id);
	sim_test_fill(test, s.mm, s.base, npages, 1);
	sim_test_swap_out_all(test, s.m);
	return s;
}

/* ----------------------------------------------------------------- swapon */

static const struct swapon_row {
	const char *name;
	struct shmswap_swapon arg;
	int err;
} swapon_rows[] = {
	{ "RAM", { .flags = SHMSWAP_SWAPON_RAM, .fd = -1, .slots = 1 }, 0 },
	{ "RAM with a priority", { .flags = SHMSWAP_SWAPON_RAM | SHMSWAP_SWAPON_PREFER, .fd = -1,
				   .slots = 1, .prio = 32767 }, 0 },
	{ "unknown flag", { .flags = SHMSWAP_SWAPON_RAM | 4, .fd = -1, .slots = 1 }, -EINVAL },
	{ "RAM without slots", { .flags = SHMSWAP_SWAPON_RAM, .fd = -1 }, -EINVAL },
	{ "RAM with too many slots", { .flags = SHMSWAP_SWAPON_RAM, .fd = -1,
				       .slots = SHMSWAP_MAX_SLOTS }, -EINVAL },
	{ "RAM and a file", { .flags = SHMSWAP_SWAPON_RAM, .fd = 0, .slots = 1 }, -EINVAL },
	{ "priority too high", { .flags = SHMSWAP_SWAPON_RAM | SHMSWAP_SWAPON_PREFER, .fd = -1,
				 .slots = 1, .prio = 32768 }, -EINVAL },
	{ "negative priority", { .flags = SHMSWAP_SWAPON_RAM | SHMSWAP_SWAPON_PREFER, .fd = -1,
				 .slots = 1, .prio = -1 }, -EINVAL },
	{ "priority that is not asked for", { .flags = SHMSWAP_SWAPON_RAM, .fd = -1, .slots = 1,
					      .prio = 1 }, -EINVAL },
	{ "a file with slots", { .fd = 0, .slots = 1 }, -EINVAL },
	{ "no file", { .fd = 1000 }, -EBADF },
	{ "no file at all", { .fd = -1 }, -EBADF },
};

static void swapon_with(struct kunit *test)
{
	const struct swapon_row *row = test->param_value;
	struct shmswap_swapon arg = row->arg;
	struct sim_machine *m = machine(test, SIM_TEST_FRAMES);

	KUNIT_EXPECT_EQ(test, row->err, sim_swapon(m, &arg));
	KUNIT_EXPECT_EQ(test, row->err ? 0 : 1, m->nr_swap_pages);
	if (row->err)
		return;
	KUNIT_EXPECT_EQ(test, arg.flags & SHMSWAP_SWAPON_PREFER ? arg.prio : -1,
			m->swap_info[arg.out_type]->prio);
	KUNIT_EXPECT_EQ(test, SHMSWAP_AREA_RAM, m->swap_info[arg.out_type]->kind);
	KUNIT_EXPECT_EQ(test, 0, sim_swapoff(m, arg.out_type));
	KUNIT_EXPECT_EQ(test, 0, m->nr_swap_pages);
}

KUNIT_ARRAY_PARAM_DESC(swapon, swapon_rows, name);

/* --------------------------------------------------------------- swapoff */

static void swapoff_of_no_area(struct kunit *test)
{
	struct sim_machine *m = machine(test, SIM_TEST_FRAMES);

	KUNIT_EXPECT_EQ(test, -EINVAL, sim_swapoff(m, 0));
	KUNIT_EXPECT_EQ(test, -EINVAL, sim_swapoff(m, SHMSWAP_MAX_SWAPFILES));
	KUNIT_EXPECT_EQ(test, -EINVAL, sim_swapoff(m, U32_MAX));
}

static void swapoff_brings_everything_back(struct kunit *test)
{
	struct swapped s = swap_out(test, SIM_TEST_FRAMES, 32);

	KUNIT_EXPECT_EQ(test, 0, sim_swapoff(s.m, s.swap->type));
	SIM_EXPECT_SHM(test, s.m, 32, 32, 0);
	KUNIT_EXPECT_EQ(test, 0, s.m->nr_swap_pages);
	KUNIT_EXPECT_EQ(test, 32, s.swap->nr_reads);
	KUNIT_EXPECT_NULL(test, s.m->swap_info[s.swap->type]);
	/* No attach was touched. */
	SIM_EXPECT_PTE(test, s.mm, s.base, "signature");
	KUNIT_EXPECT_EQ(test, 0, atomic_long_read(&s.mm->rss));
	sim_test_verify(test, s.mm, s.base, 32, 1);
	KUNIT_EXPECT_EQ(test, -EINVAL, sim_swapoff(s.m, s.swap->type));
}

static void swapoff_of_ram(struct kunit *test)
{
	struct sim_machine *m = sim_test_machine(test);
	struct sim_mm *mm = sim_test_process(test, m);
	u64 base = sim_test_attach(test, mm, sim_test_segment(test, m, 40));

	sim_test_fill(test, mm, base, 40, 1);
	sim_test_swap_out_all(test, m);
	KUNIT_EXPECT_EQ(test, 0, sim_swapoff(m, 0));
	SIM_EXPECT_SHM(test, m, 40, 40, 0);
	sim_test_verify(test, mm, base, 40, 1);
}

/* Unattached, locked and doomed segments have pages too. */
static void swapoff_of_segments_in_every_state(struct kunit *test)
{
	struct sim_machine *m = machine(test, SIM_TEST_FRAMES);
	struct sim_mm *mm = sim_test_process(test, m);
	struct sim_test_swap *swap = sim_test_swap_area(test, m, 64, -1);
	u64 base[3];
	s32 id[3];
	u32 i;

	for (i = 0; i < ARRAY_SIZE(id); i++) {
		id[i] = sim_test_segment(test, m, 4);
		base[i] = sim_test_attach(test, mm, id[i]);
		sim_test_fill(test, mm, base[i], 4, i);
	}
	sim_test_swap_out_all(test, m);
	KUNIT_ASSERT_EQ(test, 0, sim_shmdt(mm, base[0]));
	KUNIT_ASSERT_EQ(test, 0, sim_test_shmctl(m, id[1], SHM_LOCK));
	KUNIT_ASSERT_EQ(test, 0, sim_test_shmctl(m, id[2], IPC_RMID));
	KUNIT_EXPECT_EQ(test, 0, sim_swapoff(m, swap->type));
	SIM_EXPECT_SHM(test, m, 12, 12, 0);
	base[0] = sim_test_attach(test, mm, id[0]);
	for (i = 0; i < ARRAY_SIZE(id); i++)
		sim_test_verify(test, mm, base[i], 4, i);
}

static void swapoff_leaves_other_areas_alone(struct kunit *test)
{
	struct swapped s = swap_out(test, SIM_TEST_FRAMES, 8);
	struct sim_test_swap *better = sim_test_swap_area(test, s.m, 64, 9);

	sim_test_verify(test, s.mm, s.base, 4, 1);
	while (atomic_long_read(&s.m->shm_rss))
		sim_test_shm_swap(s.m, 0);
	KUNIT_EXPECT_EQ(test, 4, better->si->inuse_pages);
	KUNIT_EXPECT_EQ(test, 0, sim_swapoff(s.m, s.swap->type));
	SIM_EXPECT_SHM(test, s.m, 8, 4, 4);
	KUNIT_EXPECT_EQ(test, 4, better->si->inuse_pages);
	KUNIT_EXPECT_EQ(test, 60, s.m->nr_swap_pages);
	sim_test_verify(test, s.mm, s.base, 8, 1);
}

/* Too many pages for the memory: others go out meanwhile, to another area. */
static void swapoff_moves_to_another_area(struct kunit *test)
{
	struct swapped s = swap_out(test, SHMSWAP_MIN_FRAMES, 40);
	struct sim_test_swap *other = sim_test_swap_area(test, s.m, 64, 0);

	KUNIT_EXPECT_EQ(test, 0, sim_swapoff(s.m, s.swap->type));
	KUNIT_EXPECT_GE(test, other->si->inuse_pages, 25);
	sim_test_verify(test, s.mm, s.base, 40, 1);
}

/* The area is in use again, before its equals, and what came back stays. */
static void expect_put_back(struct kunit *test, struct swapped *s)
{
	struct sim_swap_info *si = s->swap->si;

	KUNIT_ASSERT_NOT_NULL(test, si);
	KUNIT_EXPECT_EQ(test, SIM_SWP_WRITEOK, si->flags);
	KUNIT_EXPECT_PTR_EQ(test, si, s->m->swap_info[s->swap->type]);
	KUNIT_EXPECT_EQ(test, 64 - si->inuse_pages, s->m->nr_swap_pages);
	KUNIT_EXPECT_EQ(test, atomic_long_read(&s->m->shm_swp), si->inuse_pages);
	sim_test_check(test, s->m);
	KUNIT_EXPECT_TRUE(test, sim_get_swap_page(s->m).val);
	sim_swap_free(s->m, sim_swp_entry(si->type, si->cluster_next), 1);
}

static void swapoff_without_memory(struct kunit *test)
{
	struct swapped s = swap_out(test, SHMSWAP_MIN_FRAMES, 40);

	KUNIT_EXPECT_EQ(test, -ENOMEM, sim_swapoff(s.m, s.swap->type));
	expect_put_back(test, &s);
	sim_test_verify(test, s.mm, s.base, 40, 1);
}

static void swapoff_with_page_that_cannot_be_read(struct kunit *test)
{
	struct swapped s = swap_out(test, SIM_TEST_FRAMES, 8);

	s.m->page_cluster = 0;
	s.swap->fail_read = (struct sim_test_fault) { .skip = 3, .count = 1 };
	KUNIT_EXPECT_EQ(test, -EIO, sim_swapoff(s.m, s.swap->type));
	SIM_EXPECT_SHM(test, s.m, 8, 3, 5);
	SIM_EXPECT_EVENT(test, s.m, SWAP_READ_ERRORS, 1);
	expect_put_back(test, &s);
	sim_test_verify(test, s.mm, s.base, 8, 1);
	KUNIT_EXPECT_EQ(test, 0, sim_swapoff(s.m, s.swap->type));
}

static void swapoff_after_slot_was_retired(struct kunit *test)
{
	struct swapped s = swap_out(test, SIM_TEST_FRAMES, 4);

	sim_test_touch_pages(test, s.mm, s.base, 4);
	s.swap->fail_write = (struct sim_test_fault) { .count = 2 };
	sim_test_swap_out_all(test, s.m);
	SIM_EXPECT_EVENT(test, s.m, SWAP_WRITE_ERRORS, 2);
	KUNIT_EXPECT_EQ(test, 62, s.swap->si->pages);
	KUNIT_EXPECT_EQ(test, 0, sim_swapoff(s.m, s.swap->type));
	KUNIT_EXPECT_EQ(test, 0, s.m->nr_swap_pages);
	sim_test_verify(test, s.mm, s.base, 4, 1);
}

/* ------------------------------------------------------- while others act */

static int swapoff_thread(void *data)
{
	struct sim_test_swap *swap = data;

	return sim_swapoff(swap->si->m, swap->type);
}

/* Hold every read until the case says so, or its thread is killed. */
static void hold_read(struct sim_test_swap *swap, u32 slot)
{
	wait_for_completion_state(swap->data, TASK_KILLABLE);
}

struct held {
	struct swapped s;
	struct completion go;
	struct sim_test_thread *thread;
};

/* A swapoff that has got as far as its first read. */
static struct held *begin_swapoff(struct kunit *test)
{
	struct held *h = kunit_kzalloc(test, sizeof(*h), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, h);
	h->s = swap_out(test, SIM_TEST_FRAMES, 8);
	init_completion(&h->go);
	h->s.swap->data = &h->go;
	h->s.swap->on_read = hold_read;
	h->thread = sim_test_thread_run(test, swapoff_thread, h->s.swap);
	KUNIT_EXPECT_TRUE(test, sim_test_wait_for(READ_ONCE(h->s.swap->nr_reads) == 1));
	return h;
}

static void swapoff_of_area_that_is_swapped_off(struct kunit *test)
{
	struct held *h = begin_swapoff(test);

	KUNIT_EXPECT_EQ(test, -EBUSY, sim_swapoff(h->s.m, h->s.swap->type));
	complete_all(&h->go);
	KUNIT_EXPECT_EQ(test, 0, sim_test_thread_join(test, h->thread));
}

/* Nothing goes out to it any more, though it has free slots. */
static void reclaim_while_area_is_swapped_off(struct kunit *test)
{
	struct held *h = begin_swapoff(test);
	struct swapped *s = &h->s;
	u64 more = sim_test_attach(test, s->mm, sim_test_segment(test, s->m, 2));

	sim_test_touch_pages(test, s->mm, more, 2);
	KUNIT_EXPECT_EQ(test, 0, s->m->nr_swap_pages);
	KUNIT_EXPECT_EQ(test, 0, sim_test_shm_swap(s->m, 0));
	KUNIT_EXPECT_EQ(test, 0, sim_test_shm_swap(s->m, 0));
	complete_all(&h->go);
	KUNIT_EXPECT_EQ(test, 0, sim_test_thread_join(test, h->thread));
	SIM_EXPECT_SHM(test, s->m, 10, 10, 0);
	sim_test_verify(test, s->mm, s->base, 8, 1);
}

static void segment_destroyed_while_area_is_swapped_off(struct kunit *test)
{
	struct held *h = begin_swapoff(test);
	struct swapped *s = &h->s;

	KUNIT_EXPECT_EQ(test, 0, sim_shmdt(s->mm, s->base));
	KUNIT_EXPECT_EQ(test, 0, sim_test_shmctl(s->m, 0, IPC_RMID));
	/* The page that is being read keeps its slot. */
	KUNIT_EXPECT_EQ(test, 1, s->swap->si->inuse_pages);
	complete_all(&h->go);
	KUNIT_EXPECT_EQ(test, 0, sim_test_thread_join(test, h->thread));
	SIM_EXPECT_SHM(test, s->m, 0, 0, 0);
	KUNIT_EXPECT_EQ(test, SIM_TEST_FRAMES, s->m->nr_free_pages);
}

static void killed_swapoff_changes_nothing(struct kunit *test)
{
	struct held *h = begin_swapoff(test);
	struct swapped *s = &h->s;

	sim_test_thread_kill(h->thread);
	complete_all(&h->go);
	KUNIT_EXPECT_EQ(test, -EINTR, sim_test_thread_join(test, h->thread));
	/* Nor did it go on for long. */
	SIM_EXPECT_SHM(test, s->m, 8, 1, 7);
	expect_put_back(test, s);
	sim_test_verify(test, s->mm, s->base, 8, 1);
}

static struct kunit_case cases[] = {
	KUNIT_CASE_PARAM(swapon_with, swapon_gen_params),
	KUNIT_CASE(swapoff_of_no_area),
	KUNIT_CASE(swapoff_brings_everything_back),
	KUNIT_CASE(swapoff_of_ram),
	KUNIT_CASE(swapoff_of_segments_in_every_state),
	KUNIT_CASE(swapoff_leaves_other_areas_alone),
	KUNIT_CASE(swapoff_moves_to_another_area),
	KUNIT_CASE(swapoff_without_memory),
	KUNIT_CASE(swapoff_with_page_that_cannot_be_read),
	KUNIT_CASE(swapoff_after_slot_was_retired),
	KUNIT_CASE(swapoff_of_area_that_is_swapped_off),
	KUNIT_CASE(reclaim_while_area_is_swapped_off),
	KUNIT_CASE(segment_destroyed_while_area_is_swapped_off),
	KUNIT_CASE(killed_swapoff_changes_nothing),
	{}
};

static struct kunit_suite suite = {
	.name = "shmswap_swapoff",
	.init = sim_test_init,
	.exit = sim_test_exit,
	.test_cases = cases,
};

kunit_test_suite(suite);
