/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Who calls: credentials and limits other than those of the thread that runs
 * the case, which may do anything.
 */
#ifndef _SIM_KUNIT_USERS_H
#define _SIM_KUNIT_USERS_H

#include <kunit/test.h>
#include <linux/cred.h>

struct cred *sim_test_user(struct kunit *test, u32 uid, u32 gid);
void sim_test_user_join(struct kunit *test, struct cred *user, u32 gid);
void sim_test_user_allow(struct cred *user, int cap);
void sim_test_set_memlock(u64 bytes);

/* What @call returns if @user calls it; @call must not end the case. */
#define SIM_TEST_AS(user, call) ({						\
	const struct cred *old_ = override_creds(user);				\
	typeof(call) ret_ = (call);						\
										\
	revert_creds(old_);							\
	ret_;									\
})

#endif /* _SIM_KUNIT_USERS_H */
