/* SPDX-License-Identifier: ISC */
#include "policy/learn.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

#define S 1000

static struct plan_wish
wish(int64_t outage_ms)
{
	return (struct plan_wish){
	    .firewall_ms = 1, .detect_ms = 600000, .outage_ms = outage_ms, .lost_probes = 2};
}

/* One that ended at that time, after so much idleness. */
static void
expire(struct learn *learn, int64_t at_ms, int64_t idle_ms)
{
	const struct learn_death death = {at_ms - idle_ms, at_ms, idle_ms};

	learn_expired(learn, &death);
}

static void
three_deaths_teach_and_two_do_not(void **unused)
{
	const struct plan_wish w = wish(30000);
	struct lesson lesson;
	struct learn learn;

	(void)unused;
	learn_begin(&learn, 350 * S);
	assert_int_equal(learn_in_force_ms(&learn), 350 * S);
	for (int i = 1; i <= 2; i++) {
		expire(&learn, i * 300 * S, 290 * S);
		assert_int_equal(learn_judge(&learn, &w, &lesson), 0);
		assert_int_equal(learn_in_force_ms(&learn), 350 * S);
	}
	expire(&learn, 900 * S, 284 * S);
	assert_int_equal(learn_judge(&learn, &w, &lesson), 1);
	assert_int_equal(lesson.seen_ms, 284 * S);
	assert_int_equal(lesson.firewall_ms, 180 * S);
	assert_true(lesson.plan.idle_s < 180);
	assert_int_equal(learn_in_force_ms(&learn), 180 * S);
	/* The next lesson starts from nothing, and goes further. */
	assert_int_equal(learn_judge(&learn, &w, &lesson), 0);
	for (int i = 1; i <= 3; i++)
		expire(&learn, 900 * S + i * 160 * S, 150 * S);
	assert_int_equal(learn_judge(&learn, &w, &lesson), 1);
	assert_int_equal(lesson.firewall_ms, 60 * S);
}

/* Thousands of sessions, which all lived when the firewall was flushed and notice in turn. */
static void
one_event_teaches_nothing_however_many_it_kills(void **unused)
{
	const struct plan_wish w = wish(30000);
	struct lesson lesson;
	struct learn learn;

	(void)unused;
	learn_begin(&learn, 350 * S);
	for (int i = 0; i < 10000; i++)
		expire(&learn, 1000 * S + i * 29, 290 * S);
	assert_int_equal(learn.n, 1);
	for (int i = 0; i < 10000; i++)
		expire(&learn, 2000 * S + i * 29, 290 * S);
	assert_int_equal(learn.n, 2);
	assert_int_equal(learn_judge(&learn, &w, &lesson), 0);
}

static void
who_survives_as_much_contradicts(void **unused)
{
	struct learn learn;

	(void)unused;
	learn_begin(&learn, 350 * S);
	expire(&learn, 300 * S, 290 * S);
	expire(&learn, 600 * S, 288 * S);
	learn_survived(&learn, 599 * S, 300 * S); /* before the second */
	assert_int_equal(learn.n, 1);
	assert_int_equal(learn.events[0].noticed_ms, 600 * S);
	learn_survived(&learn, 900 * S, 287 * S); /* not as long */
	assert_int_equal(learn.n, 1);
	learn_survived(&learn, 900 * S, 288 * S);
	assert_int_equal(learn.n, 0);
}

static void
old_deaths_do_not_count(void **unused)
{
	const struct plan_wish w = wish(30000);
	struct lesson lesson;
	struct learn learn;

	(void)unused;
	learn_begin(&learn, 350 * S);
	for (int i = 0; i < 12; i++) {
		expire(&learn, i * (LEARN_WINDOW_MS / 2 + 1), 290 * S);
		assert_int_equal(learn_judge(&learn, &w, &lesson), 0);
	}
}

/* Down to what can be planned at all, and then it is said. */
static void
what_cannot_be_planned_is_not_learnt(void **unused)
{
	struct plan_wish w = wish(0), exact = wish(0);
	struct lesson lesson;
	struct learn learn;

	(void)unused;
	learn_begin(&learn, 20 * S);
	for (int i = 1; i <= 3; i++)
		expire(&learn, i * 12 * S, 11 * S);
	assert_int_equal(learn_judge(&learn, &w, &lesson), 1);
	assert_int_equal(lesson.firewall_ms, 8 * S);
	for (int i = 1; i <= 3; i++)
		expire(&learn, 100 * S + i * 3 * S, 2 * S);
	assert_int_equal(learn_judge(&learn, &w, &lesson), -ERANGE);
	assert_int_equal(lesson.seen_ms, 2 * S);
	assert_int_equal(learn_in_force_ms(&learn), 8 * S);
	assert_int_equal(learn.n, 0);

	exact.exact_idle_s = 11;
	exact.exact_interval_s = 2;
	exact.exact_count = 3;
	learn_begin(&learn, 20 * S);
	for (int i = 1; i <= 3; i++)
		expire(&learn, i * 12 * S, 11 * S);
	assert_int_equal(learn_judge(&learn, &exact, &lesson), -ERANGE);
	assert_int_equal(learn_in_force_ms(&learn), 20 * S);
}

/* What is usual may be too short for what is asked for; then the nearest that is not. */
static void
the_nearest_that_can_be_planned_is_taken(void **unused)
{
	struct plan_wish w = wish(30000);
	struct plan_conflict conflict;
	struct plan plan;

	(void)unused;
	w.firewall_ms = 4 * S;
	assert_int_equal(plan_make(&w, &plan, &conflict), -ERANGE);
	assert_true(conflict.nearest_firewall_ms > 4 * S);
	assert_int_equal(learn_plan(&w, 4 * S, &plan), 0);
	assert_int_equal(w.firewall_ms, conflict.nearest_firewall_ms);
	assert_true(plan.refresh_worst_ms < w.firewall_ms);
}

/* Who had lived when the first was given up may have been forgotten with it. */
static void
a_death_that_kills_again_is_one_event(void **unused)
{
	struct learn learn;

	(void)unused;
	learn_begin(&learn, 350 * S);
	expire(&learn, 300 * S, 290 * S);
	expire(&learn, 301 * S, 291 * S);
	assert_int_equal(learn.n, 1);
	assert_int_equal(learn.events[0].idle_ms, 290 * S);
	expire(&learn, 302 * S, 280 * S); /* of whom the shortest counts */
	assert_int_equal(learn.n, 1);
	assert_int_equal(learn.events[0].idle_ms, 280 * S);
}

/*
 * Against a simulated firewall of any timeout, declared as any longer one: sessions that die as its
 * plan says end by living, and what is in force only ever becomes tighter.
 */
static void
any_firewall_is_learnt(void **unused)
{
	const char *given = getenv("KAGUARD_SEED");
	uint64_t seed = given != NULL ? strtoull(given, NULL, 0) : 1;

	(void)unused;
	for (int round = 0; round < 3000; round++) {
		struct plan_wish w = wish((int64_t)(seed >> 20 & 0x3fff));
		struct learn learn;
		struct plan plan;
		int64_t real_ms, at_ms = 0;
		int lessons = 0;

		seed = seed * 6364136223846793005u + 1442695040888963407u;
		real_ms = 9 * S + (int64_t)(seed >> 30) % (3600 * S);
		w.firewall_ms = real_ms + (int64_t)(seed >> 20 & 0x3fffff);
		if (plan_make(&w, &plan, NULL) < 0)
			continue;
		learn_begin(&learn, w.firewall_ms);
		while (plan.idle_s * INT64_C(1000) >= real_ms) {
			int64_t before_ms = learn_in_force_ms(&learn);
			struct lesson lesson;

			at_ms += plan.idle_s * INT64_C(1000) + 1000;
			expire(&learn, at_ms, plan.idle_s * INT64_C(1000) + 5);
			if (learn_judge(&learn, &w, &lesson) == 0)
				continue;
			plan = lesson.plan;
			assert_int_equal(learn_in_force_ms(&learn), lesson.firewall_ms);
			assert_true(lesson.firewall_ms < before_ms);
			assert_true(plan.idle_s * INT64_C(1000) < lesson.seen_ms);
			lessons++;
		}
		/* At first by a quarter at least, then by half each time. */
		assert_in_range(lessons, 0, 12);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(three_deaths_teach_and_two_do_not),
	    cmocka_unit_test(one_event_teaches_nothing_however_many_it_kills),
	    cmocka_unit_test(who_survives_as_much_contradicts),
	    cmocka_unit_test(old_deaths_do_not_count),
	    cmocka_unit_test(what_cannot_be_planned_is_not_learnt),
	    cmocka_unit_test(the_nearest_that_can_be_planned_is_taken),
	    cmocka_unit_test(a_death_that_kills_again_is_one_event),
	    cmocka_unit_test(any_firewall_is_learnt),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
