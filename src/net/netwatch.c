/* SPDX-License-Identifier: ISC */
#include "net/netwatch.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>

#include "net/owned.h"
#include "net/rtnl.h"
#include "policy/unrest.h"

/* A router may have ten thousand changes of its routes a second: it wakes us ten times. */
#define PAUSE_MS 100

/* What has changed while it was being read is read again, so often. */
#define READS 3

struct link {
	SLIST_ENTRY(link) next;
	int index;
	bool running;
	bool loopback;
	bool bridge;
	bool local;
	int master;
	bool seen; /* by the reading under way */
	char name[IF_NAMESIZE];
};

SLIST_HEAD(link_list, link);

struct netwatch {
	struct wake wake;
	struct rtnl_reader reader;
	struct netwatch_owner *owner;
	struct mnl_socket *socket;
	struct link_list links;
	struct owned owned;
	bool quiet; /* what there is from the start is no news */
	bool paused;
	bool came_up; /* a link has, so its addresses may be examined */
};

/* A question that reading the routes is to answer. */
struct reach {
	struct rtnl_reader reader;
	const struct netwatch *watch;
	bool any;
};

static void
tell(struct netwatch *w, unsigned change, const char *what)
{
	if (!w->quiet)
		w->owner->news(w->owner, change, what);
}

/* --- links ---------------------------------------------------------------------------------- */

static struct link *
find_link(const struct netwatch *w, int index)
{
	struct link *link;

	SLIST_FOREACH(link, &w->links, next)
	if (link->index == index)
		return link;
	return NULL;
}

/*
 * A link without an address of ours is somebody else's: a container's, say. But for one that the
 * link with the address leads through, which may go on running without: a bridge's or a bond's
 * port.
 */
static bool
carries_us(const struct netwatch *w, const struct link *link)
{
	if (link->loopback)
		return false;
	return owned_on(&w->owned, link->index) ||
	       (link->master > 0 && !link->local && owned_on(&w->owned, link->master));
}

/* A bridge whose ports all end on this host: that the last guest has gone is no loss of the
 * network. */
static bool
is_for_guests(const struct netwatch *w, const struct link *link)
{
	const struct link *port;

	SLIST_FOREACH(port, &w->links, next)
	if (port->master == link->index && !port->local)
		return false;
	return link->bridge;
}

static void
set_running(struct netwatch *w, struct link *link, bool running)
{
	if (link->running == running)
		return;
	link->running = running;
	w->came_up |= running;
	if (carries_us(w, link) && (running || !is_for_guests(w, link)))
		tell(w, running ? UNREST_LINK_UP : UNREST_LINK_DOWN, link->name);
}

static void
remove_link(struct netwatch *w, struct link *link)
{
	set_running(w, link, false);
	SLIST_REMOVE(&w->links, link, link, next);
	free(link);
}

static void
take_link(struct netwatch *w, const struct rtnl_message *m)
{
	struct link *link = find_link(w, m->index);

	if (m->gone) {
		if (link != NULL)
			remove_link(w, link);
		return;
	}
	if (link == NULL) {
		link = calloc(1, sizeof(*link));
		if (link == NULL)
			return;
		link->index = m->index;
		SLIST_INSERT_HEAD(&w->links, link, next);
	}
	link->seen = true;
	link->loopback = m->loopback;
	link->master = m->master;
	link->bridge = m->bridge;
	link->local = m->local;
	memcpy(link->name, m->name, sizeof(link->name));
	set_running(w, link, m->running);
}

/* --- addresses ------------------------------------------------------------------------------ */

static void
tell_address(struct netwatch *w, unsigned change, const union address *a)
{
	char text[INET6_ADDRSTRLEN];

	inet_ntop(a->any.sa_family,
	    a->any.sa_family == AF_INET ? (const void *)&a->in.sin_addr
					: (const void *)&a->in6.sin6_addr,
	    text, sizeof(text));
	tell(w, change, text);
}

static void
take_address(struct netwatch *w, const struct rtnl_message *m)
{
	unsigned change = owned_take(&w->owned, m);

	if (change != 0)
		tell_address(w, change, &m->address);
}

/* --- routes, of which no account is kept: there may be a million ---------------------------- */

/* A link that is not known yet is one that came just now. */
static bool
leads_out(const struct netwatch *w, const struct rtnl_message *m)
{
	for (unsigned i = 0; i < m->n_hops; i++) {
		const struct link *link = find_link(w, m->hops[i]);

		if (link == NULL || (link->running && !link->loopback))
			return true;
	}
	return false;
}

static bool
take(struct rtnl_reader *reader, const struct rtnl_message *m)
{
	struct netwatch *w = container_of(reader, struct netwatch, reader);

	if (m->kind == RTNL_LINK)
		take_link(w, m);
	else if (m->kind == RTNL_ADDRESS)
		take_address(w, m);
	else if (m->gone || leads_out(w, m))
		tell(w, m->gone ? UNREST_ROUTE_GONE : UNREST_ROUTE_ADDED, m->to);
	return true;
}

/* --- all of it ------------------------------------------------------------------------------ */

static int
read_all(struct netwatch *w)
{
	int r = -EINTR;

	for (int i = 0; r == -EINTR && i < READS; i++) {
		r = rtnl_dump(RTNL_LINK, AF_UNSPEC, &w->reader);
		if (r == 0)
			r = rtnl_dump(RTNL_ADDRESS, AF_UNSPEC, &w->reader);
	}
	return r;
}

/* What is not there any more is told as gone, what has come as added. */
static int
read_anew(struct netwatch *w)
{
	struct link *link, *next_link;
	union address address;
	unsigned change;
	int r;

	SLIST_FOREACH(link, &w->links, next)
	link->seen = false;
	owned_begin(&w->owned);
	r = read_all(w);
	if (r < 0)
		return r;
	for (link = SLIST_FIRST(&w->links); link != NULL; link = next_link) {
		next_link = SLIST_NEXT(link, next);
		if (!link->seen)
			remove_link(w, link);
	}
	while (owned_sweep(&w->owned, &address, &change))
		if (change != 0)
			tell_address(w, change, &address);
	return 0;
}

static void
on_wake(struct wake *wake, unsigned what)
{
	struct netwatch *w = container_of(wake, struct netwatch, wake);

	(void)what;
	if (w->paused) {
		w->paused = wake_arm(&w->wake, rtnl_fd(w->socket), WAKE_READ, -1) < 0;
		if (w->paused)
			wake_after(&w->wake, PAUSE_MS);
		return;
	}
	if (rtnl_receive(w->socket, &w->reader) == -ENOBUFS) {
		read_anew(w);
		/* Routes may have been among what was lost. */
		tell(w, UNREST_ROUTE_ADDED, "more than could be told");
	} else if (w->came_up) {
		/* Nothing is told of what was kept while it was down (keep_addr_on_down), until the
		 * examination is over. */
		(void)rtnl_dump(RTNL_ADDRESS, AF_INET6, &w->reader);
	}
	w->came_up = false;
	w->paused = true;
	wake_after(&w->wake, PAUSE_MS);
}

int
netwatch_open(struct loop *loop, struct netwatch_owner *owner, struct netwatch **ret)
{
	struct netwatch *w = calloc(1, sizeof(*w));
	int r;

	if (w == NULL)
		return -ENOMEM;
	w->owner = owner;
	w->reader.take = take;
	r = rtnl_subscribe(&w->socket);
	if (r == 0)
		r = wake_init(loop, &w->wake, on_wake);
	if (r == 0)
		r = wake_arm(&w->wake, rtnl_fd(w->socket), WAKE_READ, -1);
	/* After the subscription: what changes meanwhile is heard of twice, rather than never. */
	w->quiet = true;
	if (r == 0)
		r = read_anew(w);
	w->quiet = false;
	if (r < 0 && r != -EINTR) {
		netwatch_close(w);
		return r;
	}
	*ret = w;
	return 0;
}

void
netwatch_close(struct netwatch *w)
{
	struct link *link;

	if (w == NULL)
		return;
	wake_clear(&w->wake);
	rtnl_close(w->socket);
	while ((link = SLIST_FIRST(&w->links)) != NULL) {
		SLIST_REMOVE_HEAD(&w->links, next);
		free(link);
	}
	owned_clear(&w->owned);
	free(w);
}

bool
netwatch_owns(const struct netwatch *w, const union address *address)
{
	return owned_has(&w->owned, address);
}

bool
netwatch_gone(const struct netwatch *w, const union address *address)
{
	return owned_lost(&w->owned, address);
}

void
netwatch_forget_gone(struct netwatch *w)
{
	owned_forget_lost(&w->owned);
}

static bool
note_route(struct rtnl_reader *reader, const struct rtnl_message *m)
{
	struct reach *reach = container_of(reader, struct reach, reader);

	reach->any = m->kind == RTNL_ROUTE && leads_out(reach->watch, m);
	return !reach->any; /* of a million routes the first will do */
}

int
netwatch_reach(const struct netwatch *w, int family, bool *ret_any)
{
	struct reach reach = {.reader.take = note_route, .watch = w};
	int r = rtnl_dump(RTNL_ROUTE, family, &reach.reader);

	if (r < 0 && r != -EINTR)
		return r;
	*ret_any = reach.any;
	return 0;
}
