/* SPDX-License-Identifier: ISC */
#include "net/tcpinfo.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

int
tcpinfo_read(int fd, struct tcp_facts *ret)
{
	struct tcp_info info = {0};
	socklen_t len = sizeof(info);

	if (getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &len) != 0)
		return -errno;
	/* The kernel counts idleness from the younger of the two (include/net/tcp.h
	 * keepalive_time_elapsed()). */
	*ret = (struct tcp_facts){
	    .idle_ms = info.tcpi_last_ack_recv < info.tcpi_last_data_recv
			   ? info.tcpi_last_ack_recv
			   : info.tcpi_last_data_recv,
	    .quiet_ms = info.tcpi_last_data_sent < info.tcpi_last_data_recv
			    ? info.tcpi_last_data_sent
			    : info.tcpi_last_data_recv,
	    .rtt_us = info.tcpi_rtt,
	    /* An acknowledgement measures where it is of something new (tcp_clean_rtx_queue() in
	     * net/ipv4/tcp_input.c); the handshake counts as sending (tcp_init_transfer()). */
	    .rtt_age_ms = info.tcpi_last_data_sent,
	    .probes = info.tcpi_probes,
	    .resent = info.tcpi_total_retrans,
	    .connected = info.tcpi_state == TCP_ESTABLISHED || info.tcpi_state == TCP_CLOSE_WAIT,
	    .open = info.tcpi_state == TCP_ESTABLISHED,
	    .dead = info.tcpi_state == TCP_CLOSE,
	    .data_in_flight = info.tcpi_unacked > 0,
	};
	return 0;
}
