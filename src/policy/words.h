/* SPDX-License-Identifier: ISC */
#ifndef KAGUARD_POLICY_WORDS_H
#define KAGUARD_POLICY_WORDS_H

/* Sentences that are made piece by piece. */

#include <stdarg.h>
#include <stddef.h>

/* Append to the text in buf; what does not fit is cut off. */
void words_add(char *buf, size_t size, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
void words_vadd(char *buf, size_t size, const char *format, va_list args)
    __attribute__((format(printf, 3, 0)));

#endif
