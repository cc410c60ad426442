/* SPDX-License-Identifier: ISC */
#include "policy/ladder_core.h"

#include <stddef.h>

/* A probe may leave so much later than another. */
#define JITTER_MS 50

int64_t
ladder_since_ms(const struct ladder *ladder, const struct rung *rung)
{
	return ladder->evidence.blind ? rung->data_ms : rung->idle_ms;
}

int64_t
ladder_asked_ms(const struct ladder *ladder, const struct rung *rung)
{
	return rung->asked_ms - ladder_since_ms(ladder, rung) + rung->rtt_ms;
}

/* Whether a probe under way answers the question for that age, too. */
static bool
being_asked(const struct ladder *ladder, int64_t age_ms, int64_t tolerance_ms)
{
	for (unsigned i = 0; i < ladder->opened; i++) {
		const struct rung *rung = &ladder->rungs[i];
		int64_t distance = ladder_asked_ms(ladder, rung) - age_ms;

		if (rung->state == RUNG_PROBING && !rung->control && distance > -tolerance_ms &&
		    distance < tolerance_ms)
			return true;
	}
	return false;
}

/* The free session that will be of that age first, and is not yet. */
static struct rung *
oldest_below(struct ladder *ladder, int64_t age_ms, int64_t now_ms)
{
	struct rung *oldest = NULL;

	for (unsigned i = 0; i < ladder->opened; i++) {
		struct rung *rung = &ladder->rungs[i];
		int64_t since = ladder_since_ms(ladder, rung);

		if (rung->state != RUNG_IDLE || rung->control || rung->target_ms != 0 ||
		    since + age_ms < now_ms)
			continue;
		if (oldest == NULL || since < ladder_since_ms(ladder, oldest))
			oldest = rung;
	}
	return oldest;
}

/* Sessions that may be opened yet, above those that are kept back. */
static unsigned
openable(const struct ladder *ladder, unsigned reserve)
{
	unsigned more =
	    ladder->opens_wanted > ladder->opening ? ladder->opens_wanted - ladder->opening : 0;
	unsigned now = ladder_alive(ladder) + more + reserve, in_all = ladder->opened + more;
	unsigned at_once = now < ladder->most ? ladder->most - now : 0;
	unsigned left = in_all < ladder->wish.opens ? ladder->wish.opens - in_all : 0;

	return at_once < left ? at_once : left;
}

/* Have a session probed at that age, an idle one or a new one. */
static bool
assign(struct ladder *ladder, int64_t age_ms, unsigned reserve, int64_t now_ms)
{
	struct rung *rung = oldest_below(ladder, age_ms, now_ms);

	if (rung != NULL) {
		rung->target_ms = age_ms;
		return true;
	}
	if (openable(ladder, reserve) == 0)
		return false;
	ladder->opens_wanted++;
	return true;
}

/* How many sessions could be had for an age. */
static unsigned
available(const struct ladder *ladder, int64_t age_ms, int64_t now_ms)
{
	unsigned n = openable(ladder, 0);

	for (unsigned i = 0; i < ladder->opened; i++) {
		const struct rung *rung = &ladder->rungs[i];

		n += rung->state == RUNG_IDLE && !rung->control && rung->target_ms == 0 &&
		     ladder_since_ms(ladder, rung) + age_ms >= now_ms;
	}
	return n;
}

/* The age at which to see the lowest death again. */
static int64_t
again_at(const struct ladder *ladder, const struct evidence_bracket *bracket)
{
	int64_t age = bracket->high_ms - ladder->rtt_ms;

	/* What ends by itself needs no probe, which would only blur what it ends of. A reset may
	 * have come by itself just when we asked: if so, it comes first the next time. */
	if (evidence_spontaneous(bracket->end))
		return bracket->high_ms + evidence_tolerance_ms(bracket->high_ms);
	if (bracket->end == EVIDENCE_RESET)
		age += evidence_probed_ms(bracket->high_ms) / 2;
	return age > bracket->low_ms ? age : bracket->low_ms + JITTER_MS;
}

/* See the lowest death again at its age, as often as it takes to believe it. */
static void
confirm(struct ladder *ladder, const struct evidence_bracket *bracket, int64_t now_ms)
{
	int64_t same = evidence_probed_ms(bracket->high_ms);
	unsigned seen = bracket->support;

	for (unsigned i = 0; i < ladder->opened; i++) {
		const struct rung *rung = &ladder->rungs[i];
		int64_t above = ladder_asked_ms(ladder, rung) - bracket->high_ms;

		seen += rung->state == RUNG_PROBING && !rung->control && above > -same / 2 &&
			above <= same;
	}
	for (; seen < bracket->needed; seen++)
		assign(ladder, again_at(ladder, bracket), 0, now_ms);
}

/* Divide the bracket, by as many as there are sessions for. */
static void
refine(struct ladder *ladder, const struct evidence_bracket *bracket, int64_t now_ms)
{
	struct rungs *split = &ladder->split;
	int64_t low = bracket->low_ms, high = bracket->high_ms - ladder->rtt_ms;
	int gap = ladder->wish.precision_permille;
	unsigned n, took = 0;

	if (low < ladder->wish.min_ms)
		low = ladder->wish.min_ms;
	if (ladder_precise(ladder, bracket) || low >= high)
		return;
	/* A death is a round trip above the age that was asked for, perhaps. */
	gap -= (int)(ladder->rtt_ms * 1000 / low) + 1;
	if (gap < ladder->wish.precision_permille / 4)
		gap = ladder->wish.precision_permille / 4;
	rungs_split(split, low, high, ladder->wish.precision_permille, gap > 0 ? gap : 1);
	n = available(ladder, bracket->high_ms, now_ms);
	for (unsigned i = 0; i < split->n; i++) {
		int64_t age = split->age_ms[i];

		/* Of more rungs than sessions, some at equal distances. */
		if (n < split->n && (i + 1) * (n + 1) / (split->n + 1) <= took)
			continue;
		if (being_asked(ladder, age, age * ladder->wish.precision_permille / 4000)) {
			took++;
			continue;
		}
		took += assign(ladder, age, 0, now_ms);
	}
}

static bool
covered(const struct ladder *ladder, int64_t age_ms)
{
	for (unsigned i = 0; i < ladder->opened; i++)
		if (ladder->rungs[i].state == RUNG_PROBING && !ladder->rungs[i].control &&
		    ladder->rungs[i].target_ms == age_ms)
			return true;
	return false;
}

/* The search upwards, above a death too as long as it has been seen once only. */
static void
explore(struct ladder *ladder, const struct evidence_bracket *bracket, int64_t now_ms)
{
	unsigned reserve =
	    bracket->high_ms != 0 ? ladder->most : ladder->most / LADDER_RESERVE_PART;
	int64_t above = bracket->high_ms != 0 ? bracket->high_ms : bracket->low_ms;

	for (unsigned i = 0; i < ladder->explore.n; i++) {
		int64_t age = ladder->explore.age_ms[i];
		int64_t begin = ladder->start_ms + rungs_begin_ms(age);

		if (age <= above || covered(ladder, age))
			continue;
		if (begin > now_ms)
			ladder->due_ms = begin;
		if (begin > now_ms || !assign(ladder, age, reserve, now_ms))
			return;
	}
}

/* A session seems to be dead, at a lower age than any so far: see it again before it is certain. */
static void
suspect(struct ladder *ladder, const struct evidence_bracket *bracket, int64_t now_ms)
{
	struct evidence_bracket seeming = *bracket;

	seeming.support = 0;
	seeming.end = EVIDENCE_SILENT;
	for (unsigned i = 0; i < ladder->opened; i++) {
		const struct rung *rung = &ladder->rungs[i];
		int64_t age = ladder_asked_ms(ladder, rung);

		if (rung->state == RUNG_PROBING && !rung->control &&
		    rung->tries >= LADDER_SUSPECT && age > bracket->low_ms &&
		    (seeming.high_ms == 0 || age < seeming.high_ms))
			seeming.high_ms = age;
	}
	if (seeming.high_ms != bracket->high_ms)
		confirm(ladder, &seeming, now_ms);
}

unsigned
ladder_controls(const struct ladder *ladder)
{
	unsigned n = 0;

	for (unsigned i = 0; i < ladder->opened; i++)
		n += ladder->rungs[i].control && ladder->rungs[i].state < RUNG_DEAD;
	return n;
}

/* Controls come first: a late one can tell nothing before it is of age. */
static void
want_controls(struct ladder *ladder, const struct evidence_bracket *bracket, int64_t now_ms)
{
	unsigned alive = ladder_controls(ladder);
	/* If the others die as a control did, they do so soon, and no other is needed. */
	int64_t patient = ladder->control_died_ms + evidence_tolerance_ms(bracket->high_ms) +
			  LADDER_TRIES * LADDER_RETRY_MS;

	if (ladder->evidence.blind || openable(ladder, 0) == 0)
		return;
	if (ladder->control_died_ms < 0)
		ladder->opens_wanted += ladder->controls - alive;
	else if (alive == 0 && now_ms < patient && !ladder_in_doubt(ladder))
		ladder->due_ms = patient;
	else if (alive == 0)
		ladder->opens_wanted++;
}

/* With nobody of the right age left, ask who is older: one that lives is as good as new. */
static void
ask_the_old(struct ladder *ladder, int64_t now_ms)
{
	struct rung *oldest = NULL;

	for (unsigned i = 0; i < ladder->opened; i++) {
		struct rung *rung = &ladder->rungs[i];
		int64_t since = ladder_since_ms(ladder, rung);

		if (rung->control || rung->state == RUNG_DEAD || rung->state == RUNG_GONE)
			continue;
		if (rung->state != RUNG_IDLE || rung->target_ms != 0)
			return;
		if (oldest == NULL || since < ladder_since_ms(ladder, oldest))
			oldest = rung;
	}
	if (oldest != NULL && ladder->opens_wanted == 0)
		oldest->target_ms = now_ms - ladder_since_ms(ladder, oldest) + 1;
}

void
ladder_plan(struct ladder *ladder, int64_t now_ms)
{
	int64_t calm_ms = ladder->ended_ms + LADDER_RETRY_MS;
	struct evidence_bracket bracket;

	ladder->due_ms = INT64_MAX;
	ladder->opens_wanted = ladder->opening = 0;
	for (unsigned i = 0; i < ladder->opened; i++) {
		struct rung *rung = &ladder->rungs[i];

		ladder->opening += rung->state == RUNG_OPENING;
		if (rung->state == RUNG_IDLE)
			rung->target_ms = 0;
	}
	ladder_inquire(ladder, now_ms);
	ladder_reconsider(ladder, now_ms);
	bracket = evidence_bracket(&ladder->evidence);
	want_controls(ladder, &bracket, now_ms);
	suspect(ladder, &bracket, now_ms);
	if (bracket.high_ms != 0) {
		confirm(ladder, &bracket, now_ms);
		refine(ladder, &bracket, now_ms);
	}
	if (bracket.high_ms == 0 || bracket.support < bracket.needed)
		explore(ladder, &bracket, now_ms);
	if (ladder->due_ms == INT64_MAX && !ladder_settled(ladder, &bracket))
		ask_the_old(ladder, now_ms);
	if (now_ms < calm_ms && calm_ms < ladder->due_ms)
		ladder->due_ms = calm_ms;
}
