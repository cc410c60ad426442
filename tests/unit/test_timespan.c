/* SPDX-License-Identifier: ISC */
#include "policy/timespan.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static void
exact(void **state)
{
	static const struct {
		int64_t ms;
		const char *text;
	} rows[] = {
	    {0, "0"},
	    {1, "1ms"},
	    {350, "350ms"},
	    {1500, "1s 500ms"},
	    {286000, "4min 46s"},
	    {300000, "5min"},
	    {7440000, "2h 4min"},
	    {432000000, "5d"},
	    {90061001, "1d 1h 1min 1s 1ms"},
	    {-61000, "-1min 1s"},
	    {INT64_MAX, "106751991167d 7h 12min 55s 807ms"},
	    {INT64_MIN, "-106751991167d 7h 12min 55s 808ms"},
	};
	char buf[TIMESPAN_MAX];

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		assert_string_equal(timespan_text(rows[i].ms, buf, sizeof(buf)), rows[i].text);
		assert_true(strlen(buf) < sizeof(buf) - 1);
	}
}

static void
brief(void **state)
{
	static const struct {
		int64_t ms;
		const char *text;
	} rows[] = {
	    {0, "0"},
	    {999, "999ms"},
	    {1234, "1s 234ms"},
	    {9999, "9s 999ms"},
	    {10000, "10s"},
	    {12345, "12s"},
	    {184345, "3min 4s"},
	    {60999, "1min"},
	    {90061000, "1d 1h"},
	    {86700000, "1d"},
	    {-184345, "-3min 4s"},
	};
	char buf[TIMESPAN_MAX];

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		assert_string_equal(timespan_brief(rows[i].ms, buf, sizeof(buf)), rows[i].text);
}

static void
written(void **state)
{
	static const struct {
		int64_t ms;
		const char *text;
	} rows[] = {
	    {0, "0"},
	    {350000, "350s"},
	    {1000, "1s"},
	    {1500, "1s 500ms"},
	    {999000, "999s"},
	    {1000000, "16min 40s"},
	    {7440000, "2h 4min"},
	    {-5000, "-5s"},
	};
	char buf[TIMESPAN_MAX];

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		assert_string_equal(timespan_written(rows[i].ms, buf, sizeof(buf)), rows[i].text);
}

/* A buffer too small is cut, ended, and not written past. */
static void
small_buffer(void **state)
{
	char buf[TIMESPAN_MAX];

	(void)state;
	for (size_t size = 1; size < 20; size++) {
		memset(buf, '#', sizeof(buf));
		timespan_text(90061001, buf, size);
		assert_int_equal(strlen(buf), size - 1 < 17 ? size - 1 : 17);
		assert_memory_equal(buf, "1d 1h 1min 1s 1ms", strlen(buf));
		assert_int_equal(buf[size], '#');
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(exact),
	    cmocka_unit_test(brief),
	    cmocka_unit_test(written),
	    cmocka_unit_test(small_buffer),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
