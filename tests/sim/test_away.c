/* SPDX-License-Identifier: ISC */

/* Where the host's own network leads, as the kernel tells it: who is tried, and who is to blame. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "../unit/fake_rtnl.h"
#include "daemon/peer.h"
#include "world.h"

#define ETH 2

static struct world w;
static struct network network; /* the live one */
static struct loop *loop;

static int
set_up(void **state)
{
	(void)state;
	memset(&kernel, 0, sizeof(kernel));
	kernel.fd = eventfd(0, EFD_CLOEXEC);
	assert_int_equal(loop_new(&loop), 0);
	world_with_one_peer(&w, 3);
	return 0;
}

static int
tear_down(void **state)
{
	(void)state;
	network_close(&network);
	w.guard.network = &w.network;
	world_clear(&w);
	loop_free(loop);
	close(kernel.fd);
	return 0;
}

static void
there_is(struct rtnl_message m)
{
	kernel.there[kernel.n_there++] = m;
}

static void
there_is_an_address(const char *text)
{
	struct rtnl_message m = {.kind = RTNL_ADDRESS, .index = ETH};

	assert_int_equal(address_parse(text, 0, &m.address), 0);
	there_is(m);
}

enum ways {
	NONE,
	FOUR,
	SIX,
	BOTH
};

/* This host has an address of each family, and a way out for these. */
static void
open_with(enum ways ways)
{
	struct rtnl_message route = {.kind = RTNL_ROUTE, .n_hops = 1, .hops = {ETH}};

	kernel.n_there = 0;
	there_is((struct rtnl_message){.kind = RTNL_LINK, .index = ETH, .running = true});
	there_is_an_address("198.51.100.7");
	there_is_an_address("2001:db8:7::7");
	route.address.any.sa_family = AF_INET;
	if (ways == FOUR || ways == BOTH)
		there_is(route);
	route.address.any.sa_family = AF_INET6;
	if (ways == SIX || ways == BOTH)
		there_is(route);
	network_close(&network);
	assert_int_equal(network_open(&network, loop, &w.guard), 0);
}

static void
point_at(const char *host)
{
	union address address;
	struct peer *peer = w.guard.peers[0];

	peer->target.host = host;
	peer->literal = address_parse(host, 1, &address) == 0;
}

static void
an_address_is_out_of_reach_without_a_way_of_its_family(void **unused)
{
	static const struct {
		const char *host;
		bool forbidden[BOTH + 1], excused[BOTH + 1];
	} cases[] = {
	    {"192.0.2.1", {true, false, true, false}, {true, false, true, false}},
	    {"2001:db8::1", {true, true, false, false}, {true, true, false, false}},
	    /* Those that but look like our own. */
	    {"::2", {true, true, false, false}, {true, true, false, false}},
	    {"::1:0:1", {true, true, false, false}, {true, true, false, false}},
	    {"0:0:1::1", {true, true, false, false}, {true, true, false, false}},
	    /* On this host somebody is always reached. */
	    {"127.0.0.5", {false}, {false}},
	    {"::1", {false}, {false}},
	    {"198.51.100.7", {false}, {false}},
	    {"2001:db8:7::7", {false}, {false}},
	    /* What it is of is not known; it may be on this host. */
	    {"a.example", {false}, {true, false, false, false}},
	};
	const struct peer *peer = w.guard.peers[0];

	(void)unused;
	for (enum ways ways = NONE; ways <= BOTH; ways++) {
		open_with(ways);
		for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
			point_at(cases[i].host);
			assert_int_equal(network_forbids(&network, peer), cases[i].forbidden[ways]);
			assert_int_equal(network_excuses(&network, peer, REASON_TIMED_OUT),
			    cases[i].excused[ways]);
			assert_false(network_excuses(&network, peer, REASON_REFUSED));
		}
	}
}

static void
that_there_is_no_network_is_said_once_until_there_is_one(void **unused)
{
	const struct peer *peer = w.guard.peers[0];

	(void)unused;
	open_with(NONE);
	point_at("192.0.2.1");
	assert_true(network_excuses(&network, peer, REASON_TIMED_OUT));
	assert_true(network_excuses(&network, peer, REASON_TIMED_OUT));
	assert_int_equal(w.lines[LOG_NOTICE], 1);
	/* A change that brings none is no reason to say it again. */
	network.owner.news(&network.owner, UNREST_LINK_UP, "eth0");
	w.sim.now_ms += UNREST_QUIET_MS;
	network_settle(&network);
	memset(w.lines, 0, sizeof(w.lines));
	assert_true(network_excuses(&network, peer, REASON_TIMED_OUT));
	assert_int_equal(w.lines[LOG_NOTICE], 0);
	/* One that does is, once that is lost again. */
	there_is((struct rtnl_message){.kind = RTNL_ROUTE, .n_hops = 1, .hops = {ETH}});
	network.owner.news(&network.owner, UNREST_ROUTE_ADDED, "the default route");
	w.sim.now_ms += UNREST_MOST_MS;
	network_settle(&network);
	assert_false(network_excuses(&network, peer, REASON_TIMED_OUT));
	kernel.n_there--;
	network.owner.news(&network.owner, UNREST_ROUTE_GONE, "the default route");
	w.sim.now_ms += UNREST_MOST_MS;
	network_settle(&network);
	memset(w.lines, 0, sizeof(w.lines));
	assert_true(network_excuses(&network, peer, REASON_TIMED_OUT));
	assert_int_equal(w.lines[LOG_NOTICE], 1);
}

/* What dies around then has that for its reason; a host that never led anywhere lost nothing. */
static void
when_the_last_way_out_is_lost_is_remembered(void **unused)
{
	(void)unused;
	open_with(SIX);
	w.guard.network_changed_ms = -1;
	kernel.n_there--;
	network.owner.news(&network.owner, UNREST_ROUTE_GONE, "the default route");
	w.sim.now_ms += UNREST_MOST_MS;
	network_settle(&network);
	assert_int_equal(w.guard.network_changed_ms, w.sim.now_ms);
	network.owner.news(&network.owner, UNREST_ROUTE_GONE, "the route to 10.0.0.0/8");
	w.sim.now_ms += UNREST_MOST_MS;
	network_settle(&network);
	assert_int_not_equal(w.guard.network_changed_ms, w.sim.now_ms);
	/* That of one family remains: nothing is known to be cut off. */
	open_with(BOTH);
	w.guard.network_changed_ms = -1;
	kernel.n_there--;
	network.owner.news(&network.owner, UNREST_ROUTE_GONE, "the default route");
	w.sim.now_ms += UNREST_MOST_MS;
	network_settle(&network);
	assert_int_equal(w.guard.network_changed_ms, -1);
}

static void
where_nothing_can_be_known_nobody_is_excused(void **unused)
{
	(void)unused;
	kernel.denied = true;
	open_with(NONE);
	assert_int_equal(w.lines[LOG_WARNING], 1);
	point_at("192.0.2.1");
	assert_false(network_forbids(&network, w.guard.peers[0]));
	assert_false(network_excuses(&network, w.guard.peers[0], REASON_TIMED_OUT));
	assert_false(network_forbids(NULL, w.guard.peers[0]));
	network_clock_jumped(&network); /* which is no sleep, and nothing to settle */
	network_settle(&network);
	assert_int_equal(w.lines[LOG_NOTICE], 0);
	/* The same where the routes alone cannot be asked for. */
	kernel.denied = false;
	open_with(FOUR);
	assert_true(network.known);
	kernel.dump_error = -1;
	network.owner.news(&network.owner, UNREST_ROUTE_GONE, "the default route");
	w.sim.now_ms += UNREST_MOST_MS;
	network_settle(&network);
	assert_false(network.known);
	assert_false(network_excuses(&network, w.guard.peers[0], REASON_TIMED_OUT));
}

int
main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
	    TEST(an_address_is_out_of_reach_without_a_way_of_its_family),
	    TEST(that_there_is_no_network_is_said_once_until_there_is_one),
	    TEST(when_the_last_way_out_is_lost_is_remembered),
	    TEST(where_nothing_can_be_known_nobody_is_excused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
