/* SPDX-License-Identifier: ISC */
#include "policy/plan.h"

#include <errno.h>
#include <limits.h>
#include <stdbool.h>

#include "policy/plan_conflict.h"

/*
 * What the kernel does (net/ipv4/tcp_timer.c tcp_keepalive_timer()). Let K, I, C and U be the four
 * options, and time count from the last acknowledgment that was received. The timer is armed for K;
 * each time it fires without an answer a probe is sent and the timer armed for I: event n is due at
 * K + n·I, and comes late by what the timer wheel rounds up, each timer by itself. With
 * F(x) = x + lateness(x), event n comes between K + n·I and F(K) + n·F(I).
 *
 * With U = 0 the connection is given up at the event that finds C probes unanswered: event C. With
 * U > 0 C is not looked at: it is given up at the first event with n >= 1 at which U has gone by.
 * U is wanted, for it alone also bounds how long data may stay unacknowledged. So U is put just
 * above the latest moment of event C - 1, F(K) + (C-1)·F(I). Then however the timers fall, events
 * 0 .. C-1 each send a probe; and since some event comes at most F(I) after U has gone by, the end
 * comes before U + F(I). That is later by a moment than F(K) + C·F(I), where U = 0 would end at the
 * latest, so one bound holds for both.
 *
 * Refresh: the firewall last saw the session at most a one-way trip before that acknowledgment
 * came, and sees a probe at most a one-way trip after it was sent: F(K) + L·F(I) + RTT <= T -
 * margin.
 *
 * Tolerance: an outage that begins just before event 0 has ended at event C - 1 if it is shorter
 * than (C-1)·I, timers being never early. That probe is sent, and answered before event C.
 */

/* An event may find the processor busy or the socket locked (the timer tries again after HZ/20). */
#define SLACK_MS 500

/* TCP_USER_TIMEOUT is rounded up to a tick: of 10 ms, with HZ=100. */
#define TICK_MS 10

/*
 * The wheel's own clock trails the time while expired timers wait to be run (forward_timer_base());
 * a delay then looks longer than it is, and may be rounded by the next coarser level.
 */
#define WHEEL_LAG_MS 50

/* A burst of losses is outlived at this interval, or it is an outage. */
#define LONG_INTERVAL_S 60

#define LONGEST_MS ((int64_t)1000000000000) /* longer wishes are all the same; no sum overflows */

static int64_t
ceil_div(int64_t a, int64_t b)
{
	return (a + b - 1) / b;
}

static int64_t
min64(int64_t a, int64_t b)
{
	return a < b ? a : b;
}

static int64_t
max64(int64_t a, int64_t b)
{
	return a > b ? a : b;
}

/*
 * Level 0 of the wheel counts single ticks and takes delays below 63 of them; each next level is
 * coarser by 8 and reaches further by 8 (LVL_START(), LVL_SHIFT()). A timer fires when the next
 * whole unit of its level begins, so up to a unit late. Counted in 1/3000 s every HZ has a whole
 * tick.
 */
int64_t
plan_timer_lateness_ms(int64_t delay_ms)
{
	static const int64_t ticks[] = {30, 12, 10, 3}; /* HZ 100, 250, 300, 1000 */
	int64_t worst = 0;

	for (size_t i = 0; i < sizeof(ticks) / sizeof(ticks[0]); i++) {
		int64_t tick = ticks[i];
		int64_t partial = delay_ms % 1000 != 0 ? tick : 0;
		int64_t delay = 3 * (min64(delay_ms, LONGEST_MS) + WHEEL_LAG_MS) + partial;
		int shift = 0;

		while (shift < 24 && delay >= (63 * tick) << shift)
			shift += 3;
		worst = max64(worst, (tick << shift) + partial);
	}
	return ceil_div(worst, 3);
}

/* F: the latest that a timer of so many seconds fires. */
static int64_t
fires_ms(int64_t delay_s)
{
	return 1000 * delay_s + plan_timer_lateness_ms(1000 * delay_s);
}

/* For what the model leaves out: firewalls that look at a coarse clock, queues, a busy machine. */
static int64_t
margin_ms(int64_t firewall_ms)
{
	return min64(max64(3000, ceil_div(firewall_ms, 50)), 300000);
}

/* The wish with its default filled in, and cut to where sums are safe and options can reach. */
static struct plan_wish
normalize(const struct plan_wish *wish)
{
	struct plan_wish w = *wish;

	if (w.rtt_ms == 0)
		w.rtt_ms = PLAN_DEFAULT_RTT_MS;
	w.rtt_ms = min64(w.rtt_ms, LONGEST_MS);
	w.outage_ms = min64(w.outage_ms, LONGEST_MS);
	w.firewall_ms = min64(w.firewall_ms, LONGEST_MS);
	w.detect_ms = min64(w.detect_ms, INT_MAX); /* TCP_USER_TIMEOUT is an int */
	return w;
}

/* The latest that event 0 may come, so that refresh and detection hold. Falls as either grows. */
static int64_t
latest_first_ms(const struct plan_wish *w, int64_t interval_s, int count)
{
	int64_t step = fires_ms(interval_s);
	int64_t refresh = w->firewall_ms - margin_ms(w->firewall_ms) - w->lost_probes * step;
	int64_t detect = w->detect_ms - SLACK_MS - TICK_MS - count * step;

	return min64(refresh, detect) - w->rtt_ms;
}

/* Below this the answer to a probe may still be on its way when the next is sent. */
static int64_t
answered_interval_s(const struct plan_wish *w)
{
	return 2 * w->rtt_ms / 1000 + 1;
}

/*
 * The least interval that goes with an idle time. Losses come in bursts: probes a moment apart are
 * lost together. So the interval grows with the idle time, of which it takes some 5 % for two lost
 * probes, and leaves room for a round trip that takes three times as long as usual; unless the idle
 * time is so short that this would eat it up. It depends on nothing else that is asked for, and
 * never falls as the idle time grows: so what is possible stays so if less is asked for, and asking
 * for less never costs more probes.
 */
static int64_t
least_interval_s(const struct plan_wish *w, int64_t idle_s)
{
	int64_t calm = max64(2, ceil_div(3 * w->rtt_ms, 1000));
	int64_t least = max64(ceil_div(idle_s, 36), min64(calm, idle_s / 3));

	return max64(min64(least, LONG_INTERVAL_S), answered_interval_s(w));
}

/* The shortest interval at which `count` probes span the outage. */
static int64_t
spanning_interval_s(const struct plan_wish *w, int count)
{
	return count == 1 ? 0 : ceil_div(w->outage_ms, 1000 * (int64_t)(count - 1));
}

/* With one probe nothing is tried again, so it spans no outage at all. */
static int
fewest_probes(const struct plan_wish *w)
{
	return w->lost_probes == 0 && w->outage_ms > 0 ? 2 : w->lost_probes + 1;
}

/* The shortest interval stands for all with its idle time and count: it allows the latest event 0.
 */
static int64_t
interval_s(const struct plan_wish *w, int64_t idle_s, int count)
{
	return max64(least_interval_s(w, idle_s), spanning_interval_s(w, count));
}

static bool
holds(const struct plan_wish *w, int64_t idle_s, int count)
{
	return latest_first_ms(w, interval_s(w, idle_s, count), count) >= fires_ms(idle_s);
}

/*
 * The largest idle time that holds with `count` probes, of those from at_least on; 0 if there is
 * none. One that is not below its interval, and holds, holds for all below it down to there.
 */
static int64_t
largest_idle_s(const struct plan_wish *w, int count, int64_t at_least)
{
	int64_t low = max64(at_least, max64(answered_interval_s(w), spanning_interval_s(w, count)));
	int64_t high;

	if (low > PLAN_MAX_IDLE_S || !holds(w, low, count))
		return 0;
	high = latest_first_ms(w, interval_s(w, low, count), count) / 1000;
	high = min64(high, PLAN_MAX_IDLE_S);
	while (low < high) {
		int64_t middle = (low + high + 1) / 2;

		if (holds(w, middle, count))
			low = middle;
		else
			high = middle - 1;
	}
	return low;
}

/* The largest idle time of all; among equals the fewest probes, then the longest interval. */
static bool
compute(const struct plan_wish *w, struct plan *ret)
{
	int64_t idle = 0, interval;
	int best = 0;

	for (int count = fewest_probes(w); count <= PLAN_MAX_COUNT; count++) {
		int64_t larger = largest_idle_s(w, count, idle + 1);

		if (larger > 0) {
			idle = larger;
			best = count;
		}
		if (spanning_interval_s(w, count) <= least_interval_s(w, idle + 1))
			break; /* with more probes the interval stays, and all takes longer */
	}
	if (idle == 0)
		return false;
	interval = interval_s(w, idle, best);
	/* Where lateness jumps there is time left over: lost probes further apart cost nothing. */
	while (w->lost_probes > 0 && interval < min64(idle, LONG_INTERVAL_S) &&
	       latest_first_ms(w, interval + 1, best) >= fires_ms(idle))
		interval++;
	ret->idle_s = (int)idle;
	ret->interval_s = (int)interval;
	ret->count = best;
	return true;
}

/* Fill in what follows from idle_s, interval_s and count. */
static void
prove(const struct plan_wish *w, struct plan *p)
{
	int64_t first = fires_ms(p->idle_s), step = fires_ms(p->interval_s);
	int64_t last = first + (p->count - 1) * step;
	int64_t idle_ms = 1000 * (int64_t)p->idle_s, interval_ms = 1000 * (int64_t)p->interval_s;

	p->survives_lost = w->lost_probes < p->count ? w->lost_probes : p->count - 1;
	p->refresh_worst_ms = first + p->survives_lost * step + w->rtt_ms;
	p->margin_ms = w->firewall_ms - p->refresh_worst_ms;
	p->user_timeout_ms = last + SLACK_MS;
	p->detect_worst_ms = p->user_timeout_ms + TICK_MS + step + w->rtt_ms;
	p->give_up_ms = idle_ms + interval_ms * ceil_div(p->user_timeout_ms - idle_ms, interval_ms);
	p->probes_per_hour = 3600.0 / p->idle_s;
	if (p->user_timeout_ms > INT_MAX) {
		/* Exact values of weeks: count alone ends it then. */
		p->user_timeout_ms = 0;
		p->give_up_ms = idle_ms + p->count * interval_ms;
	}
}

static bool
within_limits(const struct plan *p)
{
	return p->interval_s >= 1 && p->interval_s <= p->idle_s && p->idle_s <= PLAN_MAX_IDLE_S &&
	       p->count >= 1 && p->count <= PLAN_MAX_COUNT;
}

/* The exact values of a wish. If they are refused, what would have been computed is the advice. */
static int
check_exact(const struct plan_wish *w, struct plan *ret, struct plan_conflict *ret_conflict)
{
	struct plan plan = {
	    .idle_s = w->exact_idle_s, .interval_s = w->exact_interval_s, .count = w->exact_count};
	bool valid = within_limits(&plan);

	if (valid)
		prove(w, &plan);
	if (valid && plan.margin_ms > 0) {
		*ret = plan;
		return 0;
	}
	if (ret_conflict != NULL) {
		*ret_conflict = (struct plan_conflict){.first = PLAN_DEMAND_EXACT,
		    .second = valid ? PLAN_DEMAND_FIREWALL : PLAN_DEMAND_NONE,
		    .nearest_firewall_ms = -1,
		    .nearest_detect_ms = -1,
		    .nearest_outage_ms = -1,
		    .nearest_lost_probes = -1,
		    .worst_ms = plan.refresh_worst_ms};
		if (compute(w, &ret_conflict->advice))
			prove(w, &ret_conflict->advice);
	}
	return -ERANGE;
}

int
plan_make(const struct plan_wish *wish, struct plan *ret, struct plan_conflict *ret_conflict)
{
	struct plan_wish w = normalize(wish);
	struct plan plan = {0};

	if (w.exact_idle_s != 0 || w.exact_interval_s != 0 || w.exact_count != 0)
		return check_exact(&w, ret, ret_conflict);
	if (!compute(&w, &plan)) {
		if (ret_conflict != NULL)
			plan_conflict_find(wish, ret_conflict);
		return -ERANGE;
	}
	prove(&w, &plan);
	*ret = plan;
	return 0;
}

int
plan_jitter_idle_s(const struct plan *plan, uint32_t random)
{
	uint64_t span = (uint64_t)plan->idle_s / 20;
	uint64_t room = (uint64_t)(plan->idle_s - plan->interval_s);

	if (span > room)
		span = room;
	return plan->idle_s - (int)(((span + 1) * random) >> 32);
}
