// SPDX-License-Identifier: GPL-2.0
/* bench: modules="brd ext4" programs="mkfs.ext4" */
/*
 * What really mapped segments cost, in instructions as in bench.c, and the kernel's
 * own where the same is done to them. The kernel can swap to a RAM disk and to a
 * file on it, but has no RAM swap and does not swap to tmpfs: beside these stands
 * what it takes with the RAM disk.
 */
#define _GNU_SOURCE
#include <err.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mount.h>
#include <unistd.h>

#include "libbench.h"
#include "libmem.h"
#include "libsharers.h"
#include "libshm.h"

static void row_for_both(const char *name, double (*run)(void *arg), void *ours, void *kernel,
			 double goal)
{
	row(name, measure(run, ours), measure(run, kernel), goal);
}

/*
 * Faults
 */

/* A child has its parent's attaches, but starts without a page table. */
static double load_in_child(void *arg)
{
	return in_child(memory_load_cost, arg);
}

static double store_in_child(void *arg)
{
	return in_child(memory_store_cost, arg);
}

/* The machine takes the memory of its frames from the kernel at their first use. */
static double zero_fill_new(void *arg)
{
	int machine = must(sm_machine(2 * PAGES, 0, 0), "CREATE");
	double cost = memory_fill_cost(&machine);

	(void)arg;
	close(machine);
	return cost;
}

static double detach(void *arg)
{
	struct memory *m = arg;
	char *mem = memory_attach(m);

	touch(mem, m->pages, true);
	start();
	memory_detach(m, mem);
	return stop(m->pages);
}

static void bench_faults(void)
{
	int machine = must(sm_machine(2 * PAGES, 0, 0), "CREATE"), kernel = KERNEL;
	struct memory ours, real;
	double first;

	heading("fault, really mapped");
	memory_fill_cost(&machine);
	first = measure(memory_fill_cost, &kernel);
	row("zero-fill, write", measure(memory_fill_cost, &machine), first, 0.75);
	row("zero-fill, write, of a frame never used", measure(zero_fill_new, NULL), first, 0);
	memory_new(&ours, machine, PAGES);
	memory_new(&real, KERNEL, PAGES);
	touch(ours.mem, PAGES, true);
	touch(real.mem, PAGES, true);
	row_for_both("of a page that another process has, read", load_in_child, &ours, &real, 1.1);
	row_for_both("of a page that another process has, write", store_in_child, &ours, &real,
		     1.1);
	row_for_both("none: the page is mapped", memory_load_cost, &ours, &real, 0);
	row_for_both("shmat and shmdt", memory_attach_cost, &ours, &real, 0);
	row_for_both("shmdt, for each mapped page", detach, &ours, &real, 0);
	memory_free(&ours);
	memory_free(&real);
	close(machine);
}

/*
 * Swap
 */

#define LIMIT		2048		/* what fits into memory, of twice as many pages */

/* What swapping takes with one swap area. */
struct figures {
	double out;
	double in;
	double pressure;
	double old[NR_SHARERS];
	double young[NR_SHARERS];
};

/* A swap area of the kernel, or of new machines. */
struct area {
	bool kernel;
	const char *path;	/* NULL: RAM */
};

static int use_area(const struct area *area, uint32_t frames, uint32_t flags)
{
	uint32_t ram = area->path ? 0 : RAM_DISK_SLOTS;
	int machine = KERNEL;

	if (!area->kernel)
		machine = must(sm_machine(frames, ram, flags), "CREATE");
	if (area->path)
		swap_on(machine, area->path);
	return machine;
}

static void leave_area(const struct area *area, int machine)
{
	if (area->kernel)
		kernel_swap_off(area->path);
	else
		close(machine);
}

static void measure_out_and_in(struct figures *f, const struct area *area)
{
	int machine = use_area(area, 2 * PAGES, 0);
	struct memory m;

	memory_new(&m, machine, PAGES);
	memory_out_cost(&m);
	f->out = measure(memory_out_cost, &m);
	f->in = measure(memory_in_cost, &m);
	memory_free(&m);
	leave_area(area, machine);
}

/* After the first two rounds each access takes a page, and reads another. */
static double press(void *arg)
{
	int machine = *(int *)arg;
	struct memory m;
	double cost;

	if (machine == KERNEL)
		group_enter();
	memory_new(&m, machine, 2 * LIMIT);
	touch(m.mem, m.pages, true);
	touch(m.mem, m.pages, true);
	cost = memory_store_cost(&m);
	memory_free(&m);
	return cost;
}

static double press_in_child(void *arg)
{
	return in_child(press, arg);
}

static void measure_pressure(struct figures *f, const struct area *area)
{
	int machine = use_area(area, LIMIT, SHMSWAP_MACHINE_KSWAPD);

	if (area->kernel)
		group_new(LIMIT);
	press_in_child(&machine);
	f->pressure = measure(press_in_child, &machine);
	if (area->kernel)
		group_remove();
	leave_area(area, machine);
}

static void measure_sharers(struct figures *f, const struct area *area)
{
	int machine = use_area(area, 2 * SHARED_PAGES, 0), i;
	struct sharers s;

	sharers_new(&s, machine, SHARED_PAGES);
	for (i = 0; i < NR_SHARERS; i++) {
		sharers_grow(&s, sharers_counts[i]);
		f->old[i] = sharers_swap_out(&s, true);
		f->young[i] = sharers_swap_out(&s, false);
	}
	sharers_free(&s);
	leave_area(area, machine);
}

static struct figures measure_swap(bool kernel, const char *path)
{
	struct area area = { .kernel = kernel, .path = path };
	struct figures f;

	measure_out_and_in(&f, &area);
	measure_pressure(&f, &area);
	measure_sharers(&f, &area);
	return f;
}

static void sharer_rows(const char *state, const double *ours, const double *kernel)
{
	char name[80];
	int i;

	for (i = 0; i < NR_SHARERS; i++) {
		snprintf(name, sizeof(name), "out, %s in %d process%s", state,
			 sharers_counts[i], sharers_counts[i] > 1 ? "es" : "");
		row(name, ours[i], kernel[i], 0);
	}
	snprintf(name, sizeof(name), "each further process, %s", state);
	row(name, sharers_slope(ours), sharers_slope(kernel), 1.1);
}

static void bench_swap(const char *title, const char *path, const struct figures *kernel)
{
	struct figures ours = measure_swap(false, path);

	heading(title);
	row("out", ours.out, kernel->out, 0);
	row("in", ours.in, kernel->in, 0.75);
	row("out and in, under pressure", ours.pressure, kernel->pressure, 0.75);
	sharer_rows("old", ours.old, kernel->old);
	sharer_rows("just used", ours.young, kernel->young);
}

static bool mount_ext4(void)
{
	return !system("mkfs.ext4 -q -b 4096 -m 0 -N 16 /dev/ram1") &&
	       !mount("/dev/ram1", "/mnt", "ext4", 0, NULL);
}

int main(void)
{
	struct figures kernel;

	bench_faults();
	kernel_page_cluster(0);
	swap_new(RAM_DISK, RAM_DISK_SLOTS);
	kernel = measure_swap(true, RAM_DISK);
	bench_swap("swap of a page, really mapped, RAM", NULL, &kernel);
	swap_new("/tmp/swap", RAM_DISK_SLOTS);
	bench_swap("swap of a page, really mapped, tmpfs", "/tmp/swap", &kernel);
	if (!mount_ext4())
		errx(1, "no ext4");
	swap_new("/mnt/swap", 2600);
	kernel = measure_swap(true, "/mnt/swap");
	bench_swap("swap of a page, really mapped, ext4", "/mnt/swap", &kernel);
	return 0;
}
