/* SPDX-License-Identifier: ISC */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>
#include <cmocka.h>

#include "host/parking.h"
#include "keeping_manager.h"

/* Descriptors under way count against the limit (net/unix/scm.c too_many_unix_fds()), for all
 * processes of the same real user, and root's capabilities know no such limit. */
static void
become(uid_t uid)
{
	uid_t real, effective, saved;

	assert_int_equal(getresuid(&real, &effective, &saved), 0);
	if (saved == 0)
		assert_int_equal(setresuid(uid, uid, 0), 0);
}

static void
too_many_under_way_is_an_error_and_ends(void **state)
{
	struct manager *m = *state;
	struct rlimit before, low;
	int pair[2];
	unsigned refused = 0;

	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), 0);
	/* The shelf is with the manager: were it still the courier's, who meets the limit as well,
	 * the courier would give it up, and what lies on it would be under way no more. */
	assert_int_equal(parking_reserve(m->parking), 0);
	manager_serve(m, 1);
	become(100000 + (uid_t)getpid());
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
	low = (struct rlimit){100, before.rlim_max};
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &low), 0);
	for (uint32_t i = 0; i < 200; i++) {
		const struct parked parked = {.life = 1 + i, .slot = i, .fd = pair[0]};
		int r = parking_put(m->parking, &parked);

		assert_true(r == 0 || r == -ETOOMANYREFS);
		refused += r < 0;
	}
	assert_true(refused >= 99); /* the limit may be exceeded by one */
	assert_true(parking_dirty(m->parking));
	assert_int_equal(parking_flush(m->parking, false), -ETOOMANYREFS);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
	assert_int_equal(parking_flush(m->parking, false), 0);
	assert_false(parking_dirty(m->parking));
	become(0);
	close(pair[0]);
	close(pair[1]);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(
		too_many_under_way_is_an_error_and_ends, manager_setup, manager_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
