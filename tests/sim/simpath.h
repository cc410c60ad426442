/* SPDX-License-Identifier: ISC */
#ifndef KAGUARD_TESTS_SIMPATH_H
#define KAGUARD_TESTS_SIMPATH_H

/* A path with a firewall and a server, in virtual time, and a measurement of it: from its beginning
 * to its end, or bit by bit while the path changes. */

#include <stdbool.h>
#include <stdint.h>

#include "policy/ladder.h"

enum simpath_kind {
	PATH_DROPS,	  /* what comes after the expiry */
	PATH_RESETS,	  /* answers it with a reset to us */
	PATH_RESETS_BOTH, /* at the expiry, by itself */
	PATH_IGNORES,	  /* drops, and takes a keepalive for nothing */
	PATH_LOOSE,	  /* takes a forgotten session up again */
};

struct simpath {
	const char *name;
	enum simpath_kind kind;
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
	bool refuses;	    /* it takes none */
	int64_t crash_ms;   /* the server knows nothing of sessions from before then; 0 */
};

struct simpath_end {
	struct ladder_view view;
	int64_t wall_ms;
	int64_t proven_ms; /* the longest idleness after which there was an answer */
	unsigned opened;
	unsigned steps;
	unsigned probes; /* of sessions and controls, with repetitions */
};

/* Measures it. The same seed does the same. */
struct simpath_end simpath_measure(
    const struct simpath *path, const struct ladder_wish *wish, uint64_t seed);

struct simpath_run;

/* One that begins then. */
struct simpath_run *simpath_begin(
    const struct simpath *path, const struct ladder_wish *wish, uint64_t seed, int64_t now_ms);
void simpath_run_free(struct simpath_run *run); /* NULL is fine */

/* The path, to be changed. */
struct simpath *simpath_of(struct simpath_run *run);

/* The firewall forgets each nth session. */
void simpath_forget(struct simpath_run *run, unsigned one_in);

/* When there is something to do next; do what there is by then. INT64_MAX: it has ended. */
int64_t simpath_next_ms(const struct simpath_run *run);
void simpath_pass(struct simpath_run *run, int64_t until_ms);
struct simpath_end simpath_end(const struct simpath_run *run);

/* Between 0 and bound. */
int64_t simpath_random(uint64_t *state, int64_t bound);

#endif
