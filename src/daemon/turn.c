/* SPDX-License-Identifier: ISC */
#include "daemon/turn.h"

#include "daemon/guard.h"
#include "daemon/peer.h"

void
turn_init(struct turn *turn, void (*due)(struct guard *guard))
{
	*turn = (struct turn){.left = TURN_ATTEMPTS, .at_ms = -1, .due = due};
	TAILQ_INIT(&turn->line);
}

static void
ask(struct guard *guard, int64_t wait_ms)
{
	struct turn *turn = &guard->turn;
	int64_t at_ms = guard_now_ms(guard) + wait_ms;

	if (turn->at_ms >= 0 && turn->at_ms <= at_ms)
		return;
	turn->at_ms = at_ms;
	turn->due(guard);
}

static void
join_after(struct peer *peer, int64_t wait_ms)
{
	if (!peer->in_line)
		TAILQ_INSERT_TAIL(&peer->guard->turn.line, peer, lined);
	peer->in_line = true;
	ask(peer->guard, wait_ms);
}

void
turn_join(struct peer *peer)
{
	join_after(peer, 0);
}

void
turn_leave(struct peer *peer)
{
	if (peer->in_line)
		TAILQ_REMOVE(&peer->guard->turn.line, peer, lined);
	peer->in_line = false;
}

/* One attempt every peer may have, so that none waits for another. */
static bool
has_room(const struct peer *peer)
{
	const unsigned *in_state = peer->guard->in_state;

	if (!pace_has_room(&peer->pace))
		return false;
	return peer->pace.in_flight == 0 ||
	       in_state[FSM_RESOLVING] + in_state[FSM_CONNECTING] < PEER_MAX_IN_FLIGHT;
}

bool
turn_comes(struct peer *peer)
{
	int64_t wait_ms;

	if (!has_room(peer))
		return false;
	wait_ms = pace_wait_ms(&peer->pace, guard_now_ms(peer->guard));
	if (wait_ms == 0 && peer->guard->turn.left > 0)
		return true;
	join_after(peer, wait_ms);
	return false;
}

void
turn_took(struct guard *guard)
{
	if (guard->turn.left > 0)
		guard->turn.left--;
}

void
turn_run(struct guard *guard)
{
	struct turn *turn = &guard->turn;
	struct peer *last = TAILQ_LAST(&turn->line, peer_line), *peer = NULL;

	turn->left = TURN_ATTEMPTS;
	turn->at_ms = -1;
	/* Those that join meanwhile do so for the next turn. */
	while (peer != last && turn->left > 0) {
		peer = TAILQ_FIRST(&turn->line);
		turn_leave(peer);
		peer_pump(peer);
	}
	if (peer != last)
		ask(guard, 0);
}
