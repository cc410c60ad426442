/* SPDX-License-Identifier: ISC */

/* Heartbeats of the real core on a simulated network and clock. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "daemon/peer.h"
#include "heartworld.h"

static void
an_answered_session_is_held(void **unused)
{
	static struct world w;

	(void)unused;
	heartworld_begin(&w, 1, "PONG\r\n");
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
	heartworld_begin(&w, 10, "PONG");
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
	heartworld_begin(&w, 3, "PONG");
	world_pass(&w, HOUR);
	w.hosts[0].answer = NULL;
	world_pass(&w, EVERY_MS + TIMEOUT_MS);
	assert_int_equal(w.guard.counts.lost, 3);
	assert_int_equal(w.guard.counts.deaths[REASON_HEARTBEAT], 3);
	assert_non_null(strstr(heartworld_last_lost, ": no answer to the heartbeat within 10s"));
	world_clear(&w);
}

static void
a_wrong_answer_is_none(void **unused)
{
	static struct world w;

	(void)unused;
	heartworld_begin(&w, 1, "PONG");
	world_pass(&w, HOUR);
	w.hosts[0].answer = "PING POP PON";
	world_pass(&w, EVERY_MS + TIMEOUT_MS);
	assert_int_equal(w.guard.counts.deaths[REASON_HEARTBEAT], 1);
	assert_non_null(strstr(heartworld_last_lost,
	    ": the heartbeat was answered by 12 bytes without \"PONG\" within 10s"));
	world_clear(&w);
}

/* Not even where it goes on from the one before. */
static void
no_answer_counts_for_two(void **unused)
{
	static char twice[] = "aa";
	static uint16_t its_borders[2];
	static struct config_heartbeat other;
	static struct world w;

	(void)unused;
	heartworld_begin(&w, 1, "aa");
	expect_borders(twice, 2, its_borders);
	other = heartworld_terms;
	other.expect = (struct expect){.bytes = twice, .borders = its_borders, .len = 2};
	heartworld_configure(&w, &other, 1);
	world_pass(&w, HOUR);
	assert_int_equal(w.guard.counts.lost, 0);
	w.hosts[0].answer = "a";
	world_pass(&w, EVERY_MS + TIMEOUT_MS);
	assert_true(w.guard.counts.deaths[REASON_HEARTBEAT] > 0);
	world_clear(&w);
}

/* One that takes sessions and answers nothing is tried with growing delays, and told of so. */
static void
an_application_that_never_answers_is_left_alone_more_and_more(void **unused)
{
	static struct world w;

	(void)unused;
	heartworld_begin(&w, 1, NULL);
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
	heartworld_begin(&w, 100, "PONG");
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
	heartworld_begin(&w, 100, "PONG");
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
	assert_non_null(strstr(heartworld_last_lost, "data was not acknowledged"));
	world_clear(&w);
}

/* Nor is it where the beat only comes late: it has its time from then on. */
static void
what_arrives_late_is_given_its_time(void **unused)
{
	static struct world w;

	(void)unused;
	heartworld_begin(&w, 20, "PONG");
	w.hosts[0].answer_ms = TIMEOUT_MS / 2;
	for (int i = 0; i < 500; i++) {
		w.hosts[0].mode = SIMHOST_SILENT;
		world_pass(&w, TIMEOUT_MS * 8 / 10);
		w.hosts[0].mode = SIMHOST_TAKES;
		world_pass(&w, EVERY_MS);
	}
	assert_int_equal(w.guard.counts.lost, 0);
	w.hosts[0].mode = SIMHOST_SILENT;
	world_pass(&w, TIMEOUT_MS * 8 / 10);
	w.hosts[0].mode = SIMHOST_TAKES;
	w.hosts[0].answer = NULL;
	world_pass(&w, EVERY_MS + 2 * TIMEOUT_MS);
	assert_in_range(w.guard.counts.deaths[REASON_HEARTBEAT], 20, 40);
	world_clear(&w);
}

/* The plan's bound holds for as long as an application may take. */
static void
patience_is_for_applications_not_for_paths(void **unused)
{
	static const int64_t every_ms[] = {9 * MINUTE, 15 * MINUTE};
	static struct config_heartbeat patient;
	static struct world w;

	(void)unused;
	for (int i = 0; i < 2; i++) {
		heartworld_begin(&w, 20, "PONG");
		patient = heartworld_terms;
		patient.terms = (struct beat_terms){every_ms[i], every_ms[i]};
		heartworld_configure(&w, &patient, 20);
		w.hosts[0].answer_ms = patient.terms.timeout_ms - 1000;
		world_pass(&w, 10 * HOUR);
		assert_int_equal(w.guard.counts.lost, 0);
		w.hosts[0].answer_ms = 0;
		world_pass(&w, 10 * HOUR);
		w.hosts[0].mode = SIMHOST_SILENT;
		assert_in_range(w.guard.peers[0]->plan.detect_worst_ms, 0, 10 * MINUTE);
		world_pass(&w, i == 0 ? 10 * MINUTE : every_ms[i] + 1000);
		assert_int_equal(w.guard.counts.lost, 20);
		world_clear(&w);
	}
}

/* Ten thousand that come up together, and that hear something together later on. */
static void
ten_thousand_are_spread(void **unused)
{
	static struct world w;
	const unsigned n = 10000, even = n * 1000 / EVERY_MS;

	(void)unused;
	heartworld_begin(&w, n, "PONG");
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

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(an_answered_session_is_held),
	    cmocka_unit_test(nothing_is_sent_where_data_is_seen),
	    cmocka_unit_test(an_application_that_hangs_is_found_in_time),
	    cmocka_unit_test(a_wrong_answer_is_none),
	    cmocka_unit_test(no_answer_counts_for_two),
	    cmocka_unit_test(an_application_that_never_answers_is_left_alone_more_and_more),
	    cmocka_unit_test(slow_answers_are_answers),
	    cmocka_unit_test(an_outage_is_ridden_out),
	    cmocka_unit_test(what_arrives_late_is_given_its_time),
	    cmocka_unit_test(patience_is_for_applications_not_for_paths),
	    cmocka_unit_test(ten_thousand_are_spread),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
