/* SPDX-License-Identifier: ISC */
#include "net/sockopt.h"

#include <errno.h>
#include <limits.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stddef.h>
#include <sys/socket.h>

struct option {
	const char *name;
	int level, number;
	int value;
};

static int
set(int fd, const struct option *option, bool read_back, struct sockopt_refusal *ret)
{
	int got = option->value;
	socklen_t len = sizeof(got);

	if (setsockopt(fd, option->level, option->number, &option->value, sizeof(int)) != 0 ||
	    (read_back && getsockopt(fd, option->level, option->number, &got, &len) != 0)) {
		*ret = (struct sockopt_refusal){
		    .option = option->name, .wanted = option->value, .got = -1, .error = errno};
		return -ret->error;
	}
	if (got == option->value)
		return 0;
	*ret =
	    (struct sockopt_refusal){.option = option->name, .wanted = option->value, .got = got};
	return -EPROTO;
}

int
sockopt_keepalive(int fd, const struct keepalive *keepalive, struct sockopt_refusal *ret_refusal)
{
	/* SO_KEEPALIVE arms a full idle time from now, and only TCP_KEEPIDLE re-arms a pending
	 * timer, from the idle time already spent (net/ipv4/tcp.c tcp_sock_set_keepidle_locked):
	 * so it comes last, when all that the timer looks at is in place. */
	const struct option options[] = {
	    {"SO_KEEPALIVE", SOL_SOCKET, SO_KEEPALIVE, 1},
	    {"TCP_KEEPINTVL", IPPROTO_TCP, TCP_KEEPINTVL, keepalive->interval_s},
	    {"TCP_KEEPCNT", IPPROTO_TCP, TCP_KEEPCNT, keepalive->count},
	    {"TCP_USER_TIMEOUT", IPPROTO_TCP, TCP_USER_TIMEOUT, keepalive->user_timeout_ms},
	    {"TCP_KEEPIDLE", IPPROTO_TCP, TCP_KEEPIDLE, keepalive->idle_s},
	};

	for (size_t i = 0; i < sizeof(options) / sizeof(options[0]); i++) {
		int r = set(fd, &options[i], keepalive->read_back, ret_refusal);

		if (r < 0)
			return r;
	}
	return 0;
}

/* Less than the least time between two probes, more than what ticks make of a time. */
#define SLACK_MS 50

int
sockopt_probe(int fd, int64_t idle_ms, const struct keepalive *keepalive)
{
	int64_t first_ms = idle_ms > 1000 ? idle_ms : 1000;
	int64_t last_ms = first_ms + (int64_t)keepalive->interval_s * keepalive->count * 1000;
	/* Where it is set it takes the place of TCP_KEEPCNT, and is compared with the age of the
	 * last proof of life (net/ipv4/tcp_timer.c tcp_keepalive_timer()): unchanged, the number of
	 * probes would depend on the idle time before the first. */
	int user_timeout_ms = last_ms < INT_MAX ? (int)last_ms - SLACK_MS : INT_MAX;
	int idle_s = 1;

	if (setsockopt(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, &user_timeout_ms, sizeof(int)) != 0 ||
	    setsockopt(fd, IPPROTO_TCP, TCP_KEEPIDLE, &idle_s, sizeof(int)) != 0)
		return -errno;
	return 0;
}
