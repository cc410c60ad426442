/* SPDX-License-Identifier: ISC */
#include "daemon/walk.h"

#include "daemon/guard.h"
#include "daemon/peer.h"

/* The oldest peer that is not older than that, or NULL. */
static struct peer *
oldest_from(const struct guard *guard, uint64_t id)
{
	struct peer *peer = guard->oldest;

	while (peer != NULL && peer->id < id)
		peer = peer->newer;
	return peer;
}

static void
stand_at(struct walk *walk, struct peer *peer)
{
	walk->peer = peer;
	walk->id = peer != NULL ? peer->id : 0;
	walk->departures = walk->guard->departures;
	walk->session = 0;
}

/* The next of the peers that are to be met and are there still. */
static void
go_to_chosen(struct walk *walk)
{
	struct peer *peer = NULL;

	while (peer == NULL && walk->next < walk->n_names)
		peer = guard_find(walk->guard, walk->names[walk->next++]);
	stand_at(walk, peer);
}

static void
go_on(struct walk *walk)
{
	if (walk->names != NULL)
		go_to_chosen(walk);
	else
		stand_at(walk, walk->peer->newer);
}

/* After a pause: the peer may be gone. */
static void
find_place(struct walk *walk)
{
	struct peer *peer;

	if (walk->peer == NULL || walk->departures == walk->guard->departures)
		return;
	walk->departures = walk->guard->departures;
	peer = oldest_from(walk->guard, walk->id);
	if (peer != NULL && peer->id == walk->id)
		walk->peer = peer;
	else if (walk->names != NULL)
		go_to_chosen(walk);
	else
		stand_at(walk, peer);
}

void
walk_begin(struct walk *walk, const struct guard *guard)
{
	*walk = (struct walk){.guard = guard};
	stand_at(walk, guard->oldest);
}

void
walk_begin_some(struct walk *walk, const struct guard *guard, const char *const *names, size_t n)
{
	*walk = (struct walk){.guard = guard, .names = names, .n_names = n};
	go_to_chosen(walk);
}

struct peer *
walk_peer(struct walk *walk)
{
	struct peer *peer;

	find_place(walk);
	peer = walk->peer;
	if (peer != NULL)
		go_on(walk);
	return peer;
}

struct session *
walk_session(struct walk *walk)
{
	find_place(walk);
	while (walk->peer != NULL && walk->session >= walk->peer->n_sessions)
		go_on(walk);
	return walk->peer != NULL ? walk->peer->sessions[walk->session++] : NULL;
}

struct peer *
walk_both(struct walk *walk, struct session **ret)
{
	struct peer *peer;

	find_place(walk);
	peer = walk->peer;
	if (peer == NULL)
		return NULL;
	if (walk->session < peer->n_sessions) {
		*ret = peer->sessions[walk->session++];
	} else {
		*ret = NULL;
		go_on(walk);
	}
	return peer;
}
