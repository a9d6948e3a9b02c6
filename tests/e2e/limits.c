// SPDX-License-Identifier: GPL-2.0
/* e2e: module-args="frames=48 ram_swap=40 kswapd=0 shm_rmid_forced=1 shmmax=40960 shmall=30" */
/*
 * Limits: those that the module's parameters give to the default machine, and
 * those of files and page tables. What runs into one leaves nothing behind.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <sys/resource.h>
#include <unistd.h>

#include "ktap.h"
#include "libshm.h"

static void parameters_make_the_default_machine(void)
{
	int fd = sm_open();
	struct shmswap_control control = SM_ARG(control);
	struct shmswap_info info;
	struct shmswap_stat stat;
	struct shmswap_area area;

	ASSERT_EQ(sm_info(fd, &info), 0);
	EXPECT_EQ(info.out_nr_frames, 48);
	EXPECT_EQ(info.out_flags, SHMSWAP_MACHINE_RMID_FORCED | SHMSWAP_INFO_DEFAULT |
				  SHMSWAP_INFO_PRIVILEGED);
	ASSERT_EQ(sm_stat(fd, &stat), 0);
	EXPECT_EQ(stat.nr_free_pages, 48);
	EXPECT_EQ(stat.nr_swap_pages, 40);
	ASSERT_EQ(sm_query(fd, SHMSWAP_QUERY_SWAPS, 0, &area, 1), 1);
	EXPECT_EQ(area.kind, SHMSWAP_AREA_RAM);
	ASSERT_EQ(sm_control(fd, &control), 0);
	EXPECT_EQ(control.shmmax, 40960);
	EXPECT_EQ(control.shmall, 30);
	EXPECT_EQ(control.shmmni, SHMSWAP_MAX_SEGMENTS);
}

static void the_default_machine_keeps_them(void)
{
	int fd = sm_open(), id, i;
	int64_t addr;

	EXPECT_EQ(sm_shmget(fd, IPC_PRIVATE, 40961, 0600), -EINVAL);
	for (i = 0; i < 3; i++)
		ASSERT_GE(sm_shmget(fd, 100 + i, 40960, IPC_CREAT | 0600), 0);
	EXPECT_EQ(sm_shmget(fd, 200, 1, IPC_CREAT | 0600), -ENOSPC);
	/* shm_rmid_forced: the last detach destroys. */
	id = sm_shmget(fd, 100, 0, 0);
	addr = sm_shmat(fd, id, 0, 0);
	ASSERT_GT(addr, 0);
	EXPECT_EQ(sm_shmdt(fd, addr), 0);
	EXPECT_EQ(sm_shmget(fd, 100, 0, 0), -ENOENT);
}

/* What one file leaves in the default machine, another finds. */
static void the_default_machine_outlives_its_processes(void)
{
	int id = sm_shmget(sm_open(), 101, 0, 0), fd = sm_open();

	EXPECT_GE(id, 0);
	EXPECT_EQ(sm_shmget(fd, 101, 0, 0), id);
	EXPECT_EQ(sm_check(fd), 0);
}

static void without_files_no_children(void)
{
	struct shmswap_fork child = SM_ARG(fork);
	struct shmswap_table table = SM_ARG(table);
	int fd = sm_machine(64, 64, 0);
	struct sm_resources before;
	struct rlimit limit = { fd + 1, fd + 1 };

	ASSERT_GE(fd, 0);
	ASSERT_EQ(sm_resources(fd, &before), 0);
	ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &limit), 0);
	EXPECT_EQ(sm_call(fd, SHMSWAP_IOC_FORK, &child), -EMFILE);
	EXPECT_EQ(sm_call(fd, SHMSWAP_IOC_TABLE, &table), -EMFILE);
	EXPECT(sm_same_resources(fd, &before));
}

/* Pages far apart: each wants tables of its own, until there are no more. */
static void page_tables_have_a_limit(void)
{
	struct shmswap_create create = { .nr_frames = 256, .max_tables = 32 };
	int fd = sm_create(&create), id, err = 0, i;
	struct sm_resources empty, full;
	int64_t addr;

	ASSERT_GE(fd, 0);
	ASSERT_EQ(sm_resources(fd, &empty), 0);
	id = sm_shmget(fd, 1, 1ULL << 30, IPC_CREAT | 0600);
	addr = sm_shmat(fd, id, 0, 0);
	ASSERT_GT(addr, 0);
	for (i = 0; i < 100 && !err; i++)
		err = sm_fill_pages(fd, addr + ((uint64_t)i << 21), 1, i);
	EXPECT_EQ(err, -ENOMEM);
	EXPECT_GT(i, 5);
	ASSERT_EQ(sm_resources(fd, &full), 0);
	EXPECT_LE(full.table_bytes, 32 * SM_PAGE);
	EXPECT_EQ(sm_check(fd), 0);
	/* What is there can be used, also by a page more in the same table. */
	EXPECT_EQ(sm_verify_pages(fd, addr, 1, 0), 0);
	EXPECT_EQ(sm_fill_pages(fd, addr + SM_PAGE, 1, 7), 0);

	ASSERT_EQ(sm_shm_remove(fd, id), 0);
	ASSERT_EQ(sm_shmdt(fd, addr), 0);
	EXPECT(sm_same_resources(fd, &empty));
}

/* The same for batches that fail half way, again and again. */
static void failed_batches_leave_nothing_behind(void)
{
	struct shmswap_create create = { .nr_frames = 64, .max_tables = 64 };
	int fd = sm_create(&create), round;
	struct sm_resources before;
	int64_t addr;

	ASSERT_GE(fd, 0);
	addr = sm_shmat(fd, sm_shmget(fd, 1, 128 * SM_PAGE, IPC_CREAT | 0600), 0, 0);
	ASSERT_GT(addr, 0);
	ASSERT_EQ(sm_touch(fd, addr, 128, 0), -ENOMEM);
	ASSERT_EQ(sm_resources(fd, &before), 0);
	for (round = 0; round < 50; round++) {
		EXPECT_EQ(sm_touch(fd, addr, 128, SHMSWAP_TOUCH_WRITE), -ENOMEM);
		EXPECT(sm_same_resources(fd, &before));
	}
	EXPECT_EQ(sm_check(fd), 0);
}

static void many_processes(void)
{
	struct shmswap_create create = { .nr_frames = 64, .ram_swap = 64, .max_tables = 8192 };
	struct rlimit limit = { 1100, 1100 };
	int fd = sm_create(&create), fds[1000], i;
	struct sm_resources before;
	struct shmswap_shmid_ds ds;
	int64_t addr;
	int id;

	ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &limit), 0);
	id = sm_shmget(fd, 1, 4 * SM_PAGE, IPC_CREAT | 0600);
	addr = sm_shmat(fd, id, 0, 0);
	ASSERT_EQ(sm_fill_pages(fd, addr, 4, 1), 0);
	ASSERT_EQ(sm_resources(fd, &before), 0);
	for (i = 0; i < 1000; i++) {
		fds[i] = sm_fork(fd);
		ASSERT_GE(fds[i], 0);
		ASSERT_EQ(sm_touch(fds[i], addr + i % 4 * SM_PAGE, 1, 0), 0);
	}
	ASSERT_EQ(sm_shm_stat(fd, id, &ds), 0);
	EXPECT_EQ(ds.nattch, 1001);
	EXPECT_EQ(sm_check(fd), 0);
	EXPECT_EQ(sm_reclaim_all(fd), 4);
	for (i = 0; i < 1000; i += 100)
		EXPECT_EQ(sm_verify_pages(fds[i], addr, 4, 1), 0);
	for (i = 0; i < 1000; i++)
		close(fds[i]);
	EXPECT_EQ(sm_verify_pages(fd, addr, 4, 1), 0);
	EXPECT(sm_same_resources(fd, &before));
}

int main(int argc, char **argv)
{
	static const struct ktap_case cases[] = {
		KTAP_CASE(parameters_make_the_default_machine),
		KTAP_CASE(the_default_machine_keeps_them),
		KTAP_CASE(the_default_machine_outlives_its_processes),
		KTAP_CASE(without_files_no_children),
		KTAP_CASE(page_tables_have_a_limit),
		KTAP_CASE(failed_batches_leave_nothing_behind),
		KTAP_CASE(many_processes),
	};

	return ktap_run(argc, argv, cases, ARRAY_SIZE(cases));
}
