/* SPDX-License-Identifier: ISC */
#include "net/intake.h"

#include <errno.h>
#include <sys/socket.h>

#include "net/conn.h"

#define DISCARD_BYTES (256 * 1024)

/* Where nobody listens MSG_TRUNC makes TCP drop the bytes without copying them (tcp(7)). */
int
intake_take(struct conn *conn, int *ret_error)
{
	static char bytes[DISCARD_BYTES];
	int flags = MSG_DONTWAIT | (conn->listening ? 0 : MSG_TRUNC);
	ssize_t n = recv(conn->fd, bytes, sizeof(bytes), flags);

	if (n > 0) {
		if (conn->listening)
			conn->net->on_data(conn, bytes, (size_t)n);
		else
			conn->discarded += (uint64_t)n;
		return 1;
	}
	if (n < 0 && (errno == EAGAIN || errno == EINTR || errno == ENOBUFS || errno == ENOMEM))
		return 0;
	*ret_error = n == 0 ? 0 : errno;
	return -1;
}

int
intake_look(struct conn *conn, unsigned what, int *ret_error)
{
	socklen_t len = sizeof(*ret_error);

	*ret_error = 0;
	(void)getsockopt(conn->fd, SOL_SOCKET, SO_ERROR, ret_error, &len);
	return *ret_error != 0 || what & WAKE_END ? -1 : 0;
}
