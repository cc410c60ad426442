/* SPDX-License-Identifier: ISC */
#ifndef KAGUARD_DAEMON_SESSION_H
#define KAGUARD_DAEMON_SESSION_H

/* One TCP connection to a peer, or the attempt to have one. */

#include <stdbool.h>
#include <stdint.h>
#include <sys/queue.h>

#include "net/conn.h"
#include "policy/diagnosis.h"
#include "policy/fsm.h"

struct peer;

struct session {
	struct conn conn;
	struct peer *peer;
	TAILQ_ENTRY(session) queued; /* in peer->queue, where in_queue */
	int64_t since_ms;	     /* when the state was entered */
	int64_t down_ms;	     /* since when it is wanted and not up */
	int64_t died_idle_ms;	     /* age of the last proof of life at the last death */
	uint32_t delay_ms;	     /* of the backoff it is in */
	uint32_t index;
	uint32_t reconnects;
	int32_t error;	 /* of the last failure: errno, or EAI_* (negative) */
	uint16_t flaps;	 /* lives in a row that did not last for stable_after */
	uint16_t jitter; /* of its idle time, the same for all its life */
	uint8_t state;	 /* enum fsm_state */
	uint8_t reason;	 /* enum reason of the last death or failure */
	uint8_t probes;	 /* unanswered ones, when last looked at */
	bool in_queue;
	bool was_up;
	bool lost_aloud; /* its last loss was told; so its return is */
	bool flood_told;
};

/* Idle. NULL where there is no memory. */
struct session *session_new(struct peer *peer, uint32_t index);

/* Stops it first. Not from within its own events. */
void session_free(struct session *session);

/* Something happened to it that is not news from the network: START, RETRY, STOP. */
void session_event(struct session *session, enum fsm_event event);

/* News from the network, for struct net. */
void session_news(struct conn *conn, const struct conn_news *news);

/* Apply the peer's plan to the live socket; nothing where there is none. */
void session_tune(struct session *session);

/* Look at the kernel's view of an up session, and remember what the status shows of it. */
void session_look(struct session *session);

static inline enum fsm_state
session_state(const struct session *session)
{
	return (enum fsm_state)session->state;
}

#endif
