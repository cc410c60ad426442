/* SPDX-License-Identifier: ISC */
#include "policy/pace.h"

#include <assert.h>

void
pace_init(struct pace *pace, unsigned sessions)
{
	/* Long ago, so that neither limits anything yet. */
	*pace = (struct pace){.window = 1,
	    .spread_ms = PACE_SPREAD_MS,
	    .eased_ms = INT64_MIN / 2,
	    .next_us = INT64_MIN / 2};
	pace_resize(pace, sessions);
}

void
pace_resize(struct pace *pace, unsigned sessions)
{
	pace->sessions = sessions;
}

bool
pace_has_room(const struct pace *pace)
{
	return pace->in_flight < pace->window;
}

static int64_t
interval_us(const struct pace *pace)
{
	int64_t n = pace->sessions > PACE_FEW ? pace->sessions : PACE_FEW;

	return pace->spread_ms * 1000 / (n > PACE_MANY ? n * n / PACE_MANY : n);
}

int64_t
pace_wait_ms(const struct pace *pace, int64_t now_ms)
{
	/* As far as a burst may run ahead of even intervals. */
	int64_t ahead_us = (PACE_BURST - 1) * interval_us(pace) + PACE_TICK_MS * 1000;
	int64_t wait_us = pace->next_us - ahead_us - now_ms * 1000;

	return wait_us > 0 ? (wait_us + 999) / 1000 : 0;
}

void
pace_began(struct pace *pace, int64_t now_ms)
{
	if (pace->next_us < now_ms * 1000)
		pace->next_us = now_ms * 1000;
	pace->next_us += interval_us(pace);
	pace->in_flight++;
}

static void
ended(struct pace *pace)
{
	assert(pace->in_flight > 0);
	pace->in_flight--;
}

/* The queue was full. */
static void
ease(struct pace *pace, int64_t now_ms)
{
	pace->window = pace->window > 1 ? pace->window / 2 : 1;
	pace->clean = 0;
	if (now_ms - pace->eased_ms < PACE_EASE_EVERY_MS)
		return;
	pace->eased_ms = now_ms;
	pace->spread_ms *= 2;
	if (pace->spread_ms > PACE_MAX_SPREAD_MS)
		pace->spread_ms = PACE_MAX_SPREAD_MS;
}

/* All sessions were taken once more without a loss: an eighth faster. */
static void
quicken(struct pace *pace)
{
	if (++pace->clean < pace->sessions)
		return;
	pace->clean = 0;
	pace->spread_ms -= pace->spread_ms / 8;
	if (pace->spread_ms < PACE_SPREAD_MS)
		pace->spread_ms = PACE_SPREAD_MS;
}

void
pace_succeeded(struct pace *pace, bool resent, int64_t now_ms)
{
	ended(pace);
	if (resent) {
		ease(pace, now_ms);
		return;
	}
	if (pace->window < PACE_MAX_WINDOW)
		pace->window++;
	quicken(pace);
}

void
pace_failed(struct pace *pace)
{
	ended(pace);
	pace->window = 1;
}

void
pace_doubt(struct pace *pace)
{
	pace->window = 1;
}

void
pace_withdrawn(struct pace *pace)
{
	ended(pace);
}
