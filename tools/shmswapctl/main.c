// SPDX-License-Identifier: GPL-2.0
/*
 * shmswapctl: looks into the machines of shmswap, and drives them by scripts.
 */
#include <fcntl.h>
#include <getopt.h>
#include <locale.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "device.h"
#include "script.h"

const struct ctl_command * const commands[] = {
	&ctl_segs, &ctl_maps, &ctl_ptes, &ctl_frames, &ctl_swaps, &ctl_clock, &ctl_stat,
	&ctl_procs, &ctl_info, &ctl_swapon, &ctl_swapoff, &ctl_reclaim, &ctl_control, &ctl_check,
	&ctl_events, &ctl_diff, &ctl_replay, &ctl_watch,
	&script_machine, &script_use, &script_process, &script_fork, &script_exit,
	&script_segment, &script_attach, &script_detach, &script_unmap, &script_mmap,
	&script_munmap, &script_lock, &script_unlock, &script_remove,
	&script_read, &script_write, &script_touch, &script_swapfile,
	&script_log, &script_expect, &script_fails, &script_echo, &script_sleep,
	&script_help, &script_quit,
	NULL
};

/* What -c and -f gave, in their order. */
struct source {
	char option;
	const char *text;
};

static const char usage[] =
	"usage: shmswapctl [OPTION...] [COMMAND [ARGUMENT...]]\n"
	"\n"
	"Without COMMAND, -c and -f it reads commands from standard input.\n"
	"\n"
	"  -c, --command COMMAND  run COMMAND; may be given several times\n"
	"  -f, --file SCRIPT      run the commands of SCRIPT, \"-\": of standard input\n"
	"  -e, --stop             stop at the first expectation that fails\n"
	"  -d, --device PATH      the device (default: /dev/shmswap)\n"
	"  -j, --json             print JSON, one document for each command\n"
	"  -V, --version          print the version, and exit\n"
	"  -h, --help             print this, and exit\n"
	"\n"
	"The command `help' lists the commands; all is explained in shmswapctl(1).\n";

static const struct option options[] = {
	{ "command", required_argument, NULL, 'c' },
	{ "file", required_argument, NULL, 'f' },
	{ "stop", no_argument, NULL, 'e' },
	{ "device", required_argument, NULL, 'd' },
	{ "json", no_argument, NULL, 'j' },
	{ "version", no_argument, NULL, 'V' },
	{ "help", no_argument, NULL, 'h' },
	{ }
};

static void print_and_exit(const char *text)
{
	fputs(text, stdout);
	exit(shell_end(CTL_OK));
}

/* Returns the number of sources; it ends the program if that is all there is to do. */
static size_t parse_options(int argc, char **argv, struct source *sources)
{
	size_t nr = 0;
	int option;

	while ((option = getopt_long(argc, argv, "+c:f:ed:jVh", options, NULL)) >= 0) {
		switch (option) {
		case 'c':
		case 'f':
			sources[nr++] = (struct source){ option, optarg };
			break;
		case 'e':
			shell_stop_at_expectation = true;
			break;
		case 'd':
			device_path = optarg;
			break;
		case 'j':
			ctl_json = true;
			break;
		case 'V':
			print_and_exit("shmswapctl 1.0\n");
			break;
		case 'h':
			print_and_exit(usage);
			break;
		default:
			fputs("Try 'shmswapctl --help'.\n", stderr);
			exit(CTL_USAGE);
		}
	}
	return nr;
}

static int run_sources(const struct source *sources, size_t nr)
{
	unsigned int commands_given = 0;
	int status = CTL_OK;
	size_t i;

	for (i = 0; i < nr && !status && !shell_done; i++) {
		if (sources[i].option == 'f')
			status = shell_run_file(sources[i].text);
		else
			status = shell_run_text(sources[i].text, ++commands_given);
	}
	return status;
}

static int run(int argc, char **argv, const struct source *sources, size_t nr)
{
	if (argc && nr) {
		ctl_error("%s: there are -c or -f already", argv[0]);
		return CTL_USAGE;
	}
	if (argc)
		return shell_execute(argc, argv);
	if (nr)
		return run_sources(sources, nr);
	return isatty(STDIN_FILENO) ? shell_run_terminal() : shell_run_file("-");
}

/*
 * Or the device would be opened in their place, and printed to. What stands in for them can
 * be neither read from nor written to, as if it were closed.
 */
static void occupy_standard_files(void)
{
	int fd;

	for (fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++) {
		if (fcntl(fd, F_GETFD) < 0 &&
		    open("/dev/null", fd == STDIN_FILENO ? O_WRONLY : O_RDONLY) != fd)
			exit(CTL_ERROR);
	}
}

/* Each process of a script is an open file. */
static void allow_many_files(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit))
		return;
	limit.rlim_cur = limit.rlim_max;
	setrlimit(RLIMIT_NOFILE, &limit);
}

int main(int argc, char **argv)
{
	struct source *sources = calloc(argc + 1, sizeof(*sources));
	size_t nr;
	int status;

	if (!sources) {
		ctl_error("no memory");
		return CTL_ERROR;
	}
	occupy_standard_files();
	setlocale(LC_CTYPE, "");
	signal(SIGPIPE, SIG_IGN);	/* writing fails instead, and we say so */
	allow_many_files();
	nr = parse_options(argc, argv, sources);
	status = shell_end(run(argc - optind, argv + optind, sources, nr));
	free(sources);
	return status;
}
