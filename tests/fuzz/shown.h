/* SPDX-License-Identifier: ISC */
#ifndef KAGUARD_TESTS_SHOWN_H
#define KAGUARD_TESTS_SHOWN_H

#include <stddef.h>

/* One line that a terminal can be given: UTF-8 without control characters, but for tabs; as libc
 * and not as kaguard decodes it. Ends the program where it is none. How many characters it has. */
size_t shown_line(const char *text, size_t size);

#endif
