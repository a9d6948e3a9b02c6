// SPDX-License-Identifier: GPL-2.0
/*
 * What operations cost, in instructions, and what the kernel's own shared
 * memory costs beside it.
 *
 * Run by scripts/bench in a guest whose time stamp counter counts instructions,
 * so that the figures of one kernel do not vary. The kernel's figures come from
 * the same boot, but those marked with * from runs of their own, as they need a
 * swap device: Linux 6.1 in such a guest, swapping to a RAM disk, by madvise(2),
 * and by memory.reclaim where pages have several sharers.
 */
#define _GNU_SOURCE
#include <err.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>
#include <x86intrin.h>

#include "libshm.h"

#define REPEATS		7
#define PAGES		1024
#define CALLS		1000

/* The kernel's figures that are marked with *. */
#define KERNEL_SWAP_OUT		8190.0
#define KERNEL_SWAP_IN		9435.0
#define KERNEL_PER_SHARER	1422.0

#define NR_SHARERS	5
static const int sharers[NR_SHARERS] = { 1, 4, 16, 64, 256 };
static const double kernel_shared[NR_SHARERS] = { 9440, 12330, 29700, 98600, 371600 };

/*
 * Measuring
 */

static int64_t must(int64_t ret, const char *what)
{
	if (ret < 0) {
		errno = -ret;
		err(1, "%s", what);
	}
	return ret;
}

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return x < y ? -1 : x > y;
}

static double median(double *values)
{
	qsort(values, REPEATS, sizeof(*values), compare);
	return values[REPEATS / 2];
}

static uint64_t started;

static void start(void)
{
	started = __rdtsc();
}

/* Instructions of each of @ops operations since start(). */
static double stop(double ops)
{
	return (__rdtsc() - started) / ops;
}

/* The median of several runs; a run returns instructions for an operation. */
static double measure(double (*run)(void *arg), void *arg)
{
	double values[REPEATS];
	int i;

	for (i = 0; i < REPEATS; i++)
		values[i] = run(arg);
	return median(values);
}

static void heading(const char *title)
{
	printf("\n%-44s %12s %12s %7s\n", title, "instructions", "kernel's own", "ratio");
}

static void row(const char *name, double ours, double kernel, const char *mark)
{
	printf("%-44s %12.0f ", name, ours);
	if (kernel)
		printf("%11.0f%1s %7.2f\n", kernel, mark, ours / kernel);
	else
		printf("%11s  %7s\n", "-", "-");
	fflush(stdout);
}

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
};

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
	row("of a resident page", measure(run_trace, &b), 0, "");
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
	row(name, cost, 0, "");
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

static char *attach_real(int id)
{
	char *mem = shmat(id, NULL, 0);

	if (mem == (void *)-1)
		err(1, "shmat");
	return mem;
}

static void touch_real(char *mem)
{
	uint32_t i;

	for (i = 0; i < PAGES; i++)
		__atomic_store_n(&mem[i * SM_PAGE], 1, __ATOMIC_RELAXED);
}

static int segment_real(void)
{
	int id = shmget(IPC_PRIVATE, PAGES * SM_PAGE, 0600);

	if (id < 0)
		err(1, "shmget");
	return id;
}

static double zero_fill_real(void *arg)
{
	int id = segment_real();
	char *mem = attach_real(id);
	double cost;

	(void)arg;
	start();
	touch_real(mem);
	cost = stop(PAGES);
	shmctl(id, IPC_RMID, NULL);
	shmdt(mem);
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
	char *mem = attach_real(*(int *)arg);
	double cost;

	start();
	touch_real(mem);
	cost = stop(PAGES);
	shmdt(mem);
	return cost;
}

static void bench_faults(void)
{
	struct bench b;
	char *mem;
	int real;

	heading("fault, in a batch");
	new_machine(&b, 2 * PAGES, 0, 1);
	/* The first round takes the frames' memory from the kernel. */
	zero_fill(&b);
	row("zero-fill", measure(zero_fill, &b), measure(zero_fill_real, NULL), "");
	free_machine(&b);

	new_machine(&b, 2 * PAGES, 0, PAGES);
	must(sm_touch(b.fd, b.addr, PAGES, SHMSWAP_TOUCH_WRITE), "TOUCH");
	real = segment_real();
	mem = attach_real(real);
	touch_real(mem);
	row("of a page that another process has", measure(minor_fault, &b),
	    measure(minor_fault_real, &real), "");
	shmdt(mem);
	shmctl(real, IPC_RMID, NULL);
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

static void swap_rows(struct bench *b, const char *where)
{
	double out = measure(swap_out, b), in = measure(swap_in, b);
	char name[80];

	snprintf(name, sizeof(name), "out, %s", where);
	row(name, out, KERNEL_SWAP_OUT, "*");
	snprintf(name, sizeof(name), "in, %s", where);
	row(name, in, KERNEL_SWAP_IN, "*");
	snprintf(name, sizeof(name), "out and in, %s", where);
	row(name, out + in, KERNEL_SWAP_OUT + KERNEL_SWAP_IN, "*");
}

/* There is no mkswap(8) in this guest. */
static void swap_to_tmpfs(struct bench *b)
{
	struct sm_swap_header header = sm_swap_header(PAGES);
	int file = must(sm_file_with_header(&header, (PAGES + 1) * SM_PAGE), "a swap file");

	must(sm_swapon(b->fd, file), "SWAPON");
	close(file);
}

static void bench_swap(void)
{
	struct bench b;

	heading("swap of a page");
	new_machine(&b, 2 * PAGES, PAGES, PAGES);
	swap_out(&b);
	swap_rows(&b, "RAM");
	free_machine(&b);

	new_machine(&b, 2 * PAGES, 0, PAGES);
	swap_to_tmpfs(&b);
	swap_out(&b);
	swap_rows(&b, "a file in tmpfs");
	free_machine(&b);
}

#define SHARED_PAGES	64

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
	return median(values);
}

static void bench_sharers(void)
{
	double cost[NR_SHARERS];
	int fds[256], nr = 1;
	struct bench b;
	char name[80];
	size_t i;

	heading("swap-out of a page, RAM");
	new_machine(&b, 4 * SHARED_PAGES, SHARED_PAGES, SHARED_PAGES);
	fds[0] = b.fd;
	for (i = 0; i < NR_SHARERS; i++) {
		for (; nr < sharers[i]; nr++)
			fds[nr] = must(sm_fork(b.fd), "FORK");
		cost[i] = swap_out_shared(&b, fds, nr);
		snprintf(name, sizeof(name), "with %d sharer%s", nr, nr > 1 ? "s" : "");
		row(name, cost[i], kernel_shared[i], "*");
	}
	row("each further sharer", (cost[NR_SHARERS - 1] - cost[NR_SHARERS - 2]) /
	    (sharers[NR_SHARERS - 1] - sharers[NR_SHARERS - 2]), KERNEL_PER_SHARER, "*");
	while (--nr > 0)
		close(fds[nr]);
	free_machine(&b);
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

static char *private_real(uint32_t pages)
{
	char *mem = mmap(NULL, pages * SM_PAGE, PROT_READ | PROT_WRITE,
			 MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (mem == MAP_FAILED)
		err(1, "mmap");
	/* A huge page would be one fault. */
	madvise(mem, pages * SM_PAGE, MADV_NOHUGEPAGE);
	return mem;
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

/* What fork(2) takes; the child tells what storing to all pages took, if asked. */
static double fork_real(char *mem, bool copy)
{
	double *copied = mmap(NULL, SM_PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS,
			      -1, 0);
	double cost;
	pid_t pid;

	*copied = 0;
	start();
	pid = fork();
	if (!pid) {
		start();
		if (copy)
			touch_real(mem);
		*copied = stop(PAGES);
		_exit(0);
	}
	cost = stop(PAGES);
	must(pid, "fork");
	waitpid(pid, NULL, 0);
	if (copy)
		cost = *copied;
	munmap(copied, SM_PAGE);
	return cost;
}

static double fork_pages_real(void *mem)
{
	return fork_real(mem, false);
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

static double copy_on_write_real(void *mem)
{
	return fork_real(mem, true);
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

static void read_ahead_rows(struct bench *b, const char *where)
{
	struct shmswap_control control = SM_ARG(control, .set = SHMSWAP_CONTROL_PAGE_CLUSTER);
	char name[80];

	snprintf(name, sizeof(name), "swap-in, %s, one at a time", where);
	must(sm_control(b->fd, &control), "CONTROL");
	row(name, measure(swap_in_private, b), KERNEL_SWAP_IN, "*");
	control = SM_ARG(control, .set = SHMSWAP_CONTROL_PAGE_CLUSTER, .page_cluster = 3);
	must(sm_control(b->fd, &control), "CONTROL");
	snprintf(name, sizeof(name), "swap-in, %s, eight at a time", where);
	row(name, measure(swap_in_private, b), KERNEL_SWAP_IN, "*");
}

static void bench_private(void)
{
	struct shmswap_stat before, after;
	struct bench b;
	char *mem;

	heading("private memory, per page");
	new_private_machine(&b, 2 * PAGES);
	mem = private_real(PAGES);
	touch_real(mem);
	row("fork", measure(fork_pages, &b), measure(fork_pages_real, mem), "");
	row("copy on write", measure(copy_on_write, &b), measure(copy_on_write_real, mem), "");
	munmap(mem, PAGES * SM_PAGE);
	must(sm_stat(b.fd, &before), "STAT");
	row("process scan and swap-out, RAM", measure(scan, &b), KERNEL_SWAP_OUT, "*");
	must(sm_stat(b.fd, &after), "STAT");
	printf("%-44s %12.1f\n", "  PTEs looked at for it",
	       (double)(after.pgscan - before.pgscan) / (after.pgsteal - before.pgsteal));
	read_ahead_rows(&b, "RAM");
	free_machine(&b);

	new_private_machine(&b, 0);
	swap_to_tmpfs(&b);
	read_ahead_rows(&b, "a file in tmpfs");
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

static double attach_and_detach_real(void *arg)
{
	int i;

	start();
	for (i = 0; i < CALLS; i++)
		shmdt(shmat(*(int *)arg, NULL, 0));
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
	struct bench b;
	int real;

	heading("call");
	new_machine(&b, 64, 0, 16);
	real = segment_real();
	create_keys(&b, 500, 500);
	row("shmget by key", measure(get_by_key, &b), measure(get_by_key_real, NULL), "");
	row("shmget of a new segment and IPC_RMID", measure(create_and_remove, &b),
	    measure(create_and_remove_real, NULL), "");
	row("shmat and shmdt", measure(attach_and_detach, &b),
	    measure(attach_and_detach_real, &real), "");
	create_keys(&b, 1, 1000);
	row("shmget by key, 1000 segments", measure(get_by_key, &b),
	    measure(get_by_key_real, NULL), "");
	row("shmget and IPC_RMID, 1000 segments", measure(create_and_remove, &b),
	    measure(create_and_remove_real, NULL), "");
	row("shmat and shmdt, 1000 segments", measure(attach_and_detach, &b),
	    measure(attach_and_detach_real, &real), "");
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
	bench_swap();
	bench_sharers();
	bench_private();
	bench_calls();
	bench_memory();
	printf("\n* measured in a run of its own, see the top of this program's source\n");
	return 0;
}
