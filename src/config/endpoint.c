/* SPDX-License-Identifier: ISC */
#include "config/scalar.h"

#include <arpa/inet.h>
#include <errno.h>
#include <net/if.h>
#include <stdio.h>
#include <string.h>
#include <sys/un.h>

#include "config/ascii.h"
#include "config/notes.h"

/* RFC 1035 section 2.3.4. */
#define HOST_MAX  253
#define LABEL_MAX 63

/* sd_listen_fds(3): what FileDescriptorName= takes. */
#define FDNAME_MAX 255

static int
refuse(struct why *why, struct slice text, const char *fault)
{
	char quoted[QUOTE_MAX];

	snprintf(why->text, sizeof(why->text), "%s %s", notes_quote(text, quoted), fault);
	return -EINVAL;
}

/* True if text is a literal of that family. */
static bool
is_literal(int family, struct slice text)
{
	char copy[INET6_ADDRSTRLEN + 1], binary[sizeof(struct in6_addr)];

	if (text.len >= sizeof(copy) || memchr(text.text, '\0', text.len) != NULL)
		return false;
	memcpy(copy, text.text, text.len);
	copy[text.len] = '\0';
	return inet_pton(family, copy, binary) == 1;
}

/* dev_valid_name() in net/core/dev.c, and the printable half of it. */
static bool
is_device(struct slice text)
{
	if (text.len == 0 || text.len >= IFNAMSIZ)
		return false;
	for (size_t i = 0; i < text.len; i++)
		if (text.text[i] <= ' ' || text.text[i] >= 0x7f ||
		    strchr("/:%", text.text[i]) != NULL)
			return false;
	return !(text.text[0] == '.' && (text.len == 1 || (text.len == 2 && text.text[1] == '.')));
}

/* An IPv6 literal, with a %zone after it or not. */
static bool
is_ipv6(struct slice text)
{
	const char *zone = memchr(text.text, '%', text.len);
	size_t len = zone == NULL ? text.len : (size_t)(zone - text.text);

	if (zone != NULL && !is_device((struct slice){zone + 1, text.len - len - 1}))
		return false;
	return is_literal(AF_INET6, (struct slice){text.text, len});
}

int
scalar_address(struct slice text, int *ret_family, struct why *why)
{
	if (is_literal(AF_INET, text))
		*ret_family = AF_INET;
	else if (is_ipv6(text))
		*ret_family = AF_INET6;
	else if (text.len > 1 && text.text[0] == '[')
		return refuse(
		    why, text, "is not a numeric address; write it without brackets and port");
	else
		return refuse(
		    why, text, "is not a numeric address, such as 192.0.2.10 or 2001:db8::10");
	return 0;
}

/* One part of a host name. RFC 952 with what RFC 1123 and the world have added: digits first, _. */
static const char *
label_fault(struct slice label)
{
	if (label.len == 0)
		return "is not a host name: two dots in a row, or one at the start";
	if (label.len > LABEL_MAX)
		return "is not a host name: a part between dots is longer than 63 characters";
	if (label.text[0] == '-' || label.text[label.len - 1] == '-')
		return "is not a host name: a part begins or ends with '-'";
	for (size_t i = 0; i < label.len; i++) {
		char c = label.text[i];

		if (c & 0x80)
			return "is not a host name: write it in its ASCII form (xn--...)";
		if (!is_letter(c) && !is_digit(c) && c != '-' && c != '_')
			return "is not a host name; allowed are A-Z a-z 0-9 - _ and dots";
	}
	return NULL;
}

static bool
is_digits(struct slice text)
{
	for (size_t i = 0; i < text.len; i++)
		if (!is_digit(text.text[i]))
			return false;
	return text.len > 0;
}

/* What inet_aton() reads as a number: 127, 0177, 0x7f. */
static bool
is_number(struct slice text)
{
	size_t i = text.len > 1 && text.text[0] == '0' && (text.text[1] | 0x20) == 'x' ? 2 : 0;

	if (i == 0)
		return is_digits(text);
	for (; i < text.len; i++)
		if (!is_digit(text.text[i]) &&
		    ((text.text[i] | 0x20) < 'a' || (text.text[i] | 0x20) > 'f'))
			return false;
	return true;
}

static const char *
host_fault(struct slice host)
{
	struct slice label = {host.text, 0};
	const char *fault;
	size_t len = host.len;

	if (len > 1 && host.text[len - 1] == '.')
		len--;
	if (len > HOST_MAX)
		return "is not a host name: longer than 253 characters";
	for (size_t i = 0; i <= len; i++) {
		if (i < len && host.text[i] != '.')
			continue;
		label.len = (size_t)(host.text + i - label.text);
		fault = label_fault(label);
		if (fault != NULL)
			return fault;
		if (i < len)
			label = (struct slice){host.text + i + 1, 0};
	}
	/* The resolver would read 10.1 as 10.0.0.1, and 0x7f as 0.0.0.127; no name ends in a
	 * number. */
	if (is_number(label))
		return "is not an IPv4 address; write all four numbers, each up to 255, "
		       "without leading zeros";
	return NULL;
}

static int
port_parse(struct slice text, struct slice whole, uint16_t *ret, struct why *why)
{
	unsigned port = 0;

	if (!is_digits(text) || text.len > 5 || text.text[0] == '0')
		return refuse(
		    why, whole, "has no valid port; write HOST:PORT with a port of 1 to 65535");
	for (size_t i = 0; i < text.len; i++)
		port = port * 10 + (unsigned)(text.text[i] - '0');
	if (port > 65535)
		return refuse(why, whole, "has a port above 65535");
	*ret = (uint16_t)port;
	return 0;
}

static int
endpoint_brackets(struct slice text, struct endpoint *endpoint, struct why *why)
{
	const char *close = memchr(text.text, ']', text.len);
	const char *end = text.text + text.len;

	if (close == NULL)
		return refuse(why, text, "has no ']'");
	endpoint->host = (struct slice){text.text + 1, (size_t)(close - text.text) - 1};
	endpoint->family = AF_INET6;
	if (!is_ipv6(endpoint->host))
		return refuse(
		    why, endpoint->host, "is not an IPv6 address; brackets are for those only");
	if (close + 1 == end || close[1] != ':')
		return refuse(why, text, "has no port; write [ADDRESS]:PORT");
	return port_parse(
	    (struct slice){close + 2, (size_t)(end - close) - 2}, text, &endpoint->port, why);
}

/* More colons than HOST:PORT has: most likely an IPv6 address, with a port or without. */
static int
refuse_colons(struct slice text, struct why *why)
{
	const char *last = memrchr(text.text, ':', text.len);
	struct slice host = {text.text, (size_t)(last - text.text)};
	struct slice port = {last + 1, text.len - host.len - 1};
	char quoted[QUOTE_MAX];

	if (memmem(text.text, text.len, "://", 3) != NULL)
		return refuse(why, text, "is a URL; write HOST:PORT");
	if (is_ipv6(host) && is_ipv6(text))
		snprintf(why->text, sizeof(why->text),
		    "%s needs brackets; write \"[%.*s]%s\" or \"[%s]:PORT\"",
		    notes_quote(text, quoted), (int)host.len, host.text, last, text.text);
	else if (is_ipv6(text))
		snprintf(why->text, sizeof(why->text),
		    "%s is an IPv6 address without brackets and port; write \"[%s]:PORT\"",
		    notes_quote(text, quoted), text.text);
	else if (is_ipv6(host))
		snprintf(why->text, sizeof(why->text),
		    "%s is an IPv6 address without brackets; write \"[%.*s]:%s\"",
		    notes_quote(text, quoted), (int)host.len, host.text,
		    is_digits(port) && port.len <= 5 ? port.text : "PORT");
	else
		return refuse(why, text, "has too many colons; write HOST:PORT or \"[IPv6]:PORT\"");
	return -EINVAL;
}

int
scalar_endpoint(struct slice text, struct endpoint *ret, struct why *why)
{
	struct endpoint endpoint = {.family = AF_UNSPEC};
	const char *colon, *fault = NULL;
	int error;

	if (text.len > 0 && text.text[0] == '[') {
		error = endpoint_brackets(text, &endpoint, why);
	} else {
		colon = memchr(text.text, ':', text.len);
		if (colon == NULL)
			return refuse(why, text, "has no port; write HOST:PORT");
		if (colon != memrchr(text.text, ':', text.len))
			return refuse_colons(text, why);
		endpoint.host = (struct slice){text.text, (size_t)(colon - text.text)};
		if (endpoint.host.len == 0)
			return refuse(why, text, "has no host; write HOST:PORT");
		if (is_literal(AF_INET, endpoint.host))
			endpoint.family = AF_INET;
		else
			fault = host_fault(endpoint.host);
		if (fault != NULL)
			return refuse(why, endpoint.host, fault);
		error = port_parse((struct slice){colon + 1, text.len - endpoint.host.len - 1},
		    text, &endpoint.port, why);
	}
	if (error == 0)
		*ret = endpoint;
	return error;
}

int
scalar_device(struct slice text, struct why *why)
{
	if (!is_device(text))
		return refuse(why, text,
		    "cannot be the name of an interface: 1 to 15 characters, no blank, '/', ':' or "
		    "'%'");
	return 0;
}

int
scalar_socket(struct slice text, struct why *why)
{
	const size_t max = sizeof(((struct sockaddr_un *)NULL)->sun_path) - 1;

	if (text.len < 2 || text.text[0] != '/' || text.text[text.len - 1] == '/')
		return refuse(
		    why, text, "is not the absolute path of a socket, as in /run/kaguard/control");
	for (size_t i = 0; i < text.len; i++)
		if ((unsigned char)text.text[i] < 0x20 || text.text[i] == 0x7f)
			return refuse(why, text, "has a control character");
	if (text.len > max)
		return refuse(why, text, "is too long for a socket; at most 107 bytes");
	return 0;
}

static int
listen_descriptor(struct slice text, struct slice name, struct why *why)
{
	if (name.len == 0 || name.len > FDNAME_MAX)
		return refuse(
		    why, text, "needs the FileDescriptorName= of a socket unit after 'systemd:'");
	for (size_t i = 0; i < name.len; i++)
		if (name.text[i] <= ' ' || name.text[i] >= 0x7f || name.text[i] == ':')
			return refuse(
			    why, text, "has a name that FileDescriptorName= does not take");
	return 0;
}

int
scalar_listen(struct slice text, struct why *why)
{
	struct endpoint endpoint;

	if (text.len >= 5 && memcmp(text.text, "unix:", 5) == 0)
		return scalar_socket((struct slice){text.text + 5, text.len - 5}, why);
	if (text.len >= 8 && memcmp(text.text, "systemd:", 8) == 0)
		return listen_descriptor(text, (struct slice){text.text + 8, text.len - 8}, why);
	if (scalar_endpoint(text, &endpoint, why) != 0)
		return -EINVAL;
	if (endpoint.family == AF_UNSPEC)
		return refuse(why, text,
		    "needs a numeric address, as in 127.0.0.1:15432; or unix:/path, or "
		    "systemd:NAME");
	return 0;
}

int
scalar_mode(struct slice text, int64_t *ret, struct why *why)
{
	int64_t mode = 0;
	bool octal = text.len >= 3 && text.len <= 4;

	for (size_t i = 0; octal && i < text.len; i++) {
		octal = text.text[i] >= '0' && text.text[i] <= '7';
		mode = mode * 8 + (text.text[i] - '0');
	}
	if (!octal || mode > 0777)
		return refuse(why, text, "is not the permissions of a socket, as in \"0660\"");
	*ret = mode;
	return 0;
}

int
scalar_group(struct slice text, struct why *why)
{
	bool known = text.len > 0 && text.len <= 32 && text.text[0] != '-';

	for (size_t i = 0; known && i < text.len; i++)
		known = text.text[i] > ' ' && text.text[i] < 0x7f && text.text[i] != ':' &&
			text.text[i] != '/' && text.text[i] != ',';
	if (!known)
		return refuse(why, text, "cannot be the name of a group");
	return 0;
}
