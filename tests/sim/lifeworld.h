/* SPDX-License-Identifier: ISC */
#ifndef KAGUARD_TESTS_LIFEWORLD_H
#define KAGUARD_TESTS_LIFEWORLD_H

/*
 * A world with firewalls that forget, lose, reset and are flushed, kernels whose timers are late,
 * peers that die in silence; and what kaguard promises of it, checked after every event:
 *
 * - the books: a session has one state, one timer, and the socket that it is to have;
 * - a firewall that forgets no sooner than is planned for forgets nobody, but where more probes
 * were lost in a row than the plan survives;
 * - nobody is given up whose path is fine, but where so many probes were lost; and no more of those
 *   than these odds say; nor is anybody for an outage shorter than was asked for;
 * - nobody is held who has been silent for longer than the plan's bound;
 * - a dead peer is tried by one session at a time, and no crowd begins at once;
 * - what is said in any second is bounded;
 * - of heartbeats and their applications, what stands in lifeheart.c; of firewalls that are
 *   measured, and change, what stands in lifepath.c.
 */

#include "daemon/surveyor.h"
#include "simpath.h"
#include "world.h"

#define LIFE_SESSIONS 60 /* to a host at most */

struct life_promise {
	int64_t detect_ms;  /* the plan's bound since anybody may have been heard last */
	int64_t changed_ms; /* of the plan: before that it was another */
	struct plan plan;
};

/* The firewalls that are measured, and what of them was seen. */
struct life_paths {
	struct surveyor surveyor;
	struct simpath_run *runs[SURVEY_AT_ONCE]; /* of its jobs; NULL: there is none */
	int64_t begun_ms;			  /* the last one; 0: none */
	int64_t concluded_ms[HOSTS];		  /* likewise */
	int64_t changed_ms[HOSTS];		  /* the firewall is another since then */
	int64_t found_ms[HOSTS];    /* the longest idleness that the last one saw survived, and: */
	int64_t proven_ms[HOSTS];   /* the last one of which something came, */
	int64_t measured_ms[HOSTS]; /* which was then */
	uint64_t expired[HOSTS];    /* sessions, of late */
};

/* What befell in all lives so far. */
struct life_sum {
	double hours;	 /* of sessions that were up */
	double expected; /* deaths by chance, at most, as the odds say */
	uint64_t by_chance, given_up, expired, events, lives;
	uint64_t beats, hung;	  /* sessions lost to a heartbeat */
	uint64_t measured, tests; /* measurements, and their sessions */
	unsigned most_lines;	  /* in a second */
	double slowest;		  /* detection, as a part of its bound */
};

struct lifeworld {
	struct world w;
	struct life_sum sum;
	struct life_promise promises[HOSTS];
	struct life_paths paths;
	int64_t lies_ms[HOSTS];	   /* declared; 0: as it is */
	int64_t beating_ms[HOSTS]; /* since when it has the heartbeat that it has, or none */
	int64_t dead_ms[HOSTS];	   /* since when nobody answers, as the daemon knows; -1 */
	uint64_t hung;		   /* sessions lost to a heartbeat, as was checked */
	int64_t slot_ms, second_ms;
	unsigned begun[HOSTS]; /* attempts until the slot began */
	unsigned said;	       /* until the second began */
};

/* One life, from the start to the end of that daemon; what befell is added to the sum. */
void life_run(uint64_t seed, struct life_sum *sum);

/* Its parts, lifeworld.c: time passes; a session was given up. */
void life_pass(struct lifeworld *life, int64_t ms);
void life_given_up(struct simnet *sim, struct conn *conn);
void life_note_plans(struct lifeworld *life);

/* lifefate.c: one of n; another configuration; something happens; all is well again. */
uint32_t life_choose(struct lifeworld *life, uint32_t n);
void life_configure(struct lifeworld *life);
void life_misfortune(struct lifeworld *life);
void life_recover(struct lifeworld *life);

/* lifeheart.c: heartbeats, and applications that answer them or do not. */
void lifeheart_begin(struct lifeworld *life);
void lifeheart_configure(struct lifeworld *life, struct config_peer *peer);
void lifeheart_changed(struct lifeworld *life);
void lifeheart_ail(struct lifeworld *life, struct simhost *host);
void lifeheart_recover(struct simhost *host);
void lifeheart_sent(struct simnet *sim, struct conn *conn);
void lifeheart_said(struct simnet *sim, struct conn *conn, const char *data);
void lifeheart_moved(struct guard *guard, struct session *session);
void lifeheart_check(const struct lifeworld *life, const struct session *session);

/* lifepath.c: firewalls that are measured. */
void lifepath_begin(struct lifeworld *life);
void lifepath_configure(struct lifeworld *life, struct config_peer *peer);
int64_t lifepath_timeout_ms(struct lifeworld *life);
void lifepath_change(struct lifeworld *life, struct simhost *host);
void lifepath_forget(struct lifeworld *life, const struct simhost *host, unsigned one_in);
void lifepath_tell(struct lifeworld *life);
int64_t lifepath_due_ms(const struct lifeworld *life);
void lifepath_run(struct lifeworld *life);
void lifepath_check_plan(struct lifeworld *life, const struct peer *peer);
void lifepath_check(const struct peer *peer);
void lifepath_expired(struct lifeworld *life, const struct session *session);
void lifepath_end(struct lifeworld *life);

#endif
