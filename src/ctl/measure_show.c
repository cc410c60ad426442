/* SPDX-License-Identifier: ISC */
#include "ctl/measure_show.h"

#include <jansson.h>
#include <stdio.h>

#include "policy/firewalls.h"
#include "policy/timespan.h"
#include "policy/words.h"

#define MATCHES_SHOWN 3

/* "9.5 s", "350 s", "58min 12s" */
static char *
age_text(int64_t ms, char *buf)
{
	if (ms < 100000)
		snprintf(buf, TIMESPAN_MAX, "%lld.%lld s", (long long)(ms / 1000),
		    (long long)(ms % 1000 / 100));
	else if (ms < 1000000)
		snprintf(buf, TIMESPAN_MAX, "%lld s", (long long)(ms / 1000));
	else
		timespan_brief(ms, buf, TIMESPAN_MAX);
	return buf;
}

/* As it stands in kaguard.yaml. */
static char *
yaml_text(int64_t ms, char *buf)
{
	if (ms >= 1000000 || ms % 1000 == 0)
		return timespan_written(ms, buf, TIMESPAN_MAX);
	snprintf(
	    buf, TIMESPAN_MAX, "%lld.%llds", (long long)(ms / 1000), (long long)(ms % 1000 / 100));
	return buf;
}

static bool
by_peer(const struct ladder_view *view)
{
	return view->verdict == EVIDENCE_PEER_CLOSES || view->verdict == EVIDENCE_BLIND;
}

/* The preset has that idle timeout, and counts keepalives as the path does. */
static bool
matches(const struct firewall *firewall, const struct ladder_view *view)
{
	return view->common && firewall->idle_timeout_s == view->firewall_ms / 1000 &&
	       (firewall->counts == FIREWALL_COUNTS_NO) == by_peer(view);
}

static void
add_matches(const struct ladder_view *view, char *buf)
{
	unsigned n = 0;

	for (size_t i = 0; i < firewall_count(); i++) {
		if (!matches(firewall_at(i), view))
			continue;
		if (++n <= MATCHES_SHOWN)
			words_add(buf, MEASURE_TEXT, "%s %s", n == 1 ? "; matches" : ",",
			    firewall_at(i)->name);
	}
	if (n > MATCHES_SHOWN)
		words_add(buf, MEASURE_TEXT, " and %u more", n - MATCHES_SHOWN);
}

static const char *
who(enum evidence_verdict verdict)
{
	switch (verdict) {
	case EVIDENCE_FORGETS:
		return "firewall, drops silently";
	case EVIDENCE_RESETS:
		return "firewall, answers what comes later with a reset";
	case EVIDENCE_RESETS_BOTH:
		return "firewall, ends the session at both ends";
	case EVIDENCE_PEER_CLOSES:
		return "closed by the other end, a server or a proxy; keepalive does not count";
	case EVIDENCE_BLIND:
		return "firewall, drops silently; keepalive does not count";
	case EVIDENCE_PATH_LOST:
		return "then nothing answered any more, not even a new connection";
	case EVIDENCE_NOTHING:
	case EVIDENCE_NO_EXPIRY:
		break;
	}
	return "unknown";
}

/* "between 340 s and 352 s", "more than 340 s", "less than 4.0 s" */
static void
add_bracket(const struct ladder_view *view, char *buf)
{
	char low[TIMESPAN_MAX], high[TIMESPAN_MAX];

	age_text(view->lives_ms, low);
	age_text(view->dead_ms, high);
	if (view->dead_ms == 0)
		words_add(buf, MEASURE_TEXT, "more than %s", low);
	else if (view->lives_ms == 0)
		words_add(buf, MEASURE_TEXT, "less than %s", high);
	else
		words_add(buf, MEASURE_TEXT, "between %s and %s", low, high);
}

static void
add_advice(const struct ladder_view *view, char *buf)
{
	char text[TIMESPAN_MAX];

	if (view->firewall_ms <= 0)
		return;
	if (by_peer(view))
		words_add(buf, MEASURE_TEXT,
		    "; only data keeps a session: put a heartbeat every %s into kaguard.yaml",
		    yaml_text(view->firewall_ms * 3 / 4 / 1000 * 1000, text));
	else
		words_add(buf, MEASURE_TEXT, "; put \"firewall: %s\" in kaguard.yaml",
		    yaml_text(view->firewall_ms, text));
}

char *
measure_result(const struct measure_report *report, char *buf)
{
	const struct ladder_view *view = &report->view;

	buf[0] = '\0';
	if (view->lives_ms == 0 && view->dead_ms == 0) {
		words_add(buf, MEASURE_TEXT, "nothing was found");
		return buf;
	}
	add_bracket(view, buf);
	if (view->verdict == EVIDENCE_NO_EXPIRY)
		words_add(buf, MEASURE_TEXT,
		    " (no session died; a firewall that takes up what it has forgotten looks the "
		    "same)");
	else if (view->verdict != EVIDENCE_NOTHING)
		words_add(buf, MEASURE_TEXT, " (%s)", who(view->verdict));
	add_matches(view, buf);
	add_advice(view, buf);
	return buf;
}

char *
measure_progress(const struct measure_report *report, char *buf)
{
	const struct ladder_view *view = &report->view;
	char took[TIMESPAN_MAX], left[TIMESPAN_MAX];

	buf[0] = '\0';
	if (view->lives_ms == 0 && view->dead_ms == 0)
		words_add(buf, MEASURE_TEXT, "nothing known yet");
	else
		add_bracket(view, buf);
	words_add(buf, MEASURE_TEXT, "; %u sessions live, %u died; %s passed, %s left at most",
	    view->alive, view->dead, timespan_brief(report->took_ms, took, sizeof(took)),
	    timespan_brief(view->left_ms, left, sizeof(left)));
	return buf;
}

/* Straight between powers of two: near enough for the eye. */
static double
logarithm(double x)
{
	double whole = 0;

	for (; x >= 2; x /= 2)
		whole++;
	return whole + x - 1;
}

char *
measure_picture(const struct measure_report *report, char *buf, unsigned columns)
{
	const struct ladder_wish *wish = report->wish;
	double all = logarithm((double)wish->max_ms / (double)wish->min_ms);
	double low = (double)report->view.lives_ms / (double)wish->min_ms;
	double high = (double)report->view.dead_ms / (double)wish->min_ms;

	for (unsigned i = 0; i < columns; i++) {
		double place = (i + 0.5) / columns * all;

		buf[i] = '.';
		if (low >= 1 && place <= logarithm(low))
			buf[i] = '=';
		else if (high > 0 && place >= (high >= 1 ? logarithm(high) : 0))
			buf[i] = 'x';
	}
	buf[columns] = '\0';
	return buf;
}

static json_t *
or_null(int64_t ms)
{
	return ms > 0 ? json_integer(ms) : json_null();
}

static json_t *
keepalive_counts(const struct ladder_view *view)
{
	if (view->dead_ms == 0 || view->verdict == EVIDENCE_NOTHING ||
	    view->verdict == EVIDENCE_PATH_LOST)
		return json_null();
	return json_boolean(!by_peer(view));
}

json_t *
measure_json(const struct measure_report *report)
{
	const struct ladder_view *view = &report->view;
	json_t *names = json_array(), *sessions;
	char started[32] = "";
	struct tm tm;

	for (size_t i = 0; i < firewall_count(); i++)
		if (matches(firewall_at(i), view))
			json_array_append_new(names, json_string(firewall_at(i)->name));
	if (gmtime_r(&report->started, &tm) != NULL)
		strftime(started, sizeof(started), "%Y-%m-%dT%H:%M:%SZ", &tm);
	sessions = json_pack("{s:i s:i s:i s:i s:i}", "opened", (int)view->opened, "refused",
	    (int)view->refused, "died", (int)view->dead, "scattered", (int)view->scattered,
	    "stirred", (int)view->stirred);
	return json_pack("{s:i s:s s:s? s:s s:s s:b s:o s:o s:o s:o s:o s:o s:I s:I s:f s:I s:s}",
	    "schema_version", 1, "address", report->address, "remote", report->remote, "verdict",
	    evidence_verdict_name(view->verdict), "confidence",
	    evidence_confidence_name(view->confidence), "complete", (int)view->complete, "lives_ms",
	    or_null(view->lives_ms), "dead_ms", or_null(view->dead_ms), "firewall_ms",
	    or_null(by_peer(view) ? 0 : view->firewall_ms), "keepalive_counts",
	    keepalive_counts(view), "matches", names, "sessions", sessions, "min_ms",
	    (json_int_t)report->wish->min_ms, "max_ms", (json_int_t)report->wish->max_ms,
	    "precision_ratio", report->wish->precision_permille / 1000.0, "took_ms",
	    (json_int_t)report->took_ms, "started", started);
}
