/* SPDX-License-Identifier: ISC */
#include "host/text.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <cmocka.h>

#define BAD "\xef\xbf\xbd"
#define CUT "\xe2\x80\xa6"

static void
expect_line(const char *from, size_t length, const char *expected)
{
	char to[256];

	assert_int_equal(text_line(to, sizeof(to), from, length), strlen(expected));
	assert_string_equal(to, expected);
}

/* A literal, with any NUL inside it. */
#define EXPECT(from, expected) expect_line(from, sizeof(from) - 1, expected)

static void
text_that_is_fine_stays(void **state)
{
	(void)state;
	EXPECT("", "");
	EXPECT("plant-7: refused, retry in 8s", "plant-7: refused, retry in 8s");
	EXPECT("Gr\xc3\xbc\xc3\x9f Gott", "Gr\xc3\xbc\xc3\x9f Gott");
	EXPECT("\xe2\x82\xac \xf0\x9f\x94\x92", "\xe2\x82\xac \xf0\x9f\x94\x92");
	/* The ends of each length (RFC 3629, 4). */
	EXPECT(
	    "\xc2\xa0\xdf\xbf\xe0\xa0\x80\xef\xbf\xbf", "\xc2\xa0\xdf\xbf\xe0\xa0\x80\xef\xbf\xbf");
	EXPECT("\xed\x9f\xbf\xee\x80\x80", "\xed\x9f\xbf\xee\x80\x80");
	EXPECT("\xf0\x90\x80\x80\xf4\x8f\xbf\xbf", "\xf0\x90\x80\x80\xf4\x8f\xbf\xbf");
}

static void
control_characters_are_replaced(void **state)
{
	(void)state;
	EXPECT("a\nb\tc\rd", "a b c d");
	EXPECT("\x1b[2J", BAD "[2J");
	EXPECT("a\0b\x7f", "a" BAD "b" BAD);
	EXPECT("\xc2\x80\xc2\x9b\xc2\x9f", BAD BAD BAD);
	EXPECT("\xe2\x80\xa8\xe2\x80\xa9", BAD BAD);
}

static void
invalid_bytes_are_replaced_one_by_one(void **state)
{
	(void)state;
	EXPECT("\x80", BAD);
	EXPECT("\xff\xfe", BAD BAD);
	EXPECT("a\xc3", "a" BAD);
	EXPECT("\xc3(", BAD "(");
	EXPECT("\xe2\x82", BAD BAD);
	EXPECT("\xf0\x9f\x94", BAD BAD BAD);
	EXPECT("\xc0\xaf", BAD BAD);		     /* too long a form of '/' */
	EXPECT("\xe0\x9f\xbf", BAD BAD BAD);	     /* too long */
	EXPECT("\xf0\x8f\xbf\xbf", BAD BAD BAD BAD); /* too long */
	EXPECT("\xed\xa0\x80", BAD BAD BAD);	     /* a surrogate */
	EXPECT("\xf4\x90\x80\x80", BAD BAD BAD BAD); /* beyond U+10FFFF */
}

static void
a_cut_is_between_characters_and_shown(void **state)
{
	char to[16];

	(void)state;
	assert_int_equal(text_line(to, 8, "1234567", 7), 7);
	assert_string_equal(to, "1234567");
	assert_int_equal(text_line(to, 8, "12345678", 8), 7);
	assert_string_equal(to, "1234" CUT);
	assert_int_equal(text_line(to, 8,
			     "123\xe2\x82\xac"
			     "45",
			     8),
	    6);
	assert_string_equal(to, "123" CUT);
	assert_int_equal(text_line(to, TEXT_LINE_MIN, "abcd", 4), 3);
	assert_string_equal(to, CUT);
	assert_int_equal(text_line(to, TEXT_LINE_MIN, "\xf0\x9f\x94\x92", 4), 3);
	assert_string_equal(to, CUT);
}

/* Whatever comes in: the result fits, is a fixed point, and holds no control character. */
static void
any_bytes_give_a_line(void **state)
{
	unsigned seed = (unsigned)time(NULL);

	(void)state;
	print_message("# seed %u\n", seed);
	for (int round = 0; round < 20000; round++) {
		char from[40], to[64], again[64];
		size_t length = (size_t)rand_r(&seed) % sizeof(from);
		size_t size = TEXT_LINE_MIN + (size_t)rand_r(&seed) % (sizeof(to) - TEXT_LINE_MIN);

		for (size_t i = 0; i < length; i++)
			from[i] = (char)(rand_r(&seed) >> 8);
		memset(to, 0x55, sizeof(to));

		size_t n = text_line(to, size, from, length);

		assert_true(n < size);
		assert_int_equal(strlen(to), n);
		for (size_t i = size; i < sizeof(to); i++)
			assert_int_equal(to[i], 0x55);
		for (size_t i = 0; i < n; i++)
			assert_true((unsigned char)to[i] >= 0x20 && to[i] != 0x7f);
		assert_int_equal(text_line(again, sizeof(again), to, n), n);
		assert_string_equal(again, to);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(text_that_is_fine_stays),
	    cmocka_unit_test(control_characters_are_replaced),
	    cmocka_unit_test(invalid_bytes_are_replaced_one_by_one),
	    cmocka_unit_test(a_cut_is_between_characters_and_shown),
	    cmocka_unit_test(any_bytes_give_a_line),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
