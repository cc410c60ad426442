/* SPDX-License-Identifier: ISC */
#ifndef KAGUARD_NET_SOCKOPT_H
#define KAGUARD_NET_SOCKOPT_H

#include <stdbool.h>
#include <stdint.h>

/* The keepalive values of one socket. The only place where time is in seconds. */

struct keepalive {
	int idle_s;	     /* TCP_KEEPIDLE, 1..32767 */
	int interval_s;	     /* TCP_KEEPINTVL, 1..32767, at most idle_s */
	int count;	     /* TCP_KEEPCNT, 1..127 */
	int user_timeout_ms; /* TCP_USER_TIMEOUT */
	bool read_back;	     /* compare what the kernel has made of each */
};

/* An option that the kernel did not take. */
struct sockopt_refusal {
	const char *option; /* "TCP_KEEPIDLE" */
	int wanted, got;    /* got: what it reads back as; -1 where it could not be read */
	int error; /* errno of the call, or 0 where it was taken but reads back otherwise */
};

/*
 * Apply to a connected socket. 0, or a negative errno with *ret_refusal filled; -EPROTO where the
 * kernel took a value and reads back as another. It is enough to read back once for a set of
 * values: what the kernel makes of them does not depend on the socket.
 */
int sockopt_keepalive(
    int fd, const struct keepalive *keepalive, struct sockopt_refusal *ret_refusal);

/*
 * Have the kernel send a probe now to a socket that has these values, and was idle for so long; or
 * when it has been idle for a second. Without an answer there are to be as many as the values say.
 * 0, or negative errno. The values are to be applied again before long, but not at once: it is the
 * kernel's next tick that sends the probe.
 */
int sockopt_probe(int fd, int64_t idle_ms, const struct keepalive *keepalive);

#endif
