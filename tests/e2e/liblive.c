// SPDX-License-Identifier: GPL-2.0
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "ktap.h"
#include "libcase.h"
#include "liblive.h"

#define CHUNK		512			/* pages that are compared at once */
#define PAGEMAP_PRESENT	(1ULL << 63)
#define MAX_LAG		3			/* seconds between the two sides of a step */

/*
 * The calls
 */

int64_t live_shmat(int fd, int shmid, uint64_t addr, int shmflg)
{
	struct shmswap_shmat arg = SM_ARG(shmat, .shmid = shmid, .addr = addr,
					  .shmflg = shmflg, .flags = SHMSWAP_SHMAT_MAP);
	int err = sm_call(fd, SHMSWAP_IOC_SHMAT, &arg);

	return err ? err : (int64_t)arg.out_addr;
}

int live_shmdt(int fd, uint64_t addr)
{
	return sm_call(fd, SHMSWAP_IOC_SHMDT,
		       &SM_ARG(shmdt, .flags = SHMSWAP_SHMDT_MAP, .addr = addr));
}

int live_segment(int fd, uint64_t pages)
{
	int id = sm_shmget(fd, IPC_PRIVATE, pages * SM_PAGE, 0600);

	ASSERT_GE(id, 0);
	return id;
}

char *live_attach(int fd, int shmid, int shmflg)
{
	int64_t addr = live_shmat(fd, shmid, 0, shmflg);

	ASSERT_GT(addr, 0);
	return (char *)addr;
}

struct shmswap_shmid_ds live_stat(int fd, int shmid)
{
	struct shmswap_shmid_ds ds = { 0 };

	ASSERT_EQ(sm_shm_stat(fd, shmid, &ds), 0);
	return ds;
}

/* As sm_reclaim_everything(), with less effort at the end, when nothing is left. */
int live_swap_out(int fd)
{
	int idle = 0, freed = 0;

	while (idle < 3) {
		int now = sm_reclaim(fd, SHMSWAP_RECLAIM_TRY, 0, 8);

		ASSERT_GE(now, 0);
		idle = now ? 0 : idle + 1;
		freed += now;
	}
	return freed;
}

/*
 * Accesses
 */

static sigjmp_buf fault_return;
static bool expect_fault;

/* One that nobody expects is done again, and kills. */
static void on_fault(int sig)
{
	if (LIVE_READ(&expect_fault))
		siglongjmp(fault_return, sig);
	signal(sig, SIG_DFL);
}

static void catch_faults(void)
{
	struct sigaction catcher = { .sa_handler = on_fault, .sa_flags = SA_NODEFER };
	static bool done;

	if (done)
		return;
	done = true;
	sigaction(SIGSEGV, &catcher, NULL);
	sigaction(SIGBUS, &catcher, NULL);
}

/* Runs @access; the signal that it gave. */
static int catch_fault(void (*access)(char *addr, char *byte), char *addr, char *byte)
{
	int sig;

	catch_faults();
	sig = sigsetjmp(fault_return, 0);
	if (!sig) {
		LIVE_WRITE(&expect_fault, true);
		access(addr, byte);
	}
	LIVE_WRITE(&expect_fault, false);
	return sig;
}

static void load(char *addr, char *byte)
{
	*byte = LIVE_READ(addr);
}

static void store(char *addr, char *byte)
{
	LIVE_WRITE(addr, *byte);
}

int live_load(const char *addr, char *byte)
{
	return catch_fault(load, (char *)addr, byte);
}

int live_store(char *addr, char byte)
{
	return catch_fault(store, addr, &byte);
}

void live_fill(char *addr, uint32_t pages, uint64_t seed)
{
	uint32_t i;

	for (i = 0; i < pages; i++)
		sm_fill(addr + i * SM_PAGE, SM_PAGE, seed + i);
}

bool live_filled(const char *addr, uint32_t pages, uint64_t seed)
{
	uint32_t i;

	for (i = 0; i < pages; i++)
		if (!sm_filled(addr + i * SM_PAGE, SM_PAGE, seed + i))
			return false;
	return true;
}

/*
 * What is real
 */

static int open_pagemap(void)
{
	int pagemap = open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC);

	ASSERT_GE(pagemap, 0);
	return pagemap;
}

static void read_pagemap(int pagemap, uint64_t addr, uint32_t pages, uint64_t *entries)
{
	ssize_t len = pages * sizeof(*entries);

	ASSERT_EQ(pread(pagemap, entries, len, addr / SM_PAGE * sizeof(*entries)), len);
}

int live_present(const char *addr, uint32_t pages)
{
	int pagemap = open_pagemap(), nr = 0;
	uint64_t entry;
	uint32_t i;

	for (i = 0; i < pages; i++) {
		read_pagemap(pagemap, (uintptr_t)addr + i * SM_PAGE, 1, &entry);
		nr += !!(entry & PAGEMAP_PRESENT);
	}
	close(pagemap);
	return nr;
}

/* The device of the kernel's own shared memory, as maps shows it. */
static void kernel_device(char *device, size_t size)
{
	static char known[20];
	unsigned long page = 0, start;
	FILE *maps;

	if (!*known) {
		char line[400];

		page = (uintptr_t)ktap_shared(SM_PAGE);
		maps = fopen("/proc/self/maps", "re");
		ASSERT(maps);
		while (fgets(line, sizeof(line), maps))
			if (sscanf(line, "%lx-%*x", &start) == 1 && start == page)
				sscanf(line, "%*s %*s %*s %19s", known);
		fclose(maps);
		munmap((void *)page, SM_PAGE);
		ASSERT(*known);
	}
	snprintf(device, size, "%s", known);
}

int live_areas(struct live_area *areas)
{
	char line[400], device[20], kernels[20];
	FILE *maps;
	int nr = 0;

	kernel_device(kernels, sizeof(kernels));
	maps = fopen("/proc/self/maps", "re");
	ASSERT(maps);
	while (fgets(line, sizeof(line), maps)) {
		struct live_area a = { 0 };
		int fields = sscanf(line, "%lx-%lx %4s %lx %19s %lu %39[^\n]", &a.start,
				    &a.end, a.perms, &a.pgoff, device, &a.ino, a.name);

		if (fields != 7 || strncmp(a.name, "/SYSV", 5))
			continue;
		ASSERT(nr < LIVE_MAX_AREAS);
		a.pgoff /= SM_PAGE;
		a.of_kernel = !strcmp(device, kernels);
		areas[nr++] = a;
	}
	fclose(maps);
	return nr;
}

/*
 * What the machine has of it
 */

uint32_t live_pid(int fd)
{
	return info_of(fd).out_live_pid;
}

/* The records from @start on, of the calling process. */
static uint32_t query_self(int fd, uint32_t what, uint64_t start, void *records, uint32_t count)
{
	struct shmswap_query arg = SM_ARG(query, .what = what, .id = live_pid(fd),
					  .count = count, .start = start,
					  .buf = (uintptr_t)records);

	ASSERT_NE(arg.id, 0);
	ASSERT_EQ(sm_call(fd, SHMSWAP_IOC_QUERY, &arg), 0);
	return arg.out_count;
}

struct shmswap_pte live_pte(int fd, const char *addr)
{
	uint64_t where = (uintptr_t)addr & -SM_PAGE;
	struct shmswap_pte pte;

	if (query_self(fd, SHMSWAP_QUERY_PTES, where, &pte, 1) && pte.where == where)
		return pte;
	return (struct shmswap_pte){ .where = where };
}

static void format_vma(const struct shmswap_vma *vma, char perms[5])
{
	perms[0] = vma->flags & SHMSWAP_VM_READ ? 'r' : '-';
	perms[1] = vma->flags & SHMSWAP_VM_WRITE ? 'w' : '-';
	perms[2] = vma->flags & SHMSWAP_VM_EXEC ? 'x' : '-';
	perms[3] = vma->flags & SHMSWAP_VM_SHARED ? 's' : 'p';
	perms[4] = 0;
}

static bool same_area(const struct live_area *a, const struct shmswap_vma *vma)
{
	char perms[5];

	format_vma(vma, perms);
	return a->start == vma->start && a->end == vma->end && a->pgoff == vma->pgoff &&
	       a->ino == (unsigned long)vma->shmid && !strcmp(a->perms, perms);
}

static void compare_areas(const char *file, int line, const struct live_area *areas, int nr,
			  const struct shmswap_vma *vmas, int nr_vmas)
{
	int i;

	if (nr != nr_vmas)
		ktap_fail(file, line, "%d areas are mapped, the machine has %d", nr, nr_vmas);
	for (i = 0; i < nr && i < nr_vmas; i++) {
		const struct live_area *a = &areas[i];
		const struct shmswap_vma *vma = &vmas[i];

		if (!same_area(a, vma))
			ktap_fail(file, line,
				  "%#lx-%#lx %s %lu of %lu is %#llx-%#llx %#x %llu of %d",
				  a->start, a->end, a->perms, a->pgoff, a->ino, vma->start,
				  vma->end, vma->flags, vma->pgoff, vma->shmid);
	}
}

/*
 * A page that was real before and after the machine was asked, and that nobody
 * used meanwhile, was so then.
 */
static void compare_pages(const char *file, int line, int fd, uint64_t addr, uint32_t pages)
{
	static uint64_t before[CHUNK], after[CHUNK];
	static struct shmswap_pte ptes[CHUNK];
	int pagemap = open_pagemap();
	uint32_t nr, i, j = 0;

	read_pagemap(pagemap, addr, pages, before);
	nr = query_self(fd, SHMSWAP_QUERY_PTES, addr, ptes, pages);
	read_pagemap(pagemap, addr, pages, after);
	close(pagemap);
	for (i = 0; i < pages; i++) {
		uint64_t where = addr + i * SM_PAGE, pte;

		while (j < nr && ptes[j].where < where)
			j++;
		pte = j < nr && ptes[j].where == where ? ptes[j].pte : 0;
		if (before[i] & after[i] & PAGEMAP_PRESENT &&
		    (!(pte & SHMSWAP_PTE_VALID) || !(pte & SHMSWAP_PTE_ACCESSED)))
			ktap_fail(file, line, "%#lx is real, and %#lx in the machine", where, pte);
	}
}

void live_check_at(const char *file, int line, int fd)
{
	static struct live_area areas[LIVE_MAX_AREAS];
	static struct shmswap_vma vmas[LIVE_MAX_AREAS];
	int nr = live_areas(areas), ours = 0, nr_vmas = 0, err, i;
	uint64_t at;

	err = sm_check(fd);
	if (err && err != -EPERM)
		ktap_fail(file, line, "the machine's check fails: %s", strerror(-err));
	for (i = 0; i < nr; i++)
		if (!areas[i].of_kernel)
			areas[ours++] = areas[i];
	if (live_pid(fd))
		nr_vmas = query_self(fd, SHMSWAP_QUERY_VMAS, 0, vmas, LIVE_MAX_AREAS);
	compare_areas(file, line, areas, ours, vmas, nr_vmas);
	for (i = 0; i < ours && ours == nr_vmas; i++)
		for (at = areas[i].start; at < areas[i].end; at += CHUNK * SM_PAGE) {
			uint64_t pages = (areas[i].end - at) / SM_PAGE;

			compare_pages(file, line, fd, at, pages < CHUNK ? pages : CHUNK);
		}
}

/*
 * The kernel's own
 */

static int64_t result(long ret)
{
	return ret == -1 ? -errno : ret;
}

struct side side_new(int fd, uint64_t pages)
{
	struct side s = { .fd = fd };

	s.id = fd < 0 ? shmget(IPC_PRIVATE, pages * SM_PAGE, 0600) : live_segment(fd, pages);
	ASSERT_GE(s.id, 0);
	return s;
}

int64_t side_shmat(const struct side *s, uint64_t addr, int shmflg)
{
	if (s->fd >= 0)
		return live_shmat(s->fd, s->id, addr, shmflg);
	return result((long)shmat(s->id, (void *)addr, shmflg));
}

int side_shmdt(const struct side *s, uint64_t addr)
{
	if (s->fd >= 0)
		return live_shmdt(s->fd, addr);
	return result(shmdt((void *)addr));
}

int side_remove(const struct side *s)
{
	if (s->fd >= 0)
		return sm_shm_remove(s->fd, s->id);
	return result(shmctl(s->id, IPC_RMID, NULL));
}

int side_stat(const struct side *s, struct side_stat *st)
{
	struct shmswap_shmid_ds sim;
	struct shmid_ds real;
	int err;

	if (s->fd >= 0) {
		err = sm_shm_stat(s->fd, s->id, &sim);
		*st = (struct side_stat){ sim.nattch, sim.cpid, sim.lpid, sim.atime, sim.dtime };
	} else {
		err = result(shmctl(s->id, IPC_STAT, &real));
		*st = (struct side_stat){ real.shm_nattch, real.shm_cpid, real.shm_lpid,
					  real.shm_atime, real.shm_dtime };
	}
	return err;
}

void side_compare_at(const char *file, int line, const struct side *kernel,
		     const struct side *machine)
{
	struct side_stat real = { 0 }, sim = { 0 };

	ASSERT_EQ(side_stat(kernel, &real), 0);
	ASSERT_EQ(side_stat(machine, &sim), 0);
	if (sim.nattch != real.nattch || sim.cpid != real.cpid || sim.lpid != real.lpid ||
	    labs(sim.atime - real.atime) > MAX_LAG || labs(sim.dtime - real.dtime) > MAX_LAG)
		ktap_fail(file, line,
			  "nattch %ld cpid %d lpid %d atime %ld dtime %ld, not %ld %d %d %ld %ld",
			  sim.nattch, sim.cpid, sim.lpid, sim.atime, sim.dtime, real.nattch,
			  real.cpid, real.lpid, real.atime, real.dtime);
}

/*
 * Sharing
 */

struct live_shared live_share(uint32_t flags, int pages)
{
	struct live_shared s = { .fd = sm_machine(LIVE_FRAMES, LIVE_SLOTS, flags) };

	ASSERT_GE(s.fd, 0);
	s.id = live_segment(s.fd, pages);
	s.at = live_attach(s.fd, s.id, 0);
	s.stage = ktap_shared(sizeof(*s.stage));
	return s;
}

uint64_t *live_word(const struct live_shared *s, int page)
{
	return (uint64_t *)(s->at + page * SM_PAGE);
}

void live_swap_until_done(int fd, const pid_t *pids, int nr)
{
	uint64_t before = stat_of(fd).pswpout;
	int done = 0;

	while (done < nr) {
		int status;
		pid_t pid = waitpid(pids[done], &status, WNOHANG);

		live_swap_out(fd);
		if (!pid)
			continue;
		EXPECT_EQ(pid, pids[done]);
		EXPECT_EQ(status, 0);
		done++;
	}
	EXPECT_GT(stat_of(fd).pswpout, before);
	live_check(fd);
}

/*
 * In step
 */

void live_let_time_pass(void)
{
	struct timespec now;

	ASSERT_EQ(clock_gettime(CLOCK_REALTIME, &now), 0);
	now.tv_sec += 3 * MAX_LAG;
	ASSERT_EQ(clock_settime(CLOCK_REALTIME, &now), 0);
}

void live_reach(unsigned int *stage, unsigned int value)
{
	__atomic_store_n(stage, value, __ATOMIC_RELEASE);
}

void live_await(const unsigned int *stage, unsigned int value)
{
	ASSERT_SOON(__atomic_load_n(stage, __ATOMIC_ACQUIRE) >= value);
}
