/* SPDX-License-Identifier: ISC */
#include "host/text.h"

#include <assert.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#define REPLACEMENT "\xef\xbf\xbd" /* U+FFFD */
#define ELLIPSIS    "\xe2\x80\xa6" /* U+2026 */

/* A lead byte: how many bytes, and the least code point that needs so many (RFC 3629, 3). */
struct lead {
	unsigned char mask, value;
	size_t size;
	uint32_t least;
};

static const struct lead leads[] = {
    {0x80, 0x00, 1, 0},
    {0xe0, 0xc0, 2, 0x80},
    {0xf0, 0xe0, 3, 0x800},
    {0xf8, 0xf0, 4, 0x10000},
};

/* The size of the character at s and its code point; 0 where there is no valid one. */
static size_t
decode(const unsigned char *s, size_t left, uint32_t *ret)
{
	for (size_t i = 0; i < sizeof(leads) / sizeof(leads[0]); i++) {
		const struct lead *lead = &leads[i];

		if ((s[0] & lead->mask) != lead->value)
			continue;
		if (lead->size > left)
			return 0;

		uint32_t point = s[0] & (unsigned char)~lead->mask;

		for (size_t k = 1; k < lead->size; k++) {
			if ((s[k] & 0xc0) != 0x80)
				return 0;
			point = point << 6 | (s[k] & 0x3fu);
		}
		if (point < lead->least || point > 0x10ffff || (point >= 0xd800 && point < 0xe000))
			return 0;
		*ret = point;
		return lead->size;
	}
	return 0;
}

/* C0, DEL, C1, and the two separators that some terminals and editors take for an end of line. */
static bool
is_control(uint32_t point)
{
	return point < 0x20 || (point >= 0x7f && point < 0xa0) || point == 0x2028 ||
	       point == 0x2029;
}

/* What is to be shown for the character at s, which has *ret_size bytes. */
static const char *
show(const unsigned char *s, size_t left, size_t *ret_taken, size_t *ret_size)
{
	uint32_t point = 0;
	size_t size = decode(s, left, &point);

	*ret_taken = size == 0 ? 1 : size;
	if (size == 0 || is_control(point)) {
		bool space = size != 0 && (point == '\t' || point == '\n' || point == '\r');

		*ret_size = space ? 1 : strlen(REPLACEMENT);
		return space ? " " : REPLACEMENT;
	}
	*ret_size = size;
	return (const char *)s;
}

size_t
text_line(char *to, size_t size, const char *from, size_t length)
{
	size_t out = 0, keep = 0; /* keep: the last place from which the ellipsis still fits */
	size_t taken;

	assert(size >= TEXT_LINE_MIN);
	for (size_t in = 0; in < length; in += taken) {
		size_t n;
		const char *shown = show((const unsigned char *)from + in, length - in, &taken, &n);

		if (out + strlen(ELLIPSIS) < size)
			keep = out;
		if (out + n >= size) {
			memcpy(to + keep, ELLIPSIS, strlen(ELLIPSIS));
			out = keep + strlen(ELLIPSIS);
			break;
		}
		memcpy(to + out, shown, n);
		out += n;
	}
	to[out] = '\0';
	return out;
}
