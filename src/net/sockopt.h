/* SPDX-License-Identifier: ISC */
#ifndef KAGUARD_NET_SOCKOPT_H
#define KAGUARD_NET_SOCKOPT_H

#include <stdbool.h>

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

#endif
