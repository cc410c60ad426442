/* SPDX-License-Identifier: ISC */
#include "policy/ladder_core.h"

static int64_t
max_of(int64_t a, int64_t b)
{
	return a > b ? a : b;
}

static void
count(const struct ladder *ladder, struct ladder_view *view)
{
	for (unsigned i = 0; i < ladder->opened; i++) {
		const struct rung *rung = &ladder->rungs[i];

		view->opened += rung->state != RUNG_OPENING;
		view->alive +=
		    !rung->control && (rung->state == RUNG_IDLE || rung->state == RUNG_PROBING);
	}
	view->opened -= ladder->refused;
	view->refused = ladder->refused;
	view->dead = ladder->evidence.deaths;
}

/* The last of the probes that are planned; before a death, that of the largest age. */
static int64_t
left_ms(const struct ladder *ladder, const struct evidence_bracket *bracket, int64_t now_ms)
{
	int64_t last = now_ms;

	if (ladder->finished)
		return 0;
	if (bracket->high_ms == 0)
		last = max_of(last,
		    ladder->start_ms + ladder->wish.max_ms + rungs_begin_ms(ladder->wish.max_ms));
	for (unsigned i = 0; i < ladder->opened; i++) {
		const struct rung *rung = &ladder->rungs[i];

		if (rung->state == RUNG_IDLE && rung->target_ms != 0)
			last = max_of(last, ladder_since_ms(ladder, rung) + rung->target_ms);
	}
	if (bracket->high_ms != 0 && ladder->opens_wanted > ladder->opening)
		last = max_of(last, now_ms + bracket->high_ms);
	return last - now_ms + LADDER_TRIES * LADDER_RETRY_MS;
}

/* A common value where the bracket has one and is narrow; else its lower end, cut to what one would
 * write. */
static void
name_value(struct ladder_view *view)
{
	int64_t common = rungs_common(view->lives_ms, view->dead_ms);
	int64_t unit = view->lives_ms < 1000000 ? 100 : 1000;

	view->common = view->dead_ms != 0 && view->precise && common != 0;
	view->firewall_ms = view->common ? common : view->lives_ms;
	view->firewall_ms -= view->firewall_ms % unit;
}

struct ladder_view
ladder_view(const struct ladder *ladder, int64_t now_ms)
{
	struct evidence_bracket b = evidence_bracket(&ladder->evidence);
	struct ladder_view view = {
	    .verdict = evidence_verdict(&ladder->evidence, ladder->wish.max_ms),
	    .finished = ladder->finished,
	    .complete = ladder->complete,
	    .precise = ladder_precise(ladder, &b),
	    .lives_ms = b.low_ms,
	    .dead_ms = b.high_ms,
	    .scattered = b.scattered,
	    .stirred = ladder->stirred,
	    .left_ms = left_ms(ladder, &b, now_ms),
	};

	view.confidence = evidence_confidence(&ladder->evidence, view.precise);
	if (ladder->path_lost)
		view.verdict = EVIDENCE_PATH_LOST;
	if (ladder->upset) {
		view.verdict = EVIDENCE_UPSET;
		view.confidence = EVIDENCE_LOW;
	}
	count(ladder, &view);
	name_value(&view);
	return view;
}
