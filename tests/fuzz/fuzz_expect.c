/* SPDX-License-Identifier: ISC */

/*
 * What a peer answers to a heartbeat, in whatever pieces, beside memmem(3). The first two bytes of
 * the input say how long the expected bytes are and where the pieces end; then come the expected
 * bytes, and the stream.
 */

#include <assert.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "fuzz.h"
#include "policy/expect.h"

static bool
found_in_pieces(const struct expect *expect, const char *stream, size_t len, unsigned cuts)
{
	uint16_t matched = 0;
	size_t piece;

	for (size_t at = 0; at < len; at += piece) {
		piece = 1 + (cuts * (at + 1) >> 3) % 8;
		if (piece > len - at)
			piece = len - at;
		if (expect_feed(expect, &matched, stream + at, piece))
			return true;
		assert(matched < expect->len);
	}
	return false;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint16_t borders[256];
	struct expect expect = {.borders = borders};
	const char *stream;
	char text[64];

	if (size < 3)
		return 0;
	expect.len = data[0] < size - 2 ? 1u + data[0] : size - 2;
	expect.bytes = (const char *)data + 2;
	stream = expect.bytes + expect.len;
	size -= 2 + expect.len;
	expect_borders(expect.bytes, expect.len, borders);
	assert(found_in_pieces(&expect, stream, size, data[1]) ==
	       (memmem(stream, size, expect.bytes, expect.len) != NULL));
	assert(strlen(expect_text(&expect, text, sizeof(text))) < sizeof(text));
	return 0;
}
