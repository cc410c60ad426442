/* SPDX-License-Identifier: ISC */
#include "surveyed.h"

#include <stdio.h>
#include <string.h>

struct place surveyed;

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
	snprintf(buf, size, "%s", surveyed.network);
	return 0;
}

static int
begin_job(struct survey_job *job)
{
	assert_true(job->peer->n_up > 0);
	assert_true(surveyed.last_begun_ms == 0 ||
		    surveyed.w.sim.now_ms - surveyed.last_begun_ms >= SURVEY_SPREAD_MS);
	assert_int_equal(job->wish.connections, SURVEY_CONNECTIONS);
	surveyed.last_begun_ms = surveyed.w.sim.now_ms;
	surveyed.begun[host_of(job->peer)]++;
	surveyed.w.sim.max_sockets -= surveyed.sockets;
	if (++surveyed.open > surveyed.most_open)
		surveyed.most_open = surveyed.open;
	return 0;
}

static void
end_job(struct survey_job *job)
{
	assert_true(job->peer != NULL && surveyed.open > 0);
	surveyed.open--;
	surveyed.w.sim.max_sockets += surveyed.sockets;
}

/* surveyor->wake_ms is looked at. */
static void
wake(struct surveyor *surveyor, int64_t delay_ms)
{
	assert_true(delay_ms >= 0 && surveyor->wake_ms - surveyed.w.sim.now_ms <= delay_ms);
}

static const struct surveyor_ops ops = {
    .network = network, .begin = begin_job, .end = end_job, .wake = wake};

/* What would have been found: the host's firewall, to a few per cent. */
static void
finish(struct survey_job *job)
{
	int64_t t_ms = surveyed.w.hosts[host_of(job->peer)].forgets_ms;

	job->view = (struct ladder_view){.verdict = EVIDENCE_FORGETS,
	    .confidence = EVIDENCE_HIGH,
	    .finished = true,
	    .lives_ms = t_ms * 97 / 100,
	    .dead_ms = t_ms,
	    .firewall_ms = t_ms * 97 / 100};
	if (surveyed.in_vain)
		job->view = (struct ladder_view){.finished = true};
	surveyor_ended(job);
}

void
surveyed_pass(int64_t ms)
{
	int64_t end_ms = surveyed.w.sim.now_ms + ms;

	while (surveyed.w.sim.now_ms < end_ms) {
		int64_t next_ms =
		    surveyed.surveyor.wake_ms < end_ms ? surveyed.surveyor.wake_ms : end_ms;

		for (unsigned i = 0; i < SURVEY_AT_ONCE; i++) {
			struct survey_job *job = &surveyed.surveyor.jobs[i];

			if (job->peer != NULL && job->begun_ms + TOOK < next_ms)
				next_ms = job->begun_ms + TOOK;
		}
		/* What happens meanwhile may be something to do sooner. */
		if (next_ms > surveyed.w.sim.now_ms + MINUTE)
			next_ms = surveyed.w.sim.now_ms + MINUTE;
		world_pass(&surveyed.w, next_ms - surveyed.w.sim.now_ms);
		for (unsigned i = 0; i < SURVEY_AT_ONCE; i++) {
			struct survey_job *job = &surveyed.surveyor.jobs[i];

			if (job->peer != NULL && job->begun_ms + TOOK <= surveyed.w.sim.now_ms)
				finish(job);
		}
		if (surveyed.surveyor.wake_ms <= surveyed.w.sim.now_ms)
			surveyor_run(&surveyed.surveyor);
	}
}

void
surveyed_configure(unsigned version, unsigned hosts, bool automatic)
{
	struct guard_changes changes;

	for (unsigned i = 0; i < hosts; i++) {
		struct config_peer *peer = &surveyed.w.peers[version][i];

		world_fill_peer(peer, i, 3);
		peer->firewall = (char *)(uintptr_t)(automatic ? "auto" : "240s");
		peer->firewall_auto = automatic;
		peer->wish.firewall_ms = SAFE;
		assert_int_equal(plan_make(&peer->wish, &peer->plan, NULL), 0);
	}
	surveyed.w.config[version] =
	    (struct config){.peers = surveyed.w.peers[version], .n_peers = hosts};
	memory_note(&surveyed.memory);
	assert_int_equal(
	    guard_configure(&surveyed.w.guard, &surveyed.w.config[version], &changes), 0);
	guard_pump(&surveyed.w.guard);
}

void
surveyed_begin(uint64_t seed, unsigned hosts, int64_t forgets_ms)
{
	memset(&surveyed, 0, sizeof(surveyed));
	world_init(&surveyed.w, seed);
	surveyed.network = "192.0.2.1 at 02:00:00:00:00:01";
	surveyed.memory.guard = &surveyed.w.guard;
	surveyed.w.guard.memory = &surveyed.memory;
	surveyor_init(&surveyed.surveyor, &ops, &surveyed.w.guard);
	for (unsigned i = 0; i < HOSTS; i++)
		surveyed.w.hosts[i].forgets_ms = forgets_ms;
	surveyed_configure(0, hosts, true);
}

void
surveyed_end(void)
{
	surveyor_close(&surveyed.surveyor);
	assert_int_equal(surveyed.open, 0);
	world_clear(&surveyed.w);
	lore_clear(&surveyed.memory.lore);
}

const struct peer *
surveyed_first(void)
{
	return surveyed.w.guard.peers[0];
}

void
surveyed_plans_for(int64_t firewall_ms)
{
	struct plan_wish wish = surveyed_first()->config->wish;
	struct plan plan;

	wish.firewall_ms = firewall_ms;
	wish.rtt_ms = surveyed_first()->plan_rtt_ms;
	assert_int_equal(plan_make(&wish, &plan, NULL), 0);
	assert_int_equal(surveyed_first()->plan.idle_s, plan.idle_s);
	assert_int_equal(surveyed_first()->plan.interval_s, plan.interval_s);
}
