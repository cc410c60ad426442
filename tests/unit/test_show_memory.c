/* SPDX-License-Identifier: ISC */

/*
 * What is shown and kept as JSON, with each allocation of its library's failing in its turn, alone
 * and with all that follow: it is whole, or it is said that there was no memory.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <jansson.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/lore.h"
#include "daemon/show.h"

static long countdown = -1; /* allocations until one fails; -1: none does */
static bool for_good;	    /* and then all do */

static void *
allocate(size_t size)
{
	if (countdown != 0) {
		countdown -= countdown > 0;
		return malloc(size);
	}
	if (!for_good)
		countdown = -1;
	return NULL;
}

int64_t __wrap_wallclock_now_ms(void);

int64_t
__wrap_wallclock_now_ms(void)
{
	return 1790000000000;
}

static struct config_peer peers[] = {
    {.name = "hq",
	.address = "192.0.2.1:22",
	.firewall = "auto",
	.firewall_auto = true,
	.sessions = 1,
	.wish = {.firewall_ms = 350000, .detect_ms = 600000, .outage_ms = 30000, .lost_probes = 2}},
    {.name = "plant",
	.address = "192.0.2.2:22",
	.firewall = "350s",
	.sessions = 2,
	.wish = {.firewall_ms = 350000, .detect_ms = 600000, .outage_ms = 30000, .lost_probes = 2}},
};
static const struct config config = {.peers = peers, .n_peers = 2};

static struct lore lore;

static int
set_up(void **state)
{
	struct lore_entry e = {.peer = peers[0].name,
	    .address = peers[0].address,
	    .network = (char *)(uintptr_t) "192.0.2.254 on eth0",
	    .known_ms = 1790000000000,
	    .learn = {.declared_ms = 350000, .learnt_ms = 180000, .events = {{1, 2}}, .n = 1},
	    .habit = {.ends = {{1, 2, 3}}, .n = 1},
	    .survey = {.outcome = SURVEY_FIREWALL, .firewall_ms = 350000}};

	(void)state;
	for (int i = 0; i < 2; i++)
		assert_int_equal(plan_make(&peers[i].wish, &peers[i].plan, NULL), 0);
	assert_int_equal(lore_put(&lore, &e), 0);
	e.peer = peers[1].name;
	e.network = (char *)(uintptr_t) "";
	assert_int_equal(lore_put(&lore, &e), 0);
	json_set_alloc_funcs(allocate, free);
	return 0;
}

static int
tear_down(void **state)
{
	(void)state;
	lore_clear(&lore);
	return 0;
}

static int
show(FILE *out, bool plans)
{
	return plans ? show_plans(&config, &lore, true, out) : show_firewalls(true, out);
}

/* The same text, or -ENOMEM and nothing; until so many failures are none any more. */
static void
show_without_memory(bool plans)
{
	char *whole = NULL, *text = NULL;
	size_t whole_size, size;
	FILE *out = open_memstream(&whole, &whole_size);
	int r = -1;

	countdown = -1;
	assert_int_equal(show(out, plans), 0);
	fclose(out);
	for (long n = 0; r != 0; n++) {
		assert_true(n < 10000);
		out = open_memstream(&text, &size);
		countdown = n;
		r = show(out, plans);
		countdown = -1;
		fclose(out);
		/* Writing it out may need memory as well, and fail then as a full disk does. */
		if (r != 0)
			assert_true(r == -ENOMEM || r == -EIO);
		else
			assert_string_equal(text, whole);
		if (r == -ENOMEM)
			assert_int_equal(size, 0);
		free(text);
	}
	free(whole);
}

static void
plans_are_shown_whole_or_not_at_all(void **unused)
{
	(void)unused;
	for_good = false;
	show_without_memory(true);
	for_good = true;
	show_without_memory(true);
}

static void
firewalls_are_shown_whole_or_not_at_all(void **unused)
{
	(void)unused;
	for_good = false;
	show_without_memory(false);
	for_good = true;
	show_without_memory(false);
}

/* Half of it would replace all that is known. */
static void
what_was_learnt_is_written_whole_or_not_at_all(void **unused)
{
	char *whole, *text = NULL;

	(void)unused;
	for (int kind = 0; kind < 2; kind++) {
		countdown = -1;
		for_good = kind == 1;
		whole = lore_print(&lore, 0);
		assert_non_null(whole);
		for (long n = 0; text == NULL; n++) {
			assert_true(n < 10000);
			countdown = n;
			text = lore_print(&lore, 0);
		}
		countdown = -1;
		assert_string_equal(text, whole);
		free(text);
		free(whole);
		text = NULL;
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(plans_are_shown_whole_or_not_at_all),
	    cmocka_unit_test(firewalls_are_shown_whole_or_not_at_all),
	    cmocka_unit_test(what_was_learnt_is_written_whole_or_not_at_all),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
