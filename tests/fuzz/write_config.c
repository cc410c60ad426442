/* SPDX-License-Identifier: ISC */
#include "write_config.h"

#include <assert.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "config/config.h"
#include "config/options.h"
#include "config/scalar.h"

/* Double quotes, and every character in them that is not a plain one as its number. */
static void
write_text(FILE *out, const char *text)
{
	size_t left = strlen(text), size;
	uint32_t code;

	fputc('"', out);
	for (; left > 0; text += size, left -= size) {
		size = source_decode(text, left, &code);
		assert(size > 0);
		if (code < 0x20 || code > 0x7e || code == '"' || code == '\\')
			fprintf(out, "\\U%08" PRIX32, code);
		else
			fputc((int)code, out);
	}
	fputc('"', out);
}

static void
write_string(FILE *out, const char *key, const char *text)
{
	if (text == NULL)
		return;
	fprintf(out, "    %s: ", key);
	write_text(out, text);
	fputc('\n', out);
}

static void
write_bytes(FILE *out, const char *key, const char *bytes, size_t size)
{
	fprintf(out, "      %s: '", key);
	for (size_t i = 0; i < size; i++)
		fprintf(out, "\\x%02x", (unsigned char)bytes[i]);
	fputs("'\n", out);
}

/* A factor as it was written has at most 15 digits behind the point. */
static void
write_factor(FILE *out, const char *key, double factor)
{
	struct why why;
	double again = 0;
	char text[32];

	for (int digits = 0; again < factor || again > factor; digits++) {
		assert(digits <= 15);
		snprintf(text, sizeof(text), "%.*f", digits, factor);
		assert(scalar_factor((struct slice){text, strlen(text)}, &again, &why) == 0);
	}
	fprintf(out, "      %s: %s\n", key, text);
}

static const char *
word_of(enum option_id id, int value)
{
	const struct option_word *word = option_at(id)->words;

	while (word->word != NULL && word->value != value)
		word++;
	assert(word->word != NULL);
	return word->word;
}

static void
write_wishes(FILE *out, const struct plan_wish *wish)
{
	fprintf(out,
	    "      detect_within: %" PRId64 "ms\n      outage: %" PRId64
	    "ms\n      lost_probes: %d\n",
	    wish->detect_ms, wish->outage_ms, wish->lost_probes);
}

/* A peer with exact values has no wishes of its own: they are the common ones. */
static void
write_keepalive(FILE *out, const struct plan_wish *wish)
{
	fputs("    keepalive:\n", out);
	if (wish->exact_idle_s > 0)
		fprintf(out, "      idle: %d\n      interval: %d\n      count: %d\n",
		    wish->exact_idle_s, wish->exact_interval_s, wish->exact_count);
	else
		write_wishes(out, wish);
}

static void
write_heartbeat(FILE *out, const struct config_heartbeat *heartbeat)
{
	fprintf(out, "    heartbeat:\n      every: %" PRId64 "ms\n      timeout: %" PRId64 "ms\n",
	    heartbeat->terms.every_ms, heartbeat->terms.timeout_ms);
	write_bytes(out, "send", heartbeat->send, heartbeat->send_len);
	if (heartbeat->expect.bytes != NULL)
		write_bytes(out, "expect", heartbeat->expect.bytes, heartbeat->expect.len);
}

static void
write_listen(FILE *out, const struct config_peer *peer)
{
	write_string(out, "listen_group", peer->listen_group);
	fprintf(out, "    listen_mode: \"%04o\"\n    max_clients: %u\n    when_down: %s\n",
	    peer->listen_mode, peer->max_clients, word_of(OPTION_WHEN_DOWN, (int)peer->when_down));
}

static void
write_peer(FILE *out, const struct config_peer *peer)
{
	fprintf(out, "  -\n    sessions: %u\n    connect_timeout: %" PRId64 "ms\n", peer->sessions,
	    peer->connect_timeout_ms);
	write_string(out, "name", peer->name);
	write_string(out, "address", peer->address);
	write_string(out, "firewall", peer->firewall);
	write_string(out, "bind", peer->bind);
	write_string(out, "device", peer->device);
	fprintf(out,
	    "    backoff:\n      first: %" PRId64 "ms\n      max: %" PRId64
	    "ms\n      stable_after: %" PRId64 "ms\n",
	    peer->backoff.first_ms, peer->backoff.max_ms, peer->backoff.stable_ms);
	write_factor(out, "factor", peer->backoff.factor);
	write_keepalive(out, &peer->wish);
	if (peer->heartbeat != NULL)
		write_heartbeat(out, peer->heartbeat);
	write_string(out, "listen", peer->listen);
	if (peer->listen != NULL)
		write_listen(out, peer);
}

/* What peers have of the common settings and cannot say themselves: what is taken for a firewall
 * until it is measured, the wishes beside exact values, and what means something only with
 * `listen`. */
static void
write_defaults(FILE *out, const struct config *config)
{
	const struct config_peer *measured = NULL, *exact = NULL, *closed = NULL;

	for (size_t i = 0; i < config->n_peers; i++) {
		const struct config_peer *peer = &config->peers[i];

		measured = peer->firewall_auto ? peer : measured;
		exact = peer->wish.exact_idle_s > 0 ? peer : exact;
		closed = peer->listen == NULL ? peer : closed;
	}
	fputs("defaults:\n    connect_timeout: 10s\n", out);
	if (measured != NULL)
		fprintf(out, "    firewall: %" PRId64 "ms\n", measured->wish.firewall_ms);
	if (exact != NULL) {
		fputs("    keepalive:\n", out);
		write_wishes(out, &exact->wish);
	}
	if (closed != NULL)
		write_listen(out, closed);
}

void
write_config(const struct config *config, FILE *out)
{
	fprintf(out, "ready_when: %s\nlog:\n  level: %s\n  summary_every: %" PRId64 "ms\n",
	    word_of(OPTION_READY_WHEN, (int)config->ready_when),
	    word_of(OPTION_LOG_LEVEL, config->log_level), config->summary_every_ms);
	fputs("control:\n  socket: ", out);
	write_text(out, config->control_socket);
	fputc('\n', out);
	write_defaults(out, config);
	fputs("peers:\n", out);
	for (size_t i = 0; i < config->n_peers; i++)
		write_peer(out, &config->peers[i]);
}
