/* SPDX-License-Identifier: ISC */
#include "daemon/residue.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/ioctl.h>

#include "daemon/forward.h"
#include "daemon/forward_client.h"
#include "daemon/keep.h"
#include "daemon/salvage.h"
#include "daemon/stow.h"
#include "host/owners.h"
#include "net/relay.h"

static unsigned
rob_all(struct salvage *salvage)
{
	unsigned robbed = 0;

	for (unsigned i = 0; i < salvage->n; i++) {
		salvage->list[i].robbed = true;
		robbed += salvage->list[i].kind == PARKTABLE_CLIENT;
	}
	return robbed;
}

/* Which slots of the table are those of pipes that have come. NULL: there is no memory. */
static bool *
mark_pipes(const struct salvage *salvage, uint32_t n)
{
	bool *came = calloc(n > 0 ? n : 1, sizeof(*came));

	for (unsigned i = 0; came != NULL && i < salvage->n; i++)
		if (salvage->list[i].kind == PARKTABLE_PIPE)
			came[salvage->list[i].stowed.slot] = true;
	return came;
}

/* Nobody knows what was in it: it was emptied, or it was not. */
static unsigned
rob(struct salvage *salvage, uint64_t owner)
{
	enum relay_side from;
	struct salvaged *client =
	    salvage_find(salvage, relay_owner_life(owner, &from), PARKTABLE_CLIENT);

	if (client == NULL || client->robbed)
		return 0;
	client->robbed = true;
	return 1;
}

/* Those whose pipe has not come. */
static unsigned
rob_some(struct salvage *salvage, struct keep *keep, const bool *came, uint32_t n)
{
	unsigned robbed = 0;

	for (uint32_t slot = 0; slot < n; slot++) {
		volatile uint64_t *owner = owners_at(keep->owners, slot);

		if (came[slot] || *owner == 0)
			continue;
		robbed += rob(salvage, *owner);
		*owner = 0;
	}
	return robbed;
}

void
residue_look(struct salvage *salvage, struct keep *keep)
{
	uint32_t n = parktable_slots(keep->table);
	bool *came = keep->owners != NULL ? mark_pipes(salvage, n) : NULL;
	unsigned robbed = came != NULL ? rob_some(salvage, keep, came, n) : rob_all(salvage);

	free(came);
	if (robbed > 0)
		keep_warn(keep, "%u client%s cut off: what was in a pipe has not been kept", robbed,
		    robbed == 1 ? " is" : "s are");
}

static void
restore(struct salvage *salvage, struct salvaged *item, struct keep *keep)
{
	volatile uint64_t *owner = stow_owner(keep, item->stowed.slot);
	enum relay_side from = RELAY_CLIENT;
	struct salvaged *client;
	struct pipe *pipe = NULL;
	int held = 0, error = 0;

	if (owner == NULL)
		return;
	/* What cannot be counted is as good as lost. */
	if (ioctl(item->fd, FIONREAD, &held) < 0)
		error = errno;
	else if (held <= 0)
		return;
	client = salvage_find(salvage, relay_owner_life(*owner, &from), PARKTABLE_CLIENT);
	if (client == NULL || client->client == NULL)
		return;
	/* Two of one way are of a memory that is damaged: nobody knows which comes first. */
	if (error == 0 && relay_held(&client->client->relay, from) == 0)
		pipe = calloc(1, sizeof(*pipe));
	if (pipe == NULL) {
		error = error != 0 ? error : ENOMEM;
		forward_on_end(&client->client->relay, &(struct relay_end){from, error});
		client->client = NULL;
		return;
	}
	pipe->read_fd = item->fd;
	pipe->write_fd = -1;
	pipe->held = (uint32_t)held;
	pipe->owner = owner;
	pipe->slot = item->stowed.slot;
	pipe->life = item->stowed.life;
	relay_resume(&client->client->relay, from, pipe);
	item->fd = -1;
}

void
residue_restore(struct salvage *salvage, struct keep *keep)
{
	for (unsigned i = 0; i < salvage->n; i++)
		if (salvage->list[i].kind == PARKTABLE_PIPE)
			restore(salvage, &salvage->list[i], keep);
}
