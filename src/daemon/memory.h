/* SPDX-License-Identifier: ISC */
#ifndef KAGUARD_DAEMON_MEMORY_H
#define KAGUARD_DAEMON_MEMORY_H

/*
 * Keeps what was learnt about peers in the state directory. Written soon after it has changed, by a
 * thread of its own, since a disk may be slow; what cannot be written is tried again.
 */

#include <stdbool.h>
#include <stdint.h>

#include "daemon/lore.h"
#include "net/loop.h"

struct courier;
struct guard;
struct memory_writer;
struct peer;

struct memory {
	struct guard *guard;
	struct wake wake;
	struct lore lore;
	struct memory_writer *writer; /* NULL until there is something to write */
	char *directory;	      /* NULL: nothing is kept */
	uint64_t posted;
	bool dirty;
	bool told; /* that it cannot be written */
};

/* Reads what there is. 0, or -ENOMEM: a file that is of no use is told, and no obstacle. */
int memory_open(struct memory *memory, struct loop *loop, struct guard *guard);

/* Writes what is to be written, for at most so long. All zero is fine. */
void memory_close(struct memory *memory, int wait_ms);

/* Something about a peer is known that the next daemon has to know, too. NULL is fine, here and
 * below. */
void memory_learnt(struct memory *memory);

/* Of a new peer, or one in a new network: fill in what was known about it there. */
void memory_recall(const struct memory *memory, struct peer *peer);

/* Before peers may go: what is known of them is theirs no longer. And before one of them is in
 * another network. */
void memory_note(struct memory *memory);
void memory_note_one(struct memory *memory, const struct peer *peer);

#endif
