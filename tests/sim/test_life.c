/* SPDX-License-Identifier: ISC */

/*
 * Very long lives of the daemon's core, see lifeworld.h for what is checked. Every life has a seed:
 * SIM_SEED=n runs that one again. SIM_HOURS=n has sessions live for so long in all, 10^5 by
 * default, on all processors and with the progress shown if it is given.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <inttypes.h>
#include <malloc.h>
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "daemon/peer.h"
#include "lifeworld.h"

#define HOURS 1e5

/* A process of several; the parent looks in. */
struct worker {
	pid_t pid;
	uint64_t seed; /* of the life that is led */
	struct life_sum sum;
};

static uint64_t seed;

/* By the allocator's own books, where a sanitizer has not put its own in its place. */
static size_t
bytes_in_use(void)
{
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
	return 0;
#else
	return mallinfo2().uordblks;
#endif
}

static void
live(struct life_sum *sum)
{
	size_t before = bytes_in_use();

	life_run(seed, sum);
	if (sum->lives > 1) /* the first has libc read the time zone and the like */
		assert_int_equal(bytes_in_use(), before);
}

static void
print_sum(const struct life_sum *sum)
{
	print_message(
	    "# %" PRIu64 " lives, %.0f hours of sessions, %" PRIu64 " events; given up: %" PRIu64
	    ", by chance %" PRIu64 " of %.0f allowed; expired: %" PRIu64
	    "; slowest detection %.3f of its bound; lines in a second: %u; heartbeats: %" PRIu64
	    ", unanswered %" PRIu64 "; measurements: %" PRIu64 ", sessions %" PRIu64 "\n",
	    sum->lives, sum->hours, sum->events, sum->given_up, sum->by_chance, sum->expected,
	    sum->expired, sum->slowest, sum->most_lines, sum->beats, sum->hung, sum->measured,
	    sum->tests);
}

/* No more are given up by chance than the odds say: six standard deviations are not chance. */
static bool
odds_are_kept(const struct life_sum *sum)
{
	return (double)sum->by_chance <= sum->expected + 6 * sqrt(sum->expected) + 6;
}

static void
lives(void **unused)
{
	const char *given = getenv("SIM_SEED");
	struct life_sum sum = {0};

	(void)unused;
	seed = given != NULL ? strtoull(given, NULL, 0) : 1;
	do {
		live(&sum);
		seed++;
	} while (given == NULL && sum.hours < HOURS);
	seed = 0;
	print_sum(&sum);
	assert_true(odds_are_kept(&sum));
}

/* Every death has others probed. One that is silent is noticed all the same, however many die. */
static void
deaths_of_others_put_off_no_verdict(void **unused)
{
	static struct world w;
	struct guard_changes changes;
	const struct peer *silent;

	(void)unused;
	world_init(&w, 1);
	for (unsigned i = 0; i < 2; i++) {
		w.hosts[i].late = i == 0; /* the others' probes are never answered but by resets */
		w.hosts[i].forgets_ms = 10 * HOUR;
		world_fill_peer(&w.peers[0][i], i, 2);
	}
	w.peers[0][1].backoff = (struct backoff){1000, 1000, 1, 1000};
	w.config[0] = (struct config){.peers = w.peers[0], .n_peers = 2};
	assert_int_equal(guard_configure(&w.guard, &w.config[0], &changes), 0);
	guard_pump(&w.guard);
	world_pass(&w, HOUR);
	silent = w.guard.peers[0];
	w.hosts[0].mode = SIMHOST_SILENT;
	for (int64_t ms = 0; ms < silent->plan.detect_worst_ms; ms += 10000) {
		simnet_kill(&w.sim, &w.hosts[1], ECONNRESET, 0);
		world_pass(&w, 10000);
	}
	assert_int_equal(silent->n_up, 0);
	w.hosts[0].mode = SIMHOST_TAKES;
	world_clear(&w);
}

static int
tell_seed(void **unused)
{
	(void)unused;
	if (seed != 0)
		print_message("# again: SIM_SEED=%" PRIu64 "\n", seed);
	return 0;
}

/* --- on all processors ------------------------------------------------------------------------ */

static void
work(struct worker *worker, uint64_t every, double hours)
{
	for (seed = worker->seed; worker->sum.hours < hours; seed += every) {
		worker->seed = seed;
		live(&worker->sum);
	}
	exit(EXIT_SUCCESS);
}

static struct life_sum
add_up(const struct worker *workers, unsigned n)
{
	struct life_sum all = {0};

	for (unsigned i = 0; i < n; i++) {
		const struct life_sum *sum = &workers[i].sum;

		all.hours += sum->hours;
		all.expected += sum->expected;
		all.by_chance += sum->by_chance;
		all.given_up += sum->given_up;
		all.expired += sum->expired;
		all.events += sum->events;
		all.lives += sum->lives;
		all.beats += sum->beats;
		all.hung += sum->hung;
		all.measured += sum->measured;
		all.tests += sum->tests;
		all.most_lines =
		    all.most_lines > sum->most_lines ? all.most_lines : sum->most_lines;
		all.slowest = all.slowest > sum->slowest ? all.slowest : sum->slowest;
	}
	return all;
}

/* True: one has ended, and well. */
static bool
reap(const struct worker *workers, unsigned n)
{
	int status;
	pid_t pid = waitpid(-1, &status, WNOHANG);

	for (unsigned i = 0; i < n && pid > 0; i++)
		if (workers[i].pid == pid && status != 0) {
			fprintf(stderr, "\nagain: SIM_SEED=%" PRIu64 "\n", workers[i].seed);
			exit(EXIT_FAILURE); /* the others end with it */
		}
	return pid > 0;
}

static struct worker *
start(unsigned n, double hours)
{
	struct worker *workers = mmap(
	    NULL, n * sizeof(*workers), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	if (workers == MAP_FAILED)
		abort();
	for (unsigned i = 0; i < n; i++) {
		pid_t pid;

		workers[i].seed = i + 1;
		pid = fork();
		if (pid == 0) {
			prctl(PR_SET_PDEATHSIG, SIGKILL);
			work(&workers[i], n, hours / n);
		}
		workers[i].pid = pid; /* what they share only one of them may write */
	}
	return workers;
}

static int
live_long(double hours)
{
	unsigned n = (unsigned)sysconf(_SC_NPROCESSORS_ONLN), ended = 0;
	struct worker *workers = start(n, hours);
	struct life_sum sum;

	while (ended < n) {
		sum = add_up(workers, n);
		fprintf(stderr, "\r%3.0f %% of %.0f hours, %" PRIu64 " lives",
		    100 * sum.hours / hours, hours, sum.lives);
		usleep(200000);
		while (reap(workers, n))
			ended++;
	}
	sum = add_up(workers, n);
	fputc('\n', stderr);
	print_sum(&sum);
	return odds_are_kept(&sum) ? EXIT_SUCCESS : EXIT_FAILURE;
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(deaths_of_others_put_off_no_verdict),
    cmocka_unit_test_teardown(lives, tell_seed),
};

/* With the caches of malloc() off, for what is in them counts as in use. */
static void
open_books(char *argv[])
{
	static const char off[] = "glibc.malloc.tcache_count=0:glibc.malloc.mxfast=0";

	if (getenv("GLIBC_TUNABLES") != NULL)
		return;
	setenv("GLIBC_TUNABLES", off, 1);
	execv("/proc/self/exe", argv);
}

int
main(int argc, char *argv[])
{
	const char *hours = getenv("SIM_HOURS");

	(void)argc;
	open_books(argv);
	if (hours != NULL)
		return live_long(strtod(hours, NULL));
	return cmocka_run_group_tests(tests, NULL, NULL);
}
