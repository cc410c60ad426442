/* SPDX-License-Identifier: ISC */
#ifndef KAGUARD_DAEMON_DESK_H
#define KAGUARD_DAEMON_DESK_H

/*
 * Where the daemon is asked: the control socket, and the events that are remembered for it.
 * Without it all else goes on.
 */

#include "daemon/clients.h"
#include "daemon/events.h"
#include "daemon/service.h"

struct desk {
	struct service service;
	struct events events;
	struct clients clients;
	bool refused; /* the socket that is wanted cannot be had, and that was told */
};

/* `reload` is what Reload calls. 0, or -ENOMEM. */
int desk_open(struct desk *desk, struct loop *loop, struct guard *guard,
    void (*reload)(struct service *, struct service_answer *));

/* Be where the configuration says. */
void desk_configure(struct desk *desk, const char *socket_path);

/* The configuration was loaded again, or could not be: negative errno. */
void desk_loaded(struct desk *desk, int error);

/* All zero is fine. */
void desk_close(struct desk *desk);

/* Something was said, as struct report says it; `fields` may be NULL. */
void desk_heard(struct desk *desk, enum message message, int priority,
    const struct journal_fields *fields, const char *text);

#endif
