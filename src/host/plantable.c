/* SPDX-License-Identifier: ISC */
#include "host/plantable.h"

#include "host/table.h"
#include "policy/firewalls.h"
#include "policy/plan.h"
#include "policy/timespan.h"

struct table *
plantable_new(void)
{
	static const struct table_column columns[] = {
	    {"PEER", TABLE_LEFT},
	    {"FIREWALL", TABLE_LEFT},
	    {"PROBE AFTER", TABLE_RIGHT},
	    {"THEN EVERY", TABLE_RIGHT},
	    {"GIVES UP AFTER", TABLE_RIGHT},
	    {"PROBES/H", TABLE_RIGHT},
	    {"SURVIVES LOST", TABLE_RIGHT},
	    {"NOTICES WITHIN", TABLE_RIGHT},
	    {"MARGIN", TABLE_RIGHT},
	};

	return table_new(columns, sizeof(columns) / sizeof(columns[0]));
}

/* "aws-nat-gateway 350s", "auto 240s, learnt 180s"; a timeout given as such is its own name. */
static void
add_firewall(struct table *table, const struct plantable_row *row)
{
	bool named = row->named || firewall_find(row->firewall) != NULL;
	char span[TIMESPAN_MAX], learnt[TIMESPAN_MAX] = "";

	timespan_written(row->firewall_ms, span, sizeof(span));
	if (row->learnt_ms > 0)
		timespan_written(row->learnt_ms, learnt, sizeof(learnt));
	table_add(table, "%s%s%s%s%s", named ? row->firewall : "", named ? " " : "", span,
	    row->learnt_ms > 0 ? ", learnt " : "", learnt);
}

/* Three digits are enough to compare plans by. */
static void
add_rate(struct table *table, double per_hour)
{
	table_add(table, "%.*f", per_hour >= 100 ? 0 : per_hour >= 10 ? 1 : 2, per_hour);
}

static void
add_span(struct table *table, int64_t ms)
{
	char span[TIMESPAN_MAX];

	table_add(table, "%s", timespan_text(ms, span, sizeof(span)));
}

/* A unit that is small enough not to matter, and does not crowd the table. */
static int64_t
readable_unit_ms(int64_t ms)
{
	return ms >= 3600000 ? 60000 : 1000;
}

/* Rounded up, for what is a bound. */
static void
add_at_most(struct table *table, int64_t ms)
{
	int64_t unit = readable_unit_ms(ms);

	add_span(table, (ms + unit - 1) / unit * unit);
}

/* Rounded down, for what is left over. */
static void
add_at_least(struct table *table, int64_t ms)
{
	add_span(table, ms - ms % readable_unit_ms(ms));
}

void
plantable_add(struct table *table, const struct plantable_row *row)
{
	const struct plan *plan = row->plan;

	table_add(table, "%s", row->peer);
	add_firewall(table, row);
	add_span(table, 1000 * (int64_t)plan->idle_s);
	add_span(table, 1000 * (int64_t)plan->interval_s);
	add_span(table, plan->give_up_ms);
	add_rate(table, plan->probes_per_hour);
	table_add(table, "%d", plan->survives_lost);
	add_at_most(table, plan->detect_worst_ms);
	add_at_least(table, plan->margin_ms);
}
