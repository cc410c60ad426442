/* SPDX-License-Identifier: ISC */
#include <jansson.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "ctl/ask.h"
#include "ctl/ctl.h"

/* RFC 3339 in UTC to the time of day here: "2026-11-02 11:22:33". Returns buf. */
static char *
local_time(const char *text, char *buf, size_t size)
{
	struct tm tm = {0};
	time_t at;

	if (text == NULL || sscanf(text, "%d-%d-%dT%d:%d:%d", &tm.tm_year, &tm.tm_mon, &tm.tm_mday,
				&tm.tm_hour, &tm.tm_min, &tm.tm_sec) != 6) {
		snprintf(buf, size, "-");
		return buf;
	}
	tm.tm_year -= 1900;
	tm.tm_mon -= 1;
	at = timegm(&tm);
	if (localtime_r(&at, &tm) == NULL || strftime(buf, size, "%Y-%m-%d %H:%M:%S", &tm) == 0)
		snprintf(buf, size, "-");
	return buf;
}

/* As journalctl has it: errors in red, warnings in yellow. */
static void
print_event(const json_t *event)
{
	json_int_t priority = json_integer_value(json_object_get(event, "priority"));
	const char *text = json_string_value(json_object_get(event, "text"));
	const char *colour = priority <= 3 ? "\033[31m" : priority == 4 ? "\033[33m" : "";
	char at[32];

	if (!ctl_has_colours())
		colour = "";
	printf("%s  %s%s%s\n",
	    local_time(json_string_value(json_object_get(event, "time")), at, sizeof(at)), colour,
	    text != NULL ? text : "", colour[0] != '\0' ? "\033[0m" : "");
}

static void
print_events(const struct ctl *ctl, const json_t *parameters)
{
	json_int_t missed = json_integer_value(json_object_get(parameters, "missed"));
	json_t *event;
	size_t i;

	if (missed > 0)
		fprintf(stderr, "kaguardctl: %lld events were missed\n", (long long)missed);
	json_array_foreach(json_object_get(parameters, "events"), i, event)
	{
		if (ctl->given & CTL_JSON) {
			json_dumpf(event, stdout, JSON_COMPACT);
			putchar('\n');
		} else {
			print_event(event);
		}
	}
}

static int
follow(const struct ctl *ctl, struct call *call)
{
	struct call_reply reply;
	int r = CTL_OK;

	while (r == CTL_OK) {
		r = ask_next(ctl, call, -1, &reply);
		if (r != CTL_OK)
			break;
		print_events(ctl, reply.parameters);
		call_reply_clear(&reply);
		if (ferror(stdout) || fflush(stdout) != 0)
			r = CTL_FAILED;
	}
	return r;
}

static int
print_recent(const struct ctl *ctl, struct call *call)
{
	struct call_reply reply;
	int r = ask_next(ctl, call, ASK_PATIENCE_MS, &reply);

	if (r != CTL_OK)
		return r;
	if (ctl->given & CTL_JSON)
		r = ctl_print_json(json_incref(reply.parameters));
	else
		print_events(ctl, reply.parameters);
	call_reply_clear(&reply);
	return r;
}

static int
show_events(const struct ctl *ctl)
{
	bool on = (ctl->given & CTL_FOLLOW) != 0;
	struct call call;
	int r = ask_open(ctl, &call);

	if (r != CTL_OK)
		return r;
	r = ask(ctl, &call, "io.kaguard.Events", ask_peers(ctl), on);
	if (r == CTL_OK)
		r = on ? follow(ctl, &call) : print_recent(ctl, &call);
	call_close(&call);
	return r;
}

const struct ctl_command ctl_events = {
    .name = "events",
    .arguments = "[PEER]...",
    .help = "what has happened, and with --follow what happens",
    .takes = CTL_JSON | CTL_FOLLOW,
    .most = 64,
    .run = show_events,
};
