/* SPDX-License-Identifier: ISC */
#include "net/rtnl.h"

#include <arpa/inet.h>
#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/neighbour.h>
#include <linux/rtnetlink.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

/* What one message, or one part of a dump, may need (netlink(7), NLMSG_GOODSIZE). */
#define BUFFER 32768

/* --- from a message to what it says: false where that is nothing to us ---------------------- */

/* libmnl's own loop makes an int of a long. */
static const struct nlattr *
first(const struct nlmsghdr *message, size_t header)
{
	return mnl_nlmsg_get_payload_offset(message, header);
}

static bool
more(const struct nlmsghdr *message, const struct nlattr *attr)
{
	const char *end = mnl_nlmsg_get_payload_tail(message);

	return mnl_attr_ok(attr, (int)(end - (const char *)attr));
}

static bool
read_link(const struct nlmsghdr *message, struct rtnl_message *m)
{
	const struct ifinfomsg *info = mnl_nlmsg_get_payload(message);
	const struct nlattr *attr;

	/* A bridge tells of its ports under a family of its own, and of their end as a port only.
	 */
	if (info->ifi_family != AF_UNSPEC)
		return false;
	m->kind = RTNL_LINK;
	m->index = info->ifi_index;
	m->running = (info->ifi_flags & IFF_UP) && (info->ifi_flags & IFF_RUNNING);
	m->loopback = (info->ifi_flags & IFF_LOOPBACK) != 0;
	for (attr = first(message, sizeof(*info)); more(message, attr);
	     attr = mnl_attr_next(attr)) {
		if (mnl_attr_get_type(attr) == IFLA_IFNAME)
			snprintf(m->name, sizeof(m->name), "%s", mnl_attr_get_str(attr));
	}
	return true;
}

static bool
set_address(union address *a, int family, const struct nlattr *attr)
{
	size_t bytes = family == AF_INET ? sizeof(a->in.sin_addr) : sizeof(a->in6.sin6_addr);

	if (attr == NULL || mnl_attr_get_payload_len(attr) != bytes)
		return false;
	a->any.sa_family = (sa_family_t)family;
	memcpy(family == AF_INET ? (void *)&a->in.sin_addr : (void *)&a->in6.sin6_addr,
	    mnl_attr_get_payload(attr), bytes);
	return true;
}

static bool
read_address(const struct nlmsghdr *message, struct rtnl_message *m)
{
	const struct ifaddrmsg *info = mnl_nlmsg_get_payload(message);
	const struct nlattr *attr, *found = NULL;

	if (info->ifa_family != AF_INET && info->ifa_family != AF_INET6)
		return false;
	/* It comes again when it is known to be nobody else's (RFC 4862 section 5.4). */
	if (!m->gone && (info->ifa_flags & (IFA_F_TENTATIVE | IFA_F_DADFAILED)))
		return false;
	/* Of a link with two ends IFA_ADDRESS is the other one. */
	for (attr = first(message, sizeof(*info)); more(message, attr);
	     attr = mnl_attr_next(attr)) {
		if (mnl_attr_get_type(attr) == IFA_LOCAL ||
		    (mnl_attr_get_type(attr) == IFA_ADDRESS && found == NULL))
			found = attr;
	}
	m->kind = RTNL_ADDRESS;
	m->index = (int)info->ifa_index;
	return set_address(&m->address, info->ifa_family, found);
}

static void
add_hop(struct rtnl_message *m, unsigned flags, int index)
{
	if (!(flags & (RTNH_F_DEAD | RTNH_F_LINKDOWN)) && m->n_hops < RTNL_HOPS)
		m->hops[m->n_hops++] = index;
}

static void
add_hops(struct rtnl_message *m, const struct nlattr *attr)
{
	const struct rtnexthop *hop = mnl_attr_get_payload(attr);
	int left = mnl_attr_get_payload_len(attr);

	for (; RTNH_OK(hop, left); left -= (int)RTNH_ALIGN(hop->rtnh_len), hop = RTNH_NEXT(hop))
		add_hop(m, hop->rtnh_flags, hop->rtnh_ifindex);
}

static bool
read_route(const struct nlmsghdr *message, struct rtnl_message *m)
{
	const struct rtmsg *info = mnl_nlmsg_get_payload(message);
	union address to = {0};
	const struct nlattr *attr;
	char text[INET6_ADDRSTRLEN] = "";

	if (info->rtm_type != RTN_UNICAST || info->rtm_table == RT_TABLE_LOCAL ||
	    (info->rtm_flags & RTM_F_CLONED) ||
	    (info->rtm_family != AF_INET && info->rtm_family != AF_INET6))
		return false;
	for (attr = first(message, sizeof(*info)); more(message, attr);
	     attr = mnl_attr_next(attr)) {
		if (mnl_attr_get_type(attr) == RTA_DST)
			set_address(&to, info->rtm_family, attr);
		else if (mnl_attr_get_type(attr) == RTA_OIF)
			add_hop(m, info->rtm_flags, (int)mnl_attr_get_u32(attr));
		else if (mnl_attr_get_type(attr) == RTA_MULTIPATH)
			add_hops(m, attr);
	}
	m->kind = RTNL_ROUTE;
	snprintf(m->to, sizeof(m->to), "the default route");
	if (info->rtm_dst_len == 0)
		return true;
	inet_ntop(info->rtm_family,
	    info->rtm_family == AF_INET ? (void *)&to.in.sin_addr : (void *)&to.in6.sin6_addr, text,
	    sizeof(text));
	snprintf(m->to, sizeof(m->to), "the route to %s/%u", text, info->rtm_dst_len);
	/* One to its own neighbours every link has by itself. */
	return info->rtm_family == AF_INET || !IN6_IS_ADDR_LINKLOCAL(&to.in6.sin6_addr);
}

static int
on_message(const struct nlmsghdr *message, void *arg)
{
	struct rtnl_reader *reader = arg;
	struct rtnl_message m = {0};
	bool ours = false;

	switch (message->nlmsg_type) {
	case RTM_DELLINK:
		m.gone = true;
		__attribute__((fallthrough));
	case RTM_NEWLINK:
		ours = read_link(message, &m);
		break;
	case RTM_DELADDR:
		m.gone = true;
		__attribute__((fallthrough));
	case RTM_NEWADDR:
		ours = read_address(message, &m);
		break;
	case RTM_DELROUTE:
		m.gone = true;
		__attribute__((fallthrough));
	case RTM_NEWROUTE:
		ours = read_route(message, &m);
		break;
	}
	return ours && !reader->take(reader, &m) ? MNL_CB_STOP : MNL_CB_OK;
}

/* --- the sockets ---------------------------------------------------------------------------- */

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

	for (attr = first(message, sizeof(*info)); more(message, attr);
	     attr = mnl_attr_next(attr)) {
		if (mnl_attr_get_type(attr) == RTA_OIF)
			hop->index = (int)mnl_attr_get_u32(attr);
		else if (mnl_attr_get_type(attr) == RTA_GATEWAY)
			set_address(&hop->address, info->rtm_family, attr);
	}
	return MNL_CB_STOP;
}

static int
on_neighbour(const struct nlmsghdr *message, void *arg)
{
	struct rtnl_hop *hop = arg;
	const struct nlattr *attr;

	for (attr = first(message, sizeof(struct ndmsg)); more(message, attr);
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
