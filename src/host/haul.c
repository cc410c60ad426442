/* SPDX-License-Identifier: ISC */
#include "host/haul.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "host/shelf.h"

static int
add(struct haul *haul, const struct parked *parked, unsigned n)
{
	if (haul->n + n > haul->room) {
		unsigned room = haul->room * 2 + PARKING_SHELF;
		struct parked *list = reallocarray(haul->list, room, sizeof(*list));

		if (list == NULL)
			return -ENOMEM;
		haul->list = list;
		haul->room = room;
	}
	for (unsigned i = 0; i < n; i++)
		haul->list[haul->n++] = parked[i];
	return 0;
}

static int
take_shelf(struct haul *haul, uint32_t shelf, int fd, unsigned *letters)
{
	struct parked message[PARKING_SHELF];
	unsigned bad, n;

	if (shelf_rewind(fd) < 0) {
		haul->bad++;
		return 0;
	}
	while ((n = shelf_peek(fd, message, &bad)) > 0 || bad > 0) {
		haul->bad += bad;
		++*letters;
		for (unsigned i = 0; i < n; i++)
			message[i].shelf = shelf;
		if (add(haul, message, n) < 0) {
			while (n > 0)
				close(message[--n].fd);
			return -ENOMEM;
		}
	}
	return 0;
}

/* By name, and then by shelf: the youngest were added first. */
static int
by_life(const void *a, const void *b)
{
	const struct parked *x = a, *y = b;

	if (x->life != y->life)
		return x->life < y->life ? -1 : 1;
	return x->shelf < y->shelf ? -1 : x->shelf > y->shelf;
}

/* The same socket on two shelves: the end came while one was taking the place of the other. */
static void
drop_duplicates(struct haul *haul)
{
	unsigned n = 0;

	if (haul->n > 0)
		qsort(haul->list, haul->n, sizeof(*haul->list), by_life);
	for (unsigned i = 0; i < haul->n; i++) {
		if (n > 0 && haul->list[n - 1].life == haul->list[i].life)
			close(haul->list[i].fd); /* not shut down: the session lives */
		else
			haul->list[n++] = haul->list[i];
	}
	haul->n = n;
}

int
haul_take(struct haul *haul, struct parking *parking, struct store *store)
{
	*haul = (struct haul){0};
	for (unsigned i = 0; i < store->n; i++) {
		struct store_item *item = &store->items[i];
		unsigned before = haul->n, bad = haul->bad;
		unsigned letters = 0;
		uint32_t shelf;
		int r;

		if (item->name.kind != STORE_SHELF)
			continue;
		r = parking_add(parking, item->name.generation, &shelf);
		if (r == 0)
			r = take_shelf(haul, shelf, item->fd, &letters);
		if (r < 0) {
			haul_clear(haul);
			return r;
		}
		close(item->fd);
		item->fd = -1;
		/* None of them is known yet, so it is dirty until they all are. */
		parking_found(parking, shelf, haul->n - before + haul->bad - bad, letters);
	}
	drop_duplicates(haul);
	return 0;
}

void
haul_clear(struct haul *haul)
{
	while (haul->n-- > 0)
		if (haul->list[haul->n].fd >= 0)
			close(haul->list[haul->n].fd);
	free(haul->list);
	*haul = (struct haul){0};
}
