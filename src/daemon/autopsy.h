/* SPDX-License-Identifier: ISC */
#ifndef KAGUARD_DAEMON_AUTOPSY_H
#define KAGUARD_DAEMON_AUTOPSY_H

/*
 * Of what sessions die. Looks at the dead one and at others that may have met the same, asks a few
 * of them whether they live, and has the verdict when the next attempt has shown where the peer is.
 * What it teaches about the firewall is put in force at once.
 */

#include <stdbool.h>
#include <stdint.h>

#include "policy/diagnosis.h"

struct session;
struct tcp_facts;

/* Losses of a peer that one event may explain. All zero: there was none. */
struct wreck {
	int64_t alive_ms;   /* it was no earlier: the last of their last signs of life, */
	int64_t noticed_ms; /* and no later: the first of their ends */
	bool happened;
	bool not_idle; /* one of them had hardly been idle, or as long before: that was not it */
};

/* What a session went through. */
struct report_death {
	struct death death;
	enum reason reason;
	enum death_cause cause; /* a habit of the peer's */
	int64_t habit_ms;
};

/* A held session has just ended, its socket is still there: what was seen of it. */
struct report_death autopsy_look(struct session *session, int error);

/* It is lost, for what->reason: keep what will be needed, and see whether there is a habit. */
void autopsy_lost(struct session *session, struct report_death *what);

/* The next attempt has met that. Of a session whose death was pending, s->diagnosis is set. */
void autopsy_settle(struct session *session, enum next_attempt next);

/* A held session was looked at: where it has survived, that may contradict what others met. */
void autopsy_saw(struct session *session, const struct tcp_facts *facts);

#endif
