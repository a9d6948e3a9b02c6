// SPDX-License-Identifier: GPL-2.0
/* bench: modules=brd */
/*
 * What operations cost, in instructions, and beside it what the kernel's own
 * memory costs that the same is done to, in the same boot. The kernel swaps to a RAM
 * disk, by MADV_PAGEOUT, and by memory.reclaim where pages have several sharers.
 *
 * Run by scripts/bench in a guest whose time stamp counter counts instructions,
 * so that the figures of one kernel do not vary.
 */
#define _GNU_SOURCE
#include <err.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "libbench.h"
#include "libmem.h"
#include "libsharers.h"
#include "libshm.h"

/*
 * Machines
 */

struct bench {
	int fd;
	int id;
	uint64_t addr;
	uint32_t pages;
	uint64_t *accesses;
	uint32_t count;
	int events;		/* file of its events */
};

#define MAX_EVENTS	(1 << 17)

static void new_segment(struct bench *b, uint32_t pages)
{
	b->pages = pages;
	b->id = must(sm_shmget(b->fd, IPC_PRIVATE, pages * SM_PAGE, 0600), "shmget");
	b->addr = must(sm_shmat(b->fd, b->id, 0, 0), "shmat");
}

static void new_machine(struct bench *b, uint32_t frames, uint32_t ram_swap, uint32_t pages)
{
	*b = (struct bench){ .fd = must(sm_machine(frames, ram_swap, 0), "CREATE") };
	new_segment(b, pages);
}

/* Random accesses to all pages, reads and writes by turns. */
static void new_trace(struct bench *b, uint32_t count)
{
	uint64_t rnd = 1;
	uint32_t i;

	b->count = count;
	b->accesses = calloc(count, sizeof(*b->accesses));
	for (i = 0; i < count; i++)
		b->accesses[i] = (b->addr + sm_random(&rnd, b->pages) * SM_PAGE) | (i & 1);
}

static void free_machine(struct bench *b)
{
	free(b->accesses);
	close(b->fd);
}

static double run_trace(void *arg)
{
	struct bench *b = arg;
	struct shmswap_touch done;

	start();
	must(sm_touch_list(b->fd, b->accesses, b->count, &done), "TOUCH");
	return stop(b->count);
}

/* What happens meanwhile is recorded, and read. */
static double run_recorded(void *arg)
{
	static struct shmswap_event events[1024];
	struct bench *b = arg;
	struct shmswap_touch done;
	struct shmswap_ring ring;
	double cost;

	start();
	must(sm_touch_list(b->fd, b->accesses, b->count, &done), "TOUCH");
	while (read(b->events, events, sizeof(events)) > 0)
		;
	cost = stop(b->count);
	must(sm_ring(b->events, &ring), "RING");
	must(ring.out_dropped ? -ENOSPC : 0, "the ring's size");
	return cost;
}

/*
 * Accesses
 */

static void bench_touch(void)
{
	struct shmswap_stat before, after;
	struct bench b;
	char name[80];
	double cost;

	heading("access, in a batch");
	new_machine(&b, 2 * PAGES, 0, PAGES);
	must(sm_touch(b.fd, b.addr, PAGES, SHMSWAP_TOUCH_WRITE), "TOUCH");
	new_trace(&b, 16 * PAGES);
	row("of a resident page", measure(run_trace, &b), 0, 0);
	free_machine(&b);

	/* Memory for four fifths of the pages: a fifth of the accesses miss. */
	new_machine(&b, PAGES, 2 * PAGES, PAGES * 6 / 5);
	must(sm_touch(b.fd, b.addr, b.pages, SHMSWAP_TOUCH_WRITE), "TOUCH");
	new_trace(&b, 4 * PAGES);
	must(sm_stat(b.fd, &before), "STAT");
	cost = measure(run_trace, &b);
	must(sm_stat(b.fd, &after), "STAT");
	snprintf(name, sizeof(name), "where %.0f %% evict a page and read one",
		 100.0 * (after.pswpin - before.pswpin) / b.count / REPEATS);
	row(name, cost, 0, 0);
	b.events = must(sm_events(b.fd, 0, MAX_EVENTS), "EVENTS");
	row("  and every event is recorded, and read", measure(run_recorded, &b), 0, 0);
	close(b.events);
	/* For a second the module goes on as if somebody listened. */
	sleep(2);
	free_machine(&b);
}

static double zero_fill(void *arg)
{
	struct bench *b = arg;
	double cost;

	new_segment(b, PAGES);
	start();
	must(sm_touch(b->fd, b->addr, PAGES, SHMSWAP_TOUCH_WRITE), "TOUCH");
	cost = stop(PAGES);
	must(sm_shm_remove(b->fd, b->id), "IPC_RMID");
	must(sm_shmdt(b->fd, b->addr), "shmdt");
	return cost;
}

/* A page that another attach has brought in. */
static double minor_fault(void *arg)
{
	struct bench *b = arg;
	uint64_t addr = must(sm_shmat(b->fd, b->id, 0, 0), "shmat");
	double cost;

	start();
	must(sm_touch(b->fd, addr, PAGES, SHMSWAP_TOUCH_WRITE), "TOUCH");
	cost = stop(PAGES);
	must(sm_shmdt(b->fd, addr), "shmdt");
	return cost;
}

static double minor_fault_real(void *arg)
{
	struct memory *m = arg;
	char *mem = memory_attach(m);
	double cost;

	start();
	touch(mem, m->pages, true);
	cost = stop(m->pages);
	memory_detach(m, mem);
	return cost;
}

static void bench_faults(void)
{
	int kernel = KERNEL;
	struct memory real;
	struct bench b;

	heading("fault, in a batch");
	new_machine(&b, 2 * PAGES, 0, 1);
	/* The first round takes the frames' memory from the kernel. */
	zero_fill(&b);
	row("zero-fill", measure(zero_fill, &b), measure(memory_fill_cost, &kernel), 0);
	free_machine(&b);

	new_machine(&b, 2 * PAGES, 0, PAGES);
	must(sm_touch(b.fd, b.addr, PAGES, SHMSWAP_TOUCH_WRITE), "TOUCH");
	memory_new(&real, KERNEL, PAGES);
	touch(real.mem, PAGES, true);
	row("of a page that another process has", measure(minor_fault, &b),
	    measure(minor_fault_real, &real), 0);
	memory_free(&real);
	free_machine(&b);
}

/*
 * Swapping
 */

/* Makes every page old, so that the next visit takes it. */
static void age(struct bench *b)
{
	if (must(sm_reclaim_shm(b->fd, 1), "RECLAIM"))
		errx(1, "a young page was taken");
}

static double swap_out(void *arg)
{
	struct bench *b = arg;
	double cost;

	must(sm_touch(b->fd, b->addr, b->pages, SHMSWAP_TOUCH_WRITE), "TOUCH");
	age(b);
	start();
	if (sm_reclaim_shm(b->fd, b->pages) != (int)b->pages)
		errx(1, "not every page was taken");
	cost = stop(b->pages);
	must(sm_touch(b->fd, b->addr, b->pages, SHMSWAP_TOUCH_WRITE), "TOUCH");
	return cost;
}

static double swap_in(void *arg)
{
	struct bench *b = arg;

	must(sm_touch(b->fd, b->addr, b->pages, SHMSWAP_TOUCH_WRITE), "TOUCH");
	age(b);
	must(sm_reclaim_shm(b->fd, b->pages), "RECLAIM");
	start();
	must(sm_touch(b->fd, b->addr, b->pages, SHMSWAP_TOUCH_WRITE), "TOUCH");
	return stop(b->pages);
}

static void swap_rows(struct bench *b, const char *where, double real_out, double real_in)
{
	double out = measure(swap_out, b), in = measure(swap_in, b);
	char name[80];

	snprintf(name, sizeof(name), "out, %s", where);
	row(name, out, real_out, 0);
	snprintf(name, sizeof(name), "in, %s", where);
	row(name, in, real_in, 0);
	snprintf(name, sizeof(name), "out and in, %s", where);
	row(name, out + in, real_out + real_in, 0);
}

/* There is no mkswap(8) in this guest. */
static void swap_to_tmpfs(struct bench *b)
{
	swap_new("/tmp/swap", PAGES);
	swap_on(b->fd, "/tmp/swap");
	unlink("/tmp/swap");
}

static void bench_swap(void)
{
	struct memory real;
	struct bench b;
	double out, in;

	memory_new(&real, KERNEL, PAGES);
	out = measure(memory_out_cost, &real);
	in = measure(memory_in_cost, &real);
	memory_free(&real);

	heading("swap of a page");
	new_machine(&b, 2 * PAGES, PAGES, PAGES);
	swap_out(&b);
	swap_rows(&b, "RAM", out, in);
	free_machine(&b);

	new_machine(&b, 2 * PAGES, 0, PAGES);
	swap_to_tmpfs(&b);
	swap_out(&b);
	swap_rows(&b, "a file in tmpfs", out, in);
	free_machine(&b);
}

/* Swap-out where each page is mapped by a number of processes. */
static double swap_out_shared(struct bench *b, const int *fds, int nr)
{
	double values[REPEATS];
	int i, j;

	for (i = 0; i < REPEATS; i++) {
		for (j = 0; j < nr; j++)
			must(sm_touch(fds[j], b->addr, b->pages, 0), "TOUCH");
		age(b);
		start();
		if (sm_reclaim_shm(b->fd, b->pages) != (int)b->pages)
			errx(1, "not every page was taken");
		values[i] = stop(b->pages);
	}
	return median(values, REPEATS);
}

static void measure_sharers(double *cost)
{
	int fds[MAX_SHARERS], nr = 1, i;
	struct bench b;

	new_machine(&b, 4 * SHARED_PAGES, SHARED_PAGES, SHARED_PAGES);
	fds[0] = b.fd;
	for (i = 0; i < NR_SHARERS; i++) {
		for (; nr < sharers_counts[i]; nr++)
			fds[nr] = must(sm_fork(b.fd), "FORK");
		cost[i] = swap_out_shared(&b, fds, nr);
	}
	while (--nr > 0)
		close(fds[nr]);
	free_machine(&b);
}

static void measure_real_sharers(double *cost)
{
	struct sharers s;
	int i;

	sharers_new(&s, KERNEL, SHARED_PAGES);
	for (i = 0; i < NR_SHARERS; i++) {
		sharers_grow(&s, sharers_counts[i]);
		cost[i] = sharers_swap_out(&s, true);
	}
	sharers_free(&s);
}

static void bench_sharers(void)
{
	double cost[NR_SHARERS], real[NR_SHARERS];
	char name[80];
	int i;

	measure_sharers(cost);
	measure_real_sharers(real);
	heading("swap-out of a page, RAM");
	for (i = 0; i < NR_SHARERS; i++) {
		snprintf(name, sizeof(name), "with %d sharer%s", sharers_counts[i],
			 sharers_counts[i] > 1 ? "s" : "");
		row(name, cost[i], real[i], 0);
	}
	row("each further sharer", sharers_slope(cost), sharers_slope(real), 0);
}

/*
 * Private memory
 */

static void new_private_machine(struct bench *b, uint32_t ram_swap)
{
	*b = (struct bench){ .fd = must(sm_machine(4 * PAGES, ram_swap, 0), "CREATE") };
	b->pages = PAGES;
	b->addr = must(sm_mmap(b->fd, 0, PAGES * SM_PAGE, PROT_READ | PROT_WRITE,
			       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0), "MMAP");
	must(sm_touch(b->fd, b->addr, PAGES, SHMSWAP_TOUCH_WRITE), "TOUCH");
}

static double fork_pages(void *arg)
{
	struct bench *b = arg;
	double cost;
	int child;

	start();
	child = must(sm_fork(b->fd), "FORK");
	cost = stop(PAGES);
	close(child);
	return cost;
}

/* A child that has nothing to do. */
static double fork_pages_real(void *arg)
{
	double cost;
	pid_t pid;

	(void)arg;
	start();
	pid = must_real(fork(), "fork");
	if (!pid)
		_exit(0);
	cost = stop(PAGES);
	waitpid(pid, NULL, 0);
	return cost;
}

static double copy_on_write(void *arg)
{
	struct bench *b = arg;
	int child = must(sm_fork(b->fd), "FORK");
	double cost;

	start();
	must(sm_touch(child, b->addr, PAGES, SHMSWAP_TOUCH_WRITE), "TOUCH");
	cost = stop(PAGES);
	close(child);
	return cost;
}

static double copy_on_write_real(void *arg)
{
	return in_child(memory_store_cost, arg);
}

/* From the last access to the last frame: with all the scanning in between. */
static double scan(void *arg)
{
	struct bench *b = arg;
	uint32_t freed = 0;
	double cost;

	must(sm_touch(b->fd, b->addr, PAGES, SHMSWAP_TOUCH_WRITE), "TOUCH");
	start();
	while (freed < PAGES)
		freed += must(sm_reclaim(b->fd, SHMSWAP_RECLAIM_TRY, 0, PAGES - freed), "RECLAIM");
	cost = stop(PAGES);
	must(sm_touch(b->fd, b->addr, PAGES, SHMSWAP_TOUCH_WRITE), "TOUCH");
	return cost;
}

static double swap_in_private(void *arg)
{
	struct bench *b = arg;

	scan(b);
	must(sm_reclaim_everything(b->fd), "RECLAIM");
	start();
	must(sm_touch(b->fd, b->addr, PAGES, 0), "TOUCH");
	return stop(PAGES);
}

static void read_ahead_row(struct bench *b, struct memory *real, const char *where,
			   uint32_t page_cluster)
{
	struct shmswap_control control = SM_ARG(control, .set = SHMSWAP_CONTROL_PAGE_CLUSTER,
						.page_cluster = page_cluster);
	char name[80];

	must(sm_control(b->fd, &control), "CONTROL");
	kernel_page_cluster(page_cluster);
	snprintf(name, sizeof(name), "swap-in, %s, %s at a time", where,
		 page_cluster ? "eight" : "one");
	row(name, measure(swap_in_private, b), measure(memory_in_cost, real), 0);
	kernel_page_cluster(0);
}

static void bench_private(void)
{
	struct shmswap_stat before, after;
	struct memory real;
	struct bench b;

	heading("private memory, per page");
	new_private_machine(&b, 2 * PAGES);
	memory_private(&real, PAGES);
	touch(real.mem, PAGES, true);
	row("fork", measure(fork_pages, &b), measure(fork_pages_real, NULL), 0);
	row("copy on write", measure(copy_on_write, &b), measure(copy_on_write_real, &real), 0);
	must(sm_stat(b.fd, &before), "STAT");
	row("process scan and swap-out, RAM", measure(scan, &b), measure(memory_out_cost, &real),
	    0);
	must(sm_stat(b.fd, &after), "STAT");
	printf("%-44s %12.1f\n", "  PTEs looked at for it",
	       (double)(after.pgscan - before.pgscan) / (after.pgsteal - before.pgsteal));
	read_ahead_row(&b, &real, "RAM", 0);
	read_ahead_row(&b, &real, "RAM", 3);
	free_machine(&b);

	new_private_machine(&b, 0);
	swap_to_tmpfs(&b);
	read_ahead_row(&b, &real, "a file in tmpfs", 0);
	read_ahead_row(&b, &real, "a file in tmpfs", 3);
	memory_free(&real);
	free_machine(&b);
}

/*
 * Calls
 */

static double get_by_key(void *arg)
{
	struct bench *b = arg;
	int i;

	start();
	for (i = 0; i < CALLS; i++)
		must(sm_shmget(b->fd, 500, 0, 0), "shmget");
	return stop(CALLS);
}

static double get_by_key_real(void *arg)
{
	int i;

	(void)arg;
	start();
	for (i = 0; i < CALLS; i++)
		must(shmget(500, 0, 0), "shmget");
	return stop(CALLS);
}

static double create_and_remove(void *arg)
{
	struct bench *b = arg;
	int i;

	start();
	for (i = 0; i < CALLS; i++)
		sm_shm_remove(b->fd, sm_shmget(b->fd, IPC_PRIVATE, 16 * SM_PAGE, 0600));
	return stop(CALLS);
}

static double create_and_remove_real(void *arg)
{
	int i;

	(void)arg;
	start();
	for (i = 0; i < CALLS; i++)
		shmctl(shmget(IPC_PRIVATE, 16 * SM_PAGE, 0600), IPC_RMID, NULL);
	return stop(CALLS);
}

static double attach_and_detach(void *arg)
{
	struct bench *b = arg;
	int i;

	start();
	for (i = 0; i < CALLS; i++)
		sm_shmdt(b->fd, sm_shmat(b->fd, b->id, 0, 0));
	return stop(CALLS);
}

/* Segments with the keys from first to last, on both sides. */
static void create_keys(struct bench *b, int first, int last)
{
	int key;

	for (key = first; key <= last; key++) {
		must(sm_shmget(b->fd, key, SM_PAGE, IPC_CREAT | 0600), "shmget");
		must(shmget(key, SM_PAGE, IPC_CREAT | 0600), "shmget");
	}
}

static void bench_calls(void)
{
	struct memory real;
	struct bench b;

	heading("call");
	new_machine(&b, 64, 0, 16);
	memory_new(&real, KERNEL, PAGES);
	create_keys(&b, 500, 500);
	row("shmget by key", measure(get_by_key, &b), measure(get_by_key_real, NULL), 0);
	row("shmget of a new segment and IPC_RMID", measure(create_and_remove, &b),
	    measure(create_and_remove_real, NULL), 0);
	row("shmat and shmdt", measure(attach_and_detach, &b),
	    measure(memory_attach_cost, &real), 0);
	create_keys(&b, 1, 1000);
	row("shmget by key, 1000 segments", measure(get_by_key, &b),
	    measure(get_by_key_real, NULL), 0);
	row("shmget and IPC_RMID, 1000 segments", measure(create_and_remove, &b),
	    measure(create_and_remove_real, NULL), 0);
	row("shmat and shmdt, 1000 segments", measure(attach_and_detach, &b),
	    measure(memory_attach_cost, &real), 0);
	free_machine(&b);
}

/*
 * Memory
 */

static double table_bytes(int fd)
{
	struct shmswap_stat stat;

	must(sm_stat(fd, &stat), "STAT");
	return stat.nr_table_bytes;
}

static void byte_row(const char *name, double bytes)
{
	printf("%-44s %12.1f\n", name, bytes);
}

/* What touching pages of a process adds to the tables. */
static double touch_adds(int fd, uint64_t addr, uint32_t pages)
{
	double before = table_bytes(fd);

	must(sm_touch(fd, addr, pages, 0), "TOUCH");
	return table_bytes(fd) - before;
}

static void bench_memory(void)
{
	uint32_t more = 16 * PAGES;
	struct bench b;
	double empty;
	int other;

	new_machine(&b, 32 * PAGES, 0, 1);
	empty = table_bytes(b.fd);
	new_segment(&b, more + 1);
	other = must(sm_fork(b.fd), "FORK");
	printf("\n%-44s %12s\n", "memory for tables", "bytes");
	byte_row("segment, attached by two processes", table_bytes(b.fd) - empty);
	byte_row("first page that is touched", touch_adds(b.fd, b.addr, 1));
	byte_row("each further page",
		 touch_adds(b.fd, b.addr + SM_PAGE, more) / more);
	byte_row("first page in another process", touch_adds(other, b.addr, 1));
	byte_row("each further page",
		 touch_adds(other, b.addr + SM_PAGE, more) / more);
	close(other);
	free_machine(&b);
}

int main(void)
{
	bench_touch();
	bench_faults();
	kernel_page_cluster(0);
	swap_new(RAM_DISK, RAM_DISK_SLOTS);
	swap_on(KERNEL, RAM_DISK);
	bench_swap();
	bench_sharers();
	bench_private();
	kernel_swap_off(RAM_DISK);
	bench_calls();
	bench_memory();
	return 0;
}
