/* SPDX-License-Identifier: ISC */
#include "host/table.h"

#include <errno.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#define GAP "  "

struct table {
	const struct table_column *columns;
	size_t n_columns;
	char **cells; /* row by row */
	size_t n_cells, room;
	bool failed;
};

struct table *
table_new(const struct table_column *columns, size_t n)
{
	struct table *table = calloc(1, sizeof(*table));

	if (table == NULL)
		return NULL;
	table->columns = columns;
	table->n_columns = n;
	return table;
}

void
table_free(struct table *table)
{
	if (table == NULL)
		return;
	for (size_t i = 0; i < table->n_cells; i++)
		free(table->cells[i]);
	free(table->cells);
	free(table);
}

static bool
has_room(struct table *table)
{
	size_t room = table->room > 0 ? 2 * table->room : 64;
	char **cells;

	if (table->n_cells < table->room)
		return true;
	cells = reallocarray(table->cells, room, sizeof(*cells));
	if (cells == NULL)
		return false;
	table->cells = cells;
	table->room = room;
	return true;
}

void
table_add(struct table *table, const char *format, ...)
{
	va_list ap;
	int n = -1;

	va_start(ap, format);
	if (has_room(table))
		n = vasprintf(&table->cells[table->n_cells], format, ap);
	va_end(ap);
	if (n < 0)
		table->failed = true;
	else
		table->n_cells++;
}

static int
width(const struct table *table, size_t column)
{
	size_t widest = strlen(table->columns[column].title);

	for (size_t i = column; i < table->n_cells; i += table->n_columns) {
		size_t n = strlen(table->cells[i]);

		widest = n > widest ? n : widest;
	}
	return (int)widest;
}

static const char *
cell(const struct table *table, char *const *cells, size_t column)
{
	return cells != NULL ? cells[column] : table->columns[column].title;
}

/* One line; cells NULL: the titles. It ends with its last cell that is not empty. */
static void
print_line(const struct table *table, const int *widths, char *const *cells, FILE *out)
{
	size_t n = table->n_columns;

	while (n > 0 && cell(table, cells, n - 1)[0] == '\0')
		n--;
	for (size_t i = 0; i < n; i++) {
		const char *text = cell(table, cells, i);

		if (table->columns[i].align == TABLE_RIGHT)
			fprintf(out, "%*s", widths[i], text);
		else
			fprintf(out, "%-*s", i == n - 1 ? 0 : widths[i], text);
		if (i < n - 1)
			fputs(GAP, out);
	}
	fputc('\n', out);
}

int
table_print(const struct table *table, FILE *out)
{
	int *widths;

	if (table->failed)
		return -ENOMEM;
	widths = calloc(table->n_columns, sizeof(*widths));
	if (widths == NULL)
		return -ENOMEM;
	for (size_t i = 0; i < table->n_columns; i++)
		widths[i] = width(table, i);
	print_line(table, widths, NULL, out);
	for (size_t i = 0; i + table->n_columns <= table->n_cells; i += table->n_columns)
		print_line(table, widths, &table->cells[i], out);
	free(widths);
	return ferror(out) ? -EIO : 0;
}
