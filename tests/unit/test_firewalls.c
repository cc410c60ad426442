/* SPDX-License-Identifier: ISC */
#include "policy/firewalls.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

/* A name is lower-case words joined by "-": it is typed by hand, and quoted nowhere. */
static void
assert_name(const char *name)
{
	size_t n = strlen(name);

	assert_in_range(n, 2, 32);
	assert_int_equal(strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789-"), n);
	assert_true(name[0] >= 'a' && name[0] <= 'z');
	assert_true(name[n - 1] != '-');
	assert_string_not_equal(name, "auto"); /* a word of its own in kaguard.yaml */
}

static void
rows_are_valid(void **state)
{
	(void)state;
	assert_int_equal(firewall_count(), 41);
	for (size_t i = 0; i < firewall_count(); i++) {
		const struct firewall *f = firewall_at(i);

		assert_name(f->name);
		assert_in_range(strlen(f->title), 3, 60);
		assert_in_range(f->idle_timeout_s, 30, 432000);
		assert_in_range(f->counts, FIREWALL_COUNTS_YES, FIREWALL_COUNTS_NO);
		assert_non_null(f->configurable);
		assert_non_null(f->counts_note);
		assert_true(strlen(f->at_expiry) > 0);
		assert_true(strlen(f->source) > 0);
		assert_true(
		    strcmp(f->confidence, "high") == 0 || strcmp(f->confidence, "medium") == 0);
	}
}

static void
names_are_unique_and_found(void **state)
{
	(void)state;
	for (size_t i = 0; i < firewall_count(); i++)
		assert_ptr_equal(firewall_find(firewall_at(i)->name), firewall_at(i));
	assert_null(firewall_find(""));
	assert_null(firewall_find("aws"));
	assert_null(firewall_find("aws-nat-gateway "));
	assert_null(firewall_find("AWS-NAT-GATEWAY"));
}

static void
known_values(void **state)
{
	static const struct {
		const char *name;
		int idle_timeout_s;
		enum firewall_counts counts;
		const char *note;
	} rows[] = {
	    {"aws-nlb", 350, FIREWALL_COUNTS_YES, ""},
	    {"aws-nlb-tls", 350, FIREWALL_COUNTS_YES, "no payload"},
	    {"aws-nat-gateway", 350, FIREWALL_COUNTS_YES, ""},
	    {"aws-alb", 60, FIREWALL_COUNTS_NO, "needs data"},
	    {"azure-load-balancer", 240, FIREWALL_COUNTS_YES, ""},
	    {"gcp-vpc", 600, FIREWALL_COUNTS_YES, ""},
	    {"oci-lb", 300, FIREWALL_COUNTS_NO, "probably"},
	    {"ipfw", 300, FIREWALL_COUNTS_YES, "and probes itself"},
	    {"ibm-vpc-gateway", 240, FIREWALL_COUNTS_UNKNOWN, ""},
	    {"netdefend", 262144, FIREWALL_COUNTS_LIKELY, "each direction by itself"},
	    {"linux", 432000, FIREWALL_COUNTS_YES, ""},
	    {"rfc5382", 7440, FIREWALL_COUNTS_YES, ""},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const struct firewall *f = firewall_find(rows[i].name);

		assert_non_null(f);
		assert_int_equal(f->idle_timeout_s, rows[i].idle_timeout_s);
		assert_int_equal(f->counts, rows[i].counts);
		assert_string_equal(f->counts_note, rows[i].note);
	}
}

/* The default is safe behind every packet filter of the table; only proxies forget sooner. */
static void
default_is_the_shortest_filter(void **state)
{
	int shortest = 432000;

	(void)state;
	for (size_t i = 0; i < firewall_count(); i++) {
		const struct firewall *f = firewall_at(i);

		if (f->counts != FIREWALL_COUNTS_NO && f->idle_timeout_s < shortest)
			shortest = f->idle_timeout_s;
	}
	assert_int_equal(shortest, FIREWALL_DEFAULT_S);
}

static void
counts_have_names(void **state)
{
	(void)state;
	assert_string_equal(firewall_counts_name(FIREWALL_COUNTS_YES), "yes");
	assert_string_equal(firewall_counts_name(FIREWALL_COUNTS_LIKELY), "likely");
	assert_string_equal(firewall_counts_name(FIREWALL_COUNTS_UNKNOWN), "unknown");
	assert_string_equal(firewall_counts_name(FIREWALL_COUNTS_NO), "no");
	assert_string_equal(
	    firewall_counts_name((enum firewall_counts)(FIREWALL_COUNTS_NO + 10)), "?");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(rows_are_valid),
	    cmocka_unit_test(names_are_unique_and_found),
	    cmocka_unit_test(known_values),
	    cmocka_unit_test(default_is_the_shortest_filter),
	    cmocka_unit_test(counts_have_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
