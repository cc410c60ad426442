/* SPDX-License-Identifier: ISC */
#ifndef KAGUARD_CONFIG_ASCII_H
#define KAGUARD_CONFIG_ASCII_H

/* Characters as the files have them, whatever the locale. */

#include <stdbool.h>

static inline bool
is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static inline bool
is_letter(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

#endif
