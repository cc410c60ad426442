/* SPDX-License-Identifier: ISC */
#include "net/prober.h"

#include <stddef.h>

#include "net/clock.h"
#include "net/tcpinfo.h"

/*
 * So many probes in each of so many milliseconds: 15,000 of them take 3 s, and some 5,000 short
 * packets a second are nothing to a firewall.
 */
#define BATCH	 128
#define BATCH_MS 25

/* When to look for the answer: most paths have brought it by then, and the kernel's timer, which
 * is one of ticks and waits for a socket that is in use (HZ/20), has sent the probe. */
#define FRESH_MS 100

/* And again, where there was none. Not sooner than an interval can end. */
#define SILENT_MS 1000

/* The ages that the kernel tells are in ticks, of 10 ms at HZ=100. */
#define TICK_MS 20

static void
enlist(struct probe *probe, struct probe_list *list)
{
	TAILQ_INSERT_TAIL(list, probe, entry);
	probe->list = list;
}

static void
delist(struct probe *probe)
{
	TAILQ_REMOVE(probe->list, probe, entry);
	probe->list = NULL;
}

static int64_t
sooner(int64_t at_ms, const struct probe_list *list)
{
	const struct probe *first = TAILQ_FIRST(list);

	return first != NULL && first->due_ms < at_ms ? first->due_ms : at_ms;
}

/* Each list is in the order of its due times, since they are as far ahead for all of it. */
static void
arm(struct prober *prober, int64_t now_ms)
{
	int64_t next_ms = TAILQ_EMPTY(&prober->waiting) ? INT64_MAX : prober->batch_ms;

	next_ms = sooner(sooner(next_ms, &prober->fresh), &prober->silent);
	if (next_ms == INT64_MAX)
		wake_disarm(&prober->wake);
	else
		wake_after(&prober->wake, next_ms > now_ms ? next_ms - now_ms : 0);
}

/* A socket that is dead, or cannot be asked, is told of by others. */
static void
ask(struct probe *probe, int64_t now_ms)
{
	struct tcp_facts facts;

	delist(probe);
	if (tcpinfo_read(probe->fd, &facts) < 0 || facts.dead)
		return;
	probe->idle_ms = facts.idle_ms;
	if (sockopt_probe(probe->fd, facts.idle_ms, &probe->keepalive) < 0)
		return;
	probe->asked_ms = now_ms;
	probe->due_ms = now_ms + FRESH_MS;
	enlist(probe, &probe->prober->fresh);
}

static void
look(struct probe *probe, int64_t now_ms)
{
	int64_t waited_ms = now_ms - probe->asked_ms;
	int64_t held_back_ms = probe->idle_ms < 1000 ? 1000 - probe->idle_ms : 0;
	int64_t answer_ms;
	struct tcp_facts facts;

	delist(probe);
	if (tcpinfo_read(probe->fd, &facts) < 0 || facts.dead)
		return;
	if (facts.idle_ms + TICK_MS >= probe->idle_ms + waited_ms) {
		probe->due_ms = now_ms + SILENT_MS;
		enlist(probe, &probe->prober->silent);
		return;
	}
	answer_ms = waited_ms - facts.idle_ms - held_back_ms;
	probe->answered(probe, answer_ms > 0 ? answer_ms : 0);
}

static void
look_at_due(struct probe_list *list, int64_t now_ms)
{
	struct probe *probe;

	while ((probe = TAILQ_FIRST(list)) != NULL && probe->due_ms <= now_ms)
		look(probe, now_ms);
}

static void
on_wake(struct wake *wake, unsigned what)
{
	struct prober *prober = container_of(wake, struct prober, wake);
	int64_t now_ms = clock_now_ms();
	struct probe *probe;

	(void)what;
	look_at_due(&prober->fresh, now_ms);
	look_at_due(&prober->silent, now_ms);
	if (now_ms >= prober->batch_ms && !TAILQ_EMPTY(&prober->waiting)) {
		prober->batch_ms = now_ms + BATCH_MS;
		for (int i = 0; i < BATCH && (probe = TAILQ_FIRST(&prober->waiting)) != NULL; i++)
			ask(probe, now_ms);
	}
	arm(prober, now_ms);
}

int
prober_init(struct prober *prober, struct loop *loop)
{
	TAILQ_INIT(&prober->waiting);
	TAILQ_INIT(&prober->fresh);
	TAILQ_INIT(&prober->silent);
	prober->batch_ms = 0;
	return wake_init(loop, &prober->wake, on_wake);
}

void
prober_clear(struct prober *prober)
{
	wake_clear(&prober->wake);
}

void
prober_start(struct prober *prober, struct probe *probe)
{
	probe->prober = prober;
	if (probe->list == &prober->waiting)
		return;
	prober_stop(probe);
	enlist(probe, &prober->waiting);
	arm(prober, clock_now_ms());
}

void
prober_stop(struct probe *probe)
{
	if (probe->list != NULL)
		delist(probe);
}
