/* SPDX-License-Identifier: ISC */
#include "daemon/report.h"

#include <errno.h>
#include <inttypes.h>
#include <netdb.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "daemon/forward.h"
#include "daemon/guard.h"
#include "daemon/obituary.h"
#include "daemon/peer.h"
#include "policy/summary.h"
#include "policy/timespan.h"
#include "policy/words.h"

#define TEXT_SIZE 512

/* The record about one session: its fields, filled as far as they apply, and where texts live. */
struct draft {
	struct journal_fields fields;
	char remote[ADDRESS_TEXT_SIZE], local[ADDRESS_TEXT_SIZE];
	char text[TEXT_SIZE];
	char extra[OBITUARY_EXTRA];
};

static struct report *
report_of(const struct peer *peer)
{
	return &peer->guard->report;
}

static void
draft_begin(struct draft *d, const struct session *s)
{
	d->fields = JOURNAL_NO_FIELDS;
	d->fields.peer = s->peer->config->name;
	d->fields.session = s->index;
	d->fields.state = fsm_state_name(session_state(s));
	d->text[0] = '\0';
}

static void
draft_addresses(struct draft *d, const struct session *s)
{
	d->fields.remote = address_text(&s->conn.remote, d->remote, sizeof(d->remote));
	d->fields.local = address_text(&s->conn.local, d->local, sizeof(d->local));
}

/* Append to the text. */
__attribute__((format(printf, 2, 3))) static void
add(struct draft *d, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	words_vadd(d->text, sizeof(d->text), format, args);
	va_end(args);
}

static void
add_span(struct draft *d, int64_t ms)
{
	char span[TIMESPAN_MAX];

	add(d, "%s", timespan_brief(ms, span, sizeof(span)));
}

static void
say(const struct session *s, enum message message, int priority, struct draft *d)
{
	struct report *report = report_of(s->peer);

	report->say(report, message, priority, &d->fields, d->text);
}

/*
 * Whether one of a kind that comes in storms is to be said: at the priority given if the storm
 * allows it, else counted, and said for debugging. Asked first, since the words cost more than all
 * else that a change does.
 */
static bool
admit(struct session *s, enum storm_kind kind, int *priority)
{
	struct report *report = report_of(s->peer);

	if (*priority < LOG_DEBUG && !storm_admit(s->peer->guard, kind, s))
		*priority = LOG_DEBUG;
	return report->wants(report, *priority);
}

void
report_state(struct session *s, enum fsm_state old, enum fsm_event event)
{
	struct report *report = report_of(s->peer);
	struct draft d;

	if (!report->wants(report, LOG_DEBUG))
		return;
	draft_begin(&d, s);
	d.fields.old_state = fsm_state_name(old);
	add(&d, "%s/%u: %s -> %s (%s)", d.fields.peer, s->index, d.fields.old_state, d.fields.state,
	    fsm_event_name(event));
	say(s, MESSAGE_STATE, LOG_DEBUG, &d);
}

/* Why the session before this one ended, where only this attempt has shown it. */
static void
add_verdict(struct draft *d, struct session *s)
{
	if (!s->diagnosis_news)
		return;
	s->diagnosis_news = false;
	obituary_add_verdict(d->text, sizeof(d->text), s);
	obituary_verdict_fields(d->extra, s);
	d->fields.extra = d->extra;
}

void
report_up(struct session *s, int64_t down_ms, unsigned attempts, int64_t rtt_us)
{
	bool again = s->was_up || attempts > 1;
	bool refill = !again && forward_is_used(s->peer);
	int priority = refill || (s->was_up && !s->lost_aloud) ? LOG_DEBUG
		       : again				       ? LOG_NOTICE
							       : LOG_INFO;
	struct draft d;

	if (!admit(s, STORM_UP, &priority))
		return;
	draft_begin(&d, s);
	draft_addresses(&d, s);
	d.fields.old_state = fsm_state_name(FSM_CONNECTING);
	d.fields.rtt_us = rtt_us;
	d.fields.attempt = attempts;
	add(&d, "%s/%u: up", d.fields.peer, s->index);
	if (again) {
		add(&d, " after %u attempt%s, down for ", attempts, attempts == 1 ? "" : "s");
		add_span(&d, down_ms);
	}
	add(&d, ": %s -> %s", d.fields.local, d.fields.remote);
	if (s->was_up) {
		d.fields.reason = diagnosis_name((enum reason)s->reason);
		add_verdict(&d, s);
	}
	say(s, MESSAGE_SESSION_UP, priority, &d);
}

/* One that had lasted is news. One that is lost again and again, by a server that takes and drops
 * sessions, is so once, and when their number has doubled; and when there is a rule to it. */
static int
loss_priority(struct session *s, const struct report_death *what)
{
	bool many = s->flaps >= 4 && (s->flaps & (s->flaps - 1)) == 0;
	bool rule = what->cause != CAUSE_NONE && !s->peer->habit_told;

	s->peer->habit_told |= rule;
	return s->flaps > 1 && !many && !rule ? LOG_DEBUG : LOG_WARNING;
}

void
report_lost(struct session *s, const struct report_death *what)
{
	int priority = loss_priority(s, what);
	struct draft d;

	s->lost_aloud = priority < LOG_DEBUG;
	if (!admit(s, STORM_LOST, &priority))
		return;
	draft_begin(&d, s);
	draft_addresses(&d, s);
	d.fields.state = fsm_state_name(FSM_BACKOFF);
	d.fields.old_state = fsm_state_name(FSM_UP);
	if (s->reason != REASON_PENDING)
		d.fields.reason = diagnosis_name((enum reason)s->reason);
	d.fields.idle_ms = what->death.idle_ms;
	d.fields.error = what->death.error;
	add(&d, "%s/%u: lost after ", d.fields.peer, s->index);
	add_span(&d, what->death.age_ms);
	add(&d, ": ");
	obituary_add_end(d.text, sizeof(d.text), s, what);
	obituary_end_fields(d.extra, what);
	d.fields.extra = d.extra;
	if (s->flaps >= 4)
		add(&d, "; it did not last %u times in a row", s->flaps);
	say(s, MESSAGE_SESSION_LOST, priority, &d);
}

static const char *
error_text(int error)
{
	return error < 0 ? gai_strerror(error) : strerror(error);
}

static void
add_failure(struct draft *d, const struct session *s)
{
	const struct config_peer *config = s->peer->config;

	if (s->reason == REASON_UNRESOLVED)
		add(d, "cannot resolve %s", config->host);
	else if (s->reason == REASON_LOCAL)
		add(d, "no attempt to reach %s, our side cannot", config->address);
	else
		add(d, "cannot connect to %s", config->address);
	add(d, ": %s", error_text(s->error));
}

/* Local trouble of a kind that all peers have: too few of something, or no way out. The others come
 * from what is configured for the peer, such as bind and device, or of a rule about it. */
static bool
is_shared(const struct session *s)
{
	return s->reason == REASON_LOCAL && s->error != EADDRNOTAVAIL && s->error != ENODEV &&
	       s->error != EAFNOSUPPORT && s->error != EACCES && s->error != EPERM;
}

/* A failure is told once until a session has lasted; what all peers have, once for all of them. */
static bool
failure_is_news(struct session *s)
{
	struct peer *peer = s->peer;
	uint32_t bit = 1u << s->reason;
	bool news = !(peer->told & bit);

	if (is_shared(s)) {
		news = peer->guard->local_teller == NULL;
		if (news)
			peer->guard->local_teller = peer;
	}
	peer->told |= bit;
	return news;
}

void
report_failed(struct session *s, int64_t retry_ms)
{
	bool local = s->reason == REASON_LOCAL;
	bool news = !s->peer->away && failure_is_news(s);
	int priority = news ? LOG_WARNING : LOG_DEBUG;
	struct draft d;

	s->peer->last_reason = s->reason;
	if (!is_shared(s) && !admit(s, STORM_FAILED, &priority))
		return;
	draft_begin(&d, s);
	d.fields.old_state = d.fields.state;
	d.fields.state = fsm_state_name(retry_ms < 0 ? FSM_IDLE : FSM_BACKOFF);
	d.fields.reason = diagnosis_name((enum reason)s->reason);
	d.fields.remote = s->peer->config->address;
	d.fields.retry_ms = retry_ms;
	d.fields.attempt = s->peer->failed_attempts;
	d.fields.error = s->error > 0 ? s->error : 0;
	add(&d, "%s/%u: ", d.fields.peer, s->index);
	add_failure(&d, s);
	add_verdict(&d, s);
	if (retry_ms >= 0) {
		add(&d, "; next attempt in ");
		add_span(&d, retry_ms);
	}
	say(s, local ? MESSAGE_LOCAL_TROUBLE : MESSAGE_ATTEMPT_FAILED, priority, &d);
}

void
report_closed(struct session *s, const char *why)
{
	int priority = LOG_INFO;
	struct draft d;

	if (session_state(s) != FSM_UP || !admit(s, STORM_CLOSED, &priority))
		return;
	draft_begin(&d, s);
	draft_addresses(&d, s);
	d.fields.old_state = d.fields.state;
	d.fields.state = fsm_state_name(FSM_IDLE);
	add(&d, "%s/%u: closed by us: %s", d.fields.peer, s->index, why);
	say(s, MESSAGE_SESSION_CLOSED, priority, &d);
}

void
report_refusal(struct session *s, const struct sockopt_refusal *refusal)
{
	struct draft d;

	if (s->peer->option_told)
		return;
	s->peer->option_told = true;
	draft_begin(&d, s);
	draft_addresses(&d, s);
	d.fields.error = refusal->error;
	add(&d, "%s/%u: the kernel did not take %s=%d", d.fields.peer, s->index, refusal->option,
	    refusal->wanted);
	if (refusal->error != 0)
		add(&d, ": %s", strerror(refusal->error));
	else
		add(&d, " and has %d instead", refusal->got);
	add(&d, "; this session may not be protected");
	say(s, MESSAGE_OPTION_REFUSED, LOG_ERR, &d);
}

void
report_flood(struct session *s)
{
	struct draft d;

	draft_begin(&d, s);
	draft_addresses(&d, s);
	add(&d,
	    "%s/%u: the peer has sent %" PRIu64
	    " bytes, which are thrown away: is the address the right one?",
	    d.fields.peer, s->index, s->conn.discarded);
	say(s, MESSAGE_PEER_SENDS, LOG_NOTICE, &d);
}

void
report_plan(struct peer *peer, bool possible)
{
	struct report *report = report_of(peer);
	struct journal_fields fields = JOURNAL_NO_FIELDS;
	char text[TEXT_SIZE];

	fields.peer = peer->config->name;
	if (possible)
		snprintf(text, sizeof(text),
		    "%s: planned anew for round trips of up to %" PRId64
		    " ms: probe after %ds, then every %ds",
		    fields.peer, peer->plan_rtt_ms, peer->plan.idle_s, peer->plan.interval_s);
	else
		snprintf(text, sizeof(text),
		    "%s: round trips of up to %" PRId64
		    " ms are too long for what its keepalive promises; going on with the old plan",
		    fields.peer, peer->plan_rtt_ms);
	report->say(
	    report, MESSAGE_PLAN_CHANGED, possible ? LOG_NOTICE : LOG_WARNING, &fields, text);
}

void
report_lesson(struct peer *peer, const struct lesson *lesson, bool possible)
{
	struct report *report = report_of(peer);
	struct journal_fields fields = JOURNAL_NO_FIELDS;
	char text[TEXT_SIZE] = "", extra[OBITUARY_EXTRA];

	fields.peer = peer->config->name;
	fields.reason = diagnosis_name(REASON_EXPIRED);
	fields.extra = extra;
	obituary_add_lesson(text, sizeof(text), peer, possible ? lesson : NULL);
	obituary_lesson_fields(extra, peer, possible ? lesson : NULL);
	report->say(report, MESSAGE_LEARNT, LOG_WARNING, &fields, text);
}
