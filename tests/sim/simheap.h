/* SPDX-License-Identifier: ISC */
#ifndef KAGUARD_TESTS_SIMHEAP_H
#define KAGUARD_TESTS_SIMHEAP_H

/* What is due in a simulation, first things first, and in the order of their coming. */

#include <stdbool.h>
#include <stdint.h>

struct attempt;

struct simevent {
	int64_t at_ms;
	uint64_t id;
	struct attempt *what;
};

/* All zero is an empty one. */
struct simheap {
	struct simevent *events;
	unsigned n, room;
	uint64_t last_id;
};

/* Returns the event's id, which is never 0. */
uint64_t simheap_add(struct simheap *heap, struct attempt *what, int64_t at_ms);

/* Whether anything is due by then. */
bool simheap_due(const struct simheap *heap, int64_t by_ms);

/* The first; there is one. */
struct simevent simheap_take(struct simheap *heap);

void simheap_clear(struct simheap *heap);

#endif
