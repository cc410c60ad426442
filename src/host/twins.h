/* SPDX-License-Identifier: ISC */
#ifndef KAGUARD_HOST_TWINS_H
#define KAGUARD_HOST_TWINS_H

/*
 * Whether two descriptors are one and the same file. A socket that goes from one use to another is
 * parked under a number for each, and the older one lies there until its shelf was filled anew:
 * ending it would end the newer one.
 */

#include <stdbool.h>

struct twin;

/* All zero is fine: none are known. */
struct twins {
	struct twin *list;
	unsigned n, room;
	bool sorted;
	bool failed; /* there was no memory for one */
};

/* It is one of those. */
void twins_add(struct twins *twins, int fd);

/* Whether it is one of those, or cannot be told: what is left alone comes to no harm. */
bool twins_know(struct twins *twins, int fd);

/* Close it; and end it as well, if it is none of those: close() ends nothing that has duplicates.
 */
void twins_end(struct twins *twins, int fd);

void twins_clear(struct twins *twins);

#endif
