/* SPDX-License-Identifier: ISC */
#include "config/config.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

void
config_free(struct config *config)
{
	if (config == NULL)
		return;
	free(config->peers);
	free(config->files);
	free(config->index);
	pool_clear(&config->pool);
	free(config);
}

/* FNV-1a: short names, a table that is at most half full. */
static uint32_t
config_hash(const char *name)
{
	uint32_t hash = 2166136261U;

	for (; *name != '\0'; name++)
		hash = (hash ^ (unsigned char)*name) * 16777619U;
	return hash;
}

/* The slot where the name is, or the free one where it belongs. A slot holds 1 + the peer's place.
 */
static uint32_t *
config_slot(const struct config *config, const char *name)
{
	size_t at = config_hash(name) & (config->index_size - 1);

	while (
	    config->index[at] != 0 && strcmp(config->peers[config->index[at] - 1].name, name) != 0)
		at = (at + 1) & (config->index_size - 1);
	return &config->index[at];
}

/* Make room for all peers but the last, and for that one. */
static int
config_index_grow(struct config *config)
{
	size_t size = config->index_size == 0 ? 16 : config->index_size * 2;
	uint32_t *index;

	if (config->n_peers * 2 <= config->index_size)
		return 0;
	index = calloc(size, sizeof(*index));
	if (index == NULL)
		return -ENOMEM;
	free(config->index);
	config->index = index;
	config->index_size = size;
	for (size_t i = 0; i + 1 < config->n_peers; i++)
		*config_slot(config, config->peers[i].name) = (uint32_t)i + 1;
	return 0;
}

int
config_index_last(struct config *config, const struct config_peer **ret_first)
{
	int error = config_index_grow(config);
	uint32_t *slot;

	if (error != 0)
		return error;
	slot = config_slot(config, config->peers[config->n_peers - 1].name);
	if (*slot != 0) {
		*ret_first = &config->peers[*slot - 1];
		return -EEXIST;
	}
	*slot = (uint32_t)config->n_peers;
	return 0;
}

const struct config_peer *
config_find(const struct config *config, const char *name)
{
	if (config->index != NULL) {
		uint32_t found = *config_slot(config, name);

		return found == 0 ? NULL : &config->peers[found - 1];
	}
	for (size_t i = 0; i < config->n_peers; i++)
		if (strcmp(config->peers[i].name, name) == 0)
			return &config->peers[i];
	return NULL;
}

static bool
text_same(const char *a, const char *b)
{
	return a == b || (a != NULL && b != NULL && strcmp(a, b) == 0);
}

static bool
heartbeat_same(const struct config_heartbeat *a, const struct config_heartbeat *b)
{
	if (a == NULL || b == NULL)
		return a == b;
	return a->terms.every_ms == b->terms.every_ms &&
	       a->terms.timeout_ms == b->terms.timeout_ms && a->send_len == b->send_len &&
	       memcmp(a->send, b->send, a->send_len) == 0 && a->expect.len == b->expect.len &&
	       (a->expect.len == 0 || memcmp(a->expect.bytes, b->expect.bytes, a->expect.len) == 0);
}

static bool
backoff_same(const struct backoff *a, const struct backoff *b)
{
	return a->first_ms == b->first_ms && a->max_ms == b->max_ms &&
	       !(a->factor < b->factor || a->factor > b->factor) && a->stable_ms == b->stable_ms;
}

/* What the kernel is told. */
static bool
plan_same(const struct plan *a, const struct plan *b)
{
	return a->idle_s == b->idle_s && a->interval_s == b->interval_s && a->count == b->count &&
	       a->user_timeout_ms == b->user_timeout_ms;
}

/* What is asked for; it is planned afresh when the round trip changes. */
static bool
wish_same(const struct plan_wish *a, const struct plan_wish *b)
{
	return a->firewall_ms == b->firewall_ms && a->detect_ms == b->detect_ms &&
	       a->outage_ms == b->outage_ms && a->rtt_ms == b->rtt_ms &&
	       a->lost_probes == b->lost_probes && a->exact_idle_s == b->exact_idle_s &&
	       a->exact_interval_s == b->exact_interval_s && a->exact_count == b->exact_count;
}

static bool
policy_same(const struct config_peer *a, const struct config_peer *b)
{
	return backoff_same(&a->backoff, &b->backoff) && wish_same(&a->wish, &b->wish) &&
	       a->connect_timeout_ms == b->connect_timeout_ms && a->max_clients == b->max_clients &&
	       a->firewall_auto == b->firewall_auto && text_same(a->firewall, b->firewall) &&
	       text_same(a->listen, b->listen) && text_same(a->listen_group, b->listen_group) &&
	       a->listen_mode == b->listen_mode && a->when_down == b->when_down;
}

unsigned
config_peer_diff(const struct config_peer *before, const struct config_peer *after)
{
	unsigned change = CONFIG_SAME;

	if (!text_same(before->host, after->host) || before->port != after->port ||
	    !text_same(before->bind, after->bind) || !text_same(before->device, after->device))
		change |= CONFIG_RECONNECT;
	if (!plan_same(&before->plan, &after->plan))
		change |= CONFIG_RETUNE;
	if (before->sessions != after->sessions)
		change |= CONFIG_SESSIONS;
	if (!policy_same(before, after))
		change |= CONFIG_POLICY;
	if (!heartbeat_same(before->heartbeat, after->heartbeat))
		change |= CONFIG_HEARTBEAT;
	return change;
}
