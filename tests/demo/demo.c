// SPDX-License-Identifier: GPL-2.0
/*
 * What "make demo" shows: real processes share System V segments six times as
 * large as the memory of their machine. Each reads pages that others wrote,
 * compares every byte, and writes new ones, while kswapd swaps to a file.
 *
 * usage: demo [SECONDS]
 */
#define _GNU_SOURCE
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "libshm.h"

#define FRAMES		512
#define SEGMENTS	3
#define SEG_PAGES	1024
#define PAGES		(SEGMENTS * SEG_PAGES)
#define SLOTS		4095
#define PROCESSES	4
#define FIRST_KEY	0x1996		/* the year of Linux 2.0 */
#define SWAP_FILE	"/tmp/shmswap.swap"
#define INTERVAL_MS	500

#define mib(pages)	((pages) * SM_PAGE >> 20)

/* What the processes know of each other, in real shared memory. */
static struct {
	bool stop;
	uint64_t verified;	/* bytes */
	uint64_t lost;		/* pages */
	long long start;
	struct {
		bool locked;
		uint32_t version;	/* what it was last written with; 0: never */
	} page[PAGES];
} *world;

static uint64_t address[SEGMENTS];

static long long now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000LL + now.tv_nsec / 1000000;
}

static int must(int ret, const char *what)
{
	if (ret < 0) {
		errno = -ret;
		err(1, "%s", what);
	}
	return ret;
}

/*
 * The processes
 */

static void lock_page(uint32_t page)
{
	while (__atomic_test_and_set(&world->page[page].locked, __ATOMIC_ACQUIRE))
		sched_yield();
}

static void unlock_page(uint32_t page)
{
	__atomic_clear(&world->page[page].locked, __ATOMIC_RELEASE);
}

static uint64_t page_address(uint32_t page)
{
	return address[page / SEG_PAGES] + page % SEG_PAGES * SM_PAGE;
}

/* The bytes that a page has to have. */
static void expected_bytes(uint32_t page, char *bytes)
{
	uint32_t version = world->page[page].version;

	if (version)
		sm_fill(bytes, SM_PAGE, (uint64_t)page << 32 | version);
	else
		memset(bytes, 0, SM_PAGE);
}

static void verify_page(int fd, uint32_t page)
{
	char found[SM_PAGE], expected[SM_PAGE];
	int64_t len = sm_load(fd, page_address(page), found, SM_PAGE);

	expected_bytes(page, expected);
	if (len != SM_PAGE || memcmp(found, expected, SM_PAGE))
		__atomic_add_fetch(&world->lost, 1, __ATOMIC_RELAXED);
	__atomic_add_fetch(&world->verified, SM_PAGE, __ATOMIC_RELAXED);
}

static void rewrite_page(int fd, uint32_t page)
{
	char bytes[SM_PAGE];

	world->page[page].version++;
	expected_bytes(page, bytes);
	if (sm_store(fd, page_address(page), bytes, SM_PAGE) != SM_PAGE)
		__atomic_add_fetch(&world->lost, 1, __ATOMIC_RELAXED);
}

/* Three of four go to a tenth of the pages, which moves along with time. */
static uint32_t next_page(uint64_t *rnd)
{
	uint32_t hot = (now_ms() - world->start) / 4;

	if (sm_random(rnd, 4))
		return (hot + sm_random(rnd, PAGES / 10)) % PAGES;
	return sm_random(rnd, PAGES);
}

static void live(int fd, int number)
{
	uint64_t rnd = number;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	while (!__atomic_load_n(&world->stop, __ATOMIC_RELAXED)) {
		uint32_t page = next_page(&rnd);

		lock_page(page);
		verify_page(fd, page);
		if (sm_random(&rnd, 2))
			rewrite_page(fd, page);
		unlock_page(page);
	}
}

/* A process of ours and one of the machine, with its parent's attaches. */
static pid_t start_process(int fd, int number)
{
	int child = must(sm_fork(fd), "SHMSWAP_IOC_FORK");
	pid_t pid = fork();

	if (pid < 0)
		err(1, "fork");
	if (!pid) {
		close(fd);
		live(child, number);
		_exit(0);
	}
	close(child);
	return pid;
}

/*
 * The machine
 */

static void remove_swap_file(void)
{
	unlink(SWAP_FILE);
}

static int make_swap_file(void)
{
	int file = open(SWAP_FILE, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	if (file < 0)
		err(1, "%s", SWAP_FILE);
	atexit(remove_swap_file);
	if (posix_fallocate(file, 0, (SLOTS + 1) * SM_PAGE))
		err(1, "%s", SWAP_FILE);
	must(sm_mkswap(file), "mkswap");
	return file;
}

static int make_machine(void)
{
	int fd = sm_machine(FRAMES, 0, SHMSWAP_MACHINE_KSWAPD);
	int file, i;

	if (fd == -ENOENT || fd == -ENXIO)
		errx(1, "there is no /dev/shmswap: the module is not loaded");
	must(fd, "/dev/shmswap");
	file = make_swap_file();
	must(sm_swapon(fd, file), "SHMSWAP_IOC_SWAPON");
	close(file);
	for (i = 0; i < SEGMENTS; i++) {
		int id = must(sm_shmget(fd, FIRST_KEY + i, SEG_PAGES * SM_PAGE,
					IPC_CREAT | 0600), "shmget");
		int64_t addr = sm_shmat(fd, id, 0, 0);

		if (addr < 0)
			must(addr, "shmat");
		address[i] = addr;
	}
	return fd;
}

static void print_machine(void)
{
	struct utsname uts;

	uname(&uts);
	printf("A machine of %d frames (%lu MiB) in Linux %s.\n", FRAMES, mib(FRAMES),
	       uts.release);
	printf("%d processes share %d segments, %lu MiB in all: %d times its memory.\n",
	       PROCESSES, SEGMENTS, mib(PAGES), PAGES / FRAMES);
	printf("kswapd swaps them to %s, %d slots (%lu MiB), made by mkswap.\n\n",
	       SWAP_FILE, SLOTS, mib(SLOTS + 1));
	fflush(stdout);
}

/*
 * The picture
 */

static void print_heading(void)
{
	puts("       pages of segments    free      pages that the clock     hands  pages/second");
	puts("  time  resident  swapped frames  looked at  took out    seg:page     in    out");
}

static void print_row(int fd, struct shmswap_stat *last, long long *last_ms)
{
	struct shmswap_stat stat;
	struct shmswap_clock clock;
	long long now = now_ms(), elapsed = now - *last_ms;

	must(sm_stat(fd, &stat), "SHMSWAP_IOC_STAT");
	must(sm_clock(fd, &clock), "SHMSWAP_IOC_QUERY");
	if (elapsed < 1)
		elapsed = 1;
	printf("%5.1fs %9llu%9llu%7llu%11llu%10llu%7llu:%-4llu %6llu %6llu\n",
	       (now - world->start) / 1000.0, stat.shm_rss, stat.shm_swp,
	       stat.nr_free_pages, stat.swap_attempts, stat.swap_successes,
	       clock.swap_id, clock.swap_idx,
	       (stat.pswpin - last->pswpin) * 1000 / elapsed,
	       (stat.pswpout - last->pswpout) * 1000 / elapsed);
	fflush(stdout);
	*last = stat;
	*last_ms = now;
}

static void watch(int fd, int seconds)
{
	struct shmswap_stat last = { 0 };
	long long last_ms = now_ms();

	print_heading();
	do {
		usleep(INTERVAL_MS * 1000);
		print_row(fd, &last, &last_ms);
	} while (now_ms() - world->start < seconds * 1000);
}

/* As ipcs -m and ipcs -mu print it. */
static void print_segments(int fd)
{
	struct shmswap_seg segs[SEGMENTS];
	struct shmswap_shmctl arg = SM_ARG(shmctl);
	int nr = must(sm_query(fd, SHMSWAP_QUERY_SEGS, 0, segs, SEGMENTS), "QUERY"), i;

	printf("\n------ Shared Memory Segments --------\n"
	       "key        shmid      perms      bytes      nattch     resident   swapped\n");
	for (i = 0; i < nr; i++)
		printf("0x%08x %-10d %-10o %-10llu %-10llu %-10llu %llu\n",
		       segs[i].ds.key, segs[i].shmid, segs[i].ds.mode,
		       segs[i].ds.segsz, segs[i].ds.nattch, segs[i].ds.rss,
		       segs[i].ds.swp);
	must(sm_shmctl(fd, 0, SHM_INFO, &arg), "SHM_INFO");
	printf("\n------ Shared Memory Status --------\n"
	       "segments allocated %llu\npages allocated %llu\n"
	       "pages resident  %llu\npages swapped   %llu\n"
	       "Swap performance: %llu attempts\t %llu successes\n\n",
	       arg.shm_info.used_ids, arg.shm_info.shm_tot, arg.shm_info.shm_rss,
	       arg.shm_info.shm_swp, arg.shm_info.swap_attempts,
	       arg.shm_info.swap_successes);
}

static int print_verdict(int fd)
{
	uint32_t page;

	for (page = 0; page < PAGES; page++)
		verify_page(fd, page);
	if (world->lost) {
		printf("%llu pages were NOT what had been written to them.\n",
		       (unsigned long long)world->lost);
		return 1;
	}
	printf("%llu bytes were read back: every byte verified.\n",
	       (unsigned long long)world->verified);
	must(sm_check(fd), "SHMSWAP_IOC_CHECK");
	printf("Self-check: every frame, slot and page table entry is accounted for.\n");
	return 0;
}

int main(int argc, char **argv)
{
	int seconds = argc > 1 ? atoi(argv[1]) : 12;
	pid_t pids[PROCESSES];
	int fd, i, status, broken = 0;

	world = mmap(NULL, sizeof(*world), PROT_READ | PROT_WRITE,
		     MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (world == MAP_FAILED)
		err(1, "mmap");
	fd = make_machine();
	print_machine();
	world->start = now_ms();
	for (i = 0; i < PROCESSES; i++)
		pids[i] = start_process(fd, i);
	watch(fd, seconds);
	print_segments(fd);
	__atomic_store_n(&world->stop, true, __ATOMIC_RELAXED);
	for (i = 0; i < PROCESSES; i++)
		broken |= waitpid(pids[i], &status, 0) < 0 || status;
	return print_verdict(fd) || broken;
}
