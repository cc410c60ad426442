/* SPDX-License-Identifier: ISC */
#include "daemon/clients.h"

#include <errno.h>
#include <poll.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "daemon/interface.h"
#include "daemon/query.h"
#include "net/clock.h"

/* Without descriptors nobody can be accepted, and waiting is all that can be done about it. */
#define EXHAUSTED_MS 1000

struct client {
	struct clients *clients;
	struct wake wake;
	struct varlink varlink;
	struct query query;
	TAILQ_ENTRY(client) entry, turn;
	int fd;
	int64_t taken_ms; /* when it last took something of what is there for it */
	bool in_turn;
	bool waiting; /* the query is */
	bool ended;   /* it sends nothing any more */
	bool leaving; /* dropped as soon as all is sent */
};

static void
drop(struct client *c)
{
	struct clients *clients = c->clients;

	if (c->in_turn)
		TAILQ_REMOVE(&clients->in_turn, c, turn);
	TAILQ_REMOVE(&clients->all, c, entry);
	clients->n--;
	query_clear(&c->query);
	varlink_clear(&c->varlink);
	wake_clear(&c->wake);
	close(c->fd);
	free(c);
}

/* Send what can be sent. False: the other end is gone. */
static bool
flush(struct client *c)
{
	const char *bytes;
	size_t size;
	ssize_t n;

	varlink_pending(&c->varlink, &size);
	if (size == 0)
		c->taken_ms = clock_now_ms();
	while (bytes = varlink_pending(&c->varlink, &size), size > 0) {
		n = send(c->fd, bytes, size, MSG_NOSIGNAL);
		if (n < 0)
			return errno == EAGAIN || errno == EINTR;
		varlink_sent(&c->varlink, (size_t)n);
		c->taken_ms = clock_now_ms();
	}
	return true;
}

/* Whether the other end takes no answer either: one that only has no more to ask does. */
static bool
has_hung_up(const struct client *c)
{
	struct pollfd poll_fd = {.fd = c->fd};

	return poll(&poll_fd, 1, 0) > 0 && (poll_fd.revents & (POLLHUP | POLLERR)) != 0;
}

/* False: the other end is gone. */
static bool
receive(struct client *c)
{
	size_t size;
	char *space;
	ssize_t n;

	while (!c->ended && (space = varlink_space(&c->varlink, &size)) != NULL) {
		n = recv(c->fd, space, size, 0);
		if (n < 0)
			return errno == EAGAIN || errno == EINTR;
		c->ended = n == 0;
		varlink_received(&c->varlink, (size_t)n);
	}
	return !c->ended || !has_hung_up(c);
}

static bool
is_busy(const struct client *c)
{
	return c->query.method != NULL;
}

static bool
wants_turn(struct client *c)
{
	if (c->leaving || !varlink_has_room(&c->varlink))
		return false;
	return is_busy(c) ? !c->waiting : varlink_has_call(&c->varlink);
}

static bool
is_done(struct client *c)
{
	size_t pending;

	if (c->varlink.failed)
		return true;
	varlink_pending(&c->varlink, &pending);
	if (pending > 0)
		return false;
	return c->leaving || (c->ended && !is_busy(c) && !varlink_has_call(&c->varlink));
}

static void
take_turn(struct client *c)
{
	struct clients *clients = c->clients;

	if (c->in_turn)
		return;
	c->in_turn = true;
	if (TAILQ_EMPTY(&clients->in_turn))
		wake_after(&clients->turn, 0);
	TAILQ_INSERT_TAIL(&clients->in_turn, c, turn);
}

/* How long it may go on taking nothing; -1: there is nothing to be taken. */
static int64_t
patience(const struct client *c)
{
	int64_t left_ms = c->taken_ms + CLIENTS_PATIENCE_MS - clock_now_ms();
	size_t pending;

	varlink_pending(&c->varlink, &pending);
	if (pending == 0)
		return -1;
	return left_ms > 0 ? left_ms : 0;
}

/* After anything has changed: send, and wait for what comes next. The client may be gone then. */
static void
settle(struct client *c)
{
	unsigned what = 0;
	size_t size;

	if (!flush(c) || is_done(c) || patience(c) == 0) {
		drop(c);
		return;
	}
	if (wants_turn(c))
		take_turn(c);
	/* Of one that has ended nothing is to come but that it hangs up: told by an edge, since its
	 * end would be told for ever. */
	if (c->ended)
		what |= WAKE_READ | WAKE_END | WAKE_EDGE;
	else if (varlink_space(&c->varlink, &size) != NULL)
		what |= WAKE_READ;
	if (patience(c) > 0)
		what |= WAKE_WRITE;
	/* Whoever there is no memory for would wait for nothing. */
	if (c->varlink.failed || wake_arm(&c->wake, what != 0 ? c->fd : -1, what, patience(c)) < 0)
		drop(c);
}

static void
on_client(struct wake *wake, unsigned what)
{
	struct client *c = container_of(wake, struct client, wake);
	bool had_ended = c->ended;

	if (what & (WAKE_READ | WAKE_END) && !receive(c))
		drop(c);
	else if (!had_ended || what & (WAKE_WRITE | WAKE_TIME))
		settle(c);
	/* Else it stays as it is: armed anew, its end would be told again. */
}

/* One piece of the answer to one call. */
static void
serve(struct client *c)
{
	struct varlink_call call;
	int r;

	if (is_busy(c)) {
		c->waiting = query_step(&c->query) == QUERY_WAITS;
		return;
	}
	r = varlink_next(&c->varlink, &call);
	if (r < 0)
		c->leaving = true;
	if (r <= 0)
		return;
	query_begin(&c->query, &call);
	varlink_call_clear(&call);
}

static void
on_turn(struct wake *wake, unsigned what)
{
	struct clients *clients = container_of(wake, struct clients, turn);
	struct client *c = TAILQ_FIRST(&clients->in_turn);

	(void)what;
	if (c == NULL)
		return;
	TAILQ_REMOVE(&clients->in_turn, c, turn);
	c->in_turn = false;
	if (!TAILQ_EMPTY(&clients->in_turn))
		wake_after(&clients->turn, 0);
	if (wants_turn(c))
		serve(c);
	settle(c);
}

static void
on_ready(struct query *query)
{
	struct client *c = container_of(query, struct client, query);

	c->waiting = false;
	if (wants_turn(c))
		take_turn(c);
}

void
clients_news(struct clients *clients)
{
	struct client *c;

	TAILQ_FOREACH (c, &clients->all, entry)
		if (c->waiting)
			on_ready(&c->query);
}

/* --- coming ----------------------------------------------------------------------------------- */

/* Somebody has to go for a new one: who is connected for nothing, and was so the longest. */
static bool
make_room(struct clients *clients)
{
	struct client *c;

	if (clients->n < CLIENTS_MAX)
		return true;
	TAILQ_FOREACH (c, &clients->all, entry)
		if (!is_busy(c) && !c->in_turn) {
			drop(c);
			return true;
		}
	return false;
}

static void
refuse(int fd)
{
	struct varlink varlink = {0};
	const char *bytes;
	size_t size;

	varlink_error(&varlink, INTERFACE_NAME ".TooManyClients", NULL);
	bytes = varlink_pending(&varlink, &size);
	/* There is room in a new socket, and nobody to tell if not. */
	if (size > 0 && send(fd, bytes, size, MSG_NOSIGNAL) < 0)
		errno = 0;
	varlink_clear(&varlink);
	close(fd);
}

static void
welcome(struct clients *clients, int fd)
{
	struct client *c = make_room(clients) ? calloc(1, sizeof(*c)) : NULL;

	if (c == NULL || wake_init(clients->service->loop, &c->wake, on_client) < 0) {
		free(c);
		refuse(fd);
		return;
	}
	control_identify(&clients->control, fd, &c->query.caller);
	c->clients = clients;
	c->fd = fd;
	c->query.service = clients->service;
	c->query.varlink = &c->varlink;
	c->query.ready = on_ready;
	TAILQ_INSERT_TAIL(&clients->all, c, entry);
	clients->n++;
	settle(c);
}

static void
on_listener(struct wake *wake, unsigned what)
{
	struct clients *clients = container_of(wake, struct clients, listener);
	int fd = control_accept(&clients->control);

	bool lacking = what & WAKE_TIME && wake_arm(wake, clients->control.fd, WAKE_READ, -1) < 0;

	if (fd >= 0)
		welcome(clients, fd);
	if (lacking || fd == -EMFILE || fd == -ENFILE || fd == -ENOMEM || fd == -ENOBUFS)
		wake_after(wake, EXHAUSTED_MS);
}

int
clients_init(struct clients *clients, struct service *service)
{
	int r;

	clients->service = service;
	clients->control.fd = -1;
	TAILQ_INIT(&clients->all);
	TAILQ_INIT(&clients->in_turn);
	r = wake_init(service->loop, &clients->listener, on_listener);
	return r == 0 ? wake_init(service->loop, &clients->turn, on_turn) : r;
}

int
clients_listen(struct clients *clients, const char *path, char *why, size_t size)
{
	int r;

	if (clients->control.fd >= 0 && strcmp(clients->control.path, path) == 0)
		return 0;
	wake_disarm(&clients->listener);
	control_close(&clients->control);
	r = control_open(path, &clients->control, why, size);
	if (r < 0)
		return r;
	r = wake_arm(&clients->listener, clients->control.fd, WAKE_READ, -1);
	if (r < 0) {
		snprintf(why, size, "%s", strerror(-r));
		control_close(&clients->control);
	}
	return r;
}

void
clients_clear(struct clients *clients)
{
	struct client *c;

	if (clients->service == NULL)
		return;
	while ((c = TAILQ_FIRST(&clients->all)) != NULL)
		drop(c);
	wake_clear(&clients->listener);
	wake_clear(&clients->turn);
	control_close(&clients->control);
}
