/* SPDX-License-Identifier: ISC */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "policy/backoff.h"

static const struct backoff policy = {
    .first_ms = 1000, .max_ms = 300000, .factor = 2, .stable_ms = 30000};

static void
grows_by_the_factor_up_to_the_cap(void **unused)
{
	static const int64_t ceilings[] = {
	    1000, 2000, 4000, 8000, 16000, 32000, 64000, 128000, 256000, 300000, 300000};

	(void)unused;
	for (unsigned i = 0; i < sizeof(ceilings) / sizeof(ceilings[0]); i++)
		assert_int_equal(backoff_ceiling_ms(&policy, i + 1), ceilings[i]);
	assert_int_equal(backoff_ceiling_ms(&policy, 1000000000), 300000);
}

static void
jitter_covers_the_whole_interval_and_no_more(void **unused)
{
	(void)unused;
	for (unsigned failures = 1; failures < 40; failures++) {
		int64_t ceiling = backoff_ceiling_ms(&policy, failures);

		assert_int_equal(backoff_delay_ms(&policy, failures, 0), 1);
		assert_int_equal(backoff_delay_ms(&policy, failures, UINT32_MAX), ceiling);
		assert_in_range(backoff_delay_ms(&policy, failures, UINT32_MAX / 2), ceiling / 2,
		    ceiling / 2 + 1);
	}
}

/* Clients that have all reached the cap must not march in step: their delays still differ. */
static void
jitter_comes_after_the_cap(void **unused)
{
	(void)unused;
	assert_int_not_equal(backoff_delay_ms(&policy, 30, UINT32_MAX / 3),
	    backoff_delay_ms(&policy, 30, UINT32_MAX / 3 * 2));
}

static void
a_factor_of_one_stays_at_the_first(void **unused)
{
	const struct backoff flat = {.first_ms = 500, .max_ms = 300000, .factor = 1};

	(void)unused;
	assert_int_equal(backoff_ceiling_ms(&flat, 1), 500);
	assert_int_equal(backoff_ceiling_ms(&flat, 4000), 500);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(grows_by_the_factor_up_to_the_cap),
	    cmocka_unit_test(jitter_covers_the_whole_interval_and_no_more),
	    cmocka_unit_test(jitter_comes_after_the_cap),
	    cmocka_unit_test(a_factor_of_one_stays_at_the_first),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
