/* SPDX-License-Identifier: ISC */
#include "host/receipt.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>
#include <cmocka.h>

#include "host/monotonic.h"

#define PATIENCE_MS 60000

/* A journal's socket in a directory of its own, and who waits for its reader in a thread. */
static struct {
	char directory[32];
	struct sockaddr_un address;
	int fd;
	int done[2]; /* its read end has something once the wait is over */
	pthread_t thread;
	int result;
} at;

static int
setup(void **state)
{
	(void)state;
	strcpy(at.directory, "/tmp/kaguard-test-XXXXXX");
	if (mkdtemp(at.directory) == NULL || pipe(at.done) < 0)
		return -1;
	at.address.sun_family = AF_UNIX;
	snprintf(at.address.sun_path, sizeof(at.address.sun_path), "%s/socket", at.directory);
	at.fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	return bind(at.fd, (const struct sockaddr *)&at.address, sizeof(at.address));
}

static int
teardown(void **state)
{
	(void)state;
	close(at.fd);
	close(at.done[0]);
	close(at.done[1]);
	unlink(at.address.sun_path);
	return rmdir(at.directory);
}

static void
send_record(int flags)
{
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	assert_true(fd >= 0);
	/* As many as the queue takes, where it may not wait for room. */
	while (sendto(fd, "record", 6, flags, (const struct sockaddr *)&at.address,
		   sizeof(at.address)) == 6 &&
	       (flags & MSG_DONTWAIT))
		;
	close(fd);
}

static void *
await_in_thread(void *unused)
{
	at.result = receipt_await(at.address.sun_path, PATIENCE_MS);
	assert_int_equal(write(at.done[1], "", 1), 1);
	return unused;
}

static void
start_waiting(void)
{
	assert_int_equal(pthread_create(&at.thread, NULL, await_in_thread, NULL), 0);
}

static bool
waits_after(int ms)
{
	struct pollfd done = {.fd = at.done[0], .events = POLLIN};

	return poll(&done, 1, ms) == 0;
}

/* The length of the next datagram. */
static ssize_t
next(void)
{
	char bytes[16];

	return recv(at.fd, bytes, sizeof(bytes), 0);
}

/* What asks for the receipt, until somebody has it. */
static void
read_until_done(void)
{
	struct pollfd either[] = {
	    {.fd = at.done[0], .events = POLLIN}, {.fd = at.fd, .events = POLLIN}};

	while (poll(either, 2, PATIENCE_MS) > 0 && either[0].revents == 0)
		assert_int_equal(next(), 0);
	pthread_join(at.thread, NULL);
	assert_int_equal(at.result, 0);
}

static void
no_receipt_before_the_reader_came_back(void **state)
{
	(void)state;
	send_record(0);
	start_waiting();
	assert_true(waits_after(50));
	assert_int_equal(next(), 6);
	assert_true(waits_after(50)); /* it may still be working on it */
	read_until_done();
}

/* Others have filled the queue: it takes its place when there is one. */
static void
a_full_queue_is_waited_for(void **state)
{
	unsigned records = 0;

	(void)state;
	send_record(MSG_DONTWAIT);
	start_waiting();
	assert_true(waits_after(50));
	while (next() == 6)
		records++;
	assert_true(records > 0);
	read_until_done();
}

static void
a_reader_that_hangs_is_given_up(void **state)
{
	int64_t start = monotonic_ms();

	(void)state;
	assert_int_equal(receipt_await(at.address.sun_path, 50), -ETIMEDOUT);
	assert_true(monotonic_ms() - start >= 49);
	assert_int_equal(receipt_await(at.address.sun_path, 0), -ETIMEDOUT);
	assert_int_equal(receipt_await(at.address.sun_path, -50), -ETIMEDOUT);
	send_record(MSG_DONTWAIT);
	assert_int_equal(receipt_await(at.address.sun_path, 50), -ETIMEDOUT);
}

/* No more of them than what is left of its queue is for others. */
static void
little_is_left_behind(void **state)
{
	int left = 0;

	(void)state;
	assert_int_equal(receipt_await(at.address.sun_path, 0), -ETIMEDOUT);
	for (char byte; recv(at.fd, &byte, 1, MSG_DONTWAIT) == 0;)
		left++;
	assert_in_range(left, 1, 4);
}

static void
where_nobody_reads_there_is_none(void **state)
{
	char longer[200] = {0};

	(void)state;
	memset(longer, 'x', sizeof(longer) - 1);
	assert_int_equal(receipt_await("/dev/null/socket", PATIENCE_MS), -ENOTDIR);
	assert_int_equal(receipt_await(longer, PATIENCE_MS), -ENAMETOOLONG);
	close(at.fd);
	assert_int_equal(receipt_await(at.address.sun_path, PATIENCE_MS), -ECONNREFUSED);
	at.fd = -1;
}

/* The reader goes while somebody waits: its end is an answer, too. */
static void
a_reader_that_ends_ends_the_wait(void **state)
{
	(void)state;
	start_waiting();
	assert_true(waits_after(50));
	close(at.fd);
	at.fd = -1;
	pthread_join(at.thread, NULL);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(no_receipt_before_the_reader_came_back),
	    TEST(a_full_queue_is_waited_for),
	    TEST(a_reader_that_hangs_is_given_up),
	    TEST(little_is_left_behind),
	    TEST(where_nobody_reads_there_is_none),
	    TEST(a_reader_that_ends_ends_the_wait),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
