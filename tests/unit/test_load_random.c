/* SPDX-License-Identifier: ISC */

/*
 * Random changes to the files of the corpus: whatever comes of it, loading ends with a
 * configuration that is complete, or with an error. KAGUARD_SEED repeats a run.
 */

#include "config/load.h"

#include <errno.h>
#include <glob.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "config/config.h"
#include "config_text.h"

#define ROUNDS	  20000
#define MAX_SEEDS 1000
#define ROOM	  ((size_t)1 << 14)

struct text {
	char bytes[ROOM];
	size_t len;
};

static struct text *corpus;
static size_t n_corpus;
static unsigned random_state;

static size_t
below(size_t bound)
{
	return (size_t)rand_r(&random_state) % bound;
}

static void
read_corpus(const char *pattern)
{
	char path[4096];
	glob_t found;

	snprintf(path, sizeof(path), "%s/tests/config/%s", getenv("KAGUARD_SRCDIR"), pattern);
	assert_int_equal(glob(path, 0, NULL, &found), 0);
	for (size_t i = 0; i < found.gl_pathc && n_corpus < MAX_SEEDS; i++) {
		FILE *in = fopen(found.gl_pathv[i], "r");

		assert_non_null(in);
		corpus[n_corpus].len = fread(corpus[n_corpus].bytes, 1, ROOM, in);
		n_corpus += corpus[n_corpus].len > 0;
		fclose(in);
	}
	globfree(&found);
}

static int
set_up(void **state)
{
	const char *seed = getenv("KAGUARD_SEED");

	(void)state;
	random_state = seed != NULL ? (unsigned)strtoul(seed, NULL, 10) : (unsigned)time(NULL);
	print_message("# KAGUARD_SEED=%u\n", random_state);
	corpus = calloc(MAX_SEEDS, sizeof(*corpus));
	assert_non_null(corpus);
	assert_non_null(getenv("KAGUARD_SRCDIR"));
	read_corpus("good/*.yaml");
	read_corpus("bad/*.yaml");
	assert_true(n_corpus > 100);
	return 0;
}

static int
tear_down(void **state)
{
	(void)state;
	free(corpus);
	return 0;
}

/* text[at..at+drop) gives way to what is given. */
static void
splice(struct text *text, size_t at, size_t drop, const char *with, size_t len)
{
	if (drop > text->len - at)
		drop = text->len - at;
	if (text->len - drop + len > ROOM)
		return;
	memmove(text->bytes + at + len, text->bytes + at + drop, text->len - at - drop);
	memmove(text->bytes + at, with, len);
	text->len += len - drop;
}

static void
mutate(struct text *text)
{
	static const char *const tokens[] = {"\n", "\t", " ", "  ", ": ", "- ", "[", "]", "{", "}",
	    "\"", "'", "#", "&a ", "*a", "!x ", "<<: ", "? ", "|\n", ">\n", "---\n", "...\n", "\\",
	    "\r", "%", "@", ",", "\xef\xbb\xbf", "\xc3", "\xe2\x80\xa8", "\\x00", "1:30", "022",
	    "0x10", "~", "yes", "true", "-1", "1e9", "99999999999999999999", "auto", "aws-alb",
	    "sessions: 2\n", "peers:\n", "defaults: ", "keepalive: {", "idle: 1",
	    "heartbeat: {send: x, every: 5}"};
	const struct text *other = &corpus[below(n_corpus)];
	const char *token = tokens[below(sizeof(tokens) / sizeof(tokens[0]))];
	size_t at = below(text->len + 1), from = below(other->len);
	char byte = (char)below(256);

	switch (below(6)) {
	case 0:
		splice(text, at, 1, &byte, 1);
		break;
	case 1:
		splice(text, at, 0, token, strlen(token));
		break;
	case 2:
		splice(text, at, below(8) + 1, token, strlen(token));
		break;
	case 3:
		splice(text, at, below(64), "", 0);
		break;
	case 4:
		splice(text, at, 0, other->bytes + from, below(other->len - from) + 1);
		break;
	default:
		text->len = at;
		break;
	}
}

static void
check_peer(const struct config *config, const struct config_peer *peer)
{
	struct plan plan;

	assert_true(peer->name[0] != '\0' && strlen(peer->name) <= CONFIG_MAX_NAME);
	assert_ptr_equal(config_find(config, peer->name), peer);
	assert_true(peer->host[0] != '\0' && peer->port > 0 && peer->firewall[0] != '\0');
	assert_true(peer->sessions > 0 || peer->listen != NULL);
	assert_true(peer->sessions <= CONFIG_MAX_SESSIONS);
	assert_true(peer->backoff.first_ms > 0 && peer->backoff.first_ms <= peer->backoff.max_ms);
	assert_true(peer->backoff.factor >= 1 && peer->backoff.factor <= 10);
	assert_true(peer->connect_timeout_ms >= 100);
	assert_true(peer->file < config->n_files && peer->line > 0);
	assert_int_equal(plan_make(&peer->wish, &plan, NULL), 0);
	assert_int_equal(plan.idle_s, peer->plan.idle_s);
	if (peer->heartbeat == NULL)
		return;
	assert_true(peer->heartbeat->send_len > 0);
	assert_true(peer->heartbeat->terms.every_ms < peer->wish.firewall_ms);
	assert_true(peer->heartbeat->terms.timeout_ms <= peer->heartbeat->terms.every_ms);
}

static void
nothing_is_half_done(void **state)
{
	static struct text text;
	size_t valid = 0;

	(void)state;
	for (int round = 0; round < ROUNDS; round++) {
		struct config *config = NULL;
		struct remarks remarks;
		int error;

		text = corpus[below(n_corpus)];
		for (size_t i = below(4) + 1; i > 0; i--)
			mutate(&text);
		error = config_text_load(text.bytes, text.len, &config, &remarks);
		assert_true(error == 0 || error == -EINVAL);
		assert_true((error == 0) == (remarks.n_errors == 0));
		assert_true((error == 0) == (config != NULL));
		for (size_t i = 0; config != NULL && i < config->n_peers; i++)
			check_peer(config, &config->peers[i]);
		for (size_t i = 0; i < remarks.n; i++)
			assert_true(remarks.list[i].text[0] != '\0' && remarks.list[i].line > 0);
		valid += error == 0;
		config_free(config);
		remarks_clear(&remarks);
	}
	print_message("# %zu of %d were valid\n", valid, ROUNDS);
	assert_true(valid > ROUNDS / 100);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(nothing_is_half_done),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
