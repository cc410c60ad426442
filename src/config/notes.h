/* SPDX-License-Identifier: ISC */
#ifndef KAGUARD_CONFIG_NOTES_H
#define KAGUARD_CONFIG_NOTES_H

/* Collects what there is to say about the files while they are read. */

#include "config/load.h"
#include "config/source.h"

/* Room for a piece of somebody's file inside a remark. */
#define QUOTE_MAX 96

struct notes {
	struct remarks remarks;
	struct source *sources; /* by place.file; belongs to the caller */
	size_t n_sources;
	size_t dropped; /* remarks above REMARKS_MAX */
	int error;	/* -ENOMEM once memory was out: what was collected is not all */
};

/* Say it once: the same text at the same place again is ignored. */
void notes_error(struct notes *notes, struct place at, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

void notes_warning(struct notes *notes, struct place at, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* Hand the remarks over, sorted. */
void notes_finish(struct notes *notes, struct remarks *ret);

/*
 * A piece of somebody's file fit for a remark: in single quotes, cut where it is long, anything
 * that could upset a terminal as '?'. Returns buf.
 */
char *notes_quote(struct slice text, char buf[QUOTE_MAX]);

#endif
