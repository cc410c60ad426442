/* SPDX-License-Identifier: ISC */
#include "daemon/forward_keep.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "daemon/forward_client.h"
#include "daemon/forward_tune.h"
#include "daemon/guard.h"
#include "daemon/keep.h"
#include "daemon/peer.h"

/* Most connections of most programs are over sooner, and would cost shelves for nothing. */
#define YOUNG_MS 1000

/* Clients that are parked in one go: some 2 ms. */
#define SLICE 64

/* --- pipes ------------------------------------------------------------------------------------ */

static struct forwards *
forwards_of(struct pipes *pipes)
{
	return container_of(pipes, struct forwards, relays.pipes);
}

/* Its reading end is enough to take out what is in it; the next daemon makes pipes of its own. */
static void
on_pipe_made(struct pipes *pipes, struct pipe *pipe)
{
	struct keep *keep = forwards_of(pipes)->keep;
	struct parktable_entry e = stow_entry(PARKTABLE_PIPE, NULL);
	struct stowed stowed = {0};
	volatile uint64_t *owner;

	pipe->slot = 0;
	pipe->life = 0;
	pipe->exposed = keep->table != NULL;
	e.life = ++keep->life;
	if (stow_claim(keep, &stowed, &e) < 0)
		return;
	owner = stow_owner(keep, stowed.slot);
	if (owner == NULL || stow_put(keep, &stowed, pipe->read_fd) < 0) {
		stow_remove(keep, &stowed);
		return;
	}
	pipe->exposed = false;
	pipe->owner = owner;
	pipe->slot = stowed.slot;
	pipe->life = stowed.life;
}

static void
on_pipe_gone(struct pipes *pipes, struct pipe *pipe)
{
	struct stowed stowed = {.life = pipe->life, .slot = pipe->slot};

	stow_remove(forwards_of(pipes)->keep, &stowed);
}

/* A connection that is cut off can be made again, one with a hole in it is believed. */
static void
on_exposed(struct relay *relay)
{
	struct forward_client *c = container_of(relay, struct forward_client, relay);

	if (c->bare)
		forward_tune_peer(c, true);
	forward_keep_end(c);
}

/* --- clients ---------------------------------------------------------------------------------- */

static void
write_addresses(struct parktable_entry *e, int fd)
{
	union address local = {0}, remote = {0};
	socklen_t len = sizeof(local);

	/* A unix socket's would be longer, and have no place. */
	if (getsockname(fd, &local.any, &len) == 0 && local.any.sa_family != AF_UNIX)
		memcpy(e->local, &local, sizeof(local));
	len = sizeof(remote);
	if (getpeername(fd, &remote.any, &len) == 0 && remote.any.sa_family != AF_UNIX)
		memcpy(e->remote, &remote, sizeof(remote));
}

/* Both sockets have one entry, which is there before either is parked: so what is found alone was
 * never whole. One that waits has no partner; one that did so when the daemon before this one ended
 * has its entry. */
static int
claim(struct forward_client *c, uint64_t partner)
{
	struct keep *keep = c->forward->all->keep;
	struct parktable_entry e = stow_entry(PARKTABLE_CLIENT, c->forward->peer);
	bool known = c->stowed.life != 0;
	int r = 0;

	e.life = c->relay.life;
	e.partner = partner;
	e.since_ms = c->since_ms;
	write_addresses(&e, c->relay.legs[RELAY_CLIENT].fd);
	if (known)
		stow_write(keep, &c->stowed, &e);
	else
		r = stow_claim(keep, &c->stowed, &e);
	return r == 0 && !known ? stow_put(keep, &c->stowed, c->relay.legs[RELAY_CLIENT].fd) : r;
}

static void
park(struct forward_client *c)
{
	struct keep *keep = c->forward->all->keep;
	uint64_t partner = c->carried ? ++keep->life : 0;
	int r;

	c->relay.shared = true;
	r = claim(c, partner);

	if (r == 0 && c->carried)
		r = stow_put_second(keep, &c->stowed, partner, c->relay.legs[RELAY_PEER].fd);
	if (r < 0)
		forward_keep_end(c);
}

static void
grown_up(struct forward_client *c)
{
	TAILQ_REMOVE(&c->forward->all->young, c, young);
	c->is_young = false;
}

/* It lasts. */
static void
settle(struct forward_client *c)
{
	if (c->bare)
		forward_tune_peer(c, true);
	if (c->forward->all->keep->table != NULL)
		park(c);
}

static void
on_settle(struct wake *wake, unsigned what)
{
	struct forwards *all = container_of(wake, struct forwards, settle);
	int64_t now_ms = guard_now_ms(all->guard), wait_ms;
	struct forward_client *c;

	(void)what;
	for (unsigned n = 0; (c = TAILQ_FIRST(&all->young)) != NULL; n++) {
		wait_ms = n < SLICE ? c->since_ms + YOUNG_MS - now_ms : 0;
		if (n == SLICE || wait_ms > 0) {
			wake_after(&all->settle, wait_ms);
			return;
		}
		grown_up(c);
		settle(c);
	}
}

void
forward_keep(struct forward_client *c)
{
	struct forwards *all = c->forward->all;

	/* One that is known to wait does so no longer, and before anything is moved. */
	if (c->stowed.life != 0) {
		settle(c);
		return;
	}
	TAILQ_INSERT_TAIL(&all->young, c, young);
	c->is_young = true;
	if (!wake_armed(&all->settle))
		wake_after(&all->settle, YOUNG_MS);
}

void
forward_keep_end(struct forward_client *c)
{
	if (c->is_young)
		grown_up(c);
	stow_remove(c->forward->all->keep, &c->stowed);
}

void
forward_keep_ear(struct ear *ear)
{
	struct forward *f = ear->forward;
	struct parktable_entry e = stow_entry(PARKTABLE_LISTENER, f->peer);

	e.life = ++f->all->keep->life;
	if (stow_claim(f->all->keep, &ear->stowed, &e) == 0 &&
	    stow_put(f->all->keep, &ear->stowed, ear->fd) < 0)
		stow_remove(f->all->keep, &ear->stowed);
}

static bool
is_exposed(const struct relay *relay)
{
	bool exposed = false;

	for (int side = 0; side < RELAY_SIDES; side++)
		exposed |= relay->flows[side].pipe != NULL && relay->flows[side].pipe->exposed;
	return exposed;
}

/* The young go on as well, since there is time; who cannot is closed as at any end. */
static void
leave_all(struct forward *f, struct forward_clients *clients)
{
	struct forward_client *c, *next;

	for (c = TAILQ_FIRST(clients); c != NULL; c = next) {
		next = TAILQ_NEXT(c, link);
		if (c->is_young)
			grown_up(c);
		if (c->stowed.life == 0 && !is_exposed(&c->relay))
			park(c);
		if (c->stowed.life == 0)
			continue;
		TAILQ_REMOVE(clients, c, link);
		relay_leave(&c->relay);
		f->counts.waiting -= !c->carried;
		f->counts.clients--;
		f->all->n_clients--;
		free(c);
	}
}

void
forward_keep_leave(struct forward *f)
{
	/* What is in the pipes is the next daemon's. */
	f->all->relays.pipes.leaving = true;
	leave_all(f, &f->carried);
	leave_all(f, &f->waiting);
}

int
forwards_keep_init(struct forwards *all)
{
	TAILQ_INIT(&all->young);
	all->relays.pipes.made = on_pipe_made;
	all->relays.pipes.gone = on_pipe_gone;
	all->relays.exposed = on_exposed;
	return wake_init(all->loop, &all->settle, on_settle);
}
