/* SPDX-License-Identifier: ISC */
#ifndef KAGUARD_CONFIG_SCALAR_H
#define KAGUARD_CONFIG_SCALAR_H

/*
 * Text to value, strictly. Each returns 0; or -EINVAL with why->text saying what is wrong and what
 * is allowed.
 */

#include <stdbool.h>
#include <stdint.h>

#include "config/source.h"

struct why {
	char text[256];
};

/* HOST:PORT or [IPv6]:PORT; the slices point into the text. */
struct endpoint {
	struct slice host; /* without brackets */
	uint16_t port;
	int family; /* AF_INET or AF_INET6 of a literal, AF_UNSPEC of a name */
};

/* What YAML takes a scalar without quotes for. */
enum plain_kind {
	PLAIN_STRING,
	PLAIN_NULL,
	PLAIN_BOOLEAN,
	PLAIN_NUMBER,
	PLAIN_LEGACY_BOOLEAN, /* yes, no, on, off: YAML 1.1 took them for booleans */
};
enum plain_kind scalar_plain_kind(struct slice text);

/* A systemd time span, "2h 4min" or "1.5s"; a bare number is seconds. In ms, rounded up. */
int scalar_duration(struct slice text, int64_t *ret_ms, struct why *why);

/* The i-th unit that a duration can have, or NULL behind the last. */
const char *scalar_duration_unit(size_t i);

/* A decimal number without sign, leading zero, separator or exponent. */
int scalar_number(struct slice text, int64_t *ret, struct why *why);

/* The same, and a fraction may follow. */
int scalar_factor(struct slice text, double *ret, struct why *why);

int scalar_endpoint(struct slice text, struct endpoint *ret, struct why *why);

/* A numeric address without brackets. *ret_family is AF_INET or AF_INET6. */
int scalar_address(struct slice text, int *ret_family, struct why *why);

/* ADDRESS:PORT with a numeric address, unix:/path or systemd:NAME. */
int scalar_listen(struct slice text, struct why *why);

/* Permissions, octal: 0660. */
int scalar_mode(struct slice text, int64_t *ret, struct why *why);

/* The name of a group, as far as a text can tell. */
int scalar_group(struct slice text, struct why *why);

/* A peer's name: 1 to CONFIG_MAX_NAME of A-Z a-z 0-9 . _ : [ ] - */
int scalar_name(struct slice text, struct why *why);

/* The name of a network interface. */
int scalar_device(struct slice text, struct why *why);

/* An absolute path that a unix socket can have. */
int scalar_socket(struct slice text, struct why *why);

/*
 * The bytes that \r \n \t \0 \\ and \xNN stand for. `out` has room for text.len bytes and may be
 * text.text itself.
 */
int scalar_bytes(struct slice text, char *out, size_t *ret_len, struct why *why);

#endif
