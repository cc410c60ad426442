/* SPDX-License-Identifier: ISC */
#include "host/inherited.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>
#include <cmocka.h>

static int
make_listener(int family)
{
	struct sockaddr_storage any = {.ss_family = (sa_family_t)family};
	socklen_t len = family == AF_UNIX ? sizeof(sa_family_t) : sizeof(struct sockaddr_in);
	int fd = socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0);

	assert_true(fd >= 0);
	assert_int_equal(bind(fd, (struct sockaddr *)&any, len), 0);
	assert_int_equal(listen(fd, 1), 0);
	return fd;
}

static int
add(struct inherited *inherited, int fd, const char *name)
{
	return inherited_add(inherited, fd, name, strlen(name));
}

static void
sockets_are_found_by_name(void **state)
{
	struct inherited inherited = {0};
	const int db = make_listener(AF_INET), second = make_listener(AF_UNIX),
		  web = make_listener(AF_INET);
	int found[4];

	(void)state;
	assert_int_equal(inherited_find(&inherited, "db", found, 4), 0);
	assert_int_equal(inherited_add(&inherited, db, "db:web", 2), 0); /* as in $LISTEN_FDNAMES */
	assert_int_equal(add(&inherited, web, "web"), 0);
	assert_int_equal(add(&inherited, second, "db"), 0);
	assert_int_equal(inherited_find(&inherited, "db", found, 4), 2);
	assert_int_equal(found[0], db);
	assert_int_equal(found[1], second);
	assert_int_equal(inherited_find(&inherited, "db", found, 1), 1);
	assert_int_equal(inherited_find(&inherited, "d", found, 4), 0);
	assert_int_equal(inherited_find(&inherited, "web", found, 4), 1);
	inherited_clear(&inherited);
	assert_int_equal(fcntl(db, F_GETFD), -1);
	assert_int_equal(fcntl(web, F_GETFD), -1);
	assert_int_equal(inherited.n, 0);
	inherited_clear(&inherited);
}

static void
what_does_not_listen_stays_the_callers(void **state)
{
	struct inherited inherited = {0};
	int fds[4];

	(void)state;
	assert_int_equal(pipe2(fds, O_CLOEXEC), 0);
	fds[2] = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	fds[3] = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	for (int i = 0; i < 4; i++) {
		assert_int_equal(add(&inherited, fds[i], "db"), -ENOTSOCK);
		assert_int_equal(close(fds[i]), 0);
	}
	assert_int_equal(add(&inherited, -1, "db"), -EBADF);
	assert_int_equal(inherited.n, 0);
	inherited_clear(&inherited);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(sockets_are_found_by_name),
	    cmocka_unit_test(what_does_not_listen_stays_the_callers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
