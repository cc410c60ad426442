/* SPDX-License-Identifier: ISC */
#include "daemon/session.h"

#include <errno.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>

#include "daemon/autopsy.h"
#include "daemon/forward.h"
#include "daemon/guard.h"
#include "daemon/heart.h"
#include "daemon/network.h"
#include "daemon/path.h"
#include "daemon/peer.h"
#include "daemon/tally.h"
#include "daemon/tuner.h"

/* Why an event came; what the failure that it means is told as. */
struct cause {
	enum reason reason;
	int error;
	bool away;		  /* no fault of the peer's, nor of this host's setup */
	struct report_death what; /* FSM_LOST only */
};

#define NO_EVENT FSM_N_EVENTS

/* Nobody can be reached, or could be when the attempt began. */
static const struct cause no_network = {.reason = REASON_LOCAL, .error = ENETDOWN, .away = true};

static struct guard *
guard_of(const struct session *s)
{
	return s->peer->guard;
}

struct session *
session_new(struct peer *peer, uint32_t index)
{
	struct guard *guard = peer->guard;
	struct session *s = calloc(1, sizeof(*s));

	if (s == NULL)
		return NULL;
	s->peer = peer;
	s->index = index;
	s->conn.fd = -1;
	s->slot = SESSION_NO_SLOT;
	s->state = FSM_IDLE;
	s->jitter = (uint16_t)guard->ops->random(guard->net);
	s->since_ms = s->down_ms = guard_now_ms(guard);
	if (guard->ops->open(guard->net, &s->conn) < 0) {
		free(s);
		return NULL;
	}
	guard->n_sessions++;
	guard->in_state[FSM_IDLE]++;
	return s;
}

void
session_free(struct session *s)
{
	struct guard *guard;

	if (s == NULL)
		return;
	guard = guard_of(s);
	session_event(s, FSM_STOP);
	guard->freed(guard, s);
	guard->n_sessions--;
	guard->in_state[FSM_IDLE]--;
	guard->ops->clear(&s->conn);
	free(s);
}

static void
set_state(struct session *s, enum fsm_state next)
{
	struct guard *guard = guard_of(s);
	enum fsm_state old = session_state(s);
	int64_t now_ms = guard_now_ms(guard);

	if (old == next)
		return;
	guard->in_state[old]--;
	guard->in_state[next]++;
	s->state = (uint8_t)next;
	s->since_ms = now_ms;
	if (old == FSM_UP) {
		heart_end(s);
		s->peer->n_up--;
		s->down_ms = now_ms;
		s->probes = 0;
		s->probing = false;
	}
	if (next == FSM_UP)
		s->peer->n_up++;
	if (old == FSM_BACKOFF)
		peer_waited(s->peer, s);
	guard->changed(guard);
}

/* The one timer is a function of the state; an up session's is the kernel's. */
static void
set_timer(struct session *s)
{
	const struct session_ops *ops = guard_of(s)->ops;

	switch (fsm_limit(session_state(s))) {
	case FSM_LIMIT_NONE:
		ops->timer(&s->conn, -1);
		break;
	case FSM_LIMIT_KERNEL:
		break;
	case FSM_LIMIT_CONNECT:
		ops->timer(&s->conn, s->peer->config->connect_timeout_ms);
		break;
	case FSM_LIMIT_BACKOFF:
		ops->timer(&s->conn, s->delay_ms);
		break;
	}
}

/* FSM_FAIL. Returns the event that follows, or NO_EVENT. */
static enum fsm_event
fail(struct session *s, struct cause *cause)
{
	bool was_up = session_state(s) == FSM_UP;
	struct guard *guard = guard_of(s);
	int64_t delay_ms;

	if (cause->reason == REASON_NONE ||
	    (!was_up && network_excuses(guard->network, s->peer, cause->reason)))
		*cause = no_network;
	s->peer->away = cause->away;
	delay_ms = peer_failed(s->peer, s, cause->reason, was_up);
	if (cause->reason != REASON_LOCAL) /* that proves nothing about the peer */
		autopsy_settle(s, cause->reason == REASON_REFUSED ? NEXT_REFUSED : NEXT_FAILED);
	/* Silence, and then no answer to a connect either, is one thing: unreachable. */
	if (s->reason != REASON_UNREACHABLE || cause->reason != REASON_TIMED_OUT)
		s->reason = (uint8_t)cause->reason;
	s->error = cause->error;
	if (was_up) {
		tally_lost(s->peer);
		autopsy_lost(s, &cause->what);
		report_lost(s, &cause->what);
	} else {
		if (!cause->away)
			tally_failure(s->peer);
		forward_failed(s->peer);
		report_failed(s, delay_ms);
	}
	s->delay_ms = delay_ms > 0 ? (uint32_t)delay_ms : 0;
	return delay_ms < 0 ? FSM_YIELD : NO_EVENT;
}

static enum fsm_event
resolve(struct session *s, struct cause *cause)
{
	int r;

	peer_attempt(s->peer);
	if (!s->peer->away && network_forbids(guard_of(s)->network, s->peer)) {
		*cause = no_network;
		return FSM_FAILED;
	}
	r = guard_of(s)->ops->resolve(&s->conn, &s->peer->target);
	if (r >= 0)
		return r == 1 ? FSM_RESOLVED : NO_EVENT;
	*cause = (struct cause){.reason = REASON_LOCAL, .error = -r};
	return FSM_FAILED;
}

static enum fsm_event
connect_(struct session *s, struct cause *cause)
{
	struct conn_news failed;
	int r = guard_of(s)->ops->connect(&s->conn, &s->peer->target, &failed);

	if (r >= 0)
		return r == 1 ? FSM_CONNECTED : NO_EVENT;
	*cause = (struct cause){
	    .reason = diagnosis_of_attempt(failed.error, failed.local), .error = failed.error};
	return FSM_FAILED;
}

/* What this attempt has met, or those of its peer before it. */
static enum next_attempt
next_of(const struct session *s, const struct tcp_facts *facts)
{
	if (s->peer->failed_ms >= s->down_ms)
		return s->peer->last_reason == REASON_REFUSED ? NEXT_REFUSED : NEXT_FAILED;
	return facts->resent > 0 ? NEXT_STRAINED : NEXT_UP;
}

static void
came_up(struct session *s, const struct tcp_facts *facts)
{
	struct guard *guard = guard_of(s);
	unsigned attempts = s->peer->failed_attempts + 1;

	tally_up(s->peer, s->was_up);
	s->reconnects += s->was_up;
	autopsy_settle(s, next_of(s, facts));
	peer_came_up(s->peer, facts->resent > 0);
	report_up(s, guard_now_ms(guard) - s->down_ms, attempts, facts->rtt_us);
}

/* Nothing is news of a session that was adopted, and nobody attempted anything. */
static enum fsm_event
hold(struct session *s, enum fsm_event event, struct cause *cause)
{
	struct tcp_facts facts;
	int r;

	if (event != FSM_ADOPTED)
		s->tuned = 0;
	s->conn.saving = s->peer->config->listen != NULL;
	s->conn.passing = event != FSM_ADOPTED && forward_wants(s->peer);
	s->steady_ms = guard_now_ms(guard_of(s));
	s->survived_s = 0;
	tuner_apply(s);
	r = guard_of(s)->ops->hold(&s->conn, &facts);
	if (r < 0) {
		if (event != FSM_ADOPTED)
			peer_withdrew(s->peer);
		*cause = (struct cause){.reason = REASON_LOCAL,
		    .error = -r,
		    .what = {.reason = REASON_LOCAL, .death = {.error = -r, .idle_ms = -1}}};
		return FSM_LOST;
	}
	if (event != FSM_ADOPTED)
		came_up(s, &facts);
	heart_begin(s, event == FSM_ADOPTED);
	path_look(s->peer, s);
	s->was_up = true;
	s->flood_told = false;
	peer_measured(s->peer, facts.rtt_us);
	return s->conn.passing ? FSM_GIVEN : NO_EVENT;
}

/* The table says that this cannot be. */
static void
bug(struct session *s, enum fsm_state state, enum fsm_event event)
{
	char text[CONFIG_MAX_NAME + 64];

	snprintf(text, sizeof(text), "%s/%u: %s while %s", s->peer->config->name, s->index,
	    fsm_event_name(event), fsm_state_name(state));
	guard_of(s)->fault(guard_of(s), text);
}

/* One transition. Returns the event that follows at once, or NO_EVENT. */
static enum fsm_event
move(struct session *s, enum fsm_event event, struct cause *cause)
{
	enum fsm_state old = session_state(s);
	struct fsm_transition t = fsm_next(old, event);
	enum fsm_event follows = NO_EVENT;

	if (!t.defined) {
		bug(s, old, event);
		return NO_EVENT;
	}
	if (t.actions & FSM_DROP)
		guard_of(s)->ops->drop(&s->conn);
	if (t.actions & FSM_FAIL)
		follows = fail(s, cause);
	else if (old == FSM_RESOLVING || old == FSM_CONNECTING)
		if (t.next == FSM_IDLE)
			peer_withdrew(s->peer);
	set_state(s, t.next);
	if (old != t.next)
		report_state(s, old, event);
	if (event == FSM_YIELD)
		peer_enqueue(s->peer, s);
	if (event == FSM_STOP || t.next != FSM_IDLE)
		peer_dequeue(s->peer, s);
	if (t.actions & FSM_RESOLVE)
		follows = resolve(s, cause);
	if (t.actions & FSM_CONNECT)
		follows = connect_(s, cause);
	if (t.actions & FSM_HOLD)
		follows = hold(s, event, cause);
	if (t.actions & FSM_GIVE)
		forward_take(s);
	/* What is known of an adopted one is where it was found. What is given away at once is not
	 * kept before. */
	if (t.actions & (FSM_DROP | FSM_FAIL | FSM_HOLD | FSM_GIVE) && event != FSM_ADOPTED &&
	    follows != FSM_GIVEN)
		guard_of(s)->moved(guard_of(s), s);
	/* A state that ends at once needs no timer, and one that holds a socket has it armed. */
	if (follows == NO_EVENT && old != t.next)
		set_timer(s);
	return follows;
}

static void
step(struct session *s, enum fsm_event event, struct cause *cause)
{
	while (event != NO_EVENT)
		event = move(s, event, cause);
}

void
session_event(struct session *s, enum fsm_event event)
{
	struct cause cause = {.reason = REASON_NONE};

	step(s, event, &cause);
}

void
session_adopt(struct session *s, const struct conn_socket *socket, int64_t since_ms)
{
	guard_of(s)->ops->adopt(&s->conn, socket);
	session_event(s, FSM_ADOPTED);
	if (session_state(s) == FSM_UP) {
		s->since_ms = since_ms;
		peer_measured(s->peer, socket->facts.rtt_us);
	}
}

static struct cause
see_death(struct session *s, int error)
{
	struct report_death what = autopsy_look(s, error);

	return (struct cause){.reason = what.reason, .error = error, .what = what};
}

void
session_lose(struct session *s, enum reason reason, int error)
{
	struct cause cause = see_death(s, error);

	cause.reason = cause.what.reason = reason;
	step(s, FSM_LOST, &cause);
	peer_pump(s->peer);
}

static struct cause
see_failure(const struct session *s, const struct conn_news *news)
{
	if (session_state(s) != FSM_RESOLVING)
		return (struct cause){
		    .reason = diagnosis_of_attempt(news->error, news->local), .error = news->error};
	return (struct cause){
	    .reason = news->error == EAI_MEMORY ? REASON_LOCAL : REASON_UNRESOLVED,
	    .error = news->error};
}

static struct cause
see_timeout(const struct session *s)
{
	if (session_state(s) == FSM_RESOLVING)
		return (struct cause){.reason = REASON_UNRESOLVED, .error = EAI_AGAIN};
	return (struct cause){.reason = REASON_TIMED_OUT, .error = ETIMEDOUT};
}

/* The delay of a backoff may end while as many are trying already as the peer, or a turn of the
 * loop, takes. */
static enum fsm_event
time_is_up(const struct session *s)
{
	return session_state(s) == FSM_BACKOFF && !turn_comes(s->peer) ? FSM_YIELD : FSM_TIMER;
}

void
session_news(struct conn *conn, const struct conn_news *news)
{
	struct session *s = container_of(conn, struct session, conn);
	struct peer *peer = s->peer;
	struct cause cause = {.reason = REASON_NONE};

	switch (news->what) {
	case CONN_TIMER:
		cause = see_timeout(s);
		step(s, time_is_up(s), &cause);
		break;
	case CONN_RESOLVED:
	case CONN_CONNECTED:
		step(s, news->what == CONN_RESOLVED ? FSM_RESOLVED : FSM_CONNECTED, &cause);
		break;
	case CONN_FAILED:
		cause = see_failure(s, news);
		step(s, FSM_FAILED, &cause);
		break;
	case CONN_LOST:
		cause = see_death(s, news->error);
		step(s, FSM_LOST, &cause);
		break;
	case CONN_PROBED:
		tuner_probed(s, news->answer_ms);
		break;
	}
	peer_pump(peer);
}
