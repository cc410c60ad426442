/* SPDX-License-Identifier: ISC */
#ifndef KAGUARD_DAEMON_TUNER_H
#define KAGUARD_DAEMON_TUNER_H

/* What a session's socket is told, and what is read off it while it is held. */

#include <stdint.h>

#include "net/sockopt.h"

struct peer;
struct session;

/* The plan of the peer for one socket, whose jitter is as good as any. */
struct keepalive tuner_values(const struct peer *peer, uint16_t jitter);

/* Apply the peer's plan to the live socket; nothing where there is none, or it has it already. */
void tuner_apply(struct session *session);

/*
 * Probe the session now, if it is held. Until the answer is there its values are not the plan's:
 * that is what the table of the parked says, and a plan that is changed meanwhile is applied then.
 */
void tuner_probe(struct session *session);
void tuner_probed(struct session *session, int64_t answer_ms);

/* Look at the kernel's view of an up session, and remember what the status shows of it. */
void tuner_look(struct session *session);

#endif
