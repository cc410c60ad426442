/* SPDX-License-Identifier: ISC */
#ifndef KAGUARD_HOST_COURIER_H
#define KAGUARD_HOST_COURIER_H

/*
 * Carries records to somebody who may not be listening: a bounded queue, and one thread that may
 * block for as long as the other side likes. Whoever posts never waits. What finds no room, and
 * what could not be delivered, is lost, counted, and reported at the place where it is missing.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct courier;

/* What the thread does. Embedded in the structure of whom the courier serves. */
struct carrier {
	/* Delivers one record; may block. 0, or negative errno: the record counts as lost. */
	int (*carry)(struct carrier *carrier, const void *record, size_t size);
	/* Says that `lost` records are missing here; may block. On failure it is said again,
	 * with what was lost since, before the next record. NULL: nobody wants to know. */
	int (*report_lost)(struct carrier *carrier, uint64_t lost);
};

/* name: of the thread, at most 15 characters. capacity: of the queue, in bytes. */
int courier_open(const char *name, size_t capacity, struct carrier *carrier, struct courier **ret);

/*
 * Never blocks: copies the record, and wakes the thread if it sleeps. 0, or -ENOBUFS where there
 * is no room. Once something was lost, nothing of its kind is taken before half of the queue has
 * left: an overload makes one gap, and one report where it ends, rather than thousands.
 */
int courier_post(struct courier *courier, const void *record, size_t size);

/* The same for what is lost first: the last quarter of the queue is not for it. */
int courier_post_minor(struct courier *courier, const void *record, size_t size);

/* Records lost so far. */
uint64_t courier_lost(struct courier *courier);

/* Waits up to wait_ms for the queue to leave. False: it has not. */
bool courier_await(struct courier *courier, int wait_ms);

/*
 * Waits up to wait_ms for the queue to leave. True: the thread has ended, and all is freed. False:
 * it hangs in a call of the carrier and is left to itself; the courier, the carrier and what they
 * use must stay where they are until the process is gone. What was still queued is lost.
 */
bool courier_close(struct courier *courier, int wait_ms);

#endif
