/* SPDX-License-Identifier: ISC */

/* A client's leg has the same options, wherever it has them from. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include "daemon/forward_tune.h"

#define ACCEPTED 2

static int
option(int fd, int level, int name)
{
	socklen_t len = sizeof(int);
	int value = -1;

	assert_int_equal(getsockopt(fd, level, name, &value, &len), 0);
	return value;
}

static void
assert_tuned(int fd)
{
	assert_int_equal(option(fd, SOL_SOCKET, SO_KEEPALIVE), 1);
	assert_int_equal(option(fd, IPPROTO_TCP, TCP_KEEPIDLE), 60);
	assert_int_equal(option(fd, IPPROTO_TCP, TCP_KEEPINTVL), 10);
	assert_int_equal(option(fd, IPPROTO_TCP, TCP_KEEPCNT), 6);
	assert_int_equal(option(fd, IPPROTO_TCP, TCP_USER_TIMEOUT), 120000);
	assert_int_equal(option(fd, IPPROTO_TCP, TCP_NODELAY), 1);
}

static void
accepted_by(int family, bool tuned)
{
	struct forward_client c = {0};
	struct sockaddr_storage address = {.ss_family = (sa_family_t)family};
	socklen_t len =
	    family == AF_INET6 ? sizeof(struct sockaddr_in6) : sizeof(struct sockaddr_in);
	int listener = socket(family, SOCK_STREAM, 0), client = socket(family, SOCK_STREAM, 0);

	assert_int_equal(bind(listener, (struct sockaddr *)&address, len), 0);
	assert_int_equal(listen(listener, ACCEPTED), 0);
	if (tuned)
		assert_true(forward_tune_listener(listener));
	assert_int_equal(getsockname(listener, (struct sockaddr *)&address, &len), 0);
	assert_int_equal(connect(client, (struct sockaddr *)&address, len), 0);
	c.relay.legs[RELAY_CLIENT].fd = accept(listener, NULL, NULL);
	forward_tune_client(&c, tuned);
	assert_tuned(c.relay.legs[RELAY_CLIENT].fd);
	assert_int_equal(c.relay.legs[RELAY_CLIENT].user_timeout_ms, 120000);
	close(c.relay.legs[RELAY_CLIENT].fd);
	close(client);
	close(listener);
}

static void
comes_from_the_listener(void **unused)
{
	(void)unused;
	accepted_by(AF_INET, true);
	accepted_by(AF_INET6, true);
}

static void
is_given_where_the_listener_is_not_ours(void **unused)
{
	(void)unused;
	accepted_by(AF_INET, false);
	accepted_by(AF_INET6, false);
}

static void
unix_sockets_have_none(void **unused)
{
	struct forward_client c = {0};
	int pair[2];

	(void)unused;
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
	assert_false(forward_tune_listener(pair[0]));
	c.relay.legs[RELAY_CLIENT].fd = pair[1];
	forward_tune_client(&c, false);
	assert_int_equal(c.relay.legs[RELAY_CLIENT].user_timeout_ms, 0);
	close(pair[0]);
	close(pair[1]);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(comes_from_the_listener),
	    cmocka_unit_test(is_given_where_the_listener_is_not_ours),
	    cmocka_unit_test(unix_sockets_have_none),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
