/* SPDX-License-Identifier: ISC */

/*
 * Prints what the kernel does with the plan for an idle timeout, event by event, as the tables of
 * doc/tuning.md: by the model of the kernel's timers that the tests of the plan run against.
 *
 *   plan-steps FIREWALL-SECONDS [DETECT-WITHIN-SECONDS]
 *   plan-steps --lateness
 */

#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "policy/plan.h"
#include "tests/unit/kernel_keepalive.h"

#define N_HZ	    4
#define EVENTS_MOST (PLAN_MAX_COUNT + 1)

static const int hz[N_HZ] = {100, 250, 300, 1000};

/* The events of a session of which nothing is heard any more, in seconds since its last answer. */
struct course {
	double at_s[EVENTS_MOST];
	int n; /* the last one is the end */
};

static void
run(const struct plan *plan, int ticks, enum kernel_mood mood, struct course *ret)
{
	struct kernel k;
	bool over = false;

	kernel_init(&k, plan, ticks, mood);
	for (ret->n = 0; !over && ret->n < EVENTS_MOST; ret->n++) {
		over = kernel_run(&k) == KERNEL_GIVES_UP;
		ret->at_s[ret->n] = kernel_silent_ms(&k) / 1000;
	}
}

static void
print_cell(const struct course *course, int event)
{
	if (event >= course->n)
		printf(" |");
	else if (event == course->n - 1)
		printf(" **%.1f** |", course->at_s[event]);
	else
		printf(" %.1f |", course->at_s[event]);
}

static void
print_steps(const struct plan *plan)
{
	struct course due, late[N_HZ];

	run(plan, 1000, KERNEL_ON_TIME, &due);
	for (int i = 0; i < N_HZ; i++)
		run(plan, hz[i], KERNEL_LATE, &late[i]);
	printf("| event | due | HZ=100 | HZ=250 | HZ=300 | HZ=1000 "
	       "|\n|---:|---:|---:|---:|---:|---:|\n");
	for (int event = 0; event < due.n; event++) {
		printf("| %d |", event);
		print_cell(&due, event);
		for (int i = 0; i < N_HZ; i++)
			print_cell(&late[i], event);
		putchar('\n');
	}
}

static void
print_proof(const struct plan_wish *wish, const struct plan *plan)
{
	printf("\n`TCP_KEEPIDLE` %d s, `TCP_KEEPINTVL` %d s, `TCP_KEEPCNT` %d, `TCP_USER_TIMEOUT` "
	       "%" PRId64
	       " ms. The probe that is counted on, after %d lost ones, is at the firewall within "
	       "%.1f s of %.0f s: a margin of %.1f s. A silent death is noticed within %.1f s.\n",
	    plan->idle_s, plan->interval_s, plan->count, plan->user_timeout_ms, plan->survives_lost,
	    (double)plan->refresh_worst_ms / 1000, (double)wish->firewall_ms / 1000,
	    (double)plan->margin_ms / 1000, (double)plan->detect_worst_ms / 1000);
}

/* How late a timer can be that is armed for so many seconds. */
static void
print_lateness(void)
{
	static const int delays_s[] = {1, 10, 30, 60, 120, 205, 290, 508, 900, 3600, 7440, 32767};

	printf("| armed for | HZ=100 | HZ=250 | HZ=300 | HZ=1000 | the plan takes |\n"
	       "|---:|---:|---:|---:|---:|---:|\n");
	for (size_t i = 0; i < sizeof(delays_s) / sizeof(delays_s[0]); i++) {
		printf("| %d |", delays_s[i]);
		for (int h = 0; h < N_HZ; h++) {
			int64_t ticks = (int64_t)delays_s[i] * hz[h] + kernel_wheel_lag(hz[h]);

			printf(" %.2f |", (double)kernel_granule(ticks) / hz[h]);
		}
		printf(" %.2f |\n",
		    (double)plan_timer_lateness_ms(1000 * (int64_t)delays_s[i]) / 1000);
	}
}

int
main(int argc, char **argv)
{
	struct plan_wish wish = {.detect_ms = 600000, .outage_ms = 30000, .lost_probes = 2};
	struct plan plan;

	if (argc == 2 && strcmp(argv[1], "--lateness") == 0) {
		print_lateness();
		return 0;
	}
	if (argc < 2 || argc > 3)
		return 64;
	wish.firewall_ms = 1000 * strtoll(argv[1], NULL, 10);
	if (argc == 3)
		wish.detect_ms = 1000 * strtoll(argv[2], NULL, 10);
	if (plan_make(&wish, &plan, NULL) < 0)
		return 1;
	print_steps(&plan);
	print_proof(&wish, &plan);
	return 0;
}
