/* SPDX-License-Identifier: ISC */
#include "net/pump.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

/* So often a relay moves what is there before others have their turn. */
#define ROUNDS 8

#define MOVE_FLAGS (SPLICE_F_MOVE | SPLICE_F_NONBLOCK)

static bool
would_block(int error)
{
	return error == EAGAIN || error == EINTR || error == ENOBUFS || error == ENOMEM;
}

static enum moved
ended(struct relay_end *end, enum relay_side side, int error)
{
	*end = (struct relay_end){side, error};
	return ENDED;
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

/* From the socket into an empty pipe. */
static enum moved
fill(struct relay *relay, enum relay_side side, struct relay_end *end)
{
	struct relay_leg *from = &relay->legs[side];
	struct relay_flow *flow = &relay->flows[side];
	ssize_t n =
	    splice(from->fd, NULL, flow->pipe->write_fd, NULL, flow->pipe->size, MOVE_FLAGS);
	bool blocked = n < 0 && would_block(errno);
	int error = errno;

	/* Before urgent data it looks like the end, where that has come already. */
	if (n == 0 || (blocked && from->urgent)) {
		ssize_t urgent = move_urgent(from, flow->pipe);

		blocked = blocked && urgent <= 0;
		n = urgent > 0 ? urgent : n;
	}
	if (n < 0 && !blocked)
		return ended(end, side, error);
	if (n <= 0) {
		from->eof = !blocked;
		from->readable = false;
		return STUCK;
	}
	flow->held = (uint32_t)n;
	flow->bytes += (uint64_t)n;
	if (flow->held == flow->pipe->size) {
		flow->bulk = true;
		pipes_enlarge(&relay->relays->pipes, flow->pipe);
	}
	return MOVED;
}

int
pump_error_of(int fd, int otherwise)
{
	socklen_t length = sizeof(int);
	int error = 0;

	if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &length) < 0 || error == 0)
		return otherwise;
	return error;
}

/* From the pipe into the socket. */
static enum moved
drain(struct relay *relay, enum relay_side side, struct relay_end *end)
{
	enum relay_side opposite = pump_opposite(side);
	struct relay_leg *to = &relay->legs[opposite];
	struct relay_flow *flow = &relay->flows[side];
	ssize_t n = splice(flow->pipe->read_fd, NULL, to->fd, NULL, flow->held, MOVE_FLAGS);

	if (n < 0 && would_block(errno)) {
		to->writable = false;
		return STUCK;
	}
	if (n < 0)
		return ended(end, opposite, pump_error_of(to->fd, errno));
	flow->held -= (uint32_t)n;
	return MOVED;
}

void
pump_clear(struct relay *relay, enum relay_side side)
{
	struct relay_flow *flow = &relay->flows[side];

	if (flow->pipe == NULL)
		return;
	if (flow->held > 0)
		pipes_discard(&relay->relays->pipes, flow->pipe);
	else
		pipes_give(&relay->relays->pipes, flow->pipe);
	flow->pipe = NULL;
	flow->held = 0;
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
	r = pipes_take(&relays->pipes, relay_owner(relay, side), flow->bulk, &flow->pipe);
	if (r == 0 && flow->pipe->exposed)
		relays->exposed(relay);
	return r;
}

enum moved
pump(struct relay *relay, enum relay_side side, struct relay_end *end)
{
	struct relay_leg *from = &relay->legs[side], *to = &relay->legs[pump_opposite(side)];
	struct relay_flow *flow = &relay->flows[side];
	enum moved moved = STUCK;

	for (unsigned round = 0; round < ROUNDS; round++) {
		moved = STUCK;
		if (flow->held == 0 && from->readable && !from->eof) {
			if (take_pipe(relay, side) < 0)
				return NO_PIPE;
			moved = fill(relay, side, end);
		}
		while (flow->held > 0 && to->writable && moved != ENDED)
			moved = drain(relay, side, end);
		if (moved != MOVED || flow->held > 0)
			break;
	}
	if (flow->held > 0)
		return moved == ENDED ? ENDED : STUCK;
	pump_clear(relay, side);
	if (side == RELAY_PEER && from->eof && relay->replaceable && relay_untouched(relay))
		return ended(end, side, 0);
	if (moved != ENDED && from->eof && !to->shut) {
		to->shut = true;
		shutdown(to->fd, SHUT_WR);
	}
	return moved;
}
