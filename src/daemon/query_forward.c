/* SPDX-License-Identifier: ISC */
#include "daemon/query.h"

/* Forwards. */

#include <jansson.h>

#include "daemon/forward.h"
#include "daemon/guard.h"
#include "daemon/peer.h"

#define SCHEMA_VERSION 1

static int
forwards_begin(struct query *q, const json_t *parameters)
{
	static const char *const known[] = {"peers", NULL};

	if (query_only(q, parameters, known) < 0 || query_take_peers(q, parameters) < 0)
		return -1;
	q->head = json_pack("{s:i}", "schema_version", SCHEMA_VERSION);
	if (q->head == NULL) {
		q->varlink->failed = true;
		return -1;
	}
	query_walk(q);
	return 0;
}

static json_t *
forward_json(const struct forward *f)
{
	const struct forward_counts n = forward_counts(f);

	return json_pack("{s:s s:s? s:b s:i s:i s:i s:I s:I s:I s:I s:I s:I}", "peer",
	    f->peer->config->name, "listen", f->where, "listening", f->n_ears > 0, "clients",
	    (int)n.clients, "clients_waiting", (int)n.waiting, "clients_max",
	    (int)f->peer->config->max_clients, "clients_total", (json_int_t)n.clients_ever,
	    "clients_refused", (json_int_t)n.refused, "clients_cut_off", (json_int_t)n.broken,
	    "sessions_replaced", (json_int_t)n.replaced, "bytes_to_peer",
	    (json_int_t)n.bytes[RELAY_CLIENT], "bytes_to_client", (json_int_t)n.bytes[RELAY_PEER]);
}

static enum query_step
forwards_step(struct query *q)
{
	const struct peer *peer = NULL;
	json_t *item;

	query_open_list(q, "forwards");
	for (unsigned i = 0; i < QUERY_SLICE; i++) {
		peer = walk_peer(&q->walk);
		if (peer == NULL)
			break;
		if (peer->forward == NULL)
			continue;
		item = forward_json(peer->forward);
		varlink_item(q->varlink, item);
		json_decref(item);
	}
	return query_close_list(q, peer == NULL);
}

const struct query_method query_forwards = {
    .name = "io.kaguard.Forwards", .begin = forwards_begin, .step = forwards_step};
