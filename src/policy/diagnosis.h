/* SPDX-License-Identifier: ISC */
#ifndef KAGUARD_POLICY_DIAGNOSIS_H
#define KAGUARD_POLICY_DIAGNOSIS_H

/* From what was seen when a session died, or an attempt failed, to the reason that the user reads.
 */

#include <stdbool.h>
#include <stdint.h>

enum reason {
	REASON_NONE,	/* nothing has died yet */
	REASON_PENDING, /* probes met silence or a reset: the next attempt tells which end did it */
	REASON_EXPIRED, /* the firewall forgot the session */
	REASON_UNREACHABLE, /* the peer or the network is down */
	REASON_CLOSED,	    /* the peer closed it */
	REASON_RESET,	    /* the peer reset it, with no probe outstanding */
	REASON_REFUSED,
	REASON_TIMED_OUT,
	REASON_UNRESOLVED,
	REASON_HEARTBEAT, /* the kernel answered, the application did not */
	REASON_LOCAL,	  /* our side */
	REASON_COUNT
};

/* What was seen of a session that is no more. */
struct death {
	int error;	 /* errno of the socket; 0: the peer closed it (FIN) */
	int probes;	 /* unanswered probes at the end */
	bool data_lost;	 /* data of ours was unacknowledged */
	int64_t idle_ms; /* age of the last proof of life */
};

/* The reason, as far as it is known at the death itself. */
enum reason diagnosis_of_death(const struct death *death);

/* A REASON_PENDING, once the next attempt has shown whether the peer is there. */
enum reason diagnosis_revise(enum reason reason, bool came_up);

/*
 * Why an attempt failed. `local`: the error came at once from our own side (socket, bind, or a
 * connect that sent nothing).
 */
enum reason diagnosis_of_attempt(int error, bool local);

/* True for errors that are our own trouble wherever they come up: descriptors, memory, buffers. */
bool diagnosis_is_local(int error);

/* As in KAGUARD_REASON=: "expired". "" for none and pending. */
const char *diagnosis_name(enum reason reason);

#endif
