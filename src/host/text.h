/* SPDX-License-Identifier: ISC */
#ifndef KAGUARD_HOST_TEXT_H
#define KAGUARD_HOST_TEXT_H

/* Text for people: what the journal, a terminal and the service manager can show. */

#include <stddef.h>

/* The room that text_line() needs at least. */
#define TEXT_LINE_MIN 4

/*
 * Copies `length` bytes as one line of valid UTF-8 with a NUL behind it. Tabs and ends of line
 * become spaces; other control characters, and each byte that is not UTF-8, become U+FFFD. What
 * does not fit into `size` bytes is cut between two characters, and an ellipsis takes its place.
 * Never shorter than what it copies unless cut. Returns the length without the NUL.
 */
size_t text_line(char *to, size_t size, const char *from, size_t length);

#endif
