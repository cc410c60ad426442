/* SPDX-License-Identifier: ISC */
#ifndef KAGUARD_NET_PROBER_H
#define KAGUARD_NET_PROBER_H

/*
 * Keepalive probes on demand. A probe goes out at once where TCP_KEEPIDLE is set to a second on a
 * socket that was idle for longer, and a few milliseconds before the second is over on others: so
 * what answers it is younger than the demand in any case. Until the answer is there, the socket
 * stays as it is, since setting TCP_KEEPIDLE back would call off the probe, or those that are to
 * follow one without an answer. Many at once are spread, and one timer serves them all.
 */

#include <stdint.h>
#include <sys/queue.h>

#include "net/loop.h"
#include "net/sockopt.h"

struct probe;
TAILQ_HEAD(probe_list, probe);

/* Embedded in what owns the socket, or allocated with it. All zero is one that is not under way. */
struct probe {
	TAILQ_ENTRY(probe) entry;
	struct probe_list *list; /* that it is in; NULL: it is not under way */
	struct prober *prober;
	struct keepalive keepalive; /* the plan; what is taken of it: interval and count */
	int64_t idle_ms;	    /* age of the last proof of life when the probe was asked for */
	int64_t asked_ms, due_ms;
	int fd;
	/*
	 * There was a proof of life after the probe, so long after it, as exactly as the kernel's
	 * tick tells; it is not under way any more. TCP_KEEPIDLE and TCP_USER_TIMEOUT are to be set
	 * back now.
	 */
	void (*answered)(struct probe *probe, int64_t answer_ms);
};

struct prober {
	struct wake wake;
	struct probe_list waiting, fresh, silent;
	int64_t batch_ms; /* when the next of those waiting may go */
};

/* 0, or -ENOMEM. Its probes are stopped before it is cleared. */
int prober_init(struct prober *prober, struct loop *loop);
void prober_clear(struct prober *prober);

/*
 * Probe the connected socket probe->fd, whose plan is probe->keepalive. Where no answer comes,
 * there are `count` probes, `interval_s` apart, whatever the idle time was; then the kernel ends
 * the connection with ETIMEDOUT. One that is under way begins anew.
 */
void prober_start(struct prober *prober, struct probe *probe);

/* Forget it. The socket is left as it is. */
void prober_stop(struct probe *probe);

#endif
