/* SPDX-License-Identifier: ISC */

/* What is asked of one socket, and of all: options, what became of it, how many there may be. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "net/descriptors.h"
#include "net/inspect.h"
#include "net/segments.h"
#include "net/sockopt.h"

int __wrap_getsockopt(int fd, int level, int option, void *value, socklen_t *len);
int __real_getsockopt(int fd, int level, int option, void *value, socklen_t *len);

static bool rounds; /* a kernel that makes 7200 of whatever is asked of it */

int
__wrap_getsockopt(int fd, int level, int option, void *value, socklen_t *len)
{
	int r = __real_getsockopt(fd, level, option, value, len);

	if (rounds && level == IPPROTO_TCP && option == TCP_KEEPIDLE)
		*(int *)value = 7200;
	return r;
}

/* A connection: the second end is of the peer. */
static void
connect_pair(int fds[2])
{
	struct sockaddr_in address = {
	    .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t len = sizeof(address);
	int listener = socket(AF_INET, SOCK_STREAM, 0);

	assert_int_equal(bind(listener, (struct sockaddr *)&address, len), 0);
	assert_int_equal(listen(listener, 1), 0);
	assert_int_equal(getsockname(listener, (struct sockaddr *)&address, &len), 0);
	fds[0] = socket(AF_INET, SOCK_STREAM, 0);
	assert_int_equal(connect(fds[0], (struct sockaddr *)&address, len), 0);
	fds[1] = accept(listener, NULL, NULL);
	assert_true(fds[1] >= 0);
	close(listener);
}

static void
what_the_kernel_makes_of_an_option_is_told(void **unused)
{
	struct keepalive keepalive = {
	    .idle_s = 290, .interval_s = 9, .count = 5, .user_timeout_ms = 361828};
	struct sockopt_refusal refusal = {0};
	int fds[2];

	(void)unused;
	connect_pair(fds);
	rounds = true;
	assert_int_equal(sockopt_keepalive(fds[0], &keepalive, &refusal), 0);
	keepalive.read_back = true;
	assert_int_equal(sockopt_keepalive(fds[0], &keepalive, &refusal), -EPROTO);
	assert_string_equal(refusal.option, "TCP_KEEPIDLE");
	assert_int_equal(refusal.wanted, 290);
	assert_int_equal(refusal.got, 7200);
	assert_int_equal(refusal.error, 0);
	rounds = false;
	assert_int_equal(sockopt_keepalive(fds[0], &keepalive, &refusal), 0);
	keepalive.count = 128;
	assert_int_equal(sockopt_keepalive(fds[0], &keepalive, &refusal), -EINVAL);
	assert_string_equal(refusal.option, "TCP_KEEPCNT");
	assert_int_equal(refusal.got, -1);
	assert_int_equal(refusal.error, EINVAL);
	close(fds[0]);
	close(fds[1]);
}

static void
what_became_of_a_socket_is_seen(void **unused)
{
	const struct linger now = {.l_onoff = 1};
	struct inspection seen = {.error = 99};
	socklen_t len = sizeof(int);
	int fds[2], error = 0;

	(void)unused;
	connect_pair(fds);
	assert_int_equal(inspect_socket(fds[0], &seen), 0);
	assert_true(seen.lives && seen.has_peer);
	assert_int_equal(seen.error, 0);
	assert_true(segments_received(fds[0]) > 0);
	/* A reset whose error somebody has taken before is still one. */
	setsockopt(fds[1], SOL_SOCKET, SO_LINGER, &now, sizeof(now));
	close(fds[1]);
	assert_int_equal(getsockopt(fds[0], SOL_SOCKET, SO_ERROR, &error, &len), 0);
	assert_int_equal(error, ECONNRESET);
	assert_int_equal(inspect_socket(fds[0], &seen), 0);
	assert_false(seen.lives || seen.has_peer);
	assert_int_equal(seen.error, ECONNRESET);
	close(fds[0]);
	/* One that is none of TCP. */
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
	assert_int_equal(inspect_socket(fds[0], &seen), -EPROTOTYPE);
	assert_int_equal(segments_received(fds[0]), 0);
	close(fds[0]);
	close(fds[1]);
}

static void
as_many_descriptors_are_had_as_there_may_be(void **unused)
{
	struct rlimit before, limit;
	int fd;

	(void)unused;
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
	limit = before;
	limit.rlim_cur = 64;
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &limit), 0);
	assert_true(descriptors_limit() > 64);
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &limit), 0);
	assert_int_equal(limit.rlim_cur, limit.rlim_max);
	/* Room is made, and nothing stays open for it. */
	descriptors_expect(500);
	fd = open("/", O_PATH | O_CLOEXEC);
	assert_in_range(fd, 0, 63);
	close(fd);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(what_the_kernel_makes_of_an_option_is_told),
	    cmocka_unit_test(what_became_of_a_socket_is_seen),
	    cmocka_unit_test(as_many_descriptors_are_had_as_there_may_be),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
