/* SPDX-License-Identifier: ISC */
#ifndef KAGUARD_TESTS_HEARTWORLD_H
#define KAGUARD_TESTS_HEARTWORLD_H

/* One peer that has a heartbeat, in a simulated network. */

#include "world.h"

#define EVERY_MS   INT64_C(50000)
#define TIMEOUT_MS INT64_C(10000)

/* "PING", and "PONG" within the times above. */
extern struct config_heartbeat heartworld_terms;

/* The text of the last loss. */
extern char heartworld_last_lost[256];

void heartworld_init(struct world *w);

/* Another configuration: the same peer, with that heartbeat and number of sessions. */
struct guard_changes heartworld_configure(
    struct world *w, struct config_heartbeat *heartbeat, unsigned sessions);

/* Up since a moment ago, at a host whose application says `answer`. */
void heartworld_begin(struct world *w, unsigned sessions, const char *answer);

#endif
