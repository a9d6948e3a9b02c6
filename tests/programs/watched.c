// SPDX-License-Identifier: GPL-2.0
/*
 * What tests/e2e/ctl_watch.sh watches: states of the default machine, and a load.
 * It says "ready", and what it made lasts until its standard input ends.
 *
 * usage: watched state		known pages of two segments, on 64 frames
 *        watched touch PAGE	a store to that page of the first one, and it ends
 *        watched cache		a page in the swap cache, with shm_reclaim=process
 *        watched many SEGMENTS	so many segments, and one of 256 GiB
 *        watched live SECONDS	segments, processes and pages come and go
 */
#include <err.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "libshm.h"

#define SHARED_KEY	0x1996
#define SHARED_PAGES	200
#define LOCKED_KEY	0x1997
#define LOCKED_PAGES	100

#define must(call) ({						\
	int64_t result = call;					\
	if (result < 0)						\
		errx(1, "%s: %s", #call, strerror(-result));	\
	result;							\
})

static int machine(void)
{
	return must(sm_open());
}

static void set_initial_age(int fd, uint32_t age)
{
	struct shmswap_control control = SM_ARG(control);

	must(sm_control(fd, &control));
	control.set = SHMSWAP_CONTROL_SWAPCTL;
	control.page_initial_age = age;
	must(sm_control(fd, &control));
}

/*
 * Of the first segment pages 0 and 1 are swapped out; 2 to 29 are of age 3, 30 to 34
 * of age 11, 35 to 39 of age 20, all old, and the others untouched. The child has
 * pages 0 to 3; page 2 is young there. The hand is at page 2. The second segment
 * is locked and has 4 pages.
 */
static void make_state(void)
{
	int fd = machine(), child = must(sm_fork(fd)), shared, locked;
	uint64_t addr, child_addr;

	shared = must(sm_shmget(fd, SHARED_KEY, SHARED_PAGES * SM_PAGE, IPC_CREAT | 0600));
	locked = must(sm_shmget(fd, LOCKED_KEY, LOCKED_PAGES * SM_PAGE, IPC_CREAT | 0644));
	addr = must(sm_shmat(fd, shared, 0, 0));
	child_addr = must(sm_shmat(child, shared, 0, 0));
	must(sm_touch(fd, addr, 30, SHMSWAP_TOUCH_WRITE));
	set_initial_age(fd, 11);
	must(sm_touch(fd, addr + 30 * SM_PAGE, 5, SHMSWAP_TOUCH_WRITE));
	set_initial_age(fd, 20);
	must(sm_touch(fd, addr + 35 * SM_PAGE, 5, SHMSWAP_TOUCH_WRITE));
	set_initial_age(fd, 3);
	must(sm_touch(child, child_addr, 4, 0));
	addr = must(sm_shmat(fd, locked, 0, 0));
	must(sm_touch(fd, addr, 4, 0));
	must(sm_shm_lock(fd, locked));
	must(sm_reclaim(fd, SHMSWAP_RECLAIM_SHM, 0, 2));
	must(sm_touch(child, child_addr + 2 * SM_PAGE, 1, 0));
}

/* Turn by turn, until the first page has left one of two processes. */
static void make_cache(void)
{
	int fd = machine(), child = must(sm_fork(fd)), shmid;
	struct shmswap_control control = SM_ARG(control);
	struct shmswap_stat stat;

	must(sm_control(fd, &control));
	control.set = SHMSWAP_CONTROL_SWAPCTL | SHMSWAP_CONTROL_SCAN;
	control.page_decline = control.max_page_age;
	control.age_cluster_fract = 1;
	control.age_cluster_min = 1;
	control.pageout_weight = 1;
	must(sm_control(fd, &control));
	shmid = must(sm_shmget(fd, SHARED_KEY, 8 * SM_PAGE, IPC_CREAT | 0600));
	must(sm_touch(fd, must(sm_shmat(fd, shmid, 0, 0)), 8, SHMSWAP_TOUCH_WRITE));
	must(sm_touch(child, must(sm_shmat(child, shmid, 0, 0)), 8, SHMSWAP_TOUCH_WRITE));
	do {
		must(sm_reclaim(fd, SHMSWAP_RECLAIM_SWAP_OUT, 0, 1));
		must(sm_stat(fd, &stat));
	} while (!stat.nr_swapcache);
}

static void touch(uint32_t page)
{
	int fd = machine();
	uint64_t addr = must(sm_shmat(fd, must(sm_shmget(fd, SHARED_KEY, 0, 0)), 0, 0));

	must(sm_touch(fd, addr + page * SM_PAGE, 1, SHMSWAP_TOUCH_WRITE));
	exit(0);
}

static void make_many(unsigned int segments)
{
	int fd = machine(), shmid;
	uint64_t addr;

	while (segments--)
		must(sm_shmget(fd, IPC_PRIVATE, SM_PAGE, IPC_CREAT | 0600));
	shmid = must(sm_shmget(fd, IPC_PRIVATE, SHMSWAP_MAX_SEGSZ, IPC_CREAT | 0600));
	addr = must(sm_shmat(fd, shmid, 0, 0));
	must(sm_touch(fd, addr, 1, SHMSWAP_TOUCH_WRITE));
	must(sm_touch(fd, addr + SHMSWAP_MAX_SEGSZ - SM_PAGE, 1, SHMSWAP_TOUCH_WRITE));
}

/* A new process with a new segment, for a short time. What has no room does without. */
static void live_once(int fd, uint64_t *state)
{
	int child = sm_fork(fd), shmid;
	uint32_t pages = 1 + sm_random(state, 300);
	int64_t addr;

	shmid = sm_shmget(fd, IPC_PRIVATE, pages * SM_PAGE, IPC_CREAT | 0600);
	addr = sm_shmat(child, shmid, 0, 0);
	if (addr > 0) {
		sm_touch(child, addr, pages, SHMSWAP_TOUCH_WRITE);
		sm_touch(child, addr, pages / 2, 0);
	}
	sm_shm_remove(fd, shmid);
	close(child);
}

static void live(unsigned int seconds, uint64_t state)
{
	time_t end = time(NULL) + seconds;
	int fd = machine();

	while (time(NULL) < end)
		live_once(fd, &state);
}

static void make_live(unsigned int seconds)
{
	struct shmswap_control control = SM_ARG(control, .set = SHMSWAP_CONTROL_FLAGS,
						.flags = SHMSWAP_MACHINE_KSWAPD);
	unsigned int i;

	must(sm_control(machine(), &control));
	printf("ready\n");
	fflush(stdout);
	for (i = 0; i < 2; i++) {
		if (!fork()) {
			live(seconds, i);
			exit(0);
		}
	}
	while (wait(NULL) > 0)
		;
	exit(0);
}

int main(int argc, char **argv)
{
	const char *what = argc > 1 ? argv[1] : "";
	unsigned int number = argc > 2 ? strtoul(argv[2], NULL, 0) : 0;

	if (!strcmp(what, "state"))
		make_state();
	else if (!strcmp(what, "touch"))
		touch(number);
	else if (!strcmp(what, "cache"))
		make_cache();
	else if (!strcmp(what, "many"))
		make_many(number);
	else if (!strcmp(what, "live"))
		make_live(number);
	else
		errx(2, "usage: watched state|touch PAGE|cache|many SEGMENTS|live SECONDS");
	printf("ready\n");
	fflush(stdout);
	while (getchar() != EOF)
		;
	return 0;
}
