/* SPDX-License-Identifier: ISC */
#ifndef KAGUARD_CONFIG_DROPINS_H
#define KAGUARD_CONFIG_DROPINS_H

/* The files in FILE.d, beside FILE.yaml. */

#include <stddef.h>

struct dropins {
	char *directory;
	char **files; /* FILE.d/NAME.yaml in the order of their names */
	size_t n;
	char **ignored; /* those that end in .yml, which someone may have meant */
	size_t n_ignored;
};

/*
 * 0, also where there is no such directory; or negative errno, with the directory's name filled in
 * unless that is -ENOMEM. To be cleared in any case.
 */
int dropins_find(const char *path, struct dropins *dropins);

void dropins_clear(struct dropins *dropins);

#endif
