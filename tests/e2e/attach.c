// SPDX-License-Identifier: GPL-2.0
/* e2e: timeout=90 */
/*
 * Attaches: where they go, what is mapped when, and that the bytes written
 * through one are read through all others. fork, exec and exit take attaches
 * along as with shmop(2).
 */
#define _GNU_SOURCE
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "ktap.h"
#include "libshm.h"

#define PAGES	8
#define SIZE	(PAGES * SM_PAGE)
#define BASE	0x100000000000ULL

static int machine(void)
{
	int fd = sm_machine(128, 128, 0);

	ASSERT_GE(fd, 0);
	return fd;
}

static int segment(int fd)
{
	int id = sm_shmget(fd, IPC_PRIVATE, SIZE, 0600);

	ASSERT_GE(id, 0);
	return id;
}

static uint64_t attach(int fd, int id, int shmflg)
{
	int64_t addr = sm_shmat(fd, id, 0, shmflg);

	ASSERT_GT(addr, 0);
	return addr;
}

static struct shmswap_shmid_ds stat_of(int fd, int id)
{
	struct shmswap_shmid_ds ds = { 0 };

	ASSERT_EQ(sm_shm_stat(fd, id, &ds), 0);
	return ds;
}

static struct shmswap_info info_of(int fd)
{
	struct shmswap_info info;

	ASSERT_EQ(sm_info(fd, &info), 0);
	return info;
}

/*
 * Addresses
 */

struct place {
	const char *name;
	uint64_t addr;
	int shmflg;
	int64_t result;		/* address or -errno */
};

/* Each row on a process that has the segment's 8 pages attached at BASE. */
static const struct place places[] = {
	{ "a free address", BASE + SIZE, 0, BASE + SIZE },
	{ "just below", BASE - SIZE, 0, BASE - SIZE },
	{ "unaligned", BASE + SIZE + 1, 0, -EINVAL },
	{ "unaligned by half", BASE + SIZE + SM_PAGE / 2, 0, -EINVAL },
	{ "rounded down", BASE + SIZE + 1, SHM_RND, BASE + SIZE },
	{ "rounded far", BASE + SIZE + SM_PAGE - 1, SHM_RND, BASE + SIZE },
	{ "rounded, aligned", BASE + SIZE, SHM_RND, BASE + SIZE },
	{ "the same place", BASE, 0, -EINVAL },
	{ "overlapping the end", BASE + SIZE - SM_PAGE, 0, -EINVAL },
	{ "overlapping the start", BASE - SIZE + SM_PAGE, 0, -EINVAL },
	{ "rounded into it", BASE + SIZE - 1, SHM_RND, -EINVAL },
	{ "replacing it", BASE, SHM_REMAP, BASE },
	{ "replacing its end", BASE + SIZE - SM_PAGE, SHM_REMAP, BASE + SIZE - SM_PAGE },
	{ "replacing its start", BASE - SM_PAGE, SHM_REMAP, BASE - SM_PAGE },
	{ "replacing nothing", BASE + 4 * SIZE, SHM_REMAP, BASE + 4 * SIZE },
	{ "replacing, rounded", BASE + 1, SHM_REMAP | SHM_RND, BASE },
	{ "replacing, unaligned", BASE + 1, SHM_REMAP, -EINVAL },
	{ "replacing anything", 0, SHM_REMAP, -EINVAL },
	{ "replacing, rounded to 0", 1, SHM_REMAP | SHM_RND, -EINVAL },
	{ "the last address", SHMSWAP_TASK_SIZE - SIZE, 0, SHMSWAP_TASK_SIZE - SIZE },
	{ "a page too far", SHMSWAP_TASK_SIZE - SIZE + SM_PAGE, 0, -EINVAL },
	{ "beyond the task", SHMSWAP_TASK_SIZE, 0, -EINVAL },
	{ "far beyond", 1ULL << 63, 0, -EINVAL },
	{ "wrapping around", -SM_PAGE, 0, -EINVAL },
	{ "wrapping, replacing", -SM_PAGE, SHM_REMAP, -EINVAL },
	{ "too far, replacing", SHMSWAP_TASK_SIZE - SM_PAGE, SHM_REMAP, -EINVAL },
};

static void chosen_addresses(void)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(places); i++) {
		const struct place *place = &places[i];
		int fd = machine(), id = segment(fd), other = segment(fd);
		int64_t result;

		ktap_context("%s", place->name);
		ASSERT_EQ(sm_shmat(fd, id, BASE, 0), BASE);
		ASSERT_EQ(sm_fill_pages(fd, BASE, PAGES, 1), 0);
		result = sm_shmat(fd, other, place->addr, place->shmflg);
		EXPECT_EQ(result, place->result);
		EXPECT_EQ(stat_of(fd, other).nattch, result > 0);
		if (result > 0)
			EXPECT_EQ(sm_fill_pages(fd, result, PAGES, 100), 0);
		else
			EXPECT_EQ(sm_verify_pages(fd, BASE, PAGES, 1), 0);
		EXPECT_EQ(sm_check(fd), 0);
		close(fd);
	}
}

/* What SHM_REMAP leaves of an attach that it hits in the middle. */
static void remap_cuts_a_hole(void)
{
	int fd = machine(), big = sm_shmget(fd, 1, 3 * SIZE, IPC_CREAT | 0600);
	int small = segment(fd);
	struct shmswap_vma vmas[4];

	ASSERT_EQ(sm_shmat(fd, big, BASE, 0), BASE);
	ASSERT_EQ(sm_fill_pages(fd, BASE, 3 * PAGES, 1), 0);
	ASSERT_EQ(sm_shmat(fd, small, BASE + SIZE, SHM_REMAP), BASE + SIZE);
	ASSERT_EQ(sm_fill_pages(fd, BASE + SIZE, PAGES, 100), 0);

	ASSERT_EQ(sm_query(fd, SHMSWAP_QUERY_VMAS, 0, vmas, 4), 3);
	EXPECT_EQ(vmas[0].end, BASE + SIZE);
	EXPECT_EQ(vmas[1].shmid, small);
	EXPECT_EQ(vmas[2].start, BASE + 2 * SIZE);
	EXPECT_EQ(vmas[2].pgoff, 2 * PAGES);
	EXPECT_EQ(stat_of(fd, big).nattch, 2);
	EXPECT_EQ(sm_verify_pages(fd, BASE, PAGES, 1), 0);
	EXPECT_EQ(sm_verify_pages(fd, BASE + 2 * SIZE, PAGES, 1 + 2 * PAGES), 0);
	EXPECT_GT(sm_reclaim_all(fd), 3 * PAGES);
	EXPECT_EQ(sm_verify_pages(fd, BASE, PAGES, 1), 0);
	EXPECT_EQ(sm_verify_pages(fd, BASE + 2 * SIZE, PAGES, 1 + 2 * PAGES), 0);
	EXPECT_EQ(sm_check(fd), 0);

	/* shmdt(2) takes all pieces of the attach that began there. */
	EXPECT_EQ(sm_shmdt(fd, BASE + 2 * SIZE), -EINVAL);
	EXPECT_EQ(sm_shmdt(fd, BASE), 0);
	EXPECT_EQ(stat_of(fd, big).nattch, 0);
	EXPECT_EQ(sm_verify_pages(fd, BASE + SIZE, PAGES, 100), 0);
	EXPECT_EQ(sm_shm_remove(fd, big), 0);
	EXPECT_EQ(sm_check(fd), 0);
}

static void found_addresses_are_free(void)
{
	int fd = machine(), id = segment(fd), i, j;
	static uint64_t at[200];

	for (i = 0; i < 200; i++) {
		at[i] = attach(fd, id, i % 2 ? SHM_RDONLY : 0);
		EXPECT_EQ(at[i] % SM_PAGE, 0);
		EXPECT_LE(at[i] + SIZE, SHMSWAP_TASK_SIZE);
		for (j = 0; j < i; j++)
			EXPECT(at[i] + SIZE <= at[j] || at[j] + SIZE <= at[i]);
	}
	EXPECT_EQ(stat_of(fd, id).nattch, 200);
	for (i = 0; i < 200; i += 2)
		EXPECT_EQ(sm_shmdt(fd, at[i]), 0);
	EXPECT_EQ(stat_of(fd, id).nattch, 100);
	for (i = 0; i < 100; i++)
		attach(fd, id, 0);
	EXPECT_EQ(stat_of(fd, id).nattch, 200);
	EXPECT_EQ(sm_check(fd), 0);
}

/* An address space full of attaches has no room for one more. */
static void address_space_full(void)
{
	int fd = machine(), i;
	int id = sm_shmget(fd, 1, SHMSWAP_MAX_SEGSZ, IPC_CREAT | 0600);
	int64_t addr;

	for (i = 0; i < 513; i++) {
		addr = sm_shmat(fd, id, 0, SHM_RDONLY);
		if (addr < 0)
			break;
	}
	EXPECT_EQ(addr, -ENOMEM);
	EXPECT_GE(i, 300);
	EXPECT_EQ(stat_of(fd, id).nattch, i);
}

static void detach_wants_the_address_of_an_attach(void)
{
	int fd = machine(), id = segment(fd);
	uint64_t addr = attach(fd, id, 0);

	EXPECT_EQ(sm_shmdt(fd, addr + SM_PAGE), -EINVAL);
	EXPECT_EQ(sm_shmdt(fd, addr + 1), -EINVAL);
	EXPECT_EQ(sm_shmdt(fd, addr - SM_PAGE), -EINVAL);
	EXPECT_EQ(stat_of(fd, id).nattch, 1);
	EXPECT_EQ(sm_shmdt(fd, addr), 0);
	EXPECT_EQ(sm_shmdt(fd, addr), -EINVAL);
	EXPECT_EQ(sm_touch(fd, addr, 1, 0), -EFAULT);
}

/*
 * Protection
 */

static void read_only_attaches_refuse_stores(void)
{
	int fd = machine(), id = segment(fd);
	uint64_t rw = attach(fd, id, 0), ro = attach(fd, id, SHM_RDONLY);
	char byte = 'x';

	EXPECT_EQ(sm_store(fd, ro, &byte, 1), -EFAULT);
	EXPECT_EQ(sm_touch(fd, ro, 1, SHMSWAP_TOUCH_WRITE), -EFAULT);
	EXPECT_EQ(info_of(fd).out_rss, 0);
	EXPECT_EQ(sm_store(fd, rw, &byte, 1), 1);
	byte = 0;
	EXPECT_EQ(sm_load(fd, ro, &byte, 1), 1);
	EXPECT_EQ(byte, 'x');
	/* Nor after the page is mapped, or was. */
	EXPECT_EQ(sm_store(fd, ro, &byte, 1), -EFAULT);
	EXPECT_EQ(sm_reclaim_all(fd), 1);
	EXPECT_EQ(sm_store(fd, ro, &byte, 1), -EFAULT);
	EXPECT_EQ(sm_load(fd, ro, &byte, 1), 1);
	EXPECT_EQ(byte, 'x');
}

static void attach_flags_show_in_the_area(void)
{
	static const struct {
		int shmflg;
		uint32_t vm_flags;
	} table[] = {
		{ 0, SHMSWAP_VM_READ | SHMSWAP_VM_WRITE | SHMSWAP_VM_MAYWRITE },
		{ SHM_RDONLY, SHMSWAP_VM_READ },
		{ SHM_EXEC, SHMSWAP_VM_READ | SHMSWAP_VM_WRITE | SHMSWAP_VM_EXEC |
			    SHMSWAP_VM_MAYWRITE },
		{ SHM_RDONLY | SHM_EXEC, SHMSWAP_VM_READ | SHMSWAP_VM_EXEC },
	};
	int fd = machine(), id = segment(fd);
	struct shmswap_vma vma;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(table); i++) {
		uint64_t addr = attach(fd, id, table[i].shmflg);

		ktap_context("flags %#o", table[i].shmflg);
		EXPECT_EQ(sm_query(fd, SHMSWAP_QUERY_VMAS, 0, &vma, 1), 1);
		EXPECT_EQ(vma.start, addr);
		EXPECT_EQ(vma.end, addr + SIZE);
		EXPECT_EQ(vma.pgoff, 0);
		EXPECT_EQ(vma.flags, table[i].vm_flags | SHMSWAP_VM_SHARED);
		EXPECT_EQ(vma.shmid, id);
		EXPECT_EQ(vma.pid, info_of(fd).out_pid);
		EXPECT_EQ(vma.kind, SHMSWAP_VMA_SHM);
		EXPECT_EQ(vma.ino, 0);
		EXPECT_EQ(vma.dev, 0);
		EXPECT_EQ(sm_shmdt(fd, addr), 0);
	}
}

/*
 * What is mapped when
 */

static void nothing_is_mapped_before_the_first_access(void)
{
	int fd = machine(), id = segment(fd);
	uint64_t addr = attach(fd, id, 0);
	struct shmswap_pte pte;
	char byte;

	EXPECT_EQ(sm_query(fd, SHMSWAP_QUERY_PTES, 0, &pte, 1), 0);
	EXPECT_EQ(sm_query(fd, SHMSWAP_QUERY_PAGES, id, &pte, 1), 0);
	EXPECT_EQ(info_of(fd).out_rss, 0);
	EXPECT_EQ(sm_load(fd, addr + 3 * SM_PAGE + 5, &byte, 1), 1);
	EXPECT_EQ(byte, 0);
	EXPECT_EQ(info_of(fd).out_rss, 1);
	EXPECT_EQ(info_of(fd).out_maj_flt, 1);
	EXPECT_EQ(info_of(fd).out_min_flt, 0);
	EXPECT_EQ(sm_query_pte(fd, addr + 3 * SM_PAGE, &pte), 0);
	EXPECT_EQ(pte.kind, SHMSWAP_PTE_PRESENT);
	EXPECT_EQ(sm_query(fd, SHMSWAP_QUERY_PTES, 0, &pte, 1), 1);
	EXPECT_EQ(stat_of(fd, id).rss, 1);
}

static void sharers_map_the_same_frame(void)
{
	int one = machine(), two = sm_spawn(one), id = segment(one);
	uint64_t addr = attach(one, id, 0), other = attach(two, id, SHM_RDONLY);
	struct shmswap_pte word, pte, shared;
	struct shmswap_page frames[128];

	ASSERT_EQ(sm_touch(one, addr + 2 * SM_PAGE, 1, SHMSWAP_TOUCH_WRITE), 0);
	ASSERT_EQ(sm_touch(two, other + 2 * SM_PAGE, 1, 0), 0);
	EXPECT_EQ(info_of(one).out_maj_flt, 1);
	EXPECT_EQ(info_of(two).out_min_flt, 1);
	EXPECT_EQ(info_of(two).out_maj_flt, 0);

	ASSERT_EQ(sm_query_page(one, id, 2, &word), 0);
	ASSERT_EQ(sm_query_pte(one, addr + 2 * SM_PAGE, &pte), 0);
	ASSERT_EQ(sm_query_pte(two, other + 2 * SM_PAGE, &shared), 0);
	EXPECT_EQ(word.kind, SHMSWAP_PTE_PRESENT);
	EXPECT_EQ(pte.a, word.a);
	EXPECT_EQ(shared.a, word.a);
	EXPECT_EQ(pte.pte >> SHMSWAP_PTE_PFN_SHIFT, word.a);

	EXPECT(pte.pte & SHMSWAP_PTE_VALID);
	EXPECT(pte.pte & SHMSWAP_PTE_ACCESSED);
	EXPECT(!(pte.pte & SHMSWAP_PTE_FOW));
	EXPECT(shared.pte & SHMSWAP_PTE_FOW);

	ASSERT_EQ(sm_query(one, SHMSWAP_QUERY_MEM_MAP, 0, frames, 128), 128);
	EXPECT_EQ(frames[word.a].count, 3);
	EXPECT_EQ(frames[word.a].pins, 0);
	EXPECT_EQ(frames[word.a].shmid, id);
	EXPECT_EQ(frames[word.a].index, 2);
}

static void detach_unmaps(void)
{
	int fd = machine(), id = segment(fd);
	uint64_t addr = attach(fd, id, 0), again = attach(fd, id, 0);
	struct shmswap_stat before, after;

	ASSERT_EQ(sm_fill_pages(fd, addr, PAGES, 1), 0);
	ASSERT_EQ(sm_touch(fd, again, 3, 0), 0);
	EXPECT_EQ(info_of(fd).out_rss, PAGES + 3);
	ASSERT_EQ(sm_stat(fd, &before), 0);
	EXPECT_EQ(sm_shmdt(fd, addr), 0);
	EXPECT_EQ(info_of(fd).out_rss, 3);
	EXPECT_EQ(sm_shmdt(fd, again), 0);
	EXPECT_EQ(info_of(fd).out_rss, 0);
	ASSERT_EQ(sm_stat(fd, &after), 0);
	EXPECT_EQ(after.shm_rss, PAGES);
	EXPECT_EQ(after.nr_free_pages, before.nr_free_pages);
	EXPECT_EQ(after.tlb_flush_range, before.tlb_flush_range + 2);
	EXPECT_EQ(sm_verify_pages(fd, attach(fd, id, 0), PAGES, 1), 0);
	EXPECT_EQ(sm_check(fd), 0);
}

/*
 * Bytes
 */

static void bytes_cross_processes(void)
{
	int one = machine(), two = sm_spawn(one), id = segment(one);
	uint64_t addr = attach(one, id, 0), other = attach(two, id, 0);
	static const struct {
		uint64_t at;
		size_t len;
	} table[] = {
		{ 0, 1 }, { 1, 7 }, { SM_PAGE - 1, 2 }, { SM_PAGE - 3, 4000 },
		{ 5, SM_PAGE }, { SM_PAGE / 2, 3 * SM_PAGE }, { 13, SIZE - 13 },
		{ SIZE - 1, 1 }, { 0, SIZE },
	};
	char in[SIZE], out[SIZE];
	size_t i, j;

	EXPECT_NE(addr, 0);
	for (i = 0; i < ARRAY_SIZE(table); i++) {
		ktap_context("%zu bytes at %llu", table[i].len, (long long)table[i].at);
		for (j = 0; j < table[i].len; j++)
			in[j] = j * 7 + i;
		EXPECT_EQ(sm_store(one, addr + table[i].at, in, table[i].len), table[i].len);
		EXPECT_GE(sm_reclaim_shm(one, i), 0);
		EXPECT_EQ(sm_load(two, other + table[i].at, out, table[i].len), table[i].len);
		EXPECT(!memcmp(in, out, table[i].len));
	}
	EXPECT_EQ(sm_load(one, addr, out, 0), 0);
}

/* A transfer that runs into a hole returns what it had moved. */
static void transfers_stop_at_a_hole(void)
{
	int fd = machine(), id = segment(fd), ro = segment(fd);
	char buf[2 * SIZE];

	ASSERT_EQ(sm_shmat(fd, id, BASE, 0), BASE);
	ASSERT_EQ(sm_shmat(fd, id, BASE + 2 * SIZE, 0), BASE + 2 * SIZE);
	ASSERT_EQ(sm_shmat(fd, ro, BASE + 3 * SIZE, SHM_RDONLY), BASE + 3 * SIZE);
	EXPECT_EQ(sm_store(fd, BASE + SIZE - 10, buf, 20), 10);
	EXPECT_EQ(sm_load(fd, BASE + SIZE - 10, buf, 20), 10);
	EXPECT_EQ(sm_load(fd, BASE, buf, 2 * SIZE), SIZE);
	EXPECT_EQ(sm_load(fd, BASE + SIZE, buf, 1), -EFAULT);
	EXPECT_EQ(sm_load(fd, BASE - 1, buf, 1), -EFAULT);
	EXPECT_EQ(sm_load(fd, BASE - 1, buf, 100), -EFAULT);
	EXPECT_EQ(sm_store(fd, BASE + 3 * SIZE - 7, buf, 100), 7);
	EXPECT_EQ(sm_load(fd, BASE + 3 * SIZE - 7, buf, 100), 100);
	EXPECT_EQ(sm_load(fd, 0, buf, 1), -EFAULT);
	EXPECT_EQ(sm_load(fd, SHMSWAP_TASK_SIZE, buf, 1), -EFAULT);
	EXPECT_EQ(sm_load(fd, INT64_MAX - 1000, buf, 100), -EFAULT);
	EXPECT_EQ(sm_load(fd, 1ULL << 63, buf, 1), -EINVAL);
}

static void transfers_into_bad_buffers(void)
{
	int fd = machine(), id = segment(fd);
	uint64_t addr = attach(fd, id, 0);

	EXPECT_EQ(sm_load(fd, addr, NULL, 10), -EFAULT);
	EXPECT_EQ(sm_store(fd, addr, NULL, 10), -EFAULT);
	EXPECT_EQ(sm_load(fd, addr, (void *)-4096L, 10), -EFAULT);
	EXPECT_EQ(sm_check(fd), 0);
}

struct paging {
	char *buf;
	bool stop;
};

static void *page_out(void *data)
{
	struct paging *p = data;

	while (!__atomic_load_n(&p->stop, __ATOMIC_RELAXED))
		madvise(p->buf, 3 * SM_PAGE, MADV_DONTNEED);
	return NULL;
}

/* Another thread loses the buffer all the time: nothing is cut off for that. */
static void transfers_into_paged_out_buffers(void)
{
	int fd = machine(), id = segment(fd);
	uint64_t addr = attach(fd, id, 0);
	struct paging p = { .buf = mmap(NULL, 4 * SM_PAGE, PROT_READ | PROT_WRITE,
					MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) };
	pthread_t thread;
	unsigned int i;

	ASSERT(p.buf != MAP_FAILED);
	ASSERT_EQ(munmap(p.buf + 3 * SM_PAGE, SM_PAGE), 0);
	ASSERT_EQ(pthread_create(&thread, NULL, page_out, &p), 0);
	for (i = 0; i < 5000 / ktap_slow(); i++) {
		ASSERT_EQ(sm_load(fd, addr, p.buf + 100, 2 * SM_PAGE), 2 * SM_PAGE);
		ASSERT_EQ(sm_store(fd, addr, p.buf + 100, 2 * SM_PAGE), 2 * SM_PAGE);
		/* Where there is no buffer is where it ends. */
		ASSERT_EQ(sm_load(fd, addr, p.buf + 100, SIZE), 3 * SM_PAGE - 100);
	}
	__atomic_store_n(&p.stop, true, __ATOMIC_RELAXED);
	ASSERT_EQ(pthread_join(thread, NULL), 0);
	EXPECT_EQ(sm_check(fd), 0);
}

/* The offset of the file is an address too. */
static void lseek_chooses_the_address(void)
{
	int fd = machine(), id = segment(fd);
	uint64_t addr = attach(fd, id, 0);
	char text[12] = { 0 };

	EXPECT_EQ(lseek(fd, addr + 4090, SEEK_SET), addr + 4090);
	EXPECT_EQ(write(fd, "hello, world", 12), 12);
	EXPECT_EQ(lseek(fd, 0, SEEK_CUR), addr + 4102);
	EXPECT_EQ(lseek(fd, -12, SEEK_CUR), addr + 4090);
	EXPECT_EQ(read(fd, text, 5), 5);
	EXPECT_EQ(read(fd, text + 5, 7), 7);
	EXPECT(!memcmp(text, "hello, world", 12));
	EXPECT_EQ(lseek(fd, -1, SEEK_SET), -1);
}

/* dd(1) with the process as its standard input or output. */
static int run_dd(int fd, int as, const char *options)
{
	char command[300];
	pid_t pid = fork();
	int status;

	if (!pid) {
		dup2(fd, as);
		snprintf(command, sizeof(command), "dd status=none %s 2>/dev/null", options);
		execl("/bin/sh", "sh", "-c", command, NULL);
		_exit(127);
	}
	waitpid(pid, &status, 0);
	return status;
}

static void dd_is_a_process(void)
{
	int fd = machine(), id = segment(fd);
	uint64_t addr = attach(fd, id, 0), other = attach(fd, id, 0);
	char options[200], in[SIZE], out[SIZE];
	FILE *file = tmpfile();
	size_t i;

	for (i = 0; i < SIZE; i++)
		in[i] = i * i >> 5;
	ASSERT(file);
	ASSERT_EQ(fwrite(in, SIZE, 1, file), 1);
	ASSERT_EQ(fflush(file), 0);
	snprintf(options, sizeof(options),
		 "if=/proc/%d/fd/%d bs=1000 seek=%lld oflag=seek_bytes conv=notrunc",
		 getpid(), fileno(file), (long long)addr);
	ASSERT_EQ(run_dd(fd, STDOUT_FILENO, options), 0);
	EXPECT_EQ(sm_load(fd, other, out, SIZE), SIZE);
	EXPECT(!memcmp(in, out, SIZE));

	/* dd skips from where the file stands. */
	ASSERT_EQ(lseek(fd, 0, SEEK_SET), 0);
	EXPECT_GT(sm_reclaim_all(fd), 0);
	snprintf(options, sizeof(options),
		 "of=/proc/%d/fd/%d bs=512 skip=%lld count=4000 iflag=skip_bytes,count_bytes",
		 getpid(), fileno(file), (long long)addr + 4090);
	ASSERT_EQ(run_dd(fd, STDIN_FILENO, options), 0);
	ASSERT_EQ(pread(fileno(file), out, SIZE, 0), 4000);
	EXPECT(!memcmp(in + 4090, out, 4000));
	EXPECT_EQ(stat_of(fd, id).nattch, 2);
}

/*
 * fork, exec, exit
 */

static void fork_inherits_attaches(void)
{
	int parent = machine(), id = segment(parent), child;
	uint64_t addr = attach(parent, id, 0), ro = attach(parent, id, SHM_RDONLY);
	struct shmswap_vma of_parent[3], of_child[3];
	struct shmswap_pte pte;
	char byte = 'p';

	ASSERT_EQ(sm_fill_pages(parent, addr, PAGES, 1), 0);
	child = sm_fork(parent);
	ASSERT_GE(child, 0);
	EXPECT_EQ(stat_of(parent, id).nattch, 4);
	EXPECT_EQ(info_of(child).out_nr_processes, 2);
	EXPECT_NE(info_of(child).out_pid, info_of(parent).out_pid);
	EXPECT_EQ(info_of(child).out_rss, 0);
	EXPECT_EQ(sm_query(child, SHMSWAP_QUERY_PTES, 0, &pte, 1), 0);

	ASSERT_EQ(sm_query(parent, SHMSWAP_QUERY_VMAS, 0, of_parent, 3), 2);
	ASSERT_EQ(sm_query(child, SHMSWAP_QUERY_VMAS, 0, of_child, 3), 2);
	of_child[0].pid = info_of(parent).out_pid;
	of_child[1].pid = of_child[0].pid;
	EXPECT(!memcmp(of_parent, of_child, 2 * sizeof(of_child[0])));

	EXPECT_EQ(sm_verify_pages(child, addr, PAGES, 1), 0);
	EXPECT_EQ(sm_store(child, ro, &byte, 1), -EFAULT);
	EXPECT_EQ(sm_store(child, addr, &byte, 1), 1);
	byte = 0;
	EXPECT_EQ(sm_load(parent, ro, &byte, 1), 1);
	EXPECT_EQ(byte, 'p');

	/* From now on each has its own. */
	EXPECT_EQ(sm_shmdt(child, ro), 0);
	EXPECT_EQ(sm_load(parent, ro, &byte, 1), 1);
	close(parent);
	EXPECT_EQ(stat_of(child, id).nattch, 1);
	EXPECT_EQ(sm_load(child, addr, &byte, 1), 1);
	EXPECT_EQ(byte, 'p');
	EXPECT_EQ(sm_check(child), 0);
}

static void exec_starts_empty(void)
{
	int parent = machine(), id = segment(parent), child;
	uint64_t addr = attach(parent, id, 0);
	struct shmswap_vma vma;

	child = sm_spawn(parent);
	EXPECT_EQ(stat_of(parent, id).nattch, 1);
	EXPECT_EQ(sm_query(child, SHMSWAP_QUERY_VMAS, 0, &vma, 1), 0);
	EXPECT_EQ(sm_touch(child, addr, 1, 0), -EFAULT);
	EXPECT_EQ(info_of(child).out_nr_processes, 2);
}

static void fork_counts_as_attach(void)
{
	int parent = machine(), id = segment(parent);
	struct shmswap_shmid_ds before, after;

	attach(parent, id, 0);
	before = stat_of(parent, id);
	ASSERT_SOON(time(NULL) > before.atime);
	ASSERT_GE(sm_fork(parent), 0);
	after = stat_of(parent, id);
	EXPECT_GT(after.atime, before.atime);
	EXPECT_EQ(after.dtime, 0);
	EXPECT_EQ(after.nattch, 2);
}

static void pids_and_times(void)
{
	int fd = machine(), id = segment(fd);
	time_t start = time(NULL);
	struct shmswap_shmid_ds ds;
	uint64_t addr;

	addr = attach(fd, id, 0);
	ds = stat_of(fd, id);
	EXPECT_GE(ds.atime, start);
	EXPECT_LE(ds.atime, time(NULL));
	EXPECT_EQ(ds.dtime, 0);
	EXPECT_EQ(ds.cpid, getpid());
	EXPECT_EQ(ds.lpid, getpid());
	EXPECT_EQ(sm_shmdt(fd, addr), 0);
	ds = stat_of(fd, id);
	EXPECT_GE(ds.dtime, start);
	EXPECT_LE(ds.dtime, time(NULL));
	EXPECT_EQ(ds.nattch, 0);
}

struct sharer {
	int fd;
	int id;
	pid_t pid;
	uint64_t addr;
};

static void attach_there(void *arg)
{
	struct sharer *s = arg;

	s->pid = getpid();
	s->addr = attach(s->fd, s->id, 0);
	EXPECT_EQ(sm_fill_pages(s->fd, s->addr, PAGES, 5), 0);
}

/* Whoever shares the file is the same process: its exit is the last close. */
static void a_shared_file_is_one_process(void)
{
	struct sharer *s = ktap_shared(sizeof(*s));
	int fd = machine(), copy;

	s->fd = fd;
	s->id = segment(fd);
	ktap_join(ktap_fork(attach_there, s));
	EXPECT_EQ(stat_of(fd, s->id).nattch, 1);
	EXPECT_EQ(stat_of(fd, s->id).lpid, s->pid);
	EXPECT_EQ(info_of(fd).out_nr_processes, 1);
	EXPECT_EQ(sm_verify_pages(fd, s->addr, PAGES, 5), 0);
	copy = dup(fd);
	close(fd);
	EXPECT_EQ(sm_verify_pages(copy, s->addr, PAGES, 5), 0);
	EXPECT_EQ(info_of(copy).out_rss, PAGES);
}

static void attach_and_wait(void *arg)
{
	struct sharer *s = arg;
	uint64_t addr = attach(s->fd, s->id, 0);

	EXPECT_EQ(sm_fill_pages(s->fd, addr, PAGES, 5), 0);
	__atomic_store_n(&s->addr, addr, __ATOMIC_RELEASE);
	for (;;)
		pause();
}

static void exit_detaches(void)
{
	struct sharer *s = ktap_shared(sizeof(*s));
	int parent = machine();
	pid_t pid;

	s->id = segment(parent);
	s->fd = sm_spawn(parent);
	pid = ktap_fork(attach_and_wait, s);
	close(s->fd);
	ASSERT_SOON(__atomic_load_n(&s->addr, __ATOMIC_ACQUIRE));
	EXPECT_EQ(stat_of(parent, s->id).nattch, 1);
	EXPECT_EQ(info_of(parent).out_nr_processes, 2);
	kill(pid, SIGKILL);
	ktap_join_killed(pid, SIGKILL);
	EXPECT_SOON(stat_of(parent, s->id).nattch == 0);
	EXPECT_SOON(info_of(parent).out_nr_processes == 1);
	EXPECT_GE(stat_of(parent, s->id).dtime, stat_of(parent, s->id).atime);
	EXPECT_EQ(sm_verify_pages(parent, attach(parent, s->id, 0), PAGES, 5), 0);
	EXPECT_EQ(sm_check(parent), 0);
}

/* execve(2) closes what is marked so: that is how a process execs. */
static void close_on_exec_is_exit(void)
{
	int parent = machine(), id = segment(parent), child = sm_fork(parent);
	pid_t pid;

	attach(child, id, 0);
	pid = fork();
	if (!pid) {
		execl("/bin/sh", "sh", "-c", "exit 0", NULL);
		_exit(127);
	}
	close(child);
	ktap_join(pid);
	EXPECT_SOON(info_of(parent).out_nr_processes == 1);
	EXPECT_EQ(stat_of(parent, id).nattch, 0);
}

static void generations(void)
{
	int fds[40], id, i;
	struct sm_resources before;
	uint64_t addr;

	fds[0] = machine();
	ASSERT_EQ(sm_resources(fds[0], &before), 0);
	id = segment(fds[0]);
	addr = attach(fds[0], id, 0);
	for (i = 1; i < 40; i++) {
		fds[i] = sm_fork(fds[i / 2]);
		ASSERT_GE(fds[i], 0);
		ASSERT_EQ(sm_fill_pages(fds[i], addr + i % PAGES * SM_PAGE, 1, i), 0);
	}
	EXPECT_EQ(stat_of(fds[0], id).nattch, 40);
	EXPECT_EQ(info_of(fds[0]).out_nr_processes, 40);
	for (i = 39; i > 39 - PAGES; i--)
		EXPECT_EQ(sm_verify_pages(fds[i / 3], addr + i % PAGES * SM_PAGE, 1, i), 0);
	EXPECT_EQ(sm_check(fds[0]), 0);
	for (i = 1; i < 40; i++)
		close(fds[i]);
	EXPECT_EQ(stat_of(fds[0], id).nattch, 1);
	EXPECT_EQ(sm_shmdt(fds[0], addr), 0);
	EXPECT_EQ(sm_shm_remove(fds[0], id), 0);
	EXPECT(sm_same_resources(fds[0], &before));
}

int main(int argc, char **argv)
{
	static const struct ktap_case cases[] = {
		KTAP_CASE(chosen_addresses),
		KTAP_CASE(remap_cuts_a_hole),
		KTAP_CASE(found_addresses_are_free),
		KTAP_CASE(address_space_full),
		KTAP_CASE(detach_wants_the_address_of_an_attach),
		KTAP_CASE(read_only_attaches_refuse_stores),
		KTAP_CASE(attach_flags_show_in_the_area),
		KTAP_CASE(nothing_is_mapped_before_the_first_access),
		KTAP_CASE(sharers_map_the_same_frame),
		KTAP_CASE(detach_unmaps),
		KTAP_CASE(bytes_cross_processes),
		KTAP_CASE(transfers_stop_at_a_hole),
		KTAP_CASE(transfers_into_bad_buffers),
		KTAP_CASE(transfers_into_paged_out_buffers),
		KTAP_CASE(lseek_chooses_the_address),
		KTAP_CASE(dd_is_a_process),
		KTAP_CASE(fork_inherits_attaches),
		KTAP_CASE(exec_starts_empty),
		KTAP_CASE(fork_counts_as_attach),
		KTAP_CASE(pids_and_times),
		KTAP_CASE(a_shared_file_is_one_process),
		KTAP_CASE(exit_detaches),
		KTAP_CASE(close_on_exec_is_exit),
		KTAP_CASE(generations),
	};

	return ktap_run(argc, argv, cases, ARRAY_SIZE(cases));
}
