/* SPDX-License-Identifier: ISC */
#include "policy/evidence.h"

#define RTT_MS	     1000 /* what one spontaneous end may come later than another */
#define NEEDED	     3	  /* deaths at one age, and one more for each that was scattered, up to */
#define NEEDED_MORE  3
#define NEEDED_BLIND 1	 /* where a control has died of it, too, and no probe was lost */
#define PROMPT_MS    250 /* and the first of several later than the expiry */

int64_t
evidence_tolerance_ms(int64_t age_ms)
{
	return age_ms / 40 > RTT_MS ? age_ms / 40 : RTT_MS;
}

int64_t
evidence_probed_ms(int64_t age_ms)
{
	return age_ms / 40 > PROMPT_MS ? age_ms / 40 : PROMPT_MS;
}

bool
evidence_spontaneous(enum evidence_end end)
{
	return end == EVIDENCE_ABORT || end == EVIDENCE_CLOSE;
}

static int64_t
age_of(const struct evidence *evidence, const struct evidence_death *death)
{
	return evidence->blind ? death->data_ms : death->idle_ms;
}

void
evidence_lived(struct evidence *evidence, int64_t idle_ms, int64_t data_ms)
{
	evidence->lived++;
	if (idle_ms > evidence->lived_idle_ms)
		evidence->lived_idle_ms = idle_ms;
	if (data_ms > evidence->lived_data_ms)
		evidence->lived_data_ms = data_ms;
}

void
evidence_died(struct evidence *evidence, const struct evidence_death *death)
{
	evidence->death[evidence->deaths++] = *death;
}

void
evidence_control_died(struct evidence *evidence, int64_t alive_ms, int64_t dead_ms)
{
	unsigned i = evidence->controls_dead++ % EVIDENCE_CONTROLS;

	evidence->control[i].alive_ms = alive_ms;
	evidence->control[i].dead_ms = dead_ms;
}

static enum evidence_end
most_of(const struct evidence *evidence, int64_t low_ms, int64_t high_ms)
{
	unsigned count[EVIDENCE_CLOSE + 1] = {0};
	enum evidence_end most = EVIDENCE_SILENT;

	for (unsigned i = 0; i < evidence->deaths; i++) {
		const struct evidence_death *death = &evidence->death[i];

		if (age_of(evidence, death) >= low_ms && age_of(evidence, death) <= high_ms)
			count[death->end]++;
	}
	for (unsigned end = 0; end <= EVIDENCE_CLOSE; end++)
		if (count[end] > count[most])
			most = (enum evidence_end)end;
	return most;
}

struct evidence_bracket
evidence_bracket(const struct evidence *evidence)
{
	struct evidence_bracket b = {
	    .low_ms = evidence->blind ? evidence->lived_data_ms : evidence->lived_idle_ms};
	int64_t tolerance;

	for (unsigned i = 0; i < evidence->deaths; i++) {
		int64_t age = age_of(evidence, &evidence->death[i]);

		if (age <= b.low_ms)
			b.scattered++;
		else if (b.high_ms == 0 || age < b.high_ms)
			b.high_ms = age;
	}
	b.needed = (evidence->blind && !evidence->lossy ? NEEDED_BLIND : NEEDED) +
		   (b.scattered < NEEDED_MORE ? b.scattered : NEEDED_MORE);
	if (b.high_ms == 0)
		return b;
	tolerance = evidence_tolerance_ms(b.high_ms);
	for (unsigned i = 0; i < evidence->deaths; i++) {
		const struct evidence_death *death = &evidence->death[i];
		int64_t above = age_of(evidence, death) - b.high_ms;

		b.support += above >= 0 && above <= (evidence_spontaneous(death->end)
							    ? tolerance
							    : evidence_probed_ms(b.high_ms));
	}
	b.end = most_of(evidence, b.high_ms, b.high_ms + tolerance);
	/* An end that comes by itself comes at the expiry, and not when we ask. */
	tolerance = b.high_ms / 100 > PROMPT_MS ? b.high_ms / 100 : PROMPT_MS;
	if (evidence_spontaneous(b.end) && b.high_ms - tolerance > b.low_ms)
		b.low_ms = b.high_ms - tolerance;
	return b;
}

bool
evidence_refuted(const struct evidence *evidence)
{
	return evidence->deaths > 0 && evidence_bracket(evidence).high_ms == 0;
}

void
evidence_reconsider(struct evidence *evidence, int64_t eldest_ms, unsigned controls)
{
	struct evidence by_data = *evidence;
	struct evidence_bracket b;
	unsigned alike = 0;

	by_data.blind = true;
	b = evidence_bracket(&by_data);
	if (b.high_ms == 0 || evidence->deaths < 2 || b.scattered * 4 > evidence->deaths)
		return;
	for (unsigned i = 0; i < EVIDENCE_CONTROLS && i < evidence->controls_dead; i++) {
		int64_t tolerance = evidence_tolerance_ms(b.high_ms);

		alike += evidence->control[i].alive_ms <= b.high_ms + tolerance &&
			 evidence->control[i].dead_ms + tolerance >= b.low_ms &&
			 eldest_ms < evidence->control[i].alive_ms;
	}
	if (alike >= controls)
		evidence->blind = true;
}

bool
evidence_control_outlived(const struct evidence *evidence, const struct evidence_bracket *bracket)
{
	int64_t margin =
	    evidence_spontaneous(bracket->end) ? evidence_tolerance_ms(bracket->high_ms) : 0;

	return evidence->control_ms >= bracket->high_ms + margin;
}

enum evidence_verdict
evidence_verdict(const struct evidence *evidence, int64_t max_ms)
{
	struct evidence_bracket b = evidence_bracket(evidence);

	if (b.high_ms == 0)
		return b.low_ms >= max_ms ? EVIDENCE_NO_EXPIRY : EVIDENCE_NOTHING;
	if (evidence->blind)
		return evidence_spontaneous(b.end) ? EVIDENCE_PEER_CLOSES : EVIDENCE_BLIND;
	switch (b.end) {
	case EVIDENCE_SILENT:
		return EVIDENCE_FORGETS;
	case EVIDENCE_RESET:
		return EVIDENCE_RESETS;
	case EVIDENCE_ABORT:
	case EVIDENCE_CLOSE:
		break;
	}
	return EVIDENCE_RESETS_BOTH;
}

enum evidence_confidence
evidence_confidence(const struct evidence *evidence, bool precise)
{
	struct evidence_bracket b = evidence_bracket(evidence);
	bool sure = b.high_ms == 0 || evidence->blind || evidence_control_outlived(evidence, &b);

	if (!precise || (b.high_ms != 0 && b.support < b.needed) ||
	    b.scattered * 4 > evidence->lived + evidence->deaths)
		return EVIDENCE_LOW;
	return b.scattered > 0 || !sure ? EVIDENCE_MEDIUM : EVIDENCE_HIGH;
}

const char *
evidence_verdict_name(enum evidence_verdict verdict)
{
	switch (verdict) {
	case EVIDENCE_NOTHING:
		return "unknown";
	case EVIDENCE_NO_EXPIRY:
		return "no_expiry";
	case EVIDENCE_FORGETS:
		return "drops_silently";
	case EVIDENCE_RESETS:
		return "resets";
	case EVIDENCE_RESETS_BOTH:
		return "resets_both_ends";
	case EVIDENCE_PEER_CLOSES:
		return "peer_closes";
	case EVIDENCE_BLIND:
		return "ignores_keepalive";
	case EVIDENCE_PATH_LOST:
		return "path_lost";
	case EVIDENCE_UPSET:
		return "upset";
	}
	return "?";
}

const char *
evidence_confidence_name(enum evidence_confidence confidence)
{
	switch (confidence) {
	case EVIDENCE_LOW:
		return "low";
	case EVIDENCE_MEDIUM:
		return "medium";
	case EVIDENCE_HIGH:
		return "high";
	}
	return "?";
}
