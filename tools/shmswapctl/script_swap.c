// SPDX-License-Identifier: GPL-2.0
/*
 * Script command swapfile: a file to swap to, made by mkswap(8).
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "admin.h"
#include "device.h"
#include "script.h"
#include "words.h"

#define SIGNATURE	"SWAPSPACE2"
#define SIGNATURE_SIZE	(sizeof(SIGNATURE) - 1)

/* Whether it is one that an earlier run made. */
static bool is_swap_file(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOFOLLOW);
	char signature[SIGNATURE_SIZE] = "";
	struct stat st;
	bool is;

	if (fd < 0)
		return false;
	is = !fstat(fd, &st) && S_ISREG(st.st_mode) &&
	     pread(fd, signature, SIGNATURE_SIZE, DEVICE_PAGE - SIGNATURE_SIZE) > 0 &&
	     !memcmp(signature, SIGNATURE, SIGNATURE_SIZE);
	close(fd);
	return is;
}

/* Nothing is overwritten: a machine may be swapping to an old one. */
static int new_file(const char *path)
{
	if (is_swap_file(path))
		unlink(path);
	return open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
}

/* Written, not only made as long: it must have no holes. */
static int write_pages(int fd, __u64 pages)
{
	static const char zeros[DEVICE_PAGE];
	__u64 i;

	for (i = 0; i < pages; i++) {
		ssize_t done = pwrite(fd, zeros, DEVICE_PAGE, i * DEVICE_PAGE);

		if (done != (ssize_t)DEVICE_PAGE)
			return done < 0 ? -errno : -ENOSPC;
	}
	return 0;
}

/* Runs mkswap(8), which the user's path may not have; it prints nothing of interest. */
static int format_area(int fd)
{
	char file[40], command[] =
		"PATH=$PATH:/usr/sbin:/sbin; exec mkswap -U clear \"$0\" >/dev/null 2>&1";
	char *const argv[] = { "sh", "-c", command, file, NULL };
	posix_spawnattr_t attr;
	sigset_t pipe;
	int err, status;
	pid_t pid;

	snprintf(file, sizeof(file), "/proc/%d/fd/%d", getpid(), fd);
	sigemptyset(&pipe);
	sigaddset(&pipe, SIGPIPE);
	posix_spawnattr_init(&attr);
	posix_spawnattr_setsigdefault(&attr, &pipe);
	posix_spawnattr_setflags(&attr, POSIX_SPAWN_SETSIGDEF);
	err = posix_spawn(&pid, "/bin/sh", NULL, &attr, argv, environ);
	posix_spawnattr_destroy(&attr);
	if (err)
		return -err;
	while (waitpid(pid, &status, 0) < 0) {
		if (errno != EINTR)
			return -errno;
	}
	return WIFEXITED(status) && !WEXITSTATUS(status) ? 0 : -EIO;
}

static int make_and_use(int fd, const char *path, __u64 slots, struct shmswap_swapon *on)
{
	int err = write_pages(fd, slots + 1);

	if (err)
		return ctl_failed(err, "swapfile %s", path);
	err = format_area(fd);
	if (err)
		return ctl_failed(err, "swapfile %s: mkswap", path);
	on->fd = fd;
	return admin_swapon("swapfile", on);
}

static int make_area(const char *path, __u64 slots, struct shmswap_swapon *on)
{
	int fd = new_file(path), status;

	if (fd < 0)
		return ctl_failed(errno, "swapfile %s", path);
	status = make_and_use(fd, path, slots, on);
	if (status)
		unlink(path);
	close(fd);
	return status;
}

static int run_swapfile(int argc, char **argv)
{
	struct shmswap_swapon on = { .size = sizeof(on) };
	__u64 prio = 0, slots;
	struct option_word options[] = {
		NUMBER_OPTION("prio", &prio, 0, 32767),
		{ }
	};
	int status;

	if (argc < 3)
		return ctl_misused(argv[0]);
	/* mkswap(8) wants ten pages. */
	status = word_number("SLOTS", argv[2], 9, SHMSWAP_MAX_SLOTS - 1, &slots);
	if (!status)
		status = words_options(argv[0], argc - 3, argv + 3, options);
	if (status)
		return status;
	on.prio = prio;
	on.flags = options[0].given ? SHMSWAP_SWAPON_PREFER : 0;
	return make_area(argv[1], slots, &on);
}

const struct ctl_command script_swapfile = {
	.name = "swapfile",
	.usage = "PATH SLOTS [prio=P]",
	.help = "make a file with mkswap(8), and swap to it",
	.run = run_swapfile,
};
