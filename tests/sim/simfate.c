/* SPDX-License-Identifier: ISC */

/* What befalls the conns of a simulated network, and what they have. */

#include "simnet.h"

#include <errno.h>
#include <string.h>

#include "simattempt.h"

/* splitmix64: small, and good enough for a test. */
uint32_t
simnet_random(struct simnet *sim)
{
	uint64_t z = sim->seed += 0x9e3779b97f4a7c15u;

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
	return (uint32_t)((z ^ (z >> 31)) >> 32);
}

void
simnet_kill(struct simnet *sim, const struct simhost *host, int error, uint32_t spread_ms)
{
	for (unsigned i = 0; i < sim->n_all; i++) {
		struct attempt *a = sim->all[i];

		if (a->conn != NULL && a->held && a->host == host && a->news == 0)
			simattempt_tell(a, spread_ms > 0 ? simnet_random(sim) % spread_ms : 0,
			    CONN_LOST, error);
	}
}

void
simnet_forget(struct simnet *sim, const struct simhost *host, unsigned one_in)
{
	for (unsigned i = 0; i < sim->n_all; i++) {
		struct attempt *a = sim->all[i];

		if (a->conn != NULL && a->held && a->host == host && i % one_in == 0)
			a->forgotten = true;
	}
}

void
simnet_talk(struct simnet *sim, const struct simhost *host)
{
	for (unsigned i = 0; i < sim->n_all; i++) {
		struct attempt *a = sim->all[i];

		if (a->conn != NULL && a->held && a->host == host)
			a->talk.data_ms = a->talk.heard_ms = sim->now_ms;
	}
}

void
simnet_say(struct simnet *sim, const struct simhost *host, const char *data)
{
	for (unsigned i = 0; i < sim->n_all; i++) {
		struct attempt *a = sim->all[i];

		if (a->conn != NULL && a->held && a->host == host)
			simattempt_read(sim, a, simtalk_hear(sim, a, data));
	}
}

bool
simattempt_ends(const struct attempt *a)
{
	return a->news != 0 && a->next.what == CONN_LOST;
}

void
simattempt_give_up(struct simnet *sim, struct attempt *a)
{
	if (sim->watch != NULL)
		sim->watch->gave_up(sim, a->conn);
	simattempt_tell(a, 0, CONN_LOST, ETIMEDOUT);
}

/* Unread data is nobody's business: the kernel's facts tell of it. */
void
simattempt_read(struct simnet *sim, struct attempt *a, const char *data)
{
	if (data != NULL && a->conn->listening)
		sim->net.on_data(a->conn, data, strlen(data));
}

bool
simnet_has_timer(const struct conn *conn)
{
	return conn->attempt->timer != 0;
}

bool
simnet_is_pending(const struct conn *conn)
{
	return conn->attempt->socket && !conn->attempt->held;
}

bool
simnet_is_held(const struct conn *conn)
{
	return conn->attempt->held;
}
