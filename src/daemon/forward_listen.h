/* SPDX-License-Identifier: ISC */
#ifndef KAGUARD_DAEMON_FORWARD_LISTEN_H
#define KAGUARD_DAEMON_FORWARD_LISTEN_H

/* Where a tunnel takes in its clients; for daemon/forward only. */

#include "daemon/forward.h"

/* 0, or -ENOMEM. */
int forward_listen_init(struct forward *forward);
int forwards_listen_init(struct forwards *forwards);

/* Leave a place that is not the configuration's any more; and listen where it says, as far as that
 * is not so already. */
void forward_move_out(struct forward *forward);
void forward_listen(struct forward *forward);

/* Nobody is taken in any more. */
void forward_deafen(struct forward *forward);

/* Let go of the sockets, which go on listening for the next daemon. */
void forward_unhand(struct forward *forward);

/* There is room again, maybe. */
void forward_resume(struct forwards *forwards);

#endif
