/* SPDX-License-Identifier: ISC */
#include "daemon/chores.h"

#include <stddef.h>
#include <stdio.h>

#include "daemon/heart.h"
#include "policy/timespan.h"

/* Sessions looked at in one go by a sweep: some 0.5 ms. */
#define SWEEP_SLICE 512

static void
on_turn(struct wake *wake, unsigned what)
{
	(void)what;
	turn_run(container_of(wake, struct chores, turn)->guard);
}

static void
on_storm(struct wake *wake, unsigned what)
{
	struct chores *chores = container_of(wake, struct chores, storm);

	(void)what;
	storm_flush(chores->guard);
	chores_due(chores);
}

static void
on_heart(struct wake *wake, unsigned what)
{
	struct chores *chores = container_of(wake, struct chores, heart);

	(void)what;
	heart_run(chores->guard);
	chores_due(chores);
}

static void
on_sweep(struct wake *wake, unsigned what)
{
	struct chores *chores = container_of(wake, struct chores, sweep);

	(void)what;
	if (guard_sweep(chores->guard, &chores->cursor, SWEEP_SLICE)) {
		wake_after(&chores->sweep, 0);
		return;
	}
	guard_check(chores->guard);
	chores->cursor = (struct guard_cursor){0};
	wake_after(&chores->sweep, guard_sweep_every_ms(chores->guard));
}

static void
subtract(struct summary_counts *from, const struct summary_counts *what)
{
	from->came_up -= what->came_up;
	from->lost -= what->lost;
	from->failed_attempts -= what->failed_attempts;
	from->reconnected -= what->reconnected;
	from->beats -= what->beats;
	from->answers -= what->answers;
	for (int i = 0; i < REASON_COUNT; i++)
		from->deaths[i] -= what->deaths[i];
}

static void
on_summary(struct wake *wake, unsigned what)
{
	struct chores *chores = container_of(wake, struct chores, summary);
	struct guard *guard = chores->guard;
	struct summary_counts counts = guard->counts;
	struct journal_fields none = JOURNAL_NO_FIELDS;
	char text[1024], status[512], events[384], span[TIMESPAN_MAX];
	struct guard_times times;
	struct summary summary;

	(void)what;
	subtract(&counts, &chores->summed);
	chores->summed = guard->counts;
	guard_summarize(guard, &times, &summary);
	snprintf(text, sizeof(text), "%s; in the last %s: %s",
	    summary_status(&summary, status, sizeof(status)),
	    timespan_text(chores->summary_every_ms, span, sizeof(span)),
	    summary_events(&counts, events, sizeof(events)));
	guard->report.say(&guard->report, MESSAGE_SUMMARY, LOG_INFO, &none, text);
	wake_after(&chores->summary, chores->summary_every_ms);
}

int
chores_init(struct chores *chores, struct loop *loop, struct guard *guard)
{
	int r;

	chores->guard = guard;
	r = wake_init(loop, &chores->turn, on_turn);
	if (r == 0)
		r = wake_init(loop, &chores->storm, on_storm);
	if (r == 0)
		r = wake_init(loop, &chores->sweep, on_sweep);
	if (r == 0)
		r = wake_init(loop, &chores->summary, on_summary);
	if (r == 0)
		r = wake_init(loop, &chores->heart, on_heart);
	return r;
}

void
chores_clear(struct chores *chores)
{
	wake_clear(&chores->turn);
	wake_clear(&chores->storm);
	wake_clear(&chores->sweep);
	wake_clear(&chores->summary);
	wake_clear(&chores->heart);
}

void
chores_restart(struct chores *chores, int64_t summary_every_ms)
{
	chores->cursor = (struct guard_cursor){0};
	chores->summary_every_ms = summary_every_ms;
	if (chores->guard->n_sessions > 0)
		wake_after(&chores->sweep, guard_sweep_every_ms(chores->guard));
	else
		wake_disarm(&chores->sweep);
	if (summary_every_ms > 0)
		wake_after(&chores->summary, summary_every_ms);
	else
		wake_disarm(&chores->summary);
}

/* Let it fire then, unless it will have by then. */
static void
alarm_at(struct chores *chores, struct wake *wake, int64_t *at_ms, int64_t due_ms)
{
	int64_t wait_ms = due_ms - guard_now_ms(chores->guard);

	if (due_ms < 0 || (wake_armed(wake) && *at_ms <= due_ms))
		return;
	*at_ms = due_ms;
	wake_after(wake, wait_ms > 0 ? wait_ms : 0);
}

void
chores_due(struct chores *chores)
{
	alarm_at(chores, &chores->turn, &chores->turn_ms, chores->guard->turn.at_ms);
	alarm_at(chores, &chores->storm, &chores->storm_ms, storm_due_ms(chores->guard));
	alarm_at(chores, &chores->heart, &chores->heart_ms, heart_due_ms(chores->guard));
}
