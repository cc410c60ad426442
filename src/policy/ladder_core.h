/* SPDX-License-Identifier: ISC */
#ifndef KAGUARD_POLICY_LADDER_CORE_H
#define KAGUARD_POLICY_LADDER_CORE_H

/* What the files of policy/ladder share. */

#include "policy/ladder.h"
#include "policy/rungs.h"

enum rung_state {
	RUNG_OPENING,
	RUNG_IDLE,
	RUNG_PROBING,
	RUNG_DEAD, /* the owner is to close it */
	RUNG_GONE,
};

/* A session. */
struct rung {
	enum rung_state state;
	bool control;
	int64_t opened_ms, data_ms; /* since when the peer has sent nothing */
	int64_t idle_ms;	    /* since when no packet has come */
	int64_t target_ms;	    /* the age to be probed at; 0: free */
	int64_t asked_ms;	    /* the first of the probes that are out */
	int64_t again_ms;	    /* when to probe again, or to give it up */
	int64_t rtt_ms;		    /* of the last answer, or the handshake */
	unsigned tries;
	bool stirred;		 /* it may be younger than idle_ms says */
	bool overdue;		 /* asked often enough, but with no sign that the path is up */
	int64_t died_ms, met_ms; /* when it was given up; and what was not answered met its end */
};

/* Into the death of a control. */
struct inquest {
	int64_t alive_ms; /* when it was last heard of */
	int64_t age_ms;	  /* and how old it was then */
	int64_t asked_ms; /* when it did not answer any more */
	bool open;
};

struct ladder {
	struct ladder_wish wish;
	struct rungs explore, split; /* split: room for ladder_plan() */
	struct rung *rungs;
	unsigned opened; /* rungs in use */
	unsigned most;	 /* may be open at one time, as far as the peer lets us */
	unsigned controls;
	unsigned stirred;
	unsigned refused, refused_in_a_row;
	int64_t refused_ms;    /* the last was */
	unsigned opens_wanted; /* by the plan, and how many of these are under way: */
	unsigned opening;
	int64_t due_ms; /* when there is more to plan */
	struct evidence evidence;
	struct inquest inquest;
	int64_t rtt_ms;		   /* the longest */
	unsigned asked, again;	   /* probes that were answered at last: first ones, repetitions */
	int64_t start_ms, open_ms; /* open_ms: not before then */
	int64_t proof_ms;	   /* the last sign that the path is up */
	int64_t ended_ms;	   /* the last session that did so by itself */
	int64_t control_died_ms;   /* the last control did; or -1 */
	bool stale;		   /* the plan is */
	bool welcome;		   /* one was opened, so the peer is there */
	bool complete, finished, path_lost, upset;
};

/* The age that expires, and when it will have been so much. */
int64_t ladder_since_ms(const struct ladder *ladder, const struct rung *rung);

/* The age that the probes under way ask for: that of the firewall's entry, at most. */
int64_t ladder_asked_ms(const struct ladder *ladder, const struct rung *rung);

/* Give the sessions the ages that they are to be probed at, as the evidence asks for. */
void ladder_plan(struct ladder *ladder, int64_t now_ms);

/* The bracket is as narrow as was asked for. */
bool ladder_precise(const struct ladder *ladder, const struct evidence_bracket *bracket);

/* And it is believed. */
bool ladder_settled(const struct ladder *ladder, const struct evidence_bracket *bracket);

/* A session has ended. */
void ladder_died(struct ladder *ladder, struct rung *rung, enum evidence_end end, int64_t now_ms);

/* See whether it is a matter of age, if the death of the controls is explained. */
void ladder_reconsider(struct ladder *ladder, int64_t now_ms);

/* A control has died, or seems to; it was asked in vain since then. */
void ladder_inquest(struct ladder *ladder, const struct rung *control, int64_t asked_ms);

/* A session has answered what it was asked then. */
void ladder_testifies(struct ladder *ladder, const struct rung *rung, int64_t asked_ms);

/* Ask others what the control died of, if that is open; part of ladder_plan(). */
void ladder_inquire(struct ladder *ladder, int64_t now_ms);

/* A session is silent, and there is no sign of the path since it was first asked. */
bool ladder_in_doubt(const struct ladder *ladder);

/* A session is suspected to be dead that so many probes get no answer from. */
#define LADDER_SUSPECT 3

/* Sessions that are open or being opened. */
unsigned ladder_alive(const struct ladder *ladder);

/* Kept back from the search upwards, for the search between: one session in so many. */
#define LADDER_RESERVE_PART 5

/* The living controls, with those that are being opened. */
unsigned ladder_controls(const struct ladder *ladder);

#endif
