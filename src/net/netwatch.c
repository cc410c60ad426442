/* SPDX-License-Identifier: ISC */
#include "net/netwatch.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>

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
	bool seen; /* by the reading under way */
	char name[IF_NAMESIZE];
};

struct own {
	SLIST_ENTRY(own) next;
	union address address;
	int index; /* of its link */
	bool seen;
};

SLIST_HEAD(link_list, link);
SLIST_HEAD(own_list, own);

struct netwatch {
	struct wake wake;
	struct rtnl_reader reader;
	struct netwatch_owner *owner;
	struct mnl_socket *socket;
	struct link_list links;
	struct own_list addresses, gone;
	bool quiet; /* what there is from the start is no news */
	bool paused;
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

static bool
is_link_local(const union address *a)
{
	if (a->any.sa_family == AF_INET)
		return ntohl(a->in.sin_addr.s_addr) >> 16 == 0xa9fe; /* RFC 3927: 169.254/16 */
	return IN6_IS_ADDR_LINKLOCAL(&a->in6.sin6_addr);
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

/* A link without an address of ours is somebody else's: a container's, a bridge's port. */
static bool
carries_us(const struct netwatch *w, const struct link *link)
{
	const struct own *own;

	SLIST_FOREACH(own, &w->addresses, next)
	if (own->index == link->index && !is_link_local(&own->address))
		return !link->loopback;
	return false;
}

static void
set_running(struct netwatch *w, struct link *link, bool running)
{
	if (link->running == running)
		return;
	link->running = running;
	if (carries_us(w, link))
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
	memcpy(link->name, m->name, sizeof(link->name));
	set_running(w, link, m->running);
}

/* --- addresses ------------------------------------------------------------------------------ */

static bool
same_host(const union address *a, const union address *b)
{
	if (a->any.sa_family != b->any.sa_family)
		return false;
	if (a->any.sa_family == AF_INET)
		return a->in.sin_addr.s_addr == b->in.sin_addr.s_addr;
	return IN6_ARE_ADDR_EQUAL(&a->in6.sin6_addr, &b->in6.sin6_addr);
}

/* On that link, or on any where the index is -1. */
static struct own *
find_own(const struct own_list *list, const union address *address, int index)
{
	struct own *own;

	SLIST_FOREACH(own, list, next)
	if (same_host(&own->address, address) && (index < 0 || own->index == index))
		return own;
	return NULL;
}

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
remove_own(struct netwatch *w, struct own *own)
{
	SLIST_REMOVE(&w->addresses, own, own, next);
	if (find_own(&w->addresses, &own->address, -1) != NULL) {
		free(own); /* another link has it */
		return;
	}
	SLIST_INSERT_HEAD(&w->gone, own, next);
	tell_address(w, UNREST_ADDRESS_GONE, &own->address);
}

static void
take_address(struct netwatch *w, const struct rtnl_message *m)
{
	struct own *own = find_own(&w->addresses, &m->address, m->index);
	struct own *back = find_own(&w->gone, &m->address, -1);
	bool known = find_own(&w->addresses, &m->address, -1) != NULL;

	if (m->gone) {
		if (own != NULL)
			remove_own(w, own);
		return;
	}
	if (own == NULL) {
		own = calloc(1, sizeof(*own));
		if (own == NULL)
			return;
		own->address = m->address;
		own->index = m->index;
		SLIST_INSERT_HEAD(&w->addresses, own, next);
	}
	own->seen = true;
	if (back != NULL) {
		SLIST_REMOVE(&w->gone, back, own, next);
		free(back);
	}
	if (!known && !is_link_local(&m->address)) /* every link has one of those */
		tell_address(w, UNREST_ADDRESS_ADDED, &m->address);
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
	struct own *own, *next_own;
	int r;

	SLIST_FOREACH(link, &w->links, next)
	link->seen = false;
	SLIST_FOREACH(own, &w->addresses, next)
	own->seen = false;
	r = read_all(w);
	if (r < 0)
		return r;
	for (link = SLIST_FIRST(&w->links); link != NULL; link = next_link) {
		next_link = SLIST_NEXT(link, next);
		if (!link->seen)
			remove_link(w, link);
	}
	for (own = SLIST_FIRST(&w->addresses); own != NULL; own = next_own) {
		next_own = SLIST_NEXT(own, next);
		if (!own->seen)
			remove_own(w, own);
	}
	return 0;
}

static void
on_wake(struct wake *wake, unsigned what)
{
	struct netwatch *w = container_of(wake, struct netwatch, wake);

	(void)what;
	if (w->paused) {
		w->paused = false;
		wake_arm(&w->wake, rtnl_fd(w->socket), WAKE_READ, -1);
		return;
	}
	if (rtnl_receive(w->socket, &w->reader) == -ENOBUFS) {
		read_anew(w);
		/* Routes may have been among what was lost. */
		tell(w, UNREST_ROUTE_ADDED, "more than could be told");
	}
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
	struct own *own;

	if (w == NULL)
		return;
	wake_clear(&w->wake);
	rtnl_close(w->socket);
	while ((link = SLIST_FIRST(&w->links)) != NULL) {
		SLIST_REMOVE_HEAD(&w->links, next);
		free(link);
	}
	while ((own = SLIST_FIRST(&w->addresses)) != NULL) {
		SLIST_REMOVE_HEAD(&w->addresses, next);
		free(own);
	}
	netwatch_forget_gone(w);
	free(w);
}

bool
netwatch_owns(const struct netwatch *w, const union address *address)
{
	return find_own(&w->addresses, address, -1) != NULL;
}

bool
netwatch_gone(const struct netwatch *w, const union address *address)
{
	return find_own(&w->gone, address, -1) != NULL;
}

void
netwatch_forget_gone(struct netwatch *w)
{
	struct own *own;

	while ((own = SLIST_FIRST(&w->gone)) != NULL) {
		SLIST_REMOVE_HEAD(&w->gone, next);
		free(own);
	}
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
