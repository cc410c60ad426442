/* SPDX-License-Identifier: ISC */

/*
 * The other end of a benchmark: accepts connections on every loopback address and holds them.
 *
 *	sink COUNT [PORT BACKLOG]
 *
 * prints "port N", then "up FIRST LAST" (nanoseconds of CLOCK_MONOTONIC) once COUNT connections
 * have been accepted. For each line on standard input it prints "held N ACCEPTED": how many there
 * are, and how many have been accepted in all. It ends with the input.
 */

#include <arpa/inet.h>
#include <err.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define BACKLOG "65535" /* the kernel lowers it to net.core.somaxconn */

struct sink {
	int listener;
	int epoll;
	long wanted, accepted, held;
	int64_t first_ns;
};

static int64_t
now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

static void
watch(const struct sink *sink, int fd, uint32_t events)
{
	struct epoll_event event = {.events = events, .data.fd = fd};

	if (epoll_ctl(sink->epoll, EPOLL_CTL_ADD, fd, &event) < 0)
		err(1, "epoll_ctl");
}

static void
sink_open(struct sink *sink, long wanted, const char *port, const char *backlog)
{
	struct sockaddr_in address = {
	    .sin_family = AF_INET, .sin_port = htons((uint16_t)atoi(port))};
	socklen_t length = sizeof(address);
	const int on = 1; /* there may be sessions of a sink before this one */

	sink->wanted = wanted;
	sink->listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	sink->epoll = epoll_create1(EPOLL_CLOEXEC);
	if (sink->listener < 0 || sink->epoll < 0)
		err(1, "socket or epoll");
	if (setsockopt(sink->listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) < 0 ||
	    bind(sink->listener, (struct sockaddr *)&address, length) < 0 ||
	    listen(sink->listener, atoi(backlog)) < 0 ||
	    getsockname(sink->listener, (struct sockaddr *)&address, &length) < 0)
		err(1, "listen");
	watch(sink, sink->listener, EPOLLIN);
	watch(sink, STDIN_FILENO, EPOLLIN);
	printf("port %d\n", ntohs(address.sin_port));
}

static void
accept_all(struct sink *sink)
{
	int fd;

	while ((fd = accept4(sink->listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC)) >= 0) {
		if (sink->accepted == 0)
			sink->first_ns = now_ns();
		sink->held++;
		if (++sink->accepted == sink->wanted)
			printf("up %jd %jd\n", (intmax_t)sink->first_ns, (intmax_t)now_ns());
		watch(sink, fd, EPOLLRDHUP | EPOLLET);
	}
	if (errno != EAGAIN && errno != ECONNABORTED)
		err(1, "accept4");
}

/* Answers each line; false at the end of the input. */
static int
answer(const struct sink *sink)
{
	char line[64];
	ssize_t n = read(STDIN_FILENO, line, sizeof(line));

	if (n > 0)
		printf("held %ld %ld\n", sink->held, sink->accepted);
	return n > 0;
}

int
main(int argc, char **argv)
{
	struct sink sink = {0};
	struct epoll_event events[256];

	if ((argc != 2 && argc != 4) || atol(argv[1]) <= 0)
		errx(64, "usage: sink COUNT [PORT BACKLOG]");
	setvbuf(stdout, NULL, _IOLBF, 0);
	sink_open(&sink, atol(argv[1]), argc > 2 ? argv[2] : "0", argc > 2 ? argv[3] : BACKLOG);
	for (;;) {
		int n = epoll_wait(sink.epoll, events, 256, -1);

		/* Connections come in by the batch: a sink that slept before each would make
		 * whoever connects pay for waking it, the more so the slower that is. */
		usleep(1000);
		for (int i = 0; i < n; i++) {
			if (events[i].data.fd == sink.listener) {
				accept_all(&sink);
			} else if (events[i].data.fd != STDIN_FILENO) {
				close(events[i].data.fd);
				sink.held--;
			} else if (!answer(&sink)) {
				return 0;
			}
		}
	}
}
