/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A rectangle of characters to draw on, for the terminal or for a file.
 */
#ifndef _WATCH_CANVAS_H
#define _WATCH_CANVAS_H

#include <stdbool.h>
#include <stdio.h>
#include <wchar.h>

#include <linux/types.h>

enum canvas_style {
	CANVAS_PLAIN,
	CANVAS_TITLE,
	CANVAS_ALARM,
	CANVAS_UNTOUCHED,
	CANVAS_RESIDENT,
	CANVAS_OLD,	/* a resident page of age 0 */
	CANVAS_SWAPPED,
	CANVAS_CACHED,
	CANVAS_BAR,
	CANVAS_NR_STYLES,
};

/* To be or'ed with a style. */
#define CANVAS_HAND	0x40
#define CANVAS_SELECTED	0x80

/* What UTF-8 shows better than ASCII. */
enum canvas_glyph {
	CANVAS_DOT,
	CANVAS_RING,
	CANVAS_BLOCK,
	CANVAS_SHADE,
};

struct canvas_cell {
	wchar_t ch;
	unsigned int style;
};

/**
 * struct canvas - see above
 * @lines: its height
 * @columns: its width
 * @ascii: it has to do with ASCII
 * @cells: line by line
 */
struct canvas {
	unsigned int lines;
	unsigned int columns;
	bool ascii;
	struct canvas_cell *cells;
};

/* What a bar shows: two parts of a whole. */
struct canvas_parts {
	__u64 first;
	__u64 second;
	__u64 whole;
};

/* false if there is no memory; then the canvas is as it was. */
bool canvas_resize(struct canvas *canvas, unsigned int lines, unsigned int columns);
void canvas_free(struct canvas *canvas);
void canvas_clear(struct canvas *canvas);

/* What lies outside is dropped. The last two return the column behind what they drew. */
void canvas_put(struct canvas *canvas, unsigned int line, unsigned int column, wchar_t ch,
		unsigned int style);
unsigned int canvas_text(struct canvas *canvas, unsigned int line, unsigned int column,
			 unsigned int style, const char *format, ...)
	__attribute__((format(printf, 5, 6)));
unsigned int canvas_bar(struct canvas *canvas, unsigned int line, unsigned int column,
			unsigned int width, const struct canvas_parts *parts);

wchar_t canvas_glyph(const struct canvas *canvas, enum canvas_glyph glyph);

/* As text: no blanks at the ends of lines, and only one of several empty lines. */
void canvas_write(const struct canvas *canvas, FILE *file);

#endif /* _WATCH_CANVAS_H */
