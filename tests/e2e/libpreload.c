// SPDX-License-Identifier: GPL-2.0
#define _GNU_SOURCE
#include <fcntl.h>
#include <sched.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "libpreload.h"

#define MAX_DIFFERENCES	10	/* of one case; the others are not shown */

/*
 * The subject's side
 */

static char context[80];

void subject_say(const char *fmt, ...)
{
	char text[400];
	va_list args;

	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	dprintf(STDOUT_FILENO, "%s\n", text);
}

void subject_context(const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	vsnprintf(context, sizeof(context), fmt, args);
	va_end(args);
}

void subject_no_context(void)
{
	*context = 0;
}

static const char *error_name(int err)
{
	const char *name = err ? strerrorname_np(err) : "success";

	return name ? name : "?";
}

void subject_row(int want, long ret, const char *call)
{
	int err = ret == -1 ? errno : 0;

	if (err != want)
		subject_say("! %s%s: %s, not %s", context, call, error_name(err), error_name(want));
	else
		subject_say("%s%s: %s", context, call, error_name(err));
	if (ret != -1 && errno != UNTOUCHED)
		subject_say("! %s%s: errno became %d", context, call, errno);
}

void subject_child(const char *what, void (*fn)(void))
{
	int status = -1;
	pid_t pid = fork();

	if (!pid) {
		fn();
		_exit(0);
	}
	waitpid(pid, &status, 0);
	if (WIFEXITED(status))
		subject_say("%s%s: %s", context, what, error_name(WEXITSTATUS(status)));
	else
		subject_say("! %s%s: ended with status %#x", context, what, status);
}

int subject_segment(key_t key, size_t size, int mode)
{
	int shmid = shmget(key, size, IPC_CREAT | mode);

	CHECK(shmid >= 0);
	return shmid;
}

char *subject_attach(int shmid)
{
	char *mem = shmat(shmid, NULL, 0);

	if (mem == (void *)-1) {
		subject_say("! shmat: %s", error_name(errno));
		exit(1);
	}
	return mem;
}

int subject_descriptors_open(void)
{
	int fd, nr = 0;

	for (fd = 0; fd < 1024; fd++)
		nr += fcntl(fd, F_GETFD) >= 0;
	return nr;
}

static int play(const char *name, const struct subject *subjects, size_t nr)
{
	size_t i;

	for (i = 0; i < nr; i++) {
		if (!strcmp(subjects[i].name, name)) {
			subjects[i].fn();
			return 0;
		}
	}
	return 1;
}

/*
 * The test's side
 */

char *beside(const char *file)
{
	char self[400], *path;
	ssize_t len = readlink("/proc/self/exe", self, sizeof(self) - 1);

	ASSERT_GT(len, 0);
	self[len] = 0;
	*strrchr(self, '/') = 0;
	ASSERT_GT(asprintf(&path, "%s/%s", self, file), 0);
	return path;
}

int kernel_segments(void)
{
	FILE *table = fopen("/proc/sysvipc/shm", "r");
	char line[400];
	int lines = 0;

	ASSERT(table);
	while (fgets(line, sizeof(line), table))
		lines++;
	fclose(table);
	return lines - 1;
}

static void set_limit(const char *name, unsigned long value)
{
	char path[64];
	FILE *file;

	snprintf(path, sizeof(path), "/proc/sys/kernel/%s", name);
	file = fopen(path, "w");
	ASSERT(file);
	ASSERT_GT(fprintf(file, "%lu\n", value), 0);
	ASSERT_EQ(fclose(file), 0);
}

void enter_namespace(void)
{
	if (unshare(CLONE_NEWIPC))
		ktap_skip("no ipc namespaces");
	set_limit("shmmax", SUBJECT_SHMMAX);
	set_limit("shmall", SUBJECT_SHMALL);
	set_limit("shmmni", SUBJECT_SHMMNI);
}

/* Both ends of the text are the reader's: it is in memory, so no pipe can be full. */
static char *read_all(int fd)
{
	struct stat stat;
	char *text;

	ASSERT_EQ(fstat(fd, &stat), 0);
	text = calloc(1, stat.st_size + 1);
	ASSERT(text);
	ASSERT_EQ(pread(fd, text, stat.st_size, 0), stat.st_size);
	close(fd);
	return text;
}

static void exec_program(char *const *argv, bool preload, int out, int err)
{
	dup2(out, STDOUT_FILENO);
	dup2(err, STDERR_FILENO);
	if (preload)
		setenv("LD_PRELOAD", beside("libshmswap.so"), 1);
	execvp(argv[0], argv);
	_exit(127);
}

struct outcome run_program(char *const *argv, bool preload)
{
	int out = memfd_create("out", MFD_CLOEXEC), err = memfd_create("err", MFD_CLOEXEC);
	struct outcome done = { .status = -1 };
	pid_t pid;

	ASSERT_GE(out, 0);
	ASSERT_GE(err, 0);
	pid = fork();
	ASSERT_GE(pid, 0);
	if (!pid)
		exec_program(argv, preload, out, err);
	ASSERT_EQ(waitpid(pid, &done.status, 0), pid);
	done.out = read_all(out);
	done.err = read_all(err);
	return done;
}

struct outcome run_subject(const char *name, bool preload)
{
	char *const argv[] = { "/proc/self/exe", "--subject", (char *)name, NULL };

	return run_program(argv, preload);
}

/* The segments of the default machine, which the case leaves as it found it: empty. */
static int remove_segments(void)
{
	struct shmswap_seg segs[SUBJECT_SHMMNI];
	int fd = sm_open(), i, nr;

	ASSERT_GE(fd, 0);
	nr = sm_query(fd, SHMSWAP_QUERY_SEGS, 0, segs, SUBJECT_SHMMNI);
	for (i = 0; i < nr; i++)
		EXPECT_EQ(sm_shm_remove(fd, segs[i].shmid), 0);
	EXPECT_EQ(sm_check(fd), 0);
	close(fd);
	return nr;
}

static void expect_content(const struct outcome *done)
{
	char *text = strdup(done->out), *line, *rest = text;

	EXPECT_EQ(done->status, 0);
	while ((line = strsep(&rest, "\n"))) {
		if (*line == '!')
			ktap_fail(__FILE__, __LINE__, "%s", line + 2);
	}
	free(text);
	if (*done->err)
		ktap_fail(__FILE__, __LINE__, "on stderr: %s", done->err);
}

struct outcome run_preloaded(const char *name)
{
	struct outcome done;

	enter_namespace();
	done = run_subject(name, true);
	ktap_context("preloaded");
	expect_content(&done);
	EXPECT_EQ(kernel_segments(), 0);
	remove_segments();
	return done;
}

static void compare(char *preloaded, char *native)
{
	int nr = 0;

	while (preloaded && native && nr < MAX_DIFFERENCES) {
		char *ours = strsep(&preloaded, "\n"), *theirs = strsep(&native, "\n");

		if (strcmp(ours, theirs)) {
			ktap_fail(__FILE__, __LINE__, "\"%s\", natively \"%s\"", ours, theirs);
			nr++;
		}
	}
	EXPECT_EQ(!preloaded, !native);
}

/* A subject leaves segments for us to see where they are. */
void expect_same(const char *name)
{
	struct outcome preloaded, native;
	int segments;

	enter_namespace();
	native = run_subject(name, false);
	ktap_context("native");
	expect_content(&native);
	segments = kernel_segments();
	EXPECT_GT(segments, 0);

	enter_namespace();
	preloaded = run_subject(name, true);
	ktap_context("preloaded");
	expect_content(&preloaded);
	EXPECT_EQ(kernel_segments(), 0);
	EXPECT_EQ(remove_segments(), segments);
	compare(preloaded.out, native.out);
}

int preload_run(int argc, char **argv, const struct subject *subjects, size_t nr_subjects,
		const struct ktap_case *cases, size_t nr_cases)
{
	if (argc == 3 && !strcmp(argv[1], "--subject"))
		return play(argv[2], subjects, nr_subjects);
	return ktap_run(argc, argv, cases, nr_cases);
}
