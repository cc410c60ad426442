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

/* Longer than any test takes. Where the thread is to hang, the test gives a short time instead. */
#define PATIENCE_MS 60000

/*
 * Delivers each record as one datagram over a socket pair that the test reads, or does not read;
 * "(lost N)" stands for a report. The queue of the socket is the kernel's own, so it really blocks.
 */
struct line {
	struct carrier carrier;
	int ours;
	int theirs;
	int refuse; /* calls that fail, from the next on */
};

static int
send_line(struct line *line, const void *bytes, size_t size)
{
	if (line->refuse > 0) {
		line->refuse--;
		return -ECONNREFUSED;
	}
	return send(line->theirs, bytes, size, MSG_NOSIGNAL) < 0 ? -errno : 0;
}

static int
carry(struct carrier *carrier, const void *record, size_t size)
{
	return send_line((struct line *)(void *)carrier, record, size);
}

static int
report_lost(struct carrier *carrier, uint64_t lost)
{
	char text[40];
	int n = snprintf(text, sizeof(text), "(lost %" PRIu64 ")", lost);

	return send_line((struct line *)(void *)carrier, text, (size_t)n);
}

static int
setup(void **state)
{
	struct line *line = calloc(1, sizeof(*line));
	int fds[2], size = 1; /* the kernel makes the least it can out of it */

	if (line == NULL || socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fds) < 0)
		return -1;
	if (setsockopt(fds[1], SOL_SOCKET, SO_SNDBUF, &size, sizeof(size)) < 0)
		return -1;
	line->carrier = (struct carrier){.carry = carry, .report_lost = report_lost};
	line->ours = fds[0];
	line->theirs = fds[1];
	*state = line;
	return 0;
}

static int
teardown(void **state)
{
	struct line *line = *state;

	if (line->ours >= 0)
		close(line->ours);
	close(line->theirs);
	free(line);
	return 0;
}

/* Waits until the socket takes nothing more: from then on the thread hangs in send(). */
static void
fill(struct line *line)
{
	char filler[64] = "filler";

	while (send(line->theirs, filler, sizeof(filler), MSG_DONTWAIT) > 0)
		;
	assert_int_equal(errno, EAGAIN);
}

/* The next record that is no filler. */
static const char *
next(struct line *line)
{
	static char text[256];
	ssize_t n;

	do {
		n = recv(line->ours, text, sizeof(text) - 1, 0);
		assert_true(n >= 0);
		text[n] = '\0';
	} while (strcmp(text, "filler") == 0);
	return text;
}

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
		assert_string_equal(next(line), text);
	}
	assert_int_equal(courier_lost(courier), 0);
	assert_true(courier_close(courier, PATIENCE_MS));
}

/* What a reader finds after a jam: all that was taken, in order, and how many are missing where. */
static void
a_jam_loses_what_it_must_and_says_how_much(void **state)
{
	struct line *line = *state;
	struct courier *courier;
	uint64_t taken = 0, lost = 0;

	fill(line);
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
		assert_int_equal(strtoull(next(line), NULL, 10), i);

	char report[40];

	snprintf(report, sizeof(report), "(lost %" PRIu64 ")", lost);
	assert_string_equal(next(line), report);

	/* Said once: what follows is the next record. */
	assert_int_equal(courier_post(courier, "after", 5), 0);
	assert_string_equal(next(line), "after");
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

	fill(line);
	assert_int_equal(courier_open("test", 1024, &line->carrier, &courier), 0);
	while (courier_post(courier, "before", 6) == 0)
		before++;
	lost = 1;
	/* Read until half of the queue has left and it takes records again. */
	while (courier_post(courier, "after", 5) < 0) {
		lost++;
		assert_true(before > 0);
		assert_string_equal(next(line), "before");
		before--;
	}
	assert_true(before > 0);
	for (; before > 0; before--)
		assert_string_equal(next(line), "before");

	char report[40];

	snprintf(report, sizeof(report), "(lost %" PRIu64 ")", lost);
	assert_string_equal(next(line), report);
	assert_string_equal(next(line), "after");
	after = courier_lost(courier);
	assert_int_equal(after, lost);
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
	assert_string_equal(next(line), "(lost 3)");
	assert_string_equal(next(line), "d");
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

	fill(line);
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
		assert_int_equal(next(line)[0], "abc"[i]);
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

	fill(line);
	assert_int_equal(courier_open("test", 4096, &line->carrier, &courier), 0);
	assert_int_equal(courier_post(courier, "first", 5), 0);
	assert_int_equal(courier_post(courier, "second", 6), 0);

	int64_t start = now_ms(CLOCK_MONOTONIC);

	left_behind = courier;
	assert_false(courier_close(courier, 50));
	assert_true(now_ms(CLOCK_MONOTONIC) - start >= 49);

	/* Freed from its call, it delivers that record and no other. */
	assert_string_equal(next(line), "first");

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
	return carry(carrier, record, size);
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
	assert_string_equal(next(line), "b");
	assert_int_equal(courier_lost(courier), 1);
	assert_true(courier_close(courier, PATIENCE_MS));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(records_arrive_in_order),
	    TEST(a_jam_loses_what_it_must_and_says_how_much),
	    TEST(a_gap_is_reported_where_it_is),
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
