/* SPDX-License-Identifier: ISC */

/* The kernel's side is a pipe of the test's, for no test can put the machine to sleep. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#include "net/clock.h"
#include "net/suspend.h"

static struct loop *loop;
static int pipe_fds[2], settings;
static unsigned jumps;

int __wrap_timerfd_create(clockid_t clock, int flags);
int __wrap_timerfd_settime(
    int fd, int flags, const struct itimerspec *new_value, struct itimerspec *old_value);

int
__wrap_timerfd_create(clockid_t clock, int flags)
{
	assert_int_equal(clock, CLOCK_REALTIME); /* of no other the jumps are told */
	assert_int_equal(flags, TFD_NONBLOCK | TFD_CLOEXEC);
	return mock_type(int);
}

int
__wrap_timerfd_settime(
    int fd, int flags, const struct itimerspec *new_value, struct itimerspec *old_value)
{
	assert_int_equal(fd, pipe_fds[0]);
	assert_int_equal(flags, TFD_TIMER_ABSTIME | TFD_TIMER_CANCEL_ON_SET);
	assert_true(new_value->it_value.tv_sec > time(NULL) + 20 * 365 * 86400);
	assert_null(old_value);
	errno = EINVAL;
	return settings++ < 2 ? 0 : -1;
}

static void
on_jump(struct suspend *suspend)
{
	(void)suspend;
	jumps++;
	loop_stop(loop);
}

static void
on_patience(struct wake *wake, unsigned what)
{
	(void)wake;
	(void)what;
	loop_stop(loop);
}

static void
run(struct wake *patience, int64_t ms)
{
	wake_after(patience, ms);
	assert_int_equal(loop_run(loop), 0);
	wake_disarm(patience);
}

static void
each_jump_is_told_and_waited_for_anew(void **unused)
{
	const uint64_t one = 1;
	struct wake patience;
	struct suspend suspend;

	(void)unused;
	settings = 0;
	jumps = 0;
	assert_int_equal(loop_new(&loop), 0);
	assert_int_equal(wake_init(loop, &patience, on_patience), 0);
	assert_int_equal(pipe2(pipe_fds, O_NONBLOCK | O_CLOEXEC), 0);
	will_return(__wrap_timerfd_create, pipe_fds[0]);
	assert_int_equal(suspend_open(&suspend, loop, on_jump), 0);
	run(&patience, 50);
	assert_int_equal(jumps, 0);
	assert_int_equal(write(pipe_fds[1], &one, sizeof(one)), sizeof(one));
	run(&patience, 10000);
	assert_int_equal(jumps, 1);
	assert_int_equal(settings, 2);
	/* One that cannot be waited for anew is the last one, and not told for ever. */
	assert_int_equal(write(pipe_fds[1], &one, sizeof(one)), sizeof(one));
	run(&patience, 10000);
	assert_int_equal(jumps, 2);
	assert_int_equal(write(pipe_fds[1], &one, sizeof(one)), sizeof(one));
	run(&patience, 50);
	assert_int_equal(jumps, 2);
	suspend_close(&suspend);
	assert_int_equal(fcntl(pipe_fds[0], F_GETFD), -1);
	close(pipe_fds[1]);
	wake_clear(&patience);
	loop_free(loop);
}

static void
where_there_is_no_such_timer_it_is_an_error(void **unused)
{
	struct suspend suspend;

	(void)unused;
	errno = EMFILE;
	will_return(__wrap_timerfd_create, -1);
	assert_int_equal(suspend_open(&suspend, NULL, on_jump), -EMFILE);
	suspend_close(&suspend);
}

static void
the_time_asleep_does_not_pass_while_awake(void **unused)
{
	int64_t before_ms = clock_asleep_ms();
	int64_t from_ms = clock_now_ms();

	(void)unused;
	assert_true(before_ms >= 0);
	while (clock_now_ms() < from_ms + 20)
		;
	assert_in_range(clock_asleep_ms() - before_ms + 5, 0, 10);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(each_jump_is_told_and_waited_for_anew),
	    cmocka_unit_test(where_there_is_no_such_timer_it_is_an_error),
	    cmocka_unit_test(the_time_asleep_does_not_pass_while_awake),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
