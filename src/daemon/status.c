/* SPDX-License-Identifier: ISC */
#include "daemon/status.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "daemon/guard.h"
#include "daemon/heart.h"
#include "daemon/peer.h"
#include "daemon/tuner.h"
#include "policy/timespan.h"

/* One session as the texts of its row. */
struct row {
	char session[CONFIG_MAX_NAME + 12];
	char state[24];
	char remote[ADDRESS_TEXT_SIZE];
	char age[TIMESPAN_MAX], proof[TIMESPAN_MAX], retry[TIMESPAN_MAX];
	char probes[16], rtt[16];
};

static void
write_line(struct guard *guard, const struct journal_fields *fields, const char *text)
{
	guard->report.say(&guard->report, MESSAGE_TABLE, LOG_NOTICE, fields, text);
}

static void
fill_live(struct guard *guard, struct session *s, struct row *row, struct journal_fields *fields)
{
	struct tcp_facts facts;

	tuner_look(s);
	if (guard->ops->facts(&s->conn, &facts) < 0)
		return;
	fields->idle_ms = facts.idle_ms;
	fields->rtt_us = facts.rtt_us;
	if (facts.probes > 0 || heart_is_late(s))
		snprintf(row->state, sizeof(row->state), "suspect");
	snprintf(row->probes, sizeof(row->probes), "%u/%d", facts.probes, s->peer->plan.count);
	snprintf(row->rtt, sizeof(row->rtt), "%.2fms", (double)facts.rtt_us / 1000.0);
	timespan_brief(facts.idle_ms, row->proof, sizeof(row->proof));
}

static void
fill(struct guard *guard, struct session *s, struct row *row, struct journal_fields *fields)
{
	int64_t age_ms = guard_now_ms(guard) - s->since_ms;

	memset(row, 0, sizeof(*row));
	snprintf(row->session, sizeof(row->session), "%s/%u", s->peer->config->name, s->index);
	snprintf(row->state, sizeof(row->state), "%s", fsm_state_name(session_state(s)));
	timespan_brief(age_ms, row->age, sizeof(row->age));
	*fields = JOURNAL_NO_FIELDS;
	fields->peer = s->peer->config->name;
	fields->session = s->index;
	fields->reason = diagnosis_name((enum reason)s->reason);
	if (session_state(s) == FSM_BACKOFF)
		timespan_brief(s->delay_ms - age_ms, row->retry, sizeof(row->retry));
	if (session_state(s) == FSM_UP) {
		address_text(&s->conn.remote, row->remote, sizeof(row->remote));
		fill_live(guard, s, row, fields);
	}
	fields->state = row->state;
}

static const char *
or_dash(const char *text)
{
	return text != NULL && *text != '\0' ? text : "-";
}

static void
write_row(struct guard *guard, struct session *s)
{
	struct journal_fields fields;
	struct row row;
	char text[512];

	fill(guard, s, &row, &fields);
	snprintf(text, sizeof(text),
	    "%-24s %-10s %-24s %-10s %-10s %-6s %-9s %-8s %5" PRIu32 " %9" PRIu64 " %s",
	    row.session, row.state, or_dash(row.remote), row.age, or_dash(row.proof),
	    or_dash(row.probes), or_dash(row.rtt), or_dash(row.retry), s->reconnects,
	    s->conn.discarded, or_dash(fields.reason));
	write_line(guard, &fields, text);
}

/* Rows of sessions that are up, or of those that are not; returns how many were left out. */
static unsigned
write_rows(struct guard *guard, bool up, unsigned *left)
{
	unsigned left_out = 0;

	for (size_t i = 0; i < guard->n_peers; i++)
		for (unsigned j = 0; j < guard->peers[i]->n_sessions; j++) {
			struct session *s = guard->peers[i]->sessions[j];

			if ((session_state(s) == FSM_UP) != up)
				continue;
			if (*left == 0) {
				left_out++;
				continue;
			}
			--*left;
			write_row(guard, s);
		}
	return left_out;
}

void
status_write(struct guard *guard)
{
	struct journal_fields none = JOURNAL_NO_FIELDS;
	unsigned left = STATUS_MAX_ROWS, left_out;
	struct guard_times times;
	struct summary summary;
	char text[512];

	guard_summarize(guard, &times, &summary);
	write_line(guard, &none, summary_status(&summary, text, sizeof(text)));
	if (guard->n_sessions == 0)
		return;
	snprintf(text, sizeof(text), "%-24s %-10s %-24s %-10s %-10s %-6s %-9s %-8s %5s %9s %s",
	    "SESSION", "STATE", "REMOTE", "FOR", "HEARD", "PROBES", "RTT", "RETRY IN", "AGAIN",
	    "DISCARDED", "LAST REASON");
	write_line(guard, &none, text);
	left_out = write_rows(guard, false, &left);
	left_out += write_rows(guard, true, &left);
	if (left_out == 0)
		return;
	snprintf(text, sizeof(text), "and %u more sessions", left_out);
	write_line(guard, &none, text);
}
