/* SPDX-License-Identifier: ISC */

/*
 * Linked around the daemon (ld --wrap): how long its event loop is kept by parking, and by taking
 * up. Told on stderr as "stopwatch: what wall-ms cpu-ms count".
 */

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "daemon/guard.h"
#include "daemon/keep.h"
#include "daemon/peer.h"
#include "daemon/session.h"
#include "daemon/takeover.h"

struct span {
	int64_t wall_ns, cpu_ns;
};

static struct span parking, refilling;
static unsigned parked, refilled;

static struct span
now(void)
{
	struct timespec wall, cpu;

	clock_gettime(CLOCK_MONOTONIC, &wall);
	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &cpu);
	return (struct span){(int64_t)wall.tv_sec * 1000000000 + wall.tv_nsec,
	    (int64_t)cpu.tv_sec * 1000000000 + cpu.tv_nsec};
}

static void
add_since(struct span *sum, const struct span *from)
{
	struct span to = now();

	sum->wall_ns += to.wall_ns - from->wall_ns;
	sum->cpu_ns += to.cpu_ns - from->cpu_ns;
}

static void
tell(const char *what, const struct span *span, unsigned count)
{
	fprintf(stderr, "stopwatch: %s %.3f %.3f %u\n", what, (double)span->wall_ns / 1e6,
	    (double)span->cpu_ns / 1e6, count);
}

/* Without what the stopwatch itself takes: reading the clock of a thread is a system call. */
static void
add_call(struct span *sum, const struct span *from)
{
	static struct span own;

	if (own.wall_ns == 0)
		for (int i = 0; i < 1000; i++) {
			struct span start = now();

			add_since(&own, &start);
		}
	add_since(sum, from);
	sum->wall_ns -= own.wall_ns / 1000;
	sum->cpu_ns -= own.cpu_ns / 1000;
}

void __real_keep_moved(struct keep *keep, struct session *session);
void __wrap_keep_moved(struct keep *keep, struct session *session);
void
__wrap_keep_moved(struct keep *keep, struct session *session)
{
	struct span from = now();
	uint64_t before = session->life;

	__real_keep_moved(keep, session);
	add_call(&parking, &from);
	parked += before == 0 && session->life != 0;
}

int __real_parking_flush(struct parking *p, bool refused);
int __wrap_parking_flush(struct parking *p, bool refused);
int
__wrap_parking_flush(struct parking *p, bool refused)
{
	struct span from = now();
	int r = __real_parking_flush(p, refused);

	add_since(&refilling, &from);
	refilled++;
	return r;
}

/* The system calls that taking up a socket cannot do without, and nothing else: what a figure of
 * this run on this machine has to be compared with. */
static unsigned
touch(int epoll_fd, int fd)
{
	struct epoll_event event = {.events = EPOLLIN};
	struct sockaddr_storage address;
	socklen_t length = sizeof(address), info_length = sizeof(struct tcp_info);
	struct tcp_info info;

	getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &info_length);
	getsockname(fd, (struct sockaddr *)&address, &length);
	length = sizeof(address);
	getpeername(fd, (struct sockaddr *)&address, &length);
	return epoll_ctl(epoll_fd, EPOLL_CTL_ADD, fd, &event) == 0;
}

static void
time_system_calls(const struct guard *guard)
{
	int epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	struct span from = now(), bare = {0};
	unsigned n = 0;

	for (size_t i = 0; i < guard->n_peers; i++)
		for (unsigned j = 0; j < guard->peers[i]->n_sessions; j++)
			if (guard->peers[i]->sessions[j]->conn.fd >= 0)
				n += touch(epoll_fd, guard->peers[i]->sessions[j]->conn.fd);
	add_since(&bare, &from);
	close(epoll_fd);
	tell("system-calls", &bare, n);
}

int __real_takeover(struct keep *keep, const struct config *config);
int __wrap_takeover(struct keep *keep, const struct config *config);
int
__wrap_takeover(struct keep *keep, const struct config *config)
{
	struct span from = now(), taking = {0};
	int r = __real_takeover(keep, config);

	add_since(&taking, &from);
	tell("taking-up", &taking, keep->guard->in_state[FSM_UP]);
	time_system_calls(keep->guard);
	return r;
}

unsigned __real_keep_leave(struct keep *keep);
unsigned __wrap_keep_leave(struct keep *keep);
unsigned
__wrap_keep_leave(struct keep *keep)
{
	struct span from = now(), leaving = {0};
	unsigned left;

	tell("parking", &parking, parked);
	tell("refilling", &refilling, refilled);
	left = __real_keep_leave(keep);
	add_since(&leaving, &from);
	tell("leaving", &leaving, left);
	return left;
}
