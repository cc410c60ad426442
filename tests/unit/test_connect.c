/* SPDX-License-Identifier: ISC */

/* Racing addresses, where test_conn cannot choose them. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

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

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_silent_address_loses_and_the_target_may_change),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
