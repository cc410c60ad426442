/* SPDX-License-Identifier: ISC */
#include "net/inspect.h"

#include <errno.h>
#include <sys/socket.h>

/* A reset whose error somebody has taken before is still a reset. */
static int
pending_error(int fd)
{
	int error = 0;
	socklen_t length = sizeof(error);

	if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &length) < 0 || error == 0)
		return ECONNRESET;
	return error;
}

int
inspect_socket(int fd, struct inspection *ret)
{
	struct inspection found = {.socket.fd = fd};
	socklen_t local = sizeof(found.socket.local), remote = sizeof(found.socket.remote);

	/* No other protocol has an option of TCP's level. */
	if (tcpinfo_read(fd, &found.socket.facts) < 0 ||
	    getsockname(fd, &found.socket.local.any, &local) < 0)
		return -EPROTOTYPE;
	found.has_peer = getpeername(fd, &found.socket.remote.any, &remote) == 0;
	found.lives = found.socket.facts.open;
	if (found.socket.facts.dead)
		found.error = pending_error(fd);
	*ret = found;
	return 0;
}
