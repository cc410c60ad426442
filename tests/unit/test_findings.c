/* SPDX-License-Identifier: ISC */
#include "policy/findings.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

struct row {
	struct ladder_view view;
	const char *text;
};

static void
assert_texts(const struct row *rows, size_t n)
{
	char text[FINDINGS_TEXT];

	for (size_t i = 0; i < n; i++)
		assert_string_equal(findings_text(&rows[i].view, text), rows[i].text);
}

static void
each_verdict_is_told(void **unused)
{
	static const struct row rows[] = {
	    {{.verdict = EVIDENCE_NOTHING}, "nothing was found"},
	    {{.verdict = EVIDENCE_NOTHING, .lives_ms = 9500}, "more than 9.5 s"},
	    {{.verdict = EVIDENCE_NO_EXPIRY, .lives_ms = 7200000},
		"more than 2h (no session died; a firewall that takes up what it has forgotten "
		"looks the same)"},
	    {{.verdict = EVIDENCE_FORGETS, .lives_ms = 97000, .dead_ms = 101000},
		"between 97.0 s and 101 s (firewall, drops silently)"},
	    {{.verdict = EVIDENCE_FORGETS, .dead_ms = 4000},
		"less than 4.0 s (firewall, drops silently)"},
	    {{.verdict = EVIDENCE_RESETS, .lives_ms = 97000, .dead_ms = 101000},
		"between 97.0 s and 101 s (firewall, answers what comes later with a reset)"},
	    {{.verdict = EVIDENCE_RESETS_BOTH, .lives_ms = 1000000, .dead_ms = 1200000},
		"between 16min 40s and 20min (firewall, ends the session at both ends)"},
	    {{.verdict = EVIDENCE_PATH_LOST, .lives_ms = 97000},
		"more than 97.0 s (then nothing answered any more, not even a new connection)"},
	};

	(void)unused;
	assert_texts(rows, sizeof(rows) / sizeof(rows[0]));
}

static void
what_to_write_is_told(void **unused)
{
	static const struct row rows[] = {
	    {{.verdict = EVIDENCE_FORGETS,
		 .lives_ms = 97300,
		 .dead_ms = 101000,
		 .firewall_ms = 97300},
		"between 97.3 s and 101 s (firewall, drops silently); put \"firewall: 97.3s\" in "
		"kaguard.yaml"},
	    {{.verdict = EVIDENCE_FORGETS,
		 .lives_ms = 1000500,
		 .dead_ms = 1200000,
		 .firewall_ms = 1000000},
		"between 16min 40s and 20min (firewall, drops silently); put \"firewall: "
		"16min 40s\" in kaguard.yaml"},
	    /* Of what ends sessions without regard to keepalive, three quarters. */
	    {{.verdict = EVIDENCE_BLIND,
		 .lives_ms = 97000,
		 .dead_ms = 101000,
		 .firewall_ms = 97000},
		"between 97.0 s and 101 s (firewall, drops silently; keepalive does not count); "
		"only data keeps a session: put a heartbeat every 72s into kaguard.yaml"},
	    {{.verdict = EVIDENCE_PEER_CLOSES,
		 .lives_ms = 97000,
		 .dead_ms = 101000,
		 .firewall_ms = 97000},
		"between 97.0 s and 101 s (closed by the other end, a server or a proxy; "
		"keepalive does not count); only data keeps a session: put a heartbeat every "
		"72s into kaguard.yaml"},
	    /* That was no matter of age: there is nothing to write. */
	    {{.verdict = EVIDENCE_UPSET,
		 .lives_ms = 97000,
		 .dead_ms = 101000,
		 .firewall_ms = 97000},
		"between 97.0 s and 101 s (then all sessions were forgotten at once, whatever "
		"their age)"},
	};

	(void)unused;
	assert_texts(rows, sizeof(rows) / sizeof(rows[0]));
}

/* The presets that have this idle timeout, and treat keepalive as it was seen to be. */
static void
presets_that_match_are_named(void **unused)
{
	static const int ages_s[] = {60, 100, 300, 350, 3600};
	static const enum evidence_verdict verdicts[] = {
	    EVIDENCE_FORGETS, EVIDENCE_BLIND, EVIDENCE_PEER_CLOSES};

	(void)unused;
	for (size_t i = 0; i < sizeof(ages_s) / sizeof(ages_s[0]) * 3; i++) {
		struct ladder_view view = {.verdict = verdicts[i % 3],
		    .firewall_ms = ages_s[i / 3] * 1000,
		    .lives_ms = ages_s[i / 3] * 990,
		    .dead_ms = ages_s[i / 3] * 1010,
		    .common = true};
		char text[FINDINGS_TEXT], word[FINDINGS_TEXT];
		unsigned n = 0;

		findings_text(&view, text);
		for (size_t at = 0; at < firewall_count(); at++) {
			if (!findings_match(firewall_at(at), &view))
				continue;
			assert_int_equal(firewall_at(at)->idle_timeout_s, ages_s[i / 3]);
			assert_int_equal(firewall_at(at)->counts == FIREWALL_COUNTS_NO,
			    view.verdict != EVIDENCE_FORGETS);
			snprintf(word, sizeof(word), "%s %s", n == 0 ? "; matches" : ",",
			    firewall_at(at)->name);
			assert_int_equal(strstr(text, word) != NULL, n < 3);
			n++;
		}
		snprintf(word, sizeof(word), " and %u more;", n - 3);
		assert_int_equal(strstr(text, word) != NULL, n > 3);
		assert_int_equal(strstr(text, "matches") != NULL, n > 0);
		/* A value that is not a common one is that of nobody. */
		view.common = false;
		assert_null(strstr(findings_text(&view, text), "matches"));
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(each_verdict_is_told),
	    cmocka_unit_test(what_to_write_is_told),
	    cmocka_unit_test(presets_that_match_are_named),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
