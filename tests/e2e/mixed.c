// SPDX-License-Identifier: GPL-2.0
/* e2e: timeout=240 */
/*
 * All kinds of memory at once, four times as large as the machine's: segments
 * and shared files in which every thread has a stripe of each page, and private
 * memory, anonymous and of files, of which every thread has its own. Threads
 * verify and rewrite what they have at random, map and unmap, and make children
 * that do the same with what they inherited, until they exit or are killed.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "ktap.h"
#include "libcase.h"
#include "libshm.h"

#define PROCESSES	3
#define THREADS		2	/* of each process */
#define WORKERS		(PROCESSES * THREADS)
#define STRIPE		(SM_PAGE / WORKERS / 8 * 8)

#define MAX_FRAMES	96
#define MAX_OWN		(MAX_FRAMES / WORKERS)

/* Kinds of memory: shared by all, then private. */
enum { SEGMENT, SHARED_FILE, ANON, PRIVATE_FILE, NR_KINDS };

#define NR_SHARED	ANON
#define NR_PRIVATE	(NR_KINDS - NR_SHARED)

struct load {
	int fd;				/* the first process */
	uint32_t frames;
	int steps;			/* of each thread */
	int file, text;			/* shared, and private for everybody */
	uint64_t shared[NR_SHARED];	/* addresses */
	uint32_t (*version)[MAX_FRAMES][WORKERS];	/* of stripes; 0: never written */
};

struct worker {
	const struct load *load;
	int fd;
	int number;
	uint64_t rnd;
	uint64_t own[NR_PRIVATE];	/* addresses */
	uint32_t version[NR_PRIVATE][MAX_OWN];
	pid_t child;			/* 0: none */
	bool doomed;			/* it will be killed */
};

/* Bytes that one worker alone writes. */
struct cell {
	int kind;
	int owner;
	uint32_t page;
	uint64_t addr;
	uint32_t len;
	uint32_t *version;
};

/*
 * Cells
 */

static uint32_t own_pages(const struct load *l)
{
	return l->frames / WORKERS;
}

static struct cell shared_cell(const struct load *l, int kind, uint32_t page, int owner)
{
	return (struct cell){
		.kind = kind,
		.owner = owner,
		.page = page,
		.addr = l->shared[kind] + page * SM_PAGE + owner * STRIPE,
		.len = STRIPE,
		.version = &l->version[kind][page][owner],
	};
}

static struct cell own_cell(struct worker *w, int kind, uint32_t page)
{
	int i = kind - NR_SHARED;

	return (struct cell){
		.kind = kind,
		.owner = w->number,
		.page = page,
		.addr = w->own[i] + page * SM_PAGE,
		.len = SM_PAGE,
		.version = &w->version[i][page],
	};
}

static uint64_t text_seed(uint32_t page)
{
	return 1ULL << 56 | page;
}

static void expected_bytes(const struct cell *c, char *bytes)
{
	uint64_t id = (uint64_t)c->kind << 52 | (uint64_t)c->owner << 48 | (uint64_t)c->page << 32;

	if (*c->version)
		sm_fill(bytes, c->len, id | *c->version);
	else if (c->kind == PRIVATE_FILE)
		sm_fill(bytes, c->len, text_seed(c->page));
	else
		memset(bytes, 0, c->len);
}

static void expect_bytes(const struct cell *c, const char *found)
{
	char want[SM_PAGE];

	ktap_context("worker %d, kind %d, page %u, version %u", c->owner, c->kind, c->page,
		     *c->version);
	expected_bytes(c, want);
	ASSERT(!memcmp(found, want, c->len));
}

static void verify(int fd, const struct cell *c)
{
	char found[SM_PAGE];

	ASSERT_EQ(sm_load(fd, c->addr, found, c->len), c->len);
	expect_bytes(c, found);
}

static void rewrite(int fd, const struct cell *c)
{
	char bytes[SM_PAGE];

	++*c->version;
	expected_bytes(c, bytes);
	ASSERT_EQ(sm_store(fd, c->addr, bytes, c->len), c->len);
}

static void use(struct worker *w, const struct cell *c)
{
	verify(w->fd, c);
	if (sm_random(&w->rnd, 2))
		rewrite(w->fd, c);
}

/*
 * What workers do
 */

static void use_something_shared(struct worker *w)
{
	struct cell c = shared_cell(w->load, sm_random(&w->rnd, NR_SHARED),
				    sm_random(&w->rnd, w->load->frames), w->number);

	use(w, &c);
}

static void use_something_private(struct worker *w)
{
	struct cell c = own_cell(w, NR_SHARED + sm_random(&w->rnd, NR_PRIVATE),
				 sm_random(&w->rnd, own_pages(w->load)));

	use(w, &c);
}

static void map_own(struct worker *w, int kind)
{
	uint32_t pages = own_pages(w->load);
	int i = kind - NR_SHARED;

	w->own[i] = kind == ANON ? map_anon(w->fd, pages, PRIVATE_ANON) :
		    map_file(w->fd, w->load->text, pages, PROT_RW, MAP_PRIVATE);
	memset(w->version[i], 0, sizeof(w->version[i]));
}

static void map_anew(struct worker *w)
{
	int kind = NR_SHARED + sm_random(&w->rnd, NR_PRIVATE);

	ASSERT_EQ(sm_munmap(w->fd, w->own[kind - NR_SHARED], own_pages(w->load) * SM_PAGE), 0);
	map_own(w, kind);
}

static void verify_all_private(struct worker *w)
{
	uint32_t page;
	int kind;

	for (kind = NR_SHARED; kind < NR_KINDS; kind++)
		for (page = 0; page < own_pages(w->load); page++) {
			struct cell c = own_cell(w, kind, page);

			verify(w->fd, &c);
		}
}

/* A page that cannot be swapped for a moment, or be written. */
static void lock_and_protect(struct worker *w)
{
	uint64_t addr = w->own[0] + sm_random(&w->rnd, own_pages(w->load)) * SM_PAGE;

	ASSERT_EQ(sm_mlock(w->fd, addr, SM_PAGE), 0);
	ASSERT_EQ(sm_mprotect(w->fd, addr, SM_PAGE, PROT_READ), 0);
	use_something_shared(w);
	ASSERT_EQ(sm_mprotect(w->fd, addr, SM_PAGE, PROT_RW), 0);
	ASSERT_EQ(sm_munlock(w->fd, addr, SM_PAGE), 0);
}

static void sync_file(struct worker *w)
{
	ASSERT_EQ(sm_msync(w->fd, w->load->shared[SHARED_FILE], w->load->frames * SM_PAGE), 0);
}

/*
 * Their children
 */

/* Finds all as its parent left it, changes it, and finds that. */
static void live_as_a_child(void *arg)
{
	struct worker *w = arg;
	int i;

	w->rnd = ~w->rnd;
	verify_all_private(w);
	for (i = 0; i < 20 || w->doomed; i++)
		use_something_private(w);
	verify_all_private(w);
}

static void reap(struct worker *w)
{
	if (!w->child)
		return;
	ktap_context("a child of worker %d", w->number);
	if (w->doomed) {
		usleep(sm_random(&w->rnd, 5000));
		kill(w->child, SIGKILL);
		ktap_join_killed(w->child, SIGKILL);
	} else {
		ktap_join(w->child);
	}
	w->child = 0;
}

/* It lives beside its parent, which goes on to store to what both have. */
static void have_a_child(struct worker *w)
{
	struct worker child;

	reap(w);
	w->doomed = sm_random(&w->rnd, 2);
	child = *w;
	child.fd = sm_fork(w->fd);
	ASSERT_GE(child.fd, 0);
	w->child = ktap_fork(live_as_a_child, &child);
	close(child.fd);
}

/*
 * Their lives
 */

/* What is done now and then, and not at each step. */
static void (*const rare[])(struct worker *w) = {
	map_anew, lock_and_protect, sync_file, have_a_child, reap,
};

static void take_a_step(struct worker *w)
{
	uint32_t what = sm_random(&w->rnd, 128);

	if (what < ARRAY_SIZE(rare))
		rare[what](w);
	else if (what % 2)
		use_something_shared(w);
	else
		use_something_private(w);
}

static void *work(void *arg)
{
	struct worker *w = arg;
	int step;

	map_own(w, ANON);
	map_own(w, PRIVATE_FILE);
	for (step = 0; step < w->load->steps; step++)
		take_a_step(w);
	reap(w);
	verify_all_private(w);
	return NULL;
}

static void work_in_threads(void *arg)
{
	static struct worker workers[THREADS];
	const struct worker *first = arg;
	pthread_t threads[THREADS];
	int i;

	for (i = 0; i < THREADS; i++) {
		workers[i] = *first;
		workers[i].number += i;
		workers[i].rnd = workers[i].number;
		ASSERT_EQ(pthread_create(&threads[i], NULL, work, &workers[i]), 0);
	}
	for (i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
}

static void start_workers(struct load *l, pid_t *pids)
{
	struct worker w = { .load = l };
	int i;

	for (i = 0; i < PROCESSES; i++) {
		w.fd = sm_fork(l->fd);
		ASSERT_GE(w.fd, 0);
		w.number = i * THREADS;
		pids[i] = ktap_fork(work_in_threads, &w);
		close(w.fd);
	}
}

/*
 * What goes on beside them
 */

struct disturber {
	int fd;
	bool *stop;
};

/* An area that is used before the others comes and goes; settings change. */
static void disturb(void *arg)
{
	const struct disturber *d = arg;
	struct shmswap_control control = SM_ARG(control);
	uint64_t rnd = 1;

	ASSERT_EQ(sm_control(d->fd, &control), 0);
	control.set = SHMSWAP_CONTROL_SCAN | SHMSWAP_CONTROL_PAGE_CLUSTER |
		      SHMSWAP_CONTROL_SWAPCTL;
	while (!__atomic_load_n(d->stop, __ATOMIC_RELAXED)) {
		int type = sm_swapon_ram(d->fd, 1 + sm_random(&rnd, MAX_FRAMES), 100), err;

		ASSERT_GE(type, 0);
		control.page_cluster = sm_random(&rnd, 6);
		control.page_initial_age = sm_random(&rnd, 10);
		control.age_cluster_min = 1 + sm_random(&rnd, 8);
		ASSERT_EQ(sm_control(d->fd, &control), 0);
		usleep(sm_random(&rnd, 100000));
		/* For a moment there may be no room. */
		do {
			err = sm_swapoff(d->fd, type);
		} while (err == -ENOMEM);
		ASSERT_EQ(err, 0);
	}
}

/*
 * The cases
 */

/* Of memory; the overcommit, not the size, is what matters. */
static uint32_t frames(void)
{
	return ktap_slow() > 1 ? MAX_FRAMES / 2 : MAX_FRAMES;
}

/* What was shared at the end: to be read here, and in the file. */
static void verify_everything_shared(const struct load *l)
{
	uint32_t page;
	int kind, i;

	for (kind = 0; kind < NR_SHARED; kind++)
		for (page = 0; page < l->frames; page++)
			for (i = 0; i < WORKERS; i++) {
				struct cell c = shared_cell(l, kind, page, i);

				verify(l->fd, &c);
			}
}

static void verify_the_file(const struct load *l)
{
	char bytes[SM_PAGE];
	uint32_t page;
	int i;

	for (page = 0; page < l->frames; page++) {
		ASSERT_EQ(pread(l->file, bytes, SM_PAGE, page * SM_PAGE), SM_PAGE);
		for (i = 0; i < WORKERS; i++) {
			struct cell c = shared_cell(l, SHARED_FILE, page, i);

			expect_bytes(&c, bytes + i * STRIPE);
		}
	}
}

static void map_shared(struct load *l)
{
	uint64_t size = l->frames * SM_PAGE;
	int id = sm_shmget(l->fd, IPC_PRIVATE, size, 0600);
	int64_t addr = sm_shmat(l->fd, id, 0, 0);
	char page[SM_PAGE];
	uint32_t i;

	ASSERT_GT(addr, 0);
	ASSERT_EQ(sm_shm_remove(l->fd, id), 0);
	l->shared[SEGMENT] = addr;
	l->file = sm_file(size);
	l->shared[SHARED_FILE] = map_file(l->fd, l->file, l->frames, PROT_RW, MAP_SHARED);
	l->text = sm_file(0);
	for (i = 0; i < own_pages(l); i++) {
		sm_fill(page, SM_PAGE, text_seed(i));
		ASSERT_EQ(pwrite(l->text, page, SM_PAGE, i * SM_PAGE), SM_PAGE);
	}
}

static void unmap_shared(const struct load *l)
{
	int kind;

	for (kind = 0; kind < NR_SHARED; kind++)
		EXPECT_EQ(sm_munmap(l->fd, l->shared[kind], l->frames * SM_PAGE), 0);
}

/* All that can happen to a page did. */
static void expect_all_happened(int fd)
{
	struct shmswap_stat stat = stat_of(fd);

	ktap_diag("%llu faults, %llu copies; %llu pages to swap, %llu from it", stat.pgfault,
		  stat.pgcow, stat.pswpout, stat.pswpin);
	ktap_diag("%llu pages to files, %llu from them, %llu discarded; %llu of %llu in the cache",
		  stat.pgpgout, stat.pgpgin, stat.pgdiscard, stat.swap_cache_hit,
		  stat.swap_cache_find);
	EXPECT_GT(stat.pgcow, 0);
	EXPECT_GT(stat.pswpout, 0);
	EXPECT_GT(stat.pswpin, 0);
	EXPECT_GT(stat.pgpgout, 0);
	EXPECT_GT(stat.pgpgin, 0);
	EXPECT_GT(stat.pgdiscard, 0);
	EXPECT_GT(stat.swap_cache_hit, 0);
	EXPECT_EQ(stat.swap_read_errors + stat.swap_write_errors, 0);
	EXPECT_EQ(stat.file_read_errors + stat.file_write_errors, 0);
}

static void run(int fd, bool disturbed)
{
	struct disturber d = { .fd = fd, .stop = ktap_shared(sizeof(bool)) };
	struct load l = {
		.fd = fd,
		.frames = frames(),
		.steps = 3000 / ktap_slow(),
		.version = ktap_shared(NR_SHARED * sizeof(*l.version)),
	};
	struct sm_resources before;
	pid_t pids[PROCESSES], disturbing = 0;

	ASSERT_GE(fd, 0);
	ASSERT_EQ(sm_resources(fd, &before), 0);
	map_shared(&l);
	start_workers(&l, pids);
	if (disturbed)
		disturbing = ktap_fork(disturb, &d);
	check_until_done(fd, pids, PROCESSES);
	__atomic_store_n(d.stop, true, __ATOMIC_RELAXED);
	if (disturbing)
		ktap_join(disturbing);
	EXPECT_EQ(sm_check(fd), 0);
	verify_everything_shared(&l);
	expect_all_happened(fd);
	unmap_shared(&l);
	verify_the_file(&l);
	EXPECT_SOON(sm_same_resources(fd, &before));
	EXPECT_EQ(sm_check(fd), 0);
}

/* Children make copies of what is private: that is as much again. */
static uint32_t slots(void)
{
	return 6 * frames();
}

static void with_kswapd(void)
{
	run(sm_machine(frames(), slots(), SHMSWAP_MACHINE_KSWAPD), false);
}

static void without_kswapd(void)
{
	run(sm_machine(frames(), slots(), 0), false);
}

static void on_a_swap_file(void)
{
	int fd = sm_machine(frames(), 0, SHMSWAP_MACHINE_KSWAPD), file = sm_swapfile(slots());

	ASSERT_GE(sm_swapon(fd, file), 0);
	close(file);
	run(fd, false);
}

static void segments_by_the_process_scan(void)
{
	run(sm_machine(frames(), slots(),
		       SHMSWAP_MACHINE_KSWAPD | SHMSWAP_MACHINE_SHM_PROCESS), false);
}

static void while_areas_come_and_go(void)
{
	run(sm_machine(frames(), slots(), SHMSWAP_MACHINE_KSWAPD), true);
}

int main(int argc, char **argv)
{
	static const struct ktap_case cases[] = {
		KTAP_CASE(with_kswapd),
		KTAP_CASE(without_kswapd),
		KTAP_CASE(on_a_swap_file),
		KTAP_CASE(segments_by_the_process_scan),
		KTAP_CASE(while_areas_come_and_go),
	};

	return ktap_run(argc, argv, cases, ARRAY_SIZE(cases));
}
