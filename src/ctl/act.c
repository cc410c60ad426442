/* SPDX-License-Identifier: ISC */
#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "ctl/ask.h"
#include "ctl/ctl.h"
#include "policy/timespan.h"
#include "policy/version.h"

static const char *
text(const json_t *object, const char *key)
{
	const char *value = json_string_value(json_object_get(object, key));

	return value != NULL ? value : "";
}

static int64_t
integer(const json_t *object, const char *key)
{
	return json_integer_value(json_object_get(object, key));
}

/* --- probe ------------------------------------------------------------------------------------ */

static bool
is_answered(const json_t *session)
{
	return json_is_true(json_object_get(session, "answered"));
}

static void
print_probed(const struct ctl *ctl, const json_t *session)
{
	const char *state = text(session, "state");
	int64_t unanswered = integer(session, "probes_unanswered");
	char span[TIMESPAN_MAX];

	printf("%s/%" PRId64 ": ", text(session, "peer"), integer(session, "session"));
	if (is_answered(session))
		printf("answered within %" PRId64 " ms by %s\n", integer(session, "answer_ms") + 1,
		    text(session, "remote"));
	else if (strcmp(state, "up") == 0 || strcmp(state, "suspect") == 0)
		printf("no answer from %s within %s: %" PRId64 " probe%s unanswered\n",
		    text(session, "remote"), timespan_text(ctl->timeout_ms, span, sizeof(span)),
		    unanswered, unanswered == 1 ? "" : "s");
	else
		printf("%s: there is no session to probe\n", state);
}

/* The replies as they come. *ret_silent: how many were not answered. */
static int
hear_probes(const struct ctl *ctl, struct call *call, json_t **document, unsigned *ret_silent)
{
	struct call_reply reply = {.continues = true};
	json_t *session;
	size_t i;
	int r;

	for (bool goes_on = true; goes_on;) {
		r = ask_next(ctl, call, ctl->timeout_ms + ASK_PATIENCE_MS, &reply);
		if (r != CTL_OK)
			return r;
		json_array_foreach(json_object_get(reply.parameters, "sessions"), i, session)
		{
			*ret_silent += !is_answered(session);
			if (!(ctl->given & CTL_JSON))
				print_probed(ctl, session);
		}
		fflush(stdout);
		goes_on = reply.continues;
		ask_put_together(document, "sessions", &reply);
	}
	return CTL_OK;
}

static int
probe(const struct ctl *ctl)
{
	json_t *parameters = ask_peers(ctl), *document = NULL;
	struct call call;
	unsigned silent = 0;
	int r = ask_open(ctl, &call);

	if (r != CTL_OK) {
		json_decref(parameters);
		return r;
	}
	json_object_set_new(parameters, "timeout_ms", json_integer(ctl->timeout_ms));
	r = ask(ctl, &call, "io.kaguard.Probe", parameters, true);
	if (r == CTL_OK)
		r = hear_probes(ctl, &call, &document, &silent);
	call_close(&call);
	if (r == CTL_OK && ctl->given & CTL_JSON)
		r = ctl_print_json(json_incref(document));
	json_decref(document);
	return r == CTL_OK && silent > 0 ? CTL_FAILED : r;
}

const struct ctl_command ctl_probe = {
    .name = "probe",
    .arguments = "PEER...",
    .help = "probe the sessions now, and say how long the answers take",
    .takes = CTL_JSON | CTL_TIMEOUT,
    .least = 1,
    .most = 64,
    .run = probe,
};

/* --- one reply -------------------------------------------------------------------------------- */

static int
ask_once(const struct ctl *ctl, const char *method, json_t *parameters, struct call_reply *ret)
{
	struct call call;
	int r = ask_open(ctl, &call);

	if (r != CTL_OK) {
		json_decref(parameters);
		return r;
	}
	r = ask(ctl, &call, method, parameters, false);
	if (r == CTL_OK)
		r = ask_next(ctl, &call, ASK_PATIENCE_MS, ret);
	call_close(&call);
	return r;
}

static int
reconnect(const struct ctl *ctl)
{
	struct call_reply reply;
	int64_t closed;
	int r = ask_once(ctl, "io.kaguard.Reconnect", ask_peers(ctl), &reply);

	if (r != CTL_OK)
		return r;
	closed = integer(reply.parameters, "closed");
	if (ctl->given & CTL_JSON)
		r = ctl_print_json(json_incref(reply.parameters));
	else
		printf("%" PRId64 " session%s closed; opening %" PRId64 " anew\n", closed,
		    closed == 1 ? "" : "s", integer(reply.parameters, "sessions"));
	call_reply_clear(&reply);
	return r;
}

const struct ctl_command ctl_reconnect = {
    .name = "reconnect",
    .arguments = "PEER...",
    .help = "close the sessions and open them anew, now",
    .takes = CTL_JSON,
    .least = 1,
    .most = 64,
    .run = reconnect,
};

static int
show_version(const struct ctl *ctl)
{
	struct call_reply reply;
	const char *version;
	int r = ask_once(ctl, "org.varlink.service.GetInfo", NULL, &reply);

	if (r != CTL_OK)
		return r;
	version = text(reply.parameters, "version");
	if (ctl->given & CTL_JSON)
		r = ctl_print_json(json_pack("{s:i s:s s:s}", "schema_version", 1, "kaguardctl",
		    KAGUARD_VERSION, "kaguard", version));
	else
		printf("kaguardctl %s\nkaguard %s\n", KAGUARD_VERSION, version);
	call_reply_clear(&reply);
	return r;
}

const struct ctl_command ctl_version = {
    .name = "version",
    .arguments = "",
    .help = "the versions of this program and of the daemon that runs",
    .takes = CTL_JSON,
    .run = show_version,
};
