/* SPDX-License-Identifier: ISC */
#include "policy/plan.h"

#include <errno.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "kernel_keepalive.h"

static uint64_t random_state;

static int
set_up(void **state)
{
	const char *seed = getenv("KAGUARD_SEED");

	(void)state;
	random_state = seed != NULL ? strtoull(seed, NULL, 10) : (uint64_t)time(NULL);
	print_message("# KAGUARD_SEED=%llu\n", (unsigned long long)random_state);
	return 0;
}

static int64_t
below(int64_t bound)
{
	return (int64_t)(kernel_random(&random_state) % (uint64_t)bound);
}

/* Low and high values alike often, up to high_s seconds. */
static int64_t
span(double high_s)
{
	double x = (double)below(1 << 30) / (1 << 30);

	return (int64_t)(1000 * pow(high_s, x)) - below(2) * below(1000);
}

static bool
possible(struct plan_wish w)
{
	struct plan p;

	return plan_make(&w, &p, NULL) == 0;
}

/* A wish with the two demands of a conflict, and none else. */
static struct plan_wish
only(struct plan_wish w, const struct plan_conflict *c)
{
	struct plan_wish easy = {
	    .firewall_ms = INT64_MAX, .detect_ms = INT64_MAX, .rtt_ms = w.rtt_ms};
	const enum plan_demand named[] = {c->first, c->second};

	for (int i = 0; i < 2; i++) {
		if (named[i] == PLAN_DEMAND_FIREWALL)
			easy.firewall_ms = w.firewall_ms;
		else if (named[i] == PLAN_DEMAND_LOST)
			easy.lost_probes = w.lost_probes;
		else if (named[i] == PLAN_DEMAND_OUTAGE)
			easy.outage_ms = w.outage_ms;
		else if (named[i] == PLAN_DEMAND_DETECT)
			easy.detect_ms = w.detect_ms;
	}
	return easy;
}

/* Each nearest value does, and one a second (or a probe) nearer to what was asked does not. */
static int
count_nearest(const struct plan_wish *asked, const struct plan_conflict *c)
{
	struct plan_wish w = *asked;
	int found = 0;

	if (c->nearest_firewall_ms >= 0) {
		found++;
		w.firewall_ms = c->nearest_firewall_ms;
		assert_true(w.firewall_ms > asked->firewall_ms && possible(w));
		w.firewall_ms -= 1000;
		assert_false(w.firewall_ms > 0 && possible(w));
	}
	w = *asked;
	if (c->nearest_detect_ms >= 0) {
		found++;
		w.detect_ms = c->nearest_detect_ms;
		assert_true(w.detect_ms > asked->detect_ms && possible(w));
		w.detect_ms -= 1000;
		assert_false(w.detect_ms > 0 && possible(w));
	}
	w = *asked;
	if (c->nearest_outage_ms >= 0) {
		found++;
		w.outage_ms = c->nearest_outage_ms;
		assert_true(w.outage_ms < asked->outage_ms && possible(w));
		w.outage_ms += 1000;
		assert_false(possible(w));
	}
	w = *asked;
	if (c->nearest_lost_probes >= 0) {
		found++;
		w.lost_probes = c->nearest_lost_probes;
		assert_true(w.lost_probes < asked->lost_probes && possible(w));
		w.lost_probes++;
		assert_false(possible(w));
	}
	return found;
}

/* What "none" says is so: no value of that demand would do. */
static void
assert_none_is_none(const struct plan_wish *asked, const struct plan_conflict *c)
{
	struct plan_wish w = *asked;

	w.firewall_ms = INT64_MAX;
	assert_int_equal(c->nearest_firewall_ms >= 0, possible(w));
	w = *asked;
	w.detect_ms = INT64_MAX;
	assert_int_equal(c->nearest_detect_ms >= 0, possible(w));
	w = *asked;
	w.outage_ms = 0;
	assert_int_equal(c->nearest_outage_ms >= 0, possible(w));
	w = *asked;
	w.lost_probes = 0;
	assert_int_equal(c->nearest_lost_probes >= 0, possible(w));
}

static void
nearest_values_are_nearest(void **state)
{
	int refused = 0, doubled = 0;

	(void)state;
	while (refused < 20000) {
		struct plan_wish w = {.firewall_ms = span(100000),
		    .detect_ms = span(100000),
		    .outage_ms = below(2) * span(1000000),
		    .rtt_ms = 1 + below(below(4) != 0 ? 500 : 60000),
		    .lost_probes = (int)below(PLAN_MAX_LOST_PROBES + 1)};
		struct plan_wish settles = w;
		struct plan_conflict c;
		struct plan p;

		if (w.firewall_ms <= 0 || w.detect_ms <= 0 || plan_make(&w, &p, &c) == 0)
			continue;
		refused++;
		assert_true(c.first != PLAN_DEMAND_NONE && c.first != c.second);
		/* More than one conflict: one change does for the one that is named. */
		if (!possible((struct plan_wish){
			INT64_MAX, w.detect_ms, w.outage_ms, w.rtt_ms, w.lost_probes, 0, 0, 0}) &&
		    !possible((struct plan_wish){
			w.firewall_ms, INT64_MAX, w.outage_ms, w.rtt_ms, w.lost_probes, 0, 0, 0}) &&
		    !possible((struct plan_wish){
			w.firewall_ms, w.detect_ms, 0, w.rtt_ms, w.lost_probes, 0, 0, 0}) &&
		    !possible((struct plan_wish){
			w.firewall_ms, w.detect_ms, w.outage_ms, w.rtt_ms, 0, 0, 0, 0})) {
			settles = only(w, &c);
			assert_false(possible(settles));
			doubled++;
		}
		assert_true(count_nearest(&settles, &c) > 0);
		assert_none_is_none(&settles, &c);
	}
	assert_in_range(doubled, 500, 19000);
}

static const struct {
	struct plan_wish wish;
	enum plan_demand first, second;
	const char *text;
} texts[] = {
    {{.firewall_ms = 5000, .detect_ms = 600000, .outage_ms = 30000, .lost_probes = 2},
	PLAN_DEMAND_FIREWALL, PLAN_DEMAND_LOST,
	"firewall 5s and lost_probes 2 cannot both be met: at most lost_probes 0, or a firewall "
	"of at least 7s"},
    {{.firewall_ms = 3000, .detect_ms = 600000, .outage_ms = 30000, .lost_probes = 2},
	PLAN_DEMAND_FIREWALL, PLAN_DEMAND_NONE,
	"firewall 3s cannot be met: a firewall of at least 7s"},
    {{.firewall_ms = 240000, .detect_ms = 30000, .outage_ms = 30000, .lost_probes = 2},
	PLAN_DEMAND_OUTAGE, PLAN_DEMAND_DETECT,
	"outage 30s and detect_within 30s cannot both be met: an outage of at most 25s, or a "
	"detect_within of at least 36s"},
    {{.firewall_ms = 240000, .detect_ms = 10000, .lost_probes = 12}, PLAN_DEMAND_LOST,
	PLAN_DEMAND_DETECT,
	"lost_probes 12 and detect_within 10s cannot both be met: at most lost_probes 6, or a "
	"detect_within of at least 16s"},
    {{.firewall_ms = 240000, .detect_ms = 1500}, PLAN_DEMAND_DETECT, PLAN_DEMAND_NONE,
	"detect_within 1s 500ms cannot be met: a detect_within of at least 3s"},
    {{.firewall_ms = 60000, .detect_ms = 86400000, .outage_ms = 1260000, .lost_probes = 16},
	PLAN_DEMAND_FIREWALL, PLAN_DEMAND_LOST,
	"firewall 60s and lost_probes 16 cannot both be met: at most lost_probes 4, or an outage "
	"of at most 378s, or a firewall of at least 185s"},
    {{.firewall_ms = 240000, .detect_ms = 600000, .outage_ms = 7200000, .lost_probes = 2},
	PLAN_DEMAND_OUTAGE, PLAN_DEMAND_DETECT,
	"outage 2h and detect_within 600s cannot both be met: an outage of at most 540s, or a "
	"detect_within of at least 2h 11min 7s"},
    {{.firewall_ms = 240000, .detect_ms = 600000, .rtt_ms = 130000}, PLAN_DEMAND_FIREWALL,
	PLAN_DEMAND_RTT,
	"firewall 240s and a round trip of 130s cannot both be met: a firewall of at least 433s"},
    {{.firewall_ms = 350000,
	 .detect_ms = 600000,
	 .outage_ms = 30000,
	 .lost_probes = 2,
	 .exact_idle_s = 330,
	 .exact_interval_s = 5,
	 .exact_count = 3},
	PLAN_DEMAND_EXACT, PLAN_DEMAND_FIREWALL,
	"keepalive idle 330s, interval 5s, count 3 do not protect from firewall 350s (the probe "
	"after the lost ones may come as late as 6min 23s); idle 290s, interval 9s, count 5 would"},
    {{.firewall_ms = 350000,
	 .detect_ms = 600000,
	 .outage_ms = 30000,
	 .lost_probes = 2,
	 .exact_idle_s = 30,
	 .exact_interval_s = 75,
	 .exact_count = 3},
	PLAN_DEMAND_EXACT, PLAN_DEMAND_NONE,
	"keepalive idle 30s, interval 75s, count 3: interval must not be above idle, or it takes "
	"the place of idle; idle 290s, interval 9s, count 5 would do"},
    {{.firewall_ms = 350000,
	 .detect_ms = 600000,
	 .outage_ms = 30000,
	 .lost_probes = 2,
	 .exact_idle_s = 300,
	 .exact_count = 128},
	PLAN_DEMAND_EXACT, PLAN_DEMAND_NONE,
	"keepalive idle 300s, interval 0s, count 128: idle and interval must be 1s to 32767s, "
	"count 1 to 127; idle 290s, interval 9s, count 5 would do"},
    {{.firewall_ms = 5000,
	 .detect_ms = 600000,
	 .outage_ms = 30000,
	 .lost_probes = 2,
	 .exact_idle_s = 5,
	 .exact_interval_s = 1,
	 .exact_count = 3},
	PLAN_DEMAND_EXACT, PLAN_DEMAND_FIREWALL,
	"keepalive idle 5s, interval 1s, count 3 do not protect from firewall 5s (the probe after "
	"the lost ones may come as late as 8s); no values would"},
};

static void
conflicts_in_words(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		struct plan_conflict c;
		struct plan p;
		char text[512];

		assert_int_equal(plan_make(&texts[i].wish, &p, &c), -ERANGE);
		assert_int_equal(c.first, texts[i].first);
		assert_int_equal(c.second, texts[i].second);
		assert_string_equal(
		    plan_conflict_text(&texts[i].wish, &c, text, sizeof(text)), texts[i].text);
	}
}

/* A buffer too small is cut, ended, and not written past. */
static void
words_in_a_small_buffer(void **state)
{
	struct plan_conflict c;
	struct plan p;
	char text[512];

	(void)state;
	assert_int_equal(plan_make(&texts[0].wish, &p, &c), -ERANGE);
	for (size_t size = 1; size <= strlen(texts[0].text); size++) {
		memset(text, '#', sizeof(text));
		plan_conflict_text(&texts[0].wish, &c, text, size);
		assert_int_equal(strlen(text), size - 1);
		assert_memory_equal(text, texts[0].text, size - 1);
		assert_int_equal(text[size], '#');
	}
}

/* The values advised in place of exact ones do what those do not. */
static void
advice_protects(void **state)
{
	int advised = 0;

	(void)state;
	while (advised < 20000) {
		struct plan_wish w = {.firewall_ms = 7000 + span(100000),
		    .detect_ms = 60000 + span(100000),
		    .outage_ms = below(30000),
		    .lost_probes = (int)below(4),
		    .exact_idle_s = 1 + (int)below(4000),
		    .exact_interval_s = 1 + (int)below(100),
		    .exact_count = 1 + (int)below(10)};
		struct plan_conflict c;
		struct plan p;

		if (plan_make(&w, &p, &c) == 0 || c.advice.idle_s == 0)
			continue;
		advised++;
		assert_int_equal(c.first, PLAN_DEMAND_EXACT);
		w.exact_idle_s = c.advice.idle_s;
		w.exact_interval_s = c.advice.interval_s;
		w.exact_count = c.advice.count;
		assert_int_equal(plan_make(&w, &p, NULL), 0);
		assert_memory_equal(&p, &c.advice, sizeof(p));
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(nearest_values_are_nearest),
	    cmocka_unit_test(conflicts_in_words),
	    cmocka_unit_test(words_in_a_small_buffer),
	    cmocka_unit_test(advice_protects),
	};

	return cmocka_run_group_tests(tests, set_up, NULL);
}
