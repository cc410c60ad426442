/* SPDX-License-Identifier: ISC */
#include "daemon/forward_tune.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include "daemon/peer.h"
#include "daemon/tuner.h"
#include "net/sockopt.h"
#include "net/stall.h"

/* Towards clients, which are near: one that has vanished is noticed within 2 min. */
static const struct keepalive local_keepalive = {
    .idle_s = 60, .interval_s = 10, .count = 6, .user_timeout_ms = 120000};

/* Small writes are not held back: both ends have been through that with their own. False: it is no
 * TCP socket. */
static bool
send_at_once(int fd)
{
	const int on = 1;

	return setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on)) == 0;
}

static void
set_limit(struct relay_leg *leg, int user_timeout_ms)
{
	leg->user_timeout_ms = user_timeout_ms;
	leg->lifted = false;
}

/* A socket that is accepted is a copy of the one that listens (inet_csk_clone_lock() in
 * net/ipv4/inet_connection_sock.c), and its keepalive timer runs from the start
 * (tcp_create_openreq_child() in net/ipv4/tcp_minisocks.c). */
bool
forward_tune_listener(int fd)
{
	struct sockopt_refusal refusal;

	return send_at_once(fd) && sockopt_keepalive(fd, &local_keepalive, &refusal) == 0;
}

void
forward_tune_client(struct forward_client *c, bool has)
{
	struct relay_leg *leg = &c->relay.legs[RELAY_CLIENT];
	struct sockopt_refusal refusal;

	if (!has && !send_at_once(leg->fd))
		return;
	if (!has)
		(void)sockopt_keepalive(leg->fd, &local_keepalive, &refusal);
	set_limit(leg, local_keepalive.user_timeout_ms);
}

void
forward_tune_peer(struct forward_client *c, bool keepalive)
{
	struct relay_leg *leg = &c->relay.legs[RELAY_PEER];
	const struct keepalive values =
	    tuner_values(c->forward->peer, (uint16_t)(c->relay.life * 40503u));
	struct sockopt_refusal refusal;

	if (!send_at_once(leg->fd))
		return;
	if (keepalive)
		(void)sockopt_keepalive(leg->fd, &values, &refusal);
	c->bare = c->bare && !keepalive;
	set_limit(leg, values.user_timeout_ms);
}

void
forward_retune(struct forward *f)
{
	struct forward_client *c;

	TAILQ_FOREACH (c, &f->carried, link) {
		forward_tune_peer(c, true);
		stall_settle(&c->relay);
	}
}
