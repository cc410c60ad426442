/* SPDX-License-Identifier: ISC */
#include "ctl/ask.h"

#include <errno.h>
#include <grp.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "ctl/ctl.h"
#include "policy/words.h"

/* The group that the socket is for. Returns buf. */
static const char *
group_of(const char *path, char *buf, size_t size)
{
	const struct group *group = NULL;
	struct stat st;

	if (stat(path, &st) != 0)
		return "kaguard";
	group = getgrgid(st.st_gid);
	if (group != NULL)
		snprintf(buf, size, "%s", group->gr_name);
	else
		snprintf(buf, size, "%u", (unsigned)st.st_gid);
	return buf;
}

static int
tell_unreachable(const struct ctl *ctl, int error)
{
	char group[64];

	switch (-error) {
	case ENOENT:
	case ECONNREFUSED:
		return ctl_complain(CTL_NO_DAEMON,
		    "nobody answers at %s; is kaguard running? systemctl start kaguard",
		    ctl->socket);
	case EACCES:
	case EPERM:
		return ctl_complain(CTL_NO_DAEMON,
		    "%s is for root and the members of group %s; you are neither", ctl->socket,
		    group_of(ctl->socket, group, sizeof(group)));
	case ETIMEDOUT:
		return ctl_complain(CTL_NO_DAEMON, "the daemon at %s does not answer", ctl->socket);
	case EPIPE:
		return ctl_complain(CTL_NO_DAEMON, "the daemon at %s has hung up", ctl->socket);
	case EPROTO:
		return ctl_complain(
		    CTL_FAILED, "what answers at %s does not speak Varlink", ctl->socket);
	default:
		return ctl_complain(CTL_NO_DAEMON, "%s: %s", ctl->socket, strerror(-error));
	}
}

int
ask_open(const struct ctl *ctl, struct call *call)
{
	int r = call_open(call, ctl->socket);

	return r < 0 ? tell_unreachable(ctl, r) : CTL_OK;
}

json_t *
ask_peers(const struct ctl *ctl)
{
	json_t *list = json_array();

	if (ctl->n_arguments == 0) {
		json_decref(list);
		return json_object();
	}
	for (unsigned i = 0; i < ctl->n_arguments; i++)
		json_array_append_new(list, json_string(ctl->arguments[i]));
	return json_pack("{s:o}", "peers", list);
}

/* There is no such peer: name the one that was meant, as far as that can be guessed. */
static int
tell_no_such_peer(const struct ctl *ctl, const char *name)
{
	struct words_guess guess = {0};
	struct call_reply reply = {0};
	struct call call;
	const char *known;
	json_t *item;
	bool goes_on = true;
	size_t i;

	if (call_open(&call, ctl->socket) < 0)
		return ctl_complain(CTL_FAILED, "there is no peer '%s'", name);
	if (call_ask(&call, "io.kaguard.Plan", NULL, true) < 0)
		goes_on = false;
	/* The name stays where it is, in the reply that is kept. */
	json_t *kept = json_array();

	while (goes_on && call_next(&call, ASK_PATIENCE_MS, &reply) == 0) {
		json_array_foreach(json_object_get(reply.parameters, "peers"), i, item)
		{
			known = json_string_value(json_object_get(item, "peer"));
			if (known != NULL)
				words_consider(&guess, name, strlen(name), known);
		}
		goes_on = reply.continues;
		json_array_append(kept, reply.message);
		call_reply_clear(&reply);
	}
	call_close(&call);
	if (guess.word != NULL)
		ctl_complain(0, "there is no peer '%s'; did you mean '%s'?", name, guess.word);
	else
		ctl_complain(0, "there is no peer '%s'; kaguardctl plan lists them", name);
	json_decref(kept);
	return CTL_FAILED;
}

static int
tell_error(const struct ctl *ctl, const struct call_reply *reply)
{
	const char *error = reply->error, *name;
	char group[64];

	if (strcmp(error, "io.kaguard.NoSuchPeer") == 0) {
		name = json_string_value(json_object_get(reply->parameters, "peer"));
		return tell_no_such_peer(ctl, name != NULL ? name : "");
	}
	if (strcmp(error, "io.kaguard.TooManyClients") == 0)
		return ctl_complain(CTL_NO_DAEMON, "the daemon has too many clients now");
	if (strcmp(error, "org.varlink.service.PermissionDenied") == 0)
		return ctl_complain(CTL_FAILED,
		    "that is for root and the members of group %s; you are neither",
		    group_of(ctl->socket, group, sizeof(group)));
	name = json_string_value(json_object_get(reply->parameters, "parameter"));
	if (strcmp(error, "org.varlink.service.InvalidParameter") == 0 && name != NULL)
		return ctl_complain(CTL_FAILED, "the daemon does not take this '%s'", name);
	return ctl_complain(CTL_FAILED, "the daemon says %s", error);
}

int
ask(const struct ctl *ctl, struct call *call, const char *method, json_t *parameters, bool more)
{
	int r = call_ask(call, method, parameters, more);

	return r < 0 ? tell_unreachable(ctl, r) : CTL_OK;
}

int
ask_any(const struct ctl *ctl, struct call *call, const char *error, int timeout_ms,
    struct call_reply *ret)
{
	struct call_reply reply;
	int r = call_next(call, timeout_ms, &reply);

	if (r < 0)
		return tell_unreachable(ctl, r);
	if (reply.error != NULL && strcmp(reply.error, error) != 0) {
		r = tell_error(ctl, &reply);
		call_reply_clear(&reply);
		return r;
	}
	*ret = reply;
	return CTL_OK;
}

int
ask_next(const struct ctl *ctl, struct call *call, int timeout_ms, struct call_reply *ret)
{
	return ask_any(ctl, call, "", timeout_ms, ret);
}

void
ask_put_together(json_t **document, const char *list, struct call_reply *reply)
{
	if (*document == NULL)
		*document = json_incref(reply->parameters);
	else
		json_array_extend(
		    json_object_get(*document, list), json_object_get(reply->parameters, list));
	call_reply_clear(reply);
}

int
ask_list(
    const struct ctl *ctl, struct call *call, const char *method, const char *list, json_t **ret)
{
	int r = ask(ctl, call, method, ask_peers(ctl), true);

	return r == CTL_OK ? ask_rest(ctl, call, list, ret) : r;
}

int
ask_rest(const struct ctl *ctl, struct call *call, const char *list, json_t **ret)
{
	json_t *document = NULL;
	struct call_reply reply;
	bool goes_on = true;
	int r;

	while (goes_on) {
		r = ask_next(ctl, call, ASK_PATIENCE_MS, &reply);
		if (r != CTL_OK) {
			json_decref(document);
			return r;
		}
		goes_on = reply.continues;
		ask_put_together(&document, list, &reply);
	}
	if (!json_is_array(json_object_get(document, list))) {
		json_decref(document);
		return tell_unreachable(ctl, -EPROTO);
	}
	*ret = document;
	return CTL_OK;
}
