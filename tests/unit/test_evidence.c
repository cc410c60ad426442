/* SPDX-License-Identifier: ISC */
#include "policy/evidence.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <cmocka.h>

#define MAX_MS 7200000

static struct evidence_death room[16];

static void
fresh(struct evidence *evidence)
{
	*evidence = (struct evidence){.death = room};
}

static void
die(struct evidence *evidence, int64_t idle_ms, int64_t data_ms, enum evidence_end end)
{
	const struct evidence_death death = {idle_ms, data_ms, end};

	evidence_died(evidence, &death);
}

/* A firewall of 100 s, seen as often as it takes, and outlived by a control. */
static void
measured(struct evidence *evidence, enum evidence_end end)
{
	fresh(evidence);
	evidence_lived(evidence, 97000, 97000);
	evidence_lived(evidence, 60000, 157000);
	for (int i = 0; i < 3; i++)
		die(evidence, 100500 + i, 100500 + i * 20000, end);
	evidence->control_ms = 120000;
}

static void
ends_make_the_verdict(void **unused)
{
	static const enum evidence_verdict verdicts[] = {
	    [EVIDENCE_SILENT] = EVIDENCE_FORGETS,
	    [EVIDENCE_RESET] = EVIDENCE_RESETS,
	    [EVIDENCE_ABORT] = EVIDENCE_RESETS_BOTH,
	    [EVIDENCE_CLOSE] = EVIDENCE_RESETS_BOTH,
	};
	struct evidence evidence;

	(void)unused;
	for (unsigned end = EVIDENCE_SILENT; end <= EVIDENCE_CLOSE; end++) {
		measured(&evidence, (enum evidence_end)end);
		assert_int_equal(evidence_verdict(&evidence, MAX_MS), verdicts[end]);
		assert_int_equal(evidence_confidence(&evidence, true), EVIDENCE_HIGH);
		assert_int_equal(evidence_confidence(&evidence, false), EVIDENCE_LOW);
	}
}

static void
the_bracket_is_between_life_and_death(void **unused)
{
	struct evidence evidence;
	struct evidence_bracket b;

	(void)unused;
	measured(&evidence, EVIDENCE_SILENT);
	b = evidence_bracket(&evidence);
	assert_int_equal(b.low_ms, 97000);
	assert_int_equal(b.high_ms, 100500);
	assert_int_equal(b.support, 3);
	assert_int_equal(b.needed, 3);
	/* What ends by itself ends at the expiry. */
	measured(&evidence, EVIDENCE_ABORT);
	b = evidence_bracket(&evidence);
	assert_int_equal(b.low_ms, 100500 - 1005);
}

/* Deaths at ages at which others live say nothing of the age, but that there is reason for doubt.
 */
static void
scattered_deaths_ask_for_more(void **unused)
{
	struct evidence evidence;

	(void)unused;
	measured(&evidence, EVIDENCE_SILENT);
	die(&evidence, 50000, 50000, EVIDENCE_SILENT);
	assert_int_equal(evidence_bracket(&evidence).scattered, 1);
	assert_int_equal(evidence_bracket(&evidence).needed, 4);
	assert_int_equal(evidence_bracket(&evidence).high_ms, 100500);
	assert_int_equal(evidence_confidence(&evidence, true), EVIDENCE_LOW);
	die(&evidence, 100600, 100600, EVIDENCE_SILENT);
	assert_int_equal(evidence_confidence(&evidence, true), EVIDENCE_MEDIUM);
}

static void
a_life_refutes_a_death(void **unused)
{
	struct evidence evidence;

	(void)unused;
	measured(&evidence, EVIDENCE_SILENT);
	evidence_lived(&evidence, 300000, 300000);
	assert_int_equal(evidence_bracket(&evidence).high_ms, 0);
	assert_int_equal(evidence_bracket(&evidence).scattered, 3);
	assert_int_equal(evidence_verdict(&evidence, MAX_MS), EVIDENCE_NOTHING);
	assert_int_equal(evidence_verdict(&evidence, 300000), EVIDENCE_NO_EXPIRY);
}

/* The other end closes at 20 s, whoever was probed meanwhile. */
static void
a_control_that_dies_alike_shows_who_closes(void **unused)
{
	struct evidence evidence;

	(void)unused;
	fresh(&evidence);
	evidence_lived(&evidence, 14000, 14000);
	evidence.lived_data_ms = 19000;
	evidence_control_died(&evidence, 19000, 20000);
	evidence_reconsider(&evidence, 0, 1);
	assert_false(evidence.blind);
	die(&evidence, 20010, 20010, EVIDENCE_CLOSE);
	die(&evidence, 6010, 20010, EVIDENCE_CLOSE);
	evidence_reconsider(&evidence, 0, 1);
	assert_true(evidence.blind);
	assert_int_equal(evidence_verdict(&evidence, MAX_MS), EVIDENCE_PEER_CLOSES);
	assert_int_equal(evidence_bracket(&evidence).high_ms, 20010);
	assert_int_equal(evidence_bracket(&evidence).scattered, 0);
}

/* A control that was evicted is no reason to blame the other end as long as another lives on. */
static void
a_control_that_lives_speaks_against_it(void **unused)
{
	struct evidence evidence;

	(void)unused;
	measured(&evidence, EVIDENCE_SILENT);
	evidence_control_died(&evidence, 95000, 101000);
	evidence_reconsider(&evidence, 130000, 1);
	assert_false(evidence.blind);
}

/* Nor one that had outlived them, nor one that died sooner, nor while another is as old. */
static void
controls_that_die_otherwise_show_nothing(void **unused)
{
	static const struct {
		int64_t alive_ms, dead_ms, eldest_ms;
		bool blind;
	} rows[] = {{90000, 110000, 0, true}, {110000, 120000, 0, false}, {60000, 70000, 0, false},
	    {90000, 110000, 95000, false}};
	struct evidence evidence;

	(void)unused;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		fresh(&evidence);
		evidence_lived(&evidence, 80000, 80000);
		die(&evidence, 100500, 100500, EVIDENCE_SILENT);
		die(&evidence, 21000, 101000, EVIDENCE_SILENT);
		evidence_control_died(&evidence, rows[i].alive_ms, rows[i].dead_ms);
		evidence_reconsider(&evidence, rows[i].eldest_ms, 1);
		assert_int_equal(evidence.blind, rows[i].blind);
	}
}

static void
keepalive_may_count_for_nothing(void **unused)
{
	struct evidence evidence;

	(void)unused;
	fresh(&evidence);
	evidence_lived(&evidence, 80000, 80000);
	die(&evidence, 100500, 100500, EVIDENCE_SILENT);
	die(&evidence, 21000, 101000, EVIDENCE_SILENT);
	evidence_control_died(&evidence, 90000, 110000);
	evidence_reconsider(&evidence, 0, 1);
	assert_int_equal(evidence_verdict(&evidence, MAX_MS), EVIDENCE_BLIND);
	assert_int_equal(evidence_bracket(&evidence).high_ms, 100500);
}

static void
a_control_must_outlive_the_expiry(void **unused)
{
	struct evidence evidence;
	struct evidence_bracket b;

	(void)unused;
	measured(&evidence, EVIDENCE_SILENT);
	evidence.control_ms = 99000;
	b = evidence_bracket(&evidence);
	assert_false(evidence_control_outlived(&evidence, &b));
	assert_int_equal(evidence_confidence(&evidence, true), EVIDENCE_MEDIUM);
	evidence.control_ms = 100500;
	assert_true(evidence_control_outlived(&evidence, &b));
	b.end = EVIDENCE_ABORT; /* might come to the control in a moment */
	assert_false(evidence_control_outlived(&evidence, &b));
}

static void
names_are_distinct(void **unused)
{
	static const char *const confidences[] = {"low", "medium", "high", "?"};

	(void)unused;
	for (unsigned i = 0; i < 4; i++)
		assert_string_equal(
		    evidence_confidence_name((enum evidence_confidence)i), confidences[i]);
	assert_string_equal(
	    evidence_verdict_name((enum evidence_verdict)(EVIDENCE_UPSET + 1)), "?");
	for (unsigned a = EVIDENCE_NOTHING; a <= EVIDENCE_UPSET; a++)
		for (unsigned b = EVIDENCE_NOTHING; b < a; b++)
			assert_string_not_equal(evidence_verdict_name((enum evidence_verdict)a),
			    evidence_verdict_name((enum evidence_verdict)b));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(ends_make_the_verdict),
	    cmocka_unit_test(the_bracket_is_between_life_and_death),
	    cmocka_unit_test(scattered_deaths_ask_for_more),
	    cmocka_unit_test(a_life_refutes_a_death),
	    cmocka_unit_test(a_control_that_dies_alike_shows_who_closes),
	    cmocka_unit_test(a_control_that_lives_speaks_against_it),
	    cmocka_unit_test(controls_that_die_otherwise_show_nothing),
	    cmocka_unit_test(keepalive_may_count_for_nothing),
	    cmocka_unit_test(a_control_must_outlive_the_expiry),
	    cmocka_unit_test(names_are_distinct),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
