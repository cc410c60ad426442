/* SPDX-License-Identifier: ISC */
#ifndef KAGUARD_POLICY_PACE_H
#define KAGUARD_POLICY_PACE_H

/*
 * When one more attempt to a peer may begin. There are two limits, for two reasons.
 *
 * How many are under way at once: slow start. One at first and after every failure, so that a dead
 * peer with many sessions is tried by one of them; one more with every success.
 *
 * How many begin in a time: the handshake is the kernel's, and a server's program takes sessions
 * from its listen queue when it gets to it. What lies there cannot be seen from here; only that
 * there was no room any more, a second too late, by a SYN that had to be sent again. So nobody is
 * hurried without need: the sessions of a peer are spread over half a second, in which a small
 * server has time to take a few and a large one, which is to hold thousands, takes thousands. One
 * that holds very many from one client has a queue for them, and takes them in less. Where that was
 * too fast they are spread over twice the time from then on, and slowly over less again.
 */

#include <stdbool.h>
#include <stdint.h>

/* Under way at once: half of a listen queue whose owner never thought about it, which is SOMAXCONN
 * before Linux 5.4. */
#define PACE_MAX_WINDOW 64

#define PACE_SPREAD_MS	   500	/* all sessions of a peer */
#define PACE_MAX_SPREAD_MS 8000 /* whoever cannot take them in this time lacks something else */
#define PACE_FEW	   500	/* fewer are spread like so many: one in a millisecond */
#define PACE_MANY	   7500 /* of more the time is shorter in proportion */
#define PACE_BURST	   8	/* at once in any case, beyond what ... */
#define PACE_TICK_MS	   2	/* ... this time is good for: a loop's timers are no finer */

/* The kernel sends a SYN again after a second (RFC 6298 section 2.1): when it is known that the
 * queue was full, those under way still stand for the pace before. */
#define PACE_EASE_EVERY_MS 1000

struct pace {
	unsigned sessions; /* of the peer */
	unsigned window;   /* attempts under way at most */
	unsigned in_flight;
	unsigned clean;	   /* successes since the spread changed or has last shrunk */
	int64_t spread_ms; /* of all sessions: PACE_SPREAD_MS .. PACE_MAX_SPREAD_MS */
	int64_t eased_ms;  /* when it was last doubled */
	int64_t next_us;   /* when the next would begin, if they came in even intervals */
};

void pace_init(struct pace *pace, unsigned sessions);

/* The peer has another number of sessions. */
void pace_resize(struct pace *pace, unsigned sessions);

/* Whether there is room for one more at all. */
bool pace_has_room(const struct pace *pace);

/* How long until one more may begin where there is room; 0: now. */
int64_t pace_wait_ms(const struct pace *pace, int64_t now_ms);

void pace_began(struct pace *pace, int64_t now_ms);

/* An attempt succeeded; `resent`: only after a SYN had to be sent again, so the queue was full. */
void pace_succeeded(struct pace *pace, bool resent, int64_t now_ms);

void pace_failed(struct pace *pace);

/* A held session was lost: whether the peer is still there, one attempt shall find out. */
void pace_doubt(struct pace *pace);

/* An attempt was given up by us: says nothing about the peer. */
void pace_withdrawn(struct pace *pace);

#endif
