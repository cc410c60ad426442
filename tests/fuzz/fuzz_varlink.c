/* SPDX-License-Identifier: ISC */

/*
 * What comes from the control socket. The first byte says in what pieces, since where a call is cut
 * must make no difference; each call is answered by its own parameters.
 */

#include <assert.h>
#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "fuzz.h"
#include "host/varlink.h"

static void
answer(struct varlink *v, const struct varlink_call *call)
{
	if (call->parameters == NULL) {
		varlink_refuse(v, VARLINK_NO_METHOD, "method", call->method);
		return;
	}
	if (!call->more) {
		varlink_reply(v, json_incref(call->parameters), false);
		return;
	}
	varlink_list(v, json_incref(call->parameters), "list");
	varlink_item(v, call->parameters);
	varlink_item(v, call->parameters);
	varlink_list_end(v, false);
}

/* Every reply is JSON, and ends. */
static void
check(struct varlink *v)
{
	size_t size;
	const char *bytes = varlink_pending(v, &size);

	while (size > 0) {
		size_t length = strnlen(bytes, size);
		json_t *reply = json_loadb(bytes, length, 0, NULL);

		assert(length < size && json_is_object(reply));
		json_decref(reply);
		varlink_sent(v, length + 1);
		bytes = varlink_pending(v, &size);
	}
}

/* False: nothing more can be understood. */
static bool
take_calls(struct varlink *v)
{
	struct varlink_call call;
	int r;

	while (varlink_has_call(v)) {
		r = varlink_next(v, &call);
		if (r == 1) {
			assert(call.method != NULL);
			answer(v, &call);
			varlink_call_clear(&call);
		}
		assert(!v->failed);
		check(v);
		if (r < 0)
			return false;
		assert(r == 1);
	}
	assert(varlink_next(v, &call) == 0);
	return true;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct varlink v = {0};
	size_t piece = size > 0 && data[0] > 0 ? data[0] : 100000, room;

	for (size_t at = 1; at < size;) {
		char *space = varlink_space(&v, &room);
		size_t n = size - at < piece ? size - at : piece;

		assert(space != NULL && room > 0 && !v.failed);
		n = n < room ? n : room;
		memcpy(space, data + at, n);
		varlink_received(&v, n);
		at += n;
		if (!take_calls(&v))
			break;
	}
	varlink_clear(&v);
	return 0;
}
