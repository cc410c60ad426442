/* SPDX-License-Identifier: ISC */
#ifndef KAGUARD_DAEMON_FORWARD_H
#define KAGUARD_DAEMON_FORWARD_H

/*
 * Tunnels: local clients that are carried over sessions of a peer. A client comes and waits, with
 * what it sends in its own socket, until there is a session for it: one that was held ahead, or one
 * that is opened since it waits. The session's socket is given to a relay then, and the session
 * begins anew.
 */

#include <stdbool.h>
#include <stdint.h>
#include <sys/queue.h>

#include "daemon/salvage.h"
#include "daemon/stow.h"
#include "net/loop.h"
#include "net/relay.h"
#include "policy/burst.h"

struct forward;
struct guard;
struct keep;
struct peer;
struct session;

/* Sockets under one name of the service manager. */
#define FORWARD_EARS 4

struct ear {
	struct wake wake;
	struct forward *forward;
	struct stowed stowed;
	int fd;
	bool tuned; /* clients come with the options that they are to have */
};

struct forward_client {
	struct relay relay; /* first: both begin and end together */
	struct forward *forward;
	TAILQ_ENTRY(forward_client) link;  /* in waiting or carried */
	TAILQ_ENTRY(forward_client) young; /* in forwards->young, where is_young */
	int64_t since_ms;		   /* when it came; when it was given a session */
	struct stowed stowed;		   /* the client's socket, and the peer's beside it */
	bool carried, is_young;
	bool bare; /* the peer's socket is still to be given its keepalive */
};

TAILQ_HEAD(forward_clients, forward_client);

/* What the status shows of a tunnel; all but the first two are sums since the start. */
struct forward_counts {
	unsigned clients, waiting;
	uint64_t clients_ever, refused, replaced, broken;
	uint64_t bytes[RELAY_SIDES]; /* from that side */
};

/* Of one peer. */
struct forward {
	struct forwards *all;
	struct peer *peer;
	struct ear ears[FORWARD_EARS];
	unsigned n_ears;
	char *where;	   /* what it listens on, or is to; NULL: nowhere */
	char *group;	   /* of a unix socket, or NULL */
	unsigned mode;	   /* and its mode */
	struct wake retry; /* of a listen that failed */
	struct wake limit; /* of those that wait */
	struct forward_clients waiting, carried;
	struct forward_counts counts;
	int64_t down_until_ms; /* an attempt has failed, and none comes before */
	unsigned failures;     /* to listen, in a row */
	bool attempt_failed;
	bool full_told;
	bool ahead;  /* what is given now was held before its client came */
	bool given;  /* by the service manager: not ours to shut down */
	bool leaves; /* its peer is about to be no more */
};

/* What all share. */
struct forwards {
	struct guard *guard;
	struct loop *loop;
	struct keep *keep;
	struct relays relays;
	struct salvage salvage; /* until the first forwards_configure() */
	struct forward_clients young;
	struct wake settle; /* of the young: those that last are parked */
	struct wake resume; /* after there was no room */
	struct wake again;  /* there was no memory for a tunnel */
	struct wake sum;    /* of ends that were not told one by one */
	struct burst burst;
	struct forward_counts gone; /* of tunnels that are no more */
	unsigned n_clients;
	unsigned max_clients; /* that there are descriptors for */
	bool paused, paused_told;
};

/* 0, or negative errno. */
int forwards_open(
    struct forwards *forwards, struct loop *loop, struct guard *guard, struct keep *keep);

/* After the guard was cleared. All zero is fine. */
void forwards_close(struct forwards *forwards);

/* The guard has been configured: listen where its peers say, and nowhere else. */
void forwards_configure(struct forwards *forwards);

/* The process ends for good: all clients are closed. Or another one goes on with them. */
void forwards_stop(struct forwards *forwards);
void forwards_leave(struct forwards *forwards);

/* --- for the peer and its sessions ---------------------------------------------------------- */

/* The tunnel of the peer, which begins with this. NULL where there is no memory. */
struct forward *forward_of(struct peer *peer);

/* Closes its clients. NULL is fine. */
void forward_free(struct forward *forward);

/* A client waits. */
bool forward_wants(const struct peer *peer);

/* Gives the socket of the session to the client that has waited longest. */
void forward_take(struct session *session);

/* An attempt to reach the peer has failed. */
void forward_failed(struct peer *peer);

/* What has happened may concern those that wait: from outside the events of a session. */
void forward_settle(struct forward *forward);

/* The plan is another one. */
void forward_retune(struct forward *forward);

struct forward_counts forward_counts(const struct forward *forward);

/* Add those of one; and those of the tunnels that are no more. */
void forward_counts_add(struct forward_counts *to, const struct forward *forward);
void forward_counts_add_gone(struct forward_counts *to, const struct forwards *forwards);

/* Clients have come: a session that comes up takes the place of one that was given away. */
bool forward_is_used(const struct peer *peer);

#endif
