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

/* CLOCK_BOOTTIME is CLOCK_MONOTONIC, but for the time asleep (clock_gettime(2)). */
int64_t
clock_asleep_ms(void)
{
	struct timespec boot;
	int64_t now_ms = clock_now_ms();

	clock_gettime(CLOCK_BOOTTIME, &boot);
	return (int64_t)boot.tv_sec * 1000 + boot.tv_nsec / 1000000 - now_ms;
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
