/* SPDX-License-Identifier: ISC */
#include <arpa/inet.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "net/owned.h"
#include "policy/unrest.h"

static union address
address_of(const char *text)
{
	union address a = {0};

	if (inet_pton(AF_INET6, text, &a.in6.sin6_addr) == 1) {
		a.any.sa_family = AF_INET6;
	} else {
		assert_int_equal(inet_pton(AF_INET, text, &a.in.sin_addr), 1);
		a.any.sa_family = AF_INET;
	}
	return a;
}

enum is {
	USABLE,
	EXAMINED,
	AWAY
};

static unsigned
tell(struct owned *o, const char *text, enum is is, int link)
{
	const struct rtnl_message m = {.kind = RTNL_ADDRESS,
	    .gone = is == AWAY,
	    .tentative = is == EXAMINED,
	    .index = link,
	    .address = address_of(text)};

	return owned_take(o, &m);
}

enum where {
	HERE,
	LOST,
	NOWHERE
};

static void
assert_is(const struct owned *o, const char *text, enum where where)
{
	const union address a = address_of(text);

	assert_int_equal(owned_has(o, &a), where == HERE);
	assert_int_equal(owned_lost(o, &a), where == LOST);
}

#define SIX "2001:db8::7"

/* Each on one link: what happens to it in turn, and what is told. */
static const struct {
	const char *address;
	struct {
		enum is is;
		unsigned change;
	} steps[6];
	unsigned n;
	enum where where;
} cases[] = {
    {"192.0.2.7", {{USABLE, UNREST_ADDRESS_ADDED}, {USABLE, 0}}, 2, HERE},
    {"192.0.2.7", {{USABLE, UNREST_ADDRESS_ADDED}, {AWAY, UNREST_ADDRESS_GONE}, {AWAY, 0}}, 3,
	LOST},
    {"192.0.2.7",
	{{USABLE, UNREST_ADDRESS_ADDED}, {AWAY, UNREST_ADDRESS_GONE},
	    {USABLE, UNREST_ADDRESS_BACK}},
	3, HERE},
    /* It comes when its examination is over, and was nobody's until then. */
    {SIX, {{EXAMINED, 0}, {EXAMINED, 0}, {USABLE, UNREST_ADDRESS_ADDED}}, 3, HERE},
    {SIX, {{EXAMINED, 0}, {AWAY, 0}}, 2, NOWHERE},
    /* Examined once more, as with its link: its sessions stay until that is over. */
    {SIX, {{USABLE, UNREST_ADDRESS_ADDED}, {EXAMINED, 0}, {USABLE, UNREST_ADDRESS_BACK}}, 3, HERE},
    {SIX,
	{{USABLE, UNREST_ADDRESS_ADDED}, {AWAY, UNREST_ADDRESS_GONE}, {EXAMINED, 0},
	    {USABLE, UNREST_ADDRESS_BACK}, {USABLE, 0}},
	5, HERE},
    {SIX,
	{{USABLE, UNREST_ADDRESS_ADDED}, {AWAY, UNREST_ADDRESS_GONE}, {EXAMINED, 0}, {EXAMINED, 0},
	    {AWAY, UNREST_ADDRESS_GONE}},
	5, LOST},
    /* Every link has one of those. */
    {"fe80::7", {{EXAMINED, 0}, {USABLE, 0}, {AWAY, UNREST_NEAR_GONE}}, 3, LOST},
    {"169.254.7.7", {{USABLE, 0}}, 1, HERE},
};

static void
what_is_told_of_an_address(void **unused)
{
	(void)unused;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct owned o = {0};

		for (unsigned j = 0; j < cases[i].n; j++)
			assert_int_equal(tell(&o, cases[i].address, cases[i].steps[j].is, 2),
			    cases[i].steps[j].change);
		assert_is(&o, cases[i].address, cases[i].where);
		owned_clear(&o);
	}
}

static void
what_another_link_has_as_well_is_not_lost(void **unused)
{
	struct owned o = {0};

	(void)unused;
	assert_int_equal(tell(&o, SIX, USABLE, 2), UNREST_ADDRESS_ADDED);
	assert_int_equal(tell(&o, SIX, USABLE, 3), 0);
	assert_int_equal(tell(&o, SIX, AWAY, 2), 0);
	assert_is(&o, SIX, HERE);
	assert_true(owned_on(&o, 3));
	assert_false(owned_on(&o, 2));
	assert_int_equal(tell(&o, SIX, AWAY, 3), UNREST_ADDRESS_GONE);
	assert_is(&o, SIX, LOST);
	owned_forget_lost(&o);
	assert_is(&o, SIX, NOWHERE);
	assert_int_equal(tell(&o, SIX, USABLE, 3), UNREST_ADDRESS_ADDED);
	owned_clear(&o);
}

static void
only_what_leads_further_is_on_a_link(void **unused)
{
	struct owned o = {0};

	(void)unused;
	tell(&o, "fe80::1", USABLE, 2);
	tell(&o, "169.254.7.7", USABLE, 2);
	assert_false(owned_on(&o, 2));
	tell(&o, "192.0.2.7", USABLE, 2);
	assert_true(owned_on(&o, 2));
	owned_clear(&o);
}

static void
what_is_not_read_again_has_gone(void **unused)
{
	struct owned o = {0};
	union address address;
	unsigned change, gone = 0;

	(void)unused;
	tell(&o, "192.0.2.7", USABLE, 2);
	tell(&o, "192.0.2.8", USABLE, 2);
	tell(&o, SIX, USABLE, 2);
	tell(&o, "2001:db8::8", EXAMINED, 2);
	owned_begin(&o);
	assert_int_equal(tell(&o, "192.0.2.8", USABLE, 2), 0);
	while (owned_sweep(&o, &address, &change))
		gone += change == UNREST_ADDRESS_GONE;
	assert_int_equal(gone, 2);
	assert_is(&o, "192.0.2.7", LOST);
	assert_is(&o, "192.0.2.8", HERE);
	assert_is(&o, SIX, LOST);
	assert_is(&o, "2001:db8::8", NOWHERE);
	owned_clear(&o);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(what_is_told_of_an_address),
	    cmocka_unit_test(what_another_link_has_as_well_is_not_lost),
	    cmocka_unit_test(only_what_leads_further_is_on_a_link),
	    cmocka_unit_test(what_is_not_read_again_has_gone),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
