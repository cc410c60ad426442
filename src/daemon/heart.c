/* SPDX-License-Identifier: ISC */
#include "daemon/heart.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "daemon/guard.h"
#include "daemon/peer.h"
#include "daemon/tally.h"
#include "policy/beat.h"
#include "policy/timespan.h"

/* Beats within the same tenth of a second wake the daemon once. */
#define GRID_MS 100

/* Handled in one go: some 2 ms. */
#define SLICE 256

/* For so long, whatever was promised, a beat may be on its way. */
#define GRACE_MS 1000

/* After this, what found no room for itself is tried again. */
#define NO_ROOM_MS 100

struct beat {
	struct agenda_item item;
	struct session *session;
	int64_t until_ms;  /* the application has time for its answer */
	uint32_t answered; /* bytes received since it was sent */
	uint32_t resent;   /* segments of the session by then that were sent again */
	uint16_t matched;  /* of what is expected, by the last of them */
	uint16_t sent;	   /* bytes of one that found no room for all of them */
	uint8_t state;	   /* enum beat_state */
	bool proven;	   /* one was answered in this life */
};

struct heart {
	unsigned n;
	struct beat beats[]; /* by the index of the session */
};

static struct beat *
beat_of(const struct session *s)
{
	struct heart *heart = s->peer->heart;

	return heart != NULL && s->index < heart->n ? &heart->beats[s->index] : NULL;
}

/* Sent, and not answered. */
static bool
is_awaited(const struct beat *b)
{
	return b->state == BEAT_ASKED || b->state == BEAT_ADRIFT;
}

static const struct config_heartbeat *
terms_of(const struct session *s)
{
	return s->peer->config->heartbeat;
}

int
heart_resize(struct peer *peer, unsigned n)
{
	struct guard *guard = peer->guard;
	struct heart *heart;
	unsigned before = peer->heart != NULL ? peer->heart->n : 0;

	if (peer->config->heartbeat == NULL || n == 0) {
		heart_free(peer);
		return 0;
	}
	if (n == before)
		return 0;
	heart = calloc(1, sizeof(*heart) + n * sizeof(heart->beats[0]));
	if (heart == NULL || agenda_reserve(&guard->beats, guard->n_beats - before + n) < 0) {
		free(heart);
		return -ENOMEM;
	}
	heart->n = n;
	for (unsigned i = 0; i < before && i < n; i++) {
		heart->beats[i] = peer->heart->beats[i];
		agenda_moved(&guard->beats, &heart->beats[i].item);
	}
	free(peer->heart);
	peer->heart = heart;
	guard->n_beats = guard->n_beats - before + n;
	return 0;
}

void
heart_free(struct peer *peer)
{
	if (peer->heart == NULL)
		return;
	peer->guard->n_beats -= peer->heart->n;
	free(peer->heart);
	peer->heart = NULL;
}

int
heart_change(struct peer *peer)
{
	int r;

	for (unsigned i = 0; i < peer->n_sessions; i++)
		heart_end(peer->sessions[i]);
	heart_free(peer);
	r = heart_resize(peer, peer->n_sessions);
	for (unsigned i = 0; r == 0 && i < peer->n_sessions; i++)
		if (session_state(peer->sessions[i]) == FSM_UP)
			heart_begin(peer->sessions[i], true);
	return r;
}

static void
schedule(struct guard *guard, struct beat *b, int64_t due_ms)
{
	agenda_set(&guard->beats, &b->item, due_ms);
	if (agenda_first(&guard->beats) == &b->item)
		guard->beating(guard);
}

/* The next one is due as long after the last data as it is meant to be. */
static void
rest(struct beat *b, enum beat_state state, int64_t quiet_ms)
{
	struct session *s = b->session;
	struct guard *guard = s->peer->guard;
	int64_t now_ms = guard_now_ms(guard);
	uint32_t random = guard->ops->random(guard->net);
	int64_t due_ms = now_ms + beat_wait_ms(&terms_of(s)->terms, state, quiet_ms, random);
	int64_t rounded_ms = due_ms - due_ms % GRID_MS;

	b->state = (uint8_t)state;
	s->conn.listening = false;
	schedule(guard, b, rounded_ms > now_ms ? rounded_ms : due_ms);
}

void
heart_begin(struct session *s, bool adopted)
{
	struct guard *guard = s->peer->guard;
	struct beat *b = beat_of(s);
	struct tcp_facts facts = {0};

	if (b == NULL)
		return;
	guard->ops->facts(&s->conn, &facts);
	b->session = s;
	b->sent = 0;
	b->proven = adopted;
	rest(b, adopted ? BEAT_REST : BEAT_FIRST, adopted ? facts.quiet_ms : 0);
}

void
heart_end(struct session *s)
{
	struct beat *b = beat_of(s);

	if (b == NULL)
		return;
	agenda_remove(&s->peer->guard->beats, &b->item);
	b->state = BEAT_OFF;
	s->conn.listening = false;
}

void
heart_data(struct conn *conn, const char *data, size_t len)
{
	struct session *s = container_of(conn, struct session, conn);
	struct beat *b = beat_of(s);

	if (b == NULL || !is_awaited(b))
		return;
	b->answered += len < UINT32_MAX - b->answered ? (uint32_t)len : UINT32_MAX - b->answered;
	if (!expect_feed(&terms_of(s)->expect, &b->matched, data, len))
		return;
	b->proven = true;
	tally_answer(s->peer);
	rest(b, BEAT_REST, 0);
}

/* Until the plan has promised to notice a silent death. */
static int64_t
promised_ms(const struct session *s, const struct tcp_facts *facts)
{
	return s->peer->plan.detect_worst_ms - facts->idle_ms;
}

/* The application has its time from now on. Whether the beat has arrived is looked at before that,
 * where it is to be known sooner. */
static void
await(struct beat *b, int64_t known_in_ms)
{
	struct guard *guard = b->session->peer->guard;
	int64_t wait_ms = terms_of(b->session)->terms.timeout_ms;

	b->until_ms = guard_now_ms(guard) + wait_ms;
	schedule(guard, b, guard_now_ms(guard) + (known_in_ms < wait_ms ? known_in_ms : wait_ms));
}

/* The rest of it, where there was not room for all. */
static void
send_beat(struct beat *b, const struct tcp_facts *facts)
{
	struct session *s = b->session;
	struct guard *guard = s->peer->guard;
	const struct config_heartbeat *terms = terms_of(s);
	struct conn_news lost = {.what = CONN_LOST};
	int64_t left_ms = promised_ms(s, facts);
	int r = guard->ops->send(&s->conn, terms->send + b->sent, terms->send_len - b->sent);

	if (r < 0) {
		lost.error = -r;
		session_news(&s->conn, &lost);
		return;
	}
	b->sent = (uint16_t)(b->sent + r);
	if (b->sent < terms->send_len) {
		schedule(guard, b, guard_now_ms(guard) + NO_ROOM_MS);
		return;
	}
	b->sent = b->matched = 0;
	b->answered = 0;
	b->state = BEAT_ASKED;
	tally_beat(s->peer);
	b->resent = facts->resent;
	s->conn.listening = true;
	await(b, left_ms > GRACE_MS ? left_ms : GRACE_MS);
}

/* Unless data was seen meanwhile. */
static void
beat(struct beat *b)
{
	struct session *s = b->session;
	enum beat_state state = (enum beat_state)b->state;
	struct tcp_facts facts = {0};

	s->peer->guard->ops->facts(&s->conn, &facts);
	if (b->sent == 0 && facts.quiet_ms < beat_least_ms(&terms_of(s)->terms, state))
		rest(b, BEAT_REST, facts.quiet_ms);
	else
		send_beat(b, &facts);
}

/* It is unanswered still, as far as the kernel knows. */
static void
judge_silence(struct beat *b, const struct tcp_facts *facts)
{
	struct session *s = b->session;
	bool in_flight = facts->data_in_flight;
	int64_t left_ms = promised_ms(s, facts);

	switch (beat_judge((enum beat_state)b->state, in_flight, left_ms)) {
	case BEAT_WAITS:
		b->state = in_flight ? BEAT_ADRIFT : BEAT_ASKED;
		await(b, in_flight ? left_ms : INT64_MAX);
		break;
	case BEAT_UNANSWERED:
		session_lose(s, REASON_HEARTBEAT, 0);
		break;
	case BEAT_UNREACHABLE:
		session_lose(s, REASON_PENDING, ETIMEDOUT);
		break;
	}
}

/* The time for an answer has passed, or for a sign of life; it may lie there, if we were late
 * ourselves. */
static void
judge(struct beat *b)
{
	struct session *s = b->session;
	struct guard *guard = s->peer->guard;
	struct tcp_facts facts = {0};

	guard->ops->read(&s->conn);
	if (!is_awaited(b))
		return;
	guard->ops->facts(&s->conn, &facts);
	if (facts.resent != b->resent) /* it has come late, if it has */
		b->state = BEAT_ADRIFT;
	b->resent = facts.resent;
	if (b->state == BEAT_ASKED && !facts.data_in_flight && guard_now_ms(guard) < b->until_ms)
		schedule(guard, b, b->until_ms);
	else
		judge_silence(b, &facts);
}

int64_t
heart_due_ms(const struct guard *guard)
{
	const struct agenda_item *first = agenda_first(&guard->beats);

	return first != NULL ? first->due_ms : -1;
}

void
heart_run(struct guard *guard)
{
	int64_t now_ms = guard_now_ms(guard);

	for (int i = 0; i < SLICE; i++) {
		struct agenda_item *first = agenda_first(&guard->beats);
		struct beat *b;

		if (first == NULL || first->due_ms > now_ms)
			return;
		b = container_of(first, struct beat, item);
		if (is_awaited(b))
			judge(b);
		else
			beat(b);
	}
}

static void
for_each(struct guard *guard, void (*fn)(struct beat *b))
{
	for (size_t i = 0; i < guard->n_peers; i++) {
		struct heart *heart = guard->peers[i]->heart;

		for (unsigned j = 0; heart != NULL && j < heart->n; j++)
			if (heart->beats[j].state != BEAT_OFF)
				fn(&heart->beats[j]);
	}
}

static void
excuse(struct beat *b)
{
	if (is_awaited(b))
		await(b, INT64_MAX);
}

void
heart_excuse(struct guard *guard)
{
	for_each(guard, excuse);
}

static void
beat_soon(struct beat *b)
{
	if (!is_awaited(b) && b->sent == 0)
		rest(b, BEAT_SOON, terms_of(b->session)->terms.every_ms);
}

void
heart_awake(struct guard *guard)
{
	for_each(guard, beat_soon);
}

bool
heart_is_late(const struct session *s)
{
	const struct beat *b = beat_of(s);

	return b != NULL && is_awaited(b) &&
	       b->until_ms - guard_now_ms(s->peer->guard) < terms_of(s)->terms.timeout_ms / 2;
}

bool
heart_is_unproven(const struct session *s)
{
	const struct beat *b = beat_of(s);

	return b != NULL && !b->proven;
}

char *
heart_verdict(const struct session *s, char *buf, size_t size)
{
	const struct config_heartbeat *terms = terms_of(s);
	const struct beat *b = beat_of(s);
	char span[TIMESPAN_MAX], expected[64];

	timespan_text(terms->terms.timeout_ms, span, sizeof(span));
	if (b->answered == 0)
		snprintf(buf, size, "no answer to the heartbeat within %s", span);
	else
		snprintf(buf, size,
		    "the heartbeat was answered by %" PRIu32 " byte%s without %s within %s",
		    b->answered, b->answered == 1 ? "" : "s",
		    expect_text(&terms->expect, expected, sizeof(expected)), span);
	return buf;
}
