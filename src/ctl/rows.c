/* SPDX-License-Identifier: ISC */
#include "ctl/rows.h"

#include <errno.h>
#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "policy/timespan.h"

static const struct {
	const char *name;
	enum grid_colour colour;
} states[ROW_STATES] = {
    [ROW_BACKOFF] = {"backoff", GRID_BAD},
    [ROW_CONNECTING] = {"connecting", GRID_BAD},
    [ROW_RESOLVING] = {"resolving", GRID_BAD},
    [ROW_IDLE] = {"idle", GRID_BAD},
    [ROW_SUSPECT] = {"suspect", GRID_DOUBTFUL},
    [ROW_UP] = {"up", GRID_GOOD},
};

#define UP_STATES   (1u << ROW_SUSPECT | 1u << ROW_UP)
#define DOWN_STATES (((1u << ROW_STATES) - 1) & ~UP_STATES)

/* --- reading ---------------------------------------------------------------------------------- */

static int
find_state(const char *name, size_t length)
{
	for (int i = 0; i < ROW_STATES; i++)
		if (strlen(states[i].name) == length && memcmp(states[i].name, name, length) == 0)
			return i;
	return -1;
}

unsigned
rows_states(const char *list)
{
	unsigned bits = 0;

	for (;;) {
		size_t length = strcspn(list, ",");
		int state = find_state(list, length);

		if (state >= 0)
			bits |= 1u << state;
		else if (length == 4 && memcmp(list, "down", 4) == 0)
			bits |= DOWN_STATES;
		else
			return 0;
		if (list[length] == '\0')
			return bits;
		list += length + 1;
	}
}

/* -1: none. */
static int64_t
number(const json_t *object, const char *key)
{
	const json_t *value = json_object_get(object, key);

	return json_is_integer(value) ? json_integer_value(value) : -1;
}

static const char *
text(const json_t *object, const char *key)
{
	const char *value = json_string_value(json_object_get(object, key));

	return value != NULL ? value : "";
}

static int
read_row(const json_t *item, struct row *ret)
{
	const char *state = text(item, "state");
	int found = find_state(state, strlen(state));

	if (found < 0 || text(item, "peer")[0] == '\0')
		return -EPROTO;
	*ret = (struct row){.peer = text(item, "peer"),
	    .remote = text(item, "remote"),
	    .reason = text(item, "last_reason"),
	    .session = number(item, "session"),
	    .age_ms = number(item, "age_ms"),
	    .idle_ms = number(item, "idle_ms"),
	    .probes = number(item, "probes_unanswered"),
	    .allowed = number(item, "probes_allowed"),
	    .rtt_us = number(item, "rtt_us"),
	    .rtt_age_ms = number(item, "rtt_age_ms"),
	    .next_ms = number(item, "next_probe_ms"),
	    .retry_ms = number(item, "retry_ms"),
	    .reconnects = number(item, "reconnects"),
	    .state = (enum row_state)found};
	if (ret->remote[0] == '\0')
		ret->remote = text(item, "address");
	return 0;
}

static int
worst_first(const void *a, const void *b)
{
	const struct row *x = a, *y = b;

	if (x->state != y->state)
		return x->state < y->state ? -1 : 1;
	return x->order < y->order ? -1 : 1;
}

static int
read_all(struct rows *rows, unsigned wanted)
{
	const json_t *list = json_object_get(rows->document, "sessions");

	rows->total = json_array_size(list);
	rows->list = calloc(rows->total > 0 ? rows->total : 1, sizeof(*rows->list));
	if (rows->list == NULL)
		return -ENOMEM;
	for (size_t i = 0; i < rows->total; i++) {
		struct row row;

		if (read_row(json_array_get(list, i), &row) < 0)
			return -EPROTO;
		row.order = i;
		rows->up += (UP_STATES & 1u << row.state) != 0;
		if (wanted == 0 || (wanted & 1u << row.state) != 0)
			rows->list[rows->n++] = row;
	}
	qsort(rows->list, rows->n, sizeof(*rows->list), worst_first);
	return 0;
}

int
rows_read(json_t *document, unsigned wanted, struct rows *ret)
{
	struct rows rows = {.document = document};
	int r = read_all(&rows, wanted);

	if (r < 0) {
		rows_clear(&rows);
		return r;
	}
	*ret = rows;
	return 0;
}

void
rows_clear(struct rows *rows)
{
	json_decref(rows->document);
	free(rows->list);
	*rows = (struct rows){0};
}

const char *
rows_summary(const struct rows *rows)
{
	return text(rows->document, "summary");
}

/* --- columns ---------------------------------------------------------------------------------- */

enum column {
	COLUMN_PEER,
	COLUMN_SESSION,
	COLUMN_STATE,
	COLUMN_AGE,
	COLUMN_HEARD,
	COLUMN_PROBES,
	COLUMN_NEXT,
	COLUMN_RTT,
	COLUMN_AGAIN,
	COLUMN_REASON,
	COLUMN_REMOTE,
	N_COLUMNS
};

static const struct grid_column columns[N_COLUMNS] = {
    [COLUMN_PEER] = {"PEER", false, 0},
    [COLUMN_SESSION] = {"#", true, 0},
    [COLUMN_STATE] = {"STATE", false, 0},
    [COLUMN_AGE] = {"FOR", true, 1},
    [COLUMN_HEARD] = {"HEARD", true, 3},
    [COLUMN_PROBES] = {"PROBES", true, 4},
    [COLUMN_NEXT] = {"NEXT", true, 5},
    [COLUMN_RTT] = {"RTT", true, 7},
    [COLUMN_AGAIN] = {"AGAIN", true, 8},
    [COLUMN_REASON] = {"LAST REASON", false, 2},
    [COLUMN_REMOTE] = {"REMOTE", false, 6},
};

/* "12s ago"; "" for none. */
static void
put_age(char cell[GRID_CELL], int64_t ms, const char *before, const char *behind)
{
	char span[TIMESPAN_MAX];

	if (ms >= 0)
		snprintf(cell, GRID_CELL, "%s%s%s", before,
		    timespan_brief(ms < 1000 ? ms : ms - ms % 1000, span, sizeof(span)), behind);
}

/* What happens next: an attempt, or a probe. */
static void
put_next(char cell[GRID_CELL], const struct row *row)
{
	bool retries = row->retry_ms >= 0;
	int64_t ms = retries ? row->retry_ms : row->next_ms;

	if (ms == 0)
		snprintf(cell, GRID_CELL, "%s due", retries ? "retry" : "probe");
	else
		put_age(cell, ms, retries ? "retry in " : "probe in ", "");
}

/* A round trip that was measured long ago says so. */
static void
put_rtt(char cell[GRID_CELL], const struct row *row)
{
	char before[32];

	if (row->rtt_us < 0)
		return;
	snprintf(before, sizeof(before), "%.*fms, ", row->rtt_us < 10000 ? 2 : 0,
	    (double)row->rtt_us / 1000);
	put_age(cell, row->rtt_age_ms >= 0 ? row->rtt_age_ms : 0, before, " ago");
}

/* Columns that are a text as it is; NULL: the others. */
static const char *
text_of(const struct row *row, enum column column)
{
	switch (column) {
	case COLUMN_PEER:
		return row->peer;
	case COLUMN_STATE:
		return states[row->state].name;
	case COLUMN_REASON:
		return row->reason;
	case COLUMN_REMOTE:
		return row->remote;
	case COLUMN_SESSION:
	case COLUMN_AGE:
	case COLUMN_HEARD:
	case COLUMN_PROBES:
	case COLUMN_NEXT:
	case COLUMN_RTT:
	case COLUMN_AGAIN:
	case N_COLUMNS:
		break;
	}
	return NULL;
}

static void
put_figure(char cell[GRID_CELL], const struct row *row, enum column column)
{
	if (column == COLUMN_SESSION)
		snprintf(cell, GRID_CELL, "%" PRId64, row->session);
	else if (column == COLUMN_AGE)
		put_age(cell, row->age_ms, "", "");
	else if (column == COLUMN_HEARD)
		put_age(cell, row->idle_ms, "", " ago");
	else if (column == COLUMN_PROBES && row->probes >= 0)
		snprintf(cell, GRID_CELL, "%" PRId64 "/%" PRId64, row->probes, row->allowed);
	else if (column == COLUMN_NEXT)
		put_next(cell, row);
	else if (column == COLUMN_RTT)
		put_rtt(cell, row);
	else if (column == COLUMN_AGAIN)
		snprintf(cell, GRID_CELL, "%" PRId64, row->reconnects);
}

static enum grid_colour
cell_of(const void *list, size_t at, unsigned column, char cell[GRID_CELL])
{
	const struct row *row = &((const struct row *)list)[at];
	const char *known = text_of(row, (enum column)column);

	cell[0] = '\0';
	if (known != NULL)
		snprintf(cell, GRID_CELL, "%s", known);
	else
		put_figure(cell, row, (enum column)column);
	if (column == COLUMN_STATE)
		return states[row->state].colour;
	return column == COLUMN_PROBES && row->probes > 0 ? GRID_DOUBTFUL : GRID_PLAIN;
}

const struct grid_source rows_source = {columns, N_COLUMNS, cell_of};
