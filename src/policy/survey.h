/* SPDX-License-Identifier: ISC */
#ifndef KAGUARD_POLICY_SURVEY_H
#define KAGUARD_POLICY_SURVEY_H

/*
 * A path whose firewall is to be measured: when to do so, what to make of the result, when to do it
 * again. Until something is known a safe idle timeout is planned for.
 *
 * A measurement is asked of the peer once, and again only if sessions were forgotten all the same,
 * or a month later. One that found nothing is tried again, less and less often.
 */

#include <stdbool.h>
#include <stdint.h>

#include "policy/ladder.h"
#include "policy/plan.h"

/* So many measurements at one time, of different peers, and the pause between their beginnings. */
#define SURVEY_AT_ONCE	 4
#define SURVEY_SPREAD_MS 10000

/* What one asks of a peer, less than it would notice: connections at one time, and in all, begun at
 * most so many a second. */
#define SURVEY_CONNECTIONS	8
#define SURVEY_OPENS		32
#define SURVEY_OPENS_PER_SECOND 1
#define SURVEY_PRECISION	50 /* permille */

/* Idle timeouts that are looked for. */
#define SURVEY_MIN_MS 4000
#define SURVEY_MAX_MS 7200000

/* A network, or a peer, that has just come up may be gone in a moment: the first measurement begins
 * so long after, and up to as much again later. */
#define SURVEY_CALM_MS 5000

/* Again after this: firewalls are replaced. */
#define SURVEY_MONTH_MS (INT64_C(30) * 24 * 3600 * 1000)

/* After a death that contradicts the last one, twice as long after each further one; and after one
 * that found nothing, likewise. A month at most. */
#define SURVEY_CONTRADICTED_MS (INT64_C(3600) * 1000)
#define SURVEY_FAILED_MS       (INT64_C(6) * 3600 * 1000)

/* Losses that other things may explain, of so many different moments within this time, count as one
 * that nothing else explains. */
#define SURVEY_LOSSES	 3
#define SURVEY_LOSSES_MS (INT64_C(6) * 3600 * 1000)

enum survey_outcome {
	SURVEY_UNKNOWN,	 /* never measured, or nothing came of it */
	SURVEY_FIREWALL, /* the path forgets: sessions of up to firewall_ms of idleness live */
	SURVEY_NO_LIMIT, /* none has died up to firewall_ms */
	SURVEY_PEER,	 /* who ends sessions does not count keepalive */
};

struct survey {
	enum survey_outcome outcome;
	int64_t firewall_ms;		    /* to plan for; of SURVEY_PEER, what was found */
	int64_t measured_ms;		    /* when that was found out */
	int64_t tried_ms;		    /* when a measurement last ended, whatever came of it */
	unsigned failed;		    /* measurements in a row that found nothing */
	unsigned doubts;		    /* in a row that were contradicted later */
	bool contradicted;		    /* the last of them is */
	int64_t lost_ms[SURVEY_LOSSES - 1]; /* when such losses were seen, the last one last; 0 */
};

/* What to look for, for a peer with that wish: up to where the plan no longer depends on it. False
 * where nothing does, as with exact values. */
bool survey_ladder(const struct plan_wish *wish, struct ladder_wish *ret);

/* The idle timeout to plan for, where the safe one is that. */
int64_t survey_in_force_ms(const struct survey *survey, int64_t safe_ms);

/* When to begin a measurement, of a path that has been there since `since_ms`. */
int64_t survey_due_ms(const struct survey *survey, int64_t since_ms, uint32_t random);

/* One has ended. True where something was found out, else what is known is as it was. */
bool survey_concluded(struct survey *survey, const struct ladder_view *view, int64_t now_ms);

/*
 * A session was forgotten after so much idleness. True where that contradicts what was measured,
 * for the first time since: it is to be measured again, and nothing above the safe idle timeout is
 * planned for meanwhile.
 */
bool survey_contradicted(struct survey *survey, int64_t idle_ms);

/*
 * A session that was last heard of at alive_ms was found dead at noticed_ms, which its idleness may
 * explain, and other things as well. True as above, where this is the third moment of late at which
 * something must have happened.
 */
bool survey_lost(struct survey *survey, int64_t alive_ms, int64_t noticed_ms);

/* For the state file: a word each. From a word that is none: SURVEY_UNKNOWN. */
const char *survey_outcome_name(enum survey_outcome outcome);
enum survey_outcome survey_outcome_of(const char *name);

#endif
