/* SPDX-License-Identifier: ISC */
#include <jansson.h>
#include <stdio.h>

#include "ctl/ask.h"
#include "ctl/ctl.h"

/* A configuration with as many peers as there may be takes seconds to read. */
#define RELOAD_PATIENCE_MS 120000

static const char *
text(const json_t *object, const char *key)
{
	const char *value = json_string_value(json_object_get(object, key));

	return value != NULL ? value : "";
}

static int
position(const json_t *object, const char *key)
{
	return (int)json_integer_value(json_object_get(object, key));
}

/* As kaguard --check has it: FILE:LINE:COLUMN, the line, and a caret below. */
static void
print_remark(const json_t *remark)
{
	int line = position(remark, "line"), caret = position(remark, "caret");

	fputs(text(remark, "file"), stderr);
	if (line > 0)
		fprintf(stderr, ":%d:%d", line, position(remark, "column"));
	fprintf(stderr, ": %s: %s\n", text(remark, "severity"), text(remark, "text"));
	if (caret > 0)
		fprintf(stderr, "%5d | %s\n      | %*s^\n", line, text(remark, "source"), caret - 1,
		    "");
}

static void
print_answer(const struct ctl *ctl, const struct call_reply *reply)
{
	const json_t *parameters = reply->parameters;
	json_t *remark;
	size_t i;

	if (ctl->given & CTL_QUIET)
		return;
	json_array_foreach(json_object_get(parameters, "remarks"), i, remark) print_remark(remark);
	if (reply->error != NULL)
		ctl_complain(CTL_FAILED, "%s", text(parameters, "text"));
	else
		puts(text(parameters, "changes"));
}

/* What a program reads has one form, whatever came of it. */
static int
print_json(const struct call_reply *reply)
{
	json_t *parameters = reply->parameters;

	return ctl_print_json(
	    json_pack("{s:i s:b s:s s:O}", "schema_version", 1, "reloaded", reply->error == NULL,
		"text", text(parameters, reply->error == NULL ? "changes" : "text"), "remarks",
		json_object_get(parameters, "remarks")));
}

static int
reload(const struct ctl *ctl)
{
	struct call_reply reply;
	struct call call;
	int r = ask_open(ctl, &call);

	if (r != CTL_OK)
		return r;
	r = ask(ctl, &call, "io.kaguard.Reload", NULL, false);
	if (r == CTL_OK)
		r = ask_any(ctl, &call, "io.kaguard.ReloadFailed", RELOAD_PATIENCE_MS, &reply);
	call_close(&call);
	if (r != CTL_OK)
		return r;
	if (ctl->given & CTL_JSON)
		r = print_json(&reply);
	else
		print_answer(ctl, &reply);
	if (r == CTL_OK && reply.error != NULL)
		r = CTL_FAILED;
	call_reply_clear(&reply);
	return r;
}

const struct ctl_command ctl_reload = {
    .name = "reload",
    .arguments = "",
    .help = "put the configuration in force, or say what is wrong with it",
    .takes = CTL_JSON | CTL_QUIET,
    .run = reload,
};
