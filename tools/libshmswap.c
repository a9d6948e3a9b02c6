// SPDX-License-Identifier: GPL-2.0
/*
 * libshmswap.so: preloaded, it serves a program's System V shared memory from /dev/shmswap.
 *
 * It keeps nothing between two calls. Each opens the device, asks it and closes it, so there is no
 * descriptor to inherit, close or dup over, and nothing to lock: it may be called by any thread,
 * from signal handlers, and between vfork(2) and exec. What a program has attached is the kernel's
 * to remember, as for every mapping.
 *
 * The interface is that of 64-bit glibc, whose structures are the kernel's. libshmswap.so(7) says
 * what programs can expect.
 */
#define _GNU_SOURCE
#include <assert.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/ipc.h>
#include <sys/shm.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include "shmswap.h"

#define DEVICE		"/dev/shmswap"
#define TABLE		"/proc/sysvipc/shm"

#define EXPORT		__attribute__((visibility("default")))
#define ALIAS(name)	__attribute__((alias(name), visibility("default")))

/* Others are ignored, as the kernel does; the device refuses them. */
#define SHMGET_FLAGS	(0777 | IPC_CREAT | IPC_EXCL | SHM_NORESERVE | SHM_HUGETLB)
#define SHMAT_FLAGS	(SHM_RDONLY | SHM_RND | SHM_REMAP | SHM_EXEC)

#ifndef SHM_STAT_ANY
#define SHM_STAT_ANY	15
#endif

static_assert(sizeof(void *) == 8, "32-bit programs have other structures");

/* ------------------------------------------------------- what we are in the way of */

static struct {
	int (*open)(const char *path, int flags, ...);
	int (*open_2)(const char *path, int flags);
	int (*openat)(int dir, const char *path, int flags, ...);
	int (*openat_2)(int dir, const char *path, int flags);
	FILE *(*fopen)(const char *path, const char *mode);
	long (*syscall)(long number, ...);
} found;

__attribute__((constructor))
static void find(void)
{
	found.open = dlsym(RTLD_NEXT, "open");
	found.open_2 = dlsym(RTLD_NEXT, "__open_2");
	found.openat = dlsym(RTLD_NEXT, "openat");
	found.openat_2 = dlsym(RTLD_NEXT, "__openat_2");
	found.fopen = dlsym(RTLD_NEXT, "fopen");
	found.syscall = dlsym(RTLD_NEXT, "syscall");
}

/* The function behind ours. Another library's constructor may need it before our turn comes. */
#define next(name)	((found.syscall ? (void)0 : find()), found.name)

/* ------------------------------------------------------------------- the device */

static int no_device(int err)
{
	static const char start[] = "libshmswap: " DEVICE ": ";
	static const char end[] = ": no System V shared memory; is shmswap loaded?\n";
	static int told;
	const char *reason = strerrordesc_np(err);
	const struct iovec text[] = {
		{ (void *)start, sizeof(start) - 1 },
		{ (void *)reason, reason ? strlen(reason) : 0 },
		{ (void *)end, sizeof(end) - 1 },
	};

	/* These pass, and the device is there. */
	if (err == EMFILE || err == ENFILE || err == ENOMEM)
		return err;
	if (!__atomic_exchange_n(&told, 1, __ATOMIC_RELAXED))
		next(syscall)(SYS_writev, STDERR_FILENO, text, 3);
	return ENOSYS;
}

static int open_and_ask(unsigned long command, void *arg)
{
	int fd = next(syscall)(SYS_openat, AT_FDCWD, DEVICE, O_RDWR | O_CLOEXEC);
	int err = 0;

	if (fd < 0)
		return no_device(errno);
	if (next(syscall)(SYS_ioctl, fd, command, arg) < 0)
		err = errno;
	next(syscall)(SYS_close, fd);
	return err == ENOTTY ? no_device(err) : err;
}

/*
 * Asks the device: 0, or -1 and errno. As in a system call there are no signals meanwhile: a
 * handler that jumps out would leave the descriptor behind.
 */
static int ask(unsigned long command, void *arg)
{
	const uint64_t every_signal = ~0ULL;
	int saved = errno, err;
	uint64_t mask;

	next(syscall)(SYS_rt_sigprocmask, SIG_SETMASK, &every_signal, &mask, sizeof(mask));
	err = open_and_ask(command, arg);
	next(syscall)(SYS_rt_sigprocmask, SIG_SETMASK, &mask, NULL, sizeof(mask));
	errno = err ? err : saved;
	return err ? -1 : 0;
}

/* --------------------------------------------------- shmget(2), shmat(2), shmdt(2) */

EXPORT int shmget(key_t key, size_t size, int shmflg)
{
	struct shmswap_shmget arg = {
		.size = sizeof(arg), .key = key, .segsz = size, .shmflg = shmflg & SHMGET_FLAGS,
	};

	return ask(SHMSWAP_IOC_SHMGET, &arg) ? -1 : arg.out_shmid;
}

EXPORT void *shmat(int shmid, const void *shmaddr, int shmflg)
{
	struct shmswap_shmat arg = {
		.size = sizeof(arg), .shmid = shmid, .addr = (uintptr_t)shmaddr,
		.shmflg = shmflg & SHMAT_FLAGS, .flags = SHMSWAP_SHMAT_MAP,
	};

	return (void *)(uintptr_t)(ask(SHMSWAP_IOC_SHMAT, &arg) ? -1ULL : arg.out_addr);
}

EXPORT int shmdt(const void *shmaddr)
{
	struct shmswap_shmdt arg = {
		.size = sizeof(arg), .addr = (uintptr_t)shmaddr, .flags = SHMSWAP_SHMDT_MAP,
	};

	return ask(SHMSWAP_IOC_SHMDT, &arg);
}

/* --------------------------------------------------------------------- shmctl(2) */

/*
 * Copies by process_vm_readv(2) or process_vm_writev(2), so that a bad pointer is an EFAULT, as it
 * is for the kernel. Where these are not allowed it is a SIGSEGV.
 */
static int transfer(long number, void *user, void *own, size_t size)
{
	const struct iovec here = { own, size }, there = { user, size };
	int saved = errno;
	long done = next(syscall)(number, getpid(), &here, 1, &there, 1, 0);

	if (done < 0 && errno != EFAULT) {
		if (number == SYS_process_vm_readv)
			memcpy(own, user, size);
		else
			memcpy(user, own, size);
		done = size;
	}
	errno = done == (long)size ? saved : EFAULT;
	return done == (long)size ? 0 : -1;
}

/* What the program's pointer may point to. */
union user {
	struct shmid_ds ds;
	struct shminfo info;
	struct shm_info shm_info;
};

static void fill_ds(struct shmid_ds *user, const struct shmswap_shmid_ds *ds)
{
	user->shm_perm.__key = ds->key;
	user->shm_perm.uid = ds->uid;
	user->shm_perm.gid = ds->gid;
	user->shm_perm.cuid = ds->cuid;
	user->shm_perm.cgid = ds->cgid;
	user->shm_perm.mode = ds->mode;
	user->shm_perm.__seq = ds->seq;
	user->shm_segsz = ds->segsz;
	user->shm_atime = ds->atime;
	user->shm_dtime = ds->dtime;
	user->shm_ctime = ds->ctime;
	user->shm_cpid = ds->cpid;
	user->shm_lpid = ds->lpid;
	user->shm_nattch = ds->nattch;
}

/* Returns the size of what the program gets. */
static size_t fill_result(union user *user, const struct shmswap_shmctl *arg)
{
	memset(user, 0, sizeof(*user));
	switch (arg->cmd) {
	case IPC_STAT:
	case SHM_STAT:
	case SHM_STAT_ANY:
		fill_ds(&user->ds, &arg->ds);
		return sizeof(user->ds);
	case IPC_INFO:
		user->info.shmmax = arg->info.shmmax;
		user->info.shmmin = arg->info.shmmin;
		user->info.shmmni = arg->info.shmmni;
		user->info.shmseg = arg->info.shmseg;
		user->info.shmall = arg->info.shmall;
		return sizeof(user->info);
	case SHM_INFO:
		user->shm_info.used_ids = arg->shm_info.used_ids;
		user->shm_info.shm_tot = arg->shm_info.shm_tot;
		user->shm_info.shm_rss = arg->shm_info.shm_rss;
		user->shm_info.shm_swp = arg->shm_info.shm_swp;
		user->shm_info.swap_attempts = arg->shm_info.swap_attempts;
		user->shm_info.swap_successes = arg->shm_info.swap_successes;
		return sizeof(user->shm_info);
	default:
		return 0;
	}
}

EXPORT int shmctl(int shmid, int cmd, struct shmid_ds *buf)
{
	struct shmswap_shmctl arg = { .size = sizeof(arg), .shmid = shmid, .cmd = cmd };
	union user user;
	size_t size;

	/* A negative identifier is wrong before a bad pointer is. */
	if (cmd == IPC_SET && shmid >= 0) {
		if (transfer(SYS_process_vm_readv, buf, &user.ds, sizeof(user.ds)))
			return -1;
		arg.ds.uid = user.ds.shm_perm.uid;
		arg.ds.gid = user.ds.shm_perm.gid;
		arg.ds.mode = user.ds.shm_perm.mode;
	}
	if (ask(SHMSWAP_IOC_SHMCTL, &arg))
		return -1;
	size = fill_result(&user, &arg);
	if (size && transfer(SYS_process_vm_writev, buf, &user, size))
		return -1;
	return arg.out_ret;
}

/* ------------------------------------------------------------ syscall(2) of the four */

EXPORT long syscall(long number, ...)
{
	long arg[6];
	va_list args;
	int i;

	va_start(args, number);
	for (i = 0; i < 6; i++)
		arg[i] = va_arg(args, long);
	va_end(args);
	switch (number) {
	case SYS_shmget:
		return shmget(arg[0], arg[1], arg[2]);
	case SYS_shmat:
		return (long)shmat(arg[0], (void *)arg[1], arg[2]);
	case SYS_shmdt:
		return shmdt((void *)arg[0]);
	case SYS_shmctl:
		return shmctl(arg[0], arg[1], (void *)arg[2]);
	default:
		return next(syscall)(number, arg[0], arg[1], arg[2], arg[3], arg[4], arg[5]);
	}
}

/* ------------------------------------------------------ reading /proc/sysvipc/shm */

/* Puts the device's table in the place of the kernel's, which has just been opened. */
static int put_table(int fd)
{
	struct shmswap_table arg = {
		.size = sizeof(arg), .which = SHMSWAP_TABLE_SHM, .flags = SHMSWAP_TABLE_CLOEXEC,
	};
	int cloexec = fcntl(fd, F_GETFD) & FD_CLOEXEC ? O_CLOEXEC : 0;

	if (ask(SHMSWAP_IOC_TABLE, &arg))
		return -1;
	next(syscall)(SYS_dup3, arg.out_fd, fd, cloexec);
	next(syscall)(SYS_close, arg.out_fd);
	return 0;
}

/* What open() returns. That it was opened tells that @path can be read. */
static int opened(const char *path, int fd)
{
	int err;

	if (fd < 0 || strcmp(path, TABLE) || !put_table(fd))
		return fd;
	err = errno;
	next(syscall)(SYS_close, fd);
	errno = err;
	return -1;
}

static mode_t mode_of(int flags, va_list args)
{
	return __OPEN_NEEDS_MODE(flags) ? va_arg(args, mode_t) : 0;
}

EXPORT int open(const char *path, int flags, ...)
{
	va_list args;
	mode_t mode;

	va_start(args, flags);
	mode = mode_of(flags, args);
	va_end(args);
	return opened(path, next(open)(path, flags, mode));
}

EXPORT int openat(int dir, const char *path, int flags, ...)
{
	va_list args;
	mode_t mode;

	va_start(args, flags);
	mode = mode_of(flags, args);
	va_end(args);
	return opened(path, next(openat)(dir, path, flags, mode));
}

/* What open() and openat() are in programs that were compiled with _FORTIFY_SOURCE. */
EXPORT int __open_2(const char *path, int flags)
{
	return opened(path, next(open_2)(path, flags));
}

EXPORT int __openat_2(int dir, const char *path, int flags)
{
	return opened(path, next(openat_2)(dir, path, flags));
}

EXPORT FILE *fopen(const char *path, const char *mode)
{
	FILE *file = next(fopen)(path, mode);
	int err;

	if (!file || strcmp(path, TABLE) || !put_table(fileno(file)))
		return file;
	err = errno;
	fclose(file);
	errno = err;
	return NULL;
}

ALIAS("open") int open64(const char *path, int flags, ...);
ALIAS("openat") int openat64(int dir, const char *path, int flags, ...);
ALIAS("__open_2") int __open64_2(const char *path, int flags);
ALIAS("__openat_2") int __openat64_2(int dir, const char *path, int flags);
ALIAS("fopen") FILE *fopen64(const char *path, const char *mode);
