/* SPDX-License-Identifier: ISC */
#include "config/options.h"

#include <stdio.h>
#include <string.h>

#include "policy/firewalls.h"

enum option_id
option_find(enum option_id parent, struct slice key)
{
	for (int id = OPTION_ROOT + 1; id < OPTION_COUNT; id++) {
		const struct option *option = option_at((enum option_id)id);

		if (option->parent == parent && id != OPTION_PEER && option->key[0] == *key.text &&
		    strlen(option->key) == key.len && memcmp(option->key, key.text, key.len) == 0)
			return (enum option_id)id;
	}
	return OPTION_ROOT;
}

char *
option_path(enum option_id id, char *buf, size_t size)
{
	enum option_id parent = option_at(id)->parent;

	if (parent == OPTION_ROOT || parent == OPTION_PEER)
		snprintf(buf, size, "%s", option_at(id)->key);
	else
		snprintf(buf, size, "%s.%s", option_at(parent)->key, option_at(id)->key);
	return buf;
}

/* "Did you mean": the known word that takes the fewest edits. */

#define WORD_MAX 32

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
distance(struct slice a, const char *b)
{
	unsigned rows[3][WORD_MAX + 1], *before = rows[0], *last = rows[1], *row = rows[2], *spare;
	size_t len = strlen(b);

	for (unsigned j = 0; j <= len; j++)
		last[j] = j;
	for (unsigned i = 1; i <= a.len; i++) {
		row[0] = i;
		for (size_t j = 1; j <= len; j++) {
			unsigned other = lower(a.text[i - 1]) != lower(b[j - 1]);

			row[j] = least(row[j - 1] + 1, last[j] + 1, last[j - 1] + other);
			if (i > 1 && j > 1 && lower(a.text[i - 1]) == lower(b[j - 2]) &&
			    lower(a.text[i - 2]) == lower(b[j - 1]) && before[j - 2] + 1 < row[j])
				row[j] = before[j - 2] + 1;
		}
		spare = before;
		before = last;
		last = row;
		row = spare;
	}
	return last[len];
}

struct best {
	const char *word;
	unsigned distance;
};

static void
consider(struct best *best, struct slice text, const char *word)
{
	size_t len = strlen(word), longer = len > text.len ? len : text.len;
	/* A third of the word may be wrong; more is a guess. */
	size_t most = longer / 3;
	unsigned edits;

	if (text.len == 0 || longer > WORD_MAX || longer - (len < text.len ? len : text.len) > most)
		return;
	edits = distance(text, word);
	if (edits < best->distance && edits <= most)
		*best = (struct best){word, edits};
}

const char *
option_suggest(enum option_id parent, struct slice text)
{
	struct best best = {NULL, WORD_MAX};

	for (int id = OPTION_ROOT + 1; id < OPTION_COUNT; id++) {
		const struct option *option = option_at((enum option_id)id);

		if (id != OPTION_PEER && option->parent == parent)
			consider(&best, text, option->key);
	}
	return best.word;
}

const char *
option_suggest_firewall(struct slice text)
{
	struct best best = {NULL, WORD_MAX};

	consider(&best, text, OPTION_FIREWALL_AUTO);
	for (size_t i = 0; i < firewall_count(); i++)
		consider(&best, text, firewall_at(i)->name);
	return best.word;
}

const char *
option_suggest_word(const struct option_word *words, struct slice text)
{
	struct best best = {NULL, WORD_MAX};

	for (; words->word != NULL; words++)
		if (!words->alias)
			consider(&best, text, words->word);
	return best.word;
}
