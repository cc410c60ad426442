/* SPDX-License-Identifier: ISC */
#include "policy/summary.h"

#include <inttypes.h>

#include "policy/words.h"

static const char *
plural(uint64_t n)
{
	return n == 1 ? "" : "s";
}

char *
summary_status(const struct summary *s, char *buf, size_t size)
{
	unsigned named = s->troubled < SUMMARY_TROUBLES ? s->troubled : SUMMARY_TROUBLES;

	buf[0] = '\0';
	if (s->peers == 0) {
		words_add(buf, size, "no peers configured");
		return buf;
	}
	words_add(buf, size, "%u/%u session%s to %u peer%s up", s->up, s->sessions,
	    plural(s->sessions), s->peers, plural(s->peers));
	for (unsigned i = 0; i < named; i++) {
		const struct summary_trouble *t = &s->troubles[i];
		const char *reason = diagnosis_name(t->reason);

		words_add(buf, size, "; %s: %s", t->peer, *reason != '\0' ? reason : "connecting");
		if (t->retry_at != NULL)
			words_add(buf, size, ", retry at %s", t->retry_at);
	}
	if (s->troubled > named)
		words_add(buf, size, "; and %u more peer%s", s->troubled - named,
		    plural(s->troubled - named));
	return buf;
}

char *
summary_reasons(const uint64_t deaths[REASON_COUNT], char *buf, size_t size)
{
	buf[0] = '\0';
	for (int i = 0; i < REASON_COUNT; i++) {
		const char *name = diagnosis_name((enum reason)i);

		if (deaths[i] > 0 && *name != '\0')
			words_add(buf, size, "%s%" PRIu64 " %s", *buf != '\0' ? ", " : "",
			    deaths[i], name);
	}
	return buf;
}

char *
summary_events(const struct summary_counts *c, char *buf, size_t size)
{
	char reasons[256];

	buf[0] = '\0';
	words_add(buf, size, "%" PRIu64 " lost", c->lost);
	if (*summary_reasons(c->deaths, reasons, sizeof(reasons)) != '\0')
		words_add(buf, size, " (%s)", reasons);
	words_add(buf, size, ", %" PRIu64 " came up, %" PRIu64 " attempt%s failed", c->came_up,
	    c->failed_attempts, plural(c->failed_attempts));
	return buf;
}
