/* SPDX-License-Identifier: ISC */
#include "daemon/lore.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static struct lore_entry
entry(const char *peer, const char *address)
{
	return (struct lore_entry){.peer = (char *)(uintptr_t)peer,
	    .address = (char *)(uintptr_t)address,
	    .network = (char *)(uintptr_t) "",
	    .known_ms = 1790000000000,
	    .learn = {.declared_ms = 350000,
		.learnt_ms = 180000,
		.seen_ms = 286000,
		.events = {{1789999000000, 286000}, {1789999900000, 287000}},
		.n = 2},
	    .habit = {.ends = {{1789999100000, 20000, 21000}}, .n = 1, .reason = REASON_RESET}};
}

static void
put(struct lore *lore, const char *peer, const char *address)
{
	const struct lore_entry e = entry(peer, address);

	assert_int_equal(lore_put(lore, &e), 0);
}

static void
what_is_printed_is_parsed(void **unused)
{
	struct lore lore = {0}, again = {0};
	const struct lore_entry *found;
	char *text, *twice;

	(void)unused;
	put(&lore, "plant-7", "[2001:db8::7]:9000");
	put(&lore, "hq", "vpn.example.com:443");
	put(&lore, "zoo", "192.0.2.1:22");
	text = lore_print(&lore, 0);
	assert_non_null(text);
	assert_int_equal(lore_parse(text, strlen(text), &again), 0);
	assert_int_equal(again.n, 3);
	found = lore_find(&again, "hq", "vpn.example.com:443", 350000);
	assert_non_null(found);
	assert_int_equal(found->known_ms, 1790000000000);
	assert_int_equal(found->learn.learnt_ms, 180000);
	assert_int_equal(found->learn.seen_ms, 286000);
	assert_int_equal(found->learn.n, 2);
	assert_int_equal(found->learn.events[1].noticed_ms, 1789999900000);
	assert_int_equal(found->learn.events[1].idle_ms, 287000);
	assert_int_equal(found->habit.n, 1);
	assert_int_equal(found->habit.reason, REASON_RESET);
	assert_int_equal(found->habit.ends[0].at_ms, 1789999100000);
	assert_int_equal(found->habit.ends[0].age_ms, 21000);
	twice = lore_print(&again, 0);
	assert_string_equal(text, twice);
	free(twice);
	free(text);
	lore_clear(&lore);
	lore_clear(&again);
}

static void
it_belongs_to_name_address_and_declaration(void **unused)
{
	struct lore lore = {0};

	(void)unused;
	put(&lore, "hq", "vpn.example.com:443");
	assert_non_null(lore_find(&lore, "hq", "vpn.example.com:443", 350000));
	assert_null(lore_find(&lore, "hq", "vpn.example.com:443", 350001));
	assert_null(lore_find(&lore, "hq", "vpn.example.com:80", 350000));
	assert_null(lore_find(&lore, "h", "vpn.example.com:443", 350000));
	assert_true(lore_has(&lore, "hq", ""));
	assert_false(lore_has(&lore, "hr", ""));
	/* There is one of a name. */
	put(&lore, "hq", "192.0.2.1:1");
	assert_int_equal(lore.n, 1);
	assert_null(lore_find(&lore, "hq", "vpn.example.com:443", 350000));
	lore_clear(&lore);
}

static void
what_is_old_or_empty_is_left_out(void **unused)
{
	struct lore lore = {0};
	struct lore_entry e = entry("empty", "a:1");
	char *text;

	(void)unused;
	e.learn = (struct learn){.declared_ms = 350000};
	e.habit = (struct habit){0};
	assert_false(lore_is_worth(&e));
	assert_int_equal(lore_put(&lore, &e), 0);
	e = entry("gone", "a:1");
	e.known_ms--;
	assert_int_equal(lore_put(&lore, &e), 0);
	put(&lore, "here", "a:1");
	text = lore_print(&lore, 1790000000000);
	assert_null(strstr(text, "empty"));
	assert_null(strstr(text, "gone"));
	assert_non_null(strstr(text, "here"));
	free(text);
	lore_clear(&lore);
}

#define PEER                                                                              \
	"{\"peer\": \"a\", \"address\": \"a:1\", \"known_at_ms\": 1, \"declared_ms\": 2," \
	"\"learnt_ms\": 1, \"seen_ms\": 1, \"expired\": [], \"ended_by\": \"\", \"ended\": []}"
#define EVENT "{\"noticed_at_ms\": 1, \"idle_ms\": 1}"

static void
what_nobody_wrote_is_refused(void **unused)
{
	static const char *const bad[] = {"", "[]", "{}", "{\"version\": 1}",
	    "{\"version\": 1, \"peers\": {}}", "{\"version\": 3, \"peers\": []}",
	    "{\"version\": 1, \"peers\": [1]}", "{\"version\": 1, \"peers\": [" PEER ", {}]}",
	    "{\"version\": 1, \"peers\": [{\"peer\": \"a\"}]}"};
	static const char good[] = "{\"version\": 1, \"peers\": [" PEER "]}";
	struct lore lore = {0};
	char text[1024], *at;

	(void)unused;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		assert_int_equal(lore_parse(bad[i], strlen(bad[i]), &lore), -EBADMSG);
		assert_int_equal(lore.n, 0);
	}
	assert_int_equal(lore_parse(good, strlen(good), &lore), 0);
	assert_int_equal(lore.n, 1);
	lore_clear(&lore);
	/* More events than there is room for. */
	snprintf(text, sizeof(text), "%s", good);
	at = strstr(text, "\"expired\": []");
	assert_non_null(at);
	snprintf(at, sizeof(text) - (size_t)(at - text), "\"expired\": [%s, %s, %s, %s]%s", EVENT,
	    EVENT, EVENT, EVENT, strstr(good, "\"expired\": []") + strlen("\"expired\": []"));
	assert_int_equal(lore_parse(text, strlen(text), &lore), -EBADMSG);
}

static struct lore_entry
measured(const char *network, int64_t known_ms)
{
	struct lore_entry e = entry("hq", "vpn.example.com:443");

	e.network = (char *)(uintptr_t)network;
	e.known_ms = known_ms;
	e.learn.declared_ms = 341000;
	e.survey = (struct survey){.outcome = SURVEY_FIREWALL,
	    .firewall_ms = 341000,
	    .measured_ms = 1789000000000,
	    .tried_ms = 1789000000007,
	    .failed = 2,
	    .doubts = 3,
	    .contradicted = true};
	return e;
}

static void
every_network_has_its_own(void **unused)
{
	struct lore lore = {0}, again = {0};
	struct lore_entry home = measured("192.0.2.1 at 52:54:00:12:34:56", 1790000000000);
	struct lore_entry away = measured("192.0.2.1 on ppp0", 1790000000001);
	const struct lore_entry *found;
	char *text;

	(void)unused;
	away.survey = (struct survey){.failed = 1};
	put(&lore, "hq", "vpn.example.com:443");
	put(&lore, "h", "vpn.example.com:443");
	assert_int_equal(lore_put(&lore, &home), 0);
	assert_int_equal(lore_put(&lore, &away), 0);
	assert_int_equal(lore_put(&lore, &home), 0);
	text = lore_print(&lore, 0);
	assert_int_equal(lore_parse(text, strlen(text), &again), 0);
	free(text);
	assert_int_equal(again.n, 4);
	found = lore_find_in(&again, "hq", "vpn.example.com:443", home.network);
	assert_non_null(found);
	assert_int_equal(found->survey.outcome, SURVEY_FIREWALL);
	assert_int_equal(found->survey.firewall_ms, 341000);
	assert_int_equal(found->survey.measured_ms, 1789000000000);
	assert_int_equal(found->survey.tried_ms, 1789000000007);
	assert_int_equal(found->survey.failed, 2);
	assert_int_equal(found->survey.doubts, 3);
	assert_true(found->survey.contradicted);
	/* What was declared has nothing to do with it, nor has another address. */
	assert_non_null(lore_find(&again, "hq", "vpn.example.com:443", 350000));
	assert_null(lore_find(&again, "hq", "vpn.example.com:443", 341000));
	assert_null(lore_find_in(&again, "hq", "vpn.example.com:80", home.network));
	assert_null(lore_find_in(&again, "hq", "vpn.example.com:443", "192.0.2.1"));
	found = lore_latest(&again, "hq", "vpn.example.com:443");
	assert_non_null(found);
	assert_string_equal(found->network, away.network);
	assert_null(lore_latest(&again, "hq", "vpn.example.com:80"));
	assert_null(lore_latest(&again, "h", "vpn.example.com:443"));
	lore_clear(&lore);
	lore_clear(&again);
}

static void
the_network_of_longest_ago_makes_way(void **unused)
{
	struct lore lore = {0};
	char name[32];

	(void)unused;
	put(&lore, "gq", "vpn.example.com:443");
	put(&lore, "hr", "vpn.example.com:443");
	for (int i = 0; i < 3 * LORE_NETWORKS; i++) {
		struct lore_entry e;

		snprintf(name, sizeof(name), "%d", i * 7919 % 100);
		e = measured(name, 1790000000000 + i);
		assert_int_equal(lore_put(&lore, &e), 0);
		/* Again is no more. */
		assert_int_equal(lore_put(&lore, &e), 0);
	}
	assert_int_equal(lore.n, 2 + LORE_NETWORKS);
	for (int i = 0; i < 3 * LORE_NETWORKS; i++) {
		snprintf(name, sizeof(name), "%d", i * 7919 % 100);
		assert_int_equal(lore_has(&lore, "hq", name), i >= 2 * LORE_NETWORKS);
	}
	assert_true(lore_has(&lore, "gq", "") && lore_has(&lore, "hr", ""));
	lore_clear(&lore);
}

/* With one value of a network's entry after the other in place of what it was. */
static void
an_entry_is_whole_or_refused(void **unused)
{
	static const char *const wrong[][2] = {
	    {"\"firewall_ms\": 341000", "\"firewall_ms\": 0"},
	    {"\"firewall_ms\": 341000", "\"firewall_ms\": -1"},
	    {"\"firewall_ms\": 341000", "\"firewall_ms\": 86400001"},
	    {"\"failed\": 2", "\"failed\": -1"},
	    {"\"failed\": 2", "\"failed\": 4294967296"},
	    {"\"doubts\": 3", "\"doubts\": 4294967296"},
	    {"\"doubts\": 3", "\"doubts\": -1"},
	    {"\"measured_at_ms\": 1789000000000", "\"measured_at_ms\": 9223372036854775807"},
	    {"\"measured_at_ms\": 1789000000000", "\"measured_at_ms\": -9223372036854775807"},
	    {"\"tried_at_ms\": 1789000000007", "\"tried_at_ms\": 9223372036854775807"},
	    {"\"declared_ms\": 341000", "\"declared_ms\": 0"},
	    {"\"learnt_ms\": 180000", "\"learnt_ms\": -1"},
	    {"\"seen_ms\": 286000", "\"seen_ms\": -1"},
	    {"\"idle_ms\": 286000", "\"idle_ms\": null"},
	    {"\"age_ms\": 21000", "\"age\": 21000"},
	    {"\"version\": ", "\"version\": -"},
	    {"\"contradicted\": true", "\"contradicted\": 1"},
	    {"\"tried_at_ms\"", "\"tried\""},
	    {"\"found\": \"firewall\"", "\"found\": null"},
	};
	struct lore_entry e = measured("192.0.2.1 on ppp0", 1790000000000);
	struct lore lore = {0}, again = {0};
	char text[2048], *good;

	(void)unused;
	assert_int_equal(lore_put(&lore, &e), 0);
	good = lore_print(&lore, 0);
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		const char *at = strstr(good, wrong[i][0]);

		assert_non_null(at);
		snprintf(text, sizeof(text), "%.*s%s%s", (int)(at - good), good, wrong[i][1],
		    at + strlen(wrong[i][0]));
		assert_int_equal(lore_parse(text, strlen(text), &again), -EBADMSG);
	}
	free(good);
	lore_clear(&lore);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(what_is_printed_is_parsed),
	    cmocka_unit_test(it_belongs_to_name_address_and_declaration),
	    cmocka_unit_test(what_is_old_or_empty_is_left_out),
	    cmocka_unit_test(what_nobody_wrote_is_refused),
	    cmocka_unit_test(every_network_has_its_own),
	    cmocka_unit_test(the_network_of_longest_ago_makes_way),
	    cmocka_unit_test(an_entry_is_whole_or_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
