/* SPDX-License-Identifier: ISC */
#include "policy/ladder.h"

#include <errno.h>
#include <stdlib.h>

#include "policy/ladder_core.h"

#define CONTROLS	   2
#define CONTROLS_ENOUGH_AT 12 /* connections; one control for fewer */

/* A session that ends so soon was not wanted by the peer. */
#define WELCOME_MS	   1000
#define REFUSALS	   3 /* in a row: the peer wants no more sessions */
#define AFTER_A_REFUSAL_MS 1000
#define WITHOUT_A_PATH_MS  5000

int
ladder_new(const struct ladder_wish *wish, int64_t now_ms, struct ladder **ret)
{
	struct ladder *ladder = calloc(1, sizeof(*ladder));
	unsigned reserve = wish->connections / LADDER_RESERVE_PART;

	if (ladder == NULL)
		return -ENOMEM;
	ladder->wish = *wish;
	ladder->most = wish->connections;
	ladder->controls = wish->connections < CONTROLS_ENOUGH_AT ? 1 : CONTROLS;
	ladder->start_ms = ladder->open_ms = ladder->proof_ms = now_ms;
	ladder->control_died_ms = -1;
	ladder->ended_ms = now_ms - LADDER_RETRY_MS;
	ladder->stale = true;
	ladder->rungs = calloc(wish->opens, sizeof(*ladder->rungs));
	ladder->evidence.death = calloc(wish->opens, sizeof(*ladder->evidence.death));
	if (ladder->rungs == NULL || ladder->evidence.death == NULL) {
		ladder_free(ladder);
		return -ENOMEM;
	}
	rungs_fit(&ladder->explore, wish->min_ms, wish->max_ms, wish->precision_permille,
	    wish->connections - ladder->controls - reserve);
	*ret = ladder;
	return 0;
}

void
ladder_free(struct ladder *ladder)
{
	if (ladder == NULL)
		return;
	free(ladder->rungs);
	free(ladder->evidence.death);
	free(ladder);
}

bool
ladder_precise(const struct ladder *ladder, const struct evidence_bracket *bracket)
{
	int64_t low = bracket->low_ms, width = bracket->high_ms - low;
	int64_t blur = RUNGS_FLOOR_MS + 2 * ladder->rtt_ms;

	if (bracket->high_ms == 0)
		return low >= ladder->wish.max_ms;
	if (bracket->high_ms <= ladder->wish.min_ms || width <= blur)
		return true;
	return width * 1000 <= low * ladder->wish.precision_permille;
}

bool
ladder_settled(const struct ladder *ladder, const struct evidence_bracket *bracket)
{
	return ladder_precise(ladder, bracket) &&
	       (bracket->high_ms == 0 || bracket->support >= bracket->needed);
}

/* The age of the oldest control that lives; 0: none. */
static int64_t
eldest_control_ms(const struct ladder *ladder, int64_t now_ms)
{
	int64_t eldest = 0;

	for (unsigned i = 0; i < ladder->opened; i++) {
		const struct rung *rung = &ladder->rungs[i];

		if (rung->control && (rung->state == RUNG_IDLE || rung->state == RUNG_PROBING) &&
		    now_ms - rung->data_ms > eldest)
			eldest = now_ms - rung->data_ms;
	}
	return eldest;
}

void
ladder_died(struct ladder *ladder, struct rung *rung, enum evidence_end end, int64_t now_ms)
{
	int64_t at = now_ms;
	struct evidence_death death;

	/* Of the probe that a reset answers; but of the first of those that nothing has: most are
	 * not lost. The entry was refreshed, and the probe met it, anywhere in a round trip. */
	if (rung->state == RUNG_PROBING)
		at = (end == EVIDENCE_RESET ? rung->again_ms - LADDER_RETRY_MS : rung->asked_ms) +
		     rung->rtt_ms;
	death = (struct evidence_death){at - rung->idle_ms, at - rung->data_ms, end};
	if (rung->control)
		ladder_inquest(ladder, rung, rung->state == RUNG_PROBING ? rung->asked_ms : now_ms);
	rung->state = end == EVIDENCE_SILENT ? RUNG_DEAD : RUNG_GONE;
	rung->died_ms = now_ms;
	if (evidence_spontaneous(end))
		ladder->ended_ms = now_ms;
	rung->met_ms = at;
	ladder->stale = true;
	if (rung->control) {
		evidence_control_died(
		    &ladder->evidence, rung->idle_ms - rung->data_ms, death.data_ms);
		ladder->control_died_ms = now_ms;
	} else {
		evidence_died(&ladder->evidence, &death);
	}
}

void
ladder_reconsider(struct ladder *ladder, int64_t now_ms)
{
	if (ladder->evidence.blind && evidence_refuted(&ladder->evidence))
		ladder->upset = ladder->finished = true;
	else if (ladder->evidence.controls_dead > 0 && !ladder->inquest.open)
		evidence_reconsider(
		    &ladder->evidence, eldest_control_ms(ladder, now_ms), ladder->controls);
}

unsigned
ladder_alive(const struct ladder *ladder)
{
	unsigned n = 0;

	for (unsigned i = 0; i < ladder->opened; i++)
		n += ladder->rungs[i].state < RUNG_DEAD;
	return n;
}

/* The peer does not want that one. If others live it may want no more, at least for now. */
static void
turned_away(struct ladder *ladder, struct rung *rung, int64_t now_ms)
{
	bool up = ladder->proof_ms >= rung->opened_ms;
	unsigned alive = 0;

	rung->state = RUNG_GONE;
	for (unsigned i = 0; i < ladder->opened; i++)
		alive +=
		    ladder->rungs[i].state == RUNG_IDLE || ladder->rungs[i].state == RUNG_PROBING;
	ladder->refused++;
	ladder->refused_ms = now_ms;
	ladder->open_ms = now_ms + (up ? AFTER_A_REFUSAL_MS : WITHOUT_A_PATH_MS);
	ladder->stale = true;
	if (!up || alive == 0)
		return;
	if (++ladder->refused_in_a_row >= REFUSALS && alive < ladder->most)
		ladder->most = alive;
}

static void
round_trip(struct ladder *ladder, struct rung *rung, int64_t rtt_ms)
{
	rung->rtt_ms = rtt_ms;
	if (rtt_ms > ladder->rtt_ms)
		ladder->rtt_ms = rtt_ms;
}

void
ladder_opened(struct ladder *ladder, unsigned session, int64_t now_ms)
{
	struct rung *rung = &ladder->rungs[session];

	rung->state = RUNG_IDLE;
	rung->data_ms = rung->idle_ms = now_ms;
	ladder->welcome = true;
	/* Above that a SYN was sent again (RFC 6298 section 2.1). */
	if (now_ms - rung->opened_ms < LADDER_RETRY_MS)
		round_trip(ladder, rung, now_ms - rung->opened_ms);
	ladder->proof_ms = now_ms;
	ladder->stale = true;
}

void
ladder_refused(struct ladder *ladder, unsigned session, int64_t now_ms)
{
	turned_away(ladder, &ladder->rungs[session], now_ms);
}

/* What an answer shows of the ages that live. */
static void
learn(struct ladder *ladder, const struct rung *rung, int64_t asked_ms)
{
	struct evidence *evidence = &ladder->evidence;
	int64_t data_ms = asked_ms - rung->data_ms;

	if (!rung->control) {
		if (!rung->stirred)
			evidence_lived(evidence, asked_ms - rung->idle_ms, data_ms);
		return;
	}
	if (data_ms > evidence->control_ms)
		evidence->control_ms = data_ms;
	if (data_ms > evidence->lived_data_ms)
		evidence->lived_data_ms = data_ms;
}

void
ladder_answered(struct ladder *ladder, unsigned session, int64_t now_ms)
{
	struct rung *rung = &ladder->rungs[session];
	int64_t asked = rung->state == RUNG_PROBING ? rung->asked_ms : now_ms;

	if (rung->state != RUNG_IDLE && rung->state != RUNG_PROBING)
		return;
	learn(ladder, rung, asked);
	ladder_testifies(ladder, rung, asked);
	if (rung->state == RUNG_PROBING) {
		if (rung->tries == 1)
			round_trip(ladder, rung, now_ms - asked);
		ladder->asked++;
		ladder->again += rung->tries - 1;
		ladder->evidence.lossy = ladder->again > 0;
	}
	if (rung->opened_ms > ladder->refused_ms)
		ladder->refused_in_a_row = 0;
	rung->state = RUNG_IDLE;
	rung->stirred = false;
	rung->idle_ms = ladder->proof_ms = now_ms;
	ladder->stale = true;
}

void
ladder_stirred(struct ladder *ladder, unsigned session)
{
	struct rung *rung = &ladder->rungs[session];

	if (rung->control || rung->stirred)
		return;
	rung->stirred = true;
	ladder->stirred++;
}

void
ladder_data(struct ladder *ladder, unsigned session, int64_t now_ms)
{
	struct rung *rung = &ladder->rungs[session];

	if (rung->state != RUNG_IDLE && rung->state != RUNG_PROBING)
		return;
	rung->state = RUNG_IDLE;
	rung->stirred = false;
	rung->data_ms = rung->idle_ms = ladder->proof_ms = now_ms;
	ladder->stale = true;
}

static void
ended(struct ladder *ladder, unsigned session, enum evidence_end end, int64_t now_ms)
{
	struct rung *rung = &ladder->rungs[session];

	if (rung->state != RUNG_IDLE && rung->state != RUNG_PROBING)
		return;
	if (rung->state == RUNG_PROBING && end == EVIDENCE_ABORT)
		end = EVIDENCE_RESET;
	if (end != EVIDENCE_RESET && now_ms - rung->data_ms < WELCOME_MS)
		turned_away(ladder, rung, now_ms);
	else
		ladder_died(ladder, rung, end, now_ms);
}

void
ladder_closed(struct ladder *ladder, unsigned session, int64_t now_ms)
{
	ended(ladder, session, EVIDENCE_CLOSE, now_ms);
}

void
ladder_reset(struct ladder *ladder, unsigned session, int64_t now_ms)
{
	ended(ladder, session, EVIDENCE_ABORT, now_ms);
}

void
ladder_stop(struct ladder *ladder)
{
	ladder->finished = true;
}
