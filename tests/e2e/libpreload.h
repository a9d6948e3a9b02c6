/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A program under libshmswap.so, the subject, and beside it the same program on the kernel's own
 * shared memory. What it has to say it prints in lines, which have to be the same.
 *
 * Both live in an ipc namespace of their own with the limits below, and begin without a segment.
 */
#ifndef _LIBPRELOAD_H
#define _LIBPRELOAD_H

#include <errno.h>
#include <stdbool.h>

#include "ktap.h"
#include "libshm.h"

#define SUBJECT_SHMMAX	(8 * SM_PAGE)
#define SUBJECT_SHMALL	24
#define SUBJECT_SHMMNI	6

/*
 * The subject's side
 */

struct subject {
	const char *name;
	void (*fn)(void);
};

#define SUBJECT(fn)	{ #fn, fn }

/* In @errno before a call, and afterwards too unless it failed. */
#define UNTOUCHED	4711

/* A line with what @call came to, which the man page says is @want: an errno, or 0. */
#define ROW(want, call) do {							\
	errno = UNTOUCHED;							\
	subject_row(want, (long)(call), #call);					\
} while (0)

/* A line if it is not true, which fails the case. */
#define CHECK(condition) do {							\
	if (!(condition))							\
		subject_say("! %s:%d: not true: %s", __FILE__, __LINE__, #condition); \
} while (0)

void subject_row(int want, long ret, const char *call);
void subject_say(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
/* Part of the rows from here on. */
void subject_context(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
void subject_no_context(void);
/* A row with what fn() in a child came to: its exit status is an errno. */
void subject_child(const char *what, void (*fn)(void));
/* A segment and an attach that have to be had. */
int subject_segment(key_t key, size_t size, int mode);
char *subject_attach(int shmid);
/* How many descriptors are open. */
int subject_descriptors_open(void);

/*
 * The test's side
 */

struct outcome {
	int status;		/* as waitpid(2) tells it */
	char *out;
	char *err;
};

/* Runs a program to its end; with @preload under the library. */
struct outcome run_program(char *const *argv, bool preload);
/* Runs the subject of that name. */
struct outcome run_subject(const char *name, bool preload);
/* It ends well, and has nothing to complain of. */
struct outcome run_preloaded(const char *name);
/* So it does, and it says the same natively; and where its segments were. */
void expect_same(const char *name);

/* The path of a file that lies beside this program. */
char *beside(const char *file);
int kernel_segments(void);
/* An ipc namespace with the limits. */
void enter_namespace(void);

/* Plays the subject if it was started as one, else runs the cases. */
int preload_run(int argc, char **argv, const struct subject *subjects, size_t nr_subjects,
		const struct ktap_case *cases, size_t nr_cases);

#endif /* _LIBPRELOAD_H */
