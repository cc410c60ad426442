/* SPDX-License-Identifier: ISC */
#include "policy/survey.h"

#include <string.h>

/* The first one doubled so often is beyond a month. */
#define MOST_DOUBLINGS 12

/* The probe on demand of a measurement and the clock of a firewall are that far apart. */
#define UNIT_MS 1000

static int
idle_for(const struct plan_wish *wish, int64_t firewall_ms)
{
	struct plan_wish this = *wish;
	struct plan plan;

	this.firewall_ms = firewall_ms;
	return plan_make(&this, &plan, NULL) == 0 ? plan.idle_s : 0;
}

/* The shortest idle timeout whose plan is that of the longest. */
static int64_t
reach_ms(const struct plan_wish *wish)
{
	int64_t low_ms = SURVEY_MIN_MS, high_ms = SURVEY_MAX_MS;
	int most_s = idle_for(wish, high_ms);

	while (high_ms - low_ms > UNIT_MS) {
		int64_t middle_ms = low_ms + (high_ms - low_ms) / 2;

		if (idle_for(wish, middle_ms) < most_s)
			low_ms = middle_ms;
		else
			high_ms = middle_ms;
	}
	return high_ms;
}

bool
survey_ladder(const struct plan_wish *wish, struct ladder_wish *ret)
{
	int64_t max_ms = reach_ms(wish);

	if (wish->exact_idle_s > 0)
		return false;
	*ret = (struct ladder_wish){.min_ms = SURVEY_MIN_MS,
	    .max_ms = max_ms > 2 * SURVEY_MIN_MS ? max_ms : 2 * SURVEY_MIN_MS,
	    .precision_permille = SURVEY_PRECISION,
	    .connections = SURVEY_CONNECTIONS,
	    .opens = SURVEY_OPENS,
	    .opens_per_second = SURVEY_OPENS_PER_SECOND};
	return true;
}

int64_t
survey_in_force_ms(const struct survey *survey, int64_t safe_ms)
{
	switch (survey->outcome) {
	case SURVEY_FIREWALL:
	case SURVEY_NO_LIMIT:
		if (!survey->contradicted || survey->firewall_ms < safe_ms)
			return survey->firewall_ms;
		return safe_ms;
	case SURVEY_UNKNOWN:
	case SURVEY_PEER:
		break;
	}
	return safe_ms;
}

/* The n-th pause, from 1; there is none before it. */
static int64_t
pause_ms(int64_t first_ms, unsigned n)
{
	int64_t ms;

	if (n == 0)
		return 0;
	ms = first_ms << (n - 1 < MOST_DOUBLINGS ? n - 1 : MOST_DOUBLINGS);
	return ms < SURVEY_MONTH_MS ? ms : SURVEY_MONTH_MS;
}

static int64_t
again_ms(const struct survey *survey)
{
	int64_t failed_ms = pause_ms(SURVEY_FAILED_MS, survey->failed);
	int64_t doubts_ms = pause_ms(SURVEY_CONTRADICTED_MS, survey->doubts);

	if (survey->contradicted && doubts_ms > failed_ms)
		return survey->tried_ms + doubts_ms;
	if (survey->contradicted || survey->failed > 0)
		return survey->tried_ms + failed_ms;
	return survey->measured_ms + SURVEY_MONTH_MS;
}

int64_t
survey_due_ms(const struct survey *survey, int64_t since_ms, uint32_t random)
{
	int64_t calm_ms = since_ms + SURVEY_CALM_MS + random % SURVEY_CALM_MS;
	int64_t due_ms = again_ms(survey);

	if (survey->outcome == SURVEY_UNKNOWN && survey->failed == 0)
		return calm_ms;

	return due_ms > calm_ms ? due_ms : calm_ms;
}

static enum survey_outcome
outcome_of(const struct ladder_view *view)
{
	switch (view->verdict) {
	case EVIDENCE_FORGETS:
	case EVIDENCE_RESETS:
	case EVIDENCE_RESETS_BOTH:
		/* Where all have died there is nothing to plan for. */
		return view->lives_ms > 0 ? SURVEY_FIREWALL : SURVEY_UNKNOWN;
	case EVIDENCE_NO_EXPIRY:
		return SURVEY_NO_LIMIT;
	case EVIDENCE_PEER_CLOSES:
	case EVIDENCE_BLIND:
		return SURVEY_PEER;
	case EVIDENCE_NOTHING:
	case EVIDENCE_PATH_LOST:
	case EVIDENCE_UPSET:
		break;
	}
	return SURVEY_UNKNOWN;
}

/* The highest age that has lived, in whole seconds where that is no great loss: what is in between
 * may be either. */
static int64_t
margin_kept_ms(const struct ladder_view *view)
{
	int64_t ms = view->lives_ms > 0 ? view->lives_ms : view->firewall_ms;

	return ms >= 10 * UNIT_MS ? ms - ms % UNIT_MS : ms - ms % (UNIT_MS / 10);
}

bool
survey_concluded(struct survey *survey, const struct ladder_view *view, int64_t now_ms)
{
	enum survey_outcome outcome = outcome_of(view);

	survey->tried_ms = now_ms;
	if (outcome == SURVEY_UNKNOWN || view->confidence == EVIDENCE_LOW) {
		survey->failed++;
		return false;
	}
	survey->doubts = survey->contradicted ? survey->doubts : 0;
	survey->contradicted = false;
	memset(survey->lost_ms, 0, sizeof(survey->lost_ms));
	survey->failed = 0;
	survey->outcome = outcome;
	survey->measured_ms = now_ms;
	survey->firewall_ms = outcome == SURVEY_PEER ? view->firewall_ms : margin_kept_ms(view);
	return true;
}

/* True where there is a result that can be. */
static bool
doubt(struct survey *survey)
{
	if ((survey->outcome != SURVEY_FIREWALL && survey->outcome != SURVEY_NO_LIMIT) ||
	    survey->contradicted)
		return false;
	survey->contradicted = true;
	survey->doubts++;
	return true;
}

bool
survey_contradicted(struct survey *survey, int64_t idle_ms)
{
	return idle_ms <= survey->firewall_ms && doubt(survey);
}

bool
survey_lost(struct survey *survey, int64_t alive_ms, int64_t noticed_ms)
{
	int64_t *lost_ms = survey->lost_ms;
	int64_t first_ms = lost_ms[0];

	if (alive_ms <= lost_ms[SURVEY_LOSSES - 2])
		return false;
	memmove(lost_ms, lost_ms + 1, sizeof(survey->lost_ms) - sizeof(*lost_ms));
	lost_ms[SURVEY_LOSSES - 2] = noticed_ms;
	return first_ms != 0 && noticed_ms - first_ms <= SURVEY_LOSSES_MS && doubt(survey);
}

static const char *const names[] = {[SURVEY_UNKNOWN] = "unknown",
    [SURVEY_FIREWALL] = "firewall",
    [SURVEY_NO_LIMIT] = "no_limit",
    [SURVEY_PEER] = "peer"};

const char *
survey_outcome_name(enum survey_outcome outcome)
{
	return names[outcome];
}

enum survey_outcome
survey_outcome_of(const char *name)
{
	for (unsigned i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (strcmp(names[i], name) == 0)
			return (enum survey_outcome)i;
	return SURVEY_UNKNOWN;
}
