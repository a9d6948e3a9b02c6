// SPDX-License-Identifier: GPL-2.0
/* e2e: timeout=240 */
/*
 * Futexes in really mapped attaches, and what the C library builds on them: they
 * work across processes, at whatever address each has them, and while their page is
 * on its way to swap and back.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <linux/futex.h>
#include <pthread.h>
#include <sched.h>
#include <semaphore.h>
#include <signal.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "ktap.h"
#include "libcase.h"
#include "liblive.h"

#define PAGES	8
#define SEED	1

/*
 * The system call
 */

static long futex(unsigned int *word, int op, unsigned int value)
{
	long ret = syscall(SYS_futex, word, op, value, NULL, NULL, 0);

	return ret < 0 ? -errno : ret;
}

#define WAITS	10

/* At another address than the parent's, and in an attach that is read-only. */
static void wait_for_each(void *arg)
{
	struct live_shared *s = arg;
	unsigned int *word = (unsigned int *)(live_attach(s->fd, s->id, SHM_RDONLY) + 3 * SM_PAGE);
	unsigned int i;

	for (i = 0; i < WAITS; i++) {
		live_reach(s->stage, i + 1);
		while (LIVE_READ(word) == i) {
			long ret = futex(word, FUTEX_WAIT, i);

			if (ret)
				EXPECT_EQ(ret, -EAGAIN);
		}
	}
}

static bool sleeps(pid_t pid)
{
	char path[40], state = 0;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%d/stat", pid);
	file = fopen(path, "r");
	ASSERT(file);
	EXPECT_EQ(fscanf(file, "%*d %*s %c", &state), 1);
	fclose(file);
	return state == 'S';
}

/* The page goes out while they wait for it, and comes back into another frame. */
static void wake_each(uint32_t flags)
{
	struct live_shared s = live_share(flags, PAGES);
	unsigned int *word = (unsigned int *)(s.at + 3 * SM_PAGE), i;
	pid_t pid;

	live_fill(s.at, PAGES, SEED);
	*word = 0;
	pid = ktap_fork(wait_for_each, &s);
	for (i = 0; i < WAITS; i++) {
		live_await(s.stage, i + 1);
		ASSERT_SOON(sleeps(pid));
		EXPECT_GT(live_swap_out(s.fd), 0);
		EXPECT_EQ(live_present(s.at, PAGES), 0);
		LIVE_WRITE(word, i + 1);
		if (i % 2)
			live_swap_out(s.fd);
		EXPECT_EQ(futex(word, FUTEX_WAKE, 1), 1);
	}
	ktap_join(pid);
	live_check(s.fd);
}

static void futex_across_swap(void)
{
	wake_each(0);
}

static void futex_across_swap_by_the_process_scan(void)
{
	wake_each(SHMSWAP_MACHINE_SHM_PROCESS);
}

static void use_futexes(void *arg)
{
	struct live_shared *s = arg;
	uint64_t rnd = getpid();
	int i;

	for (i = 0; i < 2000; i++) {
		unsigned int *word = (unsigned int *)(s->at + sm_random(&rnd, PAGES) * SM_PAGE);

		EXPECT_EQ(futex(word, FUTEX_WAKE, 1), 0);
		EXPECT_EQ(futex(word, FUTEX_WAIT, 77), -EAGAIN);
	}
}

/* No page is ever without its segment while somebody looks at it. */
static void futexes_while_pages_leave(void)
{
	struct live_shared s = live_share(0, PAGES);
	pid_t pids[2];
	int i;

	live_fill(s.at, PAGES, SEED);
	for (i = 0; i < 2; i++)
		pids[i] = ktap_fork(use_futexes, &s);
	live_swap_until_done(s.fd, pids, 2);
	EXPECT(live_filled(s.at, PAGES, SEED));
}

static void two_words_are_two_futexes(void)
{
	struct live_shared s = live_share(0, PAGES);
	char *other = live_attach(s.fd, live_segment(s.fd, PAGES), 0);
	pid_t pid = ktap_fork(wait_for_each, &s);
	unsigned int i;

	live_await(s.stage, 1);
	ASSERT_SOON(sleeps(pid));
	EXPECT_EQ(futex((unsigned int *)(s.at + 2 * SM_PAGE), FUTEX_WAKE, 1), 0);
	EXPECT_EQ(futex((unsigned int *)(s.at + 3 * SM_PAGE + 4), FUTEX_WAKE, 1), 0);
	EXPECT_EQ(futex((unsigned int *)(other + 3 * SM_PAGE), FUTEX_WAKE, 1), 0);
	for (i = 0; i < WAITS; i++) {
		live_await(s.stage, i + 1);
		LIVE_WRITE((unsigned int *)(s.at + 3 * SM_PAGE), i + 1);
		futex((unsigned int *)(s.at + 3 * SM_PAGE), FUTEX_WAKE, 1);
	}
	ktap_join(pid);
}

/* The kernel stores to a word and wakes who waits for it when a thread ends. */
static int end_later(void *arg)
{
	struct live_shared *s = arg;

	live_await(s->stage, 1);
	return 0;
}

static void word_that_an_exit_clears(void)
{
	static char stack[65536] __attribute__((aligned(16)));
	struct live_shared s = live_share(0, PAGES);
	int *word = (int *)(s.at + 2 * SM_PAGE);
	pid_t pid = clone(end_later, stack + sizeof(stack), CLONE_VM | CLONE_CHILD_SETTID |
			  CLONE_CHILD_CLEARTID | SIGCHLD, &s, NULL, NULL, word);

	ASSERT_GT(pid, 0);
	EXPECT_SOON(LIVE_READ(word) == pid);
	live_swap_out(s.fd);
	EXPECT_EQ(live_present(s.at, PAGES), 0);
	live_reach(s.stage, 1);
	ktap_join(pid);
	EXPECT_EQ(*word, 0);
	live_check(s.fd);
}

/*
 * What the C library builds on them
 */

#define USERS	3
#define ROUNDS	200

/* In the first page; the numbers are in others, so that several have to be there. */
struct objects {
	pthread_mutex_t mutex;
	pthread_cond_t cond;
	sem_t full, empty;
	int turn;
};

static struct objects *make_objects(const struct live_shared *s, int protocol, int robust)
{
	struct objects *o = (struct objects *)s->at;
	pthread_mutexattr_t mutex;
	pthread_condattr_t cond;

	ASSERT_EQ(pthread_mutexattr_init(&mutex), 0);
	ASSERT_EQ(pthread_mutexattr_setpshared(&mutex, PTHREAD_PROCESS_SHARED), 0);
	ASSERT_EQ(pthread_mutexattr_setprotocol(&mutex, protocol), 0);
	ASSERT_EQ(pthread_mutexattr_setrobust(&mutex, robust), 0);
	ASSERT_EQ(pthread_mutex_init(&o->mutex, &mutex), 0);
	ASSERT_EQ(pthread_condattr_init(&cond), 0);
	ASSERT_EQ(pthread_condattr_setpshared(&cond, PTHREAD_PROCESS_SHARED), 0);
	ASSERT_EQ(pthread_cond_init(&o->cond, &cond), 0);
	ASSERT_EQ(sem_init(&o->full, 1, 0), 0);
	ASSERT_EQ(sem_init(&o->empty, 1, 1), 0);
	return o;
}

static void count_under_mutex(void *arg)
{
	struct live_shared *s = arg;
	struct objects *o = (struct objects *)s->at;
	int i;

	for (i = 0; i < ROUNDS; i++) {
		ASSERT_EQ(pthread_mutex_lock(&o->mutex), 0);
		EXPECT_EQ(*live_word(s, 3), *live_word(s, 6));
		++*live_word(s, 3);
		++*live_word(s, 6);
		ASSERT_EQ(pthread_mutex_unlock(&o->mutex), 0);
	}
}

static void run_users(struct live_shared *s, void (*life)(void *arg))
{
	pid_t pids[USERS];
	int i;

	for (i = 0; i < USERS; i++)
		pids[i] = ktap_fork(life, s);
	live_swap_until_done(s->fd, pids, USERS);
}

static void mutex(void)
{
	struct live_shared s = live_share(0, PAGES);

	make_objects(&s, PTHREAD_PRIO_NONE, PTHREAD_MUTEX_STALLED);
	run_users(&s, count_under_mutex);
	EXPECT_EQ(*live_word(&s, 3), USERS * ROUNDS);
}

static void mutex_that_lends_priority(void)
{
	struct live_shared s = live_share(0, PAGES);

	make_objects(&s, PTHREAD_PRIO_INHERIT, PTHREAD_MUTEX_STALLED);
	run_users(&s, count_under_mutex);
	EXPECT_EQ(*live_word(&s, 3), USERS * ROUNDS);
}

/* Each in turn: everybody is woken by somebody else. */
static void take_turns(void *arg)
{
	struct live_shared *s = arg;
	struct objects *o = (struct objects *)s->at;
	int mine = __atomic_fetch_add(s->stage, 1, __ATOMIC_RELAXED), i;

	for (i = 0; i < ROUNDS / 4; i++) {
		ASSERT_EQ(pthread_mutex_lock(&o->mutex), 0);
		while (o->turn % USERS != mine)
			ASSERT_EQ(pthread_cond_wait(&o->cond, &o->mutex), 0);
		o->turn++;
		++*live_word(s, 5);
		ASSERT_EQ(pthread_cond_broadcast(&o->cond), 0);
		ASSERT_EQ(pthread_mutex_unlock(&o->mutex), 0);
	}
}

static void condition_variable(void)
{
	struct live_shared s = live_share(0, PAGES);
	struct objects *o = make_objects(&s, PTHREAD_PRIO_NONE, PTHREAD_MUTEX_STALLED);

	run_users(&s, take_turns);
	EXPECT_EQ(o->turn, USERS * (ROUNDS / 4));
	EXPECT_EQ(*live_word(&s, 5), o->turn);
}

static void produce(void *arg)
{
	struct live_shared *s = arg;
	struct objects *o = (struct objects *)s->at;
	int i;

	for (i = 0; i < ROUNDS; i++) {
		ASSERT_EQ(sem_wait(&o->empty), 0);
		*live_word(s, 1 + i % (PAGES - 1)) = i;
		ASSERT_EQ(sem_post(&o->full), 0);
	}
}

static void consume(void *arg)
{
	struct live_shared *s = arg;
	struct objects *o = (struct objects *)s->at;
	int i;

	for (i = 0; i < ROUNDS; i++) {
		ASSERT_EQ(sem_wait(&o->full), 0);
		EXPECT_EQ(*live_word(s, 1 + i % (PAGES - 1)), i);
		ASSERT_EQ(sem_post(&o->empty), 0);
	}
}

static void semaphores(void)
{
	struct live_shared s = live_share(SHMSWAP_MACHINE_KSWAPD, PAGES);
	pid_t pids[2];

	make_objects(&s, PTHREAD_PRIO_NONE, PTHREAD_MUTEX_STALLED);
	pids[0] = ktap_fork(produce, &s);
	pids[1] = ktap_fork(consume, &s);
	live_swap_until_done(s.fd, pids, 2);
}

static void lock_and_wait(void *arg)
{
	struct live_shared *s = arg;
	struct objects *o = (struct objects *)s->at;

	ASSERT_EQ(pthread_mutex_lock(&o->mutex), 0);
	*live_word(s, 3) = 1;
	live_reach(s->stage, 1);
	for (;;)
		pause();
}

/* The kernel tells the next one that the owner died, wherever the mutex is then. */
static void die_with_a_mutex(int protocol, bool swapped)
{
	struct live_shared s = live_share(0, PAGES);
	struct objects *o = make_objects(&s, protocol, PTHREAD_MUTEX_ROBUST);
	pid_t pid = ktap_fork(lock_and_wait, &s);

	live_await(s.stage, 1);
	EXPECT_EQ(pthread_mutex_trylock(&o->mutex), EBUSY);
	if (swapped) {
		live_swap_out(s.fd);
		EXPECT_EQ(live_stat(s.fd, s.id).rss, 0);
	}
	kill(pid, SIGKILL);
	ktap_join_killed(pid, SIGKILL);
	ASSERT_EQ(pthread_mutex_lock(&o->mutex), EOWNERDEAD);
	EXPECT_EQ(pthread_mutex_consistent(&o->mutex), 0);
	EXPECT_EQ(*live_word(&s, 3), 1);
	EXPECT_EQ(pthread_mutex_unlock(&o->mutex), 0);
	EXPECT_EQ(pthread_mutex_lock(&o->mutex), 0);
	live_check(s.fd);
}

static void owner_of_a_mutex_dies(void)
{
	die_with_a_mutex(PTHREAD_PRIO_NONE, false);
}

static void owner_of_a_swapped_mutex_dies(void)
{
	die_with_a_mutex(PTHREAD_PRIO_NONE, true);
}

static void owner_of_a_swapped_mutex_that_lends_priority_dies(void)
{
	die_with_a_mutex(PTHREAD_PRIO_INHERIT, true);
}

int main(int argc, char **argv)
{
	static const struct ktap_case cases[] = {
		KTAP_CASE(futex_across_swap),
		KTAP_CASE(futex_across_swap_by_the_process_scan),
		KTAP_CASE(futexes_while_pages_leave),
		KTAP_CASE(two_words_are_two_futexes),
		KTAP_CASE(word_that_an_exit_clears),
		KTAP_CASE(mutex),
		KTAP_CASE(mutex_that_lends_priority),
		KTAP_CASE(condition_variable),
		KTAP_CASE(semaphores),
		KTAP_CASE(owner_of_a_mutex_dies),
		KTAP_CASE(owner_of_a_swapped_mutex_dies),
		KTAP_CASE(owner_of_a_swapped_mutex_that_lends_priority_dies),
	};

	return ktap_run(argc, argv, cases, ARRAY_SIZE(cases));
}
