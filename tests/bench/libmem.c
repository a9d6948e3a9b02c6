// SPDX-License-Identifier: GPL-2.0
#define _GNU_SOURCE
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/swap.h>
#include <unistd.h>

#include "libbench.h"
#include "liblive.h"
#include "libmem.h"
#include "libshm.h"

/* Returns -1 with errno if the kernel refuses it. */
static int put(const char *path, const char *text)
{
	int file = must_real(open(path, O_WRONLY | O_CLOEXEC), path);
	ssize_t ret = write(file, text, strlen(text));
	int error = errno;

	close(file);
	errno = error;
	return ret < 0 ? -1 : 0;
}

/*
 * Segments
 */

char *memory_attach(const struct memory *m)
{
	char *mem;

	if (m->machine != KERNEL)
		return (char *)must(live_shmat(m->machine, m->id, 0, 0), "SHMAT");
	mem = shmat(m->id, NULL, 0);
	if (mem == (void *)-1)
		err(1, "shmat");
	return mem;
}

void memory_detach(const struct memory *m, char *mem)
{
	if (m->machine == KERNEL)
		must_real(shmdt(mem), "shmdt");
	else
		must(live_shmdt(m->machine, (uintptr_t)mem), "SHMDT");
}

void memory_new(struct memory *m, int machine, uint32_t pages)
{
	*m = (struct memory){ .machine = machine, .pages = pages };
	if (machine == KERNEL)
		m->id = must_real(shmget(IPC_PRIVATE, pages * SM_PAGE, 0600), "shmget");
	else
		m->id = must(sm_shmget(machine, IPC_PRIVATE, pages * SM_PAGE, 0600), "shmget");
	m->mem = memory_attach(m);
}

void memory_private(struct memory *m, uint32_t pages)
{
	*m = (struct memory){ .machine = KERNEL, .id = -1, .pages = pages };
	m->mem = mmap(NULL, pages * SM_PAGE, PROT_READ | PROT_WRITE,
		      MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (m->mem == MAP_FAILED)
		err(1, "mmap");
	/* A huge page would be one fault. */
	madvise(m->mem, pages * SM_PAGE, MADV_NOHUGEPAGE);
}

void memory_free(struct memory *m)
{
	if (m->id < 0) {
		munmap(m->mem, m->pages * SM_PAGE);
		return;
	}
	if (m->mem)
		memory_detach(m, m->mem);
	if (m->machine == KERNEL)
		must_real(shmctl(m->id, IPC_RMID, NULL), "IPC_RMID");
	else
		must(sm_shm_remove(m->machine, m->id), "IPC_RMID");
}

void touch(char *mem, uint32_t pages, bool write)
{
	uint32_t i;

	for (i = 0; i < pages; i++) {
		if (write)
			__atomic_store_n(&mem[i * SM_PAGE], 1, __ATOMIC_RELAXED);
		else
			__atomic_load_n(&mem[i * SM_PAGE], __ATOMIC_RELAXED);
	}
}

/*
 * Swap areas
 */

void swap_new(const char *path, uint32_t pages)
{
	struct sm_swap_header header = sm_swap_header(pages);
	int file = must_real(open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600), path);
	char zeros[SM_PAGE] = { 0 };
	uint32_t i;

	must_real(pwrite(file, &header, sizeof(header), 0), path);
	for (i = 1; i <= pages; i++)
		must_real(pwrite(file, zeros, SM_PAGE, i * SM_PAGE), path);
	must_real(fsync(file), path);
	close(file);
}

void swap_on(int machine, const char *path)
{
	int file;

	if (machine == KERNEL) {
		must_real(swapon(path, 0), path);
		return;
	}
	file = must_real(open(path, O_RDWR | O_CLOEXEC), path);
	must(sm_swapon(machine, file), "SWAPON");
	close(file);
}

void kernel_swap_off(const char *path)
{
	must_real(swapoff(path), path);
}

void kernel_page_cluster(int order)
{
	char text[12];

	snprintf(text, sizeof(text), "%d", order);
	must_real(put("/proc/sys/vm/page-cluster", text), "page-cluster");
}

uint32_t swapped(int machine)
{
	struct shmswap_stat stat;
	struct shm_info info;

	if (machine == KERNEL) {
		must_real(shmctl(0, SHM_INFO, (struct shmid_ds *)&info), "SHM_INFO");
		return info.shm_swp;
	}
	must(sm_stat(machine, &stat), "STAT");
	return stat.shm_swp;
}

void memory_swap_out(const struct memory *m)
{
	uint32_t left = m->pages;

	if (m->machine == KERNEL) {
		must_real(madvise(m->mem, m->pages * SM_PAGE, MADV_PAGEOUT), "MADV_PAGEOUT");
		return;
	}
	/* The first turn makes the pages old, the second one takes them. */
	left -= must(sm_reclaim_shm(m->machine, left), "RECLAIM");
	if (left)
		must(sm_reclaim_shm(m->machine, left), "RECLAIM");
}

/*
 * Costs
 */

double memory_load_cost(void *arg)
{
	struct memory *m = arg;

	start();
	touch(m->mem, m->pages, false);
	return stop(m->pages);
}

double memory_store_cost(void *arg)
{
	struct memory *m = arg;

	start();
	touch(m->mem, m->pages, true);
	return stop(m->pages);
}

/* Private pages are not counted anywhere; but all go out. */
static uint32_t pages_out(const struct memory *m)
{
	return m->id < 0 ? m->pages : swapped(m->machine);
}

double memory_out_cost(void *arg)
{
	struct memory *m = arg;
	double cost;

	touch(m->mem, m->pages, true);
	start();
	memory_swap_out(m);
	cost = stop(1);
	return cost / pages_out(m);
}

double memory_in_cost(void *arg)
{
	struct memory *m = arg;
	uint32_t pages;

	touch(m->mem, m->pages, true);
	memory_swap_out(m);
	pages = pages_out(m);
	return memory_store_cost(m) * m->pages / pages;
}

double memory_attach_cost(void *arg)
{
	struct memory *m = arg;
	int i;

	start();
	for (i = 0; i < CALLS; i++)
		memory_detach(m, memory_attach(m));
	return stop(CALLS);
}

double memory_fill_cost(void *arg)
{
	struct memory m;
	double cost;

	memory_new(&m, *(int *)arg, PAGES);
	cost = memory_store_cost(&m);
	memory_free(&m);
	return cost;
}

/*
 * The memory cgroup
 */

#define CGROUPS		"/sys/fs/cgroup/"

void group_new(uint32_t pages)
{
	char bytes[32];

	must_real(put(CGROUPS "cgroup.subtree_control", "+memory"), "+memory");
	must_real(mkdir(GROUP, 0755), GROUP);
	if (!pages)
		return;
	snprintf(bytes, sizeof(bytes), "%lu", pages * SM_PAGE);
	must_real(put(GROUP "memory.max", bytes), "memory.max");
}

void group_enter(void)
{
	must_real(put(GROUP "cgroup.procs", "0"), "cgroup.procs");
}

void group_reclaim(uint32_t pages)
{
	char bytes[32];

	snprintf(bytes, sizeof(bytes), "%lu", pages * SM_PAGE);
	/* EAGAIN: it did not get all of them. */
	if (put(GROUP "memory.reclaim", bytes) && errno != EAGAIN)
		err(1, "memory.reclaim");
}

void group_remove(void)
{
	must_real(rmdir(GROUP), GROUP);
}
