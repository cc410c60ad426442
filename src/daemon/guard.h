/* SPDX-License-Identifier: ISC */
#ifndef KAGUARD_DAEMON_GUARD_H
#define KAGUARD_DAEMON_GUARD_H

/*
 * The core of the daemon: the peers and what they share. Knows the network, the clock and the
 * journal only through what it is given, so a simulation drives the same code.
 */

#include <stdbool.h>
#include <stdint.h>

#include "daemon/report.h"
#include "daemon/storm.h"
#include "daemon/turn.h"
#include "net/conn.h"
#include "policy/agenda.h"
#include "policy/fsm.h"
#include "policy/summary.h"

struct config;
struct forwards;
struct memory;
struct network;
struct peer;
struct session;
struct surveyor;

struct guard {
	const struct session_ops *ops;
	struct net *net;
	struct report report;
	struct storm storm;
	struct turn turn;
	/* Called whenever something that the status shows has changed. */
	void (*changed)(struct guard *guard);

	/* Called when a socket was taken or let go, or a counter has changed: what the next daemon
	 * has to know. And when the session is about to be no more. */
	void (*moved)(struct guard *guard, struct session *session);
	void (*freed)(struct guard *guard, struct session *session);

	/* Called when a heartbeat is due earlier than all others. */
	void (*beating)(struct guard *guard);

	/* Called where the books are wrong: an error in the program. The guard goes on. */
	void (*fault)(struct guard *guard, const char *what);

	struct network *network;     /* the host's; NULL: nothing is known of it */
	struct memory *memory;	     /* NULL: nothing is remembered of peers */
	struct forwards *forwards;   /* NULL: no clients are taken in */
	struct surveyor *surveyor;   /* NULL: no path is measured */
	const struct config *config; /* in force; NULL before the first */
	struct peer **peers;	     /* in the order of the configuration */
	size_t n_peers;
	unsigned n_sessions;
	struct agenda beats; /* the heartbeats of all sessions that have one */
	size_t n_beats;	     /* that may be in it */
	unsigned in_state[FSM_N_STATES];
	struct summary_counts counts; /* since the start */
	/* When a link or an address that sessions used was last gone, and when this machine last
	 * woke from a sleep; 0: never. By the guard's clock. Set by who notices. */
	int64_t network_changed_ms, resumed_ms;
	/* Local trouble is told once for all peers, until the peer that told it is all up. */
	const struct peer *local_teller;

	/* All peers in the order in which they were made, for those who look at them a few at a
	 * time: `departures` says whether the one they have come to may be no more. */
	struct peer *oldest, *newest;
	uint64_t peers_made, departures;
};

static inline int64_t
guard_now_ms(const struct guard *guard)
{
	return guard->ops->now_ms(guard->net);
}

/* Bring the peers in line with the configuration, which outlives them. 0, or -ENOMEM. */
struct guard_changes {
	unsigned added, removed, reconnected, retuned, resized, unchanged;
	unsigned heartbeats; /* changed */
};
int guard_configure(
    struct guard *guard, const struct config *config, struct guard_changes *ret_changes);

/* "2 peers added, 7 peers unchanged": what there was none of is left out. Returns buf. */
char *guard_changes_text(const struct guard_changes *changes, char *buf, size_t size);

/* The peer of that name, or NULL. */
struct peer *guard_find(const struct guard *guard, const char *name);

/* Begin the first attempts, and those that are due otherwise: as many as a turn of the loop takes.
 */
void guard_pump(struct guard *guard);

/* Close every session. They are idle then, and stay so. */
void guard_stop(struct guard *guard);

/* Let go of every socket that is held, for the next daemon: no peer sees anything of it. */
void guard_leave(struct guard *guard);

void guard_clear(struct guard *guard);

/* How things stand; the texts live as long as `times`. */
struct guard_times {
	char text[SUMMARY_TROUBLES][16];
};
void guard_summarize(
    const struct guard *guard, struct guard_times *times, struct summary *ret_summary);

/* Probe every session that is held. How many there are. */
unsigned guard_probe_all(struct guard *guard);

/* Look at TCP_INFO of held sessions, from *cursor on and at most `most`; false: all were seen. */
struct guard_cursor {
	size_t peer;
	unsigned session;
};
bool guard_sweep(struct guard *guard, struct guard_cursor *cursor, unsigned most);

/* Every peer that has sessions waiting for their turn has one that tries, or a timer for it. */
void guard_check(struct guard *guard);

/* How often a sweep is worth its cost: once in the shortest idle time of all plans. */
int64_t guard_sweep_every_ms(const struct guard *guard);

#endif
