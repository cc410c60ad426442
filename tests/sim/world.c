/* SPDX-License-Identifier: ISC */
#include "world.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/heart.h"
#include "daemon/peer.h"
#include "policy/fsm.h"

static const char *const host_names[HOSTS] = {"a", "b", "c", "d", "e", "f"};

static char beat[] = "are you there?";
static struct config_heartbeat heartbeats[2] = {
    {.send = beat, .send_len = 1, .terms = {.every_ms = 20000, .timeout_ms = 5000}},
    {.send = beat, .send_len = sizeof(beat), .terms = {.every_ms = 100000, .timeout_ms = 100000}},
};

static void
count_line(struct report *report, enum message message, int priority,
    const struct journal_fields *fields, const char *text)
{
	struct world *w = container_of(report, struct world, guard.report);

	assert_true(message < MESSAGE_COUNT);
	assert_non_null(fields);
	assert_int_not_equal(strlen(text), 0);
	w->lines[priority]++;
	if (getenv("KAGUARD_SIM_VERBOSE") != NULL)
		print_message("%9.3f <%d> %s\n", (double)w->sim.now_ms / 1000, priority, text);
}

static bool
wants_all(struct report *report, int priority)
{
	(void)report;
	(void)priority;
	return true;
}

static void
ignore(struct guard *guard)
{
	(void)guard;
}

static void
ignore_session(struct guard *guard, struct session *session)
{
	(void)guard;
	(void)session;
}

void
world_fill_peer(struct config_peer *peer, unsigned host, unsigned sessions)
{
	*peer = (struct config_peer){.name = (char *)(uintptr_t)host_names[host],
	    .address = (char *)(uintptr_t)host_names[host],
	    .host = (char *)(uintptr_t)host_names[host],
	    .firewall = (char *)(uintptr_t) "350s",
	    .port = 443,
	    .sessions = sessions,
	    .connect_timeout_ms = MAX_CONNECT_MS,
	    .backoff = {.first_ms = 1000,
		.max_ms = MAX_BACKOFF_MS,
		.factor = 2,
		.stable_ms = 30000},
	    .wish = {
		.firewall_ms = 350000, .detect_ms = 600000, .outage_ms = 30000, .lost_probes = 2}};
	assert_int_equal(plan_make(&peer->wish, &peer->plan, NULL), 0);
}

void
world_configure(struct world *w, unsigned most_sessions)
{
	unsigned next = 1 - w->current, n = 0;
	struct guard_changes changes;

	for (unsigned i = 0; i < HOSTS; i++) {
		struct config_peer *peer = &w->peers[next][n];

		if (w->events > 0 && simnet_random(&w->sim) % 4 == 0)
			continue;
		world_fill_peer(peer, i, 1 + simnet_random(&w->sim) % most_sessions);
		if (simnet_random(&w->sim) % 4 == 0)
			peer->port = 80;
		if (simnet_random(&w->sim) % 2 == 0)
			peer->heartbeat = &heartbeats[simnet_random(&w->sim) % 2];
		n++;
	}
	w->config[next] = (struct config){.peers = w->peers[next], .n_peers = n};
	assert_int_equal(guard_configure(&w->guard, &w->config[next], &changes), 0);
	w->current = next;
	guard_pump(&w->guard);
}

static bool
is_gone(const struct network *network, const union address *address)
{
	return address_equal(&container_of(network, struct world, network)->gone, address);
}

static void
fail_on_fault(struct guard *guard, const char *what)
{
	(void)guard;
	fail_msg("%s", what);
}

void
world_init(struct world *w, uint64_t seed)
{
	memset(w, 0, sizeof(*w));
	for (unsigned i = 0; i < HOSTS; i++)
		w->hosts[i] =
		    (struct simhost){.name = host_names[i], .rtt_ms = 1 + 40 * i, .answer = "yes"};
	simnet_init(&w->sim, w->hosts, HOSTS, seed);
	w->sim.net.on_news = session_news;
	w->sim.net.on_data = heart_data;
	w->guard.ops = &simnet_ops;
	w->guard.net = &w->sim.net;
	w->guard.report = (struct report){.say = count_line, .wants = wants_all};
	w->guard.changed = w->guard.beating = ignore;
	w->guard.moved = w->guard.freed = ignore_session;
	w->guard.fault = fail_on_fault;
	w->guard.storm.holding = ignore;
	w->network = (struct network){
	    .guard = &w->guard, .is_gone = is_gone, .known = true, .reach4 = true, .reach6 = true};
	w->guard.network = &w->network;
	turn_init(&w->guard.turn, ignore);
}

void
world_clear(struct world *w)
{
	guard_stop(&w->guard);
	assert_int_equal(w->guard.in_state[FSM_IDLE], w->guard.n_sessions);
	assert_int_equal(w->sim.sockets, 0);
	guard_clear(&w->guard);
	assert_int_equal(w->guard.n_sessions, 0);
	assert_int_equal(w->guard.n_beats, 0);
	assert_int_equal(w->sim.conns, 0);
	for (unsigned i = 0; i < HOSTS; i++) {
		assert_int_equal(w->hosts[i].held, 0);
		assert_int_equal(w->hosts[i].in_flight, 0);
	}
	simnet_clear(&w->sim);
}

/* No state lasts longer than its one timer lets it. */
static void
check_age(const struct session *s, int64_t now_ms)
{
	const struct config_peer *config = s->peer->config;
	int64_t age_ms = now_ms - s->since_ms;

	assert_in_range(s->delay_ms, 0, config->backoff.max_ms);
	if (session_state(s) == FSM_BACKOFF)
		assert_in_range(age_ms, 0, s->delay_ms);
	if (session_state(s) == FSM_RESOLVING || session_state(s) == FSM_CONNECTING)
		assert_in_range(age_ms, 0, MAX_CONNECT_MS);
}

/* A session has the timer and the socket that its state calls for, and no others. */
static void
check_session(const struct session *s)
{
	enum fsm_state state = session_state(s);

	assert_int_equal(simnet_is_held(&s->conn), state == FSM_UP);
	assert_int_equal(simnet_has_timer(&s->conn),
	    fsm_limit(state) == FSM_LIMIT_CONNECT || fsm_limit(state) == FSM_LIMIT_BACKOFF);
	assert_true(state == FSM_CONNECTING || !simnet_is_pending(&s->conn));
	assert_false(s->probing && (state != FSM_UP || s->tuned != 0));
	assert_int_equal(s->in_queue, state == FSM_IDLE);
	assert_true(state == FSM_UP || !s->conn.listening);
}

static void
check_peer(const struct world *w, const struct peer *peer, unsigned in_state[FSM_N_STATES])
{
	unsigned n[FSM_N_STATES] = {0};

	for (unsigned i = 0; i < peer->n_sessions; i++) {
		check_session(peer->sessions[i]);
		check_age(peer->sessions[i], w->sim.now_ms);
		n[session_state(peer->sessions[i])]++;
	}
	assert_int_equal(peer->n_up, n[FSM_UP]);
	assert_int_equal(peer->pace.in_flight, n[FSM_RESOLVING] + n[FSM_CONNECTING]);
	/* One waits for all, and nobody waits for nothing. */
	assert_int_equal(n[FSM_BACKOFF], peer->waiting != NULL ? 1 : 0);
	if (n[FSM_IDLE] > 0 && !peer->in_line)
		assert_true(n[FSM_BACKOFF] + n[FSM_RESOLVING] + n[FSM_CONNECTING] > 0);
	assert_true(peer->pace.in_flight <= PACE_MAX_WINDOW);
	assert_true((peer->heart != NULL) == (peer->config->heartbeat != NULL));
	for (int i = 0; i < FSM_N_STATES; i++)
		in_state[i] += n[i];
}

void
world_check_peer(const struct world *w, const struct peer *peer)
{
	unsigned in_state[FSM_N_STATES] = {0};

	check_peer(w, peer, in_state);
}

/* A conn that is held, or under way, has a socket; nothing else has. */
static void
check_sockets(const struct world *w)
{
	unsigned held = 0, in_flight = 0;

	for (unsigned i = 0; i < HOSTS; i++) {
		held += w->hosts[i].held;
		in_flight += w->hosts[i].in_flight;
	}
	assert_int_equal(w->sim.sockets, held + in_flight);
	assert_int_equal(w->guard.in_state[FSM_UP], held);
	assert_int_equal(w->guard.in_state[FSM_CONNECTING], in_flight);
}

void
world_check(const struct world *w)
{
	unsigned in_state[FSM_N_STATES] = {0}, sessions = 0, beating = 0;

	for (size_t i = 0; i < w->guard.n_peers; i++) {
		check_peer(w, w->guard.peers[i], in_state);
		sessions += w->guard.peers[i]->n_sessions;
		if (w->guard.peers[i]->heart != NULL)
			beating += w->guard.peers[i]->n_up;
	}
	assert_int_equal(w->guard.n_sessions, sessions);
	assert_int_equal(w->guard.beats.n, beating);
	assert_memory_equal(w->guard.in_state, in_state, sizeof(in_state));
	check_sockets(w);
}

/* Of two times, of which -1 is never. */
static int64_t
sooner(int64_t a_ms, int64_t b_ms)
{
	return a_ms < 0 || (b_ms >= 0 && b_ms < a_ms) ? b_ms : a_ms;
}

/* Do the next thing that is due by then, one of the network's or one of ours. */
bool
world_step(struct world *w, int64_t until_ms)
{
	int64_t heart_ms = heart_due_ms(&w->guard), turn_ms = w->guard.turn.at_ms;
	int64_t settle_ms = unrest_due_ms(&w->network.unrest);
	int64_t due_ms = sooner(turn_ms, sooner(heart_ms, settle_ms));

	if (due_ms < 0 || due_ms > until_ms)
		return simnet_step(&w->sim, until_ms);
	if (simnet_step(&w->sim, due_ms > w->sim.now_ms ? due_ms : w->sim.now_ms))
		return true;
	if (due_ms == turn_ms)
		turn_run(&w->guard);
	else if (due_ms == heart_ms)
		heart_run(&w->guard);
	else
		network_settle(&w->network);
	return true;
}

void
world_pass(struct world *w, int64_t ms)
{
	int64_t until_ms = w->sim.now_ms + ms;

	while (world_step(w, until_ms)) {
		w->events++;
		if (w->guard.n_sessions < 100 || w->events % 64 == 0)
			world_check(w);
		if (storm_due_ms(&w->guard) >= 0 && storm_due_ms(&w->guard) <= w->sim.now_ms)
			storm_flush(&w->guard);
	}
	world_check(w);
}

void
world_with_one_peer(struct world *w, unsigned sessions)
{
	struct guard_changes changes;

	world_init(w, 42);
	world_fill_peer(&w->peers[0][0], 0, sessions);
	w->config[0] = (struct config){.peers = w->peers[0], .n_peers = 1};
	assert_int_equal(guard_configure(&w->guard, &w->config[0], &changes), 0);
	assert_int_equal(changes.added, 1);
}
