// SPDX-License-Identifier: GPL-2.0
/* e2e: timeout=90 */
/*
 * shmget(2) and shmctl(2) as the man pages of today have them. sysv.c compares
 * the same calls with the kernel's own answers.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <limits.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "ktap.h"
#include "libshm.h"

#define KEY	0x5e9

static int machine(void)
{
	int fd = sm_machine(64, 64, 0);

	ASSERT_GE(fd, 0);
	return fd;
}

static int limited_machine(struct shmswap_create create)
{
	int fd;

	create.nr_frames = 64;
	fd = sm_create(&create);
	ASSERT_GE(fd, 0);
	return fd;
}

static int segment(int fd, int key, uint64_t pages)
{
	int id = sm_shmget(fd, key, pages * SM_PAGE, IPC_CREAT | 0600);

	ASSERT_GE(id, 0);
	return id;
}

static int64_t attach(int fd, int id)
{
	int64_t addr = sm_shmat(fd, id, 0, 0);

	ASSERT_GT(addr, 0);
	return addr;
}

static struct shmswap_shmid_ds stat_of(int fd, int id)
{
	struct shmswap_shmid_ds ds = { 0 };

	ASSERT_EQ(sm_shm_stat(fd, id, &ds), 0);
	return ds;
}

static struct shmswap_shm_info shm_info(int fd)
{
	struct shmswap_shmctl arg = SM_ARG(shmctl);

	ASSERT_GE(sm_shmctl(fd, 0, SHM_INFO, &arg), 0);
	return arg.shm_info;
}

static int highest_index(int fd)
{
	return sm_shmctl(fd, 0, SHM_INFO, &SM_ARG(shmctl));
}

/*
 * shmget
 */

static void keys_find_their_segments(void)
{
	int fd = machine();
	int id = segment(fd, KEY, 4), other = segment(fd, KEY + 1, 4);

	EXPECT_NE(id, other);
	EXPECT_EQ(sm_shmget(fd, KEY, 0, 0), id);
	EXPECT_EQ(sm_shmget(fd, KEY, 1, 0600), id);
	EXPECT_EQ(sm_shmget(fd, KEY, 4 * SM_PAGE, IPC_CREAT | 0600), id);
	EXPECT_EQ(sm_shmget(fd, KEY + 1, 0, 0), other);
	EXPECT_EQ(sm_shmget(fd, KEY, 4 * SM_PAGE + 1, 0600), -EINVAL);
	EXPECT_EQ(sm_shmget(fd, KEY, SM_PAGE, IPC_CREAT | IPC_EXCL | 0600), -EEXIST);
	EXPECT_EQ(sm_shmget(fd, KEY + 2, SM_PAGE, 0600), -ENOENT);
	EXPECT_EQ(sm_shmget(fd, KEY + 2, SM_PAGE, IPC_EXCL | 0600), -ENOENT);
	/* EEXIST comes before what is wrong with the size. */
	EXPECT_EQ(sm_shmget(fd, KEY, ~0ULL, IPC_CREAT | IPC_EXCL), -EEXIST);
}

static void negative_keys_are_keys(void)
{
	int fd = machine();
	int id = segment(fd, INT_MIN, 1), other = segment(fd, -1, 1);

	EXPECT_NE(id, other);
	EXPECT_EQ(sm_shmget(fd, INT_MIN, 0, 0), id);
	EXPECT_EQ(sm_shmget(fd, -1, 0, 0), other);
	EXPECT_EQ(stat_of(fd, other).key, -1);
}

static void private_is_always_new(void)
{
	int fd = machine();
	int one = sm_shmget(fd, IPC_PRIVATE, SM_PAGE, 0600);
	int two = sm_shmget(fd, IPC_PRIVATE, SM_PAGE, IPC_CREAT | IPC_EXCL | 0600);

	ASSERT_GE(one, 0);
	ASSERT_GE(two, 0);
	EXPECT_NE(one, two);
	EXPECT_EQ(stat_of(fd, one).key, IPC_PRIVATE);
}

static void sizes_are_kept_in_bytes(void)
{
	int fd = machine();
	int id = sm_shmget(fd, KEY, 1, IPC_CREAT | 0600);
	int other = sm_shmget(fd, KEY + 1, 3 * SM_PAGE + 1, IPC_CREAT | 0600);

	EXPECT_EQ(stat_of(fd, id).segsz, 1);
	EXPECT_EQ(stat_of(fd, other).segsz, 3 * SM_PAGE + 1);
	EXPECT_EQ(shm_info(fd).shm_tot, 1 + 4);
	EXPECT_EQ(shm_info(fd).shm_rss, 0);
}

static void shmmax_limits_the_size(void)
{
	int fd = limited_machine((struct shmswap_create){ .shmmax = 2 * SM_PAGE + 7 });

	EXPECT_EQ(sm_shmget(fd, KEY, 2 * SM_PAGE + 8, IPC_CREAT | 0600), -EINVAL);
	EXPECT_GE(sm_shmget(fd, KEY, 2 * SM_PAGE + 7, IPC_CREAT | 0600), 0);
	EXPECT_EQ(sm_shmget(fd, KEY + 1, 0, IPC_CREAT | 0600), -EINVAL);
}

static void shmall_limits_the_sum(void)
{
	int fd = limited_machine((struct shmswap_create){ .shmall = 10 });
	int id = segment(fd, KEY, 6);

	EXPECT_EQ(sm_shmget(fd, KEY + 1, 4 * SM_PAGE + 1, IPC_CREAT | 0600), -ENOSPC);
	EXPECT_GE(sm_shmget(fd, KEY + 1, 4 * SM_PAGE, IPC_CREAT | 0600), 0);
	EXPECT_EQ(sm_shmget(fd, KEY + 2, 1, IPC_CREAT | 0600), -ENOSPC);
	EXPECT_EQ(sm_shm_remove(fd, id), 0);
	EXPECT_GE(sm_shmget(fd, KEY + 2, 6 * SM_PAGE, IPC_CREAT | 0600), 0);
}

static void shmmni_limits_the_number(void)
{
	int fd = limited_machine((struct shmswap_create){ .shmmni = 3 });
	int id = segment(fd, KEY, 1);

	segment(fd, KEY + 1, 1);
	segment(fd, IPC_PRIVATE, 1);
	EXPECT_EQ(sm_shmget(fd, KEY + 2, 1, IPC_CREAT | 0600), -ENOSPC);
	EXPECT_EQ(sm_shmget(fd, KEY, 1, IPC_CREAT | 0600), id);
	EXPECT_EQ(sm_shm_remove(fd, id), 0);
	EXPECT_GE(sm_shmget(fd, KEY + 2, 1, IPC_CREAT | 0600), 0);
}

static void limits_change_for_new_segments(void)
{
	struct shmswap_control control = SM_ARG(control);
	int fd = machine();

	segment(fd, KEY, 8);
	segment(fd, KEY + 1, 8);
	ASSERT_EQ(sm_control(fd, &control), 0);
	control.set = SHMSWAP_CONTROL_LIMITS;
	control.shmmni = 1;
	ASSERT_EQ(sm_control(fd, &control), 0);
	EXPECT_EQ(sm_shmget(fd, KEY + 2, 1, IPC_CREAT | 0600), -ENOSPC);
	control.shmmni = 10;
	control.shmall = 10;
	ASSERT_EQ(sm_control(fd, &control), 0);
	EXPECT_EQ(sm_shmget(fd, KEY + 2, 1, IPC_CREAT | 0600), -ENOSPC);
	control.shmall = 100;
	control.shmmax = SM_PAGE;
	ASSERT_EQ(sm_control(fd, &control), 0);
	EXPECT_EQ(sm_shmget(fd, KEY + 2, SM_PAGE + 1, IPC_CREAT | 0600), -EINVAL);
	EXPECT_GE(sm_shmget(fd, KEY + 2, SM_PAGE, IPC_CREAT | 0600), 0);
	EXPECT_GE(sm_shmget(fd, KEY, 8 * SM_PAGE, 0600), 0);
}

/*
 * shmctl
 */

static void stat_of_a_new_segment(void)
{
	int fd = machine();
	time_t before = time(NULL);
	int id = sm_shmget(fd, KEY, SM_PAGE, IPC_CREAT | 01640);
	struct shmswap_shmid_ds ds = stat_of(fd, id);

	EXPECT_EQ(ds.key, KEY);
	EXPECT_EQ(ds.mode, 0640);
	EXPECT_EQ(ds.uid, geteuid());
	EXPECT_EQ(ds.gid, getegid());
	EXPECT_EQ(ds.cuid, geteuid());
	EXPECT_EQ(ds.cgid, getegid());
	EXPECT_EQ(ds.cpid, getpid());
	EXPECT_EQ(ds.lpid, 0);
	EXPECT_EQ(ds.reserved, 0);
	EXPECT_EQ(ds.segsz, SM_PAGE);
	EXPECT_EQ(ds.nattch, 0);
	EXPECT_EQ(ds.atime, 0);
	EXPECT_EQ(ds.dtime, 0);
	EXPECT_GE(ds.ctime, before);
	EXPECT_LE(ds.ctime, time(NULL));
	EXPECT_EQ(ds.rss, 0);
	EXPECT_EQ(ds.swp, 0);
}

static void set_changes_owner_and_mode(void)
{
	struct shmswap_shmctl arg = SM_ARG(shmctl);
	struct shmswap_shmid_ds before, after;
	int fd = machine(), id = segment(fd, KEY, 1);

	before = stat_of(fd, id);
	ASSERT_SOON(time(NULL) > before.ctime);
	memset(&arg, 0xff, sizeof(arg));
	arg.ds.reserved = 0;
	arg.ds.uid = 1000;
	arg.ds.gid = 100;
	arg.ds.mode = 07000 | 0123;
	EXPECT_EQ(sm_shmctl(fd, id, IPC_SET, &arg), 0);
	after = stat_of(fd, id);
	EXPECT_EQ(after.uid, 1000);
	EXPECT_EQ(after.gid, 100);
	EXPECT_EQ(after.mode, 0123);
	EXPECT_GT(after.ctime, before.ctime);
	after.uid = before.uid;
	after.gid = before.gid;
	after.mode = before.mode;
	after.ctime = before.ctime;
	EXPECT(!memcmp(&after, &before, sizeof(after)));
}

static void set_refuses_what_is_no_user(void)
{
	struct shmswap_shmctl arg = SM_ARG(shmctl);
	struct shmswap_shmid_ds before, after;
	int fd = machine(), id = segment(fd, KEY, 1);

	before = stat_of(fd, id);
	arg.ds = before;
	arg.ds.uid = -1;
	EXPECT_EQ(sm_shmctl(fd, id, IPC_SET, &arg), -EINVAL);
	arg.ds = before;
	arg.ds.gid = -1;
	EXPECT_EQ(sm_shmctl(fd, id, IPC_SET, &arg), -EINVAL);
	arg.ds = before;
	arg.ds.reserved = 1;
	EXPECT_EQ(sm_shmctl(fd, id, IPC_SET, &arg), -EINVAL);
	after = stat_of(fd, id);
	EXPECT(!memcmp(&after, &before, sizeof(after)));
}

static void ipc_info_tells_the_limits(void)
{
	int fd = limited_machine((struct shmswap_create){
		.shmmax = 12345, .shmall = 678, .shmmni = 90 });
	struct shmswap_shmctl arg = SM_ARG(shmctl);

	segment(fd, KEY, 1);
	EXPECT_EQ(sm_shmctl(fd, 0, IPC_INFO, &arg), highest_index(fd));
	EXPECT_EQ(arg.info.shmmax, 12345);
	EXPECT_EQ(arg.info.shmmin, 1);
	EXPECT_EQ(arg.info.shmmni, 90);
	EXPECT_EQ(arg.info.shmseg, 90);
	EXPECT_EQ(arg.info.shmall, 678);
}

static void shm_info_is_live(void)
{
	int fd = machine(), id;
	struct shmswap_shm_info info = shm_info(fd);
	int64_t addr;

	EXPECT_EQ(info.used_ids + info.shm_tot + info.shm_rss + info.shm_swp, 0);
	EXPECT_EQ(info.swap_attempts + info.swap_successes, 0);
	EXPECT_EQ(highest_index(fd), 0);

	id = segment(fd, KEY, 10);
	addr = attach(fd, id);
	ASSERT_EQ(sm_touch(fd, addr, 6, 0), 0);
	ASSERT_EQ(sm_reclaim_shm(fd, 3), 2);
	info = shm_info(fd);
	EXPECT_EQ(info.used_ids, 1);
	EXPECT_EQ(info.shm_tot, 10);
	EXPECT_EQ(info.shm_rss, 4);
	EXPECT_EQ(info.shm_swp, 2);
	EXPECT_EQ(info.swap_attempts, 7 + 2);
	EXPECT_EQ(info.swap_successes, 2);
	EXPECT_EQ(stat_of(fd, id).rss, 4);
	EXPECT_EQ(stat_of(fd, id).swp, 2);
}

/* As ipcs(1) does it: indices from 0 to what SHM_INFO returned. */
static void stat_by_index_finds_all(void)
{
	int fd = machine(), ids[6], i, index, found = 0;
	struct shmswap_shmctl arg = SM_ARG(shmctl), any;

	for (i = 0; i < 6; i++)
		ids[i] = segment(fd, KEY + i, 1 + i);
	ASSERT_EQ(sm_shm_remove(fd, ids[2]), 0);
	for (index = 0; index <= highest_index(fd); index++) {
		int id = sm_shmctl(fd, index, SHM_STAT, &arg);

		EXPECT_EQ(sm_shmctl(fd, index, SHM_STAT_ANY, &any), id);
		if (id < 0) {
			EXPECT_EQ(id, -EINVAL);
			continue;
		}
		found++;
		i = arg.ds.key - KEY;
		EXPECT(i >= 0 && i < 6 && i != 2);
		EXPECT_EQ(id, ids[i]);
		EXPECT_EQ(arg.ds.segsz, (1 + i) * SM_PAGE);
		EXPECT(!memcmp(&arg.ds, &any.ds, sizeof(any.ds)));
	}
	EXPECT_EQ(found, 5);
	EXPECT_EQ(sm_shmctl(fd, index, SHM_STAT, &arg), -EINVAL);
	EXPECT_EQ(sm_shmctl(fd, SHMSWAP_MAX_SEGMENTS + index, SHM_STAT, &arg), -EINVAL);
	EXPECT_EQ(sm_shmctl(fd, -1, SHM_STAT, &arg), -EINVAL);
	/* Of an identifier, even an old one, the index counts. */
	EXPECT_EQ(sm_shmctl(fd, ids[1], SHM_STAT, &arg), ids[1]);
	EXPECT_EQ(sm_shmctl(fd, SHMSWAP_MAX_SEGMENTS, SHM_STAT, &arg), ids[0]);
	EXPECT_EQ(sm_shmctl(fd, INT_MAX, SHM_STAT_ANY, &arg), -EINVAL);
}

static void the_record_of_a_segment_is_its_stat(void)
{
	int fd = machine(), i;
	struct shmswap_seg segs[4];
	struct shmswap_shmctl arg = SM_ARG(shmctl);

	for (i = 0; i < 3; i++)
		segment(fd, KEY + i, i + 1);
	EXPECT_EQ(sm_query(fd, SHMSWAP_QUERY_SEGS, 0, segs, 4), 3);
	for (i = 0; i < 3; i++) {
		EXPECT_EQ(sm_shmctl(fd, segs[i].index, SHM_STAT, &arg), segs[i].shmid);
		EXPECT(!memcmp(&arg.ds, &segs[i].ds, sizeof(arg.ds)));
	}
}

/*
 * Removal
 */

static void expect_stale(int fd, int id)
{
	struct shmswap_shmid_ds ds;

	EXPECT_EQ(sm_shmat(fd, id, 0, 0), -EINVAL);
	EXPECT_EQ(sm_shm_stat(fd, id, &ds), -EINVAL);
	EXPECT_EQ(sm_shmctl(fd, id, IPC_SET, &SM_ARG(shmctl)), -EINVAL);
	EXPECT_EQ(sm_shm_lock(fd, id), -EINVAL);
	EXPECT_EQ(sm_shm_unlock(fd, id), -EINVAL);
	EXPECT_EQ(sm_shm_remove(fd, id), -EINVAL);
	EXPECT_EQ(sm_query(fd, SHMSWAP_QUERY_PAGES, id, &ds, 0), -EINVAL);
	EXPECT_EQ(sm_query(fd, SHMSWAP_QUERY_SHARERS, id, &ds, 0), -EINVAL);
}

static void remove_without_attaches_is_at_once(void)
{
	int fd = machine(), id;
	struct sm_resources before;
	int64_t addr;

	ASSERT_EQ(sm_resources(fd, &before), 0);
	id = segment(fd, KEY, 10);
	addr = attach(fd, id);
	ASSERT_EQ(sm_touch(fd, addr, 10, SHMSWAP_TOUCH_WRITE), 0);
	ASSERT_EQ(sm_shmdt(fd, addr), 0);
	ASSERT_GT(sm_reclaim_shm(fd, 5), 0);
	EXPECT_EQ(shm_info(fd).shm_tot, 10);
	EXPECT_EQ(sm_shm_remove(fd, id), 0);
	expect_stale(fd, id);
	EXPECT_EQ(sm_shmget(fd, KEY, 0, 0), -ENOENT);
	EXPECT(sm_same_resources(fd, &before));
	EXPECT_EQ(sm_check(fd), 0);
}

static void remove_waits_for_the_last_detach(void)
{
	int fd = machine(), id;
	struct sm_resources before;
	int64_t addr, again;

	ASSERT_EQ(sm_resources(fd, &before), 0);
	id = segment(fd, KEY, 10);
	addr = attach(fd, id);
	ASSERT_EQ(sm_fill_pages(fd, addr, 10, 1), 0);
	EXPECT_EQ(sm_shm_remove(fd, id), 0);

	EXPECT_EQ(stat_of(fd, id).mode, 0600 | SHM_DEST);
	EXPECT_EQ(stat_of(fd, id).key, IPC_PRIVATE);
	EXPECT_EQ(sm_shmget(fd, KEY, 0, 0), -ENOENT);
	EXPECT_EQ(sm_verify_pages(fd, addr, 10, 1), 0);
	again = attach(fd, id);
	EXPECT_EQ(sm_shm_remove(fd, id), 0);
	EXPECT_EQ(sm_shmdt(fd, addr), 0);
	EXPECT_EQ(sm_verify_pages(fd, again, 10, 1), 0);
	EXPECT_GT(sm_reclaim_shm(fd, 20), 0);
	EXPECT_EQ(shm_info(fd).shm_tot, 10);

	EXPECT_EQ(sm_shmdt(fd, again), 0);
	expect_stale(fd, id);
	EXPECT(sm_same_resources(fd, &before));
	EXPECT_EQ(sm_check(fd), 0);
}

/* The key is free at once; old and new segment live side by side. */
static void a_removed_key_can_be_used_again(void)
{
	int fd = machine(), id = segment(fd, KEY, 2), next;
	int64_t addr = attach(fd, id), other;

	ASSERT_EQ(sm_fill_pages(fd, addr, 2, 1), 0);
	ASSERT_EQ(sm_shm_remove(fd, id), 0);
	next = sm_shmget(fd, KEY, 2 * SM_PAGE, IPC_CREAT | IPC_EXCL | 0600);
	ASSERT_GE(next, 0);
	EXPECT_NE(next, id);
	other = attach(fd, next);
	ASSERT_EQ(sm_fill_pages(fd, other, 2, 7), 0);
	EXPECT_EQ(sm_verify_pages(fd, addr, 2, 1), 0);
	EXPECT_EQ(sm_shmdt(fd, addr), 0);
	EXPECT_EQ(sm_shmget(fd, KEY, 0, 0), next);
	EXPECT_EQ(sm_verify_pages(fd, other, 2, 7), 0);
}

/* An identifier does not come back soon, though its index may. */
static void stale_identifiers_stay_stale(void)
{
	int fd = machine(), i, first = segment(fd, KEY, 1);

	ASSERT_EQ(sm_shm_remove(fd, first), 0);
	for (i = 0; i < 200; i++) {
		int id = segment(fd, KEY, 1);

		ASSERT_NE(id, first);
		EXPECT_EQ(sm_shmat(fd, first, 0, 0), -EINVAL);
		ASSERT_EQ(sm_shm_remove(fd, id), 0);
	}
	expect_stale(fd, first);
}

static void forced_machine_destroys_on_last_detach(void)
{
	int fd = sm_machine(64, 64, SHMSWAP_MACHINE_RMID_FORCED), id, child;
	struct sm_resources before;
	int64_t addr, other;

	ASSERT_EQ(sm_resources(fd, &before), 0);
	id = segment(fd, KEY, 4);
	EXPECT_EQ(sm_shmget(fd, KEY, 0, 0), id);
	addr = attach(fd, id);
	other = attach(fd, id);
	child = sm_fork(fd);
	ASSERT_EQ(sm_touch(fd, addr, 4, SHMSWAP_TOUCH_WRITE), 0);
	EXPECT_EQ(sm_shmdt(fd, addr), 0);
	EXPECT_EQ(sm_shmdt(fd, other), 0);
	EXPECT_EQ(sm_shmget(fd, KEY, 0, 0), id);
	close(child);
	expect_stale(fd, id);
	EXPECT_EQ(sm_shmget(fd, KEY, 0, 0), -ENOENT);
	EXPECT(sm_same_resources(fd, &before));
}

/*
 * Locking
 */

static void lock_keeps_pages_in(void)
{
	int fd = machine(), id = segment(fd, KEY, 8);
	int64_t addr = attach(fd, id);

	ASSERT_EQ(sm_fill_pages(fd, addr, 8, 1), 0);
	EXPECT_EQ(sm_shm_lock(fd, id), 0);
	EXPECT_EQ(sm_shm_lock(fd, id), 0);
	EXPECT_EQ(stat_of(fd, id).mode, 0600 | SHM_LOCKED);
	EXPECT_EQ(sm_reclaim_shm(fd, 50), 0);
	EXPECT_EQ(sm_reclaim(fd, SHMSWAP_RECLAIM_TRY, 0, 10), 0);
	EXPECT_EQ(shm_info(fd).swap_attempts, 0);
	EXPECT_EQ(shm_info(fd).shm_rss, 8);

	EXPECT_EQ(sm_shm_unlock(fd, id), 0);
	EXPECT_EQ(sm_shm_unlock(fd, id), 0);
	EXPECT_EQ(stat_of(fd, id).mode, 0600);
	EXPECT_GT(sm_reclaim_shm(fd, 50), 0);
	EXPECT_EQ(sm_verify_pages(fd, addr, 8, 1), 0);
}

/* Locking does not bring pages in, but they come in and then stay. */
static void lock_leaves_swapped_pages_out(void)
{
	int fd = machine(), id = segment(fd, KEY, 8);
	int64_t addr = attach(fd, id);

	ASSERT_EQ(sm_fill_pages(fd, addr, 8, 1), 0);
	ASSERT_EQ(sm_reclaim_all(fd), 8);
	EXPECT_EQ(sm_shm_lock(fd, id), 0);
	EXPECT_EQ(shm_info(fd).shm_swp, 8);
	EXPECT_EQ(sm_verify_pages(fd, addr, 8, 1), 0);
	EXPECT_EQ(sm_reclaim_all(fd), 0);
	EXPECT_EQ(shm_info(fd).shm_rss, 8);
}

static void set_memlock(uint64_t pages)
{
	struct rlimit limit = { pages * SM_PAGE, pages * SM_PAGE };

	ASSERT_EQ(setrlimit(RLIMIT_MEMLOCK, &limit), 0);
}

static void users_lock_up_to_their_limit(void)
{
	int fd = machine(), one, two;

	set_memlock(10);
	ASSERT_EQ(sm_become(1000, 1000), 0);
	one = segment(fd, KEY, 6);
	two = segment(fd, KEY + 1, 5);
	EXPECT_EQ(sm_shm_lock(fd, one), 0);
	EXPECT_EQ(sm_shm_lock(fd, one), 0);
	EXPECT_EQ(sm_shm_lock(fd, two), -ENOMEM);
	EXPECT_EQ(stat_of(fd, two).mode, 0600);
	EXPECT_EQ(sm_shm_unlock(fd, one), 0);
	EXPECT_EQ(sm_shm_lock(fd, two), 0);
	EXPECT_EQ(sm_shm_lock(fd, one), -ENOMEM);
	EXPECT_EQ(sm_shm_remove(fd, two), 0);
	EXPECT_EQ(sm_shm_lock(fd, one), 0);
	/* Unlocking asks for no limit. */
	set_memlock(0);
	EXPECT_EQ(sm_shm_unlock(fd, one), 0);
	EXPECT_EQ(sm_shm_lock(fd, one), -EPERM);
}

static void root_locks_beyond_its_limit(void)
{
	int fd = machine(), id = segment(fd, KEY, 8);

	set_memlock(0);
	EXPECT_EQ(sm_shm_lock(fd, id), 0);
	EXPECT_EQ(sm_shm_unlock(fd, id), 0);
}

/*
 * Many
 */

#define MANY	1000

static void many_segments(void)
{
	static int ids[MANY];
	static struct shmswap_seg segs[MANY + 1];
	int fd = machine(), i;
	struct sm_resources before;

	ASSERT_EQ(sm_resources(fd, &before), 0);
	for (i = 0; i < MANY; i++)
		ids[i] = segment(fd, i + 1, 1 + i % 3);
	for (i = 0; i < MANY; i += 7)
		EXPECT_EQ(sm_shmget(fd, i + 1, 0, 0), ids[i]);
	EXPECT_EQ(shm_info(fd).used_ids, MANY);
	EXPECT_EQ(sm_query(fd, SHMSWAP_QUERY_SEGS, 0, segs, MANY + 1), MANY);
	for (i = 1; i < MANY; i++)
		EXPECT_GT(segs[i].index, segs[i - 1].index);
	for (i = 0; i < MANY; i++)
		EXPECT_EQ(sm_shm_remove(fd, ids[(i * 7 + 3) % MANY]), 0);
	EXPECT_EQ(highest_index(fd), 0);
	EXPECT(sm_same_resources(fd, &before));
}

/* Nobody finds what another segment's pages held. */
static void new_pages_are_zero(void)
{
	static const char zeros[SM_PAGE];
	int fd = machine(), id, round, i;
	char page[SM_PAGE];

	for (round = 0; round < 3; round++) {
		int64_t addr;

		id = segment(fd, KEY, 100);
		addr = attach(fd, id);
		for (i = 0; i < 100; i++) {
			ktap_context("round %d, page %d", round, i);
			ASSERT_EQ(sm_load(fd, addr + i * SM_PAGE, page, SM_PAGE), SM_PAGE);
			ASSERT(!memcmp(page, zeros, SM_PAGE));
		}
		ASSERT_EQ(sm_fill_pages(fd, addr, 100, 1 + round), 0);
		ASSERT_EQ(sm_shmdt(fd, addr), 0);
		ASSERT_EQ(sm_shm_remove(fd, id), 0);
	}
}

/* A segment far larger than memory and swap costs nothing until touched. */
static void huge_segments_are_sparse(void)
{
	int fd = machine(), id = sm_shmget(fd, KEY, SHMSWAP_MAX_SEGSZ, IPC_CREAT | 0600);
	struct sm_resources before;
	struct shmswap_pte words[4];
	struct shmswap_stat stat;
	uint64_t last = SHMSWAP_MAX_SEGSZ - SM_PAGE;
	int64_t addr;

	ASSERT_EQ(sm_resources(fd, &before), 0);
	addr = attach(fd, id);
	ASSERT_EQ(sm_fill_pages(fd, addr, 1, 1), 0);
	ASSERT_EQ(sm_fill_pages(fd, addr + last, 1, 2), 0);
	EXPECT_EQ(sm_reclaim_all(fd), 2);
	EXPECT_EQ(sm_query(fd, SHMSWAP_QUERY_PAGES, id, words, 4), 2);
	EXPECT_EQ(words[1].where, last / SM_PAGE);
	EXPECT_EQ(sm_verify_pages(fd, addr, 1, 1), 0);
	EXPECT_EQ(sm_verify_pages(fd, addr + last, 1, 2), 0);
	ASSERT_EQ(sm_stat(fd, &stat), 0);
	/* The top of its page list takes a part in 2^17 of it. */
	EXPECT_LE(stat.nr_table_bytes, 2 << 20);
	EXPECT_EQ(sm_shm_remove(fd, id), 0);
	EXPECT_EQ(sm_shmdt(fd, addr), 0);
	EXPECT_EQ(sm_check(fd), 0);
}

int main(int argc, char **argv)
{
	static const struct ktap_case cases[] = {
		KTAP_CASE(keys_find_their_segments),
		KTAP_CASE(negative_keys_are_keys),
		KTAP_CASE(private_is_always_new),
		KTAP_CASE(sizes_are_kept_in_bytes),
		KTAP_CASE(shmmax_limits_the_size),
		KTAP_CASE(shmall_limits_the_sum),
		KTAP_CASE(shmmni_limits_the_number),
		KTAP_CASE(limits_change_for_new_segments),
		KTAP_CASE(stat_of_a_new_segment),
		KTAP_CASE(set_changes_owner_and_mode),
		KTAP_CASE(set_refuses_what_is_no_user),
		KTAP_CASE(ipc_info_tells_the_limits),
		KTAP_CASE(shm_info_is_live),
		KTAP_CASE(stat_by_index_finds_all),
		KTAP_CASE(the_record_of_a_segment_is_its_stat),
		KTAP_CASE(remove_without_attaches_is_at_once),
		KTAP_CASE(remove_waits_for_the_last_detach),
		KTAP_CASE(a_removed_key_can_be_used_again),
		KTAP_CASE(stale_identifiers_stay_stale),
		KTAP_CASE(forced_machine_destroys_on_last_detach),
		KTAP_CASE(lock_keeps_pages_in),
		KTAP_CASE(lock_leaves_swapped_pages_out),
		KTAP_CASE(users_lock_up_to_their_limit),
		KTAP_CASE(root_locks_beyond_its_limit),
		KTAP_CASE(many_segments),
		KTAP_CASE(new_pages_are_zero),
		KTAP_CASE(huge_segments_are_sparse),
	};

	return ktap_run(argc, argv, cases, ARRAY_SIZE(cases));
}
