/* SPDX-License-Identifier: ISC */
#include "host/ring.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* Lies before each record. Everything in the ring is a multiple of its size, so it always fits. */
struct ring_head {
	uint64_t size;
	uint64_t tag;
};

/* A size no record can have: the rest of the memory is unused, go on at its beginning. */
#define RING_SKIP UINT64_MAX

static size_t
round_up(size_t size)
{
	return (size + sizeof(struct ring_head) - 1) / sizeof(struct ring_head) *
	       sizeof(struct ring_head);
}

static struct ring_head *
head_at(const struct ring *ring, size_t offset)
{
	return (struct ring_head *)(void *)(ring->memory + offset);
}

int
ring_init(struct ring *ring, size_t capacity)
{
	capacity = round_up(capacity);

	/* Not calloc(): pages that are never written shall never exist. */
	unsigned char *memory = malloc(capacity);

	if (memory == NULL)
		return -ENOMEM;
	*ring = (struct ring){.memory = memory, .capacity = capacity};
	return 0;
}

void
ring_clear(struct ring *ring)
{
	free(ring->memory);
	*ring = (struct ring){0};
}

int
ring_push(struct ring *ring, const void *bytes, size_t size, uint64_t tag)
{
	if (size > ring->capacity)
		return -ENOBUFS;

	size_t need = sizeof(struct ring_head) + round_up(size);
	size_t end = ring->capacity - ring->write;
	size_t gap = need > end ? end : 0;

	if (need + gap > ring->capacity - ring->used)
		return -ENOBUFS;
	if (gap > 0) {
		head_at(ring, ring->write)->size = RING_SKIP;
		ring->write = 0;
		ring->used += gap;
	}
	*head_at(ring, ring->write) = (struct ring_head){.size = size, .tag = tag};
	if (size > 0)
		memcpy(head_at(ring, ring->write) + 1, bytes, size);
	ring->used += need;
	ring->write = (ring->write + need) % ring->capacity;
	return 0;
}

int
ring_peek(const struct ring *ring, struct ring_record *ret)
{
	if (ring->used == 0)
		return -ENOENT;

	const struct ring_head *head = head_at(ring, ring->read);

	*ret = (struct ring_record){.bytes = head + 1, .size = head->size, .tag = head->tag};
	return 0;
}

void
ring_pop(struct ring *ring)
{
	assert(ring->used > 0);

	size_t need = sizeof(struct ring_head) + round_up(head_at(ring, ring->read)->size);

	ring->used -= need;
	ring->read = (ring->read + need) % ring->capacity;
	if (ring->used == 0) {
		ring->read = ring->write = 0;
	} else if (head_at(ring, ring->read)->size == RING_SKIP) {
		ring->used -= ring->capacity - ring->read;
		ring->read = 0;
	}
}
