/* SPDX-License-Identifier: ISC */
#include "net/clock.h"

#include <sys/random.h>
#include <time.h>

int64_t
clock_now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

uint32_t
clock_random(void)
{
	/* A pool of words a system call: a session needs one for every delay and every plan. */
	static uint32_t pool[64];
	static unsigned left;

	if (left == 0) {
		if (getrandom(pool, sizeof(pool), 0) != (ssize_t)sizeof(pool))
			return (uint32_t)clock_now_ms() * 2654435761u;
		left = sizeof(pool) / sizeof(pool[0]);
	}
	return pool[--left];
}
