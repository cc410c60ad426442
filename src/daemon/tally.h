/* SPDX-License-Identifier: ISC */
#ifndef KAGUARD_DAEMON_TALLY_H
#define KAGUARD_DAEMON_TALLY_H

/*
 * Counts what happens to sessions: for their peer, and for all, since peers come and go and the sum
 * must never become less.
 */

#include <stdbool.h>

#include "policy/diagnosis.h"

struct peer;

/* A session has come up; `again`: it was before. */
void tally_up(struct peer *peer, bool again);

/* One was lost; and, then or later, why. */
void tally_lost(struct peer *peer);
void tally_death(struct peer *peer, enum reason reason);

/* An attempt failed. */
void tally_failure(struct peer *peer);

/* A heartbeat was sent, and was answered. */
void tally_beat(struct peer *peer);
void tally_answer(struct peer *peer);

#endif
