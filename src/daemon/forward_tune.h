/* SPDX-License-Identifier: ISC */
#ifndef KAGUARD_DAEMON_FORWARD_TUNE_H
#define KAGUARD_DAEMON_FORWARD_TUNE_H

/* The socket options of both legs of a tunnel; for daemon/forward only. */

#include <stdbool.h>

#include "daemon/forward.h"

/* What is accepted from it has the options of a client's leg. False: each is to be given them. */
bool forward_tune_listener(int fd);

/* The client's leg; `has` all options from its listener. */
void forward_tune_client(struct forward_client *client, bool has);

/* The peer's leg; without `keepalive`, which it has from its session, or will be given later. */
void forward_tune_peer(struct forward_client *client, bool keepalive);

#endif
