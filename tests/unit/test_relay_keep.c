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

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    RELAY_TEST(a_pipe_that_is_not_kept_exposes_who_takes_it),
	    RELAY_TEST(an_empty_pipe_is_nobodys),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
