/* SPDX-License-Identifier: ISC */
#include "host/notify.h"

#include <errno.h>
#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>
#include <cmocka.h>

#define PATIENCE_MS 60000

/* The service manager: a datagram socket of the abstract namespace, and its address as text. */
struct manager {
	int fd;
	char address[sizeof(((struct sockaddr_un *)0)->sun_path) + 1];
};

static int
setup(void **state)
{
	struct manager *manager = calloc(1, sizeof(*manager));
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	socklen_t length = sizeof(address.sun_family); /* the kernel chooses a name: unix(7) */

	if (manager == NULL)
		return -1;
	manager->fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (manager->fd < 0 || bind(manager->fd, (struct sockaddr *)&address, length) < 0)
		return -1;
	length = sizeof(address);
	if (getsockname(manager->fd, (struct sockaddr *)&address, &length) < 0)
		return -1;
	length -= (socklen_t)offsetof(struct sockaddr_un, sun_path);
	manager->address[0] = '@';
	memcpy(manager->address + 1, address.sun_path + 1, length - 1);
	*state = manager;
	return setenv("NOTIFY_SOCKET", manager->address, 1);
}

static int
teardown(void **state)
{
	struct manager *manager = *state;

	close(manager->fd);
	free(manager);
	return 0;
}

static const char *
next(struct manager *manager)
{
	static char text[8192];
	ssize_t n = recv(manager->fd, text, sizeof(text) - 1, 0);

	assert_true(n >= 0);
	text[n] = '\0';
	return text;
}

/* Fills the manager's queue (net.unix.max_dgram_qlen), as if PID 1 hung. */
static unsigned
jam(const struct manager *manager)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	size_t name = strlen(manager->address);
	socklen_t length = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + name);
	unsigned n = 0;

	assert_true(fd >= 0);
	memcpy(address.sun_path + 1, manager->address + 1, name - 1);
	while (sendto(fd, "jam", 3, 0, (struct sockaddr *)&address, length) == 3)
		n++;
	assert_int_equal(errno, EAGAIN);
	close(fd);
	return n;
}

static struct notify *
open_notify(void)
{
	struct notify *notify = NULL;

	assert_int_equal(notify_open(&notify), 0);
	return notify;
}

static void
the_words_are_those_of_sd_notify(void **state)
{
	struct notify *notify = open_notify();
	struct timespec now;
	int64_t then_us, now_us;

	notify_extend(notify, 30000);
	assert_string_equal(next(*state), "EXTEND_TIMEOUT_USEC=30000000");
	notify_ready(notify, "0/5 sessions to 3 peers up");
	assert_string_equal(next(*state), "READY=1\nSTATUS=0/5 sessions to 3 peers up");
	notify_status(notify, "5/5 sessions to 3 peers up");
	assert_string_equal(next(*state), "STATUS=5/5 sessions to 3 peers up");
	notify_watchdog(notify);
	assert_string_equal(next(*state), "WATCHDOG=1");
	notify_fault(notify);
	assert_string_equal(next(*state), "WATCHDOG=trigger");
	notify_reloading(notify);
	clock_gettime(CLOCK_MONOTONIC, &now);
	assert_int_equal(sscanf(next(*state), "RELOADING=1\nMONOTONIC_USEC=%" SCNd64, &then_us), 1);
	now_us = (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
	assert_true(then_us <= now_us && then_us > now_us - 1000000);
	notify_errno(notify, EINVAL);
	assert_string_equal(next(*state), "ERRNO=22");
	notify_errno(notify, -EINVAL);
	assert_string_equal(next(*state), "ERRNO=22");
	/* Without a status of its own: the latest. */
	notify_ready(notify, NULL);
	assert_string_equal(next(*state), "READY=1\nSTATUS=5/5 sessions to 3 peers up");
	notify_stopping(notify, "closing 5 sessions");
	assert_string_equal(next(*state), "STOPPING=1\nSTATUS=closing 5 sessions");
	notify_close(notify, PATIENCE_MS);
}

static void
a_status_is_one_line_that_fits(void **state)
{
	struct notify *notify = open_notify();
	char *text = malloc(10001);
	const char *got;

	assert_non_null(text);
	notify_status(notify, "a\nREADY=1\xff");
	assert_string_equal(next(*state), "STATUS=a READY=1\xef\xbf\xbd");
	for (int i = 0; i < 10000; i += 2)
		memcpy(text + i, "\xc3\xbc", 3);
	notify_ready(notify, text);
	got = next(*state);
	assert_true(strlen(got) < 4096);
	assert_true(strlen(got) > 3990);
	/* Cut between two characters. */
	assert_string_equal(got + strlen(got) - 5, "\xc3\xbc\xe2\x80\xa6");
	free(text);
	notify_close(notify, PATIENCE_MS);
}

/* PID 1 hangs: nobody waits, and afterwards it hears what is true then, and no history. */
static void
a_manager_that_hangs_stops_nobody(void **state)
{
	unsigned jammed = jam(*state);
	struct notify *notify = open_notify();
	unsigned statuses = 0, pets = 0;
	char status[40];
	const char *got;

	for (int i = 0; i < 100000; i++) {
		snprintf(status, sizeof(status), "status %d", i);
		notify_status(notify, status);
		notify_watchdog(notify);
		notify_extend(notify, 1000);
	}
	notify_reloading(notify);
	notify_ready(notify, "reloaded");
	notify_status(notify, "the last");
	for (unsigned i = 0; i < jammed; i++)
		assert_string_equal(next(*state), "jam");

	/* At most one of each kind on its way, and one more waiting, when the jam ended. */
	while (strncmp(got = next(*state), "RELOADING=1", 11) != 0) {
		statuses += strncmp(got, "STATUS=", 7) == 0;
		pets += strcmp(got, "WATCHDOG=1") == 0;
	}
	assert_in_range(statuses, 1, 2);
	assert_in_range(pets, 1, 2);
	/* READY takes the status that is true when it leaves, so an older one cannot come after. */
	assert_string_equal(next(*state), "READY=1\nSTATUS=the last");
	notify_stopping(notify, "bye");
	do {
		got = next(*state);
		assert_true(strcmp(got, "STATUS=the last") == 0 || strstr(got, "bye") != NULL);
	} while (strncmp(got, "STOPPING=1", 10) != 0);
	notify_close(notify, PATIENCE_MS);
}

/* Used by its thread until the end of the process; here is where leak detectors see that. */
static struct notify *volatile left_behind;

static void
closing_does_not_wait_for_ever(void **state)
{
	jam(*state);
	left_behind = open_notify();
	notify_stopping(left_behind, "bye");
	notify_close(left_behind, 10);
	notify_close(NULL, 10);
}

static void
the_environment_is_used_up(void **state)
{
	struct notify *notify;
	char pid[16];

	(void)state;
	snprintf(pid, sizeof(pid), "%d", getpid());
	setenv("WATCHDOG_USEC", "30000000", 1);
	setenv("WATCHDOG_PID", pid, 1);
	notify = open_notify();
	assert_int_equal(notify_watchdog_ms(notify), 30000);
	assert_null(getenv("NOTIFY_SOCKET"));
	assert_null(getenv("WATCHDOG_USEC"));
	assert_null(getenv("WATCHDOG_PID"));
	notify_close(notify, PATIENCE_MS);
}

static void
a_watchdog_of_another_process_is_not_ours(void **state)
{
	struct notify *notify;

	(void)state;
	setenv("WATCHDOG_USEC", "30000000", 1);
	setenv("WATCHDOG_PID", "1", 1);
	notify = open_notify();
	assert_int_equal(notify_watchdog_ms(notify), 0);
	notify_close(notify, PATIENCE_MS);
}

static void
without_a_manager_nothing_happens(void **state)
{
	struct notify *notify;

	(void)state;
	unsetenv("NOTIFY_SOCKET");
	setenv("WATCHDOG_USEC", "30000000", 1);
	notify = open_notify();
	assert_int_equal(notify_watchdog_ms(notify), 0);
	notify_ready(notify, "ready");
	notify_watchdog(notify);
	notify_close(notify, 0);
}

static void
an_address_is_a_path_or_abstract(void **state)
{
	struct notify *notify = NULL;
	char address[200];

	(void)state;
	memset(address, 'x', sizeof(address));
	address[0] = '/';
	address[sizeof(address) - 1] = '\0';
	setenv("NOTIFY_SOCKET", address, 1);
	assert_int_equal(notify_open(&notify), -ENAMETOOLONG);
	setenv("NOTIFY_SOCKET", "vsock:2:1234", 1);
	assert_int_equal(notify_open(&notify), -EAFNOSUPPORT);
	setenv("NOTIFY_SOCKET", "@", 1);
	assert_int_equal(notify_open(&notify), -EAFNOSUPPORT);
	setenv("NOTIFY_SOCKET", "", 1);
	assert_int_equal(notify_open(&notify), -EAFNOSUPPORT);
	assert_null(notify);
}

/* As under systemd, where it is a path. */
static void
a_path_is_an_address(void **state)
{
	char directory[] = "/tmp/kaguard-test-XXXXXX";
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	struct manager manager = {.fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0)};
	struct notify *notify;

	(void)state;
	assert_true(manager.fd >= 0);
	assert_non_null(mkdtemp(directory));
	snprintf(address.sun_path, sizeof(address.sun_path), "%s/notify", directory);
	assert_int_equal(bind(manager.fd, (struct sockaddr *)&address, sizeof(address)), 0);
	setenv("NOTIFY_SOCKET", address.sun_path, 1);
	notify = open_notify();
	notify_ready(notify, "here");
	assert_string_equal(next(&manager), "READY=1\nSTATUS=here");
	notify_close(notify, PATIENCE_MS);
	close(manager.fd);
	unlink(address.sun_path);
	rmdir(directory);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(the_words_are_those_of_sd_notify),
	    TEST(a_status_is_one_line_that_fits),
	    TEST(a_manager_that_hangs_stops_nobody),
	    TEST(closing_does_not_wait_for_ever),
	    TEST(the_environment_is_used_up),
	    TEST(a_watchdog_of_another_process_is_not_ours),
	    TEST(without_a_manager_nothing_happens),
	    cmocka_unit_test(an_address_is_a_path_or_abstract),
	    cmocka_unit_test(a_path_is_an_address),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
