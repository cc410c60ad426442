/* SPDX-License-Identifier: ISC */

/*
 * Random wishes. Each plan is put to a model of the kernel, and each refusal and each idle time to
 * brute force. KAGUARD_SEED repeats a run.
 */

#include "policy/plan.h"

#include <errno.h>
#include <limits.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <time.h>

#include <cmocka.h>

#include "kernel_keepalive.h"

#define ROUNDS	  200000
#define EPSILON	  1e-6 /* of ms, for a tick that is none in binary */
#define UT_EXTRA  510  /* what TCP_USER_TIMEOUT costs of detection, beside KEEPCNT */
#define DAY_MS	  86400000.0
#define BRUTE_MAX 1000 /* seconds up to which all intervals are tried */

static const int rates[] = {100, 250, 300, 1000};
#define N_RATES (sizeof(rates) / sizeof(rates[0]))

static uint64_t random_state;

/* fires[s]: the latest that a timer of s seconds fires on any HZ, in ms rounded up */
static int64_t fires[PLAN_MAX_IDLE_S + 2];

static int
set_up(void **state)
{
	const char *seed = getenv("KAGUARD_SEED");

	(void)state;
	random_state = seed != NULL ? strtoull(seed, NULL, 10) : (uint64_t)time(NULL);
	print_message("# KAGUARD_SEED=%llu\n", (unsigned long long)random_state);
	for (int s = 0; s <= PLAN_MAX_IDLE_S + 1; s++) {
		for (size_t i = 0; i < N_RATES; i++) {
			int64_t hz = rates[i], delay = s * hz;
			int64_t late = kernel_granule(delay + kernel_wheel_lag(rates[i]));
			int64_t ms = ((delay + late) * 1000 + hz - 1) / hz;

			if (ms > fires[s])
				fires[s] = ms;
		}
	}
	return 0;
}

static int64_t
below(int64_t bound)
{
	return (int64_t)(kernel_random(&random_state) % (uint64_t)bound);
}

/* Low and high values alike often; half of them whole seconds. */
static int64_t
span(double low_ms, double high_ms)
{
	double x = (double)below(1 << 30) / (1 << 30);
	int64_t ms = (int64_t)(low_ms * pow(high_ms / low_ms, x));

	return below(2) != 0 && ms >= 1000 ? ms - ms % 1000 : ms;
}

static struct plan_wish
random_wish(void)
{
	return (struct plan_wish){
	    .firewall_ms = span(1000, 6 * DAY_MS),
	    .detect_ms = below(3) != 0 ? span(10000, DAY_MS) : span(1000, 60 * DAY_MS),
	    .outage_ms = below(3) != 0 ? span(1, 120000) : below(2) * span(1, 2 * DAY_MS),
	    .rtt_ms = below(3) != 0 ? span(1, 500) : span(1, 30000),
	    .lost_probes = (int)(below(4) != 0 ? below(5) : below(PLAN_MAX_LOST_PROBES + 1)),
	};
}

static int64_t
at_least(int64_t a, int64_t b)
{
	return a > b ? a : b;
}

static int64_t
at_most(int64_t a, int64_t b)
{
	return a < b ? a : b;
}

/* The firewall is given this much less than it has. */
static int64_t
margin(int64_t firewall_ms)
{
	return at_most(at_least(3000, (firewall_ms + 49) / 50), 300000);
}

/* --- a plan does what it promises ------------------------------------------------------------- */

/* Probes are answered, then as many lost before the firewall as may be; the next is in time. */
static void
assert_refreshed(const struct plan_wish *w, const struct plan *p, struct kernel k)
{
	for (int round = 0; round < 3; round++) {
		for (int lost = 0; lost < p->survives_lost * (round > 0); lost++)
			assert_int_equal(kernel_run(&k), KERNEL_PROBES);
		assert_int_equal(kernel_run(&k), KERNEL_PROBES);

		double arrival = kernel_silent_ms(&k) + (double)w->rtt_ms;

		assert_true(arrival <= (double)p->refresh_worst_ms + EPSILON);
		assert_true(arrival <= (double)(w->firewall_ms - margin(w->firewall_ms)) + EPSILON);
		kernel_answer(&k, w->rtt_ms);
	}
}

/* An outage from just before the first probe, or from earlier; a probe gets through after it. */
static void
assert_outage_survived(const struct plan_wish *w, struct kernel k, double begun_ms)
{
	int64_t first;

	assert_int_equal(kernel_run(&k), KERNEL_PROBES);
	first = k.now;
	while (begun_ms + (double)(k.now - first) * 1000 / k.hz < (double)w->outage_ms)
		assert_int_equal(kernel_run(&k), KERNEL_PROBES);
	kernel_answer(&k, w->rtt_ms);
	assert_int_equal(kernel_run(&k), KERNEL_PROBES);
}

/* Nothing is ever answered. */
static void
assert_death_noticed(const struct plan_wish *w, const struct plan *p, struct kernel k)
{
	int probes = 0;
	double noticed;

	while (kernel_run(&k) == KERNEL_PROBES)
		probes++;
	/* The peer may have died a round trip before its last acknowledgment came. */
	noticed = kernel_silent_ms(&k) + (double)w->rtt_ms;
	assert_true(noticed <= (double)p->detect_worst_ms + EPSILON);
	assert_true(noticed <= (double)w->detect_ms + EPSILON);
	if (k.user_timeout_ms == 0)
		assert_int_equal(probes, p->count);
	else
		assert_true(probes >= p->count);
	if (k.mood == KERNEL_ON_TIME && k.user_timeout_ms != 0)
		assert_true(fabs(kernel_silent_ms(&k) - (double)p->give_up_ms) < EPSILON);
}

static void
assert_protected(const struct plan_wish *w, const struct plan *p)
{
	for (size_t i = 0; i < N_RATES; i++) {
		enum kernel_mood mood = (enum kernel_mood)below(KERNEL_WHEEL + 1);
		struct plan jittered = *p;
		struct kernel k;

		if (below(2) != 0)
			jittered.idle_s = plan_jitter_idle_s(p, (uint32_t)below(UINT32_MAX));
		kernel_init(&k, mood == KERNEL_ON_TIME ? p : &jittered, rates[i], mood);
		kernel_seed(&k, kernel_random(&random_state));
		assert_refreshed(w, p, k);
		assert_outage_survived(w, k, 0);
		assert_outage_survived(w, k, (double)below(1000 * (int64_t)k.idle_s));
		assert_death_noticed(w, p, k);
		k.user_timeout_ms = 0;
		assert_outage_survived(w, k, 0);
		assert_death_noticed(w, p, k);
	}
}

static void
assert_sound(const struct plan_wish *w, const struct plan *p)
{
	assert_in_range(p->idle_s, 1, PLAN_MAX_IDLE_S);
	assert_in_range(p->interval_s, 1, p->idle_s);
	assert_in_range(p->count, w->lost_probes + 1, PLAN_MAX_COUNT);
	assert_in_range(p->user_timeout_ms, 1, INT_MAX);
	assert_int_equal(p->survives_lost, w->lost_probes);
	assert_int_equal(p->margin_ms, w->firewall_ms - p->refresh_worst_ms);
	assert_true(p->margin_ms >= margin(w->firewall_ms));
	assert_true(p->detect_worst_ms <= w->detect_ms);
	assert_true(fabs(p->probes_per_hour * p->idle_s - 3600) < EPSILON);
	assert_true(1000 * (int64_t)p->interval_s > 2 * w->rtt_ms);
}

/* --- nothing better was possible -------------------------------------------------------------- */

/* The three promises, for any values. */
static bool
keeps_promises(const struct plan_wish *w, int idle, int interval, int count)
{
	return count > w->lost_probes && (int64_t)interval * (count - 1) * 1000 >= w->outage_ms &&
	       fires[idle] + w->lost_probes * fires[interval] + w->rtt_ms <=
		   w->firewall_ms - margin(w->firewall_ms) &&
	       fires[idle] + count * fires[interval] + w->rtt_ms + UT_EXTRA <=
		   at_most(w->detect_ms, INT_MAX);
}

/* With any interval from `least` on and any count; the idle time is the interval if it is 0. */
static bool
anything_keeps(const struct plan_wish *w, int idle, int least)
{
	int most = idle > 0 ? idle : (int)at_most(w->firewall_ms / 1000, PLAN_MAX_INTERVAL_S);

	for (int interval = least; interval <= most; interval++) {
		for (int count = 1; count <= PLAN_MAX_COUNT; count++) {
			if (keeps_promises(w, idle > 0 ? idle : interval, interval, count))
				return true;
		}
	}
	return false;
}

static int
answered_interval(const struct plan_wish *w)
{
	return (int)(2 * w->rtt_ms / 1000) + 1;
}

/* 1/36 of the idle time; 2 s and three round trips, up to a third of it; 60 s at most. */
static int
least_interval(const struct plan_wish *w, int idle)
{
	int64_t calm = at_most(at_least(2, (3 * w->rtt_ms + 999) / 1000), idle / 3);
	int64_t least = at_most(at_least((idle + 35) / 36, calm), 60);

	return (int)at_least(least, answered_interval(w));
}

static void
assert_idle_is_largest(const struct plan_wish *w, const struct plan *p)
{
	int more = p->idle_s + 1;

	assert_true(keeps_promises(w, p->idle_s, p->interval_s, p->count));
	assert_true(p->interval_s >= least_interval(w, p->idle_s));
	if (p->idle_s < PLAN_MAX_IDLE_S)
		assert_false(anything_keeps(w, more, least_interval(w, more)));
}

static void
plans_keep_promises(void **state)
{
	int plans = 0, tried = 0;

	(void)state;
	for (int i = 0; i < ROUNDS; i++) {
		struct plan_wish w = random_wish();
		struct plan p;

		if (plan_make(&w, &p, NULL) != 0)
			continue;
		plans++;
		assert_sound(&w, &p);
		assert_protected(&w, &p);
		if (below(p.idle_s <= BRUTE_MAX ? 20 : 1000) == 0) {
			assert_idle_is_largest(&w, &p);
			tried++;
		}
	}
	print_message("# %d plans, %d of them tried against all others\n", plans, tried);
	assert_in_range(plans, ROUNDS / 4, ROUNDS - ROUNDS / 10);
	assert_in_range(tried, 1000, ROUNDS);
}

static void
refusals_are_impossible(void **state)
{
	int refusals = 0;

	(void)state;
	while (refusals < 5000) {
		struct plan_wish w = random_wish();
		struct plan p;

		w.firewall_ms = span(1000, 1000.0 * BRUTE_MAX);
		if (plan_make(&w, &p, NULL) == 0)
			continue;
		assert_false(anything_keeps(&w, 0, answered_interval(&w)));
		refusals++;
	}
}

/* --- asking for less never costs more --------------------------------------------------------- */

static void
less_asked_is_never_more_probes(void **state)
{
	(void)state;
	for (int i = 0; i < ROUNDS; i++) {
		struct plan_wish more = random_wish(), less = more;
		struct plan p = {0}, q = {0};

		switch (below(5)) {
		case 0:
			less.firewall_ms += span(1, DAY_MS);
			break;
		case 1:
			less.detect_ms += span(1, DAY_MS);
			break;
		case 2:
			less.outage_ms = below(more.outage_ms + 1);
			break;
		case 3:
			less.lost_probes = (int)below(more.lost_probes + 1);
			break;
		default:
			less.rtt_ms = 1 + below(more.rtt_ms);
			break;
		}
		if (plan_make(&more, &p, NULL) != 0)
			continue;
		assert_int_equal(plan_make(&less, &q, NULL), 0);
		assert_true(q.idle_s >= p.idle_s);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(plans_keep_promises),
	    cmocka_unit_test(refusals_are_impossible),
	    cmocka_unit_test(less_asked_is_never_more_probes),
	};

	return cmocka_run_group_tests(tests, set_up, NULL);
}
