/* SPDX-License-Identifier: ISC */
#ifndef KAGUARD_HOST_WALLCLOCK_H
#define KAGUARD_HOST_WALLCLOCK_H

/* The time of day, for records that are read elsewhere and later. */

#include <stdint.h>

#define WALLCLOCK_TEXT 32

/* Milliseconds since 1970. */
int64_t wallclock_now_ms(void);

/* RFC 3339 in UTC: "2026-11-02T10:22:33.123Z". Returns buf. */
char *wallclock_text(int64_t ms, char buf[WALLCLOCK_TEXT]);

#endif
