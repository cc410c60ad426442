/* SPDX-License-Identifier: ISC */
#ifndef KAGUARD_TESTS_WORLD_H
#define KAGUARD_TESTS_WORLD_H

/* A daemon's core in a simulated network, with its books open. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <syslog.h>

#include "config/config.h"
#include "daemon/guard.h"
#include "daemon/network.h"
#include "simnet.h"

#define HOSTS	       6
#define MINUTE	       INT64_C(60000)
#define HOUR	       (60 * MINUTE)
#define MAX_BACKOFF_MS (5 * MINUTE)
#define MAX_CONNECT_MS 10000

struct world {
	struct simnet sim;
	struct guard guard;
	struct network network; /* the host's own: all there, until the test says otherwise */
	union address gone;	/* that has left it */
	struct simhost hosts[HOSTS];
	struct config config[2]; /* the one in force, and the next */
	struct config_peer peers[2][HOSTS];
	unsigned current;
	unsigned lines[LOG_DEBUG + 1];
	uint64_t events;
};

void world_init(struct world *w, uint64_t seed);

/* Stop, check that nothing is left, free. */
void world_clear(struct world *w);

/* The configuration of a peer on that host. */
void world_fill_peer(struct config_peer *peer, unsigned host, unsigned sessions);

/* One peer with that many sessions, on the first host. */
void world_with_one_peer(struct world *w, unsigned sessions);

/* Another configuration: some peers are left out, added, resized, moved. */
void world_configure(struct world *w, unsigned most_sessions);

/* Pass the time to the next thing that is due, and do it. False: nothing is due before until_ms. */
bool world_step(struct world *w, int64_t until_ms);

/* Let time pass, and check the books as it does. */
void world_pass(struct world *w, int64_t ms);

/* The books: of all, or of one peer and its sessions. */
void world_check(const struct world *w);
void world_check_peer(const struct world *w, const struct peer *peer);

#endif
