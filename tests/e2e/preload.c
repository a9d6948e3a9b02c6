// SPDX-License-Identifier: GPL-2.0
/* e2e: module-args="frames=64 ram_swap=256" timeout=150 */
/*
 * What programs get from the four calls under libshmswap.so: what the man pages say, and what the
 * same program gets from the kernel, line by line.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "libpreload.h"

#define KEY		0x1996
#define PAGE		SM_PAGE
#define BAD_CMD		99
#define PROT_RW		(PROT_READ | PROT_WRITE)

/* Room for attaches at addresses of our choice. */
static char *room(size_t pages)
{
	char *mem = mmap(NULL, pages * PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	CHECK(mem != MAP_FAILED);
	munmap(mem, pages * PAGE);
	return mem;
}

static long nattch(int shmid)
{
	struct shmid_ds ds = { 0 };

	return shmctl(shmid, IPC_STAT, &ds) ? -errno : (long)ds.shm_nattch;
}

/*
 * shmget(2)
 */

static void fill_table(void)
{
	int id, last = -1;

	while ((id = shmget(IPC_PRIVATE, 1, 0600)) >= 0)
		last = id;
	ROW(ENOSPC, shmget(IPC_PRIVATE, 1, 0600));
	ROW(0, shmget(KEY, 0, 0));
	ROW(0, shmctl(last, IPC_RMID, NULL));
	ROW(0, shmget(IPC_PRIVATE, 1, 0600));
	ROW(ENOSPC, shmget(IPC_PRIVATE, 1, 0600));
}

static void subject_shmget(void)
{
	int id, pages[2];

	ROW(ENOENT, shmget(KEY, 0, 0600));
	ROW(ENOENT, shmget(KEY, 1, IPC_EXCL | 0600));
	ROW(EINVAL, shmget(KEY, 0, IPC_CREAT | 0600));
	ROW(EINVAL, shmget(KEY, SUBJECT_SHMMAX + 1, IPC_CREAT | 0600));
	ROW(EINVAL, shmget(KEY, -1, IPC_CREAT | 0600));
	ROW(0, id = shmget(KEY, 5000, IPC_CREAT | IPC_EXCL | 0600));
	ROW(EEXIST, shmget(KEY, 5000, IPC_CREAT | IPC_EXCL | 0600));
	ROW(EEXIST, shmget(KEY, -1, IPC_CREAT | IPC_EXCL | 0600));
	ROW(0, shmget(KEY, 5000, IPC_EXCL | 0600));
	ROW(0, shmget(KEY, 0, 0));
	ROW(0, shmget(KEY, 5000, IPC_CREAT | 0777));
	ROW(EINVAL, shmget(KEY, 5001, 0));
	ROW(EINVAL, shmget(KEY, 5001, IPC_CREAT));
	CHECK(shmget(KEY, 1, 0) == id);

	/* Flags without a meaning here are ignored. */
	ROW(0, shmget(KEY, 1, 0100000));
	ROW(0, shmget(KEY, 1, SHM_NORESERVE));
	ROW(0, shmget(KEY, 1, SHM_HUGETLB));
	ROW(EEXIST, shmget(KEY, 1, ~0));

	ROW(0, pages[0] = shmget(IPC_PRIVATE, SUBJECT_SHMMAX, 0));
	ROW(0, pages[1] = shmget(IPC_PRIVATE, SUBJECT_SHMMAX, IPC_CREAT | IPC_EXCL));
	CHECK(pages[0] != pages[1]);
	ROW(ENOSPC, shmget(IPC_PRIVATE, SUBJECT_SHMMAX, 0));
	ROW(0, shmctl(pages[0], IPC_RMID, NULL));
	ROW(0, shmget(IPC_PRIVATE, SUBJECT_SHMMAX, 0));
	fill_table();

	ROW(0, shmctl(id, IPC_RMID, NULL));
	ROW(ENOENT, shmget(KEY, 1, 0));
	ROW(0, shmget(KEY, 1, IPC_CREAT | SHM_NORESERVE));
}

/*
 * shmat(2)
 */

/* The permissions that the process has there, and what it sees there. */
static void say_map(const char *what, void *mem)
{
	FILE *maps = fopen("/proc/self/maps", "re");
	char line[400], perms[5], path[40];
	unsigned long start, end, offset;

	while (fgets(line, sizeof(line), maps)) {
		if (sscanf(line, "%lx-%lx %4s %lx %*s %*s %39[^\n]", &start, &end, perms, &offset,
			   path) == 5 && start == (unsigned long)mem)
			subject_say("%s: %s, %lu pages from %lu on, %s", what, perms,
				    (end - start) / PAGE, offset, path);
	}
	fclose(maps);
}

static char *victim;

static void store_there(void)
{
	signal(SIGSEGV, SIG_DFL);
	*victim = 1;
}

static void expect_segv(char *mem)
{
	pid_t pid = fork();
	int status = -1;

	if (!pid) {
		victim = mem;
		store_there();
		_exit(0);
	}
	waitpid(pid, &status, 0);
	CHECK(WIFSIGNALED(status) && WTERMSIG(status) == SIGSEGV);
}

static void shmat_kinds(int id)
{
	char *mem;

	ROW(0, mem = shmat(id, NULL, 0));
	say_map("for writing", mem);
	strcpy(mem, "stored");
	ROW(0, mem = shmat(id, NULL, SHM_RDONLY));
	say_map("for reading", mem);
	CHECK(!strcmp(mem, "stored"));
	expect_segv(mem);
	ROW(EACCES, mprotect(mem, PAGE, PROT_RW));
	ROW(0, mem = shmat(id, NULL, SHM_EXEC));
	say_map("for executing", mem);
	ROW(0, mem = shmat(id, NULL, SHM_EXEC | SHM_RDONLY));
	say_map("for reading and executing", mem);
	ROW(0, shmat(id, NULL, SHM_RND));
	/* A flag without a meaning. */
	ROW(0, shmat(id, NULL, 1));
	subject_say("%ld attaches", nattch(id));
}

static void shmat_places(int id)
{
	char *place = room(16);

	ROW(0, shmat(id, place, 0));
	CHECK(!strcmp(place, "stored"));
	ROW(EINVAL, shmat(id, place, 0));
	ROW(EINVAL, shmat(id, place + PAGE, 0));
	ROW(EINVAL, shmat(id, place + 4 * PAGE + 1, 0));
	ROW(EINVAL, shmat(id, place + 5 * PAGE - 1, 0));
	ROW(0, shmat(id, place + 5 * PAGE - 1, SHM_RND));
	CHECK(!strcmp(place + 4 * PAGE, "stored"));
	ROW(0, shmat(id, place, SHM_REMAP | SHM_RDONLY));
	say_map("instead of the first", place);
	ROW(0, shmat(id, place + PAGE, SHM_REMAP));
	say_map("what is left of it", place);
	ROW(EINVAL, shmat(id, place + 1, SHM_REMAP));
	ROW(0, shmat(id, place + PAGE + 7, SHM_REMAP | SHM_RND));
	ROW(EINVAL, shmat(id, NULL, SHM_REMAP));
	ROW(EINVAL, shmat(id, (void *)1, SHM_REMAP | SHM_RND));
	ROW(EINVAL, shmat(id, (void *)1, 0));
	ROW(EINVAL, shmat(id, NULL, ~0));
	ROW(EINVAL, shmat(id, (void *)-PAGE, 0));
	ROW(EINVAL, shmat(id, (void *)-1, SHM_RND));
	ROW(ENOMEM, shmat(id, (void *)(1UL << 62), 0));
	ROW(ENOMEM, shmat(id, (void *)(SHMSWAP_TASK_SIZE - PAGE), 0));
	subject_say("%ld attaches", nattch(id));
}

static void attach_without_room(void)
{
	struct rlimit limit = { PAGE, PAGE };
	int id = shmget(KEY, 0, 0);

	setrlimit(RLIMIT_AS, &limit);
	_exit(shmat(id, NULL, 0) == (void *)-1 ? errno : 0);
}

static void subject_shmat(void)
{
	int id = subject_segment(KEY, 5000, 0644), gone;

	ROW(EINVAL, shmat(-1, NULL, 0));
	ROW(EINVAL, shmat(id + 1, NULL, 0));
	ROW(EINVAL, shmat(id + 32768, NULL, 0));
	shmat_kinds(id);
	shmat_places(id);
	subject_child("shmat(2) at RLIMIT_AS", attach_without_room);

	gone = subject_segment(IPC_PRIVATE, 1, 0600);
	subject_attach(gone);
	ROW(0, shmctl(gone, IPC_RMID, NULL));
	ROW(0, shmdt(subject_attach(gone)));
	ROW(0, shmdt(subject_attach(gone)));
	subject_say("%ld attaches", nattch(gone));
}

/*
 * shmdt(2)
 */

static void shmdt_pieces(int id)
{
	char *mem = subject_attach(id), *place;

	munmap(mem, PAGE);
	ROW(EINVAL, shmdt(mem + PAGE));
	ROW(0, shmdt(mem));
	mem = subject_attach(id);
	munmap(mem + PAGE, PAGE);
	subject_say("%ld attaches", nattch(id));
	ROW(0, shmdt(mem));
	mem = subject_attach(id);
	mprotect(mem + PAGE, PAGE, PROT_READ);
	subject_say("%ld attaches", nattch(id));
	ROW(0, shmdt(mem));
	subject_say("%ld attaches", nattch(id));

	mem = subject_attach(id);
	place = room(3);
	CHECK(mremap(mem, 3 * PAGE, 3 * PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, place) == place);
	ROW(EINVAL, shmdt(mem));
	ROW(0, shmdt(place));
	mem = subject_attach(id);
	munmap(mem, 3 * PAGE);
	ROW(EINVAL, shmdt(mem));
	mem = subject_attach(id);
	mmap(mem, 3 * PAGE, PROT_RW, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
	ROW(EINVAL, shmdt(mem));
	subject_say("%ld attaches", nattch(id));
}

static void subject_shmdt(void)
{
	int id = subject_segment(KEY, 3 * PAGE, 0600);
	char *mem = subject_attach(id), *twin, *place = room(6);

	ROW(EINVAL, shmdt(NULL));
	ROW(EINVAL, shmdt((void *)-1));
	ROW(EINVAL, shmdt((void *)-PAGE));
	ROW(EINVAL, shmdt(mem + 1));
	ROW(EINVAL, shmdt(mem + PAGE));
	ROW(EINVAL, shmdt(mem - PAGE));
	ROW(EINVAL, shmdt((void *)((unsigned long)&id & -PAGE)));
	ROW(EINVAL, shmdt((void *)((unsigned long)subject_shmdt & -PAGE)));
	ROW(0, shmdt(mem));
	ROW(EINVAL, shmdt(mem));
	expect_segv(mem);

	/* Neighbours are attaches of their own. */
	ROW(0, mem = shmat(id, place, 0));
	ROW(0, twin = shmat(id, place + 3 * PAGE, 0));
	*twin = 'x';
	ROW(0, shmdt(mem));
	CHECK(*twin == 'x');
	subject_say("%ld attaches", nattch(id));
	ROW(0, shmdt(twin));
	shmdt_pieces(id);
}

/*
 * shmctl(2)
 */

static const char *whose(pid_t pid)
{
	return !pid ? "nobody" : pid == getpid() ? "me" : "another";
}

static void say_ds(const char *what, const struct shmid_ds *ds)
{
	const struct ipc_perm *perm = &ds->shm_perm;

	subject_say("%s: key %#x, mode %#o, owner %d:%d, creator %d:%d, %lu bytes, %lu attaches",
		    what, perm->__key, perm->mode, perm->uid, perm->gid, perm->cuid, perm->cgid,
		    ds->shm_segsz, ds->shm_nattch);
	subject_say("%s: created by %s, last used by %s, attached%s, detached%s, changed%s",
		    what, whose(ds->shm_cpid), whose(ds->shm_lpid), ds->shm_atime ? "" : " never",
		    ds->shm_dtime ? "" : " never", ds->shm_ctime ? "" : " never");
}

/* Nothing of the buffer is left as it was. */
static void stat_it(const char *what, int id, int cmd)
{
	struct shmid_ds ds;
	int ret;

	memset(&ds, 0x55, sizeof(ds));
	ret = shmctl(id, cmd, &ds);
	if (ret < 0) {
		subject_say("! %s: %s", what, strerrorname_np(errno));
		return;
	}
	say_ds(what, &ds);
	CHECK(ds.__glibc_reserved5 == 0 && ds.__glibc_reserved6 == 0);
	CHECK(llabs(time(NULL) - ds.shm_ctime) < 100);
	if (cmd == IPC_STAT)
		CHECK(ret == 0 && ds.shm_perm.__seq == id / 32768);
}

static void touch_and_leave(void)
{
	*subject_attach(shmget(KEY, 0, 0)) = 1;
}

static void shmctl_stat(int id)
{
	char *mem;

	stat_it("new", id, IPC_STAT);
	mem = subject_attach(id);
	stat_it("attached", id, IPC_STAT);
	shmdt(mem);
	stat_it("detached", id, IPC_STAT);
	subject_child("somebody else", touch_and_leave);
	stat_it("used by another", id, IPC_STAT);
	stat_it("by index", 0, SHM_STAT);
	stat_it("by index for everybody", 0, SHM_STAT_ANY);
	CHECK(shmctl(0, SHM_STAT, &(struct shmid_ds){ 0 }) == id);
	CHECK(shmctl(0, SHM_STAT_ANY, &(struct shmid_ds){ 0 }) == id);
}

static void shmctl_info(void)
{
	struct shmid_ds last;
	struct shm_info use;
	struct shminfo info;
	int ret;

	memset(&info, 0x55, sizeof(info));
	ret = shmctl(0, IPC_INFO, (void *)&info);
	CHECK(shmctl(ret, SHM_STAT, &last) >= 0);
	subject_say("IPC_INFO: shmmax %lu, shmmin %lu, shmmni %lu, shmseg %lu, shmall %lu",
		    info.shmmax, info.shmmin, info.shmmni, info.shmseg, info.shmall);
	memset(&use, 0x55, sizeof(use));
	CHECK(shmctl(0, SHM_INFO, (void *)&use) == ret);
	subject_say("SHM_INFO: %d segments, %lu pages, %lu touched", use.used_ids,
		    use.shm_tot, use.shm_rss + use.shm_swp);
	CHECK(use.swap_attempts < 1UL << 32 && use.swap_successes <= use.swap_attempts);
}

static void shmctl_set(int id)
{
	struct shmid_ds ds;

	memset(&ds, 0x55, sizeof(ds));
	ds.shm_perm.uid = 1000;
	ds.shm_perm.gid = 100;
	ds.shm_perm.mode = 07642;
	ROW(0, shmctl(id, IPC_SET, &ds));
	stat_it("set", id, IPC_STAT);
	ROW(0, shmctl(id, SHM_LOCK, NULL));
	ROW(0, shmctl(id, SHM_LOCK, NULL));
	stat_it("locked", id, IPC_STAT);
	ROW(0, shmctl(id, IPC_SET, &ds));
	stat_it("locked and set", id, IPC_STAT);
	ROW(0, shmctl(id, SHM_UNLOCK, NULL));
	ROW(0, shmctl(id, SHM_UNLOCK, NULL));
	ds.shm_perm.uid = -1;
	ROW(EINVAL, shmctl(id, IPC_SET, &ds));
	ds.shm_perm.uid = 0;
	ds.shm_perm.gid = -1;
	ROW(EINVAL, shmctl(id, IPC_SET, &ds));
	stat_it("not changed by these", id, IPC_STAT);
}

static void shmctl_wrong(int id)
{
	struct shmid_ds ds = { 0 };
	static const int cmds[] = { IPC_STAT, IPC_SET, IPC_RMID, SHM_LOCK, SHM_UNLOCK, SHM_STAT,
		SHM_STAT_ANY, IPC_INFO, SHM_INFO, BAD_CMD, -1, 0x100 | IPC_STAT, IPC_SET | IPC_RMID,
		10, 16 };
	size_t i;

	for (i = 0; i < ARRAY_SIZE(cmds); i++) {
		int cmd = cmds[i];
		bool any = cmd == IPC_INFO || cmd == SHM_INFO;
		bool by_index = cmd == SHM_STAT || cmd == SHM_STAT_ANY;

		subject_context("cmd %d: ", cmd);
		ROW(EINVAL, shmctl(-1, cmd, &ds));
		ROW(EINVAL, shmctl(-1, cmd, NULL));
		ROW(any ? 0 : EINVAL, shmctl(1, cmd, &ds));
		/* The index is what an identifier has in its lower bits. */
		ROW(any || by_index ? 0 : EINVAL, shmctl(id + 32768, cmd, &ds));
	}
	subject_no_context();
	ROW(EINVAL, shmctl(id, BAD_CMD, &ds));
	ROW(EINVAL, shmctl(id, -1, &ds));
	ROW(EINVAL, shmctl(id, 0x100 | IPC_STAT, &ds));
}

static void shmctl_remove(int id)
{
	char *mem = subject_attach(id);

	ROW(0, shmctl(id, IPC_RMID, NULL));
	stat_it("removed but attached", id, IPC_STAT);
	ROW(ENOENT, shmget(KEY, 0, 0));
	ROW(0, shmctl(id, IPC_RMID, NULL));
	ROW(0, shmdt(mem));
	ROW(EINVAL, shmctl(id, IPC_STAT, &(struct shmid_ds){ 0 }));
	ROW(EINVAL, shmctl(id, IPC_RMID, NULL));
}

static void subject_shmctl(void)
{
	int id = subject_segment(KEY, 5000, 0640);

	shmctl_stat(id);
	shmctl_info();
	shmctl_set(id);
	shmctl_wrong(id);
	shmctl_remove(id);
	stat_it("the next", subject_segment(KEY, 1, 0600), IPC_STAT);
	shmctl_info();
}

/*
 * Pointers that lead nowhere
 */

/* A structure that would lie half on the last page before nothing. */
static char *straddling(size_t size)
{
	char *mem = mmap(NULL, 2 * PAGE, PROT_RW, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	munmap(mem + PAGE, PAGE);
	return mem + PAGE - size / 2;
}

static void try_pointer(int id, const char *what, void *ptr, int err_read, int err_write)
{
	subject_context("%s: ", what);
	ROW(err_write, shmctl(id, IPC_STAT, ptr));
	ROW(err_write, shmctl(0, SHM_STAT, ptr));
	ROW(err_write, shmctl(0, SHM_STAT_ANY, ptr));
	ROW(err_write, shmctl(0, IPC_INFO, ptr));
	ROW(err_write, shmctl(0, SHM_INFO, ptr));
	ROW(err_read, shmctl(id, IPC_SET, ptr));
	ROW(0, shmctl(id, SHM_LOCK, ptr));
	ROW(0, shmctl(id, SHM_UNLOCK, ptr));
	ROW(err_read ? err_read : EINVAL, shmctl(id + 1, IPC_SET, ptr));
	subject_no_context();
}

static void open_nowhere(void)
{
	ROW(EFAULT, open((void *)8, O_RDONLY));
	ROW(EFAULT, openat(AT_FDCWD, (void *)-PAGE, O_RDONLY));
	ROW(EFAULT, fopen((void *)8, "r") ? 0 : -1);
	ROW(ENOENT, open("", O_RDONLY));
	ROW(EINVAL, fopen("/proc/sysvipc/shm", "q") ? 0 : -1);
	ROW(ENOTDIR, open("/proc/sysvipc/shm", O_RDONLY | O_DIRECTORY));
	ROW(EEXIST, open("/proc/sysvipc/shm", O_RDWR | O_CREAT | O_EXCL, 0600));
}

static void subject_pointers(void)
{
	int id = subject_segment(KEY, 1, 0600);
	struct shmid_ds *ds = mmap(NULL, PAGE, PROT_RW, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	try_pointer(id, "good", ds, 0, 0);
	shmctl(id, IPC_STAT, ds);
	try_pointer(id, "good again", ds, 0, 0);
	mprotect(ds, PAGE, PROT_READ);
	try_pointer(id, "read-only", ds, 0, EFAULT);
	mprotect(ds, PAGE, PROT_NONE);
	try_pointer(id, "forbidden", ds, EFAULT, EFAULT);
	try_pointer(id, "NULL", NULL, EFAULT, EFAULT);
	try_pointer(id, "low", (void *)8, EFAULT, EFAULT);
	try_pointer(id, "the kernel's", (void *)-PAGE, EFAULT, EFAULT);
	try_pointer(id, "the last", (void *)-1, EFAULT, EFAULT);
	try_pointer(id, "half a shm_info", straddling(sizeof(struct shm_info)), EFAULT, EFAULT);
	open_nowhere();
}

/*
 * Permissions
 */

/* root, two users, and one who shares the group of the first. */
static const struct {
	int uid, gid;
} users[] = { { 0, 0 }, { 1000, 100 }, { 1001, 101 }, { 1002, 100 } };

static int errno_of(long ret)
{
	return ret == -1 ? errno : 0;
}

static void detach(char *mem)
{
	if (mem != (void *)-1)
		shmdt(mem);
}

/* In one line what a user may do with a segment. */
static void say_permitted(const char *who, int id, const struct shmid_ds *now)
{
	static const int modes[] = { 0400, 0200, 0600, 0660, 0040, 0 };
	static const int kinds[] = { 0, SHM_RDONLY, SHM_EXEC, SHM_EXEC | SHM_RDONLY };
	static const int cmds[] = { IPC_STAT, IPC_SET, SHM_LOCK, SHM_UNLOCK, IPC_INFO, SHM_INFO };
	struct shmid_ds ds;
	char *mem, text[200];
	int len = 0;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(modes); i++)
		len += sprintf(text + len, " %d", errno_of(shmget(KEY, 0, modes[i])));
	for (i = 0; i < ARRAY_SIZE(kinds); i++) {
		mem = shmat(id, NULL, kinds[i]);
		len += sprintf(text + len, " %d", errno_of((long)mem));
		detach(mem);
	}
	for (i = 0; i < ARRAY_SIZE(cmds); i++) {
		ds = *now;
		len += sprintf(text + len, " %d", errno_of(shmctl(id, cmds[i], &ds)));
	}
	len += sprintf(text + len, " %d", errno_of(shmctl(0, SHM_STAT, &ds)));
	sprintf(text + len, " %d", errno_of(shmctl(0, SHM_STAT_ANY, &ds)));
	subject_say("%s:%s", who, text);
}

static void try_mode(int id, int mode)
{
	struct shmid_ds ds = { .shm_perm = { .uid = 1000, .gid = 101, .mode = mode } };
	char who[40];
	size_t i;

	CHECK(!shmctl(id, IPC_SET, &ds));
	for (i = 0; i < ARRAY_SIZE(users); i++) {
		CHECK(!sm_act_as(users[i].uid, users[i].gid));
		snprintf(who, sizeof(who), "mode %04o, user %d", mode, users[i].uid);
		say_permitted(who, id, &ds);
	}
	CHECK(!sm_act_as(0, 0));
}

static void remove_as_others(int id)
{
	CHECK(!sm_act_as(1001, 101));
	ROW(EPERM, shmctl(id, IPC_RMID, NULL));
	ROW(EINVAL, shmctl(id + 1, IPC_RMID, NULL));
	CHECK(!sm_act_as(1000, 100));
	ROW(0, shmctl(id, IPC_RMID, NULL));
	CHECK(!sm_act_as(0, 0));
}

/* How much of it may be locked by a user. */
static void lock_as_user(void)
{
	struct rlimit none = { 0, 0 }, one = { PAGE, 3 * PAGE };
	int id = subject_segment(IPC_PRIVATE, 2 * PAGE, 0600);

	setrlimit(RLIMIT_MEMLOCK, &one);
	CHECK(!sm_become(1000, 100));
	ROW(EPERM, shmctl(id, SHM_LOCK, NULL));
	id = subject_segment(IPC_PRIVATE, 2 * PAGE, 0600);
	ROW(ENOMEM, shmctl(id, SHM_LOCK, NULL));
	one.rlim_cur = 2 * PAGE;
	setrlimit(RLIMIT_MEMLOCK, &one);
	ROW(0, shmctl(id, SHM_LOCK, NULL));
	ROW(0, shmctl(id, SHM_UNLOCK, NULL));
	setrlimit(RLIMIT_MEMLOCK, &none);
	ROW(EPERM, shmctl(id, SHM_LOCK, NULL));
	ROW(0, shmctl(id, SHM_UNLOCK, NULL));
}

static void subject_permissions(void)
{
	static const int modes[] = { 0600, 0640, 0660, 0644, 0666, 0444, 0222, 0400, 0040, 0004,
		0060, 0006, 0700, 0777, 0 };
	int id = subject_segment(KEY, 1, 0600);
	size_t i;

	for (i = 0; i < ARRAY_SIZE(modes); i++)
		try_mode(id, modes[i]);
	remove_as_others(id);
	subject_child("SHM_LOCK by a user", lock_as_user);
}

/*
 * syscall(2)
 */

static void subject_syscall(void)
{
	struct shmid_ds ds;
	long id, mem;

	ROW(ENOENT, syscall(SYS_shmget, KEY, 1, 0));
	ROW(0, id = syscall(SYS_shmget, KEY, 5000, IPC_CREAT | 0600));
	CHECK(id == shmget(KEY, 0, 0));
	ROW(0, mem = syscall(SYS_shmat, id, NULL, 0));
	strcpy((char *)mem, "raw");
	ROW(EINVAL, syscall(SYS_shmat, id, mem, 0));
	ROW(0, syscall(SYS_shmctl, id, IPC_STAT, &ds));
	say_ds("raw", &ds);
	ROW(EFAULT, syscall(SYS_shmctl, id, IPC_STAT, NULL));
	ROW(0, syscall(SYS_shmdt, mem));
	ROW(EINVAL, syscall(SYS_shmdt, mem));
	/* The others go where they went. */
	ROW(0, syscall(SYS_getpid) == getpid() ? 0 : -1);
	ROW(EBADF, syscall(SYS_close, -1));
	mem = syscall(SYS_mmap, NULL, PAGE, PROT_RW, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	CHECK(mem != -1);
	*(char *)mem = 1;
}

/*
 * /proc/sysvipc/shm
 */

#define TABLE	"/proc/sysvipc/shm"

static int open_2(const char *name)
{
	int (*fn)(const char *path, int flags);

	fn = dlsym(RTLD_DEFAULT, name);
	return fn(TABLE, O_RDONLY);
}

static int openat_2(const char *name)
{
	int (*fn)(int dir, const char *path, int flags);

	fn = dlsym(RTLD_DEFAULT, name);
	return fn(AT_FDCWD, TABLE, O_RDONLY);
}

#define COLUMNS	16

/* Without what differs from run to run: identifiers, process numbers, times, what is swapped. */
static void say_line(const char *what, char *line)
{
	long long column[COLUMNS];
	int i;

	for (i = 0; i < COLUMNS; i++)
		column[i] = strtoll(line, &line, i == 2 ? 8 : 10);
	CHECK(!strcmp(line, "\n"));
	subject_say("%s: key %#llx, mode %#llo, %lld bytes, by %s, last by %s, %lld attaches",
		    what, column[0], column[2], column[3], whose(column[4]), whose(column[5]),
		    column[6]);
	subject_say("%s: %lld:%lld, %lld:%lld, times %d%d%d, memory %lld", what, column[7],
		    column[8], column[9], column[10], !!column[11], !!column[12], !!column[13],
		    column[14] + column[15]);
}

static void say_table(const char *what, int fd)
{
	char line[300];
	FILE *file = fdopen(fd, "r");

	if (!file) {
		subject_say("! %s: no table", what);
		return;
	}
	CHECK(fgets(line, sizeof(line), file));
	subject_say("%s: %s", what, line);
	while (fgets(line, sizeof(line), file))
		say_line(what, line);
	fclose(file);
}

static int of_file(FILE *file)
{
	int fd = file ? dup(fileno(file)) : -1;

	if (file)
		fclose(file);
	return fd;
}

static void table_by_all(void)
{
	say_table("open", open(TABLE, O_RDONLY));
	say_table("open64", open64(TABLE, O_RDONLY | O_CLOEXEC));
	say_table("openat", openat(AT_FDCWD, TABLE, O_RDONLY));
	say_table("openat64", openat64(-1, TABLE, O_RDONLY));
	say_table("__open_2", open_2("__open_2"));
	say_table("__open64_2", open_2("__open64_2"));
	say_table("__openat_2", openat_2("__openat_2"));
	say_table("__openat64_2", openat_2("__openat64_2"));
	say_table("fopen", of_file(fopen(TABLE, "r")));
	say_table("fopen64", of_file(fopen64(TABLE, "re")));
}

/* The lowest number that is free, as it was asked to be, and no other is used up. */
static void table_descriptors(void)
{
	int before = subject_descriptors_open(), free_fd = dup(0), fd;
	FILE *file;

	close(free_fd);
	fd = open(TABLE, O_RDONLY);
	CHECK(fd == free_fd && !(fcntl(fd, F_GETFD) & FD_CLOEXEC));
	close(fd);
	fd = open(TABLE, O_RDONLY | O_CLOEXEC);
	CHECK(fd == free_fd && (fcntl(fd, F_GETFD) & FD_CLOEXEC));
	close(fd);
	file = fopen(TABLE, "re");
	CHECK(file && fileno(file) == free_fd && (fcntl(free_fd, F_GETFD) & FD_CLOEXEC));
	fclose(file);
	file = fopen(TABLE, "r");
	CHECK(file && fileno(file) == free_fd && !(fcntl(free_fd, F_GETFD) & FD_CLOEXEC));
	fclose(file);
	CHECK(subject_descriptors_open() == before);
	errno = UNTOUCHED;
	close(open(TABLE, O_RDONLY));
	CHECK(errno == UNTOUCHED);
}

static void subject_table(void)
{
	char *mem = subject_attach(subject_segment(KEY, 3 * PAGE, 0640));
	struct shmid_ds ds = { .shm_perm = { .uid = 1000, .gid = 100, .mode = 0400 } };
	int other = subject_segment(0x77, 100, 0600);

	mem[0] = 1;
	mem[2 * PAGE] = 1;
	shmctl(other, IPC_SET, &ds);
	table_by_all();
	table_descriptors();
	ROW(0, sm_become(1001, 101));
	say_table("as a user", open(TABLE, O_RDONLY));
	ROW(EACCES, open(TABLE, O_WRONLY));
	ROW(EACCES, open(TABLE, O_RDWR | O_CREAT, 0600));
	ROW(EACCES, fopen(TABLE, "w") ? 0 : -1);
	ROW(EACCES, fopen(TABLE, "r+") ? 0 : -1);
}

static const struct subject subjects[] = {
	SUBJECT(subject_shmget),
	SUBJECT(subject_shmat),
	SUBJECT(subject_shmdt),
	SUBJECT(subject_shmctl),
	SUBJECT(subject_pointers),
	SUBJECT(subject_permissions),
	SUBJECT(subject_syscall),
	SUBJECT(subject_table),
};

/*
 * The cases
 */

#define SAME(name)								\
static void name##_is_as_documented(void)					\
{										\
	expect_same("subject_" #name);						\
}

SAME(shmget)
SAME(shmat)
SAME(shmdt)
SAME(shmctl)
SAME(pointers)
SAME(permissions)
SAME(syscall)
SAME(table)

static const struct ktap_case cases[] = {
	KTAP_CASE(shmget_is_as_documented),
	KTAP_CASE(shmat_is_as_documented),
	KTAP_CASE(shmdt_is_as_documented),
	KTAP_CASE(shmctl_is_as_documented),
	KTAP_CASE(pointers_is_as_documented),
	KTAP_CASE(permissions_is_as_documented),
	KTAP_CASE(syscall_is_as_documented),
	KTAP_CASE(table_is_as_documented),
};

int main(int argc, char **argv)
{
	return preload_run(argc, argv, subjects, ARRAY_SIZE(subjects), cases, ARRAY_SIZE(cases));
}
