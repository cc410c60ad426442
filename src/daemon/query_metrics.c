/* SPDX-License-Identifier: ISC */
#include "daemon/query.h"

/* Metrics. */

#include <jansson.h>

#include "daemon/clients.h"
#include "daemon/guard.h"
#include "daemon/peer.h"
#include "daemon/service.h"
#include "host/wallclock.h"
#include "policy/version.h"

#define SCHEMA_VERSION 1

static json_t *
make_head(const struct service *service)
{
	const struct guard *guard = service->guard;
	char now[WALLCLOCK_TEXT], started[WALLCLOCK_TEXT], loaded[WALLCLOCK_TEXT];

	return json_pack("{s:i s:s s:s s:s s:i s:i s:i s:i s:I s:b s:s}", "schema_version",
	    SCHEMA_VERSION, "version", KAGUARD_VERSION, "time",
	    wallclock_text(wallclock_now_ms(), now), "started",
	    wallclock_text(service->started_ms, started), "peers_total", (int)guard->n_peers,
	    "sessions_total", (int)guard->n_sessions, "sessions_up", (int)guard->in_state[FSM_UP],
	    "control_clients", (int)service->clients->n, "records_dropped",
	    (json_int_t)journal_dropped(service->journal), "reload_successful",
	    !service->load_failed, "loaded", wallclock_text(service->loaded_ms, loaded));
}

static int
metrics_begin_call(struct query *q, const json_t *parameters)
{
	static const char *const known[] = {"peers", "sum", NULL};
	const json_t *sum = json_object_get(parameters, "sum");

	if (query_only(q, parameters, known) < 0 || query_take_peers(q, parameters) < 0)
		return -1;
	/* What was counted of peers that are no more is in the sum of all, and in no other. */
	if ((sum != NULL && !json_is_boolean(sum) && !json_is_null(sum)) ||
	    (json_is_true(sum) && q->names != NULL)) {
		varlink_refuse(q->varlink, VARLINK_BAD_PARAMETER, "parameter", "sum");
		return -1;
	}
	q->sum = json_is_true(sum);
	q->head = make_head(q->service);
	if (q->head == NULL) {
		q->varlink->failed = true;
		return -1;
	}
	metrics_begin(&q->metrics);
	query_walk(q);
	return 0;
}

static void
put(struct query *q, const char *peer, const struct summary_counts *counts)
{
	json_t *item = metrics_json(&q->metrics, peer, counts);

	varlink_item(q->varlink, item);
	json_decref(item);
	metrics_begin(&q->metrics);
}

/* A peer that was removed half way leaves nothing behind. */
static void
turn_to(struct query *q, const struct peer *peer)
{
	if (q->peer_id != peer->id && !q->sum)
		metrics_begin(&q->metrics);
	q->peer_id = peer->id;
}

/* A step may be too short for a peer with many sessions: then there is nothing to say yet. */
static enum query_step
metrics_step(struct query *q)
{
	struct session *session;
	struct peer *peer = NULL;
	bool opened = false;

	for (unsigned i = 0; i < QUERY_SLICE; i++) {
		peer = walk_both(&q->walk, &session);
		if (peer == NULL)
			break;
		turn_to(q, peer);
		if (session != NULL) {
			metrics_add_session(&q->metrics, session);
			continue;
		}
		metrics_add_peer(&q->metrics, peer);
		if (q->sum)
			continue;
		if (!opened)
			query_open_list(q, "peers");
		opened = true;
		put(q, peer->config->name, &peer->counts);
	}
	if (peer != NULL && !opened)
		return QUERY_GOES_ON;
	if (!opened)
		query_open_list(q, "peers");
	if (q->sum)
		metrics_add_gone(&q->metrics, q->service->guard);
	if (q->sum)
		put(q, NULL, &q->service->guard->counts);
	return query_close_list(q, peer == NULL);
}

const struct query_method query_metrics = {
    .name = "io.kaguard.Metrics", .begin = metrics_begin_call, .step = metrics_step};
