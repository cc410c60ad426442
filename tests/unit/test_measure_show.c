/* SPDX-License-Identifier: ISC */
#include "ctl/measure_show.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>
#include <jansson.h>

static const struct ladder_wish wish = {.min_ms = 4000, .max_ms = 64000, .precision_permille = 50};

static struct measure_report
report(int64_t lives_ms, int64_t dead_ms, enum evidence_verdict verdict)
{
	return (struct measure_report){.address = "a:1",
	    .remote = "192.0.2.1:1",
	    .wish = &wish,
	    .took_ms = 61000,
	    .view = {.lives_ms = lives_ms,
		.dead_ms = dead_ms,
		.verdict = verdict,
		.alive = 3,
		.dead = 1,
		.left_ms = 5000}};
}

static void
progress_is_a_line(void **state)
{
	static const struct {
		int64_t lives_ms, dead_ms;
		const char *known;
	} rows[] = {{0, 0, "nothing known yet"}, {8000, 0, "more than 8.0 s"},
	    {0, 4000, "less than 4.0 s"}, {8000, 16000, "between 8.0 s and 16.0 s"}};
	char text[MEASURE_TEXT], expected[MEASURE_TEXT];

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct measure_report r =
		    report(rows[i].lives_ms, rows[i].dead_ms, EVIDENCE_NOTHING);

		snprintf(expected, sizeof(expected),
		    "%s; 3 sessions live, 1 died; 1min 1s passed, 5s left at most", rows[i].known);
		assert_string_equal(measure_progress(&r, text), expected);
	}
}

/* From 4 s to 64 s: each quarter is twice the one before. */
static void
the_picture_is_between_the_bounds(void **state)
{
	static const struct {
		int64_t lives_ms, dead_ms;
		const char *picture;
	} rows[] = {{0, 0, "........"}, {3000, 0, "........"}, {4000, 0, "........"},
	    {8000, 0, "==......"}, {64000, 0, "========"}, {0, 4000, "xxxxxxxx"},
	    {0, 2000, "xxxxxxxx"}, {8000, 32000, "==....xx"}, {16000, 16500, "====xxxx"}};
	char picture[16];

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct measure_report r =
		    report(rows[i].lives_ms, rows[i].dead_ms, EVIDENCE_FORGETS);

		assert_string_equal(measure_picture(&r, picture, 8), rows[i].picture);
	}
}

/* Whether keepalive counts is known only where something died of its age. */
static void
json_tells_what_is_not_known(void **state)
{
	static const struct {
		enum evidence_verdict verdict;
		int64_t dead_ms;
		int type;
	} rows[] = {{EVIDENCE_FORGETS, 352000, JSON_TRUE}, {EVIDENCE_BLIND, 352000, JSON_FALSE},
	    {EVIDENCE_PEER_CLOSES, 352000, JSON_FALSE}, {EVIDENCE_NOTHING, 352000, JSON_NULL},
	    {EVIDENCE_PATH_LOST, 352000, JSON_NULL}, {EVIDENCE_UPSET, 352000, JSON_NULL},
	    {EVIDENCE_NO_EXPIRY, 0, JSON_NULL}};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct measure_report r = report(340000, rows[i].dead_ms, rows[i].verdict);
		json_t *json;

		r.view.firewall_ms = 350000;
		r.view.common = rows[i].verdict == EVIDENCE_FORGETS;
		json = measure_json(&r);
		assert_non_null(json);
		assert_int_equal(
		    json_typeof(json_object_get(json, "keepalive_counts")), rows[i].type);
		assert_int_equal(json_is_null(json_object_get(json, "firewall_ms")),
		    rows[i].verdict == EVIDENCE_BLIND || rows[i].verdict == EVIDENCE_PEER_CLOSES);
		assert_int_equal(
		    json_array_size(json_object_get(json, "matches")) > 0, r.view.common);
		json_decref(json);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(progress_is_a_line),
	    cmocka_unit_test(the_picture_is_between_the_bounds),
	    cmocka_unit_test(json_tells_what_is_not_known),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
