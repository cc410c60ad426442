/* SPDX-License-Identifier: ISC */
#include "daemon/roster.h"

#include <errno.h>
#include <stdlib.h>

#include "daemon/guard.h"
#include "daemon/heart.h"
#include "daemon/peer.h"

/* A peer with clients is paced as if it had so many sessions: they come when they come, and would
 * be no fewer without us. */
#define PACE_AS 20000

static unsigned
wanted(const struct peer *peer)
{
	unsigned n = peer->config->sessions;

	return peer->demand > n ? peer->demand : n;
}

static void
shrink(struct peer *peer, unsigned n)
{
	while (peer->n_sessions > n) {
		struct session *last = peer->sessions[--peer->n_sessions];

		report_closed(last, "no longer wanted");
		session_free(last);
	}
}

static int
grow(struct peer *peer, unsigned n)
{
	unsigned before = peer->n_sessions;
	struct session **sessions = reallocarray(peer->sessions, n, sizeof(*sessions));

	if (sessions == NULL)
		return -ENOMEM;
	peer->sessions = sessions;
	while (peer->n_sessions < n) {
		struct session *s = session_new(peer, peer->n_sessions);

		if (s == NULL) {
			while (peer->n_sessions > before)
				session_free(peer->sessions[--peer->n_sessions]);
			return -ENOMEM;
		}
		peer->sessions[peer->n_sessions++] = s;
		peer_enqueue(peer, s);
	}
	return 0;
}

int
roster_resize(struct peer *peer)
{
	unsigned n = wanted(peer);

	shrink(peer, n);
	if (heart_resize(peer, peer->config->sessions) < 0)
		return -ENOMEM;
	pace_resize(&peer->pace, peer->config->listen != NULL && n < PACE_AS ? PACE_AS : n);
	return peer->n_sessions < n ? grow(peer, n) : 0;
}

void
roster_demand(struct peer *peer, unsigned clients)
{
	peer->demand = clients;
}

static void
swap(struct peer *peer, struct session *a, struct session *b)
{
	uint32_t index = a->index;

	peer->sessions[a->index] = b;
	peer->sessions[b->index] = a;
	a->index = b->index;
	b->index = index;
}

void
roster_given(struct session *s)
{
	struct peer *peer = s->peer;

	/* It is the last one that goes, and the others may be about to come up. */
	if (peer->n_sessions > wanted(peer))
		swap(peer, s, peer->sessions[peer->n_sessions - 1]);
	else
		peer_enqueue(peer, s);
}

int
roster_is_extra(const struct session *s)
{
	return s->index >= s->peer->config->sessions;
}
