/* SPDX-License-Identifier: ISC */

/* The path to a host: its firewall, which forgets, and its losses. */

#include "simattempt.h"

/* One of the four stretches of the way there and back, with a firewall in its middle. */
static bool
is_lost(struct simnet *sim, const struct simhost *host)
{
	return host->loss_permille > 0 && simnet_random(sim) % 2000 < host->loss_permille;
}

static enum simwall_end
lose(struct attempt *a)
{
	a->keep.by_chance++;
	return SIMWALL_LOST;
}

/* True: it is in the table, or is again. */
static bool
is_known(struct simnet *sim, struct attempt *a)
{
	int64_t used_ms = a->talk.heard_ms > a->entry_ms ? a->talk.heard_ms : a->entry_ms;

	if (!a->forgotten && sim->now_ms - used_ms < a->host->forgets_ms)
		return true;
	if (!a->forgotten && sim->watch != NULL)
		sim->watch->expired(sim, a->conn);
	a->forgotten = a->host->wall != SIMWALL_LOOSE;
	return !a->forgotten;
}

enum simwall_end
simwall_send(struct simnet *sim, struct attempt *a)
{
	const struct simhost *host = a->host;

	a->keep.missed++;
	if (host->down) {
		a->keep.cut = true;
		return SIMWALL_LOST;
	}
	if (is_lost(sim, host))
		return lose(a);
	if (!is_known(sim, a)) {
		if (host->wall == SIMWALL_DROPS)
			return SIMWALL_LOST;
		return is_lost(sim, host) ? lose(a) : SIMWALL_RESET;
	}
	a->entry_ms = sim->now_ms;
	a->keep.missed = 0;
	a->keep.cut = false;
	if (is_lost(sim, host))
		return lose(a);
	if (host->late && host->mode == SIMHOST_SILENT) {
		a->keep.mute = true;
		return SIMWALL_LOST;
	}
	if (is_lost(sim, host) || is_lost(sim, host))
		return lose(a);
	return a->since_ms < host->restarted_ms ? SIMWALL_RESET : SIMWALL_ANSWERED;
}

bool
simwall_receive(struct simnet *sim, struct attempt *a)
{
	const struct simhost *host = a->host;
	int64_t used_ms = a->talk.heard_ms > a->entry_ms ? a->talk.heard_ms : a->entry_ms;

	if (host->down || host->mode == SIMHOST_SILENT || a->forgotten ||
	    sim->now_ms - used_ms >= host->forgets_ms || a->since_ms < host->restarted_ms ||
	    is_lost(sim, host) || is_lost(sim, host))
		return false;
	a->entry_ms = sim->now_ms;
	return true;
}
