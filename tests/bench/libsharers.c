// SPDX-License-Identifier: GPL-2.0
#define _GNU_SOURCE
#include <err.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "libbench.h"
#include "libmem.h"
#include "libsharers.h"
#include "libshm.h"

const int sharers_counts[NR_SHARERS] = { 1, 4, 16, 64, MAX_SHARERS };

double sharers_slope(const double *costs)
{
	return (costs[NR_SHARERS - 1] - costs[NR_SHARERS - 2]) /
	       (sharers_counts[NR_SHARERS - 1] - sharers_counts[NR_SHARERS - 2]);
}

static double charge(void *arg)
{
	struct sharers *s = arg;

	group_enter();
	touch(s->memory.mem, s->memory.pages, true);
	return 0;
}

void sharers_new(struct sharers *s, int machine, uint32_t pages)
{
	*s = (struct sharers){ .nr = 0 };
	must_real(pipe2(s->done, O_CLOEXEC), "pipe");
	memory_new(&s->memory, machine, pages);
	if (machine == KERNEL) {
		group_new(0);
		in_child(charge, s);
	} else {
		touch(s->memory.mem, pages, true);
	}
	memory_detach(&s->memory, s->memory.mem);
	s->memory.mem = NULL;
}

/*
 * The kernel looks only at accessed bits of processes in the group that it takes
 * pages from. This one comes with as little as possible of its own.
 */
static void serve(struct sharers *s, int orders)
{
	char order = 0, *mem = memory_attach(&s->memory);

	touch(mem, s->memory.pages, false);
	if (s->memory.machine == KERNEL)
		group_enter();
	do {
		touch(mem, s->memory.pages, false);
		must_real(write(s->done[1], &order, 1), "write");
	} while (read(orders, &order, 1) == 1);
	_exit(0);
}

static void wait_for_one(struct sharers *s)
{
	char order;

	if (read(s->done[0], &order, 1) != 1)
		errx(1, "a sharer is gone");
}

static void add(struct sharers *s)
{
	int ends[2];
	pid_t pid;

	must_real(pipe2(ends, O_CLOEXEC), "pipe");
	pid = must_real(fork(), "fork");
	if (!pid)
		serve(s, ends[0]);
	close(ends[0]);
	s->pids[s->nr] = pid;
	s->orders[s->nr++] = ends[1];
	wait_for_one(s);
}

void sharers_grow(struct sharers *s, int nr)
{
	while (s->nr < nr)
		add(s);
}

void sharers_free(struct sharers *s)
{
	while (s->nr--) {
		kill(s->pids[s->nr], SIGKILL);
		waitpid(s->pids[s->nr], NULL, 0);
		close(s->orders[s->nr]);
	}
	close(s->done[0]);
	close(s->done[1]);
	memory_free(&s->memory);
	if (s->memory.machine == KERNEL)
		group_remove();
}

/* One after the other. */
static void touch_all(struct sharers *s)
{
	char order = 0;
	int i;

	for (i = 0; i < s->nr; i++) {
		must_real(write(s->orders[i], &order, 1), "write");
		wait_for_one(s);
	}
}

static void clear_accessed(pid_t pid)
{
	char path[40];
	int file;

	snprintf(path, sizeof(path), "/proc/%d/clear_refs", pid);
	file = must_real(open(path, O_WRONLY | O_CLOEXEC), path);
	must_real(write(file, "1", 1), path);
	close(file);
}

static void make_old(struct sharers *s)
{
	int i;

	if (s->memory.machine != KERNEL) {
		if (must(sm_reclaim_shm(s->memory.machine, 1), "RECLAIM"))
			errx(1, "a young page was taken");
		return;
	}
	for (i = 0; i < s->nr; i++)
		clear_accessed(s->pids[i]);
}

/* As good as all: the kernel leaves some, in batches that it has begun. */
static void take(struct sharers *s)
{
	uint32_t enough = s->memory.pages * 9 / 10, left, tries;

	for (tries = 0; tries < 10; tries++) {
		left = s->memory.pages - swapped(s->memory.machine);
		if (s->memory.machine == KERNEL)
			group_reclaim(left);
		else
			must(sm_reclaim_shm(s->memory.machine, left), "RECLAIM");
		if (swapped(s->memory.machine) >= enough)
			return;
	}
	errx(1, "%u pages of %u do not go out", left, s->memory.pages);
}

double sharers_swap_out(struct sharers *s, bool old)
{
	double values[REPEATS];
	int i;

	for (i = 0; i < REPEATS; i++) {
		touch_all(s);
		if (swapped(s->memory.machine))
			errx(1, "not every page is in memory");
		if (old)
			make_old(s);
		start();
		take(s);
		values[i] = stop(swapped(s->memory.machine));
	}
	return median(values, REPEATS);
}
