// SPDX-License-Identifier: GPL-2.0
/* e2e: module-args="frames=256 ram_swap=1024" timeout=90 */
/*
 * Random calls from several threads on several processes and machines, first
 * as an ordinary user, then as root, for a bounded time. Most of a call is
 * valid, so that it comes far. At the end the threads are killed wherever they
 * are; then every count must agree, and everything be back.
 *
 * usage: fuzz [-t SECONDS] [-s SEED] [CASE]
 */
#define _GNU_SOURCE
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "ktap.h"
#include "libcase.h"
#include "libshm.h"

#define THREADS		4
#define NR_FILES	24
#define NR_RINGS	4
#define NR_KNOWN	16
#define NR_KEYS		8
#define BUFFER		(16 * SM_PAGE)

/* Segments that every process has attached, until it detaches them; and other regions. */
#define NR_BASE		4
#define BASE_PAGES	64
#define BASE(n)		(0x100000000000ULL + (n) * 2 * BASE_PAGES * SM_PAGE)
#define ANON_BASE	BASE(NR_BASE)
#define FILE_BASE	BASE(NR_BASE + 1)
#define NR_REGIONS	(NR_BASE + 2)

static unsigned int seconds = 5;
static uint64_t seed;

/* What the threads share. Torn or stale values are as good as others. */
static int files[NR_FILES];
static int rings[NR_RINGS] = { -1, -1, -1, -1 };
static int parents[2];		/* only forked */
static int shmids[NR_KNOWN];
static uint64_t addresses[NR_KNOWN];
static uint64_t *calls;
static int data_file;		/* to be mapped */

struct fuzzer {
	uint64_t rnd;
	int swap_file;		/* formatted */
	char *buffer;
	uint64_t accesses[64];
};

union arg {
	__u32 size;
	struct shmswap_create create;
	struct shmswap_fork fork;
	struct shmswap_shmget shmget;
	struct shmswap_shmat shmat;
	struct shmswap_shmdt shmdt;
	struct shmswap_shmctl shmctl;
	struct shmswap_touch touch;
	struct shmswap_swapon swapon;
	struct shmswap_swapoff swapoff;
	struct shmswap_reclaim reclaim;
	struct shmswap_control control;
	struct shmswap_query query;
	struct shmswap_table table;
	struct shmswap_events events;
	struct shmswap_mmap mmap;
	struct shmswap_munmap munmap;
	struct shmswap_mprotect mprotect;
	unsigned char bytes[512];
};

static uint32_t below(struct fuzzer *f, uint32_t limit)
{
	return sm_random(&f->rnd, limit);
}

static bool one_in(struct fuzzer *f, uint32_t n)
{
	return !below(f, n);
}

static uint64_t address(struct fuzzer *f)
{
	if (one_in(f, 8))
		return addresses[below(f, NR_KNOWN)] + below(f, 40) * SM_PAGE;
	return BASE(below(f, NR_REGIONS)) + below(f, BASE_PAGES) * SM_PAGE;
}

static int shmid(struct fuzzer *f)
{
	return shmids[below(f, NR_KNOWN)];
}

/* Values at which something ends or begins. */
static uint64_t odd_value(struct fuzzer *f)
{
	static const uint64_t odd[] = {
		0, 1, 2, 3, 4095, 4096, 4097, 0xffff, 0x10000, INT32_MAX, 1ULL << 31,
		UINT32_MAX, 1ULL << 32, SHMSWAP_TASK_SIZE - 4096, SHMSWAP_TASK_SIZE,
		1ULL << 62, 1ULL << 63, -4096ULL, -1ULL,
	};

	switch (below(f, 4)) {
	case 0:		return address(f);
	case 1:		return shmid(f);
	case 2:		return f->rnd;
	default:	return odd[below(f, ARRAY_SIZE(odd))];
	}
}

/*
 * Calls that may well work
 */

static void fill_create(struct fuzzer *f, union arg *arg)
{
	arg->create.flags = below(f, 8);
	arg->create.nr_frames = 16 + below(f, 100);
	arg->create.ram_swap = below(f, 200);
	arg->create.max_tables = 64;
}

static void fill_nothing(struct fuzzer *f, union arg *arg)
{
	(void)f;
	(void)arg;
}

static void fill_fork(struct fuzzer *f, union arg *arg)
{
	arg->fork.flags = below(f, 4);
}

static void fill_shmget(struct fuzzer *f, union arg *arg)
{
	arg->shmget.key = below(f, NR_KEYS);
	arg->shmget.segsz = one_in(f, 20) ? 1ULL << below(f, 40) : below(f, 64) * SM_PAGE + 1;
	arg->shmget.shmflg = IPC_CREAT | 0666;
}

static void fill_shmat(struct fuzzer *f, union arg *arg)
{
	arg->shmat.shmid = shmid(f);
	if (one_in(f, 3))
		arg->shmat.addr = address(f);
	if (one_in(f, 2))
		arg->shmat.shmflg = below(f, 16) << 12;
}

static void fill_shmdt(struct fuzzer *f, union arg *arg)
{
	arg->shmdt.addr = addresses[below(f, NR_KNOWN)];
}

static void fill_shmctl(struct fuzzer *f, union arg *arg)
{
	static const int cmds[] = {
		IPC_STAT, IPC_STAT, IPC_INFO, SHM_INFO, SHM_STAT, SHM_STAT_ANY, IPC_SET,
		SHM_LOCK, SHM_UNLOCK, SHM_UNLOCK, IPC_RMID,
	};

	arg->shmctl.cmd = cmds[below(f, ARRAY_SIZE(cmds))];
	arg->shmctl.shmid = one_in(f, 4) ? (int)below(f, 20) : shmid(f);
	arg->shmctl.ds.uid = one_in(f, 2) ? 0 : 1000;
	arg->shmctl.ds.mode = 0666;
}

static void fill_touch(struct fuzzer *f, union arg *arg)
{
	uint32_t i;

	arg->touch.count = below(f, ARRAY_SIZE(f->accesses));
	arg->touch.accesses = (uintptr_t)f->accesses;
	for (i = 0; i < arg->touch.count; i++)
		f->accesses[i] = address(f) | one_in(f, 2);
}

static void fill_swapon(struct fuzzer *f, union arg *arg)
{
	arg->swapon.flags = SHMSWAP_SWAPON_RAM | SHMSWAP_SWAPON_PREFER;
	arg->swapon.fd = -1;
	arg->swapon.prio = below(f, 4);
	arg->swapon.slots = 1 + below(f, 100);
	if (one_in(f, 3)) {
		arg->swapon.flags = SHMSWAP_SWAPON_PREFER;
		arg->swapon.fd = f->swap_file;
		arg->swapon.slots = 0;
	}
}

static void fill_swapoff(struct fuzzer *f, union arg *arg)
{
	arg->swapoff.type = below(f, 6);
}

static void fill_reclaim(struct fuzzer *f, union arg *arg)
{
	arg->reclaim.method = below(f, 4);
	arg->reclaim.level = below(f, 7);
	arg->reclaim.count = below(f, 50);
}

static void fill_control(struct fuzzer *f, union arg *arg)
{
	arg->control.set = below(f, 128);
	arg->control.flags = below(f, 4);
	arg->control.freepages_min = below(f, 4);
	arg->control.freepages_low = 3 + below(f, 4);
	arg->control.freepages_high = 6 + below(f, 8);
	arg->control.kswapd_interval = 1 + below(f, 100);
	arg->control.kswapd_maxpages = 1 + below(f, 100);
	arg->control.max_page_age = 10 + below(f, 200);
	arg->control.page_advance = 1 + below(f, 9);
	arg->control.page_decline = 1 + below(f, 9);
	arg->control.page_initial_age = below(f, 10);
	arg->control.shmmni = 1 + below(f, 100);
	arg->control.shmmax = 1ULL << (10 + below(f, 30));
	arg->control.shmall = 1ULL << below(f, 40);
	arg->control.age_cluster_fract = 1 + below(f, 1024);
	arg->control.age_cluster_min = 1 + below(f, 8);
	arg->control.pageout_weight = 1 + below(f, 10000);
	arg->control.page_cluster = below(f, 6);
}

static void fill_query(struct fuzzer *f, union arg *arg)
{
	arg->query.what = below(f, 11);
	arg->query.count = below(f, 500);
	arg->query.buf = (uintptr_t)f->buffer;
	if (arg->query.what == SHMSWAP_QUERY_PAGES || arg->query.what == SHMSWAP_QUERY_SHARERS)
		arg->query.id = shmid(f);
	else if (arg->query.what == SHMSWAP_QUERY_SWAP_MAP)
		arg->query.id = below(f, 3);
	if (one_in(f, 2))
		arg->query.start = one_in(f, 2) ? below(f, 300) : address(f);
}

static void fill_table(struct fuzzer *f, union arg *arg)
{
	arg->table.which = below(f, 7);
}

static void fill_events(struct fuzzer *f, union arg *arg)
{
	arg->events.flags = SHMSWAP_EVENTS_NONBLOCK;
	arg->events.count = below(f, 100);
	arg->events.mask = one_in(f, 2) ? 0 : below(f, 1U << SHMSWAP_NR_EVENT_TYPES);
}

static void fill_mmap(struct fuzzer *f, union arg *arg)
{
	static const uint32_t types[] = {
		PRIVATE_ANON, PRIVATE_ANON, SHARED_ANON, MAP_PRIVATE, MAP_SHARED,
		PRIVATE_ANON | SHMSWAP_MAP_RESERVED,
	};

	arg->mmap.prot = one_in(f, 2) ? PROT_RW : below(f, 8);
	arg->mmap.len = (1 + below(f, 20)) * SM_PAGE;
	arg->mmap.flags = types[below(f, ARRAY_SIZE(types))];
	arg->mmap.fd = -1;
	if (!(arg->mmap.flags & MAP_ANONYMOUS)) {
		arg->mmap.fd = one_in(f, 8) ? f->swap_file : data_file;
		arg->mmap.offset = below(f, 20) * SM_PAGE;
	}
	if (one_in(f, 2)) {
		arg->mmap.addr = address(f);
		arg->mmap.flags |= one_in(f, 2) ? MAP_FIXED : MAP_FIXED_NOREPLACE;
	}
}

/* A part of what is there, mostly. */
static void fill_range(struct fuzzer *f, union arg *arg)
{
	arg->munmap.addr = address(f);
	arg->munmap.len = (1 + below(f, 8)) * SM_PAGE;
}

static void fill_mprotect(struct fuzzer *f, union arg *arg)
{
	fill_range(f, arg);
	arg->mprotect.prot = one_in(f, 2) ? PROT_RW : below(f, 8);
}

static const struct kind {
	unsigned int cmd;
	size_t size;
	uint32_t weight;
	void (*fill)(struct fuzzer *f, union arg *arg);
} kinds[] = {
	{ SHMSWAP_IOC_CREATE, sizeof(struct shmswap_create), 2, fill_create },
	{ SHMSWAP_IOC_INFO, sizeof(struct shmswap_info), 2, fill_nothing },
	{ SHMSWAP_IOC_FORK, sizeof(struct shmswap_fork), 4, fill_fork },
	{ SHMSWAP_IOC_SHMGET, sizeof(struct shmswap_shmget), 10, fill_shmget },
	{ SHMSWAP_IOC_SHMAT, sizeof(struct shmswap_shmat), 12, fill_shmat },
	{ SHMSWAP_IOC_SHMDT, sizeof(struct shmswap_shmdt), 4, fill_shmdt },
	{ SHMSWAP_IOC_SHMCTL, sizeof(struct shmswap_shmctl), 8, fill_shmctl },
	{ SHMSWAP_IOC_TOUCH, sizeof(struct shmswap_touch), 30, fill_touch },
	{ SHMSWAP_IOC_SWAPON, sizeof(struct shmswap_swapon), 2, fill_swapon },
	{ SHMSWAP_IOC_SWAPOFF, sizeof(struct shmswap_swapoff), 2, fill_swapoff },
	{ SHMSWAP_IOC_RECLAIM, sizeof(struct shmswap_reclaim), 10, fill_reclaim },
	{ SHMSWAP_IOC_CONTROL, sizeof(struct shmswap_control), 1, fill_control },
	{ SHMSWAP_IOC_STAT, sizeof(struct shmswap_stat), 2, fill_nothing },
	{ SHMSWAP_IOC_QUERY, sizeof(struct shmswap_query), 8, fill_query },
	{ SHMSWAP_IOC_TABLE, sizeof(struct shmswap_table), 2, fill_table },
	{ SHMSWAP_IOC_CHECK, sizeof(struct shmswap_check), 1, fill_nothing },
	{ SHMSWAP_IOC_MMAP, sizeof(struct shmswap_mmap), 12, fill_mmap },
	{ SHMSWAP_IOC_MUNMAP, sizeof(struct shmswap_munmap), 4, fill_range },
	{ SHMSWAP_IOC_MPROTECT, sizeof(struct shmswap_mprotect), 4, fill_mprotect },
	{ SHMSWAP_IOC_MSYNC, sizeof(struct shmswap_msync), 3, fill_range },
	{ SHMSWAP_IOC_MLOCK, sizeof(struct shmswap_mlock), 2, fill_range },
	{ SHMSWAP_IOC_MUNLOCK, sizeof(struct shmswap_munlock), 3, fill_range },
	{ SHMSWAP_IOC_EVENTS, sizeof(struct shmswap_events), 2, fill_events },
};

static const struct kind *pick_kind(struct fuzzer *f)
{
	uint32_t sum = 0, at;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(kinds); i++)
		sum += kinds[i].weight;
	at = below(f, sum);
	for (i = 0; at >= kinds[i].weight; i++)
		at -= kinds[i].weight;
	return &kinds[i];
}

/*
 * What makes them fail
 */

static void mutate(struct fuzzer *f, const struct kind *kind, union arg *arg)
{
	size_t offset = below(f, kind->size / 4) * 4;
	uint64_t value = odd_value(f);

	if (one_in(f, 50)) {
		for (offset = 4; offset < kind->size; offset++)
			arg->bytes[offset] = below(f, 256);
		return;
	}
	memcpy(arg->bytes + offset, &value, one_in(f, 2) && offset + 8 <= kind->size ? 8 : 4);
}

static uint32_t at_most(uint32_t value, uint32_t limit)
{
	return value < limit ? value : limit;
}

/* What would only take the guest's memory or the test's time. */
static void keep_small(const struct kind *kind, union arg *arg)
{
	if (kind->cmd == SHMSWAP_IOC_CREATE)
		arg->create.nr_frames = at_most(arg->create.nr_frames, 4096);
	else if (kind->cmd == SHMSWAP_IOC_RECLAIM)
		arg->reclaim.count = at_most(arg->reclaim.count, 200 / ktap_slow());
	else if (kind->cmd == SHMSWAP_IOC_CONTROL)
		arg->control.pageout_weight = at_most(arg->control.pageout_weight, 8192);
	else if (kind->cmd == SHMSWAP_IOC_QUERY)
		arg->query.count = at_most(arg->query.count,
					   BUFFER / sizeof(struct shmswap_seg));
}

/*
 * What comes of them
 */

static void put_file(struct fuzzer *f, int fd)
{
	int old = __atomic_exchange_n(&files[below(f, NR_FILES)], fd, __ATOMIC_RELAXED);

	close(old);
}

/* Somebody else's ring is read, as far as it would not block, and closed. */
static void put_ring(struct fuzzer *f, int fd)
{
	int old = __atomic_exchange_n(&rings[below(f, NR_RINGS)], fd, __ATOMIC_RELAXED);
	struct pollfd poll_old = { .fd = old, .events = POLLIN };

	if (old < 0)
		return;
	if (poll(&poll_old, 1, 0) == 1 && read(old, f->buffer, BUFFER) < 0)
		ktap_fail(__FILE__, __LINE__, "events: %m");
	close(old);
}

static void learn(struct fuzzer *f, const struct kind *kind, const union arg *arg)
{
	uint32_t slot = below(f, NR_KNOWN);

	switch (kind->cmd) {
	case SHMSWAP_IOC_SHMGET:
		shmids[slot] = arg->shmget.out_shmid;
		break;
	case SHMSWAP_IOC_SHMAT:
		addresses[slot] = arg->shmat.out_addr;
		break;
	case SHMSWAP_IOC_MMAP:
		addresses[slot] = arg->mmap.out_addr;
		break;
	case SHMSWAP_IOC_FORK:
		put_file(f, arg->fork.out_fd);
		break;
	case SHMSWAP_IOC_TABLE:
		if (read(arg->table.out_fd, f->buffer, BUFFER) < 0)
			ktap_fail(__FILE__, __LINE__, "table %u: %m", arg->table.which);
		close(arg->table.out_fd);
		break;
	case SHMSWAP_IOC_EVENTS:
		put_ring(f, arg->events.out_fd);
		break;
	}
}

static void call_ioctl(struct fuzzer *f, int fd)
{
	const struct kind *kind = pick_kind(f);
	union arg arg;
	int ret;

	memset(&arg, 0, sizeof(arg));
	kind->fill(f, &arg);
	arg.size = kind->size;
	while (one_in(f, 4))
		mutate(f, kind, &arg);
	keep_small(kind, &arg);
	ret = sm_call(fd, kind->cmd, &arg);
	if (!ret)
		learn(f, kind, &arg);
	else if (ret == -EUCLEAN || ret == -EPIPE || ret < -200)
		ktap_fail(__FILE__, __LINE__, "ioctl %#x says %d", kind->cmd, ret);
}

static void transfer(struct fuzzer *f, int fd)
{
	uint64_t addr = one_in(f, 10) ? odd_value(f) : address(f) + below(f, SM_PAGE);
	size_t len = below(f, one_in(f, 4) ? BUFFER : 100);

	if (one_in(f, 2))
		sm_load(fd, addr, f->buffer, len);
	else
		sm_store(fd, addr, f->buffer, len);
}

static void open_another(struct fuzzer *f)
{
	int fd = one_in(f, 4) ? sm_open() : sm_fork(parents[below(f, 2)]);

	if (fd >= 0 && one_in(f, 8))
		sm_call(fd, SHMSWAP_IOC_CREATE,
			&SM_ARG(create, .nr_frames = 64, .ram_swap = 64, .max_tables = 64,
				.flags = SHMSWAP_MACHINE_KSWAPD));
	if (fd >= 0)
		put_file(f, fd);
}

static void *fuzz_forever(void *arg)
{
	struct fuzzer *f = arg;

	for (;;) {
		int fd = __atomic_load_n(&files[below(f, NR_FILES)], __ATOMIC_RELAXED);

		__atomic_add_fetch(calls, 1, __ATOMIC_RELAXED);
		if (one_in(f, 50))
			open_another(f);
		else if (one_in(f, 5))
			transfer(f, fd);
		else
			call_ioctl(f, fd);
	}
	return NULL;
}

/*
 * The victims' process, and what is left after it
 */

static void run_threads(void *arg)
{
	struct fuzzer fuzzers[THREADS];
	bool root = *(bool *)arg;
	int swap_file = sm_memfile(50 * SM_PAGE), i;
	pthread_t thread;

	ASSERT_EQ(sm_mkswap(swap_file), 0);
	if (!root)
		ASSERT_EQ(sm_become(1000, 1000), 0);
	for (i = 0; i < THREADS; i++) {
		fuzzers[i] = (struct fuzzer){
			.rnd = seed * 2 * THREADS + i + root * THREADS,
			.swap_file = swap_file,
			.buffer = malloc(BUFFER),
		};
		ASSERT_EQ(pthread_create(&thread, NULL, fuzz_forever, &fuzzers[i]), 0);
	}
	pthread_join(thread, NULL);
}

static void remove_everything(int fd)
{
	static struct shmswap_seg segs[128];
	int nr;

	while ((nr = sm_query(fd, SHMSWAP_QUERY_SEGS, 0, segs, 128)) > 0)
		while (--nr >= 0)
			ASSERT_EQ(sm_shm_remove(fd, segs[nr].shmid), 0);
}

static void expect_all_back(int fd)
{
	struct sm_resources now;
	struct shmswap_info info;
	struct shmswap_area areas[SHMSWAP_MAX_SWAPFILES];
	uint64_t slots = 0;
	int nr;

	ASSERT_SOON(!sm_info(fd, &info) && info.out_nr_processes == 1);
	EXPECT_EQ(sm_check(fd), 0);
	EXPECT_EQ(sm_munmap(fd, 0, SHMSWAP_TASK_SIZE), 0);
	remove_everything(fd);
	EXPECT_EQ(sm_check(fd), 0);
	ASSERT_EQ(sm_resources(fd, &now), 0);
	nr = sm_query(fd, SHMSWAP_QUERY_SWAPS, 0, areas, ARRAY_SIZE(areas));
	while (--nr >= 0)
		slots += areas[nr].pages;
	EXPECT_EQ(now.free_pages, info.out_nr_frames);
	EXPECT_EQ(now.free_slots, slots);
	EXPECT_EQ(now.swapcache, 0);
	EXPECT_EQ(now.file_pages, 0);
	EXPECT_EQ(now.shm_tot, 0);
	EXPECT_EQ(now.shm_rss, 0);
	EXPECT_EQ(now.shm_swp, 0);
}

/* That the calls came far. */
static void say_what_happened(int fd, const char *machine)
{
	struct shmswap_stat stat;

	ASSERT_EQ(sm_stat(fd, &stat), 0);
	ktap_diag("%s: %llu faults, %llu of %llu pages swapped out, %llu read", machine,
		  stat.pgfault, stat.swap_successes, stat.swap_attempts, stat.pswpin);
	ktap_diag("%s: %llu copies, %llu of %llu stolen, %llu in cache, file: %llu in, %llu out",
		  machine, stat.pgcow, stat.pgsteal, stat.pgscan, stat.swap_cache_hit,
		  stat.pgpgin, stat.pgpgout);
}

static void map_base(int fd)
{
	uint64_t size = BASE_PAGES * SM_PAGE;
	int i;

	for (i = 0; i < NR_BASE; i++) {
		int id = sm_shmget(fd, IPC_PRIVATE, size, 0666);

		ASSERT_EQ(sm_shmat(fd, id, BASE(i), 0), BASE(i));
	}
	ASSERT_EQ(sm_mmap(fd, ANON_BASE, size, PROT_RW, PRIVATE_ANON | MAP_FIXED, -1, 0),
		  ANON_BASE);
	/* For children to copy on write. */
	ASSERT_EQ(sm_fill_pages(fd, ANON_BASE, BASE_PAGES / 2, 1), 0);
	ASSERT_EQ(sm_mmap(fd, FILE_BASE, size, PROT_RW, MAP_SHARED | MAP_FIXED, data_file, 0),
		  FILE_BASE);
}

static void fuzz(bool root)
{
	/* One of each kind, in turns. */
	uint32_t flags = SHMSWAP_MACHINE_KSWAPD | (root ? SHMSWAP_MACHINE_SHM_PROCESS : 0);
	int standard = sm_open(), private = sm_machine(64, 256, flags), i;
	long long end;
	pid_t pid;

	ktap_diag("seed %llu, %u s", (unsigned long long)seed, seconds);
	calls = ktap_shared(sizeof(*calls));
	parents[0] = standard;
	parents[1] = private;
	/* The end of the region is behind the end of the file. */
	data_file = sm_memfile(BASE_PAGES * SM_PAGE / 2 + 100);
	map_base(standard);
	map_base(private);
	for (i = 0; i < NR_FILES; i++)
		files[i] = sm_fork(parents[i % 2]);
	pid = ktap_fork(run_threads, &root);
	for (i = 0; i < NR_FILES; i++)
		close(files[i]);
	for (i = 0; i < NR_RINGS; i++) {
		if (rings[i] >= 0)
			close(rings[i]);
		rings[i] = -1;
	}
	end = ktap_now() + 1000 * seconds;
	while (ktap_now() < end && !kill(pid, 0))
		ktap_pause();
	kill(pid, SIGKILL);
	ktap_join_killed(pid, SIGKILL);
	ktap_diag("%llu calls", (unsigned long long)*calls);
	EXPECT_GT(*calls, 100);
	say_what_happened(standard, "default machine");
	say_what_happened(private, "private machine");

	ktap_context("the default machine");
	expect_all_back(standard);
	ktap_context("a private machine");
	expect_all_back(private);
}

static void as_an_ordinary_user(void)
{
	fuzz(false);
}

static void as_root(void)
{
	fuzz(true);
}

int main(int argc, char **argv)
{
	static const struct ktap_case cases[] = {
		KTAP_CASE(as_an_ordinary_user),
		KTAP_CASE(as_root),
	};
	int option;

	seed = time(NULL);
	while ((option = getopt(argc, argv, "t:s:")) != -1) {
		if (option == 't')
			seconds = atoi(optarg);
		else if (option == 's')
			seed = strtoull(optarg, NULL, 0);
		else
			return 2;
	}
	ktap_case_seconds += seconds;
	return ktap_run(argc - optind + 1, argv + optind - 1, cases, ARRAY_SIZE(cases));
}
