/* SPDX-License-Identifier: ISC */
#ifndef KAGUARD_TESTS_DESCRIPTORS_H
#define KAGUARD_TESTS_DESCRIPTORS_H

#include <fcntl.h>

#define DESCRIPTORS_MOST 256

/* How many are open: the same before and after. */
static inline unsigned
descriptors_open(void)
{
	unsigned n = 0;

	for (int fd = 0; fd < DESCRIPTORS_MOST; fd++)
		n += fcntl(fd, F_GETFD) >= 0;
	return n;
}

#endif
