/* SPDX-License-Identifier: ISC */
#ifndef KAGUARD_TESTS_SURVEYED_H
#define KAGUARD_TESTS_SURVEYED_H

/* A world whose peers have a firewall that is to be measured; there is one of it. What measurements
 * find follows from the hosts' firewalls, and they all take as long. */

#include <stdbool.h>
#include <stdint.h>

#include "daemon/memory.h"
#include "daemon/path.h"
#include "daemon/peer.h"
#include "daemon/surveyor.h"
#include "world.h"

#define S    INT64_C(1000)
#define DAY  (24 * HOUR)
#define SAFE (240 * S)
#define TOOK (20 * MINUTE)

/* A world with a surveyor and a memory, and how often what was begun. */
struct place {
	struct world w;
	struct surveyor surveyor;
	struct memory memory;
	const char *network;
	bool in_vain;	       /* measurements find nothing */
	unsigned begun[HOSTS]; /* of the peer on that host */
	unsigned open, most_open;
	unsigned sockets; /* that a measurement takes of those there are */
	int64_t last_begun_ms;
};

extern struct place surveyed;

/* That many hosts are peers, with three sessions each. */
void surveyed_begin(uint64_t seed, unsigned hosts, int64_t forgets_ms);
void surveyed_end(void);

/* One of two configurations; `automatic`: to be measured, or else declared as SAFE. */
void surveyed_configure(unsigned version, unsigned hosts, bool automatic);

void surveyed_pass(int64_t ms);

const struct peer *surveyed_first(void);

/* The plan of the first peer is one for that idle timeout. */
void surveyed_plans_for(int64_t firewall_ms);

#endif
