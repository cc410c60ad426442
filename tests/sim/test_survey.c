/* SPDX-License-Identifier: ISC */

/* The core of the daemon with peers whose firewall is `auto`: what it measures, when, and what it
 * makes of it. The measurements themselves are simulated by measure_table. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "surveyed.h"

static void
all_are_measured_once_and_probed_less(void **unused)
{
	(void)unused;
	surveyed_begin(1, HOSTS, 600 * S);
	surveyed_plans_for(SAFE);
	surveyed_pass(HOUR);
	assert_int_equal(surveyed.most_open, SURVEY_AT_ONCE);
	for (unsigned i = 0; i < HOSTS; i++)
		assert_int_equal(surveyed.begun[i], 1);
	surveyed_plans_for(582 * S);
	surveyed_pass(20 * DAY);
	for (unsigned i = 0; i < HOSTS; i++)
		assert_int_equal(surveyed.begun[i], 1);
	assert_int_equal(surveyed.w.guard.counts.lost, 0);
	surveyed_pass(11 * DAY);
	for (unsigned i = 0; i < HOSTS; i++)
		assert_int_equal(surveyed.begun[i], 2);
	surveyed_end();
}

static void
what_forgets_sooner_is_planned_for(void **unused)
{
	uint64_t lost;

	(void)unused;
	surveyed_begin(2, 2, 100 * S);
	surveyed_pass(HOUR);
	surveyed_plans_for(97 * S);
	assert_int_equal(surveyed_first()->learn.learnt_ms, 0);
	lost = surveyed.w.guard.counts.lost;
	assert_true(lost > 0);
	surveyed_pass(2 * DAY);
	assert_int_equal(surveyed.w.guard.counts.lost, lost);
	assert_int_equal(surveyed.begun[0], 1);
	surveyed_end();
}

static void
a_death_takes_it_back_and_has_it_measured_again(void **unused)
{
	int64_t changed_ms;
	uint64_t lost;

	(void)unused;
	surveyed_begin(3, 1, 600 * S);
	surveyed_pass(2 * HOUR);
	surveyed_plans_for(582 * S);
	surveyed.w.hosts[0].forgets_ms = 300 * S;
	changed_ms = surveyed.w.sim.now_ms;
	while (!surveyed_first()->path->survey.contradicted &&
	       surveyed.w.sim.now_ms < changed_ms + HOUR)
		surveyed_pass(S);
	/* The first ones had survived as much before, so it is the next that tell. */
	assert_in_range(surveyed.w.guard.counts.lost, 2, 6);
	assert_in_range(surveyed.w.sim.now_ms - changed_ms, 600 * S, 1300 * S);
	surveyed_plans_for(SAFE);
	surveyed_pass(MINUTE);
	assert_int_equal(surveyed.begun[0], 2);
	lost = surveyed.w.guard.counts.lost;
	surveyed_pass(HOUR);
	assert_false(surveyed_first()->path->survey.contradicted);
	surveyed_plans_for(291 * S);
	surveyed_pass(10 * DAY);
	assert_in_range(surveyed.w.guard.counts.lost, lost, lost + 2);
	assert_int_equal(surveyed.begun[0], 2);
	surveyed_end();
}

static void
nothing_found_is_tried_less_and_less(void **unused)
{
	(void)unused;
	surveyed_begin(4, 1, 600 * S);
	surveyed.in_vain = true;
	surveyed_pass(30 * DAY);
	/* At the start, and after 6, 12 hours, 1, 2, 4, 8 days: the next is in 16. */
	assert_int_equal(surveyed.begun[0], 7);
	surveyed_plans_for(SAFE);
	surveyed.in_vain = false;
	surveyed_pass(16 * DAY);
	surveyed_plans_for(582 * S);
	surveyed_end();
}

static void
nobody_is_measured_who_is_not_there(void **unused)
{
	(void)unused;
	surveyed_begin(5, 2, 600 * S);
	surveyed.w.hosts[0].mode = SIMHOST_SILENT;
	surveyed_pass(S);
	simnet_kill(&surveyed.w.sim, &surveyed.w.hosts[0], 0, 0);
	surveyed_pass(HOUR);
	assert_int_equal(surveyed.begun[0], 0);
	assert_int_equal(surveyed.begun[1], 1);
	surveyed.w.hosts[0].mode = SIMHOST_TAKES;
	surveyed_pass(HOUR);
	assert_int_equal(surveyed.begun[0], 1);
	surveyed_end();
}

/* A month later it would be again, but one of its sessions is down and being tried. */
static void
nobody_is_measured_who_is_in_trouble(void **unused)
{
	(void)unused;
	surveyed_begin(10, 1, 600 * S);
	surveyed_pass(HOUR);
	assert_int_equal(surveyed.begun[0], 1);
	surveyed.w.hosts[0].mode = SIMHOST_REFUSES;
	simnet_forget(&surveyed.w.sim, &surveyed.w.hosts[0], 3);
	surveyed_pass(40 * DAY);
	assert_int_equal(surveyed_first()->n_up, 2);
	assert_int_equal(surveyed.begun[0], 1);
	surveyed.w.hosts[0].mode = SIMHOST_TAKES;
	surveyed_pass(HOUR);
	assert_int_equal(surveyed.begun[0], 2);
	surveyed_end();
}

static void
carry_to(const char *name)
{
	surveyed.network = name;
	simnet_kill(&surveyed.w.sim, &surveyed.w.hosts[0], 0, 0);
	surveyed_pass(S);
	while (surveyed.w.guard.in_state[FSM_UP] < surveyed.w.guard.n_sessions)
		surveyed_pass(S);
}

static void
each_network_has_its_own(void **unused)
{
	(void)unused;
	surveyed_begin(6, 1, 600 * S);
	surveyed_pass(HOUR);
	surveyed_plans_for(582 * S);
	carry_to("192.0.2.1 at 02:00:00:00:00:02");
	surveyed_plans_for(SAFE);
	surveyed.w.hosts[0].forgets_ms = 400 * S;
	surveyed_pass(HOUR);
	assert_int_equal(surveyed.begun[0], 2);
	surveyed_plans_for(388 * S);
	/* The link-layer address need not be known to know the network. */
	carry_to("192.0.2.1 on wlan0");
	surveyed_plans_for(388 * S);
	carry_to("192.0.2.1 at 02:00:00:00:00:01");
	surveyed_plans_for(582 * S);
	carry_to("192.0.2.1 at 02:00:00:00:00:02");
	surveyed_plans_for(388 * S);
	assert_int_equal(surveyed.begun[0], 2);
	surveyed_end();
}

/* In the middle of a measurement. */
static void
what_changes_ends_it(void **unused)
{
	(void)unused;
	surveyed_begin(7, 2, 600 * S);
	surveyed_pass(TOOK / 2);
	assert_int_equal(surveyed.open, 2);
	carry_to("192.0.2.1 at 02:00:00:00:00:02");
	assert_int_equal(surveyed.open, 1);
	surveyed_pass(TOOK / 4);
	surveyed_configure(1, 1, true);
	assert_int_equal(surveyed.open, 1);
	surveyed_configure(0, 1, false);
	assert_int_equal(surveyed.open, 0);
	assert_null(surveyed_first()->path);
	surveyed_pass(HOUR);
	assert_int_equal(surveyed.begun[0], 2);
	surveyed_end();
}

static void
a_declaration_ends_it_and_auto_remembers(void **unused)
{
	(void)unused;
	surveyed_begin(8, 1, 600 * S);
	surveyed_pass(HOUR);
	surveyed_configure(1, 1, false);
	surveyed_plans_for(SAFE);
	surveyed_pass(HOUR);
	surveyed_configure(0, 1, true);
	surveyed_plans_for(582 * S);
	surveyed_pass(HOUR);
	surveyed_configure(1, 0, true);
	surveyed_configure(0, 1, true);
	surveyed_plans_for(582 * S);
	surveyed_pass(HOUR);
	assert_int_equal(surveyed.begun[0], 1);
	assert_int_equal(surveyed.w.guard.counts.lost, 0);
	surveyed_end();
}

static void
one_that_the_machine_slept_through_is_void(void **unused)
{
	(void)unused;
	surveyed_begin(9, 1, 600 * S);
	surveyed_pass(TOOK / 2);
	assert_int_equal(surveyed.open, 1);
	surveyed.w.guard.resumed_ms = surveyed.w.sim.now_ms;
	surveyed_pass(TOOK / 2 + MINUTE);
	assert_int_equal(surveyed_first()->path->survey.failed, 0);
	surveyed_plans_for(SAFE);
	surveyed_pass(TOOK + MINUTE);
	assert_int_equal(surveyed.begun[0], 2);
	surveyed_plans_for(582 * S);
	surveyed_end();
}

static void
await_all_up(int64_t most_ms)
{
	int64_t end_ms = surveyed.w.sim.now_ms + most_ms;

	while (surveyed.w.guard.in_state[FSM_UP] < surveyed.w.guard.n_sessions) {
		assert_true(surveyed.w.sim.now_ms < end_ms);
		surveyed_pass(S);
	}
}

static void
trouble_with_a_peer_ends_its_measurement(void **unused)
{
	(void)unused;
	surveyed_begin(11, 2, 600 * S);
	surveyed_pass(TOOK / 2);
	assert_int_equal(surveyed.open, 2);
	surveyed.w.hosts[0].mode = SIMHOST_REFUSES;
	simnet_kill(&surveyed.w.sim, &surveyed.w.hosts[0], 0, 0);
	surveyed_pass(MINUTE);
	assert_int_equal(surveyed.open, 1);
	surveyed_pass(HOUR);
	assert_int_equal(surveyed.open, 0);
	assert_int_equal(surveyed.begun[0], 1);
	assert_int_equal(surveyed.begun[1], 1);
	surveyed_plans_for(SAFE);
	surveyed.w.hosts[0].mode = SIMHOST_TAKES;
	await_all_up(10 * MINUTE);
	surveyed_pass(HOUR);
	assert_int_equal(surveyed.begun[0], 2);
	surveyed_plans_for(582 * S);
	surveyed_end();
}

/* Of sockets there are just enough for the sessions, or else for what measures. */
static void
sessions_come_before_measurements(void **unused)
{
	(void)unused;
	surveyed_begin(12, 2, 600 * S);
	surveyed.sockets = SURVEY_CONNECTIONS;
	surveyed_pass(TOOK / 2);
	assert_int_equal(surveyed.open, 2);
	surveyed.w.sim.max_sockets = surveyed.w.sim.sockets - 1;
	simnet_kill(&surveyed.w.sim, &surveyed.w.hosts[0], 0, 0);
	surveyed_pass(S);
	assert_int_equal(surveyed.open, 0);
	await_all_up(10 * S);
	surveyed.w.sim.max_sockets = HOSTS * SURVEY_CONNECTIONS;
	surveyed_pass(HOUR);
	assert_int_equal(surveyed.begun[0], 2);
	assert_int_equal(surveyed.begun[1], 2);
	surveyed_plans_for(582 * S);
	surveyed_end();
}

/* Its sessions live on, and lead through another router now. */
static void
a_route_that_changes_is_noticed(void **unused)
{
	(void)unused;
	surveyed_begin(13, 1, 600 * S);
	surveyed_pass(HOUR);
	surveyed_plans_for(582 * S);
	surveyed.network = "192.0.2.254 at 02:00:00:00:00:03";
	network_news(&surveyed.w.network, UNREST_ROUTE_ADDED, "default");
	surveyed_pass(3 * S);
	surveyed_plans_for(SAFE);
	assert_int_equal(surveyed.w.guard.counts.lost, 0);
	surveyed_pass(TOOK / 2);
	assert_int_equal(surveyed.open, 1);
	surveyed.network = "192.0.2.1 at 02:00:00:00:00:01";
	network_news(&surveyed.w.network, UNREST_ROUTE_ADDED, "default");
	surveyed_pass(MINUTE);
	assert_int_equal(surveyed.open, 0);
	surveyed_plans_for(582 * S);
	surveyed_end();
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(all_are_measured_once_and_probed_less),
	    cmocka_unit_test(what_forgets_sooner_is_planned_for),
	    cmocka_unit_test(a_death_takes_it_back_and_has_it_measured_again),
	    cmocka_unit_test(nothing_found_is_tried_less_and_less),
	    cmocka_unit_test(nobody_is_measured_who_is_not_there),
	    cmocka_unit_test(nobody_is_measured_who_is_in_trouble),
	    cmocka_unit_test(each_network_has_its_own),
	    cmocka_unit_test(what_changes_ends_it),
	    cmocka_unit_test(a_declaration_ends_it_and_auto_remembers),
	    cmocka_unit_test(one_that_the_machine_slept_through_is_void),
	    cmocka_unit_test(trouble_with_a_peer_ends_its_measurement),
	    cmocka_unit_test(sessions_come_before_measurements),
	    cmocka_unit_test(a_route_that_changes_is_noticed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
