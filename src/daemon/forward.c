/* SPDX-License-Identifier: ISC */
#include "daemon/forward.h"

#include <errno.h>
#include <stddef.h>
#include <stdlib.h>

#include "daemon/forward_client.h"
#include "daemon/forward_keep.h"
#include "daemon/forward_listen.h"
#include "daemon/forward_report.h"
#include "daemon/guard.h"
#include "daemon/peer.h"

/* Until what there was no memory for is tried again. */
#define AGAIN_MS 1000

static void
on_limit(struct wake *wake, unsigned what)
{
	(void)what;
	forward_pump(container_of(wake, struct forward, limit));
}

struct forward *
forward_of(struct peer *peer)
{
	struct forwards *all = peer->guard->forwards;
	struct forward *f = peer->forward;

	if (f != NULL)
		return f;
	f = calloc(1, sizeof(*f));
	if (f == NULL)
		return NULL;
	f->all = all;
	f->peer = peer;
	TAILQ_INIT(&f->waiting);
	TAILQ_INIT(&f->carried);
	if (wake_init(all->loop, &f->limit, on_limit) < 0 || forward_listen_init(f) < 0) {
		wake_clear(&f->limit);
		free(f);
		return NULL;
	}
	peer->forward = f;
	return f;
}

void
forward_free(struct forward *f)
{
	if (f == NULL)
		return;
	f->leaves = true;
	forward_deafen(f);
	forward_close_all(f);
	wake_clear(&f->limit);
	wake_clear(&f->retry);
	f->peer->forward = NULL;
	forward_counts_add(&f->all->gone, f);
	free(f);
}

struct forward_counts
forward_counts(const struct forward *f)
{
	struct forward_counts counts = f->counts;
	const struct forward_client *c;

	TAILQ_FOREACH (c, &f->carried, link)
		for (int side = 0; side < RELAY_SIDES; side++)
			counts.bytes[side] += c->relay.flows[side].bytes;
	return counts;
}

static void
add(struct forward_counts *to, const struct forward_counts *n)
{
	to->clients += n->clients;
	to->waiting += n->waiting;
	to->clients_ever += n->clients_ever;
	to->refused += n->refused;
	to->replaced += n->replaced;
	to->broken += n->broken;
	for (int side = 0; side < RELAY_SIDES; side++)
		to->bytes[side] += n->bytes[side];
}

void
forward_counts_add(struct forward_counts *to, const struct forward *f)
{
	const struct forward_counts n = forward_counts(f);

	add(to, &n);
}

void
forward_counts_add_gone(struct forward_counts *to, const struct forwards *all)
{
	add(to, &all->gone);
}

static void
on_sum(struct wake *wake, unsigned what)
{
	(void)what;
	forward_report_sum(container_of(wake, struct forwards, sum));
}

static void
on_again(struct wake *wake, unsigned what)
{
	(void)what;
	forwards_configure(container_of(wake, struct forwards, again));
}

int
forwards_open(struct forwards *all, struct loop *loop, struct guard *guard, struct keep *keep)
{
	int r;

	all->loop = loop;
	all->guard = guard;
	all->keep = keep;
	guard->forwards = all;
	r = relays_init(&all->relays, loop, forward_on_end);
	if (r == 0)
		r = wake_init(loop, &all->sum, on_sum);
	if (r == 0)
		r = wake_init(loop, &all->again, on_again);
	if (r == 0)
		r = forwards_keep_init(all);
	return r == 0 ? forwards_listen_init(all) : r;
}

void
forwards_close(struct forwards *all)
{
	wake_clear(&all->settle);
	wake_clear(&all->resume);
	wake_clear(&all->sum);
	wake_clear(&all->again);
	relays_clear(&all->relays);
}

/* Sessions of before there were clients: what the peer has said on them was thrown away. */
static void
renew_spent(struct peer *peer)
{
	for (unsigned i = 0; i < peer->n_sessions; i++) {
		struct session *s = peer->sessions[i];

		if (session_state(s) != FSM_UP || (s->conn.saving && s->conn.discarded == 0))
			continue;
		report_closed(s, "what it has received would be missed by a client");
		peer_renew(peer, s);
	}
}

/* Places are free before anybody wants them: two peers may have exchanged theirs. */
void
forwards_configure(struct forwards *all)
{
	struct guard *guard = all->guard;
	bool lacking = false;

	for (size_t i = 0; i < guard->n_peers; i++)
		if (guard->peers[i]->forward != NULL)
			forward_move_out(guard->peers[i]->forward);
	for (size_t i = 0; i < guard->n_peers; i++) {
		struct peer *peer = guard->peers[i];

		if (peer->config->listen != NULL && forward_of(peer) != NULL) {
			(void)stow_ready(all->keep);
			renew_spent(peer);
			forward_listen(peer->forward);
		} else if (peer->config->listen != NULL) {
			lacking = true;
		}
		if (forward_wants(peer))
			forward_pump(peer->forward);
	}
	if (lacking) {
		forward_report_paused(all, ENOMEM);
		wake_after(&all->again, AGAIN_MS);
	}
	salvage_clear(&all->salvage, all);
	forward_resume(all);
}

bool
forward_is_used(const struct peer *peer)
{
	return peer->forward != NULL && peer->forward->counts.clients_ever > 0;
}

void
forwards_stop(struct forwards *all)
{
	struct guard *guard = all->guard;

	for (size_t i = 0; i < guard->n_peers; i++)
		forward_free(guard->peers[i]->forward);
}

void
forwards_leave(struct forwards *all)
{
	struct guard *guard = all->guard;

	for (size_t i = 0; i < guard->n_peers; i++) {
		struct forward *f = guard->peers[i]->forward;

		if (f == NULL)
			continue;
		forward_unhand(f);
		forward_keep_leave(f);
	}
}
