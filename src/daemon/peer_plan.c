/* SPDX-License-Identifier: ISC */

/* The plan of a peer: for which firewall, which round trip, and into the live sockets. */

#include <string.h>

#include "daemon/forward.h"
#include "daemon/guard.h"
#include "daemon/memory.h"
#include "daemon/path.h"
#include "daemon/peer.h"
#include "daemon/tuner.h"

static int64_t
configured_rtt_ms(const struct peer *peer)
{
	int64_t rtt_ms = peer->config->wish.rtt_ms;

	return rtt_ms > 0 ? rtt_ms : PLAN_DEFAULT_RTT_MS;
}

/* The wish, for the firewall as far as it is known. */
static struct plan_wish
wish_of(const struct peer *peer)
{
	struct plan_wish wish = peer->config->wish;

	wish.firewall_ms = learn_in_force_ms(&peer->learn);
	return wish;
}

static void
retune(struct peer *peer)
{
	for (unsigned i = 0; i < peer->n_sessions; i++)
		tuner_apply(peer->sessions[i]);
	if (peer->forward != NULL)
		forward_retune(peer->forward);
}

void
peer_plan(struct peer *peer)
{
	struct plan_wish wish = wish_of(peer);

	if (wish.firewall_ms == peer->config->wish.firewall_ms ||
	    learn_plan(&wish, wish.firewall_ms, &peer->plan) < 0)
		peer->plan = peer->config->plan;
	peer->plan_read_back = false;
	peer->plan_rtt_ms = configured_rtt_ms(peer);
	learn_forget_events(&peer->learn);
	retune(peer);
}

void
peer_forget_learnt(struct peer *peer)
{
	learn_begin(&peer->learn, path_firewall_ms(peer));
	peer->habit = (struct habit){0};
	peer->habit_told = false;
	memory_learnt(peer->guard->memory);
}

/* The round trip to plan for: the shortest of the last ones, in steps of two from what is planned.
 */
static int64_t
rtt_to_plan_for_ms(const struct peer *peer)
{
	int64_t shortest_us = INT64_MAX, ms = configured_rtt_ms(peer);

	for (unsigned i = 0; i < PEER_RTTS; i++)
		if (peer->rtt_us[i] > 0 && peer->rtt_us[i] < shortest_us)
			shortest_us = peer->rtt_us[i];
	while (shortest_us != INT64_MAX && ms * 1000 < shortest_us)
		ms *= 2;
	return ms;
}

void
peer_measured(struct peer *peer, int64_t rtt_us)
{
	struct plan_wish wish = wish_of(peer);
	struct plan plan;
	bool possible;

	memmove(&peer->rtt_us[1], &peer->rtt_us[0], sizeof(peer->rtt_us) - sizeof(rtt_us));
	peer->rtt_us[0] = rtt_us;
	wish.rtt_ms = rtt_to_plan_for_ms(peer);
	if (wish.rtt_ms == peer->plan_rtt_ms)
		return;
	peer->plan_rtt_ms = wish.rtt_ms;
	possible = plan_make(&wish, &plan, NULL) == 0;
	if (possible)
		peer_take_plan(peer, &plan);
	report_plan(peer, possible);
}

void
peer_take_plan(struct peer *peer, const struct plan *plan)
{
	peer->plan = *plan;
	peer->plan_read_back = false;
	learn_forget_events(&peer->learn);
	retune(peer);
}

int64_t
peer_plan_again(struct peer *peer)
{
	struct plan_wish wish = wish_of(peer);
	struct plan plan;

	wish.rtt_ms = peer->plan_rtt_ms;
	if (learn_plan(&wish, wish.firewall_ms, &plan) < 0)
		return -1;
	peer_take_plan(peer, &plan);
	return wish.firewall_ms;
}
