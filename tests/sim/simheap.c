/* SPDX-License-Identifier: ISC */
#include "simheap.h"

#include <assert.h>
#include <stdlib.h>

static bool
earlier(const struct simevent *a, const struct simevent *b)
{
	return a->at_ms != b->at_ms ? a->at_ms < b->at_ms : a->id < b->id;
}

uint64_t
simheap_add(struct simheap *heap, struct attempt *what, int64_t at_ms)
{
	struct simevent event = {at_ms, ++heap->last_id, what}, *events;
	unsigned i = heap->n++;

	if (heap->n > heap->room) {
		heap->room = heap->room * 2 + 64;
		heap->events = reallocarray(heap->events, heap->room, sizeof(*events));
		assert(heap->events != NULL);
	}
	events = heap->events;
	for (; i > 0 && earlier(&event, &events[(i - 1) / 2]); i = (i - 1) / 2)
		events[i] = events[(i - 1) / 2];
	events[i] = event;
	return event.id;
}

bool
simheap_due(const struct simheap *heap, int64_t by_ms)
{
	return heap->n > 0 && heap->events[0].at_ms <= by_ms;
}

struct simevent
simheap_take(struct simheap *heap)
{
	struct simevent *events = heap->events, first = events[0], last = events[--heap->n];
	unsigned i = 0, child;

	while ((child = 2 * i + 1) < heap->n) {
		if (child + 1 < heap->n && earlier(&events[child + 1], &events[child]))
			child++;
		if (!earlier(&events[child], &last))
			break;
		events[i] = events[child];
		i = child;
	}
	events[i] = last;
	return first;
}

void
simheap_clear(struct simheap *heap)
{
	free(heap->events);
	*heap = (struct simheap){0};
}
