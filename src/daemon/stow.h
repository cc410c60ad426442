/* SPDX-License-Identifier: ISC */
#ifndef KAGUARD_DAEMON_STOW_H
#define KAGUARD_DAEMON_STOW_H

/*
 * What tunnels have to keep beyond the end of this process: descriptors that are no session's, with
 * an entry of their own in the table of the parked.
 */

#include <stdbool.h>
#include <stdint.h>

#include "host/parktable.h"

struct keep;
struct peer;

/* All zero: nothing is stowed. */
struct stowed {
	uint64_t life;
	uint32_t slot;
};

/* An entry of that kind; of what belongs to a peer, if there is one. */
struct parktable_entry stow_entry(enum parktable_kind kind, const struct peer *peer);

/*
 * The first step: the table knows of it, under that number, which keep->life gives. The second: it
 * is parked, and fd has to stay open as long. 0 or negative errno, with nothing stowed.
 */
int stow_claim(struct keep *keep, struct stowed *stowed, struct parktable_entry *entry);
int stow_put(struct keep *keep, struct stowed *stowed, int fd);

/* Another one beside it in the same slot, whose entry names it as its partner. */
int stow_put_second(struct keep *keep, const struct stowed *stowed, uint64_t life, int fd);

/* What the table knows is to be this. */
void stow_write(
    struct keep *keep, const struct stowed *stowed, const struct parktable_entry *entry);

/* It is not to be kept any longer, nor what is beside it; of that alone, it alone. */
void stow_remove(struct keep *keep, struct stowed *stowed);

/*
 * There will be pipes: the service manager shall have the memory that says whose bytes are in them
 * long before there are any, for it takes its time. False: it cannot be kept.
 */
bool stow_ready(struct keep *keep);

/* Ask the service manager once more to keep it. */
void stow_store(struct keep *keep);

/*
 * Before the first pipe: wait until the manager has been given all that there is to be kept, as it
 * is a moment later; though not for one that hangs. At the start only, where nothing else waits.
 */
void stow_await(struct keep *keep);

/* Whose bytes are in the pipe of that slot; NULL: that cannot be kept. */
volatile uint64_t *stow_owner(struct keep *keep, uint32_t slot);

/* Take up what the store has of them. */
void stow_attach(struct keep *keep);

/* Nothing is to be kept. */
void stow_forget(struct keep *keep);

#endif
