/* SPDX-License-Identifier: ISC */
#ifndef KAGUARD_TESTS_RELAY_FIXTURE_H
#define KAGUARD_TESTS_RELAY_FIXTURE_H

/* A relay in a loop of its own, and both outer ends in hand. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "net/relay.h"

struct fixture {
	struct loop *loop;
	struct relays relays;
	struct relay relay;
	struct relay_end end;
	bool ended;
	struct wake patience, look;
	bool (*until)(struct fixture *f);
	int outer[RELAY_SIDES]; /* what the client and the peer have in hand */
	int inner[RELAY_SIDES];
	bool parted; /* the peer's socket was given back, and not the whole relay */
};

/* Set-up and tear-down of each test. */
int relay_set_up(void **state);

/* A relay between these, which are its own then. */
void begin_relay(struct fixture *f, const int fds[RELAY_SIDES]);
int relay_tear_down(void **state);

/* The loop runs until this is true; looked at every millisecond. */
void run_until(struct fixture *f, bool (*until)(struct fixture *f));

/* A connection: one end for the world outside, the other for the relay. */
void connect_pair(int *ret_outer, int *ret_inner);

/* Conditions: the relay has ended; there is something to read for the peer, for the client; nothing
 * goes on from the client, since the peer does not read. */
bool has_ended(struct fixture *f);
bool has_arrived(struct fixture *f);
bool has_returned(struct fixture *f);
bool is_stuck(struct fixture *f);

/* The peer does not read, and the client sends until nothing goes any more. Returns how much. */
size_t stuff(struct fixture *f);

/* End a connection with a reset. */
void reset(int *fd);

#define RELAY_TEST(name) cmocka_unit_test_setup_teardown(name, relay_set_up, relay_tear_down)

#endif
