/* SPDX-License-Identifier: ISC */
#include "daemon/show.h"

#include <errno.h>
#include <jansson.h>

#include "daemon/planview.h"
#include "host/plantable.h"
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

static int
show_plan_table(const struct config *config, FILE *out)
{
	struct table *table = plantable_new();

	if (table == NULL)
		return -ENOMEM;
	for (size_t i = 0; i < config->n_peers; i++) {
		const struct config_peer *peer = &config->peers[i];
		const struct plantable_row row = {peer->name, peer->firewall,
		    peer->wish.firewall_ms, &peer->plan, peer->firewall_auto};

		plantable_add(table, &row);
	}
	return write_table(table, out);
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
		if (json_array_append_new(
			list, planview_json(&config->peers[i], &config->peers[i].plan)) != 0) {
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
