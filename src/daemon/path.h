/* SPDX-License-Identifier: ISC */
#ifndef KAGUARD_DAEMON_PATH_H
#define KAGUARD_DAEMON_PATH_H

/*
 * The path to a peer whose firewall is to be measured: in which network it begins, what is known of
 * it there, and what that means for the peer's plan. daemon/surveyor does the measuring.
 */

#include <stdbool.h>
#include <stdint.h>

#include "net/gateway.h"
#include "policy/ladder.h"
#include "policy/survey.h"

struct guard;
struct peer;
struct session;
struct survey_job;

struct path {
	struct survey survey;	    /* in that network; by the guard's clock */
	char network[GATEWAY_NAME]; /* "": none is known; before `known`: the last one */
	bool known;		    /* sessions were seen to begin there */
	int64_t looked_ms;	    /* when that was last seen */
	int64_t since_ms;	    /* since when it is so, as far as is known */
	unsigned interrupted;	    /* measurements in a row that came to no end */
	int64_t not_before_ms;	    /* for reasons of its own the surveyor does not begin sooner */
	struct survey_job *job;	    /* NULL: it is not being measured */
	uint32_t random;
};

/* Have a path, or none, as the configuration has it. 0, or -ENOMEM. */
int path_configure(struct peer *peer);
void path_free(struct peer *peer);

/* The idle timeout to plan for, before what deaths have taught: measured, or declared. */
int64_t path_firewall_ms(const struct peer *peer);

/* A session of the peer has come up, or is held anew: where does the path begin? */
void path_look(struct peer *peer, const struct session *session);

/* The configuration has changed: the same, of any session that is up. */
void path_look_again(struct peer *peer);

/* The network has changed: sessions may live on, and yet their path begins elsewhere. */
void path_look_around(struct guard *guard);

/* When it is to be measured, INT64_MAX: not as things are. */
int64_t path_due_ms(const struct peer *peer);

/* It was. */
struct path_measurement {
	struct ladder_view view;
	int64_t took_ms;
	int error; /* why not even one session could be opened; 0: one could */
};
void path_measured(struct peer *peer, const struct path_measurement *measurement);

/* A session was forgotten after so much idleness. */
void path_forgot(struct peer *peer, int64_t idle_ms);

/* Likewise, perhaps; and it was noticed then. */
void path_lost(struct peer *peer, int64_t idle_ms, int64_t noticed_ms);

#endif
