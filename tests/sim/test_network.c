/* SPDX-License-Identifier: ISC */

/* What the daemon's core makes of changes of the host's own network, and of its sleep. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

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

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(probes_on_demand_tell_the_dead_from_the_living),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
