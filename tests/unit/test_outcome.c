/* SPDX-License-Identifier: ISC */
#include "daemon/outcome.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <syslog.h>
#include <unistd.h>
#include <cmocka.h>

#include "config/load.h"
#include "host/journal.h"

/* What one reading made the daemon say, priorities and all: "<3>" before each line. */
static char said[1024];

static struct remark odd = {REMARK_WARNING, "a.yaml", 1, 2, "odd", NULL, 0, 0};
static struct remark wrong = {REMARK_ERROR, "a.yaml", 3, 4, "wrong", NULL, 0, 0};

/* The last part of the outcome stands there as "reloaded" or, if there are errors, "failed". */
static const char *
read_at(int64_t now_ms, struct outcome *outcome, struct remark *found, bool changed)
{
	struct remarks remarks = {
	    found, found != NULL, found != NULL && found->severity == REMARK_ERROR};
	struct journal *journal;
	int fds[2], priority;

	assert_int_equal(pipe(fds), 0);
	assert_int_equal(journal_open_on(JOURNAL_PREFIXED, fds[1], LOG_DEBUG, &journal), 0);
	outcome_remarks(outcome, journal, &remarks, now_ms);
	if (remarks.n_errors > 0) {
		priority = outcome_priority(outcome, LOG_ERR, false);
		journal_say(journal, MESSAGE_RELOAD_FAILED, priority, NULL, "failed");
	} else {
		priority = outcome_priority(outcome, LOG_NOTICE, changed);
		journal_say(journal, MESSAGE_RELOADED, priority, NULL, "reloaded");
	}
	journal_close(journal, 60000);
	close(fds[1]);

	ssize_t n = read(fds[0], said, sizeof(said) - 1);

	assert_true(n > 0);
	said[n] = '\0';
	close(fds[0]);
	return said;
}

static void
the_same_is_said_once(void **state)
{
	struct outcome outcome = {0};

	(void)state;
	assert_string_equal(read_at(5000, &outcome, NULL, true), "<5>reloaded\n");
	assert_string_equal(read_at(5010, &outcome, NULL, false), "<7>reloaded\n");
	assert_string_equal(read_at(5999, &outcome, NULL, false), "<7>reloaded\n");
}

/* A person who asks again is answered; quiet repetitions do not make the quiet any longer. */
static void
once_a_second(void **state)
{
	struct outcome outcome = {0};

	(void)state;
	read_at(5000, &outcome, NULL, true);
	read_at(5900, &outcome, NULL, false);
	assert_string_equal(read_at(6000, &outcome, NULL, false), "<5>reloaded\n");
	assert_string_equal(read_at(6001, &outcome, NULL, false), "<7>reloaded\n");
}

static void
a_change_is_said_whenever_it_comes(void **state)
{
	struct outcome outcome = {0};

	(void)state;
	read_at(5000, &outcome, NULL, true);
	assert_string_equal(read_at(5010, &outcome, NULL, true), "<5>reloaded\n");
	assert_string_equal(read_at(5020, &outcome, NULL, false), "<7>reloaded\n");
}

static void
errors_are_said_once(void **state)
{
	struct outcome outcome = {0};

	(void)state;
	assert_string_equal(
	    read_at(5000, &outcome, &wrong, false), "<3>a.yaml:3:4: error: wrong\n<3>failed\n");
	assert_string_equal(
	    read_at(5010, &outcome, &wrong, false), "<7>a.yaml:3:4: error: wrong\n<7>failed\n");
	assert_string_equal(
	    read_at(6000, &outcome, &wrong, false), "<3>a.yaml:3:4: error: wrong\n<3>failed\n");
}

/* From bad to good and back within a moment: each is news. */
static void
another_outcome_is_said(void **state)
{
	struct outcome outcome = {0};

	(void)state;
	read_at(5000, &outcome, &wrong, false);
	assert_string_equal(read_at(5010, &outcome, NULL, false), "<5>reloaded\n");
	assert_string_equal(
	    read_at(5020, &outcome, &wrong, false), "<3>a.yaml:3:4: error: wrong\n<3>failed\n");
	assert_string_equal(
	    read_at(5030, &outcome, &odd, false), "<4>a.yaml:1:2: warning: odd\n<5>reloaded\n");
	assert_string_equal(
	    read_at(5040, &outcome, &odd, true), "<7>a.yaml:1:2: warning: odd\n<5>reloaded\n");
}

/* What the start said of the files is no outcome of a reload. */
static void
the_first_reload_is_answered(void **state)
{
	struct outcome outcome = {0};
	struct remarks none = {0};

	(void)state;
	outcome_remarks(&outcome, NULL, &none, 5000);
	assert_string_equal(read_at(5010, &outcome, NULL, false), "<5>reloaded\n");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(the_same_is_said_once),
	    cmocka_unit_test(once_a_second),
	    cmocka_unit_test(a_change_is_said_whenever_it_comes),
	    cmocka_unit_test(errors_are_said_once),
	    cmocka_unit_test(another_outcome_is_said),
	    cmocka_unit_test(the_first_reload_is_answered),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
