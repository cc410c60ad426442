/* SPDX-License-Identifier: ISC */
#include "policy/habit.h"

#include <stdbool.h>
#include <string.h>

static void
add(struct habit *habit, const struct habit_end *end)
{
	if (habit->n == HABIT_ENDS) {
		habit->n--;
		memmove(&habit->ends[0], &habit->ends[1], habit->n * sizeof(habit->ends[0]));
	}
	habit->ends[habit->n++] = *end;
}

/* Whether the times are the same but for 5 %, or for the granularity of a slow clock. */
static bool
alike(const int64_t times_ms[HABIT_ENDS], int64_t *ret_ms)
{
	int64_t least = times_ms[0], most = times_ms[0], sum = 0;

	for (int i = 0; i < HABIT_ENDS; i++) {
		least = times_ms[i] < least ? times_ms[i] : least;
		most = times_ms[i] > most ? times_ms[i] : most;
		sum += times_ms[i];
	}
	if (least < HABIT_SHORTEST_MS || most - least > (most / 20 > 250 ? most / 20 : 250))
		return false;
	*ret_ms = sum / HABIT_ENDS;
	return true;
}

enum death_cause
habit_ended(struct habit *habit, enum reason reason, const struct habit_end *end, int64_t *ret_ms)
{
	int64_t quiet_ms[HABIT_ENDS], age_ms[HABIT_ENDS];

	if (habit->reason != (uint8_t)reason)
		*habit = (struct habit){.reason = (uint8_t)reason};
	if (habit->n == 0 || end->at_ms - habit->ends[habit->n - 1].at_ms > HABIT_APART_MS)
		add(habit, end);
	if (habit->n < HABIT_ENDS)
		return CAUSE_NONE;
	for (int i = 0; i < HABIT_ENDS; i++) {
		quiet_ms[i] = habit->ends[i].quiet_ms;
		age_ms[i] = habit->ends[i].age_ms;
	}
	/* Of a session that never carried data both are true, and the first is what servers do. */
	if (alike(quiet_ms, ret_ms))
		return CAUSE_ENDS_IDLE;
	return alike(age_ms, ret_ms) ? CAUSE_ENDS_OLD : CAUSE_NONE;
}
