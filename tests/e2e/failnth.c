// SPDX-License-Identifier: GPL-2.0
/* e2e: kernels=debug timeout=180 */
/*
 * Every allocation of every call fails once: the first of the call, then the
 * second, and so on until the call has no more. What fails says ENOMEM and has
 * changed nothing.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "ktap.h"
#include "libcase.h"
#include "libshm.h"

#define FRAMES		64
#define SEG_PAGES	16
#define BASE		0x100000000000ULL
#define ANON		0x200000000000ULL	/* private memory */
#define FILE_BASE	0x300000000000ULL	/* a shared region of a file */
#define MAX_NTH		300

struct fixture {
	int fd;
	int fresh;		/* a file that did nothing yet */
	int shmid;
	int small;		/* a segment of one page */
	int swap_file;
	int file;
	int child;
	char page[SM_PAGE];
};

/*
 * Fault injection
 */

static void set_knob(const char *name, const char *value)
{
	char path[100];
	int fd;

	snprintf(path, sizeof(path), "/sys/kernel/debug/%s", name);
	fd = open(path, O_WRONLY);
	if (fd < 0)
		ktap_skip("no fault injection: %s", path);
	ASSERT_EQ(write(fd, value, strlen(value)), strlen(value));
	close(fd);
}

static void enable_injection(void)
{
	set_knob("failslab/ignore-gfp-wait", "N");
	set_knob("failslab/verbose", "0");
	set_knob("fail_page_alloc/ignore-gfp-wait", "N");
	set_knob("fail_page_alloc/ignore-gfp-highmem", "N");
	set_knob("fail_page_alloc/min-order", "0");
	set_knob("fail_page_alloc/verbose", "0");
}

static void fail_nth(int control, int nth)
{
	char text[16];
	int len = sprintf(text, "%d", nth);

	ASSERT_EQ(pwrite(control, text, len, 0), len);
}

/* Whether an allocation failed since then. */
static bool injected(int control)
{
	char text[16] = { 0 };

	ASSERT_GT(pread(control, text, sizeof(text) - 1, 0), 0);
	return !atoi(text);
}

/*
 * The calls, each on a machine of its own
 */

static int64_t do_create(struct fixture *f)
{
	return sm_call(f->fresh, SHMSWAP_IOC_CREATE,
		       &SM_ARG(create, .nr_frames = FRAMES, .ram_swap = FRAMES));
}

static int64_t do_first_use(struct fixture *f)
{
	struct shmswap_info info;

	return sm_info(f->fresh, &info);
}

static int64_t do_fork(struct fixture *f)
{
	return sm_fork(f->fd);
}

static int64_t do_spawn(struct fixture *f)
{
	return sm_spawn(f->fd);
}

static int64_t do_shmget(struct fixture *f)
{
	return sm_shmget(f->fd, 99, SM_PAGE, IPC_CREAT | 0600);
}

static int64_t do_shmat(struct fixture *f)
{
	return sm_shmat(f->fd, f->shmid, 0, 0);
}

static int64_t do_remap(struct fixture *f)
{
	return sm_shmat(f->fd, f->small, BASE + 4 * SM_PAGE, SHM_REMAP);
}

static int64_t do_shmdt(struct fixture *f)
{
	return sm_shmdt(f->fd, BASE);
}

static int64_t do_lock(struct fixture *f)
{
	return sm_shm_lock(f->fd, f->shmid);
}

static int64_t do_zero_fill(struct fixture *f)
{
	return sm_touch(f->fd, BASE + 10 * SM_PAGE, 1, SHMSWAP_TOUCH_WRITE);
}

static int64_t do_swap_in(struct fixture *f)
{
	return sm_touch(f->fd, BASE, 1, 0);
}

static int64_t do_load(struct fixture *f)
{
	return sm_load(f->fd, BASE + SM_PAGE, f->page, SM_PAGE);
}

static int64_t do_store(struct fixture *f)
{
	return sm_store(f->fd, BASE + 11 * SM_PAGE, f->page, SM_PAGE);
}

static int64_t do_swapon_ram(struct fixture *f)
{
	return sm_swapon_ram(f->fd, 5000, 3);
}

static int64_t do_swapon_file(struct fixture *f)
{
	return sm_swapon(f->fd, f->swap_file);
}

static int64_t do_swapoff(struct fixture *f)
{
	return sm_swapoff(f->fd, 0);
}

static int64_t do_reclaim(struct fixture *f)
{
	return sm_reclaim_shm(f->fd, 3);
}

static int64_t do_query(struct fixture *f)
{
	return sm_query(f->fd, SHMSWAP_QUERY_PTES, 0, f->page, 16);
}

static int64_t do_query_mem_map(struct fixture *f)
{
	return sm_query(f->fd, SHMSWAP_QUERY_MEM_MAP, 0, f->page, FRAMES);
}

static int64_t do_check(struct fixture *f)
{
	return sm_check(f->fd);
}

static int read_table(struct fixture *f, uint32_t which)
{
	int table = sm_table(f->fd, which);
	int ret = table;

	if (table >= 0) {
		ret = read(table, f->page, SM_PAGE) < 0 ? -errno : 0;
		close(table);
	}
	return ret;
}

static int64_t do_events(struct fixture *f)
{
	int events = sm_events(f->fd, 0, 1000);

	if (events >= 0)
		close(events);
	return events < 0 ? events : 0;
}

static int64_t do_table_shm(struct fixture *f)
{
	return read_table(f, SHMSWAP_TABLE_SHM);
}

static int64_t do_table_swaps(struct fixture *f)
{
	return read_table(f, SHMSWAP_TABLE_SWAPS);
}

static int64_t do_table_maps(struct fixture *f)
{
	return read_table(f, SHMSWAP_TABLE_MAPS);
}

static int64_t do_mmap(struct fixture *f)
{
	return sm_mmap(f->fd, 0, SM_PAGE, PROT_RW, PRIVATE_ANON, -1, 0);
}

static int64_t do_mmap_shared(struct fixture *f)
{
	return sm_mmap(f->fd, 0, SM_PAGE, PROT_RW, SHARED_ANON, -1, 0);
}

static int64_t do_mmap_file(struct fixture *f)
{
	return sm_mmap(f->fd, 0, SM_PAGE, PROT_RW, MAP_SHARED, f->swap_file, 0);
}

static int64_t do_mmap_over(struct fixture *f)
{
	return sm_mmap(f->fd, ANON + 12 * SM_PAGE, SM_PAGE, PROT_READ, PRIVATE_ANON | MAP_FIXED,
		       -1, 0);
}

static int64_t do_munmap_hole(struct fixture *f)
{
	return sm_munmap(f->fd, ANON + 12 * SM_PAGE, SM_PAGE);
}

static int64_t do_mprotect(struct fixture *f)
{
	return sm_mprotect(f->fd, BASE + 9 * SM_PAGE, 2 * SM_PAGE, PROT_READ);
}

static int64_t do_mlock(struct fixture *f)
{
	return sm_mlock(f->fd, ANON + 10 * SM_PAGE, 3 * SM_PAGE);
}

static int64_t do_munlock(struct fixture *f)
{
	return sm_munlock(f->fd, ANON + 15 * SM_PAGE, SM_PAGE);
}

static int64_t do_msync(struct fixture *f)
{
	return sm_msync(f->fd, FILE_BASE, 8 * SM_PAGE);
}

static int64_t do_private_zero_fill(struct fixture *f)
{
	return sm_touch(f->fd, ANON + 10 * SM_PAGE, 1, 0);
}

static int64_t do_private_swap_in(struct fixture *f)
{
	return sm_touch(f->fd, ANON, 1, 0);
}

static int64_t do_copy_on_write(struct fixture *f)
{
	return sm_touch(f->fd, ANON + 8 * SM_PAGE, 1, SHMSWAP_TOUCH_WRITE);
}

static int64_t do_file_read(struct fixture *f)
{
	return sm_touch(f->fd, FILE_BASE + 6 * SM_PAGE, 1, 0);
}

static int64_t do_scan(struct fixture *f)
{
	return sm_reclaim(f->fd, SHMSWAP_RECLAIM_SWAP_OUT, 0, 8);
}

/*
 * The sweep
 */

/* Private memory: 8 pages in swap, 2 shared with a child; and a file, dirty in part. */
static void map_regions(struct fixture *f)
{
	struct shmswap_control control = SM_ARG(control);
	uint64_t size = SEG_PAGES * SM_PAGE;

	ASSERT_EQ(sm_control(f->fd, &control), 0);
	control.set = SHMSWAP_CONTROL_PAGE_CLUSTER;
	control.page_cluster = 0;
	ASSERT_EQ(sm_control(f->fd, &control), 0);
	ASSERT_EQ(sm_mmap(f->fd, ANON, size, PROT_RW, PRIVATE_ANON | MAP_FIXED, -1, 0), ANON);
	ASSERT_EQ(sm_fill_pages(f->fd, ANON, 8, 50), 0);
	ASSERT_GE(sm_reclaim(f->fd, SHMSWAP_RECLAIM_SWAP_OUT, 0, 8), 8);
	ASSERT_GE(sm_reclaim(f->fd, SHMSWAP_RECLAIM_MMAP, 0, 8), 8);
	ASSERT_EQ(sm_fill_pages(f->fd, ANON + 8 * SM_PAGE, 2, 58), 0);
	f->child = sm_fork(f->fd);
	ASSERT_GE(f->child, 0);
	f->file = patterned_file(8, 1);
	ASSERT_EQ(sm_mmap(f->fd, FILE_BASE, 8 * SM_PAGE, PROT_RW, MAP_SHARED | MAP_FIXED, f->file,
			  0), FILE_BASE);
	ASSERT_EQ(sm_fill_pages(f->fd, FILE_BASE, 4, 1), 0);
	ASSERT_EQ(sm_mlock(f->fd, ANON + 14 * SM_PAGE, 2 * SM_PAGE), 0);
}

/*
 * A segment of which some pages are resident, some in swap, some nowhere. No
 * frame that was used before is free: those come with memory.
 */
static void setup(struct fixture *f)
{
	memset(f, 0, sizeof(*f));
	f->fresh = sm_open();
	f->fd = sm_machine(FRAMES, FRAMES, 0);
	ASSERT_GE(f->fd, 0);
	f->shmid = sm_shmget(f->fd, 1, SEG_PAGES * SM_PAGE, IPC_CREAT | 0600);
	f->small = sm_shmget(f->fd, 2, SM_PAGE, IPC_CREAT | 0600);
	ASSERT_EQ(sm_shmat(f->fd, f->shmid, BASE, 0), BASE);
	ASSERT_EQ(sm_fill_pages(f->fd, BASE, 8, 1), 0);
	ASSERT_EQ(sm_reclaim_all(f->fd), 8);
	ASSERT_EQ(sm_verify_pages(f->fd, BASE + 4 * SM_PAGE, 4, 5), 0);
	ASSERT_EQ(sm_fill_pages(f->fd, BASE + 12 * SM_PAGE, 4, 1), 0);
	map_regions(f);
}

static void teardown(struct fixture *f)
{
	close(f->fd);
	close(f->child);
	close(f->file);
	close(f->fresh);
}

/* The bytes are what they were, and all counts agree. */
static void expect_unharmed(struct fixture *f)
{
	EXPECT_EQ(sm_check(f->fd), 0);
	EXPECT_EQ(sm_verify_pages(f->fd, BASE, 8, 1), 0);
	EXPECT_EQ(sm_verify_pages(f->fd, ANON, 10, 50), 0);
	EXPECT_EQ(sm_verify_pages(f->child, ANON, 10, 50), 0);
	EXPECT_EQ(sm_verify_pages(f->fd, FILE_BASE, 8, 1), 0);
}

/* One call with the @nth allocation failing; false if it has fewer. */
static bool try_nth(struct fixture *f, int64_t (*call)(struct fixture *f), int control, int nth)
{
	struct sm_resources before;
	struct shmswap_info info;
	int64_t ret;
	bool failed;

	ASSERT_EQ(sm_resources(f->fd, &before), 0);
	fail_nth(control, nth);
	ret = call(f);
	failed = injected(control);
	fail_nth(control, 0);
	if (ret < 0) {
		EXPECT(failed);
		/* The kernel's files have an errno of their own for it. */
		if (ret != -ENFILE)
			EXPECT_EQ(ret, -ENOMEM);
		ASSERT_EQ(sm_info(f->fd, &info), 0);
		/* swapoff keeps what it has brought back, and mlock locks all the same. */
		if (call != do_swapoff && call != do_mlock)
			EXPECT(sm_same_resources(f->fd, &before));
		expect_unharmed(f);
	}
	return failed;
}

static void sweep(int64_t (*call)(struct fixture *f))
{
	int swap_file = sm_swapfile(64);
	struct fixture f;
	int control, nth;
	bool failed = true;

	enable_injection();
	control = open("/proc/thread-self/fail-nth", O_RDWR);
	ASSERT_GE(control, 0);
	for (nth = 1; failed && nth < MAX_NTH; nth++) {
		ktap_context("allocation %d", nth);
		setup(&f);
		f.swap_file = swap_file;
		failed = try_nth(&f, call, control, nth);
		teardown(&f);
	}
	ktap_diag("%d allocations", nth - 2);
	EXPECT(!failed);
}

#define SWEEP(name)							\
static void in_##name(void)						\
{									\
	sweep(do_##name);						\
}

SWEEP(create)
SWEEP(first_use)
SWEEP(fork)
SWEEP(spawn)
SWEEP(shmget)
SWEEP(shmat)
SWEEP(remap)
SWEEP(shmdt)
SWEEP(lock)
SWEEP(zero_fill)
SWEEP(swap_in)
SWEEP(load)
SWEEP(store)
SWEEP(swapon_ram)
SWEEP(swapon_file)
SWEEP(swapoff)
SWEEP(reclaim)
SWEEP(query)
SWEEP(query_mem_map)
SWEEP(check)
SWEEP(events)
SWEEP(table_shm)
SWEEP(table_swaps)
SWEEP(table_maps)
SWEEP(mmap)
SWEEP(mmap_shared)
SWEEP(mmap_file)
SWEEP(mmap_over)
SWEEP(munmap_hole)
SWEEP(mprotect)
SWEEP(mlock)
SWEEP(munlock)
SWEEP(msync)
SWEEP(private_zero_fill)
SWEEP(private_swap_in)
SWEEP(copy_on_write)
SWEEP(file_read)
SWEEP(scan)

int main(int argc, char **argv)
{
	static const struct ktap_case cases[] = {
		KTAP_CASE(in_create),
		KTAP_CASE(in_first_use),
		KTAP_CASE(in_fork),
		KTAP_CASE(in_spawn),
		KTAP_CASE(in_shmget),
		KTAP_CASE(in_shmat),
		KTAP_CASE(in_remap),
		KTAP_CASE(in_shmdt),
		KTAP_CASE(in_lock),
		KTAP_CASE(in_zero_fill),
		KTAP_CASE(in_swap_in),
		KTAP_CASE(in_load),
		KTAP_CASE(in_store),
		KTAP_CASE(in_swapon_ram),
		KTAP_CASE(in_swapon_file),
		KTAP_CASE(in_swapoff),
		KTAP_CASE(in_reclaim),
		KTAP_CASE(in_query),
		KTAP_CASE(in_query_mem_map),
		KTAP_CASE(in_check),
		KTAP_CASE(in_table_shm),
		KTAP_CASE(in_table_swaps),
		KTAP_CASE(in_table_maps),
		KTAP_CASE(in_mmap),
		KTAP_CASE(in_mmap_shared),
		KTAP_CASE(in_mmap_file),
		KTAP_CASE(in_mmap_over),
		KTAP_CASE(in_munmap_hole),
		KTAP_CASE(in_mprotect),
		KTAP_CASE(in_mlock),
		KTAP_CASE(in_munlock),
		KTAP_CASE(in_events),
		KTAP_CASE(in_msync),
		KTAP_CASE(in_private_zero_fill),
		KTAP_CASE(in_private_swap_in),
		KTAP_CASE(in_copy_on_write),
		KTAP_CASE(in_file_read),
		KTAP_CASE(in_scan),
	};

	return ktap_run(argc, argv, cases, ARRAY_SIZE(cases));
}
