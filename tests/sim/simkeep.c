/* SPDX-License-Identifier: ISC */

/* The kernel's keepalive: tcp_keepalive_timer() in net/ipv4/tcp_timer.c. */

#include <errno.h>

#include "policy/plan.h"
#include "simattempt.h"

/* A timer is late by up to as much as its wheel is coarse; every fourth as late as can be. */
static int64_t
lateness(struct simnet *sim, const struct attempt *a, int64_t delay_ms)
{
	int64_t most_ms = a->host->late ? plan_timer_lateness_ms(delay_ms) : 0;
	uint32_t random = most_ms > 0 ? simnet_random(sim) : 0;

	return most_ms == 0 || random % 4 == 0 ? most_ms : random % (uint32_t)most_ms;
}

static int64_t
fires_after(struct simnet *sim, const struct attempt *a, int64_t delay_ms)
{
	return delay_ms + lateness(sim, a, delay_ms);
}

static void
rest(struct simnet *sim, struct attempt *a, int64_t delay_ms)
{
	a->keep.event = simheap_add(&sim->heap, a, sim->now_ms + delay_ms);
}

static int64_t
idle_of(const struct attempt *a)
{
	return 1000 * (int64_t)a->keep.values.idle_s;
}

void
simkeep_heard(struct simnet *sim, struct attempt *a)
{
	a->keep.probes = a->keep.by_chance = 0;
	a->keep.mute = false;
	a->talk.heard_ms = sim->now_ms;
	if (a->keep.demanded && !simattempt_ends(a))
		simattempt_tell(a, a->host->rtt_ms, CONN_PROBED, 0);
	a->keep.demanded = false;
}

/* Answered: the timer runs for an interval all the same, and then for what is left of the idle
 * time; here it is one event. */
static void
begin_anew(struct simnet *sim, struct attempt *a)
{
	int64_t idle_ms = idle_of(a);
	int64_t delay_ms = fires_after(sim, a, 1000 * (int64_t)a->keep.values.interval_s);

	simkeep_heard(sim, a);
	if (delay_ms < idle_ms)
		delay_ms += fires_after(sim, a, idle_ms - delay_ms);
	rest(sim, a, delay_ms);
}

static void
probe(struct simnet *sim, struct attempt *a)
{
	if (a->keep.probes++ + a->talk.tries == 0 && sim->watch != NULL)
		sim->watch->asked(sim, a->conn);
	switch (simwall_send(sim, a)) {
	case SIMWALL_ANSWERED:
		begin_anew(sim, a);
		break;
	case SIMWALL_LOST:
		rest(sim, a, fires_after(sim, a, 1000 * (int64_t)a->keep.values.interval_s));
		break;
	case SIMWALL_RESET:
		simattempt_tell(a, a->host->rtt_ms, CONN_LOST, ECONNRESET);
		break;
	}
}

static bool
gives_up(const struct attempt *a, int64_t idle_ms)
{
	const struct keepalive *values = &a->keep.values;

	if (a->keep.probes == 0)
		return false;
	if (a->keep.demanded || values->user_timeout_ms == 0)
		return a->keep.probes >= (unsigned)values->count;
	return idle_ms >= values->user_timeout_ms;
}

void
simkeep_event(struct simnet *sim, struct attempt *a)
{
	int64_t idle_ms = sim->now_ms - a->talk.heard_ms;

	a->keep.event = 0;
	if (!a->held || simattempt_ends(a))
		return;
	if (a->talk.unacked) { /* "It is alive without keepalive": the data are sent again */
		rest(sim, a, fires_after(sim, a, a->keep.demanded ? 1000 : idle_of(a)));
	} else if (!a->keep.demanded && idle_ms < idle_of(a)) {
		rest(sim, a, fires_after(sim, a, idle_of(a) - idle_ms));
	} else if (gives_up(a, idle_ms)) {
		simattempt_give_up(sim, a);
	} else {
		probe(sim, a);
	}
}

/* TCP_KEEPIDLE has the timer begin anew, with what is left of it: tcp_sock_set_keepidle_locked().
 */
void
simkeep_tune(struct simnet *sim, struct attempt *a, const struct keepalive *keepalive)
{
	int64_t left_ms = a->talk.heard_ms + 1000 * (int64_t)keepalive->idle_s - sim->now_ms;

	a->keep.values = *keepalive;
	if (a->host->forgets_ms > 0)
		rest(sim, a, left_ms > 0 ? fires_after(sim, a, left_ms) : 0);
}

void
simkeep_demand(struct simnet *sim, struct attempt *a, const struct keepalive *keepalive)
{
	a->keep.values = *keepalive;
	a->keep.demanded = true;
	a->keep.probes = a->keep.by_chance = 0;
	rest(sim, a, 0);
}
