/* SPDX-License-Identifier: ISC */
#ifndef KAGUARD_HOST_JSONTEXT_H
#define KAGUARD_HOST_JSONTEXT_H

/*
 * JSON from text, by jansson, but without memory too: its lexer goes on where its buffer could not
 * be made larger (lex_save() in jansson's load.c, akheron/jansson#362), and runs past its end. For
 * one thread only.
 */

#include <stddef.h>

struct json_t;

/* 0; -EBADMSG: it is not JSON, or has a key twice; -ENOMEM. */
int jsontext_parse(const char *text, size_t size, struct json_t **ret);

/* As json_dumps(3), which leaves out a key that its buffer could not be made larger for (do_dump()
 * in jansson's dump.c). To be freed; NULL: no memory. */
char *jsontext_print(const struct json_t *root, size_t flags);

/* As json_unpack(3), which tells what is not there from what there is no memory for: -EBADMSG and
 * -ENOMEM. */
int jsontext_unpack(struct json_t *root, const char *format, ...);

#endif
