// SPDX-License-Identifier: GPL-2.0
/*
 * The interactive shell's line: libedit edits it, keeps the history and asks here how a word
 * can go on.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <editline/readline.h>

#include "machines.h"
#include "script.h"

static bool begins_with(const char *name, const char *begin)
{
	return !strncmp(name, begin, strlen(begin));
}

/*
 * Generators: called again and again, with @state 0 the first time, they return one match
 * after the other, which the caller frees.
 */
static char *next_command(const char *begin, int state)
{
	static size_t next;

	if (!state)
		next = 0;
	while (commands[next]) {
		const char *name = commands[next++]->name;

		if (begins_with(name, begin))
			return strdup(name);
	}
	return NULL;
}

static char *next_process(const char *begin, const struct process **next)
{
	while (*next) {
		const struct process *process = *next;

		*next = process->next;
		if (!process->exited && begins_with(process->name, begin))
			return strdup(process->name);
	}
	return NULL;
}

static char *next_memory(const char *begin, const struct memory **next)
{
	while (*next) {
		const struct memory *memory = *next;

		*next = memory->next;
		if (begins_with(memory->name, begin))
			return strdup(memory->name);
	}
	return NULL;
}

static char *next_machine(const char *begin, const struct machine **next)
{
	while (*next) {
		const struct machine *m = *next;

		*next = m->next;
		if (begins_with(m->name, begin))
			return strdup(m->name);
	}
	return NULL;
}

static char *next_name(const char *begin, int state)
{
	static const struct process *process;
	static const struct memory *memory;
	static const struct machine *m;
	char *match;

	if (!state) {
		process = machine->processes;
		memory = machine->memories;
		m = machines;
	}
	match = next_process(begin, &process);
	if (!match)
		match = next_memory(begin, &memory);
	return match ? match : next_machine(begin, &m);
}

/* The first word of the line, and what follows these, is a command. */
static bool command_is_wanted(int start)
{
	const char *line = rl_line_buffer + strspn(rl_line_buffer, " \t");
	const char *word = rl_line_buffer + start;

	if (line >= word)
		return true;
	return begins_with(line, "help ");
}

static char **complete(const char *begin, int start, int end)
{
	(void)end;
	return rl_completion_matches(begin, command_is_wanted(start) ? next_command : next_name);
}

void terminal_begin(void)
{
	rl_readline_name = "shmswapctl";
	rl_attempted_completion_function = complete;
	using_history();
}

char *terminal_line(void)
{
	char prompt[64], *line;

	fflush(stdout);
	snprintf(prompt, sizeof(prompt), "%.40s> ", machine->name);
	line = readline(prompt);
	if (line && line[strspn(line, " \t")])
		add_history(line);
	return line;
}
