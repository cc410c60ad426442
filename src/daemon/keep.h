/* SPDX-License-Identifier: ISC */
#ifndef KAGUARD_DAEMON_KEEP_H
#define KAGUARD_DAEMON_KEEP_H

/*
 * Keeps the sessions beyond the end of this process, whatever that is: every socket is parked the
 * moment it is held, and what is known of it is in the table, so that there is nothing to be done
 * at the end. Where there is no service manager, or it does not keep descriptors, that is told once
 * and all else goes on.
 */

#include <stdbool.h>
#include <stdint.h>

#include "host/parking.h"
#include "host/parktable.h"
#include "host/store.h"
#include "net/loop.h"

struct config_peer;
struct guard;
struct owners;
struct session;

struct keep {
	struct guard *guard;
	struct notify *notify;
	struct store store;	 /* what this process was handed, until it is taken up */
	struct parking *parking; /* NULL: nothing is kept */
	struct parktable *table;
	struct owners *owners; /* of pipes; NULL: there were none so far */
	struct wake flush, watch;
	uint64_t life; /* of the session that came up last */
	uint32_t table_generation, owners_generation;
	int64_t flush_ms; /* when `flush` is due, while it is armed */
	int64_t retry_ms; /* what the manager has dropped is tried again then */
	bool told;
};

/*
 * Takes what the service manager has handed over, and owns it from here on: before there are other
 * threads. 0 or negative errno.
 */
int keep_receive(struct keep *keep);

/* Where the guard can report already. 0 or negative errno. */
int keep_open(struct keep *keep, struct loop *loop, struct guard *guard, struct notify *notify);

/* What is kept stays so. All zero is fine. */
void keep_clear(struct keep *keep);

/* As struct guard calls them. */
void keep_moved(struct keep *keep, struct session *session);
void keep_freed(struct keep *keep, struct session *session);

/* After a takeover: be ready for more, and bring what is not in line so before long. */
void keep_settle(struct keep *keep);

/* The service manager may keep by now what it did not keep before. */
void keep_retry(struct keep *keep);

/*
 * The process ends and is to be followed by another: leave all in order, and let go of it. How many
 * the next one will find.
 */
unsigned keep_leave(struct keep *keep);

/* The same where all is not in order: it will find what there is. */
void keep_abandon(struct keep *keep);

/* The process ends for good: nothing is to be kept. */
void keep_forget(struct keep *keep);

/* Of what the sessions' sockets depend on. */
uint64_t keep_fingerprint(const struct config_peer *config);

/* What is not in line on the shelves is brought so before long. And what cannot be kept is told. */
void keep_tidy(struct keep *keep);
void keep_trouble(struct keep *keep, int error);

/* Something is not as it should be with what is kept. */
__attribute__((format(printf, 2, 3))) void keep_warn(struct keep *keep, const char *format, ...);

#endif
