/* SPDX-License-Identifier: ISC */

/* Heartbeats of the real core on a simulated network and clock. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "daemon/heart.h"
#include "daemon/peer.h"
#include "world.h"

#define EVERY_MS   INT64_C(50000)
#define TIMEOUT_MS INT64_C(10000)

static char ping[] = "PING\r\n", pong[] = "PONG";
static uint16_t borders[4];

static struct config_heartbeat terms = {
    .send = ping,
    .send_len = 6,
    .expect = {.bytes = pong, .borders = borders, .len = 4},
    .terms = {.every_ms = EVERY_MS, .timeout_ms = TIMEOUT_MS},
};
static char last_lost[256];

static void
note_lost(struct report *report, enum message message, int priority,
    const struct journal_fields *fields, const char *text)
{
	(void)report;
	(void)priority;
	(void)fields;
	if (message == MESSAGE_SESSION_LOST)
		snprintf(last_lost, sizeof(last_lost), "%s", text);
}

/* Another configuration: the same peer, with that heartbeat and number of sessions. */
static struct guard_changes
configure(struct world *w, struct config_heartbeat *heartbeat, unsigned sessions)
{
	unsigned next = 1 - w->current;
	struct guard_changes changes;

	world_fill_peer(&w->peers[next][0], 0, sessions);
	w->peers[next][0].heartbeat = heartbeat;
	w->config[next] = (struct config){.peers = w->peers[next], .n_peers = 1};
	assert_int_equal(guard_configure(&w->guard, &w->config[next], &changes), 0);
	w->current = next;
	guard_pump(&w->guard);
	return changes;
}

/* Up since a moment ago, at a host whose application says `answer`. */
static void
begin(struct world *w, unsigned sessions, const char *answer)
{
	expect_borders(pong, 4, borders);
	world_init(w, 42);
	w->guard.report.say = note_lost;
	w->hosts[0].answer = answer;
	configure(w, &terms, sessions);
	while (w->guard.in_state[FSM_UP] < sessions)
		assert_true(world_step(w, EVERY_MS / 2));
	last_lost[0] = '\0';
}

static void
an_answered_session_is_held(void **unused)
{
	static struct world w;

	(void)unused;
	begin(&w, 1, "PONG\r\n");
	world_pass(&w, 10 * HOUR);
	assert_int_equal(w.guard.counts.lost, 0);
	/* Each after 7/8 to 8/8 of the time. */
	assert_in_range(w.hosts[0].beats, 720, 824);
	world_clear(&w);
}

static void
nothing_is_sent_where_data_is_seen(void **unused)
{
	static struct world w;

	(void)unused;
	begin(&w, 10, "PONG");
	for (int i = 0; i < 1000; i++) {
		world_pass(&w, EVERY_MS / 2 - 1);
		simnet_talk(&w.sim, &w.hosts[0]);
	}
	assert_int_equal(w.hosts[0].beats, 0);
	world_pass(&w, EVERY_MS * 7 / 8 - 1);
	assert_int_equal(w.hosts[0].beats, 0);
	world_pass(&w, EVERY_MS / 8 + 1);
	assert_int_equal(w.hosts[0].beats, 10);
	world_clear(&w);
}

static void
an_application_that_hangs_is_found_in_time(void **unused)
{
	static struct world w;

	(void)unused;
	begin(&w, 3, "PONG");
	world_pass(&w, HOUR);
	w.hosts[0].answer = NULL;
	world_pass(&w, EVERY_MS + TIMEOUT_MS);
	assert_int_equal(w.guard.counts.lost, 3);
	assert_int_equal(w.guard.counts.deaths[REASON_HEARTBEAT], 3);
	assert_non_null(strstr(last_lost, ": no answer to the heartbeat within 10s"));
	world_clear(&w);
}

static void
a_wrong_answer_is_none(void **unused)
{
	static struct world w;

	(void)unused;
	begin(&w, 1, "PONG");
	world_pass(&w, HOUR);
	w.hosts[0].answer = "PING POP PON";
	world_pass(&w, EVERY_MS + TIMEOUT_MS);
	assert_int_equal(w.guard.counts.deaths[REASON_HEARTBEAT], 1);
	assert_non_null(strstr(
	    last_lost, ": the heartbeat was answered by 12 bytes without \"PONG\" within 10s"));
	world_clear(&w);
}

/* One that takes sessions and answers nothing is tried with growing delays, and told of so. */
static void
an_application_that_never_answers_is_left_alone_more_and_more(void **unused)
{
	static struct world w;

	(void)unused;
	begin(&w, 1, NULL);
	w.hosts[0].connects = 0;
	world_pass(&w, 10 * HOUR);
	/* A life of about a minute, and soon a pause of 2.5 min on average. */
	assert_in_range(w.hosts[0].connects, 120, 240);
	world_clear(&w);
}

static void
slow_answers_are_answers(void **unused)
{
	static struct world w;

	(void)unused;
	begin(&w, 100, "PONG");
	w.hosts[0].answer_ms = TIMEOUT_MS - w.hosts[0].rtt_ms - 1;
	world_pass(&w, 10 * HOUR);
	assert_int_equal(w.guard.counts.lost, 0);
	assert_true(w.hosts[0].beats > 100 * 500);
	w.hosts[0].answer_ms += 2;
	world_pass(&w, EVERY_MS + 2 * TIMEOUT_MS);
	assert_in_range(w.guard.counts.lost, 100, 200);
	world_clear(&w);
}

/* What has not arrived, nobody can have answered: an outage is not the application's fault. */
static void
an_outage_is_ridden_out(void **unused)
{
	static struct world w;
	int64_t detect_ms;

	(void)unused;
	begin(&w, 100, "PONG");
	world_pass(&w, HOUR);
	w.hosts[0].mode = SIMHOST_SILENT;
	detect_ms = w.guard.peers[0]->plan.detect_worst_ms;
	assert_true(detect_ms > 5 * EVERY_MS);
	world_pass(&w, detect_ms - EVERY_MS - TIMEOUT_MS);
	w.hosts[0].mode = SIMHOST_TAKES;
	world_pass(&w, HOUR);
	assert_int_equal(w.guard.counts.lost, 0);
	/* And one that lasts is found as the plan has promised, beat or no beat. */
	w.hosts[0].mode = SIMHOST_SILENT;
	world_pass(&w, detect_ms - EVERY_MS - TIMEOUT_MS);
	assert_int_equal(w.guard.counts.lost, 0);
	world_pass(&w, EVERY_MS + TIMEOUT_MS);
	assert_int_equal(w.guard.counts.lost, 100);
	assert_int_equal(w.guard.counts.deaths[REASON_HEARTBEAT], 0);
	assert_non_null(strstr(last_lost, "data was not acknowledged"));
	world_clear(&w);
}

/* Ten thousand that come up together, and that hear something together later on. */
static void
ten_thousand_are_spread(void **unused)
{
	static struct world w;
	const unsigned n = 10000, even = n * 1000 / EVERY_MS;

	(void)unused;
	begin(&w, n, "PONG");
	world_pass(&w, EVERY_MS);
	assert_int_equal(w.hosts[0].beats, n);
	/* First over half of the time, */
	assert_in_range(w.hosts[0].most_beats, 2 * even, 3 * even);
	print_message("# first: at most %u in a second\n", w.hosts[0].most_beats);
	w.hosts[0].most_beats = 0;
	world_pass(&w, HOUR);
	w.hosts[0].most_beats = 0;
	world_pass(&w, HOUR);
	/* then over all of it, */
	assert_in_range(w.hosts[0].most_beats, even, 2 * even);
	print_message("# later: at most %u in a second\n", w.hosts[0].most_beats);
	simnet_talk(&w.sim, &w.hosts[0]);
	w.hosts[0].most_beats = 0;
	world_pass(&w, EVERY_MS);
	/* and after something in common over an eighth. */
	assert_in_range(w.hosts[0].most_beats, 8 * even, 10 * even);
	print_message("# in common: at most %u in a second\n", w.hosts[0].most_beats);
	assert_int_equal(w.guard.counts.lost, 0);
	world_clear(&w);
}

static void
a_reload_changes_it_on_live_sessions(void **unused)
{
	static struct config_heartbeat other;
	static struct world w;
	const struct peer *peer;

	(void)unused;
	begin(&w, 20, "PONG");
	peer = w.guard.peers[0];
	world_pass(&w, HOUR);
	assert_int_equal(configure(&w, &terms, 20).unchanged, 1);
	/* None: no beat, no memory, and no timer. */
	assert_int_equal(configure(&w, NULL, 20).heartbeats, 1);
	assert_null(peer->heart);
	assert_int_equal(heart_due_ms(&w.guard), -1);
	w.hosts[0].beats = 0;
	world_pass(&w, HOUR);
	assert_int_equal(w.hosts[0].beats, 0);
	/* One for sessions that have been quiet for an hour: soon, and not all at once. */
	assert_int_equal(configure(&w, &terms, 20).heartbeats, 1);
	world_pass(&w, TIMEOUT_MS / 2);
	assert_int_equal(w.hosts[0].beats, 20);
	/* A faster one, and more sessions at the same time. */
	other = terms;
	other.terms = (struct beat_terms){.every_ms = 1000, .timeout_ms = 500};
	configure(&w, &other, 30);
	world_pass(&w, 3000);
	w.hosts[0].beats = 0;
	world_pass(&w, MINUTE);
	assert_in_range(w.hosts[0].beats, 30 * 58, 30 * 70);
	/* Fewer sessions: those that go take their beats with them. */
	configure(&w, &other, 5);
	w.hosts[0].beats = 0;
	world_pass(&w, MINUTE);
	assert_in_range(w.hosts[0].beats, 5 * 58, 5 * 70);
	assert_int_equal(w.guard.counts.lost, 0);
	assert_int_equal(w.hosts[0].connects, 30);
	world_clear(&w);
}

/* An answer under way to a beat that is no longer known is neither right nor wrong. */
static void
a_reload_while_one_is_unanswered(void **unused)
{
	static struct config_heartbeat other;
	static struct world w;

	(void)unused;
	begin(&w, 1, "PONG");
	w.hosts[0].answer_ms = TIMEOUT_MS / 2;
	while (w.hosts[0].beats == 0)
		world_pass(&w, 100);
	other = terms;
	other.expect = (struct expect){0};
	w.hosts[0].beats = 0;
	configure(&w, &other, 1);
	/* That one counts as data: the next is due a whole time after it. */
	world_pass(&w, EVERY_MS * 7 / 8 - 200);
	assert_int_equal(w.hosts[0].beats, 0);
	world_pass(&w, HOUR);
	assert_int_equal(w.guard.counts.lost, 0);
	world_clear(&w);
}

/* What was last heard before the restart counts, so no proxy sees a longer silence by it. */
static void
the_next_daemon_goes_on_from_the_last_data(void **unused)
{
	static const int64_t quiet_ms[] = {0, 30000, 49000, 70000};
	static struct world w;
	struct peer *peer;

	(void)unused;
	expect_borders(pong, 4, borders);
	world_init(&w, 42);
	w.hosts[0].answer = "PONG";
	w.sim.now_ms = HOUR;
	world_fill_peer(&w.peers[0][0], 0, 4);
	w.peers[0][0].heartbeat = &terms;
	w.config[0] = (struct config){.peers = w.peers[0], .n_peers = 1};
	guard_configure(&w.guard, &w.config[0], &(struct guard_changes){0});
	peer = w.guard.peers[0];
	for (int i = 0; i < 4; i++) {
		const struct conn_socket socket = {
		    .fd = 7 + i, .remote.in.sin_family = AF_INET, .facts.quiet_ms = quiet_ms[i]};

		session_adopt(peer->sessions[i], &socket, 0);
	}
	world_pass(&w, 1000);
	assert_in_range(w.hosts[0].beats, 1, 2);
	world_pass(&w, 4000);
	assert_int_equal(w.hosts[0].beats, 2);
	world_pass(&w, 15000);
	assert_int_equal(w.hosts[0].beats, 3);
	world_pass(&w, HOUR);
	assert_int_equal(w.guard.counts.lost, 0);
	world_clear(&w);
}

/* The host slept, or the network was away: what could not come is not late. */
static void
an_absence_is_excused(void **unused)
{
	static struct world w;

	(void)unused;
	begin(&w, 1, "PONG");
	w.hosts[0].answer_ms = 2 * TIMEOUT_MS - 500;
	while (w.hosts[0].beats == 0)
		world_pass(&w, 100);
	world_pass(&w, TIMEOUT_MS - 200);
	assert_true(heart_is_late(w.guard.peers[0]->sessions[0]));
	heart_excuse(&w.guard);
	assert_false(heart_is_late(w.guard.peers[0]->sessions[0]));
	world_pass(&w, TIMEOUT_MS);
	assert_int_equal(w.guard.counts.lost, 0);
	assert_false(heart_is_unproven(w.guard.peers[0]->sessions[0]));
	world_clear(&w);
}

/* Clocks stand still meanwhile, those of proxies do not. */
static void
after_a_sleep_all_beat_soon(void **unused)
{
	static struct world w;

	(void)unused;
	begin(&w, 100, "PONG");
	world_pass(&w, HOUR);
	simnet_talk(&w.sim, &w.hosts[0]);
	w.hosts[0].beats = 0;
	heart_awake(&w.guard);
	world_pass(&w, TIMEOUT_MS / 2);
	assert_int_equal(w.hosts[0].beats, 100);
	assert_true(w.hosts[0].most_beats < 50);
	world_pass(&w, HOUR);
	assert_int_equal(w.guard.counts.lost, 0);
	world_clear(&w);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(an_answered_session_is_held),
	    cmocka_unit_test(nothing_is_sent_where_data_is_seen),
	    cmocka_unit_test(an_application_that_hangs_is_found_in_time),
	    cmocka_unit_test(a_wrong_answer_is_none),
	    cmocka_unit_test(an_application_that_never_answers_is_left_alone_more_and_more),
	    cmocka_unit_test(slow_answers_are_answers),
	    cmocka_unit_test(an_outage_is_ridden_out),
	    cmocka_unit_test(ten_thousand_are_spread),
	    cmocka_unit_test(a_reload_changes_it_on_live_sessions),
	    cmocka_unit_test(a_reload_while_one_is_unanswered),
	    cmocka_unit_test(the_next_daemon_goes_on_from_the_last_data),
	    cmocka_unit_test(an_absence_is_excused),
	    cmocka_unit_test(after_a_sleep_all_beat_soon),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
