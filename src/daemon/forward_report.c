/* SPDX-License-Identifier: ISC */
#include "daemon/forward_report.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "daemon/guard.h"
#include "daemon/peer.h"
#include "policy/timespan.h"

#define TEXT_SIZE 512

static void
say(struct guard *guard, enum message message, int priority, const struct journal_fields *fields,
    const char *text)
{
	guard->report.say(&guard->report, message, priority, fields, text);
}

static struct journal_fields
fields_of(const struct forward *f)
{
	struct journal_fields fields = JOURNAL_NO_FIELDS;

	fields.peer = f->peer->config->name;
	return fields;
}

/* A client that resets its connection mostly has its reasons, and knows of it. */
static int
priority_of(const struct relay_end *end)
{
	return end->side == RELAY_CLIENT && end->error != ETIMEDOUT ? LOG_INFO : LOG_WARNING;
}

static const char *
what_of(const struct relay_end *end)
{
	switch (end->error) {
	case ECONNRESET:
		return "reset it";
	case EPIPE:
		return "had closed it while there was more to come";
	case ETIMEDOUT:
		return "did not answer any more";
	default:
		return strerror(end->error);
	}
}

void
forward_report_end(const struct forward_client *c, const struct relay_end *end)
{
	struct forward *f = c->forward;
	struct guard *guard = f->peer->guard;
	struct journal_fields fields = fields_of(f);
	int64_t now_ms = guard_now_ms(guard);
	char text[TEXT_SIZE], span[TIMESPAN_MAX], remote[ADDRESS_TEXT_SIZE];
	union address address = {0};
	socklen_t len = sizeof(address);

	f->counts.broken++;
	if (!burst_admit(&f->all->burst, now_ms)) {
		if (!wake_armed(&f->all->sum))
			wake_after(&f->all->sum, burst_due_ms(&f->all->burst) - now_ms);
		return;
	}
	if (getpeername(c->relay.legs[RELAY_PEER].fd, &address.any, &len) == 0)
		fields.remote = address_text(&address, remote, sizeof(remote));
	fields.error = end->error;
	snprintf(text, sizeof(text),
	    "%s: a client was cut off after %s: the %s %s; %" PRIu64 " bytes to the peer, %" PRIu64
	    " bytes to the client",
	    fields.peer, timespan_brief(now_ms - c->since_ms, span, sizeof(span)),
	    end->side == RELAY_PEER ? "peer" : "client", what_of(end),
	    c->relay.flows[RELAY_CLIENT].bytes, c->relay.flows[RELAY_PEER].bytes);
	say(guard, MESSAGE_CLIENT_LOST, priority_of(end), &fields, text);
}

void
forward_report_sum(struct forwards *all)
{
	struct journal_fields none = JOURNAL_NO_FIELDS;
	int64_t now_ms = guard_now_ms(all->guard);
	char text[TEXT_SIZE];
	unsigned n = burst_flush(&all->burst, now_ms);

	if (n == 0)
		return;
	snprintf(text, sizeof(text), "%u more client%s cut off", n, n == 1 ? " was" : "s were");
	say(all->guard, MESSAGE_CLIENT_LOST, LOG_WARNING, &none, text);
}

void
forward_report_listening(struct forward *f)
{
	struct journal_fields fields = fields_of(f);
	char text[TEXT_SIZE];

	snprintf(text, sizeof(text), "%s: takes in clients at %s", fields.peer, f->where);
	say(f->peer->guard, MESSAGE_LISTENING, f->failures > 0 ? LOG_NOTICE : LOG_INFO, &fields,
	    text);
}

void
forward_report_deaf(struct forward *f, const char *why, int64_t retry_ms)
{
	struct journal_fields fields = fields_of(f);
	char text[TEXT_SIZE], span[TIMESPAN_MAX];
	int used;

	fields.retry_ms = retry_ms;
	used = snprintf(text, sizeof(text), "%s: cannot take in clients at %s: %s", fields.peer,
	    f->peer->config->listen, why);
	if (retry_ms >= 0 && used > 0 && (size_t)used < sizeof(text))
		snprintf(text + used, sizeof(text) - (size_t)used, "; next attempt in %s",
		    timespan_brief(retry_ms, span, sizeof(span)));
	say(f->peer->guard, MESSAGE_LISTENING, f->failures > 1 ? LOG_DEBUG : LOG_ERR, &fields,
	    text);
}

void
forward_report_full(const struct forward *f)
{
	struct journal_fields fields = fields_of(f);
	char text[TEXT_SIZE];

	snprintf(text, sizeof(text),
	    "%s: refuses clients: there are %u of them, as many as max_clients allows", fields.peer,
	    f->counts.clients);
	say(f->peer->guard, MESSAGE_CLIENTS_REFUSED, LOG_WARNING, &fields, text);
}

void
forward_report_paused(struct forwards *all, int error)
{
	struct journal_fields none = JOURNAL_NO_FIELDS;
	char text[TEXT_SIZE];

	if (error == 0)
		snprintf(text, sizeof(text),
		    "no more clients are taken in until some have gone: the %u that there are take "
		    "all descriptors that sessions do not need; raise LimitNOFILE= of the unit",
		    all->n_clients);
	else
		snprintf(
		    text, sizeof(text), "no clients are taken in for now: %s", strerror(error));
	say(all->guard, MESSAGE_CLIENTS_REFUSED, LOG_WARNING, &none, text);
}
