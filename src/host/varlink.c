/* SPDX-License-Identifier: ISC */
#include "host/varlink.h"

#include <errno.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "host/jsontext.h"

#define FIRST_ROOM 4096

/* --- bytes ------------------------------------------------------------------------------------ */

static size_t
size_of(const struct varlink_bytes *bytes)
{
	return bytes->end - bytes->begin;
}

/* Room for `more` bytes behind those that are there, `most` in all. 0, -ENOBUFS or -ENOMEM. */
static int
make_room(struct varlink_bytes *bytes, size_t more, size_t most)
{
	size_t size = size_of(bytes), room = bytes->room > 0 ? bytes->room : FIRST_ROOM;
	char *at;

	if (bytes->room - bytes->end >= more)
		return 0;
	if (size + more > most)
		return -ENOBUFS;
	if (bytes->begin > 0)
		memmove(bytes->at, bytes->at + bytes->begin, size);
	bytes->begin = 0;
	bytes->end = size;
	while (room < size + more)
		room *= 2;
	if (room == bytes->room)
		return 0;
	at = realloc(bytes->at, room);
	if (at == NULL)
		return -ENOMEM;
	bytes->at = at;
	bytes->room = room;
	return 0;
}

/* A buffer that was large once is not kept for a conversation that pauses. */
static void
take_away(struct varlink_bytes *bytes, size_t size)
{
	bytes->begin += size;
	if (bytes->begin < bytes->end)
		return;
	bytes->begin = bytes->end = 0;
	if (bytes->room > FIRST_ROOM) {
		free(bytes->at);
		bytes->at = NULL;
		bytes->room = 0;
	}
}

static void
put(struct varlink *varlink, const char *text, size_t size)
{
	if (varlink->mute || varlink->failed)
		return;
	if (make_room(&varlink->out, size, VARLINK_MAX_PENDING) < 0) {
		varlink->failed = true;
		return;
	}
	memcpy(varlink->out.at + varlink->out.end, text, size);
	varlink->out.end += size;
}

static void
put_text(struct varlink *varlink, const char *text)
{
	put(varlink, text, strlen(text));
}

static int
put_piece(const char *text, size_t size, void *varlink)
{
	put(varlink, text, size);
	return 0;
}

static void
put_json(struct varlink *varlink, const json_t *json)
{
	if (json == NULL ||
	    json_dump_callback(json, put_piece, varlink, JSON_COMPACT | JSON_ENCODE_ANY) != 0)
		varlink->failed = true;
}

void
varlink_clear(struct varlink *varlink)
{
	free(varlink->in.at);
	free(varlink->out.at);
	*varlink = (struct varlink){0};
}

char *
varlink_space(struct varlink *varlink, size_t *ret_size)
{
	struct varlink_bytes *in = &varlink->in;
	int r = in->room == in->end ? make_room(in, 1, VARLINK_MAX_CALL) : 0;

	if (r == -ENOMEM)
		varlink->failed = true;
	if (r < 0)
		return NULL;
	*ret_size = in->room - in->end;
	return in->at + in->end;
}

void
varlink_received(struct varlink *varlink, size_t size)
{
	varlink->in.end += size;
}

const char *
varlink_pending(const struct varlink *varlink, size_t *ret_size)
{
	const struct varlink_bytes *out = &varlink->out;

	*ret_size = size_of(out);
	return *ret_size > 0 ? out->at + out->begin : "";
}

void
varlink_sent(struct varlink *varlink, size_t size)
{
	take_away(&varlink->out, size);
}

/* --- calls ------------------------------------------------------------------------------------ */

/* The length of the call that is first, without its NUL; -1: it has not come to its end. */
static ptrdiff_t
find_call(struct varlink *varlink)
{
	const struct varlink_bytes *in = &varlink->in;
	const char *first, *end;

	if (size_of(in) == varlink->searched)
		return -1;
	first = in->at + in->begin;
	end = memchr(first + varlink->searched, '\0', size_of(in) - varlink->searched);
	if (end != NULL)
		return end - first;
	varlink->searched = size_of(in);
	return -1;
}

bool
varlink_has_call(struct varlink *varlink)
{
	return find_call(varlink) >= 0 || size_of(&varlink->in) >= VARLINK_MAX_CALL;
}

/* How deep brackets are nested: the parser calls itself for each. */
static unsigned
depth_of(const char *text, size_t size)
{
	unsigned depth = 0, deepest = 0;
	bool quoted = false;

	for (size_t i = 0; i < size; i++) {
		if (quoted && text[i] == '\\')
			i++;
		else if (text[i] == '"')
			quoted = !quoted;
		else if (!quoted && (text[i] == '{' || text[i] == '['))
			deepest = ++depth > deepest ? depth : deepest;
		else if (!quoted && depth > 0 && (text[i] == '}' || text[i] == ']'))
			depth--;
	}
	return deepest;
}

/* A flag of the call: 0 or 1, or -EPROTO where it is neither. */
static int
flag(const json_t *message, const char *name)
{
	const json_t *value = json_object_get(message, name);

	if (value == NULL || json_is_null(value))
		return 0;
	return json_is_boolean(value) ? json_is_true(value) : -EPROTO;
}

/* From the message to the call. NULL, or which member is not what it should be. */
static const char *
understand(struct varlink *varlink, json_t *message, struct varlink_call *ret)
{
	json_t *parameters = json_object_get(message, "parameters");
	int more = flag(message, "more"), oneway = flag(message, "oneway");

	ret->method = json_string_value(json_object_get(message, "method"));
	if (ret->method == NULL)
		return "method";
	if (parameters != NULL && !json_is_object(parameters) && !json_is_null(parameters))
		return "parameters";
	if (more < 0 || (more > 0 && oneway > 0))
		return "more";
	if (oneway < 0)
		return "oneway";
	if (flag(message, "upgrade") != 0)
		return "upgrade";
	ret->message = message;
	ret->parameters = json_is_object(parameters) ? parameters : NULL;
	ret->more = more > 0;
	varlink->mute = oneway > 0;
	return NULL;
}

static int
give_up(struct varlink *varlink, const char *what, int error)
{
	varlink_refuse(varlink, VARLINK_BAD_PARAMETER, "parameter", what);
	return error;
}

int
varlink_next(struct varlink *varlink, struct varlink_call *ret)
{
	ptrdiff_t size = find_call(varlink);
	const char *text, *wrong;
	struct varlink_call call = {0};
	json_t *message = NULL;
	int r;

	varlink->mute = false;
	if (size < 0 && size_of(&varlink->in) < VARLINK_MAX_CALL)
		return 0;
	if (size < 0)
		return give_up(varlink, "call longer than 64 KiB", -EMSGSIZE);
	text = varlink->in.at + varlink->in.begin;
	if (depth_of(text, (size_t)size) > VARLINK_MAX_DEPTH)
		return give_up(varlink, "call nested deeper than 8", -EPROTO);
	r = jsontext_parse(text, (size_t)size, &message);
	if (r == -ENOMEM) {
		varlink->failed = true;
		return r;
	}
	if (!json_is_object(message)) {
		json_decref(message);
		return give_up(varlink, "call", -EPROTO);
	}
	wrong = understand(varlink, message, &call);
	if (wrong != NULL) {
		json_decref(message);
		return give_up(varlink, wrong, -EPROTO);
	}
	varlink->searched = 0;
	take_away(&varlink->in, (size_t)size + 1);
	*ret = call;
	return 1;
}

void
varlink_call_clear(struct varlink_call *call)
{
	json_decref(call->message);
	*call = (struct varlink_call){0};
}

/* --- replies ---------------------------------------------------------------------------------- */

/* An empty object where there is nothing, so that every reply has its parameters. */
void
varlink_reply(struct varlink *varlink, json_t *parameters, bool continues)
{
	put_text(varlink, "{\"parameters\":");
	put_json(varlink, parameters);
	json_decref(parameters);
	put_text(varlink, continues ? ",\"continues\":true}" : "}");
	put(varlink, "", 1);
}

void
varlink_error(struct varlink *varlink, const char *error, json_t *parameters)
{
	json_t *reply = json_pack("{s:s s:o?}", "error", error, "parameters",
	    parameters != NULL ? parameters : json_object());

	put_json(varlink, reply);
	json_decref(reply);
	put(varlink, "", 1);
}

void
varlink_refuse(struct varlink *varlink, const char *error, const char *key, const char *value)
{
	varlink_error(varlink, error, json_pack("{s:s}", key, value));
}

void
varlink_list(struct varlink *varlink, json_t *head, const char *list)
{
	size_t before;

	put_text(varlink, "{\"parameters\":");
	before = varlink->out.end;
	put_json(varlink, head);
	/* Its closing brace makes way for one more member. */
	if (!varlink->mute && !varlink->failed && varlink->out.end > before)
		varlink->out.end--;
	put_text(varlink, json_object_size(head) > 0 ? ",\"" : "\"");
	json_decref(head);
	put_text(varlink, list);
	put_text(varlink, "\":[");
	varlink->listed = false;
}

void
varlink_item(struct varlink *varlink, const json_t *item)
{
	if (varlink->listed)
		put_text(varlink, ",");
	put_json(varlink, item);
	varlink->listed = true;
}

void
varlink_list_end(struct varlink *varlink, bool continues)
{
	put_text(varlink, continues ? "]},\"continues\":true}" : "]}}");
	put(varlink, "", 1);
}
