/* SPDX-License-Identifier: ISC */

/*
 * The least that can carry clients by splice(2): two sockets a client in one epoll, a pipe for as
 * long as something is in it. No timeouts, no keepalive, no bounds, nothing kept: what kaguard's
 * tunnels are measured against.
 *
 *	splice_loop PORT TARGET-PORT
 *
 * from and to 127.0.0.1. Ends on a signal.
 */

#include <arpa/inet.h>
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#define PIPE_SIZE (512 * 1024)
#define FLAGS	  (SPLICE_F_MOVE | SPLICE_F_NONBLOCK)

struct flow {
	int fds[2];
	size_t held;
	struct flow *next;
};

struct end {
	struct end *other;
	struct flow *flow; /* what came from here */
	int fd;
	int eof;
};

static struct flow *free_flows;
static struct sockaddr_in target = {.sin_family = AF_INET};
static int epoll;

static struct flow *
take(void)
{
	struct flow *flow = free_flows;

	if (flow != NULL) {
		free_flows = flow->next;
		return flow;
	}
	flow = calloc(1, sizeof(*flow));
	if (flow == NULL || pipe2(flow->fds, O_CLOEXEC | O_NONBLOCK) < 0)
		err(1, "pipe2");
	(void)fcntl(flow->fds[1], F_SETPIPE_SZ, PIPE_SIZE);
	return flow;
}

/* 0, or -1: that client has ended. */
static int
move(struct end *from)
{
	struct flow *flow = from->flow;
	ssize_t n = 1;

	while (n > 0) {
		if (flow == NULL)
			from->flow = flow = take();
		if (flow->held == 0) {
			n = splice(from->fd, NULL, flow->fds[1], NULL, PIPE_SIZE, FLAGS);
			flow->held = n > 0 ? (size_t)n : 0;
			from->eof |= n == 0;
		}
		while (flow->held > 0 && n > 0) {
			n = splice(flow->fds[0], NULL, from->other->fd, NULL, flow->held, FLAGS);
			flow->held -= n > 0 ? (size_t)n : 0;
		}
	}
	if (n < 0 && errno != EAGAIN)
		return -1;
	if (flow->held == 0) {
		flow->next = free_flows;
		free_flows = flow;
		from->flow = NULL;
		if (from->eof)
			shutdown(from->other->fd, SHUT_WR);
	}
	return 0;
}

static void
watch(void *what, int fd, uint32_t events)
{
	struct epoll_event event = {.events = events, .data.ptr = what};

	if (epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event) < 0)
		err(1, "epoll_ctl");
}

static void
begin(int client)
{
	struct end *ends = calloc(2, sizeof(*ends));
	int peer = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0), on = 1;

	if (ends == NULL || peer < 0)
		err(1, "socket");
	ends[0] = (struct end){.other = &ends[1], .fd = client};
	ends[1] = (struct end){.other = &ends[0], .fd = peer};
	setsockopt(client, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	setsockopt(peer, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	if (connect(peer, (struct sockaddr *)&target, sizeof(target)) < 0 && errno != EINPROGRESS)
		err(1, "connect");
	watch(&ends[0], client, EPOLLIN | EPOLLOUT | EPOLLET);
	watch(&ends[1], peer, EPOLLIN | EPOLLOUT | EPOLLET);
}

/* Those of whom both ends are in one batch of events are freed after it. */
static void
end(struct end *client, struct end **gone)
{
	struct end *first = client < client->other ? client : client->other;

	close(first->fd);
	close(first->other->fd);
	first->fd = first->other->fd = -1;
	first[1].other = *gone;
	*gone = &first[1];
}

static void
serve(struct end *from, struct end **gone)
{
	if (from->fd >= 0 &&
	    (move(from->other) < 0 || move(from) < 0 ||
		(from->eof && from->other->eof && from->flow == NULL && from->other->flow == NULL)))
		end(from, gone);
}

static void
run(int listener)
{
	struct epoll_event events[256];
	int n = epoll_wait(epoll, events, 256, -1), client;
	struct end *gone = NULL, *second;

	for (int i = 0; i < n; i++) {
		if (events[i].data.ptr != NULL)
			serve(events[i].data.ptr, &gone);
		else
			while ((client = accept4(
				    listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC)) >= 0)
				begin(client);
	}
	while ((second = gone) != NULL) {
		gone = second->other;
		free(second - 1);
	}
}

int
main(int argc, char **argv)
{
	struct sockaddr_in address = {.sin_family = AF_INET};
	int listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0), on = 1;

	if (argc != 3)
		errx(64, "usage: splice_loop PORT TARGET-PORT");
	target.sin_addr.s_addr = address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	address.sin_port = htons((uint16_t)atoi(argv[1]));
	target.sin_port = htons((uint16_t)atoi(argv[2]));
	epoll = epoll_create1(EPOLL_CLOEXEC);
	if (setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) < 0 ||
	    bind(listener, (struct sockaddr *)&address, sizeof(address)) < 0 ||
	    listen(listener, 4096) < 0)
		err(1, "listen");
	watch(NULL, listener, EPOLLIN);
	for (;;)
		run(listener);
}
