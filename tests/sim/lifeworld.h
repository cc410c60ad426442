/* SPDX-License-Identifier: ISC */
#ifndef KAGUARD_TESTS_LIFEWORLD_H
#define KAGUARD_TESTS_LIFEWORLD_H

/*
 * A world with firewalls that forget, lose, reset and are flushed, kernels whose timers are late,
 * peers that die in silence; and what kaguard promises of it, checked after every event:
 *
 * - the books: a session has one state, one timer, and the socket that it is to have;
 * - a firewall that forgets no sooner than declared forgets nobody, but where more probes were lost
 *   in a row than the plan survives;
 * - nobody is given up whose path is fine, but where so many probes were lost; and no more of those
 *   than these odds say; nor is anybody for an outage shorter than was asked for;
 * - nobody is held who has been silent for longer than the plan's bound;
 * - a dead peer is tried by one session at a time, and no crowd begins at once;
 * - what is said in any second is bounded.
 */

#include "world.h"

#define LIFE_SESSIONS 60 /* to a host at most */

struct life_promise {
	int64_t detect_ms;  /* the plan's bound since anybody may have been heard last */
	int64_t changed_ms; /* of the plan: before that it was another */
	struct plan plan;
};

/* What befell in all lives so far. */
struct life_sum {
	double hours;	 /* of sessions that were up */
	double expected; /* deaths by chance, at most, as the odds say */
	uint64_t by_chance, given_up, expired, events, lives;
	unsigned most_lines; /* in a second */
	double slowest;	     /* detection, as a part of its bound */
};

struct lifeworld {
	struct world w;
	struct life_sum sum;
	struct life_promise promises[HOSTS];
	int64_t lies_ms[HOSTS]; /* declared; 0: as it is */
	int64_t dead_ms[HOSTS]; /* since when nobody answers, as the daemon knows; -1 */
	int64_t slot_ms, second_ms;
	unsigned begun[HOSTS]; /* attempts until the slot began */
	unsigned said;	       /* until the second began */
};

/* One life, from the start to the end of that daemon; what befell is added to the sum. */
void life_run(uint64_t seed, struct life_sum *sum);

#endif
