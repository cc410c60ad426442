/* SPDX-License-Identifier: ISC */

/* What befalls a life, at random. */

#include "lifeworld.h"

#include <errno.h>

#include "daemon/peer.h"

#define CHATTER 20

uint32_t
life_choose(struct lifeworld *life, uint32_t n)
{
	return simnet_random(&life->w.sim) % n;
}

static void
fill(struct lifeworld *life, struct config_peer *peer, unsigned i)
{
	int64_t declared_ms = life->lies_ms[i];

	world_fill_peer(peer, i, 1 + life_choose(life, LIFE_SESSIONS));
	peer->wish.firewall_ms = declared_ms != 0 ? declared_ms : life->w.hosts[i].forgets_ms;
	peer->wish.detect_ms = (10 + 10 * life_choose(life, 2)) * MINUTE;
	peer->wish.lost_probes = 1 + (int)life_choose(life, 2);
	if (i % 3 == 0)
		lifeheart_configure(life, peer);
	if (i % 2 == 1)
		lifepath_configure(life, peer);
	assert_int_equal(plan_make(&peer->wish, &peer->plan, NULL), 0);
}

/* Another configuration: peers go and come, have more sessions and fewer, are declared otherwise.
 */
void
life_configure(struct lifeworld *life)
{
	struct world *w = &life->w;
	unsigned next = 1 - w->current, n = 0;
	struct guard_changes changes;

	for (unsigned i = 0; i < HOSTS; i++)
		if (w->events == 0 || life_choose(life, 16) != 0)
			fill(life, &w->peers[next][n++], i);
	w->config[next] = (struct config){.peers = w->peers[next], .n_peers = n};
	lifeheart_changed(life);
	assert_int_equal(guard_configure(&w->guard, &w->config[next], &changes), 0);
	w->current = next;
	guard_pump(&w->guard);
	life_note_plans(life);
}

static void
cut(struct lifeworld *life, struct simhost *host)
{
	host->down = true;
	/* What lies between two may be too short for a probe. */
	if (host->up_ms == 0 || life->w.sim.now_ms - host->up_ms > HOUR)
		host->down_ms = life->w.sim.now_ms;
	life_pass(life, 1 + life_choose(life, 4 * 60000));
	host->down = false;
	host->up_ms = life->w.sim.now_ms;
}

/* The peer says a thing or two that nobody has asked for. */
static void
chat(struct lifeworld *life, struct simhost *host)
{
	for (int i = 0; i < CHATTER; i++) {
		simnet_say(&life->w.sim, host, "PON, PING and news");
		life_pass(life, life_choose(life, 60000));
	}
}

static void
kill_all(struct lifeworld *life, struct simhost *host)
{
	static const int errors[] = {0, ECONNRESET, ETIMEDOUT, EHOSTUNREACH, ENETDOWN};
	int error = errors[life_choose(life, 5)];

	simnet_kill(&life->w.sim, host, error, life_choose(life, 20000));
}

/* Flushed; one in three has a backup that was a little behind. */
static void
flush(struct lifeworld *life, struct simhost *host)
{
	unsigned one_in = 1 + life_choose(life, 3);

	simnet_forget(&life->w.sim, host, one_in);
	lifepath_forget(life, host, one_in);
}

static void
fall_ill(struct lifeworld *life, struct simhost *host)
{
	host->mode = (enum simhost_mode)life_choose(life, SIMHOST_MODES);
}

static void
restart(struct lifeworld *life, struct simhost *host)
{
	host->restarted_ms = life->w.sim.now_ms;
}

static void
run_short(struct lifeworld *life, struct simhost *host)
{
	(void)host;
	life->w.sim.max_sockets = life_choose(life, 2) ? 30 : UINT32_MAX;
}

static void
probe_all(struct lifeworld *life, struct simhost *host)
{
	(void)host;
	guard_probe_all(&life->w.guard);
}

static void
reload(struct lifeworld *life, struct simhost *host)
{
	(void)host;
	life_configure(life);
}

/* Nothing, for once: what was ill recovers. */
static void
relent(struct lifeworld *life, struct simhost *host)
{
	host->mode = SIMHOST_TAKES;
	lifeheart_recover(host);
	life->w.sim.max_sockets = UINT32_MAX;
}

void
life_misfortune(struct lifeworld *life)
{
	static void (*const all[])(struct lifeworld * life, struct simhost * host) = {fall_ill,
	    kill_all, run_short, flush, restart, probe_all, reload, cut, cut, lifeheart_ail, chat,
	    lifepath_change};
	struct simhost *host = &life->w.hosts[life_choose(life, HOSTS)];
	unsigned i = life_choose(life, 20);

	(i < sizeof(all) / sizeof(all[0]) ? all[i] : relent)(life, host);
}

void
life_recover(struct lifeworld *life)
{
	for (unsigned i = 0; i < HOSTS; i++) {
		life->w.hosts[i].loss_permille = 0;
		relent(life, &life->w.hosts[i]);
	}
}
