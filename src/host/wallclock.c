/* SPDX-License-Identifier: ISC */
#include "host/wallclock.h"

#include <stdio.h>
#include <time.h>

int64_t
wallclock_now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

char *
wallclock_text(int64_t ms, char buf[WALLCLOCK_TEXT])
{
	time_t seconds = (time_t)(ms / 1000);
	struct tm tm;
	size_t used = 0;

	if (gmtime_r(&seconds, &tm) != NULL)
		used = strftime(buf, WALLCLOCK_TEXT, "%Y-%m-%dT%H:%M:%S", &tm);
	snprintf(buf + used, WALLCLOCK_TEXT - used, ".%03dZ", (int)(ms % 1000));
	return buf;
}
