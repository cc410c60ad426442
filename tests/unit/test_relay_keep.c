/* SPDX-License-Identifier: ISC */
#include "net/relay.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>
#include <cmocka.h>

#include "relay_fixture.h"

/* What those are told who keep pipes and relays beyond the process. */

static unsigned exposures;

static void
on_made(struct pipes *pipes, struct pipe *pipe)
{
	(void)pipes;
	pipe->exposed = true;
}

/* Before a byte is in it: the relay is what it was. */
static void
on_exposed(struct relay *relay)
{
	int held = -1;

	exposures++;
	assert_non_null(relay->flows[RELAY_CLIENT].pipe);
	assert_int_equal(ioctl(relay->flows[RELAY_CLIENT].pipe->read_fd, FIONREAD, &held), 0);
	assert_int_equal(held, 0);
	assert_int_equal(relay->flows[RELAY_CLIENT].bytes, 0);
}

static void
move_something(struct fixture *f)
{
	char buf[8];

	assert_int_equal(send(f->outer[RELAY_CLIENT], "hello", 5, 0), 5);
	run_until(f, has_arrived);
	assert_int_equal(recv(f->outer[RELAY_PEER], buf, sizeof(buf), 0), 5);
}

static void
a_pipe_that_is_not_kept_exposes_who_takes_it(void **state)
{
	struct fixture *f = *state;

	exposures = 0;
	f->relays.pipes.made = on_made;
	f->relays.exposed = on_exposed;
	move_something(f);
	assert_int_equal(exposures, 1);
	/* And nobody else: the next one may be kept. */
	assert_null(f->relays.pipes.small);
	assert_null(f->relays.pipes.large);
}

static void
an_empty_pipe_is_nobodys(void **state)
{
	struct fixture *f = *state;

	move_something(f);
	assert_non_null(f->relays.pipes.small);
	assert_int_equal(*f->relays.pipes.small->owner, 0);
}

static void
an_orderly_end_reaches_both_in_spite_of_duplicates(void **state)
{
	struct fixture *f = *state;
	int duplicates[RELAY_SIDES] = {dup(f->inner[0]), dup(f->inner[1])};
	char buf[8];

	f->relay.shared = true;
	relay_stop(&f->relay, false);
	f->ended = true;
	for (int side = 0; side < RELAY_SIDES; side++) {
		assert_int_equal(recv(f->outer[side], buf, sizeof(buf), 0), 0);
		close(duplicates[side]);
	}
}

/* The second end is told by closing, which with duplicates tells nobody anything. */
static void
ends_of_both_reach_both(struct fixture *f)
{
	char buf[8];

	shutdown(f->outer[RELAY_CLIENT], SHUT_WR);
	run_until(f, has_arrived);
	shutdown(f->outer[RELAY_PEER], SHUT_WR);
	run_until(f, has_ended);
	assert_int_equal(f->end.error, 0);
	assert_int_equal(recv(f->outer[RELAY_CLIENT], buf, sizeof(buf), MSG_DONTWAIT), 0);
}

static void
the_end_of_both_is_told(void **state)
{
	ends_of_both_reach_both(*state);
}

static void
the_end_of_both_is_told_in_spite_of_duplicates(void **state)
{
	struct fixture *f = *state;
	int duplicates[RELAY_SIDES] = {dup(f->inner[0]), dup(f->inner[1])};

	f->relay.shared = true;
	ends_of_both_reach_both(f);
	for (int side = 0; side < RELAY_SIDES; side++)
		close(duplicates[side]);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    RELAY_TEST(a_pipe_that_is_not_kept_exposes_who_takes_it),
	    RELAY_TEST(an_empty_pipe_is_nobodys),
	    RELAY_TEST(an_orderly_end_reaches_both_in_spite_of_duplicates),
	    RELAY_TEST(the_end_of_both_is_told),
	    RELAY_TEST(the_end_of_both_is_told_in_spite_of_duplicates),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
