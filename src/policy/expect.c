/* SPDX-License-Identifier: ISC */
#include "policy/expect.h"

#include <stdio.h>
#include <string.h>

/* How much is matched with one more byte, where `matched` were so far. */
static uint16_t
step(const char *bytes, const uint16_t *borders, uint16_t matched, char byte)
{
	while (matched > 0 && bytes[matched] != byte)
		matched = borders[matched - 1];
	return bytes[matched] == byte ? (uint16_t)(matched + 1) : 0;
}

void
expect_borders(const char *bytes, size_t len, uint16_t *ret)
{
	ret[0] = 0;
	for (size_t i = 1; i < len; i++)
		ret[i] = step(bytes, ret, ret[i - 1], bytes[i]);
}

bool
expect_feed(const struct expect *expect, uint16_t *matched, const char *data, size_t len)
{
	if (expect->bytes == NULL)
		return len > 0;
	for (size_t i = 0; i < len; i++) {
		*matched = step(expect->bytes, expect->borders, *matched, data[i]);
		if (*matched == expect->len)
			return true;
	}
	return false;
}

/* One byte as the configuration may write it. Returns its length. */
static int
byte_text(unsigned char byte, char text[5])
{
	static const char escapes[] = "\rr\nn\tt\\\\\"\"";
	const char *escape = byte != '\0' ? strchr(escapes, byte) : NULL;

	if (escape != NULL && (escape - escapes) % 2 == 0)
		return snprintf(text, 5, "\\%c", escape[1]);
	if (byte >= ' ' && byte < 0x7f)
		return snprintf(text, 5, "%c", byte);
	return snprintf(text, 5, "\\x%02x", byte);
}

char *
expect_text(const struct expect *expect, char *buf, size_t size)
{
	const size_t end = sizeof("..\"");
	size_t used = (size_t)snprintf(buf, size, "\"");
	char text[5];

	for (size_t i = 0; i < expect->len; i++) {
		size_t n = (size_t)byte_text((unsigned char)expect->bytes[i], text);

		if (used + n + end > size) {
			used += (size_t)snprintf(buf + used, size - used, "..");
			break;
		}
		memcpy(buf + used, text, n);
		used += n;
	}
	snprintf(buf + used, size - used, "\"");
	return buf;
}
