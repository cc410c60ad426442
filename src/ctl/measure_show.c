/* SPDX-License-Identifier: ISC */
#include "ctl/measure_show.h"

#include <jansson.h>
#include <stdio.h>

#include "policy/firewalls.h"
#include "policy/timespan.h"
#include "policy/words.h"

char *
measure_progress(const struct measure_report *report, char *buf)
{
	const struct ladder_view *view = &report->view;
	char took[TIMESPAN_MAX], left[TIMESPAN_MAX];

	buf[0] = '\0';
	if (view->lives_ms == 0 && view->dead_ms == 0)
		words_add(buf, MEASURE_TEXT, "nothing known yet");
	else
		findings_add_bracket(view, buf);
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
		else if (high > 0 && place >= logarithm(high))
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
	    view->verdict == EVIDENCE_PATH_LOST || view->verdict == EVIDENCE_UPSET)
		return json_null();
	return json_boolean(!findings_by_peer(view));
}

json_t *
measure_json(const struct measure_report *report)
{
	const struct ladder_view *view = &report->view;
	json_t *names = json_array(), *sessions;
	char started[32] = "";
	struct tm tm;

	for (size_t i = 0; i < firewall_count(); i++)
		if (findings_match(firewall_at(i), view))
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
	    or_null(findings_by_peer(view) ? 0 : view->firewall_ms), "keepalive_counts",
	    keepalive_counts(view), "matches", names, "sessions", sessions, "min_ms",
	    (json_int_t)report->wish->min_ms, "max_ms", (json_int_t)report->wish->max_ms,
	    "precision_ratio", report->wish->precision_permille / 1000.0, "took_ms",
	    (json_int_t)report->took_ms, "started", started);
}
