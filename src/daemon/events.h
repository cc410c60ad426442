/* SPDX-License-Identifier: ISC */
#ifndef KAGUARD_DAEMON_EVENTS_H
#define KAGUARD_DAEMON_EVENTS_H

/* The last things that were said, for those who ask later. */

#include <stdint.h>

#include "config/config.h"
#include "host/journal.h"
#include "net/address.h"

#define EVENTS_KEPT 256
#define EVENTS_TEXT 256

/* Less important ones are for debugging, and not kept. */
#define EVENTS_PRIORITY LOG_INFO

struct event {
	uint64_t number; /* from 1 on, without gaps */
	int64_t time_ms; /* of the day */
	enum message message;
	int priority;
	const char *reason;				     /* a literal, or NULL */
	int64_t session, idle_ms, rtt_us, retry_ms, attempt; /* -1: none */
	int error;
	char peer[CONFIG_MAX_NAME + 1]; /* "": none, as in the texts that follow */
	char state[12], old_state[12];
	char remote[ADDRESS_TEXT_SIZE], local[ADDRESS_TEXT_SIZE];
	char text[EVENTS_TEXT];
};

struct events {
	uint64_t n;			      /* ever */
	void (*added)(struct events *events); /* may be NULL */
	struct event *ring;		      /* of EVENTS_KEPT */
};

/* 0, or -ENOMEM. */
int events_init(struct events *events);
void events_clear(struct events *events);

/* `fields` may be NULL; reasons in it are literals. */
void events_add(struct events *events, enum message message, int priority,
    const struct journal_fields *fields, const char *text);

/* The number of the oldest one that is there; one more than the last where there is none. */
uint64_t events_first(const struct events *events);

/* That one, or NULL: it is no more, or not yet. */
const struct event *events_at(const struct events *events, uint64_t number);

#endif
