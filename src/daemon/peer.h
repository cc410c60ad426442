/* SPDX-License-Identifier: ISC */
#ifndef KAGUARD_DAEMON_PEER_H
#define KAGUARD_DAEMON_PEER_H

/*
 * A remote endpoint and its sessions: whose turn it is to try, what plan is in force. While a peer
 * does not answer, one of its sessions tries and the others wait for it.
 */

#include <stdbool.h>
#include <stdint.h>
#include <sys/queue.h>

#include "config/config.h"
#include "daemon/autopsy.h"
#include "daemon/session.h"
#include "daemon/storm.h"
#include "policy/habit.h"
#include "policy/learn.h"
#include "policy/pace.h"
#include "policy/plan.h"
#include "policy/summary.h"

struct forward;
struct guard;
struct path;

/* Round trips remembered: one slow handshake among them is an accident, not the path. */
#define PEER_RTTS 3

/*
 * Attempts under way in all, beyond the one that every peer may have: so no peer waits for another,
 * and a storm costs no more memory than this.
 */
#define PEER_MAX_IN_FLIGHT 128

/* For so long an answer to one session is one to all. */
#define PEER_ANSWERS_MS 1000

struct peer {
	struct guard *guard;
	struct peer *older, *newer; /* among all peers of the guard */
	uint64_t id;		    /* of no other peer, ever; newer ones have larger ones */
	const struct config_peer *config;
	struct target target;
	struct plan plan;    /* in force: the configured one, or that for a longer round trip */
	int64_t plan_rtt_ms; /* the round trip it allows for */
	int64_t rtt_us[PEER_RTTS]; /* of the last sessions that came up; 0: none yet */
	struct path *path;	   /* to it, where that is measured; NULL: it was declared */
	struct learn learn;	   /* about its firewall */
	struct habit habit;	   /* by which it ends its sessions */
	struct wreck wreck;	   /* what its last losses may have in common */
	int64_t asked_ms;	   /* when others were last asked about a loss; 0: never */
	TAILQ_ENTRY(peer) lined;   /* in guard->turn.line, where in_line */
	struct session **sessions;
	struct heart *heart;	 /* NULL: no heartbeat */
	struct forward *forward; /* NULL: it never had clients */
	unsigned n_sessions;
	unsigned n_up;
	unsigned demand;	     /* sessions for which clients wait, see daemon/roster.h */
	TAILQ_HEAD(, session) queue; /* idle ones that want a turn */
	struct session *waiting;     /* the one in backoff; nobody else tries meanwhile */
	struct pace pace;
	bool literal;	      /* it is configured as an address, not as a name */
	bool away;	      /* not reached for want of a network: no failure of its own */
	bool waiting_flapped; /* it waits since its session did not last, not for an answer */
	bool plan_read_back;  /* the kernel has these values just as they are */
	bool option_told;     /* a refused option is said once */
	bool habit_told;      /* and so is its habit */
	bool pumping;
	bool in_line;		      /* for a turn of the loop */
	bool wanted;		      /* by the configuration that is being put in force */
	struct summary_counts counts; /* since it was made */
	unsigned failures;	      /* in a row; what the backoff counts */
	unsigned local_failures;      /* likewise, of our own doing */
	unsigned failed_attempts;     /* since a session last came up */
	int64_t answered_ms;	      /* when a session last came up */
	int64_t failed_ms;	    /* when an attempt last failed for a reason that is not local */
	uint8_t last_reason;	    /* enum reason of the last failure */
	uint32_t told;		    /* reasons already said aloud (bits of enum reason) */
	unsigned held[STORM_KINDS]; /* lines held back in the storm that is under way */
};

/* With its sessions, all waiting for their turn. NULL where there is no memory. */
struct peer *peer_new(struct guard *guard, const struct config_peer *config);

/* Closes its sessions. NULL is fine. */
void peer_free(struct peer *peer);

/* Let those sessions begin whose turn it is. Every entry from outside ends with it. */
void peer_pump(struct peer *peer);

/* Close the session, if it is up, and have it wait for its turn, with all failures forgotten. */
void peer_renew(struct peer *peer, struct session *session);

/* Take over another version of its configuration. 0, or -ENOMEM with the old number of sessions. */
int peer_configure(struct peer *peer, const struct config_peer *config, unsigned changes);

/* --- what its sessions tell it -------------------------------------------------------------- */

/* An attempt begins. */
void peer_attempt(struct peer *peer);

/* It was given up by us. */
void peer_withdrew(struct peer *peer);

/* It succeeded. `resent`: after the SYN had to be sent again. */
void peer_came_up(struct peer *peer, bool resent);

/*
 * An attempt failed (was_up false), or a held session was lost. Returns the delay after which this
 * session tries again, or -1 where another one does the trying.
 */
int64_t peer_failed(struct peer *peer, struct session *session, enum reason reason, bool was_up);

/* The session that waited does so no more. */
void peer_waited(struct peer *peer, const struct session *session);

/* A session of it that is up, or NULL. */
const struct session *peer_held(const struct peer *peer);

/* A round trip was measured; makes another plan where the path is not what this one is for. */
void peer_measured(struct peer *peer, int64_t rtt_us);

/* --- its plan, in force at once, for live sessions too (peer_plan.c) -------------------------- */

/* That of the configuration, or the one for the firewall as it was measured or learnt. */
void peer_plan(struct peer *peer);

/*
 * The firewall is known to be another: the plan for it, and for the round trips as they are. The
 * idle timeout that is planned for, which is longer where nothing tighter can be; -1: none can be.
 */
int64_t peer_plan_again(struct peer *peer);

/* Another plan, for the firewall as it was learnt. */
void peer_take_plan(struct peer *peer, const struct plan *plan);

/* What was learnt is about the path to that address, and an answer to what was declared. */
void peer_forget_learnt(struct peer *peer);

/* The session wants a turn. */
void peer_enqueue(struct peer *peer, struct session *session);
void peer_dequeue(struct peer *peer, struct session *session);

#endif
