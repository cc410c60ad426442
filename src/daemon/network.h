/* SPDX-License-Identifier: ISC */
#ifndef KAGUARD_DAEMON_NETWORK_H
#define KAGUARD_DAEMON_NETWORK_H

/*
 * The host's own network, and its sleep. What changes there ends waiting, has sessions probed, and
 * takes those with it whose source address has gone; where there is no way to anybody, no peer is
 * to blame. If nothing can be learnt of the network, all this is as if it never changed.
 */

#include <stdbool.h>
#include <stdint.h>

#include "net/netwatch.h"
#include "net/suspend.h"
#include "policy/diagnosis.h"
#include "policy/unrest.h"

struct guard;
struct peer;

struct network {
	struct guard *guard;
	struct netwatch_owner owner;
	struct netwatch *watch; /* NULL: nothing is known */
	/* Whether it was an address of this host's, and is none now. */
	bool (*is_gone)(const struct network *network, const union address *address);
	struct suspend suspend;
	struct wake settle;
	struct unrest unrest;
	int64_t asleep_ms; /* since the machine was started, when last looked at */
	int64_t slept_ms;  /* of that, what is still to be told */
	bool known;	   /* of these two: whether there is a way to anybody */
	bool reach4, reach6;
	bool away_told;
	char what[160]; /* has changed */
};

/* Once the guard can report. Goes on without what there is not; 0, or -ENOMEM. */
int network_open(struct network *network, struct loop *loop, struct guard *guard);

/* All zero is fine. */
void network_close(struct network *network);

/* Something has changed; reacted to when it is due by network->unrest. */
void network_news(struct network *network, unsigned change, const char *what);
void network_settle(struct network *network);

/* The wall clock has jumped: the machine may have slept. */
void network_clock_jumped(struct network *network);

/*
 * Whether an attempt to reach the peer is of no use: its address is one of others, and there is no
 * way to anybody. A name may be in /etc/hosts, so that is for an attempt to find out. NULL is fine.
 */
bool network_forbids(const struct network *network, const struct peer *peer);

/* Whether an attempt that failed says nothing about the peer, since there is no way to anybody. */
bool network_excuses(struct network *network, const struct peer *peer, enum reason reason);

#endif
