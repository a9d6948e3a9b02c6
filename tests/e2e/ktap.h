/* SPDX-License-Identifier: GPL-2.0 */
/*
 * KTAP for the end-to-end programs.
 *
 * Each case is a function that runs in a process of its own: what it leaves
 * open, mapped, locked or running, and the user it turned into, ends with it.
 * EXPECT*() reports a failure and goes on, ASSERT*() ends the process that it
 * is in; both may be used in the case's threads and children as well.
 */
#ifndef _KTAP_H
#define _KTAP_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#define ARRAY_SIZE(array)	(sizeof(array) / sizeof((array)[0]))

struct ktap_case {
	const char *name;
	void (*fn)(void);
};

#define KTAP_CASE(fn)		{ #fn, fn }

/*
 * Runs the cases whose names contain argv[1], without one all of them.
 * Returns the exit status.
 */
int ktap_run(int argc, char **argv, const struct ktap_case *cases, size_t nr);

/* How long a case may take on a stock kernel; a program may want more. */
extern unsigned int ktap_case_seconds;

/* How much slower than a stock kernel this one is: SHMSWAP_SLOW, or 1. */
unsigned int ktap_slow(void);

/* Part of the message of failures from here on, for tables and loops. */
void ktap_context(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

void ktap_diag(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
void ktap_fail(const char *file, int line, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
void ktap_mismatch(const char *file, int line, const char *what,
		   long long found, const char *op, const char *wanted,
		   long long value);
__attribute__((noreturn)) void ktap_abort(void);
__attribute__((noreturn, format(printf, 1, 2))) void ktap_skip(const char *fmt, ...);

#define ktap_true(on_failure, condition, text) do {			\
	if (!(condition)) {						\
		ktap_fail(__FILE__, __LINE__, "not true: %s", text);	\
		on_failure;						\
	}								\
} while (0)

#define ktap_compare(on_failure, left, left_text, op, right, right_text) do { \
	long long left_ = (long long)(left);				\
	long long right_ = (long long)(right);				\
									\
	if (!(left_ op right_)) {					\
		ktap_mismatch(__FILE__, __LINE__, left_text, left_,	\
			      #op, right_text, right_);			\
		on_failure;						\
	}								\
} while (0)

#define EXPECT(condition)	ktap_true((void)0, condition, #condition)
#define EXPECT_EQ(left, right)	ktap_compare((void)0, left, #left, ==, right, #right)
#define EXPECT_NE(left, right)	ktap_compare((void)0, left, #left, !=, right, #right)
#define EXPECT_GE(left, right)	ktap_compare((void)0, left, #left, >=, right, #right)
#define EXPECT_GT(left, right)	ktap_compare((void)0, left, #left, >, right, #right)
#define EXPECT_LE(left, right)	ktap_compare((void)0, left, #left, <=, right, #right)
#define EXPECT_LT(left, right)	ktap_compare((void)0, left, #left, <, right, #right)

#define ASSERT(condition)	ktap_true(ktap_abort(), condition, #condition)
#define ASSERT_EQ(left, right)	ktap_compare(ktap_abort(), left, #left, ==, right, #right)
#define ASSERT_NE(left, right)	ktap_compare(ktap_abort(), left, #left, !=, right, #right)
#define ASSERT_GE(left, right)	ktap_compare(ktap_abort(), left, #left, >=, right, #right)
#define ASSERT_GT(left, right)	ktap_compare(ktap_abort(), left, #left, >, right, #right)

/* Waits for a condition to come true, for at most 20 seconds. */
#define ktap_poll(condition) ({						\
	long long deadline_ = ktap_now() + 20000LL * ktap_slow();	\
	bool true_;							\
									\
	while (!(true_ = (condition)) && ktap_now() < deadline_)	\
		ktap_pause();						\
	true_;								\
})

#define EXPECT_SOON(condition)	ktap_true((void)0, ktap_poll(condition), #condition)
#define ASSERT_SOON(condition)	ktap_true(ktap_abort(), ktap_poll(condition), #condition)

/* Milliseconds of the monotonic clock; a millisecond's rest. */
long long ktap_now(void);
void ktap_pause(void);

/* A process that runs fn(arg); ktap_join() expects that it ends with 0. */
pid_t ktap_fork(void (*fn)(void *arg), void *arg);
void ktap_join(pid_t pid);
/* Its end by signal @sig. */
void ktap_join_killed(pid_t pid, int sig);

/* Zeroed memory that children share. */
void *ktap_shared(size_t size);

#endif /* _KTAP_H */
