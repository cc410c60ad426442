/* SPDX-License-Identifier: ISC */
#ifndef KAGUARD_POLICY_PACE_H
#define KAGUARD_POLICY_PACE_H

/*
 * How many attempts to one peer may be under way at once: slow start. One at first and after every
 * failure, so that a dead peer with many sessions is tried by one of them; one more with every
 * success, so that the others follow in a few round trips without overrunning its listen queue.
 */

#include <stdbool.h>

/* The listen queue of a server that never thought about it: SOMAXCONN before Linux 5.4. */
#define PACE_MAX_WINDOW 64

struct pace {
	unsigned window;
	unsigned in_flight;
};

void pace_init(struct pace *pace);

/* Whether one more attempt may begin. */
bool pace_admits(const struct pace *pace);

void pace_began(struct pace *pace);

/* An attempt succeeded; `strained`: only after a SYN had to be sent again, so the queue was full.
 */
void pace_succeeded(struct pace *pace, bool strained);

void pace_failed(struct pace *pace);

/* A held session was lost: whether the peer is still there, one attempt shall find out. */
void pace_doubt(struct pace *pace);

/* An attempt was given up by us: says nothing about the peer. */
void pace_withdrawn(struct pace *pace);

#endif
