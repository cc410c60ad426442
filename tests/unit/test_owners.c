/* SPDX-License-Identifier: ISC */
#include "host/owners.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>

#include "host/parktable.h"

#define SIZE  ((off_t)(PARKTABLE_MAX_SLOTS * sizeof(uint64_t)))
#define SEALS (F_SEAL_SHRINK | F_SEAL_GROW)

static void
a_new_one_has_no_owners(void **state)
{
	struct owners *owners;
	struct stat status;

	(void)state;
	assert_int_equal(owners_new(&owners), 0);
	assert_int_equal(*owners_at(owners, 0), 0);
	assert_int_equal(*owners_at(owners, PARKTABLE_MAX_SLOTS - 1), 0);
	assert_int_equal(fstat(owners_fd(owners), &status), 0);
	assert_true(status.st_blocks * 512 <= 65536); /* most of it is not there */
	owners_free(owners);
	owners_free(NULL);
}

/* The service manager has a duplicate of the descriptor, and nothing else. */
static void
it_outlives_who_wrote_it(void **state)
{
	struct owners *owners, *again;
	int kept;

	(void)state;
	assert_int_equal(owners_new(&owners), 0);
	kept = fcntl(owners_fd(owners), F_DUPFD_CLOEXEC, 0);
	*owners_at(owners, 0) = 17;
	*owners_at(owners, PARKTABLE_MAX_SLOTS - 1) = UINT64_MAX;
	owners_free(owners);
	assert_int_equal(owners_attach(kept, &again), 0);
	assert_int_equal(owners_fd(again), kept);
	assert_int_equal(*owners_at(again, 0), 17);
	assert_int_equal(*owners_at(again, 1), 0);
	assert_int_equal(*owners_at(again, PARKTABLE_MAX_SLOTS - 1), UINT64_MAX);
	owners_free(again);
	assert_int_equal(fcntl(kept, F_GETFD), -1);
}

static int
memory(off_t size, int seals)
{
	int fd = memfd_create("test", MFD_CLOEXEC | MFD_ALLOW_SEALING);

	assert_true(fd >= 0);
	assert_int_equal(ftruncate(fd, size), 0);
	assert_int_equal(fcntl(fd, F_ADD_SEALS, seals), 0);
	return fd;
}

/* What could become shorter while it is mapped would kill the daemon that reads it. */
static void
what_is_none_is_left_alone(void **state)
{
	struct owners *owners = NULL;
	int pair[2];

	(void)state;
	assert_int_equal(pipe2(pair, O_CLOEXEC), 0);
	const int fds[] = {
	    memory(SIZE - 8, SEALS),
	    memory(SIZE + 8, SEALS),
	    memory(0, SEALS),
	    memory(SIZE, F_SEAL_GROW),
	    memory(SIZE, SEALS | F_SEAL_WRITE),
	    pair[0],
	};
	for (size_t i = 0; i < sizeof(fds) / sizeof(fds[0]); i++) {
		assert_int_equal(owners_attach(fds[i], &owners), -EMEDIUMTYPE);
		assert_null(owners);
		assert_int_equal(close(fds[i]), 0);
	}
	close(pair[1]);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_new_one_has_no_owners),
	    cmocka_unit_test(it_outlives_who_wrote_it),
	    cmocka_unit_test(what_is_none_is_left_alone),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
