/* SPDX-License-Identifier: ISC */
#ifndef KAGUARD_CONFIG_POOL_H
#define KAGUARD_CONFIG_POOL_H

/* Many small things that are all freed at once. */

#include <stddef.h>

struct pool_chunk;

/* Zeroed is empty. */
struct pool {
	struct pool_chunk *chunks; /* the newest first */
	size_t left;		   /* bytes free in the newest */
};

/* Zeroed and aligned for anything; NULL where memory is out. Lives until pool_clear(). */
void *pool_alloc(struct pool *pool, size_t size);

/* A copy with a NUL behind it, or NULL where memory is out. */
char *pool_text(struct pool *pool, const char *text, size_t len);

/* Frees everything in it. */
void pool_clear(struct pool *pool);

#endif
