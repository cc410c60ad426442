/* SPDX-License-Identifier: ISC */
#ifndef KAGUARD_NET_TCPINFO_H
#define KAGUARD_NET_TCPINFO_H

/* What the kernel knows of a session. */

#include <stdbool.h>
#include <stdint.h>

struct tcp_facts {
	int64_t idle_ms;     /* age of the last proof of life: the last acceptable ACK, or data */
	int64_t quiet_ms;    /* age of the last data, sent or received */
	int64_t rtt_us;	     /* smoothed round-trip time */
	int64_t rtt_age_ms;  /* of data sent, or the handshake: answers to probes do not count */
	unsigned probes;     /* unanswered probes now; kept after the death */
	unsigned resent;     /* segments ever sent again; SYNs too */
	bool connected;	     /* established; the peer may have closed its side meanwhile */
	bool open;	     /* and it has not */
	bool dead;	     /* ended by an error */
	bool data_in_flight; /* data of ours is unacknowledged: keepalive is suspended */
};

/* 0, or negative errno. */
int tcpinfo_read(int fd, struct tcp_facts *ret);

#endif
