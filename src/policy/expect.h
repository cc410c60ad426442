/* SPDX-License-Identifier: ISC */
#ifndef KAGUARD_POLICY_EXPECT_H
#define KAGUARD_POLICY_EXPECT_H

/*
 * Bytes that are looked for in a stream, wherever its pieces begin and end. All that is remembered
 * from piece to piece is one number (Knuth, Morris, Pratt), so it costs a session two bytes and a
 * stream one look at each of its bytes.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define EXPECT_MAX 1024

struct expect {
	const char *bytes;	 /* any, NUL too; NULL: whatever comes will do */
	const uint16_t *borders; /* of these bytes; NULL with them */
	size_t len;		 /* 1..EXPECT_MAX */
};

/*
 * What a mismatch falls back to: ret_borders[i] is the length of the longest proper prefix of the
 * bytes that bytes[0..i] ends with. Room for len of them.
 */
void expect_borders(const char *bytes, size_t len, uint16_t *ret_borders);

/*
 * The next piece of the stream. True: the bytes are there. *matched, 0 at first, is how many of
 * them the stream ends with so far.
 */
bool expect_feed(const struct expect *expect, uint16_t *matched, const char *data, size_t len);

/* In quotes, as in the configuration: "PONG\r\n". What is too long ends in "..". Returns buf. */
char *expect_text(const struct expect *expect, char *buf, size_t size);

#endif
