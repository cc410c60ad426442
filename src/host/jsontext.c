/* SPDX-License-Identifier: ISC */
#include "host/jsontext.h"

#include <errno.h>
#include <jansson.h>
#include <stdalign.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/* The text is handed over in pieces: where memory has ended, so does the text. */
#define PIECE 64

/*
 * What may be asked for after memory has ended: by the lexer, whose buffer is doubled, so that its
 * sizes add up to four times the longest token, and copies of that token; and for what is made of
 * the rest of a piece, where nothing is larger in proportion than an empty object, of 2 bytes.
 */
#define RESERVE(size) (8 * (size) + PIECE * 256)

/* Jansson's allocator has no argument of its own. */
static struct {
	char *at; /* NULL: no text is being parsed */
	size_t size, used;
} reserve;

static void *
take(size_t size)
{
	void *p = malloc(size);

	if (p != NULL || size > reserve.size - reserve.used)
		return p;
	p = reserve.at + reserve.used;
	size += alignof(max_align_t) - 1;
	size -= size % alignof(max_align_t);
	reserve.used = size < reserve.size - reserve.used ? reserve.used + size : reserve.size;
	return p;
}

static void
give(void *p)
{
	if ((uintptr_t)p - (uintptr_t)reserve.at >= reserve.size)
		free(p);
}

struct rest {
	const char *text;
	size_t size;
};

static size_t
next_piece(void *to, size_t room, void *arg)
{
	struct rest *rest = arg;
	size_t size = rest->size < PIECE ? rest->size : PIECE;

	if (reserve.used > 0)
		return 0;
	size = size < room ? size : room;
	memcpy(to, rest->text, size);
	rest->text += size;
	rest->size -= size;
	return size;
}

int
jsontext_parse(const char *text, size_t size, json_t **ret)
{
	struct rest rest = {text, size};
	json_error_t error;
	json_t *json;
	int r = 0;

	reserve.size = RESERVE(size);
	reserve.at = malloc(reserve.size);
	if (reserve.at == NULL)
		return -ENOMEM;
	json_set_alloc_funcs(take, give);
	json = json_load_callback(next_piece, &rest, JSON_REJECT_DUPLICATES, &error);
	if (reserve.used > 0 ||
	    (json == NULL && json_error_code(&error) == json_error_out_of_memory))
		r = -ENOMEM;
	else if (json == NULL)
		r = -EBADMSG;
	if (r < 0)
		json_decref(json);
	else
		*ret = json;
	json_set_alloc_funcs(malloc, free);
	free(reserve.at);
	memset(&reserve, 0, sizeof(reserve));
	return r;
}

int
jsontext_unpack(json_t *root, const char *format, ...)
{
	json_error_t error;
	va_list args;
	int r;

	va_start(args, format);
	r = json_vunpack_ex(root, &error, 0, format, args);
	va_end(args);
	if (r == 0)
		return 0;
	return json_error_code(&error) == json_error_out_of_memory ? -ENOMEM : -EBADMSG;
}

char *
jsontext_print(const json_t *root, size_t flags)
{
	size_t size = json_dumpb(root, NULL, 0, flags);
	char *text = size > 0 ? malloc(size + 1) : NULL;

	if (text == NULL)
		return NULL;
	if (json_dumpb(root, text, size, flags) != size) {
		free(text);
		return NULL;
	}
	text[size] = '\0';
	return text;
}
