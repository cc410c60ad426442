/* SPDX-License-Identifier: ISC */
#include "daemon/autopsy.h"

#include <errno.h>

#include "daemon/guard.h"
#include "daemon/memory.h"
#include "daemon/path.h"
#include "daemon/peer.h"
#include "daemon/tally.h"
#include "daemon/tuner.h"

/* Few are asked, and looked at: the verdict is not worth a thousand probes. */
#define ASK_FELLOWS 2
#define ASK_PEERS   2
#define LOOK_AT	    16

/* Deaths of a peer that follow each other faster than this ask nobody again. */
#define ASK_EVERY_MS 5000

/* Whether the session has just now survived the idle time of its plan. */
static bool
survives(const struct session *s, const struct tcp_facts *facts)
{
	int64_t steady_ms = guard_now_ms(s->peer->guard) - s->steady_ms;

	return diagnosis_survives(1000 * (int64_t)s->peer->plan.idle_s,
	    facts->quiet_ms < steady_ms ? facts->quiet_ms : steady_ms, facts->idle_ms);
}

/* And remember it: a probe on demand, or other data, ends what can be told from the kernel's facts.
 */
static void
note_survival(struct session *s, const struct tcp_facts *facts)
{
	if (s->survived_s < s->peer->plan.idle_s && survives(s, facts))
		s->survived_s = (uint16_t)s->peer->plan.idle_s;
}

struct report_death
autopsy_look(struct session *s, int error)
{
	struct guard *guard = s->peer->guard;
	struct tcp_facts facts = {.idle_ms = -1, .quiet_ms = -1, .rtt_us = -1};
	int64_t now_ms = guard_now_ms(guard);
	struct death death = {.error = error, .age_ms = now_ms - s->since_ms};

	guard->ops->facts(&s->conn, &facts);
	death.probes = (int)facts.probes;
	death.data_lost = facts.data_in_flight;
	death.idle_ms = facts.idle_ms;
	death.quiet_ms = facts.quiet_ms;
	note_survival(s, &facts);
	death.survived_ms = s->steady_ms == INT64_MAX ? -1 : 1000 * (int64_t)s->survived_s;
	return (struct report_death){.death = death, .reason = diagnosis_of_death(&death)};
}

/* Whether its idleness, by the plan that was in force, cannot be the reason. */
static bool
not_idle(const struct session *s)
{
	const struct plan *plan = &s->peer->plan;
	int64_t idle_ms = 1000 * (int64_t)plan->idle_s;

	return diagnosis_probed_ms(&s->died, 1000 * (int64_t)plan->interval_s) < idle_ms * 9 / 10 ||
	       s->died.survived_ms >= idle_ms;
}

/* One more of those that the last event explains, or the first of another. */
static void
add_to_wreck(struct session *s)
{
	struct wreck *w = &s->peer->wreck;
	struct wreck this = {s->down_ms - s->died.idle_ms, s->down_ms, true, not_idle(s)};

	if (w->happened && this.alive_ms <= w->noticed_ms) {
		this.alive_ms = this.alive_ms > w->alive_ms ? this.alive_ms : w->alive_ms;
		this.noticed_ms = w->noticed_ms;
		this.not_idle |= w->not_idle;
	}
	*w = this;
}

/* A held session of the peer but this one, from that number on. NULL where none is found soon. */
static struct session *
held_but(const struct session *this, const struct peer *peer, unsigned from)
{
	for (unsigned i = 0; i < peer->n_sessions && i < LOOK_AT; i++) {
		struct session *s = peer->sessions[(from + i) % peer->n_sessions];

		if (s != this && session_state(s) == FSM_UP)
			return s;
	}
	return NULL;
}

/*
 * One that is asked already, or whose own probes go unanswered, will tell as it is. To be asked
 * anew would give it its time anew: it would be given up later than the plan promises, or never
 * while others die.
 */
static void
ask(struct session *s)
{
	if (s->probing)
		return;
	tuner_look(s);
	if (s->probes == 0)
		tuner_probe(s);
}

/* Have a few others probed at once: whether they live says what this one died of. */
static void
ask_around(const struct session *s)
{
	struct peer *peer = s->peer;
	struct guard *guard = peer->guard;
	int64_t now_ms = guard_now_ms(guard);
	struct session *fellow = NULL;
	unsigned asked = 0;

	if (peer->asked_ms != 0 && now_ms - peer->asked_ms < ASK_EVERY_MS)
		return;
	peer->asked_ms = now_ms;
	for (unsigned i = 0, from = s->index + 1; i < ASK_FELLOWS; i++, from = fellow->index + 1) {
		struct session *next = held_but(s, peer, from);

		if (next == NULL || next == fellow)
			break;
		fellow = next;
		ask(fellow);
	}
	/* Silence of one peer says nothing about others, and they are spared the probes. */
	if (!diagnosis_was_reset(&s->died))
		return;
	for (size_t i = 0; i < guard->n_peers && i < LOOK_AT && asked < ASK_PEERS; i++) {
		struct peer *other = guard->peers[i];
		struct session *held = other != peer ? held_but(s, other, 0) : NULL;

		if (held == NULL)
			continue;
		ask(held);
		asked++;
	}
}

void
autopsy_lost(struct session *s, struct report_death *what)
{
	struct peer *peer = s->peer;
	struct habit_end end = {
	    guard_now_ms(peer->guard), what->death.quiet_ms, what->death.age_ms};

	s->died = what->death;
	s->diagnosis = (struct diagnosis){what->reason, CAUSE_NONE, -1};
	s->unsettled = what->reason == REASON_PENDING;
	s->diagnosis_news = false;
	if (what->reason == REASON_CLOSED || what->reason == REASON_RESET) {
		what->cause = habit_ended(&peer->habit, what->reason, &end, &what->habit_ms);
		s->diagnosis.cause = what->cause;
		memory_learnt(peer->guard->memory);
	}
	if (!s->unsettled) {
		tally_death(peer, what->reason);
		return;
	}
	/* set_state() has not been there yet. */
	s->down_ms = end.at_ms;
	add_to_wreck(s);
	ask_around(s);
}

/* True where the session was up by that moment, and has given a sign of life since. One that came
 * up later shows only that the peer is there. */
static bool
survived(struct session *s, int64_t at_ms)
{
	struct guard *guard = s->peer->guard;
	struct tcp_facts facts;

	return session_state(s) == FSM_UP && s->since_ms < at_ms &&
	       guard->ops->facts(&s->conn, &facts) == 0 && facts.idle_ms >= 0 &&
	       facts.idle_ms < guard_now_ms(guard) - at_ms;
}

static unsigned
fellows_alive(const struct session *s, int64_t at_ms)
{
	const struct peer *peer = s->peer;
	unsigned alive = 0;

	for (unsigned i = 1; i < peer->n_sessions && i <= LOOK_AT; i++)
		alive += survived(peer->sessions[(s->index + i) % peer->n_sessions], at_ms);
	return alive;
}

/* Whether the losses of the other peer may have come of what this session met. */
static bool
shares_wreck(const struct session *s, const struct peer *other)
{
	const struct wreck *w = &other->wreck;

	return w->happened && w->alive_ms <= s->down_ms &&
	       w->noticed_ms >= s->down_ms - s->died.idle_ms;
}

static void
look_at_others(const struct session *s, int64_t at_ms, struct scene *scene)
{
	struct guard *guard = s->peer->guard;
	unsigned looks = 0;

	for (size_t i = 0; i < guard->n_peers; i++) {
		const struct peer *other = guard->peers[i];
		struct session *held;

		if (other == s->peer)
			continue;
		if (shares_wreck(s, other)) {
			scene->others_lost++;
			continue;
		}
		held = looks++ < LOOK_AT ? held_but(s, other, 0) : NULL;
		scene->others_alive += held != NULL && survived(held, at_ms);
	}
}

static struct scene
survey(const struct session *s, enum next_attempt next)
{
	const struct peer *peer = s->peer;
	const struct guard *guard = peer->guard;
	int64_t alive_ms = s->down_ms - (s->died.idle_ms > 0 ? s->died.idle_ms : 0);
	/* What happened had happened by then. */
	int64_t by_ms = shares_wreck(s, peer) ? peer->wreck.noticed_ms : s->down_ms;
	struct scene scene = {.next = next,
	    .idle_plan_ms = 1000 * (int64_t)peer->plan.idle_s,
	    .interval_plan_ms = 1000 * (int64_t)peer->plan.interval_s,
	    .not_idle_lost = peer->wreck.not_idle && shares_wreck(s, peer),
	    .network_changed = guard->network_changed_ms > alive_ms,
	    .suspended = guard->resumed_ms > alive_ms};

	/* Where there is no way to the peer, others do not matter; and many may be lost by then. */
	if (next == NEXT_UP) {
		scene.fellows_alive = fellows_alive(s, by_ms);
		/* The answer of one that was heard of a moment ago may not be there yet: probes on
		 * demand take a second then. The odds are nine to one that it was heard of after
		 * what happened. */
		look_at_others(s, by_ms - scene.idle_plan_ms / 10, &scene);
	}
	return scene;
}

/* The session's idleness explains its death: see what that teaches, and do so. */
static void
study(const struct session *s)
{
	struct peer *peer = s->peer;
	const struct learn_death death = {
	    s->down_ms - s->died.idle_ms, s->down_ms, s->diagnosis.forgotten_ms};
	struct plan_wish wish = peer->config->wish;
	struct lesson lesson;
	int r;

	wish.rtt_ms = peer->plan_rtt_ms;
	learn_expired(&peer->learn, &death);
	r = learn_judge(&peer->learn, &wish, &lesson);
	if (r > 0)
		peer_take_plan(peer, &lesson.plan);
	if (r != 0)
		report_lesson(peer, &lesson, r > 0);
	path_forgot(peer, death.idle_ms);
	memory_learnt(peer->guard->memory);
}

/* By a firewall, for its idleness, if it was not what seems more likely. */
static bool
may_be_forgotten(enum death_cause cause)
{
	return cause == CAUSE_FORGOTTEN || cause == CAUSE_FLUSHED || cause == CAUSE_RESTARTED;
}

void
autopsy_settle(struct session *s, enum next_attempt next)
{
	struct scene scene;

	if (!s->unsettled)
		return;
	s->unsettled = false;
	scene = survey(s, next);
	diagnosis_settle(&s->died, &scene, &s->diagnosis);
	s->diagnosis_news = true;
	s->reason = (uint8_t)s->diagnosis.reason;
	tally_death(s->peer, s->diagnosis.reason);
	if (s->diagnosis.cause == CAUSE_IDLE)
		study(s);
	else if (next == NEXT_UP && may_be_forgotten(s->diagnosis.cause))
		path_lost(s->peer, s->died.idle_ms, s->down_ms);
}

void
autopsy_saw(struct session *s, const struct tcp_facts *facts)
{
	struct peer *peer = s->peer;

	note_survival(s, facts);
	if (peer->learn.n > 0 && survives(s, facts))
		learn_survived(&peer->learn, guard_now_ms(peer->guard) - facts->idle_ms,
		    1000 * (int64_t)plan_jitter_idle_s(&peer->plan, (uint32_t)s->jitter << 16));
}
