/* SPDX-License-Identifier: ISC */
#include "policy/words.h"

#include <stdio.h>
#include <string.h>

void
words_vadd(char *buf, size_t size, const char *format, va_list args)
{
	size_t used = strlen(buf);

	vsnprintf(buf + used, size - used, format, args);
}

void
words_add(char *buf, size_t size, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	words_vadd(buf, size, format, args);
	va_end(args);
}

/* --- "did you mean": the known word that takes the fewest edits --------------------------------
 */

static unsigned
least(unsigned a, unsigned b, unsigned c)
{
	unsigned smaller = a < b ? a : b;

	return smaller < c ? smaller : c;
}

static char
lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c | 0x20) : c == '-' ? '_' : c;
}

/*
 * Edits that turn one into the other: insertions, deletions, substitutions and swaps of neighbours
 * (optimal string alignment). Case, and '-' for '_', are not counted.
 */
static unsigned
distance(const char *a, size_t a_len, const char *b)
{
	unsigned rows[3][WORDS_GUESS_MAX + 1], *before = rows[0], *last = rows[1], *row = rows[2],
					       *spare;
	size_t len = strlen(b);

	for (unsigned j = 0; j <= len; j++)
		last[j] = j;
	for (unsigned i = 1; i <= a_len; i++) {
		row[0] = i;
		for (size_t j = 1; j <= len; j++) {
			unsigned other = lower(a[i - 1]) != lower(b[j - 1]);

			row[j] = least(row[j - 1] + 1, last[j] + 1, last[j - 1] + other);
			if (i > 1 && j > 1 && lower(a[i - 1]) == lower(b[j - 2]) &&
			    lower(a[i - 2]) == lower(b[j - 1]) && before[j - 2] + 1 < row[j])
				row[j] = before[j - 2] + 1;
		}
		spare = before;
		before = last;
		last = row;
		row = spare;
	}
	return last[len];
}

void
words_consider(struct words_guess *guess, const char *text, size_t text_len, const char *word)
{
	size_t len = strlen(word), longer = len > text_len ? len : text_len;
	/* A third of the word may be wrong; more is a guess. */
	size_t most = longer / 3;
	unsigned edits;

	if (text_len == 0 || longer > WORDS_GUESS_MAX ||
	    longer - (len < text_len ? len : text_len) > most)
		return;
	edits = distance(text, text_len, word);
	if (edits <= most && (guess->word == NULL || edits < guess->distance))
		*guess = (struct words_guess){word, edits};
}
