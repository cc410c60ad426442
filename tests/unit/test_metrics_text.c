/* SPDX-License-Identifier: ISC */
#include "ctl/metrics_text.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <jansson.h>

static char *
text_of(json_t *document)
{
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	assert_non_null(document);
	assert_non_null(out);
	assert_int_equal(metrics_text(document, out), 0);
	fclose(out);
	json_decref(document);
	return text;
}

/* The line is there, whole, and once. */
static void
assert_line(const char *text, const char *line)
{
	size_t length = strlen(line);
	unsigned n = 0;

	for (const char *at = text; (at = strstr(at, line)) != NULL; at += length)
		n += (at == text || at[-1] == '\n') && at[length] == '\n';
	if (n != 1)
		fail_msg("%u times in the text: %s", n, line);
}

static void
figures_are_in_base_units(void **state)
{
	char *text = text_of(json_pack("{s:s s:s s:s s:s s:i s:b s:[{s:s s:i s:i s:i s:i}]}",
	    "version", "1.2.3", "time", "2026-11-02T10:22:33.500Z", "started",
	    "2026-11-02T10:22:33.123Z", "loaded", "1970-01-01T00:01:00.000Z", "records_dropped", 7,
	    "reload_successful", 0, "peers", "peer", "hq", "idle_ms", 1250, "rtt_us", 12345,
	    "firewall_ms", 240500, "connects", 3));

	(void)state;
	assert_line(text, "kaguard_build_info{version=\"1.2.3\"} 1");
	assert_line(text, "kaguard_start_time_seconds 1793614953.123");
	assert_line(text, "kaguard_config_last_reload_success_timestamp_seconds 60");
	assert_line(text, "kaguard_config_last_reload_successful 0");
	assert_line(text, "kaguard_journal_records_dropped_total 7");
	assert_line(
	    text, "kaguard_last_proof_of_life_timestamp_seconds{peer=\"hq\"} 1793614952.25");
	assert_line(text, "kaguard_rtt_seconds{peer=\"hq\"} 0.012345");
	assert_line(text, "kaguard_firewall_timeout_seconds{peer=\"hq\"} 240.5");
	assert_line(text, "kaguard_session_connects_total{peer=\"hq\"} 3");
	free(text);
}

/* The samples of a metric stand together, behind what it is; those of peers in their order. */
static void
families_stand_together(void **state)
{
	char *text = text_of(json_pack("{s:[{s:s s:{s:i s:i} s:i}{s:s s:{s:i s:i} s:i}]}", "peers",
	    "peer", "a", "sessions", "up", 3, "backoff", 0, "lost", 1, "peer", "b", "sessions",
	    "up", 1, "backoff", 2, "lost", 9));

	(void)state;
	assert_non_null(strstr(text, "# TYPE kaguard_sessions gauge\n"
				     "kaguard_sessions{peer=\"a\",state=\"up\"} 3\n"
				     "kaguard_sessions{peer=\"a\",state=\"backoff\"} 0\n"
				     "kaguard_sessions{peer=\"b\",state=\"up\"} 1\n"
				     "kaguard_sessions{peer=\"b\",state=\"backoff\"} 2\n"
				     "# HELP "));
	assert_non_null(strstr(text, "# TYPE kaguard_session_losses_total counter\n"
				     "kaguard_session_losses_total{peer=\"a\"} 1\n"
				     "kaguard_session_losses_total{peer=\"b\"} 9\n"));
	free(text);
}

static void
a_sum_has_no_peer(void **state)
{
	char *text = text_of(json_pack(
	    "{s:[{s:n s:{s:i} s:i}]}", "peers", "peer", "deaths", "expired", 4, "lost", 5));

	(void)state;
	assert_line(text, "kaguard_session_deaths_total{reason=\"expired\"} 4");
	assert_line(text, "kaguard_session_losses_total 5");
	free(text);
}

/* What is not known has no sample: 0 would be a lie. */
static void
null_is_left_out(void **state)
{
	char *text = text_of(json_pack("{s:n s:[{s:s s:n s:n s:n}]}", "records_dropped", "peers",
	    "peer", "hq", "idle_ms", "rtt_us", "learnt_ms"));

	(void)state;
	assert_null(strstr(text, "\nkaguard_"));
	assert_non_null(strstr(text, "# TYPE kaguard_rtt_seconds gauge\n"));
	free(text);
}

static void
labels_are_escaped(void **state)
{
	char *text = text_of(json_pack("{s:s s:[{s:s s:{s:i}}]}", "version", "a\"b", "peers",
	    "peer", "back\\slash\nline", "sessions", "u\"p", 1));

	(void)state;
	assert_line(text, "kaguard_build_info{version=\"a\\\"b\"} 1");
	assert_line(text, "kaguard_sessions{peer=\"back\\\\slash\\nline\",state=\"u\\\"p\"} 1");
	free(text);
}

static void
a_full_disk_is_told(void **state)
{
	FILE *out = fopen("/dev/full", "w");
	json_t *document = json_pack("{s:i}", "peers_total", 1);

	(void)state;
	if (out == NULL)
		skip();
	assert_true(metrics_text(document, out) < 0);
	fclose(out);
	json_decref(document);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(figures_are_in_base_units),
	    cmocka_unit_test(families_stand_together),
	    cmocka_unit_test(a_sum_has_no_peer),
	    cmocka_unit_test(null_is_left_out),
	    cmocka_unit_test(labels_are_escaped),
	    cmocka_unit_test(a_full_disk_is_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
