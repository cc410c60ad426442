/* SPDX-License-Identifier: ISC */
#include "policy/findings.h"

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

bool
findings_by_peer(const struct ladder_view *view)
{
	return view->verdict == EVIDENCE_PEER_CLOSES || view->verdict == EVIDENCE_BLIND;
}

/* The preset has that idle timeout, and counts keepalives as the path does. */
bool
findings_match(const struct firewall *firewall, const struct ladder_view *view)
{
	return view->common && firewall->idle_timeout_s == view->firewall_ms / 1000 &&
	       (firewall->counts == FIREWALL_COUNTS_NO) == findings_by_peer(view);
}

static void
add_matches(const struct ladder_view *view, char *buf)
{
	unsigned n = 0;

	for (size_t i = 0; i < firewall_count(); i++) {
		if (!findings_match(firewall_at(i), view))
			continue;
		if (++n <= MATCHES_SHOWN)
			words_add(buf, FINDINGS_TEXT, "%s %s", n == 1 ? "; matches" : ",",
			    firewall_at(i)->name);
	}
	if (n > MATCHES_SHOWN)
		words_add(buf, FINDINGS_TEXT, " and %u more", n - MATCHES_SHOWN);
}

/* NULL: that says nothing. */
static const char *
words_of(enum evidence_verdict verdict)
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
	case EVIDENCE_UPSET:
		return "then all sessions were forgotten at once, whatever their age";
	case EVIDENCE_NO_EXPIRY:
		return "no session died; a firewall that takes up what it has forgotten looks the "
		       "same";
	case EVIDENCE_NOTHING:
		break;
	}
	return NULL;
}

/* "between 340 s and 352 s", "more than 340 s", "less than 4.0 s" */
void
findings_add_bracket(const struct ladder_view *view, char *buf)
{
	char low[TIMESPAN_MAX], high[TIMESPAN_MAX];

	age_text(view->lives_ms, low);
	age_text(view->dead_ms, high);
	if (view->dead_ms == 0)
		words_add(buf, FINDINGS_TEXT, "more than %s", low);
	else if (view->lives_ms == 0)
		words_add(buf, FINDINGS_TEXT, "less than %s", high);
	else
		words_add(buf, FINDINGS_TEXT, "between %s and %s", low, high);
}

static void
add_advice(const struct ladder_view *view, char *buf)
{
	char text[TIMESPAN_MAX];

	if (view->firewall_ms <= 0)
		return;
	if (findings_by_peer(view))
		words_add(buf, FINDINGS_TEXT,
		    "; only data keeps a session: put a heartbeat every %s into kaguard.yaml",
		    yaml_text(view->firewall_ms * 3 / 4 / 1000 * 1000, text));
	else
		words_add(buf, FINDINGS_TEXT, "; put \"firewall: %s\" in kaguard.yaml",
		    yaml_text(view->firewall_ms, text));
}

char *
findings_text(const struct ladder_view *view, char *buf)
{
	const char *words = words_of(view->verdict);

	buf[0] = '\0';
	if (view->lives_ms == 0 && view->dead_ms == 0) {
		words_add(buf, FINDINGS_TEXT, "nothing was found");
		return buf;
	}
	findings_add_bracket(view, buf);
	if (words != NULL)
		words_add(buf, FINDINGS_TEXT, " (%s)", words);
	if (view->verdict == EVIDENCE_UPSET)
		return buf;
	add_matches(view, buf);
	add_advice(view, buf);
	return buf;
}
