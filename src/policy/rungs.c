/* SPDX-License-Identifier: ISC */
#include "policy/rungs.h"

#include <stdbool.h>
#include <stddef.h>

#include "policy/firewalls.h"

/* No more rungs than this are needed for sparse ones; beyond it a gap is a factor of five. */
#define WIDEST_GAP 4000

static int64_t
common_at(size_t i)
{
	return (int64_t)firewall_at(i)->idle_timeout_s * 1000;
}

/* Below a common value by 0.6 of the precision, above it by 0.12: its session is dead at once. */
static int64_t
below(int64_t common_ms, int precision_permille)
{
	return common_ms - common_ms * precision_permille * 6 / 10000;
}

static int64_t
above(int64_t common_ms, int precision_permille)
{
	int64_t distance = common_ms * precision_permille * 12 / 100000;

	return common_ms + (distance > RUNGS_FLOOR_MS ? distance : RUNGS_FLOOR_MS);
}

static void
add(struct rungs *rungs, int64_t age_ms)
{
	if (rungs->n < RUNGS_MAX)
		rungs->age_ms[rungs->n++] = age_ms;
}

/* The nearest side of a common value that is above low and below high; else high. */
static int64_t
next_edge(int64_t low_ms, int64_t high_ms, int precision_permille)
{
	int64_t found = high_ms;

	for (size_t i = 0; i < firewall_count(); i++) {
		const int64_t sides[2] = {below(common_at(i), precision_permille),
		    above(common_at(i), precision_permille)};

		for (int k = 0; k < 2; k++)
			if (sides[k] > low_ms + RUNGS_FLOOR_MS && sides[k] < found)
				found = sides[k];
	}
	return found;
}

static double
power(double base, unsigned exponent)
{
	double product = 1;

	while (exponent-- > 0)
		product *= base;
	return product;
}

/* Equal ratios between low and high, none above gap. */
static void
fill(struct rungs *rungs, int64_t low_ms, int64_t high_ms, int gap_permille)
{
	double whole = (double)high_ms / (double)low_ms, ratio = 1 + gap_permille / 1000.0;
	unsigned parts = 1;

	while (power(ratio, parts) < whole)
		parts++;
	for (double step = (ratio - 1) / 64; parts > 1 && power(ratio - step, parts) >= whole;)
		ratio -= step;
	for (unsigned i = 1; i < parts; i++) {
		int64_t age_ms = (int64_t)((double)low_ms * power(ratio, i));

		if (age_ms >= low_ms + RUNGS_FLOOR_MS && age_ms <= high_ms - RUNGS_FLOOR_MS)
			add(rungs, age_ms);
	}
}

void
rungs_split(
    struct rungs *rungs, int64_t low_ms, int64_t high_ms, int precision_permille, int gap_permille)
{
	rungs->n = 0;
	while (low_ms < high_ms) {
		int64_t edge = next_edge(low_ms, high_ms, precision_permille);

		fill(rungs, low_ms, edge, gap_permille);
		if (edge < high_ms)
			add(rungs, edge);
		low_ms = edge;
	}
}

int64_t
rungs_begin_ms(int64_t age_ms)
{
	return age_ms * RUNGS_STAGGER_PERMILLE / 1000;
}

unsigned
rungs_sessions(const struct rungs *rungs)
{
	unsigned sessions = 0;
	unsigned lived = 0; /* of those begun, how many have been probed; they end in order */

	for (unsigned i = 0; i < rungs->n; i++) {
		int64_t now_ms = rungs_begin_ms(rungs->age_ms[i]);

		while (lived < i &&
		       rungs_begin_ms(rungs->age_ms[lived]) + rungs->age_ms[lived] <= now_ms)
			lived++;
		if (i - lived + 1 > sessions)
			sessions = i - lived + 1;
	}
	return sessions;
}

static void
explore(struct rungs *rungs, int64_t min_ms, int64_t max_ms, int precision_permille, int gap)
{
	rungs_split(rungs, min_ms, max_ms, precision_permille, gap);
	if (rungs->n == RUNGS_MAX)
		rungs->n--;
	for (unsigned i = rungs->n; i > 0; i--)
		rungs->age_ms[i] = rungs->age_ms[i - 1];
	rungs->age_ms[0] = min_ms;
	rungs->n++;
	if (rungs->n == RUNGS_MAX)
		rungs->n--;
	rungs->age_ms[rungs->n++] = max_ms;
}

void
rungs_fit(
    struct rungs *rungs, int64_t min_ms, int64_t max_ms, int precision_permille, unsigned sessions)
{
	/* Less than the precision, since an age is known but to a round trip. */
	int gap = precision_permille - (precision_permille + 9) / 10;

	for (;;) {
		explore(rungs, min_ms, max_ms, precision_permille, gap);
		if (rungs_sessions(rungs) <= sessions || gap >= WIDEST_GAP)
			return;
		gap += gap / 10 + 1;
	}
}

int64_t
rungs_common(int64_t low_ms, int64_t high_ms)
{
	int64_t found = 0;

	for (size_t i = 0; i < firewall_count(); i++) {
		int64_t common = common_at(i);

		if (common <= low_ms || common > high_ms || common == found)
			continue;
		if (found != 0)
			return 0;
		found = common;
	}
	return found;
}
