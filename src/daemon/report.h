/* SPDX-License-Identifier: ISC */
#ifndef KAGUARD_DAEMON_REPORT_H
#define KAGUARD_DAEMON_REPORT_H

/*
 * What the sessions' changes are told as: the words, and how loud. The first failure of its kind is
 * a warning, repetitions are for debugging, the recovery is one notice with the sum; of many at
 * once daemon/storm tells the count.
 */

#include <stdbool.h>
#include <stdint.h>

#include "daemon/autopsy.h"
#include "host/journal.h"
#include "net/sockopt.h"
#include "policy/diagnosis.h"
#include "policy/fsm.h"
#include "policy/learn.h"

struct guard;
struct peer;
struct session;

struct report {
	/* Where it goes. */
	void (*say)(struct report *report, enum message message, int priority,
	    const struct journal_fields *fields, const char *text);
	bool (*wants)(struct report *report, int priority);
};

void report_state(struct session *session, enum fsm_state old, enum fsm_event event);
void report_up(struct session *session, int64_t down_ms, unsigned attempts, int64_t rtt_us);
void report_lost(struct session *session, const struct report_death *what);
void report_failed(struct session *session, int64_t retry_ms);
void report_closed(struct session *session, const char *why);
void report_refusal(struct session *session, const struct sockopt_refusal *refusal);
void report_flood(struct session *session);
void report_plan(struct peer *peer, bool possible);

/* What was learnt about the peer's firewall; `possible`: and put in force. */
void report_lesson(struct peer *peer, const struct lesson *lesson, bool possible);

#endif
