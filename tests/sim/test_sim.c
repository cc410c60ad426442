/* SPDX-License-Identifier: ISC */

/*
 * The real core of the daemon on a simulated network and clock. Every seed is another history of
 * outages, flaps and reloads; after each event the books are checked. A failing run is one number:
 * KAGUARD_SEED.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/peer.h"
#include "world.h"

static void
misfortune(struct world *w)
{
	static const int errors[] = {0, ECONNRESET, ETIMEDOUT, EHOSTUNREACH, ENETDOWN};
	struct simhost *host = &w->hosts[simnet_random(&w->sim) % HOSTS];

	switch (simnet_random(&w->sim) % 8) {
	case 0:
	case 1:
		host->mode = (enum simhost_mode)(simnet_random(&w->sim) % SIMHOST_MODES);
		break;
	case 2:
	case 3:
		simnet_kill(&w->sim, host, errors[simnet_random(&w->sim) % 5],
		    simnet_random(&w->sim) % 20000);
		break;
	case 4:
		w->sim.max_sockets = simnet_random(&w->sim) % 2 ? 10 : UINT32_MAX;
		break;
	case 5:
		simnet_forget(&w->sim, host, 2);
		guard_probe_all(&w->guard);
		break;
	case 6:
		host->answer = simnet_random(&w->sim) % 2 ? NULL : "yes";
		break;
	default:
		world_configure(w, 12);
		break;
	}
}

/* Whatever happens, the books are right; and once all is well again, all sessions come up. */
static void
histories(void **unused)
{
	const char *given = getenv("KAGUARD_SEED");
	uint64_t first = given != NULL ? strtoull(given, NULL, 0) : 1;
	uint64_t last = given != NULL ? first : 24;
	uint64_t events = 0;
	int64_t hours = 0;

	(void)unused;
	for (uint64_t seed = first; seed <= last; seed++) {
		struct world *w = malloc(sizeof(*w));

		assert_non_null(w);
		print_message("# KAGUARD_SEED=%llu\n", (unsigned long long)seed);
		world_init(w, seed);
		world_configure(w, 12);
		for (int i = 0; i < 200; i++) {
			misfortune(w);
			world_pass(w, simnet_random(&w->sim) % (10 * MINUTE));
		}
		for (unsigned i = 0; i < HOSTS; i++) {
			w->hosts[i].mode = SIMHOST_TAKES;
			w->hosts[i].answer = "yes";
		}
		w->sim.max_sockets = UINT32_MAX;
		world_pass(w, 3 * HOUR);
		assert_int_equal(w->guard.in_state[FSM_UP], w->guard.n_sessions);
		events += w->events;
		hours += w->sim.now_ms / HOUR;
		world_clear(w);
		free(w);
	}
	print_message("# %llu events in %lld simulated hours\n", (unsigned long long)events,
	    (long long)hours);
}

static void
a_dead_peer_is_tried_by_one_session(void **unused)
{
	static struct world w;

	(void)unused;
	world_with_one_peer(&w, 1000);
	w.hosts[0].mode = SIMHOST_REFUSES;
	guard_pump(&w.guard);
	world_pass(&w, HOUR);
	assert_int_equal(w.hosts[0].most_in_flight, 1);
	/* 1, 2, 4 .. 256 s, then 300 s: 10 steps of some 5 min in all, and then 11 or so. Full
	 * jitter halves the delays on average. */
	assert_in_range(w.hosts[0].connects, 15, 60);
	/* All follow when it is back, few at a time. */
	w.hosts[0].mode = SIMHOST_TAKES;
	world_pass(&w, MAX_BACKOFF_MS + 10000);
	assert_int_equal(w.guard.in_state[FSM_UP], 1000);
	assert_true(w.hosts[0].most_in_flight <= PACE_MAX_WINDOW);
	world_clear(&w);
}

static void
a_peer_that_dies_under_its_sessions_is_tried_by_one(void **unused)
{
	static struct world w;

	(void)unused;
	world_with_one_peer(&w, 1000);
	guard_pump(&w.guard);
	world_pass(&w, HOUR);
	assert_int_equal(w.guard.in_state[FSM_UP], 1000);
	w.hosts[0].mode = SIMHOST_SILENT;
	w.hosts[0].most_in_flight = w.hosts[0].connects = 0;
	simnet_kill(&w.sim, &w.hosts[0], ETIMEDOUT, 30000);
	world_pass(&w, HOUR);
	assert_int_equal(w.guard.in_state[FSM_UP], 0);
	assert_int_equal(w.hosts[0].most_in_flight, 1);
	assert_in_range(w.hosts[0].connects, 10, 60);
	world_clear(&w);
}

static void
ten_thousand_deaths_make_a_handful_of_lines(void **unused)
{
	static struct world w;
	unsigned loud = 0;

	(void)unused;
	world_with_one_peer(&w, 10000);
	guard_pump(&w.guard);
	world_pass(&w, HOUR);
	memset(w.lines, 0, sizeof(w.lines));
	simnet_kill(&w.sim, &w.hosts[0], ECONNRESET, 0);
	world_pass(&w, HOUR);
	assert_int_equal(w.guard.in_state[FSM_UP], 10000);
	for (int priority = 0; priority < LOG_DEBUG; priority++)
		loud += w.lines[priority];
	assert_in_range(loud, 3, 20);
	world_clear(&w);
}

/* A server that takes every session and drops it at once is not hammered. */
static void
a_peer_that_drops_what_it_takes_sees_growing_delays(void **unused)
{
	static struct world w;
	unsigned before;

	(void)unused;
	world_with_one_peer(&w, 4);
	w.hosts[0].mode = SIMHOST_DROPS;
	guard_pump(&w.guard);
	world_pass(&w, HOUR);
	before = w.hosts[0].connects;
	assert_in_range(before, 15, 200);
	/* Each session once, and again at 4, 8, 16 and 32 in a row. */
	assert_in_range(w.lines[LOG_WARNING], 4, 4 * 5);
	world_pass(&w, HOUR); /* at the cap: 24 rounds an hour, of at most 4 */
	assert_in_range(w.hosts[0].connects - before, 6, 160);
	world_clear(&w);
}

static void
a_session_that_lasted_starts_again_with_the_first_delay(void **unused)
{
	static struct world w;

	(void)unused;
	world_with_one_peer(&w, 1);
	w.hosts[0].mode = SIMHOST_REFUSES;
	guard_pump(&w.guard);
	world_pass(&w, HOUR);
	w.hosts[0].mode = SIMHOST_TAKES;
	world_pass(&w, MAX_BACKOFF_MS + 10000);
	assert_int_equal(w.guard.in_state[FSM_UP], 1);
	simnet_kill(&w.sim, &w.hosts[0], ECONNRESET, 0);
	/* Up to a second of backoff, and the resolver of the simulation may hang for 10 s. */
	world_pass(&w, 60000);
	assert_int_equal(w.guard.in_state[FSM_UP], 1);
	assert_int_equal(w.guard.peers[0]->failures, 1);
	world_clear(&w);
}

static void
local_trouble_is_not_the_peers_failure(void **unused)
{
	static struct world w;

	(void)unused;
	world_with_one_peer(&w, 10);
	w.sim.max_sockets = 4;
	guard_pump(&w.guard);
	world_pass(&w, HOUR);
	assert_int_equal(w.guard.in_state[FSM_UP], 4);
	assert_int_equal(w.hosts[0].connects, 4);
	assert_int_equal(w.lines[LOG_WARNING], 1);
	w.sim.max_sockets = UINT32_MAX;
	world_pass(&w, MINUTE);
	assert_int_equal(w.guard.in_state[FSM_UP], 10);
	world_clear(&w);
}

/* However many sessions there are to open, few are being opened; and dead peers keep none back. */
static void
attempts_are_bounded_in_all(void **unused)
{
	static struct world w;
	struct guard_changes changes;
	unsigned most = 0;

	(void)unused;
	world_init(&w, 7);
	for (unsigned i = 0; i < HOSTS; i++)
		world_fill_peer(&w.peers[0][i], i, 1000);
	w.config[0] = (struct config){.peers = w.peers[0], .n_peers = HOSTS};
	w.hosts[0].mode = w.hosts[1].mode = SIMHOST_SILENT;
	assert_int_equal(guard_configure(&w.guard, &w.config[0], &changes), 0);
	guard_pump(&w.guard);
	while (w.guard.in_state[FSM_UP] < 4000) {
		unsigned now = w.guard.in_state[FSM_RESOLVING] + w.guard.in_state[FSM_CONNECTING];

		most = now > most ? now : most;
		assert_true(world_step(&w, HOUR));
	}
	assert_in_range(most, PEER_MAX_IN_FLIGHT / 2, PEER_MAX_IN_FLIGHT + HOSTS);
	world_clear(&w);
}

static void
note_fault(struct guard *guard, const char *what)
{
	(void)guard;
	assert_string_equal(what, "a/0: resolved while idle");
	function_called();
}

/* A bug is told, and costs nobody a session. */
static void
what_cannot_be_is_told_and_changes_nothing(void **unused)
{
	static struct world w;

	(void)unused;
	world_with_one_peer(&w, 3);
	w.guard.fault = note_fault;
	expect_function_call(note_fault);
	session_event(w.guard.peers[0]->sessions[0], FSM_RESOLVED);
	assert_int_equal(w.guard.in_state[FSM_IDLE], 3);
	guard_pump(&w.guard);
	world_pass(&w, HOUR);
	assert_int_equal(w.guard.in_state[FSM_UP], 3);
	world_clear(&w);
}

/* Two of three sessions go on, one of them dead by now; nothing is attempted for those. */
static void
sessions_of_the_daemon_before_go_on(void **unused)
{
	static const struct conn_news reset = {.what = CONN_LOST, .error = ECONNRESET};
	static struct world w;
	struct peer *peer;

	(void)unused;
	world_with_one_peer(&w, 3);
	peer = w.guard.peers[0];
	w.sim.now_ms = HOUR;
	for (int i = 0; i < 2; i++) {
		const struct conn_socket socket = {.fd = 7 + i, .remote.in.sin_family = AF_INET};

		peer->sessions[i]->reconnects = 5;
		session_adopt(peer->sessions[i], &socket, 1000 * i);
	}
	assert_int_equal(w.guard.in_state[FSM_UP], 2);
	assert_int_equal(peer->pace.in_flight, 0);
	assert_int_equal(peer->sessions[1]->since_ms, 1000);
	assert_int_equal(w.guard.counts.came_up, 0);
	assert_int_equal(w.lines[LOG_INFO] + w.lines[LOG_NOTICE] + w.lines[LOG_WARNING], 0);
	session_news(&peer->sessions[1]->conn, &reset);
	assert_int_equal(w.guard.counts.lost, 1);
	assert_int_equal(w.lines[LOG_WARNING], 1);
	guard_pump(&w.guard);
	world_pass(&w, HOUR);
	assert_int_equal(w.guard.in_state[FSM_UP], 3);
	assert_int_equal(w.hosts[0].connects, 2);
	assert_int_equal(peer->sessions[0]->reconnects, 5);
	assert_int_equal(peer->sessions[1]->reconnects, 6);
	assert_int_equal(peer->sessions[0]->since_ms, 0);
	/* And they can be left to the next one: no host sees an end. */
	guard_leave(&w.guard);
	assert_int_equal(w.sim.sockets, 0);
	assert_int_equal(w.hosts[0].held, 3);
	w.hosts[0].held = 0;
	world_clear(&w);
}

/* Those that a reload found no memory for come by themselves, or with the next reload. */
static void
sessions_that_memory_lacked_for_come_later(void **unused)
{
	static struct world w;
	struct guard_changes changes;

	(void)unused;
	world_with_one_peer(&w, 3);
	guard_pump(&w.guard);
	w.sim.no_memory = true;
	world_fill_peer(&w.peers[1][0], 0, 6);
	w.config[1] = (struct config){.peers = w.peers[1], .n_peers = 1};
	assert_int_equal(guard_configure(&w.guard, &w.config[1], &changes), -ENOMEM);
	world_pass(&w, MINUTE);
	assert_int_equal(w.guard.in_state[FSM_UP], 3);
	guard_check(&w.guard);
	assert_int_equal(w.guard.n_sessions, 3);
	w.sim.no_memory = false;
	guard_check(&w.guard);
	world_pass(&w, MINUTE);
	assert_int_equal(w.guard.in_state[FSM_UP], 6);
	world_clear(&w);
	world_with_one_peer(&w, 3);
	w.sim.no_memory = true;
	world_fill_peer(&w.peers[1][0], 0, 6);
	w.config[1] = (struct config){.peers = w.peers[1], .n_peers = 1};
	assert_int_equal(guard_configure(&w.guard, &w.config[1], &changes), -ENOMEM);
	w.sim.no_memory = false;
	w.peers[0][0] = w.peers[1][0];
	assert_int_equal(guard_configure(&w.guard, &w.config[0], &changes), 0);
	assert_int_equal(w.guard.n_sessions, 6);
	world_clear(&w);
}

static void
note_stall(struct guard *guard, const char *what)
{
	(void)guard;
	assert_string_equal(what, "a: sessions wait and none tries");
	function_called();
}

static void
a_stalled_peer_is_noticed_and_set_going(void **unused)
{
	static struct world w;

	(void)unused;
	world_with_one_peer(&w, 3);
	w.guard.fault = note_stall;
	expect_function_call(note_stall); /* nobody has pumped yet */
	guard_check(&w.guard);
	guard_check(&w.guard); /* now somebody tries */
	world_pass(&w, HOUR);
	guard_check(&w.guard);
	assert_int_equal(w.guard.in_state[FSM_UP], 3);
	world_clear(&w);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_dead_peer_is_tried_by_one_session),
	    cmocka_unit_test(a_peer_that_dies_under_its_sessions_is_tried_by_one),
	    cmocka_unit_test(ten_thousand_deaths_make_a_handful_of_lines),
	    cmocka_unit_test(a_peer_that_drops_what_it_takes_sees_growing_delays),
	    cmocka_unit_test(a_session_that_lasted_starts_again_with_the_first_delay),
	    cmocka_unit_test(local_trouble_is_not_the_peers_failure),
	    cmocka_unit_test(attempts_are_bounded_in_all),
	    cmocka_unit_test(what_cannot_be_is_told_and_changes_nothing),
	    cmocka_unit_test(a_stalled_peer_is_noticed_and_set_going),
	    cmocka_unit_test(sessions_that_memory_lacked_for_come_later),
	    cmocka_unit_test(sessions_of_the_daemon_before_go_on),
	    cmocka_unit_test(histories),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
