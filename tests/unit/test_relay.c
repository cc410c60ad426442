/* SPDX-License-Identifier: ISC */

/* Two sockets and what goes between them, over the loopback interface: no privilege is needed. */

#include "relay_fixture.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

/* --- somebody at an outer end, with a thread of its own ------------------------------------- */

struct stream {
	int fd;
	unsigned seed;
	size_t size;
	size_t chunk; /* at most so much at a time */
	size_t read;  /* by the reader; wrong bytes are told by `wrong` */
	int error;
	bool wrong;
};

static unsigned char
next_byte(uint32_t *state)
{
	*state = *state * 1664525u + 1013904223u;
	return (unsigned char)(*state >> 24);
}

static void *
write_all(void *arg)
{
	struct stream *s = arg;
	unsigned char *buf = malloc(s->chunk);
	uint32_t bytes = s->seed, sizes = s->seed + 1;
	size_t left = s->size;

	while (left > 0) {
		size_t n = 1 + (next_byte(&sizes) * s->chunk) / 256;

		n = n > left ? left : n;
		for (size_t i = 0; i < n; i++)
			buf[i] = next_byte(&bytes);
		if (send(s->fd, buf, n, MSG_NOSIGNAL) != (ssize_t)n)
			break;
		left -= n;
	}
	free(buf);
	shutdown(s->fd, SHUT_WR);
	return NULL;
}

static void *
read_all(void *arg)
{
	struct stream *s = arg;
	unsigned char *buf = malloc(s->chunk);
	uint32_t bytes = s->seed;
	ssize_t n;

	while ((n = recv(s->fd, buf, s->chunk, 0)) > 0) {
		for (ssize_t i = 0; i < n; i++)
			s->wrong |= buf[i] != next_byte(&bytes);
		s->read += (size_t)n;
	}
	s->error = n < 0 ? errno : 0;
	free(buf);
	return NULL;
}

static void
transfer(struct fixture *f, size_t there, size_t back, size_t write_chunk, size_t read_chunk)
{
	int c = f->outer[RELAY_CLIENT], p = f->outer[RELAY_PEER];
	struct stream out[2] = {{.fd = c, .seed = 1, .size = there, .chunk = write_chunk},
	    {.fd = p, .seed = 2, .size = back, .chunk = write_chunk}};
	struct stream in[2] = {{.fd = p, .seed = 1, .size = there, .chunk = read_chunk},
	    {.fd = c, .seed = 2, .size = back, .chunk = read_chunk}};
	pthread_t threads[4];

	for (int i = 0; i < 2; i++) {
		assert_int_equal(pthread_create(&threads[i], NULL, write_all, &out[i]), 0);
		assert_int_equal(pthread_create(&threads[i + 2], NULL, read_all, &in[i]), 0);
	}
	run_until(f, has_ended);
	for (int i = 0; i < 4; i++)
		pthread_join(threads[i], NULL);
	for (int i = 0; i < 2; i++) {
		assert_false(in[i].wrong);
		assert_int_equal(in[i].read, out[i].size);
		assert_int_equal(in[i].error, 0);
	}
	assert_int_equal(f->end.error, 0);
}

static void
bulk_both_ways(void **state)
{
	transfer(*state, 64 << 20, 48 << 20, 300000, 200000);
}

static void
small_writes_and_a_slow_reader(void **state)
{
	transfer(*state, 1 << 20, 1 << 20, 40, 3000);
}

static void
one_way_only(void **state)
{
	struct fixture *f = *state;

	transfer(f, 8 << 20, 0, 70000, 70000);
	assert_int_equal(f->relay.flows[RELAY_CLIENT].bytes, 8 << 20);
	assert_int_equal(f->relay.flows[RELAY_PEER].bytes, 0);
}

/* --- step by step --------------------------------------------------------------------------- */

static void
an_idle_one_has_no_pipe(void **state)
{
	struct fixture *f = *state;
	char buf[8];

	assert_true(relay_untouched(&f->relay));
	assert_int_equal(f->relays.pipes.n, 0);
	assert_int_equal(send(f->outer[RELAY_CLIENT], "hello", 5, 0), 5);
	run_until(f, has_arrived);
	assert_int_equal(recv(f->outer[RELAY_PEER], buf, sizeof(buf), 0), 5);
	assert_memory_equal(buf, "hello", 5);
	assert_false(relay_untouched(&f->relay));
	assert_null(f->relay.flows[RELAY_CLIENT].pipe);
	/* And back, through the same pipe. */
	assert_int_equal(send(f->outer[RELAY_PEER], "you", 3, 0), 3);
	run_until(f, has_returned);
	assert_int_equal(recv(f->outer[RELAY_CLIENT], buf, sizeof(buf), 0), 3);
	assert_null(f->relay.flows[RELAY_PEER].pipe);
	assert_int_equal(f->relays.pipes.n, 1);
}

static void
half_close_is_carried_through(void **state)
{
	struct fixture *f = *state;
	char buf[8];

	assert_int_equal(send(f->outer[RELAY_CLIENT], "ask", 3, 0), 3);
	assert_int_equal(shutdown(f->outer[RELAY_CLIENT], SHUT_WR), 0);
	run_until(f, has_arrived);
	assert_int_equal(recv(f->outer[RELAY_PEER], buf, 3, MSG_WAITALL), 3);
	run_until(f, has_arrived);
	assert_int_equal(recv(f->outer[RELAY_PEER], buf, sizeof(buf), 0), 0);
	assert_false(f->ended);
	/* The other direction is open still. */
	assert_int_equal(send(f->outer[RELAY_PEER], "answer", 6, 0), 6);
	run_until(f, has_returned);
	assert_int_equal(recv(f->outer[RELAY_CLIENT], buf, sizeof(buf), 0), 6);
	assert_int_equal(shutdown(f->outer[RELAY_PEER], SHUT_WR), 0);
	run_until(f, has_ended);
	assert_int_equal(f->end.error, 0);
	assert_int_equal(recv(f->outer[RELAY_CLIENT], buf, sizeof(buf), 0), 0);
}

static bool
has_closed(int fd)
{
	struct pollfd p = {.fd = fd};

	return poll(&p, 1, 1000) == 1 && (p.revents & POLLHUP) != 0;
}

/* By a relay before this one; and it has answered and closed before this one has looked. */
static void
a_peer_that_was_told_of_the_end_before_is_no_reset(void **state)
{
	struct fixture *f = *state;
	char buf[8];

	assert_int_equal(shutdown(f->outer[RELAY_CLIENT], SHUT_WR), 0);
	assert_int_equal(shutdown(f->inner[RELAY_PEER], SHUT_WR), 0);
	assert_int_equal(send(f->outer[RELAY_PEER], "answer", 6, 0), 6);
	close(f->outer[RELAY_PEER]);
	f->outer[RELAY_PEER] = -1;
	assert_true(has_closed(f->inner[RELAY_PEER]));
	run_until(f, has_ended);
	assert_int_equal(f->end.error, 0);
	assert_int_equal(recv(f->outer[RELAY_CLIENT], buf, sizeof(buf), 0), 6);
	assert_int_equal(recv(f->outer[RELAY_CLIENT], buf, sizeof(buf), 0), 0);
}

/* Also where somebody else has the socket as well. */
static void
check_reset_goes_on(struct fixture *f, enum relay_side from)
{
	enum relay_side to = from == RELAY_CLIENT ? RELAY_PEER : RELAY_CLIENT;
	int duplicate = dup(f->inner[to]);
	char buf[8];

	reset(&f->outer[from]);
	run_until(f, has_ended);
	assert_int_equal(f->end.side, from);
	assert_int_equal(f->end.error, ECONNRESET);
	assert_int_equal(recv(f->outer[to], buf, sizeof(buf), 0), -1);
	assert_int_equal(errno, ECONNRESET);
	close(duplicate);
}

static void
a_reset_of_the_client_goes_on(void **state)
{
	check_reset_goes_on(*state, RELAY_CLIENT);
}

static void
a_reset_of_the_peer_goes_on(void **state)
{
	check_reset_goes_on(*state, RELAY_PEER);
}

/* Whoever has closed one direction and goes away before the answer comes. */
static void
a_reset_after_the_end_is_seen(void **state)
{
	struct fixture *f = *state;
	char buf[8];

	assert_int_equal(shutdown(f->outer[RELAY_CLIENT], SHUT_WR), 0);
	run_until(f, has_arrived);
	assert_int_equal(recv(f->outer[RELAY_PEER], buf, sizeof(buf), 0), 0);
	reset(&f->outer[RELAY_CLIENT]);
	run_until(f, has_ended);
	assert_int_equal(f->end.side, RELAY_CLIENT);
	assert_int_not_equal(f->end.error, 0);
}

static void
a_reset_behind_unread_bytes_is_seen(void **state)
{
	struct fixture *f = *state;

	stuff(f);
	reset(&f->outer[RELAY_CLIENT]);
	run_until(f, has_ended);
	assert_int_equal(f->end.side, RELAY_CLIENT);
	assert_int_equal(f->end.error, ECONNRESET);
}

/* What is in a pipe when the process ends reaches the peer through the next one. */
static void
goes_on_in_the_middle(void **state)
{
	struct fixture *f = *state;
	size_t sent = stuff(f), got = 0;
	int fds[RELAY_SIDES] = {dup(f->inner[0]), dup(f->inner[1])};
	struct pipe *old = f->relay.flows[RELAY_CLIENT].pipe, *pipe = calloc(1, sizeof(*pipe));
	enum relay_side from;
	static char buf[65536];
	int held = 0;
	ssize_t n;

	assert_int_equal(relay_owner_life(*old->owner, &from), 7);
	assert_int_equal(from, RELAY_CLIENT);
	pipe->read_fd = dup(old->read_fd);
	pipe->write_fd = dup(old->write_fd);
	pipe->size = old->size;
	pipe->owner = &pipe->own;
	relay_leave(&f->relay);

	assert_int_equal(ioctl(pipe->read_fd, FIONREAD, &held), 0);
	assert_true(held > 0);
	begin_relay(f, fds);
	pipe->held = (uint32_t)held;
	relay_resume(&f->relay, RELAY_CLIENT, pipe);
	shutdown(f->outer[RELAY_CLIENT], SHUT_WR);
	fcntl(f->outer[RELAY_PEER], F_SETFL, O_NONBLOCK);
	do {
		run_until(f, has_arrived);
		n = recv(f->outer[RELAY_PEER], buf, sizeof(buf), 0);
		got += n > 0 ? (size_t)n : 0;
	} while (n > 0);
	assert_int_equal(n, 0);
	assert_int_equal(got, sent);
}

static void
urgent_data_goes_on_in_its_place(void **state)
{
	struct fixture *f = *state;
	char buf[8];

	assert_int_equal(send(f->outer[RELAY_CLIENT], "ab", 2, 0), 2);
	assert_int_equal(send(f->outer[RELAY_CLIENT], "!", 1, MSG_OOB), 1);
	assert_int_equal(send(f->outer[RELAY_CLIENT], "cd", 2, 0), 2);
	shutdown(f->outer[RELAY_CLIENT], SHUT_WR);
	for (size_t got = 0; got < 5;) {
		ssize_t n;

		run_until(f, has_arrived);
		n = recv(f->outer[RELAY_PEER], buf + got, sizeof(buf) - got, MSG_DONTWAIT);
		assert_true(n > 0);
		got += (size_t)n;
	}
	assert_memory_equal(buf, "ab!cd", 5);
	run_until(f, has_arrived);
	assert_int_equal(recv(f->outer[RELAY_PEER], buf, sizeof(buf), 0), 0);
}

static bool
waits_for_a_pipe(struct fixture *f)
{
	return f->relay.in_turn;
}

static void
waits_for_descriptors(void **state)
{
	struct fixture *f = *state;
	struct rlimit before, none;
	char buf[8];
	int probe;

	assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
	none = before;
	probe = dup(0);
	close(probe);
	none.rlim_cur = (rlim_t)probe;
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
	assert_int_equal(send(f->outer[RELAY_CLIENT], "hello", 5, 0), 5);
	run_until(f, waits_for_a_pipe);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
	run_until(f, has_arrived);
	assert_int_equal(recv(f->outer[RELAY_PEER], buf, sizeof(buf), 0), 5);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    RELAY_TEST(bulk_both_ways),
	    RELAY_TEST(small_writes_and_a_slow_reader),
	    RELAY_TEST(one_way_only),
	    RELAY_TEST(an_idle_one_has_no_pipe),
	    RELAY_TEST(half_close_is_carried_through),
	    RELAY_TEST(a_peer_that_was_told_of_the_end_before_is_no_reset),
	    RELAY_TEST(a_reset_of_the_client_goes_on),
	    RELAY_TEST(a_reset_of_the_peer_goes_on),
	    RELAY_TEST(a_reset_after_the_end_is_seen),
	    RELAY_TEST(a_reset_behind_unread_bytes_is_seen),
	    RELAY_TEST(goes_on_in_the_middle),
	    RELAY_TEST(urgent_data_goes_on_in_its_place),
	    RELAY_TEST(waits_for_descriptors),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
