/* SPDX-License-Identifier: ISC */
#ifndef KAGUARD_POLICY_LEARN_H
#define KAGUARD_POLICY_LEARN_H

/*
 * What a peer's deaths teach about the firewall before it.
 *
 * A session that was forgotten although it had been idle for no longer than its plan lets it be
 * says that the firewall remembers for less than was declared: if that was the reason, and not a
 * firewall that was restarted. One event explains all deaths in whose time it may have fallen,
 * between the last sign of life and the probe that was not answered any more. So it takes deaths
 * that no fewer than three events explain.
 */

#include <stdbool.h>
#include <stdint.h>

#include "policy/plan.h"

#define LEARN_EVENTS 3

/* Older ones are forgotten: firewalls are replaced. */
#define LEARN_WINDOW_MS (INT64_C(7) * 24 * 3600 * 1000)

struct learn_death {
	int64_t alive_ms;   /* the last sign of life */
	int64_t noticed_ms; /* the end, by when the firewall had forgotten */
	int64_t idle_ms;    /* how long the session had been idle when it was probed in vain */
};

/* Deaths that one event explains. */
struct learn_event {
	int64_t noticed_ms; /* the event was no later: the first end of them */
	int64_t idle_ms;    /* the shortest of them */
};

struct learn {
	int64_t declared_ms; /* the firewall's idle timeout, by the configuration */
	int64_t learnt_ms;   /* plan for this one instead; 0: nothing was learnt */
	int64_t seen_ms;     /* the shortest idleness after which sessions were forgotten; 0 */
	struct learn_event events[LEARN_EVENTS]; /* under the plan in force, oldest first */
	uint8_t n;
};

/* Nothing is known, of a firewall that was declared so. */
void learn_begin(struct learn *learn, int64_t declared_ms);

/* A session of the peer was forgotten, and its idleness explains it. In the order of their ends. */
void learn_expired(struct learn *learn, const struct learn_death *death);

/*
 * A session of the peer that was last seen to live at `alive_ms` had survived an idleness of
 * `idle_ms`. Deaths before that, after no more idleness, had another reason.
 */
void learn_survived(struct learn *learn, int64_t alive_ms, int64_t idle_ms);

/* Another plan is in force, or the firewall is another: what was seen under the last one is void.
 */
void learn_forget_events(struct learn *learn);

/* What was learnt, if it is less than what was declared, else 0. */
int64_t learn_tighter_ms(const struct learn *learn);

/* The idle timeout to plan for: what was declared, or what was learnt if that is less. */
int64_t learn_in_force_ms(const struct learn *learn);

/*
 * The plan for that idle timeout, or for the shortest one above it that the rest of the wish
 * allows: wish->firewall_ms says which. 0, or -ERANGE.
 */
int learn_plan(struct plan_wish *wish, int64_t firewall_ms, struct plan *ret);

struct lesson {
	int64_t firewall_ms; /* what to plan for from now on */
	int64_t seen_ms;     /* sessions were forgotten after at most so much idleness */
	struct plan plan;
};

/*
 * What the deaths so far teach, for a peer with that wish, whose firewall_ms does not matter here.
 * 0: nothing. 1: *ret is to be put in force: tighter than before, and a plan is possible. -ERANGE:
 * there is something to learn, but nothing tighter can be planned with the rest of the wish;
 * only ret->seen_ms is set. Either way the events are forgotten.
 */
int learn_judge(struct learn *learn, const struct plan_wish *wish, struct lesson *ret);

#endif
