/* SPDX-License-Identifier: ISC */
#include "config/config.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define MANY 5000

static struct config *
with_peers(size_t n)
{
	struct config *config = calloc(1, sizeof(*config));
	char name[32];

	assert_non_null(config);
	config->peers = calloc(n, sizeof(*config->peers));
	assert_non_null(config->peers);
	for (size_t i = 0; i < n; i++) {
		int len = snprintf(name, sizeof(name), "peer-%zu", i);

		config->peers[i].name = pool_text(&config->pool, name, (size_t)len);
		assert_non_null(config->peers[i].name);
	}
	return config;
}

static void
all_are_found(const struct config *config)
{
	for (size_t i = 0; i < config->n_peers; i++)
		assert_ptr_equal(config_find(config, config->peers[i].name), &config->peers[i]);
	assert_null(config_find(config, "peer-"));
	assert_null(config_find(config, ""));
}

static void
peers_are_found(void **state)
{
	struct config *config = with_peers(MANY);
	const struct config_peer *first;

	(void)state;
	all_are_found(config);
	config->n_peers = 50;
	all_are_found(config); /* without an index */
	config->n_peers = 0;
	while (config->n_peers < MANY) {
		config->n_peers++;
		assert_int_equal(config_index_last(config, &first), 0);
	}
	all_are_found(config);
	config_free(config);
}

static void
names_are_taken_once(void **state)
{
	struct config *config = with_peers(40);
	const struct config_peer *first = NULL;

	(void)state;
	config->peers[30].name = config->peers[7].name;
	while (config->n_peers < 30) {
		config->n_peers++;
		assert_int_equal(config_index_last(config, &first), 0);
	}
	config->n_peers++;
	assert_int_equal(config_index_last(config, &first), -EEXIST);
	assert_ptr_equal(first, &config->peers[7]);
	assert_ptr_equal(config_find(config, "peer-7"), &config->peers[7]);
	config_free(config);
}

static void
half_built_can_be_freed(void **state)
{
	(void)state;
	config_free(NULL);
	config_free(calloc(1, sizeof(struct config)));
}

/* Texts of two versions are never the same pointers. */
static char name_a[] = "a", name_b[] = "a", host_a[] = "host", host_b[] = "host", wall_a[] = "240s",
	    wall_b[] = "240s", bind_a[] = "192.0.2.1", bind_b[] = "192.0.2.1", send_a[] = "x\0y",
	    send_b[] = "x\0y", other[] = "other", send_other[] = "x\0z";

static struct config_heartbeat heartbeat_a = {
    .send = send_a, .send_len = 3, .terms.every_ms = 1000};
static struct config_heartbeat heartbeat_b = {
    .send = send_b, .send_len = 3, .terms.every_ms = 1000};

static const struct config_peer before = {
    .name = name_a,
    .host = host_a,
    .firewall = wall_a,
    .bind = bind_a,
    .heartbeat = &heartbeat_a,
    .port = 443,
    .sessions = 1,
    .backoff = {.first_ms = 1000, .max_ms = 5000, .factor = 2, .stable_ms = 1},
    .wish = {.firewall_ms = 240000},
    .plan = {.idle_s = 200, .interval_s = 5, .count = 4, .user_timeout_ms = 230000},
};

static struct config_peer
same(void)
{
	struct config_peer peer = before;

	heartbeat_b = heartbeat_a;
	heartbeat_b.send = send_b;
	peer.name = name_b;
	peer.host = host_b;
	peer.firewall = wall_b;
	peer.bind = bind_b;
	peer.heartbeat = &heartbeat_b;
	return peer;
}

#define CHANGED(expected, ...)                                                   \
	do {                                                                     \
		struct config_peer after = same();                               \
		__VA_ARGS__;                                                     \
		assert_int_equal(config_peer_diff(&before, &after), (expected)); \
		assert_int_equal(config_peer_diff(&after, &before), (expected)); \
	} while (0)

static void
differences(void **state)
{
	(void)state;
	CHANGED(CONFIG_SAME, (void)after);
	CHANGED(CONFIG_SAME, after.file = 3; after.line = 9; after.plan.margin_ms = 1);
	CHANGED(CONFIG_RECONNECT, after.host = other);
	CHANGED(CONFIG_RECONNECT, after.port = 444);
	CHANGED(CONFIG_RECONNECT, after.bind = NULL);
	CHANGED(CONFIG_RECONNECT, after.bind = other);
	CHANGED(CONFIG_RECONNECT, after.device = other);
	CHANGED(CONFIG_RETUNE, after.plan.idle_s++);
	CHANGED(CONFIG_RETUNE, after.plan.interval_s++);
	CHANGED(CONFIG_RETUNE, after.plan.count++);
	CHANGED(CONFIG_RETUNE, after.plan.user_timeout_ms++);
	CHANGED(CONFIG_SESSIONS, after.sessions++);
	CHANGED(CONFIG_POLICY, after.backoff.first_ms++);
	CHANGED(CONFIG_POLICY, after.backoff.max_ms++);
	CHANGED(CONFIG_POLICY, after.backoff.factor += 0.5);
	CHANGED(CONFIG_POLICY, after.backoff.stable_ms++);
	CHANGED(CONFIG_POLICY, after.connect_timeout_ms++);
	CHANGED(CONFIG_POLICY, after.max_clients++);
	CHANGED(CONFIG_POLICY, after.when_down = CONFIG_DOWN_REFUSE);
	CHANGED(CONFIG_POLICY, after.listen_mode = 0600);
	CHANGED(CONFIG_POLICY, after.listen_group = (char *)(uintptr_t) "users");
	CHANGED(CONFIG_POLICY, after.firewall_auto = true);
	CHANGED(CONFIG_POLICY, after.firewall = other);
	CHANGED(CONFIG_POLICY, after.listen = other);
	CHANGED(CONFIG_POLICY, after.wish.outage_ms++);
	CHANGED(CONFIG_POLICY, after.wish.lost_probes++);
	CHANGED(CONFIG_HEARTBEAT, after.heartbeat = NULL);
	CHANGED(CONFIG_HEARTBEAT, heartbeat_b.terms.every_ms++);
	CHANGED(CONFIG_HEARTBEAT, heartbeat_b.terms.timeout_ms++);
	CHANGED(CONFIG_HEARTBEAT, heartbeat_b.send = send_other);
	CHANGED(CONFIG_HEARTBEAT, heartbeat_b.send_len = 2);
	CHANGED(CONFIG_HEARTBEAT, heartbeat_b.expect.bytes = other; heartbeat_b.expect.len = 5);
	CHANGED(CONFIG_RETUNE | CONFIG_POLICY, after.plan.idle_s--; after.wish.firewall_ms--);
	CHANGED(CONFIG_RECONNECT | CONFIG_SESSIONS, after.port++; after.sessions++);
}

static void
pools(void **state)
{
	struct pool pool = {0};
	char large[300000];
	char *texts[1000];

	(void)state;
	memset(large, 'x', sizeof(large));
	for (size_t i = 0; i < 1000; i++) {
		size_t len = i % 100 == 99 ? sizeof(large) : i % 37;
		char *zeroed = pool_alloc(&pool, i % 50 + 1);

		assert_non_null(zeroed);
		assert_int_equal((uintptr_t)zeroed % _Alignof(max_align_t), 0);
		for (size_t j = 0; j <= i % 50; j++)
			assert_int_equal(zeroed[j], 0);
		memset(zeroed, 'z', i % 50 + 1);
		texts[i] = pool_text(&pool, large, len);
		assert_int_equal(strlen(texts[i]), len);
	}
	for (size_t i = 0; i < 1000; i++)
		assert_int_equal(strspn(texts[i], "x"), i % 100 == 99 ? sizeof(large) : i % 37);
	assert_null(pool_alloc(&pool, SIZE_MAX));
	assert_null(pool_text(&pool, large, SIZE_MAX));
	pool_clear(&pool);
	pool_clear(&pool);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(peers_are_found),
	    cmocka_unit_test(names_are_taken_once),
	    cmocka_unit_test(half_built_can_be_freed),
	    cmocka_unit_test(differences),
	    cmocka_unit_test(pools),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
