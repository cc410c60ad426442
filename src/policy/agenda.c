/* SPDX-License-Identifier: ISC */
#include "policy/agenda.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>

int
agenda_reserve(struct agenda *agenda, size_t room)
{
	struct agenda_item **items;

	if (room <= agenda->room)
		return 0;
	if (room < 2 * agenda->room)
		room = 2 * agenda->room;
	items = reallocarray(agenda->items, room, sizeof(struct agenda_item *));
	if (items == NULL)
		return -ENOMEM;
	agenda->items = items;
	agenda->room = room;
	return 0;
}

static void
put(struct agenda *agenda, size_t at, struct agenda_item *item)
{
	agenda->items[at] = item;
	item->place = (uint32_t)at + 1;
}

/* Let it find its place from `at` on, which is free. */
static void
sift(struct agenda *agenda, size_t at, struct agenda_item *item)
{
	struct agenda_item **items = agenda->items;
	size_t child;

	for (; at > 0 && item->due_ms < items[(at - 1) / 2]->due_ms; at = (at - 1) / 2)
		put(agenda, at, items[(at - 1) / 2]);
	while ((child = 2 * at + 1) < agenda->n) {
		if (child + 1 < agenda->n && items[child + 1]->due_ms < items[child]->due_ms)
			child++;
		if (item->due_ms <= items[child]->due_ms)
			break;
		put(agenda, at, items[child]);
		at = child;
	}
	put(agenda, at, item);
}

void
agenda_set(struct agenda *agenda, struct agenda_item *item, int64_t due_ms)
{
	size_t at = item->place > 0 ? item->place - 1 : agenda->n;

	if (item->place == 0) {
		assert(agenda->n < agenda->room);
		agenda->n++;
	}
	item->due_ms = due_ms;
	sift(agenda, at, item);
}

void
agenda_remove(struct agenda *agenda, struct agenda_item *item)
{
	struct agenda_item *last;

	if (item->place == 0)
		return;
	last = agenda->items[--agenda->n];
	if (last != item)
		sift(agenda, item->place - 1, last);
	item->place = 0;
}

struct agenda_item *
agenda_first(const struct agenda *agenda)
{
	return agenda->n > 0 ? agenda->items[0] : NULL;
}

void
agenda_moved(struct agenda *agenda, struct agenda_item *item)
{
	if (item->place > 0)
		agenda->items[item->place - 1] = item;
}

void
agenda_clear(struct agenda *agenda)
{
	free(agenda->items);
	*agenda = (struct agenda){0};
}
