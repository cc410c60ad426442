/* SPDX-License-Identifier: ISC */
#include "lifeworld.h"

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
host_of(const struct lifeworld *life, const struct conn *conn)
{
	return (unsigned)(conn->attempt->host - life->w.hosts);
}

/* --- what the kernel and the firewall see ----------------------------------------------------- */

/* Nobody is forgotten by a firewall that is as it was planned for, unless it did not get the
 * probes. */
static void
on_expired(struct simnet *sim, struct conn *conn)
{
	struct lifeworld *life = life_of(sim);
	const struct attempt *a = conn->attempt;
	unsigned host = host_of(life, conn);
	const struct life_promise *promise = &life->promises[host];

	life->sum.expired++;
	lifepath_expired(life, session_of(conn));
	if (promise->plan.refresh_worst_ms > a->host->forgets_ms || a->keep.cut ||
	    a->keep.demanded || a->entry_ms <= promise->changed_ms ||
	    a->entry_ms <= life->paths.changed_ms[host])
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

/* A probe on demand begins anew, when the kernel was about to give up perhaps; so do data that
 * nobody waits for any more since the heartbeat is another. */
static bool
is_put_off(const struct lifeworld *life, const struct attempt *a)
{
	int64_t since_ms = life->beating_ms[host_of(life, a->conn)];

	return a->keep.demanded || (a->talk.unacked && a->talk.sent_ms <= since_ms);
}

void
life_given_up(struct simnet *sim, struct conn *conn)
{
	struct lifeworld *life = life_of(sim);
	const struct attempt *a = conn->attempt;
	const struct life_promise *promise = &life->promises[host_of(life, conn)];
	unsigned in_vain = a->keep.probes + a->talk.tries;
	bool all_by_chance = a->keep.by_chance == in_vain;
	double part = (double)(sim->now_ms - a->talk.heard_ms) / (double)promise->detect_ms;

	life->sum.given_up++;
	life->sum.by_chance += all_by_chance;
	if (!is_put_off(life, a) && part > life->sum.slowest)
		life->sum.slowest = part;
	if (a->talk.heard_ms <= promise->changed_ms)
		return;
	if (all_by_chance)
		assert_true((int)in_vain > promise->plan.survives_lost);
	else if (a->keep.by_chance == 0 && !a->keep.mute && !a->keep.demanded && !a->forgotten)
		assert_true(down_for(sim, a) >= session_of(conn)->peer->config->wish.outage_ms);
}

/* The odds, as they are promised: of a probe's way there and back, for as many in a row. */
static void
expect_losses(struct simnet *sim, struct conn *conn)
{
	struct lifeworld *life = life_of(sim);
	const struct attempt *a = conn->attempt;
	const struct life_promise *promise = &life->promises[host_of(life, conn)];
	double arrives = 1 - (double)a->host->loss_permille / 2000;
	double lost = 1 - arrives * arrives * arrives * arrives;

	life->sum.expected += pow(lost, promise->plan.survives_lost + 1);
}

static const struct simwatch watch = {.expired = on_expired,
    .gave_up = life_given_up,
    .asked = expect_losses,
    .sent = lifeheart_sent,
    .said = lifeheart_said};

/* --- what holds at any time ------------------------------------------------------------------- */

static void
check_silence(struct lifeworld *life, const struct conn *conn)
{
	const struct attempt *a = conn->attempt;
	int64_t most_ms = life->promises[host_of(life, conn)].detect_ms;

	if (is_put_off(life, a))
		most_ms *= 2;
	assert_true(life->w.sim.now_ms - a->talk.heard_ms <= most_ms + a->host->rtt_ms);
}

static void
check_conn(struct lifeworld *life, struct conn *conn)
{
	if (!conn->attempt->held)
		return;
	check_silence(life, conn);
	lifeheart_check(life, session_of(conn));
	lifepath_check(session_of(conn)->peer);
}

/* The bound is the larger of two plans', while somebody may have been heard last under the first.
 */
void
life_note_plans(struct lifeworld *life)
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
			lifepath_check_plan(life, peer);
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
		life_note_plans(life);
		note_dead(life, session_of(last)->peer);
		world_check_peer(w, session_of(last)->peer);
		check_conn(life, last);
		check_herds(life);
		check_lines(life);
	}
	if (w->events % 1024 != 0)
		return;
	life_note_plans(life);
	world_check(w);
	for (unsigned i = 0; i < w->sim.n_all; i++)
		if (w->sim.all[i]->conn != NULL)
			check_conn(life, w->sim.all[i]->conn);
}

/* --- its course ------------------------------------------------------------------------------- */

static bool
step(struct lifeworld *life, int64_t until_ms)
{
	int64_t due_ms = lifepath_due_ms(life);

	if (world_step(&life->w, due_ms < until_ms ? due_ms : until_ms))
		return true;
	if (due_ms > until_ms)
		return false;
	lifepath_run(life);
	return true;
}

void
life_pass(struct lifeworld *life, int64_t ms)
{
	struct world *w = &life->w;
	int64_t until_ms = w->sim.now_ms + ms, before_ms = w->sim.now_ms;
	unsigned up = w->guard.in_state[FSM_UP];

	lifepath_tell(life);
	while (step(life, until_ms)) {
		w->events++;
		life->sum.hours += (double)(up * (w->sim.now_ms - before_ms)) / HOUR;
		before_ms = w->sim.now_ms;
		up = w->guard.in_state[FSM_UP];
		check(life);
		if (storm_due_ms(&w->guard) >= 0 && storm_due_ms(&w->guard) <= w->sim.now_ms)
			storm_flush(&w->guard);
	}
	life->sum.hours += (double)(up * (w->sim.now_ms - before_ms)) / HOUR;
}

static void
begin(struct lifeworld *life, uint64_t seed)
{
	static const unsigned losses[] = {0, 0, 10, 100};

	memset(life, 0, sizeof(*life));
	world_init(&life->w, seed);
	life->w.sim.watch = &watch;
	life->w.guard.moved = lifeheart_moved;
	lifeheart_begin(life);
	lifepath_begin(life);
	for (unsigned i = 0; i < HOSTS; i++) {
		struct simhost *host = &life->w.hosts[i];

		host->late = true;
		host->wall = (enum simwall)life_choose(life, SIMWALLS);
		host->forgets_ms = lifepath_timeout_ms(life);
		host->loss_permille = losses[life_choose(life, 4)];
		host->restarted_ms = -1;
		life->dead_ms[i] = -1;
		if (life_choose(life, 6) == 0)
			life->lies_ms[i] = (2 + life_choose(life, 2)) * host->forgets_ms;
	}
	life_configure(life);
}

void
life_run(uint64_t seed, struct life_sum *sum)
{
	struct lifeworld *life = malloc(sizeof(*life));

	assert_non_null(life);
	begin(life, seed);
	life->sum = *sum;
	for (int i = 0; i < MISFORTUNES; i++) {
		life_misfortune(life);
		life_pass(life, life_choose(life, 40 * 60000));
	}
	life_recover(life);
	life_pass(life, 3 * HOUR);
	assert_int_equal(life->w.guard.in_state[FSM_UP], life->w.guard.n_sessions);
	lifepath_end(life);
	assert_int_equal(life->w.guard.in_state[FSM_UP], life->w.guard.n_sessions);
	life->sum.events += life->w.events;
	life->sum.lives++;
	*sum = life->sum;
	surveyor_close(&life->paths.surveyor);
	world_clear(&life->w);
	free(life);
}
