/* SPDX-License-Identifier: ISC */
#ifndef KAGUARD_HOST_PARKING_STORE_H
#define KAGUARD_HOST_PARKING_STORE_H

/* What host/parking has with the service manager; for itself only. */

#include "host/parking.h"

/*
 * `sent` counts what is in the queue, `n` what of it is wanted. Where that is not the same, or
 * something wanted is not in the queue, the shelf is dirty.
 */
struct shelf {
	int old_fd;   /* of the queue before, until the manager has this one in its place; or -1 */
	int write_fd; /* -1: it is of the daemon before this one, or the manager has dropped it */
	uint32_t generation; /* as it is called in the store; 0: it is not there yet */
	unsigned sent, n;
	unsigned letters; /* messages that it took: peeking walks past them all, for each again */
	bool dirty;
	bool refused; /* by the manager: not tried again but by a flush */
	struct parked parked[PARKING_SHELF];
};

struct parking {
	struct notify *notify;
	struct shelf **shelves;
	unsigned n_shelves;
	uint32_t
	    *where; /* of each slot, and its second: shelf * PARKING_SHELF + place, or NOWHERE */
	uint32_t n_where;
	uint32_t generation;
	unsigned dirty;
	unsigned room; /* on the shelves below, nothing can be put */
	bool refused;  /* the manager has dropped one, and was not asked again since */
	int watch_fd;
};

void parking_close_shelf(struct shelf *shelf);
void parking_set_dirty(struct parking *p, struct shelf *shelf, bool dirty);

/*
 * Fill it anew with what is known to lie there, and let that take the place of what is in the
 * store. 0 or negative errno.
 */
int parking_refill(struct parking *p, struct shelf *shelf);

#endif
