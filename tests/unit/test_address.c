/* SPDX-License-Identifier: ISC */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <string.h>

#include "net/address.h"

static union address
parsed(const char *host, uint16_t port)
{
	union address address;

	assert_int_equal(address_parse(host, port, &address), 0);
	return address;
}

static void
literals_are_parsed_and_printed(void **unused)
{
	static const struct {
		const char *host, *text;
	} cases[] = {
	    {"192.0.2.7", "192.0.2.7:443"},
	    {"2001:db8::7", "[2001:db8::7]:443"},
	    {"::1", "[::1]:443"},
	    {"::ffff:192.0.2.7", "[::ffff:192.0.2.7]:443"},
	    {"fe80::1%1", "[fe80::1%1]:443"},
	};
	char buf[ADDRESS_TEXT_SIZE];

	(void)unused;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		union address address = parsed(cases[i].host, 443);

		assert_string_equal(address_text(&address, buf, sizeof(buf)), cases[i].text);
	}
}

static void
names_are_no_literals(void **unused)
{
	static const char *const names[] = {"localhost", "", "192.0.2", "1.2.3.4.5", "::1%", "a%b",
	    "[::1]", "fe80::1%nosuchdevice"};
	union address address;

	(void)unused;
	memset(&address, 0xaa, sizeof(address));
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		assert_int_equal(address_parse(names[i], 1, &address), -EINVAL);
	/* Untouched on failure. */
	for (size_t i = 0; i < sizeof(address); i++)
		assert_int_equal(((unsigned char *)&address)[i], 0xaa);
}

static void
equal_is_family_address_port_and_scope(void **unused)
{
	union address v4 = parsed("192.0.2.7", 1), v6 = parsed("fe80::1%1", 1), other;

	(void)unused;
	other = parsed("192.0.2.7", 1);
	assert_true(address_equal(&v4, &other));
	other = parsed("192.0.2.7", 2);
	assert_false(address_equal(&v4, &other));
	other = parsed("192.0.2.8", 1);
	assert_false(address_equal(&v4, &other));
	assert_false(address_equal(&v4, &v6));
	other = parsed("fe80::1%1", 1);
	assert_true(address_equal(&v6, &other));
	other.in6.sin6_scope_id = 2;
	assert_false(address_equal(&v6, &other));
}

static void
an_unknown_family_has_no_text(void **unused)
{
	union address address = {.any.sa_family = AF_UNIX};
	char buf[ADDRESS_TEXT_SIZE] = "before";

	(void)unused;
	assert_string_equal(address_text(&address, buf, sizeof(buf)), "");
}

/* "446" to "464": the families of the list, in order. */
static void
check_interleave(const char *before, const char *after)
{
	struct addresses *list = addresses_new((unsigned)strlen(before));

	assert_non_null(list);
	for (unsigned i = 0; i < list->n; i++)
		list->list[i] = before[i] == '4' ? parsed("192.0.2.1", (uint16_t)(i + 1))
						 : parsed("2001:db8::1", (uint16_t)(i + 1));
	addresses_interleave(list);
	for (unsigned i = 0; i < list->n; i++)
		assert_int_equal(list->list[i].any.sa_family, after[i] == '4' ? AF_INET : AF_INET6);
	/* Each family keeps its own order: ports count up within it. */
	for (unsigned i = 0; i < list->n; i++)
		for (unsigned j = i + 1; j < list->n; j++)
			if (list->list[i].any.sa_family == list->list[j].any.sa_family)
				assert_true(ntohs(list->list[i].in.sin_port) <
					    ntohs(list->list[j].in.sin_port));
	addresses_unref(list);
}

static void
families_take_turns(void **unused)
{
	(void)unused;
	check_interleave("", "");
	check_interleave("4", "4");
	check_interleave("444", "444");
	check_interleave("64", "64");
	check_interleave("6644", "6464");
	check_interleave("4466", "4646");
	check_interleave("66664", "64666");
	check_interleave("46666", "46666");
	check_interleave("444466", "464644");
}

static void
lists_live_as_long_as_somebody_has_them(void **unused)
{
	struct addresses *list = addresses_new(1), *same = addresses_ref(list);

	(void)unused;
	assert_ptr_equal(list, same);
	addresses_unref(list);
	same->list[0] = parsed("192.0.2.1", 1); /* still ours: a sanitizer would tell */
	addresses_unref(same);
	addresses_unref(NULL);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(literals_are_parsed_and_printed),
	    cmocka_unit_test(names_are_no_literals),
	    cmocka_unit_test(equal_is_family_address_port_and_scope),
	    cmocka_unit_test(an_unknown_family_has_no_text),
	    cmocka_unit_test(families_take_turns),
	    cmocka_unit_test(lists_live_as_long_as_somebody_has_them),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
