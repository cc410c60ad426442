/* SPDX-License-Identifier: ISC */
#include "daemon/show.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <jansson.h>

#include "daemon/lore.h"
#include "host/table.h"
#include "host/wallclock.h"
#include "policy/firewalls.h"

static struct config_peer peers[] = {
    {.name = "vpn.example.com:443",
	.address = "vpn.example.com:443",
	.firewall = "aws-nat-gateway",
	.sessions = 1,
	.wish = {.firewall_ms = 350000, .detect_ms = 600000, .outage_ms = 30000, .lost_probes = 2}},
    {.name = "plant-7",
	.address = "[2001:db8::7]:9000",
	.firewall = "10min",
	.sessions = 100000,
	.wish = {.firewall_ms = 600000, .detect_ms = 120000, .outage_ms = 30000, .lost_probes = 2}},
    {.name = "hq",
	.address = "192.0.2.1:22",
	.firewall = "auto",
	.firewall_auto = true,
	.wish = {.firewall_ms = 240500, .detect_ms = 600000, .lost_probes = 1}},
    {.name = "slow",
	.address = "192.0.2.2:22",
	.firewall = "linux",
	.sessions = 3,
	.wish = {.firewall_ms = 432000000,
	    .detect_ms = 86400000,
	    .outage_ms = 30000,
	    .lost_probes = 2}},
    {.name = "tiny",
	.address = "192.0.2.3:22",
	.firewall = "30s",
	.sessions = 1,
	.wish = {.firewall_ms = 30000,
	    .detect_ms = 600000,
	    .exact_idle_s = 10,
	    .exact_interval_s = 2,
	    .exact_count = 1}},
};

static struct lore lore; /* empty: nothing was learnt */

static struct config config = {.peers = peers, .n_peers = sizeof(peers) / sizeof(peers[0])};

static int
set_up(void **state)
{
	(void)state;
	for (size_t i = 0; i < config.n_peers; i++)
		assert_int_equal(plan_make(&peers[i].wish, &peers[i].plan, NULL), 0);
	return 0;
}

/* What is printed; to be freed. */
static char *
printed(const struct config *of, bool json)
{
	char *text = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&text, &size);

	assert_non_null(out);
	assert_int_equal(
	    of != NULL ? show_plans(of, &lore, json, out) : show_firewalls(json, out), 0);
	assert_int_equal(fclose(out), 0);
	return text;
}

static void
assert_printed(const struct config *of, const char *expected)
{
	char *text = printed(of, false);

	assert_string_equal(text, expected);
	free(text);
}

static void
plans_as_a_table(void **state)
{
	(void)state;
	assert_printed(&config,
	    "PEER                 FIREWALL                         PROBE AFTER  THE"
	    "N EVERY  GIVES UP AFTER  PROBES/H  SURVIVES LOST  NOTICES WITHIN       MARGIN\n"
	    "vpn.example.com:443  aws-nat-gateway 350s                4min 50s     "
	    "     9s         6min 2s      12.4              2        6min 12s           7s\n"
	    "plant-7              600s                                1min 18s     "
	    "     3s        1min 57s      46.2              2            2min     8min 30s\n"
	    "hq                   auto, 4min 500ms until measured     3min 32s     "
	    "     6s        3min 56s      17.0              1         4min 3s           5s\n"
	    "slow                 linux 5d                          9h 6min 7s     "
	    "   1min     9h 52min 7s      0.11              2        9h 54min  4d 14h 8min\n"
	    "tiny                 30s                                      10s     "
	    "     2s             12s       360              0             14s          19s\n");
}

/* What was learnt about a peer counts as long as it is what it was. */
static void
plans_as_they_are_in_force(void **state)
{
	static struct config_peer some[2];
	struct config these = {.peers = some, .n_peers = 2};
	struct lore_entry known = {.peer = (char *)(uintptr_t) "vpn.example.com:443",
	    .address = (char *)(uintptr_t) "vpn.example.com:443",
	    .network = (char *)(uintptr_t) "",
	    .learn = {.declared_ms = 350000, .learnt_ms = 180000}};
	char *text;
	json_t *root, *first;

	(void)state;
	memcpy(some, peers, sizeof(some));
	some[1] = some[0];
	some[1].name = (char *)(uintptr_t) "elsewhere";
	assert_int_equal(lore_put(&lore, &known), 0);
	known.peer = some[1].name; /* at another address by now */
	assert_int_equal(lore_put(&lore, &known), 0);
	some[1].address = (char *)(uintptr_t) "192.0.2.9:443";
	assert_printed(&these,
	    "PEER                 FIREWALL                           PROBE AFTER  THEN EVERY  GIV"
	    "ES UP AFTER  PROBES/H  SURVIVES LOST  NOTICES WITHIN  MARGIN\n"
	    "vpn.example.com:443  aws-nat-gateway 350s, learnt 180s     2min 28s          5s     "
	    "   3min 23s      24.3              2        3min 25s      4s\n"
	    "elsewhere            aws-nat-gateway 350s                  4min 50s          9s     "
	    "    6min 2s      12.4              2        6min 12s      7s\n");
	text = printed(&these, true);
	root = json_loads(text, 0, NULL);
	first = json_array_get(json_object_get(root, "peers"), 0);
	assert_int_equal(json_integer_value(json_object_get(first, "firewall_s")), 350);
	assert_int_equal(json_integer_value(json_object_get(first, "learnt_s")), 180);
	assert_true(json_is_true(json_object_get(root, "learnt_known")));
	json_decref(root);
	free(text);
	lore_clear(&lore);
}

struct measured_case {
	struct survey survey;
	const char *shown;
	int idle_s;
};

static void
check_measured(const struct measured_case *c, const struct config *one)
{
	char *text = printed(one, false);
	const char *shown = strstr(text, c->shown);
	json_t *root, *plan;

	assert_non_null(shown);
	assert_null(strchr(shown + strlen(c->shown), ','));
	free(text);
	text = printed(one, true);
	root = json_loads(text, 0, NULL);
	free(text);
	plan = json_array_get(json_object_get(root, "peers"), 0);
	assert_int_equal(json_integer_value(json_object_get(plan, "idle_s")), c->idle_s);
	assert_int_equal(
	    json_is_null(json_object_get(plan, "measured")), c->survey.outcome == SURVEY_UNKNOWN);
	assert_int_equal(
	    json_integer_value(json_object_get(plan, "measured_s")) * 1000, c->survey.firewall_ms);
	json_decref(root);
}

/* What was measured where the peer was last, and when. */
static void
plans_of_measured_paths(void **state)
{
	static const struct measured_case cases[] = {
	    {{.outcome = SURVEY_UNKNOWN, .failed = 2}, "auto, 240s until measured", 212},
	    {{.outcome = SURVEY_FIREWALL, .firewall_ms = 341000},
		"auto, 341s measured 3 days ago, learnt 180s", 154},
	    {{.outcome = SURVEY_FIREWALL, .firewall_ms = 341000, .contradicted = true},
		"auto, 240s until measured again", 212},
	    {{.outcome = SURVEY_PEER, .firewall_ms = 20000},
		"auto, 240s, ended by the peer after 20s, measured 3 days ago", 212},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct config_peer peer = peers[2];
		const struct config one = {.peers = &peer, .n_peers = 1};
		struct lore_entry known = {.peer = peer.name,
		    .address = peer.address,
		    .network = (char *)(uintptr_t) "192.0.2.254 on eth0",
		    .learn = {.declared_ms = 341000, .learnt_ms = 180000},
		    .survey = cases[i].survey};

		known.survey.measured_ms = wallclock_now_ms() - 3 * 86400000 - 5;
		peer.wish.firewall_ms = 240000;
		assert_int_equal(plan_make(&peer.wish, &peer.plan, NULL), 0);
		assert_int_equal(lore_put(&lore, &known), 0);
		check_measured(&cases[i], &one);
		lore_clear(&lore);
	}
}

static void
no_peers(void **state)
{
	const struct config none = {0};
	char *text = printed(&none, true);
	json_t *root = json_loads(text, 0, NULL);

	(void)state;
	assert_printed(&none, "no peers configured\n");
	assert_int_equal(json_array_size(json_object_get(root, "peers")), 0);
	json_decref(root);
	free(text);
}

static const char plant_7[] = "{"
			      "\"peer\": \"plant-7\","
			      "\"address\": \"[2001:db8::7]:9000\","
			      "\"firewall\": \"10min\","
			      "\"firewall_s\": 600,"
			      "\"learnt_s\": null,"
			      "\"auto\": false,"
			      "\"measured\": null,"
			      "\"measured_s\": null,"
			      "\"measured_age_ms\": null,"
			      "\"contradicted\": false,"
			      "\"idle_s\": 78,"
			      "\"interval_s\": 3,"
			      "\"count\": 11,"
			      "\"user_timeout_ms\": 116180,"
			      "\"gives_up_after_s\": 117,"
			      "\"probes_per_hour\": 46.15384615,"
			      "\"survives_lost\": 2,"
			      "\"detect_within_worst_ms\": 119546,"
			      "\"refresh_worst_ms\": 89732,"
			      "\"margin_ms\": 510268,"
			      "\"sessions\": 100000,"
			      "\"heartbeat\": null"
			      "}";

static void
plans_as_json(void **state)
{
	char *text = printed(&config, true);
	json_t *root = json_loads(text, 0, NULL), *expected;

	(void)state;
	assert_non_null(root);
	assert_int_equal(json_integer_value(json_object_get(root, "schema_version")), 1);
	assert_int_equal(json_array_size(json_object_get(root, "peers")), config.n_peers);
	expected = json_loads(plant_7, 0, NULL);
	assert_non_null(expected);
	assert_true(json_equal(json_array_get(json_object_get(root, "peers"), 1), expected));
	json_decref(expected);
	json_decref(root);
	free(text);
}

/* The line of a text that begins so. */
static void
assert_line(const char *text, const char *line)
{
	const char *found = strstr(text, line);

	assert_non_null(found);
	assert_true(found == text || found[-1] == '\n');
	assert_int_equal(found[strlen(line)], '\n');
}

static size_t
lines(const char *text)
{
	size_t n = 0;

	for (; *text != '\0'; text++)
		n += *text == '\n';
	return n;
}

static void
firewalls_as_a_table(void **state)
{
	char *text = printed(NULL, false);

	(void)state;
	assert_int_equal(lines(text), 1 + firewall_count());
	assert_line(text,
	    "NAME                        IDLE TIMEOUT  AT EXPIRY                       "
	    "KEEPALIVES COUNT                   SOURCE");
	assert_line(text,
	    "aws-alb                              60s  closes                          "
	    "no (needs data)                    ALB guide");
	assert_line(text,
	    "rfc5382                          2h 4min  silent                          "
	    "yes                                RFC 5382 section 5");
	free(text);
}

static void
firewalls_as_json(void **state)
{
	char *text = printed(NULL, true);
	json_t *root = json_loads(text, 0, NULL), *list = json_object_get(root, "firewalls");

	(void)state;
	assert_int_equal(json_integer_value(json_object_get(root, "schema_version")), 1);
	assert_int_equal(json_array_size(list), firewall_count());
	for (size_t i = 0; i < firewall_count(); i++) {
		const struct firewall *f = firewall_at(i);
		json_t *o = json_array_get(list, i), *note = json_object_get(o, "keepalives_note");

		assert_int_equal(json_object_size(o), 9);
		assert_string_equal(json_string_value(json_object_get(o, "name")), f->name);
		assert_string_equal(json_string_value(json_object_get(o, "title")), f->title);
		assert_string_equal(json_string_value(json_object_get(o, "source")), f->source);
		assert_int_equal(
		    json_integer_value(json_object_get(o, "idle_timeout_s")), f->idle_timeout_s);
		assert_string_equal(json_string_value(json_object_get(o, "keepalives_count")),
		    firewall_counts_name(f->counts));
		if (f->counts_note[0] == '\0')
			assert_true(json_is_null(note));
		else
			assert_string_equal(json_string_value(note), f->counts_note);
	}
	json_decref(root);
	free(text);
}

/* A full disk, or a pipe that nobody reads, is an error. */
static void
full_output(void **state)
{
	const struct config none = {0};
	FILE *out = fopen("/dev/full", "w");

	(void)state;
	assert_non_null(out);
	assert_int_equal(show_plans(&config, NULL, false, out), -EIO);
	assert_int_equal(show_plans(&config, NULL, true, out), -EIO);
	assert_int_equal(show_plans(&none, NULL, false, out), -EIO);
	assert_int_equal(show_firewalls(false, out), -EIO);
	assert_int_equal(show_firewalls(true, out), -EIO);
	fclose(out);
}

/* Columns fit the widest cell, title or not; a column at the end is not filled up. */
static void
tables(void **state)
{
	static const struct table_column columns[] = {
	    {"N", TABLE_RIGHT}, {"LONG TITLE", TABLE_LEFT}, {"X", TABLE_LEFT}};
	char *text = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&text, &size);
	struct table *table = table_new(columns, 3);

	(void)state;
	assert_non_null(out);
	assert_non_null(table);
	for (int i = 1; i <= 1000; i *= 10) {
		table_add(table, "%d", i);
		table_add(table, "%s", "a");
		table_add(table, "%s", i == 10 ? "wider" : "");
	}
	assert_int_equal(table_print(table, out), 0);
	table_free(table);
	table_free(NULL);
	assert_int_equal(fclose(out), 0);
	assert_string_equal(text, "   N  LONG TITLE  X\n"
				  "   1  a\n"
				  "  10  a           wider\n"
				  " 100  a\n"
				  "1000  a\n");
	free(text);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(plans_as_a_table),
	    cmocka_unit_test(plans_as_they_are_in_force),
	    cmocka_unit_test(plans_of_measured_paths),
	    cmocka_unit_test(no_peers),
	    cmocka_unit_test(plans_as_json),
	    cmocka_unit_test(firewalls_as_a_table),
	    cmocka_unit_test(firewalls_as_json),
	    cmocka_unit_test(full_output),
	    cmocka_unit_test(tables),
	};

	return cmocka_run_group_tests(tests, set_up, NULL);
}
