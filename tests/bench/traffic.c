/* SPDX-License-Identifier: ISC */

/*
 * Clients of a benchmark, in one thread, to a port of 127.0.0.1:
 *
 *	traffic PORT bulk STREAMS MS	send as much as goes; prints bytes and nanoseconds until
 *					the other end has closed, so that all has arrived
 *	traffic PORT ping CONNECTIONS MS
 *					64 bytes to and fro on each; prints exchanges, nanoseconds,
 *					and the median and the 99th percentile of one of them
 *	traffic PORT open AT-ONCE MS	connect, exchange a byte, close; prints connections and
 *					nanoseconds
 *	traffic PORT idle CONNECTIONS	exchange a byte on each; prints "up", and holds them until
 *					the input ends
 */

#include <arpa/inet.h>
#include <err.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define PIECE	    (256 * 1024)
#define MESSAGE	    64
#define MAX_SAMPLES (1u << 22)
#define PATIENCE_MS 20000
#define MAX_FDS	    65536

static char bytes[PIECE];
static struct sockaddr_in target = {.sin_family = AF_INET};
static int epoll;
static uint32_t samples[MAX_SAMPLES];
static int64_t sent_ns[MAX_FDS]; /* by descriptor */

static int64_t
now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

static int
connected(uint32_t events)
{
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), on = 1;
	struct epoll_event event = {.events = events, .data.fd = fd};

	if (fd < 0 || fd >= MAX_FDS ||
	    connect(fd, (struct sockaddr *)&target, sizeof(target)) < 0 ||
	    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on)) < 0 ||
	    epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event) < 0)
		err(1, "connect");
	return fd;
}

static void
put(int fd, size_t size)
{
	if (send(fd, bytes, size, MSG_NOSIGNAL) != (ssize_t)size)
		err(1, "send");
}

static void
get(int fd, size_t size)
{
	if (recv(fd, bytes, size, MSG_WAITALL) != (ssize_t)size)
		err(1, "recv");
}

static int
wait_for(struct epoll_event *events, int max)
{
	int n = epoll_wait(epoll, events, max, PATIENCE_MS);

	if (n <= 0)
		errx(1, "nothing came for %d s", PATIENCE_MS / 1000);
	return n;
}

/* --- bulk ------------------------------------------------------------------------------------- */

static void
send_until(int64_t until_ns, uint64_t *ret_bytes)
{
	struct epoll_event events[64];
	uint64_t sum = 0;

	while (now_ns() < until_ns) {
		int n = wait_for(events, 64);

		for (int i = 0; i < n; i++) {
			ssize_t sent =
			    send(events[i].data.fd, bytes, PIECE, MSG_DONTWAIT | MSG_NOSIGNAL);

			if (sent < 0 && errno != EAGAIN)
				err(1, "send");
			sum += sent > 0 ? (uint64_t)sent : 0;
		}
	}
	*ret_bytes = sum;
}

static void
bulk(int streams, int64_t ms)
{
	int fds[64];
	int64_t begun_ns;
	uint64_t sum;

	if (streams > 64)
		errx(64, "64 streams at most");
	for (int i = 0; i < streams; i++)
		fds[i] = connected(EPOLLOUT);
	begun_ns = now_ns();
	send_until(begun_ns + ms * 1000000, &sum);
	for (int i = 0; i < streams; i++)
		shutdown(fds[i], SHUT_WR);
	for (int i = 0; i < streams; i++)
		if (recv(fds[i], bytes, 1, 0) != 0)
			err(1, "no end in order");
	printf("%ju %jd\n", (uintmax_t)sum, (intmax_t)(now_ns() - begun_ns));
}

/* --- ping ------------------------------------------------------------------------------------- */

static int
by_size(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return (x > y) - (x < y);
}

static void
tell(uint32_t n, int64_t took_ns)
{
	uint32_t kept = n < MAX_SAMPLES ? n : MAX_SAMPLES;

	qsort(samples, kept, sizeof(*samples), by_size);
	printf("%u %jd %u %u\n", n, (intmax_t)took_ns, samples[kept / 2], samples[kept / 100 * 99]);
}

/* Connections that have been used once: whoever waits for a first byte has had it. */
static int *
connected_all(int n)
{
	int *fds = calloc((size_t)n, sizeof(*fds));

	if (fds == NULL)
		err(1, "calloc");
	for (int i = 0; i < n; i++)
		fds[i] = connected(EPOLLIN);
	for (int i = 0; i < n; i++)
		put(fds[i], 1);
	for (int i = 0; i < n; i++)
		get(fds[i], 1);
	return fds;
}

static void
ask(int fd)
{
	sent_ns[fd] = now_ns();
	put(fd, MESSAGE);
}

static int64_t
answered(int fd, uint32_t number)
{
	int64_t now;

	get(fd, MESSAGE);
	now = now_ns();
	samples[number % MAX_SAMPLES] = (uint32_t)(now - sent_ns[fd]);
	return now;
}

/* Of one there is nothing to be waited for but its answer. */
static uint32_t
ping_one(int fd, int64_t until_ns)
{
	uint32_t n = 0;

	do
		ask(fd);
	while (answered(fd, n++) < until_ns);
	return n;
}

static uint32_t
ping_many(const int *fds, int connections, int64_t until_ns)
{
	struct epoll_event events[256];
	int64_t now = 0;
	uint32_t n = 0;

	for (int i = 0; i < connections; i++)
		ask(fds[i]);
	while (now < until_ns) {
		int ready = wait_for(events, 256);

		for (int i = 0; i < ready; i++) {
			now = answered(events[i].data.fd, n++);
			ask(events[i].data.fd);
		}
	}
	return n;
}

static void
ping(int connections, int64_t ms)
{
	int *fds = connected_all(connections);
	int64_t begun_ns = now_ns(), until_ns = begun_ns + ms * 1000000;
	uint32_t n =
	    connections == 1 ? ping_one(fds[0], until_ns) : ping_many(fds, connections, until_ns);

	tell(n, now_ns() - begun_ns);
	free(fds);
}

/* --- open, idle ------------------------------------------------------------------------------- */

static void
begin(void)
{
	put(connected(EPOLLIN), 1);
}

static void
open_and_close(int at_once, int64_t ms)
{
	struct epoll_event events[256];
	int64_t begun_ns = now_ns();
	uint32_t n = 0;

	for (int i = 0; i < at_once; i++)
		begin();
	while (now_ns() < begun_ns + ms * 1000000) {
		int ready = wait_for(events, 256);

		for (int i = 0; i < ready; i++) {
			get(events[i].data.fd, 1);
			close(events[i].data.fd);
			n++;
			begin();
		}
	}
	printf("%u %jd\n", n, (intmax_t)(now_ns() - begun_ns));
}

static void
idle(int connections)
{
	free(connected_all(connections));
	printf("up\n");
	fflush(stdout);
	while (read(STDIN_FILENO, bytes, 1) > 0)
		;
}

int
main(int argc, char **argv)
{
	const char *what = argc > 3 ? argv[2] : "";
	int count = argc > 3 ? atoi(argv[3]) : 0;
	int64_t ms = argc > 4 ? atoll(argv[4]) : 0;

	if (count <= 0 || (ms <= 0) != (strcmp(what, "idle") == 0))
		errx(64, "usage: traffic PORT bulk|ping|open COUNT MS | traffic PORT idle COUNT");
	target.sin_port = htons((uint16_t)atoi(argv[1]));
	target.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	epoll = epoll_create1(EPOLL_CLOEXEC);
	if (strcmp(what, "bulk") == 0)
		bulk(count, ms);
	else if (strcmp(what, "ping") == 0)
		ping(count, ms);
	else if (strcmp(what, "open") == 0)
		open_and_close(count, ms);
	else
		idle(count);
	return 0;
}
