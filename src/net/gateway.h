/* SPDX-License-Identifier: ISC */
#ifndef KAGUARD_NET_GATEWAY_H
#define KAGUARD_NET_GATEWAY_H

/*
 * Which network this host is in, as far as a path is concerned: by the router that the path begins
 * with. A laptop that is carried elsewhere has another one, mostly of the same IP address, but of
 * another link-layer address.
 */

#include <stdbool.h>
#include <stddef.h>

#include "net/address.h"

/* Room for any name of a network. */
#define GATEWAY_NAME 144

/*
 * "192.0.2.1 at 52:54:00:12:34:56"; "192.0.2.1 on ppp0" where there is no link-layer address, or
 * none is known just now. A remote that is a neighbour is its own router. `device`: the sessions
 * are bound to it, or NULL. 0, or negative errno.
 */
int gateway_name(const union address *local, const union address *remote, const char *device,
    char *buf, size_t size);

/* Whether these are names of one network, as far as they say. */
bool gateway_same(const char *a, const char *b);

#endif
