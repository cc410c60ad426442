/* SPDX-License-Identifier: ISC */
#include "policy/plan.h"

#include <errno.h>
#include <jansson.h>
#include <stdbool.h>
#include <stdio.h>

#include "ctl/ask.h"
#include "ctl/ctl.h"
#include "host/plantable.h"
#include "host/table.h"
#include "policy/survey.h"

static int64_t
integer(const json_t *object, const char *key)
{
	return json_integer_value(json_object_get(object, key));
}

static double
real(const json_t *object, const char *key)
{
	return json_number_value(json_object_get(object, key));
}

static const char *
text(const json_t *object, const char *key)
{
	const char *value = json_string_value(json_object_get(object, key));

	return value != NULL ? value : "";
}

static struct survey
survey_of(const json_t *item)
{
	return (struct survey){.outcome = survey_outcome_of(text(item, "measured")),
	    .firewall_ms = (int64_t)(real(item, "measured_s") * 1000),
	    .measured_ms = -integer(item, "measured_age_ms"),
	    .contradicted = json_is_true(json_object_get(item, "contradicted"))};
}

static void
add_plan(struct table *table, const json_t *item)
{
	const struct plan plan = {.idle_s = (int)integer(item, "idle_s"),
	    .interval_s = (int)integer(item, "interval_s"),
	    .give_up_ms = (int64_t)(real(item, "gives_up_after_s") * 1000),
	    .probes_per_hour = real(item, "probes_per_hour"),
	    .survives_lost = (int)integer(item, "survives_lost"),
	    .detect_worst_ms = integer(item, "detect_within_worst_ms"),
	    .margin_ms = integer(item, "margin_ms")};
	const struct survey survey = survey_of(item);
	const struct plantable_row row = {.peer = text(item, "peer"),
	    .firewall = text(item, "firewall"),
	    .firewall_ms = (int64_t)(real(item, "firewall_s") * 1000),
	    .learnt_ms = (int64_t)(real(item, "learnt_s") * 1000),
	    .plan = &plan,
	    .survey = json_is_true(json_object_get(item, "auto")) ? &survey : NULL};

	plantable_add(table, &row);
}

static void
add_heartbeat(struct table *table, const json_t *heartbeat)
{
	struct plantable_beat beat = {.every_ms = (int64_t)(real(heartbeat, "every_s") * 1000),
	    .timeout_ms = (int64_t)(real(heartbeat, "timeout_s") * 1000),
	    .send = text(heartbeat, "send"),
	    .expect = json_string_value(json_object_get(heartbeat, "expect"))};

	plantable_add_beat(table, json_is_object(heartbeat) ? &beat : NULL);
}

static bool
any_heartbeat(const json_t *peers)
{
	json_t *item;
	size_t i;

	json_array_foreach(
	    peers, i, item) if (json_is_object(json_object_get(item, "heartbeat"))) return true;
	return false;
}

static int
print_table(const json_t *document)
{
	const json_t *peers = json_object_get(document, "peers");
	bool heartbeats = any_heartbeat(peers);
	struct table *table = plantable_new(heartbeats);
	json_t *item;
	size_t i;
	int r = -ENOMEM;

	json_array_foreach(peers, i, item)
	{
		if (table == NULL)
			break;
		add_plan(table, item);
		if (heartbeats)
			add_heartbeat(table, json_object_get(item, "heartbeat"));
	}
	if (table != NULL)
		r = table_print(table, stdout);
	table_free(table);
	return r == -ENOMEM ? ctl_complain(CTL_FAILED, "out of memory") : CTL_OK;
}

static int
show_plan(const struct ctl *ctl)
{
	struct call call;
	json_t *document;
	int r = ask_open(ctl, &call);

	if (r != CTL_OK)
		return r;
	r = ask_list(ctl, &call, "io.kaguard.Plan", "peers", &document);
	call_close(&call);
	if (r != CTL_OK)
		return r;
	if (ctl->given & CTL_JSON)
		return ctl_print_json(document);
	if (json_array_size(json_object_get(document, "peers")) == 0)
		puts("no peers configured");
	else
		r = print_table(document);
	json_decref(document);
	return r;
}

const struct ctl_command ctl_plan = {
    .name = "plan",
    .arguments = "[PEER]...",
    .help = "when each peer's sessions are probed, and what that promises",
    .takes = CTL_JSON,
    .most = 64,
    .run = show_plan,
};
