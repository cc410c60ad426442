/* SPDX-License-Identifier: ISC */
#include "daemon/events.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static int
set_up(void **state)
{
	static struct events events;

	events = (struct events){0};
	*state = &events;
	return events_init(&events);
}

static int
tear_down(void **state)
{
	events_clear(*state);
	return 0;
}

static void
the_last_ones_are_kept(void **state)
{
	struct events *events = *state;
	char text[32];

	assert_null(events_at(events, events_first(events)));
	for (int i = 1; i <= EVENTS_KEPT + 10; i++) {
		snprintf(text, sizeof(text), "event %d", i);
		events_add(events, MESSAGE_STARTED, LOG_NOTICE, NULL, text);
	}
	assert_int_equal(events_first(events), 11);
	for (uint64_t i = 11; i <= EVENTS_KEPT + 10; i++) {
		snprintf(text, sizeof(text), "event %d", (int)i);
		assert_string_equal(events_at(events, i)->text, text);
		assert_int_equal(events_at(events, i)->number, i);
	}
	assert_null(events_at(events, 10));
	assert_null(events_at(events, EVENTS_KEPT + 11));
	assert_null(events_at(events, 0));
}

static void
fields_are_copied(void **state)
{
	struct events *events = *state;
	struct journal_fields fields = JOURNAL_NO_FIELDS;
	char peer[200];

	memset(peer, 'p', sizeof(peer) - 1);
	peer[sizeof(peer) - 1] = '\0';
	fields.peer = peer;
	fields.reason = "refused";
	fields.session = 3;
	fields.error = 111;
	events_add(events, MESSAGE_ATTEMPT_FAILED, LOG_WARNING, &fields, "tab\there \xff");
	memset(peer, 'q', 100);
	assert_int_equal(events_at(events, 1)->session, 3);
	assert_int_equal(events_at(events, 1)->rtt_us, -1);
	assert_int_equal(events_at(events, 1)->error, 111);
	assert_int_equal(events_at(events, 1)->peer[0], 'p');
	assert_string_equal(events_at(events, 1)->state, "");
	assert_string_equal(events_at(events, 1)->text, "tab here \xef\xbf\xbd");
}

static void
what_is_no_event_is_not_kept(void **state)
{
	struct events *events = *state;

	events_add(events, MESSAGE_STATE, LOG_DEBUG, NULL, "resolving");
	events_add(events, MESSAGE_TABLE, LOG_NOTICE, NULL, "a row");
	assert_int_equal(events->n, 0);
}

static unsigned told;

static void
count(struct events *events)
{
	assert_non_null(events_at(events, events->n));
	told++;
}

static void
who_waits_is_told(void **state)
{
	struct events *events = *state;

	events->added = count;
	events_add(events, MESSAGE_STARTED, LOG_NOTICE, NULL, "one");
	events_add(events, MESSAGE_STATE, LOG_DEBUG, NULL, "none");
	assert_int_equal(told, 1);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(the_last_ones_are_kept, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(fields_are_copied, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(what_is_no_event_is_not_kept, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(who_waits_is_told, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
