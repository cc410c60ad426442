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

/* Longer words are not like any other. */
#define WORDS_GUESS_MAX 64

/* Which of many words was meant by a text that is none of them; zero: none is like it so far. */
struct words_guess {
	const char *word;
	unsigned distance;
};
void words_consider(struct words_guess *guess, const char *text, size_t text_len, const char *word);

#endif
