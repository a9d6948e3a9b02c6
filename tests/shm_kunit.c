// SPDX-License-Identifier: GPL-2.0
/*
 * Segments: identifiers, keys, limits, what shmget() and shmctl() report, and
 * when a segment goes.
 */
#include <linux/ipc.h>
#include <linux/pid.h>
#include <linux/timekeeping.h>

#include "kunit_helpers.h"
#include "kunit_users.h"

#define KEY	0x5345

static int get(struct sim_machine *m, s32 key, u64 segsz, u32 shmflg, s32 *id)
{
	struct shmswap_shmget arg = { .key = key, .segsz = segsz, .shmflg = shmflg };
	int err = sim_shmget(m, &arg);

	if (!err && id)
		*id = arg.out_shmid;
	return err;
}

/* The identifier of the segment with a key, made if need be. */
static s32 keyed(struct kunit *test, struct sim_machine *m, s32 key)
{
	s32 id = -1;

	KUNIT_ASSERT_EQ(test, 0, get(m, key, PAGE_SIZE, IPC_CREAT | 0600, &id));
	return id;
}

static void rmid(struct kunit *test, struct sim_machine *m, s32 id)
{
	KUNIT_ASSERT_EQ(test, 0, sim_test_shmctl(m, id, IPC_RMID));
}

static bool exists(struct sim_machine *m, s32 id)
{
	return !sim_test_shmctl(m, id, IPC_STAT);
}

static struct shmswap_shmid_ds stat_of(struct kunit *test, struct sim_machine *m, s32 id)
{
	struct shmswap_shmctl arg = { .shmid = id, .cmd = IPC_STAT };

	KUNIT_ASSERT_EQ(test, 0, sim_shmctl(m, &arg));
	return arg.ds;
}

static u32 max_id(struct sim_machine *m)
{
	struct shmswap_shmctl arg = { .cmd = SHM_INFO };

	sim_shmctl(m, &arg);
	return arg.out_ret;
}

/* ------------------------------------------------------------ identifiers */

static void shmget_takes_lowest_free_index(struct kunit *test)
{
	struct sim_machine *m = sim_test_machine(test);
	s32 id[4];
	int i;

	for (i = 0; i < ARRAY_SIZE(id); i++) {
		id[i] = sim_test_segment(test, m, 1);
		KUNIT_EXPECT_EQ(test, i, id[i]);
	}
	rmid(test, m, id[2]);
	rmid(test, m, id[1]);
	KUNIT_EXPECT_EQ(test, 1, sim_shm_index(sim_test_segment(test, m, 1)));
	KUNIT_EXPECT_EQ(test, 2, sim_shm_index(sim_test_segment(test, m, 1)));
	KUNIT_EXPECT_EQ(test, 4, sim_shm_index(sim_test_segment(test, m, 1)));
}

/* The vector of Linux 2.0: two are made and removed, the next has number 2. */
static void destruction_advances_sequence_number(struct kunit *test)
{
	struct sim_machine *m = sim_test_machine(test);
	s32 first = sim_test_segment(test, m, 1);
	s32 second = sim_test_segment(test, m, 1);
	s32 third;

	rmid(test, m, first);
	rmid(test, m, second);
	third = sim_test_segment(test, m, 1);
	KUNIT_EXPECT_EQ(test, 2 * SHMSWAP_MAX_SEGMENTS, third);
	KUNIT_EXPECT_EQ(test, 2, stat_of(test, m, third).seq);
}

static void sequence_number_wraps(struct kunit *test)
{
	struct sim_machine *m = sim_test_machine(test);
	s32 id;

	m->shm_seq = 65535;
	id = sim_test_segment(test, m, 1);
	KUNIT_EXPECT_EQ(test, 65535 * SHMSWAP_MAX_SEGMENTS, id);
	KUNIT_EXPECT_TRUE(test, exists(m, id));
	rmid(test, m, id);
	KUNIT_EXPECT_EQ(test, 0, sim_test_segment(test, m, 1));
}

static void stale_id_finds_nothing(struct kunit *test)
{
	struct sim_machine *m = sim_test_machine(test);
	struct shmswap_shmat at = { .shmid = sim_test_segment(test, m, 1) };
	struct sim_mm *mm = sim_test_process(test, m);
	s32 new;

	rmid(test, m, at.shmid);
	new = sim_test_segment(test, m, 1);
	KUNIT_ASSERT_EQ(test, sim_shm_index(at.shmid), sim_shm_index(new));
	KUNIT_EXPECT_NULL(test, sim_shm_find(m, at.shmid));
	KUNIT_EXPECT_EQ(test, -EINVAL, sim_shmat(mm, &at));
	KUNIT_EXPECT_EQ(test, -EINVAL, sim_test_shmctl(m, at.shmid, IPC_STAT));
	KUNIT_EXPECT_EQ(test, -EINVAL, sim_test_shmctl(m, at.shmid, IPC_RMID));
	KUNIT_EXPECT_TRUE(test, exists(m, new));
}

static void find_with_id_of_nothing(struct kunit *test)
{
	struct sim_machine *m = sim_test_machine(test);

	sim_test_segment(test, m, 1);
	KUNIT_EXPECT_NULL(test, sim_shm_find(m, -1));
	KUNIT_EXPECT_NULL(test, sim_shm_find(m, S32_MIN));
	KUNIT_EXPECT_NULL(test, sim_shm_find(m, 1));
	KUNIT_EXPECT_NULL(test, sim_shm_find(m, SHMSWAP_MAX_SEGMENTS));
	KUNIT_EXPECT_NULL(test, sim_shm_find(m, S32_MAX));
}

static void max_id_is_highest_index(struct kunit *test)
{
	struct sim_machine *m = sim_test_machine(test);
	s32 id[4];
	int i;

	KUNIT_EXPECT_EQ(test, 0, max_id(m));
	for (i = 0; i < ARRAY_SIZE(id); i++) {
		id[i] = sim_test_segment(test, m, 1);
		KUNIT_EXPECT_EQ(test, i, max_id(m));
	}
	rmid(test, m, id[1]);
	KUNIT_EXPECT_EQ(test, 3, max_id(m));
	rmid(test, m, id[2]);
	KUNIT_EXPECT_EQ(test, 3, max_id(m));
	id[1] = sim_test_segment(test, m, 1);
	KUNIT_EXPECT_EQ(test, 3, max_id(m));
	rmid(test, m, id[1]);
	rmid(test, m, id[3]);
	KUNIT_EXPECT_EQ(test, 0, max_id(m));
	rmid(test, m, id[0]);
	KUNIT_EXPECT_EQ(test, 0, max_id(m));
}

static void next_walks_by_index(struct kunit *test)
{
	struct sim_machine *m = sim_test_machine(test);
	unsigned long index = 1;
	struct sim_shmid *seg;
	s32 id[4];
	int i;

	for (i = 0; i < ARRAY_SIZE(id); i++)
		id[i] = sim_test_segment(test, m, 1);
	rmid(test, m, id[1]);
	seg = sim_shm_next(m, &index);
	KUNIT_ASSERT_NOT_NULL(test, seg);
	KUNIT_EXPECT_EQ(test, id[2], seg->id);
	KUNIT_EXPECT_EQ(test, 2, index);
	sim_shm_put(seg);
	index = 4;
	KUNIT_EXPECT_NULL(test, sim_shm_next(m, &index));
}

static void shmget_with_every_index_used(struct kunit *test)
{
	struct sim_machine *m = sim_test_machine_config(test, &(const struct sim_config) {
		.nr_frames = SIM_TEST_FRAMES,
		.shmmni = SHMSWAP_MAX_SEGMENTS,
	});
	int i;

	for (i = 0; i < SHMSWAP_MAX_SEGMENTS; i++)
		KUNIT_ASSERT_EQ(test, i, sim_test_segment(test, m, 1));
	KUNIT_EXPECT_EQ(test, -ENOSPC, get(m, IPC_PRIVATE, 1, IPC_CREAT, NULL));
	KUNIT_EXPECT_EQ(test, SHMSWAP_MAX_SEGMENTS - 1, max_id(m));
	rmid(test, m, 12345);
	KUNIT_EXPECT_EQ(test, 12345, sim_shm_index(sim_test_segment(test, m, 1)));
}

/* ------------------------------------------------------------------- keys */

static void shmget_of_key_finds_it(struct kunit *test)
{
	struct sim_machine *m = sim_test_machine(test);
	s32 id = keyed(test, m, KEY);
	s32 found = -1;

	KUNIT_EXPECT_EQ(test, id, keyed(test, m, KEY));
	KUNIT_EXPECT_EQ(test, 0, get(m, KEY, 0, 0, &found));
	KUNIT_EXPECT_EQ(test, id, found);
	KUNIT_EXPECT_NE(test, id, keyed(test, m, KEY + 1));
	KUNIT_EXPECT_NE(test, id, keyed(test, m, -KEY));
	KUNIT_EXPECT_EQ(test, KEY, stat_of(test, m, id).key);
}

static void shmget_of_private_is_always_new(struct kunit *test)
{
	struct sim_machine *m = sim_test_machine(test);
	s32 first, second;

	KUNIT_EXPECT_EQ(test, 0, get(m, IPC_PRIVATE, 1, 0600, &first));
	KUNIT_EXPECT_EQ(test, 0, get(m, IPC_PRIVATE, 1, 0600 | IPC_CREAT | IPC_EXCL, &second));
	KUNIT_EXPECT_NE(test, first, second);
}

static void rmid_frees_key_at_once(struct kunit *test)
{
	struct sim_machine *m = sim_test_machine(test);
	struct sim_mm *mm = sim_test_process(test, m);
	s32 old = keyed(test, m, KEY);
	s32 new = -1;

	sim_test_attach(test, mm, old);
	rmid(test, m, old);
	KUNIT_EXPECT_EQ(test, -ENOENT, get(m, KEY, 0, 0, NULL));
	KUNIT_EXPECT_EQ(test, 0, get(m, KEY, PAGE_SIZE, IPC_CREAT | IPC_EXCL | 0600, &new));
	KUNIT_EXPECT_NE(test, old, new);
	KUNIT_EXPECT_EQ(test, IPC_PRIVATE, stat_of(test, m, old).key);
	KUNIT_EXPECT_EQ(test, SIM_SHM_DEST | 0600, stat_of(test, m, old).mode);
	sim_test_process_exit(test, mm);
	KUNIT_EXPECT_EQ(test, new, keyed(test, m, KEY));
}

static void rmid_then_shmget_makes_another(struct kunit *test)
{
	struct sim_machine *m = sim_test_machine(test);
	s32 old = keyed(test, m, KEY);
	s32 new;

	rmid(test, m, old);
	new = keyed(test, m, KEY);
	KUNIT_EXPECT_NE(test, old, new);
	KUNIT_EXPECT_EQ(test, sim_shm_index(old), sim_shm_index(new));
}

/* ----------------------------------------------------------------- limits */

static struct sim_machine *limited(struct kunit *test)
{
	return sim_test_machine_config(test, &(const struct sim_config) {
		.nr_frames = SIM_TEST_FRAMES,
		.shmmax = 4 * PAGE_SIZE,
		.shmall = 6,
		.shmmni = 3,
	});
}

static void shmget_at_shmmax(struct kunit *test)
{
	struct sim_machine *m = limited(test);

	KUNIT_EXPECT_EQ(test, -EINVAL, get(m, IPC_PRIVATE, 4 * PAGE_SIZE + 1, 0600, NULL));
	KUNIT_EXPECT_EQ(test, 0, get(m, IPC_PRIVATE, 4 * PAGE_SIZE, 0600, NULL));
}

static void shmget_at_largest_size_of_all(struct kunit *test)
{
	struct sim_machine *m = sim_test_machine(test);

	m->shmmax = U64_MAX;
	KUNIT_EXPECT_EQ(test, -EINVAL, get(m, IPC_PRIVATE, SHMSWAP_MAX_SEGSZ + 1, 0600, NULL));
	KUNIT_EXPECT_EQ(test, -EINVAL, get(m, IPC_PRIVATE, U64_MAX, 0600, NULL));
	KUNIT_EXPECT_EQ(test, 0, get(m, IPC_PRIVATE, SHMSWAP_MAX_SEGSZ, 0600, NULL));
	SIM_EXPECT_SHM(test, m, SHMSWAP_MAX_SEGSZ >> PAGE_SHIFT, 0, 0);
}

static void shmget_at_shmall(struct kunit *test)
{
	struct sim_machine *m = limited(test);

	sim_test_segment(test, m, 4);
	KUNIT_EXPECT_EQ(test, -ENOSPC, get(m, IPC_PRIVATE, 2 * PAGE_SIZE + 1, 0600, NULL));
	SIM_EXPECT_SHM(test, m, 4, 0, 0);
	KUNIT_EXPECT_EQ(test, 0, get(m, IPC_PRIVATE, PAGE_SIZE + 1, 0600, NULL));
	SIM_EXPECT_SHM(test, m, 6, 0, 0);
	KUNIT_EXPECT_EQ(test, -ENOSPC, get(m, IPC_PRIVATE, 1, 0600, NULL));
}

static void shmget_at_shmmni(struct kunit *test)
{
	struct sim_machine *m = limited(test);
	s32 id = sim_test_segment(test, m, 1);

	sim_test_segment(test, m, 1);
	sim_test_segment(test, m, 1);
	KUNIT_EXPECT_EQ(test, -ENOSPC, get(m, IPC_PRIVATE, 1, 0600, NULL));
	KUNIT_EXPECT_EQ(test, 3, m->shm_used);
	rmid(test, m, id);
	KUNIT_EXPECT_EQ(test, 0, get(m, IPC_PRIVATE, 1, 0600, NULL));
}

/* ---------------------------------------------------- errors of shmget() */

/*
 * The machine of limited() has a segment of two pages with key KEY and mode
 * 0600 that is root's; an ordinary user asks.
 */
static const struct shmget_row {
	const char *name;
	s32 key;
	u64 segsz;
	u32 shmflg;
	int err;
} shmget_rows[] = {
	{ "unknown flag before unknown key", KEY + 1, 1, 04000000000, -EINVAL },
	{ "huge pages", IPC_PRIVATE, 1, 04000 | 0600, -EINVAL },
	{ "flag without effect", IPC_PRIVATE, 1, SHM_NORESERVE | 0600, 0 },
	{ "no such key", KEY + 1, 1, 0600, -ENOENT },
	{ "no such key before wrong size", KEY + 1, 5 * PAGE_SIZE, 0600, -ENOENT },
	{ "IPC_EXCL alone means nothing", KEY + 1, 1, IPC_EXCL | 0600, -ENOENT },
	{ "new one of no size", KEY + 1, 0, IPC_CREAT | 0600, -EINVAL },
	{ "private one of no size", IPC_PRIVATE, 0, IPC_CREAT | 0600, -EINVAL },
	{ "too large before shmall", IPC_PRIVATE, 100 * PAGE_SIZE, 0600, -EINVAL },
	{ "exists, before its size", KEY, 3 * PAGE_SIZE, IPC_CREAT | IPC_EXCL | 0600, -EEXIST },
	{ "exists, before permission", KEY, 1, IPC_CREAT | IPC_EXCL | 0600, -EEXIST },
	{ "smaller, before permission", KEY, 2 * PAGE_SIZE + 1, 0600, -EINVAL },
	{ "smaller than too large", KEY, U64_MAX, IPC_CREAT | 0600, -EINVAL },
	{ "no permission", KEY, 2 * PAGE_SIZE, 0600, -EACCES },
	{ "no permission of any class", KEY, 0, IPC_CREAT | 0004, -EACCES },
	{ "no permission asked for", KEY, 2 * PAGE_SIZE, 0, 0 },
};

static void shmget_fails(struct kunit *test)
{
	const struct shmget_row *row = test->param_value;
	struct cred *user = sim_test_user(test, 1000, 1000);
	struct sim_machine *m = limited(test);

	KUNIT_ASSERT_EQ(test, 0, get(m, KEY, 2 * PAGE_SIZE, IPC_CREAT | 0600, NULL));
	KUNIT_EXPECT_EQ(test, row->err,
			SIM_TEST_AS(user, get(m, row->key, row->segsz, row->shmflg, NULL)));
	KUNIT_EXPECT_EQ(test, row->key == IPC_PRIVATE && !row->err ? 2 : 1, m->shm_used);
}

KUNIT_ARRAY_PARAM_DESC(shmget_row, shmget_rows, name);

static void shmget_of_smaller_size_keeps_size(struct kunit *test)
{
	struct sim_machine *m = sim_test_machine(test);
	s32 id = -1;

	KUNIT_ASSERT_EQ(test, 0, get(m, KEY, PAGE_SIZE + 1, IPC_CREAT | 0600, &id));
	KUNIT_EXPECT_EQ(test, 0, get(m, KEY, 1, IPC_CREAT | 0600, NULL));
	KUNIT_EXPECT_EQ(test, PAGE_SIZE + 1, stat_of(test, m, id).segsz);
	SIM_EXPECT_SHM(test, m, 2, 0, 0);
}

/* ------------------------------------------------------- what is reported */

static void stat_of_new_segment(struct kunit *test)
{
	struct cred *user = sim_test_user(test, 1000, 2000);
	struct sim_machine *m = sim_test_machine(test);
	time64_t before = ktime_get_real_seconds();
	struct shmswap_shmid_ds ds;
	s32 id = -1;

	KUNIT_ASSERT_EQ(test, 0, SIM_TEST_AS(user, get(m, KEY, 5000, IPC_CREAT | 0741, &id)));
	ds = stat_of(test, m, id);
	KUNIT_EXPECT_EQ(test, KEY, ds.key);
	KUNIT_EXPECT_EQ(test, 0741, ds.mode);
	KUNIT_EXPECT_EQ(test, 1000, ds.uid);
	KUNIT_EXPECT_EQ(test, 1000, ds.cuid);
	KUNIT_EXPECT_EQ(test, 2000, ds.gid);
	KUNIT_EXPECT_EQ(test, 2000, ds.cgid);
	KUNIT_EXPECT_EQ(test, 5000, ds.segsz);
	KUNIT_EXPECT_EQ(test, 0, ds.nattch);
	KUNIT_EXPECT_EQ(test, task_tgid_vnr(current), ds.cpid);
	KUNIT_EXPECT_EQ(test, 0, ds.lpid);
	KUNIT_EXPECT_EQ(test, 0, ds.atime);
	KUNIT_EXPECT_EQ(test, 0, ds.dtime);
	KUNIT_EXPECT_GE(test, ds.ctime, before);
	KUNIT_EXPECT_LE(test, ds.ctime, ktime_get_real_seconds());
}

static int detach_thread(void *data)
{
	struct sim_mm *mm = data;
	struct sim_vma *vma;
	u64 address;

	down_read(&mm->mmap_lock);
	vma = sim_find_vma_intersection(mm, 0, SHMSWAP_TASK_SIZE);
	address = vma ? vma->vm_start : 0;
	up_read(&mm->mmap_lock);
	return sim_shmdt(mm, address);
}

static void attach_and_detach_set_times_and_pid(struct kunit *test)
{
	struct sim_machine *m = sim_test_machine(test);
	struct sim_mm *mm = sim_test_process(test, m);
	s32 id = sim_test_segment(test, m, 1);
	struct sim_test_thread *thread;
	struct shmswap_shmid_ds ds;

	sim_test_attach(test, mm, id);
	ds = stat_of(test, m, id);
	KUNIT_EXPECT_LT(test, ktime_get_real_seconds() - ds.atime, 60);
	KUNIT_EXPECT_EQ(test, 0, ds.dtime);
	KUNIT_EXPECT_EQ(test, task_tgid_vnr(current), ds.lpid);
	KUNIT_EXPECT_EQ(test, 1, ds.nattch);

	sim_test_seg(test, m, id)->atime = 0;
	thread = sim_test_thread_run(test, detach_thread, mm);
	KUNIT_EXPECT_EQ(test, 0, sim_test_thread_join(test, thread));
	ds = stat_of(test, m, id);
	KUNIT_EXPECT_EQ(test, 0, ds.atime);
	KUNIT_EXPECT_LT(test, ktime_get_real_seconds() - ds.dtime, 60);
	KUNIT_EXPECT_EQ(test, task_tgid_vnr(thread->task), ds.lpid);
	KUNIT_EXPECT_EQ(test, task_tgid_vnr(current), ds.cpid);
	KUNIT_EXPECT_EQ(test, 0, ds.nattch);
}

static void info_shows_limits(struct kunit *test)
{
	struct shmswap_shmctl arg = { .cmd = IPC_INFO };
	struct sim_machine *m = limited(test);

	sim_test_segment(test, m, 1);
	sim_test_segment(test, m, 1);
	KUNIT_EXPECT_EQ(test, 0, sim_shmctl(m, &arg));
	KUNIT_EXPECT_EQ(test, 1, arg.out_ret);
	KUNIT_EXPECT_EQ(test, 4 * PAGE_SIZE, arg.info.shmmax);
	KUNIT_EXPECT_EQ(test, 1, arg.info.shmmin);
	KUNIT_EXPECT_EQ(test, 3, arg.info.shmmni);
	KUNIT_EXPECT_EQ(test, 3, arg.info.shmseg);
	KUNIT_EXPECT_EQ(test, 6, arg.info.shmall);
}

static void info_shows_use(struct kunit *test)
{
	struct shmswap_shmctl arg = { .cmd = SHM_INFO };
	struct sim_machine *m = sim_test_machine(test);
	struct sim_mm *mm = sim_test_process(test, m);
	u64 base = sim_test_attach(test, mm, sim_test_segment(test, m, 8));

	sim_test_segment(test, m, 3);
	sim_test_touch_pages(test, mm, base, 5);
	sim_test_shm_swap(m, 0);
	sim_test_shm_swap(m, 0);
	KUNIT_EXPECT_EQ(test, 0, sim_shmctl(m, &arg));
	KUNIT_EXPECT_EQ(test, 1, arg.out_ret);
	KUNIT_EXPECT_EQ(test, 2, arg.shm_info.used_ids);
	KUNIT_EXPECT_EQ(test, 11, arg.shm_info.shm_tot);
	KUNIT_EXPECT_EQ(test, 4, arg.shm_info.shm_rss);
	KUNIT_EXPECT_EQ(test, 1, arg.shm_info.shm_swp);
	KUNIT_EXPECT_EQ(test, 7, arg.shm_info.swap_attempts);
	KUNIT_EXPECT_EQ(test, 1, arg.shm_info.swap_successes);
}

static void stat_counts_pages(struct kunit *test)
{
	struct sim_machine *m = sim_test_machine(test);
	struct sim_mm *mm = sim_test_process(test, m);
	s32 id = sim_test_segment(test, m, 8);

	sim_test_touch_pages(test, mm, sim_test_attach(test, mm, id), 3);
	sim_test_touch_pages(test, mm, sim_test_attach(test, mm, sim_test_segment(test, m, 2)), 2);
	sim_test_swap_out_all(test, m);
	sim_test_touch_pages(test, mm, sim_test_attach(test, mm, id), 1);
	KUNIT_EXPECT_EQ(test, 1, stat_of(test, m, id).rss);
	KUNIT_EXPECT_EQ(test, 2, stat_of(test, m, id).swp);
	KUNIT_EXPECT_EQ(test, 2, stat_of(test, m, id).nattch);
}

static int stat_index(struct sim_machine *m, u32 cmd, s32 index, s32 *id)
{
	struct shmswap_shmctl arg = { .shmid = index, .cmd = cmd };
	int err = sim_shmctl(m, &arg);

	*id = arg.out_ret;
	return err;
}

static void stat_by_index(struct kunit *test)
{
	static const u32 cmds[] = { SHM_STAT, SHM_STAT_ANY };
	struct sim_machine *m = sim_test_machine(test);
	s32 id, found;
	int i;

	rmid(test, m, sim_test_segment(test, m, 1));
	rmid(test, m, sim_test_segment(test, m, 1));
	sim_test_segment(test, m, 1);
	id = sim_test_segment(test, m, 1);
	rmid(test, m, 2 * SHMSWAP_MAX_SEGMENTS);
	for (i = 0; i < ARRAY_SIZE(cmds); i++) {
		KUNIT_EXPECT_EQ(test, 0, stat_index(m, cmds[i], 1, &found));
		KUNIT_EXPECT_EQ(test, id, found);
		KUNIT_EXPECT_EQ(test, -EINVAL, stat_index(m, cmds[i], 0, &found));
		KUNIT_EXPECT_EQ(test, -EINVAL, stat_index(m, cmds[i], 2, &found));
		KUNIT_EXPECT_EQ(test, -EINVAL, stat_index(m, cmds[i], -1, &found));
		/* Of an identifier the index counts. */
		KUNIT_EXPECT_EQ(test, 0, stat_index(m, cmds[i], id, &found));
		KUNIT_EXPECT_EQ(test, id, found);
	}
	KUNIT_EXPECT_EQ(test, 0, stat_index(m, IPC_STAT, id, &found));
	KUNIT_EXPECT_EQ(test, 0, found);
}

static const struct shmctl_row {
	const char *name;
	u32 cmd;
	s32 id;
	int err;
} shmctl_rows[] = {
	{ "negative id, even where it means nothing", IPC_INFO, -1, -EINVAL },
	{ "negative id for SHM_INFO", SHM_INFO, -1, -EINVAL },
	{ "negative id", IPC_STAT, -1, -EINVAL },
	{ "id of nothing", IPC_STAT, 1, -EINVAL },
	{ "id of nothing to remove", IPC_RMID, 1, -EINVAL },
	{ "id of nothing to change", IPC_SET, 1, -EINVAL },
	{ "id of nothing to lock", SHM_LOCK, 1, -EINVAL },
	{ "unknown command", 5, 0, -EINVAL },
	{ "large unknown command", U32_MAX, 0, -EINVAL },
	{ "existing id", IPC_STAT, 0, 0 },
};

static void shmctl_fails(struct kunit *test)
{
	const struct shmctl_row *row = test->param_value;
	struct sim_machine *m = sim_test_machine(test);

	KUNIT_ASSERT_EQ(test, 0, sim_test_segment(test, m, 1));
	KUNIT_EXPECT_EQ(test, row->err, sim_test_shmctl(m, row->id, row->cmd));
}

KUNIT_ARRAY_PARAM_DESC(shmctl_row, shmctl_rows, name);

/* ------------------------------------------------------------ destruction */

static void rmid_of_unattached_destroys(struct kunit *test)
{
	struct sim_machine *m = sim_test_machine(test);
	s32 id = sim_test_segment(test, m, 4);

	rmid(test, m, id);
	KUNIT_EXPECT_FALSE(test, exists(m, id));
	KUNIT_EXPECT_EQ(test, 0, m->shm_used);
	SIM_EXPECT_SHM(test, m, 0, 0, 0);
}

static void rmid_of_attached_waits_for_last_detach(struct kunit *test)
{
	struct sim_machine *m = sim_test_machine(test);
	struct sim_mm *mm = sim_test_process(test, m);
	s32 id = sim_test_segment(test, m, 4);
	u64 first = sim_test_attach(test, mm, id);
	u64 second;

	rmid(test, m, id);
	rmid(test, m, id);
	second = sim_test_attach(test, mm, id);
	KUNIT_EXPECT_EQ(test, 0, sim_shmdt(mm, first));
	KUNIT_EXPECT_TRUE(test, exists(m, id));
	KUNIT_EXPECT_EQ(test, 0, sim_shmdt(mm, second));
	KUNIT_EXPECT_FALSE(test, exists(m, id));
	SIM_EXPECT_SHM(test, m, 0, 0, 0);
}

static void last_detach_destroys_only_if_forced(struct kunit *test)
{
	struct sim_machine *m = sim_test_machine(test);
	struct sim_mm *mm = sim_test_process(test, m);
	s32 id = sim_test_segment(test, m, 1);

	KUNIT_EXPECT_EQ(test, 0, sim_shmdt(mm, sim_test_attach(test, mm, id)));
	KUNIT_EXPECT_TRUE(test, exists(m, id));
	m->flags |= SHMSWAP_MACHINE_RMID_FORCED;
	KUNIT_EXPECT_TRUE(test, exists(m, id));
	KUNIT_EXPECT_EQ(test, 0, sim_shmdt(mm, sim_test_attach(test, mm, id)));
	KUNIT_EXPECT_FALSE(test, exists(m, id));
}

static void forced_destruction_waits_for_all_attaches(struct kunit *test)
{
	struct sim_machine *m = sim_test_machine_config(test, &(const struct sim_config) {
		.flags = SHMSWAP_MACHINE_RMID_FORCED,
		.nr_frames = SIM_TEST_FRAMES,
	});
	struct sim_mm *mm = sim_test_process(test, m);
	struct sim_mm *child;
	s32 id = keyed(test, m, KEY);

	sim_test_attach(test, mm, id);
	child = sim_test_fork(test, mm);
	sim_test_process_exit(test, mm);
	KUNIT_EXPECT_TRUE(test, exists(m, id));
	sim_test_process_exit(test, child);
	KUNIT_EXPECT_FALSE(test, exists(m, id));
	KUNIT_EXPECT_EQ(test, -ENOENT, get(m, KEY, 0, 0, NULL));
}

static struct kunit_case cases[] = {
	KUNIT_CASE(shmget_takes_lowest_free_index),
	KUNIT_CASE(destruction_advances_sequence_number),
	KUNIT_CASE(sequence_number_wraps),
	KUNIT_CASE(stale_id_finds_nothing),
	KUNIT_CASE(find_with_id_of_nothing),
	KUNIT_CASE(max_id_is_highest_index),
	KUNIT_CASE(next_walks_by_index),
	KUNIT_CASE_SLOW(shmget_with_every_index_used),
	KUNIT_CASE(shmget_of_key_finds_it),
	KUNIT_CASE(shmget_of_private_is_always_new),
	KUNIT_CASE(rmid_frees_key_at_once),
	KUNIT_CASE(rmid_then_shmget_makes_another),
	KUNIT_CASE(shmget_at_shmmax),
	KUNIT_CASE(shmget_at_largest_size_of_all),
	KUNIT_CASE(shmget_at_shmall),
	KUNIT_CASE(shmget_at_shmmni),
	KUNIT_CASE_PARAM(shmget_fails, shmget_row_gen_params),
	KUNIT_CASE(shmget_of_smaller_size_keeps_size),
	KUNIT_CASE(stat_of_new_segment),
	KUNIT_CASE(attach_and_detach_set_times_and_pid),
	KUNIT_CASE(info_shows_limits),
	KUNIT_CASE(info_shows_use),
	KUNIT_CASE(stat_counts_pages),
	KUNIT_CASE(stat_by_index),
	KUNIT_CASE_PARAM(shmctl_fails, shmctl_row_gen_params),
	KUNIT_CASE(rmid_of_unattached_destroys),
	KUNIT_CASE(rmid_of_attached_waits_for_last_detach),
	KUNIT_CASE(last_detach_destroys_only_if_forced),
	KUNIT_CASE(forced_destruction_waits_for_all_attaches),
	{}
};

static struct kunit_suite suite = {
	.name = "shmswap_shm",
	.init = sim_test_init,
	.exit = sim_test_exit,
	.test_cases = cases,
};

kunit_test_suite(suite);
