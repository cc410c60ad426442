/* SPDX-License-Identifier: ISC */

/* The matcher of streams beside memmem(3), which sees them whole. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "policy/expect.h"

static uint16_t borders[EXPECT_MAX];

static struct expect
expecting(const char *bytes, size_t len)
{
	expect_borders(bytes, len, borders);
	return (struct expect){.bytes = bytes, .borders = borders, .len = len};
}

/* Byte by byte: after how many bytes they are there; 0: they are not. */
static size_t
found_after(const struct expect *expect, const char *stream, size_t len)
{
	uint16_t matched = 0;

	for (size_t i = 0; i < len; i++)
		if (expect_feed(expect, &matched, stream + i, 1))
			return i + 1;
	return 0;
}

/* The same of memmem(3). */
static size_t
is_after(const struct expect *expect, const char *stream, size_t len)
{
	const char *at = memmem(stream, len, expect->bytes, expect->len);

	return at != NULL ? (size_t)(at - stream) + expect->len : 0;
}

/* In pieces of random length, some of them empty: in which of them, by its end. */
static size_t
found_in_pieces(const struct expect *expect, const char *stream, size_t len, size_t *ret_begin)
{
	uint16_t matched = 0;
	size_t at = 0;

	while (at < len) {
		size_t piece = (size_t)random() % (len - at + 1);

		*ret_begin = at;
		at += piece;
		if (expect_feed(expect, &matched, stream + at - piece, piece))
			return at;
	}
	return 0;
}

/* All patterns and all streams over a small alphabet, where they repeat themselves most. */
static void
every_short_pattern_in_every_short_stream(void **unused)
{
	char pattern[5], stream[11];
	unsigned long pairs = 0;

	(void)unused;
	for (unsigned p = 0; p < 1u << 9; p++) {
		struct expect expect;
		size_t len = 1 + p % 5;

		for (size_t i = 0; i < len; i++)
			pattern[i] = (char)(p >> (4 + i) & 1);
		expect = expecting(pattern, len);
		for (unsigned s = 0; s < 1u << sizeof(stream); s++, pairs++) {
			for (size_t i = 0; i < sizeof(stream); i++)
				stream[i] = (char)(s >> i & 1);
			assert_int_equal(found_after(&expect, stream, sizeof(stream)),
			    is_after(&expect, stream, sizeof(stream)));
		}
	}
	assert_int_equal(pairs, 512 * 2048);
}

static void
long_ones_in_pieces(void **unused)
{
	const char *given = getenv("KAGUARD_SEED");
	unsigned seed = given != NULL ? (unsigned)strtoul(given, NULL, 0) : 1;
	static char pattern[EXPECT_MAX], stream[4 * EXPECT_MAX];
	unsigned hits = 0;

	(void)unused;
	print_message("# KAGUARD_SEED=%u\n", seed);
	srandom(seed);
	for (int round = 0; round < 3000; round++) {
		size_t len = 1 + (size_t)random() % sizeof(pattern);
		size_t length = (size_t)random() % sizeof(stream), begin = 0, end;
		int letters = 1 + (int)(random() % 3);
		struct expect expect;

		for (size_t i = 0; i < len; i++)
			pattern[i] = (char)(random() % letters);
		for (size_t i = 0; i < length; i++)
			stream[i] = (char)(random() % letters);
		/* By chance it would not be there. */
		if (length > len && random() % 2)
			memcpy(stream + (size_t)random() % (length - len), pattern, len);
		expect = expecting(pattern, len);
		end = found_in_pieces(&expect, stream, length, &begin);
		if (end > 0)
			assert_true(is_after(&expect, stream, length) > begin);
		assert_int_equal(end > 0, is_after(&expect, stream, length) > 0);
		assert_true(end == 0 || end >= is_after(&expect, stream, length));
		hits += end > 0;
	}
	assert_in_range(hits, 1000, 2900);
}

static void
bytes_are_bytes(void **unused)
{
	const struct expect nul = expecting("\0\xff\0\0", 4);

	(void)unused;
	assert_int_equal(found_after(&nul, "\0\xff\0\xff\0\0", 6), 6);
	assert_int_equal(found_after(&nul, "\0\xff\0", 3), 0);
}

static void
anything_will_do_where_nothing_is_expected(void **unused)
{
	const struct expect any = {0};
	uint16_t matched = 0;

	(void)unused;
	assert_false(expect_feed(&any, &matched, "", 0));
	assert_true(expect_feed(&any, &matched, "\0", 1));
}

static void
its_text_can_be_read(void **unused)
{
	const struct expect pong = expecting("PONG\r\n", 6), odd = expecting("\0\xff \\\"\t", 6);
	char text[32], longer[EXPECT_MAX];
	struct expect all;

	(void)unused;
	assert_string_equal(expect_text(&pong, text, sizeof(text)), "\"PONG\\r\\n\"");
	assert_string_equal(expect_text(&odd, text, sizeof(text)), "\"\\x00\\xff \\\\\\\"\\t\"");
	memset(longer, 'x', sizeof(longer));
	all = expecting(longer, sizeof(longer));
	assert_string_equal(expect_text(&all, text, 12), "\"xxxxxxx..\"");
	assert_string_equal(expect_text(&pong, text, 11), "\"PONG\\r..\"");
	/* Never beyond its room, and always closed, wherever it has to end. */
	for (size_t size = 6; size < sizeof(text); size++) {
		memset(text, '#', sizeof(text));
		expect_text(&odd, text, size);
		assert_int_equal(text[size], '#');
		assert_int_equal(text[strlen(text) - 1], '"');
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(every_short_pattern_in_every_short_stream),
	    cmocka_unit_test(long_ones_in_pieces),
	    cmocka_unit_test(bytes_are_bytes),
	    cmocka_unit_test(anything_will_do_where_nothing_is_expected),
	    cmocka_unit_test(its_text_can_be_read),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
