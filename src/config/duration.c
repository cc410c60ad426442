/* SPDX-License-Identifier: ISC */
#include "config/scalar.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "config/ascii.h"
#include "config/notes.h"

/* The time spans of systemd.time(7), as far as they are of one length always. */

#define US_PER_MS ((int64_t)1000)
#define US_PER_S  (1000 * US_PER_MS)

#define UNITS_ALLOWED "units are us, ms, s, min, h, d and w, as in '2h 4min'"

static const struct {
	const char *name;
	int64_t us;
} units[] = {
    {"us", 1},
    {"usec", 1},
    {"ms", US_PER_MS},
    {"msec", US_PER_MS},
    {"s", US_PER_S},
    {"sec", US_PER_S},
    {"second", US_PER_S},
    {"seconds", US_PER_S},
    {"m", 60 * US_PER_S},
    {"min", 60 * US_PER_S},
    {"minute", 60 * US_PER_S},
    {"minutes", 60 * US_PER_S},
    {"h", 3600 * US_PER_S},
    {"hr", 3600 * US_PER_S},
    {"hour", 3600 * US_PER_S},
    {"hours", 3600 * US_PER_S},
    {"d", 86400 * US_PER_S},
    {"day", 86400 * US_PER_S},
    {"days", 86400 * US_PER_S},
    {"w", 7 * 86400 * US_PER_S},
    {"week", 7 * 86400 * US_PER_S},
    {"weeks", 7 * 86400 * US_PER_S},
};

const char *
scalar_duration_unit(size_t i)
{
	return i < sizeof(units) / sizeof(units[0]) ? units[i].name : NULL;
}

static void
skip(struct slice *text, size_t n)
{
	text->text += n;
	text->len -= n;
}

static void
skip_blanks(struct slice *text)
{
	while (text->len > 0 && *text->text == ' ')
		skip(text, 1);
}

static int
explain(struct slice text, struct why *why, const char *fault)
{
	char quoted[QUOTE_MAX];

	snprintf(why->text, sizeof(why->text), "%s is not a duration: %s",
	    notes_quote(text, quoted), fault);
	return -EINVAL;
}

static int
explain_unit(struct slice text, struct slice unit, struct why *why)
{
	char quoted[QUOTE_MAX], fault[160];

	if (unit.len == 1 && *unit.text == 'M')
		return explain(text, why, "M is a month to systemd; write 'min' for minutes");
	snprintf(fault, sizeof(fault), "there is no unit %s; %s", notes_quote(unit, quoted),
	    UNITS_ALLOWED);
	return explain(text, why, fault);
}

/* The unit at the front of text in us, 0 where there is none, -1 where nobody knows it. */
static int64_t
take_unit(struct slice *text, struct slice *ret_unit)
{
	struct slice unit = {text->text, 0};

	while (
	    unit.len < text->len && (is_letter(unit.text[unit.len]) || unit.text[unit.len] & 0x80))
		unit.len++;
	skip(text, unit.len);
	*ret_unit = unit;
	for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++)
		if (strlen(units[i].name) == unit.len &&
		    memcmp(units[i].name, unit.text, unit.len) == 0)
			return units[i].us;
	return unit.len == 0 ? 0 : -1;
}

/* A number and its fraction at the front of text: value is in millionths of it. */
static int
take_number(struct slice *text, int64_t *ret_whole, int64_t *ret_millionths)
{
	int64_t whole = 0, part = 0, weight = 100000;

	if (text->len == 0 || !is_digit(*text->text))
		return -EINVAL;
	for (; text->len > 0 && is_digit(*text->text); skip(text, 1))
		if (__builtin_mul_overflow(whole, 10, &whole) ||
		    __builtin_add_overflow(whole, *text->text - '0', &whole))
			return -ERANGE;
	if (text->len > 1 && text->text[0] == '.' && is_digit(text->text[1])) {
		skip(text, 1);
		for (; text->len > 0 && is_digit(*text->text); skip(text, 1), weight /= 10)
			part += (*text->text - '0') * weight;
	}
	*ret_whole = whole;
	*ret_millionths = part;
	return 0;
}

/* us += (whole + millionths) * unit, unless that overflows. */
static bool
add_span(int64_t *us, int64_t whole, int64_t millionths, int64_t unit)
{
	int64_t product;

	/* A week is 6e11 us, so millionths of it fit. */
	return !__builtin_mul_overflow(whole, unit, &product) &&
	       !__builtin_add_overflow(*us, product, us) &&
	       !__builtin_add_overflow(*us, millionths * unit / 1000000, us);
}

static const char *
number_fault(struct slice rest, int error)
{
	if (error == -ERANGE)
		return "it is too long";
	if (rest.len > 0 && *rest.text == '-')
		return "it is negative";
	return "expected a number and a unit, as in '2h 4min'";
}

int
scalar_duration(struct slice text, int64_t *ret_ms, struct why *why)
{
	int64_t us = 0, whole = 0, millionths = 0, unit;
	struct slice rest = text, name;
	bool first = true;
	int error;

	skip_blanks(&rest);
	do {
		if (rest.len > 1 && rest.text[0] == '0' && is_digit(rest.text[1]))
			return explain(text, why, "a number has a leading zero");
		error = take_number(&rest, &whole, &millionths);
		if (error != 0)
			return explain(text, why, number_fault(rest, error));
		skip_blanks(&rest);
		unit = take_unit(&rest, &name);
		skip_blanks(&rest);
		if (unit < 0)
			return explain_unit(text, name, why);
		if (unit == 0 && (!first || rest.len > 0))
			return explain(text, why, "a number has no unit; " UNITS_ALLOWED);
		if (!add_span(&us, whole, millionths, unit == 0 ? US_PER_S : unit))
			return explain(text, why, "it is too long");
		first = false;
	} while (rest.len > 0);
	*ret_ms = us / US_PER_MS + (us % US_PER_MS > 0);
	return 0;
}
