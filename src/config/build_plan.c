/* SPDX-License-Identifier: ISC */
#include "config/build_plan.h"

#include <errno.h>
#include <string.h>

#include "policy/timespan.h"

static bool
is_any(const struct builder *builder, const enum option_id ids[], size_t n, bool broken)
{
	for (size_t i = 0; i < n; i++)
		if (broken ? build_setting(builder, ids[i])->broken
			   : build_is_given(builder, ids[i]))
			return true;
	return false;
}

static const enum option_id heartbeat_ids[] = {
    OPTION_SEND, OPTION_EXPECT, OPTION_EVERY, OPTION_TIMEOUT};
#define N_HEARTBEAT (sizeof(heartbeat_ids) / sizeof(heartbeat_ids[0]))

/* The values of a heartbeat by themselves. The default timeout makes way for a short `every`. */
static bool
check_heartbeat(const struct builder *builder, struct config_heartbeat *heartbeat)
{
	const enum option_id required[] = {OPTION_SEND, OPTION_EVERY};

	for (size_t i = 0; i < 2; i++)
		if (!build_is_given(builder, required[i])) {
			notes_error(builder->notes,
			    build_blame(builder, OPTION_HEARTBEAT, OPTION_PEER),
			    "the heartbeat has no '%s'", option_at(required[i])->key);
			return false;
		}
	heartbeat->terms.every_ms = build_setting(builder, OPTION_EVERY)->number;
	heartbeat->terms.timeout_ms = build_setting(builder, OPTION_TIMEOUT)->number;
	if (heartbeat->terms.timeout_ms > heartbeat->terms.every_ms &&
	    build_is_given(builder, OPTION_TIMEOUT)) {
		notes_error(builder->notes, build_blame(builder, OPTION_TIMEOUT, OPTION_EVERY),
		    "heartbeat 'timeout' must not be above 'every'");
		return false;
	}
	if (heartbeat->terms.timeout_ms > heartbeat->terms.every_ms)
		heartbeat->terms.timeout_ms = heartbeat->terms.every_ms;
	return true;
}

/*
 * Where nothing but data counts, TCP must have the time to send a lost beat again: it is given up
 * for lost, or has arrived, by the end of its own timeout.
 */
static void
check_heartbeat_firewall(const struct builder *builder, const struct beat_terms *terms)
{
	const struct setting *firewall = build_setting(builder, OPTION_FIREWALL);
	const struct firewall *deaf = firewall->firewall.deaf;
	int64_t idle_ms = firewall->firewall.timeout_ms;
	char every[TIMESPAN_MAX], timeout[TIMESPAN_MAX], idle[TIMESPAN_MAX];

	timespan_text(terms->every_ms, every, sizeof(every));
	timespan_text(terms->timeout_ms, timeout, sizeof(timeout));
	timespan_text(idle_ms, idle, sizeof(idle));
	if (firewall->broken)
		return;
	if (terms->every_ms >= idle_ms)
		notes_error(builder->notes, build_blame(builder, OPTION_EVERY, OPTION_FIREWALL),
		    "heartbeat 'every' (%s) must be below the firewall's idle timeout (%s)", every,
		    idle);
	else if (deaf != NULL && terms->every_ms + terms->timeout_ms > idle_ms)
		notes_error(builder->notes, build_blame(builder, OPTION_EVERY, OPTION_TIMEOUT),
		    "heartbeat 'every' (%s) and 'timeout' (%s) together must not be above the "
		    "firewall's idle timeout (%s): nothing else keeps the session alive through %s",
		    every, timeout, idle, deaf->name);
}

static bool
is_last_heartbeat(const struct builder *builder, const struct config_heartbeat *heartbeat)
{
	const struct config_heartbeat *last = builder->heartbeat;

	return last != NULL && last->send == heartbeat->send &&
	       last->expect.bytes == heartbeat->expect.bytes &&
	       last->terms.every_ms == heartbeat->terms.every_ms &&
	       last->terms.timeout_ms == heartbeat->terms.timeout_ms;
}

/* NULL where memory is out. */
static struct config_heartbeat *
new_heartbeat(struct builder *builder, const struct config_heartbeat *heartbeat)
{
	struct pool *pool = &builder->config->pool;
	struct config_heartbeat *new = pool_alloc(pool, sizeof(*new));
	uint16_t *borders = NULL;

	if (new == NULL)
		return NULL;
	*new = *heartbeat;
	if (new->expect.bytes == NULL)
		return new;
	borders = pool_alloc(pool, new->expect.len * sizeof(*borders));
	if (borders == NULL)
		return NULL;
	expect_borders(new->expect.bytes, new->expect.len, borders);
	new->expect.borders = borders;
	return new;
}

void
build_heartbeat(struct builder *builder, struct config_peer *peer)
{
	struct config_heartbeat heartbeat = {0};

	if (!is_any(builder, heartbeat_ids, N_HEARTBEAT, false) &&
	    !build_is_given(builder, OPTION_HEARTBEAT))
		return;
	if (is_any(builder, heartbeat_ids, N_HEARTBEAT, true) ||
	    build_setting(builder, OPTION_HEARTBEAT)->broken ||
	    !check_heartbeat(builder, &heartbeat))
		return;
	check_heartbeat_firewall(builder, &heartbeat.terms);
	heartbeat.send =
	    build_text(builder, OPTION_SEND, build_setting(builder, OPTION_SEND)->text);
	heartbeat.send_len = build_setting(builder, OPTION_SEND)->text.len;
	if (build_is_given(builder, OPTION_EXPECT)) {
		heartbeat.expect.bytes =
		    build_text(builder, OPTION_EXPECT, build_setting(builder, OPTION_EXPECT)->text);
		heartbeat.expect.len = build_setting(builder, OPTION_EXPECT)->text.len;
	}
	if (!is_last_heartbeat(builder, &heartbeat))
		builder->heartbeat = new_heartbeat(builder, &heartbeat);
	if (builder->heartbeat == NULL)
		builder->notes->error = -ENOMEM;
	peer->heartbeat = builder->heartbeat;
}

/* A bare number is shown with its unit. */
static char *
shown_firewall(struct builder *builder, struct slice shown)
{
	char seconds[32];
	char *text;

	if (shown.len > sizeof(seconds) - 2 || strspn(shown.text, "0123456789.") < shown.len)
		return build_text(builder, OPTION_FIREWALL, shown);
	memcpy(seconds, shown.text, shown.len);
	seconds[shown.len] = 's';
	text = pool_text(&builder->config->pool, seconds, shown.len + 1);
	if (text == NULL)
		builder->notes->error = -ENOMEM;
	return text;
}

/* The option that a demand of the plan comes from. */
static enum option_id
demand_option(enum plan_demand demand)
{
	switch (demand) {
	case PLAN_DEMAND_FIREWALL:
		return OPTION_FIREWALL;
	case PLAN_DEMAND_LOST:
		return OPTION_LOST_PROBES;
	case PLAN_DEMAND_OUTAGE:
		return OPTION_OUTAGE;
	case PLAN_DEMAND_DETECT:
		return OPTION_DETECT_WITHIN;
	case PLAN_DEMAND_EXACT:
		return OPTION_IDLE;
	case PLAN_DEMAND_NONE:
	case PLAN_DEMAND_RTT:
		break;
	}
	return OPTION_PEER;
}

/* FNV-1a over the words of a wish. */
static size_t
wish_slot(const struct plan_wish *wish)
{
	const int64_t words[] = {wish->firewall_ms, wish->detect_ms, wish->outage_ms,
	    wish->lost_probes, wish->exact_idle_s, wish->exact_interval_s, wish->exact_count};
	uint64_t hash = 14695981039346656037U;

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		hash = (hash ^ (uint64_t)words[i]) * 1099511628211U;
	return (hash >> 32) % BUILD_PLANS;
}

static bool
wish_same(const struct plan_wish *a, const struct plan_wish *b)
{
	return a->firewall_ms == b->firewall_ms && a->detect_ms == b->detect_ms &&
	       a->outage_ms == b->outage_ms && a->lost_probes == b->lost_probes &&
	       a->exact_idle_s == b->exact_idle_s && a->exact_interval_s == b->exact_interval_s &&
	       a->exact_count == b->exact_count;
}

static void
make_plan(struct builder *builder, struct config_peer *peer)
{
	struct build_plan *known = &builder->plans[wish_slot(&peer->wish)];
	enum option_id first, second;
	char text[512];

	if (!known->used || !wish_same(&known->wish, &peer->wish)) {
		known->wish = peer->wish;
		known->result = plan_make(&peer->wish, &known->plan, &known->conflict);
		known->used = true;
	}
	if (known->result == 0) {
		peer->plan = known->plan;
		return;
	}
	first = demand_option(known->conflict.first);
	second = demand_option(known->conflict.second);
	notes_error(builder->notes, build_blame(builder, first, second), "%s",
	    plan_conflict_text(&peer->wish, &known->conflict, text, sizeof(text)));
}

/* Exact values are all there, or none is. False where an error has been reported. */
static bool
check_exact(const struct builder *builder, struct plan_wish *wish)
{
	static const enum option_id exact[] = {OPTION_IDLE, OPTION_INTERVAL, OPTION_COUNT_PROBES};

	if (!is_any(builder, exact, 3, false))
		return true;
	for (size_t i = 0; i < 3; i++)
		if (!build_is_given(builder, exact[i])) {
			notes_error(builder->notes,
			    build_blame(builder, OPTION_KEEPALIVE, OPTION_PEER),
			    "exact keepalive values are 'idle', 'interval' and 'count' together; "
			    "'%s' is missing",
			    option_at(exact[i])->key);
			return false;
		}
	wish->exact_idle_s = (int)build_setting(builder, OPTION_IDLE)->number;
	wish->exact_interval_s = (int)build_setting(builder, OPTION_INTERVAL)->number;
	wish->exact_count = (int)build_setting(builder, OPTION_COUNT_PROBES)->number;
	return true;
}

/* What is planned for: declared; or, until it is measured, what the peers have by default. */
static int64_t
planned_ms(const struct builder *builder)
{
	const struct setting *own = build_setting(builder, OPTION_FIREWALL);
	const struct setting *common = &builder->defaults->of[OPTION_FIREWALL];

	if (!own->firewall.measure || common->broken)
		return own->firewall.timeout_ms;
	return common->firewall.timeout_ms;
}

void
build_keepalive(struct builder *builder, struct config_peer *peer)
{
	static const enum option_id inputs[] = {OPTION_FIREWALL, OPTION_KEEPALIVE,
	    OPTION_DETECT_WITHIN, OPTION_LOST_PROBES, OPTION_OUTAGE, OPTION_IDLE, OPTION_INTERVAL,
	    OPTION_COUNT_PROBES};
	const struct firewall_choice *firewall = &build_setting(builder, OPTION_FIREWALL)->firewall;

	if (is_any(builder, inputs, sizeof(inputs) / sizeof(inputs[0]), true))
		return;
	if (firewall->deaf != NULL && !build_is_given(builder, OPTION_HEARTBEAT))
		notes_error(builder->notes, build_setting(builder, OPTION_FIREWALL)->at,
		    "%s does not count keepalive probes, only data; give the peer a 'heartbeat'",
		    firewall->deaf->name);
	peer->firewall = shown_firewall(builder, firewall->shown);
	peer->firewall_auto = firewall->measure;
	peer->wish = (struct plan_wish){.firewall_ms = planned_ms(builder),
	    .detect_ms = build_setting(builder, OPTION_DETECT_WITHIN)->number,
	    .outage_ms = build_setting(builder, OPTION_OUTAGE)->number,
	    .lost_probes = (int)build_setting(builder, OPTION_LOST_PROBES)->number};
	if (!check_exact(builder, &peer->wish))
		return;
	if (peer->firewall_auto && peer->wish.exact_idle_s > 0)
		notes_warning(builder->notes, build_blame(builder, OPTION_FIREWALL, OPTION_IDLE),
		    "nothing is measured for a peer with exact keepalive values: 'firewall: auto' "
		    "has nothing to decide");
	make_plan(builder, peer);
}
