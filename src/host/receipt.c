/* SPDX-License-Identifier: ISC */
#include "host/receipt.h"

#include <errno.h>
#include <poll.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "host/monotonic.h"

/*
 * A socket can be written to while what was sent and not read yet is at most a quarter of
 * SO_SNDBUF (unix_writable() in net/unix/af_unix.c). With the least there is, SOCK_MIN_SNDBUF of
 * 4608 bytes, and at least 576 for the kernel's own part of an empty datagram, that is two of them:
 * it can be written to for the fourth time when one has been read.
 */
#define RECEIPT_DATAGRAMS 4

static int
await_writable(int fd, int64_t until)
{
	struct pollfd room = {.fd = fd, .events = POLLOUT};
	int r;

	do {
		int64_t wait_ms = until - monotonic_ms();

		r = poll(&room, 1, wait_ms > 0 ? (int)wait_ms : 0);
	} while (r < 0 && errno == EINTR);
	if (r < 0)
		return -errno;
	return r == 0 ? -ETIMEDOUT : 0;
}

static int
send_all(int fd, int64_t until)
{
	for (int sent = 0; sent < RECEIPT_DATAGRAMS;) {
		int r = await_writable(fd, until);

		if (r < 0)
			return r;
		if (send(fd, "", 0, MSG_NOSIGNAL | MSG_DONTWAIT) == 0)
			sent++;
		else if (errno != EAGAIN) /* others may have filled its queue meanwhile */
			return -errno;
	}
	return 0;
}

int
receipt_await(const char *path, int wait_ms)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int64_t until = monotonic_ms() + wait_ms;
	int fd, least = 1, r;

	if (strlen(path) >= sizeof(address.sun_path))
		return -ENAMETOOLONG;
	memcpy(address.sun_path, path, strlen(path));
	fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -errno;
	if (setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &least, sizeof(least)) < 0 ||
	    connect(fd, (const struct sockaddr *)&address, sizeof(address)) < 0)
		r = -errno;
	else
		r = send_all(fd, until);
	close(fd);
	return r;
}
