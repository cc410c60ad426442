/* SPDX-License-Identifier: ISC */
#include "simnet.h"

#include <assert.h>
#include <errno.h>
#include <netdb.h>
#include <stdlib.h>
#include <string.h>

#include "simattempt.h"

static struct simnet *
sim_of(const struct conn *conn)
{
	return container_of(conn->net, struct simnet, net);
}

void
simattempt_tell(struct attempt *a, int64_t delay_ms, enum conn_event what, int error)
{
	struct simnet *sim = sim_of(a->conn);

	a->next = (struct conn_news){.what = what, .error = error};
	a->news = simheap_add(&sim->heap, a, sim->now_ms + delay_ms);
}

/* The conn's own bookkeeping is true before the daemon hears of it. */
static void
deliver(struct simnet *sim, struct attempt *a)
{
	struct conn_news news = a->next;

	a->news = 0;
	if (news.what == CONN_CONNECTED) {
		a->host->in_flight--;
		a->host->held++;
		a->held = true;
		a->forgotten = false;
		simtalk_begin(a, sim->now_ms);
		a->since_ms = a->entry_ms = sim->now_ms;
		a->keep = (struct simkeep){0};
		a->conn->fd = (int)a->index + 1000;
		a->conn->remote.in.sin_family = AF_INET;
		a->conn->remote.in.sin_port = (in_port_t)(1 + (a->host - sim->hosts));
	}
	if (news.what == CONN_PROBED)
		a->talk.heard_ms = sim->now_ms;
	if (news.what == CONN_LOST) {
		a->host->held--;
		a->held = false;
	}
	sim->net.on_news(a->conn, &news);
}

bool
simnet_step(struct simnet *sim, int64_t until_ms)
{
	const struct conn_news timer = {.what = CONN_TIMER};

	while (simheap_due(&sim->heap, until_ms)) {
		struct simevent event = simheap_take(&sim->heap);
		struct attempt *a = event.what;

		if (event.at_ms > sim->now_ms)
			sim->now_ms = event.at_ms;
		if (a->conn == NULL) /* cleared meanwhile */
			continue;
		sim->last = a->conn;
		if (event.id == a->timer) {
			a->timer = 0;
			sim->net.on_news(a->conn, &timer);
			return true;
		}
		if (event.id == a->keep.event) {
			sim->last = NULL;
			simkeep_event(sim, a);
			return true;
		}
		if (event.id == a->talk.event) {
			simattempt_read(sim, a, simtalk_event(sim, a));
			return true;
		}
		if (event.id == a->news) {
			deliver(sim, a);
			return true;
		}
	}
	sim->now_ms = until_ms;
	sim->last = NULL;
	return false;
}

static int64_t
sim_now_ms(struct net *net)
{
	return container_of(net, struct simnet, net)->now_ms;
}

static int64_t
sim_asleep_ms(struct net *net)
{
	return container_of(net, struct simnet, net)->asleep_ms;
}

static uint32_t
sim_random(struct net *net)
{
	return simnet_random(container_of(net, struct simnet, net));
}

static int
sim_open(struct net *net, struct conn *conn)
{
	struct simnet *sim = container_of(net, struct simnet, net);
	struct attempt *a;

	if (sim->no_memory)
		return -ENOMEM;
	a = calloc(1, sizeof(*a));
	assert(a != NULL);
	a->conn = conn;
	a->index = sim->n_all;
	if (sim->n_all == sim->room) {
		sim->room = sim->room * 2 + 64;
		sim->all = reallocarray(sim->all, sim->room, sizeof(struct attempt *));
		assert(sim->all != NULL);
	}
	sim->all[sim->n_all++] = a;
	sim->conns++;
	conn->net = net;
	conn->attempt = a;
	return 0;
}

static void
sim_timer(struct conn *conn, int64_t delay_ms)
{
	struct simnet *sim = sim_of(conn);
	struct attempt *a = conn->attempt;

	a->timer = delay_ms < 0 ? 0 : simheap_add(&sim->heap, a, sim->now_ms + delay_ms);
}

static int
sim_resolve(struct conn *conn, const struct target *target)
{
	struct simnet *sim = sim_of(conn);
	struct attempt *a = conn->attempt;

	assert(a->news == 0 && !a->held);
	a->host = NULL;
	for (unsigned i = 0; i < sim->n_hosts; i++)
		if (strcmp(sim->hosts[i].name, target->host) == 0)
			a->host = &sim->hosts[i];
	assert(a->host != NULL);
	/* Literals answer at once, names in a while or never: by turns, whatever the host. */
	switch (sim->prompt ? 0 : simnet_random(sim) % 3) {
	case 0:
		if (a->host->mode != SIMHOST_UNKNOWN)
			return 1;
		__attribute__((fallthrough));
	case 1:
		if (a->host->mode == SIMHOST_UNKNOWN)
			simattempt_tell(a, 20, CONN_FAILED, EAI_NONAME);
		else
			simattempt_tell(a, 5, CONN_RESOLVED, 0);
		return 0;
	default:
		if (a->host->mode != SIMHOST_UNKNOWN)
			simattempt_tell(a, 1, CONN_RESOLVED, 0);
		return 0; /* the resolver hangs */
	}
}

static int
sim_connect(struct conn *conn, const struct target *target, struct conn_news *ret_failed)
{
	struct simnet *sim = sim_of(conn);
	struct attempt *a = conn->attempt;
	struct simhost *host = a->host;

	(void)target;
	assert(a->news == 0 && !a->held && !a->socket);
	if (sim->sockets >= sim->max_sockets) {
		*ret_failed =
		    (struct conn_news){.what = CONN_FAILED, .error = EMFILE, .local = true};
		return -EMFILE;
	}
	sim->sockets++;
	a->socket = true;
	host->connects++;
	if (++host->in_flight > host->most_in_flight)
		host->most_in_flight = host->in_flight;
	if (host->mode == SIMHOST_REFUSES)
		simattempt_tell(a, host->rtt_ms, CONN_FAILED, ECONNREFUSED);
	else if (host->mode == SIMHOST_TAKES || host->mode == SIMHOST_DROPS)
		simattempt_tell(a, host->rtt_ms, CONN_CONNECTED, 0);
	return 0;
}

static int
sim_hold(struct conn *conn, struct tcp_facts *ret)
{
	struct attempt *a = conn->attempt;

	assert(a->held);
	if (a->host->mode == SIMHOST_DROPS)
		simattempt_tell(a, a->host->rtt_ms, CONN_LOST, 0);
	a->timer = 0;
	*ret = (struct tcp_facts){.rtt_us = a->host->rtt_ms * 1000, .connected = true};
	return 0;
}

static int
sim_tune(struct conn *conn, const struct keepalive *keepalive, struct sockopt_refusal *ret)
{
	(void)ret;
	assert(conn->attempt->held);
	assert(keepalive->interval_s <= keepalive->idle_s);
	simkeep_tune(sim_of(conn), conn->attempt, keepalive);
	return 0;
}

/* Without an answer the session ends as the plan says. */
static int
sim_probe(struct conn *conn, const struct keepalive *keepalive)
{
	struct attempt *a = conn->attempt;
	bool answers = a->host->mode != SIMHOST_SILENT && !a->forgotten;
	int64_t until_ms = (int64_t)keepalive->interval_s * keepalive->count * 1000;

	assert(a->held);
	sim_of(conn)->probes++;
	if (a->host->late)
		simkeep_demand(sim_of(conn), a, keepalive);
	else if (a->forgotten && a->host->forgets_ms > 0)
		simattempt_tell(a, a->host->rtt_ms, CONN_LOST, ECONNRESET);
	else if (a->news == 0 || a->next.what != CONN_LOST)
		simattempt_tell(a, answers ? a->host->rtt_ms : until_ms,
		    answers ? CONN_PROBED : CONN_LOST, answers ? 0 : ETIMEDOUT);
	return 0;
}

/* Who is to die has had probes that were not answered. */
static int
sim_facts(struct conn *conn, struct tcp_facts *ret)
{
	const struct attempt *a = conn->attempt;

	if (conn->fd < 0)
		return -EBADF;
	*ret = (struct tcp_facts){.rtt_us = a->host->rtt_ms * 1000};
	if (a->host->late)
		ret->probes = a->keep.probes;
	else if (a->next.what == CONN_LOST)
		ret->probes = a->host->forgets_ms > 0 ? 1 : 3;
	simtalk_facts(a, sim_of(conn)->now_ms, ret);
	return 0;
}

static int
sim_send(struct conn *conn, const char *data, size_t len)
{
	struct attempt *a = conn->attempt;

	(void)data;
	assert(a->held);
	simtalk_send(sim_of(conn), a);
	return (int)len;
}

/* Nothing waits to be read: it is delivered when it comes. */
static void
sim_read(struct conn *conn)
{
	assert(conn->attempt->held);
}

/* The one end of a simulated session that can be told: its host, by the port. */
static void
sim_adopt(struct conn *conn, const struct conn_socket *socket)
{
	struct attempt *a = conn->attempt;

	assert(a->news == 0 && !a->held && !a->socket);
	a->host = &sim_of(conn)->hosts[socket->remote.in.sin_port];
	a->host->held++;
	a->held = a->socket = true;
	a->forgotten = false;
	simtalk_begin(a, sim_of(conn)->now_ms - socket->facts.quiet_ms);
	a->since_ms = a->entry_ms = a->talk.heard_ms;
	a->keep = (struct simkeep){0};
	sim_of(conn)->sockets++;
	conn->fd = socket->fd;
	conn->remote = socket->remote;
	conn->local = socket->local;
}

static void
sim_leave(struct conn *conn)
{
	struct attempt *a = conn->attempt;

	if (!a->held)
		return;
	sim_of(conn)->sockets--;
	a->news = a->talk.event = a->keep.event = 0;
	a->held = a->socket = false;
	conn->fd = -1;
}

static bool
sim_sound(struct conn *conn)
{
	return conn->attempt->held && conn->attempt->news == 0;
}

static int
sim_give(struct conn *conn)
{
	int fd = conn->fd;

	sim_leave(conn);
	return fd;
}

static void
sim_drop(struct conn *conn)
{
	struct attempt *a = conn->attempt;

	if (a->socket) {
		sim_of(conn)->sockets--;
		if (a->held)
			a->host->held--;
		else if (conn->fd < 0)
			a->host->in_flight--;
	}
	a->news = a->timer = a->talk.event = a->keep.event = 0;
	a->held = a->socket = false;
	conn->fd = -1;
}

static void
sim_clear(struct conn *conn)
{
	sim_drop(conn);
	conn->attempt->conn = NULL; /* freed with the simulation: events may still name it */
	sim_of(conn)->conns--;
}

const struct session_ops simnet_ops = {
    .now_ms = sim_now_ms,
    .asleep_ms = sim_asleep_ms,
    .random = sim_random,
    .open = sim_open,
    .clear = sim_clear,
    .timer = sim_timer,
    .resolve = sim_resolve,
    .connect = sim_connect,
    .adopt = sim_adopt,
    .hold = sim_hold,
    .tune = sim_tune,
    .probe = sim_probe,
    .facts = sim_facts,
    .send = sim_send,
    .read = sim_read,
    .drop = sim_drop,
    .leave = sim_leave,
    .sound = sim_sound,
    .give = sim_give,
};

void
simnet_init(struct simnet *sim, struct simhost *hosts, unsigned n_hosts, uint64_t seed)
{
	*sim = (struct simnet){
	    .hosts = hosts, .n_hosts = n_hosts, .seed = seed, .max_sockets = UINT32_MAX};
}

void
simnet_clear(struct simnet *sim)
{
	for (unsigned i = 0; i < sim->n_all; i++)
		free(sim->all[i]);
	free(sim->all);
	simheap_clear(&sim->heap);
}
