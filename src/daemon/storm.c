/* SPDX-License-Identifier: ISC */
#include "daemon/storm.h"

#include <stdio.h>
#include <string.h>

#include "daemon/guard.h"
#include "daemon/peer.h"
#include "policy/timespan.h"
#include "policy/words.h"

#define NAMED_PEERS 5 /* in the text; KAGUARD_PEERS= has all that fit */
#define EXTRA_SIZE  12288

bool
storm_admit(struct guard *guard, enum storm_kind kind, struct session *session)
{
	struct storm *storm = &guard->storm;

	if (burst_admit(&storm->bursts[kind], guard_now_ms(guard)))
		return true;
	session->peer->held[kind]++;
	if (kind != STORM_CLOSED) /* why is in the record of who asked for it */
		storm->reasons[kind][session->reason]++;
	if (storm->bursts[kind].held == 1)
		storm->holding(guard);
	return false;
}

int64_t
storm_due_ms(const struct guard *guard)
{
	int64_t due_ms = -1;

	for (int kind = 0; kind < STORM_KINDS; kind++) {
		int64_t ms = burst_due_ms(&guard->storm.bursts[kind]);

		if (ms >= 0 && (due_ms < 0 || ms < due_ms))
			due_ms = ms;
	}
	return due_ms;
}

/* Name the peers with their counts, in the text and whole in a field, and forget the counts. */
static void
take_peers(struct guard *guard, enum storm_kind kind, char text[512], char *extra)
{
	unsigned named = 0, more = 0;

	words_add(extra, EXTRA_SIZE, "\nKAGUARD_PEERS=");
	for (size_t i = 0; i < guard->n_peers; i++) {
		struct peer *peer = guard->peers[i];

		if (peer->held[kind] == 0)
			continue;
		words_add(extra, EXTRA_SIZE, "%s=%u ", peer->config->name, peer->held[kind]);
		if (named < NAMED_PEERS)
			words_add(text, 512, "%s %u of %s", named > 0 ? "," : ":", peer->held[kind],
			    peer->config->name);
		named++;
		more += named > NAMED_PEERS;
		peer->held[kind] = 0;
	}
	if (more > 0)
		words_add(text, 512, " and of %u more peers", more);
}

static void
tell_sum(struct guard *guard, enum storm_kind kind, unsigned held, int64_t window_ms)
{
	static const char *const what[STORM_KINDS] = {"more sessions came up",
	    "more sessions were lost", "more peers could not be reached",
	    "more sessions were closed"};
	static const int priority[STORM_KINDS] = {LOG_NOTICE, LOG_WARNING, LOG_WARNING, LOG_INFO};
	struct journal_fields fields = JOURNAL_NO_FIELDS;
	char text[512], reasons[256], span[TIMESPAN_MAX];
	static char extra[EXTRA_SIZE]; /* too large for the stack */

	summary_reasons(guard->storm.reasons[kind], reasons, sizeof(reasons));
	snprintf(text, sizeof(text), "%u %s within %s", held, what[kind],
	    timespan_brief(window_ms, span, sizeof(span)));
	snprintf(extra, sizeof(extra), "KAGUARD_COUNT=%u\nKAGUARD_REASONS=%s", held, reasons);
	take_peers(guard, kind, text, extra);
	if (*reasons != '\0' && kind != STORM_UP)
		words_add(text, sizeof(text), " (%s)", reasons);
	fields.extra = extra;
	memset(guard->storm.reasons[kind], 0, sizeof(guard->storm.reasons[kind]));
	guard->report.say(&guard->report, MESSAGE_MANY, priority[kind], &fields, text);
}

/* What is held back by then; of a window that goes on, how much of it has passed. */
static void
flush(struct guard *guard, int64_t ends_ms)
{
	int64_t now_ms = guard_now_ms(guard);

	for (int kind = 0; kind < STORM_KINDS; kind++) {
		struct burst *burst = &guard->storm.bursts[kind];
		int64_t left_ms = burst->ends_ms > now_ms ? burst->ends_ms - now_ms : 0;
		int64_t passed_ms = burst->window_ms - left_ms;

		if (burst->held > 0 && burst->ends_ms <= ends_ms)
			tell_sum(guard, (enum storm_kind)kind, burst_flush(burst, now_ms),
			    passed_ms > 0 ? passed_ms : 1);
	}
}

void
storm_flush(struct guard *guard)
{
	flush(guard, guard_now_ms(guard));
}

void
storm_end(struct guard *guard)
{
	flush(guard, INT64_MAX);
}
