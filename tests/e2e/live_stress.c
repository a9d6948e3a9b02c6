// SPDX-License-Identifier: GPL-2.0
/* e2e: timeout=600 */
/*
 * 64 real processes on 16 segments that are eight times as large as the machine's
 * memory. They verify and rewrite each other's pages, by loads and stores and by
 * what the kernel does for them; meanwhile they attach, cut, move, protect and
 * remove what they and others use, fork, exec, and are killed at any moment.
 *
 * A page is used under a lock that lies in it: so the locks are swapped, too, and
 * are to be had again when their owner was killed.
 */
#define _GNU_SOURCE
#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/aio_abi.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#include "ktap.h"
#include "libblk.h"
#include "libcase.h"
#include "liblive.h"

#define PROCESSES	64
#define SEGMENTS	16
#define OVERCOMMIT	8
#define MAX_FRAMES	256
#define MAX_PAGES	(OVERCOMMIT * MAX_FRAMES / SEGMENTS)	/* of a segment */

/* Segments that are offered to all, and removed when somebody offers another one. */
#define OFFERS		4
#define OFFER_PAGES	8
#define MAX_OFFERED	2048

/* Where a process has its first attach, so that others find it. */
#define HOME_BASE	0x100000000000UL
#define HOME_SPAN	0x1000000UL

/* A page of a disk is the own one of each process; they come round much later. */
#define DISK_PAGES	4096
#define SECTOR		512

/*
 * What is in a page. Direct I/O wants the body to lie like this.
 */
#define BODY		(SM_PAGE - SECTOR)

struct page {
	pthread_mutex_t lock;
	char label[SECTOR - sizeof(pthread_mutex_t)];	/* stays as it is */
	char body[BODY];
};

static_assert(sizeof(struct page) == SM_PAGE, "a page has the size of a page");

/* What is known of a page outside of it. Changed only under its lock. */
struct truth {
	uint64_t version;
	uint64_t next;		/* what somebody may have been writing when he was killed */
	uint32_t deaths;	/* since it was whole */
};

/* What all processes share beside the machine. */
struct board {
	struct truth truths[SEGMENTS][MAX_PAGES];
	struct truth offered[MAX_OFFERED][OFFER_PAGES];
	uint32_t nr_offered;
	uint64_t offers[OFFERS];	/* number << 32 | shmid; 0: none */
	pid_t pids[PROCESSES];		/* whose home is attached */
	uint32_t nr_disk_pages;
	uint32_t nr_done;		/* of PROCESSES */
	bool stop;
};

struct load {
	int fd;
	uint32_t pages;			/* of a segment */
	int steps;			/* of each process */
	int ids[SEGMENTS];
	uint64_t scripted[SEGMENTS];	/* where the file's process has them */
	char disk[32];
	struct board *board;
};

struct attach {
	char *at;			/* where page 0 is, or was; NULL: not attached */
	int segment;			/* from SEGMENTS on: one that was offered */
	uint32_t first, end;		/* pages that are mapped still */
	bool readonly;
};

struct worker {
	const struct load *load;
	int number;
	uint64_t rnd;
	bool doomed;			/* it will be killed */
	struct attach home;		/* stays where it is */
	struct attach alias;		/* the same segment once more */
	struct attach other;
	int disk;
	off_t area;			/* its page of the disk */
	int pipe[2];
	aio_context_t aio;		/* 0: none */
	pid_t child;			/* 0: none */
};

/* A page in the hands of a process. */
struct cell {
	const struct attach *attach;
	uint32_t index;
	struct page *page;
	struct truth *truth;
};

/*
 * Pages and what they should be
 */

static struct truth *truth_of(const struct load *l, int segment, uint32_t index)
{
	if (segment < SEGMENTS)
		return &l->board->truths[segment][index];
	return &l->board->offered[segment - SEGMENTS][index];
}

static uint64_t seed_of(int segment, uint32_t index, uint64_t version)
{
	return (uint64_t)(segment + 1) << 48 | (uint64_t)index << 40 | version;
}

static struct cell cell_of(const struct load *l, const struct attach *a, uint32_t index)
{
	return (struct cell){
		.attach = a,
		.index = index,
		.page = (struct page *)(a->at + index * SM_PAGE),
		.truth = truth_of(l, a->segment, index),
	};
}

/* Whole words, for a process may be killed between any two instructions. */
static void copy_words(void *to, const void *from, size_t len)
{
	const uint64_t *source = from;
	uint64_t *words = to;
	size_t i;

	for (i = 0; i < len / sizeof(*words); i++)
		__atomic_store_n(&words[i], source[i], __ATOMIC_RELAXED);
}

static void expected_body(const struct cell *c, uint64_t version, char *body)
{
	sm_fill(body, BODY, seed_of(c->attach->segment, c->index, version));
}

static void expect_label(const struct cell *c)
{
	EXPECT(sm_filled(c->page->label, sizeof(c->page->label),
			 seed_of(c->attach->segment, c->index, 0)));
}

static void expect_body(const struct cell *c, const char *found)
{
	char want[BODY];
	size_t i;

	expected_body(c, c->truth->version, want);
	if (!memcmp(found, want, BODY))
		return;
	for (i = 0; found[i] == want[i]; i++)
		;
	ktap_fail(__FILE__, __LINE__, "other contents from byte %zu on: %#llx, not %#llx", i,
		  *(unsigned long long *)(found + i / 8 * 8),
		  *(unsigned long long *)(want + i / 8 * 8));
	ktap_abort();
}

static void init_page(struct cell *c)
{
	pthread_mutexattr_t attr;
	char body[BODY];

	pthread_mutexattr_init(&attr);
	pthread_mutexattr_setpshared(&attr, PTHREAD_PROCESS_SHARED);
	pthread_mutexattr_setrobust(&attr, PTHREAD_MUTEX_ROBUST);
	ASSERT_EQ(pthread_mutex_init(&c->page->lock, &attr), 0);
	sm_fill(c->page->label, sizeof(c->page->label),
		seed_of(c->attach->segment, c->index, 0));
	*c->truth = (struct truth){ .version = 1, .next = 1 };
	expected_body(c, 1, body);
	copy_words(c->page->body, body, BODY);
}

/* The bytes of somebody who was killed: each word is old or new. */
static void expect_old_or_new(const struct cell *c)
{
	uint64_t old[BODY / 8], new[BODY / 8], found;
	size_t i;

	expected_body(c, c->truth->version, (char *)old);
	expected_body(c, c->truth->next, (char *)new);
	for (i = 0; i < BODY / 8; i++) {
		found = __atomic_load_n((uint64_t *)c->page->body + i, __ATOMIC_RELAXED);
		if (found != old[i] && found != new[i]) {
			ktap_fail(__FILE__, __LINE__, "its owner was killed, word %zu is %#lx", i,
				  found);
			ktap_abort();
		}
	}
}

/* Who is killed in here, too, leaves anything. */
static void salvage(struct cell *c)
{
	struct truth *t = c->truth;
	char body[BODY];

	expect_label(c);
	if (!t->deaths++)
		expect_old_or_new(c);
	t->next++;
	expected_body(c, t->next, body);
	copy_words(c->page->body, body, BODY);
	t->version = t->next;
	t->deaths = 0;
	ASSERT_EQ(pthread_mutex_consistent(&c->page->lock), 0);
}

/* If it is not to wait it may come back without the lock. */
static bool lock(struct cell *c, bool wait)
{
	struct timespec limit;
	int err;

	ktap_context("segment %d, page %u, version %lu", c->attach->segment, c->index,
		     c->truth->version);
	clock_gettime(CLOCK_REALTIME, &limit);
	limit.tv_sec += 20 * ktap_slow();
	err = wait ? pthread_mutex_timedlock(&c->page->lock, &limit) :
		     pthread_mutex_trylock(&c->page->lock);
	if (err == EBUSY && !wait)
		return false;
	if (err == EOWNERDEAD)
		salvage(c);
	else
		ASSERT_EQ(err, 0);
	return true;
}

static void unlock(struct cell *c)
{
	ASSERT_EQ(pthread_mutex_unlock(&c->page->lock), 0);
}

/*
 * Ways to load and to store a page's body. One that cannot be gone now is false.
 */

static bool load_memory(struct worker *w, struct cell *c, char *body)
{
	(void)w;
	memcpy(body, c->page->body, BODY);
	return true;
}

static bool store_memory(struct worker *w, struct cell *c, char *body)
{
	(void)w;
	copy_words(c->page->body, body, BODY);
	return true;
}

/* The page at its other address, if it has one. */
static struct page *alias_of(struct worker *w, struct cell *c)
{
	const struct attach *a = &w->alias;

	if (c->attach != &w->home || !a->at)
		return NULL;
	return (struct page *)(a->at + c->index * SM_PAGE);
}

static bool load_alias(struct worker *w, struct cell *c, char *body)
{
	struct page *alias = alias_of(w, c);

	if (alias)
		memcpy(body, alias->body, BODY);
	return alias;
}

static bool store_alias(struct worker *w, struct cell *c, char *body)
{
	struct page *alias = alias_of(w, c);

	if (!alias || w->alias.readonly)
		return false;
	copy_words(alias->body, body, BODY);
	return true;
}

/* process_vm_readv() and process_vm_writev(), as a debugger would. */
static bool transfer(pid_t pid, char *remote, char *body, bool store)
{
	struct iovec here = { body, BODY }, there = { remote, BODY };
	ssize_t ret = store ? process_vm_writev(pid, &here, 1, &there, 1, 0) :
			      process_vm_readv(pid, &here, 1, &there, 1, 0);

	return ret == BODY;
}

static bool load_own_vm(struct worker *w, struct cell *c, char *body)
{
	(void)w;
	ASSERT(transfer(getpid(), c->page->body, body, false));
	return true;
}

static bool store_own_vm(struct worker *w, struct cell *c, char *body)
{
	(void)w;
	ASSERT(transfer(getpid(), c->page->body, body, true));
	return true;
}

/* Another process has the segment as its home, too; it may be going just now. */
static bool transfer_with_neighbour(struct worker *w, struct cell *c, char *body, bool store)
{
	int number = (w->number + SEGMENTS * (1 + sm_random(&w->rnd, 3))) % PROCESSES;
	pid_t pid = __atomic_load_n(&w->load->board->pids[number], __ATOMIC_ACQUIRE);
	struct page *remote = (struct page *)(HOME_BASE + number * HOME_SPAN + c->index * SM_PAGE);

	if (c->attach != &w->home || !pid)
		return false;
	return transfer(pid, remote->body, body, store);
}

static bool load_neighbour(struct worker *w, struct cell *c, char *body)
{
	return transfer_with_neighbour(w, c, body, false);
}

static bool store_neighbour(struct worker *w, struct cell *c, char *body)
{
	return transfer_with_neighbour(w, c, body, true);
}

/* A disk reads and writes the page itself. */
static char *bounce_buffer(void)
{
	static char buffer[BODY] __attribute__((aligned(SECTOR)));

	return buffer;
}

static bool load_disk(struct worker *w, struct cell *c, char *body)
{
	ASSERT_EQ(pwrite(w->disk, c->page->body, BODY, w->area), BODY);
	ASSERT_EQ(pread(w->disk, bounce_buffer(), BODY, w->area), BODY);
	memcpy(body, bounce_buffer(), BODY);
	return true;
}

static bool store_disk(struct worker *w, struct cell *c, char *body)
{
	memcpy(bounce_buffer(), body, BODY);
	ASSERT_EQ(pwrite(w->disk, bounce_buffer(), BODY, w->area), BODY);
	ASSERT_EQ(pread(w->disk, c->page->body, BODY, w->area), BODY);
	return true;
}

static void into_pipe(const int pipe[2], char *from, size_t len)
{
	struct iovec iov = { from, len };

	ASSERT_EQ(vmsplice(pipe[1], &iov, 1, 0), len);
}

/* The memory itself is in the pipe for a while. */
static bool load_pipe(struct worker *w, struct cell *c, char *body)
{
	into_pipe(w->pipe, c->page->body, BODY);
	sched_yield();
	ASSERT_EQ(read(w->pipe[0], body, BODY), BODY);
	return true;
}

/* The process that the machine's file is has them all, and is one for everybody. */
static uint64_t scripted_body(struct worker *w, struct cell *c)
{
	if (c->attach->segment >= SEGMENTS)
		return 0;
	return w->load->scripted[c->attach->segment] + c->index * SM_PAGE +
	       offsetof(struct page, body);
}

static bool load_scripted(struct worker *w, struct cell *c, char *body)
{
	uint64_t at = scripted_body(w, c);

	if (at)
		ASSERT_EQ(sm_load(w->load->fd, at, body, BODY), BODY);
	return at;
}

static bool store_scripted(struct worker *w, struct cell *c, char *body)
{
	uint64_t at = scripted_body(w, c);

	if (at)
		ASSERT_EQ(sm_store(w->load->fd, at, body, BODY), BODY);
	return at;
}

typedef bool (*way_fn)(struct worker *w, struct cell *c, char *body);

static const way_fn loads[] = {
	load_memory, load_alias, load_own_vm, load_neighbour, load_disk, load_pipe,
	load_scripted,
};

static const way_fn stores[] = {
	store_memory, store_alias, store_own_vm, store_neighbour, store_disk, store_scripted,
};

/* Half of all accesses are what processes do most. */
static uint32_t some_way(struct worker *w, uint32_t nr)
{
	return sm_random(&w->rnd, 2) ? 0 : sm_random(&w->rnd, nr);
}

static void verify(struct worker *w, struct cell *c)
{
	uint32_t way = some_way(w, ARRAY_SIZE(loads));
	char found[BODY];

	ktap_context("segment %d, page %u, version %lu, load %u", c->attach->segment, c->index,
		     c->truth->version, way);
	expect_label(c);
	if (!loads[way](w, c, found))
		load_memory(w, c, found);
	expect_body(c, found);
}

static void rewrite(struct worker *w, struct cell *c)
{
	uint32_t way = some_way(w, ARRAY_SIZE(stores));
	struct truth *t = c->truth;
	char body[BODY];

	ktap_context("segment %d, page %u, version %lu, store %u", c->attach->segment, c->index,
		     t->version, way);
	expected_body(c, t->version + 1, body);
	t->next = t->version + 1;
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	if (!stores[way](w, c, body))
		store_memory(w, c, body);
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	t->version = t->next;
}

static void use(struct worker *w, struct cell *c)
{
	lock(c, true);
	verify(w, c);
	if (sm_random(&w->rnd, 2))
		rewrite(w, c);
	unlock(c);
}

/*
 * Attaches
 */

static uint32_t pages_of(const struct load *l, int segment)
{
	return segment < SEGMENTS ? l->pages : OFFER_PAGES;
}

static struct attach attached(const struct load *l, int segment, int64_t at, int shmflg)
{
	ASSERT_GT(at, 0);
	return (struct attach){
		.at = (char *)at,
		.segment = segment,
		.end = pages_of(l, segment),
		.readonly = shmflg & SHM_RDONLY,
	};
}

static size_t bytes(uint32_t pages)
{
	return pages * SM_PAGE;
}

static char *address(const struct attach *a, uint32_t index)
{
	return a->at + bytes(index);
}

static void detach(struct worker *w, struct attach *a)
{
	/* Where page 0 was may be something else by now. */
	if (a->first || sm_random(&w->rnd, 2))
		ASSERT_EQ(munmap(address(a, a->first), bytes(a->end - a->first)), 0);
	else
		ASSERT_EQ(live_shmdt(w->load->fd, (uintptr_t)a->at), 0);
	a->at = NULL;
}

/* Makes a segment as all others are; its number is @segment. */
static int make_segment(const struct load *l, int segment)
{
	uint32_t pages = pages_of(l, segment), i;
	int id = live_segment(l->fd, pages);
	struct attach a = attached(l, segment, (intptr_t)live_attach(l->fd, id, 0), 0);

	for (i = 0; i < pages; i++) {
		struct cell c = cell_of(l, &a, i);

		init_page(&c);
	}
	ASSERT_EQ(live_shmdt(l->fd, (uintptr_t)a.at), 0);
	return id;
}

static void attach_other(struct worker *w)
{
	const struct load *l = w->load;
	int segment = sm_random(&w->rnd, SEGMENTS);

	if (w->other.at)
		detach(w, &w->other);
	w->other = attached(l, segment, live_shmat(l->fd, l->ids[segment], 0, 0), 0);
}

/* It may be removed at this moment. */
static void attach_offered(struct worker *w)
{
	uint64_t offer = __atomic_load_n(&w->load->board->offers[sm_random(&w->rnd, OFFERS)],
					 __ATOMIC_ACQUIRE);
	int64_t at;

	if (!offer)
		return;
	if (w->other.at)
		detach(w, &w->other);
	at = live_shmat(w->load->fd, (int)offer, 0, 0);
	if (at != -EINVAL && at != -EIDRM)
		w->other = attached(w->load, offer >> 32, at, 0);
}

/* SHM_REMAP: what was there is detached. */
static void attach_over(struct worker *w)
{
	const struct load *l = w->load;
	int segment = sm_random(&w->rnd, SEGMENTS);
	struct attach *a = &w->other;
	int64_t at;

	if (!a->at || a->segment >= SEGMENTS || a->end - a->first < l->pages)
		return;
	at = live_shmat(l->fd, l->ids[segment], (uintptr_t)a->at, SHM_REMAP);
	ASSERT_EQ(at, (intptr_t)a->at);
	*a = attached(l, segment, at, SHM_REMAP);
}

/* Some pages at one of the ends; or a hole first, and then what is behind it. */
static void cut_other(struct worker *w)
{
	struct attach *a = &w->other;
	uint32_t pages = a->end - a->first, cut = 1 + sm_random(&w->rnd, 4), at;

	if (!a->at || pages < 2 * cut + 1)
		return;
	if (sm_random(&w->rnd, 2)) {
		ASSERT_EQ(munmap(address(a, a->first), bytes(cut)), 0);
		a->first += cut;
		return;
	}
	at = a->end - 1 - cut;
	ASSERT_EQ(munmap(address(a, at), bytes(cut)), 0);
	ASSERT_EQ(munmap(address(a, at), bytes(a->end - at)), 0);
	a->end = at;
}

static void move_other(struct worker *w)
{
	struct attach *a = &w->other;
	size_t len = bytes(a->end - a->first);
	char *room;

	if (!a->at)
		return;
	room = mmap(NULL, len, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	ASSERT(room != MAP_FAILED);
	ASSERT(mremap(address(a, a->first), len, len, MREMAP_MAYMOVE | MREMAP_FIXED, room) ==
	       room);
	a->at = room - bytes(a->first);
}

static void attach_alias(struct worker *w)
{
	const struct load *l = w->load;
	int segment = w->home.segment, flags = sm_random(&w->rnd, 2) ? SHM_RDONLY : 0;

	if (w->alias.at)
		detach(w, &w->alias);
	else
		w->alias = attached(l, segment, live_shmat(l->fd, l->ids[segment], 0, flags),
				    flags);
}

/* A part of the alias, so that its area is split. */
static void protect_alias(struct worker *w)
{
	uint32_t page = sm_random(&w->rnd, w->load->pages), pages = 1 + sm_random(&w->rnd, 4);
	struct cell c = cell_of(w->load, &w->home, page);
	struct attach *a = &w->alias;
	char body[BODY];

	if (!a->at)
		return;
	if (page + pages > a->end)
		pages = a->end - page;
	ASSERT_EQ(mprotect(address(a, page), bytes(pages), PROT_READ), 0);
	lock(&c, true);
	load_alias(w, &c, body);
	expect_body(&c, body);
	unlock(&c);
	if (mprotect(address(a, page), bytes(pages), PROT_RW))
		ASSERT(a->readonly && errno == EACCES);
	else
		ASSERT(!a->readonly);
}

/*
 * What else the kernel is told about the home
 */

static void some_range(struct worker *w, char **addr, size_t *len)
{
	uint32_t page = sm_random(&w->rnd, w->load->pages);
	uint32_t pages = 1 + sm_random(&w->rnd, 4);

	if (page + pages > w->load->pages)
		pages = w->load->pages - page;
	*addr = address(&w->home, page);
	*len = bytes(pages);
}

static void advise(struct worker *w)
{
	static const int advice[] = { MADV_DONTNEED, MADV_WILLNEED, MADV_COLD, MADV_PAGEOUT,
				      MADV_POPULATE_READ, MADV_POPULATE_WRITE, MADV_RANDOM };
	int i = sm_random(&w->rnd, ARRAY_SIZE(advice));
	size_t len;
	char *addr;

	some_range(w, &addr, &len);
	ktap_context("advice %d", advice[i]);
	ASSERT_EQ(madvise(addr, len, advice[i]), 0);
}

static void lock_memory(struct worker *w)
{
	size_t len;
	char *addr;

	some_range(w, &addr, &len);
	ASSERT_EQ(mlock(addr, len), 0);
	ASSERT_EQ(munlock(addr, len), 0);
}

/* Two locks at a time are in the kernel's list of what a process holds. */
static void hold_two(struct worker *w)
{
	struct cell one = cell_of(w->load, &w->home, sm_random(&w->rnd, w->load->pages));
	struct cell two = cell_of(w->load, &w->home, sm_random(&w->rnd, w->load->pages));

	lock(&one, true);
	verify(w, &one);
	if (one.page != two.page && lock(&two, false)) {
		verify(w, &two);
		rewrite(w, &two);
		rewrite(w, &one);
		unlock(&two);
	}
	unlock(&one);
}

/*
 * Segments that come and go
 */

/* Whoever uses the one that it replaces goes on with that. */
static void offer(struct worker *w)
{
	struct board *b = w->load->board;
	int number = __atomic_fetch_add(&b->nr_offered, 1, __ATOMIC_RELAXED), segment, id;
	uint64_t old;

	if (number >= MAX_OFFERED)
		return;
	segment = SEGMENTS + number;
	id = make_segment(w->load, segment);
	old = __atomic_exchange_n(&b->offers[sm_random(&w->rnd, OFFERS)],
				  (uint64_t)segment << 32 | id, __ATOMIC_ACQ_REL);
	if (old)
		ASSERT_EQ(sm_shm_remove(w->load->fd, (int)old), 0);
}

/* A disk reads into the memory, and goes on doing so. */
static void start_read(struct worker *w, char *to)
{
	struct iocb cb = {
		.aio_lio_opcode = IOCB_CMD_PREAD,
		.aio_fildes = w->disk,
		.aio_buf = (uintptr_t)to,
		.aio_nbytes = BODY,
		.aio_offset = w->area,
	}, *cbs = &cb;

	if (w->aio)
		ASSERT_EQ(syscall(SYS_io_submit, w->aio, 1, &cbs), 1);
}

static void finish_read(struct worker *w)
{
	struct io_event event;

	if (!w->aio)
		return;
	ASSERT_EQ(syscall(SYS_io_getevents, w->aio, 1, 1, &event, NULL), 1);
	ASSERT_EQ(event.res, BODY);
}

static void use_something(struct worker *w);

/* Long enough for every frame to get another page. */
static void use_much(struct worker *w)
{
	int i;

	for (i = 0; i < 8; i++)
		use_something(w);
}

/* What cannot be swapped meanwhile, and is nobody else's. */
static void keep_in_pipe(struct worker *w)
{
	struct cell c = cell_of(w->load, &w->home, sm_random(&w->rnd, w->load->pages));
	char label[sizeof(c.page->label)];
	int keep[2];

	ASSERT_EQ(pipe(keep), 0);
	into_pipe(keep, c.page->label, sizeof(label));
	use_much(w);
	ktap_context("segment %d, page %u, from a pipe", w->home.segment, c.index);
	ASSERT_EQ(read(keep[0], label, sizeof(label)), sizeof(label));
	ASSERT(sm_filled(label, sizeof(label), seed_of(w->home.segment, c.index, 0)));
	close(keep[0]);
	close(keep[1]);
}

/*
 * A segment is destroyed while a disk reads into one page of it and another is in
 * a pipe. Its frames are others' at once; the memory must not be.
 */
static void destroy_while_pinned(struct worker *w)
{
	int id = live_segment(w->load->fd, 2), keep[2];
	char *at = live_attach(w->load->fd, id, 0), body[BODY];
	uint64_t seed = sm_random(&w->rnd, 1U << 30);

	ASSERT_EQ(sm_shm_remove(w->load->fd, id), 0);
	sm_fill(at, BODY, seed);
	ASSERT_EQ(pipe(keep), 0);
	into_pipe(keep, at, BODY);
	start_read(w, at + SM_PAGE);
	ASSERT_EQ(live_shmdt(w->load->fd, (uintptr_t)at), 0);
	use_much(w);
	ktap_context("a destroyed segment");
	ASSERT_EQ(read(keep[0], body, BODY), BODY);
	ASSERT(sm_filled(body, BODY, seed));
	finish_read(w);
	close(keep[0]);
	close(keep[1]);
}

/*
 * Children
 */

/* What one process does not share with another. */
static void get_own_things(struct worker *w)
{
	struct board *b = w->load->board;

	ASSERT_EQ(pipe2(w->pipe, O_CLOEXEC), 0);
	w->area = __atomic_fetch_add(&b->nr_disk_pages, 1, __ATOMIC_RELAXED) % DISK_PAGES;
	w->area *= SM_PAGE;
	w->aio = 0;
}

/* Finds what its parent has, and ends in one way or another. */
static void live_as_a_child(void *arg)
{
	struct worker *w = arg;
	int i;

	close(w->pipe[0]);
	close(w->pipe[1]);
	get_own_things(w);
	w->rnd = ~w->rnd;
	for (i = sm_random(&w->rnd, 10); i; i--)
		use_something(w);
	if (sm_random(&w->rnd, 4))
		return;
	execl("/bin/true", "true", NULL);
	ktap_abort();
}

static void reap(struct worker *w)
{
	ktap_context("a child of worker %d", w->number);
	if (w->child)
		ktap_join(w->child);
	w->child = 0;
}

static void have_a_child(struct worker *w)
{
	reap(w);
	w->child = ktap_fork(live_as_a_child, w);
}

/*
 * Their lives
 */

static void use_something(struct worker *w)
{
	struct attach *a = w->other.at && sm_random(&w->rnd, 2) ? &w->other : &w->home;
	/* The first ones are wanted by all. */
	uint32_t pages = sm_random(&w->rnd, 16) ? a->end - a->first : 1;
	struct cell c = cell_of(w->load, a, a->first + sm_random(&w->rnd, pages));

	use(w, &c);
}

/* What is done now and then, and not at each step. */
static void (*const rare[])(struct worker *w) = {
	attach_other, attach_offered, attach_over, cut_other, move_other, attach_alias,
	protect_alias, advise, lock_memory, hold_two, offer, keep_in_pipe, destroy_while_pinned,
	have_a_child, reap,
};

static void take_a_step(struct worker *w)
{
	uint32_t what = sm_random(&w->rnd, 3 * ARRAY_SIZE(rare));

	if (what < ARRAY_SIZE(rare))
		rare[what](w);
	else
		use_something(w);
}

static void be_born(struct worker *w)
{
	const struct load *l = w->load;
	int segment = w->number % SEGMENTS;
	uint64_t addr = HOME_BASE + w->number * HOME_SPAN;

	w->rnd = (uint64_t)w->number << 32 | w->doomed;
	w->home = attached(l, segment, live_shmat(l->fd, l->ids[segment], addr, 0), 0);
	get_own_things(w);
	w->disk = open(l->disk, O_RDWR | O_DIRECT | O_CLOEXEC);
	ASSERT_GE(w->disk, 0);
	ASSERT_EQ(syscall(SYS_io_setup, 1, &w->aio), 0);
	__atomic_store_n(&l->board->pids[w->number], getpid(), __ATOMIC_RELEASE);
}

static void work(void *arg)
{
	struct worker *w = arg;
	int step;

	be_born(w);
	for (step = 0; step < w->load->steps || w->doomed; step++)
		take_a_step(w);
	reap(w);
}

/* Two lives, of which the first ends at any moment. */
static void live_twice(void *arg)
{
	struct worker w = *(struct worker *)arg;
	uint64_t rnd = w.number;
	pid_t pid;

	w.doomed = true;
	pid = ktap_fork(work, &w);
	usleep(sm_random(&rnd, 2000000));
	kill(pid, SIGKILL);
	ktap_join_killed(pid, SIGKILL);
	w.doomed = false;
	ktap_join(ktap_fork(work, &w));
	__atomic_add_fetch(&w.load->board->nr_done, 1, __ATOMIC_RELEASE);
}

/*
 * What goes on beside them
 */

/* An area that is used before the others comes and goes; settings change. */
static void disturb(void *arg)
{
	const struct load *l = arg;
	struct shmswap_control control = SM_ARG(control);
	uint64_t rnd = 1;

	ASSERT_EQ(sm_control(l->fd, &control), 0);
	control.set = SHMSWAP_CONTROL_SCAN | SHMSWAP_CONTROL_PAGE_CLUSTER;
	while (!__atomic_load_n(&l->board->stop, __ATOMIC_RELAXED)) {
		int type = sm_swapon_ram(l->fd, 1 + sm_random(&rnd, MAX_FRAMES), 100), err;
		int id = l->ids[sm_random(&rnd, SEGMENTS)];

		ASSERT_GE(type, 0);
		control.page_cluster = sm_random(&rnd, 6);
		control.age_cluster_min = 1 + sm_random(&rnd, 8);
		ASSERT_EQ(sm_control(l->fd, &control), 0);
		ASSERT_EQ(sm_shm_lock(l->fd, id), 0);
		ASSERT_GE(sm_reclaim(l->fd, sm_random(&rnd, 4), 0, sm_random(&rnd, 64)), 0);
		ASSERT_EQ(sm_shm_unlock(l->fd, id), 0);
		usleep(sm_random(&rnd, 100000));
		/* For a moment there may be no room. */
		do {
			err = sm_swapoff(l->fd, type);
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

/* There is as much again of what was offered, and is used still. */
static uint32_t slots(void)
{
	return 2 * OVERCOMMIT * frames();
}

static int machine(uint32_t ram_swap, uint32_t flags)
{
	int fd = sm_create(&SM_ARG(create, .flags = flags, .nr_frames = frames(),
				   .ram_swap = ram_swap, .max_tables = 1 << 16));

	ASSERT_GE(fd, 0);
	return fd;
}

static void make_disk(struct load *l)
{
	int file = sm_file(0);

	ASSERT_EQ(ftruncate(file, DISK_PAGES * SM_PAGE), 0);
	blk_loop(file, l->disk);
}

static int live_processes(int fd)
{
	static struct shmswap_proc procs[4 * PROCESSES];
	int nr = sm_query(fd, SHMSWAP_QUERY_PROCS, 0, procs, ARRAY_SIZE(procs)), live = 0;

	ASSERT_GE(nr, 0);
	while (--nr >= 0)
		live += !!(procs[nr].flags & SHMSWAP_PROC_LIVE);
	return live;
}

/* Every count agrees at any time. To look stops the machine, so it is not done all the time. */
static void check_until_all_are_done(const struct load *l)
{
	while (__atomic_load_n(&l->board->nr_done, __ATOMIC_ACQUIRE) < PROCESSES) {
		long long start = ktap_now();

		ASSERT_EQ(sm_check(l->fd), 0);
		usleep(2000 * (1 + ktap_now() - start));
	}
}

/* Everybody is gone; and everything is there. */
static void verify_everything(const struct load *l)
{
	struct worker w = { .load = l };
	uint32_t page;
	int i;

	for (i = 0; i < SEGMENTS; i++) {
		struct attach a;

		ktap_context("segment %d", i);
		EXPECT_SOON(live_stat(l->fd, l->ids[i]).nattch == 0);
		a = attached(l, i, live_shmat(l->fd, l->ids[i], 0, 0), 0);
		for (page = 0; page < l->pages; page++) {
			struct cell c = cell_of(l, &a, page);
			char found[BODY];

			lock(&c, true);
			expect_label(&c);
			load_memory(&w, &c, found);
			expect_body(&c, found);
			unlock(&c);
		}
		detach(&w, &a);
	}
}

static void expect_swapping(int fd, uint32_t pages)
{
	struct shmswap_stat stat = stat_of(fd);

	ktap_diag("%llu faults, %llu major; %llu pages to swap, %llu from it", stat.pgfault,
		  stat.pgmajfault, stat.pswpout, stat.pswpin);
	ktap_diag("%llu of %llu attempts successful; %llu stolen; %llu waits for kswapd",
		  stat.swap_successes, stat.swap_attempts, stat.pgsteal, stat.reclaim_stall);
	EXPECT_GT(stat.swap_successes + stat.pgsteal, pages);
	EXPECT_GT(stat.pswpout, pages);
	EXPECT_GT(stat.pswpin, pages);
	EXPECT_EQ(stat.swap_read_errors + stat.swap_write_errors, 0);
}

static void remove_all_segments(int fd)
{
	static struct shmswap_seg segs[4 * PROCESSES];
	int nr = sm_query(fd, SHMSWAP_QUERY_SEGS, 0, segs, ARRAY_SIZE(segs));

	ASSERT_GE(nr, SEGMENTS);
	while (--nr >= 0) {
		EXPECT_EQ(segs[nr].ds.nattch, 0);
		EXPECT_EQ(sm_shm_remove(fd, segs[nr].shmid), 0);
	}
}

static void make_segments(struct load *l)
{
	int i;

	for (i = 0; i < SEGMENTS; i++) {
		int64_t at;

		l->ids[i] = make_segment(l, i);
		at = sm_shmat(l->fd, l->ids[i], 0, 0);
		ASSERT_GT(at, 0);
		l->scripted[i] = at;
	}
}

static void detach_scripted(const struct load *l)
{
	int i;

	for (i = 0; i < SEGMENTS; i++)
		ASSERT_EQ(sm_shmdt(l->fd, l->scripted[i]), 0);
}

static void live_and_die(struct load *l, bool disturbed)
{
	pid_t pids[PROCESSES], disturbing = 0;
	int i;

	for (i = 0; i < PROCESSES; i++)
		pids[i] = ktap_fork(live_twice, &(struct worker){ .load = l, .number = i });
	if (disturbed)
		disturbing = ktap_fork(disturb, l);
	check_until_all_are_done(l);
	for (i = 0; i < PROCESSES; i++)
		ktap_join(pids[i]);
	__atomic_store_n(&l->board->stop, true, __ATOMIC_RELAXED);
	if (disturbing)
		ktap_join(disturbing);
	/* Children whose parents were killed may go on for a moment. */
	EXPECT_SOON(live_processes(l->fd) == 0);
	EXPECT_EQ(sm_check(l->fd), 0);
}

static void run(int fd, bool disturbed)
{
	struct load l = {
		.fd = fd,
		.pages = OVERCOMMIT * frames() / SEGMENTS,
		.steps = 100 / ktap_slow(),
		.board = ktap_shared(sizeof(*l.board)),
	};
	struct sm_resources before;

	ASSERT_EQ(sm_resources(fd, &before), 0);
	make_disk(&l);
	make_segments(&l);
	live_and_die(&l, disturbed);
	expect_swapping(fd, SEGMENTS * l.pages);
	detach_scripted(&l);
	verify_everything(&l);
	remove_all_segments(fd);
	EXPECT_SOON(sm_same_resources(fd, &before));
	EXPECT_EQ(sm_check(fd), 0);
}

static void swap_to(int fd, int file)
{
	ASSERT_GE(file, 0);
	ASSERT_GE(sm_swapon(fd, file), 0);
	close(file);
}

/* Its file system says where it lies: pages go to the disk itself. */
static int new_file_on_a_disk(void)
{
	static const char zeros[SM_PAGE];
	char command[120], path[32];
	int file = sm_file(0);
	uint32_t i;

	ASSERT_EQ(ftruncate(file, 2 * slots() * SM_PAGE), 0);
	blk_private_mounts();
	blk_loop(file, path);
	sprintf(command, "PATH=$PATH:/sbin:/usr/sbin mkfs.ext4 -O ^has_journal %s >/dev/null 2>&1",
		path);
	if (system(command) || mount(path, "/mnt", "ext4", 0, NULL))
		ktap_skip("no ext4");
	file = open("/mnt/swap", O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	ASSERT_GE(file, 0);
	for (i = 0; i < slots(); i++)
		ASSERT_EQ(write(file, zeros, SM_PAGE), SM_PAGE);
	ASSERT_EQ(sm_mkswap(file), 0);
	return file;
}

static void on_ram(void)
{
	run(machine(slots(), SHMSWAP_MACHINE_KSWAPD), false);
}

static void without_kswapd(void)
{
	run(machine(slots(), 0), false);
}

static void on_a_file(void)
{
	int fd = machine(0, SHMSWAP_MACHINE_KSWAPD);

	swap_to(fd, sm_swapfile(slots()));
	run(fd, false);
}

static void on_a_file_of_a_disk(void)
{
	int fd = machine(0, 0);

	swap_to(fd, new_file_on_a_disk());
	run(fd, false);
}

static void by_the_process_scan(void)
{
	run(machine(slots(), SHMSWAP_MACHINE_KSWAPD | SHMSWAP_MACHINE_SHM_PROCESS), false);
}

static void by_the_process_scan_on_a_file(void)
{
	int fd = machine(0, SHMSWAP_MACHINE_KSWAPD | SHMSWAP_MACHINE_SHM_PROCESS);

	swap_to(fd, sm_swapfile(slots()));
	run(fd, false);
}

static void while_areas_come_and_go(void)
{
	run(machine(slots(), SHMSWAP_MACHINE_KSWAPD), true);
}

int main(int argc, char **argv)
{
	static const struct ktap_case cases[] = {
		KTAP_CASE(on_ram),
		KTAP_CASE(without_kswapd),
		KTAP_CASE(on_a_file),
		KTAP_CASE(on_a_file_of_a_disk),
		KTAP_CASE(by_the_process_scan),
		KTAP_CASE(by_the_process_scan_on_a_file),
		KTAP_CASE(while_areas_come_and_go),
	};

	ktap_case_seconds = 180;
	return ktap_run(argc, argv, cases, ARRAY_SIZE(cases));
}
