/* SPDX-License-Identifier: ISC */
#ifndef KAGUARD_NET_MEASURE_H
#define KAGUARD_NET_MEASURE_H

/*
 * Measures after how long a path forgets an idle session: does what policy/ladder decides, with
 * sockets, and tells it what comes of it. Needs no privilege and no help from the peer.
 */

#include <stdbool.h>
#include <stdint.h>

#include "net/address.h"
#include "net/loop.h"
#include "net/prober.h"
#include "policy/ladder.h"

struct measure_session;

struct measure {
	/* Set before measure_start(). Both are borrowed. */
	struct loop *loop;
	const struct target *target; /* bind and device */
	struct ladder_wish wish;
	int fd_limit; /* descriptors from this number on count as none; 0: no limit */
	/* The measurement has ended, by itself. Not to be cleared from in here. */
	void (*ended)(struct measure *measure);

	/* Its own. */
	struct addresses *addresses, *found; /* found: the one that has answered */
	struct measure_session *sessions;
	struct ladder *ladder;
	struct prober prober;
	struct wake wake;
	int error;	/* why not even one session could be opened; 0: one could */
	int last_error; /* why the last one was refused; 0: none was */
	bool answered, over;
};

/* Takes a reference to the addresses. 0, or negative errno. */
int measure_start(struct measure *measure, struct addresses *addresses);

/* End it here: ended() is called. */
void measure_stop(struct measure *measure);

/* What is known by now; also after the end. */
struct ladder_view measure_view(const struct measure *measure);

/* Close all, free all; all zero is fine. What is known is lost. */
void measure_clear(struct measure *measure);

#endif
