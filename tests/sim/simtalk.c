/* SPDX-License-Identifier: ISC */

/*
 * Data on a session. Before a host whose kernel is late it goes the way of the probes: it is lost,
 * meets the firewall, is sent again after twice as long each time, and is given up as
 * TCP_USER_TIMEOUT says (retransmits_timed_out() in net/ipv4/tcp_timer.c); so is the answer.
 */

#include "simattempt.h"

#include <errno.h>
#include <stddef.h>

#define RESEND_MS 1000
#define MOST_MS	  120000 /* TCP_RTO_MAX */

void
simtalk_begin(struct attempt *a, int64_t now_ms)
{
	a->talk = (struct simtalk){.data_ms = now_ms, .heard_ms = now_ms, .asked_ms = -1};
}

static void
again(struct simnet *sim, struct attempt *a, int64_t delay_ms)
{
	a->talk.event = simheap_add(&sim->heap, a, sim->now_ms + delay_ms);
}

/* How long until it is sent once more. */
static int64_t
pause_ms(unsigned tries)
{
	int64_t ms = tries < 8 ? (int64_t)RESEND_MS << (tries - 1) : MOST_MS;

	return ms < MOST_MS ? ms : MOST_MS;
}

static void
arrived(struct simnet *sim, struct attempt *a)
{
	const struct simhost *host = a->host;

	a->talk.unacked = false;
	a->talk.tries = 0;
	a->talk.arrived_ms = sim->now_ms;
	simkeep_heard(sim, a);
	if (host->answer != NULL)
		again(sim, a, host->rtt_ms + host->answer_ms);
}

/* Where it cannot arrive it is sent again later: at the latest when the kernel has enough of it. */
static void
transmit_late(struct simnet *sim, struct attempt *a)
{
	int64_t left_ms = a->keep.values.user_timeout_ms - (sim->now_ms - a->talk.sent_ms);
	int64_t delay_ms = pause_ms(a->talk.tries + 1);

	if (left_ms <= 0) {
		simattempt_give_up(sim, a);
		return;
	}
	if (a->keep.probes + a->talk.tries++ == 0 && sim->watch != NULL)
		sim->watch->asked(sim, a->conn);
	switch (simwall_send(sim, a)) {
	case SIMWALL_ANSWERED:
		arrived(sim, a);
		break;
	case SIMWALL_LOST:
		again(sim, a, delay_ms < left_ms ? delay_ms : left_ms);
		break;
	case SIMWALL_RESET:
		simattempt_tell(a, a->host->rtt_ms, CONN_LOST, ECONNRESET);
		break;
	}
}

static void
transmit(struct simnet *sim, struct attempt *a)
{
	bool arrives = a->host->mode != SIMHOST_SILENT && !a->forgotten;

	a->talk.event = 0;
	a->talk.unacked = true;
	if (a->host->late)
		transmit_late(sim, a);
	else if (arrives)
		arrived(sim, a);
	else
		again(sim, a, RESEND_MS);
}

void
simtalk_send(struct simnet *sim, struct attempt *a)
{
	struct simhost *host = a->host;
	int64_t second = sim->now_ms / 1000;

	host->beats++;
	host->beats_now = host->beats_second == second ? host->beats_now + 1 : 1;
	host->beats_second = second;
	if (host->beats_now > host->most_beats)
		host->most_beats = host->beats_now;
	if (sim->watch != NULL)
		sim->watch->sent(sim, a->conn);
	a->talk.data_ms = sim->now_ms;
	a->talk.replies = 0;
	if (a->talk.unacked) /* it waits behind what is under way */
		return;
	a->talk.sent_ms = sim->now_ms;
	a->talk.tries = 0;
	transmit(sim, a);
}

/* The application has said that, by now. */
static const char *
deliver(struct simnet *sim, struct attempt *a, const char *data)
{
	a->talk.data_ms = sim->now_ms;
	simkeep_heard(sim, a);
	if (sim->watch != NULL)
		sim->watch->said(sim, a->conn, data);
	return data;
}

const char *
simtalk_event(struct simnet *sim, struct attempt *a)
{
	a->talk.event = 0;
	if (a->talk.unacked) {
		a->talk.resent++;
		transmit(sim, a);
		return NULL;
	}
	if (a->host->answer == NULL)
		return NULL;
	if (!a->host->late || simwall_receive(sim, a))
		return deliver(sim, a, a->host->answer);
	again(sim, a, pause_ms(++a->talk.replies));
	return NULL;
}

const char *
simtalk_hear(struct simnet *sim, struct attempt *a, const char *data)
{
	return simwall_receive(sim, a) ? deliver(sim, a, data) : NULL;
}

void
simtalk_facts(const struct attempt *a, int64_t now_ms, struct tcp_facts *facts)
{
	facts->quiet_ms = now_ms - a->talk.data_ms;
	facts->idle_ms = now_ms - a->talk.heard_ms;
	facts->data_in_flight = a->talk.unacked;
	facts->resent = a->talk.resent;
}
