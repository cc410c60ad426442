/* SPDX-License-Identifier: ISC */
#ifndef KAGUARD_POLICY_UNREST_H
#define KAGUARD_POLICY_UNREST_H

/*
 * When to react to changes of the host's own network, and how. They come in bunches: a link, its
 * addresses, their routes; so they are let settle. They may come for ever: a link with a loose
 * contact, a router that has the routes of the whole Internet; so what is done to gain something
 * is done less and less often while they go on.
 */

#include <stdbool.h>
#include <stdint.h>

enum unrest_change {
	UNREST_LINK_UP = 1 << 0,
	UNREST_LINK_DOWN = 1 << 1,
	UNREST_ADDRESS_ADDED = 1 << 2,
	UNREST_ADDRESS_GONE = 1 << 3,
	UNREST_ROUTE_ADDED = 1 << 4,
	UNREST_ROUTE_GONE = 1 << 5,
	UNREST_AWOKE = 1 << 6,	      /* the machine was suspended */
	UNREST_ADDRESS_BACK = 1 << 7, /* one that there may be sessions from */
	UNREST_NEAR_GONE = 1 << 8,    /* a link-local address, as of a container's link */
};

/* Reacted to when nothing has happened for so long, or so long after the first that happened. */
#define UNREST_QUIET_MS 250
#define UNREST_MOST_MS	2000

/* Between two reactions to a gain: at least this, doubled each time, up to the second; until there
 * was no change for as long as the third. */
#define UNREST_GAP_MS	  2000
#define UNREST_MAX_GAP_MS 300000
#define UNREST_CALM_MS	  600000

/* All zero is one that has seen nothing. */
struct unrest {
	unsigned changes;  /* not reacted to so far */
	int64_t first_ms;  /* of the bunch that came last */
	int64_t last_ms;   /* of all there ever were */
	int64_t gained_ms; /* when a gain was last reacted to */
	unsigned gains;	   /* reactions to gains without calm in between */
};

/* What follows from changes. */
struct unrest_reaction {
	unsigned changes; /* that it is the reaction to; 0: none is due */
	bool drop;	  /* sessions whose source address has gone */
	bool retry;	  /* whoever waits to try again: why it failed may be over */
	bool probe;	  /* sessions that are held: they may have been lost meanwhile */
};

void unrest_note(struct unrest *unrest, unsigned changes, int64_t now_ms);

/* When to react; -1: there is nothing to react to. */
int64_t unrest_due_ms(const struct unrest *unrest);

/* What is due by now; it is done with then. */
struct unrest_reaction unrest_settle(struct unrest *unrest, int64_t now_ms);

#endif
