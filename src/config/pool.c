/* SPDX-License-Identifier: ISC */
#include "config/pool.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define POOL_CHUNK_MIN ((size_t)1 << 12)
#define POOL_CHUNK_MAX ((size_t)1 << 18)
#define POOL_ALIGN     _Alignof(max_align_t)

struct pool_chunk {
	struct pool_chunk *older;
	size_t size;
	max_align_t data[];
};

/* Chunks double, so a small configuration is small and a large one makes few of them. */
static int
pool_grow(struct pool *pool, size_t need)
{
	size_t size = pool->chunks == NULL ? POOL_CHUNK_MIN : pool->chunks->size * 2;
	struct pool_chunk *chunk;

	if (size > POOL_CHUNK_MAX)
		size = POOL_CHUNK_MAX;
	if (size < need)
		size = need + POOL_ALIGN - need % POOL_ALIGN;
	chunk = malloc(sizeof(*chunk) + size);
	if (chunk == NULL)
		return -1;
	chunk->older = pool->chunks;
	chunk->size = size;
	pool->chunks = chunk;
	pool->left = size;
	return 0;
}

static char *
pool_take(struct pool *pool, size_t size)
{
	char *taken;

	if (size > pool->left && pool_grow(pool, size) != 0)
		return NULL;
	taken = (char *)pool->chunks->data + (pool->chunks->size - pool->left);
	pool->left -= size;
	return taken;
}

void *
pool_alloc(struct pool *pool, size_t size)
{
	void *taken;

	if (size > SIZE_MAX / 2)
		return NULL;
	/* Chunks have sizes and starts that are aligned, so what is left tells the alignment. */
	pool->left -= pool->left % POOL_ALIGN;
	size += (POOL_ALIGN - size % POOL_ALIGN) % POOL_ALIGN;
	taken = pool_take(pool, size);
	return taken == NULL ? NULL : memset(taken, 0, size);
}

char *
pool_text(struct pool *pool, const char *text, size_t len)
{
	char *copy = len > SIZE_MAX / 2 ? NULL : pool_take(pool, len + 1);

	if (copy == NULL)
		return NULL;
	memcpy(copy, text, len);
	copy[len] = '\0';
	return copy;
}

void
pool_clear(struct pool *pool)
{
	struct pool_chunk *chunk, *older;

	for (chunk = pool->chunks; chunk != NULL; chunk = older) {
		older = chunk->older;
		free(chunk);
	}
	*pool = (struct pool){0};
}
