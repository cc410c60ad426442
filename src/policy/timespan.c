/* SPDX-License-Identifier: ISC */
#include "policy/timespan.h"

#include <stdio.h>

static const struct unit {
	uint64_t ms;
	const char *name;
} units[] = {
    {86400000, "d"},
    {3600000, "h"},
    {60000, "min"},
    {1000, "s"},
    {1, "ms"},
};

#define N_UNITS (sizeof(units) / sizeof(units[0]))

/* The magnitude of any value, INT64_MIN's too. */
static uint64_t
magnitude(int64_t ms)
{
	return ms < 0 ? 0 - (uint64_t)ms : (uint64_t)ms;
}

/* The units first..last of a duration; what is below units[last] is left out. */
static char *
format(int64_t ms, size_t last, char *buf, size_t size)
{
	uint64_t left = magnitude(ms);
	const char *sep = ms < 0 ? "-" : "";
	size_t used = 0;

	snprintf(buf, size, "0");
	for (size_t i = 0; i <= last && used < size; i++) {
		uint64_t n = left / units[i].ms;

		left %= units[i].ms;
		if (n == 0)
			continue;
		used += (size_t)snprintf(
		    buf + used, size - used, "%s%llu%s", sep, (unsigned long long)n, units[i].name);
		sep = " ";
	}
	return buf;
}

char *
timespan_text(int64_t ms, char *buf, size_t size)
{
	return format(ms, N_UNITS - 1, buf, size);
}

char *
timespan_brief(int64_t ms, char *buf, size_t size)
{
	uint64_t left = magnitude(ms);
	size_t first = 0;

	while (first < N_UNITS - 1 && left < units[first].ms)
		first++;
	if (first == N_UNITS - 1)
		return format(ms, first, buf, size);
	if (units[first].ms == 1000 && left >= 10000)
		return format(ms, first, buf, size);
	return format(ms, first + 1, buf, size);
}

char *
timespan_written(int64_t ms, char *buf, size_t size)
{
	if (ms <= 0 || ms >= 1000000 || ms % 1000 != 0)
		return timespan_text(ms, buf, size);
	snprintf(buf, size, "%ds", (int)(ms / 1000));
	return buf;
}
