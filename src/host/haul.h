/* SPDX-License-Identifier: ISC */
#ifndef KAGUARD_HOST_HAUL_H
#define KAGUARD_HOST_HAUL_H

/* What the daemon before this one had parked, in duplicate. */

#include "host/parking.h"
#include "host/store.h"

struct haul {
	struct parked *list; /* each life once; a descriptor is the haul's until it is set to -1 */
	unsigned n, room;
	/* Shelves and messages that are not what this program writes, and sockets that could not be
	 * had for want of descriptors. */
	unsigned bad;
};

/*
 * Peeks at all shelves of the store, which the parking has from then on; their entries in the store
 * are closed here. What of it is still wanted goes through parking_know(). 0 or -ENOMEM.
 */
int haul_take(struct haul *haul, struct parking *parking, struct store *store);

/* Closes what is left in the list, which ends no session. */
void haul_clear(struct haul *haul);

#endif
