/* SPDX-License-Identifier: ISC */
#ifndef KAGUARD_POLICY_PLAN_H
#define KAGUARD_POLICY_PLAN_H

/*
 * The plan: from what the path forgets and what the operator asks for to the keepalive values
 * that the kernel gets, with the proof that they do what they promise.
 *
 * Three promises, in the kernel's worst case (its keepalive timers fire up to about 8/63 late,
 * never early; kernel/time/timer.c calc_wheel_index(), exact for HZ 100, 250, 300 and 1000):
 *
 *   refresh    even if `lost_probes` probes in a row are lost, the next one reaches the firewall
 *              before its idle timeout, less a margin;
 *   detection  a peer that has gone silent is noticed within `detect_ms`;
 *   tolerance  a path that is silent for less than `outage_ms` does not make the kernel give up,
 *              nor do `lost_probes` lost probes.
 *
 * Under those, idle_s is as large as it can be, so that as few probes are sent as that takes.
 *
 * Tolerance is a promise for this side only. While the path is down the firewall's idle clock runs
 * on, and nothing sent from here can stop it: an outage longer than what is left of the idle
 * timeout may cost the session whatever the plan.
 *
 * Detection counts from the last sign of life, for a session that is idle. Once data are under way
 * the kernel stops probing, and its clock (TCP_USER_TIMEOUT again) counts from the oldest byte that
 * was not acknowledged.
 */

#include <stddef.h>
#include <stdint.h>

/* Kernel limits: include/net/tcp.h MAX_TCP_KEEPIDLE, MAX_TCP_KEEPINTVL, MAX_TCP_KEEPCNT. */
#define PLAN_MAX_IDLE_S	    32767
#define PLAN_MAX_INTERVAL_S 32767
#define PLAN_MAX_COUNT	    127

#define PLAN_MAX_LOST_PROBES 16
#define PLAN_DEFAULT_RTT_MS  100 /* taken until a session has measured its own */

/* What is asked for. */
struct plan_wish {
	int64_t firewall_ms; /* idle timeout of the firewall, the smallest on the path; > 0 */
	int64_t detect_ms;   /* notice a silent death within this; > 0 */
	int64_t outage_ms;   /* ride out an outage of this length; >= 0 */
	int64_t rtt_ms;	     /* round-trip time to plan for; 0: PLAN_DEFAULT_RTT_MS */
	int lost_probes;     /* survive this many lost probes in a row; 0..PLAN_MAX_LOST_PROBES */
	/*
	 * Exact values in place of computed ones: all three or none (0). They are checked against
	 * the firewall alone: with as many probes lost as were asked for, or all but the last, the
	 * next one must arrive in time. The margin and the bound of detection are then the
	 * operator's.
	 */
	int exact_idle_s;
	int exact_interval_s;
	int exact_count;
};

/* What the kernel is told, and the proof of it. */
struct plan {
	int idle_s;	/* TCP_KEEPIDLE: probe after */
	int interval_s; /* TCP_KEEPINTVL: then every */
	int count;	/* TCP_KEEPCNT: unanswered probes until the kernel gives up, at least */
	int64_t user_timeout_ms; /* TCP_USER_TIMEOUT: in place of count, see plan.c; 0: unset */

	int64_t refresh_worst_ms; /* latest arrival at the firewall of the last probe counted on */
	int64_t margin_ms;	  /* firewall_ms - refresh_worst_ms */
	int64_t detect_worst_ms;  /* latest moment at which a silent death is noticed */
	int64_t give_up_ms;	  /* nominal: after this much silence the kernel gives up */
	double probes_per_hour;	  /* of an idle, healthy session; nominal, 3600 / idle_s */
	int survives_lost;	  /* probes in a row that may be lost */
};

/* What a plan could not reconcile. */
enum plan_demand {
	PLAN_DEMAND_NONE,
	PLAN_DEMAND_FIREWALL, /* the firewall's idle timeout is too short */
	PLAN_DEMAND_LOST,     /* lost_probes */
	PLAN_DEMAND_OUTAGE,   /* outage */
	PLAN_DEMAND_DETECT,   /* detect_within */
	PLAN_DEMAND_RTT,      /* the round trip is too long for the rest */
	PLAN_DEMAND_EXACT,    /* idle, interval, count as given */
};

/*
 * Two demands that conflict, and for each demand the nearest value that would do, the rest as
 * asked. Durations in whole seconds. Where the wish holds more than one conflict, so that no single
 * change would do, the values settle the conflict that is named. `second` is PLAN_DEMAND_NONE if
 * `first` cannot be met even by itself.
 */
struct plan_conflict {
	enum plan_demand first, second;
	int64_t nearest_firewall_ms; /* smallest idle timeout that would do; -1: none */
	int64_t nearest_detect_ms;   /* smallest bound that would do; -1: none */
	int64_t nearest_outage_ms;   /* longest outage that would do; -1: none */
	int nearest_lost_probes;     /* most lost probes that would do; -1: none */
	struct plan advice; /* for PLAN_DEMAND_EXACT: the values that would do; idle_s 0: none */
	int64_t worst_ms;   /* for PLAN_DEMAND_EXACT: when the probe may arrive that is too late */
};

/*
 * Compute the plan of a wish, or check its exact values. 0, or -ERANGE with *ret_conflict filled;
 * *ret is untouched then. ret_conflict may be NULL.
 */
int plan_make(const struct plan_wish *wish, struct plan *ret, struct plan_conflict *ret_conflict);

/* The conflict in words, with the keys of the configuration and the nearest values. Returns buf. */
char *plan_conflict_text(
    const struct plan_wish *wish, const struct plan_conflict *c, char *buf, size_t size);

/*
 * TCP_KEEPIDLE of one session: up to 5 % below plan->idle_s, chosen by `random`, and never below
 * interval_s (an interval above the idle time would become the probe period).
 */
int plan_jitter_idle_s(const struct plan *plan, uint32_t random);

/* How late, at most, a kernel timer of delay_ms >= 0 fires on any HZ, in ms (rounded up). */
int64_t plan_timer_lateness_ms(int64_t delay_ms);

#endif
