/* SPDX-License-Identifier: ISC */
#include "ctl/grid.h"

#include <stdio.h>
#include <string.h>

#include "policy/words.h"

#define GAP 2

static unsigned
total(const struct grid *g)
{
	unsigned sum = 0;

	for (unsigned i = 0; i < g->source->n_columns; i++)
		if (g->width[i] > 0)
			sum += g->width[i] + GAP;
	return sum > 0 ? sum - GAP : 0;
}

/* The column that matters least of those that are there; -1: all others have to stay. */
static int
least(const struct grid *g)
{
	const struct grid_column *columns = g->source->columns;
	int found = -1;

	for (unsigned i = 0; i < g->source->n_columns; i++)
		if (g->width[i] > 0 && columns[i].rank > 0 &&
		    (found < 0 || columns[i].rank > columns[found].rank))
			found = (int)i;
	return found;
}

static void
widen(struct grid *g, unsigned column, const char *text)
{
	size_t length = strlen(text);

	if (length > g->width[column])
		g->width[column] = (unsigned)length;
}

void
grid_measure(struct grid *g)
{
	char text[GRID_CELL];
	int victim;

	for (unsigned i = 0; i < g->source->n_columns; i++) {
		g->width[i] = 0;
		for (size_t row = 0; row < g->n_rows; row++) {
			g->source->cell(g->rows, row, i, text);
			widen(g, i, text);
		}
		/* A column in which nothing stands is left out, if it may be. */
		if (g->width[i] > 0 || g->source->columns[i].rank == 0)
			widen(g, i, g->source->columns[i].title);
	}
	while (g->columns > 0 && total(g) > g->columns && (victim = least(g)) >= 0)
		g->width[victim] = 0;
}

void
grid_steady(struct grid *g, const struct grid *before)
{
	for (unsigned i = 0; i < g->source->n_columns; i++) {
		unsigned width = g->width[i];

		if (width == 0 || before->width[i] <= width)
			continue;
		g->width[i] = before->width[i];
		if (g->columns > 0 && total(g) > g->columns)
			g->width[i] = width;
	}
}

static const char *
colour_code(enum grid_colour colour)
{
	switch (colour) {
	case GRID_PLAIN:
		return "";
	case GRID_GOOD:
		return "\033[32m";
	case GRID_DOUBTFUL:
		return "\033[33m";
	case GRID_BAD:
		return "\033[31m";
	case GRID_DIM:
		return "\033[2m";
	}
	return "";
}

/* A line in the making: how much of it can be seen, and what is between two cells. */
struct line {
	char *buf;
	unsigned used, gap;
};

static void
put(const struct grid *g, struct line *line, unsigned column, const char *text,
    enum grid_colour colour)
{
	unsigned length = (unsigned)strlen(text), width = g->width[column], before = line->gap;
	bool right = g->source->columns[column].right;
	const char *code = g->coloured ? colour_code(colour) : "";

	line->gap = GAP;
	if (right)
		before += width - length;
	else
		line->gap += width - length;
	if (length == 0) {
		line->gap += before;
		return;
	}
	/* What is beyond the terminal's edge would begin another line. */
	if (g->columns > 0 && line->used + before >= g->columns)
		return;
	if (g->columns > 0 && line->used + before + length > g->columns)
		length = g->columns - line->used - before;
	words_add(line->buf, GRID_LINE, "%*s%s%.*s%s", (int)before, "", code, (int)length, text,
	    code[0] != '\0' ? "\033[0m" : "");
	line->used += before + length;
}

char *
grid_titles(const struct grid *g, char buf[GRID_LINE])
{
	struct line line = {.buf = buf};

	buf[0] = '\0';
	for (unsigned i = 0; i < g->source->n_columns; i++)
		if (g->width[i] > 0)
			put(g, &line, i, g->source->columns[i].title, GRID_PLAIN);
	return buf;
}

char *
grid_row(const struct grid *g, size_t row, char buf[GRID_LINE])
{
	struct line line = {.buf = buf};
	enum grid_colour colour;
	char text[GRID_CELL];

	buf[0] = '\0';
	for (unsigned i = 0; i < g->source->n_columns; i++) {
		if (g->width[i] == 0)
			continue;
		colour = g->source->cell(g->rows, row, i, text);
		put(g, &line, i, text, colour);
	}
	return buf;
}
