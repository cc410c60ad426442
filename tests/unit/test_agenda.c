/* SPDX-License-Identifier: ISC */

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "policy/agenda.h"

#define ITEMS 64

/* The linker's --wrap puts this between the library and the C library. */
void *__real_reallocarray(void *old, size_t n, size_t size);
void *__wrap_reallocarray(void *old, size_t n, size_t size);

static int failing;

void *
__wrap_reallocarray(void *old, size_t n, size_t size)
{
	return failing ? NULL : __real_reallocarray(old, n, size);
}

static void
the_earliest_comes_first(void **unused)
{
	struct agenda agenda = {0};
	struct agenda_item a = {0}, b = {0}, c = {0};

	(void)unused;
	assert_null(agenda_first(&agenda));
	assert_int_equal(agenda_reserve(&agenda, 3), 0);
	agenda_set(&agenda, &a, 20);
	agenda_set(&agenda, &b, 10);
	agenda_set(&agenda, &c, 30);
	assert_ptr_equal(agenda_first(&agenda), &b);
	agenda_set(&agenda, &b, 40);
	assert_ptr_equal(agenda_first(&agenda), &a);
	agenda_remove(&agenda, &a);
	agenda_remove(&agenda, &a);
	assert_ptr_equal(agenda_first(&agenda), &c);
	agenda_clear(&agenda);
}

static int64_t
earliest(const struct agenda_item *items)
{
	int64_t due_ms = INT64_MAX;

	for (int i = 0; i < ITEMS; i++)
		if (items[i].place > 0 && items[i].due_ms < due_ms)
			due_ms = items[i].due_ms;
	return due_ms;
}

/* Beside a look at them all, through whatever is done to them. */
static void
histories(void **unused)
{
	struct agenda agenda = {0};
	struct agenda_item *items = calloc(ITEMS, sizeof(*items)), *elsewhere;
	size_t in = 0;

	(void)unused;
	assert_non_null(items);
	srandom(1);
	assert_int_equal(agenda_reserve(&agenda, ITEMS), 0);
	for (int round = 0; round < 200000; round++) {
		struct agenda_item *item = &items[random() % ITEMS];

		in -= item->place > 0;
		if (random() % 4 == 0) {
			agenda_remove(&agenda, item);
			assert_int_equal(item->place, 0);
		} else {
			agenda_set(&agenda, item, random() % 1000);
			in++;
		}
		if (random() % 100 == 0) {
			elsewhere = malloc(ITEMS * sizeof(*items));
			assert_non_null(elsewhere);
			memcpy(elsewhere, items, ITEMS * sizeof(*items));
			free(items);
			items = elsewhere;
			for (int i = 0; i < ITEMS; i++)
				agenda_moved(&agenda, &items[i]);
		}
		assert_int_equal(agenda.n, in);
		if (in == 0)
			assert_null(agenda_first(&agenda));
		else
			assert_int_equal(agenda_first(&agenda)->due_ms, earliest(items));
	}
	agenda_clear(&agenda);
	free(items);
}

static void
what_there_is_no_room_for_changes_nothing(void **state)
{
	struct agenda agenda = {0};
	struct agenda_item item = {0};

	(void)state;
	assert_int_equal(agenda_reserve(&agenda, 1), 0);
	agenda_set(&agenda, &item, 7);
	failing = 1;
	assert_int_equal(agenda_reserve(&agenda, 100), -ENOMEM);
	failing = 0;
	assert_ptr_equal(agenda_first(&agenda), &item);
	assert_int_equal(agenda.n, 1);
	agenda_clear(&agenda);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(the_earliest_comes_first),
	    cmocka_unit_test(histories),
	    cmocka_unit_test(what_there_is_no_room_for_changes_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
