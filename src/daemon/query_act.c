/* SPDX-License-Identifier: ISC */
#include "daemon/query.h"

/* What changes something: Probe, Reconnect, Reload. */

#include <jansson.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "daemon/guard.h"
#include "daemon/interface.h"
#include "daemon/peer.h"
#include "daemon/service.h"
#include "daemon/tuner.h"
#include "host/text.h"

#define SCHEMA_VERSION 1

#define NO_ANSWER UINT32_MAX

#define PROBE_PATIENCE_MS 10000
#define PROBE_LONGEST_MS  600000
#define PROBE_LOOK_MS	  25 /* nobody tells us that an answer is there, so we look */

/* --- Probe ------------------------------------------------------------------------------------ */

static void
on_timer(struct wake *wake, unsigned what)
{
	struct query *q = container_of(wake, struct query, timer);

	(void)what;
	q->ready(q);
}

static int
probe_begin(struct query *q, const json_t *parameters)
{
	static const char *const known[] = {"peers", "timeout_ms", NULL};
	const json_t *timeout = json_object_get(parameters, "timeout_ms");
	json_int_t ms = json_is_integer(timeout) ? json_integer_value(timeout) : PROBE_PATIENCE_MS;

	if (query_only(q, parameters, known) < 0 || query_take_some_peers(q, parameters) < 0)
		return -1;
	if ((timeout != NULL && !json_is_integer(timeout) && !json_is_null(timeout)) || ms < 0 ||
	    ms > PROBE_LONGEST_MS) {
		varlink_refuse(q->varlink, VARLINK_BAD_PARAMETER, "parameter", "timeout_ms");
		return -1;
	}
	q->head = json_pack("{s:i}", "schema_version", SCHEMA_VERSION);
	if (q->head == NULL || wake_init(q->service->loop, &q->timer, on_timer) < 0) {
		q->varlink->failed = true;
		return -1;
	}
	q->begun_ms = guard_now_ms(q->service->guard);
	q->end_ms = q->begun_ms + ms;
	query_walk(q);
	return 0;
}

/* A session that has changed its state since is not the one that was probed. */
static bool
is_answered(const struct query *q, const struct session *s)
{
	return session_state(s) == FSM_UP && s->since_ms <= q->begun_ms && !s->probing &&
	       s->answer_ms != NO_ANSWER;
}

static bool
is_settled(const struct query *q, const struct session *s)
{
	return !s->probing || guard_now_ms(q->service->guard) >= q->end_ms;
}

static void
put_probed(struct query *q, const struct session *s)
{
	bool up = session_state(s) == FSM_UP, answered = is_answered(q, s);
	struct conn *conn = (struct conn *)(uintptr_t)&s->conn;
	struct tcp_facts facts = {0};
	char remote[ADDRESS_TEXT_SIZE];
	json_t *item;

	if (up)
		s->peer->guard->ops->facts(conn, &facts);
	item = json_pack("{s:s s:i s:s s:s? s:b s:o s:o}", "peer", s->peer->config->name, "session",
	    (int)s->index, "state", facts.probes > 0 ? "suspect" : fsm_state_name(session_state(s)),
	    "remote", up ? address_text(&s->conn.remote, remote, sizeof(remote)) : NULL, "answered",
	    (int)answered, "answer_ms", answered ? json_integer(s->answer_ms) : json_null(),
	    "probes_unanswered", up ? json_integer(facts.probes) : json_null());
	varlink_item(q->varlink, item);
	json_decref(item);
}

/* False: all are being probed. */
static bool
probe_slice(struct query *q)
{
	for (unsigned i = 0; i < QUERY_SLICE; i++) {
		struct session *s = walk_session(&q->walk);

		if (s == NULL)
			return false;
		s->answer_ms = NO_ANSWER;
		tuner_probe(s);
	}
	return true;
}

/* The next one that is to be told of; *ret_ahead is the walk behind it. */
static const struct session *
peek(const struct query *q, struct walk *ret_ahead)
{
	*ret_ahead = q->walk;
	return walk_session(ret_ahead);
}

/* First all are probed; then they are told of in their order, each once that is settled. */
static enum query_step
probe_step(struct query *q)
{
	const struct session *s;
	struct walk ahead;

	if (!q->acted) {
		q->acted = !probe_slice(q);
		if (q->acted)
			query_walk(q);
		return QUERY_GOES_ON;
	}
	s = peek(q, &ahead);
	if (s != NULL && !is_settled(q, s)) {
		wake_after(&q->timer, PROBE_LOOK_MS);
		return QUERY_WAITS;
	}
	query_open_list(q, "sessions");
	for (unsigned i = 0; i < QUERY_SLICE && s != NULL && is_settled(q, s); i++) {
		put_probed(q, s);
		q->walk = ahead;
		s = peek(q, &ahead);
	}
	return query_close_list(q, s == NULL);
}

const struct query_method query_probe = {
    .name = "io.kaguard.Probe", .acts = true, .begin = probe_begin, .step = probe_step};

/* --- Reconnect -------------------------------------------------------------------------------- */

static int
reconnect_begin(struct query *q, const json_t *parameters)
{
	static const char *const known[] = {"peers", NULL};

	if (query_only(q, parameters, known) < 0 || query_take_some_peers(q, parameters) < 0)
		return -1;
	query_walk(q);
	return 0;
}

/* One record for all of them, whatever their number: somebody asked for it, and knows. */
static void
report_reconnect(struct query *q)
{
	struct report *report = &q->service->guard->report;
	struct journal_fields fields = JOURNAL_NO_FIELDS;
	char text[256];

	fields.peer = q->name[0];
	snprintf(text, sizeof(text),
	    "%s%s: %u session%s closed by us, to be opened anew: user %u has asked for it",
	    q->name[0], q->n_names > 1 ? " and others" : "", q->n_closed,
	    q->n_closed == 1 ? "" : "s", (unsigned)q->caller.uid);
	report->say(report, MESSAGE_SESSION_CLOSED, LOG_NOTICE, &fields, text);
}

static enum query_step
reconnect_step(struct query *q)
{
	struct peer *peer = NULL;

	for (unsigned i = 0; i < QUERY_SLICE; i++) {
		struct session *s = walk_session(&q->walk);

		if (peer != NULL && (s == NULL || s->peer != peer))
			peer_pump(peer);
		if (s == NULL) {
			report_reconnect(q);
			varlink_reply(q->varlink,
			    json_pack("{s:i s:i s:i}", "schema_version", SCHEMA_VERSION, "sessions",
				(int)q->n_sessions, "closed", (int)q->n_closed),
			    false);
			return QUERY_ENDS;
		}
		peer = s->peer;
		q->n_sessions++;
		q->n_closed += session_state(s) == FSM_UP;
		peer_renew(peer, s);
	}
	peer_pump(peer);
	return QUERY_GOES_ON;
}

const struct query_method query_reconnect = {
    .name = "io.kaguard.Reconnect", .acts = true, .begin = reconnect_begin, .step = reconnect_step};

/* --- Reload ----------------------------------------------------------------------------------- */

/* Positions count from 1; 0 is none. */
static json_t *
position(unsigned number)
{
	return number > 0 ? json_integer(number) : json_null();
}

/* What stands in a file may be no text at all. */
static json_t *
line_json(const char *text)
{
	char line[1024];

	if (text == NULL)
		return json_null();
	text_line(line, sizeof(line), text, strlen(text));
	return json_string(line);
}

static json_t *
remark_json(const struct remark *remark)
{
	return json_pack("{s:s s:o s:o s:o s:o s:o s:o}", "severity",
	    remark->severity == REMARK_ERROR ? "error" : "warning", "file", line_json(remark->file),
	    "line", position(remark->line), "column", position(remark->column), "text",
	    line_json(remark->text), "source", line_json(remark->source), "caret",
	    position(remark->source != NULL ? remark->caret : 0));
}

static json_t *
remarks_json(const struct remarks *remarks)
{
	json_t *list = json_array();

	for (size_t i = 0; i < remarks->n; i++)
		json_array_append_new(list, remark_json(&remarks->list[i]));
	return list;
}

static int
reload_begin(struct query *q, const json_t *parameters)
{
	static const char *const known[] = {NULL};
	struct service_answer answer = {0};
	json_t *remarks;

	if (query_only(q, parameters, known) < 0)
		return -1;
	q->service->reload(q->service, &answer);
	remarks = remarks_json(&answer.remarks);
	remarks_clear(&answer.remarks);
	if (answer.error < 0)
		varlink_error(q->varlink, INTERFACE_NAME ".ReloadFailed",
		    json_pack("{s:s s:o}", "text", answer.text, "remarks", remarks));
	else
		varlink_reply(q->varlink,
		    json_pack("{s:i s:s s:o}", "schema_version", SCHEMA_VERSION, "changes",
			answer.text, "remarks", remarks),
		    false);
	return 0;
}

const struct query_method query_reload = {
    .name = "io.kaguard.Reload", .acts = true, .begin = reload_begin};
