/* SPDX-License-Identifier: ISC */

/*
 * The other end of tests/bench/traffic: on a port of 127.0.0.1 it sends back what it gets, or reads
 * it and forgets it. Whoever closes is closed.
 *
 *	far_end echo | discard
 *
 * prints "port N", and ends with its input.
 */

#include <arpa/inet.h>
#include <err.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

static char bytes[256 * 1024];

static void
watch(int epoll, int fd)
{
	struct epoll_event event = {.events = EPOLLIN, .data.fd = fd};

	if (epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event) < 0)
		err(1, "epoll_ctl");
}

static int
open_listener(void)
{
	struct sockaddr_in address = {.sin_family = AF_INET};
	socklen_t length = sizeof(address);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	if (fd < 0 || bind(fd, (struct sockaddr *)&address, length) < 0 || listen(fd, 4096) < 0 ||
	    getsockname(fd, (struct sockaddr *)&address, &length) < 0)
		err(1, "listen");
	printf("port %d\n", ntohs(address.sin_port));
	fflush(stdout);
	return fd;
}

static void
accept_all(int epoll, int listener)
{
	int fd, on = 1;

	while ((fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC)) >= 0) {
		setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
		watch(epoll, fd);
	}
}

/* What is sent back is so little that there is room for it. */
static void
serve(int fd, int echo)
{
	ssize_t n = recv(fd, bytes, sizeof(bytes), 0);

	if (n <= 0 || (echo && send(fd, bytes, (size_t)n, MSG_NOSIGNAL) != n))
		close(fd);
}

int
main(int argc, char **argv)
{
	int echo = argc == 2 && strcmp(argv[1], "echo") == 0;
	int epoll = epoll_create1(EPOLL_CLOEXEC), listener;
	struct epoll_event events[256];

	if (!echo && (argc != 2 || strcmp(argv[1], "discard") != 0))
		errx(64, "usage: far_end echo | discard");
	listener = open_listener();
	watch(epoll, listener);
	watch(epoll, STDIN_FILENO);
	for (;;) {
		int n = epoll_wait(epoll, events, 256, -1);

		for (int i = 0; i < n; i++) {
			if (events[i].data.fd == STDIN_FILENO)
				return 0;
			if (events[i].data.fd == listener)
				accept_all(epoll, listener);
			else
				serve(events[i].data.fd, echo);
		}
	}
}
