/* SPDX-License-Identifier: ISC */
#ifndef KAGUARD_CONFIG_SOURCE_H
#define KAGUARD_CONFIG_SOURCE_H

/* The text of a file, and where in it things are. */

#include <stddef.h>
#include <stdint.h>

#define SOURCE_MAX ((size_t)16 << 20)

/* A piece of text that belongs to somebody else; may hold a NUL. Of a scalar, one follows it. */
struct slice {
	const char *text;
	size_t len;
};

/* A position in one of the files. */
struct place {
	unsigned file;	       /* in the order read: the main file is 0 */
	unsigned line, column; /* from 1, columns in characters; 0: the file as a whole */
};

struct source {
	char *name;
	char *text; /* without the byte order mark, NUL behind it; NULL: could not be read */
	size_t len;
	unsigned file;
	uint32_t *lines; /* the offset at which each line begins */
	size_t n_lines;
};

/*
 * Read the file. 0, or negative errno: -EFBIG above SOURCE_MAX, -EISDIR. Lines are not yet known.
 * To be cleared in any case; name is copied.
 */
int source_open(struct source *source, const char *name, unsigned file);

/* The same from memory. 0 or -ENOMEM. */
int source_init(struct source *source, const char *name, struct slice text);

void source_clear(struct source *source);

/*
 * NULL, or what is wrong with the first character that no YAML file may have (invalid UTF-8, a
 * control character, a line separator that editors do not count), with its place.
 */
const char *source_check(const struct source *source, struct place *ret_at);

/* Where the byte at `offset` is. */
struct place source_place(const struct source *source, size_t offset);

/* The line, without its end; empty where there is none. Lines from 1. */
struct slice source_line(const struct source *source, unsigned line);

/* The byte at a place, or NULL. */
const char *source_at(const struct source *source, struct place at);

/* Length of the character at text[0..len), 1 to 4 with its code in *ret; 0: not UTF-8. */
size_t source_decode(const char *text, size_t len, uint32_t *ret);

#endif
