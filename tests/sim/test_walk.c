/* SPDX-License-Identifier: ISC */

/*
 * Reloads while somebody goes through the sessions: who is there all the time is met once, nobody
 * twice. A failing run is one number: KAGUARD_SEED.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/peer.h"
#include "daemon/walk.h"
#include "world.h"

#define MOST_SESSIONS 20
#define MOST_PEERS    1000

/* What was seen of each peer, by its id: how many sessions it had at least all the time. */
struct witness {
	unsigned least[MOST_PEERS];
	unsigned met[MOST_PEERS][MOST_SESSIONS];
};

static uint64_t
seed(void)
{
	const char *given = getenv("KAGUARD_SEED");

	return given != NULL ? strtoull(given, NULL, 0) : 20261122;
}

static void
begin(struct witness *witness, const struct world *w)
{
	memset(witness, 0, sizeof(*witness));
	for (size_t i = 0; i < w->guard.n_peers; i++)
		witness->least[w->guard.peers[i]->id] = w->guard.peers[i]->n_sessions;
}

/* After a reload: who has fewer sessions, or is no more. */
static void
update(struct witness *witness, const struct world *w)
{
	unsigned now[MOST_PEERS] = {0};

	for (size_t i = 0; i < w->guard.n_peers; i++)
		now[w->guard.peers[i]->id] = w->guard.peers[i]->n_sessions;
	for (size_t i = 0; i < MOST_PEERS; i++)
		if (now[i] < witness->least[i])
			witness->least[i] = now[i];
}

static void
check(const struct witness *witness)
{
	for (size_t i = 0; i < MOST_PEERS; i++)
		for (unsigned j = 0; j < MOST_SESSIONS; j++) {
			assert_true(witness->met[i][j] <= 1);
			assert_true(j >= witness->least[i] || witness->met[i][j] == 1);
		}
}

static void
sessions_are_met_once(void **state)
{
	static struct witness witness;
	static struct world w;
	struct session *s;
	struct walk walk;

	(void)state;
	print_message("KAGUARD_SEED=%llu\n", (unsigned long long)seed());
	world_init(&w, seed());
	for (int round = 0; round < 100; round++) {
		w.events = 1;
		world_configure(&w, MOST_SESSIONS);
		begin(&witness, &w);
		walk_begin(&walk, &w.guard);
		while ((s = walk_session(&walk)) != NULL) {
			witness.met[s->peer->id][s->index]++;
			if (simnet_random(&w.sim) % 16 == 0) {
				world_configure(&w, MOST_SESSIONS);
				update(&witness, &w);
			}
		}
		assert_null(walk_session(&walk));
		check(&witness);
		assert_true(w.guard.peers_made < MOST_PEERS);
	}
	world_clear(&w);
}

static void
peers_are_met_by_name(void **state)
{
	static const char *const names[] = {"d", "nobody", "a", "d"};
	static struct world w;
	struct walk walk;
	char met[8] = "";
	struct peer *peer;

	(void)state;
	world_init(&w, seed());
	world_configure(&w, 3);
	walk_begin_some(&walk, &w.guard, names, 4);
	while ((peer = walk_peer(&walk)) != NULL)
		strcat(met, peer->config->name);
	assert_string_equal(met, "dad");
	walk_begin_some(&walk, &w.guard, names, 0);
	assert_null(walk_peer(&walk));
	world_clear(&w);
}

/* The one whose turn it would be is gone, by name or by age. */
static void
who_is_gone_is_not_met(void **state)
{
	static const char *const names[] = {"a", "b", "c"};
	static struct world w;
	struct walk all, some;
	struct guard_changes changes;

	(void)state;
	world_init(&w, seed());
	world_configure(&w, 3);
	walk_begin(&all, &w.guard);
	walk_begin_some(&some, &w.guard, names, 3);
	assert_string_equal(walk_peer(&all)->config->name, "a");
	assert_string_equal(walk_peer(&some)->config->name, "a");
	w.config[1 - w.current] = w.config[w.current];
	w.config[1 - w.current].peers = &w.peers[w.current][2];
	w.config[1 - w.current].n_peers = HOSTS - 2;
	assert_int_equal(guard_configure(&w.guard, &w.config[1 - w.current], &changes), 0);
	assert_int_equal(changes.removed, 2);
	assert_string_equal(walk_peer(&all)->config->name, "c");
	assert_string_equal(walk_peer(&some)->config->name, "c");
	assert_null(walk_peer(&some));
	world_clear(&w);
}

/* Those with no session as well; each peer once more behind its last session. */
static void
peers_are_met_with_their_sessions(void **state)
{
	static const char *const names[] = {"b", "a"};
	static struct world w;
	struct config_peer *next;
	struct guard_changes changes;
	struct session *s;
	struct walk walk;
	struct peer *peer;
	char met[64] = "";

	(void)state;
	world_init(&w, seed());
	world_configure(&w, 2);
	next = memcpy(w.peers[1 - w.current], w.peers[w.current], sizeof(w.peers[0]));
	next[0].sessions = 2;
	next[1].sessions = 0;
	w.config[1 - w.current] = (struct config){.peers = next, .n_peers = HOSTS};
	assert_int_equal(guard_configure(&w.guard, &w.config[1 - w.current], &changes), 0);
	walk_begin_some(&walk, &w.guard, names, 2);
	while ((peer = walk_both(&walk, &s)) != NULL)
		sprintf(met + strlen(met), "%s%s ", peer->config->name, s != NULL ? "+" : ".");
	assert_string_equal(met, "b. a+ a+ a. ");
	world_clear(&w);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(peers_are_met_with_their_sessions),
	    cmocka_unit_test(sessions_are_met_once),
	    cmocka_unit_test(peers_are_met_by_name),
	    cmocka_unit_test(who_is_gone_is_not_met),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
