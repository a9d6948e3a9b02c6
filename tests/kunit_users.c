// SPDX-License-Identifier: GPL-2.0
/*
 * Who calls; see kunit_users.h.
 */
#include <linux/capability.h>
#include <linux/sched/signal.h>
#include <linux/uidgid.h>

#include "kunit_users.h"

KUNIT_DEFINE_ACTION_WRAPPER(drop_user, put_cred, const struct cred *);

/**
 * sim_test_user() - an ordinary user
 * @test: case
 * @uid: user id, real and effective
 * @gid: group id
 *
 * Return: credentials without any capability or supplementary group.
 */
struct cred *sim_test_user(struct kunit *test, u32 uid, u32 gid)
{
	struct group_info *none = groups_alloc(0);
	struct cred *user = prepare_creds();

	KUNIT_ASSERT_NOT_NULL(test, user);
	KUNIT_ASSERT_EQ(test, 0, kunit_add_action_or_reset(test, drop_user, user));
	KUNIT_ASSERT_NOT_NULL(test, none);
	set_groups(user, none);
	put_group_info(none);
	user->uid = KUIDT_INIT(uid);
	user->euid = user->uid;
	user->fsuid = user->uid;
	user->gid = KGIDT_INIT(gid);
	user->egid = user->gid;
	user->fsgid = user->gid;
	cap_clear(user->cap_effective);
	return user;
}

/**
 * sim_test_user_join() - give a user a supplementary group, in place of any other
 * @test: case
 * @user: credentials that nobody uses yet
 * @gid: group id
 */
void sim_test_user_join(struct kunit *test, struct cred *user, u32 gid)
{
	struct group_info *groups = groups_alloc(1);

	KUNIT_ASSERT_NOT_NULL(test, groups);
	groups->gid[0] = KGIDT_INIT(gid);
	groups_sort(groups);
	set_groups(user, groups);
	put_group_info(groups);
}

/**
 * sim_test_user_allow() - give a user a capability
 * @user: credentials that nobody uses yet
 * @cap: CAP_*
 */
void sim_test_user_allow(struct cred *user, int cap)
{
	cap_raise(user->cap_effective, cap);
}

/**
 * sim_test_set_memlock() - set RLIMIT_MEMLOCK for the rest of the case
 * @bytes: limit
 *
 * Every case runs in a thread of its own, with limits of its own.
 */
void sim_test_set_memlock(u64 bytes)
{
	current->signal->rlim[RLIMIT_MEMLOCK].rlim_cur = bytes;
}
