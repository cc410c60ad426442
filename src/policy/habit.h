/* SPDX-License-Identifier: ISC */
#ifndef KAGUARD_POLICY_HABIT_H
#define KAGUARD_POLICY_HABIT_H

/*
 * Whether a peer that ends its sessions does so by a clock of its own: a server that closes idle
 * clients, a proxy before it, a limit of age. Three ends in a row of the same kind and at the same
 * age, at three different times, are a habit; a server that is restarted ends many at one time.
 */

#include <stdint.h>

#include "policy/diagnosis.h"

#define HABIT_ENDS 3

/* Ends that are not further apart are one event. */
#define HABIT_APART_MS 2000

/* Sessions that last no longer than this are refused rather than timed out. */
#define HABIT_SHORTEST_MS 2000

struct habit_end {
	int64_t at_ms;
	int64_t quiet_ms; /* since data last went either way, or since it came up */
	int64_t age_ms;
};

struct habit {
	struct habit_end ends[HABIT_ENDS]; /* the last ones, oldest first */
	uint8_t n;
	uint8_t reason; /* enum reason: CLOSED or RESET, of all of them */
};

/*
 * The peer ended a session. What it makes a habit of: CAUSE_ENDS_IDLE or CAUSE_ENDS_OLD, with the
 * time in *ret_ms; or CAUSE_NONE.
 */
enum death_cause habit_ended(
    struct habit *habit, enum reason reason, const struct habit_end *end, int64_t *ret_ms);

#endif
