/* SPDX-License-Identifier: ISC */
#ifndef KAGUARD_NET_RTNL_H
#define KAGUARD_NET_RTNL_H

/* rtnetlink(7): what the kernel says of links, addresses and routes. With
 * rtnl_parse the only user of libmnl. */

#include <net/if.h>
#include <stdbool.h>

#include "net/address.h"

enum rtnl_kind {
	RTNL_LINK,
	RTNL_ADDRESS,
	RTNL_ROUTE,
};

/* Of a route with more ways than these the others are not looked at. */
#define RTNL_HOPS 8

struct rtnl_message {
	enum rtnl_kind kind;
	bool gone;
	int index; /* of the link, or of the address's link */

	/* RTNL_LINK */
	bool running;  /* up, and with a carrier where it has such a thing */
	bool loopback; /* leads back to this host */
	int master;    /* the link that it is a port of; 0: none */
	bool bridge;
	bool local; /* its other end is on this host as well: a container's, a virtual machine's */
	char name[IF_NAMESIZE];

	/* RTNL_ADDRESS: without port and scope. */
	union address address;
	bool tentative; /* it is examined for whether somebody else has it */

	/* RTNL_ROUTE: one to other hosts, which leads through any of these links. */
	int hops[RTNL_HOPS];
	unsigned n_hops;
	char to[64]; /* "the default route", "the route to 10.0.0.0/8" */
};

/* Who is sent what is for somebody else: a router, or that somebody, if it is a neighbour. */
#define RTNL_LINK_ADDRESS 20 /* of InfiniBand, the longest there is */
struct rtnl_hop {
	int index;	       /* of the link */
	union address address; /* without port and scope */
	unsigned char link[RTNL_LINK_ADDRESS];
	unsigned link_len; /* 0: not known, or the link has no such addresses */
};

/* Embedded in whoever reads. */
struct rtnl_reader {
	/* False: no more of it. */
	bool (*take)(struct rtnl_reader *reader, const struct rtnl_message *message);
};

/* Opaque. */
struct mnl_socket;

/* All of it as it changes. 0, or negative errno. */
int rtnl_subscribe(struct mnl_socket **ret);
void rtnl_close(struct mnl_socket *socket); /* NULL is fine */
int rtnl_fd(const struct mnl_socket *socket);

/* What there is by now. 0, or negative errno: -ENOBUFS where something was lost. */
int rtnl_receive(struct mnl_socket *socket, struct rtnl_reader *reader);

/* All that there is of a kind and a family, or AF_UNSPEC. 0, or negative errno: -EINTR where it has
 * changed meanwhile, so that something may be missing. */
int rtnl_dump(enum rtnl_kind kind, int family, struct rtnl_reader *reader);

/*
 * The first hop from one address to another, of the same family, through the link of that index; 0:
 * any. 0, or negative errno: -ENETUNREACH where there is no route.
 */
int rtnl_next_hop(
    const union address *from, const union address *to, int index, struct rtnl_hop *ret);

#endif
