/* SPDX-License-Identifier: ISC */
#include "host/record.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <cmocka.h>

static struct record record;

static void
expect(const char *expected)
{
	record.bytes[record.size] = '\0';
	assert_string_equal(record.bytes, expected);
}

static void
a_record_without_fields(void **state)
{
	struct journal_fields none = JOURNAL_NO_FIELDS;
	const char *expected = "MESSAGE=no peers configured\n"
			       "MESSAGE_ID=3e5adc837ca748bcbc91be2a4a72fcdc\n"
			       "PRIORITY=5\n"
			       "SYSLOG_IDENTIFIER=kaguard\n";

	(void)state;
	record_fields(&record, MESSAGE_STARTED, LOG_NOTICE, NULL, "no peers configured");
	expect(expected);
	assert_int_equal(record.fields, 4);
	record_fields(&record, MESSAGE_STARTED, LOG_NOTICE, &none, "no peers configured");
	expect(expected);
	assert_int_equal(record.fields, 4);
}

static void
a_record_with_all_fields(void **state)
{
	const struct journal_fields fields = {
	    .peer = "hq",
	    .state = "backoff",
	    .old_state = "up",
	    .reason = "expired",
	    .remote = "[2001:db8::7]:9000",
	    .local = "[2001:db8::1]:40000",
	    .extra = "KAGUARD_DECLARED_MS=350000\nKAGUARD_COUNT=3",
	    .session = 0,
	    .idle_ms = 341207,
	    .rtt_us = INT64_MAX,
	    .retry_ms = 8000,
	    .attempt = 14,
	    .error = 104,
	};

	(void)state;
	record_fields(&record, MESSAGE_SESSION_LOST, LOG_WARNING, &fields, "hq: lost");
	expect("MESSAGE=hq: lost\n"
	       "MESSAGE_ID=a9845fd7a7be41e597eb1342b31ca103\n"
	       "PRIORITY=4\n"
	       "SYSLOG_IDENTIFIER=kaguard\n"
	       "KAGUARD_PEER=hq\n"
	       "KAGUARD_SESSION=0\n"
	       "KAGUARD_STATE=backoff\n"
	       "KAGUARD_OLD_STATE=up\n"
	       "KAGUARD_REASON=expired\n"
	       "KAGUARD_REMOTE=[2001:db8::7]:9000\n"
	       "KAGUARD_LOCAL=[2001:db8::1]:40000\n"
	       "KAGUARD_IDLE_MS=341207\n"
	       "KAGUARD_RTT_US=9223372036854775807\n"
	       "KAGUARD_RETRY_MS=8000\n"
	       "KAGUARD_ATTEMPT=14\n"
	       "ERRNO=104\n"
	       "KAGUARD_DECLARED_MS=350000\n"
	       "KAGUARD_COUNT=3\n");
	assert_int_equal(record.fields, 18);
}

/* No text can end a line early, and so forge a field of its own. */
static void
texts_cannot_forge_fields(void **state)
{
	struct journal_fields fields = JOURNAL_NO_FIELDS;

	(void)state;
	fields.peer = "a\nPRIORITY=0\n";
	record_fields(&record, MESSAGE_TABLE, LOG_INFO, &fields, "x\nMESSAGE_ID=0\xff");
	expect("MESSAGE=x MESSAGE_ID=0\xef\xbf\xbd\n"
	       "MESSAGE_ID=28b381d850054716a167eb658b4ebdf4\n"
	       "PRIORITY=6\n"
	       "SYSLOG_IDENTIFIER=kaguard\n"
	       "KAGUARD_PEER=a PRIORITY=0 \n");
}

/* The journal refuses a record for one bad name (and never believes a leading underscore). */
static void
bad_names_are_left_out(void **state)
{
	struct journal_fields fields = JOURNAL_NO_FIELDS;

	(void)state;
	fields.extra = "\n\nno equals sign\n=x\n_PID=1\n9A=x\nlower=x\nA B=x\nA_9=\nB=a=b\n"
		       "X012345678901234567890123456789012345678901234567890123456789012=64\n"
		       "X0123456789012345678901234567890123456789012345678901234567890123=65\n";
	record_fields(&record, MESSAGE_TABLE, LOG_INFO, &fields, "");
	expect("MESSAGE=\n"
	       "MESSAGE_ID=28b381d850054716a167eb658b4ebdf4\n"
	       "PRIORITY=6\n"
	       "SYSLOG_IDENTIFIER=kaguard\n"
	       "A_9=\n"
	       "B=a=b\n"
	       "X012345678901234567890123456789012345678901234567890123456789012=64\n");
}

static char *
repeat(const char *what, size_t times)
{
	char *text = malloc(strlen(what) * times + 1);

	assert_non_null(text);
	text[0] = '\0';
	for (size_t i = 0; i < times; i++)
		memcpy(text + i * strlen(what), what, strlen(what) + 1);
	return text;
}

/* With everything as long as can be, and longer: bounded, whole lines, the fields in front kept. */
static void
long_texts_are_cut(void **state)
{
	char *many = repeat("A=0123456789\n", 10000);
	char *text = repeat("\xe2\x82\xac", 20000);
	const struct journal_fields fields = {.peer = text,
	    .state = text,
	    .old_state = text,
	    .reason = text,
	    .remote = text,
	    .local = text,
	    .extra = many,
	    .session = INT64_MAX,
	    .idle_ms = INT64_MAX,
	    .rtt_us = INT64_MAX,
	    .retry_ms = INT64_MAX,
	    .attempt = INT64_MAX,
	    .error = INT64_MAX};
	const char *end = record.bytes;
	unsigned lines = 0;

	(void)state;
	record_fields(&record, MESSAGE_TABLE, LOG_INFO, &fields, text);
	assert_true(record.size <= RECORD_MAX);
	assert_int_equal(record.fields, RECORD_FIELDS);
	while ((end = memchr(end, '\n', record.size - (size_t)(end - record.bytes))) != NULL) {
		lines++;
		end++;
	}
	assert_int_equal(lines, RECORD_FIELDS);
	assert_int_equal(record.bytes[record.size - 1], '\n');
	/* 2047 bytes at most: 681 euro signs and an ellipsis are 2046. */
	assert_memory_equal(record.bytes + strlen("MESSAGE=") + 681 * 3, "\xe2\x80\xa6\n", 4);
	free(many);
	free(text);
}

static void
one_long_extra_field_is_cut(void **state)
{
	struct journal_fields fields = JOURNAL_NO_FIELDS;
	char *text = repeat("KAGUARD_LIST=", 10000);

	(void)state;
	fields.extra = text;
	record_fields(&record, MESSAGE_TABLE, LOG_INFO, &fields, "");

	size_t whole = record.size;

	fields.extra = NULL;
	record_fields(&record, MESSAGE_TABLE, LOG_INFO, &fields, "");
	assert_true(whole - record.size <= RECORD_EXTRA_MAX);
	assert_true(whole - record.size > RECORD_EXTRA_MAX - 8);
	free(text);
}

static void
lines_for_the_service_manager(void **state)
{
	(void)state;
	record_prefixed(&record, LOG_WARNING, "hq: refused\n");
	expect("<4>hq: refused \n");
	record_prefixed(&record, LOG_DEBUG, "");
	expect("<7>\n");
}

static void
lines_for_people(void **state)
{
	(void)state;
	setenv("TZ", "UTC-1", 1);
	tzset();
	record_line(&record, LOG_NOTICE, 1795358221, "hq: up");
	expect("2026-11-22 15:37:01 hq: up\n");
	record_line(&record, LOG_ERR, 1795358221, "hq: up");
	expect("2026-11-22 15:37:01 error: hq: up\n");
	record_line(&record, LOG_WARNING, 1795358221, "hq: up");
	expect("2026-11-22 15:37:01 warning: hq: up\n");
	record_line(&record, LOG_INFO, 1795358221, "hq: up");
	expect("2026-11-22 15:37:01 hq: up\n");
	record_line(&record, LOG_DEBUG, 1795358221, "hq: up");
	expect("2026-11-22 15:37:01 debug: hq: up\n");
	/* A year that no struct tm can hold: no time, but the text. */
	record_line(&record, LOG_INFO, INT64_MAX, "hq: up");
	expect("hq: up\n");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_record_without_fields),
	    cmocka_unit_test(a_record_with_all_fields),
	    cmocka_unit_test(texts_cannot_forge_fields),
	    cmocka_unit_test(bad_names_are_left_out),
	    cmocka_unit_test(long_texts_are_cut),
	    cmocka_unit_test(one_long_extra_field_is_cut),
	    cmocka_unit_test(lines_for_the_service_manager),
	    cmocka_unit_test(lines_for_people),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
