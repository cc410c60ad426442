/* SPDX-License-Identifier: ISC */
#include "caller.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <jansson.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "host/varlink.h"

static void
check_error(const char *error)
{
	static const char *const known[] = {VARLINK_NO_INTERFACE, VARLINK_NO_METHOD,
	    VARLINK_NOT_MADE, VARLINK_BAD_PARAMETER, VARLINK_NOT_PERMITTED, VARLINK_WANTS_MORE,
	    "io.kaguard.ReloadFailed", "io.kaguard.NoSuchPeer", "io.kaguard.TooManyClients"};

	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (strcmp(known[i], error) == 0)
			return;
	fail_msg("error %s", error);
}

static void
check_reply(struct caller *c, const char *text, size_t size)
{
	json_t *reply = json_loadb(text, size, JSON_REJECT_DUPLICATES, NULL), *parameters;
	const char *error = json_string_value(json_object_get(reply, "error"));
	bool continues = json_is_true(json_object_get(reply, "continues"));

	parameters = json_object_get(reply, "parameters");
	assert_true(json_is_object(reply) && json_is_object(parameters));
	if (error != NULL)
		check_error(error);
	assert_false(error != NULL && continues);
	if (json_object_get(parameters, "schema_version") != NULL)
		assert_null(error);
	c->answers += !continues;
	/* The one that is more says that what came is none. */
	assert_true(c->answers <= c->calls + 1);
	json_decref(reply);
}

static void
take_replies(struct caller *c)
{
	size_t at = 0, length;

	while ((length = strnlen(c->input + at, c->size - at)) < c->size - at) {
		check_reply(c, c->input + at, length);
		at += length + 1;
	}
	memmove(c->input, c->input + at, c->size - at);
	c->size -= at;
	assert_true(c->size < CALLER_INPUT);
}

void
caller_connect(struct caller *c, const char *path)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};

	if (c->fd >= 0)
		return;
	strcpy(address.sun_path, path);
	c->calls = c->answers = 0;
	c->owed = 0;
	c->size = 0;
	c->deaf = false;
	c->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_true(c->fd >= 0);
	assert_int_equal(connect(c->fd, (struct sockaddr *)&address, sizeof(address)), 0);
}

void
caller_hang_up(struct caller *c)
{
	if (c->fd >= 0)
		close(c->fd);
	c->fd = -1;
}

/* Whether a member that may be absent is of that type. */
static bool
is_absent_or(json_t *call, const char *key, bool (*is_of_type)(const json_t *))
{
	json_t *value = json_object_get(call, key);

	return value == NULL || json_is_null(value) || is_of_type(value);
}

static bool
is_boolean(const json_t *value)
{
	return json_is_boolean(value);
}

static bool
is_object(const json_t *value)
{
	return json_is_object(value);
}

/* What is no call ends the conversation, and who wants to be told of all events is never done. */
static bool
is_answered(json_t *call)
{
	const char *method = json_string_value(json_object_get(call, "method"));
	bool more = json_is_true(json_object_get(call, "more"));

	if (method == NULL || !is_absent_or(call, "parameters", is_object) ||
	    !is_absent_or(call, "more", is_boolean) || !is_absent_or(call, "oneway", is_boolean) ||
	    json_object_get(call, "upgrade") != NULL)
		return false;
	if (more && json_is_true(json_object_get(call, "oneway")))
		return false;
	return !more || strcmp(method, "io.kaguard.Events") != 0;
}

void
caller_asks(struct caller *c, const char *text)
{
	json_t *call = json_loads(text, JSON_REJECT_DUPLICATES, NULL);
	size_t brackets = 0;

	for (const char *at = text; *at != '\0'; at++)
		brackets += *at == '{' || *at == '[';
	c->calls++;
	/* Too many may be too deep. */
	if (!is_answered(call) || brackets > VARLINK_MAX_DEPTH || strlen(text) >= VARLINK_MAX_CALL)
		c->owed = -1;
	else if (c->owed >= 0)
		c->owed += !json_is_true(json_object_get(call, "oneway"));
	json_decref(call);
}

size_t
caller_send(struct caller *c, const char *text, size_t size)
{
	size_t sent = 0;

	while (c->fd >= 0 && sent < size) {
		ssize_t n = send(c->fd, text + sent, size - sent, MSG_DONTWAIT | MSG_NOSIGNAL);

		if (n < 0 && errno == EAGAIN)
			break;
		if (n < 0)
			caller_hang_up(c);
		else
			sent += (size_t)n;
	}
	return sent;
}

void
caller_receive(struct caller *c)
{
	if (c->deaf)
		return;
	while (c->fd >= 0) {
		ssize_t n = recv(c->fd, c->input + c->size, CALLER_INPUT - c->size, MSG_DONTWAIT);

		if (n < 0 && errno == EAGAIN)
			return;
		if (n <= 0) {
			caller_hang_up(c);
			return;
		}
		c->size += (size_t)n;
		c->received += (size_t)n;
		take_replies(c);
	}
}
