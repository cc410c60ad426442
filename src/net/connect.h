/* SPDX-License-Identifier: ISC */
#ifndef KAGUARD_NET_CONNECT_H
#define KAGUARD_NET_CONNECT_H

/*
 * Connect to the first of several addresses that answers: RFC 8305 section 5. The next address is
 * tried when the one before has failed, or has not answered for the Connection Attempt Delay.
 */

#include <stdbool.h>
#include <stdint.h>

#include "net/address.h"
#include "net/loop.h"
#include "net/tcpinfo.h"

#define CONNECT_ATTEMPT_DELAY_MS 250 /* RFC 8305 section 5, recommended */

/* How a race ended. */
struct race_end {
	int fd;			     /* connected, non-blocking, the callee's; -1: all failed */
	union address local, remote; /* of fd */
	struct tcp_facts facts;	     /* of fd: what the handshake has shown */
	int error;	    /* positive errno of the most telling failure, where fd is -1 */
	bool local_trouble; /* none of the attempts got as far as sending anything */
};

struct race {
	struct loop *loop;
	struct addresses *addresses;
	int fd_limit; /* descriptors from this number on count as none; 0: no limit */
	const struct target *target; /* of which bind and device are asked at every address */
	void (*fn)(struct race *race, const struct race_end *end);
	struct race_try *tries; /* one an address */
	struct wake delay;
	unsigned next, running;
	int error;
	bool sent;
};

/*
 * Begin: loop, addresses and target (both borrowed), fd_limit and fn are set, the rest is zero. 0:
 * fn will be called once, unless race_clear() comes first. 1: ended at once, *ret_end says how, fn
 * will not be called. Or -ENOMEM.
 */
int race_start(struct race *race, struct race_end *ret_end);

/* Give up what is under way and free; also after the end, and from fn. */
void race_clear(struct race *race);

#endif
