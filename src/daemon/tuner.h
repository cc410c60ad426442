/* SPDX-License-Identifier: ISC */
#ifndef KAGUARD_DAEMON_TUNER_H
#define KAGUARD_DAEMON_TUNER_H

/* What a session's socket is told, and what is read off it while it is held. */

struct session;

/* Apply the peer's plan to the live socket; nothing where there is none, or it has it already. */
void tuner_apply(struct session *session);

/* Look at the kernel's view of an up session, and remember what the status shows of it. */
void tuner_look(struct session *session);

#endif
