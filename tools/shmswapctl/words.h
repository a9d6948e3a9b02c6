/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The words of a command: lines cut into them, numbers, and options like KEY=VALUE.
 */
#ifndef _WORDS_H
#define _WORDS_H

#include <stdbool.h>
#include <stddef.h>

#include <linux/types.h>

/*
 * Cuts @line, which is changed, at blanks, up to a #. Within "" stand blanks, #, and the
 * escapes of C for ", a backslash, newline, tab and bytes in hex. Returns the number of
 * words in @words, which the caller frees, or -1 after a message.
 */
int words_split(char *line, char ***words);

bool word_is_name(const char *word);

/* A number in C's notation. These say what is wrong with @word, and return CTL_USAGE. */
int word_number(const char *what, const char *word, __u64 min, __u64 max, __u64 *value);
/* The same, no message: @word is a number at all. */
bool word_is_number(const char *word, __u64 *value);

enum option_kind {
	OPTION_FLAG,	/* bool */
	OPTION_NUMBER,	/* __u64 */
	OPTION_TEXT,	/* const char * */
};

/* An option of a command: the word @name, or @name=VALUE. */
struct option_word {
	const char *name;
	enum option_kind kind;
	void *value;
	__u64 min, max;		/* of a number */
	bool given;
};

#define FLAG_OPTION(word, variable) \
	{ .name = word, .kind = OPTION_FLAG, .value = variable }
#define TEXT_OPTION(word, variable) \
	{ .name = word, .kind = OPTION_TEXT, .value = variable }
#define NUMBER_OPTION(word, variable, least, most) \
	{ .name = word, .kind = OPTION_NUMBER, .value = variable, .min = least, .max = most }

/* Takes @argc words from @argv, all of which are options of @command. */
int words_options(const char *command, int argc, char **argv, struct option_word *options);

#endif /* _WORDS_H */
