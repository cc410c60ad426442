/* SPDX-License-Identifier: ISC */
#ifndef KAGUARD_NET_NETWATCH_H
#define KAGUARD_NET_NETWATCH_H

/*
 * What happens to the host's own network: links, addresses, routes, as the kernel tells of them
 * (rtnetlink(7)). Nothing is polled. Where messages were lost it is all read anew, and the
 * difference told. Links without an address of this host are nobody's news, nor is the loopback
 * one.
 */

#include <stdbool.h>

#include "net/address.h"
#include "net/loop.h"

struct netwatch;

struct netwatch_owner {
	/* `change` is one of enum unrest_change; `what` names it: "eth0", "192.0.2.7",
	 * "10.0.0.0/8". */
	void (*news)(struct netwatch_owner *owner, unsigned change, const char *what);
};

/* 0, or negative errno: -EAFNOSUPPORT or -EPERM where a sandbox does not allow it. */
int netwatch_open(struct loop *loop, struct netwatch_owner *owner, struct netwatch **ret);

/* NULL is fine. */
void netwatch_close(struct netwatch *watch);

/* Whether it is an address of the host. */
bool netwatch_owns(const struct netwatch *watch, const union address *address);

/* Whether it was an address of the host, and is none now; until that is forgotten. */
bool netwatch_gone(const struct netwatch *watch, const union address *address);
void netwatch_forget_gone(struct netwatch *watch);

/*
 * Whether there is a way to any other host, for one family: a route through a link that runs, and
 * that leads further than to the neighbours that need none. Asks the kernel. 0, or negative errno.
 */
int netwatch_reach(const struct netwatch *watch, int family, bool *ret_any);

#endif
