/* SPDX-License-Identifier: ISC */
#include "daemon/tally.h"

#include "daemon/guard.h"
#include "daemon/peer.h"

void
tally_up(struct peer *peer, bool again)
{
	peer->counts.came_up++;
	peer->counts.reconnected += again;
	peer->guard->counts.came_up++;
	peer->guard->counts.reconnected += again;
}

void
tally_lost(struct peer *peer)
{
	peer->counts.lost++;
	peer->guard->counts.lost++;
}

void
tally_death(struct peer *peer, enum reason reason)
{
	peer->counts.deaths[reason]++;
	peer->guard->counts.deaths[reason]++;
}

void
tally_failure(struct peer *peer)
{
	peer->counts.failed_attempts++;
	peer->guard->counts.failed_attempts++;
}

void
tally_beat(struct peer *peer)
{
	peer->counts.beats++;
	peer->guard->counts.beats++;
}

void
tally_answer(struct peer *peer)
{
	peer->counts.answers++;
	peer->guard->counts.answers++;
}
