/* SPDX-License-Identifier: ISC */

/*
 * What of tunnels a daemon finds in the table and on the shelves: entries of any kind, with any
 * partner, over descriptors of any kind, and any numbers for the owners of pipes. No configuration
 * wants any of it, so all of it is ended, once each, and nothing is left.
 *
 * The first byte: 1, there is no memory of owners. Then six bytes each: kind, life, partner, slot,
 * what the descriptor is, and whose bytes are in the pipe.
 */

#include <assert.h>
#include <fcntl.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "config/config.h"
#include "daemon/forward.h"
#include "daemon/guard.h"
#include "daemon/keep.h"
#include "daemon/salvage.h"
#include "descriptors.h"
#include "fuzz.h"
#include "host/notify.h"
#include "host/owners.h"

#define RECORD	6
#define MOST	64
#define NOBODY	1u
#define IN_PIPE 16
#define N_SLOTS 256

struct world {
	struct notify *notify;
	struct guard guard;
	struct keep keep;
	struct forwards forwards;
};

static void
on_say(struct report *report, enum message message, int priority,
    const struct journal_fields *fields, const char *text)
{
	(void)report;
	(void)message;
	(void)priority;
	(void)fields;
	assert(strlen(text) > 0);
}

static int
make_descriptor(unsigned char what)
{
	int pair[2];

	switch (what % 4) {
	case 0:
		return open("/dev/null", O_RDONLY | O_CLOEXEC);
	case 1:
		return socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	case 2:
		assert(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) == 0);
		break;
	default:
		assert(pipe2(pair, O_CLOEXEC | O_NONBLOCK) == 0);
		assert(write(pair[1], "left behind here", what % IN_PIPE) == what % IN_PIPE);
		break;
	}
	close(pair[1]);
	return pair[0];
}

static void
set_up(struct world *w, unsigned flags)
{
	uint32_t slot;

	*w = (struct world){0};
	w->guard.report.say = on_say;
	w->keep.guard = &w->guard;
	w->forwards.guard = &w->guard;
	w->forwards.keep = &w->keep;
	assert(notify_open(&w->notify) == 0);
	w->keep.notify = w->notify;
	assert(parking_new(w->notify, &w->keep.parking) == 0);
	assert(parktable_new(&w->keep.table) == 0);
	for (unsigned i = 0; i < N_SLOTS; i++)
		assert(parktable_take(w->keep.table, &slot) == 0);
	assert((flags & NOBODY) != 0 || owners_new(&w->keep.owners) == 0);
}

static void
tear_down(struct world *w)
{
	owners_free(w->keep.owners);
	parktable_free(w->keep.table);
	parking_free(w->keep.parking);
	notify_close(w->notify, 0);
}

static void
find_one(struct world *w, const unsigned char *record)
{
	const uint64_t life = record[1] > 0 ? record[1] : 256; /* 0 is nobody's */
	struct parktable_entry e = {.kind = record[0] % (PARKTABLE_KINDS + 1),
	    .life = life,
	    .partner = record[2],
	    .peer = "hq"};
	struct parked parked = {.life = life, .slot = record[3], .fd = make_descriptor(record[4])};

	assert(parked.fd >= 0);
	if (w->keep.owners != NULL)
		*owners_at(w->keep.owners, record[3]) = record[5];
	if (!salvage_add(&w->forwards.salvage, &parked, &e))
		close(parked.fd);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct config nothing = {0};
	struct world w;
	unsigned before;

	unsetenv("NOTIFY_SOCKET");
	before = descriptors_open();
	if (size == 0)
		return 0;
	set_up(&w, data[0]);
	for (size_t at = 1, n = 0; at + RECORD <= size && n < MOST; at += RECORD, n++)
		find_one(&w, data + at);
	salvage_restore(&w.forwards.salvage, &w.forwards, &nothing);
	salvage_clear(&w.forwards.salvage, &w.forwards);
	assert(w.forwards.salvage.n == 0 && w.forwards.n_clients == 0);
	/* What is left in the memory of owners would rob somebody at the next start. */
	for (uint32_t i = 0; w.keep.owners != NULL && i < N_SLOTS && size > RECORD; i++)
		assert(*owners_at(w.keep.owners, i) == 0);
	tear_down(&w);
	assert(descriptors_open() == before);
	return 0;
}
