/* SPDX-License-Identifier: ISC */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "policy/burst.h"

static unsigned
offer(struct burst *burst, unsigned n, int64_t now_ms)
{
	unsigned told = 0;

	while (n-- > 0)
		told += burst_admit(burst, now_ms);
	return told;
}

static void
a_few_are_told_one_by_one(void **unused)
{
	struct burst burst = {0};

	(void)unused;
	for (int64_t now_ms = 0; now_ms < 100 * BURST_WINDOW_MS; now_ms += BURST_WINDOW_MS)
		assert_int_equal(offer(&burst, BURST_LINES, now_ms), BURST_LINES);
	assert_int_equal(burst_due_ms(&burst), -1);
}

static void
the_rest_is_counted(void **unused)
{
	struct burst burst = {0};

	(void)unused;
	assert_int_equal(offer(&burst, 10000, 500), BURST_LINES);
	assert_int_equal(burst_due_ms(&burst), 500 + BURST_WINDOW_MS);
	assert_int_equal(burst_flush(&burst, 500 + BURST_WINDOW_MS), 10000 - BURST_LINES);
	assert_int_equal(burst_due_ms(&burst), -1);
	/* Told once: a second flush has nothing. */
	assert_int_equal(burst_flush(&burst, 500 + BURST_WINDOW_MS), 0);
}

/* Whatever is held back is told at the end, even if the flush comes late. */
static void
nothing_is_lost_where_the_flush_is_late(void **unused)
{
	struct burst burst = {0};

	(void)unused;
	offer(&burst, BURST_LINES + 1, 0);
	assert_int_equal(offer(&burst, 5, 10 * BURST_WINDOW_MS), 0);
	assert_int_equal(burst_flush(&burst, 10 * BURST_WINDOW_MS), 6);
}

/* A storm of an hour, a hundred events a second, is told in a handful of lines. */
static void
a_storm_is_told_at_growing_intervals(void **unused)
{
	struct burst burst = {0};
	unsigned lines = 0, told = 0, sums = 0;

	(void)unused;
	for (int64_t now_ms = 0; now_ms < 3600000; now_ms += 10) {
		if (burst_due_ms(&burst) >= 0 && now_ms >= burst_due_ms(&burst)) {
			told += burst_flush(&burst, now_ms);
			sums++;
		}
		if (burst_admit(&burst, now_ms)) {
			lines++;
			told++;
		}
	}
	assert_int_equal(told + burst.held, 360000);
	assert_int_equal(lines, BURST_LINES);
	assert_in_range(sums, 60, 66); /* 1, 2, 4 .. 60 s, then one a minute */
}

static void
quiet_ends_the_storm(void **unused)
{
	struct burst burst = {0};

	(void)unused;
	offer(&burst, 1000, 0);
	burst_flush(&burst, BURST_WINDOW_MS);
	assert_int_equal(offer(&burst, 3, 4 * BURST_WINDOW_MS), 3);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_few_are_told_one_by_one),
	    cmocka_unit_test(the_rest_is_counted),
	    cmocka_unit_test(nothing_is_lost_where_the_flush_is_late),
	    cmocka_unit_test(a_storm_is_told_at_growing_intervals),
	    cmocka_unit_test(quiet_ends_the_storm),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
