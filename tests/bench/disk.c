// SPDX-License-Identifier: GPL-2.0
/* bench: clock=wall disk=256M modules=ext4 */
/*
 * Swapping to a disk, in microseconds of the wall's clock for each page: what counts
 * then is how the disk is waited for, and instructions do not tell. The figures
 * depend on the machine that this runs on, their ratio less so. Really mapped
 * segments, as in live.c.
 */
#define _GNU_SOURCE
#include <err.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <unistd.h>

#include "libbench.h"
#include "libmem.h"
#include "libshm.h"

#define DISK		"/dev/vda"
#define SWAP_PAGES	16384
#define LIMIT		1024		/* what fits into memory, of twice as many pages */

/* The number behind a name in a file of such lines. */
static uint64_t number(const char *path, const char *name)
{
	FILE *file = fopen(path, "r");
	char line[200], format[60];
	uint64_t value;

	if (!file)
		err(1, "%s", path);
	snprintf(format, sizeof(format), "%s %%lu", name);
	while (fgets(line, sizeof(line), file)) {
		if (sscanf(line, format, &value) == 1) {
			fclose(file);
			return value;
		}
	}
	errx(1, "%s has no %s", path, name);
}

/* Pages that were read from swap. */
static uint64_t pages_read(int machine)
{
	struct shmswap_stat stat;

	if (machine == KERNEL)
		return number("/proc/vmstat", "pswpin");
	must(sm_stat(machine, &stat), "STAT");
	return stat.pswpin;
}

/* All pages out: on the disk, and nowhere else. */
static void evict(const struct memory *m)
{
	if (m->machine != KERNEL) {
		memory_swap_out(m);
		return;
	}
	do
		group_reclaim(m->pages);
	while (swapped(KERNEL) < m->pages || number(GROUP "memory.stat", "swapcached"));
}

static double out(void *arg)
{
	struct memory *m = arg;

	touch(m->mem, m->pages, true);
	start();
	evict(m);
	return stop(m->pages);
}

static double in(void *arg)
{
	struct memory *m = arg;
	uint64_t before;
	double cost;

	touch(m->mem, m->pages, true);
	evict(m);
	before = pages_read(m->machine);
	cost = memory_load_cost(m);
	if (pages_read(m->machine) - before < m->pages * 9 / 10)
		errx(1, "not every page was read");
	return cost;
}

/* After the first round each access takes a page, and reads another. */
static double press(void *arg)
{
	struct memory *m = arg;

	touch(m->mem, m->pages, true);
	return memory_store_cost(m);
}

/**
 * struct phase - what is measured
 * @name: what the row is called
 * @run: it, for a new segment
 * @pages: of the segment
 * @pressure: only LIMIT of them fit into memory
 */
struct phase {
	const char *name;
	double (*run)(void *arg);
	uint32_t pages;
	bool pressure;
};

#define NR_PHASES	3
static const struct phase phases[NR_PHASES] = {
	{ "out", out, LIMIT, false },
	{ "in", in, LIMIT, false },
	{ "out and in, under pressure", press, 2 * LIMIT, true },
};

struct job {
	const struct phase *phase;
	int machine;
};

static double run_phase(void *arg)
{
	const struct job *job = arg;
	struct memory m;
	double cost;

	if (job->machine == KERNEL)
		group_enter();
	memory_new(&m, job->machine, job->phase->pages);
	cost = job->phase->run(&m);
	memory_free(&m);
	return cost;
}

static double measure_real(const struct phase *phase, const char *path, int page_cluster)
{
	struct job job = { .phase = phase, .machine = KERNEL };
	double cost;

	kernel_page_cluster(page_cluster);
	swap_on(KERNEL, path);
	group_new(phase->pressure ? LIMIT : 0);
	cost = in_child(run_phase, &job);
	group_remove();
	kernel_swap_off(path);
	return cost;
}

static double measure_ours(const struct phase *phase, const char *path, int page_cluster)
{
	struct shmswap_control control = SM_ARG(control, .set = SHMSWAP_CONTROL_PAGE_CLUSTER,
						.page_cluster = page_cluster);
	struct job job = { .phase = phase };
	double cost;

	if (phase->pressure)
		job.machine = sm_machine(LIMIT, 0, SHMSWAP_MACHINE_KSWAPD);
	else
		job.machine = sm_machine(2 * LIMIT, 0, 0);
	must(job.machine, "CREATE");
	must(sm_control(job.machine, &control), "CONTROL");
	swap_on(job.machine, path);
	cost = in_child(run_phase, &job);
	close(job.machine);
	return cost;
}

/* By turns, so that what else goes on here burdens both. */
static void bench_phase(const struct phase *phase, const char *path, int page_cluster)
{
	double ours[REPEATS], real[REPEATS];
	int i;

	for (i = 0; i < REPEATS; i++) {
		ours[i] = measure_ours(phase, path, page_cluster);
		real[i] = measure_real(phase, path, page_cluster);
	}
	row(phase->name, median(ours, REPEATS), median(real, REPEATS), 0);
}

static void bench_area(const char *title, const char *path, int page_cluster)
{
	int i;

	heading(title);
	for (i = 0; i < NR_PHASES; i++)
		bench_phase(&phases[i], path, page_cluster);
}

int main(void)
{
	count_microseconds();
	swap_new(DISK, SWAP_PAGES);
	bench_area("swap of a page, disk, one at a time", DISK, 0);
	bench_area("swap of a page, disk, eight at a time", DISK, 3);
	if (system("mkfs.ext4 -q -F " DISK) || mount(DISK, "/mnt", "ext4", 0, NULL))
		errx(1, "no ext4");
	swap_new("/mnt/swap", SWAP_PAGES);
	bench_area("swap of a page, ext4, one at a time", "/mnt/swap", 0);
	bench_area("swap of a page, ext4, eight at a time", "/mnt/swap", 3);
	umount("/mnt");
	return 0;
}
