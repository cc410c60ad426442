/* SPDX-License-Identifier: ISC */
#ifndef KAGUARD_POLICY_LADDER_H
#define KAGUARD_POLICY_LADDER_H

/*
 * After how long does a path forget an idle session? Many sessions are left idle, each is probed
 * once, at its own age. Two more are kept fresh: what they do not outlive either is no firewall's
 * idle timeout. Here is decided who is opened and probed when; the owner does it, and tells what
 * came of it.
 *
 * The first death ends the search upwards: the sessions that wait for higher ages, and those that
 * have lived and are idle again, are then probed between the highest age that lived and the lowest
 * that did not. They have waited for that already, so it costs hardly more time.
 */

#include <stdbool.h>
#include <stdint.h>

#include "policy/evidence.h"

#define LADDER_MIN_MS	       1000
#define LADDER_MAX_MS	       86400000
#define LADDER_MIN_CONNECTIONS 3
#define LADDER_MAX_CONNECTIONS 500
#define LADDER_MIN_PRECISION   5   /* permille */
#define LADDER_MAX_PRECISION   250 /* permille */

/* A session is dead that so many probes, a second apart, get no answer from. */
#define LADDER_TRIES	5
#define LADDER_RETRY_MS 1000

struct ladder;

struct ladder_wish {
	int64_t min_ms, max_ms; /* where the idle timeout may be */
	int precision_permille; /* how wide the bracket may be in the end */
	unsigned connections;	/* at one time, and how many may be opened in all: */
	unsigned opens;
	unsigned opens_per_second;
};

enum ladder_action {
	LADDER_WAIT,	 /* until `until_ms`, or until there is something to tell */
	LADDER_OPEN,	 /* connect a new session, the next in number: from 0 */
	LADDER_PROBE,	 /* probe a session now */
	LADDER_DROP,	 /* close a session that is dead: nothing more comes of it */
	LADDER_FINISHED, /* nothing more to do: close all */
};

struct ladder_step {
	enum ladder_action action;
	unsigned session;
	int64_t until_ms;
};

/* What is known so far. */
struct ladder_view {
	enum evidence_verdict verdict;
	enum evidence_confidence confidence;
	bool finished, complete; /* complete: found, as exactly as was asked for */
	bool precise;		 /* at least the bracket is as narrow as that */
	int64_t lives_ms;	 /* 0: no session has lived */
	int64_t dead_ms;	 /* 0: no session has died of its age */
	int64_t firewall_ms; /* what to declare: a common value in the bracket, or its lower end */
	bool common;	     /* it is a common value */
	unsigned opened, refused, alive, dead, scattered; /* sessions; controls are no part */
	unsigned stirred; /* times that a packet came by itself on an idle session */
	int64_t left_ms;  /* until it will have ended, at the latest as things are */
};

/* The wish is within the bounds above, and min < max. 0, or -ENOMEM. */
int ladder_new(const struct ladder_wish *wish, int64_t now_ms, struct ladder **ret);
void ladder_free(struct ladder *ladder);

/* What to do now. Call it again after each step, until it says to wait. */
struct ladder_step ladder_next(struct ladder *ladder, int64_t now_ms);

/* A session that was to be opened is, or could not be. */
void ladder_opened(struct ladder *ladder, unsigned session, int64_t now_ms);
void ladder_refused(struct ladder *ladder, unsigned session, int64_t now_ms);

/* A session's peer has acknowledged something; `data`: it has sent something by itself. */
void ladder_answered(struct ladder *ladder, unsigned session, int64_t now_ms);
void ladder_data(struct ladder *ladder, unsigned session, int64_t now_ms);

/*
 * Something has come in on a session that did not ask for it, at some moment: it is younger than it
 * was taken for.
 */
void ladder_stirred(struct ladder *ladder, unsigned session);

/* A session has ended: by FIN, or by a reset. */
void ladder_closed(struct ladder *ladder, unsigned session, int64_t now_ms);
void ladder_reset(struct ladder *ladder, unsigned session, int64_t now_ms);

/* Stop here: ladder_next() says LADDER_FINISHED from now on. */
void ladder_stop(struct ladder *ladder);

struct ladder_view ladder_view(const struct ladder *ladder, int64_t now_ms);

#endif
