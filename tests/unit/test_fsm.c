/* SPDX-License-Identifier: ISC */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "policy/fsm.h"

#define FOR_EACH(type, var, n) for (enum type var = (enum type)0; var < (n); var++)

/* The event by which the mere passing of time ends a state. */
static enum fsm_event
time_event(enum fsm_state state)
{
	return fsm_limit(state) == FSM_LIMIT_KERNEL ? FSM_LOST : FSM_TIMER;
}

static void
stop_reaches_idle_from_anywhere_in_one_step(void **unused)
{
	(void)unused;
	FOR_EACH (fsm_state, s, FSM_N_STATES) {
		struct fsm_transition t = fsm_next(s, FSM_STOP);

		assert_true(t.defined);
		assert_int_equal(t.next, FSM_IDLE);
		assert_int_equal((t.actions & FSM_DROP) != 0, fsm_in_flight(s));
		/* Stopping is nobody's failure, and starts nothing. */
		assert_int_equal(t.actions & ~(unsigned)FSM_DROP, 0);
	}
}

static void
every_state_but_idle_has_a_way_out_by_time(void **unused)
{
	(void)unused;
	assert_int_equal(fsm_limit(FSM_IDLE), FSM_LIMIT_NONE);
	FOR_EACH (fsm_state, s, FSM_N_STATES) {
		struct fsm_transition t;

		if (s == FSM_IDLE)
			continue;
		assert_int_not_equal(fsm_limit(s), FSM_LIMIT_NONE);
		t = fsm_next(s, time_event(s));
		assert_true(t.defined);
		assert_int_not_equal(t.next, s);
	}
}

static void
what_enters_backoff_has_closed_its_socket_and_counted_a_failure(void **unused)
{
	(void)unused;
	FOR_EACH (fsm_state, s, FSM_N_STATES)
		FOR_EACH (fsm_event, e, FSM_N_EVENTS) {
			struct fsm_transition t = fsm_next(s, e);

			if (!t.defined || s == t.next)
				continue;
			assert_int_equal(t.next == FSM_BACKOFF, (t.actions & FSM_FAIL) != 0);
			if (t.next == FSM_BACKOFF || t.next == FSM_IDLE)
				assert_int_equal(
				    (t.actions & (FSM_DROP | FSM_GIVE)) != 0, fsm_in_flight(s));
			/* What is given away is not closed, and there is only one way to it. */
			assert_int_equal((t.actions & FSM_GIVE) != 0, e == FSM_GIVEN);
			if (e == FSM_GIVEN)
				assert_int_equal(s, FSM_UP);
		}
}

static void
each_state_is_entered_with_its_own_action(void **unused)
{
	static const unsigned action[FSM_N_STATES] = {
	    [FSM_RESOLVING] = FSM_RESOLVE,
	    [FSM_CONNECTING] = FSM_CONNECT,
	    [FSM_UP] = FSM_HOLD,
	};

	(void)unused;
	FOR_EACH (fsm_state, s, FSM_N_STATES)
		FOR_EACH (fsm_event, e, FSM_N_EVENTS) {
			struct fsm_transition t = fsm_next(s, e);
			unsigned starts = t.actions & (FSM_RESOLVE | FSM_CONNECT | FSM_HOLD);

			if (t.defined)
				assert_int_equal(starts, s == t.next ? 0 : action[t.next]);
		}
}

static void
every_state_is_reachable_from_idle_and_leads_to_up(void **unused)
{
	bool seen[FSM_N_STATES] = {[FSM_IDLE] = true};
	enum fsm_state s = FSM_IDLE;

	(void)unused;
	for (int round = 0; round < FSM_N_STATES; round++)
		FOR_EACH (fsm_state, from, FSM_N_STATES)
			FOR_EACH (fsm_event, e, FSM_N_EVENTS)
				if (seen[from] && fsm_next(from, e).defined)
					seen[fsm_next(from, e).next] = true;
	FOR_EACH (fsm_state, state, FSM_N_STATES)
		assert_true(seen[state]);
	s = fsm_next(s, FSM_START).next;
	s = fsm_next(s, FSM_RESOLVED).next;
	s = fsm_next(s, FSM_CONNECTED).next;
	assert_int_equal(s, FSM_UP);
}

static void
retry_is_understood_everywhere(void **unused)
{
	(void)unused;
	FOR_EACH (fsm_state, s, FSM_N_STATES) {
		struct fsm_transition t = fsm_next(s, FSM_RETRY);

		assert_true(t.defined);
		if (s == FSM_BACKOFF || s == FSM_UP)
			assert_int_equal(t.next, FSM_RESOLVING);
		else
			assert_int_equal(t.next, s);
	}
}

/* Only one that has nothing of its own yet can be given a socket. */
static void
a_socket_is_adopted_by_an_idle_session_only(void **unused)
{
	(void)unused;
	FOR_EACH (fsm_state, s, FSM_N_STATES)
		assert_int_equal(fsm_next(s, FSM_ADOPTED).defined, s == FSM_IDLE);
	assert_int_equal(fsm_next(FSM_IDLE, FSM_ADOPTED).next, FSM_UP);
}

static void
names_are_the_users_words(void **unused)
{
	static const char *const names[FSM_N_STATES] = {
	    "idle", "resolving", "connecting", "up", "backoff"};

	(void)unused;
	FOR_EACH (fsm_state, s, FSM_N_STATES)
		assert_string_equal(fsm_state_name(s), names[s]);
	assert_int_equal(fsm_limit(FSM_N_STATES), FSM_LIMIT_NONE);
	assert_int_equal(fsm_limit((enum fsm_state)(FSM_N_STATES + 1)), FSM_LIMIT_NONE);
	assert_string_equal(fsm_state_name(FSM_N_STATES), "?");
	assert_string_equal(fsm_event_name(FSM_N_EVENTS), "?");
	assert_string_equal(fsm_state_name((enum fsm_state)(FSM_N_STATES + 1)), "?");
	assert_string_equal(fsm_event_name((enum fsm_event)(FSM_N_EVENTS + 1)), "?");
	FOR_EACH (fsm_event, e, FSM_N_EVENTS)
		FOR_EACH (fsm_event, other, e)
			assert_string_not_equal(fsm_event_name(e), fsm_event_name(other));
}

static void
print_has_a_line_for_each_transition(void **unused)
{
	char *text = NULL;
	size_t size = 0, lines = 0, defined = 0;
	FILE *out = open_memstream(&text, &size);

	(void)unused;
	fsm_print(out);
	fclose(out);
	for (const char *p = text; (p = strchr(p, '\n')) != NULL; p++)
		lines++;
	FOR_EACH (fsm_state, s, FSM_N_STATES)
		FOR_EACH (fsm_event, e, FSM_N_EVENTS)
			defined += fsm_next(s, e).defined;
	assert_int_equal(lines, defined);
	assert_non_null(strstr(text, "up          lost      -> backoff     drop fail\n"));
	free(text);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(stop_reaches_idle_from_anywhere_in_one_step),
	    cmocka_unit_test(every_state_but_idle_has_a_way_out_by_time),
	    cmocka_unit_test(what_enters_backoff_has_closed_its_socket_and_counted_a_failure),
	    cmocka_unit_test(each_state_is_entered_with_its_own_action),
	    cmocka_unit_test(every_state_is_reachable_from_idle_and_leads_to_up),
	    cmocka_unit_test(retry_is_understood_everywhere),
	    cmocka_unit_test(a_socket_is_adopted_by_an_idle_session_only),
	    cmocka_unit_test(names_are_the_users_words),
	    cmocka_unit_test(print_has_a_line_for_each_transition),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
