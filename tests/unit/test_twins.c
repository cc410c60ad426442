/* SPDX-License-Identifier: ISC */
#include "host/twins.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>
#include <unistd.h>
#include <cmocka.h>

#define N 200

static void
make_pair(int pair[2])
{
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), 0);
}

/* Whether the other end has been told of an end. */
static int
has_ended(int other)
{
	char byte;

	return recv(other, &byte, 1, MSG_DONTWAIT) == 0;
}

static void
duplicates_are_known_and_others_are_not(void **state)
{
	struct twins twins = {0};
	int pairs[N][2], copy;

	(void)state;
	for (int i = 0; i < N; i++) {
		make_pair(pairs[i]);
		assert_false(twins_know(&twins, pairs[i][0]));
		twins_add(&twins, pairs[i][0]);
	}
	for (int i = 0; i < N; i++) {
		copy = fcntl(pairs[i][0], F_DUPFD_CLOEXEC, 0);
		assert_true(twins_know(&twins, copy));
		assert_false(twins_know(&twins, pairs[i][1]));
		close(copy);
	}
	for (int i = 0; i < N; i++) {
		close(pairs[i][0]);
		close(pairs[i][1]);
	}
	twins_clear(&twins);
	twins_clear(&twins);
}

static void
only_what_has_no_twin_is_ended(void **state)
{
	struct twins twins = {0};
	int known[2], stray[2], copy;

	(void)state;
	make_pair(known);
	make_pair(stray);
	twins_add(&twins, known[0]);
	copy = fcntl(known[0], F_DUPFD_CLOEXEC, 0);
	twins_end(&twins, copy);
	assert_int_equal(fcntl(copy, F_GETFD), -1);
	assert_false(has_ended(known[1]));
	copy = fcntl(stray[0], F_DUPFD_CLOEXEC, 0); /* what lies on a shelf still */
	twins_end(&twins, stray[0]);
	assert_true(has_ended(stray[1]));
	close(copy);
	close(stray[1]);
	close(known[0]);
	close(known[1]);
	twins_clear(&twins);
}

static void
what_is_no_descriptor_is_nobodys_twin(void **state)
{
	struct twins twins = {0};
	int pair[2];

	(void)state;
	twins_add(&twins, -1);
	assert_false(twins_know(&twins, -1));
	make_pair(pair);
	twins_add(&twins, pair[0]);
	assert_false(twins_know(&twins, -1));
	/* A pipe may have a socket's number, in another file system. */
	close(pair[0]);
	close(pair[1]);
	assert_int_equal(pipe2(pair, O_CLOEXEC), 0);
	assert_false(twins_know(&twins, pair[0]));
	close(pair[0]);
	close(pair[1]);
	twins_clear(&twins);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(duplicates_are_known_and_others_are_not),
	    cmocka_unit_test(only_what_has_no_twin_is_ended),
	    cmocka_unit_test(what_is_no_descriptor_is_nobodys_twin),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
