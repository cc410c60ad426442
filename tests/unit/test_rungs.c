/* SPDX-License-Identifier: ISC */
#include "policy/rungs.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdbool.h>
#include <cmocka.h>

#include "policy/firewalls.h"

#define MIN_MS 4000
#define MAX_MS 7200000

static bool
has(const struct rungs *rungs, int64_t low_ms, int64_t high_ms)
{
	for (unsigned i = 0; i < rungs->n; i++)
		if (rungs->age_ms[i] > low_ms && rungs->age_ms[i] < high_ms)
			return true;
	return false;
}

static void
ascend(const struct rungs *rungs, int64_t low_ms, int64_t high_ms, int gap_permille)
{
	int64_t before = low_ms;

	for (unsigned i = 0; i < rungs->n; i++) {
		assert_true(rungs->age_ms[i] > before && rungs->age_ms[i] < high_ms);
		/* One in a thousand for what is rounded to milliseconds. */
		assert_true((rungs->age_ms[i] - before) * 1000 <= before * (gap_permille + 1));
		before = rungs->age_ms[i];
	}
	assert_true((high_ms - before) * 1000 <= before * (gap_permille + 1));
}

static void
no_gap_is_wider_than_asked_for(void **unused)
{
	static const int gaps[] = {5, 20, 50, 300, 4000};
	struct rungs rungs;

	(void)unused;
	for (size_t i = 0; i < sizeof(gaps) / sizeof(gaps[0]); i++) {
		rungs_split(&rungs, 100000, 300000, 50, gaps[i]);
		ascend(&rungs, 100000, 300000, gaps[i]);
	}
}

/* Within the precision on both sides, so that two probes tell the common value. */
static void
common_values_are_enclosed(void **unused)
{
	struct rungs rungs;

	(void)unused;
	rungs_fit(&rungs, MIN_MS, MAX_MS, 50, 30);
	for (size_t i = 0; i < firewall_count(); i++) {
		int64_t common = firewall_at(i)->idle_timeout_s * (int64_t)1000;

		if (common > MAX_MS)
			continue;
		assert_true(has(&rungs, common - common * 35 / 1000, common));
		assert_true(has(&rungs, common, common + common * 10 / 1000));
	}
}

static void
more_sessions_make_it_denser(void **unused)
{
	unsigned before = 0;
	struct rungs rungs;

	(void)unused;
	for (unsigned sessions = 20; sessions <= 80; sessions += 20) {
		rungs_fit(&rungs, MIN_MS, MAX_MS, 50, sessions);
		assert_true(rungs_sessions(&rungs) <= sessions);
		assert_true(rungs.n > before);
		assert_int_equal(rungs.age_ms[0], MIN_MS);
		assert_int_equal(rungs.age_ms[rungs.n - 1], MAX_MS);
		before = rungs.n;
	}
}

static void
there_is_room_for_the_densest(void **unused)
{
	struct rungs rungs;

	(void)unused;
	rungs_fit(&rungs, 1000, 32400000, 5, 500);
	assert_true(rungs.n <= RUNGS_MAX);
	assert_int_equal(rungs.age_ms[0], 1000);
	assert_int_equal(rungs.age_ms[rungs.n - 1], 32400000);
}

/* A session that has lived serves again: three rungs one after the other take one. */
static void
sessions_that_lived_are_counted_once(void **unused)
{
	const struct rungs apart = {.n = 3, .age_ms = {1000, 100000, 10000000}};
	const struct rungs close = {.n = 3, .age_ms = {1000, 1100, 1200}};

	(void)unused;
	assert_int_equal(rungs_sessions(&apart), 1);
	assert_int_equal(rungs_sessions(&close), 3);
}

static void
one_common_value_is_named(void **unused)
{
	(void)unused;
	assert_int_equal(rungs_common(340000, 352000), 350000);
	assert_int_equal(rungs_common(350000, 352000), 0); /* sessions live that long */
	assert_int_equal(rungs_common(340000, 350000), 350000);
	assert_int_equal(rungs_common(352000, 360000), 0);
	assert_int_equal(rungs_common(290000, 352000), 0);	/* 300 and 350 */
	assert_int_equal(rungs_common(200000, 250000), 240000); /* that of several presets */
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(no_gap_is_wider_than_asked_for),
	    cmocka_unit_test(common_values_are_enclosed),
	    cmocka_unit_test(more_sessions_make_it_denser),
	    cmocka_unit_test(there_is_room_for_the_densest),
	    cmocka_unit_test(sessions_that_lived_are_counted_once),
	    cmocka_unit_test(one_common_value_is_named),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
