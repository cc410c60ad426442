/* SPDX-License-Identifier: ISC */
#include "net/segments.h"

#include <sys/socket.h>

/* Not <netinet/tcp.h>, whose struct tcp_info ends before this number. */
#include <linux/tcp.h>
#include <netinet/in.h>

unsigned
segments_received(int fd)
{
	struct tcp_info info = {0};
	socklen_t len = sizeof(info);

	if (getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &len) != 0)
		return 0;
	return info.tcpi_segs_in;
}
