/* SPDX-License-Identifier: ISC */
#include "net/rtnl_parse.h"

#include <arpa/inet.h>
#include <libmnl/libmnl.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <stdio.h>
#include <string.h>

/* libmnl's own loop makes an int of a long. */
const struct nlattr *
rtnl_first(const struct nlmsghdr *message, size_t header)
{
	return mnl_nlmsg_get_payload_offset(message, header);
}

bool
rtnl_more(const struct nlmsghdr *message, const struct nlattr *attr)
{
	const char *end = mnl_nlmsg_get_payload_tail(message);

	return mnl_attr_ok(attr, (int)(end - (const char *)attr));
}

/* Both ends of a veth are on this host, and behind a tun or tap is one of its programs. */
static void
read_kind(const struct nlattr *info, struct rtnl_message *m)
{
	const struct nlattr *attr = mnl_attr_get_payload(info);
	const char *end = (const char *)attr + mnl_attr_get_payload_len(info);

	for (; mnl_attr_ok(attr, (int)(end - (const char *)attr)); attr = mnl_attr_next(attr)) {
		const char *kind = mnl_attr_get_payload(attr);
		size_t len = mnl_attr_get_payload_len(attr);

		if (mnl_attr_get_type(attr) != IFLA_INFO_KIND)
			continue;
		m->local = strncmp(kind, "veth", len) == 0 || strncmp(kind, "tun", len) == 0;
		m->bridge = strncmp(kind, "bridge", len) == 0;
	}
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
	for (attr = rtnl_first(message, sizeof(*info)); rtnl_more(message, attr);
	     attr = mnl_attr_next(attr)) {
		if (mnl_attr_get_type(attr) == IFLA_IFNAME)
			snprintf(m->name, sizeof(m->name), "%s", mnl_attr_get_str(attr));
		else if (mnl_attr_get_type(attr) == IFLA_MASTER)
			m->master = (int)mnl_attr_get_u32(attr);
		else if (mnl_attr_get_type(attr) == IFLA_LINKINFO)
			read_kind(attr, m);
	}
	return true;
}

bool
rtnl_address(union address *a, int family, const struct nlattr *attr)
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
	/* One that somebody else has stays, but is good for nothing (RFC 4862 section 5.4.5); one
	 * that is optimistic may be used already (RFC 4429). */
	m->gone = m->gone || (info->ifa_flags & IFA_F_DADFAILED);
	m->tentative = (info->ifa_flags & IFA_F_TENTATIVE) && !(info->ifa_flags & IFA_F_OPTIMISTIC);
	/* Of a link with two ends IFA_ADDRESS is the other one. */
	for (attr = rtnl_first(message, sizeof(*info)); rtnl_more(message, attr);
	     attr = mnl_attr_next(attr)) {
		if (mnl_attr_get_type(attr) == IFA_LOCAL ||
		    (mnl_attr_get_type(attr) == IFA_ADDRESS && found == NULL))
			found = attr;
	}
	m->kind = RTNL_ADDRESS;
	m->index = (int)info->ifa_index;
	return rtnl_address(&m->address, info->ifa_family, found);
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
	for (attr = rtnl_first(message, sizeof(*info)); rtnl_more(message, attr);
	     attr = mnl_attr_next(attr)) {
		if (mnl_attr_get_type(attr) == RTA_DST)
			rtnl_address(&to, info->rtm_family, attr);
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

bool
rtnl_parse(const struct nlmsghdr *message, struct rtnl_message *ret)
{
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
	if (ours)
		*ret = m;
	return ours;
}
