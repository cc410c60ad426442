/* SPDX-License-Identifier: ISC */

/*
 * Heartbeats, and applications that answer at once, slowly, too late, wrongly or never:
 *
 * - a beat is sent where neither side has sent anything for `every` or an eighth less, half of it
 *   for the first; and no later than that;
 * - none is sent while another is unanswered;
 * - nobody is given up whose application has answered, or has had less than `timeout` for it;
 * - nobody is held whose application has had that, twice where the beat had not arrived at once.
 */

#include "lifeworld.h"

#include <errno.h>
#include <string.h>

#include "daemon/peer.h"
#include "simattempt.h"

#define SESSIONS 12 /* of a peer at most: they cost more events than others */

/* The names of hosts, and so of their peers, are letters. */
#define BEATING(peer) ((peer)->config->name[0] - 'a')

static char ping[] = "PING\r\n", pong[] = "PONG";
static uint16_t borders[4];

#define PONG                                                \
	{                                                   \
		.bytes = pong, .borders = borders, .len = 4 \
	}
static struct config_heartbeat terms[] = {
    {ping, 6, PONG, {.every_ms = 50000, .timeout_ms = 10000}},
    {ping, 6, PONG, {.every_ms = 5 * MINUTE, .timeout_ms = MINUTE}},
    {ping, 4, PONG, {.every_ms = 15 * MINUTE, .timeout_ms = 5000}},
    {ping, 6, {0}, {.every_ms = 10 * MINUTE, .timeout_ms = 10 * MINUTE}},
};

/* What applications do. */
static const struct {
	const char *answer;
	int64_t answer_ms;
} ways[] = {{"PONG", 20}, {"PING, PONG\r\n", 4500}, {"PONG", 11 * MINUTE}, {"PONG", 30000},
    {"PING POP PON", 20}, {NULL, 0}};

static struct lifeworld *
life_of(struct simnet *sim)
{
	return container_of(sim, struct lifeworld, w.sim);
}

static const struct peer *
peer_of(const struct conn *conn)
{
	return container_of(conn, struct session, conn)->peer;
}

void
lifeheart_recover(struct simhost *host)
{
	host->answer = ways[0].answer;
	host->answer_ms = ways[0].answer_ms;
}

void
lifeheart_ail(struct lifeworld *life, struct simhost *host)
{
	unsigned i = life_choose(life, sizeof(ways) / sizeof(ways[0]));

	host->answer = ways[i].answer;
	host->answer_ms = ways[i].answer_ms;
}

void
lifeheart_begin(struct lifeworld *life)
{
	expect_borders(pong, 4, borders);
	for (unsigned i = 0; i < HOSTS; i++)
		lifeheart_recover(&life->w.hosts[i]);
}

void
lifeheart_configure(struct lifeworld *life, struct config_peer *peer)
{
	unsigned i = life_choose(life, 2 + sizeof(terms) / sizeof(terms[0]));

	if (i < 2)
		return;
	peer->heartbeat = &terms[i - 2];
	peer->sessions = 1 + peer->sessions % SESSIONS;
}

/* The heartbeats are about to be those of the next configuration: what is under way of others
 * counts as data. */
void
lifeheart_changed(struct lifeworld *life)
{
	const struct config *next = &life->w.config[1 - life->w.current];

	for (size_t i = 0; i < next->n_peers; i++) {
		const struct config_peer *peer = &next->peers[i];
		const struct peer *before =
		    life->w.events > 0 ? guard_find(&life->w.guard, peer->name) : NULL;

		if (before == NULL || before->config->heartbeat == peer->heartbeat)
			continue;
		life->beating_ms[peer->name[0] - 'a'] = life->w.sim.now_ms;
		for (unsigned j = 0; j < before->n_sessions; j++)
			before->sessions[j]->conn.attempt->talk.asked_ms = -1;
	}
}

/* --- what is seen ----------------------------------------------------------------------------- */

void
lifeheart_sent(struct simnet *sim, struct conn *conn)
{
	struct simtalk *talk = &conn->attempt->talk;
	const struct beat_terms *beat = &peer_of(conn)->config->heartbeat->terms;
	int64_t part = talk->beats++ == 0 ? 2 : 8;

	assert_true(sim->now_ms - talk->data_ms >= beat->every_ms - beat->every_ms / part);
	assert_int_equal(talk->asked_ms, -1);
	talk->asked_ms = sim->now_ms;
	life_of(sim)->sum.beats++;
	sim->last = conn;
}

/* An answer, and whether the daemon was listening. */
void
lifeheart_said(struct simnet *sim, struct conn *conn, const char *data)
{
	const struct config_heartbeat *beat = peer_of(conn)->config->heartbeat;

	(void)sim;
	if (beat != NULL && (beat->expect.len == 0 || strstr(data, pong) != NULL))
		conn->attempt->talk.asked_ms = -1;
}

static void
check_verdict(struct lifeworld *life, const struct session *s)
{
	const struct simtalk *talk = &s->conn.attempt->talk;
	int64_t timeout_ms = s->peer->config->heartbeat->terms.timeout_ms;

	life->sum.hung++;
	life->hung++;
	assert_true(talk->asked_ms >= 0 && talk->arrived_ms >= talk->asked_ms);
	assert_true(life->w.sim.now_ms - talk->arrived_ms >= timeout_ms);
}

/* One is lost: by a verdict of the daemon's own, perhaps. */
void
lifeheart_moved(struct guard *guard, struct session *s)
{
	struct lifeworld *life = container_of(guard, struct lifeworld, w.guard);

	if (session_state(s) == FSM_UP || s->down_ms != life->w.sim.now_ms ||
	    s->since_ms != s->down_ms)
		return;
	life->w.sim.last = &s->conn;
	if (guard->counts.deaths[REASON_HEARTBEAT] > life->hung)
		check_verdict(life, s);
	else if (s->unsettled && s->error == ETIMEDOUT && s->conn.attempt->next.what != CONN_LOST)
		life_given_up(&life->w.sim, &s->conn);
}

/* --- what holds at any time ------------------------------------------------------------------- */

void
lifeheart_check(const struct lifeworld *life, const struct session *s)
{
	const struct simtalk *talk = &s->conn.attempt->talk;
	int64_t since_ms = life->beating_ms[BEATING(s->peer)], now_ms = life->w.sim.now_ms;
	const struct beat_terms *beat;

	if (s->peer->config->heartbeat == NULL)
		return;
	beat = &s->peer->config->heartbeat->terms;
	if (since_ms < talk->data_ms)
		since_ms = talk->data_ms;
	if (talk->asked_ms < 0)
		assert_true(now_ms - since_ms <= beat->every_ms);
	else if (talk->arrived_ms == talk->asked_ms)
		assert_true(now_ms - talk->asked_ms <= beat->timeout_ms);
	else if (talk->arrived_ms > talk->asked_ms)
		assert_true(now_ms - talk->arrived_ms <= 2 * beat->timeout_ms);
}
