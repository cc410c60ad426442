/* SPDX-License-Identifier: ISC */
#include "host/varlink.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <jansson.h>

static void
feed(struct varlink *v, const char *bytes, size_t size)
{
	while (size > 0) {
		size_t room;
		char *space = varlink_space(v, &room);
		size_t n = room < size ? room : size;

		assert_non_null(space);
		memcpy(space, bytes, n);
		varlink_received(v, n);
		bytes += n;
		size -= n;
	}
}

static void
feed_call(struct varlink *v, const char *text)
{
	feed(v, text, strlen(text) + 1);
}

/* What has been replied since the last time, as text; each reply ends with its NUL. */
static void
expect(struct varlink *v, const char *text)
{
	size_t size;
	const char *bytes = varlink_pending(v, &size);

	assert_int_equal(size, text[0] != '\0' ? strlen(text) + 1 : 0);
	if (size > 0)
		assert_string_equal(bytes, text);
	varlink_sent(v, size);
}

static void
a_call_comes_in_pieces(void **state)
{
	const char text[] = "{\"method\":\"a.b.C\",\"parameters\":{\"x\":1},\"more\":true}";
	struct varlink v = {0};
	struct varlink_call call;

	(void)state;
	for (size_t i = 0; i < sizeof(text); i++) {
		assert_int_equal(varlink_next(&v, &call), 0);
		assert_false(varlink_has_call(&v));
		feed(&v, text + i, 1);
	}
	assert_true(varlink_has_call(&v));
	assert_int_equal(varlink_next(&v, &call), 1);
	assert_string_equal(call.method, "a.b.C");
	assert_int_equal(json_integer_value(json_object_get(call.parameters, "x")), 1);
	assert_true(call.more);
	varlink_call_clear(&call);
	assert_int_equal(varlink_next(&v, &call), 0);
	varlink_clear(&v);
}

static void
calls_may_follow_each_other(void **state)
{
	struct varlink v = {0};
	struct varlink_call call;
	char name[16];

	(void)state;
	for (int i = 0; i < 1000; i++) {
		char text[64];

		snprintf(text, sizeof(text), "{\"method\":\"a.b.M%d\"}", i);
		feed_call(&v, text);
	}
	for (int i = 0; i < 1000; i++) {
		assert_int_equal(varlink_next(&v, &call), 1);
		snprintf(name, sizeof(name), "a.b.M%d", i);
		assert_string_equal(call.method, name);
		assert_null(call.parameters);
		assert_false(call.more);
		varlink_call_clear(&call);
	}
	assert_int_equal(varlink_next(&v, &call), 0);
	varlink_clear(&v);
}

static void
replies_have_their_form(void **state)
{
	struct varlink v = {0};

	(void)state;
	varlink_reply(&v, json_pack("{s:i}", "n", 7), false);
	expect(&v, "{\"parameters\":{\"n\":7}}");
	varlink_reply(&v, json_object(), true);
	expect(&v, "{\"parameters\":{},\"continues\":true}");
	varlink_error(&v, "a.b.Broken", NULL);
	expect(&v, "{\"error\":\"a.b.Broken\",\"parameters\":{}}");
	varlink_refuse(&v, VARLINK_NO_METHOD, "method", "a.b.C");
	expect(&v, "{\"error\":\"org.varlink.service.MethodNotFound\",\"parameters\":{\"method\":"
		   "\"a.b.C\"}}");
	assert_false(v.failed);
	varlink_clear(&v);
}

static void
lists_are_made_item_by_item(void **state)
{
	json_t *item = json_pack("{s:i}", "a", 1);
	struct varlink v = {0};

	(void)state;
	varlink_list(&v, json_object(), "all");
	varlink_list_end(&v, false);
	expect(&v, "{\"parameters\":{\"all\":[]}}");
	varlink_list(&v, json_pack("{s:i}", "n", 2), "all");
	varlink_item(&v, item);
	varlink_item(&v, item);
	varlink_list_end(&v, true);
	expect(&v, "{\"parameters\":{\"n\":2,\"all\":[{\"a\":1},{\"a\":1}]},\"continues\":true}");
	json_decref(item);
	assert_false(v.failed);
	varlink_clear(&v);
}

static void
a_oneway_call_has_no_reply(void **state)
{
	struct varlink v = {0};
	struct varlink_call call;

	(void)state;
	feed_call(&v, "{\"method\":\"a.b.C\",\"oneway\":true}");
	feed_call(&v, "{\"method\":\"a.b.C\"}");
	assert_int_equal(varlink_next(&v, &call), 1);
	varlink_call_clear(&call);
	varlink_reply(&v, json_object(), false);
	varlink_error(&v, "a.b.Broken", NULL);
	varlink_list(&v, json_pack("{s:i}", "n", 2), "all");
	varlink_list_end(&v, false);
	expect(&v, "");
	assert_int_equal(varlink_next(&v, &call), 1);
	varlink_call_clear(&call);
	varlink_reply(&v, json_object(), false);
	expect(&v, "{\"parameters\":{}}");
	varlink_clear(&v);
}

/* Not a call: an error is there to be sent, and says what is wrong. */
static void
refused(const char *text, const char *what)
{
	struct varlink v = {0};
	struct varlink_call call = {0};
	char reply[256];

	feed_call(&v, text);
	assert_int_equal(varlink_next(&v, &call), -EPROTO);
	snprintf(reply, sizeof(reply),
	    "{\"error\":\"org.varlink.service.InvalidParameter\",\"parameters\":{\"parameter\":"
	    "\"%s\"}}",
	    what);
	expect(&v, reply);
	assert_null(call.message);
	varlink_clear(&v);
}

static void
garbage_is_refused(void **state)
{
	(void)state;
	refused("", "call");
	refused("hello", "call");
	refused("GET / HTTP/1.1\r\n\r\n", "call");
	refused("[]", "call");
	refused("\"method\"", "call");
	refused("{\"method\":\"a.b.C\"", "call");
	refused("{\"method\":\"a.b.C\"} {}", "call");
	refused("{\"method\":\"a.b.C\",\"method\":\"a.b.D\"}", "call");
	refused("{\"method\":\"a.b.\xff\"}", "call");
	refused("{}", "method");
	refused("{\"method\":7}", "method");
	refused("{\"method\":null}", "method");
	refused("{\"method\":\"a.b.C\",\"parameters\":[]}", "parameters");
	refused("{\"method\":\"a.b.C\",\"more\":1}", "more");
	refused("{\"method\":\"a.b.C\",\"more\":true,\"oneway\":true}", "more");
	refused("{\"method\":\"a.b.C\",\"oneway\":\"yes\"}", "oneway");
	refused("{\"method\":\"a.b.C\",\"upgrade\":true}", "upgrade");
}

static void
what_is_said_to_be_absent_is(void **state)
{
	struct varlink v = {0};
	struct varlink_call call;

	(void)state;
	feed_call(&v, "{\"method\":\"a.b.C\",\"parameters\":null,\"more\":null,\"upgrade\":false}");
	assert_int_equal(varlink_next(&v, &call), 1);
	assert_null(call.parameters);
	assert_false(call.more);
	varlink_call_clear(&call);
	varlink_clear(&v);
}

/* A call whose parameters are nested so deeply; quoted brackets do not count. */
static int
nested(unsigned depth)
{
	struct varlink v = {0};
	struct varlink_call call = {0};
	char text[256] = "{\"method\":\"a.b.C\",\"parameters\":{\"x\":\"[[[[[[[[[[\\\"[[\",\"y\":";
	int r;

	for (unsigned i = 2; i < depth; i++)
		strcat(text, "[");
	strcat(text, "1");
	for (unsigned i = 2; i < depth; i++)
		strcat(text, "]");
	strcat(text, "}}");
	feed_call(&v, text);
	r = varlink_next(&v, &call);
	varlink_call_clear(&call);
	varlink_clear(&v);
	return r;
}

static void
depth_is_bounded(void **state)
{
	char *deep = malloc(VARLINK_MAX_CALL);
	struct varlink v = {0};
	struct varlink_call call;

	(void)state;
	assert_int_equal(nested(VARLINK_MAX_DEPTH), 1);
	assert_int_equal(nested(VARLINK_MAX_DEPTH + 1), -EPROTO);
	memset(deep, '[', VARLINK_MAX_CALL - 1);
	deep[VARLINK_MAX_CALL - 1] = '\0';
	feed(&v, deep, VARLINK_MAX_CALL);
	assert_int_equal(varlink_next(&v, &call), -EPROTO);
	varlink_clear(&v);
	free(deep);
}

/* A call of so many bytes, with its NUL. */
static void
fill(struct varlink *v, size_t size)
{
	static const char head[] = "{\"method\":\"a.b.C\",\"x\":\"", tail[] = "\"}";

	feed(v, head, sizeof(head) - 1);
	for (size_t n = sizeof(head) - 1 + sizeof(tail); n < size; n++)
		feed(v, "x", 1);
	feed(v, tail, sizeof(tail));
}

static void
length_is_bounded(void **state)
{
	struct varlink v = {0};
	struct varlink_call call;
	size_t size;

	(void)state;
	fill(&v, VARLINK_MAX_CALL);
	assert_null(varlink_space(&v, &size));
	assert_int_equal(varlink_next(&v, &call), 1);
	varlink_call_clear(&call);
	assert_non_null(varlink_space(&v, &size));

	for (size_t i = 0; i < VARLINK_MAX_CALL; i++)
		feed(&v, "x", 1);
	assert_null(varlink_space(&v, &size));
	assert_true(varlink_has_call(&v));
	assert_int_equal(varlink_next(&v, &call), -EMSGSIZE);
	assert_false(v.failed);
	varlink_pending(&v, &size);
	assert_true(size > 0);
	varlink_clear(&v);
}

static void
replies_are_bounded(void **state)
{
	json_t *item = json_string("0123456789");
	struct varlink v = {0};
	size_t size;

	(void)state;
	varlink_list(&v, json_object(), "all");
	while (varlink_has_room(&v))
		varlink_item(&v, item);
	varlink_pending(&v, &size);
	assert_in_range(size, VARLINK_ENOUGH, VARLINK_ENOUGH + 64);
	assert_false(v.failed);
	for (size_t i = 0; i < VARLINK_MAX_PENDING / 10 && !v.failed; i++)
		varlink_item(&v, item);
	assert_true(v.failed);
	varlink_pending(&v, &size);
	assert_true(size <= VARLINK_MAX_PENDING);
	json_decref(item);
	varlink_clear(&v);
}

/* What was sent makes room, and no byte is lost where it goes out in pieces. */
static void
replies_leave_in_pieces(void **state)
{
	char *all = malloc(1 << 20);
	struct varlink v = {0};
	size_t n = 0, size;
	const char *at;

	(void)state;
	for (int i = 0; i < 2000; i++) {
		varlink_reply(&v, json_pack("{s:i}", "n", i), false);
		at = varlink_pending(&v, &size);
		size = size > 13 ? 13 : size;
		memcpy(all + n, at, size);
		n += size;
		varlink_sent(&v, size);
	}
	at = varlink_pending(&v, &size);
	memcpy(all + n, at, size);
	varlink_sent(&v, size);
	at = all;
	for (int i = 0; i < 2000; i++) {
		char text[64];

		snprintf(text, sizeof(text), "{\"parameters\":{\"n\":%d}}", i);
		assert_string_equal(at, text);
		at += strlen(text) + 1;
	}
	free(all);
	varlink_clear(&v);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_call_comes_in_pieces),
	    cmocka_unit_test(calls_may_follow_each_other),
	    cmocka_unit_test(replies_have_their_form),
	    cmocka_unit_test(lists_are_made_item_by_item),
	    cmocka_unit_test(a_oneway_call_has_no_reply),
	    cmocka_unit_test(garbage_is_refused),
	    cmocka_unit_test(what_is_said_to_be_absent_is),
	    cmocka_unit_test(depth_is_bounded),
	    cmocka_unit_test(length_is_bounded),
	    cmocka_unit_test(replies_are_bounded),
	    cmocka_unit_test(replies_leave_in_pieces),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
