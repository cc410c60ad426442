/* SPDX-License-Identifier: ISC */
#ifndef KAGUARD_DAEMON_PLANVIEW_H
#define KAGUARD_DAEMON_PLANVIEW_H

/* A plan as JSON: in kaguard --plan --json, and on the control socket. */

#include <stdint.h>

#include "policy/expect.h"

struct config_heartbeat;
struct config_peer;
struct json_t;
struct plan;
struct survey;

struct planview {
	const struct config_peer *peer;
	const struct plan *plan; /* in force */
	int64_t learnt_ms;	 /* the firewall's idle timeout as it was learnt; 0: it was not */
	const struct survey *survey; /* NULL: the firewall was declared. Times count from now. */
};

/* Bytes that are all escaped, in quotes, and how that ends. */
#define PLANVIEW_BYTES (4 * EXPECT_MAX + 8)

/* What a heartbeat sends or expects, escaped as in the configuration. */
void planview_bytes(const char *bytes, size_t len, char ret_text[PLANVIEW_BYTES]);

/* NULL where there is no memory. */
struct json_t *planview_json(const struct planview *view);

#endif
