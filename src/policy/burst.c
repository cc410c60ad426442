/* SPDX-License-Identifier: ISC */
#include "policy/burst.h"

static void
open_window(struct burst *burst, int64_t now_ms, int64_t window_ms)
{
	if (window_ms > BURST_MAX_WINDOW_MS)
		window_ms = BURST_MAX_WINDOW_MS;
	*burst = (struct burst){.ends_ms = now_ms + window_ms, .window_ms = window_ms};
}

bool
burst_admit(struct burst *burst, int64_t now_ms)
{
	/* Only a window in which nothing was held runs out by itself. */
	if (burst->held == 0 && now_ms >= burst->ends_ms)
		open_window(burst, now_ms, BURST_WINDOW_MS);
	if (burst->told < BURST_LINES && burst->held == 0) {
		burst->told++;
		return true;
	}
	burst->held++;
	return false;
}

int64_t
burst_due_ms(const struct burst *burst)
{
	return burst->held > 0 ? burst->ends_ms : -1;
}

unsigned
burst_flush(struct burst *burst, int64_t now_ms)
{
	unsigned held = burst->held;

	if (held > 0) {
		open_window(burst, now_ms, burst->window_ms * 2);
		burst->told = BURST_LINES; /* the storm goes on: count from the start */
	}
	return held;
}
