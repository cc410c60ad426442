/* SPDX-License-Identifier: ISC */
#ifndef KAGUARD_DAEMON_METRICS_H
#define KAGUARD_DAEMON_METRICS_H

/*
 * What those who watch a fleet want to know of a peer's sessions, or of those to all peers: sums,
 * and the worst figure of each kind. Never one of each session, of which there may be too many to
 * be kept for months.
 */

#include <stdint.h>

#include "daemon/forward.h"
#include "policy/fsm.h"
#include "policy/summary.h"

struct guard;
struct json_t;
struct peer;
struct session;

struct metrics {
	unsigned in_state[FSM_N_STATES]; /* sessions; those that are suspect are not up */
	unsigned suspect;
	int64_t idle_ms, rtt_us, probes; /* the largest; -1: there is none */
	int64_t firewall_ms, learnt_ms;	 /* the smallest; -1 likewise */
	int64_t probes_allowed;		 /* likewise */
	struct forward_counts clients;
	unsigned deaf; /* tunnels that cannot listen */
	bool has_clients;
};

void metrics_begin(struct metrics *metrics);

void metrics_add_session(struct metrics *metrics, const struct session *session);
void metrics_add_peer(struct metrics *metrics, const struct peer *peer);

/* What was counted of peers that are no more, where it is not in the guard's counts. */
void metrics_add_gone(struct metrics *metrics, const struct guard *guard);

/* With what has happened meanwhile; peer NULL: to those of all. NULL where there is no memory. */
struct json_t *metrics_json(
    const struct metrics *metrics, const char *peer, const struct summary_counts *counts);

#endif
