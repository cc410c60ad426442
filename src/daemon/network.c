/* SPDX-License-Identifier: ISC */
#include "daemon/network.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "daemon/guard.h"
#include "daemon/heart.h"
#include "daemon/path.h"
#include "daemon/peer.h"
#include "policy/timespan.h"
#include "policy/words.h"

/* Those that are tried again at once do so within that time: many hosts at one switch would be a
 * crowd otherwise, when it is back. */
#define SPREAD_MS 1000

/* An attempt that is older has sent its first packet, or question, into a network that has changed
 * since, and would wait for the next. */
#define STALE_MS 500

/* The clocks are read one after the other, and a suspend that was shorter made nobody forget. */
#define ASLEEP_MS 1000

/* So many changes by name, and it is said that there were more. */
#define WHAT_MOST 100

/* Of a link with a loose contact, so many ends are told aloud. */
#define TOLD_GAINS 3

__attribute__((format(printf, 4, 5))) static void
say(struct network *n, enum message message, int priority, const char *format, ...)
{
	struct report *report = &n->guard->report;
	struct journal_fields none = JOURNAL_NO_FIELDS;
	char text[512];
	va_list args;

	if (!report->wants(report, priority))
		return;
	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	report->say(report, message, priority, &none, text);
}

static void
look_around(struct network *n)
{
	bool had = n->known && (n->reach4 || n->reach6);
	int r;

	if (n->watch == NULL)
		return;
	r = netwatch_reach(n->watch, AF_INET, &n->reach4);
	if (r == 0)
		r = netwatch_reach(n->watch, AF_INET6, &n->reach6);
	n->known = r == 0;
	/* That there is none, as where all peers are on this host, is no change. */
	if (had && n->known && !n->reach4 && !n->reach6)
		n->guard->network_changed_ms = guard_now_ms(n->guard);
}

static void
arm(struct network *n)
{
	int64_t due_ms = unrest_due_ms(&n->unrest);
	int64_t wait_ms = due_ms - guard_now_ms(n->guard);

	if (n->settle.event != NULL && due_ms >= 0)
		wake_after(&n->settle, wait_ms > 0 ? wait_ms : 0);
}

static void
add_what(struct network *n, unsigned change, const char *what)
{
	static const struct {
		unsigned change;
		const char *text;
	} texts[] = {
	    {UNREST_LINK_UP, "is up"},
	    {UNREST_LINK_DOWN, "is down"},
	    {UNREST_ADDRESS_ADDED | UNREST_ROUTE_ADDED, "was added"},
	    {UNREST_ADDRESS_BACK, "is back"},
	    {UNREST_ADDRESS_GONE | UNREST_NEAR_GONE | UNREST_ROUTE_GONE, "has gone"},
	};
	size_t used = strlen(n->what);

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		if (texts[i].change & change && used < WHAT_MOST)
			words_add(n->what, sizeof(n->what), "%s%s %s", used > 0 ? ", " : "", what,
			    texts[i].text);
	if (used >= WHAT_MOST && strstr(n->what, " and more") == NULL)
		words_add(n->what, sizeof(n->what), " and more");
}

void
network_news(struct network *n, unsigned change, const char *what)
{
	int64_t now_ms = guard_now_ms(n->guard);

	if (change & (UNREST_LINK_DOWN | UNREST_ADDRESS_GONE))
		n->guard->network_changed_ms = now_ms;
	unrest_note(&n->unrest, change, now_ms);
	add_what(n, change, what);
	arm(n);
}

void
network_clock_jumped(struct network *n)
{
	struct guard *guard = n->guard;
	int64_t asleep_ms = guard->ops->asleep_ms(guard->net);
	int64_t slept_ms = asleep_ms - n->asleep_ms;

	n->asleep_ms = asleep_ms;
	if (slept_ms < ASLEEP_MS)
		return;
	n->slept_ms += slept_ms;
	guard->resumed_ms = guard_now_ms(guard);
	network_news(n, UNREST_AWOKE, "");
}

/* --- the reaction --------------------------------------------------------------------------- */

static unsigned
drop_gone(struct network *n)
{
	unsigned dropped = 0;

	for (size_t i = 0; i < n->guard->n_peers; i++) {
		struct peer *peer = n->guard->peers[i];

		for (unsigned j = 0; j < peer->n_sessions; j++) {
			struct session *s = peer->sessions[j];

			if (session_state(s) != FSM_UP || !n->is_gone(n, &s->conn.local))
				continue;
			session_lose(s, REASON_LOCAL, EADDRNOTAVAIL);
			dropped++;
		}
	}
	return dropped;
}

static void
hurry_waiting(struct session *s, int64_t delay_ms)
{
	struct guard *guard = s->peer->guard;
	int64_t waited_ms = guard_now_ms(guard) - s->since_ms;

	if (waited_ms + delay_ms >= s->delay_ms)
		return;
	s->delay_ms = (uint32_t)(waited_ms + delay_ms);
	guard->ops->timer(&s->conn, delay_ms);
}

/*
 * Why its last attempts failed may be over: try again after so long, as if there had been none. One
 * that is under way begins anew.
 */
static void
hurry_peer(struct peer *peer, int64_t delay_ms)
{
	int64_t stale_ms = guard_now_ms(peer->guard) - STALE_MS;

	peer->failures = peer->local_failures = 0;
	for (unsigned i = 0; i < peer->n_sessions && peer->pace.in_flight > 0; i++) {
		enum fsm_state state = session_state(peer->sessions[i]);

		if ((state == FSM_RESOLVING || state == FSM_CONNECTING) &&
		    peer->sessions[i]->since_ms <= stale_ms)
			session_event(peer->sessions[i], FSM_FAILED);
	}
	peer->away = false;
	if (peer->waiting != NULL)
		hurry_waiting(peer->waiting, delay_ms);
	peer_pump(peer);
}

/* How many of them are not all up. */
static unsigned
hurry(struct guard *guard)
{
	unsigned tried = 0;

	for (size_t i = 0; i < guard->n_peers; i++) {
		struct peer *peer = guard->peers[i];

		if (peer->n_up == peer->n_sessions)
			continue;
		hurry_peer(peer, guard->ops->random(guard->net) % SPREAD_MS);
		tried++;
	}
	return tried;
}

/* No answer could come meanwhile, so those that are awaited have their time anew. */
static unsigned
probe(struct guard *guard)
{
	heart_excuse(guard);
	return guard_probe_all(guard);
}

static void
say_reaction(struct network *n, const struct unrest_reaction *r, unsigned dropped, unsigned probed,
    unsigned tried)
{
	bool done = dropped > 0 || probed > 0 || tried > 0;
	bool news =
	    r->retry ? done : r->changes & UNREST_LINK_DOWN && n->unrest.gains <= TOLD_GAINS;
	int priority = dropped > 0 || (r->retry && done) ? LOG_NOTICE : news ? LOG_INFO : LOG_DEBUG;
	char todo[160] = "", span[TIMESPAN_MAX];

	if (dropped > 0)
		words_add(todo, sizeof(todo), "; dropped %u session%s from there", dropped,
		    dropped == 1 ? "" : "s");
	if (probed > 0)
		words_add(
		    todo, sizeof(todo), "; probing %u session%s", probed, probed == 1 ? "" : "s");
	if (tried > 0)
		words_add(
		    todo, sizeof(todo), "; trying %u peer%s again", tried, tried == 1 ? "" : "s");
	if (r->changes & UNREST_AWOKE)
		say(n, MESSAGE_AWOKE, LOG_NOTICE, "the machine was asleep for %s%s",
		    timespan_brief(n->slept_ms, span, sizeof(span)), todo);
	else
		say(n, MESSAGE_NETWORK_CHANGED, priority, "the network has changed: %s%s", n->what,
		    todo);
}

void
network_settle(struct network *n)
{
	struct guard *guard = n->guard;
	struct unrest_reaction r = unrest_settle(&n->unrest, guard_now_ms(guard));
	unsigned dropped = 0, probed = 0, tried = 0;

	if (r.changes & UNREST_AWOKE)
		heart_awake(guard);
	if (r.changes != 0) {
		look_around(n);
		if (n->reach4 || n->reach6)
			n->away_told = false;
		if (r.drop)
			dropped = drop_gone(n);
		if (r.drop && n->watch != NULL)
			netwatch_forget_gone(n->watch);
		if (r.probe)
			probed = probe(guard);
		if (r.retry)
			tried = hurry(guard);
		path_look_around(guard);
		say_reaction(n, &r, dropped, probed, tried);
		n->what[0] = '\0';
		n->slept_ms = 0;
	}
	arm(n);
}

/* --- where there is no way to anybody ------------------------------------------------------- */

static bool
is_loopback(const union address *a)
{
	if (a->any.sa_family == AF_INET)
		return ntohl(a->in.sin_addr.s_addr) >> 24 == IN_LOOPBACKNET;
	return IN6_IS_ADDR_LOOPBACK(&a->in6.sin6_addr);
}

/* Of a name it is only known that there is no way to anybody else: it may be one of this host. */
static bool
no_way_to(const struct network *n, const struct peer *peer)
{
	union address address;

	if (n == NULL || !n->known || (n->reach4 && n->reach6))
		return false;
	if (address_parse(peer->target.host, peer->target.port, &address) < 0)
		return !n->reach4 && !n->reach6;
	if (is_loopback(&address) || (n->watch != NULL && netwatch_owns(n->watch, &address)))
		return false;
	return !(address.any.sa_family == AF_INET ? n->reach4 : n->reach6);
}

bool
network_forbids(const struct network *n, const struct peer *peer)
{
	return peer->literal && no_way_to(n, peer);
}

bool
network_excuses(struct network *n, const struct peer *peer, enum reason reason)
{
	/* Where somebody has refused, there was a way to them. */
	if (reason == REASON_REFUSED || !no_way_to(n, peer))
		return false;
	if (!n->away_told)
		say(n, MESSAGE_NETWORK_AWAY, LOG_NOTICE,
		    "there is no network%s: waiting for a link or a route",
		    n->guard->counts.came_up == 0 ? " yet" : "");
	n->away_told = true;
	return true;
}

/* --- the live one --------------------------------------------------------------------------- */

static void
on_news(struct netwatch_owner *owner, unsigned change, const char *what)
{
	network_news(container_of(owner, struct network, owner), change, what);
}

static bool
is_gone(const struct network *n, const union address *address)
{
	return n->watch != NULL && netwatch_gone(n->watch, address);
}

static void
on_settle(struct wake *wake, unsigned what)
{
	(void)what;
	network_settle(container_of(wake, struct network, settle));
}

static void
on_suspend(struct suspend *suspend)
{
	network_clock_jumped(container_of(suspend, struct network, suspend));
}

int
network_open(struct network *n, struct loop *loop, struct guard *guard)
{
	int r;

	*n = (struct network){.guard = guard, .owner.news = on_news, .is_gone = is_gone};
	n->suspend.fd = -1;
	n->asleep_ms = guard->ops->asleep_ms(guard->net);
	guard->network = n;
	r = wake_init(loop, &n->settle, on_settle);
	if (r < 0)
		return r;
	r = netwatch_open(loop, &n->owner, &n->watch);
	if (r < 0)
		say(n, MESSAGE_NETWORK_UNSEEN, LOG_WARNING,
		    "cannot see changes of the network: %s; going on without", strerror(-r));
	look_around(n);
	r = suspend_open(&n->suspend, loop, on_suspend);
	if (r < 0)
		say(n, MESSAGE_NETWORK_UNSEEN, LOG_WARNING,
		    "cannot see that the machine was asleep: %s; going on without", strerror(-r));
	return 0;
}

void
network_close(struct network *n)
{
	if (n->guard == NULL)
		return;
	n->guard->network = NULL;
	netwatch_close(n->watch);
	suspend_close(&n->suspend);
	wake_clear(&n->settle);
	*n = (struct network){0};
}
