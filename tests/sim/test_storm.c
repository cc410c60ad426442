/* SPDX-License-Identifier: ISC */

/*
 * Many at once, on a simulated network and clock: when the attempts fall, and what a turn of the
 * loop does.
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
#include "policy/backoff.h"
#include "world.h"

#define CROWD 500 /* peers behind one firewall */

/* Many peers, all on the first host: what is behind one firewall dies and answers together. */
struct crowd {
	struct world world;
	struct config_peer peers[100000];
	char names[100000][8];
};

static struct crowd *
crowd_new(uint64_t seed, unsigned n_peers)
{
	struct crowd *c = calloc(1, sizeof(*c));
	struct guard_changes changes;

	assert_non_null(c);
	world_init(&c->world, seed);
	for (unsigned i = 0; i < n_peers; i++) {
		world_fill_peer(&c->peers[i], 0, 1);
		snprintf(c->names[i], sizeof(c->names[i]), "p%u", i);
		c->peers[i].name = c->names[i];
	}
	c->world.config[0] = (struct config){.peers = c->peers, .n_peers = n_peers};
	assert_int_equal(guard_configure(&c->world.guard, &c->world.config[0], &changes), 0);
	return c;
}

static void
crowd_free(struct crowd *c)
{
	world_clear(&c->world);
	free(c);
}

/* Attempts in each 10 ms from now on. */
#define SLOT_MS 10
static void
count_attempts(struct world *w, int64_t ms, unsigned *slots)
{
	int64_t begun_ms = w->sim.now_ms;
	unsigned before = w->hosts[0].connects;

	memset(slots, 0, (size_t)(ms / SLOT_MS) * sizeof(*slots));
	while (w->sim.now_ms < begun_ms + ms && world_step(w, begun_ms + ms)) {
		int64_t slot = (w->sim.now_ms - begun_ms) / SLOT_MS;

		slots[slot < ms / SLOT_MS ? slot : ms / SLOT_MS - 1] +=
		    w->hosts[0].connects - before;
		before = w->hosts[0].connects;
	}
}

/* The largest share of the attempts that falls into any 100 ms, in per cent. */
static unsigned
densest(const unsigned *slots, int64_t ms)
{
	unsigned most = 0, all = 0;

	for (int64_t i = 0; i < ms / SLOT_MS; i++) {
		unsigned n = 0;

		all += slots[i];
		for (int64_t j = i; j < i + 100 / SLOT_MS && j < ms / SLOT_MS; j++)
			n += slots[j];
		most = n > most ? n : most;
	}
	assert_true(all >= CROWD / 2);
	return 100 * most / all;
}

/*
 * All sessions die in one instant, as they do when a firewall was flushed and probes are answered
 * by resets, or the network came back and all were probed: the first attempts come spread over the
 * first delay, and the more spread the longer nobody answers.
 */
static void
a_flushed_firewall_makes_no_herd(void **unused)
{
	static unsigned slots[60000 / SLOT_MS];

	(void)unused;
	for (uint64_t seed = 1; seed <= 10; seed++) {
		struct crowd *c = crowd_new(seed, CROWD);
		struct world *w = &c->world;
		unsigned first, later;

		guard_pump(&w->guard);
		world_pass(w, HOUR);
		assert_int_equal(w->guard.in_state[FSM_UP], CROWD);
		w->hosts[0].mode = SIMHOST_REFUSES;
		simnet_kill(&w->sim, &w->hosts[0], ECONNRESET, 0);
		count_attempts(w, 1200, slots);
		first = densest(slots, 1200);
		count_attempts(w, 60000, slots);
		later = densest(slots, 60000);
		print_message(
		    "# seed %u: densest 100 ms: %u %% of the attempts of the first 1.2 s, "
		    "%u %% of those of the next minute\n",
		    (unsigned)seed, first, later);
		assert_in_range(first, 1, 20);
		assert_in_range(later, 1, 7);
		w->hosts[0].mode = SIMHOST_TAKES;
		count_attempts(w, 60000, slots);
		assert_in_range(densest(slots, 60000), 1, 7);
		world_pass(w, HOUR);
		assert_int_equal(w->guard.in_state[FSM_UP], CROWD);
		crowd_free(c);
	}
}

/* A start with very many peers: never more in one turn than that, and none is left out. */
static void
a_turn_begins_so_many_and_no_more(void **unused)
{
	const unsigned n = 100000;
	struct crowd *c = crowd_new(1, n);
	struct world *w = &c->world;
	unsigned turns = 0;

	(void)unused;
	w->hosts[0].mode = SIMHOST_SILENT;
	for (unsigned begun = 0, before = 0; begun < n; before = begun, turns++) {
		if (turns == 0)
			guard_pump(&w->guard);
		else
			turn_run(&w->guard);
		begun = w->guard.in_state[FSM_RESOLVING] + w->guard.in_state[FSM_CONNECTING];
		assert_int_equal(
		    begun - before, n - before < TURN_ATTEMPTS ? n - before : TURN_ATTEMPTS);
		assert_int_equal(w->guard.turn.at_ms, begun < n ? w->sim.now_ms : -1);
	}
	assert_int_equal(turns, (n + TURN_ATTEMPTS - 1) / TURN_ATTEMPTS);
	crowd_free(c);
}

/* Delays that end together, when a turn has begun as many as it may, wait for the next. */
static void
delays_that_end_together_share_turns(void **unused)
{
	struct crowd *c = crowd_new(1, CROWD);
	struct world *w = &c->world;
	int64_t end_ms;

	(void)unused;
	for (unsigned i = 0; i < CROWD; i++)
		c->peers[i].backoff = (struct backoff){1, 1, 1, 30000};
	w->sim.prompt = true;
	w->hosts[0].mode = SIMHOST_UNKNOWN;
	guard_pump(&w->guard);
	while (w->guard.in_state[FSM_BACKOFF] < CROWD)
		assert_true(world_step(w, HOUR));
	w->guard.turn.left = 10;
	w->hosts[0].mode = SIMHOST_TAKES;
	for (end_ms = w->sim.now_ms + 1; simnet_step(&w->sim, end_ms);)
		;
	assert_int_equal(w->guard.in_state[FSM_CONNECTING], 10);
	assert_int_equal(w->guard.in_state[FSM_IDLE], CROWD - 10);
	turn_run(&w->guard);
	assert_int_equal(w->guard.in_state[FSM_CONNECTING], 10 + TURN_ATTEMPTS);
	world_pass(w, 1000);
	assert_int_equal(w->guard.in_state[FSM_UP], CROWD);
	crowd_free(c);
}

static void
step_until(struct world *w, const unsigned *n, unsigned is)
{
	while (*n != is)
		assert_true(world_step(w, w->sim.now_ms + HOUR));
}

/*
 * A peer with very many sessions comes back. Another peer whose only session dies meanwhile is back
 * within its delay and a round trip, as if nothing else went on.
 */
static void
a_storm_delays_no_other_peer(void **unused)
{
	static struct world w;
	struct guard_changes changes;
	struct peer *other;
	int64_t died_ms;

	(void)unused;
	world_init(&w, 11);
	for (unsigned i = 0; i < 2; i++)
		world_fill_peer(&w.peers[0][i], i, i == 0 ? 15000 : 1);
	w.config[0] = (struct config){.peers = w.peers[0], .n_peers = 2};
	w.sim.prompt = true;
	assert_int_equal(guard_configure(&w.guard, &w.config[0], &changes), 0);
	guard_pump(&w.guard);
	world_pass(&w, MINUTE);
	assert_int_equal(w.guard.in_state[FSM_UP], 15001);
	other = w.guard.peers[1];
	simnet_kill(&w.sim, &w.hosts[0], 0, 0);
	step_until(&w, &w.guard.peers[0]->n_up, 0);
	step_until(&w, &w.guard.peers[0]->n_up, 5000);
	simnet_kill(&w.sim, &w.hosts[1], 0, 0);
	died_ms = w.sim.now_ms;
	step_until(&w, &other->n_up, 0);
	step_until(&w, &other->n_up, 1);
	assert_in_range(
	    w.sim.now_ms - died_ms, 1, other->config->backoff.first_ms + w.hosts[1].rtt_ms + 10);
	step_until(&w, &w.guard.peers[0]->n_up, 15000);
	assert_true(w.guard.peers[0]->pace.spread_ms == PACE_SPREAD_MS);
	world_clear(&w);
}

/* Sessions that die one after the other, as their probes find out, do not wait for each other. */
static void
whoever_follows_does_not_wait(void **unused)
{
	static struct world w;
	uint64_t down_ms = 0;

	(void)unused;
	world_with_one_peer(&w, 600);
	w.sim.prompt = true;
	guard_pump(&w.guard);
	world_pass(&w, MINUTE);
	assert_int_equal(w.guard.in_state[FSM_UP], 600);
	simnet_kill(&w.sim, &w.hosts[0], ETIMEDOUT, MINUTE);
	for (int64_t end_ms = w.sim.now_ms + 2 * MINUTE; w.sim.now_ms < end_ms;) {
		int64_t before_ms = w.sim.now_ms;
		unsigned down = 600 - w.guard.in_state[FSM_UP];

		world_step(&w, end_ms);
		down_ms += down * (uint64_t)(w.sim.now_ms - before_ms);
	}
	assert_int_equal(w.guard.in_state[FSM_UP], 600);
	print_message("# down for %u ms on average\n", (unsigned)(down_ms / 600));
	assert_in_range(down_ms / 600, 1, 50);
	world_clear(&w);
}

/* However fast the network: no more sessions in a time than the pace says, and all soon. */
static void
many_sessions_follow_soon(void **unused)
{
	static struct world w;
	static unsigned slots[2000 / SLOT_MS];

	(void)unused;
	world_with_one_peer(&w, 15000);
	w.hosts[0].rtt_ms = 0;
	w.sim.prompt = true;
	guard_pump(&w.guard);
	count_attempts(&w, 300, slots);
	assert_int_equal(w.guard.in_state[FSM_UP], 15000);
	for (int i = 0; i < 300 / SLOT_MS; i++)
		assert_true(
		    slots[i] <= 15000 / 250.0 * 1.05 * (SLOT_MS + PACE_TICK_MS + 1) + PACE_BURST);
	world_clear(&w);
}

static void
five_hundred_up(struct world *w)
{
	world_with_one_peer(w, 500);
	w->sim.prompt = true;
	guard_pump(&w->guard);
	world_pass(w, MINUTE);
	assert_int_equal(w->guard.in_state[FSM_UP], 500);
}

static unsigned told; /* losses, one by one and in sums */

static void
count_losses(struct report *report, enum message message, int priority,
    const struct journal_fields *fields, const char *text)
{
	(void)report;
	(void)fields;
	if (message == MESSAGE_SESSION_LOST && priority < LOG_DEBUG)
		told++;
	if (message == MESSAGE_MANY && strstr(text, " more sessions were lost ") != NULL)
		told += (unsigned)strtoul(text, NULL, 10);
}

/* A daemon that ends before a sum is due tells it all the same. */
static void
what_is_held_back_is_told_in_the_end(void **unused)
{
	static struct world w;

	(void)unused;
	five_hundred_up(&w);
	w.guard.report.say = count_losses;
	w.hosts[0].mode = SIMHOST_REFUSES;
	simnet_kill(&w.sim, &w.hosts[0], ECONNRESET, 0);
	step_until(&w, &w.guard.peers[0]->n_up, 0);
	assert_in_range(told, 1, 499);
	world_clear(&w);
	assert_int_equal(told, 500);
}

static unsigned closed, lines; /* one by one and in sums; in how many lines */

static void
count_closings(struct report *report, enum message message, int priority,
    const struct journal_fields *fields, const char *text)
{
	(void)report;
	if (priority == LOG_DEBUG)
		return;
	lines++;
	if (message == MESSAGE_SESSION_CLOSED)
		closed++;
	if (message != MESSAGE_MANY || strstr(text, " more sessions were closed ") == NULL)
		return;
	closed += (unsigned)strtoul(text, NULL, 10);
	assert_non_null(strstr(text, "494 of a"));
	assert_non_null(strstr(fields->extra, "KAGUARD_PEERS=a=494 "));
}

/* A peer that is removed with many sessions: a handful of lines, which name it. */
static void
a_removed_crowd_is_told_in_few_lines(void **unused)
{
	static struct world w;
	struct guard_changes changes;

	(void)unused;
	five_hundred_up(&w);
	w.guard.report.say = count_closings;
	w.config[1] = (struct config){.peers = w.peers[1], .n_peers = 0};
	assert_int_equal(guard_configure(&w.guard, &w.config[1], &changes), 0);
	assert_int_equal(changes.removed, 1);
	assert_int_equal(closed, 500);
	assert_in_range(lines, 2, 10);
	world_clear(&w);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_flushed_firewall_makes_no_herd),
	    cmocka_unit_test(a_turn_begins_so_many_and_no_more),
	    cmocka_unit_test(delays_that_end_together_share_turns),
	    cmocka_unit_test(a_storm_delays_no_other_peer),
	    cmocka_unit_test(whoever_follows_does_not_wait),
	    cmocka_unit_test(many_sessions_follow_soon),
	    cmocka_unit_test(what_is_held_back_is_told_in_the_end),
	    cmocka_unit_test(a_removed_crowd_is_told_in_few_lines),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
