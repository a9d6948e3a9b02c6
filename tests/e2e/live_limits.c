// SPDX-License-Identifier: GPL-2.0
/* e2e: module-args="frames=64 ram_swap=64 kswapd=0 shmmax=65536 shmall=40 shmmni=8" */
/*
 * The default machine stands in for the kernel's own shared memory, so the limits
 * that count are the smaller ones of the module's and of the caller's ipc
 * namespace. A private machine has its own.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <sched.h>
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

#include "ktap.h"
#include "libcase.h"
#include "liblive.h"

#define SHMMAX	65536UL		/* the module's */
#define SHMALL	40
#define SHMMNI	8
#define SEED	1

static void own_namespace(void)
{
	if (unshare(CLONE_NEWIPC))
		ktap_skip("no ipc namespaces");
}

static void set_kernel(const char *name, unsigned long value)
{
	char path[64];
	FILE *file;

	snprintf(path, sizeof(path), "/proc/sys/kernel/%s", name);
	file = fopen(path, "w");
	ASSERT(file);
	ASSERT_GT(fprintf(file, "%lu\n", value), 0);
	ASSERT_EQ(fclose(file), 0);
}

static struct shmswap_shminfo limits_of(int fd)
{
	struct shmswap_shmctl arg = SM_ARG(shmctl);

	ASSERT_GE(sm_shmctl(fd, 0, IPC_INFO, &arg), 0);
	return arg.info;
}

static int new_segment(int fd, uint64_t size)
{
	return sm_shmget(fd, IPC_PRIVATE, size, 0600);
}

/* The machine goes on when the case is over. */
static void remove_all(int fd)
{
	struct shmswap_seg segs[2 * SHMMNI];
	int nr = sm_query(fd, SHMSWAP_QUERY_SEGS, 0, segs, ARRAY_SIZE(segs));

	ASSERT_GE(nr, 0);
	while (--nr >= 0)
		EXPECT_EQ(sm_shm_remove(fd, segs[nr].shmid), 0);
	EXPECT_EQ(stat_of(fd).shm_tot, 0);
}

static void the_modules_limits_count(void)
{
	int fd = sm_open(), i;

	own_namespace();
	EXPECT_EQ(limits_of(fd).shmmax, SHMMAX);
	EXPECT_EQ(limits_of(fd).shmall, SHMALL);
	EXPECT_EQ(limits_of(fd).shmmni, SHMMNI);
	EXPECT_EQ(new_segment(fd, SHMMAX + 1), -EINVAL);
	EXPECT_GE(new_segment(fd, SHMMAX), 0);
	EXPECT_GE(new_segment(fd, SHMMAX), 0);
	EXPECT_EQ(new_segment(fd, SHMMAX), -ENOSPC);
	for (i = 2; i < SHMMNI; i++)
		EXPECT_GE(new_segment(fd, 1), 0);
	EXPECT_EQ(new_segment(fd, 1), -ENOSPC);
	remove_all(fd);
}

static void the_namespaces_shmmax(void)
{
	int fd = sm_open();

	own_namespace();
	set_kernel("shmmax", 3 * SM_PAGE);
	EXPECT_EQ(limits_of(fd).shmmax, 3 * SM_PAGE);
	EXPECT_EQ(limits_of(fd).shmall, SHMALL);
	EXPECT_EQ(new_segment(fd, 3 * SM_PAGE + 1), -EINVAL);
	EXPECT_GE(new_segment(fd, 3 * SM_PAGE), 0);
	set_kernel("shmmax", 2 * SHMMAX);
	EXPECT_EQ(new_segment(fd, SHMMAX + 1), -EINVAL);
	EXPECT_EQ(limits_of(fd).shmmax, SHMMAX);
	set_kernel("shmmax", 0);
	EXPECT_EQ(new_segment(fd, 1), -EINVAL);
	remove_all(fd);
}

static void the_namespaces_shmall(void)
{
	int fd = sm_open();

	own_namespace();
	set_kernel("shmall", 5);
	EXPECT_EQ(limits_of(fd).shmall, 5);
	EXPECT_EQ(new_segment(fd, 5 * SM_PAGE + 1), -ENOSPC);
	EXPECT_GE(new_segment(fd, 3 * SM_PAGE), 0);
	EXPECT_EQ(new_segment(fd, 2 * SM_PAGE + 1), -ENOSPC);
	EXPECT_GE(new_segment(fd, SM_PAGE + 1), 0);
	EXPECT_EQ(new_segment(fd, 1), -ENOSPC);
	remove_all(fd);
}

static void the_namespaces_shmmni(void)
{
	int fd = sm_open();

	own_namespace();
	set_kernel("shmmni", 2);
	EXPECT_EQ(limits_of(fd).shmmni, 2);
	EXPECT_GE(new_segment(fd, 1), 0);
	EXPECT_GE(new_segment(fd, 1), 0);
	EXPECT_EQ(new_segment(fd, 1), -ENOSPC);
	remove_all(fd);
}

/* The same calls on the kernel, which has the same limits, give the same answers. */
static void as_the_kernel_would(void)
{
	static const uint64_t sizes[] = { 0, 1, SM_PAGE, SM_PAGE + 1, 4 * SM_PAGE, 4 * SM_PAGE + 1,
					  1ULL << 40, -1ULL, -SM_PAGE };
	int fd = sm_open(), ids[32], nr = 0, i;
	uint64_t rnd = 1;

	own_namespace();
	set_kernel("shmmax", 4 * SM_PAGE);
	set_kernel("shmall", 15);
	set_kernel("shmmni", 6);
	for (i = 0; i < 400; i++) {
		uint64_t size = sizes[sm_random(&rnd, ARRAY_SIZE(sizes))];
		int real = shmget(IPC_PRIVATE, size, 0600), err = real < 0 ? -errno : 0;
		int sim = new_segment(fd, size);

		ktap_context("call %d, size %#llx", i, (unsigned long long)size);
		EXPECT_EQ(sim < 0 ? sim : 0, err);
		if (sim >= 0 && real >= 0) {
			ids[nr++] = sim;
			ids[nr++] = real;
		}
		if (nr && sm_random(&rnd, 2)) {
			EXPECT_EQ(shmctl(ids[--nr], IPC_RMID, NULL), 0);
			EXPECT_EQ(sm_shm_remove(fd, ids[--nr]), 0);
		}
	}
	remove_all(fd);
}

struct other {
	int fd;
	unsigned int *stage;
};

static void child_with_less(void *arg)
{
	struct other *o = arg;

	own_namespace();
	set_kernel("shmmax", SM_PAGE);
	EXPECT_EQ(limits_of(o->fd).shmmax, SM_PAGE);
	EXPECT_EQ(new_segment(o->fd, 2 * SM_PAGE), -EINVAL);
	live_reach(o->stage, 1);
	live_await(o->stage, 2);
}

/* Through the same file even: it is the caller's namespace that counts. */
static void each_namespace_has_its_own(void)
{
	struct other o = { sm_open(), ktap_shared(sizeof(*o.stage)) };
	pid_t pid;

	own_namespace();
	set_kernel("shmmax", 2 * SM_PAGE);
	pid = ktap_fork(child_with_less, &o);
	live_await(o.stage, 1);
	EXPECT_EQ(limits_of(o.fd).shmmax, 2 * SM_PAGE);
	EXPECT_GE(new_segment(o.fd, 2 * SM_PAGE), 0);
	live_reach(o.stage, 2);
	ktap_join(pid);
	remove_all(o.fd);
}

static void what_exists_stays(void)
{
	int fd = sm_open(), id, other;
	char *at, *again;

	own_namespace();
	id = sm_shmget(fd, 77, 8 * SM_PAGE, IPC_CREAT | 0600);
	ASSERT_GE(id, 0);
	at = live_attach(fd, id, 0);
	set_kernel("shmmax", SM_PAGE);
	set_kernel("shmall", 1);
	set_kernel("shmmni", 1);
	live_fill(at, 8, SEED);
	again = live_attach(fd, id, 0);
	EXPECT(live_filled(again, 8, SEED));
	EXPECT_EQ(sm_shmget(fd, 77, 8 * SM_PAGE, 0), id);
	other = new_segment(fd, 1);
	EXPECT_EQ(other, -ENOSPC);
	EXPECT_EQ(live_shmdt(fd, (uintptr_t)at), 0);
	EXPECT_EQ(live_shmdt(fd, (uintptr_t)again), 0);
	live_check(fd);
	remove_all(fd);
}

static void private_machines_have_their_own(void)
{
	int fd = sm_machine(64, 64, 0), id;
	char *at;

	own_namespace();
	set_kernel("shmmax", SM_PAGE);
	set_kernel("shmall", 1);
	set_kernel("shmmni", 1);
	EXPECT_EQ(limits_of(fd).shmmni, 4096);
	EXPECT_GT(limits_of(fd).shmmax, SHMMAX);
	EXPECT_NE(limits_of(fd).shmall, 1);
	id = live_segment(fd, 32);
	live_segment(fd, 32);
	at = live_attach(fd, id, 0);
	live_fill(at, 32, SEED);
	EXPECT(live_filled(at, 32, SEED));
	live_check(fd);
}

int main(int argc, char **argv)
{
	static const struct ktap_case cases[] = {
		KTAP_CASE(the_modules_limits_count),
		KTAP_CASE(the_namespaces_shmmax),
		KTAP_CASE(the_namespaces_shmall),
		KTAP_CASE(the_namespaces_shmmni),
		KTAP_CASE(as_the_kernel_would),
		KTAP_CASE(each_namespace_has_its_own),
		KTAP_CASE(what_exists_stays),
		KTAP_CASE(private_machines_have_their_own),
	};

	return ktap_run(argc, argv, cases, ARRAY_SIZE(cases));
}
