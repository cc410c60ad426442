/* SPDX-License-Identifier: ISC */
#include "path.h"

#include <assert.h>
#include <stdbool.h>
#include <stdlib.h>

#define LATE_MS	   25	/* what a probe leaves late, at most */
#define CONNECT_MS 5000 /* until a connect that nobody answers is given up */

/* What may come of a session, and when; NEVER where nothing does. */
#define NEVER INT64_MAX
enum {
	OPENED,
	REFUSED,
	ANSWER,
	DATA,
	STIRRED,
	CLOSED,
	RESET,
	N_EVENTS
};

struct sim_session {
	int64_t at[N_EVENTS];
	int64_t entry_ms; /* the firewall's entry was refreshed; it is evicted at: */
	int64_t evict_ms;
	bool lives; /* for us */
};

struct sim {
	const struct path *path;
	struct ladder *ladder;
	struct sim_session *sessions;
	unsigned n;
	unsigned ladder_most; /* sessions at one time */
	uint64_t random;
	int64_t now_ms;
	struct path_end end;
};

int64_t
path_random(uint64_t *state, int64_t bound)
{
	/* xorshift64* */
	*state ^= *state >> 12;
	*state ^= *state << 25;
	*state ^= *state >> 27;
	return (int64_t)((*state * 0x2545f4914f6cdd1du >> 33) % (uint64_t)bound);
}

static bool
lost(struct sim *sim)
{
	if (sim->now_ms >= sim->path->outage_ms[0] && sim->now_ms < sim->path->outage_ms[1])
		return true;
	return path_random(&sim->random, 1000) < sim->path->loss_permille;
}

static bool
forgotten(const struct sim *sim, const struct sim_session *s, int64_t now_ms)
{
	const struct path *path = sim->path;

	return now_ms >= s->evict_ms ||
	       (path->timeout_ms != 0 && now_ms >= s->entry_ms + path->timeout_ms);
}

/* The firewall has seen a packet of the session. */
static void
refresh(struct sim *sim, struct sim_session *s)
{
	s->entry_ms = sim->now_ms;
	if (sim->path->kind == PATH_RESETS_BOTH && sim->path->timeout_ms != 0)
		s->at[RESET] = sim->now_ms + sim->path->timeout_ms + sim->path->rtt_ms / 2;
}

static void
on_open(struct sim *sim, unsigned i)
{
	struct sim_session *s = &sim->sessions[i];
	const struct path *path = sim->path;
	unsigned open = 0;

	for (unsigned k = 0; k < sim->n; k++)
		open += sim->sessions[k].lives;
	assert(open < sim->ladder_most);
	sim->n++;
	for (int e = 0; e < N_EVENTS; e++)
		s->at[e] = NEVER;
	s->evict_ms = NEVER;
	if (path_random(&sim->random, 1000) < path->evict_permille)
		s->evict_ms =
		    sim->now_ms + path_random(&sim->random,
				      path->timeout_ms != 0 ? 2 * path->timeout_ms : 3600000);
	if (path->flush_ms > sim->now_ms && path->flush_ms < s->evict_ms)
		s->evict_ms = path->flush_ms;
	if (sim->now_ms >= path->outage_ms[0] && sim->now_ms < path->outage_ms[1]) {
		s->at[REFUSED] = sim->now_ms + CONNECT_MS;
		return;
	}
	if (path->most != 0 && open >= path->most) {
		s->at[REFUSED] = sim->now_ms + path->rtt_ms;
		return;
	}
	s->lives = true;
	s->at[OPENED] = sim->now_ms + path->rtt_ms;
	if (path->server_ms != 0)
		s->at[CLOSED] = sim->now_ms + path->rtt_ms + path->server_ms;
	if (path->restart_ms > sim->now_ms + path->rtt_ms && path->restart_ms < s->at[CLOSED])
		s->at[CLOSED] = path->restart_ms;
	if (path->chatter_ms != 0)
		s->at[DATA] = sim->now_ms + path->rtt_ms + path->chatter_ms;
	refresh(sim, s);
}

static void
on_probe(struct sim *sim, unsigned i)
{
	struct sim_session *s = &sim->sessions[i];
	int64_t back = sim->now_ms + sim->path->rtt_ms + path_random(&sim->random, LATE_MS);

	assert(s->lives);
	sim->end.probes++;
	if (lost(sim))
		return;
	if (forgotten(sim, s, sim->now_ms) && sim->path->kind != PATH_LOOSE) {
		if (sim->path->kind == PATH_RESETS && !lost(sim))
			s->at[RESET] = back;
		return;
	}
	if (sim->path->kind != PATH_IGNORES)
		refresh(sim, s);
	if (!lost(sim))
		s->at[ANSWER] = back;
}

static void
deliver(struct sim *sim, unsigned i, int event)
{
	struct sim_session *s = &sim->sessions[i];
	int64_t now = sim->now_ms;

	s->at[event] = NEVER;
	if (event == OPENED) {
		refresh(sim, s);
		/* Our acknowledgement is lost: the SYN-ACK comes again, and is acknowledged again.
		 */
		if (lost(sim))
			s->at[STIRRED] = now + 1000;
		ladder_opened(sim->ladder, i, now);
	} else if (event == STIRRED && s->lives) {
		refresh(sim, s);
		ladder_stirred(sim->ladder, i);
	} else if (event == REFUSED) {
		ladder_refused(sim->ladder, i, now);
	} else if (event == ANSWER && s->lives) {
		ladder_answered(sim->ladder, i, now);
	} else if (event == DATA && s->lives && !forgotten(sim, s, now)) {
		refresh(sim, s);
		s->at[DATA] = now + sim->path->chatter_ms;
		ladder_data(sim->ladder, i, now);
	} else if (event == CLOSED && s->lives && !forgotten(sim, s, now)) {
		s->lives = false;
		ladder_closed(sim->ladder, i, now);
	} else if (event == RESET && s->lives) {
		s->lives = false;
		ladder_reset(sim->ladder, i, now);
	}
}

/* Until then, or until something has happened. */
static void
pass_time(struct sim *sim, int64_t until_ms)
{
	unsigned session = 0;
	int event = -1;

	for (unsigned i = 0; i < sim->n; i++) {
		for (int e = 0; e < N_EVENTS; e++) {
			if (sim->sessions[i].at[e] > until_ms)
				continue;
			until_ms = sim->sessions[i].at[e];
			session = i;
			event = e;
		}
	}
	assert(until_ms >= sim->now_ms && until_ms != NEVER);
	sim->now_ms = until_ms;
	if (event >= 0)
		deliver(sim, session, event);
}

static void
run(struct sim *sim)
{
	for (;; sim->end.steps++) {
		struct ladder_step step = ladder_next(sim->ladder, sim->now_ms);

		switch (step.action) {
		case LADDER_WAIT:
			assert(step.until_ms > sim->now_ms);
			pass_time(sim, step.until_ms);
			break;
		case LADDER_OPEN:
			assert(step.session == sim->n);
			on_open(sim, step.session);
			break;
		case LADDER_PROBE:
			on_probe(sim, step.session);
			break;
		case LADDER_DROP:
			sim->sessions[step.session].lives = false;
			break;
		case LADDER_FINISHED:
			return;
		}
	}
}

struct path_end
path_measure(const struct path *path, const struct ladder_wish *wish, uint64_t seed)
{
	struct sim sim = {.path = path, .ladder_most = wish->connections};

	sim.sessions = calloc(wish->opens, sizeof(*sim.sessions));
	sim.random = seed * 0x9e3779b97f4a7c15u + 1;
	if (sim.sessions == NULL || ladder_new(wish, 0, &sim.ladder) < 0)
		abort();
	run(&sim);
	assert(sim.n <= wish->opens);
	sim.end.view = ladder_view(sim.ladder, sim.now_ms);
	sim.end.wall_ms = sim.now_ms;
	sim.end.opened = sim.n;
	ladder_free(sim.ladder);
	free(sim.sessions);
	return sim.end;
}
