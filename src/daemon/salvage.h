/* SPDX-License-Identifier: ISC */
#ifndef KAGUARD_DAEMON_SALVAGE_H
#define KAGUARD_DAEMON_SALVAGE_H

/*
 * The tunnels of the daemon before this one, as daemon/takeover finds them: clients go on in the
 * middle of what they were sending, and those that come meanwhile are not refused.
 */

#include <stdbool.h>
#include <stdint.h>

#include "daemon/stow.h"

struct config;
struct forward_client;
struct forwards;
struct parked;

struct salvaged {
	struct stowed stowed;
	uint64_t partner;
	int64_t since_ms;
	uint32_t kind;
	int fd;			       /* -1: it is somebody's now */
	bool robbed;		       /* of what it had in a pipe */
	struct forward_client *client; /* who goes on with it */
	char peer[68];
};

/* All zero is fine. */
struct salvage {
	struct salvaged *list;
	unsigned n, room;
};

/* One more. False: it cannot be had, and is the caller's to end. */
bool salvage_add(
    struct salvage *salvage, const struct parked *parked, const struct parktable_entry *entry);

/*
 * Go on with what belongs together; what does not is ended. Places where clients come in are kept
 * for forwards_configure(), which ends those that are not wanted.
 */
void salvage_restore(
    struct salvage *salvage, struct forwards *forwards, const struct config *config);

/* Of that number and kind, or NULL; once salvage_restore() has begun. */
struct salvaged *salvage_find(
    const struct salvage *salvage, uint64_t life, enum parktable_kind kind);

/* The place that is wished for, whatever the peer was called: 1 and it is taken, or 0. */
struct listener_wish;
int salvage_listener(
    struct salvage *salvage, const struct listener_wish *wish, struct salvaged *ret);

/* End what nobody has taken, and free all. */
void salvage_clear(struct salvage *salvage, struct forwards *forwards);

#endif
