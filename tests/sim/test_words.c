/* SPDX-License-Identifier: ISC */

/* What is told of what came of a measurement, and of how a session ended: each case once. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <string.h>

#include "daemon/obituary.h"
#include "daemon/path.h"
#include "daemon/path_report.h"
#include "daemon/peer.h"
#include "world.h"

static struct world w;
static struct path path;
static char said[1024];
static int priority_said;
static unsigned times_said;

static void
hear(struct report *report, enum message message, int priority, const struct journal_fields *fields,
    const char *text)
{
	(void)report;
	(void)message;
	assert_string_equal(fields->peer, "a");
	snprintf(said, sizeof(said), "%s", text);
	priority_said = priority;
	times_said++;
}

static int
set_up(void **state)
{
	(void)state;
	world_with_one_peer(&w, 2);
	guard_pump(&w.guard);
	world_pass(&w, MINUTE);
	memset(&path, 0, sizeof(path));
	w.guard.peers[0]->path = &path;
	w.guard.report.say = hear;
	times_said = 0;
	return 0;
}

static int
tear_down(void **state)
{
	(void)state;
	w.guard.peers[0]->path = NULL;
	world_clear(&w);
	return 0;
}

#define assert_said(part)     assert_non_null(strstr(said, part))
#define assert_not_said(part) assert_null(strstr(said, part))

/* --- measurements ----------------------------------------------------------------------------- */

static const struct ladder_view forgets = {.verdict = EVIDENCE_FORGETS,
    .opened = 40,
    .lives_ms = 340000,
    .dead_ms = 352000,
    .firewall_ms = 340000};

static void
a_result_says_what_is_planned_for_now(void **unused)
{
	struct peer *peer = w.guard.peers[0];
	const struct path_measurement m = {.view = forgets, .took_ms = 600000};

	(void)unused;
	path.survey = (struct survey){.outcome = SURVEY_FIREWALL, .firewall_ms = 340000};
	path_report_result(peer, &m, 350000, 340000);
	assert_said("a: measured in 10min with 40 connections: the path forgets sessions that are");
	assert_said("; from now on 340s is planned for instead of 350s: probe after ");
	assert_not_said("nothing tighter");
	assert_int_equal(priority_said, LOG_NOTICE);
	path_report_result(peer, &m, 340000, 340000);
	assert_said("; from now on 340s is planned for, as before: probe after ");
	assert_int_equal(priority_said, LOG_NOTICE);
}

/* The rest of the configuration does not let the plan follow: somebody has to look. */
static void
what_cannot_be_planned_for_is_a_warning(void **unused)
{
	struct peer *peer = w.guard.peers[0];
	const struct path_measurement m = {.view = forgets, .took_ms = 600000};

	(void)unused;
	path.survey = (struct survey){.outcome = SURVEY_FIREWALL, .firewall_ms = 340000};
	path_report_result(peer, &m, 400000, 345000);
	assert_said("; with the rest of keepalive nothing tighter can be planned");
	assert_int_equal(priority_said, LOG_WARNING);
	path_report_result(peer, &m, 400000, -1);
	assert_said("; with the rest of keepalive no plan is possible, so it stays as it is");
	assert_not_said("from now on");
	assert_int_equal(priority_said, LOG_WARNING);
}

static void
who_ends_sessions_in_spite_of_keepalive_is_named(void **unused)
{
	struct peer *peer = w.guard.peers[0];
	struct path_measurement m = {.view = forgets};

	(void)unused;
	path.survey = (struct survey){.outcome = SURVEY_PEER};
	m.view.verdict = EVIDENCE_PEER_CLOSES;
	path_report_result(peer, &m, 350000, 350000);
	assert_said("the server, or a proxy before it, closes clients that are idle for between ");
	assert_said("a heartbeat every 255s may; 350s stays planned for");
	assert_int_equal(priority_said, LOG_WARNING);
	m.view.verdict = EVIDENCE_BLIND;
	path_report_result(peer, &m, 350000, 350000);
	assert_said("a firewall on the path counts only data, and forgets sessions without for ");
}

static void
a_measurement_in_vain_says_why(void **unused)
{
	struct peer *peer = w.guard.peers[0];
	struct path_measurement m = {.took_ms = 60000, .error = ECONNREFUSED};

	(void)unused;
	path_report_nothing(peer, &m);
	assert_said(
	    "a: measured in vain for 1min: no connection could be opened: Connection refused");
	m.error = 0;
	path_report_nothing(peer, &m);
	assert_said(": too little was seen");
	m.view.verdict = EVIDENCE_PATH_LOST;
	path_report_nothing(peer, &m);
	assert_said(": the path was lost meanwhile");
	m.view.verdict = EVIDENCE_UPSET;
	path_report_nothing(peer, &m);
	assert_said(": all sessions were forgotten at one moment, whatever their age");
	m.view = (struct ladder_view){.verdict = EVIDENCE_NOTHING, .dead_ms = 900};
	path_report_nothing(peer, &m);
	assert_said(": idle sessions are forgotten after less than ");
	assert_said(", which is too short to be measured");
	m.view.lives_ms = 800;
	path_report_nothing(peer, &m);
	assert_said(": what was seen is contradictory; it may be between ");
}

/* --- ends ------------------------------------------------------------------------------------- */

static const char *
ended(struct report_death what)
{
	said[0] = '\0';
	obituary_add_end(said, sizeof(said), w.guard.peers[0]->sessions[0], &what);
	return said;
}

static void
an_end_says_what_the_kernel_saw(void **unused)
{
	struct report_death silent = {
	    .reason = REASON_PENDING, .death = {.error = ETIMEDOUT, .probes = 3, .idle_ms = 5000}};

	(void)unused;
	assert_string_equal(
	    ended((struct report_death){.reason = REASON_CLOSED}), "closed by the peer");
	assert_string_equal(
	    ended((struct report_death){.reason = REASON_LOCAL, .death.error = EADDRNOTAVAIL}),
	    "our side: its own address has left this host");
	assert_string_equal(
	    ended((struct report_death){.reason = REASON_LOCAL, .death.error = ENOBUFS}),
	    "our side: No buffer space available");
	assert_string_equal(
	    ended((struct report_death){.reason = REASON_UNREACHABLE, .death.error = EHOSTUNREACH}),
	    "No route to host");
	ended(silent);
	assert_said("3 probes unanswered, last sign of life 5s ago; the next attempt will tell");
	/* Taken over when it was dead already. */
	silent.death.idle_ms = -1;
	silent.death.probes = 1;
	silent.death.error = EHOSTUNREACH;
	ended(silent);
	assert_said("1 probe unanswered (No route to host); the next attempt will tell");
	silent.death.data_lost = true;
	ended(silent);
	assert_said("data was not acknowledged (No route to host); ");
}

static void
a_habit_of_the_peers_is_said_with_its_time(void **unused)
{
	(void)unused;
	ended((struct report_death){
	    .reason = REASON_CLOSED, .cause = CAUSE_ENDS_IDLE, .habit_ms = 299700});
	assert_said(
	    "closed by the peer; the peer itself (or a proxy before it) closes idle sessions");
	assert_said(" after 5min; keepalive cannot prevent that");
	ended((struct report_death){
	    .reason = REASON_RESET, .cause = CAUSE_ENDS_OLD, .habit_ms = 600});
	assert_said("resets sessions at the age of 600ms, idle or not");
}

static const char *
verdict(enum death_cause cause, int64_t forgotten_ms)
{
	struct session *s = w.guard.peers[0]->sessions[0];

	s->diagnosis = (struct diagnosis){
	    .reason = REASON_EXPIRED, .cause = cause, .forgotten_ms = forgotten_ms};
	said[0] = '\0';
	obituary_add_verdict(said, sizeof(said), s);
	return said;
}

static void
a_verdict_says_who_is_to_blame_as_far_as_is_known(void **unused)
{
	(void)unused;
	w.guard.peers[0]->path = NULL;
	assert_string_equal(verdict(CAUSE_IDLE, 300000),
	    "; the firewall had forgotten it within 5min of idleness (declared: 350s)");
	assert_string_equal(
	    verdict(CAUSE_IDLE, -1), "; the firewall had forgotten it (declared: 350s)");
	verdict(CAUSE_FORGOTTEN, -1);
	assert_said("; it was forgotten, which ");
	/* Of these the end has said all. */
	assert_string_equal(verdict(CAUSE_ENDS_IDLE, -1), "");
	assert_string_equal(verdict(CAUSE_ENDS_OLD, -1), "");
}

/* --- options ---------------------------------------------------------------------------------- */

static void
an_option_that_the_kernel_did_not_take_is_said_once_a_peer(void **unused)
{
	struct session *const *s = w.guard.peers[0]->sessions;
	struct sockopt_refusal refusal = {
	    .option = "TCP_KEEPIDLE", .wanted = 40000, .got = -1, .error = EINVAL};

	(void)unused;
	report_refusal(s[0], &refusal);
	assert_said("a/0: the kernel did not take TCP_KEEPIDLE=40000: Invalid argument; ");
	assert_int_equal(priority_said, LOG_ERR);
	report_refusal(s[1], &refusal);
	assert_int_equal(times_said, 1);
	w.guard.peers[0]->option_told = false;
	refusal.error = 0;
	refusal.got = 7200;
	report_refusal(s[1], &refusal);
	assert_said("a/1: the kernel did not take TCP_KEEPIDLE=40000 and has 7200 instead; ");
}

static void
a_plan_for_other_round_trips_is_said(void **unused)
{
	struct peer *peer = w.guard.peers[0];

	(void)unused;
	peer->plan_rtt_ms = 2500;
	report_plan(peer, true);
	assert_said("a: planned anew for round trips of up to 2500 ms: probe after ");
	assert_int_equal(priority_said, LOG_NOTICE);
	report_plan(peer, false);
	assert_said("a: round trips of up to 2500 ms are too long for what its keepalive promises");
	assert_int_equal(priority_said, LOG_WARNING);
}

int
main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
	    TEST(a_result_says_what_is_planned_for_now),
	    TEST(what_cannot_be_planned_for_is_a_warning),
	    TEST(who_ends_sessions_in_spite_of_keepalive_is_named),
	    TEST(a_measurement_in_vain_says_why),
	    TEST(an_end_says_what_the_kernel_saw),
	    TEST(a_habit_of_the_peers_is_said_with_its_time),
	    TEST(a_verdict_says_who_is_to_blame_as_far_as_is_known),
	    TEST(an_option_that_the_kernel_did_not_take_is_said_once_a_peer),
	    TEST(a_plan_for_other_round_trips_is_said),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
