/* SPDX-License-Identifier: ISC */
#include "daemon/salvage.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "config/config.h"
#include "daemon/forward.h"
#include "daemon/forward_client.h"
#include "daemon/guard.h"
#include "daemon/keep.h"
#include "daemon/peer.h"
#include "daemon/residue.h"
#include "net/listener.h"

static bool
fits(uint32_t kind, int fd)
{
	struct stat status;

	if (fstat(fd, &status) < 0)
		return false;
	return kind == PARKTABLE_PIPE ? S_ISFIFO(status.st_mode) : S_ISSOCK(status.st_mode);
}

bool
salvage_add(struct salvage *salvage, const struct parked *parked, const struct parktable_entry *e)
{
	struct salvaged *item;
	bool second;

	if (!fits(e->kind, parked->fd))
		return false;
	if (salvage->n == salvage->room) {
		unsigned room = salvage->room * 2 + 64;
		struct salvaged *list = reallocarray(salvage->list, room, sizeof(*list));

		if (list == NULL)
			return false;
		salvage->list = list;
		salvage->room = room;
	}
	item = &salvage->list[salvage->n++];
	second = (parked->slot & PARKING_SECOND) != 0;
	*item = (struct salvaged){.stowed = {.life = parked->life, .slot = parked->slot},
	    .partner = second ? e->life : e->partner,
	    .since_ms = e->since_ms,
	    .kind = second ? PARKTABLE_CARRIER : e->kind,
	    .fd = parked->fd};
	_Static_assert(sizeof(item->peer) == sizeof(e->peer), "a name fits");
	memcpy(item->peer, e->peer, sizeof(item->peer));
	return true;
}

static int
by_life(const void *a, const void *b)
{
	const struct salvaged *x = a, *y = b;

	return (x->stowed.life > y->stowed.life) - (x->stowed.life < y->stowed.life);
}

struct salvaged *
salvage_find(const struct salvage *salvage, uint64_t life, enum parktable_kind kind)
{
	const struct salvaged key = {.stowed.life = life};
	struct salvaged *found = salvage->n == 0 ? NULL
						 : bsearch(&key, salvage->list, salvage->n,
						       sizeof(*salvage->list), by_life);

	return found != NULL && found->kind == (uint32_t)kind ? found : NULL;
}

static struct peer *
peer_of(const struct salvaged *item, struct forwards *all, const struct config *config)
{
	const struct config_peer *found = config_find(config, item->peer);

	return found != NULL ? all->guard->peers[found - config->peers] : NULL;
}

/* True: it goes on. */
static bool
restore_client(struct salvage *salvage, struct salvaged *item, struct forwards *all,
    const struct config *config)
{
	struct salvaged *other =
	    item->partner != 0 ? salvage_find(salvage, item->partner, PARKTABLE_CARRIER) : NULL;
	struct peer *peer = peer_of(item, all, config);

	if (peer == NULL || item->robbed)
		return false;
	/* It waited for a session, or it had one. */
	if (item->partner != 0 &&
	    (other == NULL || other->partner != item->stowed.life || other->fd < 0))
		return false;
	item->client = forward_adopt(peer, item, other);
	if (item->client == NULL)
		return false;
	item->fd = -1;
	if (other != NULL)
		other->fd = -1;
	return true;
}

static void
say(struct forwards *all, unsigned taken, unsigned found)
{
	struct report *report = &all->guard->report;
	struct journal_fields none = JOURNAL_NO_FIELDS;
	char text[128];

	snprintf(text, sizeof(text), "took over %u of %u client%s of tunnels", taken, found,
	    found == 1 ? "" : "s");
	report->say(report, MESSAGE_TAKEN_OVER, LOG_NOTICE, &none, text);
}

void
salvage_restore(struct salvage *salvage, struct forwards *all, const struct config *config)
{
	unsigned found = 0, taken = 0;

	if (salvage->n > 0)
		qsort(salvage->list, salvage->n, sizeof(*salvage->list), by_life);
	residue_look(salvage, all->keep);
	for (unsigned i = 0; i < salvage->n; i++) {
		if (salvage->list[i].kind != PARKTABLE_CLIENT)
			continue;
		found++;
		taken += restore_client(salvage, &salvage->list[i], all, config);
	}
	residue_restore(salvage, all->keep);
	if (found > 0)
		say(all, taken, found);
}

int
salvage_listener(struct salvage *salvage, const struct listener_wish *wish, struct salvaged *ret)
{
	for (unsigned i = 0; i < salvage->n; i++) {
		struct salvaged *item = &salvage->list[i];

		if (item->kind != PARKTABLE_LISTENER || item->fd < 0 ||
		    listener_check(item->fd) < 0 || !listener_fits(item->fd, wish))
			continue;
		*ret = *item;
		item->fd = -1;
		return 1;
	}
	return 0;
}

/* It lies on a shelf still, so it takes more than close(). */
static void
end(const struct salvaged *item)
{
	const struct sockaddr nowhere = {.sa_family = AF_UNSPEC};

	if (item->kind == PARKTABLE_LISTENER) {
		listener_close(item->fd);
		return;
	}
	if (item->kind != PARKTABLE_PIPE && connect(item->fd, &nowhere, sizeof(nowhere)) < 0)
		shutdown(item->fd, SHUT_RDWR);
	close(item->fd);
}

void
salvage_clear(struct salvage *salvage, struct forwards *all)
{
	for (unsigned i = 0; i < salvage->n; i++) {
		struct salvaged *item = &salvage->list[i];

		if (item->fd < 0)
			continue;
		end(item);
		stow_remove(all->keep, &item->stowed);
	}
	free(salvage->list);
	*salvage = (struct salvage){0};
}
