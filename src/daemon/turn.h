/* SPDX-License-Identifier: ISC */
#ifndef KAGUARD_DAEMON_TURN_H
#define KAGUARD_DAEMON_TURN_H

/*
 * A turn of the event loop begins so many attempts and no more, so that signals, the watchdog and
 * whoever asks something get their share however many sessions there are to begin. Peers that have
 * some to begin and may not yet, for this or for their own pace, stand in line here.
 */

#include <stdbool.h>
#include <stdint.h>
#include <sys/queue.h>

struct guard;
struct peer;

/* Attempts begun between two turns: some 5 ms. */
#define TURN_ATTEMPTS 128

struct turn {
	TAILQ_HEAD(peer_line, peer) line;
	unsigned left; /* attempts that may still begin in this turn */
	int64_t at_ms; /* when the next one is due; -1: nobody waits for it */
	/* Called when at_ms has become earlier: turn_run() is to be called then. */
	void (*due)(struct guard *guard);
};

void turn_init(struct turn *turn, void (*due)(struct guard *guard));

/*
 * Whether the turn of one of the peer's sessions has come. If it will by time alone the peer stands
 * in line for it; if not, the end of an attempt will ask again.
 */
bool turn_comes(struct peer *peer);

/* An attempt begins. */
void turn_took(struct guard *guard);

/* The peer stands in line for the next turn; no more. */
void turn_join(struct peer *peer);
void turn_leave(struct peer *peer);

/* One turn: those in line begin what they may, in order. */
void turn_run(struct guard *guard);

#endif
