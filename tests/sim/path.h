/* SPDX-License-Identifier: ISC */
#ifndef KAGUARD_TESTS_PATH_H
#define KAGUARD_TESTS_PATH_H

/* A path with a firewall and a server, in virtual time, and a measurement of it. */

#include <stdint.h>

#include "policy/ladder.h"

enum path_kind {
	PATH_DROPS,	  /* what comes after the expiry */
	PATH_RESETS,	  /* answers it with a reset to us */
	PATH_RESETS_BOTH, /* at the expiry, by itself */
	PATH_IGNORES,	  /* drops, and takes a keepalive for nothing */
	PATH_LOOSE,	  /* takes a forgotten session up again */
};

struct path {
	const char *name;
	enum path_kind kind;
	int64_t timeout_ms;   /* 0: none */
	int64_t server_ms;    /* the server closes a session without data; 0: never */
	int64_t chatter_ms;   /* the server says something that often; 0: never */
	int64_t outage_ms[2]; /* nothing passes from.. to */
	int64_t flush_ms;     /* the firewall forgets all sessions then; 0: never */
	int64_t restart_ms;   /* the server ends all sessions then, and takes new ones; 0: never */
	int64_t rtt_ms;
	int loss_permille;  /* each way */
	int evict_permille; /* sessions evicted at any moment of the first 2T, or first hour */
	unsigned most;	    /* sessions that the server takes at one time; 0: any number */
};

struct path_end {
	struct ladder_view view;
	int64_t wall_ms;
	unsigned opened;
	unsigned steps;
	unsigned probes; /* of sessions and controls, with repetitions */
};

/* Measures it. The same seed does the same. */
struct path_end path_measure(
    const struct path *path, const struct ladder_wish *wish, uint64_t seed);

/* Between 0 and bound. */
int64_t path_random(uint64_t *state, int64_t bound);

#endif
