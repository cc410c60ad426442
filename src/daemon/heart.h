/* SPDX-License-Identifier: ISC */
#ifndef KAGUARD_DAEMON_HEART_H
#define KAGUARD_DAEMON_HEART_H

/*
 * The heartbeats: bytes for the peer's application where a session has been quiet, and a watch for
 * the answer. The kernel knows when data was last seen, so nothing is noted meanwhile; one timer
 * serves for all sessions, and those of peers without a heartbeat have no part in any of it.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "net/conn.h"

struct guard;
struct heart;
struct peer;
struct session;

/* Have room for the peer's n sessions, if it has a heartbeat. 0, or -ENOMEM with what there was. */
int heart_resize(struct peer *peer, unsigned n);

/* The peer's heartbeat is another one, or there is one now, or none. 0, or -ENOMEM with none. */
int heart_change(struct peer *peer);

/* Where no session is up, or each was told heart_end(). */
void heart_free(struct peer *peer);

/*
 * The session has come up; `adopted`: it has been so for longer. A beat of before that is under way
 * counts as data: its answer, or none, is of no consequence.
 */
void heart_begin(struct session *session, bool adopted);

/* It is up no more. */
void heart_end(struct session *session);

/* What came for a session that is listening, for struct net. */
void heart_data(struct conn *conn, const char *data, size_t len);

/* When heart_run() has something to do; -1: never. */
int64_t heart_due_ms(const struct guard *guard);

/* Send and judge what is due by now, or some of it: then more is due at once. */
void heart_run(struct guard *guard);

/*
 * Neither our side nor the network was there for a while, so that no answer could come: those that
 * are awaited have their time from now on.
 */
void heart_excuse(struct guard *guard);

/* The host was asleep: no clock says for how long the sessions were quiet. */
void heart_awake(struct guard *guard);

/* A beat is unanswered for longer than half of its time. */
bool heart_is_late(const struct session *session);

/* In its life, as far as it is known, the session has never answered one. */
bool heart_is_unproven(const struct session *session);

/* Why it is lost with REASON_HEARTBEAT, for as long as it is being lost. Returns buf. */
char *heart_verdict(const struct session *session, char *buf, size_t size);

#endif
