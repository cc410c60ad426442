/* SPDX-License-Identifier: ISC */
#include "net/rtnl.h"

#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/neighbour.h>
#include <linux/rtnetlink.h>
#include <stdint.h>
#include <string.h>

#include "net/rtnl_parse.h"

/* What one message, or one part of a dump, may need (netlink(7), NLMSG_GOODSIZE). */
#define BUFFER 32768

/* --- the sockets ---------------------------------------------------------------------------- */

static int
on_message(const struct nlmsghdr *message, void *arg)
{
	struct rtnl_reader *reader = arg;
	struct rtnl_message m;

	return rtnl_parse(message, &m) && !reader->take(reader, &m) ? MNL_CB_STOP : MNL_CB_OK;
}

static int
open_socket(struct mnl_socket **ret)
{
	struct mnl_socket *socket = mnl_socket_open2(NETLINK_ROUTE, SOCK_NONBLOCK | SOCK_CLOEXEC);
	int r;

	if (socket == NULL)
		return -errno;
	if (mnl_socket_bind(socket, 0, MNL_SOCKET_AUTOPID) < 0) {
		r = -errno;
		mnl_socket_close(socket);
		return r;
	}
	*ret = socket;
	return 0;
}

int
rtnl_subscribe(struct mnl_socket **ret)
{
	int groups[] = {RTNLGRP_LINK, RTNLGRP_IPV4_IFADDR, RTNLGRP_IPV6_IFADDR, RTNLGRP_IPV4_ROUTE,
	    RTNLGRP_IPV6_ROUTE};
	struct mnl_socket *socket = NULL;
	int r = open_socket(&socket);

	if (r < 0)
		return r;
	for (size_t i = 0; i < sizeof(groups) / sizeof(groups[0]); i++)
		if (mnl_socket_setsockopt(
			socket, NETLINK_ADD_MEMBERSHIP, &groups[i], sizeof(groups[i])) < 0) {
			r = -errno;
			mnl_socket_close(socket);
			return r;
		}
	*ret = socket;
	return 0;
}

void
rtnl_close(struct mnl_socket *socket)
{
	if (socket != NULL)
		mnl_socket_close(socket);
}

int
rtnl_fd(const struct mnl_socket *socket)
{
	return mnl_socket_get_fd(socket);
}

int
rtnl_receive(struct mnl_socket *socket, struct rtnl_reader *reader)
{
	static _Alignas(struct nlmsghdr) char buffer[BUFFER];
	ssize_t n;

	while ((n = mnl_socket_recvfrom(socket, buffer, sizeof(buffer))) > 0)
		mnl_cb_run(buffer, (size_t)n, 0, 0, on_message, reader);
	return n == 0 || errno == EAGAIN || errno == EINTR ? 0 : -errno;
}

/* The kernel has each part ready when it is asked for: nothing is waited for. */
static int
read_dump(struct mnl_socket *socket, struct rtnl_reader *reader)
{
	static _Alignas(struct nlmsghdr) char buffer[BUFFER];
	int r = MNL_CB_OK;

	while (r == MNL_CB_OK) {
		ssize_t n = mnl_socket_recvfrom(socket, buffer, sizeof(buffer));

		if (n < 0)
			return -errno;
		r = mnl_cb_run(
		    buffer, (size_t)n, 0, mnl_socket_get_portid(socket), on_message, reader);
	}
	return r < 0 ? -errno : 0;
}

int
rtnl_dump(enum rtnl_kind kind, int family, struct rtnl_reader *reader)
{
	static const uint16_t types[] = {
	    [RTNL_LINK] = RTM_GETLINK, [RTNL_ADDRESS] = RTM_GETADDR, [RTNL_ROUTE] = RTM_GETROUTE};
	_Alignas(struct nlmsghdr) char buffer[64] = {0};
	struct nlmsghdr *request = mnl_nlmsg_put_header(buffer);
	struct mnl_socket *socket = NULL;
	int r = open_socket(&socket);

	if (r < 0)
		return r;
	request->nlmsg_type = types[kind];
	request->nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP;
	/* The longest of the three headers; all begin with the family. */
	*(unsigned char *)mnl_nlmsg_put_extra_header(request, sizeof(struct ifinfomsg)) =
	    (unsigned char)family;
	if (mnl_socket_sendto(socket, request, request->nlmsg_len) < 0)
		r = -errno;
	if (r == 0)
		r = read_dump(socket, reader);
	mnl_socket_close(socket);
	return r;
}

/* --- one question, one answer -------------------------------------------------------------------
 */

static size_t
address_bytes(int family)
{
	return family == AF_INET ? sizeof(struct in_addr) : sizeof(struct in6_addr);
}

static void
put_address(struct nlmsghdr *request, uint16_t type, const union address *a)
{
	mnl_attr_put(request, type, address_bytes(a->any.sa_family),
	    a->any.sa_family == AF_INET ? (const void *)&a->in.sin_addr
					: (const void *)&a->in6.sin6_addr);
}

static int
ask(struct mnl_socket *socket, const struct nlmsghdr *request, mnl_cb_t fn, struct rtnl_hop *hop)
{
	_Alignas(struct nlmsghdr) char buffer[4096];
	ssize_t n;

	if (mnl_socket_sendto(socket, request, request->nlmsg_len) < 0 ||
	    (n = mnl_socket_recvfrom(socket, buffer, sizeof(buffer))) < 0 ||
	    mnl_cb_run(buffer, (size_t)n, 0, mnl_socket_get_portid(socket), fn, hop) < 0)
		return -errno;
	return 0;
}

static int
on_route(const struct nlmsghdr *message, void *arg)
{
	const struct rtmsg *info = mnl_nlmsg_get_payload(message);
	struct rtnl_hop *hop = arg;
	const struct nlattr *attr;

	for (attr = rtnl_first(message, sizeof(*info)); rtnl_more(message, attr);
	     attr = mnl_attr_next(attr)) {
		if (mnl_attr_get_type(attr) == RTA_OIF)
			hop->index = (int)mnl_attr_get_u32(attr);
		else if (mnl_attr_get_type(attr) == RTA_GATEWAY)
			rtnl_address(&hop->address, info->rtm_family, attr);
	}
	return MNL_CB_STOP;
}

static int
on_neighbour(const struct nlmsghdr *message, void *arg)
{
	struct rtnl_hop *hop = arg;
	const struct nlattr *attr;

	for (attr = rtnl_first(message, sizeof(struct ndmsg)); rtnl_more(message, attr);
	     attr = mnl_attr_next(attr)) {
		unsigned len = mnl_attr_get_payload_len(attr);

		if (mnl_attr_get_type(attr) != NDA_LLADDR || len > sizeof(hop->link))
			continue;
		memcpy(hop->link, mnl_attr_get_payload(attr), len);
		hop->link_len = len;
	}
	return MNL_CB_STOP;
}

static int
ask_route(struct mnl_socket *socket, const union address *from, const union address *to,
    struct rtnl_hop *hop)
{
	_Alignas(struct nlmsghdr) char buffer[256] = {0};
	struct nlmsghdr *request = mnl_nlmsg_put_header(buffer);
	struct rtmsg *info = mnl_nlmsg_put_extra_header(request, sizeof(*info));
	unsigned char bits = (unsigned char)(8 * address_bytes(to->any.sa_family));

	request->nlmsg_type = RTM_GETROUTE;
	request->nlmsg_flags = NLM_F_REQUEST;
	info->rtm_family = (unsigned char)to->any.sa_family;
	info->rtm_dst_len = info->rtm_src_len = bits;
	put_address(request, RTA_DST, to);
	put_address(request, RTA_SRC, from);
	if (hop->index > 0)
		mnl_attr_put_u32(request, RTA_OIF, (uint32_t)hop->index);
	return ask(socket, request, on_route, hop);
}

/* Those of one neighbour are told since Linux 5.0 (rtnetlink.c, neigh_get()). */
static void
ask_neighbour(struct mnl_socket *socket, struct rtnl_hop *hop)
{
	_Alignas(struct nlmsghdr) char buffer[256] = {0};
	struct nlmsghdr *request = mnl_nlmsg_put_header(buffer);
	struct ndmsg *info = mnl_nlmsg_put_extra_header(request, sizeof(*info));

	request->nlmsg_type = RTM_GETNEIGH;
	request->nlmsg_flags = NLM_F_REQUEST;
	info->ndm_family = (unsigned char)hop->address.any.sa_family;
	info->ndm_ifindex = hop->index;
	put_address(request, NDA_DST, &hop->address);
	(void)ask(socket, request, on_neighbour, hop);
}

int
rtnl_next_hop(const union address *from, const union address *to, int index, struct rtnl_hop *ret)
{
	struct rtnl_hop hop = {.index = index, .address = *to};
	struct mnl_socket *socket = NULL;
	int r = open_socket(&socket);

	if (r < 0)
		return r;
	r = ask_route(socket, from, to, &hop);
	if (r == 0) {
		ask_neighbour(socket, &hop);
		*ret = hop;
	}
	mnl_socket_close(socket);
	return r;
}
