/* SPDX-License-Identifier: ISC */
#include "daemon/query.h"

/* What is answered by a list: Status, Plan, Events. */

#include <jansson.h>

#include "config/config.h"
#include "daemon/events.h"
#include "daemon/guard.h"
#include "daemon/service.h"
#include "daemon/view.h"
#include "host/wallclock.h"
#include "policy/version.h"

#define SCHEMA_VERSION 1

static const char *const only_peers[] = {"peers", NULL};

void
query_open_list(struct query *q, const char *name)
{
	if (!q->begun || q->more)
		varlink_list(q->varlink, json_incref(q->head), name);
	q->begun = true;
}

enum query_step
query_close_list(struct query *q, bool ended)
{
	if (ended || q->more)
		varlink_list_end(q->varlink, !ended);
	return ended ? QUERY_ENDS : QUERY_GOES_ON;
}

static int
no_memory(struct query *q)
{
	q->varlink->failed = true;
	return -1;
}

static void
put_item(struct query *q, json_t *item)
{
	varlink_item(q->varlink, item);
	json_decref(item);
}

/* --- Status ----------------------------------------------------------------------------------- */

static int
status_begin(struct query *q, const json_t *parameters)
{
	const struct service *service = q->service;
	char now[WALLCLOCK_TEXT], started[WALLCLOCK_TEXT], text[512];
	struct guard_times times;
	struct summary summary;

	if (query_only(q, parameters, only_peers) < 0 || query_take_peers(q, parameters) < 0)
		return -1;
	guard_summarize(service->guard, &times, &summary);
	q->head = json_pack("{s:i s:s s:s s:s s:s s:s s:i s:i s:i}", "schema_version",
	    SCHEMA_VERSION, "version", KAGUARD_VERSION, "time",
	    wallclock_text(wallclock_now_ms(), now), "started",
	    wallclock_text(service->started_ms, started), "config", service->config_path, "summary",
	    summary_status(&summary, text, sizeof(text)), "peers_total", (int)summary.peers,
	    "sessions_total", (int)summary.sessions, "sessions_up", (int)summary.up);
	q->row = json_object();
	if (q->head == NULL || q->row == NULL)
		return no_memory(q);
	query_walk(q);
	return 0;
}

static enum query_step
status_step(struct query *q)
{
	const struct session *session = NULL;

	query_open_list(q, "sessions");
	for (unsigned i = 0; i < QUERY_SLICE; i++) {
		session = walk_session(&q->walk);
		if (session == NULL)
			break;
		if (!view_session(q->row, session))
			q->varlink->failed = true;
		varlink_item(q->varlink, q->row);
	}
	return query_close_list(q, session == NULL);
}

const struct query_method query_status = {
    .name = "io.kaguard.Status", .begin = status_begin, .step = status_step};

/* --- Plan ------------------------------------------------------------------------------------- */

static int
plan_begin(struct query *q, const json_t *parameters)
{
	if (query_only(q, parameters, only_peers) < 0 || query_take_peers(q, parameters) < 0)
		return -1;
	q->head = json_pack("{s:i}", "schema_version", SCHEMA_VERSION);
	if (q->head == NULL)
		return no_memory(q);
	query_walk(q);
	return 0;
}

static enum query_step
plan_step(struct query *q)
{
	const struct peer *peer = NULL;

	query_open_list(q, "peers");
	for (unsigned i = 0; i < QUERY_SLICE; i++) {
		peer = walk_peer(&q->walk);
		if (peer == NULL)
			break;
		put_item(q, view_plan(peer));
	}
	return query_close_list(q, peer == NULL);
}

const struct query_method query_plan = {
    .name = "io.kaguard.Plan", .begin = plan_begin, .step = plan_step};

/* --- Events ----------------------------------------------------------------------------------- */

static int
events_begin(struct query *q, const json_t *parameters)
{
	if (query_only(q, parameters, only_peers) < 0 || query_take_peers(q, parameters) < 0)
		return -1;
	q->next_event = events_first(q->service->events);
	return 0;
}

/* Those who read too slowly miss some, and are told how many. */
static bool
open_events(struct query *q)
{
	uint64_t first = events_first(q->service->events);
	uint64_t missed = first > q->next_event ? first - q->next_event : 0;

	q->next_event += missed;
	json_decref(q->head);
	q->head =
	    json_pack("{s:i s:I}", "schema_version", SCHEMA_VERSION, "missed", (json_int_t)missed);
	if (q->head == NULL)
		return no_memory(q) == 0;
	query_open_list(q, "events");
	return true;
}

static enum query_step
events_step(struct query *q)
{
	const struct events *events = q->service->events;

	if (q->begun && q->next_event > events->n)
		return QUERY_WAITS;
	if (!open_events(q))
		return QUERY_ENDS;
	for (unsigned i = 0; i < QUERY_SLICE && q->next_event <= events->n; i++) {
		const struct event *event = events_at(events, q->next_event++);

		if (query_names(q, event->peer))
			put_item(q, view_event(event));
	}
	if (q->more)
		varlink_list_end(q->varlink, true);
	else if (q->next_event > events->n)
		return query_close_list(q, true);
	return QUERY_GOES_ON;
}

const struct query_method query_events = {
    .name = "io.kaguard.Events", .begin = events_begin, .step = events_step};
