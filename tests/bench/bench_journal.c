/* SPDX-License-Identifier: ISC */

/*
 * What a record costs its caller: journal_say() beside sd_journal_send(3), in one run. In a mount
 * namespace of its own, so that the records go to a process here which reads them and throws them
 * away, as fast as it can, and not to the machine's journal.
 *
 *   tests/bench/bench_journal [RECORDS]
 */
#include "host/journal.h"

#include <errno.h>
#include <inttypes.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define SD_JOURNAL_SUPPRESS_LOCATION
#include <systemd/sd-journal.h>

/* Fewer than the queue holds: a burst is taken whole, and only its cost to the caller counts. */
#define BURST 2000

static void
die(const char *what)
{
	fprintf(stderr, "bench_journal: %s: %s\n", what, strerror(errno));
	exit(1);
}

static int
compare(const void *a, const void *b)
{
	int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

	return (x > y) - (x < y);
}

static void
print_costs(const char *name, int64_t *ns, size_t n)
{
	int64_t sum = 0;

	for (size_t i = 0; i < n; i++)
		sum += ns[i];
	qsort(ns, n, sizeof(*ns), compare);
	printf("%-32s mean %6" PRId64 " ns, half under %6" PRId64 ", 99 %% under %6" PRId64
	       ", worst %8" PRId64 "\n",
	    name, sum / (int64_t)n, ns[n / 2], ns[n * 99 / 100], ns[n - 1]);
}

static int64_t
now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

/* A journal socket where libsystemd looks for it, in a /run that nobody else sees. */
static int
listen_in_namespace(void)
{
	struct sockaddr_un address = {
	    .sun_family = AF_UNIX, .sun_path = "/run/systemd/journal/socket"};
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	if (unshare(CLONE_NEWNS) < 0 && unshare(CLONE_NEWUSER | CLONE_NEWNS) < 0)
		die("unshare");
	if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ||
	    mount("bench", "/run", "tmpfs", 0, NULL) < 0)
		die("mount");
	if (mkdir("/run/systemd", 0755) < 0 || mkdir("/run/systemd/journal", 0755) < 0)
		die("mkdir");
	if (fd < 0 || bind(fd, (const struct sockaddr *)&address, sizeof(address)) < 0)
		die("bind");
	return fd;
}

static pid_t
start_reader(int fd)
{
	static char buffer[65536];
	pid_t pid = fork();

	if (pid < 0)
		die("fork");
	if (pid > 0)
		return pid;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	for (;;) {
		if (recv(fd, buffer, sizeof(buffer), 0) < 0)
			_exit(1);
	}
}

static void
say_one(struct journal *journal, int i)
{
	struct journal_fields fields = JOURNAL_NO_FIELDS;

	fields.peer = "plant-7";
	fields.session = i % 4;
	fields.state = "backoff";
	fields.old_state = "up";
	fields.reason = "expired";
	fields.remote = "[2001:db8::7]:9000";
	fields.idle_ms = 341000 + i;
	journal_say(journal, MESSAGE_SESSION_LOST, LOG_WARNING, &fields,
	    "%s: lost after %d s of idleness (%s)", "plant-7", 341, "expired");
}

static void
send_one(int i)
{
	sd_journal_send("MESSAGE=%s: lost after %d s of idleness (%s)", "plant-7", 341, "expired",
	    "MESSAGE_ID=%s", message_id(MESSAGE_SESSION_LOST), "PRIORITY=%d", LOG_WARNING,
	    "SYSLOG_IDENTIFIER=kaguard", "KAGUARD_PEER=%s", "plant-7", "KAGUARD_SESSION=%d", i % 4,
	    "KAGUARD_STATE=%s", "backoff", "KAGUARD_OLD_STATE=%s", "up", "KAGUARD_REASON=%s",
	    "expired", "KAGUARD_REMOTE=%s", "[2001:db8::7]:9000", "KAGUARD_IDLE_MS=%d", 341000 + i,
	    NULL);
}

/* In bursts, each after the one before has left, so that the queue is never the bound. */
static void
measure_say(int64_t *ns, size_t n)
{
	struct journal *journal;

	for (size_t i = 0; i < n;) {
		if (journal_open_on(JOURNAL_NATIVE, -1, LOG_INFO, &journal) < 0)
			die("journal_open_on");
		for (size_t k = 0; k < BURST && i < n; k++, i++) {
			int64_t start = now_ns();

			say_one(journal, (int)i);
			ns[i] = now_ns() - start;
		}
		if (journal_dropped(journal) > 0)
			die("records were dropped");
		journal_close(journal, 60000);
	}
}

static void
measure_send(int64_t *ns, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		int64_t start = now_ns();

		send_one((int)i);
		ns[i] = now_ns() - start;
	}
}

int
main(int argc, char **argv)
{
	size_t n = argc > 1 ? strtoul(argv[1], NULL, 10) : 100000;
	int64_t *ns = calloc(n == 0 ? 1 : n, sizeof(*ns));
	pid_t reader = start_reader(listen_in_namespace());

	if (n == 0 || ns == NULL)
		die("usage: bench_journal [RECORDS]");
	measure_send(ns, n);
	print_costs("sd_journal_send, reader awake", ns, n);
	measure_say(ns, n);
	print_costs("journal_say, reader awake", ns, n);

	/* As if journald hung: the other one would now block for ever. */
	kill(reader, SIGSTOP);
	waitpid(reader, NULL, WUNTRACED);
	n = n < BURST ? n : BURST;

	struct journal *journal;

	if (journal_open_on(JOURNAL_NATIVE, -1, LOG_INFO, &journal) < 0)
		die("journal_open_on");
	for (size_t i = 0; i < n; i++) {
		int64_t start = now_ns();

		say_one(journal, (int)i);
		ns[i] = now_ns() - start;
	}
	print_costs("journal_say, reader stopped", ns, n);
	journal_close(journal, 0);
	kill(reader, SIGKILL);
	return 0;
}
