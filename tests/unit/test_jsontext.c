/* SPDX-License-Identifier: ISC */

/*
 * Texts are parsed with each allocation failing in its turn, alone and with all that follow: no
 * crash, no leak (the sanitizers look), and either what the text says, or -ENOMEM.
 */

#include "host/jsontext.h"

#include <errno.h>
#include <jansson.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* The linker's --wrap puts this between the library and the C library. */
void *__real_malloc(size_t size);
void *__wrap_malloc(size_t size);

static long countdown = -1; /* allocations until one fails; -1: none does */
static bool for_good;	    /* and then all do */

void *
__wrap_malloc(size_t size)
{
	if (countdown != 0) {
		countdown -= countdown > 0;
		return __real_malloc(size);
	}
	if (!for_good)
		countdown = -1;
	return NULL;
}

/* A long text of one kind: a token as long as that, or many that are short. */
static char *
text_of(const char *head, const char *body, int times, const char *tail)
{
	size_t size = strlen(head) + strlen(body) * (size_t)times + strlen(tail) + 1;
	char *text = test_malloc(size), *end = stpcpy(text, head);

	for (int i = 0; i < times; i++)
		end = stpcpy(end, body);
	strcpy(end, tail);
	return text;
}

static void
parse_without_memory(const char *text)
{
	json_t *expected = NULL, *json;
	int r = -ENOMEM;

	countdown = -1;
	assert_int_equal(jsontext_parse(text, strlen(text), &expected), 0);
	for (long n = 0; r < 0; n++) {
		countdown = n;
		json = NULL;
		r = jsontext_parse(text, strlen(text), &json);
		countdown = -1;
		assert_true(r == 0 || (r == -ENOMEM && json == NULL));
	}
	assert_true(json_equal(json, expected));
	json_decref(json);
	json_decref(expected);
}

/* Past each size of the lexer's buffer, by one byte and by two. */
static void
memory_may_end_anywhere(void **state)
{
	static const char *const shapes[][3] = {{"[\"", "x", "\"]"}, {"{\"", "k", "\": \"v\"}"},
	    {"[0.", "1", "]"}, {"[\"\\u00e4\", \"", "\\\\", "\"]"}, {"[", "{},", "null]"},
	    {"{\"a\": {\"b\": [", "\"\",1,[],", "true]}}"}};

	(void)state;
	for (size_t i = 0; i < sizeof(shapes) / sizeof(shapes[0]); i++)
		for (int times = 1; times < 300; times += times < 40 ? 1 : 37) {
			char *text = text_of(shapes[i][0], shapes[i][1], times, shapes[i][2]);

			for_good = false;
			parse_without_memory(text);
			for_good = true;
			parse_without_memory(text);
			test_free(text);
		}
}

static void
what_is_wrong_is_told_apart(void **state)
{
	static const char *const bad[] = {
	    "", "{", "[1,]", "{\"a\": 1, \"a\": 2}", "[\"\xff\"]", "[] x", "\"text\""};
	json_t *json = NULL;
	int n;

	(void)state;
	countdown = -1;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(jsontext_parse(bad[i], strlen(bad[i]), &json), -EBADMSG);
	assert_null(json);
	assert_int_equal(jsontext_parse("{\"n\": 7} \n", 10, &json), 0);
	assert_int_equal(jsontext_unpack(json, "{s:i}", "n", &n), 0);
	assert_int_equal(n, 7);
	assert_int_equal(jsontext_unpack(json, "{s:s}", "n", &n), -EBADMSG);
	json_decref(json);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(memory_may_end_anywhere),
	    cmocka_unit_test(what_is_wrong_is_told_apart),
	};

	return cmocka_run_group_tests_name("jsontext", tests, NULL, NULL);
}
