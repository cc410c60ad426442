/* SPDX-License-Identifier: ISC */
#include "daemon/guard.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "config/config.h"
#include "daemon/forward.h"
#include "daemon/peer.h"
#include "daemon/roster.h"
#include "daemon/tuner.h"

static int
by_name(const void *a, const void *b)
{
	const struct peer *const *x = a, *const *y = b;

	return strcmp((*x)->config->name, (*y)->config->name);
}

/* The peer of that name among those sorted, or NULL. */
static struct peer **
find(struct peer **sorted, size_t n, const char *name)
{
	const struct config_peer config = {.name = (char *)(uintptr_t)name};
	struct peer key = {.config = &config}, *key_ptr = &key;

	return n == 0 ? NULL : bsearch(&key_ptr, sorted, n, sizeof(*sorted), by_name);
}

static int
change(struct peer *peer, const struct config_peer *config, struct guard_changes *changes)
{
	unsigned what = config_peer_diff(peer->config, config);

	changes->reconnected += (what & CONFIG_RECONNECT) != 0;
	changes->retuned += (what & CONFIG_RETUNE) != 0;
	changes->resized += (what & CONFIG_SESSIONS) != 0;
	changes->heartbeats += (what & CONFIG_HEARTBEAT) != 0;
	changes->unchanged += what == CONFIG_SAME;
	return peer_configure(peer, config, what);
}

/*
 * Fill `next` with the peers of the new configuration: those that go on, marked as wanted, and new
 * ones. What may fail for want of memory is all that is done here, so nothing is half done. 0, or
 * -ENOMEM.
 */
static int
match(struct guard *guard, const struct config *config, struct peer **next,
    struct guard_changes *changes)
{
	size_t n = guard->n_peers, i;
	struct peer **sorted = calloc(n > 0 ? n : 1, sizeof(*sorted));

	if (sorted == NULL)
		return -ENOMEM;
	for (i = 0; i < n; i++) {
		sorted[i] = guard->peers[i];
		sorted[i]->wanted = false;
	}
	if (n > 0)
		qsort(sorted, n, sizeof(*sorted), by_name);
	for (i = 0; i < config->n_peers; i++) {
		struct peer **before = find(sorted, n, config->peers[i].name);

		next[i] = before != NULL ? *before : peer_new(guard, &config->peers[i]);
		if (next[i] == NULL)
			break;
		changes->added += before == NULL;
		next[i]->wanted = true;
	}
	free(sorted);
	if (i == config->n_peers)
		return 0;
	while (i-- > 0)
		if (next[i]->config == &config->peers[i]) /* a new one */
			peer_free(next[i]);
	return -ENOMEM;
}

/* Close those of the old peers that the new configuration does not name. */
static void
remove_unwanted(struct guard *guard, struct guard_changes *changes)
{
	for (size_t i = 0; i < guard->n_peers; i++)
		for (unsigned j = 0; !guard->peers[i]->wanted && j < guard->peers[i]->n_sessions;
		     j++)
			report_closed(guard->peers[i]->sessions[j], "its peer was removed");
	storm_end(guard); /* a sum names peers, and these will be none */
	for (size_t i = 0; i < guard->n_peers; i++) {
		struct peer *peer = guard->peers[i];

		if (peer->wanted)
			continue;
		peer_free(peer);
		changes->removed++;
	}
}

int
guard_configure(struct guard *guard, const struct config *config, struct guard_changes *ret_changes)
{
	size_t n = config->n_peers;
	struct peer **next = calloc(n > 0 ? n : 1, sizeof(*next));
	int r;

	*ret_changes = (struct guard_changes){0};
	if (next == NULL)
		return -ENOMEM;
	r = match(guard, config, next, ret_changes);
	if (r < 0) {
		free(next);
		return r;
	}
	remove_unwanted(guard, ret_changes);
	free(guard->peers);
	guard->peers = next;
	guard->n_peers = n;
	guard->config = config;
	for (size_t i = 0; i < n; i++)
		if (next[i]->config != &config->peers[i] &&
		    change(next[i], &config->peers[i], ret_changes) < 0)
			r = -ENOMEM;
	guard->changed(guard);
	return r;
}

struct peer *
guard_find(const struct guard *guard, const char *name)
{
	const struct config_peer *found =
	    guard->config != NULL ? config_find(guard->config, name) : NULL;

	return found != NULL ? guard->peers[found - guard->config->peers] : NULL;
}

char *
guard_changes_text(const struct guard_changes *c, char *buf, size_t size)
{
	const struct {
		unsigned n;
		const char *what;
	} parts[] = {
	    {c->added, "added"},
	    {c->removed, "removed"},
	    {c->reconnected, "reconnected"},
	    {c->retuned, "given other keepalive values"},
	    {c->resized, "given another number of sessions"},
	    {c->heartbeats, "given another heartbeat"},
	    {c->unchanged, "unchanged"},
	};
	size_t used = 0;

	snprintf(buf, size, "no peers configured");
	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]) && used < size; i++)
		if (parts[i].n > 0)
			used += (size_t)snprintf(buf + used, size - used, "%s%u peer%s %s",
			    used > 0 ? ", " : "", parts[i].n, parts[i].n == 1 ? "" : "s",
			    parts[i].what);
	return buf;
}

void
guard_pump(struct guard *guard)
{
	for (size_t i = 0; i < guard->n_peers; i++)
		turn_join(guard->peers[i]);
	turn_run(guard);
}

void
guard_stop(struct guard *guard)
{
	for (size_t i = 0; i < guard->n_peers; i++)
		for (unsigned j = 0; j < guard->peers[i]->n_sessions; j++)
			session_event(guard->peers[i]->sessions[j], FSM_STOP);
}

void
guard_leave(struct guard *guard)
{
	if (guard->forwards != NULL)
		forwards_leave(guard->forwards);
	for (size_t i = 0; i < guard->n_peers; i++)
		for (unsigned j = 0; j < guard->peers[i]->n_sessions; j++)
			guard->ops->leave(&guard->peers[i]->sessions[j]->conn);
}

void
guard_clear(struct guard *guard)
{
	storm_end(guard);
	for (size_t i = 0; i < guard->n_peers; i++)
		peer_free(guard->peers[i]);
	free(guard->peers);
	agenda_clear(&guard->beats);
	guard->peers = NULL;
	guard->n_peers = 0;
}

/* The time of day of a moment of the guard's clock: a text that stays true while it passes. */
static void
time_of_day(const struct guard *guard, int64_t at_ms, char text[16])
{
	time_t at = time(NULL) + (time_t)((at_ms - guard_now_ms(guard) + 999) / 1000);
	struct tm tm;

	if (localtime_r(&at, &tm) == NULL || strftime(text, 16, "%H:%M:%S", &tm) == 0)
		text[0] = '\0';
}

void
guard_summarize(const struct guard *guard, struct guard_times *times, struct summary *ret)
{
	*ret = (struct summary){.peers = (unsigned)guard->n_peers,
	    .sessions = guard->n_sessions,
	    .up = guard->in_state[FSM_UP]};
	if (ret->up == ret->sessions)
		return;
	for (size_t i = 0; i < guard->n_peers; i++) {
		const struct peer *peer = guard->peers[i];
		const struct session *s = peer->waiting;
		unsigned k = ret->troubled;

		if (peer->n_up == peer->n_sessions)
			continue;
		ret->troubled++;
		if (k >= SUMMARY_TROUBLES)
			continue;
		ret->troubles[k].peer = peer->config->name;
		ret->troubles[k].reason =
		    s != NULL ? (enum reason)s->reason : (enum reason)peer->last_reason;
		if (s == NULL)
			continue;
		time_of_day(guard, s->since_ms + s->delay_ms, times->text[k]);
		ret->troubles[k].retry_at = times->text[k];
	}
}

unsigned
guard_probe_all(struct guard *guard)
{
	for (size_t i = 0; i < guard->n_peers; i++)
		for (unsigned j = 0; j < guard->peers[i]->n_sessions; j++)
			tuner_probe(guard->peers[i]->sessions[j]);
	return guard->in_state[FSM_UP];
}

bool
guard_sweep(struct guard *guard, struct guard_cursor *cursor, unsigned most)
{
	while (cursor->peer < guard->n_peers) {
		struct peer *peer = guard->peers[cursor->peer];

		for (; cursor->session < peer->n_sessions; cursor->session++) {
			if (most-- == 0)
				return true;
			tuner_look(peer->sessions[cursor->session]);
		}
		cursor->peer++;
		cursor->session = 0;
	}
	return false;
}

void
guard_check(struct guard *guard)
{
	char text[CONFIG_MAX_NAME + 64];

	for (size_t i = 0; i < guard->n_peers; i++) {
		struct peer *peer = guard->peers[i];

		/* There was no memory for them. */
		if (peer->n_sessions < peer->config->sessions && roster_resize(peer) == 0)
			peer_pump(peer);
		if (TAILQ_EMPTY(&peer->queue) || peer->waiting != NULL ||
		    peer->pace.in_flight > 0 || peer->in_line)
			continue;
		snprintf(
		    text, sizeof(text), "%s: sessions wait and none tries", peer->config->name);
		guard->fault(guard, text);
		peer_pump(peer);
	}
}

int64_t
guard_sweep_every_ms(const struct guard *guard)
{
	int64_t shortest_s = PLAN_MAX_IDLE_S;

	for (size_t i = 0; i < guard->n_peers; i++)
		if (guard->peers[i]->plan.idle_s < shortest_s)
			shortest_s = guard->peers[i]->plan.idle_s;
	/* Not more often than somebody could read it. */
	return (shortest_s > 10 ? shortest_s : 10) * 1000;
}
