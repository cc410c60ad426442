/* SPDX-License-Identifier: ISC */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "policy/pace.h"

/* A pace that has been going well for long. */
static struct pace
going(unsigned sessions)
{
	struct pace pace;

	pace_init(&pace, sessions);
	pace.window = PACE_MAX_WINDOW;
	return pace;
}

static unsigned
begin_all(struct pace *pace, int64_t now_ms)
{
	unsigned n = 0;

	for (; pace_has_room(pace) && pace_wait_ms(pace, now_ms) == 0; n++)
		pace_began(pace, now_ms);
	return n;
}

/* A server without a path to it, which has taken each session before we look again. */
static int64_t
time_for_all(struct pace *pace, int64_t now_ms)
{
	int64_t begun_ms = now_ms;

	for (unsigned up = 0;;) {
		unsigned n = begin_all(pace, now_ms);

		for (unsigned i = 0; i < n; i++)
			pace_succeeded(pace, false, now_ms);
		up += n;
		if (up >= pace->sessions)
			return now_ms - begun_ms;
		if (n == 0) {
			assert_true(pace_wait_ms(pace, now_ms) > 0);
			now_ms += pace_wait_ms(pace, now_ms);
		}
	}
}

static void
one_tries_first(void **unused)
{
	struct pace pace;

	(void)unused;
	pace_init(&pace, 1000);
	assert_int_equal(begin_all(&pace, 0), 1);
	assert_false(pace_has_room(&pace));
}

/* Each round trip doubles how many are under way, up to what a small listen queue takes. */
static void
others_follow_in_slow_start(void **unused)
{
	struct pace pace;
	unsigned wave = 1;
	int64_t now_ms = 0;

	(void)unused;
	pace_init(&pace, 1000);
	for (int round = 0; round < 12; round++) {
		now_ms += 100; /* the round trip: longer than what the rate asks for */
		while (pace_has_room(&pace)) {
			now_ms += pace_wait_ms(&pace, now_ms);
			pace_began(&pace, now_ms);
		}
		assert_int_equal(pace.in_flight, wave);
		for (unsigned i = 0; i < wave; i++)
			pace_succeeded(&pace, false, now_ms);
		wave = wave * 2 < PACE_MAX_WINDOW ? wave * 2 : PACE_MAX_WINDOW;
	}
	assert_int_equal(pace.window, PACE_MAX_WINDOW);
}

static void
a_failure_leaves_one_to_try(void **unused)
{
	struct pace pace = going(100000);

	(void)unused;
	assert_int_equal(begin_all(&pace, 0), PACE_MAX_WINDOW);
	pace_failed(&pace);
	assert_false(pace_has_room(&pace));
	for (int i = 1; i < PACE_MAX_WINDOW; i++)
		pace_failed(&pace);
	assert_int_equal(begin_all(&pace, 1000), 1);
}

static void
a_loss_leaves_one_to_find_out(void **unused)
{
	struct pace pace = going(1000);

	(void)unused;
	pace_doubt(&pace);
	assert_int_equal(begin_all(&pace, 0), 1);
}

static void
what_we_give_up_says_nothing(void **unused)
{
	struct pace pace = going(1000), before = pace;

	(void)unused;
	pace_began(&pace, 0);
	pace_withdrawn(&pace);
	before.next_us = pace.next_us;
	assert_memory_equal(&pace, &before, sizeof(pace));
}

static int64_t
spread_ms(unsigned sessions)
{
	return sessions > PACE_MANY ? PACE_SPREAD_MS * PACE_MANY / sessions : PACE_SPREAD_MS;
}

/* Many follow in the same time; very many in less; a few need not wait. */
static void
all_sessions_are_spread_over_the_same_time(void **unused)
{
	static const unsigned sessions[] = {501, 1000, 2345, 7500, 15000, 30000};

	(void)unused;
	for (size_t i = 0; i < sizeof(sessions) / sizeof(sessions[0]); i++) {
		struct pace pace = going(sessions[i]);
		int64_t took_ms = time_for_all(&pace, 77777);

		assert_in_range(took_ms, spread_ms(sessions[i]) * 85 / 100, spread_ms(sessions[i]));
	}
	for (unsigned few = 1; few <= PACE_FEW; few++) {
		struct pace pace = going(few);
		int64_t took_ms = time_for_all(&pace, 77777);

		assert_in_range(took_ms, few > 3 * PACE_BURST ? few / 2 : 0, few);
		assert_true(few > PACE_BURST || took_ms == 0);
	}
}

/* In no time, wherever it begins, do more begin than the rate and one burst. */
static void
no_burst_exceeds_its_bound(void **unused)
{
	static const unsigned sessions[] = {1, 100, 1000, 7500, 15000};

	(void)unused;
	srand(4711);
	for (size_t i = 0; i < sizeof(sessions) / sizeof(sessions[0]); i++) {
		struct pace pace = going(sessions[i]);
		double per_ms = sessions[i] > PACE_FEW
				    ? (double)sessions[i] / (double)spread_ms(sessions[i])
				    : 1.0;
		unsigned begun[2000];

		for (int ms = 0; ms < 2000; ms++) {
			/* The loop looks again now and then. */
			begun[ms] = rand() % 4 == 0 ? begin_all(&pace, ms) : 0;
			for (unsigned n = 0; n < begun[ms]; n++)
				pace_succeeded(&pace, false, ms);
		}
		for (int from = 0; from < 2000; from++)
			for (int to = from, n = 0; to < 2000 && to < from + 50; to++) {
				n += (int)begun[to];
				assert_true(n <= PACE_BURST + 1 +
						     (to - from + PACE_TICK_MS) * per_ms * 1.05);
			}
	}
}

static void
a_full_queue_doubles_the_time_and_halves_the_window(void **unused)
{
	struct pace pace = going(1000);
	int64_t now_ms = 5000;

	(void)unused;
	for (int64_t spread_ms = 2 * PACE_SPREAD_MS; spread_ms <= 2 * PACE_MAX_SPREAD_MS;
	     spread_ms *= 2) {
		unsigned window = pace.window;

		pace_began(&pace, now_ms);
		pace_succeeded(&pace, true, now_ms);
		assert_int_equal(pace.spread_ms,
		    spread_ms < PACE_MAX_SPREAD_MS ? spread_ms : PACE_MAX_SPREAD_MS);
		assert_int_equal(pace.window, window / 2);
		now_ms += PACE_EASE_EVERY_MS;
	}
	for (int i = 0; i < 10; i++) {
		pace_began(&pace, now_ms);
		pace_succeeded(&pace, true, now_ms);
	}
	assert_int_equal(pace.window, 1);
	pace.window = PACE_MAX_WINDOW;
	assert_in_range(
	    time_for_all(&pace, now_ms + 1000), PACE_MAX_SPREAD_MS * 9 / 10, PACE_MAX_SPREAD_MS);
}

/* Those that met the same full queue say so only once. */
static void
one_full_queue_counts_once(void **unused)
{
	struct pace pace = going(100000);

	(void)unused;
	assert_int_equal(begin_all(&pace, 5000), PACE_MAX_WINDOW);
	for (int i = 0; i < PACE_MAX_WINDOW; i++)
		pace_succeeded(&pace, true, 6000 + i);
	assert_int_equal(pace.spread_ms, 2 * PACE_SPREAD_MS);
	assert_int_equal(pace.window, 1);
}

/* Whoever could not follow once is hurried again little by little, and only if all goes well. */
static void
a_pace_recovers_slowly(void **unused)
{
	struct pace pace = going(1000);
	int rounds = 0;

	(void)unused;
	pace_began(&pace, 5000);
	pace_succeeded(&pace, true, 5000);
	pace.window = PACE_MAX_WINDOW;
	for (int64_t now_ms = 10000; pace.spread_ms > PACE_SPREAD_MS; now_ms += 10000, rounds++) {
		int64_t before_ms = pace.spread_ms;

		time_for_all(&pace, now_ms);
		assert_true(pace.spread_ms == PACE_SPREAD_MS ||
			    pace.spread_ms == before_ms - before_ms / 8);
	}
	assert_in_range(rounds, 4, 8);
}

static void
another_number_of_sessions_changes_the_rate(void **unused)
{
	struct pace pace = going(1000);

	(void)unused;
	pace_resize(&pace, 5000);
	assert_in_range(time_for_all(&pace, 0), PACE_SPREAD_MS * 9 / 10, PACE_SPREAD_MS);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(one_tries_first),
	    cmocka_unit_test(others_follow_in_slow_start),
	    cmocka_unit_test(a_failure_leaves_one_to_try),
	    cmocka_unit_test(a_loss_leaves_one_to_find_out),
	    cmocka_unit_test(what_we_give_up_says_nothing),
	    cmocka_unit_test(all_sessions_are_spread_over_the_same_time),
	    cmocka_unit_test(no_burst_exceeds_its_bound),
	    cmocka_unit_test(a_full_queue_doubles_the_time_and_halves_the_window),
	    cmocka_unit_test(one_full_queue_counts_once),
	    cmocka_unit_test(a_pace_recovers_slowly),
	    cmocka_unit_test(another_number_of_sessions_changes_the_rate),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
