/* SPDX-License-Identifier: ISC */
#ifndef KAGUARD_HOST_RECORD_H
#define KAGUARD_HOST_RECORD_H

/* A record of the journal in the form in which it waits to leave. No allocation, no I/O. */

#include <stdint.h>
#include <stddef.h>

#include "host/journal.h"

/* What is longer is cut; the bytes of MESSAGE, of another field, and of all of `extra`. */
#define RECORD_TEXT_MAX	 ((size_t)2048)
#define RECORD_FIELD_MAX ((size_t)512)
#define RECORD_EXTRA_MAX ((size_t)16 * 1024)

/* With the names and the numbers, and some to spare. */
#define RECORD_MAX (RECORD_TEXT_MAX + 8 * RECORD_FIELD_MAX + RECORD_EXTRA_MAX + 2048)

/* Fields in one record, those of `extra` included; further ones are left out. */
#define RECORD_FIELDS 64

struct record {
	size_t size;
	unsigned fields;
	char bytes[RECORD_MAX];
};

/* For the journal: "NAME=value\n" for each field. fields may be NULL; text has any content. */
void record_fields(struct record *record, enum message message, int priority,
    const struct journal_fields *fields, const char *text);

/* For a stream of the service manager: "<4>text\n". */
void record_prefixed(struct record *record, int priority, const char *text);

/*
 * For people, and for files that they read: "2026-11-22 15:37:01 warning: text\n". What is neither
 * worse than usual nor for debugging has no such word. now: seconds since 1970, shown as local
 * time.
 */
void record_line(struct record *record, int priority, int64_t now, const char *text);

#endif
