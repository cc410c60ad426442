/* SPDX-License-Identifier: ISC */
#include "net/pump.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

/* So often a relay moves what is there before others have their turn. */
#define ROUNDS 8

/* Who has got less has got all, mostly; the epoll tells if not. */
#define LITTLE 4096

#define MOVE_FLAGS (SPLICE_F_MOVE | SPLICE_F_NONBLOCK)

static bool
would_block(int error)
{
	return error == EAGAIN || error == EINTR || error == ENOBUFS || error == ENOMEM;
}

static int
ended(struct relay_end *end, enum relay_side side, int error)
{
	*end = (struct relay_end){side, error};
	return -1;
}

/*
 * splice(2) stops before urgent data and does not pass it (tcp_read_sock() in net/ipv4/tcp.c): read
 * the one byte that stands in the way. It goes on in its place in the stream, as it does for every
 * program that has no use for urgency.
 */
static ssize_t
move_urgent(struct relay_leg *from, struct pipe *pipe)
{
	int at_mark = 0, on = 1;
	char byte;

	if (ioctl(from->fd, SIOCATMARK, &at_mark) < 0 || !at_mark ||
	    setsockopt(from->fd, SOL_SOCKET, SO_OOBINLINE, &on, sizeof(on)) < 0 ||
	    recv(from->fd, &byte, 1, MSG_DONTWAIT) != 1)
		return 0;
	from->urgent = false;
	return write(pipe->write_fd, &byte, 1);
}

/* Before urgent data it looks like the end, where that has come already; which is told of together
 * with the end (tcp_poll() in net/ipv4/tcp.c). */
static bool
may_stop_at_urgent(const struct relay_leg *from, bool blocked)
{
	return from->urgent || (!blocked && !from->ending);
}

/* From the socket into an empty pipe. 1: something. 0: nothing for now, or no more. */
static int
fill(struct relay *relay, enum relay_side side, struct relay_end *end)
{
	struct relay_leg *from = &relay->legs[side];
	struct pipe *pipe = relay->flows[side].pipe;
	ssize_t n = splice(from->fd, NULL, pipe->write_fd, NULL, pipe->size, MOVE_FLAGS);
	bool blocked = n < 0 && would_block(errno);
	int error = errno;

	if ((n == 0 || blocked) && may_stop_at_urgent(from, blocked)) {
		ssize_t urgent = move_urgent(from, pipe);

		blocked = blocked && urgent <= 0;
		n = urgent > 0 ? urgent : n;
	}
	if (n < 0 && !blocked)
		return ended(end, side, error);
	if (n <= 0) {
		from->eof = !blocked;
		return 0;
	}
	pipe->held = (uint32_t)n;
	relay->flows[side].bytes += (uint64_t)n;
	if (pipe->held == pipe->size) {
		from->bulk = true;
		pipes_enlarge(&relay->relays->pipes, pipe);
	}
	return 1;
}

int
pump_error_of(int fd, int otherwise)
{
	socklen_t length = sizeof(int);
	int error = 0;

	if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &length) < 0)
		return errno;
	return error != 0 ? error : otherwise;
}

/* From the pipe into the socket. 1: something. 0: it takes nothing for now. */
static int
drain(struct relay *relay, enum relay_side side, struct relay_end *end)
{
	enum relay_side opposite = pump_opposite(side);
	int to = relay->legs[opposite].fd;
	struct pipe *pipe = relay->flows[side].pipe;
	ssize_t n = splice(pipe->read_fd, NULL, to, NULL, pipe->held, MOVE_FLAGS);

	if (n < 0 && would_block(errno))
		return 0;
	if (n < 0)
		return ended(end, opposite, pump_error_of(to, errno));
	pipe->held -= (uint32_t)n;
	return 1;
}

void
pump_clear(struct relay *relay, enum relay_side side)
{
	struct relay_flow *flow = &relay->flows[side];

	if (flow->pipe == NULL)
		return;
	if (flow->pipe->held > 0)
		pipes_discard(&relay->relays->pipes, flow->pipe);
	else
		pipes_give(&relay->relays->pipes, flow->pipe);
	flow->pipe = NULL;
}

/* One that came with bytes from before takes no others: it is used up then. */
static int
take_pipe(struct relay *relay, enum relay_side side)
{
	struct relay_flow *flow = &relay->flows[side];
	struct relays *relays = relay->relays;
	int r;

	if (flow->pipe != NULL && flow->pipe->write_fd < 0)
		pump_clear(relay, side);
	if (flow->pipe != NULL)
		return 0;
	r = pipes_take(
	    &relays->pipes, relay_owner(relay, side), relay->legs[side].bulk, &flow->pipe);
	if (r == 0 && flow->pipe->exposed)
		relays->exposed(relay);
	return r;
}

/* Fill and empty it once. 1: there may be more. 0: enough for now. */
static int
move_once(struct relay *relay, enum relay_side side, struct relay_end *end)
{
	struct pipe *pipe = relay->flows[side].pipe;
	int r = pipe->held > 0 ? 1 : fill(relay, side, end);
	uint32_t size = pipe->held;

	while (r > 0 && pipe->held > 0)
		r = drain(relay, side, end);
	if (r <= 0)
		return r;
	return size >= LITTLE || relay->legs[side].ending;
}

/*
 * Who cannot be told of the end has met one of its own. But a connection is gone as well when both
 * ends have closed it in order, as the daemon before this one may have done: then the other one has
 * been told, and what it has said last may lie there still (inet_shutdown() in net/ipv4/af_inet.c).
 */
static bool
pass_end(int fd)
{
	struct sockaddr_storage peer;
	socklen_t length = sizeof(peer);

	return shutdown(fd, SHUT_WR) == 0 ||
	       (errno == ENOTCONN && getpeername(fd, (struct sockaddr *)&peer, &length) < 0);
}

/* Both directions have ended, and closing the socket says so. */
static bool
is_told_by_close(const struct relay *relay, enum relay_side side)
{
	return !relay->shared && relay->legs[side].shut;
}

enum moved
pump(struct relay *relay, enum relay_side side, struct relay_end *end)
{
	struct relay_leg *from = &relay->legs[side], *to = &relay->legs[pump_opposite(side)];
	int r = 1;

	for (unsigned round = 0; round < ROUNDS && r > 0; round++) {
		if (relay_held(relay, side) == 0 && from->eof)
			break;
		if (relay_held(relay, side) == 0 && take_pipe(relay, side) < 0)
			return NO_PIPE;
		r = move_once(relay, side, end);
	}
	if (relay_held(relay, side) > 0)
		return r < 0 ? ENDED : MOVED;
	pump_clear(relay, side);
	if (r >= 0 && from->eof && side == RELAY_PEER && relay->replaceable &&
	    relay_untouched(relay))
		r = ended(end, side, 0);
	if (r >= 0 && from->eof && !to->shut) {
		to->shut = true;
		if (!is_told_by_close(relay, side) && !pass_end(to->fd))
			r = ended(end, pump_opposite(side), pump_error_of(to->fd, ECONNRESET));
	}
	return r < 0 ? ENDED : MOVED;
}
