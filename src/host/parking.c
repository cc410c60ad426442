/* SPDX-License-Identifier: ISC */
#include "host/parking.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "host/parking_store.h"
#include "host/shelf.h"

#define NOWHERE UINT32_MAX

/* Messages on a shelf, beyond which it is filled anew with one: 253 make peeking ten times slower.
 */
#define MAX_LETTERS 16

/* Places that are ready in queues which the manager has already, so that what is put there is kept
 * from that instant on, however busy the manager is and this process's courier. */
#define READY (PARKING_SHELF / 2)

/* A shelf of the daemon before is filled anew for no fewer places than that. */
#define WORTH 16

int
parking_new(struct notify *notify, struct parking **ret)
{
	struct parking *p = calloc(1, sizeof(*p));

	if (p == NULL)
		return -ENOMEM;
	p->notify = notify;
	p->watch_fd = epoll_create1(EPOLL_CLOEXEC);
	if (p->watch_fd < 0) {
		free(p);
		return -errno;
	}
	*ret = p;
	return 0;
}

void
parking_free(struct parking *p)
{
	if (p == NULL)
		return;
	for (unsigned i = 0; i < p->n_shelves; i++) {
		parking_close_shelf(p->shelves[i]);
		free(p->shelves[i]);
	}
	close(p->watch_fd);
	free(p->shelves);
	free(p->where);
	free(p);
}

uint32_t
parking_generation(struct parking *p, uint32_t above)
{
	if (p->generation < above)
		p->generation = above;
	return ++p->generation;
}

int
parking_add(struct parking *p, uint32_t generation, uint32_t *ret_shelf)
{
	struct shelf **shelves = reallocarray(p->shelves, p->n_shelves + 1, sizeof(*shelves));
	struct shelf *shelf;

	if (shelves == NULL)
		return -ENOMEM;
	p->shelves = shelves;
	shelf = calloc(1, sizeof(*shelf));
	if (shelf == NULL)
		return -ENOMEM;
	shelf->write_fd = shelf->old_fd = -1;
	shelf->generation = generation;
	*ret_shelf = p->n_shelves;
	p->shelves[p->n_shelves++] = shelf;
	return 0;
}

static uint32_t
index_of(uint32_t slot)
{
	return (slot & ~PARKING_SECOND) * 2 + slot / PARKING_SECOND;
}

static int
make_room_for(struct parking *p, uint32_t index)
{
	uint32_t n = p->n_where > 0 ? p->n_where : 256;
	uint32_t *where;

	if (index < p->n_where)
		return 0;
	while (n <= index)
		n *= 2;
	where = reallocarray(p->where, n, sizeof(*where));
	if (where == NULL)
		return -ENOMEM;
	memset(where + p->n_where, 0xff, (n - p->n_where) * sizeof(*where));
	p->where = where;
	p->n_where = n;
	return 0;
}

static int
place(struct parking *p, uint32_t shelf_number, const struct parked *parked)
{
	struct shelf *shelf = p->shelves[shelf_number];
	uint32_t index = index_of(parked->slot);
	int r = make_room_for(p, index);

	if (r < 0)
		return r;
	p->where[index] = shelf_number * PARKING_SHELF + shelf->n;
	shelf->parked[shelf->n++] = *parked;
	return 0;
}

int
parking_know(struct parking *p, const struct parked *parked)
{
	struct shelf *shelf;
	int r;

	if (parked->shelf >= p->n_shelves || p->shelves[parked->shelf]->n == PARKING_SHELF)
		return -ENOSPC;
	r = place(p, parked->shelf, parked);
	shelf = p->shelves[parked->shelf];
	parking_set_dirty(p, shelf, shelf->n != shelf->sent || shelf->letters > MAX_LETTERS);
	return r;
}

void
parking_found(struct parking *p, uint32_t shelf_number, unsigned sent, unsigned letters)
{
	struct shelf *shelf = p->shelves[shelf_number];

	shelf->sent = sent;
	shelf->letters = letters;
	parking_set_dirty(p, shelf, true); /* one that is empty, too, until it is cleared */
}

/* A shelf of the daemon before with so many places, which it has once it is filled anew. */
static uint32_t
find_old(const struct parking *p, unsigned places)
{
	for (uint32_t i = 0; i < p->n_shelves; i++)
		if (p->shelves[i]->write_fd < 0 && p->shelves[i]->n + places <= PARKING_SHELF)
			return i;
	return NOWHERE;
}

/* That, or else a new one; NOWHERE where there is no memory. */
static uint32_t
find_other(struct parking *p, unsigned places)
{
	uint32_t found = find_old(p, places);

	return found != NOWHERE || parking_add(p, 0, &found) == 0 ? found : NOWHERE;
}

/* Places in its queue. */
static unsigned
room_of(const struct shelf *shelf)
{
	unsigned most = shelf->sent > shelf->n ? shelf->sent : shelf->n;

	return shelf->write_fd >= 0 ? PARKING_SHELF - most : 0;
}

/* The shelf for one more: the first with room in its queue, else another one. */
static uint32_t
find_room(struct parking *p)
{
	for (; p->room < p->n_shelves; p->room++)
		if (room_of(p->shelves[p->room]) > 0)
			return p->room;
	return find_other(p, 1);
}

int
parking_reserve(struct parking *p)
{
	unsigned ready = 0;

	if (p->refused)
		return 0;
	for (uint32_t i = p->room; i < p->n_shelves && ready < READY; i++)
		ready += room_of(p->shelves[i]);
	while (ready < READY) {
		uint32_t number = find_other(p, WORTH);
		int r = number == NOWHERE ? -ENOMEM : parking_refill(p, p->shelves[number]);

		if (r < 0)
			return r;
		if (p->room > number)
			p->room = number;
		ready += room_of(p->shelves[number]);
	}
	return 0;
}

/* What came while the manager had not yet taken the shelf lies in both queues. That of the old one
 * breaks when it is forgotten, which is after the new one was stored. */
static void
send_to_old(struct shelf *shelf, const struct parked *parked)
{
	if (shelf->old_fd < 0 || shelf_send(shelf->old_fd, parked, 1) == 0)
		return;
	close(shelf->old_fd);
	shelf->old_fd = -1;
}

int
parking_put(struct parking *p, const struct parked *parked)
{
	uint32_t number = find_room(p);
	struct shelf *shelf;
	int r = number == NOWHERE ? -ENOMEM : place(p, number, parked);

	if (r < 0)
		return r;
	shelf = p->shelves[number];
	if (shelf->write_fd >= 0 && shelf_send(shelf->write_fd, parked, 1) == 0) {
		send_to_old(shelf, parked);
		shelf->letters++;
		if (++shelf->sent == PARKING_SHELF)
			parking_set_dirty(p, shelf, true);
		(void)parking_reserve(p); /* it is tried again for the next one */
		return 0;
	}
	/* Its queue takes no more single messages (SO_SNDBUF), or there is none yet. */
	parking_set_dirty(p, shelf, true);
	if (shelf->refused)
		return -ENOTCONN;
	if (p->room > number) /* it has a queue now, and maybe room in it */
		p->room = number;
	return parking_refill(p, shelf);
}

void
parking_remove(struct parking *p, uint32_t slot)
{
	uint32_t index = index_of(slot), at = index < p->n_where ? p->where[index] : NOWHERE;
	struct shelf *shelf;
	struct parked *hole, *last;

	if (at == NOWHERE)
		return;
	p->where[index] = NOWHERE;
	shelf = p->shelves[at / PARKING_SHELF];
	hole = &shelf->parked[at % PARKING_SHELF];
	last = &shelf->parked[--shelf->n];
	if (hole != last) {
		*hole = *last;
		p->where[index_of(hole->slot)] = at;
	}
	parking_set_dirty(p, shelf, true);
}
