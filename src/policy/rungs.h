/* SPDX-License-Identifier: ISC */
#ifndef KAGUARD_POLICY_RUNGS_H
#define KAGUARD_POLICY_RUNGS_H

/*
 * The idle ages at which a measurement probes its sessions: on both sides of each timeout that is
 * common (policy/firewalls), and between these as close as it is asked for.
 */

#include <stdint.h>

#define RUNGS_MAX 1024

/* Ascending. */
struct rungs {
	unsigned n;
	int64_t age_ms[RUNGS_MAX];
};

/* Two ages are not told apart below this: a probe on demand leaves some 25 ms late. */
#define RUNGS_FLOOR_MS 250

/*
 * A rung is begun when this part of its age has passed since the start, so that sessions which wait
 * for higher rungs are of different ages, and one of them soon has the age that is asked for when
 * another has died. It costs as much of the measurement's time.
 */
#define RUNGS_STAGGER_PERMILLE 40

/*
 * The ages between low and high, both left out: the two sides of each common value, at a distance
 * that follows from the precision, and more of them so that none is further above the one before
 * than gap.
 */
void rungs_split(
    struct rungs *rungs, int64_t low_ms, int64_t high_ms, int precision_permille, int gap_permille);

/* From min to max with both, as dense as that many sessions allow, but no denser than precision. */
void rungs_fit(
    struct rungs *rungs, int64_t min_ms, int64_t max_ms, int precision_permille, unsigned sessions);

/* The sessions that it takes to begin each in time, each used again when it has lived. */
unsigned rungs_sessions(const struct rungs *rungs);

/* When to begin that rung, from the start. */
int64_t rungs_begin_ms(int64_t age_ms);

/* The common value in (low, high] that lies alone in there; 0: none, or several. */
int64_t rungs_common(int64_t low_ms, int64_t high_ms);

#endif
