/* SPDX-License-Identifier: ISC */
#ifndef KAGUARD_POLICY_TIMESPAN_H
#define KAGUARD_POLICY_TIMESPAN_H

/* Durations as text, in systemd's time spans: d, h, min, s, ms. */

#include <stddef.h>
#include <stdint.h>

/* Room for any duration. */
#define TIMESPAN_MAX 48

/*
 * Exact: every unit that is not zero, so the text can be put into kaguard.yaml and means the same:
 * "4min 46s", "350ms", "2h 4min", "5d", "1s 500ms", "0". Returns buf.
 */
char *timespan_text(int64_t ms, char *buf, size_t size);

/*
 * For the eye: the largest unit and the one below it, the rest cut off: 184345 ms is "3min 4s",
 * 90061 s is "1d 1h", 12345 ms is "12s" (no ms from 10 s on). Returns buf.
 */
char *timespan_brief(int64_t ms, char *buf, size_t size);

/*
 * As one writes a timeout: in seconds as long as they are easy to read, below 1000; exact.
 * "350s", "20min", "2h 4min". Returns buf.
 */
char *timespan_written(int64_t ms, char *buf, size_t size);

#endif
