/* SPDX-License-Identifier: ISC */

/* What the messages of rtnetlink(7) come to, also of a kernel that says less or other than ours. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <arpa/inet.h>
#include <libmnl/libmnl.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <stdio.h>
#include <string.h>

#include "net/rtnl_parse.h"

static _Alignas(struct nlmsghdr) char buffer[1024];
static struct rtnl_message said;

/* A message with its header; what follows is put behind it. */
static struct nlmsghdr *
message(uint16_t type, const void *header, size_t size)
{
	struct nlmsghdr *m;

	memset(buffer, 0, sizeof(buffer));
	m = mnl_nlmsg_put_header(buffer);
	m->nlmsg_type = type;
	memcpy(mnl_nlmsg_put_extra_header(m, size), header, size);
	return m;
}

static void
put_ip(struct nlmsghdr *m, uint16_t type, const char *text)
{
	unsigned char bytes[sizeof(struct in6_addr)];
	int family = strchr(text, ':') != NULL ? AF_INET6 : AF_INET;

	assert_int_equal(inet_pton(family, text, bytes), 1);
	mnl_attr_put(m, type, family == AF_INET ? 4 : 16, bytes);
}

static void
assert_address(const union address *address, const char *text)
{
	char shown[ADDRESS_TEXT_SIZE];

	assert_string_equal(address_text(address, shown, sizeof(shown)), text);
}

/* --- links ------------------------------------------------------------------------------------ */

static void
parse_link(uint16_t type, unsigned flags, const char *kind)
{
	const struct ifinfomsg info = {.ifi_index = 7, .ifi_flags = flags};
	struct nlmsghdr *m = message(type, &info, sizeof(info));
	struct nlattr *nest;

	mnl_attr_put_strz(m, IFLA_IFNAME, "eth7");
	mnl_attr_put_u32(m, IFLA_MASTER, 3);
	if (kind != NULL) {
		nest = mnl_attr_nest_start(m, IFLA_LINKINFO);
		mnl_attr_put_u32(m, IFLA_INFO_DATA, 0);
		mnl_attr_put_strz(m, IFLA_INFO_KIND, kind);
		mnl_attr_nest_end(m, nest);
	}
	assert_true(rtnl_parse(m, &said));
	assert_int_equal(said.kind, RTNL_LINK);
	assert_int_equal(said.index, 7);
	assert_int_equal(said.master, 3);
	assert_string_equal(said.name, "eth7");
}

static void
a_link_runs_or_not_and_goes(void **unused)
{
	(void)unused;
	parse_link(RTM_NEWLINK, IFF_UP | IFF_RUNNING, NULL);
	assert_true(said.running);
	assert_false(said.gone || said.loopback || said.local || said.bridge);
	parse_link(RTM_NEWLINK, IFF_UP, NULL); /* no carrier */
	assert_false(said.running);
	parse_link(RTM_NEWLINK, IFF_RUNNING, NULL);
	assert_false(said.running);
	parse_link(RTM_NEWLINK, IFF_UP | IFF_RUNNING | IFF_LOOPBACK, NULL);
	assert_true(said.loopback);
	parse_link(RTM_DELLINK, 0, NULL);
	assert_true(said.gone);
}

static void
what_ends_on_this_host_is_known_by_its_kind(void **unused)
{
	(void)unused;
	parse_link(RTM_NEWLINK, IFF_UP, "veth");
	assert_true(said.local);
	parse_link(RTM_NEWLINK, IFF_UP, "tun");
	assert_true(said.local);
	parse_link(RTM_NEWLINK, IFF_UP, "bridge");
	assert_true(said.bridge);
	assert_false(said.local);
	parse_link(RTM_NEWLINK, IFF_UP, "vlan");
	assert_false(said.local || said.bridge);
}

static void
a_bridges_word_on_its_ports_is_not_the_ports_own(void **unused)
{
	const struct ifinfomsg info = {.ifi_family = AF_BRIDGE, .ifi_index = 7};

	(void)unused;
	said.index = 99;
	assert_false(rtnl_parse(message(RTM_DELLINK, &info, sizeof(info)), &said));
	assert_int_equal(said.index, 99); /* untouched */
}

/* --- addresses -------------------------------------------------------------------------------- */

static void
of_a_link_with_two_ends_the_address_is_the_own_one(void **unused)
{
	const struct ifaddrmsg info = {.ifa_family = AF_INET, .ifa_index = 4};
	struct nlmsghdr *m = message(RTM_NEWADDR, &info, sizeof(info));

	(void)unused;
	put_ip(m, IFA_ADDRESS, "192.0.2.1");
	put_ip(m, IFA_LOCAL, "192.0.2.2");
	put_ip(m, IFA_BROADCAST, "192.0.2.255");
	assert_true(rtnl_parse(m, &said));
	assert_address(&said.address, "192.0.2.2:0");
	/* In whichever order. */
	m = message(RTM_NEWADDR, &info, sizeof(info));
	put_ip(m, IFA_LOCAL, "192.0.2.2");
	put_ip(m, IFA_ADDRESS, "192.0.2.1");
	assert_true(rtnl_parse(m, &said));
	assert_address(&said.address, "192.0.2.2:0");
	assert_int_equal(said.index, 4);
	assert_int_equal(said.kind, RTNL_ADDRESS);
}

static void
parse_flags(uint16_t type, unsigned char flags)
{
	const struct ifaddrmsg info = {.ifa_family = AF_INET6, .ifa_flags = flags};
	struct nlmsghdr *m = message(type, &info, sizeof(info));

	put_ip(m, IFA_ADDRESS, "2001:db8::1");
	assert_true(rtnl_parse(m, &said));
	assert_address(&said.address, "[2001:db8::1]:0");
}

static void
an_address_counts_once_nobody_else_has_it(void **unused)
{
	(void)unused;
	parse_flags(RTM_NEWADDR, 0);
	assert_false(said.gone || said.tentative);
	parse_flags(RTM_NEWADDR, IFA_F_TENTATIVE);
	assert_true(said.tentative);
	parse_flags(RTM_NEWADDR, IFA_F_TENTATIVE | IFA_F_OPTIMISTIC);
	assert_false(said.tentative);
	parse_flags(RTM_NEWADDR, IFA_F_TENTATIVE | IFA_F_DADFAILED);
	assert_true(said.gone);
	parse_flags(RTM_DELADDR, 0);
	assert_true(said.gone);
}

static void
an_address_of_another_family_or_length_is_none(void **unused)
{
	struct ifaddrmsg info = {.ifa_family = AF_INET};
	struct nlmsghdr *m = message(RTM_NEWADDR, &info, sizeof(info));

	(void)unused;
	assert_false(rtnl_parse(m, &said)); /* none at all */
	put_ip(m, IFA_LOCAL, "2001:db8::1");
	assert_false(rtnl_parse(m, &said));
	info.ifa_family = AF_PACKET;
	m = message(RTM_NEWADDR, &info, sizeof(info));
	put_ip(m, IFA_LOCAL, "192.0.2.1");
	assert_false(rtnl_parse(m, &said));
}

/* --- routes ----------------------------------------------------------------------------------- */

static struct nlmsghdr *
route(struct rtmsg info, const char *to)
{
	struct nlmsghdr *m;

	info.rtm_family = strchr(to, ':') != NULL ? AF_INET6 : AF_INET;
	m = message(RTM_NEWROUTE, &info, sizeof(info));
	put_ip(m, RTA_DST, to);
	mnl_attr_put_u32(m, RTA_OIF, 4);
	mnl_attr_put_u32(m, RTA_PRIORITY, 100);
	return m;
}

static void
a_route_says_where_to_and_through_what(void **unused)
{
	const struct rtmsg wide = {.rtm_type = RTN_UNICAST};
	const struct rtmsg net = {.rtm_type = RTN_UNICAST, .rtm_dst_len = 24};
	const struct rtmsg dead = {.rtm_type = RTN_UNICAST, .rtm_flags = RTNH_F_LINKDOWN};
	struct nlmsghdr *m = route(net, "192.0.2.0");

	(void)unused;
	assert_true(rtnl_parse(m, &said));
	assert_string_equal(said.to, "the route to 192.0.2.0/24");
	assert_int_equal(said.n_hops, 1);
	assert_int_equal(said.hops[0], 4);
	assert_false(said.gone);
	m->nlmsg_type = RTM_DELROUTE;
	assert_true(rtnl_parse(m, &said));
	assert_true(said.gone);
	assert_true(rtnl_parse(route(net, "2001:db8::"), &said));
	assert_string_equal(said.to, "the route to 2001:db8::/24");
	assert_true(rtnl_parse(route(wide, "0.0.0.0"), &said));
	assert_string_equal(said.to, "the default route");
	assert_true(rtnl_parse(route(dead, "0.0.0.0"), &said));
	assert_int_equal(said.n_hops, 0);
}

/* Those that every link has, that lead nowhere, or are but kept for what was sent. */
static void
routes_to_no_other_host_are_nothing_to_us(void **unused)
{
	const struct rtmsg none[] = {
	    {.rtm_type = RTN_BLACKHOLE},
	    {.rtm_type = RTN_UNICAST, .rtm_table = RT_TABLE_LOCAL},
	    {.rtm_type = RTN_UNICAST, .rtm_flags = RTM_F_CLONED},
	};
	const struct rtmsg near = {.rtm_type = RTN_UNICAST, .rtm_dst_len = 64};
	struct rtmsg *info;
	struct nlmsghdr *m;

	(void)unused;
	for (size_t i = 0; i < sizeof(none) / sizeof(none[0]); i++)
		assert_false(rtnl_parse(route(none[i], "192.0.2.0"), &said));
	assert_false(rtnl_parse(route(near, "fe80::"), &said));
	m = route(near, "2001:db8::");
	info = mnl_nlmsg_get_payload(m);
	info->rtm_family = RTNL_FAMILY_IPMR;
	assert_false(rtnl_parse(m, &said));
}

/* As of a route with many ways: those that work count, as many as there is room for. */
static void
of_many_ways_those_that_work_are_told(void **unused)
{
	const struct rtmsg info = {.rtm_family = AF_INET, .rtm_type = RTN_UNICAST};
	struct rtnexthop ways[RTNL_HOPS + 4] = {0};
	struct nlmsghdr *m = message(RTM_NEWROUTE, &info, sizeof(info));

	(void)unused;
	for (int i = 0; i < RTNL_HOPS + 4; i++)
		ways[i] = (struct rtnexthop){.rtnh_len = sizeof(ways[i]), .rtnh_ifindex = i + 1};
	ways[0].rtnh_flags = RTNH_F_DEAD;
	ways[2].rtnh_flags = RTNH_F_LINKDOWN;
	mnl_attr_put(m, RTA_MULTIPATH, sizeof(ways), ways);
	assert_true(rtnl_parse(m, &said));
	assert_int_equal(said.n_hops, RTNL_HOPS);
	assert_int_equal(said.hops[0], 2);
	assert_int_equal(said.hops[1], 4);
	assert_int_equal(said.hops[RTNL_HOPS - 1], RTNL_HOPS + 2);
	/* One that says to be longer than it is, or of no length, is not read. */
	ways[1].rtnh_len = 4096;
	m = message(RTM_NEWROUTE, &info, sizeof(info));
	mnl_attr_put(m, RTA_MULTIPATH, 2 * sizeof(ways[0]), ways);
	assert_true(rtnl_parse(m, &said));
	assert_int_equal(said.n_hops, 0);
	ways[1].rtnh_len = 0;
	m = message(RTM_NEWROUTE, &info, sizeof(info));
	mnl_attr_put(m, RTA_MULTIPATH, 2 * sizeof(ways[0]), ways);
	assert_true(rtnl_parse(m, &said));
	assert_int_equal(said.n_hops, 0);
}

static void
what_else_the_kernel_tells_is_nothing_to_us(void **unused)
{
	const struct ifinfomsg info = {0};

	(void)unused;
	assert_false(rtnl_parse(message(RTM_NEWNEIGH, &info, sizeof(info)), &said));
}

/* --- the kernel itself ------------------------------------------------------------------------ */

struct loopback {
	struct rtnl_reader reader;
	int index;
	unsigned taken;
};

static bool
take_loopback(struct rtnl_reader *reader, const struct rtnl_message *m)
{
	struct loopback *found = (struct loopback *)reader;

	found->taken++;
	if (m->loopback)
		found->index = m->index;
	return !m->loopback;
}

static void
the_first_hop_to_our_own_host_is_its_loopback(void **unused)
{
	static const char *const texts[] = {"127.0.0.1", "::1"};
	struct loopback found = {.reader.take = take_loopback};
	struct rtnl_hop hop;
	union address own;

	(void)unused;
	assert_int_equal(rtnl_dump(RTNL_LINK, AF_UNSPEC, &found.reader), 0);
	assert_int_equal(found.index, 1);
	assert_int_equal(found.taken, 1); /* it comes first, and no more was asked for */
	for (int i = 0; i < 2; i++) {
		assert_int_equal(address_parse(texts[i], 0, &own), 0);
		/* By itself, and where the link is prescribed. */
		if (rtnl_next_hop(&own, &own, 0, &hop) < 0)
			continue; /* no IPv6 here */
		assert_int_equal(hop.index, 1);
		assert_true(address_equal(&hop.address, &own));
		assert_int_equal(rtnl_next_hop(&own, &own, 1, &hop), 0);
		assert_int_equal(hop.index, 1);
	}
	assert_int_equal(address_parse("127.0.0.1", 0, &own), 0);
	assert_int_equal(rtnl_next_hop(&own, &own, 0, &hop), 0);
	hop.index = 99;
	assert_true(rtnl_next_hop(&own, &own, INT32_MAX, &hop) < 0);
	assert_int_equal(hop.index, 99); /* untouched */
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_link_runs_or_not_and_goes),
	    cmocka_unit_test(what_ends_on_this_host_is_known_by_its_kind),
	    cmocka_unit_test(a_bridges_word_on_its_ports_is_not_the_ports_own),
	    cmocka_unit_test(of_a_link_with_two_ends_the_address_is_the_own_one),
	    cmocka_unit_test(an_address_counts_once_nobody_else_has_it),
	    cmocka_unit_test(an_address_of_another_family_or_length_is_none),
	    cmocka_unit_test(a_route_says_where_to_and_through_what),
	    cmocka_unit_test(routes_to_no_other_host_are_nothing_to_us),
	    cmocka_unit_test(of_many_ways_those_that_work_are_told),
	    cmocka_unit_test(what_else_the_kernel_tells_is_nothing_to_us),
	    cmocka_unit_test(the_first_hop_to_our_own_host_is_its_loopback),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
