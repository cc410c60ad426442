/* SPDX-License-Identifier: ISC */
#ifndef KAGUARD_NET_OWNED_H
#define KAGUARD_NET_OWNED_H

/*
 * The addresses of this host, and those that it has lost lately. An IPv6 address that comes, or
 * whose link does, is first examined for whether somebody else has it (RFC 4862 section 5.4): for
 * that second or two it is there, but nothing that is sent to it arrives.
 */

#include <stdbool.h>
#include <sys/queue.h>

#include "net/address.h"
#include "net/rtnl.h"

struct own;

SLIST_HEAD(own_list, own);

/* All zero is one without any. */
struct owned {
	struct own_list here, lost;
};

/* What that message says of an address. What has changed for those who have it or want it, of enum
 * unrest_change; 0: nothing. */
unsigned owned_take(struct owned *owned, const struct rtnl_message *message);

/*
 * All are read anew: owned_begin(), owned_take() of what there is, and then what was not among it
 * is removed, one at a time; false: nothing is left to remove.
 */
void owned_begin(struct owned *owned);
bool owned_sweep(struct owned *owned, union address *ret_address, unsigned *ret_change);

bool owned_has(const struct owned *owned, const union address *address);
bool owned_lost(const struct owned *owned, const union address *address);

/* Whether an address beyond that link's own neighbourhood is on it. */
bool owned_on(const struct owned *owned, int link);

void owned_forget_lost(struct owned *owned);
void owned_clear(struct owned *owned);

#endif
