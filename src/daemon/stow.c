/* SPDX-License-Identifier: ISC */
#include "daemon/stow.h"

#include <errno.h>
#include <string.h>

#include "daemon/guard.h"
#include "daemon/keep.h"
#include "daemon/peer.h"
#include "host/owners.h"

/* No session has it: a daemon that knows nothing of tunnels takes it for one that it does not want
 * any more. */
#define NO_INDEX UINT32_MAX

/* A service manager that has not taken what it was sent by then hangs. */
#define AWAIT_MS 100

struct parktable_entry
stow_entry(enum parktable_kind kind, const struct peer *peer)
{
	struct parktable_entry e = {.kind = (uint32_t)kind, .index = NO_INDEX, .peer = "-"};

	if (peer == NULL)
		return e;
	strncpy(e.peer, peer->config->name, sizeof(e.peer) - 1);
	e.target = keep_fingerprint(peer->config);
	e.since_ms = guard_now_ms(peer->guard);
	return e;
}

int
stow_claim(struct keep *keep, struct stowed *stowed, struct parktable_entry *e)
{
	uint32_t slot;
	int r = keep->table == NULL ? -ENOTSUP : parktable_take(keep->table, &slot);

	if (r < 0)
		return r;
	stowed->life = e->life;
	stowed->slot = slot;
	parktable_write(keep->table, slot, e);
	return 0;
}

static int
put(struct keep *keep, const struct parked *parked)
{
	int r = parking_put(keep->parking, parked);

	if (r < 0)
		keep_trouble(keep, r);
	keep_tidy(keep);
	return r;
}

int
stow_put(struct keep *keep, struct stowed *stowed, int fd)
{
	return put(keep, &(struct parked){.life = stowed->life, .slot = stowed->slot, .fd = fd});
}

int
stow_put_second(struct keep *keep, const struct stowed *stowed, uint64_t life, int fd)
{
	const uint32_t slot = stowed->slot | PARKING_SECOND;

	return put(keep, &(struct parked){.life = life, .slot = slot, .fd = fd});
}

void
stow_write(struct keep *keep, const struct stowed *stowed, const struct parktable_entry *e)
{
	parktable_write(keep->table, stowed->slot, e);
}

static void
clear_slot(struct keep *keep, uint32_t slot)
{
	if (keep->owners != NULL)
		*owners_at(keep->owners, slot) = 0;
	parktable_give(keep->table, slot);
	parking_remove(keep->parking, slot | PARKING_SECOND);
}

void
stow_remove(struct keep *keep, struct stowed *stowed)
{
	if (keep->table != NULL && stowed->life != 0) {
		if ((stowed->slot & PARKING_SECOND) == 0)
			clear_slot(keep, stowed->slot);
		parking_remove(keep->parking, stowed->slot);
		keep_tidy(keep);
	}
	*stowed = (struct stowed){0};
}

void
stow_store(struct keep *keep)
{
	char name[NOTIFY_NAME];

	if (keep->owners == NULL)
		return;
	store_name_text(STORE_OWNERS, keep->owners_generation, name);
	(void)notify_store(keep->notify, owners_fd(keep->owners), name, NULL);
}

void
stow_await(struct keep *keep)
{
	if (keep->owners != NULL)
		notify_await(keep->notify, AWAIT_MS);
}

bool
stow_ready(struct keep *keep)
{
	if (keep->table == NULL || keep->owners != NULL)
		return keep->owners != NULL;
	if (owners_new(&keep->owners) < 0)
		return false;
	keep->owners_generation = parking_generation(keep->parking, 0);
	stow_store(keep);
	return true;
}

volatile uint64_t *
stow_owner(struct keep *keep, uint32_t slot)
{
	return stow_ready(keep) ? owners_at(keep->owners, slot) : NULL;
}

void
stow_attach(struct keep *keep)
{
	char name[NOTIFY_NAME];

	for (unsigned i = 0; i < keep->store.n; i++) {
		struct store_item *item = &keep->store.items[i];

		if (item->name.kind != STORE_OWNERS)
			continue;
		if (keep->owners == NULL && owners_attach(item->fd, &keep->owners) == 0) {
			item->fd = -1;
			keep->owners_generation = item->name.generation;
			continue;
		}
		store_name_text(STORE_OWNERS, item->name.generation, name);
		(void)notify_forget(keep->notify, name);
	}
}

void
stow_forget(struct keep *keep)
{
	char name[NOTIFY_NAME];

	if (keep->owners == NULL)
		return;
	store_name_text(STORE_OWNERS, keep->owners_generation, name);
	(void)notify_forget(keep->notify, name);
}
