/* SPDX-License-Identifier: ISC */
#include "lifeworld.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/peer.h"
#include "simattempt.h"

#define SLOT_MS	    10
#define RESOLVE_MS  5 /* what some names take, and others do not: so those meet that began apart */
#define CROWD	    (PACE_BURST + 2 * PACE_TICK_MS + RESOLVE_MS)
#define LOUD	    LOG_NOTICE
#define MAX_LINES   24 /* in a second: six of each of three kinds, and their sums */
#define SETTLE_MS   (2 * MAX_CONNECT_MS)
#define MISFORTUNES 200

static struct lifeworld *
life_of(struct simnet *sim)
{
	return container_of(sim, struct lifeworld, w.sim);
}

static struct session *
session_of(struct conn *conn)
{
	return container_of(conn, struct session, conn);
}

static unsigned
host_of(struct lifeworld *life, const struct conn *conn)
{
	return (unsigned)(conn->attempt->host - life->w.hosts);
}

/* --- what the kernel and the firewall see ----------------------------------------------------- */

/* Nobody is forgotten by a firewall that keeps its word, unless it did not get the probes. */
static void
on_expired(struct simnet *sim, struct conn *conn)
{
	struct lifeworld *life = life_of(sim);
	const struct attempt *a = conn->attempt;
	unsigned host = host_of(life, conn);
	const struct life_promise *promise = &life->promises[host];

	life->sum.expired++;
	if (life->lies_ms[host] != 0 || a->keep.cut || a->keep.demanded ||
	    a->entry_ms <= promise->changed_ms)
		return;
	assert_true((int)a->keep.missed - 1 > promise->plan.survives_lost);
}

/* How long the path was down of the time since that was last heard of. */
static int64_t
down_for(const struct simnet *sim, const struct attempt *a)
{
	const struct simhost *host = a->host;
	int64_t from_ms = host->down_ms > a->talk.heard_ms ? host->down_ms : a->talk.heard_ms;

	return (host->down ? sim->now_ms : host->up_ms) - from_ms;
}

static void
on_gave_up(struct simnet *sim, struct conn *conn)
{
	struct lifeworld *life = life_of(sim);
	const struct attempt *a = conn->attempt;
	const struct life_promise *promise = &life->promises[host_of(life, conn)];
	bool all_by_chance = a->keep.by_chance == a->keep.probes;
	double part = (double)(sim->now_ms - a->talk.heard_ms) / (double)promise->detect_ms;

	life->sum.given_up++;
	life->sum.by_chance += all_by_chance;
	if (!a->keep.demanded && part > life->sum.slowest)
		life->sum.slowest = part;
	if (a->talk.heard_ms <= promise->changed_ms)
		return;
	if (all_by_chance)
		assert_true((int)a->keep.probes > promise->plan.survives_lost);
	else if (a->keep.by_chance == 0 && !a->keep.mute && !a->keep.demanded && !a->forgotten)
		assert_true(down_for(sim, a) >= session_of(conn)->peer->config->wish.outage_ms);
}

static const struct simwatch watch = {.expired = on_expired, .gave_up = on_gave_up};

/* --- what holds at any time ------------------------------------------------------------------- */

/* The odds, as they are promised: of a probe's way there and back, for as many in a row. */
static void
expect_losses(struct lifeworld *life, const struct attempt *a)
{
	const struct life_promise *promise = &life->promises[host_of(life, a->conn)];
	double arrives = 1 - (double)a->host->loss_permille / 2000;
	double lost = 1 - arrives * arrives * arrives * arrives;

	life->sum.expected += pow(lost, promise->plan.survives_lost + 1);
}

static void
check_silence(struct lifeworld *life, const struct conn *conn)
{
	const struct attempt *a = conn->attempt;
	int64_t most_ms;

	if (!a->held)
		return;
	most_ms = life->promises[host_of(life, conn)].detect_ms;
	/* A probe on demand begins anew, when the kernel was about to give up perhaps. */
	if (a->keep.demanded)
		most_ms *= 2;
	assert_true(life->w.sim.now_ms - a->talk.heard_ms <= most_ms + a->host->rtt_ms);
}

/* The bound is the larger of two plans', while somebody may have been heard last under the first.
 */
static void
note_plans(struct lifeworld *life)
{
	for (size_t i = 0; i < life->w.guard.n_peers; i++) {
		const struct peer *peer = life->w.guard.peers[i];
		struct life_promise *p = &life->promises[peer->config->name[0] - 'a'];
		int64_t now_ms = life->w.sim.now_ms;

		if (memcmp(&p->plan, &peer->plan, sizeof(p->plan)) != 0) {
			if (p->detect_ms < peer->plan.detect_worst_ms)
				p->detect_ms = peer->plan.detect_worst_ms;
			p->plan = peer->plan;
			p->changed_ms = now_ms;
		} else if (now_ms - p->changed_ms > 2 * p->detect_ms) {
			p->detect_ms = p->plan.detect_worst_ms;
		}
	}
}

/* Who is known to be dead: nobody has come up since an attempt failed, and not for our own trouble.
 */
static void
note_dead(struct lifeworld *life, const struct peer *peer)
{
	int64_t *since_ms = &life->dead_ms[peer->config->name[0] - 'a'];

	if (peer->failed_ms <= peer->answered_ms)
		*since_ms = -1;
	else if (*since_ms < 0)
		*since_ms = life->w.sim.now_ms;
}

/* Whoever cannot be reached is tried by one session; and whoever can is not by a crowd. */
static void
check_herds(struct lifeworld *life)
{
	struct world *w = &life->w;
	int64_t slot_ms = w->sim.now_ms - life->slot_ms;

	for (unsigned i = 0; i < HOSTS; i++) {
		const struct simhost *host = &w->hosts[i];

		if (life->dead_ms[i] >= 0 && w->sim.now_ms > life->dead_ms[i] + SETTLE_MS)
			assert_in_range(host->in_flight, 0, 1);
		assert_in_range(host->connects - life->begun[i], 0, slot_ms + CROWD);
		if (slot_ms >= SLOT_MS)
			life->begun[i] = host->connects;
	}
	if (slot_ms >= SLOT_MS)
		life->slot_ms = w->sim.now_ms;
}

static void
check_lines(struct lifeworld *life)
{
	unsigned said = 0;

	for (int priority = 0; priority <= LOUD; priority++)
		said += life->w.lines[priority];
	if (said - life->said > life->sum.most_lines)
		life->sum.most_lines = said - life->said;
	assert_in_range(said - life->said, 0, MAX_LINES);
	if (life->w.sim.now_ms >= life->second_ms + 1000) {
		life->second_ms = life->w.sim.now_ms;
		life->said = said;
	}
}

/* What an event may have changed; and now and then all. */
static void
check(struct lifeworld *life)
{
	struct world *w = &life->w;
	struct conn *last = w->sim.last;

	if (last != NULL) {
		note_plans(life);
		note_dead(life, session_of(last)->peer);
		world_check_peer(w, session_of(last)->peer);
		check_silence(life, last);
		check_herds(life);
		check_lines(life);
	}
	if (w->events % 1024 != 0)
		return;
	note_plans(life);
	world_check(w);
	for (unsigned i = 0; i < w->sim.n_all; i++)
		if (w->sim.all[i]->conn != NULL)
			check_silence(life, w->sim.all[i]->conn);
}

/* --- what befalls ----------------------------------------------------------------------------- */

static void
pass(struct lifeworld *life, int64_t ms)
{
	struct world *w = &life->w;
	int64_t until_ms = w->sim.now_ms + ms, before_ms = w->sim.now_ms;
	unsigned up = w->guard.in_state[FSM_UP];

	while (world_step(w, until_ms)) {
		w->events++;
		life->sum.hours += (double)(up * (w->sim.now_ms - before_ms)) / HOUR;
		before_ms = w->sim.now_ms;
		up = w->guard.in_state[FSM_UP];
		if (w->sim.probed != NULL)
			expect_losses(life, w->sim.probed);
		w->sim.probed = NULL;
		check(life);
		if (storm_due_ms(&w->guard) >= 0 && storm_due_ms(&w->guard) <= w->sim.now_ms)
			storm_flush(&w->guard);
	}
	life->sum.hours += (double)(up * (w->sim.now_ms - before_ms)) / HOUR;
}

static uint32_t
choose(struct lifeworld *life, uint32_t n)
{
	return simnet_random(&life->w.sim) % n;
}

/* Another configuration: peers go and come, have more sessions and fewer, are declared otherwise.
 */
static void
configure(struct lifeworld *life)
{
	struct world *w = &life->w;
	unsigned next = 1 - w->current, n = 0;
	struct guard_changes changes;

	for (unsigned i = 0; i < HOSTS; i++) {
		struct config_peer *peer = &w->peers[next][n];
		int64_t declared_ms = life->lies_ms[i];

		if (w->events > 0 && choose(life, 16) == 0)
			continue;
		world_fill_peer(peer, i, 1 + choose(life, LIFE_SESSIONS));
		peer->wish.firewall_ms = declared_ms != 0 ? declared_ms : w->hosts[i].forgets_ms;
		peer->wish.detect_ms = (10 + 10 * choose(life, 2)) * MINUTE;
		peer->wish.lost_probes = 1 + (int)choose(life, 2);
		assert_int_equal(plan_make(&peer->wish, &peer->plan, NULL), 0);
		n++;
	}
	w->config[next] = (struct config){.peers = w->peers[next], .n_peers = n};
	assert_int_equal(guard_configure(&w->guard, &w->config[next], &changes), 0);
	w->current = next;
	guard_pump(&w->guard);
	note_plans(life);
}

static void
cut(struct lifeworld *life, struct simhost *host)
{
	host->down = true;
	/* What lies between two may be too short for a probe. */
	if (host->up_ms == 0 || life->w.sim.now_ms - host->up_ms > HOUR)
		host->down_ms = life->w.sim.now_ms;
	pass(life, 1 + choose(life, 4 * 60000));
	host->down = false;
	host->up_ms = life->w.sim.now_ms;
}

static void
misfortune(struct lifeworld *life)
{
	static const int errors[] = {0, ECONNRESET, ETIMEDOUT, EHOSTUNREACH, ENETDOWN};
	unsigned i = choose(life, HOSTS);
	struct simhost *host = &life->w.hosts[i];

	switch (choose(life, 16)) {
	case 0:
		host->mode = (enum simhost_mode)choose(life, SIMHOST_MODES);
		break;
	case 1:
		simnet_kill(&life->w.sim, host, errors[choose(life, 5)], choose(life, 20000));
		break;
	case 2:
		life->w.sim.max_sockets = choose(life, 2) ? 30 : UINT32_MAX;
		break;
	case 3: /* flushed; one in three has a backup that was a little behind */
		simnet_forget(&life->w.sim, host, 1 + choose(life, 3));
		break;
	case 4:
		host->restarted_ms = life->w.sim.now_ms;
		break;
	case 5:
		guard_probe_all(&life->w.guard);
		break;
	case 6:
		configure(life);
		break;
	case 7:
	case 8:
		cut(life, host);
		break;
	default: /* nothing, for once: what was ill recovers */
		host->mode = SIMHOST_TAKES;
		life->w.sim.max_sockets = UINT32_MAX;
		break;
	}
}

static void
begin(struct lifeworld *life, uint64_t seed)
{
	static const int64_t timeouts_s[] = {120, 240, 350, 900, 3600, 432000};
	static const unsigned losses[] = {0, 0, 10, 100};

	memset(life, 0, sizeof(*life));
	world_init(&life->w, seed);
	life->w.sim.watch = &watch;
	for (unsigned i = 0; i < HOSTS; i++) {
		struct simhost *host = &life->w.hosts[i];

		host->late = true;
		host->wall = (enum simwall)choose(life, SIMWALLS);
		host->forgets_ms = 1000 * timeouts_s[choose(life, 6)];
		host->loss_permille = losses[choose(life, 4)];
		host->restarted_ms = -1;
		life->dead_ms[i] = -1;
		if (choose(life, 6) == 0)
			life->lies_ms[i] = (2 + choose(life, 2)) * host->forgets_ms;
	}
	configure(life);
}

void
life_run(uint64_t seed, struct life_sum *sum)
{
	struct lifeworld *life = malloc(sizeof(*life));

	assert_non_null(life);
	begin(life, seed);
	life->sum = *sum;
	for (int i = 0; i < MISFORTUNES; i++) {
		misfortune(life);
		pass(life, choose(life, 40 * 60000));
	}
	for (unsigned i = 0; i < HOSTS; i++) {
		life->w.hosts[i].mode = SIMHOST_TAKES;
		life->w.hosts[i].loss_permille = 0;
	}
	life->w.sim.max_sockets = UINT32_MAX;
	pass(life, 3 * HOUR);
	assert_int_equal(life->w.guard.in_state[FSM_UP], life->w.guard.n_sessions);
	life->sum.events += life->w.events;
	life->sum.lives++;
	*sum = life->sum;
	world_clear(&life->w);
	free(life);
}
