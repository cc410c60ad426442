/* SPDX-License-Identifier: ISC */
#ifndef KAGUARD_TESTS_PARKTABLE_BYTES_H
#define KAGUARD_TESTS_PARKTABLE_BYTES_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* FNV-1a in words of eight bytes, folded: part of the format. */
static inline uint32_t
sum_of(const unsigned char *bytes, size_t size)
{
	uint64_t hash = 0xcbf29ce484222325u, word;
	size_t i = 0;

	for (; i + 8 <= size; i += 8) {
		memcpy(&word, bytes + i, 8);
		hash = (hash ^ word) * 0x100000001b3u;
		hash ^= hash >> 29;
	}
	for (; i < size; i++)
		hash = (hash ^ bytes[i]) * 0x100000001b3u;
	hash ^= hash >> 32;
	return (uint32_t)hash != 0 ? (uint32_t)hash : 1;
}

static inline void
put32(unsigned char *at, uint32_t value)
{
	memcpy(at, &value, sizeof(value));
}

#endif
