/* SPDX-License-Identifier: ISC */
#ifndef KAGUARD_CTL_ROWS_H
#define KAGUARD_CTL_ROWS_H

/* Sessions as rows of a table: read from JSON, sorted with trouble first, put into columns. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ctl/grid.h"

struct json_t;

/* What is worst comes first. */
enum row_state {
	ROW_BACKOFF,
	ROW_CONNECTING,
	ROW_RESOLVING,
	ROW_IDLE,
	ROW_SUSPECT,
	ROW_UP,
	ROW_STATES
};

struct row {
	const char *peer, *remote, *reason; /* of the JSON */
	int64_t session, age_ms, idle_ms, probes, allowed, rtt_us, rtt_age_ms, next_ms, retry_ms;
	int64_t reconnects;
	enum row_state state;
	size_t order; /* as it came */
};

struct rows {
	struct json_t *document; /* what the texts belong to */
	struct row *list;
	size_t n;
	size_t total, up; /* of all sessions, whatever is shown */
};

extern const struct grid_source rows_source;

/*
 * The document, which is taken over in every case, to rows of the sessions that are in one of these
 * states (bits); 0: in any. 0, -ENOMEM, or -EPROTO: it is none.
 */
int rows_read(struct json_t *document, unsigned states, struct rows *ret);
void rows_clear(struct rows *rows);

/* How all sessions of the daemon are, in a line of its own. */
const char *rows_summary(const struct rows *rows);

/* The bits of a list such as "backoff,idle" or "down"; 0: there is a word in it that is no state.
 */
unsigned rows_states(const char *list);

#endif
