/* SPDX-License-Identifier: ISC */

/* Relays that wait: for a peer, for another one, for somebody who reads slowly. */

#include "relay_fixture.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

/* The socket of the peer has ended before anything was said: another one takes its place. */
static void
check_replaced(struct fixture *f, bool by_reset)
{
	int fd = f->inner[RELAY_PEER];
	char buf[8];

	f->relay.replaceable = true;
	assert_int_equal(send(f->outer[RELAY_CLIENT], "early", 5, 0), 5);
	if (by_reset)
		reset(&f->outer[RELAY_PEER]);
	else
		close(f->outer[RELAY_PEER]);
	run_until(f, has_ended);
	assert_true(f->parted);
	f->ended = f->parted = false;
	assert_int_equal(fcntl(fd, F_GETFD), -1);
	connect_pair(&f->outer[RELAY_PEER], &fd);
	assert_int_equal(relay_join(&f->relay, fd), 0);
	run_until(f, has_arrived);
	assert_int_equal(recv(f->outer[RELAY_PEER], buf, sizeof(buf), 0), 5);
	assert_memory_equal(buf, "early", 5);
	/* From here on it would be noticed. */
	close(f->outer[RELAY_PEER]);
	f->outer[RELAY_PEER] = -1;
	run_until(f, has_returned);
	assert_int_equal(recv(f->outer[RELAY_CLIENT], buf, sizeof(buf), 0), 0);
	assert_false(f->ended);
}

static void
one_that_was_closed_before_any_byte_is_replaced(void **state)
{
	check_replaced(*state, false);
}

static void
one_that_was_reset_before_any_byte_is_replaced(void **state)
{
	check_replaced(*state, true);
}

/* Nobody to carry it to yet. */
static void
wait_alone(struct fixture *f)
{
	close(f->outer[RELAY_PEER]);
	f->outer[RELAY_PEER] = -1;
	relay_part(&f->relay);
}

static void
a_client_that_goes_away_while_it_waits_is_told(void **state)
{
	struct fixture *f = *state;

	wait_alone(f);
	reset(&f->outer[RELAY_CLIENT]);
	run_until(f, has_ended);
	assert_int_equal(f->end.side, RELAY_CLIENT);
	assert_int_equal(f->end.error, ECONNRESET);
}

static void
what_comes_while_it_waits_stays_where_it_is(void **state)
{
	struct fixture *f = *state;
	char buf[8];
	int fd;

	wait_alone(f);
	assert_int_equal(send(f->outer[RELAY_CLIENT], "ask", 3, 0), 3);
	assert_int_equal(shutdown(f->outer[RELAY_CLIENT], SHUT_WR), 0);
	connect_pair(&f->outer[RELAY_PEER], &fd);
	assert_int_equal(f->relays.pipes.n, 0);
	assert_int_equal(relay_join(&f->relay, fd), 0);
	run_until(f, has_arrived);
	assert_int_equal(recv(f->outer[RELAY_PEER], buf, 3, MSG_WAITALL), 3);
	run_until(f, has_arrived);
	assert_int_equal(recv(f->outer[RELAY_PEER], buf, sizeof(buf), 0), 0);
	assert_false(f->ended);
}

/* Its window is closed for longer than it may leave anything unacknowledged. */
static bool
has_waited(struct fixture *f)
{
	return f->ended || f->relay.legs[RELAY_PEER].lifted;
}

static bool
is_in_force_again(struct fixture *f)
{
	static char buf[65536];

	while (recv(f->outer[RELAY_PEER], buf, sizeof(buf), MSG_DONTWAIT) > 0)
		;
	return f->ended || !f->relay.legs[RELAY_PEER].lifted;
}

static void
whoever_reads_slowly_is_not_dead(void **state)
{
	struct fixture *f = *state;
	int value = 0, limit_ms = 5000;
	socklen_t len = sizeof(value);

	setsockopt(f->inner[RELAY_PEER], IPPROTO_TCP, TCP_USER_TIMEOUT, &limit_ms, sizeof(int));
	f->relay.legs[RELAY_PEER].user_timeout_ms = limit_ms;
	stuff(f);
	run_until(f, has_waited);
	assert_false(f->ended);
	getsockopt(f->inner[RELAY_PEER], IPPROTO_TCP, TCP_USER_TIMEOUT, &value, &len);
	assert_int_equal(value, 0);
	run_until(f, is_in_force_again);
	assert_false(f->ended);
	getsockopt(f->inner[RELAY_PEER], IPPROTO_TCP, TCP_USER_TIMEOUT, &value, &len);
	assert_int_equal(value, limit_ms);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    RELAY_TEST(one_that_was_closed_before_any_byte_is_replaced),
	    RELAY_TEST(one_that_was_reset_before_any_byte_is_replaced),
	    RELAY_TEST(a_client_that_goes_away_while_it_waits_is_told),
	    RELAY_TEST(what_comes_while_it_waits_stays_where_it_is),
	    RELAY_TEST(whoever_reads_slowly_is_not_dead),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
