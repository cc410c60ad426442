/* SPDX-License-Identifier: ISC */
#ifndef KAGUARD_NET_INSPECT_H
#define KAGUARD_NET_INSPECT_H

/* What became of a connected socket that nobody has looked at for a while. */

#include <stdbool.h>

#include "net/conn.h"

struct inspection {
	struct conn_socket socket;
	bool lives;    /* established in both directions */
	bool has_peer; /* socket.remote is known: not that of one that was reset */
	int error;     /* of one that does not live: as CONN_LOST tells it, 0 for the peer's FIN */
};

/* Takes the pending error of a dead one. 0, or -EPROTOTYPE: it is no TCP socket at all. */
int inspect_socket(int fd, struct inspection *ret);

#endif
