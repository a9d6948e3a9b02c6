// SPDX-License-Identifier: GPL-2.0
#define _GNU_SOURCE
#include <errno.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "ktap.h"

#define SLOW_CASE	2000	/* milliseconds; worth a remark */
#define MAX_MESSAGES	20	/* of one case; the others are only counted */

enum { CASE_OK, CASE_FAILED, CASE_SKIPPED, CASE_TIMEOUT, CASE_KILLED };

/* What the processes of a case tell the runner. */
static struct {
	unsigned int failures;
	char skip[200];
} *report;

static __thread char context[160];

unsigned int ktap_case_seconds = 60;

unsigned int ktap_slow(void)
{
	const char *slow = getenv("SHMSWAP_SLOW");
	int factor = slow ? atoi(slow) : 1;

	return factor > 1 ? factor : 1;
}

long long ktap_now(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000LL + now.tv_nsec / 1000000;
}

void ktap_pause(void)
{
	nanosleep(&(struct timespec){ .tv_nsec = 1000000 }, NULL);
}

/* One write for each line, so that processes do not mix theirs. */
static void print_line(const char *start, const char *fmt, va_list args)
{
	char text[600];

	vsnprintf(text, sizeof(text), fmt, args);
	dprintf(STDOUT_FILENO, "%s%s\n", start, text);
}

void ktap_diag(const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	print_line("# ", fmt, args);
	va_end(args);
}

void ktap_context(const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	vsnprintf(context, sizeof(context), fmt, args);
	va_end(args);
}

void ktap_fail(const char *file, int line, const char *fmt, ...)
{
	const char *slash = strrchr(file, '/');
	char where[240];
	va_list args;

	if (__atomic_add_fetch(&report->failures, 1, __ATOMIC_RELAXED) > MAX_MESSAGES)
		return;
	snprintf(where, sizeof(where), "# %s:%d: %s%s", slash ? slash + 1 : file,
		 line, context, *context ? ": " : "");
	va_start(args, fmt);
	print_line(where, fmt, args);
	va_end(args);
}

/* A number as its reader knows it: errors by name, addresses in hex. */
static const char *number(char *text, size_t size, long long value)
{
	const char *error = NULL;

	if (value < 0 && value > -4096)
		error = strerrorname_np(-value);
	if (error)
		snprintf(text, size, "-%s", error);
	else if (value > INT32_MAX || value < INT32_MIN)
		snprintf(text, size, "%#llx", value);
	else
		snprintf(text, size, "%lld", value);
	return text;
}

void ktap_mismatch(const char *file, int line, const char *what,
		   long long found, const char *op, const char *wanted,
		   long long value)
{
	char is[32], want[32];

	number(is, sizeof(is), found);
	number(want, sizeof(want), value);
	if (strcmp(want, wanted))
		ktap_fail(file, line, "%s is %s, not %s %s, which is %s", what, is,
			  op, wanted, want);
	else
		ktap_fail(file, line, "%s is %s, not %s %s", what, is, op, want);
}

void ktap_abort(void)
{
	_exit(CASE_FAILED);
}

void ktap_skip(const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	vsnprintf(report->skip, sizeof(report->skip), fmt, args);
	va_end(args);
	_exit(CASE_SKIPPED);
}

void *ktap_shared(size_t size)
{
	void *mem = mmap(NULL, size, PROT_READ | PROT_WRITE,
			 MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	if (mem == MAP_FAILED) {
		perror("# mmap");
		_exit(CASE_FAILED);
	}
	return mem;
}

pid_t ktap_fork(void (*fn)(void *arg), void *arg)
{
	pid_t pid = fork();

	if (pid < 0) {
		ktap_fail(__FILE__, __LINE__, "fork: %s", strerror(errno));
		ktap_abort();
	}
	if (pid)
		return pid;
	fn(arg);
	_exit(CASE_OK);
}

void ktap_join(pid_t pid)
{
	int status = -1;

	EXPECT_EQ(waitpid(pid, &status, 0), pid);
	EXPECT_EQ(status, 0);
}

void ktap_join_killed(pid_t pid, int sig)
{
	int status = -1;

	EXPECT_EQ(waitpid(pid, &status, 0), pid);
	EXPECT(WIFSIGNALED(status) && WTERMSIG(status) == sig);
}

static int wait_for_case(pid_t pid)
{
	long long deadline = ktap_now() + 1000LL * ktap_case_seconds * ktap_slow();
	int status;
	pid_t done;

	while (!(done = waitpid(pid, &status, WNOHANG)) && ktap_now() < deadline)
		ktap_pause();
	if (!done)
		return CASE_TIMEOUT;
	if (!WIFEXITED(status))
		return CASE_KILLED;
	return report->failures ? CASE_FAILED : WEXITSTATUS(status);
}

static int run_case(const struct ktap_case *c)
{
	int result;
	pid_t pid;

	memset(report, 0, sizeof(*report));
	pid = fork();
	if (pid < 0)
		return CASE_KILLED;
	if (!pid) {
		setpgid(0, 0);
		c->fn();
		_exit(CASE_OK);
	}
	setpgid(pid, pid);
	result = wait_for_case(pid);
	kill(-pid, SIGKILL);
	while (waitpid(-1, NULL, 0) > 0)
		;
	return result;
}

static void print_result(int result, int nr, const char *name)
{
	if (report->failures > MAX_MESSAGES)
		ktap_diag("%u failures in all", report->failures);
	if (result == CASE_SKIPPED)
		printf("ok %d %s # SKIP %s\n", nr, name, report->skip);
	else if (result == CASE_OK)
		printf("ok %d %s\n", nr, name);
	else
		printf("not ok %d %s%s\n", nr, name,
		       result == CASE_TIMEOUT ? " # timed out" :
		       result == CASE_KILLED ? " # killed by a signal" : "");
	fflush(stdout);
}

int ktap_run(int argc, char **argv, const struct ktap_case *cases, size_t nr)
{
	const char *pattern = argc > 1 ? argv[1] : "";
	int chosen = 0, run = 0, failed = 0;
	size_t i;

	for (i = 0; i < nr; i++)
		chosen += !!strstr(cases[i].name, pattern);
	printf("KTAP version 1\n1..%d\n", chosen);
	fflush(stdout);

	report = ktap_shared(sizeof(*report));
	prctl(PR_SET_CHILD_SUBREAPER, 1);
	for (i = 0; i < nr; i++) {
		long long start;
		int result;

		if (!strstr(cases[i].name, pattern))
			continue;
		start = ktap_now();
		result = run_case(&cases[i]);
		print_result(result, ++run, cases[i].name);
		if (ktap_now() - start > SLOW_CASE)
			ktap_diag("that took %lld ms", ktap_now() - start);
		failed += result != CASE_OK && result != CASE_SKIPPED;
	}
	return failed || !run;
}
