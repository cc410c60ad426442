/* SPDX-License-Identifier: ISC */
#include "policy/beat.h"

int64_t
beat_least_ms(const struct beat_terms *terms, enum beat_state state)
{
	if (state == BEAT_SOON)
		return 0;
	return terms->every_ms - terms->every_ms / (state == BEAT_FIRST ? 2 : 8);
}

/* Uniform over [0, bound]. */
static int64_t
up_to(int64_t bound, uint32_t random)
{
	return (bound + 1) * random >> 32;
}

int64_t
beat_wait_ms(
    const struct beat_terms *terms, enum beat_state state, int64_t quiet_ms, uint32_t random)
{
	int64_t least_ms = beat_least_ms(terms, state);
	int64_t wait_ms = least_ms + up_to(terms->every_ms - least_ms, random) - quiet_ms;

	if (quiet_ms >= terms->every_ms)
		wait_ms = up_to(terms->timeout_ms / 2, random);
	return wait_ms > 0 ? wait_ms : 1;
}

enum beat_verdict
beat_judge(enum beat_state state, bool in_flight, int64_t left_ms)
{
	if (!in_flight)
		return state == BEAT_ADRIFT ? BEAT_WAITS : BEAT_UNANSWERED;
	return left_ms > 0 ? BEAT_WAITS : BEAT_UNREACHABLE;
}
