/* SPDX-License-Identifier: ISC */
#ifndef KAGUARD_HOST_RING_H
#define KAGUARD_HOST_RING_H

/*
 * A first-in first-out queue of byte records in one fixed piece of memory. A record lies in one
 * piece, so it can be used where it is until it is popped. An emptied ring starts again at its
 * beginning: a ring that is rarely full touches few of its pages.
 */

#include <stdint.h>
#include <stddef.h>

struct ring {
	unsigned char *memory;
	size_t capacity;
	size_t used;
	size_t read;
	size_t write;
};

/* A record in the ring: the bytes, and a number that came with them. */
struct ring_record {
	const void *bytes;
	size_t size;
	uint64_t tag;
};

int ring_init(struct ring *ring, size_t capacity);
void ring_clear(struct ring *ring);

/* 0, or -ENOBUFS where there is no room. */
int ring_push(struct ring *ring, const void *bytes, size_t size, uint64_t tag);

/* The oldest record, which stays in the ring; -ENOENT where there is none. */
int ring_peek(const struct ring *ring, struct ring_record *ret);

/* Forgets the oldest record. The ring must not be empty. */
void ring_pop(struct ring *ring);

#endif
