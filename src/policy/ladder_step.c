/* SPDX-License-Identifier: ISC */
#include "policy/ladder_core.h"

/* A control is probed this often in the least age that is possible yet, but within these bounds. */
#define CONTROL_PART	 4
#define CONTROL_LEAST_MS 1500
#define CONTROL_MOST_MS	 10000

/* Without any sign that the path is up silence proves nothing. A control waits so many probes for
 * one, then a new one is opened; a session waits longer, then the path is given up. */
#define CONTROL_TRIES 30
#define PATH_TRIES    120
#define MOST_TRIES    15

/* A peer that keeps its sessions busy lets none grow old. */
#define TOO_LONG 3

/* Nor does one that probes its sessions itself: to have seen it of each so often is enough. */
#define STIRRED_PART 2

static int64_t
too_long_ms(const struct ladder *ladder)
{
	return ladder->start_ms + TOO_LONG * ladder->wish.max_ms + 60000;
}

/* How long a control is left alone. */
static int64_t
control_interval_ms(const struct ladder *ladder)
{
	int64_t interval = ladder->evidence.lived_idle_ms / CONTROL_PART;

	if (interval < CONTROL_LEAST_MS)
		return CONTROL_LEAST_MS;
	return interval < CONTROL_MOST_MS ? interval : CONTROL_MOST_MS;
}

bool
ladder_in_doubt(const struct ladder *ladder)
{
	for (unsigned i = 0; i < ladder->opened; i++) {
		const struct rung *rung = &ladder->rungs[i];

		if (rung->state == RUNG_PROBING && rung->tries > 1 &&
		    ladder->proof_ms <= rung->asked_ms)
			return true;
	}
	return false;
}

/* When to probe a session that is idle; INT64_MAX: it is not to be probed. */
static int64_t
probe_due_ms(const struct ladder *ladder, const struct rung *rung)
{
	struct evidence_bracket b = evidence_bracket(&ladder->evidence);
	int64_t due = rung->idle_ms + control_interval_ms(ladder), of_age;

	if (!rung->control)
		return rung->target_ms == 0 ? INT64_MAX
					    : ladder_since_ms(ladder, rung) + rung->target_ms;
	if (ladder_in_doubt(ladder))
		return rung->idle_ms + LADDER_RETRY_MS;
	of_age = rung->data_ms + b.high_ms + evidence_tolerance_ms(b.high_ms);
	if (b.high_ms != 0 && !evidence_control_outlived(&ladder->evidence, &b) && of_age < due)
		return of_age > rung->idle_ms + LADDER_RETRY_MS ? of_age
								: rung->idle_ms + LADDER_RETRY_MS;
	return due;
}

/* What was to be found is, and a control has outlived it, if there is one that can. Those that end
 * by themselves at one moment are told of one after the other. */
static bool
complete(const struct ladder *ladder, int64_t now_ms)
{
	struct evidence_bracket b = evidence_bracket(&ladder->evidence);

	if (!ladder_settled(ladder, &b) || now_ms < ladder->ended_ms + LADDER_RETRY_MS)
		return false;
	return b.high_ms == 0 || ladder->evidence.blind || ladder_controls(ladder) == 0 ||
	       evidence_control_outlived(&ladder->evidence, &b);
}

static int64_t
earlier(int64_t a, int64_t b)
{
	return a < b ? a : b;
}

/*
 * So many probes that all of them are lost once in 10,000 times, by the share that was lost of
 * those to sessions that live.
 */
static unsigned
tries(const struct ladder *ladder)
{
	double lost = (ladder->again + 1.0) / (ladder->asked + ladder->again + 20.0), all = 1;
	unsigned n = 0;

	for (; n < LADDER_TRIES || (n < MOST_TRIES && all > 1e-4); n++)
		all *= lost;
	return n;
}

/* The path is back: what it did not carry before proves nothing. */
static void
ask_anew(struct rung *rung, int64_t now_ms)
{
	rung->asked_ms = rung->again_ms = now_ms;
	rung->tries = 0;
	rung->overdue = false;
}

/* A session has been asked often enough; with no sign of the path, some more. */
static void
give_up_on_silent(struct ladder *ladder, int64_t now_ms)
{
	for (unsigned i = 0; i < ladder->opened; i++) {
		struct rung *rung = &ladder->rungs[i];
		bool up = ladder->proof_ms > rung->asked_ms || ladder->evidence.blind;
		unsigned most = rung->control ? CONTROL_TRIES : PATH_TRIES;

		if (rung->state != RUNG_PROBING || now_ms < rung->again_ms ||
		    rung->tries < tries(ladder))
			continue;
		if (up && rung->overdue) {
			ask_anew(rung, now_ms);
			continue;
		}
		rung->overdue = !up;
		if (!up && rung->tries < most)
			continue;
		if (!up && !rung->control)
			ladder->path_lost = ladder->finished = true;
		ladder_died(ladder, rung, EVIDENCE_SILENT, now_ms);
	}
}

static bool
next_drop(struct ladder *ladder, struct ladder_step *ret)
{
	for (unsigned i = 0; i < ladder->opened; i++) {
		if (ladder->rungs[i].state != RUNG_DEAD)
			continue;
		ladder->rungs[i].state = RUNG_GONE;
		*ret = (struct ladder_step){.action = LADDER_DROP, .session = i};
		return true;
	}
	return false;
}

static void
ask(struct ladder *ladder, struct rung *rung, int64_t now_ms)
{
	if (rung->state == RUNG_IDLE) {
		rung->state = RUNG_PROBING;
		ask_anew(rung, now_ms);
	}
	if (++rung->tries == LADDER_SUSPECT)
		ladder->stale = true;
	rung->again_ms = now_ms + LADDER_RETRY_MS;
}

/* Who is to be probed now; else lowers *wait_ms to when the next one is. */
static bool
next_probe(struct ladder *ladder, int64_t now_ms, int64_t *wait_ms, struct ladder_step *ret)
{
	for (unsigned i = 0; i < ladder->opened; i++) {
		struct rung *rung = &ladder->rungs[i];
		int64_t due = INT64_MAX;

		if (rung->state == RUNG_IDLE)
			due = probe_due_ms(ladder, rung);
		else if (rung->state == RUNG_PROBING)
			due = rung->again_ms;
		if (due <= now_ms) {
			ask(ladder, rung, now_ms);
			*ret = (struct ladder_step){.action = LADDER_PROBE, .session = i};
			return true;
		}
		*wait_ms = earlier(*wait_ms, due);
	}
	return false;
}

static bool
next_open(struct ladder *ladder, int64_t now_ms, int64_t *wait_ms, struct ladder_step *ret)
{
	struct rung *rung = &ladder->rungs[ladder->opened];

	if (ladder->opens_wanted <= ladder->opening || ladder->opened >= ladder->wish.opens)
		return false;
	/* One is enough to find out. */
	if (ladder->opening > 0 && (!ladder->welcome || ladder_in_doubt(ladder)))
		return false;
	if (now_ms < ladder->open_ms) {
		*wait_ms = earlier(*wait_ms, ladder->open_ms);
		return false;
	}
	*rung = (struct rung){.state = RUNG_OPENING, .opened_ms = now_ms};
	rung->control = ladder_controls(ladder) < ladder->controls &&
			(ladder->control_died_ms < 0 || ladder_controls(ladder) == 0);
	*ret = (struct ladder_step){.action = LADDER_OPEN, .session = ladder->opened++};
	ladder->opening++;
	ladder->open_ms = now_ms + 1000 / ladder->wish.opens_per_second;
	return true;
}

static bool
nothing_left(const struct ladder *ladder)
{
	if (ladder->due_ms != INT64_MAX ||
	    (ladder->opens_wanted > 0 && ladder->opened < ladder->wish.opens))
		return false;
	for (unsigned i = 0; i < ladder->opened; i++)
		if (!ladder->rungs[i].control && ladder->rungs[i].state < RUNG_DEAD)
			return false;
	return true;
}

struct ladder_step
ladder_next(struct ladder *ladder, int64_t now_ms)
{
	struct ladder_step step = {.action = LADDER_FINISHED};
	int64_t wait_ms;

	if (!ladder->finished)
		give_up_on_silent(ladder, now_ms);
	if (!ladder->finished && next_drop(ladder, &step))
		return step;
	if (!ladder->finished &&
	    (ladder->stale || now_ms >= ladder->due_ms || now_ms >= too_long_ms(ladder))) {
		ladder_plan(ladder, now_ms);
		ladder->stale = false;
		ladder->complete = complete(ladder, now_ms);
		ladder->finished = ladder->finished || ladder->complete ||
				   now_ms >= too_long_ms(ladder) || nothing_left(ladder) ||
				   ladder->stirred > STIRRED_PART * ladder->wish.connections;
	}
	if (ladder->finished)
		return step;
	wait_ms = ladder->due_ms;
	if (next_probe(ladder, now_ms, &wait_ms, &step) ||
	    next_open(ladder, now_ms, &wait_ms, &step))
		return step;
	wait_ms = earlier(wait_ms, too_long_ms(ladder));
	return (struct ladder_step){.action = LADDER_WAIT, .until_ms = wait_ms};
}
