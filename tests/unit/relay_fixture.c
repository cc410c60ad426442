/* SPDX-License-Identifier: ISC */
#include "relay_fixture.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

/* Longer than anything here takes; a test that waits for it has failed. */
#define PATIENCE_MS 20000

static void
on_end(struct relay *relay, const struct relay_end *end)
{
	struct fixture *f = container_of(relay, struct fixture, relay);

	if (relay->replaceable && end->side == RELAY_PEER && relay_untouched(relay)) {
		relay_part(relay);
		f->parted = true;
	} else {
		relay_stop(relay, end->error != 0);
	}
	f->end = *end;
	f->ended = true;
	loop_stop(f->loop);
}

static void
on_patience(struct wake *wake, unsigned what)
{
	(void)wake;
	(void)what;
	fail_msg("nothing happened for %d ms", PATIENCE_MS);
}

/* The loop runs until this is true; looked at whenever the relay has been woken, or soon. */
static void
on_look(struct wake *wake, unsigned what)
{
	struct fixture *f = container_of(wake, struct fixture, look);

	(void)what;
	if (f->until(f))
		loop_stop(f->loop);
	else
		wake_after(wake, 1);
}

void
run_until(struct fixture *f, bool (*until)(struct fixture *f))
{
	f->until = until;
	wake_after(&f->patience, PATIENCE_MS);
	wake_after(&f->look, 0);
	assert_int_equal(loop_run(f->loop), 0);
	wake_disarm(&f->patience);
	wake_disarm(&f->look);
}

bool
has_ended(struct fixture *f)
{
	return f->ended;
}

void
connect_pair(int *ret_outer, int *ret_inner)
{
	struct sockaddr_in address = {
	    .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t len = sizeof(address);
	int listener = socket(AF_INET, SOCK_STREAM, 0);

	assert_int_equal(bind(listener, (struct sockaddr *)&address, len), 0);
	assert_int_equal(listen(listener, 8), 0);
	assert_int_equal(getsockname(listener, (struct sockaddr *)&address, &len), 0);
	*ret_outer = socket(AF_INET, SOCK_STREAM, 0);
	assert_int_equal(connect(*ret_outer, (struct sockaddr *)&address, len), 0);
	*ret_inner = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
	assert_true(*ret_inner >= 0);
	close(listener);
}

void
begin_relay(struct fixture *f, const int fds[RELAY_SIDES])
{
	relay_open(&f->relay, &f->relays, fds[RELAY_CLIENT], 7);
	assert_int_equal(relay_join(&f->relay, fds[RELAY_PEER]), 0);
}

int
relay_set_up(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	assert_non_null(f);
	assert_int_equal(loop_new(&f->loop), 0);
	assert_int_equal(relays_init(&f->relays, f->loop, on_end), 0);
	assert_int_equal(wake_init(f->loop, &f->patience, on_patience), 0);
	assert_int_equal(wake_init(f->loop, &f->look, on_look), 0);
	for (int side = 0; side < RELAY_SIDES; side++)
		connect_pair(&f->outer[side], &f->inner[side]);
	begin_relay(f, f->inner);
	*state = f;
	return 0;
}

int
relay_tear_down(void **state)
{
	struct fixture *f = *state;

	if (!f->ended)
		relay_stop(&f->relay, false);
	for (int side = 0; side < RELAY_SIDES; side++)
		if (f->outer[side] >= 0)
			close(f->outer[side]);
	relays_clear(&f->relays);
	wake_clear(&f->patience);
	wake_clear(&f->look);
	loop_free(f->loop);
	free(f);
	return 0;
}

bool
has_arrived(struct fixture *f)
{
	struct pollfd p = {.fd = f->outer[RELAY_PEER], .events = POLLIN};

	return poll(&p, 1, 0) == 1;
}

bool
has_returned(struct fixture *f)
{
	struct pollfd p = {.fd = f->outer[RELAY_CLIENT], .events = POLLIN};

	return poll(&p, 1, 0) == 1;
}

void
reset(int *fd)
{
	const struct linger at_once = {.l_onoff = 1, .l_linger = 0};

	assert_int_equal(setsockopt(*fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once)), 0);
	close(*fd);
	*fd = -1;
}

bool
is_stuck(struct fixture *f)
{
	return relay_held(&f->relay, RELAY_CLIENT) > 0;
}

static bool
is_stuck_or_takes_more(struct fixture *f)
{
	struct pollfd p = {.fd = f->outer[RELAY_CLIENT], .events = POLLOUT};

	return is_stuck(f) || poll(&p, 1, 0) == 1;
}

size_t
stuff(struct fixture *f)
{
	static char buf[65536];
	size_t total = 0;
	ssize_t n;

	fcntl(f->outer[RELAY_CLIENT], F_SETFL, O_NONBLOCK);
	do {
		while ((n = send(f->outer[RELAY_CLIENT], buf, sizeof(buf), 0)) > 0)
			total += (size_t)n;
		run_until(f, is_stuck_or_takes_more);
	} while (!is_stuck(f));
	return total;
}
