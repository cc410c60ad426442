/* SPDX-License-Identifier: ISC */

/* What the daemon's core makes of changes of the host's own network, and of its sleep. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <string.h>

#include "daemon/peer.h"
#include "world.h"

/* Half of them have been forgotten on the way: known within the plan's probes, not its idle time.
 */
static void
probes_on_demand_tell_the_dead_from_the_living(void **unused)
{
	static struct world w;
	const struct peer *peer;
	int64_t bound_ms;

	(void)unused;
	world_with_one_peer(&w, 1000);
	guard_pump(&w.guard);
	world_pass(&w, HOUR);
	peer = w.guard.peers[0];
	bound_ms = (int64_t)peer->plan.interval_s * peer->plan.count * 1000;
	simnet_forget(&w.sim, &w.hosts[0], 2);
	assert_int_equal(guard_probe_all(&w.guard), 1000);
	assert_int_equal(w.sim.probes, 1000);
	for (unsigned i = 0; i < 1000; i++)
		assert_int_equal(
		    peer->sessions[i]->tuned, 0); /* as the next daemon shall find it */
	world_pass(&w, bound_ms - 1);
	assert_int_equal(w.guard.counts.lost, 0);
	for (unsigned i = 0; i < 1000; i++) {
		assert_int_equal(peer->sessions[i]->probing, i % 2 == 0);
		assert_int_equal(peer->sessions[i]->tuned != 0, i % 2 == 1);
	}
	world_pass(&w, MINUTE);
	assert_int_equal(w.guard.counts.lost, 500);
	assert_int_equal(w.guard.in_state[FSM_UP], 1000);
	world_clear(&w);
}

/* A plan that is changed while there is no answer would call the probes off: it has to wait. */
static void
a_reload_waits_for_the_answer(void **unused)
{
	static struct world w;
	const struct session *s;
	struct guard_changes changes;

	(void)unused;
	world_with_one_peer(&w, 1);
	guard_pump(&w.guard);
	world_pass(&w, HOUR);
	s = w.guard.peers[0]->sessions[0];
	assert_int_equal(guard_probe_all(&w.guard), 1);
	world_fill_peer(&w.peers[1][0], 0, 1);
	w.peers[1][0].wish.firewall_ms = 240000;
	assert_int_equal(plan_make(&w.peers[1][0].wish, &w.peers[1][0].plan, NULL), 0);
	w.config[1] = (struct config){.peers = w.peers[1], .n_peers = 1};
	assert_int_equal(guard_configure(&w.guard, &w.config[1], &changes), 0);
	assert_int_equal(changes.retuned, 1);
	assert_true(s->probing);
	assert_int_equal(s->tuned, 0);
	world_pass(&w, MINUTE);
	assert_false(s->probing);
	assert_int_not_equal(s->tuned, 0);
	world_clear(&w);
}

/* What a change is waited for to bring, with the debounce and the spread. */
#define SOON 3000

/* The one peer as a literal: nothing is to be found out about where it is. */
static void
world_with_a_literal(struct world *w, unsigned sessions)
{
	static char address[] = "192.0.2.1";

	world_with_one_peer(w, sessions);
	w->hosts[0].name = w->peers[0][0].host = address;
	w->guard.peers[0]->target.host = address;
	w->guard.peers[0]->literal = true;
}

static void
a_link_that_comes_ends_a_long_wait(void **unused)
{
	static struct world w;

	(void)unused;
	world_with_one_peer(&w, 100);
	w.hosts[0].mode = SIMHOST_SILENT;
	guard_pump(&w.guard);
	world_pass(&w, 2 * HOUR);
	w.hosts[0].mode = SIMHOST_TAKES;
	w.hosts[0].most_in_flight = 0;
	network_news(&w.network, UNREST_LINK_UP, "eth0");
	world_pass(&w, SOON + 10000); /* its first question may be one that is never answered */
	assert_int_equal(w.guard.in_state[FSM_UP], 100);
	assert_true(w.hosts[0].most_in_flight <= PACE_MAX_WINDOW);
	assert_int_equal(w.sim.probes, 0);
	world_clear(&w);
}

/* Why it failed before is over: it fails anew, with the first delays. */
static void
the_backoff_begins_anew(void **unused)
{
	static struct world w;

	(void)unused;
	world_with_a_literal(&w, 1);
	w.hosts[0].mode = SIMHOST_REFUSES;
	guard_pump(&w.guard);
	world_pass(&w, 2 * HOUR);
	assert_true(w.guard.peers[0]->failures > 10);
	network_news(&w.network, UNREST_ADDRESS_ADDED, "192.0.2.7");
	world_pass(&w, SOON);
	assert_in_range(w.guard.peers[0]->failures, 1, 10);
	world_clear(&w);
}

/* An attempt whose packets went nowhere is begun anew, and does not count as a failure. */
static void
an_attempt_from_before_is_begun_anew(void **unused)
{
	static struct world w;
	uint64_t failed;

	(void)unused;
	world_with_a_literal(&w, 3);
	w.hosts[0].mode = SIMHOST_SILENT;
	guard_pump(&w.guard);
	world_pass(&w, 5000); /* of the ten that an attempt takes */
	assert_int_equal(w.guard.in_state[FSM_RESOLVING] + w.guard.in_state[FSM_CONNECTING], 1);
	failed = w.guard.counts.failed_attempts;
	w.hosts[0].mode = SIMHOST_REFUSES;
	network_news(&w.network, UNREST_ADDRESS_ADDED, "192.0.2.7");
	world_pass(&w, UNREST_QUIET_MS);
	assert_int_equal(w.guard.in_state[FSM_BACKOFF], 1);
	assert_int_equal(w.guard.counts.failed_attempts, failed);
	assert_int_equal(w.guard.peers[0]->failed_attempts, 0);
	assert_in_range(w.guard.peers[0]->waiting->delay_ms, 0, 1000);
	world_clear(&w);
}

static void
without_a_network_nobody_is_tried_nor_blamed(void **unused)
{
	static struct world w;

	(void)unused;
	world_with_a_literal(&w, 3);
	w.network.reach4 = false;
	guard_pump(&w.guard);
	world_pass(&w, 25000);
	assert_int_equal(w.hosts[0].connects, 0);
	assert_int_equal(w.guard.counts.failed_attempts, 0);
	assert_int_equal(w.lines[LOG_NOTICE], 1);
	assert_int_equal(w.lines[LOG_WARNING] + w.lines[LOG_INFO], 0);
	assert_int_equal(w.guard.in_state[FSM_BACKOFF], 1);
	/* A link alone does not lead to it. */
	network_news(&w.network, UNREST_LINK_UP, "eth0");
	world_pass(&w, 10000);
	assert_int_equal(w.hosts[0].connects, 0);
	w.network.reach4 = true;
	network_news(&w.network, UNREST_ROUTE_ADDED, "the default route");
	world_pass(&w, SOON + 10000);
	assert_int_equal(w.guard.in_state[FSM_UP], 3);
	assert_int_equal(w.guard.peers[0]->failed_attempts, 0);
	assert_false(w.guard.peers[0]->away);
	world_clear(&w);
}

/* What is known of the network may be wrong: it is only believed for so long. */
static void
one_tries_all_the_same_now_and_then(void **unused)
{
	static struct world w;

	(void)unused;
	world_with_a_literal(&w, 3);
	w.network.reach4 = false;
	guard_pump(&w.guard);
	world_pass(&w, 10 * MINUTE);
	assert_int_equal(w.guard.in_state[FSM_UP], 3);
	world_clear(&w);
}

/* A name may be in /etc/hosts: only the attempt can tell, and its failure is nobody's. */
static void
a_name_is_tried_and_not_blamed(void **unused)
{
	static struct world w;

	(void)unused;
	world_with_one_peer(&w, 3);
	w.hosts[0].mode = SIMHOST_UNKNOWN;
	w.network.reach4 = w.network.reach6 = false;
	guard_pump(&w.guard);
	world_pass(&w, 25000);
	assert_int_equal(w.guard.counts.failed_attempts, 0);
	assert_int_equal(w.lines[LOG_WARNING], 0);
	w.hosts[0].mode = SIMHOST_REFUSES; /* so there is a way */
	world_pass(&w, 2 * MINUTE);
	assert_true(w.guard.counts.failed_attempts > 0);
	assert_int_equal(w.lines[LOG_WARNING], 1);
	world_clear(&w);
}

static void
sessions_of_an_address_that_has_gone_are_dropped(void **unused)
{
	static struct world w;
	struct peer *peer;

	(void)unused;
	world_with_one_peer(&w, 10);
	guard_pump(&w.guard);
	world_pass(&w, HOUR);
	peer = w.guard.peers[0];
	address_parse("192.0.2.7", 0, &w.gone);
	for (unsigned i = 0; i < 4; i++)
		peer->sessions[i]->conn.local = w.gone;
	network_news(&w.network, UNREST_ADDRESS_GONE, "192.0.2.7");
	assert_int_equal(w.guard.network_changed_ms, w.sim.now_ms);
	world_pass(&w, UNREST_QUIET_MS);
	assert_int_equal(w.guard.counts.lost, 4);
	assert_int_equal(w.guard.counts.deaths[REASON_LOCAL], 4);
	memset(&w.gone, 0, sizeof(w.gone));
	world_pass(&w, MINUTE);
	assert_int_equal(w.guard.in_state[FSM_UP], 10);
	assert_int_equal(peer->sessions[9]->reconnects, 0);
	world_clear(&w);
}

/* Three hours. Each second session was forgotten on the way meanwhile. */
static void
after_a_suspend_the_dead_come_back_and_the_living_stay(void **unused)
{
	static struct world w;
	const struct peer *peer;
	unsigned stayed = 0;

	(void)unused;
	world_with_one_peer(&w, 1000);
	guard_pump(&w.guard);
	world_pass(&w, HOUR);
	peer = w.guard.peers[0];
	simnet_forget(&w.sim, &w.hosts[0], 2);
	network_clock_jumped(&w.network); /* somebody has set it */
	world_pass(&w, MINUTE);
	assert_int_equal(w.sim.probes, 0);
	storm_flush(&w.guard); /* of the start */
	w.sim.asleep_ms += 3 * HOUR;
	memset(w.lines, 0, sizeof(w.lines));
	network_clock_jumped(&w.network);
	world_pass(&w, UNREST_QUIET_MS);
	assert_int_equal(w.sim.probes, 1000);
	assert_int_equal(w.lines[LOG_NOTICE], 1);
	/* Much sooner than the 200 s and more after which the kernel would have probed. */
	world_pass(&w, (int64_t)peer->plan.interval_s * peer->plan.count * 1000 + 15000);
	assert_int_equal(w.guard.counts.lost, 500);
	assert_int_equal(w.guard.in_state[FSM_UP], 1000);
	for (unsigned i = 0; i < 1000; i++)
		stayed += peer->sessions[i]->reconnects == 0;
	assert_int_equal(stayed, 500);
	world_clear(&w);
}

static void
a_suspend_ends_waiting(void **unused)
{
	static struct world w;

	(void)unused;
	world_with_one_peer(&w, 1);
	w.hosts[0].mode = SIMHOST_REFUSES;
	guard_pump(&w.guard);
	world_pass(&w, 2 * HOUR);
	w.hosts[0].mode = SIMHOST_TAKES;
	w.sim.asleep_ms += 2000;
	network_clock_jumped(&w.network);
	assert_int_equal(w.guard.resumed_ms, w.sim.now_ms);
	world_pass(&w, SOON + 10000);
	assert_int_equal(w.guard.in_state[FSM_UP], 1);
	world_clear(&w);
}

/* A loose contact, for an hour: the peer that is down is hardly tried more often for it. */
static void
a_flapping_link_starts_no_storm(void **unused)
{
	static struct world w;

	(void)unused;
	world_with_one_peer(&w, 500);
	guard_pump(&w.guard);
	world_pass(&w, HOUR);
	w.hosts[0].mode = SIMHOST_REFUSES;
	simnet_kill(&w.sim, &w.hosts[0], ECONNRESET, 0);
	w.hosts[0].connects = 0;
	memset(w.lines, 0, sizeof(w.lines));
	for (int i = 0; i < 1800; i++) {
		network_news(&w.network, i % 2 ? UNREST_LINK_UP : UNREST_LINK_DOWN, "eth0");
		world_pass(&w, 2000);
	}
	/* 20 reactions, and after each the steps of the backoff from the first on: 1, 2, 4 .. s. */
	assert_in_range(w.hosts[0].connects, 15, 300);
	assert_true(w.lines[LOG_INFO] + w.lines[LOG_NOTICE] + w.lines[LOG_WARNING] < 50);
	world_clear(&w);
}

/* Held ones, too, are not probed all the time for it. */
static void
a_flapping_link_costs_few_probes(void **unused)
{
	static struct world w;

	(void)unused;
	world_with_one_peer(&w, 100);
	guard_pump(&w.guard);
	world_pass(&w, HOUR);
	for (int i = 0; i < 1800; i++) {
		network_news(&w.network, i % 2 ? UNREST_LINK_UP : UNREST_LINK_DOWN, "eth0");
		world_pass(&w, 2000);
	}
	assert_in_range(w.sim.probes, 100, 25 * 100);
	assert_int_equal(w.guard.counts.lost, 0);
	world_clear(&w);
}

/* Two hundred hosts at one switch that comes back: they do not all turn up at once. */
static void
many_hosts_do_not_herd(void **unused)
{
	enum {
		HOSTS_THERE = 200,
		STEP = 100
	};
	static struct world w;
	unsigned at[20] = {0}, most = 0, used = 0;

	(void)unused;
	for (uint64_t seed = 1; seed <= HOSTS_THERE; seed++) {
		unsigned step = 0;

		world_with_a_literal(&w, 1);
		w.sim.seed = seed * 7919;
		w.hosts[0].mode = SIMHOST_REFUSES;
		guard_pump(&w.guard);
		world_pass(&w, 2 * HOUR);
		w.hosts[0].connects = 0;
		network_news(&w.network, UNREST_LINK_UP, "eth0");
		world_pass(&w, UNREST_QUIET_MS);
		for (; w.hosts[0].connects == 0 && step < 19; step++)
			world_pass(&w, STEP);
		at[step]++;
		world_clear(&w);
	}
	for (unsigned i = 0; i < 19; i++) {
		most = at[i] > most ? at[i] : most;
		used += at[i] > 0;
	}
	assert_true(most < HOSTS_THERE / 4);
	assert_true(used >= 9);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(probes_on_demand_tell_the_dead_from_the_living),
	    cmocka_unit_test(a_reload_waits_for_the_answer),
	    cmocka_unit_test(a_link_that_comes_ends_a_long_wait),
	    cmocka_unit_test(the_backoff_begins_anew),
	    cmocka_unit_test(an_attempt_from_before_is_begun_anew),
	    cmocka_unit_test(without_a_network_nobody_is_tried_nor_blamed),
	    cmocka_unit_test(one_tries_all_the_same_now_and_then),
	    cmocka_unit_test(a_name_is_tried_and_not_blamed),
	    cmocka_unit_test(sessions_of_an_address_that_has_gone_are_dropped),
	    cmocka_unit_test(after_a_suspend_the_dead_come_back_and_the_living_stay),
	    cmocka_unit_test(a_suspend_ends_waiting),
	    cmocka_unit_test(a_flapping_link_starts_no_storm),
	    cmocka_unit_test(a_flapping_link_costs_few_probes),
	    cmocka_unit_test(many_hosts_do_not_herd),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
