/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The terminal: shows a canvas, reads keys, and is left as it was found.
 */
#ifndef _WATCH_TERM_H
#define _WATCH_TERM_H

#include <stdbool.h>

struct canvas;

/* What term_wait() returns instead of a key. */
#define TERM_TIMEOUT	(-1)
#define TERM_ENDED	(-2)	/* a signal, or the terminal is gone */

/* false if it cannot be used; the reason has been printed. */
bool term_open(bool mono);
/* Leaves it clean, and lets the signal that ended the view take its course. */
void term_close(void);
/* Does it show what is beyond ASCII? */
bool term_is_unicode(void);
void term_size(unsigned int *lines, unsigned int *columns);
void term_show(const struct canvas *canvas);
/* The next key; without one in that many seconds TERM_TIMEOUT. Forever if negative. */
int term_wait(double seconds);

#endif /* _WATCH_TERM_H */
