/* SPDX-License-Identifier: ISC */
#include "policy/learn.h"

#include <errno.h>
#include <stddef.h>
#include <string.h>

/* Idle timeouts that firewalls are set to. What was seen is the time of a probe, which says no more
 * than that the timeout is shorter: most likely it is one of these. */
static const int32_t usual_s[] = {8, 10, 12, 15, 20, 30, 40, 50, 60, 90, 120, 150, 180, 240, 300,
    350, 400, 500, 600, 750, 900, 1200, 1500, 1800, 2400, 3000, 3600, 5400, 7200, 10800, 14400,
    18000, 21600, 28800};

void
learn_begin(struct learn *learn, int64_t declared_ms)
{
	*learn = (struct learn){.declared_ms = declared_ms};
}

static void
remove_event(struct learn *learn, unsigned i)
{
	learn->n--;
	memmove(
	    &learn->events[i], &learn->events[i + 1], (learn->n - i) * sizeof(learn->events[0]));
}

/*
 * Deaths come in the order of their ends, so this is the fewest moments that lie in the time of
 * every death: the end of the one that ends first, and again of those that it does not lie in.
 */
void
learn_expired(struct learn *learn, const struct learn_death *death)
{
	struct learn_event *last = learn->n > 0 ? &learn->events[learn->n - 1] : NULL;

	if (last != NULL && death->alive_ms <= last->noticed_ms) {
		if (death->idle_ms < last->idle_ms)
			last->idle_ms = death->idle_ms;
		return;
	}
	while (
	    learn->n > 0 && (learn->n == LEARN_EVENTS ||
				learn->events[0].noticed_ms < death->noticed_ms - LEARN_WINDOW_MS))
		remove_event(learn, 0);
	learn->events[learn->n++] = (struct learn_event){death->noticed_ms, death->idle_ms};
}

void
learn_survived(struct learn *learn, int64_t alive_ms, int64_t idle_ms)
{
	for (unsigned i = learn->n; i-- > 0;)
		if (learn->events[i].noticed_ms < alive_ms && learn->events[i].idle_ms <= idle_ms)
			remove_event(learn, i);
}

void
learn_forget_events(struct learn *learn)
{
	learn->n = 0;
}

int64_t
learn_tighter_ms(const struct learn *learn)
{
	return learn->learnt_ms < learn->declared_ms ? learn->learnt_ms : 0;
}

int64_t
learn_in_force_ms(const struct learn *learn)
{
	int64_t learnt_ms = learn_tighter_ms(learn);

	return learnt_ms > 0 ? learnt_ms : learn->declared_ms;
}

static int64_t
shortest_idle_ms(const struct learn *learn)
{
	int64_t shortest_ms = INT64_MAX;

	for (unsigned i = 0; i < learn->n; i++)
		if (learn->events[i].idle_ms < shortest_ms)
			shortest_ms = learn->events[i].idle_ms;
	return shortest_ms;
}

/* The largest usual timeout up to there; the smallest where there is none. */
static int64_t
usual_below_ms(int64_t limit_ms)
{
	size_t i = sizeof(usual_s) / sizeof(usual_s[0]) - 1;

	while (i > 0 && usual_s[i] * INT64_C(1000) > limit_ms)
		i--;
	return usual_s[i] * INT64_C(1000);
}

int
learn_plan(struct plan_wish *wish, int64_t firewall_ms, struct plan *ret)
{
	struct plan_conflict conflict;
	int r;

	wish->firewall_ms = firewall_ms;
	r = plan_make(wish, ret, &conflict);
	if (r < 0 && conflict.nearest_firewall_ms > firewall_ms) {
		wish->firewall_ms = conflict.nearest_firewall_ms;
		r = plan_make(wish, ret, NULL);
	}
	return r;
}

int
learn_judge(struct learn *learn, const struct plan_wish *asked, struct lesson *ret)
{
	struct lesson lesson = {.seen_ms = shortest_idle_ms(learn)};
	struct plan_wish wish = *asked;
	/* The first guess is a near one, since the declaration had its reason; whoever is wrong
	 * again knows less than was thought. */
	int64_t share = learn->learnt_ms > 0 ? 2 : 3;
	int r;

	if (learn->n < LEARN_EVENTS)
		return 0;
	learn_forget_events(learn);
	learn->seen_ms = lesson.seen_ms;
	r = learn_plan(&wish, usual_below_ms(lesson.seen_ms * share / 4), &lesson.plan);
	/* Probed no sooner than what was seen to be too late, it would be forgotten again. */
	if (r == 0 && (wish.firewall_ms >= learn_in_force_ms(learn) ||
			  lesson.plan.idle_s * INT64_C(1000) >= lesson.seen_ms))
		r = -ERANGE;
	if (r < 0) {
		ret->seen_ms = lesson.seen_ms;
		return r;
	}
	lesson.firewall_ms = learn->learnt_ms = wish.firewall_ms;
	*ret = lesson;
	return 1;
}
