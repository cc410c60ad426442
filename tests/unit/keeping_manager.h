/* SPDX-License-Identifier: ISC */
#ifndef KAGUARD_TESTS_KEEPING_MANAGER_H
#define KAGUARD_TESTS_KEEPING_MANAGER_H

/* A service manager with a descriptor store, which acts when it is told to. */

#include <stdbool.h>

#include "host/haul.h"
#include "host/notify.h"
#include "host/parking.h"
#include "host/store.h"

#define MAX_STORED 64

struct manager {
	int fd;
	struct notify *notify;	 /* of the daemon that talks to it, */
	struct parking *parking; /* and what that has parked */
	struct store_item stored[MAX_STORED];
	unsigned n;
	bool full; /* it keeps nothing */
};

/* For cmocka: *state is the manager. */
int manager_setup(void **state);
int manager_teardown(void **state);

/* Let it act on the next n messages. */
void manager_serve(struct manager *m, unsigned n);

/* Nobody has sent it anything, nor does soon. */
bool manager_is_quiet(const struct manager *m);

/* What a daemon would find that is started now. */
struct haul manager_haul(struct manager *m);

/* The daemon ends, whatever it was doing, and another one starts: what it finds. */
struct haul manager_next_daemon(struct manager *m);

#endif
