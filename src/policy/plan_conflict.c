/* SPDX-License-Identifier: ISC */
#include "policy/plan_conflict.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "policy/timespan.h"

/* The demands an operator can change; in a conflict of several the earlier are named. */
static const enum plan_demand demands[] = {
    PLAN_DEMAND_FIREWALL, PLAN_DEMAND_LOST, PLAN_DEMAND_OUTAGE, PLAN_DEMAND_DETECT};

#define N_DEMANDS (sizeof(demands) / sizeof(demands[0]))

/* No plan needs a longer firewall or bound: 17 of the longest intervals, late, are 7·10^5 s. */
#define LONGEST_S 10000000

static bool
possible(const struct plan_wish *wish)
{
	struct plan ignored;

	return plan_make(wish, &ignored, NULL) == 0;
}

/* A demand, of those above, in its unit of a whole second, or one probe. */
static void
set(struct plan_wish *wish, enum plan_demand demand, int64_t value)
{
	if (demand == PLAN_DEMAND_FIREWALL)
		wish->firewall_ms = 1000 * value;
	else if (demand == PLAN_DEMAND_LOST)
		wish->lost_probes = (int)value;
	else if (demand == PLAN_DEMAND_OUTAGE)
		wish->outage_ms = 1000 * value;
	else
		wish->detect_ms = 1000 * value;
}

/* The value of a demand that asks for nothing. */
static int64_t
easiest(enum plan_demand demand)
{
	return demand == PLAN_DEMAND_FIREWALL || demand == PLAN_DEMAND_DETECT ? LONGEST_S : 0;
}

/* The wish with all demands at their easiest but the two. */
static struct plan_wish
only(const struct plan_wish *wish, enum plan_demand first, enum plan_demand second)
{
	struct plan_wish w = *wish;

	for (size_t i = 0; i < N_DEMANDS; i++) {
		if (demands[i] != first && demands[i] != second)
			set(&w, demands[i], easiest(demands[i]));
	}
	return w;
}

/* The value of a wish that is not possible, rounded away from what is. */
static int64_t
refused(const struct plan_wish *wish, enum plan_demand demand)
{
	if (demand == PLAN_DEMAND_FIREWALL)
		return wish->firewall_ms / 1000;
	if (demand == PLAN_DEMAND_LOST)
		return wish->lost_probes;
	if (demand == PLAN_DEMAND_OUTAGE)
		return wish->outage_ms / 1000 + (wish->outage_ms % 1000 != 0);
	return wish->detect_ms / 1000;
}

/* The value of a demand nearest to that of the wish with which it is possible; -1 if none is. */
static int64_t
nearest(const struct plan_wish *wish, enum plan_demand demand)
{
	int64_t bad = refused(wish, demand), good = easiest(demand);
	struct plan_wish w = *wish;

	set(&w, demand, good);
	if (!possible(&w))
		return -1;
	/* An easier demand is never less possible, so the border between is found by halving. */
	while (good - bad > 1 || bad - good > 1) {
		int64_t middle = bad + (good - bad) / 2;

		set(&w, demand, middle);
		if (possible(&w))
			good = middle;
		else
			bad = middle;
	}
	return good;
}

static int64_t
nearest_ms(const struct plan_wish *wish, enum plan_demand demand)
{
	int64_t value = nearest(wish, demand);

	return value < 0 ? -1 : 1000 * value;
}

/* Fill in all four nearest values; false if none of them exists. */
static bool
fill_nearest(const struct plan_wish *wish, struct plan_conflict *c)
{
	c->nearest_firewall_ms = nearest_ms(wish, PLAN_DEMAND_FIREWALL);
	c->nearest_lost_probes = (int)nearest(wish, PLAN_DEMAND_LOST);
	c->nearest_outage_ms = nearest_ms(wish, PLAN_DEMAND_OUTAGE);
	c->nearest_detect_ms = nearest_ms(wish, PLAN_DEMAND_DETECT);
	return c->nearest_firewall_ms >= 0 || c->nearest_lost_probes >= 0 ||
	       c->nearest_outage_ms >= 0 || c->nearest_detect_ms >= 0;
}

/* A demand that cannot be met even if it is the only one: the path's delay may be why. */
static bool
find_one(const struct plan_wish *wish, struct plan_conflict *c)
{
	for (size_t i = 0; i < N_DEMANDS; i++) {
		struct plan_wish w = only(wish, demands[i], demands[i]);

		if (possible(&w))
			continue;
		w.rtt_ms = 1;
		c->first = demands[i];
		c->second = possible(&w) ? PLAN_DEMAND_RTT : PLAN_DEMAND_NONE;
		return true;
	}
	return false;
}

/* Two demands that cannot be met together, whatever the others are. */
static bool
find_two(const struct plan_wish *wish, struct plan_conflict *c)
{
	for (size_t i = 0; i < N_DEMANDS; i++) {
		for (size_t j = i + 1; j < N_DEMANDS; j++) {
			struct plan_wish w = only(wish, demands[i], demands[j]);

			if (possible(&w))
				continue;
			c->first = demands[i];
			c->second = demands[j];
			return true;
		}
	}
	return false;
}

/*
 * Three or four that can be met in any two: the outage forces a long interval, and what then
 * follows is too long for the rest. Name the first two that giving way in would help.
 */
static void
find_among_all(struct plan_conflict *c)
{
	const bool helps[N_DEMANDS] = {c->nearest_firewall_ms >= 0, c->nearest_lost_probes >= 0,
	    c->nearest_outage_ms >= 0, c->nearest_detect_ms >= 0};

	for (size_t i = N_DEMANDS; i-- > 0;) {
		if (!helps[i])
			continue;
		c->second = c->first;
		c->first = demands[i];
	}
}

void
plan_conflict_find(const struct plan_wish *wish, struct plan_conflict *ret)
{
	struct plan_conflict c = {0};
	bool enough = fill_nearest(wish, &c);

	if (!find_one(wish, &c) && !find_two(wish, &c))
		find_among_all(&c);
	if (!enough) {
		/* No single change would do. Settle the conflict that is named. */
		struct plan_wish w = only(wish, c.first, c.second);

		fill_nearest(&w, &c);
	}
	*ret = c;
}

/* A text that grows in a buffer, and is cut where that ends. */
struct text {
	char *at;
	size_t left;
};

static void __attribute__((format(printf, 2, 3))) add(struct text *t, const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	vsnprintf(t->at, t->left, format, ap);
	va_end(ap);
	t->left -= strlen(t->at);
	t->at += strlen(t->at);
}

static void
add_span(struct text *t, const char *before, int64_t ms)
{
	char span[TIMESPAN_MAX];

	add(t, "%s%s", before, timespan_written(ms, span, sizeof(span)));
}

static void
add_demand(struct text *t, const struct plan_wish *wish, enum plan_demand demand)
{
	if (demand == PLAN_DEMAND_FIREWALL)
		add_span(t, "firewall ", wish->firewall_ms);
	else if (demand == PLAN_DEMAND_LOST)
		add(t, "lost_probes %d", wish->lost_probes);
	else if (demand == PLAN_DEMAND_OUTAGE)
		add_span(t, "outage ", wish->outage_ms);
	else if (demand == PLAN_DEMAND_DETECT)
		add_span(t, "detect_within ", wish->detect_ms);
	else
		add_span(
		    t, "a round trip of ", wish->rtt_ms > 0 ? wish->rtt_ms : PLAN_DEFAULT_RTT_MS);
}

static void
add_nearest(struct text *t, const struct plan_conflict *c)
{
	const char *sep = ": ";

	if (c->nearest_lost_probes >= 0) {
		add(t, "%sat most lost_probes %d", sep, c->nearest_lost_probes);
		sep = ", or ";
	}
	if (c->nearest_outage_ms >= 0) {
		add(t, "%s", sep);
		add_span(t, "an outage of at most ", c->nearest_outage_ms);
		sep = ", or ";
	}
	if (c->nearest_detect_ms >= 0) {
		add(t, "%s", sep);
		add_span(t, "a detect_within of at least ", c->nearest_detect_ms);
		sep = ", or ";
	}
	if (c->nearest_firewall_ms >= 0) {
		add(t, "%s", sep);
		add_span(t, "a firewall of at least ", c->nearest_firewall_ms);
	}
}

static void
add_exact(struct text *t, const struct plan_wish *wish, const struct plan_conflict *c)
{
	add(t, "keepalive idle %ds, interval %ds, count %d", wish->exact_idle_s,
	    wish->exact_interval_s, wish->exact_count);
	if (c->second == PLAN_DEMAND_FIREWALL) {
		char late[TIMESPAN_MAX];

		add_span(t, " do not protect from firewall ", wish->firewall_ms);
		add(t, " (the probe after the lost ones may come as late as %s)",
		    timespan_text((c->worst_ms + 999) / 1000 * 1000, late, sizeof(late)));
	} else if (wish->exact_interval_s > wish->exact_idle_s) {
		add(t, ": interval must not be above idle, or it takes the place of idle");
	} else {
		add(t, ": idle and interval must be 1s to %ds, count 1 to %d", PLAN_MAX_IDLE_S,
		    PLAN_MAX_COUNT);
	}
	if (c->advice.idle_s > 0)
		add(t, "; idle %ds, interval %ds, count %d would", c->advice.idle_s,
		    c->advice.interval_s, c->advice.count);
	else
		add(t, "; no values would");
	if (c->second == PLAN_DEMAND_NONE)
		add(t, " do");
}

char *
plan_conflict_text(
    const struct plan_wish *wish, const struct plan_conflict *c, char *buf, size_t size)
{
	struct text t = {buf, size};

	if (c->first == PLAN_DEMAND_EXACT) {
		add_exact(&t, wish, c);
		return buf;
	}
	add_demand(&t, wish, c->first);
	if (c->second == PLAN_DEMAND_NONE) {
		add(&t, " cannot be met");
	} else {
		add(&t, " and ");
		add_demand(&t, wish, c->second);
		add(&t, " cannot both be met");
	}
	add_nearest(&t, c);
	return buf;
}
