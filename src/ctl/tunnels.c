/* SPDX-License-Identifier: ISC */
#include "ctl/tunnels.h"

#include <jansson.h>
#include <stdbool.h>
#include <stdio.h>

#include "ctl/ask.h"
#include "ctl/ctl.h"
#include "ctl/grid.h"

enum column {
	COLUMN_PEER,
	COLUMN_LISTEN,
	COLUMN_CLIENTS,
	COLUMN_WAITING,
	COLUMN_EVER,
	COLUMN_REFUSED,
	COLUMN_CUT_OFF,
	COLUMN_TO_PEER,
	COLUMN_TO_CLIENT,
	N_COLUMNS
};

static const struct grid_column columns[N_COLUMNS] = {
    [COLUMN_PEER] = {"TUNNEL", false, 0},
    [COLUMN_LISTEN] = {"LISTENS", false, 0},
    [COLUMN_CLIENTS] = {"CLIENTS", true, 0},
    [COLUMN_WAITING] = {"WAITING", true, 0},
    [COLUMN_EVER] = {"EVER", true, 3},
    [COLUMN_REFUSED] = {"REFUSED", true, 1},
    [COLUMN_CUT_OFF] = {"CUT OFF", true, 2},
    [COLUMN_TO_PEER] = {"TO PEER", true, 4},
    [COLUMN_TO_CLIENT] = {"TO CLIENT", true, 4},
};

static const char *const keys[N_COLUMNS] = {
    [COLUMN_PEER] = "peer",
    [COLUMN_LISTEN] = "listen",
    [COLUMN_CLIENTS] = "clients",
    [COLUMN_WAITING] = "clients_waiting",
    [COLUMN_EVER] = "clients_total",
    [COLUMN_REFUSED] = "clients_refused",
    [COLUMN_CUT_OFF] = "clients_cut_off",
    [COLUMN_TO_PEER] = "bytes_to_peer",
    [COLUMN_TO_CLIENT] = "bytes_to_client",
};

/* 1234567 as "1.2 MB". */
static void
put_bytes(char cell[GRID_CELL], double bytes)
{
	static const char *const units[] = {"B", "kB", "MB", "GB", "TB", "PB"};
	unsigned unit = 0;

	for (; bytes >= 1000 && unit + 1 < sizeof(units) / sizeof(units[0]); unit++)
		bytes /= 1000;
	snprintf(cell, GRID_CELL, "%.*f %s", unit > 0 && bytes < 10 ? 1 : 0, bytes, units[unit]);
}

static enum grid_colour
cell_of(const void *rows, size_t at, unsigned column, char cell[GRID_CELL])
{
	const json_t *row = json_array_get(rows, at), *value = json_object_get(row, keys[column]);
	bool deaf = column == COLUMN_LISTEN && !json_is_true(json_object_get(row, "listening"));

	if (json_is_string(value))
		snprintf(cell, GRID_CELL, "%s%s", deaf ? "not at " : "", json_string_value(value));
	else if (column == COLUMN_LISTEN)
		snprintf(cell, GRID_CELL, "no more");
	else if (column == COLUMN_TO_PEER || column == COLUMN_TO_CLIENT)
		put_bytes(cell, json_number_value(value));
	else
		snprintf(cell, GRID_CELL, "%.0f", json_number_value(value));
	return deaf ? GRID_BAD : GRID_PLAIN;
}

static const struct grid_source source = {columns, N_COLUMNS, cell_of};

/* A daemon of a version before tunnels has none; it may be running still after an upgrade. */
int
tunnels_fetch(const struct ctl *ctl, struct call *call, json_t *document)
{
	json_t *answer = json_object();
	struct call_reply reply;
	bool goes_on = true;
	int r = ask(ctl, call, "io.kaguard.Forwards", ask_peers(ctl), true);

	json_object_set_new(answer, "forwards", json_array());
	while (r == CTL_OK && goes_on) {
		r = ask_any(
		    ctl, call, "org.varlink.service.MethodNotFound", ASK_PATIENCE_MS, &reply);
		if (r != CTL_OK)
			break;
		goes_on = reply.continues;
		ask_put_together(&answer, "forwards", &reply);
	}
	if (r == CTL_OK)
		json_object_set(document, "forwards", json_object_get(answer, "forwards"));
	json_decref(answer);
	return r;
}

void
tunnels_print(const json_t *document)
{
	const json_t *rows = json_object_get(document, "forwards");
	struct grid grid = {.source = &source,
	    .rows = rows,
	    .n_rows = json_array_size(rows),
	    .columns = ctl_columns(),
	    .coloured = ctl_has_colours()};
	char line[GRID_LINE];

	if (grid.n_rows == 0)
		return;
	grid_measure(&grid);
	printf("\n%s\n", grid_titles(&grid, line));
	for (size_t i = 0; i < grid.n_rows; i++)
		puts(grid_row(&grid, i, line));
}
