/* SPDX-License-Identifier: ISC */
#ifndef KAGUARD_DAEMON_FORWARD_KEEP_H
#define KAGUARD_DAEMON_FORWARD_KEEP_H

/* What of the tunnels outlives the process; for daemon/forward only. */

#include "daemon/forward.h"

/* 0, or -ENOMEM. */
int forwards_keep_init(struct forwards *forwards);

/* The client is carried: if it still is in a second, it is kept. */
void forward_keep(struct forward_client *client);

/* It is not any more. */
void forward_keep_end(struct forward_client *client);

/* Its peer's socket, or that where clients come in. */
void forward_keep_ear(struct ear *ear);

/* Let go of what is kept, without ending it. */
void forward_keep_leave(struct forward *forward);

#endif
