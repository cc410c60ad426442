/* SPDX-License-Identifier: ISC */
#include "daemon/stow.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include <cmocka.h>

#include "daemon/guard.h"
#include "daemon/keep.h"
#include "daemon/residue.h"
#include "daemon/salvage.h"
#include "host/owners.h"
#include "keeping_manager.h"
#include "net/relay.h"

struct fixture {
	struct manager *manager;
	struct loop *loop;
	struct guard guard;
	struct keep keep;
	unsigned warnings;
};

static void
on_say(struct report *report, enum message message, int priority,
    const struct journal_fields *fields, const char *text)
{
	struct fixture *f = container_of(report, struct fixture, guard.report);

	(void)fields;
	assert_int_equal(message, MESSAGE_NOT_KEPT);
	assert_int_equal(priority, LOG_WARNING);
	assert_non_null(text);
	f->warnings++;
}

static int
set_up(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));
	void *manager;

	assert_non_null(f);
	manager_setup(&manager);
	f->manager = manager;
	f->guard.report.say = on_say;
	assert_int_equal(loop_new(&f->loop), 0);
	assert_int_equal(keep_open(&f->keep, f->loop, &f->guard, f->manager->notify), 0);
	*state = f;
	return 0;
}

static int
tear_down(void **state)
{
	struct fixture *f = *state;
	void *manager = f->manager;

	keep_clear(&f->keep);
	loop_free(f->loop);
	manager_teardown(&manager);
	free(f);
	return 0;
}

static void
serve_all(struct fixture *f)
{
	while (!manager_is_quiet(f->manager))
		manager_serve(f->manager, 1);
}

static struct stowed
stow(struct fixture *f, enum parktable_kind kind, int fd)
{
	struct parktable_entry e = stow_entry(kind, NULL);
	struct stowed stowed = {0};

	e.life = ++f->keep.life;
	assert_int_equal(stow_claim(&f->keep, &stowed, &e), 0);
	assert_int_equal(stowed.life, e.life);
	assert_int_equal(stow_put(&f->keep, &stowed, fd), 0);
	return stowed;
}

/* It is in the table under its number, and on a shelf under the same. */
static void
what_is_stowed_is_found(void **state)
{
	struct fixture *f = *state;
	struct parktable_entry e;
	struct stowed stowed;
	struct haul haul;
	int fds[2];

	assert_int_equal(pipe2(fds, O_CLOEXEC), 0);
	stowed = stow(f, PARKTABLE_PIPE, fds[0]);
	assert_int_equal(parktable_read(f->keep.table, stowed.slot, &e), 1);
	assert_int_equal(e.life, stowed.life);
	assert_int_equal(e.kind, PARKTABLE_PIPE);
	assert_int_equal(e.index, UINT32_MAX); /* no session's */
	serve_all(f);
	haul = manager_haul(f->manager);
	assert_int_equal(haul.n, 1);
	assert_int_equal(haul.list[0].life, stowed.life);
	assert_int_equal(haul.list[0].slot, stowed.slot);
	haul_clear(&haul);
	close(fds[0]);
	close(fds[1]);
	stow_remove(&f->keep, &stowed);
}

/* And what owns nothing any more is not taken for the next one's in the same slot. */
static void
what_is_removed_has_no_entry_and_no_owner(void **state)
{
	struct fixture *f = *state;
	struct parktable_entry e;
	struct stowed stowed, before;
	int fds[2];

	assert_int_equal(pipe2(fds, O_CLOEXEC), 0);
	stowed = before = stow(f, PARKTABLE_PIPE, fds[0]);
	*stow_owner(&f->keep, stowed.slot) = 77;
	stow_remove(&f->keep, &stowed);
	assert_int_equal(stowed.life, 0);
	assert_int_equal(parktable_read(f->keep.table, before.slot, &e), 0);
	assert_int_equal(*stow_owner(&f->keep, before.slot), 0);
	stow_remove(&f->keep, &stowed); /* nothing is stowed: nothing happens */
	stowed = stow(f, PARKTABLE_PIPE, fds[0]);
	assert_int_equal(stowed.slot, before.slot);
	stow_remove(&f->keep, &stowed);
	close(fds[0]);
	close(fds[1]);
}

/* Before the first pipe, and once. */
static void
owners_are_stored_and_taken_up_again(void **state)
{
	struct fixture *f = *state;
	struct keep next = {0};
	unsigned before;

	serve_all(f);
	before = f->manager->n;
	assert_true(stow_ready(&f->keep));
	assert_true(stow_ready(&f->keep));
	stow_await(&f->keep);
	serve_all(f);
	assert_int_equal(f->manager->n, before + 1);
	*stow_owner(&f->keep, 5) = 123;
	next.store.items = calloc(1, sizeof(*next.store.items));
	assert_non_null(next.store.items);
	next.store.n = 1;
	for (unsigned i = 0; i < f->manager->n; i++)
		if (f->manager->stored[i].name.kind == STORE_OWNERS)
			next.store.items[0] = (struct store_item){f->manager->stored[i].name,
			    fcntl(f->manager->stored[i].fd, F_DUPFD_CLOEXEC, 0)};
	stow_attach(&next);
	assert_non_null(next.owners);
	assert_int_equal(*owners_at(next.owners, 5), 123);
	owners_free(next.owners);
	store_clear(&next.store);
}

static void
without_a_table_nothing_can_be_kept(void **state)
{
	struct keep keep = {0};
	struct parktable_entry e = stow_entry(PARKTABLE_PIPE, NULL);
	struct stowed stowed = {0};

	(void)state;
	assert_true(stow_claim(&keep, &stowed, &e) < 0);
	assert_int_equal(stowed.life, 0);
	assert_false(stow_ready(&keep));
	assert_null(stow_owner(&keep, 0));
	stow_await(&keep);
	stow_remove(&keep, &stowed);
	stow_forget(&keep);
}

/* --- what was in pipes ------------------------------------------------------------------------ */

/* In the order of their lives, as salvage_restore() sorts them. */
static struct salvage
found(struct salvaged *list, unsigned n)
{
	return (struct salvage){.list = list, .n = n};
}

static void
who_has_lost_a_pipe_is_robbed(void **state)
{
	struct fixture *f = *state;
	struct stowed slots[4];
	struct salvaged list[] = {
	    {.kind = PARKTABLE_CLIENT, .stowed.life = 11},
	    {.kind = PARKTABLE_CLIENT, .stowed.life = 12},
	    {.kind = PARKTABLE_CARRIER, .stowed.life = 13},
	    {.kind = PARKTABLE_PIPE, .stowed.life = 14},
	};
	struct salvage salvage = found(list, 4);
	int fd = open("/dev/null", O_RDONLY | O_CLOEXEC);

	for (int i = 0; i < 4; i++)
		slots[i] = stow(f, PARKTABLE_PIPE, fd);
	list[3].stowed.slot = slots[0].slot;
	*stow_owner(&f->keep, slots[0].slot) = 11 << 1;	    /* it has come */
	*stow_owner(&f->keep, slots[1].slot) = 12 << 1 | 1; /* it has not */
	*stow_owner(&f->keep, slots[2].slot) = 99 << 1;	    /* of nobody */
	*stow_owner(&f->keep, slots[3].slot) = 13 << 1;	    /* no client has that number */
	residue_look(&salvage, &f->keep);
	assert_false(list[0].robbed);
	assert_true(list[1].robbed);
	assert_false(list[2].robbed);
	assert_int_equal(f->warnings, 1);
	assert_int_equal(*stow_owner(&f->keep, slots[0].slot), 11 << 1);
	assert_int_equal(*stow_owner(&f->keep, slots[1].slot), 0); /* once is enough */
	for (int i = 0; i < 4; i++)
		stow_remove(&f->keep, &slots[i]);
	close(fd);
}

static void
where_nobody_knows_all_are_robbed(void **state)
{
	struct fixture *f = *state;
	struct salvaged list[] = {
	    {.kind = PARKTABLE_LISTENER, .stowed.life = 11},
	    {.kind = PARKTABLE_CLIENT, .stowed.life = 12},
	};
	struct salvage salvage = found(list, 1);

	residue_look(&salvage, &f->keep);
	assert_int_equal(f->warnings, 0); /* a place to listen has nothing in a pipe */
	salvage.n = 2;
	residue_look(&salvage, &f->keep);
	assert_true(list[1].robbed);
	assert_int_equal(f->warnings, 1);
}

#define STOW_TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    STOW_TEST(what_is_stowed_is_found),
	    STOW_TEST(what_is_removed_has_no_entry_and_no_owner),
	    STOW_TEST(owners_are_stored_and_taken_up_again),
	    cmocka_unit_test(without_a_table_nothing_can_be_kept),
	    STOW_TEST(who_has_lost_a_pipe_is_robbed),
	    STOW_TEST(where_nobody_knows_all_are_robbed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
