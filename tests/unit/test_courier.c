/* SPDX-License-Identifier: ISC */
#include "host/courier.h"

#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>
#include <cmocka.h>

#include "courier_line.h"

static int64_t
now_ms(clockid_t clock)
{
	struct timespec now;

	clock_gettime(clock, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static void
records_arrive_in_order(void **state)
{
	struct line *line = *state;
	struct courier *courier;

	assert_int_equal(courier_open("test", 4096, &line->carrier, &courier), 0);
	for (int i = 0; i < 10000; i++) {
		char text[16];
		int n = snprintf(text, sizeof(text), "%d", i);

		assert_int_equal(courier_post(courier, text, (size_t)n), 0);
		assert_string_equal(line_next(line), text);
	}
	assert_int_equal(courier_lost(courier), 0);
	assert_true(courier_close(courier, PATIENCE_MS));
}

static void
what_cannot_be_delivered_is_lost_too(void **state)
{
	struct line *line = *state;
	struct courier *courier;

	/* Of six calls: the first record, the second's report, the second, ... */
	line->refuse = 5;
	assert_int_equal(courier_open("test", 4096, &line->carrier, &courier), 0);
	for (int i = 0; i < 4; i++)
		assert_int_equal(courier_post(courier, &"abcd"[i], 1), 0);
	assert_string_equal(line_next(line), "(lost 3)");
	assert_string_equal(line_next(line), "d");
	assert_int_equal(courier_lost(courier), 3);
	assert_true(courier_close(courier, PATIENCE_MS));
}

/* Nobody reads, and the queue is full: a hundred thousand posts cost no time to speak of. */
static void
posting_never_waits(void **state)
{
	struct line *line = *state;
	struct courier *courier;
	char record[200] = {0};
	uint64_t taken = 0;

	line_fill(line);
	assert_int_equal(courier_open("test", 65536, &line->carrier, &courier), 0);

	int64_t start = now_ms(CLOCK_THREAD_CPUTIME_ID);

	for (int i = 0; i < 100000; i++)
		taken += courier_post(courier, record, sizeof(record)) == 0;
	/* Under 20 us each, also with a sanitizer: blocked, it would never come here. */
	assert_true(now_ms(CLOCK_THREAD_CPUTIME_ID) - start < 2000);
	assert_true(taken > 0);
	assert_int_equal(courier_lost(courier), 100000 - taken);

	/* The reader goes: what hung fails, and the thread can end. */
	close(line->ours);
	line->ours = -1;
	assert_true(courier_close(courier, PATIENCE_MS));
}

static void
closing_waits_for_the_queue(void **state)
{
	struct line *line = *state;
	struct courier *courier;

	assert_int_equal(courier_open("test", 4096, &line->carrier, &courier), 0);
	for (int i = 0; i < 3; i++)
		assert_int_equal(courier_post(courier, &"abc"[i], 1), 0);
	assert_true(courier_close(courier, PATIENCE_MS));
	for (int i = 0; i < 3; i++)
		assert_int_equal(line_next(line)[0], "abc"[i]);
}

static void
closing_an_idle_courier_needs_no_time(void **state)
{
	struct line *line = *state;
	struct courier *courier;

	for (int i = 0; i < 100; i++) {
		assert_int_equal(courier_open("test", 4096, &line->carrier, &courier), 0);
		assert_true(courier_close(courier, 0));
	}
}

/* The thread uses it until the end of the process; here is where leak detectors see that. */
static struct courier *volatile left_behind;

/* A thread that hangs is left behind, in the time that was given, and ends when it can. */
static void
closing_leaves_a_hanging_thread_behind(void **state)
{
	struct line *line = *state;
	struct courier *courier;

	line_fill(line);
	assert_int_equal(courier_open("test", 4096, &line->carrier, &courier), 0);
	assert_int_equal(courier_post(courier, "first", 5), 0);
	assert_int_equal(courier_post(courier, "second", 6), 0);

	int64_t start = now_ms(CLOCK_MONOTONIC);

	left_behind = courier;
	assert_false(courier_close(courier, 50));
	assert_true(now_ms(CLOCK_MONOTONIC) - start >= 49);

	/* Freed from its call, it delivers that record and no other. */
	assert_string_equal(line_next(line), "first");

	struct pollfd more = {.fd = line->ours, .events = POLLIN};

	assert_int_equal(poll(&more, 1, 100), 0);
}

static pthread_t carrier_thread;
static sigset_t carrier_mask;
static char carrier_name[16];

static int
look_at_thread(struct carrier *carrier, const void *record, size_t size)
{
	carrier_thread = pthread_self();
	pthread_sigmask(SIG_SETMASK, NULL, &carrier_mask);
	pthread_getname_np(carrier_thread, carrier_name, sizeof(carrier_name));
	return line_carry(carrier, record, size);
}

static void
the_thread_takes_no_signal(void **state)
{
	struct line *line = *state;
	struct courier *courier;
	sigset_t ours;

	line->carrier.carry = look_at_thread;
	assert_int_equal(courier_open("kg-test", 4096, &line->carrier, &courier), 0);
	assert_int_equal(courier_post(courier, "a", 1), 0);
	assert_true(courier_close(courier, PATIENCE_MS));
	assert_string_equal(carrier_name, "kg-test");
	for (int i = 1; i < 32; i++) {
		if (i != SIGKILL && i != SIGSTOP)
			assert_int_equal(sigismember(&carrier_mask, i), 1);
	}
	pthread_sigmask(SIG_SETMASK, NULL, &ours);
	assert_int_equal(sigismember(&ours, SIGHUP), 0);
}

static void
nobody_has_to_care_about_losses(void **state)
{
	struct line *line = *state;
	struct courier *courier;

	line->carrier.report_lost = NULL;
	line->refuse = 1;
	assert_int_equal(courier_open("test", 4096, &line->carrier, &courier), 0);
	assert_int_equal(courier_post(courier, "a", 1), 0);
	assert_int_equal(courier_post(courier, "b", 1), 0);
	assert_string_equal(line_next(line), "b");
	assert_int_equal(courier_lost(courier), 1);
	assert_true(courier_close(courier, PATIENCE_MS));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, line_setup, line_teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(records_arrive_in_order),
	    TEST(what_cannot_be_delivered_is_lost_too),
	    TEST(posting_never_waits),
	    TEST(closing_waits_for_the_queue),
	    TEST(closing_an_idle_courier_needs_no_time),
	    TEST(closing_leaves_a_hanging_thread_behind),
	    TEST(the_thread_takes_no_signal),
	    TEST(nobody_has_to_care_about_losses),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
