// SPDX-License-Identifier: GPL-2.0
/*
 * A rectangle of characters. Nothing here knows what is drawn, or where it goes.
 */
#include <stdarg.h>
#include <stdlib.h>

#include "watch_canvas.h"

bool canvas_resize(struct canvas *canvas, unsigned int lines, unsigned int columns)
{
	struct canvas_cell *cells;

	if (canvas->cells && canvas->lines == lines && canvas->columns == columns)
		return true;
	cells = calloc((size_t)lines * columns, sizeof(*cells));
	if (!cells)
		return false;
	free(canvas->cells);
	canvas->cells = cells;
	canvas->lines = lines;
	canvas->columns = columns;
	return true;
}

void canvas_free(struct canvas *canvas)
{
	free(canvas->cells);
	canvas->cells = NULL;
}

void canvas_clear(struct canvas *canvas)
{
	size_t i;

	for (i = 0; i < (size_t)canvas->lines * canvas->columns; i++)
		canvas->cells[i] = (struct canvas_cell){ .ch = ' ' };
}

void canvas_put(struct canvas *canvas, unsigned int line, unsigned int column, wchar_t ch,
		unsigned int style)
{
	if (line < canvas->lines && column < canvas->columns)
		canvas->cells[(size_t)line * canvas->columns + column] =
			(struct canvas_cell){ .ch = ch, .style = style };
}

unsigned int canvas_text(struct canvas *canvas, unsigned int line, unsigned int column,
			 unsigned int style, const char *format, ...)
{
	char text[512];
	const char *c;
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	for (c = text; *c; c++)
		canvas_put(canvas, line, column++, (unsigned char)*c, style);
	return column;
}

/* How much of @width is that? Little is not nothing, and almost all is not all. */
static unsigned int share(unsigned int width, __u64 part, __u64 whole)
{
	unsigned int filled = whole ? (unsigned int)((double)part * width / whole) : 0;

	if (part && !filled)
		filled = 1;
	if (part < whole && filled >= width)
		filled = width - 1;
	return filled;
}

unsigned int canvas_bar(struct canvas *canvas, unsigned int line, unsigned int column,
			unsigned int width, const struct canvas_parts *parts)
{
	unsigned int i, first = share(width, parts->first, parts->whole);
	unsigned int both = first + share(width - first, parts->second,
					  parts->whole - parts->first);

	canvas_put(canvas, line, column++, '[', CANVAS_PLAIN);
	for (i = 0; i < width; i++)
		canvas_put(canvas, line, column++,
			   canvas_glyph(canvas, i < first ? CANVAS_BLOCK :
					i < both ? CANVAS_RING : CANVAS_SHADE),
			   i < first || i >= both ? CANVAS_BAR : CANVAS_SWAPPED);
	canvas_put(canvas, line, column++, ']', CANVAS_PLAIN);
	return column;
}

wchar_t canvas_glyph(const struct canvas *canvas, enum canvas_glyph glyph)
{
	static const wchar_t glyphs[][2] = {
		[CANVAS_DOT] = { L'\u00b7', '.' },
		[CANVAS_RING] = { L'\u25cb', '-' },
		[CANVAS_BLOCK] = { L'\u2588', '#' },
		[CANVAS_SHADE] = { L'\u2591', '.' },
	};

	return glyphs[glyph][canvas->ascii];
}

static unsigned int line_length(const struct canvas *canvas, unsigned int line)
{
	const struct canvas_cell *cells = canvas->cells + (size_t)line * canvas->columns;
	unsigned int length = canvas->columns;

	while (length && cells[length - 1].ch == ' ')
		length--;
	return length;
}

void canvas_write(const struct canvas *canvas, FILE *file)
{
	unsigned int line, column, length, empty = 0;

	for (line = 0; line < canvas->lines; line++) {
		length = line_length(canvas, line);
		empty = length ? 0 : empty + 1;
		if (empty > 1)
			continue;
		for (column = 0; column < length; column++)
			putc(canvas->cells[(size_t)line * canvas->columns + column].ch, file);
		putc('\n', file);
	}
}
