/* SPDX-License-Identifier: ISC */

/* Data on a held session, over the loopback interface: what is sent, and what is listened to. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "net/conn.h"

/* Longer than anything here takes; a test that waits for it has failed. */
#define PATIENCE_MS 20000

struct fixture {
	struct net net;
	struct conn conn;
	struct wake patience;
	char heard[64];
	size_t n_heard;
	unsigned pieces;
	int lost; /* error of CONN_LOST; -1: none came */
	int peer;
};

static void
on_news(struct conn *conn, const struct conn_news *news)
{
	struct fixture *f = container_of(conn, struct fixture, conn);

	assert_int_equal(news->what, CONN_LOST);
	f->lost = news->error;
	loop_stop(f->net.loop);
}

static void
on_data(struct conn *conn, const char *data, size_t len)
{
	struct fixture *f = container_of(conn, struct fixture, conn);

	assert_true(conn->listening);
	assert_true(len <= sizeof(f->heard) - f->n_heard);
	memcpy(f->heard + f->n_heard, data, len);
	f->n_heard += len;
	f->pieces++;
	loop_stop(f->net.loop);
}

static void
on_patience(struct wake *wake, unsigned what)
{
	(void)wake;
	(void)what;
	fail_msg("nothing came");
}

static void
run(struct fixture *f)
{
	wake_after(&f->patience, PATIENCE_MS);
	assert_int_equal(loop_run(f->net.loop), 0);
	wake_disarm(&f->patience);
}

/* That its conn is to be watched fails once. */
static struct fixture *unwatched;

int __real_wake_arm(struct wake *wake, int fd, unsigned what, int64_t delay_ms);
int __wrap_wake_arm(struct wake *wake, int fd, unsigned what, int64_t delay_ms);

int
__wrap_wake_arm(struct wake *wake, int fd, unsigned what, int64_t delay_ms)
{
	if (unwatched == NULL || wake != &unwatched->conn.wake)
		return __real_wake_arm(wake, fd, what, delay_ms);
	wake_disarm(wake);
	loop_stop(unwatched->net.loop);
	unwatched = NULL;
	return -ENOMEM;
}

/* A pair of connected sockets, and the conn holds one of them. */
static void
hold(struct fixture *f)
{
	struct sockaddr_in address = {
	    .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t len = sizeof(address);
	struct conn_socket ours = {.fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0)};
	int listener = socket(AF_INET, SOCK_STREAM, 0);
	struct tcp_facts facts;

	assert_int_equal(bind(listener, (struct sockaddr *)&address, len), 0);
	assert_int_equal(listen(listener, 1), 0);
	assert_int_equal(getsockname(listener, (struct sockaddr *)&address, &len), 0);
	assert_int_equal(connect(ours.fd, (struct sockaddr *)&address, len), -1);
	assert_int_equal(errno, EINPROGRESS);
	f->peer = accept(listener, NULL, NULL);
	assert_true(f->peer >= 0);
	close(listener);
	net_ops.adopt(&f->conn, &ours);
	assert_int_equal(net_ops.hold(&f->conn, &facts), 0);
}

static int
set_up(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	assert_non_null(f);
	assert_int_equal(loop_new(&f->net.loop), 0);
	assert_int_equal(prober_init(&f->net.prober, f->net.loop), 0);
	assert_int_equal(wake_init(f->net.loop, &f->patience, on_patience), 0);
	f->net.on_news = on_news;
	f->net.on_data = on_data;
	f->conn.fd = f->lost = -1;
	assert_int_equal(net_ops.open(&f->net, &f->conn), 0);
	hold(f);
	*state = f;
	return 0;
}

static int
tear_down(void **state)
{
	struct fixture *f = *state;

	net_ops.clear(&f->conn);
	prober_clear(&f->net.prober);
	wake_clear(&f->patience);
	loop_free(f->net.loop);
	close(f->peer);
	free(f);
	return 0;
}

static void
say(const struct fixture *f, const char *text)
{
	assert_int_equal(write(f->peer, text, strlen(text)), strlen(text));
}

/* Until what was said has come over the loopback interface. */
static void
await_arrival(const struct fixture *f)
{
	struct pollfd arrival = {.fd = f->conn.fd, .events = POLLIN};

	assert_int_equal(poll(&arrival, 1, PATIENCE_MS), 1);
}

static void
one_that_listens_hears_all_in_pieces(void **state)
{
	struct fixture *f = *state;

	f->conn.listening = true;
	assert_int_equal(write(f->peer, "P\0O", 3), 3);
	run(f);
	say(f, "NG");
	run(f);
	assert_int_equal(f->n_heard, 5);
	assert_memory_equal(f->heard, "P\0ONG", 5);
	assert_int_equal(f->pieces, 2);
	assert_int_equal(f->conn.discarded, 0);
}

static void
one_that_does_not_listen_hears_nothing(void **state)
{
	struct fixture *f = *state;

	say(f, "banner");
	await_arrival(f);
	net_ops.read(&f->conn);
	assert_int_equal(f->conn.discarded, 6);
	assert_int_equal(f->n_heard, 0);
	assert_int_equal(f->lost, -1);
}

/* In the pause after data the loop leaves the socket alone; who has to know now can. */
static void
what_has_come_can_be_read_at_once(void **state)
{
	struct fixture *f = *state;

	f->conn.listening = true;
	say(f, "one");
	run(f);
	say(f, "two");
	await_arrival(f);
	assert_int_equal(f->n_heard, 3);
	net_ops.read(&f->conn);
	assert_memory_equal(f->heard, "onetwo", 6);
	net_ops.read(&f->conn);
	assert_int_equal(f->pieces, 2);
	say(f, "three");
	run(f);
	assert_int_equal(f->pieces, 3);
}

static void
what_is_sent_arrives_and_is_the_last_data(void **state)
{
	struct fixture *f = *state;
	struct tcp_facts facts;
	char bytes[8];

	do /* until there is an age to be seen */
		assert_int_equal(net_ops.facts(&f->conn, &facts), 0);
	while (facts.quiet_ms < 100);
	assert_int_equal(net_ops.send(&f->conn, "PI\0NG", 5), 5);
	assert_int_equal(recv(f->peer, bytes, 5, MSG_WAITALL), 5);
	assert_memory_equal(bytes, "PI\0NG", 5);
	assert_int_equal(net_ops.facts(&f->conn, &facts), 0);
	assert_in_range(facts.quiet_ms, 0, 99);
}

/* Nobody reads: what finds no room is not taken, and is nobody's end. */
static void
there_may_be_no_room(void **state)
{
	struct fixture *f = *state;
	static char bytes[1 << 20];
	int small = 4096, n;
	bool partly = false;

	setsockopt(f->conn.fd, SOL_SOCKET, SO_SNDBUF, &small, sizeof(small));
	while ((n = net_ops.send(&f->conn, bytes, sizeof(bytes))) > 0)
		partly |= (size_t)n < sizeof(bytes);
	assert_int_equal(n, 0);
	assert_true(partly);
	assert_int_equal(f->lost, -1);
}

/* The kernel tells the error once: who gets it from send() has to act on it. */
static void
a_dead_one_is_found_by_sending(void **state)
{
	struct fixture *f = *state;
	const struct linger abort = {.l_onoff = 1};
	int r;

	setsockopt(f->peer, SOL_SOCKET, SO_LINGER, &abort, sizeof(abort));
	close(f->peer);
	await_arrival(f);
	r = net_ops.send(&f->conn, "PING", 4);
	f->peer = -1;
	assert_int_equal(r, -ECONNRESET);
}

static void
what_is_left_when_it_is_dropped_is_nobodys(void **state)
{
	struct fixture *f = *state;

	f->conn.listening = true;
	say(f, "late");
	await_arrival(f);
	net_ops.drop(&f->conn);
	assert_int_equal(f->n_heard, 0);
	net_ops.read(&f->conn); /* nothing is held */
	assert_int_equal(f->lost, -1);
}

/* Left alone after data, it cannot be watched again at first, and its end is seen all the same. */
static void
one_that_cannot_be_watched_is_looked_at_again(void **state)
{
	struct fixture *f = *state;

	say(f, "x");
	unwatched = f;
	run(f);
	assert_null(unwatched);
	assert_int_equal(f->lost, -1);
	shutdown(f->peer, SHUT_WR);
	run(f);
	assert_int_equal(f->lost, 0);
}

int
main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
	    TEST(one_that_listens_hears_all_in_pieces),
	    TEST(one_that_does_not_listen_hears_nothing),
	    TEST(what_has_come_can_be_read_at_once),
	    TEST(what_is_sent_arrives_and_is_the_last_data),
	    TEST(there_may_be_no_room),
	    TEST(a_dead_one_is_found_by_sending),
	    TEST(what_is_left_when_it_is_dropped_is_nobodys),
	    TEST(one_that_cannot_be_watched_is_looked_at_again),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
