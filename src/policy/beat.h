/* SPDX-License-Identifier: ISC */
#ifndef KAGUARD_POLICY_BEAT_H
#define KAGUARD_POLICY_BEAT_H

/*
 * When a session's heartbeat is due, and what it means that there is no answer. A session of which
 * data was seen has no need of one, so a beat comes at most `every` after the last data, and as
 * much earlier as it takes to spread the beats of sessions that have something in common.
 */

#include <stdbool.h>
#include <stdint.h>

enum beat_state {
	BEAT_OFF,    /* no session, or no heartbeat */
	BEAT_FIRST,  /* the session has just come up: many may have at once */
	BEAT_REST,   /* until the next one */
	BEAT_SOON,   /* likewise, and how long it was quiet is not known */
	BEAT_ASKED,  /* one was sent, and is not answered */
	BEAT_ADRIFT, /* and it was sent again, or had not even arrived when its time was over */
};

struct beat_terms {
	int64_t every_ms;
	int64_t timeout_ms; /* at most every_ms */
};

/* Data that is no older than this makes a beat superfluous: half of `every`, 7/8, or 0. */
int64_t beat_least_ms(const struct beat_terms *terms, enum beat_state state);

/*
 * How long to wait for the next beat where the last data was quiet_ms ago: at least 1, and until
 * between beat_least_ms() and `every` after that data. Where that is over already, within half of
 * the timeout. `random` chooses.
 */
int64_t beat_wait_ms(
    const struct beat_terms *terms, enum beat_state state, int64_t quiet_ms, uint32_t random);

/* What to make of it when the timeout has passed. */
enum beat_verdict {
	BEAT_WAITS,	  /* it has not arrived, or may just have: as long again */
	BEAT_UNANSWERED,  /* the kernel has it and the application does not answer */
	BEAT_UNREACHABLE, /* it has not arrived, for as long as a death may go unnoticed */
};

/*
 * `in_flight`: the peer's kernel has not confirmed it. left_ms: until the plan has promised to
 * notice a silent death. Keepalive does not run while data is in flight, so whoever sent the data
 * keeps that promise.
 */
enum beat_verdict beat_judge(enum beat_state state, bool in_flight, int64_t left_ms);

#endif
