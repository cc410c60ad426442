/* SPDX-License-Identifier: ISC */
#include "config/scalar.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config/ascii.h"
#include "config/config.h"
#include "config/notes.h"

static bool
slice_is(struct slice text, const char *word)
{
	return text.len == strlen(word) && memcmp(text.text, word, text.len) == 0;
}

static bool
slice_is_any(struct slice text, const char *const words[])
{
	for (size_t i = 0; words[i] != NULL; i++)
		if (slice_is(text, words[i]))
			return true;
	return false;
}

/* The numbers of YAML 1.2's core schema: decimal, 0o7, 0xf, 1.5e3, .inf, .nan. */
static bool
is_yaml_number(struct slice text)
{
	static const char *const odd[] = {".inf", ".Inf", ".INF", ".nan", ".NaN", ".NAN", NULL};
	const char *at = text.text, *end = text.text + text.len;
	size_t digits = 0;

	if (text.len > 2 && at[0] == '0' && (at[1] == 'x' || at[1] == 'o'))
		return strspn(at + 2, at[1] == 'x' ? "0123456789abcdefABCDEF" : "01234567") ==
		       text.len - 2;
	at += at < end && (*at == '-' || *at == '+');
	if (slice_is_any((struct slice){at, (size_t)(end - at)}, odd))
		return true;
	for (; at < end && is_digit(*at); at++)
		digits++;
	if (at < end && *at == '.')
		for (at++; at < end && is_digit(*at); at++)
			digits++;
	if (digits > 0 && at + 1 < end && (*at == 'e' || *at == 'E')) {
		at += at[1] == '-' || at[1] == '+' ? 2 : 1;
		if (at == end)
			return false;
		while (at < end && is_digit(*at))
			at++;
	}
	return digits > 0 && at == end;
}

enum plain_kind
scalar_plain_kind(struct slice text)
{
	static const char *const null[] = {"", "~", "null", "Null", "NULL", NULL};
	static const char *const boolean[] = {
	    "true", "True", "TRUE", "false", "False", "FALSE", NULL};
	static const char *const legacy[] = {
	    "yes", "Yes", "YES", "no", "No", "NO", "on", "On", "ON", "off", "Off", "OFF", NULL};

	if (text.len > strlen("false") ||
	    (text.len > 0 && strchr("~nNtTfFyYoO", *text.text) == NULL))
		return is_yaml_number(text) ? PLAIN_NUMBER : PLAIN_STRING;
	if (slice_is_any(text, null))
		return PLAIN_NULL;
	if (slice_is_any(text, boolean))
		return PLAIN_BOOLEAN;
	if (slice_is_any(text, legacy))
		return PLAIN_LEGACY_BOOLEAN;
	return is_yaml_number(text) ? PLAIN_NUMBER : PLAIN_STRING;
}

/* Digits at the front of text, as a number; -ERANGE if they are too many. */
static int
take_digits(struct slice *text, int64_t *ret)
{
	int64_t value = 0;

	for (; text->len > 0 && is_digit(*text->text); text->text++, text->len--)
		if (__builtin_mul_overflow(value, 10, &value) ||
		    __builtin_add_overflow(value, *text->text - '0', &value))
			return -ERANGE;
	*ret = value;
	return 0;
}

/* Why the usual spellings of numbers elsewhere are not taken. */
static void
explain_number(struct slice text, const char *allowed, struct why *why)
{
	char quoted[QUOTE_MAX];
	const char *fault = "is not a number";

	notes_quote(text, quoted);
	if (text.len > 1 && text.text[0] == '0' && (text.text[1] == 'x' || text.text[1] == 'o'))
		fault = "is not a decimal number";
	else if (text.len > 1 && text.text[0] == '0' && is_digit(text.text[1]))
		fault = "has a leading zero, which some readers take for octal";
	else if (text.len > 0 && is_digit(text.text[0]) && memchr(text.text, ':', text.len) != NULL)
		fault = "is taken for a number of base 60 by some readers";
	else if (text.len > 0 && is_digit(text.text[0]) && memchr(text.text, '_', text.len) != NULL)
		fault = "has a separator among its digits";
	else if (text.len > 0 && (text.text[0] == '-' || text.text[0] == '+'))
		fault = "has a sign";
	snprintf(why->text, sizeof(why->text), "%s %s; %s", quoted, fault, allowed);
}

int
scalar_number(struct slice text, int64_t *ret, struct why *why)
{
	struct slice rest = text;
	int64_t value = 0;
	int error = take_digits(&rest, &value);
	char quoted[QUOTE_MAX];

	if (error == -ERANGE) {
		snprintf(
		    why->text, sizeof(why->text), "%s is too large", notes_quote(text, quoted));
		return -EINVAL;
	}
	if (text.len == 0 || rest.len > 0 || (text.text[0] == '0' && text.len > 1)) {
		explain_number(text, "write digits only, as in 42", why);
		return -EINVAL;
	}
	*ret = value;
	return 0;
}

int
scalar_factor(struct slice text, double *ret, struct why *why)
{
	const char *dot = memchr(text.text, '.', text.len);
	struct slice whole = text, fraction = {0};
	int64_t number, digits = 0;
	double scale = 1;

	if (dot != NULL) {
		whole.len = (size_t)(dot - text.text);
		fraction = (struct slice){dot + 1, text.len - whole.len - 1};
	}
	if (scalar_number(whole, &number, why) != 0)
		goto fail;
	for (size_t i = 0; i < fraction.len; i++)
		scale *= 10;
	/* 15 digits are what a double holds. */
	if ((dot != NULL && fraction.len == 0) || fraction.len > 15 ||
	    take_digits(&fraction, &digits) != 0 || fraction.len > 0)
		goto fail;
	*ret = (double)number + (double)digits / scale;
	return 0;
fail:
	explain_number(text, "write it as in 2 or 1.5", why);
	return -EINVAL;
}

int
scalar_name(struct slice text, struct why *why)
{
	static const char others[] = "._:[]-";
	char quoted[QUOTE_MAX];

	if (text.len == 0) {
		snprintf(why->text, sizeof(why->text), "a name cannot be empty");
		return -EINVAL;
	}
	for (size_t i = 0; i < text.len; i++) {
		char c = text.text[i];

		if (is_digit(c) || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
		    (c != '\0' && strchr(others, c) != NULL))
			continue;
		snprintf(why->text, sizeof(why->text),
		    "%s cannot be a name; allowed are A-Z a-z 0-9 . _ : [ ] and -",
		    notes_quote(text, quoted));
		return -EINVAL;
	}
	if (text.len > CONFIG_MAX_NAME) {
		snprintf(why->text, sizeof(why->text),
		    "%s is too long for a name; at most %d characters", notes_quote(text, quoted),
		    CONFIG_MAX_NAME);
		return -EINVAL;
	}
	return 0;
}

static int
hex_digit(char c)
{
	if (is_digit(c))
		return c - '0';
	c = (char)(c | 0x20);
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* The byte that an escape stands for, and how long it is; -1: there is no such escape. */
static int
escape_byte(struct slice text, size_t *ret_len)
{
	int high, low;

	*ret_len = 2;
	if (text.len < 2)
		return -1;
	switch (text.text[1]) {
	case 'r':
		return '\r';
	case 'n':
		return '\n';
	case 't':
		return '\t';
	case '0':
		return '\0';
	case '\\':
		return '\\';
	case 'x':
		*ret_len = 4;
		high = text.len < 4 ? -1 : hex_digit(text.text[2]);
		low = text.len < 4 ? -1 : hex_digit(text.text[3]);
		return high < 0 || low < 0 ? -1 : high * 16 + low;
	default:
		return -1;
	}
}

int
scalar_bytes(struct slice text, char *out, size_t *ret_len, struct why *why)
{
	size_t len = 0, size;
	int byte;

	for (size_t i = 0; i < text.len; i += size) {
		size = 1;
		byte = (unsigned char)text.text[i];
		if (byte == '\\')
			byte = escape_byte((struct slice){text.text + i, text.len - i}, &size);
		if (byte < 0) {
			char quoted[QUOTE_MAX];

			notes_quote(
			    (struct slice){text.text + i, text.len - i < 4 ? text.len - i : 4},
			    quoted);
			snprintf(why->text, sizeof(why->text),
			    "%s is not an escape; there are \\r \\n \\t \\0 \\\\ and \\xNN",
			    quoted);
			return -EINVAL;
		}
		out[len++] = (char)byte;
	}
	*ret_len = len;
	return 0;
}
