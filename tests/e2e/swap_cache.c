// SPDX-License-Identifier: GPL-2.0
/* e2e: timeout=60 */
/*
 * The swap cache: a page that several processes share leaves them one by one,
 * is written once, and is found without I/O until its frame is gone. Every
 * count is that of the books' tables.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "ktap.h"
#include "libcase.h"
#include "libshm.h"
#include "libstages.h"

#ifndef F_SEAL_FUTURE_WRITE
#define F_SEAL_FUTURE_WRITE	0x0010
#endif

#define ON_SWAP		SHMSWAP_PTE_SWAP
#define MAPPED		SHMSWAP_PTE_PRESENT

/* What is to be seen of a page. */
struct stage {
	const char *name;
	uint32_t a, b;		/* kinds of PTEs */
	uint32_t page_count;	/* 0: no frame */
	uint32_t slot_count;	/* 0: no slot */
	uint32_t cached;	/* pages in the swap cache */
	uint32_t written;	/* pages, so far */
	uint32_t read;
};

static void expect_stage(const struct shared_page *p, const struct stage *want)
{
	struct shmswap_stat stat = stat_of(p->a);
	struct page_state now;

	ktap_context("%s", want->name);
	ASSERT_EQ(stages_look(p, &now), 0);
	EXPECT_EQ(now.a.kind, want->a);
	EXPECT_EQ(now.b.kind, want->b);
	EXPECT_EQ(now.frame.count, want->page_count);
	EXPECT_EQ(now.slot.count, want->slot_count);
	EXPECT_EQ(stat.nr_swapcache, want->cached);
	EXPECT_EQ(stat.pswpout, want->written);
	EXPECT_EQ(stat.pswpin, want->read);
	EXPECT_EQ(stat.nr_free_pages, STAGES_FRAMES - !!want->page_count);
	EXPECT_EQ(stat.nr_swap_pages, STAGES_SLOTS - !!want->slot_count);
	EXPECT_EQ(sm_check(p->a), 0);
}

static struct shared_page private_page(void)
{
	int fd = stages_machine(0);
	struct shared_page p;

	ASSERT_GE(fd, 0);
	ASSERT_EQ(stages_share_private(&p, fd), 0);
	return p;
}

static struct shared_page segment_page(void)
{
	int fd = stages_machine(SHMSWAP_MACHINE_SHM_PROCESS);
	struct shared_page p;

	ASSERT_GE(fd, 0);
	ASSERT_EQ(stages_share_segment(&p, fd), 0);
	return p;
}

/*
 * The table
 */

/* (a) to (d), and back: A's fault reads the page, B's finds it. */
static void walk(const struct shared_page *p, const struct stage *stages)
{
	expect_stage(p, &stages[0]);
	ASSERT_EQ(stages_swap_out(p, p->a, p->b), 0);
	expect_stage(p, &stages[1]);
	ASSERT_EQ(stages_swap_out(p, p->b, p->a), 0);
	expect_stage(p, &stages[2]);
	ASSERT_EQ(stages_free_frame(p), 0);
	expect_stage(p, &stages[3]);
	EXPECT_EQ(sm_verify_pages(p->a, p->addr, 1, 1), 0);
	expect_stage(p, &stages[4]);
	EXPECT_EQ(sm_verify_pages(p->b, p->addr, 1, 1), 0);
	expect_stage(p, &stages[5]);
}

static void stages_of_a_private_page(void)
{
	static const struct stage stages[] = {
		{ "(a)", MAPPED, MAPPED, 2, 0, 0, 0, 0 },
		{ "(b)", ON_SWAP, MAPPED, 2, 2, 1, 1, 0 },
		{ "(c)", ON_SWAP, ON_SWAP, 1, 3, 1, 1, 0 },
		{ "(d)", ON_SWAP, ON_SWAP, 0, 2, 0, 1, 0 },
		{ "A reads", MAPPED, ON_SWAP, 2, 2, 1, 1, 1 },
		{ "B reads", MAPPED, MAPPED, 3, 1, 1, 1, 1 },
	};
	struct shared_page p = private_page();

	walk(&p, stages);
}

/* The segment's page list is one more user: of the frame, then of the slot. */
static void stages_of_a_segments_page(void)
{
	static const struct stage stages[] = {
		{ "(a)", MAPPED, MAPPED, 3, 0, 0, 0, 0 },
		{ "(b)", ON_SWAP, MAPPED, 3, 2, 1, 1, 0 },
		{ "(c)", ON_SWAP, ON_SWAP, 2, 3, 1, 1, 0 },
		{ "(d)", ON_SWAP, ON_SWAP, 0, 3, 0, 1, 0 },
		{ "A reads", MAPPED, ON_SWAP, 3, 2, 1, 1, 1 },
		{ "B reads", MAPPED, MAPPED, 4, 1, 1, 1, 1 },
	};
	struct shared_page p = segment_page();
	struct shmswap_stat stat;

	walk(&p, stages);
	stat = stat_of(p.a);
	EXPECT_EQ(stat.shm_rss, 1);
	EXPECT_EQ(stat.shm_swp, 0);
}

/* One that nobody shares: 1 and 2, then 1, then a clean copy with 2 and 1. */
static void stages_of_a_sole_owner(void)
{
	static const struct stage stages[] = {
		{ "mapped", MAPPED, 0, 1, 0, 0, 0, 0 },
		{ "swapped out", ON_SWAP, 0, 1, 2, 1, 1, 0 },
		{ "reclaimed", ON_SWAP, 0, 0, 1, 0, 1, 0 },
		{ "read", MAPPED, 0, 2, 1, 1, 1, 1 },
		{ "swapped out again", ON_SWAP, 0, 1, 2, 1, 1, 1 },
	};
	struct shared_page p = private_page();

	EXPECT_EQ(sm_munmap(p.b, p.addr, SM_PAGE), 0);
	expect_stage(&p, &stages[0]);
	ASSERT_EQ(stages_swap_out(&p, p.a, p.b), 0);
	expect_stage(&p, &stages[1]);
	ASSERT_EQ(stages_free_frame(&p), 0);
	expect_stage(&p, &stages[2]);
	EXPECT_EQ(sm_verify_pages(p.a, p.addr, 1, 1), 0);
	expect_stage(&p, &stages[3]);
	/* It is clean: going out once more costs no write. */
	ASSERT_EQ(stages_swap_out(&p, p.a, p.b), 0);
	expect_stage(&p, &stages[4]);
}

/*
 * Faults between (b) and (d)
 */

static void expect_fault_without_io(int fd, uint64_t addr)
{
	struct shmswap_stat before = stat_of(fd), after;
	struct shmswap_info info = info_of(fd);

	EXPECT_EQ(sm_verify_pages(fd, addr, 1, 1), 0);
	after = stat_of(fd);
	EXPECT_EQ(after.pswpin, before.pswpin);
	EXPECT_EQ(after.pgalloc, before.pgalloc);
	EXPECT_EQ(after.swap_cache_find, before.swap_cache_find + 1);
	EXPECT_EQ(after.swap_cache_hit, before.swap_cache_hit + 1);
	EXPECT_EQ(info_of(fd).out_min_flt, info.out_min_flt + 1);
	EXPECT_EQ(info_of(fd).out_maj_flt, info.out_maj_flt);
}

static void faults_that_need_no_io(struct shared_page p, uint32_t page_list)
{
	const struct stage back_from_b = { "A, from (b)", MAPPED, MAPPED, 3 + page_list, 1,
					   1, 1, 0 };
	const struct stage back_from_c = { "A, from (c)", MAPPED, ON_SWAP, 2 + page_list, 2,
					   1, 1, 0 };
	const struct stage all_back = { "B, from (c)", MAPPED, MAPPED, 3 + page_list, 1,
					1, 1, 0 };

	ASSERT_EQ(stages_swap_out(&p, p.a, p.b), 0);
	expect_fault_without_io(p.a, p.addr);
	expect_stage(&p, &back_from_b);
	ASSERT_EQ(stages_swap_out(&p, p.a, p.b), 0);
	ASSERT_EQ(stages_swap_out(&p, p.b, p.a), 0);
	expect_fault_without_io(p.a, p.addr);
	expect_stage(&p, &back_from_c);
	expect_fault_without_io(p.b, p.addr);
	expect_stage(&p, &all_back);
}

static void private_faults_that_need_no_io(void)
{
	faults_that_need_no_io(private_page(), 0);
}

static void segment_faults_that_need_no_io(void)
{
	faults_that_need_no_io(segment_page(), 1);
}

/* A store gives A a page of its own; what B has stays as it was. */
static void a_store_at_stage_b(void)
{
	const struct stage split = { "split", MAPPED, MAPPED, 1, 0, 0, 1, 0 };
	struct shared_page p = private_page();
	struct page_state now;

	ASSERT_EQ(stages_swap_out(&p, p.a, p.b), 0);
	ASSERT_EQ(sm_fill_pages(p.a, p.addr, 1, 2), 0);
	ASSERT_EQ(stages_look(&p, &now), 0);
	EXPECT_EQ(stat_of(p.a).pgcow, 1);
	EXPECT_NE(now.a.a, now.b.a);
	EXPECT_EQ(now.frame.count, split.page_count);
	EXPECT_EQ(now.frame.flags & SHMSWAP_PG_SWAPCACHE, 0);
	EXPECT_EQ(frame_of(p.b, p.addr).count, 2);
	EXPECT_EQ(frame_of(p.b, p.addr).flags & SHMSWAP_PG_SWAPCACHE, SHMSWAP_PG_SWAPCACHE);
	EXPECT_EQ(sm_check(p.a), 0);
	EXPECT_EQ(sm_verify_pages(p.a, p.addr, 1, 2), 0);
	EXPECT_EQ(sm_verify_pages(p.b, p.addr, 1, 1), 0);

	/* B's is clean and goes without a write, A's is not. */
	ASSERT_EQ(stages_swap_out(&p, p.b, p.a), 0);
	EXPECT_EQ(stat_of(p.a).pswpout, 1);
	ASSERT_EQ(stages_swap_out(&p, p.a, p.b), 0);
	EXPECT_EQ(stat_of(p.a).pswpout, 2);
	EXPECT_EQ(sm_reclaim_everything(p.a), 2);
	EXPECT_EQ(sm_verify_pages(p.a, p.addr, 1, 2), 0);
	EXPECT_EQ(sm_verify_pages(p.b, p.addr, 1, 1), 0);
	EXPECT_EQ(sm_check(p.a), 0);
}

/* A segment's page is the same one for both, whenever a store comes. */
static void a_store_to_a_segments_page(void)
{
	struct shared_page p = segment_page();

	ASSERT_EQ(stages_swap_out(&p, p.a, p.b), 0);
	ASSERT_EQ(sm_fill_pages(p.a, p.addr, 1, 2), 0);
	EXPECT_EQ(sm_verify_pages(p.b, p.addr, 1, 2), 0);
	EXPECT_EQ(pte_of(p.a, p.addr).a, pte_of(p.b, p.addr).a);
	ASSERT_EQ(stages_swap_out(&p, p.a, p.b), 0);
	ASSERT_EQ(sm_fill_pages(p.b, p.addr, 1, 3), 0);
	ASSERT_EQ(stages_swap_out(&p, p.b, p.a), 0);
	ASSERT_EQ(stages_free_frame(&p), 0);
	EXPECT_EQ(sm_verify_pages(p.a, p.addr, 1, 3), 0);
	EXPECT_EQ(sm_verify_pages(p.b, p.addr, 1, 3), 0);
	EXPECT_EQ(sm_check(p.a), 0);
}

/* A page that was written after it came back leaves the cache, and is written again. */
static void a_store_makes_the_slot_stale(void)
{
	struct shared_page p = private_page();
	struct page_state now;

	close(p.b);
	p.b = sm_spawn(p.a);
	ASSERT_EQ(stages_swap_out(&p, p.a, p.b), 0);
	ASSERT_EQ(stages_free_frame(&p), 0);
	ASSERT_EQ(sm_fill_pages(p.a, p.addr, 1, 2), 0);
	ASSERT_EQ(stages_look(&p, &now), 0);
	EXPECT_EQ(now.frame.count, 2);
	EXPECT_EQ(now.slot.count, 1);
	/* One turn ends the pass that took the page before; the next one looks at it. */
	EXPECT_EQ(sm_reclaim(p.a, SHMSWAP_RECLAIM_SWAP_OUT, 0, 2), 0);
	EXPECT_EQ(stat_of(p.a).nr_swapcache, 0);
	EXPECT_EQ(stat_of(p.a).nr_swap_pages, STAGES_SLOTS);
	EXPECT_EQ(frame_of(p.a, p.addr).count, 1);
	EXPECT_EQ(sm_check(p.a), 0);
	ASSERT_EQ(stages_swap_out(&p, p.a, p.b), 0);
	EXPECT_EQ(stat_of(p.a).pswpout, 2);
	ASSERT_EQ(stages_free_frame(&p), 0);
	EXPECT_EQ(sm_verify_pages(p.a, p.addr, 1, 2), 0);
}

/*
 * Who counts
 */

static void use_the_page(void *arg)
{
	const struct shared_page *p = arg;

	EXPECT_EQ(sm_verify_pages(p->a, p->addr, 1, 1), 0);
	EXPECT_EQ(frame_of(p->a, p->addr).count, 1);
	EXPECT_EQ(info_of(p->a).out_nr_processes, 1);
}

/* Whoever shares the file is the same process, as with CLONE_VM. */
static void one_file_is_one_process(void)
{
	static const struct stage out = { "out", ON_SWAP, ON_SWAP, 1, 2, 1, 1, 0 };
	struct shared_page p = private_page();

	close(p.b);
	p.b = dup(p.a);
	ASSERT_SOON(info_of(p.a).out_nr_processes == 1);
	use_the_page(&p);
	ktap_join(ktap_fork(use_the_page, &p));
	ASSERT_EQ(stages_swap_out(&p, p.a, sm_spawn(p.a)), 0);
	expect_stage(&p, &out);
}

#define SHARERS		6

/* The counts are those of two, and one more for each. */
static void many_sharers(void)
{
	struct shared_page p = private_page();
	int fds[SHARERS] = { p.a, p.b }, i;
	struct page_state now;

	for (i = 2; i < SHARERS; i++) {
		fds[i] = sm_fork(fds[i / 2]);
		ASSERT_GE(fds[i], 0);
	}
	for (i = 0; i < SHARERS; i++) {
		ktap_context("sharer %d", i);
		ASSERT_EQ(frame_of(fds[SHARERS - 1], p.addr).count, SHARERS - i + !!i);
		/* Only this one's turn may end with the page gone. */
		while (pte_of(fds[i], p.addr).kind == MAPPED) {
			int j;

			for (j = i + 1; j < SHARERS; j++)
				ASSERT_EQ(sm_touch(fds[j], p.addr, 1, 0), 0);
			ASSERT_GE(sm_reclaim(p.a, SHMSWAP_RECLAIM_SWAP_OUT, 0, 1), 0);
		}
		EXPECT_EQ(slot_users(fds[i], p.addr), i + 2);
		EXPECT_EQ(sm_check(p.a), 0);
	}
	EXPECT_EQ(stat_of(p.a).pswpout, 1);
	ASSERT_EQ(stages_look(&p, &now), 0);
	EXPECT_EQ(now.frame.count, 1);
	EXPECT_EQ(now.slot.count, SHARERS + 1);
	ASSERT_EQ(stages_free_frame(&p), 0);
	for (i = 0; i < SHARERS; i++) {
		EXPECT_EQ(sm_verify_pages(fds[i], p.addr, 1, 1), 0);
		close(fds[i]);
	}
}

/* fork(2) of a page that is on swap, or in the cache: one more user of the slot. */
static void fork_counts_entries(void)
{
	static const struct stage on_swap = { "on swap", ON_SWAP, ON_SWAP, 0, 2, 0, 1, 0 };
	static const struct stage cached = { "cached", ON_SWAP, ON_SWAP, 1, 3, 1, 1, 0 };
	struct shared_page p = private_page();

	close(p.b);
	p.b = sm_spawn(p.a);
	ASSERT_EQ(stages_swap_out(&p, p.a, p.b), 0);
	close(p.b);
	p.b = sm_fork(p.a);
	expect_stage(&p, &cached);
	ASSERT_EQ(stages_free_frame(&p), 0);
	expect_stage(&p, &on_swap);
	EXPECT_EQ(sm_verify_pages(p.b, p.addr, 1, 1), 0);
	EXPECT_EQ(sm_verify_pages(p.a, p.addr, 1, 1), 0);
}

/*
 * The end, at each stage
 */

static void go_to_stage(const struct shared_page *p, int stage)
{
	if (stage > 0)
		ASSERT_EQ(stages_swap_out(p, p->a, p->b), 0);
	if (stage > 1)
		ASSERT_EQ(stages_swap_out(p, p->b, p->a), 0);
	if (stage > 2)
		ASSERT_EQ(stages_free_frame(p), 0);
}

static void expect_nothing_left(int fd)
{
	EXPECT_EQ(stat_of(fd).nr_free_pages, STAGES_FRAMES);
	EXPECT_EQ(stat_of(fd).nr_swap_pages, STAGES_SLOTS);
	EXPECT_EQ(stat_of(fd).nr_swapcache, 0);
	EXPECT_EQ(sm_check(fd), 0);
}

static void remove_segments(int fd)
{
	struct shmswap_seg seg;

	while (sm_query(fd, SHMSWAP_QUERY_SEGS, 0, &seg, 1) == 1)
		ASSERT_EQ(sm_shm_remove(fd, seg.shmid), 0);
}

/* Exit gives back what the process held, and leaves the other its page. */
static void exit_at_stage(struct shared_page p, int stage)
{
	int observer = sm_spawn(p.a);

	go_to_stage(&p, stage);
	close(p.a);
	ASSERT_SOON(info_of(observer).out_nr_processes == 2);
	EXPECT_EQ(sm_check(observer), 0);
	EXPECT_EQ(sm_verify_pages(p.b, p.addr, 1, 1), 0);
	close(p.b);
	ASSERT_SOON(info_of(observer).out_nr_processes == 1);
	EXPECT_EQ(sm_check(observer), 0);
	remove_segments(observer);
	expect_nothing_left(observer);
	close(observer);
}

static void both_exit_at_stage(struct shared_page p, int stage)
{
	int observer = sm_spawn(p.a);

	go_to_stage(&p, stage);
	close(p.a);
	close(p.b);
	ASSERT_SOON(info_of(observer).out_nr_processes == 1);
	EXPECT_EQ(sm_check(observer), 0);
	remove_segments(observer);
	expect_nothing_left(observer);
	close(observer);
}

static void munmap_at_stage(struct shared_page p, int stage)
{
	go_to_stage(&p, stage);
	EXPECT_EQ(sm_munmap(p.b, p.addr, SM_PAGE), 0);
	EXPECT_EQ(sm_check(p.a), 0);
	EXPECT_EQ(sm_verify_pages(p.a, p.addr, 1, 1), 0);
	EXPECT_EQ(sm_fill_pages(p.a, p.addr, 1, 2), 0);
	EXPECT_EQ(sm_munmap(p.a, p.addr, SM_PAGE), 0);
	remove_segments(p.a);
	expect_nothing_left(p.a);
	close(p.a);
	close(p.b);
}

static void swapoff_at_stage(struct shared_page p, int stage)
{
	go_to_stage(&p, stage);
	EXPECT_EQ(sm_swapoff(p.a, 0), 0);
	EXPECT_EQ(stat_of(p.a).nr_swapcache, 0);
	EXPECT_EQ(sm_check(p.a), 0);
	EXPECT_EQ(sm_verify_pages(p.a, p.addr, 1, 1), 0);
	EXPECT_EQ(sm_verify_pages(p.b, p.addr, 1, 1), 0);
	EXPECT_EQ(sm_check(p.a), 0);
	close(p.a);
	close(p.b);
}

static void at_each_stage(void (*fn)(struct shared_page p, int stage))
{
	int stage;

	for (stage = 0; stage < 4; stage++) {
		ktap_context("private page, stage (%c)", 'a' + stage);
		fn(private_page(), stage);
		ktap_context("segment's page, stage (%c)", 'a' + stage);
		fn(segment_page(), stage);
	}
}

static void exit_at_each_stage(void)
{
	at_each_stage(exit_at_stage);
	at_each_stage(both_exit_at_stage);
}

static void munmap_at_each_stage(void)
{
	at_each_stage(munmap_at_stage);
}

static void swapoff_at_each_stage(void)
{
	at_each_stage(swapoff_at_stage);
}

/*
 * Read-ahead
 */

#define RA_FRAMES	256
#define RA_PAGES	48
#define RA_SLOTS	128

static int read_ahead_machine(uint32_t page_cluster)
{
	int fd = sm_machine(RA_FRAMES, RA_SLOTS, 0);
	struct shmswap_control control = SM_ARG(control);

	ASSERT_EQ(sm_control(fd, &control), 0);
	control.set = SHMSWAP_CONTROL_PAGE_CLUSTER | SHMSWAP_CONTROL_FREEPAGES;
	control.page_cluster = page_cluster;
	control.freepages_min = 2;
	control.freepages_low = 2;
	control.freepages_high = 2;
	ASSERT_EQ(sm_control(fd, &control), 0);
	return fd;
}

/* Pages that all are in swap alone, each in the slot after that of the one before. */
static int swapped_out(uint32_t page_cluster, uint64_t *addr)
{
	int fd = read_ahead_machine(page_cluster);
	uint64_t first, i;

	*addr = map_anon(fd, RA_PAGES, PRIVATE_ANON);
	ASSERT_EQ(sm_fill_pages(fd, *addr, RA_PAGES, 1), 0);
	EXPECT_EQ(sm_reclaim_everything(fd), RA_PAGES);
	EXPECT_EQ(stat_of(fd).nr_swapcache, 0);
	first = pte_of(fd, *addr).b;
	for (i = 0; i < RA_PAGES; i++)
		ASSERT_EQ(pte_of(fd, *addr + i * SM_PAGE).b, first + i);
	return fd;
}

/* Of the page in the slot @slot. */
static uint64_t address_of_slot(int fd, uint64_t addr, uint64_t slot)
{
	return addr + (slot - pte_of(fd, addr).b) * SM_PAGE;
}

static void read_ahead_brings_the_group(void)
{
	uint32_t cluster;

	for (cluster = 0; cluster <= 5; cluster++) {
		uint32_t group = 1U << cluster, i;
		uint64_t addr, wanted;
		int fd = swapped_out(cluster, &addr);
		struct shmswap_stat stat;

		ktap_context("page_cluster %u", cluster);
		/* All of this group is in use, since slots are taken from 1 on. */
		wanted = address_of_slot(fd, addr, group < 8 ? 8 : group);
		ASSERT_EQ(pte_of(fd, addr).b, 1);
		ASSERT_EQ(sm_touch(fd, wanted, 1, 0), 0);
		stat = stat_of(fd);
		/* The last slots of a large group are free. */
		if (group == 32)
			group = RA_PAGES + 1 - 32;
		EXPECT_EQ(stat.pswpin, group);
		EXPECT_EQ(stat.swap_ra, group - 1);
		EXPECT_EQ(stat.nr_swapcache, group);
		EXPECT_EQ(info_of(fd).out_rss, 1);
		EXPECT_EQ(sm_check(fd), 0);

		for (i = 1; i < group; i++)
			ASSERT_EQ(sm_touch(fd, wanted + i * SM_PAGE, 1, 0), 0);
		EXPECT_EQ(stat_of(fd).pswpin, group);
		EXPECT_EQ(stat_of(fd).swap_cache_hit, group - 1);
		EXPECT_EQ(info_of(fd).out_maj_flt, RA_PAGES + 1);
		EXPECT_EQ(sm_verify_pages(fd, addr, RA_PAGES, 1), 0);
		close(fd);
	}
}

/* The group is that of the slot, not one that starts with it. */
static void read_ahead_is_aligned(void)
{
	uint64_t addr;
	int fd = swapped_out(3, &addr);
	uint64_t i;

	ASSERT_EQ(pte_of(fd, addr).b, 1);
	ASSERT_EQ(sm_touch(fd, addr + 20 * SM_PAGE, 1, 0), 0);
	EXPECT_EQ(stat_of(fd).pswpin, 8);
	/* Slot 21 is in the group from 16 to 23. */
	for (i = 15; i < 23; i++)
		ASSERT_EQ(sm_touch(fd, addr + i * SM_PAGE, 1, 0), 0);
	EXPECT_EQ(stat_of(fd).pswpin, 8);
	ASSERT_EQ(sm_touch(fd, addr + 23 * SM_PAGE, 1, 0), 0);
	EXPECT_EQ(stat_of(fd).pswpin, 16);
}

/* A free slot ends it, even before the slot that is wanted. */
static void read_ahead_stops_at_a_free_slot(void)
{
	uint64_t addr;
	int fd = swapped_out(3, &addr);

	/* Slots 18 and 29. */
	EXPECT_EQ(sm_munmap(fd, addr + 17 * SM_PAGE, SM_PAGE), 0);
	EXPECT_EQ(sm_munmap(fd, addr + 28 * SM_PAGE, SM_PAGE), 0);
	ASSERT_EQ(sm_touch(fd, addr + 20 * SM_PAGE, 1, 0), 0);
	EXPECT_EQ(stat_of(fd).pswpin, 3);
	EXPECT_EQ(stat_of(fd).swap_ra, 2);
	ASSERT_EQ(sm_touch(fd, addr + 25 * SM_PAGE, 1, 0), 0);
	EXPECT_EQ(stat_of(fd).pswpin, 3 + 5);
	EXPECT_EQ(sm_check(fd), 0);
}

/* It takes free frames alone: nobody is swapped out for it. */
static void read_ahead_takes_no_frame_from_others(void)
{
	uint64_t addr;
	int fd = swapped_out(5, &addr);
	struct shmswap_stat before;

	ASSERT_EQ(sm_touch(fd, map_anon(fd, RA_FRAMES - 12, PRIVATE_ANON), RA_FRAMES - 12, 1), 0);
	before = stat_of(fd);
	ASSERT_EQ(before.nr_free_pages, 12);
	ASSERT_EQ(sm_verify_pages(fd, addr, 1, 1), 0);
	EXPECT_EQ(stat_of(fd).pswpout, before.pswpout);
	EXPECT_LE(stat_of(fd).swap_ra, 12);
	EXPECT_EQ(sm_check(fd), 0);
}

/* What was read ahead and never used goes first, and costs no write. */
static void unused_read_ahead_is_freed(void)
{
	uint64_t addr;
	int fd = swapped_out(3, &addr);
	uint64_t written = stat_of(fd).pswpout;

	ASSERT_EQ(sm_touch(fd, addr + 20 * SM_PAGE, 1, 0), 0);
	EXPECT_EQ(sm_reclaim(fd, SHMSWAP_RECLAIM_MMAP, 0, 20), 7);
	EXPECT_EQ(stat_of(fd).nr_swapcache, 1);
	EXPECT_EQ(stat_of(fd).pswpout, written);
	EXPECT_EQ(sm_verify_pages(fd, addr, RA_PAGES, 1), 0);
	EXPECT_EQ(sm_check(fd), 0);
}

/* When slots become scarce, a page that comes back to its only owner gives its up. */
static void scarce_slots_are_given_up(void)
{
	int fd = sm_machine(RA_FRAMES, 40, 0);
	uint64_t addr = map_anon(fd, 30, PRIVATE_ANON);

	ASSERT_EQ(sm_fill_pages(fd, addr, 30, 1), 0);
	EXPECT_EQ(sm_reclaim_everything(fd), 30);
	ASSERT_EQ(stat_of(fd).nr_swap_pages, 10);
	ASSERT_EQ(sm_verify_pages(fd, addr, 1, 1), 0);
	EXPECT_EQ(frame_of(fd, addr).count, 1);
	EXPECT_EQ(frame_of(fd, addr).flags & SHMSWAP_PG_SWAPCACHE, 0);
	EXPECT_EQ(stat_of(fd).nr_swap_pages, 11);
	EXPECT_EQ(sm_verify_pages(fd, addr, 30, 1), 0);
	EXPECT_GE(stat_of(fd).nr_swap_pages, 20);
	EXPECT_EQ(sm_check(fd), 0);
}

/*
 * When swapping fails
 */

#define FEW		8

/* Private memory of which all is in a file that can be spoilt. */
static int swapped_to_memfile(int *fd, uint64_t *addr)
{
	int file = sm_memfile((RA_SLOTS + 1) * SM_PAGE);

	*fd = sm_machine(RA_FRAMES, 0, 0);
	ASSERT_EQ(sm_mkswap(file), 0);
	ASSERT_EQ(sm_swapon(*fd, file), 0);
	*addr = map_anon(*fd, FEW, PRIVATE_ANON);
	ASSERT_EQ(sm_fill_pages(*fd, *addr, FEW, 1), 0);
	ASSERT_EQ(sm_reclaim_everything(*fd), FEW);
	return file;
}

/* The access fails, and the page stays where it is: for all who share it. */
static void failed_reads(void)
{
	static char saved[(RA_SLOTS + 1) * SM_PAGE];
	struct sm_resources before;
	uint64_t addr;
	int fd, file = swapped_to_memfile(&fd, &addr), child = sm_fork(fd);

	ASSERT_EQ(pread(file, saved, sizeof(saved), 0), sizeof(saved));
	ASSERT_EQ(ftruncate(file, SM_PAGE), 0);
	ASSERT_EQ(sm_resources(fd, &before), 0);
	EXPECT_EQ(sm_touch(fd, addr, 1, 0), -EIO);
	EXPECT_EQ(sm_touch(child, addr, 1, SHMSWAP_TOUCH_WRITE), -EIO);
	EXPECT_EQ(sm_swapoff(fd, 0), -EIO);
	EXPECT_GE(stat_of(fd).swap_read_errors, 3);
	EXPECT(sm_same_resources(fd, &before));
	EXPECT_EQ(slot_users(fd, addr), 2);
	EXPECT_EQ(sm_check(fd), 0);

	ASSERT_EQ(pwrite(file, saved, sizeof(saved), 0), sizeof(saved));
	EXPECT_EQ(sm_verify_pages(fd, addr, FEW, 1), 0);
	EXPECT_EQ(sm_verify_pages(child, addr, FEW, 1), 0);
	EXPECT_EQ(sm_check(fd), 0);
}

/* What could not be read ahead does not keep the page that is wanted from being read. */
static void failed_read_ahead(void)
{
	uint64_t addr, i;
	int fd, file = swapped_to_memfile(&fd, &addr);

	/* Of the group from slot 1 to 7 some are left. */
	ASSERT_EQ(ftruncate(file, 4 * SM_PAGE), 0);
	for (i = 0; i < FEW; i++) {
		bool there = pte_of(fd, addr + i * SM_PAGE).b < 4;

		ktap_context("page %d", (int)i);
		EXPECT_EQ(sm_verify_pages(fd, addr + i * SM_PAGE, 1, 1 + i), there ? 0 : -EIO);
	}
	EXPECT_EQ(info_of(fd).out_rss, 3);
	EXPECT_EQ(sm_check(fd), 0);
}

/* A page that cannot be written stays, dirty; its slot is not used again. */
static void failed_writes(void)
{
	struct shmswap_stat before, after;
	uint64_t addr;
	int fd, file = swapped_to_memfile(&fd, &addr);

	ASSERT_EQ(sm_fill_pages(fd, addr, FEW, 50), 0);
	ASSERT_EQ(fcntl(file, F_ADD_SEALS, F_SEAL_FUTURE_WRITE), 0);
	before = stat_of(fd);
	EXPECT_GE(sm_reclaim(fd, SHMSWAP_RECLAIM_SWAP_OUT, 0, 20), 0);
	after = stat_of(fd);
	EXPECT_GT(after.swap_write_errors, before.swap_write_errors);
	EXPECT_EQ(after.pswpout, before.pswpout);
	EXPECT_EQ(info_of(fd).out_rss, FEW);
	EXPECT_EQ(sm_check(fd), 0);
	EXPECT_EQ(sm_verify_pages(fd, addr, FEW, 50), 0);
	ASSERT_EQ(sm_swapon_ram(fd, 32, 1), 1);
	EXPECT_GE(sm_reclaim_everything(fd), FEW);
	EXPECT_EQ(sm_verify_pages(fd, addr, FEW, 50), 0);
	EXPECT_EQ(sm_swapoff(fd, 0), 0);
	EXPECT_EQ(sm_check(fd), 0);
}

/* The access that needs a frame fails; what was stored before it is all there. */
static void no_room_at_all(void)
{
	int fd = sm_machine(64, 32, 0), child;
	uint64_t addr = map_anon(fd, 128, PRIVATE_ANON), list[128], i, done;
	struct shmswap_touch touched;

	for (i = 0; i < 128; i++)
		list[i] = (addr + i * SM_PAGE) | SHMSWAP_TOUCH_WRITE;
	EXPECT_EQ(sm_touch_list(fd, list, 128, &touched), -ENOMEM);
	done = touched.out_done;
	EXPECT_GE(done, 64);
	EXPECT_LE(done, 96);
	EXPECT_EQ(sm_check(fd), 0);
	/* A child needs nothing, until it stores to what it has. */
	child = sm_fork(fd);
	ASSERT_GE(child, 0);
	EXPECT_EQ(sm_touch_list(child, list, done, &touched), -ENOMEM);
	EXPECT_EQ(sm_check(fd), 0);
	close(child);

	ASSERT_EQ(sm_swapon_ram(fd, 128, 0), 1);
	EXPECT_EQ(sm_fill_pages(fd, addr, 128, 1), 0);
	EXPECT_EQ(sm_verify_pages(fd, addr, 128, 1), 0);
	EXPECT_EQ(sm_check(fd), 0);
}

/* There is swap, but what is in memory may not go there. */
static void memory_full_of_locked_pages(void)
{
	int fd = sm_machine(64, 256, 0);
	uint64_t locked = map_anon(fd, 128, PRIVATE_ANON), other = map_anon(fd, 8, PRIVATE_ANON);

	ASSERT_EQ(sm_fill_pages(fd, other, 8, 1), 0);
	EXPECT_EQ(sm_mlock(fd, locked, 128 * SM_PAGE), -ENOMEM);
	EXPECT_EQ(sm_check(fd), 0);
	EXPECT_EQ(sm_munlock(fd, locked, 128 * SM_PAGE), 0);
	EXPECT_EQ(sm_verify_pages(fd, other, 8, 1), 0);
	EXPECT_EQ(sm_fill_pages(fd, locked, 128, 1), 0);
	EXPECT_EQ(sm_verify_pages(fd, locked, 128, 1), 0);
	EXPECT_EQ(sm_check(fd), 0);
}

int main(int argc, char **argv)
{
	static const struct ktap_case cases[] = {
		KTAP_CASE(stages_of_a_private_page),
		KTAP_CASE(stages_of_a_segments_page),
		KTAP_CASE(stages_of_a_sole_owner),
		KTAP_CASE(private_faults_that_need_no_io),
		KTAP_CASE(segment_faults_that_need_no_io),
		KTAP_CASE(a_store_at_stage_b),
		KTAP_CASE(a_store_to_a_segments_page),
		KTAP_CASE(a_store_makes_the_slot_stale),
		KTAP_CASE(one_file_is_one_process),
		KTAP_CASE(many_sharers),
		KTAP_CASE(fork_counts_entries),
		KTAP_CASE(exit_at_each_stage),
		KTAP_CASE(munmap_at_each_stage),
		KTAP_CASE(swapoff_at_each_stage),
		KTAP_CASE(read_ahead_brings_the_group),
		KTAP_CASE(read_ahead_is_aligned),
		KTAP_CASE(read_ahead_stops_at_a_free_slot),
		KTAP_CASE(read_ahead_takes_no_frame_from_others),
		KTAP_CASE(unused_read_ahead_is_freed),
		KTAP_CASE(scarce_slots_are_given_up),
		KTAP_CASE(failed_reads),
		KTAP_CASE(failed_read_ahead),
		KTAP_CASE(failed_writes),
		KTAP_CASE(no_room_at_all),
		KTAP_CASE(memory_full_of_locked_pages),
	};

	return ktap_run(argc, argv, cases, ARRAY_SIZE(cases));
}
