/* SPDX-License-Identifier: ISC */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "policy/survey.h"

#define S    INT64_C(1000)
#define HOUR (3600 * S)
#define DAY  (24 * HOUR)
#define SAFE (240 * S)

/* A result that is good enough to be adopted, unless the test changes it. */
static struct ladder_view
found(enum evidence_verdict verdict, int64_t lives_ms, int64_t dead_ms)
{
	return (struct ladder_view){.verdict = verdict,
	    .confidence = EVIDENCE_HIGH,
	    .finished = true,
	    .complete = true,
	    .precise = true,
	    .lives_ms = lives_ms,
	    .dead_ms = dead_ms,
	    .firewall_ms = dead_ms > 0 ? dead_ms : lives_ms,
	    .common = dead_ms > 0};
}

static void
conclude(struct survey *survey, struct ladder_view view, int64_t now_ms)
{
	assert_true(survey_concluded(survey, &view, now_ms));
}

static void
what_is_adopted(void **unused)
{
	static const struct {
		enum evidence_verdict verdict;
		int64_t lives_ms, dead_ms;
		enum survey_outcome outcome;
		int64_t in_force_ms;
	} cases[] = {
	    /* The lower edge, however common a value above it is. */
	    {EVIDENCE_FORGETS, 341700, 352000, SURVEY_FIREWALL, 341 * S},
	    {EVIDENCE_RESETS, 58200, 60100, SURVEY_FIREWALL, 58 * S},
	    {EVIDENCE_RESETS_BOTH, 9770, 10000, SURVEY_FIREWALL, 9700},
	    {EVIDENCE_FORGETS, 10000, 10300, SURVEY_FIREWALL, 10 * S},
	    {EVIDENCE_NO_EXPIRY, 7200000, 0, SURVEY_NO_LIMIT, 7200 * S},
	    /* Against these keepalive is of no use. */
	    {EVIDENCE_PEER_CLOSES, 19400, 20000, SURVEY_PEER, SAFE},
	    {EVIDENCE_BLIND, 19400, 20000, SURVEY_PEER, SAFE},
	};

	(void)unused;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct survey survey = {.failed = 3};

		conclude(
		    &survey, found(cases[i].verdict, cases[i].lives_ms, cases[i].dead_ms), 17 * S);
		assert_int_equal(survey.outcome, cases[i].outcome);
		assert_int_equal(survey_in_force_ms(&survey, SAFE), cases[i].in_force_ms);
		assert_int_equal(survey.measured_ms, 17 * S);
		assert_int_equal(survey.tried_ms, 17 * S);
		assert_int_equal(survey.failed, 0);
	}
}

static void
what_is_not_adopted(void **unused)
{
	struct ladder_view views[] = {
	    found(EVIDENCE_NOTHING, 100 * S, 0),
	    found(EVIDENCE_PATH_LOST, 100 * S, 120 * S),
	    found(EVIDENCE_FORGETS, 0, 4 * S),
	    found(EVIDENCE_FORGETS, 100 * S, 120 * S),
	    found(EVIDENCE_NO_EXPIRY, 100 * S, 0),
	    found(EVIDENCE_PEER_CLOSES, 100 * S, 120 * S),
	};

	(void)unused;
	for (size_t i = 3; i < 6; i++)
		views[i].confidence = EVIDENCE_LOW;
	for (size_t i = 0; i < sizeof(views) / sizeof(views[0]); i++) {
		struct survey nothing = {0}, before = {0};

		assert_false(survey_concluded(&nothing, &views[i], HOUR));
		assert_int_equal(nothing.outcome, SURVEY_UNKNOWN);
		assert_int_equal(nothing.failed, 1);
		assert_int_equal(nothing.tried_ms, HOUR);
		assert_int_equal(survey_in_force_ms(&nothing, SAFE), SAFE);
		/* What was known before stays so. */
		conclude(&before, found(EVIDENCE_FORGETS, 341 * S, 350 * S), 0);
		assert_false(survey_concluded(&before, &views[i], HOUR));
		assert_int_equal(survey_in_force_ms(&before, SAFE), 341 * S);
		assert_int_equal(before.measured_ms, 0);
	}
}

static void
the_first_one_waits_for_calm(void **unused)
{
	const struct survey survey = {0};
	int64_t earliest_ms = INT64_MAX, latest_ms = 0;

	(void)unused;
	for (uint32_t random = 0; random < 20000; random++) {
		int64_t due_ms = survey_due_ms(&survey, 1000 * HOUR, random * 2654435761u);

		earliest_ms = due_ms < earliest_ms ? due_ms : earliest_ms;
		latest_ms = due_ms > latest_ms ? due_ms : latest_ms;
	}
	assert_in_range(earliest_ms - 1000 * HOUR, SURVEY_CALM_MS, SURVEY_CALM_MS + 100);
	assert_in_range(latest_ms - 1000 * HOUR, 2 * SURVEY_CALM_MS - 100, 2 * SURVEY_CALM_MS);
}

static void
again_after_a_month(void **unused)
{
	static const enum evidence_verdict verdicts[] = {
	    EVIDENCE_FORGETS, EVIDENCE_NO_EXPIRY, EVIDENCE_PEER_CLOSES};

	(void)unused;
	for (size_t i = 0; i < 3; i++) {
		struct survey survey = {0};

		conclude(&survey, found(verdicts[i], 341 * S, 350 * S), 5 * DAY);
		assert_int_equal(survey_due_ms(&survey, 0, 0), 35 * DAY);
		/* Of a path that has just come up, not at once. */
		assert_int_equal(survey_due_ms(&survey, 90 * DAY, 0), 90 * DAY + SURVEY_CALM_MS);
		/* It is in force until then, and beyond. */
		assert_int_equal(survey_in_force_ms(&survey, SAFE), i < 2 ? 341 * S : SAFE);
	}
}

static void
failures_are_repeated_less_and_less(void **unused)
{
	const struct ladder_view nothing = found(EVIDENCE_NOTHING, 0, 0);
	struct survey survey = {0};
	int64_t now_ms = 0, pauses[12];

	(void)unused;
	for (int i = 0; i < 12; i++) {
		assert_false(survey_concluded(&survey, &nothing, now_ms));
		pauses[i] = survey_due_ms(&survey, 0, 0) - now_ms;
		now_ms += pauses[i];
	}
	assert_int_equal(pauses[0], 6 * HOUR);
	for (int i = 1; i < 12; i++)
		assert_int_equal(
		    pauses[i], 2 * pauses[i - 1] < 30 * DAY ? 2 * pauses[i - 1] : 30 * DAY);
	survey.failed = UINT32_MAX;
	assert_int_equal(survey_due_ms(&survey, 0, 0), survey.tried_ms + 30 * DAY);
	conclude(&survey, found(EVIDENCE_FORGETS, 100 * S, 110 * S), now_ms);
	assert_false(survey_concluded(&survey, &nothing, now_ms));
	assert_int_equal(survey_due_ms(&survey, 0, 0), now_ms + 6 * HOUR);
}

static void
a_death_contradicts_once(void **unused)
{
	struct survey survey = {0};

	(void)unused;
	assert_false(survey_contradicted(&survey, 1 * S));
	conclude(&survey, found(EVIDENCE_FORGETS, 341 * S, 350 * S), 0);
	assert_false(survey_contradicted(&survey, 342 * S));
	assert_false(survey.contradicted);
	assert_true(survey_contradicted(&survey, 300 * S));
	assert_false(survey_contradicted(&survey, 300 * S));
	/* No more than the safe one, and less if it was less. */
	assert_int_equal(survey_in_force_ms(&survey, SAFE), SAFE);
	assert_int_equal(survey_in_force_ms(&survey, 400 * S), 341 * S);

	survey = (struct survey){0};
	conclude(&survey, found(EVIDENCE_PEER_CLOSES, 19 * S, 20 * S), 0);
	assert_false(survey_contradicted(&survey, 1 * S));
}

/* Restarts of the peer, flushes: or the firewall, after all. */
static void
losses_of_three_moments_contradict_it(void **unused)
{
	struct survey survey = {0};

	(void)unused;
	assert_false(survey_lost(&survey, 1 * S, 2 * S));
	conclude(&survey, found(EVIDENCE_FORGETS, 341 * S, 350 * S), 3 * HOUR);
	assert_false(survey_lost(&survey, 3 * HOUR, 4 * HOUR));
	/* Another that the same moment explains, and one of another. */
	assert_false(survey_lost(&survey, 4 * HOUR, 5 * HOUR));
	assert_false(survey_lost(&survey, 4 * HOUR + 1, 5 * HOUR));
	/* Once a day is no hurry. */
	assert_false(survey_lost(&survey, 23 * HOUR, 24 * HOUR));
	assert_false(survey_lost(&survey, 47 * HOUR, 48 * HOUR));
	assert_false(survey_lost(&survey, 49 * HOUR, 50 * HOUR));
	assert_false(survey.contradicted);
	assert_true(survey_lost(&survey, 51 * HOUR, 54 * HOUR));
	assert_true(survey.contradicted);
	assert_int_equal(survey_in_force_ms(&survey, SAFE), SAFE);
	assert_false(survey_lost(&survey, 55 * HOUR, 56 * HOUR));
	/* What was lost before the next result says nothing about that. */
	conclude(&survey, found(EVIDENCE_FORGETS, 97 * S, 100 * S), 57 * HOUR);
	assert_false(survey_lost(&survey, 57 * HOUR, 58 * HOUR));
	assert_false(survey.contradicted);
}

static void
whoever_is_contradicted_time_and_again_waits(void **unused)
{
	const struct ladder_view nothing = found(EVIDENCE_NOTHING, 0, 0);
	struct survey survey = {0};
	int64_t pause_ms = HOUR;

	(void)unused;
	conclude(&survey, found(EVIDENCE_FORGETS, 341 * S, 350 * S), 0);
	for (int i = 0; i < 15; i++) {
		assert_true(survey_contradicted(&survey, 300 * S));
		assert_int_equal(survey_due_ms(&survey, 0, 0), survey.tried_ms + pause_ms);
		/* Long after the last: at once. */
		assert_int_equal(
		    survey_due_ms(&survey, 9000 * DAY, 0), 9000 * DAY + SURVEY_CALM_MS);
		conclude(&survey, found(EVIDENCE_FORGETS, 341 * S, 350 * S), survey.tried_ms);
		assert_false(survey.contradicted);
		assert_int_equal(survey_in_force_ms(&survey, SAFE), 341 * S);
		pause_ms = 2 * pause_ms < 30 * DAY ? 2 * pause_ms : 30 * DAY;
	}
	/* One that fails meanwhile makes it no sooner. */
	assert_true(survey_contradicted(&survey, 300 * S));
	assert_false(survey_concluded(&survey, &nothing, 0));
	assert_true(survey.contradicted);
	assert_int_equal(survey_due_ms(&survey, 0, 0), 30 * DAY);
	/* A month without forgives. */
	survey.contradicted = false;
	conclude(&survey, found(EVIDENCE_FORGETS, 341 * S, 350 * S), 0);
	assert_true(survey_contradicted(&survey, 300 * S));
	assert_int_equal(survey_due_ms(&survey, 0, 0), HOUR);
}

static int
idle_s(struct plan_wish wish, int64_t firewall_ms)
{
	struct plan plan;

	wish.firewall_ms = firewall_ms;
	return plan_make(&wish, &plan, NULL) == 0 ? plan.idle_s : 0;
}

/* Where it stops, no plan could be looser; sooner, it would not be as loose. */
static void
no_further_than_matters(void **unused)
{
	(void)unused;
	for (int64_t detect_ms = 8 * S; detect_ms < 6 * HOUR; detect_ms += detect_ms / 16) {
		const struct plan_wish wish = {
		    .detect_ms = detect_ms, .outage_ms = 2 * S, .lost_probes = 2};
		struct ladder_wish ladder;

		assert_true(survey_ladder(&wish, &ladder));
		assert_in_range(ladder.max_ms, 2 * SURVEY_MIN_MS, SURVEY_MAX_MS);
		assert_int_equal(idle_s(wish, ladder.max_ms), idle_s(wish, SURVEY_MAX_MS));
		if (ladder.max_ms > 2 * SURVEY_MIN_MS)
			assert_true(
			    idle_s(wish, ladder.max_ms - 3 * S) < idle_s(wish, SURVEY_MAX_MS));
		assert_true(ladder.connections <= 8);
		assert_int_equal(ladder.opens_per_second, 1);
	}
}

static void
exact_values_need_no_measurement(void **unused)
{
	const struct plan_wish wish = {.detect_ms = 600 * S,
	    .lost_probes = 2,
	    .exact_idle_s = 60,
	    .exact_interval_s = 10,
	    .exact_count = 4};
	struct ladder_wish ladder;

	(void)unused;
	assert_false(survey_ladder(&wish, &ladder));
}

static void
names_are_read_back(void **unused)
{
	(void)unused;
	for (int i = SURVEY_UNKNOWN; i <= SURVEY_PEER; i++)
		assert_int_equal(survey_outcome_of(survey_outcome_name((enum survey_outcome)i)), i);
	assert_int_equal(survey_outcome_of("something"), SURVEY_UNKNOWN);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(what_is_adopted),
	    cmocka_unit_test(what_is_not_adopted),
	    cmocka_unit_test(the_first_one_waits_for_calm),
	    cmocka_unit_test(again_after_a_month),
	    cmocka_unit_test(failures_are_repeated_less_and_less),
	    cmocka_unit_test(a_death_contradicts_once),
	    cmocka_unit_test(losses_of_three_moments_contradict_it),
	    cmocka_unit_test(whoever_is_contradicted_time_and_again_waits),
	    cmocka_unit_test(no_further_than_matters),
	    cmocka_unit_test(exact_values_need_no_measurement),
	    cmocka_unit_test(names_are_read_back),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
