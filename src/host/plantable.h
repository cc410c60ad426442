/* SPDX-License-Identifier: ISC */
#ifndef KAGUARD_HOST_PLANTABLE_H
#define KAGUARD_HOST_PLANTABLE_H

/* Plans as a table, of a configuration or of the running daemon. */

#include <stdbool.h>
#include <stdint.h>

struct plan;
struct survey;
struct table;

struct plantable_row {
	const char *peer;
	const char *firewall; /* as shown: a preset's name, a duration, "auto" */
	int64_t firewall_ms;
	const struct plan *plan;
	int64_t learnt_ms; /* 0: nothing was learnt */
	/* One that is to be measured, NULL: it is not. Times count from now. */
	const struct survey *survey;
};

/* What is sent and expected, escaped as in the configuration. */
struct plantable_beat {
	int64_t every_ms;
	int64_t timeout_ms;
	const char *send;
	const char *expect; /* NULL: any answer */
};

/* With a column for heartbeats, or without. NULL: out of memory, here or later (table_print()). */
struct table *plantable_new(bool heartbeats);
void plantable_add(struct table *table, const struct plantable_row *row);

/* Where there is that column, after each row. NULL: the peer has none. */
void plantable_add_beat(struct table *table, const struct plantable_beat *beat);

#endif
