/* SPDX-License-Identifier: ISC */

/*
 * A measurement to which anything may happen at any moment. It must end, open no more sessions than
 * it may, and never know that an age is dead at which sessions live.
 */

#include <assert.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include "fuzz.h"
#include "policy/ladder.h"

#define MOST_STEPS 2000000

enum {
	UNKNOWN,
	OPENING,
	OPEN,
	PROBED,
	ENDED
};

struct world {
	const uint8_t *data;
	size_t left;
	struct ladder_wish wish;
	struct ladder *ladder;
	uint8_t *sessions;
	unsigned opened;
	int64_t now_ms;
	uint8_t nature; /* what becomes of all when the data is used up */
};

static uint8_t
next_byte(struct world *world)
{
	if (world->left == 0)
		return world->nature;
	world->left--;
	return *world->data++;
}

static unsigned
count(const struct world *world)
{
	unsigned n = 0;

	for (unsigned i = 0; i < world->opened; i++)
		n += world->sessions[i] != ENDED;
	return n;
}

static void
opening(struct world *world, unsigned i, uint8_t what)
{
	if (what & 1) {
		world->sessions[i] = OPEN;
		ladder_opened(world->ladder, i, world->now_ms);
	} else {
		world->sessions[i] = ENDED;
		ladder_refused(world->ladder, i, world->now_ms);
	}
}

/* Something becomes of a session, whether it is in a state for it or not. */
static void
happen(struct world *world, unsigned i, uint8_t what)
{
	if (world->sessions[i] == OPENING) {
		opening(world, i, what);
		return;
	}
	switch (what & 7) {
	case 0:
		ladder_closed(world->ladder, i, world->now_ms);
		world->sessions[i] = ENDED;
		break;
	case 1:
	case 2:
		ladder_reset(world->ladder, i, world->now_ms);
		world->sessions[i] = ENDED;
		break;
	case 3:
		ladder_data(world->ladder, i, world->now_ms);
		break;
	default:
		ladder_answered(world->ladder, i, world->now_ms);
		world->sessions[i] = world->sessions[i] == PROBED ? OPEN : world->sessions[i];
		break;
	}
}

static void
check(struct world *world)
{
	struct ladder_view view = ladder_view(world->ladder, world->now_ms);

	assert(view.lives_ms >= 0 && (view.dead_ms == 0 || view.dead_ms > view.lives_ms));
	assert(view.left_ms >= 0 && view.firewall_ms >= 0);
	assert(view.dead_ms == 0 || view.firewall_ms <= view.dead_ms);
	assert(view.scattered <= view.dead && view.alive <= world->wish.connections);
}

static void
wait(struct world *world, int64_t until_ms)
{
	uint8_t what = next_byte(world);

	assert(until_ms > world->now_ms && until_ms != INT64_MAX);
	if (world->left == 0 && (world->nature & 0x80) == 0) {
		/* Whoever is asked answers, and whoever is to be opened is. */
		for (unsigned i = 0; i < world->opened; i++)
			if (world->sessions[i] == OPENING || world->sessions[i] == PROBED)
				happen(world, i, 7);
	}
	if (what < 0x40 || world->opened == 0 || world->left == 0) {
		world->now_ms = until_ms;
		return;
	}
	world->now_ms += (until_ms - world->now_ms) * (what & 3) / 4;
	happen(world, next_byte(world) % world->opened, what >> 2);
	check(world);
}

static void
run(struct world *world)
{
	for (unsigned steps = 0;; steps++) {
		struct ladder_step step = ladder_next(world->ladder, world->now_ms);

		assert(steps < MOST_STEPS);
		switch (step.action) {
		case LADDER_WAIT:
			wait(world, step.until_ms);
			break;
		case LADDER_OPEN:
			assert(step.session == world->opened && world->opened < world->wish.opens);
			world->sessions[world->opened++] = OPENING;
			assert(count(world) <= world->wish.connections);
			break;
		case LADDER_PROBE:
			assert(world->sessions[step.session] == OPEN ||
			       world->sessions[step.session] == PROBED);
			world->sessions[step.session] = PROBED;
			break;
		case LADDER_DROP:
			assert(world->sessions[step.session] != ENDED);
			world->sessions[step.session] = ENDED;
			break;
		case LADDER_FINISHED:
			return;
		}
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct world world = {.data = data + 5, .left = size - 5};

	if (size < 5)
		return 0;
	world.wish = (struct ladder_wish){
	    .min_ms = 1000 + data[0] * 20,
	    .max_ms = 8000 + data[1] * 1000,
	    .precision_permille = 5 + data[2] % 246,
	    .connections = LADDER_MIN_CONNECTIONS + data[3] % 62,
	    .opens_per_second = 10,
	};
	world.wish.opens = world.wish.connections * (1 + data[4] % 3);
	world.nature = data[4];
	world.sessions = calloc(world.wish.opens, 1);
	assert(world.sessions != NULL && ladder_new(&world.wish, 0, &world.ladder) == 0);
	run(&world);
	check(&world);
	ladder_free(world.ladder);
	free(world.sessions);
	return 0;
}
