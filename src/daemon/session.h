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

#define SESSION_NO_SLOT UINT32_MAX

struct session {
	struct conn conn;
	struct peer *peer;
	TAILQ_ENTRY(session) queued; /* in peer->queue, where in_queue */
	int64_t since_ms;	     /* when the state was entered */
	int64_t down_ms;	     /* since when it is wanted and not up */
	int64_t steady_ms;	     /* since when only the plan's probes went over it */
	struct death died;	     /* the last time, at down_ms */
	struct diagnosis diagnosis;  /* on that */
	uint32_t delay_ms;	     /* of the backoff it is in */
	uint32_t answer_ms;	     /* what the last probe on demand took to be answered */
	uint64_t life;		     /* names the held socket among all that are parked; 0: none */
	uint32_t tuned;		     /* which keepalive values its socket has; 0: not known */
	uint32_t slot;		     /* in the table of the parked; SESSION_NO_SLOT */
	uint32_t index;
	uint32_t reconnects;
	int32_t error;	     /* of the last failure: errno, or EAI_* (negative) */
	uint16_t flaps;	     /* lives in a row that did not last for stable_after */
	uint16_t survived_s; /* of idleness, since it came up */
	uint16_t jitter;     /* of its idle time, the same for all its life */
	uint8_t state;	     /* enum fsm_state */
	uint8_t reason;	     /* enum reason of the last death or failure */
	uint8_t probes;	     /* unanswered ones, when last looked at */
	bool in_queue;
	bool was_up;
	bool unsettled;	     /* the verdict waits for the next attempt */
	bool diagnosis_news; /* it has come, and was not told yet */
	bool probing;	     /* on demand, and without an answer so far */
	bool lost_aloud;     /* its last loss was told; so its return is */
	bool flood_told;
};

/* Idle. NULL where there is no memory. */
struct session *session_new(struct peer *peer, uint32_t index);

/* Stops it first. Not from within its own events. */
void session_free(struct session *session);

/*
 * Idle as it is, go on with a socket of the daemon before this one, as if it had been held all the
 * time: up since `since_ms`, and nothing is told. Its counters are the caller's to restore.
 */
void session_adopt(struct session *session, const struct conn_socket *socket, int64_t since_ms);

/*
 * Something happened to it that is not news from the network: START, RETRY, STOP; FAILED for an
 * attempt that became useless by no fault of the peer's.
 */
void session_event(struct session *session, enum fsm_event event);

/*
 * A held one is no more, though the kernel has not said so: an answer did not come, its address has
 * left the host. `error` is what it is told with, 0 for none.
 */
void session_lose(struct session *session, enum reason reason, int error);

/* News from the network, for struct net. */
void session_news(struct conn *conn, const struct conn_news *news);

static inline enum fsm_state
session_state(const struct session *session)
{
	return (enum fsm_state)session->state;
}

#endif
