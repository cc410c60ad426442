/* SPDX-License-Identifier: ISC */
#include "host/journal.h"
#include "host/receipt.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>
#include <cmocka.h>

#define SD_JOURNAL_SUPPRESS_LOCATION
#include <systemd/sd-journal.h>

#define PATIENCE_MS 60000

/* Where the journal's records end in these tests: [0] is read, [1] is written. */
static int journald[2];
static int refuse;

/*
 * Stands in for libsystemd's, which this program's own definition hides: the fields of a record,
 * with '|' between them, as one datagram to a socket that can be full, and then blocks.
 */
int
sd_journal_sendv(const struct iovec *iov, int n)
{
	char text[4096];
	size_t length = 0;

	if (refuse > 0) {
		refuse--;
		return -ECONNREFUSED;
	}
	for (int i = 0; i < n; i++) {
		assert(length + iov[i].iov_len + 1 < sizeof(text));
		memcpy(text + length, iov[i].iov_base, iov[i].iov_len);
		length += iov[i].iov_len;
		text[length++] = '|';
	}
	return send(journald[1], text, length, MSG_NOSIGNAL) < 0 ? -errno : 0;
}

/* How often it was waited for that the journal has read all, and with how much time. */
static int receipts, receipt_ms;

int
receipt_await(const char *path, int wait_ms)
{
	assert_string_equal(path, "/run/systemd/journal/socket");
	receipts++;
	receipt_ms = wait_ms;
	return 0;
}

static int
setup_journald(void **state)
{
	int size = 1;

	(void)state;
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, journald) < 0)
		return -1;
	return setsockopt(journald[1], SOL_SOCKET, SO_SNDBUF, &size, sizeof(size));
}

static int
setup_pipe(void **state)
{
	(void)state;
	return pipe2(journald, O_CLOEXEC);
}

static int
teardown(void **state)
{
	(void)state;
	close(journald[0]);
	close(journald[1]);
	return 0;
}

static struct journal *
open_on(enum journal_target target, int max_priority)
{
	struct journal *journal = NULL;

	assert_int_equal(journal_open_on(target, journald[1], max_priority, &journal), 0);
	return journal;
}

/* The next record that the stand-in got. */
static const char *
next_record(void)
{
	static char text[4096];
	ssize_t n = recv(journald[0], text, sizeof(text) - 1, 0);

	assert_true(n > 0);
	text[n] = '\0';
	return text;
}

static void
a_record_reaches_the_journal(void **state)
{
	struct journal *journal = open_on(JOURNAL_NATIVE, LOG_INFO);
	struct journal_fields fields = JOURNAL_NO_FIELDS;

	(void)state;
	fields.peer = "hq";
	fields.attempt = 14;
	fields.extra = "KAGUARD_COUNT=3";
	journal_say(
	    journal, MESSAGE_SESSION_UP, LOG_NOTICE, &fields, "%s: up after %d attempts", "hq", 14);
	assert_string_equal(next_record(), "MESSAGE=hq: up after 14 attempts|"
					   "MESSAGE_ID=8fda8b287d5942959a611f07d89a3971|"
					   "PRIORITY=5|SYSLOG_IDENTIFIER=kaguard|"
					   "KAGUARD_PEER=hq|KAGUARD_ATTEMPT=14|KAGUARD_COUNT=3|");
	assert_int_equal(journal_dropped(journal), 0);
	journal_close(journal, PATIENCE_MS);
}

static void
unwanted_priorities_are_not_made(void **state)
{
	struct journal *journal = open_on(JOURNAL_NATIVE, LOG_INFO);

	(void)state;
	assert_true(journal_wants(journal, LOG_ERR));
	assert_true(journal_wants(journal, LOG_INFO));
	assert_false(journal_wants(journal, LOG_DEBUG));
	journal_say(journal, MESSAGE_TABLE, LOG_DEBUG, NULL, "hidden");
	journal_set_priority(journal, LOG_DEBUG);
	assert_true(journal_wants(journal, LOG_DEBUG));
	journal_say(journal, MESSAGE_TABLE, LOG_DEBUG, NULL, "shown");
	assert_non_null(strstr(next_record(), "MESSAGE=shown|"));
	journal_close(journal, PATIENCE_MS);
}

/* A journald that hangs: nobody waits, and when it goes on, the gap is told to the record. */
static void
a_journal_that_hangs_stops_nobody(void **state)
{
	struct journal *journal = open_on(JOURNAL_NATIVE, LOG_INFO);
	unsigned said = 0, kept;
	char expected[80];

	(void)state;
	while (journal_dropped(journal) < 37)
		journal_say(journal, MESSAGE_TABLE, LOG_INFO, NULL, "row %u", said++);
	assert_int_equal(journal_dropped(journal), 37);
	kept = said - 37;
	assert_true(kept > 3000);
	for (unsigned i = 0; i < kept; i++) {
		snprintf(expected, sizeof(expected), "MESSAGE=row %u|", i);
		assert_non_null(strstr(next_record(), expected));
	}
	assert_string_equal(next_record(),
	    "MESSAGE=37 records dropped: the journal did not keep up|"
	    "MESSAGE_ID=7a4efb963275483b89d1aa850b7ee350|"
	    "PRIORITY=4|SYSLOG_IDENTIFIER=kaguard|KAGUARD_DROPPED=37|");
	journal_say(journal, MESSAGE_TABLE, LOG_INFO, NULL, "after");
	assert_non_null(strstr(next_record(), "MESSAGE=after|"));
	assert_int_equal(journal_dropped(journal), 37);
	journal_close(journal, PATIENCE_MS);
}

static void
records_that_the_journal_refuses_are_counted(void **state)
{
	struct journal *journal;

	(void)state;
	refuse = 1;
	journal = open_on(JOURNAL_NATIVE, LOG_INFO);
	journal_say(journal, MESSAGE_TABLE, LOG_INFO, NULL, "refused");
	journal_say(journal, MESSAGE_TABLE, LOG_INFO, NULL, "taken");
	assert_non_null(strstr(next_record(), "MESSAGE=1 record dropped: the journal did not"));
	assert_non_null(strstr(next_record(), "MESSAGE=taken|"));
	assert_int_equal(journal_dropped(journal), 1);
	journal_close(journal, PATIENCE_MS);
}

static void
lines_go_to_the_stream(void **state)
{
	struct journal *journal = open_on(JOURNAL_PREFIXED, LOG_INFO);
	char text[64] = {0};

	(void)state;
	journal_say(journal, MESSAGE_STARTED, LOG_NOTICE, NULL, "one");
	journal_say(journal, MESSAGE_STARTED, LOG_ERR, NULL, "two\nlines");
	journal_close(journal, PATIENCE_MS);
	assert_int_equal(read(journald[0], text, sizeof(text) - 1), 7 + 13);
	assert_string_equal(text, "<5>one\n<3>two lines\n");
}

static void
lines_for_people_have_the_time(void **state)
{
	struct journal *journal = open_on(JOURNAL_LINES, LOG_INFO);
	char text[64] = {0}, expected[64];
	time_t before = time(NULL), after;

	(void)state;
	journal_say(journal, MESSAGE_STARTED, LOG_WARNING, NULL, "plant-7: refused");
	journal_close(journal, PATIENCE_MS);
	after = time(NULL);
	assert_true(read(journald[0], text, sizeof(text) - 1) > 0);

	/* The coarse clock may still be in the second before. */
	for (time_t t = before - 1; t <= after; t++) {
		strftime(
		    expected, sizeof(expected), "%F %T warning: plant-7: refused\n", localtime(&t));
		if (strcmp(text, expected) == 0)
			return;
	}
	fail_msg("%s", text);
}

/* A full pipe: as a journal that hangs. Whole lines arrive, also through a non-blocking pipe. */
static void
a_full_pipe_stops_nobody(void **state)
{
	struct journal *journal;
	unsigned said = 0, kept, row;
	char line[256];
	FILE *reader;

	(void)state;
	assert_int_equal(fcntl(journald[1], F_SETFL, O_NONBLOCK), 0);
	journal = open_on(JOURNAL_LINES, LOG_INFO);
	while (journal_dropped(journal) < 5)
		journal_say(journal, MESSAGE_TABLE, LOG_INFO, NULL, "row %u", said++);
	kept = said - 5;
	reader = fdopen(dup(journald[0]), "r");
	assert_non_null(reader);
	for (unsigned i = 0; i < kept; i++) {
		assert_non_null(fgets(line, sizeof(line), reader));
		assert_int_equal(sscanf(line, "%*s %*s row %u\n", &row), 1);
		assert_int_equal(row, i);
	}
	assert_non_null(fgets(line, sizeof(line), reader));
	assert_non_null(
	    strstr(line, " warning: 5 records dropped: the reader of stderr did not keep up\n"));
	fclose(reader);
	journal_close(journal, PATIENCE_MS);
}

/* SIGPIPE would end this program. */
static void
a_reader_that_is_gone_is_survived(void **state)
{
	struct journal *journal = open_on(JOURNAL_LINES, LOG_INFO);

	(void)state;
	close(journald[0]);
	journald[0] = -1;
	journal_say(journal, MESSAGE_STARTED, LOG_INFO, NULL, "one");
	journal_say(journal, MESSAGE_STARTED, LOG_INFO, NULL, "two");
	journal_close(journal, PATIENCE_MS);
}

static void
the_target_is_what_stderr_is(void **state)
{
	const struct stat st = {.st_dev = 9, .st_ino = 12345678901234};
	const char *here = "/dev/null", *nowhere = "/dev/null/none";

	(void)state;
	assert_int_equal(journal_target("9:12345678901234", &st, here), JOURNAL_NATIVE);
	assert_int_equal(journal_target("9:12345678901234", &st, nowhere), JOURNAL_PREFIXED);
	assert_int_equal(journal_target(NULL, &st, here), JOURNAL_LINES);
	assert_int_equal(journal_target("", &st, here), JOURNAL_LINES);
	assert_int_equal(journal_target("9", &st, here), JOURNAL_LINES);
	assert_int_equal(journal_target("9:", &st, here), JOURNAL_LINES);
	assert_int_equal(journal_target("9:12345678901235", &st, here), JOURNAL_LINES);
	assert_int_equal(journal_target("8:12345678901234", &st, here), JOURNAL_LINES);
	assert_int_equal(journal_target("9:12345678901234x", &st, here), JOURNAL_LINES);
	assert_int_equal(journal_target("9:12345678901234:1", &st, here), JOURNAL_LINES);
}

/* The whole way: stderr is what $JOURNAL_STREAM says, or it is not. */
static void
stderr_is_looked_at(void **state)
{
	struct journal *journal = NULL;
	char line[128] = {0};
	int saved = dup(STDERR_FILENO);

	(void)state;
	assert_true(saved >= 0);
	assert_int_equal(setenv("JOURNAL_STREAM", "1:1", 1), 0);
	assert_true(dup2(journald[1], STDERR_FILENO) >= 0);
	assert_int_equal(journal_open(LOG_INFO, &journal), 0);
	journal_say(journal, MESSAGE_STARTED, LOG_INFO, NULL, "hello");
	journal_close(journal, PATIENCE_MS);
	assert_true(dup2(saved, STDERR_FILENO) >= 0);
	close(saved);
	assert_true(read(journald[0], line, sizeof(line) - 1) > 0);
	assert_string_equal(line + strlen("2026-11-22 15:37:01 "), "hello\n");
}

/* Before the journal has read them, the process must not be gone. */
static void
the_last_records_are_read_before_the_end(void **state)
{
	struct journal *journal = open_on(JOURNAL_NATIVE, LOG_INFO);

	(void)state;
	receipts = 0;
	journal_say(journal, MESSAGE_STOPPING, LOG_NOTICE, NULL, "last");
	journal_close(journal, PATIENCE_MS);
	assert_non_null(strstr(next_record(), "MESSAGE=last|"));
	assert_int_equal(receipts, 1);
	assert_in_range(receipt_ms, 1, PATIENCE_MS);

	/* A stream is of its unit, whoever writes to it and when. */
	journal_close(open_on(JOURNAL_PREFIXED, LOG_INFO), PATIENCE_MS);
	journal_close(open_on(JOURNAL_LINES, LOG_INFO), PATIENCE_MS);
	assert_int_equal(receipts, 1);
}

/* What a table or debugging fills leaves room for a warning. */
static void
what_matters_is_dropped_last(void **state)
{
	struct journal *journal = open_on(JOURNAL_NATIVE, LOG_DEBUG);
	unsigned said = 0;

	(void)state;
	while (journal_dropped(journal) == 0)
		journal_say(journal, MESSAGE_TABLE, said++ % 2 ? LOG_INFO : LOG_DEBUG, NULL, "row");
	journal_say(journal, MESSAGE_TABLE, LOG_INFO, NULL, "late");
	assert_int_equal(journal_dropped(journal), 2);
	for (int priority = LOG_ERR; priority <= LOG_NOTICE; priority++)
		journal_say(journal, MESSAGE_SESSION_LOST, priority, NULL, "matters");
	assert_int_equal(journal_dropped(journal), 2);
	for (unsigned i = 1; i < said; i++)
		assert_non_null(strstr(next_record(), "MESSAGE=row|"));
	for (int priority = LOG_ERR; priority <= LOG_NOTICE; priority++)
		assert_non_null(strstr(next_record(), "MESSAGE=matters|"));
	assert_non_null(strstr(next_record(), "MESSAGE=2 records dropped: "));
	journal_close(journal, PATIENCE_MS);
}

/* Used by its thread until the end of the process; here is where leak detectors see that. */
static struct journal *volatile left_behind;

/* The last test: the thread goes on hanging in that socket while the program ends. */
static void
closing_does_not_wait_for_ever(void **state)
{
	struct journal *journal = open_on(JOURNAL_NATIVE, LOG_INFO);

	(void)state;
	while (journal_dropped(journal) == 0)
		journal_say(journal, MESSAGE_TABLE, LOG_INFO, NULL, "row");
	left_behind = journal;
	journal_close(journal, 10);
	journal_close(NULL, 10);
}

#define ON_JOURNALD(name) cmocka_unit_test_setup_teardown(name, setup_journald, teardown)
#define ON_PIPE(name)	  cmocka_unit_test_setup_teardown(name, setup_pipe, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    ON_JOURNALD(a_record_reaches_the_journal),
	    ON_JOURNALD(unwanted_priorities_are_not_made),
	    ON_JOURNALD(a_journal_that_hangs_stops_nobody),
	    ON_JOURNALD(records_that_the_journal_refuses_are_counted),
	    ON_JOURNALD(what_matters_is_dropped_last),
	    cmocka_unit_test_setup_teardown(
		the_last_records_are_read_before_the_end, setup_journald, teardown),
	    ON_PIPE(lines_go_to_the_stream),
	    ON_PIPE(lines_for_people_have_the_time),
	    ON_PIPE(a_full_pipe_stops_nobody),
	    ON_PIPE(a_reader_that_is_gone_is_survived),
	    cmocka_unit_test(the_target_is_what_stderr_is),
	    ON_PIPE(stderr_is_looked_at),
	    cmocka_unit_test_setup(closing_does_not_wait_for_ever, setup_journald),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
