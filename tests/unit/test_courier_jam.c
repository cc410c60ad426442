/* SPDX-License-Identifier: ISC */

/* What is lost when a courier does not get on, and how it is told. */
#include "host/courier.h"

#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "courier_line.h"

/* What a reader finds after a jam: all that was taken, in order, and how many are missing where. */
static void
a_jam_loses_what_it_must_and_says_how_much(void **state)
{
	struct line *line = *state;
	struct courier *courier;
	uint64_t taken = 0, lost = 0;

	line_fill(line);
	assert_int_equal(courier_open("test", 8192, &line->carrier, &courier), 0);
	for (int i = 0; i < 5000; i++) {
		char text[16];
		int n = snprintf(text, sizeof(text), "%d", i);

		if (courier_post(courier, text, (size_t)n) == 0) {
			/* The jam does not end, so neither does the gap. */
			assert_int_equal(lost, 0);
			taken++;
		} else {
			lost++;
		}
	}
	assert_true(taken > 100);
	assert_int_equal(taken + lost, 5000);
	assert_int_equal(courier_lost(courier), lost);
	for (uint64_t i = 0; i < taken; i++)
		assert_int_equal(strtoull(line_next(line), NULL, 10), i);

	char report[40];

	snprintf(report, sizeof(report), "(lost %" PRIu64 ")", lost);
	assert_string_equal(line_next(line), report);

	/* Said once: what follows is the next record. */
	assert_int_equal(courier_post(courier, "after", 5), 0);
	assert_string_equal(line_next(line), "after");
	assert_int_equal(courier_lost(courier), lost);
	assert_true(courier_close(courier, PATIENCE_MS));
}

/* Records taken again after the gap, before the queue is empty: the report comes between. */
static void
a_gap_is_reported_where_it_is(void **state)
{
	struct line *line = *state;
	struct courier *courier;
	uint64_t before = 0, lost = 0, after = 0;

	line_fill(line);
	assert_int_equal(courier_open("test", 1024, &line->carrier, &courier), 0);
	while (courier_post(courier, "before", 6) == 0)
		before++;
	lost = 1;
	/* Read until half of the queue has left and it takes records again. */
	while (courier_post(courier, "after", 5) < 0) {
		lost++;
		assert_true(before > 0);
		assert_string_equal(line_next(line), "before");
		before--;
	}
	assert_true(before > 0);
	for (; before > 0; before--)
		assert_string_equal(line_next(line), "before");

	char report[40];

	snprintf(report, sizeof(report), "(lost %" PRIu64 ")", lost);
	assert_string_equal(line_next(line), report);
	assert_string_equal(line_next(line), "after");
	after = courier_lost(courier);
	assert_int_equal(after, lost);
	assert_true(courier_close(courier, PATIENCE_MS));
}

/* Minor records lose first, and what takes the room they leave makes no gap of its own. */
static void
minor_records_leave_room_for_others(void **state)
{
	struct line *line = *state;
	struct courier *courier;
	uint64_t minor = 0, major = 0, lost = 0;
	char report[40];

	line_fill(line);
	assert_int_equal(courier_open("test", 8192, &line->carrier, &courier), 0);
	while (courier_post_minor(courier, "minor", 5) == 0)
		minor++;
	for (lost = 1; courier_post(courier, "major", 5) == 0; lost++) {
		major++;
		assert_true(courier_post_minor(courier, "minor", 5) < 0);
	}
	lost++;
	assert_in_range(major, minor / 4, minor / 2);
	assert_int_equal(courier_lost(courier), lost);
	for (uint64_t i = 0; i < minor; i++)
		assert_string_equal(line_next(line), "minor");
	for (uint64_t i = 0; i < major; i++)
		assert_string_equal(line_next(line), "major");
	snprintf(report, sizeof(report), "(lost %" PRIu64 ")", lost);
	assert_string_equal(line_next(line), report);
	assert_int_equal(courier_post_minor(courier, "minor", 5), 0);
	assert_string_equal(line_next(line), "minor");
	assert_true(courier_close(courier, PATIENCE_MS));
}

/* The queue need not be empty: at half of it both are taken again, whichever comes first. */
static void
both_are_taken_again_at_half(void **state)
{
	struct line *line = *state;
	struct courier *courier;
	uint64_t before = 0, lost = 1;
	char report[40];

	line_fill(line);
	assert_int_equal(courier_open("test", 1024, &line->carrier, &courier), 0);
	while (courier_post_minor(courier, "before", 6) == 0)
		before++;
	while (courier_post_minor(courier, "after", 5) < 0) {
		lost++;
		assert_true(before > 0);
		assert_string_equal(line_next(line), "before");
		before--;
	}
	assert_true(before > 0);
	assert_int_equal(courier_post(courier, "major", 5), 0);
	for (; before > 0; before--)
		assert_string_equal(line_next(line), "before");
	snprintf(report, sizeof(report), "(lost %" PRIu64 ")", lost);
	assert_string_equal(line_next(line), report);
	assert_string_equal(line_next(line), "after");
	assert_string_equal(line_next(line), "major");
	assert_true(courier_close(courier, PATIENCE_MS));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, line_setup, line_teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(a_jam_loses_what_it_must_and_says_how_much),
	    TEST(a_gap_is_reported_where_it_is),
	    TEST(minor_records_leave_room_for_others),
	    TEST(both_are_taken_again_at_half),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
