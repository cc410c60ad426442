/* SPDX-License-Identifier: ISC */
#include "simpath.h"

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
	int64_t opened_ms;
	bool lives; /* for us */
};

struct simpath_run {
	struct simpath path;
	struct ladder *ladder;
	struct sim_session *sessions;
	unsigned n;
	unsigned ladder_most; /* sessions at one time */
	uint64_t random;
	int64_t now_ms;
	int64_t next_ms; /* NEVER: it has ended */
	struct simpath_end end;
};

int64_t
simpath_random(uint64_t *state, int64_t bound)
{
	/* xorshift64* */
	*state ^= *state >> 12;
	*state ^= *state << 25;
	*state ^= *state >> 27;
	return (int64_t)((*state * 0x2545f4914f6cdd1du >> 33) % (uint64_t)bound);
}

static bool
lost(struct simpath_run *sim)
{
	if (sim->now_ms >= sim->path.outage_ms[0] && sim->now_ms < sim->path.outage_ms[1])
		return true;
	return simpath_random(&sim->random, 1000) < sim->path.loss_permille;
}

static bool
forgotten(const struct simpath_run *sim, const struct sim_session *s, int64_t now_ms)
{
	const struct simpath *path = &sim->path;

	return now_ms >= s->evict_ms ||
	       (path->timeout_ms != 0 && now_ms >= s->entry_ms + path->timeout_ms);
}

/* The firewall has seen a packet of the session. */
static void
refresh(struct simpath_run *sim, struct sim_session *s)
{
	s->entry_ms = sim->now_ms;
	if (sim->path.kind == PATH_RESETS_BOTH && sim->path.timeout_ms != 0)
		s->at[RESET] = sim->now_ms + sim->path.timeout_ms + sim->path.rtt_ms / 2;
}

static void
on_open(struct simpath_run *sim, unsigned i)
{
	struct sim_session *s = &sim->sessions[i];
	const struct simpath *path = &sim->path;
	unsigned open = 0;

	for (unsigned k = 0; k < sim->n; k++)
		open += sim->sessions[k].lives;
	assert(open < sim->ladder_most);
	sim->n++;
	for (int e = 0; e < N_EVENTS; e++)
		s->at[e] = NEVER;
	s->evict_ms = NEVER;
	if (simpath_random(&sim->random, 1000) < path->evict_permille)
		s->evict_ms =
		    sim->now_ms + simpath_random(&sim->random,
				      path->timeout_ms != 0 ? 2 * path->timeout_ms : 3600000);
	if (path->flush_ms > sim->now_ms && path->flush_ms < s->evict_ms)
		s->evict_ms = path->flush_ms;
	s->opened_ms = sim->now_ms;
	if (sim->now_ms >= path->outage_ms[0] && sim->now_ms < path->outage_ms[1]) {
		s->at[REFUSED] = sim->now_ms + CONNECT_MS;
		return;
	}
	if (path->refuses || (path->most != 0 && open >= path->most)) {
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
on_probe(struct simpath_run *sim, unsigned i)
{
	struct sim_session *s = &sim->sessions[i];
	int64_t back = sim->now_ms + sim->path.rtt_ms + simpath_random(&sim->random, LATE_MS);

	assert(s->lives);
	sim->end.probes++;
	if (lost(sim))
		return;
	if (forgotten(sim, s, sim->now_ms) && sim->path.kind != PATH_LOOSE) {
		if (sim->path.kind == PATH_RESETS && !lost(sim))
			s->at[RESET] = back;
		return;
	}
	if (sim->now_ms - s->entry_ms > sim->end.proven_ms)
		sim->end.proven_ms = sim->now_ms - s->entry_ms;
	if (sim->path.kind != PATH_IGNORES)
		refresh(sim, s);
	if (!lost(sim))
		s->at[s->opened_ms < sim->path.crash_ms ? RESET : ANSWER] = back;
}

static void
deliver(struct simpath_run *sim, unsigned i, int event)
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
		s->at[DATA] = now + sim->path.chatter_ms;
		ladder_data(sim->ladder, i, now);
	} else if (event == CLOSED && s->lives && !forgotten(sim, s, now)) {
		s->lives = false;
		ladder_closed(sim->ladder, i, now);
	} else if (event == RESET && s->lives) {
		s->lives = false;
		ladder_reset(sim->ladder, i, now);
	}
}

/* What comes next of the sessions, and of which; NEVER: nothing. */
static int64_t
next_event(const struct simpath_run *sim, unsigned *ret_session, int *ret_event)
{
	int64_t at_ms = NEVER;

	for (unsigned i = 0; i < sim->n; i++) {
		for (int e = 0; e < N_EVENTS; e++) {
			int64_t this_ms = sim->sessions[i].at[e];

			if (this_ms == NEVER || this_ms > at_ms)
				continue;
			at_ms = this_ms;
			*ret_session = i;
			*ret_event = e;
		}
	}
	return at_ms;
}

/* All steps that are due, until it is to wait. Returns for how long, or NEVER: it has ended. */
static int64_t
step(struct simpath_run *sim)
{
	for (;; sim->end.steps++) {
		struct ladder_step step = ladder_next(sim->ladder, sim->now_ms);

		switch (step.action) {
		case LADDER_WAIT:
			assert(step.until_ms > sim->now_ms);
			return step.until_ms;
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
			return NEVER;
		}
	}
}

int64_t
simpath_next_ms(const struct simpath_run *sim)
{
	return sim->next_ms;
}

void
simpath_pass(struct simpath_run *sim, int64_t until_ms)
{
	while (sim->next_ms != NEVER && sim->next_ms <= until_ms) {
		unsigned session = 0;
		int event = 0;
		int64_t event_ms = next_event(sim, &session, &event), wait_ms;

		sim->now_ms = sim->next_ms;
		if (event_ms <= sim->now_ms)
			deliver(sim, session, event);
		wait_ms = step(sim);
		event_ms = next_event(sim, &session, &event);
		sim->next_ms = wait_ms != NEVER && event_ms < wait_ms ? event_ms : wait_ms;
		assert(sim->next_ms >= sim->now_ms);
	}
}

struct simpath_run *
simpath_begin(
    const struct simpath *path, const struct ladder_wish *wish, uint64_t seed, int64_t now_ms)
{
	struct simpath_run *sim = calloc(1, sizeof(*sim));

	if (sim == NULL)
		abort();
	*sim = (struct simpath_run){.path = *path,
	    .ladder_most = wish->connections,
	    .random = seed * 0x9e3779b97f4a7c15u + 1,
	    .now_ms = now_ms,
	    .next_ms = now_ms};
	sim->sessions = calloc(wish->opens, sizeof(*sim->sessions));
	if (sim->sessions == NULL || ladder_new(wish, now_ms, &sim->ladder) < 0)
		abort();
	return sim;
}

void
simpath_run_free(struct simpath_run *sim)
{
	if (sim == NULL)
		return;
	ladder_free(sim->ladder);
	free(sim->sessions);
	free(sim);
}

struct simpath *
simpath_of(struct simpath_run *sim)
{
	return &sim->path;
}

void
simpath_forget(struct simpath_run *sim, unsigned one_in)
{
	for (unsigned i = 0; i < sim->n; i++)
		if (i % one_in == 0)
			sim->sessions[i].evict_ms = sim->now_ms;
}

struct simpath_end
simpath_end(const struct simpath_run *sim)
{
	struct simpath_end end = sim->end;

	end.view = ladder_view(sim->ladder, sim->now_ms);
	end.wall_ms = sim->now_ms;
	end.opened = sim->n;
	return end;
}

struct simpath_end
simpath_measure(const struct simpath *path, const struct ladder_wish *wish, uint64_t seed)
{
	struct simpath_run *sim = simpath_begin(path, wish, seed, 0);
	struct simpath_end end;

	simpath_pass(sim, NEVER - 1);
	end = simpath_end(sim);
	assert(end.opened <= wish->opens);
	simpath_run_free(sim);
	return end;
}
