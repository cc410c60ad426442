/* SPDX-License-Identifier: ISC */
#include "config/options.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "config/parse.h"
#include "config_text.h"

static struct slice
slice(const char *text)
{
	return (struct slice){text, strlen(text)};
}

static bool
is_map(enum option_id id)
{
	return option_at(id)->type == OPTION_TYPE_MAP;
}

static void
rows_are_complete(void **state)
{
	(void)state;
	for (int i = OPTION_ROOT + 1; i < OPTION_COUNT; i++) {
		enum option_id id = (enum option_id)i;
		const struct option *option = option_at(id);
		size_t len = strlen(option->help);

		assert_true(is_map(option->parent));
		assert_true(len > 0 && option->help[len - 1] == '.');
		assert_true(strlen(option->key) > 0);
		if (id == OPTION_PEER)
			continue;
		assert_int_equal(option_find(option->parent, slice(option->key)), id);
		assert_non_null(option->example);
		assert_true((option->type == OPTION_TYPE_WORD) == (option->words != NULL));
	}
}

static void
only_keys_are_found(void **state)
{
	(void)state;
	assert_int_equal(option_find(OPTION_ROOT, slice("peer")), OPTION_ROOT);
	assert_int_equal(option_find(OPTION_ROOT, slice("")), OPTION_ROOT);
	assert_int_equal(option_find(OPTION_ROOT, slice("Peers")), OPTION_ROOT);
	assert_int_equal(option_find(OPTION_BACKOFF, slice("level")), OPTION_ROOT);
	assert_int_equal(option_find(OPTION_BACKOFF, (struct slice){"max\0x", 5}), OPTION_ROOT);
	assert_int_equal(option_find(OPTION_BACKOFF, (struct slice){"maximum", 3}), OPTION_MAX);
}

static void
defaults_are_valid(void **state)
{
	struct settings settings;

	(void)state;
	settings_init(&settings);
	for (int i = 0; i < OPTION_COUNT; i++) {
		const struct option *option = option_at((enum option_id)i);
		struct setting setting = {0};
		struct why why;

		assert_int_equal(settings.of[i].at.line, 0);
		if (option->fallback != NULL)
			assert_int_equal(
			    option_parse(option, slice(option->fallback), &setting, &why), 0);
	}
	assert_int_equal(
	    settings.of[OPTION_FIREWALL].firewall.timeout_ms, 1000 * FIREWALL_DEFAULT_S);
	assert_int_equal(settings.of[OPTION_SESSIONS].number, 1);
}

/* A file in which the option has its example as value. */
static void
write_example(enum option_id id, char *text, size_t size)
{
	const struct option *option = option_at(id);
	char key[160];

	snprintf(key, sizeof(key), "%s: %s", option->key, option->example);
	if (option->parent == OPTION_ROOT)
		snprintf(text, size, "%s\n", key);
	else if (option->parent == OPTION_LOG || option->parent == OPTION_CONTROL)
		snprintf(text, size, "%s: {%s}\n", option_at(option->parent)->key, key);
	else if (id == OPTION_ADDRESS)
		snprintf(text, size, "peers: [{%s}]\n", key);
	else if (option->parent == OPTION_PEER)
		snprintf(text, size, "peers: [{address: 'a:1', %s%s}]\n", key,
		    id >= OPTION_LISTEN_MODE && id <= OPTION_WHEN_DOWN ? ", listen: '127.0.0.1:1'"
								       : "");
	else if (id == OPTION_IDLE || id == OPTION_INTERVAL || id == OPTION_COUNT_PROBES)
		snprintf(text, size, "peers: [{address: 'a:1', keepalive: {%s, %s, %s}}]\n",
		    id == OPTION_IDLE ? key : "idle: 100",
		    id == OPTION_INTERVAL ? key : "interval: 5",
		    id == OPTION_COUNT_PROBES ? key : "count: 5");
	else if (option->parent == OPTION_HEARTBEAT)
		snprintf(text, size, "peers: [{address: 'a:1', heartbeat: {%s, %s, %s}}]\n", key,
		    id == OPTION_SEND ? "expect: x" : "send: x",
		    id == OPTION_EVERY ? "timeout: 1s" : "every: 60");
	else
		snprintf(text, size, "peers: [{address: 'a:1', %s: {%s}}]\n",
		    option_at(option->parent)->key, key);
}

static void
examples_are_valid(void **state)
{
	char text[640];

	(void)state;
	for (int i = OPTION_ROOT + 1; i < OPTION_COUNT; i++) {
		struct config *config = NULL;
		struct remarks remarks;

		if (i == OPTION_PEER)
			continue;
		write_example((enum option_id)i, text, sizeof(text));
		if (config_text_load(text, strlen(text), &config, &remarks) != 0) {
			print_message("# %s# %s\n", text, remarks.list[0].text);
			fail();
		}
		config_free(config);
		remarks_clear(&remarks);
	}
}

/* Any key with one letter missing, doubled, changed or swapped is recognized. */
static void
slips_are_recognized(void **state)
{
	char slip[64];

	(void)state;
	for (int i = OPTION_ROOT + 1; i < OPTION_COUNT; i++) {
		const struct option *option = option_at((enum option_id)i);
		size_t len = strlen(option->key);

		if (i == OPTION_PEER || len < 6)
			continue;
		for (size_t at = 0; at + 1 < len; at++) {
			snprintf(slip, sizeof(slip), "%.*s%s", (int)at, option->key,
			    option->key + at + 1);
			assert_string_equal(
			    option_suggest(option->parent, slice(slip)), option->key);
			snprintf(slip, sizeof(slip), "%.*s%s", (int)at + 1, option->key,
			    option->key + at);
			assert_string_equal(
			    option_suggest(option->parent, slice(slip)), option->key);
			strcpy(slip, option->key);
			slip[at] = 'q';
			assert_string_equal(
			    option_suggest(option->parent, slice(slip)), option->key);
			strcpy(slip, option->key);
			slip[at] = option->key[at + 1];
			slip[at + 1] = option->key[at];
			assert_string_equal(
			    option_suggest(option->parent, slice(slip)), option->key);
		}
	}
	assert_null(option_suggest(OPTION_ROOT, slice("")));
	assert_null(option_suggest(OPTION_ROOT, slice("zzz")));
	assert_null(
	    option_suggest(OPTION_ROOT, slice("ready_when_and_much_more_than_any_key_has")));
	assert_string_equal(option_suggest_firewall(slice("aws_nat_gatway")), "aws-nat-gateway");
	assert_null(option_suggest_firewall(slice("home-router")));
}

static void
paths(void **state)
{
	char path[64];

	(void)state;
	assert_string_equal(option_path(OPTION_LOG_LEVEL, path, sizeof(path)), "log.level");
	assert_string_equal(option_path(OPTION_MAX, path, sizeof(path)), "backoff.max");
	assert_string_equal(option_path(OPTION_BIND, path, sizeof(path)), "bind");
	assert_string_equal(option_path(OPTION_PEERS, path, sizeof(path)), "peers");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(rows_are_complete),
	    cmocka_unit_test(only_keys_are_found),
	    cmocka_unit_test(defaults_are_valid),
	    cmocka_unit_test(examples_are_valid),
	    cmocka_unit_test(slips_are_recognized),
	    cmocka_unit_test(paths),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
