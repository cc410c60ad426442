/* SPDX-License-Identifier: ISC */
#ifndef KAGUARD_POLICY_SUMMARY_H
#define KAGUARD_POLICY_SUMMARY_H

/* Counts and reasons to the one line that `systemctl status` shows, and to the regular summary. */

#include <stddef.h>
#include <stdint.h>

#include "policy/diagnosis.h"

#define SUMMARY_TROUBLES 3 /* peers named in the line; of the rest there is the number */

struct summary_trouble {
	const char *peer;
	enum reason reason;
	const char *retry_at; /* time of day of the next attempt, or NULL: one is under way */
};

/* How things stand. */
struct summary {
	unsigned peers, sessions, up;
	unsigned troubled; /* peers with a session that is not up */
	struct summary_trouble troubles[SUMMARY_TROUBLES];
};

/* What has happened since some moment. */
struct summary_counts {
	uint64_t came_up, lost, failed_attempts;
	uint64_t reconnected;	       /* of those that came up: had been up before */
	uint64_t beats, answers;       /* heartbeats sent, and answered */
	uint64_t deaths[REASON_COUNT]; /* of the lost ones, as far as the reason is known */
};

/* "4/5 sessions to 3 peers up; plant-7: refused, retry at 14:03:08". Returns buf. */
char *summary_status(const struct summary *summary, char *buf, size_t size);

/* "3 lost (2 expired, 1 reset), 3 came up, 14 attempts failed". Returns buf. */
char *summary_events(const struct summary_counts *counts, char *buf, size_t size);

/* Reasons with their counts: "2 expired, 1 reset"; "" where there are none. Returns buf. */
char *summary_reasons(const uint64_t deaths[REASON_COUNT], char *buf, size_t size);

#endif
