// SPDX-License-Identifier: GPL-2.0
/* e2e: timeout=240 */
/*
 * Attaches that are really mapped: where they go, who may have them, what loads
 * and stores do, and which processes the machine has because of them.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "ktap.h"
#include "libcase.h"
#include "liblive.h"

#define FRAMES	64
#define SLOTS	256
#define PAGES	8
#define SIZE	(PAGES * SM_PAGE)
#define SEED	1

#define ALICE	1000
#define BOB	1001
#define CAROL	1002	/* of Alice's group */
#define ALICES	100
#define BOBS	101

static int machine_of(uint32_t flags)
{
	int fd = sm_machine(FRAMES, SLOTS, flags);

	ASSERT_GE(fd, 0);
	return fd;
}

static int machine(void)
{
	return machine_of(0);
}

/* An ordinary user, who can still read what /proc has of himself. */
static void become(int uid, int gid)
{
	ASSERT_EQ(sm_become(uid, gid), 0);
	ASSERT_EQ(prctl(PR_SET_DUMPABLE, 1), 0);
}

/* The two ways in which pages of segments are taken. */
static const uint32_t scans[] = { 0, SHMSWAP_MACHINE_SHM_PROCESS };

/*
 * Loads and stores
 */

static void pages_are_zero_at_first(void)
{
	int fd = machine(), id = live_segment(fd, PAGES), i;
	char *at = live_attach(fd, id, 0);

	EXPECT_EQ(live_present(at, PAGES), 0);
	EXPECT_EQ(live_stat(fd, id).rss, 0);
	for (i = 0; i < (int)SIZE; i++)
		ASSERT_EQ(at[i], 0);
	EXPECT_EQ(live_present(at, PAGES), PAGES);
	EXPECT_EQ(live_stat(fd, id).rss, PAGES);
	live_check(fd);
}

static void accesses_across_pages(void)
{
	int fd = machine(), id = live_segment(fd, PAGES), i;
	char *at = live_attach(fd, id, 0);

	for (i = 1; i < PAGES; i++) {
		uint64_t *word = (uint64_t *)(at + i * SM_PAGE - 3);

		LIVE_WRITE(word, i * 0x0102030405060708);
		live_swap_out(fd);
		EXPECT_EQ(LIVE_READ(word), i * 0x0102030405060708);
	}
	live_check(fd);
}

/* A segment is a whole number of pages, whatever size was asked for. */
static void the_last_page_is_whole(void)
{
	int fd = machine(), id = sm_shmget(fd, IPC_PRIVATE, SM_PAGE + 1, 0600);
	char *at = live_attach(fd, id, 0);

	live_fill(at, 2, SEED);
	EXPECT_EQ(live_swap_out(fd), 2);
	EXPECT(live_filled(at, 2, SEED));
	EXPECT_EQ(live_shmdt(fd, (uintptr_t)at), 0);
	EXPECT_EQ(live_store(at, 0), SIGSEGV);
	EXPECT_EQ(live_store(at + SM_PAGE, 0), SIGSEGV);
}

static void code_runs(void)
{
	static const unsigned char code[] = { 0x8d, 0x47, 0x01, 0xc3 };	/* x + 1 */
	int fd = machine(), id = live_segment(fd, PAGES);
	char *at = live_attach(fd, id, SHM_EXEC);
	int (*add_one)(int x) = (int (*)(int))at;

	memcpy(at, code, sizeof(code));
	EXPECT_EQ(add_one(41), 42);
	EXPECT_EQ(live_swap_out(fd), 1);
	EXPECT_EQ(add_one(1), 2);
	live_check(fd);
}

/* What nobody touches costs nothing, however large it is. */
static void a_large_segment(void)
{
	int fd = machine(), id = sm_shmget(fd, IPC_PRIVATE, 1ULL << 35, 0600), i;
	char *at = live_attach(fd, id, 0);

	for (i = 0; i < 32; i++)
		live_fill(at + ((uint64_t)i << 30) + i * SM_PAGE, 1, i);
	EXPECT_EQ(live_stat(fd, id).rss, 32);
	EXPECT_EQ(live_swap_out(fd), 32);
	for (i = 0; i < 32; i++)
		EXPECT(live_filled(at + ((uint64_t)i << 30) + i * SM_PAGE, 1, i));
	EXPECT_EQ(live_shmdt(fd, (uintptr_t)at), 0);
	EXPECT_EQ(sm_shm_remove(fd, id), 0);
	EXPECT_EQ(stat_of(fd).shm_tot, 0);
	EXPECT_EQ(sm_check(fd), 0);
}

/*
 * Sharing
 */

struct sharer {
	int fd;
	int id;
	unsigned int *stage;
};

/* At another address, for the place that fork gave it is taken. */
static void store_the_other_half(void *arg)
{
	struct sharer *s = arg;
	char *at = live_attach(s->fd, s->id, 0);

	EXPECT(live_filled(at, PAGES / 2, SEED));
	live_fill(at + SIZE / 2, PAGES / 2, SEED + 50);
	live_check(s->fd);
	live_reach(s->stage, 1);
	live_await(s->stage, 2);
	EXPECT(live_filled(at, PAGES / 2, SEED));
	EXPECT(live_filled(at + SIZE / 2, PAGES / 2, SEED + 50));
	live_check(s->fd);
}

static void processes_share(void)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(scans); i++) {
		int fd = machine_of(scans[i]);
		struct sharer s = { fd, live_segment(fd, PAGES),
				    ktap_shared(sizeof(unsigned int)) };
		char *at = live_attach(fd, s.id, 0);
		pid_t pid;

		ktap_context("scan %zu", i);
		live_fill(at, PAGES / 2, SEED);
		pid = ktap_fork(store_the_other_half, &s);
		live_await(s.stage, 1);
		EXPECT(live_filled(at + SIZE / 2, PAGES / 2, SEED + 50));
		EXPECT_EQ(live_swap_out(fd), PAGES);
		live_check(fd);
		live_reach(s.stage, 2);
		ktap_join(pid);
		EXPECT(live_filled(at, PAGES / 2, SEED));
		live_check(fd);
		close(fd);
		munmap(at, SIZE);
	}
}

/* Loads and stores of the scripted kind and real ones, in turn. */
static void scripted_and_real_processes_share(void)
{
	size_t i;
	int round;

	for (i = 0; i < ARRAY_SIZE(scans); i++) {
		int fd = machine_of(scans[i]), id = live_segment(fd, PAGES);
		int64_t addr = sm_shmat(fd, id, 0, 0);
		char *at = live_attach(fd, id, 0);

		ASSERT_GT(addr, 0);
		EXPECT_EQ(live_stat(fd, id).nattch, 2);
		for (round = 0; round < 8; round++) {
			ktap_context("scan %zu, round %d", i, round);
			ASSERT_EQ(sm_fill_pages(fd, addr, PAGES, round), 0);
			if (round & 1)
				EXPECT_EQ(live_swap_out(fd), PAGES);
			EXPECT(live_filled(at, PAGES, round));
			live_fill(at, PAGES, 100 + round);
			if (round & 2)
				EXPECT_EQ(live_swap_out(fd), PAGES);
			EXPECT_EQ(sm_verify_pages(fd, addr, PAGES, 100 + round), 0);
			live_check(fd);
		}
		EXPECT_EQ(live_shmdt(fd, (uintptr_t)at), 0);
		EXPECT_EQ(sm_verify_pages(fd, addr, PAGES, 100 + round - 1), 0);
		close(fd);
	}
}

static void two_attaches_of_one_process(void)
{
	int fd = machine(), id = live_segment(fd, PAGES);
	char *one = live_attach(fd, id, 0), *two = live_attach(fd, id, SHM_RDONLY);

	EXPECT_NE(one, two);
	live_fill(one, PAGES, SEED);
	EXPECT(live_filled(two, PAGES, SEED));
	live_check(fd);
	EXPECT_EQ(live_swap_out(fd), PAGES);
	EXPECT(live_filled(two, PAGES, SEED));
	EXPECT_EQ(live_present(one, PAGES), 0);
	EXPECT(live_filled(one, PAGES, SEED));
	EXPECT_EQ(live_shmdt(fd, (uintptr_t)one), 0);
	EXPECT(live_filled(two, PAGES, SEED));
	live_check(fd);
}

/* Frames that a segment had hold nothing of it when another one gets them. */
static void nobody_sees_old_bytes(void)
{
	int fd = machine(), round, i;

	for (round = 0; round < 20; round++) {
		int id = live_segment(fd, FRAMES / 2);
		char *at = live_attach(fd, id, 0);

		for (i = 0; i < (int)(FRAMES / 2 * SM_PAGE); i += 64)
			ASSERT_EQ(at[i], 0);
		memset(at, 0x5a, FRAMES / 2 * SM_PAGE);
		if (round % 2)
			live_swap_out(fd);
		ASSERT_EQ(live_shmdt(fd, (uintptr_t)at), 0);
		ASSERT_EQ(sm_shm_remove(fd, id), 0);
	}
	EXPECT_EQ(sm_check(fd), 0);
}

/*
 * Addresses: the kernel's own answer is the right one
 */

#define ROOM		0x100000000000ULL
#define ROOM_DISTANCE	0x1000000ULL
#define TASK_SIZE	(0x7ffffffff000ULL)

enum { KERNEL, MACHINE, SIDES };

struct place {
	const char *name;
	uint64_t addr;		/* in the room, or anywhere */
	bool anywhere;
	int shmflg;
};

/* In a room that has 8 pages attached at page 16, and anonymous memory at page 32. */
static const struct place places[] = {
	{ "a free address", 0, false, 0 },
	{ "just behind it", 24 * SM_PAGE, false, 0 },
	{ "just before it", 8 * SM_PAGE, false, 0 },
	{ "unaligned", 1, false, 0 },
	{ "unaligned by half", SM_PAGE / 2, false, 0 },
	{ "rounded", 1, false, SHM_RND },
	{ "rounded far", SM_PAGE - 1, false, SHM_RND },
	{ "aligned, to be rounded", 0, false, SHM_RND },
	{ "the same place", 16 * SM_PAGE, false, 0 },
	{ "into its end", 23 * SM_PAGE, false, 0 },
	{ "into its start", 9 * SM_PAGE, false, 0 },
	{ "rounded into it", 24 * SM_PAGE - 1, false, SHM_RND },
	{ "into anonymous memory", 32 * SM_PAGE, false, 0 },
	{ "up to anonymous memory", 25 * SM_PAGE, false, 0 },
	{ "replacing it", 16 * SM_PAGE, false, SHM_REMAP },
	{ "replacing its end", 23 * SM_PAGE, false, SHM_REMAP },
	{ "replacing anonymous memory", 30 * SM_PAGE, false, SHM_REMAP },
	{ "replacing nothing", 0, false, SHM_REMAP },
	{ "replacing, rounded", 16 * SM_PAGE + 1, false, SHM_REMAP | SHM_RND },
	{ "replacing, unaligned", 16 * SM_PAGE + 1, false, SHM_REMAP },
	{ "read-only", 0, false, SHM_RDONLY },
	{ "executable", 0, false, SHM_EXEC },
	{ "replacing anything", 0, true, SHM_REMAP },
	{ "replacing, rounded to 0", 1, true, SHM_REMAP | SHM_RND },
	{ "the first page", SM_PAGE, true, 0 },
	{ "the last address", TASK_SIZE - SIZE, true, 0 },
	{ "a page too far", TASK_SIZE - SIZE + SM_PAGE, true, 0 },
	{ "a page too far, replacing", TASK_SIZE - SIZE + SM_PAGE, true, SHM_REMAP },
	{ "beyond the task", TASK_SIZE, true, 0 },
	{ "above five levels", 1ULL << 57, true, 0 },
	{ "far beyond", 1ULL << 63, true, 0 },
	{ "in the kernel", 0xffff888000000000, true, 0 },
	{ "wrapping around", -SM_PAGE, true, 0 },
	{ "wrapping around, replacing", -SM_PAGE, true, SHM_REMAP },
	{ "unaligned at the top", -1, true, 0 },
};

/* What came of it, told without where the room is. */
static int64_t try_place(const struct side *s, uint64_t room, const struct place *p)
{
	uint64_t base = p->anywhere ? 0 : room;
	int64_t ret = side_shmat(s, base + p->addr, p->shmflg);

	if (ret < 0 || p->anywhere)
		return ret;
	EXPECT_EQ(ret % SM_PAGE, 0);
	return ret - base;
}

static void furnish(const struct side *s, uint64_t room)
{
	ASSERT_EQ(side_shmat(s, room + 16 * SM_PAGE, 0), room + 16 * SM_PAGE);
	ASSERT_EQ(mmap((void *)(room + 32 * SM_PAGE), SIZE, PROT_RW, PRIVATE_ANON | MAP_FIXED,
		       -1, 0), (void *)(room + 32 * SM_PAGE));
}

/* Makes room: whoever got a fixed address here and there. */
static void clear_room(uint64_t room, const struct place *p)
{
	ASSERT_EQ(munmap((void *)room, 64 * SM_PAGE), 0);
	if (p->anywhere)
		munmap((void *)(p->addr & -SM_PAGE), SIZE);
}

static int64_t place_on(int side, int fd, const struct place *p)
{
	uint64_t room = ROOM + side * ROOM_DISTANCE;
	struct side seg = side_new(fd, PAGES), other = side_new(fd, PAGES);
	struct side_stat st;
	int64_t ret;

	furnish(&other, room);
	ret = try_place(&seg, room, p);
	ASSERT_EQ(side_stat(&seg, &st), 0);
	EXPECT_EQ(st.nattch, ret >= 0);
	if (fd >= 0)
		live_check(fd);
	clear_room(room, p);
	ASSERT_EQ(side_stat(&seg, &st), 0);
	EXPECT_EQ(st.nattch, 0);
	EXPECT_EQ(side_remove(&seg), 0);
	EXPECT_EQ(side_remove(&other), 0);
	return ret;
}

static void try_places(int fd)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(places); i++) {
		int64_t wanted;

		ktap_context("%s", places[i].name);
		wanted = place_on(KERNEL, -1, &places[i]);
		EXPECT_EQ(place_on(MACHINE, fd, &places[i]), wanted);
	}
}

static void kernel_apart(void)
{
	if (unshare(CLONE_NEWIPC))
		ktap_skip("no ipc namespaces");
}

static void chosen_addresses(void)
{
	kernel_apart();
	try_places(machine());
}

/* Who may not map page 0 and the like. */
static void chosen_addresses_of_an_ordinary_user(void)
{
	kernel_apart();
	become(ALICE, ALICES);
	try_places(machine());
}

static void found_addresses_are_free(void)
{
	int fd = machine(), id = live_segment(fd, PAGES), i, j;
	static char *at[100];

	for (i = 0; i < 100; i++) {
		at[i] = live_attach(fd, id, i % 2 ? SHM_RDONLY : 0);
		for (j = 0; j < i; j++)
			EXPECT(at[i] + SIZE <= at[j] || at[j] + SIZE <= at[i]);
	}
	EXPECT_EQ(live_stat(fd, id).nattch, 100);
	for (i = 0; i < 100; i += 2) {
		live_fill(at[i], 1, i);
		EXPECT(live_filled(at[99], 1, i));
	}
	live_check(fd);
	for (i = 0; i < 100; i += 2)
		EXPECT_EQ(live_shmdt(fd, (uintptr_t)at[i]), 0);
	EXPECT_EQ(live_stat(fd, id).nattch, 50);
	live_check(fd);
}

/* No room, by two limits of the caller. */
static void no_room(void)
{
	int fd = machine(), id = sm_shmget(fd, 1, SHMSWAP_MAX_SEGSZ, IPC_CREAT | 0600), i;
	struct rlimit limit = { 1 << 30, 1 << 30 };
	int64_t addr = 0;

	for (i = 0; i < 600 && addr >= 0; i++)
		addr = live_shmat(fd, id, 0, SHM_RDONLY);
	EXPECT_EQ(addr, -ENOMEM);
	EXPECT_GE(i, 300);
	EXPECT_EQ(live_stat(fd, id).nattch, i - 1);
	EXPECT_EQ(sm_check(fd), 0);

	ASSERT_EQ(setrlimit(RLIMIT_AS, &limit), 0);
	id = live_segment(fd, PAGES);
	EXPECT_EQ(live_shmat(fd, id, 0, 0), -ENOMEM);
	EXPECT_EQ(live_stat(fd, id).nattch, 0);
	EXPECT_EQ(live_stat(fd, id).atime, 0);
	EXPECT_EQ(sm_check(fd), 0);
}

/*
 * Identifiers, permissions, arguments
 */

static void try_ids(const struct side *s, int64_t *found)
{
	struct side wrong = *s;
	int ids[] = { -1, INT32_MIN, INT32_MAX, s->id, s->id ^ 1 };
	size_t i;

	ASSERT_EQ(side_remove(s), 0);
	for (i = 0; i < ARRAY_SIZE(ids); i++) {
		wrong.id = ids[i];
		found[i] = side_shmat(&wrong, 0, 0);
	}
}

static void wrong_identifiers(void)
{
	int64_t real[8] = { 0 }, sim[8] = { 0 };
	struct side kernel, ours;
	size_t i;

	kernel_apart();
	kernel = side_new(-1, PAGES);
	ours = side_new(machine(), PAGES);
	try_ids(&kernel, real);
	try_ids(&ours, sim);
	for (i = 0; i < ARRAY_SIZE(real); i++) {
		ktap_context("%zu", i);
		EXPECT_EQ(sim[i], real[i]);
	}
	EXPECT_EQ(live_pid(ours.fd), 0);
}

static int set_mode(const struct side *s, int mode)
{
	struct shmswap_shmctl arg = { .ds = { .uid = ALICE, .gid = ALICES, .mode = mode } };
	struct shmid_ds real = { .shm_perm = { .uid = ALICE, .gid = ALICES, .mode = mode } };

	if (s->fd < 0)
		return shmctl(s->id, IPC_SET, &real);
	return sm_shmctl(s->fd, s->id, IPC_SET, &arg);
}

/* 0 or -errno; the attach is gone again. */
static int64_t try_attach(const struct side *s, int shmflg)
{
	int64_t addr = side_shmat(s, 0, shmflg);

	if (addr < 0)
		return addr;
	EXPECT_EQ(side_shmdt(s, addr), 0);
	return 0;
}

static void permissions(void)
{
	static const int shmflgs[] = { 0, SHM_RDONLY, SHM_EXEC, SHM_RDONLY | SHM_EXEC };
	static const struct { int uid, gid; } users[] = {
		{ 0, 0 }, { ALICE, ALICES }, { BOB, BOBS }, { CAROL, ALICES }
	};
	struct side kernel, ours;
	int mode;
	size_t i, j;

	kernel_apart();
	ASSERT_EQ(sm_act_as(ALICE, ALICES), 0);
	kernel = side_new(-1, PAGES);
	ours = side_new(machine(), PAGES);
	for (mode = 0; mode < 0777; mode += 7) {
		ASSERT_EQ(sm_act_as(ALICE, ALICES), 0);
		ASSERT_EQ(set_mode(&kernel, mode), 0);
		ASSERT_EQ(set_mode(&ours, mode), 0);
		for (i = 0; i < ARRAY_SIZE(users) * ARRAY_SIZE(shmflgs); i++) {
			j = i / ARRAY_SIZE(users);
			ktap_context("mode %#o, flags %#o, user %d", mode, shmflgs[j],
				     users[i % ARRAY_SIZE(users)].uid);
			ASSERT_EQ(sm_act_as(users[i % ARRAY_SIZE(users)].uid,
					    users[i % ARRAY_SIZE(users)].gid), 0);
			EXPECT_EQ(try_attach(&ours, shmflgs[j]),
				  try_attach(&kernel, shmflgs[j]));
		}
	}
}

static void wrong_addresses_to_detach(void)
{
	int fd = machine(), other = machine(), id = live_segment(fd, PAGES), kernel;
	char *at = live_attach(fd, id, 0), *anon, *own;
	int64_t scripted = sm_shmat(fd, id, 0, 0);

	kernel_apart();
	kernel = shmget(IPC_PRIVATE, SIZE, 0600);
	own = shmat(kernel, NULL, 0);
	anon = mmap(NULL, SIZE, PROT_RW, PRIVATE_ANON, -1, 0);
	EXPECT_EQ(live_shmdt(fd, (uintptr_t)at + 1), -EINVAL);
	EXPECT_EQ(live_shmdt(fd, (uintptr_t)at + SM_PAGE), -EINVAL);
	EXPECT_EQ(live_shmdt(fd, (uintptr_t)anon), -EINVAL);
	EXPECT_EQ(live_shmdt(fd, (uintptr_t)own), -EINVAL);
	EXPECT_EQ(live_shmdt(fd, scripted), -EINVAL);
	EXPECT_EQ(live_shmdt(fd, -SM_PAGE), -EINVAL);
	EXPECT_EQ(sm_shmdt(fd, (uintptr_t)at), -EINVAL);
	EXPECT_EQ(live_shmdt(other, (uintptr_t)at), -EINVAL);
	EXPECT_EQ(shmdt(at), -1);
	EXPECT_EQ(live_stat(fd, id).nattch, 2);
	EXPECT_EQ(live_shmdt(fd, (uintptr_t)at), 0);
	EXPECT_EQ(live_shmdt(fd, (uintptr_t)at), -EINVAL);
	EXPECT_EQ(live_stat(fd, id).nattch, 1);
	EXPECT_EQ(shmctl(kernel, IPC_RMID, NULL), 0);
}

static void wrong_flags(void)
{
	int fd = machine(), id = live_segment(fd, PAGES);
	struct shmswap_shmat shmat = SM_ARG(shmat, .shmid = id, .flags = 2);
	struct shmswap_shmdt shmdt = SM_ARG(shmdt, .flags = 2);

	EXPECT_EQ(sm_call(fd, SHMSWAP_IOC_SHMAT, &shmat), -EINVAL);
	shmat.flags = SHMSWAP_SHMAT_MAP | 1U << 31;
	EXPECT_EQ(sm_call(fd, SHMSWAP_IOC_SHMAT, &shmat), -EINVAL);
	EXPECT_EQ(live_shmat(fd, id, 0, 0600), -EINVAL);
	/* The kernel would map this at page 0. */
	EXPECT_EQ(live_shmat(fd, id, 1, SHM_RND), -EINVAL);
	shmdt.addr = (uintptr_t)live_attach(fd, id, 0);
	EXPECT_EQ(sm_call(fd, SHMSWAP_IOC_SHMDT, &shmdt), -EINVAL);
	shmdt.flags = SHMSWAP_SHMDT_MAP | 1U << 31;
	EXPECT_EQ(sm_call(fd, SHMSWAP_IOC_SHMDT, &shmdt), -EINVAL);
	EXPECT_EQ(live_stat(fd, id).nattch, 1);
}

/* The caller cannot be told the address: it has the attach all the same, or not. */
static void the_answer_cannot_be_written(void)
{
	struct shmswap_shmat *arg = mmap(NULL, SM_PAGE, PROT_RW, PRIVATE_ANON, -1, 0);
	int fd = machine(), id = live_segment(fd, PAGES);
	struct live_area areas[LIVE_MAX_AREAS];

	*arg = SM_ARG(shmat, .shmid = id, .flags = SHMSWAP_SHMAT_MAP);
	ASSERT_EQ(mprotect(arg, SM_PAGE, PROT_READ), 0);
	EXPECT_EQ(sm_call(fd, SHMSWAP_IOC_SHMAT, arg), -EFAULT);
	live_check(fd);
	EXPECT_EQ(live_stat(fd, id).nattch, live_areas(areas));
}

/*
 * Protection
 */

static void read_only_attaches_stay_so(void)
{
	int fd = machine(), id = live_segment(fd, PAGES);
	char *rw = live_attach(fd, id, 0), *ro = live_attach(fd, id, SHM_RDONLY);

	EXPECT_EQ(live_store(ro, 'x'), SIGSEGV);
	live_fill(rw, PAGES, SEED);
	EXPECT_EQ(live_store(ro, 'x'), SIGSEGV);
	EXPECT(live_filled(ro, PAGES, SEED));
	EXPECT_EQ(live_store(ro, 'x'), SIGSEGV);
	EXPECT_EQ(mprotect(ro, SIZE, PROT_RW), -1);
	EXPECT_EQ(errno, EACCES);
	EXPECT_EQ(mprotect(ro, SM_PAGE, PROT_WRITE), -1);
	EXPECT_EQ(errno, EACCES);
	EXPECT_EQ(mprotect(ro, SIZE, PROT_NONE), 0);
	EXPECT_EQ(mprotect(ro, SIZE, PROT_READ), 0);
	EXPECT_EQ(live_store(ro, 'x'), SIGSEGV);
	EXPECT_EQ(live_swap_out(fd), PAGES);
	EXPECT_EQ(live_store(ro, 'x'), SIGSEGV);
	EXPECT(live_filled(ro, PAGES, SEED));
	live_check(fd);
}

/* Nor does the way through /proc open the segment's file. */
static void the_file_cannot_be_opened(void)
{
	int fd = machine(), id = live_segment(fd, PAGES), file;
	char *at = live_attach(fd, id, SHM_RDONLY), path[80];
	struct live_area areas[LIVE_MAX_AREAS];

	ASSERT_EQ(live_areas(areas), 1);
	EXPECT_EQ(areas[0].start, (uintptr_t)at);
	EXPECT_EQ(areas[0].ino, id);
	EXPECT(!strcmp(areas[0].name, "/SYSV00000000 (deleted)"));
	snprintf(path, sizeof(path), "/proc/self/map_files/%lx-%lx", areas[0].start,
		 areas[0].end);
	file = open(path, O_RDWR);
	if (file < 0)
		return;
	EXPECT_EQ(ftruncate(file, 0), -1);
	EXPECT_EQ(mmap(NULL, SIZE, PROT_RW, MAP_SHARED, file, 0), MAP_FAILED);
	EXPECT_EQ(live_stat(fd, id).nattch, 1);
	live_check(fd);
}

static void the_key_is_the_name(void)
{
	int fd = machine(), id = sm_shmget(fd, 0xbadc0de, SIZE, IPC_CREAT | 0600);
	struct live_area areas[LIVE_MAX_AREAS];

	live_attach(fd, id, 0);
	ASSERT_EQ(live_areas(areas), 1);
	EXPECT(!strcmp(areas[0].name, "/SYSV0badc0de (deleted)"));
	EXPECT_EQ(areas[0].ino, id);
}

/*
 * Processes of the machine
 */

static void a_process_while_it_has_attaches(void)
{
	int fd = machine(), id = live_segment(fd, PAGES);
	struct shmswap_vma sharers[3];
	struct shmswap_proc proc;
	uint32_t pid;
	char *at, *again;

	EXPECT_EQ(live_pid(fd), 0);
	EXPECT_EQ(info_of(fd).out_nr_processes, 1);
	at = live_attach(fd, id, 0);
	pid = live_pid(fd);
	EXPECT_NE(pid, 0);
	EXPECT_NE(pid, info_of(fd).out_pid);
	EXPECT_EQ(info_of(fd).out_nr_processes, 2);
	again = live_attach(fd, id, 0);
	EXPECT_EQ(live_pid(fd), pid);
	ASSERT_EQ(sm_query(fd, SHMSWAP_QUERY_SHARERS, id, sharers, 3), 2);
	EXPECT_EQ(sharers[0].pid, pid);
	EXPECT_EQ(sharers[1].pid, pid);
	EXPECT_EQ(sharers[0].start + sharers[1].start, (uintptr_t)at + (uintptr_t)again);
	EXPECT_EQ(live_shmdt(fd, (uintptr_t)at), 0);
	EXPECT_EQ(live_pid(fd), pid);
	EXPECT_EQ(live_shmdt(fd, (uintptr_t)again), 0);
	EXPECT_EQ(live_pid(fd), 0);
	EXPECT_EQ(info_of(fd).out_nr_processes, 1);
	EXPECT_EQ(sm_query_proc(fd, pid, &proc), -ENOENT);
}

static int query_ptes(int fd, int id)
{
	struct shmswap_pte ptes[PAGES];

	return sm_query(fd, SHMSWAP_QUERY_PTES, id, ptes, PAGES);
}

/* A file that was used for what needs no process is none, and may still choose its machine. */
static void files_become_processes_late(void)
{
	struct shmswap_create create = SM_ARG(create, .nr_frames = FRAMES, .ram_swap = SLOTS);
	int watcher = sm_open(), fd = sm_open(), id;
	struct shmswap_stat stat;
	uint32_t before;
	char *at;

	before = info_of(watcher).out_nr_processes;
	id = live_segment(fd, PAGES);
	ASSERT_EQ(sm_stat(fd, &stat), 0);
	ASSERT_EQ(sm_control(fd, &SM_ARG(control)), 0);
	EXPECT_EQ(sm_shm_lock(fd, id), 0);
	EXPECT_EQ(sm_check(fd), 0);
	close(sm_table(fd, SHMSWAP_TABLE_SHM));
	EXPECT_EQ(info_of(watcher).out_nr_processes, before);

	/* The caller is one then, the file is still none. */
	at = live_attach(fd, id, 0);
	EXPECT_EQ(info_of(watcher).out_nr_processes, before + 1);
	EXPECT_EQ(query_ptes(fd, live_pid(watcher)), 0);
	live_fill(at, PAGES, SEED);
	EXPECT_EQ(query_ptes(fd, live_pid(watcher)), PAGES);
	EXPECT_EQ(live_shmdt(fd, (uintptr_t)at), 0);
	EXPECT_EQ(sm_shm_remove(fd, id), 0);
	EXPECT_EQ(info_of(watcher).out_nr_processes, before);

	EXPECT_EQ(sm_call(fd, SHMSWAP_IOC_CREATE, &create), 0);
	EXPECT_EQ(info_of(fd).out_nr_processes, 1);
	EXPECT_EQ(info_of(fd).out_nr_frames, FRAMES);
	EXPECT_EQ(sm_call(fd, SHMSWAP_IOC_CREATE, &create), -EBUSY);
}

/* Everything that needs a process makes one. */
static void some_calls_make_a_process(void)
{
	struct shmswap_create create = SM_ARG(create);
	struct shmswap_fork child = SM_ARG(fork, .flags = SHMSWAP_FORK_CLOEXEC);
	int fd = sm_open();
	char byte;

	EXPECT_EQ(info_of(fd).out_flags & SHMSWAP_INFO_DEFAULT, SHMSWAP_INFO_DEFAULT);
	EXPECT_EQ(sm_call(fd, SHMSWAP_IOC_CREATE, &create), -EBUSY);
	fd = sm_open();
	EXPECT_EQ(sm_call(fd, SHMSWAP_IOC_FORK, &child), 0);
	EXPECT_EQ(sm_call(fd, SHMSWAP_IOC_CREATE, &create), -EBUSY);
	fd = sm_open();
	EXPECT_EQ(sm_touch(fd, SM_PAGE, 1, 0), -EFAULT);
	EXPECT_EQ(sm_call(fd, SHMSWAP_IOC_CREATE, &create), -EBUSY);
	fd = sm_open();
	EXPECT_EQ(sm_load(fd, SM_PAGE, &byte, 1), -EFAULT);
	EXPECT_EQ(sm_call(fd, SHMSWAP_IOC_CREATE, &create), -EBUSY);
}

/* A process may ask about itself, and the machine's owner about all. */
static void ask_as_another(void *arg)
{
	struct sharer *s = arg;
	int other;

	become(BOB, BOBS);
	other = live_pid(s->fd);
	EXPECT_EQ(query_ptes(s->fd, other), 0);
	EXPECT_EQ(query_ptes(s->fd, s->id), -EPERM);
	EXPECT_EQ(query_ptes(s->fd, 0), 0);
	EXPECT_EQ(query_ptes(s->fd, 60000), -EPERM);
}

static void who_may_ask_about_processes(void)
{
	int fd = machine();
	struct sharer s = { .fd = fd };
	char *at = live_attach(fd, live_segment(fd, PAGES), 0);

	live_fill(at, PAGES, SEED);
	s.id = live_pid(fd);
	EXPECT_EQ(query_ptes(fd, 60000), -ESRCH);
	ktap_join(ktap_fork(ask_as_another, &s));
	ASSERT_EQ(sm_act_as(ALICE, ALICES), 0);
	EXPECT_EQ(query_ptes(fd, s.id), PAGES);
}

/* An ordinary user on a machine of his own, with all that one may want to do. */
static void an_ordinary_user(void)
{
	int fd, id;
	char *at;

	ASSERT_EQ(chmod("/dev/shmswap", 0666), 0);
	become(ALICE, ALICES);
	fd = machine();
	id = live_segment(fd, 2 * FRAMES);
	at = live_attach(fd, id, 0);
	live_fill(at, 2 * FRAMES, SEED);
	EXPECT(live_filled(at, 2 * FRAMES, SEED));
	EXPECT_GT(live_stat(fd, id).swp, FRAMES / 2);
	live_check(fd);
	EXPECT_EQ(sm_shm_remove(fd, id), 0);
	EXPECT_EQ(live_shmdt(fd, (uintptr_t)at), 0);
}

/* Without any file of it: what is mapped keeps the machine. */
static void the_mapping_keeps_the_machine(void)
{
	int fd = machine_of(SHMSWAP_MACHINE_KSWAPD), ret;
	char *at = live_attach(fd, live_segment(fd, 2 * FRAMES), 0);

	live_fill(at, 2 * FRAMES, SEED);
	close(fd);
	EXPECT(live_filled(at, 2 * FRAMES, SEED));
	live_fill(at, 2 * FRAMES, SEED + 1);
	EXPECT(live_filled(at, 2 * FRAMES, SEED + 1));
	ret = syscall(SYS_delete_module, "shmswap", O_NONBLOCK) ? -errno : 0;
	if (ret != -EBUSY)
		EXPECT_EQ(ret, -EWOULDBLOCK);
	EXPECT(live_filled(at, 2 * FRAMES, SEED + 1));
	EXPECT_EQ(munmap(at, 2 * FRAMES * SM_PAGE), 0);
}

/* Any file of the machine serves, whoever opened it. */
static void attach_through_any_file(void)
{
	int one = sm_open(), two = sm_open(), id = live_segment(one, PAGES), child;
	char *at = live_attach(one, id, 0);

	close(one);
	live_fill(at, PAGES, SEED);
	EXPECT_EQ(live_shmdt(two, (uintptr_t)at), 0);
	child = sm_fork(two);
	at = live_attach(child, id, 0);
	EXPECT(live_filled(at, PAGES, SEED));
	EXPECT_EQ(live_shmdt(two, (uintptr_t)at), 0);
	EXPECT_EQ(sm_shm_remove(two, id), 0);
}

/* A child of the file is no child of the process. */
static void a_child_of_the_file_has_none_of_them(void)
{
	int fd = machine(), id = live_segment(fd, PAGES), child;
	char *at = live_attach(fd, id, 0);

	child = sm_fork(fd);
	ASSERT_GE(child, 0);
	EXPECT_EQ(live_stat(fd, id).nattch, 1);
	EXPECT_EQ(sm_touch(child, (uintptr_t)at, 1, 0), -EFAULT);
	EXPECT_EQ(sm_touch(fd, (uintptr_t)at, 1, 0), -EFAULT);
	EXPECT_EQ(live_pid(child), live_pid(fd));
	live_check(child);
}

static void two_machines(void)
{
	int one = machine(), two = machine();
	char *first = live_attach(one, live_segment(one, PAGES), 0);
	char *second = live_attach(two, live_segment(two, PAGES), 0);

	live_fill(first, PAGES, SEED);
	live_fill(second, PAGES, SEED + 100);
	EXPECT_EQ(live_swap_out(one), PAGES);
	EXPECT_EQ(live_present(first, PAGES), 0);
	EXPECT_EQ(live_present(second, PAGES), PAGES);
	EXPECT_EQ(live_swap_out(two), PAGES);
	EXPECT(live_filled(second, PAGES, SEED + 100));
	EXPECT(live_filled(first, PAGES, SEED));
	close(one);
	EXPECT(live_filled(first, PAGES, SEED));
	EXPECT_EQ(sm_check(two), 0);
}

/*
 * Removal
 */

static void removed_while_attached(void)
{
	int fd = machine(), id = sm_shmget(fd, 77, SIZE, IPC_CREAT | 0600);
	struct shmswap_shmid_ds ds;
	struct sm_resources before;
	char *at, *again;

	ASSERT_EQ(sm_shm_remove(fd, id), 0);
	ASSERT_EQ(sm_resources(fd, &before), 0);
	id = sm_shmget(fd, 77, SIZE, IPC_CREAT | 0600);
	at = live_attach(fd, id, 0);
	live_fill(at, PAGES, SEED);
	EXPECT_EQ(sm_shm_remove(fd, id), 0);
	EXPECT_EQ(live_stat(fd, id).mode, 0600 | SHM_DEST);
	EXPECT_EQ(sm_shmget(fd, 77, SIZE, 0), -ENOENT);
	EXPECT_EQ(live_swap_out(fd), PAGES);
	EXPECT(live_filled(at, PAGES, SEED));
	/* By its identifier it can still be had. */
	again = live_attach(fd, id, 0);
	EXPECT(live_filled(again, PAGES, SEED));
	EXPECT_EQ(live_shmdt(fd, (uintptr_t)at), 0);
	EXPECT_EQ(live_stat(fd, id).nattch, 1);
	live_check(fd);
	EXPECT_EQ(munmap(again, SIZE), 0);
	EXPECT_EQ(sm_shm_stat(fd, id, &ds), -EINVAL);
	EXPECT(sm_same_resources(fd, &before));
}

static void the_last_detach_destroys(void)
{
	int fd = machine_of(SHMSWAP_MACHINE_RMID_FORCED), id = live_segment(fd, PAGES);
	char *at = live_attach(fd, id, 0), *again = live_attach(fd, id, 0);
	struct shmswap_shmid_ds ds;

	live_fill(at, PAGES, SEED);
	EXPECT_EQ(live_shmdt(fd, (uintptr_t)at), 0);
	EXPECT(live_filled(again, PAGES, SEED));
	EXPECT_EQ(munmap(again, SIZE), 0);
	EXPECT_EQ(sm_shm_stat(fd, id, &ds), -EINVAL);
	EXPECT_EQ(stat_of(fd).shm_tot, 0);
	EXPECT_EQ(sm_check(fd), 0);
}

static void detached_memory_is_gone(void)
{
	int fd = machine(), id = live_segment(fd, PAGES);
	char *at = live_attach(fd, id, 0), byte;

	live_fill(at, PAGES, SEED);
	EXPECT_EQ(live_shmdt(fd, (uintptr_t)at), 0);
	EXPECT_EQ(live_load(at, &byte), SIGSEGV);
	EXPECT_EQ(live_store(at + SIZE - 1, 0), SIGSEGV);
	EXPECT_EQ(live_stat(fd, id).rss, PAGES);
	EXPECT_EQ(live_swap_out(fd), PAGES);
	at = live_attach(fd, id, 0);
	EXPECT(live_filled(at, PAGES, SEED));
	live_check(fd);
}

int main(int argc, char **argv)
{
	static const struct ktap_case cases[] = {
		KTAP_CASE(pages_are_zero_at_first),
		KTAP_CASE(accesses_across_pages),
		KTAP_CASE(the_last_page_is_whole),
		KTAP_CASE(code_runs),
		KTAP_CASE(a_large_segment),
		KTAP_CASE(processes_share),
		KTAP_CASE(scripted_and_real_processes_share),
		KTAP_CASE(two_attaches_of_one_process),
		KTAP_CASE(nobody_sees_old_bytes),
		KTAP_CASE(chosen_addresses),
		KTAP_CASE(chosen_addresses_of_an_ordinary_user),
		KTAP_CASE(found_addresses_are_free),
		KTAP_CASE(no_room),
		KTAP_CASE(wrong_identifiers),
		KTAP_CASE(permissions),
		KTAP_CASE(wrong_addresses_to_detach),
		KTAP_CASE(wrong_flags),
		KTAP_CASE(the_answer_cannot_be_written),
		KTAP_CASE(read_only_attaches_stay_so),
		KTAP_CASE(the_file_cannot_be_opened),
		KTAP_CASE(the_key_is_the_name),
		KTAP_CASE(a_process_while_it_has_attaches),
		KTAP_CASE(files_become_processes_late),
		KTAP_CASE(some_calls_make_a_process),
		KTAP_CASE(who_may_ask_about_processes),
		KTAP_CASE(an_ordinary_user),
		KTAP_CASE(the_mapping_keeps_the_machine),
		KTAP_CASE(attach_through_any_file),
		KTAP_CASE(a_child_of_the_file_has_none_of_them),
		KTAP_CASE(two_machines),
		KTAP_CASE(removed_while_attached),
		KTAP_CASE(the_last_detach_destroys),
		KTAP_CASE(detached_memory_is_gone),
	};

	return ktap_run(argc, argv, cases, ARRAY_SIZE(cases));
}
