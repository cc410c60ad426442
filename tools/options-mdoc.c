/* SPDX-License-Identifier: ISC */
/* Prints the list of options for kaguard.yaml(5), in mdoc(7), from the table of the parser. */

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "config/options.h"
#include "policy/timespan.h"

#define LINE_MOST 79

/* Text in which nothing is a macro or an escape. */
static void
print_text(const char *text)
{
	if (*text == '.' || *text == '\'')
		fputs("\\&", stdout);
	for (; *text != '\0'; text++)
		switch (*text) {
		case '\\':
			fputs("\\e", stdout);
			break;
		case '-':
			fputs("\\-", stdout);
			break;
		case '\'':
			fputs("\\(aq", stdout);
			break;
		case '"':
			fputs("\\(dq", stdout);
			break;
		default:
			putchar(*text);
		}
}

/* How far the blank is from the next one, or from the end. */
static size_t
word_length(const char *blank)
{
	return strcspn(blank + 1, " ");
}

/* Prose: each sentence on a line of its own, as mdoc wants it, and none too long. */
static void
print_prose(const char *text)
{
	size_t column = 0;

	for (; *text != '\0'; text++) {
		bool ends = text[0] == '.' && text[1] == ' ' && text[2] >= 'A' && text[2] <= 'Z';
		bool full = *text == ' ' && column + word_length(text) + 1 > LINE_MOST;

		putchar(ends ? '.' : full ? '\n' : *text);
		column = full ? 0 : column + 1;
		if (ends) {
			putchar('\n');
			column = 0;
			text++;
		}
	}
	putchar('\n');
}

static const char *
bound_text(const struct option *option, int64_t bound, char buf[TIMESPAN_MAX])
{
	if (option->type == OPTION_TYPE_SECONDS)
		return timespan_text(bound * 1000, buf, TIMESPAN_MAX);
	if (option->type == OPTION_TYPE_DURATION || option->type == OPTION_TYPE_FIREWALL)
		return timespan_text(bound, buf, TIMESPAN_MAX);
	snprintf(buf, TIMESPAN_MAX, "%lld", (long long)bound);
	return buf;
}

static void
print_bounds(const struct option *option)
{
	char min[TIMESPAN_MAX], max[TIMESPAN_MAX];

	bound_text(option, option->min, min);
	bound_text(option, option->max, max);
	printf("%s%s to %s", option->zero ? "0, or " : "", min, max);
}

static void
print_words(const struct option_word *words)
{
	for (const struct option_word *word = words; word->word != NULL; word++)
		if (!word->alias)
			printf("%s%s", word == words ? "" : " | ", word->word);
}

/* What can stand behind the key, in a few words. */
static void
print_type(const struct option *option)
{
	switch (option->type) {
	case OPTION_TYPE_MAP:
	case OPTION_TYPE_DEFAULTS:
		fputs("map", stdout);
		break;
	case OPTION_TYPE_PEERS:
		fputs("list", stdout);
		break;
	case OPTION_TYPE_DURATION:
	case OPTION_TYPE_SECONDS:
		fputs("duration, ", stdout);
		print_bounds(option);
		break;
	case OPTION_TYPE_NUMBER:
	case OPTION_TYPE_FACTOR:
		print_bounds(option);
		break;
	case OPTION_TYPE_WORD:
		print_words(option->words);
		break;
	case OPTION_TYPE_FIREWALL:
		fputs("duration (", stdout);
		print_bounds(option);
		fputs("), preset, list of these, or auto", stdout);
		break;
	case OPTION_TYPE_NAME:
	case OPTION_TYPE_ENDPOINT:
	case OPTION_TYPE_LISTEN:
	case OPTION_TYPE_ADDRESS:
	case OPTION_TYPE_MODE:
	case OPTION_TYPE_GROUP:
	case OPTION_TYPE_DEVICE:
	case OPTION_TYPE_SOCKET:
		fputs("string", stdout);
		break;
	case OPTION_TYPE_BYTES:
		printf("string of 1 to %lld bytes", (long long)option->max);
		break;
	}
}

static void
print_option(enum option_id id)
{
	const struct option *option = option_at(id);
	char path[64];

	printf(".It Ic %s\n.Pq ", option_path(id, path, sizeof(path)));
	print_type(option);
	if (option->required)
		fputs("; required", stdout);
	if (option->fallback != NULL) {
		fputs("; default ", stdout);
		print_text(option->fallback);
	}
	putchar('\n');
	print_prose(option->help);
	if (option->example != NULL) {
		fputs(".Dl ", stdout);
		print_text(option->key);
		fputs(": ", stdout);
		print_text(option->example);
		putchar('\n');
	}
}

static void
print_list(enum option_id from, enum option_id to)
{
	puts(".Bl -tag -width Ds");
	for (int id = (int)from; id < (int)to; id++)
		print_option((enum option_id)id);
	puts(".El");
}

int
main(void)
{
	puts(".Ss The top of the file");
	print_list(OPTION_READY_WHEN, OPTION_PEER);
	puts(".Ss A peer");
	print_list(OPTION_NAME, OPTION_COUNT);
	return fflush(stdout) == 0 ? 0 : 1;
}
