/* SPDX-License-Identifier: ISC */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>

#include "policy/beat.h"

static const struct beat_terms usual = {.every_ms = 50000, .timeout_ms = 10000};

/* A beat may be early, so that many are spread, and is never late. */
static void
it_comes_within_the_time_and_not_much_earlier(void **unused)
{
	(void)unused;
	assert_int_equal(beat_wait_ms(&usual, BEAT_REST, 0, 0), 43750);
	assert_int_equal(beat_wait_ms(&usual, BEAT_REST, 0, UINT32_MAX), 50000);
	assert_int_equal(beat_wait_ms(&usual, BEAT_FIRST, 0, 0), 25000);
	assert_int_equal(beat_wait_ms(&usual, BEAT_FIRST, 0, UINT32_MAX), 50000);
	assert_int_equal(beat_wait_ms(&usual, BEAT_REST, 40000, 0), 3750);
	assert_int_equal(beat_least_ms(&usual, BEAT_SOON), 0);
}

static void
what_is_overdue_comes_soon_but_not_all_at_once(void **unused)
{
	(void)unused;
	assert_int_equal(beat_wait_ms(&usual, BEAT_REST, 50000, 0), 1);
	assert_int_equal(beat_wait_ms(&usual, BEAT_REST, INT64_MAX / 2, UINT32_MAX), 5000);
}

static void
whatever_the_terms(void **unused)
{
	(void)unused;
	srandom(1);
	for (int round = 0; round < 100000; round++) {
		int64_t every = 1000 + random() % (7 * 86400000L);
		const struct beat_terms terms = {every, 100 + random() % (every - 100)};
		enum beat_state state = random() % 2 ? BEAT_FIRST : BEAT_REST;
		int64_t quiet = random() % (2 * every);
		uint32_t chance = (uint32_t)random() << 1;
		int64_t wait = beat_wait_ms(&terms, state, quiet, chance);

		assert_true(wait >= 1);
		if (quiet < every) {
			assert_true(quiet + wait <= every);
			assert_true(quiet + wait >= beat_least_ms(&terms, state));
		} else {
			assert_true(wait <= terms.timeout_ms);
		}
	}
}

/* A thousand sessions that fell quiet at once: no tenth of their range is crowded or empty. */
static void
they_are_spread_evenly(void **unused)
{
	unsigned tenths[10] = {0};

	(void)unused;
	srandom(1);
	for (int i = 0; i < 1000; i++) {
		uint32_t chance = (uint32_t)random() << 1;

		tenths[(beat_wait_ms(&usual, BEAT_REST, 0, chance) - 43750) * 10 / 6251]++;
	}
	for (int i = 0; i < 10; i++)
		assert_in_range(tenths[i], 60, 140);
}

static void
silence_is_the_applications_only_where_the_kernel_answers(void **unused)
{
	(void)unused;
	assert_int_equal(beat_judge(BEAT_ASKED, false, 300000), BEAT_UNANSWERED);
	assert_int_equal(beat_judge(BEAT_ASKED, false, -1), BEAT_UNANSWERED);
	assert_int_equal(beat_judge(BEAT_ASKED, true, 1), BEAT_WAITS);
	assert_int_equal(beat_judge(BEAT_ADRIFT, true, 1), BEAT_WAITS);
	assert_int_equal(beat_judge(BEAT_ADRIFT, true, 0), BEAT_UNREACHABLE);
	/* It has arrived by now: the application has not had its time. */
	assert_int_equal(beat_judge(BEAT_ADRIFT, false, 300000), BEAT_WAITS);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(it_comes_within_the_time_and_not_much_earlier),
	    cmocka_unit_test(what_is_overdue_comes_soon_but_not_all_at_once),
	    cmocka_unit_test(whatever_the_terms),
	    cmocka_unit_test(they_are_spread_evenly),
	    cmocka_unit_test(silence_is_the_applications_only_where_the_kernel_answers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
