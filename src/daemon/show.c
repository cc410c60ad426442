/* SPDX-License-Identifier: ISC */
#include "daemon/show.h"

#include <errno.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/lore.h"
#include "daemon/planview.h"
#include "host/plantable.h"
#include "host/statefile.h"
#include "host/table.h"
#include "host/wallclock.h"
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

/* What is in force for a peer, and why. */
struct force {
	struct plan plan;
	int64_t learnt_ms; /* 0: nothing was */
	struct survey survey;
	bool measured; /* the firewall is to be: there is a survey */
};

/* Of one that is measured it is what is known of it in the network that it was last in. */
static const struct lore_entry *
find(const struct config_peer *peer, const struct lore *lore, bool measured)
{
	if (lore == NULL)
		return NULL;
	return measured ? lore_latest(lore, peer->name, peer->address)
			: lore_find(lore, peer->name, peer->address, peer->wish.firewall_ms);
}

static struct force
in_force(const struct config_peer *peer, const struct lore *lore)
{
	struct force force = {
	    .plan = peer->plan, .measured = peer->firewall_auto && peer->wish.exact_idle_s == 0};
	const struct lore_entry *known = find(peer, lore, force.measured);
	struct plan_wish wish = peer->wish;
	int64_t declared_ms = wish.firewall_ms;

	if (known == NULL)
		return force;
	if (force.measured) {
		force.survey = known->survey;
		force.survey.measured_ms -= wallclock_now_ms();
		declared_ms = survey_in_force_ms(&force.survey, declared_ms);
	}
	if (known->learn.declared_ms == declared_ms)
		force.learnt_ms = learn_tighter_ms(&known->learn);
	if (force.learnt_ms > 0)
		declared_ms = force.learnt_ms;
	if (declared_ms != wish.firewall_ms && learn_plan(&wish, declared_ms, &force.plan) < 0)
		force.learnt_ms = 0;
	return force;
}

static bool
any_heartbeat(const struct config *config)
{
	for (size_t i = 0; i < config->n_peers; i++)
		if (config->peers[i].heartbeat != NULL)
			return true;
	return false;
}

static void
add_heartbeat(struct table *table, const struct config_heartbeat *heartbeat)
{
	char send[PLANVIEW_BYTES], expect[PLANVIEW_BYTES];
	struct plantable_beat beat = {.send = send};

	if (heartbeat == NULL) {
		plantable_add_beat(table, NULL);
		return;
	}
	beat.every_ms = heartbeat->terms.every_ms;
	beat.timeout_ms = heartbeat->terms.timeout_ms;
	planview_bytes(heartbeat->send, heartbeat->send_len, send);
	if (heartbeat->expect.bytes != NULL) {
		planview_bytes(heartbeat->expect.bytes, heartbeat->expect.len, expect);
		beat.expect = expect;
	}
	plantable_add_beat(table, &beat);
}

static int
show_plan_table(const struct config *config, const struct lore *lore, FILE *out)
{
	bool heartbeats = any_heartbeat(config);
	struct table *table = plantable_new(heartbeats);

	if (table == NULL)
		return -ENOMEM;
	for (size_t i = 0; i < config->n_peers; i++) {
		const struct config_peer *peer = &config->peers[i];
		const struct force force = in_force(peer, lore);
		const struct plantable_row row = {.peer = peer->name,
		    .firewall = peer->firewall,
		    .firewall_ms = peer->wish.firewall_ms,
		    .plan = &force.plan,
		    .learnt_ms = force.learnt_ms,
		    .survey = force.measured ? &force.survey : NULL};

		plantable_add(table, &row);
		if (heartbeats)
			add_heartbeat(table, peer->heartbeat);
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
show_plan_json(const struct config *config, const struct lore *lore, FILE *out)
{
	json_t *list = json_array(), *root;

	for (size_t i = 0; i < config->n_peers; i++) {
		const struct config_peer *peer = &config->peers[i];
		const struct force force = in_force(peer, lore);
		const struct planview view = {.peer = peer,
		    .plan = &force.plan,
		    .learnt_ms = force.learnt_ms,
		    .survey = force.measured ? &force.survey : NULL};

		if (json_array_append_new(list, planview_json(&view)) != 0) {
			json_decref(list);
			return -ENOMEM;
		}
	}
	root = document("peers", list);
	if (root != NULL &&
	    json_object_set_new(root, "learnt_known", json_boolean(lore != NULL)) < 0) {
		json_decref(root);
		root = NULL;
	}
	return write_json(root, out);
}

int
show_plans(const struct config *config, const struct lore *lore, bool json, FILE *out)
{
	if (json)
		return show_plan_json(config, lore, out);
	if (config->n_peers > 0)
		return show_plan_table(config, lore, out);
	return fputs("no peers configured\n", out) == EOF || fflush(out) != 0 ? -EIO : 0;
}

int
show_plans_in_force(const struct config *config, bool json)
{
	char *given = statefile_directory();
	const char *directory = given != NULL ? given : KAGUARD_STATEDIR;
	struct lore lore = {0};
	int r = lore_load(directory, &lore);
	bool known = r == 0 || r == -ENOENT; /* where there is no file, nothing was learnt */

	if (!known)
		fprintf(stderr, "kaguard: what was learnt is not shown: %s/%s: %s\n", directory,
		    LORE_FILE, r == -EBADMSG ? "it is damaged" : strerror(-r));
	r = show_plans(config, known ? &lore : NULL, json, stdout);
	lore_clear(&lore);
	free(given);
	return r;
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
