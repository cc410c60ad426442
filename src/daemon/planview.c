/* SPDX-License-Identifier: ISC */
#include "daemon/planview.h"

#include <jansson.h>
#include <stdbool.h>
#include <string.h>

#include "config/config.h"
#include "policy/survey.h"

/* Whole seconds are an integer. */
static json_t *
seconds(int64_t ms)
{
	return ms % 1000 == 0 ? json_integer(ms / 1000) : json_real((double)ms / 1000);
}

/* What was measured, if that has come to anything. */
static json_t *
survey_json(const struct survey *survey)
{
	bool any = survey != NULL && survey->outcome != SURVEY_UNKNOWN;

	return json_pack("{s:b s:s? s:o s:o s:b}", "auto", (int)(survey != NULL), "measured",
	    any ? survey_outcome_name(survey->outcome) : NULL, "measured_s",
	    any ? seconds(survey->firewall_ms) : json_null(), "measured_age_ms",
	    any ? json_integer(-survey->measured_ms) : json_null(), "contradicted",
	    (int)(any && survey->contradicted));
}

void
planview_bytes(const char *bytes, size_t len, char ret_text[PLANVIEW_BYTES])
{
	const struct expect expect = {.bytes = bytes, .len = len};
	size_t n;

	n = strlen(expect_text(&expect, ret_text, PLANVIEW_BYTES));
	memmove(ret_text, ret_text + 1, n - 2);
	ret_text[n - 2] = '\0';
}

static json_t *
heartbeat_json(const struct config_heartbeat *heartbeat)
{
	char send[PLANVIEW_BYTES], expect[PLANVIEW_BYTES];
	bool any;

	if (heartbeat == NULL)
		return json_null();
	any = heartbeat->expect.bytes == NULL;
	planview_bytes(heartbeat->send, heartbeat->send_len, send);
	if (!any)
		planview_bytes(heartbeat->expect.bytes, heartbeat->expect.len, expect);
	return json_pack("{s:o s:o s:s s:s?}", "every_s", seconds(heartbeat->terms.every_ms),
	    "timeout_s", seconds(heartbeat->terms.timeout_ms), "send", send, "expect",
	    any ? NULL : expect);
}

json_t *
planview_json(const struct planview *view)
{
	const struct config_peer *peer = view->peer;
	const struct plan *plan = view->plan;
	json_t *measured = survey_json(view->survey);
	json_t *json = json_pack(
	    "{s:s s:s s:s s:o s:o s:i s:i s:i s:I s:o s:f s:i s:I s:I s:I s:I s:o}", "peer",
	    peer->name, "address", peer->address, "firewall", peer->firewall, "firewall_s",
	    seconds(peer->wish.firewall_ms), "learnt_s",
	    view->learnt_ms > 0 ? seconds(view->learnt_ms) : json_null(), "idle_s", plan->idle_s,
	    "interval_s", plan->interval_s, "count", plan->count, "user_timeout_ms",
	    (json_int_t)plan->user_timeout_ms, "gives_up_after_s", seconds(plan->give_up_ms),
	    "probes_per_hour", plan->probes_per_hour, "survives_lost", plan->survives_lost,
	    "detect_within_worst_ms", (json_int_t)plan->detect_worst_ms, "refresh_worst_ms",
	    (json_int_t)plan->refresh_worst_ms, "margin_ms", (json_int_t)plan->margin_ms,
	    "sessions", (json_int_t)peer->sessions, "heartbeat", heartbeat_json(peer->heartbeat));

	if (json != NULL && (measured == NULL || json_object_update(json, measured) < 0)) {
		json_decref(json);
		json = NULL;
	}
	json_decref(measured);
	return json;
}
