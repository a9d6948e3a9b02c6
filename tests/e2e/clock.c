// SPDX-License-Identifier: GPL-2.0
/* e2e: timeout=90 */
/*
 * The clock on machines without kswapd, event by event: shm_swap() of Linux
 * 2.0 with its two hands, its budget and its second chance.
 */
#define _GNU_SOURCE
#include <string.h>

#include "ktap.h"
#include "libshm.h"

static int machine(void)
{
	int fd = sm_machine(256, 256, 0);

	ASSERT_GE(fd, 0);
	return fd;
}

static uint64_t attach_new(int fd, int key, int pages, int *id)
{
	int64_t addr;

	*id = sm_shmget(fd, key, pages * SM_PAGE, IPC_CREAT | 0600);
	ASSERT_GE(*id, 0);
	addr = sm_shmat(fd, *id, 0, 0);
	ASSERT_GT(addr, 0);
	return addr;
}

static struct shmswap_clock clock_of(int fd)
{
	struct shmswap_clock clock;

	ASSERT_EQ(sm_clock(fd, &clock), 0);
	return clock;
}

static struct shmswap_stat stat_of(int fd)
{
	struct shmswap_stat stat;

	ASSERT_EQ(sm_stat(fd, &stat), 0);
	return stat;
}

static uint32_t index_of(int id)
{
	return id % SHMSWAP_MAX_SEGMENTS;
}

#define EXPECT_CLOCK(fd, id, idx, attempts, successes) do {		\
	struct shmswap_clock clock_ = clock_of(fd);			\
									\
	EXPECT_EQ(clock_.swap_id, id);					\
	EXPECT_EQ(clock_.swap_idx, idx);				\
	EXPECT_EQ(clock_.swap_attempts, attempts);			\
	EXPECT_EQ(clock_.swap_successes, successes);			\
} while (0)

static int kind_of_page(int fd, int id, uint64_t index)
{
	struct shmswap_pte pte;

	return sm_query_page(fd, id, index, &pte) ? 0 : pte.kind;
}

static int kind_of_pte(int fd, uint64_t addr)
{
	struct shmswap_pte pte;

	return sm_query_pte(fd, addr, &pte) ? 0 : pte.kind;
}

/*
 * One segment
 */

/* Eight resident pages, all young, of one process. */
static void the_worked_example(void)
{
	int fd = machine(), id, call;
	uint64_t addr = attach_new(fd, 1, 8, &id);
	uint32_t index = index_of(id);

	ASSERT_EQ(sm_fill_pages(fd, addr, 8, 1), 0);
	EXPECT_CLOCK(fd, 0, 0, 0, 0);

	/* Ages all eight, wraps, and runs out of budget on page 0. */
	EXPECT_EQ(sm_reclaim_shm(fd, 1), 0);
	EXPECT_CLOCK(fd, index, 1, 9, 0);
	EXPECT_EQ(stat_of(fd).nr_swap_pages, 256);
	EXPECT_EQ(stat_of(fd).pgaged, 8);
	EXPECT_EQ(stat_of(fd).pgunmap, 0);

	for (call = 2; call <= 8; call++) {
		ktap_context("call %d", call);
		EXPECT_EQ(sm_reclaim_shm(fd, 1), 1);
		EXPECT_CLOCK(fd, index, call, 8 + call, call - 1);
		EXPECT_EQ(kind_of_page(fd, id, call - 1), SHMSWAP_PTE_SWAP);
		EXPECT_EQ(kind_of_page(fd, id, 0), SHMSWAP_PTE_PRESENT);
	}
	ktap_context("call 9");
	EXPECT_EQ(sm_reclaim_shm(fd, 1), 1);
	EXPECT_CLOCK(fd, index, 1, 17, 8);
	ktap_context("call 10");
	EXPECT_EQ(sm_reclaim_shm(fd, 1), 0);
	EXPECT_CLOCK(fd, index, 1, 17, 8);

	ktap_context("back again");
	EXPECT_EQ(stat_of(fd).shm_swp, 8);
	EXPECT_EQ(stat_of(fd).pswpout, 8);
	EXPECT_EQ(stat_of(fd).nr_swap_pages, 256 - 8);
	EXPECT_EQ(sm_verify_pages(fd, addr, 8, 1), 0);
	EXPECT_EQ(stat_of(fd).shm_rss, 8);
	EXPECT_EQ(stat_of(fd).pswpin, 8);
	EXPECT_EQ(sm_check(fd), 0);
}

/* The same calls as a batch: RECLAIM reports the sum. */
static void a_batch_is_its_calls(void)
{
	struct shmswap_reclaim arg = SM_ARG(reclaim, .method = SHMSWAP_RECLAIM_SHM,
					    .count = 10);
	int fd = machine(), id;
	uint64_t addr = attach_new(fd, 1, 8, &id);

	ASSERT_EQ(sm_touch(fd, addr, 8, SHMSWAP_TOUCH_WRITE), 0);
	ASSERT_EQ(sm_call(fd, SHMSWAP_IOC_RECLAIM, &arg), 0);
	EXPECT_EQ(arg.out_calls, 10);
	EXPECT_EQ(arg.out_freed, 8);
	EXPECT_EQ(arg.out_attempts, 17);
	EXPECT_CLOCK(fd, index_of(id), 1, 17, 8);
	arg.count = 0;
	ASSERT_EQ(sm_call(fd, SHMSWAP_IOC_RECLAIM, &arg), 0);
	EXPECT_EQ(arg.out_calls, 0);
	EXPECT_EQ(arg.out_freed, 0);
	EXPECT_EQ(arg.out_attempts, 0);
}

/* A page that is touched between two visits stays; the others go. */
static void second_chance(void)
{
	int fd = machine(), id, i;
	uint64_t addr = attach_new(fd, 1, 8, &id);

	ASSERT_EQ(sm_fill_pages(fd, addr, 8, 1), 0);
	EXPECT_EQ(sm_reclaim_shm(fd, 1), 0);
	for (i = 0; i < 30; i++) {
		ASSERT_EQ(sm_touch(fd, addr + 5 * SM_PAGE, 1, 0), 0);
		ASSERT_GE(sm_reclaim_shm(fd, 1), 0);
	}
	EXPECT_EQ(stat_of(fd).swap_successes, 7);
	for (i = 0; i < 8; i++)
		EXPECT_EQ(kind_of_page(fd, id, i),
			  i == 5 ? SHMSWAP_PTE_PRESENT : SHMSWAP_PTE_SWAP);
}

/* An access makes an old page young without a new mapping. */
static void an_access_makes_young(void)
{
	int fd = machine(), id;
	uint64_t addr = attach_new(fd, 1, 1, &id);
	struct shmswap_pte young, old, again;

	ASSERT_EQ(sm_touch(fd, addr, 1, SHMSWAP_TOUCH_WRITE), 0);
	ASSERT_EQ(sm_query_pte(fd, addr, &young), 0);
	EXPECT_EQ(sm_reclaim_shm(fd, 1), 0);
	ASSERT_EQ(sm_query_pte(fd, addr, &old), 0);
	EXPECT(young.pte & SHMSWAP_PTE_ACCESSED);
	EXPECT(!(old.pte & SHMSWAP_PTE_ACCESSED));
	EXPECT(old.pte & SHMSWAP_PTE_VALID);
	ASSERT_EQ(sm_touch(fd, addr, 1, 0), 0);
	ASSERT_EQ(sm_query_pte(fd, addr, &again), 0);
	EXPECT(again.pte & SHMSWAP_PTE_ACCESSED);
	EXPECT_EQ(again.a, young.a);
}

/* Nobody has it attached, so nothing is young: out on the first visit. */
static void unattached_pages_go_at_once(void)
{
	int fd = machine(), id, i;
	uint64_t addr = attach_new(fd, 1, 8, &id);

	ASSERT_EQ(sm_fill_pages(fd, addr, 8, 1), 0);
	ASSERT_EQ(sm_shmdt(fd, addr), 0);
	for (i = 0; i < 8; i++) {
		EXPECT_EQ(sm_reclaim_shm(fd, 1), 1);
		EXPECT_CLOCK(fd, index_of(id), i + 1, i + 1, i + 1);
	}
	EXPECT_EQ(sm_reclaim_shm(fd, 1), 0);
	addr = sm_shmat(fd, id, 0, 0);
	EXPECT_EQ(sm_verify_pages(fd, addr, 8, 1), 0);
}

/* shm_rss >> level pages are examined; the one that breaks it is skipped. */
static void the_level_sets_the_budget(void)
{
	int fd = machine(), id;
	uint64_t addr = attach_new(fd, 1, 128, &id);
	uint32_t index = index_of(id), level;
	uint64_t attempts = 0, idx = 0;

	ASSERT_EQ(sm_touch(fd, addr, 63, SHMSWAP_TOUCH_WRITE), 0);
	EXPECT_EQ(sm_reclaim(fd, SHMSWAP_RECLAIM_SHM, 6, 5), 0);
	EXPECT_CLOCK(fd, 0, 0, 0, 0);
	ASSERT_EQ(sm_touch(fd, addr + 63 * SM_PAGE, 65, SHMSWAP_TOUCH_WRITE), 0);
	for (level = 6; level > 1; level--) {
		ktap_context("level %u", level);
		EXPECT_EQ(sm_reclaim(fd, SHMSWAP_RECLAIM_SHM, level, 1), 0);
		attempts += (128 >> level) + 1;
		idx += (128 >> level) + 1;
		EXPECT_CLOCK(fd, index, idx, attempts, 0);
	}
}

/* Untouched and swapped pages are passed over free of charge. */
static void holes_are_free(void)
{
	int fd = machine(), id;
	uint64_t addr = attach_new(fd, 1, 1000, &id);

	ASSERT_EQ(sm_touch(fd, addr + 500 * SM_PAGE, 1, SHMSWAP_TOUCH_WRITE), 0);
	ASSERT_EQ(sm_touch(fd, addr + 900 * SM_PAGE, 1, SHMSWAP_TOUCH_WRITE), 0);
	EXPECT_EQ(sm_reclaim_shm(fd, 1), 0);
	EXPECT_CLOCK(fd, index_of(id), 501, 3, 0);
	EXPECT_EQ(sm_reclaim_shm(fd, 1), 1);
	EXPECT_CLOCK(fd, index_of(id), 901, 4, 1);
	EXPECT_EQ(sm_reclaim_shm(fd, 1), 1);
	EXPECT_CLOCK(fd, index_of(id), 501, 5, 2);
}

/* The slot comes first: without one nothing is looked at. */
static void no_slot_no_attempt(void)
{
	int fd = sm_machine(256, 4, 0), id;
	uint64_t addr = attach_new(fd, 1, 8, &id);

	ASSERT_EQ(sm_fill_pages(fd, addr, 8, 1), 0);
	EXPECT_EQ(sm_reclaim_shm(fd, 5), 4);
	EXPECT_CLOCK(fd, index_of(id), 5, 13, 4);
	EXPECT_EQ(sm_reclaim_shm(fd, 5), 0);
	EXPECT_CLOCK(fd, index_of(id), 5, 13, 4);
	EXPECT_EQ(sm_touch(fd, addr + SM_PAGE, 1, 0), 0);
	EXPECT_EQ(sm_reclaim_shm(fd, 1), 1);
	EXPECT_EQ(sm_verify_pages(fd, addr, 8, 1), 0);
}

/*
 * Several sharers
 */

/* All sharers' PTEs become the signature, the segment's word the slot. */
static void what_remains_of_an_evicted_page(void)
{
	int one = machine(), id, two, i;
	uint64_t addr = attach_new(one, 1, 4, &id), other;
	struct shmswap_pte pte, word;
	struct shmswap_slot slot;
	struct shmswap_stat before = stat_of(one), after;

	two = sm_spawn(one);
	other = sm_shmat(two, id, 0, SHM_RDONLY);
	ASSERT_EQ(sm_fill_pages(one, addr, 4, 1), 0);
	ASSERT_EQ(sm_touch(two, other, 4, 0), 0);
	EXPECT_EQ(sm_reclaim_shm(one, 5), 4);
	after = stat_of(one);
	EXPECT_EQ(after.pgunmap, 8);
	EXPECT_EQ(after.pgaged, 8);
	EXPECT_EQ(after.tlb_flush_page - before.tlb_flush_page, 8);
	EXPECT_EQ(after.nr_free_pages, before.nr_free_pages);
	EXPECT_EQ(after.nr_swapcache, 0);
	for (i = 0; i < 4; i++) {
		ktap_context("page %d", i);
		ASSERT_EQ(sm_query_pte(one, addr + i * SM_PAGE, &pte), 0);
		EXPECT_EQ(pte.kind, SHMSWAP_PTE_SHM);
		EXPECT_EQ(pte.a, index_of(id));
		EXPECT_EQ(pte.b, i);
		EXPECT(!(pte.pte & SHMSWAP_PTE_VALID));
		ASSERT_EQ(sm_query_pte(two, other + i * SM_PAGE, &pte), 0);
		EXPECT_EQ(pte.kind, SHMSWAP_PTE_SHM);
		EXPECT_EQ(pte.b, i);
		ASSERT_EQ(sm_query_page(one, id, i, &word), 0);
		EXPECT_EQ(word.kind, SHMSWAP_PTE_SWAP);
		EXPECT_EQ(word.a, 0);
		EXPECT_GT(word.b, 0);
		EXPECT_EQ(sm_query_slot(one, 0, word.b, &slot), 0);
		EXPECT_EQ(slot.count, 1);
	}
	ktap_context("swapped in");
	EXPECT_EQ(sm_verify_pages(two, other, 4, 1), 0);
	EXPECT_EQ(stat_of(one).nr_swap_pages, 256);
	EXPECT_EQ(kind_of_page(one, id, 0), SHMSWAP_PTE_PRESENT);
	EXPECT_EQ(kind_of_pte(one, addr), SHMSWAP_PTE_SHM);
}

/* Who did not use the page loses it, who did keeps it in memory. */
static void partial_unmapping(void)
{
	int one = machine(), id, two = sm_spawn(one);
	uint64_t addr = attach_new(one, 1, 1, &id);
	uint64_t other = sm_shmat(two, id, 0, 0);
	struct shmswap_page frames[256];
	struct shmswap_pte pte;

	ASSERT_EQ(sm_fill_pages(one, addr, 1, 1), 0);
	ASSERT_EQ(sm_touch(two, other, 1, 0), 0);
	EXPECT_EQ(sm_reclaim_shm(one, 1), 0);
	ASSERT_EQ(sm_touch(two, other, 1, 0), 0);
	EXPECT_EQ(sm_reclaim_shm(one, 1), 0);

	EXPECT_EQ(kind_of_pte(one, addr), SHMSWAP_PTE_SHM);
	ASSERT_EQ(sm_query_pte(two, other, &pte), 0);
	EXPECT_EQ(pte.kind, SHMSWAP_PTE_PRESENT);
	EXPECT(!(pte.pte & SHMSWAP_PTE_ACCESSED));
	EXPECT_EQ(kind_of_page(one, id, 0), SHMSWAP_PTE_PRESENT);
	ASSERT_EQ(sm_query(one, SHMSWAP_QUERY_MEM_MAP, 0, frames, 256), 256);
	EXPECT_EQ(frames[pte.a].count, 2);
	EXPECT_EQ(stat_of(one).nr_swap_pages, 256);

	/* It comes back by a minor fault, to the same frame. */
	ASSERT_EQ(sm_verify_pages(one, addr, 1, 1), 0);
	EXPECT_EQ(stat_of(one).pswpin, 0);
	EXPECT_EQ(sm_check(one), 0);
}

/* Two attaches in one process are two sharers. */
static void attaches_of_one_process_count(void)
{
	int fd = machine(), id;
	uint64_t addr = attach_new(fd, 1, 1, &id), again = sm_shmat(fd, id, 0, 0);

	ASSERT_EQ(sm_touch(fd, addr, 1, 0), 0);
	ASSERT_EQ(sm_touch(fd, again, 1, 0), 0);
	EXPECT_EQ(sm_reclaim_shm(fd, 1), 0);
	ASSERT_EQ(sm_touch(fd, addr, 1, 0), 0);
	EXPECT_EQ(sm_reclaim_shm(fd, 1), 0);
	EXPECT_EQ(kind_of_pte(fd, addr), SHMSWAP_PTE_PRESENT);
	EXPECT_EQ(kind_of_pte(fd, again), SHMSWAP_PTE_SHM);
	EXPECT_EQ(sm_reclaim_shm(fd, 1), 1);
	EXPECT_EQ(kind_of_pte(fd, addr), SHMSWAP_PTE_SHM);
}

/*
 * Several segments
 */

static void segments_take_turns(void)
{
	int fd = machine(), ids[3], i;
	uint64_t addr[3];

	for (i = 0; i < 3; i++) {
		addr[i] = attach_new(fd, i + 1, 2, &ids[i]);
		ASSERT_EQ(sm_fill_pages(fd, addr[i], 2, 10 * i), 0);
		ASSERT_EQ(sm_shmdt(fd, addr[i]), 0);
	}
	for (i = 0; i < 6; i++) {
		ktap_context("call %d", i + 1);
		EXPECT_EQ(sm_reclaim_shm(fd, 1), 1);
		EXPECT_EQ(kind_of_page(fd, ids[i / 2], i % 2), SHMSWAP_PTE_SWAP);
		EXPECT_EQ(stat_of(fd).shm_swp, i + 1);
	}
}

static void read_ptes(int fd, uint64_t addr, struct shmswap_pte *ptes, int nr)
{
	int i;

	for (i = 0; i < nr; i++)
		ASSERT_EQ(sm_query_pte(fd, addr + i * SM_PAGE, &ptes[i]), 0);
}

/* Locked pages swell the budget, but no hand touches them. */
static void locked_segments_are_passed_over(void)
{
	int fd = machine(), locked, id;
	uint64_t addr = attach_new(fd, 1, 8, &locked);
	uint64_t other = attach_new(fd, 2, 2, &id);
	struct shmswap_pte before[8], after[8];

	ASSERT_EQ(sm_touch(fd, addr, 8, SHMSWAP_TOUCH_WRITE), 0);
	ASSERT_EQ(sm_touch(fd, other, 2, SHMSWAP_TOUCH_WRITE), 0);
	ASSERT_EQ(sm_shm_lock(fd, locked), 0);
	read_ptes(fd, addr, before, 8);
	/* Budget 10: ages two, wraps, evicts the first of them. */
	EXPECT_EQ(sm_reclaim_shm(fd, 1), 1);
	EXPECT_CLOCK(fd, index_of(id), 1, 3, 1);
	EXPECT_EQ(sm_reclaim_shm(fd, 1), 1);
	EXPECT_EQ(sm_reclaim_shm(fd, 10), 0);
	EXPECT_EQ(stat_of(fd).shm_rss, 8);
	EXPECT_EQ(stat_of(fd).swap_attempts, 4);
	read_ptes(fd, addr, after, 8);
	EXPECT(!memcmp(before, after, sizeof(before)));
}

/* A hand that points at a segment that went on to be destroyed moves on. */
static void removal_under_the_hands(void)
{
	int fd = machine(), ids[3], i;
	uint64_t addr;

	for (i = 0; i < 3; i++) {
		addr = attach_new(fd, i + 1, 4, &ids[i]);
		ASSERT_EQ(sm_touch(fd, addr, 4, SHMSWAP_TOUCH_WRITE), 0);
		ASSERT_EQ(sm_shmdt(fd, addr), 0);
	}
	EXPECT_EQ(sm_reclaim_shm(fd, 10), 10);
	EXPECT_CLOCK(fd, index_of(ids[2]), 2, 10, 10);
	ASSERT_EQ(sm_shm_remove(fd, ids[2]), 0);
	EXPECT_EQ(sm_reclaim_shm(fd, 1), 0);
	addr = sm_shmat(fd, ids[0], 0, 0);
	ASSERT_EQ(sm_touch(fd, addr, 4, 0), 0);
	EXPECT_EQ(sm_reclaim_shm(fd, 8), 4);
	ASSERT_EQ(sm_shm_remove(fd, ids[1]), 0);
	EXPECT_GE(sm_reclaim_shm(fd, 8), 0);
	EXPECT_EQ(sm_check(fd), 0);
}

/*
 * Reclaim that a fault asks for
 */

/* Without kswapd a fault still gets its frame, and the same run repeats. */
static void faults_reclaim_for_themselves(void)
{
	struct shmswap_stat stats[2];
	int run, id;

	for (run = 0; run < 2; run++) {
		struct shmswap_stat *s = &stats[run];
		int fd = sm_machine(64, 512, 0);
		uint64_t addr = attach_new(fd, 1, 256, &id);

		ktap_context("run %d", run);
		ASSERT_EQ(sm_fill_pages(fd, addr, 256, 1), 0);
		ASSERT_EQ(sm_verify_pages(fd, addr, 256, 1), 0);
		*s = stat_of(fd);
		EXPECT_EQ(s->shm_rss + s->shm_swp, 256);
		EXPECT_GT(s->swap_successes, 256);
		EXPECT_GT(s->reclaim_stall, 0);
		EXPECT_EQ(s->kswapd_wake, 0);
		EXPECT_EQ(sm_check(fd), 0);
	}
	EXPECT(!memcmp(&stats[0], &stats[1], sizeof(stats[0])));
}

/*
 * A naive model, in lock-step
 */

#define M_SEGS	4
#define M_PROCS	3
#define M_PAGES	12

enum { UNTOUCHED, RESIDENT, SWAPPED };
enum { UNMAPPED, OLD, YOUNG };

struct model {
	int page[M_SEGS][M_PAGES];
	int pte[M_PROCS][M_SEGS][M_PAGES];
	bool locked[M_SEGS];
	int max_id;
	int swap_id, swap_idx;
	int rss;
	uint64_t attempts, successes;
};

static void model_touch(struct model *m, int proc, int seg, int page)
{
	if (m->page[seg][page] != RESIDENT) {
		m->page[seg][page] = RESIDENT;
		m->rss++;
	}
	m->pte[proc][seg][page] = YOUNG;
}

/* One visit; true if nobody maps the page any more. */
static bool model_visit(struct model *m, int seg, int page)
{
	int proc, mapped = 0;

	for (proc = 0; proc < M_PROCS; proc++) {
		int *pte = &m->pte[proc][seg][page];

		*pte = *pte == YOUNG ? OLD : UNMAPPED;
		mapped += *pte != UNMAPPED;
	}
	return !mapped;
}

static int model_shm_swap(struct model *m, int level)
{
	int budget = m->rss >> level, wraps = 0;

	if (!budget)
		return 0;
	for (;;) {
		int seg = m->swap_id, page;

		if (seg > m->max_id || m->locked[seg] || m->swap_idx >= M_PAGES) {
			m->swap_idx = 0;
			if (++m->swap_id > m->max_id) {
				if (++wraps > 1)
					return 0;
				m->swap_id = 0;
			}
			continue;
		}
		page = m->swap_idx++;
		if (m->page[seg][page] != RESIDENT)
			continue;
		m->attempts++;
		if (--budget < 0)
			return 0;
		if (!model_visit(m, seg, page))
			continue;
		m->page[seg][page] = SWAPPED;
		m->rss--;
		m->successes++;
		return 1;
	}
}

struct lockstep {
	struct model model;
	int fds[M_PROCS];
	int ids[M_SEGS];
	uint64_t addr[M_PROCS][M_SEGS];
};

static void lockstep_setup(struct lockstep *l)
{
	int proc, seg;

	memset(l, 0, sizeof(*l));
	l->fds[0] = machine();
	for (seg = 0; seg < M_SEGS; seg++) {
		l->addr[0][seg] = attach_new(l->fds[0], seg + 1, M_PAGES, &l->ids[seg]);
		EXPECT_EQ(index_of(l->ids[seg]), seg);
	}
	l->model.max_id = M_SEGS - 1;
	for (proc = 1; proc < M_PROCS; proc++) {
		l->fds[proc] = sm_fork(l->fds[0]);
		memcpy(l->addr[proc], l->addr[0], sizeof(l->addr[0]));
	}
}

static void compare_segment(struct lockstep *l, int seg)
{
	static const int kinds[] = { 0, SHMSWAP_PTE_PRESENT, SHMSWAP_PTE_SWAP };
	struct shmswap_pte words[M_PAGES];
	int nr = sm_query(l->fds[0], SHMSWAP_QUERY_PAGES, l->ids[seg], words, M_PAGES);
	int page, i = 0;

	for (page = 0; page < M_PAGES; page++) {
		bool there = i < nr && words[i].where == (uint64_t)page;

		ASSERT_EQ(there ? (int)words[i].kind : 0, kinds[l->model.page[seg][page]]);
		i += there;
	}
	ASSERT_EQ(i, nr);
}

static void lockstep_compare(struct lockstep *l)
{
	struct model *m = &l->model;
	struct shmswap_clock clock = clock_of(l->fds[0]);
	int seg;

	ASSERT_EQ(clock.swap_attempts, m->attempts);
	ASSERT_EQ(clock.swap_successes, m->successes);
	ASSERT_EQ(stat_of(l->fds[0]).shm_rss, m->rss);
	ASSERT_EQ(clock.swap_id, m->swap_id);
	ASSERT_EQ(clock.swap_idx, m->swap_idx);
	for (seg = 0; seg < M_SEGS; seg++)
		compare_segment(l, seg);
}

static void lockstep_step(struct lockstep *l, uint64_t *rnd)
{
	int proc = sm_random(rnd, M_PROCS), seg = sm_random(rnd, M_SEGS);
	int page = sm_random(rnd, M_PAGES), what = sm_random(rnd, 100);
	struct model *m = &l->model;

	if (what < 60) {
		model_touch(m, proc, seg, page);
		ASSERT_EQ(sm_touch(l->fds[proc], l->addr[proc][seg] + page * SM_PAGE,
				   1, what & 1), 0);
	} else if (what < 96) {
		int level = sm_random(rnd, 4);

		ASSERT_EQ(sm_reclaim(l->fds[proc], SHMSWAP_RECLAIM_SHM, level, 1),
			  model_shm_swap(m, level));
	} else if (what < 98) {
		m->locked[seg] = true;
		ASSERT_EQ(sm_shm_lock(l->fds[proc], l->ids[seg]), 0);
	} else {
		m->locked[seg] = false;
		ASSERT_EQ(sm_shm_unlock(l->fds[proc], l->ids[seg]), 0);
	}
}

static void model_in_lockstep(void)
{
	unsigned int seed, steps = 1500 / ktap_slow(), step;
	struct lockstep l;

	for (seed = 1; seed <= 3; seed++) {
		uint64_t rnd = seed;

		lockstep_setup(&l);
		for (step = 0; step < steps; step++) {
			ktap_context("seed %u, step %u", seed, step);
			lockstep_step(&l, &rnd);
			lockstep_compare(&l);
		}
		EXPECT_GT(l.model.successes, 20);
		EXPECT_EQ(sm_check(l.fds[0]), 0);
	}
}

int main(int argc, char **argv)
{
	static const struct ktap_case cases[] = {
		KTAP_CASE(the_worked_example),
		KTAP_CASE(a_batch_is_its_calls),
		KTAP_CASE(second_chance),
		KTAP_CASE(an_access_makes_young),
		KTAP_CASE(unattached_pages_go_at_once),
		KTAP_CASE(the_level_sets_the_budget),
		KTAP_CASE(holes_are_free),
		KTAP_CASE(no_slot_no_attempt),
		KTAP_CASE(what_remains_of_an_evicted_page),
		KTAP_CASE(partial_unmapping),
		KTAP_CASE(attaches_of_one_process_count),
		KTAP_CASE(segments_take_turns),
		KTAP_CASE(locked_segments_are_passed_over),
		KTAP_CASE(removal_under_the_hands),
		KTAP_CASE(faults_reclaim_for_themselves),
		KTAP_CASE(model_in_lockstep),
	};

	return ktap_run(argc, argv, cases, ARRAY_SIZE(cases));
}
