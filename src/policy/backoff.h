/* SPDX-License-Identifier: ISC */
#ifndef KAGUARD_POLICY_BACKOFF_H
#define KAGUARD_POLICY_BACKOFF_H

/* How long to wait before the next attempt. */

#include <stdint.h>

struct backoff {
	int64_t first_ms;  /* the longest wait after one failure; > 0 */
	int64_t max_ms;	   /* the longest wait ever; >= first_ms */
	double factor;	   /* growth from one failure to the next; 1 .. 10 */
	int64_t stable_ms; /* a session that was up this long has cleared the count of failures */
};

/*
 * The delay after `failures` failures in a row (>= 1): exponential, capped, then jittered over the
 * full interval. The jitter comes after the cap, or clients that have all reached the cap would
 * march in step. Between 1 and max_ms.
 */
int64_t backoff_delay_ms(const struct backoff *policy, unsigned failures, uint32_t random);

/* The interval from which backoff_delay_ms() draws. */
int64_t backoff_ceiling_ms(const struct backoff *policy, unsigned failures);

#endif
