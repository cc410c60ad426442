/* SPDX-License-Identifier: ISC */
#ifndef KAGUARD_NET_SEGMENTS_H
#define KAGUARD_NET_SEGMENTS_H

/*
 * How many segments of any kind a TCP socket has received (RFC 4898 tcpEStatsPerfSegsIn): the one
 * number that moves with what the kernel answers by itself and takes for no sign of life, such as
 * the peer's own keepalive probes. 0 where it cannot be read.
 */
unsigned segments_received(int fd);

#endif
