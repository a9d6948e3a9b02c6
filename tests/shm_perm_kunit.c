// SPDX-License-Identifier: GPL-2.0
/*
 * Who may do what with a segment: ipcperms(), the owner's commands of shmctl(),
 * and RLIMIT_MEMLOCK.
 */
#include <linux/capability.h>
#include <linux/ipc.h>
#include <linux/resource.h>
#include <linux/timekeeping.h>

#include "kunit_helpers.h"
#include "kunit_users.h"

/* The segment of perm_seg(). */
#define CREATOR		100
#define OWNER		200

/* A machine's segment whose creator and owner differ, as do their groups. */
static struct sim_shmid *perm_seg(struct kunit *test, struct sim_machine *m, u32 mode)
{
	struct sim_shmid *seg = sim_test_seg(test, m, sim_test_segment(test, m, 4));

	seg->cuid = KUIDT_INIT(CREATOR);
	seg->cgid = KGIDT_INIT(CREATOR);
	seg->uid = KUIDT_INIT(OWNER);
	seg->gid = KGIDT_INIT(OWNER);
	seg->mode = mode;
	return seg;
}

static bool permitted(struct sim_shmid *seg, u32 flag)
{
	bool ret;

	mutex_lock(&seg->lock);
	ret = sim_shm_permitted(seg, flag);
	mutex_unlock(&seg->lock);
	return ret;
}

/* ---------------------------------------------------------------- ipcperms */

static const struct perm_row {
	const char *name;
	u32 uid;
	u32 gid;
	u32 group;
	int cap;
	u32 mode;
	u32 flag;
	bool granted;
} perm_rows[] = {
	{ "owner by owner bits", OWNER, 9, 9, -1, 0600, 0600, true },
	{ "creator by owner bits", CREATOR, 9, 9, -1, 0600, 0600, true },
	{ "owner bits decide for the owner", OWNER, 9, 9, -1, 0077, 0400, false },
	{ "owner bits decide for the creator", CREATOR, 9, 9, -1, 0077, 0400, false },
	{ "owner bits decide in the group too", OWNER, OWNER, 9, -1, 0077, 0400, false },
	{ "owner may read only", OWNER, 9, 9, -1, 0400, 0600, false },
	{ "owner may write only", OWNER, 9, 9, -1, 0200, 0400, false },
	{ "owner may execute", OWNER, 9, 9, -1, 0500, 0500, true },
	{ "owner may not execute", OWNER, 9, 9, -1, 0600, 0100, false },
	{ "group of the owner", 9, OWNER, 9, -1, 0060, 0600, true },
	{ "group of the creator", 9, CREATOR, 9, -1, 0060, 0600, true },
	{ "supplementary group of the owner", 9, 9, OWNER, -1, 0060, 0600, true },
	{ "supplementary group of the creator", 9, 9, CREATOR, -1, 0060, 0600, true },
	{ "group bits decide for the group", 9, OWNER, 9, -1, 0707, 0400, false },
	{ "group bits decide for a supplementary group", 9, 9, CREATOR, -1, 0707, 0400, false },
	{ "group may read only", 9, OWNER, 9, -1, 0040, 0600, false },
	{ "others", 9, 9, 9, -1, 0006, 0600, true },
	{ "others have neither owner's nor group's bits", 9, 9, 9, -1, 0770, 0400, false },
	{ "a group with the owner's number is no user", 9, 9, 9, -1, 0600, 0400, false },
	{ "any class of the request counts", OWNER, 9, 9, -1, 0400, 0004, true },
	{ "all classes of the request are one", 9, 9, 9, -1, 0004, 0444, true },
	{ "one class too many", OWNER, 9, 9, -1, 0400, 0420, false },
	{ "nothing asked for", 9, 9, 9, -1, 0000, 0000, true },
	{ "CAP_IPC_OWNER", 9, 9, 9, CAP_IPC_OWNER, 0000, 0777, true },
	{ "CAP_SYS_ADMIN", 9, 9, 9, CAP_SYS_ADMIN, 0000, 0400, false },
	{ "CAP_DAC_OVERRIDE", 9, 9, 9, CAP_DAC_OVERRIDE, 0000, 0400, false },
	{ "user 0 without capabilities", 0, 0, 0, -1, 0660, 0400, false },
};

static void permitted_as_ipcperms(struct kunit *test)
{
	const struct perm_row *row = test->param_value;
	struct sim_machine *m = sim_test_machine(test);
	struct sim_shmid *seg = perm_seg(test, m, row->mode);
	struct cred *user = sim_test_user(test, row->uid, row->gid);

	sim_test_user_join(test, user, row->group);
	if (row->cap >= 0)
		sim_test_user_allow(user, row->cap);
	KUNIT_EXPECT_EQ(test, row->granted, SIM_TEST_AS(user, permitted(seg, row->flag)));
}

KUNIT_ARRAY_PARAM_DESC(perm, perm_rows, name);

/* The effective user id counts, not the real one. */
static void permitted_by_effective_id(struct kunit *test)
{
	struct sim_machine *m = sim_test_machine(test);
	struct sim_shmid *seg = perm_seg(test, m, 0600);
	struct cred *user = sim_test_user(test, OWNER, 9);

	user->euid = KUIDT_INIT(9);
	KUNIT_EXPECT_FALSE(test, SIM_TEST_AS(user, permitted(seg, 0400)));
	user->euid = KUIDT_INIT(OWNER);
	user->uid = KUIDT_INIT(9);
	KUNIT_EXPECT_TRUE(test, SIM_TEST_AS(user, permitted(seg, 0400)));
}

static int attach(struct sim_mm *mm, s32 id, u32 shmflg)
{
	struct shmswap_shmat arg = { .shmid = id, .shmflg = shmflg };

	return sim_shmat(mm, &arg);
}

static const struct attach_row {
	const char *name;
	u32 mode;
	u32 shmflg;
	int err;
} attach_rows[] = {
	{ "read-only needs read", 0004, SHM_RDONLY, 0 },
	{ "read-only without read", 0002, SHM_RDONLY, -EACCES },
	{ "else write too", 0006, 0, 0 },
	{ "else without write", 0004, 0, -EACCES },
	{ "else without read", 0002, 0, -EACCES },
	{ "executable", 0007, SHM_EXEC, 0 },
	{ "executable without execute", 0006, SHM_EXEC, -EACCES },
	{ "read-only and executable", 0005, SHM_EXEC | SHM_RDONLY, 0 },
	{ "read-only and executable without execute", 0004, SHM_EXEC | SHM_RDONLY, -EACCES },
};

static void shmat_needs_permission(struct kunit *test)
{
	const struct attach_row *row = test->param_value;
	struct cred *user = sim_test_user(test, 1000, 1000);
	struct sim_machine *m = sim_test_machine(test);
	struct sim_mm *mm = sim_test_process(test, m);
	struct sim_shmid *seg = perm_seg(test, m, row->mode);

	KUNIT_EXPECT_EQ(test, row->err, SIM_TEST_AS(user, attach(mm, seg->id, row->shmflg)));
	KUNIT_EXPECT_EQ(test, row->err ? 0 : 1, seg->nattch);
	KUNIT_EXPECT_EQ(test, 0, seg->attaching);
}

KUNIT_ARRAY_PARAM_DESC(attach, attach_rows, name);

/* ------------------------------------------------------ commands of shmctl */

static const struct command_row {
	const char *name;
	u32 cmd;
	u32 uid;
	int cap;
	u32 mode;
	int err;
} command_rows[] = {
	{ "IPC_STAT by a reader", IPC_STAT, 9, -1, 0004, 0 },
	{ "IPC_STAT by others", IPC_STAT, 9, -1, 0662, -EACCES },
	{ "IPC_STAT with CAP_IPC_OWNER", IPC_STAT, 9, CAP_IPC_OWNER, 0, 0 },
	{ "SHM_STAT by others", SHM_STAT, 9, -1, 0662, -EACCES },
	{ "SHM_STAT_ANY by others", SHM_STAT_ANY, 9, -1, 0, 0 },
	{ "IPC_RMID by the owner", IPC_RMID, OWNER, -1, 0, 0 },
	{ "IPC_RMID by the creator", IPC_RMID, CREATOR, -1, 0, 0 },
	{ "IPC_RMID by others", IPC_RMID, 9, -1, 0777, -EPERM },
	{ "IPC_RMID with CAP_SYS_ADMIN", IPC_RMID, 9, CAP_SYS_ADMIN, 0, 0 },
	{ "IPC_RMID with CAP_IPC_OWNER", IPC_RMID, 9, CAP_IPC_OWNER, 0777, -EPERM },
	{ "IPC_SET by the owner", IPC_SET, OWNER, -1, 0, 0 },
	{ "IPC_SET by the creator", IPC_SET, CREATOR, -1, 0, 0 },
	{ "IPC_SET by others", IPC_SET, 9, -1, 0777, -EPERM },
	{ "IPC_SET with CAP_SYS_ADMIN", IPC_SET, 9, CAP_SYS_ADMIN, 0, 0 },
	{ "IPC_SET with CAP_IPC_OWNER", IPC_SET, 9, CAP_IPC_OWNER, 0777, -EPERM },
	{ "SHM_LOCK by the owner", SHM_LOCK, OWNER, -1, 0, 0 },
	{ "SHM_LOCK by the creator", SHM_LOCK, CREATOR, -1, 0, 0 },
	{ "SHM_LOCK by others", SHM_LOCK, 9, -1, 0777, -EPERM },
	{ "SHM_LOCK with CAP_IPC_LOCK", SHM_LOCK, 9, CAP_IPC_LOCK, 0, 0 },
	{ "SHM_LOCK with CAP_SYS_ADMIN", SHM_LOCK, 9, CAP_SYS_ADMIN, 0777, -EPERM },
	{ "SHM_UNLOCK by the owner", SHM_UNLOCK, OWNER, -1, 0, 0 },
	{ "SHM_UNLOCK by others", SHM_UNLOCK, 9, -1, 0777, -EPERM },
	{ "SHM_UNLOCK with CAP_IPC_LOCK", SHM_UNLOCK, 9, CAP_IPC_LOCK, 0, 0 },
};

static void shmctl_needs_permission(struct kunit *test)
{
	const struct command_row *row = test->param_value;
	struct cred *user = sim_test_user(test, row->uid, 9);
	struct sim_machine *m = sim_test_machine(test);
	struct sim_shmid *seg = perm_seg(test, m, 0777);

	/* So that there is something to unlock. */
	KUNIT_ASSERT_EQ(test, 0, sim_test_shmctl(m, seg->id, SHM_LOCK));
	if (row->cmd == SHM_LOCK)
		KUNIT_ASSERT_EQ(test, 0, sim_test_shmctl(m, seg->id, SHM_UNLOCK));
	seg->mode = (seg->mode & SIM_SHM_LOCKED) | (row->mode & 0777);
	if (row->cap >= 0)
		sim_test_user_allow(user, row->cap);
	KUNIT_EXPECT_EQ(test, row->err,
			SIM_TEST_AS(user, sim_test_shmctl(m, seg->id, row->cmd)));
	KUNIT_EXPECT_EQ(test, row->cmd == IPC_RMID && !row->err ? 0 : 1, m->shm_used);
}

KUNIT_ARRAY_PARAM_DESC(command, command_rows, name);

static int ipc_set(struct sim_machine *m, s32 id, u32 uid, u32 gid, u32 mode)
{
	struct shmswap_shmctl arg = {
		.shmid = id,
		.cmd = IPC_SET,
		.ds = { .uid = uid, .gid = gid, .mode = mode },
	};

	return sim_shmctl(m, &arg);
}

static void expect_owners(struct kunit *test, struct sim_machine *m, s32 id, u32 uid, u32 gid)
{
	struct shmswap_shmctl arg = { .shmid = id, .cmd = IPC_STAT };

	KUNIT_EXPECT_EQ(test, 0, sim_shmctl(m, &arg));
	KUNIT_EXPECT_EQ(test, uid, arg.ds.uid);
	KUNIT_EXPECT_EQ(test, gid, arg.ds.gid);
	KUNIT_EXPECT_EQ(test, CREATOR, arg.ds.cuid);
	KUNIT_EXPECT_EQ(test, CREATOR, arg.ds.cgid);
}

static void set_changes_owner_and_mode(struct kunit *test)
{
	struct cred *user = sim_test_user(test, CREATOR, 9);
	struct sim_machine *m = sim_test_machine(test);
	struct sim_mm *mm = sim_test_process(test, m);
	struct sim_shmid *seg = perm_seg(test, m, 0777);

	sim_test_attach(test, mm, seg->id);
	KUNIT_ASSERT_EQ(test, 0, sim_test_shmctl(m, seg->id, SHM_LOCK));
	KUNIT_ASSERT_EQ(test, 0, sim_test_shmctl(m, seg->id, IPC_RMID));
	seg->ctime = 0;
	KUNIT_EXPECT_EQ(test, 0, SIM_TEST_AS(user, ipc_set(m, seg->id, 300, 400, ~0740)));
	expect_owners(test, m, seg->id, 300, 400);
	KUNIT_EXPECT_EQ(test, SIM_SHM_DEST | SIM_SHM_LOCKED | 0037, seg->mode);
	KUNIT_EXPECT_LT(test, ktime_get_real_seconds() - seg->ctime, 60);
}

static void set_with_id_of_nobody(struct kunit *test)
{
	struct cred *user = sim_test_user(test, 9, 9);
	struct sim_machine *m = sim_test_machine(test);
	struct sim_shmid *seg = perm_seg(test, m, 0600);

	seg->ctime = 0;
	KUNIT_EXPECT_EQ(test, -EINVAL, ipc_set(m, seg->id, -1, 0, 0));
	KUNIT_EXPECT_EQ(test, -EINVAL, ipc_set(m, seg->id, 0, -1, 0));
	KUNIT_EXPECT_EQ(test, -EPERM, SIM_TEST_AS(user, ipc_set(m, seg->id, -1, 0, 0)));
	KUNIT_EXPECT_EQ(test, OWNER, __kuid_val(seg->uid));
	KUNIT_EXPECT_EQ(test, OWNER, __kgid_val(seg->gid));
	KUNIT_EXPECT_EQ(test, 0600, seg->mode);
	KUNIT_EXPECT_EQ(test, 0, seg->ctime);
}

/* --------------------------------------------------------- RLIMIT_MEMLOCK */

static s32 segment_of(struct sim_machine *m, u64 npages)
{
	struct shmswap_shmget arg = { .segsz = npages << PAGE_SHIFT, .shmflg = 0600 };

	return sim_shmget(m, &arg) ? -1 : arg.out_shmid;
}

static int lock(struct sim_machine *m, s32 id)
{
	return sim_test_shmctl(m, id, SHM_LOCK);
}

static int unlock(struct sim_machine *m, s32 id)
{
	return sim_test_shmctl(m, id, SHM_UNLOCK);
}

static unsigned long locked_by(struct sim_machine *m, u32 uid)
{
	void *pages = xa_load(&m->shm_locked, uid);

	return pages ? xa_to_value(pages) : 0;
}

static void lock_at_limit(struct kunit *test)
{
	struct cred *user = sim_test_user(test, 1000, 1000);
	struct sim_machine *m = sim_test_machine(test);
	s32 three = SIM_TEST_AS(user, segment_of(m, 3));
	s32 one = SIM_TEST_AS(user, segment_of(m, 1));
	s32 more = SIM_TEST_AS(user, segment_of(m, 1));

	sim_test_set_memlock(5 * PAGE_SIZE - 1);
	KUNIT_EXPECT_EQ(test, 0, SIM_TEST_AS(user, lock(m, three)));
	KUNIT_EXPECT_EQ(test, 0, SIM_TEST_AS(user, lock(m, one)));
	KUNIT_EXPECT_EQ(test, -ENOMEM, SIM_TEST_AS(user, lock(m, more)));
	KUNIT_EXPECT_EQ(test, 4, locked_by(m, 1000));
	KUNIT_EXPECT_EQ(test, 0, SIM_TEST_AS(user, unlock(m, one)));
	KUNIT_EXPECT_EQ(test, 3, locked_by(m, 1000));
	KUNIT_EXPECT_EQ(test, 0, SIM_TEST_AS(user, lock(m, more)));
	KUNIT_EXPECT_EQ(test, 4, locked_by(m, 1000));
}

static void lock_with_no_limit_at_all(struct kunit *test)
{
	struct cred *user = sim_test_user(test, 1000, 1000);
	struct sim_machine *m = sim_test_machine(test);
	s32 id = SIM_TEST_AS(user, segment_of(m, SHMSWAP_MAX_SEGSZ >> PAGE_SHIFT));

	sim_test_set_memlock(RLIM_INFINITY);
	KUNIT_EXPECT_EQ(test, 0, SIM_TEST_AS(user, lock(m, id)));
	KUNIT_EXPECT_EQ(test, SHMSWAP_MAX_SEGSZ >> PAGE_SHIFT, locked_by(m, 1000));
}

static void lock_with_limit_of_nothing(struct kunit *test)
{
	struct cred *user = sim_test_user(test, 1000, 1000);
	struct sim_machine *m = sim_test_machine(test);
	s32 id = SIM_TEST_AS(user, segment_of(m, 1));

	sim_test_set_memlock(0);
	KUNIT_EXPECT_EQ(test, -EPERM, SIM_TEST_AS(user, lock(m, id)));
	KUNIT_EXPECT_EQ(test, 0, SIM_TEST_AS(user, unlock(m, id)));
	sim_test_set_memlock(1);
	KUNIT_EXPECT_EQ(test, -ENOMEM, SIM_TEST_AS(user, lock(m, id)));
	KUNIT_EXPECT_EQ(test, 0, locked_by(m, 1000));
}

static void lock_with_cap_ipc_lock_ignores_limit(struct kunit *test)
{
	struct cred *user = sim_test_user(test, 1000, 1000);
	struct sim_machine *m = sim_test_machine(test);
	s32 id = SIM_TEST_AS(user, segment_of(m, 2));

	sim_test_user_allow(user, CAP_IPC_LOCK);
	sim_test_set_memlock(0);
	KUNIT_EXPECT_EQ(test, 0, SIM_TEST_AS(user, lock(m, id)));
	KUNIT_EXPECT_EQ(test, 2, locked_by(m, 1000));
}

static void lock_twice_charges_once(struct kunit *test)
{
	struct sim_machine *m = sim_test_machine(test);
	s32 id = sim_test_segment(test, m, 3);

	KUNIT_EXPECT_EQ(test, 0, unlock(m, id));
	KUNIT_EXPECT_EQ(test, 0, lock(m, id));
	KUNIT_EXPECT_EQ(test, 0, lock(m, id));
	KUNIT_EXPECT_EQ(test, 3, locked_by(m, 0));
	KUNIT_EXPECT_EQ(test, 0, unlock(m, id));
	KUNIT_EXPECT_EQ(test, 0, unlock(m, id));
	KUNIT_EXPECT_EQ(test, 0, locked_by(m, 0));
	KUNIT_EXPECT_TRUE(test, xa_empty(&m->shm_locked));
}

/* Whoever locked it is charged, by the real user id, until somebody unlocks it. */
static void lock_charges_who_locked(struct kunit *test)
{
	struct cred *user = sim_test_user(test, 1000, 1000);
	struct cred *other = sim_test_user(test, 2000, 2000);
	struct sim_machine *m = sim_test_machine(test);
	s32 id = SIM_TEST_AS(user, segment_of(m, 2));

	sim_test_set_memlock(2 * PAGE_SIZE);
	other->euid = KUIDT_INIT(1000);
	KUNIT_EXPECT_EQ(test, 0, SIM_TEST_AS(other, lock(m, id)));
	KUNIT_EXPECT_EQ(test, 2, locked_by(m, 2000));
	KUNIT_EXPECT_EQ(test, 0, locked_by(m, 1000));
	KUNIT_EXPECT_EQ(test, 0, SIM_TEST_AS(user, lock(m, SIM_TEST_AS(user, segment_of(m, 2)))));
	KUNIT_EXPECT_EQ(test, 2, locked_by(m, 1000));
	KUNIT_EXPECT_EQ(test, 0, SIM_TEST_AS(user, unlock(m, id)));
	KUNIT_EXPECT_EQ(test, 0, locked_by(m, 2000));
	KUNIT_EXPECT_EQ(test, 2, locked_by(m, 1000));
}

static void destruction_uncharges_locked(struct kunit *test)
{
	struct sim_machine *m = sim_test_machine(test);
	struct sim_mm *mm = sim_test_process(test, m);
	s32 id = sim_test_segment(test, m, 3);
	s32 attached = sim_test_segment(test, m, 4);

	sim_test_attach(test, mm, attached);
	KUNIT_EXPECT_EQ(test, 0, lock(m, id));
	KUNIT_EXPECT_EQ(test, 0, lock(m, attached));
	KUNIT_EXPECT_EQ(test, 7, locked_by(m, 0));
	KUNIT_EXPECT_EQ(test, 0, sim_test_shmctl(m, id, IPC_RMID));
	KUNIT_EXPECT_EQ(test, 4, locked_by(m, 0));
	KUNIT_EXPECT_EQ(test, 0, sim_test_shmctl(m, attached, IPC_RMID));
	KUNIT_EXPECT_EQ(test, 4, locked_by(m, 0));
	sim_test_process_exit(test, mm);
	KUNIT_EXPECT_TRUE(test, xa_empty(&m->shm_locked));
}

/* Neither are pages read in by it, nor are they swapped out from then on. */
static void lock_keeps_pages_where_they_are(struct kunit *test)
{
	struct sim_machine *m = sim_test_machine(test);
	struct sim_mm *mm = sim_test_process(test, m);
	s32 id = sim_test_segment(test, m, 4);
	u64 base = sim_test_attach(test, mm, id);

	sim_test_touch_pages(test, mm, base, 4);
	sim_test_swap_out_all(test, m);
	sim_test_touch_pages(test, mm, base, 2);
	KUNIT_EXPECT_EQ(test, 0, lock(m, id));
	SIM_EXPECT_SHM(test, m, 4, 2, 2);
	KUNIT_EXPECT_EQ(test, 0, sim_test_shm_swap(m, 0));
	KUNIT_EXPECT_EQ(test, 0, sim_test_shm_swap(m, 0));
	SIM_EXPECT_SHM(test, m, 4, 2, 2);
	SIM_EXPECT_PTE(test, mm, base, "present young");
	KUNIT_EXPECT_EQ(test, 0, unlock(m, id));
	sim_test_swap_out_all(test, m);
}

static struct kunit_case cases[] = {
	KUNIT_CASE_PARAM(permitted_as_ipcperms, perm_gen_params),
	KUNIT_CASE(permitted_by_effective_id),
	KUNIT_CASE_PARAM(shmat_needs_permission, attach_gen_params),
	KUNIT_CASE_PARAM(shmctl_needs_permission, command_gen_params),
	KUNIT_CASE(set_changes_owner_and_mode),
	KUNIT_CASE(set_with_id_of_nobody),
	KUNIT_CASE(lock_at_limit),
	KUNIT_CASE(lock_with_no_limit_at_all),
	KUNIT_CASE(lock_with_limit_of_nothing),
	KUNIT_CASE(lock_with_cap_ipc_lock_ignores_limit),
	KUNIT_CASE(lock_twice_charges_once),
	KUNIT_CASE(lock_charges_who_locked),
	KUNIT_CASE(destruction_uncharges_locked),
	KUNIT_CASE(lock_keeps_pages_where_they_are),
	{}
};

static struct kunit_suite suite = {
	.name = "shmswap_shm_perm",
	.init = sim_test_init,
	.exit = sim_test_exit,
	.test_cases = cases,
};

kunit_test_suite(suite);
