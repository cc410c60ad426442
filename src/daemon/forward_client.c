/* SPDX-License-Identifier: ISC */
#include "daemon/forward_client.h"

#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "daemon/forward_keep.h"
#include "daemon/forward_listen.h"
#include "daemon/forward_report.h"
#include "daemon/forward_tune.h"
#include "daemon/guard.h"
#include "daemon/keep.h"
#include "daemon/peer.h"
#include "daemon/roster.h"
#include "net/listener.h"
#include "net/stall.h"

/* Sessions that are looked at for the one that has shown last that it lives. */
#define LOOK_AT 64

/* While clients wait, a peer that does not answer is tried that often; where they are refused, it
 * counts as down for so long after an attempt. */
#define EAGER_MS 1000

static struct forward_client *
client_of(struct relay *relay)
{
	return container_of(relay, struct forward_client, relay);
}

/* --- clients ---------------------------------------------------------------------------------- */

static void
unlink_client(struct forward_client *c)
{
	struct forward *f = c->forward;

	TAILQ_REMOVE(c->carried ? &f->carried : &f->waiting, c, link);
	f->counts.waiting -= !c->carried;
}

static void
free_client(struct forward_client *c, bool reset)
{
	struct forward *f = c->forward;

	unlink_client(c);
	for (int side = 0; side < RELAY_SIDES; side++)
		f->counts.bytes[side] += c->relay.flows[side].bytes;
	/* Whoever finds it before it is forgotten finds it ended like that. */
	relay_stop(&c->relay, reset);
	forward_keep_end(c);
	f->counts.clients--;
	f->all->n_clients--;
	if (f->counts.clients < f->peer->config->max_clients * 7 / 8)
		f->full_told = false;
	free(c);
	if (f->all->paused)
		forward_resume(f->all);
}

static void
refuse(struct forward_client *c)
{
	c->forward->counts.refused++;
	free_client(c, true);
}

/* Bytes that were taken and not delivered make an end in order a lie. */
static bool
is_in_the_middle(const struct relay *relay)
{
	return relay_held(relay, RELAY_CLIENT) > 0 || relay_held(relay, RELAY_PEER) > 0;
}

void
forward_close_all(struct forward *f)
{
	struct forward_client *c;

	while ((c = TAILQ_FIRST(&f->waiting)) != NULL || (c = TAILQ_FIRST(&f->carried)) != NULL)
		free_client(c, is_in_the_middle(&c->relay) || !c->carried);
}

/* Known to be down: by an attempt that has just failed, or by one that is waited for. */
static bool
is_down(const struct forward *f)
{
	const struct peer *peer = f->peer;

	return peer->n_up == 0 && peer->failed_attempts > 0 &&
	       guard_now_ms(peer->guard) < f->down_until_ms;
}

/* Whether one more is. */
static bool
is_refused(struct forward *f)
{
	if (f->counts.clients < f->peer->config->max_clients)
		return f->peer->config->when_down == CONFIG_DOWN_REFUSE && is_down(f);
	if (!f->full_told)
		forward_report_full(f);
	f->full_told = true;
	return true;
}

void
forward_admit(struct ear *ear, int fd)
{
	struct forward *f = ear->forward;
	struct forward_client *c;

	f->counts.clients_ever++;
	c = is_refused(f) ? NULL : calloc(1, sizeof(*c));
	if (c == NULL) {
		f->counts.refused++;
		listener_refuse(fd);
		return;
	}
	relay_open(&c->relay, &f->all->relays, fd, ++f->all->keep->life);
	c->forward = f;
	c->since_ms = guard_now_ms(f->peer->guard);
	forward_tune_client(c, ear->tuned);
	TAILQ_INSERT_TAIL(&f->waiting, c, link);
	f->counts.waiting++;
	f->counts.clients++;
	f->all->n_clients++;
}

/* Those that have come last wait behind those whose ends are told of already. */
static void
await_new(struct forward *f)
{
	struct forward_client *c, *before;

	for (c = TAILQ_LAST(&f->waiting, forward_clients);
	     c != NULL && !c->relay.legs[RELAY_CLIENT].watched; c = before) {
		before = TAILQ_PREV(c, forward_clients, link);
		if (relay_await(&c->relay) < 0)
			refuse(c);
	}
}

/* --- sessions --------------------------------------------------------------------------------- */

/* The one that has shown last that it lives; NULL: none is up. */
static struct session *
freshest(const struct peer *peer)
{
	const struct session_ops *ops = peer->guard->ops;
	struct session *best = NULL;
	struct tcp_facts facts, least = {.idle_ms = INT64_MAX, .probes = UINT32_MAX};
	unsigned looked = 0;

	for (unsigned i = 0; i < peer->n_sessions && looked < LOOK_AT && looked < peer->n_up; i++) {
		struct session *s = peer->sessions[i];

		if (session_state(s) != FSM_UP)
			continue;
		looked++;
		/* One that is probed, or waits for the answer to a heartbeat, is not free. */
		if (s->probing || s->conn.listening || ops->facts(&s->conn, &facts) < 0 ||
		    facts.probes > least.probes ||
		    (facts.probes == least.probes && facts.idle_ms >= least.idle_ms) ||
		    !ops->sound(&s->conn))
			continue;
		best = s;
		least = facts;
	}
	return best;
}

bool
forward_wants(const struct peer *peer)
{
	return peer->forward != NULL && peer->forward->counts.waiting > 0;
}

void
forward_take(struct session *s)
{
	struct guard *guard = s->peer->guard;
	struct forward *f = s->peer->forward;
	struct forward_client *c = f != NULL ? TAILQ_FIRST(&f->waiting) : NULL;
	int fd = guard->ops->give(&s->conn);

	/* What comes up next in its place is a first one. */
	s->was_up = s->lost_aloud = false;

	guard->freed(guard, s);
	if (c == NULL || relay_join(&c->relay, fd) < 0) {
		shutdown(fd, SHUT_RDWR);
		close(fd);
		roster_given(s);
		return;
	}
	unlink_client(c);
	TAILQ_INSERT_TAIL(&f->carried, c, link);
	c->carried = true;
	c->relay.replaceable = f->ahead;
	c->relay.shared |= f->ahead; /* it was kept, maybe */
	c->bare = s->tuned == 0;
	c->since_ms = guard_now_ms(guard);
	forward_tune_peer(c, false);
	forward_keep(c);
	roster_demand(s->peer, f->counts.waiting);
	roster_given(s);
}

/* Sessions that were held ahead, for those that wait. */
static void
serve(struct forward *f)
{
	struct session *s;

	f->ahead = true;
	while (f->counts.waiting > 0 && (s = freshest(f->peer)) != NULL)
		session_event(s, FSM_GIVEN);
	f->ahead = false;
}

/* Its session was dead already, and nobody has noticed. */
static void
replace(struct forward_client *c)
{
	struct forward *f = c->forward;

	forward_keep_end(c);
	relay_part(&c->relay);
	unlink_client(c);
	c->carried = false;
	TAILQ_INSERT_HEAD(&f->waiting, c, link);
	f->counts.waiting++;
	f->counts.replaced++;
	forward_pump(f);
}

void
forward_on_end(struct relay *relay, const struct relay_end *end)
{
	struct forward_client *c = client_of(relay);
	struct forward *f = c->forward;

	if (end->side == RELAY_PEER && relay->replaceable && relay_untouched(relay)) {
		replace(c);
		return;
	}
	if (c->carried && end->error != 0)
		forward_report_end(c, end);
	free_client(c, end->error != 0);
	if (f->peer->demand != f->counts.waiting)
		forward_settle(f);
}

/* --- waiting ---------------------------------------------------------------------------------- */

void
forward_failed(struct peer *peer)
{
	if (peer->forward != NULL)
		peer->forward->attempt_failed = true;
}

static int64_t
limit_of(const struct forward *f, const struct forward_client *c)
{
	return c->since_ms + f->peer->config->connect_timeout_ms;
}

/* Those that have waited long enough; all, where they are not to wait for a peer that is down. */
static void
end_waiting(struct forward *f, int64_t now_ms)
{
	bool all = f->attempt_failed && f->peer->config->when_down == CONFIG_DOWN_REFUSE;
	struct forward_client *c;

	if (f->attempt_failed)
		f->down_until_ms = now_ms + EAGER_MS;
	f->attempt_failed = false;
	while ((c = TAILQ_FIRST(&f->waiting)) != NULL && (all || limit_of(f, c) <= now_ms))
		refuse(c);
}

/* There is a reason to try, so the delay of the backoff is shorter. */
static void
hurry(struct forward *f, int64_t now_ms)
{
	struct session *waiting = f->peer->waiting;

	if (waiting != NULL && now_ms - waiting->since_ms >= EAGER_MS)
		session_event(waiting, FSM_RETRY);
}

static void
arm_limit(struct forward *f, int64_t now_ms)
{
	struct forward_client *first = TAILQ_FIRST(&f->waiting);
	int64_t delay_ms;

	if (first == NULL) {
		wake_disarm(&f->limit);
		return;
	}
	delay_ms = limit_of(f, first) - now_ms;
	if (f->peer->waiting != NULL && delay_ms > EAGER_MS)
		delay_ms = EAGER_MS;
	wake_after(&f->limit, delay_ms > 0 ? delay_ms : 0);
}

/* Sessions are freed here: from outside their events. */
void
forward_settle(struct forward *f)
{
	int64_t now_ms = guard_now_ms(f->peer->guard);
	unsigned before = f->peer->n_sessions;

	if (f->leaves || (!f->attempt_failed && f->peer->demand == 0 && f->counts.waiting == 0 &&
			     before == f->peer->config->sessions))
		return;
	end_waiting(f, now_ms);
	roster_demand(f->peer, f->counts.waiting);
	(void)roster_resize(f->peer); /* with fewer sessions they wait longer */
	arm_limit(f, now_ms);
	if (f->peer->n_sessions > before)
		peer_pump(f->peer);
}

void
forward_pump(struct forward *f)
{
	serve(f);
	if (f->counts.waiting > 0)
		hurry(f, guard_now_ms(f->peer->guard));
	peer_pump(f->peer);
	await_new(f);
}

static int
resume(struct forward_client *c, struct relays *relays, const struct salvaged *client,
    const struct salvaged *carrier)
{
	const uint64_t life = client->stowed.life;

	c->stowed = client->stowed;
	relay_open(&c->relay, relays, client->fd, life);
	c->relay.shared = true;
	return carrier == NULL ? relay_await(&c->relay) : relay_join(&c->relay, carrier->fd);
}

struct forward_client *
forward_adopt(struct peer *peer, const struct salvaged *client, const struct salvaged *carrier)
{
	struct forward *f = forward_of(peer);
	struct forward_client *c = f != NULL ? calloc(1, sizeof(*c)) : NULL;

	if (c == NULL || resume(c, &f->all->relays, client, carrier) < 0) {
		free(c);
		return NULL;
	}
	c->forward = f;
	c->since_ms = client->since_ms;
	c->carried = carrier != NULL;
	TAILQ_INSERT_TAIL(c->carried ? &f->carried : &f->waiting, c, link);
	f->counts.waiting += !c->carried;
	f->counts.clients++;
	f->counts.clients_ever++;
	f->all->n_clients++;
	forward_tune_client(c, false);
	if (c->carried)
		forward_tune_peer(c, true);
	stall_settle(&c->relay);
	return c;
}
