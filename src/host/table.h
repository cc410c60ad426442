/* SPDX-License-Identifier: ISC */
#ifndef KAGUARD_HOST_TABLE_H
#define KAGUARD_HOST_TABLE_H

/* Tables on a terminal: one line of titles, then the rows, each column as wide as it must be. */

#include <stddef.h>
#include <stdio.h>

enum table_align {
	TABLE_LEFT,
	TABLE_RIGHT
};

struct table_column {
	const char *title;
	enum table_align align;
};

struct table;

/* An empty table with those n > 0 columns, which must outlive it. NULL: out of memory. */
struct table *table_new(const struct table_column *columns, size_t n);

/* NULL is fine. */
void table_free(struct table *table);

/*
 * Add the next cell, row by row from the left. Running out of memory shows in table_print().
 * Cells are ASCII.
 */
void table_add(struct table *table, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* 0, -ENOMEM if a cell is missing, or -EIO. The rows are complete. No spaces end a line. */
int table_print(const struct table *table, FILE *out);

#endif
