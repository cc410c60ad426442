/* SPDX-License-Identifier: ISC */
#ifndef KAGUARD_POLICY_AGENDA_H
#define KAGUARD_POLICY_AGENDA_H

/*
 * Many moments and the earliest of them, so that one timer serves for all: a heap. What is due is
 * embedded in its owner.
 */

#include <stddef.h>
#include <stdint.h>

struct agenda_item {
	int64_t due_ms;
	uint32_t place; /* in the agenda, from 1; 0: not in it */
};

/* All zero is empty. */
struct agenda {
	struct agenda_item **items;
	size_t n, room;
};

/* Have room for that many; setting takes no memory then. 0, or -ENOMEM with the room it had. */
int agenda_reserve(struct agenda *agenda, size_t room);

/* Put it in where it is not, and let it be due then. */
void agenda_set(struct agenda *agenda, struct agenda_item *item, int64_t due_ms);

/* Take it out, if it is in. */
void agenda_remove(struct agenda *agenda, struct agenda_item *item);

/* The earliest, or NULL. */
struct agenda_item *agenda_first(const struct agenda *agenda);

/* The item, as it is, lies at another address now. */
void agenda_moved(struct agenda *agenda, struct agenda_item *item);

void agenda_clear(struct agenda *agenda);

#endif
