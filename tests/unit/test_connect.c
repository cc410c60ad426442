/* SPDX-License-Identifier: ISC */

/* Racing addresses, where test_conn cannot choose them. */

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

#include "net/connect.h"

/* The race that ended, and that it did. */
struct finish {
	struct race race;
	struct race_end end;
};

static void
on_finish(struct race *race, const struct race_end *end)
{
	container_of(race, struct finish, race)->end = *end;
	loop_stop(race->loop);
}

static int
listener(int backlog, union address *ret)
{
	union address address = {.in = {.sin_family = AF_INET}};
	socklen_t len = sizeof(address);
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	address.in.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	assert_int_equal(bind(fd, &address.any, sizeof(address.in)), 0);
	assert_int_equal(listen(fd, backlog), 0);
	assert_int_equal(getsockname(fd, &address.any, &len), 0);
	*ret = address;
	return fd;
}

/*
 * The first address is silent, so the second is tried after the delay, with what the target says
 * by then: a reload may have put other strings in the place of the old.
 */
static void
a_silent_address_loses_and_the_target_may_change(void **unused)
{
	char *bind_before = strdup("127.0.0.78");
	struct target target = {.bind = bind_before};
	struct addresses *both = addresses_new(2);
	struct finish finish = {.end = {.fd = -1}};
	char text[ADDRESS_TEXT_SIZE];
	int full = listener(0, &both->list[0]), good = listener(1, &both->list[1]);
	int filler = socket(AF_INET, SOCK_STREAM, 0);
	struct loop *loop;

	(void)unused;
	assert_int_equal(loop_new(&loop), 0);
	/* A listener whose queue is full answers no more: the kernel drops the SYN. */
	assert_int_equal(connect(filler, &both->list[0].any, sizeof(both->list[0].in)), 0);
	finish.race =
	    (struct race){.loop = loop, .addresses = both, .target = &target, .fn = on_finish};
	assert_int_equal(race_start(&finish.race, &finish.end), 0);
	target.bind = "127.0.0.79";
	free(bind_before);
	assert_int_equal(loop_run(loop), 0);
	assert_true(finish.end.fd >= 0);
	assert_true(address_equal(&finish.end.remote, &both->list[1]));
	address_text(&finish.end.local, text, sizeof(text));
	assert_int_equal(strncmp(text, "127.0.0.79:", strlen("127.0.0.79:")), 0);
	race_clear(&finish.race);
	close(finish.end.fd);
	close(filler);
	close(full);
	close(good);
	addresses_unref(both);
	loop_free(loop);
}

/* --- one race a test, to addresses of its choice ---------------------------------------------- */

/* connect(2) of the test's: the connection is made at once, or with oneself. */
static bool at_once, with_itself;

int __wrap_connect(int fd, const struct sockaddr *address, socklen_t len);
int __real_connect(int fd, const struct sockaddr *address, socklen_t len);
int __wrap_getsockname(int fd, struct sockaddr *address, socklen_t *len);
int __real_getsockname(int fd, struct sockaddr *address, socklen_t *len);

int
__wrap_connect(int fd, const struct sockaddr *address, socklen_t len)
{
	struct pollfd done = {.fd = fd, .events = POLLOUT};

	if (with_itself)
		assert_int_equal(bind(fd, address, len), 0);
	if (__real_connect(fd, address, len) == 0)
		return 0;
	if (!at_once || errno != EINPROGRESS)
		return -1;
	if (poll(&done, 1, 100) == 1)
		return 0;
	errno = EINPROGRESS;
	return -1;
}

static int name_error;

int
__wrap_getsockname(int fd, struct sockaddr *address, socklen_t *len)
{
	if (name_error == 0)
		return __real_getsockname(fd, address, len);
	errno = name_error;
	return -1;
}

static struct contest {
	struct loop *loop;
	struct addresses *addresses;
	struct target target;
	struct finish finish;
	int listening, silent, filler;
	bool told_at_once;
} c;

/* An address where somebody listens, one where nobody answers, and one where nobody is. */
enum at {
	LISTENING,
	SILENT,
	NOBODY,
	SIX
};

static int
set_up(void **unused)
{
	union address address;

	(void)unused;
	at_once = with_itself = false;
	name_error = 0;
	memset(&c, 0, sizeof(c));
	assert_int_equal(loop_new(&c.loop), 0);
	c.listening = listener(16, &address);
	c.silent = listener(0, &address);
	c.filler = socket(AF_INET, SOCK_STREAM, 0);
	assert_int_equal(connect(c.filler, &address.any, sizeof(address.in)), 0);
	return 0;
}

static int
tear_down(void **unused)
{
	(void)unused;
	if (c.finish.end.fd >= 0)
		close(c.finish.end.fd);
	close(c.filler);
	close(c.silent);
	close(c.listening);
	addresses_unref(c.addresses);
	loop_free(c.loop);
	return 0;
}

static void
put_address(union address *ret, enum at at)
{
	socklen_t len = sizeof(*ret);
	int fd;

	memset(ret, 0, sizeof(*ret));
	if (at == SIX) {
		ret->in6 = (struct sockaddr_in6){
		    .sin6_family = AF_INET6, .sin6_addr = IN6ADDR_LOOPBACK_INIT};
	} else if (at == NOBODY) {
		fd = listener(0, ret);
		close(fd);
	} else {
		fd = at == LISTENING ? c.listening : c.silent;
		assert_int_equal(getsockname(fd, &ret->any, &len), 0);
	}
}

/* How a race to all of these ends. */
static const struct race_end *
race_to(unsigned n, const enum at *at)
{
	int saved = name_error, r;

	name_error = 0;
	c.addresses = addresses_new(n);
	for (unsigned i = 0; i < n; i++)
		put_address(&c.addresses->list[i], at[i]);
	name_error = saved;
	c.finish.race = (struct race){.loop = c.loop,
	    .addresses = c.addresses,
	    .target = &c.target,
	    .fd_limit = c.finish.race.fd_limit,
	    .fn = on_finish};
	c.finish.end.fd = -1;
	r = race_start(&c.finish.race, &c.finish.end);
	assert_in_range(r, 0, 1);
	c.told_at_once = r == 1;
	if (r == 0)
		assert_int_equal(loop_run(c.loop), 0);
	race_clear(&c.finish.race);
	return &c.finish.end;
}

#define RACE(...) \
	race_to(sizeof((enum at[]){__VA_ARGS__}) / sizeof(enum at), (enum at[]){__VA_ARGS__})

static void
the_next_address_is_tried_at_once_where_one_refuses(void **unused)
{
	const struct race_end *end = RACE(NOBODY, LISTENING);

	(void)unused;
	assert_true(end->fd >= 0);
	assert_true(address_equal(&end->remote, &c.addresses->list[1]));
	assert_false(c.told_at_once);
}

static void
what_a_peer_did_tells_more_than_what_we_could_not(void **unused)
{
	const struct race_end *end;

	(void)unused;
	c.target.bind = "127.0.0.1"; /* from which there is no way to the others */
	end = RACE(SIX, NOBODY);
	assert_int_equal(end->fd, -1);
	assert_int_equal(end->error, ECONNREFUSED);
	assert_false(end->local_trouble);
	addresses_unref(c.addresses);
	end = RACE(NOBODY, SIX);
	assert_int_equal(end->error, ECONNREFUSED);
	assert_false(end->local_trouble);
	addresses_unref(c.addresses);
	name_error = ENOBUFS;
	assert_int_equal(RACE(SIX, LISTENING)->error, ENOBUFS);
	addresses_unref(c.addresses);
	assert_int_equal(RACE(NOBODY, LISTENING)->error, ECONNREFUSED);
	addresses_unref(c.addresses);
	assert_int_equal(RACE(LISTENING, NOBODY)->error, ECONNREFUSED);
}

/* The one that is under way may still win, or is who fails last. */
static void
what_fails_later_does_not_end_what_is_under_way(void **unused)
{
	char byte;
	int fd;

	(void)unused;
	c.target.bind = "127.0.0.1";
	c.addresses = addresses_new(2);
	put_address(&c.addresses->list[0], SILENT);
	put_address(&c.addresses->list[1], SIX);
	c.finish.race = (struct race){
	    .loop = c.loop, .addresses = c.addresses, .target = &c.target, .fn = on_finish};
	c.finish.end.fd = -1;
	assert_int_equal(race_start(&c.finish.race, &c.finish.end), 0);
	/* Its SYN is repeated after a second, and meets a queue with room by then. */
	fd = accept(c.silent, NULL, NULL);
	assert_true(fd >= 0);
	assert_int_equal(loop_run(c.loop), 0);
	assert_true(c.finish.end.fd >= 0);
	assert_true(address_equal(&c.finish.end.remote, &c.addresses->list[0]));
	assert_int_equal(recv(c.finish.end.fd, &byte, 1, MSG_DONTWAIT), -1);
	assert_int_equal(errno, EAGAIN);
	race_clear(&c.finish.race);
	close(fd);
}

static void
trouble_of_our_own_is_known_at_once(void **unused)
{
	(void)unused;
	c.target.bind = "nonsense";
	assert_int_equal(RACE(LISTENING)->error, EAFNOSUPPORT);
	assert_true(c.told_at_once && c.finish.end.local_trouble);
	addresses_unref(c.addresses);
	c.target.bind = "192.0.2.1";
	assert_int_equal(RACE(LISTENING)->error, EADDRNOTAVAIL);
	assert_true(c.told_at_once && c.finish.end.local_trouble);
	addresses_unref(c.addresses);
	c.target.bind = NULL;
	c.target.device = "no-such";
	assert_int_equal(RACE(LISTENING)->error, ENODEV);
	addresses_unref(c.addresses);
	c.target.device = NULL;
	c.finish.race.fd_limit = 3;
	assert_int_equal(RACE(LISTENING)->error, EMFILE);
	assert_true(c.told_at_once && c.finish.end.local_trouble);
	addresses_unref(c.addresses);
	c.finish.race.fd_limit = 0;
	assert_int_equal(race_to(0, NULL)->error, ENOENT);
	assert_true(c.told_at_once && c.finish.end.local_trouble);
}

static void
what_is_connected_at_once_wins_at_once(void **unused)
{
	(void)unused;
	at_once = true;
	assert_true(RACE(LISTENING, SILENT)->fd >= 0);
	assert_true(c.told_at_once);
	assert_true(address_equal(&c.finish.end.remote, &c.addresses->list[0]));
	close(c.finish.end.fd);
	addresses_unref(c.addresses);
	/* Also when its turn comes later. */
	assert_true(RACE(SILENT, LISTENING)->fd >= 0);
	assert_false(c.told_at_once);
	assert_true(address_equal(&c.finish.end.remote, &c.addresses->list[1]));
	close(c.finish.end.fd);
	addresses_unref(c.addresses);
	/* And one of which it turns out at once that it is not, fails. */
	name_error = ENOBUFS;
	assert_int_equal(RACE(LISTENING)->fd, -1);
	assert_int_equal(c.finish.end.error, ENOBUFS);
	assert_true(c.told_at_once);
}

static void
a_connection_with_itself_is_none(void **unused)
{
	(void)unused;
	with_itself = true;
	assert_int_equal(RACE(NOBODY)->fd, -1);
	assert_int_equal(c.finish.end.error, ECONNREFUSED);
}

int
main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
	    TEST(the_next_address_is_tried_at_once_where_one_refuses),
	    TEST(what_a_peer_did_tells_more_than_what_we_could_not),
	    TEST(what_fails_later_does_not_end_what_is_under_way),
	    TEST(trouble_of_our_own_is_known_at_once),
	    TEST(what_is_connected_at_once_wins_at_once),
	    TEST(a_connection_with_itself_is_none),
	    TEST(a_silent_address_loses_and_the_target_may_change),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
