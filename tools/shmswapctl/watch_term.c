// SPDX-License-Identifier: GPL-2.0
/*
 * The terminal, by ncurses.
 *
 * Signals that end the view are let in only while term_wait() waits, so that the
 * terminal is never left in the middle of something.
 */
#include <errno.h>
#include <langinfo.h>
#include <math.h>
#include <poll.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <curses.h>

#include "ctl.h"
#include "watch_canvas.h"
#include "watch_term.h"

#define NR_ENDINGS	4

static const int endings[NR_ENDINGS] = { SIGINT, SIGTERM, SIGHUP, SIGQUIT };

static struct {
	SCREEN *screen;
	struct sigaction old[NR_ENDINGS];
	sigset_t old_mask;
	attr_t styles[CANVAS_NR_STYLES];
} term;

static atomic_int ended_by;

static void end(int signal)
{
	ended_by = signal;
}

/* One that was ignored stays so. */
static void catch_signals(void)
{
	struct sigaction action = { .sa_handler = end };
	sigset_t mask;
	unsigned int i;

	ended_by = 0;
	sigemptyset(&mask);
	sigaddset(&mask, SIGWINCH);
	for (i = 0; i < NR_ENDINGS; i++) {
		sigaction(endings[i], NULL, &term.old[i]);
		if (term.old[i].sa_handler != SIG_IGN)
			sigaction(endings[i], &action, NULL);
		sigaddset(&mask, endings[i]);
	}
	sigprocmask(SIG_BLOCK, &mask, &term.old_mask);
}

static void release_signals(void)
{
	unsigned int i;

	for (i = 0; i < NR_ENDINGS; i++)
		sigaction(endings[i], &term.old[i], NULL);
	sigprocmask(SIG_SETMASK, &term.old_mask, NULL);
}

static void set_color(enum canvas_style style, short color)
{
	init_pair(style, color, -1);
	term.styles[style] |= COLOR_PAIR(style);
}

static void set_styles(bool mono)
{
	memset(term.styles, 0, sizeof(term.styles));
	term.styles[CANVAS_TITLE] = A_BOLD;
	term.styles[CANVAS_ALARM] = A_BOLD;
	if (mono || !has_colors() || start_color() == ERR || use_default_colors() == ERR)
		return;
	set_color(CANVAS_ALARM, COLOR_RED);
	set_color(CANVAS_RESIDENT, COLOR_GREEN);
	set_color(CANVAS_OLD, COLOR_YELLOW);
	set_color(CANVAS_SWAPPED, COLOR_CYAN);
	set_color(CANVAS_CACHED, COLOR_MAGENTA);
	set_color(CANVAS_BAR, COLOR_GREEN);
}

static bool is_terminal(void)
{
	if (isatty(STDIN_FILENO) && isatty(STDOUT_FILENO))
		return true;
	ctl_error("watch: standard input and output are no terminal (--once needs none)");
	return false;
}

/* Nothing has been written to it before the first refresh(). */
static bool start_screen(void)
{
	const char *name = getenv("TERM");

	set_escdelay(100);
	term.screen = newterm(NULL, stdout, stdin);
	if (!term.screen) {
		ctl_error("watch: the terminal '%s' is unknown or too simple (--once needs none)",
			  name ? name : "");
		return false;
	}
	if (tigetstr("cup"))
		return true;
	endwin();
	delscreen(term.screen);
	ctl_error("watch: the terminal '%s' cannot move its cursor (--once needs none)", name);
	return false;
}

/* Many a terminal sends them that does not own up to it. */
static void define_keys(void)
{
	static const struct {
		int key;
		const char *sequence;
	} keys[] = {
		{ KEY_BTAB, "\033[Z" },
		{ KEY_HOME, "\033[H" }, { KEY_HOME, "\033OH" }, { KEY_HOME, "\033[1~" },
		{ KEY_END, "\033[F" }, { KEY_END, "\033OF" }, { KEY_END, "\033[4~" },
		{ KEY_PPAGE, "\033[5~" }, { KEY_NPAGE, "\033[6~" },
		{ 0, NULL }
	};
	unsigned int i;

	for (i = 0; keys[i].sequence; i++) {
		if (!key_defined(keys[i].sequence))
			define_key(keys[i].sequence, keys[i].key);
	}
}

bool term_open(bool mono)
{
	if (!is_terminal())
		return false;
	fflush(stdout);
	catch_signals();
	if (!start_screen()) {
		release_signals();
		return false;
	}
	cbreak();
	noecho();
	nonl();
	nodelay(stdscr, TRUE);
	keypad(stdscr, TRUE);
	define_keys();
	curs_set(0);
	set_styles(mono);
	return true;
}

void term_close(void)
{
	int signal = ended_by;

	/* Where there is no other screen to go back to, what comes next is written here. */
	move(LINES - 1, 0);
	clrtoeol();
	refresh();
	endwin();
	delscreen(term.screen);
	release_signals();
	/* ^C leaves the view. The others mean the program. */
	if (signal && signal != SIGINT)
		raise(signal);
}

bool term_is_unicode(void)
{
	const char *name = termname();

	/* The locale is this machine's, but at a serial line there is the old terminal itself. */
	return !strcmp(nl_langinfo(CODESET), "UTF-8") && strncmp(name, "vt", 2) &&
	       strcmp(name, "ansi");
}

void term_size(unsigned int *lines, unsigned int *columns)
{
	*lines = LINES;
	*columns = COLS;
}

static attr_t attributes(unsigned int style)
{
	attr_t attr = term.styles[style & ~(CANVAS_HAND | CANVAS_SELECTED)];

	if (style & CANVAS_HAND)
		attr |= A_REVERSE;
	if (style & CANVAS_SELECTED)
		attr |= A_UNDERLINE | A_BOLD;
	return attr;
}

void term_show(const struct canvas *canvas)
{
	const struct canvas_cell *cell = canvas->cells;
	unsigned int line, column;
	wchar_t text[2] = L"";
	cchar_t ch;
	attr_t attr;

	for (line = 0; line < canvas->lines; line++) {
		for (column = 0; column < canvas->columns; column++, cell++) {
			text[0] = cell->ch;
			attr = attributes(cell->style);
			setcchar(&ch, text, attr, PAIR_NUMBER(attr), NULL);
			mvadd_wch(line, column, &ch);
		}
	}
	refresh();
}

/* Something can be read, but it is no key: is it the end? */
static bool at_end(short events)
{
	int bytes = 0;

	return events & (POLLHUP | POLLERR | POLLNVAL) ||
	       (events & POLLIN && !ioctl(STDIN_FILENO, FIONREAD, &bytes) && !bytes);
}

int term_wait(double seconds)
{
	struct pollfd input = { .fd = STDIN_FILENO, .events = POLLIN };
	struct timespec timeout = {
		.tv_sec = seconds,
		.tv_nsec = (seconds - floor(seconds)) * 1e9,
	};
	int key = getch(), ready;

	/* What it has read already cannot be waited for. */
	if (key != ERR)
		return key;
	ready = ppoll(&input, 1, seconds < 0 ? NULL : &timeout, &term.old_mask);
	if (ended_by)
		return TERM_ENDED;
	if (ready < 0 && errno != EINTR)
		return TERM_ENDED;
	/* It knows about a new size only after it has been asked. */
	key = getch();
	if (key != ERR)
		return key;
	return ready > 0 && at_end(input.revents) ? TERM_ENDED : TERM_TIMEOUT;
}
