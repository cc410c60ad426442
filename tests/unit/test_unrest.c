/* SPDX-License-Identifier: ISC */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "policy/unrest.h"

#define MINUTE 60000

/* Nothing is due a moment before, and then it is. */
static struct unrest_reaction
settles_at(struct unrest *u, int64_t at_ms)
{
	assert_int_equal(unrest_due_ms(u), at_ms);
	assert_int_equal(unrest_settle(u, at_ms - 1).changes, 0);
	return unrest_settle(u, at_ms);
}

static void
what_follows_from_what(void **unused)
{
	static const struct {
		unsigned change;
		bool drop, retry, probe;
	} cases[] = {
	    {UNREST_LINK_UP, false, true, true},
	    {UNREST_LINK_DOWN, false, false, false},
	    {UNREST_ADDRESS_ADDED, false, true, false},
	    {UNREST_ADDRESS_BACK, false, true, true},
	    {UNREST_ADDRESS_GONE, true, false, false},
	    {UNREST_NEAR_GONE, true, false, false},
	    {UNREST_ROUTE_ADDED, false, true, true},
	    {UNREST_ROUTE_GONE, false, false, false},
	    {UNREST_AWOKE, false, true, true},
	};

	(void)unused;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct unrest u = {0};
		struct unrest_reaction r;

		unrest_note(&u, cases[i].change, 1000000);
		r = settles_at(&u, 1000000 + UNREST_QUIET_MS);
		assert_int_equal(r.changes, cases[i].change);
		assert_int_equal(r.drop, cases[i].drop);
		assert_int_equal(r.retry, cases[i].retry);
		assert_int_equal(r.probe, cases[i].probe);
		assert_int_equal(unrest_due_ms(&u), -1);
	}
}

static void
nothing_is_nothing(void **unused)
{
	struct unrest u = {0};

	(void)unused;
	unrest_note(&u, 0, 5000);
	assert_int_equal(unrest_due_ms(&u), -1);
	assert_int_equal(unrest_settle(&u, 10000).changes, 0);
}

/* A link, its address, the route: one reaction. */
static void
a_bunch_is_let_settle(void **unused)
{
	struct unrest u = {0};

	(void)unused;
	unrest_note(&u, UNREST_LINK_UP, 1000);
	unrest_note(&u, UNREST_ADDRESS_ADDED, 1200);
	unrest_note(&u, UNREST_ROUTE_ADDED, 1400);
	assert_int_equal(settles_at(&u, 1400 + UNREST_QUIET_MS).changes,
	    UNREST_LINK_UP | UNREST_ADDRESS_ADDED | UNREST_ROUTE_ADDED);
}

static void
what_does_not_settle_is_not_waited_for(void **unused)
{
	struct unrest u = {0};
	int64_t now_ms = 1000;

	(void)unused;
	for (; unrest_settle(&u, now_ms).changes == 0; now_ms += 100)
		unrest_note(&u, UNREST_ADDRESS_GONE, now_ms);
	assert_int_equal(now_ms, 1000 + UNREST_MOST_MS);
}

/* Changes a second apart, for an hour. */
static unsigned
reactions_in_an_hour(unsigned change, int64_t *ret_longest_ms)
{
	struct unrest u = {0};
	unsigned n = 0;
	int64_t last_ms = 0;

	*ret_longest_ms = 0;
	for (int64_t now_ms = 0; now_ms < 60 * MINUTE; now_ms += 50) {
		if (now_ms % 1000 == 0)
			unrest_note(&u, change, now_ms);
		if (unrest_due_ms(&u) < 0 || unrest_due_ms(&u) > now_ms)
			continue;
		assert_true(unrest_settle(&u, now_ms).changes != 0);
		if (now_ms - last_ms > *ret_longest_ms)
			*ret_longest_ms = now_ms - last_ms;
		last_ms = now_ms;
		n++;
	}
	return n;
}

static void
gains_that_go_on_are_reacted_to_less_and_less(void **unused)
{
	int64_t longest_ms;

	(void)unused;
	assert_in_range(reactions_in_an_hour(UNREST_LINK_UP, &longest_ms), 10, 25);
	assert_in_range(longest_ms, UNREST_MAX_GAP_MS, UNREST_MAX_GAP_MS + 2000);
	/* Each of what has gone is known at once. */
	assert_in_range(reactions_in_an_hour(UNREST_ADDRESS_GONE, &longest_ms), 3599, 3600);
}

/* While a gain has to wait its turn, what has gone has not, and sleep brings both. */
static void
a_gain_that_waits_holds_nothing_up(void **unused)
{
	struct unrest u = {0};
	int64_t now_ms = 1000;

	(void)unused;
	for (int i = 0; i < 10; i++) {
		unrest_note(&u, UNREST_LINK_UP, now_ms);
		now_ms = unrest_due_ms(&u);
		unrest_settle(&u, now_ms);
	}
	unrest_note(&u, UNREST_LINK_UP, now_ms);
	assert_int_equal(unrest_due_ms(&u), now_ms + UNREST_MAX_GAP_MS);
	now_ms += 10000;
	unrest_note(&u, UNREST_ADDRESS_GONE, now_ms);
	assert_int_equal(settles_at(&u, now_ms + UNREST_QUIET_MS).changes, UNREST_ADDRESS_GONE);
	now_ms += 10000;
	unrest_note(&u, UNREST_AWOKE, now_ms);
	assert_int_equal(
	    settles_at(&u, now_ms + UNREST_QUIET_MS).changes, UNREST_AWOKE | UNREST_LINK_UP);
}

static void
after_calm_it_is_forgotten(void **unused)
{
	struct unrest u = {0};
	int64_t now_ms = 1000;

	(void)unused;
	for (int i = 0; i < 10; i++) {
		unrest_note(&u, UNREST_ROUTE_ADDED, now_ms);
		now_ms = unrest_due_ms(&u);
		unrest_settle(&u, now_ms);
	}
	now_ms += UNREST_CALM_MS;
	unrest_note(&u, UNREST_ROUTE_ADDED, now_ms);
	assert_int_equal(settles_at(&u, now_ms + UNREST_QUIET_MS).changes, UNREST_ROUTE_ADDED);
	now_ms += 1000;
	unrest_note(&u, UNREST_ROUTE_ADDED, now_ms);
	assert_int_equal(unrest_due_ms(&u), now_ms - 1000 + UNREST_QUIET_MS + UNREST_GAP_MS);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(what_follows_from_what),
	    cmocka_unit_test(nothing_is_nothing),
	    cmocka_unit_test(a_bunch_is_let_settle),
	    cmocka_unit_test(what_does_not_settle_is_not_waited_for),
	    cmocka_unit_test(gains_that_go_on_are_reacted_to_less_and_less),
	    cmocka_unit_test(a_gain_that_waits_holds_nothing_up),
	    cmocka_unit_test(after_calm_it_is_forgotten),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
