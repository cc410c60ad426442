/* SPDX-License-Identifier: ISC */
#ifndef KAGUARD_POLICY_BURST_H
#define KAGUARD_POLICY_BURST_H

/*
 * When to speak of each and when to count. The first BURST_LINES events of a window are told one by
 * one; the rest are held and told as one sum when the window ends. A window in which some were held
 * is followed by one twice as long, so a storm that goes on is told at growing intervals.
 */

#include <stdbool.h>
#include <stdint.h>

#define BURST_LINES	    6
#define BURST_WINDOW_MS	    1000
#define BURST_MAX_WINDOW_MS 60000

struct burst {
	int64_t ends_ms;   /* of the window; 0: none is open */
	int64_t window_ms; /* its length */
	unsigned told, held;
};

/* True: tell it. False: it is held; ask burst_due_ms() when to tell the sum. */
bool burst_admit(struct burst *burst, int64_t now_ms);

/* When the sum is to be told, or -1 where nothing is held. */
int64_t burst_due_ms(const struct burst *burst);

/* The sum is told: returns how many were held, and starts the next, longer window. */
unsigned burst_flush(struct burst *burst, int64_t now_ms);

#endif
