/* SPDX-License-Identifier: ISC */

/* A session's hold on the network, over the loopback interface: no privilege is needed. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <netdb.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "net/conn.h"
#include "net/resolve.h"

/* Longer than anything here takes; a test that waits for it has failed. */
#define PATIENCE_MS 20000

struct fixture {
	struct loop *loop;
	struct net net;
	struct conn conn;
	struct conn_news news; /* the last, and how many there were */
	unsigned n_news;
	struct wake patience;
	int listener;
	uint16_t port;
};

static void
on_news(struct conn *conn, const struct conn_news *news)
{
	struct fixture *f = container_of(conn, struct fixture, conn);

	f->news = *news;
	f->n_news++;
	loop_stop(f->loop);
}

static void
on_patience(struct wake *wake, unsigned what)
{
	struct fixture *f = container_of(wake, struct fixture, patience);

	(void)what;
	loop_stop(f->loop);
}

/* Run the loop until there is news of the conn. */
static void
await(struct fixture *f, enum conn_event what)
{
	unsigned before = f->n_news;

	wake_after(&f->patience, PATIENCE_MS);
	assert_int_equal(loop_run(f->loop), 0);
	wake_disarm(&f->patience);
	assert_int_equal(f->n_news, before + 1);
	assert_int_equal(f->news.what, what);
}

static int
set_up(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));
	struct sockaddr_in address = {.sin_family = AF_INET};
	socklen_t len = sizeof(address);

	assert_non_null(f);
	address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	f->listener = socket(AF_INET, SOCK_STREAM, 0);
	assert_int_equal(bind(f->listener, (struct sockaddr *)&address, len), 0);
	assert_int_equal(listen(f->listener, 8), 0);
	assert_int_equal(getsockname(f->listener, (struct sockaddr *)&address, &len), 0);
	f->port = ntohs(address.sin_port);
	assert_int_equal(loop_new(&f->loop), 0);
	assert_int_equal(net_open(&f->net, f->loop), 0);
	assert_int_equal(wake_init(f->loop, &f->patience, on_patience), 0);
	f->net.on_news = on_news;
	f->conn.fd = -1;
	assert_int_equal(net_ops.open(&f->net, &f->conn), 0);
	*state = f;
	return 0;
}

static int
tear_down(void **state)
{
	struct fixture *f = *state;

	net_ops.clear(&f->conn);
	wake_clear(&f->patience);
	net_close(&f->net);
	loop_free(f->loop);
	if (f->listener >= 0)
		close(f->listener);
	free(f);
	return 0;
}

static struct target
to(const struct fixture *f, const char *host)
{
	return (struct target){.host = host, .port = f->port};
}

/* Connect and hold; returns the peer's end. */
static int
connected(struct fixture *f, const char *host)
{
	struct target target = to(f, host);
	struct conn_news failed;
	struct tcp_facts facts;
	int peer;

	if (net_ops.resolve(&f->conn, &target) == 0)
		await(f, CONN_RESOLVED);
	assert_int_equal(net_ops.connect(&f->conn, &target, &failed), 0);
	await(f, CONN_CONNECTED);
	assert_int_equal(net_ops.hold(&f->conn, &facts), 0);
	assert_true(facts.connected);
	assert_true(facts.rtt_us > 0);
	assert_int_equal(facts.resent, 0);
	peer = accept(f->listener, NULL, NULL);
	assert_true(peer >= 0);
	return peer;
}

static void
a_literal_is_known_at_once_and_connects(void **state)
{
	struct fixture *f = *state;
	struct target target = to(f, "127.0.0.1");
	char text[ADDRESS_TEXT_SIZE], expected[ADDRESS_TEXT_SIZE];
	int peer;

	assert_int_equal(net_ops.resolve(&f->conn, &target), 1);
	net_ops.drop(&f->conn);
	peer = connected(f, "127.0.0.1");
	snprintf(expected, sizeof(expected), "127.0.0.1:%u", f->port);
	assert_string_equal(address_text(&f->conn.remote, text, sizeof(text)), expected);
	assert_int_equal(f->conn.local.any.sa_family, AF_INET);
	close(peer);
}

/* localhost has both families as a rule, and only one of them has a listener here. */
static void
a_name_is_resolved_and_the_address_that_answers_wins(void **state)
{
	struct fixture *f = *state;
	int peer = connected(f, "localhost");

	assert_int_equal(f->conn.remote.any.sa_family, AF_INET);
	close(peer);
}

static void
a_name_that_is_none_is_told(void **state)
{
	struct fixture *f = *state;
	struct target target = to(f, "no.such.name.invalid");

	assert_int_equal(net_ops.resolve(&f->conn, &target), 0);
	await(f, CONN_FAILED);
	assert_true(f->news.error < 0); /* EAI_NONAME, or EAI_AGAIN without a resolver */
	net_ops.drop(&f->conn);
}

static void
nobody_there_is_refused(void **state)
{
	struct fixture *f = *state;
	struct target target = to(f, "127.0.0.1");
	struct conn_news failed;

	close(f->listener);
	f->listener = -1;
	assert_int_equal(net_ops.resolve(&f->conn, &target), 1);
	assert_int_equal(net_ops.connect(&f->conn, &target, &failed), 0);
	await(f, CONN_FAILED);
	assert_int_equal(f->news.error, ECONNREFUSED);
	assert_false(f->news.local);
	net_ops.drop(&f->conn);
}

static void
fails_locally(struct fixture *f, struct target target, int error)
{
	struct conn_news failed = {0};

	assert_int_equal(net_ops.resolve(&f->conn, &target), 1);
	assert_int_equal(net_ops.connect(&f->conn, &target, &failed), -error);
	assert_int_equal(failed.what, CONN_FAILED);
	assert_int_equal(failed.error, error);
	assert_true(failed.local);
	net_ops.drop(&f->conn);
}

static void
trouble_of_our_own_is_told_as_such(void **state)
{
	struct fixture *f = *state;
	struct target target = to(f, "127.0.0.1");

	target.bind = "192.0.2.1"; /* not an address of this machine */
	fails_locally(f, target, EADDRNOTAVAIL);
	target.bind = "::1";
	fails_locally(f, target, EAFNOSUPPORT);
	target.bind = NULL;
	target.device = "nosuchdevice";
	fails_locally(f, target, ENODEV);
	target.device = NULL;
	f->net.fd_limit = f->listener + 1; /* all others are taken by now */
	fails_locally(f, target, EMFILE);
}

static void
a_source_address_is_taken(void **state)
{
	struct fixture *f = *state;
	struct target target = to(f, "127.0.0.1");
	struct conn_news failed;
	struct tcp_facts facts;
	char text[ADDRESS_TEXT_SIZE];

	target.bind = "127.0.0.77";
	assert_int_equal(net_ops.resolve(&f->conn, &target), 1);
	assert_int_equal(net_ops.connect(&f->conn, &target, &failed), 0);
	await(f, CONN_CONNECTED);
	assert_int_equal(net_ops.hold(&f->conn, &facts), 0);
	address_text(&f->conn.local, text, sizeof(text));
	assert_int_equal(strncmp(text, "127.0.0.77:", strlen("127.0.0.77:")), 0);
}

static void
the_peers_close_and_reset_are_told_apart(void **state)
{
	struct fixture *f = *state;
	const struct linger abort = {.l_onoff = 1};
	int peer = connected(f, "127.0.0.1");

	close(peer);
	await(f, CONN_LOST);
	assert_int_equal(f->news.error, 0);
	net_ops.drop(&f->conn);
	peer = connected(f, "127.0.0.1");
	setsockopt(peer, SOL_SOCKET, SO_LINGER, &abort, sizeof(abort));
	close(peer);
	await(f, CONN_LOST);
	assert_int_equal(f->news.error, ECONNRESET);
}

/* What the peer sends is counted and gone, and its end is seen behind it. */
static void
data_is_thrown_away(void **state)
{
	struct fixture *f = *state;
	static char data[1000 * 1000];
	int peer = connected(f, "127.0.0.1");
	size_t sent = 0;
	pid_t child = fork();

	assert_true(child >= 0);
	if (child == 0) {
		while (sent < sizeof(data)) {
			ssize_t n = write(peer, data, sizeof(data) - sent);

			sent += n > 0 ? (size_t)n : 0;
		}
		_exit(0);
	}
	close(peer);
	await(f, CONN_LOST);
	assert_int_equal(f->news.error, 0);
	assert_int_equal(f->conn.discarded, sizeof(data));
}

static void
our_close_is_a_fin_even_with_data_unread(void **state)
{
	struct fixture *f = *state;
	int peer = connected(f, "127.0.0.1");
	char c;

	assert_int_equal(write(peer, "banner", 6), 6);
	net_ops.drop(&f->conn);
	assert_int_equal(f->conn.fd, -1);
	assert_int_equal(read(peer, &c, 1), 0);
	close(peer);
}

static int
option(int fd, int level, int number)
{
	int value = -1;
	socklen_t len = sizeof(value);

	assert_int_equal(getsockopt(fd, level, number, &value, &len), 0);
	return value;
}

static void
the_plan_is_applied_and_read_back(void **state)
{
	struct fixture *f = *state;
	struct keepalive values = {.idle_s = 205,
	    .interval_s = 6,
	    .count = 6,
	    .user_timeout_ms = 255000,
	    .read_back = true};
	struct sockopt_refusal refusal;
	int peer = connected(f, "127.0.0.1"), fd = f->conn.fd;

	assert_int_equal(net_ops.tune(&f->conn, &values, &refusal), 0);
	assert_int_equal(option(fd, SOL_SOCKET, SO_KEEPALIVE), 1);
	assert_int_equal(option(fd, IPPROTO_TCP, TCP_KEEPIDLE), 205);
	assert_int_equal(option(fd, IPPROTO_TCP, TCP_KEEPINTVL), 6);
	assert_int_equal(option(fd, IPPROTO_TCP, TCP_KEEPCNT), 6);
	assert_int_equal(option(fd, IPPROTO_TCP, TCP_USER_TIMEOUT), 255000);
	values.idle_s = 32768; /* MAX_TCP_KEEPIDLE is 32767 */
	assert_int_equal(net_ops.tune(&f->conn, &values, &refusal), -EINVAL);
	assert_string_equal(refusal.option, "TCP_KEEPIDLE");
	assert_int_equal(refusal.wanted, 32768);
	assert_int_equal(refusal.error, EINVAL);
	close(peer);
}

static void
the_one_timer_fires_once(void **state)
{
	struct fixture *f = *state;

	net_ops.timer(&f->conn, 1);
	await(f, CONN_TIMER);
	net_ops.timer(&f->conn, 1);
	net_ops.timer(&f->conn, -1);
	net_ops.timer(&f->conn, 2);
	await(f, CONN_TIMER);
	assert_int_equal(f->n_news, 2);
}

/* Whatever is under way is given up without a word, and nothing is left (a sanitizer looks). */
static void
drop_ends_all_that_is_under_way(void **state)
{
	struct fixture *f = *state;
	struct target target = to(f, "localhost");
	struct conn_news failed;

	assert_int_equal(net_ops.resolve(&f->conn, &target), 0);
	net_ops.drop(&f->conn);
	assert_int_equal(net_ops.resolve(&f->conn, &target), 0);
	await(f, CONN_RESOLVED);
	net_ops.drop(&f->conn);
	assert_int_equal(net_ops.resolve(&f->conn, &target), 0);
	await(f, CONN_RESOLVED);
	assert_int_equal(net_ops.connect(&f->conn, &target, &failed), 0);
	net_ops.drop(&f->conn);
	net_ops.timer(&f->conn, 50);
	await(f, CONN_TIMER); /* nothing else came meanwhile */
}

int
main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
	    TEST(a_literal_is_known_at_once_and_connects),
	    TEST(a_name_is_resolved_and_the_address_that_answers_wins),
	    TEST(a_name_that_is_none_is_told),
	    TEST(nobody_there_is_refused),
	    TEST(trouble_of_our_own_is_told_as_such),
	    TEST(a_source_address_is_taken),
	    TEST(the_peers_close_and_reset_are_told_apart),
	    TEST(data_is_thrown_away),
	    TEST(our_close_is_a_fin_even_with_data_unread),
	    TEST(the_plan_is_applied_and_read_back),
	    TEST(the_one_timer_fires_once),
	    TEST(drop_ends_all_that_is_under_way),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
