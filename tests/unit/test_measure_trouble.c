/* SPDX-License-Identifier: ISC */

/* A measurement whose calls fail. */

#include "measure_fixture.h"

#include <errno.h>
#include <sys/socket.h>
#include <unistd.h>

/* Which call fails, of those that may, from now on; -1: none. */
static int countdown = -1;

static bool
fails(void)
{
	return countdown >= 0 && countdown-- == 0;
}

int __wrap_wake_init(struct loop *loop, struct wake *wake, void (*fn)(struct wake *, unsigned));
int __real_wake_init(struct loop *loop, struct wake *wake, void (*fn)(struct wake *, unsigned));
int __wrap_wake_arm(struct wake *wake, int fd, unsigned what, int64_t delay_ms);
int __real_wake_arm(struct wake *wake, int fd, unsigned what, int64_t delay_ms);
void *__wrap_calloc(size_t n, size_t size);
void *__real_calloc(size_t n, size_t size);
ssize_t __wrap_recv(int fd, void *buffer, size_t size, int flags);
ssize_t __real_recv(int fd, void *buffer, size_t size, int flags);

int
__wrap_wake_init(struct loop *loop, struct wake *wake, void (*fn)(struct wake *, unsigned))
{
	return fails() ? -ENOMEM : __real_wake_init(loop, wake, fn);
}

int
__wrap_wake_arm(struct wake *wake, int fd, unsigned what, int64_t delay_ms)
{
	return fails() ? -ENOMEM : __real_wake_arm(wake, fd, what, delay_ms);
}

void *
__wrap_calloc(size_t n, size_t size)
{
	return fails() ? NULL : __real_calloc(n, size);
}

/* What the kernel says in the place of data; 0: what it says. */
static int error_instead;
static unsigned recvs;

ssize_t
__wrap_recv(int fd, void *buffer, size_t size, int flags)
{
	recvs++;
	if (error_instead == 0)
		return __real_recv(fd, buffer, size, flags);
	errno = error_instead;
	return -1;
}

/* Of that it is the ladder that judges, which counts the probes. */
static void
what_the_kernel_gives_up_is_not_dead_yet(void **unused)
{
	static const int errors[] = {ETIMEDOUT, EHOSTUNREACH, ENETUNREACH};

	(void)unused;
	begin();
	while (f.n_taken < 3)
		run(5);
	for (int i = 0; i < 3; i++) {
		error_instead = errors[i];
		recvs = 0;
		greet(f.taken[i]);
		while (recvs == 0)
			run(5);
		run(5);
		assert_int_equal(recvs, 1); /* and it is not asked again */
	}
	error_instead = 0;
	assert_int_equal(measure_view(&f.measure).alive, 2);
	assert_int_equal(measure_view(&f.measure).dead + measure_view(&f.measure).refused, 0);
}

static void
what_cannot_be_read_now_is_read_later(void **unused)
{
	static const int errors[] = {EAGAIN, EINTR, ENOMEM, ENOBUFS};

	(void)unused;
	begin();
	while (f.n_taken < 3)
		run(5);
	for (int i = 0; i < 4; i++) {
		error_instead = errors[i];
		recvs = 0;
		greet(f.taken[0]);
		while (recvs < 2)
			run(5);
	}
	error_instead = 0;
	recvs = 0;
	while (recvs == 0)
		run(5);
	assert_int_equal(measure_view(&f.measure).alive, 2);
	assert_int_equal(measure_view(&f.measure).dead + measure_view(&f.measure).refused, 0);
}

/* Each call that can fail does so once: it does not begin, or says why it ended, or goes on. */
static void
without_memory_it_ends_with_that_or_does_with_less(void **unused)
{
	unsigned begun = 0, ended = 0, unhurt = 0;

	(void)unused;
	faster = 20;
	f.measure.wish.min_ms = 20000;
	f.measure.wish.max_ms = 40000;
	for (int n = 0; unhurt == 0; n++) {
		f.ended = false;
		countdown = n;
		if (measure_start(&f.measure, f.addresses) < 0) {
			assert_null(f.measure.sessions);
			assert_int_equal(countdown, -1);
			continue;
		}
		begun++;
		while (!f.ended && measure_view(&f.measure).opened < 2)
			run(5);
		ended += f.ended;
		unhurt = countdown >= 0;
		countdown = -1;
		assert_int_equal(f.measure.error, f.ended ? ENOMEM : 0);
		measure_clear(&f.measure);
		f.measure.error = 0;
		f.measure.answered = f.measure.over = false;
		while (f.n_taken > 0)
			close(f.taken[--f.n_taken]);
	}
	assert_true(ended > 0);
	assert_true(begun > ended + 1);
}

int
main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, measure_set_up, measure_tear_down)
	const struct CMUnitTest tests[] = {
	    TEST(what_the_kernel_gives_up_is_not_dead_yet),
	    TEST(what_cannot_be_read_now_is_read_later),
	    TEST(without_memory_it_ends_with_that_or_does_with_less),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
