// SPDX-License-Identifier: GPL-2.0
/* e2e: timeout=90 */
/*
 * The same calls on the machine and on the kernel that it runs in, by several
 * users, must give the same answers: errors, identifiers' fates, and what
 * IPC_STAT, IPC_INFO and SHM_INFO tell.
 *
 * The kernel's side happens in an ipc namespace of its own.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <sched.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

#include "ktap.h"
#include "libshm.h"

#define SHMMAX		(8 * SM_PAGE)
#define SHMALL		40
#define SHMMNI		6
#define MEMLOCK		(6 * SM_PAGE)

#define NR_SEGS		12	/* that both sides know, some long gone */
#define NR_PLACES	6	/* where attaches go */
#define PLACE(n)	(0x100000000000ULL + (n) * 3 * SHMMAX)

struct pair {
	int sim;
	int real;
};

struct world {
	int fd;
	bool forced;
	int user;		/* who calls */
	uint64_t rnd;
	struct pair ids[NR_SEGS];
	int next_id;
	char call[80];		/* the last one, for messages */
};

/* root, two users, and one who shares the group of the first. */
static const struct {
	int uid, gid;
} users[] = { { 0, 0 }, { 1000, 100 }, { 1001, 101 }, { 1002, 100 } };

static void set_kernel_limit(const char *name, uint64_t value)
{
	char path[64];
	FILE *file;

	snprintf(path, sizeof(path), "/proc/sys/kernel/%s", name);
	file = fopen(path, "w");
	ASSERT(file);
	ASSERT_GT(fprintf(file, "%llu\n", (unsigned long long)value), 0);
	ASSERT_EQ(fclose(file), 0);
}

static void setup(struct world *w, uint64_t seed, uint32_t flags)
{
	struct rlimit memlock = { MEMLOCK, MEMLOCK };
	int i;

	if (unshare(CLONE_NEWIPC))
		ktap_skip("no ipc namespaces");
	set_kernel_limit("shmmax", SHMMAX);
	set_kernel_limit("shmall", SHMALL);
	set_kernel_limit("shmmni", SHMMNI);
	set_kernel_limit("shm_rmid_forced", !!(flags & SHMSWAP_MACHINE_RMID_FORCED));
	ASSERT_EQ(setrlimit(RLIMIT_MEMLOCK, &memlock), 0);
	*w = (struct world){
		.rnd = seed,
		.forced = flags & SHMSWAP_MACHINE_RMID_FORCED,
	};
	w->fd = sm_create(&(struct shmswap_create){
		.flags = flags, .nr_frames = 64, .ram_swap = 64,
		.shmmax = SHMMAX, .shmall = SHMALL, .shmmni = SHMMNI });
	ASSERT_GE(w->fd, 0);
	for (i = 0; i < NR_SEGS; i++)
		w->ids[i] = (struct pair){ -1, -1 };
}

static int error_of(long ret)
{
	return ret < 0 ? -errno : 0;
}

static int pick(struct world *w, const int *values, size_t nr)
{
	return values[sm_random(&w->rnd, nr)];
}

#define PICK(w, ...) ({							\
	static const int values_[] = { __VA_ARGS__ };			\
	pick(w, values_, ARRAY_SIZE(values_));				\
})

static struct pair *pick_id(struct world *w)
{
	return &w->ids[sm_random(&w->rnd, NR_SEGS)];
}

/*
 * The calls
 */

static void announce(struct world *w, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	vsnprintf(w->call, sizeof(w->call), fmt, args);
	va_end(args);
	ktap_context("%s", w->call);
}

static void do_shmget(struct world *w)
{
	int key = sm_random(&w->rnd, 5);
	uint64_t size = PICK(w, 0, 1, SM_PAGE, SM_PAGE + 1, 3 * SM_PAGE, SHMMAX,
			     SHMMAX + 1);
	int flags = PICK(w, 0, IPC_CREAT, IPC_CREAT, IPC_CREAT, IPC_CREAT | IPC_EXCL,
			 IPC_EXCL, IPC_CREAT | SHM_NORESERVE) |
		    PICK(w, 0, 0600, 0640, 0660, 0644, 0666, 0444, 0222, 0700);
	int sim = sm_shmget(w->fd, key, size, flags);
	int real = shmget(key, size, flags), error = error_of(real);
	int i;

	announce(w, "shmget(%d, %llu, %#o)", key, (long long)size, flags);
	ASSERT_EQ(sim < 0 ? sim : 0, error);
	if (sim < 0)
		return;
	for (i = 0; i < NR_SEGS; i++) {
		if (w->ids[i].sim == sim || w->ids[i].real == real) {
			ASSERT_EQ(w->ids[i].sim, sim);
			ASSERT_EQ(w->ids[i].real, real);
			return;
		}
	}
	w->ids[w->next_id++ % NR_SEGS] = (struct pair){ sim, real };
}

/*
 * When forced, the kernel destroys a segment without attaches even because an
 * shmat(2) of it failed. Here a call that fails changes nothing: follow suit.
 */
static void after_failed_shmat(struct world *w, const struct pair *id)
{
	struct shmid_ds ds;

	if (!w->forced || !shmctl(id->real, IPC_STAT, &ds) || errno != EINVAL)
		return;
	ASSERT_EQ(sm_act_as(0, 0), 0);
	sm_shm_remove(w->fd, id->sim);
	ASSERT_EQ(sm_act_as(users[w->user].uid, users[w->user].gid), 0);
}

static void do_shmat(struct world *w)
{
	const struct pair *id = pick_id(w);
	uint64_t addr = PLACE(sm_random(&w->rnd, NR_PLACES)) +
			PICK(w, 0, 0, 0, 0, 1, SM_PAGE, SM_PAGE - 1, SHMMAX / 2);
	int flags = PICK(w, 0, 0, SHM_RND, SHM_RDONLY, SHM_RDONLY, SHM_EXEC,
			 SHM_RDONLY | SHM_EXEC, SHM_REMAP, SHM_REMAP | SHM_RND,
			 SHM_REMAP | SHM_RDONLY);
	int64_t sim = sm_shmat(w->fd, id->sim, addr, flags);
	intptr_t real = (intptr_t)shmat(id->real, (void *)addr, flags);
	int error = error_of(real);

	announce(w, "shmat(%d, %#llx, %#o)", id->sim, (long long)addr, flags);
	ASSERT_EQ(sim, error ? error : real);
	if (error)
		after_failed_shmat(w, id);
}

static void do_shmdt(struct world *w)
{
	uint64_t addr = PLACE(sm_random(&w->rnd, NR_PLACES)) +
			PICK(w, 0, 0, 0, 1, SM_PAGE, SHMMAX / 2);
	int sim = sm_shmdt(w->fd, addr);

	announce(w, "shmdt(%#llx)", (long long)addr);
	ASSERT_EQ(sim, error_of(shmdt((void *)addr)));
}

static void do_simple(struct world *w)
{
	const struct pair *id = pick_id(w);
	int cmd = PICK(w, IPC_RMID, SHM_LOCK, SHM_LOCK, SHM_UNLOCK, 4, 99);
	int sim = sm_shmctl(w->fd, id->sim, cmd, &SM_ARG(shmctl));

	announce(w, "shmctl(%d, %d)", id->sim, cmd);
	ASSERT_EQ(sim, error_of(shmctl(id->real, cmd, NULL)));
}

static void do_ipc_set(struct world *w)
{
	const struct pair *id = pick_id(w);
	struct shmswap_shmctl arg = SM_ARG(shmctl);
	struct shmid_ds ds = { 0 };
	int sim;

	arg.ds.uid = PICK(w, 0, 1000, 1001, 1002, -1);
	arg.ds.gid = PICK(w, 0, 100, 101, -1);
	arg.ds.mode = PICK(w, 0, 0600, 0666, 0440, 0604, 07777);
	ds.shm_perm.uid = arg.ds.uid;
	ds.shm_perm.gid = arg.ds.gid;
	ds.shm_perm.mode = arg.ds.mode;
	sim = sm_shmctl(w->fd, id->sim, IPC_SET, &arg);
	announce(w, "IPC_SET(%d, %d, %d, %#o)", id->sim, arg.ds.uid, arg.ds.gid, arg.ds.mode);
	ASSERT_EQ(sim, error_of(shmctl(id->real, IPC_SET, &ds)));
}

/*
 * The comparison
 */

/* Seconds may have passed between the two calls. */
static void compare_time(long long sim, long long real)
{
	ASSERT_EQ(!sim, !real);
	ASSERT_GE(1, llabs(sim - real));
}

static void compare_segment(struct world *w, const struct pair *id)
{
	struct shmswap_shmid_ds ds = { 0 };
	struct shmid_ds real = { 0 };
	int ret = sm_shm_stat(w->fd, id->sim, &ds);

	ASSERT_EQ(ret, error_of(shmctl(id->real, IPC_STAT, &real)));
	if (ret)
		return;
	ASSERT_EQ(ds.key, real.shm_perm.__key);
	ASSERT_EQ(ds.mode, real.shm_perm.mode);
	ASSERT_EQ(ds.uid, real.shm_perm.uid);
	ASSERT_EQ(ds.gid, real.shm_perm.gid);
	ASSERT_EQ(ds.cuid, real.shm_perm.cuid);
	ASSERT_EQ(ds.cgid, real.shm_perm.cgid);
	ASSERT_EQ(ds.segsz, real.shm_segsz);
	ASSERT_EQ(ds.nattch, real.shm_nattch);
	ASSERT_EQ(ds.cpid, real.shm_cpid);
	ASSERT_EQ(ds.lpid, real.shm_lpid);
	compare_time(ds.atime, real.shm_atime);
	compare_time(ds.dtime, real.shm_dtime);
	compare_time(ds.ctime, real.shm_ctime);
}

static void compare_totals(struct world *w)
{
	struct shmswap_shmctl arg = SM_ARG(shmctl);
	struct shm_info info;
	struct shminfo limits;

	ASSERT_GE(sm_shmctl(w->fd, 0, SHM_INFO, &arg), 0);
	ASSERT_GE(shmctl(0, SHM_INFO, (void *)&info), 0);
	ASSERT_EQ(arg.shm_info.used_ids, info.used_ids);
	ASSERT_EQ(arg.shm_info.shm_tot, info.shm_tot);
	ASSERT_GE(sm_shmctl(w->fd, 0, IPC_INFO, &arg), 0);
	ASSERT_GE(shmctl(0, IPC_INFO, (void *)&limits), 0);
	ASSERT_EQ(arg.info.shmmax, limits.shmmax);
	ASSERT_EQ(arg.info.shmmin, limits.shmmin);
	ASSERT_EQ(arg.info.shmmni, limits.shmmni);
	ASSERT_EQ(arg.info.shmseg, limits.shmseg);
	ASSERT_EQ(arg.info.shmall, limits.shmall);
}

static void compare(struct world *w)
{
	int i;

	for (i = 0; i < NR_SEGS; i++)
		compare_segment(w, &w->ids[i]);
	compare_totals(w);
}

static void run(uint64_t seed, uint32_t flags)
{
	void (*const calls[])(struct world *w) = {
		do_shmget, do_shmget, do_shmat, do_shmat, do_shmat, do_shmdt,
		do_shmdt, do_simple, do_ipc_set,
	};
	int step, steps = 3000 / ktap_slow();
	struct world w;

	setup(&w, seed, flags);
	for (step = 0; step < steps; step++) {
		if (!sm_random(&w.rnd, 10)) {
			w.user = sm_random(&w.rnd, ARRAY_SIZE(users));
			ASSERT_EQ(sm_act_as(users[w.user].uid, users[w.user].gid), 0);
		}
		calls[sm_random(&w.rnd, ARRAY_SIZE(calls))](&w);
		ktap_context("seed %llu, step %d, user %d, after %s", (long long)seed,
			     step, users[w.user].uid, w.call);
		compare(&w);
	}
	ASSERT_EQ(sm_act_as(0, 0), 0);
	EXPECT_EQ(sm_check(w.fd), 0);
}

static void same_answers_as_the_kernel(void)
{
	run(1, 0);
}

static void same_answers_with_another_seed(void)
{
	run(20, 0);
}

static void same_answers_when_forced(void)
{
	run(300, SHMSWAP_MACHINE_RMID_FORCED);
}

int main(int argc, char **argv)
{
	static const struct ktap_case cases[] = {
		KTAP_CASE(same_answers_as_the_kernel),
		KTAP_CASE(same_answers_with_another_seed),
		KTAP_CASE(same_answers_when_forced),
	};

	return ktap_run(argc, argv, cases, ARRAY_SIZE(cases));
}
