/* SPDX-License-Identifier: ISC */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>

#include "policy/diagnosis.h"
#include "policy/habit.h"
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
	    {{.error = EHOSTUNREACH, .data_lost = true}, REASON_PENDING},
	    {{.error = ENETUNREACH, .probes = 3}, REASON_PENDING},
	    {{.error = EACCES, .data_lost = true}, REASON_PENDING},
	    {{.error = ECONNREFUSED, .data_lost = true}, REASON_PENDING},
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

/* A session that is probed after 100 s and then every 10 s. */
static const struct scene quiet_scene = {
    .next = NEXT_UP, .idle_plan_ms = 100000, .interval_plan_ms = 10000};

static struct diagnosis
settled(const struct death *death, const struct scene *scene)
{
	struct diagnosis v = {REASON_COUNT, CAUSE_COUNT, -2};

	diagnosis_settle(death, scene, &v);
	return v;
}

/* Silence in the first idle time, and a reset in it; likewise after hours of probes. */
static const struct death silent = {ETIMEDOUT, 3, false, 130000, 0, 130000, 130000},
			  met_reset = {ECONNRESET, 1, false, 101000, 0, 101000, 101000},
			  later_silent = {ETIMEDOUT, 3, false, 130000, 100000, 9000000, 9000000},
			  later_reset = {ECONNRESET, 1, false, 101000, 100000, 9000000, 9000000},
			  on_demand = {ECONNRESET, 1, false, 2000, 0, 2000, 2000},
			  with_data = {ETIMEDOUT, 0, true, 130000, 100000, 30000, 130000},
			  of_before = {ETIMEDOUT, 3, false, 130000, -1, -1, -1};
/* Ends that look alike, and what tells them apart. */
static const struct {
	const char *what;
	const struct death *death;
	struct scene scene; /* but for the plan */
	struct diagnosis verdict;
} pending[] = {
    {"a firewall that drops", &silent, {0}, {REASON_EXPIRED, CAUSE_IDLE, 100000}},
    {"a firewall that resets", &met_reset, {0}, {REASON_EXPIRED, CAUSE_IDLE, 101000}},
    {"a dead peer", &silent, {.next = NEXT_FAILED}, {REASON_UNREACHABLE, 0, -1}},
    {"a dead network", &later_silent, {.next = NEXT_FAILED}, {REASON_UNREACHABLE, 0, -1}},
    {"a path that was down until just now", &silent, {.next = NEXT_STRAINED},
	{REASON_UNREACHABLE, CAUSE_INTERRUPTED, -1}},
    {"a lost SYN after a firewall's reset", &met_reset, {.next = NEXT_STRAINED},
	{REASON_EXPIRED, CAUSE_IDLE, 101000}},
    {"a peer that comes back, its service not yet", &later_reset, {.next = NEXT_REFUSED},
	{REASON_RESET, CAUSE_RESTARTED, -1}},
    {"likewise, without an answer before", &silent, {.next = NEXT_REFUSED},
	{REASON_UNREACHABLE, CAUSE_RESTARTED, -1}},
    {"a rebooted peer", &later_reset, {.others_alive = 1}, {REASON_RESET, CAUSE_RESTARTED, -1}},
    {"a rebooted peer, hardly idle", &on_demand, {.others_alive = 2},
	{REASON_RESET, CAUSE_RESTARTED, -1}},
    {"a rebooted peer, that a younger session noticed, too", &met_reset,
	{.not_idle_lost = true, .others_alive = 1}, {REASON_RESET, CAUSE_RESTARTED, -1}},
    {"a flushed NAT", &later_reset, {.others_alive = 1, .others_lost = 1},
	{REASON_EXPIRED, CAUSE_FLUSHED, 101000}},
    {"a flushed firewall that drops", &later_silent, {.others_lost = 4},
	{REASON_EXPIRED, CAUSE_FLUSHED, 100000}},
    {"two losses on a bad path", &later_silent, {.others_lost = 1},
	{REASON_EXPIRED, CAUSE_FORGOTTEN, 100000}},
    {"a reboot or a flush: nobody else to ask", &later_reset, {0},
	{REASON_EXPIRED, CAUSE_FORGOTTEN, 101000}},
    {"this one only, and not for its idleness", &later_reset,
	{.fellows_alive = 1, .others_alive = 1}, {REASON_EXPIRED, CAUSE_FORGOTTEN, 101000}},
    {"a short outage, or a flush", &later_silent, {.others_alive = 1},
	{REASON_EXPIRED, CAUSE_FORGOTTEN, 100000}},
    {"data without an answer", &with_data, {0}, {REASON_EXPIRED, CAUSE_FORGOTTEN, 130000}},
    {"a death before the restart of the daemon", &of_before, {0},
	{REASON_EXPIRED, CAUSE_NONE, 100000}},
    {"our cable", &silent, {.network_changed = true}, {REASON_LOCAL, CAUSE_NETWORK, -1}},
    {"our cable, still out", &silent, {.next = NEXT_FAILED, .network_changed = true},
	{REASON_LOCAL, CAUSE_NETWORK, -1}},
    {"another network, whose NAT knows nothing of the session", &met_reset,
	{.network_changed = true}, {REASON_EXPIRED, CAUSE_FORGOTTEN, 101000}},
    {"a laptop's lid", &met_reset, {.suspended = true}, {REASON_EXPIRED, CAUSE_SUSPENDED, -1}},
    {"a lid, and no peer afterwards", &silent, {.next = NEXT_FAILED, .suspended = true},
	{REASON_UNREACHABLE, 0, -1}},
};

static void
pending_deaths(void **unused)
{
	(void)unused;
	for (size_t i = 0; i < sizeof(pending) / sizeof(pending[0]); i++) {
		struct scene scene = pending[i].scene;
		struct diagnosis v;

		scene.idle_plan_ms = quiet_scene.idle_plan_ms;
		scene.interval_plan_ms = quiet_scene.interval_plan_ms;
		v = settled(pending[i].death, &scene);
		if (v.cause != pending[i].verdict.cause)
			print_message("# %s\n", pending[i].what);
		assert_int_equal(v.cause, pending[i].verdict.cause);
		assert_int_equal(v.reason, pending[i].verdict.reason);
		assert_int_equal(v.forgotten_ms, pending[i].verdict.forgotten_ms);
	}
}

static void
who_has_survived(void **unused)
{
	(void)unused;
	assert_false(diagnosis_survives(100000, 101000, 1000));
	/* One idle time of 113 s at most, and another one. */
	assert_false(diagnosis_survives(100000, 225000 + 50000, 50000));
	assert_true(diagnosis_survives(100000, 226000 + 50000, 50000));
	/* All of it was silence, or nothing is known. */
	assert_false(diagnosis_survives(100000, 900000, 900000));
	assert_false(diagnosis_survives(100000, 900000, -1));
	assert_false(diagnosis_survives(100000, -1, 0));
}

/* Whatever was seen, what is blamed follows from it. */
static uint64_t
next_random(uint64_t *seed)
{
	return *seed = *seed * 6364136223846793005u + 1442695040888963407u;
}

static void
verdicts_hold_together(void **unused)
{
	static const int silences[] = {ETIMEDOUT, EHOSTUNREACH, ENETUNREACH, EACCES};
	uint64_t seed = 1;

	(void)unused;
	for (int i = 0; i < 200000; i++) {
		uint64_t x = next_random(&seed) >> 20, y = next_random(&seed) >> 20;
		const struct death d = {x & 1 ? silences[x >> 40 & 3] : ECONNRESET,
		    1 + (int)(x >> 1 & 3), x >> 3 & 1, (int64_t)(x >> 4 & 0x3ffff),
		    (int64_t)(x >> 22 & 0x3ffff), 0, 0};
		const struct scene s = {.next = (enum next_attempt)(y & 3),
		    .idle_plan_ms = 100000,
		    .interval_plan_ms = 10000,
		    .fellows_alive = y >> 2 & 1,
		    .others_alive = y >> 3 & 1,
		    .others_lost = y >> 4 & 1,
		    .network_changed = (y >> 5 & 7) == 0,
		    .suspended = (y >> 8 & 7) == 0,
		    .not_idle_lost = (y >> 11 & 3) == 0};
		const struct diagnosis v = settled(&d, &s);
		bool came_up = s.next == NEXT_UP || s.next == NEXT_STRAINED;

		assert_in_range(v.reason, REASON_EXPIRED, REASON_LOCAL);
		assert_int_equal(
		    v.reason == REASON_LOCAL, s.network_changed && d.error != ECONNRESET);
		/* Nobody is said to forget while there is no way to know. */
		assert_true(came_up || v.reason != REASON_EXPIRED);
		assert_true(v.reason != REASON_RESET || d.error == ECONNRESET);
		/* An idle time is learnt from only where it explains what was seen. */
		if (v.cause != CAUSE_IDLE)
			continue;
		assert_true(v.forgotten_ms >= 90000 && v.forgotten_ms <= d.idle_ms);
		assert_true(d.survived_ms < 100000 && !d.data_lost);
		assert_false(s.suspended || s.network_changed || s.not_idle_lost);
	}
}

static void
a_peer_makes_a_habit_of_it(void **unused)
{
	static const struct {
		struct habit_end ends[5];
		enum death_cause cause; /* after the last */
		int64_t ms;
	} cases[] = {
	    /* closes who is idle for 20 s, by a clock that ticks every second */
	    {{{20000, 20100, 20100}, {50000, 20900, 25000}, {90000, 20000, 31000}}, CAUSE_ENDS_IDLE,
		20333},
	    /* takes nobody for longer than an hour */
	    {{{3600000, 70000, 3600000}, {7300000, 5000, 3630000}, {9900000, 900000, 3580000}},
		CAUSE_ENDS_OLD, 3603333},
	    /* twice may be chance */
	    {{{20000, 20000, 20000}, {50000, 20000, 20000}}, CAUSE_NONE, 0},
	    /* a server that restarts ends all at one time */
	    {{{20000, 20000, 20000}, {20010, 20000, 20000}, {20020, 20000, 20000},
		 {21900, 20000, 20000}},
		CAUSE_NONE, 0},
	    /* no two alike */
	    {{{20000, 20000, 20000}, {50000, 22000, 22000}, {90000, 27000, 27000}}, CAUSE_NONE, 0},
	    /* takes nobody at all */
	    {{{1000, 5, 5}, {4000, 5, 5}, {9000, 5, 5}}, CAUSE_NONE, 0},
	    /* the last three count */
	    {{{10000, 900, 900}, {20000, 7000, 7000}, {50000, 20000, 20000}, {90000, 20000, 20000},
		 {120000, 20000, 20000}},
		CAUSE_ENDS_IDLE, 20000},
	};

	(void)unused;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct habit habit = {0};
		enum death_cause cause = CAUSE_COUNT;
		int64_t ms = 0;

		for (int j = 0; j < 5 && cases[i].ends[j].at_ms > 0; j++)
			cause = habit_ended(&habit, REASON_CLOSED, &cases[i].ends[j], &ms);
		assert_int_equal(cause, cases[i].cause);
		assert_int_equal(ms, cases[i].ms);
	}
}

static void
ends_of_two_kinds_are_no_habit(void **unused)
{
	struct habit habit = {0};
	int64_t ms = -1;

	(void)unused;
	for (int i = 0; i < 12; i++) {
		const struct habit_end end = {i * 20000, 20000, 20000};
		enum reason reason = i % 3 == 2 ? REASON_RESET : REASON_CLOSED;

		assert_int_equal(habit_ended(&habit, reason, &end, &ms), CAUSE_NONE);
	}
	assert_int_equal(ms, -1);
}

static void
names_are_the_users_words(void **unused)
{
	static const char *const names[REASON_COUNT] = {"", "", "expired", "unreachable", "closed",
	    "reset", "refused", "timed-out", "unresolved", "heartbeat", "local"};
	static const char *const causes[CAUSE_COUNT] = {"", "idle", "flushed", "forgotten",
	    "suspended", "restarted", "interrupted", "network", "ends-idle", "ends-old"};

	(void)unused;
	for (int r = 0; r < REASON_COUNT; r++)
		assert_string_equal(diagnosis_name((enum reason)r), names[r]);
	for (int c = 0; c < CAUSE_COUNT; c++)
		assert_string_equal(diagnosis_cause_name((enum death_cause)c), causes[c]);
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
	    cmocka_unit_test(pending_deaths),
	    cmocka_unit_test(who_has_survived),
	    cmocka_unit_test(verdicts_hold_together),
	    cmocka_unit_test(a_peer_makes_a_habit_of_it),
	    cmocka_unit_test(ends_of_two_kinds_are_no_habit),
	    cmocka_unit_test(names_are_the_users_words),
	    cmocka_unit_test(status_lines),
	    cmocka_unit_test(event_lines),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
