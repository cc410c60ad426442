/* SPDX-License-Identifier: ISC */

/* What a measurement makes of its peer's refusals, silence, words and ends. */

#include "measure_fixture.h"

#include <errno.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

static void
where_nobody_listens_it_ends_at_once_and_says_why(void **unused)
{
	(void)unused;
	wake_disarm(&f.accepting);
	listener_close(f.listener);
	f.listener = -1;
	begin();
	run(10000);
	assert_true(f.ended);
	assert_int_equal(f.measure.error, ECONNREFUSED);
	assert_int_equal(f.measure.last_error, ECONNREFUSED);
	assert_int_equal(measure_view(&f.measure).verdict, EVIDENCE_NOTHING);
}

static void
whoever_does_not_answer_is_given_up(void **unused)
{
	int filler;

	(void)unused;
	/* A listener whose queue is full answers no more: the kernel drops the SYN. */
	wake_disarm(&f.accepting);
	assert_int_equal(listen(f.listener, 0), 0);
	filler = socket(AF_INET, SOCK_STREAM, 0);
	assert_int_equal(
	    connect(filler, &f.addresses->list[0].any, sizeof(f.addresses->list[0].in)), 0);
	faster = 20;
	begin();
	run(10000);
	assert_true(f.ended);
	assert_int_equal(f.measure.error, ETIMEDOUT);
	close(filler);
}

static void
what_cannot_be_opened_here_is_said_as_such(void **unused)
{
	(void)unused;
	f.target.device = "no-such-device";
	begin();
	run(10000);
	assert_true(f.ended);
	assert_int_equal(f.measure.error, ENODEV);
}

/* One that was greeted is idle from then on: it is probed so much later. */
static void
what_the_peer_says_makes_a_session_young_again(void **unused)
{
	struct ladder_view view;

	(void)unused;
	begin();
	while (f.n_taken < 3)
		run(5);
	ahead_ms = 1900;
	for (unsigned i = 0; i < 3; i++)
		greet(f.taken[i]);
	run(50);
	ahead_ms = 3800;
	/* It is read on after a while. */
	for (unsigned i = 0; i < 3; i++)
		greet(f.taken[i]);
	run(200);
	view = measure_view(&f.measure);
	assert_int_equal(view.lives_ms, 0); /* none has been probed */
	assert_int_equal(view.alive, 2);
	assert_int_equal(view.dead + view.refused, 0);
	measure_stop(&f.measure);
	assert_true(f.ended);
	assert_true(measure_view(&f.measure).finished);
}

static void
hang_up(int fd)
{
	assert_int_equal(shutdown(fd, SHUT_WR), 0);
}

static void
reset(int fd)
{
	const struct linger now = {.l_onoff = 1};

	assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_LINGER, &now, sizeof(now)), 0);
	/* The descriptor stays taken, but is the reset socket's no more. */
	assert_true(dup2(STDIN_FILENO, fd) >= 0);
}

/* All that are to be open are; then the peer ends them, and this is known of them. */
static struct ladder_view
ended_by(void (*how)(int fd), int64_t later_ms)
{
	struct ladder_view view;
	unsigned n;

	begin();
	while (measure_view(&f.measure).opened < 2 || f.n_taken < 3)
		run(5);
	assert_int_equal(measure_view(&f.measure).alive, 2); /* the control is no part */
	ahead_ms = later_ms;
	n = f.n_taken;
	for (unsigned i = 0; i < n; i++)
		how(f.taken[i]);
	do {
		run(5);
		view = measure_view(&f.measure);
	} while (view.dead + view.refused < 2);
	measure_stop(&f.measure);
	assert_true(f.ended);
	assert_int_equal(f.measure.error, 0);
	return view;
}

static void
a_peer_that_ends_a_session_at_once_wants_none(void **unused)
{
	struct ladder_view view = ended_by(hang_up, 0);

	(void)unused;
	assert_int_equal(view.dead, 0);
	assert_true(view.refused >= 2);
}

static void
a_peer_that_resets_a_session_at_once_wants_none(void **unused)
{
	struct ladder_view view = ended_by(reset, 0);

	(void)unused;
	assert_int_equal(view.dead, 0);
	assert_true(view.refused >= 2);
}

static void
a_session_that_ends_later_has_died(void **unused)
{
	struct ladder_view view = ended_by(hang_up, 1500);

	(void)unused;
	assert_int_equal(view.dead, 2);
	assert_int_equal(view.refused, 0);
}

static void
stop_listening(int fd)
{
	(void)fd;
	wake_disarm(&f.accepting);
	listener_close(f.listener);
	f.listener = -1;
}

/* Once one has been open the measurement goes on without those that are not. */
static void
one_that_is_refused_later_does_not_end_it(void **unused)
{
	(void)unused;
	f.measure.wish.opens_per_second = 10;
	f.visit = stop_listening;
	begin();
	while (measure_view(&f.measure).refused == 0)
		run(5);
	assert_false(f.ended);
	assert_int_equal(f.measure.error, 0);
	assert_int_equal(f.measure.last_error, ECONNREFUSED);
}

int
main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, measure_set_up, measure_tear_down)
	const struct CMUnitTest tests[] = {
	    TEST(where_nobody_listens_it_ends_at_once_and_says_why),
	    TEST(whoever_does_not_answer_is_given_up),
	    TEST(what_cannot_be_opened_here_is_said_as_such),
	    TEST(what_the_peer_says_makes_a_session_young_again),
	    TEST(a_peer_that_ends_a_session_at_once_wants_none),
	    TEST(a_peer_that_resets_a_session_at_once_wants_none),
	    TEST(a_session_that_ends_later_has_died),
	    TEST(one_that_is_refused_later_does_not_end_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
