/* SPDX-License-Identifier: ISC */
#include "daemon/limits.h"

#include <limits.h>
#include <stdio.h>

#include "config/config.h"
#include "daemon/clients.h"
#include "daemon/forward.h"
#include "daemon/guard.h"
#include "host/parking.h"
#include "net/descriptors.h"

/* Descriptors that are not sessions: kept free for files, names and who asks at the control socket,
 * and with those always open. */
#define RESERVED_DESCRIPTORS (8 + CLIENTS_MAX)
#define OWN_DESCRIPTORS	     (32 + CLIENTS_MAX)

/* For pipes, at most. */
#define PIPE_DESCRIPTORS 4096

/* What a configuration takes. */
static int
count_wanted(const struct config *config)
{
	int64_t wanted = 0;

	for (size_t i = 0; i < config->n_peers; i++)
		wanted += config->peers[i].sessions;
	wanted += 2 * wanted / PARKING_SHELF + OWN_DESCRIPTORS;
	return wanted < INT_MAX ? (int)wanted : INT_MAX;
}

void
limits_expect(const struct config *config)
{
	descriptors_expect(count_wanted(config));
}

/* Clients for whom there are so many descriptors, two to each, and some for what is under way. */
static unsigned
count_clients(int left)
{
	int pipes = left / 8 < PIPE_DESCRIPTORS ? left / 8 : PIPE_DESCRIPTORS;

	return left > 0 ? (unsigned)(left - pipes) / 2 : 0;
}

void
limits_set(struct guard *guard, const struct config *config)
{
	int limit = descriptors_limit(), wanted = count_wanted(config);
	struct journal_fields none = JOURNAL_NO_FIELDS;
	char text[256];

	if (limit > RESERVED_DESCRIPTORS)
		guard->net->fd_limit = limit - RESERVED_DESCRIPTORS;
	if (guard->forwards != NULL)
		guard->forwards->max_clients = count_clients(limit - wanted);
	if (limit >= wanted)
		return;
	snprintf(text, sizeof(text),
	    "%d descriptors are needed and %d allowed: some sessions will not come up; "
	    "raise LimitNOFILE= of the unit",
	    wanted, limit);
	guard->report.say(&guard->report, MESSAGE_LOCAL_TROUBLE, LOG_WARNING, &none, text);
}
