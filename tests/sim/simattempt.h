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
	uint64_t event;	  /* the one that is valid; 0: none */
	int64_t data_ms;  /* when data was last seen */
	int64_t heard_ms; /* and any proof of life */
	bool unacked;	  /* the host does not have it yet */
};

/* What the live net keeps an attempt in, the simulated one keeps all it knows of a conn in. */
struct attempt {
	struct conn *conn;
	struct simhost *host;
	uint64_t timer, news; /* the event that is valid; 0: none */
	struct conn_news next;
	struct simtalk talk;
	uint64_t keep;	      /* the next probe of its keepalive; 0: none */
	int64_t keep_idle_ms; /* after that much idleness */
	bool held, socket;
	bool forgotten; /* on the way: nothing of it arrives any more */
	unsigned index; /* in sim->all */
};

/* This news comes after that time, in place of any other. */
void simattempt_tell(struct attempt *attempt, int64_t delay_ms, enum conn_event what, int error);

/* The kernel's keepalive, where the host's path has a firewall: the idle time is another; a probe
 * is due. */
void simkeep_tune(struct simnet *sim, struct attempt *attempt, int64_t idle_ms);
void simkeep_event(struct simnet *sim, struct attempt *attempt);

void simtalk_begin(struct attempt *attempt, int64_t now_ms);
void simtalk_send(struct simnet *sim, struct attempt *attempt);

/* Its event has come. What the application says, or NULL. */
const char *simtalk_event(struct simnet *sim, struct attempt *attempt);

void simtalk_facts(const struct attempt *attempt, int64_t now_ms, struct tcp_facts *facts);

#endif
