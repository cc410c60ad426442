/* SPDX-License-Identifier: ISC */

/*
 * One value of a configuration: durations, endpoints and all the others. The first byte says of
 * which option it is, or by which name it is read. What is taken is what others make of the same
 * text, and comes out again as it went in; what is refused is told in one line.
 */

#include <arpa/inet.h>
#include <assert.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config/notes.h"
#include "config/options.h"
#include "config/parse.h"
#include "config/scalar.h"
#include "fuzz.h"
#include "policy/timespan.h"
#include "shown.h"

#define MOST 2048

static struct slice
slice_of(const char *text)
{
	return (struct slice){text, strlen(text)};
}

/* Host and port, put together again, are what was written. */
static bool
is_whole(struct slice whole, const struct endpoint *endpoint)
{
	const char *open = endpoint->family == AF_INET6 ? "[" : "";
	const char *close = endpoint->family == AF_INET6 ? "]" : "";
	char text[MOST + 16];
	int size = snprintf(text, sizeof(text), "%s%.*s%s:%u", open, (int)endpoint->host.len,
	    endpoint->host.text, close, endpoint->port);

	return size == (int)whole.len && memcmp(text, whole.text, whole.len) == 0;
}

static void
check_text(const char *text, size_t most)
{
	size_t size = strlen(text);

	assert(size > 0 && size < most);
	shown_line(text, size);
}

/* --- durations -------------------------------------------------------------------------------- */

/* The exact microseconds of a number and its unit, in steps of a millionth, with room to spare. */
static const char *
add_term(const char *at, __int128 *us)
{
	__int128 value = 0, scale = 1000000, unit;
	char name[16];
	size_t n;

	while (*at >= '0' && *at <= '9')
		value = value * 10 + (*at++ - '0');
	value *= scale;
	if (*at == '.')
		for (at++; *at >= '0' && *at <= '9'; at++) {
			scale /= 10;
			value += (*at - '0') * scale;
		}
	at += strspn(at, " ");
	n = strcspn(at, " 0123456789");
	assert(n < sizeof(name));
	snprintf(name, sizeof(name), "%.*s", (int)n, at);
	unit = n == 0			     ? 1000000
	       : name[0] == 'w'		     ? (__int128)7 * 86400 * 1000000
	       : name[0] == 'd'		     ? (__int128)86400 * 1000000
	       : name[0] == 'h'		     ? (__int128)3600 * 1000000
	       : strncmp(name, "ms", 2) == 0 ? 1000
	       : name[0] == 'm'		     ? (__int128)60 * 1000000
	       : name[0] == 'u'		     ? 1
					     : 1000000;
	*us += value / 1000000 * unit + value % 1000000 * unit / 1000000;
	return at + n + strspn(at + n, " ");
}

static void
check_duration(struct slice text)
{
	const char *at = text.text + strspn(text.text, " ");
	char written[TIMESPAN_MAX];
	int64_t ms, again;
	__int128 us = 0;
	struct why why;

	if (scalar_duration(text, &ms, &why) != 0) {
		check_text(why.text, sizeof(why.text));
		return;
	}
	while (at < text.text + text.len)
		at = add_term(at, &us);
	assert((us + 999) / 1000 == ms);
	/* A quarter of a million years is more than any option takes. */
	if (ms > INT64_MAX / 1024)
		return;
	timespan_text(ms, written, sizeof(written));
	assert(scalar_duration(slice_of(written), &again, &why) == 0 && again == ms);
	timespan_written(ms, written, sizeof(written));
	assert(scalar_duration(slice_of(written), &again, &why) == 0 && again == ms);
	assert(strlen(timespan_brief(ms, written, sizeof(written))) > 0);
}

/* --- numbers ---------------------------------------------------------------------------------- */

static void
check_number(struct slice text)
{
	char written[32];
	struct why why;
	int64_t value;

	if (scalar_number(text, &value, &why) != 0) {
		check_text(why.text, sizeof(why.text));
		return;
	}
	snprintf(written, sizeof(written), "%" PRId64, value);
	assert(strlen(written) == text.len && memcmp(written, text.text, text.len) == 0);
	assert(scalar_plain_kind(text) == PLAIN_NUMBER);
}

static void
check_factor(struct slice text)
{
	struct why why;
	double value, other;
	char *end;

	if (scalar_factor(text, &value, &why) != 0) {
		check_text(why.text, sizeof(why.text));
		return;
	}
	other = strtod(text.text, &end);
	assert(end == text.text + text.len);
	assert(value <= other * (1 + 1e-15) && value >= other * (1 - 1e-15));
}

static void
check_mode(struct slice text)
{
	struct why why;
	int64_t value;
	char *end;

	if (scalar_mode(text, &value, &why) != 0) {
		check_text(why.text, sizeof(why.text));
		return;
	}
	assert(value == strtol(text.text, &end, 8) && end == text.text + text.len);
}

/* --- addresses -------------------------------------------------------------------------------- */

/* What the resolver takes without asking anybody, in one of its older spellings too. */
static bool
is_number_to_resolver(struct slice host)
{
	char text[MOST + 1];
	struct in_addr address;

	memcpy(text, host.text, host.len);
	text[host.len] = '\0';
	return inet_aton(text, &address) != 0;
}

static bool
is_literal(int family, struct slice text)
{
	struct in6_addr address;
	char copy[MOST + 1];

	snprintf(copy, sizeof(copy), "%.*s", (int)text.len, text.text);
	if (family == AF_INET6)
		copy[strcspn(copy, "%")] = '\0';
	return inet_pton(family, copy, &address) == 1;
}

static void
check_endpoint(struct slice text)
{
	struct endpoint endpoint;
	struct why why;

	if (scalar_endpoint(text, &endpoint, &why) != 0) {
		check_text(why.text, sizeof(why.text));
		return;
	}
	assert(endpoint.port > 0 && endpoint.host.len > 0);
	assert(is_whole(text, &endpoint));
	assert(memchr(text.text, '\0', text.len) == NULL);
	if (endpoint.family == AF_UNSPEC)
		assert(!is_number_to_resolver(endpoint.host));
	else
		assert(is_literal(endpoint.family, endpoint.host));
}

static void
check_address(struct slice text)
{
	struct why why;
	int family;

	if (scalar_address(text, &family, &why) != 0)
		check_text(why.text, sizeof(why.text));
	else
		assert(is_literal(family, text));
}

/* --- bytes and options ------------------------------------------------------------------------ */

static void
check_bytes(struct slice text)
{
	char out[MOST], escaped[4 * MOST + 1];
	size_t size, again;
	struct why why;

	if (scalar_bytes(text, out, &size, &why) != 0) {
		check_text(why.text, sizeof(why.text));
		return;
	}
	assert(size <= text.len);
	for (size_t i = 0; i < size; i++)
		snprintf(escaped + 4 * i, 5, "\\x%02x", (unsigned char)out[i]);
	assert(scalar_bytes((struct slice){escaped, 4 * size}, escaped, &again, &why) == 0);
	assert(again == size && memcmp(escaped, out, size) == 0);
}

static bool
is_within(const struct option *option, int64_t value)
{
	return (value >= option->min && value <= option->max) || (value == 0 && option->zero);
}

/* What an option takes is within its bounds, and of no text that ends sooner than it seems. */
static void
check_option(enum option_id id, struct slice text)
{
	const struct option *option = option_at(id);
	struct setting setting = {0};
	struct why why = {0};

	(void)option_suggest(option->parent, text);
	(void)option_suggest_firewall(text);
	if (option_parse(option, text, &setting, &why) != 0) {
		if (why.text[0] != '\0')
			check_text(why.text, sizeof(why.text));
		return;
	}
	assert(memchr(text.text, '\0', text.len) == NULL);
	if (option->type == OPTION_TYPE_FIREWALL)
		assert(is_within(option, setting.firewall.timeout_ms));
	else if (option->type == OPTION_TYPE_DURATION || option->type == OPTION_TYPE_SECONDS ||
		 option->type == OPTION_TYPE_NUMBER)
		assert(is_within(option, setting.number));
	else if (option->type == OPTION_TYPE_FACTOR)
		assert(
		    setting.factor >= (double)option->min && setting.factor <= (double)option->max);
}

static void (*const readers[])(struct slice) = {check_duration, check_endpoint, check_address,
    check_number, check_factor, check_mode, check_bytes};
#define N_READERS (sizeof(readers) / sizeof(readers[0]))

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char text[MOST], quoted[QUOTE_MAX];
	struct slice slice = {text, size - 1};

	if (size < 1 || size > MOST)
		return 0;
	/* Of a scalar of the document, a NUL follows it. */
	memcpy(text, data + 1, slice.len);
	text[slice.len] = '\0';
	check_text(notes_quote(slice, quoted), sizeof(quoted));
	if (data[0] < N_READERS)
		readers[data[0]](slice);
	else
		check_option(data[0] % OPTION_COUNT, slice);
	return 0;
}
