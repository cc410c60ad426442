/* SPDX-License-Identifier: ISC */
#ifndef KAGUARD_DAEMON_ROSTER_H
#define KAGUARD_DAEMON_ROSTER_H

/*
 * How many sessions a peer has: as many as are configured, and more while more clients than that
 * wait for one. Sessions beyond the configured number last no longer than the demand.
 */

struct peer;
struct session;

/*
 * Have as many as there are to be; those that are new wait for their turn. 0, or -ENOMEM with as
 * many as there were. Not from within the events of a session.
 */
int roster_resize(struct peer *peer);

/* So many clients wait. What follows from it comes with roster_resize(). */
void roster_demand(struct peer *peer, unsigned clients);

/* The session has just given its socket away: it begins anew, unless it is one too many now. */
void roster_given(struct session *session);

/* It is there for clients that wait, and not otherwise. */
int roster_is_extra(const struct session *session);

#endif
