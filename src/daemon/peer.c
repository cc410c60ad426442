/* SPDX-License-Identifier: ISC */
#include "daemon/peer.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/forward.h"
#include "daemon/guard.h"
#include "daemon/heart.h"
#include "daemon/memory.h"
#include "daemon/path.h"
#include "daemon/roster.h"
#include "daemon/surveyor.h"

/* Local trouble ends without the peer's doing, often soon, and trying costs nobody else anything.
 */
#define LOCAL_MAX_DELAY_MS 10000

/* Where there is no way to an address it is a change of the network that ends the wait; this is in
 * case that what is known of it is wrong. A name may come to be one of this host's own. */
#define AWAY_DELAY_MS 60000

static void
take_config(struct peer *peer, const struct config_peer *config)
{
	union address address;

	peer->config = config;
	peer->target = (struct target){.host = config->host,
	    .bind = config->bind,
	    .device = config->device,
	    .port = config->port};
	peer->literal = address_parse(config->host, config->port, &address) == 0;
}

static void
join(struct guard *guard, struct peer *peer)
{
	peer->guard = guard;
	peer->id = ++guard->peers_made;
	peer->older = guard->newest;
	*(peer->older != NULL ? &peer->older->newer : &guard->oldest) = peer;
	guard->newest = peer;
}

static void
leave(struct guard *guard, struct peer *peer)
{
	*(peer->older != NULL ? &peer->older->newer : &guard->oldest) = peer->newer;
	*(peer->newer != NULL ? &peer->newer->older : &guard->newest) = peer->older;
	guard->departures++;
}

struct peer *
peer_new(struct guard *guard, const struct config_peer *config)
{
	struct peer *peer = calloc(1, sizeof(*peer));

	if (peer == NULL)
		return NULL;
	join(guard, peer);
	peer->failed_ms = INT64_MIN;
	peer->answered_ms = -PEER_ANSWERS_MS;
	TAILQ_INIT(&peer->queue);
	pace_init(&peer->pace, config->sessions);
	take_config(peer, config);
	learn_begin(&peer->learn, config->wish.firewall_ms);
	if (path_configure(peer) < 0) {
		peer_free(peer);
		return NULL;
	}
	memory_recall(guard->memory, peer);
	peer_plan(peer);
	if (roster_resize(peer) < 0) {
		peer_free(peer);
		return NULL;
	}
	return peer;
}

void
peer_free(struct peer *peer)
{
	if (peer == NULL)
		return;
	forward_free(peer->forward);
	while (peer->n_sessions > 0)
		session_free(peer->sessions[--peer->n_sessions]);
	leave(peer->guard, peer);
	turn_leave(peer);
	if (peer->guard->local_teller == peer)
		peer->guard->local_teller = NULL;
	heart_free(peer);
	path_free(peer);
	free(peer->sessions);
	free(peer);
}

void
peer_pump(struct peer *peer)
{
	struct session *s;

	if (peer->pumping)
		return;
	peer->pumping = true;
	while (peer->waiting == NULL && (s = TAILQ_FIRST(&peer->queue)) != NULL && turn_comes(peer))
		session_event(s, FSM_START);
	peer->pumping = false;
	if (peer->forward != NULL)
		forward_settle(peer->forward);
}

void
peer_renew(struct peer *peer, struct session *session)
{
	peer->failures = peer->local_failures = 0;
	peer->told = 0;
	session_event(session, FSM_STOP);
	peer_enqueue(peer, session);
}

static void
reconnect_all(struct peer *peer)
{
	for (unsigned i = 0; i < peer->n_sessions; i++) {
		struct session *s = peer->sessions[i];

		if (session_state(s) == FSM_UP)
			report_closed(s, "its address or source has changed");
		peer_renew(peer, s);
	}
}

/* Give the plan to all live sockets. */
int
peer_configure(struct peer *peer, const struct config_peer *config, unsigned changes)
{
	bool anew;
	int r = 0;

	take_config(peer, config);
	if (changes & CONFIG_HEARTBEAT)
		r = heart_change(peer);
	if (changes & CONFIG_RECONNECT)
		path_free(peer); /* it was another */
	if (path_configure(peer) < 0)
		r = -ENOMEM;
	anew = changes & CONFIG_RECONNECT || path_firewall_ms(peer) != peer->learn.declared_ms;
	if (anew)
		peer_forget_learnt(peer);
	if (anew || changes & CONFIG_RETUNE)
		peer_plan(peer);
	if (changes & CONFIG_RECONNECT)
		reconnect_all(peer);
	else
		path_look_again(peer);
	if ((changes & CONFIG_SESSIONS || peer->n_sessions < config->sessions) &&
	    roster_resize(peer) < 0)
		r = -ENOMEM;
	return r;
}

void
peer_attempt(struct peer *peer)
{
	pace_began(&peer->pace, guard_now_ms(peer->guard));
	turn_took(peer->guard);
}

void
peer_withdrew(struct peer *peer)
{
	pace_withdrawn(&peer->pace);
}

void
peer_came_up(struct peer *peer, bool resent)
{
	struct session *waiting = peer->waiting;

	peer->answered_ms = guard_now_ms(peer->guard);
	pace_succeeded(&peer->pace, resent, peer->answered_ms);
	peer->away = false;
	peer->failed_attempts = 0;
	peer->local_failures = 0;
	if (peer->guard->local_teller == peer && peer->n_up == peer->n_sessions)
		peer->guard->local_teller = NULL;
	/* Whoever waits because the peer did not answer need not: it does. One that waits because
	 * its session did not last has learnt nothing new. */
	if (waiting != NULL && !peer->waiting_flapped)
		session_event(waiting, FSM_YIELD);
}

/*
 * A session that lasted has cleared the count of failures, and what was said of them. True where it
 * did. The time that an application took not to answer at all is none that it lasted.
 */
static bool
note_end_of_life(struct peer *peer, struct session *session, enum reason reason)
{
	int64_t age_ms = guard_now_ms(peer->guard) - session->since_ms;

	if (age_ms < peer->config->backoff.stable_ms ||
	    (reason == REASON_HEARTBEAT && heart_is_unproven(session))) {
		if (session->flaps < UINT16_MAX)
			session->flaps++;
		return false;
	}
	session->flaps = 0;
	peer->failures = 0;
	peer->told = 0;
	return true;
}

static int64_t
delay_after(struct peer *peer, enum reason reason)
{
	struct guard *guard = peer->guard;
	struct backoff policy = peer->config->backoff;
	uint32_t random = guard->ops->random(guard->net);

	if (peer->away && peer->literal)
		return AWAY_DELAY_MS / 2 + random % (AWAY_DELAY_MS / 2);
	if (reason != REASON_LOCAL)
		return backoff_delay_ms(&policy, ++peer->failures, random);
	if (policy.max_ms > LOCAL_MAX_DELAY_MS)
		policy.max_ms = LOCAL_MAX_DELAY_MS;
	if (policy.first_ms > policy.max_ms)
		policy.first_ms = policy.max_ms;
	return backoff_delay_ms(&policy, ++peer->local_failures, random);
}

/* Whether the peer has just answered, or is being asked: a session that is lost meanwhile is one of
 * many that are, and what is to be found out about the peer is known or will be. */
static bool
is_known(const struct peer *peer)
{
	return peer->pace.in_flight > 0 ||
	       guard_now_ms(peer->guard) - peer->answered_ms < PEER_ANSWERS_MS;
}

int64_t
peer_failed(struct peer *peer, struct session *session, enum reason reason, bool was_up)
{
	bool follows = false;

	if (was_up) {
		follows = note_end_of_life(peer, session, reason) && is_known(peer);
		if (!follows)
			pace_doubt(&peer->pace);
	} else if (reason == REASON_LOCAL) {
		pace_withdrawn(&peer->pace);
		peer->failed_attempts += !peer->away;
	} else {
		pace_failed(&peer->pace);
		peer->failed_attempts++;
		peer->failed_ms = guard_now_ms(peer->guard);
	}
	if (!was_up)
		surveyor_give_way(peer, reason);
	/* One that did not last waits even where another tries already, or two that are dropped in
	 * turn would start each other without a pause. */
	if (peer->waiting != NULL || follows)
		return -1;
	peer->waiting = session;
	peer->waiting_flapped = was_up;
	return delay_after(peer, reason);
}

const struct session *
peer_held(const struct peer *peer)
{
	for (unsigned i = 0; i < peer->n_sessions; i++)
		if (session_state(peer->sessions[i]) == FSM_UP)
			return peer->sessions[i];
	return NULL;
}

void
peer_waited(struct peer *peer, const struct session *session)
{
	if (peer->waiting == session)
		peer->waiting = NULL;
}

void
peer_enqueue(struct peer *peer, struct session *session)
{
	if (session->in_queue)
		return;
	TAILQ_INSERT_TAIL(&peer->queue, session, queued);
	session->in_queue = true;
}

void
peer_dequeue(struct peer *peer, struct session *session)
{
	if (!session->in_queue)
		return;
	TAILQ_REMOVE(&peer->queue, session, queued);
	session->in_queue = false;
}
