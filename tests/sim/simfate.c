/* SPDX-License-Identifier: ISC */

/* What befalls the conns of a simulated network, and what they have. */

#include "simnet.h"

#include "simattempt.h"

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
