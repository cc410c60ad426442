/* SPDX-License-Identifier: ISC */
#include "net/conn.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <unistd.h>

#include "net/clock.h"
#include "net/connect.h"
#include "net/intake.h"
#include "net/resolve.h"

/* After data a socket is left alone for so long: see net/intake.h. */
#define DISCARD_PAUSE_MS 100

/* From the first question to the resolver until the session is held. */
struct attempt {
	struct resolve_query query;
	struct conn *conn;
	struct addresses *addresses;
	struct race race;
	struct tcp_facts facts; /* of the winner */
};

/* A probe on demand, from the demand until the answer. */
struct probing {
	struct probe probe;
	struct conn *conn;
};

static void
tell(struct conn *conn, enum conn_event what, int error, bool local)
{
	const struct conn_news news = {.what = what, .error = error, .local = local};

	conn->net->on_news(conn, &news);
}

/* An edge only, where nobody reads: else what lies there would wake us for ever. */
static int
watch(struct conn *conn)
{
	return wake_arm(
	    &conn->wake, conn->fd, conn->saving ? WAKE_READ | WAKE_END | WAKE_EDGE : WAKE_READ, -1);
}

static void
on_wake(struct wake *wake, unsigned what)
{
	struct conn *conn = container_of(wake, struct conn, wake);
	int error = 0, more;

	if (conn->fd < 0) {
		tell(conn, CONN_TIMER, 0, false);
		return;
	}
	more = conn->saving && !conn->listening ? intake_look(conn, what, &error)
						: intake_take(conn, &error);
	if (more < 0) {
		wake_disarm(wake);
		tell(conn, CONN_LOST, error, false);
	} else if (more > 0) {
		wake_after(wake, DISCARD_PAUSE_MS);
	} else if (what & WAKE_TIME) {
		if (watch(conn) < 0)
			wake_after(wake, DISCARD_PAUSE_MS);
	}
}

static void
forget_attempt(struct conn *conn)
{
	struct attempt *attempt = conn->attempt;

	if (attempt == NULL)
		return;
	conn->attempt = NULL;
	resolve_cancel(&attempt->query);
	race_clear(&attempt->race);
	addresses_unref(attempt->addresses);
	free(attempt);
}

static void
on_answer(struct resolve_query *query, struct addresses *addresses, int gai_error)
{
	struct attempt *attempt = container_of(query, struct attempt, query);

	if (addresses == NULL || addresses->n == 0) {
		tell(attempt->conn, CONN_FAILED, gai_error, false);
		return;
	}
	attempt->addresses = addresses_ref(addresses);
	tell(attempt->conn, CONN_RESOLVED, 0, false);
}

static void
take_winner(struct conn *conn, const struct race_end *end)
{
	conn->fd = end->fd;
	conn->local = end->local;
	conn->remote = end->remote;
	conn->attempt->facts = end->facts;
}

static void
on_race_end(struct race *race, const struct race_end *end)
{
	struct attempt *attempt = container_of(race, struct attempt, race);
	struct conn *conn = attempt->conn;

	if (end->fd < 0) {
		tell(conn, CONN_FAILED, end->error, end->local_trouble);
		return;
	}
	take_winner(conn, end);
	tell(conn, CONN_CONNECTED, 0, false);
}

static int64_t
live_now_ms(struct net *net)
{
	(void)net;
	return clock_now_ms();
}

static int64_t
live_asleep_ms(struct net *net)
{
	(void)net;
	return clock_asleep_ms();
}

static uint32_t
live_random(struct net *net)
{
	(void)net;
	return clock_random();
}

static int
live_open(struct net *net, struct conn *conn)
{
	conn->net = net;
	return wake_init(net->loop, &conn->wake, on_wake);
}

static void
live_timer(struct conn *conn, int64_t delay_ms)
{
	if (delay_ms < 0)
		wake_disarm(&conn->wake);
	else
		wake_after(&conn->wake, delay_ms);
}

static int
live_resolve(struct conn *conn, const struct target *target)
{
	struct attempt *attempt = calloc(1, sizeof(*attempt));
	int r;

	if (attempt == NULL)
		return -ENOMEM;
	attempt->conn = conn;
	attempt->query.fn = on_answer;
	conn->attempt = attempt;
	r = resolve_start(
	    conn->net->resolver, &attempt->query, target->host, target->port, &attempt->addresses);
	if (r < 0)
		forget_attempt(conn);
	return r;
}

static int
live_connect(struct conn *conn, const struct target *target, struct conn_news *ret_failed)
{
	struct attempt *attempt = conn->attempt;
	struct race_end end;
	int r;

	attempt->race.loop = conn->net->loop;
	attempt->race.addresses = attempt->addresses;
	attempt->race.fd_limit = conn->net->fd_limit;
	attempt->race.target = target;
	attempt->race.fn = on_race_end;
	r = race_start(&attempt->race, &end);
	if (r == 0)
		return 0;
	if (r == 1 && end.fd >= 0) {
		take_winner(conn, &end);
		return 1;
	}
	*ret_failed =
	    r < 0 ? (struct conn_news){.what = CONN_FAILED, .error = -r, .local = true}
		  : (struct conn_news){
			.what = CONN_FAILED, .error = end.error, .local = end.local_trouble};
	return -ret_failed->error;
}

static void
live_adopt(struct conn *conn, const struct conn_socket *socket)
{
	conn->fd = socket->fd;
	conn->local = socket->local;
	conn->remote = socket->remote;
}

static int
live_hold(struct conn *conn, struct tcp_facts *ret)
{
	int r = conn->passing ? 0 : watch(conn);

	*ret = conn->attempt != NULL ? conn->attempt->facts : (struct tcp_facts){.rtt_us = -1};
	forget_attempt(conn);
	return r;
}

static int
live_tune(struct conn *conn, const struct keepalive *keepalive, struct sockopt_refusal *ret_refusal)
{
	return sockopt_keepalive(conn->fd, keepalive, ret_refusal);
}

static void
forget_probing(struct conn *conn)
{
	if (conn->probing == NULL)
		return;
	prober_stop(&conn->probing->probe);
	free(conn->probing);
	conn->probing = NULL;
}

static void
on_answered(struct probe *probe, int64_t answer_ms)
{
	const struct conn_news news = {.what = CONN_PROBED, .answer_ms = answer_ms};
	struct conn *conn = container_of(probe, struct probing, probe)->conn;

	forget_probing(conn);
	conn->net->on_news(conn, &news);
}

static int
live_probe(struct conn *conn, const struct keepalive *keepalive)
{
	struct probing *probing = conn->probing;

	if (conn->fd < 0)
		return -EBADF;
	if (probing == NULL)
		probing = conn->probing = calloc(1, sizeof(*probing));
	if (probing == NULL)
		return -ENOMEM;
	probing->conn = conn;
	probing->probe.fd = conn->fd;
	probing->probe.keepalive = *keepalive;
	probing->probe.answered = on_answered;
	prober_start(&conn->net->prober, &probing->probe);
	return 0;
}

static int
live_facts(struct conn *conn, struct tcp_facts *ret)
{
	return conn->fd < 0 ? -EBADF : tcpinfo_read(conn->fd, ret);
}

static int
live_send(struct conn *conn, const char *data, size_t len)
{
	ssize_t n = send(conn->fd, data, len, MSG_DONTWAIT | MSG_NOSIGNAL);

	if (n < 0 && (errno == EAGAIN || errno == EINTR || errno == ENOBUFS || errno == ENOMEM))
		return 0;
	return n < 0 ? -errno : (int)n;
}

static void
live_read(struct conn *conn)
{
	if (conn->fd >= 0)
		on_wake(&conn->wake, WAKE_READ);
}

static void
live_drop(struct conn *conn)
{
	int error;

	forget_attempt(conn);
	forget_probing(conn);
	wake_disarm(&conn->wake);
	if (conn->fd < 0)
		return;
	/* Unread data would turn the close into a reset (RFC 2525 section 2.17), and the peer is to
	 * see a FIN. */
	conn->listening = false;
	intake_take(conn, &error);
	/* The service manager may have a duplicate, so that close() alone ends nothing. Of both
	 * directions: what still comes is then met by a reset, as it is by a closed socket. */
	shutdown(conn->fd, SHUT_RDWR);
	close(conn->fd);
	conn->fd = -1;
}

static void
live_leave(struct conn *conn)
{
	forget_probing(conn);
	wake_disarm(&conn->wake);
	if (conn->fd >= 0)
		close(conn->fd);
	conn->fd = -1;
}

static bool
live_sound(struct conn *conn)
{
	struct pollfd end = {.fd = conn->fd, .events = POLLRDHUP};

	return conn->fd >= 0 && poll(&end, 1, 0) == 0;
}

static int
live_give(struct conn *conn)
{
	int fd = conn->fd;

	forget_probing(conn);
	wake_disarm(&conn->wake);
	conn->fd = -1;
	return fd;
}

static void
live_clear(struct conn *conn)
{
	live_drop(conn);
	wake_clear(&conn->wake);
}

int
net_open(struct net *net, struct loop *loop)
{
	int r;

	net->loop = loop;
	r = resolver_new(loop, &net->resolver);
	return r == 0 ? prober_init(&net->prober, loop) : r;
}

void
net_close(struct net *net)
{
	prober_clear(&net->prober);
	resolver_free(net->resolver);
	net->resolver = NULL;
}

const struct session_ops net_ops = {
    .now_ms = live_now_ms,
    .asleep_ms = live_asleep_ms,
    .random = live_random,
    .open = live_open,
    .clear = live_clear,
    .timer = live_timer,
    .resolve = live_resolve,
    .connect = live_connect,
    .adopt = live_adopt,
    .hold = live_hold,
    .tune = live_tune,
    .probe = live_probe,
    .facts = live_facts,
    .send = live_send,
    .read = live_read,
    .drop = live_drop,
    .leave = live_leave,
    .sound = live_sound,
    .give = live_give,
};
