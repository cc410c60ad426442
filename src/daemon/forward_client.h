/* SPDX-License-Identifier: ISC */
#ifndef KAGUARD_DAEMON_FORWARD_CLIENT_H
#define KAGUARD_DAEMON_FORWARD_CLIENT_H

/* The clients of a tunnel, from their coming to their end; for daemon/forward only. */

#include "daemon/forward.h"

/* A client has come. forward_pump() is to be called before long. */
void forward_admit(struct ear *ear, int fd);

/* Go on with a client of the daemon before, over that socket of the peer; NULL: it cannot be. */
struct forward_client *forward_adopt(
    struct peer *peer, const struct salvaged *client, const struct salvaged *carrier);

/* Serve those that wait, as far as it goes. */
void forward_pump(struct forward *forward);

/* For struct relays. */
void forward_on_end(struct relay *relay, const struct relay_end *end);

void forward_close_all(struct forward *forward);

#endif
