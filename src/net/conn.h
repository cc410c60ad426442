/* SPDX-License-Identifier: ISC */
#ifndef KAGUARD_NET_CONN_H
#define KAGUARD_NET_CONN_H

/*
 * A session's hold on the network: one timer, and as its state says a resolution, a race or a
 * connected socket. The daemon meets it only through struct session_ops, so that a test can put a
 * network and a clock of its own behind it.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "net/address.h"
#include "net/loop.h"
#include "net/prober.h"
#include "net/sockopt.h"
#include "net/tcpinfo.h"

struct net;
struct attempt;
struct probing;

enum conn_event {
	CONN_TIMER,	/* the timer's delay is over */
	CONN_RESOLVED,	/* addresses are known: connect next */
	CONN_CONNECTED, /* fd, remote and local are set */
	CONN_FAILED,	/* no address, or no answer: error */
	CONN_LOST,	/* the held socket has ended: error, 0 for the peer's FIN */
	CONN_PROBED,	/* there was an answer to the probe, after answer_ms; see probe() */
};

struct conn_news {
	enum conn_event what;
	int error;  /* positive errno; for a name that did not resolve an EAI_* (which is negative)
		     */
	bool local; /* CONN_FAILED: nothing was sent, the trouble is ours */
	int64_t answer_ms; /* CONN_PROBED */
};

/* Embedded in the session. All zero is a valid start, but for fd, which is -1. */
struct conn {
	struct net *net;
	struct wake wake;
	struct attempt *attempt; /* while resolving or connecting, until held */
	struct probing *probing; /* a probe on demand that has no answer yet */
	uint64_t discarded;	 /* bytes received and thrown away unread */
	union address remote, local;
	int fd;
	bool listening; /* the owner wants what is received: struct net, on_data */
	bool saving;	/* what is received is for somebody to whom the socket will be given */
	bool passing;	/* and who waits for it already: it is given at once, not watched */
};

/* A connected socket, its two ends, and what it shows. */
struct conn_socket {
	struct tcp_facts facts;
	union address remote, local;
	int fd;
};

struct session_ops {
	int64_t (*now_ms)(struct net *net);
	/* How long the machine has been suspended so far: now_ms stood still meanwhile. */
	int64_t (*asleep_ms)(struct net *net);
	uint32_t (*random)(struct net *net);

	/* 0, or -ENOMEM. */
	int (*open)(struct net *net, struct conn *conn);
	/* Drops, and frees what open() took. */
	void (*clear)(struct conn *conn);

	/* CONN_TIMER after that long; -1: no timer. While a socket is held there is no timer. */
	void (*timer)(struct conn *conn, int64_t delay_ms);

	/*
	 * 0: news will come. 1: already so, as if CONN_RESOLVED or CONN_CONNECTED had come. Or
	 * negative errno: failed at once by local trouble. The target is borrowed for as long as
	 * the attempt lasts; what it says may change meanwhile.
	 */
	int (*resolve)(struct conn *conn, const struct target *target);
	int (*connect)(
	    struct conn *conn, const struct target *target, struct conn_news *ret_failed);

	/* Have this socket, as if CONN_CONNECTED had come. */
	void (*adopt)(struct conn *conn, const struct conn_socket *socket);

	/*
	 * Watch the connected socket: CONN_LOST will come. *ret is what connecting has shown,
	 * nothing for one that was adopted. 0, or negative errno.
	 */
	int (*hold)(struct conn *conn, struct tcp_facts *ret);
	int (*tune)(struct conn *conn, const struct keepalive *keepalive,
	    struct sockopt_refusal *ret_refusal);
	/*
	 * Probe the held socket now, whose plan is `keepalive`; one of many at once waits for its
	 * turn. Then comes CONN_PROBED, and tune() is to be called; or CONN_LOST, when as many
	 * probes as the plan has were in vain. Until then the socket has values of its own. One
	 * that is being probed begins anew. 0, or negative errno.
	 */
	int (*probe)(struct conn *conn, const struct keepalive *keepalive);
	/* 0, or negative errno where there is no socket. */
	int (*facts)(struct conn *conn, struct tcp_facts *ret);

	/* Over the held socket. How many of the bytes were taken, 0 while there is no room; or
	 * negative errno where the session has ended, and no other news will come of that. */
	int (*send)(struct conn *conn, const char *data, size_t len);
	/* Read what has come by now, as if woken by it: the news comes before this returns. */
	void (*read)(struct conn *conn);

	/* Cancel what is under way, close what is held; no news will come of it. */
	void (*drop)(struct conn *conn);

	/* Let go of the socket that is held, without ending the session: somebody else has it too.
	 */
	void (*leave)(struct conn *conn);

	/* Whether the held socket can be given away: its end, which may not have been told yet, has
	 * not come. And give it away: it is the caller's then. */
	bool (*sound)(struct conn *conn);
	int (*give)(struct conn *conn);
};

/* The live one. `on_news` is called from the loop for every conn. */
struct resolver;
struct net {
	struct loop *loop;
	struct resolver *resolver;
	struct prober prober;
	void (*on_news)(struct conn *conn, const struct conn_news *news);
	/* Bytes for one that is listening; what it does with them does not drop the conn. */
	void (*on_data)(struct conn *conn, const char *data, size_t len);
	/* Descriptors from this number on are not for sessions: without them the daemon could not
	 * even read the configuration that asks for fewer. */
	int fd_limit;
};

/* 0, or negative errno. `on_news` and `fd_limit` are the caller's to set. */
int net_open(struct net *net, struct loop *loop);
/* After all conns were cleared. All zero is fine. */
void net_close(struct net *net);

extern const struct session_ops net_ops;

#endif
