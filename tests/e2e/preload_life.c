// SPDX-License-Identifier: GPL-2.0
/* e2e: module-args="frames=64 ram_swap=256" timeout=150 */
/*
 * What becomes of the segments of a program under libshmswap.so that forks, execs, has threads,
 * signals and its own mind about descriptors, or finds no device; and shmswap-run, which starts it.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include "libpreload.h"

#define KEY		0x1996
#define PAGE		SM_PAGE
#define TABLE		"/proc/sysvipc/shm"
#define THREADS		64
#define ROUNDS		10
#define EXECUTING	4
#define EXECUTIONS	12
#define JUMPS		200

static void say_attaches(const char *when)
{
	struct shmid_ds ds = { 0 };

	CHECK(!shmctl(shmget(KEY, 0, 0), IPC_STAT, &ds));
	subject_say("%s: %lu attaches", when, ds.shm_nattch);
}

/*
 * fork(2), vfork(2), execve(2)
 */

static char *mem;

static void use_what_was_inherited(void)
{
	say_attaches("in the child");
	CHECK(!strcmp(mem, "from the parent"));
	strcpy(mem, "from the child");
	ROW(0, shmdt(mem));
	say_attaches("detached by the child");
	ROW(0, mem = shmat(shmget(KEY, 0, 0), NULL, 0));
	CHECK(!strcmp(mem, "from the child"));
	say_attaches("attached by the child");
}

static void fork_it(void)
{
	strcpy(mem, "from the parent");
	subject_child("fork", use_what_was_inherited);
	say_attaches("the child is gone");
	CHECK(!strcmp(mem, "from the child"));
}

/* The child has the parent's memory, and so do its attaches. */
static void vfork_it(void)
{
	static char *place;
	int id = shmget(KEY, 0, 0);
	pid_t pid = vfork();

	if (!pid) {
		place = shmat(id, NULL, 0);
		_exit(0);
	}
	waitpid(pid, NULL, 0);
	say_attaches("vfork");
	strcpy(mem, "seen twice");
	CHECK(!strcmp(place, "seen twice"));
	ROW(0, shmdt(place));
}

/* A pipe that execve(2) closes tells when that has happened. */
static void exec_it(void)
{
	int done[2], stop[2];
	char byte;
	pid_t pid;

	CHECK(!pipe2(done, O_CLOEXEC) && !pipe(stop));
	pid = fork();
	if (!pid) {
		dup2(stop[0], STDIN_FILENO);
		close(stop[1]);
		execlp("cat", "cat", NULL);
		_exit(127);
	}
	close(done[1]);
	CHECK(read(done[0], &byte, 1) == 0);
	say_attaches("exec");
	close(stop[1]);
	waitpid(pid, NULL, 0);
	close(stop[0]);
	close(done[0]);
}

static void attach_twice_and_wait(void)
{
	subject_attach(shmget(KEY, 0, 0));
	subject_attach(shmget(KEY, 0, 0));
	say_attaches("before it is killed");
	raise(SIGKILL);
}

static void kill_it(void)
{
	pid_t pid = fork();

	if (!pid) {
		attach_twice_and_wait();
		_exit(0);
	}
	waitpid(pid, NULL, 0);
	say_attaches("killed");
}

static void subject_processes(void)
{
	mem = subject_attach(subject_segment(KEY, 2 * PAGE, 0600));
	fork_it();
	vfork_it();
	exec_it();
	kill_it();
}

/*
 * Threads
 */

/* Each has a word of its own in the segment, and forks now and then. */
static void *attach_and_detach(void *arg)
{
	long me = (long)arg, round;

	for (round = 0; round < ROUNDS; round++) {
		long *words = shmat(shmget(KEY, 0, 0), NULL, 0);
		pid_t pid;

		if (words == (void *)-1) {
			CHECK(!"attached");
			break;
		}
		CHECK(words[me * 64] == round);
		words[me * 64] = round + 1;
		if (me % 16 == 0 && round % 8 == 0) {
			pid = fork();
			if (!pid)
				_exit(0);
			waitpid(pid, NULL, 0);
		}
		CHECK(!shmdt(words));
	}
	return NULL;
}

static void subject_threads(void)
{
	pthread_t threads[THREADS];
	long i, *words;

	subject_segment(KEY, THREADS * 64 * sizeof(long), 0600);
	for (i = 0; i < THREADS; i++)
		CHECK(!pthread_create(&threads[i], NULL, attach_and_detach, (void *)i));
	for (i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
	say_attaches("at the end");
	words = (long *)subject_attach(shmget(KEY, 0, 0));
	for (i = 0; i < THREADS; i++)
		CHECK(words[i * 64] == ROUNDS);
}

/*
 * Descriptors
 */

static void use_all_calls(void)
{
	int id, before = subject_descriptors_open();
	struct shmid_ds ds;

	ROW(0, id = shmget(KEY, 0, 0));
	ROW(0, mem = shmat(id, NULL, 0));
	*mem = 1;
	ROW(0, shmctl(id, IPC_STAT, &ds));
	ROW(0, shmdt(mem));
	CHECK(subject_descriptors_open() == before);
}

static void dup_over_everything(void)
{
	int null = open("/dev/null", O_RDWR), fd;

	for (fd = 3; fd < 40; fd++) {
		if (fd != null)
			CHECK(dup2(null, fd) == fd);
	}
}

static void without_a_descriptor(void)
{
	int id = shmget(KEY, 0, 0);
	char *place;

	if (close_range(0, ~0U, 0))
		_exit(EBADE);
	place = shmat(id, NULL, 0);
	if (place == (void *)-1 || shmdt(place) || shmget(KEY, 0, 0) != id)
		_exit(errno);
	/* The lowest number is still free. */
	_exit(open("/dev/null", O_RDONLY) == 0 ? 0 : EBADF);
}

static void subject_descriptors(void)
{
	char *kept = subject_attach(subject_segment(KEY, PAGE, 0600));

	strcpy(kept + 8, "kept");
	use_all_calls();
	close_range(3, ~0U, 0);
	use_all_calls();
	dup_over_everything();
	use_all_calls();
	close_range(3, ~0U, 0);
	use_all_calls();
	subject_child("without a descriptor", without_a_descriptor);
	CHECK(!strcmp(kept + 8, "kept"));
	ROW(0, shmdt(kept));
}

/* A program that was executed while other threads had the device open does not have it. */
static void subject_find_device(void)
{
	char link[40], path[40];
	int fd;

	for (fd = 0; fd < 64; fd++) {
		snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
		memset(path, 0, sizeof(path));
		if (readlink(link, path, sizeof(path) - 1) > 0)
			CHECK(strcmp(path, "/dev/shmswap"));
	}
}

static bool enough;

static void *call_all_the_time(void *arg)
{
	while (!__atomic_load_n(&enough, __ATOMIC_RELAXED))
		shmget(KEY, 0, 0);
	return arg;
}

static void subject_executes(void)
{
	pthread_t threads[EXECUTING];
	int i, status;
	pid_t pid;

	subject_segment(KEY, 1, 0600);
	for (i = 0; i < EXECUTING; i++)
		CHECK(!pthread_create(&threads[i], NULL, call_all_the_time, NULL));
	for (i = 0; i < EXECUTIONS; i++) {
		pid = fork();
		if (!pid)
			execl("/proc/self/exe", "itself", "--subject", "subject_find_device", NULL);
		CHECK(waitpid(pid, &status, 0) == pid && !status);
	}
	__atomic_store_n(&enough, true, __ATOMIC_RELAXED);
	for (i = 0; i < EXECUTING; i++)
		pthread_join(threads[i], NULL);
}

/* Not as the kernel: a call needs a descriptor for a moment, reading the table two. */
static void subject_last_descriptor(void)
{
	struct rlimit limit = { 16, 16 };
	int id = subject_segment(KEY, PAGE, 0600);
	char *kept = subject_attach(id);

	setrlimit(RLIMIT_NOFILE, &limit);
	while (open("/dev/null", O_RDONLY) >= 0)
		;
	ROW(EMFILE, shmget(KEY, 0, 0));
	ROW(EMFILE, shmat(id, NULL, 0));
	ROW(EMFILE, shmdt(kept));
	ROW(EMFILE, shmctl(id, SHM_LOCK, NULL));
	strcpy(kept, "kept");
	close(15);
	ROW(0, shmget(KEY, 0, 0));
	ROW(0, shmdt(subject_attach(id)));
	ROW(0, shmctl(id, SHM_LOCK, NULL));
	ROW(EMFILE, open(TABLE, O_RDONLY));
	ROW(EMFILE, fopen(TABLE, "r") ? 0 : -1);
	close(14);
	ROW(EMFILE, open(TABLE, O_RDONLY));
	close(13);
	ROW(0, open(TABLE, O_RDONLY));
	CHECK(!strcmp(kept, "kept"));
}

/* Other files are opened as ever. */
static void subject_other_files(void)
{
	char name[] = "/dev/shm/preload.XXXXXX";
	struct stat stat;
	FILE *file;
	int fd;

	CHECK(mkdtemp(name) && !chdir(name));
	umask(0);
	ROW(0, fd = open("made", O_RDWR | O_CREAT, 0642));
	CHECK(!fstat(fd, &stat) && stat.st_mode == (S_IFREG | 0642));
	ROW(0, fd = openat(AT_FDCWD, "made too", O_RDWR | O_CREAT | O_CLOEXEC, 0624));
	CHECK(!fstat(fd, &stat) && stat.st_mode == (S_IFREG | 0624));
	CHECK(fcntl(fd, F_GETFD) & FD_CLOEXEC);
	ROW(0, fd = open(".", O_RDWR | O_TMPFILE, 0604));
	CHECK(!fstat(fd, &stat) && stat.st_mode == (S_IFREG | 0604));
	ROW(EEXIST, open64("made", O_RDWR | O_CREAT | O_EXCL, 0600));
	ROW(ENOENT, openat64(AT_FDCWD, "missing", O_RDONLY));
	ROW(ENOENT, fopen("missing", "r") ? 0 : -1);
	file = fopen64("made", "w+");
	CHECK(file && fputs("text", file) > 0 && !fclose(file));
	CHECK(!unlink("made") && !unlink("made too") && !rmdir(name));
	subject_segment(KEY, 1, 0600);
}

/*
 * Signals
 */

static sigjmp_buf before_call;
static bool armed;
static int jumps;

static void jump_out(int sig)
{
	if (!__atomic_exchange_n(&armed, false, __ATOMIC_RELAXED))
		return;
	jumps++;
	siglongjmp(before_call, sig);
}

static __attribute__((noinline)) void call_until_jumped_out(int id)
{
	if (sigsetjmp(before_call, 1))
		return;
	__atomic_store_n(&armed, true, __ATOMIC_RELAXED);
	while (1) {
		shmctl(id, SHM_LOCK, NULL);
		shmctl(id, SHM_UNLOCK, NULL);
	}
}

static void subject_signals(void)
{
	struct itimerval often = { { 0, 1000 }, { 0, 1000 } };
	int id = subject_segment(KEY, 1, 0600);
	int before = subject_descriptors_open();
	sigset_t mask;

	signal(SIGALRM, jump_out);
	setitimer(ITIMER_REAL, &often, NULL);
	while (__atomic_load_n(&jumps, __ATOMIC_RELAXED) < JUMPS)
		call_until_jumped_out(id);
	signal(SIGALRM, SIG_IGN);
	CHECK(subject_descriptors_open() == before);
	sigprocmask(SIG_SETMASK, NULL, &mask);
	CHECK(sigismember(&mask, SIGALRM) == 0 && sigismember(&mask, SIGTERM) == 0);
}

/*
 * What is not there
 */

static void subject_no_device(void)
{
	int before = subject_descriptors_open();

	ROW(ENOSYS, shmget(IPC_PRIVATE, 1, 0600));
	ROW(ENOSYS, shmat(0, NULL, 0));
	ROW(ENOSYS, shmdt(NULL));
	ROW(ENOSYS, shmctl(0, IPC_STAT, &(struct shmid_ds){ 0 }));
	ROW(ENOSYS, open(TABLE, O_RDONLY));
	ROW(ENOSYS, fopen(TABLE, "r") ? 0 : -1);
	CHECK(subject_descriptors_open() == before);
}

/* Where structures may not be copied in the way that notices bad pointers. */
static void subject_forbidden_copy(void)
{
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_process_vm_readv, 1, 0),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_process_vm_writev, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog filter = { ARRAY_SIZE(code), code };
	int id = subject_segment(KEY, 1, 0600);
	struct shmid_ds ds;

	if (prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter)) {
		CHECK(errno == EINVAL);	/* a kernel without it */
		return;
	}
	ROW(0, shmctl(id, IPC_STAT, &ds));
	CHECK(ds.shm_segsz == 1 && ds.shm_perm.mode == 0600);
	ds.shm_perm.mode = 0640;
	ROW(0, shmctl(id, IPC_SET, &ds));
	ROW(0, shmctl(id, IPC_STAT, &ds));
	CHECK(ds.shm_perm.mode == 0640);
}

static void subject_huge_pages(void)
{
	ROW(EINVAL, shmget(KEY, 1, IPC_CREAT | SHM_HUGETLB | 0600));
	ROW(EINVAL, shmget(IPC_PRIVATE, 1, SHM_HUGETLB | 0600));
}

static void subject_some_segment(void)
{
	strcpy(subject_attach(subject_segment(KEY, 2 * PAGE, 0600)), "some");
}

static const struct subject subjects[] = {
	SUBJECT(subject_processes),
	SUBJECT(subject_threads),
	SUBJECT(subject_descriptors),
	SUBJECT(subject_find_device),
	SUBJECT(subject_executes),
	SUBJECT(subject_last_descriptor),
	SUBJECT(subject_other_files),
	SUBJECT(subject_signals),
	SUBJECT(subject_no_device),
	SUBJECT(subject_forbidden_copy),
	SUBJECT(subject_huge_pages),
	SUBJECT(subject_some_segment),
};

/*
 * The cases
 */

static void processes_are_as_natively(void)
{
	expect_same("subject_processes");
}

static void threads_are_as_natively(void)
{
	expect_same("subject_threads");
}

static void descriptors_are_the_programs(void)
{
	expect_same("subject_descriptors");
}

static void programs_do_not_inherit_the_device(void)
{
	expect_same("subject_executes");
}

static void other_files_are_as_natively(void)
{
	expect_same("subject_other_files");
}

static void signals_leave_nothing_behind(void)
{
	expect_same("subject_signals");
}

static void a_descriptor_is_needed(void)
{
	run_preloaded("subject_last_descriptor");
}

static void forbidden_copy_is_no_obstacle(void)
{
	expect_same("subject_forbidden_copy");
}

static void huge_pages_are_refused(void)
{
	run_preloaded("subject_huge_pages");
}

/* One line, however many calls there were. */
static void expect_complaint(const char *reason)
{
	struct outcome done = run_subject("subject_no_device", true);
	char wanted[200];

	snprintf(wanted, sizeof(wanted),
		 "libshmswap: /dev/shmswap: %s: no System V shared memory; is shmswap loaded?\n",
		 reason);
	EXPECT_EQ(done.status, 0);
	EXPECT(!strchr(done.out, '!'));
	if (strcmp(done.err, wanted) || strchr(done.out, '!'))
		ktap_diag("it said \"%s\", and on stderr \"%s\"", done.out, done.err);
	EXPECT(!strcmp(done.err, wanted));
	EXPECT_EQ(kernel_segments(), 0);
}

static void own_mounts(void)
{
	ASSERT_EQ(unshare(CLONE_NEWNS), 0);
	ASSERT_EQ(mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL), 0);
}

static void no_device_is_no_shared_memory(void)
{
	enter_namespace();
	own_mounts();
	ASSERT_EQ(mount("none", "/dev", "tmpfs", 0, NULL), 0);
	expect_complaint("No such file or directory");
}

static void another_device_is_none(void)
{
	enter_namespace();
	own_mounts();
	ASSERT_EQ(mount("/dev/null", "/dev/shmswap", NULL, MS_BIND, NULL), 0);
	expect_complaint("Inappropriate ioctl for device");
}

static void a_forbidden_device_is_none(void)
{
	enter_namespace();
	ASSERT_EQ(chmod("/dev/shmswap", 0600), 0);
	ASSERT_EQ(sm_act_as(1000, 100), 0);
	expect_complaint("Permission denied");
	ASSERT_EQ(sm_act_as(0, 0), 0);
	ASSERT_EQ(chmod("/dev/shmswap", 0666), 0);
}

/*
 * shmswap-run
 */

#define RUN(...)	run_program((char *[]){ beside("shmswap-run"), ##__VA_ARGS__, NULL }, false)

static void expect_run(const struct outcome *done, int status, const char *out, const char *err)
{
	EXPECT(WIFEXITED(done->status));
	EXPECT_EQ(WEXITSTATUS(done->status), status);
	if (!strstr(done->out, out) || !strstr(done->err, err))
		ktap_fail(__FILE__, __LINE__, "printed \"%s\", \"%s\", not \"%s\", \"%s\"",
			  done->out, done->err, out, err);
}

static void wrapper_runs_programs(void)
{
	struct outcome done;
	char wanted[500];

	done = RUN("sh", "-c", "exit 7");
	expect_run(&done, 7, "", "");
	done = RUN("--", "echo", "a  b", "", "c");
	expect_run(&done, 0, "a  b  c\n", "");
	done = RUN("/no such program");
	expect_run(&done, 127, "", "not found");
	done = RUN("--library");
	snprintf(wanted, sizeof(wanted), "%s\n", beside("libshmswap.so"));
	expect_run(&done, 0, wanted, "");
	setenv("LD_PRELOAD", "libm.so.6", 1);
	done = RUN("printenv", "LD_PRELOAD");
	snprintf(wanted, sizeof(wanted), "%s:libm.so.6\n", beside("libshmswap.so"));
	expect_run(&done, 0, wanted, "");
}

static void wrapper_preloads(void)
{
	struct outcome done;

	enter_namespace();
	done = RUN(beside("preload_life"), "--subject", "subject_some_segment");
	expect_run(&done, 0, "", "");
	EXPECT_EQ(kernel_segments(), 0);
	done = RUN("ipcs", "-m");
	expect_run(&done, 0, "\n0x00001996 ", "");
	done = RUN("ipcs", "-mu");
	expect_run(&done, 0, "segments allocated 1\npages allocated 2\n", "");
	done = RUN("sh", "-c", "cat < /proc/sysvipc/shm");
	expect_run(&done, 0, "\n      6550 ", "");
	done = RUN("ipcrm", "-M", "0x1996");
	expect_run(&done, 0, "", "");
	done = RUN("ipcs", "-mu");
	expect_run(&done, 0, "segments allocated 0\n", "");
}

/* What looks like a program without a dynamic linker is enough of one. */
static char *program_file(int uid, mode_t mode)
{
	char *name = strdup("/tmp/program.XXXXXX");
	int fd = mkstemp(name);

	ASSERT_GE(fd, 0);
	ASSERT_EQ(write(fd, "\177ELF\2\1\1", 7), 7);
	ASSERT_EQ(fchown(fd, uid, uid), 0);
	ASSERT_EQ(fchmod(fd, mode), 0);
	close(fd);
	return name;
}

static void expect_refusal(char *program, const char *why)
{
	struct outcome done = RUN(program);

	expect_run(&done, 125, "", why);
	unlink(program);
}

static void wrapper_says_what_cannot_be(void)
{
	struct outcome done;

	done = RUN();
	expect_run(&done, 125, "", "usage: shmswap-run");
	done = RUN("--help");
	expect_run(&done, 0, "usage: shmswap-run", "");
	done = RUN("--unknown");
	expect_run(&done, 125, "", "usage: shmswap-run");
	expect_refusal(program_file(0, 0755), "is static");
	expect_refusal(program_file(1000, 04755), "is setuid");
	expect_refusal(program_file(1000, 02755), "is setgid");
	own_mounts();
	ASSERT_EQ(mount("none", "/dev", "tmpfs", 0, NULL), 0);
	done = RUN("true");
	expect_run(&done, 125, "", "modprobe shmswap");
}

static const struct ktap_case cases[] = {
	KTAP_CASE(processes_are_as_natively),
	KTAP_CASE(threads_are_as_natively),
	KTAP_CASE(descriptors_are_the_programs),
	KTAP_CASE(programs_do_not_inherit_the_device),
	KTAP_CASE(other_files_are_as_natively),
	KTAP_CASE(signals_leave_nothing_behind),
	KTAP_CASE(a_descriptor_is_needed),
	KTAP_CASE(forbidden_copy_is_no_obstacle),
	KTAP_CASE(huge_pages_are_refused),
	KTAP_CASE(no_device_is_no_shared_memory),
	KTAP_CASE(another_device_is_none),
	KTAP_CASE(a_forbidden_device_is_none),
	KTAP_CASE(wrapper_runs_programs),
	KTAP_CASE(wrapper_preloads),
	KTAP_CASE(wrapper_says_what_cannot_be),
};

int main(int argc, char **argv)
{
	return preload_run(argc, argv, subjects, ARRAY_SIZE(subjects), cases, ARRAY_SIZE(cases));
}
