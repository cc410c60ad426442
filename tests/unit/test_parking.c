/* SPDX-License-Identifier: ISC */
#include "host/parking.h"

#include <errno.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>
#include <cmocka.h>

#include "host/shelf.h"
#include "keeping_manager.h"

/* A socket that can be recognised: the other end is kept, too. */
struct thing {
	int ours, theirs;
};

static struct thing
make_thing(void)
{
	int pair[2];

	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), 0);
	return (struct thing){pair[0], pair[1]};
}

static int
put(struct manager *m, uint32_t slot, const struct thing *thing)
{
	const struct parked parked = {.life = 1000 + slot, .slot = slot, .fd = thing->ours};

	return parking_put(m->parking, &parked);
}

static bool
is_same(int a, int b)
{
	struct stat x, y;

	return fstat(a, &x) == 0 && fstat(b, &y) == 0 && x.st_ino == y.st_ino;
}

static void
drop(struct thing *thing)
{
	close(thing->ours);
	close(thing->theirs);
}

static void
assert_found(const struct haul *haul, const struct thing *things, const bool *wanted, unsigned n)
{
	unsigned found = 0;

	for (unsigned i = 0; i < haul->n; i++) {
		uint32_t slot = haul->list[i].slot;

		assert_true(slot < n && wanted[slot]);
		assert_int_equal(haul->list[i].life, 1000 + slot);
		assert_true(is_same(haul->list[i].fd, things[slot].ours));
		found++;
	}
	for (unsigned i = 0; i < n; i++)
		found -= wanted[i];
	assert_int_equal(found, 0);
}

#define N 600

static void
put_many(struct manager *m, struct thing things[N], bool wanted[N])
{
	for (uint32_t i = 0; i < N; i++) {
		things[i] = make_thing();
		assert_int_equal(put(m, i, &things[i]), 0);
		wanted[i] = true;
	}
}

static void
what_is_parked_is_found_as_often_as_somebody_looks(void **state)
{
	struct manager *m = *state;
	static struct thing things[N];
	static bool wanted[N];
	struct haul haul;

	put_many(m, things, wanted);
	assert_int_equal(parking_shelves(m->parking), 3); /* 253, 253, 94 */
	manager_serve(m, 3);
	assert_true(manager_is_quiet(m)); /* of 600, three have cost a message */
	for (int again = 0; again < 3; again++) {
		haul = manager_next_daemon(m);
		assert_int_equal(haul.bad, 0);
		assert_found(&haul, things, wanted, N);
		haul_clear(&haul);
	}
	for (uint32_t i = 0; i < N; i++)
		drop(&things[i]);
}

/* Killed right after it was put, with a manager and a courier that have not got on since. */
static void
what_is_put_is_kept_from_that_instant(void **state)
{
	struct manager *m = *state;
	static struct thing things[N];
	static bool wanted[N];
	unsigned shelves = 0;

	assert_int_equal(parking_reserve(m->parking), 0);
	for (uint32_t i = 0; i < N; i++) {
		struct haul haul;

		for (; shelves < parking_shelves(m->parking); shelves++)
			manager_serve(m, 1);
		things[i] = make_thing();
		wanted[i] = true;
		assert_int_equal(put(m, i, &things[i]), 0);
		if (i % PARKING_SHELF > 5)
			continue;
		haul = manager_haul(m);
		assert_found(&haul, things, wanted, i + 1);
		haul_clear(&haul);
	}
	assert_int_equal(shelves, 3);
	for (uint32_t i = 0; i < N; i++)
		drop(&things[i]);
}

static void
know_all(struct manager *m, struct haul *haul)
{
	for (unsigned i = 0; i < haul->n; i++)
		assert_int_equal(parking_know(m->parking, &haul->list[i]), 0);
}

/* One is removed: its shelf, and no other, is filled anew, and then takes the place of the old. */
static void
a_change_costs_one_shelf(void **state)
{
	struct manager *m = *state;
	static struct thing things[N];
	static bool wanted[N];
	struct haul haul;

	put_many(m, things, wanted);
	manager_serve(m, 3);
	/* Once more, since a queue of many messages is slow to peek at. */
	assert_true(parking_dirty(m->parking));
	assert_int_equal(parking_flush(m->parking, false), 0);
	manager_serve(m, 4);
	parking_remove(m->parking, 300);
	parking_remove(m->parking, 301);
	wanted[300] = wanted[301] = false;
	assert_true(parking_dirty(m->parking));
	assert_int_equal(parking_flush(m->parking, false), 0);
	assert_false(parking_dirty(m->parking));
	manager_serve(m, 1);
	assert_int_equal(m->n, 4); /* both: ended here, the next one would find all of them once */
	haul = manager_next_daemon(m);
	wanted[300] = wanted[301] = true;
	assert_found(&haul, things, wanted, N);
	haul_clear(&haul);
	manager_serve(m, 1);
	assert_int_equal(m->n, 3);
	wanted[300] = wanted[301] = false;
	haul = manager_next_daemon(m);
	assert_found(&haul, things, wanted, N);
	know_all(m, &haul);
	assert_int_equal(parking_flush(m->parking, false), 0); /* the last, of 94 messages */
	manager_serve(m, 2);
	assert_false(parking_dirty(m->parking));
	assert_true(manager_is_quiet(m));
	haul_clear(&haul);
	for (uint32_t i = 0; i < N; i++)
		drop(&things[i]);
}

/* What was found is known; what is put then goes where there is room, and an empty shelf goes. */
static void
the_next_daemon_goes_on_with_the_shelves(void **state)
{
	struct manager *m = *state;
	struct thing things[4];
	struct haul haul;

	for (uint32_t i = 0; i < 4; i++)
		things[i] = make_thing();
	assert_int_equal(put(m, 0, &things[0]), 0);
	assert_int_equal(put(m, 1, &things[1]), 0);
	manager_serve(m, 1);
	haul = manager_next_daemon(m);
	assert_int_equal(haul.n, 2);
	know_all(m, &haul);
	assert_int_equal(put(m, 2, &things[2]), 0); /* a new queue in place of the old */
	assert_int_equal(put(m, 3, &things[3]), 0);
	manager_serve(m, 2);
	assert_int_equal(m->n, 1);
	haul_clear(&haul);
	haul = manager_next_daemon(m);
	assert_int_equal(haul.n, 4);
	haul_clear(&haul); /* none of it is wanted */
	assert_true(parking_dirty(m->parking));
	assert_int_equal(parking_flush(m->parking, false), 0);
	manager_serve(m, 2);
	assert_int_equal(m->n, 1); /* an empty one, for what is to come */
	haul = manager_next_daemon(m);
	assert_int_equal(haul.n, 0);
	haul_clear(&haul);
	for (uint32_t i = 0; i < 4; i++)
		drop(&things[i]);
}

/* The end comes when the manager has not even seen the new queue. */
static void
what_comes_during_a_change_is_not_lost(void **state)
{
	struct manager *m = *state;
	struct thing things[3] = {make_thing(), make_thing(), make_thing()};
	struct haul haul;

	assert_int_equal(put(m, 0, &things[0]), 0);
	assert_int_equal(put(m, 1, &things[1]), 0);
	manager_serve(m, 1);
	parking_remove(m->parking, 0);
	assert_int_equal(parking_flush(m->parking, false), 0);
	assert_int_equal(put(m, 2, &things[2]), 0);
	haul = manager_next_daemon(m);
	assert_int_equal(haul.n, 3);
	haul_clear(&haul);
	manager_serve(m, 2);
	haul = manager_next_daemon(m);
	assert_int_equal(haul.n, 2);
	assert_true(is_same(haul.list[0].fd, things[1].ours));
	assert_true(is_same(haul.list[1].fd, things[2].ours));
	haul_clear(&haul);
	for (int i = 0; i < 3; i++)
		drop(&things[i]);
}

static void
await_hang_up(const struct manager *m)
{
	struct pollfd p = {.fd = parking_watch_fd(m->parking), .events = POLLIN};

	assert_int_equal(poll(&p, 1, 10000), 1);
}

/* It does not say so, but its end of the shelf hangs up. */
static void
a_manager_that_does_not_keep_is_noticed(void **state)
{
	struct manager *m = *state;
	struct thing things[2] = {make_thing(), make_thing()};
	struct haul haul;

	m->full = true;
	assert_int_equal(put(m, 0, &things[0]), 0);
	manager_serve(m, 1);
	await_hang_up(m);
	assert_int_equal(parking_look(m->parking), 1);
	assert_int_equal(put(m, 1, &things[1]), -ENOTCONN); /* not asked again for each */
	assert_int_equal(parking_flush(m->parking, false), 0);
	assert_true(manager_is_quiet(m));
	m->full = false;
	assert_int_equal(parking_flush(m->parking, true), 0);
	manager_serve(m, 2);
	haul = manager_next_daemon(m);
	assert_int_equal(haul.n, 2);
	haul_clear(&haul);
	drop(&things[0]);
	drop(&things[1]);
}

static void
what_is_no_shelf_of_ours_is_refused(void **state)
{
	struct manager *m = *state;
	struct thing stream = make_thing();
	struct parked one = {.life = 1, .slot = 1, .fd = stream.ours};
	struct haul haul;
	int write_fd, keep_fd;

	m->stored[m->n++] = (struct store_item){{STORE_SHELF, 1}, dup(stream.ours)};
	assert_int_equal(shelf_pair(&write_fd, &keep_fd), 0);
	assert_int_equal(send(write_fd, "what is this?", 13, 0), 13);
	assert_int_equal(shelf_send(write_fd, &one, 1), 0);
	m->stored[m->n++] = (struct store_item){{STORE_SHELF, 2}, keep_fd};
	haul = manager_next_daemon(m);
	assert_int_equal(haul.bad, 2);
	assert_int_equal(haul.n, 1); /* and what lies behind it is had all the same */
	assert_true(is_same(haul.list[0].fd, stream.ours));
	haul_clear(&haul);
	close(write_fd);
	drop(&stream);
}

static void
names_are_strict(void **unused)
{
	static const char *const bad[] = {"", "kg-shelf-", "kg-shelf-0", "kg-shelf-01",
	    "kg-shelf--1", "kg-shelf-1 ", "kg-shelf-4294967296", "kg-shelf-99999999999", "kg-table",
	    "kg-other-1", "KG-shelf-1", "kg-shelf-1x", "stored", "unknown"};
	struct store_name name;
	char text[NOTIFY_NAME];

	(void)unused;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_false(store_name_parse(bad[i], strlen(bad[i]), &name));
	for (int kind = 0; kind < STORE_KINDS; kind++) {
		store_name_text((enum store_kind)kind, UINT32_MAX, text);
		assert_true(store_name_parse(text, strlen(text), &name));
		assert_int_equal(name.kind, kind);
		assert_int_equal(name.generation, UINT32_MAX);
	}
}

#define both(f) cmocka_unit_test_setup_teardown(f, manager_setup, manager_teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    both(what_is_parked_is_found_as_often_as_somebody_looks),
	    both(what_is_put_is_kept_from_that_instant),
	    both(a_change_costs_one_shelf),
	    both(the_next_daemon_goes_on_with_the_shelves),
	    both(what_comes_during_a_change_is_not_lost),
	    both(a_manager_that_does_not_keep_is_noticed),
	    both(what_is_no_shelf_of_ours_is_refused),
	    cmocka_unit_test(names_are_strict),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
