/* SPDX-License-Identifier: ISC */
#include "daemon/desk.h"

#include <stddef.h>
#include <stdio.h>

#include "daemon/guard.h"
#include "host/wallclock.h"

static void
on_event(struct events *events)
{
	clients_news(&container_of(events, struct desk, events)->clients);
}

int
desk_open(struct desk *desk, struct loop *loop, struct guard *guard,
    void (*reload)(struct service *, struct service_answer *))
{
	int r;

	desk->service.loop = loop;
	desk->service.guard = guard;
	desk->service.events = &desk->events;
	desk->service.clients = &desk->clients;
	desk->service.started_ms = desk->service.loaded_ms = wallclock_now_ms();
	desk->service.reload = reload;
	r = clients_init(&desk->clients, &desk->service);
	if (r == 0)
		r = events_init(&desk->events);
	desk->events.added = on_event;
	return r;
}

void
desk_configure(struct desk *desk, const char *socket_path)
{
	struct report *report = &desk->service.guard->report;
	struct journal_fields none = JOURNAL_NO_FIELDS;
	char why[256], text[384];

	if (clients_listen(&desk->clients, socket_path, why, sizeof(why)) == 0) {
		desk->refused = false;
		return;
	}
	snprintf(text, sizeof(text), "no control socket, so kaguardctl cannot ask: %s", why);
	if (!desk->refused)
		report->say(report, MESSAGE_NO_CONTROL, LOG_WARNING, &none, text);
	desk->refused = true;
}

void
desk_close(struct desk *desk)
{
	desk->events.added = NULL;
	clients_clear(&desk->clients);
	events_clear(&desk->events);
}

void
desk_heard(struct desk *desk, enum message message, int priority,
    const struct journal_fields *fields, const char *text)
{
	events_add(&desk->events, message, priority, fields, text);
}

void
desk_loaded(struct desk *desk, int error)
{
	desk->service.load_failed = error < 0;
	if (error >= 0)
		desk->service.loaded_ms = wallclock_now_ms();
}
