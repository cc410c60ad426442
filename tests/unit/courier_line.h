/* SPDX-License-Identifier: ISC */
#ifndef KAGUARD_TESTS_COURIER_LINE_H
#define KAGUARD_TESTS_COURIER_LINE_H

#include <stddef.h>

#include "host/courier.h"

/* Longer than any test takes. Where the thread is to hang, the test gives a short time instead. */
#define PATIENCE_MS 60000

/*
 * Delivers each record as one datagram over a socket pair that the test reads, or does not read;
 * "(lost N)" stands for a report. The queue of the socket is the kernel's own, so it really blocks.
 */
struct line {
	struct carrier carrier;
	int ours;
	int theirs;
	int refuse; /* calls that fail, from the next on */
};

int line_setup(void **state);
int line_teardown(void **state);

/* What its carrier does with a record. */
int line_carry(struct carrier *carrier, const void *record, size_t size);

/* Waits until the socket takes nothing more: from then on the thread hangs in send(). */
void line_fill(struct line *line);

/* The next record that is no filler; good until it is called again. */
const char *line_next(struct line *line);

#endif
