/* SPDX-License-Identifier: ISC */
#ifndef KAGUARD_DAEMON_STORM_H
#define KAGUARD_DAEMON_STORM_H

/* Many changes at once: the first few are told one by one, the others as one record with counts. */

#include <stdbool.h>
#include <stdint.h>

#include "policy/burst.h"
#include "policy/diagnosis.h"

struct guard;
struct session;

/* What comes in storms. */
enum storm_kind {
	STORM_UP,
	STORM_LOST,
	STORM_FAILED,
	STORM_CLOSED,
	STORM_KINDS
};

struct storm {
	struct burst bursts[STORM_KINDS];
	uint64_t reasons[STORM_KINDS][REASON_COUNT]; /* of what is held back */
	/* Called when something begins to be held back: see storm_due_ms(). */
	void (*holding)(struct guard *guard);
};

/* True: tell of it. False: it is counted. */
bool storm_admit(struct guard *guard, enum storm_kind kind, struct session *session);

/* When the next sum is due, or -1: nothing is held back. */
int64_t storm_due_ms(const struct guard *guard);

/* Tell the sums that are due. */
void storm_flush(struct guard *guard);

/* Tell all of them: nobody will when they were due. */
void storm_end(struct guard *guard);

#endif
