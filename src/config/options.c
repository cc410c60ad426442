/* SPDX-License-Identifier: ISC */
#include "config/options.h"

#include <stdio.h>
#include <string.h>

#include "policy/firewalls.h"
#include "policy/words.h"

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

const char *
option_suggest(enum option_id parent, struct slice text)
{
	struct words_guess best = {0};

	for (int id = OPTION_ROOT + 1; id < OPTION_COUNT; id++) {
		const struct option *option = option_at((enum option_id)id);

		if (id != OPTION_PEER && option->parent == parent)
			words_consider(&best, text.text, text.len, option->key);
	}
	return best.word;
}

const char *
option_suggest_firewall(struct slice text)
{
	struct words_guess best = {0};

	words_consider(&best, text.text, text.len, OPTION_FIREWALL_AUTO);
	for (size_t i = 0; i < firewall_count(); i++)
		words_consider(&best, text.text, text.len, firewall_at(i)->name);
	return best.word;
}

const char *
option_suggest_word(const struct option_word *words, struct slice text)
{
	struct words_guess best = {0};

	for (; words->word != NULL; words++)
		if (!words->alias)
			words_consider(&best, text.text, text.len, words->word);
	return best.word;
}
