/* SPDX-License-Identifier: ISC */
#include "daemon/metrics.h"

#include <jansson.h>

#include "daemon/guard.h"
#include "daemon/path.h"
#include "daemon/peer.h"

/* What a session that was up can have died of. */
static const enum reason deaths[] = {REASON_EXPIRED, REASON_UNREACHABLE, REASON_CLOSED,
    REASON_RESET, REASON_HEARTBEAT, REASON_LOCAL};

static void
keep_largest(int64_t *kept, int64_t figure)
{
	if (figure > *kept)
		*kept = figure;
}

/* Negative: there is none. */
static void
keep_smallest(int64_t *kept, int64_t figure)
{
	if (figure >= 0 && (*kept < 0 || figure < *kept))
		*kept = figure;
}

void
metrics_begin(struct metrics *m)
{
	*m = (struct metrics){.idle_ms = -1,
	    .rtt_us = -1,
	    .probes = -1,
	    .firewall_ms = -1,
	    .learnt_ms = -1,
	    .probes_allowed = -1};
}

void
metrics_add_session(struct metrics *m, const struct session *s)
{
	struct conn *conn = (struct conn *)(uintptr_t)&s->conn;
	enum fsm_state state = session_state(s);
	struct tcp_facts facts = {.idle_ms = -1, .rtt_us = -1};

	if (state != FSM_UP || s->peer->guard->ops->facts(conn, &facts) < 0) {
		m->in_state[state]++;
		return;
	}
	m->suspect += facts.probes > 0;
	m->in_state[FSM_UP] += facts.probes == 0;
	keep_largest(&m->idle_ms, facts.idle_ms);
	keep_largest(&m->rtt_us, facts.rtt_us);
	keep_largest(&m->probes, facts.probes);
}

void
metrics_add_peer(struct metrics *m, const struct peer *peer)
{
	int64_t learnt_ms = learn_tighter_ms(&peer->learn);

	keep_smallest(&m->firewall_ms, path_firewall_ms(peer));
	keep_smallest(&m->learnt_ms, learnt_ms > 0 ? learnt_ms : -1);
	keep_smallest(&m->probes_allowed, peer->plan.count);
	if (peer->forward == NULL)
		return;
	m->has_clients = true;
	m->deaf += peer->forward->n_ears == 0 && peer->forward->where != NULL;
	forward_counts_add(&m->clients, peer->forward);
}

static json_t *
states_json(const struct metrics *m)
{
	json_t *object = json_pack("{s:i}", "suspect", (int)m->suspect);

	for (int i = 0; i < FSM_N_STATES; i++)
		json_object_set_new_nocheck(object, fsm_state_name((enum fsm_state)i),
		    json_integer((json_int_t)m->in_state[i]));
	return object;
}

static json_t *
deaths_json(const struct summary_counts *counts)
{
	json_t *object = json_object();

	for (size_t i = 0; i < sizeof(deaths) / sizeof(deaths[0]); i++)
		json_object_set_new_nocheck(object, diagnosis_name(deaths[i]),
		    json_integer((json_int_t)counts->deaths[deaths[i]]));
	return object;
}

static json_t *
or_null(int64_t figure)
{
	return figure >= 0 ? json_integer(figure) : json_null();
}

void
metrics_add_gone(struct metrics *m, const struct guard *guard)
{
	m->has_clients |= guard->forwards->gone.clients_ever > 0;
	forward_counts_add_gone(&m->clients, guard->forwards);
}

/* What is null of a peer that is no tunnel. */
static json_t *
clients_json(const struct metrics *m)
{
	const struct forward_counts *n = &m->clients;

	if (!m->has_clients)
		return json_pack("{s:n s:n s:n s:n s:n s:n s:n}", "tunnels_deaf", "clients",
		    "clients_waiting", "clients_total", "clients_refused", "clients_cut_off",
		    "bytes_forwarded");
	return json_pack("{s:i s:i s:i s:I s:I s:I s:{s:I s:I}}", "tunnels_deaf", (int)m->deaf,
	    "clients", (int)n->clients, "clients_waiting", (int)n->waiting, "clients_total",
	    (json_int_t)n->clients_ever, "clients_refused", (json_int_t)n->refused,
	    "clients_cut_off", (json_int_t)n->broken, "bytes_forwarded", "to_peer",
	    (json_int_t)n->bytes[RELAY_CLIENT], "to_client", (json_int_t)n->bytes[RELAY_PEER]);
}

json_t *
metrics_json(const struct metrics *m, const char *peer, const struct summary_counts *counts)
{
	json_t *object = json_pack("{s:s? s:o s:I s:I s:I s:I s:o s:I s:I s:o s:o s:o s:o s:o s:o}",
		   "peer", peer, "sessions", states_json(m), "connects",
		   (json_int_t)counts->came_up, "reconnects", (json_int_t)counts->reconnected,
		   "attempts_failed", (json_int_t)counts->failed_attempts, "lost",
		   (json_int_t)counts->lost, "deaths", deaths_json(counts), "heartbeats_sent",
		   (json_int_t)counts->beats, "heartbeats_answered", (json_int_t)counts->answers,
		   "idle_ms", or_null(m->idle_ms), "probes_unanswered", or_null(m->probes),
		   "probes_allowed", or_null(m->probes_allowed), "rtt_us", or_null(m->rtt_us),
		   "firewall_ms", or_null(m->firewall_ms), "learnt_ms", or_null(m->learnt_ms)),
	       *clients = clients_json(m);

	if (json_object_update(object, clients) < 0) {
		json_decref(object);
		object = NULL;
	}
	json_decref(clients);
	return object;
}
