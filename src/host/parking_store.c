/* SPDX-License-Identifier: ISC */
#include "host/parking_store.h"

#include <errno.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "host/shelf.h"

/* Shelves filled anew at a time: until the manager has let go of the old ones, what lies on both
 * counts twice against RLIMIT_NOFILE. */
#define FLUSH_SHELVES 8

void
parking_close_shelf(struct shelf *shelf)
{
	if (shelf->write_fd >= 0)
		close(shelf->write_fd);
	if (shelf->old_fd >= 0)
		close(shelf->old_fd);
	shelf->write_fd = shelf->old_fd = -1;
}

void
parking_set_dirty(struct parking *p, struct shelf *shelf, bool dirty)
{
	p->dirty += (unsigned)dirty - (unsigned)shelf->dirty;
	shelf->dirty = dirty;
}

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
	parking_set_dirty(p, shelf, false);
	return epoll_ctl(p->watch_fd, EPOLL_CTL_ADD, write_fd, &event) < 0 ? -errno : 0;
}

int
parking_refill(struct parking *p, struct shelf *shelf)
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
	parking_close_shelf(shelf);
	shelf->generation = shelf->sent = 0;
	parking_set_dirty(p, shelf, false);
	return 0;
}

int
parking_flush(struct parking *p, bool refused)
{
	unsigned left = FLUSH_SHELVES;

	p->room = 0;
	if (refused)
		p->refused = false;
	for (unsigned i = 0; i < p->n_shelves && p->dirty > 0; i++) {
		struct shelf *shelf = p->shelves[i];
		int r;

		if (!shelf->dirty || (shelf->refused && !refused))
			continue;
		if (left-- == 0)
			return 1;
		r = shelf->n > 0 ? parking_refill(p, shelf) : clear(p, shelf);
		if (r < 0)
			return r;
	}
	return parking_reserve(p);
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
	unsigned dropped = 0;
	int n;

	while ((n = epoll_wait(p->watch_fd, events, 16, 0)) > 0)
		for (int i = 0; i < n; i++) {
			struct shelf *shelf = events[i].data.ptr;

			parking_close_shelf(shelf);
			shelf->refused = p->refused = true;
			parking_set_dirty(p, shelf, true);
			dropped++;
		}
	return dropped;
}
