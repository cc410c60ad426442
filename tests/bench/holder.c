/* SPDX-License-Identifier: ISC */

/*
 * The least that can hold sessions: for each, connect(2), five times setsockopt(2), one
 * epoll_ctl(2); then epoll_wait(2). What kaguard is measured against.
 *
 *	holder <PEERS
 *
 * PEERS has a line "ADDRESS PORT COUNT" for each peer. Ends on a signal.
 */

#include <arpa/inet.h>
#include <err.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

static void
set(int fd, int level, int option, int value)
{
	if (setsockopt(fd, level, option, &value, sizeof(value)) < 0)
		err(1, "setsockopt");
}

static void
hold(int epoll, const struct sockaddr_in *address)
{
	struct epoll_event event = {.events = EPOLLIN | EPOLLRDHUP};

	event.data.fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (event.data.fd < 0)
		err(1, "socket");
	if (connect(event.data.fd, (const struct sockaddr *)address, sizeof(*address)) < 0)
		err(1, "connect");
	set(event.data.fd, SOL_SOCKET, SO_KEEPALIVE, 1);
	set(event.data.fd, IPPROTO_TCP, TCP_KEEPIDLE, 222);
	set(event.data.fd, IPPROTO_TCP, TCP_KEEPINTVL, 33);
	set(event.data.fd, IPPROTO_TCP, TCP_KEEPCNT, 3);
	set(event.data.fd, IPPROTO_TCP, TCP_USER_TIMEOUT, 300000);
	if (epoll_ctl(epoll, EPOLL_CTL_ADD, event.data.fd, &event) < 0)
		err(1, "epoll_ctl");
}

int
main(void)
{
	char text[INET_ADDRSTRLEN];
	struct sockaddr_in address = {.sin_family = AF_INET};
	struct epoll_event event;
	uint16_t port;
	int count, epoll = epoll_create1(EPOLL_CLOEXEC);

	while (scanf("%15s %hu %d", text, &port, &count) == 3) {
		address.sin_port = htons(port);
		if (inet_pton(AF_INET, text, &address.sin_addr) != 1)
			errx(1, "%s: not an address", text);
		while (count-- > 0)
			hold(epoll, &address);
	}
	while (epoll_wait(epoll, &event, 1, -1) >= 0)
		close(event.data.fd);
	err(1, "epoll_wait");
}
