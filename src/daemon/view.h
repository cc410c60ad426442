/* SPDX-License-Identifier: ISC */
#ifndef KAGUARD_DAEMON_VIEW_H
#define KAGUARD_DAEMON_VIEW_H

/* Sessions, events and plans as the JSON that the control socket hands out. */

#include <stdbool.h>

struct config_peer;
struct event;
struct json_t;
struct peer;
struct session;

/*
 * A session. One object is filled again and again, since many are asked for at a time: what it
 * takes to make it anew would be most of the work. False: there is no memory.
 */
bool view_session(struct json_t *object, const struct session *session);

/* NULL where there is no memory. */
struct json_t *view_event(const struct event *event);

/* The plan in force, which may differ from the configured one: the round trip is longer. */
struct json_t *view_plan(const struct peer *peer);

#endif
