/* SPDX-License-Identifier: ISC */
#include "daemon/tuner.h"

#include "daemon/autopsy.h"
#include "daemon/guard.h"
#include "daemon/peer.h"

/* A session that was sent this much is told of once: somebody means another program. */
#define FLOOD_BYTES (1024 * 1024)

/* FNV-1a of the values, never 0: so that a daemon knows what the one before it has applied. */
static uint32_t
name_of(const struct keepalive *k)
{
	const int values[] = {k->idle_s, k->interval_s, k->count, k->user_timeout_ms};
	uint64_t hash = 0xcbf29ce484222325u;

	for (unsigned i = 0; i < 4; i++)
		hash = (hash ^ (uint32_t)values[i]) * 0x100000001b3u;
	hash ^= hash >> 32;
	return (uint32_t)hash != 0 ? (uint32_t)hash : 1;
}

struct keepalive
tuner_values(const struct peer *peer, uint16_t jitter)
{
	const struct plan *plan = &peer->plan;

	return (struct keepalive){
	    .idle_s = plan_jitter_idle_s(plan, (uint32_t)jitter << 16),
	    .interval_s = plan->interval_s,
	    .count = plan->count,
	    .user_timeout_ms = (int)plan->user_timeout_ms,
	    .read_back = !peer->plan_read_back,
	};
}

static struct keepalive
values_for(const struct session *s)
{
	return tuner_values(s->peer, s->jitter);
}

/* Before others are applied: a daemon that is ended in between leaves it to the next. */
static void
untune(struct session *s)
{
	s->tuned = 0;
	s->steady_ms = guard_now_ms(s->peer->guard);
	if (s->life != 0)
		s->peer->guard->moved(s->peer->guard, s);
}

void
tuner_apply(struct session *s)
{
	struct guard *guard = s->peer->guard;
	const struct keepalive keepalive = values_for(s);
	struct sockopt_refusal refusal;

	if (s->conn.fd < 0 || s->probing || s->tuned == name_of(&keepalive))
		return;
	/* Most of those that are given away are closed before any of it comes to bear; their
	 * tunnels see to the others. */
	if (s->conn.passing && s->peer->plan_read_back)
		return;
	untune(s);
	if (guard->ops->tune(&s->conn, &keepalive, &refusal) < 0) {
		report_refusal(s, &refusal);
		return;
	}
	s->peer->plan_read_back = true;
	s->tuned = name_of(&keepalive);
	if (s->life != 0)
		guard->moved(guard, s);
}

void
tuner_probe(struct session *s)
{
	const struct keepalive keepalive = values_for(s);

	if (session_state(s) != FSM_UP)
		return;
	tuner_look(s); /* what it has survived so far is not known later */
	untune(s);
	s->probing = true;
	if (s->peer->guard->ops->probe(&s->conn, &keepalive) < 0) {
		s->probing = false;
		tuner_apply(s);
	}
}

void
tuner_probed(struct session *s, int64_t answer_ms)
{
	s->probing = false;
	s->answer_ms = answer_ms < UINT32_MAX ? (uint32_t)answer_ms : UINT32_MAX;
	tuner_apply(s);
	tuner_look(s);
}

void
tuner_look(struct session *s)
{
	struct guard *guard = s->peer->guard;
	struct tcp_facts facts;

	if (guard->ops->facts(&s->conn, &facts) < 0)
		return;
	s->probes = (uint8_t)(facts.probes < UINT8_MAX ? facts.probes : UINT8_MAX);
	autopsy_saw(s, &facts);
	guard->moved(guard, s);
	if (s->conn.discarded >= FLOOD_BYTES && !s->flood_told) {
		s->flood_told = true;
		report_flood(s);
	}
}
