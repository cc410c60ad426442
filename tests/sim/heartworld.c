/* SPDX-License-Identifier: ISC */
#include "heartworld.h"

#include <stdio.h>

#include "daemon/peer.h"

static char ping[] = "PING\r\n", pong[] = "PONG";
static uint16_t borders[4];

struct config_heartbeat heartworld_terms = {
    .send = ping,
    .send_len = 6,
    .expect = {.bytes = pong, .borders = borders, .len = 4},
    .terms = {.every_ms = EVERY_MS, .timeout_ms = TIMEOUT_MS},
};
char heartworld_last_lost[256];

static void
note_lost(struct report *report, enum message message, int priority,
    const struct journal_fields *fields, const char *text)
{
	(void)report;
	(void)priority;
	(void)fields;
	if (message == MESSAGE_SESSION_LOST)
		snprintf(heartworld_last_lost, sizeof(heartworld_last_lost), "%s", text);
}

struct guard_changes
heartworld_configure(struct world *w, struct config_heartbeat *heartbeat, unsigned sessions)
{
	unsigned next = 1 - w->current;
	struct guard_changes changes;

	world_fill_peer(&w->peers[next][0], 0, sessions);
	w->peers[next][0].heartbeat = heartbeat;
	w->config[next] = (struct config){.peers = w->peers[next], .n_peers = 1};
	assert_int_equal(guard_configure(&w->guard, &w->config[next], &changes), 0);
	w->current = next;
	guard_pump(&w->guard);
	return changes;
}

void
heartworld_init(struct world *w)
{
	expect_borders(pong, 4, borders);
	world_init(w, 42);
	w->guard.report.say = note_lost;
}

void
heartworld_begin(struct world *w, unsigned sessions, const char *answer)
{
	heartworld_init(w);
	w->hosts[0].answer = answer;
	heartworld_configure(w, &heartworld_terms, sessions);
	while (w->guard.in_state[FSM_UP] < sessions)
		assert_true(world_step(w, EVERY_MS / 2));
	heartworld_last_lost[0] = '\0';
}
