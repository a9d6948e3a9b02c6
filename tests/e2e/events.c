// SPDX-License-Identifier: GPL-2.0
/* e2e: timeout=120 */
/*
 * Events: that each tells what happened, in order, and that a ring loses nothing
 * without saying so, whoever reads it or does not.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#include "ktap.h"
#include "libcase.h"
#include "liblive.h"

#ifndef F_SEAL_FUTURE_WRITE
#define F_SEAL_FUTURE_WRITE	0x0010
#endif

#define FRAMES		64
#define PAGES		8
#define BASE		0x100000000000ULL
#define OTHER		0x200000000000ULL	/* where the second process has the segment */
#define MASK(type)	(1ULL << SHMSWAP_EVENT_##type)
#define HAND(id, idx)	((uint64_t)(id) << 32 | (idx))

static int machine(void)
{
	int fd = sm_machine(FRAMES, 4 * FRAMES, 0);

	ASSERT_GE(fd, 0);
	return fd;
}

static int segment(int fd, uint32_t pages)
{
	int id = sm_shmget(fd, IPC_PRIVATE, pages * SM_PAGE, 0600);

	ASSERT_GE(id, 0);
	return id;
}

static int ring_of(int fd, uint64_t mask, uint32_t count)
{
	int ring = sm_events(fd, mask, count);

	ASSERT_GE(ring, 0);
	return ring;
}

/* What waits in a ring, up to @max events. */
static int drain(int ring, struct shmswap_event *events, int max)
{
	int nr = 0;

	while (nr < max) {
		ssize_t len = read(ring, events + nr, (max - nr) * sizeof(*events));

		if (len <= 0) {
			ASSERT(!len || errno == EAGAIN);
			break;
		}
		ASSERT_EQ(len % sizeof(*events), 0);
		nr += len / sizeof(*events);
	}
	return nr;
}

/* The next event is of this type and this why. */
static const struct shmswap_event *next(const struct shmswap_event **at, uint16_t type,
					uint16_t why)
{
	const struct shmswap_event *e = (*at)++;

	ktap_context("event %llu", e->seq);
	ASSERT_EQ(e->type, type);
	ASSERT_EQ(e->why, why);
	return e;
}

#define NEXT(at, type, why)	next(at, SHMSWAP_EVENT_##type, why)

/*
 * What is told
 */

static void a_first_touch(void)
{
	int fd = machine(), ring = ring_of(fd, 0, 0), id = segment(fd, PAGES);
	struct shmswap_event events[32] = { 0 };
	const struct shmswap_event *at = events, *e;
	uint32_t pfn;

	ASSERT_EQ(sm_shmat(fd, id, BASE, 0), BASE);
	ASSERT_EQ(sm_touch(fd, BASE + 3 * SM_PAGE, 1, SHMSWAP_TOUCH_WRITE), 0);
	pfn = frame_of(fd, BASE + 3 * SM_PAGE).pfn;
	ASSERT_EQ(drain(ring, events, ARRAY_SIZE(events)), 6);

	e = NEXT(&at, SEGMENT, SHMSWAP_SEGMENT_CREATE);
	EXPECT_EQ(e->shmid, id);
	EXPECT_EQ(e->to, PAGES);
	EXPECT_EQ(e->value, 0);
	e = NEXT(&at, SEGMENT, SHMSWAP_SEGMENT_ATTACH);
	EXPECT_EQ(e->pid, info_of(fd).out_pid);
	EXPECT_EQ(e->address, BASE);
	EXPECT_EQ(e->value, 1);
	e = NEXT(&at, FRAME, SHMSWAP_FRAME_ALLOC);
	EXPECT_EQ(e->pfn, pfn);
	EXPECT_EQ(e->value, 0);
	EXPECT_EQ(e->to, stat_of(fd).nr_free_pages);
	e = NEXT(&at, AGE, SHMSWAP_AGE_INITIAL);
	EXPECT_EQ(e->from, 0);
	EXPECT_EQ(e->to, 3);
	e = NEXT(&at, PTE, SHMSWAP_PTE_MAP);
	EXPECT_EQ(e->address, BASE + 3 * SM_PAGE);
	EXPECT_EQ(e->shmid, id);
	EXPECT_EQ(e->index, 3);
	EXPECT_EQ(e->from, 0);
	EXPECT_EQ(e->to, pte_of(fd, BASE + 3 * SM_PAGE).pte);
	e = NEXT(&at, FAULT, SHMSWAP_FAULT_ZERO);
	EXPECT_EQ(e->pid, info_of(fd).out_pid);
	EXPECT_EQ(e->address, BASE + 3 * SM_PAGE);
	EXPECT_EQ(e->shmid, id);
	EXPECT_EQ(e->index, 3);
	EXPECT_EQ(e->pfn, pfn);
	EXPECT_EQ(e->count, 2);
	EXPECT_EQ(e->value, 1);
	EXPECT_EQ(e->from, 0);
}

/* They differ in that the one is young. */
static void expect_young_and_old(uint64_t young, uint64_t old)
{
	EXPECT(young & SHMSWAP_PTE_ACCESSED);
	EXPECT(!(old & SHMSWAP_PTE_ACCESSED));
	EXPECT_EQ(young >> SHMSWAP_PTE_PFN_SHIFT, old >> SHMSWAP_PTE_PFN_SHIFT);
}

static void expect_step(const struct shmswap_event *e, uint64_t from, uint64_t to, int shmid,
			uint32_t index)
{
	EXPECT_EQ(e->from, from);
	EXPECT_EQ(e->to, to);
	EXPECT_EQ(e->shmid, shmid);
	EXPECT_EQ(e->index, index);
}

/* Two processes share a page; the second has used it since the hand was there last. */
static void a_page_that_one_sharer_uses(void)
{
	const uint64_t mask = MASK(CLOCK_BEGIN) | MASK(CLOCK_STEP) | MASK(CLOCK_END) | MASK(PTE) |
			      MASK(TLB_FLUSH) | MASK(RECLAIM_BEGIN) | MASK(RECLAIM_END);
	int fd = machine(), other = sm_spawn(fd), id = segment(fd, 1), ring;
	struct shmswap_event events[32] = { 0 };
	const struct shmswap_event *at = events, *e;
	uint32_t pfn;

	ASSERT_EQ(sm_shmat(fd, id, BASE, 0), BASE);
	ASSERT_EQ(sm_shmat(other, id, OTHER, 0), OTHER);
	ASSERT_EQ(sm_touch(fd, BASE, 1, 0), 0);
	ASSERT_EQ(sm_touch(other, OTHER, 1, 0), 0);
	ASSERT_EQ(sm_reclaim_shm(fd, 1), 0);
	ASSERT_EQ(sm_touch(other, OTHER, 1, 0), 0);
	pfn = frame_of(fd, BASE).pfn;
	ring = ring_of(fd, mask, 0);
	ASSERT_EQ(sm_reclaim(fd, SHMSWAP_RECLAIM_SHM, 0, 1), 0);
	ASSERT_EQ(drain(ring, events, ARRAY_SIZE(events)), 11);

	e = NEXT(&at, RECLAIM_BEGIN, SHMSWAP_RECLAIM_SHM);
	EXPECT_EQ(e->value, 0);
	e = NEXT(&at, CLOCK_BEGIN, 0);
	EXPECT_EQ(e->value, 0);
	EXPECT_EQ(e->to, 1);
	EXPECT_EQ(e->from, HAND(0, 1));
	EXPECT_NE(e->slot, 0);
	expect_step(NEXT(&at, CLOCK_STEP, SHMSWAP_STEP_END), HAND(0, 1), HAND(1, 0), id, 0);
	expect_step(NEXT(&at, CLOCK_STEP, SHMSWAP_STEP_WRAP), HAND(1, 0), HAND(0, 0), id, 0);
	e = NEXT(&at, PTE, SHMSWAP_PTE_UNMAP);
	EXPECT_EQ(e->pid, info_of(fd).out_pid);
	EXPECT_EQ(e->address, BASE);
	EXPECT_EQ(e->to, pte_of(fd, BASE).pte);
	e = NEXT(&at, TLB_FLUSH, SHMSWAP_FLUSH_PAGE);
	EXPECT_EQ(e->from, BASE);
	EXPECT_EQ(e->to, BASE + SM_PAGE);
	e = NEXT(&at, PTE, SHMSWAP_PTE_AGE);
	EXPECT_EQ(e->pid, info_of(other).out_pid);
	EXPECT_EQ(e->address, OTHER);
	expect_young_and_old(e->from, e->to);
	e = NEXT(&at, CLOCK_STEP, SHMSWAP_STEP_YOUNG);
	expect_step(e, HAND(0, 0), HAND(0, 1), id, 0);
	EXPECT_EQ(e->pfn, pfn);
	EXPECT_EQ(e->value, 1);
	EXPECT_EQ(e->value2, 1);
	EXPECT_EQ(e->count, 2);
	expect_step(NEXT(&at, CLOCK_STEP, SHMSWAP_STEP_END), HAND(0, 1), HAND(1, 0), id, 0);
	e = NEXT(&at, CLOCK_END, SHMSWAP_CLOCK_WRAPPED);
	EXPECT_EQ(e->from, HAND(0, 1));
	EXPECT_EQ(e->to, HAND(1, 0));
	EXPECT_EQ(e->value, 1);
	e = NEXT(&at, RECLAIM_END, SHMSWAP_RECLAIM_SHM);
	EXPECT_EQ(e->value, 0);
}

static void a_page_that_goes_and_comes_back(void)
{
	const uint64_t mask = MASK(CLOCK_STEP) | MASK(CLOCK_END) | MASK(SWAP_OUT) | MASK(SWAP_IN) |
			      MASK(SLOT) | MASK(FRAME) | MASK(FAULT);
	int fd = machine(), id = segment(fd, PAGES), ring;
	struct shmswap_event events[32] = { 0 };
	const struct shmswap_event *at = events, *e;
	uint32_t pfn, slot;

	ASSERT_EQ(sm_shmat(fd, id, BASE, 0), BASE);
	ASSERT_EQ(sm_touch(fd, BASE + 5 * SM_PAGE, 1, 0), 0);
	pfn = frame_of(fd, BASE + 5 * SM_PAGE).pfn;
	ASSERT_EQ(sm_reclaim_shm(fd, 1), 0);
	ring = ring_of(fd, mask, 0);
	ASSERT_EQ(sm_reclaim_shm(fd, 1), 1);
	ASSERT_EQ(sm_touch(fd, BASE + 5 * SM_PAGE, 1, 0), 0);
	ASSERT_EQ(drain(ring, events, ARRAY_SIZE(events)), 11);

	e = NEXT(&at, SLOT, SHMSWAP_SLOT_GET);
	slot = e->slot;
	EXPECT_EQ(e->count, 1);
	NEXT(&at, CLOCK_STEP, SHMSWAP_STEP_END);
	NEXT(&at, CLOCK_STEP, SHMSWAP_STEP_WRAP);
	e = NEXT(&at, CLOCK_STEP, SHMSWAP_STEP_VICTIM);
	expect_step(e, HAND(0, 0), HAND(0, 6), id, 5);
	EXPECT_EQ(e->pfn, pfn);
	EXPECT_EQ(e->count, 1);
	EXPECT_EQ(e->value2, 1);
	e = NEXT(&at, SWAP_OUT, 0);
	EXPECT_EQ(e->shmid, id);
	EXPECT_EQ(e->index, 5);
	EXPECT_EQ(e->pfn, pfn);
	EXPECT_EQ(e->area, 0);
	EXPECT_EQ(e->slot, slot);
	EXPECT_EQ(e->from, 0);
	EXPECT_EQ(NEXT(&at, FRAME, SHMSWAP_FRAME_FREE)->pfn, pfn);
	NEXT(&at, CLOCK_END, SHMSWAP_CLOCK_FREED);
	NEXT(&at, FRAME, SHMSWAP_FRAME_ALLOC);
	e = NEXT(&at, SWAP_IN, 0);
	EXPECT_EQ(e->shmid, id);
	EXPECT_EQ(e->index, 5);
	EXPECT_EQ(e->slot, slot);
	e = NEXT(&at, SLOT, SHMSWAP_SLOT_FREE);
	EXPECT_EQ(e->slot, slot);
	EXPECT_EQ(e->count, 0);
	e = NEXT(&at, FAULT, SHMSWAP_FAULT_SWAP);
	EXPECT_EQ(e->shmid, id);
	EXPECT_EQ(e->index, 5);
}

/* The clock's reasons to go on, each in a run of its own. */
static void why_the_hand_goes_on(void)
{
	int fd = machine(), gone = segment(fd, 1), locked = segment(fd, 1), id = segment(fd, 600);
	int ring = ring_of(fd, MASK(CLOCK_STEP) | MASK(CLOCK_BEGIN) | MASK(CLOCK_END), 0);
	struct shmswap_event events[64] = { 0 };
	const struct shmswap_event *at = events, *e;

	ASSERT_EQ(sm_shmat(fd, id, BASE, 0), BASE);
	ASSERT_EQ(sm_reclaim(fd, SHMSWAP_RECLAIM_SHM, 0, 1), 0);
	ASSERT_EQ(drain(ring, events, ARRAY_SIZE(events)), 2);
	EXPECT_EQ(NEXT(&at, CLOCK_BEGIN, 0)->to, 0);
	NEXT(&at, CLOCK_END, SHMSWAP_CLOCK_IDLE);

	ASSERT_EQ(sm_shm_remove(fd, gone), 0);
	ASSERT_EQ(sm_shm_lock(fd, locked), 0);
	ASSERT_EQ(sm_touch(fd, BASE + 580 * SM_PAGE, 1, 0), 0);
	ASSERT_EQ(sm_reclaim(fd, SHMSWAP_RECLAIM_SHM, 0, 1), 0);
	ASSERT_EQ(drain(ring, events, ARRAY_SIZE(events)), 9);
	at = events;
	NEXT(&at, CLOCK_BEGIN, 0);
	expect_step(NEXT(&at, CLOCK_STEP, SHMSWAP_STEP_UNUSED), HAND(0, 0), HAND(1, 0), locked, 0);
	expect_step(NEXT(&at, CLOCK_STEP, SHMSWAP_STEP_LOCKED), HAND(1, 0), HAND(2, 0), locked, 0);
	e = NEXT(&at, CLOCK_STEP, SHMSWAP_STEP_YOUNG);
	expect_step(e, HAND(2, 0), HAND(2, 581), id, 580);
	EXPECT_EQ(e->value, 1);
	EXPECT_EQ(e->value2, 0);
	expect_step(NEXT(&at, CLOCK_STEP, SHMSWAP_STEP_END), HAND(2, 581), HAND(3, 0), id, 0);
	expect_step(NEXT(&at, CLOCK_STEP, SHMSWAP_STEP_WRAP), HAND(3, 0), HAND(1, 0), locked, 0);
	expect_step(NEXT(&at, CLOCK_STEP, SHMSWAP_STEP_LOCKED), HAND(1, 0), HAND(2, 0), locked, 0);
	expect_step(NEXT(&at, CLOCK_STEP, SHMSWAP_STEP_BUDGET), HAND(2, 0), HAND(2, 581), id, 580);
	e = NEXT(&at, CLOCK_END, SHMSWAP_CLOCK_BUDGET);
	EXPECT_EQ(e->value, 2);

	ASSERT_EQ(sm_reclaim(fd, SHMSWAP_RECLAIM_SHM, 0, 1), 1);
	ASSERT_EQ(sm_touch(fd, BASE, 1, 0), 0);
	ASSERT_EQ(drain(ring, events, ARRAY_SIZE(events)), 6);
	ASSERT_EQ(sm_reclaim(fd, SHMSWAP_RECLAIM_SHM, 0, 1), 0);
	ASSERT_GT(drain(ring, events, ARRAY_SIZE(events)), 3);
	at = events;
	NEXT(&at, CLOCK_BEGIN, 0);
	expect_step(NEXT(&at, CLOCK_STEP, SHMSWAP_STEP_END), HAND(2, 581), HAND(3, 0), id, 0);
	NEXT(&at, CLOCK_STEP, SHMSWAP_STEP_WRAP);
	NEXT(&at, CLOCK_STEP, SHMSWAP_STEP_LOCKED);
	NEXT(&at, CLOCK_STEP, SHMSWAP_STEP_YOUNG);
	expect_step(NEXT(&at, CLOCK_STEP, SHMSWAP_STEP_ABSENT), HAND(2, 1), HAND(2, 581), id, 580);
}

static void without_a_slot(void)
{
	int fd = sm_machine(FRAMES, 0, 0), id = segment(fd, 1), ring;
	struct shmswap_event events[4];

	ASSERT_EQ(sm_shmat(fd, id, BASE, 0), BASE);
	ASSERT_EQ(sm_touch(fd, BASE, 1, 0), 0);
	ring = ring_of(fd, MASK(CLOCK_END), 0);
	ASSERT_EQ(sm_reclaim(fd, SHMSWAP_RECLAIM_SHM, 0, 1), 0);
	ASSERT_EQ(drain(ring, events, ARRAY_SIZE(events)), 1);
	EXPECT_EQ(events[0].why, SHMSWAP_CLOCK_NO_SLOT);
}

static void a_store_that_makes_a_page_young(void)
{
	int fd = machine(), id = segment(fd, 1), ring;
	struct shmswap_event events[4];

	ASSERT_EQ(sm_shmat(fd, id, BASE, 0), BASE);
	ASSERT_EQ(sm_touch(fd, BASE, 1, 0), 0);
	ASSERT_EQ(sm_reclaim_shm(fd, 1), 0);
	ring = ring_of(fd, MASK(PTE), 0);
	ASSERT_EQ(sm_touch(fd, BASE, 1, 0), 0);
	ASSERT_EQ(sm_touch(fd, BASE, 1, SHMSWAP_TOUCH_WRITE), 0);
	ASSERT_EQ(drain(ring, events, ARRAY_SIZE(events)), 1);
	EXPECT_EQ(events[0].why, SHMSWAP_PTE_ACCESS);
	EXPECT_EQ(events[0].address, BASE);
	EXPECT_EQ(events[0].shmid, id);
	expect_young_and_old(events[0].to, events[0].from);
}

static void faults_that_fail(void)
{
	int fd = machine(), ring = ring_of(fd, MASK(FAULT), 0);
	struct shmswap_event events[4];

	EXPECT_EQ(sm_touch(fd, BASE, 1, SHMSWAP_TOUCH_WRITE), -EFAULT);
	ASSERT_EQ(drain(ring, events, ARRAY_SIZE(events)), 1);
	EXPECT_EQ(events[0].why, SHMSWAP_FAULT_ERROR);
	EXPECT_EQ(events[0].address, BASE);
	EXPECT_EQ(events[0].from, EFAULT);
	EXPECT_EQ(events[0].shmid, -1);
	EXPECT_EQ(events[0].value, 1);
}

static uint64_t kinds_in(int ring)
{
	static struct shmswap_event events[1 << 16];
	int nr = drain(ring, events, ARRAY_SIZE(events));
	uint64_t kinds = 0;

	while (nr--)
		kinds |= 1ULL << events[nr].type;
	return kinds;
}

/* The process scan, the swap cache, copy-on-write, kswapd: at least once each. */
static void every_kind(void)
{
	int fd = sm_machine(FRAMES, 16 * FRAMES, SHMSWAP_MACHINE_KSWAPD), child;
	int ring = ring_of(fd, 0, 1 << 16), id = segment(fd, FRAMES);
	uint64_t anon = map_anon(fd, 2 * FRAMES, PRIVATE_ANON), seen = 0;

	ASSERT_EQ(sm_shmat(fd, id, BASE, 0), BASE);
	ASSERT_EQ(sm_fill_pages(fd, BASE, FRAMES, 1), 0);
	ASSERT_EQ(sm_fill_pages(fd, anon, 2 * FRAMES, 2), 0);
	child = sm_fork(fd);
	ASSERT_EQ(sm_fill_pages(child, anon, FRAMES, 3), 0);
	ASSERT_EQ(sm_mprotect(fd, anon, FRAMES * SM_PAGE, PROT_READ), 0);
	ASSERT_GE(sm_reclaim(fd, SHMSWAP_RECLAIM_MMAP, 0, 10), 0);
	/* It balances as soon as few frames are free, and sleeps sooner or later. */
	EXPECT_SOON((seen |= kinds_in(ring)) == (1ULL << SHMSWAP_NR_EVENT_TYPES) - 1 - MASK(LOST));
}

/* What the processor does itself is not told: a load or store that did not fault. */
static void a_real_process(void)
{
	int fd = machine(), id = live_segment(fd, 2), ring;
	struct shmswap_event events[16] = { 0 };
	const struct shmswap_event *at = events, *e;
	char *addr;

	ring = ring_of(fd, MASK(SEGMENT) | MASK(PTE) | MASK(FAULT), 0);
	addr = live_attach(fd, id, 0);
	LIVE_WRITE(addr, 1);
	LIVE_WRITE(addr, 2);
	ASSERT_EQ(sm_reclaim_shm(fd, 1), 0);
	LIVE_WRITE(addr, 3);
	ASSERT_EQ(drain(ring, events, ARRAY_SIZE(events)), 5);
	e = NEXT(&at, SEGMENT, SHMSWAP_SEGMENT_ATTACH);
	EXPECT_EQ(e->pid, live_pid(fd));
	EXPECT_EQ(e->address, (uintptr_t)addr);
	e = NEXT(&at, PTE, SHMSWAP_PTE_MAP);
	EXPECT_EQ(e->address, (uintptr_t)addr);
	e = NEXT(&at, FAULT, SHMSWAP_FAULT_ZERO);
	EXPECT_EQ(e->pid, live_pid(fd));
	EXPECT_EQ(e->address, (uintptr_t)addr);
	EXPECT_EQ(e->shmid, id);
	EXPECT_EQ(e->index, 0);
	EXPECT_EQ(e->value, 1);
	e = NEXT(&at, PTE, SHMSWAP_PTE_AGE);
	expect_young_and_old(e->from, e->to);
	e = NEXT(&at, PTE, SHMSWAP_PTE_ACCESS);
	expect_young_and_old(e->to, e->from);
	EXPECT_EQ(e->to, live_pte(fd, addr).pte);
	live_check(fd);
}

struct stranger {
	int fd;
	int shmid;
	uint64_t *address;
};

static void be_a_stranger(void *arg)
{
	struct stranger *s = arg;
	char *addr;

	ASSERT_EQ(sm_become(1001, 1001), 0);
	addr = live_attach(s->fd, s->shmid, 0);
	LIVE_WRITE(addr, 1);
	*s->address = (uintptr_t)addr;
	ASSERT_EQ(live_shmdt(s->fd, (uintptr_t)addr), 0);
}

/* Where another user's process has its memory is not for the machine's owner. */
static void another_users_addresses(void)
{
	struct stranger s = { .address = ktap_shared(sizeof(uint64_t)) };
	struct shmswap_event events[32] = { 0 };
	int owners, roots, nr, i, told = 0;

	ASSERT_EQ(sm_act_as(1000, 1000), 0);
	s.fd = machine();
	s.shmid = sm_shmget(s.fd, IPC_PRIVATE, SM_PAGE, 0666);
	owners = ring_of(s.fd, 0, 0);
	ASSERT_EQ(sm_act_as(0, 0), 0);
	roots = ring_of(s.fd, 0, 0);
	ktap_join(ktap_fork(be_a_stranger, &s));
	nr = drain(owners, events, ARRAY_SIZE(events));
	ASSERT_GT(nr, 5);
	for (i = 0; i < nr; i++) {
		ktap_context("event %d of type %u", i, events[i].type);
		EXPECT_EQ(events[i].address, 0);
		EXPECT(events[i].type != SHMSWAP_EVENT_TLB_FLUSH || !events[i].to);
	}
	ASSERT_EQ(drain(roots, events, ARRAY_SIZE(events)), nr);
	for (i = 0; i < nr; i++)
		told += events[i].address == *s.address;
	EXPECT_GT(told, 3);
}

/*
 * The ring
 */

static void numbers_and_times(void)
{
	int fd = machine(), id = segment(fd, 4 * FRAMES), ring = ring_of(fd, 0, 1 << 16), nr, i;
	static struct shmswap_event events[1 << 16];
	struct timespec begin, end;

	clock_gettime(CLOCK_MONOTONIC, &begin);
	ASSERT_EQ(sm_shmat(fd, id, BASE, 0), BASE);
	ASSERT_EQ(sm_fill_pages(fd, BASE, 4 * FRAMES, 1), 0);
	clock_gettime(CLOCK_MONOTONIC, &end);
	nr = drain(ring, events, ARRAY_SIZE(events));
	ASSERT_GT(nr, 8 * FRAMES);
	for (i = 0; i < nr; i++) {
		ASSERT_EQ(events[i].seq, i);
		ASSERT(!i || events[i].time >= events[i - 1].time);
	}
	EXPECT_GE(events[0].time, begin.tv_sec * 1000000000LL + begin.tv_nsec);
	EXPECT_LE(events[nr - 1].time, end.tv_sec * 1000000000LL + end.tv_nsec);
}

static void only_what_was_asked_for(void)
{
	int fd = machine(), id = segment(fd, PAGES);
	int faults = ring_of(fd, MASK(FAULT), 0), frames = ring_of(fd, MASK(FRAME), 0);
	struct shmswap_event events[4 * PAGES];
	int i;

	ASSERT_EQ(sm_shmat(fd, id, BASE, 0), BASE);
	ASSERT_EQ(sm_touch(fd, BASE, PAGES, 0), 0);
	ASSERT_EQ(drain(faults, events, ARRAY_SIZE(events)), PAGES);
	for (i = 0; i < PAGES; i++) {
		EXPECT_EQ(events[i].type, SHMSWAP_EVENT_FAULT);
		EXPECT_EQ(events[i].seq, i);
	}
	ASSERT_EQ(drain(frames, events, ARRAY_SIZE(events)), PAGES);
	for (i = 0; i < PAGES; i++)
		EXPECT_EQ(events[i].type, SHMSWAP_EVENT_FRAME);
	/* Another machine's are not for us. */
	ASSERT_EQ(sm_touch(machine(), 0, 1, 0), -EFAULT);
	EXPECT_EQ(drain(faults, events, ARRAY_SIZE(events)), 0);
}

static struct shmswap_ring state_of(int ring)
{
	struct shmswap_ring state;

	ASSERT_EQ(sm_ring(ring, &state), 0);
	return state;
}

/* A fault that fails is one event of its kind. */
static void make_events(int fd, int nr)
{
	while (nr--)
		ASSERT_EQ(sm_touch(fd, BASE, 1, 0), -EFAULT);
}

static void a_ring_that_overflows(void)
{
	int fd = machine(), ring = ring_of(fd, MASK(FAULT), 5);
	struct shmswap_event events[32];
	struct shmswap_ring state;
	int i;

	make_events(fd, 20);
	state = state_of(ring);
	EXPECT_EQ(state.out_capacity, 8);
	EXPECT_EQ(state.out_pending, 8);
	EXPECT_EQ(state.out_recorded, 8);
	EXPECT_EQ(state.out_dropped, 12);

	/* Room for one is not enough: first it has to be said that something is lost. */
	ASSERT_EQ(read(ring, events, sizeof(*events)), sizeof(*events));
	EXPECT_EQ(events[0].seq, 0);
	make_events(fd, 1);
	EXPECT_EQ(state_of(ring).out_dropped, 13);
	ASSERT_EQ(read(ring, events, sizeof(*events)), sizeof(*events));
	EXPECT_EQ(events[0].seq, 1);
	make_events(fd, 1);
	ASSERT_EQ(drain(ring, events, ARRAY_SIZE(events)), 8);
	for (i = 0; i < 6; i++)
		EXPECT_EQ(events[i].seq, 2 + i);
	EXPECT_EQ(events[6].type, SHMSWAP_EVENT_LOST);
	EXPECT_EQ(events[6].from, 13);
	EXPECT_EQ(events[6].seq, 8);
	EXPECT_EQ(events[7].type, SHMSWAP_EVENT_FAULT);
	EXPECT_EQ(events[7].seq, 21);
	state = state_of(ring);
	EXPECT_EQ(state.out_pending, 0);
	EXPECT_EQ(state.out_recorded, 9);
	EXPECT_EQ(state.out_dropped, 13);
}

/* Nothing comes behind them, and still one learns of them. */
static void the_last_ones_are_lost(void)
{
	int fd = machine(), ring = ring_of(fd, MASK(FAULT), 1);
	struct shmswap_event events[8];

	make_events(fd, 4);
	ASSERT_EQ(drain(ring, events, ARRAY_SIZE(events)), 2);
	EXPECT_EQ(events[0].seq, 0);
	EXPECT_EQ(events[1].type, SHMSWAP_EVENT_LOST);
	EXPECT_EQ(events[1].seq, 1);
	EXPECT_EQ(events[1].from, 3);
	make_events(fd, 1);
	ASSERT_EQ(drain(ring, events, ARRAY_SIZE(events)), 1);
	EXPECT_EQ(events[0].type, SHMSWAP_EVENT_FAULT);
	EXPECT_EQ(events[0].seq, 4);
}

static void reads(void)
{
	int fd = machine(), ring = ring_of(fd, MASK(FAULT), 4);
	struct shmswap_event events[8], *edge;
	char *page = mmap(NULL, 2 * SM_PAGE, PROT_RW, PRIVATE_ANON, -1, 0);

	ASSERT(page != MAP_FAILED);
	ASSERT_EQ(munmap(page + SM_PAGE, SM_PAGE), 0);
	EXPECT_EQ(read(ring, events, sizeof(*events)), -1);
	EXPECT_EQ(errno, EAGAIN);
	EXPECT_EQ(read(ring, events, sizeof(*events) - 1), -1);
	EXPECT_EQ(errno, EINVAL);
	EXPECT_EQ(write(ring, events, sizeof(*events)), -1);
	EXPECT_EQ(errno, EBADF);

	/* Whole events only. */
	make_events(fd, 3);
	EXPECT_EQ(read(ring, events, 3 * sizeof(*events) - 1), 2 * sizeof(*events));
	/* Across the end of the ring, into what is not there, and nothing is lost. */
	make_events(fd, 3);
	edge = (struct shmswap_event *)(page + SM_PAGE) - 2;
	EXPECT_EQ(read(ring, page + SM_PAGE, 4 * sizeof(*events)), -1);
	EXPECT_EQ(errno, EFAULT);
	EXPECT_EQ(read(ring, edge, 4 * sizeof(*events)), 2 * sizeof(*events));
	EXPECT_EQ(edge[0].seq, 2);
	EXPECT_EQ(edge[1].seq, 3);
	EXPECT_EQ(drain(ring, events, ARRAY_SIZE(events)), 2);
	EXPECT_EQ(events[0].seq, 4);
	EXPECT_EQ(events[1].seq, 5);
}

static bool polls_in(int ring, int timeout)
{
	struct pollfd p = { .fd = ring, .events = POLLIN };

	return poll(&p, 1, timeout) == 1 && p.revents == POLLIN;
}

static void readers_wait_for_the_watermark(void)
{
	int fd = machine(), ring = ring_of(fd, MASK(FAULT), 16);
	struct shmswap_ring state = SM_ARG(ring, .watermark = 3);
	struct shmswap_event events[8];

	EXPECT(!polls_in(ring, 0));
	make_events(fd, 1);
	EXPECT(polls_in(ring, 0));
	ASSERT_EQ(sm_call(ring, SHMSWAP_IOC_RING, &state), 0);
	EXPECT_EQ(state.out_pending, 1);
	EXPECT(!polls_in(ring, 0));
	make_events(fd, 2);
	EXPECT(polls_in(ring, 0));
	/* Whoever does not want to wait need not. */
	make_events(fd, 1);
	EXPECT_EQ(drain(ring, events, 3), 3);
	EXPECT(!polls_in(ring, 0));
	EXPECT_EQ(drain(ring, events, 3), 1);
	state = SM_ARG(ring, .watermark = 17);
	EXPECT_EQ(sm_call(ring, SHMSWAP_IOC_RING, &state), -EINVAL);
}

/* Nobody sleeps while something is lost, for then nothing more comes in. */
static void polling_when_something_is_lost(void)
{
	int fd = machine(), small = ring_of(fd, MASK(FAULT), 1), ring = ring_of(fd, MASK(FAULT), 8);
	struct shmswap_ring state = SM_ARG(ring, .watermark = 8);
	struct shmswap_event events[8];

	ASSERT_EQ(sm_call(ring, SHMSWAP_IOC_RING, &state), 0);
	make_events(fd, 9);
	ASSERT_EQ(read(small, events, sizeof(events)), sizeof(*events));
	EXPECT(polls_in(small, 0));
	ASSERT_EQ(read(small, events, sizeof(events)), sizeof(*events));
	EXPECT_EQ(events[0].type, SHMSWAP_EVENT_LOST);
	EXPECT(!polls_in(small, 0));

	ASSERT_EQ(read(ring, events, sizeof(*events)), sizeof(*events));
	make_events(fd, 1);
	EXPECT(polls_in(ring, 0));
	EXPECT_EQ(drain(ring, events, 7), 7);
	EXPECT(polls_in(ring, 0));
	EXPECT_EQ(drain(ring, events, 2), 1);
	EXPECT_EQ(events[0].type, SHMSWAP_EVENT_LOST);
}

/* One that waits for many learns at once that it loses some, first and last. */
static void a_loss_is_news(void)
{
	int fd = machine(), ring = ring_of(fd, MASK(FAULT), 8);
	struct shmswap_ring state = SM_ARG(ring, .watermark = 8);
	struct shmswap_event events[16];

	ASSERT_EQ(sm_call(ring, SHMSWAP_IOC_RING, &state), 0);
	make_events(fd, 8);
	ASSERT_EQ(drain(ring, events, 4), 4);
	EXPECT(!polls_in(ring, 0));
	make_events(fd, 5);
	EXPECT_EQ(state_of(ring).out_dropped, 1);
	ASSERT_EQ(drain(ring, events, 7), 7);
	EXPECT(polls_in(ring, 0));
	ASSERT_EQ(drain(ring, events, ARRAY_SIZE(events)), 2);
	EXPECT_EQ(events[1].type, SHMSWAP_EVENT_LOST);
	EXPECT(!polls_in(ring, 0));
}

static void *poll_long(void *arg)
{
	return (void *)(intptr_t)polls_in(*(int *)arg, 60000);
}

static void a_watermark_that_is_lowered(void)
{
	int fd = machine(), ring = ring_of(fd, MASK(FAULT), 16);
	struct shmswap_ring state = SM_ARG(ring, .watermark = 16);
	pthread_t thread;
	void *ret;

	ASSERT_EQ(sm_call(ring, SHMSWAP_IOC_RING, &state), 0);
	make_events(fd, 2);
	ASSERT_EQ(pthread_create(&thread, NULL, poll_long, &ring), 0);
	usleep(50000);
	EXPECT_EQ(pthread_tryjoin_np(thread, &ret), EBUSY);
	state.watermark = 2;
	ASSERT_EQ(sm_call(ring, SHMSWAP_IOC_RING, &state), 0);
	EXPECT_SOON(!pthread_tryjoin_np(thread, &ret));
	EXPECT_EQ((intptr_t)ret, 1);
}

static void ring_calls(void)
{
	int fd = machine(), ring = ring_of(fd, 0, 0);
	struct shmswap_ring state = SM_ARG(ring, .out_dropped = 7);
	struct { struct shmswap_ring ring; uint64_t more; } large = { .ring = { sizeof(large) } };
	struct shmswap_stat stat = SM_ARG(stat);

	EXPECT_EQ(sm_call(ring, SHMSWAP_IOC_RING, &state), 0);
	EXPECT_EQ(state.out_capacity, 4096);
	EXPECT_EQ(state.out_dropped, 0);
	EXPECT_EQ(sm_call(ring, SHMSWAP_IOC_RING, &large), 0);
	EXPECT_EQ(large.ring.size, sizeof(large));
	large.more = 1;
	EXPECT_EQ(sm_call(ring, SHMSWAP_IOC_RING, &large), -E2BIG);
	state.size = sizeof(state) - 8;
	EXPECT_EQ(sm_call(ring, SHMSWAP_IOC_RING, &state), -EINVAL);
	state.size = SM_PAGE + 8;
	EXPECT_EQ(sm_call(ring, SHMSWAP_IOC_RING, &state), -E2BIG);
	EXPECT_EQ(sm_call(ring, SHMSWAP_IOC_RING, NULL), -EFAULT);
	EXPECT_EQ(sm_call(ring, SHMSWAP_IOC_STAT, &stat), -ENOTTY);
	state.size = sizeof(state);
	EXPECT_EQ(sm_call(fd, SHMSWAP_IOC_RING, &state), -ENOTTY);
}

static void *wait_for_event(void *arg)
{
	struct shmswap_event e;

	return (void *)(intptr_t)read(*(int *)arg, &e, sizeof(e));
}

static void a_reader_that_waits(void)
{
	int fd = machine(), ring = ring_of(fd, MASK(FAULT), 0);
	pthread_t thread;
	void *ret;

	ASSERT_EQ(fcntl(ring, F_SETFL, 0), 0);
	ASSERT_EQ(pthread_create(&thread, NULL, wait_for_event, &ring), 0);
	usleep(50000);
	EXPECT_EQ(pthread_tryjoin_np(thread, &ret), EBUSY);
	make_events(fd, 1);
	ASSERT_EQ(pthread_join(thread, &ret), 0);
	EXPECT_EQ((intptr_t)ret, sizeof(struct shmswap_event));
}

static void the_machine_goes_first(void)
{
	int fd = machine(), ring = ring_of(fd, MASK(FAULT), 0), silent = ring_of(fd, MASK(AGE), 0);
	struct pollfd p = { .fd = ring, .events = POLLIN };
	struct shmswap_event events[4];
	pthread_t thread;
	void *ret;

	ASSERT_EQ(fcntl(silent, F_SETFL, 0), 0);
	ASSERT_EQ(pthread_create(&thread, NULL, wait_for_event, &silent), 0);
	make_events(fd, 2);
	close(fd);
	EXPECT_SOON(poll(&p, 1, 0) == 1 && (p.revents & POLLHUP));
	EXPECT_EQ(drain(ring, events, ARRAY_SIZE(events)), 2);
	EXPECT_EQ(read(ring, events, sizeof(events)), 0);
	EXPECT_EQ(state_of(ring).out_recorded, 2);
	ASSERT_EQ(pthread_join(thread, &ret), 0);
	EXPECT_EQ((intptr_t)ret, 0);
}

struct holder {
	int fd;
	bool *ready;
};

static void hold_rings(void *arg)
{
	struct holder *h = arg;
	int i;

	for (i = 0; i < SHMSWAP_MAX_RINGS; i++)
		ring_of(h->fd, 0, 16);
	EXPECT_EQ(sm_events(h->fd, 0, 16), -EBUSY);
	__atomic_store_n(h->ready, true, __ATOMIC_RELEASE);
	pause();
}

/* One that died holding all of them keeps nobody from working, or from listening. */
static void a_reader_that_dies(void)
{
	int fd = machine(), id = segment(fd, 2 * FRAMES);
	struct holder h = { .fd = fd, .ready = ktap_shared(sizeof(bool)) };
	pid_t pid = ktap_fork(hold_rings, &h);

	ASSERT_SOON(__atomic_load_n(h.ready, __ATOMIC_ACQUIRE));
	EXPECT_EQ(sm_events(fd, 0, 16), -EBUSY);
	ASSERT_EQ(sm_shmat(fd, id, BASE, 0), BASE);
	ASSERT_EQ(sm_fill_pages(fd, BASE, 2 * FRAMES, 1), 0);
	kill(pid, SIGKILL);
	ktap_join_killed(pid, SIGKILL);
	EXPECT_SOON(sm_events(fd, 0, 16) >= 0);
	EXPECT_EQ(sm_verify_pages(fd, BASE, 2 * FRAMES, 1), 0);
	EXPECT_EQ(sm_check(fd), 0);
}

/*
 * Several at once
 */

struct noise {
	int fd;
	uint64_t addr;
	bool stop;
};

static void *make_noise(void *arg)
{
	struct noise *n = arg;
	uint64_t rnd = n->fd;

	while (!__atomic_load_n(&n->stop, __ATOMIC_RELAXED))
		sm_touch(n->fd, n->addr + sm_random(&rnd, 2 * FRAMES) * SM_PAGE, 1,
			 SHMSWAP_TOUCH_WRITE);
	return NULL;
}

/* What comes out has no gap but those that are told, to the event. */
static uint64_t read_some(int ring, uint64_t *next_seq, uint64_t *lost)
{
	static struct shmswap_event events[512];
	int nr = drain(ring, events, ARRAY_SIZE(events)), i;
	uint64_t read = 0;

	for (i = 0; i < nr; i++) {
		ASSERT_EQ(events[i].seq, *next_seq);
		if (events[i].type == SHMSWAP_EVENT_LOST) {
			*lost += events[i].from;
			*next_seq += events[i].from;
		} else {
			++*next_seq;
			read++;
		}
	}
	return read;
}

static void a_small_ring_and_many_writers(void)
{
	int fd = sm_machine(FRAMES, 4 * FRAMES, SHMSWAP_MACHINE_KSWAPD);
	int other = sm_spawn(fd), id = segment(fd, 2 * FRAMES);
	struct noise noise[2] = { { .fd = fd, .addr = BASE }, { .fd = other, .addr = OTHER } };
	uint64_t next_seq = 0, lost = 0, read = 0;
	int ring = ring_of(fd, 0, 64), i;
	struct shmswap_ring state;
	pthread_t threads[2];

	for (i = 0; i < 2; i++) {
		ASSERT_EQ(sm_shmat(noise[i].fd, id, noise[i].addr, 0), noise[i].addr);
		ASSERT_EQ(pthread_create(&threads[i], NULL, make_noise, &noise[i]), 0);
	}
	EXPECT_SOON((read += read_some(ring, &next_seq, &lost)) > 5000 && lost);
	for (i = 0; i < 2; i++) {
		__atomic_store_n(&noise[i].stop, true, __ATOMIC_RELAXED);
		ASSERT_EQ(pthread_join(threads[i], NULL), 0);
	}
	/* kswapd may work on for a moment. */
	do {
		read += read_some(ring, &next_seq, &lost);
		state = state_of(ring);
	} while (state.out_pending || state.out_recorded + state.out_dropped != next_seq);
	ktap_diag("%llu events, %llu lost", (unsigned long long)read, (unsigned long long)lost);
	EXPECT_EQ(read, state.out_recorded);
	EXPECT_EQ(lost, state.out_dropped);
	EXPECT_EQ(sm_check(fd), 0);
}

/* Rings come and go under load. */
static void rings_come_and_go(void)
{
	int fd = sm_machine(FRAMES, 4 * FRAMES, SHMSWAP_MACHINE_KSWAPD);
	int id = segment(fd, 2 * FRAMES);
	struct noise noise = { .fd = fd, .addr = BASE };
	struct shmswap_event events[16];
	pthread_t thread;
	int i;

	ASSERT_EQ(sm_shmat(fd, id, BASE, 0), BASE);
	ASSERT_EQ(pthread_create(&thread, NULL, make_noise, &noise), 0);
	for (i = 0; i < (int)(1000 / ktap_slow()); i++) {
		int ring = ring_of(fd, i % 3 ? 0 : MASK(FAULT), 1 + i % 50);

		drain(ring, events, ARRAY_SIZE(events));
		close(ring);
	}
	__atomic_store_n(&noise.stop, true, __ATOMIC_RELAXED);
	ASSERT_EQ(pthread_join(thread, NULL), 0);
	EXPECT_EQ(sm_check(fd), 0);
}

/*
 * Who may listen
 */

static void try_to_listen(void *arg)
{
	int fd = *(int *)arg, own;

	ASSERT_EQ(sm_become(1000, 1000), 0);
	EXPECT_EQ(sm_events(fd, 0, 0), -EPERM);
	EXPECT_EQ(sm_events(sm_open(), 0, 0), -EPERM);
	own = sm_machine(FRAMES, 0, 0);
	EXPECT_GE(sm_events(own, 0, 0), 0);
}

static void for_the_owner_alone(void)
{
	int fd = machine();

	ktap_join(ktap_fork(try_to_listen, &fd));
	EXPECT_GE(sm_events(sm_open(), 0, 0), 0);
}

/*
 * Who sees which addresses
 */

#define ALICE	1000
#define BOB	1001

struct attach {
	int fd;
	int id;
	int uid;
	unsigned int *stage;	/* shared: 1 it is there, 2 it may go */
	uint64_t at;		/* shared: where */
};

static void attach_and_store(void *arg)
{
	struct attach *a = arg;
	char *at;

	ASSERT_EQ(sm_become(a->uid, a->uid), 0);
	ASSERT_EQ(prctl(PR_SET_DUMPABLE, 1), 0);
	at = live_attach(a->fd, a->id, 0);
	LIVE_WRITE(at, 1);
	a->at = (uintptr_t)at;
	live_reach(a->stage, 1);
	live_await(a->stage, 2);
}

/* A process of that user has an attach, loses its page to the clock, and exits. */
static uint64_t live_and_die(int fd, int id, int uid)
{
	struct attach *a = ktap_shared(sizeof(*a));
	pid_t pid;

	*a = (struct attach){ .fd = fd, .id = id, .uid = uid,
			      .stage = ktap_shared(sizeof(*a->stage)) };
	pid = ktap_fork(attach_and_store, a);
	live_await(a->stage, 1);
	EXPECT_EQ(sm_reclaim_shm(fd, 1), 0);
	EXPECT_EQ(sm_reclaim_shm(fd, 1), 1);
	live_reach(a->stage, 2);
	ktap_join(pid);
	return a->at;
}

/* The kinds of events that say where a process has its memory, and do say it. */
static uint64_t kinds_with_addresses(int ring, uint64_t at)
{
	static struct shmswap_event events[1 << 12];
	int nr = drain(ring, events, ARRAY_SIZE(events));
	uint64_t kinds = 0;

	while (nr--) {
		const struct shmswap_event *e = &events[nr];

		if (e->type == SHMSWAP_EVENT_TLB_FLUSH ? e->from || e->to : e->address) {
			kinds |= 1ULL << e->type;
			EXPECT_EQ(e->type == SHMSWAP_EVENT_TLB_FLUSH ? e->from : e->address, at);
		}
	}
	return kinds;
}

static void addresses_of_others(void)
{
	const uint64_t mask = MASK(FAULT) | MASK(PTE) | MASK(TLB_FLUSH) | MASK(SEGMENT);
	int fd, id, alices, roots;
	uint64_t at;

	ASSERT_EQ(sm_act_as(ALICE, ALICE), 0);
	fd = machine();
	id = sm_shmget(fd, IPC_PRIVATE, SM_PAGE, 0666);
	ASSERT_GE(id, 0);
	alices = ring_of(fd, mask, 0);
	ASSERT_EQ(sm_act_as(0, 0), 0);
	roots = ring_of(fd, mask, 0);

	at = live_and_die(fd, id, BOB);
	EXPECT_EQ(kinds_with_addresses(alices, at), 0);
	EXPECT_EQ(kinds_with_addresses(roots, at), mask);
	at = live_and_die(fd, id, ALICE);
	EXPECT_EQ(kinds_with_addresses(alices, at), mask);
}

struct listener {
	int fd;
	int id;
	int ring;
	bool *ready;
};

/* Who is root in a namespace of its own is nobody elsewhere. */
static void listen_as_root_of_a_namespace(void *arg)
{
	struct listener *l = arg;

	ASSERT_EQ(sm_become(ALICE, ALICE), 0);
	ASSERT_EQ(prctl(PR_SET_DUMPABLE, 1), 0);
	l->fd = -1;
	if (!unshare(CLONE_NEWUSER)) {
		l->fd = machine();
		l->id = sm_shmget(l->fd, IPC_PRIVATE, SM_PAGE, 0666);
		l->ring = ring_of(l->fd, 0, 0);
	}
	__atomic_store_n(l->ready, true, __ATOMIC_RELEASE);
	pause();
}

static int fd_of(pid_t pid, int fd)
{
	int pidfd = syscall(SYS_pidfd_open, pid, 0);
	int copy = syscall(SYS_pidfd_getfd, pidfd, fd, 0);

	ASSERT_GE(copy, 0);
	close(pidfd);
	return copy;
}

static void addresses_for_a_namespace(void)
{
	struct listener *l = ktap_shared(sizeof(*l));
	pid_t pid;

	l->ready = ktap_shared(sizeof(bool));
	pid = ktap_fork(listen_as_root_of_a_namespace, l);
	ASSERT_SOON(__atomic_load_n(l->ready, __ATOMIC_ACQUIRE));
	if (l->fd < 0) {
		kill(pid, SIGKILL);
		ktap_join_killed(pid, SIGKILL);
		ktap_skip("no user namespaces");
	}
	EXPECT_EQ(kinds_with_addresses(fd_of(pid, l->ring),
				       live_and_die(fd_of(pid, l->fd), l->id, BOB)), 0);
	kill(pid, SIGKILL);
	ktap_join_killed(pid, SIGKILL);
}

/* As a set-uid program is: of the user, but not to be looked into by it. */
static void run_set_uid(void *arg)
{
	struct attach *a = arg;

	ASSERT_EQ(setresuid(ALICE, 0, 0), 0);
	ASSERT_EQ(prctl(PR_SET_DUMPABLE, 0), 0);
	LIVE_WRITE(live_attach(a->fd, a->id, 0), 1);
}

static void addresses_of_a_set_uid_program(void)
{
	struct attach a = { 0 };
	int ring;

	ASSERT_EQ(sm_act_as(ALICE, ALICE), 0);
	a.fd = machine();
	a.id = segment(a.fd, 1);
	ring = ring_of(a.fd, 0, 0);
	ASSERT_EQ(sm_act_as(0, 0), 0);
	ktap_join(ktap_fork(run_set_uid, &a));
	EXPECT_EQ(kinds_with_addresses(ring, 0), 0);
}

/*
 * Real processes
 */

static void a_real_process_without_memory(void)
{
	int fd = sm_machine(SHMSWAP_MIN_FRAMES, 0, 0);
	int id = live_segment(fd, SHMSWAP_MIN_FRAMES + 1);
	int ring = ring_of(fd, MASK(FAULT), 0), i;
	char *mem = live_attach(fd, id, 0);
	struct shmswap_event events[64];

	for (i = 0; i < SHMSWAP_MIN_FRAMES && !live_store(mem + i * SM_PAGE, 1); i++)
		;
	ASSERT_EQ(drain(ring, events, ARRAY_SIZE(events)), i + 1);
	EXPECT_EQ(events[i].why, SHMSWAP_FAULT_ERROR);
	EXPECT_EQ(events[i].address, (uintptr_t)mem + i * SM_PAGE);
	EXPECT_EQ(events[i].from, ENOMEM);
}

/* From a file, so it is read without the lock of the process. */
static void a_real_page_that_is_read(void)
{
	int fd = sm_machine(FRAMES, 0, 0), id = live_segment(fd, PAGES), ring;
	char *mem = live_attach(fd, id, 0);
	struct shmswap_event events[16];
	uint32_t pfn;

	ASSERT_EQ(sm_swapon(fd, sm_swapfile(4 * FRAMES)), 0);
	LIVE_WRITE(mem + 3 * SM_PAGE, 1);
	ASSERT_EQ(live_swap_out(fd), 1);
	ring = ring_of(fd, MASK(FAULT), 0);
	EXPECT_EQ(LIVE_READ(mem + 3 * SM_PAGE), 1);
	pfn = live_pte(fd, mem + 3 * SM_PAGE).a;
	ASSERT_EQ(drain(ring, events, ARRAY_SIZE(events)), 1);
	EXPECT_EQ(events[0].why, SHMSWAP_FAULT_SWAP);
	EXPECT_EQ(events[0].shmid, id);
	EXPECT_EQ(events[0].index, 3);
	EXPECT_EQ(events[0].pfn, pfn);
}

/* What the kernel has pinned is old and mapped by nobody, and stays. */
static void a_page_that_is_pinned(void)
{
	int fd = machine(), id = live_segment(fd, 1), ring, pipes[2];
	char *mem = live_attach(fd, id, 0);
	struct iovec iov = { mem, SM_PAGE };
	struct shmswap_event events[16] = { 0 };
	const struct shmswap_event *at = events, *e;

	LIVE_WRITE(mem, 1);
	ASSERT_EQ(pipe(pipes), 0);
	ASSERT_EQ(vmsplice(pipes[1], &iov, 1, 0), SM_PAGE);
	ASSERT_EQ(sm_reclaim_shm(fd, 1), 0);
	ring = ring_of(fd, MASK(CLOCK_STEP) | MASK(CLOCK_END), 0);
	ASSERT_EQ(sm_reclaim(fd, SHMSWAP_RECLAIM_SHM, 0, 1), 0);
	ASSERT_EQ(drain(ring, events, ARRAY_SIZE(events)), 5);
	NEXT(&at, CLOCK_STEP, SHMSWAP_STEP_END);
	NEXT(&at, CLOCK_STEP, SHMSWAP_STEP_WRAP);
	e = NEXT(&at, CLOCK_STEP, SHMSWAP_STEP_PINNED);
	EXPECT_EQ(e->value, 0);
	EXPECT_EQ(e->value2, 1);
}

/*
 * Private memory, files, and swap areas that fail
 */

static void a_page_of_a_file(void)
{
	int fd = machine(), file = patterned_file(2, 1);
	int ring = ring_of(fd, MASK(FAULT) | MASK(PTE), 0);
	uint64_t addr = map_file(fd, file, 2, PROT_RW, MAP_SHARED);
	struct shmswap_event events[16] = { 0 };
	const struct shmswap_event *at = events, *e;

	ASSERT_EQ(sm_touch(fd, addr + SM_PAGE, 1, SHMSWAP_TOUCH_WRITE), 0);
	ASSERT_EQ(sm_msync(fd, addr, 2 * SM_PAGE), 0);
	ASSERT_EQ(sm_munmap(fd, addr, 2 * SM_PAGE), 0);
	ASSERT_EQ(drain(ring, events, ARRAY_SIZE(events)), 4);
	e = NEXT(&at, PTE, SHMSWAP_PTE_MAP);
	EXPECT_EQ(e->shmid, -1);
	EXPECT_EQ(e->index, 1);
	e = NEXT(&at, FAULT, SHMSWAP_FAULT_FILE);
	EXPECT_EQ(e->shmid, -1);
	EXPECT_EQ(e->index, 1);
	e = NEXT(&at, PTE, SHMSWAP_PTE_CLEAN);
	EXPECT(e->from & SHMSWAP_PTE_DIRTY);
	EXPECT(!(e->to & SHMSWAP_PTE_DIRTY));
	EXPECT_EQ(NEXT(&at, PTE, SHMSWAP_PTE_ZAP)->to, 0);
}

static void a_page_that_is_forked(void)
{
	int fd = machine(), ring, child;
	uint64_t addr = map_anon(fd, 1, PRIVATE_ANON);
	struct shmswap_event events[32] = { 0 };
	const struct shmswap_event *at = events, *e;

	ASSERT_EQ(sm_touch(fd, addr, 1, SHMSWAP_TOUCH_WRITE), 0);
	ring = ring_of(fd, MASK(PTE) | MASK(FAULT), 0);
	child = sm_fork(fd);
	ASSERT_EQ(sm_touch(child, addr, 1, SHMSWAP_TOUCH_WRITE), 0);
	ASSERT_EQ(sm_touch(fd, addr, 1, SHMSWAP_TOUCH_WRITE), 0);
	ASSERT_EQ(sm_mprotect(fd, addr, SM_PAGE, PROT_READ), 0);
	ASSERT_EQ(sm_mprotect(fd, addr, SM_PAGE, PROT_READ), 0);
	ASSERT_EQ(drain(ring, events, ARRAY_SIZE(events)), 7);
	e = NEXT(&at, PTE, SHMSWAP_PTE_FORK);
	EXPECT_EQ(e->pid, info_of(fd).out_pid);
	EXPECT_NE(e->from, e->to);
	e = NEXT(&at, PTE, SHMSWAP_PTE_FORK);
	EXPECT_EQ(e->pid, info_of(child).out_pid);
	EXPECT_EQ(e->from, 0);
	e = NEXT(&at, PTE, SHMSWAP_PTE_MAP);
	EXPECT_EQ(e->pid, info_of(child).out_pid);
	EXPECT_EQ(e->to, pte_of(child, addr).pte);
	EXPECT_EQ(NEXT(&at, FAULT, SHMSWAP_FAULT_COW)->pid, info_of(child).out_pid);
	e = NEXT(&at, PTE, SHMSWAP_PTE_PROTECT);
	EXPECT_EQ(e->pid, info_of(fd).out_pid);
	NEXT(&at, FAULT, SHMSWAP_FAULT_MINOR);
	EXPECT_EQ(NEXT(&at, PTE, SHMSWAP_PTE_PROTECT)->to, pte_of(fd, addr).pte);
}

static void an_attach_without_its_head(void)
{
	int fd = machine(), id = segment(fd, 4), ring;
	struct shmswap_event events[8] = { 0 };
	const struct shmswap_event *at = events, *e;

	ASSERT_EQ(sm_shmat(fd, id, BASE, 0), BASE);
	ASSERT_EQ(sm_munmap(fd, BASE, SM_PAGE), 0);
	ring = ring_of(fd, MASK(PTE) | MASK(FAULT) | MASK(SEGMENT), 0);
	ASSERT_EQ(sm_touch(fd, BASE + 3 * SM_PAGE, 1, 0), 0);
	ASSERT_EQ(sm_munmap(fd, BASE + 2 * SM_PAGE, 2 * SM_PAGE), 0);
	ASSERT_EQ(sm_shmdt(fd, BASE), 0);
	ASSERT_EQ(drain(ring, events, ARRAY_SIZE(events)), 4);
	EXPECT_EQ(NEXT(&at, PTE, SHMSWAP_PTE_MAP)->index, 3);
	EXPECT_EQ(NEXT(&at, FAULT, SHMSWAP_FAULT_ZERO)->index, 3);
	EXPECT_EQ(NEXT(&at, PTE, SHMSWAP_PTE_ZAP)->index, 3);
	e = NEXT(&at, SEGMENT, SHMSWAP_SEGMENT_DETACH);
	EXPECT_EQ(e->address, BASE + SM_PAGE);
	EXPECT_EQ(e->value, 0);
}

/* What kswapd says that it freed is what is counted. */
static void what_kswapd_freed(void)
{
	int fd = sm_machine(FRAMES, 16 * FRAMES, SHMSWAP_MACHINE_KSWAPD);
	int id = segment(fd, 2 * FRAMES);
	int ring = ring_of(fd, MASK(KSWAPD) | MASK(RECLAIM_END), 1 << 16), nr, i;
	static struct shmswap_event events[1 << 16];
	uint64_t freed = 0, sleeps = 0, wakes = 0;

	ASSERT_EQ(sm_shmat(fd, id, BASE, 0), BASE);
	ASSERT_EQ(sm_fill_pages(fd, BASE, 2 * FRAMES, 1), 0);
	do {
		nr = drain(ring, events, ARRAY_SIZE(events));
		for (i = 0; i < nr; i++) {
			if (events[i].type == SHMSWAP_EVENT_RECLAIM_END) {
				EXPECT_LE(events[i].value, FRAMES);
				continue;
			}
			freed += events[i].to;
			wakes += events[i].why == SHMSWAP_KSWAPD_WAKE;
			sleeps += events[i].why == SHMSWAP_KSWAPD_SLEEP;
			EXPECT_LE(events[i].value, FRAMES);
			EXPECT_LE(sleeps, wakes);
		}
		usleep(50000);
	} while (nr || freed != stat_of(fd).kswapd_freed);
	EXPECT_GT(freed, 0);
	EXPECT_EQ(wakes, stat_of(fd).kswapd_wake);
	EXPECT_GT(sleeps, 0);
}

static void expect_flush(const struct shmswap_event *e, int fd, uint64_t start, uint64_t end)
{
	EXPECT_EQ(e->pid, info_of(fd).out_pid);
	EXPECT_EQ(e->from, start);
	EXPECT_EQ(e->to, end);
}

static void flushes(void)
{
	int fd = machine(), ring;
	uint64_t addr = map_anon(fd, 4, PRIVATE_ANON);
	struct shmswap_event events[8] = { 0 };
	const struct shmswap_event *at = events;

	ASSERT_EQ(sm_touch(fd, addr, 4, SHMSWAP_TOUCH_WRITE), 0);
	ring = ring_of(fd, MASK(TLB_FLUSH), 0);
	ASSERT_EQ(sm_mprotect(fd, addr, 4 * SM_PAGE, PROT_READ), 0);
	ASSERT_GE(sm_fork(fd), 0);
	ASSERT_EQ(sm_munmap(fd, addr, 4 * SM_PAGE), 0);
	ASSERT_EQ(drain(ring, events, ARRAY_SIZE(events)), 3);
	expect_flush(NEXT(&at, TLB_FLUSH, SHMSWAP_FLUSH_RANGE), fd, addr, addr + 4 * SM_PAGE);
	expect_flush(NEXT(&at, TLB_FLUSH, SHMSWAP_FLUSH_MM), fd, 0, SHMSWAP_TASK_SIZE);
	expect_flush(NEXT(&at, TLB_FLUSH, SHMSWAP_FLUSH_RANGE), fd, addr, addr + 4 * SM_PAGE);
}

/* Whatever has to be read before it is copied, that is where the page was. */
static void a_copy_of_what_is_read_first(void)
{
	int fd = machine(), ring = ring_of(fd, MASK(FAULT), 0), child;
	uint64_t addr = map_file(fd, patterned_file(1, 1), 1, PROT_RW, MAP_PRIVATE);
	struct shmswap_event events[8];

	ASSERT_EQ(sm_touch(fd, addr, 1, SHMSWAP_TOUCH_WRITE), 0);
	ASSERT_EQ(drain(ring, events, ARRAY_SIZE(events)), 1);
	EXPECT_EQ(events[0].why, SHMSWAP_FAULT_FILE);
	child = sm_fork(fd);
	ASSERT_GE(sm_reclaim_everything(fd), 1);
	ASSERT_EQ(sm_touch(child, addr, 1, SHMSWAP_TOUCH_WRITE), 0);
	ASSERT_EQ(drain(ring, events, ARRAY_SIZE(events)), 1);
	EXPECT_EQ(events[0].why, SHMSWAP_FAULT_SWAP);
}

/* An entry that is as it was is no change. */
static void a_second_fork(void)
{
	int fd = machine(), ring;
	uint64_t addr = map_anon(fd, 1, PRIVATE_ANON);
	struct shmswap_event events[8];

	ASSERT_EQ(sm_touch(fd, addr, 1, SHMSWAP_TOUCH_WRITE), 0);
	ASSERT_GE(sm_fork(fd), 0);
	ring = ring_of(fd, MASK(PTE), 0);
	ASSERT_GE(sm_fork(fd), 0);
	ASSERT_EQ(drain(ring, events, ARRAY_SIZE(events)), 1);
	EXPECT_EQ(events[0].from, 0);
}

/* A page is new whatever the frame was before. */
static void ages_of_new_pages(void)
{
	int fd = machine(), ring = ring_of(fd, MASK(AGE), 0), i;
	struct shmswap_event events[8];

	for (i = 0; i < 2; i++) {
		uint64_t addr = map_anon(fd, 4, PRIVATE_ANON);

		ASSERT_EQ(sm_touch(fd, addr, 4, SHMSWAP_TOUCH_WRITE), 0);
		ASSERT_EQ(sm_munmap(fd, addr, 4 * SM_PAGE), 0);
		EXPECT_EQ(drain(ring, events, ARRAY_SIZE(events)), 4);
	}
}

/* The process scan's looks: young, too young to go, taken; and shrink_mmap()'s. */
static void a_page_that_is_scanned(void)
{
	int fd = machine(), ring, calls;
	uint64_t addr = map_anon(fd, 1, PRIVATE_ANON);
	static struct shmswap_event events[256];
	uint32_t whys = 0, pfn;
	int nr, i;

	ASSERT_EQ(sm_touch(fd, addr, 1, SHMSWAP_TOUCH_WRITE), 0);
	pfn = frame_of(fd, addr).pfn;
	ring = ring_of(fd, MASK(SCAN) | MASK(AGE), 0);
	for (calls = 0; pte_of(fd, addr).kind == SHMSWAP_PTE_PRESENT && calls < 50; calls++)
		ASSERT_GE(sm_reclaim(fd, SHMSWAP_RECLAIM_SWAP_OUT, 0, 1), 0);
	nr = drain(ring, events, ARRAY_SIZE(events));
	ASSERT_GE(nr, 3);
	for (i = 0; i < nr; i++) {
		EXPECT_EQ(events[i].pfn, pfn);
		if (events[i].type == SHMSWAP_EVENT_AGE) {
			EXPECT_EQ(events[i].why, events[i].to < events[i].from ?
				  SHMSWAP_AGE_DECLINE : SHMSWAP_AGE_TOUCH);
			continue;
		}
		whys |= 1U << events[i].why;
		EXPECT_EQ(events[i].pid, info_of(fd).out_pid);
		EXPECT_EQ(events[i].address, addr);
		EXPECT_EQ(events[i].shmid, -1);
		EXPECT_EQ(events[i].count, events[i].why == SHMSWAP_SCAN_TAKE ? 2 : 1);
	}
	EXPECT_EQ(whys, 1U << SHMSWAP_SCAN_YOUNG | 1U << SHMSWAP_SCAN_AGE |
			1U << SHMSWAP_SCAN_TAKE);
}

/* Two neighbouring slots are read together. */
static void pages_that_are_read_ahead(void)
{
	int fd = machine(), ring, nr, i;
	uint64_t addr = map_anon(fd, 4, PRIVATE_ANON), slots = 0;
	struct shmswap_event events[64] = { 0 }, *map = NULL;
	uint64_t duplicates = 0, entry;

	ASSERT_EQ(sm_fill_pages(fd, addr, 4, 1), 0);
	ASSERT_EQ(sm_reclaim_everything(fd), 4);
	entry = pte_of(fd, addr).pte;
	ring = ring_of(fd, MASK(SWAP_IN) | MASK(SLOT) | MASK(PTE), 0);
	ASSERT_EQ(sm_touch(fd, addr, 1, 0), 0);
	nr = drain(ring, events, ARRAY_SIZE(events));
	for (i = 0; i < nr; i++) {
		if (events[i].type == SHMSWAP_EVENT_SWAP_IN)
			slots |= 1ULL << events[i].slot;
		else if (events[i].type == SHMSWAP_EVENT_PTE)
			map = &events[i];
		else if (events[i].why == SHMSWAP_SLOT_DUPLICATE)
			duplicates++;
	}
	ASSERT(map);
	EXPECT_EQ(map->why, SHMSWAP_PTE_MAP);
	EXPECT_EQ(map->from, entry);
	EXPECT_EQ(map->to, pte_of(fd, addr).pte);
	EXPECT_EQ(__builtin_popcountll(slots), stat_of(fd).pswpin);
	EXPECT_GT(stat_of(fd).pswpin, 1);
	EXPECT_EQ(duplicates, stat_of(fd).pswpin);
}

/* In the swap cache, and mapped: shrink_mmap() leaves it, and marks it. */
static void a_cached_page_that_is_used(void)
{
	int fd = machine(), ring, nr, i, looks = 0;
	uint64_t addr = map_anon(fd, 1, PRIVATE_ANON);
	static struct shmswap_event events[4 * FRAMES];
	uint32_t pfn;

	ASSERT_EQ(sm_touch(fd, addr, 1, SHMSWAP_TOUCH_WRITE), 0);
	ASSERT_EQ(sm_reclaim_everything(fd), 1);
	ASSERT_EQ(sm_touch(fd, addr, 1, 0), 0);
	ASSERT(frame_of(fd, addr).flags & SHMSWAP_PG_SWAPCACHE);
	pfn = frame_of(fd, addr).pfn;
	ring = ring_of(fd, MASK(MMAP), 0);
	ASSERT_EQ(sm_reclaim(fd, SHMSWAP_RECLAIM_MMAP, 0, 1), 0);
	nr = drain(ring, events, ARRAY_SIZE(events));
	for (i = 0; i < nr; i++) {
		if (events[i].pfn != pfn)
			continue;
		looks++;
		EXPECT_EQ(events[i].why, SHMSWAP_SCAN_USED);
		EXPECT_EQ(events[i].count, 2);
	}
	EXPECT_GT(looks, 0);
}

static void a_swap_file_that_fails(void)
{
	int fd = sm_machine(FRAMES, 0, 0), file = sm_memfile((4 * FRAMES + 1) * SM_PAGE), ring;
	int id = segment(fd, 2);
	struct shmswap_event events[16] = { 0 };
	const struct shmswap_event *at = events, *e;

	ASSERT_EQ(sm_mkswap(file), 0);
	ASSERT_EQ(sm_swapon(fd, file), 0);
	ASSERT_EQ(sm_shmat(fd, id, BASE, 0), BASE);
	ASSERT_EQ(sm_touch(fd, BASE, 1, 0), 0);
	ASSERT_EQ(sm_reclaim_all(fd), 1);
	ASSERT_EQ(sm_touch(fd, BASE + SM_PAGE, 1, 0), 0);
	ASSERT_EQ(sm_reclaim_shm(fd, 1), 0);
	ASSERT_EQ(fcntl(file, F_ADD_SEALS, F_SEAL_FUTURE_WRITE), 0);
	ring = ring_of(fd, MASK(SWAP_OUT) | MASK(SWAP_IN) | MASK(FAULT) | MASK(CLOCK_END) |
			   MASK(SLOT), 0);
	ASSERT_EQ(sm_reclaim(fd, SHMSWAP_RECLAIM_SHM, 0, 1), 0);
	ASSERT_EQ(drain(ring, events, ARRAY_SIZE(events)), 6);
	NEXT(&at, SLOT, SHMSWAP_SLOT_GET);
	NEXT(&at, SLOT, SHMSWAP_SLOT_DUPLICATE);
	e = NEXT(&at, SWAP_OUT, 0);
	EXPECT_NE(e->from, 0);
	EXPECT_EQ(e->shmid, id);
	EXPECT_EQ(e->index, 1);
	NEXT(&at, SLOT, SHMSWAP_SLOT_FREE);
	EXPECT_EQ(NEXT(&at, SLOT, SHMSWAP_SLOT_REJECT)->count, SHMSWAP_SLOT_BAD);
	NEXT(&at, CLOCK_END, SHMSWAP_CLOCK_FAILED);

	ASSERT_EQ(ftruncate(file, SM_PAGE), 0);
	ASSERT_EQ(sm_touch(fd, BASE, 1, 0), -EIO);
	memset(events, 0, sizeof(events));
	at = events;
	ASSERT_GE(drain(ring, events, ARRAY_SIZE(events)), 2);
	while (at->type == SHMSWAP_EVENT_SLOT)
		at++;
	e = NEXT(&at, SWAP_IN, 0);
	EXPECT_EQ(e->from, EIO);
	EXPECT_EQ(e->shmid, id);
	while (at->type == SHMSWAP_EVENT_SLOT)
		at++;
	EXPECT_EQ(NEXT(&at, FAULT, SHMSWAP_FAULT_ERROR)->from, EIO);
}

static void the_second_swap_area(void)
{
	const uint64_t mask = MASK(SLOT) | MASK(CLOCK_BEGIN) | MASK(SWAP_OUT) | MASK(SWAP_IN);
	int fd = machine(), id = segment(fd, 1), ring, nr, i;
	struct shmswap_event events[16];

	ASSERT_EQ(sm_swapon_ram(fd, 16, 5), 1);
	ASSERT_EQ(sm_shmat(fd, id, BASE, 0), BASE);
	ASSERT_EQ(sm_touch(fd, BASE, 1, 0), 0);
	ASSERT_EQ(sm_reclaim_shm(fd, 1), 0);
	ring = ring_of(fd, mask, 0);
	ASSERT_EQ(sm_reclaim(fd, SHMSWAP_RECLAIM_SHM, 2, 1), 0);
	ASSERT_EQ(drain(ring, events, ARRAY_SIZE(events)), 1);
	EXPECT_EQ(events[0].value, 2);
	ASSERT_EQ(sm_reclaim_shm(fd, 1), 1);
	ASSERT_EQ(sm_touch(fd, BASE, 1, 0), 0);
	nr = drain(ring, events, ARRAY_SIZE(events));
	ASSERT_EQ(nr, 5);
	for (i = 0; i < nr; i++)
		EXPECT_EQ(events[i].area, 1);
}

static void numbers_of_machines(void)
{
	EXPECT_EQ(info_of(sm_open()).out_machine, 0);
	EXPECT_NE(info_of(machine()).out_machine, info_of(machine()).out_machine);
	EXPECT_NE(info_of(machine()).out_machine, 0);
}

/* Large rings are paid for, and only as long as they are there. */
static void rings_cost_memory(void)
{
	int rings[SHMSWAP_MAX_RINGS], nr, again, fd, err = 0;

	ASSERT_EQ(sm_become(ALICE, ALICE), 0);
	fd = machine();
	for (again = 0; again < 3; again++) {
		for (nr = 0; nr < SHMSWAP_MAX_RINGS; nr++) {
			err = sm_events(fd, 0, SHMSWAP_MAX_EVENTS);
			if (err < 0)
				break;
			rings[nr] = err;
		}
		ASSERT_GE(nr, 1);
		if (nr < SHMSWAP_MAX_RINGS)
			EXPECT_EQ(err, -ENOSPC);
		while (nr--)
			close(rings[nr]);
	}
	EXPECT_EQ(err, -ENOSPC);
}

/*
 * Tracepoints
 */

#define TRACING	"/sys/kernel/tracing/"

static void write_file(const char *name, const char *text)
{
	int file = open(name, O_WRONLY | O_TRUNC);

	ktap_context("%s", name);
	ASSERT_GE(file, 0);
	ASSERT_EQ(write(file, text, strlen(text)), strlen(text));
	close(file);
}

static char *read_file(const char *name)
{
	static char text[1 << 16];
	int file = open(name, O_RDONLY), len = 0, more;

	ktap_context("%s", name);
	ASSERT_GE(file, 0);
	while ((more = read(file, text + len, sizeof(text) - 1 - len)) > 0)
		len += more;
	close(file);
	text[len] = 0;
	return text;
}

static void need_tracefs(void)
{
	if (access(TRACING "events", F_OK))
		mount("nodev", TRACING, "tracefs", 0, NULL);
	if (access(TRACING "events/shmswap", F_OK))
		ktap_skip("this kernel has no tracepoints");
	write_file(TRACING "trace", "");
}

static void tracepoints(void)
{
	static const char * const names[] = {
		"fault", "swap_out", "swap_in", "clock_begin", "clock_step", "clock_end", "pte",
		"tlb_flush", "slot", "frame", "age", "cache", "scan", "mmap", "reclaim_begin",
		"reclaim_end", "kswapd", "segment",
	};
	char path[100];
	size_t i;

	need_tracefs();
	ASSERT_EQ(ARRAY_SIZE(names), SHMSWAP_NR_EVENT_TYPES - 1);
	for (i = 0; i < ARRAY_SIZE(names); i++) {
		snprintf(path, sizeof(path), TRACING "events/shmswap/shmswap_%s/format", names[i]);
		EXPECT(strstr(read_file(path), "field:u32 machine;"));
	}
}

/* With no ring, and filtered by fields, as trace-cmd and perf do it. */
static void a_trace(void)
{
	int fd = machine(), id = segment(fd, 1);
	char wanted[200], filter[100];
	const char *trace;

	need_tracefs();
	ASSERT_EQ(sm_shmat(fd, id, BASE, 0), BASE);
	snprintf(filter, sizeof(filter), "machine == %u && address == %llu",
		 info_of(fd).out_machine, BASE);
	write_file(TRACING "events/shmswap/shmswap_fault/filter", filter);
	write_file(TRACING "events/shmswap/shmswap_fault/enable", "1");
	ASSERT_EQ(sm_touch(fd, BASE, 1, SHMSWAP_TOUCH_WRITE), 0);
	ASSERT_EQ(sm_touch(fd, OTHER, 1, 0), -EFAULT);
	write_file(TRACING "events/shmswap/enable", "0");
	write_file(TRACING "events/shmswap/shmswap_fault/filter", "0");
	trace = read_file(TRACING "trace");
	snprintf(wanted, sizeof(wanted),
		 "shmswap_fault: machine=%u pid=%u addr=0x%llx write=1 how=zero shmid=%d index=0 pfn=%u count=2 error=0\n",
		 info_of(fd).out_machine, info_of(fd).out_pid, BASE, id, frame_of(fd, BASE).pfn);
	EXPECT(strstr(trace, wanted));
	EXPECT(!strstr(trace, "how=error"));
}

int main(int argc, char **argv)
{
	static const struct ktap_case cases[] = {
		KTAP_CASE(a_first_touch),
		KTAP_CASE(a_page_that_one_sharer_uses),
		KTAP_CASE(a_page_that_goes_and_comes_back),
		KTAP_CASE(why_the_hand_goes_on),
		KTAP_CASE(without_a_slot),
		KTAP_CASE(a_store_that_makes_a_page_young),
		KTAP_CASE(faults_that_fail),
		KTAP_CASE(every_kind),
		KTAP_CASE(a_real_process),
		KTAP_CASE(another_users_addresses),
		KTAP_CASE(a_real_process_without_memory),
		KTAP_CASE(a_real_page_that_is_read),
		KTAP_CASE(a_page_that_is_pinned),
		KTAP_CASE(a_page_of_a_file),
		KTAP_CASE(a_page_that_is_forked),
		KTAP_CASE(an_attach_without_its_head),
		KTAP_CASE(what_kswapd_freed),
		KTAP_CASE(flushes),
		KTAP_CASE(a_copy_of_what_is_read_first),
		KTAP_CASE(a_second_fork),
		KTAP_CASE(ages_of_new_pages),
		KTAP_CASE(a_page_that_is_scanned),
		KTAP_CASE(pages_that_are_read_ahead),
		KTAP_CASE(a_cached_page_that_is_used),
		KTAP_CASE(a_swap_file_that_fails),
		KTAP_CASE(the_second_swap_area),
		KTAP_CASE(numbers_and_times),
		KTAP_CASE(only_what_was_asked_for),
		KTAP_CASE(a_ring_that_overflows),
		KTAP_CASE(the_last_ones_are_lost),
		KTAP_CASE(reads),
		KTAP_CASE(readers_wait_for_the_watermark),
		KTAP_CASE(polling_when_something_is_lost),
		KTAP_CASE(a_loss_is_news),
		KTAP_CASE(a_watermark_that_is_lowered),
		KTAP_CASE(ring_calls),
		KTAP_CASE(a_reader_that_waits),
		KTAP_CASE(the_machine_goes_first),
		KTAP_CASE(a_reader_that_dies),
		KTAP_CASE(a_small_ring_and_many_writers),
		KTAP_CASE(rings_come_and_go),
		KTAP_CASE(for_the_owner_alone),
		KTAP_CASE(addresses_of_others),
		KTAP_CASE(addresses_for_a_namespace),
		KTAP_CASE(addresses_of_a_set_uid_program),
		KTAP_CASE(numbers_of_machines),
		KTAP_CASE(rings_cost_memory),
		KTAP_CASE(tracepoints),
		KTAP_CASE(a_trace),
	};

	return ktap_run(argc, argv, cases, ARRAY_SIZE(cases));
}
