/* SPDX-License-Identifier: ISC */

/* The core of the daemon before firewalls that forget sooner than declared, or all at once. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>

#include "daemon/peer.h"
#include "world.h"

#define S     INT64_C(1000)
#define NEVER INT64_MAX

/* All hosts are peers, with that many sessions each and such a firewall before them. */
static void
begin(struct world *w, uint64_t seed, unsigned sessions, int64_t forgets_ms)
{
	struct guard_changes changes;

	world_init(w, seed);
	for (unsigned i = 0; i < HOSTS; i++) {
		world_fill_peer(&w->peers[0][i], i, sessions);
		w->hosts[i].forgets_ms = forgets_ms;
	}
	w->config[0] = (struct config){.peers = w->peers[0], .n_peers = HOSTS};
	assert_int_equal(guard_configure(&w->guard, &w->config[0], &changes), 0);
	guard_pump(&w->guard);
	world_pass(w, 2 * HOUR);
}

static void
a_firewall_that_forgets_sooner_is_learnt(void **unused)
{
	static struct world w;
	uint64_t lost;

	(void)unused;
	begin(&w, 1, 20, 200 * S);
	assert_true(w.lines[LOG_WARNING] > 0);
	for (unsigned i = 0; i < HOSTS; i++) {
		const struct peer *peer = w.guard.peers[i];

		assert_int_equal(peer->learn.learnt_ms, 180 * S);
		assert_in_range(peer->learn.seen_ms, 200 * S, 300 * S);
		assert_true(peer->plan.idle_s < 180);
	}
	/* Three rounds of it, since all were idle at one time, and not one more. */
	lost = w.guard.counts.lost;
	assert_in_range(lost, 3 * HOSTS, 4 * HOSTS * 20);
	assert_int_equal(w.guard.counts.deaths[REASON_EXPIRED], lost);
	world_pass(&w, 24 * HOUR);
	assert_int_equal(w.guard.counts.lost, lost);
	assert_int_equal(w.guard.in_state[FSM_UP], w.guard.n_sessions);
	world_clear(&w);
}

/* Every hour, for two days. */
static void
flushes_teach_nothing(void **unused)
{
	static struct world w;

	(void)unused;
	begin(&w, 2, 20, NEVER);
	assert_int_equal(w.guard.counts.lost, 0);
	for (int hour = 0; hour < 48; hour++) {
		for (unsigned i = 0; i < HOSTS; i++)
			simnet_forget(&w.sim, &w.hosts[i], 1);
		world_pass(&w, HOUR);
		assert_int_equal(w.guard.in_state[FSM_UP], w.guard.n_sessions);
	}
	assert_int_equal(w.guard.counts.lost, 48 * HOSTS * 20);
	for (unsigned i = 0; i < HOSTS; i++) {
		assert_int_equal(w.guard.peers[i]->learn.learnt_ms, 0);
		assert_int_equal(w.guard.peers[i]->plan.idle_s, w.peers[0][i].plan.idle_s);
	}
	/* Hardly one was taken for a reboot: those before anybody else had answered. */
	assert_in_range(w.guard.counts.deaths[REASON_RESET], 0, w.guard.counts.lost / 50);
	world_clear(&w);
}

/* Nobody else's sessions have anything. */
static void
a_rebooted_peer_is_found_out(void **unused)
{
	static struct world w;

	(void)unused;
	begin(&w, 3, 20, NEVER);
	for (int hour = 0; hour < 24; hour++) {
		simnet_forget(&w.sim, &w.hosts[0], 1);
		world_pass(&w, HOUR);
	}
	assert_int_equal(w.guard.counts.lost, 24 * 20);
	assert_in_range(w.guard.counts.deaths[REASON_RESET], 23 * 20, 24 * 20);
	assert_int_equal(w.guard.peers[0]->learn.learnt_ms, 0);
	world_clear(&w);
}

/* Any declaration, any firewall, flushed or rebooted behind it now and then: in the end all live.
 */
static void
histories(void **unused)
{
	const char *given = getenv("KAGUARD_SEED");
	uint64_t first = given != NULL ? strtoull(given, NULL, 0) : 1;

	(void)unused;
	for (uint64_t seed = first; seed < first + (given != NULL ? 1 : 12); seed++) {
		struct world *w = malloc(sizeof(*w));
		uint64_t lost;

		assert_non_null(w);
		begin(w, seed, 1 + (unsigned)(seed % 7), 20 * S + (int64_t)(seed * 7919 % 400) * S);
		for (int i = 0; i < 40; i++) {
			if (simnet_random(&w->sim) % 4 == 0)
				simnet_forget(&w->sim, &w->hosts[simnet_random(&w->sim) % HOSTS],
				    1 + simnet_random(&w->sim) % 2);
			world_pass(w, simnet_random(&w->sim) % HOUR);
		}
		world_pass(w, 3 * HOUR);
		lost = w->guard.counts.lost;
		world_pass(w, 6 * HOUR);
		print_message("# KAGUARD_SEED=%llu: %llu lost\n", (unsigned long long)seed,
		    (unsigned long long)lost);
		assert_int_equal(w->guard.counts.lost, lost);
		assert_int_equal(w->guard.in_state[FSM_UP], w->guard.n_sessions);
		for (unsigned i = 0; i < HOSTS; i++)
			assert_true(w->guard.peers[i]->plan.idle_s <= w->peers[0][i].plan.idle_s);
		world_clear(w);
		free(w);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_firewall_that_forgets_sooner_is_learnt),
	    cmocka_unit_test(flushes_teach_nothing),
	    cmocka_unit_test(a_rebooted_peer_is_found_out),
	    cmocka_unit_test(histories),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
