/* SPDX-License-Identifier: ISC */
#include "host/parking.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "host/shelf.h"

#define NOWHERE UINT32_MAX

/* Messages on a shelf, beyond which it is filled anew with one: 253 make peeking ten times slower.
 */
#define MAX_LETTERS 16

/* Shelves filled anew at a time: until the manager has let go of the old ones, what lies on both
 * counts twice against RLIMIT_NOFILE. */
#define FLUSH_SHELVES 8

/*
 * `sent` counts what is in the queue, `n` what of it is wanted. Where that is not the same, or
 * something wanted is not in the queue, the shelf is dirty.
 */
struct shelf {
	int old_fd;   /* of the queue before, until the manager has this one in its place; or -1 */
	int write_fd; /* -1: it is of the daemon before this one, or the manager has dropped it */
	uint32_t generation; /* as it is called in the store; 0: it is not there yet */
	unsigned sent, n;
	unsigned letters; /* messages that it took: peeking walks past them all, for each again */
	bool dirty;
	bool refused; /* by the manager: not tried again but by a flush */
	struct parked parked[PARKING_SHELF];
};

struct parking {
	struct notify *notify;
	struct shelf **shelves;
	unsigned n_shelves;
	uint32_t *where; /* of each slot: shelf * PARKING_SHELF + place, or NOWHERE */
	uint32_t n_slots;
	uint32_t generation;
	unsigned dirty;
	unsigned room; /* on the shelves below, nothing can be put */
	int watch_fd;
};

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

static void
close_shelf(struct shelf *shelf)
{
	if (shelf->write_fd >= 0)
		close(shelf->write_fd);
	if (shelf->old_fd >= 0)
		close(shelf->old_fd);
	shelf->write_fd = shelf->old_fd = -1;
}

void
parking_free(struct parking *p)
{
	if (p == NULL)
		return;
	for (unsigned i = 0; i < p->n_shelves; i++) {
		close_shelf(p->shelves[i]);
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

static void
set_dirty(struct parking *p, struct shelf *shelf, bool dirty)
{
	p->dirty += (unsigned)dirty - (unsigned)shelf->dirty;
	shelf->dirty = dirty;
}

/* --- shelves and the store ------------------------------------------------------------------ */

/* The end that keeps goes to the manager and to nobody else, so its fate shows at the other one. */
static int
store(struct parking *p, struct shelf *shelf, int write_fd, int keep_fd)
{
	struct epoll_event event = {.events = 0, .data.ptr = shelf}; /* a hang-up comes unasked */
	char name[NOTIFY_NAME], old[NOTIFY_NAME];
	uint32_t generation = parking_generation(p, 0);
	int r = notify_store(p->notify, keep_fd, store_name_text(STORE_SHELF, generation, name),
	    shelf->generation != 0 ? store_name_text(STORE_SHELF, shelf->generation, old) : NULL);

	if (r < 0)
		return r;
	if (shelf->write_fd >= 0)
		epoll_ctl(p->watch_fd, EPOLL_CTL_DEL, shelf->write_fd, NULL);
	if (shelf->old_fd >= 0)
		close(shelf->old_fd);
	shelf->old_fd = shelf->write_fd;
	shelf->write_fd = write_fd;
	shelf->generation = generation;
	shelf->sent = shelf->n;
	shelf->letters = 1;
	shelf->refused = false;
	set_dirty(p, shelf, false);
	return epoll_ctl(p->watch_fd, EPOLL_CTL_ADD, write_fd, &event) < 0 ? -errno : 0;
}

/* Fill it anew, and let it take the place of what is in the store. */
static int
refill(struct parking *p, struct shelf *shelf)
{
	int write_fd, keep_fd;
	int r = shelf_pair(&write_fd, &keep_fd);

	if (r < 0)
		return r;
	r = shelf->n > 0 ? shelf_send(write_fd, shelf->parked, shelf->n) : 0;
	if (r == 0)
		r = store(p, shelf, write_fd, keep_fd);
	close(keep_fd);
	if (r < 0 && shelf->write_fd != write_fd)
		close(write_fd);
	return r;
}

/* Nothing is left on it. */
static int
clear(struct parking *p, struct shelf *shelf)
{
	char name[NOTIFY_NAME];
	int r = shelf->generation == 0 ? 0
				       : notify_forget(p->notify,
					     store_name_text(STORE_SHELF, shelf->generation, name));

	if (r < 0)
		return r;
	close_shelf(shelf);
	shelf->generation = shelf->sent = 0;
	set_dirty(p, shelf, false);
	return 0;
}

int
parking_flush(struct parking *p, bool refused)
{
	unsigned left = FLUSH_SHELVES;

	p->room = 0;
	for (unsigned i = 0; i < p->n_shelves && p->dirty > 0; i++) {
		struct shelf *shelf = p->shelves[i];
		int r;

		if (!shelf->dirty || (shelf->refused && !refused))
			continue;
		if (left-- == 0)
			return 1;
		r = shelf->n > 0 ? refill(p, shelf) : clear(p, shelf);
		if (r < 0)
			return r;
	}
	return 0;
}

bool
parking_dirty(const struct parking *p)
{
	return p->dirty > 0;
}

void
parking_forget(struct parking *p)
{
	char name[NOTIFY_NAME];

	for (unsigned i = 0; i < p->n_shelves; i++) {
		struct shelf *shelf = p->shelves[i];

		if (shelf->generation != 0)
			(void)notify_forget(
			    p->notify, store_name_text(STORE_SHELF, shelf->generation, name));
		shelf->generation = 0;
	}
}

unsigned
parking_shelves(const struct parking *p)
{
	unsigned n = 0;

	for (unsigned i = 0; i < p->n_shelves; i++)
		n += p->shelves[i]->generation != 0;
	return n;
}

int
parking_watch_fd(const struct parking *p)
{
	return p->watch_fd;
}

unsigned
parking_look(struct parking *p)
{
	struct epoll_event events[16];
	unsigned lost = 0;
	int n;

	while ((n = epoll_wait(p->watch_fd, events, 16, 0)) > 0)
		for (int i = 0; i < n; i++) {
			struct shelf *shelf = events[i].data.ptr;

			lost += shelf->n;
			close_shelf(shelf);
			shelf->refused = true;
			set_dirty(p, shelf, true);
		}
	return lost;
}

/* --- what lies where ------------------------------------------------------------------------ */

static int
make_room_for(struct parking *p, uint32_t slot)
{
	uint32_t n = p->n_slots > 0 ? p->n_slots : 256;
	uint32_t *where;

	if (slot < p->n_slots)
		return 0;
	while (n <= slot)
		n *= 2;
	where = reallocarray(p->where, n, sizeof(*where));
	if (where == NULL)
		return -ENOMEM;
	memset(where + p->n_slots, 0xff, (n - p->n_slots) * sizeof(*where));
	p->where = where;
	p->n_slots = n;
	return 0;
}

static int
place(struct parking *p, uint32_t shelf_number, const struct parked *parked)
{
	struct shelf *shelf = p->shelves[shelf_number];
	int r = make_room_for(p, parked->slot);

	if (r < 0)
		return r;
	p->where[parked->slot] = shelf_number * PARKING_SHELF + shelf->n;
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
	set_dirty(p, shelf, shelf->n != shelf->sent || shelf->letters > MAX_LETTERS);
	return r;
}

void
parking_found(struct parking *p, uint32_t shelf_number, unsigned sent, unsigned letters)
{
	struct shelf *shelf = p->shelves[shelf_number];

	shelf->sent = sent;
	shelf->letters = letters;
	set_dirty(p, shelf, true); /* one that is empty, too, until it is cleared */
}

/*
 * The shelf for one more: the first with room in its queue; else one of the daemon before that has
 * room once it is filled anew; else a new one. NOWHERE where there is no memory.
 */
static uint32_t
find_room(struct parking *p)
{
	uint32_t added;

	for (; p->room < p->n_shelves; p->room++) {
		const struct shelf *shelf = p->shelves[p->room];

		if (shelf->write_fd >= 0 && shelf->sent < PARKING_SHELF && shelf->n < PARKING_SHELF)
			return p->room;
	}
	for (uint32_t i = 0; i < p->n_shelves; i++)
		if (p->shelves[i]->write_fd < 0 && p->shelves[i]->n < PARKING_SHELF)
			return i;
	return parking_add(p, 0, &added) == 0 ? added : NOWHERE;
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
			set_dirty(p, shelf, true);
		return 0;
	}
	/* Its queue takes no more single messages (SO_SNDBUF), or there is none yet. */
	set_dirty(p, shelf, true);
	if (shelf->refused)
		return -ENOTCONN;
	if (p->room > number) /* it has a queue now, and maybe room in it */
		p->room = number;
	return refill(p, shelf);
}

void
parking_remove(struct parking *p, uint32_t slot)
{
	uint32_t at = slot < p->n_slots ? p->where[slot] : NOWHERE;
	struct shelf *shelf;
	struct parked *hole, *last;

	if (at == NOWHERE)
		return;
	p->where[slot] = NOWHERE;
	shelf = p->shelves[at / PARKING_SHELF];
	hole = &shelf->parked[at % PARKING_SHELF];
	last = &shelf->parked[--shelf->n];
	if (hole != last) {
		*hole = *last;
		p->where[hole->slot] = at;
	}
	set_dirty(p, shelf, true);
}
