/* SPDX-License-Identifier: ISC */
#include "daemon/events.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "host/text.h"
#include "host/wallclock.h"

int
events_init(struct events *events)
{
	/* Memory that was never written to takes none. */
	events->ring = calloc(EVENTS_KEPT, sizeof(*events->ring));
	return events->ring != NULL ? 0 : -ENOMEM;
}

void
events_clear(struct events *events)
{
	free(events->ring);
	events->ring = NULL;
}

static void
copy(char *to, size_t size, const char *from)
{
	text_line(to, size, from != NULL ? from : "", from != NULL ? strlen(from) : 0);
}

static void
take_fields(struct event *event, const struct journal_fields *fields)
{
	copy(event->peer, sizeof(event->peer), fields->peer);
	copy(event->state, sizeof(event->state), fields->state);
	copy(event->old_state, sizeof(event->old_state), fields->old_state);
	copy(event->remote, sizeof(event->remote), fields->remote);
	copy(event->local, sizeof(event->local), fields->local);
	event->reason = fields->reason;
	event->session = fields->session;
	event->idle_ms = fields->idle_ms;
	event->rtt_us = fields->rtt_us;
	event->retry_ms = fields->retry_ms;
	event->attempt = fields->attempt;
	event->error = (int)fields->error;
}

void
events_add(struct events *events, enum message message, int priority,
    const struct journal_fields *fields, const char *text)
{
	struct event *event;

	/* A table that was asked for is no event, and would leave no other in the ring. */
	if (events->ring == NULL || priority > EVENTS_PRIORITY || message == MESSAGE_TABLE)
		return;
	event = &events->ring[events->n % EVENTS_KEPT];
	event->number = ++events->n;
	event->time_ms = wallclock_now_ms();
	event->message = message;
	event->priority = priority;
	take_fields(event, fields != NULL ? fields : &JOURNAL_NO_FIELDS);
	copy(event->text, sizeof(event->text), text);
	if (events->added != NULL)
		events->added(events);
}

uint64_t
events_first(const struct events *events)
{
	return events->n > EVENTS_KEPT ? events->n - EVENTS_KEPT + 1 : 1;
}

const struct event *
events_at(const struct events *events, uint64_t number)
{
	if (number < events_first(events) || number > events->n)
		return NULL;
	return &events->ring[(number - 1) % EVENTS_KEPT];
}
