/* SPDX-License-Identifier: ISC */

/* Step by step; what comes of whole measurements is tests/sim/measure_table's affair. */

#include "policy/ladder.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "policy/ladder_core.h"

/* The linker's --wrap has it that the n-th from now on fails; 0: none. */
void *__real_calloc(size_t n, size_t size);
void *__wrap_calloc(size_t n, size_t size);

static int failing;

void *
__wrap_calloc(size_t n, size_t size)
{
	return failing > 0 && --failing == 0 ? NULL : __real_calloc(n, size);
}

static const struct ladder_wish wish = {
    .min_ms = 4000,
    .max_ms = 600000,
    .precision_permille = 50,
    .connections = 20,
    .opens = 20,
    .opens_per_second = 10,
};

static struct ladder *ladder;
static int64_t now_ms;

static int
set_up(void **unused)
{
	(void)unused;
	now_ms = 1000000;
	return ladder_new(&wish, now_ms, &ladder);
}

static int
tear_down(void **unused)
{
	(void)unused;
	ladder_free(ladder);
	return 0;
}

/* The next thing that is not waiting; time passes meanwhile. */
static struct ladder_step
step(void)
{
	struct ladder_step next = ladder_next(ladder, now_ms);

	for (; next.action == LADDER_WAIT; next = ladder_next(ladder, now_ms)) {
		assert_true(next.until_ms > now_ms);
		now_ms = next.until_ms;
	}
	return next;
}

static void
open_one(unsigned number)
{
	struct ladder_step next = step();

	assert_int_equal(next.action, LADDER_OPEN);
	assert_int_equal(next.session, number);
	ladder_opened(ladder, number, now_ms);
}

static void
nobody_else_is_opened_before_the_first(void **unused)
{
	struct ladder_step next = step();

	(void)unused;
	assert_int_equal(next.action, LADDER_OPEN);
	next = ladder_next(ladder, now_ms);
	assert_int_equal(next.action, LADDER_WAIT);
	now_ms += 3000;
	assert_int_equal(ladder_next(ladder, now_ms).action, LADDER_WAIT);
	ladder_opened(ladder, 0, now_ms);
	assert_int_equal(ladder_next(ladder, now_ms).action, LADDER_OPEN);
}

static void
opening_is_paced(void **unused)
{
	int64_t first;

	(void)unused;
	open_one(0);
	first = now_ms;
	open_one(1);
	assert_int_equal(now_ms, first + 100);
}

/* Session 2 is the first that is left idle; 0 and 1 are the controls. */
static void
until_the_first_rung(void)
{
	unsigned opened = 0;

	for (;;) {
		struct ladder_step next = step();

		if (next.action == LADDER_OPEN) {
			ladder_opened(ladder, next.session, now_ms);
			opened++;
		} else if (next.session == 2) {
			assert_int_equal(next.action, LADDER_PROBE);
			assert_true(opened > 2);
			return;
		} else {
			ladder_answered(ladder, next.session, now_ms);
		}
	}
}

static void
a_session_lives_that_answers(void **unused)
{
	(void)unused;
	until_the_first_rung();
	ladder_answered(ladder, 2, now_ms + 30);
	assert_int_equal(ladder_view(ladder, now_ms).lives_ms, 4000);
	assert_int_equal(ladder_view(ladder, now_ms).dead_ms, 0);
}

/* It is dead when five probes, a second apart, were in vain and a control has answered since. */
static void
a_session_is_dead_that_does_not(void **unused)
{
	int64_t asked;
	int probes = 1;

	(void)unused;
	until_the_first_rung();
	asked = now_ms;
	for (;;) {
		struct ladder_step next = step();

		if (next.session == 2 && next.action == LADDER_DROP)
			break;
		if (next.session == 2)
			probes++;
		else if (next.action == LADDER_OPEN)
			ladder_opened(ladder, next.session, now_ms);
		else if (next.action == LADDER_PROBE && next.session < 2)
			ladder_answered(ladder, next.session, now_ms);
	}
	assert_int_equal(probes, LADDER_TRIES);
	assert_int_equal(now_ms, asked + LADDER_TRIES * LADDER_RETRY_MS);
	assert_int_equal(ladder_view(ladder, now_ms).dead_ms, 4000);
}

/* Where controls are silent, too, silence proves nothing. */
static void
without_a_path_nobody_is_dead(void **unused)
{
	(void)unused;
	until_the_first_rung();
	for (int64_t end = now_ms + 15000; now_ms < end;) {
		struct ladder_step next = step();

		assert_int_not_equal(next.action, LADDER_DROP);
		if (next.action == LADDER_OPEN)
			ladder_refused(ladder, next.session, now_ms);
	}
	assert_int_equal(ladder_view(ladder, now_ms).dead_ms, 0);
}

static void
a_reset_that_answers_is_a_death(void **unused)
{
	(void)unused;
	until_the_first_rung();
	ladder_reset(ladder, 2, now_ms + 30);
	assert_int_equal(ladder_view(ladder, now_ms).dead_ms, 4000);
	assert_int_equal(ladder_view(ladder, now_ms).verdict, EVIDENCE_RESETS);
}

/* Whoever is thrown out at once was not wanted, which says nothing of any age. */
static void
who_is_thrown_out_at_once_was_refused(void **unused)
{
	struct ladder_step next;

	(void)unused;
	for (unsigned i = 0; i < 3; i++)
		open_one(i);
	next = step();
	assert_int_equal(next.action, LADDER_OPEN);
	ladder_opened(ladder, next.session, now_ms);
	ladder_closed(ladder, next.session, now_ms + 20);
	assert_int_equal(ladder_view(ladder, now_ms).refused, 1);
	assert_int_equal(ladder_view(ladder, now_ms).dead, 0);
}

static void
data_makes_a_session_young(void **unused)
{
	(void)unused;
	until_the_first_rung();
	ladder_answered(ladder, 2, now_ms);
	assert_int_equal(ladder_view(ladder, now_ms).lives_ms, 4000);
	ladder_data(ladder, 2, now_ms + 1000);
	ladder_closed(ladder, 2, now_ms + 1500); /* 500 ms old */
	assert_int_equal(ladder_view(ladder, now_ms).refused, 1);
}

/* A packet came by itself, who knows when: its answer says nothing of its age, the next one does.
 */
static void
a_session_that_was_stirred_proves_nothing(void **unused)
{
	int64_t asked;

	(void)unused;
	until_the_first_rung();
	ladder_stirred(ladder, 2);
	ladder_answered(ladder, 2, now_ms);
	assert_int_equal(ladder_view(ladder, now_ms).lives_ms, 0);
	assert_int_equal(ladder_view(ladder, now_ms).stirred, 1);
	asked = now_ms;
	for (struct ladder_step next = step(); next.session != 2; next = step()) {
		if (next.action == LADDER_OPEN)
			ladder_opened(ladder, next.session, now_ms);
		else
			ladder_answered(ladder, next.session, now_ms);
	}
	ladder_answered(ladder, 2, now_ms);
	assert_true(ladder_view(ladder, now_ms).lives_ms >= now_ms - asked);
}

static void
a_stop_is_final(void **unused)
{
	(void)unused;
	until_the_first_rung();
	ladder_answered(ladder, 2, now_ms);
	ladder_stop(ladder);
	assert_int_equal(ladder_next(ladder, now_ms).action, LADDER_FINISHED);
	ladder_answered(ladder, 0, now_ms);
	assert_int_equal(ladder_next(ladder, now_ms + 100000).action, LADDER_FINISHED);
	assert_true(ladder_view(ladder, now_ms).finished);
	assert_false(ladder_view(ladder, now_ms).complete);
	assert_int_equal(ladder_view(ladder, now_ms).left_ms, 0);
}

/* Who is yet to be opened takes as long as it takes to grow as old as the one that died. */
static void
what_is_left_is_told(void **unused)
{
	const struct evidence_death death = {100000, 100000, EVIDENCE_SILENT};
	int64_t retries_ms = LADDER_TRIES * LADDER_RETRY_MS;

	(void)unused;
	assert_true(ladder_view(ladder, now_ms).left_ms >= wish.max_ms + retries_ms);
	evidence_died(&ladder->evidence, &death);
	assert_int_equal(ladder_view(ladder, now_ms).left_ms, retries_ms);
	ladder->opens_wanted = 1;
	assert_int_equal(ladder_view(ladder, now_ms).left_ms, 100000 + retries_ms);
	ladder->opening = 1;
	assert_int_equal(ladder_view(ladder, now_ms).left_ms, retries_ms);
}

/* Keepalive seemed not to count, and then one lived that was older than all that died. */
static void
who_lives_on_shows_that_age_was_not_to_blame(void **unused)
{
	const struct evidence_death death = {10000, 20000, EVIDENCE_SILENT};

	(void)unused;
	evidence_died(&ladder->evidence, &death);
	ladder->evidence.blind = true;
	ladder_reconsider(ladder, now_ms);
	assert_false(ladder_view(ladder, now_ms).finished);
	evidence_lived(&ladder->evidence, 10000, 30000);
	ladder_reconsider(ladder, now_ms);
	assert_true(ladder_view(ladder, now_ms).finished);
	assert_int_equal(ladder_view(ladder, now_ms).verdict, EVIDENCE_UPSET);
	assert_int_equal(ladder_view(ladder, now_ms).confidence, EVIDENCE_LOW);
}

/* What comes late, of a session that is gone, changes nothing. */
static void
the_dead_tell_nothing(void **unused)
{
	struct ladder_view before, after;

	(void)unused;
	until_the_first_rung();
	ladder_reset(ladder, 2, now_ms);
	before = ladder_view(ladder, now_ms);
	ladder_answered(ladder, 2, now_ms + 10);
	ladder_data(ladder, 2, now_ms + 20);
	ladder_closed(ladder, 2, now_ms + 30);
	ladder_reset(ladder, 2, now_ms + 40);
	after = ladder_view(ladder, now_ms);
	assert_int_equal(after.alive, before.alive);
	assert_int_equal(after.dead, before.dead);
	assert_int_equal(after.lives_ms, before.lives_ms);
	assert_int_equal(after.dead_ms, before.dead_ms);
	assert_int_equal(after.verdict, EVIDENCE_RESETS);
}

/* Where the peer takes none, that many attempts are enough. */
static void
who_is_never_let_in_gives_up(void **unused)
{
	int64_t begun_ms = now_ms;
	unsigned refused = 0;

	(void)unused;
	for (struct ladder_step next = step(); next.action != LADDER_FINISHED; next = step()) {
		assert_int_equal(next.action, LADDER_OPEN);
		ladder_refused(ladder, next.session, now_ms);
		refused++;
	}
	assert_int_equal(refused, wish.opens);
	assert_true(now_ms - begun_ms < wish.opens * 6000);
	assert_int_equal(ladder_view(ladder, now_ms).refused, wish.opens);
	assert_int_equal(ladder_view(ladder, now_ms).opened, 0);
	assert_int_equal(ladder_view(ladder, now_ms).verdict, EVIDENCE_NOTHING);
	assert_false(ladder_view(ladder, now_ms).complete);
}

/* A death may be off by it, which leaves no room in the precision: then a quarter of it. */
static void
a_long_round_trip_divides_no_finer(void **unused)
{
	const struct evidence_death death = {8000, 8000, EVIDENCE_SILENT};
	unsigned n;

	(void)unused;
	until_the_first_rung();
	ladder_answered(ladder, 2, now_ms);
	evidence_died(&ladder->evidence, &death);
	ladder->rtt_ms = 0;
	ladder_plan(ladder, now_ms);
	n = ladder->split.n;
	assert_in_range(n, 1, 100);
	ladder->rtt_ms = 1000;
	ladder_plan(ladder, now_ms);
	assert_in_range(ladder->split.n, n, 4 * n);
	for (unsigned i = 0; i < ladder->split.n; i++)
		assert_in_range(ladder->split.age_ms[i], 4000, 7000);
}

static void
without_memory_there_is_none(void **unused)
{
	struct ladder *none = ladder;

	(void)unused;
	ladder_free(NULL);
	for (int n = 1; n <= 3; n++) {
		failing = n;
		assert_int_equal(ladder_new(&wish, 0, &none), -ENOMEM);
		assert_int_equal(failing, 0);
		assert_ptr_equal(none, ladder);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(
		nobody_else_is_opened_before_the_first, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(opening_is_paced, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(a_session_lives_that_answers, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(a_session_is_dead_that_does_not, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(without_a_path_nobody_is_dead, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(a_reset_that_answers_is_a_death, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(
		who_is_thrown_out_at_once_was_refused, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(data_makes_a_session_young, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(
		a_session_that_was_stirred_proves_nothing, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(a_stop_is_final, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(what_is_left_is_told, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(
		who_lives_on_shows_that_age_was_not_to_blame, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(the_dead_tell_nothing, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(who_is_never_let_in_gives_up, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(a_long_round_trip_divides_no_finer, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(without_memory_there_is_none, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
