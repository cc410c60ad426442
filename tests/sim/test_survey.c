/* SPDX-License-Identifier: ISC */

/* The core of the daemon with peers whose firewall is `auto`: what it measures, when, and what it
 * makes of it. The measurements themselves are simulated by measure_table. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "daemon/memory.h"
#include "daemon/path.h"
#include "daemon/peer.h"
#include "daemon/surveyor.h"
#include "world.h"

#define S    INT64_C(1000)
#define DAY  (24 * HOUR)
#define SAFE (240 * S)
#define TOOK (20 * MINUTE)

/* A world with a surveyor and a memory, and how often what was begun. */
struct place {
	struct world w;
	struct surveyor surveyor;
	struct memory memory;
	const char *network;
	bool in_vain;	       /* measurements find nothing */
	unsigned begun[HOSTS]; /* of the peer on that host */
	unsigned open, most_open;
	int64_t last_begun_ms;
};

static struct place p;

static unsigned
host_of(const struct peer *peer)
{
	return (unsigned)(peer->config->name[0] - 'a');
}

static int
network(struct surveyor *surveyor, const struct session *session, char *buf, size_t size)
{
	(void)surveyor;
	assert_int_equal(session_state(session), FSM_UP);
	snprintf(buf, size, "%s", p.network);
	return 0;
}

static int
begin_job(struct survey_job *job)
{
	assert_true(job->peer->n_up > 0);
	assert_true(p.last_begun_ms == 0 || p.w.sim.now_ms - p.last_begun_ms >= SURVEY_SPREAD_MS);
	assert_int_equal(job->wish.connections, SURVEY_CONNECTIONS);
	p.last_begun_ms = p.w.sim.now_ms;
	p.begun[host_of(job->peer)]++;
	if (++p.open > p.most_open)
		p.most_open = p.open;
	return 0;
}

static void
end_job(struct survey_job *job)
{
	assert_true(job->peer != NULL && p.open > 0);
	p.open--;
}

/* surveyor->wake_ms is looked at. */
static void
wake(struct surveyor *surveyor, int64_t delay_ms)
{
	assert_true(delay_ms >= 0 && surveyor->wake_ms - p.w.sim.now_ms <= delay_ms);
}

static const struct surveyor_ops ops = {
    .network = network, .begin = begin_job, .end = end_job, .wake = wake};

/* What would have been found: the host's firewall, to a few per cent. */
static void
finish(struct survey_job *job)
{
	int64_t t_ms = p.w.hosts[host_of(job->peer)].forgets_ms;

	job->view = (struct ladder_view){.verdict = EVIDENCE_FORGETS,
	    .confidence = EVIDENCE_HIGH,
	    .finished = true,
	    .lives_ms = t_ms * 97 / 100,
	    .dead_ms = t_ms,
	    .firewall_ms = t_ms * 97 / 100};
	if (p.in_vain)
		job->view = (struct ladder_view){.finished = true};
	surveyor_ended(job);
}

static void
pass(int64_t ms)
{
	int64_t end_ms = p.w.sim.now_ms + ms;

	while (p.w.sim.now_ms < end_ms) {
		int64_t next_ms = p.surveyor.wake_ms < end_ms ? p.surveyor.wake_ms : end_ms;

		for (unsigned i = 0; i < SURVEY_AT_ONCE; i++) {
			struct survey_job *job = &p.surveyor.jobs[i];

			if (job->peer != NULL && job->begun_ms + TOOK < next_ms)
				next_ms = job->begun_ms + TOOK;
		}
		/* What happens meanwhile may be something to do sooner. */
		if (next_ms > p.w.sim.now_ms + MINUTE)
			next_ms = p.w.sim.now_ms + MINUTE;
		world_pass(&p.w, next_ms - p.w.sim.now_ms);
		for (unsigned i = 0; i < SURVEY_AT_ONCE; i++) {
			struct survey_job *job = &p.surveyor.jobs[i];

			if (job->peer != NULL && job->begun_ms + TOOK <= p.w.sim.now_ms)
				finish(job);
		}
		if (p.surveyor.wake_ms <= p.w.sim.now_ms)
			surveyor_run(&p.surveyor);
	}
}

static void
configure(unsigned version, unsigned hosts, bool automatic)
{
	struct guard_changes changes;

	for (unsigned i = 0; i < hosts; i++) {
		struct config_peer *peer = &p.w.peers[version][i];

		world_fill_peer(peer, i, 3);
		peer->firewall = (char *)(uintptr_t)(automatic ? "auto" : "240s");
		peer->firewall_auto = automatic;
		peer->wish.firewall_ms = SAFE;
		assert_int_equal(plan_make(&peer->wish, &peer->plan, NULL), 0);
	}
	p.w.config[version] = (struct config){.peers = p.w.peers[version], .n_peers = hosts};
	memory_note(&p.memory);
	assert_int_equal(guard_configure(&p.w.guard, &p.w.config[version], &changes), 0);
	guard_pump(&p.w.guard);
}

static void
begin(uint64_t seed, unsigned hosts, int64_t forgets_ms)
{
	memset(&p, 0, sizeof(p));
	world_init(&p.w, seed);
	p.network = "192.0.2.1 at 02:00:00:00:00:01";
	p.memory.guard = &p.w.guard;
	p.w.guard.memory = &p.memory;
	surveyor_init(&p.surveyor, &ops, &p.w.guard);
	for (unsigned i = 0; i < HOSTS; i++)
		p.w.hosts[i].forgets_ms = forgets_ms;
	configure(0, hosts, true);
}

static void
end(void)
{
	surveyor_close(&p.surveyor);
	assert_int_equal(p.open, 0);
	world_clear(&p.w);
	lore_clear(&p.memory.lore);
}

static const struct peer *
first(void)
{
	return p.w.guard.peers[0];
}

/* The idle timeout that a plan in force is for. */
static void
assert_planned_for(int64_t firewall_ms)
{
	struct plan_wish wish = first()->config->wish;
	struct plan plan;

	wish.firewall_ms = firewall_ms;
	wish.rtt_ms = first()->plan_rtt_ms;
	assert_int_equal(plan_make(&wish, &plan, NULL), 0);
	assert_int_equal(first()->plan.idle_s, plan.idle_s);
	assert_int_equal(first()->plan.interval_s, plan.interval_s);
}

static void
all_are_measured_once_and_probed_less(void **unused)
{
	(void)unused;
	begin(1, HOSTS, 600 * S);
	assert_planned_for(SAFE);
	pass(HOUR);
	assert_int_equal(p.most_open, SURVEY_AT_ONCE);
	for (unsigned i = 0; i < HOSTS; i++)
		assert_int_equal(p.begun[i], 1);
	assert_planned_for(582 * S);
	pass(20 * DAY);
	for (unsigned i = 0; i < HOSTS; i++)
		assert_int_equal(p.begun[i], 1);
	assert_int_equal(p.w.guard.counts.lost, 0);
	pass(11 * DAY);
	for (unsigned i = 0; i < HOSTS; i++)
		assert_int_equal(p.begun[i], 2);
	end();
}

static void
what_forgets_sooner_is_planned_for(void **unused)
{
	uint64_t lost;

	(void)unused;
	begin(2, 2, 100 * S);
	pass(HOUR);
	assert_planned_for(97 * S);
	assert_int_equal(first()->learn.learnt_ms, 0);
	lost = p.w.guard.counts.lost;
	assert_true(lost > 0);
	pass(2 * DAY);
	assert_int_equal(p.w.guard.counts.lost, lost);
	assert_int_equal(p.begun[0], 1);
	end();
}

static void
a_death_takes_it_back_and_has_it_measured_again(void **unused)
{
	int64_t changed_ms;
	uint64_t lost;

	(void)unused;
	begin(3, 1, 600 * S);
	pass(2 * HOUR);
	assert_planned_for(582 * S);
	p.w.hosts[0].forgets_ms = 300 * S;
	changed_ms = p.w.sim.now_ms;
	while (!first()->path->survey.contradicted && p.w.sim.now_ms < changed_ms + HOUR)
		pass(S);
	/* The first ones had survived as much before, so it is the next that tell. */
	assert_in_range(p.w.guard.counts.lost, 2, 6);
	assert_in_range(p.w.sim.now_ms - changed_ms, 600 * S, 1300 * S);
	assert_planned_for(SAFE);
	pass(MINUTE);
	assert_int_equal(p.begun[0], 2);
	lost = p.w.guard.counts.lost;
	pass(HOUR);
	assert_false(first()->path->survey.contradicted);
	assert_planned_for(291 * S);
	pass(10 * DAY);
	assert_in_range(p.w.guard.counts.lost, lost, lost + 2);
	assert_int_equal(p.begun[0], 2);
	end();
}

static void
nothing_found_is_tried_less_and_less(void **unused)
{
	(void)unused;
	begin(4, 1, 600 * S);
	p.in_vain = true;
	pass(30 * DAY);
	/* At the start, and after 6, 12 hours, 1, 2, 4, 8 days: the next is in 16. */
	assert_int_equal(p.begun[0], 7);
	assert_planned_for(SAFE);
	p.in_vain = false;
	pass(16 * DAY);
	assert_planned_for(582 * S);
	end();
}

static void
nobody_is_measured_who_is_not_there(void **unused)
{
	(void)unused;
	begin(5, 2, 600 * S);
	p.w.hosts[0].mode = SIMHOST_SILENT;
	pass(S);
	simnet_kill(&p.w.sim, &p.w.hosts[0], 0, 0);
	pass(HOUR);
	assert_int_equal(p.begun[0], 0);
	assert_int_equal(p.begun[1], 1);
	p.w.hosts[0].mode = SIMHOST_TAKES;
	pass(HOUR);
	assert_int_equal(p.begun[0], 1);
	end();
}

/* A month later it would be again, but one of its sessions is down and being tried. */
static void
nobody_is_measured_who_is_in_trouble(void **unused)
{
	(void)unused;
	begin(10, 1, 600 * S);
	pass(HOUR);
	assert_int_equal(p.begun[0], 1);
	p.w.hosts[0].mode = SIMHOST_SILENT;
	simnet_forget(&p.w.sim, &p.w.hosts[0], 3);
	pass(40 * DAY);
	assert_int_equal(first()->n_up, 2);
	assert_int_equal(p.begun[0], 1);
	p.w.hosts[0].mode = SIMHOST_TAKES;
	pass(HOUR);
	assert_int_equal(p.begun[0], 2);
	end();
}

static void
carry_to(const char *name)
{
	p.network = name;
	simnet_kill(&p.w.sim, &p.w.hosts[0], 0, 0);
	pass(S);
	while (p.w.guard.in_state[FSM_UP] < p.w.guard.n_sessions)
		pass(S);
}

static void
each_network_has_its_own(void **unused)
{
	(void)unused;
	begin(6, 1, 600 * S);
	pass(HOUR);
	assert_planned_for(582 * S);
	carry_to("192.0.2.1 at 02:00:00:00:00:02");
	assert_planned_for(SAFE);
	p.w.hosts[0].forgets_ms = 400 * S;
	pass(HOUR);
	assert_int_equal(p.begun[0], 2);
	assert_planned_for(388 * S);
	/* The link-layer address need not be known to know the network. */
	carry_to("192.0.2.1 on wlan0");
	assert_planned_for(388 * S);
	carry_to("192.0.2.1 at 02:00:00:00:00:01");
	assert_planned_for(582 * S);
	carry_to("192.0.2.1 at 02:00:00:00:00:02");
	assert_planned_for(388 * S);
	assert_int_equal(p.begun[0], 2);
	end();
}

/* In the middle of a measurement. */
static void
what_changes_ends_it(void **unused)
{
	(void)unused;
	begin(7, 2, 600 * S);
	pass(TOOK / 2);
	assert_int_equal(p.open, 2);
	carry_to("192.0.2.1 at 02:00:00:00:00:02");
	assert_int_equal(p.open, 1);
	pass(TOOK / 4);
	configure(1, 1, true);
	assert_int_equal(p.open, 1);
	configure(0, 1, false);
	assert_int_equal(p.open, 0);
	assert_null(first()->path);
	pass(HOUR);
	assert_int_equal(p.begun[0], 2);
	end();
}

static void
a_declaration_ends_it_and_auto_remembers(void **unused)
{
	(void)unused;
	begin(8, 1, 600 * S);
	pass(HOUR);
	configure(1, 1, false);
	assert_planned_for(SAFE);
	pass(HOUR);
	configure(0, 1, true);
	assert_planned_for(582 * S);
	pass(HOUR);
	configure(1, 0, true);
	configure(0, 1, true);
	assert_planned_for(582 * S);
	pass(HOUR);
	assert_planned_for(582 * S);
	assert_int_equal(p.begun[0], 1);
	assert_int_equal(p.w.guard.counts.lost, 0);
	end();
}

static void
one_that_the_machine_slept_through_is_void(void **unused)
{
	(void)unused;
	begin(9, 1, 600 * S);
	pass(TOOK / 2);
	assert_int_equal(p.open, 1);
	p.w.guard.resumed_ms = p.w.sim.now_ms;
	pass(TOOK / 2 + MINUTE);
	assert_int_equal(first()->path->survey.failed, 0);
	assert_planned_for(SAFE);
	pass(TOOK + MINUTE);
	assert_int_equal(p.begun[0], 2);
	assert_planned_for(582 * S);
	end();
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
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
