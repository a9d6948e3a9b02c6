// SPDX-License-Identifier: GPL-2.0
/*
 * Script commands: machines and processes, and what is about the shell itself.
 */
#include <errno.h>
#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "device.h"
#include "machines.h"
#include "output.h"
#include "script.h"
#include "words.h"

/* A private machine, whose first process is the file. */
static int create_machine(const char *name, struct shmswap_create *create)
{
	int err, fd = device_open();

	if (fd < 0)
		return CTL_ERROR;
	err = ctl_call(fd, SHMSWAP_IOC_CREATE, create);
	if (!err && machine_add(name, fd))
		return CTL_OK;
	close(fd);
	return err ? ctl_failed(err, "machine %s", name) : CTL_ERROR;
}

static int run_machine(int argc, char **argv)
{
	__u64 frames = 0, swap = 0, shmmax = 0, shmall = 0, shmmni = 0;
	bool kswapd = false, process_scan = false, rmid_forced = false;
	struct option_word options[] = {
		NUMBER_OPTION("frames", &frames, SHMSWAP_MIN_FRAMES, SHMSWAP_MAX_FRAMES),
		NUMBER_OPTION("swap", &swap, 0, SHMSWAP_MAX_SLOTS - 1),
		FLAG_OPTION("kswapd", &kswapd),
		FLAG_OPTION("process_scan", &process_scan),
		FLAG_OPTION("rmid_forced", &rmid_forced),
		NUMBER_OPTION("shmmax", &shmmax, 1, ULLONG_MAX),
		NUMBER_OPTION("shmall", &shmall, 1, ULLONG_MAX),
		NUMBER_OPTION("shmmni", &shmmni, 1, SHMSWAP_MAX_SEGMENTS),
		{ }
	};
	struct shmswap_create create = { .size = sizeof(create) };
	int status;

	if (argc < 2)
		return ctl_misused(argv[0]);
	if (!machine_name_is_free(argv[0], argv[1]))
		return CTL_USAGE;
	status = words_options(argv[0], argc - 2, argv + 2, options);
	if (status)
		return status;
	create.flags = (kswapd ? SHMSWAP_MACHINE_KSWAPD : 0) |
		       (process_scan ? SHMSWAP_MACHINE_SHM_PROCESS : 0) |
		       (rmid_forced ? SHMSWAP_MACHINE_RMID_FORCED : 0);
	create.nr_frames = frames;
	create.ram_swap = swap;
	create.shmmax = shmmax;
	create.shmall = shmall;
	create.shmmni = shmmni;
	return create_machine(argv[1], &create);
}

const struct ctl_command script_machine = {
	.name = "machine",
	.usage = "NAME [frames=N] [swap=N] [kswapd] [process_scan] [rmid_forced] [LIMIT=N...]",
	.help = "make a private machine, with a process init, the current one",
	.run = run_machine,
};

static int run_use(int argc, char **argv)
{
	struct machine *m;

	if (argc != 2)
		return ctl_misused(argv[0]);
	m = machine_find(argv[1]);
	if (!m) {
		ctl_error("use: there is no machine %s", argv[1]);
		return CTL_USAGE;
	}
	machine = m;
	return CTL_OK;
}

const struct ctl_command script_use = {
	.name = "use",
	.usage = "MACHINE",
	.help = "make a machine the current one; the default machine is \"" DEFAULT_MACHINE "\"",
	.run = run_use,
};

/* A new process of the name, forked by @fd. */
static struct process *new_process(const char *command, const char *name, int fd, __u32 flags)
{
	struct shmswap_fork arg = {
		.size = sizeof(arg), .flags = flags | SHMSWAP_FORK_CLOEXEC,
	};
	struct process *process;
	int err;

	err = ctl_call(fd, SHMSWAP_IOC_FORK, &arg);
	if (err) {
		ctl_failed(err, "%s: %s", command, name);
		return NULL;
	}
	process = process_add(name, arg.out_fd, arg.out_pid);
	if (!process)
		close(arg.out_fd);
	return process;
}

static int run_process(int argc, char **argv)
{
	int fd, i;

	if (argc < 2)
		return ctl_misused(argv[0]);
	for (i = 1; i < argc; i++) {
		if (!name_is_free(argv[0], argv[i]))
			return CTL_USAGE;
		fd = ctl_fd();
		if (fd < 0 || !new_process(argv[0], argv[i], fd, SHMSWAP_FORK_EXEC))
			return CTL_ERROR;
	}
	return CTL_OK;
}

const struct ctl_command script_process = {
	.name = "process",
	.usage = "NAME...",
	.help = "make processes that have nothing mapped",
	.run = run_process,
};

static int run_fork(int argc, char **argv)
{
	struct process *parent, *child;

	if (argc != 3)
		return ctl_misused(argv[0]);
	parent = process_own(argv[0], argv[1]);
	if (!parent || !name_is_free(argv[0], argv[2]))
		return CTL_USAGE;
	child = new_process(argv[0], argv[2], parent->fd, 0);
	return child ? mappings_copy(child, parent) : CTL_ERROR;
}

const struct ctl_command script_fork = {
	.name = "fork",
	.usage = "PARENT CHILD",
	.help = "make a process that has what its parent has mapped",
	.run = run_fork,
};

static int run_exit(int argc, char **argv)
{
	struct process *process;
	int i;

	if (argc < 2)
		return ctl_misused(argv[0]);
	for (i = 1; i < argc; i++) {
		process = process_own(argv[0], argv[i]);
		if (!process)
			return CTL_USAGE;
		process_exit(process);
	}
	return CTL_OK;
}

const struct ctl_command script_exit = {
	.name = "exit",
	.usage = "PROCESS...",
	.help = "let processes exit; with the last one its machine is gone (quit leaves the shell)",
	.run = run_exit,
};

static int run_echo(int argc, char **argv)
{
	char *text, *end;
	size_t size = 1;
	int i;

	for (i = 1; i < argc; i++)
		size += strlen(argv[i]) + 1;
	text = malloc(size);
	if (!text)
		return ctl_failed(ENOMEM, "echo");
	for (i = 1, end = text, *end = '\0'; i < argc; i++) {
		end = stpcpy(end, argv[i]);
		if (i + 1 < argc)
			end = stpcpy(end, " ");
	}
	if (ctl_json)
		output_json(json_text(text));
	else
		puts(text);
	free(text);
	return CTL_OK;
}

const struct ctl_command script_echo = {
	.name = "echo",
	.usage = "[TEXT...]",
	.help = "print a line",
	.run = run_echo,
};

#define LONGEST_SLEEP	86400

static int run_sleep(int argc, char **argv)
{
	struct timespec time;
	double seconds, whole;
	char *end;

	if (argc != 2)
		return ctl_misused(argv[0]);
	seconds = strtod(argv[1], &end);
	if (end == argv[1] || *end || !(seconds >= 0 && seconds <= LONGEST_SLEEP)) {
		ctl_error("sleep: '%s' is not a number of seconds from 0 to %d", argv[1],
			  LONGEST_SLEEP);
		return CTL_USAGE;
	}
	time.tv_nsec = modf(seconds, &whole) * 1e9;
	time.tv_sec = whole;
	fflush(stdout);
	while (nanosleep(&time, &time) && errno == EINTR)
		;
	return CTL_OK;
}

const struct ctl_command script_sleep = {
	.name = "sleep",
	.usage = "SECONDS",
	.help = "wait",
	.run = run_sleep,
};

static void print_help(const struct ctl_command *command, struct json_object *array)
{
	struct json_object *object;

	if (!array) {
		printf("%s%s%s\n\t%s\n", command->name, *command->usage ? " " : "",
		       command->usage, command->help);
		return;
	}
	object = json_new_object();
	json_add_text(object, "name", command->name);
	json_add_text(object, "usage", command->usage);
	json_add_text(object, "help", command->help);
	json_append(array, object);
}

static int run_help(int argc, char **argv)
{
	const struct ctl_command * const *command;
	struct json_object *array;

	if (argc > 2)
		return ctl_misused(argv[0]);
	if (argc == 2 && !command_find(argv[1])) {
		ctl_error("help: there is no command %s", argv[1]);
		return CTL_USAGE;
	}
	array = ctl_json ? json_new_array() : NULL;
	for (command = commands; *command; command++) {
		if (argc == 1 || !strcmp((*command)->name, argv[1]))
			print_help(*command, array);
	}
	return array ? output_json(array) : CTL_OK;
}

const struct ctl_command script_help = {
	.name = "help",
	.usage = "[COMMAND]",
	.help = "list the commands",
	.run = run_help,
};

static int run_quit(int argc, char **argv)
{
	if (argc != 1)
		return ctl_misused(argv[0]);
	shell_done = true;
	return CTL_OK;
}

const struct ctl_command script_quit = {
	.name = "quit",
	.usage = "",
	.help = "leave the shell, or end the script",
	.run = run_quit,
};
