/* SPDX-License-Identifier: ISC */
#include "daemon/path_report.h"

#include <inttypes.h>
#include <string.h>

#include "daemon/guard.h"
#include "daemon/path.h"
#include "daemon/peer.h"
#include "daemon/surveyor.h"
#include "policy/findings.h"
#include "policy/timespan.h"
#include "policy/words.h"

/* What is being said. */
struct draft {
	char text[FINDINGS_TEXT + 512];
	char extra[512];
};

__attribute__((format(printf, 2, 3))) static void
add(struct draft *d, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	words_vadd(d->text, sizeof(d->text), format, args);
	va_end(args);
}

/* As it is written in the configuration. */
static void
add_timeout(struct draft *d, const char *before, int64_t ms)
{
	char span[TIMESPAN_MAX];

	add(d, "%s%s", before, timespan_written(ms, span, sizeof(span)));
}

static void
add_age(struct draft *d, const char *before, int64_t ms)
{
	char span[TIMESPAN_MAX];

	add(d, "%s%s", before, timespan_brief(ms > 0 ? ms : 0, span, sizeof(span)));
}

static void
add_number(struct draft *d, const char *field, int64_t value)
{
	if (value > 0)
		words_add(d->extra, sizeof(d->extra), "%s%" PRId64 "\n", field, value);
}

static void
say(struct peer *peer, enum message message, int priority, struct draft *d)
{
	struct report *report = &peer->guard->report;
	struct journal_fields fields = JOURNAL_NO_FIELDS;

	words_add(d->extra, sizeof(d->extra), "KAGUARD_NETWORK=%s\n", peer->path->network);
	fields.peer = peer->config->name;
	fields.extra = d->extra;
	report->say(report, message, priority, &fields, d->text);
}

static int64_t
measured_ago_ms(const struct peer *peer)
{
	return guard_now_ms(peer->guard) - peer->path->survey.measured_ms;
}

void
path_report_begun(struct peer *peer, const struct survey_job *job)
{
	struct draft d = {0};

	add(&d, "%s: measuring after how long the path to it forgets an idle session",
	    peer->config->name);
	add_age(&d, ", up to ", job->wish.max_ms);
	add(&d, ", with at most %u connections at a time", job->wish.connections);
	add_timeout(&d, "; until that is known ", learn_in_force_ms(&peer->learn));
	add(&d, " is planned for");
	say(peer, MESSAGE_MEASURING, LOG_INFO, &d);
}

void
path_report_void(struct peer *peer, const char *why)
{
	int64_t wait_ms = peer->path->not_before_ms - guard_now_ms(peer->guard);
	struct draft d = {0};

	add(&d, "%s: %s while the path was measured, which has to begin anew", peer->config->name,
	    why);
	add_age(&d, ", in ", wait_ms);
	say(peer, MESSAGE_NOT_MEASURED, LOG_INFO, &d);
}

/* Keepalive is of no use: who is to blame, and what may help. */
static void
add_peer_ends(struct draft *d, const struct ladder_view *view)
{
	char bracket[FINDINGS_TEXT] = "";

	findings_add_bracket(view, bracket);
	add(d, "%s for %s: keepalive cannot prevent that, a heartbeat",
	    view->verdict == EVIDENCE_BLIND
		? "a firewall on the path counts only data, and forgets sessions without"
		: "the server, or a proxy before it, closes clients that are idle",
	    bracket);
	add_timeout(d, " every ", view->firewall_ms * 3 / 4 / 1000 * 1000);
	add(d, " may");
}

static void
add_planned(struct draft *d, const struct peer *peer, int64_t before_ms, int64_t planned_ms)
{
	if (planned_ms < 0) {
		add(d, "; with the rest of keepalive no plan is possible, so it stays as it is");
		return;
	}
	add_timeout(d, "; from now on ", planned_ms);
	if (planned_ms != before_ms)
		add_timeout(d, " is planned for instead of ", before_ms);
	else
		add(d, " is planned for, as before");
	add(d, ": probe after %ds, then every %ds", peer->plan.idle_s, peer->plan.interval_s);
	if (planned_ms > path_firewall_ms(peer))
		add(d, "; with the rest of keepalive nothing tighter can be planned");
}

void
path_report_result(
    struct peer *peer, const struct path_measurement *m, int64_t before_ms, int64_t planned_ms)
{
	bool in_vain = peer->path->survey.outcome == SURVEY_PEER;
	bool bad = in_vain || planned_ms < 0 || planned_ms > path_firewall_ms(peer);
	char text[FINDINGS_TEXT];
	struct draft d = {0};

	add(&d, "%s: ", peer->config->name);
	add_age(&d, "measured in ", m->took_ms);
	add(&d, " with %u connections: ", m->view.opened);
	if (in_vain) {
		add_peer_ends(&d, &m->view);
		add_timeout(&d, "; ", planned_ms);
		add(&d, " stays planned for");
	} else {
		add(&d, "the path %s sessions that are idle for %s",
		    m->view.dead_ms > 0 ? "forgets" : "keeps", findings_text(&m->view, text));
		add(&d, " to have it so without measuring");
		add_planned(&d, peer, before_ms, planned_ms);
	}
	words_add(d.extra, sizeof(d.extra), "KAGUARD_VERDICT=%s\n",
	    evidence_verdict_name(m->view.verdict));
	add_number(&d, "KAGUARD_LIVES_MS=", m->view.lives_ms);
	add_number(&d, "KAGUARD_DEAD_MS=", m->view.dead_ms);
	add_number(&d, "KAGUARD_MEASURED_MS=", peer->path->survey.firewall_ms);
	say(peer, MESSAGE_MEASURED, bad ? LOG_WARNING : LOG_NOTICE, &d);
}

static void
add_why_nothing(struct draft *d, const struct path_measurement *m)
{
	char bracket[FINDINGS_TEXT] = "";

	if (m->error != 0) {
		add(d, "no connection could be opened: %s", strerror(m->error));
		return;
	}
	if (m->view.verdict == EVIDENCE_PATH_LOST) {
		add(d, "the path was lost meanwhile");
		return;
	}
	if (m->view.verdict == EVIDENCE_UPSET) {
		add(d, "all sessions were forgotten at one moment, whatever their age");
		return;
	}
	if (m->view.dead_ms == 0) {
		add(d, "too little was seen");
		return;
	}
	findings_add_bracket(&m->view, bracket);
	if (m->view.lives_ms == 0)
		add(d, "idle sessions are forgotten after %s, which is too short to be measured",
		    bracket);
	else
		add(d, "what was seen is contradictory; it may be %s", bracket);
}

void
path_report_nothing(struct peer *peer, const struct path_measurement *m)
{
	int64_t now_ms = guard_now_ms(peer->guard);
	struct draft d = {0};

	add(&d, "%s: ", peer->config->name);
	add_age(&d, "measured in vain for ", m->took_ms);
	add(&d, ": ");
	add_why_nothing(&d, m);
	add_timeout(&d, "; ", learn_in_force_ms(&peer->learn));
	add(&d, " stays planned for");
	add_age(&d, "; measuring again in ",
	    survey_due_ms(&peer->path->survey, now_ms, peer->path->random) - now_ms);
	say(peer, MESSAGE_NOT_MEASURED, LOG_NOTICE, &d);
}

void
path_report_network(struct peer *peer, bool moved)
{
	const struct survey *survey = &peer->path->survey;
	struct draft d = {0};

	add(&d, "%s: its path %s %s", peer->config->name, moved ? "now begins at" : "begins at",
	    peer->path->network);
	if (survey->outcome == SURVEY_UNKNOWN) {
		add_timeout(&d, ", where it was never measured: ", learn_in_force_ms(&peer->learn));
		add(&d, " is planned for until it is");
	} else {
		add_age(&d, ", where it was measured ", measured_ago_ms(peer));
		add_timeout(&d, " ago: ", learn_in_force_ms(&peer->learn));
		add(&d, " is planned for");
	}
	say(peer, MESSAGE_PATH_FOUND, moved ? LOG_NOTICE : LOG_INFO, &d);
}

void
path_report_doubt(struct peer *peer, const char *why, int64_t idle_ms)
{
	const struct path *path = peer->path;
	int64_t now_ms = guard_now_ms(peer->guard);
	struct draft d = {0};

	add(&d, "%s: ", peer->config->name);
	add_age(&d, why, idle_ms);
	add_timeout(&d, " of idleness, though ", path->survey.firewall_ms);
	add_age(&d, " was measured ", measured_ago_ms(peer));
	add_timeout(&d, " ago; ", learn_in_force_ms(&peer->learn));
	add(&d, " is planned for until it is measured again");
	add_age(&d, ", in ", survey_due_ms(&path->survey, path->since_ms, path->random) - now_ms);
	say(peer, MESSAGE_NOT_MEASURED, LOG_WARNING, &d);
}
