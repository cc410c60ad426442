/* SPDX-License-Identifier: ISC */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "policy/pace.h"

static unsigned
begin_all(struct pace *pace)
{
	unsigned n = 0;

	for (; pace_admits(pace); n++)
		pace_began(pace);
	return n;
}

static void
one_tries_first(void **unused)
{
	struct pace pace;

	(void)unused;
	pace_init(&pace);
	assert_int_equal(begin_all(&pace), 1);
	assert_false(pace_admits(&pace));
}

/* Each round trip doubles how many are under way, up to what a small listen queue takes. */
static void
others_follow_in_slow_start(void **unused)
{
	struct pace pace;
	unsigned wave = 1;

	(void)unused;
	pace_init(&pace);
	for (int round = 0; round < 12; round++) {
		assert_int_equal(begin_all(&pace), wave);
		for (unsigned i = 0; i < wave; i++)
			pace_succeeded(&pace, false);
		wave = wave * 2 < PACE_MAX_WINDOW ? wave * 2 : PACE_MAX_WINDOW;
	}
	assert_int_equal(pace.window, PACE_MAX_WINDOW);
}

static void
a_failure_leaves_one_to_try(void **unused)
{
	struct pace pace = {.window = 100, .in_flight = 0};

	(void)unused;
	assert_int_equal(begin_all(&pace), 100);
	pace_failed(&pace);
	assert_false(pace_admits(&pace));
	for (int i = 0; i < 99; i++)
		pace_failed(&pace);
	assert_int_equal(begin_all(&pace), 1);
}

static void
a_loss_leaves_one_to_find_out(void **unused)
{
	struct pace pace = {.window = 100, .in_flight = 0};

	(void)unused;
	pace_doubt(&pace);
	assert_int_equal(begin_all(&pace), 1);
}

static void
a_full_listen_queue_halves_the_window(void **unused)
{
	struct pace pace = {.window = 64, .in_flight = 1};

	(void)unused;
	pace_succeeded(&pace, true);
	assert_int_equal(pace.window, 32);
	pace = (struct pace){.window = 1, .in_flight = 1};
	pace_succeeded(&pace, true);
	assert_int_equal(pace.window, 1);
}

static void
what_we_give_up_says_nothing(void **unused)
{
	struct pace pace = {.window = 7, .in_flight = 3};

	(void)unused;
	pace_withdrawn(&pace);
	assert_int_equal(pace.window, 7);
	assert_int_equal(pace.in_flight, 2);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(one_tries_first),
	    cmocka_unit_test(others_follow_in_slow_start),
	    cmocka_unit_test(a_failure_leaves_one_to_try),
	    cmocka_unit_test(a_loss_leaves_one_to_find_out),
	    cmocka_unit_test(a_full_listen_queue_halves_the_window),
	    cmocka_unit_test(what_we_give_up_says_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
