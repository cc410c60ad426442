/* SPDX-License-Identifier: ISC */
#include "host/plantable.h"

#include <stdbool.h>
#include <string.h>

#include "host/table.h"
#include "policy/firewalls.h"
#include "policy/plan.h"
#include "policy/survey.h"
#include "policy/timespan.h"
#include "policy/words.h"

#define TEXT 256
/* Of what a heartbeat sends and expects, so many characters are enough to know it by. */
#define BYTES_MOST 16

#define DAY_MS (INT64_C(24) * 3600 * 1000)

struct table *
plantable_new(bool heartbeats)
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
	    {"HEARTBEAT", TABLE_LEFT},
	};
	size_t n = sizeof(columns) / sizeof(columns[0]);

	return table_new(columns, heartbeats ? n : n - 1);
}

/* "3 days ago", "4h 12min ago" */
static void
add_ago(char *text, int64_t ms)
{
	char span[TIMESPAN_MAX];

	if (ms >= 2 * DAY_MS)
		words_add(text, TEXT, "%d days ago", (int)(ms / DAY_MS));
	else
		words_add(text, TEXT, "%s ago",
		    timespan_brief(ms >= 1000 ? ms - ms % 1000 : 0, span, sizeof(span)));
}

/* "auto, 240s until measured", "auto, 340s measured 3 days ago" */
static void
add_measured(char *text, const struct plantable_row *row)
{
	const struct survey *survey = row->survey;
	char span[TIMESPAN_MAX], found[TIMESPAN_MAX];

	timespan_written(survey_in_force_ms(survey, row->firewall_ms), span, sizeof(span));
	words_add(text, TEXT, "%s, %s", row->firewall, span);
	if (survey->outcome == SURVEY_UNKNOWN || survey->contradicted) {
		words_add(text, TEXT, " until measured%s", survey->contradicted ? " again" : "");
		return;
	}
	if (survey->outcome == SURVEY_PEER)
		words_add(text, TEXT, ", ended by the peer after %s,",
		    timespan_written(survey->firewall_ms, found, sizeof(found)));
	words_add(text, TEXT, " measured ");
	add_ago(text, -survey->measured_ms);
}

/* "aws-nat-gateway 350s", "350s, learnt 180s"; a timeout given as such is its own name. */
static void
add_firewall(struct table *table, const struct plantable_row *row)
{
	bool named = firewall_find(row->firewall) != NULL || strcmp(row->firewall, "auto") == 0;
	char span[TIMESPAN_MAX], text[TEXT] = "";

	timespan_written(row->firewall_ms, span, sizeof(span));
	if (row->survey != NULL)
		add_measured(text, row);
	else
		words_add(text, TEXT, "%s%s%s", named ? row->firewall : "", named ? " " : "", span);
	if (row->learnt_ms > 0)
		words_add(text, TEXT, ", learnt %s",
		    timespan_written(row->learnt_ms, span, sizeof(span)));
	table_add(table, "%s", text);
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

/* In quotes; what is long is cut off, and no escape in two. */
static void
add_bytes(char *text, const char *bytes)
{
	size_t n = 0, len = strlen(bytes);

	while (n < len) {
		size_t step = bytes[n] != '\\' ? 1 : bytes[n + 1] == 'x' ? 4 : 2;

		if (n + step > BYTES_MOST)
			break;
		n += step;
	}
	words_add(text, TEXT, "\"%.*s\"%s", (int)n, bytes, n < len ? ".." : "");
}

/* "PING\r\n" every 50s, "PONG" within 10s */
void
plantable_add_beat(struct table *table, const struct plantable_beat *beat)
{
	char span[TIMESPAN_MAX], text[TEXT] = "";

	if (beat == NULL) {
		table_add(table, "none");
		return;
	}
	add_bytes(text, beat->send);
	words_add(text, TEXT, " every %s, ", timespan_written(beat->every_ms, span, sizeof(span)));
	if (beat->expect != NULL)
		add_bytes(text, beat->expect);
	words_add(text, TEXT, "%s within %s", beat->expect != NULL ? "" : "any answer",
	    timespan_written(beat->timeout_ms, span, sizeof(span)));
	table_add(table, "%s", text);
}
