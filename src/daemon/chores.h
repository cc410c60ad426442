/* SPDX-License-Identifier: ISC */
#ifndef KAGUARD_DAEMON_CHORES_H
#define KAGUARD_DAEMON_CHORES_H

/*
 * What the daemon does by the clock: begins attempts, tells the sums of a storm, sends heartbeats,
 * looks at the
 * kernel's view of the sessions now and then, writes the regular summary. Nothing is armed that has
 * nothing to do.
 */

#include <stdint.h>

#include "daemon/guard.h"
#include "net/loop.h"

struct chores {
	struct guard *guard;
	struct wake turn, storm, sweep, summary, heart;
	int64_t turn_ms, storm_ms, heart_ms; /* when those are due, while they are armed */
	struct guard_cursor cursor;
	struct summary_counts summed; /* at the last summary */
	int64_t summary_every_ms;     /* 0: never */
};

/* 0, or -ENOMEM. */
int chores_init(struct chores *chores, struct loop *loop, struct guard *guard);
void chores_clear(struct chores *chores);

/* After the guard was configured. */
void chores_restart(struct chores *chores, int64_t summary_every_ms);

/* A turn, the sum of a storm or a heartbeat is due earlier than it was. */
void chores_due(struct chores *chores);

#endif
