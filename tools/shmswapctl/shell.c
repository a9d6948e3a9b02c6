// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "machines.h"
#include "message.h"
#include "output.h"
#include "script.h"
#include "words.h"

#define LONGEST_LINE	65536

bool shell_stop_at_expectation;
bool shell_done;

static unsigned int failures;

const struct ctl_command *command_find(const char *name)
{
	const struct ctl_command * const *command;

	for (command = commands; *command; command++) {
		if (!strcmp((*command)->name, name))
			return *command;
	}
	return NULL;
}

int ctl_misused(const char *name)
{
	const struct ctl_command *command = command_find(name);

	ctl_error("%s: wrong arguments, usage: %s %s", name, name,
		  command ? command->usage : "");
	return CTL_USAGE;
}

/* Whether --json may stand among the words: not where they are text. */
static bool takes_json(const char *name)
{
	static const char * const texts[] = { "echo", "write", "expect", "fails" };
	size_t i;

	for (i = 0; i < sizeof(texts) / sizeof(*texts); i++) {
		if (!strcmp(name, texts[i]))
			return false;
	}
	return true;
}

/* Takes --json out of the words; returns how many are left. */
static int take_json(int argc, char **argv)
{
	int i, nr = 1;

	for (i = 1; i < argc; i++) {
		if (!strcmp(argv[i], "--json"))
			ctl_json = true;
		else
			argv[nr++] = argv[i];
	}
	argv[nr] = NULL;
	return nr;
}

int shell_command(int argc, char **argv)
{
	const struct ctl_command *command = command_find(argv[0]);
	bool json = ctl_json;
	int status;

	if (!command) {
		ctl_error("%s: there is no such command", argv[0]);
		return CTL_USAGE;
	}
	if (takes_json(command->name))
		argc = take_json(argc, argv);
	optind = 0;	/* commands use getopt(3) anew */
	status = command->run(argc, argv);
	ctl_json = json;
	return status;
}

int shell_execute(int argc, char **argv)
{
	int status = shell_command(argc, argv);
	int drained = script_drain();
	int written = output_flush();

	if (status == CTL_FAILED)
		failures++;
	if (drained > CTL_FAILED || written > CTL_FAILED)
		return drained > written ? drained : written;
	return status;
}

/* CTL_OK means go on with the next line. */
static int run_line(char *line)
{
	char **words;
	int nr = words_split(line, &words);
	int status;

	if (nr < 0)
		return CTL_USAGE;
	status = nr ? shell_execute(nr, words) : CTL_OK;
	free(words);
	if (status == CTL_FAILED && !shell_stop_at_expectation)
		return CTL_OK;
	return status;
}

int shell_run_text(const char *text, unsigned int nr)
{
	char *copy = strdup(text);
	int status;

	message_place = (struct place){ "-c", nr };
	if (!copy) {
		status = ctl_failed(ENOMEM, "-c");
	} else if (strchr(text, '\n')) {
		ctl_error("this is more than one line");
		status = CTL_USAGE;
	} else {
		status = run_line(copy);
	}
	free(copy);
	message_place.file = NULL;
	return status;
}

/*
 * Reads a line without its end into @line. It returns its length, -1 at the end of the
 * file, or -2 after a message.
 */
static int read_line(FILE *file, char line[LONGEST_LINE])
{
	int len = 0, c;

	errno = 0;
	while ((c = getc(file)) != EOF && c != '\n') {
		if (!c) {
			ctl_error("there is a NUL byte in the line");
			return -2;
		}
		if (len == LONGEST_LINE - 1) {
			ctl_error("the line is longer than %d bytes", LONGEST_LINE - 1);
			return -2;
		}
		line[len++] = c;
	}
	line[len] = '\0';
	/* Of a line that could not be read to its end nothing is done. */
	return c == EOF && (!len || ferror(file)) ? -1 : len;
}

static int run_lines(FILE *file, const char *name)
{
	char *line = malloc(LONGEST_LINE);
	int len, status = line ? CTL_OK : ctl_failed(ENOMEM, "%s", name);
	unsigned int nr = 0;

	while (!status && !shell_done) {
		message_place = (struct place){ name, ++nr };
		len = read_line(file, line);
		if (len == -1)
			break;
		status = len < 0 ? CTL_USAGE : run_line(line);
	}
	free(line);
	if (!status && ferror(file))
		status = ctl_failed(errno, "%s", name);
	message_place = (struct place){ NULL, 0 };
	return status;
}

int shell_run_file(const char *path)
{
	FILE *file;
	int status;

	if (!strcmp(path, "-"))
		return run_lines(stdin, "stdin");
	file = fopen(path, "re");
	if (!file)
		return ctl_failed(errno, "%s", path);
	status = run_lines(file, path);
	fclose(file);
	return status;
}

/* Nothing that fails ends an interactive shell. */
int shell_run_terminal(void)
{
	char *line;

	terminal_begin();
	while (!shell_done && (line = terminal_line())) {
		run_line(line);
		free(line);
	}
	return CTL_OK;
}

int shell_end(int status)
{
	int logs = script_end_logs();
	int written = output_flush();

	machines_end();
	if (status > CTL_FAILED)
		return status;
	if (logs || written)
		return CTL_ERROR;
	return failures ? CTL_FAILED : CTL_OK;
}
