/* SPDX-License-Identifier: ISC */
#include "host/shelf.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

/* One message: this, and behind it a label for each socket that goes with it. */
struct head {
	char magic[4];
	uint32_t n;
};

struct label {
	uint64_t life;
	uint32_t slot;
	uint32_t reserved;
};

static const char magic[4] = "kgS1";

struct letter {
	struct head head;
	struct label labels[PARKING_SHELF];
};

union control {
	struct cmsghdr align;
	char bytes[CMSG_SPACE(PARKING_SHELF * sizeof(int))];
};

int
shelf_pair(int *ret_write, int *ret_keep)
{
	int pair[2];

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, pair) < 0)
		return -errno;
	*ret_write = pair[0];
	*ret_keep = pair[1];
	return 0;
}

int
shelf_send(int write_fd, const struct parked *parked, size_t n)
{
	/* To be cleared each time, they would cost more than a message with one does. */
	static struct letter letter;
	static union control control;
	static int fds[PARKING_SHELF];
	struct iovec iov = {.iov_base = &letter,
	    .iov_len = offsetof(struct letter, labels) + n * sizeof(struct label)};
	struct msghdr message = {.msg_iov = &iov,
	    .msg_iovlen = 1,
	    .msg_control = control.bytes,
	    .msg_controllen = CMSG_SPACE(n * sizeof(int))};

	memcpy(letter.head.magic, magic, sizeof(magic));
	letter.head.n = (uint32_t)n;
	for (size_t i = 0; i < n; i++) {
		letter.labels[i] = (struct label){.life = parked[i].life, .slot = parked[i].slot};
		fds[i] = parked[i].fd;
	}
	control.align.cmsg_level = SOL_SOCKET;
	control.align.cmsg_type = SCM_RIGHTS;
	control.align.cmsg_len = CMSG_LEN(n * sizeof(int));
	memcpy(CMSG_DATA(&control.align), fds, n * sizeof(int));
	return sendmsg(write_fd, &message, MSG_NOSIGNAL) < 0 ? -errno : 0;
}

int
shelf_rewind(int fd)
{
	int domain = 0, type = 0, zero = 0;
	socklen_t length = sizeof(int);

	if (getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &domain, &length) < 0 || domain != AF_UNIX ||
	    getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &length) < 0 || type != SOCK_SEQPACKET)
		return -EMEDIUMTYPE;
	/* The place is the socket's, not the descriptor's: whoever peeked before has moved it. */
	if (setsockopt(fd, SOL_SOCKET, SO_PEEK_OFF, &zero, sizeof(zero)) < 0)
		return -EMEDIUMTYPE;
	return 0;
}

/* The descriptors that came with the message. */
static unsigned
take_fds(struct msghdr *message, int fds[PARKING_SHELF])
{
	struct cmsghdr *c;
	unsigned n = 0;

	for (c = CMSG_FIRSTHDR(message); c != NULL; c = CMSG_NXTHDR(message, c)) {
		size_t bytes = c->cmsg_len - CMSG_LEN(0);

		if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS)
			continue;
		if (bytes > (PARKING_SHELF - n) * sizeof(int))
			bytes = (PARKING_SHELF - n) * sizeof(int);
		memcpy(fds + n, CMSG_DATA(c), bytes);
		n += (unsigned)(bytes / sizeof(int));
	}
	return n;
}

unsigned
shelf_peek(int fd, struct parked *parked, unsigned *ret_bad)
{
	struct letter letter;
	union control control;
	int fds[PARKING_SHELF];
	struct iovec iov = {.iov_base = &letter, .iov_len = sizeof(letter)};
	struct msghdr message = {.msg_iov = &iov,
	    .msg_iovlen = 1,
	    .msg_control = control.bytes,
	    .msg_controllen = sizeof(control.bytes)};
	ssize_t size;
	unsigned n;

	*ret_bad = 0;
	do {
		size = recvmsg(fd, &message, MSG_PEEK | MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
	} while (size < 0 && errno == EINTR);
	if (size <= 0)
		return 0;
	n = take_fds(&message, fds);
	if ((size_t)size < sizeof(letter.head) ||
	    memcmp(letter.head.magic, magic, sizeof(magic)) != 0 || letter.head.n < n ||
	    letter.head.n > PARKING_SHELF || (message.msg_flags & MSG_TRUNC) != 0 ||
	    (size_t)size !=
		offsetof(struct letter, labels) + letter.head.n * sizeof(struct label)) {
		while (n > 0)
			close(fds[--n]);
		*ret_bad = 1;
		return 0;
	}
	*ret_bad = letter.head.n - n;
	for (unsigned i = 0; i < n; i++)
		parked[i] = (struct parked){
		    .life = letter.labels[i].life, .slot = letter.labels[i].slot, .fd = fds[i]};
	return n;
}
