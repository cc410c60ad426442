/* SPDX-License-Identifier: ISC */

/* What is news of the host's own network, and what is none. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "fake_rtnl.h"
#include "net/netwatch.h"
#include "policy/unrest.h"

#define ETH	2
#define BRIDGE	3
#define PORT	4
#define GUEST	5
#define UNKNOWN 99

/* --- what there is, and what is told ---------------------------------------------------------- */

static struct rtnl_message
a_link(int index, const char *name, bool running)
{
	struct rtnl_message m = {.kind = RTNL_LINK, .index = index, .running = running};

	snprintf(m.name, sizeof(m.name), "%s", name);
	return m;
}

static struct rtnl_message
an_address(int index, const char *text)
{
	struct rtnl_message m = {.kind = RTNL_ADDRESS, .index = index};

	assert_int_equal(address_parse(text, 0, &m.address), 0);
	return m;
}

static struct rtnl_message
a_route(int index)
{
	struct rtnl_message m = {.kind = RTNL_ROUTE, .n_hops = 1, .hops = {index}};

	strcpy(m.to, "the default route");
	return m;
}

static struct rtnl_message
gone(struct rtnl_message m)
{
	m.gone = true;
	m.running = false;
	return m;
}

static struct rtnl_message
port_of(struct rtnl_message m, int master, bool local)
{
	m.master = master;
	m.local = local;
	return m;
}

/* So that what is there can be replaced as well. */
static void
there_is(unsigned n, struct rtnl_message m)
{
	kernel.there[n] = m;
	if (kernel.n_there <= n)
		kernel.n_there = n + 1;
}

static void
say(struct rtnl_message m)
{
	kernel.told[kernel.n_told++] = m;
}

/* --- who listens ------------------------------------------------------------------------------ */

static struct fixture {
	struct netwatch_owner owner;
	struct loop *loop;
	struct netwatch *watch;
	struct wake patience;
	char news[512];
} f;

static void
on_news(struct netwatch_owner *owner, unsigned change, const char *what)
{
	size_t used = strlen(f.news);

	(void)owner;
	snprintf(f.news + used, sizeof(f.news) - used, "%u %s;", change, what);
}

static void
on_patience(struct wake *wake, unsigned what)
{
	(void)wake;
	(void)what;
	loop_stop(f.loop);
}

/* All that was said until then is heard, and what came of it is this. */
__attribute__((format(printf, 1, 2))) static void
assert_hears(const char *format, ...)
{
	char expected[512];
	va_list args;

	va_start(args, format);
	vsnprintf(expected, sizeof(expected), format, args);
	va_end(args);
	f.news[0] = '\0';
	assert_int_equal(eventfd_write(kernel.fd, 1), 0);
	/* One reading, and the pause behind it. */
	wake_after(&f.patience, 150);
	assert_int_equal(loop_run(f.loop), 0);
	assert_string_equal(f.news, expected);
}

static int
set_up(void **state)
{
	struct rtnl_message lo = a_link(1, "lo", true), bridge = a_link(BRIDGE, "br0", true);

	(void)state;
	memset(&kernel, 0, sizeof(kernel));
	memset(&f, 0, sizeof(f));
	kernel.fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	lo.loopback = bridge.bridge = true;
	there_is(0, lo);
	there_is(1, a_link(ETH, "eth0", true));
	there_is(2, bridge);
	there_is(3, port_of(a_link(PORT, "eth1", true), BRIDGE, false));
	there_is(4, port_of(a_link(GUEST, "veth0", true), BRIDGE, true));
	there_is(5, an_address(1, "127.0.0.1"));
	there_is(6, an_address(ETH, "192.0.2.1"));
	there_is(7, an_address(BRIDGE, "198.51.100.1"));
	there_is(8, a_route(ETH));
	f.owner.news = on_news;
	assert_int_equal(loop_new(&f.loop), 0);
	assert_int_equal(wake_init(f.loop, &f.patience, on_patience), 0);
	assert_int_equal(netwatch_open(f.loop, &f.owner, &f.watch), 0);
	return 0;
}

static int
tear_down(void **state)
{
	(void)state;
	netwatch_close(f.watch);
	wake_clear(&f.patience);
	loop_free(f.loop);
	close(kernel.fd);
	return 0;
}

static bool
owns(const char *text)
{
	union address a;

	assert_int_equal(address_parse(text, 0, &a), 0);
	return netwatch_owns(f.watch, &a);
}

static bool
reaches(int family)
{
	bool any = false;

	assert_int_equal(netwatch_reach(f.watch, family, &any), 0);
	return any;
}

/* --- tests ------------------------------------------------------------------------------------ */

static void
what_there_is_from_the_start_is_no_news(void **unused)
{
	(void)unused;
	assert_string_equal(f.news, "");
	assert_true(owns("192.0.2.1"));
	assert_false(owns("192.0.2.2"));
}

static void
a_link_with_our_address_is_news_and_no_other(void **unused)
{
	(void)unused;
	say(a_link(ETH, "eth0", false));
	say(a_link(ETH, "eth0", false)); /* no change */
	say(a_link(UNKNOWN, "tun7", true));
	assert_hears("%u eth0;", UNREST_LINK_DOWN);
	say(a_link(ETH, "eth0", true));
	say(gone(a_link(UNKNOWN, "tun7", false)));
	say(gone(a_link(UNKNOWN, "tun7", false))); /* not known any more */
	assert_hears("%u eth0;", UNREST_LINK_UP);
	say(gone(a_link(ETH, "eth0", false)));
	assert_hears("%u eth0;", UNREST_LINK_DOWN);
}

/* The port carries what has its address on the bridge; a guest's end carries the guest alone. */
static void
a_port_of_the_link_with_our_address_counts_but_no_guest(void **unused)
{
	(void)unused;
	say(port_of(a_link(PORT, "eth1", false), BRIDGE, false));
	say(port_of(a_link(GUEST, "veth0", false), BRIDGE, true));
	assert_hears("%u eth1;", UNREST_LINK_DOWN);
}

static void
a_bridge_for_guests_alone_may_go_down_and_come_up(void **unused)
{
	struct rtnl_message bridge = a_link(BRIDGE, "br0", false);

	(void)unused;
	bridge.bridge = true;
	say(bridge); /* one with a port to the outside */
	assert_hears("%u br0;", UNREST_LINK_DOWN);
	say(port_of(a_link(PORT, "eth1", true), 0, false));
	bridge.running = true;
	say(bridge);
	assert_hears("%u br0;", UNREST_LINK_UP);
	bridge.running = false;
	say(bridge);
	assert_hears("%s", "");
}

static void
addresses_come_and_go(void **unused)
{
	(void)unused;
	say(an_address(ETH, "2001:db8::1"));
	say(gone(an_address(ETH, "192.0.2.1")));
	assert_hears("%u 2001:db8::1;%u 192.0.2.1;", UNREST_ADDRESS_ADDED, UNREST_ADDRESS_GONE);
	assert_true(owns("2001:db8::1"));
	assert_false(owns("192.0.2.1"));
	assert_true(netwatch_gone(f.watch, &kernel.there[6].address));
	netwatch_forget_gone(f.watch);
	assert_false(netwatch_gone(f.watch, &kernel.there[6].address));
}

/* Of the addresses that a link kept while it was down nothing is told: they are asked for. */
static void
what_a_link_kept_is_asked_for_when_it_comes_up(void **unused)
{
	struct rtnl_message examined = an_address(ETH, "2001:db8::1");

	(void)unused;
	say(a_link(ETH, "eth0", false));
	assert_hears("%u eth0;", UNREST_LINK_DOWN);
	examined.tentative = true;
	there_is(9, examined);
	say(a_link(ETH, "eth0", true));
	assert_hears("%u eth0;", UNREST_LINK_UP);
	assert_true(owns("2001:db8::1"));
}

static void
a_route_is_news_where_it_leads_out(void **unused)
{
	struct rtnl_message nowhere = a_route(ETH);

	(void)unused;
	nowhere.n_hops = 0;
	say(a_route(1)); /* the loopback */
	say(nowhere);
	assert_hears("%s", "");
	say(a_route(ETH));
	say(gone(a_route(1)));
	assert_hears(
	    "%u the default route;%u the default route;", UNREST_ROUTE_ADDED, UNREST_ROUTE_GONE);
	say(a_route(UNKNOWN)); /* of which we shall hear */
	assert_hears("%u the default route;", UNREST_ROUTE_ADDED);
	say(a_link(ETH, "eth0", false));
	say(a_route(ETH));
	assert_hears("%u eth0;", UNREST_LINK_DOWN);
}

/* More was told than the socket had room for: the difference is found out. */
static void
what_was_lost_is_read_anew(void **unused)
{
	(void)unused;
	there_is(1, a_link(7, "eth9", true)); /* in the place of eth0 */
	there_is(6, an_address(7, "203.0.113.9"));
	kernel.changing = 1; /* so it is read once more */
	kernel.dumps = 0;
	kernel.told_error = -ENOBUFS;
	assert_hears("%u 203.0.113.9;%u eth0;%u 192.0.2.1;%u more than could be told;",
	    UNREST_ADDRESS_ADDED, UNREST_LINK_DOWN, UNREST_ADDRESS_GONE, UNREST_ROUTE_ADDED);
	assert_int_equal(kernel.dumps, 3);
}

/* What cannot be read says nothing of what is gone. */
static void
where_it_cannot_be_read_anew_nothing_is_gone(void **unused)
{
	(void)unused;
	kernel.n_there = 0;
	kernel.dump_error = -ENOBUFS;
	kernel.told_error = -ENOBUFS;
	assert_hears("%u more than could be told;", UNREST_ROUTE_ADDED);
	assert_true(owns("192.0.2.1"));
}

static void
there_is_a_way_out_by_a_route_through_a_link_that_runs(void **unused)
{
	bool any = true;

	(void)unused;
	assert_true(reaches(AF_INET));
	kernel.changing = 1; /* what was seen until then counts */
	assert_true(reaches(AF_INET));
	there_is(8, a_route(1));
	assert_false(reaches(AF_INET));
	there_is(8, a_route(ETH));
	say(a_link(ETH, "eth0", false));
	assert_hears("%u eth0;", UNREST_LINK_DOWN);
	assert_false(reaches(AF_INET));
	kernel.dump_error = -EPERM;
	assert_int_equal(netwatch_reach(f.watch, AF_INET, &any), -EPERM);
	assert_true(any); /* untouched */
}

static void
where_the_kernel_may_not_be_asked_that_is_said(void **unused)
{
	struct netwatch *watch = NULL;

	(void)unused;
	kernel.denied = true;
	assert_int_equal(netwatch_open(f.loop, &f.owner, &watch), -EPERM);
	kernel.denied = false;
	kernel.dump_error = -EAFNOSUPPORT;
	assert_int_equal(netwatch_open(f.loop, &f.owner, &watch), -EAFNOSUPPORT);
	assert_null(watch);
	/* What changes all the time is watched nevertheless. */
	kernel.dump_error = 0;
	kernel.changing = UINT32_MAX;
	assert_int_equal(netwatch_open(f.loop, &f.owner, &watch), 0);
	netwatch_close(watch);
}

int
main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
	    TEST(what_there_is_from_the_start_is_no_news),
	    TEST(a_link_with_our_address_is_news_and_no_other),
	    TEST(a_port_of_the_link_with_our_address_counts_but_no_guest),
	    TEST(a_bridge_for_guests_alone_may_go_down_and_come_up),
	    TEST(addresses_come_and_go),
	    TEST(what_a_link_kept_is_asked_for_when_it_comes_up),
	    TEST(a_route_is_news_where_it_leads_out),
	    TEST(what_was_lost_is_read_anew),
	    TEST(where_it_cannot_be_read_anew_nothing_is_gone),
	    TEST(there_is_a_way_out_by_a_route_through_a_link_that_runs),
	    TEST(where_the_kernel_may_not_be_asked_that_is_said),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
