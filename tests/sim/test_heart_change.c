/* SPDX-License-Identifier: ISC */

/* Heartbeats through what changes: the configuration, the daemon itself, the host. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "daemon/heart.h"
#include "daemon/peer.h"
#include "heartworld.h"

static void
a_reload_changes_it_on_live_sessions(void **unused)
{
	static struct config_heartbeat other;
	static struct world w;
	const struct peer *peer;

	(void)unused;
	heartworld_begin(&w, 20, "PONG");
	peer = w.guard.peers[0];
	world_pass(&w, HOUR);
	assert_int_equal(heartworld_configure(&w, &heartworld_terms, 20).unchanged, 1);
	/* None: no beat, no memory, and no timer. */
	assert_int_equal(heartworld_configure(&w, NULL, 20).heartbeats, 1);
	assert_null(peer->heart);
	assert_int_equal(heart_due_ms(&w.guard), -1);
	w.hosts[0].beats = 0;
	world_pass(&w, HOUR);
	assert_int_equal(w.hosts[0].beats, 0);
	/* One for sessions that have been quiet for an hour: soon, and not all at once. */
	assert_int_equal(heartworld_configure(&w, &heartworld_terms, 20).heartbeats, 1);
	world_pass(&w, TIMEOUT_MS / 2);
	assert_int_equal(w.hosts[0].beats, 20);
	/* A faster one, and more sessions at the same time. */
	other = heartworld_terms;
	other.terms = (struct beat_terms){.every_ms = 1000, .timeout_ms = 500};
	heartworld_configure(&w, &other, 30);
	world_pass(&w, 3000);
	w.hosts[0].beats = 0;
	world_pass(&w, MINUTE);
	assert_in_range(w.hosts[0].beats, 30 * 58, 30 * 70);
	/* Fewer sessions: those that go take their beats with them. */
	heartworld_configure(&w, &other, 5);
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
	heartworld_begin(&w, 1, "PONG");
	w.hosts[0].answer_ms = TIMEOUT_MS / 2;
	while (w.hosts[0].beats == 0)
		world_pass(&w, 100);
	other = heartworld_terms;
	other.expect = (struct expect){0};
	w.hosts[0].beats = 0;
	heartworld_configure(&w, &other, 1);
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
	heartworld_init(&w);
	w.hosts[0].answer = "PONG";
	w.sim.now_ms = HOUR;
	world_fill_peer(&w.peers[0][0], 0, 4);
	w.peers[0][0].heartbeat = &heartworld_terms;
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
	heartworld_begin(&w, 1, "PONG");
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
	heartworld_begin(&w, 100, "PONG");
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
	    cmocka_unit_test(a_reload_changes_it_on_live_sessions),
	    cmocka_unit_test(a_reload_while_one_is_unanswered),
	    cmocka_unit_test(the_next_daemon_goes_on_from_the_last_data),
	    cmocka_unit_test(an_absence_is_excused),
	    cmocka_unit_test(after_a_sleep_all_beat_soon),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
