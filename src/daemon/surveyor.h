/* SPDX-License-Identifier: ISC */
#ifndef KAGUARD_DAEMON_SURVEYOR_H
#define KAGUARD_DAEMON_SURVEYOR_H

/*
 * Measures the paths to those peers whose firewall is `auto`: a few at a time, each with few
 * connections, and only while the peer is there. What to do with it is the business of daemon/path.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "net/address.h"
#include "net/loop.h"
#include "net/measure.h"
#include "policy/diagnosis.h"
#include "policy/ladder.h"
#include "policy/survey.h"

struct guard;
struct peer;
struct session;
struct surveyor;

/* A measurement. */
struct survey_job {
	struct surveyor *surveyor;
	struct peer *peer; /* NULL: none is under way here */
	union address remote;
	int64_t begun_ms;
	struct ladder_wish wish;
	bool over; /* it has ended, and: */
	struct ladder_view view;
	int error; /* why not even one session could be opened; 0: one could */
	struct measure measure;
};

/* What the surveyor needs of the world, so that a test can be it. */
struct surveyor_ops {
	/* The name of the network that the session's path begins in. 0, or negative errno. */
	int (*network)(
	    struct surveyor *surveyor, const struct session *session, char *buf, size_t size);
	/* Measure job->remote as job->wish says: surveyor_ended() is called once. 0 or negative
	 * errno. */
	int (*begin)(struct survey_job *job);
	/* Close all that is open; the call does not come any more. */
	void (*end)(struct survey_job *job);
	/* Call surveyor_run() after so long, in place of what was asked for before. */
	void (*wake)(struct surveyor *surveyor, int64_t delay_ms);
};

struct surveyor {
	struct guard *guard;
	const struct surveyor_ops *ops;
	struct loop *loop;
	struct wake wake;
	int64_t wake_ms; /* when it is woken, by the guard's clock; INT64_MAX: not at all */
	int64_t next_ms; /* no measurement begins sooner */
	struct survey_job jobs[SURVEY_AT_ONCE];
};

/* With the live network; guard->surveyor is set. 0, or -ENOMEM. */
int surveyor_open(struct surveyor *surveyor, struct loop *loop, struct guard *guard);

/* The same, with another one. */
void surveyor_init(struct surveyor *surveyor, const struct surveyor_ops *ops, struct guard *guard);

/* All zero is fine. */
void surveyor_close(struct surveyor *surveyor);

/* Something is to be begun then, if not sooner; INT64_MAX: nothing. */
void surveyor_due(struct surveyor *surveyor, int64_t at_ms);

/* Do what is due. */
void surveyor_run(struct surveyor *surveyor);

/* job->view and job->error are set; not from within begin(). */
void surveyor_ended(struct survey_job *job);

/* An attempt to open a session of that peer has failed. It is not there, or has no room for more,
 * and what is measured meanwhile is worth nothing; or this host is short of something, and then all
 * measurements are in the way of what they are for. They begin anew, later each time. */
void surveyor_give_way(struct peer *peer, enum reason reason);

/* The path of that peer is of no interest any more, if it is being measured. */
void surveyor_cancel(struct peer *peer);

#endif
