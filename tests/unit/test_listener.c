/* SPDX-License-Identifier: ISC */

/* Where clients are taken in: addresses of both families, and unix sockets. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <grp.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "net/listener.h"

static char why[256];

static int
open_at(const char *where)
{
	const struct listener_wish wish = {.where = where, .mode = 0600};
	int fd = -1, r = listener_open(&wish, &fd, why, sizeof(why));

	return r < 0 ? r : fd;
}

static uint16_t
port_of(int fd)
{
	struct sockaddr_in6 address; /* the port is in the same place for both families */
	socklen_t len = sizeof(address);

	assert_int_equal(getsockname(fd, (struct sockaddr *)&address, &len), 0);
	return ntohs(address.sin6_port);
}

static int
connect4(uint16_t port)
{
	const struct sockaddr_in address = {.sin_family = AF_INET,
	    .sin_port = htons(port),
	    .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	if (connect(fd, (const struct sockaddr *)&address, sizeof(address)) == 0)
		return fd;
	close(fd);
	return -errno;
}

static int
connect_path(const char *path)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM, 0), r;

	strcpy(address.sun_path, path);
	if (connect(fd, (const struct sockaddr *)&address, sizeof(address)) == 0)
		return fd;
	r = -errno;
	close(fd);
	return r;
}

static void
takes_in_both_families_at_any_address(void **state)
{
	int listener = open_at("[::]:0"), client, taken;

	(void)state;
	assert_true(listener >= 0);
	assert_int_equal(listener_accept(listener), -EAGAIN);
	client = connect4(port_of(listener));
	assert_true(client >= 0);
	taken = listener_accept(listener);
	assert_true(taken >= 0);
	close(client);
	close(taken);
	listener_close(listener);
}

static void
says_what_is_wrong(void **state)
{
	int listener = open_at("127.0.0.1:0");
	char where[64];

	(void)state;
	snprintf(where, sizeof(where), "127.0.0.1:%d", port_of(listener));
	assert_int_equal(open_at(where), -EADDRINUSE);
	assert_string_equal(why, "somebody else listens there");
	assert_int_equal(open_at("192.0.2.1:0"), -EADDRNOTAVAIL);
	assert_string_equal(why, "this host does not have that address");
	listener_close(listener);
}

static void
whoever_is_refused_sees_a_reset(void **state)
{
	int listener = open_at("127.0.0.1:0"), client = connect4(port_of(listener));
	char byte;

	(void)state;
	listener_refuse(listener_accept(listener));
	assert_int_equal(recv(client, &byte, 1, 0), -1);
	assert_int_equal(errno, ECONNRESET);
	close(client);
	listener_close(listener);
}

static void
one_is_known_by_its_address(void **state)
{
	char where[64];
	const struct listener_wish other = {.where = "127.0.0.1:1"}, same = {.where = where};
	int listener = open_at("127.0.0.1:0");

	(void)state;
	snprintf(where, sizeof(where), "127.0.0.1:%d", port_of(listener));
	assert_true(listener_fits(listener, &same));
	assert_false(listener_fits(listener, &other));
	listener_close(listener);
}

static void
a_place_that_is_none_is_refused(void **state)
{
#define SIXTY "012345678901234567890123456789012345678901234567890123456789"
	static const char *const places[] = {
	    "80", ":80", "[]:80", "name:80", "unix:/" SIXTY SIXTY, SIXTY ":80"};

	(void)state;
	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
		why[0] = '\0';
		assert_int_equal(open_at(places[i]), -EINVAL);
		assert_string_equal(why, strerror(EINVAL));
	}
}

static void
what_does_not_listen_is_no_listener(void **state)
{
	const struct listener_wish any = {.where = "127.0.0.1:0"};
	int datagrams = socket(AF_INET, SOCK_DGRAM, 0), fds[2];

	(void)state;
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
	assert_int_equal(listener_check(fds[0]), -ENOTSOCK);
	assert_int_equal(listener_accept(fds[0]), -EINVAL);
	assert_int_equal(listener_check(datagrams), -ENOTSOCK);
	assert_int_equal(listener_check(-1), -EBADF);
	assert_false(listener_fits(-1, &any));
	assert_false(listener_fits(fds[0], &any)); /* of another family */
	close(datagrams);
	close(fds[0]);
	close(fds[1]);
}

/* --- unix ------------------------------------------------------------------------------------- */

struct place {
	char directory[32], path[64], where[80];
};

static int
set_up(void **state)
{
	struct place *p = calloc(1, sizeof(*p));

	strcpy(p->directory, "/tmp/listenerXXXXXX");
	assert_non_null(mkdtemp(p->directory));
	snprintf(p->path, sizeof(p->path), "%s/s", p->directory);
	snprintf(p->where, sizeof(p->where), "unix:%s", p->path);
	*state = p;
	return 0;
}

static int
tear_down(void **state)
{
	struct place *p = *state;

	unlink(p->path);
	rmdir(p->directory);
	free(p);
	return 0;
}

static struct stat
status_of(const char *path)
{
	struct stat status;

	assert_int_equal(stat(path, &status), 0);
	return status;
}

/* Of a unix socket the kernel says still that it listens. */
static void
one_that_is_closed_takes_in_nobody_in_spite_of_duplicates(void **state)
{
	struct place *p = *state;
	int listeners[] = {open_at("127.0.0.1:0"), open_at(p->where)};
	uint16_t port = port_of(listeners[0]);

	for (int i = 0; i < 2; i++) {
		int duplicate = dup(listeners[i]);

		assert_int_equal(listener_check(duplicate), 0);
		listener_close(listeners[i]);
		assert_int_equal(listener_check(duplicate), -ENOTSOCK);
		close(duplicate);
	}
	assert_true(connect4(port) < 0);
}

static void
a_unix_socket_has_its_mode_and_goes_with_its_listener(void **state)
{
	struct place *p = *state;
	const struct listener_wish wish = {.where = p->where, .mode = 0604};
	int listener, client;

	assert_int_equal(listener_open(&wish, &listener, why, sizeof(why)), 0);
	assert_int_equal(status_of(p->path).st_mode & 0777, 0604);
	client = connect_path(p->path);
	assert_true(client >= 0);
	close(client);
	listener_close(listener);
	assert_int_equal(access(p->path, F_OK), -1);
}

static void
a_stale_unix_socket_is_replaced(void **state)
{
	struct place *p = *state;
	int listener = open_at(p->where), next;

	close(listener); /* as by kill -9 */
	next = open_at(p->where);
	assert_true(next >= 0);
	listener_close(next);
}

static void
what_belongs_to_others_is_left_alone(void **state)
{
	struct place *p = *state;
	int listener = open_at(p->where), client;
	FILE *file;

	assert_int_equal(open_at(p->where), -EADDRINUSE);
	client = connect_path(p->path);
	assert_true(client >= 0);
	close(client);
	listener_close(listener);
	file = fopen(p->path, "w");
	fclose(file);
	assert_int_equal(open_at(p->where), -EEXIST);
	assert_string_equal(why, "there is a file of that name, which is no socket");
	assert_int_equal(access(p->path, F_OK), 0);
}

static void
a_group_that_there_is_not_is_said(void **state)
{
	struct place *p = *state;
	const struct listener_wish wish = {.where = p->where, .group = "no-such", .mode = 0660};
	int fd;

	assert_int_equal(listener_open(&wish, &fd, why, sizeof(why)), -ESRCH);
	assert_string_equal(why, "there is no group 'no-such'");
	assert_int_equal(access(p->path, F_OK), -1);
}

static void
where_there_is_no_way_to_a_socket_it_says_why(void **state)
{
	struct place *p = *state;
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int datagrams = socket(AF_UNIX, SOCK_DGRAM, 0);

	strcpy(address.sun_path, p->path);
	assert_int_equal(bind(datagrams, (struct sockaddr *)&address, sizeof(address)), 0);
	assert_int_equal(open_at(p->where), -EPROTOTYPE);
	assert_string_equal(why, strerror(EPROTOTYPE));
	assert_int_equal(access(p->path, F_OK), 0);
	close(datagrams);
	unlink(p->path);
	assert_int_equal(symlink("nowhere", p->path), 0);
	assert_int_equal(open_at(p->where), -EEXIST);
	snprintf(p->where, sizeof(p->where), "unix:%s/no/s", p->directory);
	assert_int_equal(open_at(p->where), -ENOENT);
}

static void
what_took_the_place_of_one_that_is_closed_stays(void **state)
{
	struct place *p = *state;
	const struct listener_wish wish = {.where = p->where, .mode = 0600};
	int first = open_at(p->where), second;

	assert_true(listener_fits(first, &wish));
	unlink(p->path);
	assert_false(listener_fits(first, &wish)); /* nobody finds it any more */
	second = open_at(p->where);
	assert_true(second >= 0);
	listener_close(first);
	assert_int_equal(access(p->path, F_OK), 0);
	unlink(p->path);
	listener_close(second); /* of which nothing is left to be removed */
}

/* As a reload does, to a socket that stays. Another group than our own only root can give. */
static void
one_that_stays_is_dressed_anew(void **state)
{
	struct place *p = *state;
	gid_t other = geteuid() == 0 ? 1 : getegid();
	const struct group *group = getgrgid(other);
	struct listener_wish wish = {.where = p->where, .mode = 0640};
	const struct listener_wish address = {.where = "127.0.0.1:80"};
	int listener = open_at(p->where);

	assert_non_null(group);
	wish.group = group->gr_name;
	assert_int_equal(listener_dress(&wish, why, sizeof(why)), 0);
	assert_int_equal(status_of(p->path).st_mode & 0777, 0640);
	assert_int_equal(status_of(p->path).st_gid, other);
	/* Without one, that which a new socket has there. */
	wish.group = NULL;
	assert_int_equal(listener_dress(&wish, why, sizeof(why)), 0);
	assert_int_equal(status_of(p->path).st_gid, getegid());
	assert_int_equal(chown(p->directory, (uid_t)-1, other), 0);
	assert_int_equal(chmod(p->directory, 02700), 0);
	assert_int_equal(listener_dress(&wish, why, sizeof(why)), 0);
	assert_int_equal(status_of(p->path).st_gid, other);
	wish.group = "no-such";
	assert_int_equal(listener_dress(&wish, why, sizeof(why)), -ESRCH);
	assert_string_equal(why, "there is no group 'no-such'");
	assert_int_equal(listener_dress(&address, why, sizeof(why)), 0); /* which has none */
	listener_close(listener);
	wish.group = NULL;
	wish.where = "unix:/no-such-socket";
	assert_int_equal(listener_dress(&wish, why, sizeof(why)), -ENOENT);
}

static void
one_may_be_named_from_where_we_are(void **state)
{
	struct place *p = *state;
	const struct listener_wish wish = {.where = "unix:s", .mode = 0600};
	const struct group *own = getgrgid(getegid());
	struct listener_wish grouped = wish;
	int listener;

	assert_int_equal(chdir(p->directory), 0);
	assert_non_null(own);
	grouped.group = own->gr_name;
	assert_int_equal(listener_open(&grouped, &listener, why, sizeof(why)), 0);
	assert_int_equal(access(p->path, F_OK), 0);
	assert_int_equal(listener_dress(&wish, why, sizeof(why)), 0);
	assert_true(listener_fits(listener, &wish));
	listener_close(listener);
	assert_int_equal(access(p->path, F_OK), -1);
}

int
main(void)
{
#define UNIX_TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(takes_in_both_families_at_any_address),
	    cmocka_unit_test(says_what_is_wrong),
	    cmocka_unit_test(whoever_is_refused_sees_a_reset),
	    cmocka_unit_test(one_is_known_by_its_address),
	    cmocka_unit_test(a_place_that_is_none_is_refused),
	    cmocka_unit_test(what_does_not_listen_is_no_listener),
	    UNIX_TEST(one_that_is_closed_takes_in_nobody_in_spite_of_duplicates),
	    UNIX_TEST(a_unix_socket_has_its_mode_and_goes_with_its_listener),
	    UNIX_TEST(a_stale_unix_socket_is_replaced),
	    UNIX_TEST(what_belongs_to_others_is_left_alone),
	    UNIX_TEST(a_group_that_there_is_not_is_said),
	    UNIX_TEST(where_there_is_no_way_to_a_socket_it_says_why),
	    UNIX_TEST(what_took_the_place_of_one_that_is_closed_stays),
	    UNIX_TEST(one_that_stays_is_dressed_anew),
	    UNIX_TEST(one_may_be_named_from_where_we_are),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
