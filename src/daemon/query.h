/* SPDX-License-Identifier: ISC */
#ifndef KAGUARD_DAEMON_QUERY_H
#define KAGUARD_DAEMON_QUERY_H

/*
 * One call to the control socket while it is being answered, in steps of about a millisecond: what
 * is asked may be large, and the sessions do not wait for it.
 */

#include <stdbool.h>
#include <stdint.h>

#include "daemon/metrics.h"
#include "daemon/walk.h"
#include "host/control.h"
#include "host/varlink.h"
#include "net/loop.h"

struct json_t;
struct query;
struct service;

/* Peers that a call can name. */
#define QUERY_MAX_PEERS 64

/* What one step makes at most: of sessions, plans, events. */
#define QUERY_SLICE 96

enum query_step {
	QUERY_GOES_ON, /* there is more to say */
	QUERY_WAITS,   /* for `ready` */
	QUERY_ENDS
};

struct query_method {
	const char *name; /* with its interface */
	bool acts;	  /* changes something: not for everybody who may read */
	/* Looks at the parameters and prepares: 0, or -1 where an error was replied. May be NULL.
	 */
	int (*begin)(struct query *query, const struct json_t *parameters);
	/* NULL: begin() has replied. */
	enum query_step (*step)(struct query *query);
};

struct query {
	struct service *service;
	struct varlink *varlink;
	void (*ready)(struct query *query); /* of those who wait */
	struct control_caller caller;
	const struct query_method *method; /* NULL: no call is being answered */
	bool more;
	bool begun;
	struct json_t *head, *row;
	struct json_t *names; /* keeps what name points to */
	const char *name[QUERY_MAX_PEERS];
	size_t n_names;
	struct walk walk;
	uint64_t next_event;
	struct wake timer;	  /* for those who wait for some time */
	int64_t begun_ms, end_ms; /* by the guard's clock */
	bool acted;		  /* what was to be done is done; its result is to be told */
	unsigned n_sessions, n_closed;
	bool sum;		/* of all peers, rather than each */
	struct metrics metrics; /* of the peer with peer_id, so far */
	uint64_t peer_id;
};

/* A call has come. Its answer may be complete already: then query->method is NULL. */
void query_begin(struct query *query, const struct varlink_call *call);

/* The next piece of the answer. QUERY_ENDS: query->method is NULL. */
enum query_step query_step(struct query *query);

/* Give up what is under way. All zero is fine. */
void query_clear(struct query *query);

/* --- for the methods ------------------------------------------------------------------------- */

/*
 * Reads parameter `peers`, a list of names; absent or null: all. 0, or -1 with an error replied:
 * there is no such peer.
 */
int query_take_peers(struct query *query, const struct json_t *parameters);

/* As above, but the names are not to be absent. */
int query_take_some_peers(struct query *query, const struct json_t *parameters);

/* Whether it is one of the peers that were asked for. */
bool query_names(const struct query *query, const char *name);

/* Begin the walk over the peers that were asked for. */
void query_walk(struct query *query);

/* -1, and an error replied, where there are parameters beside the known ones (NULL ends them). */
int query_only(struct query *query, const struct json_t *parameters, const char *const known[]);

/*
 * A list made in steps: with `more` each is a reply of its own, without they are parts of one.
 * Returns what the step has to.
 */
void query_open_list(struct query *query, const char *name);
enum query_step query_close_list(struct query *query, bool ended);

extern const struct query_method query_status, query_plan, query_events, query_metrics;
extern const struct query_method query_forwards, query_probe, query_reconnect, query_reload;

#endif
