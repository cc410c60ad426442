/* SPDX-License-Identifier: ISC */
#include "config/scalar.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

#include <cmocka.h>

#include "policy/timespan.h"

#define ROUNDS 100000

static struct slice
slice(const char *text)
{
	return (struct slice){text, strlen(text)};
}

static void
durations(void **state)
{
	static const struct {
		const char *text;
		int64_t ms;
	} rows[] = {
	    {"0", 0},
	    {"350", 350000},
	    {"350s", 350000},
	    {"5min", 300000},
	    {"5m", 300000},
	    {"5 minutes", 300000},
	    {"2h 4min", 7440000},
	    {"2h4min", 7440000},
	    {" 2h  4 min ", 7440000},
	    {"1h30m", 5400000},
	    {"500ms", 500},
	    {"1d", 86400000},
	    {"1w 1day 1hr 1sec 1msec", 694801001},
	    {"1.5", 1500},
	    {"1.5s", 1500},
	    {"0.25h", 900000},
	    {"1.0000009s", 1000}, /* millionths are as far as it goes */
	    {"1.000001s", 1001},  /* and what is left is rounded up */
	    {"1us", 1},
	    {"999usec", 1},
	    {"1000us", 1},
	    {"1001us", 2},
	    {"106751991d", 106751991 * INT64_C(86400000)},
	    {"9223372036854775807us", 9223372036854776},
	};
	struct why why;
	int64_t ms;

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		assert_int_equal(scalar_duration(slice(rows[i].text), &ms, &why), 0);
		assert_int_equal(ms, rows[i].ms);
	}
}

static void
no_durations(void **state)
{
	static const char *const rows[] = {"", " ", "s", "-1", "-1s", "+1s", "1M", "1 month", "1y",
	    "1ns", "1S", "1Min", "1,5s", ".5s", "1.s", "1..5s", "5 10s", "10s 5", "1:30", "010s",
	    "00", "1_0s", "0x10", "1e3", "infinity", "1s\t2s", "1\xc2\xb5s", "106751992d",
	    "9223372036854775808us", "9223372036854775807us 1us", "99999999999999999999999w"};
	struct why why;
	int64_t ms = 42;

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		memset(&why, 0, sizeof(why));
		assert_int_equal(scalar_duration(slice(rows[i]), &ms, &why), -EINVAL);
		assert_true(strlen(why.text) > 10);
		assert_int_equal(ms, 42);
	}
}

/* What the program prints can be put into the file and means the same. */
static void
durations_as_printed(void **state)
{
	const char *seed = getenv("KAGUARD_SEED");
	unsigned random = seed != NULL ? (unsigned)strtoul(seed, NULL, 10) : (unsigned)time(NULL);
	char text[TIMESPAN_MAX];
	int64_t ms, back;
	struct why why;

	(void)state;
	print_message("# KAGUARD_SEED=%u\n", random);
	for (int i = 0; i < ROUNDS; i++) {
		ms = (int64_t)rand_r(&random) << 31 | rand_r(&random);
		ms >>= rand_r(&random) % 62;
		ms = ms > INT64_MAX / 1000 ? INT64_MAX / 1000 : ms;
		timespan_text(ms, text, sizeof(text));
		assert_int_equal(scalar_duration(slice(text), &back, &why), 0);
		assert_int_equal(back, ms);
	}
}

static void
numbers(void **state)
{
	static const char *const wrong[] = {"", "00", "022", "0x10", "0o17", "1_000", "1:30", "-1",
	    "+1", "1.0", "1e3", " 1", "1 ", "one", "\xd9\xa1", "9223372036854775808"};
	struct why why;
	int64_t value;

	(void)state;
	assert_int_equal(scalar_number(slice("0"), &value, &why), 0);
	assert_int_equal(value, 0);
	assert_int_equal(scalar_number(slice("9223372036854775807"), &value, &why), 0);
	assert_int_equal(value, INT64_MAX);
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		assert_int_equal(scalar_number(slice(wrong[i]), &value, &why), -EINVAL);
		assert_int_equal(value, INT64_MAX);
	}
}

static void
factors(void **state)
{
	static const char *const wrong[] = {"", ".", "1.", ".5", "1.5.2", "01.5", "1.5e1", "1,5",
	    "-1.5", "1.1234567890123456", "99999999999999999999"};
	struct why why;
	double value;

	(void)state;
	assert_int_equal(scalar_factor(slice("2"), &value, &why), 0);
	assert_true(value >= 2 && value <= 2);
	assert_int_equal(scalar_factor(slice("1.25"), &value, &why), 0);
	assert_true(value >= 1.25 && value <= 1.25);
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		assert_int_equal(scalar_factor(slice(wrong[i]), &value, &why), -EINVAL);
	assert_true(value >= 1.25 && value <= 1.25);
}

static void
plain_kinds(void **state)
{
	static const struct {
		const char *text;
		enum plain_kind kind;
	} rows[] = {
	    {"", PLAIN_NULL},
	    {"~", PLAIN_NULL},
	    {"Null", PLAIN_NULL},
	    {"nULL", PLAIN_STRING},
	    {"TRUE", PLAIN_BOOLEAN},
	    {"false", PLAIN_BOOLEAN},
	    {"truth", PLAIN_STRING},
	    {"No", PLAIN_LEGACY_BOOLEAN},
	    {"off", PLAIN_LEGACY_BOOLEAN},
	    {"y", PLAIN_STRING},
	    {"nO", PLAIN_STRING},
	    {"12", PLAIN_NUMBER},
	    {"-12", PLAIN_NUMBER},
	    {"+.5", PLAIN_NUMBER},
	    {"1.", PLAIN_NUMBER},
	    {"1e3", PLAIN_NUMBER},
	    {"1.5E-3", PLAIN_NUMBER},
	    {"1e", PLAIN_STRING},
	    {"1e+", PLAIN_STRING},
	    {"0x1F", PLAIN_NUMBER},
	    {"0xg", PLAIN_STRING},
	    {"0x", PLAIN_STRING},
	    {"0o17", PLAIN_NUMBER},
	    {"0o18", PLAIN_STRING},
	    {"-.inf", PLAIN_NUMBER},
	    {".NaN", PLAIN_NUMBER},
	    {".", PLAIN_STRING},
	    {"-", PLAIN_STRING},
	    {"1.2.3", PLAIN_STRING},
	    {"12:30", PLAIN_STRING},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		assert_int_equal(scalar_plain_kind(slice(rows[i].text)), rows[i].kind);
}

static void
endpoints(void **state)
{
	static const struct {
		const char *text, *host;
		uint16_t port;
		int family;
	} rows[] = {
	    {"a:1", "a", 1, AF_UNSPEC},
	    {"A.example.:65535", "A.example.", 65535, AF_UNSPEC},
	    {"3com_x.example:80", "3com_x.example", 80, AF_UNSPEC},
	    {"192.0.2.1:443", "192.0.2.1", 443, AF_INET},
	    {"[2001:db8::7]:443", "2001:db8::7", 443, AF_INET6},
	    {"[::]:1", "::", 1, AF_INET6},
	    {"[fe80::1%eth0.5]:1", "fe80::1%eth0.5", 1, AF_INET6},
	};
	struct endpoint endpoint;
	struct why why;

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		assert_int_equal(scalar_endpoint(slice(rows[i].text), &endpoint, &why), 0);
		assert_int_equal(endpoint.host.len, strlen(rows[i].host));
		assert_memory_equal(endpoint.host.text, rows[i].host, endpoint.host.len);
		assert_int_equal(endpoint.port, rows[i].port);
		assert_int_equal(endpoint.family, rows[i].family);
	}
}

/* A NUL inside is not the end, and nothing behind the slice is looked at. */
static void
slices_have_lengths(void **state)
{
	struct endpoint endpoint;
	struct why why;
	int64_t value;
	int family;

	(void)state;
	assert_int_equal(scalar_endpoint((struct slice){"a\0:1", 4}, &endpoint, &why), -EINVAL);
	assert_int_equal(scalar_endpoint((struct slice){"a:1\0", 4}, &endpoint, &why), -EINVAL);
	assert_int_equal(scalar_endpoint((struct slice){"a:12", 3}, &endpoint, &why), 0);
	assert_int_equal(endpoint.port, 1);
	assert_int_equal(scalar_number((struct slice){"12", 1}, &value, &why), 0);
	assert_int_equal(value, 1);
	assert_int_equal(scalar_number((struct slice){"1\0", 2}, &value, &why), -EINVAL);
	assert_int_equal(scalar_duration((struct slice){"1s\0", 3}, &value, &why), -EINVAL);
	assert_int_equal(scalar_name((struct slice){"a\0b", 3}, &why), -EINVAL);
	assert_int_equal(scalar_address((struct slice){"::1\0", 4}, &family, &why), -EINVAL);
	assert_int_equal(scalar_device((struct slice){"a\0b", 3}, &why), -EINVAL);
	assert_int_equal(scalar_socket((struct slice){"/a\0b", 4}, &why), -EINVAL);
	assert_int_equal(scalar_listen((struct slice){"unix:/a\0b", 9}, &why), -EINVAL);
}

static void
bytes(void **state)
{
	char out[16];
	struct why why;
	size_t len;

	(void)state;
	assert_int_equal(scalar_bytes(slice("P\\r\\n\\t\\0\\\\\\xfF"), out, &len, &why), 0);
	assert_int_equal(len, 7);
	assert_memory_equal(out, "P\r\n\t\0\\\xff", 7);
	assert_int_equal(scalar_bytes(slice("\\"), out, &len, &why), -EINVAL);
	assert_int_equal(scalar_bytes(slice("\\x"), out, &len, &why), -EINVAL);
	assert_int_equal(scalar_bytes(slice("\\xf"), out, &len, &why), -EINVAL);
	assert_int_equal(scalar_bytes(slice("\\xfg"), out, &len, &why), -EINVAL);
	assert_int_equal(scalar_bytes(slice("\\R"), out, &len, &why), -EINVAL);
	assert_int_equal(len, 7);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(durations),
	    cmocka_unit_test(no_durations),
	    cmocka_unit_test(durations_as_printed),
	    cmocka_unit_test(numbers),
	    cmocka_unit_test(factors),
	    cmocka_unit_test(plain_kinds),
	    cmocka_unit_test(endpoints),
	    cmocka_unit_test(slices_have_lengths),
	    cmocka_unit_test(bytes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
