/* SPDX-License-Identifier: ISC */
#include "daemon/view.h"

#include <jansson.h>

#include "daemon/events.h"
#include "daemon/guard.h"
#include "daemon/path.h"
#include "daemon/peer.h"
#include "daemon/planview.h"
#include "host/wallclock.h"

/* An object that is being filled. What is not there is null, so that every object has all keys. */
struct filler {
	json_t *object;
	bool failed;
};

static void
set(struct filler *f, const char *key, json_t *value)
{
	if (json_object_set_new_nocheck(f->object, key, value) != 0)
		f->failed = true;
}

static void
set_text(struct filler *f, const char *key, const char *text)
{
	set(f, key, text != NULL && text[0] != '\0' ? json_string(text) : json_null());
}

/* Negative: none. */
static void
set_number(struct filler *f, const char *key, int64_t number)
{
	set(f, key, number >= 0 ? json_integer(number) : json_null());
}

static void
set_time(struct filler *f, const char *key, int64_t ms)
{
	char text[WALLCLOCK_TEXT];

	set_text(f, key, wallclock_text(ms, text));
}

/*
 * When the kernel probes next, if it hears nothing until then: after the idle time, and then at
 * the interval. Its timers may be late by 8/63 of their value. -1: it does not, since data is under
 * way, which it sends again instead.
 */
static int64_t
next_probe_ms(const struct session *s, const struct tcp_facts *facts)
{
	const struct plan *plan = &s->peer->plan;
	int64_t at_ms = plan_jitter_idle_s(plan, (uint32_t)s->jitter << 16) * INT64_C(1000);

	if (facts->data_in_flight)
		return -1;
	at_ms += plan->interval_s * INT64_C(1000) * facts->probes;
	return at_ms > facts->idle_ms ? at_ms - facts->idle_ms : 0;
}

/* What the kernel knows of it. False: there is no socket. */
static bool
see(const struct session *s, struct tcp_facts *ret)
{
	struct conn *conn = (struct conn *)(uintptr_t)&s->conn;

	if (session_state(s) == FSM_UP && s->peer->guard->ops->facts(conn, ret) == 0)
		return true;
	*ret = (struct tcp_facts){.idle_ms = -1, .rtt_us = -1, .rtt_age_ms = -1};
	return false;
}

static void
fill_live(struct filler *f, const struct session *s, const struct tcp_facts *facts, bool live)
{
	set_number(f, "idle_ms", facts->idle_ms);
	set_number(f, "probes_unanswered", live ? (int64_t)facts->probes : -1);
	set_number(f, "probes_allowed", live ? s->peer->plan.count : -1);
	set_number(f, "next_probe_ms", live ? next_probe_ms(s, facts) : -1);
	set_number(f, "rtt_us", facts->rtt_us);
	set_number(f, "rtt_age_ms", facts->rtt_age_ms);
}

static void
fill_addresses(struct filler *f, const struct session *s)
{
	char remote[ADDRESS_TEXT_SIZE] = "", local[ADDRESS_TEXT_SIZE] = "";

	if (session_state(s) == FSM_UP) {
		address_text(&s->conn.remote, remote, sizeof(remote));
		address_text(&s->conn.local, local, sizeof(local));
	}
	set_text(f, "address", s->peer->config->address);
	set_text(f, "remote", remote);
	set_text(f, "local", local);
}

bool
view_session(json_t *object, const struct session *s)
{
	struct filler f = {.object = object};
	int64_t age_ms = guard_now_ms(s->peer->guard) - s->since_ms, retry_ms = -1;

	struct tcp_facts facts;
	bool live = see(s, &facts);

	if (session_state(s) == FSM_BACKOFF)
		retry_ms = s->delay_ms > age_ms ? s->delay_ms - age_ms : 0;
	set_text(&f, "peer", s->peer->config->name);
	set_number(&f, "session", s->index);
	set_text(
	    &f, "state", live && facts.probes > 0 ? "suspect" : fsm_state_name(session_state(s)));
	set_time(&f, "since", wallclock_now_ms() - age_ms);
	set_number(&f, "age_ms", age_ms);
	fill_live(&f, s, &facts, live);
	fill_addresses(&f, s);
	set_number(&f, "retry_ms", retry_ms);
	set_number(&f, "reconnects", s->reconnects);
	set_text(&f, "last_reason", diagnosis_name((enum reason)s->reason));
	set_number(&f, "discarded_bytes", (int64_t)s->conn.discarded);
	return !f.failed;
}

json_t *
view_event(const struct event *event)
{
	struct filler f = {.object = json_object()};

	set_number(&f, "number", (int64_t)event->number);
	set_time(&f, "time", event->time_ms);
	set_number(&f, "priority", event->priority);
	set_text(&f, "message_id", message_id(event->message));
	set_text(&f, "message", message_name(event->message));
	set_text(&f, "text", event->text);
	set_text(&f, "peer", event->peer);
	set_number(&f, "session", event->session);
	set_text(&f, "state", event->state);
	set_text(&f, "old_state", event->old_state);
	set_text(&f, "reason", event->reason);
	set_text(&f, "remote", event->remote);
	set_text(&f, "local", event->local);
	set_number(&f, "idle_ms", event->idle_ms);
	set_number(&f, "rtt_us", event->rtt_us);
	set_number(&f, "retry_ms", event->retry_ms);
	set_number(&f, "attempt", event->attempt);
	set_number(&f, "errno", event->error != 0 ? event->error : -1);
	if (f.failed) {
		json_decref(f.object);
		return NULL;
	}
	return f.object;
}

json_t *
view_plan(const struct peer *peer)
{
	struct planview view = {
	    .peer = peer->config, .plan = &peer->plan, .learnt_ms = learn_tighter_ms(&peer->learn)};
	struct survey survey;

	if (peer->path != NULL) {
		survey = peer->path->survey;
		survey.measured_ms -= guard_now_ms(peer->guard);
		view.survey = &survey;
	}
	return planview_json(&view);
}
