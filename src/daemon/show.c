/* SPDX-License-Identifier: ISC */
#include "daemon/show.h"

#include <errno.h>
#include <jansson.h>

#include "host/table.h"
#include "policy/firewalls.h"
#include "policy/timespan.h"

#define SCHEMA_VERSION 1

/* Writes the document and takes it over; NULL: it could not be made. */
static int
write_json(json_t *document, FILE *out)
{
	int r;

	if (document == NULL)
		return -ENOMEM;
	r = json_dumpf(document, out, JSON_INDENT(2) | JSON_REAL_PRECISION(10));
	json_decref(document);
	if (r != 0 || fputc('\n', out) == EOF || fflush(out) != 0)
		return -EIO;
	return 0;
}

/* Prints the table and takes it over. */
static int
write_table(struct table *table, FILE *out)
{
	int r = table_print(table, out);

	table_free(table);
	if (r == 0 && fflush(out) != 0)
		return -EIO;
	return r;
}

/* --- plans ------------------------------------------------------------------------------------ */

/* "aws-nat-gateway 350s", "auto 240s"; a timeout given as such is its own name. */
static void
add_firewall(struct table *table, const struct config_peer *peer)
{
	char span[TIMESPAN_MAX];

	timespan_written(peer->wish.firewall_ms, span, sizeof(span));
	if (peer->firewall_auto || firewall_find(peer->firewall) != NULL)
		table_add(table, "%s %s", peer->firewall, span);
	else
		table_add(table, "%s", span);
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

static int
show_plan_table(const struct config *config, FILE *out)
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
	struct table *table = table_new(columns, sizeof(columns) / sizeof(columns[0]));

	if (table == NULL)
		return -ENOMEM;
	for (size_t i = 0; i < config->n_peers; i++) {
		const struct config_peer *peer = &config->peers[i];
		const struct plan *plan = &peer->plan;

		table_add(table, "%s", peer->name);
		add_firewall(table, peer);
		add_span(table, 1000 * (int64_t)plan->idle_s);
		add_span(table, 1000 * (int64_t)plan->interval_s);
		add_span(table, plan->give_up_ms);
		add_rate(table, plan->probes_per_hour);
		table_add(table, "%d", plan->survives_lost);
		add_at_most(table, plan->detect_worst_ms);
		add_at_least(table, plan->margin_ms);
	}
	return write_table(table, out);
}

/* Whole seconds are an integer. */
static json_t *
seconds(int64_t ms)
{
	return ms % 1000 == 0 ? json_integer(ms / 1000) : json_real((double)ms / 1000);
}

static json_t *
plan_object(const struct config_peer *peer)
{
	const struct plan *plan = &peer->plan;

	return json_pack("{s:s s:s s:s s:o s:i s:i s:i s:I s:o s:f s:i s:I s:I s:I s:I}", "peer",
	    peer->name, "address", peer->address, "firewall", peer->firewall, "firewall_s",
	    seconds(peer->wish.firewall_ms), "idle_s", plan->idle_s, "interval_s", plan->interval_s,
	    "count", plan->count, "user_timeout_ms", (json_int_t)plan->user_timeout_ms,
	    "gives_up_after_s", seconds(plan->give_up_ms), "probes_per_hour", plan->probes_per_hour,
	    "survives_lost", plan->survives_lost, "detect_within_worst_ms",
	    (json_int_t)plan->detect_worst_ms, "refresh_worst_ms",
	    (json_int_t)plan->refresh_worst_ms, "margin_ms", (json_int_t)plan->margin_ms,
	    "sessions", (json_int_t)peer->sessions);
}

/* {"schema_version": 1, KEY: list}, taking the list over; NULL if it is. */
static json_t *
document(const char *key, json_t *list)
{
	return json_pack("{s:i s:o}", "schema_version", SCHEMA_VERSION, key, list);
}

static int
show_plan_json(const struct config *config, FILE *out)
{
	json_t *list = json_array();

	for (size_t i = 0; i < config->n_peers; i++) {
		if (json_array_append_new(list, plan_object(&config->peers[i])) != 0) {
			json_decref(list);
			return -ENOMEM;
		}
	}
	return write_json(document("peers", list), out);
}

int
show_plans(const struct config *config, bool json, FILE *out)
{
	if (json)
		return show_plan_json(config, out);
	if (config->n_peers > 0)
		return show_plan_table(config, out);
	return fputs("no peers configured\n", out) == EOF || fflush(out) != 0 ? -EIO : 0;
}

/* --- firewalls -------------------------------------------------------------------------------- */

static int
show_firewall_table(FILE *out)
{
	static const struct table_column columns[] = {
	    {"NAME", TABLE_LEFT},
	    {"IDLE TIMEOUT", TABLE_RIGHT},
	    {"AT EXPIRY", TABLE_LEFT},
	    {"KEEPALIVES COUNT", TABLE_LEFT},
	    {"SOURCE", TABLE_LEFT},
	};
	struct table *table = table_new(columns, sizeof(columns) / sizeof(columns[0]));
	char span[TIMESPAN_MAX];

	if (table == NULL)
		return -ENOMEM;
	for (size_t i = 0; i < firewall_count(); i++) {
		const struct firewall *f = firewall_at(i);
		const char *counts = firewall_counts_name(f->counts);

		table_add(table, "%s", f->name);
		table_add(table, "%s",
		    timespan_written(1000 * (int64_t)f->idle_timeout_s, span, sizeof(span)));
		table_add(table, "%s", f->at_expiry);
		if (f->counts_note[0] != '\0')
			table_add(table, "%s (%s)", counts, f->counts_note);
		else
			table_add(table, "%s", counts);
		table_add(table, "%s", f->source);
	}
	return write_table(table, out);
}

/* What the table of presets leaves empty is not known. */
static const char *
or_null(const char *text)
{
	return text[0] != '\0' ? text : NULL;
}

static json_t *
firewall_object(const struct firewall *f)
{
	return json_pack("{s:s s:s s:i s:s? s:s s:s? s:s s:s s:s}", "name", f->name, "title",
	    f->title, "idle_timeout_s", f->idle_timeout_s, "configurable", or_null(f->configurable),
	    "keepalives_count", firewall_counts_name(f->counts), "keepalives_note",
	    or_null(f->counts_note), "at_expiry", f->at_expiry, "confidence", f->confidence,
	    "source", f->source);
}

static int
show_firewall_json(FILE *out)
{
	json_t *list = json_array();

	for (size_t i = 0; i < firewall_count(); i++) {
		if (json_array_append_new(list, firewall_object(firewall_at(i))) != 0) {
			json_decref(list);
			return -ENOMEM;
		}
	}
	return write_json(document("firewalls", list), out);
}

int
show_firewalls(bool json, FILE *out)
{
	return json ? show_firewall_json(out) : show_firewall_table(out);
}
