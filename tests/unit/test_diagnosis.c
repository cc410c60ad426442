/* SPDX-License-Identifier: ISC */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>

#include "policy/diagnosis.h"
#include "policy/summary.h"

static void
deaths(void **unused)
{
	static const struct {
		struct death death;
		enum reason reason;
	} cases[] = {
	    {{.error = 0, .idle_ms = 20000}, REASON_CLOSED},
	    {{.error = 0, .probes = 2, .idle_ms = 20000}, REASON_CLOSED},
	    {{.error = ETIMEDOUT, .probes = 5}, REASON_PENDING},
	    {{.error = ETIMEDOUT, .data_lost = true}, REASON_PENDING},
	    {{.error = ECONNRESET, .probes = 1}, REASON_PENDING},
	    {{.error = ECONNRESET, .data_lost = true}, REASON_PENDING},
	    {{.error = ECONNRESET}, REASON_RESET},
	    {{.error = EPIPE}, REASON_RESET},
	    {{.error = EHOSTUNREACH, .data_lost = true}, REASON_UNREACHABLE},
	    {{.error = ENETDOWN}, REASON_LOCAL},
	    {{.error = ENOMEM}, REASON_LOCAL},
	};

	(void)unused;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		assert_int_equal(diagnosis_of_death(&cases[i].death), cases[i].reason);
}

static void
attempts(void **unused)
{
	static const struct {
		int error;
		bool local;
		enum reason reason;
	} cases[] = {
	    {ECONNREFUSED, false, REASON_REFUSED},
	    {ECONNRESET, false, REASON_REFUSED},
	    {ETIMEDOUT, false, REASON_TIMED_OUT},
	    {EHOSTUNREACH, false, REASON_UNREACHABLE},
	    {ENETUNREACH, false, REASON_UNREACHABLE}, /* a router said so */
	    {ENETUNREACH, true, REASON_LOCAL},	      /* we have no route */
	    {EMFILE, true, REASON_LOCAL},
	    {ENOBUFS, false, REASON_LOCAL},
	    {EADDRNOTAVAIL, false, REASON_LOCAL},
	};

	(void)unused;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		assert_int_equal(
		    diagnosis_of_attempt(cases[i].error, cases[i].local), cases[i].reason);
}

static void
the_next_attempt_explains_silence_and_nothing_else(void **unused)
{
	(void)unused;
	assert_int_equal(diagnosis_revise(REASON_PENDING, true), REASON_EXPIRED);
	assert_int_equal(diagnosis_revise(REASON_PENDING, false), REASON_UNREACHABLE);
	for (int r = 0; r < REASON_COUNT; r++)
		if (r != REASON_PENDING) {
			assert_int_equal(diagnosis_revise((enum reason)r, true), r);
			assert_int_equal(diagnosis_revise((enum reason)r, false), r);
		}
}

static void
names_are_the_users_words(void **unused)
{
	static const char *const names[REASON_COUNT] = {"", "", "expired", "unreachable", "closed",
	    "reset", "refused", "timed-out", "unresolved", "heartbeat", "local"};

	(void)unused;
	for (int r = 0; r < REASON_COUNT; r++)
		assert_string_equal(diagnosis_name((enum reason)r), names[r]);
}

static void
status_lines(void **unused)
{
	struct summary s = {0};
	char buf[256];

	(void)unused;
	assert_string_equal(summary_status(&s, buf, sizeof(buf)), "no peers configured");
	s = (struct summary){.peers = 1, .sessions = 1, .up = 1};
	assert_string_equal(summary_status(&s, buf, sizeof(buf)), "1/1 session to 1 peer up");
	s = (struct summary){.peers = 9,
	    .sessions = 12,
	    .up = 4,
	    .troubled = 5,
	    .troubles = {{"plant-7", REASON_REFUSED, "14:03:08"}, {"hq", REASON_NONE, NULL},
		{"db", REASON_LOCAL, NULL}}};
	assert_string_equal(summary_status(&s, buf, sizeof(buf)),
	    "4/12 sessions to 9 peers up; plant-7: refused, retry at 14:03:08; hq: connecting; "
	    "db: local; and 2 more peers");
	/* Cut, not overrun, where there is no room. */
	assert_string_equal(summary_status(&s, buf, 12), "4/12 sessio");
}

static void
event_lines(void **unused)
{
	struct summary_counts c = {.came_up = 3, .failed_attempts = 1};
	char buf[256];

	(void)unused;
	assert_string_equal(
	    summary_events(&c, buf, sizeof(buf)), "0 lost, 3 came up, 1 attempt failed");
	c.lost = 4;
	c.deaths[REASON_EXPIRED] = 2;
	c.deaths[REASON_RESET] = 1;
	c.deaths[REASON_PENDING] = 1;
	assert_string_equal(summary_events(&c, buf, sizeof(buf)),
	    "4 lost (2 expired, 1 reset), 3 came up, 1 attempt failed");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(deaths),
	    cmocka_unit_test(attempts),
	    cmocka_unit_test(the_next_attempt_explains_silence_and_nothing_else),
	    cmocka_unit_test(names_are_the_users_words),
	    cmocka_unit_test(status_lines),
	    cmocka_unit_test(event_lines),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
