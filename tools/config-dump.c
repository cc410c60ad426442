/* SPDX-License-Identifier: ISC */
/*
 * Prints what a configuration means, for the tests: every value in force, or every error.
 *
 *	config-dump FILE	the configuration and its warnings; or the errors, one a line
 *	config-dump -v FILE	the remarks with their source lines, as --check shows them
 *	config-dump -t FILE	how long loading took, and the memory for a peer
 */

#include <inttypes.h>
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "config/config.h"
#include "config/load.h"
#include "policy/timespan.h"

static const char *
span(int64_t ms)
{
	static char text[8][TIMESPAN_MAX];
	static unsigned next;

	next = (next + 1) % 8;
	return timespan_text(ms, text[next], sizeof(text[next]));
}

static void
dump_bytes(const char *key, const char *bytes, size_t len)
{
	printf("  heartbeat.%s: ", key);
	for (size_t i = 0; i < len; i++)
		if (bytes[i] > ' ' && bytes[i] < 0x7f && bytes[i] != '\\')
			putchar(bytes[i]);
		else
			printf("\\x%02x", (unsigned char)bytes[i]);
	putchar('\n');
}

static void
dump_heartbeat(const struct config_heartbeat *heartbeat)
{
	if (heartbeat == NULL)
		return;
	dump_bytes("send", heartbeat->send, heartbeat->send_len);
	if (heartbeat->expect.bytes != NULL)
		dump_bytes("expect", heartbeat->expect.bytes, heartbeat->expect.len);
	printf("  heartbeat.every: %s\n  heartbeat.timeout: %s\n", span(heartbeat->terms.every_ms),
	    span(heartbeat->terms.timeout_ms));
}

static void
dump_text(const char *key, const char *text)
{
	if (text != NULL)
		printf("  %s: %s\n", key, text);
}

static void
dump_peer(const struct config *config, const struct config_peer *peer)
{
	const char *file = config->files[peer->file], *base = strrchr(file, '/');

	printf("peer %s (%s:%u)\n", peer->name, base == NULL ? file : base + 1, peer->line);
	printf("  address: %s = %s port %u\n", peer->address, peer->host, peer->port);
	printf("  firewall: %s = %s%s\n", peer->firewall, span(peer->wish.firewall_ms),
	    peer->firewall_auto ? ", to be measured" : "");
	if (peer->wish.exact_idle_s > 0)
		printf("  keepalive: exact %d/%d/%d\n", peer->wish.exact_idle_s,
		    peer->wish.exact_interval_s, peer->wish.exact_count);
	else
		printf("  keepalive: detect %s, lost %d, outage %s\n", span(peer->wish.detect_ms),
		    peer->wish.lost_probes, span(peer->wish.outage_ms));
	printf("  sessions: %u\n  connect_timeout: %s\n", peer->sessions,
	    span(peer->connect_timeout_ms));
	printf("  backoff: first %s, max %s, factor %g, stable_after %s\n",
	    span(peer->backoff.first_ms), span(peer->backoff.max_ms), peer->backoff.factor,
	    span(peer->backoff.stable_ms));
	dump_heartbeat(peer->heartbeat);
	dump_text("bind", peer->bind);
	dump_text("device", peer->device);
	dump_text("listen", peer->listen);
	if (peer->listen != NULL)
		printf("  max_clients: %u\n  when_down: %s\n", peer->max_clients,
		    peer->when_down == CONFIG_DOWN_REFUSE ? "refuse" : "wait");
	if (peer->listen != NULL && strncmp(peer->listen, "unix:", 5) == 0)
		printf("  listen_mode: %#o\n", peer->listen_mode);
	dump_text("listen_group", peer->listen_group);
}

static void
dump_config(const struct config *config)
{
	static const char *const ready[] = {"started", "any-up", "all-up"};

	printf("ready_when: %s\nlog: level %d, summary_every %s\ncontrol: %s\n",
	    ready[config->ready_when], config->log_level, span(config->summary_every_ms),
	    config->control_socket);
	for (size_t i = 0; i < config->n_peers; i++)
		dump_peer(config, &config->peers[i]);
}

/* Names of files without their directories, so that the output is the same everywhere. */
static void
dump_remarks(struct remarks *remarks)
{
	char text[4096];

	for (size_t i = 0; i < remarks->n; i++) {
		struct remark *remark = &remarks->list[i];
		char *base = strrchr(remark->file, '/');

		if (base != NULL)
			memmove(remark->file, base + 1, strlen(base));
		puts(remark_text(remark, text, sizeof(text)));
	}
}

static double
now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static int
show_time(const char *path)
{
	double start = now();
	struct config *config = NULL;
	struct remarks remarks;
	size_t before = mallinfo2().uordblks + mallinfo2().hblkhd, after;
	int error = config_load(path, &config, &remarks);
	double took = now() - start;

	after = mallinfo2().uordblks + mallinfo2().hblkhd;
	if (error != 0)
		printf("refused in %.3f s, %zu errors\n", took, remarks.n_errors);
	else
		printf("%zu peers in %.3f s, %zu bytes each\n", config->n_peers, took,
		    config->n_peers == 0 ? 0 : (after - before) / config->n_peers);
	config_free(config);
	remarks_clear(&remarks);
	return error == 0 ? 0 : 1;
}

int
main(int argc, char **argv)
{
	const char *path = argc > 1 ? argv[argc - 1] : "";
	struct config *config = NULL;
	struct remarks remarks;
	int error;

	if (argc < 2 || argc > 3)
		return 64;
	if (strcmp(argv[1], "-t") == 0)
		return show_time(path);
	error = config_load(path, &config, &remarks);
	if (strcmp(argv[1], "-v") == 0)
		remarks_print(&remarks, stdout);
	else
		dump_remarks(&remarks);
	if (error == 0 && strcmp(argv[1], "-v") != 0)
		dump_config(config);
	config_free(config);
	remarks_clear(&remarks);
	return error == 0 ? 0 : 1;
}
