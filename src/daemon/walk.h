/* SPDX-License-Identifier: ISC */
#ifndef KAGUARD_DAEMON_WALK_H
#define KAGUARD_DAEMON_WALK_H

/*
 * Goes through the sessions, or the peers, with pauses in which anything may happen to them, such
 * as a reload: whoever is there all the time is met once, nobody is met twice.
 */

#include <stddef.h>
#include <stdint.h>

struct guard;
struct peer;
struct session;

struct walk {
	const struct guard *guard;
	struct peer *peer;	  /* NULL: at the end */
	uint64_t departures;	  /* as they were when `peer` was there */
	uint64_t id;		  /* of peer */
	unsigned session;	  /* the next one of it */
	const char *const *names; /* of the only peers to be met; NULL: all */
	size_t n_names, next;
};

/* Of all, in the order in which they were made. */
void walk_begin(struct walk *walk, const struct guard *guard);

/* Of these only, in this order; the names stay with the caller for as long as the walk lasts. */
void walk_begin_some(
    struct walk *walk, const struct guard *guard, const char *const *names, size_t n);

/* The next one, or NULL at the end. A walk is either of peers or of sessions,
 * or of both. */
struct peer *walk_peer(struct walk *walk);
struct session *walk_session(struct walk *walk);

/*
 * The peer that the walk is at, with the next of its sessions; after the last of them comes the
 * peer once more, with NULL, and the walk goes on to the next one. NULL: at the end.
 */
struct peer *walk_both(struct walk *walk, struct session **ret_session);

#endif
