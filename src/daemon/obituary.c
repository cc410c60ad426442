/* SPDX-License-Identifier: ISC */
#include "daemon/obituary.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "daemon/heart.h"
#include "daemon/peer.h"
#include "policy/timespan.h"
#include "policy/words.h"

static void
add_span(char *text, size_t size, const char *before, int64_t ms)
{
	char span[TIMESPAN_MAX];

	words_add(text, size, "%s%s", before, timespan_brief(ms, span, sizeof(span)));
}

/* A peer's clock ticks in seconds, mostly: 20s rather than 20s 40ms. */
static int64_t
whole_seconds(int64_t ms)
{
	return ms >= 1000 ? (ms + 500) / 1000 * 1000 : ms;
}

static void
add_habit(char *text, size_t size, const struct report_death *what)
{
	const char *ends = what->reason == REASON_CLOSED ? "closes" : "resets";

	if (what->cause == CAUSE_ENDS_IDLE) {
		words_add(text, size,
		    "; the peer itself (or a proxy before it) %s idle sessions after ", ends);
		add_span(text, size, "", whole_seconds(what->habit_ms));
		words_add(text, size, "; keepalive cannot prevent that, a heartbeat may");
	} else if (what->cause == CAUSE_ENDS_OLD) {
		words_add(text, size,
		    "; the peer itself (or a proxy before it) %s sessions at the age of ", ends);
		add_span(text, size, "", whole_seconds(what->habit_ms));
		words_add(text, size, ", idle or not; nothing can prevent that");
	}
}

/* What the kernel saw, where it does not show yet who is behind it. */
static void
add_silence(char *text, size_t size, const struct death *death)
{
	bool reset = diagnosis_was_reset(death);

	if (death->data_lost)
		words_add(text, size, "data was not acknowledged");
	else if (reset)
		words_add(text, size, "a probe was answered by a reset");
	else
		words_add(text, size, "%d probe%s unanswered", death->probes,
		    death->probes == 1 ? "" : "s");
	if (!reset && death->error != ETIMEDOUT)
		words_add(text, size, " (%s)", strerror(death->error));
	if (death->idle_ms >= 0) {
		add_span(text, size, ", last sign of life ", death->idle_ms);
		words_add(text, size, " ago");
	}
	words_add(text, size, "; the next attempt will tell whether the firewall or the peer");
}

void
obituary_add_end(char *text, size_t size, const struct session *s, const struct report_death *what)
{
	char heart[192];

	switch (what->reason) {
	case REASON_CLOSED:
		words_add(text, size, "closed by the peer");
		break;
	case REASON_RESET:
		words_add(text, size, "reset by the peer");
		break;
	case REASON_PENDING:
		add_silence(text, size, &what->death);
		break;
	case REASON_HEARTBEAT:
		words_add(text, size, "%s", heart_verdict(s, heart, sizeof(heart)));
		break;
	case REASON_LOCAL:
		words_add(text, size, "our side: %s",
		    what->death.error == EADDRNOTAVAIL ? "its own address has left this host"
						       : strerror(what->death.error));
		break;
	case REASON_NONE:
	case REASON_EXPIRED:
	case REASON_UNREACHABLE:
	case REASON_REFUSED:
	case REASON_TIMED_OUT:
	case REASON_UNRESOLVED:
	case REASON_COUNT:
		words_add(text, size, "%s", strerror(what->death.error));
		break;
	}
	add_habit(text, size, what);
}

/* After how little idleness, if that is known. */
static void
add_forgotten(char *text, size_t size, const struct session *s)
{
	if (s->diagnosis.forgotten_ms >= 0)
		add_span(text, size, " within ", s->diagnosis.forgotten_ms);
	if (s->diagnosis.forgotten_ms >= 0)
		words_add(text, size, " of idleness");
}

static void
add_expired(char *text, size_t size, const struct session *s)
{
	const struct config_peer *config = s->peer->config;
	char span[TIMESPAN_MAX];

	words_add(text, size, "; the firewall had forgotten it");
	add_forgotten(text, size, s);
	words_add(text, size, " (declared: %s", config->firewall);
	if (learn_in_force_ms(&s->peer->learn) != config->wish.firewall_ms)
		words_add(text, size, ", %s: %s",
		    learn_tighter_ms(&s->peer->learn) > 0 ? "learnt" : "measured",
		    timespan_written(learn_in_force_ms(&s->peer->learn), span, sizeof(span)));
	words_add(text, size, ")");
}

static void
add_not_for_idleness(char *text, size_t size, const struct session *s)
{
	int64_t planned_ms = 1000 * (int64_t)s->peer->plan.idle_s;

	words_add(text, size, "; it was forgotten");
	add_forgotten(text, size, s);
	if (s->died.data_lost) { /* how idle it was before that is not known any more */
		words_add(text, size,
		    ": the firewall remembers for less, or was restarted or flushed, or the peer "
		    "was restarted, or the path lost the data");
		return;
	}
	words_add(text, size,
	    ", which %s: the firewall was restarted or flushed, or the peer was%s",
	    s->died.survived_ms >= planned_ms ? "it had survived before" : "is not the reason",
	    !diagnosis_was_reset(&s->died) ? ", or the path lost the probes" : "");
}

void
obituary_add_verdict(char *text, size_t size, const struct session *s)
{
	switch (s->diagnosis.cause) {
	case CAUSE_NONE:
		if (s->diagnosis.reason != REASON_EXPIRED)
			break;
		__attribute__((fallthrough));
	case CAUSE_IDLE:
		add_expired(text, size, s);
		break;
	case CAUSE_FLUSHED:
		words_add(text, size,
		    "; the firewall had forgotten it, and sessions of other peers at that time: it "
		    "was restarted or flushed, idleness is not the reason");
		break;
	case CAUSE_FORGOTTEN:
		add_not_for_idleness(text, size, s);
		break;
	case CAUSE_SUSPENDED:
		words_add(text, size, "; it was forgotten while this machine was suspended");
		break;
	case CAUSE_RESTARTED:
		words_add(text, size, "; the peer %s: it was restarted",
		    diagnosis_was_reset(&s->died) ? "did not know it any more"
						  : "was silent, and does not listen yet");
		break;
	case CAUSE_INTERRUPTED:
		words_add(text, size,
		    "; the path was interrupted: the first packet of the new session was lost, "
		    "too");
		break;
	case CAUSE_NETWORK:
		words_add(text, size, "; the network of this machine had changed meanwhile");
		break;
	case CAUSE_ENDS_IDLE:
	case CAUSE_ENDS_OLD:
	case CAUSE_COUNT:
		break;
	}
}

static void
add_number(char extra[OBITUARY_EXTRA], const char *field, int64_t value)
{
	if (value >= 0)
		words_add(extra, OBITUARY_EXTRA, "%s%" PRId64 "\n", field, value);
}

static void
add_cause(char extra[OBITUARY_EXTRA], enum death_cause cause)
{
	if (cause != CAUSE_NONE)
		words_add(extra, OBITUARY_EXTRA, "KAGUARD_CAUSE=%s\n", diagnosis_cause_name(cause));
}

void
obituary_end_fields(char extra[OBITUARY_EXTRA], const struct report_death *what)
{
	extra[0] = '\0';
	add_cause(extra, what->cause);
	add_number(extra, "KAGUARD_AGE_MS=", what->death.age_ms);
	add_number(extra, "KAGUARD_QUIET_MS=", what->death.quiet_ms);
	add_number(extra, "KAGUARD_PROBES=", what->death.probes);
}

void
obituary_verdict_fields(char extra[OBITUARY_EXTRA], const struct session *s)
{
	extra[0] = '\0';
	add_cause(extra, s->diagnosis.cause);
	if (s->diagnosis.reason == REASON_EXPIRED) {
		add_number(extra, "KAGUARD_FORGOTTEN_MS=", s->diagnosis.forgotten_ms);
		add_number(extra, "KAGUARD_DECLARED_MS=", s->peer->learn.declared_ms);
	}
}

void
obituary_add_lesson(char *text, size_t size, const struct peer *peer, const struct lesson *lesson)
{
	const struct config_peer *config = peer->config;
	char span[TIMESPAN_MAX];

	words_add(text, size, "%s: sessions are forgotten within ", config->name);
	add_span(text, size, "", peer->learn.seen_ms);
	words_add(text, size, " of idleness, again and again, though the firewall was %s %s",
	    config->firewall_auto ? "taken to be" : "declared as",
	    config->firewall_auto ? timespan_written(peer->learn.declared_ms, span, sizeof(span))
				  : config->firewall);
	if (lesson == NULL) {
		words_add(text, size,
		    "; with the rest of keepalive: nothing tighter can be planned, so the plan "
		    "stays as it is");
		return;
	}
	timespan_written(lesson->firewall_ms, span, sizeof(span));
	words_add(text, size,
	    "; from now on it is taken to be %s: probe after %ds, then every %ds; put "
	    "\"firewall: %s\" into kaguard.yaml",
	    span, lesson->plan.idle_s, lesson->plan.interval_s, span);
}

void
obituary_lesson_fields(
    char extra[OBITUARY_EXTRA], const struct peer *peer, const struct lesson *lesson)
{
	extra[0] = '\0';
	add_number(extra, "KAGUARD_FORGOTTEN_MS=", peer->learn.seen_ms);
	add_number(extra, "KAGUARD_DECLARED_MS=", peer->learn.declared_ms);
	if (lesson != NULL)
		add_number(extra, "KAGUARD_LEARNT_MS=", lesson->firewall_ms);
}
