/* SPDX-License-Identifier: ISC */
#ifndef KAGUARD_HOST_PLANTABLE_H
#define KAGUARD_HOST_PLANTABLE_H

/* Plans as a table, of a configuration or of the running daemon. */

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

/* NULL: out of memory, here or later (table_print()). */
struct table *plantable_new(void);
void plantable_add(struct table *table, const struct plantable_row *row);

#endif
