/* SPDX-License-Identifier: ISC */
#include "simattempt.h"

#include <stddef.h>

#define RESEND_MS 1000

void
simtalk_begin(struct attempt *a, int64_t now_ms)
{
	a->talk = (struct simtalk){.data_ms = now_ms, .heard_ms = now_ms};
}

/* Where it cannot arrive it is sent again later. */
static void
transmit(struct simnet *sim, struct attempt *a)
{
	const struct simhost *host = a->host;
	bool arrives = host->mode != SIMHOST_SILENT && !a->forgotten;
	int64_t delay_ms = arrives ? host->rtt_ms + host->answer_ms : RESEND_MS;

	a->talk.unacked = !arrives;
	a->talk.event = 0;
	if (arrives)
		a->talk.heard_ms = sim->now_ms;
	if (!arrives || host->answer != NULL)
		a->talk.event = simheap_add(&sim->heap, a, sim->now_ms + delay_ms);
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
	a->talk.data_ms = sim->now_ms;
	transmit(sim, a);
}

const char *
simtalk_event(struct simnet *sim, struct attempt *a)
{
	a->talk.event = 0;
	if (a->talk.unacked) {
		transmit(sim, a);
		return NULL;
	}
	a->talk.data_ms = a->talk.heard_ms = sim->now_ms;
	return a->host->answer;
}

void
simtalk_facts(const struct attempt *a, int64_t now_ms, struct tcp_facts *facts)
{
	facts->quiet_ms = now_ms - a->talk.data_ms;
	facts->idle_ms = now_ms - a->talk.heard_ms;
	facts->data_in_flight = a->talk.unacked;
}
