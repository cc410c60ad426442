/* SPDX-License-Identifier: ISC */
#ifndef KAGUARD_POLICY_DIAGNOSIS_H
#define KAGUARD_POLICY_DIAGNOSIS_H

/*
 * From what was seen when a session died, or an attempt failed, to the reason that the user reads.
 *
 * Silence, and a reset that answers a probe, look the same whether a firewall or the peer is behind
 * them. So such a death is pending at first, and settled by what the next attempt meets and by how
 * other sessions fare.
 */

#include <stdbool.h>
#include <stdint.h>

enum reason {
	REASON_NONE,	/* nothing has died yet */
	REASON_PENDING, /* probes met silence or a reset: the next attempt tells which end did it */
	REASON_EXPIRED, /* the firewall forgot the session */
	REASON_UNREACHABLE, /* the peer or the network is down */
	REASON_CLOSED,	    /* the peer closed it */
	REASON_RESET,	    /* the peer reset it, with no probe outstanding, or was restarted */
	REASON_REFUSED,
	REASON_TIMED_OUT,
	REASON_UNRESOLVED,
	REASON_HEARTBEAT, /* the kernel answered, the application did not */
	REASON_LOCAL,	  /* our side */
	REASON_COUNT
};

/* What is behind the reason, as far as it can be told. */
enum death_cause {
	CAUSE_NONE,
	CAUSE_IDLE,	   /* EXPIRED: it was idle for longer than the firewall remembers */
	CAUSE_FLUSHED,	   /* EXPIRED: a firewall lost its table, whatever was in it */
	CAUSE_FORGOTTEN,   /* EXPIRED: not for its idleness; a firewall or the peer restarted */
	CAUSE_SUSPENDED,   /* EXPIRED: while this machine slept */
	CAUSE_RESTARTED,   /* RESET, UNREACHABLE: the peer was, and knows nothing of it */
	CAUSE_INTERRUPTED, /* UNREACHABLE: the path was down for a moment */
	CAUSE_NETWORK,	   /* LOCAL: the network of this machine changed meanwhile */
	CAUSE_ENDS_IDLE,   /* CLOSED, RESET: the peer does so whenever it is idle for that long */
	CAUSE_ENDS_OLD,	   /* CLOSED, RESET: the peer does so at that age */
	CAUSE_COUNT
};

/* What was seen of a session that is no more. Times of -1 are not known. */
struct death {
	int error;	     /* errno of the socket; 0: the peer closed it (FIN) */
	int probes;	     /* unanswered probes at the end */
	bool data_lost;	     /* data of ours was unacknowledged */
	int64_t idle_ms;     /* age of the last proof of life */
	int64_t survived_ms; /* an idleness that it had survived before */
	int64_t quiet_ms;    /* since data last went either way, or since it came up */
	int64_t age_ms;	     /* how long it had been up */
};

/* What the next attempt of the same session met. */
enum next_attempt {
	NEXT_UP,       /* an answer at once */
	NEXT_STRAINED, /* an answer, but not to the first packet */
	NEXT_REFUSED,
	NEXT_FAILED, /* nothing, or a router's word that there is no way */
};

/* What else was seen around a death, by the end of the next attempt. */
struct scene {
	enum next_attempt next;
	int64_t idle_plan_ms;	  /* the session was to be probed after that much idleness, */
	int64_t interval_plan_ms; /* then so often */
	unsigned fellows_alive;	  /* sessions of the peer seen to live after this death */
	unsigned others_alive;	  /* other peers seen to live since this one's last sign of life */
	unsigned others_lost;	  /* other peers that lost sessions to the same moment, perhaps */
	bool not_idle_lost;	  /* a fellow that went with it had not died of idleness */
	bool network_changed;	  /* of this host: a link or an address was gone meanwhile */
	bool suspended;		  /* this host was, meanwhile */
};

struct diagnosis {
	enum reason reason;
	enum death_cause cause;
	int64_t forgotten_ms; /* EXPIRED: the idleness within which it happened; -1: not known */
};

/* The reason, as far as it is known at the death itself. */
enum reason diagnosis_of_death(const struct death *death);

/* Otherwise it was silence that ended it, or the peer's FIN. */
bool diagnosis_was_reset(const struct death *death);

/* What a REASON_PENDING was after all. */
void diagnosis_settle(
    const struct death *death, const struct scene *scene, struct diagnosis *ret_diagnosis);

/* The idleness of the session at the first probe that had no answer, or met a reset. */
int64_t diagnosis_probed_ms(const struct death *death, int64_t interval_ms);

/*
 * Whether a session that lives has survived the idle time of its plan: nothing but that plan's
 * probes went over it for steady_ms, and it was last heard of idle_ms ago.
 */
bool diagnosis_survives(int64_t idle_plan_ms, int64_t steady_ms, int64_t idle_ms);

/*
 * Why an attempt failed. `local`: the error came at once from our own side (socket, bind, or a
 * connect that sent nothing).
 */
enum reason diagnosis_of_attempt(int error, bool local);

/* True for errors that are our own trouble wherever they come up: descriptors, memory, buffers. */
bool diagnosis_is_local(int error);

/* As in KAGUARD_REASON=: "expired". "" for none and pending. */
const char *diagnosis_name(enum reason reason);

/* As in KAGUARD_CAUSE=: "ends-idle". "" for none. */
const char *diagnosis_cause_name(enum death_cause cause);

#endif
