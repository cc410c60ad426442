/* SPDX-License-Identifier: ISC */
#include "policy/plan.h"

#include <errno.h>
#include <limits.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include "kernel_keepalive.h"

static const int rates[] = {100, 250, 300, 1000};

#define N(array) (sizeof(array) / sizeof((array)[0]))

/* Every delay that an option can give, against the kernel's own arithmetic in ticks. */
static void
lateness_is_the_wheels(void **state)
{
	(void)state;
	for (int64_t s = 1; s <= PLAN_MAX_IDLE_S; s++) {
		int64_t worst = 0;

		for (size_t i = 0; i < N(rates); i++) {
			int64_t hz = rates[i];
			int64_t ticks = kernel_granule(s * hz + kernel_wheel_lag(rates[i]));
			int64_t ms = (ticks * 1000 + hz - 1) / hz;

			worst = ms > worst ? ms : worst;
		}
		assert_int_equal(plan_timer_lateness_ms(1000 * s), worst);
	}
}

/* A delay that is no whole number of ticks is rounded up to one first (msecs_to_jiffies()). */
static void
lateness_of_milliseconds(void **state)
{
	int64_t before = 0;

	(void)state;
	for (int64_t delay = 0; delay < 700000; delay++) {
		int64_t fires = delay + plan_timer_lateness_ms(delay);

		for (size_t i = 0; i < N(rates); i++) {
			int64_t hz = rates[i], ticks = (delay * hz + 999) / 1000;

			assert_true(fires * hz >= (ticks + kernel_granule(ticks)) * 1000);
		}
		/* Rounded up as it is, it may fall by a tick and no more where a second is whole.
		 */
		assert_true(fires >= before - 10);
		before = fires;
	}
}

static void
known_lateness(void **state)
{
	static const struct {
		int64_t delay_s, late_ms;
	} rows[] = {
	    {1, 80},	      /* HZ=100 */
	    {6, 640},	      /* HZ=100: level 2, from 5.04 s */
	    {128, 13654},     /* HZ=300 */
	    {129, 16384},     /* HZ=250: level 4, from 129.024 s, within the lag of the wheel */
	    {240, 16384},     /* HZ=250 */
	    {257, 16384},     /* HZ=250 */
	    {258, 32768},     /* HZ=1000: level 5, from 258.048 s, within the lag */
	    {600, 40960},     /* HZ=100 */
	    {1040, 131072},   /* HZ=250 */
	    {32767, 2621440}, /* HZ=100 */
	};

	(void)state;
	for (size_t i = 0; i < N(rows); i++)
		assert_int_equal(plan_timer_lateness_ms(1000 * rows[i].delay_s), rows[i].late_ms);
}

struct row {
	int firewall_s, detect_s, outage_s, lost, rtt_ms;
	int idle_s, interval_s, count;
};

static const struct row worked[] = {
    /* the clusters that real firewalls come in, with all the defaults */
    {7, 600, 30, 2, 0, 1, 1, 31},
    {10, 600, 30, 2, 0, 4, 1, 31},
    {30, 600, 30, 2, 0, 20, 2, 16},
    {60, 600, 30, 2, 0, 47, 2, 16},
    {240, 600, 30, 2, 0, 205, 6, 6},
    {300, 600, 30, 2, 0, 257, 9, 5},
    {350, 600, 30, 2, 0, 290, 9, 5},
    {600, 600, 30, 2, 0, 508, 15, 3},
    {432000, 600, 30, 2, 0, 508, 15, 3},
    /* where a day may pass until a death is noticed */
    {900, 86400, 30, 2, 0, 792, 22, 3},
    {3600, 86400, 30, 2, 0, 3069, 60, 3},
    {7440, 86400, 30, 2, 0, 6833, 60, 3},
    {432000, 86400, 30, 2, 0, 32767, 60, 3},
    /* no probe may be lost, or many; a long outage; a slow path */
    {240, 600, 30, 0, 100, 218, 30, 2},
    {240, 600, 0, 0, 100, 218, 7, 1},
    {240, 600, 30, 16, 100, 144, 4, 17},
    {240, 86400, 7200, 2, 100, 103, 58, 126},
    {350, 600, 30, 2, 5000, 271, 15, 3},
};

static void
worked_values(void **state)
{
	(void)state;
	for (size_t i = 0; i < N(worked); i++) {
		const struct row *r = &worked[i];
		struct plan_wish w = {.firewall_ms = 1000 * (int64_t)r->firewall_s,
		    .detect_ms = 1000 * (int64_t)r->detect_s,
		    .outage_ms = 1000 * (int64_t)r->outage_s,
		    .lost_probes = r->lost,
		    .rtt_ms = r->rtt_ms};
		struct plan p;

		assert_int_equal(plan_make(&w, &p, NULL), 0);
		assert_int_equal(p.idle_s, r->idle_s);
		assert_int_equal(p.interval_s, r->interval_s);
		assert_int_equal(p.count, r->count);
	}
}

/* One plan in full, by hand: F(205) = 205 + 16.384, F(6) = 6.64, both of them with HZ 250 and 100.
 */
static void
proof_of_the_default(void **state)
{
	struct plan_wish w = {
	    .firewall_ms = 240000, .detect_ms = 600000, .outage_ms = 30000, .lost_probes = 2};
	struct plan p;

	(void)state;
	assert_int_equal(plan_make(&w, &p, NULL), 0);
	assert_int_equal(p.refresh_worst_ms, 221384 + 2 * 6640 + 100);
	assert_int_equal(p.margin_ms, 240000 - p.refresh_worst_ms);
	assert_int_equal(p.user_timeout_ms, 221384 + 5 * 6640 + 500);
	assert_int_equal(p.detect_worst_ms, p.user_timeout_ms + 10 + 6640 + 100);
	/* events come at 205 + 6 n: the ninth is the first that finds 255.084 s gone */
	assert_int_equal(p.give_up_ms, 205000 + 9 * 6000);
	assert_int_equal(p.survives_lost, 2);
	assert_true(fabs(p.probes_per_hour - 17.561) < 0.001);
}

static struct plan_wish
exact(int firewall_s, int idle_s, int interval_s, int count)
{
	return (struct plan_wish){.firewall_ms = 1000 * (int64_t)firewall_s,
	    .detect_ms = 600000,
	    .outage_ms = 30000,
	    .lost_probes = 2,
	    .exact_idle_s = idle_s,
	    .exact_interval_s = interval_s,
	    .exact_count = count};
}

static void
exact_values_that_protect(void **state)
{
	static const struct {
		int firewall_s, idle_s, interval_s, count, survives;
	} rows[] = {
	    {350, 300, 10, 2, 1}, {350, 300, 5, 3, 2}, {350, 300, 5, 127, 2}, {350, 316, 316, 1, 0},
	    {5, 1, 1, 1, 0}, {432000, 7200, 75, 9, 2}, /* the kernel's defaults */
	};

	(void)state;
	for (size_t i = 0; i < N(rows); i++) {
		struct plan_wish w =
		    exact(rows[i].firewall_s, rows[i].idle_s, rows[i].interval_s, rows[i].count);
		struct plan p;

		assert_int_equal(plan_make(&w, &p, NULL), 0);
		assert_int_equal(p.idle_s, rows[i].idle_s);
		assert_int_equal(p.interval_s, rows[i].interval_s);
		assert_int_equal(p.count, rows[i].count);
		assert_int_equal(p.survives_lost, rows[i].survives);
		assert_true(p.margin_ms > 0);
		assert_true(p.user_timeout_ms > 1000 * (int64_t)p.idle_s);
		assert_true(p.detect_worst_ms > p.give_up_ms);
	}
}

/* The bound is strict: what may arrive in the very moment of the timeout is refused. */
/* Whatever is asked for beside them: the kernel would take none of these. */
static void
exact_values_out_of_bounds(void **state)
{
	static const int rows[][3] = {{100, 0, 3}, {100, 101, 3}, {PLAN_MAX_IDLE_S + 1, 10, 3},
	    {100, 10, 0}, {100, 10, PLAN_MAX_COUNT + 1}, {0, 10, 0}, {0, 0, 3}, {100, 0, 0}};
	struct plan_conflict conflict;
	struct plan plan;

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct plan_wish w = exact(350, rows[i][0], rows[i][1], rows[i][2]);

		assert_int_equal(plan_make(&w, &plan, NULL), -ERANGE);
		assert_int_equal(plan_make(&w, &plan, &conflict), -ERANGE);
		assert_int_equal(conflict.first, PLAN_DEMAND_EXACT);
		assert_int_equal(conflict.second, PLAN_DEMAND_NONE);
		assert_true(conflict.advice.margin_ms > 0);
	}
}

static void
exact_values_at_the_edge(void **state)
{
	struct plan_wish w = exact(350, 300, 10, 2);
	struct plan_conflict c;
	struct plan p;

	(void)state;
	assert_int_equal(plan_make(&w, &p, NULL), 0);
	w.firewall_ms = p.refresh_worst_ms + 1;
	assert_int_equal(plan_make(&w, &p, NULL), 0);
	assert_int_equal(p.margin_ms, 1);
	w.firewall_ms = p.refresh_worst_ms;
	assert_int_equal(plan_make(&w, &p, &c), -ERANGE);
	assert_int_equal(c.worst_ms, w.firewall_ms);
}

/* Weeks of probing are more than TCP_USER_TIMEOUT can say: then the count alone counts. */
static void
exact_values_of_weeks(void **state)
{
	struct plan_wish w = exact(400000, 32767, 32767, 127);
	struct plan p;

	(void)state;
	assert_int_equal(plan_make(&w, &p, NULL), 0);
	assert_int_equal(p.user_timeout_ms, 0);
	assert_int_equal(p.give_up_ms, 128 * 32767000LL);
	assert_true(p.detect_worst_ms > p.give_up_ms);
}

static void
jitter_is_downwards(void **state)
{
	static const struct {
		int idle_s, interval_s, least;
	} rows[] = {{205, 6, 195}, {100, 10, 95}, {19, 2, 19}, {20, 2, 19}, {100, 98, 98},
	    {60, 60, 60}, {32767, 60, 32767 - 1638}};
	uint64_t random = 1;

	(void)state;
	for (size_t i = 0; i < N(rows); i++) {
		struct plan p = {.idle_s = rows[i].idle_s, .interval_s = rows[i].interval_s};
		int least = p.idle_s;

		assert_int_equal(plan_jitter_idle_s(&p, 0), p.idle_s);
		assert_int_equal(plan_jitter_idle_s(&p, UINT32_MAX), rows[i].least);
		for (int j = 0; j < 20000; j++) {
			int idle = plan_jitter_idle_s(&p, (uint32_t)kernel_random(&random));

			assert_in_range(idle, rows[i].least, p.idle_s);
			least = idle < least ? idle : least;
		}
		assert_in_range(least, rows[i].least, rows[i].least + 1);
	}
}

/* No wish, however wild, overflows: the sanitizers watch. */
static void
wild_wishes(void **state)
{
	static const int64_t values[] = {1, 999, 1000, 1000000, INT_MAX, INT64_MAX};
	int plans = 0;

	(void)state;
	for (int i = 0; i < 6 * 6 * 6 * 6 * 2; i++) {
		struct plan_wish w = {.firewall_ms = values[i % 6],
		    .detect_ms = values[i / 6 % 6],
		    .outage_ms = values[i / 36 % 6],
		    .rtt_ms = values[i / 216 % 6],
		    .lost_probes = i / 1296 * PLAN_MAX_LOST_PROBES};
		struct plan untouched = {.idle_s = -7}, p = untouched;
		struct plan_conflict c;
		char text[512];

		if (plan_make(&w, &p, &c) == 0) {
			plans++;
			assert_in_range(p.user_timeout_ms, 1, INT_MAX);
			assert_true(p.detect_worst_ms <= w.detect_ms);
			continue;
		}
		assert_memory_equal(&p, &untouched, sizeof(p));
		assert_ptr_equal(plan_conflict_text(&w, &c, text, sizeof(text)), text);
		assert_int_equal(plan_make(&w, &p, NULL), -ERANGE);
	}
	assert_true(plans > 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(lateness_is_the_wheels),
	    cmocka_unit_test(lateness_of_milliseconds),
	    cmocka_unit_test(known_lateness),
	    cmocka_unit_test(worked_values),
	    cmocka_unit_test(proof_of_the_default),
	    cmocka_unit_test(exact_values_that_protect),
	    cmocka_unit_test(exact_values_out_of_bounds),
	    cmocka_unit_test(exact_values_at_the_edge),
	    cmocka_unit_test(exact_values_of_weeks),
	    cmocka_unit_test(jitter_is_downwards),
	    cmocka_unit_test(wild_wishes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
