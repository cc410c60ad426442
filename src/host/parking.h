/* SPDX-License-Identifier: ISC */
#ifndef KAGUARD_HOST_PARKING_H
#define KAGUARD_HOST_PARKING_H

/*
 * Duplicates of sockets, kept where the end of this process does not reach them.
 *
 * A shelf is a pair of unix sockets. What is parked is sent into it and never read, so it lies in
 * the queue of the reading end; that end is put into the service manager's descriptor store, and
 * nobody else keeps it. The writing end stays here: more can be sent at any time without anybody's
 * help, and its hang-up says that the manager has dropped the other one.
 *
 * The daemon after this one peeks: that makes duplicates and leaves the queue as it is, so there is
 * no moment at which its end would lose anything. A queue does not give up one of its members. So a
 * shelf in which one is not wanted any more is filled anew, and takes the place of the old one.
 */

#include <stdbool.h>
#include <stdint.h>

#include "host/store.h"

/* Sockets on a shelf: what one message can carry (SCM_MAX_FD in include/net/scm.h). */
#define PARKING_SHELF 253u

/* Two sockets that belong together may go by one slot: this is in the number of the second. */
#define PARKING_SECOND (1u << 31)

struct parking;

/* A socket and what it goes by: the number that its user gave it, which must not be used twice. */
struct parked {
	uint64_t life;
	uint32_t slot;
	uint32_t shelf; /* where it was found */
	int fd;
};

/* notify outlives it. 0 or negative errno. */
int parking_new(struct notify *notify, struct parking **ret);

/* What is stored stays there; NULL is fine. */
void parking_free(struct parking *parking);

/*
 * A shelf that is in the store under that generation; 0: one that is not there yet. And how many
 * lie on it, which says whether all of them are known, and in how many messages. 0 or -ENOMEM.
 */
int parking_add(struct parking *parking, uint32_t generation, uint32_t *ret_shelf);
void parking_found(struct parking *parking, uint32_t shelf, unsigned sent, unsigned letters);

/* That one lies on its shelf rightly; fd stays the caller's. 0, -ENOSPC or -ENOMEM. */
int parking_know(struct parking *parking, const struct parked *parked);

/*
 * Park that one. It is known in any case until parking_remove(), and fd must stay open as long.
 * 0: it is in the queue of a shelf. Negative errno: it is not, until parking_flush() succeeds.
 */
int parking_put(struct parking *parking, const struct parked *parked);

/*
 * See to it that the manager has queues with room before there is anything to put into them;
 * parking_put() and parking_flush() do so as well. 0 or negative errno.
 */
int parking_reserve(struct parking *parking);

/* The socket in this slot is not to be kept any longer. */
void parking_remove(struct parking *parking, uint32_t slot);

/*
 * Bring every shelf in line that is not; those that the manager has dropped before, if `refused`.
 * 1: there are more, for soon. 0: none. Or the negative errno of one that could not be.
 */
int parking_flush(struct parking *parking, bool refused);

/* Whether there is something for parking_flush() to do. */
bool parking_dirty(const struct parking *parking);

/*
 * Becomes readable when the manager has dropped a shelf; parking_look() returns how many it has.
 * What lay there is parked again by the next flush of the refused.
 */
int parking_watch_fd(const struct parking *parking);
unsigned parking_look(struct parking *parking);

/* Have the manager forget all shelves. */
void parking_forget(struct parking *parking);

unsigned parking_shelves(const struct parking *parking);

/* A generation that nothing in the store has, and above that one. */
uint32_t parking_generation(struct parking *parking, uint32_t above);

#endif
