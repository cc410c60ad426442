/* SPDX-License-Identifier: ISC */

/*
 * A control has died, or seems to have: of the age of its last data, as all do for which keepalive
 * does not count? Or has everything been forgotten at one moment, by a firewall that was flushed or
 * a server that was restarted? Those that were there with it and are younger know: they live in the
 * one case, and in the other they are dead at an age that the control had survived.
 */

#include <stddef.h>

#include "policy/ladder_core.h"

/* The clocks of two sessions are that far apart at most. */
#define SLACK_MS 1000

void
ladder_inquest(struct ladder *ladder, const struct rung *control, int64_t asked_ms)
{
	struct inquest *q = &ladder->inquest;

	if (q->open && q->alive_ms >= control->idle_ms)
		return;
	*q = (struct inquest){.open = true,
	    .alive_ms = control->idle_ms,
	    .asked_ms = asked_ms,
	    .age_ms = control->idle_ms - control->data_ms};
}

/* It was there with the control. */
static bool
was_there(const struct ladder *ladder, const struct rung *rung)
{
	return rung->state != RUNG_OPENING && rung->opened_ms <= ladder->inquest.alive_ms;
}

static bool
is_younger(const struct ladder *ladder, const struct rung *rung, int64_t at_ms)
{
	return at_ms - rung->data_ms + SLACK_MS < ladder->inquest.age_ms;
}

/* A control lives that was there: it can be no matter of all. */
static bool
control_lives(const struct ladder *ladder)
{
	for (unsigned i = 0; i < ladder->opened; i++) {
		const struct rung *rung = &ladder->rungs[i];

		if (rung->control && was_there(ladder, rung) && rung->state < RUNG_DEAD)
			return true;
	}
	return false;
}

void
ladder_testifies(struct ladder *ladder, const struct rung *rung, int64_t asked_ms)
{
	struct inquest *q = &ladder->inquest;

	if (q->open && was_there(ladder, rung) && asked_ms >= q->asked_ms)
		q->open = false;
}

/* How many are dead that should live if it is a matter of age. */
static unsigned
count_victims(const struct ladder *ladder)
{
	unsigned n = 0;

	for (unsigned i = 0; i < ladder->opened; i++) {
		const struct rung *rung = &ladder->rungs[i];

		n += !rung->control && rung->died_ms >= ladder->inquest.alive_ms &&
		     was_there(ladder, rung) && is_younger(ladder, rung, rung->met_ms);
	}
	return n;
}

/* Those that are being asked. */
static unsigned
count_asked(const struct ladder *ladder)
{
	unsigned n = 0;

	for (unsigned i = 0; i < ladder->opened; i++) {
		const struct rung *rung = &ladder->rungs[i];

		n += !rung->control && rung->state == RUNG_PROBING && was_there(ladder, rung) &&
		     is_younger(ladder, rung, rung->asked_ms);
	}
	return n;
}

/* Who can tell, and loses least by being asked: the age that it has reached. */
static struct rung *
find_witness(struct ladder *ladder, int64_t now_ms)
{
	struct rung *found = NULL;

	for (unsigned i = 0; i < ladder->opened; i++) {
		struct rung *rung = &ladder->rungs[i];

		if (!rung->control && rung->state == RUNG_IDLE && rung->target_ms == 0 &&
		    was_there(ladder, rung) && is_younger(ladder, rung, now_ms) &&
		    (found == NULL || rung->idle_ms > found->idle_ms))
			found = rung;
	}
	return found;
}

void
ladder_inquire(struct ladder *ladder, int64_t now_ms)
{
	unsigned needed, asked, victims;
	struct rung *rung;
	bool certain;

	for (unsigned i = 0; i < ladder->opened; i++) {
		rung = &ladder->rungs[i];
		if (rung->control && rung->state == RUNG_PROBING && rung->tries >= LADDER_SUSPECT)
			ladder_inquest(ladder, rung, rung->asked_ms);
	}
	if (!ladder->inquest.open)
		return;
	certain = !control_lives(ladder);
	needed = certain ? ladder->controls + 1 : 1;
	victims = certain ? count_victims(ladder) : 0;
	for (asked = count_asked(ladder);
	     asked + victims < needed && (rung = find_witness(ladder, now_ms)) != NULL; asked++)
		rung->target_ms = now_ms - ladder_since_ms(ladder, rung);
	/* Of a single victim nobody knows. */
	if (asked == 0 || victims >= needed) {
		ladder->upset = ladder->finished = victims > 1;
		ladder->inquest.open = false;
	}
}
