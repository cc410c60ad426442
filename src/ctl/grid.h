/* SPDX-License-Identifier: ISC */
#ifndef KAGUARD_CTL_GRID_H
#define KAGUARD_CTL_GRID_H

/*
 * A table that fits the terminal: where it is too wide, the columns that matter least are left out,
 * and what is still too long is cut.
 */

#include <stdbool.h>
#include <stddef.h>

#define GRID_COLUMNS 12
#define GRID_CELL    80
#define GRID_LINE    1024

enum grid_colour {
	GRID_PLAIN,
	GRID_GOOD,
	GRID_DOUBTFUL,
	GRID_BAD,
	GRID_DIM
};

struct grid_column {
	const char *title;
	bool right;
	unsigned char rank; /* those with the highest go first; 0: never */
};

/* Where the cells come from. */
struct grid_source {
	const struct grid_column *columns;
	unsigned n_columns;
	/* The text of a cell, "" for none; and the colour that it has. */
	enum grid_colour (*cell)(
	    const void *rows, size_t row, unsigned column, char text[GRID_CELL]);
};

struct grid {
	const struct grid_source *source;
	const void *rows;
	size_t n_rows;
	unsigned width[GRID_COLUMNS]; /* 0: left out */
	unsigned columns;	      /* of the terminal; 0: as wide as it must be */
	bool coloured;
};

/* Find out how wide the columns are. */
void grid_measure(struct grid *grid);

/* Columns that are there still do not become narrower than they were, as far as there is room: so
 * that what is drawn anew every second does not jump. */
void grid_steady(struct grid *grid, const struct grid *before);

/* The line of titles, and that of a row, without its end. Returns buf. */
char *grid_titles(const struct grid *grid, char buf[GRID_LINE]);
char *grid_row(const struct grid *grid, size_t row, char buf[GRID_LINE]);

#endif
