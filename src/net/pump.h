/* SPDX-License-Identifier: ISC */
#ifndef KAGUARD_NET_PUMP_H
#define KAGUARD_NET_PUMP_H

/* One direction of a relay, as far as it goes; for net/relay only. */

#include "net/relay.h"

/* What became of an attempt to move. */
enum moved {
	MOVED,	 /* as far as it goes, or as is fair to others */
	NO_PIPE, /* there is none until somebody else gives one back */
	ENDED,	 /* *end says how */
};

enum moved pump(struct relay *relay, enum relay_side from, struct relay_end *end);

/* Give back the pipe of that direction, if there is one; what is in it is lost. */
void pump_clear(struct relay *relay, enum relay_side from);

/* The error that a socket has met, which is taken by this; `otherwise` where it has none. */
int pump_error_of(int fd, int otherwise);

static inline enum relay_side
pump_opposite(enum relay_side side)
{
	return side == RELAY_CLIENT ? RELAY_PEER : RELAY_CLIENT;
}

#endif
