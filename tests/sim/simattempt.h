/* SPDX-License-Identifier: ISC */
#ifndef KAGUARD_TESTS_SIMATTEMPT_H
#define KAGUARD_TESTS_SIMATTEMPT_H

/* A conn as the simulation knows it: for the files of the simulation only. */

#include <stdbool.h>
#include <stdint.h>

#include "net/conn.h"
#include "net/tcpinfo.h"
#include "simnet.h"

/* Data on a session: it arrives when it can, and the host's application may answer. */
struct simtalk {
	uint64_t event;	    /* the one that is valid; 0: none */
	int64_t data_ms;    /* when data was last seen */
	int64_t heard_ms;   /* and any proof of life */
	int64_t sent_ms;    /* the oldest of what is unacked, or the last; when that arrived, */
	int64_t arrived_ms; /* where it has */
	unsigned tries;	    /* in vain, of what is unacked, or of its answer: */
	unsigned replies;
	unsigned resent; /* ever */
	bool unacked;	 /* the host does not have it yet */
	/* for the test: */
	int64_t asked_ms; /* the beat that has no answer was sent; -1: there is none */
	unsigned beats;	  /* since it is held */
};

/* The kernel's keepalive, and what has come of its probes since the last answer. */
struct simkeep {
	uint64_t event; /* the one that is valid; 0: none */
	struct keepalive values;
	bool demanded;	    /* a probe was, and has no answer yet */
	unsigned probes;    /* unanswered */
	unsigned by_chance; /* of these: lost on a path that is fine */
	unsigned missed;    /* in a row that did not reach the firewall */
	bool cut;	    /* the path was down for one of these */
	bool mute;	    /* the host was, for one of the unanswered */
};

/* What the live net keeps an attempt in, the simulated one keeps all it knows of a conn in. */
struct attempt {
	struct conn *conn;
	struct simhost *host;
	uint64_t timer, news; /* the event that is valid; 0: none */
	struct conn_news next;
	struct simtalk talk;
	struct simkeep keep;
	int64_t since_ms; /* connected */
	int64_t entry_ms; /* the firewall's entry was last refreshed */
	bool held, socket;
	bool forgotten; /* on the way: nothing of it arrives any more */
	unsigned index; /* in sim->all */
};

/* This news comes after that time, in place of any other. */
void simattempt_tell(struct attempt *attempt, int64_t delay_ms, enum conn_event what, int error);

/* The kernel's keepalive, where the host's path has a firewall: there are other values; its timer
 * has fired; a probe is to be sent now. */
void simkeep_tune(struct simnet *sim, struct attempt *attempt, const struct keepalive *keepalive);
void simkeep_event(struct simnet *sim, struct attempt *attempt);
void simkeep_demand(struct simnet *sim, struct attempt *attempt, const struct keepalive *keepalive);

/* The host has given a sign of life. */
void simkeep_heard(struct simnet *sim, struct attempt *attempt);

/* The kernel has had no answer for long enough. */
void simattempt_give_up(struct simnet *sim, struct attempt *attempt);

/* What came, for the daemon if it is listening; NULL is nothing. */
void simattempt_read(struct simnet *sim, struct attempt *attempt, const char *data);

/* Its end is on the way to the daemon. */
bool simattempt_ends(const struct attempt *attempt);

/* A packet on a session of ours: what comes of it. */
enum simwall_end {
	SIMWALL_ANSWERED,
	SIMWALL_LOST,
	SIMWALL_RESET
};
enum simwall_end simwall_send(struct simnet *sim, struct attempt *attempt);

/* One of the host's, unasked: true where it arrives. */
bool simwall_receive(struct simnet *sim, struct attempt *attempt);

void simtalk_begin(struct attempt *attempt, int64_t now_ms);
void simtalk_send(struct simnet *sim, struct attempt *attempt);

/* Its event has come. What the application says, or NULL. */
const char *simtalk_event(struct simnet *sim, struct attempt *attempt);

/* The application says something unasked. What of it arrives, or NULL. */
const char *simtalk_hear(struct simnet *sim, struct attempt *attempt, const char *data);

void simtalk_facts(const struct attempt *attempt, int64_t now_ms, struct tcp_facts *facts);

#endif
