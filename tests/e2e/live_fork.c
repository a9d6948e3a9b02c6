// SPDX-License-Identifier: GPL-2.0
/* e2e: timeout=240 */
/*
 * Processes with attaches: fork, vfork, clone, exec, exit and SIGKILL. A process
 * has a segment of the machine and one of the kernel attached, so whatever it
 * does it does to both, and at each step they must tell the same of it.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "ktap.h"
#include "libcase.h"
#include "liblive.h"

#define PAGES		8
#define SEED		1

enum { KERNEL, MACHINE, SIDES };

struct twins {
	int fd;
	struct sm_resources before;
	struct side sides[SIDES];
	char *at[SIDES];
	unsigned int *stage;	/* of a child */
	int in[2], out[2];	/* its pipes */
};

static void attach_both(struct twins *t)
{
	int i;

	for (i = 0; i < SIDES; i++) {
		int64_t addr = side_shmat(&t->sides[i], 0, 0);

		ASSERT_GT(addr, 0);
		t->at[i] = (char *)addr;
	}
}

static void detach_both(const struct twins *t)
{
	int i;

	for (i = 0; i < SIDES; i++)
		EXPECT_EQ(side_shmdt(&t->sides[i], (uintptr_t)t->at[i]), 0);
}

static void make_twins(struct twins *t)
{
	int i;

	if (unshare(CLONE_NEWIPC))
		ktap_skip("no ipc namespaces");
	t->fd = sm_machine(64, 64, 0);
	ASSERT_GE(t->fd, 0);
	ASSERT_EQ(sm_resources(t->fd, &t->before), 0);
	for (i = 0; i < SIDES; i++)
		t->sides[i] = side_new(i == KERNEL ? -1 : t->fd, PAGES);
	attach_both(t);
	live_fill(t->at[MACHINE], PAGES, SEED);
	t->stage = ktap_shared(sizeof(*t->stage));
	live_let_time_pass();
}

static bool intact(const struct twins *t)
{
	return live_filled(t->at[MACHINE], PAGES, SEED);
}

static void compare_at(int line, const struct twins *t)
{
	side_compare_at(__FILE__, line, &t->sides[KERNEL], &t->sides[MACHINE]);
	live_check_at(__FILE__, line, t->fd);
	live_let_time_pass();
}

#define compare(t, ...) do {						\
	ktap_context(__VA_ARGS__);					\
	compare_at(__LINE__, t);					\
} while (0)

static long nattch_on(const struct twins *t, int side)
{
	struct side_stat st;

	ASSERT_EQ(side_stat(&t->sides[side], &st), 0);
	return st.nattch;
}

static long nattch_of(const struct twins *t)
{
	return nattch_on(t, MACHINE);
}

/* The last attach goes, and with it everything. */
static void end_twins(const struct twins *t)
{
	EXPECT(intact(t));
	detach_both(t);
	compare(t, "after the last detach");
	EXPECT_EQ(nattch_of(t), 0);
	EXPECT_EQ(side_remove(&t->sides[MACHINE]), 0);
	EXPECT(sm_same_resources(t->fd, &t->before));
}

/*
 * fork
 */

static void child_detaches(void *arg)
{
	struct twins *t = arg;

	EXPECT_EQ(live_present(t->at[MACHINE], PAGES), 0);
	compare(t, "in the child");
	EXPECT(intact(t));
	EXPECT_EQ(live_present(t->at[MACHINE], PAGES), PAGES);
	detach_both(t);
	compare(t, "after the child has detached");
	attach_both(t);
	compare(t, "after the child has attached again");
	EXPECT(intact(t));
	live_reach(t->stage, 1);
	live_await(t->stage, 2);
}

static void fork_inherits(void)
{
	struct twins t;
	uint32_t pid;
	pid_t child;

	make_twins(&t);
	pid = live_pid(t.fd);
	child = ktap_fork(child_detaches, &t);
	live_await(t.stage, 1);
	compare(&t, "in the parent of a child");
	EXPECT_EQ(nattch_of(&t), 2);
	EXPECT_EQ(live_pid(t.fd), pid);
	live_reach(t.stage, 2);
	ktap_join(child);
	compare(&t, "after the child's exit");
	end_twins(&t);
}

/* What one stores the others load, whoever their parents are. */
static void child_stores(void *arg)
{
	struct twins *t = arg;

	EXPECT_EQ(t->at[MACHINE][5], 'p');
	EXPECT_GE(sm_reclaim_all(t->fd), 0);
	t->at[MACHINE][5] = 'c';
	live_reach(t->stage, 1);
	live_await(t->stage, 2);
	EXPECT_EQ(t->at[MACHINE][5], 'q');
}

static void stores_are_shared(void)
{
	struct twins t;
	char first;
	pid_t child;

	make_twins(&t);
	first = t.at[MACHINE][5];
	t.at[MACHINE][5] = 'p';
	child = ktap_fork(child_stores, &t);
	live_await(t.stage, 1);
	EXPECT_EQ(t.at[MACHINE][5], 'c');
	t.at[MACHINE][5] = 'q';
	EXPECT_GE(sm_reclaim_all(t.fd), 0);
	live_reach(t.stage, 2);
	ktap_join(child);
	t.at[MACHINE][5] = first;
	end_twins(&t);
}

#define GENERATIONS	12

static void live_on(void *arg)
{
	struct twins *t = arg;
	unsigned int number = __atomic_add_fetch(t->stage, 1, __ATOMIC_ACQ_REL);

	compare(t, "generation %u", number);
	EXPECT_EQ(nattch_of(t), 1 + number);
	EXPECT(intact(t));
	if (number < GENERATIONS)
		ktap_join(ktap_fork(live_on, t));
	compare(t, "generation %u is alone", number);
}

static void generations(void)
{
	struct twins t;

	make_twins(&t);
	ktap_join(ktap_fork(live_on, &t));
	compare(&t, "after all of them");
	end_twins(&t);
}

static void child_without(void *arg)
{
	struct twins *t = arg;
	char byte;

	compare(t, "in the child");
	EXPECT_EQ(live_load(t->at[MACHINE], &byte), SIGSEGV);
	EXPECT_EQ(live_pid(t->fd), 0);
	EXPECT_EQ(live_shmdt(t->fd, (uintptr_t)t->at[MACHINE]), -EINVAL);
}

static void child_with(void *arg)
{
	struct twins *t = arg;

	compare(t, "in the child");
	EXPECT(intact(t));
}

static void not_to_be_inherited(void)
{
	struct twins t;
	int i;

	make_twins(&t);
	for (i = 0; i < SIDES; i++)
		ASSERT_EQ(madvise(t.at[i], PAGES * SM_PAGE, MADV_DONTFORK), 0);
	ktap_join(ktap_fork(child_without, &t));
	compare(&t, "after a child without it");
	for (i = 0; i < SIDES; i++)
		ASSERT_EQ(madvise(t.at[i], PAGES * SM_PAGE, MADV_DOFORK), 0);
	ktap_join(ktap_fork(child_with, &t));
	compare(&t, "after a child with it");
	end_twins(&t);
}

static void child_of_another_namespace(void *arg)
{
	const struct twins *t = arg;

	compare(t, "in the child");
	detach_both(t);
	compare(t, "after the child has detached");
}

/* A child of another pid namespace knows its own number alone. */
static void pid_namespaces(void)
{
	struct twins t;

	make_twins(&t);
	if (unshare(CLONE_NEWPID))
		ktap_skip("no pid namespaces");
	ktap_join(ktap_fork(child_of_another_namespace, &t));
	compare(&t, "in the parent");
	end_twins(&t);
}

/*
 * Address spaces that several have
 */

static char stack[65536] __attribute__((aligned(16)));

static pid_t share_memory(int (*fn)(void *arg), void *arg)
{
	pid_t pid = clone(fn, stack + sizeof(stack), CLONE_VM | SIGCHLD, arg);

	ASSERT_GT(pid, 0);
	return pid;
}

static void vfork_borrows(void)
{
	char *const argv[] = { "true", NULL };
	struct twins t;
	pid_t pid;

	make_twins(&t);
	pid = vfork();
	if (!pid)
		_exit(0);
	ktap_join(pid);
	compare(&t, "after vfork and exit");
	EXPECT_EQ(nattch_of(&t), 1);
	pid = vfork();
	if (!pid) {
		execv("/bin/true", argv);
		_exit(1);
	}
	ktap_join(pid);
	compare(&t, "after vfork and exec");
	EXPECT_EQ(nattch_of(&t), 1);
	end_twins(&t);
}

static int attach_for_both(void *arg)
{
	struct twins *t = arg;

	EXPECT(intact(t));
	attach_both(t);
	return 0;
}

static int detach_for_both(void *arg)
{
	detach_both(arg);
	return 0;
}

/* An attach belongs to the address space, and lpid tells who did something. */
static void processes_with_one_address_space(void)
{
	struct twins t, second;
	uint32_t pid;

	make_twins(&t);
	pid = live_pid(t.fd);
	second = t;
	ktap_join(share_memory(attach_for_both, &second));
	compare(&t, "after the other one has attached");
	EXPECT_EQ(nattch_of(&t), 2);
	EXPECT_EQ(live_pid(t.fd), pid);
	EXPECT(intact(&second));
	ktap_join(share_memory(detach_for_both, &second));
	compare(&t, "after the other one has detached");
	end_twins(&t);
}

static int outlive(void *arg)
{
	struct twins *t = arg;

	live_await(t->stage, 1);
	EXPECT(intact(t));
	live_reach(t->stage, 2);
	live_await(t->stage, 3);
	return 0;
}

static void leave_it_to_another(void *arg)
{
	share_memory(outlive, arg);
}

/* The process that made them is gone, its attaches are not. */
static void address_space_without_its_first_process(void)
{
	struct twins t;

	make_twins(&t);
	ktap_join(ktap_fork(leave_it_to_another, &t));
	compare(&t, "after the exit of the first");
	EXPECT_EQ(nattch_of(&t), 2);
	live_reach(t.stage, 1);
	live_await(t.stage, 2);
	EXPECT_GE(sm_reclaim_all(t.fd), 0);
	live_reach(t.stage, 3);
	/* An exit detaches one after the other. */
	EXPECT_SOON(nattch_on(&t, MACHINE) == 1 && nattch_on(&t, KERNEL) == 1);
	compare(&t, "after the exit of the second");
	end_twins(&t);
}

static void *attach_in_thread(void *arg)
{
	attach_both(arg);
	return NULL;
}

static void *detach_in_thread(void *arg)
{
	detach_both(arg);
	return NULL;
}

static void run_thread(void *(*fn)(void *arg), void *arg)
{
	pthread_t thread;

	ASSERT_EQ(pthread_create(&thread, NULL, fn, arg), 0);
	ASSERT_EQ(pthread_join(thread, NULL), 0);
}

static void threads(void)
{
	struct twins t, second;

	make_twins(&t);
	second = t;
	run_thread(attach_in_thread, &second);
	compare(&t, "after a thread has attached");
	EXPECT_EQ(nattch_of(&t), 2);
	EXPECT(intact(&second));
	run_thread(detach_in_thread, &second);
	compare(&t, "after a thread has detached");
	EXPECT_EQ(nattch_of(&t), 1);
	end_twins(&t);
}

/*
 * exec
 */

/* Becomes cat(1), which shows that it runs. */
static void child_execs(void *arg)
{
	struct twins *t = arg;
	char *const argv[] = { "cat", NULL };

	EXPECT_EQ(execv("/nonexistent", argv), -1);
	compare(t, "after an exec that failed");
	EXPECT_EQ(nattch_of(t), 2);
	EXPECT(intact(t));
	dup2(t->in[0], STDIN_FILENO);
	dup2(t->out[1], STDOUT_FILENO);
	execv("/bin/cat", argv);
	ktap_abort();
}

static void exec_leaves_all_behind(void)
{
	struct twins t;
	char byte = 'x';
	pid_t pid;

	make_twins(&t);
	ASSERT_EQ(pipe2(t.in, O_CLOEXEC), 0);
	ASSERT_EQ(pipe2(t.out, O_CLOEXEC), 0);
	pid = ktap_fork(child_execs, &t);
	ASSERT_EQ(write(t.in[1], &byte, 1), 1);
	ASSERT_EQ(read(t.out[0], &byte, 1), 1);
	compare(&t, "after an exec");
	EXPECT_EQ(nattch_of(&t), 1);
	close(t.in[1]);
	ktap_join(pid);
	compare(&t, "after the exit");
	end_twins(&t);
}

/*
 * exit and SIGKILL
 */

static void wait_for_the_end(void *arg)
{
	struct twins *t = arg;

	attach_both(t);
	live_reach(t->stage, 1);
	for (;;)
		pause();
}

static void a_child_is_killed(void)
{
	struct twins t;
	pid_t pid;

	make_twins(&t);
	pid = ktap_fork(wait_for_the_end, &t);
	live_await(t.stage, 1);
	compare(&t, "with a child");
	EXPECT_EQ(nattch_of(&t), 3);
	kill(pid, SIGKILL);
	ktap_join_killed(pid, SIGKILL);
	compare(&t, "after it was");
	EXPECT_EQ(nattch_of(&t), 1);
	end_twins(&t);
}

/* Only what a child has attached keeps the segments. */
static void last_attach_goes_with_a_process(void)
{
	struct shmswap_shmid_ds ds;
	struct twins t;
	pid_t pid;

	make_twins(&t);
	pid = ktap_fork(wait_for_the_end, &t);
	live_await(t.stage, 1);
	detach_both(&t);
	EXPECT_EQ(side_remove(&t.sides[KERNEL]), 0);
	EXPECT_EQ(side_remove(&t.sides[MACHINE]), 0);
	compare(&t, "removed, and a child has it");
	kill(pid, SIGKILL);
	ktap_join_killed(pid, SIGKILL);
	EXPECT_EQ(sm_shm_stat(t.fd, t.sides[MACHINE].id, &ds), -EINVAL);
	EXPECT(sm_same_resources(t.fd, &t.before));
	EXPECT_EQ(sm_check(t.fd), 0);
}

/*
 * At any moment: victims that do something for ever, until they are killed
 */

#define FRAMES		64
#define MANY_PAGES	(4 * FRAMES)
#define VICTIMS		4

struct victim {
	int fd;
	int id;
	char *at;
	uint64_t rnd;
	uint64_t *progress;	/* of all victims */
};

static void step(const struct victim *v)
{
	__atomic_add_fetch(v->progress, 1, __ATOMIC_RELAXED);
}

static char *any_page(struct victim *v)
{
	return v->at + sm_random(&v->rnd, MANY_PAGES) * SM_PAGE;
}

static void load_for_ever(void *arg)
{
	struct victim *v = arg;

	for (;;) {
		LIVE_READ(any_page(v));
		step(v);
	}
}

/* Stores what it has loaded: the bytes never change. */
static void store(struct victim *v)
{
	char *page = any_page(v);

	LIVE_WRITE(page, LIVE_READ(page));
	step(v);
}

static void store_for_ever(void *arg)
{
	for (;;)
		store(arg);
}

static void *store_in_thread(void *arg)
{
	store_for_ever(arg);
	return NULL;
}

static void store_in_threads_for_ever(void *arg)
{
	struct victim threads[3];
	pthread_t thread;
	int i;

	for (i = 0; i < 3; i++) {
		threads[i] = *(struct victim *)arg;
		threads[i].rnd += i;
		ASSERT_EQ(pthread_create(&thread, NULL, store_in_thread, &threads[i]), 0);
	}
	store_for_ever(arg);
}

static void attach_for_ever(void *arg)
{
	struct victim *v = arg;

	for (;;) {
		char *again = live_attach(v->fd, v->id, 0);

		LIVE_READ(again + sm_random(&v->rnd, MANY_PAGES) * SM_PAGE);
		ASSERT_EQ(live_shmdt(v->fd, (uintptr_t)again), 0);
		step(v);
	}
}

static void child_stores_a_little(void *arg)
{
	int i;

	for (i = 0; i < 10; i++)
		store(arg);
}

static void fork_for_ever(void *arg)
{
	for (;;) {
		ktap_join(ktap_fork(child_stores_a_little, arg));
		step(arg);
	}
}

static void cut_for_ever(void *arg)
{
	struct victim *v = arg;

	for (;;) {
		char *again = live_attach(v->fd, v->id, 0);
		char *page = again + sm_random(&v->rnd, MANY_PAGES) * SM_PAGE;

		LIVE_READ(page);
		ASSERT_EQ(mprotect(page, SM_PAGE, PROT_NONE), 0);
		ASSERT_EQ(mremap(page, SM_PAGE, SM_PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, v->at),
			  v->at);
		ASSERT_EQ(live_shmdt(v->fd, (uintptr_t)again), 0);
		step(v);
	}
}

static void kill_one_round(struct victim *v, void (*life)(void *arg))
{
	uint64_t start = __atomic_load_n(v->progress, __ATOMIC_RELAXED);
	pid_t pids[VICTIMS];
	int i;

	for (i = 0; i < VICTIMS; i++) {
		v->rnd++;
		pids[i] = ktap_fork(life, v);
	}
	ASSERT_SOON(__atomic_load_n(v->progress, __ATOMIC_RELAXED) > start + 4 * VICTIMS);
	for (i = 0; i < VICTIMS; i++) {
		/* Not for order, but to hit a different moment each time. */
		usleep(sm_random(&v->rnd, 3000));
		kill(pids[i], SIGKILL);
		ktap_join_killed(pids[i], SIGKILL);
	}
}

static uint32_t processes_of(int fd)
{
	return info_of(fd).out_nr_processes;
}

static void kill_in_the_middle(void (*life)(void *arg), uint32_t flags)
{
	struct victim v = { .progress = ktap_shared(SM_PAGE) };
	struct sm_resources before;
	int rounds = 6 / ktap_slow() + 2, i;

	v.fd = sm_machine(FRAMES, 2 * MANY_PAGES, flags);
	ASSERT_GE(v.fd, 0);
	ASSERT_EQ(sm_resources(v.fd, &before), 0);
	v.id = live_segment(v.fd, MANY_PAGES);
	v.at = live_attach(v.fd, v.id, 0);
	live_fill(v.at, MANY_PAGES, SEED);
	for (i = 0; i < rounds; i++) {
		ktap_context("round %d", i);
		kill_one_round(&v, life);
		/* The file, and this process; those who were forked may take a moment. */
		ASSERT_SOON(processes_of(v.fd) == 2);
		EXPECT_EQ(live_stat(v.fd, v.id).nattch, 1);
		live_check(v.fd);
	}
	EXPECT(live_filled(v.at, MANY_PAGES, SEED));
	EXPECT_EQ(live_shmdt(v.fd, (uintptr_t)v.at), 0);
	EXPECT_EQ(sm_shm_remove(v.fd, v.id), 0);
	EXPECT_SOON(sm_same_resources(v.fd, &before));
	EXPECT_EQ(sm_check(v.fd), 0);
}

static void killed_while_loading(void)
{
	kill_in_the_middle(load_for_ever, SHMSWAP_MACHINE_KSWAPD);
}

static void killed_while_storing(void)
{
	kill_in_the_middle(store_for_ever, SHMSWAP_MACHINE_KSWAPD);
}

static void killed_while_storing_without_kswapd(void)
{
	kill_in_the_middle(store_for_ever, 0);
}

static void killed_while_storing_under_the_process_scan(void)
{
	kill_in_the_middle(store_for_ever,
			   SHMSWAP_MACHINE_KSWAPD | SHMSWAP_MACHINE_SHM_PROCESS);
}

static void killed_with_threads(void)
{
	kill_in_the_middle(store_in_threads_for_ever, SHMSWAP_MACHINE_KSWAPD);
}

static void killed_while_attaching(void)
{
	kill_in_the_middle(attach_for_ever, SHMSWAP_MACHINE_KSWAPD);
}

static void killed_while_forking(void)
{
	kill_in_the_middle(fork_for_ever, SHMSWAP_MACHINE_KSWAPD);
}

static void killed_while_cutting(void)
{
	kill_in_the_middle(cut_for_ever, SHMSWAP_MACHINE_KSWAPD);
}

/* A fork in one thread while the others fault, and an exit with all of them. */
static void fork_under_faults(void *arg)
{
	struct victim *v = arg, threads[2] = { *v, *v };
	pthread_t thread;
	int i;

	for (i = 0; i < 2; i++) {
		threads[i].rnd += 1 + i;
		ASSERT_EQ(pthread_create(&thread, NULL, store_in_thread, &threads[i]), 0);
	}
	for (i = 0; i < 10; i++)
		ktap_join(ktap_fork(child_stores_a_little, v));
	exit(0);
}

static void fork_and_exit_under_faults(void)
{
	struct victim v = { .progress = ktap_shared(SM_PAGE) };
	int i;

	v.fd = sm_machine(FRAMES, 2 * MANY_PAGES, SHMSWAP_MACHINE_KSWAPD);
	ASSERT_GE(v.fd, 0);
	v.id = live_segment(v.fd, MANY_PAGES);
	v.at = live_attach(v.fd, v.id, 0);
	live_fill(v.at, MANY_PAGES, SEED);
	for (i = 0; i < 4; i++)
		ktap_join(ktap_fork(fork_under_faults, &v));
	EXPECT_EQ(live_stat(v.fd, v.id).nattch, 1);
	EXPECT(live_filled(v.at, MANY_PAGES, SEED));
	live_check(v.fd);
}

int main(int argc, char **argv)
{
	static const struct ktap_case cases[] = {
		KTAP_CASE(fork_inherits),
		KTAP_CASE(stores_are_shared),
		KTAP_CASE(generations),
		KTAP_CASE(not_to_be_inherited),
		KTAP_CASE(pid_namespaces),
		KTAP_CASE(vfork_borrows),
		KTAP_CASE(processes_with_one_address_space),
		KTAP_CASE(address_space_without_its_first_process),
		KTAP_CASE(threads),
		KTAP_CASE(exec_leaves_all_behind),
		KTAP_CASE(a_child_is_killed),
		KTAP_CASE(last_attach_goes_with_a_process),
		KTAP_CASE(killed_while_loading),
		KTAP_CASE(killed_while_storing),
		KTAP_CASE(killed_while_storing_without_kswapd),
		KTAP_CASE(killed_while_storing_under_the_process_scan),
		KTAP_CASE(killed_with_threads),
		KTAP_CASE(killed_while_attaching),
		KTAP_CASE(killed_while_forking),
		KTAP_CASE(killed_while_cutting),
		KTAP_CASE(fork_and_exit_under_faults),
	};

	return ktap_run(argc, argv, cases, ARRAY_SIZE(cases));
}
