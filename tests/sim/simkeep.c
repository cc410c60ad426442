/* SPDX-License-Identifier: ISC */
#include <errno.h>

#include "simattempt.h"

/* What the firewall knows nothing of any more it answers with a reset. */
void
simkeep_event(struct simnet *sim, struct attempt *a)
{
	int64_t idle_ms = sim->now_ms - a->talk.heard_ms;

	a->keep = 0;
	if (!a->held)
		return;
	if (idle_ms < a->keep_idle_ms) {
		a->keep = simheap_add(&sim->heap, a, a->talk.heard_ms + a->keep_idle_ms);
	} else if (a->forgotten || idle_ms >= a->host->forgets_ms) {
		a->forgotten = true;
		simattempt_tell(a, a->host->rtt_ms, CONN_LOST, ECONNRESET);
	} else {
		a->talk.heard_ms = sim->now_ms;
		a->keep = simheap_add(&sim->heap, a, sim->now_ms + a->keep_idle_ms);
	}
}

void
simkeep_tune(struct simnet *sim, struct attempt *a, int64_t idle_ms)
{
	int64_t due_ms = a->talk.heard_ms + idle_ms;

	a->keep_idle_ms = idle_ms;
	if (a->host->forgets_ms > 0)
		a->keep = simheap_add(&sim->heap, a, due_ms > sim->now_ms ? due_ms : sim->now_ms);
}
